//! `get_available_sources`: what there is to ask.

use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::tools::reply;

pub fn available(engine: Engine) -> Tool {
    Tool::typed("get_available_sources", DESCRIPTION, move |_: Nothing, _: Context| {
        let engine = engine.clone();
        async move { list(&engine).await }
    })
    .title("Stored sources")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

async fn list(engine: &Engine) -> Result<Sources, ToolError> {
    let summaries = engine.sources().await.map_err(|error| reply(&error))?;
    let sources: Vec<_> = summaries
        .into_iter()
        .map(|summary| Source {
            source_id: summary.source.to_string(),
            pages: summary.pages,
            chunks: summary.chunks,
            code_examples: summary.code_examples,
            embedded: summary.embedded,
            last_fetched_unix: summary.last_fetched.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        })
        .collect();
    Ok(Sources { count: sources.len(), sources })
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

#[derive(Serialize, JsonSchema)]
struct Sources {
    sources: Vec<Source>,
    count: usize,
}

#[derive(Serialize, JsonSchema)]
struct Source {
    /// What the `source` and `source_id` parameters of the searches take
    source_id: String,
    pages: u64,
    chunks: u64,
    code_examples: u64,
    /// Chunks that are found by meaning already; the rest is found by its words and catches up in the background
    embedded: u64,
    /// When a page of it was last fetched, in seconds since 1970
    last_fetched_unix: u64,
}

const DESCRIPTION: &str = "Lists the sites that are stored and can be searched, with the number of pages and code examples of each.";
