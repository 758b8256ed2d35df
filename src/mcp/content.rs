//! What tools and prompts show: text, pictures, sounds, resources, each in the form that the client's revision knows. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::mcp::resource::{Contents, Resource};
use crate::mcp::revision::Revision;

/// One piece of an answer or of a prompt's message.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    kind: Kind,
    audience: Audience,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Text(String),
    Image(Media),
    /// Since revision 2025-03-26.
    Audio(Media),
    /// Since revision 2025-06-18.
    Link(Resource),
    Embedded(Contents),
}

#[derive(Clone, Debug, PartialEq)]
struct Media {
    /// Base64 (RFC 4648 section 4).
    data: String,
    mime_type: String,
}

impl Content {
    pub fn text(text: impl Into<String>) -> Content {
        Content::of(Kind::Text(text.into()))
    }

    /// A picture, such as the bytes of a PNG file with `image/png`.
    pub fn image(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Content {
        Content::of(Kind::Image(Media::new(bytes.as_ref(), mime_type.into())))
    }

    /// A sound. Clients before revision 2025-03-26 are told in words that there is one.
    pub fn audio(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Content {
        Content::of(Kind::Audio(Media::new(bytes.as_ref(), mime_type.into())))
    }

    /// A resource that the client may read. Clients before revision 2025-06-18 get its name and URI as text.
    pub fn link(resource: Resource) -> Content {
        Content::of(Kind::Link(resource))
    }

    /// A resource together with what it holds; give the contents their URI by [`Contents::at`].
    pub fn embedded(contents: Contents) -> Content {
        Content::of(Kind::Embedded(contents))
    }

    /// For whom this piece is, and how important.
    pub fn audience(mut self, audience: Audience) -> Content {
        self.audience = audience;
        self
    }

    /// The piece as a client of that revision understands it.
    pub(crate) fn to_json(&self, revision: Revision) -> Value {
        let mut piece = match &self.kind {
            Kind::Text(text) => json!({ "type": "text", "text": text }),
            Kind::Image(media) => json!({ "type": "image", "data": media.data, "mimeType": media.mime_type }),
            Kind::Audio(media) if revision.has_audio() => json!({ "type": "audio", "data": media.data, "mimeType": media.mime_type }),
            Kind::Audio(media) => {
                json!({ "type": "text", "text": format!("[a sound of the type {}: revision {revision} cannot carry it]", media.mime_type) })
            }
            Kind::Link(resource) if revision.has_resource_links() => {
                let mut link = resource.to_json(revision);
                link.insert("type".into(), json!("resource_link"));
                Value::Object(link)
            }
            Kind::Link(resource) => json!({ "type": "text", "text": format!("{}: {}", resource.name(), resource.uri()) }),
            Kind::Embedded(contents) => json!({ "type": "resource", "resource": contents.to_json("", None) }),
        };
        let audience = self.audience.to_json(revision);
        if !audience.is_empty() {
            piece["annotations"] = Value::Object(audience);
        }
        piece
    }

    fn of(kind: Kind) -> Content {
        Content { kind, audience: Audience::default() }
    }
}

impl Media {
    fn new(bytes: &[u8], mime_type: String) -> Media {
        Media { data: STANDARD.encode(bytes), mime_type }
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        Content::text(text)
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        Content::text(text)
    }
}

/// Who speaks, or who is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    User,
    Assistant,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

/// For whom a piece of content or a resource is, and how important: hints for clients that must choose what to show.
/// Empty says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audience {
    pub roles: Vec<Role>,
    /// From 0, as good as superfluous, to 1, as good as required.
    pub priority: Option<f64>,
    /// ISO 8601, such as `2025-01-12T15:00:58Z`. Since revision 2025-06-18.
    pub last_modified: Option<String>,
}

impl Audience {
    /// As the protocol spells it; empty when nothing is said.
    pub(crate) fn to_json(&self, revision: Revision) -> Map<String, Value> {
        let mut entry = Map::new();
        if !self.roles.is_empty() {
            entry.insert("audience".into(), self.roles.iter().map(|role| role.name()).collect());
        }
        if let Some(priority) = self.priority.filter(|priority| priority.is_finite()) {
            entry.insert("priority".into(), json!(priority.clamp(0.0, 1.0)));
        }
        if let (Some(time), true) = (&self.last_modified, revision.has_titles()) {
            entry.insert("lastModified".into(), json!(time));
        }
        entry
    }
}

/// A picture that stands for a server, a tool, a prompt or a resource. Since revision 2025-11-25.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    source: String,
    mime_type: Option<String>,
    sizes: Vec<String>,
}

impl Icon {
    /// `source` is an `https:` or `data:` URI.
    pub fn new(source: impl Into<String>) -> Icon {
        Icon { source: source.into(), mime_type: None, sizes: Vec::new() }
    }

    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Icon {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// A size at which it may be shown: `48x48`, or `any` for scalable formats. May be given several times.
    pub fn size(mut self, size: impl Into<String>) -> Icon {
        self.sizes.push(size.into());
        self
    }

    fn to_json(&self) -> Value {
        let mut entry = json!({ "src": self.source });
        if let Some(mime_type) = &self.mime_type {
            entry["mimeType"] = json!(mime_type);
        }
        if !self.sizes.is_empty() {
            entry["sizes"] = json!(self.sizes);
        }
        entry
    }
}

/// Adds the icons to the entry of what they stand for, if the revision knows them.
pub(crate) fn insert_icons(entry: &mut Map<String, Value>, icons: &[Icon], revision: Revision) {
    if !icons.is_empty() && revision.has_icons() {
        entry.insert("icons".into(), icons.iter().map(Icon::to_json).collect());
    }
}
