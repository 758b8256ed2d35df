//! A page's title without the name of its site, never empty.

use url::Url;

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};

pub(super) fn of_html(dom: &Dom, article: &Article, url: &Url) -> String {
    let heading = heading(dom, article);
    let mut candidates = [None, None];
    for node in dom.descendants(dom.root()) {
        if dom.is(node, "title") && candidates[0].is_none() && dom.parent(node).is_some_and(|parent| dom.is(parent, "head") || dom.is(parent, "body")) {
            candidates[0] = joined(&dom.text_content(node));
        } else if dom.is(node, "meta") && candidates[1].is_none() && dom.attribute(node, "property") == Some("og:title") {
            candidates[1] = dom.attribute(node, "content").and_then(joined);
        }
    }
    let [title, shared] = candidates;
    match (title, heading) {
        (Some(title), Some(heading)) => without_site(&title, &heading).to_owned(),
        (Some(title), None) => match shared {
            Some(shared) if title.starts_with(&shared) => shared,
            _ => title,
        },
        (None, heading) => shared.or(heading).unwrap_or_else(|| of_url(url)),
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

fn heading(dom: &Dom, article: &Article) -> Option<String> {
    let first = |top: NodeId| {
        dom.descendants(top).filter(|node| dom.is(*node, "h1")).find_map(|heading| joined(&article.text(dom, heading)))
    };
    article.roots.iter().find_map(|root| first(*root)).or_else(|| first(dom.root()))
}

/// "3.1 Lists — Python 3.11 documentation" is "3.1 Lists" where the page's heading is that, or nearly.
fn without_site<'a>(title: &'a str, heading: &str) -> &'a str {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let wanted = plain(heading);
    if wanted.is_empty() {
        return title;
    }
    let parts = SEPARATORS.iter().flat_map(|separator| title.match_indices(separator).map(|(at, mark)| (at, at + mark.len())));
    let pieces = parts.flat_map(|(end, start)| [&title[..end], &title[start..]]);
    pieces.filter(|piece| plain(piece) == wanted).min_by_key(|piece| piece.len()).map_or(title, str::trim)
}

const SEPARATORS: [&str; 9] = [" — ", " – ", " - ", " | ", " · ", " :: ", " » ", ": ", " • "];

fn joined(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
