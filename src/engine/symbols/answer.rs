//! From a question to its answer, within one look at the store: by a table of names where a name is enough, else by whole packages.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use super::mentioned::mentioned;
use super::own::OwnCode;
use super::scope::Scope;
use super::site::Site;
use super::{CodeChecked, FoundSymbol, KINDS, ListedSymbols, Reference, SymbolQuery, SymbolsFound};
use crate::engine::Inner;
use crate::engine::project::{OWN_NAME, State, Use, ecosystem};
use crate::error::Error;
use crate::files::Ecosystem;
use crate::store::{self, Agreement, PackageRow, Store};
use crate::symbols::{
    self, Checked, How, Indexed, Kind, Language, Open, Package, PackageId, Prefix, Reach, Reason, Reexport, Symbol, Wanted,
};

/// Code that is to be held against packages.
#[derive(Debug)]
pub(super) struct Asked {
    code: String,
    language: Language,
    pub ecosystem: Ecosystem,
    /// What in it may name a package.
    pub mentioned: HashSet<String>,
}

impl Asked {
    pub fn of(code: String, language: Language) -> Result<Self, Error> {
        let ecosystem = match language {
            Language::Python => Ecosystem::Pypi,
            Language::Rust => Ecosystem::Cargo,
            Language::JavaScript | Language::TypeScript | Language::Tsx => Ecosystem::Npm,
            other => return Err(Error::LanguageUnchecked { language: format!("{other:?}") }),
        };
        Ok(Self { mentioned: mentioned(&code, ecosystem), code, language, ecosystem })
    }
}

impl Inner {
    pub(super) fn find_symbols(&self, store: &Store, asked: &SymbolQuery) -> Result<SymbolsFound, Error> {
        let scope = self.scope(store, asked.project.as_deref())?;
        let wanted = wanted(asked);
        let meant: HashSet<usize> = scope.meant(&wanted);
        let sites: HashMap<PackageRow, &Site> = scope.sites_meant(&wanted).map(|site| (site.row, site)).collect();
        let mut not_searched = scope.not_searched(&wanted, &meant);
        if !asked.everywhere {
            not_searched.extend(scope.unnamed().map(|which| format!("the versions of one project alone: {which}")));
        }
        let of_packages = meant.iter().filter_map(|at| scope.stored[*at].as_ref().map(|stored| stored.row));
        let mut rows: Vec<PackageRow> = of_packages.chain(sites.keys().copied()).collect();
        rows.sort_unstable();
        let agreement = if asked.by_prefix == Prefix::Begins { Agreement::Begins } else { Agreement::Whole };
        let look = |name: &str, agreement| -> Result<Vec<(PackageId, Symbol)>, Error> {
            let mut found = Vec::new();
            for (row, bytes) in store.symbols_named(&rows, name, agreement, MAX_ROWS)? {
                let package = scope.by_row.get(&row).map(|at| scope.uses[*at].id());
                let Some(id) = package.or_else(|| sites.get(&row).map(|site| site.id.clone())) else { continue };
                let damaged = || store::Error::Damaged { path: self.config.database.clone(), what: format!("a name of {id}") };
                found.extend(symbols::decode_told(&bytes).ok_or_else(damaged)?.into_iter().map(|symbol| (id.clone(), symbol)));
            }
            Ok(found)
        };
        let by_id: HashMap<PackageId, usize> = meant.iter().map(|at| (scope.uses[*at].id(), *at)).collect();
        let last = symbols::last_name(&asked.name);
        let candidates = look(&last, agreement)?;
        if candidates.len() >= MAX_ROWS {
            not_searched.push(format!("more than {MAX_ROWS} names: name the package, or more of the name"));
        }
        let mut found = symbols::rank(candidates, &wanted);
        if found.is_empty() && !last.is_empty() {
            for near in symbols::nearest(&last, self.names(store, &scope)?.all(), 9) {
                let near = Wanted { name: near, by_prefix: Prefix::Whole, ..wanted.clone() };
                found.extend(
                    symbols::rank(look(&near.name, Agreement::Whole)?, &near)
                        .into_iter()
                        .take(3)
                        .map(|(id, symbol, _)| (id, symbol, How::Near)),
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
        let told = |(id, symbol, how): (PackageId, Symbol, How)| {
            let told = match by_id.get(&id) {
                Some(at) => scope.told(*at, &symbol),
                None => sites.values().find(|site| site.id == id).expect("it is of a package or of a site").told(&symbol),
            };
            FoundSymbol { how: Some(how), ..told }
        };
        Ok(SymbolsFound { found: page.into_iter().map(told).collect(), total, left_off, project: scope.project.clone(), not_searched })
    }

    pub(super) fn list_symbols(&self, store: &Store, asked: &SymbolQuery) -> Result<ListedSymbols, Error> {
        let scope = self.scope(store, asked.project.as_deref())?;
        let wanted = wanted(asked);
        let meant = scope.meant(&wanted);
        let (symbols, near) = match asked.name.is_empty() {
            true => (Some(self.listed_whole(store, &scope, asked, &wanted, &meant)?), Vec::new()),
            false => self.listed_at(store, &scope, asked, &wanted, &meant)?,
        };
        let Some(mut symbols) = symbols else {
            let near = self.near_module(store, &scope, asked, &meant, near)?;
            return Err(Error::UnknownModule { module: asked.name.chars().take(100).collect(), near });
        };
        symbols.retain(|symbol| asked.kind.is_none_or(|kind| kind.name() == symbol.kind));
        let total = symbols.len();
        let limit = if asked.limit == 0 { 50 } else { asked.limit };
        let symbols = symbols.into_iter().skip(asked.offset).take(limit).collect();
        Ok(ListedSymbols { symbols, total, not_searched: scope.not_searched(&wanted, &meant) })
    }

    /// The public symbols of the one package that is meant, or else of the one site.
    fn listed_whole(
        &self,
        store: &Store,
        scope: &Scope,
        asked: &SymbolQuery,
        wanted: &Wanted,
        meant: &HashSet<usize>,
    ) -> Result<Vec<FoundSymbol>, Error> {
        let public = |package: &Indexed| package.package().symbols.iter().filter(|symbol| !symbol.private).cloned().collect::<Vec<_>>();
        let mut packages: Vec<usize> = meant.iter().copied().collect();
        packages.sort_unstable();
        let sites: Vec<&Site> = scope.sites_meant(wanted).collect();
        match (&*packages, &*sites) {
            ([at], _) => {
                let package = self.package(store, scope, *at)?;
                Ok(package.iter().flat_map(|package| public(package)).map(|symbol| scope.told(*at, &symbol)).collect())
            }
            ([], [site]) => {
                let package = self.site(store, site)?;
                Ok(package.iter().flat_map(public).map(|symbol| site.told(&symbol)).collect())
            }
            _ => {
                let packages = packages.iter().map(|at| scope.uses[*at].name().to_string());
                let near = packages.chain(sites.iter().map(|site| site.id.to_string())).take(NAMED).collect();
                Err(match asked.package.clone().filter(|package| !package.trim().is_empty()) {
                    Some(module) => Error::UnknownModule { module, near },
                    None => Error::NoModule { near },
                })
            }
        }
    }

    /// What stands at a path; where there is nothing, paths from which packages that are not known would give it on.
    fn listed_at(
        &self,
        store: &Store,
        scope: &Scope,
        asked: &SymbolQuery,
        wanted: &Wanted,
        meant: &HashSet<usize>,
    ) -> Result<(Option<Vec<FoundSymbol>>, Vec<String>), Error> {
        let lies_in = |known: &String| {
            asked.name.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':', '#', '/']))
        };
        let mut rooted: Vec<usize> = meant.iter().copied().filter(|at| scope.uses[*at].roots.iter().any(lies_in)).collect();
        rooted.sort_unstable();
        let (mut symbols, mut near) = (None, Vec::new());
        let mut led: HashSet<(usize, String)> = HashSet::new();
        for at in rooted {
            let Some(package) = self.package(store, scope, at)? else { continue };
            let (of, listed) = match package.listed(&asked.name) {
                Some(listed) => (at, Some(listed)),
                None => match self.led_to(store, scope, (at, &package), &asked.name)? {
                    // A macro that derives a trait, perhaps, and has its name.
                    Some((_, path, there)) if !there.symbol(&path).is_some_and(|symbol| has_members(symbol.kind)) => continue,
                    // Several versions may give on the same.
                    Some((of, path, there)) if led.insert((of, path.clone())) => (of, there.listed(&path)),
                    Some(_) => continue,
                    None => {
                        near.extend(package.given_from(&asked.name));
                        continue;
                    }
                },
            };
            let told = listed.iter().flatten().map(|symbol| scope.told(of, symbol));
            symbols.get_or_insert_with(Vec::new).extend(told);
        }
        for site in scope.sites_meant(wanted).filter(|site| site.about.roots.iter().any(lies_in)) {
            let Some(package) = self.site(store, site)? else { continue };
            if let Some(listed) = package.listed(&asked.name) {
                symbols.get_or_insert_with(Vec::new).extend(listed.iter().map(|symbol| site.told(symbol)));
            }
        }
        Ok((symbols, near))
    }

    /// Where a path leads that a package gives on from elsewhere, and the package in which that is.
    fn led_to(
        &self,
        store: &Store,
        scope: &Scope,
        (at, package): (usize, &Arc<Indexed>),
        path: &str,
    ) -> Result<Option<(usize, String, Arc<Indexed>)>, Error> {
        let (mut order, mut packages) = (vec![at], vec![package.clone()]);
        // Most of what is given on is of the package itself: what it depends on is read only for the rest.
        loop {
            let reach = Reach::new(packages.clone());
            if let Some((found, path)) = reach.leads_to(path) {
                return Ok(Some((order[found], path.to_owned(), packages.swap_remove(found))));
            }
            if packages.len() > 1 {
                return Ok(None);
            }
            let (mut next, mut seen) = (0, HashSet::from([at]));
            while next < order.len() {
                for needed in scope.needed(order[next]) {
                    if order.len() < MOST_LED
                        && seen.insert(needed)
                        && let Some(package) = self.package(store, scope, needed)?
                    {
                        order.push(needed);
                        packages.push(package);
                    }
                }
                next += 1;
            }
            if packages.len() == 1 {
                return Ok(None);
            }
        }
    }

    /// What could have been meant by a path at which nothing stands.
    fn near_module(
        &self,
        store: &Store,
        scope: &Scope,
        asked: &SymbolQuery,
        meant: &HashSet<usize>,
        mut near: Vec<String>,
    ) -> Result<Vec<String>, Error> {
        if near.is_empty() {
            let root = asked.name.split(['.', ':', '#']).next().unwrap_or_default();
            let roots = meant.iter().flat_map(|at| &scope.uses[*at].roots).map(String::as_str);
            near = symbols::nearest(root, roots, 3);
        }
        // By all of the path, else by its last name: what is given on may be defined anywhere.
        for name in [asked.name.clone(), symbols::last_name(&asked.name)] {
            near.retain(|path| *path != asked.name);
            if near.is_empty() && !name.is_empty() {
                let query = SymbolQuery { name, limit: 50, by_prefix: Prefix::Whole, kind: None, offset: 0, ..asked.clone() };
                let has_members = |of: &FoundSymbol| Kind::of_name(of.kind).is_some_and(has_members);
                near = self.find_symbols(store, &query)?.found.into_iter().filter(has_members).map(|of| of.path).collect();
            }
        }
        near.retain(|path| *path != asked.name);
        near.dedup();
        near.truncate(3);
        Ok(near)
    }

    /// The table of a site.
    fn site(&self, store: &Store, site: &Site) -> Result<Option<Indexed>, Error> {
        let Some(content) = store.package_content(site.row)? else { return Ok(None) };
        let damaged = || store::Error::Damaged { path: self.config.database.clone(), what: format!("the symbols of {}", site.id) };
        Ok(Some(symbols::decode(&content).ok_or_else(damaged)?))
    }

    pub(super) fn check_code(&self, store: &Store, asked: &Asked, project: Option<&Path>, own: &OwnCode) -> Result<CodeChecked, Error> {
        let Asked { code, language, ecosystem: of, mentioned } = asked;
        let of = *of;
        let scope = self.scope(store, project)?;
        let mut order: Vec<usize> = (0..scope.uses.len()).filter(|at| scope.uses[*at].ecosystem == of).collect();
        // What the project calls by a name is not what only others use under it.
        let called: &[(String, usize)] = if of == Ecosystem::Cargo { &scope.called } else { &[] };
        let own_names = match of {
            Ecosystem::Cargo => &scope.own_crates,
            Ecosystem::Npm => &scope.own_scripts,
            _ => &scope.own_modules,
        };
        let is_own = |root: &String| own_names.contains(root) || called.iter().any(|(name, _)| name == root);
        let is_hidden = |used: &Use| of != Ecosystem::Pypi && used.roots.iter().any(is_own);
        order.retain(|at| scope.uses[*at].is_direct || !is_hidden(&scope.uses[*at]));
        // Of several versions the one that the project itself asks for.
        order.sort_by_key(|at| !scope.uses[*at].is_direct);
        let called: Vec<&(String, usize)> = called.iter().filter(|(name, _)| mentioned.contains(name)).collect();
        let is_called = |at: &usize| called.iter().any(|(_, of)| of == at);
        let is_named = |at: &usize| scope.uses[*at].roots.iter().any(|root| mentioned.contains(root));
        let is_mentioned = |at: &usize| is_named(at) || is_called(at) || scope.describes_any(*at, mentioned);
        let mut waiting: VecDeque<usize> = order.iter().copied().filter(is_mentioned).collect();
        let mut taken: HashSet<usize> = waiting.iter().copied().collect();
        let mut packages: Vec<Arc<Indexed>> = Vec::new();
        let read = own.roots();
        let unread_names: Vec<String> = own_names.iter().filter(|name| !read.contains(name.as_str())).cloned().collect();
        let own_code = (!unread_names.is_empty()).then(|| {
            let id = PackageId::new(ecosystem(of), OWN_NAME, "");
            Arc::new(unread(id, &unread_names, "the project's own code is not read"))
        });
        // First: another one of its name may be needed below.
        packages.extend(own.packages.iter().filter(|_| of == Ecosystem::Cargo).cloned());
        packages.extend(own_code.clone().filter(|_| of == Ecosystem::Cargo));
        for at in &waiting {
            if scope.is_ambiguous(*at) {
                // It stands for all of them where the code names one; what depends on one still finds its own.
                let used = &scope.uses[*at];
                let id = PackageId::new(ecosystem(of), &*used.name, "");
                packages.push(Arc::new(unread(id, &used.roots, "the project uses several versions of it, and none of them itself")));
            }
        }
        while let Some(at) = waiting.pop_front() {
            let package = match self.package(store, &scope, at)? {
                Some(package) => package,
                None => Arc::new(unread(scope.uses[at].id(), &scope.uses[at].roots, "it was not read")),
            };
            let needed = scope.needed(at);
            waiting.extend(needed.into_iter().filter(|at| taken.insert(*at)));
            packages.push(package);
        }
        packages.extend(own.packages.iter().filter(|_| of != Ecosystem::Cargo).cloned());
        packages.extend(own_code.filter(|_| of != Ecosystem::Cargo));
        packages.extend(called.iter().filter_map(|(name, at)| {
            let used = &scope.uses[*at];
            Some(Arc::new(calling(used.id(), name, used.roots.first()?)))
        }));
        let missing: Vec<&Use> = scope.uses.iter().filter(|used| used.ecosystem == of && used.state == State::Missing).collect();
        // Those of npm, of which most projects have some that are for other platforms, are reached by their own names.
        let is_reached_by_name = |used: &&Use| of == Ecosystem::Npm && !used.name.starts_with("@types/");
        let named = missing.iter().filter(|used| of == Ecosystem::Npm && mentioned.contains(&used.name));
        packages.extend(named.map(|used| Arc::new(unread(used.id(), std::slice::from_ref(&used.name), "it is not on the disk"))));
        let mut reach = Reach::new(packages);
        let changed = scope.changed();
        // Others that are not on the disk may be reached by any name, and another lock file may name others.
        if scope.project.is_some() && !scope.is_partial && missing.iter().all(is_reached_by_name) && changed.is_none() {
            reach = reach.whole();
        }
        let mut checked = match &own.home {
            Some(home) => symbols::check_at(code, *language, &reach, home),
            None => symbols::check(code, *language, &reach),
        };
        let by_id: HashMap<PackageId, usize> = taken.iter().map(|at| (scope.uses[*at].id(), *at)).collect();
        let mut not_indexed = scope.doubted(&mut checked, &by_id);
        let url = |checked: &Checked| {
            let at = *by_id.get(checked.package.as_ref()?)?;
            let package =
                reach.packages().iter().find(|package| package.package().id == *checked.package.as_ref().expect("it is there"))?;
            scope.told(at, package.symbol(checked.path.as_deref()?)?).url
        };
        let references =
            checked.into_iter().map(|checked| Reference { url: url(&checked).or_else(|| own.url(&checked)), checked }).collect();
        if scope.project.is_none() {
            let which = scope.unnamed().unwrap_or_else(|| "no project is known".to_owned());
            not_indexed.push(format!("{which}: each package is taken in its highest version that is indexed"));
        }
        not_indexed.extend(changed);
        not_indexed.extend(scope.holes(of));
        Ok(CodeChecked { references, project: scope.project.clone(), not_indexed })
    }
}

/// Whether something stands in what is of this kind.
fn has_members(kind: Kind) -> bool {
    kind == Kind::Module || kind.has_members()
}

fn wanted(asked: &SymbolQuery) -> Wanted {
    let mut wanted =
        Wanted { name: asked.name.clone(), package: None, version: None, kind: asked.kind, by_prefix: asked.by_prefix, limit: asked.limit };
    if let Some(package) = asked.package.as_deref().map(str::trim).filter(|package| !package.is_empty()) {
        let bare =
            package.split_once(':').filter(|(kind, _)| KINDS.contains(kind) || *kind == store::SITE).map_or(package, |(_, name)| name);
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

/// Rows of a table of names that one question reads.
const MAX_ROWS: usize = 20_000;
/// Another name for a package: all that the package has stands under it.
fn calling(id: PackageId, name: &str, root: &str) -> Indexed {
    let mut package = Package::new(id.clone());
    package.is_whole = true;
    package.dependencies = vec![symbols::Dependency { root: root.to_owned(), id, optional: false }];
    package.symbols = vec![Symbol::new(name, Kind::Module)];
    let (scope, target) = (name.to_owned(), root.to_owned());
    package.reexports = vec![Reexport { scope, name: "*".to_owned(), target, target_name: None, public: true, feature: None }];
    Indexed::new(package)
}

/// Packages that are looked into for what one of them gives on.
const MOST_LED: usize = 50;
/// Packages that are named where one was meant.
const NAMED: usize = 5;
