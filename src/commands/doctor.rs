//! `doctor`: what this installation is made of, and where each setting comes from. Changes nothing, and sends nothing: the counters of
//! the transport are those of a process at work, and stand in the report of its crawls; here they would all be zero.

use std::path::Path;

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::config::{Config, Key, Origin, Settings};
use smolcrawl::engine::{Check, ModelSummary};
use smolcrawl::http::PrivateAddresses;

use super::output::Output;
use super::{Failure, drive};
use crate::cli;

pub fn run(config: Config, settings: &Settings, file: Option<&Path>, asked: cli::Doctor) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let findings = findings(config, settings, file, asked, &mut problems);
    let mut output = Output::new();
    if asked.json.json {
        output.json(&findings)?;
    } else {
        show(&mut output, "", &findings)?;
    }
    output.finish()?;
    if let Some(first) = problems.into_iter().next() {
        return Err(first.into());
    }
    match findings["store"]["check"]["whole"] {
        Value::Bool(false) => Err(Failure::new("the database is damaged: what is listed above is not what was stored", DAMAGED)),
        _ => Ok(()),
    }
}

fn findings(config: Config, settings: &Settings, file: Option<&Path>, asked: cli::Doctor, problems: &mut Vec<smolcrawl::Error>) -> Value {
    let shown = shown(&config, settings);
    let database = config.database.clone();
    let engine = Engine::new(config).map_err(|error| problems.push(error)).ok();
    let mut store = json!({ "path": database, "exists": database.exists() });
    // A database that is not there is not made: doctor changes nothing.
    if let (Some(engine), true) = (&engine, database.exists()) {
        let stored = async { Ok::<_, smolcrawl::Error>((engine.sources().await?, engine.embed_progress().await?, engine.models().await?)) };
        match drive(engine, stored) {
            Ok((sources, progress, models)) => {
                let of = |model: &ModelSummary| json!({ "model": model.name, "dimensions": model.dimensions, "vectors": model.vectors });
                store["vectors"] = models.iter().map(of).collect();
                store["sources"] = sources.len().into();
                store["pages"] = sources.iter().map(|source| source.pages).sum::<u64>().into();
                store["chunks"] = progress.chunks.into();
                store["embedded"] = progress.embedded.into();
            }
            Err(error) => problems.push(error),
        }
        if asked.check {
            match drive(engine, engine.check()) {
                Ok(check) => store["check"] = described(&check),
                Err(error) => problems.push(error),
            }
        }
    }
    let mut model_facts: serde_json::Map<_, _> =
        engine.iter().flat_map(Engine::model_facts).map(|(name, value)| (name.to_owned(), value.into())).collect();
    if let Some(engine) = &engine {
        match drive(engine, engine.try_model()) {
            Ok(Some(dimensions)) => _ = model_facts.insert("dimensions".to_owned(), dimensions.into()),
            Ok(None) => {}
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
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "configuration_file": file.map(|file| json!({ "path": file, "exists": file.exists() })),
        "reactor": reactor,
        "store": store,
        "model": engine.as_ref().and_then(Engine::model),
        "model_facts": Some(model_facts).filter(|facts| !facts.is_empty()),
        "settings": shown,
        "problems": problems.iter().map(smolcrawl::Error::chain).collect::<Vec<_>>(),
    })
}

/// Every setting as it is in force: what was asked for, or the default.
fn shown(config: &Config, settings: &Settings) -> Value {
    let mut shown = serde_json::Map::new();
    for key in Key::ALL {
        let http = &config.crawl.http;
        let default = match key {
            Key::Reactor => Some(config.reactor.kind.to_string()),
            Key::AllowPrivate => Some((http.private_addresses == PrivateAddresses::Allow).to_string()),
            Key::UserAgent => Some(http.user_agent.clone()),
            Key::TimeoutSeconds => Some(http.total_timeout.as_secs().to_string()),
            Key::MaxBodyMib => Some((http.max_body >> 20).to_string()),
            _ => None,
        };
        let asked = settings.shown(key).map(|(value, origin)| (value.into_owned(), origin));
        let Some((value, origin)) = asked.or_else(|| Some((default.clone()?, Origin::Default))) else { continue };
        let mut setting = json!({ "value": value, "from": origin.to_string() });
        // What cannot be understood is warned about and not followed.
        if let (Key::Reactor, Some(used)) = (key, default)
            && value != used
        {
            setting = json!({ "value": used, "from": Origin::Default.to_string(), "ignored": value, "ignored_from": origin.to_string() });
        }
        shown.insert(key.name().to_owned(), setting);
    }
    Value::Object(shown)
}

fn described(check: &Check) -> Value {
    json!({
        "whole": check.is_whole(),
        "pages": check.pages,
        "chunks": check.chunks,
        "vectors": check.vectors,
        "without_checksum": check.without_checksum,
        "damaged": check.damaged,
        "damaged_unlisted": check.damaged_unlisted,
        "faults": check.faults,
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

const DAMAGED: &str =
    "crawl the damaged pages again, which heals them; where faults are listed, move the file away and crawl again, or restore it";
