//! Which URL is fetched next: a queue per origin, nearest to the seeds first, each URL once. Pure: no clock, no network.
//!
//! Nothing here looks at every origin: those that may be asked stand in one order, those that have to wait stand aside until they are
//! due or released, and every step takes time in the logarithm of their number.
//!
//! Holds URLs only, never a body: a queued link costs its text and some 80 bytes, a URL that was ever seen 8 bytes more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use url::Url;

use crate::model::{Became, Trail};

use super::together::{Outbox, waiting};
use super::traps::Traps;
use super::twins::Place;

/// What is to be fetched, and what is known about it before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// In normal form; text, as a parsed URL takes twice the memory.
    pub url: Box<str>,
    /// Links followed from a seed.
    pub depth: u32,
    pub role: Role,
    /// The page it was found on; shared by all links of that page.
    pub from: Option<Arc<str>>,
    /// The URLs that redirected here, oldest first.
    pub via: Vec<Box<str>>,
    /// Requests that failed in a way that may pass.
    pub attempts: u8,
    /// Its robots.txt was asked and allows it: it is not asked again while the entry waits.
    pub is_allowed: bool,
    /// Cookies were set by what redirected here: what was asked for before may have another answer now.
    pub has_news: bool,
}

/// Why a URL is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Asked for by the user: may be a sitemap, and takes the scope along when it is redirected.
    Seed,
    /// Named by robots.txt or by an index, or looked for where one often is. `level` counts the indexes above it.
    Sitemap { level: u8, named: Named },
    /// An llms.txt that nobody has named, or the full text beside one.
    Llms(Place),
    /// What a site ships for its scripts, from which a page that has come is to be taken.
    Beside,
    /// A link, or listed by a sitemap; a route of a page that shows all of them, if it has a fragment.
    Page,
    /// It yielded to a canonical address that came to nothing: taken as it is now.
    Restored,
}

/// Who led to a sitemap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The user, who wants what it lists, wherever on the site that is.
    Seed,
    Robots,
    /// Nobody: that there is none is no news.
    Guess,
}

/// What became of an offered URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Queued,
    Seen,
    /// Left out; the reason is for the report.
    Refused(&'static str),
}

/// What is decided about the next URL of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Take,
    /// The origin stands aside until then.
    Until(Instant),
    /// The origin stands aside until [`Frontier::release`].
    Blocked,
}

/// Limits against sites without end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub max_queued: usize,
    pub max_url_length: usize,
    /// None: what has no end is followed, too.
    pub max_query_variants: Option<u32>,
}

#[derive(Debug)]
pub(super) struct Frontier {
    limits: Limits,
    /// By origin, as in `https://a.test`; only origins with something to do.
    origins: HashMap<Arc<str>, Origin>,
    /// Origins that may be asked, by the rank of their next URL and by turn, so that none starves.
    ready: BTreeSet<(u32, u64, Arc<str>)>,
    /// Origins that stand aside until a time.
    waiting: BTreeSet<(Instant, Arc<str>)>,
    /// Turns ever given.
    turns: u64,
    /// Hashes of the URLs ever offered. Two of a million URLs share one with a probability of 1 : 37 million.
    seen: HashSet<u64>,
    traps: Option<Traps>,
    /// What failed and is tried again; the number keeps entries of the same moment apart.
    delayed: BTreeMap<(Instant, u64), Entry>,
    delayed_ever: u64,
    queued: usize,
    hasher: RandomState,
    /// What was queued and dealt with since somebody looked, if somebody does.
    trail: Option<Trail>,
    /// What is offered goes there, where others queue it.
    outbox: Option<Box<Outbox>>,
}

/// An origin with something to do.
#[derive(Debug)]
struct Origin {
    /// By [rank](Entry::rank); no queue is empty.
    queues: BTreeMap<u32, VecDeque<Entry>>,
    /// Lower is sooner. A new one with every entry taken.
    turn: u64,
    stand: Stand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Ready,
    Until(Instant),
    Blocked,
}

impl Entry {
    pub(super) fn new(url: &Url, depth: u32, role: Role) -> Self {
        Self { url: url.as_str().into(), depth, role, from: None, via: Vec::new(), attempts: 0, is_allowed: false, has_news: false }
    }

    pub(super) fn from(self, page: &Arc<str>) -> Self {
        Self { from: Some(page.clone()), ..self }
    }

    /// Whether it is a file for programs that nobody has named: one that is named by it is no guess any more.
    pub(super) fn is_guess(&self) -> bool {
        matches!(self.role, Role::Llms(_) | Role::Sitemap { named: Named::Guess, level: 0 })
    }

    /// Lower is sooner: what pages wait for that have come, then what is nearest to the seeds.
    fn rank(&self) -> u32 {
        if self.role == Role::Beside { BESIDE } else { self.depth.saturating_add(1) }
    }

    pub(super) fn parsed(&self) -> Url {
        Url::parse(&self.url).expect("the text of a parsed URL is a URL")
    }
}

impl Frontier {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            origins: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            turns: 0,
            seen: HashSet::new(),
            traps: limits.max_query_variants.map(Traps::new),
            delayed: BTreeMap::new(),
            delayed_ever: 0,
            queued: 0,
            hasher: RandomState::new(),
            trail: None,
            outbox: None,
        }
    }

    /// From now on what is offered is told, not queued: what is queued is given from outside.
    pub(super) fn share(&mut self) {
        self.outbox.get_or_insert_default();
        self.limits.max_url_length = self.limits.max_url_length.min(LONGEST_SHARED);
        self.clear();
    }

    /// Forgets what waits.
    pub(super) fn clear(&mut self) {
        (self.origins, self.ready, self.waiting) = (HashMap::new(), BTreeSet::new(), BTreeSet::new());
        self.delayed.clear();
        self.queued = 0;
    }

    /// The same of what was given from outside. What pages wait for that have come is its own.
    pub(super) fn lose_shared(&mut self) {
        let mut beside = Vec::new();
        for origin in std::mem::take(&mut self.origins).into_values() {
            beside.extend(origin.queues.into_iter().filter(|(rank, _)| *rank == BESIDE).flat_map(|(_, entries)| entries));
        }
        self.delayed.retain(|_, entry| entry.role == Role::Beside);
        let delayed = std::mem::take(&mut self.delayed);
        self.clear();
        self.delayed = delayed;
        beside.into_iter().for_each(|entry| self.push(&entry.parsed(), entry, End::Back));
        if let Some(outbox) = &mut self.outbox {
            outbox.lose_all();
        }
    }

    pub(super) fn outbox(&mut self) -> Option<&mut Outbox> {
        self.outbox.as_deref_mut()
    }

    /// From now on it is noted what is queued and dealt with.
    pub(super) fn keep_trail(&mut self) {
        self.trail.get_or_insert_default();
    }

    /// What was noted since the last time.
    pub(super) fn take_trail(&mut self) -> Trail {
        self.trail.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// All that it led to is known.
    pub(super) fn dealt_with(&mut self, url: Box<str>, became: impl FnOnce(&str) -> Became) {
        if let Some(outbox) = &mut self.outbox {
            let became = became(&url);
            outbox.dealt_with(url, became);
        } else if let Some(trail) = &mut self.trail {
            trail.done.push(url);
        }
    }

    /// What an earlier crawl has found or dealt with is not queued when it is met again.
    pub(super) fn remember<'a>(&mut self, urls: impl Iterator<Item = &'a str>) {
        self.seen.extend(urls.map(|url| self.hasher.hash_one(url)));
    }

    /// Queues what is remembered and still to be fetched.
    pub(super) fn queue_remembered(&mut self, url: &Url, entry: Entry) {
        self.push(url, entry, End::Back);
    }

    /// Queues a link in normal form unless it was offered before or looks like one of endlessly many.
    pub(super) fn offer(&mut self, url: &Url, entry: impl FnOnce() -> Entry) -> Offered {
        let hash = self.hasher.hash_one(url.as_str());
        if self.seen.contains(&hash) {
            return Offered::Seen;
        }
        if self.is_too_long(url) {
            return Offered::Refused(TOO_LONG);
        }
        if let Some(why) = self.traps.as_mut().and_then(|traps| traps.judge(url)) {
            return Offered::Refused(why);
        }
        self.offer_named(url, entry)
    }

    /// Whether it was offered, or dealt with by an earlier crawl.
    pub(super) fn has_met(&self, url: &Url) -> bool {
        self.seen.contains(&self.hasher.hash_one(url.as_str()))
    }

    /// Whether no address may be as long.
    pub(super) fn is_too_long(&self, url: &Url) -> bool {
        url.as_str().len() > self.limits.max_url_length
    }

    /// Queues what a user or a sitemap has named one by one: that is finite, whatever it looks like.
    pub(super) fn offer_named(&mut self, url: &Url, entry: impl FnOnce() -> Entry) -> Offered {
        let hash = self.hasher.hash_one(url.as_str());
        if self.seen.contains(&hash) {
            return Offered::Seen;
        }
        if self.queued >= self.limits.max_queued {
            return Offered::Refused("the queue is full");
        }
        let entry = entry();
        // Of what the user names himself the store tells him.
        if self.is_too_long(url) && entry.role != Role::Seed {
            return Offered::Refused(TOO_LONG);
        }
        self.seen.insert(hash);
        if let Some(outbox) = &mut self.outbox {
            outbox.found.push(waiting(entry));
            return Offered::Queued;
        }
        if let (Some(trail), Role::Page) = (&mut self.trail, entry.role) {
            trail.found.push((entry.url.clone(), entry.depth));
        }
        self.push(url, entry, End::Back);
        Offered::Queued
    }

    /// Puts an entry before all others of its rank: it was taken, but could not be fetched yet.
    pub(super) fn put_back(&mut self, url: &Url, entry: Entry) {
        self.push(url, entry, End::Front);
    }

    /// Keeps an entry until `at`; then [`Frontier::wake`] queues it again.
    pub(super) fn delay(&mut self, entry: Entry, at: Instant) {
        self.delayed_ever += 1;
        self.delayed.insert((at, self.delayed_ever), entry);
    }

    /// Queues what was delayed until now, and lets origins that waited until now be asked again.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(first) = self.delayed.first_entry()
            && first.key().0 <= now
        {
            let entry = first.remove();
            self.put_back(&entry.parsed(), entry);
        }
        while let Some((at, _)) = self.waiting.first()
            && *at <= now
            && let Some((_, name)) = self.waiting.pop_first()
        {
            self.stand(&name, Stand::Ready);
        }
    }

    /// When [`Frontier::wake`] has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        let delayed = self.delayed.first_key_value().map(|((at, _), _)| *at);
        let waiting = self.waiting.first().map(|(at, _)| *at);
        delayed.into_iter().chain(waiting).min()
    }

    /// An origin that was [`Decision::Blocked`] may be asked again.
    pub(super) fn release(&mut self, url: &Url) {
        let name = &url[..url::Position::BeforePath];
        if let Some((name, Origin { stand: Stand::Blocked, .. })) = self.origins.get_key_value(name) {
            let name = name.clone();
            self.stand(&name, Stand::Ready);
        }
    }

    /// Takes the entry nearest to the seeds among the origins that are ready. What is decided otherwise about one sets it aside.
    pub(super) fn take(&mut self, decide: impl FnMut(&Url, &mut Entry) -> Decision) -> Option<(Url, Entry)> {
        self.take_up_to(u32::MAX, decide)
    }

    /// The same of nothing but what pages wait for that have come.
    pub(super) fn take_beside(&mut self, decide: impl FnMut(&Url, &mut Entry) -> Decision) -> Option<(Url, Entry)> {
        self.take_up_to(BESIDE, decide)
    }

    fn take_up_to(&mut self, last: u32, mut decide: impl FnMut(&Url, &mut Entry) -> Decision) -> Option<(Url, Entry)> {
        while let Some((rank, _, name)) = self.ready.first().filter(|(rank, ..)| *rank <= last).cloned() {
            let origin = self.origins.get_mut(&name).expect("every ready origin has entries");
            let entries = origin.queues.get_mut(&rank).expect("it is ready by the rank of its next entry");
            let next = entries.front_mut().expect("empty queues are removed");
            let url = next.parsed();
            match decide(&url, next) {
                Decision::Take => {
                    let entry = entries.pop_front().expect("it was just looked at");
                    self.taken(&name, rank);
                    return Some((url, entry));
                }
                Decision::Until(at) => self.stand(&name, Stand::Until(at)),
                Decision::Blocked => self.stand(&name, Stand::Blocked),
            }
        }
        None
    }

    /// Takes all that is queued for the origin of `url`.
    pub(super) fn take_origin(&mut self, url: &Url) -> Vec<Entry> {
        let name = origin(url);
        self.leave(&name);
        let Some(origin) = self.origins.remove(&*name) else { return Vec::new() };
        let entries: Vec<_> = origin.queues.into_values().flatten().collect();
        self.queued -= entries.len();
        entries
    }

    /// How many URLs wait.
    pub(super) fn len(&self) -> usize {
        self.queued + self.delayed.len()
    }

    fn taken(&mut self, name: &Arc<str>, rank: u32) {
        self.queued -= 1;
        self.leave(name);
        self.turns += 1;
        let turn = self.turns;
        let origin = self.origins.get_mut(name).expect("an entry of it was just taken");
        origin.turn = turn;
        if origin.queues[&rank].is_empty() {
            origin.queues.remove(&rank);
        }
        match origin.queues.is_empty() {
            true => drop(self.origins.remove(name)),
            false => self.enter(name),
        }
    }

    fn push(&mut self, url: &Url, entry: Entry, end: End) {
        self.queued += 1;
        let name = &url[..url::Position::BeforePath];
        let name = match self.origins.get_key_value(name) {
            Some((name, _)) => name.clone(),
            None => {
                let name: Arc<str> = name.into();
                self.turns += 1;
                self.origins.insert(name.clone(), Origin { queues: BTreeMap::new(), turn: self.turns, stand: Stand::Ready });
                name
            }
        };
        self.leave(&name);
        let origin = self.origins.get_mut(&name).expect("it was just looked up or inserted");
        let entries = origin.queues.entry(entry.rank()).or_default();
        match end {
            End::Front => entries.push_front(entry),
            End::Back => entries.push_back(entry),
        }
        self.enter(&name);
    }

    fn stand(&mut self, name: &Arc<str>, stand: Stand) {
        self.leave(name);
        if let Some(origin) = self.origins.get_mut(name) {
            origin.stand = stand;
            self.enter(name);
        }
    }

    /// Takes an origin out of the order it stands in, before what it is ordered by changes.
    fn leave(&mut self, name: &str) {
        let Some((name, origin)) = self.origins.get_key_value(name) else { return };
        match (origin.stand, origin.queues.first_key_value()) {
            (Stand::Ready, Some((rank, _))) => drop(self.ready.remove(&(*rank, origin.turn, name.clone()))),
            (Stand::Until(at), _) => drop(self.waiting.remove(&(at, name.clone()))),
            (Stand::Ready, None) | (Stand::Blocked, _) => {}
        }
    }

    fn enter(&mut self, name: &Arc<str>) {
        let Some(origin) = self.origins.get(name) else { return };
        match (origin.stand, origin.queues.first_key_value()) {
            (Stand::Ready, Some((rank, _))) => drop(self.ready.insert((*rank, origin.turn, name.clone()))),
            (Stand::Until(at), _) => drop(self.waiting.insert((at, name.clone()))),
            (Stand::Ready, None) | (Stand::Blocked, _) => {}
        }
    }
}

enum End {
    Front,
    Back,
}

/// The rank of what pages wait for that have come.
const BESIDE: u32 = 0;
pub(super) const TOO_LONG: &str = "the URL is too long";
/// A row of a server's index ends at 2,704 bytes.
const LONGEST_SHARED: usize = 2_048;

/// Scheme, host and port: what has one robots.txt and one pace.
pub(super) fn origin(url: &Url) -> Box<str> {
    url[..url::Position::BeforePath].into()
}

/// The one form in which URLs are compared: without fragment, empty query, user name and password (none is sent), escapes in capitals and only where needed
/// (RFC 3986 6.2.2). What RFC 3986 leaves to the scheme (default port, empty path, dot segments) the parser has done.
///
/// `/` and `/index.html` stay two, as nothing says that they are one; a crawl notices it by their content.
pub fn normalise(mut url: Url) -> Url {
    url.set_fragment(None);
    // Both fail only for URLs that cannot have a user name in the first place.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query() == Some("") {
        url.set_query(None);
    }
    if let Some(path) = escapes_normalised(url.path()) {
        url.set_path(&path);
    }
    if let Some(query) = url.query().and_then(escapes_normalised) {
        url.set_query(Some(&query));
    }
    url
}

/// Whether what is behind `#` looks like the route of a page that shows many: `#/guide`, or `#!guide`, which is no name of a place in a page.
pub fn is_route(url: &Url) -> bool {
    // "#!" alone is where a link leads that only a script answers to.
    url.fragment().is_some_and(|fragment| fragment.starts_with('/') || fragment.strip_prefix('!').is_some_and(|route| !route.is_empty()))
}

/// Whether the page that came is another than the one that was asked for. A route of a page that shows all of them has its own address; of all
/// others what is behind `#` is no part of it.
pub fn is_elsewhere(page: &Url, asked: &Url) -> bool {
    page != asked && (is_route(asked) || *page != normalise(asked.clone()))
}

/// The address of a route as somebody writes it; none of what has no route.
pub fn parse_route(text: &str) -> Option<Url> {
    parse_with_fragment(text).filter(is_route)
}

/// The address as somebody writes it, with what is behind `#`, which is a part of the address of some stored pages; none where there is
/// nothing behind it.
pub fn parse_with_fragment(text: &str) -> Option<Url> {
    let (_, fragment) = text.trim().split_once('#').filter(|(_, fragment)| !fragment.is_empty())?;
    let mut url = super::plan::parse_url(text).ok()?;
    url.set_fragment(Some(fragment));
    Some(url)
}

/// None where it is in order already. What an escape stands for may make another one with what is before it, as in "%%36%31", which is
/// "%61": looked at as it comes out, so that it takes time in the length of the text however often that is so. No two escapes have a
/// character in common, so that their order makes no difference.
fn escapes_normalised(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut normal = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c: char| c.is_ascii_hexdigit()) {
        normal.push_str(piece);
        while let Some((octet, at)) = escape_at_end(&normal) {
            // Dots stay escaped: the parser has taken "%2e" as a dot segment where it is one, and what remains must not become one.
            if !(octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'~')) {
                normal[at..].make_ascii_uppercase();
                break;
            }
            normal.truncate(at);
            normal.push(octet.into());
        }
    }
    (normal != text).then_some(normal)
}

/// What the escape stands for with which the text ends, and where that begins.
fn escape_at_end(text: &str) -> Option<(u8, usize)> {
    let (at, escape) = (text.len().checked_sub(3)?, text.as_bytes().last_chunk::<3>()?);
    match (escape[0], digit(Some(&escape[1])), digit(Some(&escape[2]))) {
        (b'%', Some(high), Some(low)) => Some(((high << 4 | low) as u8, at)),
        _ => None,
    }
}

fn digit(byte: Option<&u8>) -> Option<u32> {
    byte.and_then(|byte| (*byte as char).to_digit(16))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn frontier() -> Frontier {
        Frontier::new(Limits { max_queued: 1_000_000, max_url_length: 2_048, max_query_variants: Some(3) })
    }

    fn offer(frontier: &mut Frontier, text: &str, depth: u32) -> Offered {
        frontier.offer(&url(text), || Entry::new(&url(text), depth, Role::Page))
    }

    #[test]
    fn what_pages_wait_for_comes_before_all_else_and_can_be_had_alone() {
        let mut frontier = frontier();
        offer(&mut frontier, "http://a.test/page", 0);
        let beside = url("http://a.test/data.json");
        frontier.put_back(&beside, Entry::new(&beside, 0, Role::Beside));
        // As a page does that was asked for too soon.
        let again = url("http://a.test/again");
        frontier.put_back(&again, Entry::new(&again, 0, Role::Page));
        let other = url("http://b.test/data.json");
        frontier.put_back(&other, Entry::new(&other, 0, Role::Beside));
        let mut asked = Vec::new();
        while let Some((url, _)) = frontier.take_beside(|_, _| Decision::Take) {
            asked.push(url.to_string());
        }
        asked.sort();
        assert_eq!((asked, frontier.len()), (vec![beside.to_string(), other.to_string()], 2));
        assert_eq!([take(&mut frontier), take(&mut frontier)].map(Option::unwrap), ["http://a.test/again", "http://a.test/page"]);
    }

    #[test]
    fn a_route_is_a_page_of_its_own_and_another_fragment_is_none() {
        let is_elsewhere = |page: &str, asked: &str| is_elsewhere(&url(page), &url(asked));
        for (page, asked) in [
            ("http://a.test/#/guide", "http://a.test/#/guide"),
            ("http://a.test/", "http://a.test/#part"),
            ("http://a.test/", "http://a.test/#!"),
            ("http://a.test/#!guide.md", "http://a.test/#!guide.md"),
            ("http://a.test/~x", "http://a.test/%7Ex#part"),
        ] {
            assert!(!is_elsewhere(page, asked), "{page}");
        }
        assert!(is_elsewhere("http://a.test/", "http://a.test/#/guide"), "the top shows something else");
        assert!(is_elsewhere("http://a.test/#/other", "http://a.test/#!/guide"));
        assert!(is_elsewhere("http://a.test/b", "http://a.test/a"));
    }

    fn take(frontier: &mut Frontier) -> Option<String> {
        frontier.take(|_, _| Decision::Take).map(|(_, entry)| entry.url.into())
    }

    fn is_empty(frontier: &Frontier) -> bool {
        frontier.len() == 0 && frontier.origins.is_empty() && frontier.ready.is_empty() && frontier.waiting.is_empty()
    }

    #[test]
    fn one_page_has_one_form() {
        let forms = ["http://A.test:80/a/../b/%7Ex?q=%c3%a4#part", "http://a.test/b/~x?q=%C3%A4", "http://me:secret@a.test/b/./%7ex?q=ä"];
        for form in forms {
            assert_eq!(normalise(url(form)).as_str(), "http://a.test/b/~x?q=%C3%A4", "{form}");
        }
        assert_eq!(normalise(url("http://a.test")).as_str(), "http://a.test/");
        assert_eq!(normalise(url("http://a.test/x?#")).as_str(), "http://a.test/x");
    }

    /// Whoever writes the address chooses how often that is so: a round for each would take minutes.
    #[test]
    fn escapes_within_escapes_take_time_in_their_length() {
        let deep = |depth: usize| format!("http://a.test/{}%36?{}%37", "%3".repeat(depth), "%3".repeat(depth));
        for depth in [0, 1, 2, 1_000_000] {
            assert_eq!(normalise(url(&deep(depth))).as_str(), "http://a.test/6?7", "{depth}");
        }
        for (text, expected) in [
            ("/%%36%31", "/a"),
            ("/%%341", "/A"),
            ("/%4%31%31", "/A1"),
            ("/%2%66", "/%2F"),
            ("/x%%32e", "/x%2E"),
            ("/%2536%e", "/%2536%e"),
            ("/%c3%A4%", "/%C3%A4%"),
        ] {
            assert_eq!(normalise(url(&format!("http://a.test{text}"))).as_str(), format!("http://a.test{expected}"), "{text}");
        }
    }

    #[test]
    fn what_may_be_two_pages_stays_two() {
        for form in ["http://a.test/index.html", "http://a.test/x/", "http://a.test/a%2Fb", "http://a.test/?b=1&a=2", "http://a.test/X"] {
            assert_eq!(normalise(url(form)).as_str(), form);
        }
    }

    #[test]
    fn nearer_pages_come_first_and_each_once() {
        let mut frontier = frontier();
        assert_eq!(offer(&mut frontier, "http://a.test/2", 2), Offered::Queued);
        assert_eq!(offer(&mut frontier, "http://a.test/1", 1), Offered::Queued);
        assert_eq!(offer(&mut frontier, "http://b.test/1", 1), Offered::Queued);
        assert_eq!(offer(&mut frontier, "http://a.test/1b", 1), Offered::Queued);
        assert_eq!(offer(&mut frontier, "http://a.test/1", 3), Offered::Seen);
        let order: Vec<_> = std::iter::from_fn(|| take(&mut frontier)).collect();
        assert_eq!(order, ["http://a.test/1", "http://b.test/1", "http://a.test/1b", "http://a.test/2"]);
        assert!(is_empty(&frontier));
    }

    #[test]
    fn an_origin_that_has_to_wait_does_not_hold_up_others() {
        let mut frontier = frontier();
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        offer(&mut frontier, "http://slow.test/", 0);
        offer(&mut frontier, "http://busy.test/", 0);
        offer(&mut frontier, "http://b.test/", 5);
        let mut asked = Vec::new();
        let mut decide = |url: &Url, _: &mut Entry| {
            asked.push(url.host_str().unwrap().to_owned());
            match url.host_str() {
                Some("slow.test") => Decision::Until(later),
                Some("busy.test") => Decision::Blocked,
                _ => Decision::Take,
            }
        };
        assert_eq!(&*frontier.take(&mut decide).unwrap().1.url, "http://b.test/");
        assert_eq!(frontier.take(&mut decide), None);
        assert_eq!(asked, ["slow.test", "busy.test", "b.test"], "who stands aside is not asked again");
        assert_eq!(frontier.due(), Some(later));
        frontier.wake(now);
        assert_eq!(take(&mut frontier), None);
        frontier.release(&url("http://slow.test/"));
        assert_eq!(take(&mut frontier), None, "nobody but the clock releases what waits for it");
        frontier.release(&url("http://busy.test/"));
        assert_eq!(take(&mut frontier).unwrap(), "http://busy.test/");
        frontier.wake(later);
        assert_eq!(frontier.due(), None);
        assert_eq!(take(&mut frontier).unwrap(), "http://slow.test/");
        assert!(is_empty(&frontier));
    }

    #[test]
    fn who_stands_aside_keeps_depth_and_turn() {
        let mut frontier = frontier();
        for text in ["http://a.test/1", "http://b.test/1", "http://c.test/1", "http://a.test/2"] {
            offer(&mut frontier, text, 1);
        }
        let taken = frontier.take(|url, _| if url.host_str() == Some("a.test") { Decision::Blocked } else { Decision::Take });
        assert_eq!(&*taken.unwrap().1.url, "http://b.test/1");
        // A link that is nearer comes meanwhile.
        offer(&mut frontier, "http://a.test/0", 0);
        frontier.release(&url("http://a.test/"));
        let order: Vec<_> = std::iter::from_fn(|| take(&mut frontier)).collect();
        assert_eq!(order, ["http://a.test/0", "http://c.test/1", "http://a.test/1", "http://a.test/2"]);
        assert!(is_empty(&frontier));
    }

    /// Counted, not timed: what is looked at for one request does not grow with the number of origins.
    #[test]
    fn many_origins_cost_no_more_than_a_few() {
        let mut frontier = frontier();
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_secs(1));
        let origins = 16_000;
        for number in 0..origins {
            offer(&mut frontier, &format!("http://h{number}.a.test/1"), 1);
            offer(&mut frontier, &format!("http://h{number}.a.test/2"), 1);
        }
        let mut looks = 0;
        let mut taken = 0;
        for round in 0..2 {
            while frontier
                .take(|url, _| {
                    looks += 1;
                    // Of four origins one has to wait, and one is busy, once each.
                    let number: usize = url.host_str().unwrap()[1..].split('.').next().unwrap().parse().unwrap();
                    match (round, number % 4) {
                        (0, 0) => Decision::Until(later),
                        (0, 1) => Decision::Blocked,
                        _ => Decision::Take,
                    }
                })
                .is_some()
            {
                taken += 1;
            }
            frontier.wake(now);
            frontier.wake(later);
            (0..origins).for_each(|number| frontier.release(&url(&format!("http://h{number}.a.test/"))));
        }
        assert_eq!((taken, looks), (2 * origins, 2 * origins + origins / 2));
        assert!(is_empty(&frontier));
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let mut frontier = frontier();
        offer(&mut frontier, "http://a.test/1", 1);
        offer(&mut frontier, "http://a.test/2", 1);
        let (url, entry) = frontier.take(|_, _| Decision::Take).unwrap();
        frontier.put_back(&url, entry);
        assert_eq!(take(&mut frontier).unwrap(), "http://a.test/1");
    }

    #[test]
    fn a_delayed_entry_comes_when_it_is_due() {
        let (mut frontier, now) = (frontier(), Instant::now());
        let entry = Entry::new(&url("http://a.test/"), 0, Role::Page);
        frontier.delay(entry, now + Duration::from_secs(1));
        assert!(!is_empty(&frontier));
        frontier.wake(now);
        assert_eq!(frontier.due(), Some(now + Duration::from_secs(1)));
        assert_eq!(take(&mut frontier), None);
        frontier.wake(now + Duration::from_secs(1));
        assert_eq!(frontier.due(), None);
        assert_eq!(take(&mut frontier).unwrap(), "http://a.test/");
    }

    #[test]
    fn what_pages_wait_for_that_have_come_is_not_lost_with_what_was_given() {
        let (mut frontier, now) = (frontier(), Instant::now());
        frontier.share();
        let entry = |text: &str, role| (url(text), Entry::new(&url(text), 1, role));
        for (url, entry) in
            [entry("http://a.test/1", Role::Page), entry("http://a.test/data", Role::Beside), entry("http://b.test/", Role::Seed)]
        {
            frontier.queue_remembered(&url, entry);
        }
        frontier.delay(entry("http://a.test/2", Role::Page).1, now);
        frontier.delay(entry("http://a.test/more", Role::Beside).1, now);
        frontier.lose_shared();
        assert_eq!(frontier.len(), 2);
        frontier.wake(now);
        let mut left: Vec<_> = std::iter::from_fn(|| take(&mut frontier)).collect();
        left.sort();
        assert_eq!(left, ["http://a.test/data", "http://a.test/more"]);
        assert!(is_empty(&frontier));
    }

    #[test]
    fn a_whole_origin_can_be_taken() {
        let mut frontier = frontier();
        for text in ["http://a.test/1", "http://a.test/2", "http://b.test/"] {
            offer(&mut frontier, text, 1);
        }
        assert_eq!(frontier.take_origin(&url("http://a.test/")).len(), 2);
        assert_eq!(take(&mut frontier).unwrap(), "http://b.test/");
        assert!(is_empty(&frontier));
    }

    #[test]
    fn endless_sites_end() {
        let mut frontier = frontier();
        for day in 0..3 {
            assert_eq!(offer(&mut frontier, &format!("http://a.test/calendar?day={day}"), 1), Offered::Queued);
        }
        assert_eq!(offer(&mut frontier, "http://a.test/calendar?day=4", 1), Offered::Refused("too many queries of one path"));
        assert_eq!(offer(&mut frontier, "http://a.test/other?day=4", 1), Offered::Queued);
        assert_eq!(offer(&mut frontier, &format!("http://a.test/{}", "x".repeat(2_048)), 1), Offered::Refused("the URL is too long"));
        assert_eq!(offer(&mut frontier, "http://a.test/a/b/a/b/a/b/a/b/c", 1), Offered::Refused("the path repeats itself"));
        assert_eq!(offer(&mut frontier, "http://a.test/a/b/a/b/a/b", 1), Offered::Refused("the path repeats itself"));
        let mut all = Frontier::new(Limits { max_query_variants: None, ..frontier.limits });
        for address in ["/calendar?day=1", "/calendar?day=2", "/calendar?day=3", "/calendar?day=4", "/a/b/a/b/a/b/a/b/c"] {
            assert_eq!(offer(&mut all, &format!("http://a.test{address}"), 1), Offered::Queued);
        }
        assert_eq!(offer(&mut all, &format!("http://a.test/{}", "x".repeat(2_048)), 1), Offered::Refused("the URL is too long"));
        frontier.limits.max_queued = 4;
        assert_eq!(offer(&mut frontier, "http://a.test/more", 1), Offered::Refused("the queue is full"));
    }

    #[test]
    fn what_was_named_is_no_trap() {
        let mut frontier = frontier();
        let long = url(&format!("http://a.test/{}", "x".repeat(2_048)));
        assert_eq!(frontier.offer_named(&long, || Entry::new(&long, 0, Role::Page)), Offered::Refused(TOO_LONG));
        assert_eq!(frontier.offer_named(&long, || Entry::new(&long, 0, Role::Seed)), Offered::Queued);
        for number in 0..10 {
            let named = url(&format!("http://a.test/x?id={number}"));
            assert_eq!(frontier.offer_named(&named, || Entry::new(&named, 0, Role::Seed)), Offered::Queued);
            assert_eq!(offer(&mut frontier, named.as_str(), 1), Offered::Seen);
        }
    }

    #[test]
    fn a_hundred_thousand_links_take_little_memory() {
        assert!(size_of::<Entry>() <= 72, "{}", size_of::<Entry>());
        let mut frontier = frontier();
        let page: Arc<str> = "http://a.test/".into();
        for number in 0..100_000 {
            let link = url(&format!("http://a.test/{number}"));
            frontier.offer(&link, || Entry::new(&link, 1, Role::Page).from(&page));
        }
        assert_eq!(frontier.queued, 100_000);
        assert_eq!(Arc::strong_count(&page), 100_001);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(path in "[%/.~a-f0-9?é ]{0,24}", query in "[%=&a-f0-9A-F#]{0,12}") {
            if let Ok(url) = Url::parse(&format!("http://a.test/{path}?{query}")) {
                let once = normalise(url);
                let twice = normalise(once.clone());
                prop_assert_eq!(twice.as_str(), once.as_str());
                let parsed = Url::parse(once.as_str()).unwrap();
                prop_assert_eq!(parsed.as_str(), once.as_str());
            }
        }
    }
}
