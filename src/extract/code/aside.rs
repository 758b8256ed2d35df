//! What stands beside code and is none of it: line numbers, buttons, labels, prompts that cannot be marked. Judges by what is in an
//! element as well as by its class; every look is bounded.

use std::ops::RangeInclusive;

use crate::extract::code::classes::{before, behind, class, has_class, has_word, listing_in, short_text, tokens, words};
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

/// The numbers that the element consists of, if each is the next one and there is nothing else.
pub(super) fn consecutive(dom: &Dom, node: NodeId, most: usize) -> Option<RangeInclusive<u64>> {
    let known = counts(dom, node, most)? as u64;
    let of = |text: &str| text.trim_end_matches(['.', ':']).parse::<u64>().ok();
    let first = dom.descendants(node).take(most).filter_map(|below| dom.text(below)?.split_whitespace().next()).next().and_then(of)?;
    let last =
        dom.descendants(node).take(most + 1).filter_map(|below| dom.text(below)?.split_whitespace().next_back()).last().and_then(of)?;
    // They ascend.
    ((last - first).checked_add(1) == Some(known)).then_some(first..=last)
}

/// In nodes, and in numbers: no listing has more lines, but elements around it may all be called its numbers.
pub(super) const LONG_LISTING: usize = 100_000;

/// How many nodes are looked at where an element that is none may be within another.
pub(super) const COUNTED: usize = 4_000;

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
        && short_text(dom, node).is_some_and(|text| is_name_of_action(&text))
}

/// "Copy", "Run" and the like.
pub(super) fn is_name_of_action(text: &str) -> bool {
    text.len() <= 4 * LONGEST_ACTION && {
        let text = text.to_lowercase();
        ACTIONS.contains(&text.trim_matches(|c: char| !c.is_alphanumeric()))
    }
}

/// In bytes; blanks may stand around it.
const LONGEST_ACTION: usize = 32;

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

/// `<a href="#L12">12</a>` where a line begins. A number that leads to a section, a page or a note is text.
pub(super) fn is_number_link(dom: &Dom, node: NodeId) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = short_text(dom, node).filter(|text| digits(text)) else { return false };
    if has_number_word(dom, node) {
        return true;
    }
    let Some((_, place)) = dom.attribute(node, "href").and_then(|href| href.split_once('#')) else { return false };
    let own = [Some(node), dom.parent(node)].into_iter().flatten();
    let mut own = own.flat_map(|node| ["id", "name"].into_iter().filter_map(move |name| dom.attribute(node, name)));
    let prefix =
        |place: &'_ str| place.strip_suffix(&*number).filter(|rest| !rest.ends_with(|c: char| c.is_ascii_digit())).map(str::to_owned);
    // It leads to itself, and what stands right behind it is no part of a number in a text.
    let mut to_itself = || own.any(|own| own == place) && !is_followed_by_mark(dom, node);
    [Some(place), dom.attribute(node, "id")].into_iter().flatten().filter_map(prefix).any(|prefix| match names_lines(&prefix) {
        Some(certain) => certain,
        None => to_itself(),
    })
}

/// Whether places that begin so are lines; `None` where they may be anything.
fn names_lines(prefix: &str) -> Option<bool> {
    let mut words = words(prefix).map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase());
    let last = words.by_ref().filter(|word| !word.is_empty()).last().unwrap_or_default();
    match last.as_str() {
        "l" | "lc" | "line" | "lines" | "lineno" | "codeline" | "codelineno" | "cb" => Some(true),
        "section" | "sec" | "sect" | "page" | "ref" | "reference" | "fn" | "fnref" | "ftn" | "note" | "footnote" | "bib" | "cite"
        | "appendix" | "chapter" | "figure" | "fig" | "table" | "eq" | "step" | "item" => Some(false),
        _ => None,
    }
}

/// "1." of a section, "[1]" of a note.
fn is_followed_by_mark(dom: &Dom, node: NodeId) -> bool {
    let behind = dom.next_sibling(node).or_else(|| dom.next_sibling(dom.parent(node)?));
    behind.and_then(|behind| dom.text(behind)).is_some_and(|text| text.starts_with(['.', ']', ')']))
}

/// `<span class="num">1</span>` where each line begins with the next number. Highlighters call literals so, too, which do not count.
/// Whatever it is called, a number is none of the code where that has a block of its own beside it.
pub(super) fn is_counted(dom: &Dom, span: NodeId) -> bool {
    let is_beside = || dom.next_element(span).is_some_and(|code| dom.is(code, "div") && dom.next_element(code).is_none());
    let is_called = tokens(dom, span).any(|token| matches!(token, "num" | "number" | "no" | "nr" | "n" | "ln"));
    if !is_called && !is_beside() || has_class(dom, span, "token") {
        return false;
    }
    // What stands right behind it makes it a number of the code: "1, 2", "1: a". A line may begin with any other mark.
    let goes_on = |text: &str| text.starts_with(',') || text.starts_with(": ");
    if dom.next_sibling(span).is_some_and(|behind| goes_on(&dom.text_start(behind, 4))) {
        return false;
    }
    let first = |line: NodeId| dom.children(line).take(2).find(|child| dom.name(*child).is_some());
    let number = |span: NodeId| short_text(dom, span)?.parse::<u32>().ok();
    let Some(line) = dom.parent(span).filter(|line| first(*line) == Some(span)) else { return false };
    let Some(own) = number(span) else { return false };
    let beside = |line: Option<NodeId>| line.and_then(first).filter(|other| class(dom, *other) == class(dom, span)).and_then(number);
    beside(dom.next_element(line)).is_some_and(|next| next == own + 1)
        || beside(dom.previous_element(line)).is_some_and(|last| last + 1 == own)
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
