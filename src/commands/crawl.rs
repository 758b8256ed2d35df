//! `crawl`: fetch, store, embed, report.

use std::io::IsTerminal;
use std::time::Instant;

use futures_lite::future;
use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::engine::{
    CrawlReport, CrawlRequest, Crawling, EXCLUDED, End, Fill, LeaveOut, NOT_INCLUDED, OUT_OF_SCOPE, Pattern, Resume, Robots, Scope,
    Sitemaps, TRANSLATION, USUALLY_LEFT_OUT,
};
use smolcrawl::extract;
use smolcrawl::model::SourceId;
use smolcrawl::reactor::Handle;
use smolcrawl::render;

use super::output::Output;
use super::progress::{Counts, Crawled, Lines, PATIENCE, Spinner};
use super::signals::interruption;
use super::{Failure, Shown, failures, join, links, progress};
use crate::cli;
use crate::terminal::{self, tell};

pub async fn run(engine: &Engine, asked: cli::Crawl, shown: Shown) -> Result<(), Failure> {
    let request = request(&asked)?;
    if asked.links_only {
        return links::run(engine, request, asked.json, shown).await;
    }
    let name = name(&request, &asked)?;
    if asked.join {
        return join::crawl(engine, request, name, &asked, shown).await;
    }
    if asked.dry_run {
        return dry_run(engine, request, name, asked.json).await;
    }
    let interrupted = interruption()?;
    let resume = match (asked.resume, asked.fresh) {
        (true, _) => Resume::Always,
        (_, true) => Resume::Never,
        _ => Resume::IfInterrupted,
    };
    let fill = match engine.plan(request.clone(), name, resume).await {
        Ok(fill) => Some(fill),
        // The crawl comes upon it as well, and has a report.
        Err(smolcrawl::Error::Store(_)) => None,
        Err(error) => return Err(error.into()),
    };
    if let Some(fill) = fill.as_ref().filter(|_| shown != Shown::Quiet && std::io::stderr().is_terminal()) {
        tell!("crawling into {}", terminal::line(&fill.to_string()));
    }
    let spinner = Spinner::new(shown);
    let chunking = engine.config().chunk.clone();
    let mut crawling = match &fill {
        Some(fill) => engine.fill(fill.clone(), chunking),
        None => engine.crawl(request, chunking),
    };
    let mut watch = Watch {
        counts: Counts::default(),
        max_pages: asked.max_pages,
        began: engine.handle().now(),
        lines: Lines::new(engine.handle(), shown),
        spinner,
        handle: engine.handle().clone(),
    };
    let mut ended = future::or(follow(&mut crawling, &mut watch), async {
        interrupted.asked().await;
        Ok(Ended::Interrupted)
    })
    .await;
    if !matches!(ended, Ok(Ended::ByItself)) {
        // What has been fetched is stored, and counted, as far as that is a matter of moments: a page that takes long is let go.
        crawling.stop();
        let stored = engine.handle().timeout(PATIENCE, follow(&mut crawling, &mut watch)).await;
        if let Ok(Err(failure)) = stored {
            ended = ended.and(Err(failure));
        }
    }
    watch.spinner.clear();
    let report = crawling.finish();
    // What is stored is kept and told, even if the disk is full now.
    let in_the_error = usize::from(report.stored == 0 && matches!(ended, Ok(Ended::ByItself)));
    print(&report, fill.as_ref(), asked.json, in_the_error)?;
    match ended? {
        Ended::Interrupted => return Err(interrupted_crawl(engine, &report).await?),
        Ended::ByItself if !asked.no_index => {
            let embedded = progress::embed_unless_interrupted(engine, shown, &interrupted).await;
            nothing_stored(&report).and(embedded)
        }
        Ended::ByItself => nothing_stored(&report),
    }
}

async fn dry_run(engine: &Engine, request: CrawlRequest, name: Option<SourceId>, json: cli::Json) -> Result<(), Failure> {
    let max_pages = request.max_pages;
    let sources: Vec<_> = name.map_or_else(|| request.sources().into_iter().map(|(source, _)| source).collect(), |name| vec![name]);
    let would = engine.dry_run(request).await;
    let report = &would.report;
    let mut output = Output::new();
    if json.json {
        output.json(&json!({
            "sources": sources,
            "seeds": would.seeds,
            "would_fetch": would.pages,
            "would_fetch_total": would.total,
            "max_pages": max_pages,
            "passed_over": report.passed_over,
            "passed_over_first": report.passed_over_first,
            "sitemaps": report.sitemaps,
            "skipped": report.skipped,
            "failed": report.failed,
        }))?;
    } else {
        would.seeds.iter().try_for_each(|url| output.line(format!("start    {url}")))?;
        would.pages.iter().try_for_each(|url| output.line(format!("fetch    {url}")))?;
        if let more @ 1.. = would.total - would.pages.len() as u64 {
            output.line(format!("fetch    {more} more"))?;
        }
        report.skipped.iter().try_for_each(|skipped| output.line(format!("skip     {}: {}", skipped.url, skipped.why)))?;
        failures::lines("failed  ", &report.failed, report.failures()).into_iter().try_for_each(|line| output.line(line))?;
        if !report.passed_over.is_empty() {
            output.line(format!("links not followed: {}", passed_over(report)))?;
        }
        let names: Vec<_> = sources.iter().map(SourceId::as_str).collect();
        output.line(format!(
            "would be stored as {}: {} start pages and {} more by links and {} sitemaps, and what these link to, {max_pages} at the most",
            names.join(", "),
            would.seeds.len(),
            would.total,
            report.sitemaps.len()
        ))?;
    }
    output.finish()?;
    match report.failed.first() {
        Some(failed) if would.seeds.is_empty() && would.total == 0 => Err(Failure::new(
            format!("nothing would be fetched: {}: {}", failed.url, failed.error),
            failed.hint.as_deref().unwrap_or(NOTHING),
        )),
        _ => Ok(()),
    }
}

enum Ended {
    ByItself,
    Interrupted,
}

fn request(asked: &cli::Crawl) -> Result<CrawlRequest, Failure> {
    let mut request = super::addresses(&asked.urls)?;
    request.scope = match asked.scope {
        cli::Scope::Prefix => Scope::Prefix,
        cli::Scope::Host => Scope::Host,
        cli::Scope::Domain => Scope::Domain,
    };
    request.depth = asked.depth;
    request.max_pages = asked.max_pages;
    request.max_requests = asked.max_requests;
    request.max_time = asked.max_time;
    request.max_bytes = asked.max_bytes;
    request.concurrency = asked.concurrency.into();
    request.per_host = asked.per_host.map(Into::into);
    request.robots = if asked.ignore_robots { Robots::Ignore } else { Robots::Obey };
    request.sitemaps = match asked.sitemap {
        cli::Sitemap::Auto => Sitemaps::Follow,
        cli::Sitemap::Only => Sitemaps::Only,
        cli::Sitemap::Never => Sitemaps::Ignore,
    };
    request.include = patterns(&asked.include)?;
    request.exclude = patterns(&asked.exclude)?;
    request.language = asked.language.clone();
    request.render = asked.render.map(Into::into);
    request.leave_out = if asked.everything { LeaveOut::Nothing } else { LeaveOut::Usual };
    Ok(request)
}

/// What the source is to be called, as far as somebody says so.
fn name(request: &CrawlRequest, asked: &cli::Crawl) -> Result<Option<SourceId>, Failure> {
    let derived = request.sources();
    let name = match (&asked.name, &asked.lib_version) {
        (None, None) => return Ok(None),
        (Some(name), _) => name.trim(),
        (None, Some(_)) => derived.first().map_or("", |(source, _)| source.name()),
    };
    let named = SourceId::new(name, asked.lib_version.as_deref().map(str::trim));
    named.map(Some).map_err(|error| Failure::usage(error.to_string()).hinting("as in --name smol --lib-version 2.0"))
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Failure> {
    texts.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>().map_err(Failure::flag)
}

/// What a person sees of a crawl that goes on.
struct Watch {
    counts: Counts,
    max_pages: u64,
    began: Instant,
    lines: Lines,
    spinner: Spinner,
    handle: Handle,
}

impl Watch {
    fn crawled(&self, queue: u64) -> Crawled {
        let elapsed = self.handle.now().saturating_duration_since(self.began);
        Crawled { counts: self.counts, queue, max_pages: self.max_pages, elapsed }
    }
}

async fn follow(crawling: &mut Crawling, watch: &mut Watch) -> Result<Ended, Failure> {
    loop {
        let (counts, began, handle, max_pages, queue) = (watch.counts, watch.began, watch.handle.clone(), watch.max_pages, crawling.left());
        let say = || {
            let elapsed = handle.now().saturating_duration_since(began);
            progress::say("crawling", Crawled { counts, queue, max_pages, elapsed });
        };
        let Some(event) = watch.lines.during(crawling.next(), say).await else { return Ok(Ended::ByItself) };
        let url = watch.counts.take(event?);
        watch.spinner.tell(&watch.crawled(crawling.left()), &url);
    }
}

/// Without the first so many of what failed, else of what was skipped or passed over, that the error tells.
pub(super) fn print(report: &CrawlReport, fill: Option<&Fill>, json: cli::Json, in_the_error: usize) -> Result<(), Failure> {
    let mut output = Output::new();
    if json.json {
        let mut told = serde_json::to_value(report).map_err(|error| Failure::new(error.to_string(), "this is a defect of smolcrawl"))?;
        told["sources"] = json!(fill.map_or_else(Vec::new, |fill| fill.sources().collect()));
        told["pages_before"] = json!(fill.map_or(0, Fill::pages_before));
        output.json(&told)?;
        return Ok(output.finish()?);
    }
    if let Some(fill) = fill.filter(|fill| fill.goes_on()) {
        output.line(format!("went on after the {} pages of an earlier crawl; --fresh begins anew", fill.pages_before()))?;
    }
    // Nothing is told twice.
    let (failed_first, skipped_first) = if report.failed.is_empty() { (0, in_the_error) } else { (in_the_error, 0) };
    for skipped in report.skipped.iter().skip(skipped_first) {
        output.line(format!("skipped {}: {}", skipped.url, skipped.why))?;
    }
    if let more @ 1.. = report.skips() - report.skipped.len() as u64 {
        output.line(format!("skipped {more} more"))?;
    }
    let failed = report.failed.get(failed_first..).unwrap_or_default();
    let total = report.failures().saturating_sub((report.failed.len() - failed.len()) as u64);
    failures::lines("failed ", failed, total).into_iter().try_for_each(|line| output.line(line))?;
    let is_in_the_error = in_the_error > 0 && report.failed.is_empty() && report.skipped.is_empty();
    if !is_in_the_error {
        left_out(report).into_iter().try_for_each(|line| output.line(line))?;
    }
    if let Some(first) = report.sitemaps.first() {
        let more = match report.sitemaps.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        output.line(format!("sitemaps read: {first}{more}"))?;
    }
    for line in offered(report) {
        output.line(line)?;
    }
    if let Some(early) = ended_early(report) {
        output.line(early)?;
    }
    let names: Vec<_> = fill.into_iter().flat_map(Fill::sources).map(SourceId::as_str).collect();
    if report.stored > 0 && !names.is_empty() {
        output.line(format!("stored as {}", names.join(", ")))?;
    }
    output.line(format!(
        "{} pages stored, {} skipped, {} failed in {:.1} s: {} requests, {:.1} MiB",
        report.stored,
        report.skips(),
        report.failures(),
        report.elapsed.as_secs_f64(),
        report.http.requests,
        report.bytes as f64 / f64::from(1 << 20)
    ))?;
    Ok(output.finish()?)
}

/// What the site has for programs, what was made of it, and what it says twice.
fn offered(report: &CrawlReport) -> Vec<String> {
    let mut lines: Vec<_> = report.llms_txt.iter().map(|url| format!("llms.txt read: {url}")).collect();
    lines.extend(report.llms_full_txt.iter().map(|url| format!("not read, as it holds every page again: {url}")));
    if report.rendered > 0 {
        let unsettled = match report.unsettled {
            0 => String::new(),
            count => format!(", of which {count} were still at work when their time was up (render_seconds allows more)"),
        };
        lines.push(format!("{} pages filled in by a browser{unsettled}", report.rendered));
    }
    // Of pictures and the like nothing is lost.
    lines.extend(report.refused.iter().filter(|(rule, _)| !render::NO_LOSS.contains(rule)).map(|(rule, count)| {
        let first = report.refused_first.get(rule).map_or_else(String::new, |first| format!(" (such as {first})"));
        let requests = if *count == 1 { "request" } else { "requests" };
        format!("refused in the browser: {count} {requests} of pages, {rule}{first}")
    }));
    if report.in_markdown > 0 {
        lines.push(format!("{} pages taken in the markdown that the site has of them", report.in_markdown));
    }
    lines.extend(report.shipped.iter().map(|(name, count)| {
        let pages = if *count == 1 { "page" } else { "pages" };
        format!("{count} {pages} read from data that the site ships for its scripts ({name})")
    }));
    if let Some(first) = report.alike.first() {
        lines.push(format!("{} pages say nearly the same as another one, such as {} and {}", report.alike_total, first.url, first.like));
    }
    lines
}

/// What was left out by which rule, one a line, with what takes it in.
fn left_out(report: &CrawlReport) -> Vec<String> {
    let mut lines: Vec<_> = report
        .passed_over
        .iter()
        .map(|(why, count)| {
            let first = match report.passed_over_first.get(why) {
                Some(first) if *count == 1 => format!(" ({first})"),
                Some(first) => format!(" (such as {first})"),
                None => String::new(),
            };
            let takes_in = takes_in(why).map(|switch| format!("; {switch}")).unwrap_or_default();
            format!("links not followed: {count} {why}{first}{takes_in}")
        })
        .collect();
    let without_text = [extract::Skip::Empty, extract::Skip::StillEmpty].map(|skip| skip.to_string());
    if report.skipped.iter().any(|skipped| without_text.contains(&skipped.why)) {
        lines.push("pages without text: `smolcrawl fetch --explain URL` tells what of a page is left out".to_owned());
    }
    if let Some(first) = report.needs_browser.first() {
        let pages =
            if report.needs_browser_total == 1 { "1 page needs".to_owned() } else { format!("{} pages need", report.needs_browser_total) };
        lines.push(format!(
            "{pages} a browser, as scripts write the text and no data of the site has it (such as {first}): `smolcrawl help scripts`"
        ));
    }
    if let Some(first) = report.kept.first() {
        let pages = if report.kept_total == 1 { "1 page is".to_owned() } else { format!("{} pages are", report.kept_total) };
        lines.push(format!(
            "{pages} kept as rendered before, or as read from data, as less has come without (such as {first}): `smolcrawl help scripts`"
        ));
    }
    lines
}

/// The switch that takes in what a rule leaves out; none where nothing does.
fn takes_in(why: &str) -> Option<&'static str> {
    Some(match why {
        EXCLUDED => "by --exclude",
        NOT_INCLUDED => "by --include",
        TRANSLATION => "--language names another one, --everything takes in all",
        why if USUALLY_LEFT_OUT.contains(&why) => "--everything takes them in",
        // Also what stands in a sitemap or an llms.txt.
        why if why.ends_with(OUT_OF_SCOPE) => "--scope host or --scope domain takes in more",
        _ => return None,
    })
}

fn passed_over(report: &CrawlReport) -> String {
    let reasons = report.passed_over.iter().map(|(why, count)| match report.passed_over_first.get(why) {
        Some(first) if *count == 1 => format!("1 {why} ({first})"),
        Some(first) => format!("{count} {why} (such as {first})"),
        None => format!("{count} {why}"),
    });
    reasons.collect::<Vec<_>>().join(", ")
}

/// Why there is more than was fetched, and how to get it.
pub(super) fn ended_early(report: &CrawlReport) -> Option<String> {
    let how = match report.end {
        End::Complete => return None,
        End::MaxPages => ": --max-pages allows more",
        End::MaxRequests => ": --max-requests allows more",
        End::MaxBytes => ": --max-bytes allows more",
        End::MaxTime => ": --max-time allows more",
        _ => "",
    };
    Some(format!("not complete, as {}: at least {} URLs are left{how}", report.end, report.left))
}

async fn interrupted_crawl(engine: &Engine, report: &CrawlReport) -> Result<Failure, Failure> {
    if report.stored == 0 {
        return Ok(Failure::interrupted("nothing was stored yet", "run it again"));
    }
    let kept = format!("{} pages are stored and kept; {}", report.stored, progress::not_embedded(engine).await?);
    Ok(Failure::interrupted(kept, GO_ON))
}

/// A crawl of which nothing came is no success, whatever the reason.
fn nothing_stored(report: &CrawlReport) -> Result<(), Failure> {
    if report.stored > 0 {
        return Ok(());
    }
    Err(nothing(report, "nothing was stored"))
}

/// Why nothing came of a crawl.
pub(super) fn nothing(report: &CrawlReport, what: &str) -> Failure {
    let (why, hint) = match (report.failed.first(), report.skipped.first()) {
        (Some(failed), _) => (format!("{}: {}", failed.url, failed.error), failed.hint.as_deref()),
        (None, Some(skipped)) => (format!("{}: {}", skipped.url, skipped.why), hint_of(&skipped.why)),
        (None, None) if !report.passed_over.is_empty() => {
            let by_patterns = [NOT_INCLUDED, EXCLUDED].iter().any(|why| report.passed_over.contains_key(why));
            (format!("links not followed: {}", passed_over(report)), Some(if by_patterns { BY_PATTERNS } else { SCOPE }))
        }
        (None, None) if report.end != End::Complete => (format!("not complete, as {}", report.end), None),
        (None, None) => ("there was nothing to fetch".to_owned(), None),
    };
    Failure::new(format!("{what}: {why}"), hint.unwrap_or(NOTHING))
}

/// What a user may do about a page that was skipped for what it is.
fn hint_of(why: &str) -> Option<&'static str> {
    use extract::Skip;
    if why.starts_with(NOT_INCLUDED) {
        return Some(BY_PATTERNS);
    }
    let known = [Skip::Empty, Skip::StillEmpty, Skip::Shell, Skip::Login, Skip::Gate];
    known.iter().find(|skip| skip.to_string() == why).and_then(Skip::hint)
}

const GO_ON: &str = "the same command goes on where it was, and embeds what is not embedded; --fresh begins anew";
const NOTHING: &str = "try `smolcrawl fetch` with the URL; -v shows every request";
const BY_PATTERNS: &str = "of what was met --include and --exclude leave no page: widen the one, or narrow the other";
const SCOPE: &str = "start at the site that is meant, widen the scope (--scope host, --scope domain), or leave out less (--everything)";
