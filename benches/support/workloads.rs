//! What is measured, written once: generic over [`World`], which is any runtime with sockets, timers and tasks.
//!
//! Each workload sets itself up, then measures. Both ends of `echo` and `churn` are in the measured process, as both use the
//! reactor; for `idle`, `ping` and `fetch` the other end is a process of its own, see `peers`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::meter::{Measured, Meter, resident};

/// A runtime. Calls are dispatched statically, so that none pays for the abstraction.
pub trait World: Clone + Send + Sync + 'static {
    type Socket: Send + 'static;
    type Listener: Send + Sync + 'static;
    /// What a task comes to. Dropping it lets the task go on.
    type Task<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Runs `main` as a task, on the calling thread if the runtime has but one.
    fn block_on<T: Send + 'static>(&self, main: impl Future<Output = T> + Send + 'static) -> T;
    /// Only within `block_on`.
    fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Self::Task<T>;
    fn sleep_until(&self, at: Instant) -> impl Future<Output = ()> + Send + 'static;
    /// With `TCP_NODELAY`, as all the sockets here.
    fn connect(&self, addr: SocketAddr) -> impl Future<Output = io::Result<Self::Socket>> + Send;
    /// On a free port of loopback.
    fn listen(&self) -> impl Future<Output = io::Result<(Self::Listener, SocketAddr)>> + Send;
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Socket>> + Send;
    fn read(socket: &mut Self::Socket, into: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
    fn write_all(socket: &mut Self::Socket, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Round trips of 64 bytes over 64 connections at once.
    Echo,
    /// Connect, request, answer, close: 16 at once.
    Churn,
    /// Tasks that each wait for a moment of their own.
    Timers,
    /// Tasks that are spawned and joined, a thousand at once.
    Spawn,
    /// Open connections on which nothing happens, each with a task that reads.
    Idle,
    /// One round trip every five milliseconds beside so many idle connections.
    Ping,
    /// Pages of 20 KB over kept-alive connections, 64 at once.
    Fetch,
}

impl Workload {
    pub const ALL: [Self; 7] = [Self::Echo, Self::Churn, Self::Timers, Self::Spawn, Self::Idle, Self::Ping, Self::Fetch];

    pub fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Churn => "churn",
            Self::Timers => "timers",
            Self::Spawn => "spawn",
            Self::Idle => "idle",
            Self::Ping => "ping",
            Self::Fetch => "fetch",
        }
    }

    /// Operations in one measurement.
    pub fn size(self) -> usize {
        match self {
            Self::Echo => 64_000,
            Self::Churn => 8_000,
            Self::Timers => 50_000,
            Self::Spawn => 200_000,
            Self::Idle => 10_000,
            Self::Ping => 200,
            Self::Fetch => 10_000,
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|workload| workload.name() == name).ok_or_else(|| format!("no workload is called {name}"))
    }
}

/// One measurement as a process is asked for it.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub workload: Workload,
    /// Operations; of `idle`, connections.
    pub size: usize,
    /// Connections of `ping` that rest.
    pub idlers: usize,
    /// The other end, of those workloads that need one.
    pub peer: Option<SocketAddr>,
}

impl Job {
    pub fn peer(&self) -> SocketAddr {
        self.peer.expect("the parent starts the peer of a workload that has one")
    }
}

/// Whatever needs no HTTP client.
pub fn run<W: World>(world: &W, job: Job) -> Measured {
    let inner = world.clone();
    world.block_on(async move {
        match job.workload {
            Workload::Echo => echo(&inner, job.size).await,
            Workload::Churn => churn(&inner, job.size).await,
            Workload::Timers => timers(&inner, job.size).await,
            Workload::Spawn => spawn(&inner, job.size).await,
            Workload::Idle => idle(&inner, job.peer(), job.size).await,
            Workload::Ping => ping(&inner, job).await,
            Workload::Fetch => unreachable!("fetching is up to the contestant's own client"),
        }
    })
}

async fn echo<W: World>(world: &W, round_trips: usize) -> Measured {
    const CONNECTIONS: usize = 64;
    let (listener, addr) = world.listen().await.unwrap();
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS {
        near.push(world.connect(addr).await.unwrap());
        far.push(world.spawn(send_back::<W>(W::accept(&listener).await.unwrap())));
    }
    let meter = Meter::start();
    let asking = near.into_iter().map(|mut socket| {
        world.spawn(async move {
            for _ in 0..round_trips / CONNECTIONS {
                W::write_all(&mut socket, &[7; MESSAGE]).await.unwrap();
                read_message::<W>(&mut socket).await;
            }
        })
    });
    join(asking.collect()).await;
    join(far).await;
    meter.stop(round_trips / CONNECTIONS * CONNECTIONS)
}

/// Bytes.
const MESSAGE: usize = 64;

async fn send_back<W: World>(mut socket: W::Socket) {
    let mut message = [0; 1024];
    loop {
        match W::read(&mut socket, &mut message).await.unwrap() {
            0 => return,
            count => W::write_all(&mut socket, &message[..count]).await.unwrap(),
        }
    }
}

/// Reads one message, into more room than it needs, as whoever does not know its length.
async fn read_message<W: World>(socket: &mut W::Socket) {
    let mut filled = 0;
    while filled < MESSAGE {
        let count = W::read(socket, &mut [0; 1024]).await.unwrap();
        assert!(count > 0, "the other end has closed");
        filled += count;
    }
}

async fn join<T>(tasks: Vec<impl Future<Output = T>>) {
    for task in tasks {
        task.await;
    }
}

async fn churn<W: World>(world: &W, connections: usize) -> Measured {
    const AT_ONCE: usize = 16;
    let (listener, addr) = world.listen().await.unwrap();
    let each = connections / AT_ONCE;
    let meter = Meter::start();
    let inner = world.clone();
    let serving = world.spawn(async move {
        for _ in 0..each * AT_ONCE {
            let mut socket = W::accept(&listener).await.unwrap();
            // Joined by what its client reads.
            drop(inner.spawn(async move {
                read_message::<W>(&mut socket).await;
                W::write_all(&mut socket, &[7; MESSAGE]).await.unwrap();
            }));
        }
    });
    let asking = (0..AT_ONCE).map(|_| {
        let inner = world.clone();
        world.spawn(async move {
            for _ in 0..each {
                let mut socket = inner.connect(addr).await.unwrap();
                W::write_all(&mut socket, &[7; MESSAGE]).await.unwrap();
                let mut answer = [0; 1024];
                let mut count = 0;
                loop {
                    match W::read(&mut socket, &mut answer).await.unwrap() {
                        0 => break,
                        more => count += more,
                    }
                }
                assert_eq!(count, MESSAGE);
            }
        })
    });
    join(asking.collect()).await;
    serving.await;
    meter.stop(each * AT_ONCE)
}

async fn timers<W: World>(world: &W, count: usize) -> Measured {
    let meter = Meter::start();
    let start = Instant::now() + Duration::from_millis(100);
    let waiting = (0..count).map(|number| {
        // 7,919 is prime: the deadlines are in no order.
        let at = start + Duration::from_micros((number * 7919 % 200_000) as u64);
        let inner = world.clone();
        world.spawn(async move { inner.sleep_until(at).await })
    });
    join(waiting.collect()).await;
    meter.stop(count)
}

async fn spawn<W: World>(world: &W, count: usize) -> Measured {
    const AT_ONCE: usize = 1000;
    let meter = Meter::start();
    for _ in 0..count / AT_ONCE {
        let tasks: Vec<_> = (0..AT_ONCE).map(|number| world.spawn(async move { number })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        assert_eq!(sum, AT_ONCE * (AT_ONCE - 1) / 2);
    }
    meter.stop(count / AT_ONCE * AT_ONCE)
}

/// Connections to `peer`, each with a task that waits for bytes which never come.
async fn rest<W: World>(world: &W, peer: SocketAddr, count: usize) -> Vec<W::Task<()>> {
    let mut resting = Vec::with_capacity(count);
    for number in 0..count {
        let mut socket = world.connect(peer).await.unwrap();
        // Now and then until it has been accepted, so that the queue of new connections, which is short, does not run over.
        if number % 64 == 0 {
            W::write_all(&mut socket, &[7; MESSAGE]).await.unwrap();
            read_message::<W>(&mut socket).await;
        }
        resting.push(world.spawn(async move { while W::read(&mut socket, &mut [0; 1]).await.is_ok_and(|count| count > 0) {} }));
    }
    // Until all of them wait: the last were only just spawned.
    world.sleep_until(Instant::now() + Duration::from_millis(200)).await;
    resting
}

/// In this one an operation is a second of rest.
async fn idle<W: World>(world: &W, peer: SocketAddr, connections: usize) -> Measured {
    const REST: Duration = Duration::from_secs(2);
    let before = resident();
    let resting = rest(world, peer, connections).await;
    let each = resident().saturating_sub(before) / connections as u64;
    let meter = Meter::start();
    world.sleep_until(Instant::now() + REST).await;
    let measured = meter.stop(REST.as_secs() as usize);
    drop(resting);
    Measured { bytes: Some(each), ..measured }
}

async fn ping<W: World>(world: &W, job: Job) -> Measured {
    const PAUSE: Duration = Duration::from_millis(5);
    let resting = rest(world, job.peer(), job.idlers).await;
    let mut socket = world.connect(job.peer()).await.unwrap();
    let mut latencies = Vec::with_capacity(job.size);
    let meter = Meter::start();
    for _ in 0..job.size {
        let begun = Instant::now();
        W::write_all(&mut socket, &[7; MESSAGE]).await.unwrap();
        read_message::<W>(&mut socket).await;
        latencies.push(begun.elapsed());
        world.sleep_until(Instant::now() + PAUSE).await;
    }
    let measured = meter.stop(job.size);
    drop(resting);
    latencies.sort();
    Measured { latency: Some(latencies[latencies.len() / 2]), ..measured }
}
