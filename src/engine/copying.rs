//! All of one database into another: source by source and portion by portion, each a transaction. What is there already is compared and not
//! written again, so that the same copy goes on where it was ended.

mod packages;
mod pages;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::packages::Shelf;
use self::pages::{Checking, Comparing, Walk};
use super::{Access, Engine, Existing};
use crate::error::Error;
use crate::model::{SharedSource, SourceId, SourceSummary, Trail};
use crate::reactor::Lane;
use crate::share;
use crate::store::{self, ModelSummary, Store};

/// How far a copy is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyProgress {
    /// The source that it is at; none where it is at what belongs to none.
    pub source: Option<SourceId>,
    /// Pages that are there, written now or before.
    pub copied: u64,
    /// Of these, pages that were read again there.
    pub checked: u64,
    pub pages: u64,
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    pub sources: Vec<CopiedSource>,
    /// Models that there are vectors of.
    pub models: Vec<String>,
    /// Vectors that stay behind: no page says their passages any more.
    pub spare_vectors: u64,
    /// Versions of packages, and of these those that were there already.
    pub packages: u64,
    pub packages_there: u64,
    pub projects: u64,
    pub projects_there: u64,
    /// Sites that want to be left alone for a while.
    pub resting: u64,
}

/// What has become of a source: the same is in both databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedSource {
    pub source: SourceId,
    pub pages: u64,
    pub chunks: u64,
    /// A passage that several chunks say counts with each.
    pub vectors: u64,
    /// Of `pages`, those that were written now: the others were there.
    pub written: u64,
    /// Pages that were there and are not in the database that was copied.
    pub removed: u64,
    /// Of `vectors`, those in whose place the target has kept its own, of the same model.
    pub other_vectors: u64,
    /// Addresses of a crawl that did not complete, or has come to nothing with.
    pub addresses: u64,
    /// SHA-256 over the pages with all that is known of them: of what was read here, and of what is read there.
    pub sum: String,
    /// The same over the vectors; none where those that are there are not those alone.
    pub vectors_sum: Option<String>,
}

/// A copy under way: see [`Engine::copy_from`].
#[derive(Debug)]
#[must_use = "nothing is copied before the next step is asked for"]
pub struct Copying {
    ends: Ends,
    existing: Existing,
    /// What sources are known by of which this copy has not come to its end.
    import: String,
    at: At,
    sources: Vec<SourceSummary>,
    shelf: Shelf,
    report: CopyReport,
    progress: CopyProgress,
}

/// Where a copy is: in the source of that number, but for its beginning and its end.
#[derive(Debug)]
enum At {
    Start,
    /// The sources that may be others.
    Compare(Vec<usize>, Box<Comparing>),
    Pages(usize, Box<Walk>),
    Check(usize, Box<Checking>),
    Packages,
    End,
}

/// Both databases.
#[derive(Clone, Debug)]
struct Ends {
    from: Engine,
    to: Engine,
    /// Whose vectors are copied.
    models: Arc<Vec<ModelSummary>>,
}

impl Engine {
    /// Copies all of another database into this engine's: sources with recipes and trails, pages with passages, vectors of every model,
    /// packages and projects. Each source is read again when it is there, and has to be what was read here.
    ///
    /// A source that is there already is an error if it is another, or, with [`Existing::Replace`], becomes the same. Dropped or failed in
    /// the middle, the same copy goes on: what is there is compared, and not written again.
    ///
    /// ```
    /// use smolcrawl::config::{Config, Embeddings, Environment};
    /// use smolcrawl::engine::{Chunking, Existing};
    /// use smolcrawl::{Engine, model::Document, reactor::sim::Sim};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let handle = Sim::new().handle();
    /// let engine = || {
    ///     let config = Config { environment: Environment::none(), embeddings: Embeddings::None, ..Config::new(":memory:") };
    ///     Engine::with_handle(config, handle.clone())
    /// };
    /// let (ours, theirs) = (engine()?, engine()?);
    /// let page = Document::new("https://docs.test/a".parse()?, "A", "# A\n\nText.\n", std::time::SystemTime::now());
    /// let report = handle.block_on(async {
    ///     ours.put(page, Chunking::default()).await?;
    ///     let mut copying = theirs.copy_from(&ours, Existing::Refuse);
    ///     while let Some(progress) = copying.next().await {
    ///         assert_eq!(progress?.pages, 1);
    ///     }
    ///     Ok::<_, smolcrawl::Error>(copying.into_report())
    /// })?;
    /// assert_eq!((report.sources[0].pages, report.sources[0].written), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_from(&self, from: &Engine, existing: Existing) -> Copying {
        let database = &from.inner.config.database;
        let absolute = match store::Place::of(database) {
            store::Place::File(path) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            store::Place::Server(_) => database.clone(),
        };
        Copying {
            ends: Ends { from: from.clone(), to: self.clone(), models: Arc::default() },
            existing,
            import: store::text_hash(format!("copy of {}", absolute.display()).as_bytes()),
            at: At::Start,
            sources: Vec::new(),
            shelf: Shelf::default(),
            report: CopyReport::default(),
            progress: CopyProgress::default(),
        }
    }
}

impl Copying {
    /// Copies some more and tells how far it is; none when all is there.
    ///
    /// # Errors
    /// [`share::Error::Itself`] where both are one database; [`share::Error::Others`] for what is there and is something else, before anything is written; [`share::Error::NotTheSame`] for a source
    /// that is not what was read; and what the stores say. After an error it is over.
    pub async fn next(&mut self) -> Option<Result<CopyProgress, Error>> {
        // After an error, or dropped in the middle of a step, it is not known how far it is.
        let next = match std::mem::replace(&mut self.at, At::End) {
            At::Start => self.begin().await,
            At::Compare(left, comparing) => self.compare(left, comparing).await,
            At::Pages(number, walk) => self.copy(number, walk).await,
            At::Check(number, checking) => self.check(number, checking).await,
            At::Packages => self.put_packages().await,
            At::End => return None,
        };
        Some(next.map(|at| {
            self.at = at;
            self.progress.clone()
        }))
    }

    /// What was copied so far.
    pub fn into_report(self) -> CopyReport {
        self.report
    }

    /// Looks at what there is on both sides.
    async fn begin(&mut self) -> Result<At, Error> {
        let look = |store: &Store| Ok((store.sources()?, store.models()?, store.spare_vectors()?));
        let (sources, models, spare) = self.ends.from.store_in(Lane::Bulk, look).await?;
        self.progress.pages = sources.iter().map(|of| of.pages).sum();
        self.report.models = models.iter().map(|model| model.name.clone()).collect();
        self.report.spare_vectors = spare;
        self.ends.models = Arc::new(models);
        self.sources = sources;
        self.ends.to.open_database().await?;
        let identity = |store: &Store| store.identity();
        if self.ends.from.store_in(Lane::Bulk, identity).await? == self.ends.to.store_in(Lane::Bulk, identity).await? {
            return Err(share::Error::Itself { database: self.ends.from.config().database.clone() }.into());
        }
        self.shelf = Shelf::look(&self.ends).await?;
        if self.existing == Existing::Replace {
            return self.source(0).await;
        }
        let (names, import) = (self.sources.iter().map(|of| of.source.clone()).collect::<Vec<_>>(), self.import.clone());
        let there = self.ends.to.store_in(Lane::Bulk, move |store| store.in_the_way(&names, &import)).await?;
        let left = (0..self.sources.len()).rev().filter(|number| there.contains(&self.sources[*number].source)).collect();
        self.look_at(left).await
    }

    /// Begins to compare the last of the sources that are in the way; where there is none left, all that is other is told, or the copy begins.
    async fn look_at(&mut self, left: Vec<usize>) -> Result<At, Error> {
        if let Some(number) = left.last() {
            let source = self.sources[*number].source.clone();
            self.progress.source = Some(source.clone());
            return Ok(At::Compare(left, Box::new(Comparing::of(source))));
        }
        let others = self.shelf.others();
        match others.is_empty() {
            true => self.source(0).await,
            false => Err(share::Error::Others { others }.into()),
        }
    }

    async fn compare(&mut self, mut left: Vec<usize>, mut comparing: Box<Comparing>) -> Result<At, Error> {
        let Some(is_same) = comparing.step(&self.ends).await? else { return Ok(At::Compare(left, comparing)) };
        let Some(number) = left.pop() else { return self.look_at(left).await };
        let of = &self.sources[number];
        let source = of.source.clone();
        let there = self.ends.to.store_in(Lane::Bulk, move |store| Ok(store.sources()?.into_iter().find(|there| there.source == source)));
        match there.await? {
            Some(there) if is_same && SharedSource::from(there.clone()) == SharedSource::from(of.clone()) => {
                self.progress.copied += of.pages;
                self.progress.checked += of.pages;
                self.report.sources.push(comparing.into_outcome());
            }
            _ => self.shelf.add_other(of.source.to_string()),
        }
        self.look_at(left).await
    }

    /// Begins with the source of that number, or with one behind it that is not there yet.
    async fn source(&mut self, number: usize) -> Result<At, Error> {
        let is_done = |of: &SourceSummary| self.report.sources.iter().any(|done| done.source == of.source);
        let Some(number) = (number..self.sources.len()).find(|number| !is_done(&self.sources[*number])) else {
            self.progress.source = None;
            return Ok(At::Packages);
        };
        let of = self.sources[number].clone();
        self.progress.source = Some(of.source.clone());
        let (source, shared, import) = (of.source.clone(), SharedSource::from(of), self.import.clone());
        let has_pages = self.ends.write(move |store| {
            store.begin_import(&shared, &import)?;
            Ok(!store.first_pages(&shared.source, "", 1)?.is_empty())
        });
        let has_pages = has_pages.await?;
        Ok(At::Pages(number, Box::new(Walk::of(source, has_pages))))
    }

    async fn copy(&mut self, number: usize, mut walk: Box<Walk>) -> Result<At, Error> {
        if let Some(pages) = walk.step(&self.ends).await? {
            self.progress.copied += pages;
            return Ok(At::Pages(number, walk));
        }
        let addresses = self.copy_trail(&self.sources[number]).await?;
        Ok(At::Check(number, Box::new(walk.into_checking(addresses))))
    }

    /// How far the crawl of a source has come that did not complete, and what it has met in vain; how many addresses that are.
    async fn copy_trail(&self, of: &SourceSummary) -> Result<u64, Error> {
        let source = of.source.clone();
        let read = move |store: &Store| Ok((store.trail(&source)?, store.misses(&source)?));
        let (earlier, mut misses) = self.ends.from.store_in(Lane::Bulk, read).await?;
        let count = (earlier.found.len() + earlier.done.len() + misses.len()) as u64;
        let (source, left) = (of.source.clone(), of.left);
        let write = move |store: &Store| {
            let mut trail = Trail { left, ..Trail::default() };
            for (address, depth) in earlier.found.iter() {
                trail.found.push((address.into(), depth));
                record(store, &source, &mut trail, AT_ONCE)?;
            }
            for address in earlier.done.iter() {
                trail.done.push(address.0.into());
                record(store, &source, &mut trail, AT_ONCE)?;
            }
            for part in earlier.contents.chunks(AT_ONCE) {
                trail.contents = part.to_vec();
                record(store, &source, &mut trail, 1)?;
            }
            for part in earlier.translations.chunks(AT_ONCE) {
                trail.translations = part.to_vec();
                record(store, &source, &mut trail, 1)?;
            }
            record(store, &source, &mut trail, 1)?;
            // Those that were met at one time are noted at once.
            misses.sort_by_key(|(_, since)| *since);
            for met in misses.chunk_by(|(_, one), (_, other)| one == other) {
                let urls: Vec<Box<str>> = met.iter().map(|(url, _)| url.clone()).collect();
                store.note_misses(&source, &urls, met[0].1)?;
            }
            Ok(())
        };
        self.ends.write(write).await?;
        Ok(count)
    }

    async fn check(&mut self, number: usize, mut checking: Box<Checking>) -> Result<At, Error> {
        if let Some(pages) = checking.step(&self.ends).await? {
            self.progress.checked += pages;
            return Ok(At::Check(number, checking));
        }
        let outcome = checking.into_outcome()?;
        let shared = SharedSource::from(self.sources[number].clone());
        self.ends.write(move |store| store.end_import(&shared)).await?;
        self.report.sources.push(outcome);
        self.source(number + 1).await
    }

    /// The next of what belongs to no source.
    async fn put_packages(&mut self) -> Result<At, Error> {
        if self.shelf.step(&self.ends, &mut self.report).await? {
            return Ok(At::Packages);
        }
        let now = SystemTime::now();
        let resting = self.ends.from.store_in(Lane::Bulk, move |store| store.resting(now)).await?;
        self.report.resting = resting.len() as u64;
        let rest = move |store: &Store| {
            for (origin, until) in resting {
                let asked = until.duration_since(now).unwrap_or(Duration::ZERO);
                store.note_overload(&origin, Some(asked), now)?;
            }
            Ok(())
        };
        self.ends.write(rest).await?;
        for model in self.ends.models.iter() {
            self.ends.to.index_vectors(model.name.clone()).await;
        }
        Ok(At::End)
    }
}

impl Ends {
    async fn write<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Store) -> Result<T, store::Error> + Send + 'static,
    {
        self.to.store_for(Lane::Heavy, Access::Store, work).await
    }
}

/// Writes down what there is of a trail, if that is so much.
fn record(store: &Store, source: &SourceId, trail: &mut Trail, least: usize) -> Result<(), store::Error> {
    let Trail { found, done, contents, translations, left } = trail;
    if found.len() + done.len() + contents.len() + translations.len() < least {
        return Ok(());
    }
    let left = *left;
    store.record(source, &std::mem::replace(trail, Trail { left, ..Trail::default() }))
}

/// Addresses of a trail in one transaction.
const AT_ONCE: usize = 10_000;
