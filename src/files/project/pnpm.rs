//! `pnpm-lock.yaml`, versions 5 to 9: what each importer asks for, and the packages by name and version.

use std::collections::HashMap;
use std::path::Path;

use super::{Lock, Source, npm};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};
use crate::files::yaml::{self, Yaml};

pub(super) fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    let documents = yaml::documents(text).map_err(|(line, what)| Error::broken(path, line, what))?;
    // What pnpm itself is made of may stand in a document of its own before.
    let Some(file) = documents.last() else { return Err(Error::broken(path, 1, "it is empty")) };
    let version = file.text_at("lockfileVersion").ok_or_else(|| Error::broken(path, 1, "it names no lockfileVersion"))?;
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default();
    if !(5..=9).contains(&major) {
        return Err(Error::Version { path: path.to_owned(), found: version.to_owned(), known: "5 to 9" });
    }
    let mut lock = Lock::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, package) in file.at("packages").map(Yaml::entries).unwrap_or_default() {
        let (name, version) = split(key, major).unwrap_or((key, ""));
        let (name, version) = (package.text_at("name").unwrap_or(name), package.text_at("version").unwrap_or(version));
        let resolution = package.at("resolution");
        let source = match resolution {
            Some(resolution) if resolution.text_at("repo").is_some() => Source::Git {
                url: resolution.text_at("repo").unwrap_or_default().to_owned(),
                commit: resolution.text_at("commit").map(str::to_owned),
            },
            Some(resolution) if resolution.text_at("directory").is_some() => {
                Source::Path(resolution.text_at("directory").unwrap_or_default().to_owned())
            }
            Some(resolution) => npm::of(resolution.text_at("tarball").unwrap_or_default()),
            None => Source::Registry,
        };
        let version = if is_plain(version) { version } else { "" };
        if let Some(locked) = lock.push(Ecosystem::Npm, name, version, source) {
            let folder = format!("{}@{version}", name.replace('/', "+"));
            locked.at = Some(format!("node_modules/.pnpm/{folder}/node_modules/{name}")).filter(|_| !version.is_empty());
            places.insert(key.trim_start_matches('/').to_owned(), lock.packages.len() - 1);
        }
    }
    // Since version 9 what uses what stands apart, with the peers that it was resolved with.
    let snapshots = file.at("snapshots").or_else(|| file.at("packages"));
    for (key, package) in snapshots.map(Yaml::entries).unwrap_or_default() {
        let Some(own) = place(&places, key) else { continue };
        let lists = ["dependencies", "optionalDependencies"].iter().filter_map(|kind| package.at(kind));
        let needs = lists.flat_map(|list| list.entries()).filter_map(|(name, version)| named(&places, name, version.text()?, major));
        lock.packages[own].needs.extend(needs.collect::<Vec<_>>());
    }
    let importers = file.at("importers").map(|importers| importers.entries().iter().map(|(_, importer)| importer).collect());
    for importer in importers.unwrap_or_else(|| vec![file]) {
        let lists = ["dependencies", "devDependencies", "optionalDependencies"].iter().filter_map(|kind| importer.at(kind));
        for (name, asked) in lists.flat_map(|list| list.entries()) {
            let version = asked.text().or_else(|| asked.text_at("version"));
            if let Some(found) = version.and_then(|version| named(&places, name, version, major)) {
                lock.packages[found].is_direct = true;
                let own = lock.packages[found].package.name.clone();
                lock.call(name, &own);
            }
            // One of its workspace.
            if version.is_some_and(|version| version.starts_with("link:")) {
                lock.own.extend(PackageName::listed(Ecosystem::Npm, name, ""));
            }
        }
    }
    Ok(lock)
}

/// A key without the peers behind it: `name@1.0.0(react@18.0.0)`, `/name/1.0.0_react@18.0.0`.
fn bare(key: &str) -> &str {
    let key = key.trim_start_matches('/');
    key.split('(').next().unwrap_or(key)
}

fn place(places: &HashMap<String, usize>, key: &str) -> Option<usize> {
    places.get(key.trim_start_matches('/')).or_else(|| places.get(bare(key))).copied()
}

/// The package that a name and version mean; the version may be a whole key, where the name is another's.
fn named(places: &HashMap<String, usize>, name: &str, version: &str, major: u32) -> Option<usize> {
    let mark = if major == 5 { '/' } else { '@' };
    place(places, &format!("{name}{mark}{version}")).or_else(|| place(places, version))
}

/// `/name/1.0.0_peers`, `/@scope/name/1.0.0` of version 5; `/name@1.0.0(peers)` of 6, without the slash since 9.
fn split(key: &str, major: u32) -> Option<(&str, &str)> {
    let key = bare(key);
    match major {
        5 => {
            let (name, version) = key.rsplit_once('/')?;
            Some((name, version.split('_').next().unwrap_or(version)))
        }
        _ => {
            let at = key.char_indices().skip(1).find(|(_, c)| *c == '@')?.0;
            Some((&key[..at], &key[at + 1..]))
        }
    }
}

fn is_plain(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains([':', '/'])
}
