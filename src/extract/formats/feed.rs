//! RSS, RDF and Atom: the feed's title, then each entry as a section with its date, its link and its content, whose HTML goes the way of
//! any page.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use url::Url;

use crate::extract::allowance::LONGEST;
use crate::extract::dom::Dom;
use crate::extract::formats::markup;
use crate::extract::formats::sheet::{Reading, Sheet, begun, escaped, joined};
use crate::extract::syntax::Syntax;
use crate::model::Meter;

pub(super) fn read(xml: &str, url: &Url, meter: &Meter) -> Reading {
    let mut feed = Feed::new(url, meter, xml.len());
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    let mut path: Vec<Element> = Vec::new();
    let mut text = String::new();
    // Where the markup of an XHTML content begins, and how deep it stands.
    let mut markup: Option<(usize, usize)> = None;
    // What stood before a broken place is kept.
    while feed.sheet.goes_on()
        && let Ok(event) = reader.read_event()
    {
        match event {
            Event::Start(tag) => {
                if path.len() >= DEEPEST {
                    break;
                }
                let element = Element::of(&tag);
                if markup.is_none() {
                    feed.start(element, &tag);
                    text.clear();
                    if element.is_content() && attribute(&tag, "type").is_some_and(|kind| kind.contains("xhtml")) {
                        markup = Some((reader.buffer_position() as usize, path.len()));
                    }
                }
                path.push(element);
            }
            Event::Empty(tag) if markup.is_none() => feed.start(Element::of(&tag), &tag),
            Event::End(end) => {
                let Some(element) = path.pop() else { continue };
                match markup {
                    Some((from, depth)) if depth == path.len() => {
                        let to = (reader.buffer_position() as usize).saturating_sub(end.as_ref().len() + "</>".len());
                        feed.end(element, xml.get(from..to.max(from)).unwrap_or_default());
                        markup = None;
                        text.clear();
                    }
                    Some(_) => {}
                    None => {
                        feed.end(element, &text);
                        text.clear();
                    }
                }
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::CData(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => match character(&reference) {
                Some(character) => text.push(character),
                None => text.extend(["&", reference.as_ref(), ";"]),
            },
            Event::Eof => break,
            _ => {}
        }
    }
    feed.finish()
}

pub(super) struct Feed<'a> {
    sheet: Sheet<'a>,
    pub(super) head: Draft,
    entry: Option<Draft>,
    /// The head is written.
    begun: bool,
    entries: usize,
    /// Texts say what they are, and are no HTML where they do not.
    is_atom: bool,
    /// As what the text of the element that is open is meant.
    meant: Meant,
}

#[derive(Clone, Copy, PartialEq)]
enum Meant {
    Text,
    Html,
    /// Of RSS, and of what does not say it.
    Either,
}

/// The feed itself, or an entry, as far as it is read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) link: String,
    pub(super) date: String,
    pub(super) author: String,
    pub(super) content: String,
    pub(super) summary: String,
    pub(super) language: String,
    pub(super) generator: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Element {
    Entry,
    Title,
    Link,
    Id,
    Date,
    Author,
    Content,
    Summary,
    Language,
    Generator,
    /// A picture's, whose title and link are not the feed's.
    Image,
    Other,
}

impl Element {
    fn of(tag: &BytesStart<'_>) -> Self {
        match tag.name().as_ref() {
            "item" | "rss:item" => Self::Entry,
            name => match name.strip_prefix("atom:").unwrap_or(name) {
                "entry" => Self::Entry,
                "title" => Self::Title,
                "link" => Self::Link,
                "guid" | "id" => Self::Id,
                "pubDate" | "published" | "updated" | "dc:date" | "lastBuildDate" => Self::Date,
                "dc:creator" | "author" | "name" => Self::Author,
                "content" | "content:encoded" => Self::Content,
                "description" | "summary" | "subtitle" => Self::Summary,
                "language" | "dc:language" => Self::Language,
                "generator" => Self::Generator,
                "image" | "textInput" | "textinput" | "source" => Self::Image,
                _ => Self::Other,
            },
        }
    }

    fn is_content(self) -> bool {
        matches!(self, Self::Content | Self::Summary | Self::Title)
    }
}

impl<'a> Feed<'a> {
    pub(super) fn new(url: &'a Url, meter: &'a Meter, size: usize) -> Self {
        let sheet = Sheet::new(url, meter, size);
        Self { sheet, head: Draft::default(), entry: None, begun: false, entries: 0, is_atom: false, meant: Meant::Either }
    }

    fn start(&mut self, element: Element, tag: &BytesStart<'_>) {
        self.is_atom |= matches!(tag.name().as_ref(), "feed" | "atom:feed");
        self.meant = match (element, attribute(tag, "type").as_deref()) {
            (_, Some(kind)) if kind.contains("html") => Meant::Html,
            (_, Some("text" | "text/plain")) => Meant::Text,
            (Element::Title, None) if self.is_atom => Meant::Text,
            _ => Meant::Either,
        };
        match element {
            Element::Entry => {
                self.write_head();
                self.entry = Some(Draft::default());
            }
            Element::Image => self.write_head(),
            Element::Link => {
                let relation = attribute(tag, "rel").unwrap_or_else(|| "alternate".to_owned());
                let draft = self.entry.as_mut().unwrap_or(&mut self.head);
                if let Some(target) = attribute(tag, "href").filter(|_| relation == "alternate" && draft.link.is_empty()) {
                    draft.link = target;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, element: Element, text: &str) {
        if element == Element::Entry {
            if let Some(entry) = self.entry.take() {
                self.write(&entry);
            }
            return;
        }
        // What follows the entries' beginning is none of the head's.
        if self.entry.is_none() && self.begun {
            return;
        }
        let syntax = match self.meant {
            Meant::Html => Written::Markup,
            Meant::Either if holds_markup(text) => Written::Markup,
            Meant::Either if !self.is_atom => Written::References,
            _ => Written::Plain,
        };
        // From here on it is HTML.
        let html = match element {
            Element::Summary | Element::Content if self.entry.is_some() => paragraphs(text, syntax),
            Element::Title | Element::Summary | Element::Content => as_html(text, syntax),
            _ => text.trim().to_owned(),
        };
        let draft = self.entry.as_mut().unwrap_or(&mut self.head);
        let field = match element {
            Element::Title => &mut draft.title,
            Element::Link => &mut draft.link,
            Element::Id if text.trim().starts_with("http") && draft.link.is_empty() => &mut draft.link,
            Element::Date => &mut draft.date,
            Element::Author => &mut draft.author,
            Element::Content => &mut draft.content,
            Element::Summary => &mut draft.summary,
            Element::Language => &mut draft.language,
            Element::Generator => &mut draft.generator,
            _ => return,
        };
        if field.is_empty() {
            *field = html;
        }
    }

    pub(super) fn write_head(&mut self) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let Draft { title, link, date, author, content, summary, language, generator } = std::mem::take(&mut self.head);
        let title = text_of_html(&title, self.sheet.meter());
        let some = |text: &str| Some(joined(text)).filter(|text| !text.is_empty());
        let summary = if summary.is_empty() { content } else { summary };
        let summary = text_of_html(&summary, self.sheet.meter());
        self.sheet.heading(1, &escaped(&title), None);
        self.sheet.paragraph(&begun(&escaped(&summary)));
        self.sheet.reading.title = some(&title);
        let metadata = &mut self.sheet.reading.metadata;
        metadata.description = some(&summary);
        metadata.language = some(&language);
        metadata.generator = some(&generator);
        metadata.author = some(&author);
        // RSS has dates of mail, which are not those of ISO 8601.
        metadata.modified = some(&date).filter(|date| date.starts_with(|c: char| c.is_ascii_digit()));
        if !link.is_empty() {
            self.sheet.reading.links.push(link);
        }
    }

    pub(super) fn goes_on(&self) -> bool {
        self.sheet.goes_on()
    }

    /// An entry; its title and its texts are HTML.
    pub(super) fn write(&mut self, entry: &Draft) {
        self.entries += 1;
        let title = text_of_html(&entry.title, self.sheet.meter());
        if self.entries > MOST_ENTRIES {
            return self.sheet.leave_out("entries of a long feed", &title);
        }
        let title = if title.is_empty() { entry.date.clone() } else { title };
        self.sheet.heading(2, &escaped(&title), None);
        let link = match entry.link.is_empty() {
            true => String::new(),
            false => self.sheet.link(&escaped(&entry.link), &entry.link),
        };
        let about: Vec<&str> =
            [entry.date.as_str(), entry.author.as_str(), link.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
        self.sheet.paragraph(&joined(&about.join(" · ")));
        let content = if entry.content.is_empty() { &entry.summary } else { &entry.content };
        match content.contains('<') || content.contains('&') {
            false => self.sheet.paragraph(&begun(&escaped(content))),
            true => {
                let link = Some(&entry.link).filter(|link| link.len() <= LONGEST).and_then(|link| self.sheet.base().join(link).ok());
                let base = link.unwrap_or_else(|| self.sheet.base().clone());
                let mut part = markup::read(content, &base, self.sheet.meter());
                // Where the entries lead is told by their own links.
                part.links.clear();
                self.sheet.append(part);
            }
        }
    }

    pub(super) fn finish(mut self) -> Reading {
        self.write_head();
        if let Some(entry) = self.entry.take() {
            self.write(&entry);
        }
        self.sheet.finish()
    }
}

/// Whether a text of which nobody says what it is holds elements: a name in angle brackets that nothing closes is none.
fn holds_markup(text: &str) -> bool {
    let closes = text.match_indices("</").any(|(at, _)| text[at + 2..].starts_with(|c: char| c.is_ascii_alphabetic()));
    closes || text.contains("/>") || ["<br>", "<p>", "<hr>", "<li>", "<wbr>", "<img "].iter().any(|tag| text.contains(tag))
}

/// What a text means by angle brackets and ampersands.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Written {
    /// HTML.
    Markup,
    /// There are no elements, but references to characters.
    References,
    Plain,
}

/// A text as HTML.
fn as_html(text: &str, written: Written) -> String {
    match written {
        Written::Markup => text.trim().to_owned(),
        Written::References => text.trim().replace('<', "&lt;"),
        Written::Plain => text.trim().replace('&', "&amp;").replace('<', "&lt;"),
    }
}

/// The same with its paragraphs.
pub(super) fn paragraphs(text: &str, written: Written) -> String {
    let html = as_html(text, written);
    // What has no marks at all is not read as HTML.
    match written == Written::Markup || !html.contains("\n\n") || !html.contains('&') {
        true => html,
        false => html.split("\n\n").map(|paragraph| format!("<p>{paragraph}</p>")).collect(),
    }
}

/// Titles may be HTML, escaped once more.
fn text_of_html(text: &str, meter: &Meter) -> String {
    match text.contains(['<', '&']) {
        true => {
            let dom = Dom::parse_within(text, Syntax::Html, meter);
            joined(&dom.text_content(dom.root()))
        }
        false => joined(text),
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character);
    }
    match reference.as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => None,
    }
}

const DEEPEST: usize = 500;
const MOST_ENTRIES: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::formats::unlimited;

    fn reading(xml: &str) -> Reading {
        read(xml, &Url::parse("https://docs.test/feed.xml").unwrap(), &unlimited())
    }

    #[test]
    fn rss_is_read_with_the_html_of_its_entries() {
        let found = reading(
            "<?xml version='1.0'?><rss version='2.0' xmlns:content='c'><channel><title>News &amp; more</title><link>https://docs.test/</link>\
             <description>All of it</description><language>en</language><image><title>Logo</title><link>x</link></image>\
             <item><title>One &amp;lt;b&gt;</title><link>/one</link><pubDate>Wed, 01 May 2024 10:00:00 GMT</pubDate><description>short</description>\
             <content:encoded><![CDATA[<p>First <b>words</b>.</p><pre><code class=\"language-rust\">x();</code></pre>]]></content:encoded></item>\
             <item><title>Two</title><guid>https://docs.test/two</guid><description>&lt;p&gt;a &lt;a href=\"b\"&gt;c&lt;/a&gt;&lt;/p&gt;</description></item>\
             </channel></rss>",
        );
        assert_eq!(
            found.markdown,
            "# News & more\n\nAll of it\n\n## One \\<b>\n\nWed, 01 May 2024 10:00:00 GMT · [/one](https://docs.test/one)\n\nFirst **words**.\n\n\
             ```rust\nx();\n```\n\n## Two\n\n[https://docs.test/two](https://docs.test/two)\n\na [c](https://docs.test/b)"
        );
        assert_eq!((found.title.as_deref(), found.metadata.language.as_deref()), (Some("News & more"), Some("en")));
        assert_eq!(found.links, ["https://docs.test/", "https://docs.test/one", "https://docs.test/two"]);
        assert_eq!(found.outline.len(), 3);
    }

    #[test]
    fn atom_is_read_with_markup_within() {
        let found = reading(
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><subtitle>S</subtitle><updated>2024-05-01</updated><link rel='self' href='/feed'/><link href='/'/>\
             <author><name>A</name></author><entry><title type='html'>x &amp;amp; y</title><link href='/e'/><updated>2024-05-02</updated>\
             <content type='xhtml'><div xmlns='x'><h2>H</h2><p>p <title>not</title><br/>q</p></div></content></entry>\
             <entry><title>U</title><summary>words</summary></entry></feed>",
        );
        assert!(
            found.markdown.starts_with("# T\n\nS\n\n## x & y\n\n2024-05-02 · [/e](https://docs.test/e)\n\n## H\n\np"),
            "{}",
            found.markdown
        );
        assert!(found.markdown.ends_with("## U\n\nwords"), "{}", found.markdown);
        assert_eq!(found.metadata.modified.as_deref(), Some("2024-05-01"));
    }

    #[test]
    fn texts_that_are_no_html_keep_their_angle_brackets() {
        let atom = reading(
            "<feed><title>F</title><entry><title>The &lt;dialog&gt; element &amp;amp; more</title><content type='text'>Vec&lt;T&gt; grows.\n\nIt &lt;b&gt;doubles&lt;/b&gt;.</content></entry>\
             <entry><title type='html'>A &lt;b&gt;c&lt;/b&gt;</title><summary>d &lt;e&gt;</summary></entry><entry><title>G</title><summary>&lt;p&gt;h&lt;/p&gt;</summary></entry></feed>",
        );
        assert_eq!(
            atom.markdown,
            "# F\n\n## The \\<dialog> element &amp; more\n\nVec\\<T> grows.\n\nIt \\<b>doubles\\</b>.\n\n## A c\n\nd \\<e>\n\n## G\n\nh"
        );
        let rss = reading(
            "<rss><channel><title>F &amp;amp; G</title><item><title>Use &lt;details&gt; in C &amp;lt; D</title><description>Vec&lt;T&gt; grows</description></item>\
             <item><title>A &lt;i&gt;b&lt;/i&gt; &lt;c&gt;</title><description>one&lt;br&gt;two</description></item></channel></rss>",
        );
        assert_eq!(rss.markdown, "# F & G\n\n## Use \\<details> in C < D\n\nVec\\<T> grows\n\n## A b\n\none\\\ntwo");
    }

    #[test]
    fn a_broken_feed_gives_what_stands_before() {
        assert_eq!(reading("<rss><channel><title>A</title><item><title>B</title><description>c").markdown, "# A\n\n## B");
        assert_eq!(reading("<rdf:RDF><channel><title>A</title></channel><item><title>B</title></item></rdf:RDF>").markdown, "# A\n\n## B");
        assert_eq!(reading("<rss><channel><title>AT&T</title>").markdown, "# AT&T");
    }
}
