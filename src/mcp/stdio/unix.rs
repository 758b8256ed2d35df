//! The wire on unix: duplicates of descriptors 0 and 1, closed on exec, so that no child inherits the protocol.

use std::fs::File;
#[cfg(target_os = "linux")]
use std::io::IoSlice;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use log::debug;
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::Wire;
use crate::mcp::bridge::Shortcut;

/// Undoes the claim when dropped.
pub(super) struct Claim {
    input: File,
    output: File,
}

pub(super) fn open(wire: Wire) -> io::Result<(File, Arc<File>, Option<Claim>)> {
    // What was printed before belongs before the protocol, not into it.
    io::stdout().flush()?;
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let claim = match wire {
        Wire::AsIs => None,
        Wire::Claim => {
            let claim = Claim { input: input.try_clone()?, output: output.try_clone()? };
            dup2_stdin(File::open("/dev/null")?)?;
            dup2_stdout(io::stderr())?;
            Some(claim)
        }
    };
    Ok((input, Arc::new(output), claim))
}

/// Pipes and sockets take what fits if they are asked not to wait (pwritev2(2) with `RWF_NOWAIT`), for this write alone: the flag
/// `O_NONBLOCK` would be set for the client's end as well. Older kernels, files and terminals refuse, and the thread writes.
#[cfg(target_os = "linux")]
pub(super) fn shortcut(output: &Arc<File>) -> Option<Shortcut> {
    use rustix::io::ReadWriteFlags;
    let output = output.clone();
    Some(Box::new(move |bytes| Ok(rustix::io::pwritev2(&output, &[IoSlice::new(bytes)], u64::MAX, ReadWriteFlags::NOWAIT)?)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn shortcut<W>(_: &W) -> Option<Shortcut> {
    None
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Stray prints that are still buffered belong to standard error.
        let restored = io::stdout().flush().and_then(|()| Ok(dup2_stdin(&self.input)?)).and_then(|()| Ok(dup2_stdout(&self.output)?));
        if let Err(error) = restored {
            debug!("mcp: standard input and output were not restored: {error}");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;

    use futures_lite::AsyncWriteExt;
    use futures_lite::future::{block_on, poll_once};

    use super::*;
    use crate::mcp::bridge::write_on_thread;

    /// A pipe that nobody reads must not stop the task, and what was taken must come in its order whoever wrote it.
    #[test]
    fn a_full_pipe_stops_nobody_and_loses_nothing() {
        let (mut client, pipe) = io::pipe().unwrap();
        let pipe = Arc::new(File::from(OwnedFd::from(pipe)));
        let shortcut = shortcut(&pipe);
        let mut outgoing = write_on_thread("test", pipe, shortcut).unwrap();
        let mut sent = Vec::new();
        loop {
            let piece: Vec<u8> = (0..1000).map(|index| ((sent.len() + index) % 251) as u8).collect();
            let Some(count) = block_on(poll_once(outgoing.write(&piece))) else { break };
            sent.extend(&piece[..count.unwrap()]);
        }
        let reader = std::thread::spawn(move || {
            let mut received = Vec::new();
            client.read_to_end(&mut received).map(|_| received)
        });
        for piece in sent.clone().chunks(7) {
            block_on(outgoing.write_all(piece)).unwrap();
        }
        block_on(outgoing.close()).unwrap();
        drop(outgoing);
        assert!(reader.join().unwrap().unwrap() == [sent.clone(), sent].concat());
    }

    #[test]
    fn a_file_is_written_too() {
        let mut file = tempfile::tempfile().unwrap();
        let output = Arc::new(file.try_clone().unwrap());
        let shortcut = shortcut(&output);
        let mut outgoing = write_on_thread("test", output, shortcut).unwrap();
        (0..100).for_each(|_| block_on(outgoing.write_all(b"line\n")).unwrap());
        block_on(outgoing.close()).unwrap();
        let mut written = String::new();
        io::Seek::rewind(&mut file).unwrap();
        file.read_to_string(&mut written).unwrap();
        assert_eq!(written, "line\n".repeat(100));
    }
}
