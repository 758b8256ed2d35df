//! Whether two passages say the same in nearly the same words. Pure.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The runs of a few words that stand in a text, each by its hash.
pub(super) struct Shingles {
    all: HashSet<u64>,
    /// Without the words that have a digit in them, such as the number of a version.
    unnumbered: HashSet<u64>,
}

impl Shingles {
    pub(super) fn of(text: &str) -> Self {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
        let words: Vec<String> = words.take(MOST_WORDS).collect();
        let unnumbered: Vec<String> = words.iter().filter(|word| !word.contains(|c: char| c.is_ascii_digit())).cloned().collect();
        Self { all: runs(&words), unnumbered: runs(&unnumbered) }
    }

    /// Nine tenths of what either has is in both (Jaccard); texts without words are like nothing.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        share(&self.all, &other.all, 9)
    }

    /// The same for two versions of one thing: eight tenths, whatever numbers they name.
    pub(super) fn is_version_of(&self, other: &Self) -> bool {
        self.is_like(other) || share(&self.unnumbered, &other.unnumbered, 8)
    }
}

fn runs(words: &[String]) -> HashSet<u64> {
    let run = |run: &[String]| {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        hasher.finish()
    };
    words.windows(RUN.min(words.len().max(1))).map(run).collect()
}

/// Whether so many tenths of what either has is in both.
fn share(one: &HashSet<u64>, other: &HashSet<u64>, tenths: usize) -> bool {
    let both = one.intersection(other).count();
    both > 0 && both * 10 >= (one.len() + other.len() - both) * tenths
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

    #[test]
    fn two_versions_may_name_other_numbers() {
        let text =
            |version: &str| format!("Since {version} a kettle of iron boils water. Version {version} has a lid that closes by itself.");
        let (old, new) = (Shingles::of(&text("1.4")), Shingles::of(&text("2.0")));
        assert!(!old.is_like(&new) && old.is_version_of(&new));
        assert!(!old.is_version_of(&Shingles::of("Since 2.0 a kettle of iron is no more. A pot of clay has its place, and no lid.")));
        assert!(!Shingles::of("1 2 3").is_version_of(&Shingles::of("4 5 6")));
    }
}
