//! Packages that lie on the disk, where the tools of each ecosystem put them. Only looked at: no tool is asked, and nothing of a package is
//! run.

mod cargo;
mod go;
mod node;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::folder::read_file;
use super::package::{Ecosystem, Installed, PackageName};
use super::project::{Dependency, Source};
use super::version::compare;

/// Where packages are looked for. Whoever reads the environment fills it in; what is not there is no error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `$CARGO_HOME`, else `~/.cargo`.
    pub cargo_home: Option<PathBuf>,
    /// `$GOMODCACHE`, else `$GOPATH/pkg/mod`, else `~/go/pkg/mod`.
    pub go_mod_cache: Option<PathBuf>,
    /// `$VIRTUAL_ENV`: the environment of Python that is active.
    pub virtual_env: Option<PathBuf>,
    /// The folder of a project: its `node_modules`, and its `.venv` where no environment is active.
    pub project: Option<PathBuf>,
}

/// What lies where, looked up once.
#[derive(Debug)]
pub struct Shelf {
    places: Places,
    cargo: cargo::Registry,
    python: python::Environment,
    modules: node::Modules,
}

impl Shelf {
    /// Looks at the names of folders, of which there are some thousand at the most. Blocking.
    pub fn new(places: Places) -> Self {
        let cargo = cargo::Registry::new(places.cargo_home.as_deref());
        let python = python::Environment::new(&places);
        let modules = node::Modules::new(places.project.as_deref());
        Self { places, cargo, python, modules }
    }

    /// The package by its name; without a version the highest that is there. Blocking: it reads what the package says of itself.
    ///
    /// ```
    /// use smolcrawl::files::{Error, PackageName, Places, Shelf};
    ///
    /// let cargo = tempfile::tempdir()?;
    /// let root = cargo.path().join("registry/src/index/smol-2.0.2");
    /// std::fs::create_dir_all(&root)?;
    /// std::fs::write(root.join("Cargo.toml"), "[package]\nname = 'smol'\nversion = '2.0.2'")?;
    /// let shelf = Shelf::new(Places { cargo_home: Some(cargo.path().to_owned()), ..Places::default() });
    /// let found = shelf.find(&PackageName::parse("crate:smol")?)?;
    /// assert_eq!(found.about.documentation.unwrap().as_str(), "https://docs.rs/smol/2.0.2");
    /// let Err(Error::NotInstalled { there, .. }) = shelf.find(&PackageName::parse("crate:smol@1.0.0")?) else { panic!() };
    /// assert_eq!(there, ["2.0.2"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotInstalled`], with the versions that are there and what would bring it; [`Error::Broken`], [`Error::Io`].
    pub fn find(&self, package: &PackageName) -> Result<Installed, Error> {
        let mut there = match package.ecosystem {
            Ecosystem::Cargo => self.cargo.of(&package.name),
            Ecosystem::Pypi => self.python.of(&package.name),
            Ecosystem::Npm => self.modules.of(&package.name),
            Ecosystem::Go => go::of(self.places.go_mod_cache.as_deref(), &package.name),
        };
        there.sort_by(|(a, _), (b, _)| compare(a, b).then_with(|| a.cmp(b)));
        there.dedup_by(|(a, _), (b, _)| a == b);
        let wanted = package.version.as_deref();
        let found = match wanted {
            None => there.last(),
            Some(wanted) => there.iter().find(|(version, _)| is_same(package.ecosystem, version, wanted)),
        };
        match found {
            Some((version, at)) => self.read(package.ecosystem, &package.name, version, at),
            None => Err(Error::NotInstalled {
                package: package.clone(),
                there: there.into_iter().rev().map(|(version, _)| version).collect(),
                command: command(package),
            }),
        }
    }

    /// A dependency at exactly the version that the project uses.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn locate(&self, dependency: &Dependency) -> Result<Installed, Error> {
        let package = &dependency.package;
        let missing = || Error::NotInstalled { package: package.clone(), there: Vec::new(), command: dependency.command() };
        let project = self.places.project.as_deref();
        match (package.ecosystem, &dependency.source) {
            (Ecosystem::Cargo, Source::Git { url, commit }) => {
                let root = self.cargo.checkout(url, commit.as_deref(), &package.name).ok_or_else(missing)?;
                cargo::read(package, &root)
            }
            (Ecosystem::Cargo | Ecosystem::Npm | Ecosystem::Go, Source::Path(path)) => {
                let root = project.and_then(|project| fs::canonicalize(project.join(path)).ok()).ok_or_else(missing)?;
                self.read(package.ecosystem, &package.name, package.version.as_deref().unwrap_or_default(), &root)
            }
            (Ecosystem::Npm, _) => {
                let root = self.modules.locked(dependency).ok_or_else(missing)?;
                node::read(package, &root)
            }
            (Ecosystem::Go, _) if let Some(root) = project.and_then(|project| go::vendored(project, package)) => {
                Ok(go::read(package, &root))
            }
            _ => self.find(package).map_err(|error| match error {
                Error::NotInstalled { package, there, .. } => Error::NotInstalled { package, there, command: dependency.command() },
                error => error,
            }),
        }
    }

    /// Names by which the project's own crates call others that have another name, each with that. A lock file does not say them.
    pub fn renamed(&self) -> Vec<(String, String)> {
        self.places.project.as_deref().map(cargo::renamed).unwrap_or_default()
    }

    /// The crates that lie in the project's own folder, each with the part of its folder that is its library's and its program's.
    pub fn own_crates(&self) -> Vec<Installed> {
        self.places.project.as_deref().map(cargo::own).unwrap_or_default()
    }

    fn read(&self, ecosystem: Ecosystem, name: &str, version: &str, at: &Path) -> Result<Installed, Error> {
        let package = PackageName { ecosystem, name: name.to_owned(), version: (!version.is_empty()).then(|| version.to_owned()) };
        match ecosystem {
            Ecosystem::Cargo => cargo::read(&package, at),
            Ecosystem::Pypi => python::read(&package, at),
            Ecosystem::Npm => node::read(&package, at),
            Ecosystem::Go => Ok(go::read(&package, at)),
        }
    }
}

/// What Python finds in a project's own folder, or in its `src`, whether it is ever imported or not: the name of each module, and where it lies
/// below the folder. Blocking.
///
/// ```
/// use smolcrawl::files::modules_in;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::create_dir_all(folder.path().join("src/kettle"))?;
/// std::fs::write(folder.path().join("tool.py"), "")?;
/// let found = modules_in(folder.path());
/// assert_eq!(found, [("kettle".into(), "src/kettle".into()), ("src".into(), "src".into()), ("tool".into(), "tool.py".into())]);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn modules_in(root: &Path) -> Vec<(String, String)> {
    let is_name = |name: &str| is_begin(name) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let module = |below: &str, (name, path): (String, PathBuf)| {
        let is_folder = fs::symlink_metadata(&path).ok()?.is_dir();
        let module = if is_folder { &name } else { name.strip_suffix(".py")? };
        // What tools keep there and make again is marked by them.
        let is_made = is_folder && path.join("CACHEDIR.TAG").is_file();
        (is_name(module) && !is_made).then(|| (module.to_owned(), format!("{below}{name}")))
    };
    let of = |folder: &Path, below: &'static str| -> Vec<(String, String)> {
        folders(folder).into_iter().take(MAX_MODULES).filter_map(|entry| module(below, entry)).collect()
    };
    let mut modules = of(root, "");
    modules.extend(of(&root.join("src"), "src/"));
    modules.sort_unstable();
    modules
}

fn is_begin(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// What somebody would run who wants it on the disk.
fn command(package: &PackageName) -> String {
    let version = |mark: &str| package.version.as_ref().map(|version| format!("{mark}{version}")).unwrap_or_default();
    match package.ecosystem {
        Ecosystem::Cargo => format!("cargo add {}{} && cargo fetch", package.name, version("@=")),
        Ecosystem::Pypi => format!("pip install {}{}", package.name, version("==")),
        Ecosystem::Npm => format!("npm install {}{}", package.name, version("@")),
        Ecosystem::Go => format!("go get {}{}", package.name, version("@")),
    }
}

/// Versions are the same if they are written alike; those of Python also if they differ in zeros at the end.
fn is_same(ecosystem: Ecosystem, there: &str, wanted: &str) -> bool {
    let is_python = ecosystem == Ecosystem::Pypi && !there.contains('+') && !wanted.contains('+');
    there == wanted || is_python && compare(there, wanted).is_eq()
}

/// The folders in a folder, by name; at most so many as any tool has made.
fn folders(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten().take(MAX_FOLDERS);
    let mut found: Vec<_> = entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect();
    found.sort_unstable();
    found
}

/// A small text; none where there is no such file, or none that could be meant.
fn text_of(path: &Path) -> Option<String> {
    read_file(path, LARGEST).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

const MAX_FOLDERS: usize = 200_000;
const MAX_MODULES: usize = 10_000;
/// Bytes of a file that describes a package; those that list its files are the largest.
const LARGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests;
