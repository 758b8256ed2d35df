//! Remembers for a short while where hosts are: a crawl asks for the same few names thousands of times.

use std::collections::HashMap;
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
    known: Mutex<HashMap<String, Known>>,
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
        if let Some(known) = self.lock().get(host).filter(|known| known.until > handle.now()) {
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
            let mut known = self.lock();
            if known.len() >= MAX_NAMES {
                known.retain(|_, known| known.until > now);
            }
            if known.len() < MAX_NAMES {
                known.insert(host.to_owned(), Known { addresses: addresses.clone(), until });
            }
        }
        Ok(addresses)
    }

    /// None of the addresses answered: the next attempt asks the resolver anew.
    pub(super) fn forget(&self, host: &str) {
        self.lock().remove(host);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const MAX_NAMES: usize = 4096;
