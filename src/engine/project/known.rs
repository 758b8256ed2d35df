//! What is kept of a project and of a package beside its symbols, and how the rooms that read the disk and those that know symbols call
//! the same thing.

use serde::{Deserialize, Serialize};
use url::Url;

use super::Include;
use super::own::OwnCrate;
use crate::files::{Ecosystem, Installed, Need, PackageName};
use crate::store::StoredPackage;
use crate::symbols::{self, Kind, Package, PackageId};

/// What a project uses, as the store keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::engine) struct Known {
    pub include: Include,
    pub locks: Vec<String>,
    pub uses: Vec<Use>,
    /// Names under which code reaches the project itself: of Rust, and what Python finds in its folder.
    pub own_crates: Vec<String>,
    pub own_modules: Vec<String>,
    /// Of npm: packages of its workspace, and other names of packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_scripts: Vec<String>,
    /// Those of the crates whose sources lie where they are looked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_sources: Vec<OwnCrate>,
    /// What the project's manifests call by another name than its package has: that name, and the package's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<(String, String)>,
    /// It uses more than `uses` names.
    #[serde(default)]
    pub is_partial: bool,
    pub notes: Vec<String>,
}

/// A package that a project uses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::engine) struct Use {
    #[serde(with = "by_name")]
    pub ecosystem: Ecosystem,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub is_direct: bool,
    pub state: State,
    /// The names under which code reaches it; a guess where it is missing.
    pub roots: Vec<String>,
    /// Places of the packages that it uses, as the lock file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<usize>,
    /// Where it lies, if its version does not say what is in it; empty where it was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Why it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What would bring it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Url>,
}

/// How much of a package is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum State {
    /// Its symbols are in the store.
    Read,
    /// It lies on the disk; only direct ones were asked for.
    NotAskedFor,
    /// It does not lie on the disk, or cannot be read.
    Missing,
}

impl Use {
    pub fn of(found: &Installed) -> Self {
        Self {
            ecosystem: found.package.ecosystem,
            name: found.package.name.clone(),
            version: found.package.version.clone(),
            is_direct: false,
            state: State::Read,
            roots: roots(found),
            needs: Vec::new(),
            place: None,
            why: None,
            command: None,
            documentation: found.about.documentation.clone(),
        }
    }

    pub fn missing(package: &PackageName, why: String, command: &str) -> Self {
        let version = package.version.as_deref();
        // Every public version has its page there.
        let documentation = match package.ecosystem {
            Ecosystem::Cargo => Some(format!("https://docs.rs/{}/{}", package.name, version.unwrap_or("latest"))),
            Ecosystem::Go => Some(format!("https://pkg.go.dev/{}{}", package.name, version.map(|v| format!("@{v}")).unwrap_or_default())),
            _ => None,
        };
        Self {
            ecosystem: package.ecosystem,
            name: package.name.clone(),
            version: package.version.clone(),
            is_direct: false,
            state: State::Missing,
            roots: vec![package.name.replace(['-', '.'], "_")],
            needs: Vec::new(),
            place: None,
            why: Some(why),
            command: Some(command.to_owned()).filter(|command| !command.is_empty()),
            documentation: documentation.and_then(|url| Url::parse(&url).ok()),
        }
    }

    pub fn name(&self) -> PackageName {
        PackageName { ecosystem: self.ecosystem, name: self.name.clone(), version: self.version.clone() }
    }

    pub fn id(&self) -> PackageId {
        id_of(&self.name())
    }

    /// Whether what is kept under its name is of this one, and not of another that has its version: a fork, or another folder.
    pub fn is_kept_as(&self, about: &About) -> bool {
        self.place == about.place
    }
}

/// What is kept of a package beside its symbols.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::engine) struct About {
    pub roots: Vec<String>,
    /// Other packages of which it says what they have besides: `declare module "fastify"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub describes: Vec<String>,
    /// What of its folder was read, so that it can be told whether that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<Url>,
    /// Why only a part of it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partly: Option<String>,
    /// As of a [`Use`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// As [`Need`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::engine) struct Needed {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_optional: bool,
}

impl About {
    pub fn of(found: &Installed) -> Self {
        let needed = |need: &Need| Needed { name: need.name.clone(), called: need.called.clone(), is_optional: need.is_optional };
        Self {
            roots: roots(found),
            describes: Vec::new(),
            parts: Some(found.parts.clone()),
            needs: found.needs.iter().map(needed).collect(),
            documentation: found.about.documentation.clone(),
            partly: None,
            place: None,
        }
    }
}

/// The first segments of what code names, each once.
fn roots(found: &Installed) -> Vec<String> {
    let mut roots: Vec<String> = match found.package.ecosystem {
        Ecosystem::Pypi => found.modules.iter().filter_map(|module| module.split('.').next()).map(str::to_owned).collect(),
        // Descriptions of another package's types are about that one.
        Ecosystem::Npm => found.modules.iter().map(|module| module.strip_prefix("@types/").unwrap_or(module).to_owned()).collect(),
        _ => found.modules.clone(),
    };
    roots.sort_unstable();
    roots.dedup();
    roots
}

/// Roots of modules that a package of npm describes and that are not its own.
pub(super) fn described(package: &Package, own: &[String]) -> Vec<String> {
    let is_script = package.id.ecosystem == symbols::Ecosystem::Npm;
    let modules = package.symbols.iter().filter(|symbol| is_script && symbol.kind == Kind::Module && !symbol.path.contains('#'));
    let root = |path: &str| {
        let slashes = if path.starts_with('@') { 2 } else { 1 };
        path[..path.match_indices('/').nth(slashes - 1).map_or(path.len(), |(at, _)| at)].to_owned()
    };
    let mut roots: Vec<String> = modules.map(|symbol| root(&symbol.path)).filter(|root| !own.contains(root)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots.truncate(MOST_DESCRIBED);
    roots
}

/// The ecosystem as symbols know it.
pub(in crate::engine) fn ecosystem(ecosystem: Ecosystem) -> symbols::Ecosystem {
    match ecosystem {
        Ecosystem::Cargo => symbols::Ecosystem::Cargo,
        Ecosystem::Pypi => symbols::Ecosystem::PyPi,
        Ecosystem::Npm => symbols::Ecosystem::Npm,
        _ => symbols::Ecosystem::Go,
    }
}

pub(in crate::engine) fn id_of(package: &PackageName) -> PackageId {
    PackageId::new(ecosystem(package.ecosystem), &*package.name, package.version.as_deref().unwrap_or_default())
}

/// The package that a row of the store is of; none of a kind that a later version knows.
pub(in crate::engine) fn name_of(stored: &StoredPackage) -> Option<PackageName> {
    let ecosystem = by_name::parse(&stored.ecosystem)?;
    Some(PackageName { ecosystem, name: stored.name.clone(), version: Some(stored.version.clone()).filter(|version| !version.is_empty()) })
}

/// Ecosystems as they are written before a package's name.
mod by_name {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::files::Ecosystem;

    pub fn parse(name: &str) -> Option<Ecosystem> {
        [Ecosystem::Cargo, Ecosystem::Pypi, Ecosystem::Npm, Ecosystem::Go].into_iter().find(|of| of.as_str() == name)
    }

    pub fn serialize<S: Serializer>(of: &Ecosystem, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(of.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Ecosystem, D::Error> {
        let name = String::deserialize(from)?;
        parse(&name).ok_or_else(|| D::Error::custom("an unknown kind of package"))
    }
}

/// Another number is a reader that reads more, or otherwise: all is read again.
pub(super) const READER: u32 = 6;
/// Packages that one describes.
const MOST_DESCRIBED: usize = 1_000;
/// The ecosystem of rows that have what was read of the project's own code.
pub(in crate::engine) const OWN: &str = "own";
