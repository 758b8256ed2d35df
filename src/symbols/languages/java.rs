//! Java: a package by its own word, types within types, what is `public` or `protected` for others.

use tree_sitter::Node;

use super::File;
use super::declared::{Placed, Several, symbol};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{DEPTH, children, field, one_line, text, walk};

struct Unit<'r, 'a> {
    file: &'r mut File<'a>,
}

pub(super) fn read(file: &mut File<'_>) {
    let root = file.tree.root_node();
    let items = children(root);
    let package = items
        .iter()
        .find(|node| node.kind() == "package_declaration")
        .and_then(|node| children(*node).into_iter().find(|name| matches!(name.kind(), "identifier" | "scoped_identifier")));
    let package = package.map_or_else(String::new, |name| one_line(text(name, file.text)));
    if root.has_error() {
        file.open(package.clone(), Reason::Unread, &format!("a syntax error in {}", file.path));
    }
    if !package.is_empty() && !file.into.symbols.iter().rev().take(MODULES).any(|known| known.path == package) {
        file.add(Symbol::new(package.clone(), Kind::Module));
    }
    let mut unit = Unit { file };
    for placed in Placed::all(&items) {
        unit.member(placed, &package, Public::Said, 0);
    }
}

/// Symbols that are looked back at for the package's own: a file behind the other is mostly of the same. Twice said does no harm.
const MODULES: usize = 2_000;

/// What makes a member public.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Public {
    /// Its own word.
    Said,
    /// Where it stands: in an interface.
    Always,
    /// What it stands in is none.
    Never,
}

impl Unit<'_, '_> {
    fn member(&mut self, placed: Placed<'_, '_>, scope: &str, public: Public, depth: usize) {
        if depth > DEPTH {
            return self.file.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let node = placed.node;
        let kind = match node.kind() {
            "class_declaration" => Kind::Class,
            "record_declaration" => Kind::Class,
            "interface_declaration" | "annotation_type_declaration" => Kind::Interface,
            "enum_declaration" => Kind::Enum,
            "method_declaration" | "annotation_type_element_declaration" => Kind::Method,
            "constructor_declaration" | "compact_constructor_declaration" => Kind::Constructor,
            "enum_constant" => Kind::Variant,
            "field_declaration" | "constant_declaration" => return self.fields(placed, scope, public),
            "enum_body_declarations" => {
                let members = children(node);
                return Placed::all(&members).for_each(|member| self.member(member, scope, public, depth + 1));
            }
            _ => return,
        };
        let Some(name) = field(node, "name", self.file.text) else { return };
        let path = join(scope, name);
        let body = node.child_by_field_name("body");
        let public = self.keep(placed, path.clone(), kind, body, public);
        if kind == Kind::Method || kind == Kind::Constructor || kind == Kind::Variant {
            return;
        }
        if node.kind() == "record_declaration" {
            self.components(node, &path, public);
        }
        let inside = match (kind, public) {
            (_, Public::Never) => Public::Never,
            (Kind::Interface, _) => Public::Always,
            _ => Public::Said,
        };
        let members = body.map(children).unwrap_or_default();
        for member in Placed::all(&members) {
            let inside = if member.node.kind() == "enum_constant" && inside != Public::Never { Public::Always } else { inside };
            self.member(member, &path, inside, depth + 1);
        }
    }

    /// Each component of a record is read by a method of its name.
    fn components(&mut self, node: Node<'_>, scope: &str, public: Public) {
        let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        for placed in Placed::all(&parameters).filter(|placed| placed.node.kind() == "formal_parameter") {
            if let Some(name) = field(placed.node, "name", self.file.text) {
                let path = join(scope, name);
                self.keep(placed, path, Kind::Method, None, if public == Public::Never { Public::Never } else { Public::Always });
            }
        }
    }

    fn fields(&mut self, placed: Placed<'_, '_>, scope: &str, public: Public) {
        let mut cursor = placed.node.walk();
        let names: Vec<_> = placed.node.children_by_field_name("declarator", &mut cursor).collect();
        let is_constant = placed.node.kind() == "constant_declaration" || self.modifiers(placed.node).contains("final");
        let kind = if is_constant { Kind::Constant } else { Kind::Field };
        let declared = self.declared(placed, String::new(), kind, None, public);
        let is_private = declared.private;
        let mut several = Several::new(declared);
        for name in names.into_iter().filter_map(|one| field(one, "name", self.file.text)) {
            let mut kept = several.next(join(scope, name));
            kept.private = is_private;
            self.file.add(kept);
        }
    }

    fn modifiers(&self, node: Node<'_>) -> &str {
        children(node).first().filter(|first| first.kind() == "modifiers").map_or("", |first| text(*first, self.file.text))
    }

    /// Keeps a declaration; whether what stands in it can be public.
    fn keep(&mut self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>, public: Public) -> Public {
        let kept = self.declared(placed, path, kind, body, public);
        let public = if kept.private { Public::Never } else { public };
        self.file.add(kept);
        public
    }

    fn declared(&self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>, public: Public) -> Symbol {
        let doc = placed.doc(self.file, &["/**"]);
        let mut kept = symbol(self.file, path, kind, placed.node, body, doc);
        let modifiers = self.modifiers(placed.node);
        let said = ["public", "protected"].iter().any(|word| modifiers.split_whitespace().any(|one| one == *word));
        let is_public = match public {
            Public::Said => said,
            Public::Always => !modifiers.split_whitespace().any(|word| word == "private"),
            Public::Never => false,
        };
        if modifiers.contains("@Deprecated") && kept.deprecated.is_none() {
            kept.deprecated = Some(String::new());
        }
        let end = kept.signature.trim_end_matches([';', ' ']).len();
        kept.signature.truncate(end);
        for part in ["superclass", "interfaces"] {
            if let Some(bases) = placed.node.child_by_field_name(part) {
                kept.bases.extend(self.types(bases));
            }
        }
        if let Some(extended) = children(placed.node).into_iter().find(|child| child.kind() == "extends_interfaces") {
            kept.bases.extend(self.types(extended));
        }
        kept.private = !is_public;
        kept
    }

    /// The types that are named, without what they are made of.
    fn types(&self, node: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        walk(node, |inner| {
            let is_type = matches!(inner.kind(), "type_identifier" | "scoped_type_identifier");
            if is_type {
                found.push(one_line(text(inner, self.file.text)));
            }
            !is_type && inner.kind() != "type_arguments"
        });
        found
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}
