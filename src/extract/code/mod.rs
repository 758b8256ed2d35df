//! Code: which elements of a page are listings (`place`), their text exactly as a reader would copy it (`lines`), and the language
//! that they are in: as marked (`language`), else as far as it is beyond doubt (`inferred`). Knows no markdown.

mod apart;
mod aside;
mod classes;
mod elements;
mod inferred;
mod language;
mod lines;
mod names;
mod place;
mod python;

use crate::extract::code::classes::{class, has_class, tokens};
use crate::extract::code::language::Said;
use crate::extract::dom::{Dom, NodeId};
use crate::extract::escape;
use crate::extract::tally::Tally;
use crate::extract::termynal;

pub(super) use inferred::Setting;
pub(super) use names::is_language;
pub(super) use place::{Role, is_field, role};

/// A listing, read.
pub(super) struct Listing {
    /// A title within it.
    pub(super) caption: Option<String>,
    /// Without blank lines before and after; the first line keeps its indentation. Never empty.
    pub(super) text: String,
    pub(super) language: Option<Language>,
    /// What stands in it and is none of its code.
    pub(super) left_out: Tally,
    /// What its generator says of it beside it: "static", "pure virtual".
    pub(super) labels: Vec<String>,
}

pub(super) struct Language {
    /// In lower case, under its usual name or as the page shows it.
    pub(super) name: String,
    /// Whether nobody has said so.
    pub(super) inferred: bool,
}

/// "Copy", "Source" and the like, on something that is classed as a control.
pub(super) fn is_action(dom: &Dom, node: NodeId) -> bool {
    aside::is_action(dom, node)
}

/// One listing, or several for one place, of which a reader sees one: Node shows a module in either of two ways.
pub(super) fn parts(dom: &Dom, block: NodeId) -> Vec<NodeId> {
    let code: Vec<_> = dom.children(block).take(PARTS).filter(|child| dom.is(*child, "code")).collect();
    let marked = |part: &NodeId| tokens(dom, *part).any(|token| token.starts_with("language-"));
    let is_blank = |node: NodeId| dom.text(node).is_none_or(|text| text.trim().is_empty());
    let several = code.len() > 1
        && code.iter().all(marked)
        && dom.children(block).take(PARTS + 1).count() <= PARTS
        && dom.children(block).all(is_blank)
        && code.windows(2).all(|pair| class(dom, pair[0]) != class(dom, pair[1]));
    if several { code } else { vec![block] }
}

/// How many children of a listing are looked at.
const PARTS: usize = 12;

/// The listing that is `block`; `None` where it is empty.
pub(super) fn read(dom: &Dom, block: NodeId, setting: Setting) -> Option<Listing> {
    let lines = lines::read(dom, block, place::blanks(dom, block));
    let text = tidy(dom, block, &lines.text);
    let text = if is_typed(dom, block, &text) { termynal::shown(&text) } else { text };
    let text = escape::visible(without_blank_ends(&text)?).into_owned();
    let language = match language::of(dom, block) {
        _ if lines.is_diff => Some(Language { name: "diff".to_owned(), inferred: false }),
        Said::Named(name) => Some(Language { name, inferred: false }),
        Said::None => None,
        Said::Nothing => inferred::of(dom, block, &text, setting).map(|name| Language { name: name.to_owned(), inferred: true }),
    };
    let labels = labels(dom, block);
    // What is told elsewhere is not left out.
    let left_out = if labels.is_empty() { lines.left_out } else { Tally::default() };
    Some(Listing { caption: lines.caption, text, language, left_out, labels })
}

/// Whether a script reads the text of a listing as HTML.
fn is_typed(dom: &Dom, block: NodeId, text: &str) -> bool {
    text.contains(['<', '&']) && dom.ancestors(block).take(AROUND).any(|above| dom.has_class(above, termynal::CLASS))
}

/// In levels: highlighters set listings in some elements of their own.
const AROUND: usize = 6;

/// Doxygen says beside a declaration what is not in it.
fn labels(dom: &Dom, block: NodeId) -> Vec<String> {
    if !has_class(dom, block, "memproto") {
        return Vec::new();
    }
    let labels = dom.descendants(block).filter(|below| has_class(dom, *below, "mlabel")).take(PARTS);
    labels.filter_map(|label| classes::short_text(dom, label)).filter(|label| !label.is_empty()).collect()
}

/// Doxygen lays a declaration out as a table; in one line its cells are parted as in code.
fn tidy(dom: &Dom, block: NodeId, text: &str) -> String {
    if !has_class(dom, block, "memproto") {
        return text.to_owned();
    }
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && !line.ends_with('(') && !word.starts_with([',', ')', '(']) {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Without blank lines before and after; its lines are as they are.
fn without_blank_ends(text: &str) -> Option<&str> {
    let first = text.len() - text.trim_start().len();
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let last = text.trim_end().len();
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline);
    text.get(start..end).map(|text| text.trim_end_matches('\r')).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
pub(super) fn text(dom: &Dom, block: NodeId) -> String {
    read(dom, block, Setting::default()).unwrap().text
}
