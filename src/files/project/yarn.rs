//! `yarn.lock`: of version 1 a form of its own, since 2 YAML. In both a package stands under what was asked for.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::{Beside, Lock, Source, npm};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};
use crate::files::yaml::{self, Yaml};

/// One package, as both forms have it.
#[derive(Default)]
struct Entry<'a> {
    /// `name@range`, several where several ranges lead to one version.
    asked: Vec<String>,
    version: &'a str,
    resolved: &'a str,
    /// What it asks for, as `name@range`.
    needs: Vec<String>,
}

pub(super) fn read(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let direct = beside("package.json").map(|text| npm::asked_for(&text)).unwrap_or_default();
    match text.lines().any(|line| line.starts_with("__metadata:")) {
        true => {
            let documents = yaml::documents(text).map_err(|(line, what)| Error::broken(path, line, what))?;
            let entries = documents.first().map(berry).unwrap_or_default();
            Ok(of(&entries, &direct))
        }
        false => Ok(of(&classic(path, text)?, &direct)),
    }
}

fn of(entries: &[Entry<'_>], direct: &HashSet<String>) -> Lock {
    let mut lock = Lock::default();
    let mut by_request: HashMap<&str, usize> = HashMap::new();
    let mut of_entry: Vec<Option<usize>> = Vec::new();
    for entry in entries {
        let requested = entry.asked.first().map(String::as_str).unwrap_or_default();
        let name = name_of(requested);
        // The project's own, and what is written beside a package with its changes.
        let is_own = entry.resolved.contains("@workspace:") || entry.version == "0.0.0-use.local";
        let place = (!is_own).then(|| lock.push(Ecosystem::Npm, alias(requested).unwrap_or(name), entry.version, source(entry.resolved)));
        let place = place.flatten().is_some().then(|| lock.packages.len() - 1);
        if is_own {
            lock.own.extend(PackageName::listed(Ecosystem::Npm, name, ""));
        }
        // Several names may lead to one version.
        for asked in &entry.asked {
            lock.call(name_of(asked), alias(requested).unwrap_or(name));
        }
        of_entry.push(place);
        if let Some(place) = place {
            by_request.extend(entry.asked.iter().map(|asked| (asked.as_str(), place)));
        }
    }
    for (entry, own) in entries.iter().zip(&of_entry) {
        let needs: Vec<usize> = entry.needs.iter().filter_map(|need| by_request.get(need.as_str()).copied()).collect();
        match own {
            Some(own) => lock.packages[*own].needs = needs,
            None => needs.into_iter().for_each(|need| lock.packages[need].is_direct = true),
        }
    }
    // Version 1 does not say what the project asks for. Of several versions that of its own request cannot be told, so that all of the name
    // are.
    let has_own = of_entry.iter().any(Option::is_none);
    if !has_own {
        for locked in lock.packages.iter_mut().filter(|locked| direct.contains(&locked.package.name)) {
            locked.is_direct = true;
        }
    }
    lock
}

/// `@scope/name@^1.0.0`: what stands before the second `@`, or the first where there is no scope.
pub(super) fn name_of(asked: &str) -> &str {
    let at = asked.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(asked.len(), |(at, _)| at);
    &asked[..at]
}

/// `alias@npm:name@^1.0.0`: the name that it really has.
fn alias(asked: &str) -> Option<&str> {
    let (_, target) = asked.split_once("@npm:")?;
    let name = name_of(target);
    (name.len() < target.len()).then_some(name)
}

fn source(resolved: &str) -> Source {
    // Since version 2: `name@npm:1.0.0`, `name@https://….git#commit=…`, `name@patch:…`.
    let target = resolved.get(name_of(resolved).len()..).and_then(|rest| rest.strip_prefix('@')).unwrap_or(resolved);
    match target.split_once(':') {
        Some(("npm" | "patch", _)) => Source::Registry,
        Some(("file" | "link" | "portal", path)) => Source::Path(path.split("::").next().unwrap_or(path).to_owned()),
        Some(("https" | "ssh" | "git+ssh" | "git+https" | "git", _)) if target.contains(".git#") => {
            let (url, commit) = target.split_once('#').unwrap_or((target, ""));
            let commit = commit.trim_start_matches("commit=");
            Source::Git { url: url.to_owned(), commit: (!commit.is_empty()).then(|| commit.to_owned()) }
        }
        _ => npm::of(target.split('#').next().unwrap_or(target)),
    }
}

fn berry(file: &Yaml) -> Vec<Entry<'_>> {
    let packages = file.entries().iter().filter(|(key, _)| key != "__metadata");
    let entry = |(key, package): &'_ (String, Yaml)| -> (Vec<String>, Vec<String>) {
        let asked = key.split(", ").map(str::to_owned).collect();
        let list = package.at("dependencies").map(Yaml::entries).unwrap_or_default();
        let needs = list.iter().filter_map(|(name, range)| {
            let range = range.text()?;
            Some(if range.contains(':') { format!("{name}@{range}") } else { format!("{name}@npm:{range}") })
        });
        (asked, needs.collect())
    };
    packages
        .map(|pair| {
            let (asked, needs) = entry(pair);
            let text = |key: &str| pair.1.text_at(key).unwrap_or_default();
            Entry { asked, version: text("version"), resolved: text("resolution"), needs }
        })
        .collect()
}

/// Blocks, of which the first line ends with a colon and the others are indented: `key value`, values in quotes where they need them.
fn classic<'a>(path: &Path, text: &'a str) -> Result<Vec<Entry<'a>>, Error> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut is_list = false;
    for (number, line) in text.lines().enumerate() {
        let content = line.trim_start();
        let wrong = |what: &str| Error::broken(path, number + 1, what);
        match line.len() - content.len() {
            _ if content.is_empty() || content.starts_with('#') => {}
            0 => {
                let key = content.strip_suffix(':').ok_or_else(|| wrong("a package's line has to end with a colon"))?;
                let asked: Vec<String> = key.split(", ").map(|one| one.trim().trim_matches('"').to_owned()).collect();
                if asked.iter().any(|one| name_of(one).len() == one.len()) {
                    return Err(wrong("a package has to be written as name@range"));
                }
                entries.push(Entry { asked, ..Entry::default() });
                is_list = false;
            }
            2 => {
                let entry = entries.last_mut().ok_or_else(|| wrong("it stands below no package"))?;
                is_list = matches!(content, "dependencies:" | "optionalDependencies:");
                match content.split_once(' ').map(|(key, value)| (key, value.trim_matches('"'))) {
                    Some(("version", value)) => entry.version = value,
                    Some(("resolved", value)) => entry.resolved = value,
                    _ => {}
                }
            }
            _ if is_list => {
                let entry = entries.last_mut().ok_or_else(|| wrong("it stands below no package"))?;
                let (name, range) = content.split_once(' ').ok_or_else(|| wrong("a dependency has to be written as name and range"))?;
                entry.needs.push(format!("{}@{}", name.trim_matches('"'), range.trim_matches('"')));
            }
            _ => {}
        }
    }
    Ok(entries)
}
