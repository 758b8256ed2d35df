//! What two versions differ in anyway, and what is left out of account when they are compared: their numbers, and where each of them is.
//! Pure.

use std::borrow::Cow;

use url::Url;

use crate::model::host;

/// Reads texts and addresses of both versions alike, so that what is the same in both but for the version is the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Lens {
    /// The longest first.
    versions: Vec<Version>,
    /// Host and folder of each, in lower case names as URLs have them, with a slash at the end; the longest first.
    places: Vec<String>,
    /// Lower-case words behind which a bare number is a version.
    before: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    text: String,
    stands: Stands,
}

/// Where a text is taken for the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// `1.4` anywhere as a whole.
    Anywhere,
    /// `14` behind a word such as "version" or the name of the software, with a `v` before it, or as a segment of a path.
    BehindAName,
    /// `stable`, `main`: as a segment of a path.
    InPaths,
}

/// Where a source is: the folder that its seeds share, host by host.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Vec<(String, String)>);

impl Place {
    pub fn of(seeds: &[Url]) -> Self {
        let mut folders: Vec<(String, String)> = Vec::new();
        for seed in seeds {
            let (site, path) = (host(seed), seed.path());
            let folder = &path[..=path.rfind('/').unwrap_or(0)];
            let is_full = folders.len() == PLACES;
            match folders.iter_mut().find(|(known, _)| *known == site) {
                Some((_, shared)) => {
                    let same = shared.bytes().zip(folder.bytes()).take_while(|(a, b)| a == b).count();
                    let end = shared.as_bytes()[..same].iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                    shared.truncate(end);
                }
                None if is_full => {}
                None => folders.push((site, folder.to_owned())),
            }
        }
        Self(folders)
    }

    /// The path of a page from there on.
    fn within<'a>(&self, page: &'a Url) -> Option<(usize, &'a str)> {
        let site = host(page);
        let at = self.0.iter().position(|(known, _)| *known == site)?;
        Some((at, page.path().strip_prefix(self.0[at].1.as_str())?))
    }
}

impl Lens {
    /// `versions` as names, pages and addresses of both call them; `software` as its pages call it.
    pub fn new(versions: &[String], places: [&Place; 2], software: &[String]) -> Self {
        let mut known: Vec<Version> = Vec::new();
        for text in versions.iter().flat_map(|version| with_series(version)) {
            let version = Version::parse(&text);
            if !known.contains(&version) && (1..=LONGEST).contains(&version.text.len()) && known.len() < VERSIONS {
                known.push(version);
            }
        }
        known.sort_by_key(|version| std::cmp::Reverse(version.text.len()));
        let folders = places.into_iter().flat_map(|place| &place.0);
        let mut places: Vec<_> = folders.map(|(site, folder)| format!("{site}{folder}")).collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.len()));
        places.dedup();
        let names = software.iter().map(|name| name.trim().to_lowercase()).filter(|name| (1..=LONGEST).contains(&name.len()));
        let before = ["version", "release"].into_iter().map(str::to_owned).chain(names).take(VERSIONS).collect();
        Self { versions: known, places, before }
    }

    /// A text with a mark in the place of either version and of either place. One pass.
    pub fn through<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let bytes = text.as_bytes();
        let (mut out, mut kept, mut at) = (String::new(), 0, 0);
        while at < bytes.len() {
            let is_start = bytes[at].is_ascii_alphanumeric() && (at == 0 || !is_inside(bytes[at - 1]));
            match if is_start { self.place(text, at).or_else(|| self.version(text, at)) } else { None } {
                Some((end, mark)) => {
                    out.push_str(&text[kept..at]);
                    out.push(mark);
                    (kept, at) = (end, end);
                }
                None => at += 1,
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[kept..]);
        Cow::Owned(out)
    }

    /// What a page is known by in both versions: its address without the version.
    pub fn address(&self, page: &Url) -> String {
        self.path(page.path(), page.query())
    }

    /// The same from the folder of its source on.
    pub fn relative(&self, page: &Url, place: &Place) -> Option<String> {
        let (at, rest) = place.within(page)?;
        Some(format!("{at}:{}", self.path(rest, page.query())))
    }

    fn path(&self, path: &str, query: Option<&str>) -> String {
        let (mut known, mut is_dropped) = (String::with_capacity(path.len()), false);
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            // One: "/14/chapter/14/" is no "/chapter/".
            if !is_dropped && self.is_version(segment) {
                is_dropped = true;
            } else {
                known.push('/');
                known.push_str(segment);
            }
        }
        for index in ["/index.html", "/index.htm"] {
            if let Some(folder) = known.strip_suffix(index) {
                known.truncate(folder.len());
                break;
            }
        }
        if let Some(query) = query {
            known.push('?');
            known.push_str(query);
        }
        known
    }

    fn is_version(&self, segment: &str) -> bool {
        let bare = bare(segment);
        self.versions.iter().any(|version| version.text.eq_ignore_ascii_case(bare))
    }

    /// The end of an address in one of the places that begins there, as far as the place goes.
    fn place(&self, text: &str, at: usize) -> Option<(usize, char)> {
        let rest = &text[at..];
        let address = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://"))?;
        let place = self.places.iter().find(|place| address.as_bytes().starts_with(place.as_bytes()))?;
        Some((text.len() - address.len() + place.len(), PLACE))
    }

    /// The end of the version that begins there.
    fn version(&self, text: &str, at: usize) -> Option<(usize, char)> {
        let bytes = text.as_bytes();
        let has_v = matches!(bytes[at], b'v' | b'V') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let from = at + usize::from(has_v);
        let fits = |version: &&Version| {
            let end = from + version.text.len();
            let is_there = bytes.get(from..end).is_some_and(|there| there.eq_ignore_ascii_case(version.text.as_bytes()));
            let in_path = || at > 0 && bytes[at - 1] == b'/' && bytes.get(end) == Some(&b'/');
            is_there
                && is_end(&bytes[end..])
                && match version.stands {
                    Stands::Anywhere => true,
                    Stands::BehindAName => has_v || in_path() || self.is_behind_a_name(&bytes[..at]),
                    Stands::InPaths => in_path(),
                }
        };
        self.versions.iter().find(fits).map(|version| (from + version.text.len(), VERSION))
    }

    fn is_behind_a_name(&self, before: &[u8]) -> bool {
        let Some((b' ' | b'-', before)) = before.split_last() else { return false };
        self.before.iter().any(|name| {
            let start = before.len().checked_sub(name.len());
            start
                .is_some_and(|start| before[start..].eq_ignore_ascii_case(name.as_bytes()) && (start == 0 || !is_inside(before[start - 1])))
        })
    }
}

impl Version {
    fn parse(text: &str) -> Self {
        let text = bare(text).to_owned();
        let stands = match text.bytes().next() {
            Some(b'0'..=b'9') if text.contains('.') => Stands::Anywhere,
            Some(b'0'..=b'9') => Stands::BehindAName,
            _ => Stands::InPaths,
        };
        Self { text, stands }
    }
}

/// `2.0.1` is called 2.0 as well.
fn with_series(version: &str) -> Vec<String> {
    let version = bare(version.trim());
    let numbers: Vec<_> = version.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match numbers.as_slice() {
        [major, minor, _, ..] if is_number(major) && is_number(minor) => vec![version.to_owned(), format!("{major}.{minor}")],
        _ => vec![version.to_owned()],
    }
}

/// `v1.2` is 1.2.
fn bare(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(version)
}

/// Whether what comes behind such a byte goes on with the same word or number. Other scripts put no space before a number.
fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')
}

/// Whether a version is whole before this: 1.4 is none in 1.45, 1.4b and 1.4.2.
fn is_end(rest: &[u8]) -> bool {
    match rest {
        [b'.', next, ..] => !next.is_ascii_digit(),
        [next, ..] => !next.is_ascii_alphanumeric() && *next != b'_',
        [] => true,
    }
}

/// Stored texts have no control characters but tab and new line.
const VERSION: char = '\u{1}';
const PLACE: char = '\u{2}';
/// Bytes of a version or a name.
const LONGEST: usize = 64;
/// Versions, and names, that are looked for at each place.
const VERSIONS: usize = 12;
/// Hosts of a source whose folders are known.
const PLACES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seeds: &str) -> Place {
        Place::of(&seeds.split(' ').map(|seed| Url::parse(seed).unwrap()).collect::<Vec<_>>())
    }

    fn lens(versions: &str) -> Lens {
        let versions: Vec<_> = versions.split(' ').map(str::to_owned).collect();
        Lens::new(&versions, [&place("https://a.test/docs/1.4/"), &place("https://b.test/x/")], &["Post Tool".to_owned()])
    }

    #[test]
    fn a_version_is_seen_where_it_is_one() {
        let lens = lens("1.4 v2.0.1");
        for (one, other) in [
            ("Version 1.4", "Version 2.0.1"),
            ("tool-1.4.tar.gz", "tool-2.0.tar.gz"),
            ("v1.4, V1.4", "v2.0, 2.0"),
            ("版本1.4。", "版本2.0。"),
            ("https://c.test/1.4/x", "https://c.test/v2.0.1/x"),
            ("[x](https://a.test/docs/1.4/x)", "[x](http://b.test/x/x)"),
            ("in 1.4.", "in 2.0."),
        ] {
            assert_eq!(lens.through(one), lens.through(other), "{one} {other}");
            assert_ne!(one, lens.through(one));
        }
        // Shows that the above says something.
        for (one, other) in [
            ("1.4.2", "2.0.2"),
            ("11.4", "12.0"),
            ("1.45", "2.05"),
            ("1.4beta", "2.0beta"),
            ("x1.4", "x2.0"),
            ("1.4 seconds", "3 seconds"),
            ("https://a.test/docs/1.4/x", "https://b.test/x/y"),
            ("https://a.test/other/x", "https://b.test/x/x"),
        ] {
            assert_ne!(lens.through(one), lens.through(other), "{one} {other}");
        }
    }

    #[test]
    fn a_bare_number_is_a_version_behind_a_name_only() {
        let lens = lens("14 15 main");
        for (one, other) in [
            ("Post Tool 14 has", "post tool 15 has"),
            ("release 14", "Release 15"),
            ("v14", "v15"),
            ("https://c.test/docs/14/x", "https://c.test/docs/main/x"),
        ] {
            assert_eq!(lens.through(one).to_lowercase(), lens.through(other).to_lowercase(), "{one} {other}");
        }
        for text in ["Table 14", "14 rows", "a conversion 14", "posttool 14", "the main function", "14/15", "Post Tool  14"] {
            assert_eq!(lens.through(text), text);
        }
    }

    #[test]
    fn a_page_is_the_same_in_another_version() {
        let lens = lens("1.4 2.0.1 stable");
        let of = |url: &str| lens.address(&Url::parse(url).unwrap());
        for (one, other) in [
            ("https://a.test/docs/1.4/guide.html", "https://a.test/docs/2.0/guide.html"),
            ("https://a.test/en/v1.4/", "https://a.test/en/stable/index.html"),
            ("https://a.test/docs/guide", "https://b.test/docs/v2.0.1/guide/"),
        ] {
            assert_eq!(of(one), of(other));
        }
        for (one, other) in [
            ("https://a.test/docs/1.4/guide", "https://a.test/docs/1.5/guide"),
            ("https://a.test/1.4/x/1.4/", "https://a.test/1.4/x/"),
            ("https://a.test/1.4/?a=1", "https://a.test/1.4/?a=2"),
        ] {
            assert_ne!(of(one), of(other));
        }
        let (old, new) = (place("https://a.test/docs-old/"), place("https://b.test/m/api/ https://b.test/m/guide/x.html"));
        let relative = |url: &str, place| lens.relative(&Url::parse(url).unwrap(), place);
        assert_eq!(relative("https://a.test/docs-old/api/x", &old), relative("https://b.test/m/api/x", &new));
        assert_eq!(relative("https://a.test/other", &old), None);
        assert_eq!(relative("https://b.test/docs-old/x", &old), None);
        // Seeds of other folders are not the same folder.
        assert_ne!(relative("https://b.test/m/api/", &new), relative("https://b.test/m/guide/", &new));
    }

    #[test]
    fn a_text_without_versions_is_not_copied_and_all_else_is_kept() {
        let lens = lens("1.4 2.0");
        assert!(matches!(lens.through("Ünï — 東京 1 . 4 🙂"), Cow::Borrowed(_)));
        assert_eq!(lens.through("ü1.4ü"), format!("ü{VERSION}ü"));
        assert_eq!(Lens::default().through("https://a.test/1.4"), "https://a.test/1.4");
        assert_eq!(lens.through("1.4 1.4"), format!("{VERSION} {VERSION}"));
    }

    #[test]
    fn however_long_a_text_is_it_is_read_once() {
        let lens = lens("1.4 2.0");
        for piece in ["1.4 ", "https://", "version ", "/1.4/", "v", ".", "1"] {
            let text = piece.repeat(200_000);
            let began = std::time::Instant::now();
            assert!(lens.through(&text).len() <= text.len());
            assert!(began.elapsed().as_secs() < 5, "{piece}");
        }
    }
}
