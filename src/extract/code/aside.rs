//! What stands beside code and is none of it: line numbers, buttons, labels, prompts that cannot be marked. Judges by what is in an
//! element as well as by its class; every look is bounded.

use crate::extract::code::classes::{before, behind, has_word, listing_in, short_text, tokens, words};
use crate::extract::code::language::{self, Said};
use crate::extract::code::names;
use crate::extract::dom::{Dom, NodeId};

/// The cell of a table that holds a number for each line beside it.
pub(super) fn is_number_cell(dom: &Dom, cell: NodeId) -> bool {
    let beside = behind(dom, cell).next().is_some();
    let named = has_number_word(dom, cell) || tokens(dom, cell).any(|token| matches!(token, "listing_lines" | "num" | "number"));
    (beside || named)
        && (dom.attribute(cell, "data-line-number").is_some()
            || counts(dom, cell, if named { LONG_LISTING } else { COUNTED }).is_some() && (named || dom.children(cell).next().is_some()))
}

/// Nothing but numbers, and the class says so: "line-numbers" is also what the listing with them is called.
pub(super) fn is_numbers(dom: &Dom, node: NodeId) -> bool {
    has_number_word(dom, node) && counts(dom, node, COUNTED).is_some()
}

/// "line-number", "lineNo", "gutter"; a "number" alone is what highlighters call a literal.
pub(super) fn has_number_word(dom: &Dom, node: NodeId) -> bool {
    tokens(dom, node).any(|token| {
        let any = |wanted: &[&str]| words(token).any(|word| wanted.iter().any(|wanted| word.eq_ignore_ascii_case(wanted)));
        any(&["lineno", "linenos", "linenumber", "linenumbers", "linenr", "rownumber", "lnum", "gutter"])
            || any(&["line", "lines", "row"]) && any(&["number", "numbers", "num", "nums", "no", "nr"])
    })
}

/// How many numbers the element consists of, if they ascend and there is nothing else.
pub(super) fn counts(dom: &Dom, node: NodeId, most: usize) -> Option<usize> {
    let mut known = 0usize;
    let mut last: Option<u64> = None;
    for (number, below) in dom.descendants(node).enumerate() {
        if number > most {
            return None;
        }
        let Some(text) = dom.text(below) else { continue };
        for word in text.split_whitespace() {
            let number: u64 = word.trim_end_matches(['.', ':']).parse().ok()?;
            // Long listings leave some out.
            if last.is_some_and(|last| number <= last) || known >= most {
                return None;
            }
            last = Some(number);
            known += 1;
        }
    }
    (known > 0).then_some(known)
}

/// In nodes, and in numbers: no listing has more lines, but elements around it may all be called its numbers.
pub(super) const LONG_LISTING: usize = 100_000;

/// How many nodes are looked at where an element that is none may be within another.
const COUNTED: usize = 4_000;

/// A label or button of a listing that stands beside it or in its header.
pub(super) fn is_label(dom: &Dom, node: NodeId) -> bool {
    let label = language::label(dom, node);
    if label.is_none() && !is_action(dom, node) {
        return false;
    }
    let Some(listing) = listing_of(dom, node) else { return false };
    let Some(label) = label else { return true };
    // What only may be a label is one where it says the same as the listing, or it alone says something.
    has_word(dom, node, &["lang", "language"])
        || match language::marked(dom, listing) {
            Said::Named(name) => names::is_language(&label, &name) || names::is_language(&name, &label),
            Said::None => names::is_none(&label),
            Said::Nothing => true,
        }
}

/// The listing that `node` is beside, up to two levels of headers and toolbars away.
pub(super) fn listing_of(dom: &Dom, node: NodeId) -> Option<NodeId> {
    std::iter::once(node)
        .chain(dom.ancestors(node).take(2).take_while(|above| listing_in(dom, *above).is_none()))
        .find_map(|level| behind(dom, level).take(2).chain(before(dom, level).take(1)).find_map(|sibling| listing_in(dom, sibling)))
}

/// "Copy", "Run" and the like, on something that is classed as a control.
pub(super) fn is_action(dom: &Dom, node: NodeId) -> bool {
    (has_word(dom, node, &CONTROLS) || dom.attribute(node, "role") == Some("button"))
        && short_text(dom, node).is_some_and(|text| ACTIONS.contains(&text.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric())))
}

const CONTROLS: [&str; 18] = [
    "copy",
    "copied",
    "clipboard",
    "btn",
    "button",
    "buttons",
    "toolbar",
    "run",
    "try",
    "play",
    "playground",
    "action",
    "actions",
    "tools",
    "link",
    "expand",
    "selflink",
    // rustdoc says by a sign that an example fails.
    "tooltip",
];
const ACTIONS: [&str; 27] = [
    "",
    "copy",
    "copied",
    "copy code",
    "copy to clipboard",
    "copied to clipboard",
    "run",
    "run code",
    "run this code",
    "try",
    "try it",
    "try it out",
    "try it yourself",
    "play",
    "playground",
    "open in playground",
    "open in the playground",
    "open in editor",
    "edit",
    "expand",
    "wrap",
    "select all",
    "view raw",
    "view source",
    "ⓘ",
    "show source",
    "source",
];

/// `<a href="#L12">12</a>`
pub(super) fn is_number_link(dom: &Dom, node: NodeId) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    short_text(dom, node).filter(|text| digits(text)).is_some_and(|number| {
        let ends = |name| {
            dom.attribute(node, name)
                .is_some_and(|value| value.strip_suffix(&*number).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_digit())))
        };
        dom.attribute(node, "href").is_some_and(|href| href.contains('#')) && ends("href") || ends("id")
    })
}

/// "In [1]:", by which notebooks number what is run and what it gives.
pub(super) fn is_cell_number(dom: &Dom, node: NodeId) -> bool {
    let number = |text: &str| {
        let text = text.trim().trim_end_matches(':');
        let inner = ["In", "Out", ""].iter().find_map(|word| text.strip_prefix(word)?.trim_start().strip_prefix('[')?.strip_suffix(']'));
        inner.is_some_and(|inner| inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '*' | '\u{a0}')))
    };
    has_word(dom, node, &["prompt"]) && dom.descendants(node).take(SHORT + 1).count() <= SHORT && number(&dom.text_start(node, SHORT))
}

/// In nodes and bytes.
const SHORT: usize = 24;

/// Numbers and prompts that a reader who marks the code does not get with it.
pub(super) fn is_generated(dom: &Dom, node: NodeId) -> bool {
    let unselectable = tokens(dom, node)
        .any(|token| matches!(token, "select-none" | "unselectable" | "noselect" | "no-select" | "user-select-none"))
        || dom.attribute(node, "style").is_some_and(|style| {
            let style: String = style.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            style.contains("user-select:none")
        });
    unselectable
        && short_text(dom, node).is_some_and(|text| {
            text.len() <= 8 && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '$' | '#' | '>' | '%' | '.' | ':' | ' ' | '❯'))
        })
}
