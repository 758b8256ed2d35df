//! Tokio as one writes it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::support::meter::Measured;
use crate::support::ours::fetch_all;
use crate::support::workloads;
use crate::support::workloads::{Job, Workload, World};

pub fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

pub fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Every workload; pages are fetched with reqwest.
pub fn run(runtime: Runtime, job: Job) -> Measured {
    let world = Natural(Arc::new(runtime));
    if job.workload != Workload::Fetch {
        return workloads::run(&world, job);
    }
    let client = world.0.block_on(async { reqwest::Client::builder().no_proxy().build().unwrap() });
    fetch_all(&world, job, move |url| {
        let client = client.clone();
        async move { client.get(url).send().await.unwrap().bytes().await.unwrap().len() }
    })
}

#[derive(Clone)]
struct Natural(Arc<Runtime>);

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
struct Joined<T>(JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(Result::unwrap)
    }
}
