//! Bounded pools of threads for work that blocks or computes, one for each [`Lane`]. Knows no future and no reactor.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::reactor::Lane;

/// Threads are started when there is work for them and end when there has been none for a while. Dropping the pool lets
/// queued work be done and then ends its threads; it waits for nothing, so it may be dropped on one of them.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

type Work = Box<dyn FnOnce() + Send>;

/// A pool for each lane: what fills one leaves the threads of the others alone, and the system shares the processors among them.
#[derive(Debug)]
pub(crate) struct Lanes {
    interactive: Pool,
    bulk: Pool,
    heavy: Pool,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        // At least two, so that one long job is not alone.
        let threads = thread::available_parallelism().map_or(2, |threads| threads.get().max(2));
        Self {
            interactive: Pool::new("smolcrawl-short", threads.max(INTERACTIVE_THREADS), IDLE),
            bulk: Pool::new("smolcrawl-pool", threads, IDLE),
            // One more than a model keeps busy.
            heavy: Pool::new("smolcrawl-heavy", threads + 1, IDLE),
        }
    }

    /// Queues `work` in its lane; in another that has a thread, if the system grants this one none; and if there is not a single one it
    /// runs on the calling thread.
    pub(crate) fn spawn(&self, lane: Lane, work: Work) {
        let own = match lane {
            Lane::Interactive => &self.interactive,
            Lane::Bulk => &self.bulk,
            Lane::Heavy => &self.heavy,
        };
        let Err(refused) = own.offer(work) else { return };
        for work in refused.work {
            let mut left = Some(work);
            for other in [&self.interactive, &self.bulk, &self.heavy] {
                left = left.and_then(|work| other.take_over(work).err());
            }
            if let Some(work) = left {
                own.shared.warn(&refused.error);
                run(work);
            }
        }
    }
}

/// Work that no thread could be had for.
struct Refused {
    work: VecDeque<Work>,
    error: io::Error,
}

impl Pool {
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
        if let Err(refused) = self.offer(work) {
            self.shared.warn(&refused.error);
            refused.work.into_iter().for_each(run);
        }
    }

    /// Queues `work`, or gives back all that is queued if the pool has no thread and the system grants it none.
    fn offer(&self, work: Work) -> Result<(), Refused> {
        let mut state = self.shared.lock();
        state.queue.push_back(work);
        // Compared with the queue, as an idle thread that was notified has not yet taken its work.
        if state.queue.len() <= state.idle || state.threads >= self.shared.limit {
            drop(state);
            self.shared.changed.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        start(&self.shared).or_else(|error| self.shared.do_without(error))
    }

    /// Queues `work` if there is a thread to do it.
    fn take_over(&self, work: Work) -> Result<(), Work> {
        let mut state = self.shared.lock();
        if state.threads == 0 {
            return Err(work);
        }
        state.queue.push_back(work);
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
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

    /// No thread could be started: others take the work when they have time, and if there are none it is given back.
    fn do_without(&self, error: io::Error) -> Result<(), Refused> {
        let mut state = self.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return Ok(());
        }
        Err(Refused { work: std::mem::take(&mut state.queue), error })
    }

    /// Once for the whole process: whoever has no threads has none for a while, for nothing.
    fn warn(&self, error: &io::Error) {
        static WARNED: AtomicBool = AtomicBool::new(false);
        if !WARNED.swap(true, Ordering::Relaxed) {
            log::warn!("cannot start a thread ({}), working on the calling one: {error}", self.name);
        }
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

/// Looking something up waits for the disk now and then, and nobody who asks should wait for that of another.
const INTERACTIVE_THREADS: usize = 4;

/// Lookups wait rather than compute, and one dead name server holds a thread for up to 30 s.
const NAME_THREADS: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
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
    fn without_any_thread_the_work_is_given_back_and_with_one_it_waits() {
        for threads in [1, 2] {
            let pool = Pool::new("smolcrawl-test", 1, LONG);
            {
                // As it is while the first, or the second, is about to be started.
                let mut state = pool.shared.lock();
                state.threads = threads;
                state.queue.push_back(Box::new(|| ()));
            }
            let refused = pool.shared.do_without(io::ErrorKind::OutOfMemory.into());
            assert_eq!(refused.map_err(|refused| refused.work.len()), if threads == 1 { Err(1) } else { Ok(()) });
            assert_eq!(pool.shared.lock().threads, threads - 1);
        }
    }

    #[test]
    fn a_lane_without_threads_is_helped_by_another_and_none_by_the_caller() {
        let lanes = Lanes::new();
        let (done, finished) = mpsc::channel();
        let tell = |done: &mpsc::Sender<_>| -> Work {
            let done = done.clone();
            Box::new(move || done.send(thread::current().name().map(str::to_owned)).unwrap())
        };
        lanes.spawn(Lane::Interactive, tell(&done));
        assert_eq!(finished.recv().unwrap().as_deref(), Some("smolcrawl-short"));
        assert!(lanes.interactive.take_over(tell(&done)).is_ok());
        assert_eq!(finished.recv().unwrap().as_deref(), Some("smolcrawl-short"));
        assert!(lanes.bulk.take_over(tell(&done)).is_err(), "it has none");
    }

    #[test]
    fn a_full_lane_holds_up_no_other() {
        let lanes = Lanes::new();
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        for _ in 0..50 {
            let released = released.clone();
            lanes.spawn(Lane::Bulk, Box::new(move || _ = released.lock().unwrap().recv()));
        }
        let (done, finished) = mpsc::channel();
        for lane in [Lane::Interactive, Lane::Heavy] {
            let done = done.clone();
            lanes.spawn(lane, Box::new(move || done.send(()).unwrap()));
            finished.recv_timeout(LONG).expect("it has threads of its own");
        }
        // Negative control: the full one does hold up its own.
        lanes.spawn(Lane::Bulk, Box::new(move || done.send(()).unwrap()));
        assert!(finished.try_recv().is_err());
        drop(release);
        finished.recv_timeout(LONG).unwrap();
    }

    fn until(condition: impl Fn() -> bool) {
        let start = std::time::Instant::now();
        while !condition() {
            assert!(start.elapsed() < LONG, "it never happened");
            thread::yield_now();
        }
    }
}
