//! Archives, read one entry after the other and never unpacked onto the disk. They are foreign: what they say of their sizes is not
//! believed, and a name that leads elsewhere is left out and told.

mod held;
mod names;
mod tarred;
mod zipped;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use self::held::Held;
use super::error::{Error, Refusal};
use super::included::LARGEST;
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
    /// Begins anew, where that can be done.
    again: Option<Again>,
    held: Held,
    stage: Stage,
}

type Again = Box<dyn FnOnce() -> Result<Form, Error> + Send>;

enum Stage {
    /// Its entries are met for the first time.
    First,
    /// What documents include is looked for.
    Again(Box<(Form, Gate)>),
    /// The documents that waited are handed out.
    Held,
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
        let form = Form::open(path, kind, &limits)?;
        let path = path.to_owned();
        let again: Again = Box::new(move || Form::open(&path, kind, &limits));
        Ok(Self { again: Some(again), ..Self::of(form, Gate::new(name, selection, top, limits)) })
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
        Self::of(Form::tar(reader, &limits), Gate::new(name.into(), selection, top, limits))
    }

    fn of(form: Form, gate: Gate) -> Self {
        Self { form, gate, again: None, held: Held::default(), stage: Stage::First }
    }

    /// How the same tar is had once more: without that, what documents include of other files is not put into them.
    #[must_use]
    pub(super) fn or_again<R: Read + Send + 'static>(
        mut self,
        limits: ArchiveLimits,
        reader: impl FnOnce() -> Result<R, Error> + Send + 'static,
    ) -> Self {
        self.again = Some(Box::new(move || reader().map(|reader| Form::tar(reader, &limits))));
        self
    }

    /// Only what lies below a folder, with `/` between names: all else is as if it were not there, and paths are those below it.
    #[must_use]
    pub fn below(mut self, folder: Option<String>) -> Self {
        self.gate.below = folder;
        self
    }

    /// The next wanted file, in the archive's order; documents that include others come last.
    ///
    /// # Errors
    /// [`Error::Archive`]: nothing more can be read of it. What was handed out before stays right.
    #[expect(clippy::should_implement_trait, reason = "it may answer that it goes on, and is no iterator")]
    pub fn next(&mut self) -> Result<Next, Error> {
        let Self { form, gate, again, held, stage } = self;
        match stage {
            Stage::First => {
                let next = form.next(gate).map_err(|why| gate.refused(why))?;
                return Ok(match next {
                    Next::File(file) if again.is_some() => held.take(file).map_or(Next::More, Next::File),
                    Next::End if !held.is_empty() => {
                        // What cannot be read once more is as if nothing of it were found.
                        *stage = match again.take().map(|again| again()) {
                            Some(Ok(form)) => Stage::Again(Box::new((form, gate.only(held.asked())))),
                            _ => Stage::Held,
                        };
                        Next::More
                    }
                    next => next,
                });
            }
            Stage::Again(again) => {
                let (form, gate) = &mut **again;
                match form.next(gate) {
                    Ok(Next::File(file)) => held.found(file),
                    Ok(Next::More) => {}
                    Ok(Next::End) | Err(_) => *stage = Stage::Held,
                }
            }
            Stage::Held => return Ok(held.give().map_or(Next::End, Next::File)),
        }
        Ok(Next::More)
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

impl Form {
    fn open(path: &Path, kind: ArchiveKind, limits: &ArchiveLimits) -> Result<Self, Error> {
        let mut file = File::open(path).map_err(Error::io(path, "read"))?;
        let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length)).map_err(Error::io(path, "read"))?;
        let zip = match kind {
            ArchiveKind::Zip => zipped::Zip::open(file, length, limits),
            ArchiveKind::Tar => return Ok(Self::tar(file, limits)),
            ArchiveKind::TarGzip => {
                let tar = tarred::Tar::gzip(BufReader::with_capacity(BUFFER, file), limits);
                return Ok(Self::Tar(Box::new(tar)));
            }
        };
        zip.map(Self::Zip).map_err(|why| Error::Archive { name: path.display().to_string(), why })
    }

    fn tar(reader: impl Read + Send + 'static, limits: &ArchiveLimits) -> Self {
        Self::Tar(Box::new(tarred::Tar::plain(BufReader::with_capacity(BUFFER, reader), limits)))
    }

    fn next(&mut self, gate: &mut Gate) -> Result<Next, Refusal> {
        match self {
            Self::Zip(zip) => zip.next(gate),
            Self::Tar(tar) => tar.next(gate),
        }
    }
}

/// What decides over entries, whatever the archive's form is.
struct Gate {
    name: String,
    /// Files of any kind that documents include, and no others.
    only: Option<HashSet<String>>,
    limits: ArchiveLimits,
    selection: Selection,
    top: TopFolder,
    below: Option<String>,
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
            only: None,
            limits,
            selection,
            top,
            below: None,
            left_out: LeftOut::default(),
            seen: HashSet::new(),
            hasher: std::hash::RandomState::new(),
            entries: 0,
            files: 0,
            bytes: 0,
        }
    }

    /// For the same entries, where only these are wanted.
    fn only(&self, paths: HashSet<String>) -> Self {
        let below = self.below.clone();
        Self { only: Some(paths), below, ..Self::new(self.name.clone(), self.selection.clone(), self.top, self.limits) }
    }

    fn refused(&self, why: Refusal) -> Error {
        Error::Archive { name: self.name.clone(), why }
    }

    fn count(&mut self) -> Result<(), Refusal> {
        self.entries += 1;
        match self.entries > self.limits.max_entries {
            true => Err(Refusal::Entries { limit: self.limits.max_entries }),
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
        if let Some(only) = &self.only {
            let is_excluded = || self.selection.exclude.iter().any(|pattern| pattern.takes(&path));
            let has_room = size <= LARGEST && self.bytes + size <= MOST_INCLUDED;
            let is_wanted = only.contains(&path) && has_room && !is_excluded();
            let is_first = is_wanted && self.seen.insert(self.hasher.hash_one(path.to_lowercase()));
            return is_first.then_some((path, Role::Document("text/plain")));
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
/// Bytes of the files that documents include.
const MOST_INCLUDED: u64 = 64 << 20;
/// Entries that one call looks at, and bytes that it passes over.
const STEP_ENTRIES: usize = 1_000;
const STEP_BYTES: u64 = 32 << 20;

#[cfg(test)]
mod tests;
