//! What a terminal or a log is shown of texts that others wrote: every character, but none that commands the terminal.

use std::borrow::Cow;
use std::fmt::{Arguments, Write as _};
use std::io::{self, Write as _};

/// A line on stderr, for a person. If nobody can read it, what is told about goes on all the same.
macro_rules! tell {
    ($($what:tt)*) => { $crate::terminal::told(format_args!($($what)*)) };
}
pub(crate) use tell;

pub fn told(what: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{what}");
}

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

/// Whether texts are told from each other by how they look, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// What a thing is called.
    Strong,
    /// What is beside it.
    Faint,
    /// What was looked for.
    Mark,
    Error,
}

impl Paint {
    pub const PLAIN: Self = Self(false);

    /// Colours; on Windows its console is asked to know them.
    pub fn colours() -> Self {
        #[cfg(windows)]
        anstyle_query::windows::enable_ansi_colors();
        Self(true)
    }

    /// A text that commands nothing, in its style; it is one line.
    pub fn styled<'a>(self, style: Style, text: &'a str) -> Cow<'a, str> {
        let text = line(text);
        let codes = match style {
            _ if !self.0 || text.is_empty() => return text,
            Style::Plain => return text,
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Mark => "1;33",
            Style::Error => "1;31",
        };
        Cow::Owned(format!("\u{1b}[{codes}m{text}\u{1b}[0m"))
    }
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
    fn only_what_paints_writes_codes_and_a_text_brings_none() {
        assert_eq!(Paint::PLAIN.styled(Style::Mark, "a\u{1b}[2J"), "a\\u{1b}[2J");
        assert_eq!(Paint(true).styled(Style::Mark, "a\u{1b}[2J"), "\u{1b}[1;33ma\\u{1b}[2J\u{1b}[0m");
        assert_eq!(Paint(true).styled(Style::Plain, "a"), "a");
    }

    #[test]
    fn texts_of_all_languages_stay_as_they_are() {
        for ordinary in ["", "Ünï — 東京 🙂", "שלום\u{200f} (1)", "a\u{200d}b", "tab\tand \\u{1b} in words"] {
            assert!(matches!(line(ordinary), Cow::Borrowed(same) if same == ordinary));
        }
    }
}
