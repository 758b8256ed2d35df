//! Tools from Rust types: both schemas derived, arguments decoded, the answer encoded.

use std::future::Future;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
        let input_schema = schema::<Args>(SchemaSettings::draft2020_12().for_deserialize());
        let decoding_schema = input_schema.clone();
        Tool::new(name, description, move |value: Value, context: Context| {
            let work = match serde_json::from_value::<Args>(value) {
                Ok(arguments) => Ok(run(arguments, context)),
                Err(error) => Err(arguments::unfit(&decoding_schema, &error.to_string())),
            };
            async move { work?.await?.into_answer() }
        })
        .input_schema(input_schema)
        .output_schema(schema::<Out::Structured>(SchemaSettings::draft2020_12().for_serialize()))
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

/// A schema as clients like it: definitions in place, without the keywords that only schemars and OpenAPI know.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    plain(&mut schema);
    schema.remove("title");
    schema.to_value()
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
