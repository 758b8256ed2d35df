//! Asks another process to end, as terminals and clients do, or ends it.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

#[cfg_attr(unix, path = "ask_to_end/unix.rs")]
#[cfg_attr(windows, path = "ask_to_end/windows.rs")]
mod system;

pub use system::{ask_to_end, end_at_once, in_a_console, requests};
