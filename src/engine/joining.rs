//! One of many who do a crawl together: it fetches what the store gives it and settles there what came of it, page and address in one
//! transaction. The walk is the one of every crawl; what its own queue is otherwise is the store's.
//!
//! One call to the store at a time, on its lane: first what is to be settled, then what is wanted. While it is under way pages are fetched and
//! read, and the others are told that this one is there. Whatever leaves it open what the store has done ends this worker and begins another:
//! what it had in hand is others' then, and what it has found is told again.

mod board;
mod ended;
mod tray;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use url::Url;

use self::board::{Board, Came, Exchanged, Parcel};
use self::ended::end_of;
use self::tray::Tray;
use super::crawling::{Taken, TakenIn, Tally, Told};
use super::reading::Reading;
use super::{Chunking, Engine, Event, Fill, Resume};
use crate::crawl::{Alike, Crawl, CrawlReport, CrawlRequest, End, Failed, Skipped, Visit};
use crate::error::Error;
use crate::http::{Counters, masked};
use crate::model::{
    Joined, JoinedEnd, JoinedId, JoinedLimits, JoinedPlan, JoinedTotals, Remark, RemarkKind, SourceId, Spent, Verdict, Wish,
};
use crate::reactor::{Boxed, Lane};
use crate::store::Store;

/// A crawl that is to be done together.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Its limits are those of all together, if it opens the crawl; but `max_time` and `concurrency` are this worker's own.
    pub request: CrawlRequest,
    /// What its source is called. None: as the seeds have it.
    pub name: Option<SourceId>,
    /// [`Resume::Never`] ends the crawl that is open, and begins anew.
    pub resume: Resume,
    /// How long a worker may be silent before its addresses are given to others: a second at the least.
    pub lease: Duration,
}

impl JoinRequest {
    /// With a lease of 30 seconds.
    pub fn new(request: CrawlRequest) -> Self {
        Self { request, name: None, resume: Resume::IfInterrupted, lease: LEASE }
    }
}

impl Engine {
    /// Takes part in a crawl that many do together through the store: in the one of this source that is open, or else one that is opened now.
    ///
    /// # Errors
    /// [`Error::JoinedOtherwise`] where that one was opened with other settings, and what the store says.
    pub async fn join(&self, asked: JoinRequest, chunking: Chunking) -> Result<Joining, Error> {
        let JoinRequest { request, name, resume, lease } = asked;
        self.open_database().await?;
        let fill = self.plan(request.clone(), name, Resume::Never).await?;
        let sources = match fill.source() {
            Some(_) => fill.seeded(),
            None => request.sources(),
        };
        let sources: Vec<_> = sources.into_iter().map(|(source, seeds)| (source, fill.request().recipe(seeds))).collect();
        let limits = JoinedLimits {
            max_pages: request.max_pages,
            max_requests: request.requests_allowed(),
            max_bytes: request.bytes_allowed(),
            per_host: request.per_host.unwrap_or(request.concurrency).max(1) as u64,
            lease: lease.max(LEAST_LEASE),
        };
        let plan = JoinedPlan { sources, limits, seeds: request.beginning() };
        let clock = Board::new(self.clone(), JoinedId(0), lease).clock();
        let opened = self.store_in(Lane::Heavy, move |store| {
            if resume == Resume::Never {
                end_earlier(store, &plan)?;
            }
            let opened = store.open_joined(&plan, clock)?;
            Ok((opened, plan))
        });
        let (joined, plan) = opened.await?;
        let alike = |a: &JoinedPlan, b: &Joined| a.sources.iter().map(unlimited).eq(b.sources.iter().map(unlimited));
        if !alike(&plan, &joined) {
            let source_id = joined.sources.into_iter().next().map_or_else(|| SourceId::of(&request.seeds[0]), |(source, _)| source);
            return Err(Error::JoinedOtherwise { source_id });
        }
        Ok(self.take_part_as(joined, request, chunking))
    }

    /// Takes part in a crawl that is open, with so many requests in flight.
    ///
    /// # Errors
    /// Where it was opened by a version that knows other settings. Whether it goes on still [`Joining::next`] finds out.
    pub async fn take_part(&self, joined: Joined, concurrency: usize, chunking: Chunking) -> Result<Joining, Error> {
        let (_, recipe) = joined.sources.first().ok_or(crate::crawl::Error::NoSeed)?;
        let seeds = joined.sources.iter().flat_map(|(_, recipe)| recipe.seeds.iter().cloned()).collect();
        let request = CrawlRequest { seeds, concurrency, ..CrawlRequest::of(recipe)? };
        Ok(self.take_part_as(joined, request, chunking))
    }

    fn take_part_as(&self, joined: Joined, request: CrawlRequest, chunking: Chunking) -> Joining {
        let sources: Vec<_> = joined.sources.iter().map(|(source, recipe)| (source.clone(), recipe.seeds.clone())).collect();
        let per_host = usize::try_from(joined.limits.per_host).unwrap_or(usize::MAX);
        let request = CrawlRequest { per_host: Some(per_host.min(request.concurrency.max(1))), ..request };
        let fill = Fill::of(request.clone(), sources);
        let lease = joined.limits.lease.max(LEAST_LEASE);
        let board = Arc::new(Board::new(self.clone(), joined.id, lease));
        log::info!("taking part in the crawl of {fill}");
        let now = self.inner.handle.now();
        let mut crawl = self.inner.crawler.crawl_together(request, board.clone());
        if fill.sources().count() == 1 {
            crawl.fills_one();
        }
        Joining {
            crawl,
            engine: self.clone(),
            board,
            fill,
            totals: joined.totals,
            phase: Phase::Entering,
            tray: Tray::default(),
            taking_in: FuturesUnordered::new(),
            exchanging: FuturesUnordered::new(),
            events: VecDeque::new(),
            lesson: 0,
            last: now,
            ask_after: now,
            pause: FIRST_PAUSE,
            troubles: 0,
            refused: 0,
            chunking,
            reading: Reading::default(),
            tally: Tally::default(),
            alike: Arc::default(),
        }
    }

    /// The crawls that are done together and are open, the oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn joined_crawls(&self) -> Result<Vec<Joined>, Error> {
        if !self.has_database() {
            return Ok(Vec::new());
        }
        self.with_store(|store| store.joined_crawls()).await
    }

    /// How far one is; none where it is not known any more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error> {
        self.with_store(move |store| store.joined_totals(crawl)).await
    }

    /// What all of its workers have skipped, and what failed: at most 10,000 of each.
    ///
    /// # Errors
    /// What the store says.
    pub async fn joined_notes(&self, crawl: JoinedId) -> Result<Vec<Remark>, Error> {
        self.with_store(move |store| store.joined_notes(crawl)).await
    }
}

/// The one that is open of the same source, ended as if somebody had stopped it.
fn end_earlier(store: &Store, plan: &JoinedPlan) -> Result<(), crate::store::Error> {
    let first = plan.sources.first().map(|(source, _)| source);
    for earlier in store.joined_crawls()?.iter().filter(|of| of.sources.first().map(|(source, _)| source) == first) {
        store.end_joined(earlier.id, JoinedEnd::Stopped)?;
        store.close_joined(earlier.id)?;
    }
    Ok(())
}

fn unlimited((source, recipe): &(SourceId, crate::model::Recipe)) -> (SourceId, crate::model::Recipe) {
    let recipe = crate::model::Recipe { max_pages: 0, max_requests: None, max_bytes: None, scripted: Vec::new(), ..recipe.clone() };
    (source.clone(), recipe)
}

/// One worker of such a crawl, on its way.
#[derive(Debug)]
pub struct Joining {
    engine: Engine,
    crawl: Crawl,
    board: Arc<Board>,
    fill: Fill,
    /// As the store has told last.
    totals: JoinedTotals,
    phase: Phase,
    /// What it has in hand, and what is to be told.
    tray: Tray,
    taking_in: FuturesUnordered<TakenIn>,
    /// At most one.
    exchanging: FuturesUnordered<Boxed<'static, Answered>>,
    events: VecDeque<Told>,
    /// The last one that is known.
    lesson: i64,
    /// When the store was last asked, and when it may be asked again for what it did not have.
    last: Instant,
    ask_after: Instant,
    pause: Duration,
    /// Calls in a row that have failed.
    troubles: u32,
    /// Pages in a row that could not be stored.
    refused: u32,
    chunking: Chunking,
    reading: Reading,
    tally: Tally,
    /// Held while one text is compared.
    alike: Arc<Mutex<Alike>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It is not one of them yet, or not any more.
    Entering,
    Going,
    /// Nothing more is fetched: what came is stored.
    Leaving,
    Over,
}

/// What the store has made of a parcel.
type Answered = (Arc<Parcel>, Result<Exchanged, Error>);

enum Turn {
    Exchanged(Option<Answered>),
    Taken(Option<Result<Taken, Error>>),
    Visited(Option<Visit>),
    Hurried,
    Time,
}

impl Joining {
    /// The next thing that happened here; none when the crawl is over, or this worker's part in it. It has to be polled all the time: who is
    /// silent for the time of a lease loses what it has in hand. Nothing is lost if the future is dropped before it is ready.
    ///
    /// # Errors
    /// What the store says, where it does not pass or has not passed for a minute; the others go on. None of a page that alone cannot be stored:
    /// that is [`Event::Failed`].
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            self.tray.collect(self.crawl.take_tidings());
            self.wind_up();
            if let Some((page, event)) = self.events.pop_front() {
                self.happened(&page, &event);
                return Some(Ok(event));
            }
            if self.reading.is_given_up() {
                // Whoever stopped it waits; others fetch again what was not stored.
                self.taking_in.clear();
                self.tray.leave_unread();
            }
            match self.phase {
                Phase::Over => return None,
                Phase::Entering => {
                    if let Err(error) = self.enter().await
                        && let Some(error) = self.try_later(error)
                    {
                        return Some(Err(self.give_up(error).await));
                    }
                    continue;
                }
                Phase::Leaving if self.has_left() => {
                    self.phase = Phase::Over;
                    return self.close().await.err().map(Err);
                }
                Phase::Going | Phase::Leaving => {}
            }
            self.exchange();
            match self.turn().await {
                Turn::Time | Turn::Hurried | Turn::Exchanged(None) | Turn::Taken(None) => {}
                Turn::Exchanged(Some((parcel, exchanged))) => {
                    let troubled = match exchanged {
                        Ok(exchanged) => self.exchanged(&parcel, exchanged),
                        Err(error) => self.in_trouble(&parcel, error),
                    };
                    if let Some(error) = troubled {
                        return Some(Err(self.give_up(error).await));
                    }
                }
                Turn::Taken(Some(Ok(Taken::Cut(cut)))) => self.tray.cut(*cut),
                Turn::Taken(Some(Ok(Taken::Nothing(told)))) => self.events.push_back(*told),
                // It is not dealt with: others fetch it again.
                Turn::Taken(Some(Ok(Taken::Unread(url)))) => self.tray.leave(&url),
                Turn::Taken(Some(Err(error))) => {
                    self.stop();
                    return Some(Err(error));
                }
                Turn::Visited(Some(Visit::Page(page))) => self.read(page),
                Turn::Visited(Some(Visit::Skipped(skipped))) => {
                    self.tray.remark(RemarkKind::Skipped, &skipped.url, &skipped.why);
                    return Some(Ok(Event::Skipped(skipped)));
                }
                Turn::Visited(Some(Visit::Failed(failed))) => {
                    self.tray.remark(RemarkKind::Failed, &failed.url, &failed.error);
                    return Some(Ok(Event::Failed(failed)));
                }
                Turn::Visited(None) => self.phase = Phase::Leaving,
            }
        }
    }

    async fn turn(&mut self) -> Turn {
        let (exchanging, taking_in) = (!self.exchanging.is_empty(), !self.taking_in.is_empty());
        // Of a page that came it has to be known what it led to.
        let room = self.phase == Phase::Going && self.tray.has_room() && (self.tray.pages() < AT_ONCE || self.tray.waits());
        let due = self.due();
        let handle = self.engine.inner.handle.clone();
        let exchanged = async { if exchanging { Turn::Exchanged(self.exchanging.next().await) } else { future::pending().await } };
        let taken = async { if taking_in { Turn::Taken(self.taking_in.next().await) } else { future::pending().await } };
        let visited = async { if room { Turn::Visited(self.crawl.next().await) } else { future::pending().await } };
        let hurried = async {
            self.reading.hurry(&handle).await;
            Turn::Hurried
        };
        let time = async {
            // Whoever is asked just now answers first.
            if exchanging {
                return future::pending().await;
            }
            handle.sleep_until(due).await;
            Turn::Time
        };
        future::or(future::or(future::or(exchanged, taken), visited), future::or(hurried, time)).await
    }

    /// What was begun comes to its end, where all together have come to a limit.
    fn wind_up(&mut self) {
        let Some(end) = self.totals.ending.filter(|_| self.phase == Phase::Going) else { return };
        self.crawl.wind_up();
        if self.crawl.is_idle() && self.tray.pages() == 0 && self.exchanging.is_empty() {
            self.crawl.end_as(end_of(end));
            self.phase = Phase::Leaving;
        }
    }

    fn read(&mut self, page: crate::model::Page) {
        self.tray.came(&page.url);
        let source = self.fill.source_of(&page.url);
        let is_seed = page.depth == 0 && self.fill.request().seeds.contains(&page.url);
        let unversioned = source.clone().filter(|source| is_seed && source.version().is_none());
        let (chunking, budget) = (self.chunking.clone(), self.reading.budget.clone());
        let before = self.fill.before();
        self.taking_in.push(self.engine.clone().take_in(source, before, None, unversioned, page, chunking, budget, self.alike.clone()));
    }

    /// An event is told.
    fn happened(&mut self, page: &Url, event: &Event) {
        self.tray.forget(page);
        match event {
            Event::Stored { .. } => {}
            // That it is skipped here says nothing of it.
            Event::Skipped(skipped) if skipped.why == LATE => {}
            Event::Skipped(skipped) => self.tray.remark(RemarkKind::Skipped, &skipped.url, &skipped.why),
            Event::Failed(failed) => self.tray.remark(RemarkKind::Failed, &failed.url, &failed.error),
        }
        self.tally.count(event);
    }

    async fn enter(&mut self) -> Result<(), Error> {
        // After trouble, as soon as the store can be asked again.
        self.engine.inner.handle.sleep_until(self.ask_after).await;
        let known = self.engine.joined_totals(self.board.crawl()).await?;
        // Somebody has begun it anew, or it came to its end without this one.
        if known.as_ref().is_none_or(|totals| totals.ended.is_some()) {
            let end = known.and_then(|totals| totals.ended).unwrap_or(JoinedEnd::Stopped);
            self.totals.ended = Some(end);
            self.crawl.end_as(end_of(end));
            self.leave_without();
            return Ok(());
        }
        // What it had in hand, as another, waits again at once.
        self.board.leave(self.crawl.spent()).await?;
        self.board.enter(self.crawl.spent()).await?;
        self.phase = Phase::Going;
        // What it was allowed was another's.
        self.crawl.lose_all();
        let now = self.engine.inner.handle.now();
        (self.last, self.ask_after) = (now.checked_sub(self.board.beat()).unwrap_or(now), now);
        Ok(())
    }

    /// Leaves with nothing left to tell.
    fn leave_without(&mut self) {
        self.tray.drop_all();
        self.phase = Phase::Leaving;
    }

    /// When the store is asked next, where nothing happens before.
    fn due(&self) -> Instant {
        let beat = self.last + self.board.beat();
        if !self.is_hungry() {
            return beat;
        }
        let asked = if self.tray.has_news() { self.last } else { self.ask_after };
        beat.min(asked.max(self.last + LEAST_PAUSE))
    }

    /// It could do more if it were given something.
    fn is_hungry(&self) -> bool {
        self.phase == Phase::Going && (self.crawl.wants() > 0 || self.crawl.is_held_up())
    }

    /// Begins a call to the store, if there is none and it is time for one.
    fn exchange(&mut self) {
        if !self.exchanging.is_empty() {
            return;
        }
        let now = self.engine.inner.handle.now();
        let (pages, has_news) = (self.tray.ready(), self.tray.has_news());
        let is_leaving = self.phase == Phase::Leaving;
        let are_enough = self.tray.is_full() || pages >= STORED_TOGETHER || pages > 0 && (self.taking_in.is_empty() || is_leaving);
        let wanted = if is_leaving { 0 } else { self.crawl.wants() };
        let is_hungry = self.is_hungry() && (now >= self.ask_after || has_news) && now >= self.last + LEAST_PAUSE;
        let is_last = is_leaving && self.taking_in.is_empty() && (pages > 0 || has_news || self.tray.has_found());
        let is_beat = now >= self.last + self.board.beat();
        if !(are_enough || is_hungry || is_last || is_beat) {
            return;
        }
        self.last = now;
        // What it has in hand and may ask for, but not receive, needs no requests.
        let needs_nothing = self.crawl.needs_nothing() && (self.tray.holds_nothing() || self.crawl.is_held_up());
        let returned = if needs_nothing { self.crawl.give_back() } else { Spent::default() };
        let spent = self.board.own(self.crawl.spent());
        let wish = Wish { urls: wanted, lesson: self.lesson, spent, returned };
        let (board, parcel) = (self.board.clone(), Arc::new(self.tray.parcel(wish, spent)));
        self.exchanging.push(Box::pin(async move {
            let exchanged = board.exchange(parcel.clone()).await;
            (parcel, exchanged)
        }));
    }

    /// The store has answered. An error where it takes no pages any more.
    fn exchanged(&mut self, parcel: &Parcel, Exchanged { pages, is_settled, given }: Exchanged) -> Option<Error> {
        let mut troubled = None;
        for ((url, title), came) in parcel.told().zip(pages) {
            let skipped = |why: String| Event::Skipped(Skipped { url: masked(&url), why });
            let event = match came {
                Came::Judged(Verdict::Stored, Some(put)) => Event::Stored { url: url.clone(), title, put },
                Came::Judged(Verdict::Stored, None) | Came::Judged(Verdict::Late, _) => skipped(LATE.to_owned()),
                Came::Judged(Verdict::SameAs(first), _) => {
                    let first = Url::parse(&first).map_or_else(|_| first.to_string(), |first| masked(&first).into());
                    skipped(format!("the same content as {first}"))
                }
                Came::Refused(error) => {
                    self.refused += 1;
                    self.tray.came_to_nothing(parcel, &url);
                    let failed = Failed { url: masked(&url), error: error.chain(), hint: error.hint(), is_transient: false };
                    if self.refused >= MOST_REFUSED {
                        troubled = Some(error);
                    }
                    Event::Failed(failed)
                }
            };
            if matches!(event, Event::Stored { .. }) {
                (self.refused, troubled) = (0, None);
            }
            self.events.push_back((url, event));
        }
        let given = match given {
            Ok(Some(given)) => given,
            Ok(None) => {
                log::info!("this is no worker any more, as it was silent for longer than a lease, or the crawl has ended");
                match self.phase {
                    Phase::Leaving => self.leave_without(),
                    _ => self.lose(Some(parcel).filter(|_| !is_settled)),
                }
                return troubled;
            }
            Err(error) if self.phase == Phase::Going && troubled.is_none() => {
                self.lose(None);
                return self.try_later(error);
            }
            Err(error) => return troubled.or(Some(error)),
        };
        self.troubles = 0;
        self.lesson = given.lessons.last().map_or(self.lesson, |(number, _)| *number);
        let now = self.engine.inner.handle.now();
        self.pause = if given.urls.is_empty() { (self.pause * 2).min(LAST_PAUSE) } else { FIRST_PAUSE };
        self.ask_after = if given.urls.is_empty() { now + self.pause } else { now };
        self.tray.hold(given.urls.iter());
        self.crawl.feed(given.urls, given.allowed, &given.lessons);
        self.totals = given.totals;
        if let Some(end) = self.totals.ended {
            self.crawl.end_as(end_of(end));
            self.phase = Phase::Leaving;
        }
        troubled
    }

    /// What it had in hand is others', and it comes in again as another. So is what was in a parcel of which nobody knows whether it is settled.
    fn lose(&mut self, parcel: Option<&Parcel>) {
        match parcel {
            Some(parcel) => self.tray.lose_with(parcel),
            None => self.tray.lose(),
        }
        self.phase = Phase::Entering;
        self.ask_after = self.engine.inner.handle.now();
    }

    /// A call has failed: what may pass is tried again as another worker, as nobody knows what has come of it.
    fn in_trouble(&mut self, parcel: &Parcel, error: Error) -> Option<Error> {
        if self.phase != Phase::Going {
            return Some(error);
        }
        // What was in the parcel is others' to fetch again.
        parcel.told().for_each(|(url, _)| self.tray.forget(&url));
        self.lose(Some(parcel));
        self.try_later(error)
    }

    /// Lets some time pass before the store is asked again, longer each time; the error where that is in vain.
    fn try_later(&mut self, error: Error) -> Option<Error> {
        self.troubles += 1;
        if !error.is_transient() || self.troubles > MOST_TROUBLES {
            return Some(error);
        }
        let pause = (LAST_PAUSE * 2_u32.saturating_pow(self.troubles - 1)).min(LONGEST_PAUSE);
        log::warn!("the store cannot be asked, which is tried again in {pause:?}: {}", error.chain());
        self.ask_after = self.engine.inner.handle.now() + pause;
        None
    }

    /// Ends, and lets others have at once what it has in hand, where that can be told.
    async fn give_up(&mut self, error: Error) -> Error {
        self.crawl.stop();
        self.phase = Phase::Over;
        if let Err(other) = self.board.leave(self.crawl.spent()).await {
            log::debug!("what this worker has in hand waits for its lease to be over: {}", other.chain());
        }
        error
    }

    /// Nothing is under way any more, and all that came is settled.
    fn has_left(&self) -> bool {
        let is_read = self.reading.is_given_up() || self.taking_in.is_empty();
        is_read && self.exchanging.is_empty() && self.tray.is_told()
    }

    /// Leaves; whoever finds that the crawl has ended writes it down.
    async fn close(&mut self) -> Result<(), Error> {
        self.board.leave_at_last(self.crawl.spent()).await?;
        let id = self.board.crawl();
        let Some(totals) = self.engine.joined_totals(id).await? else { return Ok(()) };
        self.totals = totals;
        if let Some(end) = self.totals.ended {
            self.engine.close_joined(id, &self.fill, end, self.totals.queued, self.crawl.scripted()).await?;
        }
        Ok(())
    }

    /// What it fills.
    pub fn fill(&self) -> &Fill {
        &self.fill
    }

    pub fn id(&self) -> JoinedId {
        self.board.crawl()
    }

    /// How far all workers are together, as the store has told last.
    pub fn totals(&self) -> &JoinedTotals {
        &self.totals
    }

    /// Fetches nothing more. What has been fetched is still read and stored while [`Joining::next`] is polled, until it yields none; what is
    /// left is others', or waits for whoever takes part next.
    pub fn stop(&mut self) {
        self.crawl.stop();
        self.reading.end(self.engine.inner.handle.now());
        if self.phase == Phase::Going {
            self.phase = Phase::Leaving;
        } else if self.phase == Phase::Entering {
            self.phase = Phase::Over;
        }
    }

    /// Pages fetched here, and what the transport did for them.
    pub fn so_far(&self) -> (u64, Counters) {
        self.crawl.so_far()
    }

    /// What this worker has done.
    pub fn report(&self) -> CrawlReport {
        let mut report = self.crawl.report();
        self.alike.lock().unwrap_or_else(PoisonError::into_inner).tell(&mut report);
        let mut report = self.tally.completed(report);
        report.left = self.totals.queued + self.totals.leased;
        report.end = match self.totals.ended {
            Some(end) => end_of(end),
            // Its own part of it.
            None if report.end == End::MaxTime => End::MaxTime,
            None => End::Stopped,
        };
        report
    }
}

const LATE: &str = "another worker has it, as this one was silent for too long";
/// How long a worker may be silent.
const LEASE: Duration = Duration::from_secs(30);
/// A store may be kept from somebody for longer than less.
const LEAST_LEASE: Duration = Duration::from_secs(1);
/// Pages being read and stored at once, and those of one transaction.
const AT_ONCE: usize = 16;
const STORED_TOGETHER: usize = 8;
/// Between two calls that ask for addresses, where there were none; the least is for what others give back meanwhile.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(500);
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// Calls in a row that may fail, and the most that lies between two: in all a minute, and what the store itself waits.
const MOST_TROUBLES: u32 = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Pages in a row that may be refused before it is the store that is to blame.
const MOST_REFUSED: u32 = 4;
