//! `package-lock.json` and `npm-shrinkwrap.json`: of version 1 a tree, of 2 and 3 a list of places.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::{Beside, Lock, Source};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};

pub(super) fn read(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| Error::broken(path, error.line(), error.to_string()))?;
    let version = value.get("lockfileVersion").and_then(Value::as_u64).unwrap_or(1);
    match (value.get("packages").and_then(Value::as_object), value.get("dependencies").and_then(Value::as_object)) {
        (Some(packages), _) if matches!(version, 2 | 3) => Ok(places(packages)),
        (_, dependencies) if version == 1 => {
            let direct = beside("package.json").map(|text| asked_for(&text)).unwrap_or_default();
            Ok(dependencies.map(|dependencies| tree(dependencies, &direct)).unwrap_or_default())
        }
        _ if version > 3 => Err(Error::Version { path: path.to_owned(), found: version.to_string(), known: "1 to 3" }),
        _ => Err(Error::broken(path, None, "it has no list of packages")),
    }
}

/// What a `package.json` asks for, for every purpose.
pub(super) fn asked_for(text: &str) -> HashSet<String> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    value.as_object().map(names).unwrap_or_default().into_iter().collect()
}

pub(super) fn names(package: &Map<String, Value>) -> Vec<String> {
    let lists = KINDS.iter().filter_map(|kind| package.get(*kind)?.as_object());
    lists.flat_map(|list| list.keys().cloned()).collect()
}

/// By where they lie: `node_modules/a/node_modules/b`. The folder that is empty is the project, those outside of `node_modules` are its
/// workspaces.
fn places(packages: &Map<String, Value>) -> Lock {
    let mut lock = Lock::default();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for (place, package) in packages {
        let Some((_, name)) = place.rsplit_once("node_modules/").filter(|_| place.len() < LONGEST) else { continue };
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        // A workspace that is linked here is the project's own.
        if package.get("link").and_then(Value::as_bool) == Some(true) {
            lock.own.extend(PackageName::listed(Ecosystem::Npm, name, ""));
            continue;
        }
        let source = of(text("resolved").unwrap_or_default());
        if let Some(locked) = lock.push(Ecosystem::Npm, text("name").unwrap_or(name), text("version").unwrap_or_default(), source) {
            locked.at = Some(place.clone()).filter(|place| is_below(place));
            at.insert(place, lock.packages.len() - 1);
            lock.call(name, text("name").unwrap_or(name));
        }
    }
    for (place, package) in packages {
        let Some(fields) = package.as_object().filter(|_| place.len() < LONGEST) else { continue };
        let found: Vec<usize> = names(fields).iter().filter_map(|name| resolved(place, name, &at)).collect();
        match at.get(place.as_str()) {
            Some(own) => lock.packages[*own].needs = found,
            None if !place.contains("node_modules/") => found.into_iter().for_each(|found| lock.packages[found].is_direct = true),
            None => {}
        }
    }
    lock
}

/// As node looks for it: in the `node_modules` of the place itself, then in those above.
fn resolved(place: &str, name: &str, at: &HashMap<&str, usize>) -> Option<usize> {
    let mut folder = Some(place);
    for _ in 0..DEEPEST {
        let here = folder?;
        let candidate = if here.is_empty() { format!("node_modules/{name}") } else { format!("{here}/node_modules/{name}") };
        if let Some(found) = at.get(candidate.as_str()) {
            return Some(*found);
        }
        folder = match here.rfind('/') {
            _ if here.is_empty() => None,
            Some(end) => Some(&here[..end]),
            None => Some(""),
        };
    }
    None
}

/// Version 1: within each what lies below it.
fn tree(dependencies: &Map<String, Value>, direct: &HashSet<String>) -> Lock {
    let mut lock = Lock::default();
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut asked: Vec<(String, Vec<String>)> = Vec::new();
    let mut ahead: Vec<(String, &Map<String, Value>, usize)> = vec![(String::new(), dependencies, 0)];
    while let Some((folder, list, depth)) = ahead.pop() {
        for (name, package) in list {
            let place = if folder.is_empty() { format!("node_modules/{name}") } else { format!("{folder}/node_modules/{name}") };
            let version = package.get("version").and_then(Value::as_str).unwrap_or_default();
            // `npm:lodash@4.17.21`: what is called otherwise here.
            let aliased = version.strip_prefix("npm:").and_then(|of| of.rsplit_once('@')).filter(|(name, _)| !name.is_empty());
            let (own, version) = aliased.unwrap_or((name, version));
            let source = match version.split_once(':') {
                None => Source::Registry,
                Some(_) => of(version),
            };
            let version = if source == Source::Registry { version } else { "" };
            if let Some(locked) = lock.push(Ecosystem::Npm, own, version, source) {
                locked.is_direct = depth == 0 && direct.contains(name);
                locked.at = Some(place.clone()).filter(|place| is_below(place));
                at.insert(place.clone(), lock.packages.len() - 1);
                let requires = package.get("requires").and_then(Value::as_object);
                asked.push((place.clone(), requires.map(|requires| requires.keys().cloned().collect()).unwrap_or_default()));
                lock.call(name, own);
            }
            if let Some(below) = package.get("dependencies").and_then(Value::as_object).filter(|_| depth < DEEPEST && place.len() < LONGEST)
            {
                ahead.push((place, below, depth + 1));
            }
        }
    }
    let by_place: HashMap<&str, usize> = at.iter().map(|(place, at)| (place.as_str(), *at)).collect();
    for (place, names) in &asked {
        lock.packages[at[place]].needs = names.iter().filter_map(|name| resolved(place, name, &by_place)).collect();
    }
    lock
}

/// Where npm says that it got it.
pub(super) fn of(resolved: &str) -> Source {
    let git = resolved.strip_prefix("git+").or_else(|| resolved.starts_with("git:").then_some(resolved));
    match (git, resolved.strip_prefix("file:").or_else(|| resolved.strip_prefix("link:"))) {
        (Some(rest), _) => {
            let (url, commit) = rest.split_once('#').map_or((rest, None), |(url, commit)| (url, Some(commit.to_owned())));
            Source::Git { url: url.to_owned(), commit }
        }
        (_, Some(path)) => Source::Path(path.to_owned()),
        // The hosts of registries differ, what they serve has this form.
        _ if resolved.is_empty() || resolved.contains("/-/") => Source::Registry,
        _ if resolved.starts_with("http") => Source::Url(resolved.to_owned()),
        _ => Source::Registry,
    }
}

pub(super) fn is_below(place: &str) -> bool {
    !place.contains(['\\', ':']) && place.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

const KINDS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
const DEEPEST: usize = 100;
/// Bytes of a place: what is nested deeper is no tree of npm's.
const LONGEST: usize = 8_192;
