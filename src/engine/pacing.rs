//! What origins want between two requests, kept in the database, so that all processes that use it keep it together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::{Engine, Inner};
use crate::crawl::{Pace, Turn};
use crate::reactor::{Boxed, Handle, Lane};

/// Of one engine. Where there is no file, or it cannot be written, each crawler paces itself.
#[derive(Debug)]
pub(super) struct Pacing {
    engine: OnceLock<Weak<Inner>>,
    /// When it was made, by the handle and by the machine: where time is virtual, the two go apart.
    made: (Instant, Instant),
    handle: Handle,
    /// Held for a look or a change only.
    resting: Mutex<Resting>,
}

/// Origins that are to be left alone, as they were when somebody last looked.
#[derive(Debug, Default)]
struct Resting {
    looked: Option<Instant>,
    until: HashMap<Box<str>, SystemTime>,
}

impl Pacing {
    pub(super) fn new(handle: &Handle) -> Self {
        let made = (handle.now(), Instant::now());
        Self { engine: OnceLock::new(), made, handle: handle.clone(), resting: Mutex::default() }
    }

    /// It keeps what it knows in the engine's store, and does not keep the engine.
    pub(super) fn of(&self, engine: &Arc<Inner>) {
        let _ = self.engine.set(Arc::downgrade(engine));
    }

    /// If there is a file: none is made for this.
    fn engine(&self) -> Option<Engine> {
        let engine = Engine { inner: self.engine.get()?.upgrade()? };
        (!engine.is_in_memory() && engine.has_database()).then_some(engine)
    }

    /// The machine's time, which others keep as well; with a virtual clock, as far ahead as that is.
    fn now(&self) -> SystemTime {
        let passed = self.handle.now().saturating_duration_since(self.made.0);
        SystemTime::now() + passed.saturating_sub(self.made.1.elapsed())
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is time to look what others have found out; then it counts as done.
    fn is_to_be_looked_at(&self) -> bool {
        let (now, mut resting) = (self.handle.now(), self.resting());
        let is_due = resting.looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LOOK_AGAIN);
        if is_due {
            resting.looked = Some(now);
        }
        is_due
    }
}

impl Pace for Pacing {
    fn turn<'a>(&'a self, origin: &'a str, delay: Option<Duration>) -> Boxed<'a, Turn> {
        Box::pin(async move {
            let Some(engine) = self.engine() else { return Turn::Unknown };
            let (origin, now) = (origin.to_owned(), self.now());
            match engine.store_in(Lane::Heavy, move |store| store.take_turn(&origin, delay, now)).await {
                Ok(None) => Turn::Taken,
                Ok(Some(wait)) => Turn::After(wait),
                Err(error) => {
                    log::debug!("turns are not shared with other processes: {}", error.chain());
                    Turn::Unknown
                }
            }
        })
    }

    fn overloaded<'a>(&'a self, origin: &'a str, asked: Option<Duration>) -> Boxed<'a, ()> {
        Box::pin(async move {
            let Some(engine) = self.engine() else { return };
            let (at, now) = (origin.to_owned(), self.now());
            match engine.store_in(Lane::Heavy, move |store| store.note_overload(&at, asked, now)).await {
                Ok(until) => _ = self.resting().until.insert(origin.into(), until),
                Err(error) => log::debug!("pauses are not shared with other processes: {}", error.chain()),
            }
        })
    }

    fn rest<'a>(&'a self, origin: &'a str) -> Boxed<'a, Option<Duration>> {
        Box::pin(async move {
            if self.is_to_be_looked_at()
                && let Some(engine) = self.engine()
            {
                let now = self.now();
                if let Ok(until) = engine.with_store(move |store| store.resting(now)).await {
                    self.resting().until = until.into_iter().collect();
                }
            }
            let until = *self.resting().until.get(origin)?;
            until.duration_since(self.now()).ok().filter(|wait| !wait.is_zero())
        })
    }
}

/// How old what is known of other processes may be.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
