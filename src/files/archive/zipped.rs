//! zip: the directory at its end by the crate `zip`, each entry read through a limit of our own.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{ArchiveLimits, BUFFER, Entry, Gate, Meter, Next, Refusal, Rule, STEP_ENTRIES, Unpacked, damaged};

pub(super) struct Zip {
    archive: ZipArchive<BufReader<File>>,
    /// Of the file, in bytes.
    length: u64,
    at: usize,
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
        let archive = ZipArchive::new(BufReader::with_capacity(BUFFER, file)).map_err(refusal)?;
        // git-archive(1) writes the commit here.
        let comment = std::str::from_utf8(archive.comment()).ok();
        let commit = comment.filter(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned);
        Ok(Self { archive, length, at: 0, meter: Meter::new(limits), commit })
    }

    pub(super) fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    pub(super) fn next(&mut self, gate: &mut Gate) -> Result<Next, Refusal> {
        for _ in 0..STEP_ENTRIES {
            if self.at >= self.archive.len() {
                return Ok(Next::End);
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
