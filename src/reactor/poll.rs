//! poll(2): the system is handed all awaited sockets at each wait, which costs more the more there are, but needs nothing
//! of it. The queue of the reactor `poll`.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::reactor::sources::Descriptor;
use crate::reactor::sources::Event;
use crate::reactor::sources::Key;
use crate::reactor::sources::Sources;
use crate::reactor::watched::Listing;
use crate::reactor::watched::Poller;

pub(crate) struct Polled {
    /// Readable after a ring.
    bell: PipeReader,
    rope: PipeWriter,
}

impl Polled {
    /// # Errors
    /// The process is out of file descriptors.
    pub(crate) fn new() -> io::Result<Self> {
        let (bell, rope) = io::pipe()?;
        // Rings are counted before they are written, and there are never enough to fill the pipe; but who rings must not block.
        rustix::io::ioctl_fionbio(&rope, true)?;
        Ok(Self { bell, rope })
    }
}

impl Poller for Polled {
    fn watch(&self, _: &Descriptor, _: Key) -> io::Result<()> {
        Ok(())
    }

    fn forget(&self, _: &Descriptor) {}

    fn wait(&self, sources: &Sources, limit: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let awaited = sources.awaited();
        let mut polled = Vec::with_capacity(awaited.len() + 1);
        polled.push(PollFd::new(&self.bell, PollFlags::IN));
        for source in &awaited {
            let mut changes = PollFlags::empty();
            changes.set(PollFlags::IN, source.read);
            changes.set(PollFlags::OUT, source.write);
            polled.push(PollFd::from_borrowed_fd(source.descriptor.as_fd(), changes));
        }
        let limit = limit.map(|limit| Timespec { tv_sec: limit.as_secs() as _, tv_nsec: limit.subsec_nanos() as _ });
        match rustix::event::poll(&mut polled, limit.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if polled[0].revents().contains(PollFlags::IN) {
            // If some rings are left, the next wait is short.
            rustix::io::read(&self.bell, &mut [0; 64])?;
        }
        for (source, polled) in awaited.iter().zip(&polled[1..]) {
            let flags = polled.revents();
            if flags.is_empty() {
                continue;
            }
            let broken = flags.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
            events.push(Event {
                key: source.key,
                readable: broken || flags.contains(PollFlags::IN),
                writable: broken || flags.contains(PollFlags::OUT),
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
}
