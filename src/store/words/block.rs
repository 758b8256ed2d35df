//! How the terms of a segment and their postings are written as bytes, and read from bytes that may be anything. Pure.
//!
//! A block is a row of entries in the order of their terms; a term with many postings has several entries, in the order of their
//! chunks. Chunks are told as distances from the segment's first one. What follows an entry's first posting begins with its distance
//! from the one before, so that two entries of one term are joined by a number between them.

use std::ops::Range;

use crate::store::error::Failure;

/// The bytes a term may begin with that no token does; they are told apart by them.
pub(super) const EXACT: u8 = 1;
pub(super) const SOURCE: u8 = 2;
pub(super) const CHUNKS: u8 = 3;
pub(super) const LANGUAGE: u8 = 4;
/// Terms of tokens begin above.
pub(super) const FIRST_TOKEN: u8 = 5;

/// What the postings of a term are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Chunks in which a word stands, how often, and how long they are.
    Word,
    /// All chunks, and how many words they have.
    Chunks,
    /// Chunks of a source or a language, as runs of neighbours.
    Runs,
}

impl Kind {
    pub(super) fn of(term: &[u8]) -> Self {
        match term.first() {
            Some(&CHUNKS) => Self::Chunks,
            Some(&SOURCE | &LANGUAGE) => Self::Runs,
            _ => Self::Word,
        }
    }
}

/// One posting: of chunk `first` and, in runs, all up to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Posting {
    pub first: u64,
    pub last: u64,
    /// Of a word: how often it stands there, in halves. Of chunks: their words.
    pub value: u32,
    /// Of a word: the length of the chunk as a code (see [`length_code`]).
    pub length: u8,
}

/// Some of the postings of a term, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub count: u32,
    pub first: u64,
    pub last: u64,
    /// Where in the block its postings are.
    pub data: Range<usize>,
}

/// Goes through a block.
pub(super) struct Entries<'a> {
    block: &'a [u8],
    at: usize,
    term: Vec<u8>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(block: &'a [u8]) -> Self {
        Self { block, at: 0, term: Vec::new() }
    }

    /// As it was after so many bytes, at which it stood at this term.
    pub(super) fn resume(block: &'a [u8], at: usize, term: Vec<u8>) -> Self {
        Self { block, at, term }
    }

    pub(super) fn pause(self) -> (usize, Vec<u8>) {
        (self.at, self.term)
    }

    /// The term of the entry that came last.
    pub(super) fn term(&self) -> &[u8] {
        &self.term
    }

    pub(super) fn next(&mut self) -> Result<Option<Entry>, Failure> {
        if self.at >= self.block.len() {
            return Ok(None);
        }
        let mut rest = &self.block[self.at..];
        let shared = number(&mut rest)? as usize;
        let length = number(&mut rest)?;
        let suffix = take(&mut rest, length)?;
        if shared > self.term.len() {
            return Err(BROKEN);
        }
        self.term.truncate(shared);
        self.term.extend_from_slice(suffix);
        let count = number(&mut rest)?;
        let first = number(&mut rest)?;
        let last = first.checked_add(number(&mut rest)?).ok_or_else(broken)?;
        let length = number(&mut rest)?;
        let start = self.block.len() - rest.len();
        take(&mut rest, length)?;
        let end = self.block.len() - rest.len();
        self.at = end;
        // A posting has a byte at least.
        let count = u32::try_from(count).ok().filter(|count| (1..=end - start).contains(&(*count as usize))).ok_or_else(broken)?;
        if self.term.is_empty() || last > MAX_DISTANCE {
            return Err(BROKEN);
        }
        Ok(Some(Entry { count, first, last, data: start..end }))
    }
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Failure> {
    let length = usize::try_from(length).ok().filter(|length| *length <= rest.len()).ok_or_else(broken)?;
    let (taken, behind) = rest.split_at(length);
    *rest = behind;
    Ok(taken)
}

/// The postings of an entry, each after the one before.
pub(super) struct Postings<'a> {
    kind: Kind,
    rest: &'a [u8],
    /// The first is told by the entry, the others by their distance.
    next: Option<u64>,
    last: u64,
    left: u32,
    end: u64,
}

impl<'a> Postings<'a> {
    pub(super) fn of(kind: Kind, entry: &Entry, block: &'a [u8]) -> Self {
        Self { kind, rest: &block[entry.data.clone()], next: Some(entry.first), last: entry.first, left: entry.count, end: entry.last }
    }

    pub(super) fn next(&mut self) -> Result<Option<Posting>, Failure> {
        if self.left == 0 {
            return if self.rest.is_empty() && self.last == self.end { Ok(None) } else { Err(BROKEN) };
        }
        self.left -= 1;
        let first = match self.next.take() {
            Some(first) => first,
            None => match number(&mut self.rest)? {
                0 => return Err(BROKEN),
                distance => self.last.checked_add(distance).ok_or_else(broken)?,
            },
        };
        let mut posting = Posting { first, last: first, value: 0, length: 0 };
        match self.kind {
            Kind::Word => {
                let [value, length, rest @ ..] = self.rest else { return Err(BROKEN) };
                (posting.value, posting.length, self.rest) = (u32::from(*value), *length, rest);
            }
            Kind::Chunks => posting.value = u32::try_from(number(&mut self.rest)?).map_err(|_| BROKEN)?,
            Kind::Runs => posting.last = first.checked_add(number(&mut self.rest)?).ok_or_else(broken)?,
        }
        if posting.last > self.end {
            return Err(BROKEN);
        }
        self.last = posting.last;
        Ok(Some(posting))
    }
}

/// Writes the blocks of a segment: entries come in the order of their terms, those of one term in the order of their chunks.
pub(super) struct Writer<'w, F> {
    emit: &'w mut F,
    block: Vec<u8>,
    /// The term that the block begins with; behind a zero byte the distance of its first chunk, where the block before ends with the
    /// same term.
    key: Vec<u8>,
    /// The term written last.
    written: Vec<u8>,
    /// What is still to be written.
    term: Vec<u8>,
    count: u32,
    first: u64,
    last: u64,
    data: Vec<u8>,
}

impl<'w, F: FnMut(&[u8], &[u8]) -> Result<(), Failure>> Writer<'w, F> {
    pub(super) fn new(emit: &'w mut F) -> Self {
        Self {
            emit,
            block: Vec::new(),
            key: Vec::new(),
            written: Vec::new(),
            term: Vec::new(),
            count: 0,
            first: 0,
            last: 0,
            data: Vec::new(),
        }
    }

    /// Postings as they are written elsewhere, all behind those of the term so far.
    pub(super) fn join(&mut self, term: &[u8], entry: &Entry, data: &[u8], first: u64) -> Result<(), Failure> {
        let last = first.checked_add(entry.last - entry.first).filter(|last| *last <= MAX_DISTANCE).ok_or_else(broken)?;
        self.turn_to(term, data.len())?;
        if self.count == 0 {
            self.first = first;
        } else {
            put_number(&mut self.data, first.checked_sub(self.last).filter(|distance| *distance > 0).ok_or_else(broken)?);
        }
        self.data.extend_from_slice(data);
        (self.count, self.last) = (self.count + entry.count, last);
        Ok(())
    }

    pub(super) fn push(&mut self, term: &[u8], posting: Posting) -> Result<(), Failure> {
        self.turn_to(term, MAX_POSTING)?;
        if self.count == 0 {
            self.first = posting.first;
        } else {
            put_number(&mut self.data, posting.first.checked_sub(self.last).filter(|distance| *distance > 0).ok_or_else(broken)?);
        }
        match Kind::of(term) {
            Kind::Word => self.data.extend([posting.value.min(255) as u8, posting.length]),
            Kind::Chunks => put_number(&mut self.data, posting.value.into()),
            Kind::Runs => put_number(&mut self.data, posting.last - posting.first),
        }
        (self.count, self.last) = (self.count + 1, posting.last);
        if self.last > MAX_DISTANCE { Err(BROKEN) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.end_entry()?;
        self.end_block()
    }

    fn turn_to(&mut self, term: &[u8], more: usize) -> Result<(), Failure> {
        if self.term != term || self.data.len() + more > MAX_ENTRY {
            self.end_entry()?;
            self.term.clear();
            self.term.extend_from_slice(term);
        }
        Ok(())
    }

    fn end_entry(&mut self) -> Result<(), Failure> {
        if self.count == 0 {
            return Ok(());
        }
        if !self.block.is_empty() && self.block.len() + self.term.len() + self.data.len() > BLOCK {
            self.end_block()?;
        }
        let is_first = self.block.is_empty();
        if is_first {
            self.key.clone_from(&self.term);
            if self.written == self.term {
                self.key.push(0);
                self.key.extend(self.first.to_be_bytes());
            }
        }
        let shared = if is_first { 0 } else { self.term.iter().zip(&self.written).take_while(|(a, b)| a == b).count() };
        put_number(&mut self.block, shared as u64);
        put_number(&mut self.block, (self.term.len() - shared) as u64);
        self.block.extend_from_slice(&self.term[shared..]);
        put_number(&mut self.block, self.count.into());
        put_number(&mut self.block, self.first);
        put_number(&mut self.block, self.last - self.first);
        put_number(&mut self.block, self.data.len() as u64);
        self.block.append(&mut self.data);
        self.written.clone_from(&self.term);
        self.count = 0;
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), Failure> {
        if !self.block.is_empty() {
            (self.emit)(&self.key, &self.block)?;
            self.block.clear();
        }
        Ok(())
    }
}

/// A length as a byte: exact below 16, then in steps of a twelfth.
pub(super) fn length_code(length: u32) -> u8 {
    if length < 16 {
        return length as u8;
    }
    // Eight steps while a length doubles.
    (16.0 + 8.0 * (f64::from(length) / 16.0).log2()).round().min(255.0) as u8
}

pub(super) fn length_of(code: u8) -> f32 {
    if code < 16 { f32::from(code) } else { 16.0 * 2.0_f32.powf((f32::from(code) - 16.0) / 8.0) }
}

/// Seven bits a byte, the last one without the eighth.
pub(super) fn put_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 128 {
        into.push(number as u8 | 128);
        number >>= 7;
    }
    into.push(number as u8);
}

pub(super) fn number(rest: &mut &[u8]) -> Result<u64, Failure> {
    let mut number = 0_u64;
    for (at, byte) in rest.iter().enumerate().take(9) {
        number |= u64::from(byte & 127) << (7 * at);
        if *byte < 128 {
            *rest = &rest[at + 1..];
            return Ok(number);
        }
    }
    Err(BROKEN)
}

/// What no version of this program writes.
pub(in crate::store) const BROKEN: Failure = Failure::Words;

pub(super) fn broken() -> Failure {
    BROKEN
}

/// Bytes of a block that fits a page of the file with its key.
const BLOCK: usize = 3_600;
/// Bytes of the postings of one entry, which has a block of its own then.
const MAX_ENTRY: usize = 8_000;
/// A posting is two numbers at most, of a distance and of a run.
const MAX_POSTING: usize = 20;
/// From the first chunk of a segment to its last.
pub(super) const MAX_DISTANCE: u64 = 1 << 48;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Blocks = Vec<(Vec<u8>, Vec<u8>)>;

    fn write(lists: &[(Vec<u8>, Vec<Posting>)]) -> Blocks {
        let mut blocks = Vec::new();
        let mut emit = |key: &[u8], block: &[u8]| {
            blocks.push((key.to_vec(), block.to_vec()));
            Ok(())
        };
        let mut writer = Writer::new(&mut emit);
        for (term, postings) in lists {
            postings.iter().for_each(|posting| writer.push(term, *posting).unwrap());
        }
        writer.finish().unwrap();
        blocks
    }

    fn read(blocks: &Blocks) -> Vec<(Vec<u8>, Vec<Posting>)> {
        let mut lists: Vec<(Vec<u8>, Vec<Posting>)> = Vec::new();
        for (_, block) in blocks {
            let mut entries = Entries::of(block);
            while let Some(entry) = entries.next().unwrap() {
                if lists.last().is_none_or(|(term, _)| term != entries.term()) {
                    lists.push((entries.term().to_vec(), Vec::new()));
                }
                let mut postings = Postings::of(Kind::of(entries.term()), &entry, block);
                while let Some(posting) = postings.next().unwrap() {
                    lists.last_mut().unwrap().1.push(posting);
                }
            }
        }
        lists
    }

    fn word(chunk: u64) -> Posting {
        Posting { first: chunk, last: chunk, value: (chunk % 200) as u32 + 1, length: (chunk % 250) as u8 }
    }

    #[test]
    fn what_is_written_is_read() {
        let run = |first, last| Posting { first, last, value: 0, length: 0 };
        let lists = vec![
            (vec![SOURCE, 1], vec![run(0, 7), run(8, 8), run(1_000_000, 2_000_000)]),
            (vec![CHUNKS], vec![Posting { value: 70_000, ..run(5, 5) }]),
            (b"heron".to_vec(), (0..30_000).map(|at| word(at * 3)).collect()),
            (b"herons".to_vec(), vec![word(300)]),
            (b"stork".to_vec(), vec![word(1)]),
        ];
        let blocks = write(&lists);
        assert_eq!(read(&blocks), lists);
        assert!(blocks.len() > 10 && blocks.is_sorted_by(|a, b| a.0 < b.0), "the keys of long lists ascend");
        assert!(blocks.iter().all(|(_, block)| block.len() < MAX_ENTRY + 100));
    }

    #[test]
    fn lengths_are_right_by_a_twentieth() {
        for length in (0..10_000).chain([65_000, 1_000_000]) {
            let read = length_of(length_code(length));
            assert!((read - length as f32).abs() <= length as f32 / 20.0, "{length}: {read}");
        }
        assert!((0..200).all(|code| length_code(length_of(code).round() as u32).abs_diff(code) <= 1));
    }

    proptest! {
        /// Whatever the bytes are, reading them ends, in the number of steps that there are bytes.
        #[test]
        fn any_bytes_end(mut block in proptest::collection::vec(any::<u8>(), 0..400), flips in proptest::collection::vec(any::<(u16, u8)>(), 0..6), real in any::<bool>()) {
            if real {
                let lists = [(b"heron".to_vec(), (0..50).map(word).collect::<Vec<_>>()), (vec![SOURCE, 9], vec![word(3)]), (vec![CHUNKS], vec![word(3)])];
                block = write(&lists).remove(0).1;
                for (at, byte) in flips {
                    let at = usize::from(at) % block.len();
                    block[at] ^= byte;
                }
            }
            let mut entries = Entries::of(&block);
            let mut steps = 0;
            while let Ok(Some(entry)) = entries.next() {
                let mut postings = Postings::of(Kind::of(entries.term()), &entry, &block);
                let mut last = None;
                while let Ok(Some(posting)) = postings.next() {
                    prop_assert!(last < Some(posting.first) && posting.first <= posting.last && posting.last <= entry.last);
                    last = Some(posting.last);
                    steps += 1;
                }
            }
            prop_assert!(steps <= block.len());
        }
    }
}
