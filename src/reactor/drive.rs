//! Who turns a reactor of our own: the threads in `block_on`, one at a time, or a thread that does nothing else.
//! Knows no socket; what the system's queue is, is [`Queue`]'s.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::reactor::choice::Drive;
use crate::reactor::timers::Timers;

/// What a reactor of our own waits in: the system's queue, and what was asked of it.
pub(crate) trait Queue: Send + Sync + 'static {
    /// Waits until there is news, the limit has passed or somebody rings. Notes the news that there are, a bounded number at
    /// once, and adds those who waited for them. It may return for no reason.
    ///
    /// # Errors
    /// The system refuses to wait.
    fn wait(&self, limit: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()>;
    /// Ends a `wait`: the one that goes on, or else the next.
    fn ring(&self);
}

/// What turns: the queue, and what it is turned for.
pub(crate) struct Core<Q> {
    pub queue: Q,
    pub timers: Timers,
    /// A thread waits in the queue, or is about to and has not yet looked at what it waits for.
    waiting: AtomicBool,
    /// Somebody has rung since that thread last began to look.
    rung: AtomicBool,
    /// The thread of the reactor's own is to end.
    ended: AtomicBool,
    /// Held for moves only. Who has made it busy turns the reactor.
    turn: Mutex<Turn<Q>>,
}

struct Turn<Q> {
    busy: bool,
    /// Callers that wait and could turn it in place of the one that does.
    standby: VecDeque<Arc<Caller<Q>>>,
    /// Kept for the next turn: its memory.
    wakers: Vec<Waker>,
}

impl<Q: Queue> Core<Q> {
    fn new(queue: Q) -> Self {
        Self {
            queue,
            timers: Timers::new(Instant::now()),
            waiting: AtomicBool::new(false),
            rung: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            turn: Mutex::new(Turn { busy: false, standby: VecDeque::new(), wakers: Vec::new() }),
        }
    }

    /// What is waited for has changed: a wait that goes on must look again. (One that has not begun will see it.)
    pub(crate) fn changed(&self) {
        if self.waiting.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            self.queue.ring();
        }
    }

    /// Runs `main` on this thread, which turns the reactor while no other does.
    fn block_on(self: &Arc<Self>, mut main: Pin<&mut dyn Future<Output = ()>>) {
        let caller = Arc::new(Caller {
            core: Arc::downgrade(self),
            thread: thread::current(),
            woken: AtomicBool::new(false),
            turning: AtomicBool::new(false),
            offered: AtomicBool::new(false),
        });
        let waker = Waker::from(caller.clone());
        // The turn is let go of while `main` runs: it may take long, and may itself block on this reactor.
        while main.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            caller.wait(self);
        }
    }

    fn turn_until_ended(&self) {
        let mut turning = Turning { core: self, wakers: Vec::new() };
        while !self.ended.load(Ordering::SeqCst) {
            turning.once(&self.ended);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Turn<Q>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread in `block_on`, as the wakers of its future see it.
struct Caller<Q> {
    /// Weak, as a waker may be kept for long by others, and must keep no descriptor open.
    core: Weak<Core<Q>>,
    thread: Thread,
    /// Its future wants to be polled.
    woken: AtomicBool,
    /// It turns the reactor, so that only a ring wakes it.
    turning: AtomicBool,
    /// It was taken from standby, as the turn is free: it must take it or pass it on.
    offered: AtomicBool,
}

impl<Q: Queue> Caller<Q> {
    /// Returns once the future was woken. Meanwhile this thread turns the reactor, at least once, or stands by.
    fn wait(self: &Arc<Self>, core: &Core<Q>) {
        loop {
            if let Some(mut turning) = self.take_turn(core) {
                self.turning.store(true, Ordering::SeqCst);
                loop {
                    turning.once(&self.woken);
                    if self.woken.swap(false, Ordering::SeqCst) {
                        self.turning.store(false, Ordering::SeqCst);
                        return;
                    }
                }
            }
            while !self.woken.load(Ordering::SeqCst) && !self.offered.load(Ordering::SeqCst) {
                thread::park();
            }
            if self.woken.swap(false, Ordering::SeqCst) {
                return self.stand_down(core);
            }
            self.offered.store(false, Ordering::SeqCst);
        }
    }

    /// The turn if it is free, else a place in standby.
    fn take_turn<'a>(self: &Arc<Self>, core: &'a Core<Q>) -> Option<Turning<'a, Q>> {
        let mut turn = core.lock();
        if turn.busy {
            turn.standby.push_back(self.clone());
            return None;
        }
        turn.busy = true;
        Some(Turning { core, wakers: std::mem::take(&mut turn.wakers) })
    }

    /// Leaves standby to poll the future. An offer that came in between goes to the next.
    fn stand_down(self: &Arc<Self>, core: &Core<Q>) {
        let mut turn = core.lock();
        match turn.standby.iter().position(|caller| Arc::ptr_eq(caller, self)) {
            Some(place) => drop(turn.standby.remove(place)),
            None => {
                self.offered.store(false, Ordering::SeqCst);
                turn.offer();
            }
        }
    }
}

impl<Q: Queue> Wake for Caller<Q> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.woken.swap(true, Ordering::SeqCst) {
            return;
        }
        if self.turning.load(Ordering::SeqCst) {
            // While it is about to wait it will see that it was woken, and when it has waited too.
            if let Some(core) = self.core.upgrade() {
                core.changed();
            }
        } else {
            self.thread.unpark();
        }
    }
}

impl<Q> Turn<Q> {
    /// Lets a caller in standby know that the turn is free, if it is.
    fn offer(&mut self) {
        if self.busy {
            return;
        }
        if let Some(caller) = self.standby.pop_front() {
            caller.offered.store(true, Ordering::SeqCst);
            caller.thread.unpark();
        }
    }
}

/// The right to turn the reactor. Dropping it offers it to the next.
struct Turning<'a, Q: Queue> {
    core: &'a Core<Q>,
    wakers: Vec<Waker>,
}

impl<Q: Queue> Turning<'_, Q> {
    /// One wait and what comes of it: as many wakes as there are news and timers due. Does not sleep if `in_a_hurry`.
    fn once(&mut self, in_a_hurry: &AtomicBool) {
        let Self { core, wakers } = self;
        core.rung.store(false, Ordering::SeqCst);
        core.waiting.store(true, Ordering::SeqCst);
        // Looked at after it was said that this thread waits: what changes later rings.
        let limit = match core.timers.next() {
            _ if in_a_hurry.load(Ordering::SeqCst) => Some(Duration::ZERO),
            Some(at) => Some(at.saturating_duration_since(Instant::now()).min(LONGEST)),
            None => None,
        };
        let waited = core.queue.wait(limit, wakers);
        core.waiting.store(false, Ordering::SeqCst);
        if let Err(error) = waited {
            log::error!("the reactor cannot wait for its sockets: {error}");
            thread::sleep(PAUSE);
        }
        core.timers.take_due(Instant::now(), wakers);
        for waker in wakers.drain(..) {
            // A task's fault must not stop the others'.
            if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
                log::error!("waking a task panicked");
            }
        }
    }
}

impl<Q: Queue> Drop for Turning<'_, Q> {
    fn drop(&mut self) {
        let mut turn = self.core.lock();
        turn.wakers = std::mem::take(&mut self.wakers);
        turn.busy = false;
        turn.offer();
    }
}

/// What a reactor of our own lives for: its handles, sockets and timers share it. With the last of them it ends, its thread
/// too, and gives everything back to the system.
pub(crate) struct Life<Q: Queue> {
    core: Arc<Core<Q>>,
    /// Of the reactor's own, if it has one.
    thread: Option<JoinHandle<()>>,
}

impl<Q: Queue> Life<Q> {
    /// # Errors
    /// The system grants no thread.
    pub(crate) fn start(queue: Q, drive: Drive) -> io::Result<Self> {
        let core = Arc::new(Core::new(queue));
        let thread = match drive {
            Drive::CallingThread => None,
            Drive::OwnThread => {
                let core = core.clone();
                Some(thread::Builder::new().name("smolcrawl-reactor".to_owned()).spawn(move || core.turn_until_ended())?)
            }
        };
        Ok(Self { core, thread })
    }

    pub(crate) fn core(&self) -> &Core<Q> {
        &self.core
    }

    pub(crate) fn queue(&self) -> &Q {
        &self.core.queue
    }

    pub(crate) fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        match self.thread {
            Some(_) => futures_lite::future::block_on(main),
            None => self.core.block_on(main),
        }
    }
}

impl<Q: Queue> Drop for Life<Q> {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.core.ended.store(true, Ordering::SeqCst);
        self.core.changed();
        // The last socket may have been dropped by what its own event woke.
        if thread.thread().id() != thread::current().id() {
            // It has caught its panics.
            let _ = thread.join();
        }
    }
}

/// The system's queues count time in numbers of their own; a wait that is too short does no harm.
const LONGEST: Duration = Duration::from_secs(3600);

/// Before waiting is tried again that the system has refused.
const PAUSE: Duration = Duration::from_millis(100);
