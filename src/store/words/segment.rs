//! The segments of the index, their blocks, and which of their chunks are gone. Knows no scores, and not where the rows are.
//!
//! A segment holds the postings of some chunks. It is never changed, but for the chunks that go: each has a bit. Segments are made by
//! storing pages and by merging others, and all of it happens in the transaction of its caller.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::block::{self, BROKEN, CHUNKS, Entries, Entry, Kind, MAX_DISTANCE, Posting, Postings};
use super::builder::Builder;
use super::language::Language;
use super::merge;
use super::shelf::{Shelf, Start};
use crate::store::error::Failure;

/// A block behind its key.
pub(in crate::store) type Keyed = (Vec<u8>, Vec<u8>);

/// What is counted of the chunks of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Statistics {
    pub chunks: u64,
    /// Words of all of them.
    pub length: u64,
    /// What the distances of its chunks are from: the first of them, or one before it.
    pub first: i64,
    pub last: i64,
    /// Chunks on pages in a language, by its code.
    pub languages: BTreeMap<u8, u64>,
}

impl Statistics {
    pub(super) fn add(&mut self, chunk: i64, length: u32) {
        if self.chunks == 0 {
            self.first = chunk;
        }
        (self.chunks, self.length, self.last) = (self.chunks + 1, self.length + u64::from(length), chunk);
    }

    pub(super) fn add_language(&mut self, language: Language, chunks: u64) {
        *self.languages.entry(language.code()).or_default() += chunks;
    }

    /// Of two segments together.
    pub(super) fn add_all(&mut self, other: &Self) {
        if self.chunks == 0 {
            self.first = other.first;
        }
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        (self.chunks, self.length) = (self.chunks.saturating_add(other.chunks), self.length.saturating_add(other.length));
        for (language, chunks) in &other.languages {
            let count = self.languages.entry(*language).or_default();
            *count = count.saturating_add(*chunks);
        }
    }
}

/// A row of `word_segments`.
#[derive(Clone, Debug)]
pub(in crate::store) struct Segment {
    pub id: i64,
    pub kind: i64,
    /// With those that are gone.
    pub statistics: Statistics,
    /// Chunks that are gone.
    pub gone: u64,
}

impl Segment {
    /// Whether what a row says can be.
    pub(in crate::store) fn is_sound(&self) -> bool {
        let is_range = self.span() <= MAX_DISTANCE && self.statistics.first <= self.statistics.last;
        is_range && self.gone <= self.statistics.chunks
    }

    /// Writes what a builder holds.
    pub(super) fn build(shelf: &dyn Shelf, kind: i64, builder: Builder) -> Result<(), Failure> {
        Self::write(shelf, kind, |emit| builder.write(emit))
    }

    /// Makes a segment of the blocks that `blocks` gives. One without chunks is none.
    pub(super) fn write(
        shelf: &dyn Shelf,
        kind: i64,
        blocks: impl FnOnce(&mut dyn FnMut(&[u8], &[u8]) -> Result<(), Failure>) -> Result<Statistics, Failure>,
    ) -> Result<(), Failure> {
        let id = shelf.add_segment(kind)?;
        let statistics = blocks(&mut |first, data| shelf.put_block(id, first, data))?;
        let segment = Self { id, kind, statistics, gone: 0 };
        if segment.statistics.chunks == 0 { shelf.remove_segment(id) } else { shelf.update_segment(&segment) }
    }

    pub(in crate::store) fn first(&self) -> i64 {
        self.statistics.first
    }

    /// From its first chunk to its last.
    pub(in crate::store) fn span(&self) -> u64 {
        self.statistics.last.abs_diff(self.statistics.first)
    }

    /// Gives the distances of chunks that are gone, from `from` to `to`, in their order.
    pub(super) fn gone_between(&self, shelf: &dyn Shelf, (from, to): (u64, u64), mut take: impl FnMut(u64)) -> Result<(), Failure> {
        if self.gone == 0 {
            return Ok(());
        }
        shelf.gone(self.id, (from / PART) as i64, (to / PART) as i64, &mut |part, bits| {
            if bits.len() != PART as usize / 8 {
                return Err(BROKEN);
            }
            let base = u64::try_from(part).map_err(|_| BROKEN)? * PART;
            for (at, byte) in bits.iter().enumerate().filter(|(_, byte)| **byte != 0) {
                for bit in (0..8).filter(|bit| byte & (1 << bit) != 0) {
                    let distance = base + at as u64 * 8 + bit;
                    if (from..=to).contains(&distance) {
                        take(distance);
                    }
                }
            }
            Ok(())
        })
    }

    /// Notes that those of the chunks (sorted) that it holds are gone.
    fn forget(&mut self, shelf: &dyn Shelf, chunks: &[i64]) -> Result<(), Failure> {
        let from = chunks.partition_point(|chunk| *chunk < self.first());
        let to = chunks.partition_point(|chunk| *chunk <= self.statistics.last);
        let Some(chunks) = chunks.get(from..to).filter(|chunks| !chunks.is_empty()) else { return Ok(()) };
        let distance = |chunk: &i64| chunk.abs_diff(self.first());
        let range = (distance(&chunks[0]), distance(&chunks[chunks.len() - 1]));
        let mut parts: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        let mut sought = chunks.iter().map(distance).peekable();
        Blocks::of(shelf).entries(self, &[CHUNKS], range, |entry, block| {
            let mut postings = Postings::of(Kind::Chunks, entry, block);
            while let Some(Posting { first, .. }) = postings.next()? {
                while sought.next_if(|sought| *sought < first).is_some() {}
                if sought.next_if_eq(&first).is_some() {
                    parts.entry((first / PART) as i64).or_default().push(first % PART);
                }
            }
            Ok(())
        })?;
        for (part, places) in parts {
            let mut known = None;
            shelf.gone_bits(self.id, part, &mut |bits| known = Some(bits.to_vec()))?;
            let mut bits = known.filter(|bits| bits.len() == PART as usize / 8).unwrap_or_else(|| vec![0; PART as usize / 8]);
            for place in places {
                let (byte, bit) = (&mut bits[place as usize / 8], 1 << (place % 8));
                self.gone += u64::from(*byte & bit == 0);
                *byte |= bit;
            }
            shelf.put_gone(self.id, part, &bits)?;
        }
        shelf.update_segment(self)
    }

    /// Eight segments of a level make one of the next.
    fn level(&self) -> u32 {
        self.statistics.chunks.max(1).ilog(FANOUT as u64).min(TOP)
    }

    fn is_worn(&self) -> bool {
        self.gone * 4 > self.statistics.chunks
    }
}

/// Looks terms up.
pub(super) struct Blocks<'s> {
    shelf: &'s dyn Shelf,
    sought: Vec<u8>,
}

impl<'s> Blocks<'s> {
    pub(super) fn of(shelf: &'s dyn Shelf) -> Self {
        Self { shelf, sought: Vec::new() }
    }

    /// Gives the entries of a term that hold chunks at distances from `from` to `to`, with their block.
    pub(super) fn entries(
        &mut self,
        segment: &Segment,
        term: &[u8],
        (from, to): (u64, u64),
        mut take: impl FnMut(&Entry, &[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.sought.clear();
        self.sought.extend_from_slice(term);
        self.sought.push(0);
        self.sought.extend(from.to_be_bytes());
        let mut last = None;
        // Whether what comes behind this block can be of the term.
        let mut goes_on = |key: &[u8], block: &[u8]| -> Result<bool, Failure> {
            if key > term && key.strip_prefix(term).is_none_or(|rest| rest[0] != 0) {
                return Ok(false);
            }
            let mut entries = Entries::of(block);
            while let Some(entry) = entries.next()? {
                match entries.term().cmp(term) {
                    Ordering::Less => {}
                    Ordering::Greater => return Ok(false),
                    Ordering::Equal => {
                        if entry.last > segment.span() || last.is_some_and(|last| last >= entry.first) {
                            return Err(BROKEN);
                        }
                        last = Some(entry.last);
                        if entry.first > to {
                            return Ok(false);
                        }
                        if entry.last >= from {
                            take(&entry, block)?;
                        }
                    }
                }
            }
            Ok(true)
        };
        // Only of what begins with the term itself there is more: the key sought is the last one that the first of these may have.
        self.shelf.blocks_from(segment.id, &self.sought, Start::Before, &mut goes_on)
    }
}

/// Notes that chunks are gone, of whichever kind they are.
pub(super) fn forget(shelf: &dyn Shelf, chunks: &mut [i64]) -> Result<(), Failure> {
    chunks.sort_unstable();
    if chunks.is_empty() {
        return Ok(());
    }
    for kind in KINDS {
        for mut segment in shelf.segments(kind)? {
            segment.forget(shelf, chunks)?;
        }
    }
    Ok(())
}

/// Merges what has become many, and writes anew what has become empty in large part.
pub(super) fn tidy(shelf: &dyn Shelf, kind: i64) -> Result<(), Failure> {
    loop {
        let segments = shelf.segments(kind)?;
        let level = (0..TOP).find(|level| segments.iter().filter(|segment| segment.level() == *level).count() >= FANOUT);
        let chosen: Vec<Segment> = match (level, segments.iter().find(|segment| segment.is_worn())) {
            (Some(level), _) => segments.into_iter().filter(|segment| segment.level() == level).collect(),
            (None, Some(worn)) => vec![worn.clone()],
            (None, None) => return Ok(()),
        };
        merge::merge(shelf, kind, &chosen)?;
    }
}

/// Languages and their counts as one value of a row.
pub(in crate::store) fn languages_blob(languages: &BTreeMap<u8, u64>) -> Vec<u8> {
    let mut blob = Vec::new();
    for (language, chunks) in languages {
        blob.push(*language);
        block::put_number(&mut blob, *chunks);
    }
    blob
}

/// The same from such a value.
pub(in crate::store) fn languages_of(mut blob: &[u8]) -> Result<BTreeMap<u8, u64>, Failure> {
    let mut languages = BTreeMap::new();
    while let [language, rest @ ..] = blob {
        blob = rest;
        languages.insert(*language, block::number(&mut blob)?);
    }
    Ok(languages)
}

/// Text and code.
pub(in crate::store) const KINDS: [i64; 2] = [0, 1];

/// Chunks whose bits stand in one row.
const PART: u64 = 4096;

const FANOUT: usize = 8;
/// The level above which nothing is merged: some ten megabytes, as much as one transaction should write.
const TOP: u32 = 5;
