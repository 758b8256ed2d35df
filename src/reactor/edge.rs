//! Edge-triggered epoll: a socket is registered once and told of each change once. The queue of the reactor `edge`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec};
use rustix::io::Errno;

use crate::reactor::sources::Descriptor;
use crate::reactor::sources::Event;
use crate::reactor::sources::Key;
use crate::reactor::sources::Sources;
use crate::reactor::watched::Listing;
use crate::reactor::watched::Poller;

pub(crate) struct Edge {
    epoll: OwnedFd,
    /// Written to, never read: each write is an edge.
    bell: OwnedFd,
}

impl Edge {
    /// # Errors
    /// The process is out of file descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &bell, EventData::new_u64(Key::BELL.number()), EventFlags::IN | EventFlags::ET)?;
        Ok(Self { epoll, bell })
    }
}

impl Poller for Edge {
    fn watch(&self, descriptor: &Descriptor, key: Key) -> io::Result<()> {
        let changes = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        Ok(epoll::add(&self.epoll, descriptor, EventData::new_u64(key.number()), changes)?)
    }

    fn forget(&self, descriptor: &Descriptor) {
        // Closing would do, but a child that was forked may hold the socket open for some time.
        if let Err(error) = epoll::delete(&self.epoll, descriptor) {
            log::trace!("epoll does not know a socket that was registered: {error}");
        }
    }

    fn wait(&self, _: &Sources, limit: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let mut buffer = [const { MaybeUninit::<epoll::Event>::uninit() }; AT_ONCE];
        let limit = limit.map(whole_milliseconds);
        let reported = match epoll::wait(&self.epoll, &mut buffer[..], limit.as_ref()) {
            Ok((reported, _)) => &*reported,
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for event in reported {
            let (key, flags) = (Key::from_number(event.data.u64()), event.flags);
            if key == Key::BELL {
                continue;
            }
            let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            let read_special = flags.intersects(EventFlags::RDHUP | EventFlags::PRI);
            events.push(Event {
                key,
                readable: broken || read_special || flags.contains(EventFlags::IN),
                writable: broken || flags.contains(EventFlags::OUT),
                special: broken || read_special,
            });
        }
        Ok(())
    }

    fn ring(&self) {
        // It cannot be full: 2^64 rings are more than there will be.
        if let Err(error) = rustix::io::write(&self.bell, &1_u64.to_ne_bytes()) {
            log::error!("cannot wake the reactor: {error}");
        }
    }

    fn listing(&self) -> Listing {
        Listing::Standing
    }
}

/// Rounded up, as epoll counts in milliseconds and a timer must not be looked at too early.
fn whole_milliseconds(limit: Duration) -> Timespec {
    let milliseconds = limit.as_nanos().div_ceil(1_000_000) as i64;
    Timespec { tv_sec: milliseconds / 1000, tv_nsec: (milliseconds % 1000 * 1_000_000) as _ }
}

/// Events in one turn; more wait for the next.
const AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_rounded_up_to_milliseconds() {
        for (limit, seconds, nanoseconds) in [
            (Duration::ZERO, 0, 0),
            (Duration::from_nanos(1), 0, 1_000_000),
            (Duration::from_micros(1_000), 0, 1_000_000),
            (Duration::from_micros(1_999_001), 2, 0),
            (Duration::from_secs(3600), 3600, 0),
        ] {
            let given = whole_milliseconds(limit);
            assert_eq!((given.tv_sec, given.tv_nsec), (seconds, nanoseconds), "{limit:?}");
        }
    }

    #[test]
    fn a_ring_ends_one_wait_whether_it_is_early_or_late() {
        let queue = Edge::new().unwrap();
        let sources = Sources::default();
        for _ in 0..3 {
            queue.ring();
            queue.wait(&sources, None, &mut Vec::new()).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| queue.ring());
                queue.wait(&sources, None, &mut Vec::new()).unwrap();
            });
        }
    }
}
