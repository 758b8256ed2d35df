//! Which page links to which.

use smolcrawl::crawl::{CrawlRequest, LinkGraph, Met, Pattern, Robots};

use crate::site::Reply;
use crate::{World, request, url};

fn met(world: &World, request: CrawlRequest) -> (Vec<Met>, LinkGraph) {
    let mut graph = world.crawler().link_graph(request);
    let all = world.handle.block_on(async {
        let mut all = Vec::new();
        while let Some(met) = graph.next().await {
            all.push(met);
        }
        all
    });
    (all, graph)
}

/// `url status depth: to "text" rel, …`, or why it is no page.
fn lines(all: &[Met]) -> Vec<String> {
    let line = |met: &Met| match met {
        Met::Page(page) => {
            let links = page.links.iter().map(|link| {
                let text = link.text.as_deref().unwrap_or("-");
                format!("{} {text:?} {}", link.to, link.rel.as_deref().unwrap_or("-"))
            });
            format!("{} {} {}: {}", page.url, page.status, page.depth, links.collect::<Vec<_>>().join(", "))
        }
        Met::Skipped(skipped) => format!("{}: {}", skipped.url, skipped.why),
        Met::Failed(failed) => format!("{}: {}", failed.url, failed.error),
    };
    all.iter().map(line).collect()
}

#[test]
fn each_page_is_told_with_its_links_in_scope_or_not() {
    let world = World::new();
    let home = "<title>Home</title><a href=/1>One <b>more</b></a><a href='http://b.test/' rel=nofollow>away</a><a href=/gone>gone</a><a href=/1>1</a>";
    world.site.reply("a.test/", Reply::html(home)).reply("a.test/1", Reply::html("<title>1</title><a href=/><img alt=up></a>"));
    let (all, graph) = met(&world, request("http://a.test/").concurrency(1));
    assert_eq!(
        lines(&all),
        [
            r#"http://a.test/ 200 0: http://a.test/1 "One more" -, http://b.test/ "away" nofollow, http://a.test/gone "gone" -"#,
            r#"http://a.test/1 200 1: http://a.test/ "up" -"#,
            "http://a.test/gone: HTTP 404 Not Found, linked from http://a.test/",
        ]
    );
    let Met::Page(page) = &all[0] else { panic!("{all:?}") };
    assert_eq!((page.title.as_deref(), &page.links[1].to), (Some("Home"), &url("http://b.test/")));
    assert_eq!((graph.report().pages, graph.left()), (2, 0));
    assert!(!world.site.targets().iter().any(|target| target.starts_with("b.test")));
}

/// The same pages as a crawl that hands them out, and asked for as often.
#[test]
fn scope_limits_and_robots_are_those_of_a_crawl() {
    let world = World::new();
    let links: Vec<String> = (0..20).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    links.iter().for_each(|link| {
        world.site.page(&format!("a.test{link}"), &["/deeper"]);
    });
    world.site.page("a.test/deeper", &["/deepest"]).page("a.test/deepest", &[]);
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /1\n"));
    for request in [
        request("http://a.test/").depth(1),
        request("http://a.test/").depth(2),
        request("http://a.test/").max_pages(7),
        request("http://a.test/").max_requests(5),
        request("http://a.test/").robots(Robots::Ignore),
        request("http://a.test/").exclude(Pattern::parse("/2*").unwrap()),
    ] {
        let expected = world.run(request.clone());
        let (all, graph) = met(&world, request.clone());
        let mut pages: Vec<_> =
            all.iter().filter_map(|met| if let Met::Page(page) = met { Some(page.url.to_string()) } else { None }).collect();
        pages.sort();
        assert_eq!(pages, expected.urls, "{request:?}");
        let report = graph.finish();
        assert_eq!(
            (report.end, report.pages, &report.passed_over),
            (expected.report.end, expected.report.pages, &expected.report.passed_over)
        );
        assert_eq!(report.http.requests, expected.report.http.requests, "{request:?}");
    }
}

#[test]
fn a_page_in_markdown_has_links_without_a_name_and_no_better_form_is_asked_for() {
    let world = World::new();
    let home = "<title>H</title><link rel=alternate type=text/markdown href=/index.md><a href=/list.md>list</a>";
    world.site.reply("a.test/", Reply::html(home)).reply("a.test/list.md", Reply::new(200, "text/markdown", "# L\n\n[one](/one.md)\n"));
    world.site.reply("a.test/one.md", Reply::new(200, "text/markdown", "# One\n\nNo links.\n"));
    let (all, _) = met(&world, request("http://a.test/").concurrency(1));
    let expected = [
        r#"http://a.test/ 200 0: http://a.test/list.md "list" -"#,
        r#"http://a.test/list.md 200 1: http://a.test/one.md "-" -"#,
        "http://a.test/one.md 200 2: ",
    ];
    assert_eq!(lines(&all), expected);
    assert!(!world.site.targets().contains(&"a.test/index.md".to_owned()));
}

#[test]
fn what_was_met_before_a_stop_is_told() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2"]).page("a.test/1", &[]).page("a.test/2", &[]);
    let mut graph = world.crawler().link_graph(request("http://a.test/"));
    world.handle.block_on(async {
        assert!(matches!(graph.next().await, Some(Met::Page(page)) if page.links.len() == 2));
        graph.stop();
        while graph.next().await.is_some() {}
    });
    assert_eq!(graph.finish().end, smolcrawl::crawl::End::Stopped);
}
