//! What APIs offer, kept by package and version, and projects by their folders. What is in the values is nobody's business here.

use std::time::SystemTime;

use crate::model::SourceId;
use crate::store::Error;

/// A package without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPackage {
    /// Where packages of its kind come from, as in `crate`.
    pub ecosystem: String,
    pub name: String,
    pub version: String,
    /// Where it lay when it was read.
    pub root: String,
    /// What its files were known by then.
    pub stamp: String,
    pub symbols: u64,
    /// What else there is to know, as who keeps it writes it.
    pub about: String,
}

/// The row of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageRow(pub(in crate::store) i64);

/// The ecosystem of what the site of a source offers.
pub const SITE: &str = "site";

/// A name, and which of its symbols have it, by their last segments in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSymbols {
    pub name: String,
    pub symbols: Vec<u8>,
}

/// A project that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProject {
    pub root: String,
    /// What its lock files were known by.
    pub fingerprint: String,
    pub read_at: SystemTime,
    /// What it uses, as who keeps it writes it.
    pub content: String,
}

/// How a name agrees with what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    Whole,
    Begins,
}

/// Packages, their symbols by names, and projects.
pub trait Packages {
    /// Puts a package in place of what is stored of this version of it.
    ///
    /// ```
    /// use smolcrawl::store::{Agreement, NamedSymbols, Store, StoredPackage};
    ///
    /// # fn main() -> Result<(), smolcrawl::store::Error> {
    /// let store = Store::open_in_memory()?;
    /// let smol = StoredPackage {
    ///     ecosystem: "crate".into(), name: "smol".into(), version: "2.0.2".into(), root: "/smol-2.0.2".into(), stamp: "1".into(), symbols: 1,
    ///     about: "{}".into(),
    /// };
    /// store.put_package(&smol, b"all of it", &[NamedSymbols { name: "block_on".into(), symbols: b"where".to_vec() }])?;
    /// let (row, found) = store.packages()?.remove(0);
    /// assert_eq!((found, store.package_content(row)?), (smol, Some(b"all of it".to_vec())));
    /// assert_eq!(store.symbols_named(&[row], "block_on", Agreement::Whole, 10)?[0].1, b"where");
    /// # Ok(())
    /// # }
    /// ```
    fn put_package(&self, package: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Error>;

    /// Puts what the site of a source offers in place of what is stored of it, in whatever version: its row has [`SITE`] for its ecosystem and the
    /// source for its name.
    fn put_site(&self, site: &StoredPackage, content: &[u8], names: &[NamedSymbols]) -> Result<(), Error>;

    /// Forgets what the site of a source offers.
    fn remove_site(&self, source: &SourceId) -> Result<bool, Error>;

    /// Every package, by ecosystem, name and version.
    fn packages(&self) -> Result<Vec<(PackageRow, StoredPackage)>, Error>;

    /// All of a package; none if it is not there any more.
    fn package_content(&self, package: PackageRow) -> Result<Option<Vec<u8>>, Error>;

    /// At most `limit` symbols' values with such a name in some packages, one after the other.
    fn symbols_named(
        &self,
        packages: &[PackageRow],
        name: &str,
        agreement: Agreement,
        limit: usize,
    ) -> Result<Vec<(PackageRow, Vec<u8>)>, Error>;

    /// At most `limit` different names of at least and at most so many bytes, in no order: for who looks for one that is nearly so.
    fn symbol_names(&self, bytes: std::ops::RangeInclusive<usize>, limit: usize) -> Result<Vec<String>, Error>;

    /// Another value than before: something was put, or removed. It costs next to nothing.
    fn packages_state(&self) -> Result<[i64; 3], Error>;

    /// Forgets a package; whether there was one.
    fn remove_package(&self, package: PackageRow) -> Result<bool, Error>;

    /// Forgets the version of a package that a source is called after, such as `crate:serde@1.0.219`; whether there was one.
    fn remove_package_named(&self, source: &SourceId) -> Result<bool, Error>;

    /// Packages of which something is not what was stored.
    fn damaged_packages(&self) -> Result<Vec<PackageRow>, Error>;

    /// Puts what a project uses in place of what is stored of it.
    fn put_project(&self, project: &StoredProject) -> Result<(), Error>;

    /// Every project, by its folder. One that is not what was stored is as good as not read: reading it again puts another in its place.
    fn projects(&self) -> Result<Vec<StoredProject>, Error>;

    /// Forgets a project, but none of the packages that it uses; whether it was known.
    fn remove_project(&self, root: &str) -> Result<bool, Error>;
}
