//! Archives, read one entry after the other and never unpacked onto the disk. They are foreign: what they say of their sizes is not
//! believed, and a name that leads elsewhere is left out and told.

mod names;
mod tarred;
mod zipped;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::error::{Error, Refusal};
use super::left_out::{LeftOut, Rule};
use super::role::Role;
use super::selection::Selection;

/// An archive of a form that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArchiveKind {
    Zip,
    Tar,
    /// `tar.gz`, `tgz`.
    TarGzip,
}

impl ArchiveKind {
    /// By the name of a file, in lower case: none if it is no archive's, and what it is if it is one that is not read.
    pub(super) fn of_name(name: &str) -> Option<Result<Self, &'static str>> {
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        Some(match name {
            _ if ends(&[".zip"]) => Ok(Self::Zip),
            _ if ends(&[".tar.gz", ".tgz"]) => Ok(Self::TarGzip),
            _ if ends(&[".tar"]) => Ok(Self::Tar),
            _ if ends(&[".tar.xz", ".txz"]) => Err("an archive of xz"),
            _ if ends(&[".tar.bz2", ".tbz2", ".tbz"]) => Err("an archive of bzip2"),
            _ if ends(&[".tar.zst", ".tzst"]) => Err("an archive of Zstandard"),
            _ if ends(&[".7z"]) => Err("an archive of 7-Zip"),
            _ if ends(&[".rar"]) => Err("an archive of RAR"),
            _ => return None,
        })
    }

    /// By the first bytes of a file, whatever its name is.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn of_file(path: &Path) -> Result<Option<Result<Self, &'static str>>, Error> {
        let mut start = Vec::new();
        File::open(path).and_then(|file| file.take(512).read_to_end(&mut start)).map_err(Error::io(path, "read"))?;
        Ok(Self::of_bytes(&start))
    }

    fn of_bytes(start: &[u8]) -> Option<Result<Self, &'static str>> {
        let begins = |marks: &[&[u8]]| marks.iter().any(|mark| start.starts_with(mark));
        Some(match start {
            _ if begins(&[b"PK\x03\x04", b"PK\x05\x06"]) => Ok(Self::Zip),
            _ if begins(&[b"\x1f\x8b"]) => Ok(Self::TarGzip),
            _ if start.get(257..262) == Some(b"ustar") => Ok(Self::Tar),
            _ if begins(&[b"\xfd7zXZ\0"]) => Err("compressed with xz"),
            _ if begins(&[b"BZh"]) => Err("compressed with bzip2"),
            _ if begins(&[b"\x28\xb5\x2f\xfd"]) => Err("compressed with Zstandard"),
            _ if begins(&[b"7z\xbc\xaf\x27\x1c"]) => Err("an archive of 7-Zip"),
            _ if begins(&[b"Rar!\x1a\x07"]) => Err("an archive of RAR"),
            _ => return None,
        })
    }
}

/// What an archive may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Default: 500,000.
    pub max_entries: u64,
    /// Of all entries, decompressed. Default: 4 GiB.
    pub max_bytes: u64,
    /// How many times as large as the archive its contents may be, once they are more than 64 MiB. Default: 200.
    pub max_ratio: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self { max_entries: 500_000, max_bytes: 4 << 30, max_ratio: 200 }
    }
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// With `/` between names, below the archive or, of one that has all in one folder by its maker's custom, below that.
    pub path: String,
    pub role: Role,
    pub bytes: Vec<u8>,
}

/// What came of looking on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    File(Unpacked),
    /// A good deal was looked at, and nothing of it is wanted: call again.
    More,
    End,
}

/// An archive that is being read. Blocking: each call reads one wanted entry, or at most some megabytes of others.
pub struct Archive {
    form: Form,
    gate: Gate,
}

enum Form {
    Zip(zipped::Zip),
    Tar(Box<tarred::Tar>),
}

/// Whether all entries lie in one folder that is nothing but a name, as the hosts of repositories and npm make it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopFolder {
    #[default]
    Keep,
    /// It is no part of the paths.
    Strip,
}

impl Archive {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where its first bytes are of no archive that is read, [`Error::Archive`], [`Error::Io`].
    pub fn open(path: &Path, selection: Selection, top: TopFolder, limits: ArchiveLimits) -> Result<Self, Error> {
        let name = path.display().to_string();
        let kind = match ArchiveKind::of_file(path)? {
            Some(Ok(kind)) => kind,
            Some(Err(what)) => return Err(Error::Unsupported { name, what }),
            None => return Err(Error::Unsupported { name, what: "no archive of a known kind" }),
        };
        let mut file = File::open(path).map_err(Error::io(path, "read"))?;
        let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length)).map_err(Error::io(path, "read"))?;
        if kind != ArchiveKind::Zip {
            return Ok(Self::read(name, kind == ArchiveKind::TarGzip, file, selection, top, limits));
        }
        let gate = Gate::new(name, selection, top, limits);
        let zip = zipped::Zip::open(file, length, &limits).map_err(|why| gate.refused(why))?;
        Ok(Self { form: Form::Zip(zip), gate })
    }

    /// Reads tar as it comes, from a pipe for example.
    ///
    /// `name` is what errors call it.
    pub fn stream(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
        selection: Selection,
        top: TopFolder,
        limits: ArchiveLimits,
    ) -> Self {
        Self::read(name.into(), false, reader, selection, top, limits)
    }

    fn read(
        name: String,
        is_gzip: bool,
        reader: impl Read + Send + 'static,
        selection: Selection,
        top: TopFolder,
        limits: ArchiveLimits,
    ) -> Self {
        let tar = match is_gzip {
            true => tarred::Tar::gzip(BufReader::with_capacity(BUFFER, reader), &limits),
            false => tarred::Tar::plain(BufReader::with_capacity(BUFFER, reader), &limits),
        };
        Self { form: Form::Tar(Box::new(tar)), gate: Gate::new(name, selection, top, limits) }
    }

    /// Only what lies below a folder, with `/` between names: all else is as if it were not there, and paths are those below it.
    #[must_use]
    pub fn below(mut self, folder: Option<String>) -> Self {
        self.gate.below = folder;
        self
    }

    /// The next wanted file, in the archive's order.
    ///
    /// # Errors
    /// [`Error::Archive`]: nothing more can be read of it. What was handed out before stays right.
    #[expect(clippy::should_implement_trait, reason = "it may answer that it goes on, and is no iterator")]
    pub fn next(&mut self) -> Result<Next, Error> {
        let Self { form, gate } = self;
        let next = match form {
            Form::Zip(zip) => zip.next(gate),
            Form::Tar(tar) => tar.next(gate),
        };
        next.map_err(|why| gate.refused(why))
    }

    /// What was left out so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.gate.left_out
    }

    /// The commit that an archive is of, where git has written it into its head.
    pub fn commit(&self) -> Option<&str> {
        match &self.form {
            Form::Zip(zip) => zip.commit(),
            Form::Tar(tar) => tar.commit(),
        }
    }
}

/// What decides over entries, whatever the archive's form is.
struct Gate {
    name: String,
    selection: Selection,
    top: TopFolder,
    below: Option<String>,
    max_entries: u64,
    left_out: LeftOut,
    /// Hashes of names in lower case: two that differ in case only are one file on some systems, and none knows which.
    seen: HashSet<u64>,
    hasher: std::hash::RandomState,
    entries: u64,
    files: usize,
    bytes: u64,
}

impl Gate {
    fn new(name: String, selection: Selection, top: TopFolder, limits: ArchiveLimits) -> Self {
        Self {
            name,
            selection,
            top,
            below: None,
            max_entries: limits.max_entries,
            left_out: LeftOut::default(),
            seen: HashSet::new(),
            hasher: std::hash::RandomState::new(),
            entries: 0,
            files: 0,
            bytes: 0,
        }
    }

    fn refused(&self, why: Refusal) -> Error {
        Error::Archive { name: self.name.clone(), why }
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.entries += 1;
        match self.entries > self.max_entries {
            true => Err(Refusal::Entries { limit: self.max_entries }),
            false => Ok(()),
        }
    }

    /// Whether the contents of an entry are wanted: its path and role. `size` is what the archive says of it.
    fn admits(&mut self, raw: &[u8], entry: Entry, size: u64) -> Option<(String, Role)> {
        use std::hash::BuildHasher;
        let name = match names::safe(raw) {
            Ok(name) => name,
            Err(rule) => {
                self.left_out.add(rule, &String::from_utf8_lossy(&raw[..raw.len().min(1_000)]));
                return None;
            }
        };
        let path = match self.top {
            TopFolder::Keep => name,
            TopFolder::Strip => name.split_once('/').map_or(name.clone(), |(_, path)| path.to_owned()),
        };
        let path = match &self.below {
            None => path,
            Some(folder) => path.strip_prefix(folder.as_str())?.strip_prefix('/')?.to_owned(),
        };
        match entry {
            Entry::Folder => return None,
            Entry::Link => {
                self.left_out.add(Rule::Link, &path);
                return None;
            }
            Entry::Special => {
                self.left_out.add(Rule::Special, &path);
                return None;
            }
            Entry::File => {}
        }
        let judged = match self.selection.entry(&path) {
            _ if !self.seen.insert(self.hasher.hash_one(path.to_lowercase())) => Err(Rule::Duplicate),
            Ok(_) if size > self.selection.max_file_bytes => Err(Rule::TooLarge),
            Ok(_) if self.files >= self.selection.max_files || self.bytes.saturating_add(size) > self.selection.max_bytes => {
                Err(Rule::Limit)
            }
            judged => judged,
        };
        match judged {
            Ok(role) => Some((path, role)),
            Err(rule) => {
                self.left_out.add(rule, &path);
                None
            }
        }
    }

    /// Hands out what was read, unless there is more of it than the archive said and a file may have.
    fn handed(&mut self, path: String, role: Role, bytes: Vec<u8>) -> Option<Unpacked> {
        if bytes.len() as u64 > self.selection.max_file_bytes {
            self.left_out.add(Rule::TooLarge, &path);
            return None;
        }
        self.files += 1;
        self.bytes += bytes.len() as u64;
        Some(Unpacked { path, role, bytes })
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    File,
    Folder,
    Link,
    Special,
}

/// How much comes out of a decompressor, against how much went in.
#[derive(Debug)]
struct Meter {
    max_bytes: u64,
    max_ratio: u64,
    out: u64,
}

impl Meter {
    fn new(limits: &ArchiveLimits) -> Self {
        Self { max_bytes: limits.max_bytes, max_ratio: limits.max_ratio, out: 0 }
    }

    fn came_out(&mut self, bytes: u64, went_in: u64) -> Result<(), Refusal> {
        self.out += bytes;
        if self.out > self.max_bytes {
            return Err(Refusal::Bytes { limit: self.max_bytes });
        }
        if self.out > UNSUSPICIOUS && self.out / self.max_ratio.max(1) > went_in {
            return Err(Refusal::Ratio { limit: self.max_ratio });
        }
        Ok(())
    }
}

fn damaged(error: &io::Error) -> Refusal {
    Refusal::Damaged(error.to_string())
}

/// Bytes that may come out of however little.
const UNSUSPICIOUS: u64 = 64 << 20;
const BUFFER: usize = 128 << 10;
/// Entries that one call looks at, and bytes that it passes over.
const STEP_ENTRIES: usize = 1_000;
const STEP_BYTES: u64 = 32 << 20;

#[cfg(test)]
mod tests;
