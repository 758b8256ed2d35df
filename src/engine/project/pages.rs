//! What a package says of its own items as pages to search in: a page a source file, a passage a documented item, which opens at its line.
//! Pure.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use crate::engine::items::{Items, page_of_items};
use crate::files::Place;
use crate::model::SourceId;
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
        let title = module.map_or(file, |module| module.path.as_str());
        let line = |symbol: &Symbol| Some(format!("L{}", symbol.line.max(1)));
        let items = Items { title, symbols: &symbols, language };
        let (document, chunks) = page_of_items(place.of(file), &items, now, line);
        CutPage { source: Some(source.clone()), document, chunks }
    };
    (files.into_iter().map(page).collect(), left_out)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::items::PART;
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
}
