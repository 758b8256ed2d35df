//! Where the text of a shell may be beside the page, by the generator that made it: which address to ask, and how to read what comes. Pure:
//! whoever has the network asks, and brings the answers.

use std::sync::Arc;

use url::Url;

use crate::extract::kind::Kind;
use crate::extract::shipped::answer::Means;
use crate::extract::shipped::interfaces::Interfaces;
use crate::extract::shipped::literal;
use crate::extract::shipped::payload::Payload;
use crate::extract::shipped::routes::Routes;
use crate::extract::shipped::sources::{Script, Sources};
use crate::extract::syntax::Syntax;
use crate::extract::tags::Tags;
use crate::extract::{base, charset, formats};
use crate::model::{Meter, Page};

/// An address at which the text of a page may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub url: Url,
    pub(super) means: Means,
}

/// What may be asked for in the place of a shell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beside {
    /// The likeliest first: the first that gives a page is the page.
    pub asks: Vec<Ask>,
    /// The site's pages are at routes behind `#`, each of which is a file of markdown.
    pub routes: Option<Arc<Routes>>,
    /// Documents that the page shows as well: pages of their own.
    pub links: Vec<Url>,
}

/// Where the text of this shell may be.
pub fn beside(page: &Page, meter: &Meter) -> Beside {
    let (html, encoding) = charset::decode(page.content_type.as_deref(), &page.body);
    let syntax = Syntax::of(page.content_type.as_deref(), &html);
    let signs = Signs::of(&html, syntax, meter);
    let sources = Sources::of(&html, syntax, meter);
    let base = base::Base::of(&page.url, encoding).with(signs.base.as_deref());
    let at = |link: &str| base.join(link.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let ask = |link: &str, means: Means| Some(Ask { url: without_fragment(at(link)?), means });
    let mut beside = Beside::default();

    if let Some(routes) = Routes::of(&page.url, &sources, meter).map(Arc::new) {
        beside.asks.extend(routes.asks());
        beside.routes = Some(routes);
        return beside;
    }
    let generator = signs.generator.to_ascii_lowercase();
    let has = |text: &str| html.contains(text);
    let Interfaces { links, settings, .. } = Interfaces::of_page(&sources, &signs.interfaces, meter);
    let mut links = links.into_iter();
    beside.asks.extend(links.next().and_then(|link| ask(&link, Means::Interface)));
    beside.links.extend(links.filter_map(|link| at(&link)));
    beside.asks.extend(settings.first().and_then(|link| ask(link, Means::Settings)));
    if beside.asks.is_empty() && SHOWING.iter().any(|sign| has(sign)) {
        // Where it stands in a script beside the page, which is none of the program itself.
        let scripts = sources.scripts.iter().filter_map(|script| script.source.as_deref());
        let own = scripts.filter(|source| !OF_THE_PROGRAM.iter().any(|part| source.contains(part))).filter_map(&at);
        let own = own.filter(|url| url.origin() == page.url.origin()).take(MOST_SCRIPTS);
        beside.asks.extend(own.map(|url| Ask { url: without_fragment(url), means: Means::Initializer }));
    }
    let payloads = Payload::ALL.into_iter().filter_map(|payload| Some((payload.beside(&page.url, &sources, meter)?, payload)));
    beside.asks.extend(payloads.map(|(url, payload)| Ask { url: without_fragment(url), means: Means::Payload(payload) }));
    if has("___gatsby") {
        let above = folder_of(&sources, &["app-", "webpack-runtime-"]).unwrap_or_default();
        let top = at(&above).unwrap_or_else(|| page.url.clone());
        beside.asks.extend(gatsby(&page.url, &top));
    }
    if generator.starts_with("mkdocs") || has("search/worker") || has("\"search\": \"") && has("__config") {
        let top = mkdocs_base(&sources, meter).unwrap_or_else(|| ".".to_owned());
        let top = format!("{}/", top.trim_end_matches('/'));
        beside.asks.extend(ask(&format!("{top}search/search_index.json"), Means::Index("MkDocs")));
    }
    if generator.starts_with("docusaurus") || has("__docusaurus") {
        let top =
            folder_of(&sources, &["main.", "runtime~main."]).map_or_else(|| "/".to_owned(), |folder| folder.replace("assets/js/", ""));
        for name in ["search-index.json", "search-doc.json", "lunr-index.json"] {
            beside.asks.extend(ask(&format!("{top}{name}"), Means::Index("Docusaurus")));
        }
    }
    if let Some(root) = signs.sphinx_root.as_deref().or_else(|| has("DOCUMENTATION_OPTIONS").then_some("")) {
        beside.asks.extend(ask(&format!("{root}searchindex.js"), Means::SphinxIndex));
    }
    if let Some(name) =
        TWINS.iter().find(|(_, signs)| signs.iter().any(|sign| generator.contains(sign) || has(sign))).map(|(name, _)| *name)
    {
        beside.asks.extend(twin(&page.url).map(|url| Ask { url, means: Means::Markdown(name) }));
    }
    if let Some((before, _)) = html.split_once("pagefind/pagefind") {
        // As the page writes the address of one of its files.
        let written = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST))..];
        let folder = written.rsplit(['"', '\'', '`', '=', '(', ' ', '\n']).next().unwrap_or_default();
        beside.asks.extend(ask(&format!("{folder}pagefind/pagefind-entry.json"), Means::PagefindEntry));
    }
    if has("storybook-root") || has("sb-manager") || has("sb-preview") {
        let folder = page.url.join("./").unwrap_or_else(|_| page.url.clone());
        for name in ["index.json", "stories.json"] {
            beside.asks.extend(folder.join(name).map(|url| Ask { url, means: Means::Storybook }));
        }
    }
    // Of several none is the page.
    if let [file] = signs.files.as_slice() {
        beside.asks.extend(ask(file, Means::Source));
    }
    let edit = signs.links.iter().find_map(|link| raw_source(&at(link)?));
    beside.asks.extend(edit.map(|url| Ask { url, means: Means::Source }));
    let mut met = Vec::new();
    beside.asks.retain(|ask| {
        ask.url != page.url && !met.contains(&ask.url) && {
            met.push(ask.url.clone());
            true
        }
    });
    beside.asks.truncate(MOST_ASKS);
    beside
}

/// What tags say of the program that made a page.
#[derive(Default)]
struct Signs {
    generator: String,
    base: Option<String>,
    /// Where the page says that Sphinx has its files.
    sphinx_root: Option<String>,
    /// Of elements that show the description of an interface.
    interfaces: Vec<String>,
    /// Files of elements that show such a file.
    files: Vec<String>,
    links: Vec<String>,
}

impl Signs {
    fn of(html: &str, syntax: Syntax, meter: &Meter) -> Self {
        let mut signs = Self::default();
        let mut tags = Tags::of(html, syntax);
        while let Some(tag) = tags.next().filter(|tag| meter.goes_on_by(1 + tag.len() / 64)) {
            if tag.closes {
                continue;
            }
            let attribute = |name: &str| tag.attribute(name).map(std::borrow::Cow::into_owned);
            match tag.name() {
                "html" | "script" => {
                    let root = attribute("data-content_root").or_else(|| attribute("data-url_root"));
                    signs.sphinx_root = signs.sphinx_root.or(root).filter(|root| root.len() < LONGEST);
                    let is_reference = attribute("id").as_deref() == Some("api-reference");
                    signs.interfaces.extend(attribute("data-url").filter(|_| is_reference));
                    if tag.name() == "script" {
                        tags.skip_to_end_of(&tag);
                    }
                }
                "meta" if attribute("name").is_some_and(|name| name.eq_ignore_ascii_case("generator")) => {
                    signs.generator = attribute("content").unwrap_or_default();
                }
                "base" if signs.base.is_none() => signs.base = attribute("href"),
                "redoc" | "rapi-doc" | "openapi-expl" => signs.interfaces.extend(attribute("spec-url")),
                "elements-api" => signs.interfaces.extend(attribute("apidescriptionurl")),
                "a" if signs.links.len() < MOST_LINKS => signs.links.extend(attribute("href")),
                "style" => tags.skip_to_end_of(&tag),
                // One of the site's own, such as `<zero-md src="guide.md">`.
                name if signs.files.len() < 2 => {
                    let named = if name.contains('-') { attribute("src") } else { None };
                    signs.files.extend(named.or_else(|| attribute("data-markdown")).filter(|file| is_written(file)));
                }
                _ => {}
            }
        }
        signs
    }
}

/// The data of this page, and of the whole where that is one page.
fn gatsby(page: &Url, top: &Url) -> Option<Ask> {
    let path = page.path().strip_prefix(top.path().trim_end_matches('/')).unwrap_or(page.path());
    let path = path.trim_matches('/').trim_end_matches("index.html").trim_end_matches('/');
    let path = if path.is_empty() { "index" } else { path };
    let url = top.join(&format!("page-data/{path}/page-data.json")).ok()?;
    Some(Ask { url: without_fragment(url), means: Means::PageData })
}

/// The folder of a script by the beginning of its name, as the page writes it.
fn folder_of(sources: &Sources<'_>, names: &[&str]) -> Option<String> {
    let paths = sources.scripts.iter().filter_map(|script: &Script<'_>| script.source.as_deref());
    paths.filter(|path| !path.contains("://")).find_map(|path| {
        let (folder, name) = path.rsplit_once('/')?;
        names.iter().any(|start| name.starts_with(start)).then(|| format!("{folder}/"))
    })
}

/// Where MkDocs says that the top of the site is, relative to the page.
fn mkdocs_base(sources: &Sources<'_>, meter: &Meter) -> Option<String> {
    sources.scripts.iter().find_map(|script| {
        if script.id.as_deref() == Some("__config") {
            return script.data(meter).text_of("base").map(str::to_owned);
        }
        let at = script.text.find("base_url")?;
        let value = script.text[at + "base_url".len()..].trim_start().strip_prefix('=')?;
        literal::value(value, meter).text().map(str::to_owned)
    })
}

/// `/x.md` of `/x` and `/x/`; of the top `/index.md`.
fn twin(page: &Url) -> Option<Url> {
    let path = page.path().trim_end_matches('/');
    let path = path.strip_suffix(".html").unwrap_or(path);
    let mut twin = page.clone();
    twin.set_query(None);
    twin.set_path(&if path.is_empty() { "/index.md".to_owned() } else { format!("{path}.md") });
    Some(twin).filter(|_| !path.ends_with(".md"))
}

/// Where a page that is edited at this address is as it was written.
fn raw_source(edit: &Url) -> Option<Url> {
    let host = edit.host_str()?;
    let parts: Vec<&str> = edit.path_segments()?.collect();
    if !is_written(edit.path()) {
        return None;
    }
    let path = match (host, parts.as_slice()) {
        ("github.com", [owner, name, "edit" | "blob" | "tree", rest @ ..]) if rest.len() > 1 => {
            return Url::parse(&format!("https://raw.githubusercontent.com/{owner}/{name}/{}", rest.join("/"))).ok();
        }
        // GitLab and what is like it, wherever it is.
        (_, [above @ .., "-", "edit" | "blob", _, _]) if !above.is_empty() => {
            edit.path().replacen("/-/edit/", "/-/raw/", 1).replacen("/-/blob/", "/-/raw/", 1)
        }
        (_, parts) if parts.contains(&"_edit") => edit.path().replacen("/_edit/", "/raw/", 1),
        (_, parts) if parts.contains(&"-") => edit.path().replacen("/-/edit/", "/-/raw/", 1).replacen("/-/blob/", "/-/raw/", 1),
        ("bitbucket.org", parts) if parts.contains(&"src") => edit.path().replacen("/src/", "/raw/", 1),
        _ => return None,
    };
    let mut raw = edit.clone();
    raw.set_path(&path);
    raw.set_query(None);
    raw.set_fragment(None);
    (raw.path() != edit.path()).then_some(raw)
}

/// Whether a file is of a format that people write, by its name.
fn is_written(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    [".md", ".mdx", ".rst", ".adoc", ".markdown", ".txt"].iter().any(|ending| path.ends_with(ending))
}

pub(super) fn without_fragment(mut url: Url) -> Url {
    url.set_fragment(None);
    url
}

/// The targets of a file of markdown, as it writes them.
pub(super) fn targets(page: &Page, meter: &Meter) -> Vec<String> {
    let (text, _) = charset::decode(page.content_type.as_deref(), &page.body);
    formats::links(&Kind::Markdown, &text, &page.url, meter)
}

/// Services that have each page in markdown, too, and by what they are known.
const TWINS: [(&str, &[&str]); 4] = [
    ("GitBook", &["gitbook"]),
    ("Mintlify", &["mintlify"]),
    ("ReadMe", &["readme.io", "readme.com", "ssr-props"]),
    ("Fern", &["buildwithfern", "fern-docs"]),
];

/// What pages have that show the description of an interface, and the scripts of the programs that do so.
const SHOWING: [&str; 3] = ["swagger-ui", "swagger-initializer", "redoc-container"];
const OF_THE_PROGRAM: [&str; 4] = ["bundle", "preset", "redoc.standalone", "swagger-ui.js"];
const MOST_SCRIPTS: usize = 3;
const MOST_ASKS: usize = 8;
const MOST_LINKS: usize = 1_000;
/// In bytes.
const LONGEST: usize = 2_000;
