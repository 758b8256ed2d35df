//! What `edge` and `poll` wait in: the sockets that are watched, and a queue of the system's that tells when to try again.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use rustix::fd::BorrowedFd;

use crate::reactor::drive::Life;
use crate::reactor::drive::Queue;
use crate::reactor::haste::Newcomers;
use crate::reactor::ledger::Ledger;
use crate::reactor::own::Network;
use crate::reactor::sources::Event;
use crate::reactor::sources::Key;
use crate::reactor::sources::Sources;
use crate::reactor::stream::Connection;
use crate::reactor::stream::Port;

/// The system's queue of events.
pub(crate) trait Poller: Send + Sync + 'static {
    /// From now on until it is closed events of `descriptor` are reported as of `key`. One that is on its way then may still be.
    ///
    /// # Errors
    /// The system's limits.
    fn watch(&self, descriptor: BorrowedFd<'_>, key: Key) -> io::Result<()>;
    /// Waits until there are events, the limit has passed or somebody rings, and adds the events that there are: a
    /// bounded number at once. It may return for no reason.
    ///
    /// # Errors
    /// The system refuses to wait.
    fn wait(&self, sources: &Sources, limit: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()>;
    /// Ends a `wait`: the one that goes on, or else the next.
    fn ring(&self);
    /// What a `wait` that goes on has to be told of.
    fn listing(&self) -> Listing;
}

/// Which sources a `wait` waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Those that are watched, at any time.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code, reason = "for queues that are told of each socket"))]
    Standing,
    /// Those that were awaited when it began: a change has to end it.
    EachWait,
}

pub(crate) struct Watched {
    pub poller: Box<dyn Poller>,
    /// The poller's.
    pub listing: Listing,
    pub sources: Sources,
    pub newcomers: Newcomers,
    /// Kept for the next wait: its memory. Held by the one thread that waits.
    events: Mutex<Vec<Event>>,
}

impl Watched {
    pub(crate) fn new(poller: impl Poller) -> Self {
        Self {
            listing: poller.listing(),
            poller: Box::new(poller),
            sources: Sources::default(),
            newcomers: Newcomers::default(),
            events: Mutex::default(),
        }
    }
}

impl Queue for Watched {
    fn wait(&self, limit: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.clear();
        self.poller.wait(&self.sources, limit, &mut events)?;
        self.sources.note(&events, wakers);
        Ok(())
    }

    fn ring(&self) {
        self.poller.ring();
    }
}

impl Network for Watched {
    type Stream = Connection;
    type Accept = Port;

    fn connect(life: Arc<Life<Self>>, peer: SocketAddr) -> impl Future<Output = io::Result<Connection>> + Send {
        Connection::connect(life, peer)
    }

    fn listen(life: Arc<Life<Self>>, io: TcpListener, ledger: Ledger) -> io::Result<Port> {
        Port::new(life, io, ledger)
    }
}
