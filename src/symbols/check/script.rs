//! JavaScript and TypeScript: what is imported, followed through members, calls, `new` and `await` by the types that packages declare.

mod names;
mod places;
mod types;

use std::collections::HashMap;

use tree_sitter::Node;

use super::values::Values;
use super::verdicts::{Reference, Verdicts};
use crate::symbols::languages::{OFFERED, PATH, is_description, is_offered};
use crate::symbols::package::{Ecosystem, Kind, Language};
use crate::symbols::reach::{Look, Thing, native};
use crate::symbols::source::tree::{Seen, children, line, text, walk_within};

use names::{Bound, Names, is_plain, parts};
use places::{Place, excused, is_import, is_package, loaded, parse, root};
use types::{Types, Value};

/// The pass over one snippet.
struct Pass<'v, 'a, 't> {
    verdicts: &'v mut Verdicts<'a>,
    types: Types<'a>,
    source: &'t str,
    names: Names<'t>,
    /// By the nodes' ids; those that stand in broken statements are not in it.
    places: HashMap<usize, Place>,
    values: Values<Value<'a>>,
    /// Modules that were looked for, by how they are written.
    modules: HashMap<&'t str, Option<Thing<'a>>>,
    /// The packages that one name reaches, of each package that was asked for.
    twins: HashMap<usize, Vec<usize>>,
}

pub(super) fn check(code: &str, language: Language, verdicts: &mut Verdicts<'_>) {
    let Some(tree) = parse(code, language) else { return };
    let mut names = Names::default();
    let mut places = HashMap::new();
    let mut nodes = Vec::new();
    // Whether the innermost simple statement around each node above is broken; none outside of one.
    let mut broken: Vec<Option<bool>> = Vec::new();
    let excused = excused(code);
    let seen = walk_within(tree.root_node(), |node, above| {
        if node.is_error() {
            return false;
        }
        names.see(node, above, code, &mut verdicts.defined);
        broken.truncate(above.len());
        let is_broken = if STATEMENTS.contains(&node.kind()) { Some(node.has_error()) } else { broken.last().copied().flatten() };
        broken.push(is_broken);
        if REFERENCES.contains(&node.kind()) && !is_broken.unwrap_or_else(|| node.has_error()) {
            let is_excused = excused.binary_search(&line(node)).is_ok();
            places.insert(node.id(), Place::of(node, above, is_excused));
            nodes.push(node);
        }
        true
    });
    if seen == Seen::Part {
        // A name may be bound where nobody looked.
        return;
    }
    let types = Types::new(verdicts.reach);
    let (values, modules, twins) = Default::default();
    let mut pass = Pass { verdicts, types, source: code, names, places, values, modules, twins };
    for node in nodes {
        if pass.verdicts.is_full() {
            return;
        }
        match node.kind() {
            "import_statement" | "export_statement" => pass.import(node),
            "variable_declarator" => pass.taken_apart(node),
            "nested_type_identifier" => drop(pass.type_of(node)),
            _ => drop(pass.value(node)),
        }
    }
}

impl<'a, 't> Pass<'_, 'a, 't> {
    fn reference(&self, node: Node<'t>, name: Node<'t>) -> Reference<'t> {
        let place = self.places.get(&node.id());
        Reference {
            line: line(name),
            offset: name.start_byte(),
            text: text(node, self.source),
            name: text(name, self.source),
            is_guarded: place.is_some_and(|place| place.is_guarded),
            is_called: place.is_some_and(|place| place.is_called),
        }
    }

    /// The names that are imported, or given on from elsewhere.
    fn import(&mut self, node: Node<'t>) {
        let parts = children(node);
        let clause = parts.iter().find(|part| matches!(part.kind(), "import_clause" | "import_require_clause" | "export_clause"));
        let source = node.child_by_field_name("source").or_else(|| clause?.child_by_field_name("source"));
        let Some(source) = source else { return };
        let Some(module) = self.module(source, node) else { return };
        let lists = clause.into_iter().flat_map(|clause| match clause.kind() {
            "export_clause" => vec![*clause],
            _ => children(*clause).into_iter().filter(|part| part.kind() == "named_imports").collect(),
        });
        for one in lists.flat_map(children) {
            if self.verdicts.is_full() {
                return;
            }
            if let Some(name) = one.child_by_field_name("name").filter(|name| name.kind() == "identifier") {
                let mut reference = self.reference(node, name);
                reference.text = text(name, self.source);
                self.judged(Value::Module(module), &reference);
            }
        }
    }

    /// The module that a string names; says so of it.
    fn module(&mut self, string: Node<'t>, node: Node<'t>) -> Option<Thing<'a>> {
        let path = text(string, self.source).trim_matches(['"', '\'', '`']);
        let bare = path.strip_prefix("node:").unwrap_or(path);
        let begin = string.start_byte() + 1 + (path.len() - path.rsplit('/').next().unwrap_or(path).len());
        let root = root(bare);
        if path.len() > PATH || root.is_empty() {
            return None;
        }
        let mut reference = self.reference(node, string);
        (reference.text, reference.name, reference.offset) = (path, path.rsplit('/').next().unwrap_or(path), begin);
        if path.starts_with('.') {
            self.verdicts.unknown(None, "the project's own modules are not read", &reference);
            return None;
        }
        let known = self.found_module(path);
        self.verdicts.import(root);
        match known {
            Some(module) => self.verdicts.exists(module, &reference),
            None if self.verdicts.reach.rooted(bare).is_empty() => {
                let is_native = path != bare || native::is_node_module(root);
                let is_there = self.verdicts.reach.packages().iter().any(|package| package.package().id.name == root);
                let why = match (is_native, is_there) {
                    (true, _) => format!("`{path}` of Node itself is described by @types/node, which is not in reach"),
                    (false, true) => format!("where `{root}` begins was not found"),
                    (false, false) => format!("no package in reach gives `{root}`"),
                };
                self.verdicts.foreign(&why, !is_native && !is_there && is_package(root), &reference);
            }
            None => match self.offering_others(root, bare) {
                Some(at) => {
                    let why = format!("`{root}` offers no `{}`: `exports` in its package.json", bare[root.len()..].trim_start_matches('/'));
                    self.verdicts.missing(at, "", &why, &reference);
                }
                None => {
                    let at = self.verdicts.reach.rooted(bare)[0];
                    self.verdicts.unknown(Some(at), "it is no file that was read; the package may name it otherwise", &reference);
                }
            },
        }
        known
    }

    /// The package of a name, if it says what programs reach below that, and this is none of it.
    fn offering_others(&self, root: &str, path: &str) -> Option<usize> {
        let reach = self.verdicts.reach;
        // Behind `?` stands what a bundler is to make of it. Tools read the description of a package, whoever offers it.
        let below = path.strip_prefix(root)?.strip_prefix('/')?.split('?').next().filter(|below| *below != "package.json")?;
        let plain = ENDS.iter().find_map(|end| below.strip_suffix(end)).unwrap_or(below);
        let at = (0..reach.packages().len()).find(|at| {
            let id = &reach.package(*at).package().id;
            id.ecosystem == Ecosystem::Npm && id.name == root && !id.version.is_empty()
        })?;
        let package = reach.package(at);
        let mut offered = package.given_on(root).filter_map(|given| given.name.strip_prefix(OFFERED)).peekable();
        offered.peek()?;
        let is_one =
            |offered: &str| [below, plain].iter().any(|name| is_offered(name, offered) || offered.strip_suffix(".js") == Some(name));
        (package.package().is_whole && !offered.any(is_one)).then_some(at)
    }

    fn found_module(&mut self, path: &'t str) -> Option<Thing<'a>> {
        if let Some(known) = self.modules.get(path) {
            return *known;
        }
        let bare = path.strip_prefix("node:").unwrap_or(path);
        let plain = ENDS.iter().find_map(|end| bare.strip_suffix(end));
        let reach = self.verdicts.reach;
        let found = [Some(path), Some(bare), plain].into_iter().flatten().find_map(|path| {
            let at = *reach.rooted(path).iter().find(|at| reach.package(**at).symbol(path).is_some())?;
            let symbol = reach.package(at).symbol(path)?;
            Some(Thing { at, symbol, is_sure: true })
        });
        let found = found.filter(|found| reach.package(found.at).package().id.ecosystem == Ecosystem::Npm);
        self.modules.insert(path, found);
        found
    }

    /// `const { a, b: c } = value`: members as well.
    fn taken_apart(&mut self, node: Node<'t>) {
        let (Some(pattern), Some(value)) = (node.child_by_field_name("name"), node.child_by_field_name("value")) else { return };
        if pattern.kind() != "object_pattern" || node.child_by_field_name("type").is_some() {
            return;
        }
        let value = self.value(value);
        for part in children(pattern) {
            let Some((key, _)) = parts(part) else { continue };
            if is_plain(key) && part.kind() != "object_assignment_pattern" {
                let mut reference = self.reference(node, key);
                reference.text = text(key, self.source);
                self.judged(value, &reference);
            }
        }
    }

    /// What an expression is; references in it are judged on the way, once.
    fn value(&mut self, node: Node<'t>) -> Value<'a> {
        Values::of(self, |pass| &mut pass.values, node, |pass| pass.asked(node))
    }

    fn asked(&mut self, node: Node<'t>) -> Value<'a> {
        let inner = |at: u32| node.named_child(at);
        match node.kind() {
            "identifier" => self.named(node),
            "member_expression" => self.member(node),
            "call_expression" => self.call(node),
            "new_expression" => match node.child_by_field_name("constructor") {
                Some(class) => {
                    let class = self.value(class);
                    self.types.made(class)
                }
                None => Value::Nothing,
            },
            "await_expression" => {
                let inner = inner(0).unwrap_or(node);
                let value = self.value(inner);
                // What is loaded so is there once it is waited for.
                match is_import(inner) {
                    true => self.loaded(inner),
                    false => self.types.awaited(value),
                }
            }
            "parenthesized_expression" | "non_null_expression" | "satisfies_expression" => {
                inner(0).map_or(Value::Nothing, |inner| self.value(inner))
            }
            "as_expression" => match (inner(0), inner(1)) {
                (_, Some(of)) => self.type_of(of),
                (Some(value), None) => self.value(value),
                _ => Value::Nothing,
            },
            "subscript_expression" => {
                let list = node.child_by_field_name("object").map_or(Value::Nothing, |list| self.value(list));
                self.types.element(list)
            }
            _ => Value::Nothing,
        }
    }

    fn named(&mut self, node: Node<'t>) -> Value<'a> {
        let Some(bound) = self.names.at(text(node, self.source), node.start_byte()) else { return Value::Nothing };
        let module = |pass: &mut Self, source: Node<'t>| {
            let found = pass.found_module(text(source, pass.source).trim_matches(['"', '\'', '`']));
            found.map_or(Value::Nothing, Value::Module)
        };
        match bound {
            Bound::Module(source) => module(self, source),
            Bound::Import(source, name) => {
                let module = module(self, source);
                self.known(module, name)
            }
            Bound::Value(value) => self.value(value),
            Bound::Typed(of) => self.type_of(of),
            Bound::Member(value, name) => {
                let value = self.value(value);
                self.known(value, name)
            }
            Bound::Element(list) => {
                let list = self.value(list);
                self.types.element(list)
            }
            Bound::Other => Value::Nothing,
        }
    }

    /// A member of a value, where it is judged elsewhere.
    fn known(&self, value: Value<'a>, name: &str) -> Value<'a> {
        match self.types.member(value, name) {
            Some((_, Look::Found(found))) => self.types.found(value, found),
            Some((place, Look::Unknown(_))) => Value::From(place.at),
            _ => Value::Nothing,
        }
    }

    fn member(&mut self, node: Node<'t>) -> Value<'a> {
        let (Some(of), Some(name)) = (node.child_by_field_name("object"), node.child_by_field_name("property")) else {
            return Value::Nothing;
        };
        let object = self.value(of);
        let Some(place) = self.places.get(&node.id()).copied() else { return Value::Nothing };
        if place.is_target || name.kind() != "property_identifier" {
            return Value::Nothing;
        }
        let reference = self.reference(node, name);
        // What `require` gives is often more than types say: the class that is exported.
        if let Value::Module(module) = object
            && self.is_required(of)
            && self.verdicts.reach.package(module.at).has_word(reference.name)
            && matches!(self.types.member(object, reference.name), Some((_, Look::Missing)))
        {
            self.verdicts.unknown(Some(module.at), "the module may be what one of its names stands for", &reference);
            return Value::From(module.at);
        }
        self.judged(object, &reference)
    }

    fn is_required(&self, node: Node<'t>) -> bool {
        let call = match self.names.at(text(node, self.source), node.start_byte()).filter(|_| node.kind() == "identifier") {
            Some(Bound::Value(value)) => value,
            _ => node,
        };
        call.kind() == "call_expression" && call.child_by_field_name("function").is_some_and(|of| text(of, self.source) == "require")
    }

    /// Says of a reference whether a value has it, and what it is.
    fn judged(&mut self, value: Value<'a>, reference: &Reference<'_>) -> Value<'a> {
        let Some((place, look)) = self.types.member(value, reference.name) else {
            if let Value::From(at) = value {
                self.verdicts.unknown(Some(at), "the type of the value is not known", reference);
            }
            return value;
        };
        match look {
            Look::Found(found) => {
                self.verdicts.exists(found, reference);
                self.types.found(value, found)
            }
            Look::Missing if self.verdicts.defined.contains(reference.name) => {
                self.verdicts.unknown(Some(place.at), "the code itself gives something this name", reference);
                Value::Nothing
            }
            Look::Missing if self.is_untold(place.at, reference.name) => {
                self.verdicts.unknown(Some(place.at), "the package's files have the word, its types do not say for what", reference);
                Value::Nothing
            }
            Look::Missing if matches!(value, Value::Written(of) if of.is_vague()) && self.has_word(place.at, reference.name) => {
                self.verdicts.unknown(
                    Some(place.at),
                    "the package's files have the word, and what the value is made of is not known",
                    reference,
                );
                Value::Nothing
            }
            Look::Missing if matches!(value, Value::Module(_)) && self.is_hidden(place.at, place.scope, reference.name) => {
                self.verdicts.unknown(
                    Some(place.at),
                    "a file of a package that it gives on declares it, and whether that is given on too is not known",
                    reference,
                );
                Value::Nothing
            }
            Look::Missing => {
                let why = format!("`{}` has no `{}`", place.scope, reference.name);
                self.verdicts.missing(place.at, place.scope, &why, reference);
                Value::Nothing
            }
            Look::Unknown(why) => {
                self.verdicts.unknown(Some(place.at), &why, reference);
                Value::From(place.at)
            }
        }
    }

    /// Whether a word stands in a package's files, its code among them, and is the name of nothing that its types declare: they may say
    /// less than there is.
    fn is_untold(&mut self, at: usize, name: &str) -> bool {
        let has_word = self.has_word(at, name);
        let reach = self.verdicts.reach;
        let twins = self.twins.entry(at).or_insert_with(|| reach.twins(at));
        let lower = name.to_lowercase();
        let is_told = |at: &usize| reach.package(*at).named(&lower).any(|symbol| symbol.name() == name && is_description(&symbol.file));
        has_word && !twins.iter().any(is_told)
    }

    /// Whether a word stands in the files of a package, or of what describes it.
    fn has_word(&mut self, at: usize, name: &str) -> bool {
        let reach = self.verdicts.reach;
        let twins = self.twins.entry(at).or_insert_with(|| reach.twins(at));
        twins.iter().any(|at| reach.package(*at).has_word(name))
    }

    /// Whether a file that no entry names declares something of this name, in another package whose module a module gives on whole: such
    /// descriptions are often made of others, and hold less than the code.
    fn is_hidden(&self, of: usize, module: &str, name: &str) -> bool {
        let reach = self.verdicts.reach;
        let lower = name.to_lowercase();
        let mut modules = vec![(of, module)];
        let mut next = 0;
        while let Some((at, module)) = modules.get(next).copied() {
            next += 1;
            let package = reach.package(at);
            let is_top = |path: &str| {
                path.rsplit_once('#').is_some_and(|(file, _)| package.at(file).any(|file| file.private && file.kind == Kind::Module))
            };
            if at != of && package.named(&lower).any(|symbol| symbol.name() == name && is_top(&symbol.path)) {
                return true;
            }
            let stars = package.given_on_as(module, "*").flat_map(|given| {
                let found = reach.rooted_from(Some(at), &given.target);
                found.into_iter().map(|at| (at, given.target.as_str()))
            });
            modules.extend(stars.take(MOST_STARS.saturating_sub(modules.len())).collect::<Vec<_>>());
        }
        false
    }

    fn call(&mut self, node: Node<'t>) -> Value<'a> {
        let Some(function) = node.child_by_field_name("function") else { return Value::Nothing };
        let is_loader = function.kind() == "import" || (function.kind() == "identifier" && text(function, self.source) == "require");
        if is_loader {
            let argument = loaded(node).filter(|_| self.places.contains_key(&node.id()));
            let module = argument.and_then(|argument| self.module(argument, node));
            return match module {
                Some(module) if is_import(node) => Value::From(module.at),
                module => module.map_or(Value::Nothing, Value::Module),
            };
        }
        let function = self.value(function);
        self.types.called(function)
    }

    fn loaded(&mut self, call: Node<'t>) -> Value<'a> {
        let path = loaded(call).map(|string| text(string, self.source).trim_matches(['"', '\'', '`']));
        path.and_then(|path| self.found_module(path)).map_or(Value::Nothing, Value::Module)
    }

    /// A value of the type that is written in the code.
    fn type_of(&mut self, node: Node<'t>) -> Value<'a> {
        let of = match node.kind() {
            "type_annotation" | "parenthesized_type" | "readonly_type" => {
                return node.named_child(0).map_or(Value::Nothing, |of| self.type_of(of));
            }
            "generic_type" => match node.child_by_field_name("name") {
                Some(name) => return self.type_of(name),
                None => Value::Nothing,
            },
            "type_identifier" => self.named(node),
            "nested_type_identifier" => match (node.child_by_field_name("module"), node.child_by_field_name("name")) {
                (Some(module), Some(name)) if module.kind() == "identifier" => {
                    if let Some(known) = self.values.known(node) {
                        return known;
                    }
                    let module = self.named(module);
                    let reference = self.reference(node, name);
                    match module {
                        Value::Module(_) | Value::Named(..) => self.judged(module, &reference),
                        _ => Value::Nothing,
                    }
                }
                _ => Value::Nothing,
            },
            _ => Value::Nothing,
        };
        let value = match of {
            Value::Named(thing, _) => self.types.typed(thing),
            Value::From(at) => Value::From(at),
            _ => Value::Nothing,
        };
        self.values.tell(node, value);
        value
    }
}

/// Modules that are looked into behind one that gives them on.
const MOST_STARS: usize = 50;
const STATEMENTS: &[&str] = &[
    "expression_statement",
    "lexical_declaration",
    "variable_declaration",
    "return_statement",
    "throw_statement",
    "import_statement",
    "public_field_definition",
];
const REFERENCES: &[&str] = &[
    "import_statement",
    "export_statement",
    "variable_declarator",
    "member_expression",
    "call_expression",
    "new_expression",
    "nested_type_identifier",
];
const ENDS: [&str; 3] = [".js", ".mjs", ".cjs"];
