//! `sources`, `remove` and `refresh`: what is stored, less of it, newer of it.

use std::time::UNIX_EPOCH;

use futures_lite::future;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::{Refreshing, Robots};
use smolcrawl::model::{SourceId, SourceSummary};

use super::output::Output;
use super::signals::interruption;
use super::{Failure, Shown, database_exists, progress};
use crate::cli;

pub async fn list(engine: &Engine, asked: cli::Json) -> Result<(), Failure> {
    database_exists(engine)?;
    let sources = engine.sources().await?;
    let mut output = Output::new();
    if asked.json {
        output.json(&json!({ "sources": sources.iter().map(described).collect::<Vec<_>>() }))?;
    } else {
        for source in &sources {
            output.line(format!(
                "{}\t{} pages, {} chunks ({} code examples), {} embedded",
                source.source, source.pages, source.chunks, source.code_examples, source.embedded
            ))?;
        }
        if sources.is_empty() {
            output.line("nothing is stored")?;
        }
    }
    Ok(output.finish()?)
}

pub async fn remove(engine: &Engine, asked: cli::OneSource) -> Result<(), Failure> {
    let source = parse(&asked.source)?;
    database_exists(engine)?;
    is_stored(engine, &source).await?;
    let pages = engine.remove(source.clone()).await?;
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&json!({ "source": source, "removed": pages }))?,
        false => output.line(format!("{source}: {pages} pages removed"))?,
    }
    Ok(output.finish()?)
}

pub async fn refresh(engine: &Engine, asked: cli::Refresh, shown: Shown) -> Result<(), Failure> {
    let source = parse(&asked.source)?;
    database_exists(engine)?;
    is_stored(engine, &source).await?;
    let interrupted = interruption()?;
    let mut refreshing = engine.refreshing(source.clone(), Robots::Obey, engine.config().chunk.clone()).await?;
    let bar = progress::pages(shown, refreshing.pages());
    let mut outcome = future::or(async { Some(check(&mut refreshing, &bar).await) }, async {
        interrupted.asked().await;
        None
    })
    .await;
    let is_interrupted = outcome.is_none();
    if is_interrupted {
        // What has been answered is stored, as far as that is a matter of moments.
        refreshing.stop();
        outcome = engine.handle().timeout(progress::PATIENCE, check(&mut refreshing, &bar)).await.ok();
    }
    bar.finish_and_clear();
    let report = refreshing.report();
    let mut output = Output::new();
    if asked.json.json {
        output.json(report)?;
    } else {
        for failed in &report.failed {
            output.line(format!("failed  {}: {}", failed.url, failed.error))?;
        }
        if let more @ 1.. = report.failed_total - report.failed.len() as u64 {
            output.line(format!("failed  {more} more"))?;
        }
        output.line(format!(
            "{source}: {} checked, {} unchanged, {} updated, {} removed, {} failed",
            report.checked, report.unchanged, report.updated, report.removed, report.failed_total
        ))?;
    }
    output.finish()?;
    outcome.unwrap_or(Ok(()))?;
    if is_interrupted {
        let left = refreshing.pages().saturating_sub(report.checked);
        let kept = format!("what was updated is kept, {left} pages were not checked; {}", progress::not_embedded(engine).await?);
        return Err(Failure::interrupted(kept, "run it again: pages that have not changed cost little"));
    }
    if !asked.no_index {
        progress::embed_unless_interrupted(engine, shown, &interrupted).await?;
    }
    match report.failed.first() {
        // A refresh of which nothing came is no success, as with a crawl.
        Some(failed) if report.failed_total == report.checked => {
            Err(Failure::new(format!("nothing was refreshed: {}", failed.error), failed.hint.as_deref().unwrap_or(UNREACHED)))
        }
        _ => Ok(()),
    }
}

async fn check(refreshing: &mut Refreshing, bar: &ProgressBar) -> Result<(), Failure> {
    while let Some(checked) = refreshing.next().await {
        checked?;
        bar.inc(1);
    }
    Ok(())
}

/// A source as a user writes it.
pub fn parse(text: &str) -> Result<SourceId, Failure> {
    SourceId::parse(text)
        .ok_or_else(|| Failure::new(format!("{text:?} names no source"), "a source is a host, as `smolcrawl sources` lists it"))
}

/// Says which sources may have been meant where there is none of that name: those of the host, whatever their port.
pub async fn is_stored(engine: &Engine, source: &SourceId) -> Result<(), Failure> {
    // Of all names that begin so, the name itself is the first.
    if engine.sources_after(source.to_string(), String::new(), 1).await?.first() == Some(source) {
        return Ok(());
    }
    let host = |name: &str| name.rsplit_once(':').map_or(name, |(host, _)| host).to_owned();
    let asked = host(source.as_str());
    let known = engine.sources_after(asked.clone(), String::new(), SIMILAR).await?;
    let similar: Vec<_> = known.iter().map(SourceId::as_str).filter(|known| host(known) == asked).collect();
    let hint = match similar.as_slice() {
        [] => match engine.source_meant(source.as_str()).await? {
            Some(meant) => format!("did you mean {meant}? `smolcrawl sources` lists what is stored"),
            None => "list what is stored with `smolcrawl sources`, or crawl it first".to_owned(),
        },
        similar => format!("stored are: {}", similar.join(", ")),
    };
    Err(Failure::new(format!("nothing of {source} is stored"), hint))
}

fn described(summary: &SourceSummary) -> Value {
    let seconds = summary.last_fetched.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    json!({
        "source": summary.source,
        "pages": summary.pages,
        "chunks": summary.chunks,
        "code_examples": summary.code_examples,
        "embedded": summary.embedded,
        "last_fetched_unix": seconds,
    })
}

/// Names that are looked at for one that may have been meant.
const SIMILAR: usize = 100;
const UNREACHED: &str = "try `smolcrawl fetch` with the URL; -v shows every request";
