//! Ctrl-C and the request to terminate (on Windows Ctrl-Break, the console's close, the end of the session): the first is an event,
//! the second leaves at once.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use async_channel::Receiver;
use futures_lite::future;

use super::Failure;

#[cfg_attr(windows, path = "signals/console.rs")]
#[cfg_attr(not(windows), path = "signals/unix.rs")]
mod requests;

/// The user or the system asks this process to end. Asked again, the process leaves at once.
pub struct Interruption(Receiver<()>);

impl Interruption {
    /// Ready once, at the first time of asking.
    pub async fn asked(&self) {
        // An error would mean that nobody can ask any more.
        if self.0.recv().await.is_err() {
            future::pending().await
        }
    }
}

/// Watches from now on, once in a process.
pub fn interruption() -> Result<Interruption, Failure> {
    let (sender, receiver) = async_channel::bounded(1);
    let asked = AtomicBool::new(false);
    requests::watch(move || {
        if asked.swap(true, Ordering::Relaxed) {
            process::exit(LEFT_AT_ONCE);
        }
        // Nobody listens any more: the command is about to end by itself.
        let _ = sender.try_send(());
    })
    .map_err(|error| Failure::new(format!("signals cannot be watched: {error}"), "run it where signals can be handled"))?;
    Ok(Interruption(receiver))
}

/// 128 + SIGINT, as shells report it.
const LEFT_AT_ONCE: i32 = 130;
