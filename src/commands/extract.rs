//! `extract`: pages on stdin become markdown on stdout; no network, no store.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Value, json};
use smolcrawl::extract;
use smolcrawl::model::{Page, Validators};
use url::Url;

use super::output::Output;
use super::{Failure, lines};
use crate::cli;

pub fn run(asked: &cli::Extract) -> Result<(), Failure> {
    let mut output = Output::new();
    for (number, line) in lines::of(std::io::stdin()) {
        let failure = |why: String| Failure::new(format!("stdin, line {number}: {why}"), LINES);
        let line = line.map_err(|error| failure(error.to_string()))?;
        let Line { id, url, html } = serde_json::from_str(&line).map_err(|error| failure(error.to_string()))?;
        let page = Page {
            url,
            status: 200,
            // The line was UTF-8, whatever the page once said of itself.
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: html.into_bytes(),
            depth: 0,
            validators: Validators::default(),
            fetched_at: SystemTime::UNIX_EPOCH,
        };
        match read(&page, asked.format) {
            Ok((title, name, text)) => output.json(&json!({ "id": id, "title": title, (name): text }))?,
            Err(skip) => output.json(&json!({ "id": id, "error": skip.to_string() }))?,
        }
    }
    Ok(output.finish()?)
}

/// Title, name of the format, and the page in it.
fn read(page: &Page, format: cli::TextFormat) -> Result<(String, &'static str, String), extract::Skip> {
    Ok(match format {
        cli::TextFormat::Markdown => {
            let document = extract::document(page)?;
            (document.title, "markdown", document.markdown)
        }
        cli::TextFormat::Text => {
            let (title, text) = extract::titled_text(page)?;
            (title, "text", text)
        }
    })
}

#[derive(Deserialize)]
struct Line {
    id: Value,
    url: Url,
    html: String,
}

const LINES: &str = r#"each line is {"id": …, "url": "https://…", "html": "…"}"#;
