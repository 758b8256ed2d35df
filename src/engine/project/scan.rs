//! Reads one package from the disk: its source into symbols, and these into what the store keeps. Blocking, on the lane that reads pages.

use std::collections::{BTreeMap, HashSet};

use super::known::{READER, described};
use super::{About, Over, Use, id_of, is_over, pages};
use crate::files::{self, Installed};
use crate::model::SourceId;
use crate::store::{CutPage, NamedSymbols, StoredPackage};
use crate::symbols::{self, Indexed, Kind, Package, Reader, Symbol};

/// What came of looking at a package.
#[derive(Debug)]
pub(super) enum Scanned {
    /// It is as it was when it was read.
    Unchanged,
    Read(Box<Rows>),
}

/// A package as the store takes it.
#[derive(Debug)]
pub(super) struct Rows {
    pub row: StoredPackage,
    pub content: Vec<u8>,
    pub names: Vec<NamedSymbols>,
    /// Of source.
    pub bytes: u64,
    pub notes: Vec<String>,
    /// What it says of its items, where that was asked for.
    pub pages: Vec<CutPage>,
}

pub(super) fn scan(
    used: &Use,
    installed: &Installed,
    before: Option<&StoredPackage>,
    source: Option<&SourceId>,
    over: &Over,
) -> Result<Scanned, files::Error> {
    let contents = installed.contents()?;
    let package = &used.name();
    // With pages there is more than without.
    let stamp = |pages: &str| format!("{READER}{pages}-{}", contents.stamp);
    let is_as_before = |stamp: String| before.is_some_and(|before| before.stamp == stamp);
    if is_as_before(stamp(WITH_PAGES)) || (source.is_none() && is_as_before(stamp(""))) {
        return Ok(Scanned::Unchanged);
    }
    let mut notes: Vec<String> = contents
        .left_out
        .by_rule()
        .filter(|(rule, _)| is_loss(*rule))
        .map(|(rule, left)| format!("{package}: {rule}: {} ({})", left.count, left.first))
        .collect();
    let root = installed.modules.first().cloned().unwrap_or_else(|| package.name.replace('-', "_"));
    let mut reader = Reader::new(id_of(package), root);
    let mut bytes = 0;
    let mut unread = 0;
    for file in &contents.files {
        if is_over(over) {
            break;
        }
        match contents.read(file, LARGEST) {
            Ok(text) => {
                bytes += text.len() as u64;
                reader.file(&file.path, &text);
            }
            // It may be a module, and holds names that are not known.
            Err(error) => {
                reader.file(&file.path, b"");
                reader.unread(&file.path);
                unread += 1;
                if unread == 1 {
                    notes.push(format!("{package}: {error}"));
                }
            }
        }
    }
    for file in &contents.beside {
        if is_over(over) {
            break;
        }
        match contents.read(file, LARGEST) {
            Ok(text) => {
                bytes += text.len() as u64;
                reader.beside(&text);
            }
            Err(error) => {
                unread += 1;
                if unread == 1 {
                    notes.push(format!("{package}: {error}"));
                }
            }
        }
    }
    if !notes.is_empty() {
        reader.unread("not all of its files were read");
    }
    let mut read = reader.finish();
    complete(&mut read, installed);
    notes.extend(read.notes.iter().map(|note| format!("{package}: {} of {} left out, from {}", note.words, note.rule, note.begins)));
    let (pages, left_out) = source.map(|source| pages::of(&read, source, contents.root())).unwrap_or_default();
    if left_out > 0 {
        notes.push(format!("{package}: {left_out} documented items are found by name and are no pages"));
    }
    // Only this is kept, and a large package is in memory several times below.
    for symbol in &mut read.symbols {
        symbol.doc = symbol.summary();
    }
    let content = symbols::encode(&read);
    read.words = HashSet::new();
    let partly = read.open.iter().find(|open| open.path.is_empty()).map(|open| open.reason.text().to_owned());
    let count = read.symbols.len() as u64;
    let mut about = About { partly, place: used.place.clone(), ..About::of(installed) };
    about.describes = described(&read, &about.roots);
    let names = names(Indexed::new(read));
    let row = StoredPackage {
        ecosystem: package.ecosystem.as_str().to_owned(),
        name: package.name.clone(),
        version: package.version.clone().unwrap_or_default(),
        root: contents.root().to_string_lossy().into_owned(),
        stamp: if is_over(over) { String::new() } else { stamp(if source.is_some() { WITH_PAGES } else { "" }) },
        symbols: count,
        about: serde_json::to_string(&about).expect("texts are JSON"),
    };
    Ok(Scanned::Read(Box::new(Rows { row, content, names, bytes, notes, pages })))
}

/// What leaves a hole in what is known; the rest is no part of the library.
fn is_loss(rule: files::Rule) -> bool {
    !matches!(rule, files::Rule::OtherRole | files::Rule::OtherKind | files::Rule::Hidden | files::Rule::Generated | files::Rule::Vendored)
}

/// A library that lies elsewhere than usual, or consists of what no reader understands, is there all the same.
fn complete(package: &mut Package, installed: &Installed) {
    // Elsewhere a module is a folder or file, and the package itself need be none.
    if !matches!(installed.package.ecosystem, files::Ecosystem::Cargo | files::Ecosystem::Pypi) {
        return;
    }
    for root in &installed.modules {
        if !package.symbols.iter().any(|symbol| symbol.path == *root) {
            package.symbols.push(Symbol::new(root.clone(), Kind::Module));
            package.open.push(symbols::Open {
                path: root.clone(),
                reason: symbols::Reason::Unread,
                detail: "its source was not found".to_owned(),
            });
            package.open.push(symbols::Open { path: String::new(), reason: symbols::Reason::Unread, detail: root.clone() });
        }
    }
}

/// What is found by name: symbols that are for users, and what is given on.
pub(in crate::engine) fn names(package: Indexed) -> Vec<NamedSymbols> {
    let mut names: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let given: Vec<Symbol> = package.given_names().collect();
    let shown = package.package().symbols.iter().filter(|symbol| !symbol.private || symbol.kind == Kind::Module);
    for symbol in shown.chain(&given) {
        let entry = names.entry(symbol.name().to_lowercase()).or_default();
        // Of a name that stands everywhere, some places do.
        if entry.len() < MAX_ENTRY {
            entry.extend(symbols::encode_told([symbol]));
        }
    }
    names.into_iter().map(|(name, symbols)| NamedSymbols { name, symbols }).collect()
}

const WITH_PAGES: &str = "p";
/// Bytes of a file: modules of Python that are compiled are the largest.
const LARGEST: u64 = 64 << 20;
/// Bytes of all symbols that have one name in a package.
const MAX_ENTRY: usize = 64 << 10;
