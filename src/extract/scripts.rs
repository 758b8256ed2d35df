//! Superscripts and subscripts in running text: powers and indices (`2^32`, `H_2O`), which without a mark would be digits of the number
//! before them, and what only looks like them: ordinals, trade marks, footnote marks, fractions, labels.

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::mathml::{self, joined};

/// How the content of a `<sup>` or `<sub>` is written.
#[derive(Debug, PartialEq)]
pub(super) enum Script {
    /// `^` or `_`, and the index.
    Index(char, String),
    /// As words right after what stands before.
    Same(String),
    /// As words that stand apart.
    Apart(String),
    /// The numerator of a fraction, behind a whole number.
    Numerator(String),
    /// In brackets: the mark of a footnote.
    Footnote(String),
    /// The mark of a footnote that is a link by itself; where no links are written it needs brackets.
    Linked(String),
    /// It holds more than an index: its elements are written as everywhere.
    Content,
}

/// `before`: what stands right before on its line.
pub(super) fn read(dom: &Dom, article: &Article, node: NodeId, before: &str) -> Script {
    let last = before.chars().next_back().filter(|last| !last.is_whitespace());
    // No formula has so long a name for what it raises.
    let after_word = before.chars().rev().take(LONGEST_NAME).take_while(|c| c.is_alphabetic()).count() == LONGEST_NAME;
    let mut below = dom.descendants(node).skip(1);
    let mut link = None;
    for below in below.by_ref().take(LARGEST) {
        match dom.name(below).map(|name| &**name) {
            Some("a") if dom.attribute(below, "href").is_some() => link = Some(below),
            Some("img" | "p" | "div" | "ul" | "pre" | "table" | "br" | "button" | "svg" | "math") => return Script::Content,
            _ => {}
        }
    }
    if below.next().is_some() {
        return Script::Content;
    }
    let above = dom.is(node, "sup");
    let text = text(dom, article, node);
    if text.is_empty() {
        return Script::Same(text);
    }
    if let Some(remark) = Some(&text).filter(|_| above).and_then(|text| remark(dom, node, text)) {
        return Script::Apart(remark);
    }
    let number = text.len() < 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if above && (is_footnote(dom, node, link, &text, last) || is_linked(dom, node, &text) || after_word && number) {
        let bare = text.chars().all(char::is_alphanumeric);
        // A link's own brackets keep it apart, and so do those that it has.
        return match link {
            Some(_) if bare => Script::Linked(text),
            Some(_) => Script::Content,
            None if bare => Script::Footnote(text),
            None => Script::Same(text),
        };
    }
    if is_fraction(dom, node, &text) {
        return match above && last.is_some_and(|last| last.is_ascii_digit()) {
            true => Script::Numerator(text),
            false => Script::Same(text),
        };
    }
    match above {
        true => read_above(text, before, last),
        false if text.len() > LONGEST => Script::Apart(text),
        false => Script::Index('_', mathml::in_index(&text)),
    }
}

/// A note that stands in its mark, and is shown where the mark is pointed at: in brackets.
fn remark(dom: &Dom, node: NodeId, text: &str) -> Option<String> {
    let mut parts = dom.children(node).filter(|part| dom.text(*part).is_none_or(|text| !text.trim().is_empty()));
    let mark = parts.next().and_then(|part| dom.text(part)).map(str::trim)?;
    let element = parts.next().filter(|part| dom.is(*part, "span") && dom.attribute(*part, "class").is_some())?;
    let said = text.strip_prefix(mark)?.trim();
    let is_mark = mark.len() <= 3 && mark.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*');
    let is_all = parts.next().is_none() && dom.text_start(element, LONGEST).trim().contains(char::is_whitespace);
    (is_mark && is_all && said.len() > LONGEST).then(|| format!("({mark}: {said})"))
}

fn read_above(text: String, before: &str, last: Option<char>) -> Script {
    let after_number = last.is_some_and(|last| last.is_ascii_digit() || matches!(last, 'I' | 'V' | 'X' | 'L' | 'C' | 'M'));
    match text.as_str() {
        "st" | "nd" | "rd" | "th" | "er" | "re" | "ère" | "ème" | "eme" | "ième" | "nde" | "lle" | "me" | "mes" | "lles" | "gr" => {
            return Script::Same(text);
        }
        "e" | "o" | "os" if after_number || matches!(last, Some('n' | 'N')) => return Script::Same(text),
        "TM" | "SM" | "(TM)" | "(R)" | "(C)" | "tm" => return Script::Same(text),
        _ => {}
    }
    let signs = |c: char| matches!(c, '+' | '-' | '\u{2212}');
    // Letters that are raised by themselves.
    let raised = |c: char| matches!(c, 'ª' | 'º' | '\u{2b0}'..='\u{2ff}' | '\u{1d2c}'..='\u{1d6a}' | '\u{1d9b}'..='\u{1dbf}');
    if !text.chars().any(|c| c.is_alphanumeric() || signs(c)) || text.chars().all(raised) {
        return Script::Same(text);
    }
    // "Feature<sup>beta</sup>" is labelled, "x<sup>max</sup>" is not.
    let word = text.chars().filter(|c| c.is_alphabetic()).count() >= 3 && text.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '-');
    let name = before.chars().rev().take_while(|c| c.is_alphanumeric()).take(2).count();
    if text.len() > LONGEST || word && (text.contains(' ') || name != 1) {
        return Script::Apart(text);
    }
    match last {
        // Nothing is raised: the note itself, which begins with its mark.
        None if text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()) && text.len() < 3 => Script::Apart(text),
        _ => Script::Index('^', mathml::in_index(&text)),
    }
}

/// In letters; functions and units have less.
const LONGEST_NAME: usize = 6;
/// In nodes.
const LARGEST: usize = 40;
/// In bytes: longer text is a remark.
const LONGEST: usize = 40;

fn is_footnote(dom: &Dom, node: NodeId, link: Option<NodeId>, text: &str, last: Option<char>) -> bool {
    let named = |node: NodeId| {
        ["class", "id", "role", "epub:type", "rel"].into_iter().filter_map(|name| dom.attribute(node, name)).any(|names| {
            let names = names.to_ascii_lowercase();
            ["footnote", "noteref", "fnref", "reference", "citation", "endnote"].iter().any(|mark| names.contains(mark))
                || names.split(|c: char| !c.is_ascii_alphanumeric()).any(|name| name == "fn" || name == "cite")
        })
    };
    let within = link.is_some_and(|link| dom.attribute(link, "href").is_some_and(|href| href.trim_start().starts_with('#')) || named(link));
    let bracketed = text.starts_with('[') && text.ends_with(']');
    // A power stands after what it raises, a note after the sentence.
    let after_sentence = matches!(last, Some('.' | ',' | ';' | ':' | '!' | '?' | '"' | '\u{201d}' | '\u{2019}' | '»' | '。' | '，'));
    let short = text.len() <= 3 && text.chars().all(char::is_alphanumeric);
    within || bracketed || named(node) || after_sentence && short
}

/// `<a href="#fn1"><sup>1</sup></a>`: the link stands around the mark, and nothing else is in it.
fn is_linked(dom: &Dom, node: NodeId, text: &str) -> bool {
    let is_blank = |child: NodeId| dom.text(child).is_some_and(|text| text.trim().is_empty());
    let around = dom.parent(node).filter(|link| dom.is(*link, "a") && dom.children(*link).all(|child| child == node || is_blank(child)));
    let leads = around.and_then(|link| dom.attribute(link, "href")).is_some_and(|href| href.trim_start().starts_with('#'));
    let is_number = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    leads && (is_number || text.len() == 1 || !text.contains(char::is_alphanumeric))
}

/// `<sup>1</sup>/<sub>2</sub>`
fn is_fraction(dom: &Dom, node: NodeId, text: &str) -> bool {
    let slash = |node: Option<NodeId>| {
        let sign = node.map(|node| dom.text_content(node)).unwrap_or_default();
        matches!(sign.trim(), "/" | "\u{2044}" | "\u{2215}").then_some(node).flatten()
    };
    let short = text.len() < 6 && text.chars().all(char::is_alphanumeric);
    let other = match dom.is(node, "sup") {
        true => slash(dom.next_sibling(node).filter(|next| is_small(dom, *next))).and_then(|sign| dom.next_sibling(sign)),
        false => slash(dom.previous_sibling(node).filter(|before| is_small(dom, *before))).and_then(|sign| dom.previous_sibling(sign)),
    };
    short && other.is_some_and(|other| dom.is(other, if dom.is(node, "sup") { "sub" } else { "sup" }))
}

fn is_small(dom: &Dom, node: NodeId) -> bool {
    dom.text(node).is_some_and(|text| text.len() < 8) || dom.is(node, "span") && dom.descendants(node).take(3).count() < 3
}

/// The text below, with the indices within it marked.
pub(super) fn text(dom: &Dom, article: &Article, node: NodeId) -> String {
    // The text of each index that is open.
    let mut open = vec![String::new()];
    let mut walk = dom.walk(node);
    while let Some(step) = walk.next() {
        match step {
            Step::Enter(below) if article.is_left_out(below) => walk.pass_over(),
            Step::Enter(below) if below != node && is_script(dom, below) => open.push(String::new()),
            Step::Enter(below) => {
                if let (Some(text), Some(line)) = (dom.text(below), open.last_mut()) {
                    line.push_str(text);
                }
            }
            Step::Leave(below) if below != node && is_script(dom, below) => {
                let index = joined(&open.pop().unwrap_or_default());
                if let Some(line) = open.last_mut().filter(|_| !index.is_empty()) {
                    line.push(if dom.is(below, "sup") { '^' } else { '_' });
                    line.push_str(&mathml::in_index(&index));
                }
            }
            Step::Leave(_) => {}
        }
    }
    joined(&open.concat())
}

fn is_script(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "sup") || dom.is(node, "sub")
}
