//! `perform_rag_query` and `search_code_examples`: questions to what is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::{ChunkKind, Hit, Mode, PerPage, Query, SourceId, Wanted};
use crate::tools::reply;

pub fn text(engine: Engine) -> Tool {
    Tool::typed("perform_rag_query", TEXT, move |asked: TextQuestion, _: Context| {
        let engine = engine.clone();
        async move { search(&engine, asked.query, asked.source, asked.match_count, Wanted::Text).await }
    })
    .title("Search the documentation")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn code(engine: Engine) -> Tool {
    Tool::typed("search_code_examples", CODE, move |asked: CodeQuestion, _: Context| {
        let engine = engine.clone();
        async move { search(&engine, asked.query, asked.source_id, asked.match_count, Wanted::Code).await }
    })
    .title("Search code examples")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

async fn search(engine: &Engine, text: String, source: Option<String>, match_count: u32, wanted: Wanted) -> Result<Results, ToolError> {
    if !(1..=MOST_RESULTS).contains(&match_count) {
        return Err(ToolError::new(format!("match_count is {match_count}")).hint(format!("ask for 1 to {MOST_RESULTS} results")));
    }
    // An empty string is how many clients leave a parameter out.
    let source = match source.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(named) => Some(stored(engine, named).await?),
    };
    let mode = engine.default_mode();
    let query = Query { source, limit: match_count as usize, mode, wanted, per_page: PerPage::All, ..Query::new(text) };
    let hits = engine.search(query).await.map_err(|error| reply(&error))?;
    let progress = engine.embed_progress().await.map_err(|error| reply(&error))?;
    let notice = match (mode, progress.chunks - progress.embedded.min(progress.chunks)) {
        (Mode::Lexical, _) | (_, 0) => None,
        (_, missing) => Some(format!(
            "{missing} of {} chunks are not embedded yet and are found by their words only; asking again later may find more",
            progress.chunks
        )),
    };
    Ok(Results { count: hits.len(), results: hits.into_iter().map(Found::from).collect(), search_mode: name(mode), notice })
}

/// A source that is there: a typo must not look like "nothing found".
async fn stored(engine: &Engine, named: &str) -> Result<SourceId, ToolError> {
    let known = engine.sources().await.map_err(|error| reply(&error))?;
    let asked = SourceId::parse(named);
    match known.iter().find(|summary| Some(&summary.source) == asked.as_ref()) {
        Some(summary) => Ok(summary.source.clone()),
        None => {
            let names: Vec<_> = known.iter().map(|summary| summary.source.as_str()).collect();
            let hint = if names.is_empty() {
                "crawl it first with smart_crawl_url".to_owned()
            } else {
                format!("stored are: {}", names.join(", "))
            };
            Err(ToolError::new(format!("no source {named:?} is stored")).hint(hint))
        }
    }
}

fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Hybrid => "hybrid",
        Mode::Lexical => "lexical",
        Mode::Dense => "dense",
    }
}

#[derive(Deserialize, JsonSchema)]
struct TextQuestion {
    /// The question, in plain words or exact terms
    query: String,
    /// Search this source only, as get_available_sources names it
    #[serde(default)]
    source: Option<String>,
    /// Results at the most, 1 to 50
    #[serde(default = "five")]
    match_count: u32,
}

#[derive(Deserialize, JsonSchema)]
struct CodeQuestion {
    /// What the code should do or contain
    query: String,
    /// Search this source only, as get_available_sources names it
    #[serde(default)]
    source_id: Option<String>,
    /// Results at the most, 1 to 50
    #[serde(default = "five")]
    match_count: u32,
}

fn five() -> u32 {
    5
}

#[derive(Serialize, JsonSchema)]
struct Results {
    /// Best first
    results: Vec<Found>,
    count: usize,
    /// hybrid: words and meaning; lexical: words only, as no embeddings are configured
    search_mode: &'static str,
    /// What the results may lack
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    url: String,
    title: String,
    source_id: String,
    /// Headings that the passage stands under, outermost first
    headings: Vec<String>,
    /// Markdown; of a code example the code alone
    content: String,
    /// Programming language of a code example
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Prose around a code example
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Higher is better; comparable within one answer only
    similarity: f32,
}

impl From<Hit> for Found {
    fn from(hit: Hit) -> Self {
        let (language, context) = match hit.chunk.kind {
            ChunkKind::Text => (None, None),
            ChunkKind::Code { language, context } => (language, Some(context)),
        };
        Self {
            url: hit.url.into(),
            title: hit.title,
            source_id: hit.source.to_string(),
            headings: hit.chunk.heading_path,
            content: hit.chunk.text,
            language,
            context,
            similarity: hit.score,
        }
    }
}

const MOST_RESULTS: u32 = 50;
const TEXT: &str = "Searches the stored documentation by words and meaning and returns the passages that answer the query best, with the URL of each. \
     Search before answering from memory; crawl a missing site first.";
const CODE: &str = "Searches the code examples of the stored documentation and returns code with its language, the prose around it and the URL. \
     Use it for \"how is this API called\".";
