//! Addresses without end: calendars, filters, paths that grow. Each shape of them is followed for a while and then no further. Pure.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use url::{Position, Url};

/// What was met of each shape so far.
#[derive(Debug)]
pub(super) struct Traps {
    /// Of one path.
    max_queries: u32,
    /// Hash of a path -> queries seen with it, and those of them that have several parameters.
    queries: HashMap<u64, (u32, u32)>,
    /// Hash of an address without its date -> dates seen in it.
    dates: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Traps {
    pub(super) fn new(max_queries: u32) -> Self {
        Self { max_queries, queries: HashMap::new(), dates: HashMap::new(), hasher: RandomState::new() }
    }

    /// Why the address is probably one of endlessly many. It is one that was not judged before.
    pub(super) fn judge(&mut self, url: &Url) -> Option<&'static str> {
        if repeats(url.path()) {
            return Some(REPEATS);
        }
        if let Some((shape, is_named)) = calendar(url)
            && !count(&mut self.dates, self.hasher.hash_one(shape), if is_named { MOST_DAYS } else { MOST_DATES })
        {
            return Some(CALENDAR);
        }
        let query = url.query()?;
        let path = self.hasher.hash_one(&url[..Position::AfterPath]);
        if self.queries.len() >= MOST_SHAPES && !self.queries.contains_key(&path) {
            return None;
        }
        let (all, combined) = self.queries.entry(path).or_default();
        let is_combined = query.split('&').filter(|part| !part.is_empty()).nth(1).is_some();
        match () {
            () if *all >= self.max_queries => Some(QUERIES),
            () if is_combined && *combined >= self.max_queries.min(MOST_COMBINATIONS) => Some(COMBINATIONS),
            () => {
                *all += 1;
                *combined += u32::from(is_combined);
                None
            }
        }
    }
}

/// Counts one more, if that is within the bound.
fn count<Key: Eq + Hash>(counts: &mut HashMap<Key, u32>, key: Key, most: u32) -> bool {
    match counts.get_mut(&key) {
        Some(count) if *count >= most => false,
        Some(count) => {
            *count += 1;
            true
        }
        None => {
            if counts.len() < MOST_SHAPES {
                counts.insert(key, 1);
            }
            true
        }
    }
}

/// Whether the folders of a path end with the same run again and again: three times, or four of a single one.
fn repeats(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').rev().collect();
    // The last segment is the page's own name, empty or not; it counts where it goes on with the run.
    let folders = segments.get(1..).unwrap_or_default();
    let run = |segments: &[&str], period: usize| {
        segments.iter().zip(segments.iter().skip(period)).take_while(|(one, other)| one == other).count()
    };
    (1..=MAX_PERIOD).any(|period| match period {
        1 => run(folders, 1) >= 3,
        _ => run(folders, period).max(run(&segments, period)) >= period * 2,
    })
}

/// The address with its date taken out, and whether it says that it is of a calendar; none where it has no date. What stands beside the
/// date is part of the shape: articles of a day differ in it, the days of a calendar do not.
fn calendar(url: &Url) -> Option<(String, bool)> {
    let mut shape = String::new();
    let (mut has_date, mut is_named) = (false, false);
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let mut at = 0;
    while let Some(segment) = segments.get(at) {
        let date = date(&segments[at..]);
        has_date |= date > 0;
        shape.push_str(if date > 0 { "/\0" } else { "/" });
        if date == 0 {
            is_named |= names_calendar(segment);
            shape.push_str(segment);
        }
        at += date.max(1);
    }
    for (number, part) in url.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let is_date = is_day(value) || is_month(value) || is_number(value) && is_unit(name);
        has_date |= is_date;
        is_named |= is_date;
        shape.extend([if number == 0 { "?" } else { "&" }, name, "=", if is_date { "\0" } else { value }]);
    }
    has_date.then(|| (format!("{}{shape}", &url[..Position::BeforePath]), is_named))
}

/// How many segments from the first on are a date: `2024-05-17`, `2024/05/17`, `2024-05`, `2024/05`.
fn date(segments: &[&str]) -> usize {
    let within = |at: usize, most: u32| {
        segments
            .get(at)
            .is_some_and(|text| text.len() <= 2 && is_number(text) && text.parse().is_ok_and(|number: u32| (1..=most).contains(&number)))
    };
    match segments.first() {
        Some(first) if is_day(first) || is_month(first) => 1,
        Some(first) if is_year(first) && within(1, 12) => 2 + usize::from(within(2, 31)),
        _ => 0,
    }
}

/// `2024-05-17`, `20240517`, and with a time behind it.
fn is_day(text: &str) -> bool {
    let text = text.split(['T', 't', '+']).next().unwrap_or_default().split("%20").next().unwrap_or_default();
    match text.len() {
        10 => text
            .split_at_checked(7)
            .is_some_and(|(month, day)| is_month(month) && day.strip_prefix('-').is_some_and(|day| is_from_one_to(day, 31))),
        8 if is_number(text) => is_year(&text[..4]) && is_from_one_to(&text[4..6], 12) && is_from_one_to(&text[6..], 31),
        _ => false,
    }
}

/// `2024-05`.
fn is_month(text: &str) -> bool {
    text.len() == 7 && text.split_once('-').is_some_and(|(year, month)| is_year(year) && is_from_one_to(month, 12))
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && is_number(text) && (text.starts_with("19") || text.starts_with('2'))
}

fn is_from_one_to(text: &str, most: u32) -> bool {
    text.len() == 2 && is_number(text) && text.parse().is_ok_and(|number: u32| (1..=most).contains(&number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Parameters that step through a calendar.
fn is_unit(name: &str) -> bool {
    let name = name.rsplit(['_', '-']).next().unwrap_or(name);
    ["year", "month", "day", "week", "date"].iter().any(|unit| name.eq_ignore_ascii_case(unit))
}

fn names_calendar(segment: &str) -> bool {
    ["calendar", "events", "event", "agenda", "schedule", "kalender", "calendrier", "day", "week", "month"]
        .iter()
        .any(|name| segment.eq_ignore_ascii_case(name))
}

/// The address without the number of a visit that some servers write into it; none where it has none.
pub(super) fn without_session(url: &Url) -> Option<Url> {
    let path: Vec<&str> = url.path().split(';').collect();
    let (first, rest) = path.split_first()?;
    let kept_path: Vec<&str> = rest.iter().copied().filter(|part| !is_session(part)).collect();
    let parts: Vec<&str> = url.query().into_iter().flat_map(|query| query.split('&')).collect();
    let kept: Vec<&str> = parts.iter().copied().filter(|part| !is_session(part)).collect();
    if kept.len() == parts.len() && kept_path.len() == rest.len() {
        return None;
    }
    let mut page = url.clone();
    page.set_path(&[&[*first], &kept_path[..]].concat().join(";"));
    page.set_query(if kept.is_empty() { None } else { Some(kept.join("&")) }.as_deref());
    Some(page)
}

/// The address without what tells its owner where a reader came from, whose name those who count readers have made up; none where it has
/// nothing of it.
pub(super) fn without_tracking(url: &Url) -> Option<Url> {
    let query = url.query()?;
    let kept: Vec<&str> = query.split('&').filter(|part| !is_tracking(part)).collect();
    if kept.len() == query.split('&').count() {
        return None;
    }
    let mut page = url.clone();
    page.set_query(if kept.is_empty() { None } else { Some(kept.join("&")) }.as_deref());
    Some(page)
}

fn is_tracking(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
    ["utm_", "mtm_", "pk_campaign", "pk_kwd", "hsa_"].iter().any(|start| name.starts_with(start)) || TRACKING.contains(&&*name)
}

fn is_session(part: &str) -> bool {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    let name = name.to_ascii_lowercase();
    let is_token = || {
        value.len() >= 16
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b','))
            && value.bytes().any(|byte| byte.is_ascii_digit())
    };
    match &*name {
        "phpsessid" | "jsessionid" | "aspsessionid" | "cfid" | "cftoken" => !value.is_empty(),
        // A page may have a number of such a name.
        "sid" | "session" | "sessionid" | "session_id" | "sessid" | "zenid" | "oscsid" | "osid" => is_token(),
        _ => false,
    }
}

/// Of the great advertisers, mailers and networks: none is a word that a page may be asked for by.
const TRACKING: [&str; 22] = [
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "gclsrc",
    "_ga",
    "_gl",
    "fbclid",
    "msclkid",
    "yclid",
    "ysclid",
    "twclid",
    "ttclid",
    "li_fat_id",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "_hsenc",
    "_hsmi",
    "vero_id",
    "oly_enc_id",
];

pub(super) const REPEATS: &str = "the path repeats itself";
pub(super) const CALENDAR: &str = "a calendar beyond the days of it that are read";
pub(super) const QUERIES: &str = "too many queries of one path";
pub(super) const COMBINATIONS: &str = "too many combinations of parameters of one path";

/// Segments of a run that is recognised as repeated.
const MAX_PERIOD: usize = 4;

/// Days or months of one calendar, and dates of something that does not say that it is one, as the notes of releases do not.
const MOST_DAYS: u32 = 60;
const MOST_DATES: u32 = 400;

/// Queries of one path with several parameters each, as filters have them.
const MOST_COMBINATIONS: u32 = 200;

/// Shapes that are counted: 24 MB. What comes later is followed as it is.
const MOST_SHAPES: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("http://a.test").unwrap().join(text).unwrap()
    }

    /// How many of a thousand are followed, and why the rest is not.
    fn followed(address: impl Fn(u32) -> String) -> (usize, Option<&'static str>) {
        let mut traps = Traps::new(1_000);
        let verdicts: Vec<_> = (0..1_000).map(|number| traps.judge(&url(&address(number)))).collect();
        (verdicts.iter().filter(|verdict| verdict.is_none()).count(), verdicts.into_iter().flatten().next())
    }

    fn day(number: u32) -> (u32, u32, u32) {
        (2020 + number / 336, number / 28 % 12 + 1, number % 28 + 1)
    }

    #[test]
    fn a_calendar_is_read_for_sixty_days() {
        let of = |form: fn(u32, u32, u32) -> String| {
            followed(|number| {
                let (year, month, day) = day(number);
                form(year, month, day)
            })
        };
        let endless = (60, Some(CALENDAR));
        assert_eq!(of(|y, m, d| format!("/calendar/{y}/{m:02}/{d:02}")), endless);
        assert_eq!(of(|y, m, d| format!("/events/{y}-{m:02}-{d:02}/")), endless);
        assert_eq!(of(|y, m, d| format!("/x?date={y}-{m:02}-{d:02}")), endless);
        assert_eq!(of(|y, m, d| format!("/x?view=list&day={d}&month={m}&year={y}")), endless);
        assert_eq!(of(|y, m, d| format!("/x?from={y}{m:02}{d:02}")), endless);
        assert_eq!(of(|y, m, d| format!("/archive/{y}/{m}/{d}/")), (400, Some(CALENDAR)), "it does not say that it is one");
        // What stands beside the date is what the page is about.
        assert_eq!(of(|y, m, d| format!("/{y}/{m:02}/{d:02}/title-{y}-{m}-{d}x")), (1_000, None));
        assert_eq!(followed(|number| format!("/page/{number}")), (1_000, None));
        assert_eq!(followed(|number| format!("/2024/{number}")).0, 1_000, "no months, but for twelve");
    }

    #[test]
    fn filters_are_read_in_two_hundred_combinations() {
        assert_eq!(followed(|number| format!("/shop?colour={number}&size=1")), (200, Some(COMBINATIONS)));
        assert_eq!(
            followed(|number| format!("/shop?{}", "a=1&".repeat(number as usize % 90 + 2) + &number.to_string())),
            (200, Some(COMBINATIONS))
        );
        assert_eq!(followed(|number| format!("/index.php?title=Page_{number}")), (1_000, None));
        assert_eq!(followed(|number| format!("/{number}?a=1&b=2")), (1_000, None), "each path for itself");
        let mut traps = Traps::new(3);
        let verdicts: Vec<_> = (0..4).map(|number| traps.judge(&url(&format!("/x?{number}")))).collect();
        assert_eq!(verdicts, [None, None, None, Some(QUERIES)]);
    }

    #[test]
    fn repetition_is_told_from_regularity() {
        for trap in ["/x/x/x/x/", "/a/b/a/b/a/b", "/a/b/a/b/a/b/", "/a/b/a/b/a/b/page", "/docs/en/en/en/en/x", "/a/b/c/a/b/c/a/b/c/"] {
            assert!(repeats(trap), "{trap}");
        }
        for page in ["/", "/a", "/2024/01/01/01", "/a/a/a", "/1/1/1/1", "/std/primitive.str.html", "/a/b/a/b/a/c", "/a/b/a/b/", "//x"] {
            assert!(!repeats(page), "{page}");
        }
    }

    #[test]
    fn the_number_of_a_visit_is_no_part_of_an_address() {
        for (address, page) in [
            ("/x?PHPSESSID=abc", "/x"),
            ("/x;jsessionid=0A1B2C", "/x"),
            ("/x;v=1;JSESSIONID=0A1B2C.node1?a=1", "/x;v=1?a=1"),
            ("/x?a=1&sid=0123456789abcdef0123&b=2", "/x?a=1&b=2"),
            ("/x?sessionid=f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "/x"),
        ] {
            assert_eq!(without_session(&url(address)), Some(url(page)), "{address}");
        }
        for page in ["/x", "/x?sid=7", "/x?session=introduction-to-the-course", "/x?phpsessid", "/x;v=1?a", "/sid=0123456789abcdef0123"] {
            assert_eq!(without_session(&url(page)), None, "{page}");
        }
    }

    #[test]
    fn where_a_reader_came_from_is_no_part_of_an_address() {
        for (address, page) in [
            ("/a?utm_source=x&utm_medium=y", "/a"),
            ("/a?b=1&UTM_Campaign=x&c=2", "/a?b=1&c=2"),
            ("/a?gclid=1", "/a"),
            ("/a?fbclid=IwAR0&_ga=2.3", "/a"),
            ("/a?mc_cid=1&mc_eid=2&id=7", "/a?id=7"),
        ] {
            assert_eq!(without_tracking(&url(address)), Some(url(page)), "{address}");
        }
        for page in ["/a", "/a?ref=main", "/a?source=x", "/a?q=utm_source", "/a?autm_=1", "/gclid?x=1", "/a?"] {
            assert_eq!(without_tracking(&url(page)), None, "{page}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_judged(path in "[/ab0-9;=é-]{0,60}", query in "[&=a-z0-9T%é-]{0,40}") {
            if let Ok(url) = Url::parse(&format!("http://a.test/{path}?{query}")) {
                Traps::new(3).judge(&url);
                without_session(&url);
                without_tracking(&url);
            }
        }
    }
}
