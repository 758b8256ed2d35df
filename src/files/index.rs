//! The index of a clone (gitformat-index(5), versions 2 to 4): which files the repository has, and what they were like when git saw them
//! last. A file that is not among them, or is another by now, is not to be seen on the repository's host.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::folder::read_below;

/// Files below one folder that the repository has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tracked(HashMap<Box<str>, Seen>);

/// When git saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    /// The low 32 bits.
    bytes: u32,
    seconds: u32,
    nanoseconds: u32,
}

impl Tracked {
    /// Those below `folder`, by its path below the top of the working tree. None where the index is of a form that is not known: nothing is
    /// known then.
    pub(super) fn read(git: &Path, folder: &str) -> Option<Self> {
        parse(&read_below(git, "index", LARGEST).ok()?, folder)
    }

    /// Whether a file, by its path below the folder, is as the repository has it, as far as size and time tell.
    pub(super) fn has(&self, path: &str, bytes: u64, modified: Option<SystemTime>) -> bool {
        let Some(seen) = self.0.get(path) else { return false };
        let since = modified.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        // Some systems, and some versions of git, keep no parts of seconds.
        let is_same_time = since.as_secs() as u32 == seen.seconds && (seen.nanoseconds == 0 || nanoseconds(since) == seen.nanoseconds);
        seen.bytes == bytes as u32 && is_same_time
    }
}

fn nanoseconds(since: Duration) -> u32 {
    since.subsec_nanos()
}

fn parse(bytes: &[u8], folder: &str) -> Option<Tracked> {
    let mut rest = bytes.strip_prefix(b"DIRC")?;
    let version = number(&mut rest)?;
    let count = number(&mut rest)?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut tracked = HashMap::new();
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..count {
        let start = rest;
        let fields = rest.get(..FIXED)?;
        let at = |at: usize| fields.get(at..at + 4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let seen = Seen { seconds: at(8)?, nanoseconds: at(12)?, bytes: at(36)? };
        let flags = u16::from_be_bytes([fields[60], fields[61]]);
        let is_extended = version >= 3 && flags & 0x4000 != 0;
        rest = rest.get(FIXED + if is_extended { 2 } else { 0 }..)?;
        if version == 4 {
            // What of the name before is to be taken away, then what comes behind it.
            let taken = variable(&mut rest)?;
            name.truncate(name.len().checked_sub(taken)?);
        } else {
            name.clear();
        }
        let end = rest.iter().take(LONGEST).position(|byte| *byte == 0)?;
        name.extend(&rest[..end]);
        if name.len() > LONGEST {
            return None;
        }
        let used = start.len() - rest.len() + end;
        // 1 to 8 NULs, so that the length of the entry is a multiple of eight.
        rest = if version == 4 { rest.get(end + 1..)? } else { start.get((used + 8) / 8 * 8..)? };
        if let Some(path) = name.strip_prefix(prefix.as_bytes()).and_then(|path| std::str::from_utf8(path).ok()) {
            tracked.insert(path.into(), seen);
        }
    }
    Some(Tracked(tracked))
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (first, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_be_bytes(*first))
}

/// As offsets in packs are written: seven bits in a byte, each but the last with its highest bit set and counted one more.
fn variable(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for place in 0..5 {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value = (if place == 0 { 0 } else { value + 1 }) << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Bytes of an entry before its name, of a repository whose sums are SHA-1: others are not read.
const FIXED: usize = 62;
/// Bytes of a path.
const LONGEST: usize = 4_096;
/// Bytes: repositories of a million files have an index of 100 MB.
const LARGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: u32, before: &str, name: &str) -> Vec<u8> {
        let mut entry = vec![0; 8];
        entry.extend([7_u32, 500].map(u32::to_be_bytes).concat());
        entry.extend([0; 20]);
        entry.extend(3_u32.to_be_bytes());
        entry.extend([0; 20]);
        entry.extend((name.len() as u16).to_be_bytes());
        if version == 4 {
            let common = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
            entry.push((before.len() - common) as u8);
            entry.extend(name.as_bytes()[common..].iter().chain(&[0]));
        } else {
            entry.extend(name.as_bytes());
            entry.resize((entry.len() + 8) / 8 * 8, 0);
        }
        entry
    }

    fn index(version: u32, names: &[&str]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend([version, names.len() as u32].map(u32::to_be_bytes).concat());
        let before = [""].iter().chain(names);
        before.zip(names).for_each(|(before, name)| bytes.extend(entry(version, before, name)));
        bytes
    }

    /// Clocks of Windows count hundreds of nanoseconds.
    fn at(seconds: u64, nanoseconds: u32) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds))
    }

    #[test]
    fn a_file_is_tracked_as_it_was_seen() {
        for version in 2..=4 {
            let bytes = index(version, &["README.md", "docs/a.md", "docs/b.md", "docs-old/c.md", "z"]);
            let tracked = parse(&bytes, "docs").unwrap();
            assert_eq!(tracked.0.len(), 2, "version {version}");
            assert!(tracked.has("a.md", 3, at(7, 500)) && tracked.has("b.md", 3, at(7, 500)));
            assert!(!tracked.has("a.md", 4, at(7, 500)), "another size");
            assert!(!tracked.has("a.md", 3, at(8, 500)) && !tracked.has("a.md", 3, at(7, 600)), "another time");
            assert!(!tracked.has("c.md", 3, at(7, 500)) && !tracked.has("a.md", 3, None));
            assert_eq!(parse(&bytes, "").unwrap().0.len(), 5);
            for end in 0..bytes.len() - 1 {
                // The last entry of the first two versions ends with NULs that are not missed.
                let _ = parse(&bytes[..end], "");
            }
            assert_eq!(parse(&bytes[..60], ""), None, "cut off");
        }
        assert_eq!(parse(&index(5, &["a"]), ""), None);
        assert_eq!(parse(b"DIRC\0\0\0\x02\xff\xff\xff\xff", ""), None, "more is said than there is");
        assert_eq!(parse(b"", ""), None);
    }
}
