//! `export` and `import`: sources out of the database into a file or texts, and from a file into the database.

use std::path::Path;
use std::time::Instant;

use futures_lite::future;
use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::engine::{Existing, Export, ExportReport, ImportReport};
use smolcrawl::model::{SourceId, date};
use smolcrawl::share::Form;

use super::output::Output;
use super::progress::{Lines, Spinner};
use super::signals::interruption;
use super::{Failure, Shown, database_exists, progress, sources};
use crate::cli::{self, ExportFormat};

pub async fn export(engine: &Engine, asked: cli::Export) -> Result<(), Failure> {
    let form = form_of(asked.format);
    let is_stdout = asked.to.as_os_str() == "-";
    if is_stdout && (asked.json.json || matches!(form, None | Some(Form::Markdown))) {
        let what = if asked.json.json { "--json tells of a file" } else { "this format is no text" };
        return Err(Failure::usage(format!("--to -: {what}; standard output takes --format llms-txt, llms-full or jsonl")));
    }
    database_exists(engine)?;
    let mut named = Vec::new();
    for source in &asked.sources {
        named.extend(sources::meant(engine, source).await?.default);
    }
    // Of what is printed, Ctrl-C ends no more than the printing.
    if let Some(form) = form.filter(|_| is_stdout) {
        return print(engine, named, form).await;
    }
    let (started, interrupted) = (Instant::now(), interruption()?);
    let export = Export { sources: named, to: asked.to.clone(), form, existing: existing(asked.force) };
    let stopped = async {
        interrupted.asked().await;
        Err(Failure::interrupted("nothing was written", "run it again"))
    };
    let report = future::or(async { Ok(engine.export(export).await?) }, stopped).await?;
    tell_export(&report, &asked, started)
}

async fn print(engine: &Engine, named: Vec<SourceId>, form: Form) -> Result<(), Failure> {
    let mut output = Output::new();
    let mut texts = engine.texts(named, form).await?;
    while let Some(text) = texts.next().await {
        let text = text?;
        output.text(text.strip_suffix('\n').unwrap_or(&text))?;
    }
    Ok(output.finish()?)
}

fn tell_export(report: &ExportReport, asked: &cli::Export, started: Instant) -> Result<(), Failure> {
    let ExportReport { sources, pages, chunks, vectors, model, bytes } = report;
    let to = asked.to.display();
    let mut output = Output::new();
    if asked.json.json {
        output.json(&json!({
            "to": to.to_string(), "sources": sources, "pages": pages, "chunks": chunks, "vectors": vectors, "model": model,
            "bytes": bytes, "elapsed_ms": started.elapsed().as_millis() as u64
        }))?;
    } else {
        let of_file = match (asked.format, model) {
            (ExportFormat::Index, Some(model)) => format!(", {chunks} chunks, {vectors} vectors of {model}"),
            (ExportFormat::Index, None) => format!(", {chunks} chunks, no vectors"),
            _ => String::new(),
        };
        output.line(format!("{}: {pages} pages{of_file}", listed(sources)))?;
        output.line(format!("written to {to}, {bytes} bytes in {:.1} s", started.elapsed().as_secs_f64()))?;
    }
    Ok(output.finish()?)
}

pub async fn import(engine: &Engine, asked: cli::Import, shown: Shown) -> Result<(), Failure> {
    let started = Instant::now();
    let interrupted = interruption()?;
    let stopped = async {
        interrupted.asked().await;
        let kept = "the pages that were stored are kept, and their source is incomplete";
        Err(Failure::interrupted(kept, "import the same file again: what is stored costs little"))
    };
    // How many pages the file has is known at its end.
    let spinner = Spinner::new(shown);
    spinner.say("importing");
    let mut lines = Lines::new(engine.handle(), shown);
    let importing = engine.import(asked.file.clone(), existing(asked.replace));
    let say = || progress::say("importing", format_args!("{} s so far", started.elapsed().as_secs()));
    let imported = future::or(async { Ok(lines.during(importing, say).await?) }, stopped).await;
    spinner.clear();
    let report = imported?;
    tell_import(&report, &asked.file, asked.json.json, started)?;
    if !asked.no_index {
        progress::embed_unless_interrupted(engine, shown, &interrupted).await?;
    }
    Ok(())
}

fn tell_import(report: &ImportReport, file: &Path, as_json: bool, started: Instant) -> Result<(), Failure> {
    let ImportReport { sources, chunks, vectors, model, vectors_of_another_model, written } = report;
    let mut output = Output::new();
    if as_json {
        let of_source = |of: &smolcrawl::engine::Imported| {
            json!({
                "source": of.source, "pages": of.pages, "added": of.added, "replaced": of.replaced,
                "unchanged": of.unchanged, "removed": of.removed
            })
        };
        output.json(&json!({
            "from": file.display().to_string(), "sources": sources.iter().map(of_source).collect::<Vec<_>>(), "chunks": chunks,
            "vectors": vectors, "model": model, "vectors_of_another_model": vectors_of_another_model,
            "written": written.map(date), "written_unix": written.map(super::sources::seconds), "elapsed_ms": started.elapsed().as_millis() as u64
        }))?;
        return Ok(output.finish()?);
    }
    for of in sources {
        output.line(format!(
            "{}: {} pages: {} added, {} replaced, {} unchanged, {} removed",
            of.source, of.pages, of.added, of.replaced, of.unchanged, of.removed
        ))?;
    }
    let of_model = match (model, vectors_of_another_model) {
        (None, _) => "no vectors in the file".to_owned(),
        (Some(model), 0) => format!("{vectors} vectors of {model}"),
        (Some(model), left) => format!("{left} vectors of {model} left out, as they are of another model than yours"),
    };
    output.line(format!("{chunks} chunks, {of_model}, in {:.1} s", started.elapsed().as_secs_f64()))?;
    Ok(output.finish()?)
}

fn form_of(format: ExportFormat) -> Option<Form> {
    match format {
        ExportFormat::Index => None,
        ExportFormat::Markdown => Some(Form::Markdown),
        ExportFormat::LlmsTxt => Some(Form::LlmsTxt),
        ExportFormat::LlmsFull => Some(Form::LlmsFull),
        ExportFormat::Jsonl => Some(Form::JsonLines),
    }
}

fn existing(is_to_be_replaced: bool) -> Existing {
    if is_to_be_replaced { Existing::Replace } else { Existing::Refuse }
}

fn listed(sources: &[SourceId]) -> String {
    sources.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ")
}
