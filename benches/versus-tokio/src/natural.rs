//! Tokio as one writes it: what the generic workloads run on.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::support::workloads::World;

#[derive(Clone)]
pub struct Natural(pub Arc<Runtime>);

impl World for Natural {
    type Socket = TcpStream;
    type Listener = TcpListener;
    type Task<T: Send + 'static> = Joined<T>;

    fn block_on<T: Send + 'static>(&self, main: impl Future<Output = T> + Send + 'static) -> T {
        // As a task, since what is not one is polled by another thread than the workers.
        self.0.block_on(async { tokio::spawn(main).await.unwrap() })
    }

    fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Joined<T> {
        Joined(tokio::spawn(task))
    }

    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep_until(at.into())
    }

    async fn connect(&self, addr: SocketAddr) -> io::Result<TcpStream> {
        let socket = TcpStream::connect(addr).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    async fn listen(&self) -> io::Result<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }

    async fn read(socket: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
        socket.read(into).await
    }

    async fn write_all(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        socket.write_all(bytes).await
    }
}

/// A task of Tokio's, whose panic is one here as well.
pub struct Joined<T>(JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(Result::unwrap)
    }
}
