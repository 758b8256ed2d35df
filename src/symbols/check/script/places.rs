//! How code is read before it is judged: where references stand, which lines are excused, what calls load and imports reach.

use tree_sitter::{Node, Tree};

use crate::symbols::package::Language;
use crate::symbols::source::tree;

/// Where a reference stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Where the absence of names is expected: behind a question for them, or told to the checker of types.
    pub is_guarded: bool,
    pub is_called: bool,
    /// It is bound or deleted here rather than read.
    pub is_target: bool,
}

impl Place {
    pub fn of(node: Node<'_>, above: &[Node<'_>], is_excused: bool) -> Self {
        let parent = above.last();
        let is = |name: &str| parent.is_some_and(|above| above.child_by_field_name(name) == Some(node));
        let is_optional = node.child_by_field_name("optional_chain").is_some()
            || parent.is_some_and(|above| {
                above.kind() == "call_expression"
                    && above.child(1).is_some_and(|mark| mark.kind() == "optional_chain" || mark.kind() == "?.")
            });
        let is_asked = match parent.map(Node::kind) {
            Some("unary_expression") => true,
            Some("if_statement" | "ternary_expression" | "while_statement") => is("condition"),
            Some("binary_expression") => true,
            Some("parenthesized_expression") => {
                above.len().checked_sub(2).is_some_and(|at| matches!(above[at].kind(), "if_statement" | "while_statement"))
            }
            _ => false,
        };
        let (is_called, is_target) = match parent.map(Node::kind) {
            Some("call_expression") => (is("function"), false),
            Some("new_expression") => (is("constructor"), false),
            Some("assignment_expression" | "augmented_assignment_expression" | "for_in_statement") => (false, is("left")),
            Some("update_expression") => (false, true),
            _ => (false, false),
        };
        Self { is_guarded: is_excused || is_optional || is_asked, is_called, is_target }
    }
}

/// As what it is said to be, or with elements in angle brackets where only so it can be read.
pub(super) fn parse(code: &str, language: Language) -> Option<Tree> {
    let plain = tree::parse(language, code)?;
    match plain.root_node().has_error() && language == Language::TypeScript {
        true => tree::parse(Language::Tsx, code).filter(|tree| !tree.root_node().has_error()).or(Some(plain)),
        false => Some(plain),
    }
}

/// Lines behind a remark that something on them is wrong.
pub(super) fn excused(code: &str) -> Vec<u32> {
    let is_said = |line: &str| line.contains("@ts-expect-error") || line.contains("@ts-ignore") || line.contains("@ts-nocheck");
    (2_u32..).zip(code.lines()).filter(|(_, line)| is_said(line)).map(|(below, _)| below).collect()
}

/// `import("a")`.
pub(super) fn is_import(node: Node<'_>) -> bool {
    node.kind() == "call_expression" && node.child_by_field_name("function").is_some_and(|function| function.kind() == "import")
}

/// What a call that loads a module names.
pub(super) fn loaded(call: Node<'_>) -> Option<Node<'_>> {
    call.child_by_field_name("arguments")?.named_child(0).filter(|one| one.kind() == "string")
}

/// The package that an import reaches: `a` of `a/b`, `@a/b` of `@a/b/c`.
pub(super) fn root(path: &str) -> &str {
    let slashes = if path.starts_with('@') { 2 } else { 1 };
    &path[..path.match_indices('/').nth(slashes - 1).map_or(path.len(), |(at, _)| at)]
}

/// Whether it could be a package's name at all: bundlers have others of their own.
pub(super) fn is_package(root: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_written = root.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "@/-._".contains(c));
    let named = root.strip_prefix('@').map_or(Some(root), |scoped| scoped.split_once('/').map(|(scope, _)| scope));
    is_written && named.is_some_and(is_name)
}
