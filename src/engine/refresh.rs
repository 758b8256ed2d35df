//! A source asked for again, page by page: what has changed is stored, what is gone is removed; then what is new is looked for, by the recipe
//! of the source.

mod doubtful;

use std::collections::HashSet;
use std::fmt;
use std::time::{Duration, SystemTime};
use std::vec;

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use url::Url;

use self::doubtful::{Doubtful, Fate, is_wholly_another};
use super::crawling::is_kept;
use super::reading::Reading;
use super::sources::Known;
use super::{Chunking, Crawling, Engine, Event, Failed, Robots, Skipped};
use crate::crawl::{Crawler, End, MAX_LISTED, Refetched, Render, is_elsewhere};
use crate::error::Error;
use crate::extract::Skip;
use crate::http::masked;
use crate::model::{Budget, Document, Filled, OverBudget, Page, Recipe, SourceId, SourceSummary, Validators, date};
use crate::reactor::{Boxed, Lane};
use crate::store::{Put, Store};

/// What a refresh is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshRequest {
    pub source: SourceId,
    /// A recipe that ignores robots.txt does so in any case. Default: [`Robots::Obey`].
    pub robots: Robots,
    /// Only pages that were fetched longer ago. Default: none, which is all.
    pub older_than: Option<Duration>,
    /// Pages that a browser fills in. Default: none, which is as in the recipe, and else as the settings have it.
    pub render: Option<Render>,
    /// Default: [`New::Crawl`].
    pub new: New,
}

/// What becomes of pages that the source does not have yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum New {
    /// Those that the recipe takes in are crawled: links of the seeds and of what has changed, and of sitemaps where the recipe has it so. A
    /// source without a recipe has none.
    #[default]
    Crawl,
    /// Only what is stored is asked for.
    LeaveOut,
}

impl RefreshRequest {
    /// Default settings.
    pub fn new(source: SourceId) -> Self {
        Self { source, robots: Robots::default(), older_than: None, render: None, new: New::default() }
    }

    #[must_use]
    pub fn robots(self, robots: Robots) -> Self {
        Self { robots, ..self }
    }

    #[must_use]
    pub fn older_than(self, age: Duration) -> Self {
        Self { older_than: Some(age), ..self }
    }

    #[must_use]
    pub fn render(self, render: Render) -> Self {
        Self { render: Some(render), ..self }
    }

    #[must_use]
    pub fn new_pages(self, new: New) -> Self {
        Self { new, ..self }
    }
}

impl Engine {
    /// Starts to ask for every page of a source again, under its validators (RFC 9110 13.1), and for what is new. It goes on while
    /// [`Refreshing::next`] is polled.
    ///
    /// A page that answers 404 or 410 is removed at once. One that cannot be had for another reason that does not pass (it leads elsewhere, is no
    /// page any more, is forbidden) is removed when that is so twice in a row, but for those that ask for a login. Where no page of the source
    /// came none is removed, however often: a site that is down may say anything. Of a source of one page that page alone tells. What is stored is
    /// kept, too, where several pages come as one text that has nothing of it.
    ///
    /// # Errors
    /// [`Error::NotStored`], and what the store says.
    pub async fn refreshing(&self, request: RefreshRequest, chunking: Chunking) -> Result<Refreshing, Error> {
        let summary = self.source(&request.source).await?;
        if summary.recipe.as_ref().is_some_and(|recipe| recipe.files.is_some()) {
            return self.reading_again(request, summary, chunking);
        }
        let RefreshRequest { source, older_than, .. } = &request;
        let before = older_than.and_then(|age| SystemTime::now().checked_sub(age));
        let asked = source.clone();
        let known = self.with_store(move |store| store.validators_before(&asked, before)).await?;
        // Told before the first request, not with the first page that cannot be stored.
        self.open_database().await?;
        let recipe_of = summary.recipe.as_ref().and_then(|recipe| recipe.render.as_deref()?.parse().ok());
        let render = request.render.or(recipe_of);
        let young = older_than.map_or(0, |_| summary.pages.saturating_sub(known.len() as u64));
        let ignores_robots = summary.recipe.as_ref().is_some_and(|recipe| recipe.ignore_robots);
        Ok(Refreshing {
            engine: self.clone(),
            robots: if ignores_robots { Robots::Ignore } else { request.robots },
            crawler: self.inner.crawler.rendering(render).knowing(summary.recipe.as_ref().map_or(&[], |recipe| &recipe.scripted)),
            render,
            young,
            looking: match (&summary.recipe, request.new) {
                (Some(_), New::Crawl) => Looking::Ahead,
                _ => Looking::Over,
            },
            unlooked: match (&summary.recipe, request.new) {
                (_, New::LeaveOut) => Some(Unlooked::NotAskedFor),
                (None, New::Crawl) => Some(Unlooked::NoRecipe),
                (Some(_), New::Crawl) => None,
            },
            ..Refreshing::of(self, summary, chunking, known)
        })
    }

    /// Folders, archives, repositories and packages are looked at as a whole.
    fn reading_again(&self, request: RefreshRequest, summary: SourceSummary, chunking: Chunking) -> Result<Refreshing, Error> {
        let before = request.older_than.and_then(|age| SystemTime::now().checked_sub(age));
        let is_young = before.is_some_and(|before| summary.refreshed.unwrap_or(summary.last_fetched) >= before);
        if is_young {
            let (young, unlooked) = (summary.pages, Some(Unlooked::Young));
            return Ok(Refreshing { young, unlooked, ..Refreshing::of(self, summary, chunking, Vec::new()) });
        }
        let looking = looking_at_files(self, &summary, &chunking)?;
        Ok(Refreshing { looking, pages: summary.pages, ..Refreshing::of(self, summary, chunking, Vec::new()) })
    }

    /// Asks for every page of a source again and stores what has changed and what is new: [`Engine::refreshing`] from beginning to end.
    ///
    /// # Errors
    /// As [`Engine::refreshing`]; a page that fails is in the report.
    pub async fn refresh(&self, request: RefreshRequest, chunking: Chunking) -> Result<RefreshReport, Error> {
        let mut refreshing = self.refreshing(request, chunking).await?;
        while let Some(checked) = refreshing.next().await {
            checked?;
        }
        Ok(refreshing.report)
    }

    async fn ask_again(
        crawler: Crawler,
        url: Url,
        validators: Validators,
        filled: Filled,
        robots: Robots,
    ) -> (Url, Result<Refetched, Error>) {
        let refetched = crawler.refetch_filled(&url, &validators, &filled, robots).await;
        (url, refetched.map_err(Error::from))
    }

    async fn settle(
        self,
        source: SourceId,
        url: Url,
        refetched: Result<Refetched, Error>,
        chunking: Chunking,
        budget: Budget,
    ) -> Result<Refreshed, Error> {
        match self.take_over(source, url, refetched, chunking, budget).await {
            Err(error) if is_gone(&error) => Ok(Refreshed::Missed(Box::new(error))),
            settled => settled,
        }
    }

    /// A page that cannot be had and is not said to be gone is removed when that is so twice in a row.
    async fn miss(self, source: SourceId, url: Url, error: Error) -> Result<Refreshed, Error> {
        let missed = (source.clone(), url.clone());
        match self.store_in(Lane::Heavy, move |store| store.miss(&missed.0, &missed.1)).await? {
            0..TRIES => Err(error),
            _ => Ok(Refreshed::Removed { title: self.forget(source, url).await? }),
        }
    }

    async fn take_over(
        self,
        source: SourceId,
        url: Url,
        refetched: Result<Refetched, Error>,
        chunking: Chunking,
        budget: Budget,
    ) -> Result<Refreshed, Error> {
        match refetched? {
            Refetched::Unchanged => {
                self.store_in(Lane::Heavy, move |store| store.touch(&source, &url, SystemTime::now())).await?;
                Ok(Refreshed::Unchanged)
            }
            Refetched::Gone => Ok(Refreshed::Gone),
            // Nothing is stored at an address nobody asked for, and nothing is removed at once for what may be a passing login page.
            Refetched::Page(page, _) if is_elsewhere(&page.url, &url) => Err(Error::Moved { url, to: Box::new(page.url) }),
            Refetched::Page(page, _) => {
                let document = self.read_within(Page { url, ..page }, budget.clone()).await?;
                let (asked, at) = (source.clone(), document.url.clone());
                // What cannot be read can still be replaced.
                let stored = self.with_store(move |store| Ok(store.page_in(Some(&asked), &at).ok().flatten())).await?;
                match stored {
                    Some((_, stored)) if is_wholly_another(&stored.markdown, &document.markdown) => {
                        Ok(Refreshed::Doubtful(Box::new(document)))
                    }
                    _ => self.put_again(source, document, chunking, budget).await,
                }
            }
        }
    }

    async fn put_again(self, source: SourceId, document: Document, chunking: Chunking, budget: Budget) -> Result<Refreshed, Error> {
        let title = document.title.clone();
        match self.put_within(Some(source), document, chunking, budget).await? {
            Put::Unchanged => Ok(Refreshed::Unchanged),
            Put::Added | Put::Replaced => Ok(Refreshed::Updated { title }),
        }
    }

    /// Removes a page and tells its title.
    pub(super) async fn forget(&self, source: SourceId, url: Url) -> Result<String, Error> {
        let forget = move |store: &Store| {
            // What cannot be read can still be removed.
            let title = store.page_in(Some(&source), &url).ok().flatten().map(|(_, document)| document.title).unwrap_or_default();
            store.remove_page(Some(&source), &url)?;
            Ok(title)
        };
        self.store_in(Lane::Heavy, forget).await
    }
}

/// A refresh under way.
#[derive(Debug)]
pub struct Refreshing {
    engine: Engine,
    summary: SourceSummary,
    robots: Robots,
    /// Who asks, with a browser or without.
    crawler: Crawler,
    /// As it was asked for now.
    render: Option<Render>,
    chunking: Chunking,
    /// How many there are to check.
    pages: u64,
    /// How many were left out, as they were fetched since.
    young: u64,
    left: vec::IntoIter<(Url, Validators, Filled)>,
    asking: FuturesUnordered<Boxed<'static, (Url, Result<Refetched, Error>)>>,
    /// Answers that are being read and stored.
    settling: FuturesUnordered<Boxed<'static, (Url, Result<Refreshed, Error>)>>,
    /// The addresses of these pages.
    under_way: HashSet<Url>,
    links: Links,
    /// Addresses of pages that were removed.
    gone: Vec<Url>,
    /// Whether any page of the source came; and until one does, those that are gone, or cannot be had for another reason.
    has_come: bool,
    missing: Vec<(Url, Option<Box<Error>>)>,
    doubtful: Doubtful,
    /// It was stopped before all pages came.
    is_cut_short: bool,
    /// All that is stored was asked for.
    is_known_over: bool,
    /// Addresses of pages that are not what they say now.
    kept: Vec<Box<str>>,
    looking: Looking,
    /// Why new pages are not looked for, as far as that is known.
    unlooked: Option<Unlooked>,
    reading: Reading,
    report: RefreshReport,
}

/// Why a refresh has not looked for new pages, or not for all. Displayed as what follows "as".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unlooked {
    /// It was asked for what is stored only.
    NotAskedFor,
    /// Nobody knows how the source was made.
    NoRecipe,
    /// Its files were looked at since, so that none of them is old enough.
    Young,
    /// It was stopped before.
    Stopped,
    /// Not all files could be looked at.
    Incomplete,
}

impl fmt::Display for Unlooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAskedFor => "only those that are stored were asked for",
            Self::NoRecipe => "it is not known how the source was made: crawl it again for that",
            Self::Young => "its files were looked at within that time",
            Self::Stopped => "it was stopped before",
            Self::Incomplete => "not all files could be looked at",
        })
    }
}

/// Whether new pages are looked for.
#[derive(Debug)]
enum Looking {
    /// When all that is stored was asked for.
    Ahead,
    Going(Box<Crawling>),
    /// The source is no site: all of it is looked at again.
    #[cfg(feature = "files")]
    Files(Box<super::Adding>),
    Over,
}

#[cfg(feature = "files")]
fn looking_at_files(engine: &Engine, summary: &SourceSummary, chunking: &Chunking) -> Result<Looking, Error> {
    Ok(Looking::Files(Box::new(engine.add_again(summary.clone(), chunking.clone()))))
}

#[cfg(not(feature = "files"))]
fn looking_at_files(_: &Engine, summary: &SourceSummary, _: &Chunking) -> Result<Looking, Error> {
    let given = summary.recipe.as_ref().and_then(|recipe| recipe.files.as_ref()).map(|files| files.given.clone());
    Err(Error::NotFiles { given: given.unwrap_or_default() })
}

/// Links in pages that have changed, each once.
#[derive(Debug, Default)]
struct Links {
    met: HashSet<Url>,
}

impl Refreshing {
    /// Nothing has been asked for.
    fn of(engine: &Engine, summary: SourceSummary, chunking: Chunking, known: Vec<(Url, Validators, Filled)>) -> Self {
        Self {
            engine: engine.clone(),
            robots: Robots::default(),
            crawler: engine.inner.crawler.clone(),
            render: None,
            looking: Looking::Over,
            unlooked: None,
            summary,
            chunking,
            pages: known.len() as u64,
            young: 0,
            left: known.into_iter(),
            asking: FuturesUnordered::new(),
            settling: FuturesUnordered::new(),
            under_way: HashSet::new(),
            links: Links::default(),
            gone: Vec::new(),
            has_come: false,
            missing: Vec::new(),
            doubtful: Doubtful::default(),
            is_cut_short: false,
            is_known_over: false,
            kept: Vec::new(),
            reading: Reading::default(),
            report: RefreshReport::default(),
        }
    }

    /// The next page that was checked or is new; none when all are. An error is the store's, and ends the refresh. Nothing is lost if
    /// the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<Url, Error>> {
        match self.next_known().await {
            None if !std::mem::replace(&mut self.is_known_over, true) => {
                let (engine, made_of) = (self.engine.clone(), self.made_of());
                match engine.still_there(made_of).await {
                    Ok(()) => self.next_new().await,
                    Err(error) => {
                        self.looking = Looking::Over;
                        Some(Err(error))
                    }
                }
            }
            None => self.next_new().await,
            checked => checked,
        }
    }

    /// What the source is made of whose pages are stored one by one, whether or not it is there still. Files are looked at as a whole, and so
    /// is what becomes of them.
    fn made_of(&self) -> Vec<(SourceId, Recipe)> {
        let recipe = self.summary.recipe.clone().filter(|recipe| recipe.files.is_none());
        recipe.map(|recipe| (self.summary.source.clone(), recipe)).into_iter().collect()
    }

    async fn next_known(&mut self) -> Option<Result<Url, Error>> {
        let (url, refreshed) = loop {
            while self.asking.len() + self.settling.len() < AT_ONCE
                && let Some((url, validators, filled)) = self.left.next()
            {
                self.asking.push(Box::pin(Engine::ask_again(self.crawler.clone(), url, validators, filled, self.robots)));
            }
            if self.reading.is_given_up() {
                self.settling.clear();
                if let Some(url) = self.under_way.iter().next().cloned() {
                    self.under_way.remove(&url);
                    let skip = Box::new(OverBudget::Stopped.into());
                    break (url.clone(), Err(Error::Unreadable { url, skip }));
                }
            }
            if self.asking.is_empty() && self.settling.is_empty() {
                self.release();
                if self.settling.is_empty() {
                    return None;
                }
            }
            let settled = async {
                match self.settling.next().await {
                    Some(settled) => Turn::Settled(settled),
                    None => future::pending().await,
                }
            };
            let answered = async {
                match self.asking.next().await {
                    Some(answered) => Turn::Answered(answered),
                    None => future::pending().await,
                }
            };
            let hurried = async {
                self.reading.hurry(&self.engine.inner.handle).await;
                Turn::Hurried
            };
            match future::or(future::or(settled, answered), hurried).await {
                Turn::Hurried => {}
                Turn::Settled((url, refreshed)) => {
                    self.under_way.remove(&url);
                    if let Some(refreshed) = self.judge(&url, refreshed) {
                        break (url, refreshed);
                    }
                }
                Turn::Answered((url, refetched)) => {
                    self.under_way.insert(url.clone());
                    match &refetched {
                        Ok(Refetched::Page(page, _)) if is_elsewhere(&page.url, &url) => self.links.add(vec![page.url.clone()]),
                        Ok(Refetched::Page(_, links)) => self.links.add(links.clone()),
                        _ => {}
                    }
                    let budget = self.reading.budget.clone();
                    let source = self.summary.source.clone();
                    let settling = self.engine.clone().settle(source, url.clone(), refetched, self.chunking.clone(), budget);
                    self.settling.push(Box::pin(async move { (url, settling.await) }));
                }
            }
        };
        self.report.checked += 1;
        match refreshed {
            Ok(Refreshed::Unchanged) => self.report.unchanged += 1,
            Ok(Refreshed::Gone | Refreshed::Missed(_) | Refreshed::Doubtful(_)) => unreachable!("it was judged what becomes of them"),
            Ok(Refreshed::Updated { title }) => {
                self.report.updated += 1;
                note(&mut self.report.changed_pages, &url, title);
            }
            Ok(Refreshed::Removed { title }) => {
                self.report.removed += 1;
                self.gone.push(url.clone());
                note(&mut self.report.removed_pages, &url, title);
            }
            // The store fails for every page alike.
            Err(error @ Error::Store(_)) => {
                self.stop();
                return Some(Err(error));
            }
            Err(error) => {
                let (hint, is_transient) = (error.hint(), error.is_transient());
                let error = without_its_address(&url, &error.chain());
                push(&mut self.report.failed, &mut self.report.failed_total, Failed { url: masked(&url), error, hint, is_transient });
            }
        }
        Some(Ok(url))
    }

    /// What became of a page, if that can be told by itself: one that is gone, or wholly another, waits for what becomes of the others.
    fn judge(&mut self, url: &Url, refreshed: Result<Refreshed, Error>) -> Option<Result<Refreshed, Error>> {
        // Of a source of one page that page alone tells.
        let is_known_to_be_there = self.has_come || self.summary.pages == 1;
        match refreshed {
            Ok(Refreshed::Gone) => self.missing.push((url.clone(), None)),
            Ok(Refreshed::Missed(error)) => self.missing.push((url.clone(), Some(error))),
            Ok(Refreshed::Doubtful(document)) => match self.doubtful.meet(document) {
                Fate::Held => {}
                Fate::Stored(document) => self.put(*document),
                Fate::Refused(other) => return Some(Err(self.keep(url, other))),
            },
            Ok(Refreshed::Unchanged | Refreshed::Updated { .. }) => {
                self.has_come = true;
                self.remove_missing();
                return Some(refreshed);
            }
            Ok(Refreshed::Removed { .. }) | Err(_) => return Some(refreshed),
        }
        if is_known_to_be_there {
            self.remove_missing();
        }
        None
    }

    /// All have come: what becomes of those that waited for that. Where it was stopped before, nobody knows what the others would have been, and
    /// what is stored is kept.
    fn release(&mut self) {
        let (mut stored, refused) = self.doubtful.settle();
        let missing = std::mem::take(&mut self.missing).into_iter();
        let mut kept: Vec<(Url, Error)> = Vec::new();
        if self.is_cut_short {
            let held = std::mem::take(&mut stored).into_iter().map(|document| document.url);
            let stopped = |url: Url| (url.clone(), Error::Unreadable { url, skip: Box::new(OverBudget::Stopped.into()) });
            kept.extend(held.chain(missing.map(|(url, _)| url)).map(stopped));
        } else if stored.is_empty() {
            kept.extend(missing.map(|(url, error)| {
                let error = error.map_or_else(|| Error::GoneWithAll { url: url.clone() }, |error| *error);
                (url, error)
            }));
        } else {
            self.missing = missing.collect();
        }
        for (url, other) in refused {
            let error = self.keep(&url, other);
            kept.push((url, error));
        }
        for (url, error) in kept {
            self.under_way.insert(url.clone());
            self.settling.push(Box::pin(async move { (url, Err(error)) }));
        }
        self.has_come |= !stored.is_empty();
        stored.into_iter().for_each(|document| self.put(document));
        self.remove_missing();
    }

    fn keep(&mut self, url: &Url, other: Url) -> Error {
        self.kept.push(url.as_str().into());
        Error::SaysAsOthers { url: url.clone(), other: Box::new(other) }
    }

    fn put(&mut self, document: Document) {
        let url = document.url.clone();
        self.under_way.insert(url.clone());
        let (source, budget) = (self.summary.source.clone(), self.reading.budget.clone());
        let putting = self.engine.clone().put_again(source, document, self.chunking.clone(), budget);
        self.settling.push(Box::pin(async move { (url, putting.await) }));
    }

    /// Those that are gone at once, and the others if they were missed before.
    fn remove_missing(&mut self) {
        for (url, error) in std::mem::take(&mut self.missing) {
            self.under_way.insert(url.clone());
            let (engine, source) = (self.engine.clone(), self.summary.source.clone());
            self.settling.push(Box::pin(async move {
                let removed = match error {
                    Some(error) => engine.miss(source, url.clone(), *error).await,
                    None => engine.forget(source, url.clone()).await.map(|title| Refreshed::Removed { title }),
                };
                (url, removed)
            }));
        }
    }

    /// New pages, by the recipe.
    async fn next_new(&mut self) -> Option<Result<Url, Error>> {
        loop {
            match &mut self.looking {
                Looking::Over => return None,
                #[cfg(feature = "files")]
                Looking::Files(adding) => {
                    let event = adding.next().await;
                    adding.report_so_far().count_into(&mut self.report);
                    match event {
                        None => {
                            adding.report().list_into(&mut self.report);
                            self.unlooked.get_or_insert(Unlooked::Incomplete);
                            self.looking = Looking::Over;
                        }
                        Some(Err(error)) => return Some(Err(error)),
                        Some(Ok(event)) => {
                            if let Some(url) = event.url() {
                                return Some(Ok(url));
                            }
                        }
                    }
                }
                Looking::Ahead => match self.look().await {
                    Ok(crawling) => self.looking = Looking::Going(Box::new(crawling)),
                    Err(error) => {
                        self.looking = Looking::Over;
                        return Some(Err(error));
                    }
                },
                Looking::Going(crawling) => match crawling.next().await {
                    None => {
                        let found = crawling.report();
                        self.report.looked_for_new = found.end != End::Stopped;
                        self.report.left = found.left;
                        self.looking = Looking::Over;
                    }
                    Some(Err(error)) => return Some(Err(error)),
                    Some(Ok(Event::Stored { url, title, put: Put::Added })) => {
                        self.report.added += 1;
                        note(&mut self.report.added_pages, &url, title);
                        return Some(Ok(url));
                    }
                    // The seeds again.
                    Some(Ok(Event::Stored { .. })) => {}
                    Some(Ok(Event::Skipped(skipped))) if is_kept(&skipped) => {}
                    Some(Ok(Event::Skipped(skipped))) => match crawling.missed_since(&skipped.url) {
                        None => push(&mut self.report.new_skipped, &mut self.report.new_skipped_total, skipped),
                        Some(_) => self.report.still_skipped_total += 1,
                    },
                    Some(Ok(Event::Failed(failed))) => match crawling.missed_since(&failed.url) {
                        None => push(&mut self.report.new_failed, &mut self.report.new_failed_total, failed),
                        Some(since) => {
                            let Failed { url, error, .. } = failed;
                            push(&mut self.report.still_dead, &mut self.report.still_dead_total, StillDead { url, error, since });
                        }
                    },
                },
            }
        }
    }

    async fn look(&mut self) -> Result<Crawling, Error> {
        let source = self.summary.source.clone();
        let stored = self.engine.with_store(move |store| store.validators(&source)).await?;
        let mut pages: Vec<Box<str>> = stored.iter().map(|(url, _)| url.as_str().into()).collect();
        let gone = std::mem::take(&mut self.gone);
        if !gone.is_empty() {
            // What has just been asked for is not asked for again, and is no news when it is met the next time.
            pages.extend(gone.iter().map(|url| url.as_str().into()));
            let gone: Vec<Box<str>> = gone.iter().map(|url| masked(url).as_str().into()).collect();
            let source = self.summary.source.clone();
            self.engine.store_in(Lane::Heavy, move |store| store.note_misses(&source, &gone, SystemTime::now())).await?;
        }
        let links = std::mem::take(&mut self.links.met).into_iter().collect();
        let mut recipe = self.summary.recipe.clone().ok_or_else(|| Error::NoRecipe { source_id: self.summary.source.clone() })?;
        if let Some(render) = self.render {
            recipe.render = Some(render.as_str().to_owned());
        }
        let summary = SourceSummary { pages: stored.len() as u64, ..self.summary.clone() };
        let kept = std::mem::take(&mut self.kept);
        let fill = self.engine.again(&summary, &recipe, Known { pages, links, kept })?;
        Ok(self.engine.fill(fill, self.chunking.clone()))
    }

    /// Asks for nothing more; requests in flight are cancelled. What has been answered is still stored while [`Refreshing::next`]
    /// is polled, until it yields none: a page that takes more than about a second for that has failed.
    pub fn stop(&mut self) {
        self.is_cut_short |= self.left.len() > 0 || !self.asking.is_empty();
        if !matches!(self.looking, Looking::Over) {
            self.unlooked = Some(Unlooked::Stopped);
        }
        self.left = Vec::new().into_iter();
        self.asking.clear();
        self.reading.end(self.engine.inner.handle.now());
        match &mut self.looking {
            Looking::Going(crawling) => crawling.stop(),
            #[cfg(feature = "files")]
            Looking::Files(adding) => adding.stop(),
            looking => *looking = Looking::Over,
        }
    }

    /// How many pages there are to check in all.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// How many pages are left out, as they were fetched since: of a refresh of [older](RefreshRequest::older_than) ones.
    pub fn young(&self) -> u64 {
        self.young
    }

    /// Why new pages were not looked for, once it is over; none where they were.
    pub fn unlooked(&self) -> Option<Unlooked> {
        self.unlooked.filter(|_| !self.report.looked_for_new)
    }

    /// What was found so far.
    pub fn report(&self) -> &RefreshReport {
        &self.report
    }
}

impl Links {
    fn add(&mut self, links: Vec<Url>) {
        let room = MOST_LINKS.saturating_sub(self.met.len());
        self.met.extend(links.into_iter().take(room));
    }
}

/// Whether the site has no such page any more, as far as one answer can tell.
fn is_gone(error: &Error) -> bool {
    match error {
        Error::Moved { .. } => true,
        Error::Crawl(error) => error.is_of_the_page(),
        // A page that scripts would write now has its text still, only not for us: what is stored is kept.
        Error::Unreadable { skip, .. } => matches!(**skip, Skip::Kind(_) | Skip::Empty | Skip::Moved(_) | Skip::Missing),
        _ => false,
    }
}

fn push<T>(list: &mut Vec<T>, total: &mut u64, one: T) {
    *total += 1;
    if list.len() < MAX_LISTED {
        list.push(one);
    }
}

fn note(list: &mut Vec<Listed>, url: &Url, title: String) {
    if list.len() < MAX_LISTED {
        list.push(Listed { url: masked(url), title });
    }
}

/// What a refresh found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RefreshReport {
    pub checked: u64,
    /// 304, or the same content again.
    pub unchanged: u64,
    pub updated: u64,
    /// Gone from the site, and so from the store.
    pub removed: u64,
    /// New on the site, and so in the store.
    pub added: u64,
    /// Whether new pages were looked for: not in a source that has no recipe, or if the refresh was stopped.
    pub looked_for_new: bool,
    /// URLs of the recipe that are known and were not fetched, as a limit was reached.
    pub left: u64,
    /// The first [`MAX_LISTED`] each, as of the lists below.
    pub changed_pages: Vec<Listed>,
    pub removed_pages: Vec<Listed>,
    pub added_pages: Vec<Listed>,
    /// `failed_total` counts them all.
    pub failed: Vec<Failed>,
    pub failed_total: u64,
    /// Addresses that were met as new ones and could not be had: no page of the source is touched by them. Not those that were met by an
    /// earlier crawl or refresh, and could not be had then.
    pub new_failed: Vec<Failed>,
    pub new_failed_total: u64,
    /// These are: what is linked, and is dead for long.
    pub still_dead: Vec<StillDead>,
    pub still_dead_total: u64,
    /// Addresses that were met as new ones and left out on purpose, such as copies of what is stored, as a crawl tells them; and how many
    /// are left out as they were before.
    pub new_skipped: Vec<Skipped>,
    pub new_skipped_total: u64,
    pub still_skipped_total: u64,
}

impl RefreshReport {
    /// What is as it was, for people, on one line; none where there is nothing of it.
    pub fn as_before(&self) -> Option<String> {
        let links = |count: u64, one: &str, many: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {many}") };
        let dead = self.still_dead.iter().min_by_key(|dead| dead.since).map(|oldest| {
            let dead = links(self.still_dead_total, "link is", "links are");
            format!("{dead} still dead, since {} at the longest (such as {}: {})", date(oldest.since), oldest.url, oldest.error)
        });
        let skipped = (self.still_skipped_total > 0)
            .then(|| format!("{} left out as before", links(self.still_skipped_total, "address is", "addresses are")));
        let told: Vec<_> = [dead, skipped].into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// An address that cannot be had, as it could not before. Serialises with `since` as a date and as seconds since 1970 (`since_unix`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillDead {
    /// [`masked`]: to be shown.
    pub url: Url,
    /// As of a failure.
    pub error: String,
    /// When it was first met so.
    pub since: SystemTime,
}

impl Serialize for StillDead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("StillDead", 4)?;
        fields.serialize_field("url", &self.url)?;
        fields.serialize_field("error", &self.error)?;
        fields.serialize_field("since", &date(self.since))?;
        let unix = self.since.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        fields.serialize_field("since_unix", &unix)?;
        fields.end()
    }
}

/// A page as a report names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub url: Url,
    pub title: String,
}

#[expect(clippy::large_enum_variant, reason = "one value at a time, taken apart at once")]
enum Turn {
    Settled((Url, Result<Refreshed, Error>)),
    Answered((Url, Result<Refetched, Error>)),
    Hurried,
}

#[derive(Debug)]
enum Refreshed {
    Unchanged,
    Updated {
        title: String,
    },
    Removed {
        title: String,
    },
    /// The site says so; it is not removed yet.
    Gone,
    /// It cannot be had, for a reason that does not pass.
    Missed(Box<Error>),
    /// It is read, and has nothing of what is stored.
    Doubtful(Box<Document>),
}

/// What is told beside the address does not begin with it.
fn without_its_address(url: &Url, told: &str) -> String {
    let rest = told.strip_prefix(masked(url).as_str()).filter(|rest| rest.starts_with([':', ' ']));
    rest.map_or(told, |rest| rest.trim_start_matches([':', ' '])).to_owned()
}

/// Pages asked for, read and stored at once.
const AT_ONCE: usize = 8;
/// Refreshes in a row in which a page cannot be had before it is removed.
const TRIES: u64 = 2;
/// Links of changed pages that are remembered: some 30 MB.
const MOST_LINKS: usize = 100_000;
