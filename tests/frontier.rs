//! What the addresses of a crawl that goes on take: 120 MB for a million of them. The memory of the process is looked at, so that this file
//! has one test; `SMOLCRAWL_FRONTIER=1000000 cargo test --test frontier -- --nocapture` measures a million.
#![cfg(target_os = "linux")]

#[path = "support/site.rs"]
mod site;

use std::time::SystemTime;

use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{Chunking, CrawlRequest, Resume};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{SourceId, SourceState, Trail};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::store::{self, Start, Store};
use tempfile::TempDir;

use site::Site;

/// In bytes, of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_frontier_takes_120_bytes_an_address() {
    let urls: u64 = std::env::var("SMOLCRAWL_FRONTIER").map_or(100_000, |number| number.parse().unwrap());
    let home = TempDir::new().unwrap();
    let database = home.path().join("index.db");
    let (sim, site) = (Sim::new(), Site::default());
    sim.host("a.test", ["10.0.0.1"]);
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
    sim.spawn(site.clone().serve(handle.clone(), listener, drop));
    site.page("a.test/", &["/first"]).page("a.test/first", &[]);
    let engine = || {
        let mut config = Config { environment: Environment::none(), ..Config::new(&database) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::None;
        Engine::with_handle(config, handle.clone()).unwrap()
    };
    let request = || CrawlRequest::parse(&["http://a.test/"]).unwrap().max_pages(u64::MAX).max_requests(40);
    // A crawl that was interrupted, and had found so many addresses.
    let first = engine();
    let begun = async {
        let mut crawling = first.crawl(request(), Chunking::default());
        while let Some(event) = crawling.next().await {
            event.unwrap();
        }
    };
    handle.block_on(begun);
    drop(first);
    {
        let (store, source) = (Store::open(&database, store::Config::default()).unwrap(), SourceId::named("a.test").unwrap());
        let recipe = store.sources().unwrap()[0].recipe.clone().unwrap();
        store.begin(&source, &recipe, Start::GoOn, SystemTime::now()).unwrap();
        store.record(&source, &Trail { done: vec!["http://a.test/".into(), "http://a.test/first".into()], ..Trail::default() }).unwrap();
        for part in (0..urls).collect::<Vec<_>>().chunks(10_000) {
            // Sixty bytes: as long as addresses of manuals are.
            let found =
                part.iter().map(|number| (format!("http://a.test/docs/manual/reference/part-{number:08}/page.html").into(), 1)).collect();
            store.record(&source, &Trail { found, left: urls, ..Trail::default() }).unwrap();
        }
        assert_eq!(store.sources().unwrap()[0].state, SourceState::Incomplete);
    }
    // What was needed to write them is known before.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident();
    let second = engine();
    let (left, all) = handle.block_on(async {
        let fill = second.plan(request(), None, Resume::Always).await.unwrap();
        let mut crawling = second.fill(fill, Chunking::default());
        let mut events = 0;
        // The start page, and some of what was found, which is not there.
        while events < 20 {
            crawling.next().await.unwrap().unwrap();
            events += 1;
        }
        (crawling.left(), events)
    });
    let took = resident().saturating_sub(before);
    eprintln!("{urls} addresses: {:.1} MB more at the most, {} bytes each", took as f64 / 1e6, took / urls);
    assert!(left >= urls - 40 && all == 20, "{left} of {urls}");
    // What a process takes anyway for a database and a crawl is the same for few and for many.
    assert!(took < 120 * urls + (24 << 20), "{took}");
}
