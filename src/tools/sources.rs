//! `get_available_sources`, `remove_source` and `refresh_source`: what there is to ask, less of it, newer of it.

use std::time::UNIX_EPOCH;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::{SourceId, SourceSummary};
use crate::tools::background::{Background, Work};
use crate::tools::bound::{DEFAULT, cost, line, room, within};
use crate::tools::{crawl, reply};

pub fn available(engine: Engine) -> Tool {
    Tool::typed("get_available_sources", AVAILABLE, move |asked: Page, _: Context| {
        let engine = engine.clone();
        async move { list(&engine, &asked).await }
    })
    .title("Stored sources")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn remove(engine: Engine, background: Background) -> Tool {
    Tool::typed("remove_source", REMOVE, move |asked: One, _: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let summary = stored(&engine, &asked.source).await?;
            if let Some(job) = background.running_on(&summary.source) {
                return Err(ToolError::new(format!("{} is at work on {}", job.id, summary.source))
                    .hint(format!("end it with cancel_crawl {}, or wait for it with crawl_status", job.id)));
            }
            let pages_removed = engine.remove(summary.source.clone()).await.map_err(|error| reply(&error))?;
            background.changes().listed(summary.source.clone());
            Ok(Removed { source: summary.source.to_string(), pages_removed, chunks_removed: summary.chunks })
        }
    })
    .title("Remove a source")
    .annotations(Annotations { destructive: Some(true), idempotent: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn refresh(engine: Engine, background: Background) -> Tool {
    Tool::typed("refresh_source", REFRESH, move |asked: Refreshed, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let wait = crawl::wait(asked.wait_seconds)?;
            let source = stored(&engine, &asked.source).await?.source;
            let work = Work::Refresh(source, engine.config().chunk.clone());
            crawl::begin(&engine, &background, work, wait, &context).await
        }
    })
    .title("Refresh a source")
    // Pages that are gone from the site are removed.
    .annotations(Annotations { destructive: Some(true), idempotent: Some(true), ..Annotations::default() })
}

async fn list(engine: &Engine, asked: &Page) -> Result<Sources, ToolError> {
    let mut listed = Sources { sources: Vec::new(), count: 0, next_offset: None, notice: None };
    let mut left = room(asked.max_chars, &listed)?;
    let known = sources(engine).await?;
    listed.count = known.len();
    let offset = within("offset", asked.offset, 0, listed.count as u32)? as usize;
    for source in known.iter().skip(offset).map(Source::of) {
        let Some(rest) = left.checked_sub(cost(&source) + 1) else { break };
        left = rest;
        listed.sources.push(source);
    }
    let next = offset + listed.sources.len();
    if next < listed.count {
        listed.next_offset = Some(next);
        listed.notice = Some(format!("{} more do not fit into max_chars: go on with offset {next}", listed.count - next));
    } else if listed.count == 0 {
        listed.notice = Some("nothing is stored yet: crawl a site with smart_crawl_url".to_owned());
    }
    Ok(listed)
}

/// All sources; a database that is not there is not made for the question.
async fn sources(engine: &Engine) -> Result<Vec<SourceSummary>, ToolError> {
    match engine.has_database() {
        true => engine.sources().await.map_err(|error| reply(&error)),
        false => Ok(Vec::new()),
    }
}

/// A source that is there: a typo must not look like "nothing found".
pub(super) async fn stored(engine: &Engine, named: &str) -> Result<SourceSummary, ToolError> {
    find(engine, named).await?
}

/// A source that is there, or what to say to who asked for another; in front of that what the store fails with.
pub(super) async fn find(engine: &Engine, named: &str) -> Result<Result<SourceSummary, ToolError>, ToolError> {
    let mut known = sources(engine).await?;
    let asked = SourceId::parse(named);
    if let Some(at) = known.iter().position(|summary| Some(&summary.source) == asked.as_ref()) {
        return Ok(Ok(known.swap_remove(at)));
    }
    let names: Vec<_> = known.iter().take(NAMED).map(|summary| summary.source.as_str()).collect();
    let meant = if known.len() > FEW { engine.source_meant(named).await.map_err(|error| reply(&error))? } else { None };
    let meant = meant.map(|source| format!("did you mean {source}? ")).unwrap_or_default();
    let hint = match known.len() {
        0 => "nothing is stored yet: crawl it first with smart_crawl_url".to_owned(),
        1..=FEW => format!("stored are: {}", names.join(", ")),
        all if all <= NAMED => format!("{meant}stored are: {}", names.join(", ")),
        all => format!("{meant}stored are: {} and {} more, see get_available_sources", names.join(", "), all - NAMED),
    };
    Ok(Err(ToolError::new(format!("no source {:?} is stored", line(named))).hint(hint)))
}

#[derive(Deserialize, JsonSchema)]
struct Page {
    /// Sources to pass over: next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters of the answer at the most
    #[serde(default = "max_chars")]
    max_chars: u32,
}

#[derive(Deserialize, JsonSchema)]
struct One {
    /// As get_available_sources names it
    source: String,
}

#[derive(Deserialize, JsonSchema)]
struct Refreshed {
    /// As get_available_sources names it
    source: String,
    /// Seconds to wait for the end, 0 to 300
    #[serde(default = "forty_five")]
    wait_seconds: u32,
}

fn max_chars() -> u32 {
    DEFAULT
}

fn forty_five() -> u32 {
    45
}

#[derive(Serialize, JsonSchema)]
struct Sources {
    sources: Vec<Source>,
    // Of all sources.
    count: usize,
    // Where to go on, if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Source {
    /// What the other tools take as `source` or `source_id`
    source_id: String,
    pages: u64,
    chunks: u64,
    code_examples: u64,
    /// Chunks found by meaning already; the rest is found by its words
    embedded: u64,
    // Seconds since 1970.
    last_fetched_unix: u64,
}

impl Source {
    pub fn of(summary: &SourceSummary) -> Self {
        Self {
            source_id: summary.source.to_string(),
            pages: summary.pages,
            chunks: summary.chunks,
            code_examples: summary.code_examples,
            embedded: summary.embedded,
            last_fetched_unix: summary.last_fetched.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Removed {
    source: String,
    pages_removed: u64,
    chunks_removed: u64,
}

/// Of so many sources the one that was meant is seen at once.
const FEW: usize = 3;
/// Sources named in an error.
const NAMED: usize = 30;
const AVAILABLE: &str = "Lists the sites that are stored and can be searched, with the number of pages and code examples of each.";
const REMOVE: &str = "Removes a source with all its pages from the store.";
const REFRESH: &str = "Asks for every page of a source again, stores what has changed and removes what is gone. A long one goes on in the background, as \
     with smart_crawl_url.";
