//! Judges a call's arguments by the tool's input schema, as far as a model gets them wrong: what is missing, what has
//! the wrong type, what does not exist. Deeper rules are the tool's own. Pure.

use serde_json::{Map, Value};

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
                let found = type_of(value);
                return Err(unfit(schema, &format!("`{name}` must be {}, not {found}", types(property).join(" or "))));
            }
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                return Err(unfit(schema, &format!("there is no parameter `{}`", crate::mcp::message::shortened(name))));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
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
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_what_is_wrong_and_what_fits() {
        let schema = json!({
            "type": "object",
            "properties": { "url": { "type": "string" }, "depth": { "type": ["integer", "null"] }, "any": {} },
            "required": ["url"],
            "additionalProperties": false,
        });
        let verdict = |arguments: Value| {
            let Value::Object(arguments) = arguments else { unreachable!() };
            check(&schema, &arguments).map_err(|error| error.to_string())
        };
        assert_eq!(verdict(json!({ "url": "x" })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": 3, "any": [1] })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": null })), Ok(()));
        assert_eq!(verdict(json!({ "url": "x", "depth": 3.0 })), Ok(()));
        let takes = "\nhint: it takes any (optional), depth (integer or null, optional), url (string, required)";
        for (arguments, complaint) in [
            (json!({}), "`url` is missing"),
            (json!({ "url": 5 }), "`url` must be string, not number"),
            (json!({ "url": "x", "depth": 1.5 }), "`depth` must be integer or null, not number"),
            (json!({ "url": "x", "deep": 1 }), "there is no parameter `deep`"),
        ] {
            let error = verdict(arguments).expect_err("does not fit");
            assert_eq!(error, format!("the arguments do not fit: {complaint}{takes}"));
        }
    }
}
