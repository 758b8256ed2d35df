//! What a question to the stored pages has of the symbols of packages: those that it names exactly, and the project whose versions come first.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::mcp::{Context, ToolError};
use crate::model::SourceId;
use crate::tools::{reply, symbols};

/// The project whose versions are meant.
pub async fn project(engine: &Engine, named: Option<&str>, context: &Context) -> Result<Option<PathBuf>, ToolError> {
    symbols::project(engine, named, context).await
}

/// The symbols that a question names.
pub async fn named(engine: &Engine, question: &str, project: Option<&PathBuf>) -> Result<Vec<Value>, ToolError> {
    let found = engine.exact_symbols(question, project.cloned()).await.map_err(|error| reply(&error))?;
    Ok(found.into_iter().map(|symbol| json!(symbol)).collect())
}

/// The sources to look into, where some are left out as they are of other versions than the project's; with what is said of that.
pub async fn preferred(engine: &Engine, project: Option<&PathBuf>) -> Result<Option<(Vec<SourceId>, String)>, ToolError> {
    let Some(project) = project else { return Ok(None) };
    let preferred = engine.sources_of_project(project.clone()).await.map_err(|error| reply(&error))?;
    Ok(preferred.map(|(sources, left_out)| {
        (
            sources,
            format!(
                "packages in the versions of {}; {left_out} sources of other versions left out, project: none takes them in",
                project.display()
            ),
        )
    }))
}
