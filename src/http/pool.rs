//! Connections at rest, by route. The last one back is the first one out: it is the least likely to have been closed meanwhile.

use std::collections::{BTreeMap, HashMap, VecDeque};
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

/// No operation looks at more than it moves, however many routes there are.
#[derive(Debug, Default)]
struct Idle {
    by_route: HashMap<Route, Place>,
    /// Those of one route each, in the order of return: the oldest first. None is empty, but those of places that are free.
    lists: Vec<VecDeque<Parked>>,
    free: Vec<Place>,
    /// All of them in the order of return, by where they are: the first of its list is the first here.
    by_age: BTreeMap<Number, (Place, Instant)>,
    /// Of the one that came last.
    last: Number,
    /// The reactor is shutting down: nothing is kept any more.
    closed: bool,
}

/// Of a list.
type Place = usize;
/// Of a connection, since the pool began.
type Number = u64;

#[derive(Debug)]
struct Parked {
    connection: Connection,
    number: Number,
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
                let place = idle.by_route.get(route).copied();
                place.and_then(|place| idle.remove(place, End::Newest))
            };
            let Some(Parked { mut connection, since, .. }) = parked else { return Taken { connection: None, dead } };
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
        let mut locked = self.lock();
        let idle = &mut *locked;
        if idle.closed {
            drop(locked);
            return 0;
        }
        let mut out = idle.remove_expired(now, self.limits.keep_alive);
        // One goes for the one that comes: of its own route where that is full, else the oldest of all.
        match idle.by_route.get(&connection.route).copied() {
            Some(place) if idle.lists[place].len() >= self.limits.per_route => out.extend(idle.remove(place, End::Oldest)),
            _ if idle.by_age.len() >= self.limits.in_all => out.extend(idle.remove_oldest()),
            _ => {}
        }
        idle.park(connection, now);
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
            let oldest = self.lock().by_age.first_key_value().map(|(_, (_, since))| *since);
            match oldest {
                Some(since) => return later(since, self.limits.keep_alive),
                // Neither end is ever closed.
                None => _ = self.bell.1.recv().await,
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().by_age.len()
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Nothing in a critical section panics half-way through a change.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Pool {
    fn let_go(&self) {
        let mut idle = self.lock();
        let resting = std::mem::replace(&mut *idle, Idle { closed: true, ..Idle::default() });
        drop(idle);
        // Closed here, outside the lock.
        drop(resting);
    }
}

/// Which of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Oldest,
    Newest,
}

impl Idle {
    fn park(&mut self, connection: Connection, since: Instant) {
        let place = self.place(&connection.route);
        self.last += 1;
        let number = self.last;
        self.by_age.insert(number, (place, since));
        let list = &mut self.lists[place];
        list.push_back(Parked { connection, number, since });
        // The newest are the next to be used; the others may rest for long.
        if let Some(older) = list.len().checked_sub(WITH_BUFFER + 1) {
            list[older].connection.buffer.release();
        }
    }

    /// The list of a route, an empty one for a new route: which is to be filled.
    fn place(&mut self, route: &Route) -> Place {
        if let Some(place) = self.by_route.get(route) {
            return *place;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.lists.push(VecDeque::new());
            self.lists.len() - 1
        });
        self.by_route.insert(route.clone(), place);
        place
    }

    fn remove(&mut self, place: Place, end: End) -> Option<Parked> {
        let list = &mut self.lists[place];
        let parked = match end {
            End::Oldest => list.pop_front(),
            End::Newest => list.pop_back(),
        }?;
        self.by_age.remove(&parked.number);
        if list.is_empty() {
            self.by_route.remove(&parked.connection.route);
            self.free.push(place);
        }
        Some(parked)
    }

    fn remove_expired(&mut self, now: Instant, keep_alive: Duration) -> Vec<Parked> {
        let mut out = Vec::new();
        while let Some((_, (_, since))) = self.by_age.first_key_value()
            && now.saturating_duration_since(*since) >= keep_alive
        {
            out.extend(self.remove_oldest());
        }
        out
    }

    fn remove_oldest(&mut self) -> Option<Parked> {
        let place = self.by_age.first_key_value().map(|(_, (place, _))| *place)?;
        self.remove(place, End::Oldest)
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
