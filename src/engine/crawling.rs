//! A crawl on its way into the store: pages are read, cut and stored while others are fetched, and how far it is, is written down.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use url::Url;

use super::reading::Reading;
use super::sources::{Before, Known, Noted};
use super::{Chunking, Engine, Fill, Resume, read_and_cut};
use crate::crawl::{Alike, Crawl, CrawlReport, CrawlRequest, End, Failed, LinkGraph, MAX_LISTED, Skipped, Visit, normalise};
use crate::error::{Error, told};
use crate::extract;
use crate::http::{Counters, masked};
use crate::model::{Budget, Document, Filled, OverBudget, Page, SourceId, Trail};
use crate::reactor::{Boxed, Lane};
use crate::store::{CutPage, Put};

impl Engine {
    /// Starts a crawl that fills the sources it is called after, and goes on with it if one with the same settings was interrupted. It goes on
    /// while [`Crawling::next`] is polled.
    pub fn crawl(&self, request: CrawlRequest, chunking: Chunking) -> Crawling {
        self.crawling(request, None, chunking)
    }

    /// The same for what was [planned](Engine::plan).
    pub fn fill(&self, fill: Fill, chunking: Chunking) -> Crawling {
        self.crawling(fill.request().clone(), Some(fill), chunking)
    }

    /// A crawl that tells which page links to which and stores nothing: no database is made. One that is there is used to take
    /// turns with other processes.
    pub fn link_graph(&self, request: CrawlRequest) -> LinkGraph {
        self.inner.crawler.link_graph(request)
    }

    fn crawling(&self, request: CrawlRequest, fill: Option<Fill>, chunking: Chunking) -> Crawling {
        Crawling {
            engine: self.clone(),
            crawl: self.inner.crawler.crawl(request),
            fill,
            is_again: false,
            misses: HashMap::new(),
            kept: HashSet::new(),
            is_begun: false,
            is_noted: false,
            is_trail_lost: false,
            is_removed: false,
            trail: Trail::default(),
            recording: FuturesUnordered::new(),
            taking_in: FuturesUnordered::new(),
            cut: Vec::new(),
            storing: FuturesUnordered::new(),
            events: VecDeque::new(),
            under_way: Vec::new(),
            given_up: Vec::new(),
            chunking,
            fetching: Fetching::Ahead,
            reading: Reading::default(),
            tally: Tally::default(),
            alike: Arc::default(),
        }
    }
}

/// A crawl on its way into the store.
#[derive(Debug)]
pub struct Crawling {
    engine: Engine,
    crawl: Crawl,
    /// What it fills; none until the database is open.
    fill: Option<Fill>,
    /// Whether it looks for what is new in a source: a copy of what is there is not.
    is_again: bool,
    /// Of these, addresses that came to nothing before, each with since when.
    misses: HashMap<Box<str>, SystemTime>,
    /// Of the pages of that source, those whose stored copy is kept whatever they say now.
    kept: HashSet<Box<str>>,
    /// Whether it is written down that it has begun.
    is_begun: bool,
    /// And it was written.
    is_noted: bool,
    /// A part of the trail could not be written.
    is_trail_lost: bool,
    /// What it fills was removed by another meanwhile: not all that it has stored is there.
    is_removed: bool,
    /// What was found and dealt with and is not written down yet.
    trail: Trail,
    /// The part of it that is being written, at most one, so that what a page led to is known before the page counts as done.
    recording: FuturesUnordered<Boxed<'static, Result<(), Error>>>,
    /// Pages being read and cut.
    taking_in: FuturesUnordered<TakenIn>,
    /// Those that are to be stored next, together.
    cut: Vec<Cut>,
    /// Those that are being stored.
    storing: FuturesUnordered<Boxed<'static, Stored>>,
    /// What is told next, and of which page.
    events: VecDeque<Told>,
    /// The addresses of all these pages. Its length is bounded: a slow disk slows the crawl down, not the memory up.
    under_way: Vec<Url>,
    /// Those of pages that came and were not read before the patience with them ended: a crawl that goes on asks for them again.
    given_up: Vec<Url>,
    chunking: Chunking,
    fetching: Fetching,
    reading: Reading,
    tally: Tally,
    /// Held while one text is compared.
    alike: Arc<Mutex<Alike>>,
}

/// Whether pages still come.
#[derive(Debug, PartialEq, Eq)]
enum Fetching {
    /// Not before the database is open.
    Ahead,
    Going,
    Over,
    /// And how it ended is written down.
    Closed,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    stored: u64,
    /// Pages without anything to store; the first [`MAX_LISTED`] only.
    skipped: Vec<Skipped>,
    skipped_total: u64,
    /// Of these, whose text scripts would write; the first [`MAX_LISTED`] only.
    needs_browser: Vec<Url>,
    needs_browser_total: u64,
    /// Likewise, of which what is stored was kept.
    kept: Vec<Url>,
    kept_total: u64,
    /// Pages that were fetched and cost too much to read; the first [`MAX_LISTED`] only.
    failed: Vec<Failed>,
    failed_total: u64,
}

/// What became of one URL.
#[derive(Clone, Debug)]
pub enum Event {
    Stored { url: Url, title: String, put: Put },
    Skipped(Skipped),
    Failed(Failed),
}

/// What became of the page at an address.
pub(super) type Told = (Url, Event);

/// What became of pages that were stored together, and what the first of them that could not be has met.
pub(super) type Stored = (Vec<Told>, Option<Error>);

/// A page that is being read.
pub(super) type TakenIn = Boxed<'static, Result<Taken, Error>>;

/// A page that was read.
#[derive(Debug)]
pub(super) enum Taken {
    Cut(Box<Cut>),
    /// There is nothing to store of the page at this address.
    Nothing(Box<Told>),
    /// The page at this address was not read to its end, as the crawl was stopped.
    Unread(Url),
}

#[derive(Debug)]
pub(super) struct Cut {
    page: CutPage,
    /// The version that it says its source is of, where that is not known.
    says: Option<(SourceId, String)>,
}

impl Cut {
    /// A page of which nothing is concluded for its source.
    #[cfg(feature = "files")]
    pub fn new(page: CutPage) -> Self {
        Self { page, says: None }
    }

    pub fn url(&self) -> &Url {
        &self.page.document.url
    }

    /// The page, and the version that it says its source is of.
    pub fn into_parts(self) -> (CutPage, Option<(SourceId, String)>) {
        (self.page, self.says)
    }
}

impl Crawling {
    /// The next thing that happened; none when the crawl is over. An error (a full disk, say) ends the fetching as
    /// [`Crawling::stop`] does. Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        if self.fetching == Fetching::Ahead {
            let begun = self.begin().await;
            self.fetching = Fetching::Going;
            if let Err(error) = begun {
                self.stop();
                self.fetching = Fetching::Closed;
                return Some(Err(error));
            }
        }
        loop {
            if let Some((page, event)) = self.events.pop_front() {
                self.under_way.retain(|url| *url != page);
                self.tally.count(&event);
                return Some(Ok(event));
            }
            self.write_down();
            if self.reading.is_given_up() {
                // Whoever stopped the crawl waits. The threads end what they do, and what is about to be stored is.
                self.taking_in.clear();
                self.cut.clear();
                self.storing.clear();
                if let Some(url) = self.under_way.pop() {
                    let event = self.give_up(url);
                    self.tally.count(&event);
                    return Some(Ok(event));
                }
            }
            self.store_what_is_cut();
            // Stored pages first, so that the crawl goes on only as fast as the store takes them.
            let (storing, taking_in) = (!self.storing.is_empty(), !self.taking_in.is_empty());
            let room = self.fetching == Fetching::Going && self.under_way.len() < STORING_AT_ONCE;
            if !storing && !taking_in && !room && self.recording.is_empty() {
                return match std::mem::replace(&mut self.fetching, Fetching::Closed) {
                    Fetching::Closed => None,
                    _ => self.close().await.err().map(Err),
                };
            }
            let stored = async { if storing { Turn::Stored(self.storing.next().await) } else { future::pending().await } };
            let taken = async { if taking_in { Turn::Taken(self.taking_in.next().await) } else { future::pending().await } };
            let visited = async { if room { Turn::Visited(self.crawl.next().await) } else { future::pending().await } };
            let hurried = async {
                self.reading.hurry(&self.engine.inner.handle).await;
                Turn::Hurried
            };
            let recorded = async {
                match self.recording.next().await {
                    Some(recorded) => Turn::Recorded(recorded),
                    None => future::pending().await,
                }
            };
            let stored = future::or(stored, taken);
            match future::or(future::or(future::or(stored, visited), recorded), hurried).await {
                Turn::Hurried => {}
                Turn::Recorded(Ok(())) => self.is_noted = true,
                Turn::Stored(None) | Turn::Taken(None) => {}
                Turn::Stored(Some((events, failed))) => {
                    self.events.extend(events);
                    if let Some(error) = failed {
                        self.stop();
                        return Some(Err(error));
                    }
                }
                Turn::Taken(Some(Ok(Taken::Cut(cut)))) => self.cut.push(*cut),
                Turn::Taken(Some(Ok(Taken::Unread(url)))) => {
                    let event = self.give_up(url.clone());
                    self.events.push_back((url, event));
                }
                Turn::Taken(Some(Ok(Taken::Nothing(told)))) => self.events.push_back(*told),
                Turn::Recorded(Err(error)) => {
                    self.is_trail_lost = true;
                    self.is_removed |= matches!(error, Error::Removed { .. });
                    self.stop();
                    return Some(Err(error));
                }
                Turn::Taken(Some(Err(error))) => {
                    self.stop();
                    return Some(Err(error));
                }
                Turn::Visited(Some(Visit::Page(page))) if self.kept.contains(page.url.as_str()) => {}
                Turn::Visited(Some(Visit::Page(page))) => {
                    self.under_way.push(page.url.clone());
                    let source = self.fill.as_ref().and_then(|fill| fill.source_of(&page.url));
                    // Not each page that a sitemap among the seeds lists.
                    let is_seed = page.depth == 0 && self.crawl.so_far().0 <= self.crawl.request().seeds.len() as u64;
                    let unversioned = source.clone().filter(|source| is_seed && source.version().is_none());
                    let copies_of = source.clone().filter(|_| self.is_again);
                    let before = self.fill.as_ref().map_or(Before::Perhaps, Fill::before);
                    self.taking_in.push(self.engine.clone().take_in(
                        source,
                        before,
                        copies_of,
                        unversioned,
                        page,
                        self.chunking.clone(),
                        self.reading.budget.clone(),
                        self.alike.clone(),
                    ));
                }
                Turn::Visited(Some(Visit::Skipped(skipped))) => return Some(Ok(Event::Skipped(skipped))),
                // The crawl counts its own.
                Turn::Visited(Some(Visit::Failed(failed))) => return Some(Ok(Event::Failed(failed))),
                Turn::Visited(None) => self.fetching = Fetching::Over,
            }
        }
    }

    /// A page that is not read any more, as the crawl was stopped, has failed and is not dealt with.
    fn give_up(&mut self, url: Url) -> Event {
        self.given_up.push(url.clone());
        Event::Failed(unread(url, &OverBudget::Stopped.into()))
    }

    /// Begins to store what has been read, some pages together; at once where nothing more is read that is worth waiting for. Pages of a source
    /// that is there are compared with those before them, and stored one by one.
    fn store_what_is_cut(&mut self) {
        let waits = self.fetching == Fetching::Going && !self.reading.is_ending() && !self.taking_in.is_empty() && !self.is_again;
        let is_time = !waits || self.cut.len() >= STORED_TOGETHER;
        if is_time && !self.cut.is_empty() {
            self.storing.push(self.engine.clone().store_together(std::mem::take(&mut self.cut)));
        }
    }

    /// Opens the database and finds out what is filled, and where an earlier crawl of it was.
    async fn begin(&mut self) -> Result<(), Error> {
        self.engine.open_database().await?;
        let mut fill = match self.fill.clone() {
            Some(fill) => fill,
            None => self.engine.plan(self.crawl.request().clone(), None, Resume::IfInterrupted).await?,
        };
        let mut trail = self.engine.trail(&fill).await?;
        let known = fill.known();
        self.is_again = known.is_some();
        match fill.source().cloned() {
            Some(source) if self.is_again => {
                self.misses = self.engine.with_store(move |store| store.misses(&source)).await?.into_iter().collect();
            }
            _ => log::info!("crawling into {fill}"),
        }
        if fill.goes_on() || known.is_some() {
            let Known { pages, links, kept } = known.unwrap_or_default();
            self.kept.extend(kept);
            if let Some(source) = fill.source().cloned() {
                let translated = self.engine.with_store(move |store| store.translations(&source)).await?;
                translated.iter().for_each(|(page, said)| self.crawl.spoke(page, said));
            }
            let had: HashSet<&str> = pages.iter().chain(trail.contents.iter().map(|(url, _)| url)).map(|url| &**url).collect();
            let seeds: HashSet<String> = fill.request().seeds.iter().map(|seed| normalise(seed.clone()).to_string()).collect();
            let again = seeds.iter().filter(|seed| had.contains(seed.as_str())).count() as u64;
            drop(had);
            pages.iter().for_each(|page| _ = trail.done.push(page, 0));
            self.crawl.go_on(trail, fill.pages_before().saturating_sub(again));
            self.crawl.look_at(links);
        }
        if fill.sources().count() == 1 {
            self.crawl.fills_one();
        }
        if fill.source().is_some() {
            self.crawl.keep_trail();
        }
        self.crawl.know_scripted(&fill.request().scripted);
        self.fill = Some(fill);
        Ok(())
    }

    /// Begins to write down how far the crawl is, if nothing is being written: what was dealt with counts when its page is stored. Of a crawl
    /// that has stored nothing there is nothing to be known.
    fn write_down(&mut self) {
        // What a part that is lost had found is found again in its pages, which are not dealt with as far as the store knows.
        if self.is_trail_lost {
            return;
        }
        let Some(fill) = self.fill.as_ref().filter(|fill| fill.source().is_some()) else { return };
        let Trail { found, done, contents, translations, left } = self.crawl.take_trail();
        self.trail.found.extend(found);
        self.trail.contents.extend(contents);
        self.trail.translations.extend(translations);
        self.trail.done.extend(done);
        let is_under_way = |address: &str| self.under_way.iter().chain(&self.given_up).any(|url| url.as_str() == address);
        let is_little = self.is_begun && self.trail.found.len() < MANY_FOUND && self.trail.done.iter().all(|done| is_under_way(done));
        if self.tally.stored == 0 || !self.recording.is_empty() || is_little {
            return;
        }
        let (waiting, done) = std::mem::take(&mut self.trail.done).into_iter().partition(|done| is_under_way(done));
        let trail = Trail { done, left, ..std::mem::take(&mut self.trail) };
        self.trail.done = waiting;
        let noted = match (std::mem::replace(&mut self.is_begun, true), self.is_again) {
            (true, _) => Noted::Trail,
            (false, true) => Noted::Recipe,
            (false, false) => Noted::Nothing,
        };
        let recorded = self.engine.clone().record(fill.clone(), trail, noted);
        self.recording.push(Box::pin(recorded));
    }

    /// All is stored: how it ended is written down.
    async fn close(&mut self) -> Result<(), Error> {
        let report = self.report();
        let Some(fill) = self.fill.clone().filter(|fill| fill.source().is_some()) else { return Ok(()) };
        let there = if self.is_noted { self.engine.still_there(fill.made_of()).await } else { Ok(()) };
        if self.is_begun || self.is_again {
            self.engine.note_misses(&fill, &report).await?;
        }
        let scripted = self.crawl.scripted();
        if (self.is_begun || self.is_again) && scripted != fill.request().scripted {
            self.engine.learned(&fill, scripted).await?;
        }
        let is_whole = self.given_up.is_empty() && there.is_ok() && !self.is_removed;
        let end = if is_whole { report.end } else { End::Stopped };
        if self.is_begun {
            self.engine.ended(fill.clone(), end, report.left + self.given_up.len() as u64).await?;
        }
        #[cfg(all(feature = "code", feature = "files"))]
        if self.tally.stored > 0 && matches!(end, End::Complete | End::MaxPages) {
            for source in fill.sources().cloned().collect::<Vec<_>>() {
                self.engine.read_site(source, fill.request().robots).await;
            }
        }
        there
    }

    /// Since when an address that is looked at again has come to nothing, if it is known for that: as a report names it.
    pub(super) fn missed_since(&self, url: &Url) -> Option<SystemTime> {
        self.misses.get(url.as_str()).copied()
    }

    /// What is filled, once that is known: with the first event at the latest.
    pub fn fill(&self) -> Option<&Fill> {
        self.fill.as_ref()
    }

    /// Fetches nothing more; requests in flight are cancelled. What has been fetched is still read and stored while [`Crawling::next`] is
    /// polled, until it yields none: a page that takes more than about a second for that has failed.
    pub fn stop(&mut self) {
        self.crawl.stop();
        self.reading.end(self.engine.inner.handle.now());
    }

    /// Pages fetched so far, and what the transport did for them: [`Crawling::report`] without its lists.
    pub fn so_far(&self) -> (u64, Counters) {
        self.crawl.so_far()
    }

    /// URLs that are known and not fetched yet.
    pub fn left(&self) -> u64 {
        self.crawl.left()
    }

    /// What has become of the crawl so far.
    pub fn report(&self) -> CrawlReport {
        self.completed(self.crawl.report())
    }

    fn completed(&self, mut report: CrawlReport) -> CrawlReport {
        self.alike.lock().unwrap_or_else(PoisonError::into_inner).tell(&mut report);
        self.tally.completed(report)
    }

    /// Ends the crawl, finished or not: requests in flight are cancelled.
    pub fn finish(mut self) -> CrawlReport {
        self.crawl.stop();
        self.report()
    }
}

impl Tally {
    pub(super) fn completed(&self, mut report: CrawlReport) -> CrawlReport {
        report.stored = self.stored;
        report.needs_browser.clone_from(&self.needs_browser);
        report.needs_browser_total = self.needs_browser_total;
        report.kept.clone_from(&self.kept);
        report.kept_total = self.kept_total;
        let room = MAX_LISTED.saturating_sub(report.skipped.len());
        report.skipped.extend(self.skipped.iter().take(room).cloned());
        report.skipped_total += self.skipped_total;
        let room = MAX_LISTED.saturating_sub(report.failed.len());
        report.failed.extend(self.failed.iter().take(room).cloned());
        report.failed_total += self.failed_total;
        report
    }

    pub(super) fn count(&mut self, event: &Event) {
        match event {
            Event::Stored { .. } => self.stored += 1,
            Event::Skipped(skipped) => {
                self.skipped_total += 1;
                if self.skipped.len() < MAX_LISTED {
                    self.skipped.push(skipped.clone());
                }
                let list = match () {
                    () if is_kept(skipped) => Some((&mut self.kept, &mut self.kept_total)),
                    () if skipped.why == extract::Skip::Shell.to_string() => Some((&mut self.needs_browser, &mut self.needs_browser_total)),
                    () => None,
                };
                if let Some((list, total)) = list {
                    *total += 1;
                    if list.len() < MAX_LISTED {
                        list.push(skipped.url.clone());
                    }
                }
            }
            Event::Failed(failed) => {
                self.failed_total += 1;
                if self.failed.len() < MAX_LISTED {
                    self.failed.push(failed.clone());
                }
            }
        }
    }
}

enum Turn {
    Recorded(Result<(), Error>),
    Stored(Option<Stored>),
    Taken(Option<Result<Taken, Error>>),
    Visited(Option<Visit>),
    Hurried,
}

/// Why a page is left out of which less has come than is stored; none of one that has a text of its own there.
fn kept(stored: &Filled) -> Option<&'static str> {
    match stored {
        Filled::Served => None,
        Filled::Shipped(_) => Some(KEPT_SHIPPED),
        Filled::Rendered => Some(KEPT_RENDERED),
    }
}

/// Whether what is stored of it was kept.
pub(super) fn is_kept(skipped: &Skipped) -> bool {
    [KEPT_SHIPPED, KEPT_RENDERED].contains(&&*skipped.why)
}

/// A page that came and was not read.
pub(super) fn unread(url: Url, skip: &extract::Skip) -> Failed {
    Failed { url: masked(&url), error: told(skip), hint: skip.hint().map(str::to_owned), is_transient: skip.is_transient() }
}

impl Engine {
    /// Reads and cuts a page on the pool, unless it says what a page of `copies_of` says, or less than is stored of it. Of `unversioned` it is a
    /// seed, and may name the version.
    #[expect(clippy::too_many_arguments, reason = "all of it is what one page needs, and it is called once")]
    pub(super) fn take_in(
        self,
        source: Option<SourceId>,
        before: Before,
        copies_of: Option<SourceId>,
        unversioned: Option<SourceId>,
        page: Page,
        chunking: Chunking,
        budget: Budget,
        alike: Arc<Mutex<Alike>>,
    ) -> TakenIn {
        Box::pin(async move {
            let url = page.url.clone();
            // What was had from data or from a browser says more than what is left without these, and is not given up for that.
            let kept = match before {
                Before::Perhaps if page.filled.is_served() => {
                    let (source, at) = (source.clone(), url.clone());
                    let stored = self.with_store(move |store| store.filled(source.as_ref(), &at)).await?;
                    stored.as_ref().and_then(kept)
                }
                Before::Perhaps | Before::Nothing => None,
            };
            let inner = self.inner.clone();
            // A defect that one page shows ends no more than the work on it.
            let work = move || {
                catch_unwind(AssertUnwindSafe(|| {
                    let read = read_and_cut(&page, &chunking, &inner.embedder, &budget)?;
                    if kept.is_some() && read.0.filled.is_served() && extract::is_unfilled(&page, &budget.begin())? {
                        return Err(extract::Skip::Shell);
                    }
                    alike.lock().unwrap_or_else(PoisonError::into_inner).meet(&read.0.url, &read.0.markdown);
                    Ok(read)
                }))
            };
            let event = match self.inner.handle.unblock_on(Lane::Bulk, work).await {
                Ok(Ok((document, chunks))) => {
                    if let Some(source) = copies_of {
                        let page = document.clone();
                        if let Some(first) = self.with_store(move |store| store.page_saying_the_same(&source, &page)).await? {
                            let why = format!("the same content as {}", masked(&first));
                            let skipped = Skipped { url: masked(&url), why };
                            return Ok(Taken::Nothing(Box::new((url, Event::Skipped(skipped)))));
                        }
                    }
                    let says = unversioned.and_then(|source| Some((source, version_said(&document)?)));
                    return Ok(Taken::Cut(Box::new(Cut { page: CutPage { source, document, chunks }, says })));
                }
                Ok(Err(extract::Skip::OverBudget(OverBudget::Stopped))) => return Ok(Taken::Unread(url)),
                Ok(Err(skip @ (extract::Skip::OverBudget(_) | extract::Skip::Login | extract::Skip::Gate))) => {
                    Event::Failed(unread(url.clone(), &skip))
                }
                Ok(Err(skip)) => {
                    let why = kept.filter(|_| skip == extract::Skip::Shell).map_or_else(|| told(&skip), str::to_owned);
                    Event::Skipped(Skipped { url: masked(&url), why })
                }
                Err(_) => {
                    let (error, hint) = ("reading this page panicked".to_owned(), "this is a defect of smolcrawl; please report it");
                    Event::Failed(Failed { url: masked(&url), error, hint: Some(hint.to_owned()), is_transient: false })
                }
            };
            Ok(Taken::Nothing(Box::new((url, event))))
        })
    }

    pub(super) fn store_together(self, cut: Vec<Cut>) -> Boxed<'static, Stored> {
        Box::pin(async move {
            let (pages, said): (Vec<_>, Vec<_>) = cut.into_iter().map(|Cut { page, says }| (page, says)).unzip();
            let told: Vec<_> = pages.iter().map(|page| (page.document.url.clone(), page.document.title.clone())).collect();
            let put = match self.put_all_cut(pages).await {
                Ok(put) => put,
                Err(error) => return (Vec::new(), Some(error)),
            };
            let (mut events, mut failed) = (Vec::new(), None);
            for (((url, title), says), put) in told.into_iter().zip(said).zip(put) {
                let put = match put {
                    Ok(put) => put,
                    Err(error) => {
                        failed.get_or_insert(Error::from(error));
                        continue;
                    }
                };
                log::debug!("{}: {put:?}", masked(&url));
                events.push((url.clone(), Event::Stored { url, title, put }));
                if let Some((source, version)) = says
                    && let Err(error) = self.store_in(Lane::Heavy, move |store| store.says_version(&source, &version)).await
                {
                    failed.get_or_insert(error);
                }
            }
            (events, failed)
        })
    }
}

/// The version of the software that a page documents, as it says it, or its title does: `Pots 2.1 documentation`.
fn version_said(document: &Document) -> Option<String> {
    let is_version = |word: &str| {
        let numbers = word.strip_prefix('v').unwrap_or(word);
        numbers.contains('.')
            && numbers.split('.').all(|part| !part.is_empty() && part.len() < 6 && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    // "From 1.9 to 2.0" is the manual of neither.
    let in_title = || {
        let words = document.title.split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'));
        let mut versions = words.filter(|word| is_version(word));
        let first = versions.next()?;
        versions.all(|other| other == first).then_some(first)
    };
    let said =
        document.metadata.version.as_deref().map(str::trim).filter(|version| !version.is_empty() && version.len() <= LONGEST_VERSION);
    said.or_else(in_title).map(str::to_owned)
}

/// Pages read, cut and stored at once: enough to keep the pool's threads busy.
const STORING_AT_ONCE: usize = 16;
/// Pages that are one transaction, and one segment of the index of words: half of them, so that others are read meanwhile.
const STORED_TOGETHER: usize = 8;
/// URLs that are written down even if nothing was dealt with meanwhile.
const MANY_FOUND: usize = 10_000;
/// Bytes.
const LONGEST_VERSION: usize = 50;
/// Why pages are left out: see [`kept`].
const KEPT_RENDERED: &str = "kept as rendered before: what it says without a browser is less";
const KEPT_SHIPPED: &str = "kept as read from data before: what it says without is less";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_title_with_one_version_says_which_is_documented() {
        let said = |title: &str| {
            let document = Document::new(Url::parse("https://docs.test/").unwrap(), title, "Words.", std::time::SystemTime::UNIX_EPOCH);
            version_said(&document)
        };
        assert_eq!(said("Pots 2.1 documentation").as_deref(), Some("2.1"));
        assert_eq!(said("Pots 2.1 (Pots 2.1)").as_deref(), Some("2.1"));
        assert_eq!(said("From Pots 1.9 to 2.0"), None);
        assert_eq!(said("Pots"), None);
    }

    #[test]
    fn a_page_over_its_budget_is_a_failure_with_a_reason() {
        let page = Page {
            url: Url::parse("https://docs.test/").unwrap(),
            status: 200,
            content_type: Some("text/html".to_owned()),
            body: b"<p>Put the kettle on.".to_vec(),
            depth: 0,
            validators: crate::model::Validators::default(),
            fetched_at: std::time::SystemTime::UNIX_EPOCH,
            filled: crate::model::Filled::default(),
        };
        assert_eq!(read_and_cut(&page, &Chunking::default(), &None, &Budget::default()).unwrap().1.len(), 1);
        let over = read_and_cut(&page, &Chunking::default(), &None, &Budget::new(Duration::ZERO)).unwrap_err();
        let mut tally = Tally::default();
        let failed = Failed { url: page.url, error: over.to_string(), hint: None, is_transient: false };
        tally.count(&Event::Failed(failed.clone()));
        let report = tally.completed(CrawlReport::default());
        assert!(failed.error.contains("processor time"), "{}", failed.error);
        assert_eq!(report.failed, [failed]);
    }
}
