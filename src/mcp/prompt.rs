//! Prompts: texts that the client's user picks, filled with a few words. Knows no wire.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use serde_json::{Map, Value, json};

use crate::mcp::content::{Content, Icon, Role, insert_icons};
use crate::mcp::context::Context;
use crate::mcp::handler::{Handler, Handling};
use crate::mcp::message::RpcError;
use crate::mcp::revision::Revision;

/// One entry of the server's table of prompts.
#[derive(Clone)]
pub struct Prompt {
    pub(crate) name: String,
    description: String,
    title: Option<String>,
    pub(crate) arguments: Vec<Argument>,
    icons: Vec<Icon>,
    write: Handler<BTreeMap<String, String>, Messages>,
}

impl Prompt {
    /// `write` gets the arguments by name; the required ones are there.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use smolcrawl::mcp::{Argument, Context, Messages, Prompt, RpcError};
    ///
    /// let review = Prompt::new("review", "Asks for a review", |given: BTreeMap<String, String>, _: Context| async move {
    ///     Ok::<_, RpcError>(Messages::new().user(format!("Please review this:\n\n{}", given["code"])))
    /// })
    /// .argument(Argument::required("code", "What to review"));
    /// ```
    pub fn new<F, Fut, M>(name: impl Into<String>, description: impl Into<String>, write: F) -> Prompt
    where
        F: Fn(BTreeMap<String, String>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M, RpcError>> + Send + 'static,
        M: Into<Messages>,
    {
        Prompt {
            name: name.into(),
            description: description.into(),
            title: None,
            arguments: Vec::new(),
            icons: Vec::new(),
            write: Handler::new(write),
        }
    }

    /// A name for people, where `name` is one for programs.
    pub fn title(mut self, title: impl Into<String>) -> Prompt {
        self.title = Some(title.into());
        self
    }

    /// Arguments are shown in the order they were added.
    pub fn argument(mut self, argument: Argument) -> Prompt {
        self.arguments.push(argument);
        self
    }

    pub fn icon(mut self, icon: Icon) -> Prompt {
        self.icons.push(icon);
        self
    }

    pub(crate) fn start(&self, arguments: BTreeMap<String, String>, context: Context) -> Handling<Messages> {
        self.write.start(arguments, context)
    }

    /// The arguments as text; what is missing or no text is the client's mistake.
    pub(crate) fn checked(&self, arguments: Map<String, Value>) -> Result<BTreeMap<String, String>, RpcError> {
        let mut given = BTreeMap::new();
        for (name, value) in arguments {
            match value {
                Value::String(text) => {
                    given.insert(name, text);
                }
                Value::Null => {}
                _ => return Err(RpcError::invalid_params(format!("the argument `{name}` of a prompt must be a string"))),
            }
        }
        match self.arguments.iter().find(|argument| argument.is_required && !given.contains_key(&argument.name)) {
            Some(missing) => Err(RpcError::invalid_params(format!("the argument `{}` is missing", missing.name))),
            None => Ok(given),
        }
    }

    pub(crate) fn to_json(&self, revision: Revision) -> Value {
        let mut entry = Map::new();
        entry.insert("name".into(), json!(self.name));
        if let (Some(title), true) = (&self.title, revision.has_titles()) {
            entry.insert("title".into(), json!(title));
        }
        entry.insert("description".into(), json!(self.description));
        if !self.arguments.is_empty() {
            entry.insert("arguments".into(), self.arguments.iter().map(|argument| argument.to_json(revision)).collect());
        }
        insert_icons(&mut entry, &self.icons, revision);
        Value::Object(entry)
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a prompt wants to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub(crate) name: String,
    description: String,
    title: Option<String>,
    is_required: bool,
}

impl Argument {
    pub fn required(name: impl Into<String>, description: impl Into<String>) -> Argument {
        Argument { is_required: true, ..Argument::optional(name, description) }
    }

    pub fn optional(name: impl Into<String>, description: impl Into<String>) -> Argument {
        Argument { name: name.into(), description: description.into(), title: None, is_required: false }
    }

    pub fn title(mut self, title: impl Into<String>) -> Argument {
        self.title = Some(title.into());
        self
    }

    fn to_json(&self, revision: Revision) -> Value {
        let mut entry = json!({ "name": self.name, "description": self.description, "required": self.is_required });
        if let (Some(title), true) = (&self.title, revision.has_titles()) {
            entry["title"] = json!(title);
        }
        entry
    }
}

/// What a prompt becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages {
    description: Option<String>,
    messages: Vec<(Role, Content)>,
}

impl Messages {
    pub fn new() -> Messages {
        Messages::default()
    }

    pub fn description(mut self, description: impl Into<String>) -> Messages {
        self.description = Some(description.into());
        self
    }

    pub fn user(mut self, content: impl Into<Content>) -> Messages {
        self.messages.push((Role::User, content.into()));
        self
    }

    pub fn assistant(mut self, content: impl Into<Content>) -> Messages {
        self.messages.push((Role::Assistant, content.into()));
        self
    }

    pub(crate) fn to_json(&self, revision: Revision) -> Value {
        let message = |(role, content): &(Role, Content)| json!({ "role": role.name(), "content": content.to_json(revision) });
        let mut result = json!({ "messages": self.messages.iter().map(message).collect::<Value>() });
        if let Some(description) = &self.description {
            result["description"] = json!(description);
        }
        result
    }
}

impl<C: Into<Content>> From<C> for Messages {
    fn from(content: C) -> Messages {
        Messages::new().user(content)
    }
}
