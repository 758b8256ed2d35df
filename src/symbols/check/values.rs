//! What the expressions of a piece of code are, as a pass over it finds out: each is asked once, and none that lies too deep.

use std::collections::HashMap;

use tree_sitter::Node;

/// Expressions within expressions that are followed.
const DEEPEST: usize = 100;

/// Told values by the nodes' ids.
#[derive(Debug, Default)]
pub(super) struct Values<V> {
    known: HashMap<usize, V>,
    depth: usize,
}

impl<V: Copy + Default> Values<V> {
    /// What an expression is, found out by `ask` where it is not known yet. While it is asked it is nothing: one that leads to itself ends.
    pub(super) fn of<'t, P>(pass: &mut P, values: fn(&mut P) -> &mut Self, node: Node<'t>, ask: impl FnOnce(&mut P) -> V) -> V {
        let all = values(pass);
        if let Some(known) = all.known(node) {
            return known;
        }
        if all.depth > DEEPEST {
            return V::default();
        }
        all.depth += 1;
        all.tell(node, V::default());
        let value = ask(pass);
        let all = values(pass);
        all.depth -= 1;
        all.tell(node, value);
        value
    }

    pub(super) fn known(&self, node: Node<'_>) -> Option<V> {
        self.known.get(&node.id()).copied()
    }

    pub(super) fn tell(&mut self, node: Node<'_>, value: V) {
        self.known.insert(node.id(), value);
    }
}
