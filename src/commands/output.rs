//! The only writer of stdout. Results are written through one buffer and flushed at the end, so that a full pipe or
//! disk is an error of the command and not a panic.

use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

/// Where results go.
pub struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    pub fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One line of text.
    pub fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        self.0.write_all(text.as_ref().as_bytes())?;
        self.0.write_all(b"\n")
    }

    /// One JSON document on one line.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        self.0.write_all(b"\n")
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
