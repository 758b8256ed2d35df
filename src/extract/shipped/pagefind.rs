//! The files of Pagefind, a search that runs in the page: an entry names an index for each language, an index names fragments, and a fragment
//! is the text of one page. They are packed, and which page a fragment is of stands in it alone. Pure.

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use url::Url;

use crate::extract::shipped::data::Data;
use crate::extract::shipped::{literal, tree};
use crate::model::Meter;

/// The fragments of a site, of all of its languages, and how many more there are than are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fragments {
    /// The address of the entry.
    entry: Option<Url>,
    files: Vec<Box<str>>,
    beyond: u64,
    /// Indexes that are still to be read for their names.
    unread: Vec<Box<str>>,
}

impl Fragments {
    /// `at`: the address of the entry.
    pub(super) fn of(entry: &str, at: &Url, meter: &Meter) -> Option<Self> {
        let data = literal::value(entry, meter);
        let languages = data.field("languages")?.fields();
        let hashes = languages.iter().filter_map(|(_, language)| language.text_of("hash")).filter(|hash| is_hash(hash));
        let unread: Vec<Box<str>> = hashes.take(MOST_LANGUAGES).map(Into::into).collect();
        (!unread.is_empty()).then(|| Self { entry: Some(at.clone()), unread, ..Self::default() })
    }

    /// The one at this address alone.
    pub(super) fn of_one(fragment: &Url) -> Option<Self> {
        let name = fragment.path_segments()?.next_back()?.strip_suffix(".pf_fragment").filter(|name| is_hash(name))?;
        let entry = fragment.join("../pagefind-entry.json").ok()?;
        Some(Self { entry: Some(entry), files: vec![name.into()], ..Self::default() })
    }

    /// The next index.
    pub(super) fn index(&self) -> Option<Url> {
        self.entry.as_ref()?.join(&format!("pagefind.{}.pf_meta", self.unread.last()?)).ok()
    }

    /// With what the index names.
    pub(super) fn with(mut self, index: &[u8]) -> Option<Self> {
        let (files, beyond) = named(&unpacked(index)?)?;
        self.unread.pop();
        let room = MOST_FRAGMENTS - self.files.len();
        self.beyond += beyond + files.len().saturating_sub(room) as u64;
        self.files.extend(files.into_iter().take(room));
        Some(self)
    }

    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    pub(super) fn entry(&self) -> Option<&Url> {
        self.entry.as_ref()
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn beyond(&self) -> u64 {
        self.beyond
    }

    pub(super) fn url(&self, place: usize) -> Option<Url> {
        self.entry.as_ref()?.join(&format!("fragment/{}.pf_fragment", self.files.get(place)?)).ok()
    }

    /// One of the fragments in turn, so that many pages that are looked for at once begin at different ones.
    pub(super) fn start_for(&self, page: &Url) -> usize {
        let sum = page.path().bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        sum.checked_rem(self.files.len()).unwrap_or(0)
    }
}

/// The text of one page.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) url: Url,
    pub(super) title: Option<String>,
    pub(super) html: String,
}

impl Fragment {
    pub(super) fn of(bytes: &[u8], fragments: &Arc<Fragments>, meter: &Meter) -> Option<Self> {
        let bytes = unpacked(bytes)?;
        let data = literal::value(str::from_utf8(&bytes).ok()?, meter);
        // Addresses are those below the folder that has the one of the search.
        let top = fragments.entry()?.join("../").ok()?;
        let url = top.join(data.text_of("url")?.trim_start_matches('/')).ok().filter(|url| url.origin() == top.origin())?;
        let title = data.field("meta").and_then(|meta| meta.text_of("title")).map(str::to_owned);
        Some(Self { url, html: sections(data.text_of("content")?, &data, title.as_deref()), title })
    }
}

/// The text with its headings where they stood: their places are counted in words.
fn sections(content: &str, data: &Data, title: Option<&str>) -> String {
    let words: Vec<&str> = content.split_whitespace().collect();
    let anchors = data.field("anchors").map(Data::items).unwrap_or_default();
    // The title stands in front of the text as well.
    let title: Vec<&str> = title.unwrap_or_default().split_whitespace().collect();
    let is_titled = words.get(..title.len()).is_some_and(|there| is_same(there, &title));
    let (mut html, mut from) = (String::new(), if is_titled { title.len() } else { 0 });
    let write = |words: &[&str], html: &mut String| {
        if !words.is_empty() {
            html.push_str(&format!("<p>{}</p>", tree::escaped(&words.join(" "))));
        }
    };
    for anchor in anchors {
        let (Some(Data::Number(place)), Some(name), Some(text)) =
            (anchor.field("location"), anchor.text_of("element"), anchor.text_of("text"))
        else {
            continue;
        };
        let heading: Vec<&str> = text.split_whitespace().collect();
        let place = (*place as usize).min(words.len());
        let is_there = words.get(place..place + heading.len()).is_some_and(|there| is_same(there, &heading));
        if !matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") || place < from || heading.is_empty() || !is_there {
            continue;
        }
        write(&words[from..place], &mut html);
        html.push_str(&format!("<{name}>{}</{name}>", tree::escaped(&heading.join(" "))));
        from = place + heading.len();
    }
    write(&words[from..], &mut html);
    html
}

/// A full stop is put behind what has none.
fn is_same(words: &[&str], heading: &[&str]) -> bool {
    words.len() == heading.len() && words.iter().zip(heading).all(|(word, of)| word == of || word.strip_suffix('.') == Some(of))
}

/// Without the packing, which a server may have taken off, and the mark.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    if bytes.starts_with(b"\x1f\x8b") {
        MultiGzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut unpacked).ok()?;
    } else {
        unpacked.extend_from_slice(bytes);
    }
    if unpacked.len() as u64 > MOST_BYTES {
        return None;
    }
    unpacked.strip_prefix(b"pagefind_dcd").map(<[u8]>::to_vec)
}

/// The names of the fragments, as an index has them: CBOR, a list whose second item is a list of pages, which are lists that begin with their
/// name. How many more there are.
fn named(bytes: &[u8]) -> Option<(Vec<Box<str>>, u64)> {
    let mut cbor = Cbor { bytes, at: 0 };
    if cbor.list()? < 2 {
        return None;
    }
    cbor.skip(0)?;
    let count = cbor.list()?;
    let (mut names, mut beyond) = (Vec::new(), 0);
    for _ in 0..count {
        let Some(items @ 1..) = cbor.list() else { break };
        let name = cbor.text()?;
        (1..items).try_for_each(|_| cbor.skip(0))?;
        match is_hash(name) {
            true if names.len() < MOST_FRAGMENTS => names.push(name.into()),
            _ => beyond += 1,
        }
    }
    Some((names, beyond))
}

/// As much of RFC 8949 as an index has.
struct Cbor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cbor<'a> {
    /// The kind of what comes, and its number.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.bytes.get(self.at)?;
        self.at += 1;
        let number = match first & 0x1f {
            small @ ..24 => u64::from(small),
            size @ 24..28 => {
                let length = 1usize << (size - 24);
                let digits = self.bytes.get(self.at..self.at + length)?;
                self.at += length;
                digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit))
            }
            // Of no known length, which no index has.
            _ => return None,
        };
        Some((first >> 5, number))
    }

    fn list(&mut self) -> Option<u64> {
        self.head().filter(|(kind, _)| *kind == 4).map(|(_, length)| length)
    }

    fn text(&mut self) -> Option<&'a str> {
        let (_, length) = self.head().filter(|(kind, _)| *kind == 3)?;
        let end = self.at.checked_add(usize::try_from(length).ok()?)?;
        let text = self.bytes.get(self.at..end)?;
        self.at = end;
        str::from_utf8(text).ok()
    }

    fn skip(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.head()? {
            (0 | 1 | 7, _) => Some(()),
            (2 | 3, length) => {
                self.at = self.at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= self.bytes.len())?;
                Some(())
            }
            (4, length) => (0..length).try_for_each(|_| self.skip(depth + 1)),
            (5, length) => (0..length.checked_mul(2)?).try_for_each(|_| self.skip(depth + 1)),
            // A mark of what follows.
            _ => self.skip(depth + 1),
        }
    }
}

/// Part of the name of a file.
fn is_hash(text: &str) -> bool {
    (1..=LONGEST_HASH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Fragments of a site that are read, each a request.
const MOST_FRAGMENTS: usize = 5_000;
const MOST_LANGUAGES: usize = 20;
/// Of a file, unpacked.
const MOST_BYTES: u64 = 16 << 20;
const LONGEST_HASH: usize = 100;
/// Levels of lists.
const DEEPEST: usize = 16;

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::model::Budget;

    pub(crate) fn packed(text: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"pagefind_dcd").unwrap();
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    /// An index of a version, these pages with a number of words each, and three lists more.
    pub(crate) fn index(names: &[&str]) -> Vec<u8> {
        let text = |text: &str| [&[0x78, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let pages = names.iter().flat_map(|name| [&[0x82][..], &text(name), &[0x19, 0x01, 0x00]].concat());
        let head = [&[0x85][..], &text("1.5.2"), &[0x99, 0, u8::try_from(names.len()).unwrap()]].concat();
        packed(
            &head
                .into_iter()
                .chain(pages)
                .chain([0x81, 0x83, 0x61, b'a', 0x61, b'b', 0x61, b'c', 0x80, 0xa1, 0x61, b'k', 0xf5])
                .collect::<Vec<_>>(),
        )
    }

    fn fragments(entry: &str, names: &[&str]) -> Fragments {
        let meter = Budget::default().begin();
        Fragments::of(entry, &"https://a.test/d/pagefind/pagefind-entry.json".parse().unwrap(), &meter)
            .unwrap()
            .with(&index(names))
            .unwrap()
    }

    const ENTRY: &str =
        r#"{"version":"1.5.2","languages":{"en":{"hash":"en_ab12","wasm":"en","page_count":2}},"include_characters":["_"]}"#;

    #[test]
    fn an_entry_leads_to_an_index_and_that_to_fragments() {
        let meter = Budget::default().begin();
        let at: Url = "https://a.test/d/pagefind/pagefind-entry.json".parse().unwrap();
        let unread = Fragments::of(ENTRY, &at, &meter).unwrap();
        assert_eq!(unread.index().unwrap().as_str(), "https://a.test/d/pagefind/pagefind.en_ab12.pf_meta");
        let read = unread.with(&index(&["en_1a", "en_2b", "../x"])).unwrap();
        assert_eq!((read.len(), read.beyond(), read.index()), (2, 1, None));
        assert_eq!(read.url(1).unwrap().as_str(), "https://a.test/d/pagefind/fragment/en_2b.pf_fragment");
        assert_eq!(read.url(2), None);
        for odd in ["", "[]", "{\"languages\":{}}", "{\"languages\":{\"en\":{\"hash\":\"../../x\"}}}", "<!doctype html>"] {
            assert_eq!(Fragments::of(odd, &at, &meter), None, "{odd}");
        }
    }

    #[test]
    fn a_fragment_is_the_text_of_one_page_with_its_headings() {
        let fragments = Arc::new(fragments(ENTRY, &["en_1a"]));
        let meter = Budget::default().begin();
        let json = r#"{"url":"/guide/","content":"Kettles. A kettle boils <water>. Boiling. It takes two minutes.","word_count":10,"filters":{},
            "meta":{"title":"Kettles"},"anchors":[{"element":"h2","id":"boiling","text":"Boiling","location":5},{"element":"h2","id":"x","text":"Other","location":900}]}"#;
        let fragment = Fragment::of(&packed(json.as_bytes()), &fragments, &meter).unwrap();
        assert_eq!((fragment.url.as_str(), fragment.title.as_deref()), ("https://a.test/d/guide/", Some("Kettles")));
        assert_eq!(fragment.html, "<p>A kettle boils &lt;water&gt;.</p><h2>Boiling</h2><p>It takes two minutes.</p>");
        // A server may have unpacked it.
        let plain = [b"pagefind_dcd", json.as_bytes()].concat();
        assert_eq!(Fragment::of(&plain, &fragments, &meter).unwrap().html, fragment.html);
        for odd in [
            b"".as_slice(),
            b"{}",
            b"\x1f\x8b",
            &packed(b""),
            &packed(b"{\"url\":\"/x\"}"),
            &packed(b"{\"url\":\"//b.test/\",\"content\":\"x\"}"),
        ] {
            assert!(Fragment::of(odd, &fragments, &meter).is_none_or(|fragment| fragment.url.host_str() == Some("a.test")));
        }
    }

    #[test]
    fn what_is_broken_or_huge_ends() {
        let whole = index(&["en_1a", "en_2b"]);
        let bytes = unpacked(&whole).unwrap();
        for end in 0..bytes.len() {
            let _ = named(&bytes[..end]);
        }
        // A list of more items than there are bytes in the world, in each other, and a bomb.
        assert!(
            named(&[0x85, 0x61, b'1', 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_some_and(|(names, _)| names.is_empty())
        );
        assert_eq!(named(&[0x81; 100_000]), None);
        assert_eq!(named(&[&[0x85][..], &[0xdb; 100_000]].concat()), None);
        assert!(unpacked(&packed(&vec![b' '; 64 << 20])).is_none());
        let names: Vec<_> = (0..200).map(|number| format!("en_{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut many = fragments(ENTRY, &names);
        for _ in 0..30 {
            many = many.with(&index(&names)).unwrap();
        }
        assert_eq!((many.len(), many.beyond()), (MOST_FRAGMENTS, 31 * 200 - MOST_FRAGMENTS as u64));
    }
}
