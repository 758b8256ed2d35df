//! The body as it was meant to be sent: framing undone, coding not. Gives the connection back to the pool with the last byte.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_io::{AsyncBufRead, AsyncRead};

use super::Shared;
use super::connection::Connection;
use super::decode::yield_now;
use super::error::Error;
use super::h1::{Deframer, Framing, Persistence, Piece};
use super::verdict::{Replayable, Stage, Verdict, verdict};

/// Reads one body off a connection. Errors are [`Error`]s inside `io::Error`s; after one, the connection is gone.
pub(super) struct Framed {
    shared: Arc<Shared>,
    /// None once the body has ended, well or badly.
    connection: Option<Connection>,
    deframer: Deframer,
    persistence: Persistence,
    limits: Limits,
    /// Since when nothing has come; none while data flows.
    waiting_since: Option<Instant>,
    /// Bytes read since others had their turn.
    spent: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) idle: Duration,
    /// For the whole request; `total` is what it was set to.
    pub(super) deadline: Instant,
    pub(super) total: Duration,
    /// Bytes of data.
    pub(super) size: u64,
}

impl Framed {
    pub(super) fn new(shared: Arc<Shared>, connection: Connection, framing: Framing, persistence: Persistence, limits: Limits) -> Self {
        let deframer = Deframer::new(framing);
        let mut framed = Self { shared, connection: Some(connection), deframer, persistence, limits, waiting_since: None, spent: 0 };
        if framed.deframer.is_done() {
            framed.finish();
        }
        framed
    }

    /// Bytes of data to come, where the framing says so.
    pub(super) fn remaining(&self) -> Option<u64> {
        if self.connection.is_none() {
            return Some(0);
        }
        self.deframer.expected().map(|expected| expected - self.deframer.received())
    }

    /// Whether the last read is still waiting for bytes.
    pub(super) fn is_waiting(&self) -> bool {
        self.connection.is_some() && self.waiting_since.is_some()
    }

    /// Reads to the end and drops what comes. `Ok(false)` if the end is not within `most` bytes of data.
    pub(super) async fn drain(&mut self, most: u64) -> io::Result<bool> {
        let most = self.deframer.received().saturating_add(most);
        loop {
            let count = poll_fn(|cx| Pin::new(&mut *self).poll_fill_buf(cx).map_ok(<[u8]>::len)).await?;
            if count == 0 {
                return Ok(true);
            }
            Pin::new(&mut *self).consume(count);
            if self.deframer.received() > most {
                return Ok(false);
            }
        }
    }

    /// The last byte has been used: whatever happens to the connection from here on takes nothing from the answer.
    fn finish(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.persistence == Persistence::Close {
            return;
        }
        if !connection.buffer.unread().is_empty() {
            log::trace!("{}: bytes after a complete message", connection.route);
            return;
        }
        let now = connection.alarm.now();
        self.shared.benign_resets(self.shared.pool.put(connection, now));
    }

    fn fail<T>(&mut self, error: Error) -> Poll<io::Result<T>> {
        self.connection = None;
        Poll::Ready(Err(error.into()))
    }

    fn truncated<T>(&mut self, source: Option<io::Error>) -> Poll<io::Result<T>> {
        let (received, expected) = (self.deframer.received(), self.deframer.expected());
        self.fail(Error::TruncatedBody { received, expected, source })
    }

    /// The connection ended, or reading failed, before the framing said that the body is complete.
    fn ended(&mut self, error: Option<io::Error>) -> Poll<io::Result<()>> {
        let stage = if self.deframer.may_end() { Stage::OpenBody } else { Stage::FramedBody };
        match verdict(error.as_ref(), stage, Replayable::No) {
            Verdict::Benign => {
                self.connection = None;
                Poll::Ready(Ok(()))
            }
            Verdict::RetryFresh | Verdict::Surface => self.truncated(error),
        }
    }

    /// After a read: counts the time, and ends the wait when it has been too long.
    fn poll_in_time<T>(&mut self, cx: &mut Context<'_>, read: Poll<T>) -> Poll<Result<T, Error>> {
        let Some(connection) = self.connection.as_mut() else { return read.map(Ok) };
        let Poll::Pending = read else {
            self.waiting_since = None;
            // A peer that always has a little more never lets the alarm be asked.
            if connection.alarm.now() >= self.limits.deadline {
                return Poll::Ready(Err(Error::TotalTimeout { limit: self.limits.total }));
            }
            return read.map(Ok);
        };
        self.spent = 0;
        let since = *self.waiting_since.get_or_insert_with(|| connection.alarm.now());
        let idle = since.checked_add(self.limits.idle).unwrap_or(self.limits.deadline);
        ready!(connection.alarm.poll_reached(cx, idle.min(self.limits.deadline)));
        Poll::Ready(Err(match self.limits.deadline <= idle {
            true => Error::TotalTimeout { limit: self.limits.total },
            false => Error::IdleTimeout { limit: self.limits.idle },
        }))
    }

    fn took(&mut self, amount: usize) -> Result<(), Error> {
        self.deframer.took(amount);
        if self.deframer.received() > self.limits.size {
            self.connection = None;
            return Err(Error::BodyTooLarge { limit: self.limits.size });
        }
        if self.deframer.is_done() {
            self.finish();
        }
        Ok(())
    }

    /// Makes data available in the buffer; returns how much, 0 at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            let Some(connection) = self.connection.as_mut() else { return Poll::Ready(Ok(0)) };
            match self.deframer.advance(connection.buffer.unread()) {
                Ok((framing, piece)) => {
                    connection.buffer.consume(framing);
                    if self.deframer.announced() > self.limits.size {
                        let limit = self.limits.size;
                        return self.fail(Error::BodyTooLarge { limit });
                    }
                    match piece {
                        Piece::Data(count) => return Poll::Ready(Ok(count)),
                        Piece::End => {
                            self.finish();
                            return Poll::Ready(Ok(0));
                        }
                        Piece::More => {}
                    }
                }
                Err(fault) => return self.fail(Error::MalformedBody { fault }),
            }
            if self.spent >= TURN {
                self.spent = 0;
                return yield_now(cx);
            }
            let read = connection.poll_fill(cx);
            match ready!(self.poll_in_time(cx, read)) {
                Ok(Ok(count @ 1..)) => self.spent += count,
                Ok(Ok(0)) => ready!(self.ended(None))?,
                Ok(Err(error)) => ready!(self.ended(Some(error)))?,
                Err(error) => return self.fail(error),
            }
        }
    }
}

impl AsyncRead for Framed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let framed = self.get_mut();
        // Straight to where it goes, past the buffer, where that saves a copy.
        if let Some(connection) = framed.connection.as_mut()
            && connection.buffer.unread().is_empty()
            && into.len() >= WORTH_A_READ
            && framed.deframer.data_ahead() > 0
        {
            if framed.spent >= TURN {
                framed.spent = 0;
                return yield_now(cx);
            }
            let most = usize::try_from(framed.deframer.data_ahead()).map_or(into.len(), |ahead| ahead.min(into.len()));
            let read = connection.wire.poll_read(cx, &mut into[..most]);
            return match ready!(framed.poll_in_time(cx, read)) {
                Ok(Ok(count @ 1..)) => {
                    framed.spent += count;
                    Poll::Ready(framed.took(count).map(|()| count).map_err(io::Error::from))
                }
                Ok(Ok(0)) => framed.ended(None).map_ok(|()| 0),
                Ok(Err(error)) => framed.ended(Some(error)).map_ok(|()| 0),
                Err(error) => framed.fail(error),
            };
        }
        let count = ready!(framed.poll_data(cx))?.min(into.len());
        if let Some(connection) = framed.connection.as_ref() {
            into[..count].copy_from_slice(&connection.buffer.unread()[..count]);
        }
        framed.use_up(count)?;
        Poll::Ready(Ok(count))
    }
}

impl Framed {
    fn use_up(&mut self, amount: usize) -> io::Result<()> {
        if amount > 0
            && let Some(connection) = self.connection.as_mut()
        {
            connection.buffer.consume(amount);
            self.took(amount)?;
        }
        Ok(())
    }
}

impl AsyncBufRead for Framed {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let framed = self.get_mut();
        let count = ready!(framed.poll_data(cx))?;
        // Refused here, because `consume` cannot.
        if framed.deframer.received() + count as u64 > framed.limits.size {
            let limit = framed.limits.size;
            return framed.fail(Error::BodyTooLarge { limit });
        }
        Poll::Ready(Ok(framed.connection.as_ref().map_or(&[], |connection| &connection.buffer.unread()[..count])))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        // What was handed out is within the limit, which is the only thing that can fail.
        let _ = self.get_mut().use_up(amount);
    }
}

impl std::fmt::Debug for Framed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framed").field("connection", &self.connection).field("deframer", &self.deframer).finish_non_exhaustive()
    }
}

/// Bytes read between two turns of others: a peer that is faster than we are always has more.
const TURN: usize = 512 * 1024;
// Below this a read of what is ready into the buffer costs less than many small ones.
const WORTH_A_READ: usize = 4096;
