//! Follows a name through members, re-exports, stars and bases. Memory and steps are bounded: cycles of `pub use *` end.

use std::collections::HashSet;

use super::{Reach, parent};
use crate::symbols::package::{Ecosystem, Kind, Reexport, Symbol, last_segment};
use crate::symbols::reach::native;

/// A symbol found, and where.
#[derive(Clone, Copy, Debug)]
pub(in crate::symbols) struct Thing<'a> {
    pub at: usize,
    pub symbol: &'a Symbol,
    /// Nothing else of this name was found: what it is made of can be relied on.
    pub is_sure: bool,
}

/// What came of looking for a name.
#[derive(Clone, Debug)]
pub(in crate::symbols) enum Look<'a> {
    Found(Thing<'a>),
    /// Everything that could give the name is known, and nothing does.
    Missing,
    /// It cannot be said, for this reason.
    Unknown(String),
}

impl Reach {
    /// Where a path leads through what packages give on: which of [`packages`](Reach::packages), and the path of the thing in it. None where
    /// that cannot be told.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use smolcrawl::symbols::{Ecosystem, Indexed, PackageId, Reach, Reader};
    ///
    /// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
    /// reader.file("kettle/__init__.py", b"from .pots import Pot\n");
    /// reader.file("kettle/pots.py", b"class Pot:\n    def boil(self): ...\n");
    /// let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
    /// assert_eq!(reach.leads_to("kettle.Pot"), Some((0, "kettle.pots.Pot")));
    /// assert_eq!(reach.leads_to("kettle.Pan"), None);
    /// ```
    pub fn leads_to(&self, path: &str) -> Option<(usize, &str)> {
        match self.scope(path) {
            Look::Found(found) => Some((found.at, &found.symbol.path)),
            Look::Missing | Look::Unknown(_) => None,
        }
    }

    /// The symbol at a path, wherever its segments lead.
    pub(in crate::symbols) fn scope(&self, path: &str) -> Look<'_> {
        Walk::new(self).scope(None, path)
    }

    /// The thing that has this name in a module or type.
    pub(in crate::symbols) fn member(&self, scope: Thing<'_>, name: &str) -> Look<'_> {
        Walk::new(self).member(Some(scope.at), &scope.symbol.path, name)
    }

    /// The same of a scope that is named, seen from a package.
    pub(in crate::symbols) fn within(&self, from: usize, scope: &str, name: &str) -> Look<'_> {
        Walk::new(self).member(Some(from), scope, name)
    }

    /// The thing that a type or base means, as written in a module.
    pub(in crate::symbols) fn written(&self, from: usize, text: &str, module: &str) -> Look<'_> {
        Walk::new(self).written(Some(from), text, module)
    }

    /// Names that could have been meant, from a scope and its bases: at most three.
    pub(in crate::symbols) fn near(&self, scope: &str, name: &str) -> Vec<String> {
        let mut scopes = vec![scope.to_owned()];
        let mut names: Vec<&str> = Vec::new();
        let mut next = 0;
        while next < scopes.len() && next < 20 {
            let scope = scopes[next].clone();
            next += 1;
            for at in self.rooted(&scope) {
                let package = self.package(*at);
                names.extend(package.members(&scope).take(20_000).map(Symbol::name));
                names.extend(package.given_on(&scope).filter(|given| given.public && given.name != "*").map(|given| given.name.as_str()));
                scopes.extend(package.given_on_as(&scope, "*").take(20).map(|given| given.target.clone()));
                for base in package.at(&scope).flat_map(|symbol| &symbol.bases).take(20) {
                    if let Look::Found(found) = self.written(*at, base, self.module_of(&scope)) {
                        scopes.push(found.symbol.path.clone());
                    }
                }
            }
        }
        crate::symbols::find::nearest(name, names.into_iter().take(20_000), 3)
    }
}

/// Of Rust's own library, whose names are known as words.
const OF_STD: &str = "it is of the standard library";

/// One question: how far it may go, and where it is just now.
struct Walk<'a> {
    reach: &'a Reach,
    /// Scope and name of every question that is being answered: asked again, they add nothing.
    within: HashSet<(Option<usize>, String, String)>,
    fuel: u32,
}

impl<'a> Walk<'a> {
    fn new(reach: &'a Reach) -> Self {
        Self { reach, within: HashSet::new(), fuel: 3_000 }
    }

    fn scope(&mut self, from: Option<usize>, path: &str) -> Look<'a> {
        let mut names = Vec::new();
        let mut above = path;
        // Up to something that is written there, then down by the names that are left.
        let mut found = loop {
            let rooted = self.reach.rooted_from(from, above);
            if rooted.is_empty() {
                let root = above.split("::").next().unwrap_or(above);
                let is_std = matches!(root, "std" | "core" | "alloc");
                return Look::Unknown(if is_std { OF_STD.to_owned() } else { format!("`{root}` is not indexed") });
            }
            let reach = self.reach;
            if let Some(found) = pick(reach, rooted.iter().flat_map(|at| reach.package(*at).at(above).map(|symbol| (*at, symbol)))) {
                break found;
            }
            names.push(last_segment(above));
            match parent(above) {
                Some(next) if !next.is_empty() && names.len() < 100 => above = next,
                _ => return Look::Unknown(format!("`{above}` was not read")),
            }
        };
        while let Some(name) = names.pop() {
            match self.member(Some(found.at), &found.symbol.path, name) {
                Look::Found(inner) => found = inner,
                other => return other,
            }
        }
        Look::Found(found)
    }

    fn member(&mut self, from: Option<usize>, scope: &str, name: &str) -> Look<'a> {
        if self.fuel == 0 || self.within.len() > 60 {
            return Look::Unknown("its re-exports go too deep".to_owned());
        }
        self.fuel -= 1;
        let question = (from, scope.to_owned(), name.to_owned());
        if !self.within.insert(question.clone()) {
            return Look::Missing;
        }
        let answer = self.member_once(from, scope, name);
        self.within.remove(&question);
        answer
    }

    fn member_once(&mut self, from: Option<usize>, scope: &str, name: &str) -> Look<'a> {
        let rooted = self.reach.rooted_from(from, scope);
        if rooted.is_empty() {
            return Look::Unknown(format!("`{scope}` is not indexed"));
        }
        let reach = self.reach;
        let here = rooted.iter().flat_map(|at| {
            let package = reach.package(*at);
            package.at(&package.join(scope, name)).map(|symbol| (*at, symbol)).collect::<Vec<_>>()
        });
        let own = pick(reach, here);
        let mut given = rooted.iter().flat_map(|at| reach.package(*at).given_on_as(scope, name).map(|given| (*at, given))).peekable();
        if let Some(found) = own {
            return Look::Found(Thing { is_sure: found.is_sure && given.peek().is_none(), ..found });
        }
        let given: Vec<_> = given.take(20).collect();
        if !given.is_empty() {
            return self.first_given(&given);
        }
        let mut why = self.openness(&rooted, scope).or_else(|| self.hidden(&rooted, scope, name));
        let mut by_star: Option<Thing<'a>> = None;
        for at in &rooted {
            for star in reach.package(*at).given_on_as(scope, "*") {
                if self.fuel == 0 {
                    return Look::Unknown("its re-exports go too deep".to_owned());
                }
                match self.through_star(*at, &star.target, star.target_name.as_deref(), name) {
                    // Which of several stars wins depends on their order.
                    Look::Found(found) => {
                        let is_same = by_star.is_none_or(|other| other.symbol.path == found.symbol.path);
                        by_star = Some(Thing { is_sure: found.is_sure && is_same, ..by_star.unwrap_or(found) });
                    }
                    Look::Unknown(reason) => why = why.or(Some(reason)),
                    Look::Missing => {}
                }
            }
        }
        if let Some(found) = by_star {
            return Look::Found(found);
        }
        if let Some(found) = pick(reach, rooted.iter().flat_map(|at| self.reach.package(*at).at(scope).map(|symbol| (*at, symbol)))) {
            match self.in_bases(found, name) {
                Look::Found(found) => return Look::Found(found),
                Look::Unknown(reason) => why = why.or(Some(reason)),
                Look::Missing => {}
            }
        }
        why.map_or(Look::Missing, Look::Unknown)
    }

    /// A name may be given on from several places, one for each platform or attempt: any that leads somewhere will do.
    fn first_given(&mut self, given: &[(usize, &'a Reexport)]) -> Look<'a> {
        let mut answer = Look::Unknown("what it is given on from is not known".to_owned());
        for (at, given) in given {
            let target = match &given.target_name {
                None => self.scope(Some(*at), &given.target),
                Some(name) => match self.scope(Some(*at), &given.target) {
                    Look::Found(found) => match self.member(Some(found.at), &found.symbol.path, name) {
                        Look::Missing => self.of_itself(found, name),
                        other => other,
                    },
                    other => other,
                },
            };
            match target {
                Look::Found(found) => answer = Look::Found(found),
                // The name stands there; that its target was not found is our reading, not the user's mistake.
                Look::Missing => {}
                Look::Unknown(reason) if matches!(answer, Look::Unknown(_)) => answer = Look::Unknown(reason),
                Look::Unknown(_) => {}
            }
        }
        match (answer, given.len()) {
            (Look::Found(found), several) if several > 1 => Look::Found(Thing { is_sure: false, ..found }),
            (answer, _) => answer,
        }
    }

    /// Of a module that is something else itself, what that has: `export = kettle`.
    fn of_itself(&mut self, module: Thing<'a>, name: &str) -> Look<'a> {
        match self.member(Some(module.at), &module.symbol.path, "=") {
            Look::Found(own) if name != "=" => self.member(Some(own.at), &own.symbol.path, name),
            _ => Look::Missing,
        }
    }

    fn through_star(&mut self, from: usize, target: &str, target_name: Option<&str>, name: &str) -> Look<'a> {
        let target = match target_name {
            None => self.scope(Some(from), target),
            Some(inner) => match self.scope(Some(from), target) {
                Look::Found(found) => self.member(Some(found.at), &found.symbol.path, inner),
                other => other,
            },
        };
        let found = match target {
            Look::Found(found) => found,
            Look::Missing => return Look::Unknown("a star import leads out of what was read".to_owned()),
            Look::Unknown(reason) => return Look::Unknown(reason),
        };
        let scope = found.symbol.path.as_str();
        let package = self.reach.package(found.at);
        if package.package().id.ecosystem == Ecosystem::PyPi {
            let all = package.join(scope, "__all__");
            let listed = package.at(&all).next();
            match listed {
                Some(listed) if !listed.bases.iter().any(|given| given == name) => {
                    return match package.own_openness(&all) {
                        Some(_) => Look::Unknown(format!("the `__all__` of {scope} is computed")),
                        None => Look::Missing,
                    };
                }
                None if name.starts_with('_') => return Look::Missing,
                _ => {}
            }
        }
        // What a module gives as its own is not given on.
        if package.package().id.ecosystem == Ecosystem::Npm && matches!(name, "default" | "=") {
            return Look::Missing;
        }
        self.member(Some(found.at), scope, name)
    }

    fn openness(&self, rooted: &[usize], scope: &str) -> Option<String> {
        rooted.iter().find_map(|at| {
            let package = self.reach.package(*at);
            if !package.package().is_whole {
                return Some(format!("only part of {} is known", package.package().id));
            }
            let open = package.openness(scope)?;
            let detail = if open.detail.is_empty() { String::new() } else { format!(" ({})", open.detail) };
            Some(format!("`{scope}` is open: {}{detail}", open.reason.text()))
        })
    }

    /// Of a module of npm: a statement that is not understood may declare the name. Of one of Python: it answers for this name when asked.
    fn hidden(&self, rooted: &[usize], scope: &str, name: &str) -> Option<String> {
        rooted.iter().find_map(|at| {
            let package = self.reach.package(*at);
            let open = match package.package().id.ecosystem {
                Ecosystem::Npm if !scope.contains('#') => package.own_openness(&package.join(scope, name))?,
                // What the function answers for that answers for names is open below it.
                Ecosystem::PyPi => package.own_openness(&format!("{scope}.__getattr__.{name}"))?,
                _ => return None,
            };
            Some(format!("`{scope}` is open: {} ({})", open.reason.text(), open.detail))
        })
    }

    /// What a type has from its bases; of things that are neither modules nor types nothing is known.
    fn in_bases(&mut self, found: Thing<'a>, name: &str) -> Look<'a> {
        let package = self.reach.package(found.at);
        // Stubs of compiled modules are for those who use them.
        if name.starts_with('_') && is_stub_file(&found.symbol.file) {
            return Look::Unknown(format!("the stub of `{}` tells no private names", found.symbol.path));
        }
        if found.symbol.kind == Kind::Module {
            let is_given = native::is_of_modules(package.package().id.ecosystem, name);
            return if is_given { Look::Unknown("the language itself may give it".to_owned()) } else { Look::Missing };
        }
        let is_script = package.package().id.ecosystem == Ecosystem::Npm;
        // Several declarations of one name are one thing there.
        if is_script && package.at(&found.symbol.path).any(|symbol| symbol.kind == Kind::Module) {
            return Look::Missing;
        }
        if is_script || !found.symbol.kind.has_members() {
            return Look::Unknown(format!("`{}` is a {}", found.symbol.path, found.symbol.kind.name()));
        }
        if !found.is_sure {
            return Look::Unknown(format!("`{}` is defined more than once", found.symbol.path));
        }
        let ecosystem = self.reach.package(found.at).package().id.ecosystem;
        let mut why = None;
        if native::of_any(ecosystem, name) {
            why = Some("the language itself may give it".to_owned());
        }
        let module = found.symbol.written_in.clone().unwrap_or_else(|| self.reach.module_of(&found.symbol.path).to_owned());
        for base in &found.symbol.bases {
            if self.fuel == 0 {
                return Look::Unknown("its bases are too many".to_owned());
            }
            if !self.is_of_the_package(found.at, &module, base)
                && let Some(has) = native::has(ecosystem, base, name)
            {
                if has {
                    why = why.or(Some(format!("`{base}` of the language itself may give it")));
                }
                continue;
            }
            let up = match self.written(Some(found.at), base, &module) {
                Look::Found(up) if up.symbol.path == found.symbol.path => Look::Missing,
                Look::Found(up) if up.symbol.kind.has_members() && up.is_sure => self.member(Some(up.at), &up.symbol.path, name),
                // Its names are among those that were asked for above.
                Look::Unknown(reason) if reason == OF_STD => Look::Missing,
                _ if self.of_optional(found.at, &module, base, name) == Some(false) => Look::Missing,
                Look::Found(_) | Look::Missing => Look::Unknown(format!("its base `{base}` is not known")),
                Look::Unknown(reason) => Look::Unknown(format!("its base `{base}` is not known: {reason}")),
            };
            match up {
                Look::Found(found) => return Look::Found(found),
                Look::Unknown(reason) => why = why.or(Some(reason)),
                Look::Missing => {}
            }
        }
        why.map_or(Look::Missing, Look::Unknown)
    }

    /// Whether a base that is out of reach has a name, where it is known by its path.
    fn of_optional(&self, at: usize, module: &str, base: &str, name: &str) -> Option<bool> {
        let package = self.reach.package(at);
        if package.package().id.ecosystem != Ecosystem::Cargo {
            return None;
        }
        let (first, rest) = base.split_at(base.find([':', '<']).unwrap_or(base.len()));
        let mut given = package.given_on_as(module, first);
        let written = match (given.next(), given.next()) {
            (None, _) => base.to_owned(),
            (Some(given), None) => match &given.target_name {
                Some(target) => format!("{}::{target}{rest}", given.target),
                None => format!("{}{rest}", given.target),
            },
            (Some(_), Some(_)) => return None,
        };
        native::of_optional(&written, name)
    }

    /// A package may call its own what the language has, too: `ConnectionError`, `Iterator`.
    fn is_of_the_package(&mut self, at: usize, module: &str, base: &str) -> bool {
        let package = self.reach.package(at);
        let first = &base[..base.find(['.', ':', '[', '<']).unwrap_or(base.len())];
        if package.at(&package.join(module, first)).next().is_some() {
            return true;
        }
        let of_language = |target: &str| match package.package().id.ecosystem {
            Ecosystem::PyPi => target == "typing_extensions" || native::is_python_module(target.split('.').next().unwrap_or(target)),
            _ => matches!(target.split("::").next(), Some("std" | "core" | "alloc")),
        };
        let mut given = package.given_on_as(module, first).peekable();
        if given.peek().is_some() {
            return !given.all(|given| of_language(&given.target));
        }
        let has_stars = package.given_on_as(module, "*").next().is_some();
        has_stars && matches!(self.member(Some(at), module, first), Look::Found(_))
    }

    /// A type as it stands in source: generics and references are taken off, the first segment is a name of the module or a root.
    fn written(&mut self, from: Option<usize>, text: &str, module: &str) -> Look<'a> {
        let plain = text.trim().trim_matches(['"', '\'', '&', ' ']).trim_start_matches("mut ").trim_start_matches("dyn ");
        let plain = &plain[..plain.find(['<', '[', '(']).unwrap_or(plain.len())];
        let mut segments = plain.split(['.', ':']).filter(|segment| !segment.is_empty());
        let Some(first) = segments.next() else { return Look::Unknown("a type that is not plain".to_owned()) };
        let mut answer = match first {
            "crate" => self.scope(from, &module[..module.find("::").unwrap_or(module.len())]),
            "self" => self.scope(from, module),
            "super" => self.scope(from, parent(module).unwrap_or(module)),
            "std" | "core" | "alloc" if module.contains("::") || !module.contains('.') => self.scope(from, first),
            _ => match self.member(from, module, first) {
                Look::Missing if !self.reach.rooted_from(from, first).is_empty() => self.scope(from, first),
                other => other,
            },
        };
        for segment in segments.take(20) {
            answer = match answer {
                Look::Found(found) => self.member(Some(found.at), &found.symbol.path, segment),
                other => return other,
            };
        }
        answer
    }
}

/// One of the symbols at a path. Overloads, accessors and functions given twice are one thing; a class and a function of one name are not.
/// In TypeScript all declarations of one name are. What a stub describes and its module of Python has are one, and the stub says more.
fn pick<'a>(reach: &Reach, mut found: impl Iterator<Item = (usize, &'a Symbol)>) -> Option<Thing<'a>> {
    let (mut at, first) = found.next()?;
    let mut symbol = first;
    let is_merged = reach.package(at).package().id.ecosystem == Ecosystem::Npm;
    let mut is_sure = true;
    for (place, other) in found.take(50).take_while(|_| !is_merged) {
        let is_stub = is_described(first, other);
        is_sure &= is_stub || is_callable(other.kind) && is_callable(first.kind);
        if is_stub && is_stub_file(&other.file) {
            (at, symbol) = (place, other);
        }
    }
    Some(Thing { at, symbol, is_sure })
}

/// Whether two symbols of one path are one thing, told in a module of Python and in its stub.
fn is_described(a: &Symbol, b: &Symbol) -> bool {
    let stem = |file: &str| file.trim_end_matches(".pyi").trim_end_matches(".py").replace("-stubs/", "/");
    let is_one = is_stub_file(&a.file) != is_stub_file(&b.file) && a.kind == b.kind && a.bases.len() == b.bases.len();
    is_one && stem(&a.file) == stem(&b.file)
}

fn is_stub_file(file: &str) -> bool {
    file.ends_with(".pyi")
}

fn is_callable(kind: Kind) -> bool {
    matches!(kind, Kind::Function | Kind::Method | Kind::Property | Kind::Constructor)
}

impl Reach {
    /// Every symbol of one path, of all packages that share its root: overloads.
    pub(in crate::symbols) fn overloads(&self, from: usize, path: &str) -> Vec<&Symbol> {
        self.rooted_from(Some(from), path).into_iter().flat_map(|at| self.package(at).at(path)).collect()
    }

    /// Those of them that stubs have, where these describe it.
    pub(in crate::symbols) fn described(&self, from: usize, path: &str) -> Vec<&Symbol> {
        let all = self.overloads(from, path);
        let described: Vec<&Symbol> = all.iter().copied().filter(|symbol| is_stub_file(&symbol.file)).collect();
        if described.is_empty() { all } else { described }
    }
}
