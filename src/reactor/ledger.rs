//! The open connections of one reactor, as its shutdown needs them: how many there are, how each ended, who waits for the last.
//! Below it is no system and no clock: that the grace is over, it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};

use crate::reactor::Boxed;
use crate::reactor::shutdown::Keeper;
use crate::reactor::shutdown::Shutdown;
use crate::reactor::shutdown::Stopped;
use crate::reactor::socket::Socket;

/// What all sockets of one reactor share. A [`Reactor`](crate::reactor::Reactor) has one, hands it to each
/// [`Socket`] and [`Listener`](crate::reactor::Listener) that it makes, and need not do more to be shut down.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Book>);

#[derive(Default)]
struct Book {
    /// Shutdowns that failed, since the beginning.
    benign: AtomicU64,
    /// The phase is not `Open` any more: for those who would not take the lock for it.
    closing: AtomicBool,
    /// Held for moves only: nothing is woken, dropped or closed under it, and no line is locked.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// Each line by its slot.
    lines: Vec<Option<Arc<dyn Abort>>>,
    /// Slots without a line.
    free: Vec<usize>,
    /// Since the shutdown began.
    tally: Shutdown,
    /// To be woken when the phase changes.
    watching: BTreeMap<u64, Waker>,
    /// Of the watcher that came last.
    last: u64,
    keepers: Vec<Weak<dyn Keeper>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    #[default]
    Open,
    /// Nothing new is let in; what is open may end by itself.
    Closing,
    /// The grace is over: no line leaves by itself any more, as all of them are being ended.
    Aborting,
    /// Nothing is open, and nothing will be.
    Over,
}

impl Ledger {
    /// How many shutdowns failed so far.
    pub fn benign_shutdowns(&self) -> u64 {
        self.0.benign.load(Ordering::Relaxed)
    }

    /// Begins the shutdown; nothing, if it has begun.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return;
        }
        state.phase = Phase::Closing;
        self.0.closing.store(true, Ordering::SeqCst);
        let (keepers, watching) = (std::mem::take(&mut state.keepers), std::mem::take(&mut state.watching));
        drop(state);
        wake_all(watching);
        keepers.iter().filter_map(Weak::upgrade).for_each(|keeper| keeper.let_go());
        let over = self.lock().over_if_empty();
        wake_all(over);
    }

    /// Ends what is still open; nothing, if that has begun.
    pub(crate) fn abort(&self) {
        let mut state = self.lock();
        if state.phase != Phase::Closing {
            return;
        }
        state.phase = Phase::Aborting;
        let lines = std::mem::take(&mut state.lines);
        state.free = Vec::new();
        drop(state);
        let (mut drained, mut aborted) = (0, 0);
        for line in lines.into_iter().flatten() {
            // One fault must not keep the others open.
            match catch_unwind(AssertUnwindSafe(|| line.abort())) {
                Ok(End::ByItself) => drained += 1,
                Ok(End::PassedOn) => {}
                Ok(End::Aborted) => aborted += 1,
                Err(_) => {
                    log::error!("ending a connection panicked");
                    aborted += 1;
                }
            }
        }
        let mut state = self.lock();
        state.tally.drained += drained;
        state.tally.aborted += aborted;
        state.phase = Phase::Over;
        let watching = std::mem::take(&mut state.watching);
        drop(state);
        wake_all(watching);
    }

    /// Ready when nothing is open any more and nothing can be opened.
    pub(crate) async fn over(&self) -> Shutdown {
        let mut watch = self.watch();
        poll_fn(|cx| watch.poll(cx, Phase::Over)).await;
        self.lock().tally
    }

    /// # Errors
    /// [`Stopped::Refused`] once the shutdown has begun.
    pub(crate) fn admit(&self) -> io::Result<()> {
        match self.is_closing() {
            true => Err(Stopped::Refused.into()),
            false => Ok(()),
        }
    }

    /// From now on, `connecting` is one of the lines.
    ///
    /// # Errors
    /// [`Stopped::Refused`] once the shutdown has begun.
    pub(crate) fn attempt(&self, connecting: Boxed<'static, io::Result<Socket>>) -> io::Result<Attempt> {
        let line = Line::new(connecting);
        let slot = self.enter(line.clone(), Phase::Open).ok_or(Stopped::Refused)?;
        Ok(Attempt(Entry { line, ledger: self.clone(), slot }))
    }

    /// Tells whoever keeps connections at rest of the shutdown: at once, if it has begun.
    pub(crate) fn announce_to(&self, keeper: Weak<dyn Keeper>) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.keepers.retain(|keeper| keeper.strong_count() > 0);
            state.keepers.push(keeper);
            return;
        }
        drop(state);
        if let Some(keeper) = keeper.upgrade() {
            keeper.let_go();
        }
    }

    /// To be woken when the shutdown begins and when it is over.
    pub(crate) fn watch(&self) -> Watch<'_> {
        Watch { ledger: self, number: None }
    }

    pub(crate) fn count_benign(&self) {
        self.0.benign.fetch_add(1, Ordering::Relaxed);
        if self.is_closing() {
            self.count(|tally| &mut tally.benign);
        }
    }

    fn count_surfaced(&self) {
        if self.is_closing() {
            self.count(|tally| &mut tally.surfaced);
        }
    }

    fn count(&self, number: impl Fn(&mut Shutdown) -> &mut u64) {
        let mut state = self.lock();
        // What is over has been told.
        if state.phase < Phase::Over {
            *number(&mut state.tally) += 1;
        }
    }

    fn is_closing(&self) -> bool {
        self.0.closing.load(Ordering::SeqCst)
    }

    /// A slot for the line; none, if the phase is past `until`.
    fn enter(&self, line: Arc<dyn Abort>, until: Phase) -> Option<usize> {
        let mut state = self.lock();
        if state.phase > until {
            return None;
        }
        Some(match state.free.pop() {
            Some(slot) => {
                state.lines[slot] = Some(line);
                slot
            }
            None => {
                state.lines.push(Some(line));
                state.lines.len() - 1
            }
        })
    }

    /// The line of this slot has ended.
    fn leave(&self, slot: usize, end: End) {
        let mut state = self.lock();
        // From there on, who aborts counts.
        if state.phase >= Phase::Aborting {
            return;
        }
        let line = state.lines[slot].take();
        state.free.push(slot);
        if state.phase == Phase::Closing && end == End::ByItself {
            state.tally.drained += 1;
        }
        let watching = state.over_if_empty();
        drop(state);
        drop(line);
        wake_all(watching);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Ledger").field("phase", &state.phase).field("open", &state.open()).field("tally", &state.tally).finish()
    }
}

impl State {
    fn open(&self) -> usize {
        self.lines.len() - self.free.len()
    }

    /// Who is to be woken for it, outside of the lock.
    fn over_if_empty(&mut self) -> BTreeMap<u64, Waker> {
        if self.phase != Phase::Closing || self.open() > 0 {
            return BTreeMap::new();
        }
        self.phase = Phase::Over;
        std::mem::take(&mut self.watching)
    }
}

fn wake_all(wakers: BTreeMap<u64, Waker>) {
    wakers.into_values().for_each(Waker::wake);
}

/// One task's wait for a phase.
pub(crate) struct Watch<'a> {
    ledger: &'a Ledger,
    number: Option<u64>,
}

impl Watch<'_> {
    /// Ready once the shutdown has begun.
    pub(crate) fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll(cx, Phase::Closing)
    }

    fn poll(&mut self, cx: &mut Context<'_>, phase: Phase) -> Poll<()> {
        let mut state = self.ledger.lock();
        if state.phase >= phase {
            return Poll::Ready(());
        }
        let number = *self.number.get_or_insert_with(|| {
            state.last += 1;
            state.last
        });
        let old = match state.watching.get(&number) {
            Some(known) if known.will_wake(cx.waker()) => None,
            _ => state.watching.insert(number, cx.waker().clone()),
        };
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let waker = self.number.and_then(|number| self.ledger.lock().watching.remove(&number));
        drop(waker);
    }
}

/// How a line came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its owner let go of it, or it failed.
    ByItself,
    /// The attempt became a socket, which is a line of its own.
    PassedOn,
    /// By the shutdown.
    Aborted,
}

/// A line, as the ledger sees it.
trait Abort: Send + Sync {
    /// Ends it unless it has ended, closes its descriptor and wakes its tasks; answers how it ended.
    fn abort(&self) -> End;
}

/// A connection or an attempt at one, shared by its owner and the ledger, so that either can end it.
struct Line<T>(
    /// Held while what it holds is polled, which is the owner's right alone: contended only when the shutdown ends it.
    Mutex<Held<T>>,
);

struct Held<T> {
    what: What<T>,
    /// The tasks that wait to read and to write. They are woken by the system's events in any other case.
    wakers: [Option<Waker>; 2],
    /// The owner was told of an error, or expects nothing more.
    failed: bool,
}

enum What<T> {
    Open(T),
    Ended(End),
}

/// Which of a line's two tasks asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

impl<T> Line<T> {
    fn new(what: T) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Held { what: What::Open(what), wakers: [None, None], failed: false })))
    }

    /// Ends it as `end`, unless it has ended; what it held is dropped outside of the lock, then who waited is woken.
    fn end(&self, end: End) -> End {
        let mut held = self.lock();
        let what = match std::mem::replace(&mut held.what, What::Ended(end)) {
            What::Open(what) => what,
            What::Ended(before) => {
                held.what = What::Ended(before);
                return before;
            }
        };
        let wakers = std::mem::take(&mut held.wakers);
        drop(held);
        drop(what);
        if end == End::Aborted {
            wakers.into_iter().flatten().for_each(Waker::wake);
        }
        end
    }

    fn lock(&self) -> MutexGuard<'_, Held<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send> Abort for Line<T> {
    fn abort(&self) -> End {
        self.end(End::Aborted)
    }
}

/// The owner's side of a line. Dropping it ends the line.
pub(crate) struct Entry<T: Send + 'static> {
    line: Arc<Line<T>>,
    ledger: Ledger,
    slot: usize,
}

impl<T: Send + 'static> Entry<T> {
    /// A line that is open. It is born aborted if the shutdown's grace is over: then `what` is dropped.
    pub(crate) fn new(what: T, ledger: &Ledger) -> Self {
        let line = Line::new(what);
        let slot = ledger.enter(line.clone(), Phase::Closing);
        if slot.is_none() {
            line.end(End::Aborted);
        }
        Self { line, ledger: ledger.clone(), slot: slot.unwrap_or(NOWHERE) }
    }

    /// False, if it was born aborted: nobody has counted it.
    pub(crate) fn has_place(&self) -> bool {
        self.slot != NOWHERE
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Looks at what is open; none if it was aborted.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match &self.line.lock().what {
            What::Open(what) => Some(look(what)),
            What::Ended(_) => None,
        }
    }

    /// From now on no error surfaces.
    pub(crate) fn expect_nothing(&self) {
        self.line.lock().failed = true;
    }

    /// Polls what is open; [`Stopped::Aborted`] if it was aborted, at any time. The first error that the owner is told counts
    /// as surfaced.
    pub(crate) fn poll<R>(
        &self,
        side: Side,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut T, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        self.poll_to(side, cx, poll, |_| None)
    }

    /// The same, but the line may end together with what `poll` comes to.
    fn poll_to<R>(
        &self,
        side: Side,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut T, &mut Context<'_>) -> Poll<io::Result<R>>,
        end: impl FnOnce(&io::Result<R>) -> Option<End>,
    ) -> Poll<io::Result<R>> {
        let mut held = self.line.lock();
        let Held { what, wakers, failed } = &mut *held;
        let What::Open(open) = what else { return Poll::Ready(Err(Stopped::Aborted.into())) };
        let waiting = &mut wakers[side as usize];
        let Poll::Ready(result) = poll(open, cx) else {
            let old = match waiting {
                Some(known) if known.will_wake(cx.waker()) => None,
                _ => waiting.replace(cx.waker().clone()),
            };
            drop(held);
            drop(old);
            return Poll::Pending;
        };
        // A task that does not wait is not kept alive: a connection may rest for long after its task has ended.
        let old = waiting.take();
        let is_news = result.is_err() && !std::mem::replace(failed, true);
        let ended = end(&result).map(|end| std::mem::replace(what, What::Ended(end)));
        drop(held);
        drop((old, ended));
        if is_news {
            self.ledger.count_surfaced();
        }
        Poll::Ready(result)
    }
}

impl<T: Send + 'static> Drop for Entry<T> {
    fn drop(&mut self) {
        let end = self.line.end(End::ByItself);
        if end != End::Aborted {
            // Only now: the descriptor is closed.
            self.ledger.leave(self.slot, end);
        }
    }
}

/// A connection on its way.
pub(crate) struct Attempt(Entry<Boxed<'static, io::Result<Socket>>>);

impl Future for Attempt {
    type Output = io::Result<Socket>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let end = |result: &io::Result<Socket>| {
            Some(match result {
                Ok(socket) if socket.has_place() => End::PassedOn,
                // The others are being ended just now: this is one of them, in the place of the socket that it became.
                Ok(_) => End::Aborted,
                Err(_) => End::ByItself,
            })
        };
        let result = ready!(self.0.poll_to(Side::Write, cx, |connecting, cx| connecting.as_mut().poll(cx), end));
        Poll::Ready(match result {
            Ok(socket) if !socket.has_place() => Err(Stopped::Aborted.into()),
            result => result,
        })
    }
}

/// The slot of a line without a place in the ledger. It has ended, and the slot is never asked for again.
const NOWHERE: usize = usize::MAX;
