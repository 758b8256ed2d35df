//! Keeps pages, chunks and vectors in one SQLite file and finds them again. Synchronous, one writer.
//!
//! A page is put in one transaction: whoever reads, and whoever opens the file after a crash, sees the old page or the new one.
//! Several processes may use one file: each has one writing connection behind a lock and reading ones beside it, and what is
//! kept in memory follows the file by the ids of its rows. Knows neither how chunks are cut nor who makes the vectors.

mod check;
mod checksum;
mod compact;
mod connect;
mod copying;
mod hosts;
mod joined;
mod keep;
mod packages;
mod pages;
mod passages;
#[cfg_attr(windows, path = "place/windows.rs")]
#[cfg_attr(not(windows), path = "place/other.rs")]
mod place;
mod scan;
pub(super) mod schema;
mod share;
mod sketches;
mod sources;
mod texts;
mod vector;
mod view;
pub(super) mod words;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use self::compact::Compacted;
use self::connect::{Look, Missing};
use self::passages::Kept;
use self::vector::Matrix;
use super::error::{Error, Failure};
use super::keep::Keep;
use super::narrow::Narrowed;
use super::ranges::Ranges;
use super::{Config, Put, lock};

/// The engine behind a path.
#[derive(Debug)]
pub(super) struct Sqlite {
    /// For messages; ":memory:" where there is no file.
    path: PathBuf,
    /// What tells the file that was opened from one that is put in its place; none where there is no file.
    identity: Option<String>,
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

impl Sqlite {
    /// Opens the file to read and write, making it and its folder where they are missing, and brings its schema to this version.
    pub(super) fn open(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let writer = connect::writer(&path, &config, Missing::Make).map_err(|failure| failure.at(&path))?;
        Self::of_file(path, config, writer)
    }

    /// Opens the file for questions: it makes none, and one that cannot be written is opened to read.
    pub(super) fn open_existing(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        match connect::writer(&path, &config, Missing::Refuse).map_err(|failure| failure.at(&path)) {
            Ok(writer) => Self::of_file(path, config, writer),
            Err(Error::ReadOnly { .. }) => Self::open_to_read(path, config),
            Err(error) => Err(error),
        }
    }

    /// Opens the file to read alone: nothing is written, locked or made.
    pub(super) fn open_to_read(path: impl AsRef<Path>, config: Config) -> Result<Self, Error> {
        let path = path.as_ref().to_owned();
        let first = Look::at(&path).and_then(|look| Ok(Standing { look, idle: vec![connect::standing(&path, &config)?] }));
        let first = first.map_err(|failure| match failure.at(&path) {
            // It was to be read, which it may not be either.
            Error::ReadOnly { path } => Error::CannotOpen { path, source: io::Error::from(io::ErrorKind::PermissionDenied).into() },
            error => error,
        });
        let readers = Readers::Standing(Mutex::new(first?));
        Ok(Self::with(path, config, None, readers))
    }

    fn of_file(path: PathBuf, config: Config, writer: Connection) -> Result<Self, Error> {
        // One that reads is there from the start: later there may be no descriptor left for it.
        let reader = connect::reader(&path, &config).map_err(|failure| failure.at(&path))?;
        Ok(Self::with(path, config, Some(writer), Readers::OfFile(Mutex::new(vec![reader]))))
    }

    /// A store that ends with the value: for tests and for programs that index something for one run.
    pub(super) fn open_in_memory() -> Result<Self, Error> {
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
            identity: connect::file_identity(&path),
            path,
            config,
            writer: writer.map(Mutex::new),
            readers,
            matrices: Mutex::default(),
            narrowed: Mutex::default(),
            embedded: Mutex::default(),
        }
    }

    /// Whether the file that is written is still the one at its path.
    fn is_in_place(&self) -> Result<(), Error> {
        match self.identity.is_none() || connect::file_identity(&self.path) == self.identity {
            true => Ok(()),
            false => Err(Error::Unlinked { path: self.path.clone() }),
        }
    }

    fn told(&self, put: Vec<(Put, Kept)>) -> Vec<Put> {
        let tell = |(put, vectors)| {
            self.look_again(vectors);
            put
        };
        put.into_iter().map(tell).collect()
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

    /// A question to the index of words. A damaged one is made anew where that can be: nothing is in it that the texts do not say.
    fn with_words<T>(&self, ask: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        match ask() {
            Err(damaged) if damaged.is_of_words() && self.is_writable() => {
                log::warn!("the index of words in {} is damaged, and is made anew", self.path.display());
                self.write(|transaction| pages::index_words(transaction)).map_err(|error| damaged.unless_it_may_pass(error))?;
                ask()
            }
            answer => answer,
        }
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

/// Gives an index of words that ends with it.
#[cfg(feature = "postgres")]
pub(super) fn words_in_memory<T, E: From<Failure>>(work: impl FnOnce(&words::Rows<'_>) -> Result<T, E>) -> Result<T, E> {
    let mut connection = Connection::open_in_memory().map_err(Failure::from)?;
    schema::prepare(&mut connection)?;
    let transaction = connection.transaction().map_err(Failure::from)?;
    work(&words::Rows::of(&transaction)?)
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use url::Url;

    use super::*;
    use crate::model::{
        Chunk, ChunkKind, Clock, Document, Embedded, JoinedEnd, JoinedLimits, JoinedPlan, Mode, Query, Recipe, SourceId, Waiting,
    };
    use crate::store::keep::{JoinedCrawls as _, Leases as _, Meaning as _, Pages as _, Questions as _};

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

    fn put(store: &Sqlite, path: &str, markdown: &str) -> Put {
        store.put(&document(path, markdown), &chunks(markdown)).unwrap()
    }

    fn query(text: &str) -> Query {
        Query { mode: Mode::Lexical, ..Query::new(text) }
    }

    #[test]
    fn is_shared_between_threads() {
        fn is_send_and_sync<T: Send + Sync>() {}
        is_send_and_sync::<crate::store::Store>();
        is_send_and_sync::<Error>();
    }

    /// Who embeds goes on for as long as there is something; what others have in hand is read each time.
    #[test]
    fn a_passage_that_has_its_vector_is_in_nobodys_hands() {
        let store = Sqlite::open_in_memory().unwrap();
        put(&store, "a", "One.\n\nTwo.\n\nThree.");
        let leased = || store.writer().unwrap().query_row("SELECT count(*) FROM embedding_leases", [], |row| row.get::<_, i64>(0)).unwrap();
        let lease = |limit| store.lease_pending("m", limit, Duration::from_secs(60), Clock::At(SystemTime::UNIX_EPOCH)).unwrap();
        let (first, second) = (lease(2), lease(9));
        assert_eq!((first.len(), second.len(), leased()), (2, 1, 3));
        let embedded: Vec<_> = first.iter().map(|pending| Embedded { chunk: pending.chunk, vector: vec![1.0] }).collect();
        store.put_vectors("another", &embedded).unwrap();
        assert_eq!(leased(), 3, "of another model");
        store.put_vectors("m", &embedded).unwrap();
        assert_eq!(leased(), 1);
        // One of an hour ahead: the clock was set back.
        store.writer().unwrap().execute("UPDATE embedding_leases SET until = 3600000", []).unwrap();
        assert_eq!(lease(9).len(), 1);
    }

    /// What is left where who closed it has died on the way is removed by whoever opens or closes another.
    #[test]
    fn what_a_crawl_has_left_goes_with_the_next() {
        let store = Sqlite::open_in_memory().unwrap();
        let clock = Clock::At(SystemTime::UNIX_EPOCH);
        let open = |name: &str| {
            let sources = vec![(SourceId::named(name).unwrap(), Recipe::default())];
            let page = |number| Waiting {
                url: format!("http://{number}.test/").into(),
                depth: 0,
                role: Waiting::PAGE,
                from: None,
                via: Vec::new(),
            };
            let lease = Duration::from_secs(60);
            let limits = JoinedLimits { max_pages: 100, max_requests: 100, max_bytes: 1 << 30, per_host: 4, lease };
            store.open_joined(&JoinedPlan { sources, limits, seeds: (0..30).map(page).collect() }, clock).unwrap().id
        };
        let count = |what: &str| {
            store.writer().unwrap().query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get::<_, i64>(0)).unwrap()
        };
        let crawl = open("a.test");
        store.enter_joined(crawl, "w", clock).unwrap();
        store.end_joined(crawl, JoinedEnd::Stopped).unwrap();
        store.writer().unwrap().execute("UPDATE joined_crawls SET closed = 1", []).unwrap();
        assert_eq!(count("joined_urls"), 30);
        open("b.test");
        assert_eq!((count("joined_urls"), count("joined_origins"), count("joined_crawls")), (30, 30, 2), "those of the other");
        assert_eq!(count(&format!("joined_urls WHERE crawl = {}", crawl.0)), 0);
        open("c.test");
        assert_eq!(count("joined_crawls"), 3, "its account stays");
    }

    #[test]
    fn a_full_disk_undoes_the_page_and_keeps_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(folder.path().join("index.db"), Config::default()).unwrap();
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
