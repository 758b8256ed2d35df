//! The tables of symbols that sites of documentation ship: names and where each is documented. They hold what is documented, no more: that a
//! name is not in one never means that it is not there.

mod inventory;
mod javadoc;
mod rustdoc;
mod rustdoc_json;
mod typedoc;

use std::io::Read;

use super::package::Symbol;
use crate::model::Note;

pub use self::inventory::inventory;
pub use self::javadoc::{Javadoc, javadoc};
pub use self::rustdoc::rustdoc;
pub use self::rustdoc_json::{RUSTDOC_FORMATS, is_rustdoc_json, rustdoc_json};
pub use self::typedoc::typedoc;

/// What a table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The name of what is documented, as the table says it; empty where it does not.
    pub project: String,
    /// Its version; empty where the table says none.
    pub version: String,
    /// Each with an [anchor](Symbol::anchor), relative to the folder that the site's table speaks of.
    pub symbols: Vec<Symbol>,
    /// Rows that were left out, by the rule.
    pub notes: Vec<Note>,
}

impl Table {
    /// Keeps a row, or counts it where there are too many or it is too long.
    fn add(&mut self, symbol: Symbol) {
        if self.symbols.len() >= MOST {
            return self.leave_out("symbols of a table", &symbol.path);
        }
        if symbol.path.len() > LONGEST || symbol.anchor.as_ref().is_some_and(|anchor| anchor.len() > LONGEST) {
            return self.leave_out("length of a row", &symbol.path);
        }
        self.symbols.push(symbol);
    }

    fn leave_out(&mut self, rule: &'static str, begins: &str) {
        match self.notes.iter_mut().find(|note| note.rule == rule) {
            Some(note) => note.words += 1,
            None => self.notes.push(Note { rule, words: 1, begins: begins.chars().take(80).collect() }),
        }
    }
}

/// Why a text is no table that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    #[error("it does not begin as {0} does")]
    Other(&'static str),
    #[error("its compressed part is damaged")]
    Damaged,
    #[error("it is more than {limit} bytes when unpacked")]
    TooLarge { limit: u64 },
    #[error("it is no JSON that can be read: {0}")]
    Json(String),
    /// Another than those that are known.
    #[error("its format is {found}, and those from {first} to {last} are read")]
    Format { found: u32, first: u32, last: u32 },
}

/// Unpacks within [`UNPACKED`].
fn unpack(packed: impl Read) -> Result<Vec<u8>, TableError> {
    let mut text = Vec::new();
    packed.take(UNPACKED + 1).read_to_end(&mut text).map_err(|_| TableError::Damaged)?;
    if text.len() as u64 > UNPACKED { Err(TableError::TooLarge { limit: UNPACKED }) } else { Ok(text) }
}

/// Bytes of a table at most: that of the whole of Java has 5 million.
const UNPACKED: u64 = 128 << 20;

/// Rows of a table that are kept.
const MOST: usize = 500_000;

/// Bytes of a name and of an anchor.
const LONGEST: usize = 2_000;

#[cfg(test)]
mod tests;
