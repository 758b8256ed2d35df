//! What the crawler wants of a page: links, canonical address, robots directives, title. One pass over the tags, no tree.
//! Knows neither scope nor robots.txt: every http(s) link is named.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

use encoding_rs::UTF_8;
use foldhash::quality::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use url::Url;

use crate::extract::allowance::would_lead;
use crate::extract::base::{Base, Unresolved};
use crate::extract::dom::{Dom, NodeId};
use crate::extract::shell::{self, Shell, Sight};
use crate::extract::syntax::Syntax;
use crate::extract::tags::{Tag, Tags, decoded};
use crate::model::Meter;

/// What a page says to a crawler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Absolute http and https links without fragment, in document order, each once; `<base href>` is honoured.
    pub links: Vec<Url>,
    /// Links that are none of these, as their addresses are longer than 2,000 bytes: what they are known by, each once.
    pub too_long: Vec<u64>,
    /// `<link rel="canonical">`, absolute.
    pub canonical: Option<Url>,
    /// `<link rel="alternate" hreflang="…">`: the language tags of the same page in other languages, itself among them, and their addresses, absolute.
    pub alternates: Vec<(String, Url)>,
    /// `<link rel="alternate" type="text/markdown">`: the same page in markdown, absolute.
    pub markdown: Option<Url>,
    /// Where `<meta http-equiv="refresh">`, or a script that does nothing else, sends the readers of a page that says next to nothing itself,
    /// absolute.
    pub forward: Option<Url>,
    pub robots: MetaRobots,
    /// The text of `<title>`, blanks joined.
    pub title: Option<String>,
    /// How each of `links` is written, in their order, where that is asked for ([`described`](super::described)) and the page is HTML; else
    /// none.
    pub anchors: Vec<Anchor>,
    /// What the page is if its own text is nearly empty although scripts are there.
    pub shell: Option<Shell>,
}

impl Outline {
    /// Links that stand in what a page has for its scripts.
    pub(super) fn add_links(&mut self, more: Vec<Url>) {
        let known: HashSet<Url> = self.links.iter().cloned().collect();
        let anchored = !self.anchors.is_empty();
        let mut met = HashSet::new();
        for link in more {
            if !known.contains(&link) && met.insert(link.clone()) {
                self.links.push(link);
                self.anchors.extend(anchored.then(Anchor::default));
            }
        }
    }
}

/// How a link is written where it stands first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// What it is called, blanks joined, the first 300 bytes; of a picture its `alt`. Empty where it has no text.
    pub text: String,
    /// The words of `rel`, as `nofollow`; empty where there are none.
    pub rel: String,
}

/// What is to be known of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Targets,
    /// Their [`Anchor`]s, too.
    Anchors,
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

pub(super) fn of_html(page: &Base, html: &str, syntax: Syntax, wanted: Wanted, meter: &Meter) -> Outline {
    let mut reading = Reading { labels: (wanted == Wanted::Anchors).then(Labels::default), ..Reading::default() };
    let mut tags = Tags::of(html, syntax);
    let mut from = 0;
    while let Some(tag) = tags.next().filter(|tag| meter.goes_on_by(1 + tag.len() / 64)) {
        let before = &html[from..tags.position() - tag.len()];
        if let Some(labels) = &mut reading.labels {
            labels.text(before);
        }
        // What is in a template is not seen.
        if reading.templates == 0 {
            reading.sight.text(before);
        }
        reading.tag(&tag, &mut tags);
        from = tags.position();
    }
    reading.labels.iter_mut().for_each(|labels| labels.text(&html[from..]));
    reading.sight.text(&html[from..]);
    let base = page.clone().with(reading.base.as_deref());
    let title = reading.title.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let mut labels = reading.labels.map(|labels| labels.all(reading.links.len())).unwrap_or_default();
    let mut anchors = Vec::new();
    let (links, too_long) = absolute(&base, html.len(), reading.links.iter().map(|link| &**link), |place| {
        anchors.extend(labels.get_mut(place).map(Anchor::take));
    });
    Outline {
        links,
        too_long,
        anchors,
        canonical: reading.canonical.and_then(|canonical| resolved(&base, &canonical)),
        alternates: reading.alternates.iter().filter_map(|(language, at)| Some((language.to_string(), resolved(&base, at)?))).collect(),
        markdown: reading.markdown.and_then(|markdown| resolved(&base, &markdown)),
        forward: reading.forward.filter(|_| reading.sight.says_little()).and_then(|forward| resolved(&base, &forward)),
        robots: reading.robots,
        title: Some(title).filter(|title| !title.is_empty()),
        shell: reading.sight.is_little().then(|| shell::of_html(html, syntax, meter)).flatten(),
    }
}

/// Where `<meta http-equiv="refresh">` sends the reader; within `noscript`, nobody whose browser runs scripts.
pub(super) fn forward(dom: &Dom, base: &Base) -> Option<Url> {
    let refresh = |node: &NodeId| {
        dom.is(*node, "meta")
            && dom.attribute(*node, "http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh"))
            && !dom.ancestors(*node).any(|above| dom.is(above, "noscript"))
    };
    let content = dom.descendants(dom.root()).find(refresh).and_then(|node| dom.attribute(node, "content"))?;
    resolved(base, refresh_target(content).filter(|_| is_soon(content))?)
}

/// The links of a page of `size` bytes that is not HTML, as it has them.
pub(super) fn of_targets(url: &Url, size: usize, targets: &[String]) -> Outline {
    let (links, too_long) = absolute(&Base::of(url, UTF_8), size, targets.iter().map(String::as_str), |_| ());
    Outline { links, too_long, ..Outline::default() }
}

/// The links, and what those are known by that are too long. `size`: of the page, in bytes. A long base would make many times that of its
/// links. The places of those that are taken are told.
fn absolute<'a>(base: &Base, size: usize, found: impl Iterator<Item = &'a str>, mut taken: impl FnMut(usize)) -> (Vec<Url>, Vec<u64>) {
    // Pages choose the addresses: hence a seed.
    let hasher = RandomState::default();
    let mut written: HashSet<&str, _> = HashSet::with_hasher(hasher.clone());
    let (mut links, mut known): (Vec<Url>, HashTable<usize>) = (Vec::new(), HashTable::new());
    let mut left = MOST_REPEATED * size + LEAST;
    let mut too_long = Vec::new();
    for (place, link) in found.enumerate() {
        let link = link.trim();
        // The same words name the same page, and navigation repeats them: that spares the parse.
        if link.starts_with('#') || !written.insert(link) {
            continue;
        }
        let link = match base.join(link) {
            Ok(link) => link,
            Err(why) => {
                if why == Unresolved::TooLong && would_lead(base, link, WEB) {
                    too_long.push(known_by(link));
                }
                continue;
            }
        };
        let Some(link) = of_web(link).filter(|link| link.as_str().len() <= left) else { continue };
        let hash = |link: &Url| hasher.hash_one(link.as_str());
        if let Entry::Vacant(vacant) = known.entry(hash(&link), |known| links[*known] == link, |known| hash(&links[*known])) {
            vacant.insert(links.len());
            left -= link.as_str().len();
            links.push(link);
            taken(place);
        }
    }
    (links, too_long)
}

/// Languages that a page is told in: more than any site has.
const MOST_ALTERNATES: usize = 500;
/// All links of a page together may be so many times as long as it is.
const MOST_REPEATED: usize = 16;
/// In bytes: and so much more, as small pages have long addresses, too.
const LEAST: usize = 1 << 20;

fn resolved(base: &Base, link: &str) -> Option<Url> {
    base.join(link.trim()).ok().and_then(of_web)
}

fn of_web(mut link: Url) -> Option<Url> {
    if !is_of_web(&link) {
        return None;
    }
    link.set_fragment(None);
    Some(link)
}

/// What an address is known by that is too long to be kept: the same from page to page.
fn known_by(link: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    link.hash(&mut hasher);
    hasher.finish()
}

const WEB: &[&str] = &["http", "https"];

fn is_of_web(link: &Url) -> bool {
    matches!(link.scheme(), "http" | "https") && link.has_host()
}

#[derive(Default)]
struct Reading<'a> {
    base: Option<Cow<'a, str>>,
    links: Vec<Cow<'a, str>>,
    /// What these are called, where that is wanted.
    labels: Option<Labels>,
    canonical: Option<Cow<'a, str>>,
    alternates: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    markdown: Option<Cow<'a, str>>,
    forward: Option<Cow<'a, str>>,
    robots: MetaRobots,
    title: String,
    /// Open `<template>` elements: their contents are no part of the page.
    templates: u32,
    /// Open `<svg>` elements, whose `<title>` names a drawing.
    drawings: u32,
    /// Open `<noscript>` elements: what is in them is for browsers that run no scripts.
    substitutes: u32,
    /// The page is a set of frames.
    framed: bool,
    sight: Sight,
}

impl<'a> Reading<'a> {
    fn tag(&mut self, tag: &Tag<'a>, tags: &mut Tags<'a>) {
        let open = !tag.closes;
        match tag.name() {
            // A declarative shadow root is shown.
            "template" if self.templates == 0 && open && tag.attribute("shadowrootmode").is_some() => {}
            "a" if !open => {
                self.sight.link(false);
                self.labels.iter_mut().for_each(Labels::end);
            }
            "template" => self.templates = if open { self.templates + 1 } else { self.templates.saturating_sub(1) },
            name if shell::is_beside(name) => {
                self.sight.beside(tag);
                let opened = match name {
                    "svg" if !tag.ends_itself() => Some(&mut self.drawings),
                    "noscript" => Some(&mut self.substitutes),
                    _ => None,
                };
                if let Some(opened) = opened {
                    *opened = if open { *opened + 1 } else { opened.saturating_sub(1) };
                }
            }
            _ if !open => {}
            "script" => {
                self.sight.script();
                let target = script_target(tags.raw_to_end_of(tag)).filter(|_| self.templates == 0).map(Cow::Borrowed);
                self.links.extend(target.clone());
                self.forward = self.forward.take().or(target);
            }
            "textarea" | "plaintext" => tags.skip_to_end_of(tag),
            "frameset" => self.framed = true,
            // Of a set of frames that is the text.
            "noframes" if self.framed => {}
            "style" | "xmp" | "iframe" | "noembed" | "noframes" if self.drawings == 0 => tags.skip_to_end_of(tag),
            "title" if self.drawings == 0 => {
                let title = tags.text_to_end_of(tag);
                // The first one counts.
                if self.title.is_empty() && self.templates == 0 {
                    self.title = title.into_owned();
                }
            }
            _ if self.templates > 0 => {}
            "img" => self.labels.iter_mut().for_each(|labels| labels.picture(tag)),
            "a" => {
                let has_target = self.link(tag, "href");
                self.sight.link(has_target);
            }
            "area" => _ = self.link(tag, "href"),
            "frame" => _ = self.link(tag, "src"),
            "base" if self.base.is_none() => self.base = tag.attribute("href"),
            "link" => self.relation(tag),
            "meta" => self.meta(tag),
            _ => {}
        }
    }

    /// Whether it leads anywhere.
    fn link(&mut self, tag: &Tag<'a>, attribute: &str) -> bool {
        let target = tag.attribute(attribute);
        if let Some(labels) = &mut self.labels {
            labels.end();
            if target.is_some() {
                labels.begin(self.links.len(), tag);
            }
        }
        let leads = target.is_some();
        self.links.extend(target);
        leads
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
            let target = refresh_target(&content).map(|target| Cow::Owned(target.to_owned()));
            self.links.extend(target.clone());
            if self.substitutes == 0 {
                self.forward = self.forward.take().or(target.filter(|_| is_soon(&content)));
            }
        }
    }
}

impl Anchor {
    fn take(&mut self) -> Self {
        let ended = |text: &mut String| {
            text.truncate(text.trim_end().len());
            std::mem::take(text)
        };
        Self { text: ended(&mut self.text), rel: ended(&mut self.rel) }
    }
}

/// What links are called.
#[derive(Default)]
struct Labels {
    /// By the place of the link.
    anchors: Vec<Anchor>,
    /// Whether the last one goes on.
    is_open: bool,
}

impl Labels {
    fn begin(&mut self, place: usize, tag: &Tag) {
        let rel = tag.attribute("rel").unwrap_or_default();
        let mut anchor = Anchor::default();
        add_words(&mut anchor.rel, &rel);
        // Of an area of a picture.
        add_words(&mut anchor.text, &tag.attribute("alt").unwrap_or_default());
        // Where a page sends its readers on by itself there is no anchor.
        self.anchors.resize(place, Anchor::default());
        self.anchors.push(anchor);
        self.is_open = tag.name() == "a";
    }

    fn end(&mut self) {
        self.is_open = false;
    }

    fn picture(&mut self, tag: &Tag) {
        if let Some(anchor) = self.anchors.last_mut().filter(|_| self.is_open) {
            add_words(&mut anchor.text, &tag.attribute("alt").unwrap_or_default());
        }
    }

    fn all(mut self, links: usize) -> Vec<Anchor> {
        self.anchors.resize(links, Anchor::default());
        self.anchors
    }

    /// What stands between two tags, comments among it.
    fn text(&mut self, source: &str) {
        if let Some(anchor) = self.anchors.last_mut().filter(|_| self.is_open) {
            let mut rest = source;
            while let Some((text, comment)) = rest.split_once("<!--") {
                add_words(&mut anchor.text, &decoded(text));
                rest = comment.split_once("-->").map_or("", |(_, behind)| behind);
            }
            add_words(&mut anchor.text, &decoded(rest));
        }
    }
}

/// Blanks joined, as many words as fit.
fn add_words(text: &mut String, more: &str) {
    // "Op" and "tions" in two elements are one word.
    let mut is_joined = !more.starts_with(|c: char| c.is_whitespace());
    for word in more.split_whitespace() {
        if !is_joined && !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
        is_joined = false;
        let room = LONGEST_LABEL.saturating_sub(text.len());
        text.push_str(&word[..word.floor_char_boundary(room)]);
        if room <= word.len() {
            return;
        }
    }
    if more.ends_with(|c: char| c.is_whitespace()) && !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
}

/// In bytes.
const LONGEST_LABEL: usize = 300;

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

/// Whether a refresh is due as soon as its reader has read where it leads. Later ones end a session, or show what is new.
fn is_soon(content: &str) -> bool {
    let seconds = content.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    seconds.is_empty() || seconds.parse::<u32>().is_ok_and(|seconds| seconds <= SOON)
}

/// In seconds.
const SOON: u32 = 30;

/// Where a script sends the reader that does nothing else: `location.replace("/docs/")`.
fn script_target(script: &str) -> Option<&str> {
    let script = script.trim();
    if script.len() > LONGEST_SENDING {
        return None;
    }
    let rest = ["window.", "self.", "top.", "document."].iter().find_map(|owner| script.strip_prefix(owner)).unwrap_or(script);
    let rest = rest.strip_prefix("location")?;
    let rest = rest.strip_prefix(".href").unwrap_or(rest).trim_start().trim_end_matches(';').trim_end();
    let target = match rest.strip_prefix('=') {
        Some(target) => target,
        None => rest.strip_prefix(".replace(").or_else(|| rest.strip_prefix(".assign("))?.strip_suffix(')')?,
    };
    let target = target.trim();
    let quote = target.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let target = target[1..].strip_suffix(quote)?;
    Some(target).filter(|target| !target.is_empty() && !target.contains([quote, '\\', '\n']))
}

/// In bytes: such a script is one statement.
const LONGEST_SENDING: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    #[test]
    fn a_page_that_only_forwards_says_where() {
        let forward = |html: &str| outline(html).forward.map(String::from);
        for html in [
            "<meta http-equiv=Refresh content=\"0; URL='new.html'\">",
            "<title>x</title><script>window.location.replace(\"new.html\");</script>",
            "<script>\n location = 'new.html'\n</script>",
            "<script>document.location.href=\"new.html\";</script><p>Redirecting to <a href=new.html>it</a>",
        ] {
            assert_eq!(forward(html).as_deref(), Some("https://docs.test/guide/new.html"), "{html}");
        }
        let words = "<p>The kettle is put on the stove, and nobody leaves before the water in it boils over.".repeat(4);
        for html in [
            "<script>if (isOld) location = 'new.html'</script>",
            "<script>location.href = '/x' + location.hash</script>",
            "<script>location.href == 'x'</script>",
            "<script>location.reload()</script>",
            "<script>var target = 'x'; location = target</script>",
            "<template><script>location = 'new.html'</script></template>",
            "<head><noscript><meta http-equiv=refresh content='0; url=noscript.html'></noscript></head><p>Kettles.",
            &format!("<script>location = 'new.html'</script>{words}"),
            &format!("<meta http-equiv=refresh content='3; url=/next'>{words}"),
            "<meta http-equiv=refresh content='1800; url=/logout'><ul><li><a href=a>A</a></ul>",
        ] {
            assert_eq!(forward(html), None, "{html}");
        }
    }

    fn outline(html: &str) -> Outline {
        of_html(
            &Base::of(&Url::parse("https://docs.test/guide/start.html").unwrap(), UTF_8),
            html,
            Syntax::declared(html),
            Wanted::Anchors,
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
            let (expected, _) = absolute(&base, html.len(), hrefs.filter_map(|node| dom.attribute(node, "href")), |_| ());
            assert_eq!(
                of_html(&Base::of(&url, UTF_8), &html, Syntax::declared(&html), Wanted::Targets, &Budget::default().begin()).links,
                expected,
                "{}",
                path.display()
            );
            pages += 1;
        }
        assert!(pages >= 15);
    }

    #[test]
    fn links_are_called_as_they_are_written_first() {
        let html = "<a href=1 rel=' NoFollow\n ugc '> The <b>fir</b>st &amp;<!-- no > --> best </a> after <a href=1>again</a>\
            <a href=2><img src=i alt='a kettle'></a><meta http-equiv=refresh content='0;url=3'><a>no</a><a href=4>un<a href=5></a>\
            <area href=6 alt=there><a href=7>a<script>b()</script>c</a><a href=mailto:x>x</a><a href=8>last";
        let outline = outline(html);
        let said: Vec<_> = outline.anchors.iter().map(|anchor| (anchor.text.as_str(), anchor.rel.as_str())).collect();
        let paths: Vec<_> = outline.links.iter().map(|link| link.path().strip_prefix("/guide/").unwrap()).collect();
        assert_eq!(paths, ["1", "2", "3", "4", "5", "6", "7", "8"]);
        let expected = [
            ("The first & best", "NoFollow ugc"),
            ("a kettle", ""),
            ("", ""),
            ("un", ""),
            ("", ""),
            ("there", ""),
            ("ac", ""),
            ("last", ""),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn what_a_link_is_called_is_bounded() {
        let outline = outline(&format!("<a href=1>{}</a><a href=2>{}</a>", "é".repeat(1_000), "word ".repeat(1_000)));
        assert_eq!(outline.anchors[0].text, "é".repeat(150));
        assert_eq!(outline.anchors[1].text, "word ".repeat(60).trim_end());
    }

    #[test]
    fn what_is_in_templates_is_not_seen() {
        let page =
            |kind: &str| format!("<div id=app></div><{kind}><p>{}</p></{kind}><script src=a.js></script>", "A kettle boils. ".repeat(40));
        assert!(outline(&page("template")).shell.is_some());
        assert_eq!(outline(&page("section")).shell, None);
    }

    #[test]
    fn refresh_without_an_address_reloads() {
        assert_eq!(refresh_target("30"), None);
        assert_eq!(refresh_target("0;url=/a b"), Some("/a b"));
        assert_eq!(refresh_target("0, /plain"), Some("/plain"));
    }
}
