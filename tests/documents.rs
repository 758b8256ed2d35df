//! README and the topics in `src/docs` against the program: what they show is what it prints, what they name is there, what they tell to
//! do can be done. Their Rust examples are doc tests; that every command is one, `src/commands/help/tests.rs` holds.
//!
//! `DOCUMENTS_WRITE=1 cargo test --test documents` writes what the program prints now into README.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/documents.rs"]
mod documents;
#[path = "support/site.rs"]
mod site;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use binary::{Server, run, serve, smolcrawl, text};
use documents::{Block, Invocation, blocks, documents, invocations, is_shell};
use serde_json::{Value, json};
use site::{Reply, Site};
use smolcrawl::config::Key;
use smolcrawl::docs::TOPICS;
use tempfile::TempDir;

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root("README.md")).unwrap().lines().count();
    assert!(lines <= 200, "README has {lines} lines: what is more than 200 belongs into a topic in src/docs");
}

/// The sample in README is a run: of these commands, on the site of the demo.
#[test]
fn the_sample_in_the_readme_is_what_is_printed() {
    let readme = text(&fs::read(root("README.md")).unwrap());
    let sample = blocks(&readme).into_iter().find(|block| block.text.starts_with("$ smolcrawl")).expect("README has a sample");
    let (home, address) = (TempDir::new().unwrap(), heron());
    let mut printed = String::new();
    for line in sample.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let [command] = &invocations(line)[..] else { panic!("one command a line: {line}") };
        let output = run_on(&address, home.path(), command).output().unwrap();
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        printed += &format!("$ {line}\n{}", shown(&text(&output.stdout), &address));
    }
    if std::env::var_os("DOCUMENTS_WRITE").is_some() {
        fs::write(root("README.md"), readme.replace(sample.text, &printed)).unwrap();
        return;
    }
    let (is, should) = (without_numbers(sample.text), without_numbers(&printed));
    assert_eq!(is, should, "\nDOCUMENTS_WRITE=1 cargo test --test documents writes this into README:\n{printed}");
    for (is, should) in scores(sample.text).iter().zip(scores(&printed)) {
        assert!((is - should).abs() < 0.05, "{is} and {should}:\n{printed}");
    }
}

/// Shows that the test above can fail.
#[test]
fn only_numbers_that_differ_from_run_to_run_are_left_out_of_account() {
    assert_eq!(without_numbers("9 pages in 0.4 s, fetched 0 min ago"), without_numbers("9 pages in 12.3 s, fetched 3 min ago"));
    assert_ne!(without_numbers("9 pages in 0.4 s"), without_numbers("8 pages in 0.4 s"));
    assert_ne!(without_numbers("1. Jobs [0.97] a"), without_numbers("2. Jobs [0.97] a"));
    assert_eq!(without_numbers("1. Jobs [0.97] a"), without_numbers("1. Jobs [0.98] a"));
    assert_eq!(scores("1. Jobs [0.97] a"), [0.97]);
}

/// Each command that needs nothing but `docs.example.com` is run on a site that stands for it; the others are parsed elsewhere.
#[test]
fn the_examples_work() {
    let address = example();
    let before = TempDir::new().unwrap();
    let seed = |version: &str| format!("http://{address}/{version}/");
    let output =
        smolcrawl(before.path()).args(["crawl", &seed("1.4"), &seed("2.0"), "--allow-private", "--db", "all.db"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut ran = 0;
    for (file, document) in documents() {
        let home = TempDir::new().unwrap();
        fs::copy(before.path().join("all.db"), home.path().join("all.db")).unwrap();
        let url = format!("http://{address}/2.0/guide.html");
        let lines = [
            ("questions.jsonl", json!({ "id": 1, "query": "how is a task cancelled" })),
            ("pages.jsonl", json!({ "url": "https://a.test/", "title": "A", "text": "A page about tasks." })),
            ("html.jsonl", json!({ "id": 1, "url": url, "html": "<title>A</title><p>A page about tasks." })),
        ];
        for (name, line) in lines {
            fs::write(home.path().join(name), format!("{line}\n")).unwrap();
        }
        project(home.path());
        for block in blocks(document).iter().filter(|block| block.language == "sh") {
            for (line, command) in block.text.lines().flat_map(|line| invocations(line).into_iter().map(move |command| (line, command))) {
                if !can_run(&command) {
                    continue;
                }
                ran += 1;
                let mut running = run_on(&address, home.path(), &command);
                running.env("SMOLCRAWL_DB", home.path().join("all.db")).env("DOCS_TOKEN", "secret");
                if let Some(name) = &command.stdin {
                    running.stdin(Stdio::from(fs::File::open(home.path().join(name)).unwrap()));
                }
                let output = running.output().unwrap();
                assert!(output.status.success(), "{file}: {line}\n{}\n{}", text(&output.stdout), text(&output.stderr));
                assert!(!output.stdout.is_empty(), "{file}: {line} prints nothing");
                if let Some(name) = &command.stdout {
                    fs::write(home.path().join(name), &output.stdout).unwrap();
                }
            }
        }
    }
    assert!(ran > 25, "only {ran} examples were run");
}

/// A project with two packages that lie where cargo puts them.
fn project(home: &Path) {
    let write = |path: &str, text: &str| {
        let at = path.split('/').fold(home.to_owned(), |at, name| at.join(name));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    };
    let mut lock = "version = 4\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"serde_json\", \"smol\"]\n".to_owned();
    for (name, version, library) in [
        ("serde_json", "1.0.0", "/// Reads a value.\npub fn from_str(text: &str) -> u8 { 0 }\n"),
        ("smol", "2.0.2", "/// Waits for a future.\npub fn block_on(task: u8) {}\n"),
    ] {
        lock += &format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+x\"\n");
        let folder = format!(".cargo/registry/src/index/{name}-{version}");
        write(&format!("{folder}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n"));
        write(&format!("{folder}/src/lib.rs"), library);
    }
    write("Cargo.lock", &lock);
    write("src/main.rs", "fn main() {\n    smol::block_on(serde_json::from_str(\"1\"));\n}\n");
    write("draft.py", "import json\njson.dumps({})\n");
}

fn can_run(command: &Invocation) -> bool {
    let of_here = |word: &String| !word.contains("://") || word.contains("https://docs.example.com/");
    let serves = matches!(command.words.get(1).map(String::as_str), Some("serve" | "demo" | "setup"));
    // A shell would know where that is.
    let of_home = |word: &String| word.starts_with('~');
    let is_written_elsewhere = command.stdout.iter().chain(&command.words).any(of_home);
    // The folder of a model that nobody has.
    !serves
        && !is_written_elsewhere
        && command.words.iter().all(of_here)
        && command.settings.iter().all(|(_, value)| !value.starts_with('/'))
}

/// A command with this site in place of `https://docs.example.com`.
fn run_on(address: &str, home: &Path, command: &Invocation) -> std::process::Command {
    let there = |word: &String| word.replace("https://docs.example.com", &format!("http://{address}")).replace("docs.example.com", address);
    let mut running = smolcrawl(home);
    running.args(command.words[1..].iter().map(there)).envs(command.settings.iter().cloned()).env("SMOLCRAWL_ALLOW_PRIVATE", "true");
    running
}

/// The other way round.
fn shown(printed: &str, address: &str) -> String {
    printed.replace(&format!("http://{address}"), "https://docs.example.com").replace(address, "docs.example.com")
}

/// With times and scores masked: the first are never the same, the last differ in the last place from processor to processor.
fn without_numbers(printed: &str) -> String {
    let mut words: Vec<String> = printed.split(' ').map(str::to_owned).collect();
    for index in 1..words.len() {
        let unit = words[index].trim_end_matches(|c: char| !c.is_alphanumeric());
        if matches!(unit, "s" | "ms" | "min") && words[index - 1].parse::<f64>().is_ok() {
            words[index - 1] = "N".to_owned();
        }
        if score(&words[index]).is_some() {
            words[index] = "[N]".to_owned();
        }
    }
    words.join(" ")
}

fn scores(printed: &str) -> Vec<f64> {
    printed.split(' ').filter_map(score).collect()
}

fn score(word: &str) -> Option<f64> {
    word.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// The site of the demo.
fn heron() -> String {
    let site = Site::default();
    let address = serve(&site);
    let pages = [
        ("/", include_str!("../src/commands/demo/site/index.html")),
        ("/guide/install", include_str!("../src/commands/demo/site/install.html")),
        ("/guide/jobs", include_str!("../src/commands/demo/site/jobs.html")),
        ("/guide/retries", include_str!("../src/commands/demo/site/retries.html")),
        ("/guide/workers", include_str!("../src/commands/demo/site/workers.html")),
        ("/reference/configuration", include_str!("../src/commands/demo/site/configuration.html")),
        ("/cookbook/python", include_str!("../src/commands/demo/site/python.html")),
        ("/cookbook/sql", include_str!("../src/commands/demo/site/sql.html")),
        ("/changelog", include_str!("../src/commands/demo/site/changelog.html")),
    ];
    for (path, page) in pages {
        site.reply(&format!("{address}{path}"), Reply::html(page));
    }
    site.reply(&format!("{address}/guide/getting-started"), Reply::redirect("/guide/install"));
    address
}

/// What stands for docs.example.com: two versions of a small manual, and a sitemap.
fn example() -> String {
    let site = Site::default();
    let address = serve(&site);
    let page = |title: &str, body: &str| Reply::html(format!("<title>{title}</title><main><h1>{title}</h1>{body}</main>"));
    for version in ["1.4", "2.0"] {
        let at = |name: &str| format!("{address}/{version}/{name}");
        site.reply(
            &at(""),
            page("Manual", "<p>A manual of tasks and timers.</p><a href='guide.html'>guide</a> <a href='timers.html'>timers</a>"),
        );
        site.reply(
            &at("guide.html"),
            page(
                "Guide",
                &format!(
                    "<h2 id='cancel'>Cancel a task</h2><p>In version {version} dropping a task cancels it at its next suspension point, and timeouts end what waits too long.</p>\
                     <pre><code class='language-rust'>let task = spawn(work());\ndrop(task);\n</code></pre>"
                ),
            ),
        );
    }
    site.reply(&format!("{address}/1.4/timers.html"), page("Timers", "<p>A timer fires once its deadline has passed.</p>"));
    site.reply(
        &format!("{address}/2.0/timers.html"),
        page("Timers", "<p>A timer fires at its deadline, or each time its period has passed.</p>"),
    );
    let urls: String =
        ["", "guide.html", "timers.html"].iter().map(|name| format!("<url><loc>http://{address}/2.0/{name}</loc></url>")).collect();
    let sitemap = format!("<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>");
    site.reply(&format!("{address}/sitemap.xml"), Reply::new(200, "application/xml", sitemap));
    address
}

/// No block is of a language that no test reads.
#[test]
fn every_block_is_of_a_language_that_is_tested() {
    for (file, document) in documents() {
        for block in blocks(document) {
            let known = ["rust", "rust,no_run", "sh", "powershell", "bat", "json", "jsonl", "toml", "text"];
            assert!(known.contains(&block.language), "{file}:{}: {:?}", block.line, block.language);
            // A `text` block shows something: a command in it has to be in a block that is parsed, or be listed as `smolcrawl help` does.
            assert!(!block.text.trim().is_empty(), "{file}:{}", block.line);
        }
    }
}

/// Configurations of clients start `smolcrawl serve`; calls are of tools that there are, with parameters that they have.
#[test]
fn json_in_the_documents_is_understood() {
    let home = TempDir::new().unwrap();
    let mut server = Server::start(home.path(), &[]);
    server.initialize();
    let tools = server.ask(2, "tools/list", json!({}))["result"]["tools"].clone();
    let (mut configurations, mut calls, mut methods) = (0, 0, 0);
    for (file, document) in documents() {
        for block in blocks(document).iter().filter(|block| matches!(block.language, "json" | "jsonl")) {
            let whole = serde_json::from_str::<Value>(block.text).map(|value| vec![value]);
            let lines = || block.text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>();
            let values = whole.or_else(|_| lines()).unwrap_or_else(|error| panic!("{file}:{}: {error}", block.line));
            for value in values {
                let place = format!("{file}:{}: {value}", block.line);
                if let (Some(name), Some(arguments)) = (value["name"].as_str(), value["arguments"].as_object()) {
                    let tool = tools.as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("{place}"));
                    let properties = tool["inputSchema"]["properties"].as_object().unwrap();
                    assert!(arguments.keys().all(|name| properties.contains_key(name)), "{place}");
                    calls += 1;
                } else if let Some(method) = value["method"].as_str() {
                    let answer = server.ask(100 + methods, method, value["params"].clone());
                    let code = answer["error"]["code"].as_i64();
                    // What is not stored is not found.
                    assert!(code.is_none() || code == Some(-32002), "{place}: {answer}");
                    methods += 1;
                } else if block.language == "json" {
                    starts_the_server(&value, &place);
                    configurations += 1;
                }
            }
        }
    }
    server.end();
    assert!(configurations >= 4 && calls >= 6 && methods >= 4, "{configurations} configurations, {calls} calls, {methods} methods");
}

/// Whatever is around it, there is one server, and it is `smolcrawl serve`.
fn starts_the_server(value: &Value, place: &str) {
    fn command(value: &Value) -> Option<&Value> {
        let object = value.as_object()?;
        object.get("command").map(|_| value).or_else(|| object.values().find_map(command))
    }
    let server = command(value).unwrap_or_else(|| panic!("{place}: no command in it"));
    let words: Vec<&str> = match &server["command"] {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        command => command.as_str().into_iter().chain(server["args"].as_array().into_iter().flatten().filter_map(Value::as_str)).collect(),
    };
    let program = words[0].rsplit(['\\', '/']).next().unwrap();
    assert_eq!((program.trim_end_matches(".exe"), &words[1..]), ("smolcrawl", &["serve"][..]), "{place}");
    for name in server["env"].as_object().into_iter().flat_map(|env| env.keys()) {
        assert!(Key::ALL.iter().any(|key| key.variable() == *name), "{place}: {name} is no setting");
    }
}

/// Settings, credentials, a client's configuration or a dependency: each by who reads it.
#[test]
fn toml_in_the_documents_is_understood() {
    let address = example();
    let mut read = BTreeSet::new();
    for (file, document) in documents() {
        for Block { text: block, line, .. } in blocks(document).into_iter().filter(|block| block.language == "toml") {
            let place = format!("{file}:{line}");
            let table: toml::Table = block.parse().unwrap_or_else(|error| panic!("{place}: {error}"));
            let home = TempDir::new().unwrap();
            if table.contains_key("dependencies") {
                let version = table["dependencies"]["smolcrawl"]["version"].as_str().unwrap();
                assert!(env!("CARGO_PKG_VERSION").starts_with(version), "{place}: {version}");
                read.insert("dependency");
            } else if let Some(servers) = table.get("mcp_servers") {
                starts_the_server(&serde_json::to_value(servers).unwrap(), &place);
                read.insert("client");
            } else if table.values().all(toml::Value::is_table) {
                private(&home.path().join("credentials.toml"), block);
                private(&home.path().join("cookies.txt"), "# Netscape HTTP Cookie File\n");
                let mut fetch = smolcrawl(home.path());
                fetch.args(["fetch", &format!("http://{address}/2.0/guide.html"), "--allow-private"]);
                fetch.env("SMOLCRAWL_CREDENTIALS", home.path().join("credentials.toml"));
                let output = fetch.env("DOCS_TOKEN", "a").env("WIKI_PASSWORD", "b").output().unwrap();
                assert!(output.status.success(), "{place}: {}", text(&output.stderr));
                read.insert("credentials");
            } else {
                fs::write(home.path().join("config.toml"), block).unwrap();
                // A database that can be made, wherever this runs.
                let output = run(home.path(), &["doctor", "--json", "--config", "config.toml", "--db", "some.db"]);
                assert!(output.status.success(), "{place}: {}", text(&output.stderr));
                let told = text(&output.stderr);
                assert!(!told.contains("is not used") && !told.contains("is not a setting"), "{place}: {told}");
                read.insert("settings");
            }
        }
    }
    assert_eq!(read, BTreeSet::from(["client", "credentials", "dependency", "settings"]));
}

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn the_tools_are_told_as_they_are() {
    let home = TempDir::new().unwrap();
    let mut server = Server::start(home.path(), &[]);
    server.initialize();
    let tools = server.ask(2, "tools/list", json!({}))["result"]["tools"].clone();
    let prompts = server.ask(3, "prompts/list", json!({}))["result"]["prompts"].clone();
    server.end();
    let told = rows(topic("tools"), "| tool |");
    let real: Vec<Vec<String>> = tools.as_array().unwrap().iter().map(parameters).collect();
    let told: Vec<Vec<String>> = told.iter().map(|row| sorted(&row[0], row[1].split("`, ").flat_map(|part| part.split("), ")))).collect();
    assert_eq!(told, real);
    let told = rows(topic("tools"), "| prompt |");
    let told: Vec<Vec<String>> = told.iter().map(|row| sorted(&row[0], row[1].split(", "))).collect();
    let real: Vec<Vec<String>> = prompts.as_array().unwrap().iter().map(arguments).collect();
    assert_eq!(told, real);
}

/// Name, then each parameter with the default that says something.
fn parameters(tool: &Value) -> Vec<String> {
    let properties = tool["inputSchema"]["properties"].as_object().unwrap();
    let told = properties.iter().map(|(name, schema)| match schema["default"].as_u64() {
        Some(default @ 1..) => format!("{name} ({default})"),
        _ => name.clone(),
    });
    let told: Vec<_> = told.collect();
    sorted(tool["name"].as_str().unwrap(), told.iter().map(String::as_str))
}

fn arguments(prompt: &Value) -> Vec<String> {
    let told = prompt["arguments"].as_array().unwrap().iter().map(|argument| {
        let optional = if argument["required"] == true { "" } else { "?" };
        format!("{}{optional}", argument["name"].as_str().unwrap())
    });
    let told: Vec<_> = told.collect();
    sorted(prompt["name"].as_str().unwrap(), told.iter().map(String::as_str))
}

fn sorted<'a>(name: &str, parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let plain = |text: &str| text.replace(['`', ',', ')'], "").trim().to_owned();
    let mut parts: Vec<String> = parts.map(plain).map(|part| if part.contains('(') { part + ")" } else { part }).collect();
    parts.sort();
    [vec![plain(name)], parts].concat()
}

#[test]
fn the_settings_are_told_as_they_are() {
    let told: Vec<(String, String)> =
        rows(topic("settings"), "| configuration file |").iter().map(|row| (row[0].replace('`', ""), row[1].replace('`', ""))).collect();
    let real: Vec<(String, String)> = Key::ALL.iter().map(|key| (key.name().to_owned(), key.variable())).collect();
    assert_eq!(told, real);
}

/// README and the topic beside the figures of the committed report, reckoned here once more: `benches/versus-tokio/run --documents` writes
/// them.
#[test]
fn the_tables_beside_tokio_are_of_the_committed_report() {
    let report = fs::read(root("benches/versus-tokio/report/run.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let workloads: Vec<&Value> =
        report["families"].as_object().unwrap().values().flat_map(|family| family["workloads"].as_array().unwrap()).collect();
    let readme = text(&fs::read(root("README.md")).unwrap());
    for (name, document) in [("README.md", &*readme), ("benchmarks.md", topic("benchmarks"))] {
        let head = document.lines().find(|line| line.starts_with("| | `selector` | `edge` |")).expect("there is a table beside Tokio");
        let heads: Vec<&str> = head.trim_matches(['|', ' ']).split(" | ").collect();
        let mut open: Vec<Vec<String>> =
            workloads.iter().map(|workload| heads.iter().map(|head| beside_tokio(workload, head)).collect()).collect();
        for row in rows(document, head) {
            let mut cells = row[1..].to_vec();
            cells.resize(heads.len(), String::new());
            let found = open.iter().position(|known| *known == cells);
            open.swap_remove(found.unwrap_or_else(|| panic!("{name}: no workload of the report has {row:?}")));
        }
    }
}

/// The cell below a head: the median of the ratios to the best of Tokio's, round by round.
fn beside_tokio(workload: &Value, head: &str) -> String {
    let series = |name: &str| -> Option<Vec<f64>> { workload["contestants"][name]["cpu"].as_array()?.iter().map(Value::as_f64).collect() };
    let least =
        |names: &[&str]| names.iter().filter_map(|name| series(name)).min_by(|a, b| median(a.clone()).total_cmp(&median(b.clone())));
    let own = match head.trim_matches('`') {
        "A" => least(&["a1", "a2"]),
        "B" => least(&["b1", "b2"]),
        "program" => least(&["smolcrawl"]),
        other => least(&[&*other.to_lowercase()]),
    };
    let Some((own, best)) = own.zip(least(&["a1", "a2", "b1", "b2"])) else { return String::new() };
    format!("{:.2}", median(own.iter().zip(&best).map(|(own, best)| own / best).collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// The cells of the rows below the head that begins so.
fn rows(document: &str, head: &str) -> Vec<Vec<String>> {
    let rows = document.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> =
        rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect();
    assert!(!rows.is_empty(), "there is no table {head}");
    rows
}

fn topic(name: &str) -> &'static str {
    TOPICS.iter().find(|topic| topic.name == name).unwrap().text
}

/// Of other files here, and of other topics.
#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for (file, document) in documents() {
        let folder = root(&file).parent().unwrap().to_owned();
        let code: Vec<Block<'_>> = blocks(document);
        let mut prose = document.to_owned();
        for block in code {
            prose = prose.replace(block.text, "");
        }
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let defined: Vec<(&str, &str)> = prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect();
        for address in inline.chain(defined.iter().map(|(_, address)| *address)).filter(|address| !address.contains("://")) {
            let path = address.split('#').next().unwrap();
            assert!(!path.is_empty() && folder.join(path).is_file(), "{file}: {address}");
            seen += 1;
        }
        for topic in TOPICS.iter().map(|topic| topic.name) {
            let is_meant = prose.lines().any(|line| line.contains(&format!("[{topic}]")) && !line.starts_with(&format!("[{topic}]: ")));
            let is_defined = defined.contains(&(topic, &format!("{topic}.md")));
            assert!(file == "README.md" || is_meant == is_defined, "{file}: [{topic}] is meant: {is_meant}, defined: {is_defined}");
        }
    }
    assert!(seen > 50, "only {seen} links are found");
    let listed: Vec<String> =
        fs::read_dir(root("src/docs")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(listed.len(), TOPICS.len(), "a file in src/docs is no topic: {listed:?}");
}

/// A figure without the way to it is an assertion.
#[test]
fn figures_stand_beside_their_commands() {
    let mut seen = 0;
    for (file, document) in documents() {
        let lines: Vec<&str> = document.lines().collect();
        let commands: Vec<usize> = blocks(document).iter().filter(|block| is_shell(block)).map(|block| block.line).collect();
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('|') && has_figure(line)) {
            seen += 1;
            assert!(commands.iter().any(|at| at.abs_diff(index) <= NEAR), "{file}:{}: no command near {line}", index + 1);
        }
    }
    assert!(seen > 3, "only {seen} rows have figures");
    assert!(has_figure("| a | 1.5 s | 20 MiB |") && has_figure("| page of 20 KB |") && !has_figure("| timeout | 120 | 5.19 |"));
}

fn has_figure(row: &str) -> bool {
    let words: Vec<&str> = row.split([' ', ',', '|', '(', ')']).filter(|word| !word.is_empty()).collect();
    let is_unit = |word: &str| matches!(word, "s" | "ms" | "µs" | "KB" | "MB" | "KiB" | "MiB" | "GiB");
    words.windows(2).any(|pair| is_unit(pair[1]) && pair[0].parse::<f64>().is_ok())
}

/// Lines.
const NEAR: usize = 20;

#[test]
fn help_lists_shows_and_hints() {
    let home = TempDir::new().unwrap();
    let all = text(&run(home.path(), &["help"]).stdout);
    for topic in TOPICS {
        assert!(all.contains(topic.summary), "{} is missing:\n{all}", topic.name);
        // A pipe gets the file.
        let output = run(home.path(), &["help", topic.name]);
        assert!(output.status.success());
        assert_eq!(text(&output.stdout), topic.text, "{}", topic.name);
        assert_eq!(fs::read_to_string(root(&format!("src/docs/{}.md", topic.name))).unwrap(), topic.text);
    }
    for command in ["crawl", "search", "help"] {
        assert!(all.lines().any(|line| line.trim_start().starts_with(command)), "{command} is missing:\n{all}");
        let (help, flag) = (run(home.path(), &["help", command]), run(home.path(), &[command, "--help"]));
        assert!(help.status.success() && flag.status.success());
        assert!(text(&help.stdout).starts_with(text(&flag.stdout).trim_end()), "{}\n{}", text(&help.stdout), text(&flag.stdout));
    }
    assert!(text(&run(home.path(), &["help", "crawl"]).stdout).contains("smolcrawl help crawling"));
    let output = run(home.path(), &["help", "crawlng"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: \"crawlng\" is neither a command nor a topic\nhint: is `smolcrawl help crawling` meant?"),
        "{stderr}"
    );
    assert_eq!(output.stdout.len(), 0);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "help makes no file");
}

fn root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}
