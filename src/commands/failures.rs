//! How failures are listed for people: what has one cause is one line, with how many there are and one of them.

use smolcrawl::crawl::{Causes, Failed};

/// The lines, each with `what` before it. `total` is how many failed in all, of which `failed` are known.
pub fn lines(what: &str, failed: &[Failed], total: u64) -> Vec<String> {
    let causes: Causes = failed.iter().cloned().collect();
    let mut lines: Vec<_> = causes.list().iter().map(|cause| format!("{what} {cause}")).collect();
    if let more @ 1.. = total.saturating_sub(failed.len() as u64) {
        lines.push(format!("{what} {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(url: &str, error: &str) -> Failed {
        Failed { url: url.parse().unwrap(), error: error.to_owned(), hint: None, is_transient: false }
    }

    #[test]
    fn what_has_one_cause_is_one_line_with_an_example() {
        let loopback = "127.0.0.1 is loopback";
        let all = [
            failed("http://a.test/1", &format!("{loopback}, linked from http://a.test/")),
            failed("http://a.test/2", "404 Not Found, linked from http://a.test/"),
            failed("http://a.test/3", loopback),
        ];
        let expected = [
            "failed  2 × 127.0.0.1 is loopback (such as http://a.test/1, linked from http://a.test/)",
            "failed  http://a.test/2: 404 Not Found, linked from http://a.test/",
            "failed  7 more",
        ];
        assert_eq!(lines("failed ", &all, 10), expected);
        assert_eq!(lines("failed ", &all[1..2], 1), expected[1..2]);
        assert_eq!(lines("failed ", &[], 0), [] as [&str; 0]);
    }
}
