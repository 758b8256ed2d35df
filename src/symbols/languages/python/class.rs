//! Classes: bases, members, what methods set on `self`, and what makes a class open.

use std::collections::HashSet;

use tree_sitter::Node;

use super::function::decorator_name;
use super::{Module, docstring};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{DEPTH, Seen, children, field, line, one_line, signature, text, walk_within};

/// Decorators that add no names to a class but those with underscores.
const HARMLESS: &[&str] = &["dataclass", "final", "total_ordering", "runtime_checkable", "unique", "set_module", "deprecated", "public"];

/// The base that stands for its metaclass.
const ABSTRACT: &str = "abc.ABC";

impl Module<'_, '_> {
    pub(super) fn class(&mut self, node: Node<'_>, scope: &str, decorators: &[String], depth: usize) {
        let Some(name) = field(node, "name", self.source()).map(str::to_owned) else { return };
        if depth > DEPTH {
            return self.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let path = format!("{scope}.{name}");
        let body = node.child_by_field_name("body");
        let mut symbol = Symbol::new(path.clone(), Kind::Class);
        symbol.signature = signature(node, body, self.source()).trim_end().trim_end_matches(':').to_owned();
        symbol.file = self.file.path.to_owned();
        symbol.line = line(node);
        symbol.private = name.starts_with('_');
        symbol.doc = body.map(|body| docstring(body, self.source())).unwrap_or_default();
        for base in node.child_by_field_name("superclasses").map(children).unwrap_or_default() {
            let written = one_line(text(base, self.source()));
            match base.kind() {
                "comment" => {}
                "keyword_argument" if written.starts_with("metaclass") => match written.ends_with("ABCMeta") {
                    true => symbol.bases.push(ABSTRACT.to_owned()),
                    false => self.open(path.clone(), Reason::Decorated, &written),
                },
                "keyword_argument" => {}
                "identifier" | "attribute" | "subscript" => symbol.bases.push(written),
                _ => self.open(path.clone(), Reason::Decorated, &written),
            }
        }
        for decorator in decorators {
            let name = decorator_name(decorator);
            if name.ends_with("deprecated") {
                symbol.deprecated = Some(String::new());
            }
            if !HARMLESS.contains(&name.rsplit('.').next().unwrap_or(name)) {
                self.open(path.clone(), Reason::Decorated, decorator);
            }
        }
        let made_by_decorator = decorators.iter().any(|decorator| !decorator_name(decorator).ends_with("final"));
        self.file.add(symbol);
        if made_by_decorator {
            self.unknown_call(&path);
        }
        let from = self.file.into.symbols.len();
        for statement in body.map(children).unwrap_or_default() {
            self.statement(statement, &path, depth + 1);
        }
        let dynamic = self.file.into.symbols[from..].iter().find(|member| {
            member.path.strip_suffix(member.name()).is_some_and(|above| above.strip_suffix('.') == Some(path.as_str()))
                && matches!(member.name(), "__getattr__" | "__getattribute__" | "__slots_from__" | "__class_getattr__")
        });
        if let Some(detail) = dynamic.map(|member| member.name().to_owned()) {
            self.open(path.clone(), Reason::Dynamic, &detail);
        }
        if let Some(body) = body {
            self.open_class_by_calls(&path, body, from);
        }
    }

    /// What calling a class takes is not what its `__init__` says.
    fn unknown_call(&mut self, path: &str) {
        let mut symbol = Symbol::new(format!("{path}.__new__"), Kind::Method);
        symbol.private = true;
        self.file.add(symbol);
    }

    /// `self.x = …` anywhere in a method: an attribute of the class's instances.
    pub(super) fn set_on_self(&mut self, method: Node<'_>, class: &str) {
        let source = self.file.text;
        let mut found: Vec<(&str, Node<'_>)> = Vec::new();
        let mut names = HashSet::new();
        // Most call it `self`; the language does not care.
        let receiver = method.child_by_field_name("parameters").and_then(|all| all.named_child(0));
        let receiver = receiver.map(|first| text(first.named_child(0).unwrap_or(first), source)).unwrap_or("self");
        let seen = walk_within(method, |node, above| {
            if node.kind() == "attribute"
                && field(node, "object", source).is_some_and(|object| object == receiver || matches!(object, "self" | "cls"))
            {
                let is_set = above.iter().rev().take(4).any(|above| {
                    matches!(above.kind(), "assignment" | "augmented_assignment" | "for_statement" | "with_item" | "as_pattern")
                });
                if is_set && let Some(name) = field(node, "attribute", source).filter(|name| names.insert(*name)) {
                    found.push((name, node));
                }
            }
            true
        });
        if seen == Seen::Part {
            self.open(class.to_owned(), Reason::Unread, "nested too deep");
        }
        for (name, node) in found {
            let path = format!("{class}.{name}");
            let is_known = self.file.into.symbols.iter().rev().take(400).any(|symbol| symbol.path == path);
            if !is_known {
                let mut symbol = Symbol::new(path, Kind::Field);
                symbol.file = self.file.path.to_owned();
                symbol.line = line(node);
                symbol.private = name.starts_with('_');
                self.file.add(symbol);
            }
        }
    }
}
