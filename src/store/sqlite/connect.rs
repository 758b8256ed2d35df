//! Opens connections: to a file that can be written, and to one that cannot; and holds each to limits before it has read a byte, for
//! the file may have been made by anybody.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::{place, schema};
use crate::store::Config;
use crate::store::error::{Error, Failure, classify};
use crate::store::until::nobody_waits;

/// Whether a file that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    Make,
    Refuse,
}

/// The connection that writes. Two processes that make a file at one time can meet where SQLite does not wait: then it is tried again.
pub(super) fn writer(path: &Path, config: &Config, missing: Missing) -> Result<Connection, Failure> {
    if path.as_os_str().is_empty() {
        // To SQLite that is a database of its own that ends with the connection.
        return Err(classify(path.to_owned(), io::Error::new(io::ErrorKind::InvalidInput, "its name is empty")).into());
    }
    let path = &*plain(path);
    match fs::metadata(path) {
        // Shorter than the head of any database. SQLite takes a file of one byte for an empty one, and would write over it.
        Ok(file) if (1..SHORTEST).contains(&file.len()) && !is_of_sqlite(path) => return Err(Failure::NotOurs),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Make => make(path)?,
        Err(error) => return Err(absent(path, error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // What cannot be made by us, such as the target of a link, SQLite may make.
    let flags = if missing == Missing::Make { flags | OpenFlags::SQLITE_OPEN_CREATE } else { flags };
    let started = Instant::now();
    loop {
        let opened = place::connect(path, flags).map_err(Failure::from).and_then(|mut connection| {
            // SQLite opens to read what it cannot write, and would leave a log beside it that it cannot take away again.
            if connection.is_readonly("main")? {
                return Err(Error::ReadOnly { path: path.to_owned() }.into());
            }
            hold(&mut connection)?;
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

/// On macOS SQLite itself puts this one byte into an empty file of some file systems.
fn is_of_sqlite(path: &Path) -> bool {
    cfg!(target_os = "macos") && fs::read(path).is_ok_and(|bytes| bytes == b"S")
}

/// A connection that reads, beside the writer of this process.
pub(super) fn reader(path: &Path, config: &Config) -> Result<Connection, Failure> {
    let mut connection = place::connect(&plain(path), OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    hold(&mut connection)?;
    connection.busy_timeout(config.busy_timeout)?;
    schema::prepare_reader(&connection)?;
    Ok(connection)
}

/// A connection that reads where nothing can be written: no lock, no journal, no file beside the database.
pub(super) fn standing(path: &Path, config: &Config) -> Result<Connection, Failure> {
    let path = &*plain(path);
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let beside = |end: &str| fs::metadata(with_end(path, end)).map(|file| file.len()).ok();
    let mut connection = match (beside("-wal"), beside("-shm")) {
        // Others may have it open, and write: their locks hold.
        (Some(_), Some(_)) => place::connect(path, read)?,
        // Pages that a process could not put into the database before it ended: they are read from where they are. Exclusive before
        // the first look, so that the index of the log is kept in memory; without locks, which a file that cannot be written has not.
        (Some(1..), None) => {
            let connection = place::connect_without_locks(path, read)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection
        }
        _ => place::connect_to_what_stands(path, read)?,
    };
    hold(&mut connection)?;
    connection.busy_timeout(config.busy_timeout)?;
    schema::inspect_standing(&connection)?;
    schema::prepare_reader(&connection)?;
    Ok(connection)
}

/// What a file that nobody locks looks like from outside: another look tells whether it has been written in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    length: u64,
    modified: Option<SystemTime>,
    log: u64,
}

impl Look {
    pub(super) fn at(path: &Path) -> Result<Self, Failure> {
        let file = fs::metadata(path).map_err(|error| absent(path, error))?;
        let log = fs::metadata(with_end(path, "-wal")).map_or(0, |log| log.len());
        Ok(Self { length: file.len(), modified: file.modified().ok(), log })
    }
}

/// Begins the steps of one transaction anew: see [`STEPS`].
pub(super) fn begin_steps() {
    TAKEN.set(0);
}

/// The file and its folders, for its owner alone. SQLite gives the files beside it the same rights.
fn make(path: &Path) -> Result<(), Failure> {
    let made = || {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            place::make_folder(folder)?;
        }
        place::make_file(path)
    };
    match made() {
        // Another process has made it, or it is a link to where there is nothing yet.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map_err(|error| classify(path.to_owned(), error).into()),
    }
}

fn absent(path: &Path, error: io::Error) -> Failure {
    match error.kind() {
        // Windows says of a name below a file, too, that it is not there.
        io::ErrorKind::NotFound if path.ancestors().skip(1).any(Path::is_file) => {
            classify(path.to_owned(), io::ErrorKind::NotADirectory.into()).into()
        }
        io::ErrorKind::NotFound => Failure::Missing,
        _ => classify(path.to_owned(), error).into(),
    }
}

/// What SQLite advises for files of others (its "Defense Against The Dark Arts"), and bounds for what our own statements do.
pub(super) fn hold(connection: &mut Connection) -> Result<(), Failure> {
    begin_steps();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // A statement stays as it was prepared: else each that looks for a range is prepared anew for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    for (limit, most) in LIMITS {
        connection.set_limit(*limit, *most)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    // A file that shrinks under a mapping ends the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    // No temporary files: there may be no room for them, and no descriptor.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.progress_handler(STEP, Some(is_over))?;
    Ok(())
}

/// Runs within a statement, on its thread.
fn is_over() -> bool {
    TAKEN.set(TAKEN.get() + 1);
    nobody_waits() || TAKEN.get() > STEPS
}

/// As a path and nothing else: SQLite takes a name that begins with "file:" for a URI with parameters, and ":memory:" for no file.
pub(super) fn plain(path: &Path) -> Cow<'_, Path> {
    let name = path.as_os_str().as_encoded_bytes();
    if name.starts_with(b"file:") || name.starts_with(b":") { Path::new(".").join(path).into() } else { path.into() }
}

/// What tells a file from all others, by whatever name; none where there is no file.
pub(super) fn file_identity(path: &Path) -> Option<String> {
    let path = &*plain(path);
    #[cfg(unix)]
    let identity = {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).map(|file| format!("{} {}", file.dev(), file.ino()))
    };
    #[cfg(not(unix))]
    let identity = fs::canonicalize(path).map(|path| path.display().to_string());
    identity.ok()
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

thread_local! {
    static TAKEN: Cell<u32> = const { Cell::new(0) };
}

/// Bytes: the head of a database (<https://sqlite.org/fileformat.html#the_database_header>).
const SHORTEST: u64 = 100;
/// Instructions of SQLite's machine between two looks.
const STEP: i32 = 10_000;
/// Such looks that a transaction may take: 4,000,000,000 instructions, half a minute and more. To remove a page takes some thousand;
/// a file that was made so that its tree leads into itself takes for ever.
const STEPS: u32 = 400_000;

/// Far more than our statements need, and far less than SQLite's own.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 16),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 5),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rusqlite::ErrorCode;

    use super::*;
    use crate::store::until::until;

    const ENDLESS: &str = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number) SELECT max(n) FROM number";

    fn ended(connection: &Connection) -> bool {
        let error = connection.query_row(ENDLESS, [], |_| Ok(())).unwrap_err();
        error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
    }

    /// Without the limit this test has no end.
    #[test]
    fn no_statement_runs_for_ever() {
        let mut connection = Connection::open_in_memory().unwrap();
        hold(&mut connection).unwrap();
        TAKEN.set(STEPS - 5);
        assert!(ended(&connection));
        begin_steps();
        connection.query_row("SELECT 1", [], |_| Ok(())).unwrap();
    }

    #[test]
    fn a_question_that_nobody_waits_for_ends() {
        let mut connection = Connection::open_in_memory().unwrap();
        hold(&mut connection).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        until(over.clone(), || {
            connection.query_row("SELECT 1", [], |_| Ok(())).unwrap();
            over.store(true, Ordering::Relaxed);
            assert!(ended(&connection));
        });
        assert!(!nobody_waits(), "what comes after is not meant");
    }
}
