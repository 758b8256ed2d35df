//! Notes and warnings within a text: of what kind they are, which a reader sees by a word, a colour or a picture.

use crate::extract::dom::{Dom, NodeId, Step};

/// The word for the kind, where the element is a note and none of its own words say so.
pub(super) fn untold_kind(dom: &Dom, node: NodeId) -> Option<&'static str> {
    let kind = kind(dom, node)?;
    let mut told = false;
    let mut walk = dom.walk(node);
    for _ in 0..NEAR {
        let Some(step) = walk.next() else { break };
        let Step::Enter(below) = step else { continue };
        if below == node {
            continue;
        }
        if is_icon(dom, below) {
            walk.pass_over();
            continue;
        }
        if let Some(text) = dom.text(below) {
            if text.trim().is_empty() {
                continue;
            }
            return (!told && !says(text, kind)).then_some(kind);
        }
        told |= is_heading(dom, below) || dom.is(below, "summary") || is_title(dom, below) || is_head(dom, below);
    }
    (!told).then_some(kind)
}

/// The word for the kind, where `title` is that of a note and tells what it is about only.
pub(super) fn kind_before(dom: &Dom, title: NodeId) -> Option<&'static str> {
    let kind = dom.ancestors(title).take(4).find_map(|above| kind(dom, above))?;
    let text: String = dom.descendants(title).take(NEAR).filter_map(|below| dom.text(below)).map(start).collect();
    // One word alone is the kind's own name, in some language.
    (!says(&text, kind) && text.split_whitespace().nth(1).is_some()).then_some(kind)
}

/// Whether what stands right in it is a note, so that its heading is none of the page.
pub(super) fn is_note(dom: &Dom, node: NodeId) -> bool {
    kind(dom, node).is_some() || ["admonition", "note", "alert"].into_iter().any(|class| dom.has_class(node, class))
}

/// The line above a note, or beside the text.
pub(super) fn is_title(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "p" | "div" | "span"))
        && dom.attribute(node, "class").is_some_and(|classes| {
            classes.split_ascii_whitespace().any(|class| {
                // Docusaurus adds a hash to its names.
                class.starts_with("admonitionHeading")
                    || matches!(
                        class,
                        "admonition-title"
                            | "admonition-heading"
                            | "markdown-alert-title"
                            | "custom-block-title"
                            | "starlight-aside__title"
                            | "callout-title"
                            | "alert-heading"
                            | "alert-title"
                            | "topic-title"
                            | "sidebar-title"
                            | "rubric"
                    )
            })
        })
}

/// The cell of an icon, which says no more than the kind.
pub(super) fn is_icon(dom: &Dom, node: NodeId) -> bool {
    let is_called = || dom.has_class(node, "icon") && dom.ancestors(node).take(4).any(|above| dom.has_class(above, "admonitionblock"));
    dom.is(node, "td") && (is_called() || is_picture(dom, node) && is_in_frame(dom, node) && stands_beside(dom, node))
}

/// Whether the note is beside the cell: in the other one of its row, or in several rows.
fn stands_beside(dom: &Dom, cell: NodeId) -> bool {
    let Some(row) = dom.parent(cell) else { return false };
    let mut others = dom.children(row).filter(|other| *other != cell && dom.name(*other).is_some());
    let has_text = |cell: NodeId| !dom.text_start(cell, LONGEST).trim().is_empty();
    dom.attribute(cell, "rowspan").is_some() || others.next().is_some_and(has_text) && others.next().is_none()
}

/// The head of the table that frames a note.
pub(super) fn is_head(dom: &Dom, node: NodeId) -> bool {
    if !dom.is(node, "th") || !is_in_frame(dom, node) {
        return false;
    }
    // A table of data has more of them.
    let table = dom.ancestors(node).take(3).find(|above| dom.is(*above, "table"));
    let is_only = table.is_some_and(|table| dom.descendants(table).take(FRAME).filter(|below| dom.is(*below, "th")).nth(1).is_none());
    is_only && !dom.ancestors(node).take(2).any(|above| dom.is(above, "thead"))
}

/// A picture and nothing else, which says one word at the most.
fn is_picture(dom: &Dom, node: NodeId) -> bool {
    let mut pictures = 0;
    dom.descendants(node).skip(1).take(NEAR).all(|below| {
        pictures += usize::from(dom.is(below, "img"));
        dom.text(below).is_none_or(|text| text.trim().is_empty())
            && dom.attribute(below, "alt").is_none_or(|alt| alt.split_whitespace().nth(1).is_none())
    }) && pictures == 1
}

/// Whether a cell is one of the first row of a table around all of a note.
fn is_in_frame(dom: &Dom, cell: NodeId) -> bool {
    let Some(row) = dom.parent(cell).filter(|row| dom.previous_element(*row).is_none()) else { return false };
    let Some(table) = dom.ancestors(row).take(2).find(|above| dom.is(*above, "table")) else { return false };
    kind(dom, table).is_some()
        || dom.parent(table).is_some_and(|note| {
            let is_blank = |child: NodeId| dom.name(child).is_none() && dom.text(child).is_none_or(|text| text.trim().is_empty());
            kind(dom, note).is_some() && dom.children(note).take(NEAR).all(|child| child == table || is_blank(child))
        })
}

/// In bytes: nothing with so many classes is a note.
const LONGEST: usize = 200;
/// In nodes: a note says early what it is.
const NEAR: usize = 40;
/// In nodes: of a table around a note.
const FRAME: usize = 400;

const KINDS: [(&str, &str); 14] = [
    ("note", "Note"),
    ("tip", "Tip"),
    ("hint", "Hint"),
    ("info", "Info"),
    ("information", "Info"),
    ("important", "Important"),
    ("warning", "Warning"),
    ("warn", "Warning"),
    ("caution", "Caution"),
    ("danger", "Danger"),
    ("attention", "Attention"),
    ("error", "Error"),
    ("deprecated", "Deprecated"),
    ("seealso", "See also"),
];

/// Classes that say "note" of themselves, without a family's name before.
const ALONE: [&str; 6] = ["note", "tip", "warning", "caution", "important", "danger"];

const FAMILIES: [&str; 13] = [
    "admonition",
    "admonitionblock",
    "theme-admonition",
    "markdown-alert",
    "custom-block",
    "starlight-aside",
    "callout",
    "alert",
    "hint",
    "notice",
    "message",
    "confluence-information-macro",
    "doc-alert",
];

fn kind(dom: &Dom, node: NodeId) -> Option<&'static str> {
    let element = dom.name(node)?;
    if !matches!(&**element, "div" | "aside" | "section" | "blockquote" | "p" | "details" | "table") {
        return None;
    }
    let classes = dom.attribute(node, "class").filter(|classes| classes.len() < LONGEST)?;
    // A page's "note-list warning-icon footer" is no note: the class is the kind, or a family's name and the kind.
    let family = |class: &str| FAMILIES.iter().any(|name| class.eq_ignore_ascii_case(name));
    let mut within = false;
    let mut found = None;
    for class in classes.split_ascii_whitespace().take(12) {
        within |= family(class);
        let (before, last) = class.rsplit_once('-').map_or(("", class), |(before, last)| (before.trim_end_matches('-'), last));
        let Some((_, kind)) = KINDS.iter().find(|(name, _)| last.eq_ignore_ascii_case(name)) else { continue };
        if before.is_empty() {
            found = found.or(Some((*kind, ALONE.iter().any(|name| last.eq_ignore_ascii_case(name)))));
        } else if family(before) {
            return Some(kind);
        }
    }
    found.filter(|(_, alone)| *alone || within).map(|(kind, _)| kind)
}

/// A text may be as long as the page, and be looked at from many elements around it.
fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

fn says(text: &str, kind: &str) -> bool {
    let text = start(text.trim_start()).to_lowercase();
    let kind = kind.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric() && c != ' ').next().is_some_and(|first| first.contains(&kind))
        || text.chars().take(40).collect::<String>().contains(&kind)
}

fn is_heading(dom: &Dom, node: NodeId) -> bool {
    dom.name(node).is_some_and(|name| matches!(&**name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(html: &str, name: &str) -> (Dom, NodeId) {
        let dom = Dom::parse(html);
        let node = dom.descendants(dom.root()).find(|node| dom.is(*node, name)).unwrap();
        (dom, node)
    }

    #[test]
    fn a_kind_that_only_a_class_names_is_told() {
        for (html, expected) in [
            ("<div class=warning>Hot.</div>", Some("Warning")),
            ("<div class='admonitionblock tip'><table><tr><td class=icon><i title=Tip></i><td>Hot.</table></div>", Some("Tip")),
            ("<div class='alert alert-danger'>Hot.</div>", Some("Danger")),
            ("<div class='alert alert--info'>Hot.</div>", Some("Info")),
            ("<div class='custom-block caution'>Hot.</div>", Some("Caution")),
            ("<div class=warning><strong>Warning:</strong> hot.</div>", None),
            ("<div class=warning>Warning! Hot.</div>", None),
            ("<div class='admonition note'><p class=admonition-title>Hot</p></div>", None),
            ("<div class=warning><h3>Hot</h3></div>", None),
            ("<div class='warning-icon info'>Hot.</div>", None),
            ("<div class=info>Hot.</div>", None),
            ("<div class=alert>Hot.</div>", None),
        ] {
            let (dom, node) = first(html, "div");
            assert_eq!(untold_kind(&dom, node), expected, "{html}");
        }
    }

    #[test]
    fn a_title_that_says_more_than_the_kind_follows_it() {
        for (title, expected) in [("Handle with care", Some("Warning")), ("Avertissement", None), ("Warning: hot", None)] {
            let (dom, node) = first(&format!("<div class='admonition warning'><p class=admonition-title>{title}</p></div>"), "p");
            assert_eq!(kind_before(&dom, node), expected, "{title}");
        }
    }
}
