//! Macros that give items as they took them, such as `cfg_alloc! { pub mod rope; }`: what stands in them is all that there is.

use std::collections::{HashMap, HashSet};

use crate::symbols::package::{Kind, Package, Reason};

/// The scope of rows that say that a macro is such a one.
pub(super) const PASSES: &str = "<passes>";

/// Whether every arm of a macro's definition gives nothing but what it took, under conditions at most.
pub(super) fn passes(definition: &str) -> bool {
    let mut arms = bodies(definition).into_iter().peekable();
    arms.peek().is_some() && arms.all(gives_what_it_takes)
}

/// What stands behind each `=>` of a definition, without its brackets.
fn bodies(definition: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let Some((_, mut rest)) = definition.split_once(['{', '(', '[']) else { return found };
    while let Some(pattern) = group(rest) {
        let Some(behind) = rest[pattern.end..].trim_start().strip_prefix("=>") else { return Vec::new() };
        let Some(body) = group(behind) else { return Vec::new() };
        found.push(&behind[body.begin + 1..body.end - 1]);
        rest = behind[body.end..].trim_start().trim_start_matches(';');
    }
    found
}

/// A part of a text between brackets, with them.
struct Group {
    begin: usize,
    end: usize,
}

/// The group that a text begins with.
fn group(text: &str) -> Option<Group> {
    let begin = text.len() - text.trim_start().len();
    if !text[begin..].starts_with(['{', '(', '[']) {
        return None;
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, c) in text[begin..].char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_text => is_escaped = true,
            '"' => is_text = !is_text,
            '{' | '(' | '[' if !is_text => depth += 1,
            '}' | ')' | ']' if !is_text => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(Group { begin, end: begin + at + 1 });
                }
            }
            _ => {}
        }
    }
    None
}

fn gives_what_it_takes(body: &str) -> bool {
    let mut rest = body.trim_start();
    let mut takes_any = false;
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '#' => {
                let attribute = rest[1..].trim_start_matches('!');
                let Some(found) = group(attribute).filter(|found| is_condition(&attribute[found.begin..found.end])) else { return false };
                &attribute[found.end..]
            }
            '$' => {
                takes_any = true;
                rest[1..].trim_start_matches(|c: char| c == '_' || c.is_alphanumeric())
            }
            '(' | ')' | '*' | '+' | '?' | ',' | ';' => &rest[1..],
            _ => return false,
        };
        rest = rest.trim_start();
    }
    takes_any
}

fn is_condition(attribute: &str) -> bool {
    let name = attribute.trim_start_matches(['[', ' ']);
    ["cfg(", "cfg_attr(", "doc(", "doc =", "allow("].iter().any(|word| name.starts_with(word))
}

/// What such macros were called with is read, so that they leave nothing open. Takes away the rows that say so.
pub(super) fn close(package: &mut Package) {
    let mut passing: HashMap<String, usize> = HashMap::new();
    package.symbols.retain(|symbol| match symbol.path.strip_prefix(PASSES) {
        Some(name) => {
            *passing.entry(name.trim_start_matches("::").to_owned()).or_default() += 1;
            false
        }
        None => true,
    });
    if passing.is_empty() {
        return;
    }
    // Several of one name may differ.
    for symbol in package.symbols.iter().filter(|symbol| symbol.kind == Kind::Macro) {
        if let Some(left) = passing.get_mut(symbol.name()) {
            *left = left.wrapping_sub(1);
        }
    }
    let all: HashSet<String> = passing.into_iter().filter(|(_, left)| *left == 0).map(|(name, _)| format!("{name}!")).collect();
    package.open.retain(|open| open.reason != Reason::Macro || !all.contains(&open.detail));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_macros_that_give_what_they_take_pass() {
        for right in [
            "macro_rules! cfg_alloc { ($($item:item)*) => { $( #[cfg(feature = \"alloc\")] #[cfg_attr(docsrs, doc(cfg(feature = \"alloc\")))] $item )* } }",
            "macro_rules! feature { (#![$meta:meta] $($item:item)*) => { $(#[cfg($meta)] $item)* }; ($($t:tt)*) => ($($t)*); }",
            "macro_rules! quiet { ($i:item) => { #[doc = \"a ] \\\" }\"] $i } }",
        ] {
            assert!(passes(right), "{right}");
        }
        for wrong in [
            "macro_rules! make { ($name:ident) => { pub struct $name; } }",
            "macro_rules! wrap { ($($item:item)*) => { pub mod inner { $($item)* } } }",
            "macro_rules! derive { ($item:item) => { #[derive(Boil)] $item } }",
            "macro_rules! none { () => {} }",
            "macro_rules! other { ($($item:item)*) => { $($item)* }; (x) => { fn x() {} } }",
            "macro_rules! calls { ($($item:item)*) => { make! { $($item)* } } }",
            "macro_rules! broken { ($($item:item)*) => { $($item)*",
            "macro_rules! é",
            "",
        ] {
            assert!(!passes(wrong), "{wrong}");
        }
    }
}
