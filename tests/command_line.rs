//! The real binary, driven as scripts and MCP clients drive it: its arguments, its pipes, its exit status.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/reactors.rs"]
mod reactors;
#[path = "support/site.rs"]
mod site;

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
#[cfg(unix)]
use std::process::{Child, Command};
use std::process::{Output, Stdio};
#[cfg(unix)]
use std::sync::mpsc;
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use binary::{Server, report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

/// Three pages, one of them gone, and a code example.
fn manual() -> String {
    let site = Site::default();
    let address = serve(&site);
    let page = |title: &str, body: &str| Reply::html(format!("<title>{title}</title><main><h1>{title}</h1>{body}</main>"));
    site.reply(
        &format!("{address}/"),
        page(
            "Manual",
            "<p>A manual of tasks and timers.</p><a href='/tasks'>tasks</a> <a href='/timers'>timers</a> <a href='/gone'>gone</a>",
        ),
    );
    site.reply(
        &format!("{address}/tasks"),
        page("Tasks", "<p>Dropping a task cancels it at its next suspension point.</p><pre><code class='language-rust'>let task = spawn(work());\ndrop(task);\n</code></pre>"),
    );
    site.reply(&format!("{address}/timers"), page("Timers", "<p>A timer fires once its deadline has passed.</p>"));
    address
}

#[test]
fn demo_crawls_indexes_and_answers() {
    let home = TempDir::new().unwrap();
    let output = run(home.path(), &["demo"]);
    assert!(!text(&output.stdout).contains("\\u{"), "{}", text(&output.stdout));
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", text(&output.stderr));
    for page in ["/ ", "/guide/install", "/guide/jobs", "/guide/retries", "/guide/workers", "/reference/configuration", "/changelog"] {
        assert!(stdout.lines().any(|line| line.starts_with("stored") && line.contains(page)), "{page} is missing:\n{stdout}");
    }
    assert!(stdout.contains("crawled   9 pages"), "{stdout}");
    assert!(stdout.lines().any(|line| line.starts_with("failed") && line.contains("/guide/plugins: HTTP 404")), "{stdout}");
    // The questions share hardly a word with their answers.
    for answer in ["1. Jobs", "1. Retries", "1. Python"] {
        assert!(stdout.contains(answer), "{answer} is missing:\n{stdout}");
    }
    for next in ["next      smolcrawl crawl docs.rs/smol", "smolcrawl search how to stop a task", "smolcrawl setup"] {
        assert!(stdout.contains(next), "{next} is missing:\n{stdout}");
    }
    assert!(benign_resets(&stdout) >= 1, "the reset after the complete answer is met, always:\n{stdout}");
    assert_eq!(text(&output.stderr), "", "a clean run is quiet");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "the demo leaves nothing behind");
}

/// As the demo counts them.
fn benign_resets(demo: &str) -> u32 {
    let (before, _) = demo.split_once(" benign resets").unwrap_or_else(|| panic!("{demo}"));
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{demo}"))
}

/// What the demo says of each page, sorted: the crawl's own order, and which page is the first to name another, is that
/// of the answers.
fn pages(demo: &str) -> Vec<String> {
    let site = demo.lines().find_map(|line| line.strip_prefix("site      ")).unwrap_or_else(|| panic!("{demo}"));
    let of_a_page = demo.lines().filter(|line| line.starts_with("stored") || line.starts_with("failed"));
    let mut pages: Vec<_> = of_a_page.map(|line| line.split(", ").next().unwrap_or_default().replace(site, "/")).collect();
    pages.sort_unstable();
    pages
}

#[test]
fn demo_is_the_same_on_every_reactor() {
    let home = TempDir::new().unwrap();
    let reference = text(&run(home.path(), &["--reactor", "selector", "demo"]).stdout);
    assert_eq!(pages(&reference).len(), 10, "{reference}");
    for kind in reactors::kinds().map(|kind| kind.to_string()) {
        let output = run(home.path(), &["--reactor", &kind, "demo"]);
        let stdout = text(&output.stdout);
        assert!(output.status.success(), "{kind}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{kind}: a clean run is quiet");
        assert!(stdout.starts_with(&format!("reactor   reactor {kind} (")), "{stdout}");
        assert!(benign_resets(&stdout) >= 1, "{kind}: {stdout}");
        assert_eq!(pages(&stdout), pages(&reference), "{kind}");
        let hits = |demo: &str| -> Vec<String> { demo.lines().filter(|line| line.starts_with("1. ")).map(str::to_owned).collect() };
        assert_eq!((hits(&stdout).len(), hits(&stdout)), (3, hits(&reference)), "{kind}");
    }
}

/// Asked for by name, it runs; where the system does not permit it, `selector` does, and a warning says why.
#[test]
#[cfg(any(windows, all(target_os = "linux", target_arch = "x86_64")))]
fn completion_runs_when_it_is_asked_for_or_is_replaced_with_a_warning() {
    let home = TempDir::new().unwrap();
    let is_permitted = reactors::is_permitted();
    let backend = if cfg!(windows) { "IOCP" } else { "io_uring" };
    for name in ["completion", "io_uring", "iocp", "proactor"] {
        let output = run(home.path(), &["doctor", "--json", "--reactor", name]);
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        let reactor = &report(&output)["reactor"];
        assert_eq!(reactor["asked_for"], json!("completion"));
        if is_permitted {
            assert_eq!((&reactor["chosen"], &reactor["backend"]), (&json!("completion"), &json!(backend)), "{reactor}");
            assert_eq!((&reactor["attempts"], stderr.as_str()), (&json!([]), ""));
        } else {
            assert_eq!((&reactor["chosen"], &reactor["attempts"][0]["kind"]), (&json!("selector"), &json!("completion")), "{reactor}");
            assert!(stderr.contains("completion cannot start: "), "{stderr}");
        }
    }
}

#[test]
fn a_site_is_crawled_searched_refreshed_and_removed() {
    let home = TempDir::new().unwrap();
    let address = manual();
    let url = format!("http://{address}/");

    let crawled = run(home.path(), &["crawl", &url, "--allow-private", "--db", "x.db", "--json"]);
    assert!(crawled.status.success(), "{}", text(&crawled.stderr));
    let crawled = report(&crawled);
    assert_eq!((&crawled["pages"], &crawled["stored"]), (&json!(3), &json!(3)), "{crawled}");
    assert_eq!(crawled["failed"][0]["url"], json!(format!("{url}gone")));
    for counter in ["requests", "succeeded", "retried", "benign_resets", "failed", "connections_opened", "connections_reused"] {
        assert!(crawled["http"][counter].is_u64(), "{counter}: {crawled}");
    }
    for counter in ["cancelled", "connections_dropped"] {
        assert!(crawled["http"][counter].is_u64(), "{counter}: {crawled}");
    }
    for stage in ["connect", "tls", "first_byte", "head", "body", "other"] {
        assert_eq!(crawled["http"]["failed_at"][stage], json!(0), "{crawled}");
    }
    assert!(crawled["elapsed_ms"].is_u64());

    let found = report(&run(home.path(), &["search", "how do I stop what I started", "--db", "x.db", "-k", "1", "--json"]));
    assert_eq!(found["hits"][0]["url"], json!(format!("{url}tasks")), "{found}");
    let code = report(&run(home.path(), &["search", "cancel a task", "--code", "--db", "x.db", "--json"]));
    assert_eq!(code["hits"][0]["language"], json!("rust"), "{code}");
    assert_eq!(code["hits"][0]["text"].as_str().unwrap().trim_end(), "let task = spawn(work());\ndrop(task);");

    let refreshed = report(&run(home.path(), &["refresh", &address, "--allow-private", "--db", "x.db", "--json"]));
    assert_eq!((&refreshed["checked"], &refreshed["unchanged"]), (&json!(3), &json!(3)), "{refreshed}");

    let removed = report(&run(home.path(), &["remove", &address, "--db", "x.db", "--json"]));
    assert_eq!(removed["removed"], json!(3));
    let sources = report(&run(home.path(), &["sources", "--db", "x.db", "--json"]));
    assert_eq!(sources["sources"], json!([]));
}

/// The main thread of a program for Windows has one megabyte (two with GNU's linker), and Linux eight.
#[test]
#[cfg(unix)]
fn a_megabyte_of_stack_is_enough() {
    let home = TempDir::new().unwrap();
    let address = manual();
    let url = format!("http://{address}/");
    std::fs::create_dir(home.path().join("notes")).unwrap();
    std::fs::write(home.path().join("notes/a.md"), "# Notes\n\nHerons stand still in shallow water.\n").unwrap();
    std::fs::write(home.path().join("a.jsonl"), r#"{"url":"http://eval.invalid/0","title":"","text":"Wading birds."}"#).unwrap();
    std::fs::write(home.path().join("a.py"), "import json\njson.dumps({})\n").unwrap();
    for arguments in [
        &["crawl", &url, "--allow-private"][..],
        &["crawl", &url, "--allow-private", "--links-only"],
        &["crawl", &url, "--allow-private", "--join"],
        &["add", "notes"],
        &["index", "--jsonl", "a.jsonl"],
        &["search", "how do I stop what I started"],
        &["show", &format!("{url}tasks")],
        &["fetch", &url, "--allow-private"],
        &["pages", &address],
        &["sources"],
        &["refresh", &address, "--allow-private"],
        &["refresh", "notes"],
        &["verify", &url, "--allow-private"],
        &["find", "dumps"],
        &["check", "a.py"],
        &["project", "."],
        &["export", "--to", "a.export", &address],
        &["import", "a.export"],
        &["copy", "--from", "x.db", "--to", "y.db"],
        &["remove", &address],
    ] {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -s 1024 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_smolcrawl")]).args(arguments);
        for (name, value) in smolcrawl(home.path()).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("SMOLCRAWL_DB", home.path().join("x.db"));
        let output = command.current_dir(home.path()).stdin(Stdio::null()).output().unwrap();
        // By a signal where the stack is over; 2 is a command that is none.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}\n{}", output.status, text(&output.stderr));
    }
}

#[test]
fn lines_are_indexed_whole_or_not_at_all() {
    let home = TempDir::new().unwrap();
    let good = r#"{"url":"http://eval.invalid/0","title":"","text":"Herons stand still in shallow water."}"#;
    std::fs::write(home.path().join("good.jsonl"), format!("{good}\n")).unwrap();
    std::fs::write(home.path().join("bad.jsonl"), format!("{good}\n{{\"url\":\"no url\"}}\n")).unwrap();
    std::fs::write(home.path().join("questions.jsonl"), "{\"id\":7,\"query\":\"wading birds\"}\n").unwrap();

    let bad = run(home.path(), &["index", "--jsonl", "bad.jsonl", "--db", "x.db"]);
    assert_eq!(bad.status.code(), Some(1));
    let told = text(&bad.stderr);
    assert!(told.starts_with("error: bad.jsonl, line 2: ") && told.contains("; no line was stored\n"), "{told}");
    assert!(!home.path().join("x.db").exists(), "nothing was stored");

    assert_eq!(report(&run(home.path(), &["index", "--jsonl", "good.jsonl", "--db", "x.db", "--json"]))["added"], json!(1));
    let hits =
        report(&run(home.path(), &["search", "--batch", "questions.jsonl", "-k", "3", "--json", "--distinct-pages", "--db", "x.db"]));
    assert_eq!((&hits["id"], &hits["hits"][0]["url"]), (&json!(7), &json!("http://eval.invalid/0")));

    let refreshed = run(home.path(), &["refresh", "eval.invalid", "--db", "x.db", "--json"]);
    assert_eq!((refreshed.status.code(), &report(&refreshed)["checked"]), (Some(1), &json!(1)));
    assert!(text(&refreshed.stderr).starts_with("error: nothing was refreshed: "), "{}", text(&refreshed.stderr));
}

/// What `extract --jsonl` answers to these lines.
fn extracted(home: &Path, options: &[&str], lines: &str) -> (Output, Vec<Value>) {
    let mut command = smolcrawl(home);
    let piped = command.args(["extract", "--jsonl"]).args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let answers = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output, answers)
}

#[test]
fn html_lines_become_markdown_lines() {
    let home = TempDir::new().unwrap();
    let html = "<html lang=en><title>T</title><meta name=description content=D><main><h1>T</h1><p>One <b>two</b>.</p></main>";
    let line = json!({ "id": 1, "url": "https://docs.test/t", "html": html }).to_string();
    let (output, answers) = extracted(home.path(), &[], &line);
    assert!(output.status.success());
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!((&answer["id"], &answer["title"]), (&json!(1), &json!("T")));
    assert!(answer["markdown"].as_str().unwrap().contains("One **two**."), "{answer}");
    assert_eq!(answer["metadata"], json!({ "language": "en", "description": "D" }));
    assert!(answer["outline"].is_array() && answer.get("notes").is_none(), "{answer}");
    let (_, answers) = extracted(home.path(), &["--explain", "--format", "text"], &line);
    assert!(answers[0]["notes"].is_array() && answers[0]["text"].as_str().unwrap().contains("One two."), "{answers:?}");
    assert_eq!(answers[0]["metadata"]["language"], json!("en"));
}

#[test]
fn a_bad_line_is_answered_by_its_error_and_the_rest_goes_on() {
    let home = TempDir::new().unwrap();
    let good = |id| json!({ "id": id, "url": "https://docs.test/t", "html": "<p>Words of a page." }).to_string();
    let blank = json!({ "id": "b", "url": "", "html": "<p>x" }).to_string();
    let (output, answers) = extracted(home.path(), &[], &[&good(1), &blank, "", "no JSON", "{\"id\":3}", "[]", &good(4)].join("\n"));
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!("b"), Value::Null, json!(3), Value::Null, json!(4)]);
    let is_read: Vec<_> = answers.iter().map(|answer| answer["markdown"].is_string() && answer.get("error").is_none()).collect();
    assert_eq!(is_read, [true, false, false, false, false, true]);
    assert!(answers[2]["error"].as_str().unwrap().starts_with("line 4: "), "{answers:?}");
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: stdin, line 2: ") && stderr.contains("(and 3 lines after it)") && stderr.contains("\nhint: "),
        "{stderr}"
    );
    // A page without text is an answer.
    let (output, answers) = extracted(home.path(), &[], &json!({ "id": 1, "url": "https://docs.test/t", "html": "" }).to_string());
    assert!(output.status.success() && answers[0]["error"] == json!("no text in the page"), "{answers:?}");
}

#[test]
fn a_fetched_page_tells_of_itself_and_of_what_is_left_out() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let html = "<html lang=en><title>Pots</title><nav><a href=/>Home of all the pots</a></nav><main><h1>Pots</h1><p>Warm.</p></main>";
    site.reply(&format!("{address}/pots"), Reply::html(html));
    let url = format!("http://{address}/pots");
    let fetch = |options: &[&str]| run(home.path(), &[&["fetch", &url, "--allow-private", "--ignore-robots"], options].concat());
    let page = report(&fetch(&["--format", "json"]));
    assert_eq!((&page["metadata"], page.get("notes")), (&json!({ "language": "en" }), None), "{page}");
    assert!(page["outline"].is_array());
    let long = "<title>Pots</title><main><h1>Pots</h1><p>Warm water is in all of the pots.</p><h2 id=lids>Lids</h2><p>They lie on the pots.</p></main>";
    site.reply(&format!("{address}/long"), Reply::html(long));
    let at =
        |fragment: &str| run(home.path(), &["fetch", &format!("http://{address}/long{fragment}"), "--allow-private", "--ignore-robots"]);
    let whole = text(&at("").stdout);
    assert!(whole.starts_with("# Pots") && whole.contains("## Lids"), "{whole}");
    let part = at("#lids");
    assert!(text(&part.stdout).starts_with("## Lids") && part.stderr.is_empty(), "{} {}", text(&part.stdout), text(&part.stderr));
    let unknown = at("#nope");
    assert_eq!(text(&unknown.stdout), whole);
    assert!(text(&unknown.stderr).starts_with("note: no heading of the page has the fragment"), "{}", text(&unknown.stderr));
    // The same in every format.
    let by = |fragment: &str, format: &str| {
        let url = format!("http://{address}/long{fragment}");
        let output = run(home.path(), &["fetch", &url, "--allow-private", "--ignore-robots", "--format", format]);
        (text(&output.stdout), text(&output.stderr))
    };
    assert_eq!(by("#lids", "text"), ("Lids\n\nThey lie on the pots.\n".to_owned(), String::new()));
    let (part, told) = by("#lids", "json");
    let part: Value = serde_json::from_str(&part).unwrap();
    assert!(part["markdown"].as_str().unwrap().starts_with("## Lids") && told.is_empty(), "{part} {told}");
    assert_eq!((&part["title"], &part["offset"]), (&json!("Pots"), &json!(whole.find("## Lids").unwrap())), "{part}");
    assert_eq!(part["outline"], json!([{ "level": 2, "text": "Lids", "anchor": "lids", "offset": 0 }]), "{part}");
    for format in ["text", "json"] {
        let ((there, quiet), (unknown, told)) = (by("", format), by("#nope", format));
        let is_told = told.starts_with("note: no heading of the page has the fragment") && told.lines().count() == 1;
        assert!(quiet.is_empty() && is_told, "{format}: {quiet} {told}");
        assert_eq!(unknown.replace(",\"offset\":0,\"outline\"", ",\"outline\""), there, "{format}");
    }
    assert!(report(&fetch(&["--format", "json", "--explain"]))["notes"].is_array());
    for format in ["markdown", "text"] {
        let plain = fetch(&["--format", format]);
        let explained = fetch(&["--format", format, "--explain"]);
        assert_eq!((text(&plain.stdout), text(&plain.stderr)), (text(&explained.stdout), String::new()));
        let stderr = text(&explained.stderr);
        assert!(stderr.lines().last().is_some_and(|line| line.starts_with("left out: ") && line.ends_with(" places")), "{stderr}");
    }
}

/// What goes wrong, how it is said, and that it is one line and a hint.
#[test]
fn bad_input_gets_a_clear_error_and_a_hint() {
    let home = TempDir::new().unwrap();
    // A database with nothing of docs.test in it.
    std::fs::write(home.path().join("one.jsonl"), "{\"url\":\"http://eval.invalid/0\",\"text\":\"One.\"}\n").unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "one.jsonl", "--db", "x.db", "--no-index"]).status.success());
    std::fs::write(
        home.path().join("not.db"),
        "this is no database, only text that is long enough to be read as a header of one, or so it seems",
    )
    .unwrap();
    let dead = {
        // Bound and dropped: nobody listens there.
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/500"), Reply::status(500)).reply(&format!("{address}/empty"), Reply::html(""));
    let refused = format!("http://{dead}/");
    let (missing, broken, empty) = (format!("http://{address}/404"), format!("http://{address}/500"), format!("http://{address}/empty"));
    let cases: &[(&[&str], i32, &str)] = &[
        (&["fetch", "not a url"], 1, "not a URL"),
        (&["fetch", "ftp://docs.test/"], 1, "unsupported scheme"),
        (&["fetch", "http://no-such-host.invalid/"], 1, "no-such-host.invalid"),
        (&["fetch", &refused, "--allow-private", "--ignore-robots"], 1, "refused"),
        (&["fetch", &refused], 1, "which is loopback"),
        (&["fetch", &missing, "--allow-private"], 1, "404"),
        (&["fetch", &broken, "--allow-private"], 1, "500"),
        (&["fetch", &empty, "--allow-private"], 1, "no text"),
        (&["crawl", &missing, "--allow-private"], 1, "nothing was stored"),
        (&["search", "x", "--db", "not.db"], 1, "is not a smolcrawl database"),
        (&["search", "", "--db", "x.db", "--mode", "lexical"], 1, "the query is empty"),
        (&["search", "x", "--source", "::", "--db", "x.db"], 1, "names no source"),
        (&["search", "x", "--db", "missing.db"], 1, "nothing is stored yet"),
        (&["refresh", "docs.test", "--db", "missing.db"], 1, "nothing is stored yet"),
        (&["remove", "docs.test", "--db", "x.db"], 1, "nothing of docs.test is stored"),
        (&["search", "--batch", "missing.jsonl"], 1, "missing.jsonl"),
        (&["sources", "--reactor", "warp"], 2, "--reactor is \"warp\""),
        (&["doctor", "--db", "not.db"], 1, "is not a smolcrawl database"),
        (&["sources", "--config", "missing.toml"], 1, "configuration file missing.toml"),
    ];
    for (arguments, status, why) in cases {
        let output = run(home.path(), arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*status), "{arguments:?}: {stderr}");
        let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(errors.len(), 1, "{arguments:?}: {stderr}");
        assert!(errors[0].contains(why), "{arguments:?}: {stderr}");
        assert!(stderr.lines().any(|line| line.starts_with("hint: ")), "{arguments:?} gives no hint: {stderr}");
    }
    assert!(!home.path().join("missing.db").exists(), "a question makes no database");
    assert_eq!(run(home.path(), &["crawl"]).status.code(), Some(2));
    assert!(std::fs::read_to_string(home.path().join("not.db")).unwrap().starts_with("this is no database"), "it was not touched");
}

/// What can never be right is wrong usage, whatever is stored; what is asked for and cannot be had has failed.
#[test]
fn what_a_flag_can_never_be_is_wrong_usage() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("one.jsonl"), "{\"url\":\"http://eval.invalid/0\",\"text\":\"One.\"}\n").unwrap();
    std::fs::write(home.path().join("questions.jsonl"), "{\"id\":7,\"query\":\"one\"}\n").unwrap();
    std::fs::write(home.path().join("list.toml"), "timeout_seconds = [5]\n").unwrap();
    std::fs::write(home.path().join("path.toml"), "db = 5\n").unwrap();
    std::fs::write(home.path().join("no.toml"), "= 5\n").unwrap();
    std::fs::create_dir(home.path().join("notes")).unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "one.jsonl", "--db", "x.db", "--no-index"]).status.success());
    let cases: &[(&[&str], i32, &str)] = &[
        (&["crawl", "http://docs.test/", "--include", "re:("], 2, "is no pattern"),
        (&["crawl", "http://docs.test/", "--exclude", "re:("], 2, "is no pattern"),
        (&["crawl", "http://docs.test/", "--name", "a b"], 2, "cannot be the name"),
        (&["crawl", "http://docs.test/", "--lib-version", "1 0"], 2, "cannot be the name"),
        (&["crawl", "http://docs.test/", "--header", "none"], 2, "no colon"),
        (&["add", "notes", "--include", "re:("], 2, "is no pattern"),
        (&["add", "notes", "--name", "a b"], 2, "cannot be the name"),
        (&["add", "notes", "--lib-version", "1 0"], 2, "cannot be the name"),
        (&["search", "one", "--since", "lately"], 2, "is no date"),
        (&["search", "--batch", "questions.jsonl", "--since", "lately"], 2, "is no date"),
        (&["sources", "--config", "list.toml"], 2, "is not a string, number or boolean"),
        (&["sources", "--config", "path.toml"], 2, "is not a string"),
        (&["sources", "--config", "no.toml"], 2, "line 1, column 1"),
        (&["add", "notes", "--name", "docs"], 1, "there is nothing to read"),
        (&["add", "nowhere", "--name", "docs"], 1, "nowhere"),
        (&["crawl", "http://docs.invalid/", "--include", "re:x"], 1, "docs.invalid"),
        (&["pages", "eval.invalid", "--below", "a b"], 1, "not a URL"),
        (&["refresh", "docs.test"], 1, "nothing of docs.test is stored"),
    ];
    for (arguments, status, why) in cases {
        let output = run(home.path(), &[arguments, &["--db", "x.db"][..]].concat());
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*status), "{arguments:?}: {stderr}");
        let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("error: ")).collect();
        assert!(errors.len() == 1 && errors[0].contains(why), "{arguments:?}: {stderr}");
        assert!(stderr.lines().any(|line| line.starts_with("hint: ")), "{arguments:?} gives no hint: {stderr}");
    }
}

#[test]
fn what_a_search_may_lack_is_told_unless_asked_to_be_quiet() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("one.jsonl"), "{\"url\":\"http://eval.invalid/0\",\"text\":\"Herons wade.\"}\n").unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "one.jsonl", "--db", "x.db", "--no-index"]).status.success());
    let told = run(home.path(), &["search", "herons", "--db", "x.db"]);
    assert!(text(&told.stderr).starts_with("note: 1 of 1 chunks are not embedded yet"), "{}", text(&told.stderr));
    let quiet = run(home.path(), &["search", "herons", "--db", "x.db", "-q"]);
    assert!(quiet.status.success() && quiet.stdout == told.stdout);
    assert_eq!(text(&quiet.stderr), "");
}

#[test]
fn an_unknown_word_in_the_environment_is_warned_about() {
    let home = TempDir::new().unwrap();
    let output = smolcrawl(home.path()).args(["doctor", "--json"]).env("SMOLCRAWL_REACTOR", "warp").output().unwrap();
    assert!(output.status.success());
    assert_eq!(report(&output)["reactor"]["chosen"], json!("selector"));
    assert_eq!(report(&output)["reactor"]["driven_by"], json!("calling thread"));
    assert!(text(&output.stderr).contains("unknown reactor \"warp\""), "{}", text(&output.stderr));
}

#[test]
fn what_is_wrong_with_a_configuration_file_is_told_with_what_helps() {
    let home = TempDir::new().unwrap();
    for (content, what, hint) in [
        ("db = 5\n", "line 1, column 1: db is not a string", "hint: write db = \"…\"\n"),
        ("\nshare_folder = true\n", "line 2, column 1: share_folder is not a string", "hint: write share_folder = "),
        ("timeout_seconds = [5]\n", "timeout_seconds is not a string, number or boolean", "hint: settings are db, "),
    ] {
        std::fs::write(home.path().join("c.toml"), content).unwrap();
        let output = run(home.path(), &["sources", "--config", "c.toml"]);
        let told = text(&output.stderr);
        assert!(!output.status.success() && told.contains(what) && told.contains(hint), "{told}");
    }
    assert!(!home.path().join("5").exists());
    std::fs::write(home.path().join("c.toml"), "db = \"5\"\ntimeout_seconds = 5\nallow_private = true\n").unwrap();
    // What the environment says would go first.
    let mut doctor = smolcrawl(home.path());
    let found = report(&doctor.args(["doctor", "--json", "--config", "c.toml"]).env_remove("SMOLCRAWL_DB").output().unwrap());
    assert_eq!(found["settings"]["db"], json!({ "value": "5", "from": "file" }));
    let told = text(&run(home.path(), &["sources", "--config", "none.toml"]).stderr);
    assert!(told.contains("none.toml: ") && told.contains("hint: name a file that is there and may be read"), "{told}");
}

#[test]
fn doctor_counts_what_is_embedded_as_the_list_of_sources_does() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("one.jsonl"), "{\"url\":\"http://eval.invalid/0\",\"text\":\"One heron.\"}\n").unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "one.jsonl", "--db", "x.db"]).status.success());
    for embeddings in ["minilm", "none"] {
        let ask = |arguments: &[&str]| {
            report(&smolcrawl(home.path()).args(arguments).args(["--db", "x.db"]).env("SMOLCRAWL_EMBEDDINGS", embeddings).output().unwrap())
        };
        let (doctor, sources) = (ask(&["doctor", "--json"]), ask(&["sources", "--json"]));
        assert_eq!((&doctor["store"]["embedded"], &sources["sources"][0]["embedded"]), (&json!(1), &json!(1)), "{embeddings}");
    }
}

#[test]
fn doctor_tells_where_a_setting_comes_from_and_changes_nothing() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("c.toml"), "user_agent = \"tester/1\"\nembeddings_key = \"sk-secret\"\n").unwrap();
    let output = smolcrawl(home.path()).args(["doctor", "--json", "--config", "c.toml"]).env("SMOLCRAWL_DB", "e.db").output().unwrap();
    let findings = report(&output);
    assert_eq!(findings["settings"]["db"], json!({ "value": "e.db", "from": "environment" }));
    assert_eq!(findings["settings"]["user_agent"], json!({ "value": "tester/1", "from": "file" }));
    assert!(!text(&output.stdout).contains("sk-secret"));
    assert_eq!(findings["store"]["exists"], json!(false));
    assert!(!home.path().join("e.db").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_stored_and_reports_it() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let (sender, asked) = mpsc::channel();
    site.reply(
        &format!("{address}/"),
        Reply::html("<title>First</title><p>Stored before the interrupt comes.</p><a href='/slow'>next</a>"),
    );
    site.on(&format!("{address}/slow"), move |_| {
        sender.send(()).unwrap();
        Reply::html("too late").after(Duration::from_secs(3600))
    });
    let child = smolcrawl(home.path())
        .args(["crawl", &format!("http://{address}/"), "--allow-private", "--db", "x.db", "--json", "--no-index"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    asked.recv().unwrap();
    // The first page is stored beside the second request: wait until it is there.
    let pages = || report(&run(home.path(), &["sources", "--db", "x.db", "--json"]))["sources"][0]["pages"].clone();
    while pages() != json!(1) {
        thread::yield_now();
    }
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    assert!(stderr.starts_with("interrupted: 1 pages are stored and kept; 1 of 1 chunks are not embedded yet"), "{stderr}");
    assert_eq!((&report(&output)["stored"], &report(&output)["ended"]), (&json!(1), &json!("stopped")));
}

/// Asked for the end while the first page is still on its way, and while a refresh is.
#[cfg(unix)]
#[test]
fn an_interrupt_is_told_as_one_whatever_it_comes_upon() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let url = format!("http://{address}/");
    let first = Reply::html("<title>First</title><p>Stored before the interrupt comes.</p>");
    site.reply(&url["http://".len()..], first);
    assert!(run(home.path(), &["crawl", &url, "--allow-private", "--db", "x.db", "--no-index"]).status.success());

    let (sender, asked) = mpsc::channel();
    site.on(&url["http://".len()..], move |_| {
        sender.send(()).unwrap();
        Reply::html("too late").after(Duration::from_secs(3600))
    });
    let interrupted = |arguments: &[&str]| {
        let piped = smolcrawl(home.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        asked.recv().unwrap();
        interrupt(&piped);
        let output = piped.wait_with_output().unwrap();
        (output.status.code(), text(&output.stderr), text(&output.stdout))
    };
    let (status, stderr, _) = interrupted(&["crawl", &url, "--allow-private", "--db", "y.db", "--no-index"]);
    assert_eq!((status, stderr.lines().next()), (Some(130), Some("interrupted: nothing was stored yet")), "{stderr}");
    let (status, stderr, stdout) = interrupted(&["refresh", &url, "--allow-private", "--db", "x.db"]);
    assert_eq!(status, Some(130), "{stderr}");
    assert!(stderr.starts_with("interrupted: what was updated is kept, 1 pages were not checked; 1 of 1 chunks"), "{stderr}");
    assert!(stdout.contains("0 checked"), "{stdout}");
}

#[test]
fn why_a_crawl_is_not_complete_is_told() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let page = |title: &str, links: &str| {
        Reply::html(format!("<title>{title}</title><main><h1>{title}</h1><p>Words of {title}.</p>{links}</main>"))
    };
    site.reply(&format!("{address}/"), page("Manual", "<a href=/1>1</a> <a href=/2>2</a> <a href=http://elsewhere.test/>away</a>"));
    site.reply(&format!("{address}/1"), page("One", "")).reply(&format!("{address}/2"), page("Two", ""));
    let crawl = |path: &str, options: &[&str]| {
        let url = format!("http://{address}/{path}");
        run(home.path(), &[&["crawl", &url, "--allow-private", "--db", "x.db", "--no-index", "--concurrency", "1"], options].concat())
    };
    let stdout = text(&crawl("", &["--max-pages", "1"]).stdout);
    assert!(
        stdout.contains("not complete, as the limit of pages was reached: at least 2 URLs are left: --max-pages allows more"),
        "{stdout}"
    );
    let stdout = text(&crawl("", &["--max-requests", "3"]).stdout);
    assert!(stdout.contains("not complete, as the limit of requests was reached: at least 1 URLs are left"), "{stdout}");
    let stdout = text(&crawl("", &[]).stdout);
    assert!(!stdout.contains("not complete") && stdout.contains("links not followed: 1 out of scope"), "{stdout}");
    assert!(stdout.contains("3 pages stored, 0 skipped, 0 failed in "), "{stdout}");

    let index = "<sitemapindex><sitemap><loc>http://elsewhere.test/s.xml</loc></sitemap></sitemapindex>";
    site.reply(&format!("{address}/sitemap.xml"), Reply::new(200, "application/xml", index));
    let nothing = crawl("sitemap.xml", &[]);
    let stderr = text(&nothing.stderr);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(stderr.starts_with("error: nothing was stored: links not followed: 1 a sitemap of another site"), "{stderr}");
    for wrong in [["--max-time", "soon"], ["--max-bytes", "0"], ["--max-requests", "0"]] {
        assert_eq!(crawl("", &wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn the_end_of_a_crawl_is_told_in_one_line() {
    let home = TempDir::new().unwrap();
    let url = format!("http://{}/", manual());
    let output = run(home.path(), &["crawl", &url, "--allow-private", "--db", "x.db", "--no-index", "-v"]);
    let stderr = text(&output.stderr);
    let ends: Vec<_> = stderr.lines().filter(|line| line.contains("crawl ended")).collect();
    assert_eq!(ends.len(), 1, "{stderr}");
    for word in ["3 pages", "requests", "succeeded", "retried", "benign resets", "opened", "reused", "dropped"] {
        assert!(ends[0].contains(word), "{word}: {}", ends[0]);
    }
}

#[test]
fn a_client_crawls_and_asks_over_the_pipes() {
    let home = TempDir::new().unwrap();
    let url = format!("http://{}/", manual());
    let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
    server.initialize();

    let tools = server.ask(2, "tools/list", json!({}))["result"]["tools"].clone();
    let names: Vec<_> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let crawling = ["crawl_single_page", "smart_crawl_url", "crawl_status", "cancel_crawl"];
    let asking = ["get_available_sources", "perform_rag_query", "search_code_examples", "read_page", "fetch_url"];
    let keeping = ["compare_versions", "verify_page", "refresh_source", "remove_source", "export_sources", "import_sources"];
    let adding = ["add_source", "index_github_repository", "parse_github_repository"];
    let code = ["index_project", "find_symbol", "list_symbols", "check_code", "check_ai_script_hallucinations", "query_knowledge_graph"];
    assert_eq!(names, [&crawling[..], &asking, &keeping, &adding, &code].concat());
    assert!(!home.path().join("x.db").exists(), "the database opens with the first page to store");

    let crawled = server.call(3, "smart_crawl_url", json!({ "url": url }));
    assert_eq!(crawled["structuredContent"]["pages_stored"], json!(3), "{crawled}");
    let http = &crawled["structuredContent"]["http"];
    let count = |name: &str| http[name].as_u64().unwrap();
    assert!(count("requests") >= 4 && count("requests") == count("succeeded") + count("failed") + count("cancelled"), "{http}");
    assert!(http["failed_at"].is_object() && http["connections_opened"].is_u64(), "{http}");
    let sources = server.call(4, "get_available_sources", json!({}));
    assert_eq!(sources["structuredContent"]["count"], json!(1), "{sources}");
    let source = sources["structuredContent"]["sources"][0]["source_id"].clone();

    let hits = server.call(
        5,
        "perform_rag_query",
        json!({ "query": "dropping a task at a suspension point", "source": source, "match_count": 2 }),
    );
    assert_eq!(hits["structuredContent"]["results"][0]["url"], json!(format!("{url}tasks")), "{hits}");
    let told: Value = serde_json::from_str(hits["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(told, hits["structuredContent"], "text and structure say the same");
    let code = server.call(6, "search_code_examples", json!({ "query": "spawn and drop", "source_id": source }));
    assert_eq!(code["structuredContent"]["results"][0]["language"], json!("rust"), "{code}");

    // Errors are answers that a model can act on, and the server lives on.
    for (id, tool, arguments, why) in [
        (7, "crawl_single_page", json!({ "url": "nowhere" }), "not a URL"),
        (8, "crawl_single_page", json!({ "url": format!("{url}gone") }), "404"),
        (9, "perform_rag_query", json!({ "query": "x", "source": "docs.test" }), "stored are"),
        (10, "perform_rag_query", json!({ "query": "x", "match_count": 0 }), "match_count"),
        (11, "perform_rag_query", json!({ "query": 5 }), "query"),
    ] {
        let answer = server.call(id, tool, arguments);
        assert_eq!(answer["isError"], json!(true), "{answer}");
        assert!(answer["content"][0]["text"].as_str().unwrap().contains(why), "{answer}");
    }
    assert_eq!(server.ask(12, "tools/call", json!({ "name": "no_such_tool" }))["error"]["code"], json!(-32602));

    let output = server.end();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "", "a clean session is quiet");
}

#[test]
fn a_client_reads_over_the_pipes_what_it_crawled() {
    let home = TempDir::new().unwrap();
    let url = format!("http://{}/", manual());
    let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
    server.initialize();
    assert_eq!(server.ask(2, "resources/list", json!({}))["result"]["resources"], json!([]));
    assert_eq!(server.ask(3, "prompts/list", json!({}))["result"]["prompts"].as_array().unwrap().len(), 3);
    assert!(!home.path().join("x.db").exists(), "a question makes no database");

    server.call(4, "smart_crawl_url", json!({ "url": url }));
    let listed = server.ask(5, "resources/list", json!({}))["result"]["resources"].clone();
    let hits = server.call(6, "perform_rag_query", json!({ "query": "cancel a task" }));
    let linked = hits["content"].as_array().unwrap().iter().filter(|piece| piece["type"] == "resource_link");
    let uris: Vec<_> = listed.as_array().unwrap().iter().chain(linked).map(|resource| resource["uri"].clone()).collect();
    assert!(uris.len() > 4, "a source, three pages, and links to some of them: {uris:?}");
    for uri in uris {
        let read = server.ask(7, "resources/read", json!({ "uri": uri }))["result"]["contents"][0].clone();
        assert!(read["uri"] == uri && !read["text"].as_str().unwrap().is_empty(), "{read}");
    }
    let gone = server.ask(8, "resources/read", json!({ "uri": format!("{url}gone") }))["error"].clone();
    assert!(gone["code"] == json!(-32002) && gone["message"].as_str().unwrap().contains("crawl_single_page"), "{gone}");
    let typed = json!({ "ref": { "type": "ref/prompt", "name": "learn_library" }, "argument": { "name": "url", "value": "http:" } });
    assert_eq!(server.ask(9, "completion/complete", typed)["result"]["completion"]["total"], json!(3));

    let output = server.end();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "", "a clean session is quiet");
}

#[test]
fn the_next_server_embeds_what_the_last_one_left() {
    let home = TempDir::new().unwrap();
    let url = format!("http://{}/", manual());
    assert!(run(home.path(), &["crawl", &url, "--allow-private", "--no-index", "--db", "x.db"]).status.success());
    let embedded = |server: &mut Server, id| {
        let sources = server.call(id, "get_available_sources", json!({}));
        let source = &sources["structuredContent"]["sources"][0];
        (source["embedded"].as_u64().unwrap(), source["chunks"].as_u64().unwrap())
    };
    let mut server = Server::start(home.path(), &["--db", "x.db"]);
    server.initialize();
    let mut id = 2;
    loop {
        let (done, all) = embedded(&mut server, id);
        if done == all {
            break;
        }
        id += 1;
    }
    assert!(server.end().status.success());
}

#[test]
fn a_reader_that_goes_away_is_no_news() {
    let home = TempDir::new().unwrap();
    let mut child = smolcrawl(home.path()).args(["doctor"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}
