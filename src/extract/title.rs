//! A page's title without the name of its site, never empty.

use url::Url;

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};

pub(super) fn of_html(dom: &Dom, article: &Article, url: &Url) -> String {
    let (mut title, mut shared, mut site) = (None, None, None);
    for node in dom.descendants(dom.root()) {
        // Drawings have titles, too.
        if title.is_none()
            && dom.is(node, "title")
            && dom.parent(node).is_some_and(|parent| dom.is(parent, "head") || dom.is(parent, "body"))
        {
            title = joined(&dom.text_content(node));
        } else if shared.is_none() && dom.is(node, "meta") && dom.attribute(node, "property") == Some("og:title") {
            shared = dom.attribute(node, "content").and_then(joined);
        } else if site.is_none() && dom.is(node, "meta") && dom.attribute(node, "property") == Some("og:site_name") {
            site = dom.attribute(node, "content").and_then(joined);
        }
    }
    let headings = Headings::of(dom, article);
    match title {
        // A site that names itself only.
        Some(title) if site.as_ref() == Some(&title) && shared.as_ref().is_some_and(|shared| *shared != title) => shared.unwrap_or(title),
        Some(title) => {
            let own = among_headings(&title, &headings.content, Place::Anywhere);
            let shared = shared.as_deref().filter(|shared| *shared != title);
            let own = own.or_else(|| shared.filter(|shared| title.ends_with(shared)));
            let own = own.or_else(|| among_headings(&title, &headings.page, Place::First));
            let own = own.or_else(|| shared.filter(|shared| title.starts_with(shared)));
            let own = own.or_else(|| site.iter().chain(&headings.beside).find_map(|site| without_site(&title, site)));
            own.unwrap_or(&title).to_owned()
        }
        None => shared.or_else(|| headings.content.into_iter().chain(headings.page).next()).unwrap_or_else(|| of_url(url)),
    }
}

/// Of plain text or markdown: the first heading, else the file's name.
pub(super) fn of_text(text: &str, url: &Url) -> String {
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if !fenced && title.len() < line.len() && line.len() - title.len() <= 6 && title.starts_with(' ') {
            let title = title.trim().trim_end_matches('#').trim_end();
            if let Some(title) = joined(title) {
                return title;
            }
        }
    }
    of_url(url)
}

/// The last segment of the path that says anything, else the host.
pub(super) fn of_url(url: &Url) -> String {
    let segment = url.path().rsplit('/').map(|segment| segment.trim_end_matches(".html").trim_end_matches(".htm"));
    let segment = segment.into_iter().find(|segment| !segment.is_empty() && *segment != "index").map(percent_decoded);
    segment.and_then(|segment| joined(&segment)).unwrap_or_else(|| url.host_str().unwrap_or(url.as_str()).to_owned())
}

/// What may be found in the title again.
struct Headings {
    /// The first of the content.
    content: Vec<String>,
    /// The first of the page: of the content, too, or the site's name.
    page: Vec<String>,
    /// Of these, what is beside the content, as the book's name in mdBook.
    beside: Vec<String>,
}

impl Headings {
    fn of(dom: &Dom, article: &Article) -> Self {
        let within = |top: NodeId, names: &'static [&'static str]| {
            dom.descendants(top).filter(move |node| names.iter().any(|name| dom.is(*node, name)))
        };
        // What is beside the content is left out with all its text.
        let text = |heading: NodeId| joined(&article.text(dom, heading)).or_else(|| joined(&dom.text_content(heading)));
        let content = |names| -> Vec<String> {
            let first = article.roots.iter().flat_map(|root| within(*root, names).take(3));
            first.filter_map(|heading| joined(&article.text(dom, heading))).collect()
        };
        let content = Some(content(&["h1", "h2"])).filter(|found| !found.is_empty()).unwrap_or_else(|| content(&["h3"]));
        let page: Vec<_> = within(dom.root(), &["h1"]).take(3).collect();
        let beside = page.iter().copied().filter(|heading| article.is_left_out(*heading)).filter_map(text).collect();
        Self { content, page: page.into_iter().filter_map(text).collect(), beside }
    }
}

/// Where in the title a heading is looked for. A site's name comes last more often than first.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    First,
    Anywhere,
}

/// "3.1 Lists — Python 3.11 documentation" is "3.1 Lists" where the page has a heading like that.
fn among_headings<'a>(title: &'a str, headings: &[String], place: Place) -> Option<&'a str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let is_heading = |piece: &&str| {
        let piece = plain(piece);
        !piece.is_empty() && headings.iter().any(|heading| plain(heading) == piece)
    };
    let cuts = || SEPARATORS.iter().flat_map(|separator| title.match_indices(separator).map(|(at, mark)| (at, at + mark.len())));
    let first = cuts().map(|(end, _)| &title[..end]).chain([title]).find(is_heading);
    let last = || cuts().map(|(_, start)| &title[start..]).find(is_heading);
    first.or_else(|| last().filter(|_| place == Place::Anywhere)).map(str::trim)
}

fn without_site<'a>(title: &'a str, site: &str) -> Option<&'a str> {
    let own = title.strip_suffix(site)?;
    SEPARATORS.iter().find_map(|mark| own.strip_suffix(mark)).map(str::trim).filter(|own| !own.is_empty())
}

/// In characters; longer ones are mistakes of the page.
const LONGEST: usize = 300;

const SEPARATORS: [&str; 9] = [" — ", " – ", " - ", " | ", " · ", " :: ", " » ", ": ", " • "];

fn joined(text: &str) -> Option<String> {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
    }
    let text = text.trim_end_matches(['¶', '§']).trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn percent_decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
