//! What can be said only when the whole crate is read: paths of `use` made absolute, members of impl blocks brought to their types.

use std::collections::{HashMap, HashSet};

use crate::symbols::package::{Kind, Open, Package, Reason, Symbol};

/// The name of rows that say which trait a type implements.
pub(super) const IMPLEMENTS: &str = "<implements>";

pub(super) fn bring(package: &mut Package, root: &str) {
    super::macros::close(package);
    absolute(package, root);
    let mut types: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_name: HashMap<String, HashSet<String>> = HashMap::new();
    for (at, symbol) in package.symbols.iter().enumerate() {
        if symbol.kind.has_members() || symbol.kind == Kind::Type {
            types.entry(symbol.path.clone()).or_default().push(at);
            by_name.entry(symbol.name().to_owned()).or_default().insert(symbol.path.clone());
        }
    }
    let given: HashMap<(&str, &str), String> = (package.reexports.iter())
        .filter_map(|given| {
            Some(((given.scope.as_str(), given.name.as_str()), format!("{}::{}", given.target, given.target_name.as_ref()?)))
        })
        .collect();
    let mut homes: HashMap<String, Option<String>> = HashMap::new();
    let find = |written: &str| -> Option<String> {
        let (scope, name) = written.rsplit_once("::")?;
        if types.contains_key(written) {
            return Some(written.to_owned());
        }
        let mut at = given.get(&(scope, name)).cloned();
        for _ in 0..8 {
            let Some(path) = at else { break };
            if types.contains_key(&path) {
                return Some(path);
            }
            at = path.rsplit_once("::").and_then(|(scope, name)| given.get(&(scope, name)).cloned());
        }
        let all = by_name.get(name)?;
        (all.len() == 1).then(|| all.iter().next().cloned()).flatten()
    };
    // What is written for another name of a type is written for the type.
    let aliased: HashMap<String, String> = types
        .iter()
        .filter_map(|(path, all)| {
            let symbol = &package.symbols[*all.first()?];
            let gives = symbol.gives.as_deref().filter(|_| symbol.kind == Kind::Type)?;
            let plain = gives.split('<').next().unwrap_or(gives).trim();
            let is_name = !plain.is_empty() && plain.chars().all(|c| c == '_' || c == ':' || c.is_alphanumeric());
            let (scope, _) = path.rsplit_once("::").filter(|_| is_name)?;
            Some((path.clone(), format!("{scope}::{plain}")))
        })
        .collect();
    let mut implemented: Vec<(usize, String, Option<String>)> = Vec::new();
    let mut lost: HashSet<String> = HashSet::new();
    for symbol in package.symbols.iter_mut().filter(|symbol| symbol.written_in.is_some()) {
        let Some((written, name)) = symbol.path.rsplit_once("::") else { continue };
        let home = homes.entry(written.to_owned()).or_insert_with(|| {
            let home = find(written)?;
            match aliased.get(&home) {
                // Where it leads is looked for by its name, and a type of another package stays what it is.
                Some(target) => Some(find(target).unwrap_or(home)),
                None => Some(home),
            }
        });
        match home {
            Some(home) if symbol.kind == Kind::Other && name == IMPLEMENTS => {
                if let Some(at) = types[home.as_str()].first() {
                    implemented.push((*at, symbol.bases.concat(), symbol.written_in.clone()));
                }
            }
            Some(home) => symbol.path = format!("{home}::{name}"),
            None => {
                lost.insert(written.rsplit("::").next().unwrap_or(written).to_owned());
            }
        }
    }
    let modules: HashSet<&str> = package.symbols.iter().filter(|s| s.kind == Kind::Module).map(|s| s.path.as_str()).collect();
    let starred: HashSet<&str> = package.reexports.iter().filter(|given| given.name == "*").map(|given| given.scope.as_str()).collect();
    let mut by_star: HashSet<String> = HashSet::new();
    for open in package.open.iter_mut().filter(|open| open.path.contains("::") && !modules.contains(open.path.as_str())) {
        let home = homes.get(&open.path).cloned().unwrap_or_else(|| find(&open.path));
        if let Some(home) = home.filter(|_| matches!(open.reason, Reason::Macro | Reason::Dynamic | Reason::Decorated)) {
            open.path = home;
        } else if let (Reason::Macro, Some((scope, name))) = (open.reason, open.path.rsplit_once("::"))
            && starred.contains(scope)
            && by_name.contains_key(name)
        {
            by_star.insert(name.to_owned());
        }
    }
    // A macro names one of several that its module may have by a star.
    for path in by_star.iter().filter_map(|name| by_name.get(name)).flatten() {
        package.open.push(Open { path: path.clone(), reason: Reason::Macro, detail: "a macro names a type that is called so".to_owned() });
    }
    // A member whose type was not found may belong to any type of that name.
    for name in lost {
        for path in by_name.get(&name).into_iter().flatten() {
            package.open.push(Open { path: path.clone(), reason: Reason::Unread, detail: "an impl block of an unclear type".to_owned() });
        }
    }
    let implemented = seen_from_their_types(implemented, package);
    let mut seen: HashSet<(usize, String)> = HashSet::new();
    for (at, base) in implemented {
        let bases = &mut package.symbols[at].bases;
        if seen.insert((at, base.clone())) && !bases.iter().take(DERIVED).any(|other| *other == base) {
            bases.push(base);
        }
    }
    package.symbols.retain(|symbol| !symbol.path.ends_with(IMPLEMENTS));
    join_modules(package);
}

/// Traits that a type derives, which may also be written as `impl`: more of them than anybody derives.
const DERIVED: usize = 40;

/// Which traits types implement, each trait's name seen from the type's own module.
fn seen_from_their_types(implemented: Vec<(usize, String, Option<String>)>, package: &Package) -> Vec<(usize, String)> {
    let given: HashSet<(&str, &str)> = package.reexports.iter().map(|given| (given.scope.as_str(), given.name.as_str())).collect();
    let paths: HashSet<&str> = package.symbols.iter().map(|symbol| symbol.path.as_str()).collect();
    let qualified = |name: String, module: Option<&str>| {
        let bare = &name[..name.find('<').unwrap_or(name.len())];
        match module {
            Some(module) if given.contains(&(module, bare)) || paths.contains(format!("{module}::{bare}").as_str()) => {
                format!("{module}::{bare}")
            }
            _ => name,
        }
    };
    let mut seen_from_home = Vec::with_capacity(implemented.len());
    for (at, of_trait, written_in) in implemented {
        let home = package.symbols[at].path.rsplit_once("::").map(|(scope, _)| scope);
        let is_plain = written_in.as_deref() == home || of_trait.contains("::");
        seen_from_home.push((at, if is_plain { of_trait } else { qualified(of_trait, written_in.as_deref()) }));
    }
    seen_from_home
}

/// `crate::`, `self::`, `super::` and names of the module itself; what is left begins with another crate.
fn absolute(package: &mut Package, root: &str) {
    let modules: HashSet<&str> =
        package.symbols.iter().filter(|s| s.kind == Kind::Module || s.kind == Kind::Enum).map(|s| s.path.as_str()).collect();
    let renamed: HashMap<(String, String), String> = (package.reexports.iter())
        .filter(|given| given.target_name.is_none() && given.name != "*")
        .map(|given| ((given.scope.clone(), given.name.clone()), given.target.clone()))
        .collect();
    let given: HashSet<(String, String)> = package.reexports.iter().map(|given| (given.scope.clone(), given.name.clone())).collect();
    for given_on in &mut package.reexports {
        let mut scope = given_on.scope.as_str();
        let mut rest = given_on.target.as_str();
        let mut is_local = false;
        loop {
            let (first, behind) = rest.split_once("::").unwrap_or((rest, ""));
            match first {
                "crate" | "$crate" => (scope, is_local) = (root, true),
                "self" => is_local = true,
                "super" => (scope, is_local) = (scope.rsplit_once("::").map_or(scope, |(above, _)| above), true),
                _ => break,
            }
            rest = behind;
        }
        let first = rest.split("::").next().unwrap_or(rest);
        let is_named = || {
            let names_itself = given_on.name == first && given_on.target_name.is_none();
            !first.is_empty()
                && (modules.contains(format!("{scope}::{first}").as_str())
                    || !names_itself
                        && given.contains(&(scope.to_owned(), first.to_owned()))
                        && renamed.get(&(scope.to_owned(), first.to_owned())).is_none_or(|target| target != first))
        };
        given_on.target = match (is_local, rest) {
            (true, "") => scope.to_owned(),
            (true, rest) => format!("{scope}::{rest}"),
            (false, rest) if is_named() => format!("{scope}::{rest}"),
            (false, rest) => rest.trim_start_matches("::").to_owned(),
        };
    }
    // A program that uses its own library names what is there anyway.
    package.reexports.retain(|given| given.target != given.scope || given.target_name.as_ref() != Some(&given.name));
}

/// A module is declared by `mod` and filled by a file: one row, with the declaration's visibility and condition and the file's text.
fn join_modules(package: &mut Package) {
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut gone = HashSet::new();
    for at in 0..package.symbols.len() {
        if package.symbols[at].kind != Kind::Module {
            continue;
        }
        let path = package.symbols[at].path.clone();
        let Some(before) = first.get(&path).copied() else {
            first.insert(path, at);
            continue;
        };
        gone.insert(at);
        let other = package.symbols[at].clone();
        let symbol = &mut package.symbols[before];
        let is_declaration = |symbol: &Symbol| !symbol.signature.is_empty();
        symbol.private = match (is_declaration(symbol), is_declaration(&other)) {
            (false, true) => other.private,
            (true, true) => symbol.private && other.private,
            _ => symbol.private,
        };
        if symbol.doc.is_empty() {
            symbol.doc = other.doc;
        }
        symbol.feature = symbol.feature.take().or(other.feature);
        symbol.deprecated = symbol.deprecated.take().or(other.deprecated);
        if symbol.signature.is_empty() {
            symbol.signature = other.signature;
        } else {
            (symbol.file, symbol.line) = (other.file, other.line);
        }
    }
    let mut at = 0;
    package.symbols.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
}
