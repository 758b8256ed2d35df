//! What is stored, as resources: a page under its own address, a source under `smolcrawl://source/`. Asks the store for no more than
//! is shown, and opens none that is not there.

use std::future::Future;

use serde::Serialize;

use crate::engine::{CrawlRequest, Engine, parse_route, parse_with_fragment};
use crate::mcp::{Builder, Contents, Context, Page, ReadRequest, Resource, ResourceTemplate, RpcError};
use crate::model::SourceId;
use crate::tools::bound::{end, line};
use crate::tools::sources::{Source, find};
use crate::tools::untrusted::{MARK, WORDS};
use crate::tools::{address_of_file, reply};

/// Every stored page by its own address: links in answers and citations can be read as they are. One template for each scheme, as a
/// template begins with one.
pub(super) const HTTPS_PAGE: &str = "https://{+page}";
pub(super) const HTTP_PAGE: &str = "http://{+page}";
pub(super) const FILE_PAGE: &str = "file:///{+page}";
pub(super) const SOURCE: &str = "smolcrawl://source/{+source}";

/// Adds the resources to a server.
pub fn offer(builder: Builder, engine: &Engine) -> Builder {
    let builder = readable(builder, engine, template(HTTPS_PAGE, "stored page", PAGE_WORDS, MARKDOWN), read_page);
    let builder = readable(builder, engine, template(HTTP_PAGE, "stored page (http)", PAGE_WORDS, MARKDOWN), read_page);
    let builder = readable(builder, engine, template(FILE_PAGE, "stored page (file)", PAGE_WORDS, MARKDOWN), read_page);
    let builder = readable(builder, engine, template(SOURCE, "stored source", SOURCE_WORDS, JSON), read_source);
    let engine = engine.clone();
    builder.resource_list(move |after: Option<String>, _: Context| list(engine.clone(), after.unwrap_or_default()))
}

fn readable<Fut>(builder: Builder, engine: &Engine, template: ResourceTemplate, read: fn(Engine, ReadRequest) -> Fut) -> Builder
where
    Fut: Future<Output = Result<Contents, RpcError>> + Send + 'static,
{
    let engine = engine.clone();
    builder.resource_template(template, move |asked: ReadRequest, _: Context| read(engine.clone(), asked))
}

/// A page as the list and links show it.
pub(super) fn page(url: &str, title: &str) -> Resource {
    Resource::new(url, line(title)).mime_type(MARKDOWN)
}

pub(super) fn source_uri(source: &SourceId) -> String {
    format!("{SOURCES}{}", source.as_str().replace('%', "%25"))
}

/// The page as markdown. One that is longer than [`MOST`] is cut, and says how to read on: few are, and a resource is read whole into
/// a context.
async fn read_page(engine: Engine, asked: ReadRequest) -> Result<Contents, RpcError> {
    // As it stands: the template's variable is without its escapes, and may be another address.
    let uri = asked.uri.as_str();
    let of_site = || CrawlRequest::parse(&[uri]).ok().and_then(|request| request.seeds.into_iter().next());
    let urls = match address_of_file(uri) {
        Some(url) => [None, Some(url)],
        // What is behind `#` is a part of the address of some pages, and a place in others. A route is a page by itself, stored or not.
        None => [parse_with_fragment(uri), of_site().filter(|_| parse_route(uri).is_none())],
    };
    let mut stored = None;
    for url in urls.into_iter().flatten().filter(|_| engine.has_database()) {
        stored = engine.page(url).await.map_err(|error| reply(&error))?;
        if stored.is_some() {
            break;
        }
    }
    let how = match address_of_file(uri) {
        Some(_) => "it is not stored; add_source stores what lies on this machine",
        None => "it is not stored; crawl_single_page stores it, fetch_url reads it as it is now",
    };
    let document = stored.ok_or_else(|| not_found(uri, how))?;
    Ok(Contents::text(bounded(document.markdown)).meta(MARK, WORDS))
}

async fn read_source(engine: Engine, asked: ReadRequest) -> Result<Contents, RpcError> {
    let meant = find(&engine, asked.variable("source")).await?.map_err(|error| not_found(&asked.uri, &error.to_string()))?;
    let Some(source) = meant.default.first() else { return Err(not_found(&asked.uri, "it is not stored")) };
    let summary = engine.source(source).await.map_err(|error| reply(&error))?;
    let mut pages = Vec::new();
    for scheme in ["https://", "http://", "file://"] {
        let more = engine.pages_of(source.clone(), scheme.to_owned(), FIRST_PAGES - pages.len()).await;
        pages.extend(more.map_err(|error| reply(&error))?);
    }
    let languages = engine.languages(Some(summary.source.clone())).await.map_err(|error| reply(&error))?;
    let shown = Shown {
        source: Source::of(&summary),
        languages: languages.into_iter().map(|(name, _)| name).take(LANGUAGES).collect(),
        first_pages: pages.iter().map(|page| PageLine { url: page.url.as_str(), title: line(&page.title) }).collect(),
    };
    serde_json::to_string_pretty(&shown).map(Contents::text).map_err(|error| RpcError::internal(error.to_string()))
}

/// The part of the list behind the resource `after`: first the sources by name, then the pages by address.
async fn list(engine: Engine, after: String) -> Result<Page, RpcError> {
    let mut resources = Vec::new();
    if !engine.has_database() {
        return Ok(Page { resources, next: None });
    }
    // One more, which tells whether there are more.
    let wanted = LISTED + 1;
    let (source, page_url) = match after.strip_prefix(SOURCES) {
        Some(source) => (Some(source.replace("%2F", "/").replace("%25", "%")), ""),
        None if after.is_empty() => (Some(String::new()), ""),
        None => (None, after.as_str()),
    };
    if let Some(source) = source {
        let sources = engine.sources_after(String::new(), source, wanted).await.map_err(|error| reply(&error))?;
        resources.extend(sources.iter().map(|source| Resource::new(source_uri(source), source.as_str()).mime_type(JSON)));
    }
    let pages = engine.pages_after(String::new(), page_url.to_owned(), wanted - resources.len()).await.map_err(|error| reply(&error))?;
    resources.extend(pages.iter().map(|stored| page(stored.url.as_str(), &stored.title).size(stored.bytes)));
    let is_last = resources.len() < wanted;
    resources.truncate(LISTED);
    // Not a number: what is stored or removed in between moves nothing.
    let next = resources.last().filter(|_| !is_last).map(|last| last.uri().to_owned());
    Ok(Page { resources, next })
}

fn bounded(markdown: String) -> String {
    let shown = &markdown[..end("", &markdown, MOST)];
    if shown.len() == markdown.len() {
        return markdown;
    }
    let (kept, all) = (shown.chars().count(), markdown.chars().count());
    format!("{shown}\n\n[cut here, {kept} of {all} characters; the tool read_page has the rest, with offset {kept}]\n")
}

fn not_found(uri: &str, why: &str) -> RpcError {
    let mut error = RpcError::resource_not_found(uri);
    error.message = format!("{}: {why}", error.message);
    error
}

fn template(pattern: &str, name: &str, description: &str, mime_type: &str) -> ResourceTemplate {
    ResourceTemplate::new(pattern, name).description(description).mime_type(mime_type)
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    source: Source,
    /// Of its code examples, the most frequent first.
    languages: Vec<String>,
    /// By address.
    first_pages: Vec<PageLine<'a>>,
}

#[derive(Serialize)]
struct PageLine<'a> {
    url: &'a str,
    title: String,
}

const SOURCES: &str = "smolcrawl://source/";
const MARKDOWN: &str = "text/markdown";
const JSON: &str = "application/json";
/// Characters of a page in one reading, as JSON: about 25,000 tokens.
const MOST: usize = 100_000;
/// Resources in one part of the list. Even long addresses stay far below what one message may have.
const LISTED: usize = 200;
/// Pages that the summary of a source names.
const FIRST_PAGES: usize = 20;
const LANGUAGES: usize = 20;
const PAGE_WORDS: &str = "A stored page as markdown, by its own URL. A page that is not stored is not fetched.";
const SOURCE_WORDS: &str = "A stored source: how many pages and code examples it has, when it was fetched, its languages and first pages.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_page_is_cut_at_a_paragraph_and_says_where_to_go_on() {
        assert_eq!(bounded("# Short\n".to_owned()), "# Short\n");
        let long = "A \"paragraph\" über 東京.\n\n".repeat(10_000);
        let text = bounded(long.clone());
        let (shown, mark) = text.split_once("\n\n[cut here, ").unwrap();
        assert!(long.starts_with(shown) && shown.ends_with(".\n\n") && shown.len() > 50_000, "{}", shown.len());
        let kept = shown.chars().count();
        assert_eq!(mark, format!("{kept} of {} characters; the tool read_page has the rest, with offset {kept}]\n", long.chars().count()));
    }
}
