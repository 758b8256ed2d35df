//! One connection to a server: its bytes, the one buffer they arrive in, and the one alarm that guards its waiting.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::client::TlsStream;

use super::connect::Route;
use super::verdict::Age;
use crate::reactor::Boxed;
use crate::reactor::Handle;
use crate::reactor::Socket;

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
        let count = ready!(self.wire.poll_read(cx, self.buffer.free()))?;
        self.buffer.end += count;
        Poll::Ready(Ok(count))
    }

    /// Whether it can carry another request as far as this side can know.
    pub(super) fn is_quiet(&self) -> bool {
        self.buffer.unread().is_empty() && self.wire.is_quiet()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("route", &self.route).field("age", &self.age).finish_non_exhaustive()
    }
}

/// The bytes of a connection, without or with TLS.
pub(super) enum Wire {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Wire {
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, into),
        }
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Whether nothing has come: no byte, no end, no error.
    fn is_quiet(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_quiet(),
            // A session wants no more while it holds what nobody has read, nor after close_notify; the socket shows neither.
            Self::Tls(stream) => stream.get_ref().1.wants_read() && stream.get_ref().0.is_quiet(),
        }
    }
}

/// A session is closed as RFC 8446 6.1 asks, as far as that needs no waiting. What comes of it is of no interest: everything was
/// said, or nobody wants to hear it any more.
impl Drop for Wire {
    fn drop(&mut self) {
        if let Self::Tls(stream) = self
            && let Poll::Ready(Err(error)) = Pin::new(stream).poll_close(&mut Context::from_waker(Waker::noop()))
        {
            log::trace!("while closing: {error}");
        }
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
