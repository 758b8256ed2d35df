//! Pages as they leave one store and come into another: with their passages and the vectors of these, a page at a time.

use crate::model::{Chunk, SharedPage, SharedSource, SharedVector, SourceId};
use crate::store::Error;

/// The vectors of one model, for page after page.
#[derive(Debug)]
pub struct SharedVectors {
    pub(in crate::store) model: String,
}

impl SharedVectors {
    pub fn of(model: impl Into<String>) -> Self {
        Self { model: model.into() }
    }
}

/// What `export` and `import` ask of a store.
pub trait Sharing {
    /// The first page of a source whose address is greater than `after`, with that address as it is stored, its passages, and such vectors
    /// of these as there are. A vector that is damaged is left out.
    ///
    /// ```
    /// use smolcrawl::model::{Document, SourceId};
    /// use smolcrawl::{chunk, store::Store};
    ///
    /// # fn main() -> Result<(), smolcrawl::store::Error> {
    /// let store = Store::open_in_memory()?;
    /// let page = Document::new("https://docs.test/a".parse().unwrap(), "A", "# A\n\nText.\n", std::time::SystemTime::UNIX_EPOCH);
    /// store.put(&page, &chunk::split(&page, &chunk::Config::default()))?;
    /// let source = SourceId::of(&page.url);
    /// let (address, shared, vectors) = store.shared_after(&source, "", None)?.unwrap();
    /// assert_eq!((&shared.document, vectors.len()), (&page, 0));
    /// assert!(store.shared_after(&source, &address, None)?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    fn shared_after(
        &self,
        source: &SourceId,
        after: &str,
        vectors: Option<&SharedVectors>,
    ) -> Result<Option<(String, SharedPage, Vec<SharedVector>)>, Error>;

    /// Of these sources those that have pages, but for those that an import of the same file was interrupted in.
    fn in_the_way(&self, sources: &[SourceId], import: &str) -> Result<Vec<SourceId>, Error>;

    /// Notes that a source is being imported from a file that is known by `import`; until [`end_import`](Sharing::end_import) it is incomplete.
    fn begin_import(&self, of: &SharedSource, import: &str) -> Result<(), Error>;

    /// Stores vectors of passages, each for all chunks that say the same. A passage that has one of this model keeps it, and one that is
    /// gone has none.
    fn put_shared_vectors(&self, model: &str, dimensions: u32, chunks: &[Chunk], vectors: &[SharedVector]) -> Result<(), Error>;

    /// Forgets pages of a source whose addresses are greater than `after` and, where that is given, less than `before`: at most so many.
    /// How many there were.
    fn remove_between(&self, source: &SourceId, after: &str, before: Option<&str>, limit: usize) -> Result<u64, Error>;

    /// Notes that all of a source has been imported, and what else is known of it.
    fn end_import(&self, of: &SharedSource) -> Result<(), Error>;
}
