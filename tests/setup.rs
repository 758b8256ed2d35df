//! The real binary in the configuration of MCP clients: whole files as people have them, with comments and servers of others.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use binary::{Server, report, run, smolcrawl, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A client, what its file may look like, and the part of it that setting it up adds.
struct Sample {
    client: &'static str,
    text: &'static str,
    /// Keys down to the entry.
    at: &'static str,
    entry: fn(program: &str) -> Value,
}

fn plain(program: &str) -> Value {
    json!({ "command": program, "args": ["serve"] })
}

fn typed(program: &str) -> Value {
    json!({ "type": "stdio", "command": program, "args": ["serve"] })
}

const SAMPLES: [Sample; 9] = [
    Sample {
        client: "claude-code",
        text: "{\n  \"numStartups\": 7,\n  \"projects\": {\"/p\": {\"history\": [], \"mcpServers\": {}}},\n  \"mcpServers\": {\n    \"other\": {\"type\": \"stdio\", \"command\": \"x\", \"args\": []}\n  },\n  \"userID\": \"u\"\n}\n",
        at: "mcpServers",
        entry: typed,
    },
    Sample {
        client: "claude-desktop",
        text: "{\n\t\"mcpServers\": {\n\t\t\"other\": {\n\t\t\t\"command\": \"x\"\n\t\t}\n\t},\n\t\"globalShortcut\": \"\"\n}",
        at: "mcpServers",
        entry: plain,
    },
    Sample {
        client: "cursor",
        text: "{\n  \"mcpServers\": {\n    // of the house\n    \"other\": { \"url\": \"https://a.test/mcp\" }\n  }\n}\n",
        at: "mcpServers",
        entry: typed,
    },
    Sample {
        client: "vscode",
        text: "{\r\n\t// inputs first\r\n\t\"inputs\": [],\r\n\t\"servers\": {\r\n\t\t\"other\": {\r\n\t\t\t\"type\": \"http\",\r\n\t\t\t\"url\": \"https://a.test/mcp\",\r\n\t\t}, // theirs\r\n\t},\r\n}\r\n",
        at: "servers",
        entry: typed,
    },
    Sample {
        client: "windsurf",
        text: "{\n  \"mcpServers\": {\n    \"other\": {\n      \"serverUrl\": \"https://a.test/mcp\"\n    }\n  }\n}\n",
        at: "mcpServers",
        entry: plain,
    },
    Sample {
        client: "zed",
        text: "// Zed settings\n{\n  \"theme\": \"One Dark\", // dark\n  \"context_servers\": {\n    /* theirs */\n    \"other\": { \"command\": \"x\", \"args\": [] },\n  },\n  \"vim_mode\": true,\n}\n",
        at: "context_servers",
        entry: plain,
    },
    Sample {
        client: "codex",
        text: "# mine\nmodel = \"best\" # of all\n\n[mcp_servers.other]\ncommand = 'x'\nargs = [ ]\n\n[profiles.fast]\nmodel = \"small\"\n",
        at: "mcp_servers",
        entry: plain,
    },
    Sample {
        client: "opencode",
        text: "{\n  \"$schema\": \"https://opencode.ai/config.json\",\n  \"mcp\": {\n    \"other\": { \"type\": \"remote\", \"url\": \"https://a.test/mcp\" }, // theirs\n  },\n}\n",
        at: "mcp",
        entry: |program| json!({ "type": "local", "command": [program, "serve"], "enabled": true }),
    },
    Sample {
        client: "gemini",
        text: "{\n  // colours\n  \"theme\": \"GitHub\",\n  \"mcpServers\": { \"other\": { \"command\": \"x\" } }\n}\n",
        at: "mcpServers",
        entry: plain,
    },
];

/// Where this platform's client has its file, as the program itself tells it.
fn file_of(home: &Path, client: &str) -> PathBuf {
    let listed = report(&run(home, &["setup", "--json"]));
    let clients = listed["clients"].as_array().unwrap();
    let of = clients.iter().find(|of| of["client"] == client).unwrap_or_else(|| panic!("{client}: {listed}"));
    let file = PathBuf::from(of["file"].as_str().unwrap());
    assert!(file.starts_with(home), "{}", file.display());
    file
}

fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// What a client reads: comments and trailing commas are nothing to it.
fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    if file.extension().is_some_and(|kind| kind == "toml") {
        return serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
    }
    jsonc_parser::parse_to_serde_value(&text, &jsonc_parser::ParseOptions::default()).unwrap()
}

fn program() -> String {
    fs::canonicalize(env!("CARGO_BIN_EXE_smolcrawl")).unwrap().to_str().unwrap().trim_start_matches(r"\\?\").to_owned()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn each_client_gets_its_entry_and_keeps_the_rest() {
    for sample in SAMPLES {
        let Sample { client, text: before, at, entry } = sample;
        let home = TempDir::new().unwrap();
        let file = file_of(home.path(), client);
        put(&file, before);
        let done = run(home.path(), &["setup", client, "--yes"]);
        assert!(succeeded(&done).contains("has the server smolcrawl"), "{client}");
        let shown = text(&done.stderr);
        assert!(shown.lines().any(|line| line.starts_with('+') && line.contains("smolcrawl")), "{client}: {shown}");
        let after = fs::read_to_string(&file).unwrap();
        let config = read(&file);
        assert_eq!(config[at]["smolcrawl"], entry(&program()), "{client}: {after}");
        assert!(config[at]["other"].is_object(), "{client}: {after}");
        // What was there is there, in its order, to the byte: what comes between is the entry, and a comma before it.
        let same = before.bytes().zip(after.bytes()).take_while(|(old, new)| old == new).count();
        let behind = before.bytes().rev().zip(after.bytes().rev()).take_while(|(old, new)| old == new).count();
        let between = &before[same..(before.len() - behind).max(same)];
        assert!(between.is_empty() || after[same..].strip_prefix(',').is_some_and(|rest| rest.starts_with(between)), "{client}: {after}");
        for line in before.lines().filter(|line| line.contains("//") || line.contains('#') || line.contains("/*")) {
            let comment = line.split_once("//").or(line.split_once('#')).or(line.split_once("/*")).unwrap().1;
            assert!(after.contains(comment), "{client}: {comment:?} is gone: {after}");
        }
        assert_eq!(after.contains("\r\n"), before.contains("\r\n"), "{client}");
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(fs::read_to_string(file.with_file_name(format!("{name}.bak"))).unwrap(), before, "{client}");

        let again = run(home.path(), &["setup", client]);
        assert!(succeeded(&again).contains("is already set up as smolcrawl"), "{client}");
        assert_eq!(fs::read_to_string(&file).unwrap(), after, "{client}");
        assert!(!file.with_file_name(format!("{name}.bak.1")).exists(), "{client}: nothing was written");

        succeeded(&run(home.path(), &["setup", client, "--remove", "--yes"]));
        assert_eq!(fs::read_to_string(&file).unwrap(), before, "{client}");
        assert!(succeeded(&run(home.path(), &["setup", client, "--remove"])).contains("has no server smolcrawl"), "{client}");
    }
}

#[test]
fn a_client_without_a_file_gets_one() {
    for Sample { client, at, entry, .. } in SAMPLES {
        let home = TempDir::new().unwrap();
        let file = file_of(home.path(), client);
        assert!(!file.exists());
        let printed = run(home.path(), &["setup", client, "--print"]);
        let snippet = succeeded(&printed);
        assert!(text(&printed.stderr).contains(file.to_str().unwrap()), "{client}: {}", text(&printed.stderr));
        assert!(!file.exists() && !file.parent().unwrap().join("x").exists(), "printing writes nothing");
        succeeded(&run(home.path(), &["setup", client, "--yes"]));
        assert_eq!(read(&file)[at]["smolcrawl"], entry(&program()), "{client}");
        assert_eq!(fs::read_to_string(&file).unwrap(), snippet, "{client}: what was printed is what is written");
        assert_eq!(
            fs::read_dir(file.parent().unwrap()).unwrap().filter(|file| file.as_ref().unwrap().path().is_file()).count(),
            1,
            "{client}"
        );
    }
}

#[test]
fn nothing_is_written_without_an_answer() {
    let home = TempDir::new().unwrap();
    let file = file_of(home.path(), "cursor");
    put(&file, "{}\n");
    let output = run(home.path(), &["setup", "cursor"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("+    \"smolcrawl\": {") && stderr.contains("error: ") && stderr.contains("hint: say --yes"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{}\n");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_broken_file_is_told_with_its_place_and_left_alone() {
    for (client, broken, place) in [
        ("claude-desktop", "{\n  \"mcpServers\": {},\n}\n", "line 2, column 19: Trailing commas are not allowed"),
        ("vscode", "{\n  \"servers\": {\n    \"a\": 1\n    \"b\": 2\n  }\n}", "line 3, column 11: Expected comma"),
        ("codex", "model = \"x\nb = 1\n", "line 1, column"),
        ("zed", "{ \"context_servers\": [] }", "line 1, column 22: context_servers is not an object"),
    ] {
        let home = TempDir::new().unwrap();
        let file = file_of(home.path(), client);
        put(&file, broken);
        for more in [&["--yes"][..], &["--remove", "--yes"]] {
            let output = run(home.path(), &[&["setup", client], more].concat());
            let stderr = text(&output.stderr);
            if client == "zed" && more.len() == 2 {
                assert!(output.status.success(), "there is nothing to be removed");
                continue;
            }
            assert_eq!(output.status.code(), Some(1), "{client}: {stderr}");
            assert!(stderr.contains(place) && stderr.contains("nothing was changed") && stderr.contains("\nhint: "), "{client}: {stderr}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), broken, "{client}");
        assert_eq!(
            fs::read_dir(file.parent().unwrap()).unwrap().filter(|file| file.as_ref().unwrap().path().is_file()).count(),
            1,
            "{client}"
        );
        // What belongs into it is told all the same.
        assert!(succeeded(&run(home.path(), &["setup", client, "--print"])).contains("smolcrawl"), "{client}");
    }
}

#[test]
fn flags_are_passed_on_with_whole_paths_and_a_name_can_be_given() {
    let home = TempDir::new().unwrap();
    let file = file_of(home.path(), "cursor");
    let flags = ["--db", "docs.db", "--reactor", "poll", "--allow-private", "-q"];
    succeeded(&run(home.path(), &[&["setup", "cursor", "--name", "house_docs", "--yes"], &flags[..]].concat()));
    let arguments = read(&file)["mcpServers"]["house_docs"]["args"].clone();
    let arguments: Vec<_> = arguments.as_array().unwrap().iter().map(|argument| argument.as_str().unwrap().to_owned()).collect();
    assert_eq!(arguments[..2], ["serve", "--db"]);
    let database = Path::new(&arguments[2]);
    assert!(database.is_absolute() && database.ends_with("docs.db"), "{arguments:?}");
    assert_eq!(arguments[3..], ["--reactor", "poll", "--allow-private", "-q"]);
    // It is what a client starts: those arguments are understood.
    let rest: Vec<_> = arguments[1..].iter().map(String::as_str).collect();
    let mut server = Server::start(home.path(), &rest);
    server.initialize();
    assert!(server.end().status.success());

    // With other flags it is brought up to date, and the older copy stays.
    put(&file.with_file_name("mcp.json.bak"), "older");
    succeeded(&run(home.path(), &["setup", "cursor", "--name", "house_docs", "--yes"]));
    assert_eq!(read(&file)["mcpServers"]["house_docs"]["args"], json!(["serve"]));
    // What is there under another name is not put in twice, unless that is asked for.
    assert!(succeeded(&run(home.path(), &["setup", "cursor"])).contains("is already set up as house_docs"));
    succeeded(&run(home.path(), &["setup", "cursor", "--name", "second", "--yes"]));
    assert_eq!(read(&file)["mcpServers"].as_object().unwrap().len(), 2);
    succeeded(&run(home.path(), &["setup", "cursor", "--name", "second", "--remove", "--yes"]));
    succeeded(&run(home.path(), &["setup", "cursor", "--remove", "--yes"]));
    assert_eq!(read(&file)["mcpServers"], json!({}));
    assert_eq!(fs::read_to_string(file.with_file_name("mcp.json.bak")).unwrap(), "older");
    assert!(file.with_file_name("mcp.json.bak.1").exists());
    // A table that names only ours goes with it.
    for before in ["", "model = \"x\"\n"] {
        let codex = file_of(home.path(), "codex");
        put(&codex, before);
        succeeded(&run(home.path(), &["setup", "codex", "--yes"]));
        succeeded(&run(home.path(), &["setup", "codex", "--remove", "--yes"]));
        assert_eq!(fs::read_to_string(&codex).unwrap().trim(), before.trim());
    }
    // Whose it is that is called otherwise and started otherwise, is not guessed.
    let other = r#"{"mcpServers":{"py":{"command":"smolcrawl","args":["serve","--db","/py.db"]},"far":{"url":"https://a.test/"}}}"#;
    put(&file, other);
    for more in [&["--yes"][..], &["--remove", "--yes"], &["--name", "far", "--yes"]] {
        let refused = run(home.path(), &[&["setup", "cursor"], more].concat());
        let stderr = text(&refused.stderr);
        assert!(refused.status.code() == Some(1) && stderr.contains("nothing was changed") && stderr.contains("--name"), "{stderr}");
        assert_eq!(fs::read_to_string(&file).unwrap(), other);
    }
    succeeded(&run(home.path(), &["setup", "cursor", "--name", "py", "--remove", "--yes"]));
    let done = report(&run(home.path(), &["setup", "cursor", "--yes", "--json"]));
    assert_eq!((&done["name"], &done["changed"]), (&json!("smolcrawl"), &json!(true)));
    let done = report(&run(home.path(), &["setup", "cursor", "--yes", "--json"]));
    assert_eq!((&done["name"], &done["changed"]), (&json!("smolcrawl"), &json!(false)));
    for bad in ["", "two words", "ü", &"x".repeat(65)] {
        assert_eq!(run(home.path(), &["setup", "cursor", "--name", bad, "--yes"]).status.code(), Some(2), "{bad:?}");
    }
    let refused = run(home.path(), &["setup", "zed", "--reactor", "epol", "--yes"]);
    assert!(text(&refused.stderr).contains("error: --reactor is \"epol\""), "{}", text(&refused.stderr));
    let refused = run(home.path(), &["setup", "zed", "--config", "missing.toml", "--yes"]);
    assert!(text(&refused.stderr).contains("error: configuration file missing.toml"), "{}", text(&refused.stderr));
    assert!(!file_of(home.path(), "zed").exists());
    let told = smolcrawl(home.path())
        .args(["setup", "zed", "--yes"])
        .env("SMOLCRAWL_MAX_BODY_MIB", "64")
        .env_remove("SMOLCRAWL_DB")
        .output()
        .unwrap();
    assert!(text(&told.stderr).starts_with("note: SMOLCRAWL_MAX_BODY_MIB is set here"), "{}", text(&told.stderr));
    assert_eq!(run(home.path(), &["setup", "--yes"]).status.code(), Some(2));
    assert_eq!(run(home.path(), &["setup", "emacs"]).status.code(), Some(2));
}

#[test]
fn a_project_has_a_file_of_its_own() {
    let home = TempDir::new().unwrap();
    succeeded(&run(home.path(), &["setup", "claude-code", "--project", "--yes"]));
    assert_eq!(read(&home.path().join(".mcp.json"))["mcpServers"]["smolcrawl"], typed(&program()));
    assert!(!home.path().join(".claude.json").exists());
    let listed = succeeded(&run(home.path(), &["setup", "--project"]));
    assert!(
        listed.lines().any(|line| line.starts_with("claude-code ") && line.contains("set up as smolcrawl") && line.contains(".mcp.json")),
        "{listed}"
    );
    assert!(!listed.contains("windsurf"), "{listed}");
    let output = run(home.path(), &["setup", "windsurf", "--project", "--yes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("error: Windsurf has no configuration of a project\nhint: leave out --project"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_list_tells_who_is_here_and_who_is_set_up() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("bin");
    put(&path.join(if cfg!(windows) { "gemini.cmd" } else { "gemini" }), "");
    put(&file_of(home.path(), "cursor"), "{ \"mcpServers\": { \"docs\": { \"command\": \"/opt/smolcrawl\", \"args\": [\"serve\"] } } }");
    put(&file_of(home.path(), "windsurf"), "{");
    put(&file_of(home.path(), "zed"), "{}");
    let list = |more: &[&str]| smolcrawl(home.path()).arg("setup").args(more).env("PATH", &path).output().unwrap();
    let shown = succeeded(&list(&[]));
    let line = |client: &str| shown.lines().find(|line| line.starts_with(client)).unwrap_or_else(|| panic!("{client}: {shown}"));
    for (client, state) in [
        ("cursor", "set up as docs"),
        ("zed", "not set up"),
        ("gemini", "not set up"),
        ("codex", "not found"),
        ("windsurf", "cannot be read: line 1, column "),
    ] {
        assert!(line(client).contains(state), "{shown}");
    }
    let listed = report(&list(&["--json"]));
    let of = |client: &str| listed["clients"].as_array().unwrap().iter().find(|of| of["client"] == client).unwrap().clone();
    assert_eq!((&of("cursor")["set_up"], &of("cursor")["as"], &of("cursor")["found"]), (&json!(true), &json!("docs"), &json!(true)));
    assert_eq!((&of("gemini")["set_up"], &of("gemini")["found"]), (&json!(false), &json!(true)));
    assert_eq!((&of("codex")["set_up"], &of("codex")["found"]), (&json!(false), &json!(false)));
    assert!(of("windsurf")["error"].is_string());

    let doctor = report(&smolcrawl(home.path()).args(["doctor", "--json"]).env("PATH", &path).output().unwrap());
    assert_eq!(doctor["clients"]["cursor"]["as"], json!("docs"), "{doctor}");
    assert_eq!(doctor["clients"]["gemini"], json!({ "file": file_of(home.path(), "gemini"), "found": true, "set_up": false }));
    let advice: Vec<_> = doctor["advice"].as_array().unwrap().iter().map(|advice| advice.as_str().unwrap()).collect();
    assert!(advice.iter().any(|advice| advice.contains("`smolcrawl setup gemini`")), "{advice:?}");
    assert!(!advice.iter().any(|advice| advice.contains("setup codex") || advice.contains("setup cursor")), "{advice:?}");
}

/// The newer way of opencode, where the file has it.
#[test]
fn opencode_is_set_up_as_its_file_is_written() {
    let home = TempDir::new().unwrap();
    let file = file_of(home.path(), "opencode");
    put(&file, "{ \"mcp\": { \"servers\": { \"other\": { \"type\": \"local\", \"command\": [\"x\"] } } } }");
    succeeded(&run(home.path(), &["setup", "opencode", "--yes"]));
    let mcp = read(&file)["mcp"].clone();
    assert!(mcp["servers"]["smolcrawl"].is_object() && mcp["smolcrawl"].is_null(), "{mcp}");
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_changed_file_and_one_to_nothing_is_refused() {
    let home = TempDir::new().unwrap();
    let file = file_of(home.path(), "cursor");
    put(&home.path().join("dotfiles").join("mcp.json"), "{}\n");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(home.path().join("dotfiles").join("mcp.json"), &file).unwrap();
    succeeded(&run(home.path(), &["setup", "cursor", "--yes"]));
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert!(read(&home.path().join("dotfiles").join("mcp.json"))["mcpServers"]["smolcrawl"].is_object());

    fs::remove_file(home.path().join("dotfiles").join("mcp.json")).unwrap();
    let output = run(home.path(), &["setup", "cursor", "--yes"]);
    assert!(text(&output.stderr).contains("it is a link to a file that is not there"), "{}", text(&output.stderr));
}
