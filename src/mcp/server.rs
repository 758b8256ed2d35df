//! What is served: a name, instructions, tables of tools, resources and prompts, and the limits. A plain value; serving it is in
//! `serve` and `stdio`.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::mcp::completion::{Completer, Reference, Suggestions, Typed};
use crate::mcp::content::Icon;
use crate::mcp::context::Context;
use crate::mcp::definition::{Definition, Lister, Reader};
use crate::mcp::error::Error;
use crate::mcp::message::RpcError;
use crate::mcp::notifier::Notifier;
use crate::mcp::prompt::Prompt;
use crate::mcp::resource::{Page, Read, ReadRequest, Resource, ResourceTemplate};
use crate::mcp::seal::Seal;
use crate::mcp::tool::Tool;
use crate::mcp::uri_template::UriTemplate;

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
            icons: Vec::new(),
            instructions: None,
            tools: Vec::new(),
            resources: Vec::new(),
            templates: Vec::new(),
            lister: None,
            prompts: Vec::new(),
            completers: Vec::new(),
            notifier: None,
            logs: false,
            config: Config::default(),
        }
    }
}

/// Collects what a [`Server`] consists of. Clients are told of what is there, and of nothing else: a server without prompts does
/// not know their methods.
#[derive(Debug)]
#[must_use = "only `build` makes the server"]
pub struct Builder {
    name: String,
    version: String,
    title: Option<String>,
    icons: Vec<Icon>,
    instructions: Option<String>,
    tools: Vec<Tool>,
    resources: Vec<(Resource, Reader)>,
    templates: Vec<(ResourceTemplate, Reader)>,
    lister: Option<Lister>,
    prompts: Vec<Prompt>,
    completers: Vec<(Reference, String, Completer)>,
    notifier: Option<Notifier>,
    logs: bool,
    config: Config,
}

impl Builder {
    /// A name for people.
    pub fn title(mut self, title: impl Into<String>) -> Builder {
        self.title = Some(title.into());
        self
    }

    /// A picture for people.
    pub fn icon(mut self, icon: Icon) -> Builder {
        self.icons.push(icon);
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

    /// Adds a resource; resources are listed in the order they were added.
    ///
    /// ```
    /// use smolcrawl::mcp::{Contents, Context, ReadRequest, Resource, RpcError, Server};
    ///
    /// let licence = Resource::new("about://licence", "licence").mime_type("text/plain");
    /// let server = Server::builder("docs", "1.0")
    ///     .resource(licence, |_: ReadRequest, _: Context| async { Ok::<_, RpcError>(Contents::text("MIT OR Apache-2.0")) })
    ///     .build()?;
    /// # Ok::<(), smolcrawl::mcp::Error>(())
    /// ```
    pub fn resource<F, Fut, R>(mut self, resource: Resource, read: F) -> Builder
    where
        F: Fn(ReadRequest, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
        R: Into<Read>,
    {
        self.resources.push((resource, Reader::new(read)));
        self
    }

    /// Adds a family of resources. Those of [`Builder::resource`] go first, then the templates in the order they were added.
    ///
    /// ```
    /// use smolcrawl::mcp::{Context, Page, ReadRequest, Resource, ResourceTemplate, RpcError, Server};
    ///
    /// // Thousands of pages: listed a page at a time from wherever they are, and read by their URI.
    /// let server = Server::builder("docs", "1.0")
    ///     .resource_template(ResourceTemplate::new("docs://{+path}", "page"), |asked: ReadRequest, _: Context| async move {
    ///         match asked.variable("path") {
    ///             "index" => Ok("# Welcome"),
    ///             _ => Err(RpcError::resource_not_found(&asked.uri)),
    ///         }
    ///     })
    ///     .resource_list(|after: Option<String>, _: Context| async move {
    ///         let start: usize = after.map_or(Ok(0), |after| after.parse()).map_err(|_| RpcError::internal("no number"))?;
    ///         let resources = (start..start + 100).map(|n| Resource::new(format!("docs://{n}"), format!("page {n}"))).collect();
    ///         Ok(Page { resources, next: (start < 5000).then(|| (start + 100).to_string()) })
    ///     })
    ///     .build()?;
    /// # Ok::<(), smolcrawl::mcp::Error>(())
    /// ```
    pub fn resource_template<F, Fut, R>(mut self, template: ResourceTemplate, read: F) -> Builder
    where
        F: Fn(ReadRequest, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
        R: Into<Read>,
    {
        self.templates.push((template, Reader::new(read)));
        self
    }

    /// Lists resources that change or are too many for a table, after those of [`Builder::resource`]: `list` gets the `next` of
    /// the page before, or `None` for the first. A template reads them.
    pub fn resource_list<F, Fut>(mut self, list: F) -> Builder
    where
        F: Fn(Option<String>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Page, RpcError>> + Send + 'static,
    {
        self.lister = Some(Lister::new(list));
        self
    }

    /// Adds a prompt; prompts are listed in the order they were added.
    pub fn prompt(mut self, prompt: Prompt) -> Builder {
        self.prompts.push(prompt);
        self
    }

    /// Suggests values for an argument of a prompt or a variable of a resource template.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use smolcrawl::mcp::{Argument, Context, Prompt, Reference, RpcError, Server, Suggestions, Typed};
    ///
    /// let explain = Prompt::new("explain", "Explains a crate", |given: BTreeMap<String, String>, _: Context| async move {
    ///     Ok::<_, RpcError>(format!("Explain the crate {}", given["name"]))
    /// })
    /// .argument(Argument::required("name", "Its name"));
    /// let server = Server::builder("crates", "1.0")
    ///     .prompt(explain)
    ///     .completion(Reference::prompt("explain"), "name", |typed: Typed, _: Context| async move {
    ///         let fits = ["serde", "serde_json", "smol"].into_iter().filter(move |name| name.starts_with(&typed.value));
    ///         Ok::<_, RpcError>(fits.collect::<Suggestions>())
    ///     })
    ///     .build()?;
    /// # Ok::<(), smolcrawl::mcp::Error>(())
    /// ```
    pub fn completion<F, Fut, S>(mut self, reference: Reference, argument: impl Into<String>, suggest: F) -> Builder
    where
        F: Fn(Typed, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, RpcError>> + Send + 'static,
        S: Into<Suggestions>,
    {
        self.completers.push((reference, argument.into(), Completer::new(suggest)));
        self
    }

    /// Lets clients subscribe to changes of lists and resources, which are told to `notifier`.
    pub fn notifier(mut self, notifier: Notifier) -> Builder {
        self.notifier = Some(notifier);
        self
    }

    /// Declares that the server sends log messages: without it [`Context::log`] sends nothing.
    pub fn logging(mut self) -> Builder {
        self.logs = true;
        self
    }

    pub fn config(mut self, config: Config) -> Builder {
        self.config = config;
        self
    }

    /// # Errors
    /// A tool's name that clients do not accept, a name or URI given twice, a schema whose root is no object, a pattern that is
    /// not supported, a completion for what is not there.
    pub fn build(self) -> Result<Server, Error> {
        let positions = positions(&self.tools)?;
        let mut names = HashSet::new();
        for name in self.prompts.iter().map(|prompt| &prompt.name) {
            if name.is_empty() || !names.insert(name.as_str()) {
                return Err(Error::Prompt { name: name.clone() });
            }
        }
        let mut uris = HashSet::new();
        for uri in self.resources.iter().map(|(resource, _)| resource.uri()) {
            if !uri.contains(':') || !uris.insert(uri) {
                return Err(Error::Resource { uri: uri.to_owned() });
            }
        }
        let mut templates = Vec::new();
        for (template, reader) in self.templates {
            let pattern = UriTemplate::parse(&template.pattern).filter(|_| template.pattern.contains(':'));
            let pattern = pattern.ok_or_else(|| Error::Template { pattern: template.pattern.clone() })?;
            templates.push((template, pattern, reader));
        }
        let mut completers = HashMap::new();
        let mut completed = Vec::new();
        for (reference, argument, completer) in self.completers {
            completed.push((reference.clone(), argument.clone()));
            completers.insert((reference, argument), completer);
        }
        let definition = Definition {
            name: self.name,
            version: self.version,
            title: self.title,
            icons: self.icons,
            instructions: self.instructions,
            tools: self.tools.into_iter().map(Arc::new).collect(),
            positions,
            resources: self.resources,
            templates,
            lister: self.lister,
            prompts: self.prompts.into_iter().map(Arc::new).collect(),
            completers,
            notifier: self.notifier,
            logs: self.logs,
            config: self.config,
            seal: Seal::new().ok_or(Error::Random)?,
            since: Instant::now(),
        };
        for (reference, argument) in completed {
            if definition.completer(reference, argument.clone()).is_err() {
                return Err(Error::Completion { argument });
            }
        }
        Ok(Server { definition: Arc::new(definition) })
    }
}

fn positions(tools: &[Tool]) -> Result<HashMap<String, usize>, Error> {
    let mut positions = HashMap::new();
    for (position, tool) in tools.iter().enumerate() {
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
    Ok(positions)
}

/// MCP 2025-11-25, "Tool Names".
fn is_tool_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
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
    /// How long clients of the stateless revisions may keep the lists that stand in tables. Default 5 min.
    pub list_lifetime: Duration,
    /// How long clients of the stateless revisions may keep what they have read, and lists of [`Builder::resource_list`]. Default
    /// zero: they ask again.
    pub read_lifetime: Duration,
    /// Entries of a table in one answer; the rest comes in further pages. Default 500, as not every client asks for more.
    pub page_size: usize,
    /// How long the client may take to answer a question of ours (handshake revisions). Default 5 min, as people are asked.
    pub client_time_limit: Duration,
    /// How long a client may take to bring back the answer to a question (since 2026-07-28). Default 30 min.
    pub round_lifetime: Duration,
    /// Resources that one connection may watch, and streams of notifications that it may open, together. Default 1024.
    pub max_subscriptions: usize,
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
            read_lifetime: Duration::ZERO,
            page_size: 500,
            client_time_limit: Duration::from_secs(300),
            round_lifetime: Duration::from_secs(1800),
            max_subscriptions: 1024,
        }
    }
}
