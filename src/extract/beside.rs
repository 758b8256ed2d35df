//! Marks what is beside the content of a page, or within it but not of it: navigation, banners, permalink marks, hidden parts,
//! what readers wrote. Judges by element, role, class and id, and by a few phrases; knows no page by its address.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::{Facts, is_heading};
use crate::extract::genre::Genre;
use crate::extract::hints::{self, Hint, is_note};
use crate::extract::judge::{Case, Element, Rule, Trust, judge};

/// Whether scripts would run: what stands in for them is read only where they would have filled the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scripts {
    Run,
    Fail,
}

/// Leaves out what no reader sees or reads: scripts, controls, hidden elements, navigation by its element, permalink marks.
/// Returns how much text stands in for scripts, in bytes.
pub(super) fn leave_out_unread(dom: &Dom, scripts: Scripts, left_out: &mut [Option<Rule>]) -> usize {
    let mut substitutes = 0;
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        let Some(name) = dom.name(node) else { continue };
        let unread = match &**name {
            "noscript" => {
                substitutes += dom.descendants(node).filter_map(|below| dom.text(below)).map(|text| text.trim().len()).sum::<usize>();
                scripts == Scripts::Run
            }
            name => is_unread(dom, node, name),
        };
        if unread {
            left_out[node.index()] = Some(Rule::Unread);
            walk.pass_over();
        }
    }
    substitutes
}

fn is_unread(dom: &Dom, node: NodeId, name: &str) -> bool {
    match name {
        "template" => return dom.attribute(node, "shadowrootmode").is_none(),
        "script" | "style" | "nav" | "button" | "input" | "select" | "textarea" | "iframe" | "svg" | "object" | "embed" | "canvas"
        | "video" | "audio" | "dialog" | "head" | "progress" | "datalist" | "map" | "clipboard-copy" => return true,
        "html" | "body" | "main" => return false,
        "a" => return is_permalink(dom, node),
        _ => {}
    }
    let role = dom.attribute(node, "role").unwrap_or_default();
    matches!(
        role,
        "navigation" | "search" | "banner" | "contentinfo" | "menu" | "menubar" | "dialog" | "alertdialog" | "tab" | "tooltip" | "button"
    )
}

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
        || dom.attribute(node, "style").is_some_and(|style| {
            let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            style.contains("display:none") || style.contains("visibility:hidden")
        })
}

/// `¶`, `#` and the like: a link to the place where it stands.
fn is_permalink(dom: &Dom, node: NodeId) -> bool {
    let classes = dom.attribute(node, "class").unwrap_or_default();
    let by_class = classes.split_ascii_whitespace().any(|class| {
        matches!(
            class,
            "headerlink"
                | "hash-link"
                | "header-anchor"
                | "anchorjs-link"
                | "permalink"
                | "heading-anchor"
                | "anchor-link"
                | "doc-anchor"
                | "viewcode-link"
                | "viewcode-back"
                | "heading-link"
                | "headinglink"
                | "td-heading-self-link"
                | "anchor"
                | "self-link"
                | "srclink"
                | "sl-anchor-link"
                | "skip-link"
                | "skiplink"
                | "src"
                | "rightside"
                | "edit-page"
                | "edit-link"
                | "theme-edit-this-page"
                | "md-skip"
        )
    });
    let within = dom.attribute(node, "href").is_some_and(|href| href.starts_with('#'));
    if !by_class && !within {
        return false;
    }
    let text = dom.text_start(node, LONGEST_MARK);
    let text = text.trim();
    let is_mark = text.chars().count() <= 2 && !text.chars().any(char::is_alphanumeric)
        || by_class && matches!(text, "Link" | "link" | "Permalink" | "permalink" | "Anchor" | "Copy link")
        || text.starts_with("Skip to");
    is_mark && dom.descendants(node).take(LONGEST_MARK).all(|below| !dom.is(below, "img")) || by_class && is_named_mark(classes, text)
}

/// In bytes; longer ones are links with a text.
const LONGEST_MARK: usize = 80;

fn is_named_mark(classes: &str, text: &str) -> bool {
    let source =
        classes.split_ascii_whitespace().any(|class| matches!(class, "viewcode-link" | "viewcode-back" | "srclink" | "src" | "rightside"));
    source && matches!(text.trim_matches(['[', ']']).to_ascii_lowercase().as_str(), "source" | "docs" | "view source")
        || text.starts_with("Edit this")
        || text.starts_with("Permalink to")
        || text.starts_with("Direct link to")
        || text.starts_with("Section titled")
}

/// What the judge is told beside the page itself.
pub(super) struct Court<'a> {
    pub(super) genre: Genre,
    pub(super) trust: Trust,
    /// What the page calls its main content.
    pub(super) core: Option<NodeId>,
    pub(super) all: &'a Facts,
    pub(super) copies: &'a Copies<'a>,
}

/// Leaves out what is beside the content by its name and what it holds. Returns how much running text that took.
pub(super) fn leave_out(dom: &Dom, court: &Court, left_out: &mut [Option<Rule>]) -> f32 {
    let Court { genre, trust, all, .. } = *court;
    let page = all.at(dom.root());
    let (mut taken, mut within) = (0.0, false);
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let node = match step {
            Step::Enter(node) => node,
            Step::Leave(node) => {
                within &= Some(node) != court.core;
                continue;
            }
        };
        within |= Some(node) == court.core;
        if left_out[node.index()].is_some() {
            walk.pass_over();
            continue;
        }
        let Some(name) = dom.name(node) else { continue };
        let fact = all.at(node);
        let rule = if fact.text <= LONGEST_PHRASE && is_phrase_of_site(dom, node, all) {
            Some(Rule::Phrase)
        } else if is_mark(dom, node, name) {
            Some(Rule::Mark)
        } else if is_content_by_name(name) {
            None
        } else if is_hidden(dom, node) && court.copies.repeats(dom, node) {
            Some(Rule::HiddenCopy)
        } else {
            let hint = hints::of(dom, node, genre);
            let element = element(dom, node, name, court, hint);
            judge(&Case { element, hint, fact, page, genre, within, trust })
        };
        if let Some(rule) = rule {
            taken += if rule.is_bounded() { fact.prose } else { 0.0 };
            left_out[node.index()] = Some(rule);
            walk.pass_over();
        }
    }
    taken
}

/// Elements that are never beside the content.
fn is_content_by_name(name: &str) -> bool {
    // MathJax names its formulas after its menu.
    name.starts_with("mjx-")
        || matches!(name, "html" | "body" | "main" | "code" | "table" | "tbody" | "tr" | "td" | "th" | "pre" | "article")
}

fn element(dom: &Dom, node: NodeId, name: &str, court: &Court, hint: Option<Hint>) -> Element {
    // Some pages are hidden until their script has run.
    if is_hidden(dom, node) {
        let role = dom.attribute(node, "role").unwrap_or_default();
        let frame =
            hint.is_some() || matches!(role, "dialog" | "alertdialog" | "menu" | "tooltip") || dom.attribute(node, "aria-modal").is_some();
        return match () {
            () if frame => Element::HiddenFrame,
            () if court.copies.is_disclosed(dom, node) => Element::Disclosed,
            () => Element::Hidden,
        };
    }
    match name {
        "footer" => Element::Footer,
        "header" => Element::Header,
        "aside" => {
            if is_note(dom, node) {
                Element::Note
            } else {
                Element::Aside
            }
        }
        _ if dom.attribute(node, "role") == Some("complementary") => {
            if is_note(dom, node) {
                Element::Note
            } else {
                Element::Aside
            }
        }
        "h1" | "figure" | "figcaption" | "time" | "small" if court.genre == Genre::Story => Element::Head,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "span" | "a" | "em" | "strong" | "b" | "i" | "summary" => Element::Text,
        _ => Element::Plain,
    }
}

/// What tells of hidden parts whether they are content.
pub(super) struct Copies<'a> {
    /// The texts that are shown: what is hidden is often the same once more.
    shown: HashSet<u64>,
    /// Identifiers of what a control opens.
    opened: HashSet<&'a str>,
}

impl<'a> Copies<'a> {
    /// Of a page without what nobody reads.
    pub(super) fn of(dom: &'a Dom, left_out: &[Option<Rule>]) -> Self {
        let (mut shown, mut opened) = (HashSet::new(), HashSet::new());
        for node in dom.descendants(dom.root()) {
            for name in ["aria-controls", "data-target", "data-bs-target", "data-toggle-target"] {
                opened.extend(dom.attribute(node, name).map(|id| id.trim_start_matches('#')));
            }
            let toggles = || dom.attribute(node, "data-toggle").is_some() || dom.attribute(node, "data-bs-toggle").is_some();
            if dom.is(node, "a") && (toggles() || dom.attribute(node, "role") == Some("button")) {
                opened.extend(dom.attribute(node, "href").and_then(|href| href.strip_prefix('#')));
            }
        }
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            let Step::Enter(node) = step else { continue };
            if left_out[node.index()].is_some() || is_hidden(dom, node) {
                walk.pass_over();
            } else if let Some(text) = dom.text(node) {
                shown.extend(hash(text));
            }
        }
        Self { shown, opened }
    }

    /// Whether all that stands below `node` is shown elsewhere.
    fn repeats(&self, dom: &Dom, node: NodeId) -> bool {
        dom.descendants(node).filter_map(|below| dom.text(below)).filter_map(hash).all(|hash| self.shown.contains(&hash))
    }

    /// Whether there is something to click that shows it: a control that names it, or what stands right before it.
    fn is_disclosed(&self, dom: &Dom, node: NodeId) -> bool {
        let named = dom.attribute(node, "id").is_some_and(|id| self.opened.contains(id));
        let label = dom.previous_element(node).is_some_and(|before| {
            let label = |node: NodeId| {
                is_heading(dom, node)
                    || dom.name(node).is_some_and(|name| matches!(&**name, "dt" | "button" | "summary" | "label" | "a"))
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
        };
        named || label || dom.attribute(node, "role") == Some("region") || called()
    }
}

/// Of the words of a text; none of blanks.
fn hash(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek()?;
    let mut hasher = DefaultHasher::new();
    words.for_each(|word| word.hash(&mut hasher));
    Some(hasher.finish())
}

/// What sites say to readers below or beside any text, by how it begins.
fn is_phrase_of_site(dom: &Dom, node: NodeId, all: &Facts) -> bool {
    let length = all.at(node).text;
    if length < 4
        || dom.name(node).is_some_and(|name| matches!(&**name, "pre" | "code" | "td" | "th" | "body" | "html" | "main" | "article" | "h1"))
    {
        return false;
    }
    let mut texts = dom.descendants(node).filter_map(|below| dom.text(below)).map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = texts.next() else { return false };
    let only_link = all.at(node).links == length && dom.is(node, "a");
    PHRASES.iter().any(|phrase| text.starts_with(phrase))
        || only_link
            && LINK_PHRASES.iter().any(|phrase| text.strip_prefix(phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// In bytes; what goes on for longer is a sentence of the text.
const LONGEST_PHRASE: u32 = 70;

const PHRASES: [&str; 20] = [
    "Click to expand...",
    "Last edited",
    "Was this page helpful",
    "Was this helpful",
    "Was this article helpful",
    "Is this page helpful",
    "Did this page help",
    "Did you find this page useful",
    "Edit this page",
    "Edit on Git",
    "Edit this on Git",
    "View page source",
    "Improve this page",
    "Suggest edits",
    "Suggest changes",
    "Report an issue with this page",
    "Help improve MDN",
    "Last modified",
    "Last updated",
    "Rate this page",
];

const LINK_PHRASES: [&str; 5] = ["Previous", "Next", "Prev", "« Previous", "← Previous"];

/// Small things beside the text, in elements that else hold it.
fn is_mark(dom: &Dom, node: NodeId, name: &str) -> bool {
    match name {
        "td" | "pre" => return is_line_numbers(dom, node),
        "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "span" | "a" | "em" | "strong" | "b" | "i" | "summary" => {}
        _ => return false,
    }
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "mw-editsection"
                    | "sr-only"
                    | "visually-hidden"
                    | "screen-reader-text"
                    | "visuallyhidden"
                    | "copy-path"
                    | "linenos"
                    | "md-tag"
                    | "breadcrumb"
                    | "since"
                    | "viewcode-link"
                    | "hideme"
                    | "out-of-band"
                    | "menu-title"
                    | "katex-html"
                    | "MathJax_Preview"
                    | "gs-label"
                    | "skip-link"
                    | "u-visually-hidden"
            )
        })
    })
}

/// The column of numbers beside a listing that is laid out as a table.
fn is_line_numbers(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| matches!(class, "linenos" | "lineno" | "gutter" | "gl" | "rouge-gutter" | "linenodiv"))
    })
}

/// Sections of a story, a product or a list whose heading says that they are about something else, or what others said of it.
pub(super) fn leave_out_told(dom: &Dom, genre: Genre, all: &Facts, left_out: &mut [Option<Rule>]) {
    let page = all.at(dom.root());
    for heading in dom.descendants(dom.root()).filter(|node| is_heading(dom, *node) && !dom.is(*node, "h1")) {
        let Some(rule) = told(&dom.text_start(heading, LONGEST_TOLD), genre) else { continue };
        // What begins with the heading and holds no title of the page is its section.
        let section = std::iter::once(heading)
            .chain(dom.ancestors(heading))
            .take_while(|above| {
                let fact = all.at(*above);
                fact.heading == Some(heading)
                    && fact.text * 2 < page.text
                    // Teasers have little of the running text.
                    && (rule == Rule::Replies || fact.prose * 5.0 <= page.prose)
                    && !dom.name(*above).is_some_and(|name| matches!(&**name, "main" | "body" | "article"))
            })
            .last();
        let Some(section) = section else { continue };
        left_out[section.index()].get_or_insert(rule);
        if section == heading {
            let mut next = dom.next_sibling(heading);
            while let Some(node) = next.filter(|node| all.at(*node).heading.is_none_or(|below| level(dom, below) > level(dom, heading))) {
                left_out[node.index()].get_or_insert(rule);
                next = dom.next_sibling(node);
            }
        }
    }
}

fn level(dom: &Dom, heading: NodeId) -> Option<String> {
    dom.name(heading).map(|name| name.to_string())
}

/// In bytes; what goes on for longer is a sentence.
const LONGEST_TOLD: usize = 60;

/// What a heading of such a section says.
fn told(heading: &str, genre: Genre) -> Option<Rule> {
    let heading = heading.trim().to_lowercase();
    if heading.len() >= LONGEST_TOLD {
        return None;
    }
    if ELSEWHERE.iter().any(|phrase| heading.contains(phrase)) {
        return Some(Rule::Offer);
    }
    let said = heading.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "review" | "reviews" | "ratings" | "testimonials"));
    (genre == Genre::Product && (said || heading.contains("clients say") || heading.contains("customers say"))).then_some(Rule::Replies)
}

const ELSEWHERE: [&str; 19] = [
    "you may also",
    "you might also",
    "you might like",
    "may interest you",
    "also bought",
    "also viewed",
    "also like",
    "customers who viewed",
    "frequently bought",
    "related products",
    "related articles",
    "related posts",
    "related stories",
    "related items",
    "recommended for you",
    "recently viewed",
    "similar products",
    "similar items",
    "featured products",
];

/// What stands before the title within the content, and is nearly all links, leads elsewhere.
pub(super) fn leave_out_before_title(dom: &Dom, root: NodeId, title: NodeId, facts: &Facts, left_out: &mut [Option<Rule>]) {
    let mut path = title;
    while path != root
        && let Some(parent) = dom.parent(path)
    {
        for child in dom.children(parent).take_while(|child| *child != path) {
            let fact = facts.at(child);
            if left_out[child.index()].is_none() && fact.anchors > 2 && fact.link_share() > 0.6 {
                left_out[child.index()] = Some(Rule::LinkList);
            }
        }
        path = parent;
    }
}

/// Below a root found by its text, blocks that are mostly links lead elsewhere.
pub(super) fn leave_out_link_lists(dom: &Dom, root: NodeId, genre: Genre, facts: &Facts, left_out: &mut [Option<Rule>]) {
    let mut walk = dom.walk(root);
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        if left_out[node.index()].is_some() {
            walk.pass_over();
            continue;
        }
        let list = node != root
            && dom.name(node).is_some_and(|name| matches!(&**name, "div" | "section" | "ul" | "ol" | "table" | "aside" | "form" | "dl"));
        let fact = facts.at(node);
        // What a heading or a paragraph leads to is part of the text: "See also".
        let led = || match genre {
            // A story leads to others in its last lines; what stands between its sections is its own.
            Genre::Story => {
                dom.previous_element(node).is_some_and(|before| is_heading(dom, before))
                    && dom.next_element(node).is_some_and(|after| is_heading(dom, after))
            }
            _ => {
                fact.own_headings() > 0
                    || dom.previous_element(node).is_some_and(|before| {
                        left_out[before.index()].is_none()
                            && (is_heading(dom, before)
                                || dom.name(before).is_some_and(|name| matches!(&**name, "p" | "ul" | "ol" | "dl" | "table" | "pre")))
                    })
            }
        };
        if list && fact.text > 0 && fact.link_share() > 0.6 && fact.prose < facts.at(root).prose * 0.25 && !led() {
            left_out[node.index()] = Some(Rule::LinkList);
            walk.pass_over();
        }
    }
}
