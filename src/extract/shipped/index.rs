//! The index of a search in the page, as MkDocs, Docusaurus and sites with lunr ship it: a list of records, each with an address and a
//! text. They are told by their fields, and those of one page are put together in their order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use url::Url;

use crate::extract::shipped::data::Data;
use crate::extract::shipped::pagefind::{Fragment, Fragments};
use crate::extract::shipped::{literal, prose, tree};
use crate::model::{Meter, Validators};

/// The texts of a site's pages.
#[derive(Debug, Default)]
pub struct Index {
    pages: Vec<Entry>,
    /// By the path of the address.
    places: HashMap<String, usize>,
    /// Where the texts are, if each has a file of its own, and which of these were read.
    fragments: Option<Arc<Fragments>>,
    read: HashSet<usize>,
    /// Records of pages that are more than are kept.
    beyond: u64,
}

#[derive(Debug)]
struct Entry {
    url: Url,
    title: Option<String>,
    html: String,
    /// Headings that records of their own tell, whose texts are still to come.
    headings: VecDeque<String>,
    /// That of the texts that came last, and its place.
    section: String,
    /// The file that it is from, if that is not the index.
    source: Option<(Url, Validators)>,
}

impl Index {
    /// `at`: the address of the file.
    pub(super) fn of(source: &str, at: &Url, meter: &Meter) -> Self {
        // What is in front of some is an assignment.
        let source = source.split_once(['{', '[']).map_or("", |(before, _)| &source[before.len()..]);
        let data = literal::value(source, meter);
        let mut index = Self::default();
        // The top of the site is above the folder of the search.
        let top =
            at.join("./").ok().and_then(|folder| if folder.path().ends_with("/search/") { folder.join("../").ok() } else { Some(folder) });
        index.look(&data, top.as_ref().unwrap_or(at), meter, 0);
        index
    }

    /// One of which it is known where the texts are, and nothing was read.
    pub(super) fn of_fragments(fragments: Arc<Fragments>) -> Self {
        Self { fragments: Some(fragments), ..Self::default() }
    }

    /// What the file at this place came to.
    pub(super) fn of_fragment(fragments: Arc<Fragments>, place: usize, read: Option<(Fragment, Url, Validators)>) -> Self {
        let mut index = Self { fragments: Some(fragments), read: HashSet::from([place]), ..Self::default() };
        if let Some((Fragment { url, title, html }, at, validators)) = read {
            index.places.insert(path_of(&url), 0);
            index.pages.push(Entry { title, html, source: Some((at, validators)), ..Entry::of(url) });
        }
        index
    }

    /// Takes in what was read of the same index elsewhere.
    pub fn join(&mut self, other: Self) {
        for entry in other.pages {
            if self.pages.len() >= MOST {
                break;
            }
            let next = self.pages.len();
            if *self.places.entry(path_of(&entry.url)).or_insert(next) == next {
                self.pages.push(entry);
            }
        }
        self.read.extend(other.read);
        // That of which more is known.
        let unread = |of: &Option<Arc<Fragments>>| of.as_ref().map_or(usize::MAX, |of| of.unread());
        if unread(&other.fragments) < unread(&self.fragments) {
            self.fragments = other.fragments;
        }
    }

    pub(super) fn beyond(&self) -> u64 {
        self.beyond
    }

    pub(super) fn fragments(&self) -> Option<&Arc<Fragments>> {
        self.fragments.as_ref()
    }

    pub(super) fn has_read(&self, place: usize) -> bool {
        self.read.contains(&place)
    }

    /// The file that a page is from, if that is not the index.
    pub(super) fn source(&self, url: &Url) -> Option<&(Url, Validators)> {
        self.pages[*self.places.get(&path_of(url))?].source.as_ref()
    }

    /// The title and the HTML of a page.
    pub(super) fn page(&self, url: &Url) -> Option<(Option<String>, String)> {
        let entry = &self.pages[*self.places.get(&path_of(url))?];
        let headings = entry.headings.iter().map(|heading| heading_of(heading));
        let html: String = std::iter::once(entry.html.clone()).chain(headings).collect();
        tree::says_something(&html).then(|| (entry.title.clone(), html))
    }

    /// All addresses that it has.
    pub(super) fn pages(&self) -> Vec<Url> {
        self.pages.iter().map(|entry| entry.url.clone()).collect()
    }

    fn look(&mut self, data: &Data, top: &Url, meter: &Meter, depth: usize) {
        if depth > DEEPEST || !meter.goes_on() {
            return;
        }
        let address = ADDRESSES.iter().find_map(|name| data.text_of(name));
        let text = TEXTS.iter().find_map(|name| data.text_of(name));
        match (address, text) {
            (Some(address), Some(text)) => self.add(address, text, data, top),
            _ => data.children().for_each(|(_, below)| self.look(below, top, meter, depth + 1)),
        }
    }

    fn add(&mut self, address: &str, text: &str, record: &Data, top: &Url) {
        let Ok(url) = top.join(address) else { return };
        if url.origin() != top.origin() {
            return;
        }
        let has = |name: &str| record.text_of(name).is_some_and(|text| !text.is_empty());
        let is_section = url.fragment().is_some_and(|fragment| !fragment.is_empty()) || has("s") || has("h");
        let title =
            ["title", "s", "h", "t"].iter().find_map(|name| record.text_of(name)).filter(|title| !title.is_empty() && *title != text);
        let url_fragment = url.fragment().map(str::to_owned);
        let mut page = url;
        page.set_fragment(None);
        let path = path_of(&page);
        let place = match self.places.get(&path) {
            Some(place) => *place,
            None if self.pages.len() >= MOST => {
                self.beyond += 1;
                return;
            }
            None => {
                self.places.insert(path, self.pages.len());
                self.pages.push(Entry::of(page));
                self.pages.len() - 1
            }
        };
        let entry = &mut self.pages[place];
        // Docusaurus has records of titles and headings, in front of all texts; those of texts name their heading.
        if record.text_of("t") == Some(text) && record.field("s").is_none() {
            if is_section {
                entry.headings.push_back(text.to_owned());
            } else if entry.title.is_none() {
                entry.title = Some(text.to_owned());
            }
            return;
        }
        let place = url_fragment.as_deref().or_else(|| record.text_of("h")).unwrap_or_default();
        match title {
            Some(title) if is_section && entry.title.as_deref() != Some(title) => entry.begin(title, place),
            Some(title) if entry.title.is_none() => entry.title = Some(title.to_owned()),
            _ => {}
        }
        // Material for MkDocs keeps the HTML.
        match text.contains("</") {
            true => entry.html.push_str(text),
            false => entry.html.push_str(&prose::paragraphs(text)),
        }
    }
}

impl Entry {
    /// Of which nothing is known.
    fn of(url: Url) -> Self {
        Self { url, title: None, html: String::new(), headings: VecDeque::new(), section: String::new(), source: None }
    }

    /// A section, behind the headings before it that have no text. `place`: what tells it apart from others of its name.
    fn begin(&mut self, section: &str, place: &str) {
        let known = format!("{place} {section}");
        if known == self.section {
            return;
        }
        self.section = known;
        if self.headings.iter().take(MOST_EMPTY).any(|heading| heading == section) {
            while let Some(heading) = self.headings.pop_front().filter(|heading| heading != section) {
                self.html.push_str(&heading_of(&heading));
            }
        }
        self.html.push_str(&heading_of(section));
    }
}

fn heading_of(text: &str) -> String {
    format!("<h2>{}</h2>", tree::escaped(text))
}

fn path_of(url: &Url) -> String {
    let path = url.path();
    let path = path.strip_suffix("index.html").or_else(|| path.strip_suffix(".html")).unwrap_or(path);
    path.trim_end_matches('/').to_owned()
}

const ADDRESSES: [&str; 9] = ["location", "url", "u", "href", "path", "permalink", "uri", "relUrl", "link"];
const TEXTS: [&str; 6] = ["text", "content", "body", "t", "contents", "description"];

const DEEPEST: usize = 12;
const MOST: usize = 50_000;
/// Headings without a text before one that has one.
const MOST_EMPTY: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    #[test]
    fn records_of_one_page_are_its_text() {
        let meter = Budget::default().begin();
        let read = |source: &str, at: &str, page: &str| Index::of(source, &at.parse().unwrap(), &meter).page(&page.parse().unwrap());
        let mkdocs = r#"{"config":{"lang":["en"]},"docs":[{"location":"","title":"Home","text":"Welcome to the kettles of this house."},
            {"location":"guide/","title":"Guide","text":"<p>How to boil water in a kettle.</p>"},{"location":"guide/#safety","title":"Safety","text":"<p>Mind the steam.</p>"}]}"#;
        let (title, html) = read(mkdocs, "https://a.test/d/search/search_index.json", "https://a.test/d/guide/").unwrap();
        assert_eq!(
            (title.as_deref(), html.as_str()),
            (Some("Guide"), "<p>How to boil water in a kettle.</p><h2>Safety</h2><p>Mind the steam.</p>")
        );
        let docusaurus = r##"[{"documents":[{"i":1,"t":"Kettles","u":"/d/kettles","b":["Docs"]}],"index":{}},{"documents":[{"i":3,"t":"A kettle boils water in two minutes.","s":"Boiling","u":"/d/kettles","h":"#boiling","p":1}],"index":{}}]"##;
        let (title, html) = read(docusaurus, "https://a.test/d/search-index.json", "https://a.test/d/kettles/").unwrap();
        assert_eq!((title.as_deref(), html.as_str()), (Some("Kettles"), "<h2>Boiling</h2><p>A kettle boils water in two minutes.</p>"));
        // The headings come before all texts, and not all have one.
        let whole = r##"[{"documents":[{"i":1,"t":"Kettles","u":"/d/kettles","b":[]}]},
            {"documents":[{"i":2,"t":"All of it","u":"/d/kettles","h":"#all","p":1},{"i":3,"t":"Boiling","u":"/d/kettles","h":"#boiling","p":1},{"i":6,"t":"End","u":"/d/kettles","h":"#end","p":1}]},
            {"documents":[{"i":7,"t":"Before all.","s":"Kettles","u":"/d/kettles","p":1},{"i":4,"t":"A kettle boils water.","s":"Boiling","u":"/d/kettles","h":"#boiling","p":1},{"i":5,"t":"It whistles.","s":"Boiling","u":"/d/kettles","h":"#boiling","p":1}]}]"##;
        let (title, html) = read(whole, "https://a.test/d/search-index.json", "https://a.test/d/kettles").unwrap();
        assert_eq!(title.as_deref(), Some("Kettles"));
        assert_eq!(html, "<p>Before all.</p><h2>All of it</h2><h2>Boiling</h2><p>A kettle boils water.</p><p>It whistles.</p><h2>End</h2>");
        let twice = r#"{"docs":[{"location":"g/#a","title":"Note","text":"<p>A kettle boils water.</p>"},{"location":"g/#b","title":"Note","text":"<p>A pot does, too.</p>"}]}"#;
        let (_, html) = read(twice, "https://a.test/search/search_index.json", "https://a.test/g/").unwrap();
        assert_eq!(html.matches("<h2>Note</h2>").count(), 2, "two sections of one name: {html}");
        let lunr = r#"{"0":{"doc":"Kettles","title":"Boiling","content":"A kettle boils water in two minutes.","url":"/kettles.html","relUrl":"/kettles.html"}}"#;
        assert!(read(lunr, "https://a.test/assets/js/search-data.json", "https://a.test/kettles").is_some());
        assert!(read(mkdocs, "https://a.test/d/search/search_index.json", "https://a.test/d/other/").is_none());
        assert!(read("<!doctype html>", "https://a.test/search_index.json", "https://a.test/").is_none());
    }

    #[test]
    fn pages_beyond_the_limit_are_counted_and_those_within_are_read_to_their_end() {
        let record = |page: usize, part: &str| {
            format!("{{\"location\":\"{page}/{part}\",\"title\":\"\",\"text\":\"A kettle boils water in two minutes {part}\"}},")
        };
        let records: String = (0..MOST + 2).map(|page| record(page, "")).chain([record(MOST - 1, "#end")]).collect();
        let meter = Budget::default().begin();
        let index = Index::of(&format!("[{records}]"), &"https://a.test/search_index.json".parse().unwrap(), &meter);
        assert_eq!((index.pages().len(), index.beyond()), (MOST, 2));
        let (_, html) = index.page(&format!("https://a.test/{}/", MOST - 1).parse().unwrap()).unwrap();
        assert!(html.ends_with("in two minutes #end</p>"), "{html}");
    }
}
