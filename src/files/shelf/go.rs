//! Modules of Go, as the module cache has them: `PATH@VERSION`, with `!` before what was a capital letter
//! (<https://go.dev/ref/mod#module-cache>).

use std::path::{Path, PathBuf};

use super::{folders, text_of};
use crate::files::package::{About, Installed, PackageName, web};

/// Versions and their folders.
pub(super) fn of(cache: Option<&Path>, name: &str) -> Vec<(String, PathBuf)> {
    let Some(cache) = cache else { return Vec::new() };
    let escaped = escaped(name);
    let (folder, last) = escaped.rsplit_once('/').unwrap_or(("", &escaped));
    let prefix = format!("{last}@");
    let versions =
        folders(&cache.join(folder)).into_iter().filter_map(|(found, path)| Some((found.strip_prefix(&prefix)?.to_owned(), path)));
    versions.map(|(version, path)| (unescaped(&version), path)).collect()
}

/// The module in the project's `vendor`, whose list of versions says that it is this one.
pub(super) fn vendored(project: &Path, package: &PackageName) -> Option<PathBuf> {
    let list = text_of(&project.join("vendor/modules.txt"))?;
    let line = format!("# {} {}", package.name, package.version.as_deref()?);
    list.lines()
        .any(|found| found.trim_end() == line || found.starts_with(&format!("{line} ")))
        .then(|| project.join("vendor").join(&package.name))
}

pub(super) fn read(package: &PackageName, root: &Path) -> Installed {
    let version = package.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let readme = ["README.md", "README", "readme.md", "README.rst"].into_iter().find(|name| root.join(name).is_file());
    let about = About {
        // Every public module has its page there.
        documentation: web(&format!("https://pkg.go.dev/{}{version}", package.name)),
        repository: web(&format!("https://{}", package.name))
            .filter(|_| package.name.starts_with("github.com/") || package.name.starts_with("gitlab.com/")),
        readme: readme.map(str::to_owned),
        ..About::default()
    };
    Installed {
        package: package.clone(),
        root: root.to_owned(),
        parts: Vec::new(),
        modules: vec![package.name.clone()],
        description: None,
        about,
    }
}

fn escaped(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(character.to_ascii_lowercase());
    }
    escaped
}

fn unescaped(version: &str) -> String {
    let mut plain = String::with_capacity(version.len());
    let mut is_capital = false;
    for character in version.chars() {
        match character {
            '!' => is_capital = true,
            other if std::mem::take(&mut is_capital) => plain.push(other.to_ascii_uppercase()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_escaped_and_back() {
        assert_eq!(escaped("github.com/BurntSushi/toml"), "github.com/!burnt!sushi/toml");
        assert_eq!(unescaped("v1.0.0-!r!c1"), "v1.0.0-RC1");
    }
}
