//! `read_page` and `fetch_url`: one page as markdown, a part at a time.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use futures_lite::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::engine::{CrawlRequest, Engine, Render, Robots, parse_route, parse_with_fragment};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::{Document, Metadata, SourceId, date};
use crate::tools::background::Background;
use crate::tools::bound::{DEFAULT, end, line, room};
use crate::tools::untrusted::Untrusted;
use crate::tools::{address, address_of_file, rendering, reply, sources};

pub fn read(engine: Engine, background: Background) -> Tool {
    Tool::typed("read_page", READ, move |asked: Part, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move {
            background.look_at_files().await;
            let source = match asked.source.as_deref().map(str::trim).filter(|source| !source.is_empty()) {
                Some(source) => Some(sources::one(&engine, source).await?),
                None => None,
            };
            if let Some(url) = address_of_file(&asked.url) {
                return match stored(&engine, source.as_ref(), [Some(url.clone())]).await? {
                    Some((of, document)) => part(&document, Some(&of), &asked).map(Untrusted),
                    None => Err(not_stored(&engine, url, &asked.url, source.as_ref(), FOLDERS).await?),
                };
            }
            let request = address(&asked.url)?;
            let url = request.seeds[0].clone();
            match (stored(&engine, source.as_ref(), [parse_with_fragment(&asked.url), Some(url.clone())]).await?, source) {
                (Some((of, document)), _) => part(&document, Some(&of), &asked).map(Untrusted),
                // What is on the web is not what was asked for.
                (None, Some(source)) => Err(not_stored(&engine, url, &asked.url, Some(&source), FETCHED).await?),
                (None, None) => {
                    let document = match fetched(&engine, request, &asked.url, None, &context).await {
                        Ok(document) => document,
                        Err(error) => return Err(with_nearest(&engine, url, error).await?),
                    };
                    part(&document, None, &asked).map(Untrusted)
                }
            }
        }
    })
    .title("Read a page")
    .without_output_schema()
    .also_named("source", "source_id")
    .annotations(Annotations { read_only: Some(true), ..Annotations::default() })
}

pub fn fetch(engine: Engine) -> Tool {
    Tool::typed("fetch_url", FETCH, move |asked: Fetch, context: Context| {
        let engine = engine.clone();
        async move {
            let Fetch { url, offset, max_chars, render } = asked;
            let (request, when) = (address(&url)?, rendering(render.as_deref())?);
            let asked = Part { url, source: None, offset, max_chars };
            part(&fetched(&engine, request, &asked.url, when, &context).await?, None, &asked).map(Untrusted)
        }
    })
    .title("Fetch a page")
    .without_output_schema()
    .annotations(Annotations { read_only: Some(true), ..Annotations::default() })
}

/// Which source a stored page is of, and which others have one at its address.
struct Of {
    source: SourceId,
    others: Vec<SourceId>,
}

/// The page at the first of these addresses that has one.
async fn stored<const N: usize>(
    engine: &Engine,
    source: Option<&SourceId>,
    urls: [Option<Url>; N],
) -> Result<Option<(Of, Document)>, ToolError> {
    for url in urls.into_iter().flatten().filter(|_| engine.has_database()) {
        if let Some((of, document)) = engine.page_in(source.cloned(), url).await.map_err(|error| reply(&error))? {
            let mut others = engine.sources_of_page(document.url.clone()).await.map_err(|error| reply(&error))?;
            others.retain(|other| *other != of);
            return Ok(Some((Of { source: of, others }, document)));
        }
    }
    Ok(None)
}

/// A file is never read for its address alone, and nothing is fetched in place of a source's own page.
async fn not_stored(engine: &Engine, url: Url, asked: &str, source: Option<&SourceId>, hint: &str) -> Result<ToolError, ToolError> {
    let Some(source) = source else { return Ok(ToolError::new(format!("{} is not stored", line(asked))).hint(hint)) };
    let others = engine.sources_of_page(url).await.map_err(|error| reply(&error))?;
    let hint = if others.is_empty() { hint.to_owned() } else { format!("it is stored in {}", sources::names(&others)) };
    Ok(ToolError::new(format!("{} is not stored in {source}", line(asked))).hint(hint))
}

/// What a page that is not there either is told with: stored ones that may have been meant.
async fn with_nearest(engine: &Engine, url: Url, error: ToolError) -> Result<ToolError, ToolError> {
    if !engine.has_database() {
        return Ok(error);
    }
    let near = engine.pages_meant(url, NEAREST).await.map_err(|error| reply(&error))?;
    let near: Vec<_> = near.iter().map(|url| line(url.as_str())).collect();
    let told = (!near.is_empty()).then(|| format!("stored nearest to it: {}", near.join(", ")));
    let hint = error.hint.clone().into_iter().chain(told).collect::<Vec<_>>().join("; ");
    Ok(if hint.is_empty() { error } else { error.hint(hint) })
}

/// The page from its site, with a sign of life now and then, as long as clients wait.
async fn fetched(
    engine: &Engine,
    request: CrawlRequest,
    asked: &str,
    render: Option<Render>,
    context: &Context,
) -> Result<Document, ToolError> {
    let route = parse_route(asked);
    let (handle, url) = (engine.handle(), route.as_ref().unwrap_or(&request.seeds[0]));
    let fetching = async { Some(engine.fetch_by(url, Robots::Obey, render).await) };
    let watching = async {
        for second in 0..PATIENCE.as_secs() {
            context.progress(second as f64, None, format!("waiting for {url}"));
            handle.sleep(Duration::from_secs(1)).await;
        }
        None
    };
    match future::or(fetching, watching).await {
        Some(fetched) => fetched.map_err(|error| reply(&error)),
        None => Err(ToolError::new(format!("{}: no answer within {} s", line(url.as_str()), PATIENCE.as_secs()))
            .hint("the site is slow, or its robots.txt asks for long pauses: crawl_single_page goes on in the background")),
    }
}

/// The part of a page that was asked for, up to a boundary at which it can be read on.
fn part(document: &Document, of: Option<&Of>, asked: &Part) -> Result<Read, ToolError> {
    let Document { url, title, markdown, fetched_at, .. } = document;
    let total = markdown.chars().count();
    let place = place(document, &asked.url).filter(|_| asked.offset == 0);
    let offset = match &place {
        Some(Place::At(at)) => markdown[..*at].chars().count(),
        _ => asked.offset as usize,
    };
    if asked.offset > 0 && offset >= total {
        return Err(ToolError::new(format!("offset is {offset}, and the page has {total} characters"))
            .hint(format!("offset may be 0 to {}; take it from next_offset", total.saturating_sub(1))));
    }
    let mut read = Read {
        url: url.to_string(),
        title: line(title),
        from: if of.is_some() { From::Store } else { From::Web },
        source_id: of.map(|of| of.source.to_string()),
        fetched: date(*fetched_at),
        fetched_unix: fetched_at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        // Once is enough.
        about: if asked.offset == 0 { about(document) } else { BTreeMap::new() },
        markdown: String::new(),
        offset,
        total_chars: total,
        next_offset: None,
        notice: None,
    };
    if let Some(Of { others, .. }) = of.filter(|of| !of.others.is_empty() && asked.offset == 0 && asked.source.is_none()) {
        read.notice = Some(format!("also stored in {}: `source` names the copy that is meant", line(&sources::names(others))));
    }
    let room = room(asked.max_chars, &read)?;
    let at = markdown.char_indices().nth(offset).map_or(markdown.len(), |(at, _)| at);
    let (before, rest) = markdown.split_at(at);
    let shown = &rest[..end(before, rest, room)];
    let mut told = Vec::new();
    if shown.len() < rest.len() {
        let next = offset + shown.chars().count();
        read.next_offset = Some(next);
        told.push(format!("{} characters are left: go on with offset {next}", total - next));
    }
    if let Some(Place::Unknown(fragment)) = place {
        told.insert(0, format!("no heading of this page has the fragment {:?}: this is its beginning", line(&fragment)));
    }
    told.extend(read.notice.take());
    read.notice = Some(told.join("; ")).filter(|told| !told.is_empty());
    shown.clone_into(&mut read.markdown);
    Ok(read)
}

/// Where a URL with a fragment opens a page.
enum Place {
    /// At a heading, which begins there in the markdown, in bytes.
    At(usize),
    /// The fragment is not one of a heading.
    Unknown(String),
}

/// None for a URL without a fragment.
fn place(document: &Document, asked: &str) -> Option<Place> {
    let (_, fragment) = asked.trim().split_once('#').filter(|(_, fragment)| !fragment.is_empty())?;
    if document.url.fragment() == Some(fragment) {
        return None;
    }
    Some(document.heading_at(fragment).map_or_else(|| Place::Unknown(fragment.to_owned()), |heading| Place::At(heading.offset)))
}

#[derive(Deserialize, JsonSchema)]
struct Part {
    /// The page, as https://…
    url: String,
    /// Whose copy
    #[serde(default)]
    source: Option<String>,
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters
    #[serde(default = "max_chars")]
    max_chars: u32,
}

fn max_chars() -> u32 {
    DEFAULT
}

#[derive(Deserialize, JsonSchema)]
struct Fetch {
    /// The page, as https://…
    url: String,
    /// next_offset of the answer before
    #[serde(default)]
    offset: u32,
    /// Characters
    #[serde(default = "max_chars")]
    max_chars: u32,
    /// Run its scripts: auto, always or never
    render: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Read {
    // After redirects.
    #[schemars(skip)]
    url: String,
    #[schemars(skip)]
    title: String,
    #[schemars(skip)]
    from: From,
    // Whose copy it is.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<String>,
    #[schemars(skip)]
    fetched: String,
    // Seconds since 1970.
    #[schemars(skip)]
    fetched_unix: u64,
    // What the page says of itself, in its first part.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    about: BTreeMap<&'static str, String>,
    markdown: String,
    #[schemars(skip)]
    offset: usize,
    // Of the whole page.
    #[schemars(skip)]
    total_chars: usize,
    // Where to go on, if there is more.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

/// What the page says of itself, as far as it does, by the names of [`Metadata`]. A map, as its schema is short.
fn about(document: &Document) -> BTreeMap<&'static str, String> {
    let Document { metadata, filled, .. } = document;
    let Metadata { software, version, language, published, modified, description, .. } = metadata;
    let fields = [
        ("software", software),
        ("version", version),
        ("language", language),
        ("published", published),
        ("modified", modified),
        ("description", description),
    ];
    let filled = filled.told().map(|told| ("text", told));
    fields.into_iter().filter_map(|(name, value)| Some((name, line(value.as_deref()?)))).chain(filled).collect()
}

// Where the page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum From {
    // As it was when it was crawled.
    Store,
    // Fetched now, and not stored.
    Web,
}

/// Stored pages that are offered for one that is not there.
const NEAREST: usize = 3;
const FOLDERS: &str = "add_source stores the files of a folder";
const FETCHED: &str = "without `source` it is read from wherever it is";
/// Clients give up after 60 s without a sign of life.
const PATIENCE: Duration = Duration::from_secs(45);
const READ: &str = "Reads a page as markdown: the stored copy, else fetched now (`from`). From the heading on that a #fragment names. \
     A long page comes in parts, by next_offset.";
const FETCH: &str =
    "Fetches a page as markdown as it is now; stores nothing. robots.txt is obeyed. To have it searchable: crawl_single_page.";

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::Heading;
    use crate::tools::bound::cost;

    fn document(markdown: String) -> Document {
        let url = Url::parse("https://docs.test/page").unwrap();
        Document::new(url, "Page", markdown, SystemTime::UNIX_EPOCH)
    }

    fn of() -> Of {
        Of { source: SourceId::parse("docs.test@2").unwrap(), others: vec![SourceId::parse("docs.test@1").unwrap()] }
    }

    fn asked(offset: u32, max_chars: u32) -> Part {
        Part { url: String::new(), source: None, offset, max_chars }
    }

    #[test]
    fn the_parts_of_a_page_are_the_page() {
        let page = document("# Überschrift\n\n\"Ein\" Absatz.\n\n```c\nint x;\n\nint y;\n```\n\n".repeat(200));
        let (mut offset, mut markdown) = (0, String::new());
        loop {
            let read = part(&page, Some(&of()), &asked(offset, 2_000)).unwrap();
            assert!(cost(&read) <= 2_000, "{}", cost(&read));
            assert_eq!((read.offset, read.total_chars), (offset as usize, page.markdown.chars().count()));
            markdown.push_str(&read.markdown);
            match read.next_offset {
                Some(next) => {
                    assert!(read.markdown.ends_with("\n\n") && read.notice.unwrap().contains(&format!("offset {next}")));
                    offset = next as u32;
                }
                None => break,
            }
        }
        assert_eq!(markdown, page.markdown);
    }

    #[test]
    fn what_a_page_says_of_itself_is_told_once() {
        let mut page = document("Warm.".repeat(1_000));
        assert!(part(&page, None, &asked(0, 1_000)).unwrap().about.is_empty());
        page.metadata.version = Some("3.2".into());
        page.metadata.description = Some("All about pots. ".repeat(60));
        let read = part(&page, None, &asked(0, 1_000)).unwrap();
        assert!(cost(&read) <= 1_000 && !read.markdown.is_empty());
        assert_eq!(read.about["version"], "3.2");
        assert!(part(&page, None, &asked(5, 1_000)).unwrap().about.is_empty());
    }

    #[test]
    fn a_fragment_is_where_the_page_begins() {
        let mut page = document("# Überschrift\n\nText.\n\n## Zwei\n\nMehr.\n".into());
        let offset = page.markdown.find("## Zwei").unwrap();
        let heading = |anchor: Option<&str>, offset| Heading { level: 2, text: String::new(), anchor: anchor.map(str::to_owned), offset };
        page.outline = vec![heading(None, 0), heading(Some("zwei über"), offset)];
        let read = |url: &str, offset| {
            let asked = Part { url: url.to_owned(), ..asked(offset, 1_000) };
            part(&page, None, &asked).unwrap()
        };
        for url in ["https://docs.test/page#zwei%20%C3%BCber", "https://docs.test/page#zwei über"] {
            let read = read(url, 0);
            assert_eq!((read.markdown.as_str(), read.offset, read.notice), ("## Zwei\n\nMehr.\n", 22, None));
            assert_eq!(read.total_chars, page.markdown.chars().count());
        }
        let unknown = read("https://docs.test/page#drei", 0);
        assert_eq!((unknown.offset, unknown.markdown.as_str()), (0, page.markdown.as_str()));
        assert!(unknown.notice.unwrap().contains("fragment \"drei\""));
        // An offset that was told goes before it.
        assert_eq!((read("https://docs.test/page#drei", 3).offset, read("https://docs.test/page#drei", 3).notice), (3, None));
        assert_eq!(read("https://docs.test/page#", 0).notice, None);
    }

    #[test]
    fn an_offset_beyond_the_page_is_an_error_that_says_how_long_it_is() {
        let page = document("short".into());
        assert_eq!(part(&page, None, &asked(0, 1_000)).unwrap().next_offset, None);
        let error = part(&page, None, &asked(5, 1_000)).err().unwrap().to_string();
        assert_eq!(error, "offset is 5, and the page has 5 characters\nhint: offset may be 0 to 4; take it from next_offset");
        assert_eq!(part(&document(String::new()), None, &asked(0, 1_000)).unwrap().total_chars, 0);
        let error = part(&page, None, &asked(0, 10)).err().unwrap().to_string();
        assert_eq!(error, "max_chars is 10\nhint: max_chars may be 1000 to 500000");
    }
}
