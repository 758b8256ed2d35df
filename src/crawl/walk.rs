//! The crawl itself: takes from the frontier what politeness allows, fetches, and puts what it learns back. The only loop of the
//! room. Its decisions are those of the pure parts; here they meet the network.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_lite::Stream;
use futures_lite::future::poll_fn;
use futures_util::stream::{FuturesUnordered, StreamExt};
use url::Url;

use crate::extract::Outline;
use crate::http;
use crate::model::Page;
use crate::model::Validators;
use crate::reactor::Boxed;

use super::canonical::{Standing, credible};
use super::error::Error;
use super::fetch::{Answer, Fetcher, Wanted, closed, worth_another_try};
use super::frontier::{Entry, Frontier, Limits, Offered, Role, normalise, origin};
use super::plan::{Bounds, CrawlRequest, Robots, Sitemaps, is_binary};
use super::polite::{Ended, Polite, Verdict, pause_after};
use super::report::{CrawlReport, Failed, Skipped};
use super::robots::{Forbidden, Rules};
use super::sitemap::{Kind, Sitemap};

/// What a crawl yields, in the order in which it happens.
#[derive(Debug)]
pub enum Visit {
    Page(Page),
    Skipped(Skipped),
    Failed(Failed),
}

/// A crawl under way: a stream of visits. It makes progress only while it is polled, so a slow consumer slows the crawl, and at most
/// [`CrawlRequest::concurrency`] pages are in memory. A consumer that stays away for longer than the time limits of the HTTP client
/// lets requests in flight run into them; they are tried again.
pub struct Crawl {
    fetcher: Arc<Fetcher>,
    request: CrawlRequest,
    bounds: Bounds,
    frontier: Frontier,
    polite: Polite,
    jobs: FuturesUnordered<Boxed<'static, Done>>,
    /// When something may be fetched that has to wait now.
    alarm: Option<(Instant, Boxed<'static, ()>)>,
    /// What happened and was not handed out yet; one job adds two at most.
    ready: VecDeque<Visit>,
    /// Requests in flight that may become pages: they hold a place of `max_pages`.
    in_flight: u64,
    standing: Standing,
    /// Hash of origin and body -> URLs with it.
    contents: HashMap<u64, u8>,
    hasher: RandomState,
    /// Why the robots.txt of an origin could not be asked for.
    unreachable: HashMap<Box<str>, Arc<http::Error>>,
    report: CrawlReport,
    /// Time and counters at the first poll.
    begun: Option<(Instant, http::Counters)>,
    ended: bool,
}

/// What a job brings back.
enum Done {
    Rules(Url, Result<Arc<Rules>, http::Error>),
    Answer(Url, Entry, Result<Answer, Error>),
}

impl Crawl {
    pub(super) fn new(fetcher: Arc<Fetcher>, request: CrawlRequest) -> Self {
        let config = &fetcher.config;
        let limits = Limits {
            max_queued: config.max_queued,
            max_url_length: config.max_url_length,
            max_query_variants: config.max_query_variants,
        };
        let mut frontier = Frontier::new(limits);
        let seeds: Vec<Url> = request.seeds.iter().cloned().map(normalise).collect();
        for seed in &seeds {
            frontier.offer(seed, || Entry::new(seed, 0, Role::Seed));
        }
        Self {
            bounds: Bounds::new(request.scope, &seeds),
            frontier,
            polite: Polite::new(request.robots, request.per_host.unwrap_or(request.concurrency).max(1), config.give_up_after),
            jobs: FuturesUnordered::new(),
            alarm: None,
            ready: VecDeque::new(),
            in_flight: 0,
            standing: Standing::default(),
            contents: HashMap::new(),
            hasher: RandomState::new(),
            unreachable: HashMap::new(),
            report: CrawlReport::default(),
            begun: None,
            ended: false,
            fetcher,
            request,
        }
    }

    /// What happens next; none when the crawl is over.
    pub async fn next(&mut self) -> Option<Visit> {
        poll_fn(|cx| self.poll_visit(cx)).await
    }

    /// The account so far. `stored` is the caller's to fill in.
    pub fn report(&self) -> CrawlReport {
        let mut report = self.report.clone();
        if let (false, Some((at, counters))) = (self.ended, &self.begun) {
            report.elapsed = self.fetcher.handle.now() - *at;
            report.http = self.fetcher.client.counters().since(counters);
        }
        report
    }

    /// Ends the crawl, finished or not: requests in flight are cancelled.
    pub fn finish(self) -> CrawlReport {
        self.report()
    }

    fn poll_visit(&mut self, cx: &mut Context<'_>) -> Poll<Option<Visit>> {
        let (handle, client) = (&self.fetcher.handle, &self.fetcher.client);
        self.begun.get_or_insert_with(|| (handle.now(), client.counters()));
        loop {
            if let Some(visit) = self.ready.pop_front() {
                return Poll::Ready(Some(visit));
            }
            if self.report.pages >= self.request.max_pages {
                return Poll::Ready(self.end());
            }
            let wake = self.dispatch();
            if !self.ready.is_empty() {
                continue;
            }
            match self.jobs.poll_next_unpin(cx) {
                Poll::Ready(Some(done)) => self.settle(done),
                Poll::Ready(None) if wake.is_none() => return Poll::Ready(self.end()),
                _ => ready!(self.poll_alarm(wake, cx)),
            }
        }
    }

    /// Starts what may start now. Returns when to look again, where only time is in the way.
    fn dispatch(&mut self) -> Option<Instant> {
        let now = self.fetcher.handle.now();
        let mut wake = self.frontier.wake(now);
        while self.ready.is_empty() && self.jobs.len() < self.request.concurrency.max(1) {
            if self.report.pages + self.in_flight >= self.request.max_pages {
                return None;
            }
            let mut verdict = Verdict::Busy;
            let taken = self.frontier.take(|url| {
                verdict = self.polite.verdict(url, now);
                if let Verdict::Wait(at) = verdict {
                    wake = Some(wake.map_or(at, |wake| wake.min(at)));
                }
                !matches!(verdict, Verdict::Wait(_) | Verdict::Busy)
            });
            let Some((url, entry)) = taken else { break };
            match verdict {
                Verdict::Go => self.start(url, entry, now),
                Verdict::AskRobots => self.ask_robots(url, entry),
                Verdict::Never(forbidden) => self.forbidden(url, entry, forbidden),
                Verdict::Wait(_) | Verdict::Busy => unreachable!("these were not taken"),
            }
        }
        wake
    }

    fn start(&mut self, url: Url, entry: Entry, now: Instant) {
        self.polite.started(&url, now);
        self.in_flight += 1;
        let fetcher = self.fetcher.clone();
        self.jobs.push(Box::pin(async move {
            let wanted = match entry.role {
                Role::Seed => Wanted::Either,
                Role::Sitemap { .. } => Wanted::Sitemap,
                Role::Page | Role::Restored => Wanted::Page,
            };
            let answer = fetcher.ask(&url, entry.depth, wanted, &Validators::default()).await;
            Done::Answer(url, entry, answer)
        }));
    }

    fn ask_robots(&mut self, url: Url, entry: Entry) {
        self.polite.asked_robots(&url);
        self.frontier.put_back(&url, entry);
        let fetcher = self.fetcher.clone();
        self.jobs.push(Box::pin(async move {
            let rules = fetcher.rules(&url).await;
            Done::Rules(url, rules)
        }));
    }

    fn settle(&mut self, done: Done) {
        let now = self.fetcher.handle.now();
        match done {
            Done::Rules(url, Ok(rules)) => {
                if self.request.sitemaps == Sitemaps::Follow {
                    self.offer_sitemaps(&url, &rules);
                }
                self.polite.learned(&url, rules, now);
            }
            Done::Rules(url, Err(error)) => {
                self.unreachable.insert(origin(&url), Arc::new(error));
                self.polite.learned(&url, closed(), now);
            }
            Done::Answer(url, entry, answer) => {
                self.in_flight -= 1;
                if let Some(failures) = self.polite.ended(&url, now, ended(&answer)) {
                    self.give_up(&url, failures);
                }
                match answer {
                    Ok(Answer::Page(page, outline)) => self.page(url, entry, page, outline),
                    Ok(Answer::Sitemap(sitemap)) => self.sitemap(url, entry, sitemap),
                    Ok(Answer::Moved(to)) => self.moved(url, entry, to),
                    Ok(Answer::NotAPage(what)) => self.skip(url, what),
                    Ok(Answer::Unchanged) => self.skip(url, "not changed".to_owned()),
                    Err(error) if worth_another_try(&error) && entry.attempts < self.fetcher.config.retries => {
                        self.try_again(&url, entry, &error, now);
                    }
                    Err(error) => self.fail(url, &entry, &error),
                }
            }
        }
    }

    fn page(&mut self, url: Url, entry: Entry, page: Page, outline: Outline) {
        let obey = self.request.robots == Robots::Obey;
        let content = self.hasher.hash_one((origin(&url), &page.body));
        let copies = self.contents.get(&content).copied().unwrap_or_default();
        // Links of a copy may lead elsewhere, as they are relative to another address; but where every address has the same
        // content, as some servers answer, following them would not end.
        if entry.depth < self.request.depth && copies < MAX_COPIES_FOLLOWED && (outline.robots.follow || !obey) {
            self.offer_links(&url, entry.depth + 1, outline.links);
        }
        if obey && !outline.robots.index {
            return self.skip(url, "the page asks not to be indexed".to_owned());
        }
        if copies > 0 {
            self.contents.insert(content, copies.saturating_add(1));
            return self.skip(url, "the same content as another page".to_owned());
        }
        if entry.role != Role::Restored
            && let Some(canonical) = credible(&url, outline.canonical.map(normalise).as_ref(), &self.bounds)
            && !entry.via.iter().any(|hop| **hop == *canonical.as_str())
            && self.yield_to(&url, entry.depth, canonical)
        {
            return self.skip(url, format!("its canonical address is {canonical}"));
        }
        self.contents.insert(content, 1);
        self.standing.became_page(&url);
        self.report.pages += 1;
        self.ready.push_back(Visit::Page(page));
    }

    /// Whether the canonical address was or will be fetched, so that the page may be left out.
    fn yield_to(&mut self, page: &Url, depth: u32, canonical: &Url) -> bool {
        let from: Arc<str> = page.as_str().into();
        let offered = self.frontier.offer(canonical, || Entry::new(canonical, depth, Role::Page).from(&from));
        !matches!(offered, Offered::Refused(_)) && self.standing.yields(page, depth, canonical)
    }

    fn sitemap(&mut self, url: Url, entry: Entry, sitemap: Sitemap) {
        let level = match entry.role {
            Role::Sitemap { level } => level,
            Role::Seed | Role::Page | Role::Restored => 0,
        };
        if !sitemap.notes.is_empty() {
            let notes: Vec<_> = sitemap.notes.iter().map(ToString::to_string).collect();
            let why = format!("a faulty sitemap, of which {} entries were read: {}", sitemap.entries.len(), notes.join("; "));
            self.skip(url.clone(), why);
        }
        let from: Arc<str> = url.as_str().into();
        for listed in sitemap.entries {
            let listed = normalise(listed.url);
            let (role, why_not) = match sitemap.kind {
                Kind::Index => (Role::Sitemap { level: level + 1 }, (level >= MAX_INDEX_LEVEL).then_some("a sitemap index within too many others")),
                Kind::Pages if !self.bounds.may_list(&listed) => (Role::Page, Some("in a sitemap, but out of scope")),
                Kind::Pages => (Role::Page, is_binary(&listed).then_some("not a page by its name")),
            };
            let offered = match why_not {
                Some(why) => Offered::Refused(why),
                None => self.frontier.offer(&listed, || Entry::new(&listed, 0, role).from(&from)),
            };
            if let Offered::Refused(why) = offered {
                self.report.pass_over(why);
            }
        }
    }

    /// A redirect is a link that replaces its page: the target keeps depth and role, and is judged like any URL.
    fn moved(&mut self, url: Url, entry: Entry, to: Url) {
        let max_redirects = self.fetcher.config.http.max_redirects;
        if to == url || entry.via.iter().any(|hop| **hop == *to.as_str()) {
            return self.fail(url, &entry, &Error::RedirectLoop { through: to });
        }
        if entry.via.len() >= max_redirects {
            return self.fail(url, &entry, &Error::TooManyRedirects { limit: max_redirects });
        }
        match entry.role {
            Role::Seed => self.bounds.moved(&url, &to),
            Role::Page | Role::Restored if !self.bounds.contains(&to) => {
                return self.skip(url, format!("redirects to {to}, which is out of scope"));
            }
            Role::Sitemap { .. } | Role::Page | Role::Restored => {}
        }
        let offered = self.frontier.offer(&to, || {
            let mut via = entry.via;
            via.push(entry.url);
            Entry { url: to.as_str().into(), depth: entry.depth, role: entry.role, from: entry.from, via, attempts: 0 }
        });
        match offered {
            Offered::Queued => self.standing.passed_on(&url, &to),
            Offered::Seen => self.skip(url, format!("redirects to {to}, which was met already")),
            Offered::Refused(why) => self.skip(url, format!("redirects to {to}, which is left out: {why}")),
        }
    }

    fn offer_links(&mut self, page: &Url, depth: u32, links: Vec<Url>) {
        let page: Arc<str> = page.as_str().into();
        for link in links {
            let link = normalise(link);
            let offered = match () {
                () if !self.bounds.contains(&link) => Offered::Refused("out of scope"),
                () if is_binary(&link) => Offered::Refused("not a page by its name"),
                () => self.frontier.offer(&link, || Entry::new(&link, depth, Role::Page).from(&page)),
            };
            if let Offered::Refused(why) = offered {
                self.report.pass_over(why);
            }
        }
    }

    fn offer_sitemaps(&mut self, site: &Url, rules: &Rules) {
        for location in rules.sitemaps.iter().take(MAX_SITEMAPS_OF_ROBOTS) {
            let Ok(location) = site.join(location) else { continue };
            if matches!(location.scheme(), "http" | "https") {
                let location = normalise(location);
                self.frontier.offer(&location, || Entry::new(&location, 0, Role::Sitemap { level: 0 }));
            }
        }
    }

    fn forbidden(&mut self, url: Url, entry: Entry, forbidden: Forbidden) {
        match (&forbidden, self.unreachable.get(&origin(&url))) {
            (Forbidden::Unreachable, Some(source)) => {
                let error = Error::Robots { source: source.clone() };
                self.fail(url, &entry, &error);
            }
            _ => self.skip(url, forbidden.to_string()),
        }
    }

    fn try_again(&mut self, url: &Url, mut entry: Entry, error: &Error, now: Instant) {
        let pause = pause_after(entry.attempts.into());
        entry.attempts += 1;
        match error {
            // The whole origin pauses, and with it this entry.
            Error::Status { status: 429 | 503, .. } => self.frontier.put_back(url, entry),
            _ => self.frontier.delay(entry, now + pause),
        }
    }

    fn give_up(&mut self, url: &Url, failures: u32) {
        let left = self.frontier.take_origin(url).len();
        if left > 0 {
            let error = format!("{}, with {left} URLs left", Error::HostGivenUp { failures });
            self.note_failure(Failed { url: normalise(url.join("/").unwrap_or_else(|_| url.clone())), error, hint: None });
        }
    }

    fn skip(&mut self, url: Url, why: String) {
        self.restore_who_yielded_to(&url);
        let skipped = Skipped { url, why };
        self.report.skip(skipped.clone());
        self.ready.push_back(Visit::Skipped(skipped));
    }

    fn fail(&mut self, url: Url, entry: &Entry, error: &Error) {
        self.restore_who_yielded_to(&url);
        let text = match &entry.from {
            Some(page) => format!("{}, linked from {page}", error.chain()),
            None => error.chain(),
        };
        self.note_failure(Failed { url, error: text, hint: error.hint() });
    }

    fn note_failure(&mut self, failed: Failed) {
        self.report.fail(failed.clone());
        self.ready.push_back(Visit::Failed(failed));
    }

    fn restore_who_yielded_to(&mut self, url: &Url) {
        if let Some((page, depth)) = self.standing.came_to_nothing(url) {
            let entry = Entry::new(&page, depth, Role::Restored);
            self.frontier.put_back(&page, entry);
        }
    }

    fn poll_alarm(&mut self, wake: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = wake else { return Poll::Pending };
        if self.alarm.as_ref().is_none_or(|(set, _)| *set != at) {
            self.alarm = Some((at, self.fetcher.handle.sleep_until(at)));
        }
        if let Some((_, alarm)) = &mut self.alarm {
            ready!(alarm.as_mut().poll(cx));
        }
        self.alarm = None;
        Poll::Ready(())
    }

    fn end(&mut self) -> Option<Visit> {
        if !self.ended {
            self.report = self.report();
            self.ended = true;
            self.jobs.clear();
            let CrawlReport { pages, http, elapsed, .. } = &self.report;
            let skipped = self.report.skipped.len() as u64 + self.report.skipped_unlisted;
            let failed = self.report.failed.len() as u64 + self.report.failed_unlisted;
            log::info!("crawl ended: {pages} pages, {skipped} skipped, {failed} failed in {elapsed:.1?}; {http:?}");
        }
        None
    }
}

impl Stream for Crawl {
    type Item = Visit;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Visit>> {
        self.poll_visit(cx)
    }
}

impl fmt::Debug for Crawl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crawl").field("request", &self.request).field("pages", &self.report.pages).finish_non_exhaustive()
    }
}

/// What the end of a request says about its origin.
fn ended(answer: &Result<Answer, Error>) -> Ended {
    match answer {
        Err(Error::Status { status: 429 | 503, retry_after }) => Ended::Overloaded { retry_after: *retry_after },
        Err(error) if error.is_transient() => Ended::Broken,
        Ok(_) | Err(_) => Ended::Answered,
    }
}

/// URLs with one content whose links are followed.
const MAX_COPIES_FOLLOWED: u8 = 8;

/// Indexes within each other; sitemaps.org knows one.
const MAX_INDEX_LEVEL: u8 = 2;

/// `Sitemap` lines of one robots.txt that are read.
const MAX_SITEMAPS_OF_ROBOTS: usize = 100;
