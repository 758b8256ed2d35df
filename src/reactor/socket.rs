//! What every reactor hands out: a TCP connection and a listener. The one place that knows what a failed shutdown(2) means.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::reactor::Boxed;
use crate::reactor::ledger::Entry;
use crate::reactor::ledger::Ledger;
use crate::reactor::ledger::Side;
use crate::reactor::shutdown::Stopped;

/// What a reactor brings to make a [`Socket`].
///
/// `poll_close` sends FIN and returns the raw result of shutdown(2): `Socket` judges it. Once a read, a write or a probe has
/// met a reset, or the system has given the connection up, a later read must not report the end of the stream (Linux does, when
/// a write consumed the error): data that has arrived may still be read, then the error is reported, as often as one reads.
///
/// Dropping it closes the connection, which the thread that shuts the reactor down may do. It is polled under a lock of its
/// own: a poll must neither block nor poll anything else of this reactor.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {
    fn peer_addr(&self) -> SocketAddr;
    /// # Errors
    /// The system no longer knows the socket.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// True if there is nothing to read and neither FIN nor an error has arrived. Consumes no data.
    fn is_quiet(&self) -> bool;
}

/// A TCP connection.
///
/// Closing it flushes, whose errors are returned, then sends FIN. That this fails, because the peer has reset the connection
/// after its last byte, is no error: everything was said. It is traced and counted. Dropping the socket closes it.
///
/// Once the shutdown of its reactor has aborted it, whatever one asks of it fails with [`Stopped::Aborted`].
pub struct Socket {
    entry: Entry<Box<dyn Stream>>,
    peer: SocketAddr,
    closing: Closing,
}

/// Whether FIN has been asked for: only the first attempt is judged and counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    Done,
}

impl Socket {
    /// `ledger` is that of the reactor that made the stream.
    pub fn new(stream: impl Stream, ledger: &Ledger) -> Self {
        let peer = stream.peer_addr();
        Self { entry: Entry::new(Box::new(stream), ledger), peer, closing: Closing::No }
    }

    /// False, if the shutdown's grace was over when it was made.
    pub(crate) fn has_place(&self) -> bool {
        self.entry.has_place()
    }

    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// # Errors
    /// The system no longer knows the socket, or it was aborted.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.entry.with(|stream| stream.local_addr()).unwrap_or_else(|| Err(Stopped::Aborted.into()))
    }

    /// True if there is nothing to read and neither FIN nor an error has arrived: an idle connection may be used again.
    /// Consumes no data and never blocks.
    pub fn is_quiet(&self) -> bool {
        self.entry.with(|stream| stream.is_quiet()).unwrap_or(false)
    }

    /// Everything was said but for the goodbye of a protocol above, such as TLS: no error takes anything from anybody from now
    /// on, and a shutdown of the reactor does not count it as surfaced.
    pub fn take_leave(&mut self) {
        self.entry.expect_nothing();
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.entry.poll(Side::Read, cx, |stream, cx| Pin::new(stream).poll_read(cx, buf))
    }

    fn poll_read_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &mut [io::IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        self.entry.poll(Side::Read, cx, |stream, cx| Pin::new(stream).poll_read_vectored(cx, bufs))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.entry.poll(Side::Write, cx, |stream, cx| Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.entry.poll(Side::Write, cx, |stream, cx| Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.entry.poll(Side::Write, cx, |stream, cx| Pin::new(stream).poll_flush(cx))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing == Closing::Done {
            return Poll::Ready(Ok(()));
        }
        let closed = ready!(self.entry.poll(Side::Write, cx, |stream, cx| {
            ready!(Pin::new(&mut **stream).poll_flush(cx))?;
            Poll::Ready(Ok(ready!(Pin::new(&mut **stream).poll_close(cx))))
        }))?;
        if let Err(error) = closed {
            self.entry.ledger().count_benign();
            log::trace!("{}: shutdown after the peer had gone: {error}", self.peer);
        }
        self.closing = Closing::Done;
        Poll::Ready(Ok(()))
    }
}

/// What a reactor brings to make a [`Listener`].
pub trait Accept: Send + Sync + 'static {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>>;
    fn local_addr(&self) -> SocketAddr;
}

/// Accepts TCP connections. Dropping it stops listening.
pub struct Listener {
    accept: Box<dyn Accept>,
    ledger: Ledger,
}

impl Listener {
    /// `ledger` is that of the reactor that made what accepts.
    pub fn new(accept: impl Accept, ledger: &Ledger) -> Self {
        Self { accept: Box::new(accept), ledger: ledger.clone() }
    }

    /// The next connection and the address it comes from.
    ///
    /// # Errors
    /// The process is out of file descriptors, or the connection ended before it was taken: the listener itself still works.
    /// [`Stopped::Refused`] from the moment at which the reactor's shutdown begins, waiting or not.
    pub async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        let mut accepting = self.accept.accept();
        let mut watch = self.ledger.watch();
        poll_fn(|cx| {
            self.ledger.admit()?;
            let accepted = accepting.as_mut().poll(cx);
            match accepted.is_pending() && watch.poll_closing(cx).is_ready() {
                true => Poll::Ready(Err(Stopped::Refused.into())),
                false => accepted,
            }
        })
        .await
    }

    /// Where it listens: of port 0, the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.accept.local_addr()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.local_addr()).finish()
    }
}
