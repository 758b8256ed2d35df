//! `export_sources` and `import_sources`: an index that is built once and read by others. Files are named within the share folder alone.

use std::time::Duration;

use futures_lite::future;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Existing, Export, Form, Imported};
use crate::mcp::{Annotations, Context, Tool, ToolError};
use crate::model::SourceId;
use crate::tools::background::Background;
use crate::tools::reply;
use crate::tools::sources::meant;

pub fn export(engine: Engine) -> Tool {
    Tool::typed("export_sources", EXPORT, move |asked: Exported, context: Context| {
        let engine = engine.clone();
        async move { write(&engine, asked, &context).await }
    })
    .title("Export sources")
    .without_output_schema()
    .annotations(Annotations { destructive: Some(true), idempotent: Some(true), open_world: Some(false), ..Annotations::default() })
}

pub fn import(engine: Engine, background: Background) -> Tool {
    Tool::typed("import_sources", IMPORT, move |asked: Import, context: Context| {
        let (engine, background) = (engine.clone(), background.clone());
        async move { read(&engine, &background, asked, &context).await }
    })
    .title("Import sources")
    .without_output_schema()
    .annotations(Annotations { destructive: Some(true), idempotent: Some(true), open_world: Some(false), ..Annotations::default() })
}

async fn write(engine: &Engine, asked: Exported, context: &Context) -> Result<Written, ToolError> {
    let mut sources: Vec<SourceId> = Vec::new();
    for named in &asked.sources {
        sources.extend(meant(engine, named).await?.default);
    }
    if sources.is_empty() {
        return Err(ToolError::new("no source is named").hint("name those that get_available_sources lists"));
    }
    let to = engine.share_target(asked.file.trim().to_owned()).await.map_err(|error| reply(&error))?;
    let export = Export { form: asked.format.form(), existing: existing(asked.replace), ..Export::new(sources, &to) };
    let report = watched(engine, context, "exporting", engine.export(export)).await.map_err(|error| reply(&error))?;
    Ok(Written {
        file: to.display().to_string(),
        sources: report.sources.iter().map(SourceId::to_string).collect(),
        pages: report.pages,
        vectors: report.vectors,
        bytes: report.bytes,
    })
}

async fn read(engine: &Engine, background: &Background, asked: Import, context: &Context) -> Result<Read, ToolError> {
    let from = engine.shared_file(asked.file.trim().to_owned()).await.map_err(|error| reply(&error))?;
    if let (true, Some(job)) = (asked.replace, background.all().into_iter().find(|job| job.is_running())) {
        // Which sources the file has is known when all of it is read.
        return Err(ToolError::new(format!("{} is at work, perhaps on what would be replaced", job.id))
            .hint(format!("end it with cancel_crawl {}, or wait for it with crawl_status", job.id)));
    }
    let report =
        watched(engine, context, "importing", engine.import(from, existing(asked.replace))).await.map_err(|error| reply(&error))?;
    report.sources.iter().for_each(|of| background.changes().listed(of.source.clone()));
    let left_out = report.vectors_of_another_model;
    let notice = (left_out > 0).then(|| {
        let model = report.model.as_deref().unwrap_or("another model");
        format!(
            "{left_out} vectors of {model} were left out, as they are of another model; pages are found by words until they are embedded"
        )
    });
    Ok(Read { sources: report.sources.iter().map(Summed::of).collect(), vectors: report.vectors, notice })
}

fn existing(is_to_be_replaced: bool) -> Existing {
    if is_to_be_replaced { Existing::Replace } else { Existing::Refuse }
}

/// Work that takes a while, with a sign of life every second.
async fn watched<T>(engine: &Engine, context: &Context, what: &str, work: impl Future<Output = T>) -> T {
    let watching = async {
        for second in 0_u32.. {
            context.progress(second.into(), None, format!("{what}, {second} s so far"));
            engine.handle().sleep(Duration::from_secs(1)).await;
        }
        future::pending().await
    };
    future::or(work, watching).await
}

#[derive(Deserialize, JsonSchema)]
struct Exported {
    /// As get_available_sources names them
    sources: Vec<String>,
    /// Its name in the share folder, such as docs.smolcrawl
    file: String,
    /// index is what import_sources reads; markdown makes a folder
    #[serde(default)]
    format: Format,
    /// Replace a file of that name
    #[serde(default)]
    replace: bool,
}

// As share::Form, which knows no schema.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Index,
    Markdown,
    LlmsTxt,
    LlmsFull,
    Jsonl,
}

impl Format {
    fn form(self) -> Option<Form> {
        match self {
            Self::Index => None,
            Self::Markdown => Some(Form::Markdown),
            Self::LlmsTxt => Some(Form::LlmsTxt),
            Self::LlmsFull => Some(Form::LlmsFull),
            Self::Jsonl => Some(Form::JsonLines),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Import {
    /// Its name in the share folder
    file: String,
    /// Put its sources in the place of those that are stored
    #[serde(default)]
    replace: bool,
}

#[derive(Serialize, JsonSchema)]
struct Written {
    // Where it is.
    file: String,
    #[schemars(skip)]
    sources: Vec<String>,
    pages: u64,
    #[schemars(skip)]
    vectors: u64,
    #[schemars(skip)]
    bytes: u64,
}

#[derive(Serialize, JsonSchema)]
struct Read {
    #[schemars(with = "Vec<serde_json::Value>")]
    sources: Vec<Summed>,
    #[schemars(skip)]
    vectors: u64,
    // What was left out.
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
struct Summed {
    source: String,
    pages: u64,
    added: u64,
    replaced: u64,
    unchanged: u64,
    removed: u64,
}

impl Summed {
    fn of(imported: &Imported) -> Self {
        let Imported { source, pages, added, replaced, unchanged, removed } = imported;
        let source = source.to_string();
        Self { source, pages: *pages, added: *added, replaced: *replaced, unchanged: *unchanged, removed: *removed }
    }
}

const EXPORT: &str = "Writes sources to a file in the server's share folder, for others to import, or as texts.";
const IMPORT: &str = "Stores the sources of a file in the share folder, with pages and vectors. Nothing is fetched.";
