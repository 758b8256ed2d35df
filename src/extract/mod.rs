//! Turns the bytes of a page into a `Document`: charset, main content, markdown. Pure and synchronous.
//! Knows no network and no database; any bytes are a page, and only a `Skip` says that they are none worth keeping.

mod article;
mod beside;
mod charset;
mod code;
mod dom;
mod formats;
mod html;
mod inline;
mod kind;
mod links;
mod magic;
mod table;
mod tags;
mod text;
mod title;
mod weights;

use thiserror::Error;
use url::Url;

use crate::extract::dom::Dom;
use crate::extract::html::Form;
use crate::model::{Document, Page};

pub use kind::{Kind, kind};
pub use links::{MetaRobots, Outline};

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
    /// A page that only sends its readers on (`<meta http-equiv="refresh">`); the target is among its links.
    #[error("the page only forwards to {0}")]
    Moved(Url),
}

impl Skip {
    /// A page is skipped for what it is: asking again changes nothing.
    pub fn is_transient(&self) -> bool {
        false
    }

    /// What a user may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Kind(_) => Some(
                "HTML, plain text, markdown and other text formats, notebooks, feeds and descriptions of interfaces are read; find the text elsewhere",
            ),
            Self::Moved(_) => None,
            Self::Empty => Some("the page may need JavaScript; look for a sitemap, an llms.txt or a static version of it"),
        }
    }
}

/// The characters of a page: byte order mark, else `Content-Type`, else `<meta>` in the first 1,024 bytes, else detection.
/// Bytes that are invalid in that encoding become U+FFFD.
pub fn decode(page: &Page) -> String {
    charset::decode(page.content_type.as_deref(), &page.body)
}

/// What the page says to a crawler, in one quick pass; a page of no kind that is read has no links.
pub fn links(page: &Page) -> Outline {
    match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => links::of_html(&page.url, &decode(page)),
        Kind::Sitemap | Kind::Xml | Kind::Other(_) => Outline::default(),
        other => links::of_targets(&page.url, &formats::links(&other, &decode(page), &page.url)),
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
/// use smolcrawl::model::{Page, Validators};
///
/// let page = Page {
///     url: "https://docs.test/kettle.html".parse()?,
///     status: 200,
///     content_type: Some("text/html; charset=utf-8".to_owned()),
///     body: b"<nav>Home</nav><main><h1>Kettles</h1><pre class='brush: js'>boil()</pre></main>".to_vec(),
///     depth: 0,
///     validators: Validators::default(),
///     fetched_at: std::time::SystemTime::now(),
/// };
/// let document = extract::document(&page)?;
/// assert_eq!(document.title, "Kettles");
/// assert_eq!(document.markdown, "# Kettles\n\n```javascript\nboil()\n```");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn document(page: &Page) -> Result<Document, Skip> {
    if let Some(reading) = formatted(page) {
        let title = reading.title.unwrap_or_else(|| title::of_url(&page.url));
        if reading.markdown.is_empty() {
            return Err(Skip::Empty);
        }
        return Ok(Document {
            outline: reading.outline,
            metadata: reading.metadata,
            notes: reading.notes,
            validators: page.validators.clone(),
            ..Document::new(page.url.clone(), title, reading.markdown, page.fetched_at)
        });
    }
    let (title, markdown) = read(page, Form::Markdown)?;
    let document = Document::new(page.url.clone(), title, markdown, page.fetched_at);
    Ok(Document { validators: page.validators.clone(), ..document })
}

/// The main content as plain text: no marks, no link targets; list marks and the lines of code stay. What is not HTML is markdown here,
/// too.
pub fn plain_text(page: &Page) -> Result<String, Skip> {
    match formatted(page) {
        Some(reading) if reading.markdown.is_empty() => Err(Skip::Empty),
        Some(reading) => Ok(reading.markdown),
        None => read(page, Form::Text).map(|(_, text)| text),
    }
}

/// A page of a format that is neither HTML nor plain text.
fn formatted(page: &Page) -> Option<formats::Reading> {
    match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html | Kind::Text | Kind::Sitemap | Kind::Xml | Kind::Other(_) => None,
        kind => formats::read(&kind, &decode(page), &page.url),
    }
}

fn read(page: &Page, form: Form) -> Result<(String, String), Skip> {
    let (title, content) = match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => {
            let dom = Dom::parse(&decode(page));
            let base = html::base(&dom, &page.url);
            let article = article::find(&dom);
            let content = html::write(&dom, &article, &base, form);
            if content.len() < FORWARDING
                && let Some(target) = links::forward(&dom, &base).filter(|target| *target != page.url)
            {
                return Err(Skip::Moved(target));
            }
            (title::of_html(&dom, &article, &page.url), content)
        }
        Kind::Other(name) => return Err(Skip::Kind(name)),
        Kind::Sitemap | Kind::Xml => return Err(Skip::Kind("application/xml".to_owned())),
        _ => {
            let text = text::passed(&decode(page));
            (title::of_text(&text, &page.url), text)
        }
    };
    match content.trim().is_empty() {
        true => Err(Skip::Empty),
        false => Ok((title, content)),
    }
}

/// In bytes: a page that forwards says little more than where to.
const FORWARDING: usize = 400;
