//! Goes through several segments at once, in the order of their terms: to make one of them, or to compare what they hold.

use super::block::{BROKEN, CHUNKS, Entries, Entry, Kind, LANGUAGE, Posting, Postings, Writer};
use super::language::Language;
use super::segment::{Segment, Statistics};
use super::shelf::Shelf;
use crate::store::error::Failure;

/// Makes one segment of several, which go. Chunks that are gone are in it no more.
pub(super) fn merge(shelf: &dyn Shelf, kind: i64, segments: &[Segment]) -> Result<(), Failure> {
    let base = segments.iter().map(Segment::first).min().unwrap_or(0);
    let is_plain = segments.iter().all(|segment| segment.gone == 0)
        && segments.windows(2).all(|pair| pair[0].statistics.last < pair[1].statistics.first);
    Segment::write(shelf, kind, |emit| {
        let mut emit = emit;
        let mut writer = Writer::new(&mut emit);
        let statistics = if is_plain {
            join(shelf, segments, base, &mut writer)?
        } else {
            let mut statistics = Counted { base, ..Counted::default() };
            walk(shelf, segments, &mut |term, posting| {
                statistics.see(term, posting);
                writer.push(term, posting)
            })?;
            // Its chunks are told as distances from there, though that one may be gone.
            Statistics { first: base, ..statistics.counted }
        };
        writer.finish()?;
        Ok(statistics)
    })?;
    segments.iter().try_for_each(|segment| shelf.remove_segment(segment.id))
}

/// Postings are taken over as they are written: segments of neighbouring chunks of which none is gone follow on each other.
fn join<F: FnMut(&[u8], &[u8]) -> Result<(), Failure>>(
    shelf: &dyn Shelf,
    segments: &[Segment],
    base: i64,
    writer: &mut Writer<'_, F>,
) -> Result<Statistics, Failure> {
    let mut statistics = Statistics::default();
    segments.iter().for_each(|segment| statistics.add_all(&segment.statistics));
    let mut cursors = Cursor::of_all(shelf, segments)?;
    let mut term = Vec::new();
    while next_term(&cursors, &mut term) {
        for cursor in &mut cursors {
            let offset = cursor.segment.first().abs_diff(base);
            while let Some(entry) = cursor.at(&term) {
                writer.join(&term, entry, &cursor.block[entry.data.clone()], offset + entry.first)?;
                cursor.advance(shelf)?;
            }
        }
    }
    Ok(statistics)
}

/// Gives the postings of all chunks that are not gone, by term and chunk, as distances from the first chunk of all.
pub(super) fn walk(
    shelf: &dyn Shelf,
    segments: &[Segment],
    take: &mut impl FnMut(&[u8], Posting) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let base = segments.iter().map(Segment::first).min().unwrap_or(0);
    let mut cursors = Cursor::of_all(shelf, segments)?;
    let (mut term, mut postings) = (Vec::new(), Vec::new());
    while next_term(&cursors, &mut term) {
        for cursor in &mut cursors {
            cursor.postings(shelf, &term, base, &mut postings)?;
        }
        if !postings.is_sorted() {
            postings.sort_unstable();
        }
        postings.drain(..).try_for_each(|posting| take(&term, posting))?;
    }
    Ok(())
}

/// Statistics of what is left where chunks are gone.
#[derive(Default)]
struct Counted {
    counted: Statistics,
    base: i64,
}

impl Counted {
    fn see(&mut self, term: &[u8], posting: Posting) {
        match term {
            [CHUNKS] => self.counted.add(self.base.saturating_add_unsigned(posting.first), posting.value),
            [LANGUAGE, code] => {
                if let Some(language) = Language::from_code(*code) {
                    self.counted.add_language(language, posting.last - posting.first + 1);
                }
            }
            _ => {}
        }
    }
}

/// Where in a segment the way through its terms is.
struct Cursor<'s> {
    segment: &'s Segment,
    /// Distances, sorted.
    gone: Vec<u64>,
    key: Vec<u8>,
    block: Vec<u8>,
    /// Behind the entry.
    at: usize,
    term: Vec<u8>,
    /// The term of the entry before.
    before: Vec<u8>,
    /// None at the end.
    entry: Option<Entry>,
}

impl<'s> Cursor<'s> {
    fn of_all(shelf: &dyn Shelf, segments: &'s [Segment]) -> Result<Vec<Self>, Failure> {
        let cursor = |segment: &'s Segment| {
            let mut gone = Vec::new();
            segment.gone_between(shelf, (0, segment.span()), |distance| gone.push(distance))?;
            let mut cursor =
                Self { segment, gone, key: Vec::new(), block: Vec::new(), at: 0, term: Vec::new(), before: Vec::new(), entry: None };
            cursor.advance(shelf)?;
            Ok(cursor)
        };
        segments.iter().map(cursor).collect()
    }

    fn advance(&mut self, shelf: &dyn Shelf) -> Result<(), Failure> {
        self.before.clone_from(&self.term);
        loop {
            let mut entries = Entries::resume(&self.block, self.at, std::mem::take(&mut self.term));
            let entry = entries.next()?;
            (self.at, self.term) = entries.pause();
            if let Some(entry) = entry {
                let last = self.entry.as_ref().map(|entry| entry.last);
                let ascends = last.is_none_or(|last| self.before < self.term || (self.before == self.term && last < entry.first));
                if !ascends || entry.last > self.segment.span() {
                    return Err(BROKEN);
                }
                self.entry = Some(entry);
                return Ok(());
            }
            let Some((key, block)) = shelf.block_behind(self.segment.id, &self.key)? else {
                self.entry = None;
                return Ok(());
            };
            (self.key, self.block, self.at) = (key, block, 0);
        }
    }

    fn at(&self, term: &[u8]) -> Option<&Entry> {
        self.entry.as_ref().filter(|_| self.term == term)
    }

    /// What it has of a term that is not gone.
    fn postings(&mut self, shelf: &dyn Shelf, term: &[u8], base: i64, into: &mut Vec<Posting>) -> Result<(), Failure> {
        let offset = self.segment.first().abs_diff(base);
        while let Some(entry) = self.at(term) {
            let mut postings = Postings::of(Kind::of(term), entry, &self.block);
            while let Some(posting) = postings.next()? {
                let from = self.gone.partition_point(|gone| *gone < posting.first);
                let to = self.gone.partition_point(|gone| *gone <= posting.last);
                let mut put = |first: u64, behind: u64| {
                    if first < behind {
                        into.push(Posting { first: first + offset, last: behind - 1 + offset, ..posting });
                    }
                };
                // A run falls into those between what is gone.
                let mut first = posting.first;
                for gone in &self.gone[from..to] {
                    put(first, *gone);
                    first = gone + 1;
                }
                put(first, posting.last + 1);
            }
            self.advance(shelf)?;
        }
        Ok(())
    }
}

/// The smallest term that any of them is at.
fn next_term(cursors: &[Cursor<'_>], term: &mut Vec<u8>) -> bool {
    let smallest = cursors.iter().filter(|cursor| cursor.entry.is_some()).map(|cursor| &cursor.term).min();
    if let Some(smallest) = smallest {
        term.clone_from(smallest);
    }
    smallest.is_some()
}
