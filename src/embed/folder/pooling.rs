//! From the states of a text's tokens to one vector. Pure.

use std::fmt;
use std::str::FromStr;

/// How the states of the tokens become the vector of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pooling {
    /// Their mean: e5, MiniLM, most.
    Mean,
    /// The first token's, `[CLS]`: bge, arctic-embed.
    First,
    /// The largest of each component.
    Max,
    /// The last token's.
    Last,
    /// Their mean, later ones counting for more: the second twice the first, and so on.
    Weighted,
}

impl Pooling {
    /// Every way, by its name in the settings.
    pub const ALL: [(&'static str, Self); 5] =
        [("mean", Self::Mean), ("cls", Self::First), ("max", Self::Max), ("last", Self::Last), ("weighted", Self::Weighted)];

    /// By its name in the files of a model.
    pub(super) fn of_settings(name: &str) -> Option<Self> {
        match name {
            // The mean and this have one direction, and length does not count.
            "mean_sqrt_len" => Some(Self::Mean),
            "lasttoken" => Some(Self::Last),
            "weightedmean" => Some(Self::Weighted),
            other => other.parse().ok(),
        }
    }

    /// The vector of a text: `states` has `width` components for each of its tokens, one token at the least. Its length is not 1 yet.
    pub(super) fn pool(self, states: &[f32], width: usize) -> Vec<f32> {
        let first = || states[..width].to_vec();
        match self {
            // The direction of the sum is that of the mean.
            Self::Mean => summed(states, width, |_| 1.0),
            Self::Weighted => summed(states, width, |token| (token + 1) as f32),
            Self::First => first(),
            Self::Last => states[states.len() - width..].to_vec(),
            Self::Max => states.chunks_exact(width).skip(1).fold(first(), |mut most, state| {
                most.iter_mut().zip(state).for_each(|(most, value)| *most = most.max(*value));
                most
            }),
        }
    }
}

fn summed(states: &[f32], width: usize, weight: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for (token, state) in states.chunks_exact(width).enumerate() {
        let weight = weight(token);
        sum.iter_mut().zip(state).for_each(|(sum, value)| *sum += weight * value);
    }
    sum
}

impl FromStr for Pooling {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, pooling)| pooling).ok_or(())
    }
}

impl fmt::Display for Pooling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, pooling)| pooling == self).map_or("", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_what_its_name_says() {
        let states = [1.0, 8.0, 3.0, -2.0, 5.0, 0.0];
        for (pooling, vector) in [
            (Pooling::Mean, [9.0, 6.0]),
            (Pooling::First, [1.0, 8.0]),
            (Pooling::Max, [5.0, 8.0]),
            (Pooling::Last, [5.0, 0.0]),
            (Pooling::Weighted, [22.0, 4.0]),
        ] {
            assert_eq!(pooling.pool(&states, 2), vector, "{pooling}");
            assert_eq!(pooling.to_string().parse(), Ok(pooling));
        }
        assert_eq!("median".parse::<Pooling>(), Err(()));
    }
}
