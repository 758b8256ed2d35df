//! `doctor`: what this installation is made of, and where each setting comes from. Changes nothing, and sends nothing: the counters of
//! the transport are those of a process at work, and stand in the report of its crawls; here they would all be zero.

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::config::{Config, Key, Settings};

use super::output::Output;
use super::{Failure, drive};
use crate::cli;

pub fn run(config: Config, settings: &Settings, asked: cli::Json) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let findings = findings(config, settings, &mut problems);
    let mut output = Output::new();
    if asked.json {
        output.json(&findings)?;
    } else {
        show(&mut output, "", &findings)?;
    }
    output.finish()?;
    problems.into_iter().next().map_or(Ok(()), |first| Err(first.into()))
}

fn findings(config: Config, settings: &Settings, problems: &mut Vec<smolcrawl::Error>) -> Value {
    let database = config.database.clone();
    let engine = Engine::new(config).map_err(|error| problems.push(error)).ok();
    let mut store = json!({ "path": database, "exists": database.exists() });
    // A database that is not there is not made: doctor changes nothing.
    if let (Some(engine), true) = (&engine, database.exists()) {
        match drive(engine, async { Ok::<_, smolcrawl::Error>((engine.sources().await?, engine.embed_progress().await?)) }) {
            Ok((sources, progress)) => {
                store["sources"] = sources.len().into();
                store["pages"] = sources.iter().map(|source| source.pages).sum::<u64>().into();
                store["chunks"] = progress.chunks.into();
                store["embedded"] = progress.embedded.into();
            }
            Err(error) => problems.push(error),
        }
    }
    let reactor = engine.as_ref().and_then(Engine::reactor).map(|report| {
        let attempts: Vec<_> =
            report.attempts.iter().map(|attempt| json!({ "kind": attempt.kind.to_string(), "error": attempt.error.to_string() })).collect();
        json!({
            "asked_for": report.asked_for.to_string(),
            "asked_by": report.asked_by.to_string(),
            "chosen": report.chosen.to_string(),
            "backend": report.backend,
            "driven_by": report.drive.to_string(),
            "attempts": attempts,
        })
    });
    let mut shown = serde_json::Map::new();
    for key in Key::ALL {
        if let Some((value, origin)) = settings.shown(key) {
            shown.insert(key.name().to_owned(), json!({ "value": value, "from": origin.to_string() }));
        }
    }
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "reactor": reactor,
        "store": store,
        "model": engine.as_ref().and_then(Engine::model),
        "settings": shown,
        "problems": problems.iter().map(smolcrawl::Error::chain).collect::<Vec<_>>(),
    })
}

/// One `name.name: value` line a finding.
fn show(output: &mut Output, name: &str, value: &Value) -> std::io::Result<()> {
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(parts) => parts.iter().try_for_each(|(part, value)| show(output, &below(part), value)),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, value)| show(output, &below(&index.to_string()), value)),
        Value::String(text) => output.line(format!("{name}: {text}")),
        Value::Null => output.line(format!("{name}: none")),
        other => output.line(format!("{name}: {other}")),
    }
}
