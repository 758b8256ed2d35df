//! Python: names bound once, followed through imports, attributes, calls of classes and plain return types.

mod arguments;
mod bindings;
mod own;
mod places;
mod prompts;

use std::collections::HashMap;

use tree_sitter::Node;

use super::values::Values;
use super::verdicts::{Reference, Value, Verdicts};
use crate::symbols::languages::PATH;
use crate::symbols::package::{Kind, Language, last_segment};
use crate::symbols::reach::{Look, Thing, native};
use crate::symbols::source::tree::{self, Seen, children, line, one_line, text};

use bindings::{Bindings, Bound, Mentioned};
use places::Places;
use prompts::Plain;

/// The pass over one snippet.
struct Pass<'v, 'a, 't> {
    verdicts: &'v mut Verdicts<'a>,
    plain: &'t Plain,
    source: &'t str,
    bindings: Bindings<'t>,
    places: Places<'t>,
    values: Values<Value<'a>>,
    /// Classes of the snippet, by their nodes' ids, as names lead to them.
    classes: HashMap<usize, Node<'t>>,
}

pub(super) fn check(code: &str, verdicts: &mut Verdicts<'_>) {
    let plain = Plain::of(code);
    let Some(tree) = tree::parse(Language::Python, &plain.text) else { return };
    let root = tree.root_node();
    let mut mentioned = Mentioned { defined: &mut verdicts.defined, given: &mut verdicts.given };
    let bindings = Bindings::of(root, &plain.text, verdicts.home, &mut mentioned);
    let mut places = Places::of(root, &plain.text);
    if places.seen == Seen::Part {
        // A name may be bound where nobody looked.
        return;
    }
    let nodes = std::mem::take(&mut places.nodes);
    let mut pass =
        Pass { verdicts, plain: &plain, source: &plain.text, bindings, places, values: Values::default(), classes: HashMap::new() };
    for node in &nodes {
        match node.kind() {
            "import_statement" => pass.import(*node),
            "import_from_statement" => pass.import_from(*node),
            _ => {}
        }
    }
    for node in nodes.iter().filter(|node| matches!(node.kind(), "attribute" | "call")) {
        if pass.verdicts.is_full() {
            return;
        }
        pass.value(*node);
        if node.kind() == "call" {
            pass.arguments(*node);
        }
    }
}

impl<'a, 't> Pass<'_, 'a, 't> {
    fn reference<'n>(&self, node: Node<'t>, name: Node<'t>, is_called: bool) -> Reference<'n>
    where
        't: 'n,
    {
        Reference {
            line: line(name),
            offset: self.offset(name),
            text: text(node, self.source),
            name: text(name, self.source),
            is_guarded: self.is_guarded(node),
            is_called,
        }
    }

    fn import(&mut self, node: Node<'t>) {
        for child in children(node) {
            let name = if child.kind() == "aliased_import" { child.child_by_field_name("name") } else { Some(child) };
            let Some(name) = name else { continue };
            let path = one_line(text(name, self.source));
            if path.len() > PATH || self.verdicts.is_full() {
                continue;
            }
            self.module(&path, node, name);
        }
    }

    /// The module that an import names; says so of it.
    fn module(&mut self, path: &str, node: Node<'t>, name: Node<'t>) -> Option<Thing<'a>> {
        let root = path.split('.').next().unwrap_or(path);
        let is_native = native::is_python_module(root);
        let mut reference = self.reference(node, name, true);
        let rooted = self.verdicts.reach.rooted(root);
        // The names of the language's own modules are known as words.
        if !rooted.is_empty() || !is_native {
            self.verdicts.import(root);
        }
        if rooted.is_empty() {
            let why =
                if is_native { format!("`{root}` of Python itself is not indexed") } else { format!("no package in reach gives `{root}`") };
            self.verdicts.foreign(&why, !is_native, &reference);
            return None;
        }
        reference.name = last_segment(text(name, self.source));
        let at = rooted[0];
        let found = self.verdicts.reach.scope(path);
        let is_made = self.verdicts.is_own(at) && is_made(path);
        let found = if is_made && matches!(found, Look::Missing) { Look::Unknown(MADE.to_owned()) } else { found };
        let above = path.rsplit_once('.').map_or(path, |(above, _)| above);
        match self.verdicts.looked(at, above, true, found, &reference) {
            Value::Thing(found) => Some(found),
            _ => None,
        }
    }

    fn import_from(&mut self, node: Node<'t>) {
        let Some(module) = node.child_by_field_name("module_name") else { return };
        let path = one_line(text(module, self.source));
        if path == "__future__" || path.len() > PATH || self.verdicts.is_full() {
            return;
        }
        let home = self.verdicts.home;
        let Some(path) = home.map_or_else(|| Some(path.clone()), |home| home.imported(&path)).filter(|path| !path.starts_with('.')) else {
            let why =
                if home.is_some() { "it leads above all packages" } else { "it is relative to where the code stands, which is not known" };
            self.verdicts.is_foreign = true;
            return self.verdicts.unknown(None, why, &self.reference(node, module, false));
        };
        let Some(found) = self.module(&path, node, module) else { return };
        let mut cursor = node.walk();
        for name in node.children_by_field_name("name", &mut cursor) {
            if self.verdicts.is_full() {
                return;
            }
            let name = if name.kind() == "aliased_import" { name.child_by_field_name("name").unwrap_or(name) } else { name };
            let mut reference = self.reference(node, name, true);
            reference.text = text(name, self.source);
            let is_made = self.verdicts.is_own(found.at) && found.symbol.kind == Kind::Module && is_made_name(reference.name, &path);
            match self.verdicts.reach.member(found, reference.name) {
                Look::Missing if is_made => self.verdicts.unknown(Some(found.at), MADE, &reference),
                _ => drop(self.verdicts.member(found, true, &reference)),
            }
        }
    }

    /// What an expression is; references in it are judged on the way, once.
    fn value(&mut self, node: Node<'t>) -> Value<'a> {
        Values::of(self, |pass| &mut pass.values, node, |pass| pass.asked(node))
    }

    fn asked(&mut self, node: Node<'t>) -> Value<'a> {
        match node.kind() {
            "identifier" => self.name(node),
            "attribute" => self.attribute(node),
            "call" => self.call(node),
            "parenthesized_expression" => node.named_child(0).map_or(Value::Nothing, |inner| self.value(inner)),
            "await" | "subscript" => match node.named_child(0).map(|inner| self.value(inner)) {
                Some(Value::Thing(found)) if found.symbol.kind == Kind::Class => Value::Thing(found),
                Some(Value::Thing(found) | Value::Exactly(found) | Value::Declared(found)) => Value::From(found.at),
                Some(Value::From(at)) => Value::From(at),
                Some(Value::OwnClass(own)) if node.kind() == "subscript" => Value::OwnClass(own),
                _ => Value::Nothing,
            },
            _ => Value::Nothing,
        }
    }

    fn name(&mut self, node: Node<'t>) -> Value<'a> {
        let Some(bound) = self.bindings.once(text(node, self.source), node.start_byte()) else { return Value::Nothing };
        match bound {
            Bound::Import { target, name } => {
                let found = match &name {
                    None => self.verdicts.reach.scope(&target),
                    Some(name) => match self.verdicts.reach.scope(&target) {
                        Look::Found(found) => self.verdicts.reach.member(found, name),
                        other => other,
                    },
                };
                match found {
                    Look::Found(found) => Value::Thing(found),
                    Look::Unknown(_) => self.verdicts.reach.rooted(&target).first().map_or(Value::Nothing, |at| Value::From(*at)),
                    Look::Missing => Value::Nothing,
                }
            }
            Bound::Value(value) => self.value(value),
            Bound::Typed(written) => match self.value(written) {
                Value::Thing(class) if class.symbol.kind == Kind::Class && class.is_sure => Value::Declared(class),
                Value::OwnClass(own) => Value::Own(own),
                _ => Value::Nothing,
            },
            Bound::Class(class) => {
                self.classes.insert(class.id(), class);
                Value::OwnClass(class.id())
            }
            Bound::With(value) => match self.value(value) {
                Value::Exactly(class) | Value::Declared(class) => match self.verdicts.reach.member(class, "__enter__") {
                    Look::Found(enter) if enter.symbol.gives.as_deref().is_some_and(is_self) => Value::Exactly(class),
                    _ => Value::From(class.at),
                },
                Value::From(at) => Value::From(at),
                _ => Value::Nothing,
            },
            Bound::Part(value) => match self.value(value) {
                Value::From(at) => Value::From(at),
                Value::Exactly(found) | Value::Declared(found) => Value::From(found.at),
                _ => Value::Nothing,
            },
        }
    }

    fn attribute(&mut self, node: Node<'t>) -> Value<'a> {
        let (Some(object), Some(name)) = (node.child_by_field_name("object"), node.child_by_field_name("attribute")) else {
            return Value::Nothing;
        };
        let is_said = object.kind() == "identifier"
            && matches!(self.bindings.once(text(object, self.source), object.start_byte()), Some(Bound::Typed(_)));
        let object = self.value(object);
        let Some(place) = self.places.at(node) else { return Value::Nothing };
        let reference = self.reference(node, name, place.is_called);
        if place.is_target || reference.name.is_empty() {
            return Value::Nothing;
        }
        let found = match object {
            Value::Thing(found) if found.symbol.kind == Kind::Module || found.symbol.kind == Kind::Class => {
                self.verdicts.member(found, true, &reference)
            }
            Value::Exactly(found) => self.verdicts.member(found, true, &reference),
            // Whoever calls may have put more into what is given.
            Value::Declared(found)
                if is_said && !place.is_called && matches!(self.verdicts.reach.member(found, reference.name), Look::Missing) =>
            {
                self.verdicts.unknown(Some(found.at), "what is given may have more than its type", &reference);
                Value::From(found.at)
            }
            Value::Declared(found) => self.verdicts.member(found, false, &reference),
            Value::Thing(found) => self.verdicts.of_value(found.at, &reference),
            Value::From(at) => self.verdicts.of_value(at, &reference),
            Value::Own(own) | Value::OwnClass(own) => return self.of_own(own, &reference),
            Value::Nothing => return Value::Nothing,
        };
        match (object, found) {
            // What a property is made of is its type.
            (Value::Exactly(class) | Value::Declared(class), Value::Thing(found)) if found.symbol.kind == Kind::Property => {
                self.given(found, Some(class))
            }
            (_, Value::Thing(found)) if matches!(found.symbol.kind, Kind::Field | Kind::Variable | Kind::Constant | Kind::Property) => {
                Value::From(found.at)
            }
            (_, found) => found,
        }
    }

    fn call(&mut self, node: Node<'t>) -> Value<'a> {
        let Some(function) = node.child_by_field_name("function") else { return Value::Nothing };
        let called = self.value(function);
        let receiver = match function.child_by_field_name("object").map(|object| self.value(object)) {
            Some(Value::Own(own) | Value::OwnClass(own)) => return self.given_by_own(own, called),
            Some(Value::Exactly(class) | Value::Declared(class)) => Some(class),
            Some(Value::Thing(class)) if class.symbol.kind == Kind::Class => Some(class),
            _ => None,
        };
        match called {
            Value::Thing(found) if found.symbol.kind == Kind::Class => {
                let has_new = !matches!(self.verdicts.reach.member(found, "__new__"), Look::Missing);
                let is_native_new = matches!(self.verdicts.reach.member(found, "__new__"), Look::Unknown(_));
                if found.is_sure && (!has_new || is_native_new) { Value::Exactly(found) } else { Value::From(found.at) }
            }
            Value::Thing(found) if matches!(found.symbol.kind, Kind::Function | Kind::Method) && found.is_sure => {
                self.given(found, receiver)
            }
            Value::Thing(found) | Value::Exactly(found) | Value::Declared(found) => Value::From(found.at),
            Value::From(at) => Value::From(at),
            Value::OwnClass(own) if self.is_made_by_call(own) => Value::Own(own),
            Value::OwnClass(_) | Value::Own(_) | Value::Nothing => Value::Nothing,
        }
    }

    /// What calling a function or reading a property gives, by its plain annotation.
    fn given(&self, function: Thing<'a>, receiver: Option<Thing<'a>>) -> Value<'a> {
        let unknown = Value::From(function.at);
        let overloads = self.verdicts.reach.described(function.at, &function.symbol.path);
        let (Some(gives), 1) = (&function.symbol.gives, overloads.len()) else { return unknown };
        if is_self(gives) {
            return receiver.map_or(unknown, Value::Declared);
        }
        let plain = gives.trim_matches(['"', '\'']);
        if !plain.chars().all(|c| c == '.' || c == '_' || c.is_alphanumeric()) {
            return unknown;
        }
        match self.verdicts.reach.written(function.at, plain, self.verdicts.reach.module_of(&function.symbol.path)) {
            Look::Found(class) if class.symbol.kind == Kind::Class && class.is_sure => Value::Declared(class),
            _ => unknown,
        }
    }

    fn is_guarded(&self, node: Node<'t>) -> bool {
        self.plain.guarded.contains(&line(node)) || self.places.at(node).is_none_or(|place| place.is_guarded)
    }

    /// Where a node begins in the code as it was given.
    fn offset(&self, node: Node<'t>) -> usize {
        let at = node.start_position();
        self.plain.starts.get(at.row).copied().unwrap_or_default() + at.column
    }
}

/// Whether a module of the code's own may be one that no file is there for yet, or no file of Python.
fn is_made(path: &str) -> bool {
    let mut above = "";
    path.split('.').any(|name| is_made_name(name, std::mem::replace(&mut above, name)))
}

/// Versions that a tool writes, what compilers of descriptions write, compiled modules: these are mostly called `_so`, or as what they stand in.
fn is_made_name(name: &str, above: &str) -> bool {
    let is_private = name.starts_with('_') && !name.starts_with("__");
    is_private || name == "version" || name == last_segment(above) || ["_pb2", "_pb2_grpc"].iter().any(|end| name.ends_with(end))
}

const MADE: &str = "it may be made while building";

fn is_self(gives: &str) -> bool {
    matches!(last_segment(gives.trim_matches(['"', '\''])), "Self")
}
