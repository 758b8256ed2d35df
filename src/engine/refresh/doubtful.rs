//! Pages that came as something wholly else than what is stored, until it is known whether others came as the same: a site that is down, or
//! asks whether a person asks, often says so with 200 at each of its addresses. Pure.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use url::Url;

use crate::model::Document;

/// What came so far.
#[derive(Debug, Default)]
pub(super) struct Doubtful {
    by_text: HashMap<u64, Came>,
    /// Bytes of the pages that are held back.
    held: usize,
}

/// One text.
#[derive(Debug)]
enum Came {
    /// At one address so far: the page is held back.
    Once(Box<Document>),
    /// At several: the first two.
    Again { first: Url, other: Url },
}

/// What becomes of a page that came as something wholly else.
#[derive(Debug, PartialEq)]
pub(super) enum Fate {
    /// It is stored when all pages have come, if no other page came so.
    Held,
    /// It says what this one says: what is stored of both is kept.
    Refused(Url),
    /// It is stored at once: there is no room to hold it back.
    Stored(Box<Document>),
}

impl Doubtful {
    pub(super) fn meet(&mut self, document: Box<Document>) -> Fate {
        let Some(text) = text_of(&document.markdown) else { return Fate::Stored(document) };
        let has_room = self.by_text.len() < MOST_TEXTS && self.held + document.markdown.len() <= MOST_BYTES;
        match self.by_text.entry(text) {
            Entry::Vacant(_) if !has_room => Fate::Stored(document),
            Entry::Vacant(place) => {
                self.held += document.markdown.len();
                place.insert(Came::Once(document));
                Fate::Held
            }
            Entry::Occupied(mut known) => {
                let first = match known.get() {
                    Came::Again { first, .. } => return Fate::Refused(first.clone()),
                    Came::Once(first) => first.url.clone(),
                };
                known.insert(Came::Again { first: first.clone(), other: document.url });
                Fate::Refused(first)
            }
        }
    }

    /// All pages have come: those that are to be stored, and the addresses of those whose text came again, each with where it did.
    pub(super) fn settle(&mut self) -> (Vec<Document>, Vec<(Url, Url)>) {
        self.held = 0;
        let (mut stored, mut refused) = (Vec::new(), Vec::new());
        for (_, came) in self.by_text.drain() {
            match came {
                Came::Once(document) => stored.push(*document),
                Came::Again { first, other } => refused.push((first, other)),
            }
        }
        (stored, refused)
    }
}

/// Whether next to nothing of the text stands in what is stored.
pub(super) fn is_wholly_another(stored: &str, text: &str) -> bool {
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphanumeric))
    }
    let (before, now): (HashSet<&str>, Vec<&str>) = (lines(stored).collect(), lines(text).collect());
    let all: usize = now.iter().map(|line| line.len()).sum();
    let known: usize = now.iter().filter(|line| before.contains(**line)).map(|line| line.len()).sum();
    known * ALIKE < all
}

/// What texts are told apart by: their words, without what a program counts or puts in, as the number of a request is. None of a text without
/// words.
fn text_of(markdown: &str) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut words = 0;
    for word in markdown.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric())) {
        // Where no blanks part words, marks and numbers stand within sentences.
        let is_sentence = || word.chars().any(|c| !c.is_ascii() && c.is_alphabetic());
        if word.chars().all(char::is_alphabetic) || is_sentence() {
            for part in word.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty()) {
                part.hash(&mut hasher);
                words += 1;
            }
        }
    }
    (words > 0).then(|| hasher.finish())
}

/// A fifth of a text that is known makes it no wholly other one.
const ALIKE: usize = 5;

/// Texts that are remembered, and bytes that are held back.
const MOST_TEXTS: usize = 10_000;
const MOST_BYTES: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn page(path: &str, markdown: &str) -> Box<Document> {
        let url = Url::parse("https://docs.test/").unwrap().join(path).unwrap();
        Box::new(Document::new(url, "Page", markdown, SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn a_text_that_comes_once_is_stored_in_the_end_and_one_that_comes_again_is_not() {
        let mut doubtful = Doubtful::default();
        assert_eq!(doubtful.meet(page("/a", "# Down\n\nWe are back soon. Request 17.")), Fate::Held);
        assert_eq!(doubtful.meet(page("/b", "# New\n\nWritten anew.")), Fate::Held);
        for path in ["/c", "/d"] {
            let fate = doubtful.meet(page(path, "# Down\n\nWe are back soon. Request 8a1f."));
            assert_eq!(fate, Fate::Refused("https://docs.test/a".parse().unwrap()), "{path}");
        }
        let (stored, refused) = doubtful.settle();
        assert_eq!(stored.iter().map(|page| page.url.path()).collect::<Vec<_>>(), ["/b"]);
        assert_eq!(refused.iter().map(|(first, other)| (first.path(), other.path())).collect::<Vec<_>>(), [("/a", "/c")]);
        assert_eq!(doubtful.settle(), (vec![], vec![]));
    }

    #[test]
    fn texts_without_blanks_are_told_apart_by_their_sentences() {
        let mut doubtful = Doubtful::default();
        assert_eq!(doubtful.meet(page("/a", "# 概要\n\n水を入れて、2分待ちます。")), Fate::Held);
        assert_eq!(doubtful.meet(page("/b", "# 概要\n\n蓋を閉めて、3分待ちます。")), Fate::Held);
        assert_eq!(doubtful.meet(page("/c", "# 概要\n\n水を入れて、7分待ちます。")), Fate::Refused("https://docs.test/a".parse().unwrap()));
    }

    #[test]
    fn what_is_held_back_is_bounded_and_nothing_is_lost_by_it() {
        let mut doubtful = Doubtful { held: MOST_BYTES, ..Doubtful::default() };
        let fate = doubtful.meet(page("/a", "words"));
        assert!(matches!(fate, Fate::Stored(page) if page.url.path() == "/a"));
        assert!(matches!(Doubtful::default().meet(page("/a", "1 2 3")), Fate::Stored(_)), "nothing tells it from others");
    }

    #[test]
    fn a_page_that_keeps_some_of_its_text_is_the_same_page() {
        let stored = "# Kettles\n\nPut the kettle on.\n\nWait until it boils.";
        assert!(!is_wholly_another(stored, "# Kettles\n\nPut the kettle on.\n\nThen drink tea, and wait for it to cool down a little."));
        assert!(!is_wholly_another(stored, stored));
        assert!(is_wholly_another(stored, "# Just a moment\n\nEnable scripts to go on."));
        assert!(is_wholly_another("", "anything"));
    }
}
