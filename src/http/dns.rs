//! Remembers for a short while where hosts are: a crawl asks for the same few names thousands of times.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::reactor::Handle;

/// Addresses by host name. Failures are not remembered.
#[derive(Debug)]
pub(super) struct Names {
    ttl: Duration,
    /// Held to look up or to enter one name; never across `.await`.
    known: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    by_name: HashMap<Arc<str>, Known>,
    /// When each is out of date, the first first: all are remembered equally long. A name that was forgotten or entered anew leaves its old
    /// line behind, which comes up in its time.
    by_age: VecDeque<(Instant, Arc<str>)>,
}

impl Table {
    fn enter(&mut self, name: &str, known: Known, now: Instant) {
        while let Some((until, name)) = self.by_age.front()
            && (*until <= now || self.by_age.len() >= MAX_NAMES)
        {
            if self.by_name.get(name).is_some_and(|known| known.until == *until) {
                self.by_name.remove(name);
            }
            self.by_age.pop_front();
        }
        let name: Arc<str> = name.into();
        self.by_age.push_back((known.until, name.clone()));
        self.by_name.insert(name, known);
    }
}

#[derive(Debug)]
struct Known {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

impl Names {
    pub(super) fn new(ttl: Duration) -> Self {
        Self { ttl, known: Mutex::default() }
    }

    /// The addresses of a host, in the resolver's order, each once, at least one.
    pub(super) async fn resolve(&self, handle: &Handle, host: &str) -> io::Result<Arc<[IpAddr]>> {
        if let Some(known) = self.lock().by_name.get(host).filter(|known| known.until > handle.now()) {
            return Ok(known.addresses.clone());
        }
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in handle.resolve(host, 0).await? {
            // Resolvers repeat an address for each socket type.
            if !addresses.contains(&address.ip()) {
                addresses.push(address.ip());
            }
        }
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no address"));
        }
        let addresses: Arc<[IpAddr]> = addresses.into();
        let now = handle.now();
        if let Some(until) = now.checked_add(self.ttl) {
            self.lock().enter(host, Known { addresses: addresses.clone(), until }, now);
        }
        Ok(addresses)
    }

    /// None of the addresses answered: the next attempt asks the resolver anew.
    pub(super) fn forget(&self, host: &str) {
        self.lock().by_name.remove(host);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const MAX_NAMES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_the_oldest_goes() {
        let (mut table, start) = (Table::default(), Instant::now());
        let known = |second| Known { addresses: [IpAddr::from([10, 0, 0, 1])].into(), until: start + Duration::from_secs(second) };
        for number in 0..3 * MAX_NAMES as u64 {
            table.enter(&format!("a{number}.test"), known(1_000_000 + number), start);
        }
        assert_eq!((table.by_name.len(), table.by_age.len()), (MAX_NAMES, MAX_NAMES));
        assert!(!table.by_name.contains_key("a0.test") && table.by_name.contains_key("a12287.test"));
        // What was forgotten and entered anew is not taken for its old self.
        let mut table = Table::default();
        table.enter("a.test", known(1), start);
        table.by_name.remove("a.test");
        table.enter("a.test", known(60), start);
        table.enter("b.test", known(60), start + Duration::from_secs(2));
        assert_eq!((table.by_name.len(), table.by_age.len()), (2, 2));
    }
}
