//! Keeps pages, chunks and vectors in one SQLite file and finds them again. Synchronous, one writer.
//!
//! A page is put in one transaction: whoever reads, and whoever opens the file after a crash, sees the old page or the new one.
//! Several processes may use one file: each has one writing connection behind a lock and reading ones beside it, and what is
//! kept in memory follows the file by the ids of its rows. Knows neither how chunks are cut nor who makes the vectors.

mod among;
mod check;
mod checksum;
mod compact;
mod connect;
mod error;
mod fuse;
mod hosts;
mod packages;
mod pages;
mod passages;
#[cfg_attr(windows, path = "place/windows.rs")]
#[cfg_attr(not(windows), path = "place/other.rs")]
mod place;
mod ranges;
mod rank;
mod scan;
mod schema;
mod search;
mod share;
mod sketches;
mod sources;
mod texts;
mod vector;
mod words;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use url::Url;

use crate::model::{
    Chunk, Document, Earlier, EmbedProgress, Embedded, Filled, Hit, Meant, Metadata, NotMeant, Pending, Query, Recipe, SourceId,
    SourceState, SourceSummary, Trail, Validators, Wanted,
};

pub use self::check::Check;
pub use self::compact::Compacted;
pub use self::connect::until;
use self::connect::{Look, Missing};
pub use self::error::Error;
use self::error::Failure;
pub use self::packages::{Agreement, NamedSymbols, PackageRow, SITE, StoredPackage, StoredProject};
use self::passages::Kept;
pub use self::passages::text_hash;
use self::ranges::Ranges;
use self::search::Narrowed;
pub use self::share::SharedVectors;
use self::vector::Matrix;

/// How the store ranks, and how long it waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What meaning weighs against words in a hybrid search, 0 to 1, where the model knows the words of the question; the less it does, the
    /// less meaning weighs, down to 0.2, and least for a question that is one name or number. Default 0.8: the best mean over the question
    /// sets that were measured.
    pub dense_weight: f32,
    /// How many of the best chunks of each side a hybrid search looks at, four times as many where pages are asked for; never fewer than it
    /// is asked for. Default 100.
    pub candidates: usize,
    /// How long a write waits for another process to finish its own. Default 5 s.
    pub busy_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { dense_weight: 0.8, candidates: 100, busy_timeout: Duration::from_secs(5) }
    }
}

/// A page that is to be stored, and what it was cut into.
#[derive(Debug)]
pub struct CutPage {
    /// None: the source that it belongs to.
    pub source: Option<SourceId>,
    pub document: Document,
    pub chunks: Vec<Chunk>,
}

/// What became of a page that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The page is new.
    Added,
    /// The page had another title, text, metadata or outline, or other chunks. Chunks that stayed the same kept their vectors.
    Replaced,
    /// All of that is as it was: only validators and the time of fetching were taken over.
    Unchanged,
}

/// Whether what is known of an earlier crawl counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Afresh,
    GoOn,
}

/// A model, as the vectors know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSummary {
    /// Names the space of its vectors.
    pub name: String,
    /// Components of each vector.
    pub dimensions: u64,
    pub vectors: u64,
}

/// The row of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageId(i64);

/// A stored page without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageSummary {
    pub url: Url,
    pub title: String,
    pub fetched_at: SystemTime,
    /// Length of its markdown.
    pub bytes: u64,
}

/// Pages, chunks and vectors in one file.
///
/// ```
/// use smolcrawl::model::{Document, Mode, Query};
/// use smolcrawl::{chunk, store::Store};
///
/// # fn main() -> Result<(), smolcrawl::store::Error> {
/// let store = Store::open_in_memory()?;
/// let url = "https://docs.test/vacuum".parse().unwrap();
/// let page = Document::new(url, "Vacuum", "# Vacuum\n\nVacuuming gives free pages back.\n", std::time::SystemTime::now());
/// store.put(&page, &chunk::split(&page, &chunk::Config::default()))?;
/// let query = Query { limit: 5, mode: Mode::Lexical, ..Query::new("what does vacuuming give back?") };
/// assert_eq!(store.search(&query, None, "no model")?[0].url, page.url);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Store {
    /// For messages; ":memory:" where there is no file.
    path: PathBuf,
    config: Config,
    /// The only connection of this process that writes; none where nothing can be written. Held for one transaction at a time, never
    /// while others' code runs.
    writer: Option<Mutex<Connection>>,
    readers: Readers,
    /// By model. The outer lock is held for a look-up only.
    matrices: Mutex<HashMap<String, Arc<RwLock<Matrix>>>>,
    /// What the last search was narrowed to: the next one often is to the same. Held to look and to replace.
    narrowed: Mutex<Option<Narrowed>>,
    /// By model, for text and code: chunks that are known to have a vector. Ids only grow, and a vector leaves only with its last chunk,
    /// or when it is found damaged: then nothing is known.
    embedded: Mutex<HashMap<String, [Ranges; 2]>>,
}

#[derive(Debug)]
enum Readers {
    /// Connections that are idle. Held to take one or to put it back.
    OfFile(Mutex<Vec<Connection>>),
    /// A database in memory has one connection: reading waits for writing.
    Writer,
    /// Of a file that cannot be written. Held as above.
    Standing(Mutex<Standing>),
}

/// Connections that are idle, and what their file looked like when they were opened. It has no locks that would tell of a change.
#[derive(Debug)]
struct Standing {
    look: Look,
    idle: Vec<Connection>,
}

impl Store {
    /// Opens the file to read and write, making it and its folder where they are missing, and brings its schema to this version. What
    /// is made is for its owner alone (0600 and 0700 on Unix; on Windows the rights of the folder, which in a profile are the user's);
    /// what is there keeps its rights.
    ///
    /// The path is a path, whatever it looks like: `file:x?y` is a file of that name, as is `:memory:`.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let writer = connect::writer(&path, &config, Missing::Make).map_err(|failure| failure.at(&path))?;
        Self::of_file(path, config, writer)
    }

    /// Opens the file for questions: as [`Store::open`], but makes no file ([`Error::Missing`]), and where file, folder or file system
    /// cannot be written it is opened as by [`Store::open_to_read`].
    pub fn open_existing(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        match connect::writer(&path, &config, Missing::Refuse).map_err(|failure| failure.at(&path)) {
            Ok(writer) => Self::of_file(path, config, writer),
            Err(Error::ReadOnly { .. }) => Self::open_to_read(path, config),
            Err(error) => Err(error),
        }
    }

    /// Opens the file to read alone: nothing is written, locked or made, and writing is [`Error::ReadOnly`]. What a process that ended
    /// early has left in the file's log (`-wal`) is read as well.
    pub fn open_to_read(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let first = Look::at(&path).and_then(|look| Ok(Standing { look, idle: vec![connect::standing(&path, &config)?] }));
        let readers = Readers::Standing(Mutex::new(first.map_err(|failure| failure.at(&path))?));
        Ok(Self::with(path, config, None, readers))
    }

    /// Whether pages can be stored: a store that was opened to read alone takes none.
    pub fn is_writable(&self) -> bool {
        self.writer.is_some()
    }

    fn of_file(path: PathBuf, config: Config, writer: Connection) -> Result<Self, Error> {
        // One that reads is there from the start: later there may be no descriptor left for it.
        let reader = connect::reader(&path, &config).map_err(|failure| failure.at(&path))?;
        Ok(Self::with(path, config, Some(writer), Readers::OfFile(Mutex::new(vec![reader]))))
    }

    /// A store that ends with the value: for tests and for programs that index something for one run.
    pub fn open_in_memory() -> Result<Self, Error> {
        let path = PathBuf::from(":memory:");
        let prepared = Connection::open_in_memory().map_err(Failure::from).and_then(|mut connection| {
            connect::hold(&mut connection)?;
            schema::prepare(&mut connection)?;
            Ok(connection)
        });
        let writer = prepared.map_err(|failure| failure.at(&path))?;
        Ok(Self::with(path, Config::default(), Some(writer), Readers::Writer))
    }

    fn with(path: PathBuf, config: Config, writer: Option<Connection>, readers: Readers) -> Self {
        if let Some(writer) = &writer {
            writer.set_prepared_statement_cache_capacity(64);
        }
        Self {
            path,
            config,
            writer: writer.map(Mutex::new),
            readers,
            matrices: Mutex::default(),
            narrowed: Mutex::default(),
            embedded: Mutex::default(),
        }
    }

    /// Stores a page with its chunks in place of what was stored for its URL, in the source that has it, else in that of its host. Chunks
    /// that say what others say, or said not long ago, have their vectors.
    /// A user name and a password in the URL are not stored; wherever a URL is asked for, it means the one without them.
    pub fn put(&self, document: &Document, chunks: &[Chunk]) -> Result<Put, Error> {
        self.put_cut_for(None, document, chunks, None)
    }

    /// The same, in a source that is named, and where the page was cut for a model that reads so many tokens of a passage: for one that
    /// reads less it is [cut again](Store::cut_for_more).
    pub fn put_cut_for(&self, source: Option<&SourceId>, document: &Document, chunks: &[Chunk], tokens: Option<u32>) -> Result<Put, Error> {
        let kept = kept_as(document);
        let page = std::iter::once((source, &*kept, chunks));
        let put = self.write(|transaction| pages::put_all(transaction, page, tokens))?;
        Ok(self.told(put).pop().unwrap_or(Put::Unchanged))
    }

    /// Stores several pages at once, all or none, and tells what became of each: that costs less than one after the other.
    pub fn put_all(&self, pages: &[CutPage], tokens: Option<u32>) -> Result<Vec<Put>, Error> {
        let kept: Vec<_> = pages.iter().map(|page| kept_as(&page.document)).collect();
        let all = pages.iter().zip(&kept).map(|(page, document)| (page.source.as_ref(), &**document, &*page.chunks));
        let put = self.write(|transaction| pages::put_all(transaction, all, tokens))?;
        Ok(self.told(put))
    }

    fn told(&self, put: Vec<(Put, Kept)>) -> Vec<Put> {
        let tell = |(put, vectors)| {
            self.look_again(vectors);
            put
        };
        put.into_iter().map(tell).collect()
    }

    /// At most `limit` pages that were cut for no model, or for one that reads more than so many tokens of a passage.
    pub fn cut_for_more(&self, tokens: u32, limit: usize) -> Result<Vec<PageId>, Error> {
        self.read(|transaction| pages::cut_for_more(transaction, tokens, limit))
    }

    /// Puts other chunks of the same page in place of those that are stored, unless another page has been put meanwhile; whether it was
    /// the same. Chunks that say the same keep their vectors.
    pub fn recut(&self, page: PageId, document: &Document, chunks: &[Chunk], tokens: u32) -> Result<bool, Error> {
        let recut = self.write(|transaction| pages::recut(transaction, page, document, chunks, tokens))?;
        recut.inspect(|vectors| self.look_again(*vectors));
        Ok(recut.is_some())
    }

    /// Notes that a page is not to be cut again for a model that reads so many tokens: it cannot be read, say.
    pub fn leave_cut(&self, page: PageId, tokens: u32) -> Result<(), Error> {
        self.write(|transaction| pages::leave_cut(transaction, page, tokens))
    }

    /// The page of a source has been asked for and has not changed.
    pub fn touch(&self, source: &SourceId, url: &Url, fetched_at: SystemTime) -> Result<(), Error> {
        self.write(|transaction| pages::touch(transaction, source, &address(url), fetched_at))
    }

    /// Forgets the page of a source at an address, or of all sources; whether there was one.
    pub fn remove_page(&self, source: Option<&SourceId>, url: &Url) -> Result<bool, Error> {
        self.write(|transaction| pages::remove(transaction, source, &address(url)))
    }

    /// Forgets a source with all its pages and returns how many there were.
    pub fn remove_source(&self, source: &SourceId) -> Result<u64, Error> {
        self.write(|transaction| pages::remove_source(transaction, source, None))
    }

    /// Forgets the pages of a source whose addresses begin so, and returns how many there were.
    pub fn remove_pages(&self, source: &SourceId, prefix: &str) -> Result<u64, Error> {
        self.write(|transaction| pages::remove_source(transaction, source, Some(prefix)))
    }

    /// The page as it was put; times are kept to the millisecond. Of several sources' pages at one address it is the one that was fetched
    /// last.
    pub fn page(&self, url: &Url) -> Result<Option<Document>, Error> {
        Ok(self.page_in(None, url)?.map(|(_, document)| document))
    }

    /// The page of a source, or the one that was fetched last, with the source it is of.
    pub fn page_in(&self, source: Option<&SourceId>, url: &Url) -> Result<Option<(SourceId, Document)>, Error> {
        self.read(|transaction| pages::page(transaction, source, &address(url)))
    }

    /// The sources that have a page at this address, by name.
    pub fn sources_of_page(&self, url: &Url) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| pages::sources_of(transaction, &address(url)))
    }

    /// The same by its row.
    pub fn page_of(&self, page: PageId) -> Result<Option<Document>, Error> {
        self.read(|transaction| pages::page_of(transaction, page))
    }

    /// At most `limit` pages of a source with their texts, by address, from the one behind `after` on.
    pub fn documents_after(&self, source: &SourceId, after: &str, limit: usize) -> Result<Vec<Document>, Error> {
        self.read(|transaction| pages::documents_after(transaction, source, after, limit))
    }

    /// The sources that somebody means who writes a name, `name@version`, a host or an address: see [`meant`](crate::model::meant).
    pub fn meant(&self, text: &str) -> Result<Result<Meant, NotMeant>, Error> {
        self.read(|transaction| sources::find(transaction, text))
    }

    /// Notes what a source is made of, and that a crawl of it begins or, with what is known of an earlier one, goes on.
    pub fn begin(&self, source: &SourceId, recipe: &Recipe, start: Start, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| {
            if start == Start::Afresh {
                sources::forget_trail(transaction, source)?;
            }
            sources::begin(transaction, source, recipe, now)
        })
    }

    /// Notes for which origins a browser was found to be needed. Of a source without a recipe nothing is noted.
    pub fn learn(&self, source: &SourceId, scripted: &[String]) -> Result<(), Error> {
        self.write(|transaction| sources::learn(transaction, source, scripted))
    }

    /// Notes how far a crawl has come, so that it can go on after a crash.
    pub fn record(&self, source: &SourceId, trail: &Trail) -> Result<(), Error> {
        self.write(|transaction| sources::record(transaction, source, trail))
    }

    /// Whether a crawl that did not complete has dealt with anything.
    pub fn has_trail(&self, source: &SourceId) -> Result<bool, Error> {
        self.read(|transaction| sources::has_trail(transaction, source))
    }

    /// How far a crawl that did not complete has come.
    pub fn trail(&self, source: &SourceId) -> Result<Earlier, Error> {
        self.read(|transaction| sources::trail(transaction, source))
    }

    /// Notes how a crawl or refresh of a source ended, with so many known URLs not fetched.
    pub fn ended(&self, source: &SourceId, state: SourceState, left: u64, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| sources::end(transaction, source, state, left, now))
    }

    /// The pages of a source that name themselves in other languages, with what they say of themselves.
    pub fn translations(&self, source: &SourceId) -> Result<Vec<(Url, Metadata)>, Error> {
        self.read(|transaction| sources::translations(transaction, source))
    }

    /// The page of a source that has the text of this one already, if this one is not stored.
    pub fn page_saying_the_same(&self, source: &SourceId, document: &Document) -> Result<Option<Url>, Error> {
        self.read(|transaction| sources::page_saying_the_same(transaction, source, document))
    }

    /// Takes the turn of an origin that wants so much time between two requests, for all that use the file; or how long to wait before
    /// asking again. Without a `delay`: by the one that it wanted last, if that is known.
    pub fn take_turn(&self, origin: &str, delay: Option<Duration>, now: SystemTime) -> Result<Option<Duration>, Error> {
        // Of most origins there is nothing to write.
        if delay.is_none() && self.read(|transaction| hosts::is_unknown(transaction, origin))? {
            return Ok(None);
        }
        self.write(|transaction| hosts::take_turn(transaction, origin, delay, now))
    }

    /// Notes that an origin has said that it was asked too much, with how long it wants to be left alone, perhaps; until when it is, by
    /// all that use the file.
    pub fn note_overload(&self, origin: &str, asked: Option<Duration>, now: SystemTime) -> Result<SystemTime, Error> {
        self.write(|transaction| hosts::note_overload(transaction, origin, asked, now))
    }

    /// Notes that an origin has answered, and rests no more: what it refuses next is the first of a row.
    pub fn note_answer(&self, origin: &str, now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| hosts::note_answer(transaction, origin, now))
    }

    /// The origins that are to be left alone, each with until when.
    pub fn resting(&self, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        self.read(|transaction| hosts::resting(transaction, now))
    }

    /// Addresses that crawls of a source have met and that came to nothing, each with when that was first so.
    pub fn misses(&self, source: &SourceId) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        self.read(|transaction| sources::misses(transaction, source))
    }

    /// Notes addresses that have come to nothing now. Of those that are known the first time stays; at most 20,000 of a source are kept.
    pub fn note_misses(&self, source: &SourceId, urls: &[Box<str>], now: SystemTime) -> Result<(), Error> {
        self.write(|transaction| sources::note_misses(transaction, source, urls, now))
    }

    /// Notes the version that the pages of a source name.
    pub fn says_version(&self, source: &SourceId, version: &str) -> Result<(), Error> {
        self.write(|transaction| sources::says_version(transaction, source, version))
    }

    /// The pages of a source in the order of their URLs.
    pub fn pages(&self, source: &SourceId) -> Result<Vec<PageSummary>, Error> {
        self.first_pages(source, "", usize::MAX)
    }

    /// The first `limit` of these whose addresses begin so.
    pub fn first_pages(&self, source: &SourceId, prefix: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.read(|transaction| pages::list(transaction, source, prefix, limit))
    }

    /// At most `limit` pages whose addresses begin with `prefix`, in the order of their addresses, from the one behind `after` on. It
    /// costs what the answer costs, however many pages there are.
    pub fn pages_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.read(|transaction| pages::after(transaction, prefix, after, limit))
    }

    /// How many pages have addresses that begin with `prefix`.
    pub fn count_pages(&self, prefix: &str) -> Result<u64, Error> {
        self.read(|transaction| pages::count_of(transaction, prefix))
    }

    /// What a refresh of a source asks its pages with, in the order of their URLs.
    pub fn validators(&self, source: &SourceId) -> Result<Vec<(Url, Validators)>, Error> {
        let pages = self.validators_before(source, None)?;
        Ok(pages.into_iter().map(|(url, validators, _)| (url, validators)).collect())
    }

    /// The same, of the pages that were fetched before that time, and where their texts came from.
    pub fn validators_before(&self, source: &SourceId, before: Option<SystemTime>) -> Result<Vec<(Url, Validators, Filled)>, Error> {
        self.read(|transaction| pages::validators(transaction, source, before))
    }

    /// Notes that a page could not be had, and not for what passes; how often in a row that was so since it was last fetched.
    pub fn miss(&self, source: &SourceId, url: &Url) -> Result<u64, Error> {
        self.write(|transaction| pages::miss(transaction, source, &address(url)))
    }

    /// All sources that have pages, by name.
    pub fn sources(&self) -> Result<Vec<SourceSummary>, Error> {
        self.read(|transaction| sources::sources(transaction))
    }

    /// At most `limit` names of sources that have pages and begin with `prefix`, in their order, from the one behind `after` on. It
    /// counts nothing, unlike [`Store::sources`].
    pub fn sources_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| sources::sources_after(transaction, prefix, after, limit))
    }

    /// The languages of the code examples of a source, or of all, the most frequent first, with the number of examples in each.
    pub fn languages(&self, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Error> {
        self.read(|transaction| sources::languages(transaction, source))
    }

    /// At most `limit` passages that lack a vector of this model, each by the newest chunk that says it: text before code, the newest
    /// first; the ones returned are in the order of their lengths, so that neighbours make a good batch.
    pub fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        let known = lock(&self.embedded).get(model).cloned().unwrap_or_default();
        let (pending, known) = self.read(|transaction| {
            let mut known = known.clone();
            Ok((passages::pending(transaction, model, &mut known, limit)?, known))
        })?;
        lock(&self.embedded).insert(model.to_owned(), known);
        Ok(pending)
    }

    /// Of these chunks those that lack a vector of this model, each passage once, in the order given. Chunks that are not there are left
    /// out.
    pub fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Error> {
        self.read(|transaction| passages::pending_of(transaction, model, chunks))
    }

    /// Stores vectors, each for the chunk it names and for all others that say the same, whenever they are stored. Those of chunks that
    /// are gone meanwhile are dropped; a passage that has one of this model keeps it.
    pub fn put_vectors(&self, model: &str, vectors: &[Embedded]) -> Result<(), Error> {
        let kept = self.write(|transaction| passages::put_vectors(transaction, model, vectors))?;
        self.look_again(kept);
        Ok(())
    }

    /// The models that vectors were stored by, those with the most vectors first.
    pub fn models(&self) -> Result<Vec<ModelSummary>, Error> {
        self.read(|transaction| vector::models(transaction))
    }

    /// How many of the chunks have a vector of this model.
    pub fn progress(&self, model: &str) -> Result<EmbedProgress, Error> {
        self.read(|transaction| passages::progress(transaction, model))
    }

    /// The chunks that answer a query, best first. Modes that rank by meaning need the query's vector by `model`; chunks that have
    /// none of that model yet are found by their words only.
    pub fn search(&self, query: &Query, vector: Option<&[f32]>, model: &str) -> Result<Vec<Hit>, Error> {
        self.with_words(|| {
            self.read(|transaction| {
                let matrix = Arc::clone(lock(&self.matrices).entry(model.to_owned()).or_default());
                search::search(transaction, &self.config, query, &self.narrowed, vector.map(|vector| (model, vector, &*matrix)))
            })
        })
        .inspect(|_| self.renew_sketches(model))
    }

    /// Makes sketches anew that were found to be damaged. The answer did not need them, and where they cannot be written the next process
    /// does without them as well.
    fn renew_sketches(&self, model: &str) {
        let matrix = lock(&self.matrices).get(model).map(Arc::clone);
        let is_unsound = |matrix: &RwLock<Matrix>| matrix.read().is_ok_and(|matrix| matrix.is_unsound());
        let Some(matrix) = matrix.filter(|matrix| self.is_writable() && is_unsound(matrix)) else { return };
        if !matrix.write().is_ok_and(|mut matrix| matrix.take_unsound()) {
            return;
        }
        log::warn!("sketches of vectors in {} are damaged, and are made anew", self.path.display());
        match self.write(|transaction| sketches::renew(transaction, model)) {
            Ok(kept) => self.look_again(kept),
            Err(error) => log::warn!("they cannot be: {error}"),
        }
    }

    /// Of the `limit` chunks that stand first by the words of a question those that lack a vector of this model, best first, each passage
    /// once: with theirs, the question is answered as if all had been embedded, nearly.
    pub fn lacking(&self, query: &Query, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        self.with_words(|| self.read(|transaction| search::lacking(transaction, query, &self.narrowed, model, limit)))
    }

    /// Words of the index that a misspelt one may mean, at most eight, the nearest first, and of these the most frequent: one letter left out, put in, changed or
    /// in its neighbour's place (two of a word of eight letters and more). It takes a bounded time: of a very large index not all
    /// words are looked at.
    pub fn similar_words(&self, word: &str, wanted: Wanted) -> Result<Vec<String>, Error> {
        self.with_words(|| self.read(|transaction| words::similar(transaction, word, wanted)))
    }

    /// The question with words of the index in the place of those that no chunk has and that are nearly the same: at most three words of
    /// five letters and more, each by the first of [`Store::similar_words`]. None where nothing is misspelt, or means nothing that is there.
    pub fn corrected(&self, question: &str, wanted: Wanted) -> Result<Option<String>, Error> {
        self.with_words(|| self.read(|transaction| words::corrected(transaction, question, wanted)))
    }

    /// A question to the index of words. A damaged one is made anew where that can be: nothing is in it that the texts do not say.
    fn with_words<T>(&self, ask: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        match ask() {
            Err(damaged) if damaged.is_of_words() && self.is_writable() => {
                log::warn!("the index of words in {} is damaged, and is made anew", self.path.display());
                self.write(|transaction| pages::index_words(transaction)).map_err(|_| damaged)?;
                ask()
            }
            answer => answer,
        }
    }

    /// Looks at all of the file: its structure, the checksum of every page, passage and vector, and whether the indexes of words are
    /// those of the texts. It takes about as long as storing all of it again, without the fetching, and memory for the indexes;
    /// nothing is changed.
    pub fn check(&self) -> Result<Check, Error> {
        self.read(|transaction| check::check(transaction))
    }

    /// Chunks that had a vector may have none any more.
    fn look_again(&self, vectors: Kept) {
        if vectors == Kept::NotAll {
            lock(&self.embedded).clear();
        }
    }

    /// One transaction on a connection that reads: everything that `work` sees is of one moment.
    fn read<T>(&self, work: impl Fn(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        let deferred = |connection: &mut Connection| transact(connection, TransactionBehavior::Deferred, &work);
        let answer = match &self.readers {
            Readers::Writer => self.writer().and_then(|mut writer| deferred(&mut writer)),
            Readers::OfFile(idle) => {
                let taken = lock(idle).pop();
                match taken.map_or_else(|| connect::reader(&self.path, &self.config), Ok) {
                    Ok(mut connection) => {
                        let answer = deferred(&mut connection);
                        lock(idle).push(connection);
                        answer
                    }
                    // No descriptor is left for one more, and this one has all it needs.
                    Err(_) => self.writer().and_then(|mut writer| deferred(&mut writer)),
                }
            }
            Readers::Standing(standing) => self.read_standing(standing, deferred),
        };
        answer.map_err(|failure| failure.at(&self.path))
    }

    /// A file that cannot be written by us may be by others, and no lock of theirs keeps us off: an answer counts only if the file looks
    /// as it did before.
    fn read_standing<T>(&self, standing: &Mutex<Standing>, work: impl Fn(&mut Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut last = Err(Error::Busy { path: self.path.clone() }.into());
        for _ in 0..3 {
            let look = Look::at(&self.path)?;
            let taken = {
                let mut standing = lock(standing);
                if standing.look != look {
                    *standing = Standing { look, idle: Vec::new() };
                    lock(&self.matrices).clear();
                    lock(&self.embedded).clear();
                    *lock(&self.narrowed) = None;
                }
                standing.idle.pop()
            };
            let mut connection = taken.map_or_else(|| connect::standing(&self.path, &self.config), Ok)?;
            let answer = work(&mut connection);
            let mut standing = lock(standing);
            if Look::at(&self.path)? == look {
                if standing.look == look {
                    standing.idle.push(connection);
                }
                return answer;
            }
            if answer.is_err() {
                last = answer;
            }
        }
        last
    }

    /// One transaction that writes: all of it happens, or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        // Immediate: a transaction that first reads and then writes could fail half-way, busy or not.
        let written = self.writer().and_then(|mut writer| transact(&mut writer, TransactionBehavior::Immediate, work));
        written.map_err(|failure| failure.at(&self.path))
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>, Failure> {
        let read_only = || Error::ReadOnly { path: self.path.clone() }.into();
        self.writer.as_ref().map(lock).ok_or_else(read_only)
    }
}

/// A document as it is stored.
fn kept_as(document: &Document) -> Cow<'_, Document> {
    let address = address(&document.url);
    match *address == document.url {
        true => Cow::Borrowed(document),
        false => Cow::Owned(Document { url: address.into_owned(), ..document.clone() }),
    }
}

/// Without user name and password: what a page is known by.
fn address(url: &Url) -> Cow<'_, Url> {
    if url.username().is_empty() && url.password().is_none() {
        return Cow::Borrowed(url);
    }
    let mut url = url.clone();
    // Both fail only for URLs that cannot have a user name in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Cow::Owned(url)
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connect::begin_steps();
    // Dropped without a commit it is rolled back.
    let transaction = connection.transaction_with_behavior(behavior)?;
    let answer = work(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

/// A panic elsewhere has rolled its transaction back, so what is behind the lock is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkKind, Mode};

    fn document(path: &str, markdown: &str) -> Document {
        Document::new(Url::parse("https://docs.test/").unwrap().join(path).unwrap(), "Title", markdown, SystemTime::UNIX_EPOCH)
    }

    /// A chunk a paragraph.
    fn chunks(markdown: &str) -> Vec<Chunk> {
        let paragraphs = markdown.split("\n\n").filter(|text| !text.is_empty());
        let chunk = |(ordinal, text): (u32, &str)| Chunk {
            ordinal,
            heading_path: Vec::new(),
            text: text.into(),
            kind: ChunkKind::Text,
            anchor: None,
        };
        (0..).zip(paragraphs).map(chunk).collect()
    }

    fn put(store: &Store, path: &str, markdown: &str) -> Put {
        store.put(&document(path, markdown), &chunks(markdown)).unwrap()
    }

    fn query(text: &str) -> Query {
        Query { mode: Mode::Lexical, ..Query::new(text) }
    }

    #[test]
    fn is_shared_between_threads() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<Store>();
        is_send_and_sync::<Error>();
    }

    #[test]
    fn a_full_disk_undoes_the_page_and_keeps_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("index.db"), Config::default()).unwrap();
        put(&store, "kept", "Stored before the disk was full.");
        let pages: i64 = store.writer().unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.writer().unwrap().query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(())).unwrap();
        let large = document("large", &"Words that fill the disk. ".repeat(20_000));
        let error = store.put(&large, &chunks(&large.markdown)).unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
        assert!(error.hint().is_some() && !error.is_transient());
        assert_eq!(store.page(&large.url).unwrap(), None);
        assert_eq!(store.search(&query("stored disk full"), None, "m").unwrap().len(), 1);
        store.writer().unwrap().query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
        assert_eq!(put(&store, "large", &large.markdown), Put::Added);
    }
}
