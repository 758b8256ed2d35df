//! Checksums of rows (CRC-32, as of gzip): computed when a row is stored, compared when it is read. A flipped byte of a text or a vector
//! is then an error, where it would have been another answer. Against chance, not against intent: who can write the file can write them.

use flate2::Crc;
use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::error::Failure;

/// One in the making. Each value is preceded by its length, so that none can be taken for the end of another.
#[derive(Debug, Default)]
pub(super) struct Checksum(Crc);

impl Checksum {
    pub(super) fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let mut counted = self.number(bytes.len() as i64);
        counted.0.update(bytes);
        counted
    }

    pub(super) fn optional(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.bytes(bytes),
            None => self.number(-1),
        }
    }

    /// Column by column, as they are stored: text that is no UTF-8 any more is read as well.
    pub(super) fn columns(self, row: &Row<'_>, columns: impl IntoIterator<Item = usize>) -> Result<Self, Failure> {
        columns.into_iter().try_fold(self, |checksum, column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => checksum.optional(None),
                ValueRef::Integer(number) => checksum.number(number),
                // Kept as f32.
                ValueRef::Real(number) => checksum.number(i64::from((number as f32).to_bits())),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => checksum.bytes(bytes),
            })
        })
    }

    /// As it is stored: signed, which takes a byte less.
    pub(super) fn sum(&self) -> i32 {
        self.0.sum().cast_signed()
    }

    /// Whether a row is what it was. One without a checksum was stored before there were any.
    pub(super) fn agrees(&self, stored: ValueRef<'_>) -> bool {
        match stored {
            ValueRef::Null => true,
            ValueRef::Integer(stored) => stored == i64::from(self.sum()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_taken_for_another() {
        let of = |parts: &[Option<&[u8]>]| parts.iter().fold(Checksum::default(), |checksum, part| checksum.optional(*part)).sum();
        let all = [
            of(&[Some(b"ab"), Some(b"c")]),
            of(&[Some(b"a"), Some(b"bc")]),
            of(&[Some(b"abc"), Some(b"")]),
            of(&[Some(b"abc"), None]),
            of(&[Some(b"abc")]),
            of(&[None, Some(b"abc")]),
        ];
        for (at, sum) in all.iter().enumerate() {
            assert!(!all[..at].contains(sum), "{at}");
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let whole = b"Herons stand still in shallow water.".to_vec();
        let sum = Checksum::default().bytes(&whole).sum();
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Checksum::default().bytes(&flipped).sum(), sum, "{bit}");
        }
    }
}
