//! Reads a package's source files into a `Package`, one file after the other, within limits that are said where they are met.

mod piece;
mod thinned;
pub(in crate::symbols) mod tree;

use std::borrow::Cow;
use std::collections::HashSet;

use super::languages::{self, View};
use super::package::{Dependency, Ecosystem, Language, Open, Package, PackageId, Reason, Symbol, words};
use crate::model::Note;

pub use self::piece::Piece;

/// What is read of one package at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file without what its long lists of data hold; a longer one is not read. 2 MiB by default.
    pub file: usize,
    /// Symbols of a package; what follows is left out. 60,000 by default.
    pub symbols: usize,
    /// Bytes of all documentation kept; symbols behind it are kept without theirs. 16 MiB by default.
    pub docs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file: 2 << 20, symbols: 60_000, docs: 16 << 20 }
    }
}

/// Reads the files of one package.
///
/// ```
/// use smolcrawl::symbols::{Ecosystem, PackageId, Reader};
///
/// let mut reader = Reader::new(PackageId::new(Ecosystem::PyPi, "kettle", "1.0"), "kettle");
/// reader.file("kettle/__init__.py", b"def boil(to=100):\n    \"\"\"Boils. And sings.\"\"\"\n");
/// let package = reader.finish();
/// let boil = package.symbols.iter().find(|symbol| symbol.path == "kettle.boil").unwrap();
/// assert_eq!((boil.signature.as_str(), boil.summary().as_str()), ("def boil(to=100)", "Boils."));
/// ```
#[derive(Debug)]
pub struct Reader {
    package: Package,
    root: String,
    limits: Limits,
    left_out: Vec<LeftOut>,
    docs: usize,
    view: View,
    /// Classes into whose values code puts what it computes the names of.
    written: HashSet<String>,
}

#[derive(Debug)]
struct LeftOut {
    rule: &'static str,
    count: usize,
    first: String,
}

impl Reader {
    /// A reader of nothing yet. `root` is the name under which code reaches the package: `serde_json`; Python's packages
    /// take theirs from the paths of their files.
    pub fn new(id: PackageId, root: impl Into<String>) -> Self {
        let mut package = Package::new(id);
        package.is_whole = true;
        let root = root.into();
        let root = if package.id.ecosystem == Ecosystem::Npm { languages::described(&root) } else { root };
        Self { package, root, limits: Limits::default(), left_out: Vec::new(), docs: 0, view: View::Outside, written: HashSet::new() }
    }

    /// The same as the package sees itself: what is private, for tests and for programs is there as well. Of its words only names are kept, and what
    /// macros are made of.
    #[must_use]
    pub fn from_within(mut self) -> Self {
        self.view = View::Within;
        self
    }

    /// The same with other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same, knowing what it depends on: without that, no name is said to be nowhere in reach.
    #[must_use]
    pub fn dependencies(mut self, dependencies: Vec<Dependency>) -> Self {
        self.package.dependencies = dependencies;
        self
    }

    /// Reads one file. The path is relative to what makes its name: the folder that `import` looks into (Python), the package's own folder
    /// (other languages), with `/`. Files that are no source are passed over, but for the `package.json` at the top of a package of npm, which names its
    /// entry; compiled modules make what they stand for open.
    pub fn file(&mut self, path: &str, text: &[u8]) {
        let path = path.trim_start_matches("./");
        if let Some(module) = languages::compiled(path) {
            let open = Open { path: module, reason: Reason::Native, detail: path.to_owned() };
            self.package.open.push(open);
            // Its names stand in it as text.
            words(&String::from_utf8_lossy(text.get(..COMPILED).unwrap_or(text)), &mut self.package.words);
            return;
        }
        if path == "package.json" && self.package.id.ecosystem == Ecosystem::Npm && text.len() <= self.limits.file {
            return languages::manifest(&mut self.package, &self.root, &String::from_utf8_lossy(text));
        }
        let Some(language) = Language::of_path(path) else { return };
        if self.package.symbols.len() >= self.limits.symbols {
            words(&String::from_utf8_lossy(text), &mut self.package.words);
            self.leave_out("symbols of a package", 1, path);
            return self.unread(path);
        }
        let whole = String::from_utf8_lossy(text);
        let whole = whole.trim_start_matches('\u{feff}');
        let text = &*thinned::thinned(language, whole);
        let longest = languages::PATH / 2;
        for (is_over, rule) in [(text.len() > self.limits.file, "size of a file"), (path.len() > longest, "length of a path")] {
            if is_over {
                self.leave_out(rule, 1, path);
                return self.unread(path);
            }
        }
        match (self.view, language) {
            (View::Within, _) => {}
            (View::Outside, Language::Rust) => said_in_code(whole, &mut self.package.words),
            (View::Outside, _) => words(whole, &mut self.package.words),
        }
        let readable = if languages::is_description(path) { languages::readable(text) } else { Cow::Borrowed(text) };
        let Some(tree) = tree::parse(language, &readable) else {
            self.leave_out("work on a file", 1, path);
            return self.unread(path);
        };
        let from = self.package.symbols.len();
        let most = self.limits.symbols;
        let mut file =
            languages::File { root: &self.root, path, text, tree: &tree, into: &mut self.package, most, left_out: 0, view: self.view };
        languages::read(language, &mut file);
        let left_out = file.left_out;
        self.bound(from, left_out, path);
    }

    /// Reads a file of code whose names other files describe: what is a word in it may be a name that they have left out.
    pub fn beside(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        words(&text, &mut self.package.words);
        if self.written.len() < MOST_WRITTEN {
            languages::written_classes(&text, &mut self.written);
        }
    }

    /// A package that is known to hold more than what was given.
    pub fn unread(&mut self, detail: &str) {
        self.package.open.push(Open { path: String::new(), reason: Reason::Unread, detail: detail.chars().take(80).collect() });
    }

    /// What was read.
    pub fn finish(mut self) -> Package {
        languages::finish(&mut self.package, &self.root);
        let Package { symbols, open, .. } = &mut self.package;
        let is_written = |symbol: &&Symbol| symbol.kind.has_members() && self.written.contains(symbol.name());
        open.extend(symbols.iter().filter(is_written).map(|symbol| Open {
            path: symbol.path.clone(),
            reason: Reason::Written,
            detail: "its code computes names".to_owned(),
        }));
        if self.view == View::Within {
            let Package { symbols, words, .. } = &mut self.package;
            symbols.iter_mut().for_each(|symbol| symbol.private = false);
            words.extend(symbols.iter().map(|symbol| symbol.name().to_owned()));
        }
        let mut seen = HashSet::new();
        self.package
            .reexports
            .retain(|given| seen.insert((given.scope.clone(), given.name.clone(), given.target.clone(), given.target_name.clone())));
        self.package.symbols.shrink_to_fit();
        self.package.reexports.shrink_to_fit();
        self.package.open.shrink_to_fit();
        self.package.words.shrink_to_fit();
        self.package.notes =
            (self.left_out.into_iter()).map(|left| Note { rule: left.rule, words: left.count, begins: left.first }).collect();
        self.package
    }

    fn bound(&mut self, from: usize, over: usize, path: &str) {
        if over > 0 {
            self.leave_out("symbols of a package", over, path);
            self.unread(path);
        }
        let mut cut = 0;
        for symbol in self.package.symbols.iter_mut().skip(from) {
            shorten(symbol);
            self.docs += symbol.doc.len();
            if self.docs > self.limits.docs {
                self.docs -= symbol.doc.len();
                symbol.doc = symbol.summary();
                cut += 1;
            }
        }
        if cut > 0 {
            self.leave_out("documentation of a package", cut, path);
        }
    }

    fn leave_out(&mut self, rule: &'static str, count: usize, first: &str) {
        match self.left_out.iter_mut().find(|left| left.rule == rule) {
            Some(left) => left.count += count,
            None => self.left_out.push(LeftOut { rule, count, first: first.chars().take(200).collect() }),
        }
    }
}

/// Words without remarks: what stands behind `//` is no documentation in Rust, and often names what is not there.
fn said_in_code(text: &str, into: &mut HashSet<String>) {
    for line in text.lines() {
        let mut quotes = 0;
        let mut counted = 0;
        let remark = line.match_indices("//").map(|(at, _)| at).find(|at| {
            quotes += line[counted..*at].matches('"').count();
            counted = *at;
            let is_doc = line[at + 2..].starts_with(['/', '!']);
            let stands_apart = line[..*at].ends_with(char::is_whitespace) || *at == 0;
            // Within a string it is none.
            !is_doc && stands_apart && quotes % 2 == 0
        });
        words(&line[..remark.unwrap_or(line.len())], into);
    }
}

/// Classes of a package that are known to be written into.
const MOST_WRITTEN: usize = 10_000;
/// Bytes of a compiled file that are looked at for words.
const COMPILED: usize = 64 << 20;

/// A signature is for reading: at most 600 characters; a doc at most 16 KiB. What was made by adding to it holds room that nothing needs.
fn shorten(symbol: &mut Symbol) {
    symbol.path.shrink_to_fit();
    for (text, most) in [(&mut symbol.signature, 600), (&mut symbol.doc, 16 << 10)] {
        if text.len() > most {
            let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        text.shrink_to_fit();
    }
}
