//! Edge-triggered epoll: a socket is registered once and told of each change once. The queue of the reactor `edge`.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec};
use rustix::io::Errno;

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
    /// With the last descriptor of a socket epoll forgets it, which saves a system call for each. A child between fork and exec has
    /// one for a moment: what is told of the socket meanwhile is told of a key that nobody has any more.
    fn watch(&self, descriptor: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let changes = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        Ok(epoll::add(&self.epoll, descriptor, EventData::new_u64(key.number()), changes)?)
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

    /// A child between fork and exec has the socket for a moment longer, as the copy has it here.
    #[test]
    fn what_is_told_of_a_socket_that_was_dropped_reaches_nobody() {
        use std::io::Write;
        use std::net::{TcpListener, TcpStream};
        use std::os::fd::AsFd;
        use std::task::{Context, Waker};

        use crate::reactor::sources::{Source, Supposed, Way};

        let (queue, sources) = (Edge::new().unwrap(), Sources::default());
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let source = Source::new(TcpStream::connect(port.local_addr().unwrap()).unwrap(), Supposed::NotReady);
        let (mut far, _) = port.accept().unwrap();
        let copy = source.descriptor.try_clone().unwrap();
        let key = sources.insert(source.clone());
        queue.watch(source.descriptor.as_fd(), key).unwrap();
        let mut events = Vec::new();
        queue.wait(&sources, None, &mut events).unwrap();
        sources.remove(key);
        drop(source);
        let next = Source::new(port, Supposed::NotReady);
        sources.insert(next.clone());
        let is_pending = || next.poll_ready(Way::Read, &mut Context::from_waker(Waker::noop())).is_pending();
        assert!(is_pending());

        events.clear();
        far.write_all(b"x").unwrap();
        queue.wait(&sources, None, &mut events).unwrap();
        assert_eq!(events.iter().map(|event| event.key).collect::<Vec<_>>(), [key], "epoll tells of it still");
        let mut wakers = Vec::new();
        sources.note(&events, &mut wakers);
        assert!(wakers.is_empty() && is_pending());

        events.clear();
        drop(copy);
        let _ = far.write_all(b"x");
        queue.wait(&sources, Some(Duration::ZERO), &mut events).unwrap();
        assert!(events.is_empty(), "with the last descriptor it is forgotten: {events:?}");
    }
}
