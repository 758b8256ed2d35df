//! What a site offers to programs: llms.txt, and its pages in markdown.

use smolcrawl::crawl::{LeaveOut, Refetched, Robots, Sitemaps};
use smolcrawl::model::Validators;

use crate::site::{Asked, Reply, page};
use crate::{World, request, url};

const TEXT: &str = "# Herons\n\nThey wade in shallow water, and wait for fish.\n";

fn text(body: &str) -> Reply {
    Reply::new(200, "text/plain; charset=utf-8", body)
}

fn asked(seed: &str) -> smolcrawl::crawl::CrawlRequest {
    request(seed).sitemaps(Sitemaps::Follow)
}

fn with_twin(words: &str, twin: &str, links: &[&str]) -> Reply {
    Reply::html(format!("<link rel=alternate type=text/markdown href={twin}>{}", page(words, links)))
}

#[test]
fn an_llms_txt_is_found_beside_the_seed_or_at_the_top() {
    let world = World::new();
    let listing = "# Docs\n> All of it\n\n## Guides\n- [Hidden](/docs/hidden)\n- [Other](/blog/x): news\n- [Away](http://b.test/)\n\n[ref]: /docs/ref\n[r][ref]\n";
    world.site.page("a.test/docs/", &[]).page("a.test/docs/hidden", &[]).page("a.test/docs/ref", &[]).page("a.test/blog/x", &[]);
    for place in ["a.test/llms.txt", "a.test/docs/llms.txt"] {
        world.site.reply(place, text(listing));
        let before = world.site.asked().len();
        let outcome = world.run(asked("http://a.test/docs/"));
        assert_eq!(outcome.urls, ["http://a.test/docs/", "http://a.test/docs/hidden", "http://a.test/docs/ref"], "{place}");
        assert_eq!(outcome.report.llms_txt, [url(&format!("http://{place}"))]);
        assert_eq!(outcome.report.passed_over["in llms.txt, but out of scope"], 2);
        assert_eq!((outcome.report.failures(), outcome.report.skips(), outcome.report.left), (0, 0, 0));
        let guesses = world.site.asked()[before..].iter().filter(|asked| asked.target.contains("llms")).count();
        assert_eq!(guesses, 2, "{place}");
    }
    // Not where only links are wanted, or one page.
    let before = world.site.asked().len();
    world.run(request("http://a.test/docs/"));
    world.run(asked("http://a.test/docs/").depth(0));
    assert!(world.site.asked()[before..].iter().all(|asked| !asked.target.contains("llms")));
}

#[test]
fn that_there_is_no_llms_txt_is_no_news() {
    let replies = [
        Reply::status(404),
        Reply::status(500),
        Reply::hangup(),
        Reply::html(page("soft", &["/docs/x"])),
        Reply::redirect("/login"),
        Reply::redirect("/"),
        Reply::redirect("http://b.test/llms.txt"),
        text("nothing here"),
    ];
    for reply in replies {
        let world = World::new();
        world.site.page("a.test/docs/", &[]).page("a.test/docs/x", &[]);
        world.site.reply("a.test/llms.txt", reply.clone()).reply("a.test/docs/llms.txt", reply.clone());
        let outcome = world.run(asked("http://a.test/docs/"));
        assert_eq!(outcome.urls, ["http://a.test/docs/"], "{reply:?}");
        let report = &outcome.report;
        assert_eq!((report.failures(), report.skips(), report.left, report.llms_txt.len()), (0, 0, 0, 0), "{reply:?} {report:?}");
        assert!(world.site.asked().iter().all(|asked| asked.host == "a.test"));
        // What hangs up is asked twice by the transport.
        let mut guesses = world.site.targets();
        guesses.dedup();
        assert_eq!(guesses, ["a.test/docs/", "a.test/docs/llms.txt", "a.test/llms.txt", "a.test/sitemap.xml"]);
    }
    // Nor that robots.txt forbids to look for it.
    let world = World::new();
    world.site.page("a.test/", &[]).reply("a.test/robots.txt", text("User-agent: *\nDisallow: /llms.txt\nDisallow: /sitemap.xml\n"));
    let report = world.run(asked("http://a.test/")).report;
    assert_eq!((report.pages, report.failures(), report.skips(), report.left), (1, 0, 0, 0), "{report:?}");
    assert_eq!(world.site.targets(), ["a.test/"]);
}

#[test]
fn the_full_text_is_told_and_not_taken() {
    let world = World::new();
    world.site.page("a.test/", &[]).page("a.test/x", &[]);
    world.site.reply("a.test/llms.txt", text("- [x](/x)\n- [all](/llms-full.txt)\n")).reply("a.test/llms-full.txt", text(TEXT));
    let outcome = world.run(asked("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/x"]);
    assert_eq!(outcome.report.llms_full_txt, [url("http://a.test/llms-full.txt")]);
    // Known by asking where nothing names it.
    world.site.reply("a.test/llms.txt", text("- [x](/x)\n"));
    assert_eq!(world.run(asked("http://a.test/")).report.llms_full_txt, [url("http://a.test/llms-full.txt")]);
    world.site.reply("a.test/llms-full.txt", Reply::status(404));
    let report = world.run(asked("http://a.test/")).report;
    assert_eq!((report.llms_full_txt.len(), report.failures(), report.left), (0, 0, 0), "{report:?}");
    // Whoever names it gets it.
    world.site.reply("a.test/llms-full.txt", text(TEXT));
    assert_eq!(world.run(request("http://a.test/llms-full.txt")).urls, ["http://a.test/llms-full.txt"]);
}

#[test]
fn a_page_is_taken_in_markdown_where_it_says_that_it_is_there() {
    let world = World::new();
    world.site.page("a.test/", &["/x", "/gone", "/empty", "/html", "/far"]);
    world.site.reply("a.test/x", with_twin("x", "/x.md", &["/y", "/x.md"]).header("ETag", "\"1\"")).page("a.test/y", &[]);
    world.site.on("a.test/x.md", |asked: &Asked| match asked.header("if-none-match") {
        Some("\"md\"") => Reply::status(304),
        _ => Reply::new(200, "text/markdown", TEXT).header("X-Robots-Tag", "noindex").header("ETag", "\"md\""),
    });
    world.site.reply("a.test/gone", with_twin("gone", "/gone.md", &[])).reply("a.test/gone.md", Reply::status(404));
    world.site.reply("a.test/empty", with_twin("empty", "/empty.md", &[])).reply("a.test/empty.md", Reply::new(200, "text/markdown", "\n"));
    world.site.reply("a.test/html", with_twin("html", "/html.md", &[])).page("a.test/html.md", &[]);
    world
        .site
        .reply("a.test/far", with_twin("far", "http://b.test/far.md", &[]))
        .reply("b.test/far.md", Reply::new(200, "text/markdown", TEXT));
    let mut crawl = world.crawler().crawl(asked("http://a.test/"));
    let mut pages = Vec::new();
    let report = world.handle.block_on(async {
        while let Some(visit) = crawl.next().await {
            if let smolcrawl::crawl::Visit::Page(page) = visit {
                pages.push(page);
            }
        }
        crawl.finish()
    });
    pages.sort_by(|one, other| one.url.cmp(&other.url));
    let paths: Vec<_> = pages.iter().map(|page| page.url.path()).collect();
    assert_eq!(paths, ["/", "/empty", "/far", "/gone", "/html", "/x", "/y"]);
    let x = pages.iter().find(|page| page.url.path() == "/x").unwrap();
    assert_eq!((&*x.body, x.content_type.as_deref()), (TEXT.as_bytes(), Some("text/markdown")));
    assert_eq!(x.validators.etag.as_deref(), Some("\"md\""), "those of the twin, which a refresh asks for");
    assert_eq!(x.validators.twin, Some(url("http://a.test/x.md")));
    for page in pages.iter().filter(|page| page.url.path() != "/x") {
        assert!(page.body.starts_with(b"<"), "{page:?}");
    }
    assert_eq!((report.in_markdown, report.failures(), report.pages, report.left), (1, 0, 7, 0), "{report:?}");
    let times = |target: &str| world.site.targets().iter().filter(|asked| *asked == target).count();
    assert_eq!((times("a.test/x.md"), times("b.test/far.md")), (1, 0), "once, and not of another site");

    // A refresh keeps to it.
    let refetched = world.handle.block_on(world.crawler().refetch(&url("http://a.test/x"), &Validators::default(), Robots::Obey));
    assert!(matches!(refetched, Ok(Refetched::Page(page, _)) if page.body == TEXT.as_bytes() && page.url.path() == "/x"));
    // It asks for the twin first, with its validators, and for nothing else if that has not changed; if it has, for the page's links.
    let before = world.site.asked().len();
    let again =
        |known: &Validators| world.handle.block_on(world.crawler().refetch(&url("http://a.test/x"), known, Robots::Ignore)).unwrap();
    assert!(matches!(again(&x.validators), Refetched::Unchanged));
    let changed = Validators { etag: Some("\"old\"".to_owned()), ..x.validators.clone() };
    assert!(matches!(again(&changed), Refetched::Page(page, _) if page.body == TEXT.as_bytes() && page.validators == x.validators));
    let targets: Vec<_> = world.site.asked()[before..].iter().map(|asked| asked.target.clone()).collect();
    assert_eq!(targets, ["/x.md", "/x.md", "/x"]);
    // Where there is none any more the page itself tells, and is not asked with what the twin was.
    let gone = Validators { twin: Some(url("http://a.test/gone.md")), ..x.validators.clone() };
    let refetched = world.handle.block_on(world.crawler().refetch(&url("http://a.test/gone"), &gone, Robots::Ignore)).unwrap();
    assert!(matches!(refetched, Refetched::Page(page, _) if page.body.starts_with(b"<") && page.validators.twin.is_none()));
    let asked_last = world.site.asked();
    let html = asked_last.iter().rfind(|asked| asked.target == "/gone").unwrap();
    assert_eq!(html.header("if-none-match"), None);
    let lost = Validators { twin: Some(url("http://a.test/gone.md")), ..x.validators.clone() };
    let refetched = world.handle.block_on(world.crawler().refetch(&url("http://a.test/not-there"), &lost, Robots::Ignore)).unwrap();
    assert!(matches!(refetched, Refetched::Gone));
    // Not where only links are followed.
    let outcome = world.run(request("http://a.test/x"));
    assert_eq!(outcome.report.in_markdown, 0);
}

#[test]
fn the_page_limit_and_robots_hold_for_markdown_too() {
    let world = World::new();
    let links: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    world.site.page("a.test/", &links);
    world.site.on("a.test/*", |asked: &Asked| match asked.target.strip_suffix(".md") {
        Some(target) => Reply::new(200, "text/markdown", format!("{TEXT}{target}")),
        None => with_twin(&asked.target, &format!("{}.md", asked.target), &[]),
    });
    for limit in [1, 7, 51] {
        let outcome = world.run(asked("http://a.test/").max_pages(limit).concurrency(4).robots(Robots::Ignore));
        assert_eq!((outcome.pages.len() as u64, outcome.report.in_markdown), (limit, limit - 1));
    }
    let outcome = world.run(asked("http://a.test/").per_host(1).robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.in_markdown), (51, 50), "who waits for a turn gets it");
    assert!(world.site.most_at_once() <= 4, "{}", world.site.most_at_once());
    world.site.reply("a.test/robots.txt", text("User-agent: *\nDisallow: /*.md$"));
    let outcome = world.run(asked("http://a.test/"));
    assert_eq!((outcome.pages.len(), outcome.report.in_markdown, outcome.report.skips()), (51, 0, 0));
}

/// By one address, where the server says that its answers depend on what is asked for.
#[test]
fn a_page_is_taken_in_markdown_where_the_server_gives_it_to_who_asks() {
    let world = World::new();
    let links: Vec<String> = (0..20).map(|number| format!("/{number}")).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    let wants_markdown = |asked: &Asked| asked.header("accept").unwrap().starts_with("text/markdown");
    world.site.reply("a.test/", Reply::html(page("start", &links)).header("Vary", "Accept-Encoding"));
    world.site.on("a.test/*", move |asked: &Asked| match wants_markdown(asked) {
        true if asked.target == "/7" => Reply::status(406),
        true => Reply::new(200, "text/markdown; charset=utf-8", format!("{TEXT}{}", asked.target))
            .header("Vary", "Accept")
            .header("ETag", "\"m\""),
        false => Reply::html(page(&asked.target, &[])).header("Vary", "Accept-Encoding, accept"),
    });
    let outcome = world.run(asked("http://a.test/").robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.in_markdown, outcome.report.failures()), (21, 19, 0), "{:?}", outcome.report);
    let times = |target: &str| world.site.targets().iter().filter(|asked| *asked == target).count();
    assert_eq!((times("a.test/"), times("a.test/3"), times("a.test/7")), (1, 2, 2), "the first says that it does not depend on that");
    // A refresh asks once.
    let known = Validators { etag: Some("\"old\"".to_owned()), last_modified: None, twin: Some(url("http://a.test/3")) };
    let before = world.site.asked().len();
    let refetched = world.handle.block_on(world.crawler().refetch(&url("http://a.test/3"), &known, Robots::Ignore));
    assert!(
        matches!(refetched, Ok(Refetched::Page(page, _)) if page.body.starts_with(TEXT.as_bytes()) && page.validators.twin == known.twin)
    );
    assert_eq!(world.site.asked().len() - before, 1);
    // Everything means the pages as they are, as does asking for no more than links.
    assert_eq!(world.run(request("http://a.test/").robots(Robots::Ignore)).report.in_markdown, 0);

    // Of a server that says so and means something else the first pages tell.
    let world = World::new();
    world.site.on("a.test/*", move |asked: &Asked| Reply::html(page(&asked.target, &[])).header("Vary", "Accept"));
    world.site.reply("a.test/", Reply::html(page("start", &links)).header("Vary", "accept"));
    let outcome = world.run(asked("http://a.test/").concurrency(1).robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.in_markdown, outcome.report.failures()), (21, 0, 0));
    assert_eq!(world.site.asked().iter().filter(|asked| wants_markdown(asked)).count(), 2);
}

#[test]
fn twins_that_are_never_there_cost_a_few_requests() {
    let world = World::new();
    let links: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked: &Asked| match asked.target.ends_with(".md") {
        true => Reply::status(404),
        false => with_twin(&asked.target, &format!("{}.md", asked.target), &[]),
    });
    let outcome = world.run(asked("http://a.test/").concurrency(1).robots(Robots::Ignore));
    assert_eq!(outcome.pages.len(), 51);
    assert_eq!(world.site.targets().iter().filter(|target| target.ends_with(".md")).count(), 5);
}

#[test]
fn the_markdown_and_the_html_of_a_page_are_one_page() {
    let world = World::new();
    world.site.page("a.test/", &["/one", "/two.html", "/three/"]);
    world.site.page("a.test/one", &["/four"]).page("a.test/two.html", &[]).page("a.test/three/", &[]).page("a.test/four", &[]);
    world
        .site
        .reply("a.test/llms.txt", text("- [1](/one.md)\n- [2](/two.html.md)\n- [3](/three/index.md)\n- [5](/five.md)\n- [4](/four.md)\n"));
    for name in ["one", "two.html", "three/index", "five", "four"] {
        world.site.reply(&format!("a.test/{name}.md"), Reply::new(200, "text/markdown", format!("{TEXT}{name}")));
    }
    let outcome = world.run(asked("http://a.test/"));
    let mut names: Vec<_> =
        outcome.urls.iter().map(|page| url(page).path().replace(".html", "").replace(".md", "").replace("/index", "/")).collect();
    names.iter_mut().for_each(|name| *name = name.trim_end_matches('/').to_owned());
    names.sort();
    assert_eq!(names, ["", "/five", "/four", "/one", "/three", "/two"], "{:?}", outcome.urls);
    // All of it, or where nobody says that they are twins.
    assert_eq!(world.run(asked("http://a.test/").leave_out(LeaveOut::Nothing)).urls.len(), 10);
    world.site.page("a.test/", &["/one", "/one.md"]);
    world.site.reply("a.test/llms.txt", Reply::status(404));
    assert_eq!(world.run(asked("http://a.test/").depth(1)).urls, ["http://a.test/", "http://a.test/one", "http://a.test/one.md"]);
}
