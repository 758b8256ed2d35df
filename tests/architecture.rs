//! Who may import whom, and who may touch what. Change this table and the map in `src/lib.rs` together.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may name through `crate::`. A room may only name rooms above it, so the list itself is
/// the proof that there is no cycle.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("docs", &[]),
    ("model", &[]),
    ("reactor", &[]),
    ("mcp", &[]),
    ("http", &["reactor"]),
    ("extract", &["model"]),
    ("chunk", &["model"]),
    ("store", &["model"]),
    ("share", &["model"]),
    ("symbols", &["model"]),
    ("render", &["http", "reactor"]),
    ("crawl", &["http", "reactor", "extract", "render", "model"]),
    ("embed", &["http", "reactor", "model"]),
    ("files", &["http", "reactor", "model"]),
    // config and error may name every room, for its settings and its errors; that it is no more than those is left to review.
    ("config", &["reactor", "http", "crawl", "render", "chunk", "embed", "store"]),
    ("error", &["model", "reactor", "http", "crawl", "extract", "render", "chunk", "embed", "files", "store", "share", "config"]),
    (
        "engine",
        &[
            "config", "reactor", "http", "crawl", "render", "extract", "chunk", "embed", "files", "store", "share", "symbols", "model",
            "error",
        ],
    ),
    ("tools", &["engine", "mcp", "model", "error"]),
    // The crate root re-exports; the binary's files (main, cli, commands, failure, terminal) see the public API only.
    (
        "lib",
        &[
            "config", "reactor", "http", "crawl", "render", "extract", "chunk", "embed", "files", "store", "share", "symbols", "model",
            "mcp", "error", "engine", "tools",
        ],
    ),
    ("terminal", &[]),
    ("failure", &["terminal"]),
    ("cli", &["failure"]),
    ("commands", &["cli", "failure", "terminal"]),
    ("main", &["cli", "commands"]),
];

/// Words that belong to one room alone: a stray one starts a second reactor, or reads the environment behind the settings' back.
const CONFINED: &[(&str, &[&str])] = &[
    ("async_io::", &["reactor"]),
    ("async_net::", &["reactor"]),
    ("polling::", &["reactor"]),
    ("io_uring::", &["reactor"]),
    ("rustix::event", &["reactor"]),
    ("rustix::net", &["reactor"]),
    ("smol::Timer", &["reactor"]),
    ("smol::net", &["reactor"]),
    ("smol::spawn", &[]),
    ("blocking::", &["reactor"]),
    ("rusqlite::", &["store"]),
    ("rten::", &["embed"]),
    ("tree_sitter::", &["symbols"]),
    ("dom_query::", &["extract"]),
    ("httparse::", &["http"]),
    ("env::var", &["config"]),
    ("env::args", &["cli"]),
];

#[test]
fn the_map_has_no_cycle() {
    for (index, (room, imports)) in MAY_IMPORT.iter().enumerate() {
        for import in *imports {
            let above = MAY_IMPORT[..index].iter().any(|(other, _)| other == import);
            assert!(above, "`{room}` lists `{import}`, which is not above it");
        }
    }
}

#[test]
fn rooms_import_only_what_the_map_allows() {
    let mut broken = Vec::new();
    for (room, place, code) in code_lines() {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            panic!("{place}: room `{room}` is not on the map");
        };
        for target in imports(&code) {
            if target != room && !allowed.contains(&target.as_str()) {
                broken.push(format!("{place}: `{room}` may not import `{target}`"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn rooms_are_named_one_by_one() {
    let mut broken = Vec::new();
    for (_, place, code) in code_lines() {
        for hidden in ["crate::{", "super::super::", "crate::*"] {
            if code.contains(hidden) {
                broken.push(format!("{place}: `{hidden}` hides an import from this test"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn what_is_confined_stays_in_its_room() {
    let mut broken = Vec::new();
    for (room, place, code) in code_lines() {
        for (word, rooms) in CONFINED {
            // A unit test may be told from outside where its real server is.
            let is_test = place.contains("tests.rs");
            if code.contains(word) && !rooms.contains(&room.as_str()) && !(is_test && word.starts_with("env::")) {
                broken.push(format!("{place}: `{word}` belongs to {rooms:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// Shows that the tests above can fail.
#[test]
fn a_forbidden_import_is_seen() {
    assert_eq!(imports("use crate::store::Store; // crate::http"), ["store"]);
    assert_eq!(imports("let x: crate::http::Client = crate::Error::from(y);"), ["http"]);
    assert_eq!(imports("// crate::http"), [] as [&str; 0]);
    assert_eq!(room_of(Path::new("http/h1.rs")), "http");
    assert_eq!(room_of(Path::new("engine.rs")), "engine");
}

/// The rooms that a line of code names through `crate::`.
fn imports(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let targets = code.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    // `crate::Error` and other types at the crate root are everyone's.
    targets.filter(|target| !target.starts_with(char::is_uppercase)).collect()
}

/// Every line of `src` that is not a comment, with its room and place. Unit tests count too: a test that reaches into
/// another room ties the two together.
fn code_lines() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    assert!(files.len() > 30, "found only {} files", files.len());
    let mut lines = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&src).expect("walk stays inside src");
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.trim().is_empty() {
                lines.push((room_of(relative), format!("{}:{}", relative.display(), index + 1), code.to_owned()));
            }
        }
    }
    lines
}

/// `http/h1.rs` and `http/mod.rs` both belong to the room `http`.
fn room_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}
