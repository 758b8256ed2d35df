//! Folders, files, archives, repositories and packages on their way into the store, the first time and again: what is as it was is not read,
//! what has changed is read, cut and stored as pages of a crawl are, what is gone is removed.

mod compared;
mod download;
mod given;
mod look;
mod opened;
mod report;
mod rustdoc;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime};

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use url::Url;

pub use self::given::AddRequest;
use self::given::Target;
use self::opened::{Judged, Opened, Read, Supply, Todo};
pub use self::report::{AddReport, LeftOutFiles};
use self::rustdoc::ByName;
use super::crawling::{Cut, Stored, unread};
use super::reading::Reading;
use super::{Chunking, Engine, Event, Failed, Listed, Skipped, read_and_cut};
use crate::error::{Error, told};
use crate::extract;
use crate::files::{self, Installed};
use crate::http::masked;
use crate::model::{OverBudget, Page, SourceId, SourceState, SourceSummary};
use crate::reactor::{Boxed, Lane};
use crate::store::{CutPage, Put, Start, Store};
#[cfg(not(feature = "code"))]
use crate::symbols::Table;
use crate::symbols::TableError;

impl Engine {
    /// Starts to read what somebody gave into a source that is called after it. What an earlier reading of it has stored is read again only
    /// where it has changed. It goes on while [`Adding::next`] is polled.
    pub fn add(&self, request: AddRequest, chunking: Chunking) -> Adding {
        self.adding(Target::Given(request), chunking)
    }

    /// The documents of a package that was found on the disk, as the source that is called after it, such as `crate:serde@1.0.219`: its
    /// README, its guides, what has changed from version to version.
    ///
    /// # Errors
    /// As [`Adding::next`]. Of a package without documents nothing is stored, which is no error.
    pub async fn add_package(&self, installed: Installed, chunking: Chunking) -> Result<AddReport, Error> {
        let mut adding = self.adding(Target::Installed(installed), chunking);
        while let Some(event) = adding.next().await {
            match event {
                Err(Error::NothingToRead { .. }) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(adding.report())
    }

    /// What a source is made of, read again.
    pub(super) fn add_again(&self, summary: SourceSummary, chunking: Chunking) -> Adding {
        self.adding(Target::Again(Box::new(summary)), chunking)
    }

    fn adding(&self, target: Target, chunking: Chunking) -> Adding {
        Adding {
            engine: self.clone(),
            began: self.inner.handle.now(),
            stage: Stage::Opening(Box::pin(self.clone().open(target))),
            opened: None,
            taking_in: FuturesUnordered::new(),
            cut: Vec::new(),
            storing: FuturesUnordered::new(),
            settling: HashMap::new(),
            events: VecDeque::new(),
            moved: HashSet::new(),
            misses: Vec::new(),
            listed: None,
            is_begun: false,
            is_whole: true,
            chunking,
            reading: Reading::default(),
            report: AddReport::default(),
        }
    }
}

/// Files on their way into the store.
pub struct Adding {
    engine: Engine,
    began: Instant,
    stage: Stage,
    /// Once it is known what there is to read.
    opened: Option<Opened>,
    /// Files being read and cut. Their number is bounded, as a crawl's is.
    taking_in: FuturesUnordered<Boxed<'static, Taken>>,
    cut: Vec<Cut>,
    storing: FuturesUnordered<Boxed<'static, Stored>>,
    /// What is known of pages that are under way, by their addresses.
    settling: HashMap<Url, UnderWay>,
    /// What is told next.
    events: VecDeque<AddEvent>,
    /// Addresses under which pages were stored that have others now.
    moved: HashSet<Url>,
    /// What there was nothing to store of.
    misses: Vec<Box<str>>,
    /// What a file lists by name.
    listed: Option<Box<ByName>>,
    /// It is written down that it has begun.
    is_begun: bool,
    /// All that there is has been looked at.
    is_whole: bool,
    chunking: Chunking,
    reading: Reading,
    report: AddReport,
}

enum Stage {
    Opening(Boxed<'static, Result<Opened, Error>>),
    Reading,
    /// All is stored; what is gone is removed, a part at a time.
    Removing(Option<Boxed<'static, Result<Vec<Listed>, Error>>>),
    /// How it ended is written down.
    Closing(Boxed<'static, Result<(), Error>>),
    Over,
}

impl fmt::Debug for Adding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adding").field("report", &self.report).field("is_whole", &self.is_whole).finish_non_exhaustive()
    }
}

/// A page that is being read or stored.
#[derive(Debug, Default)]
struct UnderWay {
    /// Where it was stored before.
    before: Option<Url>,
    /// It says what it said there.
    says_the_same: bool,
}

/// What became of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AddEvent {
    /// What there is to read is known.
    Found,
    Stored {
        url: Url,
        title: String,
        put: Put,
    },
    Removed(Listed),
    Skipped(Skipped),
    Failed(Failed),
}

impl AddEvent {
    /// The page that it is about.
    pub fn url(&self) -> Option<Url> {
        match self {
            Self::Found => None,
            Self::Stored { url, .. } | Self::Removed(Listed { url, .. }) => Some(url.clone()),
            Self::Skipped(Skipped { url, .. }) | Self::Failed(Failed { url, .. }) => Some(url.clone()),
        }
    }
}

enum Taken {
    Cut {
        cut: Box<Cut>,
        says_the_same: bool,
        listed: Option<Box<ByName>>,
    },
    Nothing {
        url: Url,
        told: AddEvent,
        miss: Option<Box<str>>,
        is_removed: bool,
    },
    /// It is gone since it was listed.
    Gone,
    Unread(Url),
}

enum Turn {
    Opened(Box<Result<Opened, Error>>),
    Taken(Option<Taken>),
    Entry(Option<Read>),
    Stored(Option<Stored>),
    Hurried,
}

impl Adding {
    /// The next thing that happened; none when all is done. An error ends the reading: what is stored is kept, and nothing is removed.
    /// Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<AddEvent, Error>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(Ok(event));
            }
            match &mut self.stage {
                Stage::Over => return None,
                Stage::Removing(_) => {
                    if let Err(error) = self.remove().await {
                        return Some(Err(error));
                    }
                    continue;
                }
                Stage::Closing(closing) => {
                    let closed = closing.await;
                    self.stage = Stage::Over;
                    match closed {
                        Ok(()) => return None,
                        Err(error) => return Some(Err(error)),
                    }
                }
                Stage::Opening(_) | Stage::Reading => {}
            }
            if let Err(error) = self.read_on().await {
                self.is_whole = false;
                self.stop();
                return Some(Err(error));
            }
        }
    }

    /// One turn of the reading.
    async fn read_on(&mut self) -> Result<(), Error> {
        if self.reading.is_given_up() {
            // The threads end what they do, and what is about to be stored is.
            self.taking_in.clear();
            self.cut.clear();
            self.storing.clear();
            self.settling.clear();
        }
        self.take_up();
        self.store_what_is_cut();
        let is_opening = matches!(self.stage, Stage::Opening(_));
        let (taking_in, storing) = (!self.taking_in.is_empty(), !self.storing.is_empty());
        let is_unpacking = self.opened.as_ref().is_some_and(|opened| opened.supply.is_unpacking());
        if !is_opening && !taking_in && !storing && !is_unpacking {
            return self.after_reading();
        }
        let (stage, supply) = (&mut self.stage, self.opened.as_mut().map(|opened| &mut opened.supply));
        let opened = async {
            match stage {
                Stage::Opening(opening) => Turn::Opened(Box::new(opening.await)),
                _ => future::pending().await,
            }
        };
        let stored = async { if storing { Turn::Stored(self.storing.next().await) } else { future::pending().await } };
        let taken = async { if taking_in { Turn::Taken(self.taking_in.next().await) } else { future::pending().await } };
        let entry = async {
            match supply {
                Some(Supply::Packed(packed)) => Turn::Entry(packed.read().await),
                _ => future::pending().await,
            }
        };
        let hurried = async {
            self.reading.hurry(&self.engine.inner.handle).await;
            Turn::Hurried
        };
        match future::or(future::or(future::or(stored, taken), future::or(entry, opened)), hurried).await {
            Turn::Hurried => {}
            Turn::Opened(opened) => {
                self.stage = Stage::Reading;
                self.begin_with((*opened)?);
            }
            Turn::Entry(None) | Turn::Taken(None) | Turn::Stored(None) => {}
            Turn::Entry(Some(read)) => self.meet(read)?,
            Turn::Taken(Some(taken)) => self.taken(taken),
            Turn::Stored(Some((told, failed))) => {
                told.into_iter().for_each(|(_, event)| self.stored(event));
                if let Some(error) = failed {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn begin_with(&mut self, opened: Opened) {
        self.report.source = Some(opened.source.clone());
        self.report.version = opened.version.clone();
        self.report.files = opened.found;
        self.report.unchanged = opened.unchanged;
        self.report.still_skipped_total = opened.still_skipped;
        self.report.left_out = LeftOutFiles::all(&opened.left_out);
        self.report.hints.clone_from(&opened.notes);
        if self.reading.is_ending() {
            self.is_whole = false;
        }
        self.opened = Some(opened);
        self.events.push_back(AddEvent::Found);
    }

    /// Begins to read what comes next, as far as there is room.
    fn take_up(&mut self) {
        if self.reading.is_ending() {
            self.is_whole &= !self.opened.as_ref().is_some_and(|opened| opened.supply.has_more());
            if let Some(opened) = &mut self.opened {
                opened.supply = Supply::Nothing;
            }
            return;
        }
        let has_room = |taken: usize| taken + self.cut.len() + self.storing.len() * STORED_TOGETHER < READ_AT_ONCE;
        let Some(opened) = &mut self.opened else { return };
        let mut taken = Vec::new();
        match &mut opened.supply {
            Supply::Listed { listing, todo } => {
                while has_room(self.taking_in.len() + taken.len())
                    && let Some(todo) = todo.next()
                {
                    let listing = listing.clone();
                    let found = todo.found.clone();
                    taken.push((todo, Box::new(move || listing.page(&found)) as PageOf));
                }
            }
            Supply::Packed(packed) => {
                if has_room(self.taking_in.len()) {
                    packed.begin(&self.engine.inner.handle);
                }
            }
            Supply::Nothing => {}
        }
        taken.into_iter().for_each(|(todo, page)| self.take_in(todo, page));
    }

    /// An entry of an archive, or its end.
    fn meet(&mut self, read: Read) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let Supply::Packed(packed) = &mut opened.supply else { return Ok(()) };
        match read {
            Read::Entry(entry) => {
                self.report.files += 1;
                let judged = packed.judge(entry);
                if let Some(root) = packed.root() {
                    opened.recipe.seeds = vec![root];
                }
                match judged {
                    Judged::Read(read) => {
                        let (todo, page) = *read;
                        self.take_in(todo, Box::new(move || Ok(page)));
                    }
                    Judged::Unchanged => self.report.unchanged += 1,
                    Judged::StillNothing => self.report.still_skipped_total += 1,
                }
            }
            Read::More => {}
            Read::End => {
                let ended = packed.ended();
                self.report.left_out = LeftOutFiles::all(&ended.left_out);
                self.report.version = ended.version.clone().or(self.report.version.take());
                opened.ended(ended);
                if self.report.files == 0 {
                    return Err(self.came_to_nothing());
                }
            }
            Read::Failed(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn take_in(&mut self, todo: Todo, page: PageOf) {
        let Some(opened) = &self.opened else { return };
        let under_way = UnderWay { before: todo.before.clone(), says_the_same: false };
        self.settling.insert(todo.url.clone(), under_way);
        let (source, budget) = (opened.source.clone(), self.reading.budget.clone());
        self.taking_in.push(self.engine.clone().take_in_file(source, todo, page, self.chunking.clone(), budget));
    }

    fn taken(&mut self, taken: Taken) {
        match taken {
            Taken::Cut { cut, says_the_same, listed } => {
                if let Some(listed) = listed {
                    self.report.hints.extend(listed.notes.iter().cloned());
                    self.listed = Some(listed);
                }
                if let Some(under_way) = self.settling.get_mut(cut.url()) {
                    under_way.says_the_same = says_the_same;
                }
                self.cut.push(*cut);
            }
            Taken::Nothing { url, told, miss, is_removed } => {
                let before = self.settling.remove(&url).and_then(|under_way| under_way.before);
                if is_removed && let Some(opened) = &mut self.opened {
                    opened.gone.extend(before.or(Some(url)));
                }
                self.misses.extend(miss);
                self.tell(told);
            }
            Taken::Gone => {}
            Taken::Unread(url) => {
                self.is_whole = false;
                self.settling.remove(&url);
                self.tell(AddEvent::Failed(unread(url, &OverBudget::Stopped.into())));
            }
        }
    }

    fn stored(&mut self, event: Event) {
        let Event::Stored { url, title, put } = event else { return };
        let under_way = self.settling.remove(&url).unwrap_or_default();
        let put = match (&under_way.before, under_way.says_the_same) {
            (None, _) => put,
            (Some(_), true) => Put::Unchanged,
            (Some(_), false) => Put::Replaced,
        };
        self.moved.extend(under_way.before);
        self.tell(AddEvent::Stored { url, title, put });
    }

    fn tell(&mut self, event: AddEvent) {
        self.report.count(&event);
        self.events.push_back(event);
    }

    /// Pages are stored some together, at once where nothing more is read that is worth waiting for.
    fn store_what_is_cut(&mut self) {
        let waits = !self.reading.is_ending() && !self.taking_in.is_empty();
        if self.cut.is_empty() || waits && self.cut.len() < STORED_TOGETHER {
            return;
        }
        let Some(opened) = &self.opened else { return };
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let begins = is_first.then(|| (opened.source.clone(), opened.recipe.clone(), opened.recipe_before.is_some()));
        let (engine, cut) = (self.engine.clone(), std::mem::take(&mut self.cut));
        self.storing.push(Box::pin(async move {
            if let Some((source, recipe, was_made)) = begins {
                // Who comes after an interruption finds what it is made of.
                let begin = move |store: &Store| {
                    let is_gone = was_made && !store.is_made(&source)?;
                    store.begin(&source, &recipe, Start::Afresh, SystemTime::now())?;
                    Ok(is_gone.then_some(source))
                };
                match engine.store_in(Lane::Heavy, begin).await {
                    Ok(None) => {}
                    Ok(Some(source_id)) => return (Vec::new(), Some(Error::Removed { source_id })),
                    Err(error) => return (Vec::new(), Some(error)),
                }
            }
            engine.store_together(cut).await
        }));
    }

    fn after_reading(&mut self) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else {
            self.stage = Stage::Over;
            return Ok(());
        };
        if !self.is_whole {
            self.close();
            return Ok(());
        }
        // As of a folder in which nothing is found: it may be written just now.
        if self.report.pages() == 0 && !opened.gone.is_empty() && !self.reading.is_ending() {
            return Err(self.came_to_nothing());
        }
        opened.gone.extend(self.moved.iter().cloned());
        self.stage = Stage::Removing(None);
        Ok(())
    }

    /// What is stored stays as it is, with what is known of it.
    fn came_to_nothing(&mut self) -> Error {
        self.stage = Stage::Over;
        self.report.elapsed = self.engine.inner.handle.now().saturating_duration_since(self.began);
        let Some(opened) = &self.opened else { return Error::NothingToRead { what: String::new(), left_out: Vec::new(), kept: 0 } };
        let told =
            self.report.skipped.first().map(|of| format!("{} without text (such as {}: {})", self.report.skipped_total, of.url, of.why));
        opened.nothing(told)
    }

    /// Removes a part of what is gone.
    async fn remove(&mut self) -> Result<(), Error> {
        let Some(opened) = &mut self.opened else { return Ok(()) };
        let Stage::Removing(removing) = &mut self.stage else { return Ok(()) };
        if removing.is_none() {
            if opened.gone.is_empty() || self.reading.is_ending() {
                self.is_whole &= opened.gone.is_empty();
                self.close();
                return Ok(());
            }
            let part = opened.gone.split_off(opened.gone.len().saturating_sub(REMOVED_TOGETHER));
            self.is_begun = true;
            *removing = Some(Box::pin(self.engine.clone().forget_files(opened.source.clone(), part)));
        }
        let Some(under_way) = removing else { return Ok(()) };
        let removed = under_way.await;
        *removing = None;
        match removed {
            Ok(removed) => {
                for page in removed {
                    if !self.moved.contains(&page.url) {
                        self.tell(AddEvent::Removed(page));
                    }
                }
                Ok(())
            }
            Err(error) => {
                self.is_whole = false;
                self.close();
                Err(error)
            }
        }
    }

    fn close(&mut self) {
        let Some(opened) = &self.opened else { return };
        self.report.is_complete = self.is_whole;
        self.report.beyond_limits = opened.beyond_limits();
        self.report.elapsed = self.engine.inner.handle.now().saturating_duration_since(self.began);
        let (source, misses) = (opened.source.clone(), std::mem::take(&mut self.misses));
        let left = self.report.beyond_limits;
        let state = match (self.is_whole, left) {
            (false, _) => SourceState::Incomplete,
            (true, 0) => SourceState::Complete,
            (true, _) => SourceState::Limited,
        };
        let mut recipe = opened.recipe.clone();
        if self.is_whole
            && let Some(files) = &mut recipe.files
        {
            files.state.clone_from(&opened.state);
            // Nobody but a listing tells which files are still to be read.
            if self.report.failed_total > 0 && !matches!(opened.supply, Supply::Listed { .. }) {
                files.state = files.state.take().map(|state| format!("{FAILED}{state}"));
            }
        }
        let is_news = self.is_begun || opened.recipe_before.as_ref() != Some(&recipe);
        let was_made = opened.recipe_before.is_some() || self.report.added + self.report.updated > 0;
        let has_pages = opened.had + self.report.added + self.report.updated + self.report.unchanged > 0;
        let version = self.report.version.clone();
        let end = move |store: &Store| {
            if !has_pages {
                return Ok(None);
            }
            let now = SystemTime::now();
            let (mut state, mut recipe) = (state, recipe);
            // Removed by another meanwhile: what was stored before that is to be read again.
            let is_gone = was_made && !store.is_made(&source)?;
            if is_gone {
                state = SourceState::Incomplete;
                recipe.files.iter_mut().for_each(|files| files.state = None);
            }
            if is_news || is_gone {
                store.begin(&source, &recipe, Start::Afresh, now)?;
            }
            if let Some(version) = version.filter(|_| source.version().is_none()) {
                store.says_version(&source, &version)?;
            }
            store.note_misses(&source, &misses, now)?;
            store.ended(&source, state, left, now)?;
            Ok(is_gone.then_some(source))
        };
        let (engine, listed, source) = (self.engine.clone(), self.listed.take(), opened.source.clone());
        let is_other = self.report.updated > 0;
        self.stage = Stage::Closing(Box::pin(async move {
            if let Some(source_id) = engine.store_in(Lane::Heavy, end).await? {
                return Err(Error::Removed { source_id });
            }
            match listed {
                Some(listed) => engine.keep_listed(source, listed.table, listed.base).await,
                // What was listed may be another file's by now.
                None if is_other => engine.store_in(Lane::Heavy, move |store| store.remove_site(&source).map(drop)).await,
                None => Ok(()),
            }
        }));
    }

    /// Reads nothing more. What has been read is still stored while [`Adding::next`] is polled, until it yields none: a file that takes more
    /// than about a second for that has failed.
    pub fn stop(&mut self) {
        self.reading.end(self.engine.inner.handle.now());
        if matches!(self.stage, Stage::Opening(_)) {
            // What is being fetched or listed is not waited for.
            self.is_whole = false;
            self.stage = Stage::Over;
        }
    }

    /// What it fills, once that is known: with the first event at the latest.
    pub fn source(&self) -> Option<&SourceId> {
        self.report.source.as_ref()
    }

    /// How many documents there are, as far as that is known.
    pub fn files(&self) -> u64 {
        self.report.files
    }

    /// What was found so far.
    pub fn report(&self) -> AddReport {
        let elapsed = match self.stage {
            Stage::Over | Stage::Closing(_) => self.report.elapsed,
            _ => self.engine.inner.handle.now().saturating_duration_since(self.began),
        };
        AddReport { elapsed, ..self.report.clone() }
    }

    pub(super) fn report_so_far(&self) -> &AddReport {
        &self.report
    }
}

/// Why a file is no page.
enum Untaken {
    Skip(extract::Skip),
    Listed(TableError),
}

type PageOf = Box<dyn FnOnce() -> Result<Page, files::Error> + Send>;

impl Engine {
    /// Reads and cuts a file on the pool, as a page of a crawl is.
    fn take_in_file(
        self,
        source: SourceId,
        todo: Todo,
        page: PageOf,
        chunking: Chunking,
        budget: crate::model::Budget,
    ) -> Boxed<'static, Taken> {
        Box::pin(async move {
            let Todo { url, before, is_known, .. } = todo;
            let inner = self.inner.clone();
            let work = move || {
                let page = page()?;
                let tag = page.validators.etag.clone();
                // A defect that one file shows ends no more than the work on it.
                let read = catch_unwind(AssertUnwindSafe(|| match rustdoc::read(&page) {
                    Some(Ok(of)) => Ok((of.document, of.chunks, Some(of.listed))),
                    Some(Err(error)) => Err(Untaken::Listed(error)),
                    None => {
                        let read = read_and_cut(&page, &chunking, &inner.embedder, &budget);
                        read.map(|(document, chunks)| (document, chunks, None)).map_err(Untaken::Skip)
                    }
                }));
                Ok::<_, files::Error>((tag, read))
            };
            let failed = |error: String, hint: Option<String>, is_transient| {
                let url = masked(&url);
                AddEvent::Failed(Failed { url, error, hint, is_transient })
            };
            let nothing = |told| Taken::Nothing { url: url.clone(), told, miss: None, is_removed: false };
            match self.inner.handle.unblock_on(Lane::Bulk, work).await {
                Err(files::Error::NotFound { .. }) if is_known => {
                    let url = before.unwrap_or(url);
                    let page = Skipped { url: masked(&url), why: "gone since it was listed".to_owned() };
                    Taken::Nothing { url, told: AddEvent::Skipped(page), miss: None, is_removed: true }
                }
                Err(files::Error::NotFound { .. }) => Taken::Gone,
                Err(error) => nothing(failed(error.to_string(), error.hint(), false)),
                Ok((_, Ok(Ok((document, chunks, listed))))) => {
                    let says_the_same = match before {
                        Some(before) => match self.page_in(Some(source.clone()), before).await {
                            Ok(stored) => stored.is_some_and(|(_, stored)| stored.markdown == document.markdown),
                            Err(_) => false,
                        },
                        None => false,
                    };
                    let page = CutPage { source: Some(source), document, chunks };
                    Taken::Cut { cut: Box::new(Cut::new(page)), says_the_same, listed }
                }
                Ok((_, Ok(Err(Untaken::Listed(error))))) => {
                    nothing(failed(format!("the JSON of rustdoc: {error}"), rustdoc::hint(&error), false))
                }
                Ok((_, Ok(Err(Untaken::Skip(extract::Skip::OverBudget(OverBudget::Stopped)))))) => Taken::Unread(url),
                Ok((_, Ok(Err(Untaken::Skip(skip @ extract::Skip::OverBudget(_)))))) => {
                    nothing(AddEvent::Failed(unread(url.clone(), &skip)))
                }
                Ok((tag, Ok(Err(Untaken::Skip(skip))))) => {
                    let miss = tag.map(|tag| compared::miss(&url, &tag));
                    let event = AddEvent::Skipped(Skipped { url: masked(&url), why: told(&skip) });
                    Taken::Nothing { url, told: event, miss, is_removed: is_known }
                }
                Ok((_, Err(_))) => {
                    let hint = "this is a defect of smolcrawl; please report it".to_owned();
                    nothing(failed("reading this file panicked".to_owned(), Some(hint), false))
                }
            }
        })
    }

    /// Removes pages and tells their titles.
    async fn forget_files(self, source: SourceId, urls: Vec<Url>) -> Result<Vec<Listed>, Error> {
        let mut removed = Vec::new();
        for url in urls {
            let title = self.forget(source.clone(), url.clone()).await?;
            removed.push(Listed { url, title });
        }
        Ok(removed)
    }
}

#[cfg(not(feature = "code"))]
impl Engine {
    /// Nothing is found by name without what reads code.
    async fn keep_listed(&self, _: SourceId, _: Table, _: Url) -> Result<(), Error> {
        Ok(())
    }
}

/// Before the state of what was read to its end, but for files that could not be read: they are tried whenever it is asked for.
const FAILED: &str = "failed ";
/// Files read, cut and stored at once: enough to keep the pool's threads busy.
const READ_AT_ONCE: usize = 16;
/// Pages that are one transaction, and one segment of the index of words.
const STORED_TOGETHER: usize = 8;
const REMOVED_TOGETHER: usize = 32;

#[cfg(test)]
mod tests;
