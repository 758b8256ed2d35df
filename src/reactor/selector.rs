//! The portable reactor: async-io's readiness queue (epoll, kqueue, event ports, AFD on an IOCP) as it is.
//! Knows no other reactor and decides nothing: `choice` does.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "the one file that async-io is wrapped in")]

mod clock;

use std::future::Future;
use std::io::{self, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::{Duration, Instant};

use async_io::{Async, Timer};
use futures_io::{AsyncRead, AsyncWrite};

use crate::reactor::Boxed;
use crate::reactor::Lane;
use crate::reactor::Reactor;
use crate::reactor::choice::Drive;
use crate::reactor::haste::Haste;
use crate::reactor::haste::Newcomers;
use crate::reactor::haste::Outcome;
use crate::reactor::ledger::Ledger;
use crate::reactor::pool::{Lanes, Pool};
use crate::reactor::reset::ResetMemory;
use crate::reactor::selector::clock::Clock;
use crate::reactor::sleep::Sleep;
use crate::reactor::socket::Accept;
use crate::reactor::socket::Listener;
use crate::reactor::socket::Socket;
use crate::reactor::socket::Stream;
use crate::reactor::tcp;
use crate::reactor::tcp::Accepted;
use crate::reactor::tcp::send_at_once;
use crate::reactor::unblock;

#[derive(Debug)]
pub(crate) struct Selector {
    work: Lanes,
    names: Pool,
    ledger: Ledger,
    newcomers: Arc<Newcomers>,
    drive: Drive,
}

impl Selector {
    /// Starts async-io's reactor, which is one for the whole process, unless it runs already. It has a thread of its own
    /// in any case: `drive` says whether callers help.
    ///
    /// # Errors
    /// The system grants no event queue or no thread.
    pub(crate) fn start(drive: Drive) -> io::Result<Self> {
        if !STARTED.load(Ordering::Acquire) {
            probe()?;
            // What the probe was granted may be gone a moment later, and async-io panics over it.
            panic::catch_unwind(touch).map_err(|_| io::Error::other("async-io's reactor panicked while it started"))?;
            STARTED.store(true, Ordering::Release);
        }
        Ok(Self { work: Lanes::new(), names: Pool::for_names(), ledger: Ledger::default(), newcomers: Arc::default(), drive })
    }
}

/// async-io's reactor runs, and nothing stops it.
static STARTED: AtomicBool = AtomicBool::new(false);

/// What async-io takes from the system when it starts: an event queue and a thread. Taken and given back.
fn probe() -> io::Result<()> {
    drop(polling::Poller::new()?);
    thread::Builder::new().name("smolcrawl-probe".to_owned()).spawn(|| ())?.join().map_err(|_| io::Error::other("the probing thread died"))
}

/// Registers a timer for a moment, as merely making one starts nothing.
fn touch() {
    let mut timer = Timer::at(Instant::now() + Duration::from_secs(3600));
    let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
}

/// The system's facility below async-io, for the report.
pub(crate) fn backend() -> &'static str {
    match std::env::consts::OS {
        "linux" | "android" => "epoll",
        "macos" | "ios" | "tvos" | "watchos" | "visionos" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" => "kqueue",
        "solaris" | "illumos" => "event ports",
        "windows" => "AFD on IOCP",
        _ => "poll",
    }
}

impl Reactor for Selector {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let (ledger, newcomers) = (self.ledger.clone(), self.newcomers.clone());
        Box::pin(async move {
            let (io, _) = tcp::begin_connecting(addr)?;
            let io = Async::new_nonblocking(io)?;
            io.writable().await?;
            if let Some(error) = io.get_ref().take_error()? {
                return Err(error);
            }
            send_at_once(io.get_ref(), addr);
            Ok(Socket::new(Connection::new(io, addr, newcomers), &ledger))
        })
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let (ledger, newcomers) = (self.ledger.clone(), self.newcomers.clone());
        Box::pin(async move {
            let io = Async::<TcpListener>::bind(addr)?;
            let addr = io.get_ref().local_addr()?;
            let accepted = Accepted::of(io.get_ref());
            let port = Port { io, addr, accepted, newcomers, ledger: ledger.clone() };
            Ok(Listener::new(port, &ledger))
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(unblock::look_up(&self.names, host, port))
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        Box::pin(Sleep::until(at, Clock))
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        match self.drive {
            Drive::CallingThread => async_io::block_on(main),
            Drive::OwnThread => futures_lite::future::block_on(main),
        }
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.work.spawn(Lane::Bulk, work);
    }

    fn spawn_in(&self, lane: Lane, work: Box<dyn FnOnce() + Send>) {
        self.work.spawn(lane, work);
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

struct Port {
    io: Async<TcpListener>,
    addr: SocketAddr,
    accepted: Accepted,
    newcomers: Arc<Newcomers>,
    ledger: Ledger,
}

impl Accept for Port {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>> {
        Box::pin(async move {
            let (io, peer) = self.io.read_with(tcp::accept).await?;
            self.accepted.send_at_once(&io, peer);
            let connection = Connection::new(Async::new_nonblocking(io)?, peer, self.newcomers.clone());
            Ok((Socket::new(connection, &self.ledger), peer))
        })
    }

    fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

/// Not async-net's stream: its `poll_close` goes by another path to the same shutdown, and it is half as large again.
struct Connection {
    io: Async<TcpStream>,
    peer: SocketAddr,
    reset: ResetMemory,
    arrived: Arrived,
    haste: Haste,
    newcomers: Arc<Newcomers>,
}

/// What the last read showed of what the system has for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrived {
    /// Nothing more at that moment: the system is asked to tell of more, which it also does if more has come since.
    Taken,
    /// There may be more: an attempt tells.
    Perhaps,
}

impl Connection {
    fn new(io: Async<TcpStream>, peer: SocketAddr, newcomers: Arc<Newcomers>) -> Self {
        Self { io, peer, reset: ResetMemory::default(), arrived: Arrived::Perhaps, haste: Haste::default(), newcomers }
    }

    /// Reads into `room` bytes. Async's own `poll_read` makes two attempts in vain for each that succeeds: one because it
    /// does not know that the last was short, one because it takes an event for news that an attempt has used up already.
    fn poll_attempt(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let mut in_haste = self.haste.looks();
        loop {
            if self.arrived == Arrived::Taken && !in_haste {
                ready!(self.io.poll_readable(cx))?;
                self.arrived = Arrived::Perhaps;
            }
            match attempt(self.io.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.arrived = Arrived::Taken;
                    if std::mem::take(&mut in_haste) {
                        self.haste.came(Outcome::Nothing, &self.newcomers);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    if in_haste {
                        self.haste.came(Outcome::Answer, &self.newcomers);
                    }
                    if matches!(result, Ok(count) if 0 < count && count < room) {
                        self.arrived = Arrived::Taken;
                    }
                    return Poll::Ready(self.reset.judge_read(result, room));
                }
            }
        }
    }

    /// Tries to write until it is not refused for want of room.
    fn poll_sent(&mut self, cx: &mut Context<'_>, attempt: impl Fn(&TcpStream) -> io::Result<usize>) -> Poll<io::Result<usize>> {
        let result = loop {
            match attempt(self.io.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.io.poll_writable(cx))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.haste.wrote(&self.newcomers);
        Poll::Ready(self.reset.remember(result))
    }
}

impl Stream for Connection {
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    fn is_quiet(&self) -> bool {
        self.reset.is_quiet(|| self.io.get_ref().peek(&mut [0]))
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
        self.poll_sent(cx, |io| tcp::send(io, buf))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_sent(cx, |io| tcp::send_vectored(io, bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.io.get_ref().shutdown(Shutdown::Write))
    }
}
