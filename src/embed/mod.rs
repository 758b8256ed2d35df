//! Turns passages and questions into vectors: a model of our own, or somebody's embeddings service. Knows no store.

mod cache;
mod error;
#[cfg(feature = "models")]
mod folder;
#[cfg(any(feature = "bundled-model", feature = "models"))]
mod local;
#[cfg(feature = "bundled-model")]
mod minilm;
#[cfg(feature = "surf")]
mod remote;
#[cfg(feature = "bundled-model")]
mod tokenizer;

use std::fmt;
use std::time::Duration;

pub use self::cache::Cached;
pub use self::error::Error;
#[cfg(feature = "models")]
pub use self::folder::{FolderConfig, FolderModel, Pooling, Unusable};
#[cfg(feature = "bundled-model")]
pub use self::minilm::{MiniLm, MiniLmConfig};
#[cfg(feature = "surf")]
pub use self::remote::{Remote, RemoteConfig, Secret};
use crate::reactor::Boxed;

/// A model that gives texts of like meaning vectors that point the same way.
///
/// Object-safe, and its futures run on any executor: dropping one gives up the work that has not begun.
///
/// ```
/// use smolcrawl::embed::{Embed, Error, Purpose};
/// use smolcrawl::reactor::Boxed;
///
/// /// Counts letters: hardly a model, but one that can be followed by hand.
/// #[derive(Debug)]
/// struct Letters;
///
/// impl Embed for Letters {
///     fn model(&self) -> &str {
///         "letters-26"
///     }
///
///     fn embed<'a>(&'a self, texts: &'a [String], _purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
///         Box::pin(async move {
///             let counts = texts.iter().map(|text| {
///                 let mut counts = vec![0.0; 26];
///                 text.bytes().filter(u8::is_ascii_lowercase).for_each(|letter| counts[usize::from(letter - b'a')] += 1.0);
///                 counts
///             });
///             counts.map(smolcrawl::embed::normalised).collect()
///         })
///     }
/// }
///
/// let model: Box<dyn Embed> = Box::new(Letters);
/// let texts = ["listen".to_owned(), "silent".to_owned()];
/// let vectors = futures_lite::future::block_on(model.embed(&texts, Purpose::Passage))?;
/// assert_eq!(vectors[0], vectors[1]);
/// # Ok::<(), Error>(())
/// ```
pub trait Embed: fmt::Debug + Send + Sync {
    /// Names the space the vectors lie in. Vectors are comparable only under the same name, so it changes with
    /// the model, its precision and its number of dimensions.
    fn model(&self) -> &str;

    /// One L2-normalised vector for each text, in the order of the texts, all of the same length.
    ///
    /// # Errors
    ///
    /// All or nothing: with an error none of the texts has a vector.
    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>>;

    /// As [`embed`](Self::embed) of passages, but each text for itself: one that can never have a vector keeps none from the others. The
    /// default has no such texts.
    ///
    /// # Errors
    ///
    /// The model itself is out of order, so that nothing is known of any of the texts.
    fn embed_each<'a>(&'a self, texts: &'a [String]) -> Boxed<'a, Result<Vec<Judged>, Error>> {
        Box::pin(async move { Ok(self.embed(texts, Purpose::Passage).await?.into_iter().map(Ok).collect()) })
    }

    /// The vector of a question, for somebody who can do without it: a model that has to be asked over the network gives up after
    /// `limit` and asks no second time. The default is [`embed`](Self::embed) without a limit.
    ///
    /// # Errors
    ///
    /// As of [`embed`](Self::embed).
    fn embed_soon<'a>(&'a self, question: &'a str, limit: Duration) -> Boxed<'a, Result<Vec<f32>, Error>> {
        let _ = limit;
        let texts = [question.to_owned()];
        Box::pin(async move { only(self.embed(&texts, Purpose::Query).await?) })
    }

    /// What the model is made of, as names and values for people: for `doctor`. The default tells nothing.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// How well the model knows the words of a question, 0 (none of them) to 1: what a vector of it is worth beside the words themselves.
    /// Asked with each question, so it has to be quick. The default is 1.
    fn familiarity(&self, question: &str) -> f32 {
        let _ = question;
        1.0
    }

    /// Vectors of passages for somebody who waits for them, in the order of the texts: those that can be had within `limit`, none of the
    /// others. They stand in no queue with passages of the background. The default has none: another machine is asked for many at once,
    /// and later.
    fn embed_now<'a>(&'a self, texts: &'a [String], limit: Duration) -> Boxed<'a, Vec<Option<Judged>>> {
        let _ = limit;
        Box::pin(async move { texts.iter().map(|_| None).collect() })
    }

    /// How many texts one call had best be given: enough to keep the model busy, few enough to lose little on an error.
    fn batch_hint(&self) -> usize {
        32
    }

    /// Tokens that the model reads of one passage, those it adds by itself included: what is behind them has no part in the vector.
    /// Passages are cut so that there is nothing. The default: no limit is known.
    fn most_tokens(&self) -> Option<usize> {
        None
    }

    /// How many tokens a passage is, with those that the model adds by itself and a prefix of passages. Asked while a page is cut, so it
    /// has to be quick, and of any text, the empty one included. The default reckons by the script, and rather too many.
    fn tokens(&self, passage: &str) -> usize {
        reckoned(passage)
    }
}

/// Tokens of a text for who does not know the vocabulary: of a script without spaces each character is one, as is punctuation; of others
/// every third byte. English has one for four letters, code one for three.
fn reckoned(text: &str) -> usize {
    let thirds: usize = text.chars().map(|c| if c >= '\u{e00}' || c.is_ascii_punctuation() { 3 } else { c.len_utf8() }).sum();
    thirds.div_ceil(3) + 2
}

/// The vector of a text that was sent alone.
pub(crate) fn only(mut vectors: Vec<Vec<f32>>) -> Result<Vec<f32>, Error> {
    let found = vectors.len();
    vectors.pop().filter(|_| found == 1).ok_or(Error::WrongCount { expected: 1, found })
}

/// The vector of one text among others, or why it has none.
pub type Judged = Result<Vec<f32>, Error>;

/// What a text is to the search: some models see questions and passages differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A question, waited for by somebody: it goes before passages.
    Query,
    /// A piece of a document, embedded in the background.
    Passage,
}

/// The vector scaled to length 1.
///
/// # Errors
///
/// [`Error::NotFinite`] for a vector with an infinity or NaN, or of length 0: such a vector would be near to everything or nothing.
pub fn normalised(mut vector: Vec<f32>) -> Result<Vec<f32>, Error> {
    // In f64, because squares of large f32 overflow.
    let length = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(Error::NotFinite);
    }
    vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_length_one_or_is_refused() {
        assert_eq!(normalised(vec![3.0, 4.0]).unwrap(), [0.6, 0.8]);
        assert_eq!(normalised(vec![f32::MAX, f32::MAX]).unwrap(), [0.5_f32.sqrt(); 2]);
        for bad in [vec![], vec![0.0; 3], vec![1.0, f32::NAN], vec![f32::INFINITY]] {
            assert!(matches!(normalised(bad), Err(Error::NotFinite)));
        }
    }

    #[test]
    fn tokens_are_reckoned_by_the_script() {
        assert_eq!(reckoned(""), 2);
        assert_eq!(reckoned("漢字 ไทย"), 2 + 6);
        assert_eq!(reckoned("Dropping a task cancels it"), 2 + 9);
    }

    #[test]
    fn futures_and_models_travel_between_threads() {
        fn check<T: Send + ?Sized>(_: &T) {}
        fn of(model: &dyn Embed) {
            check(model);
            check(&model.embed(&[], Purpose::Query));
        }
        let _ = of;
    }
}
