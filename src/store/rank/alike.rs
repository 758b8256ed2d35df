//! Whether two passages say the same in nearly the same words. Pure.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The runs of a few words that stand in a text, each by its hash.
pub(super) struct Shingles(HashSet<u64>);

impl Shingles {
    pub(super) fn of(text: &str) -> Self {
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).take(MOST_WORDS).collect();
        let run = |run: &[String]| {
            let mut hasher = DefaultHasher::new();
            run.hash(&mut hasher);
            hasher.finish()
        };
        Self(words.windows(RUN.min(words.len().max(1))).map(run).collect())
    }

    /// Nine tenths of what either has is in both (Jaccard); texts without words are like nothing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let both = self.0.intersection(&other.0).count();
        both > 0 && both * 10 >= (self.0.len() + other.0.len() - both) * 9
    }
}

const RUN: usize = 4;
const MOST_WORDS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_more_is_the_same_and_another_text_is_not() {
        let text: String = (0..100).map(|at| format!("word{at} ")).collect();
        let like = |other: &str| Shingles::of(&text).is_like(&Shingles::of(other));
        assert!(like(&text) && like(&text.to_uppercase()) && like(&format!("{text} more")));
        assert!(!like(&text[..text.len() / 2]) && !like("") && !Shingles::of("").is_like(&Shingles::of("")));
        assert!(Shingles::of("one").is_like(&Shingles::of("One!")));
        assert!(!Shingles::of("kettle(a)").is_like(&Shingles::of("kettle(b)")));
    }
}
