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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn work_runs_on_named_threads_and_no_more_of_them_than_allowed() {
        let pool = Pool::new("smolcrawl-test", 3, LONG);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (done, finished) = mpsc::channel();
        for _ in 0..200 {
            let (running, most, done) = (running.clone(), most.clone(), done.clone());
            pool.spawn(Box::new(move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                done.send(thread::current().name().map(str::to_owned)).unwrap();
            }));
        }
        for _ in 0..200 {
            assert_eq!(finished.recv().unwrap().as_deref(), Some("smolcrawl-test"));
        }
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
        assert!(pool.shared.lock().threads <= 3);
    }

    #[test]
    fn each_work_gets_a_thread_while_there_are_any() {
        for _ in 0..100 {
            let pool = Pool::new("smolcrawl-test", 2, LONG);
            pool.spawn(Box::new(|| ()));
            until(|| pool.shared.lock().idle == 1);
            // One idle thread and two works, neither of which ends before both have begun.
            let (begin, begun) = mpsc::channel();
            let releases = [(); 2].map(|()| {
                let (release, released) = mpsc::channel::<()>();
                let begin = begin.clone();
                pool.spawn(Box::new(move || {
                    begin.send(()).unwrap();
                    _ = released.recv();
                }));
                release
            });
            for _ in &releases {
                begun.recv_timeout(LONG).expect("it waits for a thread that it could have had");
            }
        }
    }

    #[test]
    fn threads_start_late_and_end_when_idle() {
        let pool = Pool::new("smolcrawl-test", 2, Duration::from_millis(1));
        assert_eq!(pool.shared.lock().threads, 0);
        for _ in 0..50 {
            let (done, finished) = mpsc::channel();
            pool.spawn(Box::new(move || done.send(()).unwrap()));
            finished.recv().unwrap();
            until(|| pool.shared.lock().threads == 0);
        }
    }

    #[test]
    fn a_dropped_pool_does_what_is_queued_and_ends_its_threads() {
        let pool = Pool::new("smolcrawl-test", 1, LONG);
        let shared = pool.shared.clone();
        let (start, started) = mpsc::channel::<()>();
        let (done, finished) = mpsc::channel();
        pool.spawn(Box::new(move || started.recv().unwrap()));
        for number in 0..10 {
            let done = done.clone();
            pool.spawn(Box::new(move || done.send(number).unwrap()));
        }
        drop((pool, done));
        start.send(()).unwrap();
        assert_eq!(finished.iter().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        until(|| shared.lock().threads == 0);
    }

    #[test]
    fn a_pool_may_be_dropped_by_its_own_work() {
        let pool = Arc::new(Pool::new("smolcrawl-test", 1, LONG));
        let shared = pool.shared.clone();
        let (go, gone) = mpsc::channel::<()>();
        let last = pool.clone();
        pool.spawn(Box::new(move || {
            gone.recv().unwrap();
            drop(last);
        }));
        drop(pool);
        go.send(()).unwrap();
        until(|| shared.lock().threads == 0);
    }

    #[test]
    fn a_panic_costs_no_thread() {
        let pool = Pool::new("smolcrawl-test", 1, LONG);
        for _ in 0..3 {
            pool.spawn(Box::new(|| panic!("meant to be")));
        }
        let (done, finished) = mpsc::channel();
        pool.spawn(Box::new(move || done.send(()).unwrap()));
        finished.recv().unwrap();
        assert_eq!(pool.shared.lock().threads, 1);
    }

    #[test]
    fn without_any_thread_the_caller_works_itself() {
        let pool = Pool::new("smolcrawl-test", 1, LONG);
        let (done, finished) = mpsc::channel();
        {
            let mut state = pool.shared.lock();
            state.threads = 1;
            state.queue.push_back(Box::new(move || done.send(thread::current().id()).unwrap()));
        }
        pool.shared.do_without(&io::ErrorKind::OutOfMemory.into());
        assert_eq!(finished.recv().unwrap(), thread::current().id());
        assert_eq!(pool.shared.lock().threads, 0);
    }

    fn until(condition: impl Fn() -> bool) {
        let start = std::time::Instant::now();
        while !condition() {
            assert!(start.elapsed() < LONG, "it never happened");
            thread::yield_now();
        }
    }
}
