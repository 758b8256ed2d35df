//! Where the real binary finds its files: names of all kinds, forms of paths, default folders, text files as editors leave them.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
#[cfg(windows)]
use std::path::PathBuf;

use binary::{report, run, smolcrawl, text};
use serde_json::{Value, json};
use tempfile::TempDir;

const HERONS: &str = "{\"url\":\"http://eval.invalid/0\",\"text\":\"Herons stand still in shallow water.\"}";

/// Stores a page in this database, finds it there, and answers the file that it must be in.
#[track_caller]
fn stores_and_finds(home: &Path, database: &str, file: &Path) {
    std::fs::write(home.join("herons.jsonl"), HERONS).unwrap();
    let indexed = run(home, &["index", "--jsonl", "herons.jsonl", "--no-index", "--db", database, "--json"]);
    assert!(indexed.status.success(), "{database}: {}", text(&indexed.stderr));
    let found = report(&run(home, &["search", "herons", "--mode", "lexical", "--json", "--db", database]));
    assert_eq!(found["hits"][0]["url"], json!("http://eval.invalid/0"), "{database}");
    assert!(file.is_file(), "{} is missing", file.display());
    let told = report(&run(home, &["doctor", "--json", "--db", database]));
    assert_eq!((&told["store"]["path"], &told["store"]["pages"]), (&json!(database), &json!(1)));
}

#[test]
fn a_database_may_have_any_name() {
    let home = TempDir::new().unwrap();
    for name in ["with spaces.db", "Über Größe.db", "日本語.db", "🦀.db", "100%.db", "a'b;c.db", "-dash.db", "no extension", "name.db.db"]
    {
        let database = format!("Ordner mit ü, 日本 und 🦀/{name}");
        stores_and_finds(home.path(), &database, &home.path().join(&database));
    }
    // What cannot be found is named as it was written.
    let missing = run(home.path(), &["search", "x", "--db", "Ordner mit ü, 日本 und 🦀/fehlt.db"]);
    let said = text(&missing.stderr);
    assert!(said.starts_with("error: nothing is stored yet: Ordner mit ü, 日本 und 🦀/fehlt.db does not exist"), "{said}");
}

#[test]
fn a_database_may_lie_deep() {
    let home = TempDir::new().unwrap();
    let folder = ["a folder whose name is rather long, ü"; 8].join("/");
    stores_and_finds(home.path(), &format!("{folder}/index.db"), &home.path().join(&folder).join("index.db"));
    let whole = home.path().join(&folder).join("whole.db");
    assert!(whole.as_os_str().len() > 300);
    stores_and_finds(home.path(), whole.to_str().unwrap(), &whole);
}

#[test]
fn a_path_may_be_relative() {
    let home = TempDir::new().unwrap();
    let below = home.path().join("below");
    std::fs::create_dir(&below).unwrap();
    stores_and_finds(&below, "../above.db", &home.path().join("above.db"));
    stores_and_finds(&below, "./here.db", &below.join("here.db"));
    stores_and_finds(&below, "x/../y.db", &below.join("y.db"));
}

/// Each form a path has on Windows.
#[cfg(windows)]
#[test]
fn a_path_may_be_of_any_form() {
    let home = TempDir::new().unwrap();
    let file = |name: &str| home.path().join(name);
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let whole = text(file("back.db"));
    let (drive, rest) = whole.split_at(2);
    assert!(drive.ends_with(':') && rest.starts_with('\\'), "{whole}");
    stores_and_finds(home.path(), &whole, &file("back.db"));
    stores_and_finds(home.path(), &text(file("forward.db")).replace('\\', "/"), &file("forward.db"));
    stores_and_finds(home.path(), &format!(r"\\?\{}", text(file("verbatim.db"))), &file("verbatim.db"));
    // Below the root of the drive that we are on, and in the folder that we are in on that drive.
    stores_and_finds(home.path(), &rest.replace("back", "rooted"), &file("rooted.db"));
    stores_and_finds(home.path(), &format!("{drive}drive.db"), &file("drive.db"));
    stores_and_finds(home.path(), r"folder\below.db", &file("folder").join("below.db"));
}

/// Names that mean a device whatever the folder.
#[cfg(windows)]
#[test]
fn a_device_is_no_database() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("herons.jsonl"), HERONS).unwrap();
    for database in ["NUL", "nul", "CON", r"\\.\NUL", "COM9", "LPT9"] {
        let output = run(home.path(), &["index", "--jsonl", "herons.jsonl", "--no-index", "--db", database]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{database}: {said}");
        assert!(said.starts_with("error: ") && said.contains(database) && said.contains("hint: "), "{database}: {said}");
    }
}

#[test]
fn a_path_that_leads_nowhere_is_named() {
    let home = TempDir::new().unwrap();
    let bad: &[&str] = if cfg!(windows) { &[r"0:\x\y.db", "what?.db", "a|b.db", "<x>.db"] } else { &["/dev/null/x.db"] };
    for database in bad {
        let output = run(home.path(), &["sources", "--db", database]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{database}: {said}");
        assert!(said.starts_with("error: ") && said.contains(database) && said.contains("hint: "), "{database}: {said}");
    }
}

#[test]
fn text_files_may_be_as_windows_leaves_them() {
    let home = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    write("notepad.toml", "\u{feff}# Notepad\r\ndb = 'of the file.db'\r\nuser_agent = \"tester/1\"\r\n");
    let mut doctor = smolcrawl(home.path());
    let told = report(&doctor.args(["doctor", "--json", "--config", "notepad.toml"]).env_remove("SMOLCRAWL_DB").output().unwrap());
    assert_eq!(told["settings"]["db"], json!({ "value": "of the file.db", "from": "file" }));
    assert_eq!(told["settings"]["user_agent"]["value"], json!("tester/1"));

    write("herons.jsonl", &format!("\u{feff}{HERONS}\r\n\r\n{}\r\n", HERONS.replace("/0", "/1")));
    let indexed = run(home.path(), &["index", "--jsonl", "herons.jsonl", "--no-index", "--db", "x.db", "--json"]);
    assert_eq!(report(&indexed)["added"], json!(2), "{}", text(&indexed.stderr));
    write("questions.jsonl", "\u{feff}{\"id\":1,\"query\":\"herons\"}\r\n");
    let batch = ["search", "--batch", "questions.jsonl", "--mode", "lexical", "--json", "--db", "x.db"];
    assert_eq!(report(&run(home.path(), &batch))["hits"].as_array().unwrap().len(), 2);
}

/// Scripts read these on every platform with the same code.
#[test]
fn lines_end_as_everywhere_and_a_pipe_gets_no_colours() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("herons.jsonl"), HERONS.replace("Herons", "Graureiher (日本語: アオサギ)")).unwrap();
    let mut outputs = vec![run(home.path(), &["index", "--jsonl", "herons.jsonl", "--db", "x.db", "-vv"])];
    for arguments in
        [&["search", "アオサギ", "--db", "x.db"][..], &["sources", "--db", "x.db", "--json"], &["doctor"], &["--help"], &["nonsense"]]
    {
        outputs.push(run(home.path(), arguments));
    }
    assert!(text(&outputs[1].stdout).contains("アオサギ"), "{}", text(&outputs[1].stdout));
    for output in outputs {
        for stream in [&output.stdout, &output.stderr] {
            assert!(!text(stream).contains(['\r', '\u{1b}']), "{:?}", text(stream));
        }
    }
}

/// The folders that Windows itself names, which no variable moves.
#[cfg(windows)]
#[test]
fn the_usual_places_are_those_of_windows() {
    let home = TempDir::new().unwrap();
    let usual = || smolcrawl(home.path()).args(["doctor", "--json"]).env_remove("SMOLCRAWL_DB").output().unwrap();
    let told = report(&usual());
    let local = PathBuf::from(std::env::var_os("LOCALAPPDATA").unwrap());
    let database = local.join("smolcrawl").join("data").join("index.db");
    assert_eq!(told["settings"]["db"], json!({ "value": database, "from": "default" }));

    // Only where nobody has one of their own.
    let folder = PathBuf::from(std::env::var_os("APPDATA").unwrap()).join("smolcrawl").join("config");
    let file = folder.join("config.toml");
    if std::env::var_os("WINEPREFIX").is_none() || file.exists() {
        return eprintln!("not tried: a configuration file in {}", folder.display());
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&file, "user_agent = \"tester/1\"\r\n").unwrap();
    let told = usual();
    std::fs::remove_dir_all(folder.parent().unwrap()).unwrap();
    assert_eq!(report(&told)["settings"]["user_agent"], json!({ "value": "tester/1", "from": "file" }));
}

#[test]
fn the_names_of_settings_are_those_of_the_platform() {
    let home = TempDir::new().unwrap();
    let told = smolcrawl(home.path()).args(["doctor", "--json"]).env("Smolcrawl_User_Agent", "tester/1").output().unwrap();
    let agent = report(&told)["settings"].get("user_agent").map(|agent| agent["value"].clone());
    assert_eq!(agent == Some(Value::from("tester/1")), cfg!(windows));
}
