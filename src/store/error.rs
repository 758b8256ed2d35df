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
    /// Reading or writing failed in the operating system.
    #[error("{} cannot be read or written", path.display())]
    Io { path: PathBuf, source: Opaque },
    /// Anything else SQLite says: a bug of this crate.
    #[error("the database refused a request")]
    Sqlite { source: Opaque },
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
        matches!(self, Self::Busy { .. } | Self::NothingEmbedded { .. })
    }

    /// What the reader of the message can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotADatabase { .. } => "choose another file with --db; this one was not touched",
            Self::Newer { .. } => "update smolcrawl, or choose another file with --db",
            Self::ReadOnly { .. } => "make file and folder writable, or choose another file with --db",
            Self::CannotOpen { .. } => "check that the folder exists and may be entered, or choose another file with --db",
            Self::DiskFull { .. } => "free some space and run it again: what was stored is kept",
            Self::Busy { .. } => "wait for the other smolcrawl to finish, or end it",
            Self::Corrupt { .. } => "move the file away and crawl again, or restore it from a backup",
            Self::EmptyQuery => "ask with at least one word",
            Self::NeedsVector { .. } | Self::NothingEmbedded { .. } => "wait until embedding has begun, or search with mode lexical",
            Self::UnknownSource { .. } => "list the sources for the names that are stored",
            Self::UnknownPrefix { .. } => "shorten it, as to https:// and the host, or search without it",
            Self::Dimensions { .. } => "the embedder was changed under one name: give the other model another name",
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
    /// A row that no version of this program writes.
    Malformed(&'static str),
    NotOurs,
    Newer {
        found: i32,
        known: i32,
    },
    Known(Error),
}

impl Failure {
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)))
    }

    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        let error = match self {
            Self::Known(error) => return error,
            Self::Malformed(what) => return Error::Corrupt { path, source: what.into() },
            Self::NotOurs => return Error::NotADatabase { path },
            Self::Newer { found, known } => return Error::Newer { path, found, known },
            Self::Sqlite(error) => error,
        };
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { path, source: error.into() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Error::DiskFull { path },
            // "likely because the underlying file system is full" (SQLite's result codes).
            Some(ErrorCode::SystemIoFailure) if extended == Some(SQLITE_IOERR_SHMSIZE) => Error::DiskFull { path },
            Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => Error::Io { path, source: error.into() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy { path },
            Some(ErrorCode::CannotOpen) => cannot_open(path, error),
            _ => Error::Sqlite { source: error.into() },
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::Utf8Error(..) => {
                Self::Malformed("a column has a value of another type")
            }
            error => Self::Sqlite(error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

/// The folder of a new database could not be made.
pub(super) fn cannot_create(path: &Path, cause: io::Error) -> Error {
    classify(path.to_owned(), cause)
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

fn classify(path: PathBuf, cause: io::Error) -> Error {
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

const ERROR_SHARING_VIOLATION: i32 = 32;
