//! `smolcrawl serve` as a process: how crawls behind the answers end with it, two servers on one database, and what a question to
//! an empty one leaves behind.
#![cfg(feature = "cli")]

#[path = "support/ask_to_end.rs"]
mod ask_to_end;
#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use ask_to_end::{ask_to_end, in_a_console, requests};
use binary::{Server, report, run, serve, text};
use site::{Reply, Site, page};

/// What clients allow between the end of input and SIGTERM. The server takes 1.5 s at most; the rest is for a busy machine.
/// Wine takes its time to end a process.
const PROMISED_END: Duration = Duration::from_secs(if cfg!(windows) { 20 } else { 2 });

/// A chain of pages, each of which takes a while and links to the next: its URL, and the site.
fn chain(pages: usize, each: Duration) -> (String, Site) {
    let site = Site::default();
    let address = serve(&site);
    for number in 0..pages {
        let at = if number == 0 { format!("{address}/") } else { format!("{address}/{number}") };
        site.reply(&at, Reply::html(page(&format!("page {number}"), &[&format!("/{}", number + 1)])).after(each));
    }
    (format!("http://{address}/"), site)
}

fn structured(answer: &Value) -> Value {
    assert!(answer["isError"].is_null(), "{answer}");
    answer["structuredContent"].clone()
}

/// Asks until so many pages of the crawl are stored.
fn until_stored(server: &mut Server, id: &mut u32, crawl: &Value, pages: u64) -> u64 {
    loop {
        *id += 1;
        let crawl = structured(&server.call(*id, "crawl_status", json!({ "crawl_id": crawl, "wait_seconds": 0 })))["crawls"][0].clone();
        assert_eq!(crawl["state"], json!("running"), "{crawl}");
        let stored = crawl["pages_stored"].as_u64().unwrap();
        if stored >= pages {
            return stored;
        }
    }
}

fn pages(home: &TempDir) -> u64 {
    let listed = report(&run(home.path(), &["sources", "--db", "x.db", "--json"]));
    listed["sources"].as_array().unwrap().iter().map(|source| source["pages"].as_u64().unwrap()).sum()
}

#[test]
fn a_crawl_in_the_background_ends_with_its_server_and_loses_nothing() {
    in_a_console("a_crawl_in_the_background_ends_with_its_server_and_loses_nothing", || {
        let (url, site) = chain(10_000, Duration::from_millis(20));
        for request in [None].into_iter().chain(requests().iter().map(Some)) {
            let home = TempDir::new().unwrap();
            let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
            server.initialize();
            let begun = structured(&server.call(2, "smart_crawl_url", json!({ "url": url, "max_depth": 100, "wait_seconds": 0 })));
            assert_eq!(begun["state"], json!("running"), "{begun}");
            let stored = until_stored(&mut server, &mut 2, &begun["crawl_id"], 5);
            let asked = Instant::now();
            let output = match request {
                None => server.end(),
                Some(request) => {
                    ask_to_end(request, server.id());
                    server.wait()
                }
            };
            assert!(asked.elapsed() < PROMISED_END, "{request:?}: {:?}", asked.elapsed());
            assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{request:?}");
            let kept = pages(&home);
            assert!(kept >= stored, "{request:?}: {kept} of {stored}");
            // What was asked for is stored, but for the request that was in flight.
            let asked = site.targets().len() as u64;
            assert!(asked >= kept, "{request:?}");
        }
    });
}

#[test]
fn a_call_that_waits_for_a_crawl_ends_with_its_server() {
    let (url, _site) = chain(10_000, Duration::from_millis(200));
    let home = TempDir::new().unwrap();
    let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
    server.initialize();
    let call = json!({ "name": "smart_crawl_url", "arguments": { "url": url, "max_depth": 100 } });
    server.tell(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call }));
    let begun = structured(&server.call(3, "crawl_status", json!({})));
    let stored = until_stored(&mut server, &mut 3, &begun["crawls"][0]["crawl_id"], 2);
    let asked = Instant::now();
    let output = server.end();
    assert!(asked.elapsed() < PROMISED_END, "{:?}", asked.elapsed());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(pages(&home) >= stored);
}

#[test]
fn two_servers_share_a_database_and_neither_waits_for_the_other() {
    let home = TempDir::new().unwrap();
    let (slow, _slow) = chain(10_000, Duration::from_millis(50));
    let (quick, _quick) = chain(20, Duration::ZERO);
    let [mut one, mut other] = [(), ()].map(|()| Server::start(home.path(), &["--db", "x.db", "--allow-private"]));
    one.initialize();
    other.initialize();
    let begun = structured(&one.call(2, "smart_crawl_url", json!({ "url": slow, "max_depth": 100, "wait_seconds": 0 })));
    let mut id = 2;
    until_stored(&mut one, &mut id, &begun["crawl_id"], 3);

    // The other crawls and asks meanwhile, and sees what the first has stored.
    let asked = Instant::now();
    let crawled = structured(&other.call(2, "smart_crawl_url", json!({ "url": quick, "max_depth": 100 })));
    assert_eq!((&crawled["state"], &crawled["pages_stored"]), (&json!("done"), &json!(20)), "{crawled}");
    let sources = structured(&other.call(3, "get_available_sources", json!({})));
    assert_eq!(sources["count"], json!(2), "{sources}");
    let hits = structured(&other.call(4, "perform_rag_query", json!({ "query": "page", "url_prefix": slow })));
    assert!(hits["count"].as_u64().unwrap() > 0, "{hits}");
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());

    // And the first goes on, and sees what the other has stored and removed.
    let before = until_stored(&mut one, &mut id, &begun["crawl_id"], 4);
    until_stored(&mut one, &mut id, &begun["crawl_id"], before + 2);
    let read = structured(&one.call(1_000_001, "read_page", json!({ "url": format!("{quick}7") })));
    assert_eq!(read["from"], json!("store"), "{read}");
    let source = quick.trim_start_matches("http://").trim_end_matches('/');
    structured(&other.call(5, "remove_source", json!({ "source": source })));
    let error = one.call(1_000_002, "refresh_source", json!({ "source": source }));
    assert!(error["content"][0]["text"].as_str().unwrap().contains("no source"), "{error}");
    structured(&one.call(1_000_003, "cancel_crawl", json!({ "crawl_id": begun["crawl_id"] })));
    for server in [one, other] {
        let output = server.end();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    }
}

#[test]
fn questions_make_no_database() {
    let home = TempDir::new().unwrap();
    let mut server = Server::start(home.path(), &["--db", "x.db"]);
    server.initialize();
    let sources = structured(&server.call(2, "get_available_sources", json!({})));
    assert!(sources["count"] == json!(0) && sources["notice"].as_str().unwrap().contains("smart_crawl_url"), "{sources}");
    let hits = structured(&server.call(3, "perform_rag_query", json!({ "query": "anything" })));
    assert!(hits["count"] == json!(0) && hits["notice"].as_str().unwrap().contains("smart_crawl_url"), "{hits}");
    let error = server.call(4, "remove_source", json!({ "source": "a.test" }));
    assert!(error["content"][0]["text"].as_str().unwrap().contains("nothing is stored yet"), "{error}");
    assert_eq!(structured(&server.call(5, "crawl_status", json!({}))), json!({ "crawls": [] }));
    assert!(server.end().status.success());
    assert!(!home.path().join("x.db").exists());
}
