//! Finds the text of a page in the data that a program has of it. What is text is told by structure: a field that is named for it, or that is
//! plainly HTML; markup, sentences; a title or an address beside it. Names of classes, addresses and settings are none of these. Of several
//! forms of one text, the one that says most of its structure is taken; of several texts, those that are said to be at the page's address.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use serde::de::IgnoredAny;
use url::Url;

use crate::extract::shipped::Part;
use crate::extract::shipped::cut::Cut;
use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal;
use crate::extract::shipped::tree::{self, Silent};
use crate::model::Meter;

/// What was found.
#[derive(Debug, Default)]
pub(in crate::extract) struct Found {
    pub(super) title: Option<String>,
    pub(super) parts: Vec<Part>,
    /// Texts that are more than is taken.
    pub(super) cut: Cut,
}

/// The text of the page at `url`.
pub(super) fn of(data: &Data, url: &Url, meter: &Meter) -> Found {
    let mut search = Search {
        path: path_of(url),
        meter,
        hasher: RandomState::default(),
        known: HashSet::new(),
        texts: Vec::new(),
        left: MOST,
        silent: Silent::default(),
        cut: Cut::default(),
    };
    search.look(data, Whose::Unknown, 0);
    let is_told = search.texts.iter().any(|text| text.whose == Whose::Page);
    let texts = search.texts.into_iter().filter(|text| !is_told || text.whose == Whose::Page);
    let mut found = Found { cut: search.cut, ..Found::default() };
    for Text { title, part, .. } in texts {
        if let Some(title) = title {
            if found.title.is_none() {
                found.title = Some(title.clone());
            }
            if !part.begins_with_heading() {
                found.parts.push(Part::Html(format!("<h1>{}</h1>", tree::escaped(&title))));
            }
        }
        found.parts.push(part);
    }
    found
}

struct Search<'a> {
    path: String,
    meter: &'a Meter,
    hasher: RandomState,
    /// Hashes of the texts that were taken.
    known: HashSet<u64>,
    texts: Vec<Text>,
    /// Bytes of text that may still be taken.
    left: usize,
    silent: Silent,
    cut: Cut,
}

struct Text {
    title: Option<String>,
    part: Part,
    whose: Whose,
}

/// Whether data says that it is of this page.
#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Unknown,
    Page,
    Another,
}

/// Forms of a text, the one that says most of its structure first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Tree,
    Html,
    Markdown,
    Compiled,
    Plain,
}

impl Search<'_> {
    fn look(&mut self, data: &Data, whose: Whose, depth: usize) {
        if depth > DEEPEST || !self.meter.goes_on() {
            return;
        }
        if let Some(html) = tree::html_of_new(data, &mut self.silent, self.meter) {
            return self.take(None, Part::Html(html), whose);
        }
        let whose = self.address(data).unwrap_or(whose);
        let title = title(data);
        let is_named =
            title.is_some() || ["slug", "path", "permalink", "frontmatter", "frontMatter"].iter().any(|name| data.field(name).is_some());
        let bodies: Vec<(usize, Form, Part)> = data
            .fields()
            .iter()
            .enumerate()
            .filter_map(|(place, (name, value))| self.body(name, value, is_named).map(|(form, part)| (place, form, part)))
            .collect();
        let best = bodies.iter().map(|(_, form, _)| *form).min();
        let mut title = title;
        let taken: Vec<usize> = bodies.iter().map(|(place, ..)| *place).collect();
        for (_, form, part) in bodies {
            if Some(form) == best {
                self.take(title.take(), part, whose);
            }
        }
        for (place, (name, below)) in data.children().enumerate() {
            if taken.binary_search(&place).is_err() && !is_aside(name) {
                self.look(below, whose, depth + 1);
            }
        }
    }

    /// A field that holds a text, and in which form.
    fn body(&mut self, name: &str, value: &Data, is_named: bool) -> Option<(Form, Part)> {
        let name = name.trim_start_matches('_').to_ascii_lowercase();
        if is_aside(&name) {
            return None;
        }
        let is_body = BODIES.contains(&&*name);
        let Some(text) = value.text() else {
            // Below other names it is looked at in its turn.
            let html = if is_body { tree::html_of_new(value, &mut self.silent, self.meter) } else { None };
            return html.map(|html| (Form::Tree, Part::Html(html)));
        };
        if text.len() < LEAST {
            return None;
        }
        if is_html(text) && tree::says_something(text) && (is_body || text.len() >= LEAST_UNNAMED) {
            return Some((Form::Html, Part::Html(text.to_owned())));
        }
        if name == "compiledsource" || is_body && CALLS.iter().any(|call| text.contains(call)) && text.contains("return ") {
            return compiled(text, self.meter).map(|html| (Form::Compiled, Part::Html(html)));
        }
        if !is_body {
            return None;
        }
        // A tree may be kept as the text of its JSON; markdown begins so, too, where a badge or a link stands first.
        if text.starts_with(['{', '[']) {
            if let Some(html) = tree::html_of(&literal::value(text, self.meter), self.meter) {
                return Some((Form::Tree, Part::Html(html)));
            }
            if serde_json::from_str::<IgnoredAny>(text).is_ok() {
                return None;
            }
        }
        match is_markdown(text, &name) {
            true => Some((Form::Markdown, Part::Markdown(text.to_owned()))),
            false => (is_named && is_prose(text)).then(|| (Form::Plain, Part::Html(paragraphs(text)))),
        }
    }

    fn take(&mut self, title: Option<String>, part: Part, whose: Whose) {
        let length = part.source().len();
        if self.known.len() >= MOST_TEXTS || length > self.left {
            self.cut.add(part.source());
        } else if self.known.insert(self.hasher.hash_one(part.source())) {
            self.left -= length;
            self.texts.push(Text { title, part, whose });
        }
    }

    /// Whether the data says at which address it is.
    fn address(&self, data: &Data) -> Option<Whose> {
        let said = ADDRESSES.iter().find_map(|name| data.text_of(name)).filter(|said| !said.is_empty() && said.len() < LONGEST_PATH)?;
        let said = said.split_once("://").map_or(said, |(_, rest)| rest.find('/').map_or("/", |start| &rest[start..]));
        let said = said.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        // "guide/start" of "/docs/guide/start".
        let is_page = said == self.path || !said.is_empty() && self.path.strip_suffix(said).is_some_and(|above| above.ends_with('/'));
        Some(if is_page { Whose::Page } else { Whose::Another })
    }
}

/// Without slashes at its ends and the names that stand for a folder.
fn path_of(url: &Url) -> String {
    let path = url.fragment().filter(|fragment| fragment.starts_with('/')).unwrap_or(url.path());
    let path = path.trim_matches('/');
    path.strip_suffix("index.html").or_else(|| path.strip_suffix(".html")).unwrap_or(path).trim_matches('/').to_owned()
}

/// As data names what it is about.
fn title(data: &Data) -> Option<String> {
    let of = |data: &Data| ["title", "headline", "heading"].iter().find_map(|name| data.text_of(name)).map(str::to_owned);
    let title = of(data).or_else(|| HEADS.iter().find_map(|name| data.field(name).and_then(of)))?;
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty() && title.len() <= LONGEST_TITLE && !title.contains('<')).then_some(title)
}

/// Parts of a site that stand on all of its pages, or say something about other pages.
fn is_aside(name: &str) -> bool {
    ASIDE.iter().any(|aside| name.eq_ignore_ascii_case(aside))
}

pub(super) fn is_html(text: &str) -> bool {
    text.contains("</")
        && ["</p>", "</h", "</li>", "</pre>", "</ul>", "</td>", "</blockquote>", "</div>"].iter().any(|tag| text.contains(tag))
        || text.contains("<br") && text.contains("<p>")
}

fn is_markdown(text: &str, name: &str) -> bool {
    let mut headings = text.lines().filter(|line| line.starts_with('#') && line.trim_start_matches('#').starts_with(' '));
    let has_heading = headings.next().is_some();
    match name {
        // What a program shows as code is under this name, too.
        "source" | "raw" | "code" => has_heading || text.starts_with("---\n"),
        name if name.contains("markdown") || name.starts_with("md") => is_prose(text) || has_heading || text.contains("```"),
        _ => {
            has_heading
                || text.contains("\n```")
                || text.contains("](") && is_prose(text)
                || text.lines().filter(|line| line.starts_with("- ") || line.starts_with("* ")).count() > 2
        }
    }
}

/// Sentences, not a setting or a list of names.
fn is_prose(text: &str) -> bool {
    let start = &text[..text.floor_char_boundary(LOOKED_AT)];
    let letters = start.chars().filter(|c| c.is_alphabetic()).count();
    let all = start.chars().count();
    // Chinese and Japanese have no blanks between words.
    let is_wide = start.chars().filter(|c| *c >= '\u{2e80}').count() * 4 > all;
    let words = start
        .split_whitespace()
        .filter(|word| word.chars().all(|c| c.is_alphanumeric() || c.is_ascii_punctuation() || !c.is_ascii()))
        .count();
    letters * 10 >= all * 6 && (is_wide || words >= LEAST_WORDS) && start.contains(['.', '!', '?', ':', '\u{3002}', '\u{ff01}'])
}

/// Plain text as paragraphs.
pub(super) fn paragraphs(text: &str) -> String {
    let blank_line = |text: &str| text.contains("\n\n");
    let parts: Vec<&str> = if blank_line(text) { text.split("\n\n").collect() } else { text.lines().collect() };
    parts.into_iter().filter(|part| !part.trim().is_empty()).map(|part| format!("<p>{}</p>", tree::escaped(part.trim()))).collect()
}

/// MDX as it is compiled: one expression is returned that makes the elements.
fn compiled(text: &str, meter: &Meter) -> Option<String> {
    let starts = [
        "return _jsxs(",
        "return _jsx(",
        "return mdx(",
        "return _jsxDEV(",
        "return jsxs(",
        "return jsx(",
        "return React.createElement(",
        "return /*#__PURE__*/React.createElement(",
    ];
    starts.iter().filter_map(|start| text.find(start)).take(starts.len()).find_map(|at| {
        let tree = literal::value(&text[at + "return ".len()..], meter);
        tree::html_of(&tree, meter)
    })
}

/// By which compiled MDX makes its elements.
const CALLS: [&str; 3] = ["mdx(", "jsx", "createElement("];

const BODIES: [&str; 30] = [
    "content",
    "contents",
    "body",
    "bodyhtml",
    "body_html",
    "contenthtml",
    "content_html",
    "html",
    "htmlcontent",
    "rendered",
    "renderedbody",
    "renderedhtml",
    "markdown",
    "markdownbody",
    "markdowncontent",
    "rawmarkdownbody",
    "rawbody",
    "md",
    "mdx",
    "mdxsource",
    "source",
    "raw",
    "text",
    "articlebody",
    "richtext",
    "json",
    "ast",
    "document",
    "article",
    "value",
];

const ADDRESSES: [&str; 9] = ["slug", "path", "_path", "permalink", "pathname", "url", "route", "currentPath", "asPath"];

const HEADS: [&str; 7] = ["frontmatter", "frontMatter", "meta", "metadata", "attributes", "fields", "data"];

const ASIDE: [&str; 32] = [
    "nav",
    "navigation",
    "navbar",
    "sidebar",
    "sidebars",
    "menu",
    "menus",
    "footer",
    "header",
    "toc",
    "tableofcontents",
    "breadcrumbs",
    "related",
    "relatedposts",
    "next",
    "prev",
    "previous",
    "author",
    "authors",
    "comments",
    "banner",
    "cookie",
    "cookies",
    "style",
    "styles",
    "css",
    "script",
    "scripts",
    "config",
    "i18n",
    "translations",
    "messages",
];

/// In bytes, of a text in a field that is named for it.
const LEAST: usize = 20;
/// And in any other.
const LEAST_UNNAMED: usize = 200;
const LEAST_WORDS: usize = 8;
const LOOKED_AT: usize = 2_000;
const LONGEST_TITLE: usize = 300;
const LONGEST_PATH: usize = 1_000;
const DEEPEST: usize = 100;
/// Texts of one page, and the bytes of them.
const MOST_TEXTS: usize = 2_000;
const MOST: usize = 4 << 20;
