//! Vectors as bytes, and what a passage scores with those beside it. Pure.

/// What a passage's neighbours and it itself weigh in its score, against it alone.
const NEIGHBOURS: f32 = 0.5;
/// The part of the mean of all vectors that a question does without.
const APART: f32 = 0.5;
/// Of so many vectors half as much.
const FEW: f32 = 500.0;
/// The mean of so many vectors is about that of all: a hundred tell as much to a ranking, and the more there are, the more do two engines
/// answer alike. From so many parts of their numbers.
pub(super) const SAMPLED: u64 = 2_048;
pub(super) const PARTS: u64 = 512;

/// A vector as bytes: a component is `data[i] * scale`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantised {
    pub scale: f32,
    pub data: Vec<u8>,
}

/// None for a vector without direction: empty, all zeros, or with a component that is no finite number.
pub(super) fn quantise(vector: &[f32]) -> Option<Quantised> {
    let (steps, scale) = steps(vector, f32::from(i8::MAX))?;
    // The blob holds the two's complement of each step.
    let data = steps.map(|step| step as i8 as u8).collect();
    Some(Quantised { scale, data })
}

/// What a question is ranked by: its vector without a part of the mean of all vectors, of which there are so many. What passages have in
/// common tells none from another, and those nearest to their mean are near to every question (Suzuki et al., *Centering Similarity Measures
/// to Reduce Hubs*, EMNLP 2013). What a few have in common is what they are about, and may be what is asked.
///
/// Measured, nDCG@10: manuals .762 → .768 (.746 → .752 by meaning alone), SciFact .731 → .731 (.654 → .658). All of the mean: less than half
/// of it, and 94 questions .886 → .849.
pub(super) fn apart(question: &[f32], mean: &[f32], vectors: u64) -> Vec<f32> {
    let share = APART * vectors as f32 / (vectors as f32 + FEW);
    question.iter().zip(mean).map(|(component, mean)| component - share * mean).collect()
}

/// The components in units of the scale that makes the largest one `limit`.
pub(super) fn steps(vector: &[f32], limit: f32) -> Option<(impl Iterator<Item = f32>, f32)> {
    let largest = vector.iter().fold(0.0_f32, |largest, component| largest.max(component.abs()));
    let usable = largest > 0.0 && vector.iter().all(|component| component.is_finite());
    let scale = largest / limit;
    (usable && scale > 0.0).then(|| (vector.iter().map(move |component| (component / scale).round()), scale))
}

/// What a passage scores with those beside it on its page: what stands among others on the matter is more likely about it than a few
/// words that are near the question by themselves.
///
/// Measured, nDCG@10: manuals .718 → .735 by meaning, .742 → .748 with words. Lengths of the neighbours taken into account, or two on each
/// side: no better.
pub(super) fn among_neighbours(cosine: f32, beside: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = beside.fold((cosine, 1.0), |(sum, count), other| (sum + other, count + 1.0));
    (1.0 - NEIGHBOURS) * cosine + NEIGHBOURS * sum / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_stands_apart_from_the_mean() {
        let (question, mean) = ([0.8, 0.6], [0.4, 0.0]);
        for (vectors, share) in [(1_000_000_000, APART), (500, APART / 2.0), (0, 0.0)] {
            let apart = apart(&question, &mean, vectors);
            assert!(apart.iter().zip([0.8 - share * 0.4, 0.6]).all(|(is, expected)| (is - expected).abs() < 1e-6), "{vectors}: {apart:?}");
        }
        assert_eq!(apart(&question, &[0.0, 0.0], 9), question);
    }
}
