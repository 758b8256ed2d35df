//! The crawl itself: takes from the frontier what politeness allows, fetches, and puts what it learns back. The only loop of the
//! room. Its decisions are those of the pure parts; here they meet the network.

mod filling;
mod offered;
mod settle;
mod sharing;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::hash::RandomState;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_lite::Stream;
use futures_lite::future::poll_fn;
use futures_util::stream::{FuturesUnordered, StreamExt};
use url::Url;

use crate::extract::Outline;
use crate::http;
use crate::model::{Addresses, Earlier, Metadata, Page, SourceId, Trail, Validators};
use crate::reactor::Boxed;

use super::canonical::{Claims, Standing};
use super::error::Error;
use super::fetch::{Answer, Fetcher, Wanted, closed, worth_another_try};
use super::frontier::{Decision, Entry, Frontier, Limits, Offered, Role, normalise, origin};
use super::names::Names;
use super::plan::{Bounds, CrawlRequest};
use super::polite::{Ended, Polite, Verdict};
use super::report::{CrawlReport, End, Failed, MAX_LISTED, Skipped};
use super::robots::Rules;
use super::selection::{LeaveOut, Selection};
use super::together::Together;
use super::twins::{Place, Twins, pages_of_data};

use filling::{Filled, Filling, Shells};
use settle::{Backlog, Found};

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
    selection: Selection,
    frontier: Frontier,
    polite: Polite,
    jobs: FuturesUnordered<Boxed<'static, Done>>,
    /// When something may be fetched that has to wait now.
    alarm: Option<(Instant, Boxed<'static, ()>)>,
    /// What happened and was not handed out yet; one job adds three at most.
    ready: VecDeque<Visit>,
    /// Links and entries of sitemaps that are still to be judged.
    backlog: Backlog,
    /// Requests in flight that may become pages: they hold a place of `max_pages`.
    in_flight: u64,
    standing: Standing,
    claims: Claims,
    names: Names,
    twins: Twins,
    /// Origins where an llms.txt was looked for, and how often.
    llms_guesses: HashMap<Box<str>, u8>,
    /// Hash of host and body -> the first URL with it, and how many have it.
    contents: HashMap<u64, (Arc<str>, u8)>,
    /// The sources that are filled, each with its seeds, where these are several.
    sources: Vec<(SourceId, Vec<Url>)>,
    /// What came to these since a trail was taken, where one is kept.
    new_contents: Vec<(Box<str>, u64)>,
    /// The same of addresses that pages name as themselves in a language that is not wanted.
    new_translations: Vec<Box<str>>,
    keeps_trail: bool,
    /// Hashes of URLs that were left out, so that each is counted once; as many as fit.
    left_out: HashSet<u64>,
    /// Origins whose robots.txt names sitemaps.
    naming: HashSet<Box<str>>,
    /// Files that were looked for and are still to be asked for: no pages that are left.
    guesses: u64,
    /// Sitemaps that were queued, and the bytes of those that were read.
    sitemaps: usize,
    sitemap_bytes: u64,
    hasher: RandomState,
    /// Why the robots.txt of an origin could not be asked for.
    unreachable: HashMap<Box<str>, Arc<http::Error>>,
    report: CrawlReport,
    /// The links of the pages in `ready`, where they are told.
    linked: Option<VecDeque<Outline>>,
    /// Where nothing is fetched but what tells what there is: how many pages would be, and the first of them.
    looking: Option<(u64, Vec<Url>)>,
    /// The page that came last is handed out when it is known whether there is a better form of it, or its text elsewhere.
    is_twin_asked: bool,
    /// Pages whose text is looked for beside them.
    shells: Shells,
    /// Where others do it, too.
    together: Option<Box<Together>>,
    /// What an earlier crawl had found and not dealt with: queued when the seeds have been read again, which tell what is in bounds.
    before: Addresses,
    /// They have been.
    is_before_begun: bool,
    /// Pages of that crawl: they hold places of `max_pages`.
    pages_before: u64,
    /// The limit that was reached, if that is why nothing more is asked for.
    limit: Option<End>,
    /// When it was polled first.
    begun: Option<Instant>,
    /// When something was handed out, until it is polled again, and how long that was in all.
    left_at: Option<Instant>,
    away: Duration,
    ended: bool,
}

/// What a job brings back.
enum Done {
    Rules(Url, Result<Arc<Rules>, Error>),
    /// It was not asked for: the origin is to be left alone for so long.
    Resting(Url, Entry, Duration),
    /// With how long it took, and how long the consumer had been away when it began.
    Answer(Url, Entry, Box<Result<Answer, Error>>, (Duration, Duration)),
    /// Of the markdown of a page, which is at this address.
    Twin(Box<Page>, Url, Box<Result<Answer, Error>>),
    /// What came from beside a page was read.
    Read(Box<Filled>),
    /// A browser has filled in a page, or not.
    Rendered(Box<Filling>, Box<Result<Option<Answer>, Error>>),
}

impl Crawl {
    /// `fetcher` is of this crawl alone.
    pub(super) fn new(fetcher: Fetcher, request: CrawlRequest) -> Self {
        fetcher.know_scripted(&request.scripted);
        let fetcher = Arc::new(fetcher);
        let config = &fetcher.config;
        let max_query_variants = (request.leave_out == LeaveOut::Usual).then_some(config.max_query_variants);
        let limits = Limits { max_queued: config.max_queued, max_url_length: config.max_url_length, max_query_variants };
        let mut frontier = Frontier::new(limits);
        let seeds: Vec<Url> = request.seeds.iter().cloned().map(normalise).collect();
        let mut report = CrawlReport::default();
        for seed in &seeds {
            if let Offered::Refused(why) = frontier.offer_named(seed, || Entry::new(seed, 0, Role::Seed)) {
                report.pass_over(why, Some(seed));
            }
        }
        let sources = request.sources();
        Self {
            sources: if sources.len() > 1 { sources } else { Vec::new() },
            bounds: Bounds::new(request.scope, &seeds),
            selection: Selection::of(&request, &seeds),
            frontier,
            polite: Polite::new(request.robots, request.per_host.unwrap_or(request.concurrency).max(1), config.give_up_after)
                .asking_again_after(config.robots_lifetime),
            jobs: FuturesUnordered::new(),
            alarm: None,
            ready: VecDeque::new(),
            backlog: Backlog::default(),
            in_flight: 0,
            standing: Standing::default(),
            claims: Claims::default(),
            names: Names::default(),
            twins: Twins::default(),
            llms_guesses: HashMap::new(),
            contents: HashMap::new(),
            new_contents: Vec::new(),
            new_translations: Vec::new(),
            keeps_trail: false,
            left_out: HashSet::new(),
            naming: HashSet::new(),
            guesses: 0,
            sitemaps: 0,
            sitemap_bytes: 0,
            hasher: RandomState::new(),
            unreachable: HashMap::new(),
            report,
            linked: None,
            looking: None,
            is_twin_asked: false,
            shells: Shells::default(),
            together: None,
            before: Addresses::default(),
            is_before_begun: false,
            pages_before: 0,
            limit: None,
            begun: None,
            left_at: None,
            away: Duration::ZERO,
            ended: false,
            fetcher,
            request,
        }
    }

    pub fn request(&self) -> &CrawlRequest {
        &self.request
    }

    /// All of it fills one source, whatever its seeds are called. Before the first poll.
    pub fn fills_one(&mut self) {
        self.sources.clear();
    }

    /// Notes from now on what is found and dealt with: see [`Crawl::take_trail`]. Before the first poll.
    pub fn keep_trail(&mut self) {
        self.frontier.keep_trail();
        self.keeps_trail = true;
    }

    /// What was found and dealt with since the last time. An address is dealt with when all that it led to was noted before it, or here;
    /// its page was handed out before.
    pub fn take_trail(&mut self) -> Trail {
        let (contents, translations) = (std::mem::take(&mut self.new_contents), std::mem::take(&mut self.new_translations));
        Trail { left: self.left(), contents, translations, ..self.frontier.take_trail() }
    }

    /// Goes on where an earlier crawl of the same seeds was, which had stored so many pages beside the seeds. Before the first poll.
    ///
    /// The seeds are read again, as they tell what is in bounds; nothing else that was dealt with is asked for. A page that has the bytes of one of before is a duplicate of it.
    pub fn go_on(&mut self, trail: Earlier, pages: u64) {
        let seeds: HashSet<_> = self.request.seeds.iter().cloned().map(|seed| normalise(seed).to_string()).collect();
        let known = trail.done.iter().chain(trail.found.iter()).map(|(url, _)| url);
        self.frontier.remember(known.filter(|known| !seeds.contains(*known)));
        self.contents.extend(trail.contents.into_iter().map(|(url, content)| (content, ((&*url).into(), 1))));
        trail.translations.iter().for_each(|url| self.selection.knows_translation(url));
        self.before = trail.found;
        self.pages_before = pages;
    }

    /// Origins that a browser was found to be needed for in a crawl before this one. Before the first poll.
    pub fn know_scripted(&mut self, origins: &[String]) {
        self.fetcher.know_scripted(origins);
    }

    /// Origins for whose pages a browser was found to be needed, by this crawl or by those before it: for [`CrawlRequest::scripted`].
    pub fn scripted(&self) -> Vec<String> {
        self.fetcher.scripted().all()
    }

    /// A page of an earlier crawl of the same seeds, and what it says of itself. Before the first poll.
    pub fn spoke(&mut self, page: &Url, said: &Metadata) {
        let own = said.language.iter().map(|language| (language.clone(), page.clone()));
        let others = said.translations.iter().map(|of| (of.language.clone(), of.url.clone()));
        self.selection.speaks(page, &own.chain(others).collect::<Vec<_>>());
    }

    /// Fetches nothing but the seeds, robots.txt and sitemaps from now on; what would be fetched next is noted: see [`Crawl::would_fetch`].
    /// Before the first poll.
    pub fn only_look(&mut self) {
        self.looking.get_or_insert_default();
    }

    /// How many pages would be fetched by what the seeds and sitemaps say, and the first [`MAX_LISTED`] of them. Further links may be in
    /// these pages.
    pub fn would_fetch(&self) -> (u64, &[Url]) {
        self.looking.as_ref().map_or((0, &[]), |(all, first)| (*all, first))
    }

    /// Of each page that is handed out its outline is handed out, too: see [`Crawl::take_outline`]. Before the first poll.
    pub(super) fn tell_links(&mut self) {
        self.linked.get_or_insert_default();
    }

    /// That of the page that was handed out last; once.
    pub(super) fn take_outline(&mut self) -> Outline {
        self.linked.as_mut().and_then(VecDeque::pop_front).unwrap_or_default()
    }

    /// Judges links, as if the seeds had them. Before the first poll.
    pub fn look_at(&mut self, links: Vec<Url>) {
        if let Some(seed) = self.request.seeds.first() {
            self.backlog.add(&seed.clone(), Found::Link { depth: 1 }, links);
        }
    }

    /// What happens next; none when the crawl is over. Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Visit> {
        poll_fn(|cx| self.poll_visit(cx)).await
    }

    /// Pages handed out so far, and what the transport did for them: what changes in [`Crawl::report`], without its lists.
    pub fn so_far(&self) -> (u64, http::Counters) {
        let http = if self.ended { self.report.http } else { self.fetcher.client.counters() };
        (self.report.pages, http)
    }

    /// The account so far. `stored` is the caller's to fill in.
    pub fn report(&self) -> CrawlReport {
        let mut report = self.report.clone();
        if let (false, Some(at)) = (self.ended, self.begun) {
            report.elapsed = self.fetcher.handle.now() - at;
            report.http = self.fetcher.client.counters();
        }
        report.bytes = self.fetcher.bytes();
        report.rendered = self.fetcher.pages_rendered();
        report.unsettled = self.fetcher.pages_unsettled();
        for (rule, (count, first)) in self.fetcher.requests_refused() {
            report.refused.insert(rule, count);
            report.refused_first.extend(first.map(|first| (rule, first)));
        }
        report
    }

    /// URLs that are known and not fetched yet, those in flight included.
    pub fn left(&self) -> u64 {
        if self.ended {
            self.report.left
        } else {
            let known = (self.frontier.len() as u64 + self.in_flight).saturating_sub(self.guesses) + self.before.len() as u64;
            // Of pages whose text is asked for elsewhere, they count, and not what is asked.
            (known + self.shells.filling()).saturating_sub(self.shells.asked())
        }
    }

    /// Fetches nothing more: requests in flight are cancelled. What came before is still handed out by [`Crawl::next`].
    pub fn stop(&mut self) {
        self.end(End::Stopped);
    }

    /// Ends the crawl, finished or not: requests in flight are cancelled.
    pub fn finish(mut self) -> CrawlReport {
        self.end(End::Stopped);
        self.report.clone()
    }

    fn poll_visit(&mut self, cx: &mut Context<'_>) -> Poll<Option<Visit>> {
        let begun = *self.begun.get_or_insert_with(|| self.fetcher.handle.now());
        let deadline = self.request.max_time.and_then(|time| begun.checked_add(time));
        if let Some(left) = self.left_at.take() {
            self.away += self.fetcher.handle.now().saturating_duration_since(left);
        }
        loop {
            if let Some(visit) = self.ready.pop_front() {
                self.left_at = Some(self.fetcher.handle.now());
                return Poll::Ready(Some(visit));
            }
            let is_late = deadline.is_some_and(|deadline| deadline <= self.fetcher.handle.now());
            if self.ended || is_late {
                return Poll::Ready(self.end(End::MaxTime));
            }
            // Before a limit of pages ends the crawl, so that what is left can be told.
            if self.work_off(AT_ONCE) > 0 {
                // Whatever else runs on this thread comes in between.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.pages_before + self.report.pages >= self.request.max_pages {
                return Poll::Ready(self.end(End::MaxPages));
            }
            let due = self.dispatch();
            if !self.ready.is_empty() {
                continue;
            }
            match self.jobs.poll_next_unpin(cx) {
                Poll::Ready(Some(done)) => self.settle(done),
                // Where a limit is reached they stay where they are, and are told as left.
                Poll::Ready(None) if due.is_none() && self.limit.is_none() && !self.before.is_empty() => self.queue_before(),
                // What comes next comes from outside.
                Poll::Ready(None) if due.is_none() && self.together.is_some() => {
                    ready!(self.poll_alarm(deadline, cx));
                }
                Poll::Ready(None) if due.is_none() => return Poll::Ready(self.end(End::Complete)),
                _ => ready!(self.poll_alarm(due.into_iter().chain(deadline).min(), cx)),
            }
        }
    }

    /// Some of them, as they take less memory where they are. In the order of the queue: those that are nearest to the seeds.
    fn queue_before(&mut self) {
        self.is_before_begun = true;
        for _ in 0..QUEUED_AT_ONCE {
            let Some((text, depth)) = self.before.pop() else { break };
            // Seeds are queued by themselves.
            let is_seed = self.request.seeds.iter().any(|seed| seed.as_str() == text);
            if let (Ok(url), false) = (Url::parse(text), is_seed) {
                self.frontier.queue_remembered(&url, Entry::new(&url, depth, Role::Page));
            }
        }
        if self.before.is_empty() {
            self.before = Addresses::default();
        }
    }

    /// Starts what may start now. Returns when to look again, where only time is in the way.
    fn dispatch(&mut self) -> Option<Instant> {
        if self.is_before_begun && self.frontier.len() < FEW_QUEUED && !self.before.is_empty() {
            self.queue_before();
        }
        let now = self.fetcher.handle.now();
        self.frontier.wake(now);
        while self.ready.is_empty() && self.jobs.len() < self.request.concurrency.max(1) {
            let places = self.pages_before + self.report.pages + self.in_flight;
            let is_full = places + self.shells.filling() >= self.request.max_pages;
            if self.has_reached_a_limit() || is_full && self.shells.asked() == 0 {
                return None;
            }
            let mut verdict = Verdict::Busy;
            let decide = |url: &Url, entry: &mut Entry| {
                let asked = self.shells.file_of(url);
                verdict = self.polite.verdict(asked.as_ref().map_or(url, |asked| &asked.url), &mut entry.is_allowed, now);
                match verdict {
                    Verdict::Wait(at) => Decision::Until(at),
                    Verdict::Busy => Decision::Blocked,
                    Verdict::Go | Verdict::AskRobots | Verdict::Never(_) => Decision::Take,
                }
            };
            // When there is no room for more pages, only what those wait for is asked that have come.
            let taken = if is_full { self.frontier.take_beside(decide) } else { self.frontier.take(decide) };
            let Some((url, entry)) = taken else { break };
            match verdict {
                Verdict::Go if entry.role == Role::Page && entry.depth > 0 && entry.via.is_empty() && self.is_data_of_a_page(&url) => {
                    self.backlog.dealt_with(url.as_str().into());
                    self.report.pass_over(AS_DATA, Some(&url));
                }
                Verdict::Go if self.looking.is_some() && entry.role == Role::Page => self.note_only(url),
                Verdict::Go => self.start(url, entry, now),
                Verdict::AskRobots => self.ask_robots(url, entry),
                Verdict::Never(_) if entry.role == Role::Beside => self.no_answer(&url),
                Verdict::Never(forbidden) => {
                    self.backlog.dealt_with(url.as_str().into());
                    self.forbidden(url, entry, forbidden);
                }
                Verdict::Wait(_) | Verdict::Busy => unreachable!("these were not taken"),
            }
        }
        self.frontier.due()
    }

    /// Whether it is a page once more for programs. Looked at when it is its turn: by then the page that has both links is read.
    fn is_data_of_a_page(&self, url: &Url) -> bool {
        self.request.leave_out == LeaveOut::Usual && pages_of_data(url).iter().any(|page| self.frontier.has_met(page))
    }

    /// Then what is in flight comes to its end, and nothing new begins.
    fn has_reached_a_limit(&mut self) -> bool {
        if let Some(together) = &self.together {
            // What is allowed grows.
            return together.is_ending || !self.fetcher.may_spend() || !self.fetcher.may_receive();
        }
        let reached = match () {
            () if !self.fetcher.may_spend() => Some(End::MaxRequests),
            () if self.fetcher.bytes() >= self.request.bytes_allowed() => Some(End::MaxBytes),
            () => None,
        };
        self.limit = self.limit.or(reached);
        reached.is_some()
    }

    fn note_only(&mut self, url: Url) {
        self.frontier.release(&url);
        let Some((all, first)) = &mut self.looking else { return };
        *all += 1;
        if first.len() < MAX_LISTED {
            first.push(url);
        }
    }

    fn start(&mut self, url: Url, entry: Entry, now: Instant) {
        self.polite.started(&url, now);
        // It was looked at just before, on the one thread that polls this crawl; a robots.txt may be faster by one.
        self.fetcher.spend();
        self.in_flight += 1;
        let (fetcher, robots) = (self.fetcher.clone(), self.request.robots);
        let away = self.away;
        let route = self.shells.file_of(&url);
        self.jobs.push(Box::pin(async move {
            if let Some(wait) = fetcher.resting(&url).await {
                return Done::Resting(url, entry, wait);
            }
            fetcher.wait_for_turn(&url, robots).await;
            let wanted = match entry.role {
                Role::Seed => Wanted::Either,
                Role::Sitemap { .. } => Wanted::Sitemap,
                Role::Llms(Place::Full) => Wanted::Presence,
                Role::Beside => Wanted::File,
                Role::Page | Role::Restored | Role::Llms(_) => Wanted::Page,
            };
            let asked = route.as_ref().map_or(&url, |ask| &ask.url);
            let (answer, took) = fetcher.ask_timed(asked, entry.depth, wanted, &Validators::default()).await;
            let answer = match (route, answer) {
                (Some(ask), Ok(Answer::Page(read))) => Ok(fetcher.at_route(&url, ask, *read).await),
                (_, answer) if matches!(entry.role, Role::Llms(_)) => answer,
                (_, answer) => fetcher.insisted_on(answer, robots).await,
            };
            Done::Answer(url, entry, Box::new(answer), (took, away))
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
        let news = self.fetcher.rests().take_news();
        news.iter().for_each(|(url, until)| self.polite.left_alone(url, *until));
        match done {
            Done::Rules(url, Ok(rules)) => {
                if self.request.uses_sitemaps() {
                    self.offer_sitemaps(&url, &rules);
                }
                self.polite.learned(&url, rules, now);
                self.frontier.release(&url);
            }
            Done::Rules(url, Err(error)) => {
                // Without a source it is the limit of requests that was reached: then nothing more is asked for.
                if let Error::Robots { source } = error {
                    self.unreachable.insert(origin(&url), source);
                    self.polite.learned(&url, closed(), now);
                    self.frontier.release(&url);
                } else if self.together.is_some() {
                    self.polite.did_not_ask(&url);
                    self.frontier.release(&url);
                }
            }
            Done::Twin(page, twin, answer) => {
                let address: Box<str> = page.url.as_str().into();
                self.twin(*page, &twin, &answer);
                self.backlog.dealt_with(address);
            }
            Done::Read(filled) => self.read_beside(*filled),
            Done::Rendered(filling, rendered) => self.rendered(*filling, *rendered),
            Done::Resting(url, entry, wait) => {
                self.in_flight -= 1;
                self.fetcher.give_back();
                self.polite.rests(&url, now + wait);
                self.frontier.put_back(&url, entry);
                self.frontier.release(&url);
            }
            Done::Answer(url, entry, answer, (took, away)) => {
                self.in_flight -= 1;
                // An answer that lies here while nobody polls is no slow one.
                self.polite.took(&url, took.saturating_sub(self.away - away));
                self.guesses = self.guesses.saturating_sub(u64::from(entry.is_guess()));
                let given_up = self.polite.ended(&url, now, ended(&answer));
                self.frontier.release(&url);
                if let Some(failures) = given_up {
                    self.give_up(&url, failures);
                }
                if entry.role == Role::Beside {
                    return self.beside(&url, entry, *answer, given_up, now);
                }
                let address: Box<str> = url.as_str().into();
                if let Role::Llms(place) = entry.role {
                    match *answer {
                        Ok(Answer::Moved { to, is_known_now }) => self.moved(url, entry, to, is_known_now),
                        answer => self.llms(&url, place, answer),
                    }
                    // It was given from outside, as all is then.
                    if self.together.is_some() {
                        self.backlog.dealt_with(address);
                    }
                    return;
                }
                match *answer {
                    Ok(Answer::Page(read)) if url.fragment().is_some() => self.route(url, &entry, *read),
                    Ok(Answer::Page(read)) => self.page(url, entry, *read),
                    Ok(Answer::Sitemap(sitemap)) => self.sitemap(url, entry, sitemap),
                    // It is asked for again.
                    Ok(Answer::Moved { to, is_known_now }) if to == url => {
                        let has_news = is_known_now || entry.has_news;
                        let is_asked_again = has_news && entry.via.len() < self.fetcher.config.http.max_redirects;
                        self.moved(url, entry, to, is_known_now);
                        if is_asked_again || self.together.is_none() {
                            return;
                        }
                    }
                    Ok(Answer::Moved { to, is_known_now }) => self.moved(url, entry, to, is_known_now),
                    Ok(Answer::NotAPage(what)) => match entry.role {
                        Role::Sitemap { .. } if entry.is_guess() => log::debug!("no sitemap at {}", http::masked(&url)),
                        Role::Sitemap { .. } => self.skip(url, "not a sitemap".to_owned()),
                        Role::Seed | Role::Page | Role::Restored | Role::Llms(_) | Role::Beside => {
                            self.skip(url, format!("not a page: {what}"));
                        }
                    },
                    Ok(Answer::Unchanged | Answer::There | Answer::File(..)) => self.skip(url, "not changed".to_owned()),
                    Err(error) if entry.is_guess() && is_no(&error) => {
                        log::debug!("no sitemap at {}: {}", http::masked(&url), error.chain())
                    }
                    Err(error) if given_up.is_none() && worth_another_try(&error) && entry.attempts < self.fetcher.config.retries => {
                        self.guesses += u64::from(entry.is_guess());
                        return self.try_again(&url, entry, &error, now);
                    }
                    // Nobody has named it, but it may be there.
                    Err(error) if entry.is_guess() => {
                        log::debug!("no sitemap at {}: {}", http::masked(&url), error.chain());
                        self.report.pass_over(UNREAD_SITEMAP, Some(&url));
                    }
                    // A crawl that goes on after this one asks once more.
                    Err(error) if error.is_transient() && self.together.is_none() => return self.fail(url, &entry, &error),
                    Err(error) => self.fail(url, &entry, &error),
                }
                if !std::mem::take(&mut self.is_twin_asked) {
                    self.backlog.dealt_with(address);
                }
            }
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

    /// What ends it if no limit was reached before, and if anything is left at all.
    fn end(&mut self, by: End) -> Option<Visit> {
        if self.ended {
            return None;
        }
        self.report.left = self.left();
        self.report.end = match (self.report.left, self.backlog.is_empty()) {
            (0, true) => End::Complete,
            _ => self.limit.unwrap_or(by),
        };
        // Requests in flight are cancelled, and counted as such.
        self.jobs.clear();
        self.fetcher.stop_reading();
        self.report = self.report();
        self.ended = true;
        let CrawlReport { pages, http, elapsed, end, left, .. } = &self.report;
        let (skipped, failed) = (self.report.skips(), self.report.failures());
        if self.begun.is_some() {
            let why = if *end == End::Complete { String::new() } else { format!(" as {end}, {left} URLs left") };
            log::info!("crawl ended{why}: {pages} pages, {skipped} skipped, {failed} failed in {elapsed:.1?}; {http}");
        }
        None
    }
}

/// A crawl that is given up has an end, too.
impl Drop for Crawl {
    fn drop(&mut self) {
        self.end(End::Stopped);
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
        Err(error) if error.is_ours() => Ended::OurLimit,
        Err(error) if error.is_transient() => Ended::Broken,
        Ok(_) | Err(_) => Ended::Answered,
    }
}

/// Whether what was looked for unasked is plainly not there, or not for everybody.
fn is_no(error: &Error) -> bool {
    error.is_of_the_page() || matches!(error.root(), Error::Status { status: 401 | 403, .. } | Error::Login { .. })
}

/// What lists may be read of, but was not.
const UNREAD_SITEMAP: &str = "a sitemap at its usual place, which could not be read";
pub(super) const AS_DATA: &str = "data of a page that is met as well";
/// Where a sitemap is, if nobody says where: <https://www.sitemaps.org/protocol.html#location>
const USUAL_SITEMAP: &str = "/sitemap.xml";

/// Of what an earlier crawl had found so many are queued at once, and when fewer than that wait: enough for all sites to have some among
/// them.
const QUEUED_AT_ONCE: usize = 5_000;
const FEW_QUEUED: usize = 2_000;

/// Links that are judged before whatever else runs on the thread has its turn: some tenths of a millisecond.
const AT_ONCE: usize = 500;
