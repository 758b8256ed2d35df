//! The table of a crawl that is done together, as one worker sees it: calls to the store, on its lane.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

use crate::crawl::Common;
use crate::engine::crawling::Cut;
use crate::engine::{Engine, most_tokens};
use crate::error::Error;
use crate::model::{Clock, Given, JoinedId, PageOf, RobotsKnown, Settled, Spent, Verdict, Wish, WorkerId};
use crate::reactor::{Boxed, Lane};
use crate::store::{CutPage, Put, SettledPages, Store};

/// What is sent with one call. It stays as it is, as a call may have to be made again.
#[derive(Debug)]
pub(super) struct Parcel {
    settled: Settled,
    of: Vec<PageOf>,
    pages: Vec<CutPage>,
    says: Vec<Option<(crate::model::SourceId, String)>>,
    wish: Wish,
}

impl Parcel {
    pub(super) fn new(settled: Settled, of: Vec<PageOf>, cut: Vec<Cut>, wish: Wish) -> Self {
        let (pages, says) = cut.into_iter().map(Cut::into_parts).unzip();
        Self { settled, of, pages, says, wish }
    }

    /// Addresses and titles of its pages.
    pub(super) fn told(&self) -> impl Iterator<Item = (Url, String)> + '_ {
        self.pages.iter().map(|page| (page.document.url.clone(), page.document.title.clone()))
    }

    fn is_news(&self) -> bool {
        let Settled { found, fetched, dealt, left_out, lessons, notes, given_up, .. } = &self.settled;
        let is_nothing = found.is_empty() && fetched.is_empty() && dealt.is_empty() && left_out.is_empty();
        !(is_nothing && lessons.is_empty() && notes.is_empty() && given_up.is_empty() && self.pages.is_empty())
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Exchanged {
    pub verdicts: SettledPages,
    pub given: Option<Given>,
    /// It is no worker any more.
    pub is_gone: bool,
}

/// One worker's place in it.
#[derive(Debug)]
pub(super) struct Board {
    engine: Engine,
    crawl: JoinedId,
    /// When it was made, by the handle and by the machine: where time is virtual, the two go apart.
    made: (Instant, Instant),
    /// Who it is, once it is, and what was spent before. Held for a look or a change only.
    worker: Mutex<(Option<WorkerId>, Spent)>,
}

impl Board {
    pub(super) fn new(engine: Engine, crawl: JoinedId) -> Self {
        let made = (engine.handle().now(), Instant::now());
        Self { engine, crawl, made, worker: Mutex::default() }
    }

    pub(super) fn crawl(&self) -> JoinedId {
        self.crawl
    }

    pub(super) fn clock(&self) -> Clock {
        let passed = self.engine.handle().now().saturating_duration_since(self.made.0);
        Clock::Store { ahead: passed.saturating_sub(self.made.1.elapsed()) }
    }

    fn worker(&self) -> MutexGuard<'_, (Option<WorkerId>, Spent)> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this worker has spent, and none of those that it was before.
    pub(super) fn own(&self, spent: Spent) -> Spent {
        let (_, before) = *self.worker();
        Spent { requests: spent.requests.saturating_sub(before.requests), bytes: spent.bytes.saturating_sub(before.bytes) }
    }

    /// Takes part from now on, as a worker that has spent nothing.
    pub(super) async fn enter(&self, spent: Spent) -> Result<(), Error> {
        let (crawl, clock, name) = (self.crawl, self.clock(), format!("process {}", std::process::id()));
        let enter = || {
            let name = name.clone();
            self.engine.store_in(Lane::Heavy, move |store| store.enter_joined(crawl, &name, clock))
        };
        let worker = self.insist(enter).await?;
        *self.worker() = (Some(worker), spent);
        Ok(())
    }

    /// What it has in hand waits for others.
    pub(super) async fn leave(&self, spent: Spent) -> Result<(), Error> {
        let spent = self.own(spent);
        let Some(worker) = self.worker().0.take() else { return Ok(()) };
        let (crawl, clock) = (self.crawl, self.clock());
        self.insist(|| self.engine.store_in(Lane::Heavy, move |store| store.leave_joined(crawl, worker, spent, clock))).await
    }

    /// Settles what is to be settled, then takes what is wanted: two calls, as one that was not begun is made again by itself.
    pub(super) async fn exchange(&self, parcel: Arc<Parcel>) -> Result<Exchanged, Error> {
        let Some(worker) = self.worker().0 else { return Ok(Exchanged { is_gone: true, ..Exchanged::default() }) };
        let mut exchanged = Exchanged::default();
        if parcel.is_news() {
            match self.insist(|| self.settle(worker, parcel.clone())).await? {
                Some(verdicts) => exchanged.verdicts = verdicts,
                None => {
                    exchanged.verdicts = parcel.of.iter().map(|_| (Verdict::Late, None)).collect();
                    exchanged.is_gone = true;
                    return Ok(exchanged);
                }
            }
        }
        exchanged.given = self.insist(|| self.take(worker, parcel.wish)).await?;
        exchanged.is_gone = exchanged.given.is_none();
        Ok(exchanged)
    }

    async fn settle(&self, worker: WorkerId, parcel: Arc<Parcel>) -> Result<Option<SettledPages>, Error> {
        let (crawl, clock, engine) = (self.crawl, self.clock(), self.engine.clone());
        let settle = move |store: &Store| {
            let tokens = most_tokens(&engine.inner.embedder);
            let settled = store.settle_joined(crawl, worker, &parcel.settled, &parcel.of, &parcel.pages, tokens, clock)?;
            let verdicts = settled.as_deref().unwrap_or_default();
            if verdicts.iter().any(|(_, put)| put.is_some_and(|put| put != Put::Unchanged)) {
                engine.inner.ring();
            }
            let stored = verdicts.iter().zip(&parcel.says).filter(|((verdict, _), _)| *verdict == Verdict::Stored);
            for (source, version) in stored.filter_map(|(_, says)| says.as_ref()) {
                // What is settled stays so, whether or not this can be written.
                if let Err(error) = store.says_version(source, version) {
                    log::warn!("the version that pages of {source} name is not noted: {error}");
                }
            }
            Ok(settled)
        };
        self.engine.store_in(Lane::Heavy, settle).await
    }

    async fn take(&self, worker: WorkerId, wish: Wish) -> Result<Option<Given>, Error> {
        let (crawl, clock) = (self.crawl, self.clock());
        self.engine.store_in(Lane::Heavy, move |store| store.take_joined(crawl, worker, &wish, clock)).await
    }

    /// Makes a call again that was not begun, as others kept the store from it: many share one file.
    async fn insist<T, F: Future<Output = Result<T, Error>>>(&self, call: impl Fn() -> F) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            match call().await {
                Err(Error::Store(crate::store::Error::Busy { .. })) if tries < MOST_TRIES => tries += 1,
                done => return done,
            }
            self.engine.handle().sleep(PAUSE).await;
        }
    }
}

/// How often a call is made again, each of which waits for the store's own patience; and what lies between.
const MOST_TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

impl Common for Board {
    fn robots<'a>(&'a self, origin: &'a str) -> Boxed<'a, Option<RobotsKnown>> {
        Box::pin(async move {
            let (crawl, clock, origin) = (self.crawl, self.clock(), origin.to_owned());
            match self.engine.store_in(Lane::Heavy, move |store| store.robots(crawl, &origin, clock)).await {
                Ok(known) => Some(known),
                Err(error) => {
                    log::debug!("what others know of robots.txt cannot be told: {}", error.chain());
                    None
                }
            }
        })
    }

    fn keep_robots<'a>(&'a self, origin: &'a str, known: Option<(u16, Vec<u8>)>, delay: Option<Duration>) -> Boxed<'a, ()> {
        Box::pin(async move {
            let (crawl, at) = (self.crawl, origin.to_owned());
            let keep = move |store: &Store| {
                let known = known.as_ref().map(|(status, body)| (*status, &**body));
                store.keep_robots(crawl, &at, known, delay)
            };
            if let Err(error) = self.engine.store_in(Lane::Heavy, keep).await {
                log::debug!("robots.txt of {origin} cannot be told to others: {}", error.chain());
            }
        })
    }
}
