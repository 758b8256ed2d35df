//! The reactors of this crate in the shape that it ships: one thread runs `handle.block_on(executor.run(…))`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use async_executor::LocalExecutor;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smolcrawl::http::{Client, Config, PrivateAddresses, Request};
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, Listener, ReactorKind, Socket, choose};
use url::Url;

use super::meter::{Measured, Meter};
use super::peers::PAGE;
use super::workloads::{self, Job, Workload, World};

/// A handle, whoever made it, and an executor for the thread that is in `block_on`.
#[derive(Clone)]
pub struct Ours(pub Handle);

thread_local! {
    static EXECUTOR: Rc<LocalExecutor<'static>> = Rc::new(LocalExecutor::new());
}

impl World for Ours {
    type Socket = Socket;
    type Listener = Listener;
    type Task<T: Send + 'static> = Detached<T>;

    fn block_on<T: Send + 'static>(&self, main: impl Future<Output = T> + Send + 'static) -> T {
        let executor = EXECUTOR.with(Rc::clone);
        self.0.block_on(executor.run(executor.spawn(main)))
    }

    fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Detached<T> {
        Detached(Some(EXECUTOR.with(|executor| executor.spawn(task))))
    }

    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send + 'static {
        self.0.sleep_until(at)
    }

    fn connect(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Socket>> + Send {
        self.0.connect(addr)
    }

    async fn listen(&self) -> io::Result<(Listener, SocketAddr)> {
        let listener = self.0.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let addr = listener.local_addr();
        Ok((listener, addr))
    }

    async fn accept(listener: &Listener) -> io::Result<Socket> {
        Ok(listener.accept().await?.0)
    }

    async fn read(socket: &mut Socket, into: &mut [u8]) -> io::Result<usize> {
        socket.read(into).await
    }

    async fn write_all(socket: &mut Socket, bytes: &[u8]) -> io::Result<()> {
        socket.write_all(bytes).await
    }
}

/// A task that goes on when this is dropped.
pub struct Detached<T>(Option<async_executor::Task<T>>);

impl<T> Future for Detached<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(self.0.as_mut().expect("taken only by drop")).poll(cx)
    }
}

impl<T> Drop for Detached<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// Every workload on a handle: pages are fetched with this crate's client.
pub fn run(handle: &Handle, job: Job) -> Measured {
    match job.workload {
        Workload::Fetch => fetch(handle, job),
        _ => workloads::run(&Ours(handle.clone()), job),
    }
}

fn fetch(handle: &Handle, job: Job) -> Measured {
    let client = Client::new(handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
    let world = Ours(handle.clone());
    fetch_all(&world, job, move |url| {
        let client = client.clone();
        async move { client.send(Request::get(url)).await.unwrap().bytes().await.unwrap().len() }
    })
}

/// As many pages as the job says, 64 at once, each asked for as `fetch` does.
pub fn fetch_all<W: World, F>(world: &W, job: Job, fetch: impl Fn(Url) -> F + Clone + Send + Sync + 'static) -> Measured
where
    F: Future<Output = usize> + Send + 'static,
{
    let inner = world.clone();
    world.block_on(async move {
        // Connections are opened, and whatever a client sets up once.
        fetch_pages(&inner, job, AT_ONCE * 4, &fetch).await;
        let meter = Meter::start();
        fetch_pages(&inner, job, job.size, &fetch).await;
        meter.stop(job.size)
    })
}

async fn fetch_pages<W: World, F>(world: &W, job: Job, pages: usize, fetch: &(impl Fn(Url) -> F + Clone + Send + Sync + 'static))
where
    F: Future<Output = usize> + Send + 'static,
{
    let url = Url::parse(&format!("http://{}/page", job.peer())).unwrap();
    let left = Arc::new(AtomicUsize::new(pages));
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (left, url, fetch) = (left.clone(), url.clone(), fetch.clone());
            world.spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    assert_eq!(fetch(url.clone()).await, PAGE);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
}

/// Pages that are fetched at one time.
const AT_ONCE: usize = 64;

/// The kinds of this platform, driven by the thread in `block_on`; `edge` by a thread of its own as well, to tell what that costs.
pub fn contestants() -> Vec<(String, Choice)> {
    let choice = |kind, drive| Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse };
    let kinds = ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto);
    let mut all: Vec<_> = kinds.map(|kind| (kind.to_string(), choice(kind, Drive::CallingThread))).collect();
    if ReactorKind::AVAILABLE.contains(&ReactorKind::Edge) {
        all.push(("edge+thread".to_owned(), choice(ReactorKind::Edge, Drive::OwnThread)));
    }
    all
}

/// Starts what a contestant is.
pub fn start(choice: Choice) -> Handle {
    match choose(choice) {
        Ok((handle, _)) => handle,
        Err(error) => panic!("{error}"),
    }
}
