//! What a model is given of a passage that is longer than it reads: long code, or a passage that was cut for another model.

use std::borrow::Cow;
use std::collections::HashSet;

use super::measure::Measure;

/// The passage itself where the model reads all of it, else its beginning, by lines, and the names that the rest of it defines and uses.
///
/// ```
/// use smolcrawl::chunk::{Measure, condensed};
///
/// let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
/// let measure = Measure::new(64, &words);
/// let code = format!("{}def unlock(door):\n    pass\n", "x = 1\n".repeat(100));
/// assert!(condensed(&code, &measure).starts_with("x = 1\n") && condensed(&code, &measure).contains("unlock"));
/// assert_eq!(condensed("x = 1", &measure), "x = 1");
/// ```
pub fn condensed<'a>(passage: &'a str, measure: &Measure<'_>) -> Cow<'a, str> {
    if measure.fits(passage) {
        return Cow::Borrowed(passage);
    }
    let most = measure.most();
    let head = beginning(passage, most - most / NAMES, measure);
    let mut condensed = passage[..head].trim_end().to_owned();
    let mut left = most.saturating_sub(measure.of(&condensed) + 1);
    condensed.push('\n');
    for name in names(&passage[head..]) {
        let taken = measure.of(name);
        // A shorter one would be no better.
        if taken > left {
            break;
        }
        left -= taken;
        condensed.push_str(name);
        condensed.push(' ');
    }
    // What is joined may take more than its parts, by a model's own way of counting.
    while !condensed.is_empty() && !measure.fits(&condensed) {
        let shorter = condensed.len() - condensed.len().div_ceil(8);
        condensed.truncate(condensed.floor_char_boundary(shorter));
    }
    Cow::Owned(condensed)
}

/// The end of the last line that is within so many tokens; of a line that is too long alone, of its last word or character.
fn beginning(text: &str, most: usize, measure: &Measure<'_>) -> usize {
    let (mut end, mut left) = (0, most);
    for line in text.split_inclusive('\n') {
        let taken = measure.of(line);
        if taken > left {
            break;
        }
        left -= taken;
        end += line.len();
    }
    // Half of it is enough to tell what it is.
    if left <= most / 2 {
        return end;
    }
    let line = text[end..].split_inclusive('\n').next().unwrap_or_default();
    // A token has a byte at the least, and few have more than sixteen.
    let line = &line[..line.floor_char_boundary(16 * most)];
    let ends: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
    let within = ends.partition_point(|at| measure.is_within(&line[..*at], left));
    end + ends[..within].last().copied().unwrap_or(0)
}

/// The names in code, each once: first those that it defines, then the others, in their order.
fn names(code: &str) -> Vec<&str> {
    let words = || code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let is_name =
        |word: &&str| word.len() > 2 && word.len() <= LONGEST && !word.starts_with(|c: char| c.is_ascii_digit()) && !is_keyword(word);
    let defined = words().zip(words().skip(1)).filter(|(before, _)| DEFINES.contains(before)).map(|(_, name)| name);
    let mut seen = HashSet::new();
    defined.chain(words()).filter(is_name).filter(|name| seen.insert(*name)).take(MOST_NAMES).collect()
}

fn is_keyword(word: &str) -> bool {
    DEFINES.contains(&word) || COMMON.contains(&word)
}

/// The part of what a model reads that is for the names of what is not shown: one in so many.
const NAMES: usize = 4;
const MOST_NAMES: usize = 1_000;
/// In bytes.
const LONGEST: usize = 60;
/// What stands before a name that is defined, in the languages that documentation shows.
const DEFINES: [&str; 20] = [
    "def",
    "class",
    "fn",
    "func",
    "function",
    "struct",
    "enum",
    "trait",
    "interface",
    "type",
    "impl",
    "module",
    "namespace",
    "protocol",
    "record",
    "object",
    "macro",
    "package",
    "sub",
    "TABLE",
];
/// Says nothing of what code is about.
const COMMON: [&str; 24] = [
    "self", "this", "let", "var", "const", "mut", "pub", "return", "import", "from", "for", "while", "else", "elif", "then", "new", "null",
    "None", "true", "false", "True", "False", "void", "end",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letters(text: &str) -> usize {
        text.chars().filter(|c| !c.is_whitespace()).count() + 2
    }

    #[test]
    fn long_code_is_its_head_and_its_names() {
        let body: String = (0..60).map(|line| format!("    total += {line}\n")).collect();
        let code = format!("How to add:\ndef add():\n{body}\nclass Ledger:\n    def balance(self):\n        return add()\n");
        let measure = Measure::new(120, &letters);
        let short = condensed(&code, &measure);
        assert!(short.starts_with("How to add:\ndef add():\n    total += 0\n"), "{short}");
        assert!(short.contains("Ledger balance "), "{short}");
        assert!(letters(&short) <= 120);
        assert_eq!(names("fn open(path) { let file = path; open_now() }"), ["open", "path", "file", "open_now"]);
    }

    proptest! {
        #[test]
        fn whatever_is_condensed_is_within_the_limit(text in "[a-z(){}\n é漢]{0,900}", most in 64usize..200) {
            prop_assert!(letters(&condensed(&text, &Measure::new(most, &letters))) <= most);
        }
    }
}
