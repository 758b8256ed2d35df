//! What travels from one database to another: a source, its pages with their passages, and the vectors of these. Plain values.

use std::time::SystemTime;

use super::{Chunk, Document, Recipe, SourceId, SourceState, SourceSummary};

/// A source without its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedSource {
    pub source: SourceId,
    pub says_version: Option<String>,
    pub recipe: Option<Recipe>,
    pub state: SourceState,
    /// URLs that were known and not fetched.
    pub left: u64,
    pub made: Option<SystemTime>,
    pub refreshed: Option<SystemTime>,
}

impl SharedSource {
    /// The version of its name, else the one that its pages name.
    pub fn version(&self) -> Option<&str> {
        self.source.version().or(self.says_version.as_deref())
    }
}

impl From<SourceSummary> for SharedSource {
    fn from(of: SourceSummary) -> Self {
        let SourceSummary { source, says_version, recipe, state, left, made, refreshed, .. } = of;
        Self { source, says_version, recipe, state, left, made, refreshed }
    }
}

/// A page with the passages that it was cut into.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedPage {
    /// As it is stored: without `code` and `notes`.
    pub document: Document,
    pub chunks: Vec<Chunk>,
    /// For a model that reads so many tokens of a passage; none: for no model.
    pub cut_for: Option<u32>,
}

/// The vector of one of the chunks of a page, as it is stored: a component is `data[i] * scale`, where a byte is a number from -127 to 127.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedVector {
    /// The chunk's place in the page's list.
    pub chunk: u32,
    pub scale: f32,
    pub data: Vec<u8>,
}

/// A page as it goes from one store into another, with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CopiedPage {
    pub page: SharedPage,
    /// How often in a row it could not be had since it was last fetched.
    pub missed: u64,
    /// Of each model that was asked for, in their order.
    pub vectors: Vec<Vec<SharedVector>>,
}
