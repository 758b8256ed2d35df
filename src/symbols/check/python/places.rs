//! Where references stand: what is around each of them, gathered from the top down in one walk.

use std::collections::HashMap;

use tree_sitter::Node;

use crate::symbols::source::tree::{Seen, children, field, text, walk_within};

/// What is to be known of where an attribute, a call or an import stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Where the absence of names is expected: in `try`, behind a question for a version.
    pub is_guarded: bool,
    pub is_called: bool,
    /// It is bound or deleted here rather than read.
    pub is_target: bool,
}

/// Imports, attributes and calls of what is understood, in the order of the text.
pub(super) struct Places<'t> {
    pub nodes: Vec<Node<'t>>,
    /// By the nodes' ids; those that stand in broken statements are not in it.
    places: HashMap<usize, Place>,
    pub seen: Seen,
}

/// What a node says of all that stands in it.
#[derive(Clone, Copy)]
struct State {
    is_guarded: bool,
    guards: Guards,
    /// Whether the innermost simple statement is broken; none outside of one.
    broken: Option<bool>,
}

#[derive(Clone, Copy)]
enum Guards {
    Nothing,
    All,
    /// The child of this id.
    Child(usize),
}

impl<'t> Places<'t> {
    pub(super) fn of(root: Node<'t>, source: &str) -> Self {
        let mut nodes = Vec::new();
        let mut places = HashMap::new();
        let mut states: Vec<State> = Vec::new();
        let seen = walk_within(root, |node, above| {
            if node.is_error() {
                return false;
            }
            states.truncate(above.len());
            let state = State::of(node, states.last(), source);
            states.push(state);
            let is_meant = matches!(node.kind(), "import_statement" | "import_from_statement" | "attribute" | "call");
            if is_meant && !state.broken.unwrap_or_else(|| node.has_error()) {
                places.insert(node.id(), Place::of(node, above, state.is_guarded));
                nodes.push(node);
            }
            true
        });
        Self { nodes, places, seen }
    }

    pub(super) fn at(&self, node: Node<'_>) -> Option<Place> {
        self.places.get(&node.id()).copied()
    }
}

impl State {
    fn of(node: Node<'_>, above: Option<&Self>, source: &str) -> Self {
        let is_guarded = above.is_some_and(|above| {
            above.is_guarded
                || match above.guards {
                    Guards::Nothing => false,
                    Guards::All => true,
                    Guards::Child(id) => id == node.id(),
                }
        });
        let kind = node.kind();
        let is_compound = matches!(kind, "if_statement" | "for_statement" | "while_statement" | "with_statement" | "try_statement");
        // In what is not understood nothing is accused.
        let own = (above.is_some() && kind.ends_with("statement") && !is_compound).then(|| node.has_error());
        Self { is_guarded, guards: Guards::of(node, source), broken: own.or(above.and_then(|above| above.broken)) }
    }
}

impl Guards {
    fn of(node: Node<'_>, source: &str) -> Self {
        let says = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        let all = |is_guard: bool| if is_guard { Self::All } else { Self::Nothing };
        match node.kind() {
            "try_statement" => match node.child_by_field_name("body") {
                Some(body) if !tells_versions(node, body, source) => Self::Child(body.id()),
                _ => Self::All,
            },
            "with_statement" => {
                let clause = children(node).first().map(|clause| text(*clause, source)).unwrap_or_default();
                all(says(clause, &["raises", "Raises", "suppress", "warns", "catch"]))
            }
            "if_statement" | "elif_clause" => all(asks_version(field(node, "condition", source).unwrap_or_default())),
            // `a if condition else b`
            "conditional_expression" => all(node.named_child(1).is_some_and(|condition| asks_version(text(condition, source)))),
            "call" => {
                let function = node.child_by_field_name("function");
                let name = function.map(|function| field(function, "attribute", source).unwrap_or(text(function, source)));
                all(name.is_some_and(|name| says(name, &["raises", "Raises"])))
            }
            "decorated_definition" => {
                let mut decorators = children(node).into_iter().filter(|part| part.kind() == "decorator");
                let words = ["xfail", "skipif", "skipunless", "expectedfailure"];
                all(decorators.any(|decorator| says(&text(decorator, source).to_lowercase(), &words)))
            }
            _ => Self::Nothing,
        }
    }
}

/// Whether what stands behind `except` is for another version than what stands in `try`.
fn tells_versions(node: Node<'_>, body: Node<'_>, source: &str) -> bool {
    let is_import = |node: &Node<'_>| matches!(node.kind(), "import_statement" | "import_from_statement");
    let has_imports = children(body).iter().any(is_import);
    let mut handlers = children(node).into_iter().filter(|part| part.kind() == "except_clause");
    let is_meant = |handler: Node<'_>| {
        let parts = children(handler);
        let kinds = parts.first().filter(|first| first.kind() != "block").map(|first| text(*first, source));
        let Some(kinds) = kinds else { return has_imports };
        ["ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "TypeError"].iter().any(|of| kinds.contains(of))
            || has_imports && kinds.contains("Exception")
    };
    handlers.any(is_meant)
}

/// Whether a condition asks what is there, or which version of something.
fn asks_version(condition: &str) -> bool {
    let lower = condition.to_lowercase();
    let is_numbered = lower.match_indices("_v").any(|(at, _)| lower[at + 2..].starts_with(|c: char| c.is_ascii_digit()));
    let is_told = ["hasattr", "version", "type_checking", "py2", "py3", "compat"].iter().any(|word| lower.contains(word));
    // A name that says what is there, and no call that finds something out.
    let has_something = ["has_", "have_"].iter().any(|word| lower.contains(word)) && !lower.contains('(');
    is_numbered || is_told || has_something
}

impl Place {
    fn of(node: Node<'_>, above: &[Node<'_>], is_guarded: bool) -> Self {
        let parent = above.last();
        let is = |name: &str| parent.is_some_and(|above| above.child_by_field_name(name) == Some(node));
        let further = above.len().checked_sub(2).and_then(|at| above.get(at)).map(Node::kind);
        let (is_called, is_target) = match parent.map(Node::kind) {
            Some("call") => (is("function"), false),
            Some("assignment" | "augmented_assignment" | "for_statement") => (false, !is("right")),
            Some("delete_statement" | "pattern_list") => (false, true),
            Some("expression_list" | "tuple") => (false, further == Some("delete_statement")),
            _ => (false, false),
        };
        Self { is_guarded, is_called, is_target }
    }
}
