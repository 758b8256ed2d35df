//! One item: its signature, attributes, members; impl blocks with what they implement.

use tree_sitter::Node;

use super::{Around, Items, is_public, macros};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{children, field, one_line, signature, text};

/// What attributes say of an item.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub feature: Option<String>,
    pub deprecated: Option<String>,
    pub is_test: bool,
    pub has_path: bool,
    pub is_exported: bool,
    pub derives: Vec<String>,
    /// The derive that a function is, for those who use it.
    pub derive: Option<String>,
    /// Attributes that may change the item.
    pub unknown: Option<String>,
}

/// Attributes of the language, and such as leave what they stand on as it is.
const HARMLESS: &[&str] = &[
    "doc",
    "cfg",
    "cfg_attr",
    "inline",
    "must_use",
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "deprecated",
    "derive",
    "repr",
    "non_exhaustive",
    "cold",
    "track_caller",
    "test",
    "path",
    "macro_use",
    "macro_export",
    "no_mangle",
    "export_name",
    "link",
    "link_name",
    "target_feature",
    "automatically_derived",
    "serde",
    "error",
    "default",
    "ignore",
    "doc_alias",
    "unsafe",
    "stable",
    "unstable",
    "rustc_const_stable",
    "track",
    "global_allocator",
    "panic_handler",
    "used",
    "recursion_limit",
    "type_length_limit",
    "docsrs",
    "from",
    "source",
    "proc_macro",
    "proc_macro_attribute",
    "async_trait",
    "pin",
    "zeroize",
    "cfg_eval",
    "feature",
    "no_std",
    "instrument",
    "const_fn",
];

/// Tools whose attributes change nothing.
const TOOLS: &[&str] = &["rustfmt", "clippy", "diagnostic", "rust_analyzer"];

/// Attributes of other crates that leave what they stand on as it is, or leave it out, by their whole names.
const KNOWN: &[&str] = &[
    "async_trait::async_trait",
    "tracing::instrument",
    "rustversion::attr",
    "rustversion::since",
    "rustversion::before",
    "rustversion::stable",
    "rustversion::nightly",
    "rustversion::not",
    "rustversion::any",
    "rustversion::all",
];

/// Derives whose names are all in the language or known to add no items of new names.
const DERIVES: &[&str] = &[
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
    "Serialize",
    "Deserialize",
    "Error",
    "Zeroize",
    "ZeroizeOnDrop",
    "Display",
    "FromStr",
    "Pod",
    "Zeroable",
    "Arbitrary",
    "JsonSchema",
    "AsBytes",
    "FromBytes",
    "BorshSerialize",
    "BorshDeserialize",
    "SerBin",
    "DeBin",
    "SerJson",
    "DeJson",
    "SerRon",
    "DeRon",
];

/// The same of derives whose last names could be any crate's.
const DERIVES_OF: &[&str] = &["defmt::Format"];

impl Items<'_, '_> {
    /// What the attributes directly above an item say: the last of what stands `before` it.
    pub(super) fn attributes(&self, before: &[Node<'_>]) -> Said {
        let mut said = Said::default();
        let near = before.iter().rev().take_while(|node| node.kind().ends_with("comment") || node.kind() == "attribute_item");
        for attribute in near.filter(|node| node.kind() == "attribute_item") {
            said.hear(text(*attribute, self.source).trim_start_matches("#[").trim_end_matches(']'), 0);
        }
        said
    }

    pub(super) fn declare(&mut self, node: Node<'_>, before: &[Node<'_>], scope: &str, kind: Kind, around: &Around, depth: usize) {
        let Some(name) = field(node, "name", self.source) else { return };
        let said = self.attributes(before);
        if self.is_hidden(&said) {
            return;
        }
        if kind == Kind::Macro {
            let definition = text(node, self.source);
            self.may_name(definition);
            if macros::passes(definition) {
                self.file.add(Symbol::new(format!("{}::{name}", macros::PASSES), Kind::Other));
            }
            let implemented = macros::implemented(definition);
            if !implemented.is_empty() {
                let row = Symbol::new(format!("{}::{name}", macros::IMPLEMENTS), Kind::Other);
                self.file.add(Symbol { bases: implemented, ..row });
            }
        }
        let exported = kind == Kind::Macro && said.is_exported;
        let home = if exported { self.file.root } else { scope };
        let mut symbol = Symbol::new(format!("{home}::{name}"), kind);
        self.place(&mut symbol, node);
        let body = node.child_by_field_name("body");
        symbol.signature = match kind {
            Kind::Macro => format!("macro_rules! {name}"),
            Kind::Struct | Kind::Union => one_line(text(node, self.source)),
            _ => signature(node, body, self.source).trim_end_matches(';').trim_end().to_owned(),
        };
        symbol.doc = self.doc(node, before);
        symbol.private = !(exported || around.in_trait || is_public(node, self.source));
        symbol.feature = said.feature.clone().or_else(|| around.feature.clone());
        symbol.deprecated = said.deprecated;
        let is_known = |derive: &&String| {
            DERIVES_OF.contains(&derive.as_str()) || derive.rsplit("::").next().is_some_and(|last| DERIVES.contains(&last))
        };
        let strange = said.derives.iter().find(|derive| !is_known(derive)).cloned();
        symbol.bases = said.derives;
        symbol.gives = match kind {
            Kind::Function | Kind::Method => field(node, "return_type", self.source).map(one_line),
            Kind::Type => field(node, "type", self.source).map(one_line),
            _ => None,
        };
        if kind == Kind::Trait
            && let Some(bounds) = field(node, "bounds", self.source)
        {
            symbol.bases.extend(bounds.trim_start_matches(':').split('+').map(one_line).filter(|bound| !bound.starts_with('\'')));
        }
        let path = symbol.path.clone();
        let feature = symbol.feature.clone();
        let derive = said.derive.map(|name| Symbol { path: format!("{}::{name}", self.file.root), kind: Kind::Macro, ..symbol.clone() });
        self.file.add(symbol);
        derive.into_iter().for_each(|derive| self.file.add(derive));
        if let Some(attribute) = said.unknown.or(strange) {
            self.open(path.clone(), Reason::Decorated, &attribute);
            // It may also make items beside the one it stands on.
            self.open(scope.to_owned(), Reason::Decorated, &attribute);
        }
        self.members(body, &path, kind, &Around { feature, in_trait: kind == Kind::Trait }, depth);
    }

    fn members(&mut self, body: Option<Node<'_>>, path: &str, kind: Kind, around: &Around, depth: usize) {
        let Some(body) = body else { return };
        match kind {
            Kind::Trait => self.all(body, path, around, depth + 1),
            Kind::Struct | Kind::Union | Kind::Enum => {
                let inner = if kind == Kind::Enum { Kind::Variant } else { Kind::Field };
                let members = children(body);
                for (at, member) in members.iter().copied().enumerate() {
                    let Some(name) = field(member, "name", self.source) else { continue };
                    let said = self.attributes(&members[..at]);
                    let mut symbol = Symbol::new(format!("{path}::{name}"), inner);
                    self.place(&mut symbol, member);
                    symbol.signature = one_line(text(member, self.source));
                    symbol.doc = self.doc(member, &members[..at]);
                    symbol.private = kind != Kind::Enum && !is_public(member, self.source);
                    symbol.feature = said.feature.or_else(|| around.feature.clone());
                    symbol.deprecated = said.deprecated;
                    symbol.gives = field(member, "type", self.source).map(one_line);
                    self.file.add(symbol);
                }
            }
            _ => {}
        }
    }

    /// Members go to the type as it is written here; when all files are read they are brought to where it is defined.
    pub(super) fn implementation(&mut self, node: Node<'_>, before: &[Node<'_>], scope: &str, around: &Around, depth: usize) {
        let Some(written) = field(node, "type", self.source) else { return };
        let said = self.attributes(before);
        if self.is_hidden(&said) {
            return;
        }
        let plain = written.trim_start_matches('&').trim_start_matches("mut ").trim_start_matches("dyn ");
        let plain = one_line(&plain[..plain.find('<').unwrap_or(plain.len())]);
        let is_name = !plain.is_empty() && plain.chars().all(|c| c == '_' || c == ':' || c.is_alphanumeric());
        let of_trait = field(node, "trait", self.source).map(one_line);
        let parameters = field(node, "type_parameters", self.source).unwrap_or_default();
        let is_blanket =
            !is_name || parameters.trim_matches(['<', '>']).split(',').any(|p| p.split(':').next().is_some_and(|p| p.trim() == plain));
        if is_blanket || written.starts_with('&') {
            return;
        }
        let feature = said.feature.or_else(|| around.feature.clone());
        let home = format!("{scope}::{plain}");
        if let Some(attribute) = said.unknown {
            self.open(home.clone(), Reason::Decorated, &attribute);
        }
        let from = self.file.into.symbols.len();
        if let Some(body) = node.child_by_field_name("body") {
            for inner in children(body) {
                if inner.kind() == "macro_invocation" {
                    self.open(home.clone(), Reason::Macro, "a macro in its impl");
                }
            }
            self.all(body, &home, &Around { feature, in_trait: false }, depth + 1);
        }
        for symbol in self.file.into.symbols.iter_mut().skip(from) {
            symbol.written_in.get_or_insert_with(|| scope.to_owned());
            symbol.private &= of_trait.is_none();
            if symbol.kind == Kind::Function {
                symbol.kind = Kind::Method;
            }
        }
        if let Some(of_trait) = of_trait {
            let derefs = of_trait == "Deref" || of_trait.ends_with("::Deref");
            if derefs {
                self.open(home.clone(), Reason::Dynamic, "Deref");
            }
            // Carried by a row that `home::bring` takes away again.
            let mut symbol = Symbol::new(format!("{home}::{}", super::home::IMPLEMENTS), Kind::Other);
            symbol.bases = vec![of_trait];
            symbol.written_in = Some(scope.to_owned());
            self.file.add(symbol);
        }
    }
}

impl Said {
    fn hear(&mut self, attribute: &str, depth: usize) {
        let inner = attribute.trim();
        let end = inner.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(end);
        match name {
            "cfg" if rest == "(test)" => self.is_test = true,
            _ if name == "test" || name.ends_with("::test") => self.is_test = true,
            "cfg" => self.feature = Some(one_line(rest.trim_start_matches('(').trim_end_matches(')'))),
            "deprecated" => self.deprecated = Some(note_of(rest)),
            "path" => self.has_path = true,
            "macro_export" => self.is_exported = true,
            "proc_macro_derive" => {
                let name = rest.trim_start().trim_start_matches('(').split([',', ')']).next().map(str::trim);
                self.derive = name.filter(|name| !name.is_empty()).map(str::to_owned);
            }
            "derive" => self.derives.extend(rest.trim_matches(['(', ')', ' ', '\n']).split(',').map(one_line).filter(|d| !d.is_empty())),
            // What stands behind the condition may be there.
            "cfg_attr" if depth < 4 => {
                let inside = rest.trim().trim_start_matches('(');
                let inside = inside.strip_suffix(')').unwrap_or(inside);
                parts(inside).skip(1).for_each(|part| self.hear(part, depth + 1));
            }
            _ => {
                let is_harmless = match name.split_once("::") {
                    None => HARMLESS.contains(&name),
                    Some((tool, _)) => TOOLS.contains(&tool) || KNOWN.contains(&name),
                };
                if !is_harmless {
                    self.unknown = Some(inner.chars().take(60).collect());
                }
            }
        }
    }
}

/// What commas outside of brackets and strings part.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let mut is_string = false;
    text.split(move |c| {
        match c {
            '"' => is_string = !is_string,
            '(' | '[' | '{' if !is_string => depth += 1,
            ')' | ']' | '}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && !is_string
    })
}

/// `note = "…"`, or the text itself.
fn note_of(rest: &str) -> String {
    let behind = rest.split_once("note").map_or(rest, |(_, behind)| behind);
    behind.split('"').nth(1).unwrap_or_default().to_owned()
}
