//! A file that is larger than what is in it is made as small as that. Nobody else may have it open meanwhile.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::connect::{self, Missing};
use super::place;
use crate::store::error::{Error, Failure, classify};
use crate::store::{Config, Store};

/// What became of a file, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    pub before: u64,
    pub after: u64,
}

impl Store {
    /// Makes a file as small as what is in it: what was removed, or moved by a migration to a later schema, leaves room in it that is used
    /// again, and not given back. It takes as long as copying the file, and as much room again while it lasts; ended early it changes
    /// nothing.
    ///
    /// ```
    /// use smolcrawl::store::{Config, Store};
    ///
    /// let path = std::env::temp_dir().join(format!("smolcrawl-doc-compact-{}.db", std::process::id()));
    /// drop(Store::open(&path, Config::default())?);
    /// let compacted = Store::compact(&path, &Config::default())?;
    /// assert_eq!(compacted.after, std::fs::metadata(&path).unwrap().len());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), smolcrawl::store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Busy`] if anybody has the file open, this process included; [`Error::DiskFull`], and whatever opening it says.
    pub fn compact(path: impl AsRef<Path>, config: &Config) -> Result<Compacted, Error> {
        let path = path.as_ref();
        compact(path, config).map_err(|failure| failure.at(path))
    }
}

fn compact(path: &Path, config: &Config) -> Result<Compacted, Failure> {
    // It is ours, and of this version.
    drop(connect::writer(path, config, Missing::Refuse)?);
    let mut connection = place::connect(&connect::plain(path), OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connect::hold(&mut connection)?;
    // The copy is a database beside the other one, in a file: it may be larger than the memory.
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    connection.pragma_update(None, "temp_store", "FILE")?;
    connection.busy_timeout(PATIENCE)?;
    // Before the first look at the file: then it is had alone, or not at all.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    let before = size(path)?;
    connect::begin_steps();
    connection.execute_batch("VACUUM")?;
    connect::begin_steps();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    close(connection)?;
    Ok(Compacted { before, after: size(path)? })
}

/// What is in the log is in the file then.
fn close(connection: Connection) -> Result<(), Failure> {
    connection.close().map_err(|(_, error)| error.into())
}

fn size(path: &Path) -> Result<u64, Failure> {
    fs::metadata(path).map(|file| file.len()).map_err(|error| classify(path.to_owned(), error).into())
}

/// For who is just opening or closing it.
const PATIENCE: Duration = Duration::from_millis(500);
