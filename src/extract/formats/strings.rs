//! Strings of roff: what a manual page writes once and names where it is to stand, as the quotes and dashes of all that Perl makes.

use std::collections::HashMap;

use crate::extract::formats::roff::name_of;

pub(super) struct Strings {
    values: HashMap<String, String>,
    /// Characters that stand for others, by the names that they have.
    translated: Vec<(String, String)>,
    /// How much may be written in place of names, in bytes.
    spare: usize,
    /// Names that say nothing.
    unknown: String,
}

impl Strings {
    /// For a page of so many bytes.
    pub(super) fn new(size: usize) -> Self {
        Self { values: HashMap::new(), translated: Vec::new(), spare: MOST_REPEATED * size + LEAST, unknown: String::new() }
    }

    /// `name value`, behind the request; false where that is not kept.
    pub(super) fn define(&mut self, definition: &str) -> bool {
        let (name, value) = self.parts(definition);
        self.keep(name, value)
    }

    /// `name value`, whose value goes on.
    pub(super) fn append(&mut self, definition: &str) -> bool {
        let (name, more) = self.parts(definition);
        let value = self.values.get(name).cloned().unwrap_or_default() + &more;
        self.keep(name, value)
    }

    fn parts<'l>(&self, definition: &'l str) -> (&'l str, String) {
        let definition = definition.trim_start();
        let (name, value) = definition.split_once([' ', '\t']).unwrap_or((definition, ""));
        let value = value.trim_start_matches([' ', '\t']);
        // The first quote shows where the value begins; others are its own, and end no argument.
        let value = value.strip_prefix('"').unwrap_or(value);
        let value = value.split("\\\"").next().unwrap_or_default().replace('"', "\\(dq");
        let value = self.translated.iter().fold(value, |value, (from, to)| value.replace(from, to));
        (name, value)
    }

    fn keep(&mut self, name: &str, value: String) -> bool {
        // One that moves about draws, and is no text.
        let draws = ["\\h", "\\v", "\\k", "\\z", "\\o", "\\D", "\\w"].iter().any(|motion| value.contains(motion));
        let has_room = self.values.len() < MOST || self.values.contains_key(name);
        let keeps = !name.is_empty() && name.len() <= LONGEST && value.len() <= LONGEST && has_room && !draws;
        if keeps {
            self.values.insert(name.to_owned(), value);
        }
        keeps
    }

    /// `\(*W-`: pairs of characters, of which the first is shown as the second.
    pub(super) fn translate(&mut self, pairs: &str) {
        let mut rest = pairs.trim();
        while self.translated.len() < MOST_TRANSLATED && !rest.is_empty() {
            let (from, behind) = rest.split_at(character(rest));
            let (to, behind) = behind.split_at(character(behind));
            // Others are characters of the text: they are shown as they are.
            if from.len() > 1 && from.starts_with('\\') && !to.is_empty() {
                self.translated.push((from.to_owned(), to.to_owned()));
            }
            rest = behind;
        }
    }

    /// With what stands for their names in place of them.
    pub(super) fn filled(&mut self, line: String) -> String {
        if !line.contains("\\*") {
            return line;
        }
        let mut out = String::with_capacity(line.len());
        let mut rest = &*line;
        while let Some((before, after)) = rest.split_once('\\') {
            out.push_str(before);
            // A comment ends the line.
            let Some(c) = after.chars().next().filter(|c| *c != '"') else {
                rest = if after.is_empty() { "\\" } else { "" };
                break;
            };
            rest = &after[c.len_utf8()..];
            if c != '*' {
                out.push('\\');
                out.push(c);
                continue;
            }
            let (name, behind) = name_of(rest);
            rest = behind;
            if out.is_empty() {
                // What it stands for begins no request.
                out.push_str("\\&");
            }
            let name = name.split(' ').next().unwrap_or_default();
            let value = self.values.get(name).map(String::as_str).or_else(|| predefined(name));
            match value.and_then(|value| Some((value, self.spare.checked_sub(value.len())?))) {
                Some((value, left)) => {
                    out.push_str(value);
                    self.spare = left;
                }
                None => {
                    self.unknown.push_str(name);
                    self.unknown.push(' ');
                }
            }
        }
        out.push_str(rest);
        out
    }

    /// Names that were met, and stood for nothing that is known.
    pub(super) fn unknown(&self) -> &str {
        &self.unknown
    }
}

/// The length of the character that a text begins with: itself, or its name.
fn character(text: &str) -> usize {
    match text.strip_prefix("\\(") {
        Some(name) => 2 + name.chars().take(2).map(char::len_utf8).sum::<usize>(),
        None => text.chars().next().map_or(0, char::len_utf8),
    }
}

/// Those that macro packages bring, and those of Perl's manuals where the page has lost them.
fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "L\"" | "R\"" | "C`" | "C'" | "q" => "\\(dq",
        "--" => "--",
        "Aq" => "\\(aq",
        "PI" | "Pi" => "π",
        "R" => "®",
        "Tm" => "™",
        "lq" | "Lq" => "“",
        "rq" | "Rq" => "”",
        "Ba" => "|",
        "Am" => "&",
        "Lt" => "<",
        "Gt" => ">",
        "Le" | "<=" => "≤",
        "Ge" | ">=" => "≥",
        "Ne" => "≠",
        "Pm" => "±",
        "If" => "∞",
        // A size, and the device.
        "S" | ".T" => "",
        _ => return None,
    })
}

const MOST: usize = 200;
const MOST_TRANSLATED: usize = 20;
/// Of a name and of a value, in bytes.
const LONGEST: usize = 200;
/// How many times as long as a page what stands for names may be, and so many bytes besides.
const MOST_REPEATED: usize = 3;
const LEAST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(definitions: &[&str], line: &str) -> String {
        let mut strings = Strings::new(100);
        for definition in definitions {
            strings.define(definition);
        }
        strings.filled(line.to_owned())
    }

    #[test]
    fn names_stand_for_their_values() {
        for (definitions, line, wanted) in [
            (&["Str value", "x \"  y"][..], "Use \\*[Str]\\*x, \\*(xx.", "Use value  y, ."),
            (&["L\" \"\"", "C' '"][..], "a \\*(L\"b\\*(C' \\\" \\*x", "a \\(dqb' "),
            (&[][..], "\\*(Aqb\\*q \\\\*(lq \\e\\(*W \\", "\\&\\(aqb\\(dq \\\\*(lq \\e\\(*W \\"),
            (&["a b\\\" c"][..], "x \\*a\\*[a b]", "x bb"),
            (&["a \\h'1'b"][..], "x \\*a", "x "),
        ] {
            assert_eq!(filled(definitions, line), wanted, "{line}");
        }
    }

    #[test]
    fn values_are_bounded() {
        let mut strings = Strings::new(10);
        assert!(!strings.define(&format!("a {}", "b".repeat(LONGEST + 1))));
        assert!((0..MOST).all(|number| strings.define(&format!("n{number} {}", "b".repeat(100)))));
        assert!(!strings.define("more x") && strings.define("n1 c") && strings.append("n1 d"));
        assert_eq!(strings.filled("\\*[n1]".to_owned()), "\\&cd");
        assert!(strings.filled("\\*[n2]".repeat(1_000)).len() < LEAST + 100);
        assert!(strings.unknown().starts_with("n2 n2"));
    }

    #[test]
    fn characters_may_stand_for_others() {
        let mut strings = Strings::new(10);
        strings.translate(" \\(*W-ab\\(xy");
        strings.define("-- \\(*W-");
        assert_eq!(strings.filled("x \\*(--".to_owned()), "x --");
    }
}
