//! Sources exported, imported and looked at by a client of the server, which may name files in one folder alone. Time is virtual.
#![cfg(all(feature = "surf", feature = "schema"))]

#[path = "support/client.rs"]
mod client;
#[path = "support/served.rs"]
mod served;
#[path = "support/site.rs"]
mod site;

use std::fs;

use client::Client;
use serde_json::json;
use site::{Reply, page};
use tempfile::TempDir;

/// A client of a server whose database is in a folder of its own, with a crawled source of three pages.
fn crawled(home: &TempDir) -> Client {
    let mut client = Client::at(&home.path().join("index.db"));
    client.site.page("a.test/", &["/1", "/2"]).on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    assert_eq!(client.call("smart_crawl_url", json!({ "url": "http://a.test/" }))["pages_stored"], json!(3));
    client
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_one_server_exports_another_imports() {
    let (ours, theirs) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut client = crawled(&ours);
    let written = client.call("export_sources", json!({ "sources": ["a.test"], "file": "docs.smolcrawl" }));
    assert_eq!((&written["pages"], &written["sources"]), (&json!(3), &json!(["a.test"])));
    let file = ours.path().join("share").join("docs.smolcrawl");
    assert_eq!(written["file"], json!(file.to_str().unwrap()));
    assert_eq!(written["bytes"], json!(fs::metadata(&file).unwrap().len()));

    let mut other = Client::at(&theirs.path().join("index.db"));
    let error = other.error("import_sources", json!({ "file": "docs.smolcrawl" }));
    assert!(error.contains("there is no \"docs.smolcrawl\"") && error.contains("hint: "), "{error}");
    fs::create_dir(theirs.path().join("share")).unwrap();
    fs::copy(&file, theirs.path().join("share/docs.smolcrawl")).unwrap();
    let read = other.call("import_sources", json!({ "file": "docs.smolcrawl" }));
    assert_eq!(read["sources"], json!([{ "source": "a.test", "pages": 3, "added": 3, "replaced": 0, "unchanged": 0, "removed": 0 }]));
    let found = other.call("perform_rag_query", json!({ "query": "/1" }));
    assert_eq!(found["results"][0]["url"], json!("http://a.test/1"), "{found}");
    assert_eq!(other.site.targets().len(), 0, "nothing is fetched");

    let error = other.error("import_sources", json!({ "file": "docs.smolcrawl" }));
    assert!(error.contains("already stored: a.test") && error.contains("replace: true"), "{error}");
    let again = other.call("import_sources", json!({ "file": "docs.smolcrawl", "replace": true }));
    assert_eq!(again["sources"][0]["unchanged"], json!(3));
    fs::write(theirs.path().join("share/foreign"), "no export").unwrap();
    let error = other.error("import_sources", json!({ "file": "foreign" }));
    assert!(error.contains("no export of smolcrawl"), "{error}");
}

#[test]
fn nothing_is_written_or_read_outside_of_the_share_folder() {
    let home = TempDir::new().unwrap();
    let mut client = crawled(&home);
    let before = names(home.path());
    let absolute = home.path().join("docs.smolcrawl");
    for file in ["../docs.smolcrawl", "x/docs.smolcrawl", absolute.to_str().unwrap(), "..", "", ".ssh"] {
        for (tool, asked) in
            [("export_sources", json!({ "sources": ["a.test"], "file": file })), ("import_sources", json!({ "file": file }))]
        {
            let error = client.error(tool, asked);
            assert!(error.contains("cannot be the name of a file in the share folder"), "{tool} {file}: {error}");
        }
    }
    assert_eq!(names(home.path()), before, "nothing was made");
    let error = client.error("import_sources", json!({ "file": "index.db" }));
    assert!(error.contains("there is no \"index.db\""), "{error}");
}

#[test]
fn what_is_there_is_replaced_only_when_that_is_asked_for() {
    let home = TempDir::new().unwrap();
    let mut client = crawled(&home);
    let asked =
        |format: &str, file: &str, replace: bool| json!({ "sources": ["a.test"], "file": file, "format": format, "replace": replace });
    client.call("export_sources", asked("jsonl", "a.jsonl", false));
    let text = fs::read_to_string(home.path().join("share/a.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 3);
    let error = client.error("export_sources", asked("llms_txt", "a.jsonl", false));
    assert!(error.contains("exists already") && error.contains("replace: true"), "{error}");
    assert_eq!(fs::read_to_string(home.path().join("share/a.jsonl")).unwrap(), text);
    client.call("export_sources", asked("llms_txt", "a.jsonl", true));
    assert!(fs::read_to_string(home.path().join("share/a.jsonl")).unwrap().starts_with("# a.test"));
    client.call("export_sources", asked("markdown", "texts", false));
    let error = client.error("export_sources", asked("markdown", "texts", true));
    assert!(error.contains("is not empty"), "{error}");
    client.call("export_sources", asked("llms_full", "full.txt", false));
    assert_eq!(names(&home.path().join("share")), ["a.jsonl", "full.txt", "texts"]);
    let error = client.error("export_sources", json!({ "sources": [], "file": "x" }));
    assert!(error.contains("no source is named"), "{error}");
    let error = client.error("export_sources", json!({ "sources": ["b.test"], "file": "x" }));
    assert!(error.contains("no source \"b.test\" is stored"), "{error}");
}

#[test]
fn a_database_in_memory_shares_nothing() {
    let mut client = Client::at(std::path::Path::new(":memory:"));
    client.site.page("a.test/", &[]);
    client.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    let error = client.error("export_sources", json!({ "sources": ["a.test"], "file": "x" }));
    assert!(error.contains("there is no share folder") && error.contains("share_folder"), "{error}");
}

#[test]
fn nothing_is_replaced_while_a_crawl_is_at_work() {
    let home = TempDir::new().unwrap();
    let mut client = crawled(&home);
    client.call("export_sources", json!({ "sources": ["a.test"], "file": "x" }));
    client.site.reply("b.test/", Reply::html(page("slow", &[])).after(std::time::Duration::from_secs(30)));
    let crawl = client.call("smart_crawl_url", json!({ "url": "http://b.test/", "wait_seconds": 0 }))["crawl_id"].clone();
    let error = client.error("import_sources", json!({ "file": "x", "replace": true }));
    assert!(error.contains("is at work") && error.contains("cancel_crawl"), "{error}");
    client.call("cancel_crawl", json!({ "crawl_id": crawl }));
    assert_eq!(client.call("import_sources", json!({ "file": "x", "replace": true }))["sources"][0]["unchanged"], json!(3));
}

#[test]
fn a_dry_run_tells_what_would_be_fetched_and_stores_nothing() {
    let mut client = Client::at(std::path::Path::new(":memory:"));
    client.site.page("a.test/docs/", &["/docs/1", "/docs/2", "/other"]).on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    client.site.reply("a.test/robots.txt", Reply::status(404));
    let told = client.call("smart_crawl_url", json!({ "url": "http://a.test/docs/", "dry_run": true, "max_pages": 9 }));
    assert_eq!(told["state"], json!("dry_run"));
    assert_eq!(told["would_fetch"], json!(["http://a.test/docs/", "http://a.test/docs/1", "http://a.test/docs/2"]));
    assert_eq!((&told["would_fetch_total"], &told["sources"]), (&json!(3), &json!(["a.test/docs"])));
    let notice = told["notice"].as_str().unwrap();
    assert!(notice.contains("1 start pages and 2 more would be fetched") && notice.contains("9 at the most"), "{notice}");
    assert!(notice.contains("1 out of scope"), "{notice}");
    assert!(told["crawl_id"].is_null() && !client.site.targets().contains(&"/docs/1".to_owned()));
    assert_eq!(client.call("get_available_sources", json!({}))["count"], json!(0));
    assert_eq!(client.call("crawl_status", json!({}))["crawls"], json!([]));
    let error = client.error("smart_crawl_url", json!({ "url": "http://nowhere.test/", "dry_run": true }));
    assert!(error.starts_with("nothing would be fetched: http://nowhere.test/"), "{error}");
    client.site.reply("b.test/", Reply::html(page("slow", &[])).after(std::time::Duration::from_secs(30)));
    let error = client.error("smart_crawl_url", json!({ "url": "http://b.test/", "dry_run": true, "wait_seconds": 5 }));
    assert!(error.contains("were not read within 5 s"), "{error}");
}

#[test]
fn an_address_with_a_password_is_refused_and_not_repeated() {
    let mut client = Client::at(std::path::Path::new(":memory:"));
    for tool in ["crawl_single_page", "smart_crawl_url", "fetch_url", "read_page", "verify_page"] {
        let error = client.error(tool, json!({ "url": "http://me:s3cret@a.test/" }));
        assert!(error.contains("user or password") && error.contains("credentials.toml") && !error.contains("s3cret"), "{tool}: {error}");
    }
    assert_eq!(client.site.targets().len(), 0);
}

#[test]
fn a_parameter_that_is_none_is_told() {
    let mut client = Client::at(std::path::Path::new(":memory:"));
    client.site.page("a.test/", &[]);
    let asked = json!({ "name": "smart_crawl_url", "arguments": { "url": "http://a.test/", "maxpages": 3, "colour": "red" } });
    let result = client.ask("tools/call", asked);
    let note = result["content"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
    assert!(note.contains("`maxpages`, which was ignored; did you mean `max_pages`?") && note.contains("`colour`"), "{note}");
    assert_eq!(result["structuredContent"]["pages_stored"], json!(1), "the rest counts");
    let error = client.error("smart_crawl_url", json!({ "url": "http://nowhere.test/", "dept": 1 }));
    assert!(error.contains("`dept`, which was ignored; did you mean `max_depth`?"), "{error}");
}
