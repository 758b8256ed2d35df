//! One JSON Schema in words: its type in a phrase, its properties in a table. What is nested deeper than a reader follows is left at its type.

use crate::extract::formats::interface::{described, members, said, text, write_links};
use crate::extract::formats::ordered::{Map, Value};
use crate::extract::formats::sheet::{Sheet, code, joined};

/// Whether a document as a whole is a schema.
pub(super) fn is_schema(object: &Map) -> bool {
    let declared = object.get("$schema").and_then(Value::as_str).is_some_and(|name| name.contains("json-schema.org"));
    let describes = ["properties", "$defs", "definitions", "oneOf", "anyOf", "allOf", "items", "enum", "$ref"]
        .iter()
        .any(|name| object.contains_key(name));
    let typed = object.get("type").and_then(Value::as_str) == Some("object") && object.get("properties").is_some_and(Value::is_object);
    describes && declared || typed && ["$id", "title", "$defs"].iter().any(|name| object.contains_key(name))
}

/// Its description, its type where it has no properties, and its properties.
pub(super) fn write(sheet: &mut Sheet<'_>, schema: &Value) {
    described(sheet, &text(schema, "description").unwrap_or_default());
    if properties(schema).is_none() {
        let kind = type_of(schema);
        if !kind.is_empty() {
            sheet.paragraph(&format!("Type: {kind}"));
        }
        sheet.paragraph(&limits(schema));
    }
    write_properties(sheet, schema);
    write_links(sheet, schema);
    if properties(schema).is_some() || example_of(schema).is_some_and(|example| example.is_object() || example.is_array()) {
        write_example(sheet, example_of(schema));
    }
}

/// A table of them; none for a schema without.
pub(super) fn write_properties(sheet: &mut Sheet<'_>, schema: &Value) {
    let mut rows = vec![["Property", "Type", "Required", "Description"].map(str::to_owned).to_vec()];
    add_rows(sheet, &mut rows, "", schema, 0);
    let parts = ["allOf", "oneOf", "anyOf"].iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
    for part in parts {
        add_rows(sheet, &mut rows, "", part, 0);
    }
    if rows.len() > 1 {
        sheet.table(&rows);
    }
    let mut words = String::new();
    if properties(schema).is_some() {
        with_limits(&mut words, &others(schema));
    }
    with_limits(&mut words, &told_apart(schema));
    sheet.paragraph(&words);
}

/// What is said of properties that have no name.
fn others(schema: &Value) -> String {
    match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => "No other properties.".to_owned(),
        Some(values) if values.is_object() && properties(schema).is_some() => {
            let kind = type_of(values);
            if kind.is_empty() { String::new() } else { format!("Other properties: {kind}.") }
        }
        _ => String::new(),
    }
}

/// By which property one of several schemas is told, and which of its values means which.
fn told_apart(schema: &Value) -> String {
    let Some(by) = schema.get("discriminator") else { return String::new() };
    // As of version 2 it is the name alone.
    let Some(name) = said(by, "propertyName").or_else(|| by.as_str()) else { return String::new() };
    let meant = members(by, "mapping").filter_map(|(value, target)| Some((value, name_of(target.as_str()?))));
    let meant: Vec<String> = meant.take(MOST_VALUES).map(|(value, name)| format!("{} is {name}", code(&shortened(value)))).collect();
    let between = if meant.is_empty() { "" } else { ": " };
    format!("Told apart by {}{between}{}.", code(&shortened(name)), meant.join(", "))
}

/// As deep as [`DEEPEST`]; each property once.
fn add_rows(sheet: &mut Sheet<'_>, rows: &mut Vec<Vec<String>>, prefix: &str, schema: &Value, depth: usize) {
    let schema = schema.get("items").filter(|items| properties(items).is_some()).unwrap_or(schema);
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).take(MOST_REQUIRED).collect();
    for (name, property) in properties(schema).into_iter().flatten() {
        let prefix = if sheet.repeats(prefix.len()) { prefix } else { "" };
        let full: String = format!("{prefix}{name}").chars().take(LONGEST_NAME).collect();
        let mut description = in_cell(&text(property, "description").or_else(|| text(property, "title")).unwrap_or_default());
        with_limits(&mut description, &limits(property));
        if property.get("deprecated") == Some(&Value::Bool(true)) {
            description = format!("Deprecated. {description}");
        }
        let is_required = required.contains(&name.as_str());
        rows.push(vec![code(&full), type_of(property), if is_required { "yes".to_owned() } else { String::new() }, description]);
        if depth + 1 < DEEPEST {
            add_rows(sheet, rows, &format!("{full}."), property, depth + 1);
        }
    }
}

/// What a value has to be besides its type, and what it may look like.
pub(super) fn limits(schema: &Value) -> String {
    let mut limits = Vec::new();
    let value = |name: &str| schema.get(name).filter(|value| !value.is_null());
    if let Some(default) = value("default") {
        limits.push(format!("Default {}.", code(&short(default))));
    }
    let number = |name: &str| value(name).filter(|value| value.is_number()).map(short);
    // As of version 3.0 it says of the limit beside it that it is none of the values.
    let excludes = |name: &str| value(name) == Some(&Value::Bool(true));
    let least = number("minimum").filter(|_| !excludes("exclusiveMinimum"));
    let most = number("maximum").filter(|_| !excludes("exclusiveMaximum"));
    limits.extend(between(least, most, ""));
    let above = number("exclusiveMinimum").or_else(|| number("minimum").filter(|_| excludes("exclusiveMinimum")));
    let below = number("exclusiveMaximum").or_else(|| number("maximum").filter(|_| excludes("exclusiveMaximum")));
    limits.extend(above.map(|number| format!("More than {number}.")));
    limits.extend(below.map(|number| format!("Less than {number}.")));
    limits.extend(number("multipleOf").map(|number| format!("Multiple of {number}.")));
    limits.extend(between(number("minLength"), number("maxLength"), " characters"));
    limits.extend(between(number("minItems"), number("maxItems"), " items"));
    limits.extend(between(number("minProperties"), number("maxProperties"), " properties"));
    if let Some(pattern) = value("pattern").and_then(Value::as_str) {
        limits.push(format!("Pattern {}.", code(&shortened(pattern))));
    }
    if let Some(example) = example_of(schema).filter(|example| !example.is_object() && !example.is_array()) {
        limits.push(as_example(example));
    }
    for (name, words) in [("uniqueItems", "No item twice."), ("readOnly", "Read only."), ("writeOnly", "Write only.")] {
        if excludes(name) {
            limits.push(words.to_owned());
        }
    }
    limits.extend(Some(others(schema)).filter(|words| !words.is_empty()));
    limits.join(" ")
}

fn between(least: Option<String>, most: Option<String>, what: &str) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{what}.")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}.")),
        (Some(least), None) => Some(format!("At least {least}{what}.")),
        (None, Some(most)) => Some(format!("At most {most}{what}.")),
        (None, None) => None,
    }
}

pub(super) fn with_limits(description: &mut String, limits: &str) {
    if !description.is_empty() && !limits.is_empty() {
        description.push(' ');
    }
    description.push_str(limits);
}

/// The first, of many.
pub(super) fn example_of(schema: &Value) -> Option<&Value> {
    schema.get("example").or_else(|| schema.get("examples")?.as_array()?.first()).filter(|example| !example.is_null())
}

/// As it is typed: a text has no quotes.
pub(super) fn as_example(value: &Value) -> String {
    format!("Example {}.", code(&value.as_str().map_or_else(|| short(value), shortened)))
}

fn properties(schema: &Value) -> Option<&Map> {
    schema.get("properties").and_then(Value::as_object).filter(|properties| !properties.is_empty())
}

/// In a phrase: `array of Pet`, `string (date-time)`, `"cat", "dog"`.
pub(super) fn type_of(schema: &Value) -> String {
    let mut phrase = type_within(schema, 0, &mut MOST_PARTS.clone());
    if phrase.len() > LONGEST_TYPE {
        phrase.truncate(phrase.floor_char_boundary(LONGEST_TYPE));
        phrase.push('…');
    }
    phrase
}

/// Longer than what is shown by no more than one part at each level. `left` is how many parts may still be looked at.
fn type_within(schema: &Value, depth: usize, left: &mut usize) -> String {
    *left = left.saturating_sub(1);
    let mut phrase = type_of_level(schema, depth, left);
    phrase.truncate(phrase.floor_char_boundary(2 * LONGEST_TYPE));
    phrase
}

fn type_of_level(schema: &Value, depth: usize, left: &mut usize) -> String {
    if depth >= DEEPEST || *left == 0 {
        return "object".to_owned();
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return name_of(reference).to_owned();
    }
    let list = |name: &str| schema.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
    if let Some(values) = list("enum") {
        let shown = values.iter().take(MOST_VALUES).map(short).collect::<Vec<_>>().join(", ");
        let format = schema.get("format").and_then(Value::as_str).map_or(String::new(), |format| format!(" ({format})"));
        return shown + if values.len() > MOST_VALUES { ", …" } else { "" } + &format;
    }
    if let Some(value) = schema.get("const") {
        return short(value);
    }
    for (name, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        if let Some(parts) = list(name) {
            let parts = parts.iter().take(MOST_VALUES).map(|part| type_within(part, depth + 1, left)).filter(|part| !part.is_empty());
            return parts.collect::<Vec<_>>().join(between);
        }
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind.as_str()],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).take(MOST_VALUES).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    };
    let mut phrase = kinds.join(" or ");
    if kinds.contains(&"array")
        && let Some(items) = schema.get("items").map(|items| type_within(items, depth + 1, left)).filter(|items| !items.is_empty())
    {
        phrase = phrase.replacen("array", &format!("array of {items}"), 1);
    } else if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        phrase = format!("map of {}", type_within(values, depth + 1, left));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        phrase = format!("{phrase} ({format})");
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        phrase.push_str(" or null");
    }
    phrase
}

/// Pretty-printed, if it is not long; a text as it is.
pub(super) fn write_example(sheet: &mut Sheet<'_>, example: Option<&Value>) {
    let Some(example) = example.filter(|example| !example.is_null()) else { return };
    if let Some(text) = example.as_str() {
        return match text.len() > LONGEST_EXAMPLE {
            true => sheet.leave_out("long examples", text),
            false => sheet.fence("", text),
        };
    }
    if is_long(example) {
        let names = example.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).take(MOST_VALUES);
        return sheet.leave_out("long examples", &format!("{{ {} }}", names.collect::<Vec<_>>().join(" ")));
    }
    let Ok(printed) = serde_json::to_string_pretty(example) else { return };
    match printed.len() > LONGEST_EXAMPLE {
        true => sheet.leave_out("long examples", &printed),
        false => sheet.fence("json", &printed),
    }
}

/// Whether a value is longer than an example, told without going through all of it: it may be referred to often.
fn is_long(value: &Value) -> bool {
    let (mut length, mut rest) = (0, vec![value]);
    while let Some(value) = rest.pop() {
        length += match value {
            Value::String(text) => text.len() + 2,
            Value::Array(values) => {
                rest.extend(values.iter().take(LONGEST_EXAMPLE));
                2
            }
            Value::Object(object) => {
                rest.extend(object.values().take(LONGEST_EXAMPLE));
                2 + object.keys().take(LONGEST_EXAMPLE).map(|name| name.len() + 4).sum::<usize>()
            }
            _ => 1,
        };
        if length + rest.len() > LONGEST_EXAMPLE {
            return true;
        }
    }
    false
}

/// `Pet` of `#/components/schemas/Pet`.
pub(super) fn name_of(reference: &str) -> &str {
    let name = reference.trim_end_matches(['/', '#']).rsplit(['/', '#']).next().unwrap_or(reference);
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

/// What a table repeats of a description that stands elsewhere, or that goes on.
pub(super) fn first_line(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
    // Blanks and all.
    let mut line = joined(&line[..line.floor_char_boundary(4 * LONGEST_LINE)]);
    if line.len() > LONGEST_LINE {
        line.truncate(line.floor_char_boundary(LONGEST_LINE));
        line.push('…');
    }
    line
}

/// Paragraphs of a description, each of which begins a line of its cell.
pub(super) fn in_cell(text: &str) -> String {
    match text.contains("\n\n") {
        true => text.split("\n\n").map(joined).filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n"),
        false => joined(text),
    }
}

/// A value in one short line.
fn short(value: &Value) -> String {
    // One that is long is long in print, too.
    if is_long(value) { "…".to_owned() } else { shortened(&value.to_string()) }
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_NAME);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", joined(&text[..end]))
}

/// Levels of properties within properties, and of types within types.
const DEEPEST: usize = 4;
const MOST_VALUES: usize = 40;
/// Of one type, with all its types.
const MOST_PARTS: usize = 200;
const MOST_REQUIRED: usize = 200;
/// In bytes.
const LONGEST_NAME: usize = 120;
const LONGEST_TYPE: usize = 400;
const LONGEST_LINE: usize = 300;
const LONGEST_EXAMPLE: usize = 8_000;
