//! A word that some write as two: a chunk that has both of them has it. Where they stand in it is not known.

use std::cmp::Ordering;

use super::{Form, Found, Piece, Term};
use crate::store::error::Failure;
use crate::store::words::block::{Kind, Postings, put_number};
use crate::store::words::segment::Blocks;

/// Two words, and the group of the one that they may be.
pub(super) struct Pair {
    group: usize,
    /// The terms of each: any of them will do.
    words: [Vec<Vec<u8>>; 2],
}

impl Pair {
    pub(super) fn of(group: usize, words: [Vec<Vec<u8>>; 2]) -> Self {
        Self { group, words }
    }

    pub(super) fn terms(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().flatten().map(Vec::as_slice)
    }

    /// What stands for it among the terms of the question: none of the index.
    pub(super) fn term(&self) -> Term {
        Term::of(Vec::new(), self.group, Form::Apart)
    }
}

impl Found {
    /// Adds the postings of pairs to the lists, as if they were terms.
    pub(super) fn look_up_pairs(&mut self, blocks: &mut Blocks<'_>, pairs: &[Pair]) -> Result<(), Failure> {
        for pair in pairs {
            // Of numbers there are fewer than of names, and of many there is none.
            let behind = self.having(blocks, &pair.words[1])?;
            let before = if behind.is_empty() { Vec::new() } else { self.having(blocks, &pair.words[0])? };
            let piece = self.put(&both(&before, &behind));
            self.lists.push(piece.into_iter().collect());
        }
        Ok(())
    }

    /// The chunks that have any of these terms, in their order.
    fn having(&self, blocks: &mut Blocks<'_>, terms: &[Vec<u8>]) -> Result<Vec<Having>, Failure> {
        let mut having = Vec::new();
        for term in terms {
            blocks.entries(&self.segment, term, (0, self.segment.span()), |entry, block| {
                let mut postings = Postings::of(Kind::Word, entry, block);
                while let Some(posting) = postings.next()? {
                    having.push((posting.first, posting.value.min(255) as u8, posting.length));
                }
                Ok(())
            })?;
        }
        having.sort_unstable_by_key(|(distance, count, _)| (*distance, u8::MAX - count));
        having.dedup_by_key(|(distance, ..)| *distance);
        Ok(having)
    }

    fn put(&mut self, having: &[Having]) -> Option<Piece> {
        let (first, last, start) = (having.first()?.0, having.last()?.0, self.bytes.len());
        let mut before = first;
        for (distance, count, length) in having {
            if *distance > before {
                put_number(&mut self.bytes, distance - before);
            }
            self.bytes.extend([*count, *length]);
            before = *distance;
        }
        Some(Piece { first, last, count: u32::try_from(having.len()).unwrap_or(u32::MAX), start, end: self.bytes.len() })
    }
}

/// A chunk, how often it has a word, in halves, and the code of its length.
type Having = (u64, u8, u8);

/// The chunks of both, as often as they have the one that they have less often.
fn both(one: &[Having], other: &[Having]) -> Vec<Having> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut both = Vec::new();
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        match a.0.cmp(&b.0) {
            Ordering::Less => drop(one.next()),
            Ordering::Greater => drop(other.next()),
            Ordering::Equal => {
                both.push((a.0, a.1.min(b.1), a.2));
                one.next();
                other.next();
            }
        }
    }
    both
}
