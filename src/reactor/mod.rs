//! Sockets, timers and threads: the only room that touches the operating system's event queue.
//! Everything above it sees futures-io streams and a [`Handle`]; no room above knows which reactor runs.
//!
//! async-io's reactor is process-global, cannot be stopped and panics if it cannot start, so the seam lies above
//! sockets and timers: a reactor is *chosen* once, probed before it is touched, and passed on as a value.

mod choice;
#[cfg(any(windows, all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
mod completion;
mod crowd;
mod drive;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod edge;
mod files;
mod haste;
mod ledger;
mod own;
mod poll;
mod pool;
mod reset;
mod selector;
mod shutdown;
pub mod sim;
mod sleep;
mod socket;
mod sources;
mod streak;
mod stream;
mod tcp;
mod timers;
mod unblock;
mod watched;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
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
pub use crate::reactor::files::raise_open_files_limit;
pub use crate::reactor::ledger::Ledger;
pub use crate::reactor::shutdown::Keeper;
pub use crate::reactor::shutdown::Shutdown;
pub use crate::reactor::shutdown::Stopped;
pub use crate::reactor::socket::Accept;
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
    /// As `spawn_blocking`, on threads that work of other lanes does not keep busy. By default all lanes are one.
    fn spawn_in(&self, lane: Lane, work: Box<dyn FnOnce() + Send>) {
        let _ = lane;
        self.spawn_blocking(work);
    }
    /// The one ledger that this reactor hands to all its sockets and listeners.
    fn ledger(&self) -> &Ledger;
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
    /// What connect(2) says: refused, unreachable, timed out, out of file descriptors. [`Stopped`], after a
    /// [`shutdown`](Self::shutdown).
    pub fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let (connecting, ledger) = (self.0.connect(addr), self.0.ledger().clone());
        Box::pin(async move { ledger.attempt(connecting)?.await })
    }

    /// Listens on `addr`; port 0 picks a free one, which [`Listener::local_addr`] tells.
    ///
    /// # Errors
    /// The address is in use, not this machine's, or not permitted. [`Stopped`], after a [`shutdown`](Self::shutdown).
    pub fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let (listening, ledger) = (self.0.listen(addr), self.0.ledger().clone());
        Box::pin(async move {
            ledger.admit()?;
            listening.await
        })
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

    /// Ready once [`now`](Self::now) has reached `at`: never before, and as a rule one or two milliseconds after, since the reactors
    /// round up to milliseconds, so that what is due in the same one costs them a single turn.
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

    /// Runs blocking or CPU-heavy `work` on the reactor's bounded pool, in [`Lane::Bulk`]. It is queued by this call, not by the first poll, so
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

    /// As [`unblock`](Self::unblock), in a lane of one's choice: each has threads of its own, so that no kind of work waits for another.
    ///
    /// # Panics
    /// As [`unblock`](Self::unblock).
    pub fn unblock_on<T, W>(&self, lane: Lane, work: W) -> impl Future<Output = T> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> T + Send + 'static,
    {
        let (job, outcome) = unblock::pair(work);
        self.0.spawn_in(lane, job);
        outcome
    }

    /// How many shutdowns of this reactor's sockets failed. Such a failure is never an error (the peer had already reset the
    /// connection, say) and is not logged above trace, but a new pattern shows here.
    pub fn benign_shutdowns(&self) -> u64 {
        self.0.ledger().benign_shutdowns()
    }

    /// Shuts the reactor down, for all its handles: begins with this call, and is ready when the last connection has ended, at
    /// the latest when `grace` is over.
    ///
    /// From this call on nothing new is opened or accepted ([`Stopped::Refused`]), and [`Keeper`]s close what they keep at
    /// rest, as an HTTP client does with its pool. What carries something may come to its end; name lookups, timers and
    /// `unblock` go on for that, and after. What is open when the grace is over is aborted: its descriptor is closed by this
    /// future (of `completion` on Linux, if the kernel has an operation on it, shut down by this future and closed by the next
    /// turn), its tasks are woken and told [`Stopped::Aborted`], and so is whoever asks later. Threads and the event queue go with the
    /// last handle, socket, listener and timer; a listener is its owner's to drop and is not waited for.
    ///
    /// A grace of zero aborts at the first poll whatever does not rest. Without any connection it is ready at once. A second
    /// call has a grace of its own, of which the shorter counts; both tell the same, and so does a call after the end.
    /// Dropping the future leaves open what is open: nothing new comes, and nothing is aborted. Like any future it may be
    /// awaited within `block_on`, on another thread or on another executor, provided that somebody [drives](Drive) the reactor.
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures_lite::AsyncReadExt;
    /// use smolcrawl::reactor::{Stopped, sim::Sim};
    ///
    /// let handle = Sim::new().handle();
    /// handle.block_on(async {
    ///     let listener = handle.listen("10.0.0.1:80".parse().unwrap()).await.unwrap();
    ///     let mut near = handle.connect(listener.local_addr()).await.unwrap();
    ///     let far = listener.accept().await.unwrap();
    ///     drop(far);
    ///
    ///     let ended = handle.shutdown(Duration::from_secs(5)).await; // near's owner does nothing within 5 s
    ///     assert_eq!((ended.drained, ended.aborted), (0, 1));
    ///     assert_eq!(Stopped::of(&near.read(&mut [0]).await.unwrap_err()), Some(Stopped::Aborted));
    /// });
    /// ```
    pub fn shutdown(&self, grace: Duration) -> impl Future<Output = Shutdown> + Send + use<> {
        let handle = self.clone();
        let deadline = self.now().checked_add(grace);
        self.0.ledger().close();
        async move {
            let ledger = handle.0.ledger();
            let late = async {
                match deadline {
                    Some(at) if handle.now() < at => handle.sleep_until(at).await,
                    Some(_) => {}
                    None => future::pending().await,
                }
            };
            future::or(async { _ = ledger.over().await }, late).await;
            ledger.abort();
            ledger.over().await
        }
    }

    /// Tells `keeper` when a shutdown of this reactor begins: at once, if it has begun.
    pub fn announce_shutdown_to(&self, keeper: Weak<dyn Keeper>) {
        self.0.ledger().announce_to(keeper);
    }
}

/// What kind of work it is that would hold up the reactor's thread. Work of one kind queues behind its like only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Short, and somebody waits for it: milliseconds, such as a look into a database.
    Interactive,
    /// The common work, of which a piece may take seconds.
    Bulk,
    /// Slices, of tenths of a second at the most, of work that goes on behind everything else: a model's batches, transactions that write.
    Heavy,
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
