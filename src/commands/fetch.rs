//! `fetch`: one page on stdout, nothing stored.

use std::io::IsTerminal;

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::crawl;
use smolcrawl::engine::Robots;
use smolcrawl::extract;
use smolcrawl::model::{Heading, Note};
use url::Url;

use super::output::Output;
use super::{Failure, Shown};
use crate::cli;
use crate::terminal::{self, tell};

pub async fn run(engine: &Engine, asked: cli::Fetch, shown: Shown) -> Result<(), Failure> {
    let robots = if asked.ignore_robots { Robots::Ignore } else { Robots::Obey };
    let route = crawl::parse_route(&asked.url);
    let request = super::addresses(std::slice::from_ref(&asked.url))?;
    let render = asked.render.map(Into::into);
    let page = engine.fetch_page_by(route.as_ref().unwrap_or(&request.seeds[0]), robots, render).await?;
    let unreadable = |skip| smolcrawl::Error::Unreadable { url: page.url.clone(), skip: Box::new(skip) };
    let document = || extract::document(&page).map_err(unreadable);
    let format = if asked.json { cli::Format::Json } else { asked.format };
    let fragment = fragment(&page.url, &asked.url);
    let place = |outline: &[Heading]| Heading::at(outline, &page.url, fragment?).map(|heading| heading.offset);
    let mut output = Output::new();
    let mut filled = page.filled.clone();
    // Where it begins, if it does so at a heading.
    let at;
    let left_out = match format {
        cli::Format::Markdown => {
            let document = document()?;
            at = place(&document.outline);
            output.text(&document.markdown[at.unwrap_or(0)..])?;
            filled = document.filled;
            document.notes
        }
        cli::Format::Text => {
            let read = extract::text(&page).map_err(unreadable)?;
            at = place(&read.outline);
            output.text(&read.text[at.unwrap_or(0)..])?;
            read.notes
        }
        cli::Format::Json => {
            let document = document()?;
            at = place(&document.outline);
            let before = document.markdown[..at.unwrap_or(0)].chars().count();
            let document = document.from_offset(at.unwrap_or(0));
            let mut answer = json!({
                "url": document.url, "title": document.title, "markdown": document.markdown, "outline": document.outline,
                "code": document.code, "metadata": document.metadata, "filled": document.filled.to_string()
            });
            if fragment.is_some() {
                answer["offset"] = json!(before);
            }
            if asked.explain {
                answer["notes"] = json!(document.notes);
            }
            output.json(&answer)?;
            Vec::new()
        }
    };
    output.finish()?;
    if fragment.is_some() && at.is_none() && shown != Shown::Quiet {
        tell!("note: no heading of the page has the fragment that {} names: this is its beginning", terminal::line(&asked.url));
    }
    if let Some(told) = filled.told().filter(|_| format != cli::Format::Json && shown != Shown::Quiet) {
        tell!("note: the text is {told}");
    }
    if asked.explain && format != cli::Format::Json {
        tell(&left_out);
    } else if !left_out.is_empty() && shown != Shown::Quiet && std::io::stderr().is_terminal() {
        let words: usize = left_out.iter().map(|note| note.words).sum();
        tell!("note: {words} words of the page are left out; --explain tells which, and by which rule");
    }
    Ok(())
}

/// Where a URL opens the page, if it says so; the fragment of a page that is called so is no place in it.
fn fragment<'a>(page: &Url, asked: &'a str) -> Option<&'a str> {
    let (_, fragment) = asked.trim().split_once('#').filter(|(_, fragment)| !fragment.is_empty())?;
    (page.fragment() != Some(fragment)).then_some(fragment)
}

/// On stderr, so that stdout is the page alone.
fn tell(left_out: &[Note]) {
    for Note { rule, words, begins } in left_out {
        // Quoted as Rust does: a page's escape sequences stay visible.
        tell!("left out: {words} words by {rule}: {begins:?}");
    }
    let words: usize = left_out.iter().map(|note| note.words).sum();
    tell!("left out: {words} words in {} places", left_out.len());
}
