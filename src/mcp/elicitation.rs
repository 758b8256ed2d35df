//! Questions to the user: a form that the client shows, or a page of the web. What is asked and what came back; asking is
//! [`Context::elicit`](crate::mcp::Context::elicit). Pure.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::mcp::arguments;
use crate::mcp::ask::AskError;
use crate::mcp::revision::Revision;

/// A question to the user. Never ask for passwords or keys by a form: that is what the page of [`Elicitation::url`] is for.
///
/// ```
/// use smolcrawl::mcp::{Elicitation, Field};
///
/// let question = Elicitation::form("Where shall the pages go?")
///     .field("directory", Field::text().title("Directory").default("./docs"))
///     .field("format", Field::choice([("md", "Markdown"), ("txt", "Plain text")]))
///     .field("overwrite", Field::boolean().default(false).optional());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Elicitation {
    message: String,
    pub(crate) how: How,
    pub(crate) time_limit: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum How {
    /// The schema of the answer.
    Form(Value),
    Url {
        url: String,
        id: String,
    },
}

impl Elicitation {
    /// A form without fields, which the user can accept or decline; add what to ask by [`Elicitation::field`].
    pub fn form(message: impl Into<String>) -> Elicitation {
        Elicitation::schema(message, json!({ "type": "object", "properties": {} }))
    }

    /// A form as JSON Schema: an object whose properties are strings, numbers, booleans or choices, nothing nested.
    pub fn schema(message: impl Into<String>, schema: Value) -> Elicitation {
        Elicitation { message: message.into(), how: How::Form(schema), time_limit: None }
    }

    /// A form whose fields are those of a Rust type: strings, numbers, booleans and enums. Decode the answer by
    /// [`Elicited::decode`].
    #[cfg(feature = "schema")]
    pub fn typed<T: schemars::JsonSchema>(message: impl Into<String>) -> Elicitation {
        Elicitation::schema(message, crate::mcp::tool::form_schema::<T>())
    }

    /// A page that the user is asked to open, for what must not pass through the client. `id` is for you to recognise the matter;
    /// accepting means that the user agreed to open the page, not that it was filled in. Since revision 2025-11-25.
    pub fn url(message: impl Into<String>, url: impl Into<String>, id: impl Into<String>) -> Elicitation {
        Elicitation { message: message.into(), how: How::Url { url: url.into(), id: id.into() }, time_limit: None }
    }

    /// Adds a question to the form; nothing to a page.
    pub fn field(mut self, name: impl Into<String>, field: Field) -> Elicitation {
        let name = name.into();
        if let How::Form(schema) = &mut self.how {
            if !field.is_optional {
                match schema.get_mut("required").and_then(Value::as_array_mut) {
                    Some(required) => required.push(json!(name)),
                    None => schema["required"] = json!([name]),
                }
            }
            schema["properties"][name] = Value::Object(field.schema);
        }
        self
    }

    /// How long the user may take. Default: [`Config::client_time_limit`](crate::mcp::Config::client_time_limit). Means nothing
    /// since revision 2026-07-28, where no work waits for the answer.
    pub fn time_limit(mut self, limit: Duration) -> Elicitation {
        self.time_limit = Some(limit);
        self
    }

    /// What the client must have declared.
    pub(crate) fn capability(&self) -> Value {
        match self.how {
            How::Form(_) => json!({ "elicitation": { "form": {} } }),
            How::Url { .. } => json!({ "elicitation": { "url": {} } }),
        }
    }

    pub(crate) fn is_declared(&self, capabilities: &Map<String, Value>) -> bool {
        let Some(elicitation) = capabilities.get("elicitation").and_then(Value::as_object) else { return false };
        match self.how {
            // An empty object is from before there were pages, and means forms.
            How::Form(_) => elicitation.contains_key("form") || !elicitation.contains_key("url"),
            How::Url { .. } => elicitation.contains_key("url"),
        }
    }

    pub(crate) fn is_known(&self, revision: Revision) -> bool {
        match self.how {
            How::Form(_) => revision.has_elicitation(),
            How::Url { .. } => revision.has_elicitation_by_url(),
        }
    }

    /// The parameters of `elicitation/create`.
    pub(crate) fn params(&self, revision: Revision) -> Result<Value, AskError> {
        let mut params = json!({ "message": self.message });
        match &self.how {
            How::Form(schema) => {
                flat(schema).map_err(|reason| AskError::Unaskable { reason })?;
                if revision.has_elicitation_by_url() {
                    params["mode"] = json!("form");
                }
                params["requestedSchema"] = schema.clone();
            }
            How::Url { url, id } => {
                params["mode"] = json!("url");
                params["url"] = json!(url);
                if !revision.is_modern() {
                    params["elicitationId"] = json!(id);
                }
            }
        }
        Ok(params)
    }

    /// Judges the answer by what was asked.
    pub(crate) fn answered(&self, answer: &Value) -> Result<Elicited, String> {
        let action = match answer.get("action").and_then(Value::as_str) {
            Some("accept") => Action::Accept,
            Some("decline") => Action::Decline,
            Some("cancel") => Action::Cancel,
            _ => return Err("`action` must be accept, decline or cancel".to_owned()),
        };
        let content = match answer.get("content") {
            Some(Value::Object(content)) => content.clone(),
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err("`content` must be an object".to_owned()),
        };
        if let (How::Form(schema), Action::Accept) = (&self.how, action) {
            let content = arguments::meant(schema, content);
            arguments::check(schema, &content).map_err(|error| error.message)?;
            return Ok(Elicited { action, content });
        }
        Ok(Elicited { action, content: Map::new() })
    }
}

/// One question of a form. Required, unless [`Field::optional`].
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    schema: Map<String, Value>,
    is_optional: bool,
}

impl Field {
    pub fn text() -> Field {
        Field::of(json!({ "type": "string" }))
    }

    pub fn number() -> Field {
        Field::of(json!({ "type": "number" }))
    }

    pub fn integer() -> Field {
        Field::of(json!({ "type": "integer" }))
    }

    pub fn boolean() -> Field {
        Field::of(json!({ "type": "boolean" }))
    }

    /// One of these, each with what the user sees of it.
    pub fn choice<V: Into<String>, T: Into<String>>(choices: impl IntoIterator<Item = (V, T)>) -> Field {
        Field::of(json!({ "type": "string", "oneOf": titled(choices) }))
    }

    /// Any number of these, each with what the user sees of it. Since revision 2025-11-25.
    pub fn choices<V: Into<String>, T: Into<String>>(choices: impl IntoIterator<Item = (V, T)>) -> Field {
        Field::of(json!({ "type": "array", "items": { "anyOf": titled(choices) } }))
    }

    /// Any other JSON Schema, such as `{"type": "string", "enum": ["a", "b"]}` or `{"type": "string", "format": "email"}`.
    pub fn schema(schema: Map<String, Value>) -> Field {
        Field { schema, is_optional: false }
    }

    pub fn title(self, title: impl Into<String>) -> Field {
        self.with("title", title.into())
    }

    pub fn description(self, description: impl Into<String>) -> Field {
        self.with("description", description.into())
    }

    /// What is filled in at first. Since revision 2025-11-25, and for booleans since 2025-06-18.
    pub fn default(self, value: impl Into<Value>) -> Field {
        self.with("default", value)
    }

    pub fn optional(mut self) -> Field {
        self.is_optional = true;
        self
    }

    /// Any other keyword of the restricted JSON Schema of forms: `minLength`, `maximum`, `format`, …
    pub fn with(mut self, keyword: &str, value: impl Into<Value>) -> Field {
        self.schema.insert(keyword.to_owned(), value.into());
        self
    }

    fn of(schema: Value) -> Field {
        let Value::Object(schema) = schema else { unreachable!("every caller gives an object") };
        Field::schema(schema)
    }
}

fn titled<V: Into<String>, T: Into<String>>(choices: impl IntoIterator<Item = (V, T)>) -> Vec<Value> {
    choices.into_iter().map(|(value, title)| json!({ "const": value.into(), "title": title.into() })).collect()
}

/// What the user did with the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elicited {
    pub action: Action,
    /// What was filled in; empty unless a form was accepted. Required fields are there, and their types are right.
    pub content: Map<String, Value>,
}

impl Elicited {
    /// What was filled in, or `None` if the user declined or went away.
    pub fn accepted(self) -> Option<Map<String, Value>> {
        (self.action == Action::Accept).then_some(self.content)
    }

    /// As [`Elicited::accepted`], as a Rust type.
    ///
    /// # Errors
    /// [`AskError::Misfit`] when it is not one.
    pub fn decode<T: DeserializeOwned>(self) -> Result<Option<T>, AskError> {
        let decode = |content| serde_json::from_value(Value::Object(content));
        let misfit = |error: serde_json::Error| AskError::Misfit { key: "form".to_owned(), reason: error.to_string() };
        self.accepted().map(decode).transpose().map_err(misfit)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Accept,
    /// The user said no.
    Decline,
    /// The user went away without a choice.
    Cancel,
}

/// Forms are flat (MCP 2025-06-18, "Elicitation"): what clients cannot show must not be sent.
fn flat(schema: &Value) -> Result<(), String> {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("the form's schema is not one of an object".to_owned());
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let is_list_of_choices = || property.get("items").is_some_and(|items| items.get("enum").is_some() || items.get("anyOf").is_some());
        match property.get("type").and_then(Value::as_str) {
            Some("string" | "number" | "integer" | "boolean") => {}
            Some("array") if is_list_of_choices() => {}
            _ => return Err(format!("the field `{name}` is neither text, a number, a boolean nor a choice")),
        }
    }
    Ok(())
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, JsonSchema)]
    struct Place {
        /// Where to
        directory: String,
        depth: Option<u32>,
        #[serde(default)]
        format: Format,
    }

    #[derive(Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Format {
        #[default]
        Markdown,
        Text,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Nested {
        #[expect(dead_code, reason = "only its schema is looked at")]
        place: Place,
    }

    #[test]
    fn a_form_from_a_type_gives_the_type_back() {
        let question = Elicitation::typed::<Place>("Where?");
        let params = question.params(Revision::V2025_11_25).unwrap();
        let expected = json!({
            "type": "object",
            "properties": {
                "directory": { "type": "string", "description": "Where to" },
                "depth": { "type": "integer", "minimum": 0 },
                "format": { "type": "string", "enum": ["markdown", "text"], "default": "markdown" },
            },
            "required": ["directory"],
        });
        assert_eq!(params["requestedSchema"], expected);
        let filled = json!({ "action": "accept", "content": { "directory": "docs", "format": "text" } });
        let place = Place { directory: "docs".into(), depth: None, format: Format::Text };
        assert_eq!(question.answered(&filled).unwrap().decode(), Ok(Some(place)));
        assert_eq!(question.answered(&json!({ "action": "decline" })).unwrap().decode::<Place>(), Ok(None));
        let odd = json!({ "action": "accept", "content": { "directory": "docs", "format": "pdf" } });
        assert!(question.answered(&odd).unwrap_err().contains("`format` must be one of markdown, text"));
    }

    #[test]
    fn a_type_that_no_form_can_show_is_not_asked() {
        let question = Elicitation::typed::<Nested>("Where?");
        assert!(matches!(question.params(Revision::V2026_07_28), Err(AskError::Unaskable { .. })));
    }
}
