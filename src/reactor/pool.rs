//! A bounded pool of threads for work that blocks or computes. Knows no future and no reactor.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Threads are started when there is work for them and end when there has been none for a while. Dropping the pool lets
/// queued work be done and then ends its threads; it waits for nothing, so it may be dropped on one of them.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

type Work = Box<dyn FnOnce() + Send>;

impl Pool {
    /// For computing: as many threads as the machine runs at once, at least two so that one long job is not alone.
    pub(crate) fn for_work() -> Self {
        let threads = thread::available_parallelism().map_or(2, |threads| threads.get().max(2));
        Self::new("smolcrawl-pool", threads, IDLE)
    }

    /// For name lookups, which wait for the network and must neither hold up nor wait for computing.
    pub(crate) fn for_names() -> Self {
        Self::new("smolcrawl-names", NAME_THREADS, IDLE)
    }

    /// `threads` is the bound, `idle` how long a thread waits for more work.
    fn new(name: &'static str, threads: usize, idle: Duration) -> Self {
        Self { shared: Arc::new(Shared { name, limit: threads, idle, state: Mutex::default(), changed: Condvar::new() }) }
    }

    /// Queues `work`; it runs on the calling thread only if the system grants the pool not a single thread.
    pub(crate) fn spawn(&self, work: Work) {
        let mut state = self.shared.lock();
        state.queue.push_back(work);
        // Compared with the queue, as an idle thread that was notified has not yet taken its work.
        if state.queue.len() <= state.idle || state.threads >= self.shared.limit {
            drop(state);
            self.shared.changed.notify_one();
            return;
        }
        state.threads += 1;
        drop(state);
        if let Err(error) = start(&self.shared) {
            self.shared.do_without(&error);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

struct Shared {
    /// Of each thread.
    name: &'static str,
    /// Most threads at once.
    limit: usize,
    /// A thread without work for so long ends.
    idle: Duration,
    /// Never held while work runs.
    state: Mutex<State>,
    /// There is more work, or the pool was dropped.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    /// Started and not yet ended, the idle ones among them.
    threads: usize,
    /// Waiting for work. One that was notified counts until it runs again.
    idle: usize,
    /// The pool was dropped: no more work will come.
    closed: bool,
}

fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = shared.clone();
    thread::Builder::new().name(shared.name.to_owned()).spawn(move || shared.work()).map(drop)
}

impl Shared {
    /// The life of one thread.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.queue.pop_front() {
                drop(state);
                run(work);
                state = self.lock();
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let (relocked, wait) = self.changed.wait_timeout(state, self.idle).unwrap_or_else(PoisonError::into_inner);
            state = relocked;
            state.idle -= 1;
            if wait.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        state.threads -= 1;
    }

    /// No thread could be started: others take the work when they have time, and if there are none it is done here.
    fn do_without(&self, error: &io::Error) {
        let mut state = self.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return;
        }
        let queue = std::mem::take(&mut state.queue);
        drop(state);
        log::warn!("cannot start a thread, working on the calling one: {error}");
        queue.into_iter().for_each(run);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// A panic ends the work and not the thread; who waits for the work learns of it on another way.
fn run(work: Work) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        log::error!("work on the pool panicked");
    }
}

/// Long enough to outlive the pauses of a crawl, short enough to leave no threads behind.
const IDLE: Duration = Duration::from_secs(5);

/// Lookups wait rather than compute, and one dead name server holds a thread for up to 30 s.
const NAME_THREADS: usize = 8;
