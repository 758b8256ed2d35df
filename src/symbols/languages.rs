//! What each language's source says of its names: one reader a language, all into the same nouns.

pub(in crate::symbols) mod comments;
mod python;
mod rust;

use tree_sitter::Tree;

pub(super) use self::rust::use_tree;

use super::package::{Ecosystem, Language, Package};

/// A file that is being read.
pub(in crate::symbols) struct File<'a> {
    /// As code names the package.
    pub root: &'a str,
    pub path: &'a str,
    pub text: &'a str,
    pub tree: &'a Tree,
    pub into: &'a mut Package,
}

/// Puts the names of a file into its package.
pub(super) fn read(language: Language, file: &mut File<'_>) {
    match language {
        Language::Python => python::read(file),
        Language::Rust => rust::read(file),
        _ => {}
    }
}

/// What can be said only when all files are read.
pub(super) fn finish(package: &mut Package, root: &str) {
    match package.id.ecosystem {
        Ecosystem::Cargo => rust::finish(package, root),
        Ecosystem::PyPi => python::finish(package),
        _ => {}
    }
}

/// The module that a compiled file stands for: `numpy.core._multiarray` of `numpy/core/_multiarray.cpython-311-x86_64-linux-gnu.so`.
pub(super) fn compiled(path: &str) -> Option<String> {
    let is_compiled = path.ends_with(".so") || path.ends_with(".pyd");
    let name = path.rsplit('/').next()?;
    let module = path[..path.len() - name.len()].replace('/', ".");
    is_compiled.then(|| format!("{module}{}", name.split('.').next().unwrap_or(name)))
}
