//! Text within a block of AsciiDoc: macros, references and marks of emphasis as markdown.

use std::collections::HashMap;

use crate::extract::formats::sheet::{Sheet, code, joined};

pub(super) fn inline(text: &str, attributes: &HashMap<&str, &str>, sheet: &mut Sheet<'_>) -> String {
    let text = if text.contains('{') { substituted(text, attributes, sheet) } else { text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Marks that are not found again in this text.
    let mut single: Vec<&str> = Vec::new();
    // Where what is open ends, and what is shown there; innermost last.
    let mut closing: Vec<(usize, &str)> = Vec::new();
    // Where what may be a target ends: of many names in a row each has the same end.
    let mut target_end = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        while closing.pop_if(|(end, _)| *end < at).is_some() {}
        if let Some((_, shown)) = closing.pop_if(|(end, _)| *end == at) {
            out.push_str(shown);
            at += 2;
            continue;
        }
        let before = out.chars().next_back().unwrap_or(' ');
        let word_begins = !before.is_alphanumeric();
        let taken = match c {
            '`' => marked(rest, &["``", "`"], &mut single).map(|(inner, length)| (code(unpassed(inner)), length)),
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
                .filter(|(inner, length)| {
                    is_emphasis(inner) && (rest.starts_with("__") || !rest[*length..].starts_with(char::is_alphanumeric))
                })
                .map(|(inner, length)| (format!("*{}*", inner.trim_matches('_')), length)),
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
            '[' if rest.starts_with("[[") => rest[..rest.floor_char_boundary(LONGEST_NAME)].find("]]").map(|end| (String::new(), end + 2)),
            '[' if word_begins => styled(rest, &mut single),
            '"' | '\'' | '(' => opening(rest).map(|(begun, end, shown)| {
                if let Some(shown) = shown {
                    closing.push((at + end, shown));
                }
                (begun.to_owned(), if shown.is_some() { 2 } else { end })
            }),
            // A name in braces is one where something stands for it.
            '\\' if rest.starts_with("\\{") => Some(("{".to_owned(), 2)),
            '\\' => rest[1..].chars().next().filter(|c| "*_`#^~<+".contains(*c)).map(|c| (format!("\\{c}"), 1 + c.len_utf8())),
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
    while let Some(at) = rest.find(['{', '+', 'p', '\\']) {
        let passed = passed(&rest[at..], rest[..at].chars().next_back().unwrap_or(' '));
        if passed > 0 {
            out.push_str(&rest[..at + passed]);
            rest = &rest[at + passed..];
            continue;
        }
        let (before, after) = (&rest[..at], &rest[at + 1..]);
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

/// Without the signs between which a text is passed through. Those of `C++` and `++i` are its own.
fn unpassed(inner: &str) -> &str {
    let within = |mark: &str| inner.strip_prefix(mark)?.strip_suffix(mark).filter(|within| !within.is_empty());
    ["+++", "++", "+"].into_iter().find_map(within).unwrap_or(inner)
}

/// How much of a text is meant as it stands, by what it begins with; at least the character, if that begins no name.
fn passed(text: &str, before: char) -> usize {
    let window = &text[..text.floor_char_boundary(LONGEST_SPAN)];
    let ended = |begun: &str, end: &str| {
        window
            .get(begun.len()..)
            .and_then(|inner| inner.find(end))
            .filter(|length| *length > 0)
            .map(|length| begun.len() + length + end.len())
    };
    let length = match text.as_bytes() {
        [b'{', ..] => return 0,
        [b'\\', b'{', ..] => Some(2),
        [b'+', b'+', b'+', ..] => ended("+++", "+++"),
        [b'+', b'+', ..] => ended("++", "++"),
        [b'+', ..] if before == '`' => ended("+", "+`"),
        [b'+', ..] if !before.is_alphanumeric() && !text[1..].starts_with(char::is_whitespace) => {
            ended("+", "+").filter(|end| !text[..end - 1].ends_with(' ') && !text[*end..].starts_with(char::is_alphanumeric))
        }
        [b'p', ..] if !before.is_alphanumeric() && text.starts_with("pass:") => window
            .split_once('[')
            .filter(|(name, _)| {
                name.len() < LONGEST_NAME
                    && name["pass:".len()..].bytes().all(|byte| byte.is_ascii_lowercase() && byte != b'a' || byte == b',')
            })
            .and_then(|(name, inner)| Some(name.len() + 2 + closing(inner)?)),
        _ => None,
    };
    length.unwrap_or(1)
}

/// What begins with quotation marks that are curled, or is a term of the index: what is shown where it begins, where it ends, and what is shown
/// there; none where all of it is hidden.
fn opening(rest: &str) -> Option<(&'static str, usize, Option<&'static str>)> {
    let window = &rest[..rest.floor_char_boundary(LONGEST_SPAN)];
    let ended = |begun: &str, end: &str| {
        let length = window.strip_prefix(begun)?.find(end).filter(|length| *length > 0)?;
        Some(begun.len() + length)
    };
    if rest.starts_with("(((") {
        return ended("(((", ")))").map(|end| ("", end + ")))".len(), None));
    }
    [("\"`", "`\"", "“", "”"), ("'`", "`'", "‘", "’"), ("((", "))", "", "")]
        .into_iter()
        .find_map(|(begun, end, opens, closes)| ended(begun, end).map(|end| (opens, end, Some(closes))))
}

/// `[.role]` before marks says how their text looks, which is shown of what is struck out alone.
fn styled(rest: &str, single: &mut Vec<&'static str>) -> Option<(String, usize)> {
    let inner = rest[1..rest.floor_char_boundary(LONGEST_NAME)].split_once(']').map(|(inner, _)| inner)?;
    let marked_text = &rest[inner.len() + 2..];
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '#' | '%');
    let is_role = inner.starts_with(['.', '#']) && marked_text.starts_with(['#', '*', '_', '`', '+'])
        || inner.starts_with(|c: char| c.is_ascii_lowercase()) && marked_text.starts_with('#');
    let begins = marked_text.trim_start_matches(['#', '*', '_', '`', '+']).starts_with(|c: char| !c.is_whitespace());
    if !is_role || !begins || !inner.chars().all(is_word) {
        return None;
    }
    match inner.contains("line-through") && marked_text.starts_with('#') {
        true => marked(marked_text, &["##", "#"], single).map(|(text, length)| (format!("~~{text}~~"), inner.len() + 2 + length)),
        false => Some((String::new(), inner.len() + 2)),
    }
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
        // A block is none in a line.
        "image" | "icon" if target.starts_with(':') => return None,
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
            (
                "`+{v}+` `{v}` pass:[{v}] +{v}+ ++{v}++ +++{v}+++ \\{v} pass:a[{v}] 1 + {v} + 2",
                "`{v}` `1.2` {v} {v} {v} {v} {v} 1.2 1 + 1.2 + 2",
            ),
            ("\"`a *b*`\" '`c`' ((d)) (((e,f)))g (((h \"`i ((j", "“a **b**” ‘c’ d g (((h \"`i ((j"),
            ("__i__t [.big]#a# [line-through]#b# [.x]*c* a[1] [.x] [f g]#h#", "*i*t a ~~b~~ **c** a[1] [.x] [f g]h"),
            ("keep image::y.png[z] in text", "keep image::y.png[z] in text"),
            ("`C++` `i++` `++i` `+a+` `++b++` `+`", "`C++` `i++` `++i` `a` `b` `+`"),
            ("2^32^ H~2~O \\*no* <b> a:b c::d", "2^32 H_2O \\*no* \\<b> a:b c::d"),
        ] {
            let meter = unlimited();
            let mut sheet = Sheet::new(&url, &meter, 1_000);
            assert_eq!(inline(text, &attributes, &mut sheet), wanted, "{text}");
        }
    }
}
