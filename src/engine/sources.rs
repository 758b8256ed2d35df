//! Which source is meant, what a crawl fills, and what is asked of a source as a whole.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::SystemTime;

use url::Url;

use super::Engine;
use crate::crawl::{CrawlReport, CrawlRequest, End, Visit, normalise};
use crate::error::Error;
use crate::http::masked;
use crate::model::{Earlier, Meant, NotMeant, Recipe, Remark, SourceId, SourceState, SourceSummary, Trail, host, nearest};
use crate::reactor::Lane;
use crate::store::{self, PageSummary, Start, Store};

/// Whether a crawl goes on where an earlier one of the same seeds and settings was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resume {
    /// If that was interrupted; limits may be others.
    #[default]
    IfInterrupted,
    /// Also if it ended at a limit; it is an error if there is none.
    Always,
    Never,
}

/// A crawl, and the sources that it fills.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    request: CrawlRequest,
    /// With the seeds of each; none for pages that are stored one by one.
    sources: Vec<(SourceId, Vec<Url>)>,
    start: Start,
    pages_before: u64,
    before: Before,
    /// Addresses that need not be asked for, as they just have been, and links of pages that were.
    known: Option<Known>,
}

/// What is noted of a source when a crawl of it notes how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// Nothing that counts: what it is made of is noted now.
    Nothing,
    /// What it is made of: the crawl looks for what is new.
    Recipe,
    /// That, and how far this crawl was.
    Trail,
}

/// The first of these that is not known any more; of each it is noted again what it is made of.
fn removed(store: &Store, made_of: &[(SourceId, Recipe)]) -> Result<Option<SourceId>, store::Error> {
    let mut first = None;
    for (source, recipe) in made_of {
        if !store.is_made(source)? {
            store.begin(source, recipe, Start::Afresh, SystemTime::now())?;
            first.get_or_insert_with(|| source.clone());
        }
    }
    Ok(first)
}

fn told(removed: Option<SourceId>) -> Result<(), Error> {
    removed.map_or(Ok(()), |source_id| Err(Error::Removed { source_id }))
}

/// Whether the store may have pages of a crawl already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    Perhaps,
}

/// What a refresh has found out before new pages are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Known {
    pub pages: Vec<Box<str>>,
    pub links: Vec<Url>,
    /// Of these pages, those whose stored copy is kept whatever they say now.
    pub kept: Vec<Box<str>>,
}

impl Fill {
    /// Of sources with their seeds, from the beginning.
    pub(super) fn of(request: CrawlRequest, sources: Vec<(SourceId, Vec<Url>)>) -> Self {
        Self { request, sources, start: Start::Afresh, pages_before: 0, before: Before::Perhaps, known: None }
    }

    /// Each source with its seeds.
    pub(super) fn seeded(&self) -> Vec<(SourceId, Vec<Url>)> {
        self.sources.clone()
    }

    pub fn request(&self) -> &CrawlRequest {
        &self.request
    }

    /// The first of the sources, which knows how far the crawl is; none for pages that are stored one by one.
    pub fn source(&self) -> Option<&SourceId> {
        self.sources.first().map(|(source, _)| source)
    }

    pub fn sources(&self) -> impl Iterator<Item = &SourceId> {
        self.sources.iter().map(|(source, _)| source)
    }

    /// Whether it goes on where an earlier crawl was.
    pub fn goes_on(&self) -> bool {
        self.start == Start::GoOn
    }

    pub(super) fn known(&mut self) -> Option<Known> {
        self.known.take()
    }

    /// Pages that an earlier crawl stored, which this one goes on with.
    pub fn pages_before(&self) -> u64 {
        self.pages_before
    }

    /// The sources, and what each is made of.
    pub(super) fn made_of(&self) -> Vec<(SourceId, Recipe)> {
        self.sources.iter().map(|(source, seeds)| (source.clone(), self.request.recipe(seeds.clone()))).collect()
    }

    fn has_pages(&self, store: &Store) -> Result<bool, store::Error> {
        for source in self.sources() {
            if !store.first_pages(source, "", 1)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn before(&self) -> Before {
        self.before
    }

    /// The source that a page belongs to: that of the seed on its host whose path has most in common with its own.
    pub fn source_of(&self, page: &Url) -> Option<SourceId> {
        let at = nearest(self.sources.iter().map(|(_, seeds)| seeds.as_slice()), page);
        self.sources.get(at).map(|(source, _)| source.clone())
    }
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.sources().map(SourceId::as_str).collect();
        f.write_str(if names.is_empty() { "the sources of the pages' hosts" } else { "" })?;
        f.write_str(&names.join(", "))?;
        if self.goes_on() { write!(f, ", going on after {} pages", self.pages_before) } else { Ok(()) }
    }
}

impl Engine {
    /// Finds out what a crawl fills: the source that is named, or the one that has been made of the same seeds, or those that it is
    /// [called after](CrawlRequest::sources). A crawl of depth 0 without a name fills none: its pages are stored one by one.
    ///
    /// # Errors
    /// [`Error::NothingToResume`], and what the store says.
    pub async fn plan(&self, request: CrawlRequest, name: Option<SourceId>, resume: Resume) -> Result<Fill, Error> {
        let known = if self.has_database() { self.sources().await? } else { Vec::new() };
        let is_named = name.is_some();
        let mut sources = match name {
            Some(name) => vec![(name, request.seeds.clone())],
            None if request.depth == 0 => Vec::new(),
            None => request.sources(),
        };
        for (source, seeds) in &mut sources {
            let same = |of: &&SourceSummary| of.recipe.as_ref().is_some_and(|recipe| recipe.seeds == *seeds);
            if !is_named
                && !known.iter().any(|of| of.source == *source)
                && let Some(same) = known.iter().find(same)
            {
                *source = same.source.clone();
            }
        }
        let Some((source, seeds)) = sources.first() else {
            return Ok(Fill::of(request, sources));
        };
        let has_pages = |of: &SourceSummary| of.pages > 0 && sources.iter().any(|(source, _)| *source == of.source);
        let before = if known.iter().any(has_pages) { Before::Perhaps } else { Before::Nothing };
        let summary = known.iter().find(|of| of.source == *source);
        let unlimited = |recipe: Recipe| Recipe { max_pages: 0, max_requests: None, max_bytes: None, scripted: Vec::new(), ..recipe };
        let asked = unlimited(request.recipe(seeds.clone()));
        let is_same = summary.and_then(|of| of.recipe.clone()).is_some_and(|recipe| unlimited(recipe) == asked);
        let state = summary.map(|of| of.state).filter(|_| is_same);
        let start = match (resume, state) {
            (Resume::IfInterrupted | Resume::Always, Some(SourceState::Incomplete)) | (Resume::Always, Some(SourceState::Limited)) => {
                Start::GoOn
            }
            (Resume::Always, _) => return Err(Error::NothingToResume { source_id: source.clone() }),
            (Resume::IfInterrupted | Resume::Never, _) => Start::Afresh,
        };
        let pages_before = match summary.filter(|_| start == Start::GoOn) {
            Some(of) if self.has_trail(source.clone()).await? => of.pages,
            _ => 0,
        };
        // Nothing was written down before it was interrupted.
        let start = if pages_before == 0 { Start::Afresh } else { start };
        // What was learned of its sites, whatever is asked for this time.
        let learned = summary.and_then(|of| of.recipe.as_ref()).map_or_else(Vec::new, |recipe| recipe.scripted.clone());
        let scripted = request.scripted.iter().cloned().chain(learned).collect::<BTreeSet<_>>().into_iter().collect();
        let request = CrawlRequest { scripted, ..request };
        Ok(Fill { request, sources, start, pages_before, before, known: None })
    }

    /// A crawl by the recipe of a source that asks for no page of it but the seeds: it finds what is new. What a crawl that did not complete
    /// had found and not fetched is fetched, too, within the limits of the recipe.
    pub(super) fn again(&self, summary: &SourceSummary, recipe: &Recipe, known: Known) -> Result<Fill, Error> {
        let start = match summary.state {
            SourceState::Incomplete | SourceState::Limited => Start::GoOn,
            SourceState::Complete | SourceState::Loose => Start::Afresh,
        };
        let sources = vec![(summary.source.clone(), recipe.seeds.clone())];
        let (request, pages_before) = (CrawlRequest::of(recipe)?, summary.pages);
        Ok(Fill { request, sources, start, pages_before, before: Before::Perhaps, known: Some(known) })
    }

    async fn has_trail(&self, source: SourceId) -> Result<bool, Error> {
        self.with_store(move |store| store.has_trail(&source)).await
    }

    /// How far the crawl was that this one goes on with.
    pub(super) async fn trail(&self, fill: &Fill) -> Result<Earlier, Error> {
        match fill.source().filter(|_| fill.goes_on()).cloned() {
            Some(source) => self.with_store(move |store| store.trail(&source)).await,
            None => Ok(Earlier::default()),
        }
    }

    /// Notes how far a crawl is; the first time also what the sources are made of.
    ///
    /// # Errors
    /// [`Error::Removed`], and what the store says.
    pub(super) async fn record(self, fill: Fill, trail: Trail, noted: Noted) -> Result<(), Error> {
        let record = move |store: &Store| {
            // Something was stored before this.
            let is_new = noted == Noted::Nothing && fill.has_pages(store)?;
            let removed = if is_new { None } else { removed(store, &fill.made_of())? };
            if removed.is_some() {
                return Ok(removed);
            }
            for (source, recipe) in fill.made_of().iter().filter(|_| noted != Noted::Trail) {
                store.begin(source, recipe, fill.start, SystemTime::now())?;
            }
            fill.source().map_or(Ok(()), |source| store.record(source, &trail)).map(|()| None)
        };
        told(self.store_in(Lane::Heavy, record).await?)
    }

    /// Fails if one of these sources was removed since it was noted what it is made of. What came since is kept, as a source that is not
    /// complete and of which that is known again.
    ///
    /// # Errors
    /// [`Error::Removed`], and what the store says.
    pub(super) async fn still_there(&self, made_of: Vec<(SourceId, Recipe)>) -> Result<(), Error> {
        match made_of.is_empty() {
            true => Ok(()),
            false => told(self.store_in(Lane::Heavy, move |store| removed(store, &made_of)).await?),
        }
    }

    /// Notes which sites a crawl has found to need a browser.
    pub(super) async fn learned(&self, fill: &Fill, scripted: Vec<String>) -> Result<(), Error> {
        let sources: Vec<SourceId> = fill.sources().cloned().collect();
        let note = move |store: &Store| sources.iter().try_for_each(|source| store.learn(source, &scripted));
        self.store_in(Lane::Heavy, note).await
    }

    /// Notes how a crawl ended.
    pub(super) async fn ended(&self, fill: Fill, end: End, left: u64) -> Result<(), Error> {
        let state = match end {
            End::Complete => SourceState::Complete,
            End::Stopped => SourceState::Incomplete,
            _ => SourceState::Limited,
        };
        let note = move |store: &Store| {
            let first = fill.source().cloned();
            fill.sources.iter().try_for_each(|(source, _)| {
                let left = if first.as_ref() == Some(source) { left } else { 0 };
                store.ended(source, state, left, SystemTime::now())
            })
        };
        self.store_in(Lane::Heavy, note).await
    }

    /// Notes what came to nothing, so that a refresh tells it once. As it is told: no secret in an address is kept for this.
    pub(super) async fn note_misses(&self, fill: &Fill, report: &CrawlReport) -> Result<(), Error> {
        let urls = report.failed.iter().map(|failed| &failed.url).chain(report.skipped.iter().map(|skipped| &skipped.url));
        self.note_missed(fill, urls).await
    }

    /// The same of a crawl that was done together.
    pub(super) async fn note_joined_misses(&self, fill: &Fill, remarks: &[Remark]) -> Result<(), Error> {
        let urls: Vec<Url> = remarks.iter().filter_map(|remark| Url::parse(&remark.url).ok()).collect();
        self.note_missed(fill, urls.iter()).await
    }

    async fn note_missed(&self, fill: &Fill, urls: impl Iterator<Item = &Url>) -> Result<(), Error> {
        let mut of: HashMap<SourceId, Vec<Box<str>>> = HashMap::new();
        for url in urls {
            if let Some(source) = fill.source_of(url) {
                of.entry(source).or_default().push(url.as_str().into());
            }
        }
        let note = move |store: &Store| of.iter().try_for_each(|(source, urls)| store.note_misses(source, urls, SystemTime::now()));
        self.store_in(Lane::Heavy, note).await
    }

    /// What a crawl would fetch, as far as its seeds, robots.txt and sitemaps tell; nothing else is asked for, and nothing is stored.
    pub async fn dry_run(&self, request: CrawlRequest) -> DryRun {
        let mut crawl = self.inner.crawler.crawl(request);
        crawl.only_look();
        let mut seeds = Vec::new();
        while let Some(visit) = crawl.next().await {
            if let Visit::Page(page) = visit {
                seeds.push(masked(&page.url));
            }
        }
        let (total, pages) = crawl.would_fetch();
        let (total, pages) = (total, pages.iter().map(masked).collect());
        DryRun { seeds, pages, total, report: crawl.finish() }
    }

    /// The sources that somebody means who writes a name, `name@version`, a host or an address: see [`meant`](crate::model::meant).
    ///
    /// # Errors
    /// [`Error::UnknownSource`], [`Error::NoVersion`], and what the store says.
    pub async fn meant(&self, text: &str) -> Result<Meant, Error> {
        let named = text.trim().to_owned();
        let asked = named.clone();
        match self.with_store(move |store| store.meant(&asked)).await? {
            Ok(meant) => Ok(meant),
            Err(NotMeant::NoVersion { name, wanted, there }) => Err(Error::NoVersion { name, wanted, there }),
            Err(NotMeant::Unknown) => {
                let meant = self.source_meant(&named).await?;
                Err(Error::UnknownSource { named: named.chars().take(SHOWN).collect(), meant })
            }
        }
    }

    /// The same for what is to be changed as a whole: the address of a page is not taken for its source, but for a seed or the root of a
    /// host.
    ///
    /// # Errors
    /// As [`Engine::meant`], and [`Error::IsAPage`].
    pub async fn meant_whole(&self, text: &str) -> Result<Vec<SourceId>, Error> {
        let meant = self.meant(text).await?;
        let Some(url) = Url::parse(text.trim()).ok().filter(|_| text.contains("://")).map(normalise) else { return Ok(meant.sources) };
        if url.path() == "/" && url.query().is_none() {
            return Ok(self.meant(&host(&url)).await?.sources);
        }
        let known = self.sources().await?;
        let is_seed = |of: &SourceSummary| of.recipe.as_ref().is_some_and(|recipe| recipe.seeds.contains(&url));
        let seeded: Vec<_> = known.iter().filter(|of| is_seed(of)).map(|of| of.source.clone()).collect();
        if seeded.is_empty() { Err(Error::IsAPage { url, sources: meant.sources }) } else { Ok(seeded) }
    }

    /// What is known about one source.
    ///
    /// # Errors
    /// [`Error::NotStored`], and what the store says.
    pub async fn source(&self, source: &SourceId) -> Result<SourceSummary, Error> {
        let known = self.sources().await?;
        known.into_iter().find(|of| of.source == *source).ok_or_else(|| Error::NotStored { source_id: source.clone() })
    }

    /// The first `limit` pages of a source whose addresses begin so, by address.
    pub async fn pages_of(&self, source: SourceId, prefix: String, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.with_store(move |store| store.first_pages(&source, &prefix, limit)).await
    }

    /// Removes every page of a source and answers how many there were.
    pub async fn remove(&self, source: SourceId) -> Result<u64, Error> {
        let asked = source.clone();
        let removed = self.store_in(Lane::Heavy, move |store| {
            let pages = store.remove_source(&asked)?;
            // Of a package its symbols as well.
            store.remove_package_named(&asked)?;
            Ok(pages)
        });
        match removed.await? {
            0 => Err(Error::NotStored { source_id: source }),
            pages => Ok(pages),
        }
    }

    /// Removes the pages of a source whose addresses begin with `prefix` and answers how many there were.
    pub async fn remove_pages(&self, source: SourceId, prefix: String) -> Result<u64, Error> {
        self.store_in(Lane::Heavy, move |store| store.remove_pages(&source, &prefix)).await
    }
}

/// What a crawl would fetch.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Start pages that were read, [`masked`](crate::http::masked) as all that is told.
    pub seeds: Vec<Url>,
    /// The first [`MAX_LISTED`](crate::crawl::MAX_LISTED) pages beyond these; they may have further links.
    pub pages: Vec<Url>,
    /// How many there are.
    pub total: u64,
    /// What was left out, and why; what was skipped or failed.
    pub report: CrawlReport,
}

/// Characters of a name that is told though it is none.
const SHOWN: usize = 100;
