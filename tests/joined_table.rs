//! The table of a crawl that is done together: one suite for the one in memory, for SQLite, and for PostgreSQL (tests/postgres/run
//! joined_table). What a test does is what workers do; times are given, but where threads race.

#[path = "support/stores.rs"]
mod stores;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use smolcrawl::chunk;
use smolcrawl::model::{
    Became, Clock, Dealt, Document, Embedded, Given, Joined, JoinedEnd, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Recipe, Remark,
    RemarkKind, RobotsKnown, Settled, SourceId, Spent, Verdict, Waiting, Wish, WorkerId,
};
use smolcrawl::store::{JoinedCrawls, JoinedInMemory, Origins, Store};

/// A table, whatever keeps it.
enum Kept {
    Memory(JoinedInMemory),
    Store(Store),
}

impl Kept {
    fn table(&self) -> &dyn JoinedCrawls {
        match self {
            Self::Memory(memory) => memory,
            Self::Store(store) => &**store,
        }
    }

    fn origins(&self) -> &dyn Origins {
        match self {
            Self::Memory(memory) => memory,
            Self::Store(store) => &**store,
        }
    }
}

/// Each test on each.
fn each(test: impl Fn(&Kept)) {
    test(&Kept::Memory(JoinedInMemory::default()));
    test(&Kept::Store(stores::in_memory()));
}

fn at(second: u64) -> Clock {
    Clock::At(time(second))
}

fn time(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + second)
}

const LEASE: u64 = 30;
const DAY: u64 = 24 * 60 * 60;

fn limits() -> JoinedLimits {
    JoinedLimits { max_pages: 1_000, max_requests: 100_000, max_bytes: 1 << 40, per_host: 1_000, lease: Duration::from_secs(LEASE) }
}

fn page(url: &str, depth: u32) -> Waiting {
    Waiting { url: url.into(), depth, role: Waiting::PAGE, from: None, via: Vec::new() }
}

fn plan(limits: JoinedLimits, seeds: &[&str]) -> JoinedPlan {
    let source = SourceId::named("a.test").unwrap();
    JoinedPlan { sources: vec![(source, Recipe::default())], limits, seeds: seeds.iter().map(|seed| page(seed, 0)).collect() }
}

fn dealt(url: &str, became: Became) -> Dealt {
    let is_page = became == Became::Page;
    Dealt { url: url.into(), hops: Vec::new(), became, is_page }
}

/// A crawl, and one who takes part.
struct Worker<'t> {
    table: &'t dyn JoinedCrawls,
    crawl: Joined,
    id: WorkerId,
    lesson: i64,
    spent: Spent,
    allowed: Spent,
}

impl<'t> Worker<'t> {
    fn enter(table: &'t dyn JoinedCrawls, plan: &JoinedPlan, clock: Clock) -> Self {
        Self::enter_in(table, table.open_joined(plan, clock).unwrap(), clock)
    }

    fn enter_in(table: &'t dyn JoinedCrawls, crawl: Joined, clock: Clock) -> Self {
        let id = table.enter_joined(crawl.id, "somebody", clock).unwrap();
        Self { table, crawl, id, lesson: 0, spent: Spent::default(), allowed: Spent::default() }
    }

    fn try_take(&mut self, urls: usize, clock: Clock) -> Option<Given> {
        self.take_and_return(urls, Spent::default(), clock)
    }

    /// One that has nothing in hand gives back what it was allowed and did not spend: others have addresses and no requests left.
    fn take_with_nothing_in_hand(&mut self, urls: usize, clock: Clock) -> Option<Given> {
        let returned = Spent { requests: self.allowed.requests - self.spent.requests, bytes: self.allowed.bytes - self.spent.bytes };
        self.allowed = self.spent;
        self.take_and_return(urls, returned, clock)
    }

    fn take_and_return(&mut self, urls: usize, returned: Spent, clock: Clock) -> Option<Given> {
        let wish = Wish { urls, lesson: self.lesson, spent: self.spent, returned };
        let given = self.table.take_joined(self.crawl.id, self.id, &wish, clock).unwrap()?;
        self.lesson = given.lessons.last().map_or(self.lesson, |(number, _)| *number);
        self.allowed.requests += given.allowed.requests;
        self.allowed.bytes += given.allowed.bytes;
        Some(given)
    }

    fn take(&mut self, urls: usize, clock: Clock) -> Vec<String> {
        self.try_take(urls, clock).unwrap().urls.into_iter().map(|waiting| waiting.url.into()).collect()
    }

    fn try_settle(&self, settled: Settled, clock: Clock) -> Option<Vec<Verdict>> {
        let page = |dealt: &Dealt| dealt.is_page.then(|| PageOf { url: dealt.url.clone(), contents: Vec::new() });
        let pages: Vec<PageOf> = settled.dealt.iter().filter_map(page).collect();
        self.settle_pages(settled, &pages, clock)
    }

    fn settle_pages(&self, settled: Settled, pages: &[PageOf], clock: Clock) -> Option<Vec<Verdict>> {
        let settled = Settled { spent: self.spent, ..settled };
        // A store stores what is cut of them; here nothing is, as the suite is about the table.
        let done = self.table.settle_joined(self.crawl.id, self.id, &settled, pages, &[], None, clock).unwrap()?;
        Some(done.into_iter().map(|(verdict, _)| verdict).collect())
    }

    fn settle(&self, dealt: Vec<Dealt>, found: &[(&str, u32)], clock: Clock) -> Vec<Verdict> {
        let found = found.iter().map(|(url, depth)| page(url, *depth)).collect();
        self.try_settle(Settled { dealt, found, ..Settled::default() }, clock).unwrap()
    }

    fn totals(&self) -> JoinedTotals {
        self.table.joined_totals(self.crawl.id).unwrap().unwrap()
    }
}

const TOP: &str = "http://a.test/";

#[test]
fn each_address_is_given_out_once_nearest_first_until_nothing_is_left() {
    each(|kept| {
        let plan = plan(limits(), &[TOP]);
        let mut one = Worker::enter(kept.table(), &plan, at(0));
        let mut two = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!(one.crawl.id, two.crawl.id, "whoever opens it again joins it");
        assert_eq!(one.take(5, at(1)), [TOP]);
        assert_eq!(two.take(5, at(1)), [""; 0]);
        let found = [("http://a.test/far", 2), ("http://a.test/1", 1), ("http://a.test/2", 1), (TOP, 1)];
        assert_eq!(one.settle(vec![dealt(TOP, Became::Page)], &found, at(2)), [Verdict::Stored]);
        assert_eq!(two.take(2, at(3)), ["http://a.test/1", "http://a.test/2"]);
        assert_eq!(one.take(9, at(3)), ["http://a.test/far"]);
        let more = [("http://a.test/1", 2), ("http://b.test/x?y", 1)];
        two.settle(vec![dealt("http://a.test/1", Became::Page), dealt("http://a.test/2", Became::Nothing)], &more, at(4));
        assert_eq!(two.take(9, at(4)), ["http://b.test/x?y"]);
        one.settle(vec![dealt("http://a.test/far", Became::Page)], &[], at(5));
        assert_eq!(one.totals().ended, None);
        two.settle(vec![dealt("http://b.test/x?y", Became::Moved("http://a.test/1".into()))], &[], at(5));
        let JoinedTotals { workers, queued, leased, done, pages, stored, returned, ended, .. } = one.totals();
        assert_eq!((workers, queued, leased, done, pages, stored, returned), (2, 0, 0, 5, 3, 3, 0));
        assert_eq!(ended, Some(JoinedEnd::Complete));
        assert!(kept.table().close_joined(one.crawl.id).unwrap() && !kept.table().close_joined(one.crawl.id).unwrap());
        assert_eq!((kept.table().joined_crawls().unwrap().len(), one.totals().stored), (0, 3), "its account stays");
        let again = kept.table().open_joined(&plan, at(9)).unwrap();
        assert!(again.id > one.crawl.id && again.totals.queued == 1, "{again:?}");
    });
}

#[test]
fn what_a_dead_worker_had_comes_back_at_the_front_and_is_done_once() {
    each(|kept| {
        let plan = plan(limits(), &[TOP]);
        let mut dead = Worker::enter(kept.table(), &plan, at(0));
        dead.take(1, at(0));
        let found: Vec<String> = (0..6).map(|number| format!("http://a.test/{number}")).collect();
        let links: Vec<(&str, u32)> = found.iter().map(|url| (&**url, 1)).collect();
        dead.settle(vec![dealt(TOP, Became::Page)], &links, at(0));
        assert_eq!(dead.take(3, at(0)), found[..3]);
        let mut alive = Worker::enter(kept.table(), &plan, at(20));
        assert_eq!(alive.take(1, at(20)), found[3..4]);
        assert_eq!(alive.take(1, at(LEASE)), found[4..5], "the time of the lease is not over");
        assert_eq!(alive.take(2, at(LEASE + 1)), found[..2], "it is, and they come first");
        // It is back, and late: others have what it had, and what it brings is not taken.
        let late =
            Settled { dealt: vec![dealt(&found[0], Became::Page)], found: vec![page("http://a.test/late", 1)], ..Settled::default() };
        assert_eq!(dead.try_settle(late, at(LEASE + 2)), None);
        assert_eq!(dead.try_take(5, at(LEASE + 2)), None);
        assert_eq!(alive.take(9, at(LEASE + 2)), [&found[2..3], &found[5..6]].concat());
        let all = found.iter().map(|url| dealt(url, Became::Page)).collect();
        assert_eq!(alive.settle(all, &[], at(LEASE + 3)), vec![Verdict::Stored; 6]);
        let totals = alive.totals();
        assert_eq!((totals.returned, totals.stored, totals.pages, totals.done, totals.workers), (3, 7, 7, 7, 1));
        assert_eq!(totals.ended, Some(JoinedEnd::Complete));
    });
}

#[test]
fn whoever_is_late_while_nobody_has_missed_it_goes_on() {
    each(|kept| {
        let mut one = Worker::enter(kept.table(), &plan(limits(), &[TOP]), at(0));
        one.take(1, at(0));
        assert_eq!(one.settle(vec![dealt(TOP, Became::Page)], &[], at(LEASE * 10)), [Verdict::Stored]);
        // What it settles twice, as it did not hear the answer, counts once.
        assert_eq!(one.settle(vec![dealt(TOP, Became::Page)], &[], at(LEASE * 10)), [Verdict::Late]);
        let totals = one.totals();
        assert_eq!((totals.pages, totals.stored, totals.late), (1, 1, 1));
    });
}

#[test]
fn whoever_is_late_takes_nothing_from_itself() {
    each(|kept| {
        let plan = plan(limits(), &[TOP, "http://a.test/2", "http://a.test/3"]);
        let mut one = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!(one.take(2, at(0)).len(), 2);
        one.spent.requests = 2;
        // As one that was suspended: what it has in hand is not handed out a second time, and its requests count once.
        assert_eq!(one.take(9, at(LEASE * 10)), ["http://a.test/3"]);
        let totals = one.totals();
        assert_eq!((totals.workers, totals.returned, totals.leased, totals.requests), (1, 0, 3, 2));
        // Another that is as late is gone when somebody else has looked for it.
        let mut two = Worker::enter(kept.table(), &plan, at(LEASE * 10));
        assert_eq!(two.take(9, at(LEASE * 11)), [""; 0]);
        assert_eq!(two.take(9, at(LEASE * 11 + 1)).len(), 3);
        assert_eq!((one.try_take(9, at(LEASE * 11 + 1)), two.totals().returned), (None, 3));
    });
}

#[test]
fn who_hears_of_nobody_while_the_store_is_kept_from_all_waits_once_for_the_others() {
    each(|kept| {
        let plan = plan(limits(), &[TOP, "http://a.test/2", "http://a.test/3", "http://a.test/4"]);
        let mut two = Worker::enter(kept.table(), &plan, at(0));
        let mut dead = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!((dead.take(1, at(0)), two.take(1, at(18)).len()), (vec![TOP.to_owned()], 1));
        let mut one = Worker::enter(kept.table(), &plan, at(20));
        // For a minute nobody got to the store. Whoever is the first to get there knows no more of the others than they of it, but of one
        // that had said nothing for a while before.
        assert_eq!(one.take(1, at(80)), [TOP], "of the one that was dead before");
        assert_eq!(two.take(1, at(80)).len(), 1, "which has kept what it had");
        assert_eq!((one.totals().returned, one.totals().workers), (1, 2));
        // Once: a third of a lease later whoever has said nothing is dead.
        let mut silent = Worker::enter(kept.table(), &plan, at(100));
        assert_eq!(silent.take(1, at(100)).len(), 1);
        assert_eq!(one.take(0, at(100)).len() + two.take(0, at(100)).len(), 0);
        assert_eq!(one.take(1, at(140)), [""; 0]);
        assert_eq!(one.take(1, at(151)).len(), 1);
        assert_eq!(two.try_take(1, at(151)), None, "it has said nothing either");
    });
}

#[test]
fn who_waits_for_the_store_says_that_it_is_there() {
    each(|kept| {
        let plan = plan(limits(), &[TOP]);
        let mut waiting = Worker::enter(kept.table(), &plan, at(0));
        waiting.take(1, at(0));
        let mut other = Worker::enter(kept.table(), &plan, at(0));
        for second in [20, 40, 60] {
            assert!(kept.table().renew_joined(waiting.crawl.id, waiting.id, at(second)).unwrap());
            assert_eq!(other.take(1, at(second + 10)), [""; 0]);
        }
        assert_eq!((waiting.totals().requests, waiting.totals().workers), (0, 2), "it is allowed nothing by that");
        assert_eq!(waiting.settle(vec![dealt(TOP, Became::Page)], &[], at(80)), [Verdict::Stored]);
        // One that is gone stays so.
        assert_eq!(other.take(1, at(100)).len() + other.take(1, at(111)).len(), 0);
        assert!(!kept.table().renew_joined(waiting.crawl.id, waiting.id, at(112)).unwrap());
        assert_eq!(waiting.try_take(1, at(112)), None);
    });
}

#[test]
fn a_clock_that_was_set_back_keeps_nothing_from_anybody() {
    each(|kept| {
        let plan = plan(limits(), &[TOP]);
        let mut dead = Worker::enter(kept.table(), &plan, at(9_000));
        assert_eq!(dead.take(1, at(9_000)), [TOP]);
        let mut alive = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!(alive.take(1, at(1)), [TOP], "nobody is heard of hours ahead");
        // A clock that goes back by a little, or a call that waits for another, makes nobody dead.
        let mut ahead = Worker::enter(kept.table(), &plan, at(30));
        assert_eq!(ahead.take(0, at(30)), [""; 0]);
        assert_eq!((alive.take(1, at(2)), alive.totals().workers), (vec![], 2));
    });
}

#[test]
fn the_last_request_goes_to_whoever_has_something_to_ask_for() {
    each(|kept| {
        let seeds = ["http://a.test/1", "http://a.test/2", "http://a.test/3"];
        let plan = plan(JoinedLimits { max_requests: 20, per_host: 1, ..limits() }, &seeds);
        let mut idle = Worker::enter(kept.table(), &plan, at(0));
        let mut busy = Worker::enter(kept.table(), &plan, at(0));
        // The one place of the only host is its.
        assert_eq!(busy.take(3, at(0)).len(), 1);
        for second in 1..30 {
            // It is asked for again and again, as a page that fails.
            busy.spent = Spent { requests: busy.allowed.requests, bytes: 1 };
            assert_eq!(idle.take_with_nothing_in_hand(3, at(second)).unwrap().urls, []);
            assert_eq!(busy.take(3, at(second)), [""; 0]);
        }
        busy.settle(vec![dealt("http://a.test/1", Became::Nothing)], &[], at(30));
        let totals = idle.totals();
        assert_eq!((busy.spent.requests, totals.requests, totals.ended), (20, 20, Some(JoinedEnd::MaxRequests)), "{totals:?}");
    });
}

#[test]
fn nobody_has_more_addresses_than_it_can_ask_for() {
    each(|kept| {
        let urls: Vec<String> = (0..40).map(|number| format!("http://a.test/{number:02}")).collect();
        let plan = plan(JoinedLimits { max_requests: 6, ..limits() }, &urls.iter().map(|url| &**url).collect::<Vec<_>>());
        let mut workers = [Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0))];
        let taken: Vec<usize> = workers.iter_mut().map(|worker| worker.take(20, at(0)).len()).collect();
        assert_eq!((taken, workers.each_ref().map(|worker| worker.allowed.requests)), (vec![3, 1], [3, 1]));
    });
}

#[test]
fn who_may_receive_nothing_keeps_no_requests_from_others() {
    each(|kept| {
        let urls: Vec<String> = (0..4).map(|number| format!("http://a.test/{number}")).collect();
        let plan =
            plan(JoinedLimits { max_requests: 12, max_bytes: 1_000, ..limits() }, &urls.iter().map(|url| &**url).collect::<Vec<_>>());
        let (mut poor, mut rich) = (Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0)));
        assert_eq!((poor.take(1, at(0)).len(), rich.take(1, at(0)).len()), (1, 1));
        // One has requests and no bytes left, the other bytes and no requests.
        poor.spent.bytes = poor.allowed.bytes;
        rich.spent.requests = rich.allowed.requests;
        poor.take(0, at(1));
        poor.spent.bytes = poor.allowed.bytes;
        let mut second = 2;
        while rich.totals().ended.is_none() && rich.totals().ending.is_none() {
            let rest = Spent { requests: poor.allowed.requests - poor.spent.requests, bytes: 0 };
            poor.allowed.requests = poor.spent.requests;
            poor.take_and_return(1, rest, at(second)).unwrap();
            poor.spent.bytes = poor.allowed.bytes;
            rich.take(0, at(second));
            rich.spent.requests = rich.allowed.requests;
            second += 1;
            assert!(second < 50, "{:?} {:?} {:?}", rich.totals(), poor.allowed, rich.allowed);
        }
    });
}

#[test]
fn a_worker_that_leaves_gives_back_at_once() {
    each(|kept| {
        let plan = plan(limits(), &[TOP, "http://a.test/2"]);
        let (mut one, mut two) = (Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0)));
        assert_eq!(one.take(2, at(0)).len(), 2);
        kept.table().leave_joined(one.crawl.id, one.id, Spent { requests: 1, bytes: 10 }, at(1)).unwrap();
        assert_eq!(two.take(2, at(1)), [TOP, "http://a.test/2"]);
        let totals = two.totals();
        assert_eq!((totals.workers, totals.returned, totals.requests, totals.bytes), (1, 0, 1, 10));
    });
}

#[test]
fn a_page_yields_to_its_canonical_address_whoever_fetches_that() {
    each(|kept| {
        let of = |path: &str| format!("http://a.test/{path}");
        let seeds = ["copy", "real", "copy2", "gone", "copy3", "moved", "end", "circle", "round"].map(of);
        let plan = plan(limits(), &seeds.each_ref().map(|seed| &**seed));
        let mut one = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!(one.take(99, at(0)).len(), 9);
        let yields = |from: &str, to: &str| dealt(&of(from), Became::Yields(of(to).into()));
        one.settle(vec![yields("copy", "real"), dealt(&of("real"), Became::Page)], &[], at(1));
        assert_eq!(one.take(9, at(1)), [""; 0], "the other one is there");
        one.settle(vec![yields("copy2", "gone")], &[], at(2));
        one.settle(vec![dealt(&of("gone"), Became::Nothing)], &[], at(2));
        let restored = one.try_take(9, at(2)).unwrap().urls;
        assert_eq!(restored.iter().map(|of| (&*of.url, of.role)).collect::<Vec<_>>(), [(&*of("copy2"), Waiting::RESTORED)]);
        // It may be known before.
        one.settle(vec![dealt(&of("copy2"), Became::Page), dealt(&of("end"), Became::Nothing)], &[], at(3));
        one.settle(vec![dealt(&of("moved"), Became::Moved(of("end").into()))], &[], at(3));
        one.settle(vec![yields("copy3", "moved")], &[], at(3));
        assert_eq!(one.take(9, at(3)), [of("copy3")], "through a redirect to nothing");
        one.settle(vec![dealt(&of("copy3"), Became::Page)], &[], at(4));
        one.settle(vec![yields("circle", "round")], &[], at(4));
        one.settle(vec![yields("round", "circle")], &[], at(4));
        assert_eq!(one.take(9, at(4)).len(), 1, "of a circle one is taken");
        assert_eq!(one.totals().queued, 0);
    });
}

#[test]
fn of_one_content_one_page_is_stored_over_all_workers() {
    each(|kept| {
        let plan = plan(limits(), &["http://a.test/1", "http://a.test/2"]);
        let (mut one, mut two) = (Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0)));
        let (first, second) = (one.take(1, at(0)).remove(0), two.take(1, at(0)).remove(0));
        let settle = |worker: &Worker<'_>, url: &str| {
            let of = |contents| PageOf { url: url.into(), contents };
            let settled = Settled { dealt: vec![dealt(url, Became::Page)], ..Settled::default() };
            worker.settle_pages(settled, &[of(vec![7, u64::MAX])], at(1)).unwrap().remove(0)
        };
        assert_eq!(settle(&two, &second), Verdict::Stored);
        assert_eq!(settle(&one, &first), Verdict::SameAs(second.clone().into()));
        let totals = one.totals();
        assert_eq!((totals.pages, totals.stored, totals.done), (1, 1, 2));
        let remark = Remark { kind: RemarkKind::Skipped, url: first, why: format!("the same content as {second}") };
        one.try_settle(Settled { notes: vec![remark.clone()], ..Settled::default() }, at(2)).unwrap();
        assert_eq!((kept.table().joined_notes(one.crawl.id).unwrap(), one.totals().skipped), (vec![remark], 1));
    });
}

#[test]
fn what_redirects_to_whoever_is_known_by_then_is_dealt_with_together() {
    each(|kept| {
        let mut one = Worker::enter(kept.table(), &plan(limits(), &[TOP, "http://a.test/in"]), at(0));
        assert_eq!(one.take(1, at(0)), [TOP]);
        let deal = Dealt { hops: vec![TOP.into()], ..dealt("http://a.test/in", Became::Page) };
        assert_eq!(one.settle(vec![deal], &[], at(1)), [Verdict::Stored]);
        assert_eq!(one.take(5, at(1)), [""; 0], "it was another's to take, and is done");
        let totals = one.totals();
        assert_eq!((totals.pages, totals.done, totals.ended), (1, 2, Some(JoinedEnd::Complete)));
    });
}

#[test]
fn places_of_an_origin_are_shared_evenly_and_given_back_when_it_has_answered() {
    each(|kept| {
        let urls: Vec<String> = (0..40).map(|number| format!("http://a.test/{number:02}")).collect();
        let plan = plan(JoinedLimits { per_host: 8, ..limits() }, &urls.iter().map(|url| &**url).collect::<Vec<_>>());
        let mut alone = Worker::enter(kept.table(), &plan, at(0));
        let had = alone.take(20, at(0));
        assert_eq!(had.len(), 8, "one alone has all of them");
        assert_eq!(alone.take(20, at(0)), [""; 0]);
        let mut others: Vec<_> = (0..3).map(|_| Worker::enter(kept.table(), &plan, at(0))).collect();
        assert_eq!(others[0].take(20, at(0)), [""; 0], "none is free");
        let settled = Settled { fetched: had.iter().map(|url| (**url).into()).collect(), ..Settled::default() };
        alone.try_settle(settled, at(1)).unwrap();
        for worker in &mut others {
            assert_eq!(worker.take(20, at(1)).len(), 2, "a quarter each");
        }
        assert_eq!(alone.take(20, at(1)).len(), 2);
        assert_eq!(alone.totals().leased, 16, "what is read and stored is in hand still");
        assert_eq!(others[1].take(20, at(1)), [""; 0]);
    });
}

#[test]
fn a_delay_lets_one_in_and_an_overload_nobody() {
    each(|kept| {
        let urls: Vec<String> =
            ["a", "b"].iter().flat_map(|host| (0..3).map(move |number| format!("http://{host}.test/{number}"))).collect();
        let plan = plan(limits(), &urls.iter().map(|url| &**url).collect::<Vec<_>>());
        let (mut one, mut two) = (Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0)));
        let table = kept.table();
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(0)).unwrap(), RobotsKnown::Ask);
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(1)).unwrap(), RobotsKnown::Wait, "another has it in hand");
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(LEASE + 1)).unwrap(), RobotsKnown::Ask, "who has died");
        let text = b"User-agent: *\nCrawl-delay: 10\n\0\xff".as_slice();
        table.keep_robots(one.crawl.id, "http://a.test", Some((200, text)), Some(Duration::from_secs(10)), at(3)).unwrap();
        let known = |good_for| RobotsKnown::As { status: 200, body: text.to_vec(), good_for: Duration::from_secs(good_for) };
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(3)).unwrap(), known(DAY));
        let hosts = |taken: Vec<String>| taken.iter().filter(|url| url.contains("//a.")).count();
        kept.origins().note_overload("http://b.test", Some(Duration::from_secs(20)), time(3)).unwrap();
        let taken = [one.take(9, at(4)), two.take(9, at(4))];
        assert_eq!(taken.map(hosts), [1, 0], "and of the other host nothing, whoever asks");
        assert_eq!(two.take(9, at(22)), [""; 0]);
        assert_eq!(hosts(two.take(9, at(23))), 0);
        assert!(two.totals().leased > 1, "it rests no more");
        // What could not be had is asked for by the next who wants it.
        assert_eq!(table.robots(one.crawl.id, "http://c.test", at(5)).unwrap(), RobotsKnown::Ask);
        table.keep_robots(one.crawl.id, "http://c.test", None, None, at(5)).unwrap();
        assert_eq!(table.robots(one.crawl.id, "http://c.test", at(5)).unwrap(), RobotsKnown::Ask);
        // What is there counts for a day. Then one asks again, and for the others the old text is good until it has an answer, or a lease
        // is over; what it asked for holds as well.
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(2 + DAY)).unwrap(), known(1));
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(3 + DAY)).unwrap(), RobotsKnown::Ask);
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(4 + DAY)).unwrap(), known(LEASE - 1));
        table.keep_robots(one.crawl.id, "http://a.test", None, None, at(5 + DAY)).unwrap();
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(5 + DAY)).unwrap(), RobotsKnown::Ask, "it could not be had");
        let mut three = Worker::enter_in(table, one.crawl.clone(), at(5 + DAY));
        assert_eq!(hosts(three.take(9, at(5 + DAY))), 1, "one in flight, as before");
        table.keep_robots(one.crawl.id, "http://a.test", Some((404, b"")), None, at(6 + DAY)).unwrap();
        let none = RobotsKnown::As { status: 404, body: Vec::new(), good_for: Duration::from_secs(DAY) };
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(6 + DAY)).unwrap(), none);
        assert_eq!(hosts(three.take(9, at(6 + DAY))), 2, "and as many as there are where nothing is asked for");
        // Kept by a clock that was set back since: nobody knows how old it is.
        assert_eq!(table.robots(one.crawl.id, "http://a.test", at(0)).unwrap(), RobotsKnown::Ask);
    });
}

#[test]
fn what_is_left_out_and_what_is_given_up_is_not_given_out() {
    each(|kept| {
        let seeds = [TOP, "http://bad.test/1", "http://bad.test/2", "http://bad.test/3"];
        let mut one = Worker::enter(kept.table(), &plan(limits(), &seeds), at(0));
        assert_eq!(one.take(2, at(0)).len(), 2);
        let settled = Settled {
            left_out: vec!["http://a.test/de/".into()],
            given_up: vec!["http://bad.test".into()],
            lessons: vec!["a seed is a folder".to_owned()],
            notes: vec![Remark { kind: RemarkKind::Failed, url: "http://bad.test/".into(), why: "given up".into() }],
            ..Settled::default()
        };
        one.try_settle(settled, at(1)).unwrap();
        let found = [("http://a.test/de/", 1), ("http://bad.test/4", 1), ("http://a.test/x", 1)];
        one.settle(vec![dealt(TOP, Became::Page)], &found, at(2));
        let given = one.try_take(9, at(2)).unwrap();
        assert_eq!(given.urls.iter().map(|waiting| &*waiting.url).collect::<Vec<_>>(), ["http://a.test/x"]);
        assert_eq!(given.lessons.iter().map(|(_, lesson)| &**lesson).collect::<Vec<_>>(), ["a seed is a folder"]);
        assert!(one.try_take(9, at(2)).unwrap().lessons.is_empty(), "each is told once");
        // What it has in hand of the origin that was given up is dropped with the rest.
        kept.table().leave_joined(one.crawl.id, one.id, Spent::default(), at(3)).unwrap();
        let mut two = Worker::enter(kept.table(), &plan(limits(), &seeds), at(3));
        let given = two.try_take(9, at(3)).unwrap();
        assert_eq!((given.urls.len(), given.lessons.len()), (1, 1));
        two.settle(vec![dealt("http://a.test/x", Became::Nothing)], &[], at(4));
        let totals = two.totals();
        assert_eq!((totals.queued, totals.leased, totals.failed, totals.ended), (0, 0, 1, Some(JoinedEnd::Complete)));
    });
}

#[test]
fn what_yields_to_a_host_that_was_given_up_is_asked_for_and_what_was_there_is_not() {
    each(|kept| {
        let seeds = [TOP, "http://bad.test/1", "http://bad.test/2", "http://bad.test/copy", "http://bad.test/in", "http://bad.test/gone"];
        let mut one = Worker::enter(kept.table(), &plan(limits(), &seeds), at(0));
        let yields = |from: &str, to: &str| dealt(from, Became::Yields(to.into()));
        assert_eq!(one.take(1, at(0)), [TOP]);
        assert_eq!(one.take(1, at(0)), ["http://bad.test/1"]);
        let mut two = Worker::enter_in(kept.table(), one.crawl.clone(), at(0));
        assert_eq!(two.take(2, at(0)).len(), 2);
        // Its own origin is given up, and the one it yields to is not there.
        two.settle(vec![yields("http://bad.test/copy", "http://bad.test/gone")], &[], at(1));
        one.try_settle(Settled { given_up: vec!["http://bad.test".into()], ..Settled::default() }, at(1)).unwrap();
        one.try_settle(Settled { given_up: vec!["http://bad.test".into()], ..Settled::default() }, at(1)).unwrap();
        let totals = one.totals();
        assert_eq!((totals.queued, totals.leased, totals.done), (0, 3, 3), "what waits there counts as dealt with, once: {totals:?}");
        // A page of another host yields to one that nobody asks for any more.
        one.settle(vec![yields(TOP, "http://bad.test/gone")], &[], at(2));
        let restored = one.try_take(9, at(2)).unwrap().urls;
        assert_eq!(restored.iter().map(|of| (&*of.url, of.role)).collect::<Vec<_>>(), [(TOP, Waiting::RESTORED)]);
        // One of those that waited there came by a redirect all the same, and is stored.
        let deal = Dealt { hops: vec!["http://bad.test/1".into()], ..dealt("http://bad.test/in", Became::Page) };
        assert_eq!(one.settle(vec![deal, dealt(TOP, Became::Page)], &[], at(3)), [Verdict::Stored, Verdict::Stored]);
        // Whoever yields to what came to nothing is not asked for there.
        two.settle(vec![dealt("http://bad.test/2", Became::Nothing)], &[], at(4));
        let totals = one.totals();
        assert_eq!((totals.queued, totals.leased, totals.pages, totals.ended), (0, 0, 2, Some(JoinedEnd::Complete)), "{totals:?}");
        assert_eq!(totals.done, 6, "{totals:?}");
    });
}

/// A page that came by a redirect which its worker has followed waits in the table, where another may take it meanwhile.
#[test]
fn what_a_redirect_led_to_is_counted_once_while_others_take_it() {
    const PAGES: usize = 120;
    each(|kept| {
        let clock = Clock::Store { ahead: Duration::ZERO };
        let crawl = kept.table().open_joined(&plan(limits(), &[]), clock).unwrap();
        let mut first = Worker::enter_in(kept.table(), crawl.clone(), clock);
        let doors: Vec<String> = (0..PAGES).map(|number| format!("http://a.test/door/{number}")).collect();
        let ins: Vec<String> = (0..PAGES).map(|number| format!("http://a.test/in/{number}")).collect();
        let found = doors.iter().map(|url| (&**url, 0)).chain(ins.iter().map(|url| (&**url, 1)));
        first.settle(vec![], &found.collect::<Vec<_>>(), clock);
        let had = first.take(PAGES, clock);
        assert_eq!(had, doors);
        let stored = AtomicU64::new(0);
        let count = |verdicts: Vec<Verdict>| {
            stored.fetch_add(verdicts.iter().filter(|verdict| **verdict == Verdict::Stored).count() as u64, Ordering::SeqCst);
        };
        let (of, id) = (&crawl, first.id);
        thread::scope(|scope| {
            scope.spawn(|| {
                let first = Worker { id, ..Worker::enter_in(kept.table(), of.clone(), clock) };
                for (door, led_to) in doors.iter().zip(&ins) {
                    let deal = Dealt { hops: vec![(**door).into()], ..dealt(led_to, Became::Page) };
                    count(first.settle(vec![deal], &[], clock));
                }
            });
            scope.spawn(|| {
                let mut second = Worker::enter_in(kept.table(), of.clone(), clock);
                while second.totals().ended.is_none() {
                    for url in second.take(1, clock) {
                        count(second.settle(vec![dealt(&url, Became::Page)], &[], clock));
                    }
                }
            });
        });
        let totals = kept.table().joined_totals(crawl.id).unwrap().unwrap();
        assert_eq!((totals.pages, totals.stored, totals.done), (PAGES as u64, PAGES as u64, 2 * PAGES as u64), "{totals:?}");
        assert_eq!(stored.into_inner(), PAGES as u64);
    });
}

#[test]
fn a_crawl_can_be_ended_by_anybody() {
    each(|kept| {
        let plan = plan(limits(), &[TOP, "http://a.test/2"]);
        let mut one = Worker::enter(kept.table(), &plan, at(0));
        assert_eq!(one.take(1, at(0)).len(), 1);
        kept.table().end_joined(one.crawl.id, JoinedEnd::Stopped).unwrap();
        let given = one.try_take(5, at(1)).unwrap();
        assert_eq!((given.urls.len(), given.totals.ended), (0, Some(JoinedEnd::Stopped)));
        let anew = kept.table().open_joined(&plan, at(2)).unwrap();
        assert_ne!(anew.id, one.crawl.id);
        assert_eq!(kept.table().take_joined(one.crawl.id, one.id, &Wish::default(), at(3)).unwrap(), None, "it is forgotten");
    });
}

/// What is left of a crawl goes in portions, also where who closed it has died on the way; the account stays until there is another.
#[test]
fn nothing_is_left_of_a_crawl_but_its_account() {
    each(|kept| {
        let many: Vec<String> = (0..25_000).map(|number| format!("http://{}.test/{number}", number % 1_500)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let plan = plan(JoinedLimits { max_pages: 100_000, ..limits() }, &many);
        let mut one = Worker::enter(kept.table(), &plan, at(0));
        for number in 0..3 {
            kept.table().keep_robots(one.crawl.id, &format!("http://{number}.test"), Some((200, b"User-agent: *")), None, at(0)).unwrap();
        }
        assert_eq!(one.take(2, at(1)).len(), 2);
        assert!(!kept.table().close_joined(one.crawl.id).unwrap(), "it goes on");
        assert_eq!(one.take(1, at(1)).len(), 1);
        kept.table().end_joined(one.crawl.id, JoinedEnd::Stopped).unwrap();
        assert!(kept.table().close_joined(one.crawl.id).unwrap());
        assert!(!kept.table().close_joined(one.crawl.id).unwrap(), "once");
        assert_eq!(one.totals().ended, Some(JoinedEnd::Stopped));
        assert_eq!(kept.table().joined_crawls().unwrap(), []);
        assert_eq!(one.try_settle(Settled { found: vec![page("http://a.test/late", 1)], ..Settled::default() }, at(2)), None);
        let anew = kept.table().open_joined(&plan, at(3)).unwrap();
        assert_eq!(kept.table().joined_totals(one.crawl.id).unwrap(), None, "there is another");
        assert_eq!(kept.table().joined_crawls().unwrap().iter().map(|joined| joined.id).collect::<Vec<_>>(), [anew.id]);
    });
}

#[test]
fn a_passage_is_in_the_hands_of_one_who_embeds_at_one_time() {
    let store = stores::in_memory();
    for number in 0..5 {
        let url = format!("http://a.test/{number}").parse().unwrap();
        let document = Document::new(url, "T", format!("Herons of pond {number} stand still."), SystemTime::UNIX_EPOCH);
        let chunks = chunk::split(&document, &chunk::Config { min_chars: 0, ..chunk::Config::default() });
        assert_eq!(chunks.len(), 1);
        store.put(&document, &chunks).unwrap();
    }
    let lease = |limit, second| {
        let pending = store.lease_pending("m", limit, Duration::from_secs(120), at(second)).unwrap();
        pending.into_iter().map(|pending| pending.chunk).collect::<Vec<i64>>()
    };
    let (first, second) = (lease(3, 0), lease(9, 1));
    assert_eq!((first.len(), second.len(), lease(9, 2).len()), (3, 2, 0));
    let all: BTreeSet<i64> = first.iter().chain(&second).copied().collect();
    assert_eq!(all.len(), 5, "none twice");
    let embedded: Vec<_> = first.iter().map(|chunk| Embedded { chunk: *chunk, vector: vec![1.0, 0.5] }).collect();
    store.put_vectors("m", &embedded).unwrap();
    assert_eq!(lease(9, 100), [0; 0]);
    let again: BTreeSet<i64> = lease(9, 130).into_iter().collect();
    assert_eq!(again, second.into_iter().collect(), "who has died is not waited for, and what is embedded is done");
    assert_eq!(store.lease_pending("another", 9, Duration::from_secs(120), at(131)).unwrap().len(), 5, "of one model alone");
}

/// Eight workers that race, of which some die with what they have.
struct Race {
    fetched: AtomicU64,
    in_flight: BTreeMap<&'static str, AtomicI64>,
    most: AtomicI64,
    per_host: i64,
}

const HOSTS: [&str; 4] = ["http://a.test", "http://b.test", "http://c.test", "http://d.test"];

impl Race {
    fn new(per_host: i64) -> Self {
        let in_flight = HOSTS.iter().map(|host| (*host, AtomicI64::new(0))).collect();
        Self { fetched: AtomicU64::new(0), in_flight, most: AtomicI64::new(0), per_host }
    }

    fn host(&self, url: &str) -> &AtomicI64 {
        &self.in_flight[HOSTS.iter().find(|host| url.starts_with(**host)).unwrap()]
    }

    /// Until it is over; every page has three links that nobody else has.
    fn work(&self, table: &dyn JoinedCrawls, crawl: Joined, takes: usize) {
        let clock = Clock::Store { ahead: Duration::ZERO };
        let mut me = Worker::enter_in(table, crawl, clock);
        let mut in_hand: Vec<Waiting> = Vec::new();
        for _ in 0..takes {
            let given = if in_hand.is_empty() { me.take_with_nothing_in_hand(5, clock) } else { me.try_take(5, clock) };
            let Some(given) = given else { return };
            if given.totals.ended.is_some() || given.totals.ending.is_some() {
                break;
            }
            for waiting in given.urls {
                let now = self.host(&waiting.url).fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                assert!(now <= self.per_host, "{now} requests at {}", waiting.url);
                in_hand.push(waiting);
            }
            let mut settled = Settled::default();
            while me.spent.requests < me.allowed.requests
                && let Some(waiting) = in_hand.pop()
            {
                me.spent.requests += 1;
                self.fetched.fetch_add(1, Ordering::SeqCst);
                settled.dealt.push(dealt(&waiting.url, Became::Page));
                let links = (0..3).map(|number| page(&format!("{}{number}/", waiting.url), waiting.depth + 1));
                settled.found.extend(links);
                self.host(&waiting.url).fetch_sub(1, Ordering::SeqCst);
            }
            me.try_settle(settled, clock);
        }
        in_hand.iter().for_each(|waiting| _ = self.host(&waiting.url).fetch_sub(1, Ordering::SeqCst));
        table.leave_joined(me.crawl.id, me.id, me.spent, clock).unwrap();
    }

    fn run(&self, kept: &Kept, limits: JoinedLimits) -> JoinedTotals {
        let seeds: Vec<String> = HOSTS.iter().map(|host| format!("{host}/")).collect();
        let plan = plan(limits, &seeds.iter().map(|seed| &**seed).collect::<Vec<_>>());
        let crawl = kept.table().open_joined(&plan, Clock::Store { ahead: Duration::ZERO }).unwrap();
        thread::scope(|scope| {
            for number in 0..8 {
                let crawl = crawl.clone();
                // Two of them go early.
                let takes = if number < 2 { 5 } else { 100_000 };
                scope.spawn(move || self.work(kept.table(), crawl, takes));
            }
        });
        kept.table().joined_totals(crawl.id).unwrap().unwrap()
    }
}

#[test]
fn pages_are_exact_in_total_whoever_fetches_them() {
    each(|kept| {
        let race = Race::new(6);
        let totals = race.run(kept, JoinedLimits { max_pages: 137, per_host: 6, ..limits() });
        assert_eq!((totals.pages, totals.stored, totals.ended), (137, 137, Some(JoinedEnd::MaxPages)));
        assert!(totals.queued > 0 && totals.leased == 0, "{totals:?}");
        assert!(race.most.into_inner() <= 6);
    });
}

#[test]
fn requests_are_exact_in_total_whoever_makes_them() {
    each(|kept| {
        let race = Race::new(4);
        let totals = race.run(kept, JoinedLimits { max_requests: 90, per_host: 4, ..limits() });
        assert_eq!((totals.requests, race.fetched.into_inner(), totals.ended), (90, 90, Some(JoinedEnd::MaxRequests)));
        assert_eq!(totals.pages, 90);
    });
}

#[test]
fn bytes_end_a_crawl_when_all_together_have_had_as_many() {
    each(|kept| {
        let urls: Vec<String> = (0..50).map(|number| format!("http://a.test/{number:02}")).collect();
        let plan = plan(JoinedLimits { max_bytes: 100 << 20, ..limits() }, &urls.iter().map(|url| &**url).collect::<Vec<_>>());
        let mut workers = [Worker::enter(kept.table(), &plan, at(0)), Worker::enter(kept.table(), &plan, at(0))];
        let mut seen = BTreeSet::new();
        for round in 0..50 {
            for worker in &mut workers {
                for url in worker.take(1, at(round)) {
                    assert!(worker.spent.bytes < worker.allowed.bytes);
                    worker.spent.bytes += 7 << 20;
                    worker.settle(vec![dealt(&url, Became::Page)], &[], at(round));
                    assert!(seen.insert(url));
                }
            }
        }
        let totals = workers[0].totals();
        assert_eq!(totals.ended, Some(JoinedEnd::MaxBytes));
        // The first that is beyond it, and what another had in flight.
        assert!((100 << 20..=114 << 20).contains(&totals.bytes), "{totals:?}");
    });
}
