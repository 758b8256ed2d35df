//! The reactors of our own: `edge`, `poll` and `completion`. They differ in the queue that they wait in, and in the sockets that
//! go with it.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use crate::reactor::Boxed;
use crate::reactor::Lane;
use crate::reactor::Reactor;
use crate::reactor::choice::Drive;
use crate::reactor::drive::Life;
use crate::reactor::drive::Queue;
use crate::reactor::ledger::Ledger;
use crate::reactor::pool::{Lanes, Pool};
use crate::reactor::sleep::Clock;
use crate::reactor::sleep::Sleep;
use crate::reactor::socket::Accept;
use crate::reactor::socket::Listener;
use crate::reactor::socket::Socket;
use crate::reactor::socket::Stream;
use crate::reactor::timers::Timers;
use crate::reactor::unblock;

/// The sockets that wait in a queue.
pub(crate) trait Network: Queue + Sized {
    type Stream: Stream;
    type Accept: Accept;

    fn connect(life: Arc<Life<Self>>, peer: SocketAddr) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    /// # Errors
    /// The system's limits.
    fn listen(life: Arc<Life<Self>>, io: TcpListener, ledger: Ledger) -> io::Result<Self::Accept>;
}

pub(crate) struct Own<N: Network> {
    life: Arc<Life<N>>,
    /// For the debug output.
    name: &'static str,
    work: Lanes,
    names: Pool,
    ledger: Ledger,
}

impl<N: Network> Own<N> {
    /// A reactor on `queue`, which is its own.
    ///
    /// # Errors
    /// The system grants no thread.
    pub(crate) fn start(name: &'static str, queue: N, drive: Drive) -> io::Result<Self> {
        let life = Arc::new(Life::start(queue, drive)?);
        Ok(Self { life, name, work: Lanes::new(), names: Pool::for_names(), ledger: Ledger::default() })
    }
}

impl<N: Network> Reactor for Own<N> {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let (life, ledger) = (self.life.clone(), self.ledger.clone());
        Box::pin(async move { Ok(Socket::new(N::connect(life, addr).await?, &ledger)) })
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let (life, ledger) = (self.life.clone(), self.ledger.clone());
        Box::pin(async move { Ok(Listener::new(N::listen(life, TcpListener::bind(addr)?, ledger.clone())?, &ledger)) })
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(unblock::look_up(&self.names, host, port))
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        Box::pin(Sleep::until(at, self.life.clone()))
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        self.life.block_on(main);
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

impl<N: Network> fmt::Debug for Own<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<Q: Queue> Clock for Arc<Life<Q>> {
    fn timers(&self) -> &Timers {
        &self.core().timers
    }

    fn next_has_changed(&self) {
        self.core().changed();
    }
}
