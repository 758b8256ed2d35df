//! Crawls and refreshes that outlive the call that began them: begun by a call, driven beside the server, asked after by later calls.
//! Knows no JSON. How many run and how many are remembered is bounded.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::{FutureExt, StreamExt, future};
use futures_util::stream::FuturesUnordered;

use crate::engine::{Chunking, Counters, CrawlRequest, Crawling, Engine, Event, Failed, RefreshReport, Robots};
use crate::error::Error;
use crate::mcp::ToolError;
use crate::model::SourceId;
use crate::tools::reply;

/// The crawls and refreshes of one server. Clones are the same.
#[derive(Clone, Debug)]
pub struct Background(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Engine,
    /// Held for one look or one change, never across `.await`.
    jobs: Mutex<Jobs>,
    begun: (async_channel::Sender<Arc<Job>>, async_channel::Receiver<Arc<Job>>),
}

#[derive(Debug, Default)]
struct Jobs {
    /// In the order in which they began.
    known: VecDeque<Arc<Job>>,
    begun: u64,
}

impl Background {
    pub fn new(engine: &Engine) -> Self {
        Self(Arc::new(Shared { engine: engine.clone(), jobs: Mutex::default(), begun: async_channel::unbounded() }))
    }

    /// Works for as long as it is polled. Whoever serves the tools polls this beside the server: without it no crawl comes to an
    /// end. A crawl that is dropped with it keeps what it has stored.
    pub async fn drive(&self) {
        let mut working = FuturesUnordered::new();
        loop {
            let begun = async { self.0.begun.1.recv().await.ok() };
            let ended = async { if working.next().await.is_none() { future::pending().await } else { None } };
            if let Some(job) = future::or(begun, ended).await {
                working.push(job.run(self.0.engine.clone()));
            }
        }
    }

    /// Stops all that runs, for the end of the server: ready when what was fetched is stored.
    pub async fn end(&self) {
        let running: Vec<_> = self.lock().known.iter().filter(|job| job.is_running()).cloned().collect();
        running.iter().for_each(|job| job.stop());
        for job in running {
            job.ended().await;
        }
    }

    /// Begins work, or joins the same that runs already.
    ///
    /// # Errors
    /// So many run that another has to wait.
    pub(super) fn begin(&self, work: Work) -> Result<(Arc<Job>, Begun), ToolError> {
        let mut jobs = self.lock();
        let running = || jobs.known.iter().filter(|job| job.is_running());
        if let Some(job) = running().find(|job| job.work.is_the_same_as(&work)) {
            return Ok((job.clone(), if job.work == work { Begun::Joined } else { Begun::JoinedAnother }));
        }
        let most = work.most_at_once();
        let alike: Vec<&str> = running().filter(|job| job.work.most_at_once() == most).map(|job| job.id.as_str()).collect();
        if alike.len() >= most {
            return Err(ToolError::new(format!("{} run already, which is the most at one time: {}", alike.len(), alike.join(", ")))
                .hint("wait for one with crawl_status, or end one with cancel_crawl, then try again"));
        }
        jobs.begun += 1;
        let job = Arc::new(Job::new(format!("{}-{}", work.name(), jobs.begun), work, self.0.engine.handle().now()));
        jobs.known.push_back(job.clone());
        while jobs.known.iter().filter(|job| !job.is_running()).count() > REMEMBERED
            && let Some(oldest) = jobs.known.iter().position(|job| !job.is_running())
        {
            jobs.known.remove(oldest);
        }
        // Neither end is closed before this value goes.
        let _ = self.0.begun.0.try_send(job.clone());
        Ok((job, Begun::Now))
    }

    /// All that is known, what began last first.
    pub(super) fn all(&self) -> Vec<Arc<Job>> {
        self.lock().known.iter().rev().cloned().collect()
    }

    /// # Errors
    /// The id is none, or forgotten; those that are known are named.
    pub(super) fn find(&self, id: &str) -> Result<Arc<Job>, ToolError> {
        let jobs = self.lock();
        if let Some(job) = jobs.known.iter().find(|job| job.id == id.trim()) {
            return Ok(job.clone());
        }
        let known: Vec<&str> = jobs.known.iter().rev().take(10).map(|job| job.id.as_str()).collect();
        let hint = match known.is_empty() {
            true => "no crawl was begun since the server started; what earlier ones stored is listed by get_available_sources".to_owned(),
            false => format!("known are: {}; what older ones stored is listed by get_available_sources", known.join(", ")),
        };
        Err(ToolError::new(format!("there is no crawl {id:?}")).hint(hint))
    }

    /// What runs on pages of a source.
    pub(super) fn running_on(&self, source: &SourceId) -> Option<Arc<Job>> {
        self.lock().known.iter().find(|job| job.is_running() && job.work.source().as_ref() == Some(source)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        // Whole at any moment a panic could come.
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a call came to its crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    Now,
    /// The same ran already.
    Joined,
    /// One from the same URL ran already, with other settings.
    JoinedAnother,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// One page, no link followed.
    Page(CrawlRequest, Chunking),
    Site(CrawlRequest, Chunking),
    Refresh(SourceId, Chunking),
}

impl Work {
    fn name(&self) -> &'static str {
        match self {
            Self::Page(..) => "page",
            Self::Site(..) => "crawl",
            Self::Refresh(..) => "refresh",
        }
    }

    /// What it is about, for people.
    pub(super) fn target(&self) -> String {
        match self {
            Self::Page(request, _) | Self::Site(request, _) => request.seeds.iter().map(|url| url.as_str()).collect::<Vec<_>>().join(" "),
            Self::Refresh(source, _) => source.to_string(),
        }
    }

    fn source(&self) -> Option<SourceId> {
        match self {
            Self::Page(request, _) | Self::Site(request, _) => request.seeds.first().map(SourceId::of),
            Self::Refresh(source, _) => Some(source.clone()),
        }
    }

    fn is_the_same_as(&self, other: &Self) -> bool {
        self.name() == other.name() && self.target() == other.target()
    }

    fn most_at_once(&self) -> usize {
        match self {
            Self::Page(..) => PAGES_AT_ONCE,
            Self::Site(..) | Self::Refresh(..) => SITES_AT_ONCE,
        }
    }
}

/// One crawl or refresh, while it runs and after.
#[derive(Debug)]
pub struct Job {
    pub(super) id: String,
    pub(super) work: Work,
    began: Instant,
    stop: Gate,
    ended: Gate,
    /// Calls that wait for it at the moment.
    waiting: AtomicUsize,
    /// Held for one look or one change, never across `.await`.
    account: Mutex<Account>,
}

/// How far a job is.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub state: State,
    /// URLs dealt with, whatever became of them.
    pub seen: u64,
    pub pages: u64,
    pub stored: u64,
    /// The first of the stored pages.
    pub urls: Vec<String>,
    pub skipped: u64,
    /// The first that was skipped, with the reason.
    pub first_skipped: Option<String>,
    pub failures: u64,
    /// The first of the failures.
    pub failed: Vec<Failed>,
    pub http: Counters,
    pub elapsed: Duration,
    /// Of a refresh only.
    pub refresh: Option<Refresh>,
}

/// What a refresh found so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refresh {
    /// To check in all.
    pub pages: u64,
    pub checked: u64,
    pub unchanged: u64,
    pub updated: u64,
    pub removed: u64,
}

#[derive(Clone, Debug, Default)]
pub enum State {
    #[default]
    Running,
    Done,
    /// By a call, or with the server.
    Cancelled,
    /// The store or the program failed; what was stored before is kept.
    Failed(ToolError),
}

impl Job {
    fn new(id: String, work: Work, began: Instant) -> Self {
        let (stop, ended) = (Gate::default(), Gate::default());
        Self { id, work, began, stop, ended, waiting: AtomicUsize::new(0), account: Mutex::default() }
    }

    /// Fetches nothing more; requests in flight are cancelled. It has ended when what was fetched is stored.
    pub(super) fn stop(&self) {
        self.stop.open();
    }

    pub(super) fn is_running(&self) -> bool {
        !self.ended.is_open()
    }

    /// Ready at the end.
    pub(super) async fn ended(&self) {
        self.ended.opened().await;
    }

    pub(super) fn account(&self, now: Instant) -> Account {
        let mut account = self.lock().clone();
        if matches!(account.state, State::Running) {
            account.elapsed = now.saturating_duration_since(self.began);
        }
        account
    }

    /// Counts a call that waits, until what this answers is dropped.
    pub(super) fn waited_for(self: &Arc<Self>, stake: Stake) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting { job: self.clone(), stake }
    }

    async fn run(self: Arc<Self>, engine: Engine) {
        // Told even if this future is dropped.
        let end = End(&self, engine.clone());
        let outcome = match AssertUnwindSafe(self.work_off(&engine)).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(reply(&error)),
            Err(_) => {
                log::error!("{} panicked", self.id);
                Err(ToolError::new("a bug of smolcrawl's own").hint("try another page; what was stored is kept"))
            }
        };
        let mut account = self.lock();
        account.state = match outcome {
            Ok(()) if self.stop.is_open() => State::Cancelled,
            Ok(()) => State::Done,
            Err(error) => State::Failed(error),
        };
        drop(account);
        drop(end);
    }

    async fn work_off(&self, engine: &Engine) -> Result<(), Error> {
        match &self.work {
            Work::Page(request, chunking) | Work::Site(request, chunking) => {
                self.crawl(engine.crawl(request.clone(), chunking.clone())).await
            }
            Work::Refresh(source, chunking) => self.refresh(engine, source, chunking).await,
        }
    }

    async fn crawl(&self, mut crawling: Crawling) -> Result<(), Error> {
        let (mut result, mut is_stopped) = (Ok(()), false);
        loop {
            let stopped = async {
                // Heard once: afterwards only what was fetched is waited for.
                if is_stopped {
                    future::pending().await
                } else {
                    self.stop.opened().await
                }
                None
            };
            // A stop comes before what is ready, or a quick crawl would not hear it.
            match future::or(stopped, async { Some(crawling.next().await) }).await {
                None => {
                    is_stopped = true;
                    crawling.stop();
                }
                Some(None) => break,
                Some(Some(Ok(event))) => self.lock().count(event, &crawling),
                // It has stopped itself, and the first error tells why.
                Some(Some(Err(error))) => result = result.and(Err(error)),
            }
        }
        let (pages, http) = crawling.so_far();
        drop(crawling);
        let mut account = self.lock();
        (account.pages, account.http) = (pages, http);
        result
    }

    async fn refresh(&self, engine: &Engine, source: &SourceId, chunking: &Chunking) -> Result<(), Error> {
        let mut refreshing = engine.refreshing(source.clone(), Robots::Obey, chunking.clone()).await?;
        loop {
            self.lock().refreshed(refreshing.pages(), refreshing.report());
            let stopped = async {
                self.stop.opened().await;
                None
            };
            match future::or(stopped, async { refreshing.next().await }).await {
                None => break,
                Some(checked) => _ = checked?,
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        // Whole at any moment a panic could come.
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn count(&mut self, event: Event, crawling: &Crawling) {
        self.seen += 1;
        (self.pages, self.http) = crawling.so_far();
        match event {
            Event::Stored { url, .. } => {
                self.stored += 1;
                if self.urls.len() < SHOWN {
                    self.urls.push(url.into());
                }
            }
            Event::Skipped(skipped) => {
                self.skipped += 1;
                self.first_skipped.get_or_insert_with(|| format!("{}: {}", skipped.url, skipped.why));
            }
            Event::Failed(failed) => {
                self.failures += 1;
                if self.failed.len() < SHOWN {
                    self.failed.push(failed);
                }
            }
        }
    }

    fn refreshed(&mut self, pages: u64, report: &RefreshReport) {
        (self.seen, self.failures) = (report.checked, report.failed.len() as u64);
        self.failed = report.failed.iter().take(SHOWN).cloned().collect();
        let RefreshReport { checked, unchanged, updated, removed, .. } = *report;
        self.refresh = Some(Refresh { pages, checked, unchanged, updated, removed });
    }
}

/// What a waiting call has to do with the crawl's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stake {
    /// It began the crawl: if it is cancelled while nobody else waits, so is the crawl.
    Beginner,
    /// The crawl goes on without it.
    Bystander,
}

/// A call that waits. Dropped unanswered it was cancelled.
#[derive(Debug)]
pub struct Waiting {
    job: Arc<Job>,
    stake: Stake,
}

impl Waiting {
    /// The call is answered: the crawl goes on behind it.
    pub(super) fn answered(mut self) {
        self.stake = Stake::Bystander;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let others = self.job.waiting.fetch_sub(1, Ordering::Relaxed) - 1;
        if self.stake == Stake::Beginner && others == 0 {
            self.job.stop();
        }
    }
}

/// The end of a job, however it comes.
struct End<'a>(&'a Job, Engine);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut account = self.0.lock();
        account.elapsed = self.1.handle().now().saturating_duration_since(self.0.began);
        if matches!(account.state, State::Running) {
            account.state = State::Cancelled;
        }
        drop(account);
        self.0.ended.open();
    }
}

/// Shut, then open for ever.
#[derive(Debug)]
struct Gate(async_channel::Sender<Infallible>, async_channel::Receiver<Infallible>);

impl Default for Gate {
    fn default() -> Self {
        let (sender, receiver) = async_channel::bounded(1);
        Self(sender, receiver)
    }
}

impl Gate {
    fn open(&self) {
        self.0.close();
    }

    fn is_open(&self) -> bool {
        self.0.is_closed()
    }

    async fn opened(&self) {
        // Nothing is ever sent: it fails once the channel is closed.
        let _ = self.1.recv().await;
    }
}

/// URLs told of a crawl: enough to see what it found, not enough to flood a context.
const SHOWN: usize = 10;
/// Crawls and refreshes that run at one time.
const SITES_AT_ONCE: usize = 4;
/// As many as calls that run at one time.
const PAGES_AT_ONCE: usize = 64;
/// Crawls that have ended and can still be asked after.
const REMEMBERED: usize = 50;
