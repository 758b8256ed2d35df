//! Where a text of markdown leads: targets of links and of definitions, addresses in angle brackets and bare ones. What stands in code is an
//! example, and is followed in plain text only, which has no code.

use crate::extract::formats::components;
use crate::extract::formats::markdown::fence_of;

/// Of what is no code.
pub(super) fn of_markdown(text: &str) -> Vec<String> {
    let (mut found, mut begun, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = text[at..].find(['`', '~']).map(|next| at + next) {
        match code_at(text, next) {
            Ok(end) => {
                found.extend(of(&text[begun..next]));
                (begun, at) = (end, end);
            }
            Err(length) => at = next + length,
        }
    }
    found.extend(of(&text[begun..]));
    found
}

/// Where the code ends that begins with the marks there; else how many marks there are.
fn code_at(text: &str, at: usize) -> Result<usize, usize> {
    let marks = text[at..].bytes().take_while(|byte| *byte == text.as_bytes()[at]).count();
    let before = text[text.floor_char_boundary(at.saturating_sub(LONGEST_LEAD))..at].rsplit('\n').next().unwrap_or_default();
    let line = short(&text[at..]).split_inclusive('\n').next().filter(|_| marks >= 3).unwrap_or_default();
    // In a list or a quotation, too.
    let begins_line = before.chars().all(|c| matches!(c, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')' | '0'..='9'));
    if let Some((mark, length)) = fence_of(line.trim_end()).filter(|_| begins_line) {
        let mut end = at + line.len();
        for line in text[end..].split_inclusive('\n') {
            end += line.len();
            let bare = line.trim_matches([' ', '\t', '>', '\n']);
            if bare.len() >= length && bare.chars().all(|c| c == mark) {
                break;
            }
        }
        return Ok(end);
    }
    if text.as_bytes()[at] != b'`' {
        return Err(marks);
    }
    // A span ends in its paragraph.
    let window = short(&text[at + marks..]);
    let window = window.split("\n\n").next().unwrap_or_default();
    let mut from = 0;
    while let Some(found) = window[from..].find('`').map(|found| from + found) {
        let run = window[found..].bytes().take_while(|byte| *byte == b'`').count();
        from = found + run;
        if run == marks {
            return Ok(at + marks + from);
        }
    }
    Err(marks)
}

/// In order, as they are meant: escapes and character references undone.
pub(super) fn of(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| matches!(byte, b'(' | b'h' | b'[' | b'<')).map(|next| at + next) {
        let rest = &text[next..];
        at = next + 1;
        if rest.starts_with("http://") || rest.starts_with("https://") {
            let address = bare(rest, b'<' != bytes[next.saturating_sub(1)]);
            found.push(undone(address));
            at = next + address.len();
        } else if rest.starts_with('(') && text[..next].ends_with(']') {
            let (target, length) = inline(&rest[1..]);
            found.extend(target.map(undone));
            at = next + 1 + length;
        } else if rest.starts_with('[') && starts_line(&text[..next]) {
            found.extend(definition(rest).map(undone));
        } else if let Some(tag) = rest.strip_prefix("<a ").or_else(|| components::begins(rest).then_some(rest)) {
            found.extend(href(tag).map(undone));
        }
    }
    found
}

/// What stands between the parentheses of `[text](target "title")`, and how much of the text it is.
fn inline(text: &str) -> (Option<&str>, usize) {
    let blank = text.len() - text.trim_start_matches([' ', '\t', '\n']).len();
    let rest = &text[blank..];
    if let Some(inner) = rest.strip_prefix('<') {
        let line = short(inner).split('\n').next().unwrap_or_default();
        return match line.find('>') {
            Some(end) => (Some(&line[..end]), blank + end + 2),
            None => (None, blank + 1),
        };
    }
    let length = balanced(rest);
    let ends = rest[length..].starts_with([')', ' ', '\t', '\n']);
    (Some(&rest[..length]).filter(|target| ends && !target.is_empty()), blank + length)
}

/// Up to a blank, or a parenthesis that was not opened.
fn balanced(text: &str) -> usize {
    let (mut open, mut escaped) = (0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => open += 1,
            b')' if open == 0 => return at,
            b')' => open -= 1,
            b' ' | b'\t' | b'\n' | b'<' | b'>' | b'"' | b'`' => return at,
            _ => {}
        }
    }
    text.len()
}

/// A bare address ends before a blank and what cannot be in one; a point or a parenthesis at its end belongs to the sentence.
fn bare(text: &str, is_in_sentence: bool) -> &str {
    let text = short(text);
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | ']' | '|' | '\\')).unwrap_or(text.len());
    let mut address = &text[..end];
    if let Some(at) = address.find("](") {
        address = &address[..at];
    }
    let (opened, mut closed) = (address.matches('(').count(), address.matches(')').count());
    // "(see https://docs.test/a)." and "[x](https://docs.test/a)[y](…": nothing follows a parenthesis that was not opened.
    if closed > opened {
        address = &address[..balanced(address)];
        closed = address.matches(')').count();
    }
    while is_in_sentence && let Some(last) = address.chars().next_back() {
        let ends = matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*') || last == ')' && closed > opened;
        if !ends {
            break;
        }
        closed -= usize::from(last == ')');
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

/// The target of `[name]: target`.
fn definition(text: &str) -> Option<&str> {
    let line = text.split('\n').next()?;
    let (_, rest) = line.split_once("]:")?;
    let rest = rest.trim_start();
    match rest.strip_prefix('<') {
        Some(inner) => inner.split_once('>').map(|(target, _)| target),
        None => rest.split_whitespace().next(),
    }
    // What begins with http is found as an address.
    .filter(|target| !target.is_empty() && !target.starts_with("http://") && !target.starts_with("https://") && !line.starts_with("[^"))
}

fn href(tag: &str) -> Option<&str> {
    let attributes = short(tag).split('>').next()?;
    let (_, value) = attributes.split_once("href=")?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    // What begins with http is found as an address.
    value[1..].split_once(quote).map(|(target, _)| target).filter(|target| !target.starts_with("http"))
}

/// As much of a text as an address may be long: what does not end is looked through once only.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// In bytes.
const LONGEST: usize = 4096;
/// What stands before a fence on its line.
const LONGEST_LEAD: usize = 80;

fn starts_line(before: &str) -> bool {
    let line = before.trim_end_matches(' ');
    before.len() - line.len() < 4 && (line.is_empty() || line.ends_with('\n'))
}

/// Without backslashes before punctuation, and with the characters that are commonly referred to in addresses.
fn undone(target: &str) -> String {
    let mut out = String::with_capacity(target.len());
    let mut chars = target.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(char::is_ascii_punctuation) => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    match out.contains('&') {
        true => [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#38;", "&"), ("&amp;", "&")]
            .into_iter()
            .fold(out, |out, (reference, character)| out.replace(reference, character)),
        false => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_leads_nowhere() {
        for (text, wanted) in [
            ("[a](b)\n\n```md\n[c](d)\n`\n```\n[`e`](f) `[g](h)` ``[i](`j)`` [k](l)", &["b", "f", "l"][..]),
            ("- a\n\n  ~~~\n  [b](c)\n  ~~~\n\n[d]: e\n> ```\n> [f](g)\n> ```\n[h]: i", &["e", "i"]),
            ("a ~~b~~ [c](d) `e\n\n[f](g) `` [h](i)", &["d", "g", "i"]),
            ("```\n[a](b)", &[]),
            ("<Card title=\"a\" href=\"/b\" /> <Vec<T> href='c'> `<Card href=\"d\">`", &["/b"]),
        ] {
            assert_eq!(of_markdown(text), wanted, "{text}");
        }
        let many = "`` ` ```` ".repeat(100_000);
        assert_eq!(of_markdown(&many), Vec::<String>::new());
    }

    #[test]
    fn targets_are_read_as_markdown_has_them() {
        for (text, wanted) in [
            ("[a](b.md): c (d) [e](/f_(g)) [h](<i j.md>) [k]( l 'm')", &["b.md", "/f_(g)", "i j.md", "l"][..]),
            ("[a][b]\n\n[b]: /c.md \"d\"\n  [e]: <f g>\n[^1]: note\nx [no]: y", &["/c.md", "f g"]),
            ("[a](/b\\_c.md) [d](/e?f=1&amp;g=2) [h](\\(i)", &["/b_c.md", "/e?f=1&g=2", "(i"]),
            (
                "see https://a.test/b_(c). Or (https://a.test/d), <https://a.test/e>, **https://a.test/f**.",
                &["https://a.test/b_(c)", "https://a.test/d", "https://a.test/e", "https://a.test/f"],
            ),
            (
                "[a](https://a.test/b_(c)) [https://a.test/d](https://a.test/e)[f](g)",
                &["https://a.test/b_(c)", "https://a.test/d", "https://a.test/e", "g"],
            ),
            (
                "[a]: https://a.test/b\n| https://a.test/c|d |\n\"https://a.test/e\"",
                &["https://a.test/b", "https://a.test/c", "https://a.test/e"],
            ),
            ("<a class=\"b\" href=\"c.html\">d</a> ![e](f.png) [![g](h.svg)](i)", &["c.html", "f.png", "h.svg", "i"]),
            ("h [a]( [b](<c é (d", &[]),
        ] {
            assert_eq!(of(text), wanted, "{text}");
        }
    }
}
