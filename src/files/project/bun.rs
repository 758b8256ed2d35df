//! `bun.lock`: JSON with commas at the end of lists. A package stands under its place, as `a/b` for what `a` alone has of `b`.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::{Lock, Source, npm, yarn};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};

pub(super) fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    let value: Value = serde_json::from_slice(&plain(text)).map_err(|error| Error::broken(path, error.line(), error.to_string()))?;
    match value.get("lockfileVersion").and_then(Value::as_u64) {
        Some(0..=NEWEST) => {}
        Some(version) => return Err(Error::Version { path: path.to_owned(), found: version.to_string(), known: "0 to 1" }),
        None => return Err(Error::broken(path, 1, "it names no lockfileVersion")),
    }
    let mut lock = Lock::default();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let packages = value.get("packages").and_then(Value::as_object);
    let packages = || packages.into_iter().flatten().filter(|(place, _)| place.len() < LONGEST);
    for (place, package) in packages() {
        let Some(said) = package.get(0).and_then(Value::as_str) else { continue };
        let name = yarn::name_of(said);
        let called = last(place);
        match source(said.get(name.len() + 1..).unwrap_or_default()) {
            // One of its workspace.
            None => lock.own.extend(PackageName::listed(Ecosystem::Npm, name, "")),
            Some((version, source)) => {
                if let Some(locked) = lock.push(Ecosystem::Npm, name, version, source) {
                    locked.at = folder(place);
                    places.insert(place, lock.packages.len() - 1);
                    lock.call(called, name);
                }
            }
        }
    }
    for (place, package) in packages() {
        let Some(own) = places.get(place.as_str()) else { continue };
        let fields = package.as_array().into_iter().flatten().find_map(Value::as_object);
        let names = fields.map(npm::names).unwrap_or_default();
        lock.packages[*own].needs = names.iter().filter_map(|name| resolved(place, name, &places)).collect();
    }
    for (_, member) in value.get("workspaces").and_then(Value::as_object).into_iter().flatten() {
        let Some(fields) = member.as_object() else { continue };
        let called = member.get("name").and_then(Value::as_str).filter(|name| name.len() < LONGEST).unwrap_or_default();
        for found in npm::names(fields).iter().filter_map(|name| resolved(called, name, &places)) {
            lock.packages[found].is_direct = true;
        }
    }
    Ok(lock)
}

/// What stands behind a package's name: a version, or where else it is from; none of one of its workspace.
fn source(said: &str) -> Option<(&str, Source)> {
    match said.split_once(':') {
        None => Some((said, Source::Registry)),
        Some(("workspace", _)) => None,
        Some(("github", rest)) => {
            let (repository, commit) = rest.split_once('#').map_or((rest, None), |(of, commit)| (of, Some(commit.to_owned())));
            Some(("", Source::Git { url: format!("https://github.com/{repository}"), commit }))
        }
        Some(_) => Some(("", npm::of(said))),
    }
}

/// From its place upwards, as node looks for it.
fn resolved(place: &str, name: &str, places: &HashMap<&str, usize>) -> Option<usize> {
    let mut above = place;
    for _ in 0..DEEPEST {
        if above.is_empty() {
            break;
        }
        if let Some(found) = places.get(format!("{above}/{name}").as_str()) {
            return Some(*found);
        }
        above = above[..above.len() - last(above).len()].trim_end_matches('/');
    }
    places.get(name).copied()
}

/// The name that a place ends with: of a scope both parts.
fn last(place: &str) -> &str {
    let (before, _) = place.rsplit_once('/').unwrap_or(("", place));
    let scope = before.rsplit('/').next().filter(|scope| scope.starts_with('@'));
    let length = before.len() - scope.map_or(0, str::len);
    place[if scope.is_some() { length } else { before.len() }..].trim_start_matches('/')
}

fn folder(place: &str) -> Option<String> {
    let mut names = Vec::new();
    let mut above = place;
    while !above.is_empty() {
        let name = last(above);
        names.push(name);
        above = above[..above.len() - name.len()].trim_end_matches('/');
    }
    let folder = names.iter().rev().map(|name| format!("node_modules/{name}")).collect::<Vec<_>>().join("/");
    npm::is_below(&folder).then_some(folder)
}

/// Without the commas at the end of lists. Everything else stays in its place.
fn plain(text: &str) -> Vec<u8> {
    let mut plain = text.as_bytes().to_vec();
    let (mut is_text, mut is_escaped, mut waiting) = (false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        if let Some(comma) = waiting.take().filter(|_| matches!(byte, b']' | b'}')) {
            plain[comma] = b' ';
        }
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' if !is_text => waiting = Some(at),
            _ => {}
        }
    }
    plain
}

const NEWEST: u64 = 1;
/// Bytes of a place.
const LONGEST: usize = 1_000;
const DEEPEST: usize = 100;
