//! Classes that stand in the snippet itself: what they have of the packages that they are made from.

use tree_sitter::Node;

use super::{Pass, is_self};
use crate::symbols::check::verdicts::{Reference, Value};
use crate::symbols::package::{Ecosystem, Kind, Reason};
use crate::symbols::reach::{Look, Thing, native};
use crate::symbols::source::tree::{children, field, text, walk_within};

/// Classes above a class that are asked.
const DEEPEST: usize = 20;

/// What a class of the snippet is made from.
enum Base<'a> {
    Of(Thing<'a>),
    Own(usize),
    /// One of the language's own that adds no names, or an argument that is none.
    Plain,
    Unknown,
}

impl<'a, 't> Pass<'_, 'a, 't> {
    /// A member of a class of the snippet, or of a value of one. Names that the snippet gives itself are there; of others the packages tell
    /// that the class is made from.
    pub(super) fn of_own(&mut self, own: usize, reference: &Reference<'_>) -> Value<'a> {
        let name = reference.name;
        let is_given = |names: &std::collections::HashSet<String>| names.contains(name);
        if is_given(&self.verdicts.defined) || is_given(&self.verdicts.given) || self.bindings.has(name) {
            return Value::Nothing;
        }
        match self.own_member(own, name, 0) {
            Some((_, Look::Found(found))) => {
                self.verdicts.exists(found, reference);
                match found.symbol.kind {
                    Kind::Function | Kind::Method => Value::Thing(found),
                    // It may be what the class was given.
                    _ => Value::Nothing,
                }
            }
            Some((base, found)) if !self.is_composed(own, name) => {
                let is_told = self.is_told(own) || self.tells_classes(base);
                let found = match found {
                    Look::Missing if is_told => Look::Unknown(format!("`{}` may give names to what is made from it", base.symbol.path)),
                    found => found,
                };
                let found = self.verdicts.looked(base.at, &base.symbol.path, true, found, reference);
                if matches!(found, Value::Nothing) {
                    let names = self.names(own);
                    self.verdicts.or_own(name, &names);
                }
                Value::Nothing
            }
            _ => Value::Nothing,
        }
    }

    /// What calling a member of such a class gives. Of what is not written it may be what the class was given.
    pub(super) fn given_by_own(&mut self, own: usize, called: Value<'a>) -> Value<'a> {
        let Value::Thing(method) = called else { return Value::Nothing };
        if !method.is_sure || !matches!(method.symbol.kind, Kind::Function | Kind::Method) {
            return Value::Nothing;
        }
        let is_one = self.verdicts.reach.described(method.at, &method.symbol.path).len() == 1;
        match method.symbol.gives.as_deref() {
            Some(gives) if is_one && is_self(gives) => Value::Own(own),
            _ => match self.given(method, None) {
                Value::Declared(class) => Value::Declared(class),
                _ => Value::Nothing,
            },
        }
    }

    /// Whether calling the class makes a value of it, as far as that is known.
    pub(super) fn is_made_by_call(&mut self, own: usize) -> bool {
        self.is_made(own, 0)
    }

    fn is_made(&mut self, own: usize, depth: usize) -> bool {
        let bases = self.bases(own);
        depth < DEEPEST
            && !["__new__", "__call__"].iter().any(|name| self.names(own).contains(name))
            && bases.iter().all(|base| match base {
                Base::Of(class) => self.is_made_of(*class, depth),
                Base::Own(other) => self.is_made(*other, depth + 1),
                Base::Plain => true,
                Base::Unknown => false,
            })
    }

    /// The same of a class of a package: neither it nor its metaclass answers otherwise.
    fn is_made_of(&self, class: Thing<'a>, depth: usize) -> bool {
        let reach = self.verdicts.reach;
        let package = reach.package(class.at);
        let path = &class.symbol.path;
        let own = |name: &str| package.at(&package.join(path, name)).next().is_some();
        if depth >= DEEPEST || !class.is_sure || own("__new__") || class.symbol.bases.len() > DEEPEST {
            return false;
        }
        let module = reach.module_of(path);
        let is_plain = package.own_openness(path).is_none_or(|open| match open.reason {
            Reason::Dynamic | Reason::Written => true,
            Reason::Decorated => open.detail.split_once('=').is_some_and(|(what, of)| {
                let metaclass = (what.trim() == "metaclass").then(|| reach.written(class.at, of, module));
                matches!(metaclass, Some(Look::Found(of)) if !matches!(reach.member(of, "__call__"), Look::Found(_)))
            }),
            _ => false,
        });
        is_plain
            && class.symbol.bases.iter().all(|base| match reach.written(class.at, base, module) {
                Look::Found(up) if up.symbol.path == *path => true,
                Look::Found(up) => up.symbol.kind == Kind::Class && self.is_made_of(up, depth + 1),
                _ => native::has(Ecosystem::PyPi, base, "").is_some(),
            })
    }

    /// Where a name leads above the class; none where something is not known of it.
    fn own_member(&mut self, own: usize, name: &str, depth: usize) -> Option<(Thing<'a>, Look<'a>)> {
        if depth >= DEEPEST || self.is_elided(own) {
            return None;
        }
        let mut answer: Option<(Thing<'a>, Look<'a>)> = None;
        for base in self.bases(own) {
            let found = match base {
                Base::Of(class) => (class, self.verdicts.reach.member(class, name)),
                Base::Own(other) => self.own_member(other, name, depth + 1)?,
                Base::Plain => continue,
                Base::Unknown => return None,
            };
            match &found.1 {
                Look::Found(_) => return Some(found),
                Look::Unknown(_) => answer = Some(found),
                Look::Missing => answer = answer.or(Some(found)),
            }
        }
        answer
    }

    fn bases(&mut self, own: usize) -> Vec<Base<'a>> {
        let Some(node) = self.classes.get(&own).copied() else { return vec![Base::Unknown] };
        let arguments = node.child_by_field_name("superclasses").map(children).unwrap_or_default();
        if arguments.len() > DEEPEST {
            return vec![Base::Unknown];
        }
        let mut bases = Vec::new();
        for argument in arguments {
            let written = text(argument, self.source);
            bases.push(match argument.kind() {
                "comment" => Base::Plain,
                // Others are told to the bases.
                "keyword_argument" if field(argument, "name", self.source) != Some("metaclass") => Base::Plain,
                "identifier" | "attribute" | "subscript" => match self.value(argument) {
                    Value::Thing(class) if class.symbol.kind == Kind::Class && class.is_sure => Base::Of(class),
                    Value::OwnClass(other) if other != own => Base::Own(other),
                    Value::Nothing if PLAIN.contains(&written.split('[').next().unwrap_or(written)) => Base::Plain,
                    _ => Base::Unknown,
                },
                _ => Base::Unknown,
            });
        }
        bases
    }

    /// Whether a class, or one that it is made from in the snippet, is told more than its bases: they may make names of that.
    fn is_told(&mut self, own: usize) -> bool {
        let mut ahead = vec![own];
        for _ in 0..DEEPEST {
            let Some(own) = ahead.pop() else { return false };
            let Some(node) = self.classes.get(&own).copied() else { return true };
            let arguments = node.child_by_field_name("superclasses").map(children).unwrap_or_default();
            if arguments.iter().any(|argument| argument.kind() == "keyword_argument") {
                return true;
            }
            ahead.extend(self.bases(own).into_iter().filter_map(|base| match base {
                Base::Own(other) => Some(other),
                _ => None,
            }));
        }
        true
    }

    /// Whether a class of a package does something with those that are made from it.
    fn tells_classes(&self, base: Thing<'a>) -> bool {
        matches!(self.verdicts.reach.member(base, "__init_subclass__"), Look::Found(_))
    }

    /// Whether documentation leaves out a part of the class.
    fn is_elided(&self, own: usize) -> bool {
        // A comment that a body begins with stands before it.
        let Some(class) = self.classes.get(&own).copied() else { return true };
        let mut is_elided = class.has_error();
        walk_within(class, |node, above| {
            let written = || text(node, self.source);
            is_elided |= match node.kind() {
                // It stands for statements, and not for a value as in `Field(...)`.
                "ellipsis" => above.last().is_some_and(|above| above.kind() == "expression_statement"),
                "comment" => written().contains("..") || written().contains('\u{2026}'),
                _ => false,
            };
            !is_elided
        });
        is_elided
    }

    /// Names that the body of a class binds.
    fn names(&self, own: usize) -> Vec<&'t str> {
        let body = self.classes.get(&own).and_then(|node| node.child_by_field_name("body"));
        let source = self.source;
        let name = |statement: Node<'t>| {
            let inner = match statement.kind() {
                "decorated_definition" => statement.child_by_field_name("definition")?,
                "expression_statement" => statement.named_child(0)?,
                _ => statement,
            };
            field(inner, "name", source).or_else(|| field(inner, "left", source))
        };
        body.map(children).unwrap_or_default().into_iter().filter_map(name).take(MOST_NAMES).collect()
    }

    /// Whether a name has one of the snippet's in it: what makes classes may make names of their members' and of each other's, as
    /// `get_kind_display` of `kind`.
    fn is_composed(&self, own: usize, name: &str) -> bool {
        let lower = name.to_lowercase();
        let is_part = |part: &str| part.len() >= 3 && part.len() < name.len() && lower.contains(&part.to_lowercase());
        let classes = self.classes.values().filter_map(|node| field(*node, "name", self.source));
        self.names(own).into_iter().chain(classes.take(MOST_NAMES)).any(is_part)
    }
}

/// Names of one class that are looked at.
const MOST_NAMES: usize = 200;

/// Bases that add no names which anybody asks for.
const PLAIN: &[&str] = &["object", "ABC", "abc.ABC", "Generic", "typing.Generic", "t.Generic"];
