//! What a terminal or a log is shown of texts that others wrote: every character, but none that commands the terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line: every control character is shown as its code, as `\u{1b}`; so are those that reverse the direction of what follows, by
/// which one text can be made to look like another (CVE-2021-42574). The marks that languages written from right to left need stay.
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |c| c != '\t' && is_command(c))
}

/// The same for a text of several lines: line feeds stay, those after a carriage return as well.
pub fn text(text: &str) -> Cow<'_, str> {
    let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    let is_hidden = |c| c != '\t' && c != '\n' && is_command(c);
    match text {
        Cow::Borrowed(text) => shown(text, is_hidden),
        Cow::Owned(text) => Cow::Owned(shown(&text, is_hidden).into_owned()),
    }
}

/// C0, DEL and C1; embeddings, overrides and isolates; the separators that some terminals take for ends of lines.
pub fn is_command(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

fn shown(text: &str, is_hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            true => write!(shown, "\\u{{{:x}}}", u32::from(c)).expect("a string takes everything"),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_shown_and_not_sent() {
        assert_eq!(line("a\u{1b}]0;title\u{7}b"), "a\\u{1b}]0;title\\u{7}b");
        assert_eq!(line("one\ntwo\r\tthree"), "one\\u{a}two\\u{d}\tthree");
        assert_eq!(line("\u{9b}31m\u{7f}\u{85}"), "\\u{9b}31m\\u{7f}\\u{85}");
        assert_eq!(line("user\u{202e}txt.exe\u{2066}"), "user\\u{202e}txt.exe\\u{2066}");
        assert_eq!(text("one\r\ntwo\rthree\n\u{1b}[2J"), "one\ntwo\\u{d}three\n\\u{1b}[2J");
    }

    #[test]
    fn texts_of_all_languages_stay_as_they_are() {
        for ordinary in ["", "Ünï — 東京 🙂", "שלום\u{200f} (1)", "a\u{200d}b", "tab\tand \\u{1b} in words"] {
            assert!(matches!(line(ordinary), Cow::Borrowed(same) if same == ordinary));
        }
    }
}
