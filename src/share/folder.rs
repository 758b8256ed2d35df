//! The one folder in which files are named by who may not name files anywhere: a client of the server.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::names::safe;

/// A folder of files that are shared by their names. What is named is in it, and no link out of it.
///
/// ```
/// use smolcrawl::share::Folder;
///
/// let folder = Folder::new(std::env::temp_dir().join(format!("smolcrawl-doc-folder-{}", std::process::id())));
/// assert!(folder.to_write("../elsewhere").is_err());
/// let place = folder.to_write("docs.smolcrawl")?;
/// assert_eq!(place, folder.path().join("docs.smolcrawl"));
/// assert!(folder.to_read("docs.smolcrawl").is_err()); // nothing has been written yet
/// # std::fs::remove_dir(folder.path()).unwrap();
/// # Ok::<(), smolcrawl::share::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// It need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where a file or folder of this name is to be written. The folder is made if need be, for its owner alone (0700 on Unix).
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Link`], and what the system says.
    pub fn to_write(&self, name: &str) -> Result<PathBuf, Error> {
        let place = self.place(name)?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.0).map_err(Error::io(&self.0, "made"))?;
        match fs::symlink_metadata(&place) {
            Ok(there) if there.is_symlink() => Err(Error::Link { path: place }),
            _ => Ok(place),
        }
    }

    /// Where the file of this name is.
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::Link`], [`Error::NotShared`], and what the system says.
    pub fn to_read(&self, name: &str) -> Result<PathBuf, Error> {
        let place = self.place(name)?;
        match fs::symlink_metadata(&place) {
            Ok(there) if there.is_symlink() => Err(Error::Link { path: place }),
            Ok(there) if there.is_file() => Ok(place),
            Ok(_) => Err(Error::io(&place, "read")(io::Error::other("it is no file"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::NotShared { name: name.to_owned(), folder: self.0.clone(), there: self.files() })
            }
            Err(error) => Err(Error::io(&place, "read")(error)),
        }
    }

    /// The path that a file was written to names it as well.
    fn place(&self, name: &str) -> Result<PathBuf, Error> {
        let within = Path::new(name).strip_prefix(&self.0).ok().and_then(Path::to_str).unwrap_or(name);
        match safe(within) == within {
            true => Ok(self.0.join(within)),
            false => Err(Error::Name { name: name.chars().take(SHOWN).collect() }),
        }
    }

    /// The first of the files in it, by name.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().take(MOST_LOOKED_AT).flatten();
        let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let mut names: Vec<_> = files.filter_map(|file| file.file_name().into_string().ok()).filter(|name| safe(name) == *name).collect();
        names.sort();
        names.truncate(NAMED);
        names
    }
}

/// Characters of a name that is told though it is none.
const SHOWN: usize = 100;
/// Files that are named where one is missing, of so many that are looked at.
const NAMED: usize = 20;
const MOST_LOOKED_AT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_in_the_folder() {
        let around = tempfile::tempdir().unwrap();
        let folder = Folder::new(around.path().join("share"));
        fs::write(around.path().join("secret"), "").unwrap();
        let elsewhere = around.path().join("secret");
        for name in ["../secret", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".hidden", "C:x", "nul", "a\0b", elsewhere.to_str().unwrap()]
        {
            assert!(matches!(folder.to_write(name), Err(Error::Name { .. })), "{name:?}");
            assert!(matches!(folder.to_read(name), Err(Error::Name { .. })), "{name:?}");
        }
        assert!(!folder.path().exists(), "nothing is made for what is refused");
        let place = folder.to_write("docs.smolcrawl").unwrap();
        assert_eq!(place, folder.path().join("docs.smolcrawl"));
        assert_eq!(folder.to_write(place.to_str().unwrap()).unwrap(), place, "as it was told");
        let missing = folder.to_read("docs.smolcrawl").unwrap_err().to_string();
        assert!(missing.ends_with("which is empty"), "{missing}");
        fs::write(&place, "").unwrap();
        assert_eq!(folder.to_read("docs.smolcrawl").unwrap(), place);
        let missing = folder.to_read("other").unwrap_err().to_string();
        assert!(missing.ends_with("which has docs.smolcrawl"), "{missing}");
        fs::create_dir(folder.path().join("texts")).unwrap();
        assert!(folder.to_read("texts").is_err(), "a folder is no file");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere_and_the_folder_is_for_its_owner() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let around = tempfile::tempdir().unwrap();
        let folder = Folder::new(around.path().join("share"));
        folder.to_write("x").unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(around.path().join("secret"), "kept").unwrap();
        for target in ["secret", "not-there"] {
            let _ = fs::remove_file(folder.path().join("x"));
            symlink(around.path().join(target), folder.path().join("x")).unwrap();
            assert!(matches!(folder.to_write("x"), Err(Error::Link { .. })), "{target}");
            assert!(matches!(folder.to_read("x"), Err(Error::Link { .. })), "{target}");
        }
    }
}
