//! Tokio behind smolcrawl's `Reactor`: what an embedder writes who has a runtime already.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};
use smolcrawl::reactor::{Accept, Boxed, Ledger, Listener, Reactor, Socket, Stream};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A runtime, and what our sockets share.
pub struct OnTokio {
    runtime: Runtime,
    ledger: Ledger,
}

impl OnTokio {
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, ledger: Ledger::default() }
    }
}

impl fmt::Debug for OnTokio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnTokio").finish_non_exhaustive()
    }
}

impl Reactor for OnTokio {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let ledger = self.ledger.clone();
        Box::pin(async move {
            let io = TcpStream::connect(addr).await?;
            io.set_nodelay(true)?;
            Ok(Socket::new(Connection::new(io, addr), &ledger))
        })
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let ledger = self.ledger.clone();
        Box::pin(async move {
            let io = TcpListener::bind(addr).await?;
            let addr = io.local_addr()?;
            Ok(Listener::new(Port { io, addr, ledger: ledger.clone() }, &ledger))
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        Box::pin(async move { tokio::time::sleep_until(at.into()).await })
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        self.runtime.block_on(main);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        drop(self.runtime.spawn_blocking(work));
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

struct Port {
    io: TcpListener,
    addr: SocketAddr,
    ledger: Ledger,
}

impl Accept for Port {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>> {
        Box::pin(async move {
            let (io, peer) = self.io.accept().await?;
            io.set_nodelay(true)?;
            Ok((Socket::new(Connection::new(io, peer), &self.ledger), peer))
        })
    }

    fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

struct Connection {
    io: TcpStream,
    peer: SocketAddr,
    /// A reset was met: the system tells of it once, and we as often as one asks.
    reset: AtomicBool,
}

impl Connection {
    fn new(io: TcpStream, peer: SocketAddr) -> Self {
        Self { io, peer, reset: AtomicBool::new(false) }
    }

    fn remember<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::ConnectionReset) {
            self.reset.store(true, Ordering::Relaxed);
        }
        result
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
        // Past Tokio's readiness, which knows only what has been reported.
        let peeked = rustix::net::recv(&self.io, &mut [0_u8; 1], rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT);
        let peeked = self.remember(peeked.map_err(io::Error::from));
        matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(into);
        let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
        match self.remember(read) {
            Ok(()) if buffer.filled().is_empty() && buffer.capacity() > 0 && self.reset.load(Ordering::Relaxed) => {
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            read => Poll::Ready(read.map(|()| buffer.filled().len())),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes));
        Poll::Ready(self.remember(written))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bytes));
        Poll::Ready(self.remember(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
