//! Reads sitemaps: XML url sets and indexes, gzipped or not, and plain lists of URLs. Pure: fetches nothing and judges no scope.
//!
//! Broken files give what could be read, with notes: a sitemap is foreign text and cannot fail. Source: sitemaps.org, protocol 0.9.

use std::fmt;
use std::io::Read;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use url::Url;

/// What a sitemap lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sitemap {
    pub kind: Kind,
    /// In document order, absolute, `http` or `https`, without fragments; at most [`MAX_ENTRIES`].
    pub entries: Vec<Entry>,
    /// What was wrong with the file; empty for a good one.
    pub notes: Vec<Note>,
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
    /// The XML ends or breaks at this byte; what stood before was kept.
    BrokenXml { at: u64 },
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
            Self::BrokenXml { at } => write!(f, "its XML breaks at byte {at}"),
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

/// Whether the URL alone tells of a sitemap: `.xml` or `.xml.gz` at the end of its path.
pub fn is_sitemap_url(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    path.ends_with(".xml") || path.ends_with(".xml.gz")
}

/// The sitemap in `body`, which came from `base`; none where it is neither sitemap XML nor a list of URLs.
pub fn parse(body: &[u8], base: &Url) -> Option<Sitemap> {
    let mut notes = Vec::new();
    let unpacked;
    let body = if body.starts_with(b"\x1F\x8B") {
        unpacked = unpack(body, &mut notes);
        unpacked.as_slice()
    } else if body.len() as u64 > MAX_SIZE {
        notes.push(Note::TooLarge);
        &body[..MAX_SIZE as usize]
    } else {
        body
    };
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start();
    if body.starts_with(b"<") { xml(body, base, notes) } else { list(body, base, notes) }
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

fn xml(body: &[u8], base: &Url, notes: Vec<Note>) -> Option<Sitemap> {
    let mut sitemap = None;
    let mut notes = Some(notes);
    let text = String::from_utf8_lossy(body);
    let mut reader = Reader::from_str(&text);
    // Depth and names are followed here, so that "<loc>" of an image extension is not taken for the page's.
    reader.config_mut().check_end_names = false;
    let mut path: Vec<Element> = Vec::new();
    let mut entry = Draft::default();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) => {
                let sitemap: &mut Sitemap = sitemap.as_mut()?;
                sitemap.notes.push(Note::BrokenXml { at: reader.error_position() });
                break;
            }
        };
        match event {
            Event::Start(tag) => {
                let element = Element::of(tag.local_name().as_ref(), path.last().copied());
                if path.is_empty() {
                    let kind = match element {
                        Element::UrlSet => Kind::Pages,
                        Element::Index => Kind::Index,
                        _ => return None,
                    };
                    sitemap.get_or_insert(Sitemap { kind, entries: Vec::new(), notes: notes.take().unwrap_or_default() });
                }
                if path.len() >= MAX_NESTING {
                    break;
                }
                path.push(element);
            }
            Event::End(_) => {
                if path.pop() == Some(Element::Item) {
                    let sitemap = sitemap.as_mut()?;
                    if sitemap.entries.len() == MAX_ENTRIES {
                        sitemap.notes.push(Note::TooMany);
                        break;
                    }
                    sitemap.add(std::mem::take(&mut entry), base);
                }
            }
            Event::Text(text) => entry.push(path.last(), &text),
            Event::CData(text) => entry.push(path.last(), &text),
            Event::GeneralRef(reference) => entry.push_char(path.last(), character(&reference)),
            Event::Eof => {
                if let (Some(sitemap), false) = (sitemap.as_mut(), path.is_empty()) {
                    sitemap.notes.push(Note::BrokenXml { at: reader.buffer_position() });
                }
                break;
            }
            _ => {}
        }
    }
    sitemap
}

/// One URL a line: every line that is not empty has to be one, else it is some other text.
fn list(body: &[u8], base: &Url, mut notes: Vec<Note>) -> Option<Sitemap> {
    let text = std::str::from_utf8(body).ok()?;
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.starts_with("http://") && !line.starts_with("https://") || line.contains(char::is_whitespace) {
            return None;
        }
        if entries.len() == MAX_ENTRIES {
            notes.push(Note::TooMany);
            break;
        }
        entries.push(Entry { url: location(line, base)?, last_modified: None });
    }
    (!entries.is_empty()).then_some(Sitemap { kind: Kind::Pages, entries, notes })
}

impl Sitemap {
    fn add(&mut self, draft: Draft, base: &Url) {
        let location = draft.location.trim();
        match location_of(location, base) {
            Some(url) => {
                let last_modified = draft.last_modified.trim();
                self.entries.push(Entry { url, last_modified: (!last_modified.is_empty()).then(|| last_modified.to_owned()) });
            }
            None if self.notes.len() < MAX_NOTES => self.notes.push(Note::NotAUrl(location.chars().take(200).collect())),
            None => {}
        }
    }
}

/// An entry while its element is open.
#[derive(Default)]
struct Draft {
    location: String,
    last_modified: String,
}

impl Draft {
    fn push(&mut self, element: Option<&Element>, text: &str) {
        let field = match element {
            Some(Element::Location) => &mut self.location,
            Some(Element::LastModified) => &mut self.last_modified,
            _ => return,
        };
        if field.len() + text.len() <= MAX_FIELD {
            field.push_str(text);
        }
    }

    fn push_char(&mut self, element: Option<&Element>, character: Option<char>) {
        if let Some(character) = character {
            self.push(element, character.encode_utf8(&mut [0; 4]));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    UrlSet,
    Index,
    /// `url` or `sitemap`, right below the root.
    Item,
    /// `loc` and `lastmod`, right below an item.
    Location,
    LastModified,
    Other,
}

impl Element {
    fn of(name: &str, parent: Option<Self>) -> Self {
        match (parent, name) {
            (None, "urlset") => Self::UrlSet,
            (None, "sitemapindex") => Self::Index,
            (Some(Self::UrlSet), "url") | (Some(Self::Index), "sitemap") => Self::Item,
            (Some(Self::Item), "loc") => Self::Location,
            (Some(Self::Item), "lastmod") => Self::LastModified,
            _ => Self::Other,
        }
    }
}

/// `&amp;` and `&#38;`. Own entities are not declared in sitemaps, and declarations are not read: nothing to blow up.
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
        _ => None,
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn base() -> Url {
        Url::parse("https://docs.test/sitemap.xml").unwrap()
    }

    fn urls(sitemap: &Sitemap) -> Vec<&str> {
        sitemap.entries.iter().map(|entry| entry.url.as_str()).collect()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <!-- made by hand -->
        <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
          <url><loc>https://docs.test/a?x=1&amp;y=2</loc><lastmod>2026-01-02</lastmod><priority>0.5</priority></url>
          <url><image:image><image:loc>https://docs.test/a.png</image:loc></image:image><loc>
             https://docs.test/b#part </loc></url>
          <url><loc><![CDATA[https://docs.test/c]]></loc></url>
          <url><loc>/relative</loc></url>
        </urlset>"#;

    #[test]
    fn a_url_set_lists_pages() {
        let sitemap = parse(GOOD.as_bytes(), &base()).unwrap();
        assert_eq!(sitemap.kind, Kind::Pages);
        assert_eq!(
            urls(&sitemap),
            ["https://docs.test/a?x=1&y=2", "https://docs.test/b", "https://docs.test/c", "https://docs.test/relative"]
        );
        assert_eq!(sitemap.entries[0].last_modified.as_deref(), Some("2026-01-02"));
        assert_eq!(sitemap.notes, []);
    }

    #[test]
    fn namespaces_prefixes_and_marks_do_not_matter() {
        let text = "\u{FEFF}<s:urlset xmlns:s='x'><s:url><s:loc>https://docs.test/a</s:loc></s:url></s:urlset>";
        assert_eq!(urls(&parse(text.as_bytes(), &base()).unwrap()), ["https://docs.test/a"]);
    }

    #[test]
    fn an_index_lists_sitemaps() {
        let text = "<sitemapindex><sitemap><loc>https://docs.test/1.xml.gz</loc></sitemap></sitemapindex>";
        let sitemap = parse(text.as_bytes(), &base()).unwrap();
        assert_eq!((sitemap.kind, urls(&sitemap)), (Kind::Index, vec!["https://docs.test/1.xml.gz"]));
    }

    #[test]
    fn gzip_is_known_by_its_first_bytes() {
        assert_eq!(parse(&gzip(GOOD.as_bytes()), &base()), parse(GOOD.as_bytes(), &base()));
    }

    #[test]
    fn a_broken_file_gives_what_came_before_and_a_note() {
        let cut = GOOD.find("<![CDATA").unwrap() + 12;
        let sitemap = parse(&GOOD.as_bytes()[..cut], &base()).unwrap();
        assert_eq!(urls(&sitemap), ["https://docs.test/a?x=1&y=2", "https://docs.test/b"]);
        assert!(matches!(sitemap.notes[..], [Note::BrokenXml { .. }]), "{:?}", sitemap.notes);

        let unclosed = "<urlset><url><loc>https://docs.test/a</loc></url><url><loc>https://docs.test/b";
        let sitemap = parse(unclosed.as_bytes(), &base()).unwrap();
        assert_eq!(urls(&sitemap), ["https://docs.test/a"]);
        assert!(matches!(sitemap.notes[..], [Note::BrokenXml { .. }]), "{:?}", sitemap.notes);

        let packed = gzip(GOOD.repeat(200).as_bytes());
        let sitemap = parse(&packed[..packed.len() - 40], &base()).unwrap();
        assert!(sitemap.entries.len() >= 4);
        assert!(matches!(sitemap.notes[0], Note::BrokenGzip { .. }), "{:?}", sitemap.notes);
    }

    #[test]
    fn entries_that_are_no_urls_are_noted() {
        let text = "<urlset><url><loc>mailto:a@b</loc></url><url><loc></loc></url><url><loc>https://docs.test/a</loc></url></urlset>";
        let sitemap = parse(text.as_bytes(), &base()).unwrap();
        assert_eq!(urls(&sitemap), ["https://docs.test/a"]);
        assert_eq!(sitemap.notes, [Note::NotAUrl("mailto:a@b".into()), Note::NotAUrl(String::new())]);
    }

    #[test]
    fn no_more_than_fifty_thousand_entries_are_kept() {
        let text = format!("<urlset>{}</urlset>", "<url><loc>https://docs.test/a</loc></url>".repeat(MAX_ENTRIES + 1));
        let sitemap = parse(text.as_bytes(), &base()).unwrap();
        assert_eq!((sitemap.entries.len(), sitemap.notes), (MAX_ENTRIES, vec![Note::TooMany]));
    }

    #[test]
    fn a_gzip_bomb_is_cut_at_the_limit() {
        let mut bomb = gzip(b"<urlset><url><loc>https://docs.test/a</loc></url>");
        let zeros = gzip(&vec![b' '; 8 << 20]);
        for _ in 0..8 {
            bomb.extend(&zeros);
        }
        let sitemap = parse(&bomb, &base()).unwrap();
        assert_eq!(urls(&sitemap), ["https://docs.test/a"]);
        assert_eq!(sitemap.notes[0], Note::TooLarge);
    }

    #[test]
    fn a_list_of_urls_is_a_sitemap_and_prose_is_not() {
        let sitemap = parse(b"https://docs.test/a\r\n\r\nhttps://docs.test/b\n", &base()).unwrap();
        assert_eq!(urls(&sitemap), ["https://docs.test/a", "https://docs.test/b"]);
        assert_eq!(parse(b"https://docs.test/a is our site", &base()), None);
        assert_eq!(parse(b"", &base()), None);
    }

    #[test]
    fn other_xml_is_no_sitemap() {
        for text in ["<rss><channel/></rss>", "<!doctype html><html><body>urlset</body></html>", "<", "<urlset"] {
            assert_eq!(parse(text.as_bytes(), &base()), None, "{text}");
        }
    }

    #[test]
    fn deep_nesting_ends_the_reading() {
        let text = format!("<urlset><url><loc>https://docs.test/a</loc></url>{}", "<x>".repeat(100_000));
        assert_eq!(urls(&parse(text.as_bytes(), &base()).unwrap()), ["https://docs.test/a"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            parse(&body, &base());
        }

        #[test]
        fn any_cut_and_damage_is_taken(cut in 0..GOOD.len(), at in 0..GOOD.len(), byte: u8) {
            let mut body = GOOD.as_bytes().to_vec();
            body[at] = byte;
            body.truncate(cut);
            parse(&body, &base());
        }
    }
}
