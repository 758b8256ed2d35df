//! What became of a crawl, as scripts read it. Counts; decides nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};
use url::Url;

use crate::http;

/// The account of one crawl. Serialises to the object that `crawl --json` prints last.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrawlReport {
    /// Pages handed out.
    pub pages: u64,
    /// Of these, how many the caller kept: it fills this in, as a crawl knows no store.
    pub stored: u64,
    /// What was met but not handed out, oldest first; the first [`MAX_LISTED`] only, `skipped_unlisted` counts the rest.
    pub skipped: Vec<Skipped>,
    /// What was asked for and could not be had; the first [`MAX_LISTED`] only, `failed_unlisted` counts the rest.
    pub failed: Vec<Failed>,
    /// The transport's counters, of this crawl alone.
    pub http: http::Counters,
    /// From the first poll to the end. Serialised as `elapsed_ms`, whole milliseconds.
    #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
    pub elapsed: Duration,
    /// Skipped beyond the list.
    #[serde(skip)]
    pub skipped_unlisted: u64,
    /// Failed beyond the list.
    #[serde(skip)]
    pub failed_unlisted: u64,
    /// Links that were not followed, by reason: too many for a line each.
    #[serde(skip)]
    pub passed_over: BTreeMap<&'static str, u64>,
}

/// A URL that was met and left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub url: Url,
    pub why: String,
}

/// A URL that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    pub url: Url,
    /// The error with its causes and, for a link, the page it stands on.
    pub error: String,
    /// What the user can do about it.
    #[serde(skip)]
    pub hint: Option<String>,
    /// Whether the same again, later, may well succeed.
    #[serde(skip)]
    pub is_transient: bool,
}

/// Lines of each list of a report.
pub const MAX_LISTED: usize = 10_000;

impl CrawlReport {
    pub(super) fn skip(&mut self, skipped: Skipped) {
        match self.skipped.len() < MAX_LISTED {
            true => self.skipped.push(skipped),
            false => self.skipped_unlisted += 1,
        }
    }

    pub(super) fn fail(&mut self, failed: Failed) {
        match self.failed.len() < MAX_LISTED {
            true => self.failed.push(failed),
            false => self.failed_unlisted += 1,
        }
    }

    /// All that was skipped, listed or not.
    pub fn skips(&self) -> u64 {
        self.skipped.len() as u64 + self.skipped_unlisted
    }

    /// All that failed, listed or not.
    pub fn failures(&self) -> u64 {
        self.failed.len() as u64 + self.failed_unlisted
    }

    pub(super) fn pass_over(&mut self, why: &'static str) {
        *self.passed_over.entry(why).or_default() += 1;
    }
}

fn milliseconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(elapsed.as_millis().try_into().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_line_is_the_contract() {
        let url = Url::parse("http://a.test/x").unwrap();
        let mut report = CrawlReport { pages: 2, stored: 1, elapsed: Duration::from_micros(1_234_567), ..CrawlReport::default() };
        report.skip(Skipped { url: url.clone(), why: "a reason".into() });
        report.fail(Failed { url, error: "HTTP 404 Not Found".into(), hint: Some("look".into()), is_transient: false });
        report.pass_over("out of scope");
        let json = serde_json::to_value(&report).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = ["pages", "stored", "skipped", "failed", "http", "elapsed_ms"];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(json["skipped"][0].to_string(), r#"{"url":"http://a.test/x","why":"a reason"}"#);
        assert_eq!(json["failed"][0]["error"], "HTTP 404 Not Found");
        assert!(json["failed"][0].get("hint").is_none());
        assert_eq!(json["elapsed_ms"], 1234);
    }

    #[test]
    fn the_lists_are_bounded_and_the_rest_is_counted() {
        let url = Url::parse("http://a.test/x").unwrap();
        let mut report = CrawlReport::default();
        for _ in 0..MAX_LISTED + 5 {
            report.skip(Skipped { url: url.clone(), why: String::new() });
        }
        assert_eq!((report.skipped.len(), report.skipped_unlisted), (MAX_LISTED, 5));
        assert_eq!((report.skips(), report.failures()), (MAX_LISTED as u64 + 5, 0));
    }
}
