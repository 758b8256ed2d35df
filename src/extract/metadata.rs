//! A page's metadata: of what it says of itself, what is said well enough to be believed. Nothing is derived from its text or its
//! address, and a field that the page does not state stays empty.

mod generator;
pub(super) mod linked;
pub(super) mod software;
pub(super) mod values;

use std::collections::HashSet;

use url::Url;

use crate::extract::base::Base;
use crate::extract::dom::Dom;
use crate::extract::metadata::software::Software;
use crate::extract::metadata::values::{date, language, line};
use crate::extract::said::Said;
use crate::model::{Metadata, Translation};

/// `base` is what the page's relative addresses are relative to.
pub(super) fn of_html(dom: &Dom, said: &Said<'_>, software: &Software, url: &Url, base: &Base) -> Metadata {
    let linked = &said.linked;
    let first_line = |names: &[&str], most| said.metas(names).find_map(|text| line(text, most));
    let description = first_line(&DESCRIPTION, LONGEST_DESCRIPTION);
    let published = said.metas(&PUBLISHED).find_map(date);
    let modified = said.metas(&MODIFIED).find_map(date);
    Metadata {
        description: description.or_else(|| line(linked.description.as_deref()?, LONGEST_DESCRIPTION)),
        canonical: canonical(said, url, base),
        language: page_language(said),
        translations: translations(said, url, base),
        published: published
            .or_else(|| linked.published.as_deref().and_then(date))
            .or_else(|| item(dom, said, "datePublished").and_then(date))
            .or_else(|| only(&said.written).and_then(date)),
        modified: modified
            .or_else(|| linked.modified.as_deref().and_then(date))
            .or_else(|| item(dom, said, "dateModified").and_then(date))
            .or_else(|| only(&said.changed).and_then(date))
            .or_else(|| updated_below(&said.footer)),
        author: author(dom, said),
        generator: software.generator.clone(),
        software: software.name.clone(),
        version: software.version.clone(),
    }
}

/// Of http and https, without fragment.
fn address(base: &Base, href: &str) -> Option<Url> {
    let mut address = base.join(href.trim()).ok().filter(|address| matches!(address.scheme(), "http" | "https") && address.has_host())?;
    address.set_fragment(None);
    Some(address)
}

fn canonical(said: &Said<'_>, url: &Url, base: &Base) -> Option<Url> {
    let stated = said.canonical.filter(|href| !href.trim().is_empty()).and_then(|href| address(base, href));
    // Open Graph's address is often that of the site's first page, or of a copy of the page elsewhere.
    let shared = || said.metas(&["og:url"]).find_map(|text| Url::parse(text.trim()).ok()).and_then(|shared| address(base, shared.as_str()));
    let is_page = |shared: &Url| shared.host_str() == url.host_str() && (shared.path() != "/" || url.path() == "/");
    stated.or_else(|| shared().filter(is_page))
}

fn page_language(said: &Said<'_>) -> Option<String> {
    // The first `lang` of a page is the page's, even if it stands below the body, as in books made with DocBook.
    let stated = said.languages.iter().find_map(|tag| language(tag));
    let named = || said.metas(&["content-language", "language", "dc.language", "dcterms.language"]).find_map(language);
    stated
        .or_else(named)
        .or_else(|| said.linked.language.as_deref().and_then(language))
        .or_else(|| said.metas(&["og:locale"]).find_map(language))
}

fn translations(said: &Said<'_>, url: &Url, base: &Base) -> Vec<Translation> {
    let mut known = HashSet::new();
    // "x-default" is no language.
    let stated = said.alternates.iter().filter_map(|(tag, href)| Some(Translation { language: language(tag)?, url: address(base, href)? }));
    stated.filter(|translation| translation.url != *url && known.insert((translation.language.clone(), translation.url.clone()))).collect()
}

/// The value of microdata, if it is the page's: all that have such a value belong to one thing, or to parts of it.
fn item<'s>(dom: &Dom, said: &'s Said<'_>, name: &str) -> Option<&'s str> {
    let mut items = said.items.iter().filter(|item| item.name == name);
    let first = items.next()?;
    let is_within = |owner| owner == first.owner || dom.ancestors(owner).any(|above| above == first.owner);
    items.all(|item| is_within(item.owner)).then_some(first.value.as_str())
}

/// What a list of stories repeats is not said of the list.
fn only<'s>(dates: &[&'s str]) -> Option<&'s str> {
    let first = dates.first()?;
    dates.iter().all(|date| date == first).then_some(*first)
}

/// AsciiDoc's footer: "Last updated 2024-05-31 00:35:55 UTC".
fn updated_below(footer: &str) -> Option<String> {
    date(footer.split_once("Last updated")?.1.trim_start_matches([':', ' ', '\n']))
}

fn author(dom: &Dom, said: &Said<'_>) -> Option<String> {
    let mut known = HashSet::new();
    for name in ["author", "dc.creator", "dcterms.creator", "citation_author", "article:author"] {
        let wanted = [name];
        let names = said.metas(&wanted).take(MOST_AUTHORS).filter_map(person);
        let names: Vec<String> = names.filter(|author| known.insert(author.clone())).collect();
        if !names.is_empty() {
            return line(&names.join(", "), LONGEST_AUTHOR);
        }
    }
    let linked = said.linked.author.as_deref().and_then(person);
    let item = || item(dom, said, "author").and_then(person);
    // Several of them sign several stories.
    let signed =
        || said.authors.first().filter(|first| said.authors.iter().all(|author| author == *first)).and_then(|author| person(author));
    linked.or_else(item).or_else(signed)
}

/// Open Graph wants an address for a name, and gets either.
fn person(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("By ").or_else(|| text.strip_prefix("by ")).unwrap_or(text);
    line(text, LONGEST_AUTHOR).filter(|name| !name.contains("://") && !name.starts_with('@') && name.contains(char::is_alphabetic))
}

/// In characters.
const LONGEST_DESCRIPTION: usize = 1_000;
const LONGEST_AUTHOR: usize = 300;
const MOST_AUTHORS: usize = 10;

const DESCRIPTION: [&str; 5] = ["description", "og:description", "twitter:description", "dc.description", "dcterms.description"];

const PUBLISHED: [&str; 18] = [
    "article:published_time",
    "article.published",
    "og:published_time",
    "datepublished",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.issued",
    "dc.date.created",
    "pubdate",
    "pub_date",
    "publish-date",
    "publish_date",
    "parsely-pub-date",
    "citation_publication_date",
    "sailthru.date",
    "dcterms.date",
    "dc.date",
    "date",
];

const MODIFIED: [&str; 10] = [
    "article:modified_time",
    "article.updated",
    "og:updated_time",
    "og:modified_time",
    "datemodified",
    "dcterms.modified",
    "dc.date.modified",
    "last-modified",
    "lastmod",
    "revised",
];
