//! The only writer of stdout. Results are written through one buffer and flushed at the end, so that a full pipe or
//! disk is an error of the command and not a panic. Text is written as [`crate::terminal`] shows it.

use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use crate::terminal::{self, Paint, Style};

/// Where results go.
pub struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One line of text, whatever is in it.
    pub fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.0.write_all(terminal::line(text.as_ref()).as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// One line of pieces, each in its style.
    pub fn styled<'a>(&mut self, paint: Paint, pieces: impl IntoIterator<Item = (Style, &'a str)>) -> io::Result<()> {
        for (style, piece) in pieces {
            self.0.write_all(paint.styled(style, piece).as_bytes())?;
        }
        self.0.write_all(b"\n")
    }

    /// A text of several lines.
    pub fn text(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.0.write_all(terminal::text(text.as_ref()).as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// One JSON document on one line.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut self.0, Escaping))?;
        self.0.write_all(b"\n")
    }

    /// What this program has made itself, as it is: a script, a page of the manual.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Shows what is written so far: for results that somebody watches.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    /// Everything written is out when this returns `Ok`.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()
    }
}

/// JSON has to escape C0 alone (RFC 8259 7) and may escape all: what else commands a terminal is escaped, too, and reads the same.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(terminal::is_command) {
            let (plain, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, plain)?;
            let command = from.chars().next().unwrap_or_default();
            // All of them are of the basic plane: one escape each.
            write!(writer, "\\u{:04x}", u32::from(command))?;
            rest = &from[command.len_utf8()..];
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_as_it_was_and_commands_nothing() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{1b}[2J\u{7f}\u{202e}", "plain \"quoted\" ü 🙂", "\u{2028}end\u{85}"], "n": 1.5 });
        let mut written = Vec::new();
        value.serialize(&mut Serializer::with_formatter(&mut written, Escaping)).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert!(!written.contains(terminal::is_command), "{written:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value);
    }
}
