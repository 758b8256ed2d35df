//! `copy`: all of one database into another, whatever engine each is of.

use std::path::{Path, PathBuf};
use std::time::Instant;

use futures_lite::future;
use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings};
use smolcrawl::engine::{CopiedSource, CopyProgress, CopyReport, Copying, Existing};

use super::output::Output;
use super::progress::{self, Lines};
use super::signals::interruption;
use super::{Failure, Shown, database_exists};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Copy, shown: Shown) -> Result<(), Failure> {
    let configured = engine.config();
    let (from, to) = match (&asked.from, &asked.to) {
        (Some(from), to) => (from, to.as_ref().unwrap_or(&configured.database)),
        (None, to) => (&configured.database, to.as_ref().unwrap_or(&configured.database)),
    };
    if from == to {
        return Err(Failure::usage("--from and --to are the same database".to_owned()));
    }
    let (from, to) = (of_database(engine, from)?, of_database(engine, to)?);
    database_exists(&from)?;
    let (started, interrupted) = (Instant::now(), interruption()?);
    let existing = if asked.replace { Existing::Replace } else { Existing::Refuse };
    let mut copying = to.copy_from(&from, existing);
    let stopped = async {
        interrupted.asked().await;
        let kept = "what was copied is kept, and the source under way is incomplete";
        Err(Failure::interrupted(kept, "run the same command again: what is there costs little"))
    };
    future::or(follow(engine, &mut copying, started, shown), stopped).await?;
    let named = |engine: &Engine| engine.config().database.display().to_string();
    tell(&copying.into_report(), [named(&from), named(&to)], &asked, started)
}

/// The same settings with another database. Nothing is embedded.
fn of_database(engine: &Engine, database: &Path) -> Result<Engine, Failure> {
    let config = Config { embeddings: Embeddings::None, ..engine.config().clone() };
    Ok(Engine::with_handle(config.with_database(PathBuf::from(database)), engine.handle().clone())?)
}

async fn follow(engine: &Engine, copying: &mut Copying, started: Instant, shown: Shown) -> Result<(), Failure> {
    let bar = progress::pages(shown, "copying", 0);
    let mut lines = Lines::new(engine.handle(), shown);
    let mut how_far = "looking at both".to_owned();
    while let Some(progress) = lines.during(copying.next(), || progress::say("copying", &how_far)).await {
        let CopyProgress { source, copied, checked, pages } = progress.inspect_err(|_| bar.finish_and_clear())?;
        how_far = format!("{}, {checked} of them checked", progress::done(copied, pages, started.elapsed()));
        if let Some(source) = source {
            how_far = format!("{how_far}  {source}");
        }
        bar.set_length(2 * pages);
        bar.set_position(copied + checked);
        bar.set_message(how_far.clone());
    }
    bar.finish_and_clear();
    Ok(())
}

fn tell(report: &CopyReport, [from, to]: [String; 2], asked: &cli::Copy, started: Instant) -> Result<(), Failure> {
    let CopyReport { sources, models, spare_vectors, packages, packages_there, projects, projects_there, resting } = report;
    let mut output = Output::new();
    if asked.json.json {
        let of_source = |of: &CopiedSource| {
            json!({
                "source": of.source, "pages": of.pages, "chunks": of.chunks, "vectors": of.vectors, "written": of.written,
                "removed": of.removed, "other_vectors": of.other_vectors, "addresses": of.addresses, "sha256": of.sum,
                "vectors_sha256": of.vectors_sum
            })
        };
        output.json(&json!({
            "from": from, "to": to, "sources": sources.iter().map(of_source).collect::<Vec<_>>(), "models": models,
            "spare_vectors": spare_vectors, "packages": packages, "packages_there": packages_there, "projects": projects,
            "projects_there": projects_there, "resting": resting, "elapsed_ms": started.elapsed().as_millis() as u64
        }))?;
        return Ok(output.finish()?);
    }
    for of in sources {
        let CopiedSource { source, pages, chunks, vectors, written, removed, other_vectors, addresses, sum, vectors_sum } = of;
        let there = pages - written;
        let mut line = format!("{source}: {pages} pages ({written} written, {there} there");
        if *removed > 0 {
            line += &format!(", {removed} removed");
        }
        line += &format!("), {chunks} chunks, {vectors} vectors");
        if *other_vectors > 0 {
            line += &format!(" ({other_vectors} kept as they were there)");
        }
        if *addresses > 0 {
            line += &format!(", {addresses} addresses of its crawl");
        }
        output.line(line)?;
        let and_vectors = vectors_sum.as_ref().map(|sum| format!(", vectors {}", short(sum))).unwrap_or_default();
        output.line(format!("  the same in both: sha256 {}{and_vectors}", short(sum)))?;
    }
    if *packages > 0 || *projects > 0 {
        output.line(format!("{packages} packages ({packages_there} there), {projects} projects ({projects_there} there)"))?;
    }
    if *spare_vectors > 0 {
        output.line(format!("left behind: {spare_vectors} vectors of passages that no page says any more"))?;
    }
    let pages: u64 = sources.iter().map(|of| of.pages).sum();
    output.line(format!("{pages} pages of {} sources from {from} to {to} in {:.1} s", sources.len(), started.elapsed().as_secs_f64()))?;
    Ok(output.finish()?)
}

/// Enough of a sum to tell it from another.
fn short(sum: &str) -> &str {
    sum.get(..16).unwrap_or(sum)
}
