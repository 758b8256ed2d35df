//! What each language's source says of its names: one reader a language, all into the same nouns.

mod c;
pub(in crate::symbols) mod comments;
mod declared;
mod go;
mod java;
mod python;
mod rust;
mod script;

use tree_sitter::Tree;

pub(super) use self::python::{SHARED, absolute, is_pattern};
pub(super) use self::rust::use_tree;
pub(super) use self::script::{
    CALLED, DEFAULT, ITSELF, MADE, OFFERED, UNKNOWN, described, is_description, is_offered, manifest, readable, written_classes,
};

use super::package::{Ecosystem, Language, Open, Package, Reason, Reexport, Symbol};

/// A file that is being read.
pub(in crate::symbols) struct File<'a> {
    /// As code names the package.
    pub root: &'a str,
    pub path: &'a str,
    pub text: &'a str,
    pub tree: &'a Tree,
    pub into: &'a mut Package,
    /// Symbols, and names given on, that the package may have.
    pub most: usize,
    /// How many were left out.
    pub left_out: usize,
    pub view: View,
}

/// From where a package is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::symbols) enum View {
    /// As those do who use it.
    #[default]
    Outside,
    /// As its own code does: what is private, for tests and for programs is there as well.
    Within,
}

/// Bytes of a path at most. Scopes within scopes under long names would else be written many times their length.
pub(in crate::symbols) const PATH: usize = 1_000;

impl File<'_> {
    /// Keeps a symbol, or counts it where there are too many or its path is too long.
    pub(in crate::symbols) fn add(&mut self, symbol: Symbol) {
        if self.into.symbols.len() < self.most && symbol.path.len() <= PATH {
            self.into.symbols.push(symbol);
        } else {
            self.left_out += 1;
        }
    }

    /// Likewise for a name that is given on.
    pub(in crate::symbols) fn give_on(&mut self, given: Reexport) {
        if self.into.reexports.len() < self.most && [&given.scope, &given.name, &given.target].iter().all(|part| part.len() <= PATH) {
            self.into.reexports.push(given);
        } else {
            self.left_out += 1;
        }
    }

    /// Says why a scope may hold more than is written.
    pub(in crate::symbols) fn open(&mut self, path: String, reason: Reason, detail: &str) {
        if self.into.open.len() < self.most && path.len() <= PATH {
            self.into.open.push(Open { path, reason, detail: detail.chars().take(80).collect() });
        } else {
            self.left_out += 1;
        }
    }
}

/// Puts the names of a file into its package.
pub(super) fn read(language: Language, file: &mut File<'_>) {
    match language {
        Language::Python => python::read(file),
        Language::Rust => rust::read(file),
        Language::JavaScript | Language::TypeScript | Language::Tsx => script::read(file),
        Language::Go => go::read(file),
        Language::Java => java::read(file),
        Language::C | Language::Cpp => c::read(file),
    }
}

/// What can be said only when all files are read.
pub(super) fn finish(package: &mut Package, root: &str) {
    match package.id.ecosystem {
        Ecosystem::Cargo => rust::finish(package, root),
        Ecosystem::PyPi => python::finish(package),
        Ecosystem::Npm => script::finish(package, root),
        _ => {}
    }
}

/// The module that a file of source is, and whether that is a package of Python; none where it is none of the package's own.
pub(super) fn module_of(ecosystem: Ecosystem, root: &str, path: &str) -> Option<(String, bool)> {
    match ecosystem {
        Ecosystem::Cargo => Some((rust::module_of(root, path, View::Within)?, false)),
        Ecosystem::PyPi => python::module_of(path),
        _ => None,
    }
}

/// The module that a compiled file stands for, or one that is made by compiling: `numpy.core._multiarray` of
/// `numpy/core/_multiarray.cpython-311-x86_64-linux-gnu.so`.
pub(super) fn compiled(path: &str) -> Option<String> {
    let is_compiled = [".so", ".pyd", ".pyx"].iter().any(|end| path.ends_with(end));
    let name = path.rsplit('/').next()?;
    let module = path[..path.len() - name.len()].replace('/', ".");
    is_compiled.then(|| format!("{module}{}", name.split('.').next().unwrap_or(name)))
}
