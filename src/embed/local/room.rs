//! Whether the system grants what the model is about to take: asked for, and given back. The library that runs the model panics or ends
//! the process where it is refused.

use std::collections::TryReserveError;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use rten::ThreadPool;

/// Bytes of address space that a thread takes: its stack, and what the allocator sets apart for it (glibc: 64 MB).
pub(super) const OF_A_THREAD: usize = if cfg!(target_os = "linux") { 68 << 20 } else { 4 << 20 };

/// How many threads can run beside those that run already, of `wanted` ones.
///
/// # Errors
/// Not a single one.
pub(super) fn threads(wanted: usize) -> io::Result<usize> {
    let mut running = Vec::with_capacity(wanted);
    let mut refused = None;
    for _ in 0..wanted {
        // Each waits until all have been tried.
        let (end, ended) = mpsc::channel::<()>();
        match thread::Builder::new().name("smolcrawl-probe".to_owned()).spawn(move || _ = ended.recv()) {
            Ok(thread) => running.push((thread, end)),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let granted = running.len();
    for (thread, end) in running {
        drop(end);
        // It cannot panic, and that it is over is all that matters: only then may another take its place.
        let _ = thread.join();
    }
    match refused {
        Some(error) if granted == 0 => Err(error),
        _ => Ok(granted),
    }
}

/// # Errors
/// So many bytes cannot be had, as far as the system says so before they are used.
pub(super) fn memory(bytes: usize) -> Result<(), TryReserveError> {
    Vec::<u8>::new().try_reserve_exact(bytes)
}

/// A thread of its own for runs of the model.
///
/// # Errors
/// The system grants no thread.
pub(super) fn pool() -> io::Result<Arc<ThreadPool>> {
    let pool = ThreadPool::with_num_threads(1);
    // One that could not start its thread runs work on the caller's, where the library below panics; it says so nowhere else.
    match pool.run(|| thread::current().name().is_some_and(|name| name.starts_with("rten-"))) {
        true => Ok(Arc::new(pool)),
        false => Err(io::Error::other("a pool without threads")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_is_granted() {
        assert_eq!(threads(3).unwrap(), 3);
        assert_eq!(threads(0).unwrap(), 0);
        assert!(memory(1 << 20).is_ok());
        // Negative control: more than any machine has.
        assert!(memory(isize::MAX as usize).is_err());
    }

    #[test]
    fn a_pool_has_a_thread_of_its_own() {
        let here = thread::current().id();
        assert_ne!(pool().unwrap().run(|| thread::current().id()), here);
    }
}
