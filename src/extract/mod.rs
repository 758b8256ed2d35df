//! Turns the bytes of a page into a `Document`: charset, main content, markdown. Pure and synchronous.
//! Knows no network and no database; any bytes are a page, and only a `Skip` says that they are none worth keeping.

mod admonition;
mod allowance;
mod anchors;
mod article;
mod base;
mod beside;
mod blocks;
mod cells;
mod charset;
mod code;
mod conceal;
mod controls;
mod dom;
mod escape;
mod facts;
mod formats;
mod gate;
mod genre;
mod headline;
mod hidden;
mod hints;
mod html;
mod inline;
mod judge;
mod kind;
mod lines;
mod links;
mod lists;
mod login;
mod magic;
mod math;
mod mathml;
mod members;
mod metadata;
mod phrases;
mod said;
mod scripts;
mod settled;
mod shell;
mod shipped;
mod since;
mod spans;
mod streamed;
mod syntax;
mod table;
mod tabs;
mod tags;
mod tally;
mod termynal;
#[cfg(test)]
mod tests;
mod tex;
mod text;
mod title;
mod tokenizer;
mod told;

use std::borrow::Cow;

use thiserror::Error;
use url::Url;

use crate::extract::base::Base;
use crate::extract::dom::Dom;
use crate::extract::html::Written;
use crate::extract::inline::Form;
use crate::extract::metadata::software::Software;
use crate::extract::said::Said;
use crate::extract::shipped::InPage;
use crate::extract::syntax::Syntax;
use crate::model::{Budget, CodeBlock, Document, Filled, Heading, Metadata, Meter, Note, OverBudget, Page};

pub use kind::{Kind, kind};
pub use links::{Anchor, MetaRobots, Outline};
pub use shell::Shell;
pub use shipped::{Ask, Beside, Index, Routes, Taken, asked_again, asked_next, beside, looked_up, missing, taken};

/// Why a page gives no document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// Of no kind that is read: the media type as its bytes tell it, else as sent.
    #[error("content type {0} is not read as a document")]
    Kind(String),
    /// No text is left beside navigation; often a page that scripts fill in.
    #[error("no text in the page")]
    Empty,
    /// The same of a page that a browser has filled in.
    #[error("no text in the page, also after its scripts")]
    StillEmpty,
    /// A page that only sends its readers on (`<meta http-equiv="refresh">`); the target is among its links.
    #[error("the page only forwards to {0}")]
    Moved(Url),
    /// Scripts would write its text, and neither the page nor what was found beside it has that as data.
    #[error("needs a browser: scripts write the text of this page")]
    Shell,
    /// A form to log in stands where the page would be.
    #[error("the site wants a login: there is a form for it in place of the page")]
    Login,
    /// The site asks whether a person asks, or says that it is down for now.
    #[error("the site shows a notice in place of the page: that it is down, or that it wants to see a browser")]
    Gate,
    /// The site says so, with the status of a page.
    #[error("the site says that there is no such page")]
    Missing,
    /// It costs more to read than a page may, or its reading was stopped.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

impl Skip {
    /// A page is skipped for what it is: asking again changes nothing, unless nobody waited for the answer.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::OverBudget(OverBudget::Stopped))
    }

    /// What a user may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Kind(_) => Some(
                "HTML, plain text, markdown and other text formats, notebooks, feeds and descriptions of interfaces are read; find the text elsewhere",
            ),
            Self::Moved(_) | Self::Missing => None,
            Self::Gate => Some("try again later, with fewer requests at a time; see what the site says to a browser at this address"),
            Self::Shell => Some(
                "no data of the site's own has its text (`smolcrawl help scripts`); look for a sitemap, an llms.txt or a static version of it",
            ),
            Self::Login => Some("show the site who you are: --header, or credentials.toml (`smolcrawl help private`)"),
            Self::OverBudget(OverBudget::Stopped) => None,
            Self::OverBudget(_) => Some("no page that people read costs so much; it may be meant to keep its readers busy"),
            Self::StillEmpty => {
                Some("a slow page may take longer than it is given (SMOLCRAWL_RENDER_SECONDS); else look for a static version of it")
            }
            Self::Empty => Some("there is nothing to read in it; look for a sitemap, an llms.txt or a static version of it"),
        }
    }
}

/// The characters of a page: byte order mark, else `Content-Type`, else `<meta>` in the first 1,024 bytes, else detection.
/// Bytes that are invalid in that encoding become U+FFFD.
pub fn decode(page: &Page) -> String {
    charset::decode(page.content_type.as_deref(), &page.body).0.into_owned()
}

/// What the page says to a crawler, in one quick pass; a page of no kind that is read has no links.
/// Whoever reads foreign pages beside other work uses [`links_within`]; of a page over the default budget there are those found in it.
pub fn links(page: &Page) -> Outline {
    found_links(page, links::Wanted::Targets, &Budget::default().begin())
}

/// The same within a budget.
///
/// # Errors
/// Where the budget is over.
pub fn links_within(page: &Page, meter: &Meter) -> Result<Outline, OverBudget> {
    let found = found_links(page, links::Wanted::Targets, meter);
    meter.verdict().map(|()| found)
}

/// The same, and what the links are called: [`Outline::anchors`].
///
/// # Errors
/// Where the budget is over.
pub fn described(page: &Page, meter: &Meter) -> Result<Outline, OverBudget> {
    let found = found_links(page, links::Wanted::Anchors, meter);
    meter.verdict().map(|()| found)
}

/// What the page is if its own text is nearly empty although scripts are there: the shell of an application. No script is run to tell.
///
/// # Errors
/// Where the budget is over.
pub fn shell(page: &Page, meter: &Meter) -> Result<Option<Shell>, OverBudget> {
    links_within(page, meter).map(|outline| outline.shell)
}

/// Whether a page has a place for an application that is empty, and scripts to fill it, whatever text stands beside it: where that is known of
/// the other pages of a site, this one is not all that its address shows.
pub fn is_hollow(page: &Page, meter: &Meter) -> bool {
    is_html_and(page, |html, syntax| shell::is_hollow(html, syntax, meter))
}

/// What of a page in a browser is the same at whichever of its addresses it is looked at, a part at a time: its texts, its elements, and where
/// they lead. Not what marks the place where a reader is, which scripts write into classes and other attributes.
pub(crate) fn lasting(html: &str, mut take: impl FnMut(&[u8])) {
    let mut tags = tags::Tags::of(html, Syntax::Html);
    let mut from = 0;
    while let Some(tag) = tags.next() {
        without_comments(&html[from..tags.position() - tag.len()], &mut take);
        from = tags.position();
        take(if tag.closes { b"</" } else { b"<" });
        take(tag.name().as_bytes());
        for name in ["href", "src"] {
            // What stands in the head is about this address.
            let target = tag.attribute(name).filter(|_| !matches!(tag.name(), "base" | "link" | "meta"));
            target.iter().for_each(|target| take(target.as_bytes()));
        }
    }
    without_comments(&html[from..], &mut take);
}

/// A text between two tags.
fn without_comments(text: &str, take: &mut impl FnMut(&[u8])) {
    let mut parts = text.split("<!--");
    take(parts.next().unwrap_or_default().trim().as_bytes());
    parts.for_each(|part| take(part.split_once("-->").map_or("", |(_, text)| text).trim().as_bytes()));
}

/// Whether scripts would write the text of a page, or add to it: it is a shell, or its place for an application is empty. What was once known
/// of it says more.
///
/// # Errors
/// Where the budget is over.
pub fn is_unfilled(page: &Page, meter: &Meter) -> Result<bool, OverBudget> {
    let is_unfilled = is_html_and(page, |html, syntax| shell::is_unfilled(html, syntax, meter));
    meter.verdict().map(|()| is_unfilled)
}

fn is_html_and(page: &Page, is_so: impl FnOnce(&str, Syntax) -> bool) -> bool {
    kind(page.content_type.as_deref(), &page.url, &page.body) == Kind::Html && {
        let (html, _) = charset::decode(page.content_type.as_deref(), &page.body);
        is_so(&html, Syntax::of(page.content_type.as_deref(), &html))
    }
}

fn found_links(page: &Page, wanted: links::Wanted, meter: &Meter) -> Outline {
    match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => {
            let (html, encoding) = charset::decode(page.content_type.as_deref(), &page.body);
            let syntax = Syntax::of(page.content_type.as_deref(), &html);
            let mut outline = links::of_html(&Base::of(&page.url, encoding), &html, syntax, wanted, meter);
            if let Some(shell) = &mut outline.shell
                && let Some(InPage { shipped, .. }) = shipped::text_of(&html, syntax, &page.url, Form::Text, meter)
            {
                let links = shipped.links(&page.url, meter);
                shell.shipped = Some(shipped.name);
                outline.add_links(links);
            }
            outline
        }
        Kind::Sitemap | Kind::Xml | Kind::Other(_) => Outline::default(),
        other => links::of_targets(&page.url, page.body.len(), &formats::links(&other, &decode(page), &page.url, meter)),
    }
}

/// Whether code marked as `name` is what somebody wants who asks for the language `asked`: "py" is Python, and so is a session of its
/// prompt.
pub fn is_language(asked: &str, name: &str) -> bool {
    code::is_language(asked, name)
}

/// The page's title and main content as CommonMark with tables. Plain text and markdown pass as they are, but for what only a generator
/// reads; other formats become markdown.
///
/// ```
/// use smolcrawl::extract;
/// use smolcrawl::model::{Filled, Page, Validators};
///
/// let page = Page {
///     url: "https://docs.test/kettle.html".parse()?,
///     status: 200,
///     content_type: Some("text/html; charset=utf-8".to_owned()),
///     body: b"<nav>Home</nav><main><h1>Kettles</h1><pre class='brush: js'>boil()</pre></main>".to_vec(),
///     depth: 0,
///     validators: Validators::default(),
///     fetched_at: std::time::SystemTime::now(),
///     filled: Filled::default(),
/// };
/// let document = extract::document(&page)?;
/// assert_eq!(document.title, "Kettles");
/// assert_eq!(document.markdown, "# Kettles\n\n```javascript\nboil()\n```");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Within the default [`Budget`].
pub fn document(page: &Page) -> Result<Document, Skip> {
    document_within(page, &Budget::default().begin())
}

/// The same within a budget that the caller has begun on this thread.
///
/// # Errors
/// [`Skip::OverBudget`] where it is over, and as [`document`].
pub fn document_within(page: &Page, meter: &Meter) -> Result<Document, Skip> {
    let Reading { title, text, outline, code, metadata, notes, shipped } = read(page, Form::Markdown, meter)?;
    let filled = shipped.map_or_else(|| page.filled.clone(), Filled::Shipped);
    let document = Document::new(page.url.clone(), title, text, page.fetched_at);
    Ok(Document { outline, code, metadata, notes, validators: page.validators.clone(), filled, ..document })
}

/// The main content as plain text: no marks, no link targets; list marks and the lines of code stay. What is not HTML is markdown here,
/// too. Within the default [`Budget`].
pub fn plain_text(page: &Page) -> Result<String, Skip> {
    text(page).map(|read| read.text)
}

/// The same with all that is known of the page, in one reading.
pub fn text(page: &Page) -> Result<Text, Skip> {
    text_within(page, &Budget::default().begin())
}

/// The same within a budget that the caller has begun on this thread.
///
/// # Errors
/// [`Skip::OverBudget`] where it is over, and as [`document`].
pub fn text_within(page: &Page, meter: &Meter) -> Result<Text, Skip> {
    let Reading { title, text, outline, metadata, notes, .. } = read(page, Form::Text, meter)?;
    Ok(Text { title, text, outline, metadata, notes })
}

/// A page read as plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// As [`Document::title`].
    pub title: String,
    pub text: String,
    /// The headings of `text`, in its order; their offsets are places in it.
    pub outline: Vec<Heading>,
    pub metadata: Metadata,
    /// What stands in the page and not in `text`.
    pub notes: Vec<Note>,
}

/// What is read of a page, as markdown or as text. Offsets are places in `text`.
#[derive(Default)]
struct Reading {
    title: String,
    text: String,
    outline: Vec<Heading>,
    code: Vec<CodeBlock>,
    metadata: Metadata,
    notes: Vec<Note>,
    /// The data in the page that it is read of, by name, where the page's own text is nearly empty.
    shipped: Option<Cow<'static, str>>,
}

fn read(page: &Page, form: Form, meter: &Meter) -> Result<Reading, Skip> {
    let reading = match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => of_html(page, form, meter),
        Kind::Sitemap | Kind::Xml => return Err(Skip::Kind("application/xml".to_owned())),
        Kind::Other(name) => return Err(Skip::Kind(name)),
        kind => Ok(of_format(page, &kind, meter)),
    };
    // Walks that ended early find what is not there, and nothing where something is.
    meter.verdict()?;
    let mut reading = reading?;
    settled::settle(&mut reading);
    match reading.text.trim().is_empty() {
        true if page.filled == Filled::Rendered => Err(Skip::StillEmpty),
        true => Err(Skip::Empty),
        false => Ok(reading),
    }
}

/// What is neither HTML nor plain text is written as markdown, whatever is asked for.
fn of_format(page: &Page, kind: &Kind, meter: &Meter) -> Reading {
    let source = escape::visible(&text::with_line_feeds(&decode(page))).into_owned();
    let twin = page.validators.twin.as_ref();
    match formats::read(kind, &source, twin.unwrap_or(&page.url), meter) {
        Some(formats::Reading { title, markdown, mut outline, metadata, notes, .. }) => {
            // It is read at the address of the page, and its links are seen from where it stands.
            let text = match twin {
                Some(twin) => formats::absolute(&markdown, &mut outline, twin),
                None => markdown,
            };
            let title = title.unwrap_or_else(|| title::of_url(&page.url));
            Reading { title, code: formats::code_of(&text), text, outline, metadata, notes, shipped: None }
        }
        None => {
            let text = text::passed(&source);
            Reading { title: title::of_text(&text, &page.url), text, ..Reading::default() }
        }
    }
}

fn of_html(page: &Page, form: Form, meter: &Meter) -> Result<Reading, Skip> {
    let (source, encoding) = charset::decode(page.content_type.as_deref(), &page.body);
    let mut dom = Dom::parse_within(&source, Syntax::of(page.content_type.as_deref(), &source), meter);
    streamed::put_in_place(&mut dom);
    let base = html::base(&dom, Base::of(&page.url, encoding));
    let article = article::find(&dom);
    let Written { text, outline, code, unwritten } = html::write(&dom, &article, &base, form);
    if text.len() < FORWARDING
        && let Some(target) = links::forward(&dom, &base).filter(|target| *target != page.url)
    {
        return Err(Skip::Moved(target));
    }
    let said = Said::read(&dom, &source, &page.url, &base);
    let software = Software::of(&said);
    let title = title::of_html(&dom, &article, &said, &software, &page.url);
    let metadata = metadata::of_html(&dom, &said, &software, &page.url, &base);
    let syntax = Syntax::of(page.content_type.as_deref(), &source);
    if page.filled.is_served()
        && let Some(shell) = shell::of_html(&source, syntax, meter)
    {
        if let Some(InPage { shipped, reading: read }) = shipped::text_of(&source, syntax, &page.url, form, meter) {
            let title = shipped.title.or(Some(read.title).filter(|title| !title.is_empty())).unwrap_or(title);
            // An interface says of which software it is.
            let metadata = match read.metadata.software {
                Some(software) => Metadata { software: Some(software), version: read.metadata.version, ..metadata },
                None => metadata,
            };
            return Ok(Reading { title, metadata, shipped: Some(shipped.name), ..read });
        }
        if shell.says_nothing && text.len() < NEARLY_EMPTY || text.trim().is_empty() {
            return Err(Skip::Shell);
        }
    }
    if text.len() < FORM && login::is_asked_for(&dom, &title) {
        return Err(Skip::Login);
    }
    if let Some(skip) = gate::in_place_of_page(&title, &text) {
        return Err(skip);
    }
    Ok(Reading { title, text, outline, code, metadata, notes: article.notes(&dom).into_iter().chain(unwritten).collect(), shipped: None })
}

/// In bytes: a page that forwards says little more than where to.
const FORWARDING: usize = 400;
/// Likewise: what a shell of an application has beside its content.
const NEARLY_EMPTY: usize = 2_000;
/// Likewise: a page that asks for a login has little more than its form.
const FORM: usize = 1_000;
