//! Packages made ready to be asked, and the set of them that one question may look into: where does a name lead?

#[cfg(feature = "code")]
mod look;
#[cfg(feature = "code")]
pub(in crate::symbols) mod native;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::package::{Kind, Open, Package, Reexport, Symbol};

#[cfg(feature = "code")]
pub(in crate::symbols) use self::look::{Look, Thing};

/// A package with what is needed to ask it: made once, shared by every question.
#[derive(Debug)]
pub struct Indexed {
    package: Package,
    by_path: HashMap<String, Vec<u32>>,
    by_parent: HashMap<String, Vec<u32>>,
    /// Last segments in lower case.
    by_name: HashMap<String, Vec<u32>>,
    reexports: HashMap<String, Vec<u32>>,
    open: HashMap<String, u32>,
    roots: HashSet<String>,
}

impl Indexed {
    /// Takes time and memory in proportion to the package.
    pub fn new(package: Package) -> Self {
        let mut indexed = Self {
            by_path: HashMap::new(),
            by_parent: HashMap::new(),
            by_name: HashMap::new(),
            reexports: HashMap::new(),
            open: HashMap::new(),
            roots: HashSet::new(),
            package,
        };
        for (at, symbol) in (0..).zip(&indexed.package.symbols) {
            indexed.by_path.entry(symbol.path.clone()).or_default().push(at);
            indexed.by_name.entry(symbol.name().to_lowercase()).or_default().push(at);
            match parent(&symbol.path) {
                Some(parent) => indexed.by_parent.entry(parent.to_owned()).or_default().push(at),
                None => {
                    indexed.roots.insert(symbol.path.clone());
                }
            }
        }
        for (at, reexport) in (0..).zip(&indexed.package.reexports) {
            indexed.reexports.entry(reexport.scope.clone()).or_default().push(at);
        }
        for (at, open) in (0..).zip(&indexed.package.open) {
            indexed.open.entry(open.path.clone()).or_insert(at);
        }
        indexed
    }

    /// A scope and a name in it, as the package's language joins them.
    pub(super) fn join(&self, scope: &str, name: &str) -> String {
        format!("{scope}{}{name}", self.package.id.ecosystem.separator())
    }

    /// What was indexed.
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The names under which code reaches it.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(String::as_str)
    }

    pub(super) fn at(&self, path: &str) -> impl Iterator<Item = &Symbol> {
        self.by_path.get(path).into_iter().flatten().map(|at| &self.package.symbols[*at as usize])
    }

    pub(super) fn named(&self, lower: &str) -> impl Iterator<Item = &Symbol> {
        self.by_name.get(lower).into_iter().flatten().map(|at| &self.package.symbols[*at as usize])
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &Symbol)> {
        self.by_name.iter().map(|(name, at)| (name.as_str(), &self.package.symbols[at[0] as usize]))
    }

    pub(super) fn members(&self, scope: &str) -> impl Iterator<Item = &Symbol> {
        self.by_parent.get(scope).into_iter().flatten().map(|at| &self.package.symbols[*at as usize])
    }

    pub(super) fn given_on(&self, scope: &str) -> impl Iterator<Item = &Reexport> {
        self.reexports.get(scope).into_iter().flatten().map(|at| &self.package.reexports[*at as usize])
    }

    pub(super) fn openness(&self, scope: &str) -> Option<&Open> {
        self.open.get(scope).or_else(|| self.open.get("")).map(|at| &self.package.open[*at as usize])
    }

    pub(super) fn own_openness(&self, scope: &str) -> Option<&Open> {
        self.open.get(scope).map(|at| &self.package.open[*at as usize])
    }
}

/// The packages that a question may look into.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    packages: Vec<Arc<Indexed>>,
    roots: HashMap<String, Vec<usize>>,
    /// A lock file names no others: a package outside is not used by the project.
    is_whole: bool,
}

impl Reach {
    /// Of these packages. Of two versions of one package the first is taken: give those that the project itself names first.
    pub fn new(packages: Vec<Arc<Indexed>>) -> Self {
        let mut reach = Self::default();
        for package in packages {
            let at = reach.packages.len();
            let id = &package.package.id;
            let same = |other: &&usize| {
                let other = &reach.packages[**other].package.id;
                (other.ecosystem, &other.name) == (id.ecosystem, &id.name)
            };
            let mut taken: Vec<&str> =
                package.roots().filter(|root| reach.roots.get(*root).is_some_and(|all| all.iter().any(|o| same(&o)))).collect();
            taken.sort_unstable();
            let taken: HashSet<String> = taken.into_iter().map(str::to_owned).collect();
            for root in package.roots().filter(|root| !taken.contains(*root)) {
                reach.roots.entry(root.to_owned()).or_default().push(at);
            }
            reach.packages.push(package);
        }
        reach
    }

    /// The same, if no package outside it is used: then one that is not found is "not in the lock file", not merely unknown.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }

    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// In the order given.
    pub fn packages(&self) -> &[Arc<Indexed>] {
        &self.packages
    }

    /// The packages that a path may lie in, by its beginning.
    pub(super) fn rooted(&self, path: &str) -> &[usize] {
        if let Some(found) = self.roots.get(path) {
            return found;
        }
        self.roots.get(root(path)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Likewise, seen from a package: of several versions the one that it depends on.
    pub(super) fn rooted_from(&self, from: Option<usize>, path: &str) -> Vec<usize> {
        if let Some(from) = from {
            let package = &self.packages[from];
            let root = root(path);
            if package.roots.contains(root) || package.roots.contains(path) {
                let all = self.rooted(path);
                return if all.contains(&from) { all.to_vec() } else { vec![from] };
            }
            let of = package.package.dependencies.iter().find(|dependency| dependency.root == root);
            if let Some(at) = of.and_then(|of| self.packages.iter().position(|other| other.package.id == of.id)) {
                return vec![at];
            }
        }
        self.rooted(path).to_vec()
    }

    pub(super) fn package(&self, at: usize) -> &Indexed {
        &self.packages[at]
    }

    /// Whether a word occurs in a package or in what it depends on; none where a dependency is out of reach or may hold names that are
    /// written nowhere.
    pub(super) fn knows_word(&self, at: usize, word: &str) -> Option<bool> {
        let mut seen = HashSet::from([at]);
        let mut waiting = vec![at];
        let mut is_sure = true;
        while let Some(at) = waiting.pop() {
            let package = &self.packages[at].package;
            if package.words.contains(word) {
                return Some(true);
            }
            is_sure &= package.is_whole && !self.packages[at].open.contains_key("");
            for dependency in &package.dependencies {
                let found = self.rooted_from(Some(at), &dependency.root);
                is_sure &= dependency.optional || !found.is_empty();
                waiting.extend(found.into_iter().filter(|at| seen.insert(*at)));
            }
        }
        is_sure.then_some(false)
    }

    /// The module that a path lies in: the nearest one above it that is a module.
    pub(super) fn module_of<'p>(&self, path: &'p str) -> &'p str {
        let mut scope = path;
        while let Some(above) = parent(scope) {
            scope = above;
            let is_module = |at: &usize| self.packages[*at].at(scope).any(|symbol| symbol.kind == Kind::Module);
            if self.rooted(scope).iter().any(is_module) {
                break;
            }
        }
        scope
    }
}

/// What stands before the last separator of a path. A name of npm may hold `.` and `/`: there only `#` separates.
pub(super) fn parent(path: &str) -> Option<&str> {
    if let Some((before, _)) = path.rsplit_once('#') {
        return Some(before);
    }
    if path.contains('/') {
        let folder = path.rfind('/').unwrap_or_default();
        // A Go path: `github.com/a/b.Name.Method`; a module of npm has no dot behind its last slash that ends a scope.
        return path[folder..].find('.').map(|_| &path[..path.rfind('.').unwrap_or_default()]);
    }
    match path.rsplit_once("::") {
        Some((before, _)) => Some(before),
        None => path.rsplit_once('.').map(|(before, _)| before),
    }
}

/// The first segment of a path.
fn root(path: &str) -> &str {
    let module = path.split('#').next().unwrap_or(path);
    if module.len() < path.len() || module.starts_with('@') || module.contains('/') {
        let slashes = if module.starts_with('@') { 2 } else { 1 };
        let end = module.match_indices('/').nth(slashes - 1).map_or(module.len(), |(at, _)| at);
        return &module[..end];
    }
    let end = module.find("::").or_else(|| module.find('.')).unwrap_or(module.len());
    &module[..end]
}
