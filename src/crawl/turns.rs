//! When an origin that asks for a `Crawl-delay` may be asked next, whichever crawl or single request it is. Pure: the clock is an
//! argument.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all that one crawler fetches. A crawl paces itself; this paces several at once, and what belongs to none.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Held for one look and one entry, never across an await.
    next: Mutex<Next>,
}

#[derive(Debug, Default)]
struct Next {
    /// When each origin may be asked next.
    at: HashMap<Arc<str>, Instant>,
    /// The same by time, so that those that need no entry any more are found without a look at the others.
    by_time: BTreeSet<(Instant, Arc<str>)>,
}

impl Turns {
    /// Takes the turn, or tells when to ask for it again: nobody holds a place for later, so who gives up waiting holds up nobody.
    pub(super) fn take(&self, origin: &str, delay: Duration, now: Instant) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = next.at.get(origin)
            && *at > now
        {
            return Some(*at);
        }
        next.forget(origin);
        while next.at.len() >= MAX_ORIGINS
            && let Some((at, oldest)) = next.by_time.first().cloned()
            && at <= now
        {
            next.forget(&oldest);
        }
        // Where so many have a delay at one time, the rest is held to it by its own crawl alone.
        if next.at.len() < MAX_ORIGINS {
            let origin: Arc<str> = origin.into();
            next.at.insert(origin.clone(), now + delay);
            next.by_time.insert((now + delay, origin));
        }
        None
    }
}

impl Next {
    fn forget(&mut self, origin: &str) {
        if let Some((origin, at)) = self.at.remove_entry(origin) {
            self.by_time.remove(&(at, origin));
        }
    }
}

/// Origins with a turn at one time; those that may be asked anyway need no entry.
const MAX_ORIGINS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_turn_a_delay_for_each_origin() {
        let (turns, start, delay) = (Turns::default(), Instant::now(), Duration::from_secs(10));
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(turns.take("http://a.test", delay, start), None);
        assert_eq!(turns.take("http://b.test", delay, after(1)), None);
        assert_eq!(turns.take("http://a.test", delay, after(3)), Some(after(10)));
        assert_eq!(turns.take("http://a.test", delay, after(3)), Some(after(10)), "asking takes no place in a queue");
        assert_eq!(turns.take("http://a.test", delay, after(10)), None);
        assert_eq!(turns.take("http://a.test", delay, after(10)), Some(after(20)));
    }

    #[test]
    fn origins_that_need_no_turn_make_room() {
        let (turns, start) = (Turns::default(), Instant::now());
        let second = Duration::from_secs(1);
        for number in 0..MAX_ORIGINS {
            assert_eq!(turns.take(&format!("http://h{number}.test"), second, start), None);
        }
        let many = || turns.next.lock().unwrap().at.len();
        assert_eq!(turns.take("http://more.test", second, start), None);
        assert_eq!(many(), MAX_ORIGINS, "no more than that at one time");
        assert_eq!(turns.take("http://more.test", second, start + second), None);
        assert_eq!(many(), MAX_ORIGINS, "one made room");
        assert_eq!(turns.take("http://more.test", second, start + second), Some(start + second * 2));
    }
}
