//! TCP on `edge` and `poll`: an attempt is made when the socket is supposed to be ready, and made again when it is so.

use std::future::poll_fn;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};
use rustix::fd::AsFd;

use crate::reactor::Boxed;
use crate::reactor::crowd::Crowd;
use crate::reactor::crowd::Place;
use crate::reactor::drive::Life;
use crate::reactor::haste::Haste;
use crate::reactor::haste::Outcome;
use crate::reactor::ledger::Ledger;
use crate::reactor::reset::ResetMemory;
use crate::reactor::socket::Accept;
use crate::reactor::socket::Socket;
use crate::reactor::socket::Stream;
use crate::reactor::sources::Key;
use crate::reactor::sources::Source;
use crate::reactor::sources::Supposed;
use crate::reactor::sources::Tick;
use crate::reactor::sources::Way;
use crate::reactor::streak::Streak;
use crate::reactor::tcp;
use crate::reactor::tcp::Accepted;
use crate::reactor::tcp::Begun;
use crate::reactor::tcp::send_at_once;
use crate::reactor::watched::Listing;
use crate::reactor::watched::Watched;

/// A TCP connection. Dropping it closes the descriptor; what a turn on another thread still holds of it, it lets go at once.
pub(crate) struct Connection {
    watch: Watch<TcpStream>,
    peer: SocketAddr,
    reset: ResetMemory,
    reading: Streak,
    writing: Streak,
    haste: Haste,
}

impl Connection {
    pub(crate) async fn connect(life: Arc<Life<Watched>>, peer: SocketAddr) -> io::Result<Self> {
        let (io, begun) = tcp::begin_connecting(peer)?;
        let supposed = match begun {
            Begun::Connected => Supposed::Ready,
            Begun::UnderWay => Supposed::NotReady,
        };
        // Watched only now: a socket that has not begun to connect would be reported as hung up.
        let connection = Self::new(life, io, peer, supposed)?;
        poll_fn(|cx| connection.poll_connected(cx)).await?;
        send_at_once(connection.io(), peer);
        Ok(connection)
    }

    /// `io` does not block.
    fn new(life: Arc<Life<Watched>>, io: TcpStream, peer: SocketAddr, supposed: Supposed) -> io::Result<Self> {
        let watch = Watch::new(life, io, supposed)?;
        Ok(Self {
            watch,
            peer,
            reset: ResetMemory::default(),
            reading: Streak::default(),
            writing: Streak::default(),
            haste: Haste::default(),
        })
    }

    fn io(&self) -> &TcpStream {
        self.watch.io()
    }

    /// Reads into `room` bytes.
    fn poll_attempt(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let Self { watch, reset, reading, haste, .. } = self;
        let (io, newcomers) = (watch.io(), &watch.life.queue().newcomers);
        // An event of what is read here is still to come, and will be found to be used up.
        if haste.looks() && !watch.source.is_ready(Way::Read) {
            if reading.is_over() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match attempt(io) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                    haste.came(Outcome::Nothing, newcomers)
                }
                result => {
                    haste.came(Outcome::Answer, newcomers);
                    return Poll::Ready(reset.judge_read(result, room));
                }
            }
        }
        let result = ready!(transfer(watch, Way::Read, reading, room, cx, || attempt(io)));
        Poll::Ready(reset.judge_read(result, room))
    }

    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let tick = ready!(self.watch.poll_ready(Way::Write, cx));
            // Linux tells of a failure and of its kind in one event, so that where it tells of none there is nothing to ask.
            if cfg!(any(target_os = "linux", target_os = "android")) && !self.watch.source.had_special(Way::Write) {
                return Poll::Ready(Ok(()));
            }
            if let Some(error) = self.io().take_error()? {
                return Poll::Ready(Err(error));
            }
            match self.io().peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => self.watch.source.would_block(Way::Write, tick),
                // Connected, if only for a moment: the first read or write tells the rest.
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl Stream for Connection {
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io().local_addr()
    }

    fn is_quiet(&self) -> bool {
        self.reset.is_quiet(|| self.io().peek(&mut [0]))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let room = buf.len();
        self.poll_attempt(cx, room, |io| tcp::receive(io, buf))
    }

    fn poll_read_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &mut [io::IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        let room = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_attempt(cx, room, |mut io| io.read_vectored(bufs))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Self { watch, reset, writing, haste, .. } = &mut *self;
        let io = watch.io();
        let result = ready!(transfer(watch, Way::Write, writing, buf.len(), cx, || tcp::send(io, buf)));
        haste.wrote(&watch.life.queue().newcomers);
        Poll::Ready(reset.remember(result))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let Self { watch, reset, writing, haste, .. } = &mut *self;
        let io = watch.io();
        let length = bufs.iter().map(|buf| buf.len()).sum();
        let result = ready!(transfer(watch, Way::Write, writing, length, cx, || tcp::send_vectored(io, bufs)));
        haste.wrote(&watch.life.queue().newcomers);
        Poll::Ready(reset.remember(result))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.io().shutdown(Shutdown::Write))
    }
}

/// Tries to move up to `room` bytes, as often as the socket is said to be ready.
fn transfer(
    watch: &Watch<TcpStream>,
    way: Way,
    streak: &mut Streak,
    room: usize,
    cx: &mut Context<'_>,
    mut attempt: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        if streak.is_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Poll::Ready(tick) = watch.poll_ready(way, cx) else {
            *streak = Streak::default();
            return Poll::Pending;
        };
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => watch.source.would_block(way, tick),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => {
                if matches!(result, Ok(count) if 0 < count && count < room) {
                    watch.source.came_short(way, tick);
                }
                return Poll::Ready(result);
            }
        }
    }
}

/// A socket in the reactor's table, for as long as this lives.
struct Watch<D: AsFd + Send + Sync + 'static> {
    life: Arc<Life<Watched>>,
    key: Key,
    source: Arc<Source<D>>,
}

impl<D: AsFd + Send + Sync + 'static> Watch<D> {
    fn new(life: Arc<Life<Watched>>, descriptor: D, supposed: Supposed) -> io::Result<Self> {
        let source = Source::new(descriptor, supposed);
        let key = life.queue().sources.insert(source.clone());
        if let Err(error) = life.queue().poller.watch(source.descriptor.as_fd(), key) {
            life.queue().sources.remove(key);
            return Err(error);
        }
        Ok(Self { life, key, source })
    }

    fn io(&self) -> &D {
        &self.source.descriptor
    }

    fn poll_ready(&self, way: Way, cx: &mut Context<'_>) -> Poll<Tick> {
        let ready = self.source.poll_ready(way, cx);
        if ready.is_pending() {
            self.relist();
        }
        ready
    }

    fn relist(&self) {
        let core = self.life.core();
        if core.queue.listing == Listing::EachWait {
            core.changed();
        }
    }
}

impl<D: AsFd + Send + Sync + 'static> Drop for Watch<D> {
    fn drop(&mut self) {
        self.life.queue().sources.remove(self.key);
        // A wait that lists the socket holds it open.
        self.relist();
    }
}

/// A listening socket.
pub(crate) struct Port {
    watch: Watch<TcpListener>,
    addr: SocketAddr,
    accepted: Accepted,
    crowd: Arc<Crowd>,
    ledger: Ledger,
}

impl Port {
    pub(crate) fn new(life: Arc<Life<Watched>>, io: TcpListener, ledger: Ledger) -> io::Result<Self> {
        io.set_nonblocking(true)?;
        let addr = io.local_addr()?;
        let accepted = Accepted::of(&io);
        let watch = Watch::new(life, io, Supposed::NotReady)?;
        Ok(Self { watch, addr, accepted, crowd: Arc::default(), ledger })
    }

    /// Whatever error there is but "nobody there": the port stays ready, as the connection may still be in the queue.
    fn poll_accept(&self, place: &mut Place<'_>, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        place.take(cx.waker());
        let crowd = Waker::from(self.crowd.clone());
        loop {
            let tick = ready!(self.watch.poll_ready(Way::Read, &mut Context::from_waker(&crowd)));
            match tcp::accept(self.watch.io()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.watch.source.would_block(Way::Read, tick),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // A wait on another thread that lists it may hold it open for a moment more: on Linux this ends the listening at
        // once, and elsewhere it does no harm.
        #[cfg(unix)]
        if self.watch.life.queue().listing == Listing::EachWait {
            let _ = rustix::net::shutdown(self.watch.io(), rustix::net::Shutdown::Both);
        }
    }
}

impl Accept for Port {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>> {
        let mut place = self.crowd.place();
        Box::pin(async move {
            let (io, peer) = poll_fn(|cx| self.poll_accept(&mut place, cx)).await?;
            self.accepted.send_at_once(&io, peer);
            let connection = Connection::new(self.watch.life.clone(), io, peer, Supposed::Ready)?;
            Ok((Socket::new(connection, &self.ledger), peer))
        })
    }

    fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}
