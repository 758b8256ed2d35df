//! Which packages a project uses and where they lie, found out before the first is read. Blocking; only descriptions are read for it.

use std::path::{Path, PathBuf};

use super::Include;
use super::known::{self, Known, State, Use};
use crate::files::{self, Dependency, Ecosystem, Installed, PackageName, Project, Shelf, Source};

/// What is to be done, found out before the first package is read.
#[derive(Debug)]
pub(super) struct Plan {
    pub root: PathBuf,
    pub fingerprint: String,
    pub known: Known,
    /// Where those of `known.uses` lie that are to be read, by their places there.
    pub installed: Vec<(usize, Installed)>,
}

impl Plan {
    pub fn make(path: &Path, mut places: files::Places, include: Include) -> Result<Self, files::Error> {
        let path = std::fs::canonicalize(path).map_err(|_| files::Error::NotFound { path: path.to_owned() })?;
        let root = Project::find(&path).ok_or_else(|| files::Error::NoProject { path: path.clone() })?.to_owned();
        let project = Project::read(&root)?;
        places.project = Some(root.clone());
        let shelf = Shelf::new(places);
        let own_crates = project.own.iter().map(|package| package.name.replace('-', "_")).collect();
        let own_modules = known::modules_of(&root);
        let (locks, notes) = (project.locks.clone(), project.notes.clone());
        let mut known = Known { include, locks, uses: Vec::new(), own_crates, own_modules, notes };
        let mut installed = Vec::new();
        let mut open: Vec<(usize, Installed)> = Vec::new();
        for dependency in &project.dependencies {
            let at = known.uses.len();
            let (of, found) = located(&shelf, dependency, include);
            known.uses.push(of);
            if let Some(found) = found {
                if dependency.lock == REQUIREMENTS {
                    open.push((at, found.clone()));
                }
                installed.push((at, found));
            }
        }
        // Such a list names what is asked for, and not what that needs.
        while let Some((from, package)) = open.pop() {
            for need in &package.needs {
                let normal = Ecosystem::Pypi.normal(&need.name);
                let place = known.uses.iter().position(|of| of.ecosystem == Ecosystem::Pypi && Ecosystem::Pypi.normal(&of.name) == normal);
                let at = match place {
                    Some(at) => at,
                    None if known.uses.len() >= MAX_PACKAGES => continue,
                    None => {
                        let wanted = PackageName { ecosystem: Ecosystem::Pypi, name: need.name.clone(), version: None };
                        let Ok(found) = shelf.find(&wanted) else {
                            if !need.is_optional {
                                known.uses.push(Use::missing(
                                    &wanted,
                                    "it is not on the disk".to_owned(),
                                    "pip install -r requirements.txt",
                                ));
                            }
                            continue;
                        };
                        let at = known.uses.len();
                        let mut of = Use::of(&found);
                        of.state = if include == Include::All { State::Read } else { State::NotAskedFor };
                        known.uses.push(of);
                        open.push((at, found.clone()));
                        if include == Include::All {
                            installed.push((at, found));
                        }
                        at
                    }
                };
                known.uses[from].needs.push(at);
            }
        }
        Ok(Self { root, fingerprint: project.fingerprint, known, installed })
    }
}

/// What is known of a dependency, and where it lies if it is to be read.
fn located(shelf: &Shelf, dependency: &Dependency, include: Include) -> (Use, Option<Installed>) {
    let package = &dependency.package;
    let (mut of, found) = match shelf.locate(dependency) {
        Ok(found) => (Use::of(&found), Some(found)),
        Err(error) => (Use::missing(package, error.to_string(), &dependency.command()), None),
    };
    of.is_direct = dependency.is_direct;
    of.needs.clone_from(&dependency.needs);
    if !is_fixed(dependency) {
        let root = found.as_ref().map(|found| std::fs::canonicalize(&found.root).unwrap_or_else(|_| found.root.clone()));
        of.place = Some(root.unwrap_or_default().to_string_lossy().into_owned());
    }
    if found.is_some() {
        let is_asked_for = dependency.is_direct || include == Include::All;
        of.state = if is_asked_for { State::Read } else { State::NotAskedFor };
    }
    let is_read = of.state == State::Read;
    (of, found.filter(|_| is_read))
}

/// Whether its version says what is in it. Where an archive of npm lies is mostly the matter of a registry.
fn is_fixed(dependency: &Dependency) -> bool {
    match dependency.source {
        Source::Registry => true,
        Source::Url(_) => dependency.package.ecosystem == Ecosystem::Npm,
        Source::Git { .. } | Source::Path(_) => false,
    }
}

/// Packages that a list without a graph leads to.
const MAX_PACKAGES: usize = 20_000;
const REQUIREMENTS: &str = "requirements.txt";
