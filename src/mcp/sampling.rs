//! Questions to the client's language model, and to its list of directories. What is asked and what came back; asking is
//! [`Context::sample`](crate::mcp::Context::sample) and [`Context::roots`](crate::mcp::Context::roots). Pure.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::mcp::content::{Content, Role};
use crate::mcp::revision::Revision;

/// A question to the client's model. The client decides which model answers, may show both to its user, and may refuse.
///
/// ```
/// use smolcrawl::mcp::Sampling;
///
/// let question = Sampling::new(200).system("You name things.").user("A short title for this page: …").temperature(0.2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    messages: Vec<(Role, Content)>,
    /// What needs no revision: the parameters as they are sent.
    params: Map<String, Value>,
    pub(crate) time_limit: Option<Duration>,
}

impl Sampling {
    /// `max_tokens` bounds the answer.
    pub fn new(max_tokens: u32) -> Sampling {
        Sampling { messages: Vec::new(), params: Map::new(), time_limit: None }.with("maxTokens", max_tokens)
    }

    pub fn user(mut self, content: impl Into<Content>) -> Sampling {
        self.messages.push((Role::User, content.into()));
        self
    }

    pub fn assistant(mut self, content: impl Into<Content>) -> Sampling {
        self.messages.push((Role::Assistant, content.into()));
        self
    }

    pub fn system(self, prompt: impl Into<String>) -> Sampling {
        self.with("systemPrompt", prompt.into())
    }

    pub fn temperature(self, temperature: f64) -> Sampling {
        self.with("temperature", temperature)
    }

    pub fn stop_sequences<S: Into<String>>(self, sequences: impl IntoIterator<Item = S>) -> Sampling {
        let sequences: Vec<String> = sequences.into_iter().map(Into::into).collect();
        self.with("stopSequences", sequences)
    }

    /// Part of a model's name that is preferred; may be given several times, best first.
    pub fn prefer_model(mut self, name: impl Into<String>) -> Sampling {
        let preferences = self.params.entry("modelPreferences").or_insert_with(|| json!({ "hints": [] }));
        if let Some(hints) = preferences["hints"].as_array_mut() {
            hints.push(json!({ "name": name.into() }));
        }
        self
    }

    /// Any other parameter of `sampling/createMessage`, such as `metadata`.
    pub fn with(mut self, parameter: &str, value: impl Into<Value>) -> Sampling {
        self.params.insert(parameter.to_owned(), value.into());
        self
    }

    /// As [`Elicitation::time_limit`](crate::mcp::Elicitation::time_limit).
    pub fn time_limit(mut self, limit: Duration) -> Sampling {
        self.time_limit = Some(limit);
        self
    }

    /// The parameters of `sampling/createMessage`.
    pub(crate) fn params(&self, revision: Revision) -> Value {
        let message = |(role, content): &(Role, Content)| json!({ "role": role.name(), "content": content.to_json(revision) });
        let mut params = self.params.clone();
        params.insert("messages".into(), self.messages.iter().map(message).collect());
        Value::Object(params)
    }

    pub(crate) fn needs_tools(&self) -> bool {
        self.params.contains_key("tools") || self.params.contains_key("toolChoice")
    }
}

/// What the model said.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// Which model answered.
    pub model: String,
    /// Such as `endTurn`, `stopSequence` or `maxTokens`.
    pub stop_reason: Option<String>,
    /// The pieces as they came: text, images, sounds, uses of tools.
    pub content: Vec<Value>,
}

impl Sampled {
    pub(crate) fn parse(answer: &Value) -> Result<Sampled, String> {
        let content = match answer.get("content") {
            Some(Value::Array(pieces)) if pieces.iter().all(Value::is_object) => pieces.clone(),
            Some(piece @ Value::Object(_)) => vec![piece.clone()],
            _ => return Err("`content` must be an object or an array of objects".to_owned()),
        };
        let word = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let model = word("model").ok_or_else(|| "`model` must be a string".to_owned())?;
        Ok(Sampled { model, stop_reason: word("stopReason"), content })
    }

    /// Everything that is text, joined.
    pub fn text(&self) -> String {
        self.content.iter().filter_map(|piece| piece.get("text").and_then(Value::as_str)).collect()
    }
}

/// A directory or file of the client's that the work may be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// A `file:` URI. It is the client's word: check paths before you use them.
    pub uri: String,
    pub name: Option<String>,
}

impl Root {
    pub(crate) fn parse_all(answer: &Value) -> Result<Vec<Root>, String> {
        let roots = answer.get("roots").and_then(Value::as_array).ok_or_else(|| "`roots` must be an array".to_owned())?;
        let root = |root: &Value| {
            let uri = root.get("uri").and_then(Value::as_str)?.to_owned();
            Some(Root { uri, name: root.get("name").and_then(Value::as_str).map(str::to_owned) })
        };
        roots.iter().map(root).collect::<Option<_>>().ok_or_else(|| "every root must have a `uri`".to_owned())
    }
}
