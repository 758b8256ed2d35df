//! Holds a piece of code against packages: which of the names that it uses are there? Precision first: what cannot be shown to be missing
//! is unknown, with the reason.

mod python;
mod rust;
mod script;
mod values;
mod verdicts;

use serde::Serialize;

use super::languages;
use super::package::{Ecosystem, Language, PackageId};
use super::reach::Reach;
use verdicts::Verdicts;

/// What can be said of a name that code uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Exists,
    DoesNotExist,
    /// [`Checked::why`] says why it cannot be told.
    Unknown,
    /// The package is none that the project uses.
    NotInLock,
}

/// One name that code uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// From 1.
    pub line: u32,
    /// Where the name itself stands in the code, in bytes.
    pub offset: usize,
    /// As written: `kettle.Kettle(1).poor`.
    pub text: String,
    pub verdict: Verdict,
    /// What speaks for the verdict; of what exists, what there is to know: a feature it needs, that it is deprecated.
    pub why: String,
    /// The package at the version that was looked into.
    pub package: Option<PackageId>,
    /// The whole path of what it is.
    pub path: Option<String>,
    pub signature: Option<String>,
    /// Names that could have been meant, at most three.
    pub near: Vec<String>,
}

/// Where a piece of code stands in the package that it is a part of: what it names from there leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    module: String,
    /// Of Python, an `__init__`.
    is_package: bool,
}

impl Home {
    /// That of a file, by its path as [`Reader::file`](super::Reader::file) takes it, and the name under which code reaches the package; none where
    /// files of that kind are no part of what others can reach, such as tests beside a crate.
    ///
    /// ```
    /// use smolcrawl::symbols::{Ecosystem, Home};
    ///
    /// assert!(Home::of(Ecosystem::Cargo, "kettle", "src/gas/burner.rs").is_some());
    /// assert!(Home::of(Ecosystem::Cargo, "kettle", "tests/boil.rs").is_none());
    /// ```
    pub fn of(ecosystem: Ecosystem, root: &str, path: &str) -> Option<Self> {
        let (module, is_package) = languages::module_of(ecosystem, root, path)?;
        Some(Self { module, is_package })
    }

    /// The module that an import of Python means from here, as in `..gas`; none where it leads above all packages.
    fn imported(&self, written: &str) -> Option<String> {
        let above = written.bytes().take_while(|byte| *byte == b'.').count().saturating_sub(usize::from(self.is_package));
        let is_within = above < self.module.split('.').count() || !written.starts_with('.');
        is_within.then(|| languages::absolute(&self.module, self.is_package, written))
    }
}

/// Checks a piece of code: one entry for each reference to something outside it, in the order of the text. At most 1 MiB of code is read
/// and 5,000 references are answered; languages other than Python, Rust, JavaScript and TypeScript are not checked.
///
/// ```
/// use std::sync::Arc;
/// use smolcrawl::symbols::{Ecosystem, Indexed, Language, PackageId, Reach, Reader, Verdict, check};
///
/// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
/// reader.file("kettle/__init__.py", b"def boil(to=100): ...\n");
/// let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
/// let checked = check("import kettle\nkettle.boyl()\n", Language::Python, &reach);
/// assert_eq!(checked[1].verdict, Verdict::DoesNotExist);
/// assert_eq!(checked[1].near, ["boil"]);
/// ```
pub fn check(code: &str, language: Language, reach: &Reach) -> Vec<Checked> {
    checked(code, language, reach, None)
}

/// The same of code that stands somewhere: paths of Rust from `crate`, `self` and `super` and relative imports of Python are followed into its
/// package, which is in reach as seen [`from_within`](super::Reader::from_within).
///
/// ```
/// use std::sync::Arc;
/// use smolcrawl::symbols::{Ecosystem, Home, Indexed, Language, PackageId, Reach, Reader, Verdict, check_at};
///
/// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", ""), "kettle").from_within();
/// reader.file("kettle/gas.py", b"def burn(): ...\n");
/// let reach = Reach::new(vec![Arc::new(Indexed::new(reader.finish()))]);
/// let home = Home::of(Ecosystem::PyPi, "kettle", "kettle/boil.py").unwrap();
/// let checked = check_at("from .gas import burn, brun\n", Language::Python, &reach, &home);
/// let verdicts: Vec<Verdict> = checked.iter().map(|checked| checked.verdict).collect();
/// assert_eq!(verdicts, [Verdict::Exists, Verdict::Exists, Verdict::DoesNotExist]);
/// ```
pub fn check_at(code: &str, language: Language, reach: &Reach, home: &Home) -> Vec<Checked> {
    checked(code, language, reach, Some(home))
}

fn checked(code: &str, language: Language, reach: &Reach, home: Option<&Home>) -> Vec<Checked> {
    const MOST: usize = 1 << 20;
    let end = (0..=code.len().min(MOST)).rev().find(|at| code.is_char_boundary(*at)).unwrap_or(0);
    let mut verdicts = Verdicts::new(reach, home);
    match language {
        Language::Python => python::check(&code[..end], &mut verdicts),
        Language::Rust => rust::check(&code[..end], &mut verdicts),
        Language::JavaScript | Language::TypeScript | Language::Tsx => script::check(&code[..end], language, &mut verdicts),
        _ => {}
    }
    verdicts.done()
}
