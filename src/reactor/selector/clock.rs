//! The timers of `selector`: our own, and one of async-io's that wakes for the next of them. One of async-io's for each would be two
//! entries in its queue, one in its map and a ring of its bell, also for what is dropped long before it is due, as limits are.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use crate::reactor::sleep;
use crate::reactor::timers::Timers;

/// One for the process, as async-io's reactor is, and like it without an end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock;

static WORKS: LazyLock<Arc<Works>> = LazyLock::new(|| Arc::new(Works { timers: Timers::new(Instant::now()), alarm: Mutex::default() }));

impl sleep::Clock for Clock {
    fn timers(&self) -> &Timers {
        &WORKS.timers
    }

    fn next_has_changed(&self) {
        if WORKS.set_alarm() == Alarmed::Already {
            WORKS.ring();
        }
    }
}

struct Works {
    timers: Timers,
    /// Locked before the timers, never after; no task of ours is woken under it.
    alarm: Mutex<Alarm>,
}

#[derive(Default)]
struct Alarm {
    /// When async-io is to wake; none, once it has.
    at: Option<Instant>,
    /// Dropped, it wakes nobody.
    _timer: Option<async_io::Timer>,
}

/// What came of setting the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarmed {
    /// For a moment to come, or there is nothing to wake for.
    Later,
    /// The moment has passed already.
    Already,
}

impl Works {
    /// Has async-io wake for the next timer, unless it does so before.
    fn set_alarm(self: &Arc<Self>) -> Alarmed {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(next) = self.timers.next().filter(|next| alarm.at.is_none_or(|at| *next < at)) else { return Alarmed::Later };
        let mut timer = async_io::Timer::at(next);
        let waker = Waker::from(self.clone());
        match Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                *alarm = Alarm { at: Some(next), _timer: Some(timer) };
                Alarmed::Later
            }
            Poll::Ready(_) => Alarmed::Already,
        }
    }

    /// Wakes what is due, until nothing is.
    fn ring(self: &Arc<Self>) {
        let mut due = Vec::new();
        loop {
            self.timers.take_due(Instant::now(), &mut due);
            for waker in due.drain(..) {
                // A task's fault must not stop the others'.
                if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
                    log::error!("waking a task panicked");
                }
            }
            if self.set_alarm() == Alarmed::Later {
                return;
            }
        }
    }
}

/// By async-io's reactor, on the thread that turns it.
impl Wake for Works {
    fn wake(self: Arc<Self>) {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).at = None;
        self.ring();
    }
}
