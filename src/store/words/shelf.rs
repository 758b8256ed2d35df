//! Where the rows of the index are: what it asks of an engine, within one transaction of whoever asks.

use std::collections::HashMap;

use super::segment::{Keyed, Segment};
use crate::store::error::Failure;

/// The rows of the index. What is read is what was written, or [`Failure::Words`].
pub(in crate::store) trait Shelf {
    /// The segments of a kind of chunks, in the order of their first chunks.
    fn segments(&self, kind: i64) -> Result<Vec<Segment>, Failure>;

    /// The number of a new segment, which no other has had. It says nothing until it is [updated](Self::update_segment).
    fn add_segment(&self, kind: i64) -> Result<i64, Failure>;

    /// Adds a block to a segment that is being made; `first` is its key.
    fn put_block(&self, segment: i64, first: &[u8], data: &[u8]) -> Result<(), Failure>;

    /// Writes what is counted of a segment.
    fn update_segment(&self, segment: &Segment) -> Result<(), Failure>;

    /// Removes a segment and all that is of it.
    fn remove_segment(&self, segment: i64) -> Result<(), Failure>;

    /// Gives the blocks of a segment with their keys, in the order of these from `key` on, until `take` wants no more.
    fn blocks_from(&self, segment: i64, key: &[u8], start: Start, take: Take<'_>) -> Result<(), Failure>;

    /// The first block behind a key.
    fn block_behind(&self, segment: i64, key: &[u8]) -> Result<Option<Keyed>, Failure>;

    /// Gives the bits of what is gone of a segment, part by part.
    fn gone(&self, segment: i64, first: i64, last: i64, take: TakePart<'_>) -> Result<(), Failure>;

    /// Gives the bits of one part, whatever they are, if there are any.
    fn gone_bits(&self, segment: i64, part: i64, take: &mut dyn FnMut(&[u8])) -> Result<(), Failure>;

    fn put_gone(&self, segment: i64, part: i64, bits: &[u8]) -> Result<(), Failure>;

    /// Removes all of it.
    fn clear(&self) -> Result<(), Failure>;

    /// The pages that chunks stand on, by the chunks.
    fn pages_of(&self, chunks: &[i64]) -> Result<HashMap<i64, i64>, Failure>;

    /// The chunks before and behind each on its page, of the same kind.
    fn beside(&self, chunks: &[i64]) -> Result<HashMap<i64, Beside>, Failure>;

    /// These terms are going to be looked up in these segments, from their beginnings: who is far from the rows gets them at once.
    fn look_ahead(&self, _segments: &[&Segment], _terms: &[&[u8]]) -> Result<(), Failure> {
        Ok(())
    }
}

/// What stands before a chunk and behind it.
pub(in crate::store) type Beside = [Option<i64>; 2];

/// Takes a key and its block, and says whether it wants the next.
pub(in crate::store) type Take<'t> = &'t mut dyn FnMut(&[u8], &[u8]) -> Result<bool, Failure>;

/// Takes a part and its bits.
pub(in crate::store) type TakePart<'t> = &'t mut dyn FnMut(i64, &[u8]) -> Result<(), Failure>;

/// Which block comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Start {
    /// The last one whose key is not behind the one that is given; if there is none, none comes.
    Before,
    /// The same, but if there is none, the first of all.
    BeforeOrFirst,
}
