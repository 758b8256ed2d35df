//! `crawl --links-only` as scripts call it: JSON lines, and nothing that stays.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

#[cfg(unix)]
use std::process::Stdio;
#[cfg(unix)]
use std::sync::mpsc;
#[cfg(unix)]
use std::time::Duration;

#[cfg(unix)]
use binary::smolcrawl;
use binary::{report, run, serve, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

fn lines(stdout: &[u8]) -> Vec<Value> {
    text(stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn pages_links_and_errors_are_lines_and_nothing_is_stored() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let at = |path: &str| format!("http://{address}{path}");
    let body = "<title>Home</title><a href=/1 rel=nofollow>One\u{1b}[2J &amp; only</a><a href='/gone'></a><a href='/1?token=secret'>t</a>";
    site.reply(&format!("{address}/"), Reply::html(body)).reply(&format!("{address}/1"), Reply::html("<title>1</title>x"));
    let output = run(
        home.path(),
        &["crawl", &at("/"), "--allow-private", "--db", "x.db", "--links-only", "--exclude", "*token*", "--concurrency", "1"],
    );
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("2 pages with 3 links, 0 skipped, 1 failed in "), "{stderr}");
    assert!(!text(&output.stdout).contains('\u{1b}'));
    let expected = [
        json!({ "page": at("/"), "title": "Home", "status": 200, "depth": 0, "links": 3 }),
        json!({ "from": at("/"), "to": at("/1"), "text": "One\u{1b}[2J & only", "rel": "nofollow", "status": 200, "depth": 0 }),
        json!({ "from": at("/"), "to": at("/gone"), "status": 200, "depth": 0 }),
        json!({ "from": at("/"), "to": at("/1?token=***"), "text": "t", "status": 200, "depth": 0 }),
        json!({ "page": at("/1"), "title": "1", "status": 200, "depth": 1, "links": 0 }),
    ];
    let lines = lines(&output.stdout);
    assert_eq!(lines[..5], expected);
    assert_eq!((&lines[5]["failed"], lines.len()), (&json!(at("/gone")), 6));
    assert!(lines[5]["error"].as_str().unwrap().starts_with("HTTP 404 Not Found, linked from "), "{}", lines[5]);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    // With --json the last line is the report of a crawl.
    let output = run(home.path(), &["crawl", &at("/"), "--allow-private", "--links-only", "--json", "--quiet"]);
    assert_eq!((&report(&output)["pages"], &report(&output)["stored"], text(&output.stderr).as_str()), (&json!(2), &json!(0), ""));
}

#[test]
fn a_site_that_cannot_be_had_is_an_error_and_a_line() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let url = format!("http://{}/", serve(&site));
    let output = run(home.path(), &["crawl", &url, "--allow-private", "--links-only"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(lines(&output.stdout)[0]["failed"], json!(url));
    let stderr = text(&output.stderr);
    assert!(stderr.contains(&format!("error: there are no links: {url}: HTTP 404 Not Found")), "{stderr}");
    for wrong in [&["--dry-run"][..], &["--resume"], &["--name", "x"], &["--no-index"]] {
        let output = run(home.path(), &[&["crawl", &url, "--links-only"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

/// What was met before is there, each line whole.
#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_cleanly() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let (sender, asked) = mpsc::channel();
    site.reply(&format!("{address}/"), Reply::html("<title>First</title><a href='/slow'>next</a>"));
    site.on(&format!("{address}/slow"), move |_| {
        sender.send(()).unwrap();
        Reply::html("too late").after(Duration::from_secs(3600))
    });
    let child = smolcrawl(home.path())
        .args(["crawl", &format!("http://{address}/"), "--allow-private", "--links-only", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    asked.recv().unwrap();
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("interrupted: the links of 1 pages are printed, and 1 addresses are left"), "{stderr}");
    let lines = lines(&output.stdout);
    assert_eq!((lines.len(), &lines[1]["to"], &lines[2]["ended"]), (3, &json!(format!("http://{address}/slow")), &json!("stopped")));
}
