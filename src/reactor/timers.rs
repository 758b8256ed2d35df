//! The timers of a reactor of our own: who is to be woken when. Pure: the clock is an argument.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Timers {
    /// Held for moves only, but for the clone of a waker: nothing is woken or dropped under it.
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// By deadline; the number keeps those of one moment apart, in the order they were set.
    by_deadline: BTreeMap<(Instant, u64), Waker>,
    /// Of the timer that was set last.
    last: u64,
}

/// A timer that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    at: Instant,
    number: u64,
}

/// Whether a new timer changes how long a reactor may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Later,
}

impl Timers {
    pub(crate) fn set(&self, at: Instant, waker: &Waker) -> (Timer, Place) {
        let mut queue = self.lock();
        queue.last += 1;
        let number = queue.last;
        queue.by_deadline.insert((at, number), waker.clone());
        let place = match queue.by_deadline.first_key_value() {
            Some((&(_, first), _)) if first == number => Place::First,
            _ => Place::Later,
        };
        (Timer { at, number }, place)
    }

    /// Wakes another task when the timer is due; nothing, if it was due already.
    pub(crate) fn move_to(&self, timer: Timer, waker: &Waker) {
        let old = match self.lock().by_deadline.get_mut(&(timer.at, timer.number)) {
            Some(known) if !known.will_wake(waker) => Some(std::mem::replace(known, waker.clone())),
            _ => None,
        };
        drop(old);
    }

    pub(crate) fn cancel(&self, timer: Timer) {
        let waker = self.lock().by_deadline.remove(&(timer.at, timer.number));
        drop(waker);
    }

    /// The next moment at which there is something to do.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.lock().by_deadline.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Takes out what is due at `now`, in the order it became due.
    pub(crate) fn take_due(&self, now: Instant, due: &mut Vec<Waker>) {
        let mut queue = self.lock();
        while let Some(first) = queue.by_deadline.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn due(timers: &Timers, now: Instant) -> usize {
        let mut due = Vec::new();
        timers.take_due(now, &mut due);
        due.len()
    }

    #[test]
    fn timers_are_due_in_their_order_and_not_before() {
        let (timers, start) = (Timers::default(), Instant::now());
        let counts: Vec<Arc<Count>> = (0..10_000).map(|_| Arc::default()).collect();
        // 7,919 is prime: every deadline once, in no order.
        for number in 0..counts.len() {
            let place = number * 7919 % counts.len();
            timers.set(start + Duration::from_millis(place as u64), &counts[place].clone().into());
        }
        for (place, count) in counts.iter().enumerate() {
            assert_eq!(timers.next(), Some(start + Duration::from_millis(place as u64)));
            let mut wakers = Vec::new();
            timers.take_due(timers.next().unwrap(), &mut wakers);
            wakers.into_iter().for_each(Waker::wake);
            assert_eq!(count.0.load(Ordering::SeqCst), 1);
        }
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn only_a_new_first_timer_is_news() {
        let (timers, start) = (Timers::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(timers.set(at(5), Waker::noop()).1, Place::First);
        assert_eq!(timers.set(at(5), Waker::noop()).1, Place::Later);
        assert_eq!(timers.set(at(6), Waker::noop()).1, Place::Later);
        assert_eq!(timers.set(at(4), Waker::noop()).1, Place::First);
        assert_eq!(due(&timers, at(5)), 3);
        assert_eq!(timers.next(), Some(at(6)));
    }

    #[test]
    fn a_timer_can_be_cancelled_and_moved_even_after_it_was_due() {
        let (timers, start) = (Timers::default(), Instant::now());
        let (first, second) = (Arc::<Count>::default(), Arc::<Count>::default());
        let (timer, _) = timers.set(start, &first.clone().into());
        timers.move_to(timer, &second.clone().into());
        let mut wakers = Vec::new();
        timers.take_due(start, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
        timers.move_to(timer, Waker::noop());
        timers.cancel(timer);

        let (timer, _) = timers.set(start, &first.clone().into());
        timers.cancel(timer);
        assert_eq!(due(&timers, start), 0);
        assert_eq!(Arc::strong_count(&first), 1, "nothing is kept of a cancelled timer");
    }
}
