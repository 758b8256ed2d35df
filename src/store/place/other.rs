//! The file where it is named: nothing stands between its path and SQLite here.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

pub(in crate::store) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags)
}
