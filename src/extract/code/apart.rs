//! What stands within a listing and is none of its code: line numbers, buttons, labels, tooltips, its title. A name in the class of what
//! stands in a line decides nothing by itself: what it says has to be such a thing, and to stand where such things do.

use crate::extract::code::aside;
use crate::extract::code::classes::{class, has_class, has_word, short_text, tokens};
use crate::extract::code::elements::is_line;
use crate::extract::code::language;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::tally::Tally;

/// Where in the text of a listing an element stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum At {
    /// Nothing is written yet.
    Start,
    /// A line begins.
    Line,
    /// There are words before it in its line.
    Words,
}

/// Line numbers, buttons and the like: beside the code, not part of it.
pub(super) fn is_apart(dom: &Dom, block: NodeId, node: NodeId, at: At) -> bool {
    let Some(name) = dom.name(node) else { return false };
    let name = &**name;
    if matches!(name, "button" | "script" | "style" | "svg" | "template" | "clipboard-copy" | "input" | "select" | "textarea" | "noscript")
    {
        return true;
    }
    if matches!(dom.attribute(node, "role"), Some("button" | "tooltip" | "toolbar")) {
        return true;
    }
    if tokens(dom, node)
        .filter_map(named)
        .any(|named| if is_in_line(name) { named.goes(dom, block, node, at) } else { named.goes_as_block(dom, node) })
    {
        return true;
    }
    match name {
        "td" | "th" => aside::is_number_cell(dom, node),
        // A label stands in a block of its own or says that it is one.
        "div" | "p" | "header" | "figcaption" | "caption" => {
            language::label(dom, node).is_some() || aside::is_action(dom, node) || aside::is_numbers(dom, node)
        }
        "small" => is_label(dom, block, node, at) || aside::is_action(dom, node) || at != At::Words && aside::is_numbers(dom, node),
        // Most spans are tokens with a class of a letter or two, and many pages consist of them.
        "span" if class(dom, node).len() < 3 => dom.attribute(node, "style").is_some() && at != At::Words && aside::is_generated(dom, node),
        "span" => {
            is_label(dom, block, node, at)
                || at != At::Words && (aside::is_numbers(dom, node) || aside::is_generated(dom, node) || aside::is_counted(dom, node))
                || has_class(dom, node, "error") && dom.ancestors(node).take(6).any(|above| has_class(dom, above, "twoslash"))
        }
        "a" => aside::is_action(dom, node) && !is_word(dom, block, node) || at != At::Words && is_toggle(dom, node),
        _ => false,
    }
}

/// A reference from a word of a listing, which DocBook calls a link. Beside a signature such a link is Haddock's to the source.
fn is_word(dom: &Dom, block: NodeId, link: NodeId) -> bool {
    let leads =
        dom.attribute(link, "href").is_some_and(|href| !matches!(href.trim(), "" | "#") && !href.trim_start().starts_with("javascript:"));
    leads && dom.is(block, "pre") && tokens(dom, link).all(|token| matches!(token, "link" | "xref" | "ulink"))
}

/// A link that leads nowhere: what it does, a script says.
fn is_toggle(dom: &Dom, link: NodeId) -> bool {
    dom.attribute(link, "href") == Some("#")
        && has_word(dom, link, &["link", "toggle", "button", "btn", "trigger"])
        && short_text(dom, link).is_some_and(|text| text.chars().all(char::is_alphabetic))
        // Before a prompt: names in code may lead nowhere, too.
        && dom.next_sibling(link).is_some_and(|behind| [">>>", "...", "$ "].iter().any(|prompt| dom.text_start(behind, 4).starts_with(prompt)))
}

/// Elements that stand in a line with the code before and behind them.
fn is_in_line(name: &str) -> bool {
    matches!(name, "span" | "a" | "b" | "i" | "em" | "strong" | "code" | "mark" | "small" | "label")
}

/// What elements with such a class are for.
#[derive(Clone, Copy)]
enum Named {
    Number,
    Control,
    /// Lines that are only there to make an example whole.
    Hidden,
    /// Nothing but a highlighter, an editor or what reads pages aloud calls anything so.
    Never,
}

impl Named {
    /// Whether what stands in a line and is called so is what its name says.
    fn goes(self, dom: &Dom, block: NodeId, node: NodeId, at: At) -> bool {
        let blank = |text: &str| text.len() <= LONGEST_TITLE && text.trim().is_empty();
        let is_blank = || dom.descendants(node).take(aside::COUNTED).all(|below| dom.text(below).is_none_or(blank));
        match self {
            Self::Number => at != At::Words && is_number(dom, node) || is_blank(),
            Self::Control => says_actions(dom, node),
            Self::Hidden => at != At::Words && ends_line(dom, block, node),
            Self::Never => true,
        }
    }
}

impl Named {
    /// The same of what is a block of its own.
    fn goes_as_block(self, dom: &Dom, node: NodeId) -> bool {
        let texts = || dom.descendants(node).take(aside::COUNTED).filter_map(|below| dom.text(below));
        // Numbers, marks of changes, and signs that fold.
        let is_code = |c: char| c.is_alphabetic() || c.is_ascii_punctuation() && !matches!(c, '.' | ':' | '|' | '+' | '-' | '*');
        match self {
            Self::Number => !texts().any(|text| text.contains(is_code)),
            // With it stand the language and the file.
            Self::Control => texts().map(|text| text.trim().len()).sum::<usize>() <= LONGEST_TITLE,
            Self::Hidden | Self::Never => true,
        }
    }
}

fn named(token: &str) -> Option<Named> {
    BESIDE.binary_search_by_key(&token, |(class, _)| class).ok().map(|at| BESIDE[at].1)
}

fn is_number(dom: &Dom, node: NodeId) -> bool {
    let is_mark = |c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | ':' | '|' | '│');
    match short_text(dom, node) {
        Some(text) => text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_mark),
        None => aside::counts(dom, node, aside::COUNTED).is_some(),
    }
}

/// Nothing, or "Copy", "Run" and the like one beside another.
fn says_actions(dom: &Dom, node: NodeId) -> bool {
    let mut walk = dom.walk(node);
    let mut seen = 0;
    while let Some(step) = walk.next() {
        let Step::Enter(below) = step else { continue };
        seen += 1;
        if dom.name(below).is_some_and(|name| matches!(&**name, "button" | "svg" | "script" | "style" | "template")) {
            walk.pass_over();
        } else if seen > SHORT || dom.text(below).is_some_and(|text| !text.trim().is_empty() && !aside::is_name_of_action(text)) {
            return false;
        }
    }
    true
}

/// The language, at the beginning or the end of the listing and with nothing beside it in its line.
fn is_label(dom: &Dom, block: NodeId, node: NodeId, at: At) -> bool {
    has_word(dom, node, &["lang", "language", "filename"])
        && (at == At::Start || is_last(dom, block, node))
        && !has_words_beside(dom, node)
        && language::label(dom, node).is_some()
}

fn has_words_beside(dom: &Dom, node: NodeId) -> bool {
    let blanks = [' ', '\t'];
    let is_word = |sibling: NodeId| dom.name(sibling).is_some_and(|name| matches!(&**name, "span" | "b" | "i" | "em" | "strong"));
    let before = dom.previous_sibling(node).is_some_and(|before| match dom.text(before) {
        Some(text) => !matches!(text.trim_end_matches(blanks).chars().next_back(), None | Some('\n')),
        None => is_word(before) && !is_line(dom, before),
    });
    before
        || dom.next_sibling(node).is_some_and(|behind| match dom.text(behind) {
            Some(text) => !matches!(text.trim_start_matches(blanks).chars().next(), None | Some('\n')),
            None => is_word(behind) && !is_line(dom, behind) && !aside::is_action(dom, behind) && !says_actions(dom, behind),
        })
}

/// Whether nothing but controls stands behind it in the listing.
fn is_last(dom: &Dom, block: NodeId, node: NodeId) -> bool {
    let levels = std::iter::once(node).chain(dom.ancestors(node)).take(LEVELS).take_while(|level| *level != block);
    let mut behind = levels.flat_map(|level| std::iter::successors(dom.next_sibling(level), |sibling| dom.next_sibling(*sibling)));
    behind.by_ref().take(SHORT).all(|sibling| match dom.text(sibling) {
        Some(text) => text.trim().is_empty(),
        None => says_actions(dom, sibling),
    }) && behind.next().is_none()
}

/// Whether a line ends with it.
fn ends_line(dom: &Dom, block: NodeId, node: NodeId) -> bool {
    let text = dom.descendants(node).take(aside::COUNTED).filter_map(|below| dom.text(below)).last();
    text.is_some_and(|text| text.ends_with('\n')) || is_before_end(dom, block, node)
}

/// Whether a line ends behind it.
fn is_before_end(dom: &Dom, block: NodeId, node: NodeId) -> bool {
    let levels = std::iter::once(node).chain(dom.ancestors(node)).take(LEVELS);
    for level in levels.take_while(|level| *level != block) {
        if level != node && is_line(dom, level) {
            return true;
        }
        let Some(behind) = dom.next_sibling(level) else { continue };
        return match dom.text(behind) {
            Some(text) => text.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']),
            None => dom.is(behind, "br") || is_line(dom, behind),
        };
    }
    true
}

/// How far above it the neighbours of what ends a line are looked for.
const LEVELS: usize = 8;
/// In nodes: what has more is more than a label or a title.
const SHORT: usize = 24;

/// The title of the listing, if this is one at its beginning, on a line of its own; and what stands beside the title.
pub(super) fn title(dom: &Dom, block: NodeId, node: NodeId) -> Option<(String, Tally)> {
    let name = dom.name(node)?;
    let of_code = || has_word(dom, node, &["code", "codeblock", "block", "snippet", "highlight", "listing", "file"]);
    let is_title = match &**name {
        "figcaption" | "caption" => true,
        "div" | "p" | "header" => has_word(dom, node, &["filename", "caption"]) || has_word(dom, node, &["title", "header"]) && of_code(),
        "span" => has_word(dom, node, &["filename"]) && is_before_end(dom, block, node),
        _ => false,
    };
    // One of many of its kind is no title of the others.
    let is_one_of_many = || dom.next_element(node).is_some_and(|next| dom.name(next) == Some(name) && class(dom, next) == class(dom, node));
    if !is_title || is_one_of_many() {
        return None;
    }
    let (mut text, mut beside, mut seen) = (String::new(), Tally::default(), 0);
    let mut walk = dom.walk(node);
    while let Some(step) = walk.next() {
        let Step::Enter(below) = step else { continue };
        seen += 1;
        if seen > SHORT {
            return None;
        }
        if below != node && is_apart(dom, block, below, At::Start) {
            beside.count(dom, below);
            walk.pass_over();
            continue;
        }
        let piece = dom.text(below).unwrap_or_default();
        if text.len() + piece.trim().len() > LONGEST_TITLE || piece.len() > 8 * LONGEST_TITLE {
            return None;
        }
        text.push_str(piece);
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some((text, beside))
}

/// In bytes: what is longer is no title, and stays where it stands.
const LONGEST_TITLE: usize = 200;

/// Sorted.
const BESIDE: [(&str, Named); 79] = [
    ("CodeMirror-cursors", Named::Never),
    ("CodeMirror-gutter-wrapper", Named::Never),
    ("CodeMirror-gutters", Named::Never),
    ("CodeMirror-linenumber", Named::Never),
    ("CodeMirror-measure", Named::Never),
    ("ace_gutter", Named::Never),
    ("bar-tools", Named::Control),
    ("blob-num", Named::Number),
    ("boring", Named::Hidden),
    ("btn-clipboard", Named::Control),
    ("btn-copy", Named::Control),
    ("btn-copy-code", Named::Control),
    ("clipboard-btn", Named::Control),
    ("cm-announced", Named::Never),
    ("cm-gutters", Named::Never),
    ("cm-layer", Named::Never),
    ("cm-tooltip", Named::Never),
    ("code-actions", Named::Control),
    ("code-buttons", Named::Control),
    ("code-line-number", Named::Number),
    ("code-toolbar-actions", Named::Control),
    ("copy", Named::Control),
    ("copy-btn", Named::Control),
    ("copy-button", Named::Control),
    ("copy-code", Named::Control),
    ("copy-code-button", Named::Control),
    ("copy-popup-wrapper", Named::Never),
    ("copyBtn", Named::Control),
    ("copybtn", Named::Control),
    ("crayon-num", Named::Number),
    ("crayon-nums", Named::Number),
    ("crayon-toolbar", Named::Control),
    ("error-behind", Named::Never),
    ("gl", Named::Number),
    ("gutter", Named::Number),
    ("hljs-ln-numbers", Named::Number),
    ("line-num", Named::Number),
    ("line-number", Named::Number),
    ("line-numbers-rows", Named::Number),
    ("line-numbers-wrapper", Named::Never),
    ("lineNumber", Named::Number),
    ("lineno", Named::Number),
    ("lineno-cell", Named::Number),
    ("linenodiv", Named::Never),
    ("linenos", Named::Number),
    ("linenr", Named::Number),
    ("linenumber", Named::Number),
    ("linenumbers", Named::Number),
    ("lines-num", Named::Number),
    ("ln", Named::Number),
    ("lnlinks", Named::Number),
    ("lnt", Named::Number),
    ("margin-view-overlays", Named::Never),
    ("meta-line", Named::Never),
    ("mlabels-right", Named::Never),
    ("playground-link", Named::Control),
    ("popover-content", Named::Never),
    ("react-line-number", Named::Number),
    ("react-line-numbers", Named::Never),
    ("react-syntax-highlighter-line-number", Named::Number),
    ("rouge-gutter", Named::Number),
    ("screen-reader-text", Named::Never),
    ("sp-cm-gutters", Named::Never),
    ("sr-only", Named::Never),
    ("src-line-numbers", Named::Number),
    ("test-arrow", Named::Never),
    ("toolbar", Named::Control),
    ("tools", Named::Control),
    ("tooltip-content", Named::Never),
    ("tooltiptext", Named::Never),
    ("ttc", Named::Never),
    ("twoslash-completion-cursor", Named::Never),
    ("twoslash-error-line", Named::Never),
    ("twoslash-meta-line", Named::Never),
    ("twoslash-popup-container", Named::Never),
    ("twoslash-tag-line", Named::Never),
    ("vditor-linenumber", Named::Number),
    ("visually-hidden", Named::Never),
    ("zeroclipboard-container", Named::Control),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_sorted() {
        assert!(BESIDE.is_sorted_by_key(|(class, _)| class));
    }
}
