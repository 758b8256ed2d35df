//! The edge of the store: what an engine has to do for the rest of the program, which knows nothing else of it.
//!
//! A trait a topic, and [`Keep`] for all of them. Synchronous: it is called on threads that may wait.

mod joined;
mod leases;
mod meaning;
mod origins;
mod packages;
mod pages;
mod questions;
mod sharing;
mod sources;

use std::fmt;

use super::Error;

pub use self::joined::{JoinedCrawls, SettledPages};
pub use self::leases::Leases;
pub use self::meaning::Meaning;
pub use self::origins::Origins;
pub use self::packages::{Agreement, NamedSymbols, PackageRow, Packages, SITE, StoredPackage, StoredProject};
pub use self::pages::{Given, Pages};
pub use self::questions::Questions;
pub use self::sharing::{SharedVectors, Sharing};
pub use self::sources::Sources;

/// What was found in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Check {
    pub pages: u64,
    pub chunks: u64,
    /// Of passages by models, kept for when they come back or said by a page now.
    pub vectors: u64,
    /// Versions of packages whose symbols are known.
    pub packages: u64,
    /// Rows that were stored before there were checksums: of these, nothing can be said. They get theirs when their page is stored again.
    pub without_checksum: u64,
    /// Addresses of pages of which something is not what was stored, in their order: at most 1,000.
    pub damaged: Vec<String>,
    /// Of `damaged`, those that are not listed.
    pub damaged_unlisted: u64,
    /// What is wrong with the file beyond single pages, in SQLite's words or ours: at most 100.
    pub faults: Vec<String>,
}

impl Check {
    pub fn is_whole(&self) -> bool {
        self.damaged.is_empty() && self.faults.is_empty()
    }
}

/// An engine that keeps all of it. What it says of one moment is consistent, and what it has acknowledged stays.
pub trait Keep:
    Pages + Sources + JoinedCrawls + Origins + Meaning + Leases + Questions + Packages + Sharing + fmt::Debug + Send + Sync
{
    /// Whether pages can be stored: a store that was opened to read alone takes none.
    fn is_writable(&self) -> bool;

    /// Looks at all of the database: its structure, the checksum of every page, passage and vector, and whether the indexes of words are
    /// those of the texts. It takes about as long as storing all of it again, without the fetching, and memory for the indexes;
    /// nothing is changed.
    fn check(&self) -> Result<Check, Error>;

    /// Bytes of the database that nothing is in.
    fn unused_bytes(&self) -> Result<u64, Error>;
}
