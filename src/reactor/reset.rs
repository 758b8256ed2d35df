//! The memory of a reset: what the system tells of once, a [`Stream`](crate::reactor::Stream) has to tell of ever after.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a reset was met. The system tells of it once, to a write or a probe as well as to a read, and reports the end of
/// the stream from then on, which would make a truncated body look complete.
#[derive(Debug, Default)]
pub(crate) struct ResetMemory(AtomicBool);

impl ResetMemory {
    pub(crate) fn remember<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::ConnectionReset) {
            self.0.store(true, Ordering::Relaxed);
        }
        result
    }

    /// What a read comes to, for which there was `room`.
    pub(crate) fn judge_read(&self, result: io::Result<usize>, room: usize) -> io::Result<usize> {
        match self.remember(result) {
            Ok(0) if room > 0 && self.0.load(Ordering::Relaxed) => Err(io::ErrorKind::ConnectionReset.into()),
            result => result,
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

#[cfg(test)]
mod tests {
    use super::*;

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
