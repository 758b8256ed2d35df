//! Crates as cargo keeps them: `registry/src/*/NAME-VERSION`, and `git/checkouts/NAME-HASH/COMMIT`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{folders, text_of};
use crate::files::error::Error;
use crate::files::package::{About, Ecosystem, Installed, Need, PackageName, web};

#[derive(Debug)]
pub(super) struct Registry {
    /// By name with `-` for `_`: version and folder.
    crates: HashMap<String, Vec<(String, PathBuf)>>,
    checkouts: Option<PathBuf>,
}

impl Registry {
    pub(super) fn new(cargo_home: Option<&Path>) -> Self {
        let mut crates: HashMap<String, Vec<_>> = HashMap::new();
        let sources = cargo_home.map(|home| folders(&home.join("registry/src"))).unwrap_or_default();
        for (name, path) in sources.iter().flat_map(|(_, source)| folders(source)) {
            if let Some((name, version)) = split(&name) {
                crates.entry(Ecosystem::Cargo.normal(name)).or_default().push((version.to_owned(), path));
            }
        }
        Self { crates, checkouts: cargo_home.map(|home| home.join("git/checkouts")) }
    }

    pub(super) fn of(&self, name: &str) -> Vec<(String, PathBuf)> {
        self.crates.get(&Ecosystem::Cargo.normal(name)).cloned().unwrap_or_default()
    }

    /// The folder of a crate in a repository that cargo has checked out.
    pub(super) fn checkout(&self, url: &str, commit: Option<&str>, name: &str) -> Option<PathBuf> {
        let commit = commit?;
        let repository = url.trim_end_matches('/').trim_end_matches(".git").rsplit(['/', ':']).next()?.to_lowercase();
        let of_repository = folders(self.checkouts.as_deref()?)
            .into_iter()
            .filter(|(folder, _)| folder.rsplit_once('-').is_some_and(|(named, _)| named.to_lowercase() == repository));
        let mut of_commit =
            of_repository.flat_map(|(_, path)| folders(&path)).filter(|(short, _)| short.len() >= 7 && commit.starts_with(&**short));
        of_commit.find_map(|(_, root)| member(&root, name))
    }
}

/// `smol-2.0.2`, `base64-0.23.0-rc.1`: the version begins at the first digit after a `-` that has a dot behind its number.
fn split(folder: &str) -> Option<(&str, &str)> {
    let mut ends = folder.match_indices('-').map(|(at, _)| at);
    let at = ends.find(|at| {
        let digits = folder[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && folder[at + 1 + digits..].starts_with('.')
    })?;
    Some((&folder[..at], &folder[at + 1..]))
}

/// The crate of that name in a workspace: the root, or a folder not far below.
fn member(root: &Path, name: &str) -> Option<PathBuf> {
    let is_it = |manifest: &toml::Table| text(manifest, &["package", "name"]).as_deref() == Some(name);
    manifests(root).find(|(_, manifest)| is_it(manifest)).map(|(folder, _)| folder)
}

/// What the crates of a workspace say of themselves, each with its folder.
fn manifests(root: &Path) -> impl Iterator<Item = (PathBuf, toml::Table)> {
    let mut ahead = vec![(root.to_owned(), 0)];
    let mut looked = 0;
    let folders = std::iter::from_fn(move || {
        let (folder, depth) = ahead.pop()?;
        looked += 1;
        if depth < DEEPEST && looked < MAX_MEMBERS {
            let below = folders(&folder).into_iter().rev().filter(|(name, path)| {
                !name.starts_with('.')
                    && !matches!(&**name, "target" | "node_modules")
                    && path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
            });
            ahead.extend(below.map(|(_, path)| (path, depth + 1)));
        }
        Some(folder)
    });
    folders.filter_map(|folder| manifest(&folder).map(|manifest| (folder, manifest)))
}

/// Names by which crates of a workspace call others that have another name, in whatever they are built or tested with; each with the others' own.
pub(super) fn renamed(root: &Path) -> Vec<(String, String)> {
    let other = |called: &str, value: &toml::Value| {
        let package = value.get("package").and_then(toml::Value::as_str);
        let package = package.filter(|package| Ecosystem::Cargo.normal(package) != Ecosystem::Cargo.normal(called))?;
        Some((called.replace('-', "_"), package.to_owned()))
    };
    let of_tables = |tables: &toml::Table| -> Vec<(String, String)> {
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        let all = kinds.iter().filter_map(|kind| tables.get(*kind)?.as_table()).flatten();
        all.filter_map(|(called, value)| other(called, value)).collect()
    };
    let mut renamed = Vec::new();
    for (_, manifest) in manifests(root) {
        let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
        let workspace = manifest.get("workspace").into_iter();
        let parts = targets.chain(workspace).filter_map(toml::Value::as_table);
        renamed.extend(std::iter::once(&manifest).chain(parts).flat_map(of_tables));
    }
    renamed.sort_unstable();
    renamed.dedup();
    renamed
}

/// The crates of a workspace whose modules lie in `src`, as cargo has it where nothing else is said: that folder is all that is theirs.
pub(super) fn own(root: &Path) -> Vec<Installed> {
    let is_usual = |folder: &Path, manifest: &toml::Table| {
        text(manifest, &["lib", "path"]).is_none_or(|path| path == "src/lib.rs") && folder.join("src").is_dir()
    };
    let crates = manifests(root).filter(|(folder, manifest)| is_usual(folder, manifest)).filter_map(|(folder, manifest)| {
        let package = PackageName::listed(Ecosystem::Cargo, &text(&manifest, &["package", "name"])?, "")?;
        Some(Installed { parts: vec!["src".to_owned()], ..read(&package, &folder).ok()? })
    });
    crates.collect()
}

/// What a crate says of itself.
pub(super) fn read(package: &PackageName, root: &Path) -> Result<Installed, Error> {
    let path = root.join("Cargo.toml");
    let content = text_of(&path).ok_or_else(|| Error::NotFound { path: path.clone() })?;
    let manifest: toml::Table = toml::from_str(&content).map_err(|error| crate::files::project::of_toml(&path, &content, &error))?;
    let field = |name: &str| text(&manifest, &["package", name]);
    let version = package.version.clone().or_else(|| field("version"));
    let documentation = field("documentation").and_then(|url| web(&url));
    let of_version = || web(&format!("https://docs.rs/{}/{}", package.name, version.as_deref().unwrap_or("latest")));
    // A crate may name the newest version there; what is meant is the one that is used.
    let documentation = documentation.filter(|url| url.host_str() != Some("docs.rs")).or_else(of_version);
    let library = text(&manifest, &["lib", "name"]).unwrap_or_else(|| package.name.replace('-', "_"));
    Ok(Installed {
        package: PackageName { version, ..package.clone() },
        root: root.to_owned(),
        parts: Vec::new(),
        modules: vec![library],
        needs: needs(&manifest),
        description: None,
        about: About {
            description: field("description").map(|text| text.trim().to_owned()),
            documentation,
            homepage: field("homepage").and_then(|url| web(&url)),
            repository: field("repository").and_then(|url| web(&url)),
            readme: field("readme"),
        },
    })
}

/// Its dependencies, those of single platforms with them; what it is built and tested with is none of its library.
fn needs(manifest: &toml::Table) -> Vec<Need> {
    let table = |table: &toml::Table, name: &str| table.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let targets = table(manifest, "target");
    let of_targets = targets.values().filter_map(toml::Value::as_table).map(|target| (table(target, "dependencies"), true));
    let mut needs = Vec::new();
    for (dependencies, is_of_a_target) in std::iter::once((table(manifest, "dependencies"), false)).chain(of_targets) {
        for (called, value) in dependencies {
            let package = value.get("package").and_then(toml::Value::as_str);
            needs.push(Need {
                name: package.unwrap_or(&called).to_owned(),
                called: package.map(|_| called.replace('-', "_")),
                is_optional: is_of_a_target || value.get("optional").and_then(toml::Value::as_bool).unwrap_or(false),
            });
        }
    }
    needs
}

fn manifest(folder: &Path) -> Option<toml::Table> {
    toml::from_str(&text_of(&folder.join("Cargo.toml"))?).ok()
}

fn text(table: &toml::Table, path: &[&str]) -> Option<String> {
    let (last, before) = path.split_last()?;
    let table = before.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?;
    table.get(*last)?.as_str().map(str::to_owned)
}

const DEEPEST: usize = 4;
const MAX_MEMBERS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_name_and_a_version() {
        for (folder, name, version) in [
            ("smol-2.0.2", "smol", "2.0.2"),
            ("utf-8-0.7.6", "utf-8", "0.7.6"),
            ("base64-0.23.0-rc.1", "base64", "0.23.0-rc.1"),
            ("toml-0.9.12+spec-1.1.0", "toml", "0.9.12+spec-1.1.0"),
            ("md-5-0.10.6", "md-5", "0.10.6"),
        ] {
            assert_eq!(split(folder), Some((name, version)));
        }
        assert_eq!(split("nothing"), None);
    }
}
