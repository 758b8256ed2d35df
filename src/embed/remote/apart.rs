//! Sets apart the texts that a service can never embed, so that the others have their vectors. Whether the service or a text is to blame
//! is told by texts that succeed: others of the batch, or a word that every service knows.

use std::ops::Range;

use super::{Patience, Remote};
use crate::embed::{Error, Judged};

impl Remote {
    /// The vectors of one batch, each text for itself. A batch of n costs one request where all is well, and never more than 3 n + 4
    /// that fail.
    pub(super) async fn each(&self, texts: &[String]) -> Result<Vec<Judged>, Error> {
        let mut vectors: Vec<Option<Judged>> = texts.iter().map(|_| None).collect();
        let mut open = match self.batch(texts, Patience::Brief).await {
            Ok(judged) => {
                let bad = settle(&mut vectors, 0..texts.len(), judged);
                if bad.len() == texts.len() && !self.is_well().await {
                    return all_or_nothing(vectors.into_iter().flatten());
                }
                bad
            }
            Err(error) if !error.may_be_the_texts() => return Err(error),
            Err(error) if !self.is_well().await => {
                // It was given up early for the sake of what is not the texts' fault.
                return match Patience::Brief.retries(error.root()) < u32::MAX {
                    true => all_or_nothing(self.batch(texts, Patience::Full).await?.into_iter()),
                    false => Err(error),
                };
            }
            Err(_) => halves(0..texts.len()),
        };
        while let Some(range) = open.pop() {
            let is_alone = range.len() == 1;
            // A text alone has a second chance: it is about to be given up.
            let patience = if is_alone { Patience::Probing } else { Patience::Single };
            match self.batch(&texts[range.clone()], patience).await {
                Ok(judged) => {
                    let bad = settle(&mut vectors, range, judged);
                    open.extend(bad.into_iter().filter(|_| !is_alone));
                }
                Err(error) if !error.may_be_the_texts() => return Err(error),
                Err(error) if is_alone => vectors[range.start] = Some(Err(error)),
                Err(_) => open.extend(halves(range)),
            }
        }
        let vectors: Vec<Judged> = vectors.into_iter().flatten().collect();
        // It may have fallen ill in the meantime: then nothing is known of those that failed last.
        if vectors.iter().any(Result::is_err) && !self.is_well().await {
            return all_or_nothing(vectors.into_iter());
        }
        Ok(vectors)
    }

    /// Whether a text that nothing is wrong with has a vector.
    async fn is_well(&self) -> bool {
        let control = [format!("{}{CONTROL}", self.first.config.passage_prefix)];
        matches!(self.batch(&control, Patience::Probing).await.as_deref(), Ok([Ok(_)]))
    }
}

/// Keeps the vectors of a range and answers which texts of it had none.
fn settle(vectors: &mut [Option<Judged>], range: Range<usize>, judged: Vec<Judged>) -> Vec<Range<usize>> {
    let mut bad = Vec::new();
    for (at, vector) in range.zip(judged) {
        if vector.is_err() {
            bad.push(at..at + 1);
        }
        vectors[at] = Some(vector);
    }
    bad
}

fn all_or_nothing(vectors: impl Iterator<Item = Judged>) -> Result<Vec<Judged>, Error> {
    vectors.map(|vector| vector.map(Ok)).collect()
}

fn halves(range: Range<usize>) -> Vec<Range<usize>> {
    let middle = range.start + range.len().div_ceil(2);
    // Taken from the end: the first half comes first.
    [middle..range.end, range.start..middle].into_iter().filter(|half| !half.is_empty()).collect()
}

/// Every service has a vector for it.
const CONTROL: &str = "documentation";
