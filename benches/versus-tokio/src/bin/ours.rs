//! A program that crawls a site into a store and serves MCP, by this library.
//!
//!     ours URL DATABASE       ours serve

use std::path::Path;

use smolcrawl::config::Embeddings;
use smolcrawl::engine::Engine;
use smolcrawl::reactor::{Choice, choose};
use versus_tokio::ours;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word] if word == "serve" => Ok(ours::serve(&choose(Choice::default())?.0)?),
        [url, database] => {
            let engine = Engine::new(ours::config(Path::new(database), Embeddings::None))?;
            let report = engine.handle().block_on(ours::crawl(&engine, &ours::seed(url)?, 16))?;
            eprintln!("{} pages", report.pages);
            Ok(())
        }
        _ => Err("ours URL DATABASE, or ours serve".into()),
    }
}
