//! C and C++: functions, types, macros and what namespaces and classes hold. A header has no module: its names stand as they are, below
//! their namespaces.

use tree_sitter::Node;

use super::File;
use super::declared::{Placed, Several, symbol};
use crate::symbols::package::{Kind, Reason, Symbol};
use crate::symbols::source::tree::{DEPTH, children, field, one_line, text, walk};

struct Unit<'r, 'a> {
    file: &'r mut File<'a>,
}

/// Where a declaration stands.
#[derive(Clone, Copy)]
struct Around<'s> {
    scope: &'s str,
    in_class: bool,
    private: bool,
}

pub(super) fn read(file: &mut File<'_>) {
    let root = file.tree.root_node();
    if root.has_error() {
        file.open(String::new(), Reason::Unread, &format!("macros or a syntax error in {}", file.path));
    }
    Unit { file }.all(root, Around { scope: "", in_class: false, private: false }, 0);
}

impl Unit<'_, '_> {
    fn all(&mut self, list: Node<'_>, around: Around<'_>, depth: usize) {
        if depth > DEPTH {
            return self.file.open(around.scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let items = children(list);
        let mut around = around;
        for placed in Placed::all(&items) {
            if placed.node.kind() == "access_specifier" {
                around.private = text(placed.node, self.file.text).starts_with("private");
                continue;
            }
            self.item(placed, around, depth);
        }
    }

    fn item(&mut self, placed: Placed<'_, '_>, around: Around<'_>, depth: usize) {
        let node = placed.node;
        match node.kind() {
            "preproc_ifdef" | "preproc_if" | "preproc_else" | "preproc_elif" | "preproc_elifdef" | "declaration_list" => {
                self.all(node, around, depth + 1);
            }
            "linkage_specification" => match node.child_by_field_name("body") {
                Some(body) if body.kind() == "declaration_list" => self.all(body, around, depth + 1),
                Some(body) => self.item(placed.within(body), around, depth + 1),
                None => {}
            },
            "template_declaration" => {
                if let Some(inner) = children(node).into_iter().rev().find(|child| child.kind() != "comment") {
                    self.item(placed.within(inner), around, depth + 1);
                }
            }
            "namespace_definition" => self.namespace(placed, around, depth),
            "preproc_def" | "preproc_function_def" => {
                let is_guard = node.kind() == "preproc_def" && node.child_by_field_name("value").is_none();
                if let Some(name) = field(node, "name", self.file.text).filter(|_| !is_guard) {
                    let until = node.child_by_field_name("value").filter(|_| node.kind() == "preproc_function_def");
                    self.keep(placed, name.to_owned(), Kind::Macro, until, around);
                }
            }
            "struct_specifier" | "class_specifier" | "union_specifier" | "enum_specifier" => {
                self.kind(placed, node, None, around, depth);
            }
            "type_definition" => {
                let inner = node.child_by_field_name("type");
                let alias = node.child_by_field_name("declarator").and_then(|declarator| self.name(declarator));
                let has_body = inner.is_some_and(|inner| inner.child_by_field_name("body").is_some());
                match (inner, alias) {
                    (Some(inner), alias) if has_body => {
                        let is_named = inner.child_by_field_name("name").is_some();
                        self.kind(placed, inner, alias.clone(), around, depth);
                        if let Some(alias) = alias.filter(|_| is_named) {
                            self.keep(placed, join(around.scope, &alias), Kind::Type, inner.child_by_field_name("body"), around);
                        }
                    }
                    (_, Some(alias)) => self.keep(placed, join(around.scope, &alias), Kind::Type, None, around),
                    _ => {}
                }
            }
            "alias_declaration" => {
                if let Some(name) = field(node, "name", self.file.text) {
                    self.keep(placed, join(around.scope, name), Kind::Type, None, around);
                }
            }
            "function_definition" | "declaration" | "field_declaration" => self.declaration(placed, around, depth),
            _ => {}
        }
    }

    fn namespace(&mut self, placed: Placed<'_, '_>, around: Around<'_>, depth: usize) {
        let node = placed.node;
        let body = node.child_by_field_name("body");
        let name = field(node, "name", self.file.text).map(one_line);
        // What has no name is for this file alone.
        let scope = name.as_deref().map_or_else(|| around.scope.to_owned(), |name| join(around.scope, name));
        let private = around.private || name.is_none();
        if name.is_some() {
            self.keep(placed, scope.clone(), Kind::Module, body, around);
        }
        if let Some(body) = body {
            self.all(body, Around { scope: &scope, in_class: false, private }, depth + 1);
        }
    }

    /// A struct, class, union or enumeration with its members; `alias` names one that has no name of its own.
    fn kind(&mut self, placed: Placed<'_, '_>, node: Node<'_>, alias: Option<String>, around: Around<'_>, depth: usize) {
        let Some(body) = node.child_by_field_name("body") else { return };
        let kind = match node.kind() {
            "class_specifier" => Kind::Class,
            "union_specifier" => Kind::Union,
            "enum_specifier" => Kind::Enum,
            _ => Kind::Struct,
        };
        let name = field(node, "name", self.file.text).map(one_line).or(alias);
        let path = name.as_deref().map(|name| join(around.scope, name));
        let source = self.file.text;
        if let Some(path) = &path {
            let at = self.file.into.symbols.len();
            self.keep(placed.within(node), path.clone(), kind, Some(body), around);
            if let Some(kept) = self.file.into.symbols.get_mut(at).filter(|kept| kept.path == *path) {
                for clause in children(node).into_iter().filter(|child| child.kind() == "base_class_clause") {
                    walk(clause, |inner| {
                        let is_base = matches!(inner.kind(), "type_identifier" | "qualified_identifier");
                        if is_base {
                            kept.bases.push(one_line(text(inner, source)));
                        }
                        !is_base && inner.kind() != "template_argument_list"
                    });
                }
            }
        }
        if kind == Kind::Enum {
            // Those of a plain enumeration are names of the scope around it.
            let is_scoped = text(node, source).split_whitespace().nth(1).is_some_and(|word| word == "class" || word == "struct");
            let scope = path.as_deref().filter(|_| is_scoped).unwrap_or(around.scope);
            let variants = children(body);
            for variant in Placed::all(&variants).filter(|variant| variant.node.kind() == "enumerator") {
                if let Some(name) = field(variant.node, "name", source) {
                    self.keep(variant, join(scope, name), Kind::Variant, None, around);
                }
            }
            return;
        }
        let scope = path.as_deref().unwrap_or(around.scope);
        let private = around.private || kind == Kind::Class;
        self.all(body, Around { scope, in_class: true, private }, depth + 1);
    }

    fn declaration(&mut self, placed: Placed<'_, '_>, around: Around<'_>, depth: usize) {
        let node = placed.node;
        if let Some(inner) = node.child_by_field_name("type").filter(|inner| inner.child_by_field_name("body").is_some()) {
            self.kind(placed, inner, None, around, depth + 1);
        }
        let source = self.file.text;
        let is_static = children(node).iter().any(|word| word.kind() == "storage_class_specifier" && text(*word, source) == "static");
        let around = Around { private: around.private || (is_static && !around.in_class), ..around };
        let mut cursor = node.walk();
        let declarators: Vec<_> = node.children_by_field_name("declarator", &mut cursor).collect();
        let body = node.child_by_field_name("body");
        let mut several = Several::new(self.declared(placed, String::new(), Kind::Variable, body, around));
        for declarator in declarators {
            let Some(name) = self.name(declarator) else { continue };
            // `K<int>::outside` is defined apart from its class.
            let path = join(around.scope, &without_arguments(&name));
            let own = last(around.scope);
            let kind = match (is_function(declarator), around.in_class) {
                (true, true) if name == own => Kind::Constructor,
                (true, true) => Kind::Method,
                (true, false) if name.contains("::") => Kind::Method,
                (true, false) => Kind::Function,
                (false, true) => Kind::Field,
                (false, false) => Kind::Variable,
            };
            let kept = several.next(path);
            self.file.add(Symbol { kind, private: around.private, ..kept });
        }
    }

    /// The name within a declarator: `*(*name)(int)[3]`.
    fn name(&self, declarator: Node<'_>) -> Option<String> {
        let mut at = declarator;
        for _ in 0..DEPTH {
            match at.kind() {
                "identifier" | "field_identifier" | "type_identifier" | "destructor_name" | "operator_name" | "qualified_identifier" => {
                    return Some(one_line(text(at, self.file.text)));
                }
                _ => at = at.child_by_field_name("declarator").or_else(|| children(at).into_iter().find(|child| is_declarator(*child)))?,
            }
        }
        None
    }

    fn keep(&mut self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>, around: Around<'_>) {
        let kept = self.declared(placed, path, kind, body, around);
        self.file.add(kept);
    }

    fn declared(&self, placed: Placed<'_, '_>, path: String, kind: Kind, body: Option<Node<'_>>, around: Around<'_>) -> Symbol {
        let doc = placed.doc(self.file, &["/**", "/*!", "///", "//!", "/*", "//"]);
        let mut kept = symbol(self.file, path, kind, placed.node, body, doc);
        kept.private = around.private;
        let end = kept.signature.trim_end_matches([';', ' ']).len();
        kept.signature.truncate(end);
        kept
    }
}

fn is_declarator(node: Node<'_>) -> bool {
    node.kind().ends_with("declarator") || matches!(node.kind(), "identifier" | "field_identifier" | "type_identifier")
}

/// Whether a declarator's outermost layer is a function: `*f(int)` is one, `(*f)(int)` is a pointer to one.
fn is_function(declarator: Node<'_>) -> bool {
    let mut at = declarator;
    for _ in 0..DEPTH {
        match at.kind() {
            "function_declarator" => {
                return at.child_by_field_name("declarator").is_none_or(|inner| inner.kind() != "parenthesized_declarator");
            }
            "pointer_declarator" => match at.child_by_field_name("declarator") {
                Some(inner) => at = inner,
                None => return false,
            },
            "reference_declarator" => match children(at).into_iter().find(|child| is_declarator(*child)) {
                Some(inner) => at = inner,
                None => return false,
            },
            _ => return false,
        }
    }
    false
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}::{name}") }
}

fn last(scope: &str) -> &str {
    scope.rsplit("::").next().unwrap_or(scope)
}

/// `K<int>::outside` is a member of `K`.
fn without_arguments(name: &str) -> String {
    let mut depth = 0_usize;
    let is_operator = name.contains("operator");
    name.chars()
        .filter(|c| match c {
            _ if is_operator => true,
            '<' => {
                depth += 1;
                false
            }
            '>' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}
