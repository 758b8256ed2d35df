//! `Pipfile.lock`: packages by name, those that the project runs with and those that it is made with.

use std::collections::HashSet;
use std::path::Path;

use serde_json::Value;

use super::{Beside, Lock, Source};
use crate::files::error::Error;
use crate::files::package::Ecosystem;

pub(super) fn read(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| Error::broken(path, error.line(), error.to_string()))?;
    let Some(lists) = value.as_object().filter(|lists| lists.contains_key("_meta")) else {
        return Err(Error::broken(path, None, "it has no \"_meta\""));
    };
    let direct = beside("Pipfile").map(|text| asked_for(&text)).unwrap_or_default();
    let mut lock = Lock::default();
    // Beside "default" and "develop" a project may have lists of its own.
    for (_, list) in lists.iter().filter(|(name, _)| *name != "_meta") {
        for (name, package) in list.as_object().into_iter().flatten() {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            let place = text("path").map(|path| path.trim_start_matches("./"));
            // The project itself.
            if place.is_some_and(|place| place.is_empty() || place == ".") {
                continue;
            }
            let source = match (text("git"), place, text("file")) {
                (Some(url), ..) => Source::Git { url: url.to_owned(), commit: text("ref").map(str::to_owned) },
                (_, Some(place), _) => Source::Path(place.to_owned()),
                (_, _, Some(url)) => Source::Url(url.to_owned()),
                _ => Source::Registry,
            };
            let version = text("version").and_then(|version| version.strip_prefix("==")).unwrap_or_default();
            if let Some(locked) = lock.push(Ecosystem::Pypi, name, version, source) {
                locked.is_direct = direct.contains(&Ecosystem::Pypi.normal(name));
            }
        }
    }
    if direct.is_empty() {
        lock.note("what the project itself asks for is not known: there is no Pipfile that says it".to_owned());
    }
    Ok(lock)
}

/// The names in every list of a `Pipfile`, by normal names.
fn asked_for(text: &str) -> HashSet<String> {
    let file: toml::Table = toml::from_str(text).unwrap_or_default();
    let lists = file.iter().filter(|(name, _)| !matches!(name.as_str(), "requires" | "scripts" | "pipenv"));
    lists.filter_map(|(_, list)| list.as_table()).flat_map(toml::Table::keys).map(|name| Ecosystem::Pypi.normal(name)).collect()
}
