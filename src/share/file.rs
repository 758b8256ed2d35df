//! A file or a folder that is there when it is whole, and not before.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::error::Error;

/// A file in the making, beside the place that it will have.
#[derive(Debug)]
pub struct Target {
    to: PathBuf,
    is_to_replace: bool,
    part: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Target {
    /// Makes the file beside `to`, of which nothing is changed yet.
    ///
    /// # Errors
    /// There is something at `to` that is not to be replaced; what the system says.
    pub fn new(to: &Path) -> Result<Self, Error> {
        Self::make(to, false)
    }

    /// The same, for a place where there may be a file, which is then replaced.
    pub fn replacing(to: &Path) -> Result<Self, Error> {
        Self::make(to, true)
    }

    fn make(to: &Path, is_to_replace: bool) -> Result<Self, Error> {
        let to = place(to)?;
        free(&to, is_to_replace)?;
        let (part, file) = beside(&to, |part| OpenOptions::new().write(true).create_new(true).open(part))?;
        Ok(Self { to, is_to_replace, part, file: Some(BufWriter::with_capacity(256 << 10, file)) })
    }

    /// Puts the file in its place, and answers how large it is.
    ///
    /// # Errors
    /// What the system says; something else is at its place by now.
    pub fn complete(mut self) -> Result<u64, Error> {
        let written = || Error::io(&self.to, "written");
        let file = self.file.take().expect("it is taken here alone").into_inner();
        let file = file.map_err(io::IntoInnerError::into_error).map_err(written())?;
        let bytes = file.sync_all().and_then(|()| file.metadata()).map_err(written())?.len();
        // Windows renames nothing that is open.
        drop(file);
        free(&self.to, self.is_to_replace)?;
        fs::rename(&self.part, &self.to).map_err(written())?;
        Ok(bytes)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().expect("open until it is complete").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().expect("open until it is complete").flush()
    }
}

/// Not complete: nothing of it stays.
impl Drop for Target {
    fn drop(&mut self) {
        drop(self.file.take());
        let _ = fs::remove_file(&self.part);
    }
}

/// A folder in the making, beside the place that it will have.
#[derive(Debug)]
pub struct Tree {
    to: PathBuf,
    part: PathBuf,
    bytes: u64,
}

impl Tree {
    /// Makes the folder beside `to`, where there is nothing, or a folder with nothing in it.
    ///
    /// # Errors
    /// There is something at `to`; what the system says.
    pub fn new(to: &Path) -> Result<Self, Error> {
        let to = place(to)?;
        vacant(&to)?;
        let (part, ()) = beside(&to, |part| fs::create_dir(part))?;
        Ok(Self { to, part, bytes: 0 })
    }

    /// Writes a file of the folder, by a path below it.
    pub fn write(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        let to = self.part.join(path);
        let folder = to.parent().unwrap_or(&self.part);
        let written = fs::create_dir_all(folder).and_then(|()| OpenOptions::new().write(true).create_new(true).open(&to));
        written.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::io(self.to.join(path), "written"))?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Puts the folder in its place, and answers how much is in it.
    pub fn complete(self) -> Result<u64, Error> {
        vacant(&self.to)?;
        // Windows puts nothing in the place of a folder.
        if self.to.is_dir() {
            fs::remove_dir(&self.to).map_err(Error::io(&self.to, "written"))?;
        }
        fs::rename(&self.part, &self.to).map_err(Error::io(&self.to, "written"))?;
        Ok(self.bytes)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.part);
    }
}

/// Of a link, what it leads to.
fn place(to: &Path) -> Result<PathBuf, Error> {
    let is_link = fs::symlink_metadata(to).is_ok_and(|metadata| metadata.is_symlink());
    if is_link { fs::canonicalize(to).map_err(Error::io(to, "written")) } else { Ok(to.to_owned()) }
}

fn free(to: &Path, is_to_replace: bool) -> Result<(), Error> {
    match fs::symlink_metadata(to) {
        Err(_) => Ok(()),
        // A folder, a device.
        Ok(there) if !there.is_file() => Err(Error::io(to, "written")(io::Error::other("it is no file"))),
        Ok(_) if is_to_replace => Ok(()),
        Ok(_) => Err(Error::Exists { path: to.to_owned() }),
    }
}

fn vacant(to: &Path) -> Result<(), Error> {
    match fs::read_dir(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(to, "written")(error)),
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Error::NotEmpty { path: to.to_owned() }),
        },
    }
}

fn beside<T>(to: &Path, make: impl Fn(&Path) -> io::Result<T>) -> Result<(PathBuf, T), Error> {
    let named = to.file_name().ok_or_else(|| Error::io(to, "written")(io::Error::other("it names no file")))?;
    let mut number = 0;
    loop {
        let mut name = OsString::from(".");
        name.push(named);
        name.push(format!(".{}-{number}.part", std::process::id()));
        let part = to.with_file_name(name);
        match make(&part) {
            Ok(made) => return Ok((part, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1_000 => number += 1,
            Err(error) => return Err(Error::io(to, "written")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x");
        let mut target = Target::new(&to).unwrap();
        target.write_all(b"half").unwrap();
        assert!(!to.exists());
        drop(target);
        assert_eq!(names(folder.path()), [] as [&str; 0], "nothing of it stays");
        let mut target = Target::new(&to).unwrap();
        target.write_all(b"whole").unwrap();
        assert_eq!(target.complete().unwrap(), 5);
        assert!(matches!(Target::new(&to), Err(Error::Exists { .. })));
        let mut target = Target::replacing(&to).unwrap();
        target.write_all(b"newer").unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"whole");
        target.complete().unwrap();
        assert_eq!((fs::read(&to).unwrap().as_slice(), names(folder.path())), (b"newer".as_slice(), vec!["x".to_owned()]));
        assert!(Target::replacing(folder.path()).is_err(), "a folder is no file");
    }

    #[test]
    fn a_file_that_came_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x");
        let target = Target::new(&to).unwrap();
        fs::write(&to, "of another").unwrap();
        assert!(matches!(target.complete(), Err(Error::Exists { .. })));
        assert_eq!((fs::read(&to).unwrap().as_slice(), names(folder.path()).len()), (b"of another".as_slice(), 1));
    }

    #[test]
    fn a_folder_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x");
        fs::create_dir(&to).unwrap();
        let mut tree = Tree::new(&to).unwrap();
        tree.write(Path::new("a/b.md"), "text").unwrap();
        assert!(tree.write(Path::new("a/b.md"), "again").is_err());
        assert_eq!(names(&to), [] as [&str; 0]);
        assert_eq!(tree.complete().unwrap(), 4);
        assert_eq!(fs::read(to.join("a/b.md")).unwrap(), b"text");
        assert!(matches!(Tree::new(&to), Err(Error::NotEmpty { .. })));
        assert_eq!(names(folder.path()), ["x"]);
    }
}
