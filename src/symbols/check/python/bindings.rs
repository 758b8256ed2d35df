//! Which names a snippet binds, and to what: only a name bound once is followed.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use crate::symbols::check::Home;
use crate::symbols::languages::is_pattern;
use crate::symbols::package::words;
use crate::symbols::source::tree::{children, field, one_line, text, walk, walk_within};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Bound<'t> {
    Import {
        target: String,
        name: Option<String>,
    },
    Value(Node<'t>),
    /// What a context manager gives.
    With(Node<'t>),
    /// A part of a value: an element, one of several.
    Part(Node<'t>),
    /// A value of this type, as an annotation says.
    Typed(Node<'t>),
    /// A class that stands in the snippet.
    Class(Node<'t>),
}

impl<'t> Bound<'t> {
    /// Whether both are the same, wherever it is written.
    fn is(&self, other: &Self, source: &str) -> bool {
        match (self, other) {
            (Self::Typed(a), Self::Typed(b)) => text(*a, source) == text(*b, source),
            _ => self == other,
        }
    }
}

/// Names that a snippet has in other ways than as references.
pub(super) struct Mentioned<'v> {
    /// It defines them, or speaks of them.
    pub defined: &'v mut HashSet<String>,
    /// It gives them to things, or asks things whether they have them.
    pub given: &'v mut HashSet<String>,
}

pub(super) struct Bindings<'t> {
    names: HashMap<String, Name<'t>>,
}

/// One name.
struct Name<'t> {
    /// Where it is bound first.
    from: usize,
    /// To what; none where that is not followed.
    bound: Option<Bound<'t>>,
    /// Whatever else binds it binds it to the same.
    is_one: bool,
}

impl<'t> Bindings<'t> {
    /// Of a whole snippet, which stands somewhere or nowhere.
    pub(super) fn of(root: Node<'t>, source: &str, home: Option<&Home>, mentioned: &mut Mentioned<'_>) -> Self {
        let mut bindings = Self { names: HashMap::new() };
        walk_within(root, |node, above| {
            bindings.see(node, above, source, home, mentioned);
            true
        });
        bindings
    }

    /// What a name is bound to, if that is one thing, and before it is used.
    pub(super) fn once(&self, name: &str, at: usize) -> Option<Bound<'t>> {
        let name = self.names.get(name)?;
        name.bound.clone().filter(|_| name.is_one && name.from < at)
    }

    /// Whether it is bound anywhere.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    fn add(&mut self, name: &str, from: usize, bound: Option<Bound<'t>>, source: &str) {
        match self.names.get_mut(name) {
            Some(known) => {
                known.is_one &= match (&known.bound, &bound) {
                    (Some(known), Some(bound)) => known.is(bound, source),
                    (known, bound) => known == bound,
                }
            }
            None => {
                self.names.insert(name.to_owned(), Name { from, bound, is_one: true });
            }
        }
    }

    fn bind(&mut self, name: Node<'t>, source: &str, bound: Option<Bound<'t>>) {
        let part = match &bound {
            Some(Bound::Value(value) | Bound::Part(value)) => Some(Bound::Part(*value)),
            _ => None,
        };
        walk(name, |inner| {
            if inner.kind() == "identifier" {
                let bound = if inner == name { bound.clone() } else { part.clone() };
                self.add(text(inner, source), inner.start_byte(), bound, source);
            }
            is_pattern(inner.kind())
        });
    }

    fn see(&mut self, node: Node<'t>, above: &[Node<'t>], source: &str, home: Option<&Home>, mentioned: &mut Mentioned<'_>) {
        match node.kind() {
            "import_statement" => {
                for child in children(node) {
                    let target = field(child, "name", source).map_or_else(|| one_line(text(child, source)), one_line);
                    let bound = match child.child_by_field_name("alias") {
                        Some(alias) => (alias, target),
                        None => (child, target.split('.').next().unwrap_or_default().to_owned()),
                    };
                    let name = if child.kind() == "aliased_import" { text(bound.0, source).to_owned() } else { bound.1.clone() };
                    self.add(&name, node.start_byte(), Some(Bound::Import { target: bound.1, name: None }), source);
                }
            }
            "import_from_statement" => {
                let written = field(node, "module_name", source).map(one_line).unwrap_or_default();
                let target = home.map_or(Some(written.clone()), |home| home.imported(&written)).filter(|target| !target.starts_with('.'));
                let mut cursor = node.walk();
                for child in node.children_by_field_name("name", &mut cursor) {
                    let name = field(child, "name", source).unwrap_or(text(child, source));
                    let alias = field(child, "alias", source).unwrap_or(name);
                    let bound = target.clone().map(|target| Bound::Import { target, name: Some(name.to_owned()) });
                    self.add(alias, node.start_byte(), bound, source);
                }
            }
            "assignment" => {
                if let Some(left) = node.child_by_field_name("left") {
                    self.bind(left, source, node.child_by_field_name("right").map(Bound::Value));
                    mentioned.set(left, source);
                }
            }
            "augmented_assignment" | "named_expression" | "for_statement" | "for_in_clause" => {
                for name in ["left", "name"] {
                    if let Some(left) = node.child_by_field_name(name) {
                        let right = node.child_by_field_name("right").filter(|_| node.kind().starts_with("for_"));
                        self.bind(left, source, right.map(Bound::Part));
                        mentioned.set(left, source);
                    }
                }
            }
            "as_pattern" => {
                let value = node.named_child(0);
                let is_with = above.last().is_some_and(|above| above.kind() == "with_item");
                let target = node.child_by_field_name("alias");
                // In `case` the name stands behind `as` by itself.
                let names = target.map_or_else(|| children(node).into_iter().skip(1).collect(), children);
                for name in names {
                    self.bind(name, source, value.filter(|_| is_with).map(Bound::With));
                    mentioned.set(name, source);
                }
            }
            "function_definition" | "class_definition" => {
                if let Some(name) = node.child_by_field_name("name") {
                    let is_own = node.kind() == "class_definition" && is_as_written(above, source);
                    self.bind(name, source, is_own.then_some(Bound::Class(node)));
                }
            }
            "parameters" | "lambda_parameters" => {
                walk_within(node, |inner, above| {
                    let is_default = above.last().is_some_and(|above| {
                        above.kind().ends_with("default_parameter") && above.child_by_field_name("value") == Some(inner)
                    });
                    if inner.kind() == "identifier" && !is_default {
                        self.bind(inner, source, typed(inner, above).map(Bound::Typed));
                    }
                    !matches!(inner.kind(), "type" | "call" | "lambda")
                });
            }
            "global_statement" | "nonlocal_statement" | "delete_statement" => {
                children(node).into_iter().for_each(|name| self.bind(name, source, None))
            }
            // What `case` takes apart gets names; that of a class is none of them.
            "dotted_name" if above.last().is_some_and(|above| is_of_case(above.kind())) && node.named_child_count() == 1 => {
                self.add(text(node, source), node.start_byte(), None, source);
            }
            "splat_pattern" => {
                children(node).into_iter().filter(|name| name.kind() == "identifier").for_each(|name| self.bind(name, source, None));
            }
            "call" | "comparison_operator" | "subscript" => mentioned.asked(node, source),
            "string" => words(text(node, source), mentioned.defined),
            "identifier" => {
                let in_reference = above.last().is_some_and(|above| {
                    above.kind() == "attribute" && above.child_by_field_name("attribute") == Some(node)
                        || above.kind() == "keyword_argument" && above.child_by_field_name("name") == Some(node)
                        || above.kind() == "dotted_name"
                        || above.kind() == "aliased_import"
                });
                if !in_reference {
                    mentioned.defined.insert(text(node, source).to_owned());
                }
            }
            _ => {}
        }
    }
}

impl Mentioned<'_> {
    /// Attributes on the left of an assignment, or within what is taken apart there.
    fn set(&mut self, left: Node<'_>, source: &str) {
        walk(left, |inner| {
            if inner.kind() == "attribute"
                && let Some(name) = field(inner, "attribute", source)
            {
                self.defined.insert(name.to_owned());
                self.given.insert(name.to_owned());
            }
            is_pattern(inner.kind())
        });
    }

    /// Names as texts, where something is asked for them or gets them: `hasattr(kettle, "lid")`, `"lid" in dir(kettle)`, `patch("kettle.lid")`.
    fn asked(&mut self, node: Node<'_>, source: &str) {
        let (is_one, parts) = match node.kind() {
            "call" => {
                let function = node.child_by_field_name("function");
                let name = function.map(|function| field(function, "attribute", source).unwrap_or(text(function, source)));
                let parts = node.child_by_field_name("arguments").map(children).unwrap_or_default();
                (name.is_some_and(|name| ASKING.contains(&name)), parts)
            }
            kind => {
                let parts = children(node);
                // `"lid" in dir(kettle)`, `kettle.__dict__["lid"]`.
                let of = if kind == "subscript" { parts.first() } else { parts.last() };
                let is_list = |of: &Node<'_>| {
                    let name = if of.kind() == "call" { field(*of, "function", source) } else { field(*of, "attribute", source) };
                    name.is_some_and(|name| matches!(name, "dir" | "vars" | "__dict__" | "__all__"))
                };
                (of.is_some_and(is_list), parts)
            }
        };
        for part in parts.into_iter().filter(|_| is_one) {
            match part.kind() {
                "string" => words(text(part, source), self.given),
                "keyword_argument" => self.given.extend(field(part, "name", source).map(str::to_owned)),
                _ => {}
            }
        }
    }
}

/// The plain type that a parameter is said to have.
fn typed<'t>(name: Node<'t>, above: &[Node<'t>]) -> Option<Node<'t>> {
    let parameter = above.last().filter(|above| matches!(above.kind(), "typed_parameter" | "typed_default_parameter"))?;
    let is_it = parameter.named_child(0) == Some(name);
    let written = parameter.child_by_field_name("type").filter(|_| is_it)?.named_child(0)?;
    matches!(written.kind(), "identifier" | "attribute").then_some(written)
}

/// Whether what decorates a class leaves it what it is.
fn is_as_written(above: &[Node<'_>], source: &str) -> bool {
    let decorated = above.last().filter(|above| above.kind() == "decorated_definition");
    let decorators = decorated.map(|above| children(*above)).unwrap_or_default();
    let mut decorators = decorators.into_iter().filter(|part| part.kind() == "decorator");
    decorators.all(|decorator| {
        let name = text(decorator, source).trim_start_matches('@').split('(').next().unwrap_or_default();
        KEEPING.contains(&name.rsplit('.').next().unwrap_or(name).trim())
    })
}

/// Decorators behind which a class has the names that are written in it.
const KEEPING: &[&str] = &["dataclass", "final", "total_ordering", "runtime_checkable"];

/// Nodes within which `case` has single names that it gives to what it finds there.
fn is_of_case(kind: &str) -> bool {
    matches!(kind, "case_pattern" | "keyword_pattern" | "union_pattern" | "dict_pattern")
}

/// Functions that are given names as texts: of the language, of `unittest.mock`, of pytest's `monkeypatch`.
const ASKING: &[&str] =
    &["hasattr", "getattr", "setattr", "delattr", "patch", "object", "multiple", "setitem", "methodcaller", "attrgetter"];
