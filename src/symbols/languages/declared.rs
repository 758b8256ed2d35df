//! What readers keep of a declaration, whatever the language: where it stands, how it reads, what is said of it.

use tree_sitter::Node;

use super::{File, comments};
use crate::symbols::package::{Kind, Symbol};
use crate::symbols::source::tree::{line, signature};

/// A node among its siblings: the comments above it are read from those before it.
#[derive(Clone, Copy)]
pub(super) struct Placed<'t, 'n> {
    pub node: Node<'t>,
    pub before: &'n [Node<'t>],
}

impl<'t, 'n> Placed<'t, 'n> {
    /// All of a list, each with those before it.
    pub(super) fn all(nodes: &'n [Node<'t>]) -> impl Iterator<Item = Placed<'t, 'n>> {
        nodes.iter().enumerate().map(|(at, node)| Placed { node: *node, before: &nodes[..at] })
    }

    /// What stands within this one and is documented by what stands before it.
    pub(super) fn within(self, node: Node<'t>) -> Self {
        Self { node, ..self }
    }

    pub(super) fn doc(self, file: &File<'_>, marks: &[&str]) -> String {
        comments::above(self.node, self.before, file.text, marks)
    }
}

/// A symbol as declared: its signature ends where its body begins.
pub(super) fn symbol(file: &File<'_>, path: String, kind: Kind, node: Node<'_>, body: Option<Node<'_>>, doc: String) -> Symbol {
    let mut symbol = Symbol::new(path, kind);
    symbol.signature = signature(node, body, file.text);
    symbol.file = file.path.to_owned();
    symbol.line = line(node);
    symbol.deprecated = deprecated(&doc);
    symbol.doc = doc;
    symbol
}

/// `@deprecated use b` of JSDoc, Javadoc and Doxygen, `Deprecated: use b` of Go.
fn deprecated(doc: &str) -> Option<String> {
    let said = |line: &str| {
        let line = line.trim_start();
        ["@deprecated", "\\deprecated", "Deprecated:"].iter().find_map(|mark| line.strip_prefix(mark)).map(|rest| rest.trim().to_owned())
    };
    doc.lines().find_map(said)
}

/// What several names of one declaration share. The first has its documentation, the others its first sentence: what is said once is not
/// kept as often as there are names.
pub(super) struct Several {
    first: Option<Symbol>,
    rest: Symbol,
}

impl Several {
    pub(super) fn new(first: Symbol) -> Self {
        let mut rest =
            Symbol { doc: first.summary(), signature: first.signature.chars().take(200).collect(), ..Symbol::new("", first.kind) };
        rest.file.clone_from(&first.file);
        rest.line = first.line;
        rest.deprecated = first.deprecated.as_ref().map(|said| said.chars().take(200).collect());
        Self { first: Some(first), rest }
    }

    pub(super) fn next(&mut self, path: String) -> Symbol {
        Symbol { path, ..self.first.take().unwrap_or_else(|| self.rest.clone()) }
    }
}
