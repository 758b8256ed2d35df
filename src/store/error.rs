//! What can go wrong with the database file, told apart by what its owner can do about it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::model::{Mode, SourceId};

/// Why the store did not do what it was asked. What was stored before stays stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is something else: no SQLite file at all, or one of another program.
    #[error("{} is not a smolcrawl database", path.display())]
    NotADatabase { path: PathBuf },
    /// The file was written by a newer version of smolcrawl.
    #[error("{} has schema version {found}, this smolcrawl knows versions up to {known}", path.display())]
    Newer { path: PathBuf, found: i32, known: i32 },
    /// The file is of an older version, and lies where it cannot be brought to this one.
    #[error("{} has schema version {found} and cannot be written, so that it cannot be brought to version {known}", path.display())]
    Older { path: PathBuf, found: i32, known: i32 },
    /// There is no file to ask. A question never makes one.
    #[error("nothing is stored yet: {} does not exist", path.display())]
    Missing { path: PathBuf },
    /// The file says to be ours, but what is in it is laid out otherwise: by another program, or to make this one do something.
    #[error("{} is not laid out as smolcrawl does it: {what}", path.display())]
    Altered { path: PathBuf, what: String },
    /// A question or a write took more steps than any takes on a whole file, and was ended.
    #[error("{} leads a question into endless work, which was ended", path.display())]
    Endless { path: PathBuf },
    /// File, folder or file system cannot be written.
    #[error("{} cannot be written", path.display())]
    ReadOnly { path: PathBuf },
    /// The file cannot be opened or created.
    #[error("{} cannot be opened", path.display())]
    CannotOpen { path: PathBuf, source: Opaque },
    /// No room left where the file lies. The write was undone as a whole.
    #[error("no space left for {}", path.display())]
    DiskFull { path: PathBuf },
    /// Another process kept the file locked for longer than the busy timeout.
    #[error("{} is locked by another process", path.display())]
    Busy { path: PathBuf },
    /// The file is damaged.
    #[error("{} is damaged", path.display())]
    Corrupt { path: PathBuf, source: Opaque },
    /// A row is not what was stored: its checksum differs. The rest of the file may be whole.
    #[error("{} is damaged: {what} is not what was stored", path.display())]
    Damaged { path: PathBuf, what: String },
    /// Another file is there by now, or none: what was written since then is in no file that has a name.
    #[error("{} was removed or replaced while it was in use", path.display())]
    Unlinked { path: PathBuf },
    /// Reading or writing failed in the operating system.
    #[error("{} cannot be read or written", path.display())]
    Io { path: PathBuf, source: Opaque },
    /// Anything else SQLite says: a bug of this crate.
    #[error("the database refused a request")]
    Sqlite { source: Opaque },
    /// What a server has to do with it.
    #[cfg(feature = "postgres")]
    #[error("{server}: {trouble}")]
    Server { server: String, trouble: super::postgres::Trouble },
    /// The address of a server is given, and this was built for files alone.
    #[error("this smolcrawl was built without PostgreSQL")]
    NoServers,
    /// The query has no word in it.
    #[error("the query is empty")]
    EmptyQuery,
    /// This mode ranks by meaning and was asked without the query's vector.
    #[error("a search in mode {mode:?} needs the query's vector")]
    NeedsVector { mode: Mode },
    /// A search by meaning alone, while no chunk has a vector of this model yet.
    #[error("nothing is embedded by {model} yet")]
    NothingEmbedded { model: String },
    /// No page of this source is stored.
    #[error("no page of {source_id} is stored")]
    UnknownSource { source_id: SourceId },
    /// No page is stored whose address begins so.
    #[error("no page is stored whose address begins with {prefix}")]
    UnknownPrefix { prefix: String },
    /// What should be a date is none.
    #[error("{text:?} is no date")]
    NoDate { text: String },
    /// A vector is not as long as the model's other vectors.
    #[error("a vector of {model} has {found} dimensions, the stored ones have {expected}")]
    Dimensions { model: String, expected: usize, found: usize },
    /// A vector is empty, all zeros, or has a component that is no finite number.
    #[error("the vector given for chunk {chunk} has no direction")]
    BadVector { chunk: i64 },
    /// The query's vector is empty, all zeros, or has a component that is no finite number.
    #[error("the query's vector has no direction")]
    BadQueryVector,
}

impl Error {
    /// Whether the same call may succeed later with nothing done about it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::NothingEmbedded { .. } => true,
            #[cfg(feature = "postgres")]
            Self::Server { trouble, .. } => trouble.is_transient(),
            _ => false,
        }
    }

    /// Whether others had it for as long as is waited: nothing of the call was done.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            #[cfg(feature = "postgres")]
            Self::Server { trouble, .. } => matches!(trouble, super::postgres::Trouble::Busy { .. }),
            _ => false,
        }
    }

    /// Whether it may be about what was to be stored, rather than about the store: then something else can be.
    pub fn is_of_content(&self) -> bool {
        match self {
            Self::Corrupt { .. } | Self::Sqlite { .. } => true,
            #[cfg(feature = "postgres")]
            Self::Server { trouble, .. } => trouble.is_of_content(),
            _ => false,
        }
    }

    /// What is told of damage that could not be mended for this reason: the reason where the same may be asked again.
    pub(super) fn unless_it_may_pass(self, why: Self) -> Self {
        if why.is_transient() {
            return why;
        }
        log::warn!("it cannot be made anew: {why}");
        self
    }

    pub(super) fn is_of_words(&self) -> bool {
        matches!(self, Self::Damaged { what, .. } if what == WORDS)
    }

    /// What the reader of the message can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotADatabase { .. } => "choose another file with --db; this one was not touched",
            Self::Newer { .. } => "update smolcrawl, or choose another database with --db",
            Self::Older { .. } => "make file and folder writable once, or copy the file to where it can be written",
            Self::Missing { .. } => "crawl something first, `smolcrawl crawl URL`, or name another file with --db",
            Self::Altered { .. } => "choose another file with --db, or move this one away and crawl again; nothing in it was run",
            Self::Endless { .. } => "look at it with `smolcrawl doctor --check`, or move the file away and crawl again",
            Self::ReadOnly { .. } => "make file and folder writable, or choose another file with --db",
            Self::CannotOpen { .. } => "check that the folder exists and may be entered, or choose another file with --db",
            Self::DiskFull { .. } => "free some space and run it again: what was stored is kept",
            Self::Busy { .. } => "wait for the other smolcrawl to finish, or end it",
            Self::Corrupt { .. } => "move the file away and crawl again, or restore it from a backup",
            Self::Damaged { what, .. } if what == WORDS => "ask once where it can be written: the index is made anew from the texts",
            Self::Damaged { .. } => "crawl that page again, or remove its source; `smolcrawl doctor --check` lists all that is damaged",
            #[cfg(feature = "postgres")]
            Self::Server { trouble, .. } => return trouble.hint(),
            Self::NoServers => "build it with `--features postgres`, or name a file with --db",
            Self::EmptyQuery => "ask with at least one word",
            Self::NeedsVector { .. } | Self::NothingEmbedded { .. } => "wait until embedding has begun, or search with mode lexical",
            Self::UnknownSource { .. } => "list the sources for the names that are stored",
            Self::NoDate { .. } => "give it as year, month and day: 2025-01-31",
            Self::UnknownPrefix { .. } => "shorten it, as to https:// and the host, or search without it",
            Self::Dimensions { .. } => "the embedder was changed under one name: give the other model another name",
            Self::Unlinked { .. } => "start smolcrawl anew and do it again: what was stored since then went with the file",
            Self::Io { .. } => "check the disk and the mount, or choose another file with --db",
            Self::Sqlite { .. } | Self::BadVector { .. } | Self::BadQueryVector => return None,
        })
    }
}

/// A cause whose type is nobody's business.
type Opaque = Box<dyn std::error::Error + Send + Sync>;

/// An error on its way out, before it is known which file it is about.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    #[cfg(feature = "postgres")]
    Server(super::postgres::Trouble),
    /// A row that no version of this program writes.
    Malformed(&'static str),
    NotOurs,
    Missing,
    Newer {
        found: i32,
        known: i32,
    },
    Older {
        found: i32,
        known: i32,
    },
    Altered(String),
    /// What has another checksum than when it was stored.
    Damaged(String),
    /// What is in the index of words is none that this program writes.
    Words,
    Known(Error),
}

impl Failure {
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)))
    }

    /// Whether it is about what the file holds, rather than about reading it: to be healed by writing it anew.
    pub(super) fn is_of_content(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Damaged(_) | Self::Words)
    }

    /// Whether SQLite finds the file itself damaged.
    pub(super) fn is_of_file(&self) -> bool {
        let code = if let Self::Sqlite(error) = self { error.sqlite_error_code() } else { None };
        // A virtual table reports a damaged index as an error of its own.
        matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::OperationInterrupted | ErrorCode::Unknown))
    }

    /// Why, without the file that it is about.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Sqlite(error) => error.to_string(),
            #[cfg(feature = "postgres")]
            Self::Server(trouble) => trouble.to_string(),
            Self::Malformed(what) => (*what).to_owned(),
            Self::Damaged(what) => format!("{what} is not what was stored"),
            Self::Words => format!("{WORDS} is not what was stored"),
            other => format!("{other:?}"),
        }
    }

    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        let error = match self {
            Self::Known(error) => return error,
            Self::Malformed(what) => return Error::Corrupt { path, source: what.into() },
            Self::NotOurs => return Error::NotADatabase { path },
            Self::Missing => return Error::Missing { path },
            Self::Altered(what) => return Error::Altered { path, what },
            Self::Damaged(what) => return Error::Damaged { path, what },
            Self::Words => return Error::Damaged { path, what: WORDS.to_owned() },
            Self::Older { found, known } => return Error::Older { path, found, known },
            Self::Newer { found, known } => return Error::Newer { path, found, known },
            #[cfg(feature = "postgres")]
            Self::Server(trouble) => return Error::Server { server: path.display().to_string(), trouble },
            Self::Sqlite(error) => error,
        };
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { path },
            // What we write fits what there is, where that is what was stored.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => Error::Corrupt { path, source: error.into() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Error::DiskFull { path },
            Some(ErrorCode::OperationInterrupted) => Error::Endless { path },
            // "likely because the underlying file system is full" (SQLite's result codes).
            Some(ErrorCode::SystemIoFailure) if extended == Some(SQLITE_IOERR_SHMSIZE) => Error::DiskFull { path },
            Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => Error::Io { path, source: error.into() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path },
            Some(ErrorCode::CannotOpen) => cannot_open(path, error),
            // The index of words tells of its damage in words of its own.
            Some(ErrorCode::Unknown) if IN_WORDS.iter().any(|words| error.to_string().contains(words)) => {
                Error::Corrupt { path, source: error.into() }
            }
            _ => Error::Sqlite { source: error.into() },
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Malformed("a column has a value of another type"),
            // Of a row that another row tells of.
            rusqlite::Error::QueryReturnedNoRows => Self::Malformed("a row is not there"),
            error => Self::Sqlite(error),
        }
    }
}

#[cfg(feature = "postgres")]
impl From<super::postgres::Trouble> for Failure {
    fn from(trouble: super::postgres::Trouble) -> Self {
        Self::Server(trouble)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

/// SQLite says "unable to open" for many reasons; the operating system is asked which. On Unix the database file itself is not opened
/// again: closing it would drop this process's locks on it (POSIX advisory locks).
fn cannot_open(path: PathBuf, error: rusqlite::Error) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cause = fs::metadata(folder).and_then(|_| match fs::metadata(&path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        // SQLite makes two files beside the database.
        Ok(_) => unlocked(&path).and_then(|()| probe(folder)),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => probe(folder),
        Err(other) => Err(other),
    });
    match cause {
        Ok(()) => Error::CannotOpen { path, source: error.into() },
        Err(cause) => classify(path, cause),
    }
}

/// What the operating system says of a database's file or folder.
pub(super) fn classify(path: PathBuf, cause: io::Error) -> Error {
    if cfg!(windows) && cause.raw_os_error() == Some(ERROR_SHARING_VIOLATION) {
        return Error::Busy { path };
    }
    match cause.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly { path },
        io::ErrorKind::StorageFull => Error::DiskFull { path },
        _ => Error::CannotOpen { path, source: cause.into() },
    }
}

/// On Windows others can keep a file to themselves, as backups and virus scanners do; and locks do not end by a close there.
fn unlocked(path: &Path) -> io::Result<()> {
    if cfg!(windows) { fs::File::open(path).map(drop) } else { Ok(()) }
}

/// Whether a file can be made in the folder.
fn probe(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".smolcrawl-{}.probe", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
    fs::remove_file(&file)
}

/// What SQLite says of a damaged file under its general code.
const IN_WORDS: [&str; 3] = ["fts5", "vtable constructor failed", "malformed"];

const WORDS: &str = "the index of words";

const ERROR_SHARING_VIOLATION: i32 = 32;
