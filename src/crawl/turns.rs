//! When an origin that asks for a `Crawl-delay` may be asked next, whichever crawl or single request it is. Pure: the clock is an
//! argument.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all that one crawler fetches. A crawl paces itself; this paces several at once, and what belongs to none.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// When each origin may be asked next. Held for one look and one entry, never across an await.
    next: Mutex<HashMap<Box<str>, Instant>>,
}

impl Turns {
    /// Takes the turn, or tells when to ask for it again: nobody holds a place for later, so who gives up waiting holds up nobody.
    pub(super) fn take(&self, origin: &str, delay: Duration, now: Instant) -> Option<Instant> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        match next.get_mut(origin) {
            Some(at) if *at > now => return Some(*at),
            Some(at) => *at = now + delay,
            None => {
                if next.len() >= MAX_ORIGINS {
                    next.retain(|_, at| *at > now);
                }
                next.insert(origin.into(), now + delay);
            }
        }
        None
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
}
