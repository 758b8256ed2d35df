//! What kind of page a passage is from, by its address, its title and its text. Pure.

use url::Url;

use super::question::Question;
use crate::model::{Chunk, ChunkKind, PageKind};

/// Of a passage.
pub(super) fn of(url: &Url, title: &str, chunk: &Chunk) -> PageKind {
    match of_page(url, title) {
        PageKind::Page | PageKind::Source | PageKind::Blog if chunk.kind == ChunkKind::Text && is_list_of_links(&chunk.text) => {
            PageKind::Contents
        }
        kind => kind,
    }
}

/// Of all of a page, whatever its passages are.
pub(in crate::store) fn of_page(url: &Url, title: &str) -> PageKind {
    let title = title.to_lowercase();
    let is = |names: &[&str]| {
        segments(url).any(|segment| names.iter().any(|name| segment == *name || segment.strip_suffix(name).is_some_and(is_joint)))
    };
    if is(&RELEASES) || RELEASE_TITLES.iter().any(|begin| title.starts_with(begin)) {
        PageKind::ReleaseNotes
    } else if is(&CONTENTS) {
        PageKind::Contents
    } else if is(&SOURCES) || title.starts_with("source code for") {
        PageKind::Source
    } else if is(&["blog", "blogs", "posts"]) || url.host_str().is_some_and(|host| host.starts_with("blog.") || host.starts_with("news.")) {
        PageKind::Blog
    } else {
        PageKind::Page
    }
}

/// What such a page loses beside others. A weak prior: what it says may still be the best there is.
pub(super) fn malus(kind: PageKind, question: &Question) -> f32 {
    let malus = match kind {
        PageKind::ReleaseNotes if question.asks_for_changes() => 0.0,
        PageKind::ReleaseNotes | PageKind::Contents => 0.15,
        PageKind::Blog | PageKind::Source => 0.06,
        PageKind::Page => 0.0,
    };
    // Every name stands there, and is told elsewhere.
    if question.is_exact() { malus * 4.0 } else { malus }
}

/// The parts of the path, lower case, the last one without its extension.
fn segments(url: &Url) -> impl Iterator<Item = String> + '_ {
    let parts = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    parts.map(|part| {
        part.rsplit_once('.').map_or(part, |(stem, extension)| if extension.len() <= 5 { stem } else { part }).to_ascii_lowercase()
    })
}

fn is_joint(before: &str) -> bool {
    before.ends_with(['-', '_', '.'])
}

/// Whether most of its letters stand in links.
fn is_list_of_links(markdown: &str) -> bool {
    let (mut linked, mut all, mut rest, mut links) = (0, 0, markdown, 0);
    while let Some(at) = rest.find("](") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let open = before.rfind('[').unwrap_or(0);
        linked += letters(&before[open..]);
        all += letters(before);
        links += 1;
        rest = after.find(')').map_or("", |end| &after[end + 1..]);
    }
    all += letters(rest);
    links >= LEAST_LINKS && linked * 100 > all * LINKED
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

const RELEASES: [&str; 16] = [
    "changelog",
    "changelogs",
    "changes",
    "release-notes",
    "release_notes",
    "releasenotes",
    "releases",
    "release",
    "whatsnew",
    "whats-new",
    "what-s-new",
    "whats_new",
    "news",
    "history",
    "release-history",
    "announcements",
];
const RELEASE_TITLES: [&str; 9] = [
    "changelog",
    "change log",
    "release notes",
    "what’s new in",
    "what's new in",
    "changes in",
    "release history",
    "version history",
    "history of changes",
];
const CONTENTS: [&str; 10] =
    ["contents", "genindex", "modindex", "py-modindex", "toc", "sitemap", "table-of-contents", "search", "all", "namespacemembers"];
const SOURCES: [&str; 4] = ["_modules", "_sources", "_source", "source-code"];
const LEAST_LINKS: usize = 5;
/// Percent of the letters.
const LINKED: usize = 75;

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(url: &str, title: &str, text: &str) -> PageKind {
        let chunk = Chunk { ordinal: 0, heading_path: vec![], text: text.into(), kind: ChunkKind::Text, anchor: None };
        of(&Url::parse(url).unwrap(), title, &chunk)
    }

    #[test]
    fn pages_are_known_by_their_address_or_title() {
        for (url, title, expected) in [
            ("https://a.test/3/whatsnew/3.11.html", "x", PageKind::ReleaseNotes),
            ("https://a.test/CHANGELOG.md", "x", PageKind::ReleaseNotes),
            ("https://a.test/x", "What’s New In Python 3.11", PageKind::ReleaseNotes),
            ("https://a.test/docs/kettle-changelog/", "x", PageKind::ReleaseNotes),
            ("https://a.test/genindex.html", "x", PageKind::Contents),
            ("https://a.test/blog/2020/tea", "x", PageKind::Blog),
            ("https://blog.a.test/tea", "x", PageKind::Blog),
            ("https://a.test/_modules/kettle.html", "x", PageKind::Source),
            ("https://a.test/library/history-of-tea.html", "Tea", PageKind::Page),
            ("https://a.test/newsletter", "A newsletter", PageKind::Page),
        ] {
            assert_eq!(kind(url, title, "Text."), expected, "{url}");
        }
    }

    #[test]
    fn lists_of_links_are_contents() {
        let links: String = (0..8).map(|at| format!("- [The kettle number {at}](https://a.test/{at})\n")).collect();
        assert_eq!(kind("https://a.test/x", "x", &links), PageKind::Contents);
        let prose = "Put the kettle on and wait for it to sing, then pour the water over the leaves and wait again. ".repeat(4);
        assert_eq!(kind("https://a.test/x", "x", &format!("{prose}{links}")), PageKind::Page);
    }
}
