//! What a reader finds in a page, generator by generator: pages of our own writing, each built as one program builds them
//! (tests/corpus/extract/*.html), and beside each what must be in its markdown, and what must not (*.json).
//!
//! `GENERATOR=javadoc cargo test --test generators` tries only those whose name begins so.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;
use smolcrawl::extract;
use smolcrawl::model::{Filled, Page, Validators};

#[test]
fn pages_say_what_a_reader_finds_in_them() {
    let (mut tried, mut wrong) = (0, String::new());
    for file in expectations() {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if std::env::var("GENERATOR").is_ok_and(|wanted| !name.starts_with(&wanted)) {
            continue;
        }
        let expected = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap_or_else(|error| panic!("{name}.json: {error}"));
        let faults = faults(&name, std::fs::read(file.with_extension("html")).unwrap(), &expected);
        tried += 1;
        for fault in faults {
            writeln!(wrong, "{name}: {fault}").unwrap();
        }
    }
    assert!(tried > 0, "no page has that name");
    let count = wrong.lines().count();
    assert!(wrong.is_empty(), "{count} expectations fail:\n{wrong}");
}

/// What a reader finds in a page. Texts are compared as `read` makes them, so that marks, targets and line ends do not matter, or exactly.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// Any of these.
    title: Vec<String>,
    #[serde(default)]
    url: Option<String>,
    /// Parts of headings, in their order.
    #[serde(default)]
    headings: Vec<String>,
    #[serde(default)]
    must: Vec<String>,
    #[serde(default)]
    must_not: Vec<String>,
    /// These occur, one after the other.
    #[serde(default)]
    order: Vec<String>,
    /// The language, or several parted by `|`, and lines that stand in one block of it. No language: the block's does not matter.
    #[serde(default)]
    code: Vec<(String, String)>,
}

fn faults(name: &str, body: Vec<u8>, expected: &Expected) -> Vec<String> {
    let url = expected.url.clone().unwrap_or_else(|| format!("https://docs.test/{name}.html"));
    let page = Page {
        url: url.parse().unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body,
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    };
    let document = match extract::document(&page) {
        Ok(document) => document,
        Err(skip) => return vec![format!("skipped: {skip}")],
    };
    let mut faults = Vec::new();
    if !expected.title.contains(&document.title) {
        faults.push(format!("title is {:?}, not {:?}", document.title, expected.title[0]));
    }
    // Blanks that do not break are blanks to a reader, in code as well.
    let markdown = &document.markdown.replace('\u{a0}', " ");
    let (prose, blocks) = parted(markdown);
    let text = read(markdown);
    // A target alone reads as nothing.
    let reads = |wanted: &str| !wanted.is_empty() && text.contains(wanted);
    let says = |wanted: &str| markdown.contains(wanted) || reads(&read(wanted));
    faults.extend(expected.must.iter().filter(|wanted| !says(wanted)).map(|wanted| format!("missing {wanted:?}")));
    faults.extend(expected.must_not.iter().filter(|refused| says(refused)).map(|refused| format!("kept {refused:?}")));

    let mut from = 0;
    for wanted in &expected.order {
        let wanted = read(wanted);
        match text[from..].find(&wanted) {
            Some(at) => from += at + wanted.len(),
            None if text.contains(&wanted) => faults.push(format!("too early {wanted:?}")),
            None => faults.push(format!("missing {wanted:?}")),
        }
    }

    let headings: Vec<String> = prose.lines().filter(|line| line.starts_with('#')).map(read).collect();
    let mut at = 0;
    for wanted in &expected.headings {
        let wanted = read(wanted);
        match headings[at..].iter().position(|heading| heading.contains(&wanted)) {
            Some(found) => at += found + 1,
            None if headings.iter().any(|heading| heading.contains(&wanted)) => faults.push(format!("heading out of order {wanted:?}")),
            None => faults.push(format!("no heading {wanted:?}")),
        }
    }
    let titles: Vec<&String> = headings.iter().filter(|heading| heading.starts_with("# ")).collect();
    if titles.len() > 1 && titles[1..].contains(&titles[0]) {
        faults.push(format!("title twice {:?}", titles[0]));
    }

    for (language, code) in &expected.code {
        let holding: Vec<&Block> = blocks.iter().filter(|block| block.code.contains(code.as_str())).collect();
        if holding.is_empty() {
            faults.push(format!("no code {code:?}"));
        } else if !language.is_empty() && !holding.iter().any(|block| language.split('|').any(|language| block.language == language)) {
            faults.push(format!("code {:?} is {:?}, not {language:?}", code.lines().next().unwrap_or_default(), holding[0].language));
        }
    }
    faults
}

/// A fenced block.
struct Block {
    language: String,
    code: String,
}

/// Markdown without its fenced blocks, and these.
fn parted(markdown: &str) -> (String, Vec<Block>) {
    let (mut prose, mut blocks) = (String::new(), Vec::<Block>::new());
    // The marks of the open block and how deep it is indented.
    let mut open: Option<(String, usize)> = None;
    for line in markdown.lines() {
        let bare = line.trim_start_matches([' ', '>']);
        let bare = ["- ", "* ", "+ "].iter().find_map(|mark| bare.strip_prefix(mark)).unwrap_or(bare).trim_start();
        let marks: String = bare.chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &open {
            Some((fence, _)) if bare.trim_end() == fence => open = None,
            Some((_, indent)) => {
                let code = &mut blocks.last_mut().unwrap().code;
                code.push_str(line.get(*indent..).unwrap_or_default());
                code.push('\n');
            }
            None if marks.len() >= 3 => {
                blocks.push(Block { language: bare[marks.len()..].trim().to_owned(), code: String::new() });
                open = Some((marks, line.len() - bare.len()));
            }
            None => {
                prose.push_str(line);
                prose.push('\n');
            }
        }
    }
    for block in &mut blocks {
        block.code = without_indent(&block.code);
    }
    (prose, blocks)
}

/// Blanks that all lines of a block begin with are not what is tried here.
fn without_indent(code: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let least = code.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    code.lines().map(|line| line.get(least..).unwrap_or_default().trim_end().to_owned() + "\n").collect()
}

/// Markdown as it is read: no fences, targets, marks or escapes, and one blank between words.
fn read(markdown: &str) -> String {
    let is_fence = |line: &&str| line.trim_start_matches([' ', '>', '-']).starts_with("```");
    let markdown = markdown.lines().filter(|line| !is_fence(line)).collect::<Vec<_>>().join("\n");
    let mut text = String::new();
    let mut rest = markdown.as_str();
    while let Some(at) = rest.find("](") {
        text.push_str(&rest[..at]);
        let mut depth = 0;
        let end = rest[at + 1..].find(|c: char| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0 || c == '\n'
        });
        rest = end.map_or("", |end| rest[at + 1 + end..].strip_prefix(')').unwrap_or(&rest[at + 1 + end..]));
    }
    text.push_str(rest);
    text.retain(|c| !matches!(c, '*' | '`' | '\\' | '[' | ']' | '~'));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn expectations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/extract");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    files
}
