//! The checked parts of a server: its tables, what it can do, and its lists in pages. Pure but for the readers it holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::mcp::completion::{Completer, Reference};
use crate::mcp::content::{Icon, insert_icons};
use crate::mcp::handler::Handler;
use crate::mcp::message::RpcError;
use crate::mcp::notifier::Notifier;
use crate::mcp::prompt::Prompt;
use crate::mcp::resource::{Page, Read, ReadRequest, Resource, ResourceTemplate};
use crate::mcp::revision::Revision;
use crate::mcp::seal::{Purpose, Seal};
use crate::mcp::server::Config;
use crate::mcp::tool::Tool;
use crate::mcp::uri_template::UriTemplate;

/// Everything that connections share.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) icons: Vec<Icon>,
    pub(crate) instructions: Option<String>,
    pub(crate) tools: Vec<Arc<Tool>>,
    /// Where in `tools` a name stands.
    pub(crate) positions: HashMap<String, usize>,
    pub(crate) resources: Vec<(Resource, Reader)>,
    pub(crate) templates: Vec<(ResourceTemplate, UriTemplate, Reader)>,
    /// What is listed after `resources`.
    pub(crate) lister: Option<Lister>,
    pub(crate) prompts: Vec<Arc<Prompt>>,
    pub(crate) completers: HashMap<(Reference, String), Completer>,
    pub(crate) notifier: Option<Notifier>,
    pub(crate) logs: bool,
    pub(crate) config: Config,
    pub(crate) seal: Seal,
    /// From here on the age of what clients carry is counted.
    pub(crate) since: Instant,
}

impl Definition {
    pub(crate) fn tool(&self, name: &str) -> Option<&Arc<Tool>> {
        self.positions.get(name).map(|&position| &self.tools[position]).filter(|tool| tool.is_offered())
    }

    pub(crate) fn prompt(&self, name: &str) -> Option<&Arc<Prompt>> {
        self.prompts.iter().find(|prompt| prompt.name == name)
    }

    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    pub(crate) fn has_prompts(&self) -> bool {
        !self.prompts.is_empty()
    }

    pub(crate) fn has_resources(&self) -> bool {
        !self.resources.is_empty() || !self.templates.is_empty() || self.lister.is_some()
    }

    pub(crate) fn has_completions(&self) -> bool {
        !self.completers.is_empty()
    }

    pub(crate) fn capabilities(&self, revision: Revision) -> Value {
        let lists = || if self.notifier.is_some() { json!({ "listChanged": true }) } else { json!({}) };
        let mut capabilities = Map::new();
        if self.has_tools() {
            capabilities.insert("tools".into(), lists());
        }
        if self.has_prompts() {
            capabilities.insert("prompts".into(), lists());
        }
        if self.has_resources() {
            let mut resources = lists();
            if self.notifier.is_some() {
                resources["subscribe"] = json!(true);
            }
            capabilities.insert("resources".into(), resources);
        }
        if self.has_completions() && revision.has_completions_capability() {
            capabilities.insert("completions".into(), json!({}));
        }
        if self.logs {
            capabilities.insert("logging".into(), json!({}));
        }
        Value::Object(capabilities)
    }

    /// Name and version as clients show them.
    pub(crate) fn implementation(&self, revision: Revision) -> Value {
        let mut implementation = Map::new();
        implementation.insert("name".into(), json!(self.name));
        implementation.insert("version".into(), json!(self.version));
        if let (Some(title), true) = (&self.title, revision.has_titles()) {
            implementation.insert("title".into(), json!(title));
        }
        insert_icons(&mut implementation, &self.icons, revision);
        Value::Object(implementation)
    }

    pub(crate) fn tool_list(&self, revision: Revision, cursor: Option<&str>) -> Result<Value, RpcError> {
        let offered: Vec<&Arc<Tool>> = self.tools.iter().filter(|tool| tool.is_offered()).collect();
        self.paged("tools", &offered, cursor, |tool| described(tool, revision))
    }

    pub(crate) fn prompt_list(&self, revision: Revision, cursor: Option<&str>) -> Result<Value, RpcError> {
        self.paged("prompts", &self.prompts, cursor, |prompt| prompt.to_json(revision))
    }

    pub(crate) fn template_list(&self, revision: Revision, cursor: Option<&str>) -> Result<Value, RpcError> {
        self.paged("resourceTemplates", &self.templates, cursor, |(template, ..)| Value::Object(template.to_json(revision)))
    }

    /// What of the list of resources stands in the table, and where the lister is to go on if it is to.
    pub(crate) fn resource_list(&self, revision: Revision, cursor: Option<&str>) -> Result<(Value, Option<Further>), RpcError> {
        let listed = |(resource, _): &(Resource, Reader)| Value::Object(resource.to_json(revision));
        let opened = cursor.map(|cursor| self.seal.opened(&Purpose::cursor(FURTHER), cursor));
        if let Some(Some(cursor)) = opened {
            return Ok((json!({ "resources": [] }), Some(Further(Some(cursor)))));
        }
        let page = self.paged("resources", &self.resources, cursor, listed)?;
        let is_last = page.get("nextCursor").is_none();
        Ok((page, self.lister.as_ref().filter(|_| is_last).map(|_| Further(None))))
    }

    /// Adds what the lister gave to what stood in the table.
    pub(crate) fn joined(&self, mut result: Value, page: Page, revision: Revision) -> Value {
        if let Some(resources) = result["resources"].as_array_mut() {
            resources.extend(page.resources.iter().map(|resource| Value::Object(resource.to_json(revision))));
        }
        if let Some(next) = page.next {
            result["nextCursor"] = json!(self.seal.sealed(&Purpose::cursor(FURTHER), &next));
        }
        result
    }

    /// Who reads that URI, what it is asked for, and the declared type: the single resources first, then the templates in order.
    pub(crate) fn reader(&self, uri: &str) -> Option<(Reader, ReadRequest, Option<String>)> {
        let request = |variables| ReadRequest { uri: uri.to_owned(), variables };
        if let Some((resource, reader)) = self.resources.iter().find(|(resource, _)| resource.uri() == uri) {
            return Some((reader.clone(), request(Default::default()), resource.about.mime_type.clone()));
        }
        self.templates.iter().find_map(|(template, pattern, reader)| {
            Some((reader.clone(), request(pattern.variables_of(uri)?), template.about.mime_type.clone()))
        })
    }

    /// What suggests values for that argument; `Ok(None)`: it exists, and nothing does.
    pub(crate) fn completer(&self, reference: Reference, argument: String) -> Result<Option<&Completer>, RpcError> {
        match &reference {
            Reference::Prompt(name) => match self.prompt(name) {
                Some(prompt) if prompt.arguments.iter().any(|known| known.name == argument) => {}
                Some(_) => return Err(RpcError::invalid_params(format!("the prompt has no argument {argument:?}"))),
                None => return Err(RpcError::invalid_params(format!("unknown prompt: {name:?}"))),
            },
            Reference::Template(pattern) => match self.templates.iter().find(|(template, ..)| template.pattern == *pattern) {
                Some((_, pattern, _)) if pattern.has(&argument) => {}
                Some(_) => return Err(RpcError::invalid_params(format!("the template has no variable {argument:?}"))),
                None => return Err(RpcError::invalid_params(format!("unknown resource template: {pattern:?}"))),
            },
        }
        Ok(self.completers.get(&(reference, argument)))
    }

    /// One page of a table under the name of the list, and the cursor of the next.
    fn paged<T>(&self, list: &'static str, all: &[T], cursor: Option<&str>, show: impl Fn(&T) -> Value) -> Result<Value, RpcError> {
        let purpose = Purpose::cursor(list);
        let start = match cursor {
            None => 0,
            Some(cursor) => {
                let opened = self.seal.opened(&purpose, cursor).and_then(|start| start.parse::<usize>().ok());
                opened.ok_or_else(|| RpcError::invalid_params("the cursor is not one of this server's"))?
            }
        };
        let rest = all.get(start..).unwrap_or_default();
        let page = &rest[..rest.len().min(self.config.page_size.max(1))];
        let mut result = json!({ list: page.iter().map(show).collect::<Value>() });
        if page.len() < rest.len() {
            result["nextCursor"] = json!(self.seal.sealed(&purpose, &(start + page.len()).to_string()));
        }
        Ok(result)
    }
}

/// The list of cursors that are the lister's own.
const FURTHER: &str = "resources of the lister";

/// Where the lister goes on: at the beginning, or at a cursor of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Further(pub(crate) Option<String>);

/// What reads resources.
pub(crate) type Reader = Handler<ReadRequest, Read>;

/// What lists resources that stand in no table.
pub(crate) type Lister = Handler<Option<String>, Page>;

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
    insert_icons(&mut entry, &tool.icons, revision);
    Value::Object(entry)
}
