//! Checksums of rows as SQLite has them: computed when a row is stored, compared when it is read.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::store::checksum::Checksum;
use crate::store::error::Failure;

impl Checksum {
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

    /// Whether a row is what it was. One without a checksum was stored before there were any.
    pub(super) fn agrees(&self, stored: ValueRef<'_>) -> bool {
        match stored {
            ValueRef::Null => true,
            ValueRef::Integer(stored) => stored == i64::from(self.sum()),
            _ => false,
        }
    }
}
