//! `Cargo.lock`, of every version: the graph of packages; those without a source are the project's own.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::{Lock, Source, of_toml};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<toml::Value>,
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

pub(super) fn read(path: &Path, text: &str) -> Result<Lock, Error> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    if let Some(version) = &file.version
        && !version.as_integer().is_some_and(|version| (1..=NEWEST).contains(&version))
    {
        return Err(Error::Version { path: path.to_owned(), found: version.to_string(), known: "1 to 4" });
    }
    let mut lock = Lock::default();
    // Each package's place in the list that is handed out; the project's own have none.
    let mut places: Vec<Option<usize>> = Vec::new();
    for package in &file.package {
        let place = package.source.as_deref().and_then(|source| {
            lock.push(Ecosystem::Cargo, &package.name, &package.version, of(source))?;
            Some(lock.packages.len() - 1)
        });
        if package.source.is_none() {
            lock.own.extend(PackageName::listed(Ecosystem::Cargo, &package.name, &package.version));
        }
        places.push(place);
    }
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, package) in file.package.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at);
    }
    for (at, package) in file.package.iter().enumerate() {
        let needs = package.dependencies.iter().filter_map(|needed| {
            // "name", or "name version" where there are several, or with the source behind it where even these are.
            let mut words = needed.splitn(3, ' ');
            let (name, version, source) = (words.next()?, words.next(), words.next());
            let source = source.map(|source| source.trim_matches(['(', ')']));
            let fits = |at: &&usize| {
                let other = &file.package[**at];
                version.is_none_or(|version| other.version == version)
                    && source.is_none_or(|source| other.source.as_deref() == Some(source))
            };
            by_name.get(name)?.iter().take(MOST_VERSIONS).find(fits).and_then(|found| places[*found])
        });
        let needs: Vec<usize> = needs.collect();
        match places[at] {
            Some(place) => lock.packages[place].needs = needs,
            None if package.source.is_none() => needs.into_iter().for_each(|need| lock.packages[need].is_direct = true),
            None => {}
        }
    }
    Ok(lock)
}

/// `registry+…`, `sparse+…`, `git+URL?rev=…#COMMIT`.
fn of(source: &str) -> Source {
    match source.strip_prefix("git+") {
        None => Source::Registry,
        Some(rest) => {
            let (url, commit) = rest.split_once('#').map_or((rest, None), |(url, commit)| (url, Some(commit.to_owned())));
            Source::Git { url: url.split('?').next().unwrap_or(url).to_owned(), commit }
        }
    }
}

const NEWEST: i64 = 4;
/// Packages of one name that are looked through: a graph has a handful.
const MOST_VERSIONS: usize = 100;
