//! What a source is outside of a database: one file that another smolcrawl reads back, or texts that anything reads.
//!
//! ```text
//! magic, version | zlib: head, (source, (page, vectors*)*)*, end | SHA-256 of all before
//! ```
//!
//! A file is foreign input: its checksum and all that it says are looked at before anything of it is stored, no length in it is believed,
//! and of its records one is in memory at a time. Knows the nouns only: neither who stores what is read, nor where what is written is
//! from.

mod bytes;
mod error;
mod file;
mod folder;
mod format;
mod names;
mod text;

pub use self::error::Error;
pub use self::file::{Target, Tree};
pub use self::folder::Folder;
pub use self::format::{Check, Head, Record, Records, Totals, Writer, records};
pub use self::names::Names;
pub use self::text::{Form, Shown};
