//! The file where it is named, however long that name is. Windows takes paths of 260 characters and more only in their verbatim form,
//! which the standard library gives to its own calls unasked; SQLite does not, and checks lengths with a limit of its own.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{self, Component, Path, PathBuf, Prefix};

use rusqlite::{Connection, OpenFlags};

pub(in crate::store) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    match verbatim(path) {
        Some(long) => Connection::open_with_flags_and_vfs(long, flags, LONG_PATHS),
        None => Connection::open_with_flags(path, flags),
    }
}

/// For a file that no lock can be had on.
pub(in crate::store) fn connect_without_locks(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    match verbatim(path) {
        Some(long) => Connection::open_with_flags_and_vfs(long, flags, "win32-longpath-none"),
        None => Connection::open_with_flags_and_vfs(path, flags, "win32-none"),
    }
}

/// To a file that nobody writes: SQLite looks for no journal and makes none. Where the path cannot be written as a URI, it may make one.
pub(in crate::store) fn connect_to_what_stands(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    match immutable(path) {
        Some(uri) => Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI),
        None => connect(path, flags),
    }
}

/// A path on a drive as SQLite's URI for it.
fn immutable(path: &Path) -> Option<String> {
    let absolute = path::absolute(path).ok()?;
    let Some(Component::Prefix(prefix)) = absolute.components().next() else { return None };
    if verbatim(path).is_some() || !matches!(prefix.kind(), Prefix::Disk(_)) {
        return None;
    }
    let mut uri = "file:///".to_owned();
    for &byte in absolute.to_str()?.as_bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b':' | b'.' | b'-' | b'_' => uri.push(byte.into()),
            _ => write!(uri, "%{byte:02X}").expect("a string takes everything"),
        }
    }
    uri.push_str("?immutable=1");
    Some(uri)
}

/// What is new has the rights of its folder, which in a user's profile are that user's alone.
pub(in crate::store) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

/// Fails where there is one.
pub(in crate::store) fn make_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path).map(drop)
}

/// The verbatim form of a path that needs it: there `/`, `.` and `..` mean nothing any more, so it is made absolute first.
fn verbatim(path: &Path) -> Option<PathBuf> {
    let absolute = path::absolute(path).ok()?;
    if absolute.as_os_str().encode_wide().count() < SHORT {
        return None;
    }
    let mut parts = absolute.components();
    let Some(Component::Prefix(prefix)) = parts.next() else { return None };
    let mut long = OsString::from(r"\\?\");
    match prefix.kind() {
        Prefix::Disk(_) => long.push(&absolute),
        Prefix::UNC(server, share) => {
            for part in [r"UNC\".as_ref(), server, r"\".as_ref(), share, parts.as_path().as_os_str()] {
                long.push(part);
            }
        }
        // Verbatim already, or a device.
        _ => return Some(absolute),
    }
    Some(long.into())
}

/// Shorter ones stay below 260 with what SQLite appends for its other files. The standard library draws the line here as well, for
/// folders may not be longer.
const SHORT: usize = 248;
/// SQLite's Windows files, but with room for the longest paths that there are.
const LONG_PATHS: &str = "win32-longpath";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_has_a_uri() {
        let of = |path: &str| immutable(Path::new(path));
        assert_eq!(of(r"C:\a b\ü?.db").as_deref(), Some("file:///C:/a%20b/%C3%BC%3F.db?immutable=1"));
        assert_eq!((of(r"\\server\share\x.db"), of("NUL"), of(&format!(r"C:\{}", "x".repeat(300)))), (None, None, None));
    }

    #[test]
    fn only_what_is_long_becomes_verbatim() {
        let long = "x".repeat(300);
        let of = |path: String| verbatim(Path::new(&path)).map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(of(r"C:\folder\index.db".into()), None);
        assert_eq!(of("NUL".into()), None);
        assert_eq!(of(format!(r"C:\a\..\{long}\.\i.db")), Some(format!(r"\\?\C:\{long}\i.db")));
        assert_eq!(of(format!("C:/a/{long}/i.db")), Some(format!(r"\\?\C:\a\{long}\i.db")));
        assert_eq!(of(format!(r"\\server\share\{long}\i.db")), Some(format!(r"\\?\UNC\server\share\{long}\i.db")));
        assert_eq!(of(format!(r"\\?\C:\{long}\i.db")), Some(format!(r"\\?\C:\{long}\i.db")));
        assert!(of(format!(r"{long}\i.db")).unwrap().ends_with(&format!(r"\{long}\i.db")), "relative to where we are");
    }
}
