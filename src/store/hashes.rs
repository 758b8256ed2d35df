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
