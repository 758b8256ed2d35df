//! Go: a package a folder, what begins with a capital letter public, methods under the types that they are declared on.

use tree_sitter::Node;

use super::File;
use super::declared::{Placed, Several, symbol};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{children, field, one_line, text};

struct Package<'r, 'a> {
    file: &'r mut File<'a>,
    path: String,
    /// Below `internal`, where other modules cannot reach it.
    is_internal: bool,
}

pub(super) fn read(file: &mut File<'_>) {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
    let root = file.tree.root_node();
    let items = children(root);
    let clause = items.iter().position(|node| node.kind() == "package_clause");
    let Some((at, clause)) = clause.map(|at| (at, items[at])) else { return };
    // Programs and tests are no part of what others import.
    let is_program = clause.named_child(0).is_some_and(|name| text(name, file.text) == "main");
    if is_program || name.ends_with("_test.go") || folder.split('/').any(|part| part == "testdata") {
        return;
    }
    let path = if folder.is_empty() { file.root.to_owned() } else { format!("{}/{folder}", file.root) };
    let is_internal = folder.split('/').any(|part| part == "internal");
    let placed = Placed { node: clause, before: &items[..at] };
    let mut module = symbol(file, path.clone(), Kind::Module, clause, None, placed.doc(file, MARKS));
    module.private = is_internal;
    // Many files are one package: the one that says something of it is kept, and a first one in any case.
    let known = file.into.symbols.iter_mut().rev().take(LOOKED_BACK).find(|known| known.kind == Kind::Module && known.path == path);
    match known {
        Some(known) if known.doc.is_empty() => *known = module,
        Some(_) => {}
        None => file.add(module),
    }
    if root.has_error() {
        file.open(path.clone(), Reason::Unread, &format!("a syntax error in {}", file.path));
    }
    let mut package = Package { file, path, is_internal };
    for placed in Placed::all(&items) {
        package.item(placed);
    }
}

/// Symbols among which the package's own is looked for: files of a folder are read one after the other. Twice said does no harm.
const LOOKED_BACK: usize = 5_000;

impl Package<'_, '_> {
    fn item(&mut self, placed: Placed<'_, '_>) {
        let node = placed.node;
        match node.kind() {
            "function_declaration" => {
                if let Some(name) = field(node, "name", self.file.text).filter(|name| *name != "init" && *name != "_") {
                    self.keep(placed, &format!("{}.{name}", self.path), Kind::Function, node.child_by_field_name("body"), "");
                }
            }
            "method_declaration" => self.method(placed),
            "type_declaration" | "const_declaration" | "var_declaration" => {
                let word = node.kind().split('_').next().unwrap_or_default();
                self.group(placed, node, word);
            }
            _ => {}
        }
    }

    /// `const A = 1` and `const ( … )`: a lone one is documented above the word, those of a group in it, or else by what is said of the group.
    fn group(&mut self, group: Placed<'_, '_>, list: Node<'_>, word: &str) {
        let specs = children(list);
        let is_lone = specs.iter().filter(|spec| spec.kind() != "comment").count() == 1;
        for spec in Placed::all(&specs) {
            match spec.node.kind() {
                // `var ( … )` has a list of its own.
                "var_spec_list" => self.group(group, spec.node, word),
                "type_spec" | "type_alias" => self.kind(if is_lone { group.within(spec.node) } else { spec }),
                "const_spec" | "var_spec" => {
                    let kind = if word == "const" { Kind::Constant } else { Kind::Variable };
                    let placed = if is_lone { group.within(spec.node) } else { spec };
                    let mut cursor = spec.node.walk();
                    let names: Vec<_> = spec.node.children_by_field_name("name", &mut cursor).collect();
                    let scope = self.path.clone();
                    self.keep_each(placed, &scope, &names, kind, word);
                }
                _ => {}
            }
        }
    }

    fn kind(&mut self, placed: Placed<'_, '_>) {
        let node = placed.node;
        let (Some(name), Some(shape)) = (field(node, "name", self.file.text), node.child_by_field_name("type")) else { return };
        let path = format!("{}.{name}", self.path);
        let kind = match shape.kind() {
            "struct_type" => Kind::Struct,
            "interface_type" => Kind::Interface,
            _ => Kind::Type,
        };
        let members = match shape.kind() {
            "struct_type" => shape.named_child(0).filter(|list| list.kind() == "field_declaration_list").map(children).unwrap_or_default(),
            "interface_type" => children(shape),
            _ => Vec::new(),
        };
        let body = (kind != Kind::Type).then(|| shape.child(1)).flatten();
        let at = self.file.into.symbols.len();
        self.keep(placed, &path, kind, body, "type");
        let mut bases = Vec::new();
        for member in Placed::all(&members) {
            match member.node.kind() {
                "method_elem" => {
                    if let Some(name) = field(member.node, "name", self.file.text) {
                        self.keep(member, &format!("{path}.{name}"), Kind::Method, None, "");
                    }
                }
                "type_elem" => bases.push(one_line(text(member.node, self.file.text))),
                "field_declaration" => {
                    let mut cursor = member.node.walk();
                    let names: Vec<_> = member.node.children_by_field_name("name", &mut cursor).collect();
                    if names.is_empty() {
                        // What is embedded gives its members on, and is a field of its own name.
                        bases.extend(field(member.node, "type", self.file.text).map(one_line));
                    }
                    self.keep_each(member, &path, &names, Kind::Field, "");
                }
                _ => {}
            }
        }
        if let Some(kept) = self.file.into.symbols.get_mut(at).filter(|kept| kept.path == path) {
            kept.bases = bases;
        }
    }

    fn method(&mut self, placed: Placed<'_, '_>) {
        let node = placed.node;
        let (Some(name), Some(receiver)) = (field(node, "name", self.file.text), field(node, "receiver", self.file.text)) else { return };
        // `(t *T[K])`, `(T)`.
        let inside = receiver.trim_matches(['(', ')']);
        let of = inside.split('[').next().unwrap_or_default().rsplit([' ', '*', '\t']).next().unwrap_or_default();
        if !of.is_empty() {
            self.keep(placed, &format!("{}.{of}.{name}", self.path), Kind::Method, node.child_by_field_name("body"), "");
        }
    }

    fn keep(&mut self, placed: Placed<'_, '_>, path: &str, kind: Kind, body: Option<Node<'_>>, word: &str) {
        let kept = self.declared(placed, path.to_owned(), kind, body, word);
        self.add(kept);
    }

    /// The names of one declaration.
    fn keep_each(&mut self, placed: Placed<'_, '_>, scope: &str, names: &[Node<'_>], kind: Kind, word: &str) {
        let mut several = Several::new(self.declared(placed, String::new(), kind, None, word));
        for name in names.iter().map(|name| text(*name, self.file.text)).filter(|name| *name != "_") {
            self.add(several.next(format!("{scope}.{name}")));
        }
    }

    fn declared(&self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>, word: &str) -> Symbol {
        let doc = placed.doc(self.file, MARKS);
        let mut kept = symbol(self.file, path, kind, placed.node, body, doc);
        if !word.is_empty() {
            kept.signature = format!("{word} {}", kept.signature);
        }
        kept
    }

    fn add(&mut self, mut kept: Symbol) {
        let path = kept.path.as_str();
        let names = path.strip_prefix(self.path.as_str()).unwrap_or(path).split('.').filter(|name| !name.is_empty());
        let is_public = names.into_iter().all(|name| name.starts_with(char::is_uppercase));
        kept.private = self.is_internal || !is_public;
        self.file.add(kept);
    }
}

/// Every comment directly above a declaration is its documentation (go.dev/doc/comment).
const MARKS: &[&str] = &["//", "/*"];
