//! `uv.lock`, `poetry.lock`, `pdm.lock`, and the standard's `pylock.toml`
//! (<https://packaging.python.org/en/latest/specifications/pylock-toml/>).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::{Beside, Lock, Source, of_toml};
use crate::files::error::Error;
use crate::files::package::{Ecosystem, PackageName};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: Option<i64>,
    #[serde(default, rename = "lock-version")]
    lock_version: Option<String>,
    #[serde(default, alias = "packages")]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    source: Table,
    #[serde(default)]
    dependencies: Needs,
    #[serde(default, rename = "optional-dependencies")]
    optional: HashMap<String, Needs>,
    #[serde(default, rename = "dev-dependencies")]
    groups: HashMap<String, Needs>,
    /// Where it is from, as pdm says it.
    #[serde(default)]
    git: Option<String>,
    #[serde(default)]
    revision: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    url: Option<String>,
    /// And as the standard does.
    #[serde(default)]
    vcs: Table,
    #[serde(default)]
    directory: Table,
    #[serde(default)]
    archive: Table,
}

impl Package {
    /// Where it is from, in whichever of these ways.
    fn from(&self) -> Source {
        let text = |table: &'_ Table, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
        let git = self.git.clone().or_else(|| text(&self.vcs, "url").or_else(|| text(&self.vcs, "path")));
        let path = self.path.clone().or_else(|| text(&self.directory, "path")).or_else(|| text(&self.archive, "path"));
        match (git, path, self.url.clone().or_else(|| text(&self.archive, "url"))) {
            (Some(url), ..) => Source::Git { url, commit: self.revision.clone().or_else(|| text(&self.vcs, "commit-id")) },
            (None, Some(path), _) => Source::Path(path),
            (None, None, Some(url)) => Source::Url(url),
            (None, None, None) => source(&self.source),
        }
    }

    /// What is used from where it is written is the project's own if that lies in the project.
    fn folder(&self) -> Option<&str> {
        let named = ["editable", "virtual"].iter().find_map(|kind| self.source.get(*kind)?.as_str());
        let standard = self.directory.get("editable").and_then(Value::as_bool).unwrap_or(false);
        named.or_else(|| self.directory.get("path")?.as_str().filter(|_| standard))
    }
}

/// A list of tables with names in uv's and the standard's, of requirements in pdm's, a table by name in poetry's.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Needs(Option<Value>);

impl Needs {
    /// Names, and versions where several are locked.
    fn names(&self) -> Vec<(&str, Option<&str>)> {
        match &self.0 {
            Some(Value::Array(list)) => {
                let named = list.iter().filter_map(|needed| match needed {
                    Value::String(requirement) => Some((name_of(requirement), None)),
                    _ => Some((needed.get("name")?.as_str()?, needed.get("version").and_then(Value::as_str))),
                });
                named.collect()
            }
            Some(Value::Table(table)) => table.keys().map(|name| (name.as_str(), None)).collect(),
            _ => Vec::new(),
        }
    }
}

pub(super) fn uv(path: &Path, text: &str) -> Result<Lock, Error> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    match file.version {
        Some(1) => {}
        Some(version) => return Err(Error::Version { path: path.to_owned(), found: version.to_string(), known: "1" }),
        None => return Err(Error::broken(path, 1, "it names no version")),
    }
    // The project's own, and those of its workspace.
    Ok(graph(&file.package, |package| package.folder().is_some(), &HashSet::new()))
}

pub(super) fn poetry(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    Ok(asked_beside(&file, beside))
}

pub(super) fn pdm(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    Ok(asked_beside(&file, beside))
}

pub(super) fn pylock(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    let file: File = toml::from_str(text).map_err(|error| of_toml(path, text, &error))?;
    match file.lock_version.as_deref() {
        Some(version) if version.split('.').next() == Some("1") => Ok(asked_beside(&file, beside)),
        Some(version) => Err(Error::Version { path: path.to_owned(), found: version.to_owned(), known: "1" }),
        None => Err(Error::broken(path, 1, "it names no version")),
    }
}

/// What the project asks for itself stands in another file.
fn asked_beside(file: &File, beside: Beside<'_>) -> Lock {
    let direct = beside("pyproject.toml").map(|text| asked_for(&text)).unwrap_or_default();
    let mut lock = graph(&file.package, |package| package.folder().is_some(), &direct);
    if direct.is_empty() {
        lock.notes.push("what the project itself asks for is not known: there is no pyproject.toml that says it".to_owned());
    }
    lock
}

fn graph(packages: &[Package], is_own: impl Fn(&Package) -> bool, direct: &HashSet<String>) -> Lock {
    let normal = |name: &str| Ecosystem::Pypi.normal(name);
    let mut lock = Lock::default();
    let mut places: Vec<Option<usize>> = Vec::new();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for package in packages {
        let added = if is_own(package) { None } else { lock.push(Ecosystem::Pypi, &package.name, &package.version, package.from()) };
        let place = added.map(|locked| locked.is_direct = direct.contains(&normal(&package.name))).map(|()| lock.packages.len() - 1);
        if is_own(package) {
            lock.own.extend(PackageName::listed(Ecosystem::Pypi, &package.name, ""));
            lock.own_folders.extend(package.folder().filter(|folder| is_below(folder)).map(str::to_owned));
        }
        if let Some(place) = place {
            by_name.entry(normal(&package.name)).or_default().push(place);
        }
        places.push(place);
    }
    for (package, own) in packages.iter().zip(&places) {
        let lists = [&package.dependencies].into_iter().chain(package.optional.values()).chain(package.groups.values());
        let mut needs = Vec::new();
        for (name, version) in lists.flat_map(Needs::names) {
            let found = by_name.get(&normal(name)).into_iter().flatten().take(MOST_VERSIONS);
            let fits = |place: &&usize| version.is_none_or(|version| lock.packages[**place].package.version.as_deref() == Some(version));
            needs.extend(found.filter(fits).copied());
        }
        match own {
            Some(own) => lock.packages[*own].needs = needs,
            None if is_own(package) => needs.into_iter().for_each(|need| lock.packages[need].is_direct = true),
            None => {}
        }
    }
    lock
}

fn source(table: &Table) -> Source {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    match (text("type"), text("git"), text("path").or_else(|| text("directory")).or_else(|| text("editable"))) {
        (_, Some(git), _) => {
            let (url, commit) = git.split_once('#').unwrap_or((git, ""));
            Source::Git { url: url.split('?').next().unwrap_or(url).to_owned(), commit: (!commit.is_empty()).then(|| commit.to_owned()) }
        }
        (Some("git"), ..) => {
            Source::Git { url: text("url").unwrap_or_default().to_owned(), commit: text("resolved_reference").map(str::to_owned) }
        }
        (Some("directory" | "file"), ..) => Source::Path(text("url").unwrap_or_default().to_owned()),
        (Some("url"), ..) => Source::Url(text("url").unwrap_or_default().to_owned()),
        (_, _, Some(path)) => Source::Path(path.to_owned()),
        _ => text("url").filter(|_| !table.contains_key("type")).map_or(Source::Registry, |url| Source::Url(url.to_owned())),
    }
}

/// What a `pyproject.toml` asks for, in the tables of poetry and in the standard's, by normal names.
fn asked_for(text: &str) -> HashSet<String> {
    let file: Table = toml::from_str(text).unwrap_or_default();
    let mut names = Vec::new();
    let project = file.get("project").and_then(Value::as_table);
    let lists = project.and_then(|project| project.get("dependencies")).into_iter();
    let optional = project.and_then(|project| project.get("optional-dependencies")?.as_table()).into_iter().flat_map(Table::values);
    let groups = file.get("dependency-groups").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for requirement in lists.chain(optional).chain(groups).filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        names.push(name_of(requirement).to_owned());
    }
    let of_pdm = file.get("tool").and_then(|tool| tool.get("pdm")?.get("dev-dependencies")?.as_table()).into_iter().flat_map(Table::values);
    names.extend(of_pdm.filter_map(Value::as_array).flatten().filter_map(Value::as_str).map(|one| name_of(one).to_owned()));
    let poetry = file.get("tool").and_then(|tool| tool.get("poetry"));
    let tables = ["dependencies", "dev-dependencies"].iter().filter_map(|key| poetry?.get(*key)?.as_table());
    let in_groups = poetry.and_then(|poetry| poetry.get("group")?.as_table()).into_iter().flat_map(Table::values);
    let tables = tables.chain(in_groups.filter_map(|group| group.get("dependencies")?.as_table()));
    names.extend(tables.flat_map(Table::keys).cloned());
    names.retain(|name| name != "python" && !name.is_empty());
    names.iter().map(|name| Ecosystem::Pypi.normal(name)).collect()
}

/// The name that a requirement begins with.
fn name_of(requirement: &str) -> &str {
    requirement.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).next().unwrap_or_default()
}

fn is_below(folder: &str) -> bool {
    !folder.contains(['\\', ':']) && folder.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Of one name for different platforms and interpreters.
const MOST_VERSIONS: usize = 100;
