//! What a person meets at the command line: addresses as they are written, questions without quotes, pages to read, errors that are told
//! once, and what was left out.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::process::Output;

use binary::{Server, report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site};
use tempfile::TempDir;

/// A manual of five pages, one of them long.
fn manual() -> String {
    let site = Site::default();
    let address = serve(&site);
    let page = |title: &str, body: &str| Reply::html(format!("<title>{title}</title><main><h1>{title}</h1>{body}</main>"));
    let steps: String = (1..=12).map(|step| format!("<p>Step {step}: the task is cancelled at its suspension point {step}.</p>")).collect();
    site.reply(
        &format!("{address}/"),
        page(
            "Manual",
            "<p>Of tasks and timers.</p><a href=/tasks>tasks</a> <a href=/timers>timers</a> <a href=/guide/a>a</a> <a href=/guide/b>b</a>",
        ),
    );
    site.reply(
        &format!("{address}/tasks"),
        page("Tasks", &format!("<p>Tasks are spawned.</p><h2 id=cancel>Cancel a task</h2>{steps}<h2 id=join>Join</h2><p>Await it.</p>")),
    );
    site.reply(&format!("{address}/timers"), page("Timers", "<p>A timer fires once its deadline has passed.</p>"));
    site.reply(&format!("{address}/guide/a"), page("Guide to herons", "<p>Herons stand still in shallow water.</p>"));
    site.reply(&format!("{address}/guide/b"), page("Guide to storks", "<p>Storks nest on chimneys in spring.</p>"));
    address
}

/// The manual, stored in `x.db` and found by its words.
fn stored(home: &Path) -> String {
    let address = manual();
    let crawled = run(home, &["crawl", &address, "--allow-private", "--db", "x.db", "--no-index", "--json"]);
    assert!(crawled.status.success(), "{}", text(&crawled.stderr));
    assert_eq!(report(&crawled)["stored"], json!(5), "{}", report(&crawled));
    address
}

/// The error and the hint of a command that fails.
fn failed(output: &Output) -> (String, String) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let line = |lead: &str| stderr.lines().find_map(|line| line.strip_prefix(lead)).unwrap_or_else(|| panic!("{lead}{stderr}")).to_owned();
    (line("error: "), line("hint: "))
}

#[test]
fn the_name_of_a_host_is_an_address_and_a_file_is_none() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let fetched = run(home.path(), &["fetch", &format!("{address}/timers"), "--allow-private"]);
    assert!(text(&fetched.stdout).contains("A timer fires"), "{}", text(&fetched.stderr));
    let found = report(&run(
        home.path(),
        &["search", "herons", "--mode", "lexical", "--db", "x.db", "--url-prefix", &format!("{address}/guide/"), "--json"],
    ));
    assert_eq!(found["hits"][0]["url"], json!(format!("http://{address}/guide/a")), "{found}");
    let removed = run(home.path(), &["remove", "--pages", &format!("{address}/guide/b"), "--db", "x.db"]);
    assert_eq!(text(&removed.stdout), format!("{address}: 1 pages removed\n"));

    std::fs::write(home.path().join("README.md"), "# A file\n").unwrap();
    let whole = home.path().join("README.md");
    let whole = whole.to_str().unwrap();
    for (arguments, added) in [
        (&["fetch", "./README.md"][..], "./README.md"),
        (&["fetch", "README.md"][..], "./README.md"),
        (&["crawl", "README.md", "--db", "y.db"][..], "./README.md"),
        (&["verify", ".", "--db", "x.db"][..], "."),
        (&["fetch", whole][..], whole),
    ] {
        let (error, hint) = failed(&run(home.path(), arguments));
        let told = format!("`smolcrawl add {added}` stores");
        assert!(error.ends_with("is a file or folder here, not a URL") && hint.contains(&told), "{arguments:?}: {error} {hint}");
        assert!(arguments[1] == "README.md" || !hint.contains("https://"), "{hint}");
    }
    // What is stored of a file is shown by its path, and what is not is not said to be a site's.
    std::fs::create_dir(home.path().join("notes")).unwrap();
    std::fs::write(home.path().join("notes/a.md"), "# Pots\n\nThey boil.\n").unwrap();
    let shown = |path: &str| run(home.path(), &["show", path, "--db", "x.db"]);
    let (error, hint) = failed(&shown("notes/a.md"));
    assert!(
        error.starts_with("file://")
            && error.ends_with("/notes/a.md is not stored")
            && hint.ends_with("`smolcrawl add PATH` stores what lies there"),
        "{error} {hint}"
    );
    assert!(run(home.path(), &["add", "./notes", "--db", "x.db", "--no-index"]).status.success());
    let whole = std::fs::canonicalize(home.path()).unwrap().join("notes").join("a.md");
    for path in ["notes/a.md", "./notes/a.md", "notes/../notes/a.md", whole.to_str().unwrap()] {
        let shown = shown(path);
        assert!(text(&shown.stdout).contains("They boil"), "{path}: {}", text(&shown.stderr));
    }
    let (error, _) = failed(&shown("notes/a.md#lids"));
    assert!(error.ends_with("/notes/a.md has the anchor \"lids\""), "{error}");
    let refreshed = run(home.path(), &["refresh", "--all", "--json", "--known-only", "--allow-private", "--db", "x.db", "--no-index"]);
    let named: Vec<String> = text(&refreshed.stdout)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["source"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, [address.clone(), "notes".to_owned()], "each line says whose it is");
    for (wrong, meant) in [("http//docs.rs/x", "did you mean http://docs.rs/x?"), ("./missing.md", "files are not fetched: ")] {
        let (error, hint) = failed(&run(home.path(), &["fetch", wrong]));
        assert!(error.starts_with("not a URL: ") && hint.starts_with(meant), "{error} {hint}");
    }
    assert!(!home.path().join("y.db").exists());
    let (error, hint) = failed(&run(home.path(), &["search", "x", "--source", "127.0.0.1", "--db", "x.db"]));
    assert_eq!((error.as_str(), hint), ("nothing of 127.0.0.1 is stored", format!("stored are: {address}")));
}

#[test]
fn words_without_quotes_are_one_question_and_what_more_there_is_is_told() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let ask = |words: &[&str], options: &[&str]| {
        run(home.path(), &[&["search"], words, &["--db", "x.db", "--mode", "lexical"], options].concat())
    };
    let found = report(&ask(&["how", "to", "cancel", "a", "task"], &["-k", "1", "--json"]));
    assert_eq!(
        (&found["query"], &found["hits"][0]["url"]),
        (&json!("how to cancel a task"), &json!(format!("http://{address}/tasks#cancel")))
    );
    assert_eq!(found, report(&ask(&["how to cancel a task"], &["-k", "1", "--json"])));
    // A flag between the words is a flag, and what begins with a dash is a word behind --.
    let between = run(home.path(), &["search", "cancel", "-k", "1", "a", "--db", "x.db", "--mode", "lexical", "--json", "task"]);
    assert_eq!(report(&between)["query"], json!("cancel a task"));
    let dashed = run(home.path(), &["search", "--db", "x.db", "--mode", "lexical", "--json", "--", "--cancel", "task"]);
    assert_eq!(report(&dashed)["query"], json!("--cancel task"));

    let first = ask(&["guide"], &["-k", "1"]);
    assert_eq!(text(&first.stderr), "more: --offset 1\n");
    let (first, last) =
        (report(&ask(&["guide"], &["-k", "1", "--json"])), report(&ask(&["guide"], &["-k", "1", "--offset", "1", "--json"])));
    assert_eq!((&first["next_offset"], last.get("next_offset")), (&json!(1), None), "{first} {last}");
    assert!(first["hits"][0]["url"] != last["hits"][0]["url"] && last["hits"].as_array().unwrap().len() == 1, "{first} {last}");
    assert_eq!(text(&ask(&["guide"], &["-k", "1", "-q"]).stderr), "");
    // A score has as many digits as mean something, and a date can be read.
    let hit = &first["hits"][0];
    assert!(hit["score"].to_string().len() <= 6, "{hit}");
    let explained = report(&ask(&["guide"], &["--explain", "--json"]));
    let evidence = explained["hits"][0]["evidence"].as_object().unwrap().clone();
    assert!(evidence["bm25"].is_f64() && evidence.values().all(|value| !value.is_f64() || value.to_string().len() <= 7), "{evidence:?}");
    let date = hit["fetched"].as_str().unwrap();
    assert!(date.len() == 20 && date.starts_with("20") && date.ends_with('Z') && hit["fetched_unix"].is_u64(), "{hit}");
}

#[test]
fn why_there_are_no_hits_is_told() {
    let home = TempDir::new().unwrap();
    stored(home.path());
    let ask = |options: &[&str]| {
        let output = run(home.path(), &[&["search", "guide", "--db", "x.db", "--mode", "lexical"], options].concat());
        (text(&output.stdout), text(&output.stderr))
    };
    let none = |options: &[&str], why: &str| {
        let (stdout, stderr) = ask(options);
        assert_eq!((stdout.as_str(), stderr.starts_with(why)), ("no hits\n", true), "{options:?}: {stderr}");
    };
    none(&["--code", "--language", "klingon"], "note: nothing in klingon was found; no code is stored\n");
    // As unknown sources are told: with those that there are, in the source that is asked or in all.
    let code = |language: &str| format!("# Call it\n\n```{language}\nguide(1)\nguide(2)\n```\n");
    let lines: Vec<_> = [("a", "python"), ("a/2", "python"), ("b", "rust")]
        .iter()
        .map(|(path, language)| json!({ "url": format!("http://{}.invalid/{path}", &path[..1]), "text": code(language) }).to_string())
        .collect();
    std::fs::write(home.path().join("code.jsonl"), lines.join("\n")).unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "code.jsonl", "--db", "x.db", "--no-index"]).status.success());
    none(&["--code", "--language", "zz zz"], "note: nothing in zz zz was found; there is code in: python, rust\n");
    none(&["--code", "--language", "Pyton"], "note: nothing in Pyton was found; did you mean python? there is code in: python, rust\n");
    let of_b = ["--code", "--language", "pyton", "--source", "b.invalid"];
    none(&of_b, "note: nothing in pyton was found; there is code in: rust\n");
    none(&["--code", "--language", "py", "--source", "b.invalid"], "note: nothing in py was found; there is code in: rust\n");
    std::fs::write(home.path().join("questions.jsonl"), "{\"id\":1,\"query\":\"guide\"}\n{\"id\":2,\"query\":\"call\"}\n").unwrap();
    let batch = |language: &str| {
        let arguments = ["search", "--batch", "questions.jsonl", "--db", "x.db", "--mode", "lexical", "--code", "--language", language];
        text(&run(home.path(), &arguments).stderr)
    };
    assert_eq!(batch("rusty"), "note: nothing in rusty was found; did you mean rust? there is code in: python, rust\n");
    assert_eq!(batch("rust"), "");
    none(&["--since", "2030-01-01"], "note: nothing was found since that day; pages that say no date are not among");
    none(&["--kind", "blog"], "note: nothing was found of that --kind");
    none(&["--kind", "blog", "-q"], "");
    assert_eq!(ask(&["--kind", "blog", "-q"]).1, "");
    // Behind the last there are some all the same, and none of these is why.
    let (stdout, stderr) = ask(&["--offset", "50", "--kind", "page"]);
    assert!(stdout.starts_with("no more hits: there are "), "{stdout}");
    assert_eq!(stderr, "");

    // Of a store that is empty it is told that it is.
    let database = home.path().join("empty.db");
    std::fs::write(home.path().join("one.jsonl"), "{\"url\":\"http://eval.invalid/0\",\"text\":\"Herons wade.\"}\n").unwrap();
    let database = database.to_str().unwrap();
    assert!(run(home.path(), &["index", "--jsonl", "one.jsonl", "--db", database, "--no-index"]).status.success());
    assert!(run(home.path(), &["remove", "eval.invalid", "--db", database]).status.success());
    let told = run(home.path(), &["search", "guide", "--db", database, "--mode", "lexical"]);
    assert_eq!((text(&told.stdout).as_str(), text(&told.stderr).starts_with("note: nothing is stored yet: ")), ("no hits\n", true));
    let told = run(home.path(), &["refresh", "--all", "--db", database]);
    assert_eq!((told.status.code(), text(&told.stdout).as_str()), (Some(0), "nothing is stored\n"));
    let told = run(home.path(), &["refresh", "--all", "--db", database, "--json"]);
    assert_eq!((text(&told.stdout).as_str(), text(&told.stderr).as_str()), ("", "note: nothing is stored\n"));
    let (error, hint) = failed(&run(home.path(), &["work", "nope", "--db", database, "--no-index"]));
    assert!(error.starts_with("nothing of nope is stored") && !hint.is_empty(), "{error}");
    let known = run(home.path(), &["work", "--db", "x.db", "--no-index"]);
    assert!(known.status.success(), "{}", text(&known.stderr));
}

#[test]
fn what_is_not_read_of_a_disk_is_told_with_what_takes_it_in() {
    let home = TempDir::new().unwrap();
    let add = |arguments: &[&str]| run(home.path(), &[&["add", "--db", "x.db", "--no-index"], arguments].concat());
    std::fs::write(home.path().join("large.md"), "# Herons\n\nThey wade.\n".repeat(100)).unwrap();
    let (error, hint) = failed(&add(&["./large.md", "--max-file-bytes", "1024"]));
    assert!(error.contains("large.md: left out are 1 too large (more than 1 KiB)") && hint.contains("--max-file-bytes"), "{error} {hint}");
    std::fs::write(home.path().join("empty.md"), "").unwrap();
    let nothing = add(&["./empty.md"]);
    failed(&nothing);
    assert!(!text(&nothing.stdout).contains("stored as"), "{}", text(&nothing.stdout));
    let stored = add(&["./large.md"]);
    assert!(text(&stored.stdout).contains("stored as large.md"), "{}", text(&stored.stdout));
    let deep = (0..130).fold(home.path().join("deep"), |at, _| at.join("d"));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(home.path().join("deep").join("a.md"), "# A\n\nStorks.\n").unwrap();
    std::fs::write(deep.join("b.md"), "# B\n\nStorks.\n").unwrap();
    let told = text(&add(&["./deep"]).stdout);
    assert!(told.contains("deeper than is read") && !told.contains("--max-files"), "{told}");
    std::fs::create_dir(home.path().join("many")).unwrap();
    for name in ["a.md", "b.md"] {
        std::fs::write(home.path().join("many").join(name), "# A\n\nStorks.\n").unwrap();
    }
    let told = text(&add(&["./many", "--max-files", "1"]).stdout);
    assert!(told.contains("--max-files and --max-bytes allow more") && !told.contains("deeper"), "{told}");
}

#[test]
fn patterns_that_take_no_page_are_named_as_the_reason() {
    let home = TempDir::new().unwrap();
    let address = manual();
    let crawl = ["crawl", &address, "--allow-private", "--db", "x.db", "--no-index", "--include", "/nothing/*"];
    let (error, hint) = failed(&run(home.path(), &crawl));
    assert!(error.starts_with("nothing was stored: "), "{error}");
    assert_eq!(hint, "of what was met --include and --exclude leave no page: widen the one, or narrow the other");
}

#[test]
fn a_refresh_says_why_no_new_pages_were_looked_for() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let alone = format!("http://{}/", manual());
    let crawl = ["crawl", &alone, "--depth", "0", "--allow-private", "--db", "x.db", "--no-index"];
    assert!(run(home.path(), &crawl).status.success());
    let refresh = |source: &str, options: &[&str]| {
        let output = run(home.path(), &[&["refresh", source, "--allow-private", "--db", "x.db", "--no-index"], options].concat());
        let told = text(&output.stdout);
        told.lines().last().and_then(|line| line.rsplit_once("new: ")).unwrap_or_else(|| panic!("{told}")).1.to_owned()
    };
    assert_eq!(refresh(&address, &[]), "0");
    assert_eq!(refresh(&address, &["--known-only"]), "not looked for, as only those that are stored were asked for");
    let of_no_recipe = "not looked for, as it is not known how the source was made: crawl it again for that";
    assert_eq!(refresh(&alone, &[]), of_no_recipe);
}

#[test]
fn passages_are_printed_whole_when_asked_for() {
    let home = TempDir::new().unwrap();
    stored(home.path());
    let ask = |options: &[&str]| {
        text(&run(home.path(), &[&["search", "cancel", "task", "--db", "x.db", "--mode", "lexical", "-k", "1"], options].concat()).stdout)
    };
    let (short, whole) = (ask(&[]), ask(&["--whole"]));
    assert!(short.lines().filter(|line| line.starts_with("   | ")).count() == 4 && !short.contains("point 12."), "{short}");
    assert!((1..=12).all(|step| whole.contains(&format!("suspension point {step}."))), "{whole}");
    assert_eq!(whole, ask(&["--full"]));
    let passage = report(&run(home.path(), &["search", "cancel", "task", "--db", "x.db", "--mode", "lexical", "-k", "1", "--json"]));
    assert!(whole.contains(passage["hits"][0]["text"].as_str().unwrap().trim()), "as it is given to programs");
}

#[test]
fn colours_and_marks_are_for_terminals_or_on_demand() {
    let home = TempDir::new().unwrap();
    stored(home.path());
    let ask = |color: &str| {
        run(home.path(), &["search", "cancelling", "tasks", "--db", "x.db", "--mode", "lexical", "-k", "1", "--color", color])
    };
    let always = text(&ask("always").stdout);
    assert!(always.contains("\u{1b}[1;33mtask\u{1b}[0m") && always.contains("\u{1b}[1;33mcancelled\u{1b}[0m"), "{always:?}");
    for color in ["auto", "never"] {
        let plain = text(&ask(color).stdout);
        assert!(!plain.contains('\u{1b}') && plain.contains("cancelled"), "{color}: {plain:?}");
    }
    let error = |color: &str| text(&run(home.path(), &["fetch", "a b", "--color", color]).stderr);
    assert!(error("always").starts_with("\u{1b}[1;31merror\u{1b}[0m: not a URL"), "{:?}", error("always"));
    assert!(error("auto").starts_with("error: not a URL"), "{:?}", error("auto"));
    assert_eq!(ask("sometimes").status.code(), Some(2));
}

#[test]
fn a_stored_page_is_shown_whole_and_in_parts() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let tasks = format!("{address}/tasks");
    let show = |url: &str, options: &[&str]| run(home.path(), &[&["show", url, "--db", "x.db"], options].concat());
    let whole = text(&show(&tasks, &[]).stdout);
    assert!(whole.starts_with("# Tasks\n") && whole.ends_with("Await it.\n"), "{whole}");
    assert_eq!(text(&show(&tasks, &["--outline"]).stdout), "Tasks\n  Cancel a task  #cancel\n  Join  #join\n");
    assert_eq!(report(&show(&tasks, &["--outline", "--json"]))["outline"][1]["anchor"], json!("cancel"));
    for from in [show(&format!("{tasks}#join"), &[]), show(&tasks, &["--from", "join"]), show(&tasks, &["--from", "#join"])] {
        assert_eq!(text(&from.stdout), "## Join\n\nAwait it.\n", "{}", text(&from.stderr));
    }

    // Its parts are the page.
    let (mut offset, mut parts, mut all) = (0, 0, String::new());
    loop {
        let part = report(&show(&tasks, &["--offset", &offset.to_string(), "--limit", "200", "--json"]));
        let markdown = part["markdown"].as_str().unwrap();
        assert!(markdown.chars().count() <= 200 && part["offset"] == json!(offset), "{part}");
        all.push_str(markdown);
        parts += 1;
        match part["next_offset"].as_u64() {
            Some(next) => offset = next,
            None => break,
        }
    }
    assert!(parts > 3 && all.trim_end() == whole.trim_end(), "{all}");
    let first = show(&tasks, &["--limit", "200"]);
    assert!(text(&first.stderr).starts_with("more: --offset "), "{}", text(&first.stderr));
    let page = report(&show(&tasks, &["--json"]));
    assert_eq!((&page["title"], &page["source"], &page["next_offset"]), (&json!("Tasks"), &json!(address), &Value::Null), "{page}");

    let (error, hint) = failed(&show(&format!("{tasks}#stop"), &[]));
    assert!(error.ends_with("has the anchor \"stop\"") && hint == "--outline lists them: cancel, join", "{error} {hint}");
    let (error, _) = failed(&show(&tasks, &["--offset", "100000"]));
    assert!(error.starts_with("--offset is 100000, and the page has "), "{error}");
}

#[test]
fn a_page_that_is_not_stored_names_those_that_are() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let show = |url: &str, options: &[&str]| run(home.path(), &[&["show", url, "--db", "x.db"], options].concat());
    let (error, hint) = failed(&show(&format!("{address}/task"), &[]));
    assert_eq!(error, format!("http://{address}/task is not stored"));
    let nearest = format!("stored nearest to it: http://{address}/tasks, ");
    assert!(
        hint.starts_with(&nearest) && hint.ends_with(&format!("`smolcrawl fetch http://{address}/task` reads it as it is now")),
        "{hint}"
    );
    // Below a folder of which there is nothing, and by the other scheme.
    let (_, hint) = failed(&show(&format!("https://{address}/guide/x/y"), &[]));
    assert!(hint.contains(&format!("http://{address}/guide/")), "{hint}");
    let (_, hint) = failed(&show("https://docs.rs/nothing", &[]));
    assert_eq!(hint, "`smolcrawl fetch https://docs.rs/nothing` reads it as it is now");
    failed(&run(home.path(), &["show", &address, "--db", "missing.db"]));
    assert!(!home.path().join("missing.db").exists(), "a question makes no database");

    // In two sources: that of the last crawl, and the other one by its name.
    let again =
        run(home.path(), &["crawl", &format!("{address}/timers"), "--name", "other", "--allow-private", "--db", "x.db", "--no-index"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let timers = format!("{address}/timers");
    let both = show(&timers, &[]);
    assert!(both.status.success() && text(&both.stderr).starts_with("note: this is the page of "), "{}", text(&both.stderr));
    assert_eq!(report(&show(&timers, &["--source", "other", "--json"]))["source"], json!("other"));
    let (error, hint) = failed(&show(&format!("{address}/tasks"), &["--source", "other"]));
    assert!(error.ends_with("is not stored in other") && hint == format!("it is stored in {address}"), "{error} {hint}");
}

#[test]
fn the_pages_of_a_source_are_listed_and_counted() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let pages = |options: &[&str]| run(home.path(), &[&["pages", &address, "--db", "x.db"], options].concat());
    let all = pages(&[]);
    let lines: Vec<_> = text(&all.stdout).lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>()).collect();
    assert_eq!((lines.len(), text(&all.stderr)), (5, "5 pages are stored\n".to_owned()));
    assert!(lines.iter().all(|columns| columns.len() == 4), "{lines:?}");
    assert_eq!((lines[1][0].as_str(), lines[1][1].as_str()), (format!("http://{address}/guide/a").as_str(), "Guide to herons"));
    assert!(lines[1][2].ends_with(" B") && lines[1][3].ends_with('Z'), "{lines:?}");

    let below = report(&pages(&["--below", &format!("{address}/guide/"), "--json"]));
    assert_eq!((&below["found"], &below["stored"], &below["next_offset"]), (&json!(2), &json!(5), &Value::Null), "{below}");
    let matched = report(&pages(&["--match", "STORKS", "--json"]));
    assert_eq!(matched["pages"][0]["url"], json!(format!("http://{address}/guide/b")), "{matched}");
    assert!(matched["pages"][0]["bytes"].as_u64().unwrap() > 20, "{matched}");
    let some = pages(&["-k", "2", "--offset", "1"]);
    assert_eq!(text(&some.stdout).lines().count(), 2);
    assert_eq!(text(&some.stderr), "5 pages are stored, 2 listed; more: --offset 3\n");
    assert_eq!(report(&pages(&["-k", "2", "--offset", "1", "--json"]))["next_offset"], json!(3));
    assert_eq!(text(&pages(&["--match", "nowhere"]).stdout), "no pages\n");
    let (error, _) = failed(&run(home.path(), &["pages", "docs.test", "--db", "x.db"]));
    assert_eq!(error, "nothing of docs.test is stored");
}

#[test]
fn what_a_crawl_leaves_out_is_told_by_rule_with_what_takes_it_in_and_nothing_twice() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let page = |title: &str, links: &str| {
        Reply::html(format!("<title>{title}</title><main><h1>{title}</h1><p>Words of {title}.</p>{links}</main>"))
    };
    let links = "<a href=/docs/a>a</a> <a href=/docs/a.json>a</a> <a href=/docs/login>in</a> <a href=http://else.test/>out</a> <a href=/docs/x.zip>zip</a> \
         <a href=/docs/empty>empty</a> <a href=/docs/twin>twin</a>";
    site.reply(&format!("{address}/docs/"), page("Docs", links));
    site.reply(&format!("{address}/docs/a"), page("A", "")).reply(&format!("{address}/docs/twin"), page("A", ""));
    site.reply(&format!("{address}/docs/empty"), Reply::html("<title>Empty</title>"));
    let crawl = |path: &str, options: &[&str]| {
        let url = format!("http://{address}{path}");
        run(home.path(), &[&["crawl", &url, "--allow-private", "--db", "x.db", "--no-index", "--concurrency", "1"], options].concat())
    };
    let stdout = text(&crawl("/docs/", &[]).stdout);
    for line in [
        "links not followed: 1 out of scope (http://else.test/); --scope host or --scope domain takes in more".to_owned(),
        format!("links not followed: 1 not a page by its name (http://{address}/docs/x.zip)"),
        format!("links not followed: 1 data of a page that is met as well (http://{address}/docs/a.json); --everything takes them in"),
        format!("links not followed: 1 a form to log in or search (http://{address}/docs/login); --everything takes them in"),
        format!("skipped http://{address}/docs/twin: the same content as http://{address}/docs/a"),
        format!("skipped http://{address}/docs/empty: no text in the page"),
        "pages without text: `smolcrawl fetch --explain URL` tells what of a page is left out".to_owned(),
    ] {
        assert!(stdout.lines().any(|told| told == line), "{line}\n{stdout}");
    }
    assert!(stdout.contains("2 pages stored, 2 skipped, 0 failed in "), "{stdout}");

    let nothing = crawl("/gone", &[]);
    let told = text(&nothing.stdout) + &text(&nothing.stderr);
    assert_eq!((told.matches("HTTP 404").count(), told.matches("/gone").count()), (1, 1), "{told}");
    // The same of a refresh.
    site.reply(&format!("{address}/alone/"), page("Alone", ""));
    assert!(crawl("/alone/", &["--name", "alone"]).status.success());
    site.reply(&format!("{address}/alone/"), Reply::status(403));
    let nothing = run(home.path(), &["refresh", "alone", "--allow-private", "--db", "x.db", "--no-index", "--known-only"]);
    let told = text(&nothing.stdout) + &text(&nothing.stderr);
    assert_eq!((nothing.status.code(), told.matches("HTTP 403").count(), told.matches("/alone/").count()), (Some(1), 1, 1), "{told}");
    // Of this machine by its address, which is not told twice either.
    let refused = text(&run(home.path(), &["fetch", &format!("http://{address}/"), "--ignore-robots"]).stderr);
    assert!(refused.contains("the address is 127.0.0.1, which is loopback"), "{refused}");
}

#[test]
fn a_page_that_is_not_there_costs_no_connection() {
    let home = TempDir::new().unwrap();
    let site = Site::default();
    let address = serve(&site);
    let links: String = (0..8).map(|number| format!("<a href=/gone/{number}>gone</a> ")).collect();
    site.reply(&format!("{address}/"), Reply::html(format!("<title>T</title><main><h1>T</h1><p>Words.</p>{links}</main>")));
    let crawled = report(&run(
        home.path(),
        &[
            "crawl",
            &address,
            "--allow-private",
            "--db",
            "x.db",
            "--no-index",
            "--concurrency",
            "1",
            "--ignore-robots",
            "--sitemap",
            "never",
            "--json",
        ],
    ));
    assert_eq!((&crawled["failed_total"], &crawled["http"]["connections_opened"]), (&json!(8), &json!(1)), "{crawled}");
}

#[test]
fn source_and_source_id_are_one_in_every_tool() {
    let home = TempDir::new().unwrap();
    let address = stored(home.path());
    let mut server = Server::start(home.path(), &["--db", "x.db", "--allow-private"]);
    server.initialize();
    let timers = format!("http://{address}/timers");
    let mut id = 1;
    for (tool, arguments) in [
        ("perform_rag_query", json!({ "query": "timer" })),
        ("search_code_examples", json!({ "query": "timer" })),
        ("verify_page", json!({ "url": timers })),
        ("refresh_source", json!({})),
        ("remove_source", json!({ "pages_below": timers })),
    ] {
        for (name, named, is_known) in
            [("source", address.as_str(), true), ("source_id", &address, true), ("source_id", "docs.test", false)]
        {
            let mut arguments = arguments.clone();
            arguments[name] = json!(named);
            id += 1;
            let answer = server.call(id, tool, arguments);
            // What was removed by the first name is not there for the second.
            let is_gone = answer["content"][0]["text"].as_str().is_some_and(|text| text.starts_with(&format!("no page of {address}")));
            let is_error = answer["isError"] == json!(true) && !is_gone;
            assert_eq!(is_error, !is_known, "{tool} {name}: {answer}");
        }
    }
    let listed = server.call(90, "get_available_sources", json!({}))["structuredContent"]["sources"][0].clone();
    assert!(listed["last_fetched"].as_str().unwrap().ends_with('Z') && listed["last_fetched_unix"].is_u64(), "{listed}");
    assert!(server.end().status.success());
}

/// While chunks are embedded: what is in hand is kept, what is left is told, and the next run goes on.
#[cfg(unix)]
#[test]
fn an_interrupt_of_the_embedding_loses_no_chunks_and_is_told() {
    let home = TempDir::new().unwrap();
    let line = |number: u32| json!({ "url": format!("http://eval.invalid/{number}"), "text": format!("Heron number {number} stands in water {number}.") });
    let lines: String = (0..1_000).map(|number| format!("{}\n", line(number))).collect();
    std::fs::write(home.path().join("lines.jsonl"), lines).unwrap();
    let mut indexing = smolcrawl(home.path());
    indexing.args(["index", "--jsonl", "lines.jsonl", "--db", "x.db"]);
    let child = indexing.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let embedded = || {
        let output = run(home.path(), &["sources", "--db", "x.db", "--json"]);
        let sources = if output.status.success() { report(&output)["sources"].clone() } else { json!([]) };
        sources.as_array().unwrap().iter().map(|of| of["embedded"].as_u64().unwrap()).sum::<u64>()
    };
    while embedded() == 0 {
        std::thread::yield_now();
    }
    let before = embedded();
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let after = embedded();
    assert!(after >= before && after < 1_000, "{before} {after}");
    let told: Vec<_> = stderr.lines().collect();
    assert!(told[0].starts_with("stopping as soon as the chunks in hand are embedded"), "{stderr}");
    let left = format!("interrupted: {} of 1000 chunks are not embedded yet and are found by their words only", 1_000 - after);
    assert_eq!(told[1], left, "what was in hand is counted, as it is kept");
    assert!(told[2].starts_with("hint: "), "{stderr}");
}

/// While pages of a file are stored: those that are, are kept and counted, and the same command stores the rest.
#[cfg(unix)]
#[test]
fn an_interrupt_of_storing_keeps_what_is_stored_and_is_told() {
    let home = TempDir::new().unwrap();
    const PAGES: usize = 5_000;
    let line = |number: usize| json!({ "url": format!("http://eval.invalid/{number}"), "text": format!("Heron number {number}.") });
    let lines: String = (0..PAGES).map(|number| format!("{}\n", line(number))).collect();
    std::fs::write(home.path().join("lines.jsonl"), lines).unwrap();
    let stored = || {
        let output = run(home.path(), &["sources", "--db", "x.db", "--json"]);
        let sources = if output.status.success() { report(&output)["sources"].clone() } else { json!([]) };
        sources.as_array().unwrap().iter().map(|of| of["pages"].as_u64().unwrap()).sum::<u64>()
    };
    let mut indexing = smolcrawl(home.path());
    indexing.args(["index", "--jsonl", "lines.jsonl", "--db", "x.db", "--no-index", "--json"]);
    let child = indexing.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while stored() == 0 {
        std::thread::yield_now();
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{stderr}");
    let kept = stored();
    assert!((1..PAGES as u64).contains(&kept), "{kept}");
    assert_eq!(report(&output)["pages"].as_u64(), Some(kept));
    let told: Vec<_> = stderr.lines().collect();
    assert_eq!(
        told,
        [format!("interrupted: {kept} of {PAGES} pages are stored and kept").as_str(), "hint: run it again: it stores what is left"]
    );
    let again = run(home.path(), &["index", "--jsonl", "lines.jsonl", "--db", "x.db", "--no-index", "--json"]);
    assert_eq!(report(&again)["unchanged"].as_u64(), Some(kept), "{}", text(&again.stderr));
    assert_eq!(stored(), PAGES as u64);
}

/// However long the one page takes that is being stored: here another process keeps the file from it.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_is_heard_while_a_page_is_stored() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("x.db");
    let index = |number: u32| {
        let line = json!({ "url": format!("http://eval.invalid/{number}"), "text": "Herons wade." }).to_string();
        std::fs::write(home.path().join("line.jsonl"), line).unwrap();
        let mut indexing = smolcrawl(home.path());
        indexing.args(["index", "--jsonl", "line.jsonl", "--db", "x.db", "--no-index"]);
        indexing
    };
    assert!(index(0).output().unwrap().status.success());
    let other = rusqlite::Connection::open(&database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let child = index(1).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // When it is open, it is about to store.
    let files = format!("/proc/{}/fd", child.id());
    let has_it_open =
        || std::fs::read_dir(&files).unwrap().flatten().any(|file| std::fs::read_link(file.path()).is_ok_and(|path| path == database));
    while !has_it_open() {
        std::thread::yield_now();
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(
        (output.status.code(), stderr.lines().next()),
        (Some(130), Some("interrupted: 0 of 1 pages are stored and kept")),
        "{stderr}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    assert!(index(1).output().unwrap().status.success(), "the same command stores the rest");
}

/// With `-v` a log says how far a crawl is every ten seconds, by a clock that no test waits for: here it is only seen that what ends sooner
/// says nothing of the kind, and that nothing is drawn into a pipe.
#[test]
fn a_pipe_gets_no_bar() {
    let home = TempDir::new().unwrap();
    let address = manual();
    let output = smolcrawl(home.path()).args(["crawl", &address, "--allow-private", "--db", "x.db", "--no-index"]).output().unwrap();
    assert_eq!((output.status.success(), text(&output.stderr)), (true, String::new()));
}
