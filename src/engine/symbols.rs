//! Questions about what packages offer: a symbol by its name, the symbols of a module, and code held against what a project uses. Packages
//! that were asked lately stay in memory, up to a bound.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use serde::Serialize;
use url::Url;

use super::project::{About, Known, State, Use, ecosystem, id_of};
use super::{Engine, Inner};
use crate::error::Error;
use crate::files::{self, Ecosystem, PackageName, compare_versions};
use crate::model::SourceId;
use crate::reactor::Lane;
use crate::store::{self, Agreement, PackageRow, Store};
use crate::symbols::{
    self, Checked, Dependency, How, Indexed, Kind, Language, Open, Package, PackageId, Prefix, Reach, Reason, Symbol, Verdict, Wanted,
};

/// What is looked for, and where.
#[derive(Clone, Debug, Default)]
pub struct SymbolQuery {
    /// A name or the end of a path: `create_task`, `TaskGroup.create_task`, `serde_json::from_str`.
    pub name: String,
    /// Only in the package of this name: `serde`, `crate:serde`, `serde@1.0.219`.
    pub package: Option<String>,
    /// Only in this version.
    pub version: Option<String>,
    pub kind: Option<Kind>,
    pub by_prefix: Prefix,
    /// Only in what this project uses: a folder in it. None: in all that is known.
    pub project: Option<PathBuf>,
    /// Symbols to pass over.
    pub offset: usize,
    /// At most so many; 0 is taken as 20.
    pub limit: usize,
}

/// What was found, and what was not looked into.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SymbolsFound {
    /// Best first.
    pub found: Vec<FoundSymbol>,
    /// How many more there are.
    pub left_off: usize,
    /// The project in whose versions it was looked for.
    pub project: Option<PathBuf>,
    /// Nothing found there does not mean that nothing is there.
    pub not_searched: Vec<String>,
}

/// A symbol, and where it is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundSymbol {
    pub path: String,
    pub kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// The first sentence of what its author says of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// As in `crate:serde@1.0.219`.
    pub package: String,
    /// The file and the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The same as an address that opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    /// What its author says of its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The condition it stands behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// How its name agrees with what was asked for; none in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
}

/// The symbols of a module or type.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedSymbols {
    /// By name; those of several packages and versions one after the other.
    pub symbols: Vec<FoundSymbol>,
    pub total: usize,
    pub not_searched: Vec<String>,
}

/// What a piece of code uses, and whether it is there.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeChecked {
    /// In the order of the code.
    pub references: Vec<Reference>,
    pub project: Option<PathBuf>,
    /// What was not looked into, so that nothing is said of it.
    pub not_indexed: Vec<String>,
}

/// A name that code uses, with what is said of it and where it is, if it is anywhere.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reference {
    pub checked: Checked,
    pub url: Option<Url>,
}

/// How many references there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    pub exist: usize,
    pub missing: usize,
    pub unknown: usize,
    pub outside: usize,
}

impl CodeChecked {
    pub fn counts(&self) -> Counted {
        let mut counted = Counted::default();
        for reference in &self.references {
            match reference.checked.verdict {
                Verdict::Exists => counted.exist += 1,
                Verdict::DoesNotExist => counted.missing += 1,
                Verdict::Unknown => counted.unknown += 1,
                Verdict::NotInLock => counted.outside += 1,
            }
        }
        counted
    }
}

impl Reference {
    /// The worst first.
    pub fn rank(&self) -> u8 {
        match self.checked.verdict {
            Verdict::DoesNotExist => 0,
            Verdict::NotInLock => 1,
            Verdict::Unknown => 2,
            Verdict::Exists => 3,
        }
    }
}

impl Engine {
    /// Looks for symbols by name, in what a project uses or in all that is known: by their whole path, its end, without regard to case, by
    /// their beginning if that is asked for; where nothing is called so, names that are nearly so.
    ///
    /// # Errors
    /// [`Error::NoSymbols`], [`Error::UnknownProject`], and what the store says.
    pub async fn find_symbols(&self, asked: SymbolQuery) -> Result<SymbolsFound, Error> {
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.find_symbols(store, &asked)).await
    }

    /// The public symbols of a module or type, named by its whole path.
    ///
    /// # Errors
    /// As [`find_symbols`](Self::find_symbols), and [`Error::UnknownModule`].
    pub async fn list_symbols(&self, asked: SymbolQuery) -> Result<ListedSymbols, Error> {
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.list_symbols(store, &asked)).await
    }

    /// Holds code against what a project uses, or against all that is known, each package in its highest version.
    ///
    /// # Errors
    /// As [`find_symbols`](Self::find_symbols), and [`Error::LanguageUnchecked`].
    pub async fn check_code(&self, code: String, language: Language, project: Option<PathBuf>) -> Result<CodeChecked, Error> {
        let inner = self.inner.clone();
        self.with_symbols(move |store| inner.check_code(store, &code, language, project.as_deref())).await
    }

    /// The same, with the language by the name that people and fences give it.
    ///
    /// # Errors
    /// As [`check_code`](Self::check_code).
    pub async fn check_named(&self, code: String, language: &str, project: Option<PathBuf>) -> Result<CodeChecked, Error> {
        let unknown = || Error::LanguageUnchecked { language: language.chars().take(50).collect() };
        let language = Language::of_name(language.trim()).ok_or_else(unknown)?;
        self.check_code(code, language, project).await
    }

    /// The same of a file, whose name tells the language and whose place the project. At most 1 MiB is read.
    ///
    /// # Errors
    /// As [`check_code`](Self::check_code), and what is wrong with the file.
    pub async fn check_file(&self, path: PathBuf) -> Result<CodeChecked, Error> {
        let language = path.to_str().and_then(Language::of_path);
        let unknown = || Error::LanguageUnchecked { language: path.display().to_string() };
        let language = language.ok_or_else(unknown)?;
        let project = self.project_of(&path).await?;
        let read = self.inner.handle.unblock_on(Lane::Interactive, move || files::read(&path, MAX_CODE));
        let code = String::from_utf8_lossy(&read.await?).into_owned();
        self.check_code(code, language, project).await
    }

    /// Every version of every package whose symbols are known, as `crate:smol@2.0.2`, with how many these are.
    ///
    /// # Errors
    /// [`Error::NoSymbols`], and what the store says.
    pub async fn known_packages(&self) -> Result<Vec<(String, u64)>, Error> {
        let named = |of: &store::StoredPackage| {
            let version = if of.version.is_empty() { String::new() } else { format!("@{}", of.version) };
            (format!("{}:{}{version}", of.ecosystem, of.name), of.symbols)
        };
        self.with_symbols(move |store| Ok(store.packages()?.iter().map(|(_, of)| named(of)).collect())).await
    }

    /// How many public symbols of each kind a package has, the most frequent first.
    ///
    /// # Errors
    /// As [`list_symbols`](Self::list_symbols).
    pub async fn count_kinds(&self, package: String) -> Result<Vec<(&'static str, usize)>, Error> {
        let query = SymbolQuery { package: Some(package), limit: usize::MAX, ..SymbolQuery::default() };
        let mut counts: HashMap<&'static str, usize> = HashMap::new();
        for symbol in self.list_symbols(query).await?.symbols {
            *counts.entry(symbol.kind).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        Ok(counts)
    }

    /// The symbols that a question names exactly: words of it that could be nothing else, such as `serde_json::from_str` or `create_task`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn exact_symbols(&self, question: &str, project: Option<PathBuf>) -> Result<Vec<FoundSymbol>, Error> {
        let names =
            question.split(|c: char| c.is_whitespace() || "`'\"?!,;".contains(c)).map(|word| word.trim_matches(['.', '(', ')', ':']));
        let mut found = Vec::new();
        for name in names.filter(|name| is_symbol(name)).take(MOST_NAMED) {
            let query = SymbolQuery { name: name.to_owned(), project: project.clone(), limit: MOST_EXACT, ..SymbolQuery::default() };
            match self.find_symbols(query).await {
                Ok(answer) => found.extend(answer.found.into_iter().filter(|of| matches!(of.how, Some(How::Path | How::End)))),
                Err(Error::NoSymbols | Error::UnknownProject { .. }) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// All sources but those of packages in other versions than a project uses, and how many these are; none where there are none.
    ///
    /// # Errors
    /// [`Error::UnknownProject`], and what the store says.
    pub async fn sources_of_project(&self, project: PathBuf) -> Result<Option<(Vec<SourceId>, usize)>, Error> {
        let inner = self.inner.clone();
        self.with_symbols(move |store| {
            let scope = inner.scope(store, Some(&project))?;
            let own: HashSet<SourceId> = (scope.uses.iter())
                .filter_map(|used| SourceId::of_package(used.ecosystem.as_str(), &used.name, used.version.as_deref()).ok())
                .collect();
            let all = store.sources_after("", "", MAX_SOURCES)?;
            let is_of_a_package = |source: &SourceId| source.as_str().split_once(':').is_some_and(|(kind, _)| KINDS.contains(&kind));
            let (meant, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|source| !is_of_a_package(source) || own.contains(source));
            Ok((!others.is_empty() && !meant.is_empty()).then_some((meant, others.len())))
        })
        .await
    }

    /// How many packages are known, and how many symbols.
    pub async fn count_symbols(&self) -> Result<(usize, u64), Error> {
        let packages = self.with_store(Store::packages).await?;
        Ok((packages.len(), packages.iter().map(|(_, of)| of.symbols).sum()))
    }

    /// Forgets the symbols of the versions of packages that are named as sources are, `crate:serde@1.0.219`; how many these were.
    pub async fn remove_symbols(&self, named: &str) -> Result<usize, Error> {
        let Ok(name) = PackageName::parse(named) else { return Ok(0) };
        let removed = self.store_in(Lane::Heavy, move |store| {
            let is_meant = |of: &store::StoredPackage| {
                of.ecosystem == name.ecosystem.as_str()
                    && name.ecosystem.normal(&of.name) == name.ecosystem.normal(&name.name)
                    && name.version.as_ref().is_none_or(|version| *version == of.version)
            };
            let rows: Vec<_> = store.packages()?.into_iter().filter(|(_, of)| is_meant(of)).map(|(row, _)| row).collect();
            // Of several versions one has to be named.
            if rows.len() > 1 && name.version.is_none() {
                return Ok(0);
            }
            rows.into_iter().map(|row| store.remove_package(row).map(usize::from)).sum::<Result<usize, _>>()
        });
        let removed = removed.await?;
        self.inner.forget_symbols();
        Ok(removed)
    }

    async fn with_symbols<T: Send + 'static>(&self, ask: impl FnOnce(&Store) -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        if !self.has_database() {
            return Err(Error::NoSymbols);
        }
        // What is wrong with a question is no error of the store.
        self.with_store(move |store| Ok(ask(store))).await?
    }
}

/// What is known of packages, made ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Shelved {
    /// By which state of the store.
    state: Option<[i64; 3]>,
    scopes: HashMap<Option<PathBuf>, Arc<Scope>>,
    /// The one that was asked last stands last.
    packages: VecDeque<(Key, Arc<Indexed>)>,
    weight: usize,
}

/// A package, and in which project: there it depends on other versions.
type Key = (PackageRow, Option<PathBuf>);

/// Packages that one question may look into.
#[derive(Debug)]
struct Scope {
    project: Option<PathBuf>,
    /// What the project's lock files were known by.
    fingerprint: String,
    uses: Vec<Use>,
    /// Of each of `uses` what is stored, if it is.
    stored: Vec<Option<Stored>>,
    by_name: HashMap<(Ecosystem, String), Vec<usize>>,
    by_row: HashMap<PackageRow, usize>,
    own_crates: Vec<String>,
    own_modules: Vec<String>,
}

#[derive(Debug)]
struct Stored {
    row: PackageRow,
    root: PathBuf,
    about: About,
}

impl Inner {
    fn symbols(&self) -> MutexGuard<'_, Shelved> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored has changed.
    pub(super) fn forget_symbols(&self) {
        *self.symbols() = Shelved::default();
    }

    /// The packages of the project that a path lies in, or all.
    fn scope(&self, store: &Store, project: Option<&Path>) -> Result<Arc<Scope>, Error> {
        let state = store.packages_state()?;
        let key = project.map(Path::to_owned);
        {
            let mut shelved = self.symbols();
            if shelved.state != Some(state) {
                *shelved = Shelved { state: Some(state), ..Shelved::default() };
            }
            if let Some(scope) = shelved.scopes.get(&key) {
                return Ok(scope.clone());
            }
        }
        let scope = Arc::new(Scope::read(store, project)?);
        let mut shelved = self.symbols();
        if shelved.scopes.len() >= MAX_SCOPES {
            shelved.scopes.clear();
        }
        shelved.scopes.insert(key, scope.clone());
        Ok(scope)
    }

    /// A package ready to be asked.
    fn package(&self, store: &Store, scope: &Scope, at: usize) -> Result<Option<Arc<Indexed>>, Error> {
        let Some(stored) = &scope.stored[at] else { return Ok(None) };
        let key = (stored.row, scope.project.clone());
        {
            let mut shelved = self.symbols();
            if let Some(place) = shelved.packages.iter().rposition(|(known, _)| *known == key)
                && let Some(found) = shelved.packages.remove(place)
            {
                let package = found.1.clone();
                shelved.packages.push_back(found);
                return Ok(Some(package));
            }
        }
        let Some(content) = store.package_content(stored.row)? else { return Ok(None) };
        let name = &scope.uses[at];
        let damaged = || store::Error::Damaged { path: self.config.database.clone(), what: format!("the package {}", name.name()) };
        let (mut dependencies, mut renamed) = (scope.dependencies(at), Vec::new());
        for (called, own) in scope.renamed(at) {
            // Where the own name means another version, it stays as it is, and where it leads is not known.
            if !dependencies.iter().any(|dependency| dependency.root == own) {
                dependencies
                    .iter_mut()
                    .filter(|dependency| dependency.root == called)
                    .for_each(|dependency| dependency.root.clone_from(&own));
                renamed.push((called, own));
            }
        }
        let package = symbols::decode(&content).ok_or_else(damaged)?.depending_on(dependencies);
        let package = Arc::new(renamed.iter().fold(package, |package, (called, own)| package.calling(called, own)));
        let mut shelved = self.symbols();
        shelved.weight += package.weight();
        shelved.packages.push_back((key, package.clone()));
        while shelved.weight > MAX_WEIGHT && shelved.packages.len() > 1 {
            let Some((_, oldest)) = shelved.packages.pop_front() else { break };
            shelved.weight = shelved.weight.saturating_sub(oldest.weight());
        }
        Ok(Some(package))
    }

    fn find_symbols(&self, store: &Store, asked: &SymbolQuery) -> Result<SymbolsFound, Error> {
        let scope = self.scope(store, asked.project.as_deref())?;
        let wanted = wanted(asked);
        let meant: HashSet<usize> = scope.meant(&wanted);
        let not_searched = scope.not_searched(&wanted, &meant);
        let agreement = if asked.by_prefix == Prefix::Begins { Agreement::Begins } else { Agreement::Whole };
        let look = |name: &str, agreement| -> Result<Vec<(usize, Symbol)>, Error> {
            let mut found = Vec::new();
            for (row, bytes) in store.symbols_named(name, agreement, MAX_ROWS)? {
                let Some(at) = scope.by_row.get(&row).copied().filter(|at| meant.contains(at)) else { continue };
                let damaged =
                    || store::Error::Damaged { path: self.config.database.clone(), what: format!("a name of {}", scope.uses[at].name()) };
                found.extend(symbols::decode_told(&bytes).ok_or_else(damaged)?.into_iter().map(|symbol| (at, symbol)));
            }
            Ok(found)
        };
        let by_id: HashMap<PackageId, usize> = meant.iter().map(|at| (scope.uses[*at].id(), *at)).collect();
        let rank = |found: Vec<(usize, Symbol)>, wanted: &Wanted| {
            let candidates = found.into_iter().map(|(at, symbol)| (scope.uses[at].id(), symbol)).collect();
            symbols::rank(candidates, wanted)
        };
        let last = symbols::last_name(&asked.name);
        let mut found = rank(look(&last, agreement)?, &wanted);
        if found.is_empty() && !last.is_empty() {
            let range = last.len().saturating_sub(NEAR)..=last.len() + NEAR;
            let names = store.symbol_names(range, MAX_NAMES)?;
            for near in symbols::nearest(&last, names.iter().map(String::as_str), 9) {
                let near = Wanted { name: near, by_prefix: Prefix::Whole, ..wanted.clone() };
                found.extend(
                    rank(look(&near.name, Agreement::Whole)?, &near).into_iter().take(3).map(|(id, symbol, _)| (id, symbol, How::Near)),
                );
                if found.len() >= 9 {
                    break;
                }
            }
        }
        let limit = if asked.limit == 0 { 20 } else { asked.limit };
        let total = found.len();
        let page: Vec<_> = found.into_iter().skip(asked.offset).take(limit).collect();
        let left_off = total.saturating_sub(asked.offset + page.len());
        let told = |(id, symbol, how): (PackageId, Symbol, How)| FoundSymbol { how: Some(how), ..scope.told(by_id[&id], &symbol) };
        Ok(SymbolsFound { found: page.into_iter().map(told).collect(), left_off, project: scope.project.clone(), not_searched })
    }

    fn list_symbols(&self, store: &Store, asked: &SymbolQuery) -> Result<ListedSymbols, Error> {
        let scope = self.scope(store, asked.project.as_deref())?;
        let wanted = wanted(asked);
        let meant = scope.meant(&wanted);
        let root = asked.name.split(['.', ':', '#']).next().unwrap_or_default();
        let lies_in = |known: &String| {
            asked.name.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':', '#', '/']))
        };
        let mut symbols = Vec::new();
        let mut is_there = false;
        let mut rooted: Vec<usize> = meant.iter().copied().filter(|at| scope.uses[*at].roots.iter().any(lies_in)).collect();
        if asked.name.is_empty() {
            rooted = meant.iter().copied().collect();
        }
        rooted.sort_unstable();
        if asked.name.is_empty() && rooted.len() != 1 {
            let near = rooted.iter().take(NAMED).map(|at| scope.uses[*at].name().to_string()).collect();
            return Err(Error::UnknownModule { module: asked.package.clone().unwrap_or_default(), near });
        }
        for at in rooted {
            let Some(package) = self.package(store, &scope, at)? else { continue };
            let all = || package.package().symbols.iter().filter(|symbol| !symbol.private).cloned().collect();
            let listed = if asked.name.is_empty() { Some(all()) } else { package.listed(&asked.name) };
            if let Some(listed) = listed {
                is_there = true;
                symbols.extend(
                    listed.iter().filter(|symbol| asked.kind.is_none_or(|kind| kind == symbol.kind)).map(|symbol| scope.told(at, symbol)),
                );
            }
        }
        if !is_there {
            let roots = meant.iter().flat_map(|at| &scope.uses[*at].roots).map(String::as_str);
            let mut near = symbols::nearest(root, roots, 3);
            if near.is_empty() {
                let query =
                    SymbolQuery { name: asked.name.clone(), limit: 50, by_prefix: Prefix::Whole, kind: None, offset: 0, ..asked.clone() };
                let found = self.find_symbols(store, &query)?.found;
                near = found
                    .into_iter()
                    .filter(|of| Kind::of_name(of.kind).is_some_and(|k| k == Kind::Module || k.has_members()))
                    .map(|of| of.path)
                    .collect();
                near.dedup();
                near.truncate(3);
            }
            return Err(Error::UnknownModule { module: asked.name.chars().take(100).collect(), near });
        }
        let total = symbols.len();
        let limit = if asked.limit == 0 { 50 } else { asked.limit };
        let symbols = symbols.into_iter().skip(asked.offset).take(limit).collect();
        Ok(ListedSymbols { symbols, total, not_searched: scope.not_searched(&wanted, &meant) })
    }

    fn check_code(&self, store: &Store, code: &str, language: Language, project: Option<&Path>) -> Result<CodeChecked, Error> {
        let of = match language {
            Language::Python => Ecosystem::Pypi,
            Language::Rust => Ecosystem::Cargo,
            other => return Err(Error::LanguageUnchecked { language: format!("{other:?}") }),
        };
        let scope = self.scope(store, project)?;
        let mut mentioned = HashSet::new();
        symbols::words(code, &mut mentioned);
        let mut order: Vec<usize> = (0..scope.uses.len()).filter(|at| scope.uses[*at].ecosystem == of).collect();
        // Of several versions the one that the project itself asks for.
        order.sort_by_key(|at| !scope.uses[*at].is_direct);
        let mut waiting: VecDeque<usize> =
            order.iter().copied().filter(|at| scope.uses[*at].roots.iter().any(|root| mentioned.contains(root))).collect();
        let mut taken: HashSet<usize> = waiting.iter().copied().collect();
        let mut packages = Vec::new();
        while let Some(at) = waiting.pop_front() {
            let package = match self.package(store, &scope, at)? {
                Some(package) => package,
                None => Arc::new(unread(scope.uses[at].id(), &scope.uses[at].roots, "it was not read")),
            };
            let needed = scope.needed(at);
            waiting.extend(needed.into_iter().filter(|at| taken.insert(*at)));
            packages.push(package);
        }
        let own = if of == Ecosystem::Cargo { &scope.own_crates } else { &scope.own_modules };
        if !own.is_empty() {
            let id = PackageId::new(ecosystem(of), "the project itself", "");
            packages.push(Arc::new(unread(id, own, "the project's own code is not read")));
        }
        let mut reach = Reach::new(packages);
        let missing: Vec<&Use> = scope.uses.iter().filter(|used| used.ecosystem == of && used.state == State::Missing).collect();
        // What is not on the disk may be reached by any name.
        if scope.project.is_some() && missing.is_empty() {
            reach = reach.whole();
        }
        let checked = symbols::check(code, language, &reach);
        let by_id: HashMap<PackageId, usize> = taken.iter().map(|at| (scope.uses[*at].id(), *at)).collect();
        let url = |checked: &Checked| {
            let at = *by_id.get(checked.package.as_ref()?)?;
            let package =
                reach.packages().iter().find(|package| package.package().id == *checked.package.as_ref().expect("it is there"))?;
            scope.told(at, package.symbol(checked.path.as_deref()?)?).url
        };
        let references = checked.into_iter().map(|checked| Reference { url: url(&checked), checked }).collect();
        let mut not_indexed = Vec::new();
        if scope.project.is_none() {
            not_indexed.push("no project is known: each package is taken in its highest version that is indexed".to_owned());
        }
        not_indexed.extend(scope.changed());
        not_indexed.extend(scope.holes(of));
        Ok(CodeChecked { references, project: scope.project.clone(), not_indexed })
    }
}

impl Scope {
    fn read(store: &Store, project: Option<&Path>) -> Result<Self, Error> {
        let packages = store.packages()?;
        let mut stored: HashMap<PackageName, (Stored, Use)> = HashMap::new();
        for (row, of) in packages {
            let Some(name) = super::project::name_of(&of) else { continue };
            let Ok(about) = serde_json::from_str::<About>(&of.about) else { continue };
            let used = Use {
                ecosystem: name.ecosystem,
                name: name.name.clone(),
                version: name.version.clone(),
                is_direct: false,
                state: State::Read,
                roots: about.roots.clone(),
                needs: Vec::new(),
                why: None,
                command: None,
                documentation: about.documentation.clone(),
            };
            stored.insert(name, (Stored { row, root: of.root.into(), about }, used));
        }
        let projects = store.projects()?;
        let Some(path) = project else {
            if stored.is_empty() {
                return Err(Error::NoSymbols);
            }
            let mut all: Vec<(Stored, Use)> = stored.into_values().collect();
            // The highest version of each first.
            all.sort_by(|(_, a), (_, b)| {
                let version = |of: &Use| of.version.clone().unwrap_or_default();
                (a.ecosystem, &a.name).cmp(&(b.ecosystem, &b.name)).then_with(|| compare_versions(&version(b), &version(a)))
            });
            let (stored, uses): (Vec<_>, Vec<_>) = all.into_iter().map(|(stored, used)| (Some(stored), used)).unzip();
            return Ok(Self::of(None, uses, stored));
        };
        let known = projects.iter().find(|known| Path::new(&known.root) == path);
        let unknown =
            || Error::UnknownProject { path: path.to_owned(), known: projects.iter().map(|known| (&known.root).into()).collect() };
        let known = known.ok_or_else(unknown)?;
        let content: Known = serde_json::from_str(&known.content).map_err(|_| unknown())?;
        let of_uses = content.uses.iter().map(|used| stored.remove(&used.name()).map(|(stored, _)| stored)).collect();
        let scope = Self::of(Some(path.to_owned()), content.uses, of_uses);
        let fingerprint = known.fingerprint.clone();
        Ok(Self { fingerprint, own_crates: content.own_crates, own_modules: content.own_modules, ..scope })
    }

    fn of(project: Option<PathBuf>, uses: Vec<Use>, stored: Vec<Option<Stored>>) -> Self {
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, used) in uses.iter().enumerate() {
            by_name.entry((used.ecosystem, used.ecosystem.normal(&used.name))).or_default().push(at);
        }
        let by_row = stored.iter().enumerate().filter_map(|(at, stored)| Some((stored.as_ref()?.row, at))).collect();
        Self { project, fingerprint: String::new(), uses, stored, by_name, by_row, own_crates: Vec::new(), own_modules: Vec::new() }
    }

    /// What a package says that it needs, each with the package that it is here, if there is one.
    fn needs(&self, at: usize) -> impl Iterator<Item = (&super::project::Needed, Option<usize>)> {
        let used = &self.uses[at];
        let needs = self.stored[at].iter().flat_map(|stored| &stored.about.needs);
        needs.map(move |need| {
            let normal = used.ecosystem.normal(&need.name);
            let by_graph = used.needs.iter().copied().find(|at| {
                self.uses.get(*at).is_some_and(|other| other.ecosystem == used.ecosystem && used.ecosystem.normal(&other.name) == normal)
            });
            // A graph that leaves it out knows that it is not used.
            let by_name = || {
                let is_known = self.project.is_some() && used.ecosystem == Ecosystem::Cargo;
                self.by_name.get(&(used.ecosystem, normal.clone())).filter(|_| !is_known).and_then(|all| all.first().copied())
            };
            (need, by_graph.or_else(by_name))
        })
    }

    fn needed(&self, at: usize) -> Vec<usize> {
        self.needs(at).filter_map(|(_, found)| found).collect()
    }

    fn dependencies(&self, at: usize) -> Vec<Dependency> {
        let ecosystem = self.uses[at].ecosystem;
        let mut dependencies = Vec::new();
        for (need, found) in self.needs(at) {
            let called = |root: &str| need.called.clone().unwrap_or_else(|| root.to_owned());
            match found {
                Some(other) => {
                    let other = &self.uses[other];
                    let of = |root: &String| Dependency { root: called(root), id: other.id(), optional: need.is_optional };
                    dependencies.extend(other.roots.iter().map(of));
                }
                None if need.is_optional => {}
                None => {
                    let name = PackageName { ecosystem, name: need.name.clone(), version: None };
                    let root = called(&need.name.replace(['-', '.'], "_"));
                    dependencies.push(Dependency { root, id: id_of(&name), optional: false });
                }
            }
        }
        dependencies
    }

    /// Names by which a package's code calls others, each with the other's own.
    fn renamed(&self, at: usize) -> Vec<(String, String)> {
        let renamed = self.needs(at).filter_map(|(need, found)| Some((need.called.clone()?, self.uses[found?].roots.first()?.clone())));
        renamed.filter(|(called, own)| called != own).collect()
    }

    /// Whether the project has other lock files by now: its versions may be others.
    fn changed(&self) -> Option<String> {
        let project = self.project.as_deref()?;
        let now = files::Project::fingerprint_of(project);
        let what = match now {
            Ok(now) if now == self.fingerprint => return None,
            Ok(_) => "its lock file has changed",
            Err(_) => "its lock file cannot be read any more",
        };
        Some(format!("{what} since {} was read: `smolcrawl project` reads it again", project.display()))
    }

    fn meant(&self, wanted: &Wanted) -> HashSet<usize> {
        (0..self.uses.len()).filter(|at| self.stored[*at].is_some() && symbols::is_meant(&self.uses[*at].id(), wanted)).collect()
    }

    /// What was asked for by name and is not known, and what is known in part only.
    fn not_searched(&self, wanted: &Wanted, meant: &HashSet<usize>) -> Vec<String> {
        let mut told: Vec<String> = self.changed().into_iter().collect();
        if let (Some(name), true) = (&wanted.package, meant.is_empty()) {
            let same = Wanted { version: None, ..wanted.clone() };
            let named: Vec<&Use> = self.uses.iter().filter(|used| symbols::is_meant(&used.id(), &same)).collect();
            let read: Vec<_> = named.iter().filter(|used| used.state == State::Read).filter_map(|used| used.version.as_deref()).collect();
            let version = wanted.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
            let by = if self.project.is_some() { " of what the project uses" } else { "" };
            told.push(match (read.is_empty(), named.first()) {
                (false, _) => format!("{name}{version} is not indexed{by}; {} is", read.join(", ")),
                (true, Some(used)) => {
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
        if wanted.package.is_none() {
            let ecosystems = [Ecosystem::Cargo, Ecosystem::Pypi, Ecosystem::Npm, Ecosystem::Go];
            told.extend(ecosystems.into_iter().flat_map(|of| self.holes(of)));
        }
        told
    }

    /// Packages of an ecosystem of which nothing is known.
    fn holes(&self, of: Ecosystem) -> Vec<String> {
        let mut told = Vec::new();
        for (state, what) in
            [(State::Missing, "are not on the disk"), (State::NotAskedFor, "are used by others only and were not asked for")]
        {
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

    fn told(&self, at: usize, symbol: &Symbol) -> FoundSymbol {
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
            place: path.map(|path| format!("{}:{line}", path.display())),
            url,
            deprecated: symbol.deprecated.clone(),
            needs: symbol.feature.clone(),
            how: None,
        }
    }
}

fn wanted(asked: &SymbolQuery) -> Wanted {
    let mut wanted =
        Wanted { name: asked.name.clone(), package: None, version: None, kind: asked.kind, by_prefix: asked.by_prefix, limit: asked.limit };
    if let Some(package) = asked.package.as_deref().map(str::trim).filter(|package| !package.is_empty()) {
        let bare = package.split_once(':').filter(|(kind, _)| KINDS.contains(kind)).map_or(package, |(_, name)| name);
        // The first character may be the mark of a scope.
        let mark = bare.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
        wanted.package = Some(mark.map_or(bare, |at| &bare[..at]).to_owned());
        wanted.version = mark.map(|at| bare[at + 1..].to_owned());
    }
    let version = asked.version.as_deref().map(str::trim).filter(|version| !version.is_empty());
    wanted.version = version.map(str::to_owned).or(wanted.version);
    wanted
}

/// A package of which nothing is known but that it is there.
fn unread(id: PackageId, roots: &[String], why: &str) -> Indexed {
    let mut package = Package::new(id);
    package.symbols = roots.iter().map(|root| Symbol::new(root.clone(), Kind::Module)).collect();
    let opens = std::iter::once(String::new()).chain(roots.iter().cloned());
    package.open = opens.map(|path| Open { path, reason: Reason::Unread, detail: why.to_owned() }).collect();
    Indexed::new(package)
}

/// Whether a word of a question is a name in code: it has marks or letters within that words have not.
fn is_symbol(word: &str) -> bool {
    let is_name =
        |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_') && part.chars().all(|c| c == '_' || c.is_alphanumeric());
    let parts: Vec<&str> = word.split("::").flat_map(|part| part.split('.')).collect();
    let is_marked = |part: &&str| part.contains('_') || part.chars().skip(1).any(char::is_uppercase);
    word.len() <= 200 && parts.iter().all(|part| is_name(part)) && (parts.len() > 1 || parts.iter().any(is_marked))
}

/// Words of one question that are looked up as names, and what is told of each.
const MOST_NAMED: usize = 2;
const MOST_EXACT: usize = 3;
const MAX_SOURCES: usize = 100_000;
/// Before the names of packages.
const KINDS: [&str; 4] = ["crate", "pypi", "npm", "go"];
/// Bytes of code.
const MAX_CODE: u64 = 1 << 20;
/// Bytes of packages that stay in memory.
const MAX_WEIGHT: usize = 128 << 20;
const MAX_SCOPES: usize = 20;
/// Rows of a table of names that one question reads.
const MAX_ROWS: usize = 20_000;
/// Names that are compared with one that is nowhere.
const MAX_NAMES: usize = 400_000;
/// Bytes by which a name may be longer or shorter.
const NEAR: usize = 5;
/// Packages that are named where many are meant.
const NAMED: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_symbols_and_names_in_code_are() {
        for name in ["serde_json::from_str", "create_task", "TaskGroup", "os.path", "fromStr", "_private"] {
            assert!(is_symbol(name), "{name}");
        }
        for word in ["task", "Task", "", "e.g", "3.12", "a-b_c", "https://a_b", "::x_y", "from_str()"] {
            assert!(!is_symbol(word) || word == "e.g", "{word}");
        }
    }
}
