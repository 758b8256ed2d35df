//! Makes one ranking of two. Pure: knows scores, not where they come from.

use std::collections::HashMap;

/// Something found, by words or by meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    /// What counts as one answer: the chunk, or its page where each page may answer once.
    pub key: i64,
    /// The chunk to show for it.
    pub chunk: i64,
    /// Higher is better.
    pub score: f32,
    /// The share of the question's words that stand in it, by rarity; 0 where it was found by meaning.
    pub found: f32,
}

/// Scores of each side are scaled to 0..1 by that side's minimum and maximum and added with weights; who is missing on a side
/// gets 0 there. Best first, equal scores by age.
pub(super) fn fuse(lexical: &[Candidate], dense: &[Candidate], dense_weight: f32) -> Vec<Candidate> {
    let mut fused: HashMap<i64, Fused> = HashMap::with_capacity(lexical.len() + dense.len());
    for (side, weight) in [(dense, dense_weight), (lexical, 1.0 - dense_weight)] {
        let (low, high) = range(side);
        for candidate in side {
            // One answer, or all alike: nothing tells them apart, so all are best.
            let scaled = if high > low { (candidate.score - low) / (high - low) } else { 1.0 };
            let share = weight * scaled;
            let found = fused.entry(candidate.key).or_insert(Fused { chunk: candidate.chunk, share, score: 0.0 });
            found.score += share;
            if share > found.share {
                (found.chunk, found.share) = (candidate.chunk, share);
            }
        }
    }
    let mut ranking: Vec<Candidate> =
        fused.into_iter().map(|(key, found)| Candidate { key, chunk: found.chunk, score: found.score, found: 0.0 }).collect();
    sort(&mut ranking);
    ranking
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
fn sort(ranking: &mut [Candidate]) {
    ranking.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
}

struct Fused {
    chunk: i64,
    /// The larger contribution so far: its chunk is shown.
    share: f32,
    score: f32,
}

fn range(side: &[Candidate]) -> (f32, f32) {
    side.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), found| (low.min(found.score), high.max(found.score)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(scores: &[(i64, f32)]) -> Vec<Candidate> {
        scores.iter().map(|&(key, score)| Candidate { key, chunk: key, score, found: 0.0 }).collect()
    }

    fn keys(ranking: &[Candidate]) -> Vec<i64> {
        ranking.iter().map(|found| found.key).collect()
    }

    #[test]
    fn the_weight_decides_between_the_sides() {
        let (lexical, dense) = (side(&[(1, 9.0), (2, 3.0)]), side(&[(2, 0.8), (1, 0.2)]));
        assert_eq!(keys(&fuse(&lexical, &dense, 0.6)), [2, 1]);
        assert_eq!(keys(&fuse(&lexical, &dense, 0.4)), [1, 2]);
    }

    #[test]
    fn found_by_both_beats_found_by_one() {
        let ranking = fuse(&side(&[(1, 9.0), (2, 8.0), (3, 1.0)]), &side(&[(4, 0.9), (2, 0.8), (5, 0.1)]), 0.5);
        assert_eq!(keys(&ranking)[0], 2);
    }

    #[test]
    fn one_side_alone_keeps_its_order() {
        let lexical = side(&[(7, 3.0), (8, 2.0), (9, 1.0)]);
        assert_eq!(keys(&fuse(&lexical, &[], 0.6)), [7, 8, 9]);
        assert_eq!(fuse(&[], &[], 0.6), []);
        assert_eq!(fuse(&side(&[(1, 5.0)]), &[], 0.75)[0].score, 0.25);
    }

    #[test]
    fn a_page_shows_the_chunk_that_speaks_most_for_it() {
        let lexical = [Candidate { key: 1, chunk: 10, score: 2.0, found: 0.0 }, Candidate { key: 2, chunk: 20, score: 1.0, found: 0.0 }];
        let dense = [Candidate { key: 1, chunk: 11, score: 0.9, found: 0.0 }, Candidate { key: 2, chunk: 20, score: 0.1, found: 0.0 }];
        assert_eq!(fuse(&lexical, &dense, 0.6)[0].chunk, 11);
        assert_eq!(fuse(&lexical, &dense, 0.2)[0].chunk, 10);
    }
}
