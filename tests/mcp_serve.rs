//! `smolcrawl serve` as a process: how crawls behind the answers end with it, two servers on one database, what a question to an empty
//! one leaves behind, and that a hundred sessions leave nothing.
#![cfg(feature = "cli")]

#[path = "support/ask_to_end.rs"]
mod ask_to_end;
#[path = "support/binary.rs"]
mod binary;
#[cfg(any(target_os = "linux", windows))]
#[path = "support/process.rs"]
mod process;
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

#[test]
fn the_end_is_told_in_the_log() {
    in_a_console("the_end_is_told_in_the_log", || {
        for request in [None].into_iter().chain(requests().iter().map(Some)) {
            let home = TempDir::new().unwrap();
            let mut server = Server::start(home.path(), &["--db", "x.db", "-v"]);
            server.initialize();
            let output = match request {
                None => server.end(),
                Some(request) => {
                    ask_to_end(request, server.id());
                    server.wait()
                }
            };
            let said = text(&output.stderr);
            let last = said.lines().rfind(|line| line.contains(" INFO ")).unwrap_or_default();
            assert!(output.status.success() && last.contains("served; "), "{request:?}: {said}");
        }
    });
}

/// One after the other in one process, each with an engine of its own: standard input is a file that is read anew each time.
#[cfg(any(target_os = "linux", windows))]
#[test]
fn a_hundred_sessions_leave_nothing_behind() {
    const VARIABLE: &str = "SMOLCRAWL_TEST_SESSIONS";
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return sessions::serve_all(folder.as_ref());
    }
    let home = TempDir::new().unwrap();
    let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
    let asked = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "get_available_sources", "arguments": {} } }),
    ];
    let (questions, answers) = (home.path().join("questions"), home.path().join("answers"));
    std::fs::write(&questions, asked.map(|message| format!("{message}\n")).concat()).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_hundred_sessions_leave_nothing_behind", "--nocapture", "--test-threads", "1"])
        .env(VARIABLE, home.path())
        .stdin(std::fs::File::open(questions).unwrap())
        .stdout(std::fs::File::create(&answers).unwrap())
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    let (said, answers) = (text(&output.stderr), text(&std::fs::read(answers).unwrap()));
    assert!(output.status.success() && answers.contains("1 passed"), "{}\n{said}", output.status);
    // The first stands behind the name of the test.
    let counts = answers.lines().filter_map(|line| line.find('{').map(|at| &line[at..])).map(|line| {
        let answer: Value = serde_json::from_str(line).unwrap();
        answer["result"]["structuredContent"]["count"].as_u64()
    });
    let counts = counts.collect::<Vec<_>>();
    assert!(counts.len() >= 2 * (sessions::FIRST + sessions::ROUND), "{}", counts.len());
    assert_eq!(counts, [None, Some(1)].repeat(counts.len() / 2));
    eprint!("{said}");
}

#[cfg(any(target_os = "linux", windows))]
mod sessions {
    use std::fs::File;
    use std::io::{Seek, stdin};
    use std::path::Path;
    use std::time::{Duration, Instant, SystemTime};

    use futures_lite::future;
    use smolcrawl::config::{Config, Environment};
    use smolcrawl::engine::Chunking;
    use smolcrawl::mcp::Wire;
    use smolcrawl::model::Document;
    use smolcrawl::tools::{self, Background};
    use smolcrawl::{Engine, Error};

    use super::process::{handles, threads};

    /// After the first few, hardly anything more is made once for the process.
    pub const FIRST: usize = 5;
    pub const ROUND: usize = 100;
    /// Of which one must leave nothing: what a session leaves is left in each, but what a system makes once when two threads first meet at
    /// a lock (Wine a handle) it may make late.
    const ROUNDS: usize = 3;

    pub fn serve_all(folder: &Path) {
        let config = Config { environment: Environment::none(), ..Config::new(folder.join("x.db")) };
        store_a_page(&config).unwrap();
        let mut questions = standard_input();
        let mut serve = |sessions| {
            for _ in 0..sessions {
                questions.rewind().unwrap();
                let engine = Engine::new(config.clone()).unwrap();
                let server = tools::server(&engine, &Background::new(&engine)).unwrap();
                engine.handle().block_on(server.serve_stdio(Wire::Claim, engine.clone(), future::pending())).unwrap();
            }
        };
        serve(FIRST);
        assert!((0..ROUNDS).any(|_| {
            let before = held();
            serve(ROUND);
            let after = settled(before);
            eprintln!("handles and threads: {before:?} before, {after:?} after {ROUND} sessions");
            after.0 <= before.0 && after.1 <= before.1
        }));
    }

    /// Threads that have done their work take a moment to end.
    fn settled(before: (usize, usize)) -> (usize, usize) {
        let patience = Instant::now() + Duration::from_secs(20);
        let mut after = held();
        while (after.0 > before.0 || after.1 > before.1) && Instant::now() < patience {
            std::thread::yield_now();
            after = held();
        }
        after
    }

    fn held() -> (usize, usize) {
        (handles(), threads())
    }

    fn store_a_page(config: &Config) -> Result<(), Error> {
        let engine = Engine::new(config.clone())?;
        let markdown = "# A page\n\nIt says something.";
        let document = Document::new("http://a.test/".parse().unwrap(), "A page", markdown, SystemTime::UNIX_EPOCH);
        engine.handle().block_on(engine.put(document, Chunking::default())).map(drop)
    }

    /// The same open file as standard input, and so the same place in it.
    fn standard_input() -> File {
        #[cfg(unix)]
        let same = std::os::fd::AsFd::as_fd(&stdin()).try_clone_to_owned();
        #[cfg(windows)]
        let same = std::os::windows::io::AsHandle::as_handle(&stdin()).try_clone_to_owned();
        same.unwrap().into()
    }
}
