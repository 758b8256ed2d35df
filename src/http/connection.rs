//! One connection to a server: its bytes, the one buffer they arrive in, and the one alarm that guards its waiting.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};

use super::connect::Route;
use super::counters::Totals;
use super::tls::Session;
use super::verdict::Age;
use crate::reactor::Boxed;
use crate::reactor::Handle;
use crate::reactor::Socket;
use crate::reactor::Stopped;

/// Open, and at any moment owned by one exchange, one body or the pool. Dropping it closes it.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) buffer: Buffer,
    pub(super) alarm: Alarm,
    pub(super) route: Route,
    pub(super) age: Age,
}

impl Connection {
    pub(super) fn new(wire: Wire, route: Route, handle: &Handle) -> Self {
        Self { wire, buffer: Buffer::default(), alarm: Alarm::new(handle), route, age: Age::Fresh }
    }

    /// Reads more into the buffer; 0 is the peer's orderly end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.buffer.bytes.is_empty() {
            let count = ready!(self.wire.poll_read(cx, self.buffer.free()))?;
            self.buffer.end += count;
            return Poll::Ready(Ok(count));
        }
        // A connection that only waits has no buffer: thousands may wait for slow servers at one time.
        let mut first = [0; FIRST];
        let count = ready!(self.wire.poll_read(cx, &mut first))?;
        if count > 0 {
            self.buffer.free()[..count].copy_from_slice(&first[..count]);
            self.buffer.end = count;
        }
        Poll::Ready(Ok(count))
    }

    /// Whether it can carry another request as far as this side can know.
    pub(super) fn is_quiet(&self) -> bool {
        self.buffer.unread().is_empty() && self.wire.is_quiet()
    }

    /// The peer is known to be gone, and that has been counted.
    pub(super) fn give_up(&mut self) {
        self.wire.is_over = true;
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("route", &self.route).field("age", &self.age).finish_non_exhaustive()
    }
}

/// The bytes of a connection, and its place in the counters.
pub(super) struct Wire {
    stream: Stream,
    /// A read or a write has met the end or an error, or the pool has found the peer gone: whatever that meant has been judged and
    /// counted, so that what it does to the closing says nothing new.
    is_over: bool,
    totals: Arc<Totals>,
}

/// Without or with TLS.
pub(super) enum Stream {
    Plain(Socket),
    Tls(Box<Session>),
}

impl Wire {
    /// `stream` stands: it counts as opened.
    pub(super) fn new(stream: Stream, totals: &Arc<Totals>) -> Self {
        totals.count(|numbers| &numbers.connections_opened);
        Self { stream, is_over: false, totals: totals.clone() }
    }

    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = ready!(match &mut self.stream {
            Stream::Plain(socket) => Pin::new(socket).poll_read(cx, into),
            Stream::Tls(session) => session.poll_read(cx, into),
        });
        self.is_over |= matches!(read, Ok(0) | Err(_));
        Poll::Ready(read)
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(match &mut self.stream {
            Stream::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Stream::Tls(session) => session.poll_write(cx, bytes),
        });
        self.is_over |= written.is_err();
        Poll::Ready(written)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(match &mut self.stream {
            Stream::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Stream::Tls(session) => session.poll_flush(cx),
        });
        self.is_over |= flushed.is_err();
        Poll::Ready(flushed)
    }

    /// Whether nothing has come: no byte, no end, no error.
    fn is_quiet(&self) -> bool {
        match &self.stream {
            Stream::Plain(socket) => socket.is_quiet(),
            Stream::Tls(session) => session.is_quiet(),
        }
    }

    /// A session is closed as RFC 8446 6.1 asks, as far as that needs no waiting. There is no shutdown(2): dropping the socket sends FIN.
    fn say_goodbye(&mut self) -> io::Result<()> {
        let Stream::Tls(session) = &mut self.stream else { return Ok(()) };
        match session.poll_goodbye(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(()),
        }
    }
}

/// What comes of closing is of no interest: everything was said, or nobody wants to hear it any more.
impl Drop for Wire {
    fn drop(&mut self) {
        if let Err(error) = self.say_goodbye() {
            log::trace!("while closing: {error}");
            if !self.is_over && Stopped::of(&error).is_none() {
                self.totals.count(|numbers| &numbers.benign_resets);
            }
        }
        self.totals.count(|numbers| &numbers.connections_dropped);
    }
}

/// Received and not yet used: `bytes[start..end]`.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.start += amount;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Gives the memory back, where nothing is in it.
    pub(super) fn release(&mut self) {
        if self.unread().is_empty() {
            *self = Self::default();
        }
    }

    /// Room to read into, never empty. Grows only for a head or a chunk line that fills the whole buffer; those have limits of their own.
    fn free(&mut self) -> &mut [u8] {
        if self.end == self.bytes.len() {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            } else {
                self.bytes.resize((self.bytes.len() * 2).max(BUFFER), 0);
            }
        }
        &mut self.bytes[self.end..]
    }
}

/// A timer that is set only when something must be waited for, and moved only when it has gone off too early: most deadlines
/// are replaced by later ones before they come, so a connection sets few timers in its life, idle times included.
pub(super) struct Alarm {
    handle: Handle,
    armed: Option<(Instant, Boxed<'static, ()>)>,
}

impl Alarm {
    pub(super) fn new(handle: &Handle) -> Self {
        Self { handle: handle.clone(), armed: None }
    }

    pub(super) fn now(&self) -> Instant {
        self.handle.now()
    }

    /// Ready once the clock has reached `at`.
    pub(super) fn poll_reached(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        loop {
            match &mut self.armed {
                Some((armed, timer)) if *armed <= at => {
                    ready!(timer.as_mut().poll(cx));
                    let reached = *armed >= at;
                    self.armed = None;
                    if reached || self.handle.now() >= at {
                        return Poll::Ready(());
                    }
                }
                _ => self.armed = Some((at, self.handle.sleep_until(at))),
            }
        }
    }
}

// A head and a page of common size in one read.
const BUFFER: usize = 32 * 1024;
// Once for each connection: on the stack, and enough for a common head.
const FIRST: usize = 4 * 1024;
