//! One site under two names, with `www.` and without, and the name that it goes by. Pure.

use std::collections::HashMap;

use url::{Position, Url};

use super::frontier::origin;
use crate::model::rootless;

/// Origins that redirect to another one of their site: a link to such a one is asked for where it leads to anyway.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// None where each redirects to the other: then neither is the name.
    instead: HashMap<Box<str>, Option<Box<str>>>,
}

impl Names {
    /// What stands at `from` is the page at `to`: a redirect or a canonical address said so. Pages that have moved tell nothing.
    pub(super) fn learn(&mut self, from: &Url, to: &Url) {
        let place = |url: &Url| url[Position::BeforePath..].trim_end_matches('/').to_owned();
        let (mine, other) = (origin(from), origin(to));
        if !is_one_site(from, to) || mine == other || place(from) != place(to) {
            return;
        }
        if self.instead.get(&other).is_some_and(|back| back.as_ref().is_none_or(|back| *back == mine)) {
            self.instead.insert(other, None);
            self.instead.insert(mine, None);
        } else if self.instead.len() < MOST_NAMES {
            self.instead.entry(mine).or_insert(Some(other));
        }
    }

    /// The address by the name that its site goes by; none where that is its own.
    pub(super) fn better(&self, url: &Url) -> Option<Url> {
        let mut name = self.instead.get(&url[..Position::BeforePath])?.as_deref()?;
        // From http to https, and from there to the other host; contradictions have more, and end nowhere.
        if let Some(Some(next)) = self.instead.get(name) {
            name = next;
        }
        Url::parse(&format!("{name}{}", &url[Position::BeforePath..])).ok()
    }
}

/// The host without `www.`, where that is a name that anybody may have registered, and without the root's dot.
pub(super) fn bare(host: &str) -> &str {
    let host = rootless(host);
    match host.strip_prefix("www.") {
        Some(rest) if psl::domain_str(rest).is_some() => rest,
        _ => host,
    }
}

/// Whether both are of one site: on one host but for `www.`, by `http` or `https`.
pub(super) fn is_one_site(one: &Url, other: &Url) -> bool {
    one.port() == other.port() && one.host_str().map(bare) == other.host_str().map(bare)
}

/// Origins of one crawl with another name.
const MOST_NAMES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn better(names: &Names, text: &str) -> String {
        names.better(&url(text)).map_or_else(|| "-".to_owned(), String::from)
    }

    #[test]
    fn www_is_no_part_of_a_name_that_stands_without_it() {
        for (host, expected) in [
            ("www.a.test", "a.test"),
            ("www.docs.a.test", "docs.a.test"),
            ("www.a.co.uk", "a.co.uk"),
            ("www.co.uk", "www.co.uk"),
            ("www.test", "www.test"),
            ("wwww.a.test", "wwww.a.test"),
            ("10.0.0.1", "10.0.0.1"),
            ("a.test.", "a.test"),
            ("www.a.test.", "a.test"),
            (".", "."),
        ] {
            assert_eq!(bare(host), expected);
        }
        assert!(is_one_site(&url("http://www.a.test/x"), &url("https://a.test/")));
        for other in ["http://b.test/", "http://a.test:8080/", "http://sub.a.test/", "http://www2.a.test/"] {
            assert!(!is_one_site(&url("http://a.test/"), &url(other)), "{other}");
        }
    }

    #[test]
    fn a_name_that_redirects_is_not_asked_again() {
        let mut names = Names::default();
        names.learn(&url("http://www.a.test/docs"), &url("https://www.a.test/docs/"));
        names.learn(&url("https://www.a.test/x?y"), &url("https://a.test/x?y"));
        assert_eq!(better(&names, "http://www.a.test/z?q"), "https://a.test/z?q");
        assert_eq!(better(&names, "https://www.a.test/"), "https://a.test/");
        assert_eq!(better(&names, "https://a.test/z"), "-");
        assert_eq!(better(&names, "http://a.test/z"), "-", "nobody has said so");
    }

    #[test]
    fn what_has_moved_elsewhere_or_back_tells_no_name() {
        let mut names = Names::default();
        names.learn(&url("http://a.test/old"), &url("http://www.a.test/new"));
        names.learn(&url("http://a.test/"), &url("http://b.test/"));
        names.learn(&url("http://a.test/x"), &url("http://a.test/x/"));
        assert_eq!(better(&names, "http://a.test/z"), "-");
        names.learn(&url("http://a.test/1"), &url("http://www.a.test/1"));
        assert_eq!(better(&names, "http://a.test/z"), "http://www.a.test/z");
        names.learn(&url("http://www.a.test/2"), &url("http://a.test/2"));
        names.learn(&url("http://a.test/3"), &url("http://www.a.test/3"));
        assert_eq!((better(&names, "http://a.test/z"), better(&names, "http://www.a.test/z")), ("-".into(), "-".into()));
    }
}
