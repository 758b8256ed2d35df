//! The words of a page and of markdown, and their sequences, which are what is compared.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Letters and digits in lower case. What only marks text is neither word nor blank, in the page as in markdown, so that marks
/// within a word do not part it: `H_2O` is `H2O`.
pub fn of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match c {
            '*' | '_' | '^' | '~' | '`' | '\\' | '[' | ']' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            c if c.is_alphanumeric() => words.last_mut().expect("never empty").extend(c.to_lowercase()),
            _ if words.last().is_some_and(|word| !word.is_empty()) => words.push(String::new()),
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

pub fn sequences(words: &[String]) -> impl Iterator<Item = u64> + '_ {
    words.windows(SEQUENCE).map(hash)
}

pub fn hash(words: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Markdown without what is not text of the page: the targets of links, images, character references. Code stays as it is.
pub fn without_targets(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    // The fence that the lines stand in.
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let bare = line.trim_start_matches([' ', '>', '-', '*', '+', '.', ')']).trim_start_matches(|c: char| c.is_ascii_digit());
        let bare = bare.trim_start_matches(['.', ')', ' ']);
        let marks: String = bare.chars().take_while(|c| bare.starts_with(['`', '~']) && bare.starts_with(*c)).collect();
        match &fence {
            Some(open) if marks.starts_with(open.as_str()) && bare.trim_end() == marks => fence = None,
            Some(_) => text.push_str(line),
            // What follows the marks is the language.
            None if marks.len() >= 3 => fence = Some(marks),
            None => line_without_targets(line, &mut text),
        }
        text.push('\n');
    }
    text
}

fn line_without_targets(line: &str, text: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find(['`', ']', '&', '\\', '<']) {
        text.push_str(&rest[..at]);
        let here = &rest[at..];
        rest = match here.as_bytes()[0] {
            b'`' => {
                let marks = &here[..here.len() - here.trim_start_matches('`').len()];
                let span = here[marks.len()..].find(marks).map_or(marks.len(), |end| marks.len() + end + marks.len());
                text.push_str(&here[..span]);
                &here[span..]
            }
            b']' if here.starts_with("](") => &here[target(here)..],
            // A break within a cell.
            b'<' => {
                text.push(' ');
                here.strip_prefix("<br>").unwrap_or(&here[1..])
            }
            b'&' => match here.bytes().take(10).position(|byte| byte == b';') {
                Some(end) if here[1..end].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') => {
                    text.push(' ');
                    &here[end + 1..]
                }
                _ => {
                    text.push('&');
                    &here[1..]
                }
            },
            // A mark that is escaped is none.
            b'\\' => {
                let escaped = here.chars().nth(1).map_or(0, char::len_utf8);
                text.push_str(&here[1..1 + escaped]);
                &here[1 + escaped..]
            }
            _ => &here[1..],
        };
    }
    text.push_str(rest);
}

/// How long `](target "title")` is; of what does not end so, the first two characters.
fn target(here: &str) -> usize {
    let (mut depth, mut quoted) = (0, false);
    let mut bytes = here.bytes().enumerate().take(LONGEST_TARGET).skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    2
}

/// In bytes.
const LONGEST_TARGET: usize = 4096;
/// Words that must follow one another.
pub const SEQUENCE: usize = 4;
