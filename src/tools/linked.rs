//! Answers that link to the stored pages they speak of, so that a client can show or read them. Knows no tool.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::mcp::{Answer, Content, Context, Output, Resource, ToolError};
use crate::tools::bound::{cost, line};
use crate::tools::resources::page;

/// An answer with its links.
pub(super) struct Linked<T> {
    pub answer: T,
    pub links: Links,
}

impl<T: Serialize + JsonSchema + Send> Output for Linked<T> {
    type Structured = T;

    fn into_answer(self) -> Result<Answer, ToolError> {
        let answer = self.answer.into_answer()?;
        Ok(self.links.resources.into_iter().map(Content::link).fold(answer, Answer::with))
    }
}

/// Links to pages, each once, in the order in which the answer speaks of them.
pub(super) struct Links {
    resources: Vec<Resource>,
    is_understood: bool,
}

impl Links {
    /// None for clients whose revision knows no links: as text they would say again what the answer says.
    pub fn understood_by(context: &Context) -> Self {
        Self::new(context.revision().has_resource_links())
    }

    fn new(is_understood: bool) -> Self {
        Self { resources: Vec::new(), is_understood }
    }

    /// Characters that the link to a page would add; none for a page that is linked already or gets no link.
    pub fn cost(&self, url: &str, title: &str) -> usize {
        match self.lacks(url) {
            true => cost(&json!({ "type": "resource_link", "name": line(title), "mimeType": "text/markdown", "uri": url })) + 1,
            false => 0,
        }
    }

    pub fn add(&mut self, url: &str, title: &str) {
        if self.lacks(url) {
            self.resources.push(page(url, title));
        }
    }

    /// An address too long for a line is no use as a link, and its text is in the answer.
    fn lacks(&self, url: &str) -> bool {
        self.is_understood && line(url) == url && self.resources.iter().all(|resource| resource.uri() != url)
    }
}

#[cfg(test)]
impl Default for Links {
    fn default() -> Self {
        Self::new(true)
    }
}
