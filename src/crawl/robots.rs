//! Reads robots.txt as RFC 9309 asks and answers whether a path may be fetched. Pure: who fetches the file, and when, is not known here.
//!
//! Only the rules of one product token are kept, so that the answer for a host stays small however long its file is.

use std::fmt;
use std::time::Duration;

use url::{Position, Url};

/// What one origin's robots.txt means for one crawler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Longest pattern first; of equally long ones, `Allow` first: the first that matches decides.
    rules: Vec<Rule>,
    /// Seconds between two requests as asked by `Crawl-delay`, at most [`MAX_CRAWL_DELAY`]. Not in the RFC, but widely used.
    pub crawl_delay: Option<Duration>,
    /// `Sitemap` lines as written; they belong to no group.
    pub sitemaps: Vec<String>,
    /// The file could not be had, so that everything is forbidden (RFC 9309 2.3.1.4).
    closed: Option<Forbidden>,
}

/// Why robots.txt keeps a URL from being fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The pattern of the `Disallow` line.
    Rule(String),
    /// robots.txt itself answered with this server error (RFC 9309 2.3.1.4).
    Unavailable(u16),
    /// robots.txt could not be asked for at all (RFC 9309 2.3.1.4).
    Unreachable,
}

impl Rules {
    /// Nothing is forbidden: the file does not exist (RFC 9309 2.3.1.3).
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Everything is forbidden: the file may exist, but could not be had (RFC 9309 2.3.1.4).
    pub fn disallow_all(why: Forbidden) -> Self {
        Self { closed: Some(why), ..Self::default() }
    }

    /// What an HTTP answer to `GET /robots.txt` means: 2xx is parsed, 5xx forbids all, everything else allows all.
    /// That 401 and 403 allow is the RFC's choice (2.3.1.3). Redirects are followed before, at most five.
    pub fn of_answer(status: u16, body: &[u8], agent: &str) -> Self {
        match status {
            200..=299 => Self::parse(body, agent),
            500..=599 => Self::disallow_all(Forbidden::Unavailable(status)),
            _ => Self::allow_all(),
        }
    }

    /// The rules for the product token `agent`, such as `smolcrawl`: those of all groups that name it, else those of `*`.
    /// Takes any bytes; what is past [`MAX_SIZE`] is not read.
    pub fn parse(body: &[u8], agent: &str) -> Self {
        let mut named = Group::default();
        let mut everyone = Group::default();
        let mut sitemaps = Vec::new();
        let (mut for_us, mut for_all, mut listing_agents) = (false, false, false);
        for (_, record) in records(body) {
            match record {
                Record::Agent(value) => {
                    if !listing_agents {
                        (for_us, for_all, listing_agents) = (false, false, true);
                    }
                    if is_everyone(value) {
                        for_all = true;
                    } else if product_token(value).eq_ignore_ascii_case(agent.as_bytes()) && !agent.is_empty() {
                        for_us = true;
                        named.seen = true;
                    }
                }
                Record::Allow(value) | Record::Disallow(value) => {
                    listing_agents = false;
                    let kind = if matches!(record, Record::Allow(_)) { Kind::Allow } else { Kind::Disallow };
                    named.rule(for_us, kind, value);
                    everyone.rule(for_all, kind, value);
                }
                // Counted as a rule: "User-agent: *, Crawl-delay: 5, User-agent: other, Disallow: /" is common, and means two groups.
                Record::CrawlDelay(value) => {
                    listing_agents = false;
                    named.delay(for_us, value);
                    everyone.delay(for_all, value);
                }
                Record::Sitemap(value) => sitemaps.push(String::from_utf8_lossy(value).into_owned()),
                Record::Unknown => {}
            }
        }
        let Group { mut rules, crawl_delay, .. } = if named.seen { named } else { everyone };
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.len()), rule.kind));
        Self { rules, crawl_delay, sitemaps, closed: None }
    }

    /// Why `url` must not be fetched; none if it may. `/robots.txt` always may (RFC 9309 2.2.2).
    pub fn forbids(&self, url: &Url) -> Option<Forbidden> {
        let path = &url[Position::BeforePath..Position::AfterQuery];
        if path == "/robots.txt" {
            return None;
        }
        self.forbids_path(path)
    }

    fn forbids_path(&self, path: &str) -> Option<Forbidden> {
        if self.closed.is_some() {
            return self.closed.clone();
        }
        let path = normal_form(if path.is_empty() { b"/" } else { path.as_bytes() }, NonAscii::Keep);
        let decisive = self.rules.iter().find(|rule| matches(&rule.pattern, &path))?;
        match decisive.kind {
            Kind::Allow => None,
            Kind::Disallow => Some(Forbidden::Rule(String::from_utf8_lossy(&decisive.pattern).into_owned())),
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(pattern) => write!(f, "disallowed by robots.txt (Disallow: {pattern})"),
            Self::Unavailable(status) => write!(f, "robots.txt answered HTTP {status}, which closes the whole site"),
            Self::Unreachable => f.write_str("robots.txt could not be fetched, which closes the whole site"),
        }
    }
}

/// What `X-Robots-Tag` or `<meta name=robots>` asks of a page that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directives {
    /// The page may be kept.
    pub index: bool,
    /// Its links may be followed.
    pub follow: bool,
}

impl Directives {
    /// One `X-Robots-Tag` value: `noindex, nofollow` or `agent: noindex`; words for other agents are passed over.
    pub fn of_header(value: &str, agent: &str) -> Self {
        let mut directives = Self { index: true, follow: true };
        let mut for_us = true;
        for word in value.split(',') {
            let word = match word.split_once(':') {
                Some((name, rest)) if !name.trim().eq_ignore_ascii_case("unavailable_after") => {
                    for_us = name.trim().eq_ignore_ascii_case(agent) || name.trim() == "*";
                    rest
                }
                _ => word,
            };
            match word.trim().to_ascii_lowercase().as_str() {
                _ if !for_us => {}
                "noindex" => directives.index = false,
                "nofollow" => directives.follow = false,
                "none" => directives = Self { index: false, follow: false },
                _ => {}
            }
        }
        directives
    }
}

/// What robots.txt may ask for at most: one request a minute. More would stall a crawl for hours; the largest real value seen is a typo.
pub const MAX_CRAWL_DELAY: Duration = Duration::from_secs(60);

/// Bytes read at most (RFC 9309 2.5 asks for at least 500 KiB).
pub const MAX_SIZE: usize = 500 * 1024;

/// Bytes of a line that count: eight times the longest URL that browsers once took.
const MAX_LINE: usize = 8 * 2083 - 1;

#[derive(Default)]
struct Group {
    /// Some line named this agent, be it without any rule: then the group of `*` is not ours.
    seen: bool,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

impl Group {
    fn rule(&mut self, ours: bool, kind: Kind, value: &[u8]) {
        // An empty pattern matches nothing (RFC 9309 2.2.2: "Disallow:" forbids nothing).
        if !ours || value.is_empty() {
            return;
        }
        let pattern = normal_form(value, NonAscii::Escape);
        // A folder and its index page are one: whoever allows the page allows the folder.
        if kind == Kind::Allow
            && let Some(slash) = pattern.iter().rposition(|byte| *byte == b'/')
            && pattern[slash..].starts_with(b"/index.htm")
        {
            let mut folder = pattern[..=slash].to_vec();
            folder.push(b'$');
            self.rules.push(Rule { kind, pattern: folder });
        }
        self.rules.push(Rule { kind, pattern });
    }

    fn delay(&mut self, ours: bool, value: &[u8]) {
        let seconds = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
        if let Some(seconds) = seconds.filter(|seconds| ours && seconds.is_finite() && *seconds >= 0.0) {
            let delay = Duration::from_secs_f64(seconds.min(MAX_CRAWL_DELAY.as_secs_f64()));
            self.crawl_delay = Some(self.crawl_delay.map_or(delay, |earlier| earlier.max(delay)));
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    kind: Kind,
    /// In normal form, never empty.
    pattern: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Allow,
    Disallow,
}

/// One line understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record<'a> {
    Agent(&'a [u8]),
    Allow(&'a [u8]),
    Disallow(&'a [u8]),
    CrawlDelay(&'a [u8]),
    Sitemap(&'a [u8]),
    Unknown,
}

/// The lines that say something, with their numbers from 1.
fn records(body: &[u8]) -> impl Iterator<Item = (usize, Record<'_>)> {
    let body = &body[..body.len().min(MAX_SIZE)];
    // A byte order mark cut short by a broken editor still is none of the first line.
    let mark = body.iter().zip(b"\xEF\xBB\xBF").take_while(|(byte, mark)| byte == mark).count();
    lines(&body[mark..]).zip(1..).filter_map(|(line, number)| record(line).map(|record| (number, record)))
}

/// Splits at CR LF, CR and LF alike.
fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let line_end = if text[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        rest = Some(&text[line_end..]);
        Some(&text[..end])
    })
}

fn record(line: &[u8]) -> Option<Record<'_>> {
    let line = &line[..line.len().min(MAX_LINE)];
    let line = line.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
    if line.is_empty() {
        return None;
    }
    let (name, value) = match line.iter().position(|byte| *byte == b':') {
        Some(colon) => (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()),
        // A forgotten colon is forgiven where the line is two words and nothing else.
        None => {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            match (words.next(), words.next(), words.next()) {
                (Some(name), Some(value), None) => (name, value),
                _ => return Some(Record::Unknown),
            }
        }
    };
    let is = |spellings: &[&str]| spellings.iter().any(|spelling| name.eq_ignore_ascii_case(spelling.as_bytes()));
    Some(match () {
        () if is(&["user-agent", "useragent", "user agent"]) => Record::Agent(value),
        () if is(&["allow"]) => Record::Allow(value),
        () if is(&["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"]) => Record::Disallow(value),
        () if is(&["crawl-delay", "crawldelay"]) => Record::CrawlDelay(value),
        () if is(&["sitemap", "site-map"]) => Record::Sitemap(value),
        () => Record::Unknown,
    })
}

/// `*`, alone or before white space.
fn is_everyone(value: &[u8]) -> bool {
    value.first() == Some(&b'*') && value.get(1).is_none_or(u8::is_ascii_whitespace)
}

/// The part of an agent line that counts: `Foobot/2.1 beta` names `Foobot` (RFC 9309 2.2.1).
fn product_token(value: &[u8]) -> &[u8] {
    let end = value.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(value.len());
    &value[..end]
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')
}

/// Whether `agent` can be named in a robots.txt: letters, `-` and `_` only (RFC 9309 2.2.1).
pub fn is_product_token(agent: &str) -> bool {
    !agent.is_empty() && agent.bytes().all(is_token_byte)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NonAscii {
    /// As in patterns, which people write in plain UTF-8.
    Escape,
    /// As in URLs, which come escaped already.
    Keep,
}

/// Percent escapes in capitals, so that octets compare equal however they were written (RFC 9309 2.2.2).
fn normal_form(text: &[u8], non_ascii: NonAscii) -> Vec<u8> {
    let mut normal = Vec::with_capacity(text.len());
    let mut bytes = text;
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        match (*first, rest) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                normal.extend([b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
                bytes = after;
            }
            (byte, _) if !byte.is_ascii() && non_ascii == NonAscii::Escape => {
                normal.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            (byte, _) => normal.push(byte),
        }
    }
    normal
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// `*` is any run of octets, a final `$` the end of the path; else the pattern is a prefix (RFC 9309 2.2.3).
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, anchored) = match pattern {
        [pattern @ .., b'$'] => (pattern, true),
        pattern => (pattern, false),
    };
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        // The leftmost place leaves most to the pieces that follow; only the last one may have to stand at the end.
        if let Some(piece) = last.replace(piece) {
            match find(rest, piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
    }
    match (last, anchored) {
        (None, true) => rest.is_empty(),
        (None, false) => true,
        (Some(piece), true) => rest.ends_with(piece),
        (Some(piece), false) => find(rest, piece).is_some(),
    }
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    match piece {
        [] => Some(0),
        piece => text.windows(piece.len()).position(|window| window == piece),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Instant;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn corpus(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/tests/corpus/robots/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn cases(kind: &str) -> Vec<Value> {
        let all: Value = serde_json::from_slice(&corpus("cases.json")).unwrap();
        all[kind].as_array().unwrap().clone()
    }

    fn text<'a>(case: &'a Value, key: &str) -> &'a str {
        case[key].as_str().unwrap_or_default()
    }

    /// The part of a case's URL that is matched, not parsed: some cases hold octets that a parsed URL cannot.
    fn path(url: &str) -> &str {
        let after_host = url.split_once("://").map_or("", |(_, rest)| rest);
        let path = after_host.find('/').map_or("", |slash| &after_host[slash..]);
        path.split('#').next().unwrap_or_default()
    }

    #[test]
    fn every_match_case_has_the_expected_answer() {
        let cases = cases("match");
        assert_eq!(cases.len(), 145);
        let mut wrong = Vec::new();
        for case in &cases {
            let rules = Rules::parse(text(case, "robots").as_bytes(), text(case, "agent"));
            let allowed = rules.forbids_path(path(text(case, "url"))).is_none();
            if Some(allowed) != case["allowed"].as_bool() {
                wrong.push(format!("{} {} {}", text(case, "origin"), text(case, "test"), text(case, "url")));
            }
        }
        assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
    }

    #[test]
    fn product_tokens_are_told_from_other_names() {
        for case in cases("agent_name") {
            assert_eq!(Some(is_product_token(text(&case, "agent"))), case["valid"].as_bool(), "{case}");
        }
    }

    #[test]
    fn lines_are_counted_and_understood_as_expected() {
        for case in cases("parse") {
            let body = match case["robots_b64"].as_str() {
                Some(encoded) => base64(encoded),
                None => text(&case, "robots").as_bytes().to_vec(),
            };
            let found: Vec<_> = records(&body).collect();
            let unknown = found.iter().filter(|(_, record)| *record == Record::Unknown).count() as u64;
            let understood = found.len() as u64 - unknown;
            if let Some(expected) = case["directives"].as_u64() {
                assert_eq!(understood, expected, "{case}");
            }
            if let Some(expected) = case["unknown"].as_u64() {
                assert_eq!(unknown, expected, "{case}");
            }
            if let Some(expected) = case["last_line"].as_u64() {
                assert_eq!(found.last().unwrap().0 as u64, expected, "{case}");
            }
            if let Some(expected) = case["sitemap"].as_str() {
                assert_eq!(Rules::parse(&body, "foo").sitemaps, [expected], "{case}");
            }
        }
    }

    #[test]
    fn patterns_have_one_normal_form() {
        for case in cases("escape") {
            let normal = normal_form(text(&case, "pattern").as_bytes(), NonAscii::Escape);
            assert_eq!(String::from_utf8(normal).unwrap(), text(&case, "escaped"));
        }
    }

    // Exceptions: the corpus also lists texts that are no URLs ("example.com", "a/b", "//a/b/c"), for a parser that takes
    // strings. Here a URL is parsed at the door, so these never come.
    #[test]
    fn the_path_and_query_of_a_url_are_matched() {
        for case in cases("path") {
            if let Ok(url) = Url::parse(text(&case, "url")) {
                assert_eq!(&url[Position::BeforePath..Position::AfterQuery], text(&case, "path"));
            }
        }
    }

    #[test]
    fn three_hundred_real_files_are_read_quickly() {
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(corpus("samples.tar.gz").as_slice()).read_to_end(&mut tar).unwrap();
        let files: Vec<_> = tar_files(&tar).collect();
        assert_eq!(files.len(), 300);
        let started = Instant::now();
        let mut with_rules = 0;
        for body in files {
            let rules = Rules::parse(body, "smolcrawl");
            with_rules += usize::from(!rules.rules.is_empty());
            rules.forbids(&Url::parse("https://a.test/some/longer/path/index.php?with=query&page=2").unwrap());
        }
        assert!(with_rules > 200, "only {with_rules} of 300 have rules for everyone");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    #[test]
    fn an_answer_is_read_by_its_status() {
        let url = Url::parse("https://a.test/x").unwrap();
        let closed = b"User-agent: *\nDisallow: /";
        assert!(Rules::of_answer(200, closed, "smolcrawl").forbids(&url).is_some());
        for status in [301, 401, 403, 404, 410, 429] {
            assert_eq!(Rules::of_answer(status, closed, "smolcrawl").forbids(&url), None, "{status}");
        }
        for status in [500, 503] {
            assert_eq!(Rules::of_answer(status, b"", "smolcrawl").forbids(&url), Some(Forbidden::Unavailable(status)));
        }
    }

    #[test]
    fn crawl_delay_belongs_to_its_group_and_is_capped() {
        let delay = |robots: &str| Rules::parse(robots.as_bytes(), "smolcrawl").crawl_delay;
        assert_eq!(delay("User-agent: *\nCrawl-delay: 2.5"), Some(Duration::from_millis(2500)));
        assert_eq!(delay("User-agent: other\nCrawl-delay: 2"), None);
        assert_eq!(delay("User-agent: *\nCrawl-delay: 2\nUser-agent: SmolCrawl\nDisallow: /x"), None);
        assert_eq!(delay("User-agent: *\nCrawl-delay: 86400"), Some(MAX_CRAWL_DELAY));
        for nonsense in ["-1", "soon", "NaN", "inf", ""] {
            assert_eq!(delay(&format!("User-agent: *\nCrawl-delay: {nonsense}")), None, "{nonsense}");
        }
    }

    #[test]
    fn a_delay_ends_the_list_of_agents() {
        let rules = Rules::parse(b"User-agent: *\nCrawl-delay: 5\n\nUser-agent: badbot\nDisallow: /", "smolcrawl");
        assert_eq!(rules.forbids_path("/x"), None);
    }

    #[test]
    fn robots_txt_itself_is_never_forbidden() {
        let rules = Rules::parse(b"User-agent: *\nDisallow: /", "smolcrawl");
        assert_eq!(rules.forbids(&Url::parse("https://a.test/robots.txt").unwrap()), None);
    }

    #[test]
    fn nothing_is_read_past_the_size_limit() {
        let mut body = vec![b'#'; MAX_SIZE];
        body.extend(b"\nUser-agent: *\nDisallow: /");
        assert_eq!(Rules::parse(&body, "smolcrawl").forbids_path("/x"), None);
    }

    #[test]
    fn many_stars_do_not_take_long() {
        let rules = Rules::parse(format!("User-agent: *\nDisallow: /{}b$", "a*".repeat(2_000)).as_bytes(), "smolcrawl");
        let started = Instant::now();
        assert_eq!(rules.forbids_path(&format!("/{}", "a".repeat(20_000))), None);
        assert!(started.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn header_directives_are_read_for_this_agent() {
        let of = |value| {
            let Directives { index, follow } = Directives::of_header(value, "smolcrawl");
            (index, follow)
        };
        assert_eq!(of("noindex, NOFOLLOW"), (false, false));
        assert_eq!(of("none"), (false, false));
        assert_eq!(of("googlebot: noindex, nofollow"), (true, true));
        assert_eq!(of("smolcrawl: noindex"), (false, true));
        assert_eq!(of("unavailable_after: 25 Jun 2030 15:00:00 PST, noindex"), (false, true));
        assert_eq!(of(""), (true, true));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(body in proptest::collection::vec(any::<u8>(), 0..400), path in "\\PC{0,40}") {
            Rules::parse(&body, "smolcrawl").forbids_path(&path);
        }

        #[test]
        fn matching_agrees_with_a_plain_definition(pattern in "[/ab*$]{0,8}", path in "[/ab$]{0,8}") {
            prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), by_definition(pattern.as_bytes(), path.as_bytes()));
        }
    }

    /// The definition written down as recursion, for short texts only.
    fn by_definition(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern, path) {
            ([], _) => true,
            ([b'$'], path) => path.is_empty(),
            ([b'*', rest @ ..], path) => (0..=path.len()).any(|skip| by_definition(rest, &path[skip..])),
            ([first, rest @ ..], [byte, after @ ..]) => first == byte && by_definition(rest, after),
            ([_, ..], []) => false,
        }
    }

    /// The contents of the regular files of a ustar archive.
    fn tar_files(tar: &[u8]) -> impl Iterator<Item = &[u8]> {
        let mut rest = tar;
        std::iter::from_fn(move || {
            loop {
                let (header, body) = rest.split_at_checked(512)?;
                let size = std::str::from_utf8(&header[124..135]).ok().and_then(|octal| usize::from_str_radix(octal.trim(), 8).ok())?;
                rest = body.get(size.next_multiple_of(512)..)?;
                if matches!(header[156], b'0' | 0) {
                    return Some(&body[..size]);
                }
            }
        })
    }

    fn base64(text: &str) -> Vec<u8> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits: Vec<u32> = text.bytes().filter_map(|byte| ALPHABET.iter().position(|digit| *digit == byte)).map(|d| d as u32).collect();
        let mut bytes = Vec::new();
        for quad in digits.chunks(4) {
            let bits = quad.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - quad.len()));
            bytes.extend(&bits.to_be_bytes()[1..quad.len()]);
        }
        bytes
    }
}
