//! Ranks chunks by BM25. A window of chunks at a time: the postings of each term add to an array of scores, whose best are kept.
//! The first of them are ranked again with those beside them.

mod beside;
mod pair;

use std::collections::{BTreeSet, HashMap, HashSet};

use self::pair::Pair;
use super::Filter;
use super::asked::{Asked, Unit};
use super::block::{BROKEN, Kind, Posting, Postings, broken, length_of, number};
use super::builder::{exact_term, forms, source_term};
use super::language::Language;
use super::segment::{Blocks, Segment};
use super::shelf::Shelf;
use super::similar;
use super::spelled::{Noun, apart, spellings, together};
use super::tokens::{Role, fold};
use crate::model::Wanted;
use crate::store::among::both;
use crate::store::error::Failure;
use crate::store::fuse::{Best, Candidate};

/// The best chunks for a question, best first, by their pages where these are to be distinct.
pub(in crate::store) fn search(shelf: &dyn Shelf, asked: &Asked, filter: Filter<'_>) -> Result<Vec<Candidate>, Failure> {
    let kind = i64::from(filter.wanted == Wanted::Code);
    let segments = shelf.segments(kind)?;
    let mut languages = similar::languages_of(&segments);
    languages.truncate(MAX_LANGUAGES);
    let of_index = OfIndex {
        grams: &|character| similar::grams_of(shelf, &segments, character),
        compound: &|word| languages.first().map_or(Ok(None), |language| similar::compound_of(shelf, &segments, *language, word)),
    };
    let mut question = Question::of(asked, &languages, &of_index)?;
    let mut found: Vec<Found> = segments.into_iter().map(Found::of).collect();
    question.look_ahead(shelf, &found, filter)?;
    let mut blocks = Blocks::of(shelf);
    for found in &mut found {
        found.admit(&mut blocks, filter)?;
        found.look_up(&mut blocks, &question.terms)?;
        found.look_up_pairs(&mut blocks, &question.pairs)?;
    }
    question.terms.extend(question.pairs.iter().map(Pair::term));
    let begun = question.begun(&found, |word| similar::words_begun(shelf, found.iter().map(|found| &found.segment), word))?;
    for found in &mut found {
        found.look_up(&mut blocks, &begun)?;
    }
    question.terms.extend(begun);
    question.weigh(&found);
    let mut best = Best::new(filter.room());
    let mut window = Window::new();
    for found in &found {
        window.rank(shelf, found, &question, &mut best)?;
    }
    let mut ranking = best.into_sorted();
    beside::rank_again(shelf, &found, &question, &mut ranking)?;
    if filter.distinct_pages {
        let pages = shelf.pages_of(&ranking.iter().map(|found| found.chunk).collect::<Vec<_>>())?;
        for found in &mut ranking {
            found.key = pages.get(&found.chunk).copied().ok_or(Failure::Malformed("a row is not there"))?;
        }
    }
    Ok(ranking)
}

/// What is looked up, and what finding it is worth.
struct Question {
    /// Each term once, but for one that is two words: once for each of these.
    terms: Vec<Term>,
    /// Words that a text may have as two.
    pairs: Vec<Pair>,
    groups: Vec<Group>,
    units: Vec<Members>,
    /// Words of a chunk.
    average: f32,
    /// By the code of a length: what BM25 adds below the line for it.
    norms: [f32; 256],
}

struct Term {
    term: Vec<u8>,
    group: usize,
    form: Form,
    /// Times the share of its frequency: its score.
    weight: f32,
}

/// What a term is to its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The word as it is looked up.
    Plain,
    /// The word as it is written in the question: it adds to the others.
    Exact,
    /// As it is typed with other letters.
    Other,
    /// One word for two that are asked for. What these are worth is for others to tell.
    Joined,
    /// Two for one, or what may be a part of another word.
    Apart,
}

impl Form {
    fn tells_rarity(self) -> bool {
        !matches!(self, Self::Joined | Self::Apart)
    }
}

impl Term {
    fn of(term: Vec<u8>, group: usize, form: Form) -> Self {
        Self { term, group, form, weight: 0.0 }
    }
}

/// The forms of one word: they count as one.
struct Group {
    /// A word that may be the beginning of another.
    word: Option<String>,
    /// Of a part of a word less than of a word.
    share: f32,
    /// Those that some chunk has: where there are several, it would be counted twice.
    forms: usize,
    /// No form is there, but for the word as it was asked for.
    is_written: bool,
    rarity: f32,
}

/// The groups of a unit, as bits.
#[derive(Default)]
struct Members {
    wholes: u64,
    words: u64,
}

/// The two words that one is made of, if it is.
type Compound = Option<[String; 2]>;

/// What the index knows of words that are asked for.
struct OfIndex<'s> {
    /// The terms that a character stands in which is asked for by itself.
    grams: &'s dyn Fn(&str) -> Result<Vec<String>, Failure>,
    /// The two words that one is made of.
    compound: &'s dyn Fn(&str) -> Result<Compound, Failure>,
}

impl Question {
    fn of(asked: &Asked, languages: &[Language], of_index: &OfIndex<'_>) -> Result<Self, Failure> {
        let mut terms: HashMap<Vec<u8>, Term> = HashMap::new();
        let mut question =
            Self { terms: Vec::new(), pairs: Vec::new(), groups: Vec::new(), units: Vec::new(), average: 1.0, norms: [0.0; 256] };
        let (mut compounds, mut others_left) = (MAX_COMPOUNDS, MAX_OTHERS);
        let mut placed: Vec<Vec<Placed<'_>>> = Vec::new();
        for Unit { tokens } in asked.units() {
            let mut members = Members::default();
            let mut of_unit = Vec::new();
            let parts: Vec<&str> = tokens.iter().filter(|(_, role)| *role == Role::Part).map(|(part, _)| part.as_str()).collect();
            let grams: Vec<&str> = tokens.iter().filter(|(_, role)| *role == Role::Gram).map(|(gram, _)| gram.as_str()).collect();
            let noun = Noun::of(&grams);
            let mut made_of = Vec::new();
            for (text, _) in tokens.iter().filter(|(_, role)| *role == Role::Word).take(compounds) {
                compounds -= usize::from(text.chars().count() >= similar::MIN_COMPOUND);
                made_of.extend((of_index.compound)(text)?.into_iter().flatten().map(|word| (word, Role::Part)));
            }
            for (at, (text, role)) in tokens.iter().chain(&made_of).enumerate() {
                let is_stemmed = matches!(role, Role::Word | Role::Part);
                let folded = fold(text);
                let mut stems: Vec<(String, Option<String>)> =
                    languages.iter().filter(|_| is_stemmed).map(|language| forms(text, *language)).collect();
                let mut plain: Vec<String> = stems.iter().map(|(stem, _)| stem.clone()).collect();
                let mut marked = None;
                if is_stemmed {
                    // Marks are typed or not, and stems know them: `résumé` is its own stem, and that of `resume` is another.
                    if *folded != **text {
                        stems.extend(languages.iter().map(|language| forms(&folded, *language)));
                        plain.extend(stems.iter().skip(languages.len()).map(|(stem, _)| stem.clone()));
                    }
                    if !stems.iter().any(|(_, exact)| exact.as_deref() == Some(&*folded)) {
                        marked = Some(exact_term(&folded));
                    }
                }
                if !plain.iter().any(|term| **term == *folded) {
                    plain.push(folded.into_owned());
                }
                let is_alone = *role == Role::Gram && text.chars().nth(1).is_none();
                if is_alone {
                    plain.extend((of_index.grams)(text)?);
                }
                // `task_group` where `TaskGroup` is asked for.
                let in_parts = (*role == Role::Word && parts.concat() == *text).then(|| parts.join("_"));
                // What is joined has a stem as a word has.
                let mut others = Vec::new();
                for other in spellings(text, *role, languages.first().copied()).into_iter().chain(in_parts) {
                    if text.is_ascii() && other.is_ascii() {
                        plain.extend(terms_of(&other, languages));
                    } else if others_left > 0 {
                        others_left -= 1;
                        if is_alone {
                            others.extend((of_index.grams)(&other)?.into_iter().map(|gram| (gram, Form::Other)));
                        }
                        others.extend(terms_of(&other, languages).into_iter().map(|term| (term, Form::Other)));
                    }
                }
                let noun = noun.as_ref().filter(|_| at == 0);
                if let Some(noun) = noun.filter(|noun| noun.is_plain && others_left > 0) {
                    others_left -= 1;
                    others.extend(noun.forms().into_iter().map(|form| (form, Form::Apart)));
                }
                let typed = others.iter().filter(|(_, form)| *form == Form::Other).map(|(term, _)| term);
                // Another form of a word that was there before is no other word.
                let known = plain.iter().chain(typed).find_map(|term| terms.get(term.as_bytes())).map(|term| term.group);
                let group = known.unwrap_or(question.groups.len());
                if known.is_none() {
                    if group == MAX_GROUPS {
                        break;
                    }
                    let is_long = matches!(role, Role::Word | Role::Whole) && text.chars().count() >= LEAST_BEGUN;
                    let word = is_long.then(|| fold(text).into_owned()).or(noun.map(|noun| noun.syllable.to_string()));
                    question.groups.push(Group { word, share: 0.0, forms: 0, is_written: false, rarity: 0.0 });
                }
                let share = match role {
                    Role::Part => PART,
                    Role::Gram => share_of_gram(text),
                    Role::Word | Role::Whole | Role::Sign => 1.0,
                };
                question.groups[group].share = question.groups[group].share.max(share);
                match role {
                    Role::Whole => members.wholes |= 1 << group,
                    Role::Part => {}
                    Role::Word | Role::Gram | Role::Sign => members.words |= 1 << group,
                }
                let plain = plain.into_iter().map(String::into_bytes).chain(marked).map(|term| (term, Form::Plain));
                let exact = stems.into_iter().filter_map(|(_, exact)| exact).map(|exact| (exact_term(&exact), Form::Exact));
                let others = others.into_iter().map(|(other, form)| (other.into_bytes(), form));
                for (term, form) in plain.chain(exact).chain(others) {
                    terms.entry(term.clone()).or_insert(Term::of(term, group, form));
                }
                // Of `ML-SA1` a half is no name with its number.
                let is_by_itself = *role == Role::Word && tokens.iter().filter(|(_, role)| *role == Role::Word).count() == 1;
                if is_by_itself && known.is_none() && question.pairs.len() < MAX_PAIRS {
                    let pairs = apart(text).into_iter().map(|words| Pair::of(group, words.map(|word| terms_of_any(&word, languages))));
                    question.pairs.extend(pairs);
                }
                of_unit.extend(tokens.get(at).map(|(text, role)| (text.as_str(), *role, group)));
            }
            question.units.push(members);
            placed.push(of_unit);
        }
        let joined = joined(&placed, languages).into_iter().filter(|(term, _)| !terms.contains_key(term));
        question.terms = joined.map(|(term, group)| Term::of(term, group, Form::Joined)).collect();
        question.terms.extend(terms.into_values());
        question.terms.sort_unstable_by(|a, b| (&a.term, a.group).cmp(&(&b.term, b.group)));
        Ok(question)
    }

    /// All that is looked up then is asked for at once.
    fn look_ahead(&self, shelf: &dyn Shelf, found: &[Found], filter: Filter<'_>) -> Result<(), Failure> {
        let of_source = filter.source.map(source_term);
        let of_pairs = self.pairs.iter().flat_map(Pair::terms);
        let mut terms: Vec<&[u8]> = self.terms.iter().map(|term| &*term.term).chain(of_source.as_deref()).chain(of_pairs).collect();
        terms.sort_unstable();
        terms.dedup();
        shelf.look_ahead(&found.iter().map(|found| &found.segment).collect::<Vec<_>>(), &terms)
    }

    /// The terms that words which stand nowhere are the beginnings of, as a part of a name is asked for: `setsock`.
    fn begun(&mut self, found: &[Found], words_begun: impl Fn(&str) -> Result<Vec<String>, Failure>) -> Result<Vec<Term>, Failure> {
        let mut is_there = vec![false; self.groups.len()];
        for (at, term) in self.terms.iter().enumerate() {
            is_there[term.group] |= found.iter().any(|found| !found.lists[at].is_empty());
        }
        let mut begun = Vec::new();
        let absent = self.groups.iter_mut().enumerate().filter(|(number, _)| !is_there[*number]);
        for (group, (word, share)) in
            absent.filter_map(|(number, group)| Some((number, (group.word.take()?, &mut group.share)))).take(MAX_BEGUN)
        {
            let terms = words_begun(&word)?;
            if !terms.is_empty() {
                *share = share.min(PART);
            }
            begun.extend(terms.into_iter().map(|term| Term::of(term.into_bytes(), group, Form::Plain)));
        }
        let mut known: HashSet<Vec<u8>> = self.terms.iter().map(|term| term.term.clone()).collect();
        begun.retain(|new: &Term| known.insert(new.term.clone()));
        Ok(begun)
    }

    /// Computes what each term is worth, now that it is known how many chunks have it. Chunks that are gone and not merged away yet
    /// count with the others, here and there.
    fn weigh(&mut self, found: &[Found]) {
        let statistics = |of: fn(&Segment) -> u64| found.iter().map(|found| of(&found.segment)).fold(0, u64::saturating_add) as f64;
        let (chunks, length) = (statistics(|segment| segment.statistics.chunks), statistics(|segment| segment.statistics.length));
        let average = (length / chunks.max(1.0)).max(1.0) as f32;
        self.average = average;
        for (code, norm) in self.norms.iter_mut().enumerate() {
            *norm = K1 * (1.0 - B + B * length_of(code as u8) / average);
        }
        let rarity = |having: f64| (1.0 + (chunks - having.min(chunks) + 0.5) / (having + 0.5)).ln() as f32;
        let counts: Vec<f64> = (0..self.terms.len())
            .map(|term| found.iter().flat_map(|found| &found.lists[term]).map(|piece| f64::from(piece.count)).sum())
            .collect();
        for (number, group) in self.groups.iter_mut().enumerate() {
            let of_group = || self.terms.iter().zip(&counts).filter(|(term, count)| term.group == number && **count > 0.0);
            // Of a word without its marks there may be no more than the word as it is written, as its stem is another then.
            group.is_written = of_group().filter(|(term, _)| term.form.tells_rarity()).all(|(term, _)| term.form == Form::Exact);
            let forms = of_group().filter(|(term, _)| group.is_written || term.form != Form::Exact);
            group.forms = forms.clone().count();
            let having = |tells_rarity: bool| {
                let telling = forms.clone().filter(|(term, _)| term.form.tells_rarity() == tells_rarity);
                telling.map(|(_, count)| count).sum::<f64>()
            };
            group.rarity = rarity(if having(true) > 0.0 { having(true) } else { having(false) });
        }
        for (term, count) in self.terms.iter_mut().zip(counts) {
            let group = &self.groups[term.group];
            if group.is_written && term.form == Form::Exact {
                term.form = Form::Plain;
            }
            let rarity = match term.form {
                Form::Plain => group.rarity,
                Form::Exact => EXACT_SHARE * rarity(count),
                Form::Other => OTHER_SHARE * group.rarity,
                Form::Joined => OTHER_SHARE * group.rarity.min(rarity(count)),
                Form::Apart => PART * group.rarity.min(rarity(count)),
            };
            term.weight = rarity * group.share * (K1 + 1.0);
        }
    }

    /// The share of the words, by their rarity, that a chunk has which has these groups. A unit that is there as a whole is there; one
    /// whose words are there apart as well.
    fn share_found(&self, groups: u64) -> f32 {
        let rarity = |bits: u64| -> f32 {
            let members = self.groups.iter().enumerate().filter(|(number, _)| bits & (1 << number) != 0);
            members.map(|(_, group)| group.rarity * group.share).sum()
        };
        let (mut found, mut all) = (0.0, 0.0);
        for unit in &self.units {
            let members = if unit.words == 0 { unit.wholes } else { unit.words };
            let weight = rarity(members);
            all += weight;
            found += if unit.wholes & groups != 0 { weight } else { rarity(members & groups) };
        }
        if all > 0.0 { found / all } else { 0.0 }
    }
}

/// How many terms a question has.
#[cfg(test)]
pub(super) fn counted(asked: &Asked, languages: &[Language]) -> Result<usize, Failure> {
    let of_index = OfIndex { grams: &|_| Ok(Vec::new()), compound: &|_| Ok(None) };
    let question = Question::of(asked, languages, &of_index)?;
    Ok(question.terms.len() + question.pairs.iter().map(|pair| pair.terms().count()).sum::<usize>())
}

/// A token of a question, and the number of its group.
type Placed<'q> = (&'q str, Role, usize);

/// What a text may have as one where words are asked for one behind the other, and the groups that it is of.
fn joined(units: &[Vec<Placed<'_>>], languages: &[Language]) -> Vec<(Vec<u8>, usize)> {
    let is_word = |placed: &&Placed<'_>| placed.1 == Role::Word;
    let mut joined = Vec::new();
    for pair in units.windows(2) {
        let (Some((before, _, of)), Some((first, ..))) = (pair[0].iter().rfind(is_word), pair[1].iter().find(is_word)) else { continue };
        // `3.11` is one number.
        let whole = pair[1].iter().find(|(text, role, _)| *role == Role::Whole && text.bytes().all(|byte| b".0123456789".contains(&byte)));
        let behind = whole.map_or(*first, |(text, ..)| *text);
        let Some(word) = together(before, behind) else { continue };
        let groups = pair[1].iter().filter(|(text, ..)| behind.contains(text)).map(|(_, _, group)| *group).chain([*of]);
        let groups: BTreeSet<usize> = groups.collect();
        for term in terms_of_any(&word, languages) {
            joined.extend(groups.iter().map(|group| (term.clone(), *group)));
        }
    }
    joined.sort_unstable();
    joined.dedup();
    joined
}

/// The stems of a word, and itself.
fn terms_of(word: &str, languages: &[Language]) -> Vec<String> {
    let stems = languages.iter().map(|language| forms(word, *language).0);
    stems.chain([fold(word).into_owned()]).collect()
}

/// Those of a word however it is typed, each once.
fn terms_of_any(word: &str, languages: &[Language]) -> Vec<Vec<u8>> {
    let typed = spellings(word, Role::Word, languages.first().copied());
    let terms = typed.iter().map(String::as_str).chain([word]).flat_map(|word| terms_of(word, languages));
    let terms: BTreeSet<Vec<u8>> = terms.map(String::into_bytes).collect();
    terms.into_iter().collect()
}

/// A segment, and what it has of a question.
struct Found {
    segment: Segment,
    /// The bytes of all pieces.
    bytes: Vec<u8>,
    /// By the number of the term.
    lists: Vec<Vec<Piece>>,
    /// The distances of the chunks that may answer, where not all may.
    admitted: Option<Vec<(u64, u64)>>,
}

/// Postings of a term.
#[derive(Clone, Copy)]
struct Piece {
    first: u64,
    last: u64,
    count: u32,
    start: usize,
    end: usize,
}

impl Found {
    fn of(segment: Segment) -> Self {
        Self { segment, bytes: Vec::new(), lists: Vec::new(), admitted: None }
    }

    fn admit(&mut self, blocks: &mut Blocks<'_>, filter: Filter<'_>) -> Result<(), Failure> {
        self.admitted = self.admitted_by(blocks, filter)?;
        Ok(())
    }

    /// Adds the postings of terms to the lists.
    fn look_up(&mut self, blocks: &mut Blocks<'_>, terms: &[Term]) -> Result<(), Failure> {
        let Self { segment, bytes, lists, .. } = self;
        for term in terms {
            let mut pieces = Vec::new();
            blocks.entries(segment, &term.term, (0, segment.span()), |entry, block| {
                let start = bytes.len();
                bytes.extend_from_slice(&block[entry.data.clone()]);
                pieces.push(Piece { first: entry.first, last: entry.last, count: entry.count, start, end: bytes.len() });
                Ok(())
            })?;
            lists.push(pieces);
        }
        Ok(())
    }

    fn admitted_by(&self, blocks: &mut Blocks<'_>, filter: Filter<'_>) -> Result<Option<Vec<(u64, u64)>>, Failure> {
        let segment = &self.segment;
        let mut admitted = None;
        if let Some(source) = filter.source {
            let mut runs = Vec::new();
            blocks.entries(segment, &source_term(source), (0, segment.span()), |entry, block| {
                let mut postings = Postings::of(Kind::Runs, entry, block);
                while let Some(Posting { first, last, .. }) = postings.next()? {
                    runs.push((first, last));
                }
                Ok(())
            })?;
            admitted = Some(runs);
        }
        if let Some(among) = filter.among {
            let chosen = among.within(segment.first(), segment.statistics.last);
            let runs = match &admitted {
                Some(of_source) => both(of_source, &chosen),
                None => chosen,
            };
            admitted = Some(runs);
        }
        Ok(admitted)
    }
}

/// Scores of neighbouring chunks.
struct Window {
    scores: Vec<f32>,
    /// Which groups a chunk has.
    groups: Vec<u64>,
    /// Of the group whose forms are being added: what a chunk has got for it. Of no meaning where the group's bit is not set.
    given: Vec<f32>,
    /// By some bits of the groups that were looked at last: the share of the words that these are.
    shares: Vec<(u64, f32)>,
}

impl Window {
    fn new() -> Self {
        Self { scores: vec![0.0; WIDTH], groups: vec![0; WIDTH], given: vec![0.0; WIDTH], shares: vec![(0, 0.0); SHARES] }
    }

    fn rank(&mut self, shelf: &dyn Shelf, found: &Found, question: &Question, best: &mut Best) -> Result<(), Failure> {
        let segment = &found.segment;
        let mut cursors: Vec<Cursor<'_>> =
            question.terms.iter().zip(&found.lists).filter_map(|(term, pieces)| Cursor::of(term, pieces, &found.bytes)).collect();
        // The forms of a group one after the other.
        cursors.sort_by_key(|cursor| cursor.term.group);
        let everything = [(0, segment.span())];
        let mut admitted = found.admitted.as_deref().unwrap_or(&everything);
        while let Some(next) = cursors.iter().filter_map(|cursor| cursor.next).min() {
            let Some(behind) = admitted.iter().position(|(_, last)| *last >= next) else { break };
            admitted = &admitted[behind..];
            let base = next.max(admitted[0].0);
            let end = base + WIDTH as u64;
            for cursor in &mut cursors {
                self.add(cursor, question, base, end)?;
            }
            segment.gone_between(shelf, (base, end - 1), |distance| self.scores[(distance - base) as usize] = 0.0)?;
            for (first, last) in admitted.iter().take_while(|(first, _)| *first < end) {
                let (from, to) = (first.max(&base) - base, (last + 1).min(end) - base);
                self.keep(question, segment.first().saturating_add_unsigned(base), from as usize..to as usize, best);
            }
            let used = (segment.span() + 1 - base).min(WIDTH as u64) as usize;
            self.scores[..used].fill(0.0);
            self.groups[..used].fill(0);
        }
        Ok(())
    }

    /// Adds the scores of a term for the chunks from `base` to `end`.
    fn add(&mut self, cursor: &mut Cursor<'_>, question: &Question, base: u64, end: u64) -> Result<(), Failure> {
        cursor.skip_to(base)?;
        let (weight, bit) = (cursor.term.weight, 1 << cursor.term.group);
        let norms = &question.norms;
        if cursor.term.form == Form::Exact {
            return cursor.up_to(end, |distance, count, length| {
                let count = f32::from(count) * 0.5;
                self.scores[(distance - base) as usize] += weight * count / (count + norms[usize::from(length)]);
            });
        }
        if question.groups[cursor.term.group].forms == 1 {
            return cursor.up_to(end, |distance, count, length| {
                let (at, count) = ((distance - base) as usize, f32::from(count) * 0.5);
                self.scores[at] += weight * count / (count + norms[usize::from(length)]);
                self.groups[at] |= bit;
            });
        }
        // Of several forms the one that counts most.
        cursor.up_to(end, |distance, count, length| {
            let (at, count) = ((distance - base) as usize, f32::from(count) * 0.5);
            let score = weight * count / (count + norms[usize::from(length)]);
            let before = if self.groups[at] & bit == 0 { 0.0 } else { self.given[at] };
            if score > before {
                self.scores[at] += score - before;
                self.given[at] = score;
            }
            self.groups[at] |= bit;
        })
    }

    fn keep(&mut self, question: &Question, first: i64, range: std::ops::Range<usize>, best: &mut Best) {
        let start = range.start;
        for (line, scores) in self.scores[range].chunks(LINE).enumerate() {
            // Most lines hold nothing, and this is quick to see.
            let threshold = best.threshold().max(0.0);
            if !scores.iter().fold(false, |any, score| any | (*score > threshold)) {
                continue;
            }
            for (at, score) in scores.iter().enumerate().filter(|(_, score)| **score > threshold) {
                let at = start + line * LINE + at;
                let chunk = first.saturating_add_unsigned(at as u64);
                let groups = self.groups[at];
                // Most have one of a few sets of words.
                let known = &mut self.shares[(groups.wrapping_mul(SPREAD) >> (64 - SHARES.ilog2())) as usize];
                if known.0 != groups {
                    *known = (groups, question.share_found(groups));
                }
                best.push(Candidate { key: chunk, chunk, score: *score, found: known.1 });
            }
        }
    }
}

/// Where in the postings of a term the ranking is.
struct Cursor<'f> {
    term: &'f Term,
    bytes: &'f [u8],
    /// With the one that `rest` is of.
    pieces: &'f [Piece],
    rest: &'f [u8],
    /// The chunk that comes next; its frequency and length are at the beginning of `rest`.
    next: Option<u64>,
}

impl<'f> Cursor<'f> {
    fn of(term: &'f Term, pieces: &'f [Piece], bytes: &'f [u8]) -> Option<Self> {
        let first = pieces.first()?;
        Some(Self { term, bytes, pieces, rest: &bytes[first.start..first.end], next: Some(first.first) })
    }

    /// Passes the chunks before `base`.
    fn skip_to(&mut self, base: u64) -> Result<(), Failure> {
        if self.next.is_none_or(|next| next >= base) {
            return Ok(());
        }
        let behind = self.pieces.iter().position(|piece| piece.last >= base).unwrap_or(self.pieces.len());
        if behind > 0 {
            self.turn_to(&self.pieces[behind..]);
        }
        self.up_to(base, |_, _, _| {})
    }

    fn turn_to(&mut self, pieces: &'f [Piece]) {
        self.pieces = pieces;
        self.next = pieces.first().map(|piece| piece.first);
        self.rest = pieces.first().map_or(&[], |piece| &self.bytes[piece.start..piece.end]);
    }

    /// Gives chunk, frequency in halves and code of length of every posting before `end`.
    fn up_to(&mut self, end: u64, mut take: impl FnMut(u64, u8, u8)) -> Result<(), Failure> {
        while let Some(mut next) = self.next.filter(|next| *next < end) {
            let last = self.pieces[0].last;
            let mut rest = self.rest;
            loop {
                let [count, length, behind @ ..] = rest else { return Err(BROKEN) };
                take(next, *count, *length);
                rest = behind;
                match rest {
                    // Most chunks of a frequent word are near each other.
                    [distance @ 1..128, behind @ ..] => (next, rest) = (next + u64::from(*distance), behind),
                    [] => break,
                    _ => {
                        let distance = number(&mut rest)?;
                        next = next.checked_add(distance).filter(|_| distance > 0).ok_or_else(broken)?;
                    }
                }
                if next >= end {
                    break;
                }
            }
            if next > last {
                return Err(BROKEN);
            }
            if next >= end {
                (self.next, self.rest) = (Some(next), rest);
            } else {
                self.turn_to(&self.pieces[1..]);
            }
        }
        Ok(())
    }
}

/// What a pair of characters says: endings and particles say less than words do, and so do pairs across the border of two words.
fn share_of_gram(gram: &str) -> f32 {
    let hiragana = gram.chars().filter(|c| ('\u{3041}'..='\u{309f}').contains(c)).count();
    match hiragana {
        0 if gram.contains(|c| PARTICLES.contains(c)) => 0.7,
        0 => 1.0,
        all if all == gram.chars().count() => 0.5,
        _ => 0.7,
    }
}

/// Of Chinese.
const PARTICLES: &str = "的了和是您你们們也都被把与與及";

/// The usual constants of BM25, as FTS5 has them.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What a word in just the form that was asked for adds, of its own score.
const EXACT_SHARE: f32 = 0.2;
/// What a word is worth that is typed with other letters: what is written as it is asked for comes first.
const OTHER_SHARE: f32 = 0.9;
/// What a part of a word is worth: `task` where `TaskGroup` is asked for. And two words that may be one, as they may stand apart.
const PART: f32 = 0.5;

/// Letters of a word that is taken for the beginning of others, and how many words of a question are.
const LEAST_BEGUN: usize = 4;
const MAX_BEGUN: usize = 4;
/// Long words of a question that are looked at as made of others: each costs some dozens of look-ups.
const MAX_COMPOUNDS: usize = 8;

/// Other ways to type the words of a question: each costs a look-up or a few.
const MAX_OTHERS: usize = 100;
/// Words of a question that are looked for as two: all postings of both are read.
const MAX_PAIRS: usize = 8;
/// One bit each.
const MAX_GROUPS: usize = 64;
/// In how many languages a word of a question is stemmed.
const MAX_LANGUAGES: usize = 5;
/// Chunks of a window: its arrays fit the nearest caches.
const WIDTH: usize = 8192;
const LINE: usize = 16;
const SHARES: usize = 256;
/// An odd number of mixed bits (2^64 by the golden ratio).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
