//! What a store keeps of meaning: which passages have a vector of which model.

use crate::model::{EmbedProgress, Embedded, Pending};
use crate::store::{Error, ModelSummary};

/// Vectors of passages, by models.
pub trait Meaning {
    /// At most `limit` passages that lack a vector of this model, each by the newest chunk that says it: text before code, the newest
    /// first; the ones returned are in the order of their lengths, so that neighbours make a good batch.
    fn pending(&self, model: &str, limit: usize) -> Result<Vec<Pending>, Error>;

    /// Of these chunks those that lack a vector of this model, each passage once, in the order given. Chunks that are not there are left
    /// out.
    fn pending_of(&self, model: &str, chunks: &[i64]) -> Result<Vec<Pending>, Error>;

    /// Stores vectors, each for the chunk it names and for all others that say the same, whenever they are stored. Those of chunks that
    /// are gone meanwhile are dropped; a passage that has one of this model keeps it.
    fn put_vectors(&self, model: &str, vectors: &[Embedded]) -> Result<(), Error>;

    /// The models that vectors were stored by, those with the most vectors first.
    fn models(&self) -> Result<Vec<ModelSummary>, Error>;

    /// How many of the chunks have a vector of this model.
    fn progress(&self, model: &str) -> Result<EmbedProgress, Error>;

    /// Components of the vectors that are stored of a model; none where there are none.
    fn dimensions(&self, model: &str) -> Result<Option<u32>, Error>;

    /// Makes what finds the nearest of many vectors without comparing all, where the engine has such a thing, there are enough vectors, and
    /// it is not there yet; whether it was made. It may take minutes, and keeps nobody from reading or writing.
    fn index_vectors(&self, model: &str) -> Result<bool, Error>;
}
