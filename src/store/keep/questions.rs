//! What a store answers.

use crate::model::{Hit, Pending, Query, Wanted};
use crate::store::Error;

/// Questions to all that is stored.
pub trait Questions {
    /// The chunks that answer a query, best first. Modes that rank by meaning need the query's vector by `model`; chunks that have
    /// none of that model yet are found by their words only.
    fn search(&self, query: &Query, vector: Option<&[f32]>, model: &str) -> Result<Vec<Hit>, Error>;

    /// Of the `limit` chunks that stand first by the words of a question those that lack a vector of this model, best first, each passage
    /// once: with theirs, the question is answered as if all had been embedded, nearly.
    fn lacking(&self, query: &Query, model: &str, limit: usize) -> Result<Vec<Pending>, Error>;

    /// Words of the index that a misspelt one may mean, at most eight, the nearest first, and of these the most frequent: one letter left out, put in, changed or
    /// in its neighbour's place (two of a word of eight letters and more). It takes a bounded time: of a very large index not all
    /// words are looked at.
    fn similar_words(&self, word: &str, wanted: Wanted) -> Result<Vec<String>, Error>;

    /// The question with words of the index in the place of those that no chunk has and that are nearly the same: at most three words of
    /// five letters and more, each by the first of [`similar_words`](Questions::similar_words). None where nothing is misspelt, or means nothing that is there.
    fn corrected(&self, question: &str, wanted: Wanted) -> Result<Option<String>, Error>;
}
