//! A machine that grants the process too little, told to the real binary by limits of its own: what needs less goes on.
#![cfg(all(target_os = "linux", feature = "bundled-model"))]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use binary::{smolcrawl, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs the binary with so many bytes of address space.
fn run(home: &Path, memory: Option<u64>, arguments: &[&str]) -> Output {
    let direct = smolcrawl(home);
    let limit = memory.map_or_else(String::new, |bytes| format!("ulimit -v {} && ", bytes / 1024));
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit}exec \"$0\" \"$@\"")).arg(direct.get_program()).args(arguments);
    command.env_clear().envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn without_memory_for_the_model_words_are_searched() {
    let home = TempDir::new().unwrap();
    let lines: String = ["The queue worker retries.", "Herons stand still in shallow water."]
        .iter()
        .enumerate()
        .map(|(at, text)| json!({ "url": format!("https://docs.test/{at}"), "title": "T", "text": text }).to_string() + "\n")
        .collect();
    std::fs::write(home.path().join("pages.jsonl"), lines).unwrap();
    let told = "the model cannot run";
    for (memory, is_short) in [(Some(265 << 20), true), (None, false)] {
        let indexed = run(home.path(), memory, &["index", "--jsonl", "pages.jsonl", "--db", "x.db"]);
        let said = text(&indexed.stderr);
        assert!(indexed.status.success(), "{said}");
        assert_eq!(said.contains(told), is_short, "{said}");
        let found = run(home.path(), memory, &["search", "--db", "x.db", "--json", "-k", "1", "queue worker"]);
        let said = text(&found.stderr);
        assert!(found.status.success(), "{said}");
        assert_eq!(said.contains(told), is_short, "{said}");
        let found: Value = serde_json::from_slice(&found.stdout).unwrap();
        assert_eq!(found["hits"][0]["url"], "https://docs.test/0");
    }
}
