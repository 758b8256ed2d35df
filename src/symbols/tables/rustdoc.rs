//! A page of rustdoc, as it was read: its item, and the members that it documents, by the fragments of its headings.

use url::Url;

use crate::model::Heading;
use crate::symbols::package::{Kind, Symbol};

/// The symbols of a page of rustdoc, each with the page's address and its fragment as the anchor; none of a page that documents no item.
/// `name` is the crate's, as the page says it. What a type only has by the traits that it implements is left to these traits' pages.
///
/// ```
/// use smolcrawl::model::Heading;
/// use smolcrawl::symbols::rustdoc;
///
/// let url = "https://docs.rs/kettle/1.2.0/kettle/pot/struct.Pot.html".parse().unwrap();
/// let markdown = "# Struct Pot\n\n```rust\npub struct Pot;\n```\n\nHolds water.\n\n#### pub fn boil(&self)\n\nBoils.\n";
/// let heading = |level, text: &str, anchor: &str| {
///     let offset = markdown.find(text).unwrap() - usize::from(level) - 1;
///     Heading { level, text: text.into(), anchor: Some(anchor.into()), offset }
/// };
/// let outline = [heading(1, "Struct Pot", "copy-path"), heading(4, "pub fn boil(&self)", "method.boil")];
/// let symbols = rustdoc("kettle", &url, &outline, markdown);
/// assert_eq!((symbols[0].path.as_str(), symbols[0].signature.as_str(), symbols[0].doc.as_str()), ("kettle::pot::Pot", "pub struct Pot;", "Holds water."));
/// assert_eq!((symbols[1].path.as_str(), symbols[1].doc.as_str()), ("kettle::pot::Pot::boil", "Boils."));
/// ```
pub fn rustdoc(name: &str, url: &Url, outline: &[Heading], markdown: &str) -> Vec<Symbol> {
    let Some((kind, path)) = item(name, url) else { return Vec::new() };
    let members = outline.iter().position(is_of_traits).map_or(outline, |end| &outline[..end]);
    let begins = |at: usize| outline.get(at).map_or(markdown.len(), |heading| heading.offset);
    let text = |at: usize| below(markdown.get(begins(at)..begins(at + 1)).unwrap_or_default());
    let mut symbols = Vec::new();
    let mut of_page = Symbol::new(path.as_str(), kind);
    (of_page.signature, of_page.doc) = declared(text(0));
    of_page.anchor = Some(url.as_str().to_owned());
    symbols.push(of_page);
    for (at, heading) in members.iter().enumerate() {
        let Some((kind, name)) = heading.anchor.as_deref().and_then(member) else { continue };
        let mut symbol = Symbol::new(format!("{path}::{name}"), kind);
        // Behind the signature stands, at times, what marks it.
        symbol.signature.clone_from(&heading.text);
        symbol.doc = paragraph(text(at));
        let mut place = url.clone();
        place.set_fragment(heading.anchor.as_deref());
        symbol.anchor = Some(place.into());
        symbols.push(symbol);
    }
    for symbol in &mut symbols {
        symbol.deprecated =
            symbol.doc.strip_prefix("Deprecated").map(|said| said.trim_start_matches([':', ' ']).chars().take(200).collect());
    }
    symbols
}

/// What a page documents, by its address: `…/kettle/pot/struct.Pot.html`.
fn item(name: &str, url: &Url) -> Option<(Kind, String)> {
    let root = name.replace('-', "_");
    let segments: Vec<&str> = url.path_segments()?.collect();
    let (file, folders) = segments.split_last()?;
    // In docs.rs the crate stands before its version as well.
    let mut places = (0..folders.len()).filter(|at| folders[*at].replace('-', "_") == root);
    let first = places.next()?;
    let is_version = folders.get(first + 1).is_some_and(|next| *next == "latest" || next.starts_with(|c: char| c.is_ascii_digit()));
    let begins = if is_version { places.next()? } else { first };
    let modules = std::iter::once(root.as_str()).chain(folders[begins + 1..].iter().copied()).collect::<Vec<_>>().join("::");
    let stem = file.strip_suffix(".html").unwrap_or(file);
    if stem.is_empty() || stem == "index" {
        return Some((Kind::Module, modules));
    }
    let (word, name) = stem.split_once('.')?;
    let kind = match word {
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "union" => Kind::Union,
        "trait" | "traitalias" => Kind::Trait,
        "fn" => Kind::Function,
        "macro" | "derive" | "attr" => Kind::Macro,
        "constant" => Kind::Constant,
        "static" => Kind::Variable,
        "type" | "primitive" => Kind::Type,
        _ => return None,
    };
    Some((kind, format!("{modules}::{name}")))
}

/// Below such a heading stand the methods of traits, under the same fragments.
fn is_of_traits(heading: &Heading) -> bool {
    let anchor = heading.anchor.as_deref().unwrap_or_default();
    ["trait-implementations", "synthetic-implementations", "blanket-implementations", "foreign-impls", "implementors"].contains(&anchor)
}

/// `method.boil`, or `method.boil-1` where a page has two of them.
fn member(anchor: &str) -> Option<(Kind, &str)> {
    let (word, name) = anchor.split_once('.')?;
    let kind = match word {
        "method" | "tymethod" => Kind::Method,
        "structfield" => Kind::Field,
        "variant" => Kind::Variant,
        "associatedconstant" => Kind::Constant,
        "associatedtype" => Kind::Type,
        _ => return None,
    };
    // `variant.A.field.b` is a field within a variant.
    let name = name.split(['-', '.']).next().filter(|name| !name.is_empty())?;
    (!anchor.contains(".field.")).then_some((kind, name))
}

/// Without the heading's own line, and the version since which the item is there.
fn below(section: &str) -> &str {
    let rest = section.split_once('\n').map_or("", |(_, rest)| rest);
    let is_version = |line: &str| line.strip_prefix("Since ").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    match rest.trim_start().split_once('\n') {
        Some((first, behind)) if is_version(first) && behind.starts_with('\n') => behind,
        None if is_version(rest.trim_start()) => "",
        _ => rest,
    }
}

/// The declaration in the first block of code, and what is said below it.
fn declared(section: &str) -> (String, String) {
    let section = section.trim_start();
    let block = section.strip_prefix("```").and_then(|rest| rest.split_once('\n')).and_then(|(_, rest)| rest.split_once("\n```"));
    match block {
        Some((code, rest)) => (code.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(600).collect(), paragraph(rest)),
        None => (String::new(), paragraph(section)),
    }
}

/// The first paragraph that is no code.
fn paragraph(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find("\n\n").unwrap_or(text.len());
    if text.starts_with("```") { String::new() } else { text[..end].trim_end().chars().take(2_000).collect() }
}
