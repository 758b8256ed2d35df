//! `fetch`: one page on stdout, nothing stored.

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::engine::{CrawlRequest, Robots};
use smolcrawl::extract;

use super::Failure;
use super::output::Output;
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Fetch) -> Result<(), Failure> {
    let request = CrawlRequest::parse(&[asked.url]).map_err(smolcrawl::Error::from)?;
    let robots = if asked.ignore_robots { Robots::Ignore } else { Robots::Obey };
    let page = engine.fetch_page(&request.seeds[0], robots).await?;
    let unreadable = |skip| smolcrawl::Error::Unreadable { url: page.url.clone(), skip: Box::new(skip) };
    let mut output = Output::new();
    match asked.format {
        cli::Format::Markdown => output.line(extract::document(&page).map_err(unreadable)?.markdown)?,
        cli::Format::Text => output.line(extract::plain_text(&page).map_err(unreadable)?)?,
        cli::Format::Json => {
            let document = extract::document(&page).map_err(unreadable)?;
            output.json(&json!({ "url": document.url, "title": document.title, "markdown": document.markdown }))?;
        }
    }
    Ok(output.finish()?)
}
