//! The verdicts of one piece of code, and the two rules by which a name is missing: by structure (everything that could give it is known),
//! and by words (its name is written in no file of what it could come from).

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Checked, Home, Verdict};
use crate::symbols::languages::SHARED;
use crate::symbols::package::{Ecosystem, Kind, Symbol};
use crate::symbols::reach::{Look, Reach, Thing, native, parent};

/// What an expression is, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Value<'a> {
    /// A module, a type, a function itself.
    Thing(Thing<'a>),
    /// A value of exactly this type.
    Exactly(Thing<'a>),
    /// A value declared to be of this type: it may be of one made from it.
    Declared(Thing<'a>),
    /// Something that this package gave.
    From(usize),
    /// A class of the code's own, by its node's id.
    OwnClass(usize),
    /// A value of one.
    Own(usize),
    #[default]
    Nothing,
}

/// A reference that is to be judged.
pub(super) struct Reference<'t> {
    pub line: u32,
    pub offset: usize,
    pub text: &'t str,
    pub name: &'t str,
    /// It stands where its absence is expected: in `try`, beside a word of an error.
    pub is_guarded: bool,
    pub is_called: bool,
}

pub(super) struct Verdicts<'a> {
    pub reach: &'a Reach,
    /// Where the code stands.
    pub home: Option<&'a Home>,
    /// Names that the code defines or mentions other than as a reference.
    pub defined: HashSet<String>,
    /// Names that the code gives to things itself, or asks them for before it uses them.
    pub given: HashSet<String>,
    /// Packages that the code imports.
    imported: BTreeSet<usize>,
    /// It imports something that is not known whole: of that a trait may give methods to any value, and a package may give back what it was given.
    pub is_foreign: bool,
    /// Of Rust, packages whose traits may be in scope by what is imported; none where that is not known.
    pub traits: Option<BTreeSet<usize>>,
    checked: Vec<Checked>,
    /// What each package depends on, itself with it, as it was asked for.
    below: HashMap<usize, (Vec<usize>, bool)>,
    /// Names that could have been meant, by scope and name.
    near: HashMap<(String, String), Vec<String>>,
}

const MOST: usize = 5_000;

/// Scopes within scopes that are asked.
const MOST_SCOPES: usize = 50;

/// Names for which others are looked for that could have been meant.
const MOST_NEAR: usize = 200;

impl<'a> Verdicts<'a> {
    pub(super) fn new(reach: &'a Reach, home: Option<&'a Home>) -> Self {
        Self {
            reach,
            home,
            defined: HashSet::new(),
            given: HashSet::new(),
            imported: BTreeSet::new(),
            is_foreign: false,
            traits: None,
            checked: Vec::new(),
            below: HashMap::new(),
            near: HashMap::new(),
        }
    }

    pub(super) fn done(mut self) -> Vec<Checked> {
        self.checked.sort_by_key(|checked| checked.offset);
        self.checked
    }

    /// Nothing more is answered.
    pub(super) fn is_full(&self) -> bool {
        self.checked.len() >= MOST
    }

    pub(super) fn import(&mut self, root: &str) {
        let found = self.reach.rooted(root).to_vec();
        let is_of_python = |at: &usize| self.ecosystem(*at) == Ecosystem::PyPi;
        // What the code's own classes are made from may be of packages that it does not import.
        self.is_foreign |= found.is_empty() || found.iter().any(|at| is_of_python(at) && self.is_own(*at));
        self.imported.extend(found);
    }

    /// Whether a package is the code's own: as such it has no version.
    pub(super) fn is_own(&self, at: usize) -> bool {
        self.reach.package(at).package().id.version.is_empty()
    }

    /// What a member of a scope is; says so of the reference.
    pub(super) fn member(&mut self, scope: Thing<'a>, is_exact: bool, reference: &Reference<'_>) -> Value<'a> {
        let found = match self.reach.member(scope, reference.name) {
            Look::Missing if !scope.is_sure => Look::Unknown(format!("`{}` is one of several that have its name", scope.symbol.path)),
            found => found,
        };
        self.looked(scope.at, &scope.symbol.path, is_exact, found, reference)
    }

    pub(super) fn looked(&mut self, at: usize, scope: &str, is_exact: bool, found: Look<'a>, reference: &Reference<'_>) -> Value<'a> {
        match found {
            Look::Found(found) => {
                self.exists(found, reference);
                Value::Thing(found)
            }
            Look::Missing if self.given.contains(reference.name) => {
                self.unknown(Some(at), "the code itself gives something this name, or asks for it", reference);
                Value::From(at)
            }
            Look::Missing if is_exact && self.is_loose(at, reference.name) => {
                self.unknown(Some(at), "something in the package is given this name, and it is not known what", reference);
                Value::From(at)
            }
            Look::Missing if is_exact || self.is_nowhere(at, reference.name) => {
                let why = format!("`{scope}` has no `{}`", reference.name);
                self.missing(at, scope, &why, reference);
                Value::Nothing
            }
            Look::Missing if self.is_without(at, reference) => {
                let why = format!("`{scope}` has no `{}`", reference.name);
                self.missing(at, scope, &why, reference);
                Value::Nothing
            }
            Look::Missing => {
                self.unknown(Some(at), &format!("the value may be of a type made from `{scope}`"), reference);
                Value::From(at)
            }
            Look::Unknown(_) if reference.is_called && !self.is_shared(scope) && self.is_nowhere(at, reference.name) => {
                self.nowhere(at, scope, reference);
                Value::Nothing
            }
            Look::Unknown(why) => {
                self.unknown(Some(at), &why, reference);
                Value::From(at)
            }
        }
    }

    /// Takes in what is imported: a trait, or something beside which there is one.
    pub(super) fn bring_traits(&mut self, found: Value<'a>, is_star: bool) {
        let Value::Thing(found) = found else {
            self.traits = None;
            return;
        };
        let reach = self.reach;
        let (below, is_sure) = self.below.entry(found.at).or_insert_with(|| reach.below(found.at));
        let Some(traits) = &mut self.traits else { return };
        match is_star {
            false => drop(traits.insert(found.at)),
            // What it gives on may be of any of these.
            true if *is_sure => traits.extend(below.iter().copied()),
            true => self.traits = None,
        }
    }

    /// Whether a value of Rust, whose type is known to lack a method, has it of no trait either: those in scope are known, and no package that
    /// is known of what the type is made with has the name.
    fn is_without(&mut self, at: usize, reference: &Reference<'_>) -> bool {
        if !reference.is_called || self.is_named(at, reference.name) {
            return false;
        }
        let Some(traits) = &self.traits else { return false };
        let is_known = |at: &usize| {
            let package = self.reach.package(*at);
            package.package().is_whole && package.own_openness("").is_none()
        };
        traits.iter().chain([&at]).all(is_known)
    }

    /// Whether a package of Python gives this name to something of which it is not known what it is: `def lid(pot): pot.lid = 1`.
    fn is_loose(&self, at: usize, name: &str) -> bool {
        let package = self.reach.package(at);
        let is_known = |symbol: &Symbol| symbol.kind == Kind::Module || symbol.kind.has_members();
        let is_one = |symbol: &Symbol| {
            let above = parent(&symbol.path);
            symbol.name() == name
                && symbol.private
                && symbol.kind == Kind::Variable
                && above.is_some_and(|above| !package.at(above).any(is_known))
        };
        self.ecosystem(at) == Ecosystem::PyPi && package.has_word(name) && package.named(&name.to_lowercase()).any(is_one)
    }

    /// Whether packages that are not known may put names into a scope, or into what it stands in.
    fn is_shared(&self, scope: &str) -> bool {
        let says = |at: &usize, scope: &str| self.reach.package(*at).own_openness(scope).is_some_and(|open| open.detail == SHARED);
        let mut scopes = std::iter::successors(Some(scope), |scope| parent(scope)).take(MOST_SCOPES);
        scopes.any(|scope| self.reach.rooted(scope).iter().any(|at| says(at, scope)))
    }

    /// A method of a value of which only the package is known that it came from.
    pub(super) fn of_value(&mut self, at: usize, reference: &Reference<'_>) -> Value<'a> {
        if reference.is_called && self.is_nowhere(at, reference.name) {
            self.nowhere(at, "", reference);
            return Value::Nothing;
        }
        self.unknown(Some(at), "the type of the value is not known", reference);
        Value::From(at)
    }

    pub(super) fn exists(&mut self, found: Thing<'a>, reference: &Reference<'_>) {
        let symbol = found.symbol;
        let mut why = Vec::new();
        if let Some(feature) = &symbol.feature {
            why.push(format!("needs {feature}"));
        }
        if let Some(deprecated) = &symbol.deprecated {
            why.push(if deprecated.is_empty() { "deprecated".to_owned() } else { format!("deprecated: {deprecated}") });
        }
        let is_rust = self.ecosystem(found.at) == Ecosystem::Cargo;
        let hidden = is_rust && symbol.private && symbol.kind != Kind::Module;
        if hidden {
            why.push("it is not public".to_owned());
        }
        let verdict = if hidden { Verdict::Unknown } else { Verdict::Exists };
        let mut checked = self.entry(Some(found.at), verdict, &why.join("; "), reference);
        checked.path = Some(symbol.path.clone());
        checked.signature = Some(symbol.signature.clone()).filter(|signature| !signature.is_empty());
        self.push(checked);
    }

    pub(super) fn missing(&mut self, at: usize, scope: &str, why: &str, reference: &Reference<'_>) {
        if reference.is_guarded {
            return self.unknown(Some(at), "it stands where its absence is expected", reference);
        }
        let mut checked = self.entry(Some(at), Verdict::DoesNotExist, why, reference);
        checked.near = if scope.is_empty() { Vec::new() } else { self.near(at, scope, reference.name) };
        self.push(checked);
    }

    /// Names of the code's own that could have been meant where the last reference is missing.
    pub(super) fn or_own(&mut self, name: &str, own: &[&str]) {
        if let Some(checked) = self.checked.last_mut().filter(|checked| checked.verdict == Verdict::DoesNotExist) {
            let mut near = crate::symbols::find::nearest(name, own.iter().copied(), 3);
            near.extend(std::mem::take(&mut checked.near));
            near.truncate(3);
            checked.near = near;
        }
    }

    fn nowhere(&mut self, at: usize, scope: &str, reference: &Reference<'_>) {
        let package = &self.reach.package(at).package().id;
        let why = format!("no file of {package} or of what it depends on has the name `{}`", reference.name);
        if reference.is_guarded {
            return self.unknown(Some(at), "it stands where its absence is expected", reference);
        }
        let mut checked = self.entry(Some(at), Verdict::DoesNotExist, &why, reference);
        checked.near = self.near(at, scope, reference.name);
        self.push(checked);
    }

    pub(super) fn unknown(&mut self, at: Option<usize>, why: &str, reference: &Reference<'_>) {
        let checked = self.entry(at, Verdict::Unknown, why, reference);
        self.push(checked);
    }

    /// A package that is not in reach.
    pub(super) fn foreign(&mut self, why: &str, may_be_missing: bool, reference: &Reference<'_>) {
        let verdict = if may_be_missing && self.reach.is_whole() { Verdict::NotInLock } else { Verdict::Unknown };
        let checked = self.entry(None, verdict, why, reference);
        self.push(checked);
    }

    /// Whether a name is written in no file of a package, of what it depends on, of what the code imports beside it, in the language's own
    /// names and in the code itself.
    pub(super) fn is_nowhere(&mut self, at: usize, name: &str) -> bool {
        !self.is_named(at, name) && self.below[&at].1
    }

    /// Whether a name is written in one of these files, as far as they were read, or may be.
    fn is_named(&mut self, at: usize, name: &str) -> bool {
        // A name that is made in another way than words are is not found among them.
        let is_word = name.len() <= 100 && name.chars().all(|c| c == '_' || c.is_alphanumeric());
        if self.is_foreign || !is_word || native::knows(self.ecosystem(at), name) || self.defined.contains(name) {
            return true;
        }
        let reach = self.reach;
        for other in self.imported.iter().copied().chain([at]) {
            self.below.entry(other).or_insert_with(|| reach.below(other));
        }
        let has_word = |other: &usize| self.below[other].0.iter().any(|below| reach.package(*below).has_word(name));
        has_word(&at) || self.imported.iter().any(has_word)
    }

    pub(super) fn ecosystem(&self, at: usize) -> Ecosystem {
        self.reach.package(at).package().id.ecosystem
    }

    /// Looked for once, and for so many names only: it takes as much time as there are names.
    fn near(&mut self, at: usize, scope: &str, name: &str) -> Vec<String> {
        let asked = (if scope.is_empty() { format!("{at}") } else { scope.to_owned() }, name.to_owned());
        if let Some(known) = self.near.get(&asked) {
            return known.clone();
        }
        if self.near.len() >= MOST_NEAR {
            return Vec::new();
        }
        let near = if scope.is_empty() { self.like(at, name) } else { self.reach.near(scope, name) };
        self.near.insert(asked, near.clone());
        near
    }

    fn like(&self, at: usize, name: &str) -> Vec<String> {
        let names =
            self.reach.package(at).package().symbols.iter().filter(|symbol| !symbol.private).take(60_000).map(|symbol| symbol.name());
        crate::symbols::find::nearest(name, names, 3)
    }

    fn entry(&self, at: Option<usize>, verdict: Verdict, why: &str, reference: &Reference<'_>) -> Checked {
        Checked {
            line: reference.line,
            offset: reference.offset,
            text: reference.text.chars().take(200).collect(),
            verdict,
            why: why.to_owned(),
            package: at.map(|at| self.reach.package(at).package().id.clone()),
            path: None,
            signature: None,
            near: Vec::new(),
        }
    }

    fn push(&mut self, checked: Checked) {
        if self.checked.len() < MOST {
            self.checked.push(checked);
        }
    }
}
