//! Crawls and refreshes that outlive the call that began them: begun by a call, driven beside the server, asked after by later calls.
//! Knows no JSON. How many run and how many are remembered is bounded.

mod job;
mod reasons;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;

#[cfg(feature = "files")]
use crate::engine::AddRequest;
use crate::engine::{Chunking, CrawlRequest, Engine, Resume};
use crate::mcp::ToolError;
use crate::model::{SourceId, SourceSummary};
use crate::tools::changes::Changes;
use crate::tools::watch::Watch;

pub(super) use job::{Account, Job, Refresh, Stake, State};
pub(super) use reasons::Reasons;

/// The crawls and refreshes of one server. Clones are the same.
#[derive(Clone, Debug)]
pub struct Background(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    engine: Engine,
    /// Held for one look or one change, never across `.await`.
    jobs: Mutex<Jobs>,
    changes: Changes,
    watch: Watch,
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
        let (engine, changes) = (engine.clone(), Changes::new());
        let (jobs, watch) = (Mutex::default(), Watch::new());
        Self(Arc::new(Shared { engine, jobs, changes, watch, begun: async_channel::unbounded() }))
    }

    /// Works for as long as it is polled. Whoever serves the tools polls this beside the server: without it no crawl comes to an
    /// end, and no client hears of a change. A crawl that is dropped with it keeps what it has stored.
    pub async fn drive(&self) {
        let (engine, changes) = (&self.0.engine, &self.0.changes);
        future::or(future::or(self.work(), changes.tell(engine)), self.0.watch.look(engine, self)).await;
    }

    async fn work(&self) {
        let mut working = FuturesUnordered::new();
        loop {
            let begun = async { self.0.begun.1.recv().await.ok() };
            let ended = async { if working.next().await.is_none() { future::pending().await } else { None } };
            if let Some(job) = future::or(begun, ended).await {
                working.push(job.run(self.0.engine.clone(), self.0.changes.clone()));
            }
        }
    }

    /// Refreshes every source that was last fetched or refreshed longer ago than `age`, one after the other, the oldest first, for as long as
    /// it is polled. One that fails is tried again when it would be due again.
    pub async fn keep_fresh(&self, age: Duration) {
        let engine = &self.0.engine;
        let mut tried: HashMap<SourceId, SystemTime> = HashMap::new();
        loop {
            let known = if engine.has_database() { engine.sources().await.unwrap_or_default() } else { Vec::new() };
            let now = SystemTime::now();
            let last = |of: &SourceSummary| {
                let refreshed = of.refreshed.unwrap_or(of.last_fetched);
                tried.get(&of.source).copied().unwrap_or(refreshed).max(refreshed)
            };
            let oldest = known.iter().min_by_key(|of| last(of));
            let age_of = |of: &SourceSummary| now.duration_since(last(of)).unwrap_or_default();
            match oldest {
                Some(of) if age_of(of) >= age => {
                    let source = of.source.clone();
                    tried.insert(source.clone(), now);
                    log::info!("refreshing {source}, which is older than it should be");
                    match self.begin(Work::Refresh(source, None, engine.config().chunk.clone())) {
                        Ok((job, _)) => job.ended().await,
                        // So many others run.
                        Err(_) => engine.handle().sleep(LOOK_AGAIN.min(age)).await,
                    }
                }
                Some(of) => engine.handle().sleep((age - age_of(of)).clamp(Duration::from_secs(1), LOOK_AGAIN)).await,
                None => engine.handle().sleep(LOOK_AGAIN).await,
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

    /// Before something is answered from the store: what lies on this disk may have changed.
    pub(super) async fn look_at_files(&self) {
        self.0.watch.ask(&self.0.engine).await;
    }

    /// Which of these sources lie on this disk and could not be read as they are now; of all where none is named.
    pub(super) fn unread(&self, among: &[SourceId]) -> Option<String> {
        self.0.watch.unread(among)
    }

    /// Where changes of what is stored are noted.
    pub(super) fn changes(&self) -> &Changes {
        &self.0.changes
    }

    /// Begins work, or joins the same that runs already and is not being cancelled.
    ///
    /// # Errors
    /// So many run that another has to wait.
    pub(super) fn begin(&self, work: Work) -> Result<(Arc<Job>, Begun), ToolError> {
        let mut jobs = self.lock();
        let running = || jobs.known.iter().filter(|job| job.is_running());
        if let Some(job) = running().find(|job| !job.is_stopping() && job.work.is_the_same_as(&work)) {
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
        self.lock().known.iter().find(|job| job.is_running() && job.fills(source)).cloned()
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
    Site(Site),
    /// Only pages that were fetched longer ago, where that is asked for.
    Refresh(SourceId, Option<Duration>, Chunking),
    #[cfg(feature = "files")]
    Add(Box<AddRequest>, Chunking),
}

/// A site that is crawled.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    pub request: CrawlRequest,
    pub chunking: Chunking,
    /// The source that it fills, if one is named.
    pub source: Option<SourceId>,
    pub resume: Resume,
}

impl Work {
    fn name(&self) -> &'static str {
        match self {
            Self::Page(..) => "page",
            Self::Site(..) => "crawl",
            Self::Refresh(..) => "refresh",
            #[cfg(feature = "files")]
            Self::Add(..) => "add",
        }
    }

    /// What it is about, for people.
    pub(super) fn target(&self) -> String {
        match self {
            Self::Page(request, _) | Self::Site(Site { request, .. }) => {
                request.seeds.iter().map(|url| url.as_str()).collect::<Vec<_>>().join(" ")
            }
            Self::Refresh(source, ..) => source.to_string(),
            #[cfg(feature = "files")]
            Self::Add(request, _) => request.origin.given(),
        }
    }

    fn is_the_same_as(&self, other: &Self) -> bool {
        self.name() == other.name() && self.target() == other.target()
    }

    fn most_at_once(&self) -> usize {
        match self {
            Self::Page(..) => PAGES_AT_ONCE,
            Self::Site(..) | Self::Refresh(..) => SITES_AT_ONCE,
            #[cfg(feature = "files")]
            Self::Add(..) => SITES_AT_ONCE,
        }
    }
}

/// How long until it is looked again whether a source has become too old.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Crawls and refreshes that run at one time.
const SITES_AT_ONCE: usize = 4;
/// As many as calls that run at one time.
const PAGES_AT_ONCE: usize = 64;
/// Crawls that have ended and can still be asked after.
const REMEMBERED: usize = 50;
