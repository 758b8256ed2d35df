//! What a page says of itself, gathered in one pass over its tree: head, marks that generators leave, names of the site. Judges nothing:
//! `metadata` and `title` choose among it. Everything here is bounded in number and length, whatever the page repeats.

mod marks;

use url::Url;

use crate::extract::base::Base;
use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::metadata::linked::Linked;
use crate::extract::metadata::values::line;

pub(super) use marks::{Family, Mark, Part};

#[derive(Default)]
pub(super) struct Said<'a> {
    /// The text of `<title>`.
    pub(super) title: Option<String>,
    /// Name (lower-case) and content of each `<meta>` that somebody asks for.
    metas: Vec<(String, &'a str)>,
    /// `lang` of elements, the outermost first.
    pub(super) languages: Vec<&'a str>,
    pub(super) canonical: Option<&'a str>,
    /// Language and address.
    pub(super) alternates: Vec<(&'a str, &'a str)>,
    /// The book that the page is a part of, as its link to the first page calls it.
    pub(super) book: Option<String>,
    pub(super) linked: Linked,
    pub(super) items: Vec<Item>,
    /// `<time>` that says when the page was written.
    pub(super) written: Vec<&'a str>,
    /// `<time>` that says when it was changed.
    pub(super) changed: Vec<&'a str>,
    /// Texts of `rel="author"`.
    pub(super) authors: Vec<String>,
    /// Texts of links to the site's first page.
    pub(super) brands: Vec<String>,
    pub(super) marks: Vec<Mark>,
    /// The version in Sphinx's `DOCUMENTATION_OPTIONS`.
    pub(super) options_version: Option<&'a str>,
    pub(super) is_sphinx: bool,
    /// What stands below all pages of the site.
    pub(super) footer: String,
    /// What stands in comments at the start.
    pub(super) comments: Vec<&'a str>,
}

/// Of microdata: `<span itemprop="datePublished">`.
pub(super) struct Item {
    pub(super) name: &'static str,
    /// The `itemscope` it belongs to; the root if there is none.
    pub(super) owner: NodeId,
    pub(super) value: String,
}

impl<'a> Said<'a> {
    /// `source` is what the tree was made of.
    pub(super) fn read(dom: &'a Dom, source: &'a str, url: &Url, base: &Base) -> Self {
        let mut said = Self { comments: comments(source), ..Self::default() };
        let root = url.join("/").map_or_else(|_| String::new(), |root| root.as_str().trim_end_matches('/').to_owned());
        let (mut scripts, mut footers) = (Vec::new(), 0_usize);
        let mut walk = dom.walk(dom.root());
        while let Some(step) = walk.next() {
            match step {
                Step::Enter(node) if dom.name(node).is_some_and(|name| matches!(&**name, "svg" | "math" | "template")) => walk.pass_over(),
                Step::Enter(node) => {
                    said.element(dom, node, &root, &mut scripts);
                    footers += usize::from(is_footer(dom, node));
                    if let Some(text) = dom.text(node).filter(|_| footers > 0) {
                        said.below(text);
                    }
                }
                Step::Leave(node) => footers -= usize::from(footers > 0 && is_footer(dom, node)),
            }
        }
        let canonical = said.canonical.and_then(|canonical| base.join(canonical.trim()).ok());
        let addresses: Vec<&Url> = [url].into_iter().chain(&canonical).collect();
        said.linked = Linked::read(&scripts, &addresses);
        said
    }

    /// The contents of `<meta>` of these names: all of the first name before those of the next.
    pub(super) fn metas<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = &'a str> + 's {
        names.iter().flat_map(|wanted| self.metas.iter().filter(move |(name, _)| name == wanted).map(|(_, content)| *content))
    }

    fn element(&mut self, dom: &'a Dom, node: NodeId, root: &str, scripts: &mut Vec<String>) {
        let Some(name) = dom.name(node) else { return };
        match &**name {
            "title" if self.title.is_none() && is_of_page(dom, node) => self.title = line(&dom.text_content(node), LONGEST_TITLE),
            "meta" => self.meta(dom, node),
            "link" => self.link(dom, node),
            "script" => return self.script(dom, node, scripts),
            "a" => self.anchor(dom, node, root),
            "time" => self.time(dom, node),
            _ => {}
        }
        if self.languages.len() < MOST_LANGUAGES {
            self.languages.extend(dom.attribute(node, "lang").or_else(|| dom.attribute(node, "xml:lang")));
        }
        if let Some(names) = dom.attribute(node, "itemprop") {
            self.item(dom, node, names);
        }
        if self.marks.len() < MOST_MARKS {
            self.marks.extend(marks::of(dom, node));
        }
    }

    fn meta(&mut self, dom: &'a Dom, node: NodeId) {
        let Some(content) = dom.attribute(node, "content").filter(|_| self.metas.len() < MOST_METAS) else { return };
        for by in ["name", "property", "http-equiv"] {
            let Some(name) = dom.attribute(node, by).filter(|name| name.len() <= LONGEST_NAME) else { continue };
            let name = name.trim().to_ascii_lowercase();
            if WANTED.contains(&name.as_str()) {
                self.metas.push((name, content));
            }
        }
    }

    fn link(&mut self, dom: &'a Dom, node: NodeId) {
        let (Some(relations), Some(href)) = (dom.attribute(node, "rel"), dom.attribute(node, "href")) else { return };
        for relation in relations.split_ascii_whitespace().take(MOST_WORDS) {
            match relation.to_ascii_lowercase().as_str() {
                "canonical" if self.canonical.is_none() => self.canonical = Some(href),
                "alternate" if self.alternates.len() < MOST_ALTERNATES => {
                    // Feeds have languages, too.
                    let is_page = dom.attribute(node, "type").is_none_or(|kind| kind.to_ascii_lowercase().contains("html"));
                    self.alternates.extend(dom.attribute(node, "hreflang").filter(|_| is_page).map(|language| (language, href)));
                }
                "home" | "top" | "start" => self.book_is(dom.attribute(node, "title")),
                _ => {}
            }
        }
    }

    fn book_is(&mut self, title: Option<&str>) {
        if self.book.is_none() {
            self.book = title.and_then(|title| line(title, LONGEST_NAME));
        }
    }

    fn script(&mut self, dom: &'a Dom, node: NodeId, scripts: &mut Vec<String>) {
        let id = dom.attribute(node, "id").unwrap_or_default();
        let text = dom.first_child(node).and_then(|child| dom.text(child)).unwrap_or_default();
        if dom.attribute(node, "type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/ld+json")) {
            let length = scripts.iter().map(String::len).sum::<usize>() + text.len();
            scripts.extend((scripts.len() < MOST_SCRIPTS && length <= LONGEST_SCRIPTS).then(|| text.to_owned()));
            return;
        }
        self.is_sphinx |=
            id == "documentation_options" || dom.attribute(node, "src").is_some_and(|src| src.contains("documentation_options.js"));
        let text = start(text, LONGEST_START);
        if let Some((_, options)) = text.split_once("DOCUMENTATION_OPTIONS") {
            self.is_sphinx = true;
            self.options_version = self.options_version.or_else(|| quoted_after(options, "VERSION"));
        }
        if id == "READTHEDOCS_DATA" || text.contains("READTHEDOCS_DATA =") {
            for (key, name) in [("\"project\"", "readthedocs-project-slug"), ("\"version\"", "readthedocs-version-slug")] {
                self.metas.extend(quoted_after(text, key).map(|value| (name.to_owned(), value)).filter(|_| self.metas.len() < MOST_METAS));
            }
        }
    }

    fn anchor(&mut self, dom: &'a Dom, node: NodeId, root: &str) {
        let relation = |wanted| dom.attribute(node, "rel").is_some_and(|rel| rel.split_ascii_whitespace().any(|word| word == wanted));
        if self.authors.len() < MOST_AUTHORS && relation("author") {
            self.authors.extend(short_text(dom, node));
        }
        let href = dom.attribute(node, "href").unwrap_or_default().trim();
        // DocBook's way back to the first page.
        if dom.attribute(node, "accesskey") == Some("h") {
            self.book_is(dom.attribute(node, "title"));
        }
        let is_root = || !href.is_empty() && (href == "/" || href.trim_end_matches('/') == root);
        if self.brands.len() < MOST_BRANDS && (is_root() || relation("home") || is_brand(dom, node)) {
            let image =
                || dom.descendants(node).take(SHORT).find_map(|below| dom.attribute(below, "alt").and_then(|alt| line(alt, LONGEST_NAME)));
            self.brands.extend(short_text(dom, node).or_else(image));
        }
    }

    fn time(&mut self, dom: &'a Dom, node: NodeId) {
        let Some(date) = dom.attribute(node, "datetime") else { return };
        let has = |wanted: &[&str]| {
            dom.attribute(node, "class").is_some_and(|classes| classes.split_ascii_whitespace().any(|class| wanted.contains(&class)))
        };
        if dom.attribute(node, "pubdate").is_some() || has(&WRITTEN) {
            self.written.extend(Some(date).filter(|_| self.written.len() < MOST_TIMES));
        } else if has(&CHANGED) {
            self.changed.extend(Some(date).filter(|_| self.changed.len() < MOST_TIMES));
        }
    }

    fn item(&mut self, dom: &'a Dom, node: NodeId, names: &str) {
        if self.items.len() >= MOST_ITEMS {
            return;
        }
        for name in names.split_ascii_whitespace().take(MOST_WORDS) {
            let Some(name) = ITEMS.iter().find(|known| **known == name) else { continue };
            let stated =
                ["content", "datetime"].into_iter().find_map(|by| dom.attribute(node, by)).and_then(|value| line(value, LONGEST_NAME));
            let named = || {
                let within = dom.descendants(node).skip(1).take(SHORT).find(|below| dom.attribute(*below, "itemprop") == Some("name"))?;
                dom.attribute(within, "content").and_then(|name| line(name, LONGEST_NAME)).or_else(|| short_text(dom, within))
            };
            if let Some(value) = stated.or_else(named).or_else(|| short_text(dom, node)) {
                let owner = dom.ancestors(node).find(|above| dom.attribute(*above, "itemscope").is_some()).unwrap_or(dom.root());
                self.items.push(Item { name, owner, value });
            }
        }
    }

    /// Keeps the end of what stands in footers: the generator is named last.
    fn below(&mut self, text: &str) {
        if self.footer.len() + text.len() > 2 * LONGEST_FOOTER {
            let from = self.footer.ceil_char_boundary(self.footer.len().saturating_sub(LONGEST_FOOTER));
            self.footer.drain(..from);
        }
        self.footer.push_str(&text[text.ceil_char_boundary(text.len().saturating_sub(LONGEST_FOOTER))..]);
        self.footer.push(' ');
    }
}

/// Drawings have titles, too.
fn is_of_page(dom: &Dom, node: NodeId) -> bool {
    dom.parent(node).is_some_and(|parent| dom.is(parent, "head") || dom.is(parent, "body"))
}

fn is_footer(dom: &Dom, node: NodeId) -> bool {
    dom.is(node, "footer")
        || dom.attribute(node, "role") == Some("contentinfo")
        || ["class", "id"].into_iter().filter_map(|by| dom.attribute(node, by)).any(|names| {
            names.split_ascii_whitespace().any(|name| {
                matches!(name, "footer" | "page-footer" | "site-footer" | "md-footer" | "copyright" | "md-copyright" | "footer-text")
            })
        })
}

fn is_brand(dom: &Dom, node: NodeId) -> bool {
    dom.attribute(node, "class").is_some_and(|classes| {
        classes.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "navbar-brand"
                    | "navbar__brand"
                    | "brand"
                    | "logo"
                    | "site-title"
                    | "site-name"
                    | "site-logo"
                    | "site-brand"
                    | "sidebar-brand"
                    | "icon-home"
            )
        })
    })
}

/// The text of something small: of a large element its beginning.
fn short_text(dom: &Dom, node: NodeId) -> Option<String> {
    let text: String =
        dom.descendants(node).take(SHORT).filter_map(|below| dom.text(below)).map(|text| start(text, LONGEST_START)).collect();
    line(&text, LONGEST_NAME)
}

/// `VERSION: '1.2'`
fn quoted_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = text.split_once(key)?.1.trim_start().strip_prefix([':', '='])?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Some(rest[1..].split(quote).next()?.trim()).filter(|value| !value.is_empty() && value.len() <= LONGEST_NAME)
}

/// Those that a browser would meet before anything of the page, or nearly.
fn comments(source: &str) -> Vec<&str> {
    let parts = start(source, LONGEST_HEAD).split("<!--").skip(1).filter_map(|part| part.split_once("-->"));
    parts.map(|(comment, _)| start(comment.trim(), LONGEST_NAME)).take(MOST_COMMENTS).collect()
}

fn start(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

const MOST_METAS: usize = 500;
const MOST_LANGUAGES: usize = 4;
const MOST_ALTERNATES: usize = 200;
const MOST_WORDS: usize = 16;
const MOST_ITEMS: usize = 64;
const MOST_TIMES: usize = 32;
const MOST_AUTHORS: usize = 8;
const MOST_BRANDS: usize = 6;
const MOST_MARKS: usize = 16;
const MOST_SCRIPTS: usize = 24;
const MOST_COMMENTS: usize = 24;
/// In bytes, of all scripts of JSON-LD together.
const LONGEST_SCRIPTS: usize = 512 * 1024;
/// In bytes: where a script says what it is for.
const LONGEST_START: usize = 2_000;
/// In bytes: the head, or what there is instead.
const LONGEST_HEAD: usize = 8 * 1024;
const LONGEST_FOOTER: usize = 2_000;
/// In characters; longer ones are mistakes of the page.
const LONGEST_TITLE: usize = 300;
const LONGEST_NAME: usize = 300;
/// In nodes: a name has a few at the most.
const SHORT: usize = 40;

const ITEMS: [&str; 3] = ["datePublished", "dateModified", "author"];

const WRITTEN: [&str; 7] = ["published", "entry-date", "pubdate", "post-date", "dt-published", "date-published", "article-published"];
const CHANGED: [&str; 5] = ["updated", "modified", "dt-updated", "date-modified", "last-updated"];

const WANTED: [&str; 54] = [
    "description",
    "og:description",
    "twitter:description",
    "dc.description",
    "dcterms.description",
    "og:title",
    "og:site_name",
    "application-name",
    "og:url",
    "og:locale",
    "content-language",
    "language",
    "dc.language",
    "dcterms.language",
    "article:published_time",
    "article:modified_time",
    "article.published",
    "article.updated",
    "og:published_time",
    "og:updated_time",
    "og:modified_time",
    "datepublished",
    "datemodified",
    "date",
    "pubdate",
    "pub_date",
    "publish-date",
    "publish_date",
    "parsely-pub-date",
    "sailthru.date",
    "citation_publication_date",
    "dc.date",
    "dc.date.issued",
    "dc.date.created",
    "dc.date.modified",
    "dcterms.date",
    "dcterms.issued",
    "dcterms.created",
    "dcterms.modified",
    "last-modified",
    "lastmod",
    "revised",
    "author",
    "article:author",
    "dc.creator",
    "dcterms.creator",
    "citation_author",
    "generator",
    "project",
    "docsearch:version",
    "docusaurus_version",
    "readthedocs-project-slug",
    "readthedocs-version-slug",
    "nodejs.org:node-version",
];
