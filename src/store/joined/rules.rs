//! What workers do with a crawl, one call after the other: they enter, take, settle and leave. Pure but for the rows: the time is an argument.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::rows::{CrawlRow, FETCHED, HeldRow, LEASED, Rows, WAITING, WorkerRow, in_milliseconds, number};
use super::table::{Table, least, less, only};
use crate::model::{Dealt, Given, JoinedEnd, JoinedLimits, JoinedTotals, PageOf, RobotsKnown, Settled, Spent, Verdict, Waiting, Wish};
use crate::store::error::Failure;

/// A crawl that has just been made: with where it begins.
pub(in crate::store) fn open(rows: &impl Rows, seeds: &[Waiting]) -> Result<(), Failure> {
    let mut table = Table::of(rows)?;
    table.find(seeds)?;
    table.close()
}

/// Somebody takes part from now on.
pub(in crate::store) fn enter(rows: &impl Rows, name: &str, now: i64) -> Result<i64, Failure> {
    let table = Table::of(rows)?;
    rows.add_worker(name, now.saturating_add(in_milliseconds(table.crawl.limits.lease)))
}

/// Gives a worker what it may fetch; none where it is not one any more.
pub(in crate::store) fn take(rows: &impl Rows, worker: i64, wish: &Wish, now: i64) -> Result<Option<Given>, Failure> {
    let Some(mut me) = at_work(rows, worker)? else { return Ok(None) };
    let mut table = Table::of(rows)?;
    table.heard(&mut me, wish.spent, now)?;
    let returned = least(wish.returned, me.unspent());
    me.granted = less(me.granted, returned);
    table.crawl.granted = less(table.crawl.granted, returned);
    // Before the silent are looked for: until now it may have been one of them.
    rows.set_worker(&me)?;
    table.take_from_silent(now)?;
    // What came back can be taken at once.
    table.write_origins()?;
    judge(&mut table.crawl);
    let (mut urls, mut allowed) = (Vec::new(), Spent::default());
    if table.crawl.goes_on() {
        let held = rows.held(worker)?;
        let alive = rows.alive()?.max(1);
        let places = number(table.crawl.limits.max_pages) - table.crawl.pages - table.crawl.held;
        let wanted = i64::try_from(wish.urls).unwrap_or(i64::MAX).min(places);
        // Nobody has in hand what it cannot ask for, and nobody is allowed what it has no use for: both would be kept from others.
        let unasked = held.iter().filter(|row| row.state == LEASED).count() as u64;
        let askable = number(table.could_ask(&me, alive.unsigned_abs()).saturating_sub(unasked));
        urls = table.hand(&held, worker, wanted.min(askable).max(0), alive, now)?;
        allowed = table.allow(&mut me, unasked + urls.len() as u64, alive.unsigned_abs());
    }
    rows.set_worker(&me)?;
    let lessons = rows.lessons(wish.lesson)?;
    let totals = totals(&table.crawl, rows.alive()?);
    table.close()?;
    Ok(Some(Given { urls, allowed, lessons, totals }))
}

/// Writes down what a worker has made of what it was given, with the pages that `put` stores of those that it is told; what became of each.
/// None where it is no worker any more: then nothing is.
pub(in crate::store) fn settle(
    rows: &impl Rows,
    worker: i64,
    settled: &Settled,
    pages: &[PageOf],
    now: i64,
    put: impl FnOnce(&[usize]) -> Result<(), Failure>,
) -> Result<Option<Vec<Verdict>>, Failure> {
    let Some(mut me) = at_work(rows, worker)? else { return Ok(None) };
    let held: HashMap<Box<str>, HeldRow> = rows.held(worker)?.into_iter().map(|row| (row.url.clone(), row)).collect();
    let dealt: HashMap<&str, &Dealt> = settled.dealt.iter().map(|dealt| (&*dealt.url, dealt)).collect();
    // What it has in hand is nobody else's. But a page to which a redirect led that it has followed may wait in the table, and others take
    // from there what is not locked.
    let are_its_own = pages.iter().all(|page| held.contains_key(&page.url));
    let locked = if are_its_own { None } else { Some(Table::of(rows)?) };
    let mut verdicts = Vec::with_capacity(pages.len());
    for page in pages {
        verdicts.push(verdict(rows, page, &held, dealt.get(&*page.url).copied())?);
    }
    let stored: Vec<usize> = (0..pages.len()).filter(|index| verdicts[*index] == Verdict::Stored).collect();
    // Before the crawl is locked, where that can be: others take addresses meanwhile.
    put(&stored)?;
    let mut table = locked.map_or_else(|| Table::of(rows), Ok)?;
    table.heard(&mut me, settled.spent, now)?;
    rows.set_worker(&me)?;
    table.find(&settled.found)?;
    table.leave_out(&settled.left_out)?;
    let mut fetched = HashSet::new();
    for row in settled.fetched.iter().filter_map(|url| held.get(url)).filter(|row| row.state == LEASED) {
        table.origin(row.origin)?.in_flight -= 1;
        fetched.insert(row.id);
    }
    rows.become_(&fetched.iter().copied().collect::<Vec<_>>(), FETCHED, None)?;
    let judged: HashMap<&str, &Verdict> = pages.iter().map(|page| &*page.url).zip(&verdicts).collect();
    for dealt in &settled.dealt {
        table.deal(dealt, &held, &fetched, judged.get(&*dealt.url).copied())?;
    }
    table.crawl.stored += stored.len() as i64;
    for origin in &settled.given_up {
        table.give_up(origin)?;
    }
    for lesson in &settled.lessons {
        rows.add_lesson(lesson)?;
    }
    for note in &settled.notes {
        table.note(note)?;
    }
    judge(&mut table.crawl);
    table.close()?;
    Ok(Some(verdicts))
}

/// A worker ends: what it has in hand waits again at once, and what it was allowed and did not spend is others'.
pub(in crate::store) fn leave(rows: &impl Rows, worker: i64, spent: Spent, now: i64) -> Result<(), Failure> {
    let Some(mut me) = at_work(rows, worker)? else { return Ok(()) };
    let mut table = Table::of(rows)?;
    table.heard(&mut me, spent, now)?;
    let unspent = me.unspent();
    me.granted = less(me.granted, unspent);
    table.crawl.granted = less(table.crawl.granted, unspent);
    me.is_gone = true;
    rows.set_worker(&me)?;
    table.take_back(me.id)?;
    judge(&mut table.crawl);
    table.close()
}

/// A worker is there still, whatever it waits for; whether it is one.
pub(in crate::store) fn renew(rows: &impl Rows, worker: i64, now: i64) -> Result<bool, Failure> {
    let Some(mut me) = at_work(rows, worker)? else { return Ok(false) };
    let spent = me.spent;
    Table::of(rows)?.heard(&mut me, spent, now)?;
    rows.set_worker(&me)?;
    Ok(true)
}

/// What is known of an origin's robots.txt, or who asks for it.
pub(in crate::store) fn robots(rows: &impl Rows, origin: &str, now: i64) -> Result<RobotsKnown, Failure> {
    let table = Table::of(rows)?;
    let mut origin = only(rows.origins(&[origin])?)?;
    let lease = in_milliseconds(table.crawl.limits.lease);
    let until = origin.robots_until;
    // What lies further ahead than anything can is of a clock that was set back.
    let is_within = |most: i64| (now + 1..=now.saturating_add(most)).contains(&until);
    match rows.robots(origin.id)? {
        Some((status, body)) if is_within(ROBOTS_LIFETIME) => {
            return Ok(RobotsKnown::As { status, body, good_for: Duration::from_millis(until.saturating_sub(now).unsigned_abs()) });
        }
        None if is_within(lease) => return Ok(RobotsKnown::Wait),
        Some(_) | None => {}
    }
    // Where an old text is there, it is good for the others until then.
    origin.robots_until = now.saturating_add(lease.min(ROBOTS_LIFETIME));
    rows.set_origin(&origin)?;
    Ok(RobotsKnown::Ask)
}

/// What came of asking; none where it could not be had: then the next who wants it asks by itself. `delay` in milliseconds.
pub(in crate::store) fn keep_robots(
    rows: &impl Rows,
    origin: &str,
    known: Option<(u16, &[u8])>,
    delay: i64,
    now: i64,
) -> Result<(), Failure> {
    let _locked = Table::of(rows)?;
    let mut origin = only(rows.origins(&[origin])?)?;
    origin.robots_until = known.map_or(0, |_| now.saturating_add(ROBOTS_LIFETIME));
    // What an older text asked for holds until there is another.
    origin.delay = known.map_or(origin.delay, |_| delay.max(0));
    rows.set_origin(&origin)?;
    known.map_or(Ok(()), |(status, body)| rows.keep_robots(origin.id, status, body))
}

/// Whether it has come to an end, or is to.
pub(in crate::store) fn judge(crawl: &mut CrawlRow) {
    if crawl.ended.is_some() {
        return;
    }
    let JoinedLimits { max_pages, max_requests, max_bytes, .. } = crawl.limits;
    let spent = crawl.spent;
    if crawl.ending.is_none() {
        crawl.ending = match () {
            () if crawl.pages >= number(max_pages) => Some(JoinedEnd::MaxPages),
            () if spent.requests >= max_requests => Some(JoinedEnd::MaxRequests),
            // Some may have received more than they were allowed.
            () if spent.bytes >= max_bytes => Some(JoinedEnd::MaxBytes),
            () => None,
        };
    }
    if crawl.held == 0 {
        crawl.ended = if crawl.waiting == 0 { Some(JoinedEnd::Complete) } else { crawl.ending };
    }
}

pub(in crate::store) fn totals(crawl: &CrawlRow, alive: i64) -> JoinedTotals {
    let count = |number: i64| number.max(0).unsigned_abs();
    JoinedTotals {
        workers: count(alive),
        queued: count(crawl.waiting),
        leased: count(crawl.held),
        done: count(crawl.done),
        pages: count(crawl.pages),
        stored: count(crawl.stored),
        skipped: count(crawl.skipped),
        failed: count(crawl.failed),
        requests: crawl.spent.requests,
        bytes: crawl.spent.bytes,
        returned: count(crawl.returned),
        late: count(crawl.late),
        ended: crawl.ended,
        ending: crawl.ending,
    }
}

/// The worker, unless it was silent for too long and others have what it had.
fn at_work(rows: &impl Rows, worker: i64) -> Result<Option<WorkerRow>, Failure> {
    Ok(rows.worker(worker)?.filter(|worker| !worker.is_gone))
}

fn verdict(rows: &impl Rows, page: &PageOf, held: &HashMap<Box<str>, HeldRow>, dealt: Option<&Dealt>) -> Result<Verdict, Failure> {
    let is_by_hop = || dealt.is_some_and(|dealt| dealt.hops.iter().any(|hop| held.contains_key(hop)));
    let is_mine = held.contains_key(&page.url) || is_by_hop() && rows.find(&page.url)?.is_none_or(|row| row.state == WAITING);
    if !is_mine {
        return Ok(Verdict::Late);
    }
    for content in &page.contents {
        let first = rows.first_with(*content, &page.url)?;
        if first != page.url {
            return Ok(Verdict::SameAs(first));
        }
    }
    Ok(Verdict::Stored)
}

impl CrawlRow {
    fn goes_on(&self) -> bool {
        self.ending.is_none() && self.ended.is_none()
    }
}

/// A robots.txt is asked for again after a day (RFC 9309 2.4). In milliseconds.
const ROBOTS_LIFETIME: i64 = 24 * 60 * 60 * 1000;
