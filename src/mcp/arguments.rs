//! Judges a call's arguments by the tool's input schema, as far as a model gets them wrong: what is missing, what has
//! the wrong type, what does not exist. Deeper rules are the tool's own. Pure.

use serde_json::{Map, Number, Value};

use crate::mcp::message::shortened;
use crate::mcp::tool::ToolError;

/// Compares the properties with `required`, their `type`s, and `additionalProperties: false`.
pub(crate) fn check(schema: &Value, arguments: &Map<String, Value>) -> Result<(), ToolError> {
    let properties = schema.get("properties").and_then(Value::as_object);
    for name in required(schema) {
        if !arguments.contains_key(name) {
            return Err(unfit(schema, &format!("`{name}` is missing")));
        }
    }
    for (name, value) in arguments {
        match properties.and_then(|properties| properties.get(name)) {
            Some(property) if !has_type(property, value) => {
                let found = shown(value);
                return Err(unfit(schema, &format!("`{name}` must be {}, not {found}", types(property).join(" or "))));
            }
            Some(property) => {
                if let Some(bounds) = outside(property, value) {
                    return Err(unfit(schema, &format!("`{name}` must be {bounds}, not {}", shown(value))));
                }
            }
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                return Err(unfit(schema, &format!("there is no parameter `{}`", shortened(name))));
            }
            None => {}
        }
    }
    Ok(())
}

/// What a value of the right type has to be and is not: one of the words that the schema lists.
fn outside(property: &Value, value: &Value) -> Option<String> {
    let words = words(property);
    let text = value.as_str().filter(|text| !words.is_empty() && !words.contains(text));
    text.map(|_| format!("one of {}", words.join(", ")))
}

/// The complaint of who takes arguments that have the right types: a count is no number below zero and none beyond any use, and which one it
/// is of several is said.
#[cfg(feature = "schema")]
pub(crate) fn untakable(schema: &Value, arguments: &Value, error: &serde_json::Error) -> ToolError {
    let is_odd = |value: &&Value| value.is_number() && value.as_u64().is_none_or(|number| number > u64::from(u32::MAX));
    let odd: Vec<_> = arguments.as_object().into_iter().flatten().filter(|(_, value)| is_odd(value) && !value.is_f64()).collect();
    match odd.as_slice() {
        [(name, value)] if value.as_i64().is_some_and(|number| number < 0) => {
            unfit(schema, &format!("`{name}` is {}, below 0", shown(value)))
        }
        [(name, value)] => unfit(schema, &format!("`{name}` is {}, which is too large", shown(value))),
        _ => unfit(schema, &error.to_string()),
    }
}

/// The words that a schema lists; none where it lists none.
fn words(property: &Value) -> Vec<&str> {
    property.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The arguments as their sender meant them, where that is certain and nothing is lost. Models and clients write null for what they leave
/// out, or an empty string where that is no value, a whole number as `2.0`, and numbers and truth values as strings; where the schema has
/// another type and not that one, it is what the schema has. What is not certain stays as it came, for [`check`] to complain of.
pub(crate) fn meant(schema: &Value, mut arguments: Map<String, Value>) -> Map<String, Value> {
    let properties = schema.get("properties").and_then(Value::as_object);
    arguments.retain(|name, value| {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else { return true };
        let is_required = || required(schema).any(|required| required == name);
        if value.is_null() {
            return has_type(property, value) || is_required();
        }
        if value.as_str().is_some_and(|text| text.trim().is_empty()) && !takes_blank(property) {
            return is_required();
        }
        let sent = value.take();
        *value = fitted(property, sent);
        true
    });
    arguments
}

/// Whether an empty string may be a value: of a number, a truth value or one of several words it is none.
fn takes_blank(property: &Value) -> bool {
    let types = types(property);
    (types.is_empty() || types.contains(&"string")) && words(property).is_empty()
}

/// As [`meant`], of one value. As deep as the schema is, which is ours.
fn fitted(schema: &Value, value: Value) -> Value {
    let types = types(schema);
    match value {
        Value::Object(fields) if schema.get("properties").is_some() => Value::Object(meant(schema, fields)),
        Value::Array(items) => match schema.get("items") {
            Some(each) => items.into_iter().map(|item| fitted(each, item)).collect(),
            None => Value::Array(items),
        },
        Value::Number(number) if types.contains(&"integer") => whole(&number).map_or(Value::Number(number), Value::from),
        Value::String(text) if !types.is_empty() && !types.contains(&"string") => read(&types, text.trim()).unwrap_or(Value::String(text)),
        Value::String(text) => {
            // In capitals, or joined by another sign.
            let written = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
            let word = words(schema).into_iter().find(|word| word.to_ascii_lowercase() == written);
            Value::String(word.map_or(text, str::to_owned))
        }
        value => value,
    }
}

/// The value that a string spells.
fn read(types: &[&str], text: &str) -> Option<Value> {
    match text {
        "true" | "false" if types.contains(&"boolean") => return Some(Value::Bool(text == "true")),
        _ => {}
    }
    // The grammar of JSON: neither `0x10` nor `1_000` nor `inf`.
    let number: Number = serde_json::from_str(text).ok()?;
    match () {
        () if types.contains(&"integer") => {
            whole(&number).map(Value::from).or_else(|| types.contains(&"number").then_some(Value::Number(number)))
        }
        () if types.contains(&"number") => Some(Value::Number(number)),
        () => None,
    }
}

/// The integer that a number is.
fn whole(number: &Number) -> Option<Number> {
    /// Up to here every integer is a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let value = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    let integer = value as i64;
    Some(integer.into())
}

/// The complaint, followed by what the tool takes.
pub(crate) fn unfit(schema: &Value, complaint: &str) -> ToolError {
    let required: Vec<&str> = required(schema).collect();
    let parameters: Vec<String> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let need = if required.contains(&name.as_str()) { "required" } else { "optional" };
            match types(property).join(" or ") {
                types if types.is_empty() => format!("{name} ({need})"),
                types => format!("{name} ({types}, {need})"),
            }
        })
        .collect();
    let hint = if parameters.is_empty() { "call it without parameters".to_owned() } else { format!("it takes {}", parameters.join(", ")) };
    ToolError::new(format!("the arguments do not fit: {complaint}")).hint(hint)
}

/// What is said of arguments that the schema does not name, each with the one that may have been meant; none where there are none, or where
/// the schema names nothing. They are ignored, and whoever sent them is to know it.
pub(crate) fn strangers(schema: &Value, arguments: &Map<String, Value>) -> Option<String> {
    let properties = schema.get("properties").and_then(Value::as_object).filter(|properties| !properties.is_empty())?;
    if schema.get("additionalProperties").is_some() {
        return None;
    }
    let told = |name: &String| {
        let meant = nearest(name, properties.keys()).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        format!("there is no parameter `{}`, which was ignored{meant}", shortened(name))
    };
    let unknown: Vec<&String> = arguments.keys().filter(|name| !properties.contains_key(*name)).collect();
    let more = unknown.len().saturating_sub(MOST_TOLD);
    let mut all: Vec<String> = unknown.into_iter().take(MOST_TOLD).map(told).collect();
    if more > 0 {
        all.push(format!("{more} more are none either"));
    }
    (!all.is_empty()).then(|| format!("note: {}", all.join("; ")))
}

/// The name that is most like another one, or that one is a part of.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if name.len() > LONGEST_NAME {
        return None;
    }
    let said = letters(name);
    let likeness = |known: &str| match (known.contains(&said) || said.contains(known)) && said.len() > 2 {
        true => 1.0,
        false => strsim::normalized_damerau_levenshtein(&said, known),
    };
    let close = known.map(|known| (likeness(&letters(known)), known.as_str())).filter(|(likeness, _)| *likeness >= LIKE);
    close.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, known)| known)
}

/// The share of a name that has to be the same.
const LIKE: f64 = 0.6;
/// Bytes of a name that is compared.
const LONGEST_NAME: usize = 100;
/// Names that are told one by one.
const MOST_TOLD: usize = 5;

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The names in `type`, a string or an array of strings; empty when anything goes.
fn types(property: &Value) -> Vec<&str> {
    match property.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn has_type(property: &Value, value: &Value) -> bool {
    let types = types(property);
    types.is_empty()
        || types.iter().any(|name| match *name {
            "integer" => value.is_i64() || value.is_u64(),
            other => other == type_of(value),
        })
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value of the wrong type, for a complaint.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => shortened(&number.to_string()),
        Value::String(text) => format!("the string \"{}\"", shortened(text)),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => type_of(value).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn says_what_is_wrong_and_what_fits() {
        let schema = json!({
            "type": "object",
            "properties": { "url": { "type": "string" }, "depth": { "type": ["integer", "null"] }, "limit": { "type": "integer" }, "any": {} },
            "required": ["url"],
            "additionalProperties": false,
        });
        let verdict = |arguments: Value| {
            let Value::Object(arguments) = arguments else { unreachable!() };
            check(&schema, &meant(&schema, arguments)).map_err(|error| error.to_string())
        };
        assert_eq!(verdict(json!({ "url": "x" })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": 3, "any": [1] })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": null })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": 3.0 })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "limit": null })), Ok(()));
        let Value::Object(nulls) = json!({ "depth": null, "limit": null, "any": null, "url": null }) else { unreachable!() };
        assert_eq!(Value::Object(meant(&schema, nulls)), json!({ "depth": null, "any": null, "url": null }));
        let takes = "\nhint: it takes any (optional), depth (integer or null, optional), limit (integer, optional), url (string, required)";
        for (arguments, complaint) in [
            (json!({}), "`url` is missing"),
            (json!({ "url": 5 }), "`url` must be string, not 5"),
            (json!({ "url": null }), "`url` must be string, not null"),
            (json!({ "url": "x", "depth": 1.5 }), "`depth` must be integer or null, not 1.5"),
            (json!({ "url": "x", "deep": 1 }), "there is no parameter `deep`"),
        ] {
            let error = verdict(arguments).expect_err("does not fit");
            assert_eq!(error, format!("the arguments do not fit: {complaint}{takes}"));
        }
    }

    #[test]
    fn a_word_of_a_list_is_taken_however_it_is_written_and_others_are_told_what_there_is() {
        let schema = json!({ "type": "object", "properties": { "kind": { "type": "string", "enum": ["page", "release_notes"] } } });
        let taken = |word: &str| {
            let arguments = meant(&schema, Map::from_iter([("kind".to_owned(), json!(word))]));
            check(&schema, &arguments).map(|()| arguments["kind"].as_str().unwrap_or_default().to_owned()).map_err(|error| error.message)
        };
        for word in ["release_notes", "release-notes", "Release Notes", " RELEASE_NOTES "] {
            assert_eq!(taken(word).as_deref(), Ok("release_notes"), "{word}");
        }
        assert_eq!(
            taken("notes"),
            Err("the arguments do not fit: `kind` must be one of page, release_notes, not the string \"notes\"".to_owned())
        );
    }

    #[cfg(feature = "schema")]
    #[test]
    fn a_number_that_cannot_be_taken_is_named() {
        let schema = json!({ "type": "object", "properties": { "count": { "type": "integer" }, "offset": { "type": "integer" } } });
        let error = serde_json::from_str::<u32>("-1").unwrap_err();
        let told = |arguments: Value| untakable(&schema, &arguments, &error).message;
        assert_eq!(told(json!({ "count": 5, "offset": -1 })), "the arguments do not fit: `offset` is -1, below 0");
        assert_eq!(told(json!({ "count": 5_000_000_000_u64 })), "the arguments do not fit: `count` is 5000000000, which is too large");
        assert_eq!(told(json!({ "count": -5, "offset": -1 })), format!("the arguments do not fit: {error}"));
    }

    #[test]
    fn what_is_not_known_is_told_with_what_may_have_been_meant() {
        let schema = json!({ "type": "object", "properties": { "max_pages": { "type": "integer" }, "url": { "type": "string" } } });
        let told = |schema: &Value, arguments: Value| strangers(schema, arguments.as_object().unwrap());
        assert_eq!(told(&schema, json!({ "url": "x", "max_pages": 1 })), None);
        for (name, meant) in [("maxpages", "max_pages"), ("max_page", "max_pages"), ("pages", "max_pages"), ("URL", "url")] {
            let expected = format!("note: there is no parameter `{name}`, which was ignored; did you mean `{meant}`?");
            assert_eq!(told(&schema, json!({ name: 1 })), Some(expected));
        }
        assert_eq!(told(&schema, json!({ "colour": 1 })).unwrap(), "note: there is no parameter `colour`, which was ignored");
        let many: Map<String, Value> = (0..1_000).map(|number| (format!("{number}{}", "x".repeat(500)), Value::Null)).collect();
        let note = strangers(&schema, &many).unwrap();
        assert!(note.len() < 2_000 && note.ends_with("995 more are none either"), "{note}");
        for open in [json!({ "type": "object" }), json!({ "properties": { "a": {} }, "additionalProperties": true })] {
            assert_eq!(told(&open, json!({ "x": 1 })), None, "{open}");
        }
    }

    #[test]
    fn what_is_certainly_meant_is_taken_and_nothing_else() {
        let schema = json!({
            "type": "object",
            "properties": {
                "count": { "type": "integer" },
                "share": { "type": "number" },
                "deep": { "type": "boolean" },
                "either": { "type": ["string", "integer"] },
                "text": { "type": "string" },
                "list": { "type": "array", "items": { "type": "integer" } },
                "inner": { "type": "object", "properties": { "count": { "type": "integer" }, "left": { "type": "string" } } },
                "any": {},
            },
        });
        let taken = |name: &str, value: Value| {
            let arguments = meant(&schema, Map::from_iter([(name.to_owned(), value)]));
            check(&schema, &arguments).map(|()| arguments[name].clone()).map_err(|error| error.message)
        };
        for (name, sent, expected) in [
            ("count", json!(2.0), json!(2)),
            ("count", json!(-3.0), json!(-3)),
            ("count", json!("3"), json!(3)),
            ("count", json!(" 3.0 "), json!(3)),
            ("count", json!(u64::MAX), json!(u64::MAX)),
            ("share", json!("0.5"), json!(0.5)),
            ("share", json!(2), json!(2)),
            ("deep", json!("true"), json!(true)),
            ("deep", json!("false"), json!(false)),
            ("either", json!("3"), json!("3")),
            ("either", json!(3.0), json!(3)),
            ("text", json!("3"), json!("3")),
            ("list", json!(["1", 2.0, 3]), json!([1, 2, 3])),
            ("inner", json!({ "count": "4", "left": null }), json!({ "count": 4 })),
            ("any", json!("3"), json!("3")),
        ] {
            assert_eq!(taken(name, sent.clone()), Ok(expected.clone()), "{name} {sent}");
            assert_eq!(taken(name, sent.clone()).unwrap().to_string(), expected.to_string(), "{name} {sent}");
        }
        for (name, sent) in [
            ("count", json!(2.5)),
            ("count", json!("2.5")),
            ("count", json!("abc")),
            ("count", json!("0x10")),
            ("count", json!("3 4")),
            ("count", json!(1e300)),
            ("count", json!(true)),
            ("count", json!([1])),
            ("share", json!("inf")),
            ("deep", json!("yes")),
            ("deep", json!(1)),
            ("deep", json!("True ly")),
            ("text", json!(3)),
            ("text", json!(true)),
        ] {
            assert!(taken(name, sent.clone()).is_err(), "{name} {sent}");
        }
        let schema = json!({
            "type": "object",
            "properties": {
                "count": { "type": "integer" },
                "deep": { "type": "boolean" },
                "list": { "type": "array" },
                "kind": { "type": "string", "enum": ["page", "blog"] },
                "text": { "type": "string" },
                "any": {},
                "needed": { "type": "integer" },
            },
            "required": ["needed"],
        });
        for (name, is_kept) in
            [("count", false), ("deep", false), ("list", false), ("kind", false), ("text", true), ("any", true), ("needed", true)]
        {
            for blank in ["", " "] {
                let arguments = meant(&schema, Map::from_iter([(name.to_owned(), json!(blank))]));
                assert_eq!(arguments.get(name), is_kept.then(|| json!(blank)).as_ref(), "{name}");
            }
        }
        assert_eq!(taken("count", json!("abc")).unwrap_err(), "the arguments do not fit: `count` must be integer, not the string \"abc\"");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_judged_and_a_complaint_is_short(sent in values()) {
            let schema = json!({
                "type": "object",
                "properties": { "count": { "type": "integer" }, "list": { "type": "array", "items": { "type": "number" } }, "on": { "type": "boolean" } },
                "required": ["count"],
                "additionalProperties": false,
            });
            for name in ["count", "list", "on", "else"] {
                let arguments = meant(&schema, Map::from_iter([(name.to_owned(), sent.clone())]));
                match check(&schema, &arguments) {
                    Ok(()) => prop_assert!(arguments["count"].is_i64() || arguments["count"].is_u64()),
                    Err(error) => prop_assert!(error.to_string().chars().count() < 400, "{}", error),
                }
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "\\PC{0,300}".prop_map(Value::from),
            "-?[0-9]{1,30}(\\.[0-9]{0,3})?([eE][0-9]{1,4})?".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,5}", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
