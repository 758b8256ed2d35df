//! What a module or a class writes into itself while it runs, as far as that is told: which names, or that they are not known.

use std::collections::HashSet;

use tree_sitter::Node;

use super::answers::{ANSWERS, texts};
use super::function::decorator_name;
use super::{Module, plain_path, plain_string};
use crate::symbols::package::{Kind, Open, Package, Reason, Symbol};
use crate::symbols::source::tree::{children, field, text, walk, walk_within};

/// What is done with the names of a module or a value, as a dictionary.
enum Use {
    /// They stay as they are.
    Read,
    /// These are added.
    Named(Vec<String>),
    /// It has another name from here on.
    Called(String),
    /// Others may be added.
    Open,
}

/// The name without where it is from: `sys` is also had under other names.
fn last_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The same of what the language has: `builtins.exec`, but not a method of that name.
fn without_builtins(path: &str) -> &str {
    path.rsplit_once('.').filter(|(of, _)| of.trim_matches('_') == "builtins").map_or(path, |(_, name)| name)
}

impl Module<'_, '_> {
    /// Calls that let a module make names while it runs.
    pub(super) fn open_by_calls(&mut self, root: Node<'_>, from: usize) {
        let source = self.file.text;
        if !["globals", "locals", "vars", "exec", "modules["].iter().any(|word| source.contains(word)) {
            return;
        }
        let mut names: Vec<String> = Vec::new();
        let mut called: HashSet<String> = HashSet::new();
        let mut others: Vec<&str> = Vec::new();
        let mut exporting: Vec<&str> = Vec::new();
        let mut why: Option<&'static str> = None;
        walk_within(root, |node, above| {
            let stands = |kinds: &[&str]| above.iter().any(|above| kinds.contains(&above.kind()));
            let used = match node.kind() {
                "call" => match (field(node, "function", source).map(without_builtins), given(node)) {
                    (Some("globals"), _) => Some(("globals()", used(node, above, source))),
                    // In a function these are its own.
                    (Some("locals" | "vars"), 0) if !stands(&["function_definition", "lambda", "class_definition"]) => {
                        Some(("locals()", used(node, above, source)))
                    }
                    // With a second argument it writes into that.
                    (Some("exec" | "exec_"), 1) => Some(("exec(", Use::Open)),
                    _ => None,
                },
                "subscript" if field(node, "value", source).map(last_of) == Some("modules") => {
                    // `setattr(sys.modules[of.__module__], name, …)` in what classes are decorated with.
                    let index = field(node, "subscript", source).unwrap_or_default();
                    if index.ends_with(".__module__") && !is_looked_at(above) {
                        let functions = above.iter().filter(|above| above.kind() == "function_definition");
                        exporting.extend(functions.filter_map(|function| field(*function, "name", source)));
                    }
                    let named = node.child_by_field_name("subscript").and_then(|index| plain_path(index, source));
                    others.extend(named.filter(|_| !is_looked_at(above)).map(|named| match is_left(node, above) {
                        true => named.rsplit_once('.').map_or(named, |(above, _)| above),
                        false => named,
                    }));
                    Some(("sys.modules[", Use::Open)).filter(|_| is_replaced(node, above, source))
                }
                _ => None,
            };
            match used {
                Some((_, Use::Named(found))) => names.extend(found),
                Some((_, Use::Called(name))) => _ = called.insert(name),
                Some((word, Use::Open)) => why = why.or(Some(word)),
                Some((_, Use::Read)) | None => {}
            }
            true
        });
        if !called.is_empty() && why.is_none() {
            walk_within(root, |node, above| {
                if node.kind() == "identifier" && called.contains(text(node, source)) && is_mention(node, above) {
                    match used(node, above, source) {
                        Use::Named(found) => names.extend(found),
                        Use::Called(_) | Use::Open => why = why.or(Some("globals()")),
                        Use::Read => {}
                    }
                }
                true
            });
        }
        if let Some(word) = why {
            self.open(self.name.clone(), Reason::Written, word);
        }
        // Whoever has a module may write into it.
        others.into_iter().for_each(|other| self.open(other.to_owned(), Reason::Written, "sys.modules["));
        // Carried by rows that are taken away again when all files are read.
        exporting.into_iter().for_each(|function| self.file.add(Symbol::new(format!("{EXPORTS}.{function}"), Kind::Other)));
        let scope = self.name.clone();
        self.made(&scope, names, from, root);
    }

    /// What the methods of a class write into its values by names that are made, or into the class while it is made.
    pub(super) fn open_class_by_calls(&mut self, class: &str, body: Node<'_>, from: usize) {
        let source = self.file.text;
        let whole = text(body, source);
        if !["setattr", "__dict__", "__class__", "vars(", "locals("].iter().any(|word| whole.contains(word)) {
            return;
        }
        let mut names: Vec<String> = Vec::new();
        let mut why: Option<&'static str> = None;
        walk_within(body, |node, above| {
            let method = above.iter().find(|above| above.kind() == "function_definition");
            let method_name = method.and_then(|method| field(*method, "name", source));
            let receiver = method.and_then(|method| method.child_by_field_name("parameters")?.named_child(0));
            let receiver = receiver.map(|first| text(first.named_child(0).unwrap_or(first), source));
            let is_receiver = |name: &str| matches!(name, "self" | "cls") || receiver == Some(name);
            let used = match node.kind() {
                "call" => {
                    let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
                    let first = arguments.first().map(|first| text(*first, source)).unwrap_or_default();
                    match field(node, "function", source) {
                        Some("setattr") if is_receiver(first) => Some(("setattr(self", set(arguments.get(1).copied(), source))),
                        Some("vars") if arguments.len() == 1 && is_receiver(first) => Some(("vars(self)", used(node, above, source))),
                        Some("vars" | "locals") if arguments.is_empty() && method.is_none() => {
                            Some(("locals()", used(node, above, source)))
                        }
                        // `object.__setattr__(self, "lid", lid)`, `super().__setattr__("lid", lid)`
                        Some(function) if function.ends_with(".__setattr__") => {
                            let name = arguments.get(arguments.len().saturating_sub(2)).copied();
                            Some(("__setattr__(", set(name, source)))
                        }
                        _ => None,
                    }
                }
                "attribute" => match field(node, "attribute", source) {
                    Some("__dict__") => Some((".__dict__", used(node, above, source))),
                    Some("__class__") => Some((".__class__ =", Use::Open)).filter(|_| is_left(node, above)),
                    Some("__setattr__") => {
                        let is_called = above.last().is_some_and(|above| above.kind() == "call");
                        Some(("__setattr__(", Use::Open)).filter(|_| !is_called)
                    }
                    _ => None,
                },
                _ => None,
            };
            // What these bring into a value it had, or is given from outside.
            let is_kept = method_name.is_some_and(|name| KEEPING.contains(&name));
            match used {
                Some((_, Use::Named(found))) => names.extend(found),
                Some((word, Use::Open | Use::Called(_))) if !is_kept => why = why.or(Some(word)),
                _ => {}
            }
            node.kind() != "class_definition"
        });
        if let Some(word) = why {
            self.open(class.to_owned(), Reason::Written, word);
        }
        self.made(class, names, from, body);
    }

    /// Names that are there once their scope has run, of which what was read of it from that place on is known better.
    fn made(&mut self, scope: &str, names: Vec<String>, from: usize, at: Node<'_>) {
        if names.is_empty() {
            return;
        }
        let here = self.file.into.symbols.get(from..).unwrap_or_default();
        let mut known: HashSet<String> = here.iter().map(|symbol| symbol.path.clone()).collect();
        for name in names {
            if known.insert(format!("{scope}.{name}")) {
                let symbol = self.bound(&name, scope, at);
                self.file.add(symbol);
            }
        }
    }
}

/// Modules are open whose classes are decorated with what writes into the module of a class.
pub(super) fn exported(package: &mut Package) {
    let mut functions: HashSet<String> = HashSet::new();
    package.symbols.retain(|symbol| match symbol.path.strip_prefix(EXPORTS) {
        Some(name) => {
            functions.insert(name.trim_start_matches('.').to_owned());
            false
        }
        None => true,
    });
    let is_one = |open: &&Open| {
        let name = decorator_name(&open.detail);
        open.reason == Reason::Decorated && open.detail.starts_with('@') && functions.contains(name.rsplit('.').next().unwrap_or(name))
    };
    let modules: HashSet<String> =
        package.open.iter().filter(is_one).filter_map(|open| Some(open.path.rsplit_once('.')?.0.to_owned())).collect();
    let mut modules: Vec<String> = modules.into_iter().collect();
    modules.sort();
    let open = |path| Open { path, reason: Reason::Written, detail: "sys.modules[".to_owned() };
    package.open.extend(modules.into_iter().map(open));
}

/// The scope of rows that say which functions write into the module of what they are given.
const EXPORTS: &str = "<exports>";

fn given(call: Node<'_>) -> usize {
    call.child_by_field_name("arguments").map_or(0, |arguments| arguments.named_child_count())
}

/// A name that is set by its text.
fn set(name: Option<Node<'_>>, source: &str) -> Use {
    name.and_then(|name| plain_string(name, source)).map_or(Use::Open, |name| Use::Named(vec![name.to_owned()]))
}

fn is_left(node: Node<'_>, above: &[Node<'_>]) -> bool {
    above.last().is_some_and(|above| {
        matches!(above.kind(), "pattern_list" | "tuple_pattern" | "list_pattern")
            || matches!(above.kind(), "assignment" | "augmented_assignment" | "for_statement")
                && above.child_by_field_name("left") == Some(node)
    })
}

/// Whether a module of the program is replaced, or this one handed out, which whoever has it may write into.
fn is_replaced(node: Node<'_>, above: &[Node<'_>], source: &str) -> bool {
    let index = node.child_by_field_name("subscript");
    let is_text = index.is_some_and(|index| index.kind() == "string");
    let is_own = index.is_some_and(|index| text(index, source) == "__name__");
    is_left(node, above) || is_own || !is_text && ["setattr(", "__dict__"].iter().any(|word| source.contains(word))
}

/// Whether no more is done with a value than to read one of its names, or to compare it.
fn is_looked_at(above: &[Node<'_>]) -> bool {
    let Some(parent) = above.last() else { return true };
    match parent.kind() {
        "attribute" => !is_left(*parent, &above[..above.len() - 1]),
        "comparison_operator" | "expression_statement" | "delete_statement" => true,
        _ => false,
    }
}

/// Whether a name stands for what it is bound to, and is not bound here, or the name of something else.
fn is_mention(node: Node<'_>, above: &[Node<'_>]) -> bool {
    let Some(parent) = above.last() else { return false };
    match parent.kind() {
        "attribute" => parent.child_by_field_name("object") == Some(node),
        "keyword_argument" => parent.child_by_field_name("name") != Some(node),
        "parameters" | "lambda_parameters" | "global_statement" | "nonlocal_statement" | "delete_statement" => false,
        _ => !is_left(node, above),
    }
}

/// What is done with such a dictionary where it stands.
fn used(node: Node<'_>, above: &[Node<'_>], source: &str) -> Use {
    let Some(parent) = above.last() else { return Use::Read };
    let read_if = |is_read: bool| if is_read { Use::Read } else { Use::Open };
    match parent.kind() {
        "attribute" => {
            let name = field(*parent, "attribute", source).unwrap_or_default();
            read_if(parent.child_by_field_name("object") == Some(node) && READING.contains(&name))
        }
        "subscript" if parent.child_by_field_name("value") == Some(node) => entry(*parent, &above[..above.len() - 1], source),
        "comparison_operator" | "binary_operator" | "dictionary_splat" | "expression_statement" | "delete_statement" => Use::Read,
        "for_statement" | "for_in_clause" => read_if(parent.child_by_field_name("right") == Some(node)),
        "argument_list" => {
            let call = above.len().checked_sub(2).map(|at| above[at]);
            let function = call.and_then(|call| field(call, "function", source));
            read_if(function.is_some_and(|function| COPYING.contains(&function)))
        }
        "assignment" if parent.child_by_field_name("right") == Some(node) => {
            let left = parent.child_by_field_name("left").filter(|left| left.kind() == "identifier");
            left.map_or(Use::Open, |left| Use::Called(text(left, source).to_owned()))
        }
        _ => Use::Open,
    }
}

/// What is done with one of its entries.
fn entry(node: Node<'_>, above: &[Node<'_>], source: &str) -> Use {
    let Some(parent) = above.last() else { return Use::Read };
    let index = node.child_by_field_name("subscript");
    match parent.kind() {
        _ if is_left(node, above) => {}
        // `globals()[name].lid = 1`
        "attribute" if is_left(*parent, &above[..above.len() - 1]) => return Use::Open,
        "argument_list" => {
            let call = above.len().checked_sub(2).map(|at| above[at]);
            let is_set = call.is_some_and(|call| field(call, "function", source) == Some("setattr"));
            let name = parent.named_child(1).and_then(|name| plain_string(name, source));
            return if is_set && !name.is_some_and(|name| name.starts_with("__")) { Use::Open } else { Use::Read };
        }
        _ => return Use::Read,
    }
    let Some(index) = index else { return Use::Open };
    if let Some(name) = plain_string(index, source) {
        return Use::Named(vec![name.to_owned()]);
    }
    let name = text(index, source);
    for outer in above.iter().rev().filter(|_| index.kind() == "identifier") {
        match outer.kind() {
            // `for name in ["lid", "knob"]:`
            "for_statement" if field(*outer, "left", source) == Some(name) => {
                let names = outer.child_by_field_name("right").and_then(|right| texts(right, source));
                return names.map_or(Use::Open, Use::Named);
            }
            // What is kept there was answered.
            "function_definition" => {
                let mut is_asked = false;
                if field(*outer, "name", source) == Some(ANSWERS)
                    && let Some(parameters) = outer.child_by_field_name("parameters")
                {
                    walk(parameters, |node| {
                        is_asked |= node.kind() == "identifier" && text(node, source) == name;
                        true
                    });
                }
                return if is_asked { Use::Read } else { Use::Open };
            }
            _ => {}
        }
    }
    Use::Open
}

/// Methods of a dictionary that leave it as it is.
const READING: &[&str] = &["keys", "values", "items", "get", "copy", "__contains__", "__getitem__", "__len__", "__iter__"];

/// Functions that look at a dictionary and keep nothing of it.
const COPYING: &[&str] = &[
    "sorted",
    "list",
    "set",
    "dict",
    "tuple",
    "frozenset",
    "len",
    "iter",
    "print",
    "str",
    "repr",
    "bool",
    "any",
    "all",
    "eval",
    "__import__",
];

/// Methods of a value that give it what another one has, or what somebody sets on it.
const KEEPING: &[&str] = &[
    "__setattr__",
    "__setstate__",
    "__getstate__",
    "__copy__",
    "__deepcopy__",
    "__reduce__",
    "__reduce_ex__",
    "__eq__",
    "__repr__",
    "__hash__",
];
