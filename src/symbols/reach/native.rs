//! Names that a language's own types have without a package: Python's built-in types and compiled modules, Rust's standard library,
//! what JavaScript itself declares. The tables are made by `tests/symbols/native.py`, the last one by `tests/symbols/native.mjs`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::symbols::package::Ecosystem;

/// Whether a type that the language itself defines has a member of this name; none if the type is not one of those.
pub(in crate::symbols) fn has(ecosystem: Ecosystem, base: &str, name: &str) -> Option<bool> {
    match ecosystem {
        Ecosystem::PyPi => {
            let plain = base.split('[').next().unwrap_or(base);
            match ABSTRACT.contains(&plain) {
                true => Some(name == "register" || name.starts_with("_abc_")),
                false if HARMLESS.contains(&plain) => Some(false),
                false => PYTHON.types.get(plain).map(|members| members.contains(name)),
            }
        }
        Ecosystem::Cargo => {
            let plain = base.trim_start_matches(':').split('<').next().unwrap_or(base).trim();
            let of_std = ["std::", "core::", "alloc::"].iter().any(|root| plain.starts_with(root));
            let is_prelude = !plain.contains("::") && PRELUDE.contains(&plain);
            (of_std || is_prelude).then(|| RUST.contains(name))
        }
        Ecosystem::Npm => SCRIPT.types.get(base).map(|members| members.contains(name)),
        _ => None,
    }
}

/// Whether a trait of a crate that many others use only where they are asked to has a member of this name; none if it is not one of those.
pub(super) fn of_optional(base: &str, name: &str) -> Option<bool> {
    let plain = base.trim_start_matches(':').split('<').next().unwrap_or(base).trim();
    OPTIONAL.iter().find(|(of, _)| *of == plain).map(|(_, members)| members.contains(&name))
}

/// Whether any value may have a member of this name by the language itself.
pub(super) fn of_any(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::PyPi => (name.starts_with("__") && name.ends_with("__")) || name == "mro",
        Ecosystem::Cargo => RUST.contains(name),
        _ => false,
    }
}

/// Whether any module of Python has an attribute of this name.
pub(super) fn is_of_modules(ecosystem: Ecosystem, name: &str) -> bool {
    ecosystem == Ecosystem::PyPi && OF_MODULES.contains(&name)
}

/// Whether a word is a name somewhere in what the language brings.
pub(in crate::symbols) fn knows(ecosystem: Ecosystem, word: &str) -> bool {
    match ecosystem {
        Ecosystem::PyPi => PYTHON.words.contains(word) || (word.starts_with("__") && word.ends_with("__")),
        Ecosystem::Cargo => RUST.contains(word),
        _ => true,
    }
}

/// Whether Python itself brings a module of this name.
pub(in crate::symbols) fn is_python_module(root: &str) -> bool {
    root.starts_with('_') || PYTHON.modules.contains(root)
}

/// Whether any value of JavaScript may have a member of this name, or any function.
pub(in crate::symbols) fn is_of_any_script(name: &str) -> bool {
    ["Object", "Function"].iter().any(|of| SCRIPT.types[of].contains(name)) || name == "__proto__"
}

/// Whether Node itself brings a module of this name.
pub(in crate::symbols) fn is_node_module(root: &str) -> bool {
    SCRIPT.modules.contains(root)
}

/// Traits of crates that are mostly out of reach, with all that they have.
const OPTIONAL: &[(&str, &[&str])] = &[
    ("serde::Serialize", &["serialize"]),
    ("serde::ser::Serialize", &["serialize"]),
    ("serde::Deserialize", &["deserialize", "deserialize_in_place"]),
    ("serde::de::Deserialize", &["deserialize", "deserialize_in_place"]),
    ("serde_core::Serialize", &["serialize"]),
    ("serde_core::ser::Serialize", &["serialize"]),
    ("serde_core::Deserialize", &["deserialize", "deserialize_in_place"]),
    ("serde_core::de::Deserialize", &["deserialize", "deserialize_in_place"]),
    ("defmt::Format", &["format", "_format_tag", "_format_data"]),
    ("arbitrary::Arbitrary", &["arbitrary", "arbitrary_take_rest", "size_hint", "try_size_hint"]),
    ("quickcheck::Arbitrary", &["arbitrary", "shrink"]),
    ("zeroize::Zeroize", &["zeroize"]),
    ("zeroize::ZeroizeOnDrop", &[]),
];

/// Bases that give their classes no members under names without underscores.
const HARMLESS: &[&str] = &["object", "Generic", "typing.Generic", "t.Generic"];

/// Such whose classes have what classes have that are made by `ABCMeta`.
const ABSTRACT: &[&str] = &["ABC", "abc.ABC", "Protocol", "typing.Protocol", "t.Protocol", "typing_extensions.Protocol"];

/// What the interpreter gives every module. `__version__` and its like are not among them.
const OF_MODULES: &[&str] = &[
    "__annotate__",
    "__annotations__",
    "__builtins__",
    "__cached__",
    "__class__",
    "__delattr__",
    "__dict__",
    "__dir__",
    "__doc__",
    "__eq__",
    "__file__",
    "__getattribute__",
    "__hash__",
    "__loader__",
    "__name__",
    "__package__",
    "__path__",
    "__reduce__",
    "__reduce_ex__",
    "__repr__",
    "__setattr__",
    "__sizeof__",
    "__spec__",
    "__str__",
];

/// What every crate sees without importing it, as far as it is implemented for types or derived.
const PRELUDE: &[&str] = &[
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
    "Send",
    "Sync",
    "Sized",
    "Drop",
    "Fn",
    "FnMut",
    "FnOnce",
    "AsRef",
    "AsMut",
    "Into",
    "From",
    "Iterator",
    "Extend",
    "IntoIterator",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "FromIterator",
    "Unpin",
    "Display",
];

struct Python {
    types: HashMap<&'static str, HashSet<&'static str>>,
    words: HashSet<&'static str>,
    modules: HashSet<&'static str>,
}

static PYTHON: LazyLock<Python> = LazyLock::new(|| {
    let mut python = Python { types: HashMap::new(), words: HashSet::new(), modules: HashSet::new() };
    for line in include_str!("native/python.txt").lines() {
        let Some((name, members)) = line.split_once(':') else { continue };
        let members: HashSet<&str> = members.split(' ').filter(|word| !word.is_empty()).collect();
        if name == "@modules" {
            python.modules = members;
            continue;
        }
        python.words.extend(&members);
        if !name.starts_with(['@', '~']) {
            python.words.insert(name);
            python.types.insert(name, members);
        }
    }
    python
});

/// Types of the language with their members, and the modules of Node.
struct Script {
    types: HashMap<&'static str, HashSet<&'static str>>,
    modules: HashSet<&'static str>,
}

static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let mut script = Script { types: HashMap::new(), modules: HashSet::new() };
    for line in include_str!("native/script.txt").lines() {
        let Some((name, members)) = line.split_once(':') else { continue };
        let members = members.split(' ').filter(|word| !word.is_empty()).collect();
        match name {
            "@modules" => script.modules = members,
            _ => drop(script.types.insert(name, members)),
        }
    }
    script
});

static RUST: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("native/rust.txt").split_whitespace().collect());
