//! A crawl with what of it changes: what becomes of its addresses, its origins and what workers are allowed. Pure but for the rows.

use std::collections::{HashMap, HashSet};

use super::rows::{
    CrawlRow, DONE, HeldRow, LEASED, LEFT_OUT, MOVED, OriginRow, PAGE, Rows, WAITING, WorkerRow, YIELDED, in_milliseconds, number,
};
use crate::model::{Became, Dealt, Remark, RemarkKind, Spent, Verdict, Waiting};
use crate::store::error::Failure;

/// The crawl, locked, with what of it changes.
pub(super) struct Table<'r, R: Rows> {
    rows: &'r R,
    pub crawl: CrawlRow,
    /// Those that were looked at: written at the end.
    origins: HashMap<i64, OriginRow>,
}

impl<'r, R: Rows> Table<'r, R> {
    pub(super) fn of(rows: &'r R) -> Result<Self, Failure> {
        let crawl = rows.crawl()?.ok_or(Failure::Malformed("a crawl that is done together is not there"))?;
        Ok(Self { rows, crawl, origins: HashMap::new() })
    }

    pub(super) fn write_origins(&mut self) -> Result<(), Failure> {
        self.origins.drain().try_for_each(|(_, origin)| self.rows.set_origin(&origin))
    }

    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.write_origins()?;
        self.rows.set_crawl(&self.crawl)
    }

    pub(super) fn origin(&mut self, id: i64) -> Result<&mut OriginRow, Failure> {
        Ok(match self.origins.entry(id) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => place.insert(self.rows.origin(id)?),
        })
    }

    /// It is there, and has spent so much.
    pub(super) fn heard(&mut self, worker: &mut WorkerRow, spent: Spent, now: i64) -> Result<(), Failure> {
        self.excuse_others(worker, now)?;
        worker.until = now.saturating_add(in_milliseconds(self.crawl.limits.lease));
        self.crawl.spent = more(self.crawl.spent, less(spent, worker.spent));
        worker.spent = most(spent, worker.spent);
        Ok(())
    }

    /// Whoever comes late was kept from the store, perhaps, and so were others: those who had half of a lease left when this one was heard
    /// last have a third of one more to say that they are there. That is less than a half, so that nobody has it twice.
    fn excuse_others(&self, me: &WorkerRow, now: i64) -> Result<(), Failure> {
        let lease = in_milliseconds(self.crawl.limits.lease);
        let heard = me.until.saturating_sub(lease);
        if now.saturating_sub(heard) <= lease / 3 * 2 {
            return Ok(());
        }
        let silent = self.rows.silent(now, i64::MAX)?;
        for mut other in silent.into_iter().filter(|other| other.id != me.id && other.until >= heard.saturating_add(lease / 2)) {
            other.until = now.saturating_add(lease / 3);
            self.rows.set_worker(&other)?;
        }
        Ok(())
    }

    pub(super) fn take_from_silent(&mut self, now: i64) -> Result<(), Failure> {
        // No lease lies so far ahead but by a clock that was set back.
        let latest = now.saturating_add(in_milliseconds(self.crawl.limits.lease)).saturating_add(AHEAD);
        for mut silent in self.rows.silent(now, latest)? {
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
    pub(super) fn take_back(&mut self, worker: i64) -> Result<i64, Failure> {
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

    /// What of what is left a worker may have, as one of so many: its share, and the last of it whole. Whoever has received more than it was
    /// allowed has to be allowed that first.
    fn share(&self, worker: &WorkerRow, alive: u64) -> Spent {
        let (left, beyond) = (less(self.limit(), self.crawl.granted), less(worker.spent, worker.granted));
        let of = |left: u64, beyond: u64| (left / alive.max(1)).max(beyond.saturating_add(1)).min(left);
        Spent { requests: of(left.requests, beyond.requests), bytes: of(left.bytes, beyond.bytes) }
    }

    fn limit(&self) -> Spent {
        Spent { requests: self.crawl.limits.max_requests, bytes: self.crawl.limits.max_bytes }
    }

    /// How many requests a worker has or could be allowed; none where it could receive nothing for them.
    pub(super) fn could_ask(&self, worker: &WorkerRow, alive: u64) -> u64 {
        let could = less(more(worker.granted, self.share(worker, alive)), worker.spent);
        if could.bytes > 0 { could.requests } else { 0 }
    }

    /// Allows a worker as much as it needs for so many addresses that it has in hand and that are to be asked for, of what is left its share at
    /// the most. Requests without bytes, or bytes without requests, are of use to others only.
    pub(super) fn allow(&mut self, worker: &mut WorkerRow, work: u64, alive: u64) -> Spent {
        let need = Spent {
            requests: work.saturating_mul(REQUESTS_EACH).saturating_add(REQUESTS_MORE),
            bytes: work.saturating_mul(BYTES_EACH).saturating_add(BYTES_MORE),
        };
        let allowed = least(less(more(worker.spent, need), worker.granted), self.share(worker, alive));
        let granted = more(worker.granted, allowed);
        let then = less(granted, worker.spent);
        if work == 0 || then.requests == 0 || then.bytes == 0 {
            return Spent::default();
        }
        worker.granted = granted;
        self.crawl.granted = more(self.crawl.granted, allowed);
        allowed
    }

    /// Puts up to `wanted` addresses into a worker's hands, of each origin its share of the places.
    pub(super) fn hand(&mut self, held: &[HeldRow], worker: i64, wanted: i64, alive: i64, now: i64) -> Result<Vec<Waiting>, Failure> {
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
    pub(super) fn find(&mut self, found: &[Waiting]) -> Result<(), Failure> {
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

    pub(super) fn leave_out(&mut self, urls: &[Box<str>]) -> Result<(), Failure> {
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

    pub(super) fn deal(
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
                let origin = self.origin(row.origin)?;
                // What waits of one that was given up was counted as dealt with then.
                if !origin.is_given_up {
                    origin.waiting -= 1;
                    self.crawl.waiting -= 1;
                    self.crawl.done += 1;
                }
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
        let is_given_up = match &end {
            Some(row) if row.state == WAITING => self.origin(row.origin)?.is_given_up,
            _ => false,
        };
        // It leads in a circle, back to who yields, or to nothing.
        let is_vain = end.as_ref().is_none_or(|row| {
            is_given_up
                || matches!(row.state, DONE | LEFT_OUT | MOVED)
                || row.state == YIELDED && waiting.iter().any(|(id, _)| *id == row.id)
        });
        match is_vain {
            true => waiting.into_iter().take(1).try_for_each(|(id, origin)| self.restore(id, origin)),
            false => self.rows.become_(&waiting.iter().map(|(id, _)| *id).collect::<Vec<_>>(), YIELDED, Some(&at)),
        }
    }

    /// It is asked for after all, and taken as it is then; unless nobody asks its origin any more.
    fn restore(&mut self, address: i64, origin: i64) -> Result<(), Failure> {
        let of = self.origin(origin)?;
        if of.is_given_up {
            return self.rows.become_(&[address], DONE, None);
        }
        of.waiting += 1;
        self.crawl.done -= 1;
        self.crawl.waiting += 1;
        self.rows.ask_again(address, Waiting::RESTORED)
    }

    /// Nobody asks it any more. What waits of it stays as it is, however much that is: it counts as dealt with.
    pub(super) fn give_up(&mut self, name: &str) -> Result<(), Failure> {
        let id = only(self.origins_of([name].into_iter())?)?;
        let origin = self.origin(id)?;
        origin.is_given_up = true;
        let dropped = std::mem::take(&mut origin.waiting);
        self.crawl.waiting -= dropped;
        self.crawl.done += dropped;
        Ok(())
    }

    pub(super) fn note(&mut self, note: &Remark) -> Result<(), Failure> {
        let count = match note.kind {
            RemarkKind::Skipped => &mut self.crawl.skipped,
            RemarkKind::Failed => &mut self.crawl.failed,
        };
        *count += 1;
        if *count <= MOST_NOTES { self.rows.add_note(note) } else { Ok(()) }
    }
}

impl WorkerRow {
    pub(super) fn unspent(&self) -> Spent {
        less(self.granted, self.spent)
    }
}

/// Scheme, host and port of an address in normal form.
pub(super) fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    &url[..url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at)]
}

pub(super) fn only<T>(rows: Vec<T>) -> Result<T, Failure> {
    rows.into_iter().next().ok_or(Failure::Malformed("a row just written is not there"))
}

fn more(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.saturating_add(b.requests), bytes: a.bytes.saturating_add(b.bytes) }
}

pub(super) fn less(a: Spent, b: Spent) -> Spent {
    Spent { requests: a.requests.saturating_sub(b.requests), bytes: a.bytes.saturating_sub(b.bytes) }
}

pub(super) fn least(a: Spent, b: Spent) -> Spent {
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
/// By how much clocks of one store may differ, and one call wait for another, before it is a clock that was set back. In milliseconds.
const AHEAD: i64 = 60_000;
/// Origins that one asking looks at.
const ORIGINS_AT_ONCE: usize = 256;
/// Addresses of one crawl that wait: some 20 GB.
const MOST_WAITING: i64 = 100_000_000;
/// Lines of each kind in the account of one crawl.
const MOST_NOTES: i64 = 10_000;
/// Redirects that are followed to where a canonical address is in the end.
const MOST_STEPS: u32 = 10;
const QUEUE_IS_FULL: &str = "the queue is full";
