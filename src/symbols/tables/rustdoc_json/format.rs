//! What of rustdoc's JSON is read: the fields that symbols are made of, as all formats that are read have them. What is not named here is
//! passed over; how deep types may lie in each other is the matter of the parser.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub(super) type Id = u32;

/// What all formats have.
#[derive(Deserialize)]
pub(super) struct Head {
    pub format_version: u32,
}

#[derive(Deserialize)]
pub(super) struct Crate {
    pub root: Id,
    pub crate_version: Option<String>,
    pub index: HashMap<Id, Item>,
    pub paths: HashMap<Id, Summary>,
}

/// Where an item has its page.
#[derive(Deserialize)]
pub(super) struct Summary {
    /// 0 is the crate itself.
    pub crate_id: u32,
    pub path: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Item {
    pub name: Option<String>,
    pub span: Option<Span>,
    pub visibility: Visibility,
    pub docs: Option<String>,
    pub deprecation: Option<Deprecation>,
    pub inner: Inner,
}

#[derive(Deserialize)]
pub(super) struct Span {
    pub filename: String,
    /// Line and column.
    pub begin: (u32, IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct Deprecation {
    pub note: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visibility {
    Public,
    /// As what it stands in: of variants, and of what traits have.
    Default,
    Crate,
    Restricted(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Inner {
    Module(Module),
    ExternCrate(IgnoredAny),
    Use(Use),
    Union(Union),
    Struct(Struct),
    StructField(Type),
    Enum(Enum),
    Variant(IgnoredAny),
    Function(Function),
    Trait(Trait),
    TraitAlias(IgnoredAny),
    Impl(Impl),
    TypeAlias(TypeAlias),
    Constant(Constant),
    Static(Static),
    ExternType,
    Macro(IgnoredAny),
    ProcMacro(ProcMacro),
    Primitive(IgnoredAny),
    AssocConst(AssocConst),
    AssocType(AssocType),
}

#[derive(Deserialize)]
pub(super) struct Module {
    pub items: Vec<Id>,
    /// It is not documented itself.
    pub is_stripped: bool,
}

#[derive(Deserialize)]
pub(super) struct Use {
    pub source: String,
    pub name: String,
    pub id: Option<Id>,
    pub is_glob: bool,
}

#[derive(Deserialize)]
pub(super) struct Union {
    pub generics: Generics,
    pub fields: Vec<Id>,
    pub impls: Vec<Id>,
}

#[derive(Deserialize)]
pub(super) struct Struct {
    pub kind: Fields,
    pub generics: Generics,
    pub impls: Vec<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fields {
    Unit,
    /// Those that are not public are none.
    Tuple(Vec<Option<Id>>),
    Plain(Named),
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub fields: Vec<Id>,
}

#[derive(Deserialize)]
pub(super) struct Enum {
    pub generics: Generics,
    pub variants: Vec<Id>,
    pub impls: Vec<Id>,
}

#[derive(Deserialize)]
pub(super) struct Function {
    pub sig: Signature,
    pub generics: Generics,
    pub header: Header,
    pub has_body: bool,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub is_const: bool,
    pub is_unsafe: bool,
    pub is_async: bool,
    pub abi: Abi,
}

/// Whether it may unwind is told of those that are not Rust's.
#[derive(Deserialize)]
pub(super) enum Abi {
    Rust,
    C(IgnoredAny),
    Cdecl(IgnoredAny),
    Stdcall(IgnoredAny),
    Fastcall(IgnoredAny),
    Aapcs(IgnoredAny),
    Win64(IgnoredAny),
    SysV64(IgnoredAny),
    System(IgnoredAny),
    /// As it is written.
    Other(String),
}

#[derive(Deserialize)]
pub(super) struct Signature {
    pub inputs: Vec<(String, Type)>,
    pub output: Option<Type>,
    pub is_c_variadic: bool,
}

#[derive(Deserialize)]
pub(super) struct Trait {
    pub is_unsafe: bool,
    pub items: Vec<Id>,
    pub generics: Generics,
    pub bounds: Vec<Bound>,
}

#[derive(Deserialize)]
pub(super) struct Impl {
    #[serde(rename = "trait")]
    pub of: Option<Path>,
    pub items: Vec<Id>,
    pub is_synthetic: bool,
    /// One that all types have.
    pub blanket_impl: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct TypeAlias {
    #[serde(rename = "type")]
    pub of: Type,
    pub generics: Generics,
}

#[derive(Deserialize)]
pub(super) struct Constant {
    #[serde(rename = "type")]
    pub of: Type,
    #[serde(rename = "const")]
    pub value: Value,
}

#[derive(Deserialize)]
pub(super) struct Value {
    pub expr: String,
}

#[derive(Deserialize)]
pub(super) struct Static {
    #[serde(rename = "type")]
    pub of: Type,
    pub is_mutable: bool,
}

#[derive(Deserialize)]
pub(super) struct ProcMacro {
    pub kind: MacroKind,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MacroKind {
    Bang,
    Attr,
    Derive,
}

#[derive(Deserialize)]
pub(super) struct AssocConst {
    #[serde(rename = "type")]
    pub of: Type,
}

#[derive(Deserialize)]
pub(super) struct AssocType {
    pub bounds: Vec<Bound>,
    #[serde(rename = "type")]
    pub of: Option<Type>,
}

#[derive(Deserialize)]
pub(super) struct Generics {
    pub params: Vec<Parameter>,
    pub where_predicates: Vec<Predicate>,
}

#[derive(Deserialize)]
pub(super) struct Parameter {
    pub name: String,
    pub kind: ParameterKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParameterKind {
    Lifetime(IgnoredAny),
    Type(TypeParameter),
    Const(ConstParameter),
}

#[derive(Deserialize)]
pub(super) struct TypeParameter {
    pub bounds: Vec<Bound>,
    /// It stands for an `impl Trait` among the parameters.
    pub is_synthetic: bool,
}

#[derive(Deserialize)]
pub(super) struct ConstParameter {
    #[serde(rename = "type")]
    pub of: Type,
}

#[derive(Deserialize)]
pub(super) enum Predicate {
    #[serde(rename = "bound_predicate")]
    Bound(BoundPredicate),
    #[serde(rename = "lifetime_predicate")]
    Lifetime(IgnoredAny),
    #[serde(rename = "eq_predicate")]
    Equal(IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct BoundPredicate {
    #[serde(rename = "type")]
    pub of: Type,
    pub bounds: Vec<Bound>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bound {
    TraitBound(TraitBound),
    Outlives(String),
    Use(IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct TraitBound {
    #[serde(rename = "trait")]
    pub of: Path,
    pub modifier: Modifier,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Modifier {
    None,
    Maybe,
    MaybeConst,
}

#[derive(Deserialize)]
pub(super) struct Path {
    pub path: String,
    pub args: Option<Box<Arguments>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Arguments {
    AngleBracketed(Angled),
    Parenthesized(Called),
    ReturnTypeNotation,
}

#[derive(Deserialize)]
pub(super) struct Angled {
    pub args: Vec<Argument>,
    pub constraints: Vec<Constraint>,
}

#[derive(Deserialize)]
pub(super) struct Called {
    pub inputs: Vec<Type>,
    pub output: Option<Type>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Argument {
    Lifetime(String),
    Type(Type),
    Const(Value),
    Infer,
}

/// `Item = u8`.
#[derive(Deserialize)]
pub(super) struct Constraint {
    pub name: String,
    pub binding: Binding,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Binding {
    Equality(Term),
    Constraint(Vec<Bound>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Term {
    Type(Type),
    Constant(Value),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Type {
    ResolvedPath(Path),
    DynTrait(Dyn),
    Generic(String),
    Primitive(String),
    FunctionPointer(Box<Pointer>),
    Tuple(Vec<Type>),
    Slice(Box<Type>),
    Array(Array),
    Pat(Inside),
    ImplTrait(Vec<Bound>),
    Infer,
    RawPointer(Raw),
    BorrowedRef(Borrowed),
    QualifiedPath(Qualified),
}

#[derive(Deserialize)]
pub(super) struct Dyn {
    pub traits: Vec<DynTrait>,
    pub lifetime: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct DynTrait {
    #[serde(rename = "trait")]
    pub of: Path,
}

#[derive(Deserialize)]
pub(super) struct Pointer {
    pub sig: Signature,
    pub header: Header,
}

#[derive(Deserialize)]
pub(super) struct Array {
    #[serde(rename = "type")]
    pub of: Box<Type>,
    pub len: String,
}

#[derive(Deserialize)]
pub(super) struct Inside {
    #[serde(rename = "type")]
    pub of: Box<Type>,
}

#[derive(Deserialize)]
pub(super) struct Raw {
    pub is_mutable: bool,
    #[serde(rename = "type")]
    pub of: Box<Type>,
}

#[derive(Deserialize)]
pub(super) struct Borrowed {
    pub lifetime: Option<String>,
    pub is_mutable: bool,
    #[serde(rename = "type")]
    pub of: Box<Type>,
}

#[derive(Deserialize)]
pub(super) struct Qualified {
    pub name: String,
    pub self_type: Box<Type>,
    #[serde(rename = "trait")]
    pub of: Option<Path>,
}
