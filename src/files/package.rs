//! Packages by name, and what is known of one that lies on the disk.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use url::Url;

use super::error::Error;

/// Where packages of a kind are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Ecosystem {
    #[serde(rename = "crate")]
    Cargo,
    Pypi,
    Npm,
    Go,
}

impl Ecosystem {
    /// As it is written before a package's name: `crate`, `pypi`, `npm`, `go`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "crate",
            Self::Pypi => "pypi",
            Self::Npm => "npm",
            Self::Go => "go",
        }
    }

    pub(super) const ALL: [Self; 4] = [Self::Cargo, Self::Pypi, Self::Npm, Self::Go];

    /// A name as packages of this kind are compared: PyPI knows no case and one of `-`, `_` and `.`
    /// (<https://packaging.python.org/en/latest/specifications/name-normalization/>), crates know no difference of `-` and `_`.
    pub fn normal(self, name: &str) -> String {
        match self {
            Self::Pypi => {
                let mut normal = String::with_capacity(name.len());
                for character in name.chars() {
                    match character {
                        '-' | '_' | '.' if normal.ends_with('-') => {}
                        '-' | '_' | '.' => normal.push('-'),
                        other => normal.extend(other.to_lowercase()),
                    }
                }
                normal
            }
            Self::Cargo => name.replace('_', "-"),
            Self::Npm | Self::Go => name.to_owned(),
        }
    }

    fn allows(self, name: &str) -> bool {
        let is_word = |text: &str, more: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-' || more.contains(c))
        };
        let is_short = name.len() <= LONGEST;
        is_short
            && match self {
                Self::Cargo => is_word(name, ""),
                Self::Pypi => is_word(name, "."),
                Self::Npm => match name.strip_prefix('@') {
                    Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| is_word(scope, ".~") && is_word(name, ".~")),
                    None => is_word(name, ".~"),
                },
                // A path whose first element is a host (https://go.dev/ref/mod#go-mod-file-ident).
                Self::Go => name.split('/').all(|part| is_word(part, ".~") && part != ".."),
            }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A package, and the version where one is meant.
///
/// ```
/// use smolcrawl::files::PackageName;
///
/// let name = PackageName::parse("npm:@types/node@20.1.0")?;
/// assert_eq!((&*name.name, name.version.as_deref()), ("@types/node", Some("20.1.0")));
/// assert_eq!(PackageName::parse("pypi:requests==2.31")?.to_string(), "pypi:requests@2.31");
/// assert!(PackageName::parse("crate:../x").is_err());
/// # Ok::<(), smolcrawl::files::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PackageName {
    pub ecosystem: Ecosystem,
    /// As it was written.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl PackageName {
    /// Parses `crate:NAME`, `pypi:NAME`, `npm:NAME` or `go:PATH`, with `@VERSION` behind it where one is meant (`==VERSION` for PyPI).
    ///
    /// # Errors
    /// [`Error::Origin`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why, hint: &str| Error::Origin { text: text.to_owned(), why, hint: hint.to_owned() };
        let examples = "as in crate:smol@2.0.2, pypi:requests, npm:@types/node or go:golang.org/x/net@v0.30.0";
        let (kind, rest) = text.trim().split_once(':').ok_or_else(|| wrong("names no package", examples))?;
        let ecosystem = Ecosystem::ALL.into_iter().find(|of| of.as_str() == kind).ok_or_else(|| wrong("names no package", examples))?;
        // The first character may be the mark of a scope.
        let mark = rest.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        let (name, version) = match (mark, rest.split_once("==")) {
            (_, Some((name, version))) if ecosystem == Ecosystem::Pypi => (name.trim(), Some(version.trim())),
            (Some(at), _) => (&rest[..at], Some(&rest[at + 1..])),
            (None, _) => (rest, None),
        };
        if !ecosystem.allows(name) {
            return Err(wrong("has a name that no such package can have", examples));
        }
        if version.is_some_and(|version| !is_version(version)) {
            return Err(wrong("has a version that is none", "name one version, as in crate:smol@2.0.2; ranges are not understood"));
        }
        Ok(Self { ecosystem, name: name.to_owned(), version: version.map(str::to_owned) })
    }

    /// A package of a list that somebody else wrote; none if it could not be a package's name or version, as it becomes part of a path.
    pub(super) fn listed(ecosystem: Ecosystem, name: &str, version: &str) -> Option<Self> {
        let is_one = ecosystem.allows(name) && (version.is_empty() || is_version(version));
        is_one.then(|| Self { ecosystem, name: name.to_owned(), version: (!version.is_empty()).then(|| version.to_owned()) })
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.ecosystem, self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

fn is_version(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | '!' | '~');
    (1..=LONGEST).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(is_part)
        && !text.contains("..")
}

/// A package that lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// With its version.
    pub package: PackageName,
    /// Its folder. Of Python the folder that it shares with other packages.
    pub root: PathBuf,
    /// Of Python, what of the root is its own: files and folders, with `/` between names. Empty: all of the root is.
    pub parts: Vec<String>,
    /// What programs name when they use it, where that is not the name of the package: modules of Python, the library of a crate.
    pub modules: Vec<String>,
    /// What it says itself that it needs, of crates and of Python: in whatever version the project uses.
    pub needs: Vec<Need>,
    /// Of Python, the file below the root that has its README behind a head of fields.
    pub description: Option<String>,
    pub about: About,
}

/// A package that another one says it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    pub name: String,
    /// What its code calls it, where that is not the package's own name for code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// Only if a feature, an extra or the platform asks for it.
    pub is_optional: bool,
}

/// What a package says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its documentation is: what it says itself, else where every package of its kind has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Url>,
    /// The README where it is named, below the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readme: Option<String>,
}

/// Only addresses that a crawl can ask for.
pub(super) fn web(text: &str) -> Option<Url> {
    let text = text.trim();
    let text = text.strip_prefix("git+").unwrap_or(text);
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty())
}

/// Bytes of a name, and of a version.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_written_as_their_kind_writes_them() {
        for (text, wanted) in [
            ("crate:serde", "crate:serde"),
            ("crate:serde_json@1.0.1", "crate:serde_json@1.0.1"),
            ("npm:@scope/a.b@1.0.0-rc.1", "npm:@scope/a.b@1.0.0-rc.1"),
            ("npm:react", "npm:react"),
            ("go:golang.org/x/net@v0.1.0", "go:golang.org/x/net@v0.1.0"),
            ("pypi:ruamel.yaml == 0.18", "pypi:ruamel.yaml@0.18"),
            ("pypi:x@1!2.0+local", "pypi:x@1!2.0+local"),
        ] {
            assert_eq!(PackageName::parse(text).unwrap().to_string(), wanted);
        }
    }

    #[test]
    fn what_could_leave_its_folder_is_no_package() {
        for bad in [
            "crate:",
            "crate:../x",
            "crate:a/b",
            "npm:@x",
            "npm:@x/",
            "npm:../x",
            "npm:@../x",
            "npm:a/../b",
            "go:../x",
            "go:a//b",
            "go:/x",
            "pypi:-x",
            "crate:x@",
            "crate:x@../y",
            "crate:x@1..2",
            "crate:x@^1",
            "gem:x",
            "x",
            "crate:a b",
            "npm:@a/b@c/d",
            "crate:x@-1",
        ] {
            let error = PackageName::parse(bad).unwrap_err();
            assert!(error.hint().is_some(), "{bad}: {error}");
        }
        assert_eq!(PackageName::listed(Ecosystem::Npm, "../x", "1"), None);
    }

    #[test]
    fn names_are_compared_as_their_kind_does() {
        assert_eq!(Ecosystem::Pypi.normal("Foo__Bar.baz"), "foo-bar-baz");
        assert_eq!(Ecosystem::Cargo.normal("a_b-c"), "a-b-c");
        assert_eq!(Ecosystem::Npm.normal("A_b"), "A_b");
    }
}
