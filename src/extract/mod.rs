//! Turns the bytes of a page into a `Document`: charset, main content, markdown. Pure and synchronous.
//! Knows no network and no database; any bytes are a page, and only a `Skip` says that they are none worth keeping.

mod admonition;
mod anchors;
mod article;
mod beside;
mod blocks;
mod cells;
mod charset;
mod code;
mod dom;
mod escape;
mod facts;
mod genre;
mod hidden;
mod hints;
mod html;
mod inline;
mod judge;
mod kind;
mod lines;
mod links;
mod lists;
mod math;
mod mathml;
mod phrases;
mod scripts;
mod spans;
mod streamed;
mod syntax;
mod table;
mod tabs;
mod tags;
mod tex;
mod text;
mod title;
mod told;

use thiserror::Error;
use url::Url;

use crate::extract::dom::Dom;
use crate::extract::inline::Form;
use crate::extract::syntax::Syntax;
use crate::model::{CodeBlock, Document, Heading, Note, Page};

pub use kind::{Kind, kind};
pub use links::{MetaRobots, Outline};

/// Why a page gives no document.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skip {
    /// Neither HTML nor text: the media type as sent, else as sniffed.
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
            Self::Kind(_) => Some("only HTML, markdown and plain text are indexed"),
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

/// What the page says to a crawler, in one quick pass; a page that is neither HTML nor text has no links.
pub fn links(page: &Page) -> Outline {
    match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => {
            let html = decode(page);
            links::of_html(&page.url, &html, Syntax::of(page.content_type.as_deref(), &html))
        }
        Kind::Markdown | Kind::Text => links::of_text(&page.url, &decode(page)),
        Kind::Sitemap | Kind::Xml | Kind::Other(_) => Outline::default(),
    }
}

/// Whether code marked as `name` is what somebody wants who asks for the language `asked`: "py" is Python, and so is a session of its
/// prompt.
pub fn is_language(asked: &str, name: &str) -> bool {
    code::is_language(asked, name)
}

/// The page's title and main content as CommonMark with tables; plain text and markdown pass as they are.
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
    let Content { title, text, outline, code, notes } = read(page, Form::Markdown)?;
    let document = Document::new(page.url.clone(), title, text, page.fetched_at);
    Ok(Document { outline, code, notes, validators: page.validators.clone(), ..document })
}

/// The main content as plain text: no marks, no link targets; list marks and the lines of code stay.
pub fn plain_text(page: &Page) -> Result<String, Skip> {
    titled_text(page).map(|(_, text)| text)
}

/// The page's title, and its main content as plain text, in one reading.
pub fn titled_text(page: &Page) -> Result<(String, String), Skip> {
    read(page, Form::Text).map(|content| (content.title, content.text))
}

/// What is read of a page.
struct Content {
    title: String,
    text: String,
    outline: Vec<Heading>,
    code: Vec<CodeBlock>,
    notes: Vec<Note>,
}

fn read(page: &Page, form: Form) -> Result<Content, Skip> {
    let content = match kind(page.content_type.as_deref(), &page.url, &page.body) {
        Kind::Html => {
            let html = decode(page);
            let mut dom = Dom::parse_as(&html, Syntax::of(page.content_type.as_deref(), &html));
            streamed::put_in_place(&mut dom);
            let base = html::base(&dom, &page.url);
            let article = article::find(&dom);
            let written = html::write(&dom, &article, &base, form);
            if written.text.len() < FORWARDING
                && let Some(target) = links::forward(&dom, &base).filter(|target| *target != page.url)
            {
                return Err(Skip::Moved(target));
            }
            Content {
                title: title::of_html(&dom, &article, &page.url),
                text: written.text,
                outline: written.outline,
                code: written.code,
                notes: article.notes(&dom),
            }
        }
        Kind::Markdown | Kind::Text => {
            let text = text::passed(&decode(page));
            Content { title: title::of_text(&text, &page.url), text, outline: Vec::new(), code: Vec::new(), notes: Vec::new() }
        }
        Kind::Sitemap | Kind::Xml => return Err(Skip::Kind("application/xml".to_owned())),
        Kind::Other(name) => return Err(Skip::Kind(name)),
    };
    match content.text.trim().is_empty() {
        true => Err(Skip::Empty),
        false => Ok(content),
    }
}

/// In bytes: a page that forwards says little more than where to.
const FORWARDING: usize = 400;
