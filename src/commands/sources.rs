//! `sources`, `remove` and `refresh`: what is stored, less of it, newer of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_lite::future;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use smolcrawl::engine::{New, RefreshReport, RefreshRequest, Refreshing, Unlooked};
use smolcrawl::model::{Joined, JoinedTotals, Meant, SourceId, SourceState, SourceSummary, date};
use smolcrawl::reactor::Handle;
use smolcrawl::{Engine, Error};

use super::output::Output;
use super::progress::Lines;
use super::signals::{Interruption, interruption};
use super::{Failure, Shown, database_exists, failures, progress};
use crate::cli;
use crate::terminal::tell;

pub async fn list(engine: &Engine, asked: cli::Json) -> Result<(), Failure> {
    database_exists(engine)?;
    let sources = engine.sources().await?;
    let mut output = Output::new();
    let joined = engine.joined_crawls().await?;
    if asked.json {
        let mut told = json!({ "sources": sources.iter().map(described).collect::<Vec<_>>() });
        if !joined.is_empty() {
            told["joined"] = joined.iter().map(described_joined).collect();
        }
        output.json(&told)?;
    } else {
        for source in &sources {
            output.line(format!(
                "{}\t{} pages, {} chunks ({} code examples), {} embedded; {}",
                source.source,
                source.pages,
                source.chunks,
                source.code_examples,
                source.embedded,
                told(source, SystemTime::now())
            ))?;
        }
        for Joined { sources, totals, .. } in &joined {
            let names: Vec<_> = sources.iter().map(|(source, _)| source.as_str()).collect();
            let JoinedTotals { workers, leased, queued, done, stored, .. } = totals;
            output.line(format!(
                "{}\tcrawled together: {workers} workers, {leased} URLs in hand, {queued} queued, {done} done, {stored} pages stored",
                names.join(", ")
            ))?;
        }
        if sources.is_empty() && joined.is_empty() {
            output.line("nothing is stored")?;
        }
    }
    Ok(output.finish()?)
}

pub async fn remove(engine: &Engine, asked: cli::Remove) -> Result<(), Failure> {
    database_exists(engine)?;
    let prefix = super::prefix(asked.pages.as_ref())?;
    let sources = match (&asked.source, &prefix) {
        (Some(source), Some(_)) => meant(engine, source).await?.sources,
        (Some(source), None) => match whole(engine, source).await {
            Ok(sources) => sources,
            Err(unknown) => return remove_symbols(engine, &asked, source, unknown).await,
        },
        (None, _) => engine.sources().await?.into_iter().map(|of| of.source).collect(),
    };
    if sources.len() > 1 && prefix.is_none() && !asked.yes {
        let names: Vec<_> = sources.iter().map(SourceId::as_str).take(SIMILAR).collect();
        let asked = asked.source.as_deref().unwrap_or_default();
        return Err(Failure::new(
            format!("{asked:?} means {} sources: {}", sources.len(), names.join(", ")),
            "name one of them, or remove them all with --yes",
        ));
    }
    let mut output = Output::new();
    let mut removed = Vec::new();
    for source in sources {
        let pages = match &prefix {
            None => engine.remove(source.clone()).await?,
            Some(prefix) => engine.remove_pages(source.clone(), prefix.clone()).await?,
        };
        if pages > 0 || prefix.is_none() {
            removed.push((source, pages));
        }
    }
    if let (true, Some(prefix)) = (removed.is_empty(), &prefix) {
        return Err(Failure::new(
            format!("no stored page begins with {prefix}"),
            "list the pages with `smolcrawl pages SOURCE`, or name the source",
        ));
    }
    let total: u64 = removed.iter().map(|(_, pages)| pages).sum();
    match (asked.json.json, removed.as_slice()) {
        (true, [(source, pages)]) => output.json(&json!({ "source": source, "removed": pages }))?,
        (true, all) => {
            let each: Vec<_> = all.iter().map(|(source, pages)| json!({ "source": source, "removed": pages })).collect();
            output.json(&json!({ "sources": each, "removed": total }))?;
        }
        (false, all) => all.iter().try_for_each(|(source, pages)| output.line(format!("{source}: {pages} pages removed")))?,
    }
    Ok(output.finish()?)
}

/// A package that others use has symbols, and no pages.
async fn remove_symbols(engine: &Engine, asked: &cli::Remove, source: &str, unknown: Failure) -> Result<(), Failure> {
    let versions = engine.symbols_meant(source).await?;
    match &*versions {
        [] => return Err(unknown),
        [_, _, ..] if !asked.yes => {
            let names = versions.iter().map(String::as_str).take(SIMILAR).collect::<Vec<_>>().join(", ");
            let what = format!("{source:?} means the symbols of {} versions: {names}", versions.len());
            return Err(Failure::new(what, "name one of them, or remove them all with --yes"));
        }
        _ => {}
    }
    let mut removed = 0;
    for version in &versions {
        removed += engine.remove_symbols(version).await?;
    }
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&json!({ "source": source, "removed": 0, "packages_removed": removed }))?,
        false => output.line(format!("{source}: the symbols of {removed} versions removed"))?,
    }
    Ok(output.finish()?)
}

pub async fn refresh(engine: &Engine, asked: cli::Refresh, shown: Shown) -> Result<(), Failure> {
    database_exists(engine)?;
    let sources = match &asked.source {
        Some(source) => meant(engine, source).await?.default,
        None => engine.sources().await?.into_iter().map(|of| of.source).collect(),
    };
    let interrupted = interruption()?;
    if sources.is_empty() {
        return nothing_to_refresh(asked.json, shown);
    }
    let mut failures = Vec::new();
    let all = sources.len();
    for (done, source) in sources.into_iter().enumerate() {
        if let Err(failure) = refresh_one(engine, &asked, &source, shown, &interrupted, usize::from(all == 1)).await {
            // One source that cannot be had is no reason to leave the others as they are, but a stop is.
            if all == 1 || failure.is_interruption() {
                let left = all - done - 1;
                return Err(if left > 0 { failure.and(format!("{left} sources were not begun")) } else { failure });
            }
            failures.push((source, failure));
        }
    }
    if !asked.no_index {
        progress::embed_unless_interrupted(engine, shown, &interrupted).await?;
    }
    match failures.into_iter().next() {
        None => Ok(()),
        Some((source, failure)) => Err(failure.and(format!("the source is {source}"))),
    }
}

/// Of no source there is no line of JSON.
fn nothing_to_refresh(json: cli::Json, shown: Shown) -> Result<(), Failure> {
    match json.json {
        true if shown == Shown::Quiet => {}
        true => tell!("note: nothing is stored"),
        false => {
            let mut output = Output::new();
            output.line("nothing is stored")?;
            output.finish()?;
        }
    }
    Ok(())
}

/// `in_the_error` is how many failures are not told beside the error that tells them, where nothing was refreshed: one, but for one of
/// several sources, whose errors are not told one by one.
async fn refresh_one(
    engine: &Engine,
    asked: &cli::Refresh,
    source: &SourceId,
    shown: Shown,
    interrupted: &Interruption,
    in_the_error: usize,
) -> Result<(), Failure> {
    let mut request = RefreshRequest::new(source.clone());
    request.older_than = asked.older_than;
    request.render = asked.render.map(Into::into);
    request.new = if asked.known_only { New::LeaveOut } else { New::Crawl };
    let mut refreshing = engine.refreshing(request, engine.config().chunk.clone()).await?;
    let mut watch = Watch::new(engine, shown, refreshing.pages());
    let mut outcome = future::or(async { Some(check(&mut refreshing, &mut watch).await) }, async {
        interrupted.asked().await;
        None
    })
    .await;
    let is_interrupted = outcome.is_none();
    if is_interrupted {
        // What has been answered is stored, as far as that is a matter of moments.
        refreshing.stop();
        outcome = engine.handle().timeout(progress::PATIENCE, check(&mut refreshing, &mut watch)).await.ok();
    }
    watch.bar.finish_and_clear();
    let report = refreshing.report();
    let is_for_nothing = !report.failed.is_empty() && report.failed_total == report.checked;
    let is_told_below = is_for_nothing && !is_interrupted && matches!(outcome, Some(Ok(())));
    print(source, report, refreshing.unlooked(), asked.json, if is_told_below { in_the_error } else { 0 })?;
    outcome.unwrap_or(Ok(()))?;
    if is_interrupted {
        let left = refreshing.pages().saturating_sub(report.checked);
        let kept = format!("what was updated is kept, {left} pages were not checked; {}", progress::not_embedded(engine).await?);
        return Err(Failure::interrupted(kept, "run it again: pages that have not changed cost little"));
    }
    match report.failed.first() {
        // A refresh of which nothing came is no success, as with a crawl.
        Some(failed) if is_for_nothing => Err(Failure::new(
            format!("nothing was refreshed: {}: {}", failed.url, failed.error),
            failed.hint.as_deref().unwrap_or(UNREACHED),
        )),
        _ => Ok(()),
    }
}

fn print(
    source: &SourceId,
    report: &RefreshReport,
    unlooked: Option<Unlooked>,
    json: cli::Json,
    in_the_error: usize,
) -> Result<(), Failure> {
    let mut output = Output::new();
    if json.json {
        let mut told = json!(report);
        told["source"] = json!(source);
        output.json(&told)?;
        return Ok(output.finish()?);
    }
    for (what, pages, all) in [
        ("added  ", &report.added_pages, report.added),
        ("changed", &report.changed_pages, report.updated),
        ("removed", &report.removed_pages, report.removed),
    ] {
        for page in pages {
            output.line(format!("{what} {}: {}", page.url, page.title))?;
        }
        if let more @ 1.. = all.saturating_sub(pages.len() as u64) {
            output.line(format!("{what} {more} more"))?;
        }
    }
    let failed = report.failed.get(in_the_error..).unwrap_or_default();
    let total = report.failed_total.saturating_sub((report.failed.len() - failed.len()) as u64);
    failures::lines("failed ", failed, total).into_iter().try_for_each(|line| output.line(line))?;
    for skipped in &report.new_skipped {
        output.line(format!("new, and skipped {}: {}", skipped.url, skipped.why))?;
    }
    if let more @ 1.. = report.new_skipped_total - report.new_skipped.len() as u64 {
        output.line(format!("new, and skipped {more} more"))?;
    }
    failures::lines("new, and failed", &report.new_failed, report.new_failed_total).into_iter().try_for_each(|line| output.line(line))?;
    if let Some(line) = report.as_before() {
        output.line(line)?;
    }
    let new = match (report.looked_for_new, report.left) {
        (false, _) => unlooked.map_or_else(|| "not looked for".to_owned(), |why| format!("not looked for, as {why}")),
        (true, 0) => report.added.to_string(),
        (true, left) => format!("{} ({left} URLs left at the limit of its recipe)", report.added),
    };
    output.line(format!(
        "{source}: {} checked, {} unchanged, {} updated, {} removed, {} failed; new: {new}",
        report.checked, report.unchanged, report.updated, report.removed, report.failed_total
    ))?;
    Ok(output.finish()?)
}

/// What a person sees of a refresh that goes on.
struct Watch {
    bar: ProgressBar,
    lines: Lines,
    handle: Handle,
    began: Instant,
    pages: u64,
    checked: u64,
}

impl Watch {
    fn new(engine: &Engine, shown: Shown, pages: u64) -> Self {
        let handle = engine.handle().clone();
        let (bar, lines, began) = (progress::pages(shown, "checking", pages), Lines::new(&handle, shown), handle.now());
        Self { bar, lines, handle, began, pages, checked: 0 }
    }
}

async fn check(refreshing: &mut Refreshing, watch: &mut Watch) -> Result<(), Failure> {
    loop {
        let (handle, began, pages, checked) = (watch.handle.clone(), watch.began, watch.pages, watch.checked);
        let how_far = |checked| progress::done(checked, pages, handle.now().saturating_duration_since(began));
        let say = || progress::say("refreshing", how_far(checked));
        let Some(event) = watch.lines.during(refreshing.next(), say).await else { return Ok(()) };
        event?;
        // What is new is not among the pages that are known.
        watch.checked = (checked + 1).min(pages);
        watch.bar.set_position(watch.checked);
        watch.bar.set_message(how_far(watch.checked));
    }
}

/// The sources that a user means; where there are none, those of the host, whatever their port, are named.
pub async fn meant(engine: &Engine, text: &str) -> Result<Meant, Failure> {
    match engine.meant(text).await {
        Ok(meant) => Ok(meant),
        Err(Error::UnknownSource { named, meant }) => Err(unknown(engine, &named, meant).await?),
        Err(error) => Err(error.into()),
    }
}

/// The same for what is changed as a whole, which is not named by a page.
async fn whole(engine: &Engine, text: &str) -> Result<Vec<SourceId>, Failure> {
    match engine.meant_whole(text).await {
        Err(Error::IsAPage { url, sources }) => {
            let names = sources.iter().map(SourceId::as_str).take(SIMILAR).collect::<Vec<_>>().join(", ");
            let hint = format!("`smolcrawl remove {names}` removes its source, `smolcrawl remove --pages {url}` the pages that begin so");
            Err(Failure::new(format!("{url} is a page, not a source"), hint))
        }
        Err(Error::UnknownSource { named, meant }) => Err(unknown(engine, &named, meant).await?),
        sources => Ok(sources?),
    }
}

async fn unknown(engine: &Engine, named: &str, meant: Option<SourceId>) -> Result<Failure, Failure> {
    let host = |name: &str| name.rsplit_once(':').map_or(name, |(host, _)| host).to_owned();
    let source = SourceId::parse(named);
    let asked = host(source.as_ref().map_or(named, SourceId::as_str));
    let known = engine.sources_after(asked.clone(), String::new(), SIMILAR).await?;
    let similar: Vec<_> = known.iter().map(SourceId::as_str).filter(|known| host(known) == asked).collect();
    let hint = match (similar.as_slice(), meant) {
        ([], Some(meant)) => format!("did you mean {meant}? `smolcrawl sources` lists what is stored"),
        ([], None) => "list what is stored with `smolcrawl sources`, or crawl it first".to_owned(),
        (similar, _) => format!("stored are: {}", similar.join(", ")),
    };
    Ok(match source {
        Some(source) => Failure::new(format!("nothing of {source} is stored"), hint),
        None => Failure::new(format!("{named:?} names no source"), "a source is a name or a host, as `smolcrawl sources` lists it"),
    })
}

/// How far it is and how old, for people.
fn told(source: &SourceSummary, now: SystemTime) -> String {
    let state = match (source.state, source.left) {
        (SourceState::Complete, _) => "complete".to_owned(),
        (SourceState::Limited, left) => format!("not all: {left} URLs left at its limit"),
        (SourceState::Incomplete, left) => format!("interrupted or under way: {left} URLs left"),
        (SourceState::Loose, _) => "single pages".to_owned(),
    };
    let version = source.says_version.as_ref().map_or_else(String::new, |version| format!(", says version {version}"));
    // Of files nothing is fetched again that has not changed.
    let looked = source.refreshed.filter(|_| source.recipe.as_ref().is_some_and(|recipe| recipe.files.is_some()));
    let last = looked.unwrap_or(source.last_fetched).max(source.last_fetched);
    let age = now.duration_since(last).unwrap_or_default().as_secs();
    let age = match age {
        0..3_600 => format!("{} min", age / 60),
        3_600..172_800 => format!("{} h", age / 3_600),
        _ => format!("{} days", age / 86_400),
    };
    let stale = if source.pages > 0 && now.duration_since(last).unwrap_or_default() > STALE { ", stale" } else { "" };
    format!("{state}{version}, fetched {age} ago{stale}")
}

pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn described_joined(joined: &Joined) -> Value {
    let mut told = json!(joined.totals);
    told["sources"] = joined.sources.iter().map(|(source, _)| json!(source)).collect();
    told["opened_unix"] = json!(seconds(joined.opened));
    told
}

fn described(summary: &SourceSummary) -> Value {
    json!({
        "source": summary.source,
        "version": summary.version(),
        "state": summary.state,
        "left": summary.left,
        "recipe": summary.recipe,
        "pages": summary.pages,
        "chunks": summary.chunks,
        "code_examples": summary.code_examples,
        "embedded": summary.embedded,
        "made": summary.made.map(date),
        "made_unix": summary.made.map(seconds),
        "refreshed": summary.refreshed.map(date),
        "refreshed_unix": summary.refreshed.map(seconds),
        "last_fetched": date(summary.last_fetched),
        "last_fetched_unix": seconds(summary.last_fetched),
    })
}

/// Names that are looked at for one that may have been meant.
const SIMILAR: usize = 100;
/// From when on a source is called stale.
const STALE: Duration = Duration::from_secs(30 * 86_400);
const UNREACHED: &str = "try `smolcrawl fetch` with the URL; -v shows every request";
