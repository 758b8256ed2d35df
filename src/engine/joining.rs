//! One of many who do a crawl together: it fetches what the store gives it and settles there what came of it, page and address in one
//! transaction. The walk is the one of every crawl; what its own queue is otherwise is the store's.
//!
//! One call to the store at a time, on its lane: first what is to be settled, then what is wanted. While it is under way pages are fetched and
//! read. Whatever leaves it open what the store has done ends this worker and begins another: what it had in hand is others' then.

mod board;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use url::Url;

use self::board::{Board, Exchanged, Parcel};
use super::crawling::{Cut, Taken, TakenIn, Tally, Told};
use super::reading::Reading;
use super::{Chunking, Engine, Event, Fill, Resume};
use crate::crawl::{Alike, Crawl, CrawlReport, CrawlRequest, End, Skipped, Visit};
use crate::error::Error;
use crate::http::{Counters, masked};
use crate::model::{
    Dealt, Joined, JoinedEnd, JoinedId, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Remark, RemarkKind, Settled, SourceId, Spent,
    Verdict, Wish,
};
use crate::reactor::{Boxed, Lane};
use crate::store::{Start, Store};

/// A crawl that is to be done together.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Its limits are those of all together, if it opens the crawl; but `max_time` and `concurrency` are this worker's own.
    pub request: CrawlRequest,
    /// What its source is called. None: as the seeds have it.
    pub name: Option<SourceId>,
    /// [`Resume::Never`] ends the crawl that is open, and begins anew.
    pub resume: Resume,
    /// How long a worker may be silent before its addresses are given to others.
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
            lease,
        };
        let plan = JoinedPlan { sources, limits, seeds: request.beginning() };
        let board = Board::new(self.clone(), JoinedId(0));
        let clock = board.clock();
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
        self.take_part_as(joined, request, chunking).await
    }

    /// Takes part in a crawl that is open, with so many requests in flight.
    pub async fn take_part(&self, joined: Joined, concurrency: usize, chunking: Chunking) -> Result<Joining, Error> {
        let (_, recipe) = joined.sources.first().ok_or(crate::crawl::Error::NoSeed)?;
        let seeds = joined.sources.iter().flat_map(|(_, recipe)| recipe.seeds.iter().cloned()).collect();
        let request = CrawlRequest { seeds, concurrency, ..CrawlRequest::of(recipe)? };
        self.take_part_as(joined, request, chunking).await
    }

    async fn take_part_as(&self, joined: Joined, request: CrawlRequest, chunking: Chunking) -> Result<Joining, Error> {
        let sources: Vec<_> = joined.sources.iter().map(|(source, recipe)| (source.clone(), recipe.seeds.clone())).collect();
        let per_host = usize::try_from(joined.limits.per_host).unwrap_or(usize::MAX);
        let request = CrawlRequest { per_host: Some(per_host.min(request.concurrency.max(1))), ..request };
        let fill = Fill::of(request.clone(), sources);
        let board = Arc::new(Board::new(self.clone(), joined.id));
        let begun = joined.sources.clone();
        self.store_in(Lane::Heavy, move |store| {
            let now = store.clock()?;
            begun.iter().try_for_each(|(source, recipe)| store.begin(source, recipe, Start::Afresh, now))
        })
        .await?;
        log::info!("taking part in the crawl of {fill}");
        let now = self.inner.handle.now();
        let mut crawl = self.inner.crawler.crawl_together(request, board.clone());
        if fill.sources().count() == 1 {
            crawl.fills_one();
        }
        Ok(Joining {
            crawl,
            engine: self.clone(),
            board,
            fill,
            lease: joined.limits.lease,
            totals: joined.totals,
            phase: Phase::Entering,
            settled: Settled::default(),
            contents: HashMap::new(),
            held: HashSet::new(),
            handed_out: HashSet::new(),
            under_way: Vec::new(),
            cut: Vec::new(),
            of_pages: HashMap::new(),
            remarks: Vec::new(),
            taking_in: FuturesUnordered::new(),
            exchanging: FuturesUnordered::new(),
            events: VecDeque::new(),
            lesson: 0,
            last: now,
            ask_after: now,
            pause: FIRST_PAUSE,
            troubles: 0,
            chunking,
            reading: Reading::default(),
            tally: Tally::default(),
            alike: Arc::default(),
        })
    }

    /// The crawls that are done together and are open, the oldest first.
    pub async fn joined_crawls(&self) -> Result<Vec<Joined>, Error> {
        if !self.has_database() {
            return Ok(Vec::new());
        }
        self.with_store(|store| store.joined_crawls()).await
    }

    /// How far one is; none where it is not known any more.
    pub async fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error> {
        self.with_store(move |store| store.joined_totals(crawl)).await
    }

    /// What all of its workers have skipped, and what failed: at most 10,000 of each.
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
    lease: Duration,
    /// As the store has told last.
    totals: JoinedTotals,
    phase: Phase,
    /// What is to be told with the next call.
    settled: Settled,
    /// By what pages that are under way are known.
    contents: HashMap<Box<str>, Vec<u64>>,
    /// Addresses that were given to it and are not dealt with.
    held: HashSet<Box<str>>,
    /// Pages that came, and are not dealt with.
    handed_out: HashSet<Box<str>>,
    /// Of these, those that are being read or are to be stored. Its length is bounded.
    under_way: Vec<Url>,
    cut: Vec<Cut>,
    /// How those that are under way were dealt with.
    of_pages: HashMap<Box<str>, Dealt>,
    /// What was skipped and what failed, until what it is about is settled.
    remarks: Vec<Remark>,
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
    /// silent for the time of a lease loses what it has in hand.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        loop {
            self.collect();
            self.wind_up();
            if let Some((page, event)) = self.events.pop_front() {
                self.happened(&page, &event);
                return Some(Ok(event));
            }
            if self.reading.is_given_up() {
                // Whoever stopped it waits; others fetch again what was not stored.
                self.taking_in.clear();
                self.under_way.retain(|url| self.cut.iter().any(|cut| cut.url() == url));
            }
            match self.phase {
                Phase::Over => return None,
                Phase::Entering => {
                    if let Err(error) = self.enter().await {
                        self.phase = Phase::Over;
                        return Some(Err(error));
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
                Turn::Exchanged(Some((parcel, Ok(exchanged)))) => self.exchanged(&parcel, exchanged).await,
                Turn::Exchanged(Some((parcel, Err(error)))) => {
                    if let Some(error) = self.in_trouble(&parcel, error).await {
                        return Some(Err(error));
                    }
                }
                Turn::Taken(Some(Ok(Taken::Cut(cut)))) => self.cut.push(*cut),
                Turn::Taken(Some(Ok(Taken::Nothing(told)))) => self.events.push_back(*told),
                // It is not dealt with: others fetch it again.
                Turn::Taken(Some(Ok(Taken::Unread(url)))) => {
                    self.of_pages.remove(url.as_str());
                    self.forget(&url);
                }
                Turn::Taken(Some(Err(error))) => {
                    self.stop();
                    return Some(Err(error));
                }
                Turn::Visited(Some(Visit::Page(page))) => self.read(page),
                Turn::Visited(Some(Visit::Skipped(skipped))) => {
                    self.remark(RemarkKind::Skipped, &skipped.url, &skipped.why);
                    return Some(Ok(Event::Skipped(skipped)));
                }
                Turn::Visited(Some(Visit::Failed(failed))) => {
                    self.remark(RemarkKind::Failed, &failed.url, &failed.error);
                    return Some(Ok(Event::Failed(failed)));
                }
                Turn::Visited(None) => self.phase = Phase::Leaving,
            }
        }
    }

    async fn turn(&mut self) -> Turn {
        let (exchanging, taking_in) = (!self.exchanging.is_empty(), !self.taking_in.is_empty());
        // Of a page that came it has to be known what it led to.
        let waits = self.cut.iter().any(|cut| !self.of_pages.contains_key(cut.url().as_str()));
        let room = self.phase == Phase::Going && (self.under_way.len() < AT_ONCE || waits);
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

    /// What the walk has to tell.
    fn collect(&mut self) {
        let tidings = self.crawl.take_tidings();
        self.settled.found.extend(tidings.found);
        self.settled.left_out.extend(tidings.left_out);
        self.settled.lessons.extend(tidings.lessons);
        self.settled.given_up.extend(tidings.given_up);
        for (url, content) in tidings.contents {
            self.contents.entry(url).or_default().push(content);
        }
        for mut dealt in tidings.dealt {
            dealt.is_page = self.handed_out.remove(&dealt.url);
            if self.under_way.iter().any(|url| *url.as_str() == *dealt.url) {
                // Its place at its origin is free.
                self.settled.fetched.extend(dealt.hops.iter().chain([&dealt.url]).cloned());
                self.of_pages.insert(dealt.url.clone(), dealt);
            } else {
                self.contents.remove(&dealt.url);
                self.settled.dealt.push(dealt);
            }
        }
    }

    /// What was begun comes to its end, where all together have come to a limit.
    fn wind_up(&mut self) {
        let Some(end) = self.totals.ending.filter(|_| self.phase == Phase::Going) else { return };
        self.crawl.wind_up();
        if self.crawl.is_idle() && self.under_way.is_empty() && self.exchanging.is_empty() {
            self.crawl.end_as(end_of(end));
            self.phase = Phase::Leaving;
        }
    }

    fn read(&mut self, page: crate::model::Page) {
        self.under_way.push(page.url.clone());
        self.handed_out.insert(page.url.as_str().into());
        let source = self.fill.source_of(&page.url);
        let is_seed = page.depth == 0 && self.fill.request().seeds.contains(&page.url);
        let unversioned = source.clone().filter(|source| is_seed && source.version().is_none());
        let (chunking, budget) = (self.chunking.clone(), self.reading.budget.clone());
        let before = self.fill.before();
        self.taking_in.push(self.engine.clone().take_in(source, before, None, unversioned, page, chunking, budget, self.alike.clone()));
    }

    /// An event is told.
    fn happened(&mut self, page: &Url, event: &Event) {
        self.forget(page);
        match event {
            Event::Stored { .. } => {}
            // That it is skipped here says nothing of it.
            Event::Skipped(skipped) if skipped.why == LATE => {}
            Event::Skipped(skipped) => self.remark(RemarkKind::Skipped, &skipped.url, &skipped.why),
            Event::Failed(failed) => self.remark(RemarkKind::Failed, &failed.url, &failed.error),
        }
        self.tally.count(event);
    }

    /// It is under way no more: what it was dealt with as is told, if it was not told with the page.
    fn forget(&mut self, page: &Url) {
        self.under_way.retain(|url| url != page);
        self.contents.remove(page.as_str());
        if let Some(dealt) = self.of_pages.remove(page.as_str()) {
            self.settled.dealt.push(dealt);
        }
    }

    fn remark(&mut self, kind: RemarkKind, url: &Url, why: &str) {
        self.remarks.push(Remark { kind, url: url.to_string(), why: why.to_owned() });
    }

    async fn enter(&mut self) -> Result<(), Error> {
        let known = self.engine.joined_totals(self.board.crawl()).await?;
        // Somebody has begun it anew, or it came to its end without this one.
        if known.as_ref().is_none_or(|totals| totals.ended.is_some()) {
            let end = known.and_then(|totals| totals.ended).unwrap_or(JoinedEnd::Stopped);
            self.totals.ended = Some(end);
            self.crawl.end_as(end_of(end));
            self.phase = Phase::Leaving;
            return Ok(());
        }
        self.board.enter(self.crawl.spent()).await?;
        self.phase = Phase::Going;
        self.held.clear();
        // What it was allowed was another's.
        self.crawl.lose_all();
        let now = self.engine.inner.handle.now();
        (self.last, self.ask_after) = (now.checked_sub(self.lease).unwrap_or(now), now);
        Ok(())
    }

    /// When the store is asked next, where nothing happens before.
    fn due(&self) -> Instant {
        let beat = self.last + self.lease / 3;
        if !self.is_hungry() {
            return beat;
        }
        let asked = if self.has_news() { self.last } else { self.ask_after };
        beat.min(asked.max(self.last + LEAST_PAUSE))
    }

    /// It could do more if it were given something.
    fn is_hungry(&self) -> bool {
        self.phase == Phase::Going && (self.crawl.wants() > 0 || self.crawl.is_held_up())
    }

    /// What frees places.
    fn has_news(&self) -> bool {
        !(self.settled.fetched.is_empty() && self.settled.dealt.is_empty())
    }

    /// Begins a call to the store, if there is none and it is time for one.
    fn exchange(&mut self) {
        if !self.exchanging.is_empty() {
            return;
        }
        let now = self.engine.inner.handle.now();
        let ready = |cut: &Cut| self.of_pages.contains_key(cut.url().as_str());
        let pages = self.cut.iter().filter(|cut| ready(cut)).count();
        let is_leaving = self.phase == Phase::Leaving;
        let are_enough = pages >= STORED_TOGETHER || pages > 0 && (self.taking_in.is_empty() || is_leaving);
        let wanted = if is_leaving { 0 } else { self.crawl.wants() };
        let has_news = self.has_news();
        let is_hungry = self.is_hungry() && (now >= self.ask_after || has_news) && now >= self.last + LEAST_PAUSE;
        let is_last = is_leaving && self.taking_in.is_empty() && (pages > 0 || has_news || !self.settled.found.is_empty());
        let is_beat = now >= self.last + self.lease / 3;
        if !(are_enough || is_hungry || is_last || is_beat) {
            return;
        }
        self.last = now;
        let returned = if self.crawl.is_idle() && self.held.is_empty() { self.crawl.give_back() } else { Spent::default() };
        let spent = self.board.own(self.crawl.spent());
        let wish = Wish { urls: wanted, lesson: self.lesson, spent, returned };
        let mut settled = Settled { spent, ..std::mem::take(&mut self.settled) };
        let (ready, waiting): (Vec<Cut>, Vec<Cut>) =
            std::mem::take(&mut self.cut).into_iter().partition(|cut| self.of_pages.contains_key(cut.url().as_str()));
        self.cut = waiting;
        let mut of = Vec::with_capacity(ready.len());
        for cut in &ready {
            let url: Box<str> = cut.url().as_str().into();
            settled.dealt.extend(self.of_pages.remove(&url));
            of.push(PageOf { contents: self.contents.remove(&url).unwrap_or_default(), url });
        }
        settled.dealt.iter().flat_map(|dealt| dealt.hops.iter().chain([&dealt.url])).for_each(|url| _ = self.held.remove(url));
        settled.notes = self.due_remarks();
        let parcel = Arc::new(Parcel::new(settled, of, ready, wish));
        let board = self.board.clone();
        self.exchanging.push(Box::pin(async move {
            let exchanged = board.exchange(parcel.clone()).await;
            (parcel, exchanged)
        }));
    }

    /// Those that are about nothing that is in hand still: so that they are told once, whoever ends when.
    fn due_remarks(&mut self) -> Vec<Remark> {
        let open: HashSet<String> = if self.remarks.is_empty() {
            HashSet::new()
        } else {
            self.held.iter().chain(self.of_pages.keys()).filter_map(|url| Some(masked(&Url::parse(url).ok()?).into())).collect()
        };
        let (kept, due) = std::mem::take(&mut self.remarks).into_iter().partition(|remark: &Remark| open.contains(&remark.url));
        self.remarks = kept;
        due
    }

    async fn exchanged(&mut self, parcel: &Parcel, Exchanged { verdicts, given, is_gone }: Exchanged) {
        self.troubles = 0;
        for (told, (verdict, put)) in parcel.told().zip(verdicts) {
            let (url, title) = told;
            let skipped = |why: String| Event::Skipped(Skipped { url: masked(&url), why });
            match (verdict, put) {
                (Verdict::Stored, Some(put)) => self.events.push_back((url.clone(), Event::Stored { url, title, put })),
                (Verdict::Stored, None) => self.events.push_back((url.clone(), skipped(LATE.to_owned()))),
                (Verdict::SameAs(first), _) => {
                    let first = Url::parse(&first).map_or_else(|_| first.to_string(), |first| masked(&first).into());
                    self.events.push_back((url.clone(), skipped(format!("the same content as {first}"))));
                }
                (Verdict::Late, _) => self.events.push_back((url.clone(), skipped(LATE.to_owned()))),
            }
        }
        if is_gone {
            log::info!("this is no worker any more, as it was silent for longer than a lease, or the crawl has ended");
            self.phase = if self.phase == Phase::Leaving { Phase::Leaving } else { Phase::Entering };
            return;
        }
        let Some(given) = given else { return };
        self.lesson = given.lessons.last().map_or(self.lesson, |(number, _)| *number);
        let now = self.engine.inner.handle.now();
        self.pause = if given.urls.is_empty() { (self.pause * 2).min(LAST_PAUSE) } else { FIRST_PAUSE };
        self.ask_after = if given.urls.is_empty() { now + self.pause } else { now };
        self.held.extend(given.urls.iter().map(|waiting| waiting.url.clone()));
        self.crawl.feed(given.urls, given.allowed, &given.lessons);
        self.totals = given.totals;
        if let Some(end) = self.totals.ended {
            self.crawl.end_as(end_of(end));
            self.phase = Phase::Leaving;
        }
    }

    /// A call has failed: what may pass is tried again as another worker, as nobody knows what has come of it.
    async fn in_trouble(&mut self, parcel: &Parcel, error: Error) -> Option<Error> {
        self.troubles += 1;
        if !error.is_transient() || self.troubles > MOST_TROUBLES || self.phase != Phase::Going {
            self.crawl.stop();
            self.phase = Phase::Over;
            return Some(error);
        }
        log::warn!("the store cannot be asked, which is tried again: {}", error.chain());
        self.engine.inner.handle.sleep(LAST_PAUSE * self.troubles).await;
        // What was in the parcel is others' to fetch again.
        parcel.told().for_each(|(url, _)| self.forget(&url));
        let _ = self.board.leave(self.crawl.spent()).await;
        self.phase = Phase::Entering;
        None
    }

    /// Nothing is under way any more, and all that came is settled.
    fn has_left(&self) -> bool {
        let is_read = self.reading.is_given_up() || self.taking_in.is_empty();
        is_read
            && self.exchanging.is_empty()
            && self.settled.dealt.is_empty()
            && !self.cut.iter().any(|cut| self.of_pages.contains_key(cut.url().as_str()))
    }

    /// Leaves; whoever finds that the crawl has ended writes it down.
    async fn close(&mut self) -> Result<(), Error> {
        self.board.leave(self.crawl.spent()).await?;
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

impl Engine {
    /// Notes how a crawl ended that was done together, and forgets its addresses. More than one may do it.
    async fn close_joined(&self, id: JoinedId, fill: &Fill, end: JoinedEnd, left: u64, scripted: Vec<String>) -> Result<(), Error> {
        if !self.joined_crawls().await?.iter().any(|joined| joined.id == id) {
            return Ok(());
        }
        let notes = self.joined_notes(id).await?;
        self.note_joined_misses(fill, &notes).await?;
        if scripted != fill.request().scripted {
            self.learned(fill, scripted).await?;
        }
        self.ended(fill.clone(), end_of(end), left).await?;
        let is_first = self.store_in(Lane::Heavy, move |store| store.close_joined(id)).await?;
        #[cfg(all(feature = "code", feature = "files"))]
        if is_first && matches!(end, JoinedEnd::Complete | JoinedEnd::MaxPages) {
            for source in fill.sources().cloned().collect::<Vec<_>>() {
                self.read_site(source, fill.request().robots).await;
            }
        }
        #[cfg(not(all(feature = "code", feature = "files")))]
        let _ = is_first;
        Ok(())
    }
}

fn end_of(end: JoinedEnd) -> End {
    match end {
        JoinedEnd::Complete => End::Complete,
        JoinedEnd::MaxPages => End::MaxPages,
        JoinedEnd::MaxRequests => End::MaxRequests,
        JoinedEnd::MaxBytes => End::MaxBytes,
        JoinedEnd::Stopped => End::Stopped,
    }
}

const LATE: &str = "another worker has it, as this one was silent for too long";
/// How long a worker may be silent.
const LEASE: Duration = Duration::from_secs(30);
/// Pages being read and stored at once, and those of one transaction.
const AT_ONCE: usize = 16;
const STORED_TOGETHER: usize = 8;
/// Between two calls that ask for addresses, where there were none; the least is for what others give back meanwhile.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(500);
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// Calls in a row that may fail.
const MOST_TROUBLES: u32 = 10;
