//! A repository of git on a server that speaks git's own protocol, as a source: the real git behind a small server on loopback, through the
//! real binary. Where no git with a server's half is installed there is nothing to be tested.
#![cfg(all(feature = "files", unix))]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use binary::{report, smolcrawl, text};
use serde_json::Value;
use tempfile::TempDir;

/// Runs git away from what its user has set up, and gives what it says.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let run = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(run.status.success(), "{arguments:?}: {}", text(&run.stderr));
    text(&run.stdout).trim().to_owned()
}

/// The program that is git's half of a server.
fn backend() -> Option<PathBuf> {
    let run = Command::new("git").arg("--exec-path").output().ok()?;
    Some(Path::new(text(&run.stdout).trim()).join("git-http-backend")).filter(|program| program.is_file())
}

/// Serves what lies in a folder, a connection after the other, for as long as the test runs.
fn serve(backend: PathBuf, folder: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (backend, folder) = (backend.clone(), folder.clone());
            std::thread::spawn(move || answer(&backend, &folder, &connection.unwrap()));
        }
    });
    port
}

/// One request, by the rules of CGI.
fn answer(backend: &Path, folder: &Path, mut connection: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut command = Command::new(backend);
    command
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", &method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REMOTE_ADDR", "127.0.0.1");
    let mut body = Vec::new();
    let mut length = 0;
    let mut is_chunked = false;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "transfer-encoding" => is_chunked = value == "chunked",
            "content-type" => drop(command.env("CONTENT_TYPE", value)),
            "content-encoding" => drop(command.env("HTTP_CONTENT_ENCODING", value)),
            "git-protocol" => drop(command.env("GIT_PROTOCOL", value)),
            _ => {}
        }
    }
    assert!(!is_chunked, "a fetch of some references is small");
    reader.take(length).read_to_end(&mut body).ok()?;
    command.env("CONTENT_LENGTH", length.to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    child.stdin.take()?.write_all(&body).ok()?;
    let said = child.wait_with_output().ok()?.stdout;
    let end = said.windows(4).position(|part| part == b"\r\n\r\n")?;
    let (head, rest) = (text(&said[..end]), &said[end + 4..]);
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    let headers: Vec<&str> = head.lines().filter(|line| !line.starts_with("Status: ")).collect();
    let head = format!("HTTP/1.1 {status}\r\n{}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", headers.join("\r\n"), rest.len());
    connection.write_all(head.as_bytes()).ok()?;
    connection.write_all(rest).ok()
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = smolcrawl(home);
    command.args(arguments).env("SMOLCRAWL_DB", home.join("index.db")).env("SMOLCRAWL_EMBEDDINGS", "none");
    command.output().unwrap()
}

/// The JSON that a command prints which succeeds.
fn json(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    report(&output)
}

#[test]
fn a_refresh_tells_what_a_new_commit_has_changed() {
    let Some(backend) = backend() else { return };
    let home = TempDir::new().unwrap();
    let work = home.path().join("work");
    fs::create_dir_all(work.join("docs")).unwrap();
    let write = |name: &str, content: &str| fs::write(work.join(name), content).unwrap();
    git(&work, &["init", "--quiet"]);
    write("README.md", "# Kettle\n\nThe kettle whistles at ninety degrees.\n");
    write("docs/lid.md", "# Lid\n\nThe lid has a handle.\n");
    write("docs/spout.md", "# Spout\n\nThe spout is bent.\n");
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "-m", "one"]);
    git(home.path(), &["clone", "--quiet", "--bare", "work", "served/kettle.git"]);
    let port = serve(backend, home.path().join("served"));
    let json = |arguments: &[&str]| json(home.path(), arguments);
    let added = json(&["add", &format!("http://127.0.0.1:{port}/kettle.git"), "--allow-private"]);
    assert_eq!(added["added"], 3, "{added}");
    let source = added["source"].as_str().unwrap().to_owned();
    let refresh = || json(&["refresh", &source, "--allow-private"]);
    let counts = |told: &Value| ["updated", "added", "removed"].map(|what| told[what].as_u64().unwrap());
    let told = refresh();
    assert_eq!(counts(&told), [0, 0, 0], "{told}");

    write("README.md", "# Kettle\n\nThe kettle hums at eighty degrees.\n");
    write("docs/base.md", "# Base\n\nThe base turns all the way round.\n");
    git(&work, &["rm", "--quiet", "docs/spout.md"]);
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "-m", "two"]);
    git(&work, &["push", "--quiet", "../served/kettle.git", "HEAD"]);
    let told = refresh();
    assert_eq!(counts(&told), [1, 1, 1], "{told}");
    let title = |list: &str| told[list][0]["title"].as_str().unwrap_or_default();
    assert_eq!([title("changed_pages"), title("added_pages"), title("removed_pages")], ["Kettle", "Base", "Spout"], "{told}");
    let found = |question: &str| json(&["search", question])["hits"].to_string();
    assert!(found("at how many degrees does the kettle hum").contains("hums at eighty"));
    assert!(found("does the base turn").contains("all the way round"));
    assert!(!found("is the spout bent").contains("spout is bent"));
    let told = refresh();
    assert_eq!(counts(&told), [0, 0, 0], "what was told is not told again: {told}");
}

#[test]
fn a_repository_is_added_at_a_tag_and_at_its_head_by_gits_own_protocol() {
    let Some(backend) = backend() else { return };
    let home = TempDir::new().unwrap();
    let work = home.path().join("work");
    fs::create_dir_all(work.join("docs")).unwrap();
    let write = |name: &str, content: &str| fs::write(work.join(name), content).unwrap();
    git(&work, &["init", "--quiet"]);
    write("README.md", "# Kettle\n\nThe kettle whistles at ninety degrees.\n");
    write("docs/lid.md", "# Lid\n\nThe lid has a handle.\n");
    write("main.rs", "fn main() {}\n");
    git(&work, &["add", "."]);
    git(&work, &["commit", "--quiet", "-m", "one"]);
    git(&work, &["tag", "v1"]);
    write("README.md", "# Kettle\n\nThe kettle hums at eighty degrees.\n");
    git(&work, &["commit", "--quiet", "-am", "two"]);
    git(home.path(), &["clone", "--quiet", "--bare", "work", "served/kettle.git"]);
    let port = serve(backend, home.path().join("served"));
    let remote = format!("http://127.0.0.1:{port}/kettle.git");
    let run = |arguments: &[&str]| run(home.path(), arguments);
    let json = |arguments: &[&str]| json(home.path(), arguments);
    // Loopback is private: nothing is asked there unless that is allowed.
    let refused = run(&["add", &format!("{remote}@v1")]);
    assert!(!refused.status.success() && text(&refused.stderr).contains("--allow-private"), "{}", text(&refused.stderr));
    json(&["add", &format!("{remote}@v1"), "--allow-private"]);
    let found = |question: &str| json(&["search", question])["hits"].to_string();
    assert!(found("at how many degrees does the kettle whistle").contains("whistles at ninety"));
    let sources = json(&["sources"]).to_string();
    assert!(sources.contains("kettle") && sources.contains("v1"), "{sources}");
    assert!(found("the handle of the lid").contains("lid has a handle"));
    json(&["add", &remote, "--allow-private"]);
    assert!(found("the kettle hums").contains("hums at eighty"));
    let missing = run(&["add", &format!("{remote}@v9"), "--allow-private"]);
    assert!(!missing.status.success() && text(&missing.stderr).contains("v9"), "{}", text(&missing.stderr));
}
