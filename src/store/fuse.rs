//! Makes one ranking of two. Pure: knows scores, not where they come from.

use std::collections::{HashMap, HashSet};

/// Something found, by words or by meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// What counts as one answer: the chunk, or its page where each page may answer once.
    pub key: i64,
    pub chunk: i64,
    /// Higher is better.
    pub score: f32,
    /// What tells how good it is by itself: the share of the question's words that stand in it, by rarity, or the cosine.
    pub found: f32,
}

/// One answer: a chunk, or a page with those of its chunks that were found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub key: i64,
    /// 0 to 1.
    pub score: f32,
    /// Best first.
    pub passages: Vec<Passage>,
}

/// A chunk of an answer, as each side has ranked it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Passage {
    pub chunk: i64,
    /// Of both sides together, 0 to 1: comparable among the passages of all answers.
    pub score: f32,
    /// BM25 and the share of words found.
    pub words: Option<(f32, f32)>,
    pub cosine: Option<f32>,
}

/// Scores of each side are scaled to 0..1 by that side's best and worst, and added with weights; who is missing on a side gets 0 there. A
/// key's score on a side is that of its best chunk there. Best first, equal scores by age.
///
/// All that was ranked counts, and the more there is, the less it counts to be missing on a side. Measured, nDCG@10, against the first hundred
/// pages of each: manuals .749 → .757, scifact .727 → .732, questions on manuals of Python and Rust .843 → .843. Sides weighed by how many
/// standard deviations their best stand out (z-scores) on top of it: −.001, +.001, +.001.
pub(super) fn fuse(words: &[Candidate], meaning: &[Candidate], weight: f32) -> Vec<Answer> {
    let mut answers: HashMap<i64, Answer> = HashMap::with_capacity(words.len() + meaning.len());
    for (side, share, is_meaning) in [(meaning, weight, true), (words, 1.0 - weight, false)] {
        let (low, high) = range(side);
        // Sorted: the first of a key is its best.
        let mut seen = HashSet::new();
        for candidate in side {
            // One answer, or all alike: nothing tells them apart, so all are best.
            let scaled = if high > low { ((candidate.score - low) / (high - low)).max(0.0) } else { 1.0 };
            // Chunks of one answer are told apart all the same: where it is the only one, by their share of the best score.
            let of_passage = if high > low || high <= 0.0 { scaled } else { (candidate.score / high).clamp(0.0, 1.0) };
            let is_first = seen.insert(candidate.key);
            let empty = || Answer { key: candidate.key, score: 0.0, passages: Vec::new() };
            let answer = answers.entry(candidate.key).or_insert_with(empty);
            if is_first {
                answer.score += share * scaled;
            }
            let at = answer.passages.iter().position(|passage| passage.chunk == candidate.chunk).unwrap_or_else(|| {
                answer.passages.push(Passage { chunk: candidate.chunk, ..Passage::default() });
                answer.passages.len() - 1
            });
            let passage = &mut answer.passages[at];
            passage.score += share * of_passage;
            match is_meaning {
                true => passage.cosine = Some(candidate.found),
                false => passage.words = Some((candidate.score, candidate.found)),
            }
        }
    }
    let mut ranking: Vec<Answer> = answers.into_values().collect();
    for answer in &mut ranking {
        answer.passages.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    }
    ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.oldest().cmp(&b.oldest())));
    ranking
}

impl Answer {
    fn oldest(&self) -> i64 {
        self.passages.first().map_or(0, |passage| passage.chunk)
    }
}

/// The best so many candidates of a stream.
pub(super) struct Best {
    room: usize,
    /// Twice as long as the room at most: then the worse half is dropped at once.
    found: Vec<Candidate>,
    /// What does not score more is not among the best.
    threshold: f32,
}

impl Best {
    pub(super) fn new(room: usize) -> Self {
        Self { room: room.max(1), found: Vec::new(), threshold: f32::NEG_INFINITY }
    }

    /// What does not score more is not among the best.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    pub(super) fn push(&mut self, candidate: Candidate) {
        if candidate.score <= self.threshold {
            return;
        }
        self.found.push(candidate);
        if self.found.len() == 2 * self.room {
            let (_, worst_kept, _) = self.found.select_nth_unstable_by(self.room - 1, |a, b| b.score.total_cmp(&a.score));
            self.threshold = worst_kept.score;
            self.found.truncate(self.room);
        }
    }

    pub(super) fn into_sorted(mut self) -> Vec<Candidate> {
        sort(&mut self.found);
        self.found.truncate(self.room);
        self.found
    }
}

/// Best first, equal scores by age, so that an answer does not depend on the order of a hash map.
pub(super) fn sort(ranking: &mut [Candidate]) {
    ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
}

/// The worst and the best score of the keys, each by its best.
fn range(side: &[Candidate]) -> (f32, f32) {
    let mut seen = HashSet::new();
    let firsts = side.iter().filter(|candidate| seen.insert(candidate.key));
    firsts.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), found| (low.min(found.score), high.max(found.score)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(scores: &[(i64, f32)]) -> Vec<Candidate> {
        scores.iter().map(|&(key, score)| Candidate { key, chunk: key, score, found: 0.5 }).collect()
    }

    fn keys(ranking: &[Answer]) -> Vec<i64> {
        ranking.iter().map(|found| found.key).collect()
    }

    #[test]
    fn the_weight_decides_between_the_sides() {
        let (words, meaning) = (side(&[(1, 9.0), (2, 3.0)]), side(&[(2, 0.8), (1, 0.2)]));
        assert_eq!(keys(&fuse(&words, &meaning, 0.6)), [2, 1]);
        assert_eq!(keys(&fuse(&words, &meaning, 0.4)), [1, 2]);
    }

    #[test]
    fn found_by_both_beats_found_by_one() {
        let ranking = fuse(&side(&[(1, 9.0), (2, 8.0), (3, 1.0)]), &side(&[(4, 0.9), (2, 0.8), (5, 0.1)]), 0.5);
        assert_eq!(keys(&ranking)[0], 2);
        assert_eq!((ranking[0].passages[0].words, ranking[0].passages[0].cosine), (Some((8.0, 0.5)), Some(0.5)));
    }

    #[test]
    fn one_side_alone_keeps_its_order() {
        let words = side(&[(7, 3.0), (8, 2.0), (9, 1.0)]);
        assert_eq!(keys(&fuse(&words, &[], 0.6)), [7, 8, 9]);
        assert_eq!(fuse(&[], &[], 0.6), []);
        assert_eq!(fuse(&side(&[(1, 5.0)]), &[], 0.75)[0].score, 0.25);
    }

    #[test]
    fn the_worst_of_all_that_was_ranked_is_what_scores_are_scaled_by() {
        let ranked = |worst: i64| side(&(0..=worst).map(|at| (at, 1.0 - at as f32 / 400.0)).collect::<Vec<_>>());
        let score = |worst| fuse(&ranked(worst), &[], 0.0).iter().find(|answer| answer.key == 100).unwrap().score;
        assert_eq!((score(100), score(200), score(400)), (0.0, 0.5, 0.75));
        // A page counts by its best chunk, so that one more of its chunks makes the worst no worse.
        let mut again = ranked(200);
        again.push(Candidate { key: 3, chunk: 999, score: 0.0, found: 0.5 });
        assert_eq!(fuse(&again, &[], 0.0).iter().find(|answer| answer.key == 100).unwrap().score, 0.5);
    }

    #[test]
    fn the_chunks_of_the_only_page_are_told_apart() {
        let of = |chunk, score| Candidate { key: 1, chunk, score, found: 0.0 };
        let words = [of(17, 4.0), of(10, 0.5), of(11, 0.5), of(12, 0.5), of(13, 0.5)];
        let passages = |ranking: &[Answer]| ranking[0].passages.iter().map(|passage| (passage.chunk, passage.score)).collect::<Vec<_>>();
        let ranking = fuse(&words, &[], 0.0);
        assert_eq!((ranking[0].score, passages(&ranking)[0], passages(&ranking)[1]), (1.0, (17, 1.0), (10, 0.125)));
        let meaning = [of(11, 0.8), of(17, 0.2)];
        assert_eq!(passages(&fuse(&words, &meaning, 0.9))[0].0, 11);
        // Nothing tells these apart.
        assert_eq!(passages(&fuse(&[of(3, -1.0), of(4, -1.0)], &[], 0.0)), [(3, 1.0), (4, 1.0)]);
    }

    #[test]
    fn a_page_shows_the_chunk_that_speaks_most_for_it() {
        let of = |key, chunk, score| Candidate { key, chunk, score, found: 0.0 };
        let words = [of(1, 10, 2.0), of(1, 11, 1.9), of(2, 20, 1.0)];
        let meaning = [of(1, 11, 0.9), of(2, 20, 0.1)];
        let ranking = fuse(&words, &meaning, 0.6);
        assert_eq!(ranking[0].passages.iter().map(|passage| passage.chunk).collect::<Vec<_>>(), [11, 10]);
        assert_eq!(ranking[0].score, 1.0, "each side by its best chunk");
        assert_eq!(fuse(&words[..1], &meaning, 0.2)[0].passages[0].chunk, 10);
    }
}
