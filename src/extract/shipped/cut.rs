//! What of a page's data lies beyond a limit and is not read: counted, so that the page can say so.

use crate::model::Note;

/// Words that are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    words: usize,
    begins: String,
}

impl Cut {
    pub(super) fn add(&mut self, text: &str) {
        if self.words == 0 {
            let begins: Vec<&str> = text.split_whitespace().take(FIRST_WORDS).collect();
            self.begins = begins.join(" ").chars().take(FIRST_CHARS).collect();
        }
        self.words += text.split_whitespace().count();
    }

    pub(super) fn join(&mut self, more: &Self) {
        if self.words == 0 {
            self.begins.clone_from(&more.begins);
        }
        self.words += more.words;
    }

    pub(super) fn note(&self) -> Option<Note> {
        (self.words > 0).then(|| Note { rule: "data beyond a limit", words: self.words, begins: self.begins.clone() })
    }
}

const FIRST_WORDS: usize = 8;
const FIRST_CHARS: usize = 80;
