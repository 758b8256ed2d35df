//! The packages that one question may look into, of a project or all that are known: which is which, what each needs, and what is not there.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::FoundSymbol;
use super::site::Site;
use crate::engine::project::{About, Known, Needed, OWN, OwnCrate, State, Use, id_of, name_of};
use crate::error::Error;
use crate::files::{self, Ecosystem, Installed, PackageName, compare_versions};
use crate::store::{PackageRow, SITE, Store};
use crate::symbols::{self, Dependency, Symbol, Wanted};

/// Packages that one question may look into.
#[derive(Debug)]
pub(super) struct Scope {
    /// Of the store, when it was read.
    pub state: [i64; 3],
    pub project: Option<PathBuf>,
    /// Where none is named: how many there are, and the first.
    unnamed: Option<(usize, String)>,
    /// What the project's lock files were known by.
    fingerprint: String,
    pub uses: Vec<Use>,
    /// The project uses more than these.
    pub is_partial: bool,
    /// Of each of `uses` what is stored, if it is.
    pub stored: Vec<Option<Stored>>,
    by_name: HashMap<(Ecosystem, String), Vec<usize>>,
    pub by_row: HashMap<PackageRow, usize>,
    pub own_crates: Vec<String>,
    pub own_modules: Vec<String>,
    pub own_scripts: Vec<String>,
    pub own_sources: Vec<OwnCrate>,
    /// What is kept of the project's own code, by its key.
    pub own_kept: HashMap<String, PackageRow>,
    /// What the project calls by another name, and which of `uses` that is.
    pub called: Vec<(String, usize)>,
    /// Sources whose sites have a table of symbols.
    sites: Vec<Site>,
}

#[derive(Debug)]
pub(super) struct Stored {
    pub row: PackageRow,
    root: PathBuf,
    /// What its files were known by when they were read.
    stamp: String,
    about: About,
}

impl Scope {
    pub fn read(store: &Store, project: Option<&Path>) -> Result<Self, Error> {
        let packages = store.packages()?;
        let mut stored: HashMap<PackageName, (Stored, Use)> = HashMap::new();
        let mut sites = Vec::new();
        let mut own_kept = HashMap::new();
        for (row, of) in packages {
            if of.ecosystem == OWN {
                own_kept.insert(of.name, row);
                continue;
            }
            if of.ecosystem == SITE {
                sites.extend(Site::of(row, &of));
                continue;
            }
            let Some(name) = name_of(&of) else { continue };
            let Ok(about) = serde_json::from_str::<About>(&of.about) else { continue };
            let used = Use {
                ecosystem: name.ecosystem,
                name: name.name.clone(),
                version: name.version.clone(),
                is_direct: false,
                state: State::Read,
                roots: about.roots.clone(),
                needs: Vec::new(),
                place: None,
                why: None,
                command: None,
                documentation: about.documentation.clone(),
            };
            stored.insert(name, (Stored { row, root: of.root.into(), stamp: of.stamp, about }, used));
        }
        let projects = store.projects()?;
        let Some(path) = project else {
            if stored.is_empty() && sites.is_empty() {
                return Err(Error::NoSymbols);
            }
            let mut all: Vec<(Stored, Use)> = stored.into_values().collect();
            // The highest version of each first.
            all.sort_by(|(_, a), (_, b)| {
                let version = |of: &Use| of.version.clone().unwrap_or_default();
                (a.ecosystem, &a.name).cmp(&(b.ecosystem, &b.name)).then_with(|| compare_versions(&version(b), &version(a)))
            });
            let (stored, uses): (Vec<_>, Vec<_>) = all.into_iter().map(|(stored, used)| (Some(stored), used)).unzip();
            let unnamed = projects.first().map(|first| (projects.len(), first.root.clone()));
            return Ok(Self { sites, unnamed, ..Self::of(None, uses, stored) });
        };
        let known = projects.iter().find(|known| Path::new(&known.root) == path);
        let unknown =
            || Error::UnknownProject { path: path.to_owned(), known: projects.iter().map(|known| (&known.root).into()).collect() };
        let known = known.ok_or_else(unknown)?;
        let content: Known = serde_json::from_str(&known.content).map_err(|_| unknown())?;
        let kept = |used: &Use| match stored.entry(used.name()) {
            Entry::Occupied(kept) if used.is_kept_as(&kept.get().0.about) => Some(kept.remove().0),
            _ => None,
        };
        let of_uses = content.uses.iter().map(kept).collect();
        let scope = Self::of(Some(path.to_owned()), content.uses, of_uses);
        let fingerprint = known.fingerprint.clone();
        let (mut own_crates, mut called) = (content.own_crates, Vec::new());
        for (name, package) in &content.renamed {
            let is_one = content.renamed.iter().all(|(other, of)| other != name || of == package);
            let is_taken = scope.uses.iter().any(|used| used.ecosystem == Ecosystem::Cargo && used.roots.contains(name));
            match scope.direct(Ecosystem::Cargo, package).filter(|_| is_one && !is_taken) {
                Some(at) => called.push((name.clone(), at)),
                // Which package or version is meant is not known, or another has that name below: nothing is said of it, as of the
                // project's own.
                None => own_crates.push(name.clone()),
            }
        }
        let (own_modules, own_scripts, own_sources) = (content.own_modules, content.own_scripts, content.own_sources);
        let is_partial = content.is_partial;
        Ok(Self { fingerprint, is_partial, own_crates, own_modules, own_scripts, own_sources, own_kept, called, sites, ..scope })
    }

    fn of(project: Option<PathBuf>, uses: Vec<Use>, stored: Vec<Option<Stored>>) -> Self {
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, used) in uses.iter().enumerate() {
            by_name.entry((used.ecosystem, used.ecosystem.normal(&used.name))).or_default().push(at);
        }
        let by_row = stored.iter().enumerate().filter_map(|(at, stored)| Some((stored.as_ref()?.row, at))).collect();
        let (state, fingerprint, own_crates, own_modules, own_scripts, own_sources) = Default::default();
        let (own_kept, called, sites, unnamed) = Default::default();
        Self {
            state,
            project,
            unnamed,
            fingerprint,
            uses,
            is_partial: false,
            stored,
            by_name,
            by_row,
            own_crates,
            own_modules,
            own_scripts,
            own_sources,
            own_kept,
            called,
            sites,
        }
    }

    /// The package of a name that the project itself asks for, if that is one.
    fn direct(&self, ecosystem: Ecosystem, name: &str) -> Option<usize> {
        let all = self.by_name.get(&(ecosystem, ecosystem.normal(name)))?;
        let mut direct = all.iter().copied().filter(|at| self.uses[*at].is_direct);
        direct.next().filter(|_| direct.next().is_none())
    }

    /// What a package says that it needs, each with the package that it is here, if there is one. Which of several versions that a package
    /// uses a name of it leads to is not known: then it is all of them.
    fn needs(&self, at: usize) -> impl Iterator<Item = (&Needed, Vec<usize>)> {
        let used = &self.uses[at];
        let needs = self.stored[at].iter().flat_map(|stored| &stored.about.needs);
        needs.map(move |need| {
            let normal = used.ecosystem.normal(&need.name);
            let is_meant = |at: &usize| {
                self.uses.get(*at).is_some_and(|other| other.ecosystem == used.ecosystem && used.ecosystem.normal(&other.name) == normal)
            };
            let mut found: Vec<usize> = used.needs.iter().copied().filter(is_meant).collect();
            // A graph that leaves it out knows that it is not used.
            let is_known = self.project.is_some() && used.ecosystem == Ecosystem::Cargo;
            if found.is_empty() && !is_known {
                found.extend(self.by_name.get(&(used.ecosystem, normal)).and_then(|all| all.first()));
            }
            (need, found)
        })
    }

    pub fn needed(&self, at: usize) -> Vec<usize> {
        self.needs(at).flat_map(|(_, found)| found).collect()
    }

    pub fn dependencies(&self, at: usize) -> Vec<Dependency> {
        let ecosystem = self.uses[at].ecosystem;
        let mut dependencies = Vec::new();
        for (need, found) in self.needs(at) {
            let called = |root: &str| need.called.clone().unwrap_or_else(|| root.to_owned());
            // As no version has it.
            let unknown = id_of(&PackageName { ecosystem, name: need.name.clone(), version: None });
            match &*found {
                [other] => {
                    let other = &self.uses[*other];
                    let of = |root: &String| Dependency { root: called(root), id: other.id(), optional: need.is_optional };
                    dependencies.extend(other.roots.iter().map(of));
                }
                [] if need.is_optional => {}
                [] => {
                    let plain = if ecosystem == Ecosystem::Npm { need.name.clone() } else { need.name.replace(['-', '.'], "_") };
                    dependencies.push(Dependency { root: called(&plain), id: unknown, optional: false });
                }
                // They are in use, whatever asks for them.
                [first, ..] => dependencies.extend(self.uses[*first].roots.iter().map(|root| Dependency {
                    root: called(root),
                    id: unknown.clone(),
                    optional: false,
                })),
            }
        }
        dependencies
    }

    /// Whether a package says what one of these has besides.
    pub fn describes_any(&self, at: usize, roots: &HashSet<String>) -> bool {
        self.stored[at].as_ref().is_some_and(|stored| stored.about.describes.iter().any(|root| roots.contains(root)))
    }

    /// Whether a package lies on the disk as it was read: a tool may have put another one there since, or somebody has changed it. What has a
    /// version in a registry of crates or of modules of Go stays as it is.
    pub fn is_as_read(&self, at: usize) -> bool {
        let (used, Some(stored)) = (&self.uses[at], &self.stored[at]) else { return true };
        let is_fixed = matches!(used.ecosystem, Ecosystem::Cargo | Ecosystem::Go) && used.place.is_none();
        let Some(parts) = stored.about.parts.clone().filter(|_| !is_fixed) else { return true };
        let installed = Installed {
            package: used.name(),
            root: stored.root.clone(),
            parts,
            modules: Vec::new(),
            needs: Vec::new(),
            description: None,
            about: files::About::default(),
        };
        installed.contents().is_ok_and(|contents| stored.stamp.ends_with(&format!("-{}", contents.stamp)))
    }

    /// Whether a project uses several versions of a package, so that it cannot be told which one its code would name.
    pub fn is_ambiguous(&self, at: usize) -> bool {
        let used = &self.uses[at];
        let versions = self.by_name.get(&(used.ecosystem, used.ecosystem.normal(&used.name))).map(Vec::as_slice).unwrap_or_default();
        let direct = versions.iter().filter(|other| self.uses[**other].is_direct).count();
        self.project.is_some() && versions.len() > 1 && direct != 1
    }

    /// Names by which a package's code calls others, each with the other's own.
    pub fn renamed(&self, at: usize) -> Vec<(String, String)> {
        let renamed = self.needs(at).filter_map(|(need, found)| match &*found {
            [other] => Some((need.called.clone()?, self.uses[*other].roots.first()?.clone())),
            _ => None,
        });
        renamed.filter(|(called, own)| called != own).collect()
    }

    /// Whether the project has other lock files by now: its versions may be others.
    pub fn changed(&self) -> Option<String> {
        let project = self.project.as_deref()?;
        let now = files::Project::fingerprint_of(project);
        let what = match now {
            Ok(now) if now == self.fingerprint => return None,
            Ok(_) => "its lock file has changed",
            Err(_) => "its lock file cannot be read any more",
        };
        Some(format!("{what} since {} was read: `smolcrawl project` reads it again", project.display()))
    }

    pub fn meant(&self, wanted: &Wanted) -> HashSet<usize> {
        (0..self.uses.len()).filter(|at| self.stored[*at].is_some() && symbols::is_meant(&self.uses[*at].id(), wanted)).collect()
    }

    pub fn sites_meant<'s>(&'s self, wanted: &'s Wanted) -> impl Iterator<Item = &'s Site> {
        self.sites.iter().filter(|site| site.is_meant(wanted))
    }

    /// That none of the projects which are indexed was named, where that is so.
    pub fn unnamed(&self) -> Option<String> {
        Some(match self.unnamed.as_ref()? {
            (1, path) => format!("the indexed project {path} was not named (name it as `project`)"),
            (all, path) => format!("none of the {all} indexed projects was named (name one as `project`, such as {path})"),
        })
    }

    /// What was asked for by name and is not known, and what is known in part only.
    pub fn not_searched(&self, wanted: &Wanted, meant: &HashSet<usize>) -> Vec<String> {
        let mut told: Vec<String> = self.changed().into_iter().collect();
        let sites: Vec<&str> = self.sites_meant(wanted).map(|site| site.id.name.as_str()).collect();
        if let (Some(name), true, true) = (&wanted.package, meant.is_empty(), sites.is_empty()) {
            let same = Wanted { version: None, ..wanted.clone() };
            let named = || self.uses.iter().zip(&self.stored).filter(|(used, _)| symbols::is_meant(&used.id(), &same));
            let read: Vec<_> = named().filter(|(_, stored)| stored.is_some()).filter_map(|(used, _)| used.version.as_deref()).collect();
            let version = wanted.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
            let by = if self.project.is_some() { " of what the project uses" } else { "" };
            told.push(match (read.is_empty(), named().next()) {
                (false, _) => format!("{name}{version} is not indexed{by}; {} is", read.join(", ")),
                (true, Some((used, _))) if used.state == State::Read => {
                    format!("{} was read from elsewhere since, or removed: `smolcrawl project` reads it again", used.name())
                }
                (true, Some((used, _))) => {
                    let command = used.command.as_ref().map(|command| format!(": `{command}` would bring it, then `smolcrawl project`"));
                    format!("{} is not read{}", used.name(), command.unwrap_or_default())
                }
                (true, None) => format!("{name}{version} is not indexed{by}"),
            });
        }
        let mut partly = meant.iter().filter_map(|at| Some((*at, self.stored[*at].as_ref()?.about.partly.as_ref()?))).collect::<Vec<_>>();
        partly.sort_unstable_by_key(|(at, _)| *at);
        match &*partly {
            [] => {}
            [(at, why)] => told.push(format!("{} is known in part: {why}", self.uses[*at].name())),
            [(at, why), ..] => told.push(format!("{} packages are known in part, as {}: {why}", partly.len(), self.uses[*at].name())),
        }
        match &*sites {
            [] => {}
            [name] => told.push(format!("{name}: only what its site documents is known")),
            [name, ..] => told.push(format!("of {} sites, as {name}, only what they document is known", sites.len())),
        }
        if wanted.package.is_none() {
            let ecosystems = [Ecosystem::Cargo, Ecosystem::Pypi, Ecosystem::Npm, Ecosystem::Go];
            told.extend(ecosystems.into_iter().flat_map(|of| self.holes(of)));
        }
        told
    }

    /// Packages of an ecosystem of which nothing is known.
    pub fn holes(&self, of: Ecosystem) -> Vec<String> {
        let mut told = Vec::new();
        for (state, what) in [
            (State::Missing, "are not on the disk"),
            (State::NotAskedFor, "are used by others only and were not asked for"),
            (State::Read, "were read from elsewhere since, or removed (`smolcrawl project` reads them again)"),
        ] {
            // Another project may have had it read.
            let is_hole = |(used, stored): &(&Use, &Option<Stored>)| used.ecosystem == of && used.state == state && stored.is_none();
            let holes: Vec<&Use> = self.uses.iter().zip(&self.stored).filter(is_hole).map(|(used, _)| used).collect();
            if let Some(first) = holes.first() {
                let names: Vec<_> = holes.iter().take(NAMED).map(|used| used.name().to_string()).collect();
                let more = holes.len().saturating_sub(NAMED);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let command =
                    first.command.as_ref().map(|command| format!(" (`{command}` would bring what can be had)")).unwrap_or_default();
                told.push(format!("{} packages {what}{command}: {}{more}", holes.len(), names.join(", ")));
            }
        }
        told
    }

    pub fn told(&self, at: usize, symbol: &Symbol) -> FoundSymbol {
        let used = &self.uses[at];
        let root = self.stored[at].as_ref().map(|stored| &stored.root).filter(|_| !symbol.file.is_empty());
        let mut path = root.cloned();
        if let Some(path) = &mut path {
            path.extend(symbol.file.split('/'));
        }
        let line = symbol.line.max(1);
        let url = root.and_then(|root| Some(files::Place::folder(root)?.lines(&symbol.file, line as usize, line as usize)));
        FoundSymbol {
            path: symbol.path.clone(),
            kind: symbol.kind.name(),
            signature: symbol.signature.clone(),
            doc: symbol.summary(),
            package: used.name().to_string(),
            place: path.map(|path| format!("{}:{line}", as_written(&path))),
            url,
            deprecated: symbol.deprecated.clone(),
            needs: symbol.feature.clone(),
            how: None,
        }
    }
}

/// Without the mark of Windows for paths that are taken as they are.
fn as_written(path: &Path) -> String {
    let path = path.display().to_string();
    match path.strip_prefix(r"\\?\") {
        Some(plain) if plain.as_bytes().get(1) == Some(&b':') => plain.to_owned(),
        _ => path,
    }
}

/// Packages that are named where many are meant.
const NAMED: usize = 5;
