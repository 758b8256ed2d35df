//! Makes the terms and postings of chunks: of a page that is put, or of many.

use std::collections::HashMap;

use super::block::{CHUNKS, EXACT, LANGUAGE, Posting, SOURCE, Writer, length_code};
use super::language::Language;
use super::segment::Statistics;
use super::tokens::{self, Role, Token};
use crate::store::error::Failure;

/// Chunks on their way into the index.
#[derive(Debug, Default)]
pub(super) struct Builder {
    chunks: Vec<Added>,
    /// Of the word as it is written, for the language of the last chunk: the numbers of its terms.
    words: HashMap<Box<str>, [u32; 2]>,
    language: Option<Language>,
    /// Of a term, the number of its list.
    numbers: HashMap<Box<[u8]>, u32>,
    /// The chunks in which it stands, as places in `chunks`, and how often, in halves.
    lists: Vec<Vec<(u32, u16)>>,
}

#[derive(Debug)]
struct Added {
    id: i64,
    source: i64,
    language: Language,
    /// Words.
    length: u32,
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
            self.language = Some(language);
        }
        let place = u32::try_from(self.chunks.len()).expect("a page has fewer chunks");
        let mut length = 0_u32;
        for (text, weight) in texts {
            tokens::each(text, &mut |token| {
                length = length.saturating_add(u32::from(matches!(token.role, Role::Word | Role::Gram | Role::Sign)));
                for number in self.terms_of(token, language) {
                    if number != NONE {
                        let list = &mut self.lists[number as usize];
                        match list.last_mut() {
                            Some((chunk, count)) if *chunk == place => *count = count.saturating_add(weight),
                            _ => list.push((place, weight)),
                        }
                    }
                }
            });
        }
        self.chunks.push(Added { id, source, language, length });
    }

    fn terms_of(&mut self, token: Token<'_>, language: Language) -> [u32; 2] {
        if !matches!(token.role, Role::Word | Role::Part) {
            return [self.number(tokens::fold(token.text).as_bytes()), NONE];
        }
        if let Some(known) = self.words.get(token.text) {
            return *known;
        }
        let (term, exact) = forms(token.text, language);
        let numbers = [self.number(term.as_bytes()), exact.map_or(NONE, |exact| self.number(&exact_term(&exact)))];
        self.words.insert(token.text.into(), numbers);
        numbers
    }

    fn number(&mut self, term: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(term) {
            return *number;
        }
        let number = u32::try_from(self.lists.len()).expect("a page has fewer words");
        self.lists.push(Vec::new());
        self.numbers.insert(term.into(), number);
        number
    }

    /// Writes all of it and tells its statistics.
    pub(super) fn write(self, mut emit: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>) -> Result<Statistics, Failure> {
        let mut statistics = Statistics::default();
        let mut order: Vec<u32> = (0..self.chunks.len() as u32).collect();
        order.sort_unstable_by_key(|place| self.chunks[*place as usize].id);
        let Some(first) = order.first().map(|place| self.chunks[*place as usize].id) else { return Ok(statistics) };
        let distance = |place: u32| (self.chunks[place as usize].id - first).unsigned_abs();
        let mut lists: Vec<(Vec<u8>, Vec<Posting>)> = Vec::with_capacity(self.numbers.len() + 3);
        let is_sorted = order.is_sorted();
        for (term, number) in &self.numbers {
            let list = &self.lists[*number as usize];
            let posting = |(place, count): &(u32, u16)| {
                let (at, length) = (distance(*place), length_code(self.chunks[*place as usize].length));
                Posting { first: at, last: at, value: (*count).min(255).into(), length }
            };
            let mut postings: Vec<Posting> = list.iter().map(posting).collect();
            if !is_sorted {
                postings.sort_unstable();
            }
            lists.push((term.to_vec(), postings));
        }
        let mut groups: HashMap<Vec<u8>, Vec<Posting>> = HashMap::new();
        for place in order {
            let chunk = &self.chunks[place as usize];
            let at = distance(place);
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
        lists.extend(groups);
        lists.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut writer = Writer::new(&mut emit);
        for (term, postings) in lists {
            postings.into_iter().try_for_each(|posting| writer.push(&term, posting))?;
        }
        writer.finish()?;
        Ok(statistics)
    }
}

/// The stem of a word on a page of this language, and the word as it is where that is another.
pub(super) fn forms(word: &str, language: Language) -> (String, Option<String>) {
    let exact = tokens::fold(word);
    let stem = language.of_word(word).map(|language| tokens::fold(&language.stem(word)).into_owned()).filter(|stem| !stem.is_empty());
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
