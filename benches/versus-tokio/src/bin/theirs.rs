//! The same program as a Rust programmer would write it on Tokio.
//!
//!     theirs URL DATABASE     theirs serve

use std::path::Path;
use std::sync::Arc;

use smolcrawl::store::{Config, Store};
use versus_tokio::{ours, theirs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word] if word == "serve" => theirs::echo::serve(&theirs::current_thread()),
        [url, database] => {
            let store = Store::open(Path::new(database), Config::default())?;
            let crawl = theirs::crawl::Crawl::new(theirs::client(None)?, 16, Some(Arc::new(store)));
            let found = theirs::two_workers().block_on(crawl.run(ours::seed(url)?)).map_err(|error| error as Box<dyn std::error::Error>)?;
            eprintln!("{} pages", found.pages);
            Ok(())
        }
        _ => Err("theirs URL DATABASE, or theirs serve".into()),
    }
}
