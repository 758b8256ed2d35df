//! The timers of a reactor: who is to be woken when. Pure: the clock is an argument.
//!
//! Moments are rounded up to whole milliseconds, as Tokio's and the system's queues have them: what is due in the same one is woken
//! by one turn, and a thousand timers need as many entries in the map as there are milliseconds between them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

pub(crate) struct Timers {
    /// What milliseconds are counted from.
    start: Instant,
    /// Held for moves only, but for the clone of a waker: nothing is woken or dropped under it.
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// By the millisecond in which they are due; none is empty.
    batches: BTreeMap<u64, Batch>,
    /// Of the batch that was made last.
    last: u64,
}

/// What is due in one millisecond.
struct Batch {
    /// Of all batches it alone has it: there may have been one of the same millisecond before.
    number: u64,
    /// In the order in which they were set, but for places that were free again.
    wakers: Vec<Option<Waker>>,
    /// Places whose timers were cancelled.
    free: Vec<usize>,
}

/// A timer that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    due: u64,
    batch: u64,
    place: usize,
}

/// Whether a new timer changes how long a reactor may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Later,
}

impl Timers {
    /// No moment before `start` is told from it.
    pub(crate) fn new(start: Instant) -> Self {
        Self { start, queue: Mutex::default() }
    }

    pub(crate) fn set(&self, at: Instant, waker: &Waker) -> (Timer, Place) {
        let due = self.first_whole(at);
        let mut queue = self.lock();
        let Queue { batches, last } = &mut *queue;
        let mut is_new = false;
        let batch = batches.entry(due).or_insert_with(|| {
            is_new = true;
            *last += 1;
            Batch { number: *last, wakers: Vec::new(), free: Vec::new() }
        });
        let timer = Timer { due, batch: batch.number, place: batch.add(waker.clone()) };
        let is_first = is_new && batches.first_key_value().is_some_and(|(&first, _)| first == due);
        (timer, if is_first { Place::First } else { Place::Later })
    }

    /// Wakes another task when the timer is due; nothing, if it was due already.
    pub(crate) fn move_to(&self, timer: Timer, waker: &Waker) {
        let mut queue = self.lock();
        let known = queue.batches.get_mut(&timer.due).filter(|batch| batch.number == timer.batch);
        let old = match known.and_then(|batch| batch.wakers[timer.place].as_mut()) {
            Some(known) if !known.will_wake(waker) => Some(std::mem::replace(known, waker.clone())),
            _ => None,
        };
        drop(queue);
        drop(old);
    }

    /// Nobody is woken; nothing, if it was due already. A timer is cancelled once.
    pub(crate) fn cancel(&self, timer: Timer) {
        let mut queue = self.lock();
        let Entry::Occupied(mut batch) = queue.batches.entry(timer.due) else { return };
        if batch.get().number != timer.batch {
            return;
        }
        let waker = batch.get_mut().wakers[timer.place].take();
        if batch.get().wakers.len() == batch.get().free.len() + 1 {
            batch.remove();
        } else {
            batch.get_mut().free.push(timer.place);
        }
        drop(queue);
        drop(waker);
    }

    /// The next moment at which there is something to do.
    pub(crate) fn next(&self) -> Option<Instant> {
        let due = self.lock().batches.first_key_value().map(|(&due, _)| due)?;
        // No clock comes to what it cannot tell.
        self.start.checked_add(Duration::from_millis(due))
    }

    /// Takes out what is due at `now`, in the order it became due.
    pub(crate) fn take_due(&self, now: Instant, due: &mut Vec<Waker>) {
        let past = whole(now.saturating_duration_since(self.start));
        let mut queue = self.lock();
        while let Some(first) = queue.batches.first_entry()
            && *first.key() <= past
        {
            due.extend(first.remove().wakers.into_iter().flatten());
        }
    }

    /// The first whole millisecond that is not before `at`.
    fn first_whole(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start);
        let begun = !since.subsec_nanos().is_multiple_of(1_000_000);
        whole(since).saturating_add(begun.into())
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn add(&mut self, waker: Waker) -> usize {
        if let Some(place) = self.free.pop() {
            self.wakers[place] = Some(waker);
            return place;
        }
        self.wakers.push(Some(waker));
        self.wakers.len() - 1
    }
}

/// Milliseconds that have passed.
fn whole(since: Duration) -> u64 {
    since.as_secs().saturating_mul(1000).saturating_add(since.subsec_millis().into())
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
        let start = Instant::now();
        let timers = Timers::new(start);
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
        let start = Instant::now();
        let timers = Timers::new(start);
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
        let start = Instant::now();
        let timers = Timers::new(start);
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

    #[test]
    fn a_moment_is_rounded_up_to_a_whole_millisecond_and_never_down() {
        let start = Instant::now();
        for (nanoseconds, due_at) in [(0, 0), (1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (3_600_000_000_000, 3_600_000)] {
            let timers = Timers::new(start);
            timers.set(start + Duration::from_nanos(nanoseconds), Waker::noop());
            let next = start + Duration::from_millis(due_at);
            assert_eq!(timers.next(), Some(next), "{nanoseconds}");
            if due_at > 0 {
                assert_eq!(due(&timers, next - Duration::from_nanos(1)), 0, "{nanoseconds}");
            }
            assert_eq!(due(&timers, next), 1, "{nanoseconds}");
        }
        // A moment that was before the reactor was: at once.
        let timers = Timers::new(start + Duration::from_secs(1));
        timers.set(start, Waker::noop());
        assert_eq!(due(&timers, start), 1);
    }

    /// Its millisecond may be another's by then: set on another thread between the look at the clock and the turn.
    #[test]
    fn a_timer_that_was_due_is_not_taken_for_one_of_the_same_moment() {
        let start = Instant::now();
        let timers = Timers::new(start);
        let (old, _) = timers.set(start, Waker::noop());
        assert_eq!(due(&timers, start), 1);
        let second = Arc::<Count>::default();
        timers.set(start, &second.clone().into());
        timers.move_to(old, Waker::noop());
        timers.cancel(old);
        let mut wakers = Vec::new();
        timers.take_due(start, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
        assert_eq!(second.0.load(Ordering::SeqCst), 1);
    }

    /// As a crawl does that has one end in view for all that it asks for.
    #[test]
    fn timers_of_one_moment_take_no_more_room_than_there_were_at_once() {
        let start = Instant::now();
        let timers = Timers::new(start);
        let end = start + Duration::from_secs(3600);
        let (mut before, _) = timers.set(end, Waker::noop());
        for _ in 0..10_000 {
            let (timer, _) = timers.set(end, Waker::noop());
            timers.cancel(std::mem::replace(&mut before, timer));
        }
        assert_eq!(timers.lock().batches.values().map(|batch| batch.wakers.len()).sum::<usize>(), 2);
        timers.cancel(before);
        assert!(timers.lock().batches.is_empty());
    }
}
