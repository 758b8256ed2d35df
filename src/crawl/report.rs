//! What became of a crawl, as scripts read it. Counts; decides nothing.

use super::walk::AS_DATA;
use super::{selection, traps};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use url::Url;

use crate::http::{self, masked};

/// The account of one crawl. Serialises to the object that `crawl --json` prints last.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrawlReport {
    /// Pages handed out. Those with nothing to store are among the skipped or the failed, too: what adds up to the URLs dealt with is
    /// `stored`, `skipped_total` and `failed_total`.
    pub pages: u64,
    /// Of these, how many the caller kept: it fills this in, as a crawl knows no store.
    pub stored: u64,
    /// Why it ended. Serialised as `ended`: `complete`, `max_pages`, `max_requests`, `max_bytes`, `max_time` or `stopped`.
    #[serde(rename = "ended")]
    pub end: End,
    /// URLs that were known and not fetched when it ended.
    pub left: u64,
    /// What was met but not handed out, oldest first; the first [`MAX_LISTED`] only, `skipped_total` counts them all.
    pub skipped: Vec<Skipped>,
    pub skipped_total: u64,
    /// What was asked for and could not be had; the first [`MAX_LISTED`] only, `failed_total` counts them all.
    pub failed: Vec<Failed>,
    pub failed_total: u64,
    /// Links and entries of sitemaps that were not followed, by reason, each URL once: too many for a line each.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// For each of these reasons the first URL, [`masked`](crate::http::masked). All are logged at level debug.
    pub passed_over_first: BTreeMap<&'static str, Url>,
    /// Sitemaps that were read, [`masked`](crate::http::masked); the first 100 only.
    pub sitemaps: Vec<Url>,
    /// The llms.txt files that were found and read, [`masked`](crate::http::masked); the first 100 only.
    pub llms_txt: Vec<Url>,
    /// The llms-full.txt files that are there, [`masked`](crate::http::masked); the first 100 only. They hold every page again and are not read.
    pub llms_full_txt: Vec<Url>,
    /// Of `pages`, those that were taken in the markdown that the site has of them, under their own address.
    pub in_markdown: u64,
    /// Pages that a browser has filled in, as their scripts are to do.
    pub rendered: u64,
    /// Of these, the ones that were still at work when their time was up: what would have come later is not in their text.
    pub unsettled: u64,
    /// Requests of such pages that were refused, by rule: no page may change anything, nor ask for what the crawl may not.
    pub refused: BTreeMap<&'static str, u64>,
    /// For each of these rules the first URL, [`masked`](crate::http::masked). All are logged at level debug.
    pub refused_first: BTreeMap<&'static str, Url>,
    /// Of `pages`, those whose text was taken from data that the site ships for its scripts, by the name of the data.
    pub shipped: BTreeMap<String, u64>,
    /// Pages whose text scripts would write, and which no data of the site has: they need a browser. They are among the skipped, too. The first
    /// [`MAX_LISTED`] only, `needs_browser_total` counts them all. The caller fills this in, as a crawl knows no text.
    pub needs_browser: Vec<Url>,
    pub needs_browser_total: u64,
    /// Pages that are stored as a browser or data of their site had filled them in, and of which less has come now: what is stored was kept.
    /// They are among the skipped, too. The first [`MAX_LISTED`] only, `kept_total` counts them all. The caller fills this in, as a crawl knows
    /// no store.
    pub kept: Vec<Url>,
    pub kept_total: u64,
    /// Pages that say nearly the same as another one that was met before, each with that one; they are stored all the same. The first
    /// [`MAX_LISTED`] only, `alike_total` counts them all. The caller fills this in, as a crawl knows no text: see [`Alike`](super::Alike).
    pub alike: Vec<NearlySame>,
    pub alike_total: u64,
    /// Bytes of answers, as decoded.
    pub bytes: u64,
    /// The transport's counters, of this crawl alone.
    pub http: http::Counters,
    /// From the first poll to the end. Serialised as `elapsed_ms`, whole milliseconds.
    #[serde(rename = "elapsed_ms", serialize_with = "milliseconds")]
    pub elapsed: Duration,
}

/// Why a crawl ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// Nothing was left to fetch.
    #[default]
    Complete,
    /// [`CrawlRequest::max_pages`](super::CrawlRequest::max_pages), with more to fetch.
    MaxPages,
    /// [`CrawlRequest::max_requests`](super::CrawlRequest::max_requests), with more to fetch.
    MaxRequests,
    /// [`CrawlRequest::max_bytes`](super::CrawlRequest::max_bytes), with more to fetch.
    MaxBytes,
    /// [`CrawlRequest::max_time`](super::CrawlRequest::max_time), with more to fetch.
    MaxTime,
    /// By its caller, with more to fetch.
    Stopped,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "nothing was left to fetch",
            Self::MaxPages => "the limit of pages was reached",
            Self::MaxRequests => "the limit of requests was reached",
            Self::MaxBytes => "the limit of bytes was reached",
            Self::MaxTime => "the time was up",
            Self::Stopped => "it was stopped",
        })
    }
}

/// A URL that was met and left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// [`masked`](crate::http::masked): to be shown.
    pub url: Url,
    pub why: String,
}

impl Skipped {
    /// The reason without the address of another page: what several may have in common.
    ///
    /// ```
    /// use smolcrawl::crawl::Skipped;
    ///
    /// let skipped = Skipped { url: "http://a.test/2".parse().unwrap(), why: "the same content as http://a.test/".into() };
    /// assert_eq!(skipped.cause(), "the same content as another page");
    /// ```
    pub fn cause(&self) -> String {
        let word = |word: &str| {
            let is_address = ["http://", "https://", "file://"].iter().any(|scheme| word.starts_with(scheme));
            let behind = if word.ends_with(',') { "," } else { "" };
            if is_address { format!("another page{behind}") } else { word.to_owned() }
        };
        self.why.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// A page that says nearly what another one says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NearlySame {
    /// [`masked`](crate::http::masked): to be shown.
    pub url: Url,
    /// The one that was met before, [`masked`](crate::http::masked).
    pub like: Url,
}

/// A URL that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// [`masked`](crate::http::masked): to be shown.
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

impl Failed {
    /// The error without the page that the link stands on and without where a redirect leads: what several may have in common.
    pub fn cause(&self) -> &str {
        let cause = self.error.rsplit_once(LINKED_FROM).map_or(&*self.error, |(cause, _)| cause);
        // Where each leads to an address of its own, what stands there is one.
        cause.strip_prefix(REDIRECTS_TO).and_then(|to| to.split_once(": ")).map_or(cause, |(_, why)| why)
    }
}

/// Failures that have one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameCause {
    pub first: Failed,
    pub count: u64,
}

impl fmt::Display for SameCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed { url, error, .. } = &self.first;
        let cause = self.first.cause();
        match self.count {
            1 => write!(f, "{url}: {error}"),
            count => write!(f, "{count} × {cause} (such as {url}{})", &error[cause.len()..]),
        }
    }
}

/// Failures by their causes, in the order in which these were met first.
///
/// ```
/// use smolcrawl::crawl::{Causes, Failed};
///
/// let failed = |url: &str, error: &str| Failed { url: url.parse().unwrap(), error: error.into(), hint: None, is_transient: false };
/// let failures = [("http://a.test/1", "404 Not Found, linked from http://a.test/"), ("http://a.test/2", "404 Not Found")];
/// let causes: Causes = failures.iter().map(|(url, error)| failed(url, error)).collect();
/// let [cause] = causes.list() else { unreachable!() };
/// assert_eq!((cause.count, cause.first.url.path()), (2, "/1"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes {
    list: Vec<SameCause>,
    /// Where in the list each is.
    places: HashMap<Box<str>, usize>,
}

impl Causes {
    pub fn list(&self) -> &[SameCause] {
        &self.list
    }

    /// Counts a failure of a cause that is known, or notes another cause if there are fewer than `most`.
    pub fn add(&mut self, failed: &Failed, most: usize) {
        match self.places.get(failed.cause()) {
            Some(place) => self.list[*place].count += 1,
            None if self.list.len() < most => {
                self.places.insert(failed.cause().into(), self.list.len());
                self.list.push(SameCause { first: failed.clone(), count: 1 });
            }
            None => {}
        }
    }
}

impl FromIterator<Failed> for Causes {
    fn from_iter<T: IntoIterator<Item = Failed>>(failures: T) -> Self {
        let mut causes = Self::default();
        failures.into_iter().for_each(|failed| causes.add(&failed, usize::MAX));
        causes
    }
}

/// What stands between an error and the page of its link.
pub(super) const LINKED_FROM: &str = ", linked from ";
/// As [`Error::Redirected`](super::Error::Redirected) begins.
const REDIRECTS_TO: &str = "redirects to ";

/// In [`CrawlReport::passed_over`]: the rules that [`LeaveOut::Nothing`](super::LeaveOut::Nothing) turns off, but for translations.
pub const USUALLY_LEFT_OUT: [&str; 10] = [
    selection::VERSION,
    selection::WHOLE,
    selection::LISTING,
    selection::ARCHIVE,
    selection::FORM,
    AS_DATA,
    traps::REPEATS,
    traps::CALENDAR,
    traps::QUERIES,
    traps::COMBINATIONS,
];

/// In [`CrawlReport::passed_over`]: links of other sites and other parts of this one.
pub const OUT_OF_SCOPE: &str = "out of scope";
/// In [`CrawlReport::passed_over`]: links to files that have no text.
pub const NO_PAGE: &str = "not a page by its name";

/// Lines of each list of a report.
pub const MAX_LISTED: usize = 10_000;

impl CrawlReport {
    pub(super) fn skip(&mut self, skipped: Skipped) {
        self.skipped_total += 1;
        if self.skipped.len() < MAX_LISTED {
            self.skipped.push(skipped);
        }
    }

    /// What was skipped is asked for after all.
    pub(super) fn take_back(&mut self, skipped: &Url) {
        self.skipped_total = self.skipped_total.saturating_sub(1);
        self.skipped.retain(|known| known.url != *skipped);
    }

    pub(super) fn fail(&mut self, failed: Failed) {
        self.failed_total += 1;
        if self.failed.len() < MAX_LISTED {
            self.failed.push(failed);
        }
    }

    /// All that was skipped, listed or not.
    pub fn skips(&self) -> u64 {
        self.skipped_total
    }

    /// All that failed, listed or not.
    pub fn failures(&self) -> u64 {
        self.failed_total
    }

    pub(super) fn read_sitemap(&mut self, url: &Url) {
        if self.sitemaps.len() < 100 {
            self.sitemaps.push(masked(url));
        }
    }

    pub(super) fn read_shipped(&mut self, name: &str) {
        *self.shipped.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn read_llms(&mut self, url: &Url) {
        if self.llms_txt.len() < 100 {
            self.llms_txt.push(masked(url));
        }
    }

    pub(super) fn find_full(&mut self, url: &Url) {
        let url = masked(url);
        if self.llms_full_txt.len() < 100 && !self.llms_full_txt.contains(&url) {
            self.llms_full_txt.push(url);
        }
    }

    /// So many of which one is known, or the file that tells of them.
    pub(super) fn pass_over_all(&mut self, why: &'static str, count: u64, url: &Url) {
        if count > 0 {
            self.pass_over(why, Some(url));
            *self.passed_over.entry(why).or_default() += count - 1;
        }
    }

    pub(super) fn pass_over(&mut self, why: &'static str, url: Option<&Url>) {
        *self.passed_over.entry(why).or_default() += 1;
        if let (Some(url), false) = (url, self.passed_over_first.contains_key(why)) {
            self.passed_over_first.insert(why, masked(url));
        }
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
        report.pass_over("out of scope", None);
        let json = serde_json::to_value(&report).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = [
            "pages",
            "stored",
            "ended",
            "left",
            "skipped",
            "skipped_total",
            "failed",
            "failed_total",
            "passed_over",
            "passed_over_first",
            "sitemaps",
            "llms_txt",
            "llms_full_txt",
            "in_markdown",
            "rendered",
            "unsettled",
            "refused",
            "refused_first",
            "shipped",
            "needs_browser",
            "needs_browser_total",
            "kept",
            "kept_total",
            "alike",
            "alike_total",
            "bytes",
            "http",
            "elapsed_ms",
        ];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(json["skipped"][0].to_string(), r#"{"url":"http://a.test/x","why":"a reason"}"#);
        assert_eq!(json["failed"][0]["error"], "HTTP 404 Not Found");
        assert!(json["failed"][0].get("hint").is_none());
        assert_eq!(json["elapsed_ms"], 1234);
        assert_eq!(
            (&json["ended"], &json["failed_total"], &json["passed_over"]["out of scope"]),
            (&"complete".into(), &1.into(), &1.into())
        );
        report.end = End::MaxRequests;
        assert_eq!(serde_json::to_value(&report).unwrap()["ended"], "max_requests");
    }

    #[test]
    fn the_lists_are_bounded_and_the_rest_is_counted() {
        let url = Url::parse("http://a.test/x").unwrap();
        let mut report = CrawlReport::default();
        for _ in 0..MAX_LISTED + 5 {
            report.skip(Skipped { url: url.clone(), why: String::new() });
        }
        assert_eq!((report.skipped.len(), report.skipped_total), (MAX_LISTED, MAX_LISTED as u64 + 5));
        assert_eq!((report.skips(), report.failures()), (MAX_LISTED as u64 + 5, 0));
    }
}
