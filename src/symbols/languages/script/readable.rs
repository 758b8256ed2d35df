//! Descriptions of types as the grammar can read them: what it does not know of the language is written otherwise. Every byte stays in its
//! place, so that what is kept is read from the text itself.

use std::borrow::Cow;

/// Without the direction of type parameters (`in`, `out`), with one name for `import("./pot.js")` where a type stands, `export type *` as
/// `export *`, `global` within a module as a module whose name is a space, and words that are names there too as other names.
pub(in crate::symbols) fn readable(text: &str) -> Cow<'_, str> {
    let mut written: Option<Vec<u8>> = None;
    let mut put = |begin: usize, with: &mut dyn FnMut(u8) -> u8, end: usize| {
        let bytes = written.get_or_insert_with(|| text.as_bytes().to_vec());
        bytes[begin..end].iter_mut().for_each(|byte| *byte = with(*byte));
    };
    for (at, open) in text.match_indices("import(") {
        let inside = &text[at + open.len()..];
        let Some(quote) = inside.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        let Some(end) = inside[1..].find([quote, '\n']).filter(|end| inside[1 + end..].starts_with([quote])) else { continue };
        if inside[end + 2..].starts_with(')') {
            put(at, &mut |byte| if byte.is_ascii_alphanumeric() { byte } else { b'_' }, at + open.len() + end + 3);
        }
    }
    for (at, _) in text.match_indices(['<', ',']) {
        let rest = behind_comments(&text[at + 1..]);
        let begin = text.len() - rest.len();
        let length = ["in out ", "in ", "out "].iter().find(|word| rest.starts_with(**word)).map_or(0, |word| word.len());
        if length > 0 && rest[length..].trim_start().starts_with(|c: char| matches!(c, '_' | '$') || c.is_ascii_uppercase()) {
            put(begin, &mut |_| b' ', begin + length);
        }
    }
    for (at, word) in text.match_indices("export type") {
        if text[at + word.len()..].trim_start().starts_with('*') {
            put(at + "export ".len(), &mut |_| b' ', at + word.len());
        }
    }
    for (at, word) in text.match_indices("global {") {
        let above = &text[..at];
        // What is declared so at the top is known.
        if above.ends_with(char::is_whitespace) && above.trim_end().ends_with(['{', '}', ';', '/']) {
            let mut letters = GLOBAL.bytes();
            put(at - 1, &mut |_| letters.next().unwrap_or(b' '), at + word.len() - 1);
        }
    }
    for word in ["abstract", "using"] {
        for (at, _) in text.match_indices(word) {
            let end = at + word.len();
            let is_name =
                !text[..at].ends_with(|c: char| c == '_' || c == '$' || c.is_alphanumeric()) && text[end..].starts_with([':', '?', '(']);
            if is_name {
                put(end - 1, &mut |_| b'_', end);
            }
        }
    }
    // What is written anew begins and ends with ASCII, so that no letter is cut.
    written.and_then(|written| String::from_utf8(written).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What stands behind spaces and comments, as far as people write some.
fn behind_comments(text: &str) -> &str {
    let near = &text[..text.floor_char_boundary(FAR)];
    let mut rest = near.trim_start();
    while let Some(end) = match rest.get(..2) {
        Some("/*") => rest.find("*/").map(|at| at + 2),
        Some("//") => rest.find('\n'),
        _ => None,
    } {
        rest = rest[end..].trim_start();
    }
    &text[near.len() - rest.len()..]
}

/// Bytes between a bracket or comma and the parameter behind it.
const FAR: usize = 1_000;

/// `global` with the space before and behind it, as the grammar knows it.
const GLOBAL: &str = "module x";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::package::Language;
    use crate::symbols::source::tree;

    #[test]
    fn what_the_grammar_does_not_know_is_readable_in_its_place() {
        for text in [
            "export interface Edge<out E> { readonly of: E }\n",
            "export type Record<in out K extends string | symbol, out A> = { readonly [P in K]: A };\n",
            "declare const Base: new <A = {}>(of: import(\"./Types.ts\").Void<{ readonly [P in keyof A]: A[P] }>) => import('./pöt.ts').Pot;\n",
            "interface Row<\n  // The shape.\n  out _Shape, /** @ts-ignore */\n  in out $Type extends {}> { x: _Shape }\n",
            "export type * from './types.js';\nexport type  * as more from './more.js';\n",
            "declare module 'a' {\n    interface B {}\n    global {\n        namespace N { interface C {} }\n    }\n}\n",
            "interface Node { abstract?: boolean; using(using: string): this; }\n",
        ] {
            let readable = readable(text);
            assert_eq!(readable.len(), text.len());
            assert!(tree::parse(Language::TypeScript, text).unwrap().root_node().has_error(), "{text}");
            assert!(!tree::parse(Language::TypeScript, &readable).unwrap().root_node().has_error(), "{readable}");
        }
        for text in [
            "type A = { [P in keyof T]: T[P] }",
            "import('x",
            "import(x)",
            "a < in",
            "f(a, outer B)",
            "import(\"a\"",
            ", in x",
            "",
            "declare global {}",
            "export type { A } from 'a'",
            "abstract class A {}",
        ] {
            assert!(matches!(readable(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
