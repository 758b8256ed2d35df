//! Makes the terms and postings of chunks: of a page that is put, or of many.

use std::collections::HashMap;

use super::block::{CHUNKS, EXACT, LANGUAGE, Posting, SOURCE, Writer, length_code};
use super::language::Language;
use super::numbers::Numbers;
use super::segment::Statistics;
use super::tokens::{self, Role, Token};
use crate::store::error::Failure;

/// Chunks on their way into the index.
#[derive(Debug, Default)]
pub(super) struct Builder {
    chunks: Vec<Added>,
    /// Words as they are written, for the language of the last chunk.
    words: Numbers,
    /// By the number of a word: those of its terms.
    terms_of_words: Vec<[u32; 2]>,
    language: Option<Language>,
    terms: Numbers,
    /// Where terms stand, chunk by chunk.
    places: Vec<Place>,
    /// By the number of a term: the last of its places.
    last: Vec<u32>,
}

#[derive(Debug)]
struct Added {
    id: i64,
    source: i64,
    language: Language,
    /// Words.
    length: u32,
}

/// That a term stands in a chunk.
#[derive(Clone, Copy, Debug)]
struct Place {
    term: u32,
    /// As a place in `chunks`.
    chunk: u32,
    /// How often, in halves.
    count: u16,
}

/// What a text counts that a word stands in, in halves: a match in the headings says more about a chunk than one in its text.
pub(super) const TITLE: u16 = 2;
pub(super) const HEADINGS: u16 = 3;
pub(super) const BODY: u16 = 2;

impl Builder {
    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Adds a chunk: its texts, and what each counts.
    pub(super) fn add<'t>(&mut self, id: i64, source: i64, language: Language, texts: impl IntoIterator<Item = (&'t str, u16)>) {
        if self.language != Some(language) {
            self.words.clear();
            self.terms_of_words.clear();
            self.language = Some(language);
        }
        let chunk = u32::try_from(self.chunks.len()).expect("some pages have fewer chunks");
        let mut length = 0_u32;
        for (text, weight) in texts {
            tokens::each(text, &mut |token| {
                length = length.saturating_add(u32::from(matches!(token.role, Role::Word | Role::Gram | Role::Sign)));
                for term in self.terms_of(token, language) {
                    if term != NONE {
                        self.note(term, chunk, weight);
                    }
                }
            });
        }
        self.chunks.push(Added { id, source, language, length });
    }

    fn terms_of(&mut self, token: Token<'_>, language: Language) -> [u32; 2] {
        if !matches!(token.role, Role::Word | Role::Part) {
            return [self.terms.add(tokens::fold(token.text).as_bytes()), NONE];
        }
        let word = self.words.add(token.text.as_bytes()) as usize;
        if let Some(known) = self.terms_of_words.get(word) {
            return *known;
        }
        let (term, exact) = forms(token.text, language);
        let terms = [self.terms.add(term.as_bytes()), exact.map_or(NONE, |exact| self.terms.add(&exact_term(&exact)))];
        self.terms_of_words.push(terms);
        terms
    }

    fn note(&mut self, term: u32, chunk: u32, weight: u16) {
        let next = u32::try_from(self.places.len()).expect("some pages have fewer words");
        match self.last.get_mut(term as usize) {
            Some(last) => match &mut self.places[*last as usize] {
                known if known.chunk == chunk => known.count = known.count.saturating_add(weight),
                _ => {
                    *last = next;
                    self.places.push(Place { term, chunk, count: weight });
                }
            },
            // A new term has the next number, and is noted at once.
            None => {
                self.last.push(next);
                self.places.push(Place { term, chunk, count: weight });
            }
        }
    }

    /// Writes all of it and tells its statistics.
    pub(super) fn write(mut self, mut emit: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>) -> Result<Statistics, Failure> {
        let mut statistics = Statistics::default();
        let mut order: Vec<u32> = (0..self.chunks.len() as u32).collect();
        order.sort_unstable_by_key(|place| self.chunks[*place as usize].id);
        let Some(first) = order.first().map(|place| self.chunks[*place as usize].id) else { return Ok(statistics) };
        let distance = |place: u32| (self.chunks[place as usize].id - first).unsigned_abs();
        // Within a term they stay in the order of the chunks.
        self.places.sort_by_key(|place| place.term);
        let mut groups: HashMap<Vec<u8>, Vec<Posting>> = HashMap::new();
        for place in &order {
            let chunk = &self.chunks[*place as usize];
            let at = distance(*place);
            for term in [source_term(chunk.source), language_term(chunk.language)] {
                let runs = groups.entry(term).or_default();
                match runs.last_mut() {
                    Some(run) if run.last + 1 == at => run.last = at,
                    _ => runs.push(Posting { first: at, last: at, value: 0, length: 0 }),
                }
            }
            groups.entry(vec![CHUNKS]).or_default().push(Posting { first: at, last: at, value: chunk.length, length: 0 });
            statistics.add(chunk.id, chunk.length);
            statistics.add_language(chunk.language, 1);
        }
        let lists = self.places.chunk_by(|one, other| one.term == other.term).map(|list| (self.terms.of(list[0].term), List::Word(list)));
        let mut lists: Vec<_> = lists.chain(groups.iter().map(|(term, group)| (&**term, List::Group(group)))).collect();
        lists.sort_unstable_by_key(|(term, _)| *term);
        let posting = |place: &Place| {
            let (at, length) = (distance(place.chunk), length_code(self.chunks[place.chunk as usize].length));
            Posting { first: at, last: at, value: place.count.min(255).into(), length }
        };
        let is_sorted = order.is_sorted();
        let mut writer = Writer::new(&mut emit);
        for (term, list) in lists {
            match list {
                List::Group(group) => group.iter().try_for_each(|run| writer.push(term, *run))?,
                List::Word(list) if is_sorted => list.iter().try_for_each(|place| writer.push(term, posting(place)))?,
                List::Word(list) => {
                    let mut postings: Vec<Posting> = list.iter().map(posting).collect();
                    postings.sort_unstable();
                    postings.into_iter().try_for_each(|posting| writer.push(term, posting))?;
                }
            }
        }
        writer.finish()?;
        Ok(statistics)
    }
}

/// The postings of a term.
enum List<'b> {
    Word(&'b [Place]),
    /// Of all chunks, a source or a language.
    Group(&'b [Posting]),
}

/// The stem of a word on a page of this language, and the word as it is where that is another.
pub(super) fn forms(word: &str, language: Language) -> (String, Option<String>) {
    let exact = tokens::fold(word);
    let stemmed = |language: Language| {
        // English has no marks, and its rules know none: `résumé` is `resume` for them.
        let word = if language == Language::ENGLISH { &*exact } else { word };
        tokens::fold(&language.stem(word)).into_owned()
    };
    let stem = language.of_word(word).map(stemmed).filter(|stem| !stem.is_empty());
    match stem {
        Some(stem) if stem != exact => (stem, Some(exact.into_owned())),
        _ => (exact.into_owned(), None),
    }
}

pub(super) fn exact_term(word: &str) -> Vec<u8> {
    [&[EXACT], word.as_bytes()].concat()
}

pub(super) fn source_term(source: i64) -> Vec<u8> {
    [&[SOURCE], &source.to_be_bytes()[..]].concat()
}

pub(super) fn language_term(language: Language) -> Vec<u8> {
    vec![LANGUAGE, language.code()]
}

const NONE: u32 = u32::MAX;
