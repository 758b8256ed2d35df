//! What a search asks of an engine, within one transaction: rankings, and the passages of what stands in them.

use std::sync::Arc;
use std::time::SystemTime;

use url::Url;

use super::among::Among;
use super::error::Failure;
use super::fuse::Candidate;
use super::words::{Asked, Filter};
use crate::model::{Chunk, Mode, Pending, Query, SourceId};

/// All that is stored, as it is at one moment.
pub(super) trait View {
    /// The row of a source, if it has pages.
    fn find_source(&self, source: &SourceId) -> Result<Option<i64>, Failure>;

    fn name_of(&self, source: i64) -> Result<SourceId, Failure>;

    /// The chunks that the query is narrowed to, beside a single source; none where it is not. Both sides rank only these, so that no
    /// better chunk elsewhere takes the place of one of them.
    fn among(&self, query: &Query, sources: &[i64]) -> Result<Option<Arc<Among>>, Failure>;

    fn by_words(&self, asked: &Asked, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure>;

    /// By the vector that the question was asked with.
    fn by_meaning(&self, mode: Mode, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure>;

    /// The vectors of the question's model for what these chunks say, in their order; none for those that have none, and where the question
    /// was asked without a vector.
    fn vectors(&self, chunks: &[i64]) -> Result<Vec<Option<Vec<f32>>>, Failure>;

    /// A chunk, and where it stands; none if it is gone or not there yet: what is kept in memory may be ahead of this transaction.
    fn stored(&self, chunk: i64) -> Result<Option<Stored>, Failure>;

    /// These chunks are going to be read: who is far from them reads them at once.
    fn look_ahead(&self, _chunks: &[i64]) -> Result<(), Failure> {
        Ok(())
    }

    /// Of which source a page is, when it was fetched, and what its text is known by.
    fn provenance(&self, page: i64) -> Result<(SourceId, SystemTime, String), Failure>;

    /// Of these chunks those that lack a vector of the model, each passage once, in the order of the chunks.
    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Failure>;
}

/// A chunk, with the address and title of its page and the rows of its source and page.
pub(super) struct Stored {
    pub url: Url,
    pub title: String,
    pub source: i64,
    pub page: i64,
    pub chunk: Chunk,
}
