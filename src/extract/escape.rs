//! What must be escaped so that words are read back as words, and what need not be. Knows CommonMark's rules, and those of tables and of
//! strike-through; knows no page.

use std::borrow::Cow;

/// What stands around a character of plain text when it is written.
pub(super) struct Around<'a> {
    /// The line so far.
    pub(super) line: &'a str,
    /// The text after the character.
    pub(super) rest: &'a str,
    pub(super) in_link: bool,
}

/// Whether a character of plain text would be taken for a mark.
pub(super) fn is_special(c: char, around: &Around<'_>) -> bool {
    let previous = around.line.chars().next_back();
    let next = around.rest.chars().next();
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    match c {
        '`' => true,
        '\\' => next.is_none_or(|next| next.is_ascii_punctuation()),
        '*' => !(blank(previous) && next.is_some_and(char::is_whitespace)),
        '_' => !(previous.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)),
        // One alone strikes nothing through.
        '~' => previous == Some('~') || next == Some('~'),
        '<' => next.is_none_or(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
        '&' => {
            let name = around.rest.strip_prefix('#').unwrap_or(around.rest).trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            name.starts_with(';')
        }
        '[' => around.in_link || previous == Some('!'),
        ']' => around.in_link,
        // "[a](b)" and "[a]: b" in plain words are no link.
        '(' => previous == Some(']'),
        ':' => previous == Some(']') && around.line.starts_with('['),
        _ => false,
    }
}

/// A line that begins like a block, escaped.
pub(super) fn at_start(line: &str) -> String {
    let after = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let escape_at = match line.as_bytes().first() {
        Some(b'#') if after(line.trim_start_matches('#')) => Some(0),
        Some(b'-' | b'+' | b'*') if after(&line[1..]) => Some(0),
        Some(b'-' | b'=') if line.trim_end().chars().all(|c| c == '-' || c == '=' || c == ' ') => Some(0),
        Some(b'>' | b'|') => Some(0),
        Some(b'0'..=b'9') if digits <= 9 && line[digits..].starts_with(['.', ')']) && after(&line[digits + 1..]) => Some(digits),
        _ => None,
    };
    match escape_at {
        Some(at) => format!("{}\\{}", &line[..at], &line[at..]),
        None => line.to_owned(),
    }
}

/// A heading's text, whose last hashes would be taken for its end mark.
pub(super) fn at_end_of_heading(title: &str) -> String {
    let before = title.trim_end_matches('#');
    match before.len() < title.len() && (before.is_empty() || before.ends_with(' ')) {
        true => format!("{before}\\{}", &title[before.len()..]),
        false => title.to_owned(),
    }
}

/// A line of markdown without links and emphasis, as headings are, as plain text: without escapes and marks of code.
pub(super) fn undone(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['\\', '`']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('\\') {
            let escaped = after.chars().next().filter(char::is_ascii_punctuation);
            text.push(escaped.unwrap_or('\\'));
            rest = &after[escaped.map_or(0, char::len_utf8)..];
            continue;
        }
        let marks = rest.len() - rest.trim_start_matches('`').len();
        let after = &rest[marks..];
        // What is written here is closed by as many marks as opened it, and holds no run of that length.
        let end = after.find(&rest[..marks]).unwrap_or(after.len());
        let code = &after[..end];
        let padded = code.len() > 2 && code.starts_with(' ') && code.ends_with(' ');
        text.push_str(if padded { &code[1..code.len() - 1] } else { code });
        rest = after.get(end + marks..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// A link destination; in pointed brackets where it would end too early.
pub(super) fn destination(target: &str) -> String {
    match target.contains(['(', ')', ' ', '<', '>']) {
        true => format!("<{}>", target.replace('<', "%3C").replace('>', "%3E")),
        false => target.to_owned(),
    }
}

/// The text of an image, which is no markup.
pub(super) fn alternative(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if matches!(c, '[' | ']' | '\\' | '`' | '<' | '*' | '_') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Letters that printers join, parted; `None` for all others.
pub(super) fn parted(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        _ => return None,
    })
}

/// Blanks of any width between words, and such as keep words on one line.
pub(super) fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace()
        || matches!(c, '\u{b}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}')
}

/// Soft hyphen, zero-width space, word joiner, byte order mark: they say only where a line may end. And what tells a terminal what to
/// do, or a reader's eye where to go: that is no text.
pub(super) fn is_invisible(c: char) -> bool {
    // Fonts of icons put them where Unicode has no characters.
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}') || is_command(c) || is_smuggled(c)
}

/// Characters that no font shows and no language needs, in which whole messages are hidden: tags, operators without a sign, variants
/// beyond those of emoji.
pub(super) fn is_smuggled(c: char) -> bool {
    matches!(c, '\u{2061}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks of direction, which Arabic and Hebrew text needs and no name does.
pub(super) fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Control characters, and those that turn the direction in which all that follows is shown.
pub(super) fn is_command(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Code whose control characters are seen and do nothing: as the pictures that Unicode has for them, else as U+FFFD.
pub(super) fn visible(code: &str) -> Cow<'_, str> {
    let stays = |c: char| !is_command(c) || matches!(c, '\n' | '\t');
    if code.chars().all(|c| stays(c) && !is_smuggled(c)) {
        return Cow::Borrowed(code);
    }
    let picture = |c: char| match c {
        c if stays(c) => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        _ => char::REPLACEMENT_CHARACTER,
    };
    Cow::Owned(code.replace("\r\n", "\n").chars().filter(|c| !is_smuggled(*c)).map(picture).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_begin_like_blocks_are_escaped_and_no_others() {
        for (line, expected) in [
            ("* x", "\\* x"),
            ("+ x", "\\+ x"),
            ("-", "\\-"),
            ("12) x", "12\\) x"),
            ("1.5 x", "1.5 x"),
            ("#x", "#x"),
            ("# x", "\\# x"),
            ("=== ==", "\\=== =="),
            ("~5", "~5"),
            ("*x*", "*x*"),
            ("1234567890. x", "1234567890. x"),
        ] {
            assert_eq!(at_start(line), expected);
        }
    }

    #[test]
    fn hashes_that_end_a_heading_are_words() {
        for (title, expected) in [("C #", "C \\#"), ("C#", "C#"), ("a ###", "a \\###"), ("##", "\\##"), ("# a", "# a")] {
            assert_eq!(at_end_of_heading(title), expected);
        }
    }

    #[test]
    fn a_heading_is_told_as_plain_text() {
        for (line, expected) in [
            ("a \\# \\`b\\` \\\\", "a # `b` \\"),
            ("`f(a\\b)` and ``c`d``", "f(a\\b) and c`d"),
            ("`` ` ``", "`"),
            ("C:\\x", "C:\\x"),
            ("odd `", "odd "),
        ] {
            assert_eq!(undone(line), expected);
        }
    }
}
