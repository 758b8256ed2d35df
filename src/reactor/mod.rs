//! Sockets, timers and threads: the only room that touches the operating system's event queue.
//! Everything above it sees futures-io streams and a [`Handle`]; no room above knows which reactor runs.
//!
//! async-io's reactor is process-global, cannot be stopped and panics if it cannot start, so the seam lies above
//! sockets and timers: a reactor is *chosen* once, probed before it is touched, and passed on as a value.

mod choice;
#[cfg(unix)]
mod drive;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod edge;
mod haste;
#[cfg(unix)]
mod poll;
mod pool;
#[cfg(unix)]
mod readiness;
mod reset;
mod selector;
pub mod sim;
mod socket;
#[cfg(unix)]
mod sources;
#[cfg(unix)]
mod stream;
mod tcp;
#[cfg(unix)]
mod timers;
mod unblock;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future;

pub use crate::reactor::choice::AskedBy;
pub use crate::reactor::choice::Attempt;
pub use crate::reactor::choice::Choice;
pub use crate::reactor::choice::Drive;
pub use crate::reactor::choice::Error;
pub use crate::reactor::choice::Fallback;
pub use crate::reactor::choice::ReactorKind;
pub use crate::reactor::choice::Report;
pub use crate::reactor::choice::choose;
pub use crate::reactor::socket::Accept;
pub use crate::reactor::socket::BenignShutdowns;
pub use crate::reactor::socket::Listener;
pub use crate::reactor::socket::Socket;
pub use crate::reactor::socket::Stream;

/// A future on the heap that any executor may poll.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One source of readiness and time. Object-safe, so that the choice is a value and not a type parameter.
///
/// The futures borrow nothing of the reactor: they can be stored beside the handle that made them. Dropping one cancels it.
pub trait Reactor: fmt::Debug + Send + Sync + 'static {
    /// Opens a TCP connection with `TCP_NODELAY` set.
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>>;
    /// Accepts TCP connections on `addr`; port 0 picks a free one.
    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>>;
    /// The addresses of a host name, in the resolver's order. Blocks no executor.
    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>>;
    /// The clock that `sleep_until` goes by: the system's, or a virtual one in `sim`.
    fn now(&self) -> Instant;
    /// Ready once `now()` has reached `at`.
    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()>;
    /// Runs `main` on the calling thread, which drives the reactor meanwhile, unless another thread does. May be called by
    /// several threads at once and by a future that runs in it.
    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>);
    /// Runs blocking or CPU-heavy work on the reactor's bounded pool; queued when all its threads are busy.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>);
    /// How many shutdowns of this reactor's sockets failed, which is never an error: see [`Socket`].
    fn benign_shutdowns(&self) -> u64;
}

/// The chosen reactor, as a value: cheap to clone, passed to whatever needs sockets, time or threads.
///
/// ```
/// use std::time::Duration;
/// use smolcrawl::reactor::sim::Sim;
///
/// let handle = Sim::new().handle();
/// let before = handle.now();
/// handle.block_on(handle.sleep(Duration::from_secs(60)));
/// assert_eq!(handle.now() - before, Duration::from_secs(60)); // a virtual minute: nobody waited
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Arc<dyn Reactor>);

impl Handle {
    /// A handle to a reactor of one's own. [`choose`] gives one of those built in.
    pub fn new(reactor: impl Reactor) -> Self {
        Self(Arc::new(reactor))
    }

    /// Opens a TCP connection with `TCP_NODELAY` set. There is no time limit but the system's own.
    ///
    /// # Errors
    /// What connect(2) says: refused, unreachable, timed out, out of file descriptors.
    pub fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        self.0.connect(addr)
    }

    /// Listens on `addr`; port 0 picks a free one, which [`Listener::local_addr`] tells.
    ///
    /// # Errors
    /// The address is in use, not this machine's, or not permitted.
    pub fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        self.0.listen(addr)
    }

    /// The addresses of a host name, each with `port`, in the resolver's order; an IP address resolves to itself.
    /// Nothing is cached here.
    ///
    /// # Errors
    /// The name does not exist or the resolver does not answer.
    pub fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        self.0.resolve(host, port)
    }

    /// The time that this reactor's timers go by.
    pub fn now(&self) -> Instant {
        self.0.now()
    }

    /// Ready once [`now`](Self::now) has reached `at`.
    pub fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        self.0.sleep_until(at)
    }

    /// Ready after `duration`, counted from this call and not from the first poll; never, if no clock reaches that far.
    pub fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        match self.now().checked_add(duration) {
            Some(at) => self.sleep_until(at),
            None => Box::pin(future::pending()),
        }
    }

    /// Awaits `future`, but drops it once `limit` has passed, counted from the first poll. A future that is ready
    /// together with the limit wins.
    ///
    /// # Errors
    /// [`Elapsed`] when the limit came first.
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> impl Future<Output = Result<F::Output, Elapsed>> + use<F> {
        let handle = self.clone();
        async move {
            let in_time = async { Ok(future.await) };
            let late = async {
                handle.sleep(limit).await;
                Err(Elapsed { limit })
            };
            // The sleep is made on its first poll: a future that is ready at once sets no timer.
            future::or(in_time, late).await
        }
    }

    /// Runs `future` on the calling thread, which drives the reactor meanwhile, unless another thread does: see [`Drive`].
    /// The future need not be `Send`.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut output = None;
        self.0.block_on(pin!(async { output = Some(future.await) }));
        output.expect("a reactor's block_on returns only when its future is ready")
    }

    /// Runs blocking or CPU-heavy `work` on the reactor's bounded pool. It is queued by this call, not by the first poll, so
    /// that several run at once; it is skipped if the future is dropped before a thread has taken it.
    ///
    /// # Panics
    /// A panic of the work is resumed where the future is awaited.
    pub fn unblock<T, W>(&self, work: W) -> impl Future<Output = T> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        let (job, outcome) = unblock::pair(work);
        self.0.spawn_blocking(job);
        outcome
    }

    /// How many shutdowns of this reactor's sockets failed. Such a failure is never an error (the peer had already reset the
    /// connection, say) and is not logged above trace, but a new pattern shows here.
    pub fn benign_shutdowns(&self) -> u64 {
        self.0.benign_shutdowns()
    }
}

/// The limit of [`Handle::timeout`] has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {limit:?}")]
pub struct Elapsed {
    pub limit: Duration,
}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}
