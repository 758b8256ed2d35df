//! Rust: paths walked segment by segment from a crate in reach; methods of values that come from one.

mod paths;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use tree_sitter::Node;

use super::values::Values;
use super::verdicts::{Reference, Value, Verdicts};
use crate::symbols::languages::{PATH, use_tree};
use crate::symbols::package::{Kind, Language};
use crate::symbols::reach::{Look, Reach, Thing, parent};
use crate::symbols::source::tree::{self, Seen, field, line, text, walk, walk_within};

use paths::{first, is_of_language, is_relative};

/// Scopes that are looked into for a name that nothing else binds.
const MOST_STARS: usize = 50;

struct Pass<'v, 'a, 't> {
    verdicts: &'v mut Verdicts<'a>,
    source: &'t str,
    /// What `use` binds: each name's path; none where there are several.
    uses: HashMap<String, Option<String>>,
    /// Crates that `use` gives another name, or takes all names of.
    renamed: HashSet<String>,
    /// Names of items that the code itself has: where one is imported too, each holds in a place of its own.
    items: HashSet<&'t str>,
    /// Names that traits of the code have, or its implementations of traits.
    functions: HashSet<&'t str>,
    /// Scopes all of whose names are imported, each once.
    stars: Vec<String>,
    /// What names lead to through stars, as they were asked for.
    starred: HashMap<String, Option<String>>,
    /// Nodes of statements that are understood, by their ids, with the modules within the code that they stand in, as in `::tests`; none
    /// where that is too long a name.
    sound: HashMap<usize, Option<Rc<str>>>,
    /// `let` with a plain name: where, and what it is made from.
    lets: HashMap<&'t str, Vec<(usize, Option<Node<'t>>)>>,
    values: Values<Value<'a>>,
}

pub(super) fn check(code: &str, verdicts: &mut Verdicts<'_>) {
    let source = readable(code);
    let Some(tree) = tree::parse(Language::Rust, &source) else { return };
    let root = tree.root_node();
    let reach = verdicts.reach;
    verdicts.home = verdicts.home.filter(|home| is_declared(reach, &home.module));
    let mut pass = Pass {
        verdicts,
        source: &source,
        uses: HashMap::new(),
        renamed: HashSet::new(),
        items: HashSet::new(),
        functions: HashSet::new(),
        stars: Vec::new(),
        starred: HashMap::new(),
        sound: HashMap::new(),
        lets: HashMap::new(),
        values: Values::default(),
    };
    let mut nodes = Vec::new();
    let mut has_broken_use = false;
    // Whether the innermost statement around each node above is broken; none outside of one.
    let mut broken: Vec<Option<bool>> = Vec::new();
    // The modules within the code that what stands in each node above is in.
    let mut modules: Vec<Option<Rc<str>>> = Vec::new();
    let seen = walk_within(root, |node, above| {
        modules.truncate(above.len());
        let module = modules.last().cloned().unwrap_or_else(|| Some(Rc::from("")));
        pass.see(node, module.as_deref());
        pass.declare(node, above);
        if node.is_error() {
            return false;
        }
        let below = match node.kind() {
            "mod_item" => module.as_deref().and_then(|module| inner(module, field(node, "name", &source)?)),
            _ => module.clone(),
        };
        modules.push(below);
        broken.truncate(above.len());
        let is_statement = matches!(node.kind(), "expression_statement" | "let_declaration" | "use_declaration");
        let is_broken = if is_statement { Some(node.has_error()) } else { broken.last().copied().flatten() };
        broken.push(is_broken);
        let is_path = matches!(node.kind(), "scoped_identifier" | "scoped_type_identifier");
        let is_outer = is_path
            && !above.last().is_some_and(|above| above.kind().starts_with("scoped_") && above.child_by_field_name("path") == Some(node));
        let is_call = node.kind() == "call_expression";
        has_broken_use |= node.kind() == "use_declaration" && node.has_error();
        // In what is not understood nothing is accused.
        if (is_path || is_call || node.kind() == "use_declaration") && !is_broken.unwrap_or_else(|| node.has_error()) {
            pass.sound.insert(node.id(), module);
            let is_method = is_call && node.child_by_field_name("function").is_some_and(|f| f.kind() == "field_expression");
            if is_outer || is_method || node.kind() == "use_declaration" {
                nodes.push(node);
            }
        }
        // Paths in `use` are read with it; what macros take is not code yet.
        !matches!(node.kind(), "use_declaration" | "token_tree" | "attribute_item" | "macro_definition" | "visibility_modifier")
    });
    if seen == Seen::Part {
        // A name may be bound where nobody looked.
        return;
    }
    // Which traits are in scope is known before a method is looked for.
    let (uses, others): (Vec<Node<'_>>, Vec<Node<'_>>) = nodes.into_iter().partition(|node| node.kind() == "use_declaration");
    // What stands in macros is not read as code, and may bring some as well.
    let is_told = !has_broken_use && !pass.verdicts.defined.contains("use");
    pass.verdicts.traits = is_told.then(BTreeSet::new);
    for node in uses {
        if pass.verdicts.is_full() {
            return;
        }
        pass.used(node);
    }
    for node in others {
        if pass.verdicts.is_full() {
            return;
        }
        match node.kind() {
            "call_expression" => drop(pass.value(node)),
            _ => drop(pass.path(node)),
        }
    }
}

/// Whether `mod` says of a module, and of all above it, that it is there: one that is said to lie elsewhere has another name than its file.
fn is_declared(reach: &Reach, module: &str) -> bool {
    let says = |at: &usize| reach.package(*at).at(module).any(|symbol| symbol.kind == Kind::Module && !symbol.signature.is_empty());
    parent(module).is_none_or(|above| reach.rooted(module).iter().any(says) && is_declared(reach, above))
}

/// A module within another one.
fn inner(module: &str, name: &str) -> Option<Rc<str>> {
    (module.len() + name.len() <= PATH).then(|| format!("{module}::{name}").into())
}

/// Documentation hides lines behind `# `; what common macros take is read as if they were functions. Every byte stays in its place.
fn readable(code: &str) -> String {
    let mut plain = String::with_capacity(code.len() + 1);
    for line in code.split('\n') {
        let bare = line.trim_start();
        let is_hidden = bare.starts_with("# ") || bare.trim_end() == "#";
        let mark = line.len() - bare.len();
        plain.push_str(&line[..mark]);
        plain.push_str(if is_hidden { " " } else { "" });
        plain.push_str(bare.get(usize::from(is_hidden)..).unwrap_or_default());
        plain.push('\n');
    }
    for name in
        ["assert", "assert_eq", "assert_ne", "debug_assert", "println", "print", "eprintln", "dbg", "format", "write", "writeln", "panic"]
    {
        for open in ["!(", "! ("] {
            let called = format!("{name}_{}", &open[1..]);
            plain =
                plain.replace(&format!(" {name}{open}"), &format!(" {called}")).replace(&format!("\n{name}{open}"), &format!("\n{called}"));
        }
    }
    plain
}

impl<'a, 't> Pass<'_, 'a, 't> {
    fn reference(&self, node: Node<'t>, name: Node<'t>, is_called: bool) -> Reference<'t> {
        Reference {
            line: line(name),
            offset: name.start_byte(),
            text: text(node, self.source),
            name: text(name, self.source),
            is_guarded: false,
            is_called,
        }
    }

    fn see(&mut self, node: Node<'t>, module: Option<&str>) {
        match node.kind() {
            "use_declaration" => {
                let mut found = Vec::new();
                if let Some(argument) = node.child_by_field_name("argument") {
                    use_tree(argument, "", self.source, &mut found, 0);
                }
                for (path, name) in found {
                    let path = self.absolute(&path, module).unwrap_or(path);
                    let root = path.trim_start_matches("::").split("::").next().unwrap_or_default();
                    match is_relative(root) {
                        // From where is not known, and it may be a trait.
                        true => self.verdicts.is_foreign = true,
                        false if !is_of_language(root) => self.verdicts.import(root),
                        false => {}
                    }
                    if !path.contains("::") && path != name {
                        self.renamed.insert(path.clone());
                    }
                    match name.as_str() {
                        "*" if self.stars.len() < MOST_STARS && !self.stars.contains(&path) => self.stars.push(path),
                        "*" => {}
                        _ => match self.uses.get_mut(&name) {
                            Some(known) => *known = known.take().filter(|known| *known == path),
                            None => {
                                self.uses.insert(name, Some(path));
                            }
                        },
                    }
                }
            }
            "let_declaration" => {
                if let Some(pattern) = node.child_by_field_name("pattern") {
                    let is_plain = pattern.kind() == "identifier";
                    let value = node.child_by_field_name("value").filter(|_| is_plain && node.child_by_field_name("type").is_none());
                    walk(pattern, |inner| {
                        if inner.kind() == "identifier" {
                            self.lets.entry(text(inner, self.source)).or_default().push((inner.start_byte(), value));
                        }
                        true
                    });
                }
            }
            "parameter" | "closure_parameters" | "match_pattern" | "for_expression" | "let_condition" => {
                let pattern = node.child_by_field_name("pattern").unwrap_or(node);
                walk(pattern, |inner| {
                    if inner.kind() == "identifier" {
                        self.lets.entry(text(inner, self.source)).or_default().push((inner.start_byte(), None));
                    }
                    !matches!(inner.kind(), "block" | "call_expression" | "type_identifier")
                });
            }
            "function_item"
            | "function_signature_item"
            | "struct_item"
            | "enum_item"
            | "union_item"
            | "trait_item"
            | "mod_item"
            | "const_item"
            | "static_item"
            | "type_item"
            | "macro_definition"
            | "enum_variant"
            | "field_declaration"
            | "associated_type"
            | "type_parameter" => {
                if let Some(name) = field(node, "name", self.source) {
                    self.verdicts.defined.insert(name.to_owned());
                }
            }
            // What stands in macros may define anything.
            "token_tree" | "string_literal" | "attribute_item" => {
                crate::symbols::package::words(text(node, self.source), &mut self.verdicts.defined)
            }
            "ERROR" => crate::symbols::package::words(text(node, self.source), &mut self.verdicts.defined),
            _ => {}
        }
    }

    /// What an item is called, by where it stands: in a trait or its implementation it belongs to types.
    fn declare(&mut self, node: Node<'t>, above: &[Node<'t>]) {
        if !node.kind().ends_with("_item") && node.kind() != "associated_type" {
            return;
        }
        let Some(name) = field(node, "name", self.source) else { return };
        let owner = above.len().checked_sub(2).map(|at| above[at]);
        match owner.map(|owner| (owner.kind(), owner.child_by_field_name("trait"))) {
            Some(("trait_item", _) | ("impl_item", Some(_))) => drop(self.functions.insert(name)),
            Some(("impl_item", None)) => {}
            _ => drop(self.items.insert(name)),
        }
    }

    /// The names of a `use`, each looked for.
    fn used(&mut self, node: Node<'t>) {
        let Some(argument) = node.child_by_field_name("argument") else { return };
        let mut found = Vec::new();
        use_tree(argument, "", self.source, &mut found, 0);
        let places = self.places(argument);
        let module = self.sound.get(&node.id()).cloned().flatten();
        if found.len() > 500 || found.iter().any(|(path, _)| path.contains("r#")) {
            self.verdicts.traits = None;
        }
        for (path, name) in found.iter().filter(|(path, _)| !path.contains("r#")).take(500) {
            let place = places.get(path.rsplit("::").next().unwrap_or(path)).copied().unwrap_or(argument);
            match self.absolute(path, module.as_deref()) {
                Some(path) => {
                    let found = self.walk_path(&path, argument, place);
                    if !is_of_language(first(path.trim_start_matches("::"))) {
                        self.verdicts.bring_traits(found, name == "*");
                    }
                    // What is not known of the code's own may be a trait, which gives methods to any value.
                    let is_own = self.verdicts.home.is_some_and(|home| first(&home.module) == first(&path));
                    match found {
                        Value::Thing(module) if is_own && name == "*" => self.given_by(module),
                        found => self.verdicts.is_foreign |= is_own && matches!(found, Value::From(_)),
                    }
                }
                None => {
                    self.verdicts.traits = None;
                    self.homeless(argument, place);
                }
            }
        }
    }

    /// What a module of the code's own gives to whoever takes all its names: traits may be among it, of packages that the code does not name.
    fn given_by(&mut self, module: Thing<'a>) {
        let reach = self.verdicts.reach;
        let (at, package) = (module.at, reach.package(module.at));
        let mut modules: Vec<&str> = vec![&module.symbol.path];
        let mut next = 0;
        while let Some(module) = modules.get(next).copied() {
            next += 1;
            for given in package.given_on(module) {
                let root = first(&given.target);
                if package.roots().any(|own| own == root) {
                    match given.name.as_str() {
                        "*" if modules.contains(&given.target.as_str()) => {}
                        "*" if modules.len() < MOST_STARS => modules.push(&given.target),
                        "*" => self.verdicts.is_foreign = true,
                        // What one of its modules gives on may be of another package.
                        name => self.verdicts.is_foreign |= !matches!(reach.within(at, module, name), Look::Found(_)),
                    }
                } else if !is_of_language(root) {
                    self.verdicts.import(root);
                }
            }
        }
    }

    /// Where names stand within a `use`.
    fn places(&self, within: Node<'t>) -> HashMap<&'t str, Node<'t>> {
        let mut places = HashMap::new();
        walk(within, |node| {
            if matches!(node.kind(), "identifier" | "type_identifier") {
                places.insert(text(node, self.source), node);
            }
            true
        });
        places
    }

    fn value(&mut self, node: Node<'t>) -> Value<'a> {
        match node.kind() {
            "scoped_identifier" => self.path(node),
            _ => Values::of(self, |pass| &mut pass.values, node, |pass| pass.asked(node)),
        }
    }

    fn asked(&mut self, node: Node<'t>) -> Value<'a> {
        match node.kind() {
            "identifier" => self.name(node),
            "generic_function" => node.child_by_field_name("function").map_or(Value::Nothing, |inner| self.value(inner)),
            "call_expression" => self.call(node),
            "parenthesized_expression" | "reference_expression" | "try_expression" | "await_expression" | "unary_expression" => {
                let inner = node.child_by_field_name("value").or_else(|| node.named_child(0));
                let inner = inner.map_or(Value::Nothing, |inner| self.value(inner));
                if matches!(node.kind(), "parenthesized_expression" | "reference_expression") { inner } else { from(inner) }
            }
            "field_expression" => node.child_by_field_name("value").map_or(Value::Nothing, |inner| from(self.value(inner))),
            "struct_expression" => match node.child_by_field_name("name") {
                Some(name) => match self.type_of(name) {
                    Value::Thing(found) => Value::Exactly(found),
                    _ => Value::Nothing,
                },
                None => Value::Nothing,
            },
            _ => Value::Nothing,
        }
    }

    fn type_of(&mut self, node: Node<'t>) -> Value<'a> {
        match node.kind() {
            "scoped_type_identifier" => self.path(node),
            _ => self.named(text(node, self.source)),
        }
    }

    fn named(&mut self, name: &str) -> Value<'a> {
        match self.expanded(name, None).map(|path| self.verdicts.reach.scope(&path)) {
            Some(Look::Found(found)) => Value::Thing(found),
            _ => Value::Nothing,
        }
    }

    fn name(&mut self, node: Node<'t>) -> Value<'a> {
        let name = text(node, self.source);
        match self.lets.get(name).map(Vec::as_slice) {
            Some([(from, Some(value))]) if *from < node.start_byte() => {
                let value = *value;
                self.value(value)
            }
            Some(_) => Value::Nothing,
            None => self.named(name),
        }
    }

    fn call(&mut self, node: Node<'t>) -> Value<'a> {
        let Some(function) = node.child_by_field_name("function") else { return Value::Nothing };
        if function.kind() == "field_expression" {
            return self.method(node, function);
        }
        match self.value(function) {
            Value::Thing(found) if found.symbol.kind == Kind::Struct => Value::Exactly(found),
            Value::Thing(found) => self.given(found),
            Value::From(at) => Value::From(at),
            _ => Value::Nothing,
        }
    }

    fn method(&mut self, node: Node<'t>, function: Node<'t>) -> Value<'a> {
        let (Some(receiver), Some(name)) = (function.child_by_field_name("value"), function.child_by_field_name("field")) else {
            return Value::Nothing;
        };
        let receiver = self.value(receiver);
        if name.kind() != "field_identifier" || text(name, self.source).starts_with("r#") || !self.sound.contains_key(&node.id()) {
            return from(receiver);
        }
        let reference = self.reference(function, name, true);
        let found = match receiver {
            Value::Exactly(found) | Value::Declared(found) => self.verdicts.member(found, false, &reference),
            Value::Thing(found) => self.verdicts.of_value(found.at, &reference),
            Value::From(at) => self.verdicts.of_value(at, &reference),
            Value::OwnClass(_) | Value::Own(_) | Value::Nothing => Value::Nothing,
        };
        match found {
            Value::Thing(method) => match (self.given(method), receiver) {
                (Value::From(_), Value::Exactly(class) | Value::Declared(class)) if gives_self(method) => Value::Declared(class),
                (given, _) => given,
            },
            other => from(other),
        }
    }

    /// What calling gives, if its type is plain.
    fn given(&self, function: Thing<'a>) -> Value<'a> {
        let unknown = Value::From(function.at);
        let symbol = function.symbol;
        let Some(gives) = &symbol.gives else { return unknown };
        let reach = self.verdicts.reach;
        if gives_self(function) {
            let owner = parent(&symbol.path).map(|owner| reach.scope(owner));
            return match owner {
                Some(Look::Found(owner)) if matches!(owner.symbol.kind, Kind::Struct | Kind::Enum | Kind::Union) => Value::Declared(owner),
                _ => unknown,
            };
        }
        let module = symbol.written_in.as_deref().unwrap_or_else(|| reach.module_of(&symbol.path));
        match reach.written(function.at, gives, module) {
            Look::Found(found) if matches!(found.symbol.kind, Kind::Struct | Kind::Enum) && found.is_sure => Value::Declared(found),
            _ => unknown,
        }
    }
}

fn gives_self(function: Thing<'_>) -> bool {
    function.symbol.gives.as_deref().is_some_and(|gives| matches!(gives.trim_start_matches('&').trim_start_matches("mut "), "Self"))
}

fn from(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Thing(found) | Value::Exactly(found) | Value::Declared(found) => Value::From(found.at),
        other => other,
    }
}
