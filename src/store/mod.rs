//! Keeps pages, chunks and vectors and finds them again. Synchronous: called on threads that may wait.
//!
//! What is asked of an engine is in `keep`; `sqlite` does it with one file. How texts become words and rankings answers is the same for
//! every engine (`words`, `fuse`, `rank`, `search`). Knows neither how chunks are cut nor who makes the vectors.

mod among;
mod checksum;
mod error;
mod fuse;
mod keep;
mod ranges;
mod rank;
mod regularise;
mod search;
mod sqlite;
mod until;
mod view;
mod words;

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;
use std::time::{Duration, SystemTime};

use url::Url;

use crate::model::{Chunk, Document, SourceId};

pub use self::error::Error;
pub use self::keep::{
    Agreement, Check, Given, Keep, Meaning, NamedSymbols, Origins, PackageRow, Packages, Pages, Questions, SITE, SharedVectors, Sharing,
    Sources, StoredPackage, StoredProject,
};
use self::sqlite::Sqlite;
pub use self::sqlite::{Compacted, text_hash};
pub use self::until::until;

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

/// Pages, chunks and vectors, and the engine that keeps them: what can be asked of it is [`Keep`]'s.
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
    engine: Box<dyn Keep>,
}

impl Deref for Store {
    type Target = dyn Keep;

    fn deref(&self) -> &Self::Target {
        &*self.engine
    }
}

impl Store {
    /// Opens the file to read and write, making it and its folder where they are missing, and brings its schema to this version. What
    /// is made is for its owner alone (0600 and 0700 on Unix; on Windows the rights of the folder, which in a profile are the user's);
    /// what is there keeps its rights.
    ///
    /// The path is a path, whatever it looks like: `file:x?y` is a file of that name, as is `:memory:`.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        Sqlite::open(path, config).map(Self::of)
    }

    /// Opens the file for questions: as [`Store::open`], but makes no file ([`Error::Missing`]), and where file, folder or file system
    /// cannot be written it is opened as by [`Store::open_to_read`].
    pub fn open_existing(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        Sqlite::open_existing(path, config).map(Self::of)
    }

    /// Opens the file to read alone: nothing is written, locked or made, and writing is [`Error::ReadOnly`]. What a process that ended
    /// early has left in the file's log (`-wal`) is read as well.
    pub fn open_to_read(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        Sqlite::open_to_read(path, config).map(Self::of)
    }

    /// A store that ends with the value: for tests and for programs that index something for one run.
    pub fn open_in_memory() -> Result<Self, Error> {
        Sqlite::open_in_memory().map(Self::of)
    }

    fn of(engine: impl Keep + 'static) -> Self {
        Self { engine: Box::new(engine) }
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
