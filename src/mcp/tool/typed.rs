//! Tools from Rust types: both schemas derived, arguments decoded, the answer encoded.

use std::future::Future;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Answer, Tool, ToolError};
use crate::mcp::arguments;
use crate::mcp::context::Context;

impl Tool {
    /// A tool whose arguments and answer are Rust types; their documentation becomes the schemas' descriptions.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    /// use smolcrawl::mcp::{Context, Tool, ToolError};
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Numbers {
    ///     /// What to add up
    ///     numbers: Vec<f64>,
    /// }
    ///
    /// #[derive(Serialize, JsonSchema)]
    /// struct Sum {
    ///     sum: f64,
    /// }
    ///
    /// let add = Tool::typed("add", "Adds numbers", |arguments: Numbers, _: Context| async move {
    ///     Ok::<_, ToolError>(Sum { sum: arguments.numbers.iter().sum() })
    /// });
    /// ```
    pub fn typed<Args, Out, F, Fut>(name: impl Into<String>, description: impl Into<String>, run: F) -> Tool
    where
        Args: DeserializeOwned + JsonSchema,
        Out: Output,
        F: Fn(Args, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Out, ToolError>> + Send + 'static,
    {
        let input_schema = of_a_tool(form::<Args>());
        let decoding_schema = input_schema.clone();
        Tool::new(name, description, move |value: Value, context: Context| {
            let work = match Args::deserialize(&value) {
                Ok(arguments) => Ok(run(arguments, context)),
                Err(error) => Err(arguments::untakable(&decoding_schema, &value, &error)),
            };
            async move { work?.await?.into_answer() }
        })
        .input_schema(input_schema)
        .output_schema(of_a_tool(schema::<Out::Structured>(SchemaSettings::draft2020_12().for_serialize())))
    }
}

/// What a typed tool may return: any serialisable type with a schema, or such a type with a text of its own ([`Worded`]).
pub trait Output: Send {
    /// Whose schema is the tool's output schema.
    type Structured: JsonSchema;

    fn into_answer(self) -> Result<Answer, ToolError>;
}

impl<T: Serialize + JsonSchema + Send> Output for T {
    type Structured = T;

    fn into_answer(self) -> Result<Answer, ToolError> {
        Ok(Answer::structured(encoded(&self)?))
    }
}

/// An answer whose text for the model is better than its JSON, such as search hits as markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded<T> {
    pub text: String,
    pub structured: T,
}

impl<T: Serialize + JsonSchema + Send> Output for Worded<T> {
    type Structured = T;

    fn into_answer(self) -> Result<Answer, ToolError> {
        Ok(Answer::worded(self.text, encoded(&self.structured)?))
    }
}

fn encoded<T: Serialize>(value: &T) -> Result<Value, ToolError> {
    serde_json::to_value(value).map_err(|error| ToolError::new(format!("the answer has no JSON form: {error}")))
}

/// The schema of what a client or its user fills in: arguments, or the answer to a form.
pub(crate) fn form_schema<T: JsonSchema>() -> Value {
    form::<T>().to_value()
}

fn form<T: JsonSchema>() -> Schema {
    let mut form = schema::<T>(SchemaSettings::draft2020_12().for_deserialize());
    leave_out_instead_of_null(&mut form);
    form
}

/// Without `minimum: 0`, of which there is one for every count, and without saying that a switch that is left out is off and a list empty: a
/// table of tools is read before every question, and who gives less is told.
fn of_a_tool(mut schema: Schema) -> Value {
    fn small(schema: &mut Schema) {
        if schema.get("minimum") == Some(&json!(0)) {
            schema.remove("minimum");
        }
        if schema.get("default").is_some_and(|default| *default == json!(false) || *default == json!([])) {
            schema.remove("default");
        }
        schemars::transform::transform_subschemas(&mut small, schema);
    }
    small(&mut schema);
    schema.to_value()
}

/// A schema as clients like it: definitions in place, without the keywords that only schemars and OpenAPI know.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    plain(&mut schema);
    schema.remove("title");
    schema
}

/// Drops `format: "uint32"` and its like: they are no formats of JSON Schema, and validators warn of them.
fn plain(schema: &mut Schema) {
    let is_number = schema
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("int") || format.starts_with("uint") || format == "float" || format == "double");
    if is_number {
        schema.remove("format");
    }
    schemars::transform::transform_subschemas(&mut plain, schema);
}

/// A parameter that may be left out need not be null as well: many clients and models know only single types. A null that comes
/// nevertheless counts as left out (`arguments::meant`).
fn leave_out_instead_of_null(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|other| other == name));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties.iter_mut() {
            if let Some(property) = property.as_object_mut().filter(|_| !is_required(name)) {
                drop_null(property);
            }
        }
    }
    schemars::transform::transform_subschemas(&mut leave_out_instead_of_null, schema);
}

fn drop_null(property: &mut Map<String, Value>) {
    let null = json!("null");
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| *name != null);
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&null));
        if let [Value::Object(only)] = choices.as_mut_slice() {
            let only = std::mem::take(only);
            property.remove("anyOf");
            for (keyword, value) in only {
                property.entry(keyword).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if property.get("default") == Some(&Value::Null) {
        property.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_lite::future::block_on;
    use serde::Deserialize;

    use super::*;
    use crate::mcp::context::{Asking, Call};
    use crate::mcp::level::Threshold;
    use crate::mcp::revision::Revision;

    /// What to search
    #[derive(Deserialize, JsonSchema)]
    struct Question {
        /// The words
        query: String,
        /// How many
        #[serde(default)]
        limit: Option<u32>,
        #[serde(default)]
        order: Order,
        /// Then by this
        then: Option<Order>,
    }

    #[derive(Default, Deserialize, Serialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        #[default]
        Best,
        Newest,
    }

    #[derive(Serialize, JsonSchema)]
    struct Hits {
        hits: Vec<Hit>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Hit {
        score: f32,
        next: Option<String>,
    }

    fn tool() -> Tool {
        Tool::typed("search", "Searches", |question: Question, _: Context| async move {
            if question.query.is_empty() {
                return Err(ToolError::new("nothing to search").hint("give words"));
            }
            let count = question.limit.unwrap_or(1).min(if matches!((question.order, question.then), (Order::Best, None)) { 9 } else { 0 });
            let hits = (0..count).map(|_| Hit { score: 0.5, next: None }).collect();
            Ok(Worded { text: format!("{count} hits"), structured: Hits { hits } })
        })
    }

    fn call(tool: &Tool, arguments: Value) -> Result<Answer, ToolError> {
        let call = Call::new(None, Revision::V2025_11_25, Arc::default(), Threshold::Nothing, Asking::OnTheWire, Arc::default());
        let Value::Object(arguments) = arguments else { unreachable!() };
        block_on(tool.start(arguments, Context::new(Arc::new(call))))
    }

    #[test]
    fn schemas_are_plain_and_in_one_piece() {
        let tool = tool();
        let expected = json!({
            "type": "object",
            "description": "What to search",
            "properties": {
                "query": { "type": "string", "description": "The words" },
                "limit": { "type": "integer", "description": "How many" },
                "order": { "type": "string", "enum": ["best", "newest"], "default": "best" },
                "then": { "type": "string", "enum": ["best", "newest"], "description": "Then by this" },
            },
            "required": ["query"],
        });
        assert_eq!(tool.input_schema, expected);
        let expected = json!({
            "type": "object",
            "properties": {
                "hits": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": { "score": { "type": "number" }, "next": { "type": ["string", "null"] } },
                        "required": ["score", "next"],
                    },
                },
            },
            "required": ["hits"],
        });
        assert_eq!(tool.output_schema, Some(expected));
    }

    #[test]
    fn arguments_are_decoded_and_the_answer_encoded() {
        let answer = call(&tool(), json!({ "query": "x", "limit": 2 })).unwrap();
        let hit = json!({ "score": 0.5, "next": null });
        assert_eq!(answer, Answer::worded("2 hits", json!({ "hits": [hit, hit] })));
        let plain = Tool::typed("one", "", |_: Value, _| async { Ok(Hit { score: 1.0, next: None }) });
        assert_eq!(call(&plain, json!({})).unwrap(), Answer::structured(json!({ "score": 1.0, "next": null })));
    }

    #[test]
    fn errors_and_misfits_are_for_the_model() {
        assert_eq!(call(&tool(), json!({ "query": "" })).unwrap_err().to_string(), "nothing to search\nhint: give words");
        let error = call(&tool(), json!({ "query": "x", "order": "oldest" })).unwrap_err().to_string();
        assert!(error.starts_with("the arguments do not fit: unknown variant `oldest`, expected `best` or `newest`"), "{error}");
        assert!(error.contains("query (string, required)"), "{error}");
    }
}
