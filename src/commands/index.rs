//! `index`: JSON lines become pages, as if they had been crawled.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::pin::pin;
use std::time::{Instant, SystemTime};

use futures_lite::future;
use serde::Deserialize;
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::crawl::normalise;
use smolcrawl::model::{Document, SourceId};
use smolcrawl::store::Put;
use url::Url;

use super::output::Output;
use super::progress::{Lines, PATIENCE};
use super::signals::interruption;
use super::{Failure, Shown, lines, progress};
use crate::cli;
use crate::terminal::tell;

pub async fn run(engine: &Engine, asked: cli::Index, shown: Shown) -> Result<(), Failure> {
    let started = Instant::now();
    // Every line is read before the first is stored: a bad one leaves the database as it was.
    let Pages { pages: documents, says, misnamed } = read(&asked.jsonl)?;
    let (mut added, mut replaced, mut unchanged) = (0_u64, 0_u64, 0_u64);
    let all = documents.len() as u64;
    let interrupted = interruption()?;
    let mut is_asked = false;
    let bar = progress::pages(shown, "storing", all);
    let mut lines = Lines::new(engine.handle(), shown);
    for (done, (source, document)) in (0_u64..).zip(documents) {
        is_asked = is_asked || future::poll_once(interrupted.asked()).await.is_some();
        if is_asked {
            break;
        }
        let how_far = progress::done(done, all, started.elapsed());
        bar.set_position(done);
        bar.set_message(how_far.clone());
        let chunking = engine.config().chunk.clone();
        let put = async {
            match source {
                Some(source) => engine.put_in(source, document, chunking).await,
                None => engine.put(document, chunking).await,
            }
        };
        let mut put = pin!(lines.during(put, || progress::say("storing", &how_far)));
        let asked = async {
            interrupted.asked().await;
            None
        };
        let put = match future::or(async { Some(put.as_mut().await) }, asked).await {
            Some(put) => put?,
            // What is being stored is, as far as that is a matter of moments.
            None => {
                is_asked = true;
                match engine.handle().timeout(PATIENCE, put).await {
                    Ok(put) => put?,
                    Err(_) => break,
                }
            }
        };
        match put {
            Put::Added => added += 1,
            Put::Replaced => replaced += 1,
            Put::Unchanged => unchanged += 1,
        }
    }
    bar.finish_and_clear();
    for (source, version) in says.into_iter().filter(|_| !is_asked) {
        if let Some(version) = version {
            engine.note_version(source, version).await?;
        }
    }
    if misnamed > 0 && shown != Shown::Quiet {
        tell!("note: {misnamed} lines name a source that cannot be called so: these pages are stored in that of their host");
    }
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
    /// As `export` writes it: name, or name@version. Files of others may mean anything by it.
    #[serde(default)]
    source: Value,
    /// The version that the source is of.
    #[serde(default)]
    version: Value,
}

/// What is to be stored.
struct Pages {
    /// Each with its source, if that is named: else it is the one that has the page, or that of its host.
    pages: Vec<(Option<SourceId>, Document)>,
    /// The version that a source without one in its name is said to be of; none where lines say different ones.
    says: BTreeMap<SourceId, Option<String>>,
    /// Lines whose source cannot be called so.
    misnamed: u64,
}

fn read(path: &Path) -> Result<Pages, Failure> {
    let failure = |what: String| Failure::new(what, LINES);
    let opened: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(File::open(path).map_err(|error| failure(format!("{}: {error}", path.display())))?),
    };
    let fetched_at = SystemTime::now();
    let mut read = Pages { pages: Vec::new(), says: BTreeMap::new(), misnamed: 0 };
    for (number, line) in lines::of(opened) {
        let bad = |why: String| failure(format!("{}, line {number}: {why}; no line was stored", path.display()));
        let line = line.map_err(|error| bad(error.to_string()))?;
        let Line { url, title, text, source, version } = serde_json::from_str(&line).map_err(|error| bad(error.to_string()))?;
        if !url.has_host() {
            return Err(bad(format!("{url} has no host")));
        }
        let title = if title.trim().is_empty() {
            let last = url.path().trim_end_matches('/').rsplit('/').next().filter(|last| !last.is_empty());
            last.or(url.host_str()).unwrap_or_default().to_owned()
        } else {
            title
        };
        let named = source.as_str().map(str::trim).filter(|source| !source.is_empty());
        let source = named.and_then(SourceId::named);
        read.misnamed += u64::from(named.is_some() && source.is_none());
        let version = version.as_str().map(str::trim).filter(|version| (1..=LONGEST_VERSION).contains(&version.len()));
        if let (Some(source), Some(version)) = (source.as_ref().filter(|source| source.version().is_none()), version) {
            let said = read.says.entry(source.clone()).or_insert_with(|| Some(version.to_owned()));
            said.take_if(|said| said != version);
        }
        read.pages.push((source, Document::new(as_crawled(url), title, text, fetched_at)));
    }
    Ok(read)
}

/// As a crawl would have stored it, so that it is found by whoever writes it otherwise. A part of a page may be a page of its own here.
fn as_crawled(url: Url) -> Url {
    let fragment = url.fragment().filter(|fragment| !fragment.is_empty()).map(str::to_owned);
    let mut url = normalise(url);
    url.set_fragment(fragment.as_deref());
    url
}

/// Bytes.
const LONGEST_VERSION: usize = 50;
const LINES: &str = r#"each line is {"url": "https://…", "title": "…", "text": "…"}, and may have a "source""#;
