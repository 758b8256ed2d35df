//! How much a model reads, and how much of that a text takes. Knows no model: it is told how to count.

use crate::model::plain;

use super::cut::chars;

/// How many tokens a model reads of one passage, and how to count those of a text.
#[derive(Clone, Copy)]
pub struct Measure<'a> {
    most: usize,
    tokens: &'a dyn Fn(&str) -> usize,
    /// What the model adds to any text.
    around: usize,
}

impl<'a> Measure<'a> {
    /// `tokens` counts a passage with all that the model adds to it; there are never more of them than there are bytes and those that any
    /// text has, and seldom more in a text than in its parts. A model that reads less than 64 tokens is taken for one of 64.
    pub fn new(most: usize, tokens: &'a dyn Fn(&str) -> usize) -> Self {
        Self { most: most.max(64), tokens, around: tokens("") }
    }

    /// Whether the model reads all of a passage. Counts only where there is a doubt.
    pub(super) fn fits(&self, passage: &str) -> bool {
        passage.len() + self.around <= self.most || (self.tokens)(passage) <= self.most
    }

    /// Tokens of a passage's own, at the most.
    pub(super) fn most(&self) -> usize {
        self.most.saturating_sub(self.around).max(1)
    }

    /// What a part of a passage takes.
    pub(super) fn of(&self, text: &str) -> usize {
        (self.tokens)(text).saturating_sub(self.around)
    }

    /// Whether a part of a passage takes no more than its share.
    pub(super) fn is_within(&self, text: &str, share: usize) -> bool {
        text.len() <= share || self.of(text) <= share
    }
}

/// What the parts of one chunk are measured with: as characters, of which it may have so many, tokens taken for characters where there
/// are too many of these. What the parts take in sum, they take at the most when they are joined.
#[derive(Clone, Copy)]
pub(super) struct Scale<'a> {
    /// Characters of one chunk.
    pub(super) max: usize,
    /// How to count, and the tokens of one chunk's text.
    pub(super) tokens: Option<(Measure<'a>, usize)>,
}

impl Scale<'_> {
    /// The size of a piece of markdown. A mark by itself, of which nothing is read, takes what its letters take: where pieces are joined it
    /// may be no mark.
    pub(super) fn of(&self, markdown: &str) -> usize {
        let read = |measure: &Measure<'_>| match plain(markdown) {
            read if read.trim().is_empty() => measure.of(markdown.trim()),
            read => measure.of(&read),
        };
        self.sized(markdown, read)
    }

    /// The size of code, which is read as it stands.
    pub(super) fn of_code(&self, code: &str) -> usize {
        self.sized(code, |measure| measure.of(code))
    }

    fn sized(&self, text: &str, tokens: impl Fn(&Measure<'_>) -> usize) -> usize {
        let chars = chars(text);
        match &self.tokens {
            Some((measure, most)) => chars.max((tokens(measure) * self.max).div_ceil(*most)),
            None => chars,
        }
    }
}
