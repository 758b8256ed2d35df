//! What origins want between two requests, kept in the database, so that all processes that use it keep it together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use super::{Engine, Inner};
use crate::crawl::{Pace, Turn};
use crate::reactor::{Boxed, Handle, Lane};
use crate::store::Place;

/// Of one engine. Where there is no file, or it cannot be written, each crawler paces itself.
#[derive(Debug)]
pub(super) struct Pacing {
    engine: OnceLock<Weak<Inner>>,
    /// When it was made, by the handle and by the machine: where time is virtual, the two go apart.
    made: (Instant, Instant),
    handle: Handle,
    /// Held for a look or a change only.
    resting: Mutex<Resting>,
    /// By how many milliseconds the store's clock is ahead of this machine's, and when that was found. Held for a look or a change only.
    ahead: Mutex<Option<(Instant, i64)>>,
}

/// Origins that are to be left alone, as they were when somebody last looked.
#[derive(Debug, Default)]
struct Resting {
    looked: Option<Instant>,
    until: HashMap<Box<str>, SystemTime>,
    /// Origins that have refused us and not answered since, each with until when it rests.
    refused: HashMap<Box<str>, SystemTime>,
}

impl Pacing {
    pub(super) fn new(handle: &Handle) -> Self {
        let made = (handle.now(), Instant::now());
        Self { engine: OnceLock::new(), made, handle: handle.clone(), resting: Mutex::default(), ahead: Mutex::default() }
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

    /// The store's time, which others keep as well, as far as it is known; with a virtual clock, as far ahead as that is.
    fn now(&self) -> SystemTime {
        let passed = self.handle.now().saturating_duration_since(self.made.0);
        let here = SystemTime::now() + passed.saturating_sub(self.made.1.elapsed());
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).map_or(0, |(_, ahead)| ahead);
        let by = Duration::from_millis(ahead.unsigned_abs());
        if ahead < 0 { here.checked_sub(by).unwrap_or(here) } else { here + by }
    }

    /// Machines differ, and a server's clock is one for all of them. That of a file is this machine's.
    async fn set_clock(&self, engine: &Engine) {
        if let Place::File(_) = Place::of(&engine.inner.config.database) {
            return;
        }
        let now = Instant::now();
        let is_known = |(at, _): &(Instant, i64)| now.saturating_duration_since(*at) < SET_AGAIN;
        if self.ahead.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(is_known) {
            return;
        }
        let told = engine.with_store(|store| store.clock()).await;
        // As long there as back.
        let here = SystemTime::now() - now.elapsed() / 2;
        if let Ok(there) = told {
            let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            let ahead = there.duration_since(here).map_or_else(|behind| -milliseconds(behind.duration()), milliseconds);
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, ahead));
        }
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
            self.set_clock(&engine).await;
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
            self.set_clock(&engine).await;
            let (at, now) = (origin.to_owned(), self.now());
            match engine.store_in(Lane::Heavy, move |store| store.note_overload(&at, asked, now)).await {
                Ok(until) => {
                    let mut resting = self.resting();
                    resting.until.insert(origin.into(), until);
                    // Of those that are forgotten a row ends with time.
                    if resting.refused.len() >= MOST_REFUSED {
                        resting.refused.clear();
                    }
                    resting.refused.insert(origin.into(), until);
                }
                Err(error) => log::debug!("pauses are not shared with other processes: {}", error.chain()),
            }
        })
    }

    fn answered<'a>(&'a self, origin: &'a str) -> Boxed<'a, ()> {
        Box::pin(async move {
            let now = {
                let mut resting = self.resting();
                let Some(until) = resting.refused.get(origin).copied() else { return };
                let now = self.now();
                // What was under way when it refused tells nothing.
                if until > now {
                    return;
                }
                resting.refused.remove(origin);
                now
            };
            let Some(engine) = self.engine() else { return };
            let at = origin.to_owned();
            if let Err(error) = engine.store_in(Lane::Heavy, move |store| store.note_answer(&at, now)).await {
                log::debug!("pauses are not shared with other processes: {}", error.chain());
            }
        })
    }

    fn rest<'a>(&'a self, origin: &'a str) -> Boxed<'a, Option<Duration>> {
        Box::pin(async move {
            if self.is_to_be_looked_at()
                && let Some(engine) = self.engine()
            {
                self.set_clock(&engine).await;
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

const MOST_REFUSED: usize = 10_000;
/// How long a clock is trusted to go as the store's does.
const SET_AGAIN: Duration = Duration::from_secs(60);
/// How old what is known of other processes may be.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
