//! A tool: what a model reads about it, and what runs when it is called. Knows no wire.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::mcp::content::{Content, Icon};
use crate::mcp::context::Context;
use crate::mcp::handler::{Handler, Handling};
use crate::mcp::message::RpcError;

#[cfg(feature = "schema")]
mod typed;
#[cfg(feature = "schema")]
pub(crate) use typed::form_schema;
#[cfg(feature = "schema")]
pub use typed::{Output, Worded};

/// One entry of the server's table of tools.
#[derive(Clone)]
pub struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) title: Option<String>,
    pub(crate) annotations: Annotations,
    pub(crate) input_schema: Value,
    pub(crate) output_schema: Option<Value>,
    pub(crate) icons: Vec<Icon>,
    /// Names of arguments, each with another one that it is called by as well.
    other_names: Vec<(&'static str, &'static str)>,
    is_offered: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
    run: Handler<Value, Answer, ToolError>,
}

impl Tool {
    /// A tool whose arguments and answer are plain JSON. It accepts any object until [`Tool::input_schema`] says what it takes.
    ///
    /// ```
    /// use serde_json::{Value, json};
    /// use smolcrawl::mcp::{Answer, Context, Tool, ToolError};
    ///
    /// let echo = Tool::new("echo", "Says it back", |arguments: Value, _: Context| async move {
    ///     let text = arguments["text"].as_str().ok_or_else(|| ToolError::new("`text` is missing"))?;
    ///     Ok::<_, ToolError>(Answer::text(text))
    /// })
    /// .input_schema(json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] }));
    /// ```
    pub fn new<F, Fut, A>(name: impl Into<String>, description: impl Into<String>, run: F) -> Tool
    where
        F: Fn(Value, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<A, ToolError>> + Send + 'static,
        A: Into<Answer>,
    {
        Tool {
            name: name.into(),
            description: description.into(),
            title: None,
            annotations: Annotations::default(),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            icons: Vec::new(),
            other_names: Vec::new(),
            is_offered: None,
            run: Handler::new(run),
        }
    }

    /// A name for people, where `name` is one for programs.
    pub fn title(mut self, title: impl Into<String>) -> Tool {
        self.title = Some(title.into());
        self
    }

    pub fn annotations(mut self, annotations: Annotations) -> Tool {
        self.annotations = annotations;
        self
    }

    /// Takes an argument by another name as well, which the schema does not tell: clients know it from elsewhere. Where both are given,
    /// the argument's own name counts.
    pub fn also_named(mut self, argument: &'static str, other: &'static str) -> Tool {
        self.other_names.push((argument, other));
        self
    }

    /// The arguments by the names of the schema.
    pub(crate) fn by_own_names(&self, mut arguments: Map<String, Value>) -> Map<String, Value> {
        for (own, other) in &self.other_names {
            // An empty string is how many clients leave one of two out.
            let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
            if let Some(value) = arguments.remove(*other)
                && arguments.get(*own).is_none_or(is_blank)
            {
                arguments.insert((*own).to_owned(), value);
            }
        }
        arguments
    }

    /// JSON Schema (2020-12) of the arguments; its root must have `"type": "object"`. Required properties and the types of
    /// properties are checked before the tool runs.
    pub fn input_schema(mut self, schema: Value) -> Tool {
        self.input_schema = schema;
        self
    }

    /// JSON Schema (2020-12) of [`Answer::structured`]; its root must have `"type": "object"`. Every answer must then carry it.
    pub fn output_schema(mut self, schema: Value) -> Tool {
        self.output_schema = Some(schema);
        self
    }

    /// Without a schema of its answers, which have their form all the same: for tables of tools that are read before every question.
    pub fn without_output_schema(mut self) -> Tool {
        self.output_schema = None;
        self
    }

    pub fn icon(mut self, icon: Icon) -> Tool {
        self.icons.push(icon);
        self
    }

    /// Offers the tool only while `condition` holds: otherwise it is neither listed nor callable. It is asked often, so it must be
    /// quick; tell clients of a change by [`Notifier::tools_changed`](crate::mcp::Notifier::tools_changed).
    pub fn offered_while(mut self, condition: impl Fn() -> bool + Send + Sync + 'static) -> Tool {
        self.is_offered = Some(Arc::new(condition));
        self
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_offered(&self) -> bool {
        self.is_offered.as_ref().is_none_or(|condition| condition())
    }

    pub(crate) fn start(&self, arguments: Map<String, Value>, context: Context) -> Handling<Answer, ToolError> {
        self.run.start(Value::Object(arguments), context)
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Hints about what a tool does, for clients that ask people before they call it. `None` says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Changes nothing.
    pub read_only: Option<bool>,
    /// May delete or overwrite; means something only if not `read_only`. Clients assume true.
    pub destructive: Option<bool>,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: Option<bool>,
    /// Talks to the world outside, such as the web. Clients assume true.
    pub open_world: Option<bool>,
}

impl Annotations {
    /// As the protocol spells them; empty when nothing is said.
    pub(crate) fn to_json(self) -> Map<String, Value> {
        let hints = [
            ("readOnlyHint", self.read_only),
            ("destructiveHint", self.destructive),
            ("idempotentHint", self.idempotent),
            ("openWorldHint", self.open_world),
        ];
        hints.into_iter().filter_map(|(name, hint)| Some((name.to_owned(), hint?.into()))).collect()
    }
}

/// What a call of a tool gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// What the model reads. Empty: the structured value as JSON, or nothing if there is other content.
    pub text: String,
    /// What programs read; a JSON object if the tool has an output schema.
    pub structured: Option<Value>,
    /// What else the model is shown, after the text.
    pub content: Vec<Content>,
    /// What is said of the text to the client, as `_meta` of its piece of content: since revision 2025-06-18. Names should have a prefix.
    pub text_meta: Map<String, Value>,
}

impl Answer {
    pub fn text(text: impl Into<String>) -> Answer {
        Answer { text: text.into(), ..Answer::default() }
    }

    pub fn structured(value: Value) -> Answer {
        Answer { structured: Some(value), ..Answer::default() }
    }

    /// Text for the model where it reads better than the JSON, such as markdown.
    pub fn worded(text: impl Into<String>, structured: Value) -> Answer {
        Answer { text: text.into(), structured: Some(structured), ..Answer::default() }
    }

    /// Says something of the text to the client: see [`Answer::text_meta`].
    pub fn text_meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Answer {
        self.text_meta.insert(name.into(), value.into());
        self
    }

    /// Adds a picture, a sound, a resource, or more text.
    ///
    /// ```
    /// use smolcrawl::mcp::{Answer, Content, Resource};
    ///
    /// let answer = Answer::text("The page, and where to read on:")
    ///     .with(Content::link(Resource::new("docs://guide/install", "Installation").mime_type("text/markdown")));
    /// ```
    pub fn with(mut self, content: Content) -> Answer {
        self.content.push(content);
        self
    }
}

impl From<Content> for Answer {
    fn from(content: Content) -> Answer {
        Answer::default().with(content)
    }
}

impl From<Vec<Content>> for Answer {
    fn from(content: Vec<Content>) -> Answer {
        Answer { content, ..Answer::default() }
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer::text(text)
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Answer {
        Answer::text(text)
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Answer {
        Answer::structured(value)
    }
}

/// Why a call failed, in words that a model can act on: it reaches the model as the tool's answer, marked as an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    /// What failed, with the facts: "no page of https://… could be fetched: connection refused".
    pub message: String,
    /// What to do instead.
    pub hint: Option<String>,
    /// What the request itself fails with where the client's revision wants that.
    pub(crate) protocol: Option<Box<RpcError>>,
}

impl ToolError {
    pub fn new(message: impl Into<String>) -> ToolError {
        ToolError { message: message.into(), hint: None, protocol: None }
    }

    pub(crate) fn with_protocol(mut self, error: Option<RpcError>) -> ToolError {
        self.protocol = error.map(Box::new);
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> ToolError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ToolError {}

/// For work that is shared between tools and resources or prompts.
impl From<ToolError> for RpcError {
    fn from(error: ToolError) -> RpcError {
        let text = error.to_string();
        error.protocol.map_or_else(|| RpcError::internal(text), |error| *error)
    }
}

impl From<String> for ToolError {
    fn from(message: String) -> ToolError {
        ToolError::new(message)
    }
}

impl From<&str> for ToolError {
    fn from(message: &str) -> ToolError {
        ToolError::new(message)
    }
}
