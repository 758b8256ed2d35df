//! Suggestions while a user types an argument of a prompt or a variable of a resource template. Knows no wire.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::mcp::handler::Handler;
use crate::mcp::message::RpcError;

/// Whose argument is completed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// By the prompt's name.
    Prompt(String),
    /// By the pattern of the resource template.
    Template(String),
}

impl Reference {
    pub fn prompt(name: impl Into<String>) -> Reference {
        Reference::Prompt(name.into())
    }

    pub fn template(pattern: impl Into<String>) -> Reference {
        Reference::Template(pattern.into())
    }

    /// What `ref` of `completion/complete` names.
    pub(crate) fn parse(value: Option<&Value>) -> Option<Reference> {
        let value = value?;
        let word = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        match value.get("type").and_then(Value::as_str)? {
            "ref/prompt" => word("name").map(Reference::Prompt),
            "ref/resource" => word("uri").map(Reference::Template),
            _ => None,
        }
    }
}

/// What the user has typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The argument's value so far; may be empty.
    pub value: String,
    /// Arguments that are filled in already. Since revision 2025-06-18.
    pub others: BTreeMap<String, String>,
}

impl Typed {
    /// The name of the argument, and what is known of it.
    pub(crate) fn parse(params: &Map<String, Value>) -> Result<(String, Typed), RpcError> {
        let word = |name: &str| params.get("argument").and_then(|argument| argument.get(name)).and_then(Value::as_str);
        let (Some(name), Some(value)) = (word("name"), word("value")) else {
            return Err(RpcError::invalid_params("`argument` must have a `name` and a `value`, both strings"));
        };
        let others = params.get("context").and_then(|context| context.get("arguments")).and_then(Value::as_object);
        let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
        Ok((name.to_owned(), Typed { value: value.to_owned(), others: others.into_iter().flatten().filter_map(text).collect() }))
    }
}

/// What the user may mean, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// At most 100 are sent.
    pub values: Vec<String>,
    /// How many there are in all, if known. Default: the number of `values`.
    pub total: Option<u64>,
}

/// MCP 2024-11-05, "Completion".
const AT_MOST: usize = 100;

impl Suggestions {
    pub(crate) fn to_json(&self) -> Value {
        let total = self.total.unwrap_or(self.values.len() as u64);
        let values = &self.values[..self.values.len().min(AT_MOST)];
        json!({ "completion": { "values": values, "total": total, "hasMore": total > values.len() as u64 } })
    }
}

impl<S: Into<String>> FromIterator<S> for Suggestions {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Suggestions {
        Suggestions { values: values.into_iter().map(Into::into).collect(), total: None }
    }
}

impl From<Vec<String>> for Suggestions {
    fn from(values: Vec<String>) -> Suggestions {
        Suggestions { values, total: None }
    }
}

/// What suggests values for one argument.
pub(crate) type Completer = Handler<Typed, Suggestions>;
