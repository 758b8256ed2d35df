//! Makes the answer of what was found: reads the passages of the best, weighs what only their texts can tell, joins what belongs together
//! and leaves out what says the same twice.

mod alike;
mod join;
mod kind;
mod question;

use std::collections::HashMap;

use url::Url;

use self::alike::Shingles;
pub(super) use self::kind::of_page;
use self::question::Question;
use super::Config;
use super::error::Failure;
use super::fuse::{Answer, Passage};
use super::view::{Stored, View};
use super::words::Asked;
use crate::model::{Chunk, ChunkKind, Evidence, Hit, Mode, PerPage, Query, SourceId, Wanted, plain};

/// How a question is answered: what its words say of that.
#[derive(Debug)]
pub(super) struct Ranking {
    question: Question,
    weight: f32,
    /// It is more than punctuation.
    has_words: bool,
}

impl Ranking {
    pub(super) fn of(query: &Query, asked: &Asked, config: &Config) -> Self {
        let question = Question::of(&query.text, asked);
        let known = query.familiarity.clamp(0.0, 1.0);
        let most = match query.wanted {
            Wanted::Text => config.dense_weight.clamp(0.0, 1.0),
            Wanted::Code => config.dense_weight.clamp(0.0, CODE),
        };
        let least = most.min(UNFAMILIAR);
        let weight = match query.mode {
            Mode::Lexical => 0.0,
            Mode::Dense => 1.0,
            // A vector of what the model knows nothing of points anywhere.
            Mode::Hybrid if known == 0.0 => 0.0,
            Mode::Hybrid if question.is_exact() => most.min(EXACT),
            Mode::Hybrid => least + (most - least) * known,
        };
        Self { question, weight, has_words: query.text.chars().any(char::is_alphanumeric) }
    }

    /// What meaning weighs against words, 0 to 1.
    pub(super) fn weight_of_meaning(&self) -> f32 {
        self.weight
    }

    /// Whether meaning counts, and the question is more than the name of one thing.
    pub(super) fn is_about_a_matter(&self) -> bool {
        self.weight > 0.0 && !self.question.is_exact()
    }

    /// The hits of the answers, which are ranked by what both sides say of them; at most `query.limit`. They are the first of those of any
    /// higher limit: who asks for them part by part misses none and sees none twice.
    pub(super) fn hits(&self, view: &dyn View, answers: Vec<Answer>, query: &Query) -> Result<Vec<Hit>, Failure> {
        let limit = query.limit.max(1);
        let mut hits: Vec<(Hit, Shingles)> = Vec::new();
        let mut reading = Reading::of(self, view, answers, query.per_page);
        reading.look_ahead(within_reach(limit - 1))?;
        while hits.len() < limit
            && let Some(found) = reading.next(hits.len())?
        {
            if let PerPage::AtMost(most) = query.per_page
                && hits.iter().filter(|(hit, _)| hit.url == found.url).count() >= most.max(1)
            {
                continue;
            }
            let (shingles, source) = (Shingles::of(&found.chunks[0].text), reading.name_of(found.source)?);
            let is_alike = |(hit, others): &(Hit, Shingles)| match is_other_version(&source, &hit.source) {
                true => others.is_version_of(&shingles),
                false => others.is_like(&shingles),
            };
            if let Some((hit, _)) = hits.iter_mut().find(|known| query.per_page != PerPage::All && is_alike(known)) {
                if hit.url != found.url && !hit.same_as.contains(&found.url) && hit.same_as.len() < MOST_ALIKE {
                    hit.same_as.push(found.url);
                }
                continue;
            }
            let (score, mut found, mut shingles, mut source, mut same_as) = (found.score, found, shingles, source, Vec::new());
            // Only where several versions are asked are both found. The better one takes the place of the first, now and not when it would have
            // had its turn: who has been told a hit is not told another one there.
            while query.per_page != PerPage::All
                && let Some((better, of, its)) = reading.better_version(&source, &shingles)?
            {
                same_as.extend(Some(found.url).filter(|url| *url != better.url));
                (found, source, shingles) = (better, of, its);
            }
            hits.push((Hit { score, same_as, ..found.into_hit(view)? }, shingles));
        }
        Ok(hits.into_iter().map(|(hit, _)| hit).collect())
    }

    /// The answer with its passages; none if they are gone or not there yet: what is kept in memory may be ahead of this transaction.
    fn read(&self, view: &dyn View, answer: &Answer, per_page: PerPage) -> Result<Option<Read>, Failure> {
        let mut best: Option<(f32, usize, Evidence)> = None;
        let mut chunks = Vec::new();
        let mut page = None;
        let mut of = 0;
        let top = answer.passages.first().map_or(0.0, |passage| passage.score);
        for passage in answer.passages.iter().take(joined_of(per_page)) {
            let Some(Stored { url, title, source, page: row, chunk }) = view.stored(passage.chunk)? else { continue };
            of = source;
            let evidence = self.evidence(passage, &url, &title, &chunk);
            let score = passage.score + evidence.exact - evidence.malus;
            if best.as_ref().is_none_or(|(known, ..)| score > *known) {
                best = Some((score, chunks.len(), evidence));
            }
            page.get_or_insert((url, title, row));
            chunks.push((passage.score, chunk));
        }
        let (Some((_, at, evidence)), Some((url, title, page))) = (best, page) else { return Ok(None) };
        chunks.swap(0, at);
        let score = answer.score + evidence.exact - evidence.malus;
        let good = |(at, (score, chunk)): (usize, (f32, Chunk))| (at == 0 || score >= top * AS_GOOD).then_some(chunk);
        let chunks = chunks.into_iter().enumerate().filter_map(good).collect();
        Ok(Some(Read { page, source: of, url, title, score, age: answer.passages[0].chunk, evidence, chunks }))
    }

    fn evidence(&self, passage: &Passage, url: &Url, title: &str, chunk: &Chunk) -> Evidence {
        // Those within it are headings, too: short sections share a passage.
        let within = chunk.text.lines().filter(|line| chunk.kind == ChunkKind::Text && line.starts_with('#')).take(MOST_HEADINGS);
        let within: Vec<_> = within.map(plain).collect();
        let above = std::iter::once(title).chain(chunk.heading_path.iter().map(String::as_str));
        let headings = above.chain(within.iter().map(AsRef::as_ref));
        let page_kind = kind::of(url, title, chunk);
        Evidence {
            bm25: passage.words.map(|(score, _)| score),
            words_found: passage.words.map_or(0.0, |(_, found)| found),
            // Of punctuation a model makes a vector as well, and it is near to something: that speaks for nothing.
            cosine: passage.cosine.filter(|_| self.has_words),
            weight_of_meaning: self.weight,
            exact: self.question.exact(headings, &chunk.words()),
            malus: kind::malus(page_kind, &self.question),
            page_kind,
        }
    }
}

/// Answers as their texts order them. What was found by one side only and barely so cannot come to the front: so many are read as can, and
/// how many these are depends on the place that is to be filled alone.
struct Reading<'r> {
    ranking: &'r Ranking,
    view: &'r dyn View,
    answers: Vec<Answer>,
    per_page: PerPage,
    /// How many of the answers the view knows to be wanted, and how many were read.
    ahead: usize,
    read: usize,
    /// Read, and no hit yet.
    waiting: Vec<Read>,
    /// Of sources that have answers.
    names: HashMap<i64, SourceId>,
}

impl<'r> Reading<'r> {
    fn of(ranking: &'r Ranking, view: &'r dyn View, answers: Vec<Answer>, per_page: PerPage) -> Self {
        Self { ranking, view, answers, per_page, ahead: 0, read: 0, waiting: Vec::new(), names: HashMap::new() }
    }

    /// The best for the hit behind `before` others.
    fn next(&mut self, before: usize) -> Result<Option<Read>, Failure> {
        self.read_up_to(within_reach(before))?;
        // All that was read says the same, or is gone: what comes behind is an answer all the same.
        while self.waiting.is_empty() && self.read < self.answers.len() {
            self.read_up_to(self.read + RECONSIDERED)?;
        }
        let best = self.waiting.iter().enumerate().max_by(|(_, a), (_, b)| a.score.total_cmp(&b.score).then(b.age.cmp(&a.age)));
        Ok(best.map(|(at, _)| at).map(|at| self.waiting.swap_remove(at)))
    }

    fn name_of(&mut self, source: i64) -> Result<SourceId, Failure> {
        if let Some(name) = self.names.get(&source) {
            return Ok(name.clone());
        }
        let name = self.view.name_of(source)?;
        self.names.insert(source, name.clone());
        Ok(name)
    }

    /// The best of what waits that says the same of a version which is preferred.
    fn better_version(&mut self, source: &SourceId, shingles: &Shingles) -> Result<Option<(Read, SourceId, Shingles)>, Failure> {
        let mut best: Option<(usize, SourceId, Shingles)> = None;
        for at in 0..self.waiting.len() {
            let of = self.name_of(self.waiting[at].source)?;
            if !is_other_version(&of, source) || !of.is_preferred_to(best.as_ref().map_or(source, |(_, best, _)| best)) {
                continue;
            }
            let its = Shingles::of(&self.waiting[at].chunks[0].text);
            if shingles.is_version_of(&its) {
                best = Some((at, of, its));
            }
        }
        Ok(best.map(|(at, of, its)| (self.waiting.swap_remove(at), of, its)))
    }

    fn read_up_to(&mut self, count: usize) -> Result<(), Failure> {
        self.look_ahead(count)?;
        while self.read < count.min(self.answers.len()) {
            let read = self.ranking.read(self.view, &self.answers[self.read], self.per_page)?;
            self.waiting.extend(read);
            self.read += 1;
        }
        Ok(())
    }

    fn look_ahead(&mut self, count: usize) -> Result<(), Failure> {
        let count = count.min(self.answers.len());
        if count > self.ahead {
            let passages = self.answers[self.ahead..count].iter().flat_map(|answer| answer.passages.iter().take(joined_of(self.per_page)));
            self.view.look_ahead(&passages.map(|passage| passage.chunk).collect::<Vec<_>>())?;
            self.ahead = count;
        }
        Ok(())
    }
}

/// An answer whose passages were read, the best one first.
struct Read {
    /// Its row, and that of its source.
    page: i64,
    source: i64,
    url: Url,
    title: String,
    score: f32,
    /// Equal scores are ordered by it.
    age: i64,
    evidence: Evidence,
    chunks: Vec<Chunk>,
}

impl Read {
    fn into_hit(self, view: &dyn View) -> Result<Hit, Failure> {
        let Self { page, url, title, score, evidence, mut chunks, .. } = self;
        let text = join::joined(&chunks, LONGEST_JOINED);
        let (source, fetched_at, page_hash) = view.provenance(page)?;
        let chunk = chunks.swap_remove(0);
        Ok(Hit { url, title, source, fetched_at, page_hash, chunk, text, score, evidence, same_as: Vec::new() })
    }
}

/// Whether both are versions of one thing.
fn is_other_version(one: &SourceId, other: &SourceId) -> bool {
    one != other && one.name() == other.name()
}

/// How many of the answers may fill the place behind `before` hits.
fn within_reach(before: usize) -> usize {
    let place = before.saturating_add(1);
    place.saturating_add(place / 2).saturating_add(RECONSIDERED)
}

/// How many passages of a page may make one answer.
fn joined_of(per_page: PerPage) -> usize {
    if per_page == PerPage::Best { MOST_JOINED } else { 1 }
}

/// What meaning weighs where the model does not know the question's words, and where one name or number is all of it.
const UNFAMILIAR: f32 = 0.2;
const EXACT: f32 = 0.15;
/// And where code is searched, whose names say most: examples asked for by what is said before them nDCG@10 .778 → .863 (of 55), by names in them
/// .926 → .959 (of 70), in the words of a person .945 → .944 (of 44).
const CODE: f32 = 0.5;
/// Answers behind the place they would fill that may still come to it by what their texts tell.
const RECONSIDERED: usize = 40;
/// Passages of a page that are looked at.
const MOST_JOINED: usize = 4;
/// A passage is joined to a better one of its page if it has so much of its score.
const AS_GOOD: f32 = 0.75;
/// In bytes: some 600 tokens.
const LONGEST_JOINED: usize = 2_400;
const MOST_ALIKE: usize = 10;
/// Within one passage.
const MOST_HEADINGS: usize = 50;
