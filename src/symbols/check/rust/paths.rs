//! Paths: made absolute by what `use` binds and by where the code stands, then walked segment by segment.

use tree_sitter::Node;

use super::Pass;
use crate::symbols::check::verdicts::Value;
use crate::symbols::languages::PATH;
use crate::symbols::package::{Kind, Symbol};
use crate::symbols::reach::{Look, Thing, parent};
use crate::symbols::source::tree::{one_line, text};

impl<'a, 't> Pass<'_, 'a, 't> {
    /// A path as it begins at a crate: what it begins with may be a module of the code's own crate. None where it is not known which.
    pub(super) fn absolute(&self, path: &str, module: Option<&str>) -> Option<String> {
        if path.starts_with("::") || is_of_language(first(path)) {
            return Some(path.to_owned());
        }
        let home = self.verdicts.home.map(|home| home.module.as_str());
        let here = home.zip(module).map(|(home, module)| format!("{home}{module}"));
        let mut scope: Option<String> = None;
        let mut rest = path;
        while is_relative(first(rest)) {
            scope = match first(rest) {
                "crate" => home.map(|home| first(home).to_owned()),
                "self" => scope.or_else(|| here.clone()),
                _ => parent(scope.as_deref().or(here.as_deref())?).map(str::to_owned),
            };
            scope.as_ref()?;
            rest = rest.get(first(rest).len() + 2..).unwrap_or_default();
        }
        match (scope, here) {
            (Some(scope), _) if rest.is_empty() => Some(scope),
            (Some(scope), _) => Some(format!("{scope}::{rest}")),
            (None, Some(here)) if self.has_module(&here, first(rest)) => Some(format!("{here}::{rest}")),
            (None, _) => Some(rest.to_owned()),
        }
    }

    /// Whether the code's own crate has a module of this name in another one, or what paths lead through likewise.
    fn has_module(&self, scope: &str, name: &str) -> bool {
        let reach = self.verdicts.reach;
        let path = format!("{scope}::{name}");
        let is_one = |at: &usize| reach.package(*at).at(&path).any(|symbol| matches!(symbol.kind, Kind::Module | Kind::Enum));
        reach.rooted(&path).iter().any(is_one)
    }

    /// A path that leads from where the code stands, where that is not known.
    pub(super) fn homeless(&mut self, node: Node<'t>, name: Node<'t>) {
        let reference = self.reference(node, name, false);
        self.verdicts.unknown(None, "it leads from where the code stands, which is not known", &reference);
    }

    pub(super) fn path(&mut self, node: Node<'t>) -> Value<'a> {
        if let Some(known) = self.values.known(node) {
            return known;
        }
        // What is cut off leads elsewhere.
        let whole = text(node, self.source);
        let Some(module) = self.sound.get(&node.id()).cloned() else { return Value::Nothing };
        if whole.len() > PATH || whole.contains("r#") {
            return Value::Nothing;
        }
        let name = node.child_by_field_name("name").unwrap_or(node);
        let written = one_line(whole);
        let value = match self.expanded(&written, module.as_deref()) {
            Some(path) => self.walk_path(&path, node, name),
            None => {
                if is_relative(first(&written)) {
                    self.homeless(node, name);
                }
                Value::Nothing
            }
        };
        self.values.tell(node, value);
        value
    }

    /// A path from its crate: through what `use` binds.
    pub(super) fn expanded(&mut self, written: &str, module: Option<&str>) -> Option<String> {
        let plain: String = without_generics(written);
        let is_of_a_crate = plain.starts_with("::");
        let plain = plain.trim_start_matches("::");
        let first = first(plain);
        // Beside a module of its name the type of the language has what that has not: `use rayon::*; str::to_owned`.
        if is_of_language(first) || matches!(first, "Self" | "") || !is_of_a_crate && is_primitive(first) {
            return None;
        }
        if is_relative(first) {
            return self.absolute(plain, module);
        }
        // In another function, or another module, the name is that of an item.
        if self.items.contains(first) && self.uses.contains_key(first) && !is_of_a_crate {
            return None;
        }
        if self.verdicts.defined.contains(first) && self.is_defined_here(first) && !is_of_a_crate {
            // Of what the code defines itself only modules are followed.
            let path = self.absolute(plain, module)?;
            return (path != plain).then_some(path);
        }
        let behind = &plain[first.len()..];
        match self.uses.get(first) {
            // Beside a function a crate may have its name: only that leads on.
            Some(Some(path)) if !behind.is_empty() && self.is_a_value(path) => {
                self.verdicts.reach.rooted(first).first().map(|_| plain.to_owned())
            }
            Some(path) => path.as_ref().map(|path| format!("{path}{behind}")),
            None if !self.verdicts.reach.rooted(first).is_empty() && plain.contains("::") => Some(plain.to_owned()),
            None => self.starred(first).map(|path| format!("{path}{behind}")),
        }
    }

    /// What a name leads to through a star.
    fn starred(&mut self, name: &str) -> Option<String> {
        if let Some(known) = self.starred.get(name) {
            return known.clone();
        }
        let reach = self.verdicts.reach;
        let found = self.stars.iter().find_map(|star| match reach.scope(star) {
            Look::Found(scope) => match reach.member(scope, name) {
                Look::Found(found) => Some(found.symbol.path.clone()),
                _ => None,
            },
            _ => None,
        });
        self.starred.insert(name.to_owned(), found.clone());
        found
    }

    /// Whether nothing stands below what a path leads to. A module that is not public is not what was meant: something else has its name.
    fn is_a_value(&self, path: &str) -> bool {
        let is_one = |symbol: &Symbol| match symbol.kind {
            Kind::Function | Kind::Method | Kind::Constant | Kind::Variable | Kind::Macro => true,
            Kind::Module => symbol.private,
            _ => false,
        };
        matches!(self.verdicts.reach.scope(path), Look::Found(found) if is_one(found.symbol))
    }

    fn is_defined_here(&self, name: &str) -> bool {
        !self.uses.contains_key(name)
    }

    pub(super) fn walk_path(&mut self, path: &str, node: Node<'t>, last: Node<'t>) -> Value<'a> {
        let path = path.trim_start_matches("::");
        let mut segments = path.split("::");
        let root = segments.next().unwrap_or_default();
        if is_of_language(root) || is_relative(root) || matches!(root, "Self" | "") {
            return Value::Nothing;
        }
        let mut reference = self.reference(node, last, true);
        let rooted = self.verdicts.reach.rooted(root);
        let Some(at) = rooted.first().copied() else {
            if node.kind() != "scoped_type_identifier"
                && (path.contains("::") || self.uses.contains_key(root) || self.renamed.contains(root))
                && root.chars().all(|c| c == '_' || c.is_lowercase() || c.is_numeric())
                // A module of the code's own.
                && !self.verdicts.defined.contains(root)
            {
                self.verdicts.foreign(&format!("no package in reach gives `{root}`"), true, &reference);
            }
            return Value::Nothing;
        };
        let Look::Found(mut scope) = self.verdicts.reach.scope(root) else { return Value::From(at) };
        let names: Vec<&str> = segments.collect();
        let Some((name, above)) = names.split_last() else {
            self.verdicts.exists(scope, &reference);
            return Value::Thing(scope);
        };
        for segment in above {
            match self.step(scope, segment) {
                Look::Found(found) => scope = found,
                other => {
                    reference.name = segment;
                    let scope = scope.symbol.path.clone();
                    return self.verdicts.looked(at, &scope, true, other, &reference);
                }
            }
        }
        reference.name = name;
        let found = self.step(scope, name);
        let scope = scope.symbol.path.clone();
        self.verdicts.looked(at, &scope, true, found, &reference)
    }

    /// A segment behind a thing. An alias is what it stands for; a type has what any trait in reach may give it.
    fn step(&self, scope: Thing<'a>, name: &str) -> Look<'a> {
        let reach = self.verdicts.reach;
        let found = reach.member(scope, name);
        if scope.symbol.kind == Kind::Module || !matches!(found, Look::Missing) {
            return found;
        }
        // A trait of the code's own, or of what is out of reach.
        if self.functions.contains(name) || self.verdicts.is_foreign {
            return Look::Unknown(format!("a trait may give `{name}`"));
        }
        let lower = name.to_lowercase();
        // A name that is no word of a package is none of its names.
        let of_trait = reach.packages().iter().filter(|package| package.has_word(name) || name.len() > 100).any(|package| {
            package.named(&lower).any(|symbol| {
                symbol.name() == name && parent(&symbol.path).is_some_and(|above| package.at(above).any(|above| above.kind == Kind::Trait))
            })
        });
        if of_trait { Look::Unknown(format!("a trait may give `{name}`")) } else { found }
    }
}

pub(super) fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or(path)
}

pub(super) fn is_of_language(root: &str) -> bool {
    matches!(root, "std" | "core" | "alloc")
}

fn is_primitive(name: &str) -> bool {
    let number = name.strip_prefix(['i', 'u', 'f']).unwrap_or_default();
    matches!(name, "str" | "bool" | "char") || matches!(number, "8" | "16" | "32" | "64" | "128" | "size")
}

/// What begins a path that leads from where it stands.
pub(super) fn is_relative(root: &str) -> bool {
    matches!(root, "crate" | "self" | "super")
}

/// `Vec::<u8>::new` is `Vec::new`.
fn without_generics(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    let mut depth = 0_usize;
    for c in path.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            c if depth == 0 && !c.is_whitespace() => plain.push(c),
            _ => {}
        }
    }
    while plain.contains("::::") {
        plain = plain.replace("::::", "::");
    }
    plain
}
