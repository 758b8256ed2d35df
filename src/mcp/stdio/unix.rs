//! The wire on unix: duplicates of descriptors 0 and 1, closed on exec, so that no child inherits the protocol.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use log::debug;
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::Wire;

/// Undoes the claim when dropped.
pub(super) struct Claim {
    input: File,
    output: File,
}

pub(super) fn open(wire: Wire) -> io::Result<(File, File, Option<Claim>)> {
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
    Ok((input, output, claim))
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
