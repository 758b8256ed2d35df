//! Replaces a file of somebody else: whole or not at all, its permissions kept, what it was beside it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts `new` in place of `old`, which the file had when it was read (`None`: there was none). Answers where the copy of `old` is.
///
/// # Errors
/// The file is not as it was read any more: somebody else writes it. What the system says. Nothing is changed then.
pub fn replace(file: &Path, old: Option<&str>, new: &str) -> io::Result<Option<PathBuf>> {
    // A link stays one, and leads to the new file.
    let is_link = fs::symlink_metadata(file).is_ok_and(|there| there.is_symlink());
    let file = &if is_link { fs::canonicalize(file)? } else { std::path::absolute(file)? };
    let folder = file.parent().ok_or_else(|| io::Error::other("it lies in no folder"))?;
    fs::create_dir_all(folder)?;
    let mut part = begun(folder, file, old.is_some())?;
    part.write_all(new.as_bytes())?;
    part.as_file().sync_all()?;
    let backup = old.map(|old| backup(file, old)).transpose()?;
    // As late as possible: clients write these files, too.
    let written = as_it_was(file, old).and_then(|()| match old {
        Some(_) => part.persist(file).map(drop).map_err(|error| error.error),
        None => part.persist_noclobber(file).map(drop).map_err(|error| error.error),
    });
    if let (Err(_), Some(backup)) = (&written, &backup) {
        let _ = fs::remove_file(backup);
    }
    written.map(|()| backup)
}

/// A file in the making, which goes if it is not completed. It is nobody else's until it has the permissions of the one that it replaces.
fn begun(folder: &Path, file: &Path, is_there: bool) -> io::Result<tempfile::NamedTempFile> {
    let mut making = tempfile::Builder::new();
    making.prefix(".smolcrawl-");
    if is_there {
        let permissions = fs::metadata(file)?.permissions();
        // A rename would ask the folder alone.
        if permissions.readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is protected against being written"));
        }
        let part = making.tempfile_in(folder)?;
        part.as_file().set_permissions(permissions)?;
        return Ok(part);
    }
    // As any new file of the user.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        making.permissions(fs::Permissions::from_mode(0o666));
    }
    making.tempfile_in(folder)
}

fn as_it_was(file: &Path, old: Option<&str>) -> io::Result<()> {
    let now = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => Some(read?),
    };
    match now.as_deref() == old.map(str::as_bytes) {
        true => Ok(()),
        false => Err(io::Error::other("it was changed by somebody else just now; run this again")),
    }
}

/// `NAME.bak`, or `NAME.bak.1` and so on where there is one already: an older copy is nearer to what the user had.
fn backup(file: &Path, old: &str) -> io::Result<PathBuf> {
    let name = file.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    for number in 0..MOST {
        let mut name = name.to_owned();
        name.push(".bak");
        if number > 0 {
            name.push(format!(".{number}"));
        }
        let copy = file.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut made = match options.open(&copy) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        };
        let written = made
            .write_all(old.as_bytes())
            .and_then(|()| made.set_permissions(fs::metadata(file)?.permissions()))
            .and_then(|()| made.sync_all());
        if let Err(error) = written {
            drop(made);
            let _ = fs::remove_file(&copy);
            return Err(error);
        }
        return Ok(copy);
    }
    Err(io::Error::other(format!("there are {MOST} copies beside it already; remove some")))
}

const MOST: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_copy_is_never_overwritten() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("c.json");
        fs::write(&file, "one").unwrap();
        assert_eq!(replace(&file, Some("one"), "two").unwrap().unwrap().file_name().unwrap(), "c.json.bak");
        assert_eq!(replace(&file, Some("two"), "three").unwrap().unwrap().file_name().unwrap(), "c.json.bak.1");
        let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap();
        assert_eq!([read("c.json"), read("c.json.bak"), read("c.json.bak.1")], ["three", "one", "two"]);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 3, "nothing else is left");
    }

    #[test]
    fn what_somebody_else_has_written_meanwhile_stays() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("c.json");
        fs::write(&file, "theirs").unwrap();
        for old in [Some("as it was read"), None] {
            let error = replace(&file, old, "ours").unwrap_err();
            assert!(error.to_string().contains("somebody else"), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), "theirs");
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "no copy is left");
        }
    }

    #[test]
    fn a_file_that_was_not_there_has_no_copy_and_its_folders_are_made() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("a").join("b").join("c.json");
        assert_eq!(replace(&file, None, "new").unwrap(), None);
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn a_protected_file_stays_as_it_is() {
        let home = tempfile::TempDir::new().unwrap();
        let file = home.path().join("c.json");
        fs::write(&file, "old").unwrap();
        let open = fs::metadata(&file).unwrap().permissions();
        let mut protected = open.clone();
        protected.set_readonly(true);
        fs::set_permissions(&file, protected).unwrap();
        let error = replace(&file, Some("old"), "new").unwrap_err();
        assert!(error.to_string().contains("protected"), "{error}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left");
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        fs::set_permissions(&file, open).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::TempDir::new().unwrap();
        let (real, link) = (home.path().join("real.json"), home.path().join("link.json"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real.json", &link).unwrap();
        let backup = replace(&link, Some("old"), "new").unwrap().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((fs::read_to_string(&real).unwrap().as_str(), mode(&real), mode(&backup)), ("new", 0o640, 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let fresh = home.path().join("fresh.json");
        replace(&fresh, None, "x").unwrap();
        assert_ne!(mode(&fresh) & 0o600, 0);
    }
}
