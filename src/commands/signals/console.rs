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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use windows_sys::Win32::System::Console::CTRL_CLOSE_EVENT;

    use super::*;

    /// No program can close a console that has no window.
    #[test]
    fn the_handler_of_the_consoles_close_does_not_return() {
        let (sender, is_asked) = mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        watch(move || sender.lock().unwrap().send(()).unwrap()).unwrap();
        let (returns, returned) = mpsc::channel();
        for event in [CTRL_CLOSE_EVENT, CTRL_C_EVENT] {
            let returns = returns.clone();
            thread::spawn(move || returns.send((event, handle(event))));
            is_asked.recv().unwrap();
        }
        assert_eq!(returned.recv().unwrap(), (CTRL_C_EVENT, 1));
        // Long after it was asked it would have returned, if it did.
        assert!(returned.recv_timeout(Duration::from_millis(100)).is_err());
    }
}
