//! The two ends of work that runs elsewhere: a job for a pool, and the future of its outcome.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::reactor::pool::Pool;

/// A job that does `work` unless its future has been dropped, and the future of what it returned.
pub(crate) fn pair<T, W>(work: W) -> (Box<dyn FnOnce() + Send>, Outcome<T>)
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    let shared = Arc::new(Shared { state: Mutex::new(State::Waiting(None)) });
    let job = Job { shared: shared.clone() };
    let run = move || {
        if job.is_wanted() {
            // The work is gone after a panic, so nobody sees it half done.
            let outcome = catch_unwind(AssertUnwindSafe(work));
            job.finish(outcome);
        }
    };
    (Box::new(run), Outcome { shared })
}

/// The addresses of a host name, looked up on `pool`.
pub(crate) fn look_up(pool: &Pool, host: &str, port: u16) -> Outcome<io::Result<Vec<SocketAddr>>> {
    let host = host.to_owned();
    let (job, addresses) = pair(move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect));
    pool.spawn(job);
    addresses
}

/// The future of a job: what the work returned, or its panic resumed.
#[must_use = "work whose future is dropped may be skipped"]
pub(crate) struct Outcome<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Future for Outcome<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let state = self.shared.replace_with(|state| match state {
            State::Waiting(_) => State::Waiting(Some(cx.waker().clone())),
            State::Done(_) | State::Lost | State::Over => State::Over,
        });
        match state {
            State::Waiting(_) => Poll::Pending,
            State::Done(Ok(value)) => Poll::Ready(value),
            State::Done(Err(panic)) => resume_unwind(panic),
            State::Lost => panic!("a reactor's pool dropped work that somebody waits for"),
            State::Over => panic!("polled after it was ready"),
        }
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        // An unread value is dropped here, outside of the lock.
        drop(self.shared.replace_with(|_| State::Over));
    }
}

/// The running end. Dropping it without `finish` tells the future that no outcome will come.
struct Job<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Job<T> {
    fn is_wanted(&self) -> bool {
        !matches!(*self.shared.lock(), State::Over)
    }

    fn finish(&self, outcome: thread::Result<T>) {
        self.settle(State::Done(outcome));
    }

    /// Keeps `outcome` for the future if it still waits; wakes and drops outside of the lock, as both may run foreign code.
    fn settle(&self, outcome: State<T>) {
        let mut state = self.shared.lock();
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = outcome;
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.settle(State::Lost);
    }
}

struct Shared<T> {
    /// Held for moves only: no foreign code runs under it.
    state: Mutex<State<T>>,
}

enum State<T> {
    Waiting(Option<Waker>),
    Done(thread::Result<T>),
    /// The job was dropped before it ran.
    Lost,
    /// The outcome was taken, or nobody wants it any more.
    Over,
}

impl<T> Shared<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Swaps the state for what `next` makes of it; the old one is returned to be dropped outside of the lock.
    fn replace_with(&self, next: impl FnOnce(&State<T>) -> State<T>) -> State<T> {
        let mut state = self.lock();
        let next = next(&state);
        std::mem::replace(&mut *state, next)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_lite::future;

    use super::*;

    #[test]
    fn the_outcome_is_there_whether_the_job_is_early_or_late() {
        let (job, outcome) = pair(|| 7);
        job();
        assert_eq!(future::block_on(outcome), 7);

        for number in 0..1000 {
            let (job, outcome) = pair(move || number);
            let thread = thread::spawn(job);
            assert_eq!(future::block_on(outcome), number);
            thread.join().unwrap();
        }
    }

    #[test]
    fn a_panic_comes_out_where_the_outcome_is_awaited() {
        let (job, outcome) = pair(|| -> u32 { panic!("the work is wrong") });
        job();
        let panic = catch_unwind(AssertUnwindSafe(|| future::block_on(outcome))).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"the work is wrong"));
    }

    #[test]
    fn work_that_nobody_waits_for_is_skipped_and_dropped() {
        struct Flag(Arc<AtomicBool>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let (ran, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (running, flag) = (ran.clone(), Flag(dropped.clone()));
        let (job, outcome) = pair(move || {
            let _flag = flag;
            running.store(true, Ordering::SeqCst);
        });
        drop(outcome);
        job();
        assert!(!ran.load(Ordering::SeqCst));
        assert!(dropped.load(Ordering::SeqCst));
    }

    #[test]
    fn a_value_that_comes_too_late_is_dropped() {
        let value = Arc::new(());
        let late = value.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        let (begun, begin) = std::sync::mpsc::channel();
        let (job, outcome) = pair(move || {
            begun.send(()).unwrap();
            receiver.recv().unwrap();
            late
        });
        let thread = thread::spawn(job);
        begin.recv().unwrap();
        drop(outcome);
        sender.send(()).unwrap();
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    #[should_panic(expected = "dropped work that somebody waits for")]
    fn a_lost_job_is_told_and_not_waited_for() {
        let (job, outcome) = pair(|| 7);
        let waiting = thread::spawn(move || future::block_on(outcome));
        drop(job);
        resume_unwind(waiting.join().unwrap_err());
    }
}
