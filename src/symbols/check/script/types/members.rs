//! Which members a value has: those that are declared in all places of its type's name, and those of what that is made from.

use super::{OWN, Types, Value, Written, is_held, named};
use crate::symbols::languages::{DEFAULT, ITSELF, is_description};
use crate::symbols::package::{Ecosystem, Kind, Reason, Symbol};
use crate::symbols::reach::{Look, Thing, native};

impl<'a> Types<'a> {
    /// What a module gives as its own.
    fn own(&self, module: Thing<'a>) -> Option<Value<'a>> {
        [ITSELF, DEFAULT].into_iter().find_map(|name| match self.reach.within(module.at, &module.symbol.path, name) {
            Look::Found(found) if found.symbol.path != module.symbol.path => Some(named(found, None)),
            // There is something, and it is not known what.
            Look::Unknown(_) => Some(Value::From(module.at)),
            _ => None,
        })
    }

    /// The same through modules that are others themselves.
    pub(super) fn itself(&self, module: Thing<'a>) -> Option<Value<'a>> {
        let mut value = self.own(module)?;
        for _ in 0..OWN {
            match value {
                Value::Module(module) => value = self.own(module)?,
                other => return Some(other),
            }
        }
        None
    }

    pub(super) fn of_module(&self, module: Thing<'a>, name: &str, depth: u32, fuel: &mut u32) -> Look<'a> {
        if !self.is_described(module) {
            return Look::Unknown("no file describes its types".to_owned());
        }
        let found = self.reach.within(module.at, &module.symbol.path, name);
        match (found, self.own(module)) {
            (Look::Missing, _) if name == DEFAULT => Look::Unknown("loaders differ in what they take for it".to_owned()),
            (Look::Missing, Some(Value::Named(own, receiver))) => self.of_named(own, receiver, name, fuel),
            (Look::Missing, Some(Value::Module(own))) if depth > 0 => self.of_module(own, name, depth - 1, fuel),
            (Look::Missing, Some(Value::From(_))) => Look::Unknown("what it gives as its own is not known".to_owned()),
            (found, _) => found,
        }
    }

    /// All declarations of a name, of every package that has some.
    pub(super) fn all(&self, thing: Thing<'a>) -> Vec<(usize, &'a Symbol)> {
        let path = thing.symbol.path.as_str();
        let places = self.reach.rooted_from(Some(thing.at), path);
        let reach = self.reach;
        places.into_iter().flat_map(|at| reach.package(at).at(path).map(move |symbol| (at, symbol))).take(MOST).collect()
    }

    /// A member that is declared as one of these.
    fn direct(&self, thing: Thing<'a>, name: &str) -> Option<Thing<'a>> {
        let path = thing.symbol.path.as_str();
        let places = self.reach.rooted_from(Some(thing.at), path);
        let reach = self.reach;
        places.into_iter().find_map(|at| {
            let package = reach.package(at);
            package.at(&package.join(path, name)).next().map(|symbol| Thing { at, symbol, is_sure: true })
        })
    }

    /// Why something may have members that are not written.
    fn open(&self, thing: Thing<'a>) -> Option<String> {
        let path = thing.symbol.path.as_str();
        self.reach.rooted_from(Some(thing.at), path).into_iter().find_map(|at| {
            let package = self.reach.package(at);
            if !package.package().is_whole {
                return Some(format!("only part of {} is known", package.package().id));
            }
            let of_module = package.own_openness(self.reach.module_of(path)).filter(|open| open.reason == Reason::Unread);
            let open = package.openness(path).or(of_module)?;
            Some(format!("`{path}` is open: {}", open.reason.text()))
        })
    }

    fn is_described(&self, thing: Thing<'a>) -> bool {
        is_description(&thing.symbol.file) || thing.symbol.file.is_empty()
    }

    pub(super) fn is_type(&self, thing: Thing<'a>) -> bool {
        self.all(thing).iter().any(|(_, symbol)| matches!(symbol.kind, Kind::Class | Kind::Interface | Kind::Type | Kind::Enum))
    }

    /// A member of what is named itself: static ones of a class, what a namespace holds, what the type of a variable has.
    pub(super) fn of_named(&self, thing: Thing<'a>, receiver: Option<Thing<'a>>, name: &str, fuel: &mut u32) -> Look<'a> {
        if !burn(fuel) {
            return too_deep();
        }
        if let Some(found) = self.direct(thing, name) {
            return Look::Found(found);
        }
        let mut why = self.open(thing);
        let all = self.all(thing);
        let has_names = all.iter().any(|(_, symbol)| symbol.kind == Kind::Module);
        let mut is_value = false;
        for (at, symbol) in &all {
            let answer = match symbol.kind {
                Kind::Module => self.reach.within(*at, &symbol.path, name),
                Kind::Class => self.of_type(thing, name, fuel),
                Kind::Enum => Look::Missing,
                Kind::Function if has_names || name == "prototype" => Look::Missing,
                kind if is_held(kind) => match self.given(thing, receiver, is_held) {
                    Some(written) if written.text == "{}" => Look::Missing,
                    Some(written) => self.of_written(written, name, fuel),
                    None => Look::Unknown(format!("the type of `{}` is not plain", symbol.path)),
                },
                Kind::Interface | Kind::Type => continue,
                kind => Look::Unknown(format!("`{}` is a {}", symbol.path, kind.name())),
            };
            is_value = true;
            match answer {
                Look::Found(found) => return Look::Found(found),
                Look::Unknown(reason) => why = why.or(Some(reason)),
                Look::Missing => {}
            }
        }
        if !is_value {
            why = why.or(Some(format!("`{}` is a type", thing.symbol.path)));
        }
        if native::is_of_any_script(name) {
            why = why.or(Some(OF_LANGUAGE.to_owned()));
        }
        why.map_or(Look::Missing, Look::Unknown)
    }

    /// A member of a value of a type, its own or of what it is made from.
    pub(super) fn of_type(&self, thing: Thing<'a>, name: &str, fuel: &mut u32) -> Look<'a> {
        if !burn(fuel) {
            return too_deep();
        }
        if let Some(found) = self.direct(thing, name) {
            return Look::Found(found);
        }
        let mut why = self.open(thing);
        if native::is_of_any_script(name) {
            why = why.or(Some(OF_LANGUAGE.to_owned()));
        }
        let mut is_type = false;
        for (at, symbol) in self.all(thing) {
            // What the code's own says of a type it says whole.
            if !is_description(&symbol.file) && !self.reach.package(at).package().id.version.is_empty() {
                why = why.or(Some("no file describes its types".to_owned()));
            }
            let scope = self.reach.module_of(&symbol.path);
            let of = |text: &'a str| Written { text, at, scope, this: Some(thing) };
            let answers: Vec<Look<'a>> = match symbol.kind {
                Kind::Class | Kind::Interface => symbol.bases.iter().map(|base| self.of_written(of(base), name, fuel)).collect(),
                Kind::Type => match symbol.gives.as_deref() {
                    Some("{}") => Vec::new(),
                    Some(text) => vec![self.of_written(of(text), name, fuel)],
                    None => vec![Look::Unknown(format!("`{}` is a type that is computed", symbol.path))],
                },
                Kind::Enum => vec![Look::Unknown(format!("`{}` is an enum", symbol.path))],
                _ => continue,
            };
            is_type = true;
            for answer in answers {
                match answer {
                    Look::Found(found) => return Look::Found(found),
                    Look::Unknown(reason) => why = why.or(Some(reason)),
                    Look::Missing => {}
                }
            }
        }
        if !is_type {
            why = why.or(Some(format!("`{}` is no type", thing.symbol.path)));
        }
        why.map_or(Look::Missing, Look::Unknown)
    }

    pub(super) fn of_written(&self, written: Written<'a>, name: &str, fuel: &mut u32) -> Look<'a> {
        match self.settled(Some(written)) {
            Value::Of(of) => self.of_type(of, name, fuel),
            Value::Named(thing, receiver) => self.of_named(thing, receiver, name, fuel),
            Value::Module(module) => self.of_module(module, name, OWN, fuel),
            Value::Written(of_language) => {
                let head = of_language.text.split('<').next().unwrap_or_default();
                match native::has(Ecosystem::Npm, head, name) {
                    Some(false) if !native::is_of_any_script(name) => Look::Missing,
                    Some(_) => Look::Unknown(OF_LANGUAGE.to_owned()),
                    None => Look::Unknown(format!("`{head}` is not known")),
                }
            }
            Value::From(_) | Value::Nothing => Look::Unknown(format!("`{}` is not known", written.text)),
        }
    }
}

fn burn(fuel: &mut u32) -> bool {
    *fuel = fuel.saturating_sub(1);
    *fuel > 0
}

fn too_deep<'a>() -> Look<'a> {
    Look::Unknown("its types go too deep".to_owned())
}

const OF_LANGUAGE: &str = "the language itself may give it";
/// Declarations of one name.
const MOST: usize = 200;
