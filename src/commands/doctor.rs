//! `doctor`: what this installation is made of, and where each setting comes from. Changes nothing that is not asked for, and sends nothing: the counters of
//! the transport are those of a process at work, and stand in the report of its crawls; here they would all be zero.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment, Key, Origin, Settings};
use smolcrawl::engine::{Check, ModelSummary};
use smolcrawl::store::{Compacted, Place, Store};

use super::credentials;
use super::output::Output;
use super::{Failure, drive, setup};
use crate::cli::{self, Everywhere};

pub fn run(config: Config, settings: &Settings, file: Option<&Path>, environment: &Environment, asked: cli::Doctor) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let findings = findings(config, settings, file, environment, asked, &mut problems);
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

fn findings(
    config: Config,
    settings: &Settings,
    file: Option<&Path>,
    environment: &Environment,
    asked: cli::Doctor,
    problems: &mut Vec<smolcrawl::Error>,
) -> Value {
    let shown = shown(&config, settings);
    let mut advice: Vec<_> = ignored(&shown);
    let database = config.database.clone();
    // Before anything opens it.
    let place = Place::of(&database);
    let is_file = matches!(place, Place::File(_));
    let compacted = (asked.compact && is_file && database.exists()).then(|| Store::compact(&database, &config.store));
    if asked.compact && !is_file {
        advice.push("a server gives room back by itself (autovacuum): --compact is for files".to_owned());
    }
    // Of a server it is asked with nothing made.
    let exists = match place {
        Place::File(path) => Some(path.exists()),
        Place::Server(_) => match Store::open_to_read(&database, config.store.clone()) {
            Ok(_) => Some(true),
            Err(smolcrawl::store::Error::Missing { .. }) => Some(false),
            // Who cannot ask knows neither.
            Err(error) => {
                problems.push(error.into());
                None
            }
        },
    };
    let has_model = !matches!(config.embeddings, Embeddings::None);
    let engine = Engine::new(config).map_err(|error| problems.push(error)).ok();
    let mut store = json!({ "path": database, "exists": exists });
    if let Ok(file) = std::fs::metadata(&database) {
        store["bytes"] = file.len().into();
    }
    match compacted {
        Some(Ok(Compacted { before, after })) => store["compacted"] = json!({ "bytes_before": before, "bytes_after": after }),
        Some(Err(error)) => problems.push(error.into()),
        None => {}
    }
    // Where it is, or would be made.
    let free = Some(&database)
        .filter(|_| is_file)
        .and_then(|path| std::path::absolute(path).ok())
        .and_then(|path| fs4::available_space(path.ancestors().skip(1).find(|folder| folder.is_dir())?).ok());
    if let Some(free) = free {
        store["free_bytes"] = free.into();
        if free < LITTLE {
            advice.push(format!("{} MiB are free where the database is: make room, or move it with --db", free >> 20));
        }
    }
    // A database that is not there is not made: doctor changes nothing.
    if let (Some(engine), Some(true)) = (&engine, exists) {
        let stored = async { Ok::<_, smolcrawl::Error>((engine.sources().await?, engine.embed_progress().await?, engine.models().await?)) };
        match drive(engine, stored) {
            Ok((sources, progress, models)) => {
                let of = |model: &ModelSummary| json!({ "model": model.name, "dimensions": model.dimensions, "vectors": model.vectors });
                store["vectors"] = models.iter().map(of).collect();
                store["sources"] = sources.len().into();
                store["pages"] = sources.iter().map(|source| source.pages).sum::<u64>().into();
                store["chunks"] = progress.chunks.into();
                // Without a model no chunk is one of its own: then of any, as `sources` tells it.
                let of_any = sources.iter().map(|source| source.embedded).sum();
                store["embedded"] = if has_model { progress.embedded } else { of_any }.into();
            }
            Err(error) => problems.push(error),
        }
        if let Ok((packages, symbols)) = drive(engine, engine.count_symbols())
            && packages > 0
        {
            store["packages"] = packages.into();
            store["symbols"] = symbols.into();
        }
        if let Ok(unused) = drive(engine, engine.unused_bytes()) {
            store["unused_bytes"] = unused.into();
            if unused > MUCH_UNUSED && unused > store["bytes"].as_u64().unwrap_or(0) / 4 {
                advice.push(format!("{} MiB of the database are empty: `smolcrawl doctor --compact` gives them back", unused >> 20));
            }
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
    let browser = engine.as_ref().map(|engine| match engine.browser() {
        Ok(program) => json!({ "program": program }),
        Err(error) => json!({ "program": null, "why": error.to_string(), "hint": error.hint() }),
    });
    let private = private(&database, file, settings, &mut advice);
    if let Err(failure) = credentials::of_file(settings, environment) {
        // Who may read it is told already.
        advice.extend(Some(failure.told()).filter(|told| !told.contains("chmod ")));
    }
    let clients = setup::states(environment);
    advice.extend(clients.iter().filter_map(setup::State::advice));
    advice.extend(problems.iter().filter_map(smolcrawl::Error::hint));
    if exists == Some(false) {
        advice.push("nothing is stored yet: `smolcrawl crawl URL` does it".to_owned());
    }
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "platform": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "configuration_file": file.map(|file| json!({ "path": file, "exists": file.exists() })),
        "reactor": reactor,
        "store": store,
        "model": engine.as_ref().and_then(Engine::model),
        "model_facts": Some(model_facts).filter(|facts| !facts.is_empty()),
        "browser": browser,
        "settings": shown,
        "private_files": private,
        "clients": clients.iter().map(|client| (client.name().to_owned(), client.described())).collect::<serde_json::Map<_, _>>(),
        "problems": problems.iter().map(smolcrawl::Error::chain).collect::<Vec<_>>(),
        "advice": advice,
    })
}

/// Every setting as it is in force: what was asked for, or the default.
fn shown(config: &Config, settings: &Settings) -> Value {
    let mut shown = serde_json::Map::new();
    let embeddings = config.embeddings.name();
    for key in Key::ALL {
        let used = match key {
            Key::Credentials => Everywhere::usual_credentials().and_then(|path| Some(path.to_str()?.to_owned())),
            key => config.in_force(key),
        };
        let asked = settings.shown(key).map(|(value, origin)| (value.into_owned(), origin));
        // What is warned about and not followed: an unknown reactor, and what belongs to a model that is not asked for.
        let is_followed = |value: &String| match key {
            Key::Reactor => value.parse().is_ok_and(|kind: smolcrawl::reactor::ReactorKind| kind == config.reactor.kind),
            _ => key.only_of().is_none_or(|of| of == embeddings),
        };
        let setting = match asked {
            Some((value, origin)) if is_followed(&value) => json!({ "value": value, "from": origin.to_string() }),
            Some((value, origin)) => {
                json!({ "value": used, "from": Origin::Default.to_string(), "ignored": value, "ignored_from": origin.to_string() })
            }
            None => json!({ "value": used, "from": Origin::Default.to_string() }),
        };
        shown.insert(key.name().to_owned(), setting);
    }
    Value::Object(shown)
}

/// What to do about settings that are not followed.
fn ignored(shown: &Value) -> Vec<String> {
    let of = |key: Key| {
        let setting = &shown[key.name()];
        let (value, from) = (setting["ignored"].as_str()?, setting["ignored_from"].as_str().unwrap_or_default());
        let name = key.name();
        Some(match key.only_of() {
            Some(kind) => format!("{name} ({from}) is ignored: set embeddings to {kind}, or take it out"),
            None => format!("{name} ({from}) is ignored, as {value:?} is not known: correct it, or take it out"),
        })
    };
    Key::ALL.into_iter().filter_map(of).collect()
}

/// Files with something in them that is nobody else's, and who may read them. On Windows that is a matter of the folder.
fn private(database: &Path, file: Option<&Path>, settings: &Settings, advice: &mut Vec<String>) -> Vec<Value> {
    let credentials = settings.value(Key::Credentials).map(|(path, _)| PathBuf::from(path)).or_else(Everywhere::usual_credentials);
    let has_key = settings.value(Key::EmbeddingsKey).is_some_and(|(_, origin)| origin == Origin::File);
    let files = [Some(database.to_owned()), credentials, file.filter(|_| has_key).map(Path::to_owned)];
    let mut found = Vec::new();
    for path in files.into_iter().flatten() {
        if let Some(mode) = mode(&path) {
            let is_private = mode & 0o077 == 0;
            if !is_private {
                advice.push(format!("others may read {0} (mode {mode:03o}): chmod 600 {0}", path.display()));
            }
            found.push(json!({ "path": path, "mode": format!("{mode:03o}"), "private": is_private }));
        }
    }
    found
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

fn described(check: &Check) -> Value {
    json!({
        "whole": check.is_whole(),
        "pages": check.pages,
        "chunks": check.chunks,
        "vectors": check.vectors,
        "packages": check.packages,
        "without_checksum": check.without_checksum,
        "damaged": check.damaged,
        "damaged_unlisted": check.damaged_unlisted,
        "faults": check.faults,
    })
}

/// One `name.name: value` line a finding; of a setting where it comes from, too, and of a client how it stands.
fn show(output: &mut Output, name: &str, value: &Value) -> std::io::Result<()> {
    if let (Some(used), Some(from)) = (value.get("value"), value["from"].as_str()) {
        let used = used.as_str().unwrap_or("none");
        let ignored = value["ignored"]
            .as_str()
            .map(|ignored| format!("; ignored: {ignored} ({})", value["ignored_from"].as_str().unwrap_or_default()));
        return output.line(format!("{name}: {used} ({from}){}", ignored.unwrap_or_default()));
    }
    if let (Some(set_up), Some(file)) = (value["set_up"].as_bool(), value["file"].as_str()) {
        let state = match (value["error"].as_str(), value["as"].as_str(), value["found"].as_bool()) {
            (Some(why), ..) => format!("cannot be read: {why}"),
            (_, Some(entry), _) if set_up => format!("set up as {entry}"),
            (.., Some(true)) => "not set up".to_owned(),
            _ => "not found".to_owned(),
        };
        return output.line(format!("{name}: {state} ({file})"));
    }
    let below = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        Value::Object(parts) => parts.iter().try_for_each(|(part, value)| show(output, &below(part), value)),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, value)| show(output, &below(&index.to_string()), value)),
        Value::String(text) => output.line(format!("{name}: {text}")),
        Value::Null => output.line(format!("{name}: none")),
        other => output.line(format!("{name}: {other}")),
    }
}

/// Bytes of a disk that are soon used up.
const LITTLE: u64 = 512 << 20;
/// Bytes.
const MUCH_UNUSED: u64 = 32 << 20;
const DAMAGED: &str =
    "crawl the damaged pages again, which heals them; where faults are listed, move the file away and crawl again, or restore it";
