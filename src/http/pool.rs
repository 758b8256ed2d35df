//! Connections at rest, by route. The last one back is the first one out: it is the least likely to have been closed meanwhile.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::connect::Route;
use super::connection::Connection;
use super::later;
use super::verdict::{Age, Replayable, Stage, Verdict, verdict};
use crate::reactor::Keeper;

/// Keep-alive connections that carry nothing at the moment.
#[derive(Debug)]
pub(super) struct Pool {
    limits: Limits,
    /// Held to move one connection in or out, or to sweep; never across `.await`.
    idle: Mutex<Idle>,
    /// Rung when a connection comes to rest; a full bell is already ringing.
    bell: (async_channel::Sender<()>, async_channel::Receiver<()>),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) keep_alive: Duration,
    pub(super) per_route: usize,
    pub(super) in_all: usize,
}

#[derive(Debug, Default)]
struct Idle {
    /// Each list is in the order of return: the oldest first.
    by_route: HashMap<Route, Vec<Parked>>,
    count: usize,
    swept: Option<Instant>,
    /// The reactor is shutting down: nothing is kept any more.
    closed: bool,
}

#[derive(Debug)]
struct Parked {
    connection: Connection,
    since: Instant,
}

/// A connection that is fit for use, and how many were found dead on the way to it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) connection: Option<Connection>,
    pub(super) dead: u64,
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, idle: Mutex::default(), bell: async_channel::bounded(1) }
    }

    /// Takes the newest connection of this route that is neither too old nor closed by the peer.
    pub(super) fn take(&self, route: &Route, now: Instant) -> Taken {
        let mut dead = 0;
        loop {
            let parked = {
                let mut idle = self.lock();
                let parked = idle.by_route.get_mut(route).and_then(Vec::pop);
                idle.count -= usize::from(parked.is_some());
                parked
            };
            let Some(Parked { mut connection, since }) = parked else { return Taken { connection: None, dead } };
            let expired = now.saturating_duration_since(since) > self.limits.keep_alive;
            if is_dead(&connection) {
                connection.give_up();
                log::trace!("{route}: closed by the peer while idle");
                dead += 1;
            } else if !expired {
                connection.age = Age::Reused;
                return Taken { connection: Some(connection), dead };
            }
        }
    }

    /// Keeps a connection for later. Returns how many dead ones were found while making room.
    pub(super) fn put(&self, connection: Connection, now: Instant) -> u64 {
        if self.limits.per_route == 0 || self.limits.in_all == 0 {
            return 0;
        }
        let mut out = Vec::new();
        let mut locked = self.lock();
        let idle = &mut *locked;
        if idle.closed {
            drop(locked);
            return 0;
        }
        // Not on every return: a sweep looks at each route.
        if idle.swept.is_none_or(|swept| now.saturating_duration_since(swept) > SWEEP) {
            idle.swept = Some(now);
            out = idle.remove_expired(now, self.limits.keep_alive);
        }
        // One goes for the one that comes: of its own route where that is full, else the oldest of all.
        match idle.by_route.get_mut(&connection.route) {
            Some(list) if list.len() >= self.limits.per_route => {
                out.push(list.remove(0));
                idle.count -= 1;
            }
            _ if idle.count >= self.limits.in_all => out.extend(idle.remove_oldest()),
            _ => {}
        }
        idle.count += 1;
        let parked = |connection| Parked { connection, since: now };
        // The route is cloned only the first time.
        match idle.by_route.get_mut(&connection.route) {
            Some(list) => {
                list.push(parked(connection));
                // The newest are the next to be used; the others may rest for long.
                if let Some(older) = list.len().checked_sub(WITH_BUFFER + 1) {
                    list[older].connection.buffer.release();
                }
            }
            None => {
                idle.by_route.insert(connection.route.clone(), vec![parked(connection)]);
            }
        }
        drop(locked);
        // Full means that it rings already.
        let _ = self.bell.0.try_send(());
        close(out)
    }

    /// Closes those that have rested long enough. Returns how many of them were found dead.
    pub(super) fn close_expired(&self, now: Instant) -> u64 {
        let out = self.lock().remove_expired(now, self.limits.keep_alive);
        close(out)
    }

    /// When the first of those at rest will have rested long enough; waits for one to come to rest where there is none.
    pub(super) async fn next_expiry(&self) -> Instant {
        loop {
            let oldest = self.lock().by_route.values().filter_map(|list| list.first()).map(|parked| parked.since).min();
            match oldest {
                Some(since) => return later(since, self.limits.keep_alive),
                // Neither end is ever closed.
                None => _ = self.bell.1.recv().await,
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Nothing in a critical section panics half-way through a change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Pool {
    fn let_go(&self) {
        let mut idle = self.lock();
        idle.closed = true;
        idle.count = 0;
        let resting = std::mem::take(&mut idle.by_route);
        drop(idle);
        // Closed here, outside the lock.
        drop(resting);
    }
}

impl Idle {
    fn remove_expired(&mut self, now: Instant, keep_alive: Duration) -> Vec<Parked> {
        let mut out = Vec::new();
        self.by_route.retain(|_, list| {
            let expired = list.iter().take_while(|parked| now.saturating_duration_since(parked.since) >= keep_alive).count();
            out.extend(list.drain(..expired));
            !list.is_empty()
        });
        self.count -= out.len();
        out
    }

    fn remove_oldest(&mut self) -> Option<Parked> {
        let list = self.by_route.values_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0].since)?;
        self.count -= 1;
        Some(list.remove(0))
    }
}

/// Outside the lock. Returns how many were dead already.
fn close(mut out: Vec<Parked>) -> u64 {
    let mut dead = 0;
    for parked in &mut out {
        if is_dead(&parked.connection) {
            parked.connection.give_up();
            dead += 1;
        }
    }
    dead
}

/// Closed, reset, or spoken on unasked: worth counting, nothing more.
fn is_dead(connection: &Connection) -> bool {
    !connection.is_quiet() && verdict(None, Stage::Idle, Replayable::No) == Verdict::Benign
}

/// Connections of one route that keep their buffer at rest: 2 MiB of them.
const WITH_BUFFER: usize = 64;

const SWEEP: Duration = Duration::from_secs(10);
