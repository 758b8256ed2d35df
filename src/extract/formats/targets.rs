//! Where a text of markdown leads: targets of links and of definitions, addresses in angle brackets and bare ones.
//! Knows no code blocks: an address in an example is one that may be followed, too.

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
        } else if let Some(tag) = rest.strip_prefix("<a ") {
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
