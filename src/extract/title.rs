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
    let headings = headings(dom, article);
    match title {
        Some(title) => match (without_site(&title, &headings), shared) {
            (Some(own), _) => own.to_owned(),
            (None, Some(shared)) if title.starts_with(&shared) => shared,
            (None, _) => {
                // Headings beside the content name the site, as in mdBook.
                let beside = dom.descendants(dom.root()).filter(|node| dom.is(*node, "h1") && article.is_left_out(*node));
                let sites = site.into_iter().chain(beside.filter_map(|heading| joined(&dom.text_content(heading))));
                let own = sites.take(3).find_map(|site| {
                    let own = title.strip_suffix(&site)?;
                    SEPARATORS
                        .iter()
                        .find_map(|mark| own.strip_suffix(mark))
                        .map(str::trim)
                        .filter(|own| !own.is_empty())
                        .map(str::to_owned)
                });
                own.unwrap_or(title)
            }
        },
        None => shared.or_else(|| headings.into_iter().next()).unwrap_or_else(|| of_url(url)),
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

/// The content's first headings, then the page's: one of them is likely to be in its title.
fn headings(dom: &Dom, article: &Article) -> Vec<String> {
    let within = |top: NodeId, names: &'static [&'static str]| {
        let named = dom.descendants(top).filter(move |node| names.iter().any(|name| dom.is(*node, name)));
        named.filter_map(|heading| joined(&article.text(dom, heading)))
    };
    let content = article.roots.iter().flat_map(|root| within(*root, &["h1", "h2"]).take(3));
    content.chain(within(dom.root(), &["h1"]).take(2)).collect()
}

/// "3.1 Lists — Python 3.11 documentation" is "3.1 Lists" where the page has a heading like that.
fn without_site<'a>(title: &'a str, headings: &[String]) -> Option<&'a str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let headings: Vec<_> = headings.iter().map(|heading| plain(heading)).filter(|heading| !heading.is_empty()).collect();
    let cuts = || SEPARATORS.iter().flat_map(|separator| title.match_indices(separator).map(|(at, mark)| (at, at + mark.len())));
    // A site's name comes last more often than first.
    let (before, after) = (cuts().map(|(end, _)| &title[..end]), cuts().map(|(_, start)| &title[start..]));
    before.chain([title]).chain(after).find(|piece| headings.contains(&plain(piece))).map(str::trim)
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

fn percent_decoded(segment: &str) -> String {
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
