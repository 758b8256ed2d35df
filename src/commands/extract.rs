//! `extract`: pages on stdin become markdown on stdout; no network, no store.

use std::io::ErrorKind;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Value, json};
use smolcrawl::extract::{self, Text};
use smolcrawl::model::{Document, Filled, Page, Validators};
use url::Url;

use super::output::Output;
use super::{Failure, lines};
use crate::cli;

/// Every line is answered. One that cannot be read is answered by why, and the command fails in the end.
pub fn run(asked: &cli::Extract) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut unread = Vec::new();
    for (number, line) in lines::of(std::io::stdin()) {
        let answer = match line {
            Ok(line) => answer(&line, asked),
            // A line that is not UTF-8 is over, and the next one may be; any other error is that of the input.
            Err(error) if error.kind() == ErrorKind::InvalidData => Err((Value::Null, error.to_string())),
            Err(error) => return Err(failure(number, &error.to_string(), "")),
        };
        match answer {
            Ok(answer) => output.json(&answer)?,
            Err((id, why)) => {
                output.json(&json!({ "id": id, "error": format!("line {number}: {why}") }))?;
                unread.push((number, why));
            }
        }
    }
    output.finish()?;
    match unread.as_slice() {
        [] => Ok(()),
        [(number, why)] => Err(failure(*number, why, "")),
        [(number, why), others @ ..] => Err(failure(*number, why, &format!(" (and {} lines after it)", others.len()))),
    }
}

fn failure(number: usize, why: &str, others: &str) -> Failure {
    Failure::new(format!("stdin, line {number}: {why}{others}"), LINES)
}

/// The answer to one line, or its id and why it cannot be read.
fn answer(line: &str, asked: &cli::Extract) -> Result<Value, (Value, String)> {
    let value: Value = serde_json::from_str(line).map_err(|error| (Value::Null, error.to_string()))?;
    let id = value.get("id").cloned().unwrap_or_default();
    let Line { id, url, html } = serde_json::from_value(value).map_err(|error| (id, error.to_string()))?;
    let page = Page {
        url,
        status: 200,
        // The line was UTF-8, whatever the page once said of itself.
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: html.into_bytes(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    };
    Ok(read(&page, &id, asked).unwrap_or_else(|skip| json!({ "id": id, "error": skip.to_string() })))
}

fn read(page: &Page, id: &Value, asked: &cli::Extract) -> Result<Value, extract::Skip> {
    let (mut answer, notes) = match asked.format {
        cli::TextFormat::Markdown => {
            let Document { title, markdown, outline, code, metadata, notes, .. } = extract::document(page)?;
            let answer = json!({
                "id": id, "title": title, "markdown": markdown, "outline": outline, "code": code, "metadata": metadata,
            });
            (answer, notes)
        }
        // What has offsets has them into the markdown.
        cli::TextFormat::Text => {
            let Text { title, text, metadata, notes, .. } = extract::text(page)?;
            (json!({ "id": id, "title": title, "text": text, "metadata": metadata }), notes)
        }
    };
    if asked.explain {
        answer["notes"] = json!(notes);
    }
    Ok(answer)
}

#[derive(Deserialize)]
struct Line {
    id: Value,
    url: Url,
    html: String,
}

const LINES: &str = r#"each line is {"id": …, "url": "https://…", "html": "…"}"#;
