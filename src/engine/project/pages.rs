//! What a package says of its own items as pages to search in: a page a source file, a passage a documented item, which opens at its line.
//! Pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::files::Place;
use crate::model::{Chunk, ChunkKind, Document, SourceId};
use crate::store::CutPage;
use crate::symbols::{Ecosystem, Kind, Package, Symbol};

/// The pages of a package, and how many documented items are not in them.
pub(super) fn of(package: &Package, source: &SourceId, root: &Path) -> (Vec<CutPage>, usize) {
    let Some(place) = Place::folder(root) else { return (Vec::new(), 0) };
    let mut files: BTreeMap<&str, Vec<&Symbol>> = BTreeMap::new();
    let is_shown = |symbol: &&Symbol| !symbol.private && !symbol.doc.trim().is_empty() && !symbol.file.is_empty();
    let (mut items, mut left_out) = (0, 0);
    for symbol in package.symbols.iter().filter(is_shown) {
        match items < MAX_ITEMS {
            true => files.entry(&symbol.file).or_default().push(symbol),
            false => left_out += 1,
        }
        items += 1;
    }
    let language = language(package.id.ecosystem);
    let now = SystemTime::now();
    let page = |(file, mut symbols): (&str, Vec<&Symbol>)| {
        symbols.sort_by_key(|symbol| symbol.line);
        let module = package.symbols.iter().find(|symbol| symbol.kind == Kind::Module && symbol.file == file);
        let title = module.map_or(file, |module| module.path.as_str()).to_owned();
        let mut markdown = format!("# {title}\n");
        let mut chunks = Vec::new();
        for symbol in symbols {
            let signature =
                if symbol.signature.is_empty() { String::new() } else { format!("```{language}\n{}\n```\n\n", symbol.signature) };
            let doc = symbol.doc.trim();
            markdown.push_str(&format!("\n## {}\n\n{signature}{doc}\n", symbol.path));
            for (at, part) in parts(doc).into_iter().enumerate() {
                let text = if at == 0 { format!("{signature}{part}") } else { part.to_owned() };
                chunks.push(Chunk {
                    ordinal: chunks.len() as u32,
                    heading_path: vec![title.clone(), symbol.path.clone()],
                    text,
                    kind: ChunkKind::Text,
                    anchor: Some(format!("L{}", symbol.line.max(1))),
                });
            }
        }
        CutPage { source: Some(source.clone()), document: Document::new(place.of(file), title, markdown, now), chunks }
    };
    (files.into_iter().map(page).collect(), left_out)
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

fn language(ecosystem: Ecosystem) -> &'static str {
    match ecosystem {
        Ecosystem::Cargo => "rust",
        Ecosystem::PyPi => "python",
        Ecosystem::Npm => "typescript",
        Ecosystem::Go => "go",
        _ => "",
    }
}

/// Documented items of a package that are pages: all but those of the largest bindings.
const MAX_ITEMS: usize = 5_000;
/// Bytes of a passage: about as many as the smallest models read.
const PART: usize = 1_200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::{PackageId, Reader};

    #[test]
    fn each_documented_item_is_a_passage_at_its_line() {
        let mut reader = Reader::new(PackageId::new(Ecosystem::Cargo, "kettle", "1"), "kettle");
        let long = "/// word word word word.\n///\n".repeat(100);
        let text = format!(
            "//! Kettles.\n\n/// Heats.\npub fn boil(to: u32) {{}}\n\n/// Not shown.\nfn hidden() {{}}\npub fn bare() {{}}\n{long}pub fn long() {{}}\n"
        );
        reader.file("src/lib.rs", text.as_bytes());
        let source = SourceId::named("crate:kettle@1").unwrap();
        let root = if cfg!(windows) { Path::new(r"C:\kettle-1") } else { Path::new("/kettle-1") };
        let (pages, left_out) = of(&reader.finish(), &source, root);
        assert_eq!((pages.len(), left_out), (1, 0));
        let page = &pages[0];
        assert!(page.document.url.as_str().ends_with("/kettle-1/src/lib.rs"));
        assert_eq!(page.chunks[1].heading_path, ["kettle", "kettle::boil"]);
        assert_eq!(
            (page.chunks[1].text.as_str(), page.chunks[1].anchor.as_deref()),
            ("```rust\npub fn boil(to: u32)\n```\n\nHeats.", Some("L4"))
        );
        assert!(!page.document.markdown.contains("hidden") && !page.document.markdown.contains("bare"));
        let long: Vec<_> = page.chunks.iter().filter(|chunk| chunk.heading_path[1] == "kettle::long").collect();
        assert!(long.len() >= 2 && long.iter().all(|chunk| chunk.text.len() < 2 * PART));
        assert_eq!(long.iter().map(|chunk| chunk.text.matches("word").count()).sum::<usize>(), 400, "nothing is lost");
    }

    #[test]
    fn parts_end_whatever_the_text_is() {
        for text in ["", "x", &"ü".repeat(5_000), &"\n".repeat(5_000), &"a\n\n".repeat(3_000)] {
            let all = parts(text);
            assert!(all.iter().all(|part| part.len() <= PART && !part.is_empty()));
            assert_eq!(all.concat().matches(['a', 'ü', 'x']).count(), text.matches(['a', 'ü', 'x']).count());
        }
    }
}
