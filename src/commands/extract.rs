//! `extract`: pages on stdin become markdown on stdout; no network, no store.

use std::io::ErrorKind;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Value, json};
use smolcrawl::extract;
use smolcrawl::model::{Page, Validators};
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
    };
    Ok(read(&page, &id, asked).unwrap_or_else(|skip| json!({ "id": id, "error": skip.to_string() })))
}

fn read(page: &Page, id: &Value, asked: &cli::Extract) -> Result<Value, extract::Skip> {
    let document = extract::document(page)?;
    let mut answer = match asked.format {
        cli::TextFormat::Markdown => {
            json!({ "id": id, "title": document.title, "markdown": document.markdown, "outline": document.outline })
        }
        // The outline's offsets are places in the markdown.
        cli::TextFormat::Text => json!({ "id": id, "title": document.title, "text": extract::plain_text(page)? }),
    };
    answer["metadata"] = json!(document.metadata);
    if asked.explain {
        answer["notes"] = json!(document.notes);
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
