//! Python: modules by their paths, names bound anywhere at their top, classes with bases and what their methods set on `self`.

mod class;
mod function;

use std::collections::HashSet;

use tree_sitter::Node;

use super::File;
use crate::symbols::package::{Kind, Open, Package, Reason, Reexport, Symbol};
use crate::symbols::source::tree::{DEPTH, children, field, line, one_line, text, walk};

/// One file's reader.
struct Module<'r, 'a> {
    file: &'r mut File<'a>,
    /// Dotted, without `__init__`.
    name: String,
    is_package: bool,
}

pub(super) fn read(file: &mut File<'_>) {
    let stem = file.path.strip_suffix(".pyi").or_else(|| file.path.strip_suffix(".py")).unwrap_or(file.path);
    let dotted = stem.trim_start_matches("src/").replace("-stubs/", "/").replace('/', ".");
    let is_package = dotted == "__init__" || dotted.ends_with(".__init__");
    let name = dotted.strip_suffix(".__init__").unwrap_or(&dotted).to_owned();
    if name.split('.').any(|part| part.is_empty()) {
        return;
    }
    let root = file.tree.root_node();
    let mut symbol = Symbol::new(name.clone(), Kind::Module);
    symbol.file = file.path.to_owned();
    symbol.line = 1;
    symbol.doc = docstring(root, file.text);
    file.into.symbols.push(symbol);
    if root.has_error() {
        // What stands in the broken part is not known.
        file.into.open.push(Open { path: name.clone(), reason: Reason::Unread, detail: format!("{} has a syntax error", file.path) });
    }
    let mut module = Module { file, name, is_package };
    module.open_by_words();
    let name = module.name.clone();
    for statement in children(root) {
        module.statement(statement, &name, 0);
    }
    module.assigned_elsewhere(root);
}

/// Folders above modules are packages, though no file says so (namespace packages).
pub(super) fn finish(package: &mut Package) {
    let modules: HashSet<String> = package.symbols.iter().filter(|s| s.kind == Kind::Module).map(|s| s.path.clone()).collect();
    let mut above = HashSet::new();
    for module in &modules {
        let mut at = module.as_str();
        while let Some((parent, _)) = at.rsplit_once('.') {
            if !modules.contains(parent) {
                above.insert(parent.to_owned());
            }
            at = parent;
        }
    }
    let mut above: Vec<String> = above.into_iter().collect();
    above.sort();
    for path in above {
        // Another package may put modules of its own into it.
        package.open.push(Open { path: path.clone(), reason: Reason::Unread, detail: "a namespace package".to_owned() });
        package.symbols.push(Symbol::new(path, Kind::Module));
    }
    // A compiled module that a stub describes is known.
    package.open.retain(|open| open.reason != Reason::Native || !modules.contains(&open.path));
    let natives: Vec<String> =
        package.open.iter().filter(|open| open.reason == Reason::Native && !open.path.is_empty()).map(|open| open.path.clone()).collect();
    package.symbols.extend(natives.into_iter().map(|path| Symbol::new(path, Kind::Module)));
}

impl Module<'_, '_> {
    fn source(&self) -> &str {
        self.file.text
    }

    /// Words that let a module make names while it runs.
    fn open_by_words(&mut self) {
        const WRITERS: &[&str] = &[
            "globals()",
            "sys.modules[",
            "exec(",
            "_convert_(",
            "global_enum",
            "vars()[",
            "vars().update",
            "locals()",
            "setattr(sys",
            "lazy_load",
            "attach_stub",
            "lazy.attach",
        ];
        let found = WRITERS.iter().find(|word| self.file.text.contains(**word));
        if let Some(word) = found {
            self.open(self.name.clone(), Reason::Written, word);
        }
    }

    fn open(&mut self, path: String, reason: Reason, detail: &str) {
        self.file.into.open.push(Open { path, reason, detail: detail.chars().take(80).collect() });
    }

    fn statement(&mut self, node: Node<'_>, scope: &str, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match node.kind() {
            "import_statement" => self.import(node, scope),
            "import_from_statement" => self.import_from(node, scope),
            "function_definition" => self.function(node, scope, &[], depth),
            "class_definition" => self.class(node, scope, &[], depth),
            "decorated_definition" => {
                let decorators: Vec<String> =
                    children(node).into_iter().filter(|c| c.kind() == "decorator").map(|c| one_line(text(c, self.source()))).collect();
                match node.child_by_field_name("definition") {
                    Some(inner) if inner.kind() == "class_definition" => self.class(inner, scope, &decorators, depth),
                    Some(inner) => self.function(inner, scope, &decorators, depth),
                    None => {}
                }
            }
            "expression_statement" => {
                for inner in children(node) {
                    self.assignment(inner, scope);
                }
            }
            "type_alias_statement" => {
                if let Some(left) = children(node).first() {
                    self.bind(*left, scope, node, None);
                }
            }
            "for_statement" | "with_statement" | "if_statement" | "try_statement" | "while_statement" | "match_statement" => {
                self.block(node, scope, depth)
            }
            "delete_statement" => {}
            _ => {}
        }
    }

    /// Names bound in any branch are names of the scope.
    fn block(&mut self, node: Node<'_>, scope: &str, depth: usize) {
        if depth > DEPTH {
            return;
        }
        if let Some(left) = node.child_by_field_name("left") {
            self.bind(left, scope, node, None);
        }
        for child in children(node) {
            match child.kind() {
                "block" => children(child).into_iter().for_each(|inner| self.statement(inner, scope, depth + 1)),
                "else_clause"
                | "elif_clause"
                | "except_clause"
                | "except_group_clause"
                | "finally_clause"
                | "case_clause"
                | "with_clause" => self.block(child, scope, depth + 1),
                "with_item" | "as_pattern" => walk(child, |inner| {
                    if inner.kind() == "as_pattern_target" {
                        children(inner).into_iter().for_each(|name| self.bind(name, scope, child, None));
                    }
                    true
                }),
                _ => {}
            }
        }
        walk_named(node, "named_expression", &mut |found| {
            if let Some(name) = found.child_by_field_name("name") {
                self.bind(name, scope, found, None);
            }
        });
    }

    fn import(&mut self, node: Node<'_>, scope: &str) {
        for child in children(node) {
            let (target, name) = match child.kind() {
                "aliased_import" => (field(child, "name", self.source()), field(child, "alias", self.source())),
                _ => (Some(text(child, self.source())), None),
            };
            let Some(target) = target else { continue };
            let target = one_line(target);
            let (name, target) = match name {
                Some(name) => (name.to_owned(), target),
                // `import a.b` binds `a`.
                None => {
                    let first = target.split('.').next().unwrap_or_default().to_owned();
                    (first.clone(), first)
                }
            };
            self.give_on(scope, name, target, None);
        }
    }

    fn import_from(&mut self, node: Node<'_>, scope: &str) {
        let Some(from) = node.child_by_field_name("module_name") else { return };
        let from = self.absolute(&one_line(text(from, self.source())));
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
        if names.is_empty() && children(node).iter().any(|child| child.kind() == "wildcard_import") {
            return self.give_on(scope, "*".to_owned(), from, None);
        }
        for name in names {
            let (target, name) = match name.kind() {
                "aliased_import" => (field(name, "name", self.source()), field(name, "alias", self.source())),
                _ => (Some(text(name, self.source())), Some(text(name, self.source()))),
            };
            if let (Some(target), Some(name)) = (target, name) {
                let (name, target) = (name.to_owned(), target.to_owned());
                self.give_on(scope, name, from.clone(), Some(target));
            }
        }
    }

    fn give_on(&mut self, scope: &str, name: String, target: String, target_name: Option<String>) {
        // `from . import base` in `base`'s own package only names the module that is there anyway.
        let is_itself = target_name.as_ref().is_some_and(|inner| target == scope && *inner == name);
        if !is_itself {
            let public = !name.starts_with('_');
            self.file.into.reexports.push(Reexport { scope: scope.to_owned(), name, target, target_name, public, feature: None });
        }
    }

    /// `..base` seen from this module.
    fn absolute(&self, from: &str) -> String {
        let dots = from.chars().take_while(|c| *c == '.').count();
        if dots == 0 {
            return from.to_owned();
        }
        let mut base: Vec<&str> = self.name.split('.').collect();
        let up = if self.is_package { dots - 1 } else { dots };
        base.truncate(base.len().saturating_sub(up));
        let rest = from[dots..].trim();
        if !rest.is_empty() {
            base.push(rest);
        }
        base.join(".")
    }

    fn assignment(&mut self, node: Node<'_>, scope: &str) {
        if matches!(node.kind(), "assignment" | "augmented_assignment") {
            let Some(left) = node.child_by_field_name("left") else { return };
            if text(left, self.source()) == "__all__" {
                return self.all(node, scope);
            }
            let right = node.child_by_field_name("right");
            self.bind(left, scope, node, node.child_by_field_name("type"));
            if let Some(right) = right.filter(|right| right.kind() == "assignment") {
                self.assignment(right, scope);
            }
        } else if node.kind() == "call" && text(node, self.source()).starts_with("__all__") {
            self.all(node, scope);
        }
    }

    /// `__all__`: the names in it; what is not a plain list of strings leaves it open.
    fn all(&mut self, node: Node<'_>, scope: &str) {
        let path = format!("{scope}.__all__");
        let mut names = Vec::new();
        let mut is_plain = true;
        walk(node, |inner| {
            match inner.kind() {
                "string" => names.push(text(inner, self.file.text).trim_start_matches(['u', 'r']).trim_matches(['"', '\'']).to_owned()),
                "identifier" => is_plain &= text(inner, self.file.text) == "__all__",
                "attribute" => {
                    is_plain &= matches!(text(inner, self.file.text), "__all__.extend" | "__all__.append");
                    return false;
                }
                "list_comprehension" | "for_in_clause" => is_plain = false,
                _ => {}
            }
            true
        });
        if !is_plain {
            self.open(path.clone(), Reason::Exports, "__all__");
        }
        match self.file.into.symbols.iter_mut().rev().find(|symbol| symbol.path == path) {
            Some(symbol) => symbol.bases.extend(names),
            None => {
                let mut symbol = Symbol::new(path, Kind::Variable);
                symbol.bases = names;
                symbol.private = true;
                self.file.into.symbols.push(symbol);
            }
        }
    }

    /// Names on the left of an assignment.
    fn bind(&mut self, left: Node<'_>, scope: &str, whole: Node<'_>, kind: Option<Node<'_>>) {
        match left.kind() {
            "identifier" | "type" => {
                let name = text(left, self.source()).to_owned();
                let is_constant = name.chars().all(|c| c.is_uppercase() || c == '_' || c.is_numeric());
                let mut symbol = Symbol::new(format!("{scope}.{name}"), if is_constant { Kind::Constant } else { Kind::Variable });
                symbol.signature = one_line(text(whole, self.source()).lines().next().unwrap_or_default()).chars().take(160).collect();
                symbol.file = self.file.path.to_owned();
                symbol.line = line(left);
                symbol.gives = kind.map(|kind| one_line(text(kind, self.source())));
                symbol.private = name.starts_with('_');
                self.file.into.symbols.push(symbol);
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" => {
                children(left).into_iter().for_each(|inner| self.bind(inner, scope, whole, None));
            }
            _ => {}
        }
    }

    /// `Kettle.lid = None`, wherever it stands: the attribute is there, though no class body has it.
    fn assigned_elsewhere(&mut self, root: Node<'_>) {
        let mut found: Vec<(String, u32)> = Vec::new();
        let source = self.file.text;
        walk(root, |node| {
            if node.kind() == "assignment"
                && let Some(left) = node.child_by_field_name("left")
                && left.kind() == "attribute"
            {
                let object = field(left, "object", source).unwrap_or_default();
                if object != "self" && object != "cls" && object.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric()) {
                    found.push((format!("{object}.{}", field(left, "attribute", source).unwrap_or_default()), line(left)));
                }
            }
            true
        });
        for (path, line) in found {
            let path = format!("{}.{path}", self.name);
            let mut symbol = Symbol::new(path, Kind::Variable);
            symbol.file = self.file.path.to_owned();
            symbol.line = line;
            symbol.private = true;
            self.file.into.symbols.push(symbol);
        }
    }
}

/// Nodes of a kind among the children's conditions, not inside blocks.
fn walk_named<'t>(node: Node<'t>, kind: &str, found: &mut dyn FnMut(Node<'t>)) {
    walk(node, |inner| {
        if inner.kind() == kind {
            found(inner);
        }
        !matches!(inner.kind(), "block" | "function_definition" | "class_definition" | "lambda")
    });
}

/// The string that begins a body, without its quotes and its indentation.
fn docstring(body: Node<'_>, source: &str) -> String {
    let first = children(body).into_iter().find(|child| child.kind() != "comment");
    let Some(string) = first.filter(|first| first.kind() == "expression_statement").and_then(|first| first.named_child(0)) else {
        return String::new();
    };
    if string.kind() != "string" {
        return String::new();
    }
    let raw = text(string, source).trim_start_matches(['r', 'R', 'u', 'U', 'b']).trim_matches(['"', '\'']);
    let indent =
        raw.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines =
        raw.lines().enumerate().map(|(at, line)| if at == 0 { line.trim() } else { line.get(indent..).unwrap_or_default().trim_end() });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}
