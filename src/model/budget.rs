//! How long the reading of one page may take. A budget is told to the thread that works, which looks at it as it goes; another thread may
//! end it early. Knows a clock, no page.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;

/// Of one page, for all that is done to read it. Cheap to clone: every clone is the same budget, which any thread may [stop](Self::stop).
///
/// ```
/// use smolcrawl::chunk;
/// use smolcrawl::extract;
/// use smolcrawl::model::{Budget, Filled, OverBudget, Page, Validators};
///
/// # fn page() -> Page { Page { url: "https://docs.test/".parse().unwrap(), status: 200, content_type: Some("text/html".to_owned()),
/// #     body: b"<p>Put the kettle on.".to_vec(), depth: 0, validators: Validators::default(), fetched_at: std::time::SystemTime::now(), filled: Filled::default() } }
/// let budget = Budget::default();
/// let meter = budget.begin(); // on the thread that reads
/// let document = extract::document_within(&page(), &meter)?;
/// let chunks = chunk::split_within(&document, &chunk::Config::default(), &meter)?;
/// assert_eq!(chunks.len(), 1);
///
/// budget.stop(); // from any thread
/// assert_eq!(extract::document_within(&page(), &meter), Err(OverBudget::Stopped.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Budget {
    limit: Duration,
    stopped: Arc<AtomicBool>,
}

impl Budget {
    /// Of so much processor time of the thread that reads; where the system does not tell that of a thread (Windows), of time that passes.
    pub fn new(limit: Duration) -> Self {
        Self { limit, stopped: Arc::default() }
    }

    /// Ends the reading soon, wherever it is.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// From here on the time of this thread counts.
    pub fn begin(&self) -> Meter {
        let state =
            State { budget: self.clone(), until: now().saturating_add(self.limit), steps: Cell::new(LOOK_AFTER), over: Cell::default() };
        Meter(Rc::new(state))
    }
}

/// [`Budget::LIMIT`].
impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}

impl Budget {
    /// What a page has where nobody says otherwise: 10 s. Large manuals take less than one.
    pub const LIMIT: Duration = Duration::from_secs(10);
}

/// Why a page was not read to its end.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OverBudget {
    /// The page costs more than a page may.
    #[error("reading this page took more than {} s of processor time; it is left out", .limit.as_secs_f32())]
    Time { limit: Duration },
    /// Nobody waits for it any more.
    #[error("the reading of this page was stopped")]
    Stopped,
}

/// A budget under way, on the thread that it was begun on. Cheap to clone: every clone counts for the same page.
#[derive(Clone, Debug)]
pub struct Meter(Rc<State>);

#[derive(Debug)]
struct State {
    budget: Budget,
    /// On the clock that [`now`] reads.
    until: Duration,
    /// Until the next look at the clock.
    steps: Cell<u32>,
    over: Cell<Option<OverBudget>>,
}

impl Meter {
    /// Counts a step, and answers whether there is time for more. Once there is none there never is again: loops end, and who began the
    /// budget asks for the [verdict](Self::verdict) and throws away what they made.
    #[inline]
    pub fn goes_on(&self) -> bool {
        self.goes_on_by(1)
    }

    /// The same for a step that costs as much as so many.
    #[inline]
    pub fn goes_on_by(&self, steps: usize) -> bool {
        match (self.0.steps.get() as usize).checked_sub(steps) {
            Some(left) if left > 0 => {
                // No more than it was.
                self.0.steps.set(left as u32);
                true
            }
            _ => self.look(),
        }
    }

    /// The items of `all`, each a step.
    pub fn each<I: IntoIterator>(&self, all: I) -> impl Iterator<Item = I::Item> {
        all.into_iter().take_while(|_| self.goes_on())
    }

    /// Whether what was read until here is all there is to read.
    ///
    /// # Errors
    /// Where the budget is over.
    pub fn verdict(&self) -> Result<(), OverBudget> {
        self.look();
        self.0.over.get().map_or(Ok(()), Err)
    }

    #[cold]
    fn look(&self) -> bool {
        let State { budget, until, steps, over } = &*self.0;
        if over.get().is_none() {
            over.set(match budget.stopped.load(Ordering::Relaxed) {
                true => Some(OverBudget::Stopped),
                false => (now() > *until).then_some(OverBudget::Time { limit: budget.limit }),
            });
        }
        let goes_on = over.get().is_none();
        steps.set(if goes_on { LOOK_AFTER } else { 0 });
        goes_on
    }
}

/// In steps, each of at least some ten nanoseconds: to ask for a thread's time takes a quarter of a microsecond.
const LOOK_AFTER: u32 = 4_096;

/// The processor time of this thread.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly"))]
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What passes for it.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly")))]
fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;

    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_by_its_time_and_stays_over() {
        let limit = Duration::from_millis(20);
        let meter = Budget::new(limit).begin();
        let mut steps = 0_u64;
        while meter.goes_on() {
            steps += 1;
        }
        assert!(steps > u64::from(LOOK_AFTER));
        assert!(!meter.goes_on() && !meter.clone().goes_on());
        assert_eq!(meter.verdict(), Err(OverBudget::Time { limit }));
        assert_eq!(meter.each(0..9).count(), 0);
    }

    #[test]
    fn another_thread_stops_it() {
        let budget = Budget::new(Duration::MAX);
        let meter = budget.begin();
        assert_eq!(meter.verdict(), Ok(()));
        std::thread::spawn(move || budget.stop());
        while meter.goes_on() {}
        assert_eq!(meter.verdict(), Err(OverBudget::Stopped));
    }

    #[test]
    fn large_steps_count_as_what_they_cost() {
        let budget = Budget::default();
        let meter = budget.begin();
        assert!(meter.goes_on_by(10));
        budget.stop();
        assert!(meter.goes_on_by(10) && !meter.goes_on_by(usize::MAX));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_others_does_not_count() {
        let meter = Budget::new(Duration::from_millis(50)).begin();
        std::thread::spawn(|| {
            let own = Budget::new(Duration::from_millis(100)).begin();
            while own.goes_on() {}
        })
        .join()
        .unwrap();
        assert_eq!(meter.verdict(), Ok(()));
    }
}
