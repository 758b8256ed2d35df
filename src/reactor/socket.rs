//! What every reactor hands out: a TCP connection and a listener. The one place that knows what a failed shutdown(2) means.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

use crate::reactor::Boxed;

/// What a reactor brings to make a [`Socket`].
///
/// `poll_close` sends FIN and returns the raw result of shutdown(2): `Socket` judges it. Once a read, a write or a probe has
/// met a reset, a later read must not report the end of the stream (Linux does, when a write consumed the error): data that
/// has arrived may still be read, then the reset is reported, as often as one reads.
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
pub struct Socket {
    stream: Box<dyn Stream>,
    shutdowns: BenignShutdowns,
    closing: Closing,
}

/// Whether FIN has been asked for: only the first attempt is judged and counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    No,
    Done,
}

impl Socket {
    /// `shutdowns` is the counter of the reactor that made the stream.
    pub fn new(stream: impl Stream, shutdowns: &BenignShutdowns) -> Self {
        Self { stream: Box::new(stream), shutdowns: shutdowns.clone(), closing: Closing::No }
    }

    pub fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr()
    }

    /// # Errors
    /// The system no longer knows the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// True if there is nothing to read and neither FIN nor an error has arrived: an idle connection may be used again.
    /// Consumes no data and never blocks.
    pub fn is_quiet(&self) -> bool {
        self.stream.is_quiet()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("peer", &self.peer_addr()).finish_non_exhaustive()
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_read(cx, buf)
    }

    fn poll_read_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &mut [io::IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_read_vectored(cx, bufs)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing == Closing::Done {
            return Poll::Ready(Ok(()));
        }
        ready!(Pin::new(&mut *this.stream).poll_flush(cx))?;
        if let Err(error) = ready!(Pin::new(&mut *this.stream).poll_close(cx)) {
            this.shutdowns.0.fetch_add(1, Ordering::Relaxed);
            log::trace!("{}: shutdown after the peer had gone: {error}", this.stream.peer_addr());
        }
        this.closing = Closing::Done;
        Poll::Ready(Ok(()))
    }
}

/// Counts the shutdowns that failed, over all sockets of one reactor. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct BenignShutdowns(Arc<AtomicU64>);

impl BenignShutdowns {
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a reactor brings to make a [`Listener`].
pub trait Accept: Send + Sync + 'static {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>>;
    fn local_addr(&self) -> SocketAddr;
}

/// Accepts TCP connections. Dropping it stops listening.
pub struct Listener(Box<dyn Accept>);

impl Listener {
    pub fn new(accept: impl Accept) -> Self {
        Self(Box::new(accept))
    }

    /// The next connection and the address it comes from.
    ///
    /// # Errors
    /// The process is out of file descriptors, or the connection ended before it was taken: the listener itself still works.
    pub async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        self.0.accept().await
    }

    /// Where it listens: of port 0, the port that was picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.0.local_addr()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.local_addr()).finish()
    }
}
