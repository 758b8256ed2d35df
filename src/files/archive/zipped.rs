//! zip: the directory at its end by the crate `zip`, each entry read through a limit of our own.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{ArchiveLimits, BUFFER, Entry, Gate, Meter, Next, Refusal, Rule, STEP_ENTRIES, Unpacked, damaged};

pub(super) struct Zip {
    archive: ZipArchive<BufReader<File>>,
    /// Of the file, in bytes.
    length: u64,
    at: usize,
    /// Names that a later entry has as well, of which the crate knows the last alone; told at the end.
    doubles: Vec<Vec<u8>>,
    meter: Meter,
    commit: Option<String>,
}

impl Zip {
    pub(super) fn open(mut file: File, length: u64, limits: &ArchiveLimits) -> Result<Self, Refusal> {
        // Asked first: the whole directory is in memory once it is read.
        let stated = entries(&mut file, length).map_err(|error| damaged(&error))?;
        if stated.is_some_and(|stated| stated > limits.max_entries) {
            return Err(Refusal::Entries { limit: limits.max_entries });
        }
        // Both read at one place of the file, and each looks for its own before it reads.
        let directory = file.try_clone().map_err(|error| damaged(&error))?;
        let archive = ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(refusal)?;
        let doubles = match archive.has_duplicate_names() {
            true => doubles(directory, archive.central_directory_start(), limits).map_err(|error| damaged(&error))?,
            false => Vec::new(),
        };
        // git-archive(1) writes the commit here.
        let comment = std::str::from_utf8(archive.comment()).ok();
        let commit = comment.filter(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned);
        Ok(Self { archive, length, at: 0, doubles, meter: Meter::new(limits), commit })
    }

    pub(super) fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    pub(super) fn next(&mut self, gate: &mut Gate) -> Result<Next, Refusal> {
        for _ in 0..STEP_ENTRIES {
            if self.at >= self.archive.len() {
                let Some(name) = self.doubles.pop() else { return Ok(Next::End) };
                gate.count()?;
                // It is one that was seen, but for a name that is not written as the crate reads it.
                if let Some((path, _)) = gate.admits(&name, Entry::File, 0) {
                    gate.left_out.add(Rule::Duplicate, &path);
                }
                continue;
            }
            let index = self.at;
            self.at += 1;
            gate.count()?;
            if let Some(file) = self.entry(index, gate)? {
                return Ok(Next::File(file));
            }
        }
        Ok(Next::More)
    }

    fn entry(&mut self, index: usize, gate: &mut Gate) -> Result<Option<Unpacked>, Refusal> {
        let (admitted, size) = {
            let entry = self.archive.by_index_raw(index).map_err(refusal)?;
            let kind = match () {
                () if entry.is_symlink() => Entry::Link,
                () if entry.is_dir() => Entry::Folder,
                () if is_special(entry.unix_mode()) => Entry::Special,
                () => Entry::File,
            };
            let name = entry.name().map_err(refusal)?;
            let admitted = gate.admits(name.as_bytes(), kind, entry.size());
            if admitted.is_some() && entry.encrypted() {
                return Err(Refusal::Encrypted);
            }
            (admitted, entry.size())
        };
        let Some((path, role)) = admitted else { return Ok(None) };
        let entry = match self.archive.by_index(index) {
            Ok(entry) => entry,
            // One entry is packed in a way that few tools know.
            Err(ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_)) => {
                gate.left_out.add(Rule::Unreadable, &path);
                return Ok(None);
            }
            Err(error) => return Err(refusal(error)),
        };
        let mut bytes = Vec::new();
        // One more than there may be: what is larger than it says is seen.
        match entry.take(size.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(_) => {}
            // Which way that is may only be asked when the first byte is read.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                gate.left_out.add(Rule::Unreadable, &path);
                return Ok(None);
            }
            Err(error) => return Err(damaged(&error)),
        }
        if bytes.len() as u64 > size {
            return Err(Refusal::Damaged("an entry is larger than it says".to_owned()));
        }
        self.meter.came_out(bytes.len() as u64, self.length)?;
        Ok(gate.handed(path, role, bytes))
    }
}

/// The names of files in the directory (APPNOTE 4.3.12) that were there before, once for each time.
fn doubles(mut file: File, start: u64, limits: &ArchiveLimits) -> io::Result<Vec<Vec<u8>>> {
    file.seek(SeekFrom::Start(start))?;
    let mut file = BufReader::with_capacity(BUFFER, file);
    let (hasher, mut seen, mut doubles) = (RandomState::new(), HashSet::new(), Vec::new());
    for _ in 0..limits.max_entries {
        let mut head = [0; 46];
        match file.read_exact(&mut head) {
            Ok(()) if head.starts_with(b"PK\x01\x02") => {}
            // The end, which may be shorter.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => break,
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| u16::from_le_bytes([head[at], head[at + 1]]));
        let mut bytes = vec![0; name.into()];
        file.read_exact(&mut bytes)?;
        file.seek_relative(i64::from(extra) + i64::from(comment))?;
        if !seen.insert(hasher.hash_one(&bytes)) && !bytes.ends_with(b"/") {
            doubles.push(bytes);
        }
    }
    Ok(doubles)
}

/// How many entries the end of the archive tells of (APPNOTE 4.3.14 and 4.3.16). None: it has no end that is known.
fn entries(file: &mut File, length: u64) -> io::Result<Option<u64>> {
    let start = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.rewind()?;
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let found = tail.get(at..at + bytes)?;
        Some(found.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let at = |mark: &[u8]| tail.windows(4).rposition(|found| found == mark);
    let large = at(b"PK\x06\x06").and_then(|at| number(at + 32, 8));
    let small = at(b"PK\x05\x06").and_then(|at| number(at + 10, 2));
    Ok(match small {
        Some(0xffff) => large.or(small),
        small => small,
    })
}

/// A device, pipe or socket, as Unix marks them.
fn is_special(mode: Option<u32>) -> bool {
    mode.is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000 | 0o120_000))
}

fn refusal(error: ZipError) -> Refusal {
    match error {
        ZipError::Io(error) => damaged(&error),
        ZipError::InvalidPassword => Refusal::Encrypted,
        ZipError::UnsupportedArchive(what) if what.contains("assword") => Refusal::Encrypted,
        error => Refusal::Damaged(error.to_string()),
    }
}

/// Bytes: the end record, its longest comment, and the records before it.
const TAIL: u64 = 22 + 65_535 + 20 + 256;
