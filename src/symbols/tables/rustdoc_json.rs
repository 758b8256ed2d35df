//! What `rustdoc --output-format json` writes of a crate: each public item under the paths that lead to it, with its declaration, where it
//! stands in the source, and where rustdoc's own pages document it.

mod format;
mod written;

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::RangeInclusive;

use super::{LONGEST, MOST, Table, TableError};
use crate::symbols::package::{Kind, Symbol};
use format::{Crate, Fields, Head, Id, Impl, Inner, Item, MacroKind, Use, Visibility};

/// Formats that are read: between them nothing has changed that is read of them.
pub const RUSTDOC_FORMATS: RangeInclusive<u32> = 39..=61;

/// Whether a text begins as rustdoc's JSON does, and is worth to be read as such.
///
/// ```
/// use smolcrawl::symbols::is_rustdoc_json;
///
/// assert!(is_rustdoc_json(br#"{"root":7,"crate_version":"1.0.0","includes_private":false,"index":{}}"#));
/// assert!(!is_rustdoc_json(br#"{"openapi":"3.1.0"}"#));
/// ```
pub fn is_rustdoc_json(text: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&text[..text.len().min(HEAD)]);
    head.trim_start().starts_with('{') && ["\"root\"", "\"crate_version\"", "\"includes_private\""].iter().all(|word| head.contains(word))
}

/// Reads the JSON of one crate. Anchors are relative to the folder that rustdoc's pages are in, such as `target/doc`.
///
/// ```
/// use smolcrawl::symbols::{TableError, rustdoc_json};
///
/// let text = br#"{"root": 0, "crate_version": "1.2.0", "includes_private": false, "index": {
///     "0": {"id": 0, "crate_id": 0, "name": "kettle", "span": null, "visibility": "public", "docs": "Kettles.", "deprecation": null,
///           "inner": {"module": {"is_crate": true, "items": [1], "is_stripped": false}}},
///     "1": {"id": 1, "crate_id": 0, "name": "boil", "span": {"filename": "src/lib.rs", "begin": [3, 1], "end": [3, 9]},
///           "visibility": "public", "docs": "Heats.", "deprecation": null, "inner": {"function": {
///               "sig": {"inputs": [["to", {"primitive": "u32"}]], "output": null, "is_c_variadic": false},
///               "generics": {"params": [], "where_predicates": []},
///               "header": {"is_const": false, "is_unsafe": false, "is_async": false, "abi": "Rust"}, "has_body": true}}}},
///     "paths": {}, "external_crates": {}, "format_version": 57}"#;
/// let table = rustdoc_json(text).unwrap();
/// let boil = &table.symbols[1];
/// assert_eq!((boil.path.as_str(), boil.signature.as_str(), boil.line), ("kettle::boil", "pub fn boil(to: u32)", 3));
/// assert_eq!(boil.anchor.as_deref(), Some("kettle/fn.boil.html"));
/// assert!(matches!(rustdoc_json(br#"{"format_version": 7}"#), Err(TableError::Format { found: 7, .. })));
/// ```
///
/// # Errors
/// [`TableError::Format`]: it is older or newer than what is read. [`TableError::Json`], [`TableError::Other`]: it is none.
pub fn rustdoc_json(text: &[u8]) -> Result<Table, TableError> {
    let head: Head = serde_json::from_slice(text).map_err(|error| match error.is_data() {
        true => TableError::Other("JSON of rustdoc"),
        false => TableError::Json(error.to_string()),
    })?;
    if !RUSTDOC_FORMATS.contains(&head.format_version) {
        let (first, last) = (*RUSTDOC_FORMATS.start(), *RUSTDOC_FORMATS.end());
        return Err(TableError::Format { found: head.format_version, first, last });
    }
    let of: Crate = serde_json::from_slice(text).map_err(|error| TableError::Json(error.to_string()))?;
    let root = of.index.get(&of.root).ok_or(TableError::Other("JSON of rustdoc"))?;
    let name = root.name.clone().unwrap_or_default();
    let mut walk = Walk { of: &of, table: Table::default(), pages: pages(&of, &name), told: HashMap::new(), steps: STEPS };
    walk.modules(&name);
    let mut table = walk.table;
    (table.project, table.version) = (name, of.crate_version.clone().unwrap_or_default());
    Ok(table)
}

/// The modules that have pages of their own, by their paths.
fn pages(of: &Crate, name: &str) -> HashSet<String> {
    let mut pages = HashSet::new();
    let mut waiting = vec![(of.root, name.to_owned())];
    let mut seen = HashSet::from([of.root]);
    while let Some((id, path)) = waiting.pop() {
        if let Some(Inner::Module(module)) = of.index.get(&id).map(|item| &item.inner) {
            for inner in &module.items {
                let Some(item) = of.index.get(inner).filter(|item| is_public(item)) else { continue };
                let path = format!("{path}::{}", item.name.as_deref().unwrap_or_default());
                if matches!(&item.inner, Inner::Module(module) if !module.is_stripped) && path.len() <= LONGEST && seen.insert(*inner) {
                    waiting.push((*inner, path));
                }
            }
        }
        pages.insert(path);
    }
    pages
}

struct Walk<'c> {
    of: &'c Crate,
    table: Table,
    pages: HashSet<String>,
    /// Items that are told, with where they are documented: under other paths it is there as well.
    told: HashMap<Id, Option<String>>,
    /// Items that are still looked at: modules may give each other on whole.
    steps: usize,
}

impl<'c> Walk<'c> {
    /// Every module by its shortest path, the outer ones first.
    fn modules(&mut self, name: &str) {
        let mut waiting = VecDeque::from([(self.of.root, name.to_owned())]);
        let mut entered = HashSet::from([self.of.root]);
        if let Some(root) = self.of.index.get(&self.of.root) {
            self.table.add(self.symbol(self.of.root, root, name, Kind::Module));
        }
        while let Some((module, path)) = waiting.pop_front() {
            for (name, id) in self.names(module) {
                let Some(item) = self.of.index.get(&id) else { continue };
                let path = format!("{path}::{name}");
                match &item.inner {
                    Inner::Use(given) => self.foreign(given, item, path),
                    Inner::Module(_) => {
                        self.table.add(self.symbol(id, item, &path, Kind::Module));
                        if path.len() <= LONGEST && entered.insert(id) {
                            waiting.push_back((id, path));
                        }
                    }
                    _ => self.item(id, item, path),
                }
            }
        }
    }

    /// What stands in a module: its own items, and what it gives on. What leads out of the crate stands for itself.
    fn names(&mut self, module: Id) -> Vec<(&'c str, Id)> {
        let mut names = Vec::new();
        let mut scopes = vec![module];
        let mut seen = HashSet::from([module]);
        while let Some(scope) = scopes.pop() {
            let inside: &[Id] = match self.of.index.get(&scope).map(|item| &item.inner) {
                Some(Inner::Module(module)) => &module.items,
                Some(Inner::Enum(of)) => &of.variants,
                _ => continue,
            };
            for id in inside {
                self.steps = self.steps.saturating_sub(1);
                if self.steps == 0 {
                    self.table.leave_out("names given on", &id.to_string());
                    return names;
                }
                let Some(item) = self.of.index.get(id).filter(|item| is_public(item)) else { continue };
                match &item.inner {
                    Inner::Use(given) => match given.id.filter(|id| self.of.index.contains_key(id)) {
                        Some(id) if given.is_glob => scopes.extend(Some(id).filter(|id| seen.insert(*id))),
                        Some(target) => names.push((&given.name, target)),
                        None => names.push((&given.name, *id)),
                    },
                    _ => names.extend(item.name.as_deref().map(|name| (name, *id))),
                }
            }
        }
        names
    }

    /// What another crate has.
    fn foreign(&mut self, given: &Use, item: &Item, path: String) {
        if given.is_glob {
            return self.table.leave_out("all names of another crate", &given.source);
        }
        let mut symbol = Symbol::new(path, Kind::Other);
        symbol.signature = format!("pub use {}", given.source);
        place(&mut symbol, item);
        self.table.add(symbol);
    }

    /// An item with its members, or by itself where these are told already under a shorter path.
    fn item(&mut self, id: Id, item: &Item, path: String) {
        let Some((kind, _)) = kind(&item.inner) else { return };
        let mut symbol = self.symbol(id, item, &path, kind);
        let is_first = !self.told.contains_key(&id);
        symbol.anchor = self.told.entry(id).or_insert(symbol.anchor).clone();
        let anchor = symbol.anchor.clone().unwrap_or_default();
        if let Inner::Trait(of) = &item.inner {
            symbol.bases = of.bounds.iter().filter_map(written::of_trait).collect();
        }
        let impls: Vec<&Impl> = implemented(&item.inner).iter().filter_map(|id| self.implementation(*id)).collect();
        symbol.bases.extend(impls.iter().filter_map(|of| of.of.as_ref()).map(written::path));
        symbol.bases.dedup();
        self.table.add(symbol);
        if !is_first {
            return;
        }
        let own = members(&item.inner);
        let of_impls = impls.into_iter().filter(|of| of.of.is_none()).flat_map(|of| &of.items).copied();
        for id in own.into_iter().chain(of_impls) {
            let Some(member) = self.of.index.get(&id).filter(|member| is_public(member)) else { continue };
            let (Some((kind, word)), Some(name)) = (member_kind(&member.inner, &item.inner), &member.name) else { continue };
            let mut symbol = Symbol::new(format!("{path}::{name}"), kind);
            say(&mut symbol, member);
            symbol.anchor = Some(format!("{anchor}#{word}.{name}"));
            self.table.add(symbol);
        }
    }

    /// What belongs to a type by an `impl` of its own, and not by one that all types have.
    fn implementation(&self, id: Id) -> Option<&'c Impl> {
        match &self.of.index.get(&id)?.inner {
            Inner::Impl(of) if of.blanket_impl.is_none() && !of.is_synthetic => Some(of),
            _ => None,
        }
    }

    fn symbol(&self, id: Id, item: &Item, path: &str, kind: Kind) -> Symbol {
        let mut symbol = Symbol::new(path, kind);
        say(&mut symbol, item);
        symbol.anchor = self.page(id, item, path);
        symbol
    }

    /// Where an item is documented: where it is defined, if that can be seen, else where it is given on.
    fn page(&self, id: Id, item: &Item, path: &str) -> Option<String> {
        let (_, word) = kind(&item.inner)?;
        let defined = self.of.paths.get(&id).filter(|summary| summary.crate_id == 0).map(|summary| summary.path.join("::"));
        let is_page = |path: &String| {
            let (above, _) = path.rsplit_once("::").unwrap_or((path, ""));
            self.pages.contains(above)
        };
        if let Inner::Variant(_) = &item.inner {
            // It has no page of its own.
            let (of, name) = defined.as_deref()?.rsplit_once("::")?;
            let (above, of) = of.rsplit_once("::")?;
            return Some(format!("{}/enum.{of}.html#variant.{name}", above.replace("::", "/")));
        }
        let path = defined.filter(is_page).unwrap_or_else(|| path.to_owned());
        let (above, name) = path.rsplit_once("::").unwrap_or(("", &path));
        let folder = above.replace("::", "/");
        Some(match (word, folder.as_str()) {
            ("mod", "") => format!("{name}/index.html"),
            ("mod", folder) => format!("{folder}/{name}/index.html"),
            (word, folder) => format!("{folder}/{word}.{name}.html"),
        })
    }
}

/// What an item says of itself.
fn say(symbol: &mut Symbol, item: &Item) {
    symbol.signature = written::declaration(item);
    symbol.doc = item.docs.clone().unwrap_or_default();
    symbol.gives = written::gives(&item.inner);
    symbol.deprecated = item.deprecation.as_ref().map(|deprecation| deprecation.note.clone().unwrap_or_default());
    place(symbol, item);
}

fn place(symbol: &mut Symbol, item: &Item) {
    if let Some(span) = &item.span {
        symbol.file = span.filename.replace('\\', "/");
        symbol.line = span.begin.0;
    }
}

/// Variants and what traits have are as public as what they stand in.
fn is_public(item: &Item) -> bool {
    matches!(item.visibility, Visibility::Public | Visibility::Default)
}

/// What an item is, and the word that its page begins with.
fn kind(inner: &Inner) -> Option<(Kind, &'static str)> {
    Some(match inner {
        Inner::Module(_) => (Kind::Module, "mod"),
        Inner::Struct(_) => (Kind::Struct, "struct"),
        Inner::Union(_) => (Kind::Union, "union"),
        Inner::Enum(_) => (Kind::Enum, "enum"),
        Inner::Function(_) => (Kind::Function, "fn"),
        Inner::Trait(_) => (Kind::Trait, "trait"),
        Inner::TraitAlias(_) => (Kind::Trait, "traitalias"),
        Inner::TypeAlias(_) => (Kind::Type, "type"),
        Inner::ExternType => (Kind::Type, "foreigntype"),
        Inner::Constant(_) => (Kind::Constant, "constant"),
        Inner::Static(_) => (Kind::Variable, "static"),
        Inner::Macro(_) => (Kind::Macro, "macro"),
        Inner::ProcMacro(of) => match of.kind {
            MacroKind::Bang => (Kind::Macro, "macro"),
            MacroKind::Attr => (Kind::Macro, "attr"),
            MacroKind::Derive => (Kind::Macro, "derive"),
        },
        // Given on by a star from its enum.
        Inner::Variant(_) => (Kind::Variant, "variant"),
        Inner::ExternCrate(_)
        | Inner::Use(_)
        | Inner::StructField(_)
        | Inner::Impl(_)
        | Inner::Primitive(_)
        | Inner::AssocConst(_)
        | Inner::AssocType(_) => return None,
    })
}

/// What a member is, and the word that its fragment begins with.
fn member_kind(member: &Inner, of: &Inner) -> Option<(Kind, &'static str)> {
    Some(match member {
        Inner::Function(function) if matches!(of, Inner::Trait(_)) && !function.has_body => (Kind::Method, "tymethod"),
        Inner::Function(_) => (Kind::Method, "method"),
        Inner::StructField(_) => (Kind::Field, "structfield"),
        Inner::Variant(_) => (Kind::Variant, "variant"),
        Inner::AssocConst(_) => (Kind::Constant, "associatedconstant"),
        Inner::AssocType(_) => (Kind::Type, "associatedtype"),
        _ => return None,
    })
}

fn members(inner: &Inner) -> Vec<Id> {
    match inner {
        Inner::Struct(of) => match &of.kind {
            Fields::Unit => Vec::new(),
            Fields::Tuple(fields) => fields.iter().flatten().copied().collect(),
            Fields::Plain(of) => of.fields.clone(),
        },
        Inner::Union(of) => of.fields.clone(),
        Inner::Enum(of) => of.variants.clone(),
        Inner::Trait(of) => of.items.clone(),
        _ => Vec::new(),
    }
}

fn implemented(inner: &Inner) -> &[Id] {
    match inner {
        Inner::Struct(of) => &of.impls,
        Inner::Union(of) => &of.impls,
        Inner::Enum(of) => &of.impls,
        _ => &[],
    }
}

/// Bytes in which a file of rustdoc says what it is.
const HEAD: usize = 500;
/// Items that are looked at where modules give on what others have.
const STEPS: usize = 4 * MOST;

#[cfg(test)]
mod tests;
