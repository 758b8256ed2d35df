//! Packages made ready to be asked, and the set of them that one question may look into: where does a name lead?

#[cfg(feature = "code")]
mod look;
#[cfg(feature = "code")]
pub(in crate::symbols) mod native;

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use super::package::{Dependency, Ecosystem, Kind, Open, Package, PackageId, Reexport, Symbol, last_segment};

#[cfg(feature = "code")]
pub(in crate::symbols) use self::look::{Look, Thing};

/// A package with what is needed to ask it: made once, shared by every question.
#[derive(Debug)]
pub struct Indexed {
    package: Package,
    // Places of symbols in the order of what they are looked for by; equal ones in the order of the package.
    by_path: Vec<u32>,
    by_parent: Vec<u32>,
    /// By last segments in lower case, once that is asked for.
    by_name: OnceLock<Vec<u32>>,
    /// Places of re-exports, by scope and name.
    reexports: Vec<u32>,
    open: HashMap<String, u32>,
    roots: HashSet<String>,
    words: Words,
}

/// Many words in little room: in order, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: String,
    ends: Vec<u32>,
}

impl Words {
    fn new(words: HashSet<String>) -> Self {
        let mut words: Vec<String> = words.into_iter().collect();
        words.sort_unstable();
        let mut packed = Self { text: String::with_capacity(words.iter().map(String::len).sum()), ends: Vec::with_capacity(words.len()) };
        for word in words {
            packed.push(&word);
        }
        packed
    }

    /// Adds one that is greater than all there are; whether it is, and there is room: no package has 4 GiB of words.
    pub(super) fn push(&mut self, word: &str) -> bool {
        let begin = self.ends.len().checked_sub(2).map_or(0, |at| self.ends[at] as usize);
        let last = self.ends.last().map(|end| &self.text[begin..*end as usize]);
        let Ok(end) = u32::try_from(self.text.len() + word.len()) else { return false };
        if last.is_some_and(|last| last >= word) {
            return false;
        }
        self.text.push_str(word);
        self.ends.push(end);
        true
    }

    fn contains(&self, word: &str) -> bool {
        let at = |at: usize| {
            let begin = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
            &self.text[begin..self.ends[at] as usize]
        };
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = from + (to - from) / 2;
            match at(middle).cmp(word) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return true,
                Ordering::Greater => to = middle,
            }
        }
        false
    }
}

impl Indexed {
    /// Takes time in proportion to the package's size and its logarithm, and some bytes a symbol.
    pub fn new(mut package: Package) -> Self {
        let words = Words::new(std::mem::take(&mut package.words));
        Self::with(package, words)
    }

    /// The same of a package whose words are packed already.
    pub(super) fn with(package: Package, words: Words) -> Self {
        let symbols = &package.symbols;
        let symbol = |at: &u32| &symbols[*at as usize];
        let all = || (0_u32..).zip(symbols).map(|(at, _)| at);
        let mut by_path: Vec<u32> = all().collect();
        // What a store kept is in order.
        by_path.sort_by(|a, b| symbol(a).path.cmp(&symbol(b).path));
        let mut by_parent: Vec<u32> = all().filter(|at| parent(&symbol(at).path).is_some()).collect();
        by_parent.sort_by_cached_key(|at| parent(&symbol(at).path));
        let mut reexports: Vec<u32> = (0_u32..).zip(&package.reexports).map(|(at, _)| at).collect();
        reexports.sort_by_key(|at| key(&package.reexports[*at as usize]));
        let mut open = HashMap::new();
        for (at, why) in (0..).zip(&package.open) {
            open.entry(why.path.clone()).or_insert(at);
        }
        // Names of modules of npm may hold dots.
        let is_root = |path: &str| match package.id.ecosystem {
            Ecosystem::Npm => !path.contains('#'),
            _ => parent(path).is_none(),
        };
        let roots = symbols.iter().filter(|symbol| is_root(&symbol.path)).map(|symbol| symbol.path.clone()).collect();
        Self { by_path, by_parent, by_name: OnceLock::new(), reexports, open, roots, words, package }
    }

    /// A scope and a name in it, as the package's language joins them.
    pub(super) fn join(&self, scope: &str, name: &str) -> String {
        format!("{scope}{}{name}", self.package.id.ecosystem.separator())
    }

    /// What was indexed, without its [words](Package::words): those are packed, and asked for by [`Indexed::has_word`].
    pub fn package(&self) -> &Package {
        &self.package
    }

    /// The same, depending on these: which versions it uses is a matter of the project that uses it.
    #[must_use]
    pub fn depending_on(mut self, dependencies: Vec<Dependency>) -> Self {
        self.package.dependencies = dependencies;
        self
    }

    /// The same, where its code calls a dependency by another name than the dependency's own: what it gives on is told by the own one.
    #[must_use]
    pub fn calling(mut self, called: &str, own: &str) -> Self {
        for given in &mut self.package.reexports {
            if root(&given.target) == called {
                given.target = format!("{own}{}", &given.target[called.len()..]);
            }
        }
        self
    }

    /// What stands in a module or type: its public members, and what it gives on, by name. None where there is no such scope.
    ///
    /// ```
    /// use smolcrawl::symbols::{Ecosystem, Indexed, PackageId, Reader};
    ///
    /// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
    /// reader.file("kettle/__init__.py", b"class Kettle:\n    def boil(self): ...\ndef _hidden(): ...\n");
    /// let kettle = Indexed::new(reader.finish());
    /// let names = |scope: &str| kettle.listed(scope).map(|all| all.iter().map(|symbol| symbol.path.clone()).collect::<Vec<_>>());
    /// assert_eq!(names("kettle").unwrap(), ["kettle.Kettle"]);
    /// assert_eq!(names("kettle.Kettle").unwrap(), ["kettle.Kettle.boil"]);
    /// assert_eq!(names("kettle.Pot"), None);
    /// ```
    pub fn listed(&self, scope: &str) -> Option<Vec<Symbol>> {
        self.at(scope).next()?;
        let hidden = |symbol: &Symbol| symbol.private || (symbol.name().starts_with('_') && !symbol.name().starts_with("__"));
        let mut all: Vec<Symbol> = self.members(scope).filter(|symbol| !hidden(symbol)).cloned().collect();
        all.extend(self.given_on(scope).filter_map(|given| self.told(given)));
        all.sort_by(|a, b| a.path.cmp(&b.path).then(a.line.cmp(&b.line)));
        all.dedup_by(|a, b| a.path == b.path && a.kind == b.kind);
        Some(all)
    }

    /// What is given on at a path, by the path that it has where it comes from.
    ///
    /// ```
    /// use smolcrawl::symbols::{Ecosystem, Indexed, PackageId, Reader};
    ///
    /// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
    /// reader.file("kettle/__init__.py", b"from steam import Steam as Vapour\n");
    /// assert_eq!(Indexed::new(reader.finish()).given_from("kettle.Vapour").unwrap(), "steam.Steam");
    /// ```
    pub fn given_from(&self, path: &str) -> Option<String> {
        let given = self.given_on_as(parent(path)?, last_segment(path)).find(|given| given.public)?;
        Some(given.target_name.as_ref().map_or_else(|| given.target.clone(), |name| self.join(&given.target, name)))
    }

    /// The first symbol at a path.
    pub fn symbol(&self, path: &str) -> Option<&Symbol> {
        self.at(path).next()
    }

    /// What the package gives on under other names or in other places, as symbols of these places.
    pub fn given_names(&self) -> impl Iterator<Item = Symbol> {
        self.package.reexports.iter().filter_map(|given| self.told(given))
    }

    fn told(&self, given: &Reexport) -> Option<Symbol> {
        let is_python = self.package.id.ecosystem == Ecosystem::PyPi;
        let is_own = self.roots.contains(root(&given.target));
        // Of what a module of Python imports from elsewhere nobody says that it is meant to be given on.
        if !given.public || given.name == "*" || given.name.starts_with('_') || (is_python && !is_own) {
            return None;
        }
        let target = given.target_name.as_ref();
        let path = self.join(&given.scope, &given.name);
        // What it stands for is told where it is known.
        let defined = target.map_or_else(|| given.target.clone(), |name| self.join(&given.target, name));
        if let Some(symbol) = self.symbol(&defined).filter(|symbol| symbol.kind != Kind::Module || target.is_none()) {
            return Some(Symbol {
                path,
                private: false,
                feature: given.feature.clone().or_else(|| symbol.feature.clone()),
                ..symbol.clone()
            });
        }
        let mut symbol = Symbol::new(path, Kind::Other);
        let is_script = self.package.id.ecosystem == Ecosystem::Npm;
        symbol.signature = match (is_python, target) {
            (_, Some(name)) if is_script => format!("export {{ {name} }} from \"{}\"", given.target),
            (_, None) if is_script => format!("export * from \"{}\"", given.target),
            (true, Some(name)) => format!("from {} import {name}", given.target),
            (true, None) => format!("import {}", given.target),
            (false, Some(name)) => format!("pub use {}::{name}", given.target),
            (false, None) => format!("pub use {}", given.target),
        };
        symbol.feature.clone_from(&given.feature);
        Some(symbol)
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        let symbols: usize = self.package.symbols.iter().map(|symbol| symbol.path.len() + symbol.signature.len() + symbol.doc.len()).sum();
        let each = std::mem::size_of::<Symbol>() + 3 * std::mem::size_of::<u32>() + 60;
        let reexports = self.package.reexports.len() * (std::mem::size_of::<Reexport>() + 100);
        symbols + self.package.symbols.len() * each + reexports + self.words.text.len() + 4 * self.words.ends.len()
    }

    /// Whether a word occurs in its files.
    ///
    /// ```
    /// use smolcrawl::symbols::{Ecosystem, Indexed, PackageId, Reader};
    ///
    /// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
    /// reader.file("kettle/__init__.py", b"def boil(to=100): ...\n");
    /// let kettle = Indexed::new(reader.finish());
    /// assert!(kettle.has_word("boil") && !kettle.has_word("boi"));
    /// ```
    pub fn has_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether files describe its types, without code.
    fn has_types(&self) -> bool {
        self.package.symbols.iter().any(|symbol| [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| symbol.file.ends_with(end)))
    }

    /// The names under which code reaches it.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(String::as_str)
    }

    pub(super) fn at(&self, path: &str) -> impl Iterator<Item = &Symbol> {
        // More of one path are no more sure than some.
        self.found(&self.by_path, move |symbol| symbol.path.as_str().cmp(path)).take(50)
    }

    /// Symbols whose last segment in lower case is this.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Symbol> {
        self.found(self.by_name(), move |symbol| lower(symbol.name()).cmp(name.chars()))
    }

    fn by_name(&self) -> &[u32] {
        self.by_name.get_or_init(|| {
            let symbols = &self.package.symbols;
            let mut by_name: Vec<u32> = (0_u32..).zip(symbols).map(|(at, _)| at).collect();
            by_name.sort_by_cached_key(|at| lower(symbols[*at as usize].name()).collect::<String>());
            by_name
        })
    }

    pub(super) fn members(&self, scope: &str) -> impl Iterator<Item = &Symbol> {
        self.found(&self.by_parent, move |symbol| parent(&symbol.path).cmp(&Some(scope)))
    }

    /// What a scope gives on.
    pub(super) fn given_on(&self, scope: &str) -> impl Iterator<Item = &Reexport> {
        self.given(move |given| given.scope.as_str().cmp(scope))
    }

    /// What it gives on under one name; `*` stands for itself.
    pub(super) fn given_on_as(&self, scope: &str, name: &str) -> impl Iterator<Item = &Reexport> {
        self.given(move |given| key(given).cmp(&(scope, name)))
    }

    fn found(&self, order: &[u32], compare: impl Fn(&Symbol) -> Ordering) -> impl Iterator<Item = &Symbol> {
        equal(order, |at| compare(&self.package.symbols[at])).iter().map(|at| &self.package.symbols[*at as usize])
    }

    fn given(&self, compare: impl Fn(&Reexport) -> Ordering) -> impl Iterator<Item = &Reexport> {
        equal(&self.reexports, |at| compare(&self.package.reexports[at])).iter().map(|at| &self.package.reexports[*at as usize])
    }

    pub(super) fn openness(&self, scope: &str) -> Option<&Open> {
        self.open.get(scope).or_else(|| self.open.get("")).map(|at| &self.package.open[*at as usize])
    }

    pub(super) fn own_openness(&self, scope: &str) -> Option<&Open> {
        self.open.get(scope).map(|at| &self.package.open[*at as usize])
    }
}

fn key(given: &Reexport) -> (&str, &str) {
    (&given.scope, &given.name)
}

fn lower(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase)
}

/// The part of an order in which things are equal to what is looked for.
fn equal(order: &[u32], compare: impl Fn(usize) -> Ordering) -> &[u32] {
    let begin = order.partition_point(|at| compare(*at as usize) == Ordering::Less);
    let length = order[begin..].partition_point(|at| compare(*at as usize) == Ordering::Equal);
    &order[begin..begin + length]
}

/// The packages that a question may look into.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    packages: Vec<Arc<Indexed>>,
    roots: HashMap<String, Vec<usize>>,
    by_id: HashMap<PackageId, usize>,
    /// A lock file names no others: a package outside is not used by the project.
    is_whole: bool,
}

impl Reach {
    /// Of these packages. Of two versions of one package the first is taken: give those that the project itself names first.
    pub fn new(packages: Vec<Arc<Indexed>>) -> Self {
        let mut reach = Self::default();
        let described: HashSet<String> = packages.iter().filter_map(|package| described(&package.package.id)).collect();
        for package in packages {
            let at = reach.packages.len();
            let id = &package.package.id;
            // Code without types is not looked into where a package of its own describes it.
            if id.ecosystem == Ecosystem::Npm && described.contains(&id.name) && !package.has_types() {
                reach.by_id.entry(id.clone()).or_insert(at);
                reach.packages.push(package);
                continue;
            }
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
            reach.by_id.entry(id.clone()).or_insert(at);
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

    /// The packages that one name of npm reaches: the package itself, and what describes it.
    #[cfg(feature = "code")]
    pub(super) fn twins(&self, at: usize) -> Vec<usize> {
        let reached = |at: &usize| {
            let id = &self.packages[*at].package.id;
            described(id).unwrap_or_else(|| id.name.clone())
        };
        let wanted = reached(&at);
        (0..self.packages.len()).filter(|other| reached(other) == wanted).collect()
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
            let mut of = package.package.dependencies.iter().filter(|dependency| dependency.root == root).peekable();
            // One that is out of reach is no other version of it.
            if of.peek().is_some() {
                return of.find_map(|of| self.by_id.get(&of.id).copied()).into_iter().collect();
            }
        }
        self.rooted(path).to_vec()
    }

    pub(super) fn package(&self, at: usize) -> &Indexed {
        &self.packages[at]
    }

    /// A package with all that it depends on; and whether nothing of that is out of reach or may hold names that are written nowhere.
    pub(super) fn below(&self, at: usize) -> (Vec<usize>, bool) {
        let mut seen = HashSet::from([at]);
        let mut all = Vec::new();
        let mut waiting = vec![at];
        let mut is_sure = true;
        while let Some(at) = waiting.pop() {
            let package = &self.packages[at].package;
            all.push(at);
            is_sure &= package.is_whole && !self.packages[at].open.contains_key("");
            for dependency in &package.dependencies {
                // By what it is, where that is known: several packages may share a root.
                let found = match self.by_id.get(&dependency.id) {
                    Some(exactly) => vec![*exactly],
                    None => self.rooted_from(Some(at), &dependency.root),
                };
                is_sure &= dependency.optional || !found.is_empty();
                waiting.extend(found.into_iter().filter(|at| seen.insert(*at)));
            }
        }
        (all, is_sure)
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

/// What a package of npm describes the types of: `a` of `@types/a`, `@a/b` of `@types/a__b`.
fn described(id: &PackageId) -> Option<String> {
    let name = id.name.strip_prefix("@types/").filter(|_| id.ecosystem == Ecosystem::Npm)?;
    Some(name.split_once("__").map_or_else(|| name.to_owned(), |(scope, name)| format!("@{scope}/{name}")))
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
