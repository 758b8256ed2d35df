//! How long to wait before asking again. Pure: clock and chance are arguments.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

use crate::embed::Error;

/// The wait after so many failed attempts (1 is the first), or none when the server asks for a longer one than is bearable.
/// `chance` from 0 to 1 spreads clients that failed together.
pub(super) fn wait(attempts: u32, asked: Option<Duration>, max_wait: Duration, chance: f64) -> Option<Duration> {
    let chance = chance.clamp(0.0, 1.0);
    match asked {
        // Never earlier than asked.
        Some(asked) => (asked <= max_wait).then(|| asked.mul_f64(1.0 + chance / 10.0)),
        None => {
            let longest = FIRST.saturating_mul(1 << (attempts - 1).min(16)).min(max_wait);
            Some(longest.mul_f64(0.5 + chance / 2.0))
        }
    }
}

/// The wait that a server asks for.
pub(super) fn asked(error: &Error) -> Option<Duration> {
    match error {
        Error::Status { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// `Retry-After` (RFC 9110 10.2.3): seconds, or a date, which is compared with the server's own clock where it tells it.
pub(super) fn after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        // Some services write fractions.
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(at.duration_since(now).unwrap_or_default())
}

/// From 0 to 1, another one each time.
pub(super) fn chance() -> f64 {
    // The keys of a new hasher differ each time, and its output is well mixed.
    let number = RandomState::new().build_hasher().finish();
    number as f64 / u64::MAX as f64
}

/// The longest first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(60);

    #[test]
    fn waits_grow_to_the_limit() {
        let seconds = |attempts, chance| wait(attempts, None, MAX, chance).unwrap().as_secs_f64();
        assert_eq!([1, 2, 3, 4].map(|attempts| seconds(attempts, 1.0)), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!([1, 2, 3, 4].map(|attempts| seconds(attempts, 0.0)), [0.5, 1.0, 2.0, 4.0]);
        assert_eq!(seconds(u32::MAX, 1.0), 60.0);
    }

    #[test]
    fn a_server_is_never_asked_before_it_wants_to_be() {
        let asked = Duration::from_secs(7);
        assert_eq!(wait(1, Some(asked), MAX, 0.0), Some(asked));
        assert!(wait(1, Some(asked), MAX, 1.0).unwrap() > asked);
        assert_eq!(wait(1, Some(Duration::from_secs(61)), MAX, 0.0), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let after = |value: &str, date| after(value, date, now).map(|wait| wait.as_secs_f64());
        assert_eq!(after(" 12 ", None), Some(12.0));
        assert_eq!(after("0.25", None), Some(0.25));
        assert_eq!(after("-1", None), Some(0.0));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:00 GMT", None), Some(23.0));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:00 GMT", Some("Sun, 06 Nov 1994 08:49:50 GMT")), Some(10.0));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT", None), Some(0.0));
        for nothing in ["", "soon", "1e999", "NaN", "inf"] {
            assert!(after(nothing, None).is_none_or(|wait| wait == 0.0), "{nothing}");
        }
    }

    #[test]
    fn chance_varies_within_its_bounds() {
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance != chances[0]));
    }
}
