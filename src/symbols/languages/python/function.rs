//! Functions and methods: parameters, the plain type they return, what decorators leave of them.

use tree_sitter::Node;

use super::{Module, docstring};
use crate::symbols::package::{Kind, Parameter, Shape, Symbol, Takes};
use crate::symbols::source::tree::{children, field, line, one_line, signature, text, walk};

/// Decorators behind which a function takes and gives what is written.
const PLAIN: &[&str] = &[
    "staticmethod",
    "classmethod",
    "property",
    "abstractmethod",
    "abc.abstractmethod",
    "overload",
    "typing.overload",
    "t.overload",
    "final",
    "override",
    "typing.final",
    "typing_extensions.override",
];

impl Module<'_, '_> {
    pub(super) fn function(&mut self, node: Node<'_>, scope: &str, decorators: &[String]) {
        let Some(name) = field(node, "name", self.source()).map(str::to_owned) else { return };
        let in_class = scope != self.name;
        let names: Vec<&str> = decorators.iter().map(|decorator| decorator_name(decorator)).collect();
        if in_class && names.iter().any(|name| name.ends_with(".setter") || name.ends_with(".deleter")) {
            return;
        }
        let is_property = names.iter().any(|name| {
            matches!(
                name.rsplit('.').next(),
                Some("property" | "cached_property" | "reify" | "cache_readonly" | "abstractproperty" | "DynamicClassAttribute")
            )
        });
        let is_plain = names.iter().all(|name| PLAIN.contains(name) || name.ends_with("deprecated"));
        let is_async = text(node, self.source()).starts_with("async");
        let kind = match (in_class, is_property) {
            (true, true) => Kind::Property,
            (true, false) => Kind::Method,
            (false, _) => Kind::Function,
        };
        let mut symbol = Symbol::new(format!("{scope}.{name}"), kind);
        symbol.signature = decorators.iter().filter(|d| is_telling(d)).map(|d| format!("{d} ")).collect();
        symbol.signature.push_str(signature(node, node.child_by_field_name("body"), self.source()).trim_end().trim_end_matches(':'));
        symbol.file = self.file.path.to_owned();
        symbol.line = line(node);
        symbol.private = name.starts_with('_') && !name.starts_with("__");
        symbol.deprecated =
            decorators.iter().find(|decorator| decorator_name(decorator).ends_with("deprecated")).map(|decorator| said_in(decorator));
        let body = node.child_by_field_name("body");
        symbol.doc = body.map(|body| docstring(body, self.source())).unwrap_or_default();
        if is_plain {
            let skip = usize::from(in_class && !names.contains(&"staticmethod"));
            symbol.takes = node.child_by_field_name("parameters").and_then(|parameters| takes(parameters, self.source(), skip));
            let annotated = node.child_by_field_name("return_type").map(|kind| one_line(text(kind, self.source())));
            // `def warm(self: T) -> T` gives what it stands at.
            let first = node.child_by_field_name("parameters").and_then(|all| all.named_child(0));
            let receiver = first.filter(|first| text(*first, self.source()).starts_with("self:") && skip == 1);
            let receiver = receiver.and_then(|first| field(first, "type", self.source()));
            let is_receiver = in_class && annotated.is_some() && annotated.as_deref() == receiver;
            let annotated = if is_receiver { Some("Self".to_owned()) } else { annotated };
            symbol.gives = annotated
                .or_else(|| body.filter(|body| in_class && returns_receiver(*body, self.source(), &names)).map(|_| "Self".to_owned()));
        }
        if is_async || !is_plain && !is_property {
            symbol.gives = None;
        }
        self.file.add(symbol);
        if in_class {
            self.set_on_self(node, scope);
        } else if body.is_some_and(|body| text(body, self.source()).contains("global ")) {
            self.globals(node);
        }
    }

    /// `global x` in a function: the module has `x`.
    fn globals(&mut self, function: Node<'_>) {
        let mut names = Vec::new();
        walk(function, |node| {
            if node.kind() == "global_statement" {
                names.extend(children(node));
            }
            true
        });
        let scope = self.name.clone();
        names.into_iter().for_each(|name| self.bind(name, &scope, name, None));
    }
}

/// `@name(arguments)` without both.
pub(super) fn decorator_name(decorator: &str) -> &str {
    let name = decorator.trim_start_matches('@').trim_start();
    name[..name.find(['(', '[']).unwrap_or(name.len())].trim()
}

fn is_telling(decorator: &str) -> bool {
    matches!(decorator_name(decorator), "staticmethod" | "classmethod" | "property")
}

fn said_in(decorator: &str) -> String {
    let mut parts = decorator.splitn(3, '"');
    parts.nth(1).unwrap_or_default().to_owned()
}

/// The parameters behind the receiver; none where a pattern is not understood.
fn takes(parameters: Node<'_>, source: &str, skip: usize) -> Option<Takes> {
    let mut takes = Takes::default();
    let mut shape = Shape::Either;
    let mut separated = 0;
    for parameter in children(parameters) {
        let (name, optional) = match parameter.kind() {
            "comment" => continue,
            "identifier" => (text(parameter, source), false),
            "typed_parameter" => {
                let inner = parameter.named_child(0)?;
                match inner.kind() {
                    "list_splat_pattern" => {
                        takes.any_positions = true;
                        shape = Shape::Name;
                        continue;
                    }
                    "dictionary_splat_pattern" => {
                        takes.any_names = true;
                        continue;
                    }
                    _ => (text(inner, source), false),
                }
            }
            "default_parameter" | "typed_default_parameter" => (field(parameter, "name", source)?, true),
            "list_splat_pattern" => {
                takes.any_positions = true;
                shape = Shape::Name;
                continue;
            }
            "dictionary_splat_pattern" => {
                takes.any_names = true;
                continue;
            }
            "keyword_separator" => {
                shape = Shape::Name;
                continue;
            }
            "positional_separator" => {
                takes.parameters[separated..].iter_mut().for_each(|parameter| parameter.shape = Shape::Position);
                separated = takes.parameters.len();
                continue;
            }
            _ => return None,
        };
        // By PEP 484 two underscores at the beginning mean "by position only".
        let is_hidden = name.starts_with("__") && !name.ends_with("__") && shape == Shape::Either;
        let shape = if is_hidden { Shape::Position } else { shape };
        takes.parameters.push(Parameter { name: name.to_owned(), shape, optional });
    }
    if skip > 0 && !takes.parameters.is_empty() && takes.parameters[0].shape != Shape::Name {
        takes.parameters.remove(0);
    } else if skip > 0 && !takes.any_positions {
        return None;
    }
    Some(takes)
}

/// Every `return` gives the receiver, and there is one.
fn returns_receiver(body: Node<'_>, source: &str, decorators: &[&str]) -> bool {
    let mut returns = 0;
    let mut is_receiver = true;
    walk(body, |node| {
        match node.kind() {
            "return_statement" => {
                returns += 1;
                let value = node.named_child(0).map(|value| text(value, source)).unwrap_or_default();
                is_receiver &= value == "self" || (value.starts_with("cls(") && decorators.contains(&"classmethod"));
            }
            "yield" => is_receiver = false,
            _ => {}
        }
        !matches!(node.kind(), "function_definition" | "lambda" | "class_definition")
    });
    returns > 0 && is_receiver
}
