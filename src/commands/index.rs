//! `index`: JSON lines become pages, as if they had been crawled.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Instant, SystemTime};

use futures_lite::future;
use serde::Deserialize;
use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::crawl::normalise;
use smolcrawl::model::Document;
use smolcrawl::store::Put;
use url::Url;

use super::output::Output;
use super::progress::Lines;
use super::signals::interruption;
use super::{Failure, Shown, lines, progress};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Index, shown: Shown) -> Result<(), Failure> {
    let started = Instant::now();
    // Every line is read before the first is stored: a bad one leaves the database as it was.
    let documents = read(&asked.jsonl)?;
    let (mut added, mut replaced, mut unchanged) = (0_u64, 0_u64, 0_u64);
    let all = documents.len() as u64;
    let interrupted = interruption()?;
    let mut is_asked = false;
    let bar = progress::pages(shown, "storing", all);
    let mut lines = Lines::new(engine.handle(), shown);
    for (done, document) in (0_u64..).zip(documents) {
        is_asked = future::poll_once(interrupted.asked()).await.is_some();
        if is_asked {
            break;
        }
        let how_far = progress::done(done, all, started.elapsed());
        bar.set_position(done);
        bar.set_message(how_far.clone());
        let put = engine.put(document, engine.config().chunk.clone());
        match lines.during(put, || progress::say("storing", &how_far)).await? {
            Put::Added => added += 1,
            Put::Replaced => replaced += 1,
            Put::Unchanged => unchanged += 1,
        }
    }
    bar.finish_and_clear();
    let pages = added + replaced + unchanged;
    let embedded = match asked.no_index {
        _ if is_asked => {
            Err(Failure::interrupted(format!("{pages} of {all} pages are stored and kept"), "run it again: it stores what is left"))
        }
        true => Ok(()),
        false => progress::embed_unless_interrupted(engine, shown, &interrupted).await,
    };
    let elapsed = started.elapsed();
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&json!({
            "pages": pages, "added": added, "replaced": replaced, "unchanged": unchanged, "elapsed_ms": elapsed.as_millis() as u64
        }))?,
        false => output
            .line(format!("{pages} pages: {added} added, {replaced} replaced, {unchanged} unchanged in {:.1} s", elapsed.as_secs_f64()))?,
    }
    output.finish()?;
    embedded
}

#[derive(Deserialize)]
struct Line {
    url: Url,
    #[serde(default)]
    title: String,
    text: String,
}

fn read(path: &Path) -> Result<Vec<Document>, Failure> {
    let failure = |what: String| Failure::new(what, LINES);
    let opened: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).map_err(|error| failure(format!("{}: {error}", path.display())))?),
    };
    let fetched_at = SystemTime::now();
    let mut documents = Vec::new();
    for (number, line) in lines::of(opened) {
        let bad = |why: String| failure(format!("{}, line {number}: {why}; no line was stored", path.display()));
        let line = line.map_err(|error| bad(error.to_string()))?;
        let Line { url, title, text } = serde_json::from_str(&line).map_err(|error| bad(error.to_string()))?;
        if !url.has_host() {
            return Err(bad(format!("{url} has no host")));
        }
        let title = if title.trim().is_empty() {
            let last = url.path().trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty());
            last.or(url.host_str()).unwrap_or_default().to_owned()
        } else {
            title
        };
        documents.push(Document::new(as_crawled(url), title, text, fetched_at));
    }
    Ok(documents)
}

/// As a crawl would have stored it, so that it is found by whoever writes it otherwise. A part of a page may be a page of its own here.
fn as_crawled(url: Url) -> Url {
    let fragment = url.fragment().filter(|fragment| !fragment.is_empty()).map(str::to_owned);
    let mut url = normalise(url);
    url.set_fragment(fragment.as_deref());
    url
}

const LINES: &str = r#"each line is {"url": "https://…", "title": "…", "text": "…"}"#;
