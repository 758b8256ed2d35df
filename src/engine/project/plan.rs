//! Which packages a project uses and where they lie, found out before the first is read. Blocking; only descriptions are read for it.

use std::path::{Path, PathBuf};

use super::Include;
use super::known::{Known, State, Use};
use super::own::OwnCrate;
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
    /// `folders`: those that alone may be read, beside the ones in which the user's tools keep packages; none where all may.
    pub fn make(path: &Path, mut places: files::Places, include: Include, folders: Option<Vec<PathBuf>>) -> Result<Self, files::Error> {
        let path = std::fs::canonicalize(path).map_err(|_| files::Error::NotFound { path: path.to_owned() })?;
        let none = || files::Error::NoProject { path: path.clone() };
        let mut bounds = Bounds(folders);
        let root = Project::find(&path).filter(|root| bounds.hold(root)).ok_or_else(none)?.to_owned();
        let project = Project::read(&root)?;
        let of_tools = [&places.cargo_home, &places.go_mod_cache, &places.virtual_env];
        bounds.0.iter_mut().for_each(|folders| folders.extend(of_tools.into_iter().flatten().cloned()));
        places.project = Some(root.clone());
        let shelf = Shelf::new(places);
        let own = |of: Ecosystem| project.own.iter().filter(move |package| package.ecosystem == of).map(|package| &package.name);
        let own_crates: Vec<String> = own(Ecosystem::Cargo).map(|name| name.replace('-', "_")).collect();
        let own_scripts: Vec<String> = own(Ecosystem::Npm).chain(&project.aliases).cloned().collect();
        let renamed = if own_crates.is_empty() { Vec::new() } else { shelf.renamed() };
        let own_sources = if own_crates.is_empty() { Vec::new() } else { OwnCrate::all(&root, &shelf.own_crates(), &own_crates) };
        let mut own_modules: Vec<String> = files::modules_in(&root).into_iter().map(|(module, _)| module).collect();
        own_modules.extend(own(Ecosystem::Pypi).map(|name| name.replace(['-', '.'], "_")));
        for folder in project.own_folders.iter().take(MAX_PACKAGES).map(|folder| root.join(folder)) {
            if bounds.look(&folder).is_ok() {
                own_modules.extend(files::modules_in(&folder).into_iter().map(|(module, _)| module));
            }
        }
        own_modules.sort_unstable();
        own_modules.dedup();
        let (locks, notes) = (project.locks.clone(), project.notes.clone());
        let (uses, is_partial) = (Vec::new(), project.is_partial);
        let mut known = Known { include, locks, uses, own_crates, own_modules, own_scripts, own_sources, renamed, is_partial, notes };
        let mut installed = Vec::new();
        let mut open: Vec<(usize, Installed)> = Vec::new();
        for dependency in &project.dependencies {
            let at = known.uses.len();
            let (of, found) = located(&shelf, dependency, include, &bounds, &root);
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
                        let found = match shelf.find(&wanted).and_then(|found| bounds.checked(found)) {
                            Ok(found) => found,
                            Err(error @ files::Error::Outside { .. }) => {
                                known.uses.push(Use::missing(&wanted, error.to_string(), ""));
                                continue;
                            }
                            Err(_) if need.is_optional => continue,
                            Err(_) => {
                                let command = "pip install -r requirements.txt";
                                known.uses.push(Use::missing(&wanted, "it is not on the disk".to_owned(), command));
                                continue;
                            }
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
fn located(shelf: &Shelf, dependency: &Dependency, include: Include, bounds: &Bounds, root: &Path) -> (Use, Option<Installed>) {
    let package = &dependency.package;
    let named = match &dependency.source {
        Source::Path(path) => Some(path),
        _ => dependency.at.as_ref(),
    };
    // Whether anything is there is nobody's business either.
    let may_look = named.map_or(Ok(()), |named| bounds.look(&root.join(named)));
    let (mut of, found) = match may_look.and_then(|()| shelf.locate(dependency)).and_then(|found| bounds.checked(found)) {
        Ok(found) => (Use::of(&found), Some(found)),
        Err(error @ files::Error::Outside { .. }) => (Use::missing(package, error.to_string(), ""), None),
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

/// What may be read: all, or what lies below some folders.
struct Bounds(Option<Vec<PathBuf>>);

impl Bounds {
    fn hold(&self, path: &Path) -> bool {
        self.0.as_ref().is_none_or(|folders| files::below(path, folders).is_ok())
    }

    /// An error where a path leads out; what is not there leads nowhere.
    fn look(&self, path: &Path) -> Result<(), files::Error> {
        match self.0.as_ref().map(|folders| files::below(path, folders)) {
            Some(Err(error @ files::Error::Outside { .. })) => Err(error),
            _ => Ok(()),
        }
    }

    fn checked(&self, found: Installed) -> Result<Installed, files::Error> {
        self.look(&found.root).map(|()| found)
    }
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
