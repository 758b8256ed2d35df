//! Words of the index that are nearly a word that is not in it.

use std::collections::HashMap;

use super::asked::Asked;
use super::block::{EXACT, Entries, FIRST_TOKEN};
use super::builder::{exact_term, forms};
use super::language::Language;
use super::segment::{Blocks, Segment};
use super::shelf::{Shelf, Start};
use super::spelled::{apart, spellings};
use super::tokens::{Role, fold};
use crate::model::Wanted;
use crate::store::error::Failure;

/// The question with each of its words that no chunk has, or at most three of them, in the place of which one that is nearly the same
/// stands in the index: the nearest, and of these the most frequent. None if all stand there or nothing is near. Only words of five
/// letters and more that stand by themselves, two letters apart only if they have ten: shorter ones are near to too much (`keypress` to
/// `keyrefs`), and names, and what is called (`scanf()`), are written as they are meant.
pub(in crate::store) fn corrected(shelf: &dyn Shelf, question: &str, wanted: Wanted) -> Result<Option<String>, Failure> {
    let asked = Asked::parse(question);
    let segments = shelf.segments(i64::from(wanted == Wanted::Code))?;
    let languages = languages_of(&segments);
    // Nothing is written in it, so its words are not there for that.
    if Language::of_question(question).is_some_and(|language| !languages.contains(&language)) {
        return Ok(None);
    }
    let mut misspelt = Vec::new();
    let mut blocks = Blocks::of(shelf);
    for word in asked.words().filter(|word| word.chars().count() >= MIN_CORRECTED) {
        if !is_there(&mut blocks, &segments, &languages, word)? {
            misspelt.push(word);
        }
    }
    let mut corrections: Vec<(&str, String)> = Vec::new();
    for word in misspelt.into_iter().take(MAX_CORRECTED) {
        let letters: Vec<char> = word.chars().collect();
        let most = if letters.len() >= LONG_CORRECTED { 2 } else { 1 };
        let near = similar(shelf, word, wanted)?.into_iter().next();
        let but_the_last = word.char_indices().nth_back(0).map_or("", |(at, _)| &word[..at]);
        let is_near = |near: &String| distance(&letters, near, most).is_some() || near.starts_with(but_the_last);
        corrections.extend(near.filter(is_near).map(|near| (word, near)));
    }
    Ok(Some(replaced(question, &corrections)).filter(|corrected| corrected != question))
}

/// Whether any chunk has a word, in whatever form, or both of the words that it may be.
fn is_there(blocks: &mut Blocks<'_>, segments: &[Segment], languages: &[Language], word: &str) -> Result<bool, Failure> {
    if is_as_one(blocks, segments, languages, word)? {
        return Ok(true);
    }
    for [before, behind] in apart(word) {
        if is_as_one(blocks, segments, languages, &before)? && is_as_one(blocks, segments, languages, &behind)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_as_one(blocks: &mut Blocks<'_>, segments: &[Segment], languages: &[Language], word: &str) -> Result<bool, Failure> {
    let mut terms = vec![exact_term(&fold(word))];
    for word in spellings(word, Role::Word, languages.first().copied()).iter().map(String::as_str).chain([word, &*fold(word)]) {
        terms.push(fold(word).into_owned().into_bytes());
        terms.extend(languages.iter().map(|language| forms(word, *language).0.into_bytes()));
    }
    terms.sort_unstable();
    terms.dedup();
    let mut is_there = false;
    for segment in segments {
        for term in &terms {
            blocks.entries(segment, term, (0, segment.span()), |entry, _| {
                is_there |= entry.count > 0;
                Ok(())
            })?;
            if is_there {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The text with words in the place of others, whatever case these are in, unless they are called.
fn replaced(text: &str, corrections: &[(&str, String)]) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(word);
        let lower = word.to_lowercase();
        match corrections.iter().find(|(misspelt, _)| *misspelt == lower && !behind.starts_with('(')) {
            Some((_, near)) => made.push_str(near),
            None => made.push_str(word),
        }
        let other = behind.find(char::is_alphabetic).unwrap_or(behind.len());
        made.push_str(&behind[..other]);
        rest = &behind[other..];
    }
    made
}

/// At most eight words of the index that a misspelt word may mean, the nearest first and of these the most frequent: at a distance of one
/// letter, of two for a word of eight letters and more; two neighbours in each other's place are one. The first letter is taken to be
/// right, or the second one in its place. It reads a bounded number of blocks: of a very large index not all words are seen.
pub(in crate::store) fn similar(shelf: &dyn Shelf, word: &str, wanted: Wanted) -> Result<Vec<String>, Failure> {
    let word = fold(&word.to_lowercase()).into_owned();
    let letters: Vec<char> = word.chars().collect();
    if !(MIN_LETTERS..=MAX_LETTERS).contains(&letters.len()) || !letters.iter().all(|c| c.is_alphabetic()) {
        return Ok(Vec::new());
    }
    let most = if letters.len() >= LONG { 2 } else { 1 };
    let segments = shelf.segments(i64::from(wanted == Wanted::Code))?;
    let mut blocks = MAX_BLOCKS;
    // As they are written, and by their stems.
    let (mut written, mut stems): (HashMap<String, u64>, HashMap<String, u64>) = Default::default();
    let mut prefixes = vec![letters[..2].iter().collect::<String>(), letters[..1].iter().collect(), letters[1..2].iter().collect()];
    prefixes.dedup();
    for prefix in &prefixes {
        for (marker, found) in [(&[EXACT][..], &mut written), (&[], &mut stems)] {
            let prefix = [marker, prefix.as_bytes()].concat();
            for segment in &segments {
                words_of(shelf, segment, &prefix, &mut blocks, |term, count| {
                    let Ok(term) = std::str::from_utf8(&term[marker.len()..]) else { return };
                    if distance(&letters, term, most).is_some() {
                        *found.entry(term.to_owned()).or_default() += count;
                    }
                })?;
            }
        }
        if !(written.is_empty() && stems.is_empty()) {
            break;
        }
    }
    let languages = languages_of(&segments);
    // A stem is a word where it stands oftener than all the words that it is the stem of, which begin like it.
    for (stem, count) in stems {
        let begins = stem.char_indices().nth_back(0).map_or("", |(at, _)| &stem[..at]);
        let (mut left, mut best): (u64, Option<(u64, String)>) = (count, None);
        for segment in &segments {
            words_of(shelf, segment, &[&[EXACT], begins.as_bytes()].concat(), &mut blocks, |term, count| {
                let Ok(word) = std::str::from_utf8(&term[1..]) else { return };
                if languages.iter().any(|language| forms(word, *language).0 == stem) {
                    left = left.saturating_sub(count);
                    if best.as_ref().is_none_or(|(most, _)| count > *most) {
                        best = Some((count, word.to_owned()));
                    }
                }
            })?;
        }
        // Whether it is a word is not known then.
        if blocks == 0 {
            break;
        }
        match best {
            // Another form of the word that was asked for.
            Some((count, form)) if left == 0 && word.starts_with(&stem) => *written.entry(form).or_default() += count,
            _ if left > 0 => *written.entry(stem).or_default() += left,
            _ => {}
        }
    }
    written.remove(&word);
    let far = |term: &str| distance(&letters, term, most).unwrap_or(most);
    let mut words: Vec<_> = written.into_iter().map(|(term, count)| (far(&term), u64::MAX - count, term)).collect();
    words.sort();
    Ok(words.into_iter().take(MAX_WORDS).map(|(_, _, word)| word).collect())
}

/// Those of any chunk, of most chunks first.
pub(super) fn languages_of(segments: &[Segment]) -> Vec<Language> {
    let mut counts: HashMap<Language, u64> = HashMap::new();
    for (code, chunks) in segments.iter().flat_map(|segment| &segment.statistics.languages) {
        if let Some(language) = Language::from_code(*code) {
            let count = counts.entry(language).or_default();
            *count = count.saturating_add(*chunks);
        }
    }
    let mut languages: Vec<_> = counts.into_iter().collect();
    languages.sort_by_key(|(language, chunks)| (u64::MAX - chunks, *language));
    languages.into_iter().map(|(language, _)| language).collect()
}

/// The most frequent pairs that a character of a script without spaces begins: one that is asked for by itself stands in them.
pub(super) fn grams_of(shelf: &dyn Shelf, segments: &[Segment], character: &str) -> Result<Vec<String>, Failure> {
    begun(shelf, segments.iter(), character, MAX_GRAMS)
}

/// The most frequent words that begin so.
pub(super) fn words_begun<'s>(
    shelf: &dyn Shelf,
    segments: impl Iterator<Item = &'s Segment>,
    beginning: &str,
) -> Result<Vec<String>, Failure> {
    begun(shelf, segments, beginning, MAX_WORDS)
}

fn begun<'s>(shelf: &dyn Shelf, segments: impl Iterator<Item = &'s Segment>, beginning: &str, most: usize) -> Result<Vec<String>, Failure> {
    let (mut blocks, mut counts) = (MAX_GRAM_BLOCKS, HashMap::<String, u64>::new());
    for segment in segments {
        words_of(shelf, segment, beginning.as_bytes(), &mut blocks, |term, count| {
            if let Ok(term) = std::str::from_utf8(term) {
                *counts.entry(term.to_owned()).or_default() += count;
            }
        })?;
    }
    let mut terms: Vec<(String, u64)> = counts.into_iter().collect();
    terms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(terms.into_iter().take(most).map(|(term, _)| term).collect())
}

/// The two words of the index that a long word is made of: `paketfilter` and `regeln` of `paketfilterregeln`. Of several cuts the one whose
/// words stand oftenest; none in languages that write words apart.
pub(super) fn compound_of(shelf: &dyn Shelf, segments: &[Segment], language: Language, word: &str) -> Result<Option<[String; 2]>, Failure> {
    let letters = word.chars().count();
    if !language.joins_words() || !(MIN_COMPOUND..=MAX_LETTERS).contains(&letters) || !word.chars().all(char::is_alphabetic) {
        return Ok(None);
    }
    let stem = |word: &str| forms(word, language).0.into_bytes();
    let cuts = word.char_indices().skip(MIN_LETTERS).take(letters - 2 * MIN_LETTERS + 1).map(|(at, _)| word.split_at(at));
    let cuts: Vec<(&str, &str)> = cuts.collect();
    let mut counts = Counts { shelf, segments, blocks: Blocks::of(shelf), known: HashMap::new() };
    // Most cuts end here.
    counts.look_ahead(cuts.iter().map(|(_, tail)| stem(tail)).collect())?;
    let mut heads: Vec<(String, &str, f64)> = Vec::new();
    for (head, tail) in cuts {
        let having = counts.of(stem(tail))?;
        if having < MIN_HAVING {
            continue;
        }
        let worth = (having as f64).ln_1p();
        heads.push((head.to_owned(), tail, worth));
        let shorter = LINKS.iter().filter_map(|link| head.strip_suffix(link)).filter(|head| head.chars().count() >= MIN_LETTERS);
        heads.extend(shorter.map(|head| (head.to_owned(), tail, worth - LINKED)));
        heads.push((format!("{head}e"), tail, worth - LINKED));
    }
    counts.look_ahead(heads.iter().map(|(head, ..)| stem(head)).collect())?;
    let mut best: Option<(f64, [String; 2])> = None;
    for (head, tail, worth) in heads {
        let having = counts.of(stem(&head))?;
        let worth = worth + (having as f64).ln_1p();
        if having >= MIN_HAVING && best.as_ref().is_none_or(|(most, _)| worth > *most) {
            best = Some((worth, [head, tail.to_owned()]));
        }
    }
    Ok(best.map(|(_, words)| words))
}

/// In how many chunks terms stand.
struct Counts<'s> {
    shelf: &'s dyn Shelf,
    segments: &'s [Segment],
    blocks: Blocks<'s>,
    known: HashMap<Vec<u8>, u64>,
}

impl Counts<'_> {
    fn look_ahead(&self, mut terms: Vec<Vec<u8>>) -> Result<(), Failure> {
        terms.sort_unstable();
        terms.dedup();
        self.shelf.look_ahead(&self.segments.iter().collect::<Vec<_>>(), &terms.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn of(&mut self, term: Vec<u8>) -> Result<u64, Failure> {
        if let Some(known) = self.known.get(&term) {
            return Ok(*known);
        }
        let mut count = 0;
        for segment in self.segments {
            self.blocks.entries(segment, &term, (0, segment.span()), |entry, _| {
                count += u64::from(entry.count);
                Ok(())
            })?;
        }
        self.known.insert(term, count);
        Ok(count)
    }
}

/// Gives the terms of a segment that begin so, and in how many chunks they stand.
fn words_of(
    shelf: &dyn Shelf,
    segment: &Segment,
    prefix: &[u8],
    blocks: &mut usize,
    mut take: impl FnMut(&[u8], u64),
) -> Result<(), Failure> {
    if *blocks == 0 {
        return Ok(());
    }
    shelf.blocks_from(segment.id, prefix, Start::BeforeOrFirst, &mut |_, block| {
        *blocks -= 1;
        let mut entries = Entries::of(block);
        while let Some(entry) = entries.next()? {
            let term = entries.term();
            if term.starts_with(prefix) && term[0] != 0 && (term[0] >= FIRST_TOKEN || term[0] == EXACT) {
                take(term, entry.count.into());
            } else if term > prefix {
                return Ok(false);
            }
        }
        Ok(*blocks > 0)
    })
}

/// How many letters of a term are left out, put in, changed, or in the place of their neighbour; none if more than so many.
fn distance(word: &[char], term: &str, most: usize) -> Option<usize> {
    let count = term.chars().count();
    if count.abs_diff(word.len()) > most || count > MAX_LETTERS {
        return None;
    }
    let term: Vec<char> = term.chars().collect();
    if !term.iter().all(|c| c.is_alphabetic()) {
        return None;
    }
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=count).collect());
    for (row, a) in word.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, b) in term.iter().enumerate() {
            let changed = last[column] + usize::from(a != b);
            let mut least = changed.min(last[column + 1] + 1).min(now[column] + 1);
            if row > 0 && column > 0 && *a == term[column - 1] && word[row - 1] == *b {
                least = least.min(before[column - 1] + 1);
            }
            now.push(least);
        }
        if now.iter().min().is_none_or(|least| *least > most) {
            return None;
        }
        (before, last) = (last, now);
    }
    Some(last[count]).filter(|distance| *distance <= most)
}

const MIN_LETTERS: usize = 4;
/// Of a word that is made of two.
pub(super) const MIN_COMPOUND: usize = 9;
/// Chunks that have a word, without which it is none.
const MIN_HAVING: u64 = 2;
/// What joins two words, and what a cut is worth less that leaves it out.
const LINKS: [&str; 6] = ["s", "es", "n", "en", "er", "e"];
const LINKED: f64 = 0.5;
/// Of a word that is corrected unasked.
const MIN_CORRECTED: usize = 5;
const LONG_CORRECTED: usize = 10;
const MAX_CORRECTED: usize = 3;
const MAX_LETTERS: usize = 40;
/// Letters of a word in which two may be wrong.
const LONG: usize = 8;
const MAX_WORDS: usize = 8;
const MAX_GRAMS: usize = 32;
/// A millisecond's.
const MAX_GRAM_BLOCKS: usize = 200;
/// Some ten milliseconds.
const MAX_BLOCKS: usize = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_wrong_are_counted() {
        let near = |word: &str, term: &str, most| distance(&word.chars().collect::<Vec<_>>(), term, most).is_some();
        assert!(near("regluar", "regular", 1) && near("gruop", "group", 1) && near("expresion", "expression", 1));
        assert!(near("vacum", "vacuum", 1) && near("vacuuum", "vacuum", 1) && near("vakuum", "vacuum", 1));
        assert!(!near("vakum", "vacuum", 1) && near("vakum", "vacuum", 2) && !near("vacuum", "heron", 2));
        assert!(near("añadir", "añadir", 0) && !near("vacuum", "", 2));
    }

    #[test]
    fn only_whole_words_are_replaced() {
        let corrections = [("vacum", "vacuum".to_owned())];
        assert_eq!(replaced("How to Vacum, vacums and `vacum`?", &corrections), "How to vacuum, vacums and `vacuum`?");
        assert_eq!(replaced("does vacum() vacum", &corrections), "does vacum() vacuum");
        assert_eq!(replaced("東京 vacum", &corrections), "東京 vacuum");
        assert_eq!(replaced("", &corrections), "");
    }
}
