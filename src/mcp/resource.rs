//! Resources: what can be listed and read, one by one, by a pattern of URIs, or from a set that changes. Knows no wire.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::mcp::content::{Audience, Icon, insert_icons};
use crate::mcp::revision::Revision;

/// What a client sees of a resource before it reads it: an entry of the list, or the target of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    uri: String,
    pub(crate) about: About,
    size: Option<u64>,
}

impl Resource {
    /// `uri` names it, with any scheme (RFC 3986); `name` is for people and models.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Resource {
        Resource { uri: uri.into(), about: About::new(name.into()), size: None }
    }

    pub fn title(mut self, title: impl Into<String>) -> Resource {
        self.about.title = Some(title.into());
        self
    }

    pub fn description(mut self, description: impl Into<String>) -> Resource {
        self.about.description = Some(description.into());
        self
    }

    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Resource {
        self.about.mime_type = Some(mime_type.into());
        self
    }

    /// Size of what it holds, in bytes before any encoding.
    pub fn size(mut self, bytes: u64) -> Resource {
        self.size = Some(bytes);
        self
    }

    pub fn audience(mut self, audience: Audience) -> Resource {
        self.about.audience = audience;
        self
    }

    pub fn icon(mut self, icon: Icon) -> Resource {
        self.about.icons.push(icon);
        self
    }

    pub fn uri(&self) -> &str {
        &self.uri
    }

    pub fn name(&self) -> &str {
        &self.about.name
    }

    pub(crate) fn to_json(&self, revision: Revision) -> Map<String, Value> {
        let mut entry = self.about.to_json(revision);
        entry.insert("uri".into(), json!(self.uri));
        if let Some(size) = self.size {
            entry.insert("size".into(), json!(size));
        }
        entry
    }
}

/// A family of resources whose URIs follow a pattern (RFC 6570, levels 1 and 2: `{name}` and `{+path}`).
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceTemplate {
    pub(crate) pattern: String,
    pub(crate) about: About,
}

impl ResourceTemplate {
    /// `{name}` stands for one part of a URI, up to the next `/`, `?` or `#`; `{+name}` may contain those too. Two of them need
    /// something between them.
    pub fn new(pattern: impl Into<String>, name: impl Into<String>) -> ResourceTemplate {
        ResourceTemplate { pattern: pattern.into(), about: About::new(name.into()) }
    }

    pub fn title(mut self, title: impl Into<String>) -> ResourceTemplate {
        self.about.title = Some(title.into());
        self
    }

    pub fn description(mut self, description: impl Into<String>) -> ResourceTemplate {
        self.about.description = Some(description.into());
        self
    }

    /// The type of all resources of the family, if they have one in common.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> ResourceTemplate {
        self.about.mime_type = Some(mime_type.into());
        self
    }

    pub fn audience(mut self, audience: Audience) -> ResourceTemplate {
        self.about.audience = audience;
        self
    }

    pub fn icon(mut self, icon: Icon) -> ResourceTemplate {
        self.about.icons.push(icon);
        self
    }

    pub(crate) fn to_json(&self, revision: Revision) -> Map<String, Value> {
        let mut entry = self.about.to_json(revision);
        entry.insert("uriTemplate".into(), json!(self.pattern));
        entry
    }
}

/// What resources and templates say of themselves alike.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct About {
    name: String,
    title: Option<String>,
    description: Option<String>,
    pub(crate) mime_type: Option<String>,
    audience: Audience,
    icons: Vec<Icon>,
}

impl About {
    fn new(name: String) -> About {
        About { name, title: None, description: None, mime_type: None, audience: Audience::default(), icons: Vec::new() }
    }

    fn to_json(&self, revision: Revision) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("name".into(), json!(self.name));
        if let (Some(title), true) = (&self.title, revision.has_titles()) {
            entry.insert("title".into(), json!(title));
        }
        if let Some(description) = &self.description {
            entry.insert("description".into(), json!(description));
        }
        if let Some(mime_type) = &self.mime_type {
            entry.insert("mimeType".into(), json!(mime_type));
        }
        let audience = self.audience.to_json(revision);
        if !audience.is_empty() {
            entry.insert("annotations".into(), Value::Object(audience));
        }
        insert_icons(&mut entry, &self.icons, revision);
        entry
    }
}

/// What a reader is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadRequest {
    /// As the client wrote it.
    pub uri: String,
    /// What the variables of a template stood for, percent-decoded; empty for a single resource.
    pub variables: BTreeMap<String, String>,
}

impl ReadRequest {
    /// What `{name}` stood for; empty if the template has no such variable.
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }
}

/// What a resource holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    uri: Option<String>,
    mime_type: Option<String>,
    meta: Map<String, Value>,
    body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    Text(String),
    /// Base64 (RFC 4648 section 4).
    Blob(String),
}

impl Contents {
    pub fn text(text: impl Into<String>) -> Contents {
        Contents { uri: None, mime_type: None, meta: Map::new(), body: Body::Text(text.into()) }
    }

    pub fn blob(bytes: impl AsRef<[u8]>) -> Contents {
        Contents { uri: None, mime_type: None, meta: Map::new(), body: Body::Blob(STANDARD.encode(bytes)) }
    }

    /// Whose contents these are. Default: the URI that was asked for.
    pub fn at(mut self, uri: impl Into<String>) -> Contents {
        self.uri = Some(uri.into());
        self
    }

    /// Default: the type that the resource or the template was declared with.
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Contents {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Says something of the contents to the client, as their `_meta`. Names should have a prefix.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Value>) -> Contents {
        self.meta.insert(name.into(), value.into());
        self
    }

    pub(crate) fn to_json(&self, asked: &str, declared: Option<&str>) -> Value {
        let mut entry = match &self.body {
            Body::Text(text) => json!({ "text": text }),
            Body::Blob(blob) => json!({ "blob": blob }),
        };
        entry["uri"] = json!(self.uri.as_deref().unwrap_or(asked));
        if let Some(mime_type) = self.mime_type.as_deref().or(declared) {
            entry["mimeType"] = json!(mime_type);
        }
        if !self.meta.is_empty() {
            entry["_meta"] = Value::Object(self.meta.clone());
        }
        entry
    }
}

impl From<String> for Contents {
    fn from(text: String) -> Contents {
        Contents::text(text)
    }
}

impl From<&str> for Contents {
    fn from(text: &str) -> Contents {
        Contents::text(text)
    }
}

/// What reading gave: one piece, or several such as the files of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read(pub(crate) Vec<Contents>);

impl<C: Into<Contents>> From<C> for Read {
    fn from(contents: C) -> Read {
        Read(vec![contents.into()])
    }
}

impl From<Vec<Contents>> for Read {
    fn from(contents: Vec<Contents>) -> Read {
        Read(contents)
    }
}

/// A part of a list that is too long for one answer, or changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub resources: Vec<Resource>,
    /// Where the next page begins, in words of your own: it comes back as it is, and clients can neither read nor change it.
    /// `None` for the last page.
    pub next: Option<String>,
}
