//! `go.mod` and `go.sum` (<https://go.dev/ref/mod#go-mod-file>). Since Go 1.17 the first names all that is built; before, the second tells
//! what else there is.

use std::collections::HashMap;
use std::path::Path;

use super::{Beside, Lock, Source};
use crate::files::error::Error;
use crate::files::package::Ecosystem;
use crate::files::version::compare;

pub(super) fn read(path: &Path, text: &str, beside: Beside<'_>) -> Result<Lock, Error> {
    // It is there for its fingerprint, and is read with the other.
    if path.file_name().is_some_and(|name| name == "go.sum") {
        return Ok(Lock::default());
    }
    let module = parse(path, text)?;
    let mut lock = Lock::default();
    let mut names: HashMap<&str, usize> = HashMap::new();
    for require in &module.requires {
        let (name, version, source) = module.replaced(require.name, require.version);
        if let Some(locked) = lock.push(Ecosystem::Go, name, version, source) {
            locked.is_direct = !require.is_indirect;
            names.insert(require.name, lock.packages.len() - 1);
        }
    }
    if module.is_before_1_17 {
        let sums = beside("go.sum").unwrap_or_default();
        let mut highest: HashMap<&str, &str> = HashMap::new();
        for line in sums.lines() {
            let mut words = line.split_ascii_whitespace();
            let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
            if version.ends_with("/go.mod") || names.contains_key(name) {
                continue;
            }
            let known = highest.entry(name).or_insert(version);
            if compare(known, version).is_lt() {
                *known = version;
            }
        }
        let mut rest: Vec<_> = highest.into_iter().collect();
        rest.sort_unstable();
        for (name, version) in rest {
            let (name, version, source) = module.replaced(name, version);
            lock.push(Ecosystem::Go, name, version, source);
        }
        lock.notes.push("it is of a Go before 1.17: what is used by what it asks for is taken from go.sum".to_owned());
    }
    Ok(lock)
}

#[derive(Default)]
struct Module<'a> {
    requires: Vec<Require<'a>>,
    /// By name, and version if it is of one only, what stands in its place.
    replaces: HashMap<Maybe<'a>, Maybe<'a>>,
    is_before_1_17: bool,
}

/// A module or a folder, and a version where one is meant.
type Maybe<'a> = (&'a str, Option<&'a str>);

struct Require<'a> {
    name: &'a str,
    version: &'a str,
    is_indirect: bool,
}

impl<'a> Module<'a> {
    fn replaced(&self, name: &'a str, version: &'a str) -> (&'a str, &'a str, Source) {
        match self.replaces.get(&(name, Some(version))).or_else(|| self.replaces.get(&(name, None))) {
            Some((to, Some(version))) => (to, version, Source::Registry),
            Some((to, None)) => (name, version, Source::Path((*to).to_owned())),
            None => (name, version, Source::Registry),
        }
    }
}

fn parse<'a>(path: &Path, text: &'a str) -> Result<Module<'a>, Error> {
    let mut module = Module { is_before_1_17: true, ..Module::default() };
    let mut block: Option<(&str, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let words: Vec<&str> = code.split_ascii_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")"]) => block = None,
            (Some((verb, _)), words) => {
                directive(&mut module, verb, words, comment).map_err(|what| Error::broken(path, number + 1, what))?
            }
            (None, [verb, "("]) => block = Some((verb, number + 1)),
            (None, [verb, words @ ..]) => {
                directive(&mut module, verb, words, comment).map_err(|what| Error::broken(path, number + 1, what))?
            }
        }
    }
    match block {
        Some((verb, line)) => Err(Error::broken(path, line, format!("the list of {verb} does not end"))),
        None => Ok(module),
    }
}

fn directive<'a>(module: &mut Module<'a>, verb: &str, words: &[&'a str], comment: &str) -> Result<(), String> {
    match (verb, words) {
        ("require", [name, version]) => {
            module.requires.push(Require { name, version, is_indirect: comment.trim_start().starts_with("indirect") });
        }
        ("replace", [name, "=>", to @ ..] | [name, _, "=>", to @ ..]) if matches!(to.len(), 1 | 2) => {
            let at = (words[1] != "=>").then(|| words[1]);
            module.replaces.insert((*name, at), (to[0], to.get(1).copied()));
        }
        ("go", [version]) => module.is_before_1_17 = compare(version, "1.17").is_lt(),
        ("require" | "replace" | "go", _) => return Err(format!("{verb} has to be followed by a name and a version")),
        ("module" | "toolchain" | "exclude" | "retract" | "godebug" | "tool" | "ignore", _) => {}
        (other, _) => return Err(format!("\"{}\" is no directive", super::short(other))),
    }
    Ok(())
}
