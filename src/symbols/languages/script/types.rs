//! Types as they are written, as far as they are plain: a name, what it is made of, whether it is called first.
//!
//! What is kept is short text that is read again where it is asked for: `Promise<Reply>`, `=>Reply` for a function that gives one,
//! `typeof kettle`, `this`, `{}` for what is written out on the spot. All else is kept by nobody: it is a type that is not known.

use std::collections::HashSet;

use tree_sitter::Node;

use crate::symbols::source::tree::{children, field, one_line, text};

/// Names that stand for any type.
#[derive(Clone, Debug, Default)]
pub(super) struct Generics<'t>(HashSet<&'t str>);

impl<'t> Generics<'t> {
    /// These, and those that a declaration has itself.
    pub(super) fn with(&self, node: Node<'_>, source: &'t str) -> Self {
        let mut all = self.clone();
        if let Some(own) = node.child_by_field_name("type_parameters") {
            let left = MOST_GENERICS.saturating_sub(all.0.len());
            all.0.extend(children(own).into_iter().take(left).filter_map(|one| field(one, "name", source)));
        }
        all
    }
}

/// What calling or reading a declaration gives.
pub(super) fn given<'s>(node: Node<'_>, source: &'s str, generics: &Generics<'s>) -> Option<String> {
    let fields: &[&str] = if node.kind() == "type_alias_declaration" { &["value"] } else { &["return_type", "type"] };
    let written = fields.iter().find_map(|name| node.child_by_field_name(name))?;
    self::written(written, source, generics)
}

/// A type as it is kept; none where it is not plain.
pub(super) fn written<'s>(node: Node<'_>, source: &'s str, generics: &Generics<'s>) -> Option<String> {
    plain(node, source, generics, DEEPEST).filter(|written| written.len() <= LONGEST)
}

fn plain<'s>(node: Node<'_>, source: &'s str, generics: &Generics<'s>, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let inner = |node: Node<'_>| plain(node, source, generics, depth);
    match node.kind() {
        "type_annotation" | "parenthesized_type" | "readonly_type" => inner(node.named_child(0)?),
        "type_identifier" | "identifier" | "nested_type_identifier" | "nested_identifier" => {
            let name = one_line(text(node, source)).replace(' ', "");
            let first = name.split('.').next().unwrap_or_default();
            (!generics.0.contains(first)).then_some(name)
        }
        "generic_type" => {
            let name = inner(node.child_by_field_name("name")?)?;
            let arguments = children(node.child_by_field_name("type_arguments")?);
            let arguments = arguments.into_iter().take(MOST_ARGUMENTS).map(|one| inner(one).unwrap_or_else(|| UNKNOWN.to_owned()));
            Some(format!("{name}<{}>", arguments.collect::<Vec<_>>().join(",")))
        }
        "array_type" => Some(format!("Array<{}>", inner(node.named_child(0)?).unwrap_or_else(|| UNKNOWN.to_owned()))),
        "union_type" => one_of(node, source, generics, depth),
        "function_type" => {
            let own = generics.with(node, source);
            let gives = node.child_by_field_name("return_type").and_then(|gives| plain(gives, source, &own, depth));
            let gives = gives.filter(|gives| gives != "{}");
            Some(format!("=>{}", gives.unwrap_or_else(|| UNKNOWN.to_owned())))
        }
        "type_query" => {
            let name = node.named_child(0).filter(|name| matches!(name.kind(), "identifier" | "member_expression"))?;
            Some(format!("typeof {}", one_line(text(name, source)).replace(' ', "")))
        }
        "this_type" => Some("this".to_owned()),
        "object_type" => Some("{}".to_owned()),
        "predefined_type" => Some(text(node, source)).filter(|name| matches!(*name, "string" | "number" | "boolean")).map(str::to_owned),
        "template_literal_type" => Some("string".to_owned()),
        "literal_type" => match node.named_child(0)?.kind() {
            "string" => Some("string".to_owned()),
            "number" | "unary_expression" => Some("number".to_owned()),
            "true" | "false" => Some("boolean".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// Of several types the one that is left when nothing is taken for none.
fn one_of<'s>(node: Node<'_>, source: &'s str, generics: &Generics<'s>, depth: usize) -> Option<String> {
    let mut found: Option<String> = None;
    let mut waiting = vec![node];
    let mut left = MOST_OF_UNION;
    while let Some(node) = waiting.pop() {
        left = usize::checked_sub(left, 1)?;
        if node.kind() == "union_type" {
            waiting.extend(children(node));
            continue;
        }
        if matches!(text(node, source), "null" | "undefined" | "void") {
            continue;
        }
        let one = plain(node, source, generics, depth)?;
        if found.as_ref().is_some_and(|found| *found != one) {
            return None;
        }
        found = Some(one);
    }
    found.filter(|found| found != "{}")
}

/// In place of a type that is not plain.
pub(in crate::symbols) const UNKNOWN: &str = "?";
const MOST_GENERICS: usize = 50;
const MOST_ARGUMENTS: usize = 4;
const MOST_OF_UNION: usize = 1_000;
const DEEPEST: usize = 12;
/// Bytes of a type that is kept.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::package::Language;
    use crate::symbols::source::tree;

    fn kept(written: &str) -> Option<String> {
        let source = format!("declare function f<T>(): {written};");
        let tree = tree::parse(Language::TypeScript, &source).unwrap();
        let declared = tree.root_node().named_child(0).unwrap().named_child(0).unwrap();
        given(declared, &source, &Generics::default().with(declared, &source))
    }

    #[test]
    fn plain_types_are_kept_and_others_are_not() {
        for (written, wanted) in [
            ("Kettle", Some("Kettle")),
            ("kitchen . Kettle", Some("kitchen.Kettle")),
            ("Promise<Kettle | null>", Some("Promise<Kettle>")),
            ("readonly Kettle[]", Some("Array<Kettle>")),
            ("Map<string, T>", Some("Map<string,?>")),
            ("Kettle | undefined", Some("Kettle")),
            ("'hot' | 'cold'", Some("string")),
            ("(to: number) => Kettle", Some("=>Kettle")),
            ("(to: number) => T", Some("=>?")),
            ("<Kettle>(of: Kettle) => Kettle", Some("=>?")),
            ("typeof kettle.Kettle", Some("typeof kettle.Kettle")),
            ("this", Some("this")),
            ("T", None),
            ("Kettle | Pot", None),
            ("Kettle & Pot", None),
            ("any", None),
            ("Kettle['lid']", None),
            ("T extends Kettle ? Pot : Cup", None),
            ("void", None),
        ] {
            assert_eq!(kept(written).as_deref(), wanted, "{written}");
        }
    }

    #[test]
    fn a_union_of_thousands_and_nesting_without_end_are_given_up() {
        let many: Vec<String> = (0..5_000).map(|at| format!("'v{at}'")).collect();
        assert_eq!(kept(&many.join(" | ")), None);
        assert_eq!(
            kept(&format!("{}Kettle{}", "Promise<".repeat(100), ">".repeat(100))),
            None.or(kept(
                "Promise<Promise<Promise<Promise<Promise<Promise<Promise<Promise<Promise<Promise<Promise<Promise<Kettle>>>>>>>>>>>>"
            ))
        );
    }
}
