//! Numbers for words and terms, in the order in which they are met. All of them stand in one buffer: none is allocated by itself.

use std::fmt;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

/// Strings of bytes, each once.
#[derive(Default)]
pub(super) struct Numbers {
    bytes: Vec<u8>,
    /// Where each ends, and the next begins.
    ends: Vec<u32>,
    table: HashTable<u32>,
    /// With a seed of its own: pages choose the words.
    hasher: RandomState,
}

impl Numbers {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// What has this number.
    pub(super) fn of(&self, number: u32) -> &[u8] {
        of(&self.bytes, &self.ends, number)
    }

    /// The number of what was met before, else the next one.
    pub(super) fn add(&mut self, met: &[u8]) -> u32 {
        let Self { bytes, ends, table, hasher } = self;
        let hash = hasher.hash_one(met);
        if let Some(number) = table.find(hash, |number| of(bytes, ends, *number) == met) {
            return *number;
        }
        let number = u32::try_from(ends.len()).expect("some pages have fewer words");
        bytes.extend_from_slice(met);
        ends.push(u32::try_from(bytes.len()).expect("some pages have fewer letters"));
        table.insert_unique(hash, number, |number| hasher.hash_one(of(bytes, ends, *number)));
        number
    }

    /// As if none had been met. The room for them stays.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
    }
}

fn of<'b>(bytes: &'b [u8], ends: &[u32], number: u32) -> &'b [u8] {
    let number = number as usize;
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start as usize..ends[number] as usize]
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_numbered_once() {
        let mut numbers = Numbers::default();
        let words: Vec<String> = (0..5_000).map(|number| format!("word{number}")).collect();
        for _ in 0..2 {
            for (number, word) in words.iter().enumerate() {
                assert_eq!(numbers.add(word.as_bytes()) as usize, number);
            }
        }
        assert_eq!((numbers.len(), numbers.add(b"")), (5_000, 5_000));
        assert_eq!((numbers.of(4_999), numbers.of(5_000)), (&b"word4999"[..], &b""[..]));
        numbers.clear();
        assert_eq!((numbers.len(), numbers.add(b"word7"), numbers.add(b"word8")), (0, 0, 1));
    }
}
