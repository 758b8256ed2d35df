//! Reads robots.txt as RFC 9309 asks and answers whether a path may be fetched. Pure: who fetches the file, and when, is not known here.
//!
//! Only the rules of one product token are kept, so that the answer for a host stays small however long its file is. A verdict takes
//! time that is linear in the URL and bounded in the number of rules: rules without `*` are looked up, those with one are tried, most
//! specific first, up to [`MAX_STEPS`].

use std::fmt;
use std::time::Duration;

use url::{Position, Url};

/// What one origin's robots.txt means for one crawler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Those without `*`.
    prefixes: Prefixes,
    /// Those with `*`, the most specific first.
    wild: Vec<Rule>,
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
    /// robots.txt itself answered with this server error (RFC 9309 2.3.1.4), or with 429.
    Unavailable(u16),
    /// robots.txt could not be asked for at all (RFC 9309 2.3.1.4).
    Unreachable,
    /// It has more patterns with `*` than are tried for one URL, so what it wants of this one is not known.
    Unweighed,
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
    /// That 401 and 403 allow is the RFC's choice (2.3.1.3). 429 does not say that there is none, but that too much is asked: the RFC would
    /// let it allow all, and who is told to ask less does not ask for a whole site. Redirects are followed before, at most five.
    pub fn of_answer(status: u16, body: &[u8], agent: &str) -> Self {
        match status {
            200..=299 => Self::parse(body, agent),
            429 | 500..=599 => Self::disallow_all(Forbidden::Unavailable(status)),
            _ => Self::allow_all(),
        }
    }

    /// Whether it could not be had, so that all is forbidden.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
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
        let Group { rules, crawl_delay, .. } = if named.seen { named } else { everyone };
        let (mut wild, plain): (Vec<_>, Vec<_>) = rules.into_iter().partition(|rule| rule.text.contains('*'));
        wild.sort_by(|one, other| (other.weight(), &other.text, one.anchored).cmp(&(one.weight(), &one.text, other.anchored)));
        wild.dedup();
        Self { prefixes: Prefixes::of(plain), wild, crawl_delay, sitemaps, closed: None }
    }

    /// Bytes of memory, about.
    pub(super) fn size(&self) -> usize {
        let rules = self.wild.iter().chain(&self.prefixes.open).chain(&self.prefixes.whole);
        let of_rules: usize = rules.map(|rule| rule.text.len() + size_of::<Rule>()).sum();
        of_rules + self.sitemaps.iter().map(|sitemap| sitemap.len() + size_of::<String>()).sum::<usize>()
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
        let path = path_in_normal_form(if path.is_empty() { "/" } else { path });
        let mut decisive = self.prefixes.best(&path);
        let mut steps = 0;
        for rule in &self.wild {
            if decisive.is_some_and(|decisive| decisive.weight() >= rule.weight()) {
                break;
            }
            steps += COST_OF_A_LOOK;
            if rule.may_match(&path) {
                steps += path.len() + rule.text.len();
                if rule.matches(&path) {
                    decisive = Some(rule);
                    break;
                }
            }
            if steps > MAX_STEPS {
                return Some(Forbidden::Unweighed);
            }
        }
        match decisive? {
            Rule { kind: Kind::Allow, .. } => None,
            rule => Some(Forbidden::Rule(rule.to_string())),
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(pattern) => write!(f, "disallowed by robots.txt (Disallow: {pattern})"),
            Self::Unavailable(status) => write!(f, "robots.txt answered HTTP {status}, which closes the whole site"),
            Self::Unreachable => f.write_str("robots.txt could not be fetched, which closes the whole site"),
            Self::Unweighed => f.write_str("robots.txt has too many patterns to try them all"),
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
    /// What both allow.
    pub(super) fn and(self, other: Self) -> Self {
        Self { index: self.index && other.index, follow: self.follow && other.follow }
    }

    /// One `X-Robots-Tag` value: `noindex, nofollow` or `agent: noindex`; words for other agents are passed over.
    pub fn of_header(value: &str, agent: &str) -> Self {
        let mut directives = Self { index: true, follow: true };
        let mut for_us = true;
        for word in value.split(',') {
            let word = match word.split_once(':') {
                // "max-snippet: 20" names nobody, nor does the time of day behind the comma of a date.
                Some((name, _)) if !names_an_agent(name.trim()) => continue,
                Some((name, rest)) => {
                    for_us = name.trim().eq_ignore_ascii_case(agent) || name.trim() == "*";
                    rest
                }
                None => word,
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

/// Whether what stands before a colon in `X-Robots-Tag` says whom the words behind it are for.
fn names_an_agent(name: &str) -> bool {
    !name.contains(char::is_whitespace) && !WITH_A_VALUE.iter().any(|directive| name.eq_ignore_ascii_case(directive))
}

/// Directives that have a value behind a colon.
const WITH_A_VALUE: [&str; 4] = ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// What robots.txt may ask for at most: one request a minute. More would stall a crawl for hours; the largest real value seen is a typo.
pub const MAX_CRAWL_DELAY: Duration = Duration::from_secs(60);

/// Bytes read at most (RFC 9309 2.5 asks for at least 500 KiB).
pub const MAX_SIZE: usize = 500 * 1024;

/// Steps of trying patterns with `*` for one URL, a step being a byte that is looked at: about a millisecond. A path of 100 bytes can be
/// held against some 8,000 such patterns; the most in 300 real files are 300.
const MAX_STEPS: usize = 1_000_000;

/// What it costs to see that a pattern is out of the question.
const COST_OF_A_LOOK: usize = 16;

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
        let rule = Rule::parse(kind, value);
        // A folder and its index page are one: whoever allows the page allows the folder.
        if kind == Kind::Allow
            && let Some(slash) = rule.text.rfind('/')
            && rule.text[slash..].starts_with("/index.htm")
        {
            self.rules.push(Rule { kind, text: rule.text[..=slash].into(), anchored: true });
        }
        // Of letters and digits it is not agreed whether "%61" is "a" (RFC 9309 2.2.2 says so, Google's parser does not): as much is
        // forbidden as either of them forbids.
        if kind == Kind::Disallow
            && let Some(text) = without_needless_escapes(&rule.text)
        {
            self.rules.push(Rule { kind, text: text.into(), anchored: rule.anchored });
        }
        self.rules.push(rule);
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
    /// In normal form: ASCII, `*` any run of octets, never two of them in a row; literal `*` and `$` are escaped.
    text: Box<str>,
    /// It ended in `$`: the path ends there, too.
    anchored: bool,
}

impl Rule {
    /// `value` is not empty.
    fn parse(kind: Kind, value: &[u8]) -> Self {
        let (value, anchored) = match value {
            [value @ .., b'$'] => (value, true),
            value => (value, false),
        };
        let mut text = String::with_capacity(value.len());
        octets(value, |octet, written| match octet {
            b'*' if written.is_none() => {
                if !text.ends_with('*') {
                    text.push('*');
                }
            }
            _ => push_octet(&mut text, octet, written),
        });
        Self { kind, text: text.into(), anchored }
    }

    /// What decides between rules that match: the longer one, then `Allow` (RFC 9309 2.2.2).
    fn weight(&self) -> (usize, Kind) {
        (self.text.len() + usize::from(self.anchored), self.kind)
    }

    /// Quickly: the path is long enough, and begins as the pattern does.
    fn may_match(&self, path: &str) -> bool {
        let first = self.text.split('*').next().unwrap_or_default();
        path.starts_with(first) && self.text.len() <= 2 * path.len() + 1
    }

    /// `*` is any run of octets; without `$` the pattern is a prefix (RFC 9309 2.2.3). Linear in path and pattern, as every piece is
    /// searched for in linear time behind the one before it.
    fn matches(&self, path: &str) -> bool {
        let mut pieces = self.text.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let mut last = None;
        for piece in pieces {
            // The leftmost place leaves most to the pieces that follow; only the last one may have to stand at the end.
            if let Some(piece) = last.replace(piece) {
                match rest.split_once(piece) {
                    Some((_, after)) => rest = after,
                    None => return false,
                }
            }
        }
        match (last, self.anchored) {
            (None, true) => rest.is_empty(),
            (None, false) => true,
            (Some(piece), true) => rest.ends_with(piece),
            (Some(piece), false) => rest.contains(piece),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        f.write_str(if self.anchored { "$" } else { "" })
    }
}

/// Rules without `*`, so sorted that the one that decides is found without a look at the others.
#[derive(Clone, Debug, Default, PartialEq)]
struct Prefixes {
    /// By text, each once.
    open: Vec<Rule>,
    /// For each of `open` the longest other one that it begins with.
    shorter: Vec<Option<u32>>,
    /// The anchored ones, which match one path: by text, each once.
    whole: Vec<Rule>,
}

impl Prefixes {
    fn of(mut rules: Vec<Rule>) -> Self {
        // Of the same text the one that decides comes first and stays.
        rules.sort_by(|one, other| (one.anchored, &one.text, other.kind).cmp(&(other.anchored, &other.text, one.kind)));
        rules.dedup_by(|next, kept| (next.anchored, &next.text) == (kept.anchored, &kept.text));
        let whole = rules.split_off(rules.partition_point(|rule| !rule.anchored));
        let mut around: Vec<u32> = Vec::new();
        let mut shorter = Vec::with_capacity(rules.len());
        for (rule, index) in rules.iter().zip(0..) {
            while around.last().is_some_and(|outer| !rule.text.starts_with(&*rules[*outer as usize].text)) {
                around.pop();
            }
            shorter.push(around.last().copied());
            around.push(index);
        }
        Self { open: rules, shorter, whole }
    }

    fn best(&self, path: &str) -> Option<&Rule> {
        if let Ok(found) = self.whole.binary_search_by(|rule| (*rule.text).cmp(path)) {
            return Some(&self.whole[found]);
        }
        // The last text that is not behind the path has all that the path begins with among its prefixes.
        let mut index = self.open.partition_point(|rule| &*rule.text <= path).checked_sub(1)?;
        let common = self.open[index].text.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
        while self.open[index].text.len() > common {
            index = self.shorter[index]? as usize;
        }
        Some(&self.open[index])
    }
}

/// `Allow` weighs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Disallow,
    Allow,
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
    let body = match body.len() {
        ..=MAX_SIZE => body,
        // Half a rule is another rule, as a rule a much wider one.
        _ => &body[..body[..MAX_SIZE].iter().rposition(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or_default()],
    };
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

/// Tells the octets of a text one by one, and of escaped ones how they were written.
fn octets<'a>(text: &'a [u8], mut tell: impl FnMut(u8, Option<&'a [u8]>)) {
    let mut bytes = text;
    while let [first, rest @ ..] = bytes {
        match (*first, rest) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
                tell(digit(*high) << 4 | digit(*low), Some(&bytes[..3]));
                bytes = after;
            }
            (byte, _) => {
                tell(byte, None);
                bytes = rest;
            }
        }
    }
}

/// An octet in its one form (RFC 9309 2.2.2): escapes in capitals; marks that need no escape (RFC 3986 2.3) as they are; and escaped
/// whatever is not ASCII, or means something in a pattern.
fn push_octet(normal: &mut String, octet: u8, written: Option<&[u8]>) {
    let is_escaped = match octet {
        b'-' | b'.' | b'_' | b'~' => false,
        b'*' | b'$' => true,
        octet => !octet.is_ascii() || written.is_some(),
    };
    if is_escaped {
        normal.extend(['%', char::from(HEX[usize::from(octet >> 4)]), char::from(HEX[usize::from(octet & 15)])]);
    } else {
        normal.push(octet.into());
    }
}

/// As patterns are. What is not ASCII, which no parsed URL has, stays, as an escaped pattern is not meant for it.
fn path_in_normal_form(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    for piece in path.split_inclusive(|c: char| !c.is_ascii()) {
        let (ascii, other) = match piece.char_indices().next_back() {
            Some((at, last)) if !last.is_ascii() => piece.split_at(at),
            _ => (piece, ""),
        };
        octets(ascii.as_bytes(), |octet, written| push_octet(&mut normal, octet, written));
        normal.push_str(other);
    }
    normal
}

/// With letters and digits as they are; none where none is escaped.
fn without_needless_escapes(pattern: &str) -> Option<String> {
    let mut plain = String::with_capacity(pattern.len());
    octets(pattern.as_bytes(), |octet, written| match written {
        Some(written) if !octet.is_ascii_alphanumeric() => plain.extend(written.iter().map(|byte| char::from(*byte))),
        _ => plain.push(octet.into()),
    });
    (plain.len() < pattern.len()).then_some(plain)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests;
