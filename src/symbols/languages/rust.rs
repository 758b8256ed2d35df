//! Rust: modules by files and `mod`, items, impl blocks brought home to their types, `use` with its trees.

mod home;
mod item;
mod macros;

use tree_sitter::Node;

use super::{File, PATH, View, comments};
use crate::symbols::package::{Kind, Package, Reason, Reexport, Symbol};
use crate::symbols::source::tree::{self, DEPTH, Seen, children, field, line, one_line, text};

use item::Said;

/// One file's reader; a macro's inside is read by another on the same package.
struct Items<'r, 'a> {
    file: &'r mut File<'a>,
    source: &'r str,
    /// Lines before `source` in the file.
    line_offset: u32,
    /// How many macros stand around.
    macros: usize,
}

/// What stands around an item.
#[derive(Clone, Debug, Default)]
struct Around {
    /// The condition of a module or macro around it.
    feature: Option<String>,
    /// What a trait offers is as public as the trait.
    in_trait: bool,
}

pub(super) fn read(file: &mut File<'_>) {
    let Some(module) = module_of(file.root, file.path, file.view) else { return };
    let source = file.text;
    let root = file.tree.root_node();
    let mut symbol = Symbol::new(module.clone(), Kind::Module);
    symbol.file = file.path.to_owned();
    symbol.line = 1;
    symbol.doc = inner_doc(root, source);
    // The file says what the module holds; that it is there, and for whom, is said by `mod` above it.
    symbol.private = module != file.root;
    file.add(symbol);
    if root.has_error() {
        file.open(module.clone(), Reason::Unread, &format!("a syntax error in {}", file.path));
    }
    // Whoever reads it from within knows its macros: only what is included is not there.
    if source.contains("OUT_DIR") && (file.view == View::Outside || calls(source, "include!")) {
        file.open(String::new(), Reason::Generated, "OUT_DIR");
    }
    if ["paste!", "concat_idents!", "format_ident!"].iter().any(|word| calls(source, word)) || makes_names(source) {
        file.open(String::new(), Reason::Macro, "names are pasted together");
    }
    let mut items = Items { file, source, line_offset: 0, macros: 0 };
    items.all(root, &module, &Around::default(), 0);
}

pub(super) fn finish(package: &mut Package, root: &str) {
    home::bring(package, root);
}

/// Whether a macro is called anywhere, and not only spoken of.
fn calls(source: &str, name: &str) -> bool {
    source.match_indices(name).any(|(at, _)| source[at + name.len()..].trim_start_matches(' ').starts_with(['(', '[', '{']))
}

/// Whether code of a derive or attribute makes names of other names: `Ident::new(&format!("as_{name}"), span)`.
fn makes_names(source: &str) -> bool {
    const CASES: [&str; 8] = [
        "to_snake_case",
        "to_pascal_case",
        "to_upper_camel_case",
        "to_lower_camel_case",
        "to_shouty_snake_case",
        "to_case(",
        "to_lowercase()",
        "to_ascii_lowercase()",
    ];
    // Names that begin with an underscore are for nobody, and what is one name as it stands is no other.
    let is_name = |text: &str| {
        let is_part = |c: char| matches!(c, '_' | '{' | '}') || c.is_alphanumeric();
        let gaps = text.matches('{').count();
        let is_one = gaps == 1 && text.starts_with('{') && text.ends_with('}');
        gaps > 0 && !is_one && !text.starts_with('_') && text.chars().all(is_part)
    };
    let mut texts = source.match_indices("format!(\"").filter_map(|(at, open)| source[at + open.len()..].split('"').next());
    source.contains("Ident::new(") && (texts.any(is_name) || CASES.iter().any(|word| source.contains(word)))
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are `root::a::b`. Programs, tests and examples beside the library are no part of it; the program whose
/// modules stand among the library's is, seen from within.
pub(super) fn module_of(root: &str, path: &str, view: View) -> Option<String> {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let beside = ["bin/", "tests/", "examples/", "benches/"].iter().any(|folder| inside.starts_with(folder) || path.starts_with(folder));
    let is_program = path == "src/main.rs";
    if beside || path == "build.rs" || is_program && view == View::Outside {
        return None;
    }
    let stem = inside.strip_suffix(".rs")?;
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if is_program || stem == "lib" || stem == "mod" {
        return Some(root.to_owned());
    }
    Some(format!("{root}::{}", stem.replace('/', "::")))
}

impl Items<'_, '_> {
    fn all(&mut self, parent: Node<'_>, scope: &str, around: &Around, depth: usize) {
        if depth > DEPTH {
            return self.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let items = children(parent);
        for (at, node) in items.iter().copied().enumerate() {
            if !node.kind().ends_with("comment") && !node.kind().ends_with("attribute_item") {
                self.item(node, &items[..at], scope, around, depth);
            }
        }
    }

    fn item(&mut self, node: Node<'_>, before: &[Node<'_>], scope: &str, around: &Around, depth: usize) {
        let kind = match node.kind() {
            "mod_item" => return self.module(node, before, scope, around, depth),
            "use_declaration" => return self.uses(node, before, scope, around),
            "extern_crate_declaration" => return self.extern_crate(node, scope),
            "impl_item" => return self.implementation(node, before, scope, around, depth),
            "const_item" if field(node, "name", self.source) == Some("_") => return self.impls(node, scope, around, depth),
            "foreign_mod_item" => {
                return node.child_by_field_name("body").into_iter().for_each(|body| self.all(body, scope, around, depth + 1));
            }
            "macro_invocation" => return self.invocation(node, scope, around, depth),
            "expression_statement" => {
                return children(node)
                    .into_iter()
                    .filter(|c| c.kind() == "macro_invocation")
                    .for_each(|c| self.invocation(c, scope, around, depth));
            }
            "struct_item" => Kind::Struct,
            "enum_item" => Kind::Enum,
            "union_item" => Kind::Union,
            "trait_item" => Kind::Trait,
            "function_item" | "function_signature_item" => Kind::Function,
            "const_item" => Kind::Constant,
            "static_item" => Kind::Variable,
            "type_item" | "associated_type" => Kind::Type,
            "macro_definition" => Kind::Macro,
            _ => return,
        };
        self.declare(node, before, scope, kind, around, depth);
        if kind == Kind::Function {
            self.impls(node, scope, around, depth);
        }
    }

    /// Impl blocks within a function or a constant's value: they count outside of it.
    fn impls(&mut self, node: Node<'_>, scope: &str, around: &Around, depth: usize) {
        let body = node.child_by_field_name("body").or_else(|| node.child_by_field_name("value")).filter(|body| body.kind() == "block");
        let Some(body) = body.filter(|body| text(*body, self.source).contains("impl")) else { return };
        if depth > DEPTH {
            return self.open(scope.to_owned(), Reason::Unread, "nested too deep");
        }
        let items = children(body);
        for (at, inner) in items.iter().copied().enumerate() {
            match inner.kind() {
                "impl_item" => self.implementation(inner, &items[..at], scope, around, depth + 1),
                "const_item" | "function_item" => self.impls(inner, scope, around, depth + 1),
                _ => {}
            }
        }
    }

    fn module(&mut self, node: Node<'_>, before: &[Node<'_>], scope: &str, around: &Around, depth: usize) {
        let Some(name) = field(node, "name", self.source) else { return };
        let said = self.attributes(before);
        if self.is_hidden(&said) {
            return;
        }
        let path = format!("{scope}::{name}");
        let mut symbol = Symbol::new(path.clone(), Kind::Module);
        self.place(&mut symbol, node);
        symbol.signature = format!("mod {name}");
        symbol.doc = self.doc(node, before);
        symbol.private = !is_public(node, self.source);
        symbol.feature = said.feature.clone().or_else(|| around.feature.clone());
        symbol.deprecated = said.deprecated;
        let inside = Around { feature: symbol.feature.clone(), in_trait: false };
        self.file.add(symbol);
        if said.has_path {
            self.open(path.clone(), Reason::Unread, "a path of its own");
        }
        if let Some(attribute) = said.unknown {
            self.open(path.clone(), Reason::Decorated, &attribute);
            self.open(scope.to_owned(), Reason::Decorated, &attribute);
        }
        if let Some(body) = node.child_by_field_name("body") {
            self.all(body, &path, &inside, depth + 1);
        }
    }

    fn uses(&mut self, node: Node<'_>, before: &[Node<'_>], scope: &str, around: &Around) {
        let public = is_public(node, self.source);
        let feature = self.attributes(before).feature.or_else(|| around.feature.clone());
        let Some(argument) = node.child_by_field_name("argument") else { return };
        let mut found = Vec::new();
        if use_tree(argument, "", self.source, &mut found, 0) == Seen::Part {
            self.open(scope.to_owned(), Reason::Unread, "a use of too many names");
        }
        for (path, name) in found {
            let (target, target_name) = match (name.as_str(), path.rsplit_once("::")) {
                ("*", _) => (path, None),
                (_, Some((target, last))) => (target.to_owned(), Some(last.to_owned())),
                (_, None) => (path, None),
            };
            if name != "_" {
                let feature = feature.clone();
                self.file.give_on(Reexport { scope: scope.to_owned(), name, target, target_name, public, feature });
            }
        }
    }

    fn extern_crate(&mut self, node: Node<'_>, scope: &str) {
        let Some(target) = field(node, "name", self.source) else { return };
        let name = field(node, "alias", self.source).unwrap_or(target);
        let public = is_public(node, self.source);
        let target = if target == "self" { self.file.root } else { target };
        self.file.give_on(Reexport {
            scope: scope.to_owned(),
            name: name.to_owned(),
            target: target.to_owned(),
            target_name: None,
            public,
            feature: None,
        });
    }

    /// A macro among items makes items: those that stand in it as they are (`feature! { mod x; }`) are read, others leave the scope open.
    fn invocation(&mut self, node: Node<'_>, scope: &str, around: &Around, depth: usize) {
        let name = field(node, "macro", self.source).unwrap_or_default().to_owned();
        let Some(inside) = children(node).into_iter().find(|child| child.kind() == "token_tree") else { return };
        if name == "include" || name == "include_str" {
            self.open(String::new(), Reason::Generated, "include!");
        }
        if matches!(
            name.as_str(),
            "compile_error" | "assert" | "const_assert" | "const_assert_eq" | "static_assertions" | "assert_impl_all"
        ) {
            return;
        }
        let made = format!("{name}!");
        // The types that this one makes have members besides, and nothing stands beside them that is not written.
        let is_pinned = name.rsplit("::").next() == Some("pin_project");
        let whole = text(inside, self.source);
        self.may_name(whole);
        // A type named in it may get members.
        let mut named = std::collections::HashSet::new();
        crate::symbols::package::words(
            &whole[..(0..=whole.len().min(20_000)).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0)],
            &mut named,
        );
        for word in named.into_iter().filter(|word| word.starts_with(char::is_uppercase)) {
            self.open(format!("{scope}::{word}"), Reason::Macro, &made);
        }
        let inner = whole.get(1..whole.len().saturating_sub(1)).unwrap_or_default();
        let is_read = self.macros < 3 && ITEM_WORDS.iter().any(|word| inner.contains(word));
        let tree = is_read.then(|| tree::parse(crate::symbols::package::Language::Rust, inner)).flatten();
        match &tree {
            Some(tree) if !tree.root_node().has_error() => {
                if !is_pinned {
                    self.open(scope.to_owned(), Reason::Macro, &made);
                }
            }
            // Whatever it does with that.
            _ => self.open(scope.to_owned(), Reason::Macro, &format!("{made}, not all of which is understood")),
        }
        let Some(tree) = tree else { return };
        let offset = self.line_offset + line(inside) - 1;
        let feature = around.feature.clone();
        let mut nested = Items { source: inner, line_offset: offset, macros: self.macros + 1, file: self.file };
        nested.all(tree.root_node(), scope, &Around { feature, in_trait: false }, depth + 1);
    }

    /// Tests are for nobody outside.
    fn is_hidden(&self, said: &Said) -> bool {
        said.is_test && self.file.view == View::Outside
    }

    /// What a macro may make of what stands in it are names of whoever sees it from within.
    fn may_name(&mut self, whole: &str) {
        if self.file.view == View::Within {
            crate::symbols::package::words(whole, &mut self.file.into.words);
        }
    }

    fn open(&mut self, path: String, reason: Reason, detail: &str) {
        self.file.open(path, reason, detail);
    }

    fn place(&self, symbol: &mut Symbol, node: Node<'_>) {
        symbol.file = self.file.path.to_owned();
        symbol.line = line(node) + self.line_offset;
    }

    fn doc(&self, node: Node<'_>, before: &[Node<'_>]) -> String {
        comments::above(node, before, self.source, &["///", "/**"])
    }
}

const ITEM_WORDS: &[&str] = &["pub ", "fn ", "struct ", "mod ", "enum ", "trait ", "impl ", "use "];

/// `//!` at a file's beginning.
fn inner_doc(root: Node<'_>, source: &str) -> String {
    let lines = children(root).into_iter().take_while(|node| node.kind().ends_with("comment") || node.kind() == "inner_attribute_item");
    let docs = lines.map(|node| text(node, source)).filter(|text| text.starts_with("//!") || text.starts_with("/*!"));
    docs.map(comments::plain).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// `pub` without a restriction.
fn is_public(node: Node<'_>, source: &str) -> bool {
    children(node).iter().any(|child| child.kind() == "visibility_modifier" && text(*child, source) == "pub")
}

/// Every path of a `use`, and the name it gets: at most 5,000, and none that is longer than a line.
pub(in crate::symbols) fn use_tree(node: Node<'_>, before: &str, source: &str, found: &mut Vec<(String, String)>, depth: usize) -> Seen {
    if depth > DEPTH || found.len() > 5_000 || before.len() > PATH {
        return Seen::Part;
    }
    let mut seen = Seen::All;
    // A path that was cut off leads elsewhere.
    let mut give = |path: String, name: String| {
        let fits = path.len() <= PATH && name.len() <= PATH;
        if fits {
            found.push((path, name));
        }
        if fits { Seen::All } else { Seen::Part }
    };
    let under = |path: &str| if before.is_empty() { path.to_owned() } else { format!("{before}::{path}") };
    match node.kind() {
        "use_list" => {
            for child in children(node) {
                if use_tree(child, before, source, found, depth + 1) == Seen::Part {
                    seen = Seen::Part;
                }
            }
        }
        "scoped_use_list" => {
            let path = field(node, "path", source).map(one_line).map_or(before.to_owned(), |path| under(&path));
            if let Some(list) = node.child_by_field_name("list") {
                seen = use_tree(list, &path, source, found, depth + 1);
            }
        }
        "use_wildcard" => {
            let path = node.named_child(0).map(|path| under(&one_line(text(path, source)))).unwrap_or_else(|| before.to_owned());
            seen = give(path, "*".to_owned());
        }
        "use_as_clause" => {
            if let (Some(path), Some(name)) = (field(node, "path", source), field(node, "alias", source)) {
                let path = if path == "self" { before.to_owned() } else { under(&one_line(path)) };
                seen = give(path, name.to_owned());
            }
        }
        "self" => seen = give(before.to_owned(), before.rsplit("::").next().unwrap_or(before).to_owned()),
        "identifier" | "scoped_identifier" | "crate" | "metavariable" => {
            let path = under(&one_line(text(node, source)));
            let name = path.rsplit("::").next().unwrap_or(&path).to_owned();
            seen = give(path, name);
        }
        _ => {}
    }
    seen
}
