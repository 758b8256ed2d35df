//! A TCP connection of `completion`: reading and connecting are the kernel's to do, writing is tried at once.
//!
//! A write that waited for its completion would have to answer for bytes of a buffer that may be another's by then, and one that is
//! acknowledged before has its errors told too late. So the bytes go to the socket's buffer in the call, as with the other
//! reactors: what was reported as written is on its way whatever becomes of the socket, and what does not fit was not taken.

use std::future::poll_fn;
use std::io::{self, Cursor, Read};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use rustix::net::SocketAddrAny;

use crate::reactor::completion::Completion;
use crate::reactor::completion::Pending;
use crate::reactor::completion::operations::BUFFER;
use crate::reactor::completion::operations::Gained;
use crate::reactor::completion::operations::Outcome;
use crate::reactor::completion::operations::Request;
use crate::reactor::completion::system;
use crate::reactor::drive::Life;
use crate::reactor::reset::ResetMemory;
use crate::reactor::socket::Stream;
use crate::reactor::streak::Streak;
use crate::reactor::tcp::send_at_once;

pub(crate) struct Connection {
    life: Arc<Life<Completion>>,
    io: Arc<TcpStream>,
    peer: SocketAddr,
    reset: ResetMemory,
    /// Begun by a read that found nothing; the next read takes what it brings.
    reading: Option<Pending>,
    /// What a read has left: only of an operation that was begun for a larger one.
    unread: Cursor<Vec<u8>>,
    /// Waits for room, or for the connection.
    writing: Option<Pending>,
    streak: Streak,
}

impl Connection {
    pub(crate) async fn connect(life: Arc<Life<Completion>>, peer: SocketAddr) -> io::Result<Self> {
        let mut connection = Self::new(life, system::socket(peer)?, peer)?;
        let mut address = Some(Arc::new(SocketAddrAny::from(peer)));
        poll_fn(|cx| {
            if let Some(address) = address.take() {
                connection.writing = Some(connection.start(Request::Connect(address), cx.waker()));
            }
            connection.poll_writing(cx)
        })
        .await?;
        // If the kernel gave the operation up half-way, this is what came of the connection.
        if let Some(error) = connection.io.take_error()? {
            return Err(error);
        }
        send_at_once(&connection.io, peer);
        Ok(connection)
    }

    /// # Errors
    /// The kernel does not take the socket.
    pub(crate) fn new(life: Arc<Life<Completion>>, io: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        life.queue().door.adopt(&io)?;
        Ok(Self {
            life,
            io: Arc::new(io),
            peer,
            reset: ResetMemory::default(),
            reading: None,
            unread: Cursor::default(),
            writing: None,
            streak: Streak::default(),
        })
    }

    fn start(&self, request: Request, waker: &Waker) -> Pending {
        Pending::start(&self.life, request, self.io.clone(), waker)
    }

    /// Ready once the operation that is under way is done, if there is one.
    fn poll_writing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(writing) = &mut self.writing else { return Poll::Ready(Ok(())) };
        let outcome = ready!(writing.poll(cx));
        self.writing = None;
        Poll::Ready(outcome.map(drop))
    }

    /// Tries to write. What does not fit waits for room, and is tried again.
    fn poll_sent(&mut self, cx: &mut Context<'_>, attempt: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        loop {
            if self.streak.is_over() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(waited) = self.poll_writing(cx) else {
                self.streak = Streak::default();
                return Poll::Pending;
            };
            match attempt(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Of the connection the attempt tells better what is wrong; but this is that one cannot wait for it.
                    waited?;
                    self.writing = Some(self.start(Request::Writable, cx.waker()));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(self.reset.remember(result)),
            }
        }
    }

    /// Reads with `copy` into `room` bytes. Never more than that is taken from the kernel, where what is unread counts at the end.
    fn poll_received(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        copy: impl FnOnce(&mut Cursor<Vec<u8>>) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if room == 0 {
            return Poll::Ready(Ok(0));
        }
        if !self.has_unread() {
            let most = room.min(BUFFER) as u32;
            let reading = match &mut self.reading {
                Some(reading) => reading,
                empty => empty.insert(Pending::start(&self.life, Request::Receive { most }, self.io.clone(), cx.waker())),
            };
            let outcome = ready!(reading.poll(cx));
            self.reading = None;
            match self.received(outcome) {
                Ok(0) => return Poll::Ready(self.reset.judge_read(Ok(0), room)),
                Ok(_) => {}
                Err(error) => return Poll::Ready(self.reset.judge_read(Err(error), room)),
            }
        }
        let copied = copy(&mut self.unread);
        if !self.has_unread() {
            self.unread = Cursor::default();
        }
        Poll::Ready(copied)
    }

    /// Keeps what has come. Returns how much.
    fn received(&mut self, outcome: Outcome) -> io::Result<usize> {
        let Gained::Bytes(bytes) = outcome? else { unreachable!("receiving gains bytes") };
        let count = bytes.len();
        self.unread = Cursor::new(bytes);
        Ok(count)
    }

    fn has_unread(&self) -> bool {
        self.unread.position() < self.unread.get_ref().len() as u64
    }
}

impl Stream for Connection {
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    fn is_quiet(&self) -> bool {
        if self.has_unread() {
            return false;
        }
        let socket_is_quiet = self.reset.is_quiet(|| system::peek(&self.io));
        // What an operation has taken, the socket no longer shows.
        let Some(reading) = &self.reading else { return socket_is_quiet };
        self.life.queue().glance();
        socket_is_quiet && !reading.is_done()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_received(cx, buf.len(), |unread| unread.read(buf))
    }

    fn poll_read_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &mut [io::IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        self.poll_received(cx, bufs.iter().map(|buf| buf.len()).sum(), |unread| unread.read_vectored(bufs))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_sent(cx, |io| system::send(io, buf))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_sent(cx, |io| system::send_vectored(io, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.io.shutdown(Shutdown::Write))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(mut reading) = self.reading.take() {
            self.life.queue().glance();
            if let Poll::Ready(outcome) = reading.poll(&mut Context::from_waker(Waker::noop())) {
                let _ = self.received(outcome);
            } else {
                self.reading = Some(reading);
            }
        }
        if self.has_unread() {
            // The peer is told that not all was read, as the system does for what it holds itself (RFC 1122 4.2.2.13). What an
            // operation takes while it is being cancelled came too late: of that the peer is not told.
            let _ = rustix::net::sockopt::set_socket_linger(&self.io, Some(Duration::ZERO));
        }
        if self.reading.is_some() || self.writing.is_some() {
            // The kernel keeps the socket open until the operation is cancelled; the peer is told now.
            let _ = self.io.shutdown(Shutdown::Both);
        }
    }
}
