//! What this process holds of the system, so that a test can see that it grows no more. Linux and Windows.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

#[cfg(target_os = "linux")]
#[path = "process/linux.rs"]
mod system;
#[cfg(windows)]
#[path = "process/windows.rs"]
mod system;

pub use system::{handles, resident, threads};
