//! `add_source`, and the names that the Python server has for repositories: what is no site becomes a source.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{AddRequest, Engine, LeaveOut, Origin, PathPattern, Pattern, Resume, Selection, Usual};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::tools::background::{Background, Site, Work};
use crate::tools::bound::within;
use crate::tools::linked::Linked;
use crate::tools::{address, allowed, crawl, given, reply};

pub fn source(engine: Engine, background: Background) -> Tool {
    Tool::typed("add_source", ADD, move |asked: Added, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        let asked = Added { name: given(asked.name), lib_version: given(asked.lib_version), ..asked };
        async move {
            let wait = crawl::wait(asked.wait_seconds)?;
            let selection = Selection {
                include: patterns(&asked.include)?,
                exclude: patterns(&asked.exclude)?,
                usual: if asked.everything { Usual::Take } else { Usual::LeaveOut },
                max_files: within("max_files", asked.max_files, 1, 1_000_000)? as usize,
                ..Selection::default()
            };
            let (origin, folders) = allowed::origin(&engine, &context, &asked.what).await?;
            if let Origin::Web(_) | Origin::Site(_) = origin {
                let site = site(&engine, &origin, asked)?;
                return crawl::begin(&engine, &background, Work::Site(site), wait, &context).await;
            }
            let request = AddRequest::new(origin).selection(selection).named(asked.name, asked.lib_version).confined_to(folders);
            add(&engine, &background, request, wait, &context).await
        }
    })
    .title("Add a source")
    .also_named("what", "path")
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), ..Annotations::default() })
}

pub fn index_repository(engine: Engine, background: Background) -> Tool {
    Tool::typed("index_github_repository", INDEX, move |asked: Indexed, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            let usual = Selection::default();
            let endings: Vec<String> =
                asked.file_types.iter().map(|ending| format!("*.{}", ending.trim().trim_start_matches(['*', '.']))).collect();
            let selection = Selection {
                include: patterns(&endings)?,
                max_files: asked
                    .max_files
                    .map_or(Ok(usual.max_files), |most| within("max_files", most, 1, 1_000_000).map(|most| most as usize))?,
                max_bytes: asked
                    .max_size_mb
                    .map_or(Ok(usual.max_bytes), |most| within("max_size_mb", most, 1, 100_000).map(|most| u64::from(most) << 20))?,
                ..usual
            };
            let ignored = [("destination", asked.destination.is_some()), ("chunk_size", asked.chunk_size.is_some())];
            let ignored: Vec<_> = ignored.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect();
            let note = (!ignored.is_empty())
                .then(|| format!("{} has no meaning here: there is one store, and chunks are cut for the model", ignored.join(", ")));
            repository(&engine, &background, &asked.repo_url, selection, note, &context).await
        }
    })
    .annotations(Annotations { destructive: Some(false), ..Annotations::default() })
}

pub fn parse_repository(engine: Engine, background: Background) -> Tool {
    Tool::typed("parse_github_repository", PARSE, move |asked: Parsed, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move { repository(&engine, &background, &asked.repo_url, Selection::default(), None, &context).await }
    })
    .annotations(Annotations { destructive: Some(false), ..Annotations::default() })
}

async fn repository(
    engine: &Engine,
    background: &Background,
    url: &str,
    selection: Selection,
    note: Option<String>,
    context: &Context,
) -> Result<Linked<crawl::Report>, ToolError> {
    let (origin, folders) = allowed::origin(engine, context, url).await?;
    if !matches!(origin, Origin::Repository(_) | Origin::Folder(_)) {
        return Err(ToolError::new(format!("{} is no repository", origin.given()))
            .hint("give one as https://github.com/owner/name; add_source takes all else"));
    }
    let request = AddRequest::new(origin).selection(selection).confined_to(folders);
    let mut linked = add(engine, background, request, crawl::WAIT, context).await?;
    linked.answer.note(note);
    Ok(linked)
}

async fn add(
    engine: &Engine,
    background: &Background,
    request: AddRequest,
    wait: Duration,
    context: &Context,
) -> Result<Linked<crawl::Report>, ToolError> {
    let chunking = engine.config().chunk.clone();
    crawl::begin(engine, background, Work::Add(Box::new(request), chunking), wait, context).await
}

/// Sites are crawled as by `smart_crawl_url`, which has more settings.
fn site(engine: &Engine, origin: &Origin, asked: Added) -> Result<Site, ToolError> {
    let mut request = address(&origin.given())?;
    let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::parse(text)).collect::<Result<Vec<_>, _>>();
    request.include = patterns(&asked.include).map_err(|error| reply(&error.into()))?;
    request.exclude = patterns(&asked.exclude).map_err(|error| reply(&error.into()))?;
    request.leave_out = if asked.everything { LeaveOut::Nothing } else { LeaveOut::Usual };
    request.max_pages = u64::from(asked.max_files).min(PAGES);
    let source = match (asked.name, asked.lib_version) {
        (None, None) => None,
        (name, version) => {
            let derived = request.sources();
            let name = name.unwrap_or_else(|| derived.first().map_or("", |(source, _)| source.name()).to_owned());
            Some(crawl::named(&name, version.as_deref())?)
        }
    };
    Ok(Site { request, chunking: engine.config().chunk.clone(), source, resume: Resume::IfInterrupted })
}

fn patterns(texts: &[String]) -> Result<Vec<PathPattern>, ToolError> {
    texts.iter().map(|text| PathPattern::parse(text)).collect::<Result<_, _>>().map_err(|error| reply(&error.into()))
}

#[derive(Deserialize, JsonSchema)]
struct Added {
    /// A path below the client's roots or an allowed folder; an archive's URL; a repository as https://host/owner/name@TAG; an installed package
    /// as crate:NAME@VERSION, pypi:, npm: or go:
    what: String,
    /// [default: after what is added]
    #[serde(default)]
    name: Option<String>,
    /// The version that it documents
    #[serde(default)]
    lib_version: Option<String>,
    /// Only paths that one of these takes: globs as in docs/*
    #[serde(default)]
    include: Vec<String>,
    /// No path that one of these takes
    #[serde(default)]
    exclude: Vec<String>,
    /// Also what is hidden, ignored, generated or vendored
    #[serde(default)]
    everything: bool,
    /// Files at the most
    #[serde(default = "many")]
    max_files: u32,
    /// Seconds to wait for the end, 0 to 300
    #[serde(default = "forty_five")]
    wait_seconds: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Indexed {
    /// As https://github.com/owner/name
    repo_url: String,
    // As the Python server has them.
    #[schemars(skip)]
    #[serde(default)]
    destination: Option<serde_json::Value>,
    /// Such as .md [default: all documents]
    #[serde(default)]
    file_types: Vec<String>,
    /// Files at the most
    #[serde(default)]
    max_files: Option<u32>,
    #[schemars(skip)]
    #[serde(default)]
    chunk_size: Option<serde_json::Value>,
    #[schemars(skip)]
    #[serde(default)]
    max_size_mb: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
struct Parsed {
    /// As https://github.com/owner/name
    repo_url: String,
}

/// Of a site, as smart_crawl_url has it by itself.
const PAGES: u64 = 500;

fn many() -> u32 {
    100_000
}

fn forty_five() -> u32 {
    45
}

const ADD: &str = "Stores the documents of a folder, file, archive, git repository or installed package and makes them searchable; again, it reads what \
     changed. Goes on in the background as smart_crawl_url does.";
const INDEX: &str = "add_source for a repository.";
const PARSE: &str = "The same.";
