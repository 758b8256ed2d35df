//! By what passages and texts are known. Pure.

use ring::digest::{SHA256, digest};

use crate::model::Chunk;

/// By which a passage is known: the first half of its SHA-256.
pub(super) type Hash = [u8; 16];

pub(super) fn hash_of(chunk: &Chunk) -> Hash {
    hash(chunk.passage().as_bytes())
}

/// The same where its words are known.
pub(super) fn hash_with(chunk: &Chunk, words: &str) -> Hash {
    hash(chunk.passage_of(words).as_bytes())
}

/// Of a text as it is.
pub(super) fn hash(text: &[u8]) -> Hash {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(&SHA256, text).as_ref()[..16]);
    half
}

/// What a text is known by to readers, in hexadecimal.
pub fn text_hash(text: &[u8]) -> String {
    hash(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Passages that no chunk says and that are kept, beside as many as chunks do say.
pub(super) const SPARE: i64 = 10_000;

/// Whether it is time to look for passages that are beyond `most`, which reads them all: the less often the more there may be, by the numbers of
/// the chunks that are gone, which are never given twice.
pub(super) fn is_due(gone: &[i64], most: i64) -> bool {
    let step = (most / SPARE).max(1);
    gone.iter().any(|chunk| chunk % step == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_many_passages_looks_at_them_seldom() {
        let looks = |most: i64| (0..100_000).filter(|chunk| is_due(&[*chunk], most)).count();
        assert_eq!((looks(SPARE), looks(100 * SPARE), looks(100_000 * SPARE)), (100_000, 1_000, 1));
        assert!(!is_due(&[], SPARE));
    }
}
