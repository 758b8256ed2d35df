//! One database and several processes of the real binary: who writes, who reads, who is killed.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use binary::{Server, report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

fn prose(text: &str) -> Reply {
    Reply::html(format!("<title>T</title><main><h1>T</h1><p>{text}</p></main>"))
}

/// A front page and so many pages, each with a sentence about herons.
fn birds(pages: usize) -> (Site, String) {
    let site = Site::default();
    let address = serve(&site);
    let paths: Vec<_> = (0..pages).map(|page| format!("/{page}")).collect();
    site.page(&format!("{address}/"), &paths.iter().map(String::as_str).collect::<Vec<_>>());
    for path in &paths {
        site.reply(&format!("{address}{path}"), prose(&format!("Herons of {path} stand still in shallow water.")));
    }
    (site, address)
}

fn crawl(home: &Path, address: &str) -> Child {
    let url = format!("http://{address}/");
    let mut command = smolcrawl(home);
    command.args(["crawl", &url, "--allow-private", "--no-index", "--json", "--db", "x.db"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn sources(home: &Path) -> Value {
    report(&run(home, &["sources", "--db", "x.db", "--json"]))["sources"].clone()
}

fn files(home: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_search_reads_while_a_crawl_writes() {
    let home = TempDir::new().unwrap();
    let (_, address) = birds(60);
    // Made before, so that there is something to ask from the beginning: a question makes no file.
    std::fs::write(home.path().join("none.jsonl"), json!({ "url": "https://docs.test/", "text": "Storks clatter." }).to_string()).unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "none.jsonl", "--no-index", "--db", "x.db"]).status.success());
    let mut child = crawl(home.path(), &address);
    let mut seen = 0;
    loop {
        let ended = child.try_wait().unwrap().is_some();
        let output = run(home.path(), &["search", "herons", "-k", "1000", "--mode", "lexical", "--json", "--db", "x.db"]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let found = report(&output)["hits"].as_array().unwrap().len();
        assert!(found >= seen, "{found} after {seen}");
        seen = found;
        if ended {
            break;
        }
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!((&report(&output)["stored"], seen), (&json!(61), 60));
    assert_eq!(files(home.path()), ["none.jsonl", "x.db"], "a clean end leaves one file");
}

#[test]
fn two_servers_share_a_database() {
    let home = TempDir::new().unwrap();
    let servers = ["one", "two"].map(|_| {
        let (_, address) = birds(3);
        let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
        server.initialize();
        (server, address)
    });
    let [(mut one, first), (mut two, second)] = servers;
    for (server, address) in [(&mut one, &first), (&mut two, &second)] {
        let crawled = server.call(2, "smart_crawl_url", json!({ "url": format!("http://{address}/") }));
        assert_eq!(crawled["structuredContent"]["pages_stored"], json!(4), "{crawled}");
    }
    for (server, of_the_other) in [(&mut one, &second), (&mut two, &first)] {
        assert_eq!(server.call(3, "get_available_sources", json!({}))["structuredContent"]["count"], json!(2));
        let hits = server.call(4, "perform_rag_query", json!({ "query": "herons", "source": of_the_other, "match_count": 3 }));
        assert_eq!(hits["structuredContent"]["results"].as_array().unwrap().len(), 3, "{hits}");
    }
    let removed = one.call(5, "remove_source", json!({ "source": second }));
    assert_ne!(removed["isError"], json!(true), "{removed}");
    let left = two.call(5, "get_available_sources", json!({}))["structuredContent"]["sources"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["source_id"]), (1, &json!(first)), "{left}");
    for server in [one, two] {
        let output = server.end();
        assert!(output.status.success());
        assert_eq!(text(&output.stderr), "", "a clean session is quiet");
    }
    assert_eq!(files(home.path()), ["x.db"]);
}

/// SIGKILL, or TerminateProcess: nobody says goodbye.
#[test]
fn a_killed_crawl_leaves_what_it_stored() {
    let home = TempDir::new().unwrap();
    let (site, address) = birds(20);
    let (sender, asked) = mpsc::channel();
    site.page(&format!("{address}/0"), &["/slow"]);
    site.on(&format!("{address}/slow"), move |_| {
        sender.send(()).unwrap();
        prose("Too late for the first crawl.").after(Duration::from_secs(3600))
    });
    let mut child = crawl(home.path(), &address);
    asked.recv().unwrap();
    while sources(home.path())[0]["pages"] != json!(21) {}
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sources(home.path())[0]["pages"], json!(21));
    site.reply(&format!("{address}/slow"), prose("In time for the second."));
    let output = crawl(home.path(), &address).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    // It goes on where the first was: the start page is read again, and what was in flight.
    assert_eq!((&report(&output)["stored"], &report(&output)["pages_before"]), (&json!(2), &json!(21)), "{}", text(&output.stdout));
    assert_eq!(sources(home.path())[0]["pages"], json!(22));
    assert_eq!(files(home.path()), ["x.db"]);
}
