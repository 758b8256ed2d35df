//! Text within a block of reStructuredText: roles, literals, references and substitutions as markdown.

use std::collections::{HashMap, VecDeque};

use crate::extract::formats::sheet::{Sheet, code, joined};

/// What is named somewhere in a document: targets of references, and texts of substitutions.
#[derive(Default)]
pub(super) struct Names<'a> {
    targets: HashMap<String, &'a str>,
    substitutions: HashMap<&'a str, Substitution<'a>>,
    /// In the order in which they are used.
    anonymous: VecDeque<&'a str>,
}

/// What is shown in place of a name between bars.
enum Substitution<'a> {
    Text(String),
    Image { alt: &'a str, target: &'a str },
}

impl<'a> Substitution<'a> {
    /// Of `.. |name| directive:: argument`, with the lines that are indented below it more than `margin`.
    fn of(name: &'a str, directive: &str, argument: &'a str, margin: usize, below: &[&'a str]) -> Option<Self> {
        let is_within = |line: &&&str| line.len() - line.trim_start_matches(' ').len() > margin;
        let mut below = below.iter().take(MOST_LINES).take_while(is_within).map(|line| line.trim());
        // A long one might multiply.
        match directive {
            "replace" => {
                let text = below.fold(argument.to_owned(), |text, line| text + " " + line);
                (text.len() < LONGEST_NAME).then(|| Self::Text(joined(&text)))
            }
            "unicode" => (argument.len() < LONGEST_NAME).then(|| Self::Text(characters(argument))),
            // Without a description an image goes by its name.
            "image" => {
                Some(Self::Image { alt: below.find_map(|line| line.strip_prefix(":alt:")).map_or(name, str::trim), target: argument })
            }
            _ => None,
        }
    }
}

/// Of `0xA9 text U+2014 .. comment`.
fn characters(argument: &str) -> String {
    let argument = argument.split(".. ").next().unwrap_or_default();
    let mut out = String::new();
    for word in argument.split_whitespace() {
        let digits = ["0x", "x", "\\x", "U+", "u+", "u", "\\u"].iter().find_map(|mark| word.strip_prefix(mark));
        let character =
            digits.filter(|digits| digits.len() >= 2).and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        match character {
            Some(character) => out.push(character),
            None => out.push_str(word),
        }
    }
    out
}

impl<'a> Names<'a> {
    pub(super) fn of(lines: &[&'a str]) -> Self {
        let mut names = Self::default();
        for (at, whole) in lines.iter().enumerate() {
            let line = whole.trim_start();
            let margin = whole.len() - line.len();
            if let Some(target) = line.strip_prefix(".. __: ").or_else(|| line.strip_prefix("__ ")) {
                names.anonymous.push_back(target.trim());
            } else if let Some((name, target)) = line.strip_prefix(".. _").and_then(|rest| rest.rsplit_once(": ")) {
                names.targets.insert(normal(name.trim_matches('`')), target.trim());
            } else if let Some((name, rest)) = line.strip_prefix(".. |").and_then(|rest| rest.split_once("| "))
                && let Some((directive, argument)) = rest.split_once("::")
                && let Some(substitution) = Substitution::of(name, directive, argument.trim(), margin, &lines[at + 1..])
            {
                names.substitutions.insert(name, substitution);
            }
        }
        names
    }
}

fn normal(name: &str) -> String {
    joined(&name.replace('\\', "")).to_lowercase()
}

pub(super) fn inline(text: &str, names: &mut Names<'_>, sheet: &mut Sheet<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    // Where one of these does not end, none after it does.
    let (mut literals, mut backquotes) = (true, true);
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match c {
            '\\' => escape(rest, &mut out),
            '`' if literals && rest.starts_with("``") => match rest[2..].find("``") {
                Some(end) => {
                    // A literal may end with a backquote.
                    let end = 2 + end + rest[2 + end + 2..].bytes().take_while(|byte| *byte == b'`').count();
                    out.push_str(&code(&rest[2..end]));
                    end + 2
                }
                None => {
                    literals = false;
                    0
                }
            },
            '`' | ':' if backquotes => match interpreted(rest) {
                Interpreted::Role { role, content, length } => {
                    out.push_str(&as_role(role, content));
                    length
                }
                Interpreted::Reference { content, anonymous, length } => {
                    let link = reference(content, anonymous, names, sheet);
                    out.push_str(&link);
                    length
                }
                Interpreted::Unclosed => {
                    backquotes = false;
                    0
                }
                Interpreted::None => 0,
            },
            '|' => match rest[1..rest.floor_char_boundary(LONGEST_NAME)]
                .split_once('|')
                .and_then(|(name, _)| Some((name, substituted(names.substitutions.get(name)?, sheet)?)))
            {
                Some((name, text)) => {
                    out.push_str(&text);
                    // "|x|_" is a reference, too.
                    name.len() + 2 + usize::from(rest[name.len() + 2..].starts_with('_'))
                }
                None => 0,
            },
            '[' => {
                let label = rest[1..rest.floor_char_boundary(60)].split_once("]_").map(|(label, _)| label);
                match label.filter(|label| !label.is_empty() && !label.contains([' ', '['])) {
                    Some(label) => {
                        out.push_str(&format!("[{label}]"));
                        label.len() + 3
                    }
                    None => 0,
                }
            }
            '_' => word_reference(rest, &mut out, names, sheet),
            '<' if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) && !rest.starts_with("<http") => {
                out.push_str("\\<");
                1
            }
            _ => 0,
        };
        at += match length {
            0 => {
                out.push(c);
                c.len_utf8()
            }
            length => length,
        };
    }
    joined(&out)
}

fn substituted(substitution: &Substitution<'_>, sheet: &mut Sheet<'_>) -> Option<String> {
    match substitution {
        Substitution::Text(text) => sheet.repeats(text.len()).then(|| text.clone()),
        Substitution::Image { alt, target } => Some(sheet.image(alt, target)),
    }
}

/// A backslash takes the meaning of what follows, and a blank away.
fn escape(rest: &str, out: &mut String) -> usize {
    match rest[1..].chars().next() {
        Some(c) if c.is_whitespace() => 1 + c.len_utf8(),
        Some(c) if c.is_ascii_punctuation() => {
            out.push('\\');
            out.push(c);
            2
        }
        _ => 0,
    }
}

enum Interpreted<'a> {
    Role {
        role: &'a str,
        content: &'a str,
        length: usize,
    },
    Reference {
        content: &'a str,
        anonymous: bool,
        length: usize,
    },
    /// There is no further backquote.
    Unclosed,
    None,
}

/// `` :role:`content` ``, `` `content`:role: `` or `` `content`_ ``.
fn interpreted(rest: &str) -> Interpreted<'_> {
    let (role, start) = match rest.strip_prefix(':') {
        Some(after) => {
            let end = after
                .bytes()
                .take(60)
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_' | b'+' | b'.'))
                .count();
            let name = &after[..end];
            let Some(role) = name.strip_suffix(':').filter(|role| !role.is_empty() && after[end..].starts_with('`')) else {
                return Interpreted::None;
            };
            (Some(role), 1 + end)
        }
        None => (None, 0),
    };
    let content = &rest[start + 1..];
    let mut end = 0;
    let close = loop {
        let Some(found) = content[end..].find('`').map(|found| end + found) else { return Interpreted::Unclosed };
        // One after a backslash is text.
        match found > 0 && content.as_bytes()[found - 1] == b'\\' {
            true => end = found + 1,
            false => break found,
        }
    };
    let length = start + 1 + close + 1;
    let content = &content[..close];
    if content.is_empty() || content.trim() != content {
        return Interpreted::None;
    }
    if let Some(role) = role {
        return Interpreted::Role { role, content, length };
    }
    let after = &rest[length..];
    if after.starts_with("__") {
        return Interpreted::Reference { content, anonymous: true, length: length + 2 };
    }
    if after.starts_with('_') {
        return Interpreted::Reference { content, anonymous: false, length: length + 1 };
    }
    let suffix = after
        .strip_prefix(':')
        .map(|after| after.bytes().take(40).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count());
    match suffix.filter(|end| *end > 0 && after[1 + end..].starts_with(':')) {
        Some(end) => Interpreted::Role { role: &after[1..1 + end], content, length: length + end + 2 },
        None => Interpreted::Role { role: "", content, length },
    }
}

fn as_role(role: &str, content: &str) -> String {
    let content = content.replace("\\`", "`");
    let (title, target) = match content.strip_suffix('>').and_then(|content| content.rsplit_once('<')) {
        Some((title, target)) if !title.trim().is_empty() => (title.trim(), Some(target)),
        _ => (content.trim(), None),
    };
    let kind = role.rsplit(':').next().unwrap_or(role);
    let text = match (title.strip_prefix('~'), target) {
        // "~a.b.c" is shown as its last part.
        (Some(path), None) => path.rsplit('.').next().unwrap_or(path),
        _ => title.trim_start_matches('!'),
    };
    match kind {
        "math" => format!("${}$", content.trim()),
        "sup" | "superscript" => format!("^{text}"),
        "sub" | "subscript" => format!("_{text}"),
        "pep" => format!("PEP {text}"),
        "rfc" => format!("RFC {text}"),
        "emphasis" | "dfn" | "title-reference" => format!("*{text}*"),
        "strong" | "guilabel" | "menuselection" => format!("**{}**", text.replace('&', "")),
        "ref" | "doc" | "term" | "numref" | "any" | "abbr" | "index" | "download" | "cve" | "ticket" | "issue" | "source" | "user"
        | "eq" | "rst-class" => text.to_owned(),
        // Names of code, and what is set like code.
        _ => code(text),
    }
}

fn reference(content: &str, anonymous: bool, names: &mut Names<'_>, sheet: &mut Sheet<'_>) -> String {
    if let Some((title, target)) = content.strip_suffix('>').and_then(|content| content.rsplit_once('<')) {
        let title = joined(title);
        let target = target.trim();
        // `title <name_>`_ goes by another name.
        let known = target.strip_suffix('_').and_then(|name| names.targets.get(&normal(name)).copied());
        return sheet.link(if title.is_empty() { target } else { &title }, known.unwrap_or(target));
    }
    let target = match anonymous {
        true => names.anonymous.pop_front(),
        false => names.targets.get(&normal(content)).copied(),
    };
    match target {
        Some(target) => sheet.link(&joined(content), target),
        None => joined(content),
    }
}

/// `name_` and `name__`: the name is written already.
fn word_reference(rest: &str, out: &mut String, names: &mut Names<'_>, sheet: &mut Sheet<'_>) -> usize {
    let marks = rest.bytes().take_while(|byte| *byte == b'_').count();
    let ends = rest[marks..].chars().next().is_none_or(|c| !c.is_alphanumeric());
    let start =
        out.char_indices().rev().take(60).take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '-' | '.' | '+')).last().map(|(at, _)| at);
    let Some(start) = start.filter(|start| ends && marks <= 2 && !out[..*start].ends_with('_')) else {
        out.push_str(&rest[..marks]);
        return marks;
    };
    let word = out[start..].to_owned();
    let target = match marks {
        1 => names.targets.get(&normal(&word)).copied(),
        _ => names.anonymous.pop_front(),
    };
    match target {
        Some(target) => {
            out.truncate(start);
            out.push_str(&sheet.link(&word, target));
        }
        None => out.push_str(&rest[..marks]),
    }
    marks
}

const LONGEST_NAME: usize = 200;
/// Of a substitution.
const MOST_LINES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;
    use url::Url;

    #[test]
    fn text_is_written_as_markdown() {
        let url = Url::parse("https://docs.test/a/b.rst").unwrap();
        let lines = [
            ".. _Home page: https://h.test/x",
            ".. _word: w.html",
            ".. |name| replace:: The",
            "   Name",
            "__ https://one.test/",
            ".. |logo| image:: l.png",
            "   :width: 3",
            "   :alt: The logo",
            ".. |badge| image:: b.svg",
            "",
            "   :alt: no",
            ".. |(c)| unicode:: 0xA9 U+2014 x .. ignored",
            ".. |today| date::",
            "   .. |in| replace:: within",
            "   .. |out| replace:: without",
            "   A text.",
        ];
        let mut names = Names::of(&lines);
        for (text, wanted) in [
            ("``a <b>`` and ```c```", "`a <b>` and `` `c` ``"),
            (":func:`~a.b.c` :class:`C` :ref:`Title <x-y>` :doc:`/d` :py:meth:`!e`", "`c` `C` Title /d `e`"),
            (":math:`x^2` 2\\ :sup:`32` :pep:`8`", "$x^2$ 2^32 PEP 8"),
            (
                "`t <https://t.test/a>`_ `Home page`_ word_ `u <v.html>`__",
                "[t](https://t.test/a) [Home page](https://h.test/x) [word](https://docs.test/a/w.html) [u](https://docs.test/a/v.html)",
            ),
            ("other_ snake_case __init__ _x", "other_ snake_case __init__ _x"),
            ("anonymous__", "[anonymous](https://one.test/)"),
            ("|name| |unknown| a|b", "The Name |unknown| a|b"),
            ("|logo| |badge|_ |(c)| |today|", "![The logo](https://docs.test/a/l.png) ![badge](https://docs.test/a/b.svg) ©—x |today|"),
            ("|in| |out|", "within without"),
            ("*em* **strong** `default` [1]_ [Ref]_ \\*no\\* <b> 1 < 2", "*em* **strong** `default` [1] [Ref] \\*no\\* \\<b> 1 < 2"),
            ("`open and ``open :role:`x", "`open and ``open :role:`x"),
            (":x: a:b :", ":x: a:b :"),
        ] {
            let meter = unlimited();
            let mut sheet = Sheet::new(&url, &meter, 1_000);
            assert_eq!(inline(text, &mut names, &mut sheet), wanted, "{text}");
        }
    }
}
