//! What a client of the server may have read of this disk, and what comes of archives and repositories on the simulated network. Time is
//! virtual.
#![cfg(all(feature = "surf", feature = "schema", feature = "files"))]

#[path = "support/client.rs"]
mod client;
#[path = "support/served.rs"]
mod served;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::path::Path;
use std::time::Duration;

use client::Client;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use site::Reply;
use tempfile::TempDir;
use url::Url;

/// The address of a folder, as clients name their roots.
fn address(path: &Path) -> String {
    Url::from_file_path(path).unwrap().to_string()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A folder that is open, one that is not, and a client of which the first is a root.
fn rooted() -> (TempDir, Client) {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join("open").join("a.md"), "# Herons\n\nHerons stand in the water.\n");
    write(&home.path().join("shut").join("key.md"), "# Secret\n\nThe password is told.\n");
    let client = Client::with_roots(&home.path().join("index.db"), &[&address(&home.path().join("open"))]);
    (home, client)
}

fn first_url(found: &Value) -> &str {
    found["results"][0]["url"].as_str().unwrap_or_default()
}

#[test]
fn only_what_lies_below_a_root_of_the_client_is_read() {
    let (home, mut client) = rooted();
    let shut = home.path().join("shut");
    let outside = [
        shut.display().to_string(),
        address(&shut),
        "../shut".to_owned(),
        home.path().join("open").join("..").join("shut").display().to_string(),
        home.path().join("missing").display().to_string(),
        if cfg!(windows) { r"C:\Windows".to_owned() } else { "/etc/passwd".to_owned() },
    ];
    for tool in ["add_source", "index_github_repository", "parse_github_repository"] {
        let name = if tool == "add_source" { "what" } else { "repo_url" };
        for path in &outside {
            let error = client.error(tool, json!({ name: path }));
            assert!(error.contains("lies outside of what may be read") && error.contains("--allow-path"), "{tool} {path}: {error}");
        }
    }
    assert_eq!(client.call("get_available_sources", json!({}))["count"], json!(0));
    let added = client.call("add_source", json!({ "what": "." }));
    assert_eq!((&added["state"], &added["pages_stored"], &added["sources"]), (&json!("done"), &json!(1), &json!(["open"])), "{added}");
    let found = client.call("perform_rag_query", json!({ "query": "herons" }));
    let url = first_url(&found).to_owned();
    assert!(url.starts_with("file:///") && url.ends_with("/open/a.md#herons") || url.ends_with("/open/a.md"), "{url}");
    let page = client.call("read_page", json!({ "url": url }));
    assert!(page["markdown"].as_str().unwrap().contains("Herons stand"), "{page}");
    assert_eq!(client.call("verify_page", json!({ "url": url }))["checked"], json!("unchanged"));
    // By its path as well.
    let path = fs::canonicalize(home.path()).unwrap().join("open").join("a.md").display().to_string();
    if cfg!(unix) {
        for url in [path.clone(), format!("{path}#part")] {
            let page = client.call("read_page", json!({ "url": url }));
            assert!(page["markdown"].as_str().unwrap().contains("Herons stand"), "{page}");
        }
        assert_eq!(client.call("verify_page", json!({ "url": path }))["checked"], json!("unchanged"));
    }
    for tool in ["fetch_url", "crawl_single_page", "smart_crawl_url"] {
        for url in [&path, &url, "./a.md"] {
            let error = client.error(tool, json!({ "url": url }));
            assert!(error.contains("add_source stores what lies on this machine") && !error.contains("`smolcrawl"), "{tool}: {error}");
        }
    }
    // A file is never read for its address alone.
    let error = client.error("read_page", json!({ "url": address(&shut.join("key.md")) }));
    assert!(error.contains("is not stored") && !error.contains("password"), "{error}");
    let read = client.ask("resources/read", json!({ "uri": url }));
    assert!(read["contents"][0]["text"].as_str().unwrap().contains("Herons stand"), "{read}");
}

#[test]
fn without_roots_nothing_of_the_disk_is_read() {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join("open").join("a.md"), "# Herons\n");
    let mut client = Client::at(&home.path().join("index.db"));
    let error = client.error("add_source", json!({ "what": home.path().join("open").display().to_string() }));
    assert!(error.contains("lies outside of what may be read"), "{error}");
    let error = client.error("add_source", json!({ "what": "git@a.test:team/pots.git" }));
    assert!(error.contains("keys that are its user's own") && error.contains("https://"), "{error}");
    let error = client.error("add_source", json!({ "what": "ext::sh -c x" }));
    assert!(error.contains("could run anything"), "{error}");
}

#[test]
fn what_a_root_has_is_found_beside_the_folders_that_are_allowed() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| path.split('/').fold(home.path().to_owned(), |at, name| at.join(name));
    write(&at("open/docs/a.md"), "# Herons\n");
    write(&at("open/node_modules/pots/package.json"), r#"{"name":"pots","version":"1.4.0"}"#);
    write(&at("open/node_modules/pots/README.md"), "# Pots\n");
    write(&at("shared/guide/b.md"), "# Storks\n");
    write(&at("shut/c.md"), "# Secret\n");
    let mut client = Client::allowed(&at("index.db"), &[&address(&at("open"))], vec![at("shared")]);
    for (what, source) in [("docs", "docs"), ("npm:pots", "npm:pots@1.4.0"), ("./guide", "guide")] {
        let added = client.call("add_source", json!({ "what": what }));
        assert_eq!((&added["pages_stored"], &added["sources"]), (&json!(1), &json!([source])), "{what}: {added}");
    }
    let error = client.error("add_source", json!({ "what": "./nothing" }));
    assert!(error.contains("there is nothing at"), "{error}");
    let error = client.error("add_source", json!({ "what": at("shut").display().to_string() }));
    assert!(error.contains("lies outside of what may be read"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_a_root_is_refused_and_one_in_a_folder_is_not_followed() {
    let (home, mut client) = rooted();
    std::os::unix::fs::symlink(home.path().join("shut"), home.path().join("open/out")).unwrap();
    let error = client.error("add_source", json!({ "what": home.path().join("open/out").display().to_string() }));
    assert!(error.contains("lies outside of what may be read"), "{error}");
    let added = client.call("add_source", json!({ "what": "." }));
    assert!(added["notice"].as_str().unwrap().contains("1 left out as a link (such as out)"), "{added}");
    assert_eq!(client.call("perform_rag_query", json!({ "query": "password" }))["count"], json!(0));
}

#[test]
fn a_folder_that_has_changed_is_read_before_the_answer() {
    let (home, mut client) = rooted();
    client.call("add_source", json!({ "what": "." }));
    client.call("perform_rag_query", json!({ "query": "herons" }));
    write(&home.path().join("open").join("b.md"), "# Storks\n\nStorks nest on roofs.\n");
    fs::remove_file(home.path().join("open").join("a.md")).unwrap();
    // It is not looked again for a while, however often something is asked.
    assert_eq!(client.call("perform_rag_query", json!({ "query": "storks" }))["count"], json!(0));
    client.handle.block_on(client.handle.sleep(Duration::from_secs(10)));
    let found = client.call("perform_rag_query", json!({ "query": "storks" }));
    assert!(first_url(&found).contains("/open/b.md"), "{found}");
    assert_eq!(client.call("perform_rag_query", json!({ "query": "herons" }))["count"], json!(0));
    // What is not there any more is kept: its disk may be.
    fs::rename(home.path().join("open"), home.path().join("away")).unwrap();
    client.handle.block_on(client.handle.sleep(Duration::from_secs(10)));
    assert_eq!(client.call("perform_rag_query", json!({ "query": "storks" }))["count"], json!(1));
}

#[test]
fn what_is_being_written_is_answered_as_it_was_and_it_is_told() {
    let (home, mut client) = rooted();
    let open = home.path().join("open");
    let pots = tarball("0123456789abcdef0123456789abcdef01234567", &[("a.md", "# Storks\n"), ("b.md", "# Storks too\n")]);
    fs::write(open.join("pots.tar.gz"), &pots).unwrap();
    client.call("add_source", json!({ "what": "./pots.tar.gz" }));
    client.call("add_source", json!({ "what": "." }));
    fs::write(open.join("pots.tar.gz"), "").unwrap();
    client.handle.block_on(client.handle.sleep(Duration::from_secs(10)));
    // Also while it is not looked again.
    for _ in 0..2 {
        let found = client.call("perform_rag_query", json!({ "query": "storks" }));
        assert_eq!(found["count"], json!(2), "{found}");
        let told = found["notice"].as_str().unwrap_or_default();
        assert!(told.contains("pots could not be read again") && told.contains("no folder or archive any more"), "{found}");
    }
    let other = client.call("perform_rag_query", json!({ "query": "herons", "source": "open" }));
    assert!(!other["notice"].as_str().unwrap_or_default().contains("pots"), "of what was asked for: {other}");
    fs::write(open.join("pots.tar.gz"), &pots).unwrap();
    client.handle.block_on(client.handle.sleep(Duration::from_secs(10)));
    let found = client.call("perform_rag_query", json!({ "query": "storks" }));
    assert_eq!((&found["count"], &found["notice"]), (&json!(2), &json!(null)), "{found}");
}

#[test]
fn a_refresh_of_a_folder_counts_all_of_its_files() {
    let (home, mut client) = rooted();
    let open = home.path().join("open");
    write(&open.join("b.md"), "# Storks\n\nStorks nest on roofs.\n");
    write(&open.join("empty.md"), "");
    let added = client.call("add_source", json!({ "what": "." }));
    assert!(added["skipped_such_as"][0].as_str().unwrap().ends_with("/open/empty.md: no text in the page"), "{added}");
    let same = client.call("refresh_source", json!({ "source": "open" }));
    let counted = ["pages", "unchanged", "updated", "added"].map(|name| same["refresh"][name].as_u64());
    assert_eq!(counted, [2, 2, 0, 0].map(Some), "{same}");
    assert_eq!(same["notice"], json!("1 address is left out as before"), "{same}");
    write(&open.join("a.md"), "# Herons\n\nHerons stand in the reeds.\n");
    write(&open.join("c.md"), "# Cranes\n\nCranes dance.\n");
    let told = client.call("refresh_source", json!({ "source": "open" }));
    let counted = ["pages", "unchanged", "updated", "added"].map(|name| told["refresh"][name].as_u64());
    assert_eq!(counted, [2, 1, 1, 1].map(Some), "{told}");
    assert_eq!(told["urls_crawled"].as_array().map(Vec::len), Some(2), "{told}");
    let young = client.call("refresh_source", json!({ "source": "open", "older_than_hours": 1 }));
    assert!(
        young["notice"].as_str().unwrap().starts_with("3 pages were not asked for, as they were fetched within older_than_hours"),
        "{young}"
    );
}

#[cfg(feature = "code")]
#[test]
fn a_project_is_known_by_its_name_and_nothing_else_is_looked_at() {
    let (home, mut client) = rooted();
    let app = home.path().join("open").join("app");
    let site = app.join(".venv").join("lib").join("python3.12").join("site-packages");
    write(&app.join("uv.lock"), "version = 1\n[[package]]\nname = \"kettle\"\nversion = \"1.0\"\nsource = { registry = \"x\" }\n");
    write(&app.join(".venv").join("pyvenv.cfg"), "");
    write(&site.join("kettle-1.0.dist-info").join("METADATA"), "Name: kettle\nVersion: 1.0\n");
    write(&site.join("kettle-1.0.dist-info").join("RECORD"), "kettle/__init__.py,,\n");
    write(&site.join("kettle").join("__init__.py"), "def boil(): ...\n");
    let read = client.call("index_project", json!({ "path": app.display().to_string() }));
    assert_eq!(read["state"], json!("done"), "{read}");
    let mut ask = |project: &Path| client.ask("tools/call", find(&project.display().to_string()));
    for project in [app.clone(), app.join("src").join("missing.py"), app.join("..").join("app")] {
        let found = ask(&project);
        assert_eq!(found["structuredContent"]["symbols"].as_array().map(Vec::len), Some(1), "{}: {found}", project.display());
    }
    let link = home.path().join("shut").join("link");
    // Elsewhere it is one more that is missing.
    #[cfg(unix)]
    std::os::unix::fs::symlink(&app, &link).unwrap();
    for project in [home.path().join("shut"), home.path().join("missing"), link] {
        let refused = ask(&project);
        assert_eq!(refused["isError"], json!(true), "{}: {refused}", project.display());
    }
}

#[cfg(feature = "code")]
fn find(project: &str) -> Value {
    json!({ "name": "find_symbol", "arguments": { "name": "boil", "project": project } })
}

/// As hosts of repositories make it: all in one folder, with the commit in the head.
fn tarball(commit: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let record = format!("52 comment={commit}\n");
    let mut head = tar::Header::new_ustar();
    head.set_entry_type(tar::EntryType::XGlobalHeader);
    head.set_size(record.len() as u64);
    head.set_cksum();
    builder.append_data(&mut head, "pax_global_header", record.as_bytes()).unwrap();
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // As it is: no maker of good archives writes every name.
        let name = format!("pots-{commit}/{path}");
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

const FIRST: &str = "0123456789abcdef0123456789abcdef01234567";
const SECOND: &str = "89abcdef0123456789abcdef0123456789abcdef";

#[test]
fn a_repository_is_had_from_its_host_at_the_commit_and_once_while_it_does_not_change() {
    let home = tempfile::tempdir().unwrap();
    let mut client = Client::at(&home.path().join("index.db"));
    let files = [
        ("README.md", "# Pots\n\nKettles.\n"),
        ("docs/guide.md", "# Guide\n\nHerons.\n"),
        ("src/lib.rs", "//! Pots."),
        ("gone.md", "# Gone\n\nStorks."),
    ];
    let first = Reply::new(200, "application/gzip", tarball(FIRST, &files)).header("ETag", "\"one\"");
    client.site.on("gitlab.test/team/pots/-/archive/HEAD/pots-HEAD.tar.gz", move |asked| match asked.header("if-none-match") {
        Some("\"one\"") => Reply::status(304),
        _ => first.clone(),
    });
    let added = client
        .call("index_github_repository", json!({ "repo_url": "http://gitlab.test/team/pots", "destination": "both", "chunk_size": 5000 }));
    assert_eq!((&added["pages_stored"], &added["sources"]), (&json!(3), &json!(["gitlab.test/team/pots"])), "{added}");
    assert!(added["notice"].as_str().unwrap().starts_with("destination, chunk_size has no meaning here"), "{added}");
    let found = client.call("perform_rag_query", json!({ "query": "herons" }));
    assert!(first_url(&found).starts_with(&format!("http://gitlab.test/team/pots/-/blob/{FIRST}/docs/guide.md")), "{found}");
    let sources = client.call("get_available_sources", json!({}));
    assert_eq!(sources["sources"][0]["version"], json!(&FIRST[..10]), "{sources}");

    let again = client.call("parse_github_repository", json!({ "repo_url": "http://gitlab.test/team/pots" }));
    assert!(again["notice"].as_str().unwrap().contains("3 files unchanged"), "{again}");
    assert_eq!(client.site.asked().len(), 2, "one request each");
    let files =
        [("README.md", "# Pots\n\nKettles.\n"), ("docs/guide.md", "# Guide\n\nHerons and cranes.\n"), ("new.md", "# New\n\nIbises.")];
    client.site.reply(
        "gitlab.test/team/pots/-/archive/HEAD/pots-HEAD.tar.gz",
        Reply::new(200, "application/gzip", tarball(SECOND, &files)).header("ETag", "\"two\""),
    );
    let refreshed = client.call("refresh_source", json!({ "source": "gitlab.test/team/pots" }));
    let told = &refreshed["refresh"];
    assert_eq!(
        [&told["added"], &told["updated"], &told["removed"], &told["unchanged"]],
        [1, 1, 1, 1].map(|count| json!(count)).each_ref(),
        "{refreshed}"
    );
    let found = client.call("perform_rag_query", json!({ "query": "cranes" }));
    assert!(first_url(&found).contains(SECOND), "{found}");
}

#[test]
fn of_a_repository_only_the_folder_that_was_asked_for_counts() {
    let home = tempfile::tempdir().unwrap();
    let mut client = Client::at(&home.path().join("index.db"));
    let files = [
        ("a.md", "# A\n"),
        ("b.md", "# B\n"),
        ("logo.png", "x"),
        ("docs-old/c.md", "# C\n"),
        ("docs/guide.md", "# Guide\n\nHerons.\n"),
        ("docs/logo.png", "x"),
    ];
    client.site.reply("gitlab.test/team/pots/-/archive/main/pots-main.tar.gz", Reply::new(200, "application/gzip", tarball(FIRST, &files)));
    let added = client.call("add_source", json!({ "what": "http://gitlab.test/team/pots/-/tree/main/docs", "max_files": 1 }));
    assert_eq!((&added["pages_stored"], &added["sources"]), (&json!(1), &json!(["gitlab.test/team/pots/docs@main"])), "{added}");
    let notice = added["notice"].as_str().unwrap();
    assert!(notice.contains("1 left out as neither document nor source code (such as logo.png)") && !notice.contains("limit"), "{notice}");
    let found = client.call("perform_rag_query", json!({ "query": "herons" }));
    assert!(first_url(&found).starts_with(&format!("http://gitlab.test/team/pots/-/blob/{FIRST}/docs/guide.md")), "{found}");
}

#[test]
fn an_archive_of_the_web_is_read_within_its_guards() {
    let home = tempfile::tempdir().unwrap();
    let mut client = Client::at(&home.path().join("index.db"));
    client.site.reply(
        "a.test/pots-1.4.tar.gz",
        Reply::new(200, "application/gzip", tarball(FIRST, &[("a.md", "# A\n\nHerons.\n"), ("../../evil.md", "# Evil")])),
    );
    let added = client.call("add_source", json!({ "what": "http://a.test/pots-1.4.tar.gz" }));
    assert_eq!((&added["pages_stored"], &added["sources"]), (&json!(1), &json!(["pots@1.4"])), "{added}");
    assert!(added["notice"].as_str().unwrap().contains("unsafe name"), "{added}");
    assert!(!home.path().join("evil.md").exists());
    client.site.reply(
        "a.test/cut.tar.gz",
        Reply::new(200, "application/gzip", tarball(FIRST, &[("a.md", &"# A\n\nHerons.\n".repeat(9_000))])[..300].to_vec()),
    );
    let error = client.error("add_source", json!({ "what": "http://a.test/cut.tar.gz" }));
    assert!(error.contains("damaged or cut off"), "{error}");
    let error = client.error("add_source", json!({ "what": "http://a.test/missing.zip" }));
    assert!(error.contains("404"), "{error}");
    client.site.reply("a.test/page.zip", Reply::html("<h1>Log in</h1>"));
    let error = client.error("add_source", json!({ "what": "http://a.test/page.zip" }));
    assert!(error.contains("no archive of a known kind") || error.contains("is not read"), "{error}");
    let error = client.error("add_source", json!({ "what": "http://a.test/x.7z" }));
    assert!(error.contains("7-Zip") && error.contains("unpack it"), "{error}");
}

#[test]
fn a_site_that_is_added_is_crawled() {
    let home = tempfile::tempdir().unwrap();
    let mut client = Client::at(&home.path().join("index.db"));
    client.site.page("a.test/", &["/1"]).page("a.test/1", &[]);
    let added = client.call("add_source", json!({ "what": "http://a.test/", "name": "pots", "lib_version": "2" }));
    assert_eq!((&added["pages_stored"], &added["sources"]), (&json!(2), &json!(["pots@2"])), "{added}");
}
