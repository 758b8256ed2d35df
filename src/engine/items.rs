//! Items of a package or crate as a page to search in: a passage a documented item. Pure.

use std::time::SystemTime;

use url::Url;

use crate::model::{Chunk, ChunkKind, Document};
use crate::symbols::Symbol;

/// What a page is made of.
pub(super) struct Items<'a> {
    pub title: &'a str,
    pub symbols: &'a [&'a Symbol],
    /// That of the signatures, as a fence has it.
    pub language: &'a str,
}

/// A page of what is said of some items, with what each of them is opened by.
pub(super) fn page_of_items(
    url: Url,
    items: &Items<'_>,
    now: SystemTime,
    anchor: impl Fn(&Symbol) -> Option<String>,
) -> (Document, Vec<Chunk>) {
    let Items { title, symbols, language } = items;
    let mut markdown = format!("# {title}\n");
    let mut chunks = Vec::new();
    for symbol in *symbols {
        let signature = if symbol.signature.is_empty() { String::new() } else { format!("```{language}\n{}\n```\n\n", symbol.signature) };
        let doc = symbol.doc.trim();
        markdown.push_str(&format!("\n## {}\n\n{signature}{doc}\n", symbol.path));
        for (at, part) in parts(doc).into_iter().enumerate() {
            let text = if at == 0 { format!("{signature}{part}") } else { part.to_owned() };
            chunks.push(Chunk {
                ordinal: chunks.len() as u32,
                heading_path: vec![(*title).to_owned(), symbol.path.clone()],
                text,
                kind: ChunkKind::Text,
                anchor: anchor(symbol),
            });
        }
    }
    (Document::new(url, *title, markdown, now), chunks)
}

/// A text in parts that a model reads whole: at ends of paragraphs, else of lines, else where it has to be.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while rest.len() > PART {
        let most = (0..=PART).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(PART);
        let end = rest[..most].rfind("\n\n").or_else(|| rest[..most].rfind('\n')).filter(|end| *end > 0).unwrap_or(most);
        parts.push(rest[..end].trim_end());
        rest = rest[end..].trim_start();
    }
    parts.push(rest);
    parts.retain(|part| !part.is_empty());
    parts
}

/// Bytes of a passage: about as many as the smallest models read.
pub(super) const PART: usize = 1_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_whatever_the_text_is() {
        for text in ["", "x", &"ü".repeat(5_000), &"\n".repeat(5_000), &"a\n\n".repeat(3_000)] {
            let all = parts(text);
            assert!(all.iter().all(|part| part.len() <= PART && !part.is_empty()));
            assert_eq!(all.concat().matches(['a', 'ü', 'x']).count(), text.matches(['a', 'ü', 'x']).count());
        }
    }
}
