//! A page as its reader sees it, for the meter: its blocks outside navigation and the text directly within them.

use html5ever::ParseOpts;
use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// The elements of a page that hold text outside navigation, and the runs of text directly within them.
#[derive(Default)]
pub struct Tree {
    pub elements: Vec<Element>,
    pub runs: Vec<Run>,
}

pub struct Element {
    pub parent: Option<usize>,
    /// As a selector: `div.section`.
    pub label: String,
    pub id: Option<String>,
}

pub struct Run {
    pub element: usize,
    pub text: String,
}

enum Visit {
    Enter(Handle),
    /// The block ends: what follows is a run of the block around it.
    Leave,
}

impl Tree {
    pub fn of(html: &str) -> Self {
        let builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
        let dom = html5ever::parse_document(RcDom::default(), ParseOpts { tree_builder: builder, ..ParseOpts::default() }).one(html);
        let mut tree = Self::default();
        // The blocks around the place, and the text of the run that is open in the innermost.
        let (mut blocks, mut open) = (Vec::<usize>::new(), String::new());
        let mut visits = vec![Visit::Enter(dom.document.clone())];
        while let Some(visit) = visits.pop() {
            let node = match visit {
                Visit::Enter(node) => node,
                Visit::Leave => {
                    tree.close(&mut open, blocks.pop());
                    continue;
                }
            };
            match &node.data {
                NodeData::Text { contents } => open.push_str(&contents.borrow()),
                NodeData::Element { name, .. } => {
                    let name = &*name.local;
                    if is_unread(name) || is_beside(&node, name, &blocks, &tree.elements) {
                        continue;
                    }
                    if matches!(name, "br" | "img" | "hr") {
                        open.push(' ');
                    } else if !is_inline(name) {
                        tree.close(&mut open, blocks.last().copied());
                        tree.elements.push(Element {
                            parent: blocks.last().copied(),
                            label: label(&node, name),
                            id: attribute(&node, "id"),
                        });
                        blocks.push(tree.elements.len() - 1);
                        visits.push(Visit::Leave);
                    }
                    visits.extend(node.children.borrow().iter().rev().cloned().map(Visit::Enter));
                }
                _ => visits.extend(node.children.borrow().iter().rev().cloned().map(Visit::Enter)),
            }
        }
        tree
    }

    fn close(&mut self, open: &mut String, block: Option<usize>) {
        let text = std::mem::take(open);
        if let Some(element) = block
            && !text.trim().is_empty()
        {
            self.runs.push(Run { element, text });
        }
    }
}

/// Phrasing content: part of the run that it stands in.
fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "b"
            | "bdi"
            | "bdo"
            | "big"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// Neither text nor shown as it stands. Formulas are written as TeX, so their words say nothing here.
fn is_unread(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "noscript"
            | "head"
            | "math"
            | "svg"
            | "iframe"
            | "object"
            | "button"
            | "select"
            | "textarea"
            | "input"
    )
}

/// What is navigation by its element, by its role, or by a name that some generator gives to nothing else.
fn is_beside(node: &Handle, name: &str, blocks: &[usize], elements: &[Element]) -> bool {
    if name == "nav" {
        return true;
    }
    // A header or footer of the page, not of a part of it.
    if (name == "header" || name == "footer")
        && !blocks.iter().any(|block| {
            let around = elements[*block].label.split('.').next().unwrap_or_default();
            matches!(around, "article" | "main" | "section")
        })
    {
        return true;
    }
    if matches!(attribute(node, "role").as_deref(), Some("navigation" | "banner" | "contentinfo" | "search")) {
        return true;
    }
    // Doxygen numbers lines within them.
    if name == "span" && attribute(node, "class").as_deref() == Some("lineno") {
        return true;
    }
    let is_named = |names: &str| names.split_ascii_whitespace().any(|name| NAVIGATION.contains(&name));
    matches!(name, "div" | "ul" | "table" | "td" | "aside" | "section")
        && (attribute(node, "class").is_some_and(|classes| is_named(&classes)) || attribute(node, "id").is_some_and(|id| is_named(&id)))
}

/// Whole class names and ids, each with who calls navigation so.
const NAVIGATION: [&str; 8] = [
    // Many; of Sphinx the search box and the table of contents are in it.
    "sidebar",
    "sphinxsidebar",
    "toc",
    // Erlang/OTP: the list of all modules.
    "leftnav",
    // Doxygen: rows of tabs, and the path at the foot of the page.
    "tabs",
    "navpath",
    // Doxygen: what shows over a name that the mouse points at, in a listing of source text.
    "ttc",
    // gtk-doc: the numbers of a listing's lines, a cell beside it.
    "listing_lines",
];

fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    attrs.borrow().iter().find(|attribute| &*attribute.name.local == wanted).map(|attribute| attribute.value.to_string())
}

fn label(node: &Handle, name: &str) -> String {
    let classes = attribute(node, "class").unwrap_or_default();
    let mut label = name.to_owned();
    // Themes add any number of classes; the first two are enough to recognise an element by.
    for class in classes.split_ascii_whitespace().take(2) {
        label.push('.');
        label.push_str(class);
    }
    label
}
