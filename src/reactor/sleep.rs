//! A wait for a moment, on whatever wakes for the next timer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::reactor::timers::Place;
use crate::reactor::timers::Timer;
use crate::reactor::timers::Timers;

/// What timers are set on.
pub(crate) trait Clock: Unpin {
    fn timers(&self) -> &Timers;
    /// Another timer is the next one now: whoever waits for the next has to look again.
    fn next_has_changed(&self);
}

/// A timer that is cancelled when it is dropped.
pub(crate) struct Sleep<C: Clock> {
    clock: C,
    at: Instant,
    /// Set by the first poll that came too early.
    timer: Option<Timer>,
}

impl<C: Clock> Sleep<C> {
    pub(crate) fn until(at: Instant, clock: C) -> Self {
        Self { clock, at, timer: None }
    }
}

impl<C: Clock> Future for Sleep<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        match self.timer {
            Some(timer) => self.clock.timers().move_to(timer, cx.waker()),
            None => {
                let (timer, place) = self.clock.timers().set(self.at, cx.waker());
                self.timer = Some(timer);
                if place == Place::First {
                    self.clock.next_has_changed();
                }
            }
        }
        Poll::Pending
    }
}

impl<C: Clock> Drop for Sleep<C> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.clock.timers().cancel(timer);
        }
    }
}
