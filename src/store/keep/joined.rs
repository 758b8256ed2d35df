//! Crawls that many processes and machines do together: who takes which address, and what came of it.

use std::time::{Duration, SystemTime};

use crate::model::{
    Clock, Given, Joined, JoinedEnd, JoinedId, JoinedPlan, JoinedTotals, PageOf, Remark, RobotsKnown, Settled, Spent, Trail, Verdict, Wish,
    WorkerId,
};
use crate::store::{CutPage, Error, Put};

/// What became of each page, and how it was stored where it was.
pub type Verdicts = Vec<(Verdict, Option<Put>)>;

/// The frontier of such crawls. Whatever one worker does at one time, it does one after the other.
pub trait JoinedCrawls {
    /// The time that all who use the store share.
    fn clock(&self) -> Result<SystemTime, Error>;

    /// Opens a crawl, and notes that its sources begin [afresh](crate::store::Start::Afresh); or finds the one of the same first source that
    /// goes on, which may be of other recipes: that is the caller's to look at.
    fn open_joined(&self, plan: &JoinedPlan, clock: Clock) -> Result<Joined, Error>;

    /// Those that go on, the oldest first, and those that ended and are not [closed](JoinedCrawls::close_joined).
    fn joined_crawls(&self) -> Result<Vec<Joined>, Error>;

    /// How far it is; none where there is none.
    fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error>;

    /// What was skipped and what failed, as it was told: at most 10,000 of each.
    fn joined_notes(&self, crawl: JoinedId) -> Result<Vec<Remark>, Error>;

    /// Takes part from now on; `name` is for people.
    fn enter_joined(&self, crawl: JoinedId, name: &str, clock: Clock) -> Result<WorkerId, Error>;

    /// Gives a worker what it may fetch. None where it is not one any more: it was silent for too long.
    fn take_joined(&self, crawl: JoinedId, worker: WorkerId, wish: &Wish, clock: Clock) -> Result<Option<Given>, Error>;

    /// A worker is there still, while a call of it waits; whether it is one. It may be told beside that call.
    fn renew_joined(&self, crawl: JoinedId, worker: WorkerId, clock: Clock) -> Result<bool, Error>;

    /// Writes down what a worker has made of what it was given, and stores its pages, all in one transaction: what became of each. `cut` are
    /// those of `pages`, one each. None where it is no worker any more: then nothing is stored.
    #[expect(clippy::too_many_arguments, reason = "all of it is one transaction, and none of it belongs to another")]
    fn settle_joined(
        &self,
        crawl: JoinedId,
        worker: WorkerId,
        settled: &Settled,
        pages: &[PageOf],
        cut: &[CutPage],
        tokens: Option<u32>,
        clock: Clock,
    ) -> Result<Option<Verdicts>, Error>;

    /// Ends a worker: what it has in hand waits again at once.
    fn leave_joined(&self, crawl: JoinedId, worker: WorkerId, spent: Spent, clock: Clock) -> Result<(), Error>;

    /// What is known of an origin's robots.txt, for a day. Who is told to ask does, and [tells](JoinedCrawls::keep_robots) what came of it.
    fn robots(&self, crawl: JoinedId, origin: &str, clock: Clock) -> Result<RobotsKnown, Error>;

    /// None where it could not be had.
    fn keep_robots(
        &self,
        crawl: JoinedId,
        origin: &str,
        known: Option<(u16, &[u8])>,
        delay: Option<Duration>,
        clock: Clock,
    ) -> Result<(), Error>;

    /// What it has made of at most `limit` addresses behind this one, as a [`Trail`], and the last of them; nothing where it is closed.
    fn joined_trail(&self, crawl: JoinedId, after: &str, limit: usize) -> Result<(Trail, Option<Box<str>>), Error>;

    /// At most `limit` contents that it has met behind this one, with the address that each is of first; in an order of their own.
    fn joined_contents(&self, crawl: JoinedId, after: Option<u64>, limit: usize) -> Result<Vec<(Box<str>, u64)>, Error>;

    /// Ends it, whoever is at it.
    fn end_joined(&self, crawl: JoinedId, end: JoinedEnd) -> Result<(), Error>;

    /// Forgets the addresses of a crawl that has ended; whether that was still to be done. Its totals and notes stay until the next
    /// crawl of its source.
    fn close_joined(&self, crawl: JoinedId) -> Result<bool, Error>;
}
