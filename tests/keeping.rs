//! What the command line keeps to itself and what it tells: foreign texts on a terminal, secrets, damage, settings.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::process::Output;

use binary::{report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

/// Characters that command a terminal, as a page may hold them: colours, the window's title, C1, overrides.
const COMMANDS: &str = "\u{1b}[31mred\u{1b}]0;title\u{7} \u{9b}2J \u{202e}txt.exe\u{2066}";

fn commands_a_terminal(text: &str) -> bool {
    text.contains(|c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    })
}

fn page(title: &str, body: &str) -> Reply {
    Reply::html(format!("<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{body}</p></main></body></html>"))
}

fn all(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

fn indexed(home: &Path, lines: &[Value]) {
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(home.join("lines.jsonl"), lines).unwrap();
    let output = run(home, &["index", "--jsonl", "lines.jsonl", "--no-index", "--db", "x.db"]);
    assert!(output.status.success(), "{}", all(&output));
}

/// However their addresses are written in the lines, and also those that are parts of one.
#[test]
fn indexed_pages_are_shown_listed_and_removed_by_their_addresses() {
    let home = TempDir::new().unwrap();
    let urls = [
        "https://a.test/",
        "https://a.test/lid#part",
        "https://a.test/lid#rim",
        "https://a.test/pot?",
        "https://a.test/%7Etea",
        "https://a.test/#/guide",
    ];
    indexed(home.path(), &urls.map(|url| json!({ "url": url, "title": url, "text": format!("What {url} says.\n") })));
    for url in urls {
        let shown = run(home.path(), &["show", url, "--db", "x.db"]);
        assert_eq!(text(&shown.stdout).trim_end(), format!("What {url} says."), "{}", all(&shown));
    }
    let listed = |below: &str| report(&run(home.path(), &["pages", "a.test", "--below", below, "--json", "--db", "x.db"]))["found"].clone();
    assert_eq!((listed("https://a.test/"), listed("https://a.test/lid"), listed("https://a.test/#/guide")), (json!(6), json!(2), json!(1)));
    // Below a route is not below the page that shows it.
    let removed = report(&run(home.path(), &["remove", "a.test", "--pages", "https://a.test/#/guide", "--json", "--db", "x.db"]));
    assert_eq!((&removed["removed"], listed("https://a.test/")), (&json!(1), json!(5)));
}

#[test]
fn no_text_of_others_commands_a_terminal() {
    assert!(commands_a_terminal(COMMANDS), "this test can fail");
    let home = TempDir::new().unwrap();
    indexed(
        home.path(),
        &[
            json!({ "url": "https://a.test/", "title": format!("Herons {COMMANDS}"), "text": format!("# Herons {COMMANDS}\n\nHerons {COMMANDS} wade.\n") }),
        ],
    );
    let site = Site::default();
    let address = serve(&site);
    let escapes = COMMANDS.replace('\u{1b}', "&#27;");
    site.reply(&format!("{address}/"), page(&format!("Storks {COMMANDS}"), &format!("Storks {escapes} {COMMANDS} stand.")));
    let url = format!("http://{address}/");
    let strange = format!("{url}?{COMMANDS}");
    for arguments in [
        &["search", "herons", "--mode", "lexical", "--db", "x.db"][..],
        &["search", "herons", "--mode", "lexical", "--json", "--db", "x.db"],
        &["sources", "--db", "x.db"],
        &["fetch", &url, "--allow-private"],
        &["fetch", &url, "--allow-private", "--format", "json", "--explain"],
        &["fetch", &url, "--allow-private", "--format", "text", "--explain"],
        &["crawl", &url, "--allow-private", "--no-index", "--db", "y.db", "-vv"],
        &["crawl", &strange, "--allow-private", "--no-index", "--db", "y.db", "-vv"],
        &["remove", COMMANDS, "--db", "x.db"],
        &["search", COMMANDS, "--source", COMMANDS, "--db", "x.db"],
        &["search", "x", "--db", COMMANDS],
    ] {
        let output = smolcrawl(home.path()).args(arguments).output().unwrap();
        assert!(!commands_a_terminal(&all(&output)), "{arguments:?}: {:?}", all(&output));
        assert!(!all(&output).is_empty());
    }
    // What JSON says is what is stored, though it is written otherwise.
    let found = report(&run(home.path(), &["search", "herons", "--mode", "lexical", "--json", "--db", "x.db"]));
    assert!(found["hits"][0]["title"].as_str().unwrap().starts_with("Herons"), "{found}");
    // What warns of how a page is written is no news.
    std::fs::write(
        home.path().join("page.jsonl"),
        json!({ "id": 1, "url": "https://a.test/", "html": "<table><tr><p>x<td></b></i><a><a>" }).to_string(),
    )
    .unwrap();
    let page = std::fs::File::open(home.path().join("page.jsonl")).unwrap();
    let output = smolcrawl(home.path()).args(["extract", "--jsonl"]).stdin(page).output().unwrap();
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_question_says_the_same_of_a_database_that_is_not_there_and_makes_none() {
    let home = TempDir::new().unwrap();
    let mut said = Vec::new();
    for arguments in [&["sources"][..], &["search", "x"], &["remove", "a.test"], &["refresh", "a.test"], &["sources", "--json"]] {
        let output = run(home.path(), &[arguments, &["--db", "typo.db"]].concat());
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{arguments:?}");
        said.push(text(&output.stderr));
    }
    assert!(said[0].contains("typo.db does not exist") && said[0].contains("hint: crawl something first"), "{}", said[0]);
    assert!(said.iter().all(|other| *other == said[0]), "{said:?}");
    assert!(!home.path().join("typo.db").exists());
    let doctor = report(&run(home.path(), &["doctor", "--check", "--json", "--db", "typo.db"]));
    assert_eq!(doctor["store"]["exists"], json!(false));
    assert!(!home.path().join("typo.db").exists());
}

#[test]
fn a_source_that_may_have_been_meant_is_named() {
    let home = TempDir::new().unwrap();
    indexed(
        home.path(),
        &[json!({ "url": "http://127.0.0.1:2711/", "text": "Herons." }), json!({ "url": "https://docs.birds.test/", "text": "Herons." })],
    );
    for arguments in
        [&["search", "herons", "--mode", "lexical", "--source", "127.0.0.1"][..], &["remove", "127.0.0.1"], &["refresh", "127.0.0.1"]]
    {
        let output = run(home.path(), &[arguments, &["--db", "x.db"]].concat());
        assert!(
            text(&output.stderr).contains("error: nothing of 127.0.0.1 is stored\nhint: stored are: 127.0.0.1:2711\n"),
            "{}",
            all(&output)
        );
    }
    for (named, hint) in [
        ("docs.brids.test", "hint: did you mean docs.birds.test? `smolcrawl sources` lists"),
        ("birds", "hint: did you mean docs.birds.test? `smolcrawl sources` lists"),
        ("python.org", "hint: list what is stored"),
    ] {
        let output = run(home.path(), &["remove", named, "--db", "x.db"]);
        assert!(text(&output.stderr).contains(hint), "{}", all(&output));
    }
}

#[test]
fn a_misspelt_word_is_taken_for_the_one_that_is_there_and_that_is_told() {
    let home = TempDir::new().unwrap();
    indexed(home.path(), &[json!({ "url": "https://a.test/", "text": "Herons migrate at night." })]);
    let ask = |question: &str, more: &[&str]| {
        let output = run(home.path(), &[&["search", question, "--mode", "lexical", "--db", "x.db"], more].concat());
        assert!(output.status.success(), "{}", all(&output));
        (text(&output.stdout), text(&output.stderr))
    };
    let (found, told) = ask("when do herons migarte?", &["--json"]);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&found["corrected"], &found["hits"][0]["url"]), (&json!("when do herons migrate?"), &json!("https://a.test/")));
    assert!(told.contains("note: some words stand nowhere in what is stored: answered for \"when do herons migrate?\""), "{told}");
    for question in ["when do herons migrate?", "herons unicorn"] {
        let (found, told) = ask(question, &["--json"]);
        assert!(!found.contains("corrected") && !told.contains("answered for"), "{question}: {found}{told}");
    }
}

#[test]
fn every_question_of_a_file_is_answered() {
    let home = TempDir::new().unwrap();
    indexed(home.path(), &[json!({ "url": "https://a.test/", "text": "Herons." })]);
    let questions =
        "{\"id\":1,\"query\":\"***\"}\n{\"id\":2,\"query\":\"herons\"}\n{\"id\":3}\nno question\n{\"id\":5,\"query\":\"herons\"}\n";
    std::fs::write(home.path().join("questions.jsonl"), questions).unwrap();
    let output = run(home.path(), &["search", "--batch", "questions.jsonl", "--mode", "lexical", "--db", "x.db"]);
    let answers: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<_> = answers.iter().map(|answer| (&answer["id"], answer["error"].is_string(), answer["hits"].is_array())).collect();
    let expected = [(json!(1), true), (json!(2), false), (json!(3), true), (Value::Null, true), (json!(5), false)];
    assert_eq!(ids, expected.iter().map(|(id, failed)| (id, *failed, !failed)).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).starts_with("error: questions.jsonl, line 1: the query is empty (and 2 lines after it)\nhint: "),
        "{}",
        all(&output)
    );
}

#[test]
fn damage_is_found_by_doctor_and_healed_by_storing_again() {
    let home = TempDir::new().unwrap();
    let lines = ["herons", "storks"].map(|page| {
        json!({ "url": format!("https://a.test/{page}"), "title": page, "text": format!("All that is known of {page} stands here.\n") })
    });
    indexed(home.path(), &lines);
    let doctor = |arguments: &[&str]| run(home.path(), &[&["doctor", "--db", "x.db"], arguments].concat());
    let whole = report(&doctor(&["--check", "--json"]));
    assert_eq!(whole["store"]["check"]["whole"], json!(true), "{whole}");
    assert_eq!(whole["store"]["check"]["damaged"], json!([]));

    // One bit of a word in the file.
    let path = home.path().join("x.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(13).position(|words| words == b"known of stor").unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = doctor(&["--check", "--json"]);
    assert_eq!(damaged.status.code(), Some(1), "{}", all(&damaged));
    assert_eq!(report(&damaged)["store"]["check"]["damaged"], json!(["https://a.test/storks"]));
    assert!(text(&damaged.stderr).contains("error: the database is damaged") && text(&damaged.stderr).contains("hint: crawl"));
    // Without being asked to it looks at no page.
    assert!(doctor(&[]).status.success());

    indexed(home.path(), &lines);
    let healed = report(&doctor(&["--check", "--json"]));
    assert_eq!(healed["store"]["check"]["whole"], json!(true), "{healed}");
}

#[test]
fn doctor_tells_every_setting_and_where_it_would_be_read() {
    let home = TempDir::new().unwrap();
    let doctor = report(&smolcrawl(home.path()).args(["doctor", "--json"]).env("SMOLCRAWL_REACTOR", "warp").output().unwrap());
    let file = &doctor["configuration_file"];
    assert!(file["path"].as_str().unwrap().contains("smolcrawl") && file["exists"] == json!(false), "{doctor}");
    let settings = &doctor["settings"];
    assert_eq!(settings["timeout_seconds"]["from"], json!("default"));
    assert!(settings["timeout_seconds"]["value"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    assert!(settings["user_agent"]["value"].as_str().unwrap().starts_with("smolcrawl"), "{doctor}");
    assert_eq!(settings["reactor"], json!({ "value": "auto", "from": "default", "ignored": "warp", "ignored_from": "environment" }));

    std::fs::write(home.path().join("c.toml"), "# nothing\nuser_agent = \"x\"\ntimeout_seconds = = 3\n").unwrap();
    let output = run(home.path(), &["doctor", "--config", "c.toml"]);
    assert!(text(&output.stderr).contains("configuration file c.toml: line 3, column 19: "), "{}", all(&output));
    let output = run(home.path(), &["doctor", "--reactor", "epol"]);
    assert!(text(&output.stderr).contains("hint: did you mean --reactor epoll, which is selector?"), "{}", all(&output));
    std::fs::write(home.path().join("c.toml"), "db = \"\"\n").unwrap();
    let output = smolcrawl(home.path()).args(["sources", "--config", "c.toml"]).env_remove("SMOLCRAWL_DB").output().unwrap();
    assert!(text(&output.stderr).contains("hint: change it in the configuration file"), "{}", all(&output));
}

#[test]
fn a_variable_that_is_no_setting_is_warned_about_without_its_value() {
    let home = TempDir::new().unwrap();
    let output = smolcrawl(home.path())
        .args(["doctor"])
        .env("SMOLCRAWL_TIMEOUT", "5")
        .env("SMOLCRAWL_EMBEDDING_KEY", "s3cret")
        .env("SMOLCRAWL_LOG", "warn")
        .output()
        .unwrap();
    let said = all(&output);
    assert!(said.contains("SMOLCRAWL_TIMEOUT is not a setting; did you mean SMOLCRAWL_TIMEOUT_SECONDS?"), "{said}");
    assert!(
        said.contains("SMOLCRAWL_EMBEDDING_KEY is not a setting; did you mean SMOLCRAWL_EMBEDDINGS_KEY?")
            && !said.contains("s3cret")
            && !said.contains("SMOLCRAWL_LOG is"),
        "{said}"
    );
}

/// A URL with credentials is fetched with them, and never stored or shown with them.
#[test]
fn no_secret_is_stored_or_shown() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    site.reply(&format!("{address}/"), page("Herons", "Herons stand still in shallow water, and wait for what may come by."));
    let with = format!("http://me:s3cret@{address}/");
    for arguments in [
        &["crawl", &with, "--allow-private", "--no-index", "-vv"][..],
        &["crawl", &with, "--allow-private", "--no-index", "-vv", "--json"],
        &["fetch", &with, "--allow-private", "-vv", "--format", "json"],
        &["crawl", "http://me:s3cret@127.0.0.1:1/", "--allow-private", "--no-index", "-vv"],
        &["fetch", "http://me:s3cret@127.0.0.1:1/", "--allow-private", "-vv"],
        &["fetch", "http://127.0.0.1:1/?api_key=s3cret", "--allow-private"],
        &["crawl", "http://127.0.0.1:1/?api_key=s3cret", "--allow-private", "--no-index", "-vv"],
        &["crawl", "http://127.0.0.1:1/?api_key=s3cret", "--allow-private", "--no-index", "--json"],
        &["search", "herons", "--mode", "lexical", "--json"],
        &["doctor"],
    ] {
        let output = smolcrawl(home.path())
            .args(arguments)
            .args(["--db", "x.db"])
            .env("SMOLCRAWL_EMBEDDINGS_KEY", "s3cret")
            .env("SMOLCRAWL_EMBEDDINGS_URL", "http://me:s3cret@127.0.0.1:1/v1?api-key=s3cret")
            .env("SMOLCRAWL_EMBEDDINGS_MODEL", "m")
            .output()
            .unwrap();
        assert!(!all(&output).contains("s3cret"), "{arguments:?}: {}", all(&output));
    }
    let found = report(&run(home.path(), &["search", "herons", "--mode", "lexical", "--json", "--db", "x.db"]));
    assert_eq!(found["hits"][0]["url"], json!(format!("http://{address}/")), "{found}");
    let bytes = std::fs::read(home.path().join("x.db")).unwrap();
    assert!(!bytes.windows(6).any(|words| words == b"s3cret"));
}
