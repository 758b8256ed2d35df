//! How a command that failed says so: one line `error: what: why`, a `hint:` line where there is one, an exit status.

use std::process::ExitCode;

use smolcrawl::error::chain;

use crate::terminal::{self, Paint, Style, tell};

/// A command's end short of what was asked for.
#[derive(Debug)]
pub struct Failure {
    /// What the line begins with.
    lead: &'static str,
    /// What failed and why, on one line. None if all has been said.
    message: Option<String>,
    hint: Option<String>,
    status: u8,
    /// The same may succeed later with nothing done about it.
    may_pass: bool,
}

impl Failure {
    /// Something failed, and this is what to do.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { lead: ERROR, message: Some(message.into()), hint: Some(hint.into()), status: FAILED, may_pass: false }
    }

    /// The command was called wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            lead: ERROR,
            message: Some(message.into()),
            hint: Some("see `smolcrawl --help`".to_owned()),
            status: WRONG_USAGE,
            may_pass: false,
        }
    }

    /// A flag was given what it can never be, whatever is stored and whatever a site says.
    pub fn flag(error: impl Into<smolcrawl::Error>) -> Self {
        Self { status: WRONG_USAGE, ..error.into().into() }
    }

    /// With another hint.
    #[must_use]
    pub fn hinting(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The user or the system ended it before it was complete; `kept` is what there is of it.
    pub fn interrupted(kept: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { lead: "interrupted", message: Some(kept.into()), hint: Some(hint.into()), status: INTERRUPTED, may_pass: false }
    }

    /// Whether somebody ended it.
    pub fn is_interruption(&self) -> bool {
        self.status == INTERRUPTED
    }

    /// Whether it is worth trying again.
    pub fn may_pass(&self) -> bool {
        self.may_pass
    }

    /// With more to be said about it.
    #[must_use]
    pub fn and(self, more: impl std::fmt::Display) -> Self {
        Self { message: self.message.map(|message| format!("{message}; {more}")), ..self }
    }

    /// Nothing is left to be said: the result has been printed, or nobody reads it any more.
    pub fn silent() -> Self {
        Self { lead: ERROR, message: None, hint: None, status: FAILED, may_pass: false }
    }

    /// What it is and what helps, in one line.
    pub fn told(&self) -> String {
        let parts = [self.message.as_deref(), self.hint.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    }

    /// Prints it on stderr and gives the exit status.
    pub fn report(self, paint: Paint) -> ExitCode {
        if let Some(message) = self.message {
            tell!("{}: {}", paint.styled(Style::Error, self.lead), terminal::line(&message));
        }
        if let Some(hint) = self.hint {
            tell!("{}: {}", paint.styled(Style::Strong, "hint"), terminal::line(&hint));
        }
        ExitCode::from(self.status)
    }

    /// The same where it is not known yet what is to be coloured.
    pub fn report_plain(self) -> ExitCode {
        self.report(Paint::PLAIN)
    }
}

impl From<smolcrawl::Error> for Failure {
    fn from(error: smolcrawl::Error) -> Self {
        Self { lead: ERROR, message: Some(error.chain()), hint: error.hint(), status: FAILED, may_pass: error.is_transient() }
    }
}

impl From<smolcrawl::config::Error> for Failure {
    fn from(error: smolcrawl::config::Error) -> Self {
        Self { lead: ERROR, message: Some(chain(&error)), hint: Some(error.hint()), status: WRONG_USAGE, may_pass: false }
    }
}

/// Of writing a result. A reader of stdout that has gone away is no news.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::silent(),
            _ => Self::new(format!("the result cannot be written: {}", chain(&error)), "check where standard output goes"),
        }
    }
}

/// Where in a text a byte of it is, as people and editors count: from 1, columns in characters.
pub fn place(text: &str, offset: usize) -> String {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    format!("line {}, column {}", before.matches('\n').count() + 1, before[line..].chars().count() + 1)
}

const ERROR: &str = "error";
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;
/// 128 + SIGINT, as shells report it; whatever asked the process to end.
const INTERRUPTED: u8 = 130;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one() {
        let text = "a = 1\r\nü = = 2";
        assert_eq!(place(text, 0), "line 1, column 1");
        assert_eq!(place(text, text.find("= 2").unwrap()), "line 2, column 5");
        assert_eq!(place(text, text.find('ü').unwrap() + 1), "line 2, column 1");
        assert_eq!(place(text, 1_000), "line 2, column 8");
    }
}
