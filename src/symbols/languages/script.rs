//! JavaScript and TypeScript: a module a file, what it exports public, classes and interfaces with their members.

use std::collections::HashSet;

use serde_json::Value;
use tree_sitter::Node;

use super::File;
use super::declared::{Placed, Several, symbol};
use crate::symbols::package::{Kind, Package, Reason, Reexport, Symbol};
use crate::symbols::source::tree::{DEPTH, children, field, line, one_line, signature, text, walk};

struct Module<'r, 'a> {
    file: &'r mut File<'a>,
    name: String,
    /// Names that are exported elsewhere than where they are declared.
    exported: HashSet<String>,
    /// What is declared is exported, whether or not that is said: so are declarations without code.
    all: bool,
    /// The namespace that is the module itself: `export = React`.
    itself: Option<String>,
}

pub(super) fn read(file: &mut File<'_>) {
    let Some(name) = module_of(file.root, file.path) else { return };
    let root = file.tree.root_node();
    let mut of_file = symbol(file, name.clone(), Kind::Module, root, Some(root), String::new());
    of_file.line = 1;
    file.add(of_file);
    if root.has_error() {
        file.open(name.clone(), Reason::Unread, &format!("a syntax error in {}", file.path));
    }
    let mut module = Module { file, name, exported: HashSet::new(), all: false, itself: None };
    let aliases = module.exports(root);
    let statements = children(root);
    let scope = module.name.clone();
    let from = module.file.into.symbols.len();
    for placed in Placed::all(&statements) {
        module.statement(placed, &scope, false, 0);
    }
    module.alias(from, aliases);
}

/// The name under which code reaches a package of npm: `@types/a__b` describes `@a/b`.
pub(in crate::symbols) fn described(name: &str) -> String {
    match name.strip_prefix("@types/").map(|name| (name, name.split_once("__"))) {
        Some((_, Some((scope, name)))) => format!("@{scope}/{name}"),
        Some((name, None)) => name.to_owned(),
        None => name.to_owned(),
    }
}

/// The entry that `package.json` names is what the package's own name stands for.
pub(in crate::symbols) fn manifest(package: &mut Package, root: &str, text: &str) {
    let Ok(Value::Object(manifest)) = serde_json::from_str::<Value>(text) else { return };
    let entry = ["types", "typings", "module", "main"].iter().find_map(|key| manifest.get(*key)?.as_str());
    let Some(target) = entry.and_then(|entry| module_of(root, entry.trim_start_matches("./"))) else { return };
    if target != root {
        let (scope, name) = (root.to_owned(), "*".to_owned());
        package.reexports.push(Reexport { scope, name, target, target_name: None, public: true, feature: None });
    }
}

/// What the entry holds is the package's.
pub(super) fn finish(package: &mut Package, root: &str) {
    let is_entry = |given: &Reexport| given.scope == root && given.name == "*" && given.target_name.is_none();
    let Some(at) = package.reexports.iter().position(is_entry) else { return };
    let entry = package.reexports.remove(at).target;
    // A file of the package's own name would be mixed up with it.
    if package.symbols.iter().any(|symbol| symbol.path == root) {
        package.reexports.push(Reexport {
            scope: root.to_owned(),
            name: "*".to_owned(),
            target: entry,
            target_name: None,
            public: true,
            feature: None,
        });
        return;
    }
    let home = |path: &mut String| {
        let rest = path.strip_prefix(entry.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('#'));
        if let Some(rest) = rest.map(|rest| format!("{root}{rest}")) {
            *path = rest;
        }
    };
    package.symbols.iter_mut().for_each(|symbol| home(&mut symbol.path));
    package.open.iter_mut().for_each(|open| home(&mut open.path));
    for given in &mut package.reexports {
        home(&mut given.scope);
        home(&mut given.target);
    }
}

/// `fp/index.d.ts` of `lodash` is `lodash/fp`.
fn module_of(root: &str, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let is_test = stem.ends_with(".test") || stem.ends_with(".spec") || stem.ends_with(".min");
    let inside = match (folder, stem) {
        ("", "index") => return Some(root.to_owned()),
        (folder, "index") => folder.to_owned(),
        ("", stem) => stem.to_owned(),
        (folder, stem) => format!("{folder}/{stem}"),
    };
    (!is_test && !stem.is_empty()).then(|| format!("{root}/{inside}"))
}

const ENDS: [&str; 11] = [".d.ts", ".d.mts", ".d.cts", ".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"];

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
                            if let Some(alias) = field(one, "alias", source).filter(|alias| *alias != "default") {
                                aliases.push((name.to_owned(), alias.to_owned()));
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
        let is_description = [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| self.file.path.ends_with(end));
        self.all = is_description && !has_clause;
        aliases
    }

    /// What `module.exports` is set to by a statement.
    fn assigned<'t>(&self, statement: Node<'t>) -> Option<Node<'t>> {
        let assignment = statement.named_child(0).filter(|node| node.kind() == "assignment_expression")?;
        let left = field(assignment, "left", self.file.text)?;
        assignment.child_by_field_name("right").filter(|_| left == "module.exports")
    }

    /// What is exported under another name is there under both.
    fn alias(&mut self, from: usize, aliases: Vec<(String, String)>) {
        let mut aliases: std::collections::HashMap<String, Vec<String>> =
            aliases.into_iter().fold(Default::default(), |mut all, (name, alias)| {
                all.entry(format!("{}#{name}", self.name)).or_insert_with(Vec::new).push(alias);
                all
            });
        let until = self.file.into.symbols.len();
        for at in from..until {
            for alias in aliases.remove(&self.file.into.symbols[at].path).unwrap_or_default() {
                let mut symbol = self.file.into.symbols[at].clone();
                symbol.path = format!("{}#{alias}", self.name);
                symbol.private = false;
                self.file.add(symbol);
            }
        }
    }

    fn statement(&mut self, placed: Placed<'_, '_>, scope: &str, is_exported: bool, depth: usize) {
        if depth > DEPTH {
            return self.file.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let node = placed.node;
        match node.kind() {
            "export_statement" => self.export(placed, scope, depth),
            "ambient_declaration" => {
                for inner in children(node) {
                    match inner.kind() {
                        "statement_block" => self.block(inner, scope, depth),
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
            "class_declaration" | "abstract_class_declaration" | "class" => self.members_of(placed, Kind::Class, scope, is_exported),
            "interface_declaration" => self.members_of(placed, Kind::Interface, scope, is_exported),
            "type_alias_declaration" => {
                let path = self.declare(placed, Kind::Type, scope, is_exported);
                let value = node.child_by_field_name("value").filter(|value| value.kind() == "object_type");
                if let (Some((path, is_public)), Some(value)) = (path, value) {
                    self.members(value, &path, is_public);
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
            "lexical_declaration" | "variable_declaration" => self.variables(placed, scope, is_exported),
            _ => {}
        }
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
        let Some(target) = field(node, "source", source).map(|target| self.resolve(target.trim_matches(['"', '\'']))) else { return };
        let mut give = |name: &str, target_name: Option<&str>| {
            let target_name = target_name.map(str::to_owned);
            let given = Reexport {
                scope: scope.to_owned(),
                name: name.to_owned(),
                target: target.clone(),
                target_name,
                public: true,
                feature: None,
            };
            self.file.give_on(given);
        };
        let parts: Vec<_> = children(node).into_iter().filter(|part| matches!(part.kind(), "export_clause" | "namespace_export")).collect();
        if parts.is_empty() {
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
        let written = text(name, self.file.text);
        let path = match name.kind() {
            // `declare module "x"` describes a module; with a star it describes files.
            "string" if written.contains('*') => return,
            "string" => self.resolve(written.trim_matches(['"', '\''])),
            _ => format!("{scope}#{}", one_line(written).replace('.', "#")),
        };
        let is_public = name.kind() == "string" || self.is_public(written, is_exported);
        self.keep(placed, &path, Kind::Module, body, is_public);
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

    fn members_of(&mut self, placed: Placed<'_, '_>, kind: Kind, scope: &str, is_exported: bool) {
        let Some((path, is_public)) = self.declare(placed, kind, scope, is_exported) else { return };
        let mut bases = Vec::new();
        let source = self.file.text;
        for heritage in children(placed.node).into_iter().filter(|child| matches!(child.kind(), "class_heritage" | "extends_type_clause")) {
            walk(heritage, |inner| {
                let is_base = matches!(inner.kind(), "identifier" | "type_identifier" | "member_expression" | "nested_type_identifier");
                if is_base {
                    bases.push(one_line(text(inner, source)));
                }
                !is_base && inner.kind() != "type_arguments"
            });
        }
        if let Some(kept) = self.file.into.symbols.last_mut().filter(|kept| kept.path == path) {
            kept.bases = bases;
        }
        if let Some(body) = placed.node.child_by_field_name("body") {
            self.members(body, &path, is_public);
        }
    }

    fn members(&mut self, body: Node<'_>, scope: &str, is_public: bool) {
        let source = self.file.text;
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
            self.keep(placed, &format!("{scope}#{}", name.trim_start_matches('#')), kind, body, is_public && !is_hidden);
        }
    }

    fn variables(&mut self, placed: Placed<'_, '_>, scope: &str, is_exported: bool) {
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
            for name in &names {
                let kept = several.next(format!("{scope}#{name}"));
                let private = !self.is_public(name, is_exported);
                let signature = written.chars().take(if names.len() > 1 { 200 } else { usize::MAX }).collect();
                self.file.add(Symbol { kind, signature, line: line(one), private, ..kept });
            }
            let shape = one.child_by_field_name("type").and_then(|kind| kind.named_child(0)).filter(|kind| kind.kind() == "object_type");
            if let (Some(shape), "identifier") = (shape, name.kind()) {
                let name = text(name, source);
                self.members(shape, &format!("{scope}#{name}"), self.is_public(name, is_exported));
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
        kept
    }
}

fn is_function(value: Node<'_>) -> bool {
    matches!(value.kind(), "arrow_function" | "function_expression" | "generator_function")
}
