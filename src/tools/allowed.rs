//! What a client may have read of this disk: what lies below the roots that it names, and below the folders that the user allows. Everything
//! else is refused, whether it is there or not.

use std::path::PathBuf;

use crate::engine::{Engine, Origin};
use crate::error::Error;
use crate::mcp::{AskError, Context, ToolError};
use crate::tools::bound::line;
use crate::tools::reply;

/// What was given, as it is understood here, with the folders that it may lie below.
pub async fn origin(engine: &Engine, context: &Context, text: &str) -> Result<(Origin, Vec<PathBuf>), ToolError> {
    let allowed = engine.config().allowed_paths.clone();
    // A client is not asked for what is no path, or is allowed anyway.
    let first = engine.origin_below(text.to_owned(), allowed.clone()).await;
    match &first {
        Err(Error::Files(error)) if error.is_outside() || error.is_not_found() => {}
        Ok(Origin::Package(_)) => {}
        _ => return Ok((first.map_err(|error| reply(&error))?, allowed)),
    }
    let folders: Vec<PathBuf> = roots(context).await?.into_iter().chain(allowed).collect();
    // What a project of the client's user has is meant before what lies in a folder that is allowed.
    let found = match first {
        Ok(package) => package,
        Err(_) => engine.origin_below(text.to_owned(), folders.clone()).await.map_err(|error| refused(&error, text))?,
    };
    Ok((found, folders))
}

/// Where a path leads that a client names, for tools that take nothing but paths, with the folders that it may lie below.
#[cfg_attr(not(feature = "code"), expect(dead_code, reason = "tools that check code and read projects take paths alone"))]
pub async fn path(engine: &Engine, context: &Context, text: &str) -> Result<(PathBuf, Vec<PathBuf>), ToolError> {
    let asked = Engine::folder_of(text.trim()).unwrap_or_else(|| PathBuf::from(text.trim()));
    match engine.path_below(asked.clone(), Vec::new()).await {
        Err(Error::Files(ref error)) if error.is_outside() || error.is_not_found() => {}
        path => return Ok((path.map_err(|error| reply(&error))?, Vec::new())),
    }
    let folders = roots(context).await?;
    let found = engine.path_below(asked, folders.clone()).await;
    Ok((found.map_err(|error| refused(&error, text))?, folders))
}

/// The folders of this machine that the client names as its roots; none where it has none.
pub async fn roots(context: &Context) -> Result<Vec<PathBuf>, ToolError> {
    match context.roots().await {
        Ok(roots) => Ok(roots.iter().filter_map(|root| Engine::folder_of(&root.uri)).collect()),
        // It has no roots to name, or names none.
        Err(AskError::Undeclared { .. } | AskError::Refused { .. } | AskError::Unaskable { .. } | AskError::TimedOut { .. }) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(error: &Error, text: &str) -> ToolError {
    match error {
        Error::Files(files) if files.is_outside() => ToolError::new(format!("{:?} lies outside of what may be read", line(text))).hint(
            "only what lies below the client's roots may be, or below a folder that the user allows: `smolcrawl serve --allow-path FOLDER`",
        ),
        error => reply(error),
    }
}
