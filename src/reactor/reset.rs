//! The memory of a reset, and of what ends a connection like one: what the system tells of once, a
//! [`Stream`](crate::reactor::Stream) has to tell of ever after.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

/// Whether a reset was met, or the system gave the connection up by itself. It tells of that once, to a write or a probe as well
/// as to a read, and reports the end of the stream from then on, which would make a truncated body look complete.
#[derive(Debug, Default)]
pub(crate) struct ResetMemory(
    /// Of the first that was met, the system's number; where it has none, the place in [`ENDS`], counted down from minus one.
    AtomicI32,
);

impl ResetMemory {
    pub(crate) fn remember<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && let Some((place, _)) = (1..).zip(ENDS).find(|(_, end)| *end == error.kind())
        {
            let number = error.raw_os_error().filter(|code| *code > 0).unwrap_or(-place);
            let _ = self.0.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
        }
        result
    }

    /// What a read comes to, for which there was `room`.
    pub(crate) fn judge_read(&self, result: io::Result<usize>, room: usize) -> io::Result<usize> {
        match (self.remember(result), self.0.load(Ordering::Relaxed)) {
            (Ok(0), number) if room > 0 && number > 0 => Err(io::Error::from_raw_os_error(number)),
            (Ok(0), place) if room > 0 && place < 0 => Err(ENDS[place.unsigned_abs() as usize - 1].into()),
            (result, _) => result,
        }
    }

    /// True if a socket has nothing to tell, of which `peek` looks at a byte and does not block.
    pub(crate) fn is_quiet(&self, mut peek: impl FnMut() -> io::Result<usize>) -> bool {
        let peeked = loop {
            match peek() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                peeked => break self.remember(peeked),
            }
        };
        matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// After these the system says "end of the stream", though the peer has not. (After a broken pipe too, but that comes after the
/// peer's own end, or after one of these.)
const ENDS: [io::ErrorKind; 6] = [
    io::ErrorKind::ConnectionReset,
    // No answer for long, a route that is gone (tcp(7), ip(7)), or an administrator's `ss --kill`.
    io::ErrorKind::TimedOut,
    io::ErrorKind::HostUnreachable,
    io::ErrorKind::NetworkUnreachable,
    io::ErrorKind::NetworkDown,
    io::ErrorKind::ConnectionAborted,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the system itself gave the connection up, the end is as untrue as after a reset.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_end_of_the_stream_is_no_end_once_the_system_gave_up() {
        use std::io::{Read, Write};
        use std::net::TcpStream;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let _far = listener.accept().unwrap();
        rustix::net::sockopt::set_tcp_user_timeout(&near, 1).unwrap();
        near.set_write_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        let memory = ResetMemory::default();
        // The peer reads nothing: soon there is no room.
        let error = loop {
            if let Err(error) = memory.remember(near.write(&[0; 65_536])) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(near.read(&mut [0]).unwrap(), 0, "the system says that it is the end");
        let again = memory.judge_read(Ok(0), 1).unwrap_err();
        assert_eq!((again.kind(), again.raw_os_error()), (io::ErrorKind::TimedOut, error.raw_os_error()));
        assert!(again.raw_os_error().is_some());
    }

    /// The number says more than the kind: what one looks up, and on Windows which of two words for a reset it was.
    #[test]
    fn what_is_told_again_has_the_systems_number() {
        let codes: &[i32] = if cfg!(windows) {
            &[10053, 10054, 10060]
        } else if cfg!(target_os = "linux") {
            &[104, 110]
        } else {
            &[54, 60]
        };
        for code in codes {
            let memory = ResetMemory::default();
            assert!(memory.remember::<()>(Err(io::Error::from_raw_os_error(*code))).is_err());
            // The first is kept.
            assert!(memory.remember::<()>(Err(io::ErrorKind::HostUnreachable.into())).is_err());
            for _ in 0..2 {
                assert_eq!(memory.judge_read(Ok(0), 8).unwrap_err().raw_os_error(), Some(*code));
            }
        }
    }

    #[test]
    fn the_end_of_the_stream_is_a_reset_once_there_was_one() {
        let memory = ResetMemory::default();
        assert_eq!(memory.judge_read(Ok(0), 8).unwrap(), 0);
        assert!(memory.remember::<()>(Err(io::ErrorKind::BrokenPipe.into())).is_err());
        assert_eq!(memory.judge_read(Ok(0), 8).unwrap(), 0);
        assert!(memory.remember::<()>(Err(io::ErrorKind::ConnectionReset.into())).is_err());
        assert_eq!(memory.judge_read(Ok(3), 8).unwrap(), 3, "what has arrived may still be read");
        assert_eq!(memory.judge_read(Ok(0), 0).unwrap(), 0, "no room, no news");
        for _ in 0..2 {
            assert_eq!(memory.judge_read(Ok(0), 8).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }
}
