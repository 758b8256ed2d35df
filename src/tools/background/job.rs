//! One crawl or refresh from its beginning to its end: how far it is, who waits for it, and how it is stopped.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::{FutureExt, future};
use url::Url;

use super::reasons::Reasons;
use super::{Site, Work};
use crate::engine::{
    self, Causes, Counters, CrawlReport, Crawling, Engine, Event, Put, RefreshReport, RefreshRequest, Refreshing, Unlooked,
};
#[cfg(feature = "files")]
use crate::engine::{AddEvent, AddReport, Adding, Listed};
use crate::error::Error;
use crate::mcp::ToolError;
use crate::model::SourceId;
#[cfg(feature = "files")]
use crate::tools::bound::line;
use crate::tools::changes::Changes;
use crate::tools::reply;
#[cfg(feature = "files")]
use crate::tools::reply::for_client;

/// One crawl or refresh, while it runs and after.
#[derive(Debug)]
pub struct Job {
    pub(in crate::tools) id: String,
    pub(in crate::tools) work: Work,
    began: Instant,
    stop: Gate,
    ended: Gate,
    /// Calls that wait for it at the moment.
    waiting: AtomicUsize,
    /// A call that asked for it was answered: somebody counts on it.
    told: AtomicBool,
    /// Held for one look or one change, never across `.await`.
    account: Mutex<Account>,
}

/// How far a job is.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub state: State,
    /// What a crawl fills, once that is known; of pages that are stored one by one the first.
    pub sources: Vec<SourceId>,
    /// Pages of the crawl that it goes on with.
    pub pages_before: u64,
    /// URLs dealt with, whatever became of them.
    pub seen: u64,
    pub pages: u64,
    pub stored: u64,
    /// The first of the stored pages: address and title.
    pub shown: Vec<(String, String)>,
    /// How many there are to show.
    pub to_show: u64,
    pub skipped: u64,
    pub why_skipped: Reasons,
    pub failures: u64,
    /// The first of their causes.
    pub causes: Causes,
    /// How much of a report's lists of failures, of new failures and of what was skipped is counted in these.
    counted: [usize; 3],
    pub http: Counters,
    pub elapsed: Duration,
    /// Why a crawl that is over ended, and how many URLs were left then.
    pub end: engine::End,
    pub left: u64,
    /// Links of a crawl that is over which were not followed, by reason.
    pub passed_over: BTreeMap<&'static str, u64>,
    /// What a crawl that is over found unasked, and made use of.
    pub used: Option<String>,
    /// Of a refresh only.
    pub refresh: Option<Refresh>,
    /// What a refresh found as it was before.
    pub as_before: Option<String>,
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
    pub added: u64,
    /// Fetched since, and left out for that.
    pub young: u64,
    /// Of the failures.
    pub new_failed: u64,
    pub new_skipped: u64,
    /// URLs at the limit of the recipe.
    pub left: u64,
    /// Why new pages were not looked for, once it is over.
    pub unlooked: Option<Unlooked>,
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
    pub(super) fn new(id: String, work: Work, began: Instant) -> Self {
        let (stop, ended) = (Gate::default(), Gate::default());
        Self { id, work, began, stop, ended, waiting: AtomicUsize::new(0), told: AtomicBool::new(false), account: Mutex::default() }
    }

    /// Fetches nothing more; requests in flight are cancelled. It has ended when what was fetched is stored.
    pub(in crate::tools) fn stop(&self) {
        self.stop.open();
    }

    pub(in crate::tools) fn is_running(&self) -> bool {
        !self.ended.is_open()
    }

    /// Whether it works on pages of a source.
    pub(super) fn fills(&self, source: &SourceId) -> bool {
        match &self.work {
            Work::Page(request, _) => request.seeds.first().map(SourceId::of).as_ref() == Some(source),
            Work::Site(_) => self.lock().sources.contains(source),
            Work::Refresh(refreshed, ..) => refreshed == source,
            #[cfg(feature = "files")]
            Work::Add(..) => self.lock().sources.contains(source),
        }
    }

    /// It ends as soon as what was fetched is stored, or has ended so.
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_open()
    }

    /// Ready at the end.
    pub(in crate::tools) async fn ended(&self) {
        self.ended.opened().await;
    }

    pub(in crate::tools) fn account(&self, now: Instant) -> Account {
        let mut account = self.lock().clone();
        if matches!(account.state, State::Running) {
            account.elapsed = now.saturating_duration_since(self.began);
        }
        account
    }

    /// Counts a call that waits, until what this answers is dropped.
    pub(in crate::tools) fn waited_for(self: &Arc<Self>, stake: Stake) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting { job: self.clone(), stake }
    }

    pub(super) fn run(self: Arc<Self>, engine: Engine, changes: Changes) -> impl Future<Output = ()> + Send {
        // Told even if this future is dropped, begun or not.
        let end = End(self.clone(), engine.clone());
        async move {
            self.to_its_end(&engine, &changes).await;
            drop(end);
        }
    }

    async fn to_its_end(&self, engine: &Engine, changes: &Changes) {
        let outcome = match AssertUnwindSafe(self.work_off(engine, changes)).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(reply(&error)),
            Err(_) => {
                log::error!("{} panicked", self.id);
                Err(ToolError::new("a bug of smolcrawl's own").hint("try another page; what was stored is kept"))
            }
        };
        self.lock().state = match outcome {
            Ok(()) if self.is_stopping() => State::Cancelled,
            Ok(()) => State::Done,
            Err(error) => State::Failed(error),
        };
    }

    async fn work_off(&self, engine: &Engine, changes: &Changes) -> Result<(), Error> {
        match &self.work {
            Work::Page(request, chunking) => self.crawl(engine.crawl(request.clone(), chunking.clone()), changes).await,
            Work::Site(Site { request, chunking, source, resume }) => {
                let fill = engine.plan(request.clone(), source.clone(), *resume).await?;
                {
                    let mut account = self.lock();
                    (account.sources, account.pages_before) = (fill.sources().cloned().collect(), fill.pages_before());
                }
                self.crawl(engine.fill(fill, chunking.clone()), changes).await
            }
            Work::Refresh(source, older_than, chunking) => {
                let request = RefreshRequest { older_than: *older_than, ..RefreshRequest::new(source.clone()) };
                let refreshing = engine.refreshing(request, chunking.clone()).await?;
                self.refresh(refreshing, source, changes).await
            }
            #[cfg(feature = "files")]
            Work::Add(request, chunking) => self.add(engine.add((**request).clone(), chunking.clone()), changes).await,
        }
    }

    #[cfg(feature = "files")]
    async fn add(&self, mut adding: Adding, changes: &Changes) -> Result<(), Error> {
        let (mut result, mut is_stopped) = (Ok(()), false);
        loop {
            match future::or(self.stopped(is_stopped), async { Some(adding.next().await) }).await {
                None => {
                    is_stopped = true;
                    adding.stop();
                }
                Some(None) => break,
                Some(Some(Ok(event))) => {
                    let Some(source) = adding.source().cloned() else { continue };
                    match &event {
                        AddEvent::Stored { url, put: Put::Added, .. } | AddEvent::Removed(Listed { url, .. }) => {
                            changes.page(url, source.clone());
                            changes.listed(source.clone());
                        }
                        AddEvent::Stored { url, put: Put::Replaced, .. } => changes.page(url, source.clone()),
                        _ => {}
                    }
                    self.lock().added(event, source);
                }
                // It has stopped itself, and the first error tells why.
                Some(Some(Err(error))) => result = result.and(Err(error)),
            }
        }
        self.lock().all_added(&adding.report());
        result
    }

    async fn crawl(&self, mut crawling: Crawling, changes: &Changes) -> Result<(), Error> {
        let (mut result, mut is_stopped) = (Ok(()), false);
        loop {
            // A stop comes before what is ready, or a quick crawl would not hear it.
            match future::or(self.stopped(is_stopped), async { Some(crawling.next().await) }).await {
                None => {
                    is_stopped = true;
                    crawling.stop();
                }
                Some(None) => break,
                Some(Some(Ok(event))) => {
                    note(changes, &event, &crawling);
                    self.lock().count(event, &crawling);
                }
                // It has stopped itself, and the first error tells why.
                Some(Some(Err(error))) => result = result.and(Err(error)),
            }
        }
        let report = crawling.finish();
        let mut account = self.lock();
        (account.pages, account.http, account.end, account.left) = (report.pages, report.http, report.end, report.left);
        account.used = used(&report);
        // What was fetched after all is not among these.
        (account.skipped, account.why_skipped) = (report.skips(), Reasons::of(&report.skipped, report.skips()));
        account.passed_over = report.passed_over;
        result
    }

    /// Heard once: afterwards only what was fetched is waited for.
    async fn stopped<T>(&self, was_heard: bool) -> Option<T> {
        match was_heard {
            true => future::pending().await,
            false => self.stop.opened().await,
        }
        None
    }

    async fn refresh(&self, mut refreshing: Refreshing, source: &SourceId, changes: &Changes) -> Result<(), Error> {
        let (mut result, mut is_stopped) = (Ok(()), false);
        loop {
            let told = |report: &RefreshReport| (report.updated, report.removed, report.added);
            let found = told(refreshing.report());
            self.lock().refreshed(&refreshing);
            match future::or(self.stopped(is_stopped), async { Some(refreshing.next().await) }).await {
                None => {
                    is_stopped = true;
                    refreshing.stop();
                }
                Some(None) => {
                    // What is known with the end only.
                    let mut account = self.lock();
                    account.refreshed(&refreshing);
                    account.as_before = refreshing.report().as_before();
                    return result;
                }
                Some(Some(Ok(url))) => {
                    let now = told(refreshing.report());
                    if found != now {
                        changes.page(&url, source.clone());
                    }
                    if (found.1, found.2) != (now.1, now.2) {
                        changes.listed(source.clone());
                    }
                }
                // It has stopped itself, and the first error tells why.
                Some(Some(Err(error))) => result = result.and(Err(error)),
            }
        }
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
            Event::Stored { url, title, .. } => {
                let source = source_of(&url, crawling);
                if self.sources.len() < SHOWN && !self.sources.contains(&source) {
                    self.sources.push(source);
                }
                (self.stored, self.to_show) = (self.stored + 1, self.to_show + 1);
                if self.shown.len() < SHOWN {
                    self.shown.push((url.into(), title));
                }
            }
            Event::Skipped(skipped) => {
                self.skipped += 1;
                self.why_skipped.add(&skipped);
            }
            Event::Failed(failed) => {
                self.failures += 1;
                self.causes.add(&failed, SHOWN);
            }
        }
    }

    #[cfg(feature = "files")]
    fn added(&mut self, event: AddEvent, source: SourceId) {
        if self.sources.is_empty() {
            self.sources.push(source);
        }
        match event {
            AddEvent::Stored { url, title, put } => {
                (self.seen, self.pages, self.stored) = (self.seen + 1, self.pages + 1, self.stored + 1);
                self.to_show += u64::from(put != Put::Unchanged);
                if put != Put::Unchanged && self.shown.len() < SHOWN {
                    self.shown.push((url.into(), title));
                }
            }
            AddEvent::Skipped(skipped) => {
                (self.seen, self.skipped) = (self.seen + 1, self.skipped + 1);
                self.why_skipped.add(&skipped);
            }
            AddEvent::Failed(failed) => {
                (self.seen, self.failures) = (self.seen + 1, self.failures + 1);
                self.causes.add(&failed, SHOWN);
            }
            _ => {}
        }
    }

    /// Files that are as they were count as stored, as they are.
    #[cfg(feature = "files")]
    fn all_added(&mut self, report: &AddReport) {
        self.stored = report.pages();
        self.skipped = report.skipped_total + report.still_skipped_total;
        let counted = [(report.unchanged, "files unchanged"), (report.updated, "changed"), (report.removed, "removed")];
        let mut told: Vec<String> = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if report.still_skipped_total > 0 {
            told.push(format!("{} skipped as before", report.still_skipped_total));
        }
        told.extend(report.left_out.iter().map(|of| format!("{} left out as {} (such as {})", of.count, of.rule, of.first)));
        if report.too_deep() > 0 {
            told.push("not complete: some lie deeper than is read, and a folder down there can be added by its own path".to_owned());
        }
        if report.beyond_limits > report.too_deep() {
            told.push("not complete: max_files allows more".to_owned());
        }
        told.extend(report.hints.iter().map(|hint| line(&for_client(hint))));
        self.used = (!told.is_empty()).then(|| told.join(", "));
    }

    fn refreshed(&mut self, refreshing: &Refreshing) {
        let report = refreshing.report();
        let RefreshReport { checked, unchanged, updated, removed, added, left, .. } = *report;
        let (new_failed, new_skipped) = (report.new_failed_total, report.new_skipped_total);
        (self.seen, self.failures, self.skipped) = (checked, report.failed_total + new_failed, new_skipped);
        let [failed, failed_new, skipped_new] = self.counted;
        report.failed[failed..].iter().chain(&report.new_failed[failed_new..]).for_each(|failed| self.causes.add(failed, SHOWN));
        report.new_skipped[skipped_new..].iter().for_each(|skipped| self.why_skipped.add(skipped));
        self.counted = [report.failed.len(), report.new_failed.len(), report.new_skipped.len()];
        let (pages, young, unlooked) = (refreshing.pages(), refreshing.young(), refreshing.unlooked());
        self.refresh = Some(Refresh { pages, checked, unchanged, updated, removed, added, young, new_failed, new_skipped, left, unlooked });
        self.to_show = added + updated + removed;
        let lists = [("added", &report.added_pages), ("updated", &report.changed_pages), ("removed", &report.removed_pages)];
        let named =
            lists.iter().flat_map(|(what, pages)| pages.iter().map(move |page| (page.url.to_string(), format!("{what}: {}", page.title))));
        self.shown = named.take(SHOWN).collect();
    }
}

/// What the site has for programs, what was made of it, and what it says twice.
fn used(report: &CrawlReport) -> Option<String> {
    let counted = [
        (report.sitemaps.len() as u64, "sitemaps read"),
        (report.llms_txt.len() as u64, "llms.txt read"),
        (report.in_markdown, "pages taken in the markdown that the site has of them"),
        (report.shipped.values().sum(), "pages read from data that the site ships for its scripts"),
        (report.rendered, "pages filled in by a browser"),
        (report.unsettled, "of these read while their scripts were still at work"),
        (report.alike_total, "pages say nearly the same as another one"),
    ];
    let mut told: Vec<_> = counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let need = "skipped, as scripts write their text and no browser has run them";
    told.extend(report.needs_browser.first().map(|first| format!("{} {need} (such as {first})", report.needs_browser_total)));
    told.extend(
        report.kept.first().map(|first| format!("{} kept as rendered before, as less has come (such as {first})", report.kept_total)),
    );
    (!told.is_empty()).then(|| told.join(", "))
}

fn source_of(url: &Url, crawling: &Crawling) -> SourceId {
    crawling.fill().and_then(|fill| fill.source_of(url)).unwrap_or_else(|| SourceId::of(url))
}

fn note(changes: &Changes, event: &Event, crawling: &Crawling) {
    match event {
        Event::Stored { url, put: Put::Added, .. } => {
            let source = source_of(url, crawling);
            // Whoever subscribed to it before it came, or came back, waits for it.
            changes.page(url, source.clone());
            changes.listed(source);
        }
        Event::Stored { url, put: Put::Replaced, .. } => changes.page(url, source_of(url, crawling)),
        Event::Stored { put: Put::Unchanged, .. } | Event::Skipped(_) | Event::Failed(_) => {}
    }
}

/// What a waiting call has to do with the crawl's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stake {
    /// It asked for the crawl: if it is cancelled while nobody else waits, so is the crawl, unless another that asked for it was
    /// answered.
    Asker,
    /// It asked how far the crawl is, which goes on without it.
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
    pub(in crate::tools) fn answered(self) {
        if self.stake == Stake::Asker {
            self.job.told.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let others = self.job.waiting.fetch_sub(1, Ordering::Relaxed) - 1;
        if self.stake == Stake::Asker && others == 0 && !self.job.told.load(Ordering::Relaxed) {
            self.job.stop();
        }
    }
}

/// The end of a job, however it comes.
struct End(Arc<Job>, Engine);

impl Drop for End {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::CrawlRequest;

    #[test]
    fn a_job_that_is_dropped_before_its_first_poll_has_ended() {
        let engine = Engine::simulated();
        let work = Work::Page(CrawlRequest::parse(&["http://a.test/"]).unwrap(), engine.config().chunk.clone());
        let job = Arc::new(Job::new("page-1".to_owned(), work, engine.handle().now()));
        drop(job.clone().run(engine.clone(), Changes::new()));
        assert!(!job.is_running());
        assert!(matches!(job.account(engine.handle().now()).state, State::Cancelled));
    }

    #[cfg(feature = "files")]
    #[test]
    fn what_a_report_hints_at_names_tools_and_no_commands() {
        let hints = vec!["leave it out with --exclude, or read one with `smolcrawl project PATH`".to_owned(), "plain, as it is".to_owned()];
        let mut account = Account::default();
        account.all_added(&AddReport { hints, ..AddReport::default() });
        assert_eq!(account.used.unwrap(), "leave it out with exclude, or read it with index_project first, plain, as it is");
    }
}
