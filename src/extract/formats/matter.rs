//! The front matter of markdown: fields between `---` (YAML) or `+++` (TOML) lines, or a JSON object, before the text. Knows only fields
//! that say something of the document; no values within values.

use serde_json::Value;

use crate::model::Metadata;

/// The fields that are known, and where the text begins.
#[derive(Debug, Default)]
pub(super) struct Matter<'a> {
    pub(super) title: Option<String>,
    pub(super) metadata: Metadata,
    /// As written; empty where there is none.
    pub(super) source: &'a str,
    pub(super) rest: &'a str,
}

pub(super) fn cut(text: &str) -> Matter<'_> {
    let found = fenced(text, "---", |line| line.is_empty() || line.starts_with([' ', '\t', '-', '#', '}', ']']) || line.contains(':'))
        .map(|(source, rest)| (source, rest, fields(source, ':')))
        .or_else(|| {
            let is_field =
                |line: &str| line.is_empty() || line.starts_with([' ', '\t', '[', '#', ']', '}', '"', '\'']) || line.contains('=');
            fenced(text, "+++", is_field).map(|(source, rest)| (source, rest, fields(source, '=')))
        })
        .or_else(|| object(text));
    let mut matter = Matter { rest: text, ..Matter::default() };
    if let Some((source, rest, fields)) = found {
        matter.source = source;
        matter.rest = rest;
        for (name, value) in fields {
            matter.field(&name.to_ascii_lowercase(), value);
        }
    }
    matter
}

impl Matter<'_> {
    fn field(&mut self, name: &str, value: String) {
        let place = match name {
            "title" => &mut self.title,
            "description" | "summary" => &mut self.metadata.description,
            "date" | "published" | "publishdate" | "pubdate" => &mut self.metadata.published,
            "lastmod" | "updated" | "last_updated" | "modified" | "last_modified_at" | "ms.date" => &mut self.metadata.modified,
            "author" | "authors" => &mut self.metadata.author,
            "lang" | "language" | "locale" => &mut self.metadata.language,
            _ => return,
        };
        let is_date =
            !matches!(name, "date" | "published" | "publishdate" | "pubdate" | "lastmod" | "updated" | "last_updated" | "modified")
                || value.starts_with(|c: char| c.is_ascii_digit());
        // "published: true" is no date.
        if place.is_none() && is_date && !value.is_empty() {
            *place = Some(value);
        }
    }
}

/// What stands between two lines `fence`, if all its lines are fields.
fn fenced<'a>(text: &'a str, fence: &str, is_field: impl Fn(&str) -> bool) -> Option<(&'a str, &'a str)> {
    let after = text.strip_prefix(fence)?;
    let after = after.trim_start_matches([' ', '\t']).strip_prefix('\n')?;
    let mut at = 0;
    for line in after.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || fence == "---" && bare == "..." {
            return Some((&after[..at], &after[at + line.len()..]));
        }
        if !is_field(bare) || at > LONGEST {
            return None;
        }
        at += line.len();
    }
    None
}

/// Longer front matter is none: a line of dashes began the text.
const LONGEST: usize = 64 * 1024;

/// Names with values of one line, or of the indented lines below.
fn fields(source: &str, mark: char) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in source.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut().filter(|(_, value)| value.len() < LONGEST_VALUE) {
                let more = unquoted(line.trim().trim_start_matches("- "));
                // An object in a list is no text.
                if !value.is_empty() || !more.contains(": ") {
                    value.push_str(if value.is_empty() { "" } else { " " });
                    value.push_str(&more);
                }
            }
        } else if let Some(more) = line.strip_prefix("- ") {
            if let Some((_, value)) = fields.last_mut().filter(|(_, value)| value.len() < LONGEST_VALUE) {
                value.push_str(if value.is_empty() { "" } else { ", " });
                value.push_str(&unquoted(more.trim()));
            }
        } else if line.starts_with('[') && mark == '=' {
            // Fields of a table of TOML are not the document's.
            break;
        } else if let Some((name, value)) = line.split_once(mark) {
            let value = value.trim();
            let value = match value {
                "|" | ">" | "|-" | ">-" | "|+" | ">+" | "null" | "~" => "",
                value => value,
            };
            fields.push((unquoted(name.trim()), unquoted(value)));
        }
    }
    fields
}

const LONGEST_VALUE: usize = 2_000;

fn unquoted(value: &str) -> String {
    let list = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    if let Some(list) = list {
        // Lists within it are not looked into.
        return list.split(',').map(|one| unquoted_word(one.trim())).collect::<Vec<_>>().join(", ");
    }
    unquoted_word(value)
}

fn unquoted_word(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)) {
            return inner.replace("\\\"", "\"").replace("''", "'");
        }
    }
    // A comment of YAML.
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

/// Names and values, in their order.
type Fields = Vec<(String, String)>;

/// A JSON object of its own lines before the text.
fn object(text: &str) -> Option<(&str, &str, Fields)> {
    if !text.starts_with("{\n") {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let Some(Ok(Value::Object(object))) = values.next() else { return None };
    let (source, rest) = text.split_at_checked(values.byte_offset())?;
    let rest = rest.strip_prefix('\n').filter(|rest| !rest.trim().is_empty())?;
    let fields = object.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    Some((source, rest, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_three_syntaxes() {
        for text in [
            "---\ntitle: \"A: b\"\nauthors:\n  - C\ndate: 2024-05-01 # day\ntags: [x, y]\ndescription: >-\n  of two\n  lines\n---\nText",
            "+++\ntitle = 'A: b'\nauthor = \"C\"\ndate = 2024-05-01\ndescription = \"of two lines\"\n[params]\ntitle = 'no'\n+++\nText",
            "{\n\"title\": \"A: b\", \"author\": \"C\",\n\"date\": \"2024-05-01\", \"description\": \"of two lines\", \"x\": {}\n}\nText",
        ] {
            let matter = cut(text);
            assert_eq!(matter.title.as_deref(), Some("A: b"), "{text}");
            assert_eq!(matter.metadata.author.as_deref(), Some("C"), "{text}");
            assert_eq!(matter.metadata.published.as_deref(), Some("2024-05-01"), "{text}");
            assert_eq!(matter.metadata.description.as_deref(), Some("of two lines"), "{text}");
            assert_eq!(matter.rest.trim(), "Text", "{text}");
        }
    }

    #[test]
    fn text_is_no_front_matter() {
        for text in ["---\nno field\n---\n# A", "---\ntitle: A\n", "--- x\na: b\n---\n", "{\n no json }\nx", "{\n}\n", "a: b\n---\n"] {
            assert_eq!(cut(text).rest, text);
        }
        assert_eq!(cut("---\npublished: true\n---\nx").metadata.published, None);
    }
}
