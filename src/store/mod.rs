//! Keeps pages, chunks and vectors and finds them again. Synchronous: called on threads that may wait.
//!
//! What is asked of an engine is in `keep`; `sqlite` does it with one file. How texts become words and rankings answers is the same for
//! every engine (`words`, `fuse`, `rank`, `search`). Knows neither how chunks are cut nor who makes the vectors.

mod among;
mod checksum;
mod copied;
mod error;
mod fuse;
mod hashes;
mod hosts;
mod joined;
mod keep;
mod meant;
mod narrow;
mod near;
#[cfg(feature = "postgres")]
mod postgres;
mod ranges;
mod rank;
mod regularise;
mod search;
mod server;
mod sqlite;
mod until;
mod view;
mod words;
mod written;

use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use url::Url;

use crate::model::{Chunk, Document, SourceId};

pub(crate) use self::copied::{CopySum, Counts as CopyCounts, is_there};
pub use self::error::Error;
pub use self::hashes::text_hash;
pub use self::joined::JoinedInMemory;
pub use self::keep::{
    Agreement, Check, Copying, Given, JoinedCrawls, Keep, Leases, Meaning, NamedSymbols, Origins, PackageRow, Packages, Pages, Questions,
    SITE, SharedVectors, Sharing, Sources, Span, StoredPackage, StoredProject, Verdicts,
};
#[cfg(feature = "postgres")]
use self::postgres::Postgres;
#[cfg(feature = "postgres")]
pub use self::postgres::Trouble;
pub(crate) use self::server::READABLE;
pub use self::server::{Secret, Server};
pub use self::sqlite::Compacted;
use self::sqlite::Sqlite;
pub use self::until::until;
pub(crate) use self::words::{ends, others_of, telling_words, words_of};

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
    /// How long a write waits for another process to finish its own, and anybody for a server that is gone to come back. Default 5 s.
    pub busy_timeout: Duration,
    /// How long a server may take for one statement. Default 60 s.
    pub statement_timeout: Duration,
    /// From how many vectors of a model on a server makes an index of them: of fewer, all are compared. Default 50,000.
    pub indexed_from: u64,
    /// Who asks a server, where its address does not say it.
    pub server: Server,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dense_weight: 0.8,
            candidates: 100,
            busy_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(60),
            indexed_from: 50_000,
            server: Server::default(),
        }
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
    /// The path is a path, whatever it looks like: `file:x?y` is a file of that name, as is `:memory:`. But `postgres://…` is a server's
    /// database, in which tables are made that are missing.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        match Place::of(path.as_ref()) {
            Place::File(path) => Sqlite::open(path, config).map(Self::of),
            #[cfg(feature = "postgres")]
            Place::Server(address) => Postgres::open(address, config).map(Self::of),
            #[cfg(not(feature = "postgres"))]
            Place::Server(_) => Err(Error::NoServers),
        }
    }

    /// Opens the file for questions: as [`Store::open`], but makes no file ([`Error::Missing`]), and where file, folder or file system
    /// cannot be written it is opened as by [`Store::open_to_read`]. In a server's database, which is there, missing tables are made.
    pub fn open_existing(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        match Place::of(path.as_ref()) {
            Place::File(path) => Sqlite::open_existing(path, config).map(Self::of),
            #[cfg(feature = "postgres")]
            Place::Server(address) => Postgres::open_existing(address, config).map(Self::of),
            #[cfg(not(feature = "postgres"))]
            Place::Server(_) => Err(Error::NoServers),
        }
    }

    /// Opens the file to read alone: nothing is written, locked or made, and writing is [`Error::ReadOnly`]. What a process that ended
    /// early has left in the file's log (`-wal`) is read as well.
    pub fn open_to_read(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        match Place::of(path.as_ref()) {
            Place::File(path) => Sqlite::open_to_read(path, config).map(Self::of),
            #[cfg(feature = "postgres")]
            Place::Server(address) => Postgres::open_to_read(address, config).map(Self::of),
            #[cfg(not(feature = "postgres"))]
            Place::Server(_) => Err(Error::NoServers),
        }
    }

    /// A store that ends with the value: for tests and for programs that index something for one run.
    pub fn open_in_memory() -> Result<Self, Error> {
        Sqlite::open_in_memory().map(Self::of)
    }

    fn of(engine: impl Keep + 'static) -> Self {
        Self { engine: Box::new(engine) }
    }
}

/// Where a database is, as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    File(&'a Path),
    /// `postgres://…` or `postgresql://…`.
    Server(&'a str),
}

impl<'a> Place<'a> {
    pub fn of(named: &'a Path) -> Self {
        let is_server = |text: &&str| {
            let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme));
            begins("postgres://") || begins("postgresql://")
        };
        named.to_str().filter(is_server).map_or(Self::File(named), Self::Server)
    }

    /// Whether there may be something to ask: of a server only asking it tells.
    pub fn exists(self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Server(_) => true,
        }
    }

    /// Whether it is the address of a server that cannot be read, so that nobody knows what of it is a password.
    pub fn is_unreadable(self) -> bool {
        matches!(self, Self::Server(address) if server::read(address).is_none())
    }

    /// The address of a server as it may be shown, and the password that stood in it; nothing of a file. Of one that cannot be read nothing
    /// is shown.
    pub fn without_password(self) -> Option<(String, Option<Secret>)> {
        let Self::Server(address) = self else { return None };
        let Some(mut url) = server::read(address) else { return Some((server::UNREADABLE.to_owned(), None)) };
        let said = url.query_pairs().find(|(name, _)| name == "password").map(|(_, password)| password.into_owned());
        let Some(password) = url.password().and_then(server::decoded).or(said) else { return Some((address.to_owned(), None)) };
        // It fails only for URLs that cannot have one in the first place.
        let _ = url.set_password(None);
        let others: Vec<(String, String)> =
            url.query_pairs().filter(|(name, _)| name != "password").map(|(name, value)| (name.into(), value.into())).collect();
        url.set_query(None);
        if !others.is_empty() {
            url.query_pairs_mut().extend_pairs(others);
        }
        Some((url.into(), Some(Secret(password))))
    }
}

/// A panic elsewhere has undone its transaction, so what is behind the lock is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
