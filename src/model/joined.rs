//! A crawl that many processes and machines do together: what travels between one of them, a worker, and the table that they share.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Recipe, SourceId};

/// The number of such a crawl in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JoinedId(pub i64);

/// The number of one that takes part in it. Whoever was silent for too long is not it any more, and comes again as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub i64);

/// What all workers together keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinedLimits {
    pub max_pages: u64,
    pub max_requests: u64,
    /// Of answers, as decoded.
    pub max_bytes: u64,
    /// Requests in flight to one origin.
    pub per_host: u64,
    /// How long a worker may be silent before its addresses are given to others.
    pub lease: Duration,
}

/// A crawl that is to be done together.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinedPlan {
    /// With the recipe of each; the first one names the crawl.
    pub sources: Vec<(SourceId, Recipe)>,
    pub limits: JoinedLimits,
    /// Where it begins.
    pub seeds: Vec<Waiting>,
}

/// A crawl that is done together, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    pub id: JoinedId,
    pub sources: Vec<(SourceId, Recipe)>,
    pub limits: JoinedLimits,
    pub opened: SystemTime,
    pub totals: JoinedTotals,
}

/// An address that waits for its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// In normal form.
    pub url: Box<str>,
    /// Links followed from a seed.
    pub depth: u32,
    /// What it is asked for, as the crawler writes it. The table knows [`Waiting::PAGE`] and [`Waiting::RESTORED`].
    pub role: u16,
    /// The page it was found on.
    pub from: Option<Box<str>>,
    /// The addresses that redirected here, oldest first.
    pub via: Vec<Box<str>>,
}

impl Waiting {
    /// The role of a link.
    pub const PAGE: u16 = 0;
    /// That of a page which yielded to a canonical address that came to nothing.
    pub const RESTORED: u16 = 1;
}

/// What became of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// There is a page.
    Page,
    /// It failed or was skipped.
    Nothing,
    /// It redirects there.
    Moved(Box<str>),
    /// It says that this is its canonical address, and is left out unless that comes to nothing.
    Yields(Box<str>),
}

/// An address that was dealt with: all that it led to was told before it, or is told with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealt {
    pub url: Box<str>,
    /// Addresses that redirected there and were followed at once, as the site had to know the same visitor.
    pub hops: Vec<Box<str>>,
    pub became: Became,
    /// Whether a page was handed out, which counts for the limit.
    pub is_page: bool,
}

/// What was left out or could not be had, for the account of the crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub kind: RemarkKind,
    /// To be shown.
    pub url: String,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemarkKind {
    Skipped,
    Failed,
}

/// What a worker has made of what it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    pub found: Vec<Waiting>,
    /// Addresses that no request is made for any more, and that are not dealt with yet.
    pub fetched: Vec<Box<str>>,
    pub dealt: Vec<Dealt>,
    /// Addresses that the crawl leaves out from now on, whoever meets them.
    pub left_out: Vec<Box<str>>,
    /// What others have to know of the seeds, as the crawler writes it.
    pub lessons: Vec<String>,
    pub notes: Vec<Remark>,
    /// Origins that only fail.
    pub given_up: Vec<Box<str>>,
    /// Requests and bytes so far, of this worker.
    pub spent: Spent,
}

/// A page that a worker wants stored, as far as the table judges it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOf {
    /// The address that it was dealt with as.
    pub url: Box<str>,
    /// What tells its content from others of its site; none where that is not known.
    pub contents: Vec<u64>,
}

/// What became of such a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored, and counts.
    Stored,
    /// Another address has the same content.
    SameAs(Box<str>),
    /// The address was somebody else's by then: nothing was stored.
    Late,
}

/// Requests and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub requests: u64,
    pub bytes: u64,
}

/// What a worker wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Addresses at the most.
    pub urls: usize,
    /// The last lesson that it knows.
    pub lesson: i64,
    /// What it has spent so far.
    pub spent: Spent,
    /// What it was allowed and will not spend.
    pub returned: Spent,
}

/// What it gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub urls: Vec<Waiting>,
    /// What it may spend more than before.
    pub allowed: Spent,
    /// With the number of each.
    pub lessons: Vec<(i64, String)>,
    pub totals: JoinedTotals,
}

/// How far the crawl is, all workers together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JoinedTotals {
    /// Workers that nobody has missed yet.
    pub workers: u64,
    /// Addresses that wait.
    pub queued: u64,
    /// Addresses that workers have in hand.
    pub leased: u64,
    /// Addresses that were dealt with.
    pub done: u64,
    /// Pages handed out, and of these the ones that were stored.
    pub pages: u64,
    pub stored: u64,
    pub skipped: u64,
    pub failed: u64,
    pub requests: u64,
    pub bytes: u64,
    /// Addresses that came back from workers that were silent for too long.
    pub returned: u64,
    /// Pages that came from such a worker when the address was another's: they were not stored.
    pub late: u64,
    /// None while it goes on.
    pub ended: Option<JoinedEnd>,
    /// What ends it, when what is in hand has come in.
    #[serde(skip)]
    pub ending: Option<JoinedEnd>,
}

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinedEnd {
    Complete,
    MaxPages,
    MaxRequests,
    MaxBytes,
    Stopped,
}

/// What is known of an origin's robots.txt in a crawl that is done together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RobotsKnown {
    /// As it came, and how long that counts.
    As { status: u16, body: Vec<u8>, good_for: Duration },
    /// Nothing: whoever is told so asks for it, and nobody else until the time of a lease is over.
    Ask,
    /// Another asks for it just now.
    Wait,
}

/// By which clock times are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// That of whoever keeps the store, which is one for all machines; so far ahead of it, where time is virtual.
    Store {
        ahead: Duration,
    },
    At(SystemTime),
}
