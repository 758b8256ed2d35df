//! What came from beside a page, read by the way it was asked: the page in its place, or where to ask next.

use std::borrow::Cow;
use std::sync::Arc;

use url::Url;

use crate::extract::kind::{Kind, kind};
use crate::extract::shipped::Part;
use crate::extract::shipped::beside::Ask;
use crate::extract::shipped::index::Index;
use crate::extract::shipped::interfaces::Interfaces;
use crate::extract::shipped::pagefind::{Fragment, Fragments};
use crate::extract::shipped::payload::Payload;
use crate::extract::shipped::prose::Found;
use crate::extract::shipped::routes::Routes;
use crate::extract::shipped::{literal, prose, tree};
use crate::extract::tags::decoded;
use crate::extract::{charset, found_links, links};
use crate::model::{Filled, Meter, Page, Validators};

/// How an answer is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Means {
    /// The description of an interface that the page shows.
    Interface,
    /// A script that says where that is, or has it.
    Initializer,
    /// Settings that say where it is.
    Settings,
    /// The data of the page, of another framework.
    Payload(Payload),
    /// The data of a page of Gatsby.
    PageData,
    /// The text of all pages, for a search.
    Index(&'static str),
    /// What names the indexes of Pagefind, the next of these, and a file of one page, with how many are looked at behind it.
    PagefindEntry,
    PagefindIndex(Arc<Fragments>),
    PagefindFragment {
        fragments: Arc<Fragments>,
        place: usize,
        left: usize,
    },
    /// The names of all pages, of Sphinx.
    SphinxIndex,
    /// The source of a page of Sphinx.
    SphinxSource,
    /// The page in markdown.
    Markdown(&'static str),
    /// What the stories of a Storybook are called.
    Storybook,
    /// The file that a link to edit the page leads to.
    Source,
    /// A file that names routes.
    Routes(Arc<Routes>),
    /// The file of a route.
    Route(Arc<Routes>),
}

/// What an answer comes to.
#[derive(Debug, Default)]
pub struct Taken {
    /// The page, with the text that is its own: under its address, with the validators of what it was taken from.
    pub page: Option<Page>,
    /// Where to ask next, before all else.
    pub asks: Vec<Ask>,
    /// Pages that were met there.
    pub links: Vec<Url>,
    /// The texts of all pages, or of some, for those that ask the same later.
    pub index: Option<Index>,
    /// Texts that there are and that nobody will ask for, as they are too many.
    pub beyond: u64,
}

impl Ask {
    /// What the data is called.
    pub fn name(&self) -> &'static str {
        match &self.means {
            Means::Interface | Means::Initializer | Means::Settings => "OpenAPI",
            Means::Payload(payload) => payload.name(),
            Means::PageData => "page-data.json",
            Means::Index(name) | Means::Markdown(name) => name,
            Means::SphinxIndex | Means::SphinxSource => "Sphinx source",
            Means::Storybook => "Storybook index",
            Means::PagefindEntry | Means::PagefindIndex(_) | Means::PagefindFragment { .. } => PAGEFIND,
            Means::Source => "source of the page",
            // Of which there may be none for a folder, whatever else there is.
            Means::Routes(_) => "a list of routes",
            Means::Route(routes) => routes.name(),
        }
    }

    /// Whether its answer has the texts of all pages, and is kept for them.
    pub fn is_of_all(&self) -> bool {
        matches!(self.means, Means::Index(_) | Means::PagefindEntry | Means::PagefindIndex(_) | Means::PagefindFragment { .. })
    }

    /// The address of the index that its answer is a part of.
    pub fn index(&self) -> &Url {
        match &self.means {
            Means::PagefindIndex(fragments) | Means::PagefindFragment { fragments, .. } => fragments.entry().unwrap_or(&self.url),
            _ => &self.url,
        }
    }

    /// What is asked when it is known where the texts are: the next index, and then the fragments from this one on.
    fn of_fragments(fragments: Arc<Fragments>, place: usize, left: usize) -> Option<Self> {
        if let Some(url) = fragments.index() {
            return Some(Self { url, means: Means::PagefindIndex(fragments) });
        }
        let place = place.checked_rem(fragments.len())?;
        (left > 0).then_some(())?;
        Some(Self { url: fragments.url(place)?, means: Means::PagefindFragment { fragments, place, left: left - 1 } })
    }

    /// Whether its answer is the whole text, whatever page asks.
    pub fn is_whole(&self) -> bool {
        matches!(self.means, Means::Interface | Means::Storybook)
    }

    /// Whether its answer is the text of one page of a site, which its menus lead on from.
    pub fn is_of_one(&self) -> bool {
        matches!(self.means, Means::Payload(_) | Means::PageData | Means::Markdown(_) | Means::Source | Means::SphinxSource)
    }

    /// Whether its answer is the page, in the form that its site keeps it in.
    pub fn is_the_page(&self) -> bool {
        matches!(self.means, Means::Route(_))
    }

    /// Whether its answer only names pages: those that it names are the same, whatever page asks.
    pub fn is_list(&self) -> bool {
        matches!(self.means, Means::Routes(_))
    }

    /// The same at another address.
    pub fn moved(self, to: Url) -> Self {
        Self { url: to, ..self }
    }
}

/// Reads an answer in the place of the page, which is a shell.
pub fn taken(page: &Page, ask: &Ask, answer: &Page, meter: &Meter) -> Taken {
    let mut taken = read(page, ask, answer, meter);
    if let Some(page) = &taken.page {
        taken.links.extend(led_to(page, ask, meter));
    }
    taken
}

/// Where the text leads that was found for a page: it has links that the shell has not.
fn led_to(page: &Page, ask: &Ask, meter: &Meter) -> Vec<Url> {
    let links = || found_links(page, links::Wanted::Targets, meter).links;
    match &ask.means {
        // What these name are routes, which only the whole site tells.
        Means::Route(_) | Means::Markdown("docsify" | "Docute") => Vec::new(),
        // Where each page has a twin, twins may lead to each other.
        Means::Markdown(_) => links().into_iter().map(without_ending).collect(),
        // Files of a folder that is no site lead to each other, and generators have other addresses for these.
        Means::Source | Means::SphinxSource => links().into_iter().filter(|link| !is_source(link)).collect(),
        _ => links(),
    }
}

fn without_ending(mut link: Url) -> Url {
    if let Some(path) = link.path().strip_suffix(".md").map(str::to_owned) {
        link.set_path(&path);
    }
    link
}

fn is_source(link: &Url) -> bool {
    SOURCES.iter().any(|ending| link.path().ends_with(ending))
}

fn read(page: &Page, ask: &Ask, answer: &Page, meter: &Meter) -> Taken {
    match &ask.means {
        Means::Interface => interface(page, ask, answer).into(),
        Means::Initializer => shown(page, ask, answer, Interfaces::of_script(&text(answer), meter)),
        Means::Settings => shown(page, ask, answer, Interfaces::of_settings(&text(answer), meter)),
        Means::PageData => {
            let data = literal::value(&text(answer), meter);
            let found = data.field("result").map(|result| prose::of(result, &page.url, meter)).unwrap_or_default();
            of_data(page, ask, answer, &found).into()
        }
        Means::Payload(payload) => {
            let data = payload.read(&text(answer), meter);
            of_data(page, ask, answer, &prose::of(&data, &page.url, meter)).into()
        }
        Means::Index(_) => {
            let index = Index::of(&text(answer), &answer.url, meter);
            Taken {
                page: looked_up(page, ask, answer.validators.clone(), &index),
                links: index.pages(),
                beyond: index.beyond(),
                index: Some(index),
                ..Taken::default()
            }
        }
        Means::PagefindEntry => known_to_be(page, Fragments::of(&text(answer), &answer.url, meter)),
        Means::PagefindIndex(fragments) => known_to_be(page, Fragments::clone(fragments).with(&answer.body)),
        Means::PagefindFragment { fragments, place, left } => {
            let fragment = Fragment::of(&answer.body, fragments, meter);
            let links: Vec<Url> = fragment.iter().map(|fragment| fragment.url.clone()).collect();
            let read = fragment.map(|fragment| (fragment, answer.url.clone(), answer.validators.clone()));
            let index = Index::of_fragment(fragments.clone(), *place, read);
            let asks = Ask::of_fragments(fragments.clone(), place + 1, *left).into_iter().collect();
            Taken { page: looked_up(page, ask, Validators::default(), &index), asks, links, index: Some(index), beyond: 0 }
        }
        Means::SphinxIndex => {
            sphinx_source(page, answer, meter).map(|ask| Taken { asks: vec![ask], ..Taken::default() }).unwrap_or_default()
        }
        Means::SphinxSource | Means::Markdown(_) | Means::Source | Means::Route(_) => {
            let page = written(page, ask, answer);
            let links = match (&page, &ask.means) {
                (Some(_), Means::Route(routes)) => routes.led_to(answer, meter),
                _ => Vec::new(),
            };
            Taken { page, links, ..Taken::default() }
        }
        Means::Routes(routes) if is_written(answer) => Taken { links: routes.led_to(answer, meter), ..Taken::default() },
        Means::Routes(_) => Taken::default(),
        Means::Storybook => storybook(page, ask, answer, meter).into(),
    }
}

/// What was found in the data of a page.
fn of_data(page: &Page, ask: &Ask, answer: &Page, found: &Found) -> Option<Page> {
    if found.parts.iter().any(|part| matches!(part, Part::Markdown(_))) {
        let parts: Vec<_> = found.parts.iter().map(in_markdown).collect();
        return Some(in_place_of(page, ask, answer, "text/markdown; charset=utf-8", parts.join("\n\n").into_bytes()));
    }
    let html: String = found.parts.iter().map(Part::source).collect();
    tree::says_something(&html).then(|| html_in_place_of(page, ask, answer, found.title.as_deref(), &html))
}

/// What a script or a file of settings tells the page to show: a description that it has, else the first of those that it names. The others
/// are pages of their own.
fn shown(page: &Page, ask: &Ask, answer: &Page, told: Interfaces) -> Taken {
    if let Some(description) = told.inline {
        return in_place_of(page, ask, answer, "application/json; charset=utf-8", description.into_bytes()).into();
    }
    let mut links = told.links.iter().filter_map(|link| page.url.join(link).ok());
    let first = links.next().map(|url| Ask { url, means: Means::Interface });
    let settings = || told.settings.iter().find_map(|link| page.url.join(link).ok()).map(|url| Ask { url, means: Means::Settings });
    Taken { links: links.collect(), asks: first.or_else(settings).into_iter().collect(), ..Taken::default() }
}

/// The page as an index has it that was read before.
pub fn looked_up(page: &Page, ask: &Ask, validators: Validators, index: &Index) -> Option<Page> {
    let (title, html) = index.page(&page.url)?;
    let (url, validators) = index.source(&page.url).cloned().unwrap_or_else(|| (ask.url.clone(), validators));
    let known = Page { validators, url, ..page.clone() };
    Some(html_in_place_of(page, ask, &known, title.as_deref(), &html))
}

/// What is asked next of an index that does not have the page yet: what was read of it for others is passed over.
pub fn asked_next(page: &Page, ask: &Ask, index: &Index) -> Option<Ask> {
    let fragments = index.fragments()?;
    let (place, left) = match &ask.means {
        Means::PagefindFragment { place, left, .. } => (*place, left + 1),
        _ => (fragments.start_for(&page.url), fragments.len()),
    };
    let unread = (0..left).find(|step| !index.has_read((place + step) % fragments.len().max(1)));
    match fragments.index() {
        Some(_) => Ask::of_fragments(fragments.clone(), 0, 0),
        None => unread.and_then(|step| Ask::of_fragments(fragments.clone(), place + step, left - step)),
    }
}

/// What an answer that did not come leaves to be asked: one page's file in an index of many is no more than that page.
pub fn missing(ask: &Ask) -> Taken {
    match &ask.means {
        Means::PagefindFragment { fragments, place, left } => Taken {
            asks: Ask::of_fragments(fragments.clone(), place + 1, *left).into_iter().collect(),
            index: Some(Index::of_fragment(fragments.clone(), *place, None)),
            ..Taken::default()
        },
        _ => Taken::default(),
    }
}

/// What is known of where the files of Pagefind are.
fn known_to_be(page: &Page, fragments: Option<Fragments>) -> Taken {
    let Some(fragments) = fragments.map(Arc::new) else { return Taken::default() };
    let asks = Ask::of_fragments(fragments.clone(), fragments.start_for(&page.url), fragments.len()).into_iter().collect();
    let beyond = if fragments.index().is_none() { fragments.beyond() } else { 0 };
    Taken { asks, index: Some(Index::of_fragments(fragments)), beyond, ..Taken::default() }
}

/// How a page that was taken from this address before is taken from there again: by what it was said to be from.
pub fn asked_again(page: &Url, at: &Url, filled: &Filled) -> Option<Ask> {
    let Filled::Shipped(name) = filled else { return None };
    let means = match &**name {
        // A script may have it.
        "OpenAPI" if at.path().ends_with(".js") => Means::Initializer,
        "OpenAPI" => Means::Interface,
        name if let Some(payload) = Payload::ALL.into_iter().find(|payload| payload.name() == name) => Means::Payload(payload),
        "page-data.json" => Means::PageData,
        "MkDocs" => Means::Index("MkDocs"),
        "Docusaurus" => Means::Index("Docusaurus"),
        "Sphinx source" => Means::SphinxSource,
        "Storybook index" => Means::Storybook,
        PAGEFIND => Means::PagefindFragment { fragments: Arc::new(Fragments::of_one(at)?), place: 0, left: 0 },
        "source of the page" => Means::Source,
        "GitBook" => Means::Markdown("GitBook"),
        "Mintlify" => Means::Markdown("Mintlify"),
        "ReadMe" => Means::Markdown("ReadMe"),
        "Fern" => Means::Markdown("Fern"),
        "docsify" => Means::Markdown("docsify"),
        "Docute" => Means::Markdown("Docute"),
        _ => return None,
    };
    (at != page).then(|| Ask { url: at.clone(), means })
}

impl From<Option<Page>> for Taken {
    fn from(page: Option<Page>) -> Self {
        Self { page, ..Self::default() }
    }
}

impl From<Page> for Taken {
    fn from(page: Page) -> Self {
        Some(page).into()
    }
}

fn text(answer: &Page) -> Cow<'_, str> {
    charset::decode(answer.content_type.as_deref(), &answer.body).0
}

/// An answer under the address of the page.
fn in_place_of(page: &Page, ask: &Ask, answer: &Page, content_type: &str, body: Vec<u8>) -> Page {
    Page {
        url: page.url.clone(),
        status: page.status,
        content_type: Some(content_type.to_owned()),
        body,
        depth: page.depth,
        validators: Validators { twin: Some(answer.url.clone()), ..answer.validators.clone() },
        fetched_at: answer.fetched_at,
        filled: Filled::Shipped(Cow::Borrowed(ask.name())),
    }
}

fn html_in_place_of(page: &Page, ask: &Ask, answer: &Page, title: Option<&str>, html: &str) -> Page {
    let title = title.map(tree::escaped).unwrap_or_default();
    let heading = if html.contains("<h1") || title.is_empty() { String::new() } else { format!("<h1>{title}</h1>") };
    let body = format!("<!doctype html><meta charset=utf-8><title>{title}</title><body><main>{heading}{html}</main>");
    in_place_of(page, ask, answer, "text/html; charset=utf-8", body.into_bytes())
}

/// As markdown may have any HTML, but for titles, which are those of its own.
fn in_markdown(part: &Part) -> Cow<'_, str> {
    match part.source().strip_prefix("<h1>").and_then(|title| title.strip_suffix("</h1>")) {
        Some(title) if matches!(part, Part::Html(_)) => format!("# {}", decoded(title)).into(),
        _ => part.source().into(),
    }
}

/// What servers answer that have an application for every address is HTML, whatever was asked for.
fn is_document(answer: &Page) -> bool {
    let start = answer.body.trim_ascii_start();
    let start = start.get(..HEAD).unwrap_or(start).to_ascii_lowercase();
    [&b"<!doctype"[..], b"<html", b"<head"].iter().any(|tag| start.starts_with(tag))
}

fn is_written(answer: &Page) -> bool {
    let kind = kind(answer.content_type.as_deref(), &answer.url, &answer.body);
    !is_document(answer)
        && matches!(kind, Kind::Markdown | Kind::Text | Kind::Restructured | Kind::AsciiDoc)
        && !answer.body.trim_ascii().is_empty()
}

/// A file of a format that people write.
fn written(page: &Page, ask: &Ask, answer: &Page) -> Option<Page> {
    if !is_written(answer) {
        return None;
    }
    let content_type = match kind(answer.content_type.as_deref(), &answer.url, &answer.body) {
        Kind::Restructured => "text/x-rst",
        Kind::AsciiDoc => "text/asciidoc",
        _ => "text/markdown",
    };
    let charset = answer.content_type.as_deref().and_then(|kind| kind.split_once("charset=")).map(|(_, charset)| charset);
    let content_type = charset.map_or_else(|| content_type.to_owned(), |charset| format!("{content_type}; charset={charset}"));
    Some(in_place_of(page, ask, answer, &content_type, answer.body.clone()))
}

fn interface(page: &Page, ask: &Ask, answer: &Page) -> Option<Page> {
    let kind = kind(answer.content_type.as_deref(), &answer.url, &answer.body);
    let content_type = match kind {
        Kind::Json => "application/json",
        Kind::Yaml => "application/yaml",
        // Some servers know no type for either.
        Kind::Text | Kind::Other(_) if answer.body.trim_ascii_start().starts_with(b"{") => "application/json",
        Kind::Text | Kind::Other(_) => "application/yaml",
        _ => return None,
    };
    let source = text(answer);
    let is_interface = ["openapi", "swagger", "asyncapi"].iter().any(|word| source[..source.floor_char_boundary(LOOKED_AT)].contains(word));
    is_interface.then(|| in_place_of(page, ask, answer, content_type, answer.body.clone()))
}

/// `_sources/x.rst.txt` of the page `x.html`, as the index names its file.
fn sphinx_source(page: &Page, answer: &Page, meter: &Meter) -> Option<Ask> {
    let source = text(answer);
    let index = literal::value(&format!("f({}", source.split_once("setIndex(")?.1), meter);
    let index = index.children().next().map(|(_, index)| index)?;
    let top = answer.url.join("./").ok()?;
    let path = page.url.path().strip_prefix(top.path())?;
    let path = path.trim_end_matches('/');
    // As `html` and as `dirhtml` make them.
    let wanted =
        [path.strip_suffix(".html").unwrap_or(path).to_owned(), if path.is_empty() { "index".to_owned() } else { format!("{path}/index") }];
    let place = index
        .field("docnames")?
        .items()
        .iter()
        .position(|name| name.text().is_some_and(|name| wanted.iter().any(|wanted| wanted == name)))?;
    let file = index.field("filenames")?.items().get(place)?.text()?;
    let url = top.join(&format!("_sources/{file}.txt")).ok().filter(|url| url.origin() == top.origin())?;
    Some(Ask { url, means: Means::SphinxSource })
}

/// What a Storybook shows, by name: its texts are in scripts.
fn storybook(page: &Page, ask: &Ask, answer: &Page, meter: &Meter) -> Option<Page> {
    let index = literal::value(&text(answer), meter);
    let entries = ["entries", "stories"].iter().find_map(|name| index.field(name))?.fields();
    let mut groups: Vec<(&str, String)> = Vec::new();
    for (_, entry) in entries.iter().take(MOST_STORIES) {
        let (Some(title), Some(name)) = (entry.text_of("title").or_else(|| entry.text_of("kind")), entry.text_of("name")) else { continue };
        let item = format!("<li>{}</li>", tree::escaped(name));
        match groups.last_mut().filter(|(last, _)| *last == title) {
            Some((_, items)) => items.push_str(&item),
            None => groups.push((title, item)),
        }
    }
    let html: String = groups.iter().map(|(title, items)| format!("<h2>{}</h2><ul>{items}</ul>", tree::escaped(title))).collect();
    tree::says_something(&html).then(|| html_in_place_of(page, ask, answer, Some("Components and stories"), &html))
}

const PAGEFIND: &str = "Pagefind";
const SOURCES: [&str; 6] = [".md", ".mdx", ".markdown", ".rst", ".adoc", ".txt"];

/// In bytes.
const HEAD: usize = 16;
const LOOKED_AT: usize = 64 * 1024;
const MOST_STORIES: usize = 20_000;
