//! A crawl that many crawlers do together: how its walk gets addresses from outside and tells what came of them. Pure; who keeps the table
//! where is not known here.
//!
//! Each of them walks as always, over the addresses that it was given: links go out instead of into its own queue. Each link goes out once, as it
//! is met once: whoever takes it has to keep it until it is in the table. What it knows by itself
//! and others do not costs a request more at the worst: which names a site goes by, which pages are there in markdown, what traps are, which
//! links were left out. What would lose or double a page is told: what seeds taught, what became of an address, contents,
//! translations.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::{Became, Dealt, RobotsKnown, Spent, Waiting};
use crate::reactor::Boxed;

use super::frontier::{Entry, Named, Role, normalise};
use super::plan::CrawlRequest;
use super::twins::Place;

/// What the crawlers of one crawl know together: see [`Crawler::crawl_together`](super::Crawler::crawl_together).
pub trait Common: fmt::Debug + Send + Sync {
    /// What is known of an origin's robots.txt; none where that cannot be told at the moment: then it is asked for.
    fn robots<'a>(&'a self, origin: &'a str) -> Boxed<'a, Option<RobotsKnown>>;

    /// What came of asking for it; none where it could not be had.
    fn keep_robots<'a>(&'a self, origin: &'a str, known: Option<(u16, Vec<u8>)>, delay: Option<Duration>) -> Boxed<'a, ()>;
}

/// What a walk has to tell the others.
#[derive(Debug, Default)]
pub struct Tidings {
    pub found: Vec<Waiting>,
    /// Whether a page was handed out is its consumer's to say.
    pub dealt: Vec<Dealt>,
    pub left_out: Vec<Box<str>>,
    pub lessons: Vec<String>,
    pub given_up: Vec<Box<str>>,
    /// Of pages, by their addresses.
    pub contents: Vec<(Box<str>, u64)>,
    /// So far.
    pub spent: Spent,
}

/// What of the frontier goes out.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub found: Vec<Waiting>,
    pub dealt: Vec<Dealt>,
    /// By where they led: addresses whose redirects were followed at once. They are dealt with when that is.
    hops: HashMap<Box<str>, Vec<Box<str>>>,
    followed: HashSet<Box<str>>,
}

impl Outbox {
    pub(super) fn follow_at_once(&mut self, from: &Url, to: &Url) {
        // It is asked for again, and is dealt with when that has come to something.
        if from == to {
            return;
        }
        let mut hops = self.hops.remove(from.as_str()).unwrap_or_default();
        hops.push(from.as_str().into());
        hops.retain(|hop| **hop != *to.as_str());
        self.hops.insert(to.as_str().into(), hops);
        self.followed.insert(from.as_str().into());
    }

    /// What was followed at once is not any more. What is told already is told again by nobody, as it is met once.
    pub(super) fn lose_all(&mut self) {
        self.hops.clear();
    }

    pub(super) fn dealt_with(&mut self, url: Box<str>, became: Became) {
        if self.followed.remove(&url) {
            return;
        }
        let hops = self.hops.remove(&url).unwrap_or_default();
        self.dealt.push(Dealt { url, hops, became, is_page: false });
    }
}

/// What one crawl does with others.
#[derive(Debug, Default)]
pub(super) struct Together {
    pub lessons: Vec<String>,
    pub given_up: Vec<Box<str>>,
    pub left_out: Vec<Box<str>>,
    pub contents: Vec<(Box<str>, u64)>,
    /// Nothing is begun any more.
    pub is_ending: bool,
}

/// What a seed has taught one of them.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Lesson {
    /// Its page was read. None: that was known, or does not matter.
    Read {
        seed: Url,
        is_folder: Option<bool>,
        has_old_versions: Option<bool>,
    },
    Moved {
        from: Url,
        to: Url,
    },
}

impl CrawlRequest {
    /// Where it begins.
    pub fn beginning(&self) -> Vec<Waiting> {
        self.seeds.iter().cloned().map(normalise).map(|seed| waiting(Entry::new(&seed, 0, Role::Seed))).collect()
    }
}

pub(super) fn waiting(entry: Entry) -> Waiting {
    let Entry { url, depth, role, from, via, .. } = entry;
    Waiting { url, depth, role: number_of(role), from: from.map(|from| (*from).into()), via }
}

/// What a table gives out; none of what no crawler writes.
pub(super) fn entry(waiting: Waiting) -> Option<(Url, Entry)> {
    let url = Url::parse(&waiting.url).ok()?;
    let role = role_of(waiting.role)?;
    let from = waiting.from.map(Arc::from);
    let entry = Entry { from, via: waiting.via, ..Entry::new(&url, waiting.depth, role) };
    Some((url, entry))
}

fn number_of(role: Role) -> u16 {
    let named = |named| match named {
        Named::Seed => 0,
        Named::Robots => 1,
        Named::Guess => 2,
    };
    match role {
        // What is beside a page stays with who has that.
        Role::Page | Role::Beside => Waiting::PAGE,
        Role::Restored => Waiting::RESTORED,
        Role::Seed => 2,
        Role::Llms(Place::Near) => 3,
        Role::Llms(Place::Top) => 4,
        Role::Llms(Place::Full) => 5,
        Role::Sitemap { level, named: by } => 16 * (1 + named(by)) + u16::from(level.min(15)),
    }
}

fn role_of(number: u16) -> Option<Role> {
    Some(match number {
        Waiting::PAGE => Role::Page,
        Waiting::RESTORED => Role::Restored,
        2 => Role::Seed,
        3 => Role::Llms(Place::Near),
        4 => Role::Llms(Place::Top),
        5 => Role::Llms(Place::Full),
        16..64 => {
            let named = [Named::Seed, Named::Robots, Named::Guess][usize::from(number / 16 - 1)];
            Role::Sitemap { level: (number % 16) as u8, named }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn what_goes_out_comes_back_the_same() {
        let sitemaps = [Named::Seed, Named::Robots, Named::Guess].map(|named| (0..3).map(move |level| Role::Sitemap { level, named }));
        let llms = [Place::Near, Place::Top, Place::Full].map(Role::Llms);
        for role in sitemaps.into_iter().flatten().chain(llms).chain([Role::Page, Role::Restored, Role::Seed]) {
            let from: Arc<str> = "http://a.test/from".into();
            let known = Entry { via: vec!["http://a.test/via".into()], ..Entry::new(&url("http://a.test/x"), 3, role).from(&from) };
            assert_eq!(entry(waiting(known.clone())), Some((url("http://a.test/x"), known)));
        }
        let odd = |role, text: &str| Waiting { url: text.into(), depth: 0, role, from: None, via: Vec::new() };
        assert_eq!((entry(odd(6, "http://a.test/")), entry(odd(64, "http://a.test/")), entry(odd(0, "nonsense"))), (None, None, None));
    }

    #[test]
    fn a_chain_that_is_followed_at_once_is_dealt_with_at_its_end() {
        let mut outbox = Outbox::default();
        let (door, desk) = (url("http://a.test/door"), url("http://a.test/desk"));
        outbox.follow_at_once(&door, &desk);
        outbox.dealt_with(door.as_str().into(), Became::Nothing);
        assert_eq!(outbox.dealt, []);
        // Back, as somebody whom the site knows now.
        outbox.follow_at_once(&desk, &door);
        outbox.dealt_with(desk.as_str().into(), Became::Nothing);
        outbox.dealt_with(door.as_str().into(), Became::Page);
        let [Dealt { url, hops, became: Became::Page, .. }] = &outbox.dealt[..] else { panic!("{:?}", outbox.dealt) };
        assert_eq!((&**url, &hops[..]), (door.as_str(), &[Box::from(desk.as_str())][..]));
        assert!(outbox.hops.is_empty() && outbox.followed.is_empty());
    }
}
