//! Python: modules by their paths, names bound anywhere at their top, classes with bases and what their methods set on `self`.

mod answers;
mod class;
mod function;
mod written;

use std::collections::{HashMap, HashSet};

use tree_sitter::Node;

use self::answers::ANSWERS;
use super::File;
use crate::symbols::package::{Kind, Open, Package, Reason, Reexport, Symbol};
use crate::symbols::source::tree::{DEPTH, Seen, children, field, line, one_line, text, walk, walk_within};

/// One file's reader.
struct Module<'r, 'a> {
    file: &'r mut File<'a>,
    /// Dotted, without `__init__`.
    name: String,
    is_package: bool,
    /// Where the rows of `__all__` stand, by their paths.
    all: HashMap<String, usize>,
}

pub(super) fn read(file: &mut File<'_>) {
    let Some((name, is_package)) = module_of(file.path) else { return };
    let root = file.tree.root_node();
    let mut symbol = Symbol::new(name.clone(), Kind::Module);
    symbol.file = file.path.to_owned();
    symbol.line = 1;
    symbol.doc = docstring(root, file.text);
    file.add(symbol);
    if root.has_error() {
        // What stands in the broken part is not known.
        file.open(name.clone(), Reason::Unread, &format!("a syntax error in {}", file.path));
    }
    let (symbols, given) = (file.into.symbols.len(), file.into.reexports.len());
    let mut module = Module { file, name, is_package, all: HashMap::new() };
    module.open_by_words();
    let name = module.name.clone();
    for statement in children(root) {
        module.statement(statement, &name, 0);
    }
    module.open_by_answers(root, symbols, given);
    module.open_by_calls(root, symbols);
    module.assigned_elsewhere(root);
}

/// The module that a file is, dotted and without `__init__`, and whether it is a package.
pub(super) fn module_of(path: &str) -> Option<(String, bool)> {
    let stem = path.strip_suffix(".pyi").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
    let dotted = stem.trim_start_matches("src/").replace("-stubs/", "/").replace('/', ".");
    let is_package = dotted == "__init__" || dotted.ends_with(".__init__");
    let name = dotted.strip_suffix(".__init__").unwrap_or(&dotted);
    name.split('.').all(|part| !part.is_empty()).then(|| (name.to_owned(), is_package))
}

/// Why a package of Python is open into which others may put modules.
pub(in crate::symbols) const SHARED: &str = "a namespace package";

/// What is said of classes in other modules than their own is brought to them.
fn bring_home(package: &mut Package) {
    let given: HashMap<(&str, &str), String> = (package.reexports.iter())
        .filter_map(|given| {
            Some(((given.scope.as_str(), given.name.as_str()), format!("{}.{}", given.target, given.target_name.as_ref()?)))
        })
        .collect();
    let defined: HashSet<String> = package
        .symbols
        .iter()
        .filter(|symbol| matches!(symbol.kind, Kind::Module | Kind::Class))
        .map(|symbol| symbol.path.clone())
        .collect();
    let home = |path: &str| {
        let mut at = path.to_owned();
        for _ in 0..8 {
            if defined.contains(&at) {
                break;
            }
            let Some(next) = at.rsplit_once('.').and_then(|key| given.get(&key)).cloned() else { break };
            at = next;
        }
        at
    };
    for symbol in package.symbols.iter_mut().filter(|symbol| symbol.kind == Kind::Variable && symbol.written_in.is_some()) {
        symbol.written_in = None;
        if let Some((class, name)) = symbol.path.rsplit_once('.') {
            symbol.path = format!("{}.{name}", home(class));
        }
    }
    let mut modules: HashSet<String> = HashSet::new();
    for open in package.open.iter_mut().filter(|open| open.reason == Reason::Written) {
        open.path = home(&open.path);
        // What a function writes into may be of any class that it stands beside.
        let module = open.path.rsplit_once('.').filter(|_| open.detail == SET && !defined.contains(&open.path));
        modules.extend(module.map(|(module, _)| module.to_owned()));
    }
    let of_modules =
        |symbol: &&Symbol| symbol.kind == Kind::Class && symbol.path.rsplit_once('.').is_some_and(|(module, _)| modules.contains(module));
    let classes: Vec<String> = package.symbols.iter().filter(of_modules).map(|symbol| symbol.path.clone()).collect();
    package.open.extend(classes.into_iter().map(|path| Open { path, reason: Reason::Written, detail: SET.to_owned() }));
}

/// The function that sets an attribute by its name as a text.
const SET: &str = "setattr";

/// Folders above modules are packages, though no file says so (namespace packages).
pub(super) fn finish(package: &mut Package) {
    written::exported(package);
    bring_home(package);
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
        package.open.push(Open { path: path.clone(), reason: Reason::Unread, detail: SHARED.to_owned() });
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
            "_convert_(",
            "global_enum",
            "setattr(sys",
            "lazy_load",
            "attach_stub",
            "lazy.attach",
            // The module itself is handed to what writes into it.
            "find_current_module(",
            "inspect.getmodule(",
            "import_module(__name__)",
            "modules.get(__name__",
            "modules[__name__",
        ];
        const PATHS: &[&str] = &["__path__ =", "__path__ +=", "__path__.", "extend_path(", "declare_namespace(", "sys.meta_path"];
        if PATHS.iter().any(|word| self.file.text.contains(word)) {
            self.open(self.name.clone(), Reason::Unread, SHARED);
        }
        let found = WRITERS.iter().find(|word| self.file.text.contains(**word));
        if let Some(word) = found {
            self.open(self.name.clone(), Reason::Written, word);
        }
    }

    /// A module whose `__getattr__` answers names (PEP 562), wherever that comes from.
    fn open_by_answers(&mut self, root: Node<'_>, symbols: usize, given: usize) {
        let path = format!("{}.{ANSWERS}", self.name);
        let package = &self.file.into;
        let is_given = |given: &Reexport| given.name == ANSWERS && given.scope == self.name;
        let is_elsewhere = package.reexports[given..].iter().any(is_given);
        let count = package.symbols[symbols..].iter().filter(|symbol| symbol.path == path).count();
        if count == 0 && !is_elsewhere {
            return;
        }
        // More of them than functions: one is given to the name.
        match answers::answered(root, self.file.text).filter(|(functions, _)| *functions == count && !is_elsewhere) {
            Some((_, names)) => names.into_iter().for_each(|name| self.open(format!("{path}.{name}"), Reason::Dynamic, ANSWERS)),
            None => self.open(self.name.clone(), Reason::Dynamic, ANSWERS),
        }
    }

    fn open(&mut self, path: String, reason: Reason, detail: &str) {
        self.file.open(path, reason, detail);
    }

    fn statement(&mut self, node: Node<'_>, scope: &str, depth: usize) {
        if depth > DEPTH {
            return self.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        match node.kind() {
            "import_statement" => self.import(node, scope),
            "import_from_statement" => self.import_from(node, scope),
            "function_definition" => self.function(node, scope, &[]),
            "class_definition" => self.class(node, scope, &[], depth),
            "decorated_definition" => {
                let decorators: Vec<String> =
                    children(node).into_iter().filter(|c| c.kind() == "decorator").map(|c| one_line(text(c, self.source()))).collect();
                match node.child_by_field_name("definition") {
                    Some(inner) if inner.kind() == "class_definition" => self.class(inner, scope, &decorators, depth),
                    Some(inner) => self.function(inner, scope, &decorators),
                    None => {}
                }
            }
            "expression_statement" => {
                for inner in children(node) {
                    self.assignment(inner, scope);
                }
                self.named(node, scope);
            }
            "assert_statement" => self.named(node, scope),
            "case_clause" => self.block(node, scope, depth),
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
            return self.open(scope.to_owned(), Reason::Unread, "nested too deep");
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
                "with_item" | "as_pattern" => {
                    walk(child, |inner| {
                        if inner.kind() == "as_pattern_target" {
                            children(inner).into_iter().for_each(|name| self.bind(name, scope, child, None));
                        }
                        true
                    });
                }
                "case_pattern" => self.captured(child, scope),
                _ => {}
            }
        }
        self.named(node, scope);
    }

    /// `m := 3` within a statement.
    fn named(&mut self, node: Node<'_>, scope: &str) {
        walk_named(node, "named_expression", &mut |found| {
            if let Some(name) = found.child_by_field_name("name") {
                self.bind(name, scope, found, None);
            }
        });
    }

    /// What a pattern of `case` gives names: single ones that are not a class's.
    fn captured(&mut self, pattern: Node<'_>, scope: &str) {
        let mut found = Vec::new();
        walk_within(pattern, |node, above| {
            let above = above.last().map(Node::kind);
            let is_one = match node.kind() {
                "dotted_name" => node.named_child_count() == 1 && above != Some("class_pattern"),
                "identifier" => matches!(above, Some("as_pattern" | "splat_pattern")),
                _ => false,
            };
            if is_one {
                found.push(node);
            }
            true
        });
        found.into_iter().for_each(|name| self.bind_one(name, scope, &begins(text(pattern, self.file.text)), None));
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
        let from = absolute(&self.name, self.is_package, &one_line(text(from, self.source())));
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
            self.file.give_on(Reexport { scope: scope.to_owned(), name, target, target_name, public, feature: None });
        }
    }

    fn assignment(&mut self, node: Node<'_>, scope: &str) {
        if node.kind() == "call" && text(node, self.source()).starts_with("__all__") {
            return self.all(node, scope);
        }
        // `a = b = 1` stands in the tree as one within the other.
        let mut at = Some(node);
        while let Some(node) = at.filter(|node| matches!(node.kind(), "assignment" | "augmented_assignment")) {
            let Some(left) = node.child_by_field_name("left") else { return };
            if text(left, self.source()) == "__all__" {
                return self.all(node, scope);
            }
            self.bind(left, scope, node, node.child_by_field_name("type"));
            at = node.child_by_field_name("right");
        }
    }

    /// `__all__`: the names in it; what is not a plain list of strings leaves it open.
    fn all(&mut self, node: Node<'_>, scope: &str) {
        let path = format!("{scope}.__all__");
        let mut names = Vec::new();
        let mut is_plain = true;
        let seen = walk(node, |inner| {
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
        if !is_plain || seen == Seen::Part {
            self.open(path.clone(), Reason::Exports, "__all__");
        }
        match self.all.get(&path).and_then(|at| self.file.into.symbols.get_mut(*at)) {
            Some(symbol) => symbol.bases.extend(names),
            None => {
                self.all.insert(path.clone(), self.file.into.symbols.len());
                let mut symbol = Symbol::new(path, Kind::Variable);
                symbol.bases = names;
                symbol.private = true;
                self.file.add(symbol);
            }
        }
    }

    /// Names on the left of an assignment.
    fn bind(&mut self, left: Node<'_>, scope: &str, whole: Node<'_>, kind: Option<Node<'_>>) {
        let is_one = matches!(left.kind(), "identifier" | "type");
        let whole = begins(text(whole, self.source()));
        let mut names = Vec::new();
        let seen = walk(left, |inner| {
            if inner.kind() == "identifier" || (is_one && inner == left) {
                names.push(inner);
            }
            (inner != left || !is_one) && is_pattern(inner.kind())
        });
        if seen == Seen::Part {
            self.open(scope.to_owned(), Reason::Unread, "a pattern that is too deep");
        }
        for name in names {
            self.bind_one(name, scope, &whole, kind.filter(|_| is_one));
        }
    }

    fn bind_one(&mut self, left: Node<'_>, scope: &str, whole: &str, kind: Option<Node<'_>>) {
        // `type Pair[T] = …` binds `Pair`.
        let name = text(left, self.source()).split('[').next().unwrap_or_default().trim().to_owned();
        let mut symbol = self.bound(&name, scope, left);
        symbol.signature = whole.to_owned();
        symbol.gives = kind.map(|kind| one_line(text(kind, self.source())));
        self.file.add(symbol);
    }

    /// A name that something gives to a scope.
    fn bound(&self, name: &str, scope: &str, at: Node<'_>) -> Symbol {
        let is_constant = name.chars().all(|c| c.is_uppercase() || c == '_' || c.is_numeric());
        let mut symbol = Symbol::new(format!("{scope}.{name}"), if is_constant { Kind::Constant } else { Kind::Variable });
        symbol.file = self.file.path.to_owned();
        symbol.line = line(at);
        symbol.private = name.starts_with('_');
        symbol
    }

    /// `Kettle.lid = None`, wherever it stands: the attribute is there, though no class body has it.
    fn assigned_elsewhere(&mut self, root: Node<'_>) {
        let mut found: Vec<(String, u32)> = Vec::new();
        let mut written: Vec<&str> = Vec::new();
        let source = self.file.text;
        let seen = walk_within(root, |node, above| {
            let in_class = || above.iter().any(|above| above.kind() == "class_definition");
            // What methods set on their receivers is known with them.
            let is_told = |object: &str| {
                let is_plain = object.chars().all(|c| c == '_' || c == '.' || c.is_alphanumeric());
                is_plain && !(matches!(object, "self" | "cls") && in_class())
            };
            if let ("assignment", Some(left)) = (node.kind(), node.child_by_field_name("left")) {
                walk(left, |inner| {
                    if let ("attribute", Some(object)) = (inner.kind(), field(inner, "object", source))
                        && is_told(object)
                    {
                        found.push((format!("{object}.{}", field(inner, "attribute", source).unwrap_or_default()), line(inner)));
                    }
                    is_pattern(inner.kind())
                });
            }
            if node.kind() == "call"
                && field(node, "function", source) == Some(SET)
                && let Some(arguments) = node.child_by_field_name("arguments")
                && let Some(object) = arguments.named_child(0).filter(|object| matches!(object.kind(), "identifier" | "attribute"))
                && let object = text(object, source)
                && is_told(object)
            {
                match arguments.named_child(1).and_then(|name| plain_string(name, source)) {
                    Some(name) => found.push((format!("{object}.{name}"), line(node))),
                    None => written.push(object),
                }
            }
            true
        });
        if seen == Seen::Part {
            self.open(self.name.clone(), Reason::Unread, "nested too deep");
        }
        for object in written {
            self.open(format!("{}.{object}", self.name), Reason::Written, SET);
        }
        for (path, line) in found {
            let path = format!("{}.{path}", self.name);
            let mut symbol = Symbol::new(path, Kind::Variable);
            symbol.file = self.file.path.to_owned();
            symbol.line = line;
            symbol.private = true;
            // The class may come from another module, which is known when all are read.
            symbol.written_in = Some(self.name.clone());
            self.file.add(symbol);
        }
    }
}

/// A name between quotes, and nothing else.
fn plain_string<'s>(node: Node<'_>, source: &'s str) -> Option<&'s str> {
    plain_path(node, source).filter(|path| !path.contains('.'))
}

/// The path of a module between quotes.
fn plain_path<'s>(node: Node<'_>, source: &'s str) -> Option<&'s str> {
    let path = text(node, source).trim_matches(['"', '\'']);
    let is_path = path.split('.').all(|name| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric()));
    (node.kind() == "string" && is_path).then_some(path)
}

/// `..base` seen from a module.
pub(in crate::symbols) fn absolute(module: &str, is_package: bool, from: &str) -> String {
    let dots = from.chars().take_while(|c| *c == '.').count();
    if dots == 0 {
        return from.to_owned();
    }
    let mut base: Vec<&str> = module.split('.').collect();
    let up = if is_package { dots - 1 } else { dots };
    base.truncate(base.len().saturating_sub(up));
    let rest = from[dots..].trim();
    if !rest.is_empty() {
        base.push(rest);
    }
    base.join(".")
}

/// Patterns that hold names which they bind.
pub(in crate::symbols) fn is_pattern(kind: &str) -> bool {
    matches!(kind, "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" | "as_pattern_target" | "tuple" | "list")
        || kind == "parenthesized_expression"
}

/// The first line of a statement, as far as it is shown.
fn begins(text: &str) -> String {
    // 160 characters are at most 640 bytes.
    let end = (0..=text.len().min(640)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    one_line(text[..end].lines().next().unwrap_or_default()).chars().take(160).collect()
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
