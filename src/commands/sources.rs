//! `sources`, `remove` and `refresh`: what is stored, less of it, newer of it.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::Robots;
use smolcrawl::model::{SourceId, SourceSummary};

use super::output::Output;
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
    let pages = engine.remove(source.clone()).await?;
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&json!({ "source": source, "removed": pages }))?,
        false => output.line(format!("{source}: {pages} pages removed"))?,
    }
    Ok(output.finish()?)
}

pub async fn refresh(engine: &Engine, asked: cli::OneSource, shown: Shown) -> Result<(), Failure> {
    let source = parse(&asked.source)?;
    database_exists(engine)?;
    let report = engine.refresh(source.clone(), Robots::Obey, engine.config().chunk.clone()).await?;
    let mut output = Output::new();
    if asked.json.json {
        output.json(&report)?;
    } else {
        for failed in &report.failed {
            output.line(format!("failed  {}: {}", failed.url, failed.error))?;
        }
        output.line(format!(
            "{source}: {} checked, {} unchanged, {} updated, {} removed, {} failed",
            report.checked,
            report.unchanged,
            report.updated,
            report.removed,
            report.failed.len()
        ))?;
    }
    output.finish()?;
    progress::embed(engine, shown).await?;
    match report.failed.first() {
        // A refresh of which nothing came is no success, as with a crawl.
        Some(failed) if report.failed.len() as u64 == report.checked => {
            Err(Failure::new(format!("nothing was refreshed: {}", failed.error), failed.hint.as_deref().unwrap_or(UNREACHED)))
        }
        _ => Ok(()),
    }
}

/// A source as a user writes it.
pub fn parse(text: &str) -> Result<SourceId, Failure> {
    SourceId::parse(text)
        .ok_or_else(|| Failure::new(format!("{text:?} names no source"), "a source is a host, as `smolcrawl sources` lists it"))
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

const UNREACHED: &str = "try `smolcrawl fetch` with the URL; -v shows every request";
