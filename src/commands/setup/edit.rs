//! Puts an entry into a configuration file that belongs to somebody else, or takes it out. Pure: text in, text out.
//!
//! Comments, order, line ends and everything else stay byte for byte: text is put in or cut out at places that a parser has found,
//! nothing is written anew. What comes of it is parsed and compared before it is given back.

mod json;
mod tables;

use std::fmt;

use jsonc_parser::parse_to_serde_value;
use serde_json::{Map, Value};

use crate::failure::place;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON without anything else: the client reads nothing with a comment in it.
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
    Toml,
}

/// What an entry consists of, in the order in which it is written.
pub type Fields = [(&'static str, Value)];

/// A file that cannot be edited, and where in it the reason stands.
#[derive(Debug)]
pub struct Broken {
    /// `line 3, column 5`, where there is a place.
    at: Option<String>,
    why: String,
}

impl Broken {
    fn at(text: &str, offset: usize, why: impl Into<String>) -> Self {
        Self { at: Some(place(text, offset)), why: why.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{at}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// The text of a file, which has to be UTF-8.
pub fn text(bytes: Vec<u8>) -> Result<String, Broken> {
    String::from_utf8(bytes).map_err(|error| {
        let (valid, at) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let before = String::from_utf8_lossy(&at[..valid]).into_owned();
        Broken::at(&before, valid, "not UTF-8")
    })
}

/// The entries below `keys` by name.
pub fn entries(text: &str, format: Format, keys: &[&str]) -> Result<Map<String, Value>, Broken> {
    let mut value = parsed(without_mark(text).1, format)?;
    for key in keys {
        value = value.get_mut(*key).map(Value::take).unwrap_or_default();
    }
    match value {
        Value::Object(entries) => Ok(entries),
        _ => Ok(Map::new()),
    }
}

/// The same text with the entry `name` below `keys`, of these fields. What else an entry of that name has stays.
pub fn with(text: &str, format: Format, keys: &[&str], name: &str, fields: &Fields) -> Result<String, Broken> {
    let (mark, text) = without_mark(text);
    let mut expected = parsed(text, format)?;
    let mut of = &mut expected;
    for key in keys.iter().chain([&name]) {
        if !of.is_object() {
            *of = Value::Object(Map::new());
        }
        of = &mut of[*key];
    }
    match of {
        Value::Object(there) => there.extend(fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone()))),
        other => *other = object(fields),
    }
    let edited = match format {
        Format::Json | Format::Jsonc => json::with(text, format, keys, name, fields)?,
        Format::Toml => tables::with(text, keys, name, fields)?,
    };
    checked(mark, edited, format, &expected)
}

/// The same text without the entry `name` below `keys`.
pub fn without(text: &str, format: Format, keys: &[&str], name: &str) -> Result<String, Broken> {
    let (mark, text) = without_mark(text);
    let mut expected = parsed(text, format)?;
    let mut of = Some(&mut expected);
    for key in keys {
        of = of.and_then(|of| of.get_mut(*key));
    }
    let removed = of.and_then(Value::as_object_mut).and_then(|of| of.remove(name));
    if removed.is_none() {
        return Ok(format!("{mark}{text}"));
    }
    let edited = match format {
        Format::Json | Format::Jsonc => json::without(text, format, keys, name)?,
        Format::Toml => tables::without(text, keys, name)?,
    };
    if format == Format::Toml && checked(mark, edited.clone(), format, &expected).is_err() {
        // A table that only names one below it goes with it.
        prune(&mut expected, keys);
    }
    checked(mark, edited, format, &expected)
}

/// Drops what is empty on the way down these keys.
fn prune(value: &mut Value, keys: &[&str]) {
    let (Some((key, below)), Some(fields)) = (keys.split_first(), value.as_object_mut()) else { return };
    if let Some(field) = fields.get_mut(*key) {
        prune(field, below);
        if field.as_object().is_some_and(Map::is_empty) {
            fields.remove(*key);
        }
    }
}

/// What is put beside the file by hand: the entry alone, as the file has it.
pub fn snippet(format: Format, keys: &[&str], name: &str, fields: &Fields) -> Result<String, Broken> {
    with("", format, keys, name, fields)
}

/// Which lines differ, as `diff -u` shows them: everything that differs is of one place.
pub fn diff(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old[same..], &new[same..]);
    let behind = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let (gone, come) = (&old_rest[..old_rest.len() - behind], &new_rest[..new_rest.len() - behind]);
    let shown = |sign: &str, lines: &[&str]| lines.iter().map(|line| format!("{sign}{line}")).collect::<Vec<_>>();
    let before = &old[same.saturating_sub(AROUND)..same];
    let after = &old_rest[old_rest.len() - behind..];
    [shown(" ", before), shown("-", gone), shown("+", come), shown(" ", &after[..after.len().min(AROUND)])].concat()
}

/// Some editors begin a file with it.
fn without_mark(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 })
}

fn object(fields: &Fields) -> Value {
    Value::Object(fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect())
}

fn parsed(text: &str, format: Format) -> Result<Value, Broken> {
    let value = match format {
        Format::Json | Format::Jsonc => parse_to_serde_value::<Option<Value>>(text, &json::options(format))
            .map_err(|error| Broken::at(text, error.range().start, error.kind().to_string()))?
            .unwrap_or_default(),
        Format::Toml => {
            let table = text.parse::<toml::Table>().map_err(|error| {
                let at = error.span().map(|span| place(text, span.start));
                Broken { at, why: error.message().to_owned() }
            })?;
            serde_json::to_value(table).map_err(|error| Broken { at: None, why: error.to_string() })?
        }
    };
    match value {
        Value::Object(_) => Ok(value),
        Value::Null if text.trim().is_empty() || format == Format::Jsonc => Ok(Value::Object(Map::new())),
        _ => Err(Broken::at(text, text.len() - text.trim_start().len(), "the file holds something else than an object")),
    }
}

/// An edit that would change anything else is not made.
fn checked(mark: &str, edited: String, format: Format, expected: &Value) -> Result<String, Broken> {
    match parsed(&edited, format) {
        Ok(found) if found == *expected => Ok(format!("{mark}{edited}")),
        _ => Err(Broken { at: None, why: "it is written in a way that cannot be edited without changing more than the entry".to_owned() }),
    }
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Lines shown around a change.
const AROUND: usize = 3;

#[cfg(test)]
mod tests;
