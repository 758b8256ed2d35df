//! What the class of an element, and a short text in it, say. Each look is bounded, however large the element is.

use crate::extract::dom::{Dom, NodeId};

/// The value of `class`, of a hostile one only the beginning: it is looked at for every listing below.
pub(super) fn class(dom: &Dom, node: NodeId) -> &str {
    let class = dom.attribute(node, "class").unwrap_or_default();
    let mut end = class.len().min(LONGEST_CLASS);
    while !class.is_char_boundary(end) {
        end -= 1;
    }
    &class[..end]
}

/// In bytes.
const LONGEST_CLASS: usize = 1_000;

pub(super) fn tokens(dom: &Dom, node: NodeId) -> impl Iterator<Item = &str> {
    class(dom, node).split_ascii_whitespace()
}

pub(super) fn has_class(dom: &Dom, node: NodeId, wanted: &str) -> bool {
    tokens(dom, node).any(|token| token == wanted)
}

/// The words of one class: "codeBlock_x-title" has four.
pub(super) fn words(token: &str) -> impl Iterator<Item = &str> {
    token.split(|c: char| !c.is_ascii_alphanumeric()).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let end = rest.as_bytes().windows(2).position(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            let (word, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = after;
            (!word.is_empty()).then_some(word)
        })
    })
}

/// Whether any class of `node` has one of these words.
pub(super) fn has_word(dom: &Dom, node: NodeId, wanted: &[&str]) -> bool {
    tokens(dom, node).any(|token| words(token).any(|word| wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted))))
}

/// All text of an element that has little else, blanks trimmed; `None` where there is more of it, or none.
pub(super) fn short_text(dom: &Dom, node: NodeId) -> Option<String> {
    let mut text = String::new();
    let mut below = dom.descendants(node);
    for node in below.by_ref().take(SHORT_NODES) {
        if dom.name(node).is_some_and(|name| matches!(&**name, "script" | "style" | "svg" | "pre" | "code" | "button" | "table")) {
            // A drawing has no text that counts; the others make it more than a label.
            if dom.is(node, "svg")
                && dom.descendants(node).take(SHORT_NODES).all(|below| dom.text(below).is_none_or(|text| text.trim().is_empty()))
            {
                continue;
            }
            return None;
        }
        let Some(piece) = dom.text(node) else { continue };
        // Blanks of a page's source may stand around a label.
        if piece.len() > LONGEST * 8 || text.len() + piece.trim().len() > LONGEST {
            return None;
        }
        if !(text.is_empty() && piece.trim().is_empty()) {
            text.push_str(piece);
        }
    }
    let text = text.trim();
    (!text.is_empty() && below.next().is_none()).then(|| text.to_owned())
}

/// In bytes and nodes: longer ones are no label.
const LONGEST: usize = 48;
const SHORT_NODES: usize = 24;

/// The elements before `node` and behind it, nearest first.
pub(super) fn before(dom: &Dom, node: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(dom.previous_sibling(node), |sibling| dom.previous_sibling(*sibling))
        .take(NEAR)
        .filter(|sibling| dom.name(*sibling).is_some())
}

pub(super) fn behind(dom: &Dom, node: NodeId) -> impl Iterator<Item = NodeId> {
    std::iter::successors(dom.next_sibling(node), |sibling| dom.next_sibling(*sibling))
        .take(NEAR)
        .filter(|sibling| dom.name(*sibling).is_some())
}

/// Blanks between elements are nodes, too.
const NEAR: usize = 6;

/// The listing that is `node` or stands near its top.
pub(super) fn listing_in(dom: &Dom, node: NodeId) -> Option<NodeId> {
    dom.descendants(node).take(LISTING_NODES).find(|below| dom.is(*below, "pre"))
}

const LISTING_NODES: usize = 16;
