//! Declarations as they are written in Rust, made of what rustdoc tells of them.

use super::format::{
    Abi, Angled, Argument, Arguments, Binding, Bound, Called, Fields, Function, Generics, Header, Inner, Item, MacroKind, Modifier,
    Parameter, ParameterKind, Path, Predicate, Signature, Term, Type, Visibility,
};

/// Bytes of a declaration; what is longer ends so.
const LONGEST: usize = 600;

/// An item's declaration on one line, without its body; empty where it has none of its own.
pub(super) fn declaration(item: &Item) -> String {
    let name = item.name.as_deref().unwrap_or_default();
    let mut line = Line(String::new());
    if matches!(item.visibility, Visibility::Public) && !matches!(item.inner, Inner::Macro(_) | Inner::ProcMacro(_) | Inner::StructField(_))
    {
        line.push("pub ");
    }
    match &item.inner {
        Inner::Module(_) => line.all(&["mod ", name]),
        Inner::Struct(of) => {
            line.all(&["struct ", name]);
            line.generics(&of.generics);
            if matches!(of.kind, Fields::Unit) {
                line.push(";");
            }
            line.predicates(&of.generics);
        }
        Inner::Union(of) => line.headed("union ", name, &of.generics),
        Inner::Enum(of) => line.headed("enum ", name, &of.generics),
        Inner::Trait(of) => {
            line.push(if of.is_unsafe { "unsafe trait " } else { "trait " });
            line.push(name);
            line.generics(&of.generics);
            line.bounds(": ", &of.bounds);
            line.predicates(&of.generics);
        }
        Inner::Function(of) => line.function(name, of),
        Inner::TypeAlias(of) => {
            line.all(&["type ", name]);
            line.generics(&of.generics);
            line.push(" = ");
            line.typed(&of.of);
        }
        Inner::Constant(of) => {
            line.all(&["const ", name, ": "]);
            line.typed(&of.of);
            line.all(&[" = ", &of.value.expr]);
        }
        Inner::Static(of) => {
            line.all(&[if of.is_mutable { "static mut " } else { "static " }, name, ": "]);
            line.typed(&of.of);
        }
        Inner::AssocConst(of) => {
            line.all(&["const ", name, ": "]);
            line.typed(&of.of);
        }
        Inner::AssocType(of) => {
            line.all(&["type ", name]);
            line.bounds(": ", &of.bounds);
            if let Some(of) = &of.of {
                line.push(" = ");
                line.typed(of);
            }
        }
        Inner::StructField(of) => {
            line.all(&["pub ", name, ": "]);
            line.typed(of);
        }
        Inner::Macro(_) => line.all(&["macro_rules! ", name]),
        Inner::ProcMacro(of) => match of.kind {
            MacroKind::Bang => line.all(&[name, "!() { /* proc-macro */ }"]),
            MacroKind::Attr => line.all(&["#[", name, "]"]),
            MacroKind::Derive => line.all(&["#[derive(", name, ")]"]),
        },
        Inner::ExternType => line.all(&["type ", name]),
        Inner::Variant(_) => line.push(name),
        Inner::ExternCrate(_) | Inner::Use(_) | Inner::TraitAlias(_) | Inner::Impl(_) | Inner::Primitive(_) => return String::new(),
    }
    line.done()
}

/// The type that calling or reading something gives.
pub(super) fn gives(inner: &Inner) -> Option<String> {
    let of = match inner {
        Inner::Function(of) => of.sig.output.as_ref()?,
        Inner::StructField(of) => of,
        Inner::TypeAlias(of) => &of.of,
        _ => return None,
    };
    let mut line = Line(String::new());
    line.typed(of);
    Some(line.done())
}

/// The trait that a trait is made from.
pub(super) fn of_trait(bound: &Bound) -> Option<String> {
    match bound {
        Bound::TraitBound(of) if matches!(of.modifier, Modifier::None) => Some(path(&of.of)),
        _ => None,
    }
}

pub(super) fn path(of: &Path) -> String {
    let mut line = Line(String::new());
    line.path(of);
    line.done()
}

/// A line that is being written.
struct Line(String);

impl Line {
    fn push(&mut self, text: &str) {
        if self.0.len() <= LONGEST {
            self.0.push_str(text);
        }
    }

    fn all(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.push(text));
    }

    fn done(mut self) -> String {
        if self.0.len() > LONGEST {
            self.0.truncate(self.0.floor_char_boundary(LONGEST));
            self.0.push('…');
        }
        self.0
    }

    /// Whether nothing more is taken: what is left need not be walked.
    fn is_full(&self) -> bool {
        self.0.len() > LONGEST
    }

    fn joined<T>(&mut self, all: &[T], between: &str, mut one: impl FnMut(&mut Self, &T)) {
        for (at, of) in all.iter().enumerate() {
            if self.is_full() {
                return;
            }
            if at > 0 {
                self.push(between);
            }
            one(self, of);
        }
    }

    fn headed(&mut self, word: &str, name: &str, generics: &Generics) {
        self.all(&[word, name]);
        self.generics(generics);
        self.predicates(generics);
    }

    fn function(&mut self, name: &str, of: &Function) {
        self.header(&of.header);
        self.all(&["fn ", name]);
        self.generics(&of.generics);
        self.signature(&of.sig);
        self.predicates(&of.generics);
    }

    fn header(&mut self, header: &Header) {
        let words = [(header.is_const, "const "), (header.is_async, "async "), (header.is_unsafe, "unsafe ")];
        words.iter().filter(|(is, _)| *is).for_each(|(_, word)| self.push(word));
        match &header.abi {
            Abi::Rust => {}
            Abi::C(_) => self.push("extern \"C\" "),
            Abi::Cdecl(_) => self.push("extern \"cdecl\" "),
            Abi::Stdcall(_) => self.push("extern \"stdcall\" "),
            Abi::Fastcall(_) => self.push("extern \"fastcall\" "),
            Abi::Aapcs(_) => self.push("extern \"aapcs\" "),
            Abi::Win64(_) => self.push("extern \"win64\" "),
            Abi::SysV64(_) => self.push("extern \"sysv64\" "),
            Abi::System(_) => self.push("extern \"system\" "),
            Abi::Other(name) => self.all(&["extern ", name, " "]),
        }
    }

    fn signature(&mut self, of: &Signature) {
        self.push("(");
        self.joined(&of.inputs, ", ", |line, (name, of)| line.parameter(name, of));
        if of.is_c_variadic {
            self.push(", ...");
        }
        self.push(")");
        if let Some(gives) = &of.output {
            self.push(" -> ");
            self.typed(gives);
        }
    }

    /// `&self` rather than `self: &Self`.
    fn parameter(&mut self, name: &str, of: &Type) {
        match of {
            Type::Generic(own) if name == "self" && own == "Self" => self.push("self"),
            Type::BorrowedRef(borrowed) if name == "self" && matches!(&*borrowed.of, Type::Generic(own) if own == "Self") => {
                self.push("&");
                borrowed.lifetime.iter().for_each(|lifetime| self.all(&[lifetime, " "]));
                self.push(if borrowed.is_mutable { "mut self" } else { "self" });
            }
            _ => {
                if !name.is_empty() {
                    self.all(&[name, ": "]);
                }
                self.typed(of);
            }
        }
    }

    fn generics(&mut self, of: &Generics) {
        let is_written = |of: &&Parameter| !matches!(&of.kind, ParameterKind::Type(of) if of.is_synthetic);
        let written: Vec<&Parameter> = of.params.iter().filter(is_written).collect();
        if written.is_empty() {
            return;
        }
        self.push("<");
        self.joined(&written, ", ", |line, of| match &of.kind {
            ParameterKind::Lifetime(_) => line.push(&of.name),
            ParameterKind::Type(inner) => {
                line.push(&of.name);
                line.bounds(": ", &inner.bounds);
            }
            ParameterKind::Const(inner) => {
                line.all(&["const ", &of.name, ": "]);
                line.typed(&inner.of);
            }
        });
        self.push(">");
    }

    fn predicates(&mut self, of: &Generics) {
        let bounds = of.where_predicates.iter().filter_map(|predicate| match predicate {
            Predicate::Bound(of) => Some(of),
            Predicate::Lifetime(_) | Predicate::Equal(_) => None,
        });
        let bounds: Vec<_> = bounds.collect();
        if !bounds.is_empty() {
            self.push(" where ");
            self.joined(&bounds, ", ", |line, of| {
                line.typed(&of.of);
                line.bounds(": ", &of.bounds);
            });
        }
    }

    fn bounds(&mut self, before: &str, of: &[Bound]) {
        let shown: Vec<&Bound> = of.iter().filter(|bound| !matches!(bound, Bound::Use(_))).collect();
        if shown.is_empty() {
            return;
        }
        self.push(before);
        self.joined(&shown, " + ", |line, bound| match bound {
            Bound::TraitBound(of) => {
                line.push(match of.modifier {
                    Modifier::None => "",
                    Modifier::Maybe => "?",
                    Modifier::MaybeConst => "~const ",
                });
                line.path(&of.of);
            }
            Bound::Outlives(lifetime) => line.push(lifetime),
            Bound::Use(_) => {}
        });
    }

    fn path(&mut self, of: &Path) {
        // As people write it, without where it comes from.
        self.push(of.path.rsplit("::").next().unwrap_or(&of.path));
        match of.args.as_deref() {
            Some(Arguments::AngleBracketed(of)) => self.angled(of),
            Some(Arguments::Parenthesized(of)) => self.called(of),
            Some(Arguments::ReturnTypeNotation) => self.push("(..)"),
            None => {}
        }
    }

    fn angled(&mut self, of: &Angled) {
        if of.args.is_empty() && of.constraints.is_empty() {
            return;
        }
        self.push("<");
        self.joined(&of.args, ", ", |line, argument| match argument {
            Argument::Lifetime(lifetime) => line.push(lifetime),
            Argument::Type(of) => line.typed(of),
            Argument::Const(of) => line.push(&of.expr),
            Argument::Infer => line.push("_"),
        });
        if !of.args.is_empty() && !of.constraints.is_empty() {
            self.push(", ");
        }
        self.joined(&of.constraints, ", ", |line, of| {
            line.push(&of.name);
            match &of.binding {
                Binding::Equality(Term::Type(of)) => {
                    line.push(" = ");
                    line.typed(of);
                }
                Binding::Equality(Term::Constant(of)) => line.all(&[" = ", &of.expr]),
                Binding::Constraint(bounds) => line.bounds(": ", bounds),
            }
        });
        self.push(">");
    }

    fn called(&mut self, of: &Called) {
        self.push("(");
        self.joined(&of.inputs, ", ", |line, of| line.typed(of));
        self.push(")");
        if let Some(gives) = &of.output {
            self.push(" -> ");
            self.typed(gives);
        }
    }

    fn typed(&mut self, of: &Type) {
        if self.is_full() {
            return;
        }
        match of {
            Type::ResolvedPath(of) => self.path(of),
            Type::Generic(name) | Type::Primitive(name) if name == "never" => self.push("!"),
            Type::Generic(name) | Type::Primitive(name) => self.push(name),
            Type::DynTrait(of) => {
                self.push("dyn ");
                self.joined(&of.traits, " + ", |line, of| line.path(&of.of));
                of.lifetime.iter().for_each(|lifetime| self.all(&[" + ", lifetime]));
            }
            Type::FunctionPointer(of) => {
                self.header(&of.header);
                self.push("fn");
                self.signature(&of.sig);
            }
            Type::Tuple(of) => {
                self.push("(");
                self.joined(of, ", ", |line, of| line.typed(of));
                self.push(if of.len() == 1 { ",)" } else { ")" });
            }
            Type::Slice(of) => {
                self.push("[");
                self.typed(of);
                self.push("]");
            }
            Type::Array(of) => {
                self.push("[");
                self.typed(&of.of);
                self.all(&["; ", &of.len, "]"]);
            }
            Type::Pat(of) => self.typed(&of.of),
            Type::ImplTrait(bounds) => {
                self.push("impl ");
                self.bounds("", bounds);
            }
            Type::Infer => self.push("_"),
            Type::RawPointer(of) => {
                self.push(if of.is_mutable { "*mut " } else { "*const " });
                self.typed(&of.of);
            }
            Type::BorrowedRef(of) => {
                self.push("&");
                of.lifetime.iter().for_each(|lifetime| self.all(&[lifetime, " "]));
                self.push(if of.is_mutable { "mut " } else { "" });
                self.typed(&of.of);
            }
            Type::QualifiedPath(of) => match &of.of {
                Some(of_trait) if !matches!(&*of.self_type, Type::Generic(_)) => {
                    self.push("<");
                    self.typed(&of.self_type);
                    self.push(" as ");
                    self.path(of_trait);
                    self.all(&[">::", &of.name]);
                }
                _ => {
                    self.typed(&of.self_type);
                    self.all(&["::", &of.name]);
                }
            },
        }
    }
}
