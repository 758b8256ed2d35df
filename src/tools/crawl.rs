//! `crawl_single_page`, `smart_crawl_url`, `crawl_status` and `cancel_crawl`: more to ask, and how far it is.

mod dry_run;

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{
    Causes, EXCLUDED, End, Engine, Failed, LeaveOut, NO_PAGE, NOT_INCLUDED, OUT_OF_SCOPE, Pattern, Resume, Sitemaps, Skipped,
};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::SourceId;
use crate::tools::background::{self, Account, Background, Begun, Job, Stake, State, Work};
use crate::tools::bound::{line, within};
use crate::tools::linked::{Linked, Links};
use crate::tools::{address, is_zero, rendering, reply};

pub fn single_page(engine: Engine, background: Background) -> Tool {
    Tool::typed("crawl_single_page", SINGLE, move |asked: OnePage, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let mut request = address(&asked.url)?;
            request.depth = 0;
            request.max_pages = 1;
            request.render = rendering(asked.render.as_deref())?;
            let chunking = engine.config().chunk.clone();
            begin(&engine, &background, Work::Page(request, chunking), WAIT, &context).await
        }
    })
    .title("Crawl one page")
    .without_output_schema()
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), ..Annotations::default() })
}

pub fn smart(engine: Engine, background: Background) -> Tool {
    Tool::typed("smart_crawl_url", SMART, move |asked: Site, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let mut request = address(&asked.url)?;
            request.depth = within("max_depth", asked.max_depth, 0, 100)?;
            request.max_pages = within("max_pages", asked.max_pages, 1, 100_000)?.into();
            request.concurrency = within("max_concurrent", asked.max_concurrent, 1, 64)? as usize;
            request.sitemaps = Sitemaps::Follow;
            request.include = patterns(&asked.include)?;
            request.exclude = patterns(&asked.exclude)?;
            request.language = asked.language.filter(|language| !language.trim().is_empty());
            request.leave_out = if asked.everything { LeaveOut::Nothing } else { LeaveOut::Usual };
            let mut chunking = engine.config().chunk.clone();
            if let Some(size) = asked.chunk_size {
                chunking.max_chars = within("chunk_size", size, 200, 20_000)? as usize;
            }
            let wait = wait(asked.wait_seconds)?;
            let source =
                match (asked.name.filter(|name| !name.trim().is_empty()), asked.lib_version.filter(|version| !version.trim().is_empty())) {
                    (Some(name), version) => Some(named(&name, version.as_deref())?),
                    (None, Some(version)) => {
                        let derived = request.sources();
                        Some(named(derived.first().map_or("", |(source, _)| source.name()), Some(&version))?)
                    }
                    (None, None) => None,
                };
            let resume = match (asked.fresh, asked.resume) {
                (true, true) => return Err(ToolError::new("fresh and resume exclude each other").hint("leave one of them out")),
                (true, false) => Resume::Never,
                (false, true) => Resume::Always,
                (false, false) => Resume::IfInterrupted,
            };
            if asked.dry_run {
                return dry_run::look(&engine, request, source, wait, &context).await;
            }
            begin(&engine, &background, Work::Site(background::Site { request, chunking, source, resume }), wait, &context).await
        }
    })
    .title("Crawl a site")
    .without_output_schema()
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), ..Annotations::default() })
}

pub(super) fn named(name: &str, version: Option<&str>) -> Result<SourceId, ToolError> {
    SourceId::new(name.trim(), version.map(str::trim))
        .map_err(|error| ToolError::new(error.to_string()).hint("as in smol, with lib_version 2.0"))
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, ToolError> {
    texts.iter().map(|text| Pattern::parse(text).map_err(|error| reply(&error.into()))).collect()
}

pub fn status(engine: Engine, background: Background) -> Tool {
    Tool::typed("crawl_status", STATUS, move |asked: Which, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let Some(id) = asked.crawl_id.filter(|id| !id.trim().is_empty()) else {
                let now = engine.handle().now();
                let mut crawls: Vec<_> = background.all().iter().map(|job| Report::brief(job, job.account(now))).collect();
                if let Some(last) = crawls.first_mut() {
                    last.notice = embedding(&engine).await;
                }
                return Ok(Statuses { crawls });
            };
            let job = background.find(&id)?;
            let waiting = job.waited_for(Stake::Bystander);
            follow(&engine, &job, wait(asked.wait_seconds)?, &context).await;
            waiting.answered();
            let report = report(&job, &job.account(engine.handle().now()));
            let notice = together([report.notice, embedding(&engine).await]);
            Ok(Statuses { crawls: vec![Report { notice, ..report }] })
        }
    })
    .title("How far crawls are")
    .without_output_schema()
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn cancel(engine: Engine, background: Background) -> Tool {
    Tool::typed("cancel_crawl", CANCEL, move |asked: One, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let job = background.find(&asked.crawl_id)?;
            let had_ended = !job.is_running();
            job.stop();
            follow(&engine, &job, WAIT, &context).await;
            let mut report = report(&job, &job.account(engine.handle().now()));
            if had_ended {
                report.notice = Some("it had ended before".to_owned());
            }
            Ok::<_, ToolError>(report)
        }
    })
    .title("End a crawl")
    .without_output_schema()
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), open_world: Some(false), ..Annotations::default() })
}

/// Begins or joins a crawl, waits for it for a while, and tells how far it is, with links to the pages that it names.
pub(super) async fn begin(
    engine: &Engine,
    background: &Background,
    work: Work,
    wait: Duration,
    context: &Context,
) -> Result<Linked<Report>, ToolError> {
    let (job, begun) = background.begin(work)?;
    let waiting = job.waited_for(Stake::Asker);
    follow(engine, &job, wait, context).await;
    waiting.answered();
    let account = job.account(engine.handle().now());
    if let Some(error) = came_to_nothing(&job, &account) {
        return Err(error);
    }
    let mut report = report(&job, &account);
    let joined = match begun {
        Begun::Now => None,
        Begun::Joined => Some("joined the same crawl, which was running already"),
        Begun::JoinedAnother => {
            Some("joined a running crawl of this URL that has other settings; to begin anew with yours, cancel_crawl it first")
        }
    };
    report.notice = together([joined.map(str::to_owned), report.notice, embedding(engine).await]);
    let mut links = Links::understood_by(context);
    account.shown.iter().for_each(|(url, title)| links.add(url, title));
    Ok(Linked { answer: report, links })
}

/// Waits until the job has ended or the time is up, with a sign of life now and then.
pub(super) async fn follow(engine: &Engine, job: &Job, wait: Duration, context: &Context) {
    let handle = engine.handle();
    let until = handle.now() + patience(wait, context);
    let mut told = 0.0;
    loop {
        let account = job.account(handle.now());
        // It has to grow, even while a slow page is waited for. No total is promised: more pages may turn up.
        told = f64::max(told + 0.001, account.seen as f64);
        let embedding = if context.wants_progress() { embedding(engine).await } else { None };
        context.progress(told, None, together([Some(progress(job, &account)), embedding]).unwrap_or_default());
        let left = until.saturating_duration_since(handle.now());
        if !job.is_running() || left.is_zero() {
            return;
        }
        future::or(job.ended(), handle.sleep(SIGN_OF_LIFE.min(left))).await;
    }
}

/// Clients that hear nothing give up after a minute, whatever the model asked for.
fn patience(wait: Duration, context: &Context) -> Duration {
    if context.wants_progress() { wait } else { wait.min(WAIT) }
}

/// How long a call waits, as asked for.
pub(super) fn wait(seconds: u32) -> Result<Duration, ToolError> {
    Ok(Duration::from_secs(within("wait_seconds", seconds, 0, MOST_SECONDS)?.into()))
}

fn progress(job: &Job, account: &Account) -> String {
    match &account.refresh {
        Some(refresh) => format!("{}: {} of {} pages checked", job.id, refresh.checked, refresh.pages),
        None => format!("{}: {} pages stored, {} skipped, {} failed", job.id, account.stored, account.skipped, account.failures),
    }
}

fn together<const COUNT: usize>(notices: [Option<String>; COUNT]) -> Option<String> {
    notices.into_iter().flatten().reduce(|all, next| format!("{all}; {next}"))
}

/// How far the embedding of what is stored is, while some of it is found by its words only.
async fn embedding(engine: &Engine) -> Option<String> {
    let stored = engine.model().is_some() && engine.has_database();
    let progress = if stored { engine.recent_progress().await.ok()? } else { return None };
    if progress.embedded >= progress.chunks {
        return None;
    }
    let pace = engine.embedding_pace(&progress).map_or_else(String::new, |pace| format!(", {pace}"));
    Some(format!("{} of {} chunks embedded{pace}", progress.embedded, progress.chunks))
}

/// The error of a job that has ended with nothing to show for it.
fn came_to_nothing(job: &Job, account: &Account) -> Option<ToolError> {
    if let State::Failed(error) = &account.state {
        return Some(match account.stored {
            0 => error.clone(),
            stored => ToolError { message: format!("{} (after {stored} pages, which are stored)", error.message), ..error.clone() },
        });
    }
    if job.is_running() || account.stored > 0 || matches!(account.state, State::Cancelled) {
        return None;
    }
    // What patterns leave is no matter of the page or of the site.
    let by_patterns = [NOT_INCLUDED, EXCLUDED].iter().any(|why| account.passed_over.contains_key(why));
    match (&account.refresh, account.causes.list().first().map(|cause| &cause.first), account.why_skipped.first()) {
        (None, Some(failed), _) => Some(of_failure("nothing was stored", failed)),
        (Some(refresh), Some(failed), _) if refresh.checked > 0 && account.failures == refresh.checked + refresh.new_failed => {
            Some(of_failure("nothing was refreshed", failed))
        }
        (None, None, Some(Skipped { url, why })) => {
            let hint = if why.starts_with(NOT_INCLUDED) { BY_PATTERNS } else { "try another page of the site" };
            Some(ToolError::new(format!("nothing was stored: {}", line(&format!("{url}: {why}")))).hint(hint))
        }
        (None, None, None) if !account.passed_over.is_empty() => {
            let reasons: Vec<_> = account.passed_over.iter().map(|(why, count)| format!("{count} {why}")).collect();
            let hint = if by_patterns { BY_PATTERNS } else { "start at the site that is meant" };
            Some(ToolError::new(format!("nothing was stored; links not followed: {}", reasons.join(", "))).hint(hint))
        }
        _ => None,
    }
}

fn of_failure(what: &str, failed: &Failed) -> ToolError {
    let again = if failed.is_transient { " (may succeed if tried again)" } else { "" };
    let hint = failed.hint.as_deref().unwrap_or("check the URL, or try another page of the site");
    ToolError::new(format!("{what}: {}: {}{again}", line(failed.url.as_str()), line(&failed.error))).hint(reply::for_client(hint))
}

fn report(job: &Arc<Job>, account: &Account) -> Report {
    let notice = match &account.state {
        State::Running => Some(format!(
            "goes on in the background; what is stored can be searched already; crawl_status with crawl_id {} waits for more",
            job.id
        )),
        State::Failed(error) => Some(error.to_string()),
        State::Cancelled => Some("ended before it was complete; what was fetched is stored".to_owned()),
        State::Done => {
            let as_before = account.as_before.as_deref().map(line);
            together([
                went_on(account),
                knew_only(account),
                beyond_the_recipe(account),
                limit(job, account),
                left_out(account),
                account.used.clone(),
                as_before,
            ])
        }
    };
    Report {
        urls_crawled: account.shown.iter().map(|(url, _)| line(url)).collect(),
        urls_crawled_more: account.to_show.saturating_sub(account.shown.len() as u64),
        skipped_such_as: account.why_skipped.told().iter().map(|told| line(told)).collect(),
        failed: failures(&account.causes),
        http: Some(account.http).filter(|http| http.requests > 0).and_then(|http| serde_json::to_value(http).ok()),
        notice,
        ..Report::brief(job, account.clone())
    }
}

/// What has one cause is told once.
fn failures(causes: &Causes) -> Vec<String> {
    causes.list().iter().map(|cause| line(&cause.to_string())).collect()
}

fn knew_only(account: &Account) -> Option<String> {
    let background::Refresh { young, unlooked, .. } = account.refresh?;
    let young = (young > 0).then(|| format!("{young} pages were not asked for, as they were fetched within older_than_hours"));
    together([young, unlooked.map(|why| format!("new pages were not looked for, as {why}"))])
}

/// What a refresh met as new, and what it left.
fn beyond_the_recipe(account: &Account) -> Option<String> {
    let background::Refresh { new_failed, new_skipped, left, .. } = account.refresh?;
    let counted = [
        (new_failed, "addresses that were met as new could not be had"),
        (new_skipped, "addresses that were met as new were skipped"),
        (left, "URLs are left at the limit of its recipe"),
    ];
    together(counted.map(|(count, what)| (count > 0).then(|| format!("{count} {what}"))))
}

fn went_on(account: &Account) -> Option<String> {
    let before = account.pages_before;
    (before > 0).then(|| format!("went on after the {before} pages of an earlier crawl; fresh: true begins anew"))
}

fn limit(job: &Job, account: &Account) -> Option<String> {
    let Work::Site(background::Site { request, .. }) = &job.work else { return None };
    let left = account.left;
    match account.end {
        End::MaxPages => Some(format!(
            "stopped at max_pages {} with at least {left} URLs left; go on with resume: true and a higher max_pages",
            request.max_pages
        )),
        End::MaxRequests => Some(format!(
            "stopped after {} requests with at least {left} URLs left, as too few of them are pages; crawl a deeper URL",
            request.requests_allowed()
        )),
        End::MaxBytes | End::MaxTime => Some(format!("stopped with at least {left} URLs left, as {}", account.end)),
        _ => None,
    }
}

/// What would be in scope. That of other sites, and files, are no surprise.
fn left_out(account: &Account) -> Option<String> {
    let reasons = account.passed_over.iter().filter(|(why, _)| !matches!(**why, OUT_OF_SCOPE | NO_PAGE));
    let told: Vec<_> = reasons.map(|(why, count)| format!("{count} as {why}")).collect();
    (!told.is_empty()).then(|| format!("links left out: {}", told.join(", ")))
}

impl Report {
    /// Says one thing more.
    #[cfg(feature = "files")]
    pub(super) fn note(&mut self, note: Option<String>) {
        self.notice = together([note, self.notice.take()]);
    }

    /// Without lists.
    fn brief(job: &Arc<Job>, account: Account) -> Self {
        let refresh = account.refresh.map(|found| Refresh {
            pages: found.pages,
            checked: found.checked,
            unchanged: found.unchanged,
            updated: found.updated,
            removed: found.removed,
            added: found.added,
            new_failed: found.new_failed,
            new_skipped: found.new_skipped,
            left: found.left,
        });
        // A refresh has counts of its own.
        let of_a_crawl = |count| refresh.is_none().then_some(count);
        Self {
            crawl_id: job.id.clone(),
            state: match account.state {
                State::Running => "running",
                State::Done => "done",
                State::Cancelled => "cancelled",
                State::Failed(_) => "failed",
            },
            target: line(&job.work.target()),
            sources: account.sources.iter().map(SourceId::to_string).collect(),
            pages_crawled: of_a_crawl(account.pages),
            pages_stored: of_a_crawl(account.stored),
            skipped: account.skipped,
            failures: account.failures,
            elapsed_ms: account.elapsed.as_millis() as u64,
            refresh,
            ..Self::default()
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct OnePage {
    /// The page, as https://…
    url: String,
    /// Run its scripts: auto, always or never
    render: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Site {
    /// Where to start: a page of the site, its sitemap.xml or its llms.txt
    url: String,
    /// Links to follow from the start page
    #[serde(default = "three")]
    max_depth: u32,
    /// Pages to store at the most
    #[serde(default = "five_hundred")]
    max_pages: u32,
    /// Requests in flight at the most
    #[serde(default = "ten")]
    max_concurrent: u32,
    /// Only pages that one of these takes: globs of the path as in /api/*, or re: and a regular expression
    #[serde(default)]
    include: Vec<String>,
    /// No page that one of these takes
    #[serde(default)]
    exclude: Vec<String>,
    /// No translations but this one, such as en
    #[serde(default)]
    language: Option<String>,
    /// Also other languages and versions, source listings, lists by tag
    #[serde(default)]
    everything: bool,
    /// What the source is to be called [default: after the URL]
    #[serde(default)]
    name: Option<String>,
    /// The version that the pages document
    #[serde(default)]
    lib_version: Option<String>,
    /// Begin anew, even if an earlier crawl of it was interrupted
    #[serde(default)]
    fresh: bool,
    /// Go on with one that ended at a limit
    #[serde(default)]
    resume: bool,
    /// Only tell what would be fetched
    #[serde(default)]
    dry_run: bool,
    /// Characters in a chunk at the most; best left out
    #[serde(default)]
    chunk_size: Option<u32>,
    /// Seconds to wait for the end, 0 to 300
    #[serde(default = "forty_five")]
    wait_seconds: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Which {
    /// As the crawl's answer named it; left out: a list of all
    #[serde(default)]
    crawl_id: Option<String>,
    /// Seconds to wait for the end, 0 to 300
    #[serde(default = "thirty")]
    wait_seconds: u32,
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// As the crawl's answer named it
    crawl_id: String,
}

fn three() -> u32 {
    3
}

fn ten() -> u32 {
    10
}

fn thirty() -> u32 {
    30
}

fn forty_five() -> u32 {
    45
}

fn five_hundred() -> u32 {
    500
}

// The comments below that are no documentation would be told to every client five times.

// How far a crawl or a refresh is.
// What clients need not know beforehand is not in the schema: it is that of eight tools, and a table of tools is read whole into every context.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Report {
    // Of a dry run there is none.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "String::is_empty")]
    crawl_id: String,
    // running, done, cancelled or failed; dry_run.
    state: &'static str,
    // The URL or the source.
    #[schemars(skip)]
    target: String,
    // What it fills.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    // Not of a refresh, as the next one.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pages_crawled: Option<u64>,
    // Searchable now by their words, by their meaning a little later.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pages_stored: Option<u64>,
    // The first of the stored pages.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    urls_crawled: Vec<String>,
    // How many more there are.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "is_zero")]
    urls_crawled_more: u64,
    // Left out on purpose: out of scope, forbidden by robots.txt, not a document.
    #[schemars(skip)]
    skipped: u64,
    // By reason.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped_such_as: Vec<String>,
    // The first of the URLs that could not be had, with the reason.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<String>,
    #[schemars(skip)]
    failures: u64,
    #[schemars(skip)]
    elapsed_ms: u64,
    // Of refresh_source.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<Refresh>,
    // Of a dry run: the first of what would be fetched, the start pages before all.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_fetch: Vec<String>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "is_zero")]
    would_fetch_total: u64,
    // Counters of the transport.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Value>,
    // What to do next.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
struct Refresh {
    pages: u64,
    checked: u64,
    unchanged: u64,
    updated: u64,
    removed: u64,
    added: u64,
    // Of the failures, and of what was skipped.
    #[serde(skip_serializing_if = "is_zero")]
    new_failed: u64,
    #[serde(skip_serializing_if = "is_zero")]
    new_skipped: u64,
    // URLs at the limit of the recipe.
    #[serde(skip_serializing_if = "is_zero")]
    left: u64,
}

// The last begun first.
#[derive(Serialize, JsonSchema)]
struct Statuses {
    #[schemars(with = "Vec<Value>")]
    crawls: Vec<Report>,
}

/// How long a call waits by default, and at the most for a client that asks for no progress: clients give up after 60 s without a
/// sign of life.
pub(super) const WAIT: Duration = Duration::from_secs(45);
const MOST_SECONDS: u32 = 300;
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
const BY_PATTERNS: &str = "of what was met include and exclude leave no page: widen the one, or narrow the other";
const SINGLE: &str = "Fetches one page, stores it as markdown and makes it searchable. No link is followed.";
const SMART: &str = "Crawls a site and makes it searchable: a page with the links below its folder, a sitemap.xml, or the links of an llms.txt or \
     markdown file. robots.txt is obeyed. A long crawl answers after wait_seconds with a crawl_id and goes on: see crawl_status.";
const STATUS: &str = "Waits for a crawl or refresh and tells how far it is. Without crawl_id: lists all, at once.";
const CANCEL: &str = "Ends a crawl or refresh at once; what was fetched stays stored.";
