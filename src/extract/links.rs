//! What the crawler wants of a page: links, canonical address, robots directives, title. One pass over the tokens, no tree.
//! Knows neither scope nor robots.txt: every http(s) link is named.

use std::cell::RefCell;
use std::collections::HashSet;

use html5ever::buffer_queue::BufferQueue;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::TokenizerResult;
use url::Url;

/// What a page says to a crawler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Absolute http and https links without fragment, in document order, each once; `<base href>` is honoured.
    pub links: Vec<Url>,
    /// `<link rel="canonical">`, absolute.
    pub canonical: Option<Url>,
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

pub(super) fn of_html(url: &Url, html: &str) -> Outline {
    let tokenizer = Tokenizer::new(Sink(RefCell::new(Reading::default())), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let reading = tokenizer.sink.0.into_inner();
    let base = reading.base.and_then(|base| resolved(url, &base)).unwrap_or_else(|| url.clone());
    let title = reading.title.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    Outline {
        links: absolute(&base, reading.links.iter().map(|link| &**link)),
        canonical: reading.canonical.and_then(|canonical| resolved(&base, &canonical)),
        robots: reading.robots,
        title: Some(title).filter(|title| !title.is_empty()),
    }
}

/// The links of a plain text or markdown page (llms.txt among them): `](target)` and bare http(s) addresses.
pub(super) fn of_text(url: &Url, text: &str) -> Outline {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['(', 'h']) {
        let (before, from) = rest.split_at(at);
        let end = |text: &str| text.find(|c: char| c.is_whitespace() || matches!(c, ')' | '<' | '>' | '"' | '`' | ']')).unwrap_or(text.len());
        if from.starts_with("http://") || from.starts_with("https://") {
            let link = &from[..end(from)];
            found.push(link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']));
            rest = &from[link.len()..];
        } else {
            rest = &from[1..];
            if from.starts_with('(') && before.ends_with(']') {
                let link = &rest[..end(rest)];
                found.push(link);
                rest = &rest[link.len()..];
            }
        }
    }
    Outline { links: absolute(url, found.into_iter()), ..Outline::default() }
}

fn absolute<'a>(base: &Url, found: impl Iterator<Item = &'a str>) -> Vec<Url> {
    let (mut written, mut links, mut known) = (HashSet::new(), Vec::new(), HashSet::new());
    for link in found {
        let link = link.trim();
        // The same words name the same page, and navigation repeats them: that spares the parse.
        if link.starts_with('#') || !written.insert(link) {
            continue;
        }
        if let Some(link) = resolved(base, link).filter(|link| known.insert(link.clone())) {
            links.push(link);
        }
    }
    links
}

fn resolved(base: &Url, link: &str) -> Option<Url> {
    let mut link = base.join(link.trim()).ok().filter(|link| matches!(link.scheme(), "http" | "https") && link.has_host())?;
    link.set_fragment(None);
    Some(link)
}

#[derive(Default)]
struct Reading {
    base: Option<StrTendril>,
    links: Vec<StrTendril>,
    canonical: Option<StrTendril>,
    robots: MetaRobots,
    title: String,
    in_title: bool,
    /// Open `<template>` elements: their contents are no part of the page.
    templates: u32,
    /// Open `<svg>` elements, whose `<title>` names a drawing.
    drawings: u32,
}

struct Sink(RefCell<Reading>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return reading.start(tag),
                TagKind::EndTag => reading.end(&tag),
            },
            Token::CharacterTokens(text) if reading.in_title => reading.title.push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Reading {
    fn start(&mut self, tag: Tag) -> TokenSinkResult<()> {
        match &*tag.name {
            "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" if self.drawings == 0 => {
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "textarea" => return TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" => return TokenSinkResult::Plaintext,
            "title" if self.drawings == 0 => {
                // The first title counts.
                self.in_title = self.title.is_empty() && self.templates == 0;
                return TokenSinkResult::RawData(RawKind::Rcdata);
            }
            "template" => self.templates += 1,
            "svg" if !tag.self_closing => self.drawings += 1,
            _ if self.templates > 0 => {}
            "a" | "area" => self.links.extend(attribute(&tag, "href")),
            "frame" => self.links.extend(attribute(&tag, "src")),
            "base" if self.base.is_none() => self.base = attribute(&tag, "href"),
            "link" if self.canonical.is_none() => {
                let canonical = attribute(&tag, "rel")
                    .is_some_and(|relations| relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("canonical")));
                if canonical {
                    self.canonical = attribute(&tag, "href");
                }
            }
            "meta" => self.meta(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn end(&mut self, tag: &Tag) {
        match &*tag.name {
            "title" => self.in_title = false,
            "template" => self.templates = self.templates.saturating_sub(1),
            "svg" => self.drawings = self.drawings.saturating_sub(1),
            _ => {}
        }
    }

    fn meta(&mut self, tag: &Tag) {
        let Some(content) = attribute(tag, "content") else { return };
        if attribute(tag, "name").is_some_and(|name| name.trim().eq_ignore_ascii_case("robots")) {
            self.robots.obey(&content);
        }
        if attribute(tag, "http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh")) {
            self.links.extend(refresh_target(&content).map(StrTendril::from));
        }
    }
}

fn attribute(tag: &Tag, name: &str) -> Option<StrTendril> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| attribute.value.clone())
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

    fn outline(html: &str) -> Outline {
        of_html(&Url::parse("https://docs.test/guide/start.html").unwrap(), html)
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
    fn refresh_without_an_address_reloads() {
        assert_eq!(refresh_target("30"), None);
        assert_eq!(refresh_target("0;url=/a b"), Some("/a b"));
        assert_eq!(refresh_target("0, /plain"), Some("/plain"));
    }

    #[test]
    fn text_names_its_links_in_markdown_and_bare() {
        let text = "# Docs\n- [Guide](guide.md): start (here)\n- see https://docs.test/api. Or <https://other.test/x>, (https://docs.test/y).\nhttp";
        let found = of_text(&Url::parse("https://docs.test/llms.txt").unwrap(), text).links;
        let found: Vec<_> = found.iter().map(Url::as_str).collect();
        assert_eq!(found, ["https://docs.test/guide.md", "https://docs.test/api", "https://other.test/x", "https://docs.test/y"]);
    }
}
