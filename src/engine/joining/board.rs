//! The table of a crawl that is done together, as one worker sees it: calls to the store, on its lane.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::future;
use url::Url;

use crate::crawl::Common;
use crate::engine::crawling::Cut;
use crate::engine::{Engine, most_tokens};
use crate::error::Error;
use crate::model::{Clock, Dealt, Given, JoinedId, PageOf, RobotsKnown, Settled, Spent, Verdict, Wish, WorkerId};
use crate::reactor::{Boxed, Lane};
use crate::store::{CutPage, Put, Store};

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

    pub(super) fn settled(&self) -> &Settled {
        &self.settled
    }

    /// How an address is dealt with in it.
    pub(super) fn dealt(&self, page: &Url) -> Option<&Dealt> {
        self.settled.dealt.iter().find(|dealt| *dealt.url == *page.as_str())
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

/// What came of a page.
#[derive(Debug)]
pub(super) enum Came {
    Judged(Verdict, Option<Put>),
    /// It alone cannot be stored.
    Refused(Error),
}

/// What came of it, where it is known whether it is settled.
#[derive(Debug)]
pub(super) struct Exchanged {
    pub pages: Vec<Came>,
    /// What was in the parcel is told.
    pub is_settled: bool,
    /// None where it is no worker any more.
    pub given: Result<Option<Given>, Error>,
}

impl Exchanged {
    fn gone(parcel: &Parcel) -> Self {
        let pages = parcel.of.iter().map(|_| Came::Judged(Verdict::Late, None)).collect();
        Self { pages, is_settled: false, given: Ok(None) }
    }
}

/// One worker's place in it.
#[derive(Debug)]
pub(super) struct Board {
    engine: Engine,
    crawl: JoinedId,
    /// How often the others have to hear of it.
    beat: Duration,
    /// When it was made, by the handle and by the machine: where time is virtual, the two go apart.
    made: (Instant, Instant),
    /// Who it is, once it is, and what was spent before. Held for a look or a change only.
    worker: Mutex<(Option<WorkerId>, Spent)>,
}

impl Board {
    pub(super) fn new(engine: Engine, crawl: JoinedId, lease: Duration) -> Self {
        let made = (engine.handle().now(), Instant::now());
        Self { engine, crawl, beat: lease / 3, made, worker: Mutex::default() }
    }

    pub(super) fn beat(&self) -> Duration {
        self.beat
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

    /// What it has in hand waits for others. Nothing where it is no worker.
    pub(super) async fn leave(&self, spent: Spent) -> Result<(), Error> {
        let spent = self.own(spent);
        let Some(worker) = self.worker().0 else { return Ok(()) };
        let (crawl, clock) = (self.crawl, self.clock());
        self.engine.store_in(Lane::Heavy, move |store| store.leave_joined(crawl, worker, spent, clock)).await?;
        self.worker().0 = None;
        Ok(())
    }

    /// The same, as often as it takes where many share one file.
    pub(super) async fn leave_at_last(&self, spent: Spent) -> Result<(), Error> {
        self.insist(|| self.leave(spent)).await
    }

    /// Settles what is to be settled, then takes what is wanted: two calls, as one that was not begun is made again by itself. The others are told
    /// meanwhile that this one is there, however long the store is kept from it.
    pub(super) async fn exchange(&self, parcel: Arc<Parcel>) -> Result<Exchanged, Error> {
        let Some(worker) = self.worker().0 else { return Ok(Exchanged::gone(&parcel)) };
        let beats = async {
            loop {
                self.engine.handle().sleep(self.beat).await;
                let (crawl, clock) = (self.crawl, self.clock());
                let renewed = self.engine.store_in(Lane::Heavy, move |store| store.renew_joined(crawl, worker, clock)).await;
                log::debug!("waiting for the store, and told others so: {renewed:?}");
            }
        };
        future::or(self.exchange_as(worker, parcel), beats).await
    }

    async fn exchange_as(&self, worker: WorkerId, parcel: Arc<Parcel>) -> Result<Exchanged, Error> {
        let mut pages = Vec::new();
        if parcel.is_news() {
            let settled = match self.insist(|| self.settle(worker, parcel.clone(), None, 0..parcel.of.len())).await {
                Err(Error::Store(error)) if error.is_of_content() && !parcel.of.is_empty() => self.settle_apart(worker, &parcel).await?,
                settled => settled?,
            };
            match settled {
                Some(came) => pages = came,
                None => return Ok(Exchanged::gone(&parcel)),
            }
        }
        let given = self.insist(|| self.take(worker, parcel.wish)).await;
        Ok(Exchanged { pages, is_settled: true, given })
    }

    /// The same of a parcel with a page that may be one that cannot be stored: first all else, then page by page.
    async fn settle_apart(&self, worker: WorkerId, parcel: &Arc<Parcel>) -> Result<Option<Vec<Came>>, Error> {
        let is_of_page = |dealt: &Dealt| parcel.of.iter().any(|page| page.url == dealt.url);
        let (of_pages, others): (Vec<Dealt>, Vec<Dealt>) = parcel.settled.dealt.iter().cloned().partition(is_of_page);
        let rest = Settled { dealt: others, ..parcel.settled.clone() };
        if self.insist(|| self.settle(worker, parcel.clone(), Some(rest.clone()), 0..0)).await?.is_none() {
            return Ok(None);
        }
        let mut came = Vec::with_capacity(parcel.of.len());
        for (index, page) in parcel.of.iter().enumerate() {
            let dealt = of_pages.iter().filter(|dealt| dealt.url == page.url).cloned().collect();
            let own = Settled { dealt, spent: parcel.settled.spent, ..Settled::default() };
            match self.insist(|| self.settle(worker, parcel.clone(), Some(own.clone()), index..index + 1)).await {
                Ok(Some(pages)) => came.extend(pages),
                // Those before it are stored.
                Ok(None) => came.push(Came::Judged(Verdict::Late, None)),
                Err(Error::Store(error)) if error.is_of_content() => came.push(Came::Refused(error.into())),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(came))
    }

    /// All of a parcel, or what of it is given, with these of its pages.
    async fn settle(
        &self,
        worker: WorkerId,
        parcel: Arc<Parcel>,
        part: Option<Settled>,
        pages: Range<usize>,
    ) -> Result<Option<Vec<Came>>, Error> {
        let (crawl, clock, engine) = (self.crawl, self.clock(), self.engine.clone());
        let settle = move |store: &Store| {
            let tokens = most_tokens(&engine.inner.embedder);
            let (of, cut, says) = (&parcel.of[pages.clone()], &parcel.pages[pages.clone()], &parcel.says[pages]);
            let settled = part.as_ref().unwrap_or(&parcel.settled);
            let settled = store.settle_joined(crawl, worker, settled, of, cut, tokens, clock)?;
            let verdicts = settled.as_deref().unwrap_or_default();
            if verdicts.iter().any(|(_, put)| put.is_some_and(|put| put != Put::Unchanged)) {
                engine.inner.ring();
            }
            let stored = verdicts.iter().zip(says).filter(|((verdict, _), _)| *verdict == Verdict::Stored);
            for (source, version) in stored.filter_map(|(_, says)| says.as_ref()) {
                // What is settled stays so, whether or not this can be written.
                if let Err(error) = store.says_version(source, version) {
                    log::warn!("the version that pages of {source} name is not noted: {error}");
                }
            }
            Ok(settled.map(|verdicts| verdicts.into_iter().map(|(verdict, put)| Came::Judged(verdict, put)).collect()))
        };
        self.engine.store_in(Lane::Heavy, settle).await
    }

    async fn take(&self, worker: WorkerId, wish: Wish) -> Result<Option<Given>, Error> {
        let (crawl, clock) = (self.crawl, self.clock());
        self.engine.store_in(Lane::Heavy, move |store| store.take_joined(crawl, worker, &wish, clock)).await
    }

    /// Makes a call again of which nothing was done, as others kept the store from it: many share one file, and all who store something one
    /// server.
    async fn insist<T, F: Future<Output = Result<T, Error>>>(&self, call: impl Fn() -> F) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            match call().await {
                Err(Error::Store(error)) if error.is_busy() && tries < MOST_TRIES => tries += 1,
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
            let (crawl, clock, at) = (self.crawl, self.clock(), origin.to_owned());
            let keep = move |store: &Store| {
                let known = known.as_ref().map(|(status, body)| (*status, &**body));
                store.keep_robots(crawl, &at, known, delay, clock)
            };
            if let Err(error) = self.engine.store_in(Lane::Heavy, keep).await {
                log::debug!("robots.txt of {origin} cannot be told to others: {}", error.chain());
            }
        })
    }
}
