//! What good answers say alike is more likely the answer: the scores of a ranking, each drawn towards those of what is near it. Pure.
//!
//! F. Diaz, *Regularizing ad hoc retrieval scores*, CIKM 2005: near texts should have near scores, and where a score stands out against those
//! of all that says nearly the same, it is a chance hit.

use super::fuse::Answer;

/// Draws the scores of the first answers together and brings them into their new order. Whoever has no vector keeps its score. None of them
/// falls behind what stood behind all of them.
///
/// `weight`: of meaning in the question, 0 to 1; the less the model knows of its words, the less its word for what is alike counts.
/// `vectors`: those of chunks, in their order.
pub(super) fn regularise<E>(
    answers: &mut [Answer],
    weight: f32,
    vectors: impl FnOnce(&[i64]) -> Result<Vec<Option<Vec<f32>>>, E>,
) -> Result<(), E> {
    let count = answers.len().min(FIRST);
    let first = &mut answers[..count];
    let chunks: Vec<Vec<i64>> =
        first.iter().map(|answer| answer.passages.iter().take(PASSAGES).map(|passage| passage.chunk).collect()).collect();
    let mut found = vectors(&chunks.concat())?.into_iter();
    let directions: Vec<Option<Vec<f32>>> = chunks.iter().map(|of| direction(found.by_ref().take(of.len()).flatten())).collect();
    let likeness = |one: usize, other: usize| {
        let (Some(one), Some(other)) = (&directions[one], &directions[other]) else { return 0.0 };
        one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>().clamp(0.0, 1.0).powi(SHARPNESS)
    };
    let drawn = |at: usize| {
        let others = (0..first.len()).filter(|other| *other != at).map(|other| (likeness(at, other), first[other].score));
        let (sum, near) = others.fold((0.0, 0.0), |(sum, near), (likeness, score)| (sum + likeness * score, near + likeness));
        let own = first[at].score;
        if near > 0.0 { own + DRAWN * weight * near / (near + COMPANY) * (sum / near - own) } else { own }
    };
    let scores: Vec<f32> = (0..first.len()).map(drawn).collect();
    first.iter_mut().zip(scores).for_each(|(answer, score)| answer.score = score);
    first.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(())
}

/// The mean of vectors of length one, at length one; none if there are none.
fn direction(vectors: impl Iterator<Item = Vec<f32>>) -> Option<Vec<f32>> {
    let mut sum = vectors.reduce(|mut sum, more| {
        sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        sum
    })?;
    let length = sum.iter().map(|component| component * component).sum::<f32>().sqrt();
    sum.iter_mut().for_each(|component| *component /= length);
    (length > 0.0).then_some(sum)
}

/// Answers that are drawn together.
const FIRST: usize = 30;
/// Passages of an answer that tell what it says.
const PASSAGES: usize = 4;
/// What the scores of its like weigh in the score of an answer where meaning is all that counts.
const DRAWN: f32 = 0.3;
/// The cosine to this power is how near two answers are: of what is merely of the same field hardly anything is left.
const SHARPNESS: i32 = 4;
/// Who has so much near it, by the sum of that power, is drawn by half of what it would be among many of its like: on a small site an answer
/// has no like, and there is nothing to be learnt of the others.
const COMPANY: f32 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fuse::Passage;

    fn answers(scores: &[f32]) -> Vec<Answer> {
        let passage = |at: usize| Passage { chunk: at as i64, ..Passage::default() };
        scores.iter().enumerate().map(|(at, score)| Answer { key: at as i64, score: *score, passages: vec![passage(at)] }).collect()
    }

    fn ranked(scores: &[f32], vectors: &[Option<[f32; 2]>]) -> Vec<(i64, f32)> {
        let mut answers = answers(scores);
        let of = |chunks: &[i64]| Ok::<_, ()>(chunks.iter().map(|chunk| vectors[*chunk as usize].map(|vector| vector.to_vec())).collect());
        regularise(&mut answers, 0.8, of).unwrap();
        answers.iter().map(|answer| (answer.key, answer.score)).collect()
    }

    #[test]
    fn what_stands_among_good_answers_passes_what_stands_alone() {
        let east = |lean: f32| Some([1.0, lean]);
        // The second stands alone among what is worse; the third beside the best.
        let order = ranked(&[0.9, 0.62, 0.6, 0.1], &[east(0.0), Some([0.0, 1.0]), east(0.1), Some([0.0, 1.0])]);
        assert_eq!(order.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [0, 2, 1, 3]);
    }

    #[test]
    fn what_has_no_vector_or_no_like_keeps_its_score() {
        assert_eq!(ranked(&[0.9, 0.5], &[None, Some([1.0, 0.0])]), [(0, 0.9), (1, 0.5)]);
        assert_eq!(ranked(&[0.9, 0.5], &[Some([0.0, 1.0]), Some([1.0, 0.0])]), [(0, 0.9), (1, 0.5)]);
        assert_eq!(ranked(&[0.9, 0.5], &[Some([0.0, 0.0]), Some([1.0, 0.0])]), [(0, 0.9), (1, 0.5)]);
        assert_eq!(ranked(&[], &[]), []);
    }

    #[test]
    fn nobody_falls_behind_those_that_are_not_looked_at() {
        let scores: Vec<f32> = (0..FIRST + 5).map(|at| 1.0 - at as f32 / 100.0).collect();
        let vectors: Vec<_> = (0..scores.len()).map(|at| Some([1.0, at as f32 / 50.0])).collect();
        let order = ranked(&scores, &vectors);
        assert!(order.is_sorted_by(|a, b| a.1 >= b.1), "{order:?}");
        assert_eq!(order[FIRST..].iter().map(|(key, _)| *key).collect::<Vec<_>>(), (FIRST as i64..FIRST as i64 + 5).collect::<Vec<_>>());
    }

    #[test]
    fn an_answer_says_what_its_passages_say_together() {
        let together = direction([vec![1.0, 0.0], vec![0.0, 1.0]].into_iter()).unwrap();
        assert!((together[0] - together[1]).abs() < 1e-6 && (together[0] - 0.5_f32.sqrt()).abs() < 1e-6);
        assert_eq!(direction(std::iter::empty()), None);
    }
}
