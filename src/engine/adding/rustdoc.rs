//! The JSON that rustdoc writes of a crate, as somebody gave it: one page of what the crate says of its items, and their symbols.

use url::Url;

use crate::engine::items::{Items, page_of_items};
use crate::model::{Chunk, Document, Page};
use crate::symbols::{self, Kind, Symbol, Table, TableError};

/// What such a file becomes.
#[derive(Debug)]
pub(super) struct Rustdoc {
    pub document: Document,
    pub chunks: Vec<Chunk>,
    pub listed: Box<ByName>,
}

/// What it lists by name.
#[derive(Debug)]
pub(super) struct ByName {
    pub table: Table,
    /// What the anchors in it are relative to.
    pub base: Url,
    /// What is to be known of it.
    pub notes: Vec<String>,
}

/// None of another file.
pub(super) fn read(page: &Page) -> Option<Result<Rustdoc, TableError>> {
    symbols::is_rustdoc_json(&page.body).then(|| symbols::rustdoc_json(&page.body).map(|table| of(page, table)))
}

/// What is to be done about a file that is not read.
pub(super) fn hint(error: &TableError) -> Option<String> {
    match error {
        TableError::Format { found, last, .. } if found > last => Some("a newer smolcrawl may read it".to_owned()),
        TableError::Format { .. } => Some("write it anew with a newer toolchain of Rust".to_owned()),
        _ => None,
    }
}

fn of(page: &Page, mut table: Table) -> Rustdoc {
    let title = format!("{} {}", table.project, table.version).trim_end().to_owned();
    let is_shown = |symbol: &&Symbol| !symbol.doc.trim().is_empty() || symbol.kind == Kind::Module;
    let shown: Vec<&Symbol> = table.symbols.iter().filter(is_shown).collect();
    let mut notes: Vec<String> =
        table.notes.iter().map(|note| format!("{} of {} left out, from {}", note.words, note.rule, note.begins)).collect();
    if shown.len() > MAX_ITEMS {
        notes.push(format!("{} documented items are found by name and are not in the page", shown.len() - MAX_ITEMS));
    }
    let most = shown.len().min(MAX_ITEMS);
    let items = Items { title: &title, symbols: &shown[..most], language: "rust" };
    let (mut document, chunks) = page_of_items(page.url.clone(), &items, page.fetched_at, |_| None);
    document.metadata.generator = Some("rustdoc".to_owned());
    document.metadata.software = Some(table.project.clone()).filter(|name| !name.is_empty());
    document.metadata.version = Some(table.version.clone()).filter(|version| !version.is_empty());
    let (base, has_pages) = beside(&page.url, &table.project);
    for symbol in &mut table.symbols {
        symbol.doc = symbol.summary();
        if !has_pages {
            symbol.anchor = Some(String::new());
        }
    }
    Rustdoc { document, chunks, listed: Box::new(ByName { table, base, notes }) }
}

/// The folder of a file, if it has rustdoc's pages of the crate as well; else the file itself, which all its items stand in. Blocking.
fn beside(url: &Url, crate_name: &str) -> (Url, bool) {
    let folder = url.join(".").ok();
    let first = folder.as_ref().and_then(|folder| folder.join(&format!("{crate_name}/index.html")).ok()?.to_file_path().ok());
    match folder.filter(|_| first.is_some_and(|first| first.is_file())) {
        Some(folder) => (folder, true),
        None => (url.clone(), false),
    }
}

/// Documented items of a crate that are passages.
const MAX_ITEMS: usize = 20_000;
