//! The file where it is named: little stands between its path and SQLite here. What is new is for its owner alone.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

pub(in crate::store) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags)
}

/// For a file that no lock can be had on.
pub(in crate::store) fn connect_without_locks(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags_and_vfs(path, flags, "unix-none")
}

/// To a file that nobody writes: SQLite looks for no journal and makes none.
pub(in crate::store) fn connect_to_what_stands(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.contains(&0) {
        return connect(path, flags);
    }
    // With an empty authority where the path is absolute, so that one that begins with "//" has none of its own.
    let mut uri = if bytes.starts_with(b"/") { "file://".to_owned() } else { "file:".to_owned() };
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(byte.into()),
            _ => write!(uri, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    uri.push_str("?immutable=1");
    Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
}

pub(in crate::store) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Fails where there is one. Closing it takes no lock away, as nobody can have one on it yet.
pub(in crate::store) fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true).open(path).map(drop)
}
