//! `index_project`, `find_symbol`, `list_symbols` and `check_code`: what the packages that a project uses offer, at exactly its versions,
//! and code held against it. Under the names that the Python server has, `check_ai_script_hallucinations` and `query_knowledge_graph` are
//! thin forms of the same.

mod graph;

use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::engine::{
    CodeChecked, Engine, FoundSymbol, Include, ProjectReport, Reference, SymbolHow, SymbolKind, SymbolPrefix, SymbolQuery,
};
use crate::error::Error;
use crate::mcp::{Annotations, Answer, Context, Output, Tool, ToolError};
use crate::tools::bound::{DEFAULT, cost, line, room};
use crate::tools::reply::{for_client, reply};
use crate::tools::untrusted::Untrusted;
use crate::tools::{allowed, given};

pub use self::graph::query;

pub fn index(engine: Engine) -> Tool {
    Tool::typed("index_project", INDEX, move |asked: Project, context: Context| {
        let engine = engine.clone();
        async move { read_project(&engine, asked, &context).await.map(Plain) }
    })
    .annotations(Annotations { destructive: Some(false), ..Annotations::default() })
    .without_output_schema()
}

pub fn find(engine: Engine) -> Tool {
    Tool::typed("find_symbol", FIND, move |asked: Name, context: Context| {
        let engine = engine.clone();
        async move {
            let query = SymbolQuery {
                name: asked.name,
                package: given(asked.package),
                version: given(asked.version),
                kind: kind(asked.kind.as_deref())?,
                by_prefix: if asked.prefix { SymbolPrefix::Begins } else { SymbolPrefix::Whole },
                everywhere: asked.project.as_deref().is_some_and(|named| named.trim() == "none"),
                project: project(&engine, asked.project.as_deref(), &context).await?,
                offset: asked.offset as usize,
                limit: MOST,
            };
            found(&engine, query, DEFAULT).await.map(|found| Untrusted(Plain(found)))
        }
    })
    .annotations(LOOKS)
    .without_output_schema()
}

pub fn list(engine: Engine) -> Tool {
    Tool::typed("list_symbols", LIST, move |asked: Module, context: Context| {
        let engine = engine.clone();
        async move {
            let query = SymbolQuery {
                name: asked.module,
                package: given(asked.package),
                kind: kind(asked.kind.as_deref())?,
                project: project(&engine, None, &context).await?,
                offset: asked.offset as usize,
                limit: MOST,
                ..SymbolQuery::default()
            };
            listed(&engine, query, DEFAULT).await.map(|listed| Untrusted(Plain(listed)))
        }
    })
    .annotations(LOOKS)
    .without_output_schema()
}

pub fn check(engine: Engine) -> Tool {
    Tool::typed("check_code", CHECK, move |asked: Code, context: Context| {
        let engine = engine.clone();
        async move {
            let project = project(&engine, asked.project.as_deref(), &context).await?;
            let checked = engine.check_named(asked.code, &asked.language, project).await.map_err(|error| reply(&error))?;
            verdicts(&checked, DEFAULT).map(|checked| Untrusted(Plain(checked)))
        }
    })
    .annotations(LOOKS)
    .without_output_schema()
}

pub fn check_script(engine: Engine) -> Tool {
    Tool::typed("check_ai_script_hallucinations", SCRIPT, move |asked: Script, context: Context| {
        let engine = engine.clone();
        async move {
            let (path, _) = allowed::path(&engine, &context, &asked.script_path).await?;
            let checked = engine.check_file(path).await.map_err(|error| reply(&error))?;
            verdicts(&checked, DEFAULT).map(|checked| Untrusted(Plain(checked)))
        }
    })
    .annotations(LOOKS)
    .without_output_schema()
}

const LOOKS: Annotations = Annotations { read_only: Some(true), destructive: None, idempotent: None, open_world: None };

async fn read_project(engine: &Engine, asked: Project, context: &Context) -> Result<Indexed, ToolError> {
    let (path, folders) = match asked.path.as_deref().map(str::trim).filter(|path| !path.is_empty()) {
        Some(path) => allowed::path(engine, context, path).await?,
        None => {
            let roots = match &engine.config().project {
                Some(project) => vec![project.clone()],
                None => allowed::roots(context).await?,
            };
            let first = roots.first().cloned().ok_or_else(|| {
                ToolError::new("no project is named, and the client names no folder that its user works in")
                    .hint("name the project's folder as path")
            })?;
            (first, roots)
        }
    };
    let include = match asked.include {
        Which::Direct => Include::Direct,
        Which::All => Include::All,
    };
    let begun = engine.handle().now();
    let mut reading = engine.read_project_below(path, include, folders).await.map_err(|error| reply(&error))?;
    let total = reading.total();
    while let Some(read) = reading.next().await.map_err(|error| reply(&error))? {
        context.progress(read.at as f64, Some(total as f64), format!("{} ({} of {total})", read.package, read.at));
        if engine.handle().now().duration_since(begun) > PATIENCE && read.at < total {
            let notice = format!("{} of {total} packages are read so far: call index_project again, it goes on with the others", read.at);
            return Ok(Indexed { state: "running", report: None, notice: Some(notice) });
        }
    }
    let mut report = reading.finish().await.map_err(|error| reply(&error))?;
    let missing = report.missing.len();
    report.missing.truncate(LISTED);
    report.notes.truncate(LISTED);
    let notice = (missing > LISTED).then(|| format!("{} more packages are missing", missing - LISTED));
    Ok(Indexed { state: "done", report: Some(report), notice })
}

async fn found(engine: &Engine, query: SymbolQuery, max_chars: u32) -> Result<Symbols, ToolError> {
    let offset = query.offset;
    let found = engine.find_symbols(query).await.map_err(|error| reply(&error))?;
    past_the_end(offset, found.total)?;
    let is_near = found.found.first().is_some_and(|first| first.how.is_some_and(|how| how == SymbolHow::Near));
    let notice = match (found.found.is_empty(), is_near) {
        (true, _) => Some("nothing is called so in what was searched".to_owned()),
        (_, true) => Some("nothing is called so; these are nearly".to_owned()),
        _ => None,
    };
    let of = found.project.as_ref().map(|project| format!("in the versions of {}", project.display()));
    fitted(found.found, found.left_off, offset, [notice, of], found.not_searched, max_chars)
}

async fn listed(engine: &Engine, query: SymbolQuery, max_chars: u32) -> Result<Symbols, ToolError> {
    let offset = query.offset;
    let listed = engine.list_symbols(query).await.map_err(|error| reply(&error))?;
    past_the_end(offset, listed.total)?;
    let left_off = listed.total.saturating_sub(offset + listed.symbols.len());
    let nothing = (listed.total == 0).then(|| "there is nothing of the kind in it".to_owned());
    fitted(listed.symbols, left_off, offset, [nothing, None], listed.not_searched, max_chars)
}

/// Where the answer before was the last, there is something all the same.
fn past_the_end(offset: usize, total: usize) -> Result<(), ToolError> {
    match total {
        1.. if offset >= total => Err(ToolError::new(format!("offset is {offset}, and there are {total}"))
            .hint(format!("offset may be 0 to {}; take it from next_offset", total - 1))),
        _ => Ok(()),
    }
}

/// As many as fit, in their order.
fn fitted(
    symbols: Vec<FoundSymbol>,
    left_off: usize,
    offset: usize,
    notices: [Option<String>; 2],
    not_searched: Vec<String>,
    max_chars: u32,
) -> Result<Symbols, ToolError> {
    let notice = Some(notices.into_iter().flatten().collect::<Vec<_>>().join("; ")).filter(|notice| !notice.is_empty());
    let not_searched = not_searched.iter().map(|what| line(&for_client(what))).collect();
    let mut answer = Symbols { symbols: Vec::new(), next_offset: None, notice, not_searched };
    let mut left = room(max_chars, &answer)?;
    let total = symbols.len() + left_off;
    for mut symbol in symbols {
        // The place is the same, and is how files are named to each other.
        symbol.url = None;
        if answer.symbols.is_empty() && cost(&symbol) + 1 > left {
            symbol.doc = line(&symbol.doc);
            symbol.signature = line(&symbol.signature);
        }
        let Some(rest) = left.checked_sub(cost(&symbol) + 1) else { break };
        left = rest;
        answer.symbols.push(symbol);
    }
    if answer.symbols.len() < total {
        answer.next_offset = Some(offset + answer.symbols.len());
    }
    Ok(answer)
}

/// What is wrong first, then what cannot be told, then what exists; each in the order of the code.
fn verdicts(checked: &CodeChecked, max_chars: u32) -> Result<Checks, ToolError> {
    let counts = checked.counts();
    let not_indexed = checked.not_indexed.iter().map(|what| line(&for_client(what))).collect();
    let mut answer = Checks {
        exist: counts.exist,
        do_not_exist: counts.missing,
        unknown: counts.unknown,
        not_in_lock: counts.outside,
        references: Vec::new(),
        project: checked.project.clone(),
        not_indexed,
        notice: None,
    };
    let mut left = room(max_chars, &answer)?;
    let mut order: Vec<&Reference> = checked.references.iter().collect();
    order.sort_by_key(|reference| reference.rank());
    for reference in &order {
        let mut entry = json!(reference.checked);
        entry["why"] = json!(for_client(&reference.checked.why));
        entry["package"] = json!(reference.checked.package.as_ref().map(ToString::to_string));
        if let Some(fields) = entry.as_object_mut() {
            fields.remove("offset");
            fields.retain(|_, value| !value.is_null() && value != "" && *value != json!([]));
        }
        let Some(rest) = left.checked_sub(cost(&entry) + 1) else { break };
        left = rest;
        answer.references.push(entry);
    }
    let more = order.len() - answer.references.len();
    if more > 0 {
        answer.notice =
            Some(format!("{more} more references do not fit, none of them worse than the last one here: check a part of the code"));
    }
    Ok(answer)
}

/// The project whose versions are meant: the one that is named, the one that the client's user works in, or the only one there is.
pub(super) async fn project(engine: &Engine, named: Option<&str>, context: &Context) -> Result<Option<PathBuf>, ToolError> {
    let known = if engine.has_database() { engine.projects().await.map_err(|error| reply(&error))? } else { Vec::new() };
    match named.map(str::trim).filter(|named| !named.is_empty()) {
        Some("none") => Ok(None),
        Some(path) => match known_project(engine, path, &known, context).await? {
            Some(project) => Ok(Some(project)),
            None => Err(reply(&Error::UnknownProject { path: path.into(), known })),
        },
        None if known.is_empty() => Ok(None),
        None => {
            // Whoever started the server has said which.
            if let Some(path) = &engine.config().project {
                return engine.project_of(path).await.map_err(|error| reply(&error));
            }
            for root in allowed::roots(context).await? {
                let above = engine.project_of(&root).await.map_err(|error| reply(&error))?;
                // Where a folder has one project in it, that is meant.
                let below: Vec<_> = known.iter().filter(|project| project.starts_with(&root)).collect();
                match (above, &*below) {
                    (Some(project), _) => return Ok(Some(project)),
                    (None, [project]) => return Ok(Some((*project).clone())),
                    _ => {}
                }
            }
            Ok(match &*known {
                [only] => Some(only.clone()),
                _ => None,
            })
        }
    }
}

/// The innermost project that a path lies in by its name alone; one that lies in none is looked at only where the client may have it read.
async fn known_project(engine: &Engine, path: &str, known: &[PathBuf], context: &Context) -> Result<Option<PathBuf>, ToolError> {
    let named = Engine::named_below(path.as_ref(), known);
    if let Some(project) = named.into_iter().max_by_key(|project| project.components().count()) {
        return Ok(Some(project.clone()));
    }
    match allowed::path(engine, context, path).await {
        Ok((path, _)) => engine.project_of(&path).await.map_err(|error| reply(&error)),
        Err(_) => Ok(None),
    }
}

fn kind(named: Option<&str>) -> Result<Option<SymbolKind>, ToolError> {
    match named.map(str::trim).filter(|named| !named.is_empty()) {
        None => Ok(None),
        Some(named) => SymbolKind::of_name(named).map(Some).ok_or_else(|| {
            ToolError::new(format!("there is no kind {:?}", line(named)))
                .hint("as function, method, struct, enum, trait, class, module or constant")
        }),
    }
}

/// An answer whose form is told by its names alone: a table of tools is read before every question.
struct Plain<T>(T);

impl<T: Serialize + Send> Output for Plain<T> {
    type Structured = Object;

    fn into_answer(self) -> Result<Answer, ToolError> {
        let value = serde_json::to_value(&self.0).map_err(|error| ToolError::new(format!("the answer has no JSON form: {error}")))?;
        Ok(Answer::structured(value))
    }
}

struct Object;

impl JsonSchema for Object {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Object".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

#[derive(Deserialize, JsonSchema)]
struct Project {
    /// By default the folder the user works in
    #[serde(default)]
    path: Option<String>,
    /// direct: not what they use
    #[serde(default)]
    include: Which,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Which {
    Direct,
    #[default]
    All,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    /// Or the end of a path: TaskGroup.create_task
    name: String,
    /// As serde or serde@1.0.219
    #[serde(default)]
    package: Option<String>,
    /// Of the package
    #[serde(default)]
    version: Option<String>,
    /// As function, method, class
    #[serde(default)]
    kind: Option<String>,
    /// Also longer names
    #[serde(default)]
    prefix: bool,
    /// A folder; none for all packages
    #[serde(default)]
    project: Option<String>,
    /// next_offset
    #[serde(default)]
    offset: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Module {
    /// Or type; empty for a whole package
    #[serde(default)]
    module: String,
    /// As in find_symbol
    #[serde(default)]
    package: Option<String>,
    /// Only of this kind
    #[serde(default)]
    kind: Option<String>,
    /// next_offset
    #[serde(default)]
    offset: u32,
}

#[derive(Deserialize, JsonSchema)]
struct Code {
    /// The code
    code: String,
    /// python, rust, javascript, typescript
    language: String,
    /// As in find_symbol
    #[serde(default)]
    project: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Script {
    /// A file that may be read
    script_path: String,
}

#[derive(Serialize)]
struct Indexed {
    state: &'static str,
    #[serde(flatten)]
    report: Option<ProjectReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

#[derive(Serialize)]
struct Symbols {
    symbols: Vec<FoundSymbol>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_searched: Vec<String>,
}

#[derive(Serialize)]
struct Checks {
    exist: usize,
    do_not_exist: usize,
    unknown: usize,
    not_in_lock: usize,
    references: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_indexed: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
}

/// Clients give up after 60 s without an answer, some whatever the progress.
const PATIENCE: Duration = Duration::from_secs(45);
/// Symbols that one answer looks for: as many as could fit.
const MOST: usize = 200;
/// Of what is missing, and of notes.
const LISTED: usize = 30;
const INDEX: &str = "Reads the packages a project uses, at its lock file's versions, from the disk; tells what is missing.";
const FIND: &str = "Functions, types, modules by name in the project's packages: signature, doc, place. Ask before you use an API.";
const LIST: &str = "What a module or type offers.";
const CHECK: &str = "Whether the names that code uses exist: exists, does_not_exist, unknown, not_in_lock.";
const SCRIPT: &str = "check_code for a file.";
