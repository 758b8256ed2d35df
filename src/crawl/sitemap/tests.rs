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

const PIECES: &[&str] = &[
    "<urlset>",
    "<sitemapindex>",
    "<url>",
    "</url>",
    "<sitemap>",
    "<loc>",
    "</loc>",
    "https://a.test/a",
    "&amp;",
    "&",
    ";",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!",
    "[",
    "]",
    ">",
    "<",
    "/",
    "é",
    " ",
    "<x",
    "</urlset>",
    "<LOC/>",
    "&#x26;",
    "&#0;",
];

#[test]
fn a_url_set_lists_pages() {
    let sitemap = parse(GOOD.as_bytes(), &base()).unwrap();
    assert_eq!(sitemap.kind, Kind::Pages);
    assert_eq!(urls(&sitemap), ["https://docs.test/a?x=1&y=2", "https://docs.test/b", "https://docs.test/c", "https://docs.test/relative"]);
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

/// What is wrong with sitemaps in the wild: each with the addresses that can be read all the same.
#[test]
fn broken_xml_gives_what_can_be_read_and_a_note() {
    let cases: &[(&str, &str, &[&str])] = &[
        (
            "a bare ampersand",
            "<urlset><url><loc>https://a.test/x?q=1&y=2</loc></url><url><loc>https://a.test/b</loc></url></urlset>",
            &["x?q=1&y=2", "b"],
        ),
        ("one before a semicolon", "<urlset><url><loc>https://a.test/x?q=1&y;z</loc></url></urlset>", &["x?q=1&y;z"]),
        (
            "a warning before",
            "<br />\n<b>Warning</b>: x in <i>/a.php</i>\n<?xml version='1.0'?><urlset><url><loc>https://a.test/a</loc></url></urlset>",
            &["a"],
        ),
        ("text before", "Notice: y\n<?xml version='1.0'?><urlset><url><loc>https://a.test/a</loc></url></urlset>", &["a"]),
        ("names of HTML", "<urlset><url><loc>https://a.test/caf&eacute;</loc></url></urlset>", &["caf%C3%A9"]),
        (
            "an address that is not closed",
            "<urlset><url><loc>https://a.test/a<lastmod>1</lastmod></url><url><loc>https://a.test/b</loc></url></urlset>",
            &["a", "b"],
        ),
        ("entries that are not closed", "<urlset><url><loc>https://a.test/a</loc><url><loc>https://a.test/b</loc></urlset>", &["a", "b"]),
        (
            "closed by another name",
            "<urlset><url><loc>https://a.test/a</link></url><url><loc>https://a.test/b</loc></url></urlset>",
            &["a", "b"],
        ),
        ("no root", "<url><loc>https://a.test/a</loc></url><url><loc>https://a.test/b</loc></url>", &["a", "b"]),
        ("a tag within a tag", "<urlset><url<url><loc>https://a.test/a</loc></url></urlset>", &["a"]),
        ("a comment that is not closed", "<urlset><!-- <url><loc>https://a.test/a</loc></url></urlset>", &["a"]),
    ];
    for (name, text, expected) in cases {
        let sitemap = parse(text.as_bytes(), &base()).unwrap_or_else(|| panic!("{name}"));
        let expected: Vec<_> = expected.iter().map(|path| format!("https://a.test/{path}")).collect();
        assert_eq!(urls(&sitemap), expected, "{name}");
        // Names of HTML are understood, and some broken files cannot be told from good ones.
        let is_told = sitemap.notes.iter().any(|note| matches!(note, Note::BrokenXml { .. }));
        assert!(is_told || *name == "names of HTML", "{name}: {:?}", sitemap.notes);
    }
}

#[test]
fn odd_but_readable_files_need_no_note() {
    let latin: Vec<u8> =
        b"<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>https://a.test/caf\xE9</loc></url></urlset>".to_vec();
    let undeclared: Vec<u8> = b"<urlset><url><loc>https://a.test/caf\xE9</loc></url></urlset>".to_vec();
    let sixteen: Vec<u8> =
        "\u{FEFF}<urlset><url><loc>https://a.test/caf\u{e9}</loc></url></urlset>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        "\u{FEFF}<urlset><url><loc>https://a.test/caf\u{e9}</loc></url></urlset>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let unmarked = |bytes: fn(u16) -> [u8; 2]| {
        let text = "<?xml version='1.0'?><urlset><url><loc>https://a.test/caf\u{e9}</loc></url></urlset>";
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let shouted = b"<URLSET><Url><LOC>https://a.test/caf%C3%A9</LOC></Url></URLSET>".to_vec();
    let spaced = b"\xEF\xBB\xBF \n\n<urlset>\n<url>\n<loc>\n https://a.test/caf%C3%A9\n</loc ></url ><url/></urlset>".to_vec();
    for body in [latin, undeclared, sixteen, big, unmarked(u16::to_le_bytes), unmarked(u16::to_be_bytes), shouted, spaced] {
        let sitemap = parse(&body, &base()).unwrap();
        assert_eq!((urls(&sitemap), &sitemap.notes), (vec!["https://a.test/caf%C3%A9"], &vec![]), "{}", String::from_utf8_lossy(&body));
    }
}

#[test]
fn entities_that_the_file_declares_are_not_resolved() {
    let text = "<!DOCTYPE urlset [<!ENTITY a \"bbbbbbbbbb\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]>\
            <urlset><url><loc>https://a.test/&b;&x;</loc></url></urlset>";
    let sitemap = parse(text.as_bytes(), &base()).unwrap();
    assert_eq!(urls(&sitemap), ["https://a.test/&b;&x;"]);
    assert!(matches!(sitemap.notes[..], [Note::BrokenXml { places: 2, .. }]), "{:?}", sitemap.notes);
}

#[test]
fn addresses_of_extensions_are_not_those_of_pages() {
    let text = "<urlset><url><image><loc>https://a.test/1.png</loc></image><loc>https://a.test/a</loc><video:video><video:loc>https://a.test/v\
            </video:loc></video:video></url></urlset>";
    assert_eq!(urls(&parse(text.as_bytes(), &base()).unwrap()), ["https://a.test/a"]);
}

/// Counted in steps of the reader, each of which looks at the bytes behind the one before it.
#[test]
fn reading_is_linear_whatever_is_not_closed() {
    for piece in ["<!--", "<![CDATA[", "<?", "<!", "<!x[", "<url>", "<url><loc>", "</url>", "<a", "&", "<loc>&amp", "<x><y></x>"] {
        let text = format!("<urlset><url><loc>https://a.test/a</loc></url>{}", piece.repeat(400_000 / piece.len()));
        let started = std::time::Instant::now();
        let sitemap = parse(text.as_bytes(), &base()).unwrap();
        assert_eq!(urls(&sitemap)[0], "https://a.test/a", "{piece}");
        // A square would take minutes.
        assert!(started.elapsed() < std::time::Duration::from_secs(20), "{piece}: {:?}", started.elapsed());
    }
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

    /// A good file made of any pieces is read as it was meant.
    #[test]
    fn what_is_written_is_read(paths in proptest::collection::vec("[a-z0-9/?=&é]{0,12}", 0..8), is_index: bool, spaces in "[ \n]{0,3}") {
        let (root, item) = if is_index { ("sitemapindex", "sitemap") } else { ("urlset", "url") };
        let items: String = paths
            .iter()
            .map(|path| format!("{spaces}<{item}>{spaces}<loc>https://docs.test/{}</loc></{item}>", path.replace('&', "&amp;")))
            .collect();
        let sitemap = parse(format!("<{root}>{items}</{root}>").as_bytes(), &base()).unwrap();
        let expected: Vec<_> = paths.iter().map(|path| Url::parse(&format!("https://docs.test/{path}")).unwrap().to_string()).collect();
        prop_assert_eq!(urls(&sitemap), expected);
        prop_assert_eq!(sitemap.notes, vec![]);
    }

    #[test]
    fn any_markup_is_taken(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        parse(pieces.concat().as_bytes(), &base());
    }

    #[test]
    fn any_cut_and_damage_is_taken(cut in 0..GOOD.len(), at in 0..GOOD.len(), byte: u8) {
        let mut body = GOOD.as_bytes().to_vec();
        body[at] = byte;
        body.truncate(cut);
        parse(&body, &base());
    }
}
