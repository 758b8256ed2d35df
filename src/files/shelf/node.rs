//! Packages in `node_modules`, flat or nested as npm lays them, or behind links as pnpm does. One link is followed for a package, and none
//! within it: that pnpm's lead in circles is nothing to this reader.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::{folders, text_of};
use crate::files::error::Error;
use crate::files::package::{About, Installed, Need, PackageName, web};
use crate::files::project::Dependency;

/// Those of a project.
#[derive(Debug)]
pub(super) struct Modules {
    project: Option<PathBuf>,
    /// The folders in pnpm's own, by their names: read once, as there is one for each package.
    stored: OnceLock<BTreeMap<String, PathBuf>>,
}

impl Modules {
    pub(super) fn new(project: Option<&Path>) -> Self {
        Self { project: project.map(Path::to_owned), stored: OnceLock::new() }
    }

    /// Versions of a package at the top of `node_modules`, and in pnpm's own folder.
    pub(super) fn of(&self, name: &str) -> Vec<(String, PathBuf)> {
        let Some(modules) = self.project.as_ref().map(|project| project.join("node_modules")) else { return Vec::new() };
        let stored = self.stored.get_or_init(|| folders(&modules.join(".pnpm")).into_iter().collect());
        let beginning = format!("{}@", pnpm_name(name));
        let stored = stored.range(beginning.clone()..).take_while(|(folder, _)| folder.starts_with(&beginning));
        let roots = [modules.join(name)].into_iter().chain(stored.map(|(_, path)| path.join("node_modules").join(name)));
        let real = roots.filter_map(|root| fs::canonicalize(root).ok());
        real.filter_map(|root| Some((manifest(&root)?.get("version")?.as_str()?.to_owned(), root))).collect()
    }

    /// The folder that a lock file gives a package, if the version there is the one that it says.
    pub(super) fn locked(&self, dependency: &Dependency) -> Option<PathBuf> {
        let (project, package) = (self.project.as_ref()?, &dependency.package);
        let is_it = |root: &PathBuf| {
            let found = manifest(root);
            let version = found.as_ref().and_then(|manifest| manifest.get("version")?.as_str());
            found.is_some() && (package.version.is_none() || version == package.version.as_deref())
        };
        let named = dependency.at.as_ref().map(|at| project.join(at));
        named.into_iter().filter_map(|at| fs::canonicalize(at).ok()).find(is_it).or_else(|| {
            let there = self.of(&package.name);
            there.into_iter().find(|(version, _)| package.version.as_deref().is_none_or(|wanted| wanted == version)).map(|(_, root)| root)
        })
    }
}

/// As pnpm names its folders: `/` becomes `+`.
fn pnpm_name(name: &str) -> String {
    name.replace('/', "+")
}

pub(super) fn read(package: &PackageName, root: &Path) -> Result<Installed, Error> {
    let path = root.join("package.json");
    let text = text_of(&path).ok_or_else(|| Error::NotFound { path: path.clone() })?;
    let manifest: Value = serde_json::from_str(&text).map_err(|error| Error::broken(&path, error.line(), error.to_string()))?;
    let field = |name: &str| manifest.get(name).and_then(Value::as_str).map(str::to_owned);
    let repository = match manifest.get("repository") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Object(fields)) => fields.get("url").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    let homepage = field("homepage").and_then(|url| web(&url));
    let readme = ["README.md", "readme.md", "Readme.md", "README"].into_iter().find(|name| root.join(name).is_file());
    Ok(Installed {
        package: PackageName { version: package.version.clone().or_else(|| field("version")), ..package.clone() },
        root: root.to_owned(),
        parts: Vec::new(),
        modules: vec![described(&package.name)],
        needs: needs(&manifest),
        description: None,
        about: About {
            description: field("description"),
            // A page of the repository is where its README is, which is read from the disk.
            documentation: homepage.clone().filter(|url| !matches!(url.host_str(), Some("github.com" | "gitlab.com"))),
            homepage,
            repository: repository.and_then(|text| repository_page(&text)),
            readme: readme.map(str::to_owned),
        },
    })
}

/// What programs import: `@types/a__b` describes `@a/b`.
fn described(name: &str) -> String {
    match name.strip_prefix("@types/") {
        None => name.to_owned(),
        Some(of) => of.split_once("__").map_or_else(|| of.to_owned(), |(scope, name)| format!("@{scope}/{name}")),
    }
}

/// What it needs, in whatever version: also of those that use it.
fn needs(manifest: &Value) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    for (list, is_optional) in [("dependencies", false), ("optionalDependencies", true), ("peerDependencies", true)] {
        let names = manifest.get(list).and_then(Value::as_object).into_iter().flat_map(|list| list.keys()).take(MOST_NEEDS);
        needs.extend(names.map(|name| Need { name: name.clone(), called: None, is_optional }));
    }
    needs
}

/// `git+https://…`, `git://github.com/…`, `github:o/r`, `o/r`.
fn repository_page(text: &str) -> Option<url::Url> {
    let text = text.trim().trim_start_matches("git+");
    let text = text.trim_end_matches(".git");
    match text.split_once(':') {
        Some(("https" | "http", _)) => web(text),
        Some(("git", rest)) => web(&format!("https:{rest}")),
        Some(("ssh", rest)) => web(&format!("https://{}", rest.trim_start_matches("//").trim_start_matches("git@"))),
        Some(("github", rest)) => web(&format!("https://github.com/{rest}")),
        Some(("gitlab", rest)) => web(&format!("https://gitlab.com/{rest}")),
        Some(("git@github.com", rest)) => web(&format!("https://github.com/{rest}")),
        None if text.split('/').count() == 2 && !text.contains(char::is_whitespace) => web(&format!("https://github.com/{text}")),
        _ => None,
    }
}

fn manifest(root: &Path) -> Option<Value> {
    serde_json::from_str(&text_of(&root.join("package.json"))?).ok()
}

/// Entries of one list of dependencies.
const MOST_NEEDS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_written_in_many_ways() {
        for (text, wanted) in [
            ("git+https://github.com/o/r.git", Some("https://github.com/o/r")),
            ("git://github.com/o/r.git", Some("https://github.com/o/r")),
            ("github:o/r", Some("https://github.com/o/r")),
            ("o/r", Some("https://github.com/o/r")),
            ("git+ssh://git@github.com/o/r.git", Some("https://github.com/o/r")),
            ("git@github.com:o/r.git", Some("https://github.com/o/r")),
            ("javascript:alert(1)", None),
            ("a b/c", None),
        ] {
            assert_eq!(repository_page(text).as_ref().map(url::Url::as_str), wanted, "{text}");
        }
    }
}
