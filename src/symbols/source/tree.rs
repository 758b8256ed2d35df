//! Syntax trees by tree-sitter: parsed within a budget of work, and read without recursion where depth is foreign.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use crate::symbols::package::Language;

/// How deep a reader follows a tree: code of people is far from it, and the stack holds it.
pub(in crate::symbols) const DEPTH: usize = 120;

/// The tree of a text; none where the parser needs more than a few hundred steps a byte, as it does for texts made to that end.
pub(in crate::symbols) fn parse(language: Language, text: &str) -> Option<Tree> {
    let grammar = match language {
        Language::Rust => tree_sitter_rust::LANGUAGE,
        Language::Python => tree_sitter_python::LANGUAGE,
        // Its grammar reads what JavaScript is, elements in angle brackets too.
        Language::JavaScript | Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX,
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        Language::Go => tree_sitter_go::LANGUAGE,
        Language::Java => tree_sitter_java::LANGUAGE,
        Language::C => tree_sitter_c::LANGUAGE,
        Language::Cpp => tree_sitter_cpp::LANGUAGE,
    };
    let mut parser = Parser::new();
    parser.set_language(&grammar.into()).ok()?;
    // It is called every 100 operations.
    let mut calls = 2_000 + text.len();
    let mut progress = |_: &ParseState| match calls.checked_sub(1) {
        Some(left) => {
            calls = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let bytes = text.as_bytes();
    let mut chunk = |at: usize, _| bytes.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut chunk, None, Some(ParseOptions::new().progress_callback(&mut progress)))
}

/// What a node covers.
pub(in crate::symbols) fn text<'t>(node: Node<'_>, source: &'t str) -> &'t str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The line of a node, from 1.
pub(in crate::symbols) fn line(node: Node<'_>) -> u32 {
    u32::try_from(node.start_position().row).map_or(u32::MAX, |row| row.saturating_add(1))
}

/// The named children, without walking past more than there are. In Python a backslash at the end of a line stands among them.
pub(in crate::symbols) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "line_continuation").collect()
}

/// A field's text.
pub(in crate::symbols) fn field<'t>(node: Node<'_>, name: &str, source: &'t str) -> Option<&'t str> {
    node.child_by_field_name(name).map(|child| text(child, source))
}

/// Every node below one, itself included, in the order of the text. What lies deeper than people write is passed over.
pub(in crate::symbols) fn walk<'t>(top: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) -> Seen {
    walk_within(top, |node, _| visit(node))
}

/// Whether a walk saw everything that it was to go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::symbols) enum Seen {
    All,
    /// Something lies deeper than is followed.
    Part,
}

/// The same, with what each node stands in, from the top down. To ask a node for its parent or for the sibling before it costs as much as
/// there are siblings, so that a wide file would take the square of its width.
pub(in crate::symbols) fn walk_within<'t>(top: Node<'t>, mut visit: impl FnMut(Node<'t>, &[Node<'t>]) -> bool) -> Seen {
    let mut cursor = top.walk();
    let mut above: Vec<Node<'t>> = Vec::new();
    let mut seen = Seen::All;
    loop {
        let node = cursor.node();
        if visit(node, &above) && node.child_count() > 0 {
            if above.len() < 2 * DEPTH && cursor.goto_first_child() {
                above.push(node);
                continue;
            }
            seen = Seen::Part;
        }
        loop {
            if above.is_empty() {
                return seen;
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return seen;
            }
            above.pop();
        }
    }
}

/// From a declaration's beginning to its body, on one line.
pub(in crate::symbols) fn signature(node: Node<'_>, body: Option<Node<'_>>, source: &str) -> String {
    let end = body.map_or(node.end_byte(), |body| body.start_byte());
    one_line(source.get(node.start_byte()..end.max(node.start_byte())).unwrap_or_default())
}

/// Bytes of a text that is read as one line.
const LINE: usize = 2_000;

/// White space joined, of the first [`LINE`] bytes.
pub(in crate::symbols) fn one_line(text: &str) -> String {
    let end = (0..=text.len().min(LINE)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let mut line = String::new();
    for word in text[..end].split_whitespace() {
        if !line.is_empty() && !line.ends_with('(') && !word.starts_with([')', ',']) {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.replace(",)", ")")
}
