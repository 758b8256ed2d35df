//! What values are and which members they have, by the types that packages declare. All declarations of one name count; what stands for
//! any type is not followed, and what is computed is not known.

mod members;

use crate::symbols::languages::{CALLED, MADE, UNKNOWN};
use crate::symbols::package::{Ecosystem, Kind};
use crate::symbols::reach::{Look, Reach, Thing, native, parent};

/// What an expression is, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
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
    #[default]
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

impl Written<'_> {
    /// Whether what it is made of is not known: values of such a type often have more than it says.
    pub(super) fn is_vague(&self) -> bool {
        self.text.contains(UNKNOWN)
    }
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
            Value::Module(module) => Some((of(module), self.of_module(module, name, OWN, &mut { FUEL }))),
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
        self.made_through(value, CLASSES)
    }

    /// The same through names that stand for each other, as many as that: they may do so in a ring.
    fn made_through(&self, value: Value<'a>, left: u32) -> Value<'a> {
        let unknown = from(value);
        match value {
            Value::Module(module) => self.itself(module).map_or(unknown, |own| self.made_through(own, left)),
            Value::Named(thing, receiver) => {
                if self.all(thing).iter().any(|(_, symbol)| symbol.kind == Kind::Class) {
                    return Value::Of(thing);
                }
                match self.settled(self.given(thing, receiver, is_held)) {
                    Value::Of(of) => or(self.signature(of, MADE), unknown),
                    Value::Named(class, _) if left > 0 => self.made_through(Value::Named(class, None), left - 1),
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

/// Types that are looked into for one member.
const FUEL: u32 = 300;
/// Names that stand for a class, one behind the other.
const CLASSES: u32 = 20;
/// Modules that are another one themselves, one behind the other.
const OWN: u32 = 5;
