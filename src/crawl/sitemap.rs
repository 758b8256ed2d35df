//! Reads sitemaps: XML url sets and indexes, gzipped or not, and plain lists of URLs. Pure: fetches nothing and judges no scope.
//!
//! Broken files give what could be read, with notes: a sitemap is foreign text and cannot fail. Source: sitemaps.org, protocol 0.9.
//!
//! What is wrong with real ones: a warning of the program that makes them before the declaration, a bare `&`, elements that are not closed
//! or closed by another name, capitals, entities of HTML, another encoding than UTF-8. So this is no XML parser, which has to stop there;
//! it looks for the few elements that it knows, in one pass, and never resolves an entity that the file declares.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use encoding_rs::{Encoding, WINDOWS_1252};
use url::Url;

/// What a sitemap lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitemap {
    pub kind: Kind,
    /// In document order, absolute, `http` or `https`, without fragments; at most [`MAX_ENTRIES`].
    pub entries: Vec<Entry>,
    /// What was wrong with the file; empty for a good one.
    pub notes: Vec<Note>,
    /// That were read, after decompression.
    pub bytes: u64,
}

impl Sitemap {
    /// What an RSS or Atom feed has links to, which is a sitemap, too (sitemaps.org, "Other Sitemap formats").
    pub fn of_feed(links: Vec<Url>, body: &[u8]) -> Self {
        let notes = if links.len() > MAX_ENTRIES { vec![Note::TooMany] } else { Vec::new() };
        let entries = links.into_iter().take(MAX_ENTRIES).map(|url| Entry { url, last_modified: None }).collect();
        Self { kind: Kind::Pages, entries, notes, bytes: body.len() as u64 }
    }
}

/// Whether the entries are pages or further sitemaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pages,
    Index,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub url: Url,
    /// `lastmod` as written: a W3C date, often wrong in practice.
    pub last_modified: Option<String>,
}

/// What had to be forgiven.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The XML is broken in so many places, first at this byte; what could be read was kept.
    BrokenXml { at: u64, places: u64 },
    /// The gzip stream ends or breaks after so many bytes.
    BrokenGzip { after: u64 },
    /// Only the first [`MAX_SIZE`] bytes were read.
    TooLarge,
    /// Only the first [`MAX_ENTRIES`] entries were kept.
    TooMany,
    /// A `loc` that is not an http or https URL.
    NotAUrl(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenXml { at, places: 1 } => write!(f, "its XML breaks at byte {at}"),
            Self::BrokenXml { at, places } => write!(f, "its XML is broken in {places} places, first at byte {at}"),
            Self::BrokenGzip { after } => write!(f, "its gzip stream breaks after {after} bytes"),
            Self::TooLarge => write!(f, "only its first {} MiB were read", MAX_SIZE >> 20),
            Self::TooMany => write!(f, "only its first {MAX_ENTRIES} entries were read"),
            Self::NotAUrl(text) => write!(f, "{text:?} is no URL"),
        }
    }
}

/// Entries of one file that are kept at most (sitemaps.org: 50,000).
pub const MAX_ENTRIES: usize = 50_000;

/// Bytes of one file that are read at most, after decompression (sitemaps.org: 50 MB).
pub const MAX_SIZE: u64 = 50 * 1024 * 1024;

/// The sitemap in `body`, which came from `base`; none where it is neither sitemap XML nor a list of URLs.
pub fn parse(body: &[u8], base: &Url) -> Option<Sitemap> {
    with_text(body, |text, notes| xml(text, base, notes).or_else(|notes| list(text, base, notes)).ok())
}

/// As [`parse`], where what was declared to be something else has to look like sitemap XML to be taken for it.
pub fn parse_xml(body: &[u8], base: &Url) -> Option<Sitemap> {
    with_text(body, |text, notes| xml(text, base, notes).ok())
}

/// Whether it is compressed, so that its length says nothing about the work to come.
pub fn is_packed(body: &[u8]) -> bool {
    body.starts_with(b"\x1F\x8B")
}

fn with_text(body: &[u8], read: impl FnOnce(&str, Vec<Note>) -> Option<Sitemap>) -> Option<Sitemap> {
    let mut notes = Vec::new();
    let unpacked;
    let body = if is_packed(body) {
        unpacked = unpack(body, &mut notes);
        unpacked.as_slice()
    } else if body.len() as u64 > MAX_SIZE {
        notes.push(Note::TooLarge);
        &body[..MAX_SIZE as usize]
    } else {
        body
    };
    let mut sitemap = read(&decoded(body), notes)?;
    sitemap.bytes = body.len() as u64;
    Some(sitemap)
}

/// By its byte order mark, as UTF-8 if it is that, else as declared. What claims to be UTF-8 and is not is mostly Windows' own.
fn decoded(body: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0;
    }
    // Without one, as the first character of markup tells.
    let sixteen = match body {
        [b'<', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0, b'<', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    if let Some(encoding) = sixteen {
        return encoding.decode_without_bom_handling(body).0;
    }
    if let Ok(text) = std::str::from_utf8(body) {
        return text.into();
    }
    let head = String::from_utf8_lossy(&body[..body.len().min(MAX_PROLOGUE)]);
    let declared = head.split_once("encoding=").and_then(|(_, rest)| rest.get(1..)?.split(['"', '\'']).next());
    let encoding = declared.and_then(|label| Encoding::for_label(label.as_bytes())).filter(|encoding| *encoding != encoding_rs::UTF_8);
    encoding.unwrap_or(WINDOWS_1252).decode_without_bom_handling(body).0
}

fn unpack(body: &[u8], notes: &mut Vec<Note>) -> Vec<u8> {
    let mut unpacked = Vec::new();
    // One byte more than is kept tells a file at the limit from a larger one.
    let read = flate2::read::MultiGzDecoder::new(body).take(MAX_SIZE + 1).read_to_end(&mut unpacked);
    if read.is_err() {
        notes.push(Note::BrokenGzip { after: unpacked.len() as u64 });
    }
    if unpacked.len() as u64 > MAX_SIZE {
        notes.push(Note::TooLarge);
        unpacked.truncate(MAX_SIZE as usize);
    }
    unpacked
}

/// The notes come back where it is none.
fn xml(text: &str, base: &Url, notes: Vec<Note>) -> Result<Sitemap, Vec<Note>> {
    let mut reading = Reading { base, entries: Vec::new(), notes, path: Vec::new(), draft: Draft::default(), kind: None, broken: None };
    for (at, piece) in Pieces::of(text) {
        if reading.take(at, piece).is_none() {
            break;
        }
        if reading.kind.is_none() && at > MAX_PROLOGUE {
            break;
        }
    }
    let Some(kind) = reading.kind else { return Err(reading.notes) };
    if !reading.path.is_empty() {
        reading.breaks(text.len());
        reading.end_of_item();
    }
    let mut notes = reading.notes;
    notes.extend(reading.broken.map(|(at, places)| Note::BrokenXml { at: at as u64, places }));
    Ok(Sitemap { kind, entries: reading.entries, notes, bytes: 0 })
}

/// One URL a line: every line that is not empty has to be one, else it is some other text.
fn list(text: &str, base: &Url, mut notes: Vec<Note>) -> Result<Sitemap, Vec<Note>> {
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let is_location = (line.starts_with("http://") || line.starts_with("https://")) && !line.contains(char::is_whitespace);
        let Some(url) = location(line, base).filter(|_| is_location) else { return Err(notes) };
        if entries.len() == MAX_ENTRIES {
            notes.push(Note::TooMany);
            break;
        }
        entries.push(Entry { url, last_modified: None });
    }
    match entries.is_empty() {
        true => Err(notes),
        false => Ok(Sitemap { kind: Kind::Pages, entries, notes, bytes: 0 }),
    }
}

/// A sitemap as far as it has been read.
struct Reading<'a> {
    base: &'a Url,
    /// Known once the root has begun.
    kind: Option<Kind>,
    entries: Vec<Entry>,
    notes: Vec<Note>,
    /// The elements that are open, with their local names in lower case.
    path: Vec<(Element, String)>,
    draft: Draft,
    /// Where it is broken first, and in how many places.
    broken: Option<(usize, u64)>,
}

impl Reading<'_> {
    /// None when enough has been seen.
    fn take(&mut self, at: usize, piece: Piece<'_>) -> Option<()> {
        match piece {
            Piece::Start { name, is_empty } => self.start(at, name, is_empty),
            Piece::End { name } => self.end(at, name),
            Piece::Text(text) => {
                self.text(at, text);
                Some(())
            }
            Piece::Literal(text) => {
                let element = self.open();
                self.draft.push(element, text);
                Some(())
            }
            Piece::Broken => {
                self.breaks(at);
                Some(())
            }
        }
    }

    fn start(&mut self, at: usize, name: &str, is_empty: bool) -> Option<()> {
        let name = name.to_ascii_lowercase();
        if self.kind.is_none() {
            return self.begin(at, name);
        }
        // An item or a field within one begins where another was not closed.
        let parent = match &*name {
            "url" | "sitemap" => Some(Element::Root),
            "loc" | "lastmod" | "changefreq" | "priority" => Some(Element::Item),
            _ => None,
        };
        if let Some(parent) = parent
            && matches!(self.open(), Some(Element::Item | Element::Location | Element::LastModified | Element::Field))
            && self.open() != Some(parent)
            && self.path.iter().any(|(element, _)| *element == parent)
        {
            self.breaks(at);
            while self.open() != Some(parent) {
                self.close()?;
            }
        }
        let element = Element::of(&name, self.open());
        if is_empty {
            return Some(());
        }
        if self.path.len() >= MAX_NESTING {
            self.breaks(at);
            return None;
        }
        self.path.push((element, name));
        Some(())
    }

    /// Before the root only what a program's warning consists of is passed over.
    fn begin(&mut self, at: usize, name: String) -> Option<()> {
        self.kind = Some(match &*name {
            "urlset" | "url" => Kind::Pages,
            "sitemapindex" | "sitemap" => Kind::Index,
            name if JUNK.contains(&name) => {
                self.breaks(at);
                return Some(());
            }
            _ => return None,
        });
        if matches!(&*name, "url" | "sitemap") {
            self.breaks(at);
            self.path.push((Element::Root, String::new()));
            self.path.push((Element::Item, name));
        } else {
            self.path.push((Element::Root, name));
        }
        Some(())
    }

    fn end(&mut self, at: usize, name: &str) -> Option<()> {
        let Some(open) = self.path.iter().rposition(|(_, open)| open.eq_ignore_ascii_case(name)) else {
            if self.kind.is_some() {
                self.breaks(at);
            }
            return Some(());
        };
        if open + 1 < self.path.len() {
            self.breaks(at);
        }
        while self.path.len() > open {
            self.close()?;
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        match self.path.pop()?.0 {
            Element::Item => {
                if self.entries.len() == MAX_ENTRIES {
                    self.notes.push(Note::TooMany);
                    self.path.clear();
                    return None;
                }
                self.add();
            }
            Element::Location => self.draft.has_location = true,
            Element::Root | Element::LastModified | Element::Field | Element::Other => {}
        }
        Some(())
    }

    /// Of a file that ends within an entry: it counts if its address is whole.
    fn end_of_item(&mut self) {
        if self.draft.has_location && self.entries.len() < MAX_ENTRIES {
            self.add();
        }
    }

    fn add(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        let (written, last_modified) = (draft.location.trim(), draft.last_modified.trim());
        match location_of(written, self.base) {
            Some(url) => self.entries.push(Entry { url, last_modified: (!last_modified.is_empty()).then(|| last_modified.to_owned()) }),
            None if self.notes.len() < MAX_NOTES => self.notes.push(Note::NotAUrl(written.chars().take(200).collect())),
            None => {}
        }
    }

    fn text(&mut self, at: usize, text: &str) {
        let element = self.open();
        if !matches!(element, Some(Element::Location | Element::LastModified)) {
            if self.kind.is_none() && !text.trim().is_empty() {
                self.breaks(at);
            }
            return;
        }
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('&') {
            self.draft.push(element, before);
            // Looked for no further than that, or many that are none would take the square of their number.
            let end = after.bytes().take(MAX_REFERENCE + 1).position(|byte| byte == b';');
            let name = end.map(|end| &after[..end]);
            match name.and_then(|name| Some((name, character(name)?))) {
                Some((name, character)) => {
                    self.draft.push(element, character.encode_utf8(&mut [0; 4]));
                    rest = &after[name.len() + 1..];
                }
                None => {
                    self.breaks(at + text.len() - after.len() - 1);
                    self.draft.push(element, "&");
                    rest = after;
                }
            }
        }
        self.draft.push(element, rest);
    }

    fn open(&self) -> Option<Element> {
        self.path.last().map(|(element, _)| *element)
    }

    fn breaks(&mut self, at: usize) {
        self.broken.get_or_insert((at, 0)).1 += 1;
    }
}

/// What a text of markup consists of, however broken it is; each with its place.
struct Pieces<'a> {
    text: &'a str,
    at: usize,
    /// These do not occur from `at` on: who looked for one once does not look again, or many that are not closed would take the square
    /// of their number.
    missing: Vec<&'static str>,
}

enum Piece<'a> {
    /// Local names, as written.
    Start {
        name: &'a str,
        is_empty: bool,
    },
    End {
        name: &'a str,
    },
    /// With references in it.
    Text(&'a str),
    /// Of CDATA.
    Literal(&'a str),
    /// Something that was not closed.
    Broken,
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: 0, missing: Vec::new() }
    }

    fn piece(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = rest.find('<').unwrap_or(rest.len());
                self.at += end;
                return Some(Piece::Text(&rest[..end]));
            }
            if let Some(after) = rest.strip_prefix("<![CDATA[") {
                return Some(match self.until(after, "]]>") {
                    Some(inside) => Piece::Literal(inside),
                    None => self.skipped("<![CDATA["),
                });
            }
            let (begin, end) = match () {
                () if rest.starts_with("<!--") => ("<!--", "-->"),
                () if rest.starts_with("<?") => ("<?", "?>"),
                () if rest.starts_with("<!") => ("<!", ">"),
                () => return Some(self.tag(rest)),
            };
            match self.until(&rest[begin.len()..], end) {
                // The declarations of a document type stand in brackets, and end later than the first of them.
                Some(inside) if begin == "<!" && inside.contains('[') && !inside.contains(']') => {
                    if self.until(&self.text[self.at..], "]").and_then(|_| self.until(&self.text[self.at..], ">")).is_none() {
                        return Some(self.skipped(""));
                    }
                }
                Some(_) => {}
                None => return Some(self.skipped(begin)),
            }
        }
    }

    fn tag(&mut self, rest: &'a str) -> Piece<'a> {
        // A tag that is not closed ends where the next one begins.
        let end = rest[1..].find(['<', '>']).map_or(rest.len(), |end| end + 1);
        let is_closed = rest[end..].starts_with('>');
        let (inside, is_end) = match &rest[1..end] {
            inside if inside.starts_with('/') => (&inside[1..], true),
            inside => (inside, false),
        };
        let name = inside.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let name = name.rsplit_once(':').map_or(name, |(_, local)| local);
        self.at += end + usize::from(is_closed);
        match (is_closed && !name.is_empty(), is_end) {
            (false, _) => Piece::Broken,
            (true, true) => Piece::End { name },
            (true, false) => Piece::Start { name, is_empty: inside.ends_with('/') },
        }
    }

    /// What stands before the next `end`, which is passed.
    fn until(&mut self, after: &'a str, end: &'static str) -> Option<&'a str> {
        if self.missing.contains(&end) {
            return None;
        }
        let Some(found) = after.find(end) else {
            self.missing.push(end);
            return None;
        };
        self.at = self.text.len() - after.len() + found + end.len();
        Some(&after[..found])
    }

    fn skipped(&mut self, begin: &str) -> Piece<'a> {
        self.at += begin.len();
        Piece::Broken
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = (usize, Piece<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        self.piece().map(|piece| (at, piece))
    }
}

/// An entry while its element is open.
#[derive(Default)]
struct Draft {
    location: String,
    /// It was closed.
    has_location: bool,
    last_modified: String,
}

impl Draft {
    fn push(&mut self, element: Option<Element>, text: &str) {
        let field = match element {
            Some(Element::Location) => &mut self.location,
            Some(Element::LastModified) => &mut self.last_modified,
            _ => return,
        };
        if field.len() + text.len() <= MAX_FIELD {
            field.push_str(text);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    /// `urlset` or `sitemapindex`.
    Root,
    /// `url` or `sitemap`, right below the root.
    Item,
    /// `loc` and `lastmod`, right below an item.
    Location,
    LastModified,
    /// `changefreq` and `priority`.
    Field,
    Other,
}

impl Element {
    fn of(name: &str, parent: Option<Self>) -> Self {
        match (parent, name) {
            (Some(Self::Root), "url" | "sitemap") => Self::Item,
            (Some(Self::Item), "loc") => Self::Location,
            (Some(Self::Item), "lastmod") => Self::LastModified,
            (Some(Self::Item), "changefreq" | "priority") => Self::Field,
            _ => Self::Other,
        }
    }
}

/// `&amp;`, `&#38;`, and HTML's names of Latin-1. What the file itself declares is not known: nothing to blow up.
fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace());
    }
    match name {
        "amp" | "AMP" => Some('&'),
        "lt" | "LT" => Some('<'),
        "gt" | "GT" => Some('>'),
        "quot" | "QUOT" => Some('"'),
        "apos" => Some('\''),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        _ => LATIN.iter().zip(0xA0..).find(|(known, _)| **known == name).and_then(|(_, code)| char::from_u32(code)),
    }
}

fn location_of(text: &str, base: &Url) -> Option<Url> {
    if text.is_empty() { None } else { location(text, base) }
}

/// sitemaps.org wants absolute URLs; relative ones are found in the wild and have but one meaning.
fn location(text: &str, base: &Url) -> Option<Url> {
    let mut url = base.join(text).ok()?;
    url.set_fragment(None);
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// Elements within each other: a sitemap has 3, with extensions perhaps 6.
const MAX_NESTING: usize = 64;

/// Bytes of one `loc`; sitemaps.org allows 2,048 characters.
const MAX_FIELD: usize = 8 * 1024;

/// Bad entries that are told one by one.
const MAX_NOTES: usize = 20;

/// Bytes before the root element.
const MAX_PROLOGUE: usize = 8 * 1024;

/// Bytes of a reference's name; the longest that is known has six.
const MAX_REFERENCE: usize = 10;

/// Elements of the warnings that some programs print before what they are asked for.
const JUNK: [&str; 14] = ["b", "br", "center", "code", "div", "em", "font", "i", "p", "pre", "small", "span", "strong", "tt"];

/// From U+00A0 on (HTML 4.01, 24.2.1).
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr",
    "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34",
    "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave",
    "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute",
    "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave",
    "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

#[cfg(test)]
mod tests;
