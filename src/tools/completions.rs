//! Suggestions from what is stored, for arguments of prompts and variables of resource templates.

use std::future::Future;

use crate::engine::Engine;
use crate::error::Error;
use crate::mcp::{Builder, Context, Reference, RpcError, Suggestions, Typed};
use crate::model::SourceId;
use crate::tools::reply;
use crate::tools::resources::{FILE_PAGE, HTTP_PAGE, HTTPS_PAGE, SOURCE};

/// Adds the suggestions to a server that has the resources and the prompts.
pub fn offer(builder: Builder, engine: &Engine) -> Builder {
    let (prompt, template) = (Reference::prompt, Reference::template);
    let builder = suggesting(builder, engine, (template(HTTPS_PAGE), "page"), |engine, typed| pages(engine, "https://", typed));
    let builder = suggesting(builder, engine, (template(HTTP_PAGE), "page"), |engine, typed| pages(engine, "http://", typed));
    let builder = suggesting(builder, engine, (template(FILE_PAGE), "page"), |engine, typed| pages(engine, "file:///", typed));
    let builder = suggesting(builder, engine, (template(SOURCE), "source"), sources);
    let builder = suggesting(builder, engine, (prompt("research_topic"), "source"), sources);
    let builder = suggesting(builder, engine, (prompt("learn_library"), "url"), urls);
    let builder = suggesting(builder, engine, (prompt("find_example"), "language"), languages);
    suggesting(builder, engine, (prompt("find_example"), "source"), sources)
}

/// Nothing is suggested where there is no database: none is made for it.
fn suggesting<Fut>(
    builder: Builder,
    engine: &Engine,
    (reference, argument): (Reference, &str),
    suggest: fn(Engine, Typed) -> Fut,
) -> Builder
where
    Fut: Future<Output = Result<Suggestions, Error>> + Send + 'static,
{
    let engine = engine.clone();
    builder.completion(reference, argument, move |typed: Typed, _: Context| {
        let engine = engine.clone();
        async move {
            match engine.has_database() {
                true => suggest(engine, typed).await.map_err(|error| reply(&error).into()),
                false => Ok::<_, RpcError>(Suggestions::default()),
            }
        }
    })
}

async fn sources(engine: Engine, typed: Typed) -> Result<Suggestions, Error> {
    let prefix = typed.value.trim();
    let mut names = engine.sources_after(prefix.to_owned(), String::new(), SOURCES).await?;
    if names.is_empty() {
        // Those of hosts are in small letters.
        names = engine.sources_after(prefix.to_lowercase(), String::new(), SOURCES).await?;
    }
    Ok(names.iter().map(SourceId::as_str).collect())
}

async fn languages(engine: Engine, typed: Typed) -> Result<Suggestions, Error> {
    let prefix = typed.value.trim().to_lowercase();
    let source = match typed.others.get("source") {
        Some(named) => engine.meant(named).await.ok().and_then(|meant| meant.default.into_iter().next()),
        None => None,
    };
    let stored = engine.languages(source).await?;
    Ok(stored.into_iter().map(|(name, _)| name).filter(|name| name.starts_with(&prefix)).collect())
}

/// What comes behind the scheme of the template.
async fn pages(engine: Engine, scheme: &'static str, typed: Typed) -> Result<Suggestions, Error> {
    let mut suggestions = beginning_with(&engine, format!("{scheme}{}", typed.value)).await?;
    suggestions.values.iter_mut().for_each(|url| *url = url.split_off(scheme.len()));
    Ok(suggestions)
}

async fn urls(engine: Engine, typed: Typed) -> Result<Suggestions, Error> {
    let value = typed.value.trim();
    let has_scheme = value.contains("://") || "https://".starts_with(value) || "http://".starts_with(value);
    beginning_with(&engine, if has_scheme { value.to_owned() } else { format!("https://{value}") }).await
}

async fn beginning_with(engine: &Engine, prefix: String) -> Result<Suggestions, Error> {
    let values: Vec<String> =
        engine.pages_after(prefix.clone(), String::new(), PAGES).await?.into_iter().map(|page| page.url.into()).collect();
    let total = if values.len() < PAGES { values.len() as u64 } else { engine.count_pages(prefix).await? };
    Ok(Suggestions { values, total: Some(total) })
}

/// As many as one answer may have.
const PAGES: usize = 100;
/// Names that are looked at, to tell how many there are.
const SOURCES: usize = 1_000;
