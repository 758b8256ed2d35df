//! The chunks that a search is narrowed to. Pure.

/// Numbers of chunks, in runs of neighbours and, where that takes little memory, as a bit for each: every row of a search by meaning asks for
/// its own.
#[derive(Debug, Default)]
pub(super) struct Among {
    /// First and last of each, in their order.
    runs: Vec<(i64, i64)>,
    /// From the first number on; none where the numbers are far from each other, as they may be in a file of somebody else.
    bits: Vec<u64>,
}

impl Among {
    /// In any order.
    pub(super) fn of(mut chunks: Vec<i64>) -> Self {
        chunks.sort_unstable();
        let mut runs: Vec<(i64, i64)> = Vec::new();
        for &chunk in &chunks {
            match runs.last_mut() {
                Some((_, last)) if *last >= chunk || last.checked_add(1) == Some(chunk) => *last = chunk,
                _ => runs.push((chunk, chunk)),
            }
        }
        let mut bits = Vec::new();
        if let (Some(&(first, _)), Some(&(_, last))) = (runs.first(), runs.last())
            && let Some(Ok(width)) = last.checked_sub(first).map(usize::try_from)
            && width / 64 <= 4 * chunks.len() + 1_024
        {
            bits.resize(width / 64 + 1, 0);
            for chunk in chunks {
                let at = (chunk - first) as usize;
                bits[at / 64] |= 1 << (at % 64);
            }
        }
        Self { runs, bits }
    }

    pub(super) fn contains(&self, chunk: i64) -> bool {
        match self.runs.first() {
            Some((first, _)) if !self.bits.is_empty() => {
                let at = usize::try_from(chunk.wrapping_sub(*first)).unwrap_or(usize::MAX);
                self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
            }
            _ => {
                let behind = self.runs.partition_point(|(first, _)| *first <= chunk);
                behind > 0 && self.runs[behind - 1].1 >= chunk
            }
        }
    }

    /// How many they are.
    #[cfg(feature = "postgres")]
    pub(super) fn count(&self) -> u64 {
        self.runs.iter().fold(0, |sum: u64, (first, last)| sum.saturating_add(last.abs_diff(*first)).saturating_add(1))
    }

    /// First and last of each run.
    #[cfg(feature = "postgres")]
    pub(super) fn runs(&self) -> impl Iterator<Item = (i64, i64)> {
        self.runs.iter().copied()
    }

    /// Those from one number to another, as distances from the one, in runs.
    pub(super) fn within(&self, from: i64, to: i64) -> Vec<(u64, u64)> {
        let begin = self.runs.partition_point(|(_, last)| *last < from);
        let runs = self.runs[begin..].iter().take_while(|(first, _)| *first <= to);
        runs.map(|&(first, last)| (first.max(from).abs_diff(from), last.min(to).abs_diff(from))).collect()
    }
}

/// What is in both of two lists of runs, each in its order.
pub(super) fn both(one: &[(u64, u64)], other: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut left, mut right, mut shared) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (one.get(left), other.get(right)) {
        let (first, last) = (a.0.max(b.0), a.1.min(b.1));
        if first <= last {
            shared.push((first, last));
        }
        if a.1 <= b.1 { left += 1 } else { right += 1 }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_near_and_far() {
        for chunks in [vec![7, 5, 6, 6, 150, -7], vec![i64::MIN, 0, i64::MAX], vec![i64::MAX - 1, i64::MAX], vec![3], vec![]] {
            let among = Among::of(chunks.clone());
            for asked in [i64::MIN, -8, -7, 0, 3, 4, 5, 6, 7, 8, 150, 151, i64::MAX - 1, i64::MAX] {
                assert_eq!(among.contains(asked), chunks.contains(&asked), "{asked} in {chunks:?}");
            }
        }
        let among = Among::of(vec![4, 5, 6, 9, 20]);
        assert_eq!(among.within(5, 10), [(0, 1), (4, 4)]);
        assert_eq!(among.within(7, 8), []);
        assert_eq!(Among::of(vec![i64::MIN, i64::MAX]).within(0, 10), []);
    }

    #[test]
    fn runs_have_in_common_what_both_have() {
        assert_eq!(both(&[(0, 4), (8, 9)], &[(2, 8)]), [(2, 4), (8, 8)]);
        assert_eq!(both(&[(0, 9)], &[(1, 2), (4, 4), (9, 12)]), [(1, 2), (4, 4), (9, 9)]);
        assert_eq!(both(&[], &[(1, 2)]), []);
    }
}
