//! `serve`: the MCP server on stdin and stdout, the embedding behind it.

use futures_lite::future;
use smolcrawl::error::chain;
use smolcrawl::mcp::Wire;
use smolcrawl::{Engine, tools};

use super::Failure;
use super::signals::interruption;

pub async fn run(engine: &Engine) -> Result<(), Failure> {
    let server = tools::server(engine).map_err(failure)?;
    let interrupted = interruption()?;
    log::info!("serving on stdin and stdout");
    let embedding = async {
        engine.keep_embedding().await;
        future::pending().await
    };
    future::or(server.serve_stdio(Wire::Claim, engine.clone(), interrupted.asked()), embedding).await.map_err(failure)?;
    log::info!("served; {}", engine.http_counters());
    Ok(())
}

fn failure(error: smolcrawl::mcp::Error) -> Failure {
    Failure::new(chain(&error), error.hint().unwrap_or("run it from an MCP client"))
}
