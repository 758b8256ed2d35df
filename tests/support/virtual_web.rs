//! A web that is made up, and crawlers that do one crawl of it together, by the rules and the table of `store::joined`: time is a number, and
//! nothing but the table is real. Crawlers die without a word and others come in their place.
#![allow(dead_code, reason = "the test and the measurement use their parts")]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, SystemTime};

use smolcrawl::model::{
    Became, Clock, Dealt, JoinedId, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Recipe, Settled, SourceId, Spent, Verdict, Waiting,
    Wish, WorkerId,
};
use smolcrawl::store::{JoinedCrawls, JoinedInMemory, Origins};

/// What is made up.
#[derive(Clone, Copy, Debug)]
pub struct Web {
    pub pages: usize,
    pub hosts: usize,
    pub crawlers: usize,
    pub per_host: u64,
    /// The mean life of a crawler.
    pub life: Duration,
    pub max_pages: u64,
    pub max_requests: u64,
}

/// What has become of it.
#[derive(Debug)]
pub struct Outcome {
    pub totals: JoinedTotals,
    pub deaths: u64,
    /// Requests for pages, and of these the ones for a page that was asked for before.
    pub fetched: u64,
    pub again: u64,
    /// Pages that were stored once, and more than once.
    pub stored: u64,
    pub twice: u64,
    /// The most requests in flight to one host, and the least time between two to one that wants a delay.
    pub most_at_once: u64,
    pub least_delay: Option<Duration>,
    /// In virtual time.
    pub took: Duration,
    /// Calls to the table.
    pub calls: u64,
}

/// What happens to a crawler, if it is the one that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask,
    /// A page is asked for.
    Begin(usize),
    Come(usize),
    Flush,
    Die,
    Enter,
}

struct Crawler {
    worker: Option<WorkerId>,
    /// Which one it is, of those at this place.
    life: u32,
    in_flight: Vec<usize>,
    /// What it has in hand and may not ask for yet.
    held_up: Vec<usize>,
    settled: Settled,
    pages: Vec<PageOf>,
    /// Requests.
    allowed: u64,
    spent: Spent,
    is_flushing: bool,
}

/// When, in which order, whose, of which life, and what.
type Due = (u64, u64, usize, u32, Event);

struct World {
    web: Web,
    table: JoinedInMemory,
    crawl: JoinedId,
    now: u64,
    events: BinaryHeap<Reverse<Due>>,
    numbered: u64,
    random: u64,
    crawlers: Vec<Crawler>,
    fetches: Vec<u16>,
    stores: Vec<u8>,
    at_once: Vec<u64>,
    last: HashMap<usize, u64>,
    outcome: Outcome,
    is_over: bool,
}

const LEASE: u64 = 30_000;
/// Of the hosts one in so many wants this time between two requests.
const SLOW: usize = 20;
const DELAY: u64 = 500;
/// After four hours a crawl of these stands still.
const LONGEST: u64 = 4 * 60 * 60 * 1_000;

impl Web {
    pub fn crawl(self) -> Outcome {
        let limits = JoinedLimits {
            max_pages: self.max_pages,
            max_requests: self.max_requests,
            max_bytes: u64::MAX >> 1,
            per_host: self.per_host,
            lease: Duration::from_millis(LEASE),
        };
        let seed = Waiting { url: self.url(0).into(), depth: 0, role: Waiting::PAGE, from: None, via: Vec::new() };
        let source = SourceId::named("virtual.test").unwrap();
        let plan = JoinedPlan { sources: vec![(source, Recipe::default())], limits, seeds: vec![seed] };
        let table = JoinedInMemory::default();
        let crawl = table.open_joined(&plan, clock(0)).unwrap().id;
        let outcome = Outcome {
            totals: JoinedTotals::default(),
            deaths: 0,
            fetched: 0,
            again: 0,
            stored: 0,
            twice: 0,
            most_at_once: 0,
            least_delay: None,
            took: Duration::ZERO,
            calls: 0,
        };
        let crawler = || Crawler {
            worker: None,
            life: 0,
            in_flight: Vec::new(),
            held_up: Vec::new(),
            settled: Settled::default(),
            pages: Vec::new(),
            allowed: 0,
            spent: Spent::default(),
            is_flushing: false,
        };
        let mut world = World {
            web: self,
            table,
            crawl,
            now: 0,
            events: BinaryHeap::new(),
            numbered: 0,
            random: 0x2545_f491_4f6c_dd1d,
            crawlers: (0..self.crawlers).map(|_| crawler()).collect(),
            fetches: vec![0; self.pages],
            stores: vec![0; self.pages],
            at_once: vec![0; self.hosts],
            last: HashMap::new(),
            outcome,
            is_over: false,
        };
        world.run();
        world.outcome
    }

    fn host(self, page: usize) -> usize {
        // Neighbours are at several hosts.
        page.wrapping_mul(2_654_435_761) % self.hosts
    }

    fn origin(self, page: usize) -> String {
        format!("http://h{}.test", self.host(page))
    }

    fn url(self, page: usize) -> String {
        format!("{}/{page}", self.origin(page))
    }

    fn page(url: &str) -> usize {
        url.rsplit('/').next().unwrap().parse().unwrap()
    }

    /// The next ones in a tree, and some that are known.
    fn links(self, page: usize) -> impl Iterator<Item = usize> {
        let tree = (page * 4 + 1..page * 4 + 5).filter(move |next| *next < self.pages);
        tree.chain([page / 2, page.wrapping_mul(31) % (page + 1)])
    }
}

fn time(now: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_millis(now)
}

fn clock(now: u64) -> Clock {
    Clock::At(time(now))
}

impl World {
    fn run(&mut self) {
        for crawler in 0..self.web.crawlers {
            let at = self.random(1_000);
            self.later(at, crawler, Event::Enter);
        }
        while let Some(Reverse((at, _, crawler, life, event))) = self.events.pop() {
            if self.is_over || at > LONGEST {
                break;
            }
            self.now = at;
            if self.crawlers[crawler].life == life {
                self.happens(crawler, event);
            }
        }
        self.outcome.took = Duration::from_millis(self.now);
        self.outcome.totals = self.table.joined_totals(self.crawl).unwrap().unwrap();
        self.outcome.stored = self.stores.iter().filter(|stored| **stored == 1).count() as u64;
        self.outcome.twice = self.stores.iter().filter(|stored| **stored > 1).count() as u64;
    }

    fn later(&mut self, after: u64, crawler: usize, event: Event) {
        self.numbered += 1;
        self.events.push(Reverse((self.now + after, self.numbered, crawler, self.crawlers[crawler].life, event)));
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn happens(&mut self, crawler: usize, event: Event) {
        match event {
            Event::Enter => self.enter(crawler),
            Event::Ask => self.ask(crawler),
            Event::Begin(page) => self.begin(crawler, page),
            Event::Come(page) => self.come(crawler, page),
            Event::Flush => self.flush(crawler),
            Event::Die => {
                self.outcome.deaths += 1;
                let dead = std::mem::take(&mut self.crawlers[crawler].in_flight);
                dead.iter().for_each(|page| self.at_once[self.web.host(*page)] -= 1);
                self.crawlers[crawler].life += 1;
                let after = self.random(10_000);
                self.later(after, crawler, Event::Enter);
            }
        }
    }

    fn enter(&mut self, crawler: usize) {
        let worker = self.table.enter_joined(self.crawl, "virtual", clock(self.now)).unwrap();
        let of = &mut self.crawlers[crawler];
        (of.worker, of.settled, of.spent, of.is_flushing) = (Some(worker), Settled::default(), Spent::default(), false);
        (of.allowed, of.held_up) = (0, Vec::new());
        of.pages.clear();
        // Some live a tenth of the mean, some nearly twice as long.
        let mean = self.web.life.as_millis() as u64;
        let life = mean / 10 + self.random(mean * 9 / 5);
        self.later(life, crawler, Event::Die);
        self.later(0, crawler, Event::Ask);
    }

    fn ask(&mut self, crawler: usize) {
        self.outcome.calls += 1;
        let of = &mut self.crawlers[crawler];
        let Some(worker) = of.worker else { return };
        let urls = 16_usize.saturating_sub(of.in_flight.len() + of.held_up.len());
        let is_idle = of.in_flight.is_empty() && !of.is_flushing;
        // What it may ask for and has no use for is others'.
        let unused = if is_idle && of.held_up.is_empty() { of.allowed - of.spent.requests } else { 0 };
        of.allowed -= unused;
        let wish = Wish { urls, spent: of.spent, returned: Spent { requests: unused, bytes: 0 }, ..Wish::default() };
        let Some(given) = self.table.take_joined(self.crawl, worker, &wish, clock(self.now)).unwrap() else {
            // It was silent for too long, which one that lives is not.
            return self.happens(crawler, Event::Die);
        };
        self.is_over = given.totals.ended.is_some();
        if given.totals.ending.is_some() && is_idle {
            // All that there is to do is in flight elsewhere.
            let spent = self.crawlers[crawler].spent;
            self.table.leave_joined(self.crawl, worker, spent, clock(self.now)).unwrap();
            self.is_over = self.table.joined_totals(self.crawl).unwrap().unwrap().ended.is_some();
            self.crawlers[crawler].life += 1;
            // Others come, who find those that died.
            return self.later(10_000, crawler, Event::Enter);
        }
        let of = &mut self.crawlers[crawler];
        of.allowed += given.allowed.requests;
        for page in std::mem::take(&mut of.held_up) {
            self.later(0, crawler, Event::Begin(page));
        }
        let pause = if given.urls.is_empty() { 1_000 } else { 300 };
        for waiting in given.urls {
            self.later(0, crawler, Event::Begin(Web::page(&waiting.url)));
        }
        self.later(pause, crawler, Event::Ask);
    }

    fn begin(&mut self, crawler: usize, page: usize) {
        let of = &mut self.crawlers[crawler];
        if of.spent.requests >= of.allowed {
            return of.held_up.push(page);
        }
        let host = self.web.host(page);
        if host.is_multiple_of(SLOW) {
            let delay = Some(Duration::from_millis(DELAY));
            if let Some(wait) = self.table.take_turn(&self.web.origin(page), delay, time(self.now)).unwrap() {
                return self.later(wait.as_millis() as u64, crawler, Event::Begin(page));
            }
            if let Some(last) = self.last.insert(host, self.now) {
                let between = Duration::from_millis(self.now - last);
                self.outcome.least_delay = Some(self.outcome.least_delay.map_or(between, |least| least.min(between)));
            }
        }
        self.at_once[host] += 1;
        self.outcome.most_at_once = self.outcome.most_at_once.max(self.at_once[host]);
        self.outcome.fetched += 1;
        self.outcome.again += u64::from(self.fetches[page] > 0);
        self.fetches[page] += 1;
        let of = &mut self.crawlers[crawler];
        of.in_flight.push(page);
        of.spent.requests += 1;
        let latency = 30 + self.random(400);
        self.later(latency, crawler, Event::Come(page));
    }

    fn come(&mut self, crawler: usize, page: usize) {
        self.at_once[self.web.host(page)] -= 1;
        let (web, url) = (self.web, Box::from(self.web.url(page)));
        let found = web.links(page).map(|next| Waiting {
            url: web.url(next).into(),
            depth: (next + 1).ilog2() / 2,
            role: Waiting::PAGE,
            from: None,
            via: Vec::new(),
        });
        let of = &mut self.crawlers[crawler];
        of.in_flight.retain(|other| *other != page);
        of.settled.found.extend(found);
        of.settled.dealt.push(Dealt { url, hops: Vec::new(), became: Became::Page, is_page: true });
        of.pages.push(PageOf { url: web.url(page).into(), contents: vec![page as u64] });
        if !std::mem::replace(&mut of.is_flushing, true) {
            let after = self.random(200);
            self.later(after, crawler, Event::Flush);
        }
    }

    fn flush(&mut self, crawler: usize) {
        self.outcome.calls += 1;
        let of = &mut self.crawlers[crawler];
        of.is_flushing = false;
        let Some(worker) = of.worker else { return };
        let (settled, pages) = (Settled { spent: of.spent, ..std::mem::take(&mut of.settled) }, std::mem::take(&mut of.pages));
        let done = self.table.settle_joined(self.crawl, worker, &settled, &pages, &[], None, clock(self.now)).unwrap();
        for (page, (verdict, _)) in pages.iter().zip(done.unwrap_or_default()) {
            if verdict == Verdict::Stored {
                self.stores[Web::page(&page.url)] += 1;
            }
        }
    }
}
