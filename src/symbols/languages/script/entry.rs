//! Where the modules of a package are: each file is one, and `package.json` says which of them a program reaches by which name.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::symbols::package::{Kind, Package, Reexport, Symbol};

/// The name under which code reaches a package of npm: `@types/a__b` describes `@a/b`.
pub(in crate::symbols) fn described(name: &str) -> String {
    match name.strip_prefix("@types/").map(|name| (name, name.split_once("__"))) {
        Some((_, Some((scope, name)))) => format!("@{scope}/{name}"),
        Some((name, None)) => name.to_owned(),
        None => name.to_owned(),
    }
}

/// What `package.json` names is what the package's own name, and names below it, stand for.
pub(in crate::symbols) fn manifest(package: &mut Package, root: &str, text: &str) {
    let Ok(Value::Object(manifest)) = serde_json::from_str::<Value>(text) else { return };
    let named = ["types", "typings", "module", "main"].iter().find_map(|key| manifest.get(*key)?.as_str());
    let exports = manifest.get("exports").map(exported).unwrap_or_default();
    let of_types = ["types", "typings"].iter().any(|key| manifest.contains_key(*key));
    let own = exports.iter().find(|(name, _)| name.is_empty()).map(|(_, file)| file.as_str());
    let entry = named.filter(|_| of_types).or(own).or(named);
    // That may be a file which is not there, where `typesVersions` leads elsewhere.
    let second = own.filter(|file| is_description(file) && entry != Some(file));
    let below = exports.iter().filter(|(name, _)| !name.is_empty()).map(|(name, file)| (format!("{root}/{name}"), file.as_str()));
    let mut stands_for = |scope: String, name: &str, file: &str| {
        if let Some(target) = module_of(root, file.trim_start_matches("./")).filter(|target| *target != scope) {
            let name = name.to_owned();
            package.reexports.push(Reexport { scope, name, target, target_name: None, public: false, feature: None });
        }
    };
    for (scope, file) in entry.into_iter().chain(second).map(|file| (root.to_owned(), file)).chain(below) {
        stands_for(scope, IS, file);
    }
    for (name, files) in manifest.get("exports").map(others).unwrap_or_default() {
        let scope = if name.is_empty() { root.to_owned() } else { format!("{root}/{name}") };
        files.iter().for_each(|file| stands_for(scope.clone(), ALSO, file));
    }
    for key in manifest.get("exports").map(offered).unwrap_or_default() {
        let (scope, target) = (root.to_owned(), root.to_owned());
        let name = format!("{OFFERED}{key}");
        package.reexports.push(Reexport { scope, name, target, target_name: None, public: false, feature: None });
    }
}

/// All names below the package's own that programs may reach, patterns among them; none where they are too many.
fn offered(exports: &Value) -> Vec<String> {
    match exports.as_object().filter(|all| all.keys().any(|key| key.starts_with('.'))) {
        None => vec![String::new()],
        Some(all) if all.len() > MOST_EXPORTS => Vec::new(),
        Some(all) => all.keys().filter_map(|key| named(key)).collect(),
    }
}

/// Whether a name is, or is given by, one that a package offers: `features/*.js`, `lib/`.
pub(in crate::symbols) fn is_offered(name: &str, offered: &str) -> bool {
    match offered.split_once('*') {
        Some((begin, end)) => name.len() > begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end),
        None => name == offered || offered.ends_with('/') && name.starts_with(offered),
    }
}

/// Descriptions under every condition, of the same names: what one of them has is there, if only on another platform.
fn others(exports: &Value) -> Vec<(String, Vec<String>)> {
    let all = exports.as_object().filter(|all| all.keys().any(|key| key.starts_with('.')));
    let every = |value: &Value| {
        let mut files = Vec::new();
        described_by(value, CONDITIONS_DEEP, &mut files);
        files
    };
    match all {
        None => vec![(String::new(), every(exports))],
        Some(all) => {
            let plain = all.iter().filter(|(key, _)| !key.contains('*')).take(MOST_EXPORTS);
            plain.filter_map(|(key, value)| Some((named(key)?, every(value)))).collect()
        }
    }
}

fn described_by(value: &Value, depth: usize, files: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1).filter(|_| files.len() < MOST_CONDITIONS) else { return };
    match value {
        Value::String(file) if is_description(file) => files.push(file.clone()),
        Value::Array(several) => several.iter().take(10).for_each(|one| described_by(one, depth, files)),
        Value::Object(fields) => fields.values().for_each(|one| described_by(one, depth, files)),
        _ => {}
    }
}

/// What stands below the package's own name, as `package.json` writes it.
fn named(key: &str) -> Option<String> {
    key.strip_prefix("./").or((key == ".").then_some("")).map(str::to_owned)
}

/// Names below the package's own, without those that are patterns, each with the file that describes it or else is it.
fn exported(exports: &Value) -> Vec<(String, String)> {
    let conditions = |value: &Value| chosen(value, CONDITIONS_DEEP);
    match exports.as_object().filter(|all| all.keys().any(|key| key.starts_with('.'))) {
        None => chosen(exports, CONDITIONS_DEEP).into_iter().map(|file| (String::new(), file)).collect(),
        Some(all) => {
            let plain = all.iter().filter(|(key, _)| !key.contains('*')).take(MOST_EXPORTS);
            plain.filter_map(|(key, value)| Some((named(key)?, conditions(value)?))).collect()
        }
    }
}

/// Of what stands for one name under several conditions the description of its types, else its code.
fn chosen(value: &Value, depth: usize) -> Option<String> {
    fn first(fields: &Map<String, Value>, of: &[&str], depth: usize) -> Option<String> {
        of.iter().find_map(|key| chosen(fields.get(*key)?, depth))
    }
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(file) => Some(file.clone()),
        Value::Array(several) => several.iter().take(10).find_map(|one| chosen(one, depth)),
        Value::Object(fields) => {
            let files = CONDITIONS.iter().filter_map(|key| first(fields, &[key], depth)).collect::<Vec<_>>();
            files.iter().find(|file| file.contains(".d.")).or(files.first()).cloned()
        }
        _ => None,
    }
}

/// Modules take the names under which programs reach them.
pub(in crate::symbols) fn finish(package: &mut Package, root: &str) {
    let mut named: Vec<(String, String)> = Vec::new();
    let mut others: Vec<(String, String)> = Vec::new();
    package.reexports.retain(|given| {
        let kept = match given.name.as_str() {
            IS => &mut named,
            ALSO => &mut others,
            _ => return true,
        };
        kept.push((given.scope.clone(), given.target.clone()));
        false
    });
    if named.is_empty() {
        return;
    }
    let modules = package.symbols.iter().filter(|symbol| symbol.kind == Kind::Module);
    let there: HashSet<String> = modules.map(|symbol| symbol.path.clone()).collect();
    // Of several files for one name the first that is there.
    let found: HashSet<String> = named.iter().filter(|(_, file)| there.contains(file)).map(|(scope, _)| scope.clone()).collect();
    let mut taken: HashSet<String> = HashSet::new();
    named.retain(|(scope, file)| {
        let is_there = there.contains(file);
        let is_one = (is_there || !found.contains(scope)) && taken.insert(scope.clone());
        if is_there && !is_one {
            others.push((scope.clone(), file.clone()));
        }
        is_one
    });
    let mut homes: HashMap<String, String> = HashMap::new();
    let mut also: Vec<(String, String)> = Vec::new();
    let entries: HashSet<String> = named.iter().map(|(scope, _)| scope.clone()).collect();
    others.retain(|(_, file)| there.contains(file));
    // The package's own name first.
    named.sort_by_key(|(scope, _)| scope != root);
    let is_own = named.iter().all(|(scope, _)| scope != root);
    for (scope, file) in named {
        // A file of that name would be mixed up with it, and one that is another's, or is what the package's own name stands for, is not moved.
        match there.contains(&scope) || homes.contains_key(&file) || is_own && file == root {
            true => also.push((scope, file)),
            false => drop(homes.insert(file, scope)),
        }
    }
    let home = |path: &mut String| {
        let end = path.find('#').unwrap_or(path.len());
        if let Some(home) = homes.get(&path[..end]) {
            path.replace_range(..end, home);
        }
    };
    package.symbols.iter_mut().for_each(|symbol| home(&mut symbol.path));
    package.open.iter_mut().for_each(|open| home(&mut open.path));
    for given in &mut package.reexports {
        home(&mut given.scope);
        home(&mut given.target);
    }
    for (scope, mut target) in others {
        home(&mut target);
        if scope != target {
            let (name, feature) = ("*".to_owned(), None);
            package.reexports.push(Reexport { scope, name, target, target_name: None, public: true, feature });
        }
    }
    for (scope, mut target) in also {
        home(&mut target);
        // What is the file itself under another name: all that it has, and what it gives as its own.
        for (name, target_name) in [("*", None), (DEFAULT, Some(DEFAULT)), (ITSELF, Some(ITSELF))] {
            let (scope, target, target_name) = (scope.clone(), target.clone(), target_name.map(str::to_owned));
            package.reexports.push(Reexport { scope, name: name.to_owned(), target, target_name, public: name == "*", feature: None });
        }
        if !there.contains(&scope) {
            package.symbols.push(Symbol::new(scope, Kind::Module));
        }
    }
    // What no entry is, is of the package's own making.
    let is_hidden = |symbol: &Symbol| symbol.kind == Kind::Module && !symbol.path.contains('#') && !entries.contains(&symbol.path);
    package.symbols.iter_mut().filter(|symbol| is_hidden(symbol)).for_each(|symbol| symbol.private = true);
}

/// `fp/index.d.ts` of `lodash` is `lodash/fp`.
pub(super) fn module_of(root: &str, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let is_test = stem.ends_with(".test") || stem.ends_with(".spec") || stem.ends_with(".min");
    let inside = match (folder, stem) {
        ("", "index") => return Some(root.to_owned()),
        (folder, "index") => folder.to_owned(),
        ("", stem) => stem.to_owned(),
        (folder, stem) => format!("{folder}/{stem}"),
    };
    (!is_test && !stem.is_empty()).then(|| format!("{root}/{inside}"))
}

/// A file that describes types, without code.
pub(in crate::symbols) fn is_description(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end))
}

/// What `export default` gives.
pub(in crate::symbols) const DEFAULT: &str = "default";
/// What a module is itself: `export = f`.
pub(in crate::symbols) const ITSELF: &str = "=";
/// Kept while a package is read: this name stands for that file.
const IS: &str = ".";
/// Likewise: it has what that file has, too.
const ALSO: &str = "..";
/// What the names begin with under which a package keeps what it offers below its own name. Where there are some, nothing else is.
pub(in crate::symbols) const OFFERED: &str = "./";

const ENDS: [&str; 11] = [".d.ts", ".d.mts", ".d.cts", ".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"];
/// As far as they are a matter of types, those that programs mostly meet first.
const CONDITIONS: [&str; 7] = ["types", "import", "node", "module", "default", "require", "browser"];
const CONDITIONS_DEEP: usize = 8;
const MOST_EXPORTS: usize = 5_000;
/// Files that one name may stand for.
const MOST_CONDITIONS: usize = 20;
