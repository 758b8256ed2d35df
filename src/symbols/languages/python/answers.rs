//! The function of a module that answers for names which it does not have (PEP 562): for which names it can.

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use super::{is_pattern, plain_string};
use crate::symbols::source::tree::{DEPTH, Seen, children, field, text, walk_within};

/// The function that answers for names which a module does not have.
pub(super) const ANSWERS: &str = "__getattr__";

/// How many functions of this name are at the top of a module, and the names for which they give something; none where that is not told.
pub(super) fn answered(root: Node<'_>, source: &str) -> Option<(usize, Vec<String>)> {
    let mut functions = Vec::new();
    let mut constants: HashMap<&str, Option<Node<'_>>> = HashMap::new();
    let mut changed: HashSet<&str> = HashSet::new();
    let seen = walk_within(root, |node, above| {
        let is_outer = !above.iter().any(|above| matches!(above.kind(), "function_definition" | "class_definition" | "lambda"));
        match node.kind() {
            "function_definition" if is_outer && field(node, "name", source) == Some(ANSWERS) => functions.push(node),
            "assignment" => {
                let left = node.child_by_field_name("left");
                match left.map(|left| (left.kind(), text(left, source))) {
                    Some(("identifier", name)) => {
                        let value = node.child_by_field_name("right").filter(|_| is_outer && !constants.contains_key(name));
                        constants.insert(name, value);
                    }
                    Some(("subscript", _)) => changed.extend(left.and_then(|left| field(left, "value", source))),
                    _ => {}
                }
            }
            "augmented_assignment" | "delete_statement" => {
                changed.extend(node.named_child(0).map(|first| text(first.named_child(0).unwrap_or(first), source)));
                changed.extend(node.named_child(0).map(|first| text(first, source)));
            }
            "call" => {
                let function = node.child_by_field_name("function").filter(|function| function.kind() == "attribute");
                let is_change = function.and_then(|of| field(of, "attribute", source)).is_some_and(|name| !READING.contains(&name));
                changed.extend(function.filter(|_| is_change).and_then(|of| field(of, "object", source)));
            }
            "identifier" if !leaves_as_it_is(node, above, source) => _ = changed.insert(text(node, source)),
            _ => {}
        }
        true
    });
    if seen == Seen::Part {
        return None;
    }
    constants.retain(|name, _| !changed.contains(name));
    let (count, mut names) = (functions.len(), Vec::new());
    for function in functions {
        let asked = function.child_by_field_name("parameters").filter(|all| all.named_child_count() == 1)?.named_child(0)?;
        let asked = text(asked.named_child(0).unwrap_or(asked), source);
        let mut answers = Answers { source, asked, constants: &constants, names: Vec::new() };
        match answers.block(function.child_by_field_name("body")?, 0)? {
            End::Never => names.append(&mut answers.names),
            // Nothing is an answer, too.
            End::Falls => return None,
        }
    }
    Some((count, names))
}

/// The reading of one such function.
struct Answers<'s, 't> {
    source: &'s str,
    /// What the name is called in it that is asked for.
    asked: &'s str,
    /// What is bound once at the top of the module and not changed.
    constants: &'s HashMap<&'s str, Option<Node<'t>>>,
    /// What it answers.
    names: Vec<String>,
}

/// How a block of statements ends, where it gives no answer itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// What follows is done.
    Falls,
    /// Nothing behind it is.
    Never,
}

/// What a condition asks of the name.
enum Asks {
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Answers<'_, '_> {
    /// None: it may answer for any name.
    fn block(&mut self, block: Node<'_>, depth: usize) -> Option<End> {
        if depth > DEPTH {
            return None;
        }
        for statement in children(block) {
            let end = match statement.kind() {
                "raise_statement" => End::Never,
                "return_statement" => self.is_own(statement.named_child(0)?).then_some(End::Never)?,
                "if_statement" => self.branches(statement, depth)?,
                "try_statement" => {
                    let mut ends = Vec::new();
                    for part in children(statement) {
                        let inner =
                            if part.kind() == "block" { Some(part) } else { children(part).into_iter().find(|of| of.kind() == "block") };
                        ends.push(self.block(inner?, depth + 1)?);
                    }
                    if ends.iter().all(|end| *end == End::Never) { End::Never } else { End::Falls }
                }
                // What it asks for from here on may be another name.
                "expression_statement" => (!self.binds(statement)).then_some(End::Falls)?,
                "import_statement" | "import_from_statement" | "global_statement" | "pass_statement" | "comment" => End::Falls,
                _ => return None,
            };
            if end == End::Never {
                return Some(end);
            }
        }
        Some(End::Falls)
    }

    /// `if`, with what stands behind `elif` and `else`.
    fn branches(&mut self, statement: Node<'_>, depth: usize) -> Option<End> {
        let mut ends = Vec::new();
        let mut has_else = false;
        let others = children(statement).into_iter().filter(|part| matches!(part.kind(), "elif_clause" | "else_clause"));
        for part in std::iter::once(statement).chain(others) {
            has_else |= part.kind() == "else_clause";
            let inner = part.child_by_field_name("consequence").or_else(|| part.child_by_field_name("body"))?;
            match part.child_by_field_name("condition").and_then(|condition| self.asks(condition, 0)) {
                Some(Asks::In(names)) => {
                    // What is only warned of, or refused in other words, is no answer; what is written, or handed to a function, may be one.
                    let mut is_answer = self.binds(inner);
                    walk_within(inner, |node, above| {
                        let is_raised = above.iter().any(|above| above.kind() == "raise_statement");
                        is_answer |= match node.kind() {
                            "return_statement" | "assignment" | "augmented_assignment" => true,
                            "call" => !is_raised && !field(node, "function", self.source).is_some_and(|of| of.ends_with("warn")),
                            _ => false,
                        };
                        node.kind() != "function_definition"
                    });
                    if is_answer {
                        self.names.extend(names);
                    }
                    let last = children(inner).pop().map(|last| last.kind());
                    ends.push(if matches!(last, Some("return_statement" | "raise_statement")) { End::Never } else { End::Falls });
                }
                Some(Asks::NotIn(names)) if part == statement && self.block(inner, depth + 1)? == End::Never => {
                    // All that follows is about these.
                    self.names.extend(names);
                    return Some(End::Never);
                }
                _ => ends.push(self.block(inner, depth + 1)?),
            }
        }
        Some(if has_else && ends.iter().all(|end| *end == End::Never) { End::Never } else { End::Falls })
    }

    /// Whether something binds the name that is asked for to something else.
    fn binds(&self, within: Node<'_>) -> bool {
        let mut binds = false;
        let seen = walk_within(within, |node, above| {
            binds |= node.kind() == "identifier"
                && text(node, self.source) == self.asked
                && above.last().is_some_and(|above| {
                    ["left", "name", "alias"].iter().any(|field| above.child_by_field_name(field) == Some(node)) || is_pattern(above.kind())
                });
            true
        });
        binds || seen == Seen::Part
    }

    /// `globals()[name]`: what the module has anyway.
    fn is_own(&self, value: Node<'_>) -> bool {
        value.kind() == "subscript"
            && field(value, "value", self.source) == Some("globals()")
            && field(value, "subscript", self.source) == Some(self.asked)
    }

    fn asks(&self, condition: Node<'_>, depth: usize) -> Option<Asks> {
        if depth > DEPTH {
            return None;
        }
        let parts = children(condition);
        match (condition.kind(), parts.as_slice()) {
            ("parenthesized_expression", [inner]) => self.asks(*inner, depth + 1),
            ("not_operator", [inner]) => match self.asks(*inner, depth + 1)? {
                Asks::In(names) => Some(Asks::NotIn(names)),
                Asks::NotIn(names) => Some(Asks::In(names)),
            },
            ("boolean_operator", [one, other]) => {
                let both = (self.asks(*one, depth + 1), self.asks(*other, depth + 1));
                match (field(condition, "operator", self.source)?, both) {
                    ("or", (Some(Asks::In(mut names)), Some(Asks::In(others)))) => {
                        names.extend(others);
                        Some(Asks::In(names))
                    }
                    ("and", (Some(Asks::In(names)), _) | (_, Some(Asks::In(names)))) => Some(Asks::In(names)),
                    _ => None,
                }
            }
            ("comparison_operator", [one, other]) => {
                let operator = self.source.get(one.end_byte()..other.start_byte())?.split_whitespace().collect::<Vec<_>>().join(" ");
                let is_asked = |node: &Node<'_>| node.kind() == "identifier" && text(*node, self.source) == self.asked;
                let one_name = |node: &Node<'_>| plain_string(*node, self.source).map(|name| vec![name.to_owned()]);
                match (&*operator, is_asked(one), is_asked(other)) {
                    ("==", true, _) => one_name(other).map(Asks::In),
                    ("==", _, true) => one_name(one).map(Asks::In),
                    ("!=", true, _) => one_name(other).map(Asks::NotIn),
                    ("in", true, _) => self.listed(*other).map(Asks::In),
                    ("not in", true, _) => self.listed(*other).map(Asks::NotIn),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The texts of a list, or of the name of one.
    fn listed(&self, node: Node<'_>) -> Option<Vec<String>> {
        let node = match node.kind() {
            "identifier" => (*self.constants.get(text(node, self.source))?)?,
            _ => node,
        };
        texts(node, self.source)
    }
}

/// The texts that a list, a tuple or a set has, or those that a dictionary has as keys, if it has nothing else.
pub(super) fn texts(node: Node<'_>, source: &str) -> Option<Vec<String>> {
    let inner = match node.kind() {
        "list" | "tuple" | "set" | "dictionary" => node,
        "call" if matches!(field(node, "function", source), Some("frozenset" | "set" | "tuple" | "list")) => {
            let arguments = node.child_by_field_name("arguments")?;
            return texts(arguments.named_child(0).filter(|_| arguments.named_child_count() == 1)?, source);
        }
        _ => return None,
    };
    let one = |part: Node<'_>| match part.kind() {
        "pair" => plain_string(part.child_by_field_name("key")?, source),
        _ => plain_string(part, source),
    };
    children(inner).into_iter().filter(|part| part.kind() != "comment").map(|part| one(part).map(str::to_owned)).collect()
}

/// Whether a mention of a list cannot change it, nor hand it to who could: it is bound, asked whether something is in it, or something is taken
/// from it.
fn leaves_as_it_is(name: Node<'_>, above: &[Node<'_>], source: &str) -> bool {
    let Some(around) = above.last() else { return false };
    let is = |part: &str| around.child_by_field_name(part) == Some(name);
    match around.kind() {
        "assignment" => is("left"),
        "comparison_operator" => children(*around).first() != Some(&name),
        // A copy, or how many there are.
        "argument_list" => {
            let call = above.len().checked_sub(2).and_then(|at| above.get(at)).and_then(|call| field(*call, "function", source));
            call.is_some_and(|function| COPYING.contains(&function))
        }
        "binary_operator" | "list_splat" | "dictionary_splat" => true,
        "subscript" => is("value"),
        "attribute" => is("object") && field(*around, "attribute", source).is_some_and(|method| READING.contains(&method)),
        "for_statement" | "for_in_clause" => is("right"),
        "call" => is("function"),
        "parameters" | "keyword_argument" | "import_from_statement" | "dotted_name" => true,
        _ => false,
    }
}

const COPYING: &[&str] = &["list", "sorted", "set", "tuple", "len", "frozenset", "dict", "enumerate", "iter", "repr", "str", "sum"];

/// Methods of lists and dictionaries that leave them as they are.
const READING: &[&str] = &["get", "keys", "values", "items", "copy", "index", "count", "union", "difference", "intersection"];
