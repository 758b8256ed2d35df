//! Parts of a page that are not shown: what is opened by a click is content, copies and frames are not.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::extract::conceal::is_concealed;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::is_heading;
use crate::extract::judge::Rule;

/// Not shown until something is clicked; all tabs but one are hidden so, and what they hold is content.
pub(super) fn is_hidden(dom: &Dom, node: NodeId) -> bool {
    if dom.attribute(node, "role") == Some("tabpanel") {
        return false;
    }
    dom.attribute(node, "hidden").is_some_and(|hidden| hidden != "until-found")
        // Utility classes like "hidden md:block" hide on small screens only.
        || dom.attribute(node, "class").is_some_and(|classes| {
            classes.split_ascii_whitespace().any(|class| class == "hidden" || class == "invisible") && !classes.contains(':')
        })
        || is_concealed(dom, node)
}

/// What tells of hidden parts whether they are content.
pub(super) struct Copies<'a> {
    /// The texts that are shown: what is hidden is often the same once more.
    shown: HashSet<u64>,
    /// By node: how many texts below it are shown nowhere. Empty where nothing is hidden.
    unshown: Vec<u32>,
    /// Identifiers of what a control opens.
    opened: HashSet<&'a str>,
    /// Notes that marks in what is shown lead to, and what is made of them.
    noted: HashSet<NodeId>,
}

impl<'a> Copies<'a> {
    /// Of a page without what nobody reads.
    pub(super) fn of(dom: &'a Dom, left_out: &[Option<Rule>]) -> Self {
        let (mut shown, mut opened) = (HashSet::new(), HashSet::new());
        for node in dom.descendants(dom.root()) {
            for name in ["aria-controls", "data-target", "data-bs-target", "data-toggle-target", "data-tab", "data-tab-target"] {
                opened.extend(dom.attribute(node, name).map(|id| id.trim_start_matches('#')));
            }
            opened.extend(dom.attribute(node, "onclick").into_iter().flat_map(quoted));
            let toggles = || dom.attribute(node, "data-toggle").is_some() || dom.attribute(node, "data-bs-toggle").is_some();
            if dom.is(node, "a") && (toggles() || dom.attribute(node, "role") == Some("button")) {
                opened.extend(dom.attribute(node, "href").and_then(|href| href.strip_prefix('#')));
            }
        }
        let (mut hides, mut marked) = (false, HashSet::new());
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            let Step::Enter(node) = step else { continue };
            let left_out = left_out[node.index()].is_some();
            if left_out || is_hidden(dom, node) {
                hides |= !left_out;
                walk.pass_over();
            } else if let Some(text) = dom.text(node) {
                shown.extend(hash(text));
            } else if dom.is(node, "a") {
                marked.extend(note_of_mark(dom, node));
            }
        }
        let noted = notes(dom, &marked);
        let mut copies = Self { shown, unshown: Vec::new(), opened, noted };
        if hides {
            copies.count(dom);
        }
        copies
    }

    /// Once for all nodes: parts that are hidden may stand within one another.
    fn count(&mut self, dom: &Dom) {
        self.unshown = vec![0; dom.len()];
        for step in dom.walk(dom.root()) {
            let Step::Leave(node) = step else { continue };
            let own = dom.text(node).and_then(hash).is_some_and(|hash| !self.shown.contains(&hash));
            self.unshown[node.index()] += u32::from(own);
            if let Some(parent) = dom.parent(node) {
                self.unshown[parent.index()] += self.unshown[node.index()];
            }
        }
    }

    /// Whether it is a note, or a list of notes, that a mark in the text leads to: whoever reads the text may read it.
    pub(super) fn is_noted(&self, node: NodeId) -> bool {
        self.noted.contains(&node)
    }

    /// Whether all that stands below `node` is shown elsewhere.
    pub(super) fn repeats(&self, node: NodeId) -> bool {
        self.unshown.get(node.index()).is_some_and(|unshown| *unshown == 0)
    }

    /// Whether there is something to click that shows it: a control that names it, or what stands right before it.
    pub(super) fn is_disclosed(&self, dom: &Dom, node: NodeId) -> bool {
        let named = dom.attribute(node, "id").is_some_and(|id| self.opened.contains(id));
        let label = dom.previous_element(node).is_some_and(|before| {
            let label = |node: NodeId| {
                is_heading(dom, node)
                    || dom.name(node).is_some_and(|name| matches!(&**name, "dt" | "button" | "summary" | "label"))
                    // A link that leads somewhere opens nothing here.
                    || dom.is(node, "a") && dom.attribute(node, "href").is_none_or(|href| href.starts_with('#') || href.starts_with("javascript:"))
                    || dom.attribute(node, "role") == Some("button")
                    || dom.attribute(node, "aria-expanded").is_some()
            };
            // A row of controls opens other things.
            dom.descendants(before).take(9).count() < 9 && dom.descendants(before).any(label)
        });
        let called = || {
            let class = dom.attribute(node, "class").unwrap_or_default().to_ascii_lowercase();
            ["accordion", "collaps", "panel", "answer", "toggle", "tab-", "tabs", "faq", "expand", "spoiler"]
                .iter()
                .any(|name| class.contains(name))
                || class
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| matches!(word, "tab" | "pane" | "panes" | "tabcontent" | "tabpane" | "tabbody"))
        };
        named || label || dom.attribute(node, "role") == Some("region") || called() || is_one_of_panes(dom, node)
    }
}

/// Where a mark of a note leads: `<sup><a href="#fn1">1</a></sup>`, `<a role="doc-noteref" href="#fn1">*</a>`.
fn note_of_mark(dom: &Dom, link: NodeId) -> Option<&str> {
    let id = dom.attribute(link, "href")?.strip_prefix('#').filter(|id| !id.is_empty())?;
    let text = dom.text_start(link, LONGEST_MARK);
    let text = text.trim().trim_matches(['[', ']', '(', ')']);
    let is_mark = !text.is_empty()
        && (text.bytes().all(|byte| byte.is_ascii_digit())
            || text.chars().count() == 1 && !text.contains('#')
            || text.chars().all(|c| matches!(c, '*' | '†' | '‡' | '§')));
    let is_raised = || {
        let around = dom.parent(link).into_iter();
        around.chain(dom.children(link)).any(|node| dom.is(node, "sup"))
            || dom.attribute(link, "role") == Some("doc-noteref")
            || is_called_notes(dom, link)
    };
    (is_mark && is_raised()).then_some(id)
}

/// The elements of these identifiers, and those around them that are called notes.
fn notes(dom: &Dom, marked: &HashSet<&str>) -> HashSet<NodeId> {
    let mut noted = HashSet::new();
    if marked.is_empty() {
        return noted;
    }
    for node in dom.descendants(dom.root()) {
        if dom.attribute(node, "id").is_some_and(|id| marked.contains(id)) {
            noted.insert(node);
            let lists = dom.ancestors(node).take(LEVELS).filter(|above| is_called_notes(dom, *above));
            noted.extend(lists);
        }
    }
    noted
}

fn is_called_notes(dom: &Dom, node: NodeId) -> bool {
    let is_called = |name: &str| {
        let name = dom.attribute(node, name).unwrap_or_default().to_ascii_lowercase();
        ["footnote", "endnote", "sidenote", "noteref"].iter().any(|called| name.contains(called))
    };
    is_called("class") || is_called("id") || is_called("role")
}

/// In bytes, of the text of a mark.
const LONGEST_MARK: usize = 12;
/// How far around a note a list of them is looked for.
const LEVELS: usize = 4;

/// What stands in quotes: `openTab(event, 'linux')` names what it opens.
pub(super) fn quoted(script: &str) -> impl Iterator<Item = &str> {
    let script = &script[..script.floor_char_boundary(LONGEST_CALL)];
    script.split(['\'', '"']).skip(1).step_by(2).map(|id| id.trim_start_matches('#')).filter(|id| !id.is_empty())
}

/// In bytes.
const LONGEST_CALL: usize = 500;

/// One of several like it, of which another is shown, below a row of buttons.
fn is_one_of_panes(dom: &Dom, node: NodeId) -> bool {
    let before = |node: NodeId| std::iter::successors(dom.previous_element(node), |before| dom.previous_element(*before)).take(PANES);
    let after = std::iter::successors(dom.next_element(node), |after| dom.next_element(*after)).take(PANES);
    let parent = dom.parent(node);
    before(node).chain(after).any(|other| is_alike(dom, node, other) && !is_hidden(dom, other))
        && before(node).chain(parent.into_iter().flat_map(|parent| before(parent).take(1))).any(|row| is_row_of_buttons(dom, row))
}

/// Of one kind and one name, but for what says which of them is shown.
pub(super) fn is_alike(dom: &Dom, one: NodeId, other: NodeId) -> bool {
    let names = |node| {
        let classes = dom.attribute(node, "class").unwrap_or_default().split_ascii_whitespace();
        classes.filter(|class| !STATES.iter().any(|state| class.eq_ignore_ascii_case(state)))
    };
    dom.name(one) == dom.name(other) && names(one).eq(names(other))
}

const STATES: [&str; 14] = [
    "hidden",
    "active",
    "is-active",
    "show",
    "shown",
    "selected",
    "is-selected",
    "current",
    "open",
    "visible",
    "invisible",
    "in",
    "fade",
    "d-none",
];

fn is_row_of_buttons(dom: &Dom, row: NodeId) -> bool {
    let button = |node: &NodeId| dom.is(*node, "button") || dom.attribute(*node, "role") == Some("tab");
    dom.descendants(row).take(ROW).filter(button).take(2).count() > 1
}

/// How many panes beside one are looked at, and how many nodes of what stands before them.
const PANES: usize = 8;
const ROW: usize = 16;

/// Of the words of a text; none of blanks.
fn hash(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek()?;
    let mut hasher = DefaultHasher::new();
    words.for_each(|word| word.hash(&mut hasher));
    Some(hasher.finish())
}
