//! The nouns: a package, its symbols, re-exports and open places. Plain values that a store can keep as rows.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Note;

/// Where packages of a kind come from; names are unique within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Ecosystem {
    Cargo,
    PyPi,
    Npm,
    Go,
    Maven,
    /// Headers and sources that no registry names.
    C,
}

impl Ecosystem {
    /// What stands between the segments of a path. Modules of npm hold `/` and `.` in their names, so their members stand behind `#`.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Cargo | Self::C => "::",
            Self::Npm => "#",
            _ => ".",
        }
    }
}

/// A programming language that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Language {
    Rust,
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Go,
    Java,
    C,
    Cpp,
}

impl Language {
    /// The language of a file, by the end of its name; none where it is no source that is read.
    ///
    /// ```
    /// use smolcrawl::symbols::Language;
    ///
    /// assert_eq!(Language::of_path("src/lib.rs"), Some(Language::Rust));
    /// assert_eq!(Language::of_path("README.md"), None);
    /// ```
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, end) = path.rsplit_once('.')?;
        Some(match end.to_ascii_lowercase().as_str() {
            "rs" => Self::Rust,
            "py" | "pyi" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "go" => Self::Go,
            "java" => Self::Java,
            "c" | "h" => Self::C,
            "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => Self::Cpp,
            _ => return None,
        })
    }

    /// The language by the name that people and fences give it: `py`, `rust`, `ts`.
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "rust" | "rs" => Self::Rust,
            "python" | "py" | "python3" | "pycon" => Self::Python,
            "javascript" | "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "typescript" | "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "go" | "golang" => Self::Go,
            "java" => Self::Java,
            "c" => Self::C,
            "c++" | "cpp" | "cxx" => Self::Cpp,
            _ => return None,
        })
    }
}

/// One version of one package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageId {
    pub ecosystem: Ecosystem,
    /// As its registry spells it.
    pub name: String,
    /// As its registry spells it; empty where none is known.
    pub version: String,
}

impl PackageId {
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { ecosystem, name: name.into(), version: version.into() }
    }
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version.as_str() {
            "" => f.write_str(&self.name),
            version => write!(f, "{}@{version}", self.name),
        }
    }
}

/// A package that another one uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dependency {
    /// The name under which code reaches it: `serde_json`, or what it was renamed to.
    pub root: String,
    pub id: PackageId,
    /// Only there if a feature or an extra asks for it.
    pub optional: bool,
}

/// What is known of one version of one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    pub id: PackageId,
    pub dependencies: Vec<Dependency>,
    pub symbols: Vec<Symbol>,
    pub reexports: Vec<Reexport>,
    pub open: Vec<Open>,
    /// Every word that occurs in its files, names and prose alike: what is not among them is no name of the package.
    pub words: HashSet<String>,
    /// What was left out, and by which rule: rows of its own in a store.
    #[serde(skip)]
    pub notes: Vec<Note>,
    /// The symbols came from source, all of it: only then can a name be missing. Tables of sites hold documented names only.
    pub is_whole: bool,
}

impl Package {
    /// A package of which nothing is known yet.
    pub fn new(id: PackageId) -> Self {
        Self {
            id,
            dependencies: Vec::new(),
            symbols: Vec::new(),
            reexports: Vec::new(),
            open: Vec::new(),
            words: HashSet::new(),
            notes: Vec::new(),
            is_whole: false,
        }
    }
}

/// What kind of thing a symbol is, across languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    Module,
    Class,
    Struct,
    Enum,
    Union,
    Interface,
    Trait,
    Function,
    Method,
    Constructor,
    Property,
    Field,
    Variant,
    Constant,
    Variable,
    Type,
    Macro,
    /// Named by a table that does not say what it is.
    Other,
}

impl Kind {
    /// In the order in which they are written down: what is new stands at the end.
    pub(super) const ALL: [Self; 18] = [
        Self::Module,
        Self::Class,
        Self::Struct,
        Self::Enum,
        Self::Union,
        Self::Interface,
        Self::Trait,
        Self::Function,
        Self::Method,
        Self::Constructor,
        Self::Property,
        Self::Field,
        Self::Variant,
        Self::Constant,
        Self::Variable,
        Self::Type,
        Self::Macro,
        Self::Other,
    ];

    /// The name that people and tools give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Property => "property",
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Type => "type",
            Self::Macro => "macro",
            Self::Other => "other",
        }
    }

    /// The kind of such a name, none where there is none.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Things whose members are looked for in their bases too.
    pub fn has_members(self) -> bool {
        matches!(self, Self::Class | Self::Struct | Self::Enum | Self::Union | Self::Interface | Self::Trait)
    }
}

/// A name that a package offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// From the root that code imports: `trio.lowlevel.Task`, `serde_json::Value`.
    pub path: String,
    pub kind: Kind,
    /// As declared, on one line, without the body; empty where none is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// What its author says of it, as written (markdown, reStructuredText …); empty where nothing is said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// The file, relative to the package's folder; empty for what a site's table says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The line of the declaration, from 1; 0 where there is none.
    #[serde(default)]
    pub line: u32,
    /// Where it is documented, as far as a site's table says it: relative to the table's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
    /// What its author says of its end; empty where it is only said to be deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// The condition it stands behind, as written: `feature = "gas"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// What it is made from, as written where it stands: base classes, supertraits, implemented and derived traits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<String>,
    /// How it is called; none where that is not known for sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<Takes>,
    /// The plain type that calling or reading it gives, as written where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives: Option<String>,
    /// The scope whose names `bases` and `gives` are written in, where that is not the parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_in: Option<String>,
    /// Not meant for users by the language's own rule (`pub` missing, not exported).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Symbol {
    /// A symbol of which only this is known.
    pub fn new(path: impl Into<String>, kind: Kind) -> Self {
        Self {
            path: path.into(),
            kind,
            signature: String::new(),
            doc: String::new(),
            file: String::new(),
            line: 0,
            anchor: None,
            deprecated: None,
            feature: None,
            bases: Vec::new(),
            takes: None,
            gives: None,
            written_in: None,
            private: false,
        }
    }

    /// The last segment of its path.
    pub fn name(&self) -> &str {
        last_segment(&self.path)
    }

    /// The first sentence of its documentation, on one line, at most 300 characters.
    pub fn summary(&self) -> String {
        let paragraph = self.doc.trim_start().split("\n\n").next().unwrap_or_default();
        let line: String = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let end =
            line.match_indices(". ").map(|(at, _)| at + 1).find(|end| !line[..*end].ends_with("e.g.") && !line[..*end].ends_with("i.e."));
        line[..end.unwrap_or(line.len())].chars().take(300).collect()
    }
}

/// How something is called: the parameters behind the receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    pub parameters: Vec<Parameter>,
    /// `*args`: any number by position.
    pub any_positions: bool,
    /// `**kwargs`: any name.
    pub any_names: bool,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub shape: Shape,
    pub optional: bool,
}

/// How an argument reaches its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    Position,
    Name,
    Either,
}

/// A name that stands for something defined elsewhere: imports, `pub use`, `export … from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reexport {
    /// The scope that has the name.
    pub scope: String,
    /// The name in it; `*` for all names of the target.
    pub name: String,
    /// The scope that it comes from, from a root.
    pub target: String,
    /// The name there; none for the scope itself.
    pub target_name: Option<String>,
    /// Reachable from outside by the language's own rule.
    pub public: bool,
    /// As in [`Symbol::feature`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
}

/// A scope that may hold names which are written nowhere in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// A module or type; empty for the whole package.
    pub path: String,
    pub reason: Reason,
    /// What makes it so, as written: a decorator, a macro's name.
    pub detail: String,
}

/// Why a scope is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// `__getattr__` and its like, index signatures, `Proxy`.
    Dynamic,
    /// Names are written into it while it runs: `globals()`, `setattr`, `exec`, prototypes.
    Written,
    /// A metaclass, decorator, derive or attribute that is not known.
    Decorated,
    /// A macro makes items.
    Macro,
    /// Made while building: `include!`, `OUT_DIR`.
    Generated,
    /// Compiled code without a description.
    Native,
    /// Only part of it was read: too large, broken, or not reached within the limits.
    Unread,
    /// Its names are given only in an order of files that is not known.
    Exports,
}

impl Reason {
    /// As it stands in a sentence behind "because".
    pub fn text(self) -> &'static str {
        match self {
            Self::Dynamic => "it answers names as they are asked for",
            Self::Written => "names are written into it while it runs",
            Self::Decorated => "what makes it is not known",
            Self::Macro => "a macro makes items in it",
            Self::Generated => "part of it is made while building",
            Self::Native => "it is compiled code without a description",
            Self::Unread => "part of it was not read",
            Self::Exports => "what it exports is computed",
        }
    }
}

/// Puts every word of a text, as names are made of words, into a set. Words of more than 100 bytes are no names.
pub fn words(text: &str, into: &mut HashSet<String>) {
    let is_part = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    for word in text.split(|c: char| !is_part(c)) {
        let starts_well = word.chars().next().is_some_and(|c| !c.is_numeric());
        if starts_well && word.len() <= 100 && !into.contains(word) {
            into.insert(word.to_owned());
        }
    }
}

/// What stands behind the last `.`, `::`, `#` or `/` of a path.
pub(super) fn last_segment(path: &str) -> &str {
    path.rsplit(['.', ':', '#', '/']).next().unwrap_or(path)
}
