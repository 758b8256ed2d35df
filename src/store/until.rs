//! Ends what nobody waits for any more: a flag of the thread, at which every engine looks while it works.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `work`, in which questions to a store end as soon as the flag is raised, with [`Error::Endless`](super::Error::Endless): for a
/// caller that nobody waits for any more.
pub fn until<T>(is_over: Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    let before = OVER.replace(Some(is_over));
    // Put back whatever comes.
    struct Before(Option<Arc<AtomicBool>>);
    impl Drop for Before {
        fn drop(&mut self) {
            OVER.set(self.0.take());
        }
    }
    let _before = Before(before);
    work()
}

/// Whether the caller of this thread's question has gone.
pub(super) fn nobody_waits() -> bool {
    OVER.with_borrow(|over| over.as_ref().is_some_and(|over| over.load(Ordering::Relaxed)))
}

thread_local! {
    static OVER: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}
