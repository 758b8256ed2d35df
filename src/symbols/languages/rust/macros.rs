//! What definitions of macros say of their calls. Macros that give items as they took them, such as `cfg_alloc! { pub mod rope; }`: what
//! stands in them is all that there is. Others may give members to types that only their definition names.

use std::collections::{HashMap, HashSet};

use crate::symbols::package::{Kind, Open, Package, Reason};

/// The scope of rows that say that a macro is such a one.
pub(super) const PASSES: &str = "<passes>";

/// The scope of rows that say which types a macro has impl blocks of.
pub(super) const IMPLEMENTS: &str = "<implements for>";

/// Types that a macro's definition has impl blocks of by their names, and with `!` behind them the macros that it calls.
pub(super) fn implemented(definition: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = definition.split_once("=>").map_or("", |(_, body)| body);
    let is_part = |c: char| c == '_' || c.is_alphanumeric();
    // Traits and parameters that stand in the head of an impl block are taken for types as well.
    let mut is_head = false;
    while let Some(begin) = rest.find(|c: char| is_part(c) || matches!(c, '{' | ';')) {
        // What stands behind `$` comes from the call.
        let is_given = rest[..begin].ends_with('$');
        let word = &rest[begin..];
        let (word, behind) = word.split_at(word.find(|c: char| !is_part(c)).unwrap_or(word.len()).max(1));
        rest = behind;
        let name = match word {
            "{" | ";" => {
                is_head = false;
                continue;
            }
            "impl" => {
                is_head = true;
                continue;
            }
            _ if behind.starts_with('!') => format!("{word}!"),
            _ if is_head && !is_given && word.starts_with(char::is_uppercase) => word.to_owned(),
            _ => continue,
        };
        if found.len() < MOST_TYPES && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Names that one definition is asked for: more than any has that people write.
const MOST_TYPES: usize = 100;

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
    let mut implemented: HashMap<String, Vec<String>> = HashMap::new();
    package.symbols.retain_mut(|symbol| {
        let name = |scope| symbol.path.strip_prefix(scope).map(|name: &str| name.trim_start_matches("::").to_owned());
        if let Some(name) = name(PASSES) {
            *passing.entry(name).or_default() += 1;
            return false;
        }
        if let Some(name) = name(IMPLEMENTS) {
            implemented.entry(name).or_default().append(&mut symbol.bases);
            return false;
        }
        true
    });
    open_types(package, &implemented);
    // Several of one name may differ.
    for symbol in package.symbols.iter().filter(|symbol| symbol.kind == Kind::Macro) {
        if let Some(left) = passing.get_mut(symbol.name()) {
            *left = left.wrapping_sub(1);
        }
    }
    let all: HashSet<String> = passing.into_iter().filter(|(_, left)| *left == 0).map(|(name, _)| format!("{name}!")).collect();
    package.open.retain(|open| open.reason != Reason::Macro || !all.contains(&open.detail));
}

/// Types get members where a macro is called whose definition names them, or that calls one which does. It may mean one of another module, by
/// a star or by `$crate::c::Status`, and so all types of the package that are called so are open.
fn open_types(package: &mut Package, implemented: &HashMap<String, Vec<String>>) {
    let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
    for symbol in package.symbols.iter().filter(|symbol| symbol.kind.has_members()) {
        by_name.entry(symbol.name()).or_default().push(&symbol.path);
    }
    let mut opened: HashSet<(String, &str)> = HashSet::new();
    let mut everywhere: HashSet<&str> = HashSet::new();
    let mut reached: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut more: Vec<Open> = Vec::new();
    for open in package.open.iter().filter(|open| open.reason == Reason::Macro) {
        let Some((path, _)) = open.detail.split_once('!') else { continue };
        let Some((name, _)) = implemented.get_key_value(path.rsplit("::").next().unwrap_or(path)) else { continue };
        for of in reached.entry(name).or_insert_with(|| types_of(name, implemented)) {
            if opened.len() < MOST_OPENED && opened.insert((open.path.clone(), of)) {
                more.push(Open { path: format!("{}::{of}", open.path), reason: Reason::Macro, detail: open.detail.clone() });
            }
            // Whichever call it was.
            if everywhere.insert(of) {
                let all = by_name.get(of).into_iter().flatten();
                more.extend(all.map(|path| Open { path: (*path).to_owned(), reason: Reason::Macro, detail: open.detail.clone() }));
            }
        }
    }
    package.open.append(&mut more);
}

/// The types of a macro and of those that it calls.
fn types_of<'a>(name: &'a str, implemented: &'a HashMap<String, Vec<String>>) -> Vec<&'a str> {
    let mut types = Vec::new();
    let mut seen: HashSet<&str> = HashSet::from([name]);
    let mut ahead = vec![name];
    while let Some(name) = ahead.pop().filter(|_| types.len() < MOST_TYPES) {
        for of in implemented.get(name).into_iter().flatten() {
            match of.strip_suffix('!') {
                Some(called) if seen.len() < MOST_TYPES && seen.insert(called) => ahead.push(called),
                Some(_) => {}
                None => types.push(of.as_str()),
            }
        }
    }
    types
}

/// Types that are opened in a package: more than any has that people write.
const MOST_OPENED: usize = 50_000;

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

    #[test]
    fn types_that_a_definition_has_impl_blocks_of_are_found() {
        for (definition, wanted) in [
            ("macro_rules! codes { ($($k:ident)+) => { impl Status { $(pub const $k: u8 = Lid::ONE;)+ } } }", "Status"),
            (
                "macro_rules! of { ($t:ty) => { impl<A: Heat> From<Pot> for $t where A: Warm { fn x() -> Lid { Lid } } } }",
                "A Heat From Pot Warm",
            ),
            ("macro_rules! a { () => { b! { x } fn impl_it() {} } }", "b!"),
            ("macro_rules! none { ($T:ident) => { impl $T { } } }", ""),
            ("macro_rules! é", ""),
        ] {
            assert_eq!(implemented(definition).join(" "), wanted, "{definition}");
        }
    }
}
