//! JavaScript and TypeScript: a module a file, what it exports public, classes and interfaces with their members.

mod entry;
mod imports;
mod readable;
mod types;
mod written;

use std::collections::HashSet;

use tree_sitter::Node;

use super::File;
use super::declared::{Placed, Several, symbol};
use crate::symbols::package::{Kind, Reason, Symbol, words};
use crate::symbols::source::tree::{DEPTH, children, field, line, one_line, signature, text, walk};

pub(super) use self::entry::finish;
use self::entry::module_of;
pub(in crate::symbols) use self::entry::{DEFAULT, ITSELF, OFFERED, described, is_description, is_offered, manifest};
pub(in crate::symbols) use self::readable::readable;
use self::types::Generics;
pub(in crate::symbols) use self::types::UNKNOWN;
pub(in crate::symbols) use self::written::written_classes;

struct Module<'r, 'a> {
    file: &'r mut File<'a>,
    name: String,
    /// Names that are exported elsewhere than where they are declared.
    exported: HashSet<String>,
    /// What is declared is exported, whether or not that is said: so are declarations without code.
    all: bool,
    /// The namespace that is the module itself: `export = React`.
    itself: Option<String>,
    /// What stands for any type where a declaration stands.
    generics: Generics<'a>,
}

pub(super) fn read(file: &mut File<'_>) {
    let Some(name) = module_of(file.root, file.path) else { return };
    let root = file.tree.root_node();
    let mut of_file = symbol(file, name.clone(), Kind::Module, root, Some(root), String::new());
    of_file.line = 1;
    file.add(of_file);
    let statements = children(root);
    statements.iter().filter(|statement| is_broken(**statement)).for_each(|statement| may_hide(file, &name, *statement));
    let mut module = Module { file, name, exported: HashSet::new(), all: false, itself: None, generics: Generics::default() };
    let aliases = module.exports(root);
    let scope = module.name.clone();
    for placed in Placed::all(&statements) {
        module.statement(placed, &scope, false, 0);
    }
    module.alias(aliases);
}

impl Module<'_, '_> {
    /// Names that the file exports apart from their declarations; what it gives another name by that.
    fn exports(&mut self, root: Node<'_>) -> Vec<(String, String)> {
        let mut aliases = Vec::new();
        let mut has_clause = false;
        let statements = children(root);
        let source = self.file.text;
        for node in statements.iter().filter(|node| node.kind() == "export_statement") {
            let is_elsewhere = node.child_by_field_name("source").is_some();
            for child in children(*node) {
                match child.kind() {
                    "export_clause" if !is_elsewhere => {
                        has_clause = true;
                        for one in children(child) {
                            let Some(name) = field(one, "name", source) else { continue };
                            self.exported.insert(name.to_owned());
                            match field(one, "alias", source) {
                                Some(DEFAULT) => {
                                    let scope = self.name.clone();
                                    self.give(&scope, DEFAULT, &scope, Some(name), false);
                                }
                                Some(alias) => aliases.push((name.to_owned(), alias.to_owned())),
                                None => {}
                            }
                        }
                    }
                    // `export default f`, `export = f`.
                    "identifier" => {
                        let name = text(child, source).to_owned();
                        if signature(*node, Some(child), source).ends_with('=') {
                            self.itself = Some(name.clone());
                        }
                        self.exported.insert(name);
                    }
                    _ => {}
                }
            }
        }
        let assigned: Vec<_> = statements.iter().filter_map(|node| self.assigned(*node)).collect();
        for right in assigned {
            match right.kind() {
                "identifier" => drop(self.exported.insert(text(right, source).to_owned())),
                "object" => {
                    let names = children(right).into_iter().filter(|one| one.kind() == "shorthand_property_identifier");
                    self.exported.extend(names.map(|one| text(one, source).to_owned()));
                }
                _ => {}
            }
        }
        self.all = is_description(self.file.path) && !has_clause;
        aliases
    }

    /// What `module.exports` is set to by a statement.
    fn assigned<'t>(&self, statement: Node<'t>) -> Option<Node<'t>> {
        let assignment = statement.named_child(0).filter(|node| node.kind() == "assignment_expression")?;
        let left = field(assignment, "left", self.file.text)?;
        assignment.child_by_field_name("right").filter(|_| left == "module.exports")
    }

    /// What is exported under another name is given on under that.
    fn alias(&mut self, aliases: Vec<(String, String)>) {
        let scope = self.name.clone();
        aliases.iter().for_each(|(name, alias)| self.give(&scope, alias, &scope, Some(name), true));
    }

    fn statement(&mut self, placed: Placed<'_, '_>, scope: &str, is_exported: bool, depth: usize) {
        if depth > DEPTH {
            return self.file.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let node = placed.node;
        match node.kind() {
            "export_statement" => {
                self.own(node, scope);
                self.export(placed, scope, depth);
            }
            "import_statement" => self.import(node, scope),
            "import_alias" => self.import_alias(node, scope),
            "ambient_declaration" => {
                for inner in children(node) {
                    match inner.kind() {
                        "statement_block" => self.global(inner, scope, depth),
                        _ => self.statement(placed.within(inner), scope, is_exported, depth + 1),
                    }
                }
            }
            "expression_statement" => {
                for inner in children(node) {
                    match inner.kind() {
                        "internal_module" => self.statement(placed.within(inner), scope, is_exported, depth + 1),
                        "assignment_expression" => self.assignment(placed, inner, scope),
                        _ => {}
                    }
                }
            }
            "internal_module" | "module" => self.namespace(placed, scope, is_exported, depth),
            "function_signature" | "function_declaration" | "generator_function_declaration" => {
                self.declare(placed, Kind::Function, scope, is_exported);
            }
            "class_declaration" | "abstract_class_declaration" | "class" => {
                self.members_of(placed, Kind::Class, scope, is_exported, depth);
            }
            "interface_declaration" => self.members_of(placed, Kind::Interface, scope, is_exported, depth),
            "type_alias_declaration" => {
                let path = self.declare(placed, Kind::Type, scope, is_exported);
                let value = node.child_by_field_name("value").filter(|value| value.kind() == "object_type");
                if let (Some((path, is_public)), Some(value)) = (path, value) {
                    self.within(node, |module| module.members(value, &path, is_public, depth));
                }
            }
            "enum_declaration" => {
                let kept = self.declare(placed, Kind::Enum, scope, is_exported);
                if let (Some((path, is_public)), Some(body)) = (kept, node.child_by_field_name("body")) {
                    let variants = children(body);
                    for placed in Placed::all(&variants).filter(|placed| !placed.node.kind().contains("comment")) {
                        let name = field(placed.node, "name", self.file.text).unwrap_or(text(placed.node, self.file.text)).to_owned();
                        self.keep(placed, &format!("{path}#{}", name.trim_matches(['"', '\''])), Kind::Variant, None, is_public);
                    }
                }
            }
            "lexical_declaration" | "variable_declaration" => self.variables(placed, scope, is_exported, depth),
            _ => {}
        }
    }

    /// `declare global`: an interface without members stands there for others to add some.
    fn global(&mut self, body: Node<'_>, scope: &str, depth: usize) {
        let from = self.file.into.symbols.len();
        self.block(body, scope, depth);
        let kept = self.file.into.symbols.get(from..).unwrap_or_default();
        let above: HashSet<&str> = kept.iter().filter_map(|symbol| Some(symbol.path.rsplit_once('#')?.0)).collect();
        let is_empty = |symbol: &&Symbol| symbol.kind == Kind::Interface && !above.contains(symbol.path.as_str());
        let open: Vec<String> = kept.iter().filter(is_empty).map(|symbol| symbol.path.clone()).collect();
        open.into_iter().for_each(|path| self.file.open(path, Reason::Written, "declare global"));
    }

    fn block(&mut self, body: Node<'_>, scope: &str, depth: usize) {
        let statements = children(body);
        for placed in Placed::all(&statements) {
            self.statement(placed, scope, self.all, depth + 1);
        }
    }

    fn export(&mut self, placed: Placed<'_, '_>, scope: &str, depth: usize) {
        let node = placed.node;
        if let Some(declaration) = node.child_by_field_name("declaration") {
            return self.statement(placed.within(declaration), scope, true, depth + 1);
        }
        let source = self.file.text;
        if let Some(value) = node.child_by_field_name("value").filter(|value| value.kind() == "class") {
            return self.statement(placed.within(value), scope, true, depth + 1);
        }
        let target = field(node, "source", source).map(|target| self.resolve(target.trim_matches(['"', '\''])));
        // Within a module that is declared; those of the file are known beforehand.
        if target.is_none() && scope == self.name {
            return;
        }
        let is_here = target.is_none();
        // What is exported there may stand around it.
        let target = target.unwrap_or_else(|| scope.rsplit_once('#').map_or(self.name.as_str(), |(around, _)| around).to_owned());
        let mut give = |name: &str, target_name: Option<&str>| {
            self.give(scope, name, &target, target_name, name != DEFAULT);
            if is_here && target_name != Some(name) {
                self.give(scope, name, scope, target_name, name != DEFAULT);
            }
        };
        let parts: Vec<_> = children(node).into_iter().filter(|part| matches!(part.kind(), "export_clause" | "namespace_export")).collect();
        if parts.is_empty() && !is_here {
            return give("*", None);
        }
        for part in parts {
            if part.kind() == "namespace_export" {
                children(part).into_iter().for_each(|name| give(text(name, source), None));
                continue;
            }
            for one in children(part) {
                if let Some(name) = field(one, "name", source) {
                    give(field(one, "alias", source).unwrap_or(name), Some(name));
                }
            }
        }
    }

    /// `./all` seen from this file; the name of another package stays.
    fn resolve(&self, target: &str) -> String {
        if !target.starts_with('.') {
            return target.to_owned();
        }
        let folder = self.file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let path = parts.join("/");
        module_of(self.file.root, if path.is_empty() { "index" } else { &path }).unwrap_or_else(|| target.to_owned())
    }

    fn namespace(&mut self, placed: Placed<'_, '_>, scope: &str, is_exported: bool, depth: usize) {
        let node = placed.node;
        let Some(name) = node.child_by_field_name("name") else { return };
        let body = node.child_by_field_name("body");
        if text(name, self.file.text).trim().is_empty() {
            return body.into_iter().for_each(|body| self.global(body, scope, depth));
        }
        let written = text(name, self.file.text);
        let path = match name.kind() {
            // `declare module "x"` describes a module; with a star it describes files.
            "string" if written.contains('*') => return,
            "string" => self.resolve(written.trim_matches(['"', '\''])),
            _ => format!("{scope}#{}", one_line(written).replace('.', "#")),
        };
        let is_public = name.kind() == "string" || self.is_public(written, is_exported);
        self.keep(placed, &path, Kind::Module, body, is_public);
        if body.is_none_or(|body| children(body).iter().any(|statement| is_broken(*statement))) {
            // Without a body it is declared to hold anything.
            let reason = if body.is_none() { Reason::Dynamic } else { Reason::Unread };
            self.file.open(path.clone(), reason, self.file.path);
        }
        let is_itself = scope == self.name && self.itself.as_deref() == Some(written);
        if let Some(body) = body {
            self.block(body, if is_itself { scope } else { &path }, depth);
        }
    }

    fn is_public(&self, name: &str, is_exported: bool) -> bool {
        is_exported || self.all || self.exported.contains(name)
    }

    /// Keeps what a declaration names; its path, and whether it is public.
    fn declare(&mut self, placed: Placed<'_, '_>, kind: Kind, scope: &str, is_exported: bool) -> Option<(String, bool)> {
        let name = field(placed.node, "name", self.file.text).or(is_exported.then_some("default"))?.to_owned();
        let path = format!("{scope}#{name}");
        let body = placed.node.child_by_field_name("body");
        let is_public = self.is_public(&name, is_exported);
        self.keep(placed, &path, kind, body, is_public);
        Some((path, is_public))
    }

    fn members_of(&mut self, placed: Placed<'_, '_>, kind: Kind, scope: &str, is_exported: bool, depth: usize) {
        let Some((path, is_public)) = self.declare(placed, kind, scope, is_exported) else { return };
        let mut bases = Vec::new();
        let source = self.file.text;
        for heritage in children(placed.node).into_iter().filter(|child| matches!(child.kind(), "class_heritage" | "extends_type_clause")) {
            walk(heritage, |inner| {
                let is_base = matches!(inner.kind(), "identifier" | "type_identifier" | "member_expression" | "nested_type_identifier");
                if is_base {
                    bases.push(one_line(text(inner, source)));
                }
                // What a class implements it declares itself.
                !is_base && !matches!(inner.kind(), "type_arguments" | "implements_clause")
            });
        }
        if let Some(kept) = self.file.into.symbols.last_mut().filter(|kept| kept.path == path) {
            kept.bases = bases;
        }
        if let Some(body) = placed.node.child_by_field_name("body") {
            self.within(placed.node, |module| module.members(body, &path, is_public, depth));
        }
    }

    /// Where the names that a declaration has for any type are such.
    fn within(&mut self, node: Node<'_>, read: impl FnOnce(&mut Self)) {
        let inner = self.generics.with(node, self.file.text);
        let outer = std::mem::replace(&mut self.generics, inner);
        read(self);
        self.generics = outer;
    }

    fn members(&mut self, body: Node<'_>, scope: &str, is_public: bool, depth: usize) {
        let source = self.file.text;
        if body.has_error() || depth > DEPTH {
            self.file.open(scope.to_owned(), Reason::Unread, self.file.path);
        }
        if depth > DEPTH {
            return;
        }
        let members = children(body);
        for placed in Placed::all(&members) {
            let node = placed.node;
            let name = field(node, "name", source).map(|name| name.trim_matches(['"', '\'']));
            let is_read = |node: Node<'_>| {
                let mut cursor = node.walk();
                node.children(&mut cursor).any(|child| matches!(child.kind(), "get" | "set"))
            };
            let kind = match node.kind() {
                "method_definition" | "method_signature" | "abstract_method_signature" if name == Some("constructor") => Kind::Constructor,
                "method_definition" | "method_signature" | "abstract_method_signature" if is_read(node) => Kind::Property,
                "method_definition" | "method_signature" | "abstract_method_signature" => Kind::Method,
                "public_field_definition" | "property_signature" => Kind::Property,
                "call_signature" | "construct_signature" => {
                    let name = if node.kind() == "call_signature" { CALLED } else { MADE };
                    self.keep(placed, &format!("{scope}#{name}"), Kind::Method, None, false);
                    continue;
                }
                "index_signature" => {
                    self.file.open(scope.to_owned(), Reason::Dynamic, &one_line(text(node, source)));
                    continue;
                }
                _ => continue,
            };
            let Some(name) = name else { continue };
            let is_hidden = name.starts_with('#')
                || children(node)
                    .first()
                    .is_some_and(|first| first.kind() == "accessibility_modifier" && text(*first, source) == "private");
            let body = node.child_by_field_name("body").or_else(|| node.child_by_field_name("value"));
            let path = format!("{scope}#{}", name.trim_start_matches('#'));
            self.keep(placed, &path, kind, body, is_public && !is_hidden);
            if let Some(shape) = shape_of(node) {
                self.members(shape, &path, is_public && !is_hidden, depth + 1);
            }
        }
    }

    fn variables(&mut self, placed: Placed<'_, '_>, scope: &str, is_exported: bool, depth: usize) {
        let source = self.file.text;
        let is_constant = text(placed.node, source).starts_with("const");
        let word = if is_constant { "const " } else { "" };
        let mut several = Several::new(self.declared(placed, String::new(), Kind::Variable, Some(placed.node)));
        for one in children(placed.node).into_iter().filter(|one| one.kind() == "variable_declarator") {
            let Some(name) = one.child_by_field_name("name") else { continue };
            let value = one.child_by_field_name("value");
            let kind = match value {
                Some(value) if is_function(value) => Kind::Function,
                _ if is_constant => Kind::Constant,
                _ => Kind::Variable,
            };
            let mut names = Vec::new();
            walk(name, |inner| {
                if matches!(inner.kind(), "identifier" | "shorthand_property_identifier_pattern") {
                    names.push(text(inner, source));
                }
                inner.kind() != "assignment_pattern"
            });
            let until = value.filter(|value| is_function(*value)).map_or(value, |value| value.child_by_field_name("body"));
            let written = signature(one, until, source);
            let written = format!("{word}{}", written.trim_end_matches('=').trim_end());
            let gives = types::given(one, source, &self.generics).filter(|_| name.kind() == "identifier");
            for name in &names {
                let kept = several.next(format!("{scope}#{name}"));
                let private = !self.is_public(name, is_exported);
                let signature = written.chars().take(if names.len() > 1 { 200 } else { usize::MAX }).collect();
                self.file.add(Symbol { kind, signature, line: line(one), private, gives: gives.clone(), ..kept });
            }
            if let (Some(shape), "identifier") = (shape_of(one), name.kind()) {
                let name = text(name, source);
                self.members(shape, &format!("{scope}#{name}"), self.is_public(name, is_exported), depth);
            }
        }
    }

    /// `exports.f = …`, `module.exports = { … }`, `A.prototype.f = …`, `A.f = function …`.
    fn assignment(&mut self, placed: Placed<'_, '_>, node: Node<'_>, scope: &str) {
        let source = self.file.text;
        let (Some(left), Some(right)) = (field(node, "left", source), node.child_by_field_name("right")) else { return };
        let kind_of = |value: Node<'_>| match value.kind() {
            "class" => Kind::Class,
            _ if is_function(value) => Kind::Function,
            _ => Kind::Variable,
        };
        if left == "module.exports" && right.kind() == "object" {
            let entries = children(right);
            for placed in Placed::all(&entries) {
                let (name, kind, body) = match placed.node.kind() {
                    "pair" => {
                        let value = placed.node.child_by_field_name("value");
                        (field(placed.node, "key", source), value.map_or(Kind::Variable, kind_of), value)
                    }
                    "method_definition" => (field(placed.node, "name", source), Kind::Function, placed.node.child_by_field_name("body")),
                    _ => continue,
                };
                if let Some(name) = name {
                    self.keep(placed, &format!("{scope}#{}", name.trim_matches(['"', '\''])), kind, body, true);
                }
            }
            return;
        }
        let Some((object, name)) = left.rsplit_once('.') else { return };
        let is_plain = |name: &str| !name.is_empty() && name.chars().all(|c| c == '_' || c == '$' || c.is_alphanumeric());
        let body = right.child_by_field_name("body").or(Some(right));
        let (path, kind, is_public) = match object {
            "exports" | "module.exports" => (format!("{scope}#{name}"), kind_of(right), true),
            "this" | "window" | "globalThis" => return,
            _ => match (object.strip_suffix(".prototype"), is_function(right)) {
                (Some(class), true) if is_plain(class) => (format!("{scope}#{class}#{name}"), Kind::Method, self.is_public(class, false)),
                (None, true) if is_plain(object) => (format!("{scope}#{object}#{name}"), Kind::Function, self.is_public(object, false)),
                _ => return,
            },
        };
        if is_plain(name) {
            self.keep(placed.within(node), &path, kind, body, is_public && !name.starts_with('_'));
        }
    }

    fn keep(&mut self, placed: Placed<'_, '_>, path: &str, kind: Kind, body: Option<Node<'_>>, is_public: bool) {
        let kept = self.declared(placed, path.to_owned(), kind, body);
        self.file.add(Symbol { private: !is_public, ..kept });
    }

    fn declared(&self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>) -> Symbol {
        let doc = placed.doc(self.file, &["/**"]);
        let mut kept = symbol(self.file, path, kind, placed.node, body, doc);
        let end = kept.signature.trim_end_matches([';', ' ', '=']).len();
        kept.signature.truncate(end);
        kept.gives = types::given(placed.node, self.file.text, &self.generics.with(placed.node, self.file.text));
        kept
    }
}

/// The members that are written out where a type stands.
fn shape_of(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("type").and_then(|kind| kind.named_child(0)).filter(|kind| kind.kind() == "object_type")
}

/// Whether something in a statement is not understood. What is in the body of a type concerns that only.
fn is_broken(statement: Node<'_>) -> bool {
    let mut inner = statement;
    while let Some(declared) = match inner.kind() {
        "export_statement" => inner.child_by_field_name("declaration"),
        "ambient_declaration" => inner.named_child(0),
        _ => None,
    } {
        inner = declared;
    }
    let has_members = matches!(inner.kind(), "class_declaration" | "abstract_class_declaration" | "interface_declaration");
    let has_own = has_members || matches!(inner.kind(), "internal_module" | "module");
    statement.is_error() || statement.has_error() && !(has_own && inner.child_by_field_name("body").is_some())
}

/// What is not understood of a statement may declare any name that is written in it; one that gives on all of another module, any name.
fn may_hide(file: &mut File<'_>, module: &str, statement: Node<'_>) {
    let detail = format!("a syntax error in {}", file.path);
    let whole = text(statement, file.text);
    let mut named = HashSet::new();
    words(whole, &mut named);
    let has_stars = ["export *", "export type *", "export ="].iter().any(|word| whole.contains(word));
    if has_stars || named.len() > MOST_HIDDEN {
        return file.open(module.to_owned(), Reason::Unread, &detail);
    }
    named.into_iter().for_each(|name| file.open(format!("{module}#{name}"), Reason::Unread, &detail));
}

/// Words of a statement that is not understood.
const MOST_HIDDEN: usize = 500;

/// In place of a name: that it can be called, and that `new` makes something of it.
pub(in crate::symbols) const CALLED: &str = "()";
pub(in crate::symbols) const MADE: &str = "new()";

fn is_function(value: Node<'_>) -> bool {
    matches!(value.kind(), "arrow_function" | "function_expression" | "generator_function")
}
