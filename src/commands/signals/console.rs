//! Ctrl-C, Ctrl-Break, the console's close, the end of the session. The last two end the process as soon as their handler returns,
//! which is why this is not left to `ctrlc`: its handler returns at once, and what was fetched would not be stored.
#![expect(unsafe_code, reason = "the system takes a function and nothing else")]

use std::io;
use std::sync::OnceLock;
use std::thread;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

static ASKED: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Calls `asked` at each request, on a thread that the system makes for it; once in a process.
pub fn watch(asked: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    ASKED.set(Box::new(asked)).map_err(|_| io::Error::from(io::ErrorKind::AlreadyExists))?;
    // SAFETY: the function lives as long as the process.
    match unsafe { SetConsoleCtrlHandler(Some(handle), 1) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

extern "system" fn handle(event: u32) -> BOOL {
    if let Some(asked) = ASKED.get() {
        asked();
    }
    match event {
        CTRL_C_EVENT | CTRL_BREAK_EVENT => 1,
        // The process ends by itself before the system loses its patience, which is after 5 s.
        _ => loop {
            thread::park();
        },
    }
}
