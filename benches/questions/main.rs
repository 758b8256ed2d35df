//! Does the right page of real manuals come first?
//!
//! ```sh
//! smolcrawl crawl http://127.0.0.1:8931/python/ --include '/python/**' --depth 50 --max-pages 2000 --allow-private --ignore-robots --db python.db
//! cargo bench --bench questions -- python.db [FILE] [--mode hybrid|lexical|dense] [--missed]
//! ```
//!
//! The manuals are those of Python 3.11 as Debian has them (python3-doc), served on loopback by any server of files. A line of FILE, by default
//! `benches/questions/python.tsv`, is a question, a tab, and the ends of the addresses that answer it. MRR counts the first ten answers, nDCG@5 the first right one among five;
//! `--missed` lists the questions whose answer is not among the first three.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut places, mut mode, mut is_told) = (Vec::new(), "hybrid".to_owned(), false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--mode" => mode = arguments.next().expect("--mode takes hybrid, lexical or dense"),
            "--missed" => is_told = true,
            _ => places.push(PathBuf::from(argument)),
        }
    }
    let Some(database) = places.first() else {
        say("no database: name one that has the manuals (cargo bench --bench questions -- python.db)");
        return ExitCode::SUCCESS;
    };
    let file = places.get(1).cloned().unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/benches/questions/python.tsv").into());
    let text = std::fs::read_to_string(&file).expect("the file of questions can be read");
    let questions: Vec<(&str, Vec<&str>)> = text
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(question, answers)| (question, answers.split_whitespace().collect()))
        .collect();
    assert!(!questions.is_empty(), "lines of {} are a question, a tab and ends of addresses", file.display());

    let found = answers(database, &mode, &questions);
    let places: Vec<Option<usize>> = questions
        .iter()
        .zip(&found)
        .map(|((_, right), found)| found.iter().position(|url| right.iter().any(|right| url.ends_with(right))))
        .collect();
    let mean = |worth: fn(usize) -> f64| places.iter().flatten().map(|place| worth(*place)).sum::<f64>() / places.len() as f64;
    let mrr = mean(|place| 1.0 / (place + 1) as f64);
    let (first, three) = (mean(|place| f64::from(place == 0)), mean(|place| f64::from(place < 3)));
    let ndcg = mean(|place| if place < 5 { 1.0 / ((place + 2) as f64).log2() } else { 0.0 });
    say(&format!("{} questions, {mode}: MRR {mrr:.3}, nDCG@5 {ndcg:.3}, first {first:.3}, among three {three:.3}", questions.len()));
    for ((question, _), place) in questions.iter().zip(&places).filter(|(_, place)| is_told && place.is_none_or(|place| place >= 3)) {
        say(&format!("{}\t{question}", place.map_or("-".to_owned(), |place| (place + 1).to_string())));
    }
    ExitCode::SUCCESS
}

/// The addresses of the first ten answers to each question, without anchors.
fn answers(database: &PathBuf, mode: &str, questions: &[(&str, Vec<&str>)]) -> Vec<Vec<String>> {
    let mut asked = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    for (id, (question, _)) in questions.iter().enumerate() {
        writeln!(asked, "{}", json!({"id": id.to_string(), "query": question})).expect("the temporary file can be written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_smolcrawl"))
        .args(["search", "-k", "10", "--json", "--mode", mode])
        .arg("--batch")
        .arg(asked.path())
        .arg("--db")
        .arg(database)
        .stderr(Stdio::inherit())
        .output()
        .expect("the program can be started");
    assert!(output.status.success(), "smolcrawl search failed: {}", output.status);
    let mut found = vec![Vec::new(); questions.len()];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let answer: Value = serde_json::from_str(line).expect("a line is JSON");
        let id: usize = answer["id"].as_str().and_then(|id| id.parse().ok()).expect("an answer has the id of its question");
        let hits = answer["hits"].as_array().expect("an answer has hits");
        let without_anchor = |hit: &Value| hit["url"].as_str().map(|url| url.split('#').next().unwrap_or_default().to_owned());
        found[id] = hits.iter().filter_map(without_anchor).collect();
    }
    found
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout takes it");
}
