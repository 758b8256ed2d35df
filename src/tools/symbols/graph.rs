//! `query_knowledge_graph`: the commands of the Python server, answered from what is indexed. There is no graph and no Cypher here.

use serde::Deserialize;
use serde_json::{Value, json};

use schemars::JsonSchema;

use super::{LOOKS, MOST, Plain, found, listed};
use crate::engine::{Engine, SymbolKind, SymbolQuery};
use crate::mcp::{Context, Tool, ToolError};
use crate::tools::bound::{DEFAULT, line};
use crate::tools::reply::reply;
use crate::tools::untrusted::Untrusted;

pub fn query(engine: Engine) -> Tool {
    Tool::typed("query_knowledge_graph", QUERY, move |asked: Asked, _: Context| {
        let engine = engine.clone();
        async move { answer(&engine, &asked.command).await.map(|answer| Untrusted(Plain(answer))) }
    })
    .annotations(LOOKS)
    .without_output_schema()
}

async fn answer(engine: &Engine, command: &str) -> Result<Value, ToolError> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let of = |package: Option<&&str>| package.map(|package| (*package).to_owned());
    match (words.first().map(|word| word.to_ascii_lowercase()).as_deref(), &words[1.min(words.len())..]) {
        (Some("repos"), []) => {
            let packages = engine.known_packages().await.map_err(|error| reply(&error))?;
            let shown: Vec<_> = packages.iter().take(MOST).map(|(name, symbols)| json!({ "package": name, "symbols": symbols })).collect();
            Ok(json!({ "repositories": shown, "total": packages.len() }))
        }
        (Some("explore"), [package]) => {
            let kinds = engine.count_kinds((*package).to_owned()).await.map_err(|error| reply(&error))?;
            Ok(json!({ "package": package, "symbols": kinds }))
        }
        (Some("classes"), rest @ ([] | [_])) if !rest.is_empty() => {
            let mut all = Vec::new();
            for kind in [SymbolKind::Class, SymbolKind::Struct, SymbolKind::Enum, SymbolKind::Trait, SymbolKind::Interface] {
                let query = SymbolQuery { package: of(rest.first()), kind: Some(kind), limit: MOST, ..SymbolQuery::default() };
                let mut of_kind = listed(engine, query, DEFAULT / 2).await?;
                // A command takes no offset.
                if let Some(next) = of_kind.next_offset.take() {
                    of_kind.notice = Some(format!(
                        "there are more: list_symbols with package {:?}, kind {:?} and offset {next} goes on",
                        line(rest[0]),
                        kind.name()
                    ));
                }
                all.push(of_kind);
            }
            Ok(json!({ "classes": all }))
        }
        (Some("class"), [name]) => {
            let query = SymbolQuery { name: (*name).to_owned(), limit: MOST, ..SymbolQuery::default() };
            let found = engine.find_symbols(query.clone()).await.map_err(|error| reply(&error))?;
            let class = found.found.iter().find(|of| SymbolKind::of_name(of.kind).is_some_and(SymbolKind::has_members));
            let Some(class) = class else { return Ok(json!(super::found(engine, query, DEFAULT).await?)) };
            let members = SymbolQuery { name: class.path.clone(), package: Some(class.package.clone()), ..query };
            Ok(json!({ "class": class, "members": listed(engine, members, DEFAULT).await? }))
        }
        (Some("method"), [name, class @ ..]) if class.len() <= 1 => {
            let name = class.first().map_or_else(|| (*name).to_owned(), |class| format!("{class}.{name}"));
            Ok(json!(found(engine, SymbolQuery { name, limit: MOST, ..SymbolQuery::default() }, DEFAULT).await?))
        }
        (Some("query"), _) => Err(ToolError::new("there is no graph database, and no Cypher").hint(COMMANDS)),
        _ => Err(ToolError::new(format!("{:?} is no command", line(command))).hint(COMMANDS)),
    }
}

#[derive(Deserialize, JsonSchema)]
struct Asked {
    /// repos; explore or classes PACKAGE; class NAME; method NAME
    command: String,
}

const QUERY: &str = "find_symbol by commands.";
const COMMANDS: &str =
    "commands are repos, explore PACKAGE, classes PACKAGE, class NAME and method NAME [CLASS]; find_symbol takes any name";
