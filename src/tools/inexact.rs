//! In the place of `exact` where no source code is read: no question names a symbol, and there are no projects.

use std::path::PathBuf;

use serde_json::Value;

use crate::engine::Engine;
use crate::mcp::{Context, ToolError};
use crate::model::SourceId;

pub async fn project(_: &Engine, _: Option<&str>, _: &Context) -> Result<Option<PathBuf>, ToolError> {
    Ok(None)
}

pub async fn named(_: &Engine, _: &str, _: Option<&PathBuf>) -> Result<Vec<Value>, ToolError> {
    Ok(Vec::new())
}

pub async fn preferred(_: &Engine, _: Option<&PathBuf>) -> Result<Option<(Vec<SourceId>, String)>, ToolError> {
    Ok(None)
}
