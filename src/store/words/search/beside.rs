//! What the best chunks score together with those beside them on their pages: what a question asks for is often said in two of them.

use std::collections::{HashMap, HashSet};

use super::{B, Cursor, Form, Found, K1, MAX_GROUPS, Question, Shelf};
use crate::store::error::Failure;
use crate::store::fuse::{Candidate, sort};
use crate::store::words::block::length_of;

/// What a word beside a chunk counts, against one in it; so does the length of what stands there. That what is around a passage tells of it:
/// Callan, *Passage-level evidence in document retrieval*, SIGIR 1994. With more, questions are answered better whose words stand about a page, and
/// worse those whose words all stand in one passage (see benches/NOTES.md).
const BESIDE: f32 = 0.3;
/// So many of the best are ranked again; all of four hundred are no better.
const AGAIN: usize = 100;

/// Ranks the best chunks again, with what stands beside them; the others keep their scores.
pub(super) fn rank_again(shelf: &dyn Shelf, found: &[Found], question: &Question, ranking: &mut [Candidate]) -> Result<(), Failure> {
    let best: Vec<i64> = ranking.iter().take(AGAIN).map(|candidate| candidate.chunk).collect();
    let beside = shelf.beside(&best)?.into_iter().map(|(chunk, beside)| (chunk, beside.into_iter().flatten().collect()));
    let beside: HashMap<i64, Vec<i64>> = beside.collect();
    let said = Said::by(shelf, found, question, best.iter().chain(beside.values().flatten()).copied().collect())?;
    for candidate in ranking.iter_mut().take(AGAIN) {
        if let Some(others) = beside.get(&candidate.chunk).filter(|others| !others.is_empty()) {
            candidate.score = said.score(question, candidate.chunk, others);
        }
    }
    sort(ranking);
    Ok(())
}

/// What some chunks have of a question.
struct Said {
    /// Sorted.
    chunks: Vec<i64>,
    /// By chunk: its length, if it has a word of the question.
    lengths: Vec<Option<f32>>,
    /// By term, then by chunk.
    frequencies: Vec<Vec<f32>>,
}

impl Said {
    fn by(shelf: &dyn Shelf, found: &[Found], question: &Question, mut chunks: Vec<i64>) -> Result<Self, Failure> {
        chunks.sort_unstable();
        chunks.dedup();
        let (mut lengths, mut frequencies) = (vec![None; chunks.len()], vec![vec![0.0; chunks.len()]; question.terms.len()]);
        for found in found {
            let (segment, last) = (&found.segment, found.segment.statistics.last);
            let within = chunks.partition_point(|chunk| *chunk < segment.first())..chunks.partition_point(|chunk| *chunk <= last);
            let distances: Vec<(u64, usize)> = within.map(|at| (chunks[at].abs_diff(segment.first()), at)).collect();
            let (Some((from, _)), Some((to, _))) = (distances.first(), distances.last()) else { continue };
            let mut gone = HashSet::new();
            let is_wanted = |distance: &u64| distances.binary_search_by_key(distance, |(distance, _)| *distance).is_ok();
            segment.gone_between(shelf, (*from, *to), |distance| gone.extend(Some(distance).filter(is_wanted)))?;
            for (term, (of_term, pieces)) in question.terms.iter().zip(frequencies.iter_mut().zip(&found.lists)) {
                let Some(mut cursor) = Cursor::of(term, pieces, &found.bytes) else { continue };
                for (distance, at) in distances.iter().filter(|(distance, _)| !gone.contains(distance)) {
                    cursor.skip_to(*distance)?;
                    cursor.up_to(distance + 1, |_, count, length| {
                        of_term[*at] = f32::from(count) * 0.5;
                        lengths[*at] = Some(length_of(length));
                    })?;
                }
            }
        }
        Ok(Self { chunks, lengths, frequencies })
    }

    /// What a chunk scores with what is beside it. Of the length of a chunk that has no word of the question nothing is known: it is as
    /// long as others.
    fn score(&self, question: &Question, chunk: i64, others: &[i64]) -> f32 {
        let at = |chunk: &i64| self.chunks.binary_search(chunk).ok();
        let (own, others): (Option<usize>, Vec<usize>) = (at(&chunk), others.iter().filter_map(at).collect());
        // Of the chunk itself, and a part of those beside it.
        let all = |of: &dyn Fn(usize) -> f32| own.map_or(0.0, of) + BESIDE * others.iter().map(|at| of(*at)).sum::<f32>();
        let length = all(&|at| self.lengths[at].unwrap_or(question.average));
        let norm = K1 * (1.0 - B + B * length / question.average);
        let (mut given, mut exact) = ([0.0_f32; MAX_GROUPS], 0.0);
        for (term, frequencies) in question.terms.iter().zip(&self.frequencies) {
            let frequency = all(&|at| frequencies[at]);
            let score = term.weight * frequency / (frequency + norm);
            match term.form {
                Form::Exact => exact += score,
                // Of several forms the one that counts most.
                _ => given[term.group] = given[term.group].max(score),
            }
        }
        given.iter().sum::<f32>() + exact
    }
}
