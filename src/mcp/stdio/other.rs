//! The wire where descriptors cannot be exchanged: the standard streams as they are.

use std::io::{self, Stdin, Stdout};

use log::debug;

use super::Wire;
use crate::mcp::bridge::Shortcut;

pub(super) struct Claim;

pub(super) fn open(wire: Wire) -> io::Result<(Stdin, Stdout, Option<Claim>)> {
    if wire == Wire::Claim {
        debug!("mcp: standard input and output are not claimed on this system: nothing else may use them");
    }
    Ok((io::stdin(), io::stdout(), None))
}

/// None: this system cannot be asked to write without waiting.
pub(super) fn shortcut<W>(_: &W) -> Option<Shortcut> {
    None
}
