//! Keeps pages, chunks and vectors in one SQLite file and finds them again. Synchronous, one writer.
//!
//! A page is put in one transaction: whoever reads, and whoever opens the file after a crash, sees the old page or the new one.
//! Several processes may use one file: each has one writing connection behind a lock and reading ones beside it, and what is
//! kept in memory follows the file by the ids of its rows. Knows neither how chunks are cut nor who makes the vectors.

mod error;
mod fuse;
mod lexical;
mod pages;
#[cfg_attr(windows, path = "place/windows.rs")]
#[cfg_attr(not(windows), path = "place/other.rs")]
mod place;
mod schema;
mod search;
mod vector;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use url::Url;

use crate::model::{Chunk, Document, EmbedProgress, Embedded, Hit, Pending, Query, SourceId, SourceSummary, Validators};

pub use self::error::Error;
use self::error::Failure;
use self::vector::Matrix;

/// How the store ranks, and how long it waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What meaning weighs against words in a hybrid search, 0 to 1. Default 0.6: the best mean over the question sets that were
    /// measured.
    pub dense_weight: f32,
    /// How many of the best chunks (or pages) of each side a hybrid search looks at; never fewer than it is asked for. Default 100.
    pub candidates: usize,
    /// How long a write waits for another process to finish its own. Default 5 s.
    pub busy_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { dense_weight: 0.6, candidates: 100, busy_timeout: Duration::from_secs(5) }
    }
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
    /// The only connection of this process that writes. Held for one transaction at a time, never while others' code runs.
    writer: Mutex<Connection>,
    readers: Readers,
    /// By model. The outer lock is held for a look-up only.
    matrices: Mutex<HashMap<String, Arc<RwLock<Matrix>>>>,
    /// By model, for text and code: the first chunk that may lack a vector. Ids only grow, and a vector leaves only with its chunk.
    embedded_below: Mutex<HashMap<String, [i64; 2]>>,
}

#[derive(Debug)]
enum Readers {
    /// Connections that are idle. Held to take one or to put it back.
    OfFile(Mutex<Vec<Connection>>),
    /// A database in memory has one connection: reading waits for writing.
    Writer,
}

impl Store {
    /// Opens the file, making it and its folder where they are missing, and brings its schema to this version.
    pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            fs::create_dir_all(folder).map_err(|cause| error::cannot_create(&path, cause))?;
        }
        let writer = open_file(&path, &config).map_err(|failure| failure.at(&path))?;
        Ok(Self::with(path, config, writer, Readers::OfFile(Mutex::default())))
    }

    /// A store that ends with the value: for tests and for programs that index something for one run.
    pub fn open_in_memory() -> Result<Self, Error> {
        let path = PathBuf::from(":memory:");
        let prepared = Connection::open_in_memory().map_err(Failure::from).and_then(|mut connection| {
            schema::prepare(&mut connection)?;
            Ok(connection)
        });
        let writer = prepared.map_err(|failure| failure.at(&path))?;
        Ok(Self::with(path, Config::default(), writer, Readers::Writer))
    }

    fn with(path: PathBuf, config: Config, writer: Connection, readers: Readers) -> Self {
        writer.set_prepared_statement_cache_capacity(64);
        Self { path, config, writer: Mutex::new(writer), readers, matrices: Mutex::default(), embedded_below: Mutex::default() }
    }

    /// Stores a page with its chunks in place of what was stored for its URL. Chunks that say the same as before keep their vectors.
    pub fn put(&self, document: &Document, chunks: &[Chunk]) -> Result<Put, Error> {
        self.write(|transaction| pages::put(transaction, document, chunks))
    }

    /// The page has been asked for and has not changed.
    pub fn touch(&self, url: &Url, fetched_at: SystemTime) -> Result<(), Error> {
        self.write(|transaction| pages::touch(transaction, url, fetched_at))
    }

    /// Forgets a page; whether there was one.
    pub fn remove_page(&self, url: &Url) -> Result<bool, Error> {
        self.write(|transaction| pages::remove(transaction, url))
    }

    /// Forgets all pages of a source and returns how many there were.
    pub fn remove_source(&self, source: &SourceId) -> Result<u64, Error> {
        self.write(|transaction| pages::remove_source(transaction, source))
    }

    /// The page as it was put; times are kept to the millisecond.
    pub fn page(&self, url: &Url) -> Result<Option<Document>, Error> {
        self.read(|transaction| pages::page(transaction, url))
    }

    /// The pages of a source in the order of their URLs.
    pub fn pages(&self, source: &SourceId) -> Result<Vec<PageSummary>, Error> {
        self.read(|transaction| pages::list(transaction, source))
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
        self.read(|transaction| pages::validators(transaction, source))
    }

    /// All sources that have pages, by name.
    pub fn sources(&self) -> Result<Vec<SourceSummary>, Error> {
        self.read(|transaction| pages::sources(transaction))
    }

    /// At most `limit` names of sources that have pages and begin with `prefix`, in their order, from the one behind `after` on. It
    /// counts nothing, unlike [`Store::sources`].
    pub fn sources_after(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<SourceId>, Error> {
        self.read(|transaction| pages::sources_after(transaction, prefix, after, limit))
    }

    /// The languages of the code examples of a source, or of all, the most frequent first, with the number of examples in each.
    pub fn languages(&self, source: Option<&SourceId>) -> Result<Vec<(String, u64)>, Error> {
        self.read(|transaction| pages::languages(transaction, source))
    }

    /// At most `limit` chunks that lack a vector of this model: text before code, oldest first; the ones returned are in the order of
    /// their lengths, so that neighbours make a good batch.
    pub fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error> {
        let from = lock(&self.embedded_below).get(model).copied().unwrap_or_default();
        let (pending, from) = self.read(|transaction| pages::pending(transaction, model, from, limit))?;
        lock(&self.embedded_below).insert(model.to_owned(), from);
        Ok(pending)
    }

    /// Stores vectors. Those of chunks that are gone meanwhile are dropped; a chunk that has one of this model keeps it.
    pub fn put_vectors(&self, model: &str, vectors: &[Embedded]) -> Result<(), Error> {
        self.write(|transaction| pages::put_vectors(transaction, model, vectors))
    }

    /// How many of the chunks have a vector of this model.
    pub fn progress(&self, model: &str) -> Result<EmbedProgress, Error> {
        self.read(|transaction| pages::progress(transaction, model))
    }

    /// The chunks that answer a query, best first. Modes that rank by meaning need the query's vector by `model`; chunks that have
    /// none of that model yet are found by their words only.
    pub fn search(&self, query: &Query, vector: Option<&[f32]>, model: &str) -> Result<Vec<Hit>, Error> {
        let matrix = Arc::clone(lock(&self.matrices).entry(model.to_owned()).or_default());
        self.read(|transaction| search::search(transaction, &self.config, query, vector.map(|vector| (model, vector, &*matrix))))
    }

    /// One transaction on a connection that reads: everything that `work` sees is of one moment.
    fn read<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        let answer = match &self.readers {
            Readers::Writer => transact(&mut lock(&self.writer), TransactionBehavior::Deferred, work),
            Readers::OfFile(idle) => {
                let taken = lock(idle).pop();
                taken.map_or_else(|| open_reader(&self.path, &self.config), Ok).and_then(|mut connection| {
                    let answer = transact(&mut connection, TransactionBehavior::Deferred, work);
                    lock(idle).push(connection);
                    answer
                })
            }
        };
        answer.map_err(|failure| failure.at(&self.path))
    }

    /// One transaction that writes: all of it happens, or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        // Immediate: a transaction that first reads and then writes could fail half-way, busy or not.
        transact(&mut lock(&self.writer), TransactionBehavior::Immediate, work).map_err(|failure| failure.at(&self.path))
    }
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // Dropped without a commit it is rolled back.
    let transaction = connection.transaction_with_behavior(behavior)?;
    let answer = work(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

/// Two processes that make a file at one time can meet where SQLite does not wait: then it is tried again.
fn open_file(path: &Path, config: &Config) -> Result<Connection, Failure> {
    let started = Instant::now();
    loop {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = place::connect(path, flags).map_err(Failure::from).and_then(|mut connection| {
            connection.busy_timeout(config.busy_timeout)?;
            schema::prepare(&mut connection)?;
            Ok(connection)
        });
        match opened {
            Err(failure) if failure.is_busy() && started.elapsed() < config.busy_timeout => thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
}

fn open_reader(path: &Path, config: &Config) -> Result<Connection, Failure> {
    let connection = place::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(config.busy_timeout)?;
    schema::prepare_reader(&connection)?;
    Ok(connection)
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
        let chunk = |(ordinal, text): (u32, &str)| Chunk { ordinal, heading_path: Vec::new(), text: text.into(), kind: ChunkKind::Text };
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
        let pages: i64 = lock(&store.writer).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        lock(&store.writer).query_row(&format!("PRAGMA max_page_count = {}", pages + 4), [], |_| Ok(())).unwrap();
        let large = document("large", &"Words that fill the disk. ".repeat(20_000));
        let error = store.put(&large, &chunks(&large.markdown)).unwrap_err();
        assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
        assert!(error.hint().is_some() && !error.is_transient());
        assert_eq!(store.page(&large.url).unwrap(), None);
        assert_eq!(store.search(&query("stored disk full"), None, "m").unwrap().len(), 1);
        lock(&store.writer).query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(())).unwrap();
        assert_eq!(put(&store, "large", &large.markdown), Put::Added);
    }
}
