//! What code does to its own classes that its types cannot say: it puts things into their values whose names are computed. Told by the text
//! alone, as such code need not be parsed: rather one class too many.

use std::collections::HashSet;

/// Classes whose values get such names: `this[name] = …` in what follows `class Worker`, `Worker.prototype[name] = …`.
pub(in crate::symbols) fn written_classes(text: &str, into: &mut HashSet<String>) {
    let mut class = None;
    let mut from = 0;
    // By the first letter of each of them: one pass whatever there is.
    while let Some(at) = text[from..].find(['c', 't', '.']).map(|at| from + at) {
        let (before, here) = text.split_at(at);
        let is_begin = !before.ends_with(is_part);
        if let Some(name) = here.strip_prefix("class ").filter(|_| is_begin).map(first_name).filter(|name| !name.is_empty()) {
            class = Some(name);
        } else if let Some(key) = here.strip_prefix("this[").filter(|_| is_begin) {
            into.extend(class.filter(|_| is_put(key)).map(str::to_owned));
        } else if here.strip_prefix(".prototype[").is_some_and(is_put) {
            let name = before.char_indices().rev().take(LONGEST).take_while(|(_, c)| is_part(*c)).last();
            into.extend(name.map(|(begin, _)| before[begin..].to_owned()));
        }
        from = at + 1;
    }
}

/// Whether what is between brackets is no literal, and something is put there.
fn is_put(key: &str) -> bool {
    let end = (0..=key.len().min(LONGEST)).rev().find(|at| key.is_char_boundary(*at)).unwrap_or(0);
    let Some((name, behind)) = key[..end].split_once(']') else { return false };
    let is_computed = !name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '"' | '\''));
    let behind = behind.trim_start();
    is_computed && behind.starts_with('=') && !behind.starts_with("==") && !behind.starts_with("=>")
}

fn first_name(text: &str) -> &str {
    &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())]
}

fn is_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// Bytes of a name between brackets.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_into_which_names_are_put() {
        let of = |text: &str| {
            let mut found = HashSet::new();
            written_classes(text, &mut found);
            let mut found: Vec<String> = found.into_iter().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(of("class Worker { bind(name) { this[name] = 1 } }\nclass Pot { get(x) { return this[x] == 1 } }"), ["Worker"]);
        assert_eq!(of("Cat.prototype[key] = f; subclass X{}; athis[a] = 1; class Cup { f() { this['a'] = this[0] = 2 } }"), ["Cat"]);
        assert_eq!(of("this[x] = 1"), [] as [&str; 0]);
        assert_eq!(of(&"this[".repeat(50_000)), [] as [&str; 0]);
    }
}
