//! Sitemaps, feeds and link lists as they are found: broken, of another type than they say, in other encodings.

use smolcrawl::crawl::Sitemaps;

use crate::site::Reply;
use crate::{World, request, url};

fn sixteen(text: &str) -> Vec<u8> {
    format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const MAP: &str =
    "<?xml version='1.0'?><urlset><url><loc>http://a.test/one</loc></url><url><loc>http://a.test/two?a=1&amp;b=2</loc></url></urlset>";
const RSS: &str = "<?xml version='1.0' encoding='ISO-8859-1'?><rss version='2.0'><channel><title>A</title><link>http://a.test/</link>\
    <item><title>1</title><link>http://a.test/one</link></item>\
    <item><title>2</title><link><![CDATA[http://a.test/two?a=1&b=2]]></link></item></channel></rss>";
const ATOM: &str = "<feed xmlns='http://www.w3.org/2005/Atom'><title>A</title><link href='http://a.test/'/>\
    <entry><title>1</title><link href='/one'/></entry><entry><title>2</title><link rel='alternate' href='/two?a=1&amp;b=2'/></entry></feed>";

/// Each as robots.txt names it, and each with what is wrong with it.
#[test]
fn what_lists_pages_is_read_however_it_is_served() {
    let list = "http://a.test/one\r\nhttp://a.test/two?a=1&b=2\r\n";
    let warned = format!("<br />\n<b>Warning</b>: Undefined variable $x in <b>/www/map.php</b> on line <b>3</b><br />\n{MAP}");
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("a sitemap", "application/xml", MAP.into()),
        ("as HTML", "text/html; charset=utf-8", MAP.into()),
        ("behind a warning", "text/html", warned.clone().into()),
        ("behind a warning, as XML", "text/xml", warned.into()),
        ("of two bytes", "text/xml; charset=utf-16", sixteen(MAP)),
        ("of two bytes, as HTML", "text/html", sixteen(MAP)),
        ("a list", "text/plain", list.into()),
        ("a list as HTML", "text/html", list.into()),
        ("a list of two bytes", "text/plain", sixteen(list)),
        ("RSS", "application/rss+xml", RSS.into()),
        ("RSS as HTML", "text/html", RSS.into()),
        ("Atom", "application/atom+xml", ATOM.into()),
        ("Atom as XML", "text/xml", ATOM.into()),
        ("without a type", "application/octet-stream", MAP.into()),
    ];
    for (name, content_type, body) in cases {
        let world = World::new();
        world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "Sitemap: http://a.test/map\n"));
        world.site.reply("a.test/map", Reply::new(200, content_type, body));
        world.site.page("a.test/", &[]).page("a.test/one", &[]).page("a.test/two?a=1&b=2", &[]);
        let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
        assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/one", "http://a.test/two?a=1&b=2"], "{name}: {:?}", outcome.report);
        assert_eq!(outcome.report.sitemaps, [url("http://a.test/map")], "{name}");
    }
    // A page of HTML is none.
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "Sitemap: http://a.test/map\n"));
    world.site.page("a.test/", &[]).page("a.test/map", &["/one"]).page("a.test/one", &[]);
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    assert_eq!((outcome.urls.len(), outcome.skipped("http://a.test/map")), (1, "not a sitemap"));
}

/// A feed that is asked for is a page of its own, with links.
#[test]
fn a_feed_as_a_seed_is_a_page_with_links() {
    for (content_type, body) in [("application/rss+xml", RSS), ("text/html", RSS), ("application/atom+xml", ATOM), ("text/plain", ATOM)] {
        let world = World::new();
        world.site.reply("a.test/feed.xml", Reply::new(200, content_type, body)).page("a.test/one", &[]).page("a.test/two?a=1&b=2", &[]);
        let outcome = world.run(request("http://a.test/feed.xml"));
        assert!(outcome.urls.contains(&"http://a.test/one".to_owned()), "{content_type}: {:?}", outcome.urls);
        assert!(outcome.urls.contains(&"http://a.test/two?a=1&b=2".to_owned()), "{content_type}: {:?}", outcome.urls);
    }
}

/// References, titles, angle brackets, parentheses.
#[test]
fn the_links_of_an_llms_txt_are_those_of_commonmark() {
    let listing = "# A\n\n- [1](/one \"First\"): x\n- [2]( </two two> )\n- [3](/f_(x))\n- [4][four]\n- <http://a.test/five>\n- \\[no] (/no)\n\n\
        [four]: /four 'Fourth'\n";
    let world = World::new();
    world.site.page("a.test/", &[]).reply("a.test/llms.txt", Reply::new(200, "text/plain", listing));
    for place in ["one", "two%20two", "f_(x)", "four", "five", "no"] {
        world.site.page(&format!("a.test/{place}"), &[]);
    }
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    let expected = ["", "f_(x)", "five", "four", "one", "two%20two"].map(|place| format!("http://a.test/{place}"));
    assert_eq!(outcome.urls, expected);
}
