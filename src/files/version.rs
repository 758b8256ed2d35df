//! Which of two versions is the higher one, as far as all ecosystems agree: numbers as numbers, a version before its release below it.

use std::cmp::Ordering;

/// Compares by numbers, then stages: `1.9 < 1.10-rc1 < 1.10`.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    a.0.cmp(&b.0).then_with(|| b.1.is_some().cmp(&a.1.is_some())).then_with(|| a.1.cmp(&b.1))
}

fn parts(version: &str) -> (Vec<u64>, Option<String>) {
    let version = version.trim_start_matches(['v', 'V', '=']);
    // What stands behind + names a build, but for Python's local versions, which are rare.
    let version = version.split('+').next().unwrap_or_default();
    let (numbers, stage) = version.split_at(version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len()));
    let mut numbers: Vec<u64> = numbers.split('.').filter(|part| !part.is_empty()).map(|part| part.parse().unwrap_or(u64::MAX)).collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    (numbers, (!stage.is_empty() && !stage.trim_start_matches('.').starts_with("post")).then(|| stage.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_numbers_and_stages() {
        for (lower, higher) in
            [("1.9", "1.10"), ("1.0.0-rc1", "1.0.0"), ("1.0a1", "1.0"), ("v0.9.0", "v0.10.0"), ("1.0-a", "1.0-b"), ("0.17.14", "0.18.0-x")]
        {
            assert_eq!(compare(lower, higher), Ordering::Less, "{lower} {higher}");
        }
        for (a, b) in [("1.0", "1.0.0"), ("1.0+x", "1.0+y"), ("=1", "v1")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
