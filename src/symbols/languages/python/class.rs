//! Classes: bases, members, what methods set on `self`, and what makes a class open.

use tree_sitter::Node;

use super::function::decorator_name;
use super::{Module, docstring};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{DEPTH, children, field, line, one_line, signature, text, walk};

/// Decorators that add no names to a class but those with underscores.
const HARMLESS: &[&str] = &["dataclass", "final", "total_ordering", "runtime_checkable", "unique", "set_module", "deprecated", "public"];

impl Module<'_, '_> {
    pub(super) fn class(&mut self, node: Node<'_>, scope: &str, decorators: &[String], depth: usize) {
        let Some(name) = field(node, "name", self.source()).map(str::to_owned) else { return };
        if depth > DEPTH {
            return;
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
                "keyword_argument" if written.starts_with("metaclass") => {
                    if !written.ends_with("ABCMeta") {
                        self.open(path.clone(), Reason::Decorated, &written);
                    }
                }
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
        self.file.into.symbols.push(symbol);
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
        let written = body.map(|body| text(body, self.source())).unwrap_or_default();
        const WRITERS: &[&str] = &["setattr(self", "setattr(cls", "self.__dict__", "vars(self)", "locals()", "vars()"];
        if let Some(word) = WRITERS.iter().find(|word| written.contains(**word)) {
            self.open(path, Reason::Written, word);
        }
    }

    /// What calling a class takes is not what its `__init__` says.
    fn unknown_call(&mut self, path: &str) {
        let mut symbol = Symbol::new(format!("{path}.__new__"), Kind::Method);
        symbol.private = true;
        self.file.into.symbols.push(symbol);
    }

    /// `self.x = …` anywhere in a method: an attribute of the class's instances.
    pub(super) fn set_on_self(&mut self, method: Node<'_>, class: &str, depth: usize) {
        if depth > DEPTH {
            return;
        }
        let source = self.file.text;
        let mut found: Vec<Node<'_>> = Vec::new();
        walk(method, |node| {
            if node.kind() == "attribute" && matches!(field(node, "object", source), Some("self" | "cls")) {
                let is_set = std::iter::successors(node.parent(), Node::parent).take(4).any(|above| {
                    matches!(above.kind(), "assignment" | "augmented_assignment" | "for_statement" | "with_item" | "as_pattern")
                });
                if is_set {
                    found.push(node);
                }
            }
            true
        });
        for node in found {
            let Some(name) = field(node, "attribute", source) else { continue };
            let path = format!("{class}.{name}");
            let seen = self.file.into.symbols.iter().rev().take(400).any(|symbol| symbol.path == path);
            if !seen {
                let mut symbol = Symbol::new(path, Kind::Field);
                symbol.file = self.file.path.to_owned();
                symbol.line = line(node);
                symbol.private = name.starts_with('_');
                self.file.into.symbols.push(symbol);
            }
        }
    }
}
