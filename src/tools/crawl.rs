//! `crawl_single_page` and `smart_crawl_url`: more to ask.

use std::time::Duration;

use futures_lite::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{Chunking, CrawlRequest, Crawling, Engine, Event, Robots};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::tools::reply;

pub fn single_page(engine: Engine) -> Tool {
    Tool::typed("crawl_single_page", SINGLE, move |asked: OnePage, context: Context| {
        let engine = engine.clone();
        async move {
            let mut request = parse(&asked.url)?;
            request.depth = 0;
            request.max_pages = 1;
            let chunking = engine.config().chunk.clone();
            crawl(&engine, request, chunking, &context).await
        }
    })
    .title("Crawl one page")
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), ..Annotations::default() })
}

pub fn smart(engine: Engine) -> Tool {
    Tool::typed("smart_crawl_url", SMART, move |asked: Site, context: Context| {
        let engine = engine.clone();
        async move {
            let mut request = parse(&asked.url)?;
            request.depth = within("max_depth", asked.max_depth, 0, 100)?;
            request.concurrency = within("max_concurrent", asked.max_concurrent, 1, 64)? as usize;
            let mut chunking = engine.config().chunk.clone();
            if let Some(size) = asked.chunk_size {
                chunking.max_chars = within("chunk_size", size, 200, 20_000)? as usize;
            }
            crawl(&engine, request, chunking, &context).await
        }
    })
    .title("Crawl a site")
    .annotations(Annotations { destructive: Some(false), idempotent: Some(true), ..Annotations::default() })
}

fn parse(url: &str) -> Result<CrawlRequest, ToolError> {
    let mut request = CrawlRequest::parse(&[url]).map_err(|error| reply(&error.into()))?;
    request.robots = Robots::Obey;
    Ok(request)
}

fn within(name: &str, value: u32, least: u32, most: u32) -> Result<u32, ToolError> {
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(ToolError::new(format!("{name} is {value}")).hint(format!("{name} may be {least} to {most}"))),
    }
}

async fn crawl(engine: &Engine, request: CrawlRequest, chunking: Chunking, context: &Context) -> Result<Crawled, ToolError> {
    let most = request.max_pages;
    let mut crawling = engine.crawl(request, chunking);
    let mut stored = Vec::new();
    // A client that hears of progress keeps waiting; one that does not gives up after a minute, so it is answered before.
    let ended = match context.wants_progress() {
        true => follow(&mut crawling, &mut stored, most, context).await?,
        false => {
            let bound = async {
                engine.handle().sleep(WITHOUT_PROGRESS).await;
                Ok(Ended::OutOfTime)
            };
            match future::or(follow(&mut crawling, &mut stored, most, context), bound).await? {
                Ended::ByItself => Ended::ByItself,
                Ended::OutOfTime => {
                    // What has been fetched is stored, and counted.
                    crawling.stop();
                    follow(&mut crawling, &mut stored, most, context).await?;
                    Ended::OutOfTime
                }
            }
        }
    };
    let report = crawling.finish();
    if let (0, Some(failed)) = (report.stored, report.failed.first()) {
        let hint = failed.hint.as_deref().unwrap_or("check the URL, or try another page of the site");
        return Err(ToolError::new(format!("nothing was stored: {}: {}", failed.url, failed.error)).hint(hint));
    }
    if let (0, Some(skipped)) = (report.stored, report.skipped.first()) {
        return Err(ToolError::new(format!("nothing was stored: {}: {}", skipped.url, skipped.why)).hint("try another page of the site"));
    }
    let notice = match ended {
        Ended::ByItself if report.pages >= most && most > 1 => {
            Some(format!("stopped at the limit of {most} pages; crawl a deeper URL for the rest"))
        }
        Ended::ByItself => None,
        Ended::OutOfTime => Some(format!(
            "stopped after {} s with what is stored so far, as no progress token was given; crawl deeper URLs for the rest, or run `smolcrawl crawl` in a shell",
            WITHOUT_PROGRESS.as_secs()
        )),
    };
    Ok(Crawled {
        pages_crawled: report.pages,
        pages_stored: report.stored,
        urls_crawled: stored,
        skipped: report.skips(),
        failed: report.failed.iter().take(SHOWN).map(|failed| format!("{}: {}", failed.url, failed.error)).collect(),
        failures: report.failures(),
        elapsed_ms: report.elapsed.as_millis() as u64,
        http: serde_json::to_value(report.http).map_err(|error| ToolError::new(error.to_string()))?,
        notice,
    })
}

enum Ended {
    ByItself,
    OutOfTime,
}

async fn follow(crawling: &mut Crawling, stored: &mut Vec<String>, most: u64, context: &Context) -> Result<Ended, ToolError> {
    let mut seen = 0_u32;
    while let Some(event) = crawling.next().await {
        let message = match event.map_err(|error| reply(&error))? {
            Event::Stored { url, .. } => {
                if stored.len() < SHOWN {
                    stored.push(url.to_string());
                }
                format!("stored {url}")
            }
            Event::Skipped(skipped) => format!("skipped {}", skipped.url),
            Event::Failed(failed) => format!("failed {}", failed.url),
        };
        seen += 1;
        // The limit is a bound, not the number of pages to come: no total is promised unless it is one page.
        context.progress(seen.into(), (most == 1).then_some(1.0), message);
    }
    Ok(Ended::ByItself)
}

#[derive(Deserialize, JsonSchema)]
struct OnePage {
    /// The page, as https://…
    url: String,
}

#[derive(Deserialize, JsonSchema)]
struct Site {
    /// Where to start: a page of the site, its sitemap.xml or its llms.txt
    url: String,
    /// Links to follow from the start page
    #[serde(default = "three")]
    max_depth: u32,
    /// Requests in flight at the most
    #[serde(default = "ten")]
    max_concurrent: u32,
    /// Characters in a chunk at the most; best left out
    #[serde(default)]
    chunk_size: Option<u32>,
}

fn three() -> u32 {
    3
}

fn ten() -> u32 {
    10
}

#[derive(Serialize, JsonSchema)]
struct Crawled {
    pages_crawled: u64,
    /// Of these, in the store now; their words are searchable at once, their meaning a little later
    pages_stored: u64,
    /// The first of the stored pages
    urls_crawled: Vec<String>,
    /// URLs left out on purpose: out of scope, forbidden by robots.txt, not a document
    skipped: u64,
    /// The first of the URLs that could not be had, with the reason
    failed: Vec<String>,
    failures: u64,
    elapsed_ms: u64,
    /// Counters of the transport: requests, succeeded, failed, failed_at, retried, benign_resets, connections
    #[schemars(with = "serde_json::Map<String, Value>")]
    http: Value,
    /// Why the crawl is not complete
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

/// Clients give up after 60 s without a sign of life.
const WITHOUT_PROGRESS: Duration = Duration::from_secs(45);
/// URLs told of a crawl: enough to see what it found, not enough to flood a context.
const SHOWN: usize = 10;
const SINGLE: &str = "Fetches one page, stores it as markdown and makes it searchable. No link is followed.";
const SMART: &str = "Crawls a site and makes it searchable. A page is followed by its links below the same folder, a sitemap.xml by the pages it lists, \
     an llms.txt or markdown file by its links. robots.txt is obeyed. Large sites take a while: ask for progress.";
