//! The same table in memory: for crawlers that are threads of one process, and for worlds that are made up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use super::rows::{
    AddressRow, CrawlRow, FETCHED, HeldRow, LEASED, OriginRow, Rows, WAITING, WorkerRow, YIELDED, as_trail, in_milliseconds,
};
use super::rules;
use crate::model::{
    Clock, Given, Joined, JoinedEnd, JoinedId, JoinedPlan, JoinedTotals, PageOf, Remark, RobotsKnown, Settled, Spent, Trail, Verdict,
    Waiting, Wish, WorkerId,
};
use crate::store::error::Failure;
use crate::store::hosts::{Host, Turn};
use crate::store::keep::{JoinedCrawls, Origins, Verdicts};
use crate::store::written::{milliseconds, time};
use crate::store::{CutPage, Error, Put, lock};

/// Crawls of one process, which end with it. No page is stored: who settles one is told that it would be.
#[derive(Debug, Default)]
pub struct JoinedInMemory {
    /// Held for one call.
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    crawls: BTreeMap<i64, Crawl>,
    /// No number is given twice.
    last: i64,
    hosts: HashMap<Box<str>, Host>,
}

#[derive(Debug)]
struct Crawl {
    plan: JoinedPlan,
    opened: SystemTime,
    is_closed: bool,
    row: CrawlRow,
    workers: BTreeMap<i64, WorkerRow>,
    last_worker: i64,
    origins: Vec<Of>,
    origin_ids: HashMap<Box<str>, i64>,
    /// Origins of which an address can be taken, by their turns.
    open: BTreeSet<(i64, i64)>,
    addresses: Vec<Address>,
    address_ids: HashMap<Box<str>, i64>,
    held: HashMap<i64, BTreeSet<i64>>,
    yielded: HashMap<Box<str>, BTreeSet<i64>>,
    contents: HashMap<u64, Box<str>>,
    lessons: Vec<String>,
    notes: Vec<Remark>,
}

#[derive(Debug)]
struct Of {
    name: Box<str>,
    row: OriginRow,
    /// What waits, by depth and number.
    waiting: BTreeSet<(u32, i64)>,
    robots: Option<(u16, Vec<u8>)>,
}

#[derive(Debug)]
struct Address {
    waiting: Waiting,
    origin: i64,
    state: i64,
    worker: i64,
    target: Option<Box<str>>,
}

impl Crawl {
    fn of(plan: &JoinedPlan, opened: SystemTime) -> Self {
        let row = CrawlRow {
            limits: plan.limits,
            ending: None,
            ended: None,
            waiting: 0,
            held: 0,
            done: 0,
            pages: 0,
            stored: 0,
            skipped: 0,
            failed: 0,
            returned: 0,
            late: 0,
            granted: Spent::default(),
            spent: Spent::default(),
            turns: 0,
        };
        Self {
            plan: plan.clone(),
            opened,
            is_closed: false,
            row,
            workers: BTreeMap::new(),
            last_worker: 0,
            origins: Vec::new(),
            origin_ids: HashMap::new(),
            open: BTreeSet::new(),
            addresses: Vec::new(),
            address_ids: HashMap::new(),
            held: HashMap::new(),
            yielded: HashMap::new(),
            contents: HashMap::new(),
            lessons: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn told(&self, id: i64) -> Joined {
        Joined {
            id: JoinedId(id),
            sources: self.plan.sources.clone(),
            limits: self.plan.limits,
            opened: self.opened,
            totals: self.totals(),
        }
    }

    fn totals(&self) -> JoinedTotals {
        rules::totals(&self.row, self.alive())
    }

    fn alive(&self) -> i64 {
        self.workers.values().filter(|worker| !worker.is_gone).count() as i64
    }

    fn address(&mut self, id: i64) -> Result<&mut Address, Failure> {
        index(id).and_then(|at| self.addresses.get_mut(at)).ok_or(NOT_THERE)
    }

    /// Takes an address out of what finds it by its state, before that changes.
    fn leave(&mut self, id: i64) -> Result<(), Failure> {
        let Address { waiting, origin, state, worker, target } = self.address(id)?;
        let (depth, origin, state, worker, target) = (waiting.depth, *origin, *state, *worker, target.clone());
        match (state, target) {
            (WAITING, _) => _ = self.at(origin)?.waiting.remove(&(depth, id)),
            (LEASED | FETCHED, _) => _ = self.held.get_mut(&worker).is_some_and(|held| held.remove(&id)),
            (YIELDED, Some(target)) => _ = self.yielded.get_mut(&target).is_some_and(|yielded| yielded.remove(&id)),
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, id: i64) -> Result<(), Failure> {
        let Address { waiting, origin, state, worker, target } = self.address(id)?;
        let (depth, origin, state, worker, target) = (waiting.depth, *origin, *state, *worker, target.clone());
        match (state, target) {
            (WAITING, _) => _ = self.at(origin)?.waiting.insert((depth, id)),
            (LEASED | FETCHED, _) => _ = self.held.entry(worker).or_default().insert(id),
            (YIELDED, Some(target)) => _ = self.yielded.entry(target).or_default().insert(id),
            _ => {}
        }
        Ok(())
    }

    fn at(&mut self, origin: i64) -> Result<&mut Of, Failure> {
        index(origin).and_then(|at| self.origins.get_mut(at)).ok_or(NOT_THERE)
    }
}

fn index(id: i64) -> Option<usize> {
    usize::try_from(id - 1).ok()
}

/// A crawl, and the hosts that it shares with others.
struct InMemory<'a> {
    crawl: RefCell<&'a mut Crawl>,
    hosts: &'a HashMap<Box<str>, Host>,
}

impl Rows for InMemory<'_> {
    fn crawl(&self) -> Result<Option<CrawlRow>, Failure> {
        Ok(Some(self.crawl.borrow().row.clone()))
    }

    fn set_crawl(&self, crawl: &CrawlRow) -> Result<(), Failure> {
        self.crawl.borrow_mut().row = crawl.clone();
        Ok(())
    }

    fn add_worker(&self, _: &str, until: i64) -> Result<i64, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        crawl.last_worker += 1;
        let id = crawl.last_worker;
        crawl.workers.insert(id, WorkerRow { id, until, is_gone: false, granted: Spent::default(), spent: Spent::default() });
        Ok(id)
    }

    fn worker(&self, worker: i64) -> Result<Option<WorkerRow>, Failure> {
        Ok(self.crawl.borrow().workers.get(&worker).cloned())
    }

    fn set_worker(&self, worker: &WorkerRow) -> Result<(), Failure> {
        let mut crawl = self.crawl.borrow_mut();
        match worker.is_gone {
            // Nobody asks for it again but itself, which is told the same.
            true => _ = crawl.workers.remove(&worker.id),
            false => _ = crawl.workers.insert(worker.id, worker.clone()),
        }
        Ok(())
    }

    fn silent(&self, now: i64, latest: i64) -> Result<Vec<WorkerRow>, Failure> {
        let is_silent = |worker: &&WorkerRow| !worker.is_gone && !(now..=latest).contains(&worker.until);
        Ok(self.crawl.borrow().workers.values().filter(is_silent).cloned().collect())
    }

    fn alive(&self) -> Result<i64, Failure> {
        Ok(self.crawl.borrow().alive())
    }

    fn origins(&self, names: &[&str]) -> Result<Vec<OriginRow>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let mut rows = Vec::with_capacity(names.len());
        for name in names {
            if !crawl.origin_ids.contains_key(*name) {
                let id = crawl.origins.len() as i64 + 1;
                let row = OriginRow { id, waiting: 0, in_flight: 0, delay: 0, turn: 0, is_given_up: false, robots_until: 0 };
                crawl.origin_ids.insert((*name).into(), id);
                crawl.origins.push(Of { name: (*name).into(), row, waiting: BTreeSet::new(), robots: None });
            }
            let id = crawl.origin_ids[*name];
            rows.push(crawl.at(id)?.row.clone());
        }
        Ok(rows)
    }

    fn origin(&self, id: i64) -> Result<OriginRow, Failure> {
        Ok(self.crawl.borrow_mut().at(id)?.row.clone())
    }

    fn set_origin(&self, origin: &OriginRow) -> Result<(), Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let before = crawl.at(origin.id)?.row.turn;
        crawl.open.remove(&(before, origin.id));
        crawl.at(origin.id)?.row = origin.clone();
        if origin.waiting > 0 && origin.in_flight < origin.at_once(&crawl.row.limits) && !origin.is_given_up {
            crawl.open.insert((origin.turn, origin.id));
        }
        Ok(())
    }

    fn open_origins(&self, _: i64, now: i64, most: usize) -> Result<Vec<OriginRow>, Failure> {
        let crawl = self.crawl.borrow();
        let origins = crawl.open.iter().filter_map(|(_, id)| index(*id).and_then(|at| crawl.origins.get(at)));
        let rests = |name: &str| self.hosts.get(name).is_some_and(|host| host.rests(now));
        Ok(origins.filter(|of| !rests(&of.name)).take(most).map(|of| of.row.clone()).collect())
    }

    fn robots(&self, origin: i64) -> Result<Option<(u16, Vec<u8>)>, Failure> {
        Ok(self.crawl.borrow_mut().at(origin)?.robots.clone())
    }

    fn keep_robots(&self, origin: i64, status: u16, body: &[u8]) -> Result<(), Failure> {
        self.crawl.borrow_mut().at(origin)?.robots = Some((status, body.to_vec()));
        Ok(())
    }

    fn next(&self, origin: i64, most: usize) -> Result<Vec<(i64, Waiting)>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let ids: Vec<i64> = crawl.at(origin)?.waiting.iter().take(most).map(|(_, id)| *id).collect();
        ids.into_iter().map(|id| Ok((id, crawl.address(id)?.waiting.clone()))).collect()
    }

    fn hand(&self, addresses: &[i64], worker: i64) -> Result<(), Failure> {
        let mut crawl = self.crawl.borrow_mut();
        for id in addresses {
            crawl.leave(*id)?;
            let address = crawl.address(*id)?;
            (address.state, address.worker) = (LEASED, worker);
            crawl.enter(*id)?;
        }
        Ok(())
    }

    fn held(&self, worker: i64) -> Result<Vec<HeldRow>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let ids: Vec<i64> = crawl.held.get(&worker).into_iter().flatten().copied().collect();
        let row = |id| {
            let address = crawl.address(id)?;
            Ok(HeldRow { id, url: address.waiting.url.clone(), origin: address.origin, state: address.state })
        };
        ids.into_iter().map(row).collect()
    }

    fn become_(&self, addresses: &[i64], state: i64, target: Option<&str>) -> Result<(), Failure> {
        let mut crawl = self.crawl.borrow_mut();
        for id in addresses {
            crawl.leave(*id)?;
            let address = crawl.address(*id)?;
            (address.state, address.target) = (state, target.map(Into::into));
            crawl.enter(*id)?;
        }
        Ok(())
    }

    fn ask_again(&self, address: i64, role: u16) -> Result<(), Failure> {
        self.become_(&[address], WAITING, None)?;
        self.crawl.borrow_mut().address(address)?.waiting.role = role;
        Ok(())
    }

    fn insert(&self, addresses: &[(i64, &Waiting)], state: i64) -> Result<Vec<bool>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let mut new = Vec::with_capacity(addresses.len());
        for (origin, waiting) in addresses {
            let is_new = !crawl.address_ids.contains_key(&waiting.url);
            new.push(is_new);
            if is_new {
                let id = crawl.addresses.len() as i64 + 1;
                crawl.address_ids.insert(waiting.url.clone(), id);
                crawl.addresses.push(Address { waiting: (*waiting).clone(), origin: *origin, state, worker: 0, target: None });
                crawl.enter(id)?;
            }
        }
        Ok(new)
    }

    fn find(&self, url: &str) -> Result<Option<AddressRow>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let Some(id) = crawl.address_ids.get(url).copied() else { return Ok(None) };
        let address = crawl.address(id)?;
        Ok(Some(AddressRow { id, origin: address.origin, state: address.state, target: address.target.clone() }))
    }

    fn yielded_to(&self, url: &str) -> Result<Vec<AddressRow>, Failure> {
        let mut crawl = self.crawl.borrow_mut();
        let ids: Vec<i64> = crawl.yielded.get(url).into_iter().flatten().copied().collect();
        let row = |id| {
            let address = crawl.address(id)?;
            Ok(AddressRow { id, origin: address.origin, state: address.state, target: address.target.clone() })
        };
        ids.into_iter().map(row).collect()
    }

    fn first_with(&self, content: u64, url: &str) -> Result<Box<str>, Failure> {
        Ok(self.crawl.borrow_mut().contents.entry(content).or_insert_with(|| url.into()).clone())
    }

    fn add_lesson(&self, lesson: &str) -> Result<(), Failure> {
        self.crawl.borrow_mut().lessons.push(lesson.to_owned());
        Ok(())
    }

    fn lessons(&self, after: i64) -> Result<Vec<(i64, String)>, Failure> {
        let crawl = self.crawl.borrow();
        let skipped = usize::try_from(after).unwrap_or(0);
        Ok((1..).zip(&crawl.lessons).skip(skipped).map(|(number, lesson)| (number, lesson.clone())).collect())
    }

    fn add_note(&self, note: &Remark) -> Result<(), Failure> {
        self.crawl.borrow_mut().notes.push(note.clone());
        Ok(())
    }
}

impl JoinedInMemory {
    fn with<T>(&self, crawl: JoinedId, work: impl FnOnce(&InMemory<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        let mut all = lock(&self.all);
        let All { crawls, hosts, .. } = &mut *all;
        let done = match crawls.get_mut(&crawl.0) {
            Some(crawl) => work(&InMemory { crawl: RefCell::new(crawl), hosts }),
            None => Err(NOT_THERE),
        };
        done.map_err(|failure| failure.at(":memory:".as_ref()))
    }

    /// The same for a worker: of a crawl that is forgotten it is none any more.
    fn with_known<T: Default>(&self, crawl: JoinedId, work: impl FnOnce(&InMemory<'_>) -> Result<T, Failure>) -> Result<T, Error> {
        if !lock(&self.all).crawls.contains_key(&crawl.0) {
            return Ok(T::default());
        }
        self.with(crawl, work)
    }
}

fn now(clock: Clock) -> i64 {
    milliseconds(match clock {
        Clock::At(time) => time,
        Clock::Store { ahead } => SystemTime::now() + ahead,
    })
}

impl JoinedCrawls for JoinedInMemory {
    fn clock(&self) -> Result<SystemTime, Error> {
        Ok(SystemTime::now())
    }

    fn open_joined(&self, plan: &JoinedPlan, clock: Clock) -> Result<Joined, Error> {
        let name = |plan: &JoinedPlan| plan.sources.first().map(|(source, _)| source.clone());
        let id = {
            let mut all = lock(&self.all);
            let known = all.crawls.iter().find(|(_, crawl)| crawl.row.ended.is_none() && name(&crawl.plan) == name(plan));
            if let Some((id, crawl)) = known {
                return Ok(crawl.told(*id));
            }
            all.last += 1;
            let id = all.last;
            all.crawls.retain(|_, crawl| name(&crawl.plan) != name(plan));
            all.crawls.insert(id, Crawl::of(plan, time(now(clock))));
            id
        };
        self.with(JoinedId(id), |rows| rules::open(rows, &plan.seeds))?;
        self.with(JoinedId(id), |rows| Ok(rows.crawl.borrow().told(id)))
    }

    fn joined_crawls(&self) -> Result<Vec<Joined>, Error> {
        Ok(lock(&self.all).crawls.iter().filter(|(_, crawl)| !crawl.is_closed).map(|(id, crawl)| crawl.told(*id)).collect())
    }

    fn joined_totals(&self, crawl: JoinedId) -> Result<Option<JoinedTotals>, Error> {
        Ok(lock(&self.all).crawls.get(&crawl.0).map(Crawl::totals))
    }

    fn joined_notes(&self, crawl: JoinedId) -> Result<Vec<Remark>, Error> {
        self.with(crawl, |rows| Ok(rows.crawl.borrow().notes.clone()))
    }

    fn enter_joined(&self, crawl: JoinedId, name: &str, clock: Clock) -> Result<WorkerId, Error> {
        self.with(crawl, |rows| rules::enter(rows, name, now(clock)).map(WorkerId))
    }

    fn take_joined(&self, crawl: JoinedId, worker: WorkerId, wish: &Wish, clock: Clock) -> Result<Option<Given>, Error> {
        self.with_known(crawl, |rows| rules::take(rows, worker.0, wish, now(clock)))
    }

    fn renew_joined(&self, crawl: JoinedId, worker: WorkerId, clock: Clock) -> Result<bool, Error> {
        self.with_known(crawl, |rows| rules::renew(rows, worker.0, now(clock)))
    }

    fn settle_joined(
        &self,
        crawl: JoinedId,
        worker: WorkerId,
        settled: &Settled,
        pages: &[PageOf],
        _: &[CutPage],
        _: Option<u32>,
        clock: Clock,
    ) -> Result<Option<Verdicts>, Error> {
        self.with_known(crawl, |rows| {
            let verdicts = rules::settle(rows, worker.0, settled, pages, now(clock), |_| Ok(()))?;
            let put = |verdict: &Verdict| (*verdict == Verdict::Stored).then_some(Put::Added);
            Ok(verdicts.map(|verdicts| verdicts.into_iter().map(|verdict| (verdict.clone(), put(&verdict))).collect()))
        })
    }

    fn leave_joined(&self, crawl: JoinedId, worker: WorkerId, spent: Spent, clock: Clock) -> Result<(), Error> {
        self.with_known(crawl, |rows| rules::leave(rows, worker.0, spent, now(clock)))
    }

    fn robots(&self, crawl: JoinedId, origin: &str, clock: Clock) -> Result<RobotsKnown, Error> {
        self.with(crawl, |rows| rules::robots(rows, origin, now(clock)))
    }

    fn keep_robots(
        &self,
        crawl: JoinedId,
        origin: &str,
        known: Option<(u16, &[u8])>,
        delay: Option<Duration>,
        clock: Clock,
    ) -> Result<(), Error> {
        self.with(crawl, |rows| rules::keep_robots(rows, origin, known, delay.map_or(0, in_milliseconds), now(clock)))
    }

    fn joined_trail(&self, crawl: JoinedId, after: &str, limit: usize) -> Result<(Trail, Option<Box<str>>), Error> {
        self.with_known(crawl, |rows| {
            let crawl = rows.crawl.borrow();
            let mut behind: Vec<&Address> = crawl.addresses.iter().filter(|address| *address.waiting.url > *after).collect();
            behind.sort_by(|a, b| a.waiting.url.cmp(&b.waiting.url));
            let row = |Address { waiting, state, .. }: &Address| (waiting.url.clone(), waiting.depth, waiting.role, *state);
            Ok(as_trail(behind.into_iter().take(limit).map(row).collect()))
        })
    }

    fn joined_contents(&self, crawl: JoinedId, after: Option<u64>, limit: usize) -> Result<Vec<(Box<str>, u64)>, Error> {
        self.with_known(crawl, |rows| {
            let crawl = rows.crawl.borrow();
            let behind = crawl.contents.iter().filter(|(content, _)| after.is_none_or(|after| content.cast_signed() > after.cast_signed()));
            let mut behind: Vec<_> = behind.map(|(content, url)| (url.clone(), *content)).collect();
            behind.sort_by_key(|(_, content)| content.cast_signed());
            behind.truncate(limit);
            Ok(behind)
        })
    }

    fn end_joined(&self, crawl: JoinedId, end: JoinedEnd) -> Result<(), Error> {
        self.with(crawl, |rows| {
            rows.crawl.borrow_mut().row.ended.get_or_insert(end);
            Ok(())
        })
    }

    fn close_joined(&self, crawl: JoinedId) -> Result<bool, Error> {
        self.with(crawl, |rows| {
            let mut crawl = rows.crawl.borrow_mut();
            let is_due = crawl.row.ended.is_some() && !crawl.is_closed;
            if is_due {
                let (row, notes) = (crawl.row.clone(), std::mem::take(&mut crawl.notes));
                let (plan, opened) = (crawl.plan.clone(), crawl.opened);
                **crawl = Crawl { is_closed: true, row, notes, ..Crawl::of(&plan, opened) };
            }
            Ok(is_due)
        })
    }
}

impl Origins for JoinedInMemory {
    fn take_turn(&self, origin: &str, delay: Option<Duration>, now: SystemTime) -> Result<Option<Duration>, Error> {
        let mut all = lock(&self.all);
        Ok(match Host::turn(all.hosts.get(origin).copied(), delay, milliseconds(now)) {
            Turn::Wait(wait) => Some(wait),
            Turn::Free => None,
            Turn::Taken(host) => {
                all.hosts.insert(origin.into(), host);
                None
            }
        })
    }

    fn note_overload(&self, origin: &str, asked: Option<Duration>, now: SystemTime) -> Result<SystemTime, Error> {
        let mut all = lock(&self.all);
        let host = Host::overloaded(all.hosts.get(origin).copied(), asked, milliseconds(now));
        all.hosts.insert(origin.into(), host);
        Ok(time(host.not_before))
    }

    fn note_answer(&self, origin: &str, now: SystemTime) -> Result<(), Error> {
        if let Some(host) = lock(&self.all).hosts.get_mut(origin).filter(|host| host.not_before <= milliseconds(now)) {
            host.overloads = 0;
        }
        Ok(())
    }

    fn resting(&self, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Error> {
        let now = milliseconds(now);
        let all = lock(&self.all);
        Ok(all.hosts.iter().filter(|(_, host)| host.rests(now)).map(|(name, host)| (name.clone(), time(host.not_before))).collect())
    }
}

const NOT_THERE: Failure = Failure::Malformed("there is no such crawl, or no such address in it");
