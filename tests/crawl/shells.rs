//! What shells of applications ask of a crawl and lead it to, and what becomes of them where something is in the way.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use smolcrawl::crawl::{CrawlRequest, End, Error, Met, Refetched, Robots};
use smolcrawl::model::{Earlier, Filled, Validators};

use crate::shipped::{WORDS, crawled, json, markdown, shell, told, urls};
use crate::site::{Asked, Reply};
use crate::{World, request, url};

const DOCSIFY: &str = "<script>window.$docsify = {loadSidebar: true}</script>";

/// A site of routes whose top has this in its head and these headers.
fn routes(world: &World, head: &str, header: Option<&str>) {
    let top = shell(&format!("{head}{DOCSIFY}"));
    world.site.reply("a.test/", header.map_or(top.clone(), |value| top.header("X-Robots-Tag", value)));
    world.site.reply("a.test/_sidebar.md", markdown("- [Guide](guide.md)\n- [Closed](closed.md)\n"));
    world.site.reply("a.test/README.md", markdown(&format!("# Tea\n\n{WORDS}\n")));
    world
        .site
        .reply("a.test/guide.md", markdown(&format!("# Guide\n\nGuide. {WORDS} [Next](next.md)\n")).header("X-Robots-Tag", "nofollow"));
    world
        .site
        .reply("a.test/closed.md", markdown(&format!("# Closed\n\nClosed. {WORDS} [More](more.md)\n")).header("X-Robots-Tag", "noindex"));
    world.site.reply("a.test/next.md", markdown("# Next\n")).reply("a.test/more.md", markdown(&format!("# More\n\nMore. {WORDS}\n")));
}

#[test]
fn what_shells_and_files_ask_of_crawlers_is_obeyed() {
    let world = World::new();
    routes(&world, "", None);
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/#/guide", "http://a.test/#/more"]);
    assert_eq!(
        report.skipped.iter().map(|skipped| (skipped.url.as_str(), &*skipped.why)).collect::<Vec<_>>(),
        [("http://a.test/#/closed", "the page asks not to be indexed")]
    );
    assert_eq!(report.left, 0);

    for (head, header) in [("<meta name=robots content=nofollow>", None), ("", Some("nofollow"))] {
        let world = World::new();
        routes(&world, head, header);
        let (pages, report) = crawled(&world, "http://a.test/");
        assert_eq!((urls(&pages), report.left), (vec!["http://a.test/"], 0), "{head} {header:?}");
        // A crawl that is told so follows all the same.
        let all = world.run(request("http://a.test/").robots(Robots::Ignore));
        assert_eq!(all.urls.len(), 5, "{:?}", all.urls);
    }

    let world = World::new();
    routes(&world, "", None);
    world.site.reply("a.test/README.md", markdown(&format!("# Tea\n\n{WORDS}\n")).header("X-Robots-Tag", "noindex"));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!((pages.len(), report.skips(), report.left), (2, 2, 0), "{pages:?}");
    assert!(!urls(&pages).contains(&"http://a.test/"));

    // A shell by another generator.
    let world = World::new();
    let head = "<meta name=robots content=nofollow><meta name=generator content='mkdocs-1'><script>var base_url = '.'</script>";
    world.site.reply("a.test/", shell(head));
    let index = format!(
        r#"{{"docs":[{{"location":"","title":"Home","text":"{WORDS}"}},{{"location":"guide/","title":"Guide","text":"{WORDS}"}}]}}"#
    );
    world.site.reply("a.test/search/search_index.json", json(&index));
    let (pages, _) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/"]);
}

#[test]
fn a_text_from_beside_a_page_leads_on() {
    let world = World::new();
    let gatsby = |world: &World, page: &str, html: &str| {
        world.site.reply(
            &format!("a.test/{page}"),
            Reply::html(format!("<body><div id=___gatsby></div><script src=/app-1.js></script><i hidden>{page}</i>")),
        );
        let data = serde_json::json!({ "result": { "data": { "markdownRemark": { "html": html } } } });
        let path = if page.is_empty() { "index" } else { page.trim_end_matches('/') };
        world.site.reply(&format!("a.test/page-data/{path}/page-data.json"), json(&data.to_string()));
    };
    gatsby(&world, "", &format!("<p>One. {WORDS} <a href='/two/'>two</a></p>"));
    gatsby(&world, "two/", &format!("<p>Two. {WORDS} <a href='/m/three'>three</a></p>"));
    for (page, link) in [("three", "[four](/m/four.md)"), ("four", "[gone](http://b.test/)")] {
        world
            .site
            .reply(&format!("a.test/m/{page}"), shell(&format!("<meta name=generator content=Mintlify><script src=/{page}.js></script>")));
        world.site.reply(&format!("a.test/m/{page}.md"), markdown(&format!("# {page}\n\n{page}. {WORDS} {link}\n")));
    }
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/m/four", "http://a.test/m/three", "http://a.test/two/"]);
    assert!(pages.iter().all(|(.., filled)| filled.starts_with("shipped:")), "{pages:?}");
    assert_eq!((report.failures(), report.left), (0, 0), "{report:?}");

    // And so it does where a refresh asks for it.
    let known = Validators { twin: Some(url("http://a.test/page-data/index/page-data.json")), ..Validators::default() };
    let filled = Filled::Shipped("page-data.json".into());
    let again = world.handle.block_on(world.crawler().refetch_filled(&url("http://a.test/"), &known, &filled, Robots::Obey));
    let Ok(Refetched::Page(_, links)) = again else { panic!("{again:?}") };
    assert_eq!(links, [url("http://a.test/two/")]);
}

#[test]
fn all_parts_of_a_page_are_read_from_its_data() {
    let world = World::new();
    world.site.reply("a.test/", Reply::html("<body><div id=___gatsby></div><script src=/app-1.js></script>"));
    let part = |title: &str, body: String| serde_json::json!({ "frontmatter": { "title": title }, "rawMarkdownBody": body });
    let parts =
        [part("Pots & pans", format!("First. {WORDS}\n\n```\nboil\n```")), part("Kettles", format!("Second. {WORDS}\n\n- a\n- b\n- c"))];
    let data = serde_json::json!({ "result": { "data": { "parts": parts, "rest": { "html": format!("<p>Third. {WORDS}</p>") } } } });
    world.site.reply("a.test/page-data/index/page-data.json", json(&data.to_string()));
    let (pages, _) = crawled(&world, "http://a.test/");
    let (_, text, filled) = &pages[0];
    let places: Vec<_> =
        ["# Pots & pans", "First. A kettle", "# Kettles", "Second. A kettle", "Third. A kettle"].map(|part| text.find(part)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {text}");
    assert_eq!(filled, "shipped:page-data.json");
}

#[test]
fn a_history_of_addresses_asks_for_its_lists_once() {
    let world = World::new();
    let head = "<script>window.$docsify = {routerMode: 'history', loadSidebar: true, loadNavbar: true, basePath: '/'}</script>";
    world.site.reply("a.test/_sidebar.md", markdown(&(0..20).map(|page| format!("- [Page](/{page})\n")).collect::<String>()));
    world.site.reply("a.test/", shell(head)).reply("a.test/README.md", markdown(&format!("# Tea\n\n{WORDS}\n")));
    for page in 0..20 {
        world.site.reply(&format!("a.test/{page}"), shell(&format!("<meta name=p content={page}>{head}")));
        world.site.reply(&format!("a.test/{page}.md"), markdown(&format!("# Page {page}\n\nPage {page}. {WORDS}\n")));
    }
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!((pages.len(), report.shipped["docsify"], report.left), (21, 21, 0), "{report:?}");
    for list in ["a.test/_sidebar.md", "a.test/_navbar.md"] {
        assert_eq!(world.site.targets().iter().filter(|asked| *asked == list).count(), 1, "{list}");
    }
}

#[test]
fn a_full_crawl_asks_for_what_its_last_pages_wait_for() {
    let world = World::new();
    // The shell comes first, then its site wants to be left alone: another page of it is asked again before what the shell waits for.
    let asked = AtomicU32::new(0);
    let data = json(&format!(r#"{{"result":{{"html":"<p>One. {WORDS}</p>"}}}}"#));
    let alone = || Reply::status(429).header("Retry-After", "3");
    world.site.reply("a.test/one/", Reply::html("<body><div id=___gatsby></div><script src=/app-1.js></script>"));
    world.site.on("a.test/page-data/one/page-data.json", move |_: &Asked| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => alone(),
        _ => data.clone(),
    });
    world.site.reply("a.test/two", alone().after(Duration::from_millis(500)));
    world.site.reply("b.test/robots.txt", Reply::status(404).after(Duration::from_secs(1))).page("b.test/", &[]);
    let seeds = ["http://a.test/one/", "http://a.test/two", "http://b.test/"];
    let outcome = world.run(CrawlRequest::parse(&seeds).unwrap().max_pages(2));
    assert_eq!(outcome.urls, ["http://a.test/one/", "http://b.test/"], "{:?}", outcome.report);
    assert_eq!((outcome.report.end, outcome.report.left), (End::MaxPages, 1), "{:?}", outcome.report);
}

#[test]
fn a_route_is_taken_from_its_file_where_nobody_has_read_its_top() {
    let world = World::new();
    routes(&world, "", None);
    // As a crawl has it that goes on: the top is no seed, and dealt with.
    let mut crawl = world.crawler().crawl(request("http://a.test/other"));
    world.site.page("a.test/other", &[]);
    let mut earlier = Earlier::default();
    assert!(earlier.found.push("http://a.test/#/more", 1));
    crawl.go_on(earlier, 1);
    let outcome = world.drain(crawl);
    assert_eq!(outcome.urls, ["http://a.test/#/more", "http://a.test/other"]);
    assert_eq!(outcome.report.shipped.get("docsify"), Some(&1), "{:?}", outcome.report);
}

#[test]
fn the_links_of_routes_are_told_of_routes() {
    let world = World::new();
    let docute = "<script>new Docute({sidebar: [{links: [{link: '/guide'}, {link: '/more'}]}]})</script>";
    world.site.reply("a.test/", Reply::html(format!("<body><a href=/static>Static</a><div id=app></div>{docute}")));
    world.site.page("a.test/static", &["/end"]).page("a.test/end", &["http://b.test/"]);
    world.site.reply("a.test/guide.md", markdown(&format!("# Guide\n\nGuide. {WORDS} [More](more.md)\n")));
    world.site.reply("a.test/more.md", markdown(&format!("# More\n\nMore. {WORDS}\n")).after(Duration::from_millis(50)));
    let mut graph = world.crawler().link_graph(request("http://a.test/"));
    let mut links = Vec::new();
    world.handle.block_on(async {
        while let Some(met) = graph.next().await {
            if let Met::Page(page) = met {
                links.extend(page.links.iter().map(|link| format!("{} {}", page.url.as_str(), link.to)));
            }
        }
    });
    links.sort();
    assert_eq!(
        links,
        [
            "http://a.test/ http://a.test/static",
            "http://a.test/#/guide http://a.test/#/more",
            "http://a.test/end http://b.test/",
            "http://a.test/static http://a.test/end"
        ]
    );
}

#[test]
fn a_text_that_was_known_is_not_given_up_for_a_shell() {
    let world = World::new();
    // With some words of its own, which are a page where nothing else is known of it.
    let bare = "<body><div>All the kettles of this house, and the pots of it</div><div id=root></div><script src=a.js></script>";
    world.site.reply("a.test/", Reply::html(bare));
    let page = url("http://a.test/");
    let fetched = world.handle.block_on(world.crawler().fetch(&page, Robots::Obey)).unwrap();
    assert!(told(&fetched).1.starts_with("All the kettles"));
    for filled in [Filled::Rendered, Filled::Shipped("__NEXT_DATA__".into()), Filled::Shipped("page-data.json".into())] {
        let again = world.handle.block_on(world.crawler().refetch_filled(&page, &Validators::default(), &filled, Robots::Obey));
        let Err(error) = again else { panic!("{filled}: {again:?}") };
        assert!(matches!(error.root(), Error::Shell) && error.hint().is_some() && !error.is_of_the_page(), "{error:?}");
    }
    let served = world.handle.block_on(world.crawler().refetch(&page, &Validators::default(), Robots::Obey));
    assert!(matches!(served, Ok(Refetched::Page(..))), "{served:?}");
    // So with what stands beside the empty place, which is enough for a page.
    let beside = "<p>All the kettles of this house, and the pots of it, and what is told below each page of them.</p>".repeat(4);
    let hollow = format!("<body><div id=root></div>{beside}<script src=a.js></script>");
    world.site.reply("a.test/", Reply::html(hollow.as_str()));
    let again = world.handle.block_on(world.crawler().refetch_filled(&page, &Validators::default(), &Filled::Rendered, Robots::Obey));
    assert!(matches!(&again, Err(error) if matches!(error.root(), Error::Shell)), "{again:?}");
    let served = world.handle.block_on(world.crawler().refetch_filled(&page, &Validators::default(), &Filled::Served, Robots::Obey));
    assert!(matches!(served, Ok(Refetched::Page(..))), "{served:?}");
}

#[test]
fn a_title_alone_is_no_page() {
    let world = World::new();
    let bare = "<body><h1>Kettles and all that belongs to them</h1><a href=/two>Pots</a><div id=root></div><script src=a.js></script>";
    world.site.reply("a.test/", Reply::html(bare)).reply("a.test/two", Reply::html(bare));
    let (pages, report) = crawled(&world, "http://a.test/");
    assert_eq!(urls(&pages), ["http://a.test/", "http://a.test/two"], "each is told, as each may be another page");
    assert!(pages.iter().all(|(_, text, _)| text.starts_with("needs a browser")), "{pages:?}");
    assert_eq!((report.failures(), report.left), (0, 0));
}
