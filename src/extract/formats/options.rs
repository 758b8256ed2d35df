//! Options of a directive of MyST, which stand between its name and what it holds: lines of `:name: value`, or of `name: value` between two
//! lines of `---`.

use std::iter::Peekable;
use std::str::Lines;

/// Takes them off.
pub(super) fn take<'a>(lines: &mut Peekable<Lines<'a>>) -> Vec<(&'a str, &'a str)> {
    if lines.peek().is_some_and(|line| line.trim() == FRAME) {
        let framed: Vec<&str> = lines.clone().skip(1).take(MOST).take_while(|line| line.trim() != FRAME).collect();
        // What does not end is what the directive holds.
        if lines.clone().nth(framed.len() + 1).is_none_or(|line| line.trim() != FRAME) {
            return Vec::new();
        }
        lines.nth(framed.len() + 1);
        return framed.into_iter().filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), unquoted(value))).collect();
    }
    let mut options = Vec::new();
    while let Some(option) = lines.next_if(|line| option(line).is_some()).and_then(option) {
        options.push(option);
    }
    options
}

/// `:name: value`
fn option(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().strip_prefix(':')?.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_name && (value.is_empty() || value.starts_with([' ', '\t']))).then(|| (name, unquoted(value)))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\''].into_iter().find_map(|mark| value.strip_prefix(mark)?.strip_suffix(mark)).unwrap_or(value)
}

const FRAME: &str = "---";
const MOST: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_end_where_something_else_begins() {
        for (text, wanted, rest) in [
            (":linenos:\n:caption: A *b*\nx = 1\n:y: 2", vec![("linenos", ""), ("caption", "A *b*")], "x = 1"),
            ("---\nlineno-start: 3\ncaption: \"A: b\"\n---\nx", vec![("lineno-start", "3"), ("caption", "A: b")], "x"),
            ("---\na: b\nx", vec![], "---"),
            (":a:b\nx", vec![], ":a:b"),
            (":: x", vec![], ":: x"),
            ("  :name: y\n\nx", vec![("name", "y")], ""),
        ] {
            let mut lines = text.lines().peekable();
            assert_eq!(take(&mut lines), wanted, "{text}");
            assert_eq!(lines.next(), Some(rest), "{text}");
        }
        let long = format!("---\n{}---\nx", "a: b\n".repeat(MOST + 1));
        assert!(take(&mut long.lines().peekable()).is_empty());
    }
}
