//! Pages as they go from one store into another with all that is known of them, many at a time.

use url::Url;

use super::{NamedSymbols, PackageRow};
use crate::model::{CopiedPage, SourceId};
use crate::store::{Error, ModelSummary};

/// Which pages of a source are read.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// Those whose addresses are greater.
    pub after: &'a str,
    /// At least one, if there is one; and then no more than have about so many bytes of text together.
    pub bytes: u64,
}

/// What `copy` asks of a store.
pub trait Copying {
    /// Pages of a source by address, with the vectors of these models. One that is damaged is an error, and a damaged vector is left out.
    fn copied(&self, source: &SourceId, span: Span<'_>, models: &[ModelSummary]) -> Result<Vec<CopiedPage>, Error>;

    /// Stores pages of a source in place of what is stored of them, with vectors of these models, and forgets those that are gone: all of it
    /// or nothing. A passage that has a vector of a model keeps it: of how many that was another is returned.
    fn put_copied(&self, source: &SourceId, pages: &[CopiedPage], models: &[ModelSummary], gone: &[Url]) -> Result<u64, Error>;

    /// What tells this database from all others, by whatever name it was opened.
    fn identity(&self) -> Result<String, Error>;

    /// Vectors of passages that no page says any more, which are kept for when they come back.
    fn spare_vectors(&self) -> Result<u64, Error>;

    /// Every name of a package, with its symbols.
    fn package_names(&self, package: PackageRow) -> Result<Vec<NamedSymbols>, Error>;
}
