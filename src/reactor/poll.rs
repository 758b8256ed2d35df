//! poll(2), WSAPoll on Windows: the system is handed all awaited sockets at each wait, which costs more the more there are, but
//! needs nothing of it. The queue of the reactor `poll`.

use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use crate::reactor::sources::Event;
use crate::reactor::sources::Key;
use crate::reactor::sources::Sources;
use crate::reactor::watched::Listing;
use crate::reactor::watched::Poller;

pub(crate) struct Polled {
    /// Readable after a ring.
    bell: bell::Bell,
    rope: bell::Rope,
    /// When the system was last doubted, if it ever is.
    doubted: Option<Mutex<Instant>>,
}

impl Polled {
    /// # Errors
    /// The process is out of file descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let (bell, rope) = bell::pair()?;
        // Rings are counted before they are written, and there are never enough to fill the pipe; but who rings must not block.
        rustix::io::ioctl_fionbio(&rope, true)?;
        Ok(Self { bell, rope, doubted: cfg!(windows).then(|| Mutex::new(Instant::now())) })
    }
}

impl Poller for Polled {
    fn watch(&self, _: BorrowedFd<'_>, _: Key) -> io::Result<()> {
        Ok(())
    }

    fn wait(&self, sources: &Sources, limit: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let awaited = sources.awaited();
        let mut polled = Vec::with_capacity(awaited.len() + 1);
        polled.push(PollFd::new(&self.bell, PollFlags::IN));
        for source in &awaited {
            let mut changes = PollFlags::empty();
            changes.set(PollFlags::IN, source.read);
            changes.set(PollFlags::OUT, source.write);
            polled.push(PollFd::from_borrowed_fd(source.source.descriptor.as_fd(), changes));
        }
        let in_doubt = self.doubted.as_ref().filter(|_| awaited.iter().any(|source| source.write));
        let limit = match in_doubt {
            Some(_) => Some(limit.unwrap_or(DOUBT).min(DOUBT)),
            None => limit,
        };
        let limit = limit.map(|limit| Timespec { tv_sec: limit.as_secs() as _, tv_nsec: limit.subsec_nanos() as _ });
        match rustix::event::poll(&mut polled, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if polled[0].revents().intersects(PollFlags::IN) {
            // If some rings are left, the next wait is short.
            let _rings = (&self.bell).read(&mut [0; 64])?;
        }
        let looks = in_doubt.is_some_and(|doubted| {
            let mut doubted = doubted.lock().unwrap_or_else(PoisonError::into_inner);
            let looks = doubted.elapsed() >= DOUBT;
            if looks {
                *doubted = Instant::now();
            }
            looks
        });
        for (source, polled) in awaited.iter().zip(&polled[1..]) {
            let flags = polled.revents();
            if flags.is_empty() {
                if looks && source.write {
                    events.push(Event { key: source.key, readable: false, writable: true, special: false });
                }
                continue;
            }
            // Windows has two flags for each way, and tells of one.
            let broken = flags.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
            events.push(Event {
                key: source.key,
                readable: broken || flags.intersects(PollFlags::IN),
                writable: broken || flags.intersects(PollFlags::OUT),
                special: broken,
            });
        }
        Ok(())
    }

    fn ring(&self) {
        match (&self.rope).write(&[1]) {
            // A full pipe rings as well.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => log::error!("cannot wake the reactor: {error}"),
            _ => {}
        }
    }

    fn listing(&self) -> Listing {
        Listing::EachWait
    }
}

/// WSAPoll does not tell of a connection that failed to open, before Windows 10 version 2004. So whoever waits to connect or to
/// write is let try in vain so often, where the system says nothing.
const DOUBT: Duration = Duration::from_millis(500);

#[cfg(unix)]
mod bell {
    use std::io::{self, PipeReader, PipeWriter};

    pub(crate) type Bell = PipeReader;
    pub(crate) type Rope = PipeWriter;

    pub(crate) fn pair() -> io::Result<(Bell, Rope)> {
        io::pipe()
    }
}

/// WSAPoll knows sockets only.
#[cfg(windows)]
mod bell {
    use std::io;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use crate::reactor::tcp;

    pub(crate) type Bell = TcpStream;
    pub(crate) type Rope = TcpStream;

    pub(crate) fn pair() -> io::Result<(Bell, Rope)> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let rope = TcpStream::connect(port.local_addr()?)?;
        rope.set_nodelay(true)?;
        loop {
            let (bell, peer) = tcp::accept(&port)?;
            // Anybody may connect to a port.
            if peer == rope.local_addr()? {
                return Ok((bell, rope));
            }
        }
    }
}

/// What the system calls it, for the report.
pub(crate) const BACKEND: &str = if cfg!(windows) { "WSAPoll" } else { "poll" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_ends_one_wait_whether_it_is_early_or_late() {
        let queue = Polled::new().unwrap();
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

    #[test]
    fn who_rings_too_often_is_not_blocked() {
        let queue = Polled::new().unwrap();
        (0..100_000).for_each(|_| queue.ring());
        queue.wait(&Sources::default(), None, &mut Vec::new()).unwrap();
    }
    #[test]
    fn where_the_system_is_doubted_a_wait_to_write_is_cut_short() {
        use std::net::{TcpListener, TcpStream};
        use std::task::{Context, Waker};

        use crate::reactor::sources::{Source, Supposed, Way};

        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let full = TcpStream::connect(port.local_addr().unwrap()).unwrap();
        full.set_nonblocking(true).unwrap();
        while (&full).write(&[0; 65_536]).is_ok() {}
        let sources = Sources::default();
        let source = Source::new(full, Supposed::NotReady);
        let key = sources.insert(source.clone());
        let mut queue = Polled::new().unwrap();
        queue.doubted = Some(Mutex::new(Instant::now()));
        for (way, told) in [(Way::Read, vec![]), (Way::Write, vec![(key, true)])] {
            assert!(source.poll_ready(way, &mut Context::from_waker(Waker::noop())).is_pending());
            let mut events = Vec::new();
            queue.wait(&sources, Some(Duration::from_secs(1)), &mut events).unwrap();
            assert_eq!(events.iter().map(|event| (event.key, event.writable)).collect::<Vec<_>>(), told, "{way:?}");
        }
    }
}
