//! Several tasks that wait for one thing, of which the reactor knows a single waker. Knows not what they wait for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The tasks that wait for one port, which knows a single waker: this.
#[derive(Default)]
pub(crate) struct Crowd {
    /// Held for moves only, but for the clone of a waker.
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<u64, Waker>,
    /// Of the place that was taken last.
    last: u64,
}

impl Crowd {
    pub(crate) fn place(&self) -> Place<'_> {
        Place { crowd: self, number: None }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Crowd {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut self.lock().wakers);
        wakers.into_values().for_each(Waker::wake);
    }
}

/// One task's place in the crowd, until it is dropped.
pub(crate) struct Place<'a> {
    crowd: &'a Crowd,
    number: Option<u64>,
}

impl Place<'_> {
    /// The task is woken with the crowd, once.
    pub(crate) fn take(&mut self, waker: &Waker) {
        let mut waiting = self.crowd.lock();
        let number = *self.number.get_or_insert_with(|| {
            waiting.last += 1;
            waiting.last
        });
        let old = waiting.wakers.insert(number, waker.clone());
        drop(waiting);
        drop(old);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waker = self.number.and_then(|number| self.crowd.lock().wakers.remove(&number));
        drop(waker);
    }
}
