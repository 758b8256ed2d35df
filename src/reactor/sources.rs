//! The sockets that a reactor of our own watches: what each is ready for, and whom to wake. Pure: asks the system nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use rustix::fd::AsFd;

#[derive(Default)]
pub(crate) struct Sources {
    /// Never held while a source is polled; locked before a source, never after.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Slot>,
    /// Slots without a source.
    free: Vec<u32>,
}

struct Slot {
    /// How many sources the slot has had: the system may still report an event of an earlier one.
    generation: u32,
    source: Option<Arc<Source>>,
}

/// Names a source to the system's queue: slot and generation, so that no key names two sources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(u64);

#[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code, reason = "for queues that are handed numbers"))]
impl Key {
    /// No source: slots are fewer.
    pub(crate) const BELL: Self = Self(u64::MAX);

    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    fn new(slot: u32, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(slot))
    }

    fn slot(self) -> u32 {
        self.0 as u32
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.slot(), self.generation())
    }
}

/// What the system says of one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub key: Key,
    pub readable: bool,
    pub writable: bool,
    /// FIN, an error or urgent data: from now on, a short read does not show that all was read, and a connection that was being
    /// opened may have failed.
    pub special: bool,
}

/// A source that some task waits for.
pub(crate) struct Awaited {
    pub key: Key,
    pub source: Arc<Source>,
    pub read: bool,
    pub write: bool,
}

impl Sources {
    pub(crate) fn insert(&self, source: Arc<Source>) -> Key {
        let mut table = self.lock();
        if let Some(number) = table.free.pop() {
            let slot = &mut table.slots[number as usize];
            slot.source = Some(source);
            return Key::new(number, slot.generation);
        }
        let number = u32::try_from(table.slots.len()).ok().filter(|&number| number < u32::MAX).expect("sockets are fewer than 2^32");
        table.slots.push(Slot { generation: 0, source: Some(source) });
        Key::new(number, 0)
    }

    pub(crate) fn remove(&self, key: Key) {
        let mut table = self.lock();
        let slot = &mut table.slots[key.slot() as usize];
        if slot.generation != key.generation() {
            return;
        }
        let source = slot.source.take();
        slot.generation = slot.generation.wrapping_add(1);
        table.free.push(key.slot());
        drop(table);
        drop(source);
    }

    /// Notes what the system says; who waited for it is added to `wakers`. Events of sources that are gone are nothing.
    pub(crate) fn note(&self, events: &[Event], wakers: &mut Vec<Waker>) {
        let table = self.lock();
        for event in events {
            let slot = table.slots.get(event.key.slot() as usize).filter(|slot| slot.generation == event.key.generation());
            if let Some(source) = slot.and_then(|slot| slot.source.as_deref()) {
                source.note(event, wakers);
            }
        }
    }

    /// The sources that tasks wait for, each kept open as long as it is listed.
    pub(crate) fn awaited(&self) -> Vec<Awaited> {
        let table = self.lock();
        let mut awaited = Vec::new();
        for (number, slot) in (0..).zip(&table.slots) {
            let Some(source) = &slot.source else { continue };
            let (read, write) = (source.is_awaited(Way::Read), source.is_awaited(Way::Write));
            if read || write {
                awaited.push(Awaited { key: Key::new(number, slot.generation), source: source.clone(), read, write });
            }
        }
        awaited
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One socket: each direction has its own readiness and its own task.
///
/// Whether an attempt may succeed is asked at each, and seldom anybody waits: so that is one word for both directions, and what
/// it costs to ask is one load. The wakers are behind a lock, which is taken only to wait and to wake.
pub(crate) struct Source<D: ?Sized = dyn AsFd + Send + Sync> {
    /// `READY`, `SPECIAL` and `AWAITED` of each way, and above them how many events there were: so many bits that it never
    /// comes round, as a counter that does loses an event.
    word: AtomicU64,
    /// Of each way. Held for moves only, but for the clone of a waker: nothing is woken or dropped under it.
    wakers: Mutex<[Option<Waker>; 2]>,
    /// The socket, which is open as long as this is held. Beside what is asked of it, so that both come with one look into memory.
    pub descriptor: D,
}

/// An attempt may succeed. This and the next two are of `Way::Read`; those of `Way::Write` are the bits beside them.
const READY: u64 = 1;
/// There was an event of that kind.
const SPECIAL: u64 = 4;
/// There is a waker: set by who has put it there, under the lock, and cleared by who is about to take it.
const AWAITED: u64 = 16;
/// One event.
const EVENT: u64 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Read,
    Write,
}

/// What is supposed of a new source before the system has said anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supposed {
    /// Trying costs less than asking.
    Ready,
    NotReady,
}

/// How many events a source had seen when somebody began to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick(u64);

impl<D> Source<D> {
    pub(crate) fn new(descriptor: D, supposed: Supposed) -> Arc<Self> {
        let word = match supposed {
            Supposed::Ready => Way::Read.of(READY) | Way::Write.of(READY),
            Supposed::NotReady => 0,
        };
        Arc::new(Self { word: AtomicU64::new(word), wakers: Mutex::default(), descriptor })
    }
}

impl<D: ?Sized> Source<D> {
    /// Ready if an attempt may succeed; else the task is woken once it may. The last task to ask is the one that is woken.
    pub(crate) fn poll_ready(&self, way: Way, cx: &mut Context<'_>) -> Poll<Tick> {
        let word = self.word.load(Ordering::Acquire);
        if word & way.of(READY) != 0 {
            return Poll::Ready(Tick(word / EVENT));
        }
        let mut wakers = self.lock();
        let waiting = &mut wakers[way as usize];
        let old = match &*waiting {
            Some(known) if known.will_wake(cx.waker()) => None,
            _ => waiting.replace(cx.waker().clone()),
        };
        // An event before this is seen here, and one after it sees the waker. (In one order with the question whether a
        // turn waits already: a queue that lists what is awaited must not miss this.)
        let word = self.word.fetch_or(way.of(AWAITED), Ordering::SeqCst);
        if word & way.of(READY) == 0 {
            drop(wakers);
            drop(old);
            return Poll::Pending;
        }
        self.word.fetch_and(!way.of(AWAITED), Ordering::Relaxed);
        let unused = waiting.take();
        drop(wakers);
        drop((old, unused));
        Poll::Ready(Tick(word / EVENT))
    }

    /// An attempt that began at `tick` would have blocked. An event that came in between counts more than the attempt,
    /// as nobody knows which was first and an edge is told of once.
    pub(crate) fn would_block(&self, way: Way, tick: Tick) {
        self.no_longer_ready(way, tick, 0);
    }

    /// An attempt that began at `tick` moved less than it could have: the next one would block, unless something special
    /// had happened. (A read also stops before FIN, an error and urgent data, and no further event tells of them.)
    pub(crate) fn came_short(&self, way: Way, tick: Tick) {
        self.no_longer_ready(way, tick, way.of(SPECIAL));
    }

    /// Unless there was an event since `tick`, or ever one that `forbids` it. (An event of the other way alone costs an
    /// attempt more, and no more.)
    fn no_longer_ready(&self, way: Way, tick: Tick, forbids: u64) {
        let next = |word: u64| (word / EVENT == tick.0 && word & forbids == 0).then_some(word & !way.of(READY));
        // An error means that it stays as it is.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    /// Whether an attempt may succeed for all that is known. Nobody is woken.
    pub(crate) fn is_ready(&self, way: Way) -> bool {
        self.word.load(Ordering::Acquire) & way.of(READY) != 0
    }

    /// Whether an event of this way has told of FIN, an error or urgent data.
    pub(crate) fn had_special(&self, way: Way) -> bool {
        self.word.load(Ordering::Acquire) & way.of(SPECIAL) != 0
    }

    fn is_awaited(&self, way: Way) -> bool {
        self.word.load(Ordering::SeqCst) & way.of(AWAITED) != 0
    }

    fn note(&self, event: &Event, wakers: &mut Vec<Waker>) {
        let flag = |says: bool, way: Way, flag: u64| if says { way.of(flag) } else { 0 };
        let both = |of: u64| flag(event.readable, Way::Read, of) | flag(event.writable, Way::Write, of);
        let news = both(READY) | if event.special { both(SPECIAL) } else { 0 };
        let awaited = both(AWAITED);
        let next = |word: u64| Some((word & !awaited | news).wrapping_add(EVENT));
        let before = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).expect("there is always a next word");
        if before & awaited != 0 {
            let mut waiting = self.lock();
            for way in [Way::Read, Way::Write] {
                if before & awaited & way.of(AWAITED) != 0 {
                    wakers.extend(waiting[way as usize].take());
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Way {
    /// The bit of this way that stands for what `flag` does.
    fn of(self, flag: u64) -> u64 {
        flag << self as u32
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn source(supposed: Supposed) -> Arc<Source> {
        Source::new(std::net::UdpSocket::bind("127.0.0.1:0").unwrap(), supposed)
    }

    fn readable(key: Key) -> Event {
        Event { key, readable: true, writable: false, special: false }
    }

    fn ready(source: &Source, way: Way) -> Option<Tick> {
        match source.poll_ready(way, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(tick) => Some(tick),
            Poll::Pending => None,
        }
    }

    #[test]
    fn an_event_readies_its_direction_and_wakes_who_waits_there() {
        let (sources, source) = (Sources::default(), source(Supposed::NotReady));
        let key = sources.insert(source.clone());
        assert_eq!((ready(&source, Way::Read), ready(&source, Way::Write)), (None, None));
        let awaited = sources.awaited();
        assert!(awaited.len() == 1 && awaited[0].key == key && awaited[0].read && awaited[0].write);
        let mut wakers = Vec::new();
        sources.note(&[readable(key)], &mut wakers);
        assert_eq!(wakers.len(), 1);
        let awaited = sources.awaited();
        assert!(!awaited[0].read && awaited[0].write);
        assert!(ready(&source, Way::Read).is_some() && ready(&source, Way::Write).is_none());
    }

    /// The event may tell of what came after the attempt: forgetting it would be for ever.
    #[test]
    fn an_event_during_an_attempt_outlives_the_attempt() {
        let (sources, source) = (Sources::default(), source(Supposed::Ready));
        let key = sources.insert(source.clone());
        for attempt in [Source::would_block, Source::came_short] {
            // As often as a counter of 8 bits would come round.
            for events in [1, 256, 65_536] {
                let tick = ready(&source, Way::Read).unwrap();
                (0..events).for_each(|_| sources.note(&[readable(key)], &mut Vec::new()));
                attempt(&source, Way::Read, tick);
                assert!(ready(&source, Way::Read).is_some(), "{events} events");
            }
        }
        let tick = ready(&source, Way::Read).unwrap();
        source.would_block(Way::Read, tick);
        assert_eq!(ready(&source, Way::Read), None);
    }

    /// Each event is waited for by a task that had just found nothing: the two meet at every point of the way.
    #[test]
    fn an_event_that_comes_while_a_task_begins_to_wait_wakes_it() {
        const EVENTS: usize = 50_000;
        struct Thread(std::thread::Thread);
        impl std::task::Wake for Thread {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let (sources, source) = (Arc::new(Sources::default()), source(Supposed::NotReady));
        let key = sources.insert(source.clone());
        let sent = Arc::new(AtomicUsize::new(0));
        let taken = Arc::new(AtomicUsize::new(0));
        let (sending, taking) = (sent.clone(), taken.clone());
        let telling = std::thread::spawn(move || {
            let mut wakers = Vec::new();
            for number in 1..=EVENTS {
                sending.store(number, Ordering::SeqCst);
                sources.note(&[readable(key)], &mut wakers);
                wakers.drain(..).for_each(Waker::wake);
                while taking.load(Ordering::SeqCst) < number {
                    std::thread::yield_now();
                }
            }
        });
        let waker = Waker::from(Arc::new(Thread(std::thread::current())));
        let mut seen = 0;
        while seen < EVENTS {
            match source.poll_ready(Way::Read, &mut Context::from_waker(&waker)) {
                Poll::Ready(tick) => match sent.load(Ordering::SeqCst) {
                    now if now == seen => source.would_block(Way::Read, tick),
                    now => {
                        seen = now;
                        taken.store(now, Ordering::SeqCst);
                    }
                },
                Poll::Pending => {
                    let begun = std::time::Instant::now();
                    std::thread::park_timeout(LONG);
                    assert!(begun.elapsed() < LONG, "event {} woke nobody", seen + 1);
                }
            }
        }
        telling.join().unwrap();
    }

    const LONG: std::time::Duration = std::time::Duration::from_secs(30);

    #[test]
    fn a_short_read_shows_nothing_after_fin() {
        let (sources, source) = (Sources::default(), source(Supposed::Ready));
        let key = sources.insert(source.clone());
        sources.note(&[Event { special: true, ..readable(key) }], &mut Vec::new());
        let tick = ready(&source, Way::Read).unwrap();
        source.came_short(Way::Read, tick);
        assert!(ready(&source, Way::Read).is_some());
        source.would_block(Way::Read, tick);
        assert!(ready(&source, Way::Read).is_none());
    }

    #[test]
    fn a_late_event_does_not_reach_the_next_source_of_the_slot() {
        let sources = Sources::default();
        let first = sources.insert(source(Supposed::NotReady));
        sources.remove(first);
        sources.remove(first);
        let next = source(Supposed::NotReady);
        let key = sources.insert(next.clone());
        assert_eq!((key.slot(), key.generation()), (first.slot(), first.generation() + 1));
        let mut wakers = Vec::new();
        assert!(ready(&next, Way::Read).is_none());
        sources.note(&[readable(first), readable(Key::BELL)], &mut wakers);
        assert!(wakers.is_empty() && ready(&next, Way::Read).is_none());
        sources.remove(first);
        sources.note(&[readable(key)], &mut wakers);
        assert_eq!(wakers.len(), 1);
    }
}
