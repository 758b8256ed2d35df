//! Which names a snippet binds, where they hold, and to what: only a name that is bound once where it is used is followed.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use crate::symbols::package::words;
use crate::symbols::source::tree::{children, field, text, walk};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound<'t> {
    /// What a module gives as its own, or the module.
    Module(Node<'t>),
    /// A name of a module.
    Import(Node<'t>, &'t str),
    Value(Node<'t>),
    /// Whatever it is made from, it is declared to be of this type.
    Typed(Node<'t>),
    /// A member of a value, by its name.
    Member(Node<'t>, &'t str),
    Element(Node<'t>),
    /// It is bound, and not followed.
    Other,
}

/// Names of one piece of code.
#[derive(Default)]
pub(super) struct Names<'t> {
    bound: HashMap<&'t str, Vec<Held<'t>>>,
    /// Something is put into them later, or they are asked what they are.
    changing: HashSet<&'t str>,
}

/// One binding, and where it holds.
struct Held<'t> {
    begin: usize,
    end: usize,
    bound: Bound<'t>,
}

impl<'t> Names<'t> {
    /// What a name stands for at a place, if that is one thing.
    pub(super) fn at(&self, name: &str, place: usize) -> Option<Bound<'t>> {
        let all = self.bound.get(name).filter(|all| all.len() <= MOST && !self.changing.contains(name))?;
        let holds = |held: &&Held<'_>| held.begin <= place && place < held.end;
        let inner = all.iter().filter(holds).min_by_key(|held| held.end - held.begin)?;
        let mut same = all.iter().filter(holds).filter(|held| (held.begin, held.end) == (inner.begin, inner.end));
        same.all(|held| held.bound == inner.bound).then_some(inner.bound)
    }

    /// Sees one node of the code; what the code itself defines goes into `defined`.
    pub(super) fn see(&mut self, node: Node<'t>, above: &[Node<'t>], source: &'t str, defined: &mut HashSet<String>) {
        match node.kind() {
            "import_statement" => self.import(node, above, source),
            "variable_declarator" => {
                if let Some(name) = node.child_by_field_name("name") {
                    let value = node.child_by_field_name("value");
                    let bound = match (node.child_by_field_name("type"), value) {
                        (Some(of), _) => Bound::Typed(of),
                        (None, Some(value)) => Bound::Value(value),
                        (None, None) => Bound::Other,
                    };
                    let is_var = above.last().is_some_and(|above| above.kind() == "variable_declaration");
                    self.pattern(name, bound, scope(above, if is_var { FUNCTIONS } else { SCOPES }), source);
                }
            }
            "required_parameter" | "optional_parameter" => {
                if let Some(pattern) = node.child_by_field_name("pattern") {
                    let bound = node.child_by_field_name("type").map_or(Bound::Other, Bound::Typed);
                    self.pattern(pattern, bound, scope(above, FUNCTIONS), source);
                }
            }
            "arrow_function" => {
                if let Some(name) = node.child_by_field_name("parameter") {
                    self.pattern(name, Bound::Other, Some(node), source);
                }
            }
            "catch_clause" => {
                if let Some(name) = node.child_by_field_name("parameter") {
                    self.pattern(name, Bound::Other, Some(node), source);
                }
            }
            "for_in_statement" => {
                if let Some(left) = node.child_by_field_name("left") {
                    let is_of = field(node, "operator", source) == Some("of");
                    let element = node.child_by_field_name("right").filter(|_| is_of).map_or(Bound::Other, Bound::Element);
                    match node.child_by_field_name("kind") {
                        Some(_) => self.pattern(left, element, Some(node), source),
                        None => self.change(left, source),
                    }
                }
            }
            "function_declaration"
            | "generator_function_declaration"
            | "class_declaration"
            | "abstract_class_declaration"
            | "enum_declaration"
            | "internal_module"
            | "interface_declaration"
            | "type_alias_declaration"
            | "function_signature" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.add(text(name, source), scope(above, SCOPES), Bound::Other);
                }
            }
            "function_expression" | "class" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.add(text(name, source), Some(node), Bound::Other);
                }
            }
            "assignment_expression" | "augmented_assignment_expression" => {
                if let Some(left) = node.child_by_field_name("left") {
                    match left.kind() {
                        "member_expression" => defined.extend(field(left, "property", source).map(str::to_owned)),
                        _ => self.change(left, source),
                    }
                }
            }
            "update_expression" => node.child_by_field_name("argument").into_iter().for_each(|of| self.change(of, source)),
            // What it is asked for may be there afterwards.
            "binary_expression" if matches!(field(node, "operator", source), Some("instanceof" | "in")) => {
                ["left", "right"].iter().filter_map(|side| node.child_by_field_name(side)).for_each(|side| self.change(side, source));
            }
            "call_expression" if is_asked(node, above) => {
                let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
                arguments.into_iter().for_each(|argument| self.change(argument, source));
            }
            // What the code defines or names itself, it may have put into what it uses.
            "pair" | "method_definition" | "property_signature" | "method_signature" | "public_field_definition" => {
                defined.extend(field(node, "key", source).or_else(|| field(node, "name", source)).map(str::to_owned));
            }
            "shorthand_property_identifier" => drop(defined.insert(text(node, source).to_owned())),
            "string_fragment" => words(text(node, source), defined),
            _ => {}
        }
    }

    fn import(&mut self, node: Node<'t>, above: &[Node<'t>], source: &'t str) {
        let clause = children(node).into_iter().find(|part| matches!(part.kind(), "import_clause" | "import_require_clause"));
        let Some(clause) = clause else { return };
        let Some(module) = node.child_by_field_name("source").or_else(|| clause.child_by_field_name("source")) else { return };
        let holds = scope(above, SCOPES);
        for part in children(clause) {
            match part.kind() {
                "identifier" => self.add(text(part, source), holds, Bound::Module(module)),
                "namespace_import" => {
                    children(part).first().into_iter().for_each(|name| self.add(text(*name, source), holds, Bound::Module(module)));
                }
                "named_imports" => {
                    for one in children(part) {
                        let Some(name) = field(one, "name", source) else { continue };
                        let own = field(one, "alias", source).unwrap_or(name);
                        self.add(own, holds, Bound::Import(module, name));
                    }
                }
                _ => {}
            }
        }
    }

    /// A name, or the names of parts.
    fn pattern(&mut self, pattern: Node<'t>, bound: Bound<'t>, holds: Option<Node<'t>>, source: &'t str) {
        match pattern.kind() {
            "identifier" => return self.add(text(pattern, source), holds, bound),
            "object_pattern" => {
                for part in children(pattern) {
                    let Some((key, own)) = parts(part) else { continue };
                    let member = match bound {
                        Bound::Value(value) if is_plain(key) => Bound::Member(value, text(key, source)),
                        _ => Bound::Other,
                    };
                    if own.kind().ends_with("identifier") || own.kind() == "shorthand_property_identifier_pattern" {
                        self.add(text(own, source), holds, member);
                    } else {
                        self.others(own, holds, source);
                    }
                }
                return;
            }
            _ => {}
        }
        self.others(pattern, holds, source);
    }

    fn others(&mut self, pattern: Node<'t>, holds: Option<Node<'t>>, source: &'t str) {
        walk(pattern, |inner| {
            if matches!(inner.kind(), "identifier" | "shorthand_property_identifier_pattern") {
                self.add(text(inner, source), holds, Bound::Other);
            }
            true
        });
    }

    fn change(&mut self, of: Node<'t>, source: &'t str) {
        match of.kind() {
            "identifier" => drop(self.changing.insert(text(of, source))),
            "object_pattern" | "array_pattern" | "parenthesized_expression" => {
                walk(of, |inner| {
                    if matches!(inner.kind(), "identifier" | "shorthand_property_identifier_pattern") {
                        self.changing.insert(text(inner, source));
                    }
                    true
                });
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &'t str, holds: Option<Node<'t>>, bound: Bound<'t>) {
        let (begin, end) = holds.map_or((0, usize::MAX), |node| (node.start_byte(), node.end_byte()));
        let all = self.bound.entry(name).or_default();
        // One more than is asked is as good as any number.
        if all.len() <= MOST {
            all.push(Held { begin, end, bound });
        }
    }
}

/// What a part of a pattern takes, and what it calls that.
pub(super) fn parts(part: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    match part.kind() {
        "shorthand_property_identifier_pattern" => Some((part, part)),
        "pair_pattern" => {
            let (key, value) = (part.child_by_field_name("key")?, part.child_by_field_name("value")?);
            let value = if value.kind() == "assignment_pattern" { value.child_by_field_name("left")? } else { value };
            Some((key, value))
        }
        "object_assignment_pattern" => part.child_by_field_name("left").map(|left| (left, left)),
        "rest_pattern" => part.named_child(0).map(|inner| (part, inner)),
        _ => None,
    }
}

/// A key that is a name.
pub(super) fn is_plain(key: Node<'_>) -> bool {
    matches!(key.kind(), "property_identifier" | "shorthand_property_identifier_pattern")
}

/// The innermost node around that makes a scope; none for the whole code.
fn scope<'t>(above: &[Node<'t>], kinds: &[&str]) -> Option<Node<'t>> {
    above.iter().rev().find(|node| kinds.contains(&node.kind())).copied()
}

/// A call that stands in a condition may tell what its arguments are.
fn is_asked(call: Node<'_>, above: &[Node<'_>]) -> bool {
    let mut inner = call;
    for outer in above.iter().rev() {
        let is_condition = match outer.kind() {
            "if_statement" | "while_statement" | "ternary_expression" => outer.child_by_field_name("condition") == Some(inner),
            "binary_expression" => {
                outer.child_by_field_name("left") == Some(inner) && outer.child(1).is_some_and(|mark| matches!(mark.kind(), "&&" | "||"))
            }
            "parenthesized_expression" | "unary_expression" => false,
            _ => return false,
        };
        if is_condition {
            return true;
        }
        inner = *outer;
    }
    false
}

const FUNCTIONS: &[&str] = &[
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "arrow_function",
    "method_definition",
    "function_signature",
    "method_signature",
    "function_type",
    "call_signature",
    "construct_signature",
    "abstract_method_signature",
    "constructor_type",
];
const SCOPES: &[&str] = &[
    "statement_block",
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "arrow_function",
    "method_definition",
    "for_statement",
    "for_in_statement",
    "catch_clause",
    "class_body",
    "switch_body",
];
/// Bindings of one name that are told apart.
const MOST: usize = 50;
