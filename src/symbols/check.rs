//! Holds a piece of code against packages: which of the names that it uses are there? Precision first: what cannot be shown to be missing
//! is unknown, with the reason.

mod python;
mod rust;
mod script;
mod verdicts;

use serde::Serialize;

use super::package::{Language, PackageId};
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
    const MOST: usize = 1 << 20;
    let end = (0..=code.len().min(MOST)).rev().find(|at| code.is_char_boundary(*at)).unwrap_or(0);
    let mut verdicts = Verdicts::new(reach);
    match language {
        Language::Python => python::check(&code[..end], &mut verdicts),
        Language::Rust => rust::check(&code[..end], &mut verdicts),
        Language::JavaScript | Language::TypeScript | Language::Tsx => script::check(&code[..end], language, &mut verdicts),
        _ => {}
    }
    verdicts.done()
}
