//! Descriptions of types as the grammar can read them: what it does not know of the language is written otherwise. Every byte stays in its
//! place, so that what is kept is read from the text itself.

use std::borrow::Cow;

/// Without the direction of type parameters (`in`, `out`), and with one name for `import("./pot.js")` where a type stands.
pub(in crate::symbols) fn readable(text: &str) -> Cow<'_, str> {
    let mut written: Option<Vec<u8>> = None;
    let mut put = |begin: usize, with: &dyn Fn(u8) -> u8, end: usize| {
        let bytes = written.get_or_insert_with(|| text.as_bytes().to_vec());
        bytes[begin..end].iter_mut().for_each(|byte| *byte = with(*byte));
    };
    for (at, open) in text.match_indices("import(") {
        let inside = &text[at + open.len()..];
        let Some(quote) = inside.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        let Some(end) = inside[1..].find([quote, '\n']).filter(|end| inside[1 + end..].starts_with([quote])) else { continue };
        if inside[end + 2..].starts_with(')') {
            put(at, &|byte| if byte.is_ascii_alphanumeric() { byte } else { b'_' }, at + open.len() + end + 3);
        }
    }
    for (at, _) in text.match_indices(['<', ',']) {
        let behind = &text[at + 1..];
        let begin = at + 1 + (behind.len() - behind.trim_start().len());
        let rest = &text[begin..];
        let length = ["in out ", "in ", "out "].iter().find(|word| rest.starts_with(**word)).map_or(0, |word| word.len());
        if length > 0 && rest[length..].trim_start().starts_with(|c: char| c.is_ascii_uppercase()) {
            put(begin, &|_| b' ', begin + length);
        }
    }
    // What is written anew begins and ends with ASCII, so that no letter is cut.
    written.and_then(|written| String::from_utf8(written).ok()).map_or(Cow::Borrowed(text), Cow::Owned)
}

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
        ] {
            let readable = readable(text);
            assert_eq!(readable.len(), text.len());
            assert!(tree::parse(Language::TypeScript, text).unwrap().root_node().has_error(), "{text}");
            assert!(!tree::parse(Language::TypeScript, &readable).unwrap().root_node().has_error(), "{readable}");
        }
        for text in ["type A = { [P in keyof T]: T[P] }", "import('x", "import(x)", "a < in", "f(a, outer B)", "import(\"a\"", ", in x", ""]
        {
            assert!(matches!(readable(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
