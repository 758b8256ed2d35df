//! `serve`: the MCP server on stdin and stdout, crawls and the embedding behind it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use futures_lite::future;
use smolcrawl::config::Config;
use smolcrawl::error::chain;
use smolcrawl::mcp::Wire;
use smolcrawl::tools::Background;
use smolcrawl::{Engine, tools};

use super::Failure;
use super::signals::interruption;
use crate::cli;
use crate::terminal::tell;

pub async fn run(engine: &Engine, asked: cli::Serve) -> Result<(), Failure> {
    let crawls = Background::new(engine);
    let server = tools::server(engine, &crawls).map_err(failure)?;
    let interrupted = interruption()?;
    // Before the first socket: a process that has run out of descriptors could not open it any more. Calls tell of what is wrong with
    // it, and those that need no database are answered.
    if engine.has_database()
        && let Err(error) = engine.sources_after(String::new(), String::new(), 1).await
    {
        log::error!("{}{}", error.chain(), error.hint().map_or_else(String::new, |hint| format!(" (hint: {hint})")));
    }
    if std::io::stdin().is_terminal() {
        tell!("{ON_A_TERMINAL}");
    }
    log::info!("serving on stdin and stdout");
    let mut behind = pin!(async {
        let tidying = future::zip(engine.keep_embedding(), engine.close_idle_connections());
        let refreshing = async {
            match asked.refresh {
                Some(age) => crawls.keep_fresh(age).await,
                None => future::pending().await,
            }
        };
        future::zip(crawls.drive(), future::zip(tidying, refreshing)).await;
        future::pending().await
    });
    let served = future::or(server.serve_stdio(Wire::Claim, engine.clone(), interrupted.asked()), behind.as_mut()).await;
    // What crawls have fetched is stored.
    let storing = async {
        crawls.end().await;
        Ok(())
    };
    let _ = engine.handle().timeout(LAST_PAGES, future::or(storing, behind)).await;
    served.map_err(failure)?;
    log::info!("served; {}", engine.http_counters());
    Ok(())
}

/// What is said here comes on top of what is set.
pub fn allow(config: &mut Config, asked: &cli::Serve) -> Result<(), Failure> {
    for path in &asked.allow_path {
        config.allowed_paths.push(there("--allow-path", path)?);
    }
    if let Some(path) = &asked.project {
        let path = there("--project", path)?;
        config.allowed_paths.push(path.clone());
        config.project = Some(path);
    }
    Ok(())
}

fn there(flag: &str, path: &Path) -> Result<PathBuf, Failure> {
    let hint = "name a folder that is there";
    let absolute = std::path::absolute(path).map_err(|error| Failure::new(format!("{flag} {}: {error}", path.display()), hint))?;
    match absolute.exists() {
        true => Ok(absolute),
        false => Err(Failure::new(format!("{flag} {}: there is nothing", path.display()), hint)),
    }
}

fn failure(error: smolcrawl::mcp::Error) -> Failure {
    Failure::new(chain(&error), error.hint().unwrap_or("run it from an MCP client"))
}

/// For people who look what it does.
const ON_A_TERMINAL: &str = "this is an MCP server: a client starts it and speaks with it over stdin and stdout.
`smolcrawl setup` lists the clients it knows, and `smolcrawl setup CLIENT` puts it into their configuration; elsewhere an entry names it:
{\"command\": \"smolcrawl\", \"args\": [\"serve\"]}
Ctrl-C ends it.";

/// How long pages that are fetched may take to be stored at the end. With what the server takes for its own end it is less than the
/// 2 s after which clients send SIGTERM.
const LAST_PAGES: Duration = Duration::from_millis(250);
