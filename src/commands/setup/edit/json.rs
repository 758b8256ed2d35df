//! JSON, with comments or without: text is put in and cut out at the places that the parser tells.

use std::ops::Range;

use jsonc_parser::ast::{self, Object};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast, parse_to_serde_value};
use serde_json::Value;

use super::{Broken, Fields, Format, line_end};

pub fn options(format: Format) -> ParseOptions {
    let is_lenient = format == Format::Jsonc;
    ParseOptions {
        allow_comments: is_lenient,
        allow_trailing_commas: is_lenient,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

pub fn with(text: &str, format: Format, keys: &[&str], name: &str, fields: &Fields) -> Result<String, Broken> {
    let mut text = text.to_owned();
    let root = tree(&text, format)?;
    if root.is_none_or(|root| matches!(root, ast::Value::NullKeyword(_))) {
        // Nothing, or comments only.
        let end = line_end(&text);
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
        text = format!("{text}{gap}{{}}{end}");
    }
    // A change a turn: the places of the next one are those of the text that it has made.
    while let Some((place, new)) = change(&text, format, keys, name, fields)? {
        match new {
            New::Text(new) => text.replace_range(place, &new),
            New::Whole(whole) => text = whole,
        }
    }
    Ok(text)
}

enum New {
    Text(String),
    Whole(String),
}

/// The next change there is to make, if any is left.
fn change(text: &str, format: Format, keys: &[&str], name: &str, fields: &Fields) -> Result<Option<(Range<usize>, New)>, Broken> {
    let root = tree(text, format)?;
    let mut at = root.as_ref().and_then(ast::Value::as_object).ok_or_else(|| Broken::at(text, 0, "it holds no object"))?;
    let path: Vec<_> = keys.iter().copied().chain([name]).collect();
    for (index, key) in path.iter().enumerate() {
        let Some(property) = last(at, key) else {
            let inner = path[index + 1..].iter().rev().fold(Tree::of(fields), |inner, key| Tree::Object(vec![(*key, inner)]));
            return Ok(Some((0..0, New::Whole(inserted(text, at, key, &inner)))));
        };
        let range = property.value.range();
        match property.value.as_object() {
            Some(object) => at = object,
            None if index + 1 == path.len() => {
                let value = rendered(&Tree::of(fields), &Style::of(text, indent_at(text, range.start)), true);
                return Ok(Some((range.start..range.end, New::Text(value))));
            }
            None => return Err(Broken::at(text, range.start, format!("{key} is not an object"))),
        }
    }
    for (field, value) in fields {
        let Some(property) = last(at, field) else {
            return Ok(Some((0..0, New::Whole(inserted(text, at, field, &Tree::Value(value))))));
        };
        let range = property.value.range();
        let there: Option<Value> = parse_to_serde_value(&text[range.start..range.end], &options(format)).ok();
        if there.as_ref() != Some(value) {
            return Ok(Some((range.start..range.end, New::Text(inline(value)))));
        }
    }
    Ok(None)
}

pub fn without(text: &str, format: Format, keys: &[&str], name: &str) -> Result<String, Broken> {
    let root = tree(text, format)?;
    let mut at = root.as_ref().and_then(ast::Value::as_object);
    for key in keys {
        at = at.and_then(|at| last(at, key)).and_then(|property| property.value.as_object());
    }
    let index = at.and_then(|at| at.properties.iter().rposition(|property| property.name.as_str() == name));
    Ok(match (at, index) {
        (Some(at), Some(index)) => removed(text, at, index),
        _ => text.to_owned(),
    })
}

fn tree(text: &str, format: Format) -> Result<Option<ast::Value<'_>>, Broken> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options(format));
    parsed.map(|parsed| parsed.value).map_err(|error| Broken::at(text, error.range().start, error.kind().to_string()))
}

/// Of several properties of one name the last one counts, to all who read them.
fn last<'a, 'text>(object: &'a Object<'text>, name: &str) -> Option<&'a ast::ObjectProp<'text>> {
    object.properties.iter().rfind(|property| property.name.as_str() == name)
}

fn inserted(text: &str, object: &Object<'_>, key: &str, value: &Tree<'_>) -> String {
    let (start, end) = (object.range.start, object.range.end);
    let end_of_line = line_end(text);
    let base = indent_at(text, start);
    let style = Style::of(text, base);
    let own_line = object.properties.first().and_then(|first| own_indent(text, first.range.start));
    let indent = own_line.map_or_else(|| format!("{base}{}", style.unit), str::to_owned);
    let is_spread = match object.properties.is_empty() {
        false => text[start..end].contains('\n'),
        true => text[start..end].contains('\n') || text.trim().contains('\n') || text.trim().len() == end - start,
    };
    let inner = Style { base: &indent, ..style };
    let property = format!("{}: {}", inline(&Value::from(key)), rendered(value, &inner, is_spread));
    let Some(last) = object.properties.last() else {
        let comments = comments_end(text, start + 1, end - 1);
        let rest = &text[comments..end - 1];
        let (before, after) = (&text[..comments], &text[end - 1..]);
        return match is_spread {
            true if rest.contains('\n') => format!("{before}{end_of_line}{indent}{property}{rest}{after}"),
            true => format!("{before}{end_of_line}{indent}{property}{end_of_line}{base}{after}"),
            false => format!("{before}{property}{rest}{after}"),
        };
    };
    let last_end = last.range.end;
    let comma = comma_after(text, last_end);
    let after = comma.map_or(last_end, |comma| comma + 1);
    let trailing = if comma.is_some() { "," } else { "" };
    if !is_spread {
        let lead = if comma.is_some() { " " } else { ", " };
        return format!("{}{lead}{property}{trailing}{}", &text[..after], &text[after..]);
    }
    // A comment behind the last property is about that one.
    let line = comments_on_line(text, after);
    let separator = if comma.is_some() { "" } else { "," };
    format!("{}{separator}{}{end_of_line}{indent}{property}{trailing}{}", &text[..after], &text[after..line], &text[line..])
}

fn removed(text: &str, object: &Object<'_>, index: usize) -> String {
    let property = &object.properties[index];
    let (start, end) = (property.range.start, property.range.end);
    let comma = comma_after(text, end);
    let mut cut_end = comma.map_or(end, |comma| comma + 1);
    let rest = &text[cut_end..];
    let rest_of_line = rest.split('\n').next().unwrap_or_default().trim();
    let blank = text[..start].trim_end_matches([' ', '\t']).len();
    let mut cut_start = start;
    // With its line, unless what follows on it would end in a comment of the line before.
    if rest_of_line.is_empty() || rest_of_line.starts_with("//") {
        cut_start = blank;
        if text[..blank].ends_with('\n') {
            cut_start -= if text[..blank].ends_with("\r\n") { 2 } else { 1 };
        }
    } else if comma.is_some() {
        cut_end += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    } else if !text[..blank].ends_with('\n') {
        cut_start = blank;
    }
    let mut kept = format!("{}{}", &text[..cut_start], &text[cut_end..]);
    // The one before is the last one now.
    if let (None, Some(before)) = (comma, index.checked_sub(1)) {
        let before = object.properties[before].range.end;
        if let Some(comma) = comma_after(text, before) {
            kept.remove(comma);
        }
    }
    if object.properties.len() == 1 {
        let (open, close) = (object.range.start + 1, object.range.end - 1 - (text.len() - kept.len()));
        if kept[open..close].trim().is_empty() {
            kept.replace_range(open..close, "");
        }
    }
    kept
}

/// How values of this file are indented.
#[derive(Clone, Copy)]
struct Style<'a> {
    /// What begins the line that a value begins on.
    base: &'a str,
    unit: &'a str,
    end_of_line: &'static str,
}

impl<'a> Style<'a> {
    fn of(text: &'a str, base: &'a str) -> Self {
        // The first line that is indented is a property of the root, or near it.
        let indented = text.lines().find(|line| line.starts_with([' ', '\t']) && line.trim_start().starts_with('"'));
        let unit = indented.map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
        Self { base, unit, end_of_line: line_end(text) }
    }
}

/// What is to be written, in its order.
enum Tree<'a> {
    Value(&'a Value),
    Object(Vec<(&'a str, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    fn of(fields: &'a Fields) -> Self {
        Self::Object(fields.iter().map(|(field, value)| (*field, Self::Value(value))).collect())
    }
}

fn rendered(tree: &Tree<'_>, style: &Style<'_>, is_spread: bool) -> String {
    let fields = match tree {
        Tree::Value(value) => return inline(value),
        Tree::Object(fields) => fields,
    };
    let indent = format!("{}{}", style.base, style.unit);
    let inner = Style { base: &indent, ..*style };
    let named = |(name, value): &(&str, Tree<'_>)| format!("{}: {}", inline(&Value::from(*name)), rendered(value, &inner, is_spread));
    let fields: Vec<_> = fields.iter().map(named).collect();
    if !is_spread {
        return format!("{{ {} }}", fields.join(", "));
    }
    let end = style.end_of_line;
    let lines = fields.join(&format!(",{end}{indent}"));
    format!("{{{end}{indent}{lines}{end}{}}}", style.base)
}

/// On one line, with blanks as people write them.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// The blanks that the line of `at` begins with.
fn indent_at(text: &str, at: usize) -> &str {
    let line = &text[text[..at].rfind('\n').map_or(0, |end| end + 1)..];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// The same, if nothing else stands before `at`.
fn own_indent(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n')? + 1;
    let before = &text[start..at];
    before.trim_matches([' ', '\t']).is_empty().then_some(before)
}

/// Where the comma is that follows a value, if one does.
fn comma_after(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with("//") {
            at += rest.find('\n')?;
        } else if rest.starts_with("/*") {
            at += rest.find("*/")? + 2;
        } else {
            return rest.starts_with(',').then_some(at);
        }
    }
}

/// The end of the last comment of the line of `at` with nothing but comments before it, or `at`.
fn comments_on_line(text: &str, at: usize) -> usize {
    let (mut at, mut end) = (at, at);
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with("//") {
            return at + rest.find(['\r', '\n']).unwrap_or(rest.len());
        } else if let Some(comment) = rest.strip_prefix("/*").and_then(|inner| inner.find("*/")).map(|end| &rest[..end + 4])
            && !comment.contains('\n')
        {
            at += comment.len();
            end = at;
        } else {
            return end;
        }
    }
}

/// The end of the last comment in a stretch that has nothing but comments in it, or its beginning.
fn comments_end(text: &str, start: usize, end: usize) -> usize {
    start + text[start..end].trim_end().len()
}
