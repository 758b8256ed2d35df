//! What is served: a name, instructions, a table of tools, and the limits. A plain value; serving it is in `serve` and `stdio`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::mcp::error::Error;
use crate::mcp::revision::Revision;
use crate::mcp::tool::Tool;

/// An MCP server; clones share everything.
#[derive(Clone, Debug)]
pub struct Server {
    pub(crate) definition: Arc<Definition>,
}

impl Server {
    /// ```
    /// use smolcrawl::mcp::{Answer, Server, Tool, ToolError};
    ///
    /// let server = Server::builder("greeter", "1.0")
    ///     .tool(Tool::new("greet", "Says hello", |_, _| async { Ok::<_, ToolError>(Answer::text("hello")) }))
    ///     .build()?;
    /// # Ok::<(), smolcrawl::mcp::Error>(())
    /// ```
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> Builder {
        Builder {
            name: name.into(),
            version: version.into(),
            title: None,
            instructions: None,
            tools: Vec::new(),
            config: Config::default(),
        }
    }
}

/// Collects what a [`Server`] consists of.
#[derive(Debug)]
#[must_use = "only `build` makes the server"]
pub struct Builder {
    name: String,
    version: String,
    title: Option<String>,
    instructions: Option<String>,
    tools: Vec<Tool>,
    config: Config,
}

impl Builder {
    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Builder {
        self.title = Some(title.into());
        self
    }

    /// What a model should know about the server as a whole; clients may put it into the system prompt.
    pub fn instructions(mut self, instructions: impl Into<String>) -> Builder {
        self.instructions = Some(instructions.into());
        self
    }

    /// Adds a tool; tools are listed in the order they were added.
    pub fn tool(mut self, tool: Tool) -> Builder {
        self.tools.push(tool);
        self
    }

    pub fn config(mut self, config: Config) -> Builder {
        self.config = config;
        self
    }

    /// # Errors
    /// A tool's name that clients do not accept, a name given twice, a schema whose root is no object.
    pub fn build(self) -> Result<Server, Error> {
        let mut positions = HashMap::new();
        for (position, tool) in self.tools.iter().enumerate() {
            let name = tool.name.clone();
            if !is_tool_name(&name) {
                return Err(Error::ToolName { name });
            }
            for schema in [Some(&tool.input_schema), tool.output_schema.as_ref()].into_iter().flatten() {
                if schema.get("type").and_then(Value::as_str) != Some("object") {
                    return Err(Error::SchemaRoot { tool: name });
                }
            }
            if positions.insert(name.clone(), position).is_some() {
                return Err(Error::ToolTwice { name });
            }
        }
        Ok(Server {
            definition: Arc::new(Definition {
                name: self.name,
                version: self.version,
                title: self.title,
                instructions: self.instructions,
                tools: self.tools.into_iter().map(Arc::new).collect(),
                positions,
                config: self.config,
            }),
        })
    }
}

/// The limits of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Longest line read, in bytes; a longer one is skipped and answered with an error. Default 16 MiB.
    pub max_line: usize,
    /// Longest line written, in bytes; a longer answer becomes an error that says so. Default 8 MiB less 64 KiB, as TypeScript
    /// clients end the connection at 10 MiB.
    pub max_answer: usize,
    /// Calls that run at once. Default 64.
    pub max_running: usize,
    /// Calls that wait for one of those to end; more are refused. Default 1024.
    pub max_waiting: usize,
    /// How long calls may still run when the input has ended or the shutdown was asked for. Default 1 s.
    pub grace: Duration,
    /// How long the last answers may take to be written after that. Default 200 ms: together with `grace`
    /// well below the 2 s after which clients send SIGTERM.
    pub flush: Duration,
    /// Progress of one call is sent no more often than this. Default 100 ms.
    pub progress_interval: Duration,
    /// How long clients of the stateless revisions may keep the list of tools. Default 5 min.
    pub list_lifetime: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            max_line: 16 << 20,
            max_answer: (8 << 20) - (64 << 10),
            max_running: 64,
            max_waiting: 1024,
            grace: Duration::from_secs(1),
            flush: Duration::from_millis(200),
            progress_interval: Duration::from_millis(100),
            list_lifetime: Duration::from_secs(300),
        }
    }
}

/// The checked parts of a server.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
    tools: Vec<Arc<Tool>>,
    /// Where in `tools` a name stands.
    positions: HashMap<String, usize>,
    pub(crate) config: Config,
}

impl Definition {
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.positions.get(name).map(|&position| &self.tools[position])
    }

    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    pub(crate) fn capabilities(&self) -> Value {
        if self.has_tools() { json!({ "tools": {} }) } else { json!({}) }
    }

    /// Name and version as clients show them.
    pub(crate) fn implementation(&self, revision: Revision) -> Value {
        let mut implementation = json!({ "name": self.name, "version": self.version });
        if let (Some(title), true) = (&self.title, revision.has_titles()) {
            implementation["title"] = json!(title);
        }
        implementation
    }

    pub(crate) fn tool_list(&self, revision: Revision) -> Value {
        self.tools.iter().map(|tool| described(tool, revision)).collect()
    }
}

/// A tool as `tools/list` shows it to a client of that revision.
fn described(tool: &Tool, revision: Revision) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), json!(tool.name));
    if let (Some(title), true) = (&tool.title, revision.has_titles()) {
        entry.insert("title".into(), json!(title));
    }
    entry.insert("description".into(), json!(tool.description));
    entry.insert("inputSchema".into(), tool.input_schema.clone());
    if let (Some(schema), true) = (&tool.output_schema, revision.has_structured_content()) {
        entry.insert("outputSchema".into(), schema.clone());
    }
    let annotations = tool.annotations.to_json();
    if !annotations.is_empty() && revision.has_annotations() {
        entry.insert("annotations".into(), Value::Object(annotations));
    }
    Value::Object(entry)
}

/// MCP 2025-11-25, "Tool Names".
fn is_tool_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}
