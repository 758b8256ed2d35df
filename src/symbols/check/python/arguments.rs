//! Parameters: a name that no overload takes, more values than any of them takes. Only where every overload is known.

use tree_sitter::Node;

use super::Pass;
use crate::symbols::check::verdicts::{Reference, Value};
use crate::symbols::package::{Kind, Shape, Takes};
use crate::symbols::reach::{Look, Thing};
use crate::symbols::source::tree::{children, line, text};

/// Arguments of a call that is looked at: each is held against every parameter.
const MOST: usize = 255;

impl<'a, 't> Pass<'_, 'a, 't> {
    pub(super) fn arguments(&mut self, node: Node<'t>) {
        let (Some(function), Some(arguments)) = (node.child_by_field_name("function"), node.child_by_field_name("arguments")) else {
            return;
        };
        if arguments.kind() != "argument_list" || node.has_error() {
            return;
        }
        let given = children(arguments);
        if given.len() > MOST {
            return;
        }
        let Value::Thing(called) = self.value(function) else { return };
        let Some((at, path, overloads)) = self.overloads(called, function) else { return };
        let mut positions = 0;
        let mut is_spread = false;
        for argument in given {
            match argument.kind() {
                "comment" => {}
                "list_splat" | "dictionary_splat" | "parenthesized_list_splat" => is_spread = true,
                "keyword_argument" => {
                    let Some(name) = argument.child_by_field_name("name") else { continue };
                    let word = text(name, self.source);
                    let is_taken =
                        |takes: &Takes| takes.any_names || takes.parameters.iter().any(|p| p.name == word && p.shape != Shape::Position);
                    if !overloads.iter().copied().any(is_taken) {
                        let why = format!("`{path}` takes no `{word}`");
                        self.wrong(at, node, name, &why);
                    }
                }
                _ => positions += 1,
            }
        }
        let most = |takes: &Takes| takes.parameters.iter().filter(|p| p.shape != Shape::Name).count();
        let fits = overloads.iter().any(|takes| takes.any_positions || most(takes) >= positions);
        if !is_spread && !fits {
            let most = overloads.iter().map(|takes| most(takes)).max().unwrap_or(0);
            let why = format!("`{path}` takes {most} by position, not {positions}");
            self.wrong(at, node, arguments, &why);
        }
    }

    fn wrong(&mut self, at: usize, call: Node<'t>, place: Node<'t>, why: &str) {
        let reference = Reference {
            line: line(place),
            offset: self.offset(place),
            text: text(call, self.source),
            name: text(place, self.source),
            is_guarded: self.is_guarded(call),
            is_called: true,
        };
        self.verdicts.missing(at, "", why, &reference);
    }

    /// Every way in which something is called; none where one of them is not known.
    fn overloads(&mut self, called: Thing<'a>, function: Node<'t>) -> Option<(usize, String, Vec<&'a Takes>)> {
        if !called.is_sure {
            return None;
        }
        let reach = self.verdicts.reach;
        let of = match called.symbol.kind {
            Kind::Class => self.constructor(called)?,
            Kind::Function => called,
            Kind::Method => {
                let receiver = function.child_by_field_name("object").map(|object| self.value(object));
                let is_bound = match receiver {
                    Some(Value::Exactly(_)) => true,
                    // Through the class itself the receiver is an argument.
                    Some(Value::Thing(_)) => {
                        called.symbol.signature.starts_with("@classmethod") || called.symbol.signature.starts_with("@staticmethod")
                    }
                    _ => false,
                };
                is_bound.then_some(called)?
            }
            _ => return None,
        };
        let all = reach.overloads(of.at, &of.symbol.path);
        let takes: Option<Vec<&Takes>> = all.iter().map(|symbol| symbol.takes.as_ref()).collect();
        Some((of.at, of.symbol.path.clone(), takes?))
    }

    /// The `__init__` that a class is called by, along a line of single bases.
    fn constructor(&self, class: Thing<'a>) -> Option<Thing<'a>> {
        let reach = self.verdicts.reach;
        let mut at = class;
        if class.symbol.bases.len() > 20 {
            return None;
        }
        for _ in 0..20 {
            let package = reach.package(at.at);
            let own = |name: &str| package.at(&package.join(&at.symbol.path, name)).next();
            if !at.is_sure || package.own_openness(&at.symbol.path).is_some() || own("__new__").is_some() || own("__call__").is_some() {
                return None;
            }
            // Classes with bases may have a metaclass that is not seen; those with an `__init__` of their own are called by it all the same.
            if own("__init__").is_some() {
                let known = at.symbol.bases.iter().all(|base| {
                    matches!(reach.written(at.at, base, reach.module_of(&at.symbol.path)), Look::Found(up) if reach.package(up.at).own_openness(&up.symbol.path).is_none() && !matches!(reach.member(up, "__new__"), Look::Found(_)))
                        || matches!(base.as_str(), "object" | "Exception" | "ABC" | "abc.ABC")
                        || base.starts_with("Generic[")
                });
                if !known {
                    return None;
                }
                return own("__init__").map(|symbol| Thing { symbol, ..at });
            }
            let bases: Vec<&String> = at.symbol.bases.iter().filter(|base| *base != "abc.ABC").collect();
            let [base] = bases.as_slice() else { return None };
            let Look::Found(up) = reach.written(at.at, base, reach.module_of(&at.symbol.path)) else { return None };
            at = up;
        }
        None
    }
}
