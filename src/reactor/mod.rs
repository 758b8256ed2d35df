//! Sockets, timers and threads: the only room that touches the operating system's event queue.
//! Everything above it sees futures-io streams and a [`Handle`]; no room above knows which reactor runs.
//!
//! async-io's reactor is process-global, cannot be stopped and panics if it cannot start, so the seam lies above
//! sockets and timers: a reactor is *chosen* once, probed before it is touched, and passed on as a value.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A future on the heap that any executor may poll.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One source of readiness and time. Object-safe, so that the choice is a value and not a type parameter.
pub trait Reactor: fmt::Debug + Send + Sync + 'static {
    /// Opens a TCP connection with `TCP_NODELAY` set.
    fn connect(&self, addr: SocketAddr) -> Boxed<'_, io::Result<Socket>>;
    /// Accepts TCP connections on `addr`; port 0 picks a free one.
    fn listen(&self, addr: SocketAddr) -> Boxed<'_, io::Result<Listener>>;
    /// The addresses of a host name, in the resolver's order. Blocks no executor.
    fn resolve(&self, host: &str, port: u16) -> Boxed<'_, io::Result<Vec<SocketAddr>>>;
    /// The clock that `sleep_until` goes by: the system's, or a virtual one in `sim`.
    fn now(&self) -> Instant;
    /// Ready once `now()` has reached `at`.
    fn sleep_until(&self, at: Instant) -> Boxed<'_, ()>;
    /// Runs `main` on the calling thread, which drives the reactor meanwhile.
    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>);
    /// Runs blocking or CPU-heavy work on the reactor's bounded pool; queued when all its threads are busy.
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>);
}
