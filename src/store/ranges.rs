//! Which numbers are done with: a few ranges, from the highest down. Pure.

/// Ranges that do not touch each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// First and last number of each, the highest range first.
    done: Vec<(i64, i64)>,
}

impl Ranges {
    /// Adds the numbers from `low` to `high`; none where it is the greater one.
    pub(super) fn add(&mut self, low: i64, high: i64) {
        if low > high {
            return;
        }
        // Those that overlap or touch it become one with it.
        let first = self.done.partition_point(|&(from, _)| from > high.saturating_add(1));
        let behind = self.done.partition_point(|&(_, to)| to >= low.saturating_sub(1));
        let joined = self.done[first..behind.max(first)].iter().fold((low, high), |(low, high), &(from, to)| (low.min(from), high.max(to)));
        self.done.splice(first..behind.max(first), [joined]);
        // What is dropped is looked at again.
        self.done.truncate(MOST);
    }

    /// The ranges from 1 to `highest` that are not done with, the highest first.
    pub(super) fn gaps(&self, highest: i64) -> Vec<(i64, i64)> {
        let mut gaps = Vec::with_capacity(self.done.len() + 1);
        let mut high = highest;
        for &(from, to) in &self.done {
            if to < high {
                gaps.push((to + 1, high));
            }
            high = high.min(from.saturating_sub(1));
        }
        if high >= 1 {
            gaps.push((1, high));
        }
        gaps
    }
}

const MOST: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn they_are_what_a_set_of_numbers_is() {
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below) as i64
        };
        for _ in 0..300 {
            let (mut ranges, mut done) = (Ranges::default(), BTreeSet::new());
            for _ in 0..next(30) {
                let low = next(40);
                let high = low + next(8) - 1;
                ranges.add(low, high);
                done.extend(low..=high);
                let highest = next(50);
                let open: Vec<i64> = ranges.gaps(highest).into_iter().flat_map(|(low, high)| (low..=high).rev()).collect();
                let expected: Vec<i64> = (1..=highest).rev().filter(|number| !done.contains(number)).collect();
                assert_eq!(open, expected, "{ranges:?}");
                assert!(ranges.done.windows(2).all(|pair| pair[0].0 > pair[1].1 + 1), "{ranges:?}");
            }
        }
    }
}
