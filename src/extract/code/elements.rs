//! Which elements within a listing are lines of it.

use crate::extract::code::classes::{has_class, tokens, words};
use crate::extract::dom::{Dom, NodeId};

/// An element that stands on a line of its own.
pub(super) fn is_line(dom: &Dom, node: NodeId) -> bool {
    let Some(name) = dom.name(node) else { return false };
    match &**name {
        "div" | "li" | "tr" | "p" | "pre" | "dd" | "dt" | "section" | "header" | "figcaption" | "caption" => true,
        "span" | "code" | "mark" | "ins" | "del" | "a" => {
            dom.attribute(node, "style").is_some_and(is_shown_as_block)
                || &**name != "a" && tokens(dom, node).any(names_line) && !has_class(dom, node, "token")
        }
        _ => false,
    }
}

/// "display: grid" and its like.
fn is_shown_as_block(style: &str) -> bool {
    let mut declarations = style.split(';').filter_map(|declaration| declaration.split_once(':'));
    declarations.any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("display")
            && matches!(
                value.trim().split([' ', '!']).next().unwrap_or_default(),
                "block" | "grid" | "flex" | "table-row" | "list-item" | "table"
            )
    })
}

/// "line", "ec-line", "CodeMirror-line", but not "inline" or "multi-line".
fn names_line(token: &str) -> bool {
    let mut words = words(token);
    let (mut before, mut last) = ("", "");
    for word in words.by_ref() {
        (before, last) = (last, word);
    }
    last.eq_ignore_ascii_case("line")
        && !["in", "multi", "single", "new", "under", "off", "on"].iter().any(|word| before.eq_ignore_ascii_case(word))
        || token == "hljs-ln-line"
}

/// Gatsby sets a line of its own into code whose other lines end with a newline; where one follows it, that is the next line's.
pub(super) fn is_own_end(dom: &Dom, node: NodeId) -> bool {
    tokens(dom, node).any(|token| token.ends_with("highlight-code-line"))
}
