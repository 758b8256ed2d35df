//! Checksums of rows (CRC-32, as of gzip): computed when a row is stored, compared when it is read. A flipped byte of a text or a vector
//! is then an error, where it would have been another answer. Against chance, not against intent: who can write the file can write them.

use flate2::Crc;
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

    /// As it is stored: signed, which takes a byte less.
    pub(super) fn sum(&self) -> i32 {
        self.0.sum().cast_signed()
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
