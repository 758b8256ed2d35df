//! Text within a block of AsciiDoc: macros, references and marks of emphasis as markdown.

use std::collections::HashMap;

use crate::extract::formats::sheet::{Sheet, code, joined};

pub(super) fn inline(text: &str, attributes: &HashMap<&str, &str>, sheet: &mut Sheet<'_>) -> String {
    let text = if text.contains('{') { substituted(text, attributes, sheet) } else { text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Marks that are not found again in this text.
    let mut single: Vec<&str> = Vec::new();
    // Where what may be a target ends: of many names in a row each has the same end.
    let mut target_end = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = out.chars().next_back().unwrap_or(' ');
        let word_begins = !before.is_alphanumeric();
        let taken = match c {
            '`' => marked(rest, &["``", "`"], &mut single).map(|(inner, length)| (code(inner.trim_matches('+')), length)),
            '+' if word_begins => marked(rest, &["+++", "++", "+"], &mut single)
                .filter(|(inner, _)| !inner.starts_with(' ') && !inner.ends_with(' '))
                .map(|(inner, length)| (inner.to_owned(), length)),
            '*' => marked(rest, &["**", "*"], &mut single)
                .filter(|(inner, length)| {
                    let within_word = !word_begins || rest[*length..].starts_with(char::is_alphanumeric);
                    is_emphasis(inner) && (rest.starts_with("**") || !within_word)
                })
                .map(|(inner, length)| (format!("**{}**", inner.trim_matches('*')), length)),
            '_' if word_begins || rest.starts_with("__") => marked(rest, &["__", "_"], &mut single)
                .filter(|(inner, length)| is_emphasis(inner) && !rest[*length..].starts_with(char::is_alphanumeric))
                .map(|(inner, length)| (format!("*{inner}*"), length)),
            '#' if word_begins => marked(rest, &["##", "#"], &mut single)
                .filter(|(inner, _)| is_emphasis(inner))
                .map(|(inner, length)| (inner.to_owned(), length)),
            '^' => marked(rest, &["^"], &mut single)
                .filter(|(inner, _)| !inner.contains(' '))
                .map(|(inner, length)| (format!("^{inner}"), length)),
            '~' => marked(rest, &["~"], &mut single)
                .filter(|(inner, _)| !inner.contains(' '))
                .map(|(inner, length)| (format!("_{inner}"), length)),
            '<' => reference(rest).or_else(|| is_tag(rest).then(|| ("\\<".to_owned(), 1))),
            '[' => rest
                .starts_with("[[")
                .then(|| rest[..rest.floor_char_boundary(LONGEST_NAME)].find("]]"))
                .flatten()
                .map(|end| (String::new(), end + 2)),
            '\\' => rest[1..].chars().next().filter(|c| "*_`#^~{<+".contains(*c)).map(|c| (format!("\\{c}"), 1 + c.len_utf8())),
            _ if word_begins && c.is_ascii_alphabetic() => macro_of(&text, at, &mut target_end, sheet),
            _ => None,
        };
        match taken {
            Some((shown, length)) => {
                out.push_str(&shown);
                at += length;
            }
            // A word is passed over as a whole: what could begin in it is none.
            None if c.is_ascii_alphanumeric() => {
                let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
                out.push_str(&rest[..length]);
                at += length;
            }
            None => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    joined(&out)
}

/// `{name}` for what is known; values are short, and hold no names.
fn substituted(text: &str, attributes: &HashMap<&str, &str>, sheet: &mut Sheet<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let name = after[..after.floor_char_boundary(LONGEST_NAME)].split_once('}').map(|(name, _)| name);
        let value = name.and_then(|name| match name {
            "nbsp" | "sp" | "zwsp" | "empty" => Some(if name.ends_with("sp") { " " } else { "" }),
            "lt" => Some("<"),
            "gt" => Some(">"),
            "amp" => Some("&"),
            "plus" => Some("+"),
            "asterisk" => Some("*"),
            "vbar" => Some("|"),
            "tilde" => Some("~"),
            "caret" => Some("^"),
            "backtick" => Some("`"),
            "startsb" => Some("["),
            "endsb" => Some("]"),
            "apos" => Some("'"),
            "litdd" => Some("--"),
            name => attributes.get(name).copied().filter(|value| sheet.repeats(value.len())),
        });
        match (name, value) {
            (Some(name), Some(value)) => {
                out.push_str(value);
                rest = &after[name.len() + 1..];
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What stands between two of the first of these marks that begins the text, and the length with them.
fn marked<'t>(rest: &'t str, marks: &[&'static str], single: &mut Vec<&'static str>) -> Option<(&'t str, usize)> {
    let mark = marks.iter().find(|mark| rest.starts_with(**mark) && !single.contains(mark))?;
    let inner = &rest[mark.len()..];
    // Emphasis spans no more than a paragraph's part; what is longer is none.
    let window = &inner[..inner.floor_char_boundary(LONGEST_SPAN)];
    match window.find(mark) {
        Some(0) => None,
        Some(end) => Some((&inner[..end], end + 2 * mark.len())),
        None => {
            if window.len() == inner.len() {
                single.push(mark);
            }
            None
        }
    }
}

fn is_emphasis(inner: &str) -> bool {
    !inner.starts_with(char::is_whitespace) && !inner.ends_with(char::is_whitespace)
}

/// `<<id,text>>`
fn reference(rest: &str) -> Option<(String, usize)> {
    let inner = rest.strip_prefix("<<")?;
    let (inner, _) = inner[..inner.floor_char_boundary(LONGEST_SPAN)].split_once(">>")?;
    let text = inner.split_once(',').map_or(inner.trim_start_matches('#'), |(_, text)| text.trim());
    Some((text.to_owned(), inner.len() + 4))
}

/// `name:target[text]`, and addresses.
fn macro_of(all: &str, at: usize, target_end: &mut usize, sheet: &mut Sheet<'_>) -> Option<(String, usize)> {
    let rest = &all[at..];
    let name_length = rest.bytes().take(20).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let after = rest[name_length..].strip_prefix(':')?;
    let name = &rest[..name_length];
    let window = &after[..after.floor_char_boundary(LONGEST_SPAN)];
    let begin = at + name_length + 1;
    if *target_end < begin {
        *target_end = begin + after.find(|c: char| c.is_whitespace() || matches!(c, '[' | '<' | '>')).unwrap_or(after.len());
    }
    let target = &window[..window.len().min(*target_end - begin)];
    let text = window[target.len()..].strip_prefix('[').and_then(|text| Some(&text[..closing(text)?]));
    let length = name_length + 1 + target.len() + text.map_or(0, |text| text.len() + 2);
    let shown = text.unwrap_or_default().replace("\\]", "]");
    let words = shown.trim_start_matches('"').split(['"', '^']).next().unwrap_or_default();
    // What follows a comma are attributes.
    let words = if shown.starts_with('"') { words } else { words.split(",").next().filter(|_| shown.contains('=')).unwrap_or(words) };
    if matches!(name, "http" | "https" | "ftp" | "irc") && target.starts_with("//") {
        if text.is_none() {
            // A bare address ends before the point that ends the sentence.
            let address = format!("{name}:{}", target.trim_end_matches(['.', ',', ';', ':', ')', '!', '?']));
            sheet.reading.links.push(address.clone());
            return Some((address.clone(), address.len()));
        }
        let address = format!("{name}:{target}");
        let words = if words.is_empty() { &address } else { words };
        return Some((sheet.link(words, &address), length));
    }
    text?;
    let shown = match name {
        "link" | "mailto" => {
            let address = if name == "mailto" { format!("mailto:{target}") } else { target.to_owned() };
            sheet.link(if words.is_empty() { target } else { words }, &address)
        }
        "xref" => match words.is_empty() {
            true => target.trim_start_matches('#').to_owned(),
            // An address of the source, which need not be one of the site.
            false => words.to_owned(),
        },
        "image" | "icon" => sheet.image(words.split(',').next().unwrap_or_default(), target),
        "kbd" | "btn" => format!("`{shown}`"),
        "menu" => format!("{target} > {shown}"),
        "footnote" => format!(" ({shown})"),
        "stem" | "latexmath" | "asciimath" => format!("${shown}$"),
        "pass" => shown.clone(),
        "indexterm" | "anchor" => String::new(),
        // As git has it: linkgit:git-add[1].
        _ if !target.is_empty() && shown.len() == 1 => format!("{target}({shown})"),
        _ => return None,
    };
    Some((shown, length))
}

/// What markdown would take for HTML; an address is none.
fn is_tag(rest: &str) -> bool {
    rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && !rest.starts_with("<http")
}

/// Where the bracket ends: one after a backslash is text.
fn closing(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find(']')?;
        match text[..at].ends_with('\\') {
            true => from = at + 1,
            false => return Some(at),
        }
    }
}

const LONGEST_NAME: usize = 80;
/// In bytes.
const LONGEST_SPAN: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;
    use url::Url;

    #[test]
    fn text_is_written_as_markdown() {
        let url = Url::parse("https://docs.test/a/b.adoc").unwrap();
        let attributes = HashMap::from([("v", "1.2")]);
        for (text, wanted) in [
            ("*b* _i_ `c` `+{x}+` #m# a**b**c snake_case_x 2 * 3", "**b** *i* `c` `{x}` m a**b**c snake_case_x 2 * 3"),
            ("{v} {w} {lt}", "1.2 {w} <"),
            (
                "https://t.test/x[Text^] https://t.test/y. link:c.html[C] <https://t.test/z>",
                "[Text](https://t.test/x) https://t.test/y. [C](https://docs.test/a/c.html) <https://t.test/z>",
            ),
            ("<<sec>> <<sec,The part>> xref:d.adoc#e[E] [[id]]x", "sec The part E x"),
            (
                "image:i.png[A,10] kbd:[Ctrl] footnote:[n] linkgit:git-add[1] stem:[x^2] pass:[<b>]",
                "![A](https://docs.test/a/i.png) `Ctrl` (n) git-add(1) $x^2$ <b>",
            ),
            ("2^32^ H~2~O \\*no* <b> a:b c::d", "2^32 H_2O \\*no* \\<b> a:b c::d"),
        ] {
            let meter = unlimited();
            let mut sheet = Sheet::new(&url, &meter, 1_000);
            assert_eq!(inline(text, &attributes, &mut sheet), wanted, "{text}");
        }
    }
}
