//! What becomes of addresses, workers and limits. Pure but for the rows: the time is an argument.

use std::collections::{HashMap, HashSet};

use super::rows::{
    CrawlRow, DONE, FETCHED, HeldRow, LEASED, LEFT_OUT, MOVED, OriginRow, PAGE, Rows, WAITING, WorkerRow, YIELDED, in_milliseconds, number,
};
use crate::model::{
    Became, Dealt, Given, JoinedEnd, JoinedLimits, JoinedTotals, PageOf, Remark, RemarkKind, RobotsKnown, Settled, Spent, Verdict, Waiting,
    Wish,
};
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
    table.heard(&mut me, wish.spent, now);
    let returned = least(wish.returned, me.unspent());
    me.granted = less(me.granted, returned);
    table.crawl.granted = less(table.crawl.granted, returned);
    table.take_from_silent(now)?;
    // What came back can be taken at once.
    table.write_origins()?;
    judge(&mut table.crawl);
    let (mut urls, mut allowed) = (Vec::new(), Spent::default());
    if table.crawl.goes_on() {
        let held = rows.held(worker)?;
        let alive = rows.alive()?.max(1);
        let places = number(table.crawl.limits.max_pages) - table.crawl.pages - table.crawl.held;
        let wanted = i64::try_from(wish.urls).unwrap_or(i64::MAX).min(places).max(0);
        let work = wanted.min(table.crawl.waiting).unsigned_abs() + held.len() as u64;
        allowed = table.allow(&mut me, work, alive.unsigned_abs());
        if me.unspent().requests > 0 && me.unspent().bytes > 0 {
            urls = table.hand(&held, worker, wanted, alive, now)?;
        }
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
    let mut verdicts = Vec::with_capacity(pages.len());
    for page in pages {
        verdicts.push(verdict(rows, page, &held, dealt.get(&*page.url).copied())?);
    }
    let stored: Vec<usize> = (0..pages.len()).filter(|index| verdicts[*index] == Verdict::Stored).collect();
    // Before the crawl is locked: others take addresses meanwhile.
    put(&stored)?;
    let mut table = Table::of(rows)?;
    table.heard(&mut me, settled.spent, now);
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
    table.heard(&mut me, spent, now);
    let unspent = me.unspent();
    me.granted = less(me.granted, unspent);
    table.crawl.granted = less(table.crawl.granted, unspent);
    me.is_gone = true;
    rows.set_worker(&me)?;
    table.take_back(me.id)?;
    judge(&mut table.crawl);
    table.close()
}

/// What is known of an origin's robots.txt, or who asks for it.
pub(in crate::store) fn robots(rows: &impl Rows, origin: &str, now: i64) -> Result<RobotsKnown, Failure> {
    let table = Table::of(rows)?;
    let mut origin = only(rows.origins(&[origin])?)?;
    if let Some((status, body)) = rows.robots(origin.id)? {
        return Ok(RobotsKnown::As { status, body });
    }
    let lease = in_milliseconds(table.crawl.limits.lease);
    // What lies further ahead than anything can is of a clock that was set back.
    if (now + 1..=now.saturating_add(lease)).contains(&origin.robots_until) {
        return Ok(RobotsKnown::Wait);
    }
    origin.robots_until = now.saturating_add(lease);
    rows.set_origin(&origin)?;
    Ok(RobotsKnown::Ask)
}

/// What came of asking; none where it could not be had: then the next who wants it asks by itself. `delay` in milliseconds.
pub(in crate::store) fn keep_robots(rows: &impl Rows, origin: &str, known: Option<(u16, &[u8])>, delay: i64) -> Result<(), Failure> {
    let _locked = Table::of(rows)?;
    let mut origin = only(rows.origins(&[origin])?)?;
    origin.robots_until = 0;
    origin.delay = delay.max(0);
    rows.set_origin(&origin)?;
    known.map_or(Ok(()), |(status, body)| rows.keep_robots(origin.id, status, body))
}

/// Whether it has come to an end, or is to.
pub(in crate::store) fn judge(crawl: &mut CrawlRow) {
    if crawl.ended.is_some() {
        return;
    }
    let JoinedLimits { max_pages, max_requests, max_bytes, .. } = crawl.limits;
    let (granted, spent) = (crawl.granted, crawl.spent);
    if crawl.ending.is_none() {
        crawl.ending = match () {
            () if crawl.pages >= number(max_pages) => Some(JoinedEnd::MaxPages),
            // All that there was is in the hands of workers, and they have used it up.
            () if granted.requests >= max_requests && spent.requests >= granted.requests => Some(JoinedEnd::MaxRequests),
            () if granted.bytes >= max_bytes && spent.bytes >= granted.bytes => Some(JoinedEnd::MaxBytes),
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

/// The crawl, locked, with what of it changes.
struct Table<'r, R: Rows> {
    rows: &'r R,
    crawl: CrawlRow,
    /// Those that were looked at: written at the end.
    origins: HashMap<i64, OriginRow>,
}

impl<'r, R: Rows> Table<'r, R> {
    fn of(rows: &'r R) -> Result<Self, Failure> {
        let crawl = rows.crawl()?.ok_or(Failure::Malformed("a crawl that is done together is not there"))?;
        Ok(Self { rows, crawl, origins: HashMap::new() })
    }

    fn write_origins(&mut self) -> Result<(), Failure> {
        self.origins.drain().try_for_each(|(_, origin)| self.rows.set_origin(&origin))
    }

    fn close(mut self) -> Result<(), Failure> {
        self.write_origins()?;
        self.rows.set_crawl(&self.crawl)
    }

    fn origin(&mut self, id: i64) -> Result<&mut OriginRow, Failure> {
        Ok(match self.origins.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(self.rows.origin(id)?),
        })
    }

    /// It is there, and has spent so much.
    fn heard(&mut self, worker: &mut WorkerRow, spent: Spent, now: i64) {
        worker.until = now.saturating_add(in_milliseconds(self.crawl.limits.lease));
        self.crawl.spent = more(self.crawl.spent, less(spent, worker.spent));
        worker.spent = most(spent, worker.spent);
    }

    fn take_from_silent(&mut self, now: i64) -> Result<(), Failure> {
        for mut silent in self.rows.silent(now)? {
            // Nobody knows how much of it was spent.
            self.crawl.spent = more(self.crawl.spent, silent.unspent());
            silent.spent = most(silent.spent, silent.granted);
            silent.is_gone = true;
            self.rows.set_worker(&silent)?;
            self.crawl.returned += self.take_back(silent.id)?;
        }
        Ok(())
    }

    /// What a worker has in hand waits again.
    fn take_back(&mut self, worker: i64) -> Result<i64, Failure> {
        let held = self.rows.held(worker)?;
        for row in &held {
            let origin = self.origin(row.origin)?;
            origin.in_flight -= i64::from(row.state == LEASED);
            // What it had is dropped with the rest of its origin.
            origin.waiting += i64::from(!origin.is_given_up);
        }
        let (dropped, back): (Vec<_>, Vec<_>) = held.iter().partition(|row| self.origins.get(&row.origin).is_some_and(|of| of.is_given_up));
        let ids = |rows: Vec<&HeldRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        self.crawl.held -= held.len() as i64;
        self.crawl.waiting += back.len() as i64;
        self.crawl.done += dropped.len() as i64;
        self.rows.become_(&ids(back), WAITING, None)?;
        self.rows.become_(&ids(dropped), DONE, None)?;
        Ok(held.len() as i64)
    }

    /// Allows a worker as much as it needs for so many addresses, of what is left its share at the most.
    fn allow(&mut self, worker: &mut WorkerRow, work: u64, alive: u64) -> Spent {
        if work == 0 {
            return Spent::default();
        }
        let (granted, limits) = (self.crawl.granted, self.crawl.limits);
        let part = |left: u64, need: u64, has: u64| need.saturating_sub(has).min((left / alive).max(1)).min(left);
        let has = worker.unspent();
        let allowed = Spent {
            requests: part(limits.max_requests.saturating_sub(granted.requests), work * REQUESTS_EACH + REQUESTS_MORE, has.requests),
            bytes: part(limits.max_bytes.saturating_sub(granted.bytes), work.saturating_mul(BYTES_EACH) + BYTES_MORE, has.bytes),
        };
        worker.granted = more(worker.granted, allowed);
        self.crawl.granted = more(granted, allowed);
        allowed
    }

    /// Puts up to `wanted` addresses into a worker's hands, of each origin its share of the places.
    fn hand(&mut self, held: &[HeldRow], worker: i64, wanted: i64, alive: i64, now: i64) -> Result<Vec<Waiting>, Failure> {
        let mut mine: HashMap<i64, i64> = HashMap::new();
        held.iter().filter(|row| row.state == LEASED).for_each(|row| *mine.entry(row.origin).or_default() += 1);
        let (mut urls, mut ids) = (Vec::new(), Vec::new());
        if wanted == 0 {
            return Ok(urls);
        }
        for known in self.rows.open_origins(number(self.crawl.limits.per_host), now, ORIGINS_AT_ONCE)? {
            let limits = self.crawl.limits;
            let (turns, left) = (self.crawl.turns + 1, wanted - ids.len() as i64);
            let origin = self.origins.entry(known.id).or_insert(known);
            let at_once = origin.at_once(&limits);
            let share = (at_once + alive - 1) / alive - mine.get(&origin.id).copied().unwrap_or(0);
            let room = (at_once - origin.in_flight).min(share).min(left);
            if room <= 0 {
                continue;
            }
            let next = self.rows.next(origin.id, usize::try_from(room).unwrap_or(usize::MAX))?;
            let count = next.len() as i64;
            origin.in_flight += count;
            origin.waiting -= count;
            origin.turn = turns;
            self.crawl.turns = turns;
            for (id, waiting) in next {
                ids.push(id);
                urls.push(waiting);
            }
            if ids.len() as i64 >= wanted {
                break;
            }
        }
        self.crawl.held += ids.len() as i64;
        self.crawl.waiting -= ids.len() as i64;
        self.rows.hand(&ids, worker)?;
        Ok(urls)
    }

    /// Those that are new wait from now on, as far as there is room.
    fn find(&mut self, found: &[Waiting]) -> Result<(), Failure> {
        let room = usize::try_from((MOST_WAITING - self.crawl.waiting).max(0)).unwrap_or(usize::MAX);
        if let Some(first) = found.get(room) {
            let beyond = (found.len() - room) as i64;
            self.note(&Remark { kind: RemarkKind::Skipped, url: first.url.to_string(), why: format!("{QUEUE_IS_FULL}: {beyond} links") })?;
            self.crawl.skipped += beyond - 1;
        }
        let found = &found[..found.len().min(room)];
        if found.is_empty() {
            return Ok(());
        }
        let of = self.origins_of(found.iter().map(|waiting| &*waiting.url))?;
        let (left_alone, wanted): (Vec<_>, Vec<_>) =
            of.iter().copied().zip(found).partition(|(origin, _)| self.origins.get(origin).is_some_and(|origin| origin.is_given_up));
        let new = self.rows.insert(&wanted, WAITING)?;
        for ((origin, _), _) in wanted.iter().zip(new).filter(|(_, is_new)| *is_new) {
            self.origin(*origin)?.waiting += 1;
            self.crawl.waiting += 1;
        }
        let new = self.rows.insert(&left_alone, DONE)?;
        self.crawl.done += new.into_iter().filter(|is_new| *is_new).count() as i64;
        Ok(())
    }

    fn leave_out(&mut self, urls: &[Box<str>]) -> Result<(), Failure> {
        let waiting = |url: &str| Waiting { url: url.into(), depth: 0, role: Waiting::PAGE, from: None, via: Vec::new() };
        let urls: Vec<Waiting> = urls.iter().map(|url| waiting(url)).collect();
        let of = self.origins_of(urls.iter().map(|waiting| &*waiting.url))?;
        self.rows.insert(&of.into_iter().zip(&urls).collect::<Vec<_>>(), LEFT_OUT).map(drop)
    }

    /// The row of the origin of each.
    fn origins_of<'u>(&mut self, urls: impl Iterator<Item = &'u str>) -> Result<Vec<i64>, Failure> {
        let names: Vec<&str> = urls.map(origin_of).collect();
        let mut distinct = names.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows.origins(&distinct)?;
        let ids: HashMap<&str, i64> = distinct.iter().copied().zip(rows.iter().map(|row| row.id)).collect();
        rows.into_iter().for_each(|row| _ = self.origins.entry(row.id).or_insert(row));
        names.iter().map(|name| ids.get(name).copied().ok_or(Failure::Malformed("an origin just written is not there"))).collect()
    }

    fn deal(
        &mut self,
        dealt: &Dealt,
        held: &HashMap<Box<str>, HeldRow>,
        fetched: &HashSet<i64>,
        verdict: Option<&Verdict>,
    ) -> Result<(), Failure> {
        let mine: Vec<&HeldRow> = dealt.hops.iter().chain([&dealt.url]).filter_map(|url| held.get(url)).collect();
        if mine.is_empty() || verdict == Some(&Verdict::Late) {
            self.crawl.late += i64::from(dealt.is_page);
        }
        if mine.is_empty() {
            return Ok(());
        }
        let (state, target) = match &dealt.became {
            Became::Page => (PAGE, None),
            Became::Nothing => (DONE, None),
            Became::Moved(to) => (MOVED, Some(&**to)),
            Became::Yields(to) => (YIELDED, Some(&**to)),
        };
        for row in mine {
            if row.state == LEASED && !fetched.contains(&row.id) {
                self.origin(row.origin)?.in_flight -= 1;
            }
            self.crawl.held -= 1;
            self.crawl.done += 1;
            match row.url == dealt.url {
                true => self.rows.become_(&[row.id], state, target)?,
                false => self.rows.become_(&[row.id], MOVED, Some(&dealt.url))?,
            }
        }
        if !held.contains_key(&dealt.url) {
            self.deal_unasked(&dealt.url, state, target)?;
        }
        match verdict {
            // Its worker remarks it, as it is to be shown.
            Some(Verdict::SameAs(_) | Verdict::Late) => {}
            Some(Verdict::Stored) | None => self.crawl.pages += i64::from(dealt.is_page),
        }
        self.stand(dealt)
    }

    /// It was not in anybody's hands by itself, but came by a redirect that was followed at once.
    fn deal_unasked(&mut self, url: &str, state: i64, target: Option<&str>) -> Result<(), Failure> {
        match self.rows.find(url)? {
            Some(row) if row.state == WAITING => {
                self.origin(row.origin)?.waiting -= 1;
                self.crawl.waiting -= 1;
                self.crawl.done += 1;
                self.rows.become_(&[row.id], state, target)
            }
            Some(_) => Ok(()),
            None => {
                let waiting = Waiting { url: url.into(), depth: 0, role: Waiting::PAGE, from: None, via: Vec::new() };
                let origin = only(self.origins_of([url].into_iter())?)?;
                self.rows.insert(&[(origin, &waiting)], state)?;
                self.crawl.done += 1;
                Ok(())
            }
        }
    }

    /// Pages that yielded to this one, and whether it may yield itself.
    fn stand(&mut self, dealt: &Dealt) -> Result<(), Failure> {
        let to = match &dealt.became {
            Became::Page => return Ok(()),
            Became::Nothing => {
                // Of several the first: the others are left out in its favour.
                let first = self.rows.yielded_to(&dealt.url)?.into_iter().next();
                return first.map_or(Ok(()), |row| self.restore(row.id, row.origin));
            }
            Became::Moved(to) | Became::Yields(to) => to,
        };
        let mut waiting: Vec<(i64, i64)> = self.rows.yielded_to(&dealt.url)?.into_iter().map(|row| (row.id, row.origin)).collect();
        if let Became::Yields(_) = dealt.became {
            let own = self.rows.find(&dealt.url)?.map(|row| (row.id, row.origin));
            waiting.extend(own);
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let (mut at, mut steps): (Box<str>, _) = (to.clone(), 0);
        let end = loop {
            match self.rows.find(&at)? {
                Some(row) if row.state == MOVED && steps < MOST_STEPS => {
                    steps += 1;
                    at = row.target.ok_or(Failure::Malformed("an address moved to nowhere"))?;
                }
                row => break row,
            }
        };
        // It leads in a circle, back to who yields, or to nothing.
        let is_vain = end.as_ref().is_none_or(|row| {
            matches!(row.state, DONE | LEFT_OUT | MOVED) || row.state == YIELDED && waiting.iter().any(|(id, _)| *id == row.id)
        });
        match is_vain {
            true => waiting.into_iter().take(1).try_for_each(|(id, origin)| self.restore(id, origin)),
            false => self.rows.become_(&waiting.iter().map(|(id, _)| *id).collect::<Vec<_>>(), YIELDED, Some(&at)),
        }
    }

    /// It is asked for after all, and taken as it is then.
    fn restore(&mut self, address: i64, origin: i64) -> Result<(), Failure> {
        self.crawl.done -= 1;
        self.crawl.waiting += 1;
        self.origin(origin)?.waiting += 1;
        self.rows.ask_again(address, Waiting::RESTORED)
    }

    fn give_up(&mut self, name: &str) -> Result<(), Failure> {
        let id = only(self.origins_of([name].into_iter())?)?;
        let dropped = self.rows.drop_waiting(id)?;
        let origin = self.origin(id)?;
        origin.is_given_up = true;
        origin.waiting = 0;
        self.crawl.waiting -= dropped;
        self.crawl.done += dropped;
        Ok(())
    }

    fn note(&mut self, note: &Remark) -> Result<(), Failure> {
        let count = match note.kind {
            RemarkKind::Skipped => &mut self.crawl.skipped,
            RemarkKind::Failed => &mut self.crawl.failed,
        };
        *count += 1;
        if *count <= MOST_NOTES { self.rows.add_note(note) } else { Ok(()) }
    }
}

impl CrawlRow {
    fn goes_on(&self) -> bool {
        self.ending.is_none() && self.ended.is_none()
    }
}

impl WorkerRow {
    fn unspent(&self) -> Spent {
        less(self.granted, self.spent)
    }
}

/// Scheme, host and port of an address in normal form.
pub(super) fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    &url[..url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at)]
}

fn only<T>(rows: Vec<T>) -> Result<T, Failure> {
    rows.into_iter().next().ok_or(Failure::Malformed("a row just written is not there"))
}

fn more(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.saturating_add(b.requests), bytes: a.bytes.saturating_add(b.bytes) }
}

fn less(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.saturating_sub(b.requests), bytes: a.bytes.saturating_sub(b.bytes) }
}

fn least(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.min(b.requests), bytes: a.bytes.min(b.bytes) }
}

fn most(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.max(b.requests), bytes: a.bytes.max(b.bytes) }
}

/// What a worker is allowed for each address that it has in hand, and beside that: pages redirect, are tried again, have robots.txt.
const REQUESTS_EACH: u64 = 2;
const REQUESTS_MORE: u64 = 8;
const BYTES_EACH: u64 = 2 << 20;
const BYTES_MORE: u64 = 8 << 20;
/// Origins that one asking looks at.
const ORIGINS_AT_ONCE: usize = 256;
/// Addresses of one crawl that wait: some 20 GB.
const MOST_WAITING: i64 = 100_000_000;
/// Lines of each kind in the account of one crawl.
const MOST_NOTES: i64 = 10_000;
/// Redirects that are followed to where a canonical address is in the end.
const MOST_STEPS: u32 = 10;
const QUEUE_IS_FULL: &str = "the queue is full";
