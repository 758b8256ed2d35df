//! The wire on Windows: duplicates of the standard handles, which no child inherits, read and written as bytes, so that no code
//! page has a say.
//!
//! An inherited pipe is synchronous: while a thread waits in its read, whoever asks the system about that pipe, say for its type,
//! waits too, here and in a child that has it (the C runtime asks as a program starts). So every question comes before the first
//! read, the end only exchanges handles, and the process's own handles are never closed.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::windows::io::{AsHandle, AsRawHandle};
use std::sync::Once;

use log::debug;
use windows_sys::Win32::System::Console::{STD_INPUT_HANDLE, STD_OUTPUT_HANDLE};

use super::Wire;
use crate::mcp::bridge::Shortcut;

mod win32;

use win32::{Exchange, end_children_with_this_process};

/// Undoes the claim when dropped.
pub(super) struct Claim {
    // Undone in reverse, as one handle may be both.
    _output: Option<Exchange>,
    _input: Option<Exchange>,
}

type Wires = (Box<dyn Read + Send>, Box<dyn Write + Send>, Option<Claim>);

pub(super) fn open(wire: Wire) -> io::Result<Wires> {
    // What was printed before belongs before the protocol, not into it.
    io::stdout().flush()?;
    let (input, output) = (file(&io::stdin(), "input")?, file(&io::stdout(), "output")?);
    let claim = match wire {
        Wire::AsIs => None,
        Wire::Claim => {
            CHILDREN.call_once(|| {
                if let Err(error) = end_children_with_this_process() {
                    debug!("mcp: child processes may outlive this one: {error}");
                }
            });
            let null = input.as_ref().map(|_| File::open(r"\\.\NUL")).transpose()?;
            let prints = output.as_ref().map(|_| io::stderr().as_handle().try_clone_to_owned()).transpose()?;
            Some(Claim {
                _input: null.map(|null| Exchange::new(STD_INPUT_HANDLE, null.into())).transpose()?,
                _output: prints.map(|prints| Exchange::new(STD_OUTPUT_HANDLE, prints)).transpose()?,
            })
        }
    };
    let input: Box<dyn Read + Send> = input.map_or_else(|| Box::new(io::stdin()) as _, |file| Box::new(file) as _);
    let output: Box<dyn Write + Send> = output.map_or_else(|| Box::new(io::stdout()) as _, |file| Box::new(file) as _);
    Ok((input, output, claim))
}

/// Once in a process: it cannot be undone.
static CHILDREN: Once = Once::new();

/// A duplicate of the stream's handle; none of a terminal, whose UTF-16 is the standard library's business.
fn file(stream: &(impl AsHandle + AsRawHandle + IsTerminal), name: &str) -> io::Result<Option<File>> {
    if stream.as_raw_handle().is_null() {
        // The parent has no console and gave no handles.
        return Err(io::Error::new(io::ErrorKind::NotConnected, format!("the process has no standard {name}")));
    }
    if stream.is_terminal() {
        return Ok(None);
    }
    Ok(Some(stream.as_handle().try_clone_to_owned()?.into()))
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Stray prints that are still buffered belong to standard error.
        if let Err(error) = io::stdout().flush() {
            debug!("mcp: what was printed while serving is lost: {error}");
        }
    }
}

/// None: this system cannot be asked to write without waiting.
pub(super) fn shortcut<W>(_: &W) -> Option<Shortcut> {
    None
}
