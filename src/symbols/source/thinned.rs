//! Source without most of what its tables of data hold: numbers and texts by the hundred thousand are no names, and their tree would take a
//! hundred times their room. Every line stays in its place.

use std::borrow::Cow;

use crate::symbols::package::Language;

/// A text whose long lists between square brackets end after some of their entries. In Python a list of texts may be `__all__`.
pub(super) fn thinned(language: Language, text: &str) -> Cow<'_, str> {
    let quotes: &[u8] = if language == Language::Python { b"" } else { b"\"'" };
    let cuts = Lists::of(text.as_bytes(), quotes).cuts;
    if cuts.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (begin, end) in cuts {
        // Both are places of ASCII.
        kept.push_str(&text[from..begin]);
        kept.extend(text[begin..end].matches('\n'));
        from = end;
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

/// Lists of nothing but numbers, texts, characters and such lists, as a text has them.
struct Lists<'t> {
    text: &'t [u8],
    /// What entries may begin with that are no numbers.
    quotes: &'t [u8],
    /// Those that are open, from the outside in.
    open: Vec<List>,
    /// What is left out of those that are closed, in the order of the text.
    cuts: Vec<(usize, usize)>,
}

struct List {
    begin: usize,
    /// Behind the last comma of its own that is still within what is kept.
    kept: Option<usize>,
    /// Round brackets that are open in it.
    round: usize,
}

impl<'t> Lists<'t> {
    fn of(text: &'t [u8], quotes: &'t [u8]) -> Self {
        let mut lists = Self { text, quotes, open: Vec::new(), cuts: Vec::new() };
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            at = match lists.open.is_empty() && *byte != b'[' {
                true => at + 1,
                false => lists.step(at, *byte),
            };
        }
        lists
    }

    /// Meets one entry or mark of a list; the place behind it.
    fn step(&mut self, at: usize, byte: u8) -> usize {
        match byte {
            b'[' => self.open.push(List { begin: at, kept: None, round: 0 }),
            b']' => self.close(at),
            b'(' => self.inner().round += 1,
            b')' if self.inner().round > 0 => self.inner().round -= 1,
            b',' => {
                let list = self.inner();
                if list.round == 0 && at - list.begin <= KEPT {
                    list.kept = Some(at + 1);
                }
            }
            b'0'..=b'9' => {
                let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
                return at + self.text[at..].iter().take_while(is_part).count();
            }
            b'+' | b'-' | b'.' | b'_' => {}
            byte if byte.is_ascii_whitespace() => {}
            byte if self.quotes.contains(&byte) => match self.quoted(at, byte) {
                Some(end) => return end,
                None => self.open.clear(),
            },
            b'/' if self.text.get(at + 1) == Some(&b'/') => {
                return at + self.text[at..].iter().take_while(|byte| **byte != b'\n').count();
            }
            _ => self.open.clear(),
        }
        at + 1
    }

    /// There is one whenever something else than its beginning is met.
    fn inner(&mut self) -> &mut List {
        self.open.last_mut().expect("a list is open")
    }

    fn close(&mut self, end: usize) {
        let Some(list) = self.open.pop() else { return };
        if list.round > 0 {
            return self.open.clear();
        }
        if let Some(kept) = list.kept.filter(|_| end - list.begin > LONGEST) {
            // Those within it are left out with it.
            self.cuts.truncate(self.cuts.partition_point(|(begin, _)| *begin < kept));
            self.cuts.push((kept, end));
        }
    }

    /// The place behind a text or character that ends on its line: what does not is taken for none.
    fn quoted(&self, at: usize, quote: u8) -> Option<usize> {
        let mut next = at + 1;
        loop {
            match self.text.get(next)? {
                b'\\' => next += 2,
                b'\n' => return None,
                byte if *byte == quote => return Some(next + 1),
                _ => next += 1,
            }
        }
    }
}

/// Bytes of a list that stays as it is.
const LONGEST: usize = 4_096;
/// Bytes of a longer one that are kept: more than a signature shows.
const KEPT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_data_end_early_and_all_else_stays() {
        let numbers = "0x1F, 2u8, -3.5e7,\n".repeat(1_000);
        let texts = "(\"a ] \\\" b\", '\\u{7f}', ']'), // Of [three.\n".repeat(500);
        for data in [&numbers, &texts, &format!("[{numbers}], [{numbers}]")] {
            let text = format!("/// A table.\npub static TABLE: [u8; 9] = [{data}];\n/// Boils.\npub fn boil() {{}}\n");
            let short = thinned(Language::Rust, &text);
            assert!(short.len() < 2_000 + data.matches('\n').count(), "{}", short.len());
            assert_eq!(short.matches('\n').count(), text.matches('\n').count());
            assert!(
                short.starts_with("/// A table.\npub static TABLE: [u8; 9] = [") && short.ends_with("];\n/// Boils.\npub fn boil() {}\n")
            );
        }
    }

    #[test]
    fn what_could_be_code_stays() {
        let code = "    fn warm(&self) -> u8 { self.heat }\n".repeat(300);
        let names = "Kettle, ".repeat(2_000);
        for text in [
            format!("const A: &[Pot] = &[{names}];"),
            // Brackets in texts are no lists.
            format!("push(\"[\");\n{code}push(\"]\");"),
            format!("'[' => 1,\n{code}']' => 2,"),
            format!("[1, (2, 3], 4), {}]", "5, ".repeat(3_000)),
            format!("[1, 2, {}", "5, ".repeat(3_000)),
            format!("[{}]", "5 ".repeat(3_000)),
            "[1, 2, 3]".to_owned(),
            "]][[)(\"'[".to_owned(),
            "[\"\\".to_owned(),
        ] {
            assert!(matches!(thinned(Language::Rust, &text), Cow::Borrowed(_)), "{text:.80}");
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(thinned(Language::Rust, &deep).len(), deep.len(), "in linear time");
        let all = format!("__all__ = [{}]\n", "'boil', ".repeat(2_000));
        assert!(matches!(thinned(Language::Python, &all), Cow::Borrowed(_)), "names");
        assert!(thinned(Language::Python, &format!("[{}]", "5, ".repeat(3_000))).len() < 2_000);
        let letters = format!("[{}]", "\"ü→\", ".repeat(2_000));
        assert!(thinned(Language::Rust, &letters).len() < 2_000);
    }
}
