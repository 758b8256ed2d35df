//! The rows of a crawl that is done together, and what an engine does with them: each within a transaction of its caller.

use std::time::Duration;

use crate::model::{JoinedEnd, JoinedLimits, Remark, Spent, Trail, Waiting};
use crate::store::error::Failure;

/// A crawl. Whoever reads it has it to itself until the end of the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct CrawlRow {
    pub limits: JoinedLimits,
    /// What ends it, when nothing is in hand any more.
    pub ending: Option<JoinedEnd>,
    pub ended: Option<JoinedEnd>,
    /// Addresses that wait, that are in hand, and that were dealt with.
    pub waiting: i64,
    pub held: i64,
    pub done: i64,
    pub pages: i64,
    pub stored: i64,
    pub skipped: i64,
    pub failed: i64,
    pub returned: i64,
    pub late: i64,
    /// What workers were allowed, and what of that is spent, or was a worker's that is gone.
    pub granted: Spent,
    pub spent: Spent,
    /// Turns ever given to origins.
    pub turns: i64,
}

impl CrawlRow {
    /// What changes of it, in the order of the columns that both engines write.
    pub fn columns(&self) -> [i64; 16] {
        [
            end_number(self.ending),
            end_number(self.ended),
            self.waiting,
            self.held,
            self.done,
            self.pages,
            self.stored,
            self.skipped,
            self.failed,
            self.returned,
            self.late,
            number(self.granted.requests),
            number(self.granted.bytes),
            number(self.spent.requests),
            number(self.spent.bytes),
            self.turns,
        ]
    }
}

/// One that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct WorkerRow {
    pub id: i64,
    /// Milliseconds since 1970, as all times here.
    pub until: i64,
    pub is_gone: bool,
    pub granted: Spent,
    pub spent: Spent,
}

impl WorkerRow {
    /// As those of a crawl.
    pub fn columns(&self) -> [i64; 6] {
        let Self { until, is_gone, granted, spent, .. } = self;
        let of = |spent: &Spent| [number(spent.requests), number(spent.bytes)];
        let ([requests, bytes], [spent_requests, spent_bytes]) = (of(granted), of(spent));
        [*until, i64::from(*is_gone), requests, bytes, spent_requests, spent_bytes]
    }
}

/// An origin of the crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct OriginRow {
    pub id: i64,
    /// Addresses of it that wait; none where it was given up.
    pub waiting: i64,
    /// Requests to it that may be in flight.
    pub in_flight: i64,
    /// What its robots.txt asks for between two requests, in milliseconds.
    pub delay: i64,
    /// Lower is sooner.
    pub turn: i64,
    /// Nobody is to ask it any more.
    pub is_given_up: bool,
    /// Until when its robots.txt is as it came; where there is none yet, until when somebody has it in hand.
    pub robots_until: i64,
}

impl OriginRow {
    /// Requests that it takes at once.
    pub(super) fn at_once(&self, limits: &JoinedLimits) -> i64 {
        if self.delay > 0 { 1 } else { number(limits.per_host) }
    }
}

/// An address of the crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct AddressRow {
    pub id: i64,
    pub origin: i64,
    pub state: i64,
    /// Where it moved or yielded to.
    pub target: Option<Box<str>>,
}

/// An address that a worker has in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct HeldRow {
    pub id: i64,
    pub url: Box<str>,
    pub origin: i64,
    /// [`LEASED`] or [`FETCHED`].
    pub state: i64,
}

/// What becomes of an address, one after the other.
pub(in crate::store) const WAITING: i64 = 0;
/// It has a place at its origin.
pub(in crate::store) const LEASED: i64 = 1;
pub(in crate::store) const FETCHED: i64 = 2;
pub(in crate::store) const PAGE: i64 = 3;
/// It came to nothing.
pub(in crate::store) const DONE: i64 = 4;
pub(in crate::store) const MOVED: i64 = 5;
pub(in crate::store) const YIELDED: i64 = 6;
/// It was never to be fetched.
pub(in crate::store) const LEFT_OUT: i64 = 7;

/// What an engine does. All of it is about one crawl.
pub(in crate::store) trait Rows {
    /// Locked, if there is one.
    fn crawl(&self) -> Result<Option<CrawlRow>, Failure>;
    fn set_crawl(&self, crawl: &CrawlRow) -> Result<(), Failure>;

    fn add_worker(&self, name: &str, until: i64) -> Result<i64, Failure>;
    /// Locked, if there is one.
    fn worker(&self, worker: i64) -> Result<Option<WorkerRow>, Failure>;
    fn set_worker(&self, worker: &WorkerRow) -> Result<(), Failure>;
    /// Those that are not gone and were to be heard of before now, or are only after `latest`; but none that are at it just now.
    fn silent(&self, now: i64, latest: i64) -> Result<Vec<WorkerRow>, Failure>;
    /// How many are not gone.
    fn alive(&self) -> Result<i64, Failure>;

    /// By their names, in this order; those that are not there are made.
    fn origins(&self, names: &[&str]) -> Result<Vec<OriginRow>, Failure>;
    fn origin(&self, id: i64) -> Result<OriginRow, Failure>;
    fn set_origin(&self, origin: &OriginRow) -> Result<(), Failure>;
    /// Those of which an address can be taken: it waits, there is a place, and no other crawl of this store was told to leave it alone until
    /// later. Those whose turn is next first.
    fn open_origins(&self, per_host: i64, now: i64, most: usize) -> Result<Vec<OriginRow>, Failure>;
    fn robots(&self, origin: i64) -> Result<Option<(u16, Vec<u8>)>, Failure>;
    fn keep_robots(&self, origin: i64, status: u16, body: &[u8]) -> Result<(), Failure>;

    /// Addresses of an origin that wait, nearest to the seeds first and of these those that were found first; none that another has locked.
    fn next(&self, origin: i64, most: usize) -> Result<Vec<(i64, Waiting)>, Failure>;
    /// Gives waiting addresses into a worker's hands.
    fn hand(&self, addresses: &[i64], worker: i64) -> Result<(), Failure>;
    /// What a worker has in hand.
    fn held(&self, worker: i64) -> Result<Vec<HeldRow>, Failure>;
    /// Nobody has them in hand any more, but for [`FETCHED`].
    fn become_(&self, addresses: &[i64], state: i64, target: Option<&str>) -> Result<(), Failure>;
    /// It waits again, as what it is asked for now.
    fn ask_again(&self, address: i64, role: u16) -> Result<(), Failure>;
    /// Those that are new; each with the row of its origin.
    fn insert(&self, addresses: &[(i64, &Waiting)], state: i64) -> Result<Vec<bool>, Failure>;
    fn find(&self, url: &str) -> Result<Option<AddressRow>, Failure>;
    /// Those that yielded to this one, the first first.
    fn yielded_to(&self, url: &str) -> Result<Vec<AddressRow>, Failure>;

    /// The address that has this content: it is this one, if there is none yet.
    fn first_with(&self, content: u64, url: &str) -> Result<Box<str>, Failure>;
    fn add_lesson(&self, lesson: &str) -> Result<(), Failure>;
    fn lessons(&self, after: i64) -> Result<Vec<(i64, String)>, Failure>;
    fn add_note(&self, note: &Remark) -> Result<(), Failure>;
}

/// Addresses of a crawl as one that goes on from there knows them, and the last of them: only pages are asked for then.
pub(in crate::store) fn as_trail(met: Vec<(Box<str>, u32, u16, i64)>) -> (Trail, Option<Box<str>>) {
    let (mut trail, last) = (Trail::default(), met.last().map(|(url, ..)| url.clone()));
    for (url, depth, role, state) in met {
        match state {
            WAITING | LEASED | FETCHED if matches!(role, Waiting::PAGE | Waiting::RESTORED) => trail.found.push((url, depth)),
            WAITING | LEASED | FETCHED => {}
            LEFT_OUT => trail.translations.push(url),
            _ => trail.done.push(url),
        }
    }
    (trail, last)
}

/// As numbers are stored.
pub(in crate::store) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn in_milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// As it is stored; 0 while it goes on.
fn end_number(end: Option<JoinedEnd>) -> i64 {
    match end {
        None => 0,
        Some(JoinedEnd::Complete) => 1,
        Some(JoinedEnd::MaxPages) => 2,
        Some(JoinedEnd::MaxRequests) => 3,
        Some(JoinedEnd::MaxBytes) => 4,
        Some(JoinedEnd::Stopped) => 5,
    }
}

pub(in crate::store) fn end_of(number: i64) -> Result<Option<JoinedEnd>, Failure> {
    Ok(match number {
        0 => None,
        1 => Some(JoinedEnd::Complete),
        2 => Some(JoinedEnd::MaxPages),
        3 => Some(JoinedEnd::MaxRequests),
        4 => Some(JoinedEnd::MaxBytes),
        5 => Some(JoinedEnd::Stopped),
        _ => return Err(Failure::Malformed("a crawl ended in no way that there is")),
    })
}

/// Addresses in normal form have no line breaks.
pub(in crate::store) fn written_hops(via: &[Box<str>]) -> Option<String> {
    (!via.is_empty()).then(|| via.join("\n"))
}

pub(in crate::store) fn hops(written: Option<&str>) -> Vec<Box<str>> {
    written.map(|text| text.lines().map(Into::into).collect()).unwrap_or_default()
}
