//! Finds chunks by their words: an index of its own in tables of the same file, ranked by BM25.
//!
//! A text is cut into tokens (`tokens`), a word is kept by its stem (`language`) and, where that is another, as it is written. What a
//! page's chunks hold is one segment (`builder`, `block`, `segment`); eight segments become one (`merge`), so that a search looks into few.
//! Who asks is `asked`, who ranks is `search`; `spelled` knows other ways to write a word, and `similar` words that are nearly the same. All of it happens in the
//! transaction of its caller: other processes see all of a page's words or none.

mod asked;
mod block;
mod builder;
mod language;
mod merge;
mod numbers;
mod search;
mod segment;
mod shelf;
mod similar;
mod spelled;
#[cfg(test)]
mod tests;
mod tokens;

use self::block::{Kind, Posting};
use self::builder::{BODY, Builder, HEADINGS, TITLE};
use self::tokens::Role;
use super::among::Among;
use super::checksum::Checksum;
use super::error::Failure;
use crate::model::{Chunk, ChunkKind, Wanted};

pub(super) use self::asked::Asked;
pub(crate) use self::asked::ends;
pub(super) use self::block::BROKEN;
pub(super) use self::language::Language;
pub(super) use self::search::search;
pub(super) use self::segment::{KINDS, Keyed, Segment, Statistics, languages_blob, languages_of};
pub(super) use self::shelf::{Beside, Shelf, Start, Take, TakePart};
pub(super) use self::similar::{corrected, similar};
pub(super) use self::spelled::named_and_numbered;

/// The words of a text as they are compared: in lower case, without marks; of scripts without spaces, neighbouring characters.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    tokens::each(text, &mut |token| {
        if is_word(token.role) {
            words.push(tokens::fold(token.text).into_owned());
        }
    });
    words
}

/// Those of a question, without the ones that say nothing where another word is there.
pub(crate) fn telling_words(question: &str) -> Vec<String> {
    let asked = Asked::parse(question);
    let tokens = asked.units().iter().flat_map(|unit| &unit.tokens);
    tokens.filter(|(_, role)| is_word(*role)).map(|(text, _)| tokens::fold(text).into_owned()).collect()
}

/// A word of a question as texts may have it that are typed with other letters.
pub(crate) fn others_of(word: &str) -> Vec<String> {
    let role = if word.starts_with(|c| c >= '\u{e00}') { Role::Gram } else { Role::Word };
    spelled::spellings(word, role, None).iter().map(|other| tokens::fold(other).into_owned()).collect()
}

fn is_word(role: Role) -> bool {
    matches!(role, Role::Word | Role::Gram | Role::Sign)
}

/// What both sides of a search are narrowed to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<'a> {
    pub wanted: Wanted,
    pub source: Option<i64>,
    /// Only these chunks, where they are given.
    pub among: Option<&'a Among>,
    pub distinct_pages: bool,
    pub limit: usize,
}

impl Filter<'_> {
    /// How many chunks to rank so that enough keys are among them: four to a page hold enough pages in all but odd cases, and two where these
    /// are many, as each costs time.
    pub(super) fn room(&self) -> usize {
        match self.distinct_pages {
            true => self.limit.saturating_mul(2).max(self.limit.saturating_mul(4).min(MOST_AT_FOUR)),
            false => self.limit,
        }
    }

    /// Of how many of these it is to be as sure as can be that none is left out.
    pub(super) fn certain(&self) -> usize {
        if self.distinct_pages { self.room().div_ceil(4) } else { self.limit }
    }
}

/// Chunks that are ranked of so many pages that there are four to each.
const MOST_AT_FOUR: usize = 400;

/// What becomes of the index when a page is put: one segment of what is new, and what is gone.
#[derive(Debug, Default)]
pub(super) struct Changes {
    text: Builder,
    code: Builder,
    gone: Vec<i64>,
}

impl Changes {
    /// Adds a chunk with its [words](Chunk::words), on a page of this source, language and title. Its id may be that of one that goes: then it is the new
    /// one that stays.
    pub(super) fn add(&mut self, id: i64, source: i64, language: Language, title: &str, chunk: &Chunk, words: &str) {
        let builder = match &chunk.kind {
            ChunkKind::Text => &mut self.text,
            ChunkKind::Code { .. } => &mut self.code,
        };
        let headings = chunk.heading_path.iter().map(|heading| (heading.as_str(), HEADINGS));
        let body = [(title, TITLE), (words, BODY)];
        builder.add(id, source, language, headings.chain(body));
    }

    /// The words of a chunk go; there may be none.
    pub(super) fn remove(&mut self, id: i64) {
        self.gone.push(id);
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() + self.code.len()
    }

    pub(super) fn write(mut self, shelf: &dyn Shelf) -> Result<(), Failure> {
        segment::forget(shelf, &mut self.gone)?;
        for (kind, builder) in [(KINDS[0], self.text), (KINDS[1], self.code)] {
            let has_new = builder.len() > 0;
            if has_new {
                Segment::build(shelf, kind, builder)?;
            }
            if has_new || !self.gone.is_empty() {
                segment::tidy(shelf, kind)?;
            }
        }
        Ok(())
    }
}

/// How many postings the index of a kind has of chunks that are not gone, and a checksum of which they are.
pub(super) fn digest(shelf: &dyn Shelf, kind: i64) -> Result<(u64, i32), Failure> {
    let segments = shelf.segments(kind)?;
    let base = segments.iter().map(Segment::first).min().unwrap_or(0);
    let (mut count, mut sum) = (0, Checksum::default());
    let mut run: Option<(Vec<u8>, Posting)> = None;
    let mut note = |term: &[u8], posting: Posting| {
        let at = |distance: u64| base.saturating_add_unsigned(distance);
        count += 1;
        sum = [at(posting.first), at(posting.last), posting.value.into(), posting.length.into()]
            .into_iter()
            .fold(std::mem::take(&mut sum).bytes(term), Checksum::number);
    };
    merge::walk(shelf, &segments, &mut |term, posting| {
        if Kind::of(term) != Kind::Runs {
            note(term, posting);
            return Ok(());
        }
        // However the segments cut them.
        match &mut run {
            Some((of, run)) if of == term && run.last + 1 == posting.first => run.last = posting.last,
            _ => {
                if let Some((of, run)) = run.replace((term.to_vec(), posting)) {
                    note(&of, run);
                }
            }
        }
        Ok(())
    })?;
    if let Some((of, run)) = run {
        note(&of, run);
    }
    Ok((count, sum.sum()))
}
