//! What values are and which members they have, by the types that packages declare. All declarations of one name count; what stands for
//! any type is not followed, and what is computed is not known.

use crate::symbols::languages::{CALLED, DEFAULT, ITSELF, MADE, is_description};
use crate::symbols::package::{Ecosystem, Kind, Reason, Symbol};
use crate::symbols::reach::{Look, Reach, Thing, native, parent};

/// What an expression is, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// A module: what it exports, or what it gives as its own, as loaders have it.
    Module(Thing<'a>),
    /// What is declared under a name, a class or function itself; and of what value it is a member.
    Named(Thing<'a>, Option<Thing<'a>>),
    /// A value of a type.
    Of(Thing<'a>),
    /// A value of a type as written, which no package declares.
    Written(Written<'a>),
    /// Something that this package gave.
    From(usize),
    Nothing,
}

/// A type as it is written, where it is written, and what `this` is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    text: &'a str,
    at: usize,
    scope: &'a str,
    this: Option<Thing<'a>>,
}

/// What a member is looked for in, to be named in an answer.
pub(super) struct Place<'a> {
    pub at: usize,
    pub scope: &'a str,
}

#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    reach: &'a Reach,
}

impl<'a> Types<'a> {
    pub(super) fn new(reach: &'a Reach) -> Self {
        Self { reach }
    }

    /// The member of a value; none where nothing is known of the value.
    pub(super) fn member(&self, value: Value<'a>, name: &str) -> Option<(Place<'a>, Look<'a>)> {
        let of = |thing: Thing<'a>| Place { at: thing.at, scope: &thing.symbol.path };
        match value {
            Value::Module(module) => Some((of(module), self.of_module(module, name, OWN))),
            Value::Named(thing, receiver) => Some((of(thing), self.of_named(thing, receiver, name, &mut { FUEL }))),
            Value::Of(thing) => Some((of(thing), self.of_type(thing, name, &mut { FUEL }))),
            Value::Written(written) => {
                let scope = &written.text[..written.text.find('<').unwrap_or(written.text.len())];
                Some((Place { at: written.at, scope }, self.of_written(written, name, &mut { FUEL })))
            }
            Value::From(_) | Value::Nothing => None,
        }
    }

    /// What a member that was found is, of this value.
    pub(super) fn found(&self, value: Value<'a>, found: Thing<'a>) -> Value<'a> {
        let receiver = match value {
            Value::Of(of) => Some(of),
            Value::Named(thing, receiver) => match self.settled(self.given(thing, receiver, is_held)) {
                Value::Of(of) => Some(of),
                _ => None,
            },
            _ => None,
        };
        named(found, receiver)
    }

    /// What calling a value gives.
    pub(super) fn called(&self, value: Value<'a>) -> Value<'a> {
        let unknown = from(value);
        match value {
            Value::Module(module) => self.itself(module).map_or(unknown, |own| self.called(own)),
            Value::Named(thing, receiver) => match self.given(thing, receiver, is_callable) {
                Some(written) => or(self.settled(Some(written)), unknown),
                None => or(self.called_type(self.settled(self.given(thing, receiver, is_held))), unknown),
            },
            other => or(self.called_type(other), unknown),
        }
    }

    fn called_type(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Of(of) => self.signature(of, CALLED),
            Value::Written(written) => match written.text.strip_prefix("=>") {
                Some(text) => self.settled(Some(Written { text, ..written })),
                None => Value::Nothing,
            },
            // `typeof f`.
            Value::Named(thing, receiver) => self.settled(self.given(thing, receiver, is_callable)),
            _ => Value::Nothing,
        }
    }

    /// What `new` makes of a value.
    pub(super) fn made(&self, value: Value<'a>) -> Value<'a> {
        let unknown = from(value);
        match value {
            Value::Module(module) => self.itself(module).map_or(unknown, |own| self.made(own)),
            Value::Named(thing, receiver) => {
                if self.all(thing).iter().any(|(_, symbol)| symbol.kind == Kind::Class) {
                    return Value::Of(thing);
                }
                match self.settled(self.given(thing, receiver, is_held)) {
                    Value::Of(of) => or(self.signature(of, MADE), unknown),
                    Value::Named(class, _) if class.symbol.path != thing.symbol.path => self.made(Value::Named(class, None)),
                    _ => unknown,
                }
            }
            _ => unknown,
        }
    }

    /// What waiting for a value gives.
    pub(super) fn awaited(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Written(written) => match argument(written.text, &["Promise", "PromiseLike"]) {
                Some(text) => or(self.settled(Some(Written { text, ..written })), from(value)),
                None => from(value),
            },
            Value::Of(of) if matches!(self.of_type(of, "then", &mut { FUEL }), Look::Missing) => value,
            other => from(other),
        }
    }

    /// What a list is made of.
    pub(super) fn element(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Written(written) => match argument(written.text, &["Array", "ReadonlyArray", "Set", "Iterable", "IterableIterator"]) {
                Some(text) => or(self.settled(Some(Written { text, ..written })), from(value)),
                None => from(value),
            },
            other => from(other),
        }
    }

    /// A value of the type that a name of a module or namespace stands for.
    pub(super) fn typed(&self, named: Thing<'a>) -> Value<'a> {
        match self.is_type(named) {
            true => Value::Of(named),
            false => Value::From(named.at),
        }
    }

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
    fn itself(&self, module: Thing<'a>) -> Option<Value<'a>> {
        let mut value = self.own(module)?;
        for _ in 0..OWN {
            match value {
                Value::Module(module) => value = self.own(module)?,
                other => return Some(other),
            }
        }
        None
    }

    fn of_module(&self, module: Thing<'a>, name: &str, depth: u32) -> Look<'a> {
        if !self.is_described(module) {
            return Look::Unknown("no file describes its types".to_owned());
        }
        let found = self.reach.within(module.at, &module.symbol.path, name);
        match (found, self.own(module)) {
            (Look::Missing, _) if name == DEFAULT => Look::Unknown("loaders differ in what they take for it".to_owned()),
            (Look::Missing, Some(Value::Named(own, receiver))) => self.of_named(own, receiver, name, &mut { FUEL }),
            (Look::Missing, Some(Value::Module(own))) if depth > 0 => self.of_module(own, name, depth - 1),
            (Look::Missing, Some(Value::From(_))) => Look::Unknown("what it gives as its own is not known".to_owned()),
            (found, _) => found,
        }
    }

    /// All declarations of a name, of every package that has some.
    fn all(&self, thing: Thing<'a>) -> Vec<(usize, &'a Symbol)> {
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

    fn is_type(&self, thing: Thing<'a>) -> bool {
        self.all(thing).iter().any(|(_, symbol)| matches!(symbol.kind, Kind::Class | Kind::Interface | Kind::Type | Kind::Enum))
    }

    /// A member of what is named itself: static ones of a class, what a namespace holds, what the type of a variable has.
    fn of_named(&self, thing: Thing<'a>, receiver: Option<Thing<'a>>, name: &str, fuel: &mut u32) -> Look<'a> {
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
    fn of_type(&self, thing: Thing<'a>, name: &str, fuel: &mut u32) -> Look<'a> {
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
            if !is_description(&symbol.file) {
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

    fn of_written(&self, written: Written<'a>, name: &str, fuel: &mut u32) -> Look<'a> {
        match self.settled(Some(written)) {
            Value::Of(of) => self.of_type(of, name, fuel),
            Value::Named(thing, receiver) => self.of_named(thing, receiver, name, fuel),
            Value::Module(module) => self.of_module(module, name, OWN),
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

    /// The type that all declarations of a name of some kinds give, or its name where they differ in what it is made of.
    fn given(&self, thing: Thing<'a>, receiver: Option<Thing<'a>>, is_meant: fn(Kind) -> bool) -> Option<Written<'a>> {
        let all: Vec<_> = self.all(thing).into_iter().filter(|(_, symbol)| is_meant(symbol.kind)).collect();
        let (at, first) = all.first()?;
        let text = first.gives.as_deref()?;
        let head = &text[..text.find('<').unwrap_or(text.len())];
        let is_whole = all.iter().all(|(_, symbol)| symbol.gives.as_deref() == Some(text));
        let is_alike = all.iter().all(|(_, symbol)| symbol.gives.as_deref().is_some_and(|gives| gives.split('<').next() == Some(head)));
        let text = if is_whole { text } else { Some(head).filter(|_| is_alike)? };
        Some(Written { text, at: *at, scope: self.reach.module_of(&first.path), this: receiver })
    }

    /// What the signature of a type under such a name gives.
    fn signature(&self, of: Thing<'a>, name: &str) -> Value<'a> {
        match self.of_type(of, name, &mut { FUEL }) {
            Look::Found(found) => self.settled(self.given(found, Some(of), is_callable)),
            _ => Value::Nothing,
        }
    }

    /// A value of a type as written: of what a package declares, or of what the language has.
    fn settled(&self, written: Option<Written<'a>>) -> Value<'a> {
        let Some(written) = written else { return Value::Nothing };
        if written.text == "this" {
            return written.this.map_or(Value::Nothing, Value::Of);
        }
        if written.text.starts_with("=>") {
            return Value::Written(written);
        }
        if let Some(name) = written.text.strip_prefix("typeof ") {
            return match self.resolved(written, name) {
                Look::Found(found) => named(found, None),
                _ => Value::Nothing,
            };
        }
        let head = &written.text[..written.text.find('<').unwrap_or(written.text.len())];
        match self.resolved(written, head) {
            Look::Found(found) if self.is_type(found) => self.plain(found, written),
            Look::Missing if native::has(Ecosystem::Npm, head, "").is_some() => Value::Written(written),
            _ => Value::Nothing,
        }
    }

    /// Another name for a type of the language is that type.
    fn plain(&self, found: Thing<'a>, written: Written<'a>) -> Value<'a> {
        let gives = found.symbol.gives.as_deref().filter(|gives| found.symbol.kind == Kind::Type && *gives != "{}");
        match gives {
            // Of itself it would be without end.
            Some(text) if found.symbol.path != written.scope && !text.starts_with("typeof ") => {
                let scope = self.reach.module_of(&found.symbol.path);
                let inner = Written { text, at: found.at, scope, this: written.this };
                let head = &text[..text.find('<').unwrap_or(text.len())];
                let is_native = native::has(Ecosystem::Npm, head, "").is_some() && matches!(self.resolved(inner, head), Look::Missing);
                if is_native || text.starts_with("=>") { Value::Written(inner) } else { Value::Of(found) }
            }
            _ => Value::Of(found),
        }
    }

    /// What a name means where it is written: in the scopes around, from the inside out. Missing where it is none of the package's.
    fn resolved(&self, written: Written<'a>, name: &str) -> Look<'a> {
        let mut segments = name.split('.').map(str::trim);
        let first = segments.next().unwrap_or_default();
        let mut scope = Some(written.scope);
        let mut found = Look::Missing;
        while let (Some(here), Look::Missing) = (scope, &found) {
            found = self.reach.within(written.at, here, first);
            scope = parent(here).filter(|_| here.contains('#'));
        }
        for segment in segments.take(10) {
            let Look::Found(inner) = found else { return found };
            let is_file = inner.symbol.kind == Kind::Module && !inner.symbol.path.contains('#');
            // The namespace that a module is itself stands in the module.
            found = match self.reach.within(inner.at, &inner.symbol.path, segment) {
                Look::Missing if is_file => match self.itself(inner) {
                    Some(Value::Named(own, _)) => self.reach.within(own.at, &own.symbol.path, segment),
                    _ => Look::Missing,
                },
                Look::Missing => self.reach.within(inner.at, self.reach.module_of(&inner.symbol.path), segment),
                other => other,
            };
            if matches!(found, Look::Missing) {
                return Look::Unknown(format!("`{name}` is not known"));
            }
        }
        found
    }
}

fn named<'a>(found: Thing<'a>, receiver: Option<Thing<'a>>) -> Value<'a> {
    match found.symbol.kind == Kind::Module && !found.symbol.path.contains('#') {
        true => Value::Module(found),
        false => Value::Named(found, receiver),
    }
}

fn from(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Module(thing) | Value::Named(thing, _) | Value::Of(thing) => Value::From(thing.at),
        Value::Written(written) => Value::From(written.at),
        other => other,
    }
}

fn or<'a>(value: Value<'a>, other: Value<'a>) -> Value<'a> {
    if matches!(value, Value::Nothing) { other } else { value }
}

/// The first of what one of these types is made of.
fn argument<'t>(text: &'t str, of: &[&str]) -> Option<&'t str> {
    let (head, rest) = text.split_once('<')?;
    let inner = rest.strip_suffix('>').filter(|_| of.contains(&head))?;
    let mut depth = 0_usize;
    let end = inner.char_indices().find(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' if !inner[..*at].ends_with('=') => depth = depth.saturating_sub(1),
            _ => {}
        }
        *c == ',' && depth == 0
    });
    Some(&inner[..end.map_or(inner.len(), |(at, _)| at)])
}

fn is_callable(kind: Kind) -> bool {
    matches!(kind, Kind::Function | Kind::Method)
}

/// What holds a value.
fn is_held(kind: Kind) -> bool {
    matches!(kind, Kind::Constant | Kind::Variable | Kind::Property | Kind::Field)
}

fn burn(fuel: &mut u32) -> bool {
    *fuel = fuel.saturating_sub(1);
    *fuel > 0
}

fn too_deep<'a>() -> Look<'a> {
    Look::Unknown("its types go too deep".to_owned())
}

const OF_LANGUAGE: &str = "the language itself may give it";
/// Types that are looked into for one member.
const FUEL: u32 = 300;
/// Modules that are another one themselves, one behind the other.
const OWN: u32 = 5;
/// Declarations of one name.
const MOST: usize = 200;
