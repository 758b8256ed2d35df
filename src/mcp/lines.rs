//! Cuts a stream of bytes into lines of bounded length. The cutter is pure; the reader puts it on a futures-io stream.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;

use crate::mcp::id_finder::IdFinder;
use crate::mcp::message::{Id, shortened};

/// One line of input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// Without its line feed.
    Line(Vec<u8>),
    /// Longer than the limit and so skipped, but for its id.
    TooLong { id: Option<Id>, bytes: usize },
}

impl fmt::Display for Input {
    /// For the log: the beginning only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Line(bytes) => f.write_str(&shortened(&String::from_utf8_lossy(&bytes[..bytes.len().min(1000)]))),
            Input::TooLong { bytes, .. } => write!(f, "a line of {bytes} bytes"),
        }
    }
}

/// Collects bytes until a line is whole.
#[derive(Debug)]
pub(crate) struct LineCutter {
    /// Longest line kept, in bytes.
    limit: usize,
    partial: Vec<u8>,
    /// Set while a line over the limit goes by.
    skipped: Option<Skipped>,
}

#[derive(Debug, Default)]
struct Skipped {
    finder: IdFinder,
    bytes: usize,
}

impl LineCutter {
    pub(crate) fn new(limit: usize) -> LineCutter {
        LineCutter { limit, partial: Vec::new(), skipped: None }
    }

    /// Takes the next bytes of the stream and appends the lines that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], lines: &mut VecDeque<Input>) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            self.extend(&bytes[..end]);
            bytes = &bytes[end + 1..];
            lines.extend(self.end());
        }
        self.extend(bytes);
    }

    /// The line before the end of the stream, if its line feed is missing.
    pub(crate) fn end(&mut self) -> Option<Input> {
        if let Some(skipped) = self.skipped.take() {
            return Some(Input::TooLong { id: skipped.finder.found(), bytes: skipped.bytes });
        }
        let line = std::mem::take(&mut self.partial);
        (!line.is_empty()).then_some(Input::Line(line))
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.skipped.is_none() && self.partial.len() + bytes.len() > self.limit {
            let mut skipped = Skipped::default();
            skipped.feed(&std::mem::take(&mut self.partial));
            self.skipped = Some(skipped);
        }
        match &mut self.skipped {
            Some(skipped) => skipped.feed(bytes),
            None => self.partial.extend_from_slice(bytes),
        }
    }
}

impl Skipped {
    fn feed(&mut self, bytes: &[u8]) {
        self.finder.feed(bytes);
        self.bytes += bytes.len();
    }
}

/// Lines from a stream.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    stream: R,
    cutter: LineCutter,
    ready: VecDeque<Input>,
    /// Bytes read since `ready` was last empty.
    ahead: usize,
    has_ended: bool,
    buffer: Box<[u8]>,
}

/// So much is read ahead of what is taken, in bytes.
const AHEAD: usize = 256 << 10;

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(crate) fn new(stream: R, limit: usize) -> LineReader<R> {
        let buffer = vec![0; 64 << 10].into();
        LineReader { stream, cutter: LineCutter::new(limit), ready: VecDeque::new(), ahead: 0, has_ended: false, buffer }
    }

    /// The next line; `None` at the end of the stream, and again whenever asked after it.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Input>>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Poll::Ready(Ok(Some(line)));
            }
            if self.has_ended {
                return Poll::Ready(Ok(None));
            }
            self.ahead = 0;
            ready!(self.poll_read(cx))?;
        }
    }

    /// Reads on while nobody can take lines, so that the end of the stream is noticed behind a few of them: ready when it is.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.has_ended {
            if self.ahead >= AHEAD {
                return Poll::Pending;
            }
            ready!(self.poll_read(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Nobody will take the lines that were read.
    pub(crate) fn forget(&mut self) {
        self.ready.clear();
        self.has_ended = true;
    }

    /// Whether lines were read that nobody has taken.
    pub(crate) fn has_lines(&self) -> bool {
        !self.ready.is_empty()
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut self.buffer)) {
            Ok(0) => {
                self.has_ended = true;
                self.ready.extend(self.cutter.end());
            }
            Ok(count) => {
                self.ahead += count;
                self.cutter.push(&self.buffer[..count], &mut self.ready);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.has_ended = true;
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(pieces: &[&[u8]], limit: usize) -> Vec<Input> {
        let mut cutter = LineCutter::new(limit);
        let mut lines = VecDeque::new();
        for piece in pieces {
            cutter.push(piece, &mut lines);
        }
        lines.extend(cutter.end());
        lines.into()
    }

    fn line(text: &str) -> Input {
        Input::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end() {
        assert_eq!(cut(&[b"one\ntw", b"o", b"\n\n", b"three"], 10), [line("one"), line("two"), line("three")]);
        assert_eq!(cut(&[b"0123456789\n"], 10), [line("0123456789")]);
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_but_for_its_id() {
        let long = br#"{"method":"ping","params":{"id":1,"x":"}\"{"},"id":"a\"b"}"#;
        let expected = [Input::TooLong { id: Some(Id::Text("a\"b".into())), bytes: long.len() }, line("next")];
        for at in 0..long.len() {
            assert_eq!(cut(&[&long[..at], &long[at..], b"\nnext\n"], 20), expected);
        }
        assert_eq!(cut(&[b"[[[[[[[[[[[["], 10), [Input::TooLong { id: None, bytes: 12 }]);
    }

    proptest! {
        #[test]
        fn the_cut_does_not_depend_on_the_pieces(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'"'), Just(b'{'), any::<u8>()], 0..200),
            at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            limit in 1_usize..40,
        ) {
            let mut ends: Vec<usize> = at.iter().map(|index| index.index(bytes.len() + 1)).collect();
            ends.extend([0, bytes.len()]);
            ends.sort_unstable();
            let pieces: Vec<&[u8]> = ends.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let whole = cut(&[&bytes], limit);
            prop_assert_eq!(cut(&pieces, limit), whole.clone());
            for input in whole {
                match input {
                    Input::Line(line) => prop_assert!(line.len() <= limit),
                    Input::TooLong { bytes, .. } => prop_assert!(bytes > limit),
                }
            }
        }
    }
}
