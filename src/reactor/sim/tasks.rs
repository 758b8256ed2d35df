//! The little executor of the simulated world: one thread, first woken first polled. Knows no network and no clock.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use crate::reactor::Boxed;

#[derive(Default)]
pub(super) struct Tasks {
    /// Those that are not being polled just now. Never held while one is polled or dropped.
    waiting: Mutex<Waiting>,
    woken: Arc<Woken>,
    /// A thread is in `drive`.
    driven: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    tasks: BTreeMap<u64, Task>,
    next: u64,
}

struct Task {
    future: Boxed<'static, ()>,
    summons: Arc<Summons>,
}

impl Tasks {
    pub(super) fn spawn(&self, future: Boxed<'static, ()>) {
        let mut waiting = self.waiting();
        let summons = self.summons(&mut waiting);
        waiting.tasks.insert(summons.task, Task { future, summons: summons.clone() });
        drop(waiting);
        summons.wake();
    }

    /// Polls what is woken until `main` is ready; lets `advance` happen what comes next when nothing is.
    ///
    /// # Panics
    /// `advance` has failed, or the tasks are being driven already.
    pub(super) fn drive(&self, mut main: Pin<&mut dyn Future<Output = ()>>, advance: impl Fn() -> Result<(), String>) {
        let _driving = Driving::begin(&self.driven);
        let summons = self.summons(&mut self.waiting());
        let waker = Waker::from(summons.clone());
        summons.clone().wake();
        loop {
            while let Some(task) = self.woken.next() {
                if task != summons.task {
                    self.poll(task);
                    continue;
                }
                summons.queued.store(false, Ordering::SeqCst);
                if main.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    return;
                }
            }
            if let Err(stuck) = advance() {
                // Another thread may have woken something meanwhile.
                if self.woken.is_empty() {
                    panic!("{stuck}; spawned tasks left: {}", self.waiting().tasks.len());
                }
            }
        }
    }

    fn poll(&self, task: u64) {
        // A task that has ended may still be woken.
        let taken = self.waiting().tasks.remove(&task);
        let Some(mut taken) = taken else { return };
        taken.summons.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(taken.summons.clone());
        if taken.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.waiting().tasks.insert(task, taken);
        }
    }

    fn summons(&self, waiting: &mut Waiting) -> Arc<Summons> {
        waiting.next += 1;
        Arc::new(Summons { task: waiting.next, queued: AtomicBool::new(false), woken: self.woken.clone() })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tasks to poll, in this order.
#[derive(Default)]
struct Woken(Mutex<VecDeque<u64>>);

impl Woken {
    fn next(&self) -> Option<u64> {
        self.queue().pop_front()
    }

    fn is_empty(&self) -> bool {
        self.queue().is_empty()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of one task.
struct Summons {
    task: u64,
    /// It is among the woken already. Cleared before a poll, so that a wake during the poll counts.
    queued: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Summons {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) {
            self.woken.queue().push_back(self.task);
        }
    }
}

struct Driving<'a>(&'a AtomicBool);

impl<'a> Driving<'a> {
    fn begin(driven: &'a AtomicBool) -> Self {
        assert!(!driven.swap(true, Ordering::SeqCst), "a simulated world is driven by one block_on at a time");
        Self(driven)
    }
}

impl Drop for Driving<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
