//! What the crawler wants of a page: links, canonical address, robots directives, title. One pass over the tags, no tree.
//! Knows neither scope nor robots.txt: every http(s) link is named.

use std::borrow::Cow;
use std::collections::HashSet;

use encoding_rs::UTF_8;
use url::Url;

use crate::extract::base::Base;
use crate::extract::dom::{Dom, NodeId};
use crate::extract::syntax::Syntax;
use crate::extract::tags::{Tag, Tags};
use crate::model::Meter;

/// What a page says to a crawler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Absolute http and https links without fragment, in document order, each once; `<base href>` is honoured.
    pub links: Vec<Url>,
    /// `<link rel="canonical">`, absolute.
    pub canonical: Option<Url>,
    /// `<link rel="alternate" hreflang="…">`: the language tags of the same page in other languages, itself among them, and their addresses, absolute.
    pub alternates: Vec<(String, Url)>,
    /// `<link rel="alternate" type="text/markdown">`: the same page in markdown, absolute.
    pub markdown: Option<Url>,
    pub robots: MetaRobots,
    /// The text of `<title>`, blanks joined.
    pub title: Option<String>,
}

/// `<meta name="robots">`: may the page be indexed, may its links be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetaRobots {
    pub index: bool,
    pub follow: bool,
}

impl Default for MetaRobots {
    fn default() -> Self {
        Self { index: true, follow: true }
    }
}

impl MetaRobots {
    fn obey(&mut self, content: &str) {
        for word in content.split(',').map(str::trim) {
            self.index &= !word.eq_ignore_ascii_case("noindex") && !word.eq_ignore_ascii_case("none");
            self.follow &= !word.eq_ignore_ascii_case("nofollow") && !word.eq_ignore_ascii_case("none");
        }
    }
}

pub(super) fn of_html(page: &Base, html: &str, syntax: Syntax, meter: &Meter) -> Outline {
    let mut reading = Reading::default();
    let mut tags = Tags::of(html, syntax);
    while let Some(tag) = tags.next().filter(|tag| meter.goes_on_by(1 + tag.len() / 64)) {
        reading.tag(&tag, &mut tags);
    }
    let base = page.clone().with(reading.base.as_deref());
    let title = reading.title.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    Outline {
        links: absolute(&base, html.len(), reading.links.iter().map(|link| &**link)),
        canonical: reading.canonical.and_then(|canonical| resolved(&base, &canonical)),
        alternates: reading.alternates.iter().filter_map(|(language, at)| Some((language.to_string(), resolved(&base, at)?))).collect(),
        markdown: reading.markdown.and_then(|markdown| resolved(&base, &markdown)),
        robots: reading.robots,
        title: Some(title).filter(|title| !title.is_empty()),
    }
}

/// Where `<meta http-equiv="refresh">` sends the reader.
pub(super) fn forward(dom: &Dom, base: &Base) -> Option<Url> {
    let refresh = |node: &NodeId| {
        dom.is(*node, "meta") && dom.attribute(*node, "http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh"))
    };
    let content = dom.descendants(dom.root()).find(refresh).and_then(|node| dom.attribute(node, "content"))?;
    resolved(base, refresh_target(content)?)
}

/// The links of a page of `size` bytes that is not HTML, as it has them.
pub(super) fn of_targets(url: &Url, size: usize, targets: &[String]) -> Outline {
    Outline { links: absolute(&Base::of(url, UTF_8), size, targets.iter().map(String::as_str)), ..Outline::default() }
}

/// `size`: of the page, in bytes. A long base would make many times that of its links.
fn absolute<'a>(base: &Base, size: usize, found: impl Iterator<Item = &'a str>) -> Vec<Url> {
    let (mut written, mut links, mut known) = (HashSet::new(), Vec::new(), HashSet::new());
    let mut left = MOST_REPEATED * size + LEAST;
    for link in found {
        let link = link.trim();
        // The same words name the same page, and navigation repeats them: that spares the parse.
        if link.starts_with('#') || !written.insert(link) {
            continue;
        }
        if let Some(link) = resolved(base, link).filter(|link| link.as_str().len() <= left && known.insert(link.clone())) {
            left -= link.as_str().len();
            links.push(link);
        }
    }
    links
}

/// Languages that a page is told in: more than any site has.
const MOST_ALTERNATES: usize = 500;
/// All links of a page together may be so many times as long as it is.
const MOST_REPEATED: usize = 16;
/// In bytes: and so much more, as small pages have long addresses, too.
const LEAST: usize = 1 << 20;

fn resolved(base: &Base, link: &str) -> Option<Url> {
    let mut link = base.join(link.trim()).ok().filter(is_of_web)?;
    link.set_fragment(None);
    Some(link)
}

fn is_of_web(link: &Url) -> bool {
    matches!(link.scheme(), "http" | "https") && link.has_host()
}

#[derive(Default)]
struct Reading<'a> {
    base: Option<Cow<'a, str>>,
    links: Vec<Cow<'a, str>>,
    canonical: Option<Cow<'a, str>>,
    alternates: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    markdown: Option<Cow<'a, str>>,
    robots: MetaRobots,
    title: String,
    /// Open `<template>` elements: their contents are no part of the page.
    templates: u32,
    /// Open `<svg>` elements, whose `<title>` names a drawing.
    drawings: u32,
}

impl<'a> Reading<'a> {
    fn tag(&mut self, tag: &Tag<'a>, tags: &mut Tags<'a>) {
        let open = !tag.closes;
        match tag.name() {
            // A declarative shadow root is shown.
            "template" if self.templates == 0 && open && tag.attribute("shadowrootmode").is_some() => {}
            "template" => self.templates = if open { self.templates + 1 } else { self.templates.saturating_sub(1) },
            "svg" if !tag.ends_itself() => self.drawings = if open { self.drawings + 1 } else { self.drawings.saturating_sub(1) },
            _ if !open => {}
            "script" | "textarea" | "plaintext" => tags.skip_to_end_of(tag),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" if self.drawings == 0 => tags.skip_to_end_of(tag),
            "title" if self.drawings == 0 => {
                let title = tags.text_to_end_of(tag);
                // The first one counts.
                if self.title.is_empty() && self.templates == 0 {
                    self.title = title.into_owned();
                }
            }
            _ if self.templates > 0 => {}
            "a" | "area" => self.links.extend(tag.attribute("href")),
            "frame" => self.links.extend(tag.attribute("src")),
            "base" if self.base.is_none() => self.base = tag.attribute("href"),
            "link" => self.relation(tag),
            "meta" => self.meta(tag),
            _ => {}
        }
    }

    fn relation(&mut self, tag: &Tag<'a>) {
        let Some(relations) = tag.attribute("rel") else { return };
        let is = |name: &str| relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case(name));
        if self.canonical.is_none() && is("canonical") {
            self.canonical = tag.attribute("href");
        }
        if self.markdown.is_none() && is("alternate") && tag.attribute("type").is_some_and(|kind| is_markdown(&kind)) {
            self.markdown = tag.attribute("href");
        }
        if self.alternates.len() < MOST_ALTERNATES
            && is("alternate")
            && let (Some(language), Some(at)) = (tag.attribute("hreflang"), tag.attribute("href"))
        {
            self.alternates.push((language, at));
        }
    }

    fn meta(&mut self, tag: &Tag<'a>) {
        let Some(content) = tag.attribute("content") else { return };
        if tag.attribute("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("robots")) {
            self.robots.obey(&content);
        }
        if tag.attribute("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh")) {
            self.links.extend(refresh_target(&content).map(|target| Cow::Owned(target.to_owned())));
        }
    }
}

/// A media type, with parameters or without.
fn is_markdown(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("text/markdown") || essence.eq_ignore_ascii_case("text/x-markdown")
}

/// `5; url='next.html'`: <https://html.spec.whatwg.org/#shared-declarative-refresh-steps>
fn refresh_target(content: &str) -> Option<&str> {
    let rest = content.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let rest = match rest.get(..3) {
        Some(url) if url.eq_ignore_ascii_case("url") => match rest[3..].trim_start().strip_prefix('=') {
            Some(target) => target.trim_start(),
            None => rest,
        },
        _ => rest,
    };
    let target = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest,
    };
    Some(target).filter(|target| !target.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn outline(html: &str) -> Outline {
        of_html(
            &Base::of(&Url::parse("https://docs.test/guide/start.html").unwrap(), UTF_8),
            html,
            Syntax::declared(html),
            &Budget::default().begin(),
        )
    }

    fn links(html: &str) -> Vec<String> {
        outline(html).links.into_iter().map(String::from).collect()
    }

    #[test]
    fn links_are_absolute_in_order_and_once() {
        assert_eq!(
            links("<a href=b>b</a><A HREF='../a?x=1&amp;y=2#f'>a</A><a href=b#part>b</a><area href=//other.test/><a href=' c '>"),
            ["https://docs.test/guide/b", "https://docs.test/a?x=1&y=2", "https://other.test/", "https://docs.test/guide/c"]
        );
    }

    #[test]
    fn what_is_no_page_is_no_link() {
        let html = "<a href='javascript:x()'><a href=mailto:a@b.c><a href=#here><a href='http://'><a><iframe src=frame.html></iframe>\
            <script>document.write('<a href=script>')</script><!-- <a href=comment> --><textarea><a href=text></textarea>\
            <style><a href=style></style><template><a href=template></template><link rel=stylesheet href=s.css><img src=i.png>";
        assert_eq!(links(html), [""; 0]);
    }

    #[test]
    fn the_first_base_counts_wherever_it_stands() {
        assert_eq!(links("<a href=x>x</a><base href=/other/><base href=/third/>"), ["https://docs.test/other/x"]);
        assert_eq!(links("<base href='javascript:1'><a href=x>"), ["https://docs.test/guide/x"]);
    }

    #[test]
    fn head_says_canonical_robots_title_and_refresh() {
        let outline = outline(
            "<title>\n A &amp;\n B </title><svg><title>drawing</title></svg><link rel='Canonical' href='/c#f'>\
             <meta name=ROBOTS content='NoIndex, max-snippet:3'><meta http-equiv=refresh content=\"0; URL='next.html'\">",
        );
        assert_eq!(outline.title.as_deref(), Some("A & B"));
        assert_eq!(outline.canonical.unwrap().as_str(), "https://docs.test/c");
        assert_eq!(outline.robots, MetaRobots { index: false, follow: true });
        assert_eq!(outline.links[0].as_str(), "https://docs.test/guide/next.html");
    }

    #[test]
    fn the_quick_pass_and_the_tree_agree() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
        let url = Url::parse("https://docs.test/guide/start.html").unwrap();
        let mut pages = 0;
        for entry in ["extract", "readability"].iter().flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap()) {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            let html = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
            let dom = Dom::parse(&html);
            let in_template =
                |node| dom.ancestors(node).any(|above| dom.is(above, "template") && dom.attribute(above, "shadowrootmode").is_none());
            let hrefs = dom.descendants(dom.root()).filter(|node| (dom.is(*node, "a") || dom.is(*node, "area")) && !in_template(*node));
            let base = crate::extract::html::base(&dom, Base::of(&url, UTF_8));
            let expected = absolute(&base, html.len(), hrefs.filter_map(|node| dom.attribute(node, "href")));
            assert_eq!(
                of_html(&Base::of(&url, UTF_8), &html, Syntax::declared(&html), &Budget::default().begin()).links,
                expected,
                "{}",
                path.display()
            );
            pages += 1;
        }
        assert!(pages >= 15);
    }

    #[test]
    fn refresh_without_an_address_reloads() {
        assert_eq!(refresh_target("30"), None);
        assert_eq!(refresh_target("0;url=/a b"), Some("/a b"));
        assert_eq!(refresh_target("0, /plain"), Some("/plain"));
    }
}
