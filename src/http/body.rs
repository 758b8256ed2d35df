//! The body of an answer as its reader sees it: decoded, capped, and complete or an error.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead};
use url::Url;

use super::Shared;
use super::counters::Reached;
use super::decode::{self, Coding, Layer};
use super::error::Error;
use super::framed::Framed;
use super::masked::masked;

/// Reads the body of a [`Response`](super::Response).
///
/// The end of the stream means that the whole body has come: a body cut short, over the limit, too slow or wrongly coded is an
/// `io::Error` whose `get_ref` is an [`Error`]. Dropping it before the end closes the connection.
pub struct Body {
    shared: Arc<Shared>,
    url: Url,
    source: Source,
    outcome: Outcome,
    limit: u64,
}

#[expect(clippy::large_enum_variant, reason = "the large one is the common one, and a box would be one allocation more for each page")]
enum Source {
    Plain(Framed),
    Coded(Box<dyn Layer>),
}

/// What has been counted for this answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Not handed over: the answer is a hop on the way, and counts for nothing.
    Ours,
    Open,
    Complete,
    Failed,
}

impl Body {
    pub(super) fn new(shared: Arc<Shared>, url: Url, framed: Framed, codings: &[Coding], limit: u64) -> Self {
        let source = match codings {
            [] => Source::Plain(framed),
            codings => Source::Coded(decode::undo(framed, codings, limit)),
        };
        Self { shared, url, source, outcome: Outcome::Ours, limit }
    }

    /// The answer is the one that was asked for: from here on it counts.
    pub(super) fn hand_over(&mut self) {
        self.outcome = Outcome::Open;
        if self.is_empty() {
            self.complete();
        }
    }

    /// Whether nothing is left to be read, for all that is known.
    pub(super) fn is_empty(&mut self) -> bool {
        self.framed().remaining() == Some(0)
    }

    /// Bytes left as sent, where the framing says so.
    #[cfg(feature = "surf")]
    pub(super) fn remaining(&mut self) -> Option<usize> {
        self.framed().remaining().and_then(|bytes| usize::try_from(bytes).ok())
    }

    /// What is left of the body, in a `Vec` of exactly that size.
    pub(super) async fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        let read = match (self.outcome, self.framed().remaining()) {
            (Outcome::Failed, _) => return Err(self.failed_before()),
            (_, Some(length)) if length > self.limit => return Err(self.fail(Error::BodyTooLarge { limit: self.limit }.into())),
            (_, remaining) => match &self.source {
                Source::Plain(_) => match remaining {
                    Some(length) => self.read_exactly(length as usize).await,
                    None => self.read_plain().await,
                },
                Source::Coded(_) => self.read_coded(remaining).await,
            },
        };
        match read {
            Ok(bytes) => {
                self.complete();
                Ok(bytes)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// From the socket into the result without a stop, but for what came with the head.
    async fn read_exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        // Zeroed pages of a large length cost nothing until the bytes really come.
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let count = poll_fn(|cx| self.poll_source(cx, &mut bytes[filled..])).await?;
            if count == 0 {
                break;
            }
            filled += count;
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    async fn read_plain(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Source::Plain(framed) = &mut self.source else { return Ok(bytes) };
        loop {
            let count = poll_fn(|cx| {
                let piece = ready!(Pin::new(&mut *framed).poll_fill_buf(cx))?;
                bytes.extend_from_slice(piece);
                Poll::Ready(io::Result::Ok(piece.len()))
            })
            .await?;
            if count == 0 {
                bytes.shrink_to_fit();
                return Ok(bytes);
            }
            Pin::new(&mut *framed).consume(count);
        }
    }

    async fn read_coded(&mut self, coded_length: Option<u64>) -> io::Result<Vec<u8>> {
        // Text shrinks to about a quarter.
        let guess = coded_length.map_or(GUESS, |length| (length.saturating_mul(4) as usize).clamp(1024, MAX_GUESS));
        let mut bytes = vec![0; guess];
        let mut filled = 0;
        loop {
            if filled == bytes.len() {
                bytes.resize(filled * 2, 0);
            }
            let count = poll_fn(|cx| self.poll_source(cx, &mut bytes[filled..])).await?;
            if count == 0 {
                bytes.truncate(filled);
                bytes.shrink_to_fit();
                return Ok(bytes);
            }
            filled += count;
        }
    }

    /// For a body nobody wants: reads it if that is soon done, so that the connection can be used again. Never an error, never counted.
    pub(super) async fn discard(mut self, most: u64) {
        match self.framed().drain(most).await {
            Ok(_) => {}
            Err(error) => log::trace!("{}: while passing over a body: {error}", masked(&self.url)),
        }
    }

    fn framed(&mut self) -> &mut Framed {
        match &mut self.source {
            Source::Plain(framed) => framed,
            Source::Coded(layer) => layer.framed(),
        }
    }

    fn poll_source(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        match &mut self.source {
            Source::Plain(framed) => Pin::new(framed).poll_read(cx, into),
            Source::Coded(layer) => Pin::new(layer).poll_read(cx, into),
        }
    }

    fn complete(&mut self) {
        if self.outcome == Outcome::Open {
            self.outcome = Outcome::Complete;
            self.shared.totals.count(|numbers| &numbers.succeeded);
        }
    }

    /// Counts the failure and adds the URL; every error of the sources is one of ours.
    fn fail(&mut self, error: io::Error) -> Error {
        let error =
            Error::from_io(error).unwrap_or_else(|source| Error::TruncatedBody { received: 0, expected: None, source: Some(source) });
        if self.outcome == Outcome::Open {
            self.shared.totals.failed(&error, Reached::Body);
        }
        self.outcome = Outcome::Failed;
        error.at(&self.url)
    }

    /// An error is not followed by an end that could be taken for success.
    fn failed_before(&mut self) -> Error {
        let io_error = io::Error::other("the body has failed before");
        self.fail(io_error)
    }
}

impl AsyncRead for Body {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let body = self.get_mut();
        if body.outcome == Outcome::Failed {
            return Poll::Ready(Err(body.failed_before().into()));
        }
        match ready!(body.poll_source(cx, into)) {
            Ok(0) if !into.is_empty() => {
                body.complete();
                Poll::Ready(Ok(0))
            }
            Ok(count) => Poll::Ready(Ok(count)),
            Err(error) => Poll::Ready(Err(body.fail(error).into())),
        }
    }
}

impl AsyncBufRead for Body {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let body = self.get_mut();
        if body.outcome == Outcome::Failed {
            return Poll::Ready(Err(body.failed_before().into()));
        }
        let filled = match &mut body.source {
            Source::Plain(framed) => Pin::new(framed).poll_fill_buf(cx).map_ok(<[u8]>::len),
            Source::Coded(layer) => Pin::new(layer).poll_fill_buf(cx).map_ok(<[u8]>::len),
        };
        match ready!(filled) {
            Ok(0) => {
                body.complete();
                Poll::Ready(Ok(&[]))
            }
            // Ready at once: the bytes just announced are in the buffer.
            Ok(_) => match &mut body.source {
                Source::Plain(framed) => Pin::new(framed).poll_fill_buf(cx),
                Source::Coded(layer) => Pin::new(layer).poll_fill_buf(cx),
            },
            Err(error) => Poll::Ready(Err(body.fail(error).into())),
        }
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        match &mut self.source {
            Source::Plain(framed) => Pin::new(framed).consume(amount),
            Source::Coded(layer) => Pin::new(layer).consume(amount),
        }
    }
}

/// Who lets go of the rest has what they wanted, unless they were waiting for more of it.
impl Drop for Body {
    fn drop(&mut self) {
        if self.outcome == Outcome::Open && self.framed().is_waiting() {
            self.outcome = Outcome::Failed;
            self.shared.totals.count(|numbers| &numbers.cancelled);
        }
        self.complete();
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

const GUESS: usize = 64 * 1024;
const MAX_GUESS: usize = 1 << 20;
