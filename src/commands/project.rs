//! `project`: what the packages that a project uses offer, read from where they lie.

use std::path::Path;

use futures_lite::future;
use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::engine::{Include, Missing, ProjectReport};

use super::output::Output;
use super::progress::Lines;
use super::signals::interruption;
use super::{Failure, Shown, database_exists, progress};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Project, shown: Shown) -> Result<(), Failure> {
    if asked.forget {
        return forget(engine, &asked).await;
    }
    let include = match asked.include {
        cli::Include::Direct => Include::Direct,
        cli::Include::All => Include::All,
    };
    let interrupted = interruption()?;
    let mut reading = engine.read_project(asked.path.clone(), include).await?;
    let all = reading.total() as u64;
    let bar = progress::pages(shown, "reading packages", all);
    let mut lines = Lines::new(engine.handle(), shown);
    let mut done = 0;
    let read_all = async {
        loop {
            let how_far = format!("{done} of {all} packages");
            let Some(read) = lines.during(reading.next(), || progress::say("reading", &how_far)).await? else {
                return Ok::<_, Failure>(());
            };
            done += 1;
            bar.set_position(done);
            bar.set_message(read.package.to_string());
        }
    };
    let stopped = async {
        interrupted.asked().await;
        Err(Failure::interrupted("the packages that were read are kept", "run it again: it goes on with those that are left"))
    };
    let outcome = future::or(read_all, stopped).await;
    bar.finish_and_clear();
    outcome?;
    let report = reading.finish().await?;
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&report)?,
        false => print(&mut output, &report)?,
    }
    Ok(output.finish()?)
}

fn print(output: &mut Output, report: &ProjectReport) -> Result<(), Failure> {
    for missing in report.missing.iter().take(LISTED) {
        output.line(told(missing))?;
    }
    let more = report.missing.len().saturating_sub(LISTED);
    if more > 0 {
        output.line(format!("{more} more are missing: --json lists them"))?;
    }
    for note in report.notes.iter().take(LISTED) {
        output.line(format!("note: {note}"))?;
    }
    let more = report.notes.len().saturating_sub(LISTED);
    if more > 0 {
        output.line(format!("note: {more} more; --json has them"))?;
    }
    if report.not_asked_for > 0 {
        output
            .line(format!("{} packages are used by others only and were not asked for: --include all reads them", report.not_asked_for))?;
    }
    output.line(format!(
        "{}: {} packages ({} direct) by {}: {} read, {} unchanged, {} missing; {} symbols, {} pages in {:.1} s",
        report.project.display(),
        report.packages,
        report.direct,
        report.locks.join(", "),
        report.read,
        report.unchanged,
        report.missing.len(),
        report.symbols,
        report.pages,
        report.elapsed_ms as f64 / 1000.0
    ))?;
    Ok(())
}

fn told(missing: &Missing) -> String {
    let command = missing.command.as_ref().map(|command| format!("; `{command}` would bring it")).unwrap_or_default();
    let documentation = missing.documentation.as_ref().map(|url| format!("; on the web: {url}")).unwrap_or_default();
    let which = if missing.direct { "missing" } else { "missing (used by others)" };
    format!("{which} {}: {}{command}{documentation}", missing.package, missing.why)
}

async fn forget(engine: &Engine, asked: &cli::Project) -> Result<(), Failure> {
    database_exists(engine)?;
    let root = of(engine, &asked.path).await?;
    let removed = engine.forget_project(&root).await?.unwrap_or_default();
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&json!({ "project": root, "packages_removed": removed }))?,
        false => output.line(format!("{} is forgotten, and {removed} packages that no other project uses", root.display()))?,
    }
    Ok(output.finish()?)
}

/// The indexed project that a path lies in.
pub async fn of(engine: &Engine, path: &Path) -> Result<std::path::PathBuf, Failure> {
    match engine.project_of(path).await? {
        Some(root) => Ok(root),
        None => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            Err(smolcrawl::Error::UnknownProject { path, known: engine.projects().await? }.into())
        }
    }
}

/// Lines of a kind that are printed.
const LISTED: usize = 20;
