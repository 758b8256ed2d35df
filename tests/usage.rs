//! The real binary as people meet it at a prompt: completions, pages of the manual, help, and what is said of a slip.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::process::Output;

use binary::{report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

const SHELLS: [&str; 4] = ["bash", "zsh", "fish", "powershell"];

/// Asks as the script of `shell` does, with the cursor at the last word.
fn asked(home: &Path, shell: &str, words: &[&str]) -> Output {
    let mut command = smolcrawl(home);
    command.arg("--").arg("smolcrawl").args(words).env("SMOLCRAWL_COMPLETE", shell);
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n").output().unwrap()
}

fn completed(home: &Path, shell: &str, words: &[&str]) -> Vec<String> {
    let output = asked(home, shell, words);
    assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "", "{shell}");
    // Some shells are told what a word means, behind a tab or a colon.
    text(&output.stdout).lines().map(|line| line.split(['\t']).next().unwrap().to_owned()).collect()
}

fn stored(home: &Path, urls: &[&str]) {
    let lines: Vec<_> = urls.iter().map(|url| json!({ "url": url, "text": "Herons wade." }).to_string()).collect();
    fs::write(home.join("pages.jsonl"), lines.join("\n")).unwrap();
    assert!(run(home, &["index", "--jsonl", "pages.jsonl", "--no-index", "--db", "x.db"]).status.success());
}

#[test]
fn every_shell_gets_a_script_that_asks_this_program() {
    let home = TempDir::new().unwrap();
    for shell in SHELLS {
        let output = run(home.path(), &["completions", shell]);
        let script = text(&output.stdout);
        assert!(output.status.success() && script.contains("SMOLCRAWL_COMPLETE") && script.contains("smolcrawl"), "{shell}: {script}");
        // By its name: what it is installed as may move.
        assert!(!script.contains("target"), "{shell}: {script}");
    }
    assert_eq!(run(home.path(), &["completions", "cmd"]).status.code(), Some(2));
}

/// Where bash is, it takes the script and asks.
#[cfg(unix)]
#[test]
fn bash_completes_by_the_script() {
    if Command::new("bash").arg("--version").output().is_err() {
        return eprintln!("not tried: there is no bash");
    }
    let home = TempDir::new().unwrap();
    stored(home.path(), &["https://docs.herons.test/a", "https://docs.storks.test/a"]);
    let script = text(&run(home.path(), &["completions", "bash"]).stdout);
    let bin = Path::new(env!("CARGO_BIN_EXE_smolcrawl")).parent().unwrap().display();
    let asks = format!(
        "PATH=\"{bin}:$PATH\"\n{script}\nCOMP_WORDS=(smolcrawl remove --db x.db docs.h); COMP_CWORD=4; COMP_TYPE=9
         _clap_complete_smolcrawl smolcrawl docs.h x.db\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash").args(["--norc", "-c", &asks]).current_dir(home.path()).output().unwrap();
    assert_eq!(text(&output.stdout).trim(), "docs.herons.test", "{}", text(&output.stderr));
}

/// bash ends words at `@` and `:`, and puts in only what comes behind them.
#[cfg(unix)]
#[test]
fn bash_completes_versions_and_ports() {
    if Command::new("bash").arg("--version").output().is_err() {
        return eprintln!("not tried: there is no bash");
    }
    let home = TempDir::new().unwrap();
    stored(home.path(), &["https://docs.herons.test:8443/a", "https://$(touch${IFS}ran).test/"]);
    let script = text(&run(home.path(), &["completions", "bash"]).stdout);
    let bin = Path::new(env!("CARGO_BIN_EXE_smolcrawl")).parent().unwrap().display();
    for (typed, whole, expected) in [
        ("docs.h", "docs.h", "docs.herons.test:8443"),
        ("docs.herons.test:8", "docs.herons.test:8", "8443"),
        ("--source=docs.herons.test:", "--source=docs.herons.test:", "8443"),
    ] {
        let line = if typed.starts_with('-') {
            format!("smolcrawl search x --db x.db {typed}")
        } else {
            format!("smolcrawl remove --db x.db {typed}")
        };
        let asks = format!(
            "PATH=\"{bin}:$PATH\"\n{script}\nCOMP_WORDBREAKS=$' \\t\\n\"\\'@><=;|&(:'; COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9
             _smolcrawl smolcrawl x y\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["--norc", "-c", &asks]).current_dir(home.path()).output().unwrap();
        assert_eq!(text(&output.stdout).trim(), expected, "{whole}: {}", text(&output.stderr));
    }
    // A name that a shell would take for a command is not offered.
    assert_eq!(completed(home.path(), "fish", &["remove", "--db", "x.db", "$"]), [""; 0]);
}

#[test]
fn sources_are_completed_from_the_store_and_none_is_made() {
    let home = TempDir::new().unwrap();
    let nothing: [String; 0] = [];
    assert_eq!(completed(home.path(), "fish", &["remove", "--db", "x.db", "docs"]), nothing);
    assert!(!home.path().join("x.db").exists(), "a question makes no database");
    stored(home.path(), &["https://docs.herons.test/a", "https://docs.storks.test/a", "https://reeds.test/"]);
    for words in [
        &["remove", "--db", "x.db", "docs."][..],
        &["--db", "x.db", "refresh", "docs."],
        &["export", "--db", "x.db", "reeds.test", "docs."],
        &["compare", "--db", "x.db", "reeds.test", "docs."],
        &["search", "wading", "--db", "x.db", "--source", "docs."],
        &["verify", "--db=x.db", "--source", "docs."],
    ] {
        assert_eq!(completed(home.path(), "fish", words), ["docs.herons.test", "docs.storks.test"], "{words:?}");
    }
    for shell in SHELLS {
        assert_eq!(completed(home.path(), shell, &["remove", "--db", "x.db", "ree"]), ["reeds.test"], "{shell}");
    }
    let other = completed(home.path(), "fish", &["export", "--db", "x.db", "--to", "docs."]);
    assert!(!other.contains(&"docs.herons.test".to_owned()), "a file is no source: {other:?}");
    fs::write(home.path().join("no.db"), "this is no database").unwrap();
    assert_eq!(completed(home.path(), "fish", &["remove", "--db", "no.db", "docs."]), nothing);
}

#[test]
fn commands_and_flags_are_completed() {
    let home = TempDir::new().unwrap();
    assert_eq!(completed(home.path(), "bash", &["cra"]), ["crawl"]);
    assert_eq!(completed(home.path(), "bash", &["crawl", "--max-re"]), ["--max-requests"]);
    assert_eq!(completed(home.path(), "bash", &["setup", "claude-"]), ["claude-code", "claude-desktop"]);
    assert_eq!(asked(home.path(), "tcsh", &["cra"]).status.code(), Some(1));
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let home = TempDir::new().unwrap();
    let output = run(home.path(), &["man", "--to", "pages"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let help = text(&run(home.path(), &["--help"]).stdout);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // What a line is broken into stands further right.
    let commands: Vec<_> = listed
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert!(commands.contains(&"crawl") && commands.contains(&"man"), "{help}");
    for command in commands.iter().filter(|command| **command != "help") {
        let page = fs::read_to_string(home.path().join("pages").join(format!("smolcrawl-{command}.1")))
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains(&format!(".TH smolcrawl-{command} 1")), "{page}");
        assert!(page.contains("Examples:") && page.contains(&format!("smolcrawl {command}")), "{command}: {page}");
        assert_eq!(text(&run(home.path(), &["man", command]).stdout), page, "{command}");
    }
    let all = text(&run(home.path(), &["man"]).stdout);
    assert!(all.contains(".TH smolcrawl 1") && all.contains("smolcrawl\\-crawl(1)"), "{all}");
    let wrong = run(home.path(), &["man", "crwal"]);
    assert!(text(&wrong.stderr).contains("error: \"crwal\" is no command\nhint: commands are demo, crawl"), "{}", text(&wrong.stderr));
    fs::write(home.path().join("file"), "").unwrap();
    let wrong = run(home.path(), &["man", "--to", "file"]);
    assert!(!wrong.status.success() && text(&wrong.stderr).contains("hint: name a folder"), "{}", text(&wrong.stderr));
}

/// An answer that cannot be written is none.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_an_error_of_every_command() {
    let home = TempDir::new().unwrap();
    stored(home.path(), &["https://docs.herons.test/a"]);
    let into = |stdout: std::process::Stdio, arguments: &[&str]| {
        smolcrawl(home.path())
            .args(arguments)
            .env("SMOLCRAWL_DB", "x.db")
            .stdout(stdout)
            .stderr(std::process::Stdio::piped())
            .output()
            .unwrap()
    };
    for arguments in [
        &["--version"][..],
        &["-V"],
        &["--help"],
        &["crawl", "--help"],
        &["help"],
        &["help", "crawl"],
        &["help", "errors"],
        &["man"],
        &["completions", "bash"],
        &["sources"],
        &["sources", "--json"],
        &["doctor"],
    ] {
        let full = into(fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into(), arguments);
        let said = text(&full.stderr);
        assert_eq!(full.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("error: the result cannot be written: ") && said.contains("\nhint: "), "{arguments:?}: {said}");
        let written = into(std::process::Stdio::piped(), arguments);
        assert!(written.status.success() && !written.stdout.is_empty(), "{arguments:?}: {}", text(&written.stderr));
    }
    // What is wrong is told on stderr, which is no answer.
    let wrong = into(fs::OpenOptions::new().write(true).open("/dev/full").unwrap().into(), &["crwal"]);
    assert!(wrong.status.code() == Some(2) && text(&wrong.stderr).contains("crwal"), "{}", text(&wrong.stderr));
}

/// `--json` is taken where all others take it, and each argument says what it is.
#[test]
fn fetch_takes_json_and_describes_what_it_takes() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/pots"), Reply::html("<title>Pots</title><main><h1>Pots</h1><p>Warm.</p></main>"));
    let url = format!("http://{address}/pots");
    let fetch = |more: &[&str]| run(home.path(), &[&["fetch", &url, "--allow-private", "--ignore-robots"], more].concat());
    let json = fetch(&["--json"]);
    assert_eq!(report(&json)["title"], json!("Pots"), "{}", text(&json.stderr));
    assert_eq!(json.stdout, fetch(&["--format", "json"]).stdout);
    assert!(report(&fetch(&["--json", "--explain"]))["notes"].is_array());
    assert_eq!(fetch(&["--json", "--format", "text"]).status.code(), Some(2));
    for command in ["fetch", "extract", "search", "crawl", "setup", "completions", "man"] {
        let help = text(&run(home.path(), &[command, "-h"]).stdout);
        for line in help.lines().filter(|line| line.trim_start().starts_with(['-', '<', '['])) {
            // A flag that is too long for the column has its description on the next line.
            let described = line.trim().split("  ").count() > 1
                || help.lines().skip_while(|other| *other != line).nth(1).is_some_and(|next| next.starts_with("     "));
            assert!(described, "{command}: {line:?}\n{help}");
        }
    }
}

/// On a terminal a person looks what it does.
#[cfg(target_os = "linux")]
#[test]
fn a_server_on_a_terminal_tells_what_it_is_and_how_it_is_set_up() {
    if Command::new("script").arg("--version").output().is_err() {
        return eprintln!("not tried: there is no script(1)");
    }
    let home = TempDir::new().unwrap();
    let serve = format!("{} serve --db x.db", env!("CARGO_BIN_EXE_smolcrawl"));
    // Its terminal's input ends at once.
    let on_terminal = |home: &Path| {
        let mut command = Command::new("script");
        command.args(["-qec", &serve, "/dev/null"]).current_dir(home).env("HOME", home).stdin(std::process::Stdio::null());
        text(&command.output().unwrap().stdout)
    };
    let said = on_terminal(home.path());
    assert!(said.contains("this is an MCP server") && said.contains("smolcrawl setup CLIENT") && said.contains("Ctrl-C ends it"), "{said}");
    // Between pipes it is quiet: stdout is the protocol's.
    let piped = run(home.path(), &["serve", "--db", "x.db"]);
    assert_eq!((text(&piped.stdout).as_str(), text(&piped.stderr).as_str()), ("", ""));
}

/// Hints for slips of the fingers, by the command that they happen in.
#[test]
fn a_slip_is_told_with_what_was_meant() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("README.md"), "# Here").unwrap();
    fs::write(home.path().join("c.toml"), "timout = 5\nuser_agent = \"x\"\nreactor = \"edgy\"\n").unwrap();
    fs::write(home.path().join("bad.toml"), "user_agent = \"x\"\ntimeout_seconds = {}\n").unwrap();
    let hint = |arguments: &[&str]| {
        let output = run(home.path(), arguments);
        assert!(!output.status.success(), "{arguments:?}");
        text(&output.stderr)
    };
    for (arguments, parts) in [
        (&["fetch", "http//docs.test/x"][..], &["hint: did you mean http://docs.test/x?"][..]),
        (&["crawl", "./README.md"], &["hint: "]),
        (&["doctor", "--reactor", "epol"], &["error: --reactor is \"epol\"", "hint: did you mean --reactor epoll, which is selector?"]),
        (
            &["doctor", "--config", "c.toml"],
            &[
                "c.toml, line 1, column 1: timout is not a setting; did you mean timeout_seconds?",
                "reactor in the configuration file is \"edgy\"",
                "hint: did you mean reactor = edge?",
            ],
        ),
        (
            &["doctor", "--config", "bad.toml"],
            &["configuration file bad.toml: line 2, column 1: timeout_seconds is not a string, number or boolean"],
        ),
    ] {
        let said = hint(arguments);
        assert!(parts.iter().all(|part| said.contains(part)), "{arguments:?}: {said}");
        assert!(!said.contains("SMOLCRAWL_REACTOR"), "{said}");
    }
}

#[test]
fn what_is_no_setting_is_told_once_and_the_rest_is_used() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("c.toml"), "colour = true\nuser_agent = \"tester/1\"\n").unwrap();
    let output = smolcrawl(home.path()).args(["doctor", "--json", "--config", "c.toml"]).env("SMOLCRAWL_TIMOUT", "5").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(said.matches("SMOLCRAWL_TIMOUT is not a setting; did you mean SMOLCRAWL_TIMEOUT_SECONDS?").count(), 1, "{said}");
    assert_eq!(said.matches("c.toml, line 1, column 1: colour is not a setting and is ignored").count(), 1, "{said}");
    assert_eq!(report(&output)["settings"]["user_agent"], json!({ "value": "tester/1", "from": "file" }));
    let quiet = smolcrawl(home.path()).args(["doctor", "-q", "--config", "c.toml"]).env("SMOLCRAWL_TIMOUT", "5").output().unwrap();
    assert_eq!(text(&quiet.stderr), "");
}

#[test]
fn doctor_shows_every_setting_and_says_what_to_do() {
    let home = TempDir::new().unwrap();
    stored(home.path(), &["https://docs.herons.test/a"]);
    fs::write(home.path().join("credentials.toml"), "[\"https://docs.test\"]\nuser = \"me\"\npassword = \"env:PASSWORD\"\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(home.path().join("credentials.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let doctor = |arguments: &[&str]| {
        let mut command = smolcrawl(home.path());
        command.args(["doctor", "--db", "x.db"]).args(arguments).env("SMOLCRAWL_REACTOR", "warp").env("SMOLCRAWL_EMBEDDINGS_MODEL", "m");
        command.env("SMOLCRAWL_CREDENTIALS", "credentials.toml").output().unwrap()
    };
    let told = report(&doctor(&["--json"]));
    let settings = told["settings"].as_object().unwrap();
    for name in [
        "db",
        "reactor",
        "allow_private",
        "user_agent",
        "timeout_seconds",
        "max_body_mib",
        "credentials",
        "embeddings",
        "model",
        "embeddings_url",
    ] {
        assert!(settings[name]["from"].is_string(), "{name}: {told}");
    }
    assert_eq!(settings["reactor"], json!({ "value": "auto", "from": "default", "ignored": "warp", "ignored_from": "environment" }));
    assert_eq!(
        settings["embeddings_model"],
        json!({ "value": Value::Null, "from": "default", "ignored": "m", "ignored_from": "environment" })
    );
    assert_eq!(settings["allow_private"], json!({ "value": "false", "from": "default" }));
    assert_eq!(told["store"]["bytes"], json!(fs::metadata(home.path().join("x.db")).unwrap().len()));
    assert!(told["store"]["free_bytes"].as_u64().unwrap() > 0, "{told}");
    let advice: Vec<_> = told["advice"].as_array().unwrap().iter().map(|advice| advice.as_str().unwrap()).collect();
    assert!(advice.iter().any(|advice| advice.contains("reactor (environment) is ignored, as \"warp\" is not known")), "{advice:?}");
    assert!(
        advice.iter().any(|advice| advice.contains("embeddings_model (environment) is ignored: set embeddings to remote")),
        "{advice:?}"
    );
    if cfg!(unix) {
        let files = told["private_files"].as_array().unwrap();
        let of = |name: &str| {
            files.iter().find(|file| file["path"].as_str().unwrap().ends_with(name)).unwrap_or_else(|| panic!("{name}: {told}"))
        };
        assert_eq!((&of("x.db")["mode"], &of("x.db")["private"]), (&json!("600"), &json!(true)));
        assert_eq!((&of("credentials.toml")["mode"], &of("credentials.toml")["private"]), (&json!("644"), &json!(false)));
        assert!(advice.iter().any(|advice| advice.contains("chmod 600 credentials.toml")), "{advice:?}");
    }
    let shown = text(&doctor(&[]).stdout);
    assert!(shown.lines().any(|line| line.starts_with("clients.codex: not found (") && line.ends_with("config.toml)")), "{shown}");
    for line in [
        "settings.reactor: auto (default); ignored: warp (environment)",
        "settings.timeout_seconds: 120 (default)",
        "settings.db: x.db (flag)",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
}
