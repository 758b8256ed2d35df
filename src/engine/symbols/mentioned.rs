//! Which packages a piece of code may name, told without reading it as its language does: rather one too many, as each takes time, than one
//! too few, of which nothing could be said. Pure.

use std::collections::HashSet;

use crate::files::Ecosystem;
use crate::symbols;

/// What may be names of packages in code: what stands where the language names one.
pub(super) fn mentioned(code: &str, of: Ecosystem) -> HashSet<String> {
    match of {
        Ecosystem::Cargo => mentioned_in_paths(code),
        Ecosystem::Npm => mentioned_in_quotes(code),
        _ => mentioned_in_imports(code),
    }
}

/// Words before `::`, and all that stand in a `use` or beside `extern`.
fn mentioned_in_paths(code: &str) -> HashSet<String> {
    let mut mentioned = HashSet::new();
    let is_part = |c: char| c == '_' || c.is_alphanumeric();
    let mut is_import = false;
    let mut rest = code;
    while let Some(begin) = rest.find(is_part) {
        is_import &= !rest[..begin].contains(';');
        let word = &rest[begin..];
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        rest = &word[end..];
        let word = &word[..end];
        let is_before_others = rest.starts_with("::") || rest.trim_start().starts_with("::");
        if (is_import || is_before_others) && word.len() <= LONGEST {
            mentioned.insert(word.to_owned());
        }
        is_import |= matches!(word, "use" | "extern");
    }
    mentioned
}

/// Words of lines on which something is imported.
fn mentioned_in_imports(code: &str) -> HashSet<String> {
    let mut mentioned = HashSet::new();
    let mut goes_on = false;
    for line in code.lines() {
        if goes_on || line.contains("import") || line.contains("from") {
            symbols::words(line, &mut mentioned);
            goes_on = line.trim_end().ends_with('\\');
        }
    }
    mentioned
}

/// What programs of npm have between quotes, as far as it names a package.
fn mentioned_in_quotes(code: &str) -> HashSet<String> {
    // Modules of Node are described by a package that nobody imports.
    let mut mentioned = HashSet::from(["node".to_owned()]);
    for quoted in code.split(['\'', '"', '`']).filter(|quoted| quoted.len() <= LONGEST) {
        let mut segments = quoted.splitn(3, '/');
        let (first, second) = (segments.next().unwrap_or_default(), segments.next());
        match second.filter(|_| first.starts_with('@')) {
            Some(second) => mentioned.insert(format!("{first}/{second}")),
            None => mentioned.insert(first.to_owned()),
        };
    }
    mentioned
}

/// Bytes of what may name a package.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_where_the_language_names_them() {
        let of = |code: &str, of: Ecosystem| {
            let mut all: Vec<String> = mentioned(code, of).into_iter().collect();
            all.sort_unstable();
            all
        };
        let rust =
            "// A log of url.\nuse serde::{de, Deserialize}; extern crate libc;\nfn f(time: Time) { smol ::block_on(url::Url::parse(x)); }";
        assert_eq!(of(rust, Ecosystem::Cargo), ["Deserialize", "Url", "crate", "de", "libc", "serde", "smol", "url"]);
        let python = "x = requests\nimport os, \\\n  attr\n>>> from kettle import (\n    Lid)\n";
        assert_eq!(of(python, Ecosystem::Pypi), ["attr", "from", "import", "kettle", "os"]);
        let script = "import a from '@a/b/c';\nrequire(\"d/e\");\n";
        let found = of(script, Ecosystem::Npm);
        assert!(["@a/b", "d", "node"].iter().all(|name| found.contains(&(*name).to_owned())), "{found:?}");
    }

    #[test]
    fn much_space_costs_what_it_is_long() {
        let code = format!("a{}", " b ".repeat(100_000)) + &" ".repeat(300_000);
        assert!(mentioned(&code, Ecosystem::Cargo).is_empty());
    }
}
