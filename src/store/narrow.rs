//! What a search is narrowed to, and the chunks that the last one was: many are asked for one after the other, and to read the numbers of a
//! large site's chunks takes longer than to search them. Pure.

use std::sync::Arc;

use super::among::Among;
use crate::model::{PageKind, Query, Wanted};

/// What a query narrows a search to, beside a single source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Narrow {
    pub wanted: Wanted,
    /// Several, or none.
    pub sources: Vec<i64>,
    pub url_prefix: Option<String>,
    pub languages: Vec<String>,
    pub kinds: Vec<PageKind>,
    pub since: Option<String>,
}

impl Narrow {
    /// None for a query that asks for all there is.
    pub(super) fn of(query: &Query, sources: &[i64]) -> Option<Self> {
        let Query { wanted, url_prefix, languages, kinds, since, .. } = query;
        let sources = if sources.len() > 1 { sources.to_vec() } else { Vec::new() };
        let is_narrow = !sources.is_empty() || url_prefix.is_some() || !languages.is_empty() || !kinds.is_empty() || since.is_some();
        let (url_prefix, languages) = (url_prefix.clone(), languages.clone());
        is_narrow.then(|| Self { wanted: *wanted, sources, url_prefix, languages, kinds: kinds.clone(), since: since.clone() })
    }
}

/// The chunks that a search was narrowed to, as they were when the pages were in this state.
#[derive(Debug)]
pub(super) struct Narrowed {
    to: Narrow,
    state: i64,
    chunks: Arc<Among>,
}

impl Narrowed {
    pub(super) fn new(to: Narrow, state: i64, chunks: Arc<Among>) -> Self {
        Self { to, state, chunks }
    }

    /// Those that this one is narrowed to, if they are the same.
    pub(super) fn chunks(&self, to: &Narrow, state: i64) -> Option<Arc<Among>> {
        (self.state == state && self.to == *to).then(|| Arc::clone(&self.chunks))
    }
}
