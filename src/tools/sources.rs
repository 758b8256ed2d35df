//! `get_available_sources`, `remove_source` and `refresh_source`: what there is to ask, less of it, newer of it.

use std::time::{Duration, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::engine::Engine;
use crate::error::Error;
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::{Meant, SourceId, SourceState, SourceSummary, date};
use crate::tools::background::{Background, Work};
use crate::tools::bound::{DEFAULT, cost, line, room, within};
use crate::tools::{crawl, is_zero, prefix, reply};

pub fn available(engine: Engine) -> Tool {
    Tool::typed("get_available_sources", AVAILABLE, move |asked: Page, _: Context| {
        let engine = engine.clone();
        async move { list(&engine, &asked).await }
    })
    .title("Stored sources")
    .annotations(Annotations { read_only: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn remove(engine: Engine, background: Background) -> Tool {
    Tool::typed("remove_source", REMOVE, move |asked: Removal, _: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move { take_away(&engine, &background, asked).await }
    })
    .title("Remove a source")
    .without_output_schema()
    .also_named("source", "source_id")
    .annotations(Annotations { destructive: Some(true), idempotent: Some(true), open_world: Some(false), ..Annotations::default() })
}

async fn take_away(engine: &Engine, background: &Background, asked: Removal) -> Result<Removed, ToolError> {
    // Elsewhere what is blank is as if it was not given: here that would be all pages.
    if asked.pages_below.as_deref().is_some_and(|below| below.trim().is_empty()) {
        return Err(ToolError::new("pages_below is empty").hint("leave it out to remove the whole source"));
    }
    let all = match find(engine, &asked.source).await? {
        Ok(meant) => meant.sources,
        Err(unknown) => return without_pages(engine, &asked, unknown).await,
    };
    let prefix = prefix(asked.pages_below)?;
    let meant = match prefix {
        None => engine.meant_whole(&asked.source).await.map_err(|error| reply(&error))?,
        Some(_) => all,
    };
    if let [_, _, ..] = &*meant
        && !asked.several
    {
        let names: Vec<_> = meant.iter().map(SourceId::as_str).take(NAMED).collect();
        return Err(ToolError::new(format!("{} sources are meant by {:?}: {}", meant.len(), line(&asked.source), names.join(", ")))
            .hint("name one of them, or pass several: true to remove them all"));
    }
    let mut removed = Removed { source: names(&meant), pages_removed: 0, chunks_removed: 0, packages_removed: 0 };
    for source in meant {
        if let Some(job) = background.running_on(&source) {
            return Err(ToolError::new(format!("{} is at work on {source}", job.id))
                .hint(format!("end it with cancel_crawl {}, or wait for it with crawl_status", job.id)));
        }
        let watched = watched(engine, background, &source).await?;
        let before = engine.source(&source).await.map_err(|error| reply(&error))?.chunks;
        removed.pages_removed += match prefix.clone() {
            None => engine.remove(source.clone()).await,
            Some(prefix) => engine.remove_pages(source.clone(), prefix).await,
        }
        .map_err(|error| reply(&error))?;
        let after = engine.source(&source).await.map_or(0, |of| of.chunks);
        removed.chunks_removed += before.saturating_sub(after);
        for url in watched {
            if !is_in(engine, &url, &source).await? {
                background.changes().page(&url, source.clone());
            }
        }
        background.changes().listed(source);
    }
    match prefix {
        Some(prefix) if removed.pages_removed == 0 => {
            Err(ToolError::new(format!("no page of {} begins with {}", line(&removed.source), line(&prefix)))
                .hint("search results tell the URLs of pages as they are stored"))
        }
        _ => Ok(removed),
    }
}

/// A package that others use has symbols, and no pages.
#[cfg(all(feature = "code", feature = "files"))]
async fn without_pages(engine: &Engine, asked: &Removal, unknown: ToolError) -> Result<Removed, ToolError> {
    let versions = match asked.pages_below.is_none() && engine.has_database() {
        true => engine.symbols_meant(&asked.source).await.map_err(|error| reply(&error))?,
        false => Vec::new(),
    };
    match &*versions {
        [] => return Err(unknown),
        [_, _, ..] if !asked.several => {
            let names = versions.iter().map(String::as_str).take(NAMED).collect::<Vec<_>>().join(", ");
            return Err(ToolError::new(format!(
                "the symbols of {} versions are meant by {:?}: {names}",
                versions.len(),
                line(&asked.source)
            ))
            .hint("name one of them, or pass several: true to remove them all"));
        }
        _ => {}
    }
    let mut removed = Removed { source: versions.join(", "), pages_removed: 0, chunks_removed: 0, packages_removed: 0 };
    for version in &versions {
        removed.packages_removed += engine.remove_symbols(version).await.map_err(|error| reply(&error))? as u64;
    }
    Ok(removed)
}

#[cfg(not(all(feature = "code", feature = "files")))]
async fn without_pages(_: &Engine, _: &Removal, unknown: ToolError) -> Result<Removed, ToolError> {
    Err(unknown)
}

/// The pages of a source that somebody subscribed to. A source that is gone cannot be asked what it had.
async fn watched(engine: &Engine, background: &Background, source: &SourceId) -> Result<Vec<Url>, ToolError> {
    let mut of_it = Vec::new();
    for url in background.changes().watched_pages() {
        if is_in(engine, &url, source).await? {
            of_it.push(url);
        }
    }
    Ok(of_it)
}

async fn is_in(engine: &Engine, url: &Url, source: &SourceId) -> Result<bool, ToolError> {
    Ok(engine.sources_of_page(url.clone()).await.map_err(|error| reply(&error))?.contains(source))
}

pub(super) fn names(sources: &[SourceId]) -> String {
    sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ")
}

pub fn refresh(engine: Engine, background: Background) -> Tool {
    Tool::typed("refresh_source", REFRESH, move |asked: Refreshed, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let wait = crawl::wait(asked.wait_seconds)?;
            let older_than = match asked.older_than_hours {
                Some(hours) => Some(Duration::from_secs(3_600 * u64::from(within("older_than_hours", hours, 1, 87_600)?))),
                None => None,
            };
            let meant = meant(&engine, &asked.source).await?;
            let Some(source) = meant.only(&asked.source).cloned() else {
                let several = &meant.default;
                return Err(ToolError::new(format!("{} sources are meant: {}", several.len(), names(several))).hint("name one of them"));
            };
            let work = Work::Refresh(source, older_than, engine.config().chunk.clone());
            crawl::begin(&engine, &background, work, wait, &context).await
        }
    })
    .title("Refresh a source")
    .also_named("source", "source_id")
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
        // The first is told whatever it takes: whoever reads on comes to an end.
        left = match left.checked_sub(cost(&source) + 1) {
            Some(rest) => rest,
            None if listed.sources.is_empty() => 0,
            None => break,
        };
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

/// The sources that are meant: a typo must not look like "nothing found".
pub(super) async fn meant(engine: &Engine, named: &str) -> Result<Meant, ToolError> {
    find(engine, named).await?
}

/// The one source that is meant.
pub(super) async fn one(engine: &Engine, named: &str) -> Result<SourceId, ToolError> {
    let meant = meant(engine, named).await?;
    meant.only(named).cloned().ok_or_else(|| {
        let names: Vec<_> = meant.default.iter().map(SourceId::as_str).take(NAMED).collect();
        ToolError::new(format!("{} sources are meant by {:?}: {}", meant.default.len(), line(named), names.join(", ")))
            .hint("name one of them, as name@version")
    })
}

/// The sources that are meant, or what to say to who asked for others; in front of that what the store fails with.
pub(super) async fn find(engine: &Engine, named: &str) -> Result<Result<Meant, ToolError>, ToolError> {
    let unknown = || ToolError::new(format!("no source {:?} is stored", line(named)));
    if !engine.has_database() {
        return Ok(Err(unknown().hint("nothing is stored yet: crawl it first with smart_crawl_url")));
    }
    let meant = match engine.meant(named).await {
        Ok(meant) => return Ok(Ok(meant)),
        Err(Error::UnknownSource { meant, .. }) => meant,
        Err(error @ Error::NoVersion { .. }) => return Ok(Err(reply(&error))),
        Err(error) => return Err(reply(&error)),
    };
    let known = sources(engine).await?;
    let names: Vec<_> = known.iter().take(NAMED).map(|summary| summary.source.as_str()).collect();
    let meant = meant.filter(|_| known.len() > FEW).map(|source| format!("did you mean {source}? ")).unwrap_or_default();
    let hint = match known.len() {
        0 => "nothing is stored yet: crawl it first with smart_crawl_url".to_owned(),
        1..=FEW => format!("stored are: {}", names.join(", ")),
        all if all <= NAMED => format!("{meant}stored are: {}", names.join(", ")),
        all => format!("{meant}stored are: {} and {} more, see get_available_sources", names.join(", "), all - NAMED),
    };
    Ok(Err(unknown().hint(hint)))
}

#[derive(Deserialize, JsonSchema)]
struct Page {
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters of the answer
    #[serde(default = "max_chars")]
    max_chars: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Removal {
    /// As get_available_sources names it; name@version for one version
    source: String,
    /// Only pages whose URL begins so
    #[serde(default)]
    pages_below: Option<String>,
    /// Remove all, where several sources are meant
    #[serde(default)]
    several: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Refreshed {
    /// As get_available_sources names it
    source: String,
    /// Only pages fetched longer ago
    #[serde(default)]
    older_than_hours: Option<u32>,
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
    #[schemars(with = "Vec<serde_json::Value>")]
    sources: Vec<Source>,
    // Of all sources.
    #[schemars(skip)]
    count: usize,
    // Where to go on, if there is more.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Source {
    // What the other tools take as `source` or `source_id`.
    source_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    // complete, limited (more pages are known), incomplete (interrupted or under way) or loose (pages stored one by one).
    state: SourceState,
    // URLs that are known and not fetched.
    #[serde(skip_serializing_if = "is_zero")]
    urls_left: u64,
    pages: u64,
    chunks: u64,
    code_examples: u64,
    // Chunks found by meaning already; the rest is found by its words.
    embedded: u64,
    last_fetched: String,
    // Seconds since 1970.
    last_fetched_unix: u64,
}

impl Source {
    pub fn of(summary: &SourceSummary) -> Self {
        Self {
            source_id: summary.source.to_string(),
            version: summary.version().map(str::to_owned),
            state: summary.state,
            urls_left: summary.left,
            pages: summary.pages,
            chunks: summary.chunks,
            code_examples: summary.code_examples,
            embedded: summary.embedded,
            last_fetched: date(summary.last_fetched),
            last_fetched_unix: summary.last_fetched.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Removed {
    #[schemars(skip)]
    source: String,
    pages_removed: u64,
    #[schemars(skip)]
    chunks_removed: u64,
    // Versions of packages that had symbols alone.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "is_zero")]
    packages_removed: u64,
}

/// Of so many sources the one that was meant is seen at once.
const FEW: usize = 3;
/// Sources named in an error.
const NAMED: usize = 30;
const AVAILABLE: &str = "Lists the sites that are stored and can be searched, with the number of pages and code examples of each.";
const REMOVE: &str = "Removes a source, one version of it (name@version) or its pages below a URL from the store.";
const REFRESH: &str = "Asks for every page of a source again: stores what changed or is new, removes what is gone. A long one goes on in the background, \
     as with smart_crawl_url.";
