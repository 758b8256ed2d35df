//! Crawls of scripted sites on the simulated network: what is fetched, what is handed out, what the report says.

#[path = "crawl/graph.rs"]
mod graph;
#[path = "crawl/lists.rs"]
mod lists;
#[path = "crawl/offered.rs"]
mod offered;
#[path = "crawl/scope.rs"]
mod scope;
#[path = "crawl/shells.rs"]
mod shells;
#[path = "crawl/shipped.rs"]
mod shipped;
#[path = "support/site.rs"]
mod site;
#[path = "crawl/traps.rs"]
mod traps;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use smolcrawl::crawl::{
    Config, Crawl, CrawlReport, CrawlRequest, Crawler, End, Error, LeaveOut, Pattern, Refetched, Robots, Scope, Sitemaps, Visit,
};
use smolcrawl::http;
use smolcrawl::model::Validators;
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use url::Url;

use site::{Asked, Reply, Site, page};

/// A simulated network with one server that has several names.
struct World {
    sim: Sim,
    handle: Handle,
    site: Site,
}

const HOSTS: [&str; 4] = ["a.test", "b.test", "www.a.test", "sub.a.test"];

impl World {
    fn new() -> Self {
        let sim = Sim::new();
        for host in HOSTS {
            sim.host(host, ["10.0.0.1"]);
        }
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        let reset = {
            let sim = sim.clone();
            move |socket| sim.reset(socket)
        };
        sim.spawn(site.clone().serve(handle.clone(), listener, reset));
        Self { sim, handle, site }
    }

    fn crawler(&self) -> Crawler {
        self.crawler_with(Config::default())
    }

    fn crawler_with(&self, config: Config) -> Crawler {
        let http = http::Config { private_addresses: http::PrivateAddresses::Allow, ..config.http };
        Crawler::new(self.handle.clone(), Config { http, ..config }).unwrap()
    }

    fn run(&self, request: CrawlRequest) -> Outcome {
        self.drain(self.crawler().crawl(request))
    }

    fn drain(&self, mut crawl: Crawl) -> Outcome {
        self.handle.block_on(async {
            let mut pages = Vec::new();
            while let Some(visit) = crawl.next().await {
                if let Visit::Page(page) = visit {
                    pages.push((page.url.to_string(), page.depth));
                }
            }
            let mut urls: Vec<_> = pages.iter().map(|(url, _)| url.clone()).collect();
            urls.sort();
            Outcome { pages, urls, report: crawl.finish() }
        })
    }

    fn seconds(&self) -> u64 {
        self.sim.elapsed().as_secs()
    }
}

struct Outcome {
    /// With depth, in order.
    pages: Vec<(String, u32)>,
    /// Sorted.
    urls: Vec<String>,
    report: CrawlReport,
}

impl Outcome {
    fn skipped(&self, url: &str) -> &str {
        &self.report.skipped.iter().find(|skipped| skipped.url.as_str() == url).unwrap_or_else(|| panic!("{:?}", self.report)).why
    }

    fn failed(&self, url: &str) -> &str {
        &self.report.failed.iter().find(|failed| failed.url.as_str() == url).unwrap_or_else(|| panic!("{:?}", self.report)).error
    }
}

fn request(seed: &str) -> CrawlRequest {
    CrawlRequest::parse(&[seed]).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn links_are_followed_to_the_depth_asked_for_nearest_first() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2#part"]).page("a.test/1", &["/11", "/2", "/"]).page("a.test/2", &["/21"]);
    world.site.page("a.test/11", &["/111"]).page("a.test/21", &[]);
    let outcome = world.run(request("http://a.test").depth(2));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/1", "http://a.test/11", "http://a.test/2", "http://a.test/21"]);
    assert!(outcome.pages.is_sorted_by_key(|(_, depth)| *depth), "{:?}", outcome.pages);
    assert_eq!(world.site.targets(), ["a.test/", "a.test/1", "a.test/11", "a.test/2", "a.test/21"]);
    assert_eq!((outcome.report.pages, outcome.report.failed.len(), outcome.report.skipped.len()), (5, 0, 0));
    assert_eq!(outcome.report.http.requests, 6);

    let outcome = world.run(request("http://a.test").depth(0));
    assert_eq!(outcome.urls, ["http://a.test/"]);
}

#[test]
fn the_page_limit_is_kept_exactly_and_failures_do_not_count() {
    let world = World::new();
    let links: Vec<String> = (0..200).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked| {
        let number: u64 = asked.target[1..].parse().unwrap_or_default();
        match number % 3 {
            0 => Reply::status(404),
            _ => Reply::html(page(&asked.target, &[])).after(Duration::from_millis(number * 7 % 40)),
        }
    });
    for limit in [0, 1, 2, 17, 100] {
        let outcome = world.run(request("http://a.test/").max_pages(limit).concurrency(16).robots(Robots::Ignore));
        assert_eq!(outcome.pages.len() as u64, limit);
        assert_eq!(outcome.report.pages, limit);
    }
    let outcome = world.run(request("http://a.test/").max_pages(1_000).concurrency(16).robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.failed.len()), (134, 67));
    assert!(world.site.most_at_once() <= 16);
}

#[test]
fn the_scope_decides_which_links_are_followed() {
    let world = World::new();
    let links = ["/docs/a", "/other", "http://b.test/", "http://sub.a.test/", "http://a.test:81/"];
    world.site.page("a.test/docs/", &links).page("a.test/docs/a", &[]).page("a.test/other", &[]).page("b.test/", &[]);
    world.site.page("sub.a.test/", &[]);
    let urls = |scope| world.run(request("http://a.test/docs/").scope(scope)).urls;
    assert_eq!(urls(Scope::Prefix), ["http://a.test/docs/", "http://a.test/docs/a"]);
    assert_eq!(urls(Scope::Host), ["http://a.test/docs/", "http://a.test/docs/a", "http://a.test/other"]);
    let domain = world.run(request("http://a.test/docs/").scope(Scope::Domain));
    assert_eq!(domain.urls, ["http://a.test/docs/", "http://a.test/docs/a", "http://a.test/other", "http://sub.a.test/"]);
    assert_eq!(domain.report.passed_over["out of scope"], 1);
}

#[test]
fn images_and_archives_are_not_asked_for() {
    let world = World::new();
    world.site.page("a.test/", &["/a.png", "/b.tar.gz", "/c.html"]).page("a.test/c.html", &[]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(world.site.targets(), ["a.test/", "a.test/c.html"]);
    assert_eq!(outcome.report.passed_over["not a page by its name"], 2);
}

#[test]
fn robots_txt_is_obeyed_unless_told_otherwise() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /private"));
    world.site.page("a.test/", &["/private/x", "/public"]).page("a.test/private/x", &[]).page("a.test/public", &[]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/public"]);
    assert_eq!(outcome.skipped("http://a.test/private/x"), "disallowed by robots.txt (Disallow: /private)");
    assert_eq!(world.site.asked().iter().filter(|asked| asked.target == "/robots.txt").count(), 1);

    let asked = world.site.asked().len();
    let outcome = world.run(request("http://a.test/").robots(Robots::Ignore));
    assert_eq!(outcome.urls.len(), 3);
    assert!(world.site.asked()[asked..].iter().all(|asked| asked.target != "/robots.txt"));
}

#[test]
fn a_robots_txt_that_fails_closes_the_site_and_one_that_is_missing_opens_it() {
    let world = World::new();
    world.site.page("a.test/", &[]).reply("a.test/robots.txt", Reply::status(503));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, [""; 0]);
    assert_eq!(outcome.skipped("http://a.test/"), "robots.txt answered HTTP 503, which closes the whole site");

    world.site.page("b.test/", &[]).reply("b.test/robots.txt", Reply::status(403));
    assert_eq!(world.run(request("http://b.test/")).urls, ["http://b.test/"]);
}

/// A site that is overloaded for a moment is asked for its robots.txt as often as for a page, when it wants to be.
#[test]
fn a_robots_txt_that_fails_once_closes_nothing() {
    for first in [Reply::status(503).header("Retry-After", "7"), Reply::status(500), Reply::status(429)] {
        let world = World::new();
        let asked = Arc::new(AtomicU32::new(0));
        world.site.page("a.test/", &["/a", "/b"]).page("a.test/a", &[]).page("a.test/b", &[]).on("a.test/robots.txt", move |_| match asked
            .fetch_add(1, Ordering::Relaxed)
        {
            0 => first.clone(),
            _ => Reply::new(200, "text/plain", "User-agent: *\nDisallow: /b"),
        });
        let outcome = world.run(request("http://a.test/"));
        assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/a"]);
        let asked: Vec<_> = world.site.asked().into_iter().filter(|asked| asked.target == "/robots.txt").collect();
        assert_eq!(asked.len(), 2);
        assert!(asked[1].at - asked[0].at >= Duration::from_secs(1), "it is left alone for a while");
    }
}

#[test]
fn what_two_versions_have_in_common_belongs_to_both() {
    let world = World::new();
    let same = |path: &str| Reply::html(format!("<link rel=canonical href=http://a.test/2.0/{path}><h1>{path}</h1><p>The same in both."));
    for version in ["1.0", "2.0"] {
        world.site.page(&format!("a.test/{version}/"), &["x.html", "y.html", "copy.html"]);
        for page in ["x.html", "y.html"] {
            world.site.reply(&format!("a.test/{version}/{page}"), same(page));
        }
        world.site.reply(&format!("a.test/{version}/copy.html"), same("x.html"));
    }
    let outcome = world.run(CrawlRequest::parse(&["http://a.test/1.0/", "http://a.test/2.0/"]).unwrap());
    let both = ["/1.0/", "/1.0/x.html", "/1.0/y.html", "/2.0/", "/2.0/x.html", "/2.0/y.html"];
    // Within a version a copy is one, whichever of the two came first.
    let pages: Vec<_> = outcome.urls.iter().map(|url| url.replace("http://a.test", "").replace("copy", "x")).collect();
    assert_eq!(pages, both, "{:?}", outcome.report);
    // Of one source that holds both, each is there once.
    let one = world.run(CrawlRequest::parse(&["http://a.test/1.0/", "http://a.test/2.0/"]).unwrap().scope(Scope::Host));
    assert_eq!(one.urls.len(), 4, "{:?}", one.urls);
}

#[test]
fn a_seed_that_only_forwards_is_a_redirect() {
    let forward =
        |to: &str, more: &str| Reply::html(format!("<meta http-equiv=Refresh content=\"0; url={to}\"><title>Redirecting</title>{more}"));
    let world = World::new();
    world
        .site
        .reply("a.test/", forward("en/latest/", "<p>Redirecting to <a href=en/latest/>the manual</a>."))
        .page("a.test/en/latest/", &["guide.html", "/en/1.0/", "/blog/"])
        .page("a.test/en/latest/guide.html", &[])
        .page("a.test/en/1.0/", &[])
        .page("a.test/blog/", &[]);
    let outcome = world.run(CrawlRequest::parse(&["http://a.test/"]).unwrap());
    assert_eq!(outcome.urls, ["http://a.test/en/latest/", "http://a.test/en/latest/guide.html"]);

    // A page that loads itself anew, and one that has a text, are pages; two that forward to each other end.
    let words = "The kettle is put on the stove, and nobody leaves before the water in it boils over. ".repeat(4);
    world.site.reply("b.test/live", forward("/live", "<p>Now."));
    world.site.reply("b.test/text", forward("/other", &format!("<p>{words}"))).page("b.test/other", &[]);
    world.site.reply("b.test/js", Reply::html("<script>window.location.replace('/other');</script>"));
    world.site.reply("b.test/one", forward("/two", "")).reply("b.test/two", forward("/one", ""));
    for (seed, urls) in [("/live", &["/live"][..]), ("/text", &["/text"]), ("/one", &["/two"]), ("/js", &["/other"])] {
        let outcome = world.run(CrawlRequest::parse(&[format!("http://b.test{seed}")]).unwrap().depth(0));
        assert_eq!(outcome.urls, urls.iter().map(|url| format!("http://b.test{url}")).collect::<Vec<_>>(), "{seed}");
    }
}

/// What an error page says is of no interest, so nobody waits for it.
#[test]
fn a_body_that_nobody_wants_is_not_waited_for() {
    let world = World::new();
    world
        .site
        .page("a.test/", &["/gone", "/moved"])
        .reply("a.test/robots.txt", Reply::status(404).stall_after(1))
        .reply("a.test/gone", Reply::status(404).stall_after(1))
        .reply("a.test/moved", Reply::redirect("/new").stall_after(1))
        .page("a.test/new", &[]);
    let outcome = world.run(CrawlRequest::parse(&["http://a.test/"]).unwrap());
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/new"]);
    assert!(outcome.failed("http://a.test/gone").starts_with("HTTP 404"));
    assert!(world.seconds() < 3, "{} s", world.seconds());
}

#[test]
fn robots_txt_is_found_behind_a_redirect() {
    let world = World::new();
    world.site.page("a.test/", &[]).reply("a.test/robots.txt", Reply::redirect("http://b.test/r"));
    world.site.reply("b.test/r", Reply::new(200, "text/plain", "User-agent: SmolCrawl\nDisallow: /"));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.skipped("http://a.test/"), "disallowed by robots.txt (Disallow: /)");
}

#[test]
fn a_site_that_cannot_be_reached_is_a_failure_with_its_cause() {
    let world = World::new();
    let outcome = world.run(request("http://a.test:99/"));
    let failed = &outcome.report.failed[0];
    assert!(failed.error.starts_with("robots.txt could not be fetched: no connection to 10.0.0.1:99"), "{}", failed.error);
    assert!(failed.hint.is_some());
    let outcome = world.run(request("http://nowhere.test/").robots(Robots::Ignore));
    assert!(outcome.failed("http://nowhere.test/").starts_with("the host nowhere.test does not resolve"));
}

#[test]
fn crawl_delay_is_kept_in_seconds() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nCrawl-delay: 10"));
    world.site.page("a.test/", &["/1", "/2", "/3"]).page("a.test/1", &[]).page("a.test/2", &[]).page("a.test/3", &[]);
    assert_eq!(world.run(request("http://a.test/")).urls.len(), 4);
    let times: Vec<_> = world.site.asked().iter().map(|asked| asked.at).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(10)), "{times:?}");
    assert_eq!(world.seconds(), 40);
}

#[test]
fn a_site_that_asks_for_a_pause_gets_it_and_is_asked_again() {
    let world = World::new();
    let tries = Arc::new(AtomicU32::new(0));
    world.site.on("a.test/", move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(429).header("Retry-After", "30"),
        1 => Reply::status(503),
        _ => Reply::html(page("at last", &[])),
    });
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/"]);
    assert_eq!(world.seconds(), 32);
    assert_eq!(outcome.report.failed, []);
}

#[test]
fn a_page_that_keeps_failing_fails_once_and_the_crawl_goes_on() {
    let world = World::new();
    world.site.page("a.test/", &["/hangup", "/late", "/good"]).page("a.test/good", &[]);
    world.site.reply("a.test/hangup", Reply::hangup()).reply("a.test/late", Reply::status(502));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/good"]);
    assert_eq!(outcome.failed("http://a.test/late"), "HTTP 502 Bad Gateway, linked from http://a.test/");
    assert!(outcome.failed("http://a.test/hangup").starts_with("the connection was closed before an answer"));
    assert_eq!(world.site.targets().iter().filter(|target| *target == "a.test/late").count(), 3);
}

#[test]
fn a_broken_link_names_the_page_it_stands_on() {
    let world = World::new();
    world.site.page("a.test/", &["/missing"]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.failed("http://a.test/missing"), "HTTP 404 Not Found, linked from http://a.test/");
}

#[test]
fn a_host_that_only_fails_is_given_up() {
    let world = World::new();
    let links: Vec<String> = (0..500).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>()).reply("a.test/*", Reply::hangup());
    let crawler = world.crawler_with(Config { give_up_after: 20, ..Config::default() });
    let outcome = world.drain(crawler.crawl(request("http://a.test/").robots(Robots::Ignore)));
    assert!(outcome.failed("http://a.test/").starts_with("given up on this host after 20 failures in a row"));
    assert!(world.site.asked().len() < 100, "{}", world.site.asked().len());
}

#[test]
fn redirects_are_followed_once_and_their_target_is_one_page() {
    let world = World::new();
    world.site.page("a.test/", &["/old", "/new", "/older", "/away", "/loop", "/self"]).page("a.test/new", &[]);
    world.site.reply("a.test/old", Reply::redirect("/new")).reply("a.test/older", Reply::redirect("/old"));
    world.site.reply("a.test/away", Reply::redirect("http://b.test/"));
    world.site.reply("a.test/loop", Reply::redirect("/loop2")).reply("a.test/loop2", Reply::redirect("/loop"));
    world.site.reply("a.test/self", Reply::redirect("/self#again"));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/new"]);
    assert_eq!(outcome.skipped("http://a.test/away"), "redirects to http://b.test/, which is out of scope");
    assert_eq!(outcome.skipped("http://a.test/old"), "redirects to http://a.test/new, which was met already");
    assert_eq!(outcome.failed("http://a.test/loop2"), "redirect loop through http://a.test/loop, linked from http://a.test/");
    assert!(outcome.failed("http://a.test/self").starts_with("redirect loop"));
    assert_eq!(world.site.targets().iter().filter(|target| *target == "a.test/new").count(), 1);
}

#[test]
fn endless_redirects_end() {
    let world = World::new();
    world.site.on("a.test/*", |asked| Reply::redirect(&format!("{}x", asked.target)));
    let outcome = world.run(request("http://a.test/y").robots(Robots::Ignore));
    assert_eq!(outcome.report.failed[0].error, "more than 10 redirects");
    assert_eq!(world.site.asked().len(), 11);
}

#[test]
fn a_redirected_seed_takes_the_scope_along() {
    let world = World::new();
    world.site.reply("a.test/docs", Reply::redirect("http://www.a.test/docs/"));
    world.site.page("www.a.test/docs/", &["x", "/other"]).page("www.a.test/docs/x", &[]).page("www.a.test/other", &[]);
    let outcome = world.run(request("http://a.test/docs"));
    assert_eq!(outcome.urls, ["http://www.a.test/docs/", "http://www.a.test/docs/x"]);
}

#[test]
fn a_redirect_asks_the_robots_txt_of_its_target() {
    let world = World::new();
    world.site.reply("b.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /"));
    world.site.reply("a.test/", Reply::redirect("http://b.test/")).page("b.test/", &[]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.skipped("http://b.test/"), "disallowed by robots.txt (Disallow: /)");
    assert_eq!(world.site.targets(), ["a.test/"]);
}

fn with_canonical(text: &str, canonical: &str, links: &[&str]) -> Reply {
    Reply::html(format!("<link rel=canonical href=\"{canonical}\">{}", page(text, links)))
}

#[test]
fn a_page_yields_to_its_canonical_address_and_its_links_are_kept() {
    let world = World::new();
    world.site.page("a.test/", &["/x?plain=1", "/y?sort=up"]);
    world
        .site
        .reply("a.test/x?plain=1", with_canonical("x to print", "/x", &["/only-here"]))
        .reply("a.test/x", with_canonical("x", "/x", &[]));
    world.site.reply("a.test/y?sort=up", with_canonical("y", "/", &[])).page("a.test/only-here", &[]);
    let outcome = world.run(request("http://a.test/"));
    // "/" is not believed as the canonical address of another page.
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/only-here", "http://a.test/x", "http://a.test/y?sort=up"]);
    assert_eq!(outcome.skipped("http://a.test/x?plain=1"), "its canonical address is http://a.test/x");
}

#[test]
fn a_page_whose_canonical_address_leads_nowhere_is_not_lost() {
    let world = World::new();
    world.site.page("a.test/", &["/x", "/y"]);
    world.site.reply("a.test/x", with_canonical("x", "/gone", &[]));
    // y says that it is z, and z leads back to y.
    world.site.reply("a.test/y", with_canonical("y", "/z", &[])).reply("a.test/z", Reply::redirect("/y"));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/x", "http://a.test/y"]);
    // They are stored, so that they are no longer among what was not.
    let skipped: Vec<_> = outcome.report.skipped.iter().map(|skipped| skipped.url.as_str()).collect();
    assert_eq!((skipped, outcome.report.skipped_total), (vec!["http://a.test/z"], 1));
}

#[test]
fn pages_that_name_each_other_as_canonical_give_one_page() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/x"]);
    world.site.reply("a.test/1", with_canonical("1", "/2", &[])).reply("a.test/2", with_canonical("2", "/3", &[]));
    world.site.reply("a.test/3", with_canonical("3", "/3", &[]));
    world.site.reply("a.test/x", with_canonical("x", "/y", &[])).reply("a.test/y", with_canonical("y", "/x", &[]));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/3", "http://a.test/y"]);
}

#[test]
fn the_same_bytes_are_one_page() {
    let world = World::new();
    for address in ["a.test/", "a.test/index.html"] {
        world.site.reply(address, Reply::html(page("front", &["/index.html", "/", "/x/index.html"])));
    }
    world.site.page("a.test/x/index.html", &["/x/"]).reply("a.test/x/", Reply::html(page("a.test/x/index.html", &["/x/"])));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/x/index.html"]);
    assert_eq!(outcome.skipped("http://a.test/index.html"), "the same content as http://a.test/");
}

#[test]
fn a_sitemap_lists_pages_of_depth_nought() {
    let world = World::new();
    let sitemap = "<urlset><url><loc>http://a.test/docs/1</loc></url><url><loc>http://a.test/docs/2</loc></url>\
        <url><loc>http://b.test/</loc></url><url><loc>http://a.test/x.zip</loc></url></urlset>";
    world.site.reply("a.test/maps/sitemap.xml", Reply::new(200, "application/xml", sitemap));
    world.site.page("a.test/docs/1", &["/docs/3"]).page("a.test/docs/2", &[]);
    let outcome = world.run(request("http://a.test/maps/sitemap.xml").max_pages(2));
    assert_eq!(outcome.pages.iter().map(|(_, depth)| *depth).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(outcome.urls, ["http://a.test/docs/1", "http://a.test/docs/2"]);
    assert_eq!(outcome.report.passed_over["in a sitemap, but out of scope"], 1);
}

#[test]
fn an_index_of_gzipped_sitemaps_is_read() {
    let world = World::new();
    let index = "<sitemapindex><sitemap><loc>http://a.test/1.xml.gz</loc></sitemap><sitemap><loc>http://a.test/2.xml</loc></sitemap>\
        <sitemap><loc>http://a.test/index.xml</loc></sitemap></sitemapindex>";
    world.site.reply("a.test/index.xml", Reply::new(200, "text/xml", index));
    let first = gzip("<urlset><url><loc>http://a.test/1</loc></url></urlset>");
    world.site.reply("a.test/1.xml.gz", Reply::new(200, "application/x-gzip", first));
    world.site.reply("a.test/2.xml", Reply::new(200, "application/xml", "<urlset><url><loc>http://a.test/2</loc></url><url><lo"));
    world.site.page("a.test/1", &[]).page("a.test/2", &[]);
    let outcome = world.run(request("http://a.test/index.xml"));
    assert_eq!(outcome.urls, ["http://a.test/1", "http://a.test/2"]);
    assert!(outcome.skipped("http://a.test/2.xml").starts_with("a faulty sitemap, of which 1 entries were read"));
}

#[test]
fn the_sitemaps_of_robots_txt_are_followed_when_asked_for() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "Sitemap: http://a.test/map.txt"));
    world.site.reply("a.test/map.txt", Reply::new(200, "text/plain", "http://a.test/hidden\n"));
    world.site.page("a.test/", &[]).page("a.test/hidden", &[]);
    assert_eq!(world.run(request("http://a.test/")).urls, ["http://a.test/"]);
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/hidden"]);
}

#[test]
fn only_what_is_included_is_asked_for_and_nothing_that_is_excluded() {
    let world = World::new();
    world.site.page("a.test/docs/", &["/docs/api/x", "/docs/api/old", "/docs/guide", "/docs/tag.html"]);
    world.site.page("a.test/docs/api/x", &["/docs/api/y"]).page("a.test/docs/api/y", &[]).page("a.test/docs/guide", &["/docs/api/z"]);
    let pattern = |text: &str| Pattern::parse(text).unwrap();
    let outcome = world.run(request("http://a.test/docs/").include(pattern("/docs/api/*")).exclude(pattern("re:old$")));
    assert_eq!(outcome.urls, ["http://a.test/docs/api/x", "http://a.test/docs/api/y"]);
    assert_eq!(outcome.skipped("http://a.test/docs/"), "not included: only its links were read");
    assert_eq!((outcome.report.passed_over["not included"], outcome.report.passed_over["excluded"]), (2, 1));
    assert_eq!(outcome.report.passed_over_first["excluded"].as_str(), "http://a.test/docs/api/old");
    assert!(world.site.asked().iter().all(|asked| asked.target != "/docs/api/old" && asked.target != "/docs/guide"), "not even asked for");
    // A redirect leads nowhere else.
    world.site.reply("a.test/docs/api/y", Reply::redirect("/docs/api/old"));
    let outcome = world.run(request("http://a.test/docs/").exclude(pattern("old")).depth(2));
    assert_eq!(outcome.skipped("http://a.test/docs/api/y"), "redirects to http://a.test/docs/api/old, which is left out: excluded");
}

#[test]
fn other_languages_and_versions_are_left_out_unless_all_is_wanted() {
    let world = World::new();
    let links = ["/en/2.0/guide", "/fr/2.0/", "/en/1.0/", "/en/2.0/_modules/x.html", "/en/2.0/search.html", "/a", "/fr/2.0/"];
    world.site.page("a.test/en/2.0/", &links);
    let guide = "<link rel=alternate hreflang=en href=/en/2.0/guide><link rel=alternate hreflang=it href=/en/2.0/guida><h1>x</h1><a href=guida>it</a>";
    world.site.reply("a.test/en/2.0/guide", Reply::html(guide));
    for page in ["/fr/2.0/", "/en/1.0/", "/en/2.0/_modules/x.html", "/en/2.0/search.html", "/a", "/en/2.0/guida"] {
        world.site.page(&format!("a.test{page}"), &[]);
    }
    let whole = || request("http://a.test/en/2.0/").scope(Scope::Host);
    let outcome = world.run(whole());
    assert_eq!(outcome.urls, ["http://a.test/a", "http://a.test/en/2.0/", "http://a.test/en/2.0/guide"]);
    let counts: Vec<_> = outcome.report.passed_over.iter().map(|(why, count)| (*why, *count)).collect();
    let expected = [("a form to log in or search", 1), ("a listing of source code", 1), ("another language", 2), ("another version", 1)];
    assert_eq!(counts, expected);
    assert_eq!(world.run(whole().leave_out(LeaveOut::Nothing)).urls.len(), 8);
    // A page that says it stands for one that is left out is kept.
    world.site.reply("a.test/en/2.0/guide", Reply::html("<link rel=canonical href=/en/1.0/><h1>x</h1>"));
    assert!(world.run(whole()).urls.contains(&"http://a.test/en/2.0/guide".to_owned()));
}

#[test]
fn a_site_that_wants_to_know_who_asks_is_told_and_nobody_else_is() {
    let world = World::new();
    let secret = "Bearer s3cret";
    let authorised = |asked: &Asked| asked.header("authorization") == Some(secret);
    world.site.on("a.test/*", move |asked| match (authorised(asked), &*asked.target) {
        (_, "/robots.txt") => Reply::new(404, "text/plain", ""),
        (false, _) => Reply::redirect("/login?next=/"),
        (true, "/") => Reply::html(page("home", &["/x", "/away", "http://b.test/y"])).header("Set-Cookie", "session=1; Path=/"),
        (true, "/away") => Reply::redirect("http://b.test/z"),
        (true, _) => Reply::html(page(&asked.target, &[])),
    });
    world.site.page("b.test/y", &[]).page("b.test/z", &[]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, [""; 0]);
    assert_eq!(outcome.failed("http://a.test/"), "the site wants a login: it redirects to http://a.test/login?next=/");

    let mut config = Config::default();
    config.credentials.header(&url("http://a.test/"), "Authorization", secret).unwrap();
    let crawler = world.crawler_with(config);
    let before = world.site.asked().len();
    let outcome = world.drain(crawler.crawl(request("http://a.test/").scope(Scope::Host)));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/x"]);
    let shown = |target: &str| world.site.asked().iter().rfind(|asked| asked.target == target).unwrap().header("cookie").map(str::to_owned);
    assert_eq!((shown("/x").as_deref(), shown("/away").as_deref()), (Some("session=1"), Some("session=1")));
    let outcome = world.drain(crawler.crawl(CrawlRequest::parse(&["http://b.test/y", "http://a.test/away"]).unwrap()));
    assert_eq!(outcome.urls, ["http://b.test/y", "http://b.test/z"]);
    for asked in world.site.asked().split_off(before) {
        assert_eq!(asked.header("authorization"), (asked.host == "a.test").then_some(secret), "{asked:?}");
        assert!(asked.host == "a.test" || asked.header("cookie").is_none(), "{asked:?}");
    }
    assert_eq!(shown("/away"), None, "cookies are of one crawl");
    assert!(!format!("{crawler:?} {:?}", outcome.report).contains("s3cret"));
}

#[test]
fn no_reason_shows_the_secrets_of_an_address() {
    let world = World::new();
    let links =
        ["/signed", "/round?token=s3cret", "/same", "/same?api_key=s3cret", "/named", "/other", "/met?password=s3cret", "/met2", "/bad"];
    world.site.reply("a.test/d/", Reply::html(page("d", &links.map(|link| format!("/d{link}")).each_ref().map(String::as_str))));
    for (from, to) in [
        ("/d/signed", "http://b.test/file?X-Amz-Signature=s3cret&x=1"),
        ("/d/round?token=s3cret", "/d/back?token=s3cret"),
        ("/d/back?token=s3cret", "/d/round?token=s3cret"),
        ("/d/other", "/elsewhere?token=s3cret"),
        ("/d/met2", "/d/met?password=s3cret"),
        ("/d/bad", "http://a.test:25/?token=s3cret"),
    ] {
        world.site.reply(&format!("a.test{from}"), Reply::redirect(to));
    }
    for target in ["/d/same", "/d/same?api_key=s3cret"] {
        world.site.reply(&format!("a.test{target}"), Reply::html(page("same", &[])));
    }
    world.site.page("a.test/d/met?password=s3cret", &[]).page("a.test/d/named?access_token=s3cret", &[]);
    world.site.reply("a.test/d/named", Reply::html("<link rel=canonical href='/d/named?access_token=s3cret'><h1>named</h1>"));
    let outcome = world.run(request("http://a.test/d/"));
    let report = serde_json::to_string(&outcome.report).unwrap();
    assert!(!report.contains("s3cret"), "{report}");
    // The control: all of them are there.
    assert_eq!((outcome.report.skips(), outcome.report.failures()), (6, 1), "{report}");
    assert_eq!(outcome.skipped("http://a.test/d/signed"), "redirects to http://b.test/file?X-Amz-Signature=***&x=1, which is out of scope");
}

#[test]
fn a_sitemap_is_looked_for_where_one_often_is() {
    let world = World::new();
    world.site.page("a.test/docs/", &["/docs/linked"]).page("a.test/docs/linked", &["/docs/deep"]);
    for page in ["/docs/deep", "/docs/hidden", "/elsewhere"] {
        world.site.page(&format!("a.test{page}"), &[]);
    }
    let map = "http://a.test/docs/hidden\nhttp://a.test/elsewhere\nhttp://b.test/x\n";
    world.site.reply("a.test/sitemap.xml", Reply::new(200, "text/plain", map));
    let asked = |sitemaps| request("http://a.test/docs/").sitemaps(sitemaps);
    let urls = |paths: &[&str]| paths.iter().map(|path| format!("http://a.test{path}")).collect::<Vec<_>>();
    let outcome = world.run(asked(Sitemaps::Follow));
    assert_eq!(outcome.urls, urls(&["/docs/", "/docs/deep", "/docs/hidden", "/docs/linked"]));
    assert_eq!(outcome.report.sitemaps, [url("http://a.test/sitemap.xml")]);
    assert_eq!(outcome.report.passed_over["in a sitemap, but out of scope"], 2);
    assert_eq!(world.run(asked(Sitemaps::Only)).urls, urls(&["/docs/", "/docs/hidden"]));
    assert_eq!(world.run(asked(Sitemaps::Only).robots(Robots::Ignore)).urls, urls(&["/docs/", "/docs/hidden"]));
    assert_eq!(world.run(asked(Sitemaps::Ignore)).urls, urls(&["/docs/", "/docs/deep", "/docs/linked"]));
    assert_eq!(world.run(asked(Sitemaps::Follow).depth(0)).urls, urls(&["/docs/"]));
    // Listed pages are as far as those that the seed has links to.
    assert_eq!(world.run(asked(Sitemaps::Follow).depth(1)).urls, urls(&["/docs/", "/docs/hidden", "/docs/linked"]));

    // Where robots.txt names one, that is it; and that there is none is no news.
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "Sitemap: http://a.test/map.txt"));
    world.site.reply("a.test/map.txt", Reply::new(200, "text/plain", "http://a.test/docs/deep\n"));
    assert_eq!(world.run(asked(Sitemaps::Only)).urls, urls(&["/docs/", "/docs/deep"]));
    let other = World::new();
    other.site.page("a.test/docs/", &[]);
    let none = [Reply::new(404, "text/html", "none"), Reply::status(403), Reply::html(page("soft", &["/docs/x"]))];
    for (reply, unread) in none.map(|reply| (reply, 0)).into_iter().chain([(Reply::new(500, "text/plain", "x"), 1)]) {
        other.site.reply("a.test/sitemap.xml", reply);
        let outcome = other.run(asked(Sitemaps::Follow));
        assert_eq!((outcome.urls, outcome.report.failed, outcome.report.skipped), (urls(&["/docs/"]), vec![], vec![]));
        // What may be there and could not be had is told.
        let told = outcome.report.passed_over.get("a sitemap at its usual place, which could not be read");
        assert_eq!(told.copied().unwrap_or_default(), unread);
    }
}

/// Nobody has named it, and all pages that only it lists would be lost for a moment of the site.
#[test]
fn a_sitemap_at_its_usual_place_that_fails_once_is_asked_for_again() {
    for first in [Reply::status(503).header("Retry-After", "1"), Reply::status(502), Reply::status(429)] {
        let world = World::new();
        let asked = Arc::new(AtomicU32::new(0));
        world.site.page("a.test/", &[]).page("a.test/hidden", &[]).on("a.test/sitemap.xml", move |_| {
            match asked.fetch_add(1, Ordering::Relaxed) {
                0 => first.clone(),
                _ => Reply::new(200, "text/plain", "http://a.test/hidden\n"),
            }
        });
        let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
        assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/hidden"], "{:?} {:?}", outcome.report, world.site.asked());
        assert_eq!(outcome.report.end, End::Complete);
    }
}

/// What is asked for after a minute, where a day was asked for, is asked too early; and whoever waits is told nothing for two minutes.
#[test]
fn who_asks_to_be_left_alone_for_long_is_not_asked_again() {
    for (seconds, times) in [("86400", 1), ("50", 3)] {
        let world = World::new();
        world.site.page("a.test/", &["/busy"]).reply("a.test/busy", Reply::status(429).header("Retry-After", seconds));
        let outcome = world.run(request("http://a.test/").robots(Robots::Ignore));
        assert_eq!(world.site.asked().iter().filter(|asked| asked.target == "/busy").count(), times);
        let told = outcome.failed("http://a.test/busy");
        assert_eq!(told.contains("asks to be left alone for 86400 s"), times == 1, "{told}");
    }
}

#[test]
fn llms_txt_and_markdown_are_pages_with_links() {
    let world = World::new();
    let listing = "# Project\n\n## Docs\n- [Start](/start.md): first steps\n- [Changes](changes.txt)\n";
    world.site.reply("a.test/llms.txt", Reply::new(200, "text/plain", listing));
    world.site.reply("a.test/start.md", Reply::new(200, "text/markdown", "# Start\n[next](next.html)"));
    world.site.reply("a.test/changes.txt", Reply::new(200, "text/plain", "1.0: all new"));
    world.site.page("a.test/next.html", &[]);
    let outcome = world.run(request("http://a.test/llms.txt"));
    assert_eq!(outcome.urls, ["http://a.test/changes.txt", "http://a.test/llms.txt", "http://a.test/next.html", "http://a.test/start.md"]);
}

#[test]
fn data_beside_a_page_is_not_asked_for() {
    let world = World::new();
    // Whichever link comes first.
    world.site.page("a.test/", &["/1", "/1.json", "/2.json", "/2.html", "/3.json", "/openapi.json", "/openapi"]);
    world.site.page("a.test/1", &["/index.json"]).page("a.test/2.html", &[]).page("a.test/openapi", &[]);
    for data in ["/1.json", "/2.json", "/3.json", "/openapi.json", "/index.json"] {
        world.site.reply(&format!("a.test{data}"), Reply::new(200, "application/json", format!("{{\"of\": \"{data}\"}}")));
    }
    let outcome = world.run(request("http://a.test/"));
    let expected = [
        "http://a.test/",
        "http://a.test/1",
        "http://a.test/2.html",
        "http://a.test/3.json",
        "http://a.test/openapi",
        "http://a.test/openapi.json",
    ];
    assert_eq!(outcome.urls, expected);
    assert_eq!(outcome.report.passed_over["data of a page that is met as well"], 3);
    assert!(world.site.targets().iter().all(|target| !matches!(target.as_str(), "a.test/1.json" | "a.test/2.json" | "a.test/index.json")));
    assert_eq!((&outcome.report.end, outcome.report.left), (&End::Complete, 0));
    // Where it is asked for by itself, or all is wanted, it is a page as any other.
    assert_eq!(world.run(request("http://a.test/1.json")).urls, ["http://a.test/1.json"]);
    assert_eq!(world.run(request("http://a.test/").leave_out(LeaveOut::Nothing)).urls.len(), 9);
}

#[test]
fn other_content_is_skipped_with_its_type() {
    let world = World::new();
    world
        .site
        .page("a.test/", &["/book", "/data", "/feed", "/json", "/map", "/x.py"])
        .reply("a.test/data", Reply::new(200, "application/pdf", vec![b'x'; 100_000]));
    world.site.reply("a.test/x.py", Reply::new(200, "application/octet-stream", "print()"));
    world.site.reply("a.test/book", Reply::new(200, "application/xml", "<book/>"));
    world.site.reply("a.test/feed", Reply::new(200, "application/rss+xml", "<rss><channel><title>A</title></channel></rss>"));
    world.site.reply("a.test/json", Reply::new(200, "application/json", "{\"a\": 1}"));
    world.site.reply("a.test/map", Reply::new(200, "application/xml", "<urlset/>"));
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/feed", "http://a.test/json"]);
    assert_eq!(outcome.skipped("http://a.test/data"), "not a page: application/pdf");
    assert_eq!(outcome.skipped("http://a.test/x.py"), "not a page: application/octet-stream");
    assert_eq!(outcome.skipped("http://a.test/book"), "not a page: XML that is neither a sitemap nor a feed");
    assert_eq!(outcome.skipped("http://a.test/map"), "not a page: a sitemap, which is read where it is a seed");
}

#[test]
fn noindex_and_nofollow_are_honoured_where_robots_are() {
    let world = World::new();
    world.site.page("a.test/", &["/noindex", "/nofollow", "/header"]);
    world.site.reply("a.test/noindex", Reply::html(format!("<meta name=robots content=noindex>{}", page("1", &["/from-noindex"]))));
    world.site.reply("a.test/nofollow", Reply::html(format!("<meta name=robots content=nofollow>{}", page("2", &["/from-nofollow"]))));
    world.site.reply("a.test/header", Reply::html(page("3", &[])).header("X-Robots-Tag", "none"));
    world.site.page("a.test/from-noindex", &[]).page("a.test/from-nofollow", &[]);
    let outcome = world.run(request("http://a.test/"));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/from-noindex", "http://a.test/nofollow"]);
    assert_eq!(outcome.skipped("http://a.test/header"), "the page asks not to be indexed");
    assert_eq!(world.run(request("http://a.test/").robots(Robots::Ignore)).urls.len(), 6);
}

#[test]
fn a_reset_after_a_complete_answer_is_no_failure() {
    let world = World::new();
    let links: Vec<String> = (0..30).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])).then_reset());
    let outcome = world.run(request("http://a.test/").robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.failed.len()), (31, 0));
    assert_eq!(outcome.report.http.succeeded, 31);
}

#[test]
fn a_slow_page_does_not_hold_up_the_others() {
    let world = World::new();
    world.site.page("a.test/", &["/slow", "/1", "/2", "/3"]);
    world.site.reply("a.test/slow", Reply::html(page("slow", &[])).after(Duration::from_secs(20)));
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let outcome = world.run(request("http://a.test/").concurrency(2).robots(Robots::Ignore));
    assert_eq!(outcome.pages.last().unwrap().0, "http://a.test/slow");
    assert_eq!(world.seconds(), 20);
}

/// A consumer that takes its time makes no slow host of a quick one; a host that is slow is one.
#[test]
fn the_time_of_the_consumer_is_not_that_of_the_host() {
    let under_way = |answer: Duration, consumer: Duration| {
        let world = World::new();
        let links: Vec<_> = (0..60).map(|number| format!("/{number}")).collect();
        world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
        world.site.on("a.test/*", move |asked| Reply::html(page(&asked.target, &[])).after(answer));
        let mut crawl = world.crawler().crawl(request("http://a.test/").concurrency(8).robots(Robots::Ignore));
        world.handle.block_on(async {
            let mut most = 0;
            for number in 1..=45 {
                crawl.next().await.unwrap();
                world.handle.sleep(consumer).await;
                // When it has had time to learn how long an answer takes.
                most = most.max(if number > 25 { world.site.asked().len() - number } else { 0 });
            }
            most
        })
    };
    let (quick, slow) = (Duration::from_millis(50), Duration::from_secs(4));
    assert!(under_way(quick, Duration::ZERO) >= 6, "{}", under_way(quick, Duration::ZERO));
    assert!(under_way(quick, slow) >= 6, "{}", under_way(quick, slow));
    assert!(under_way(slow, Duration::ZERO) <= 3, "the control: {}", under_way(slow, Duration::ZERO));
}

#[test]
fn a_slow_site_does_not_hold_up_another() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nCrawl-delay: 30"));
    world.site.page("a.test/", &["/1"]).page("a.test/1", &[]).page("b.test/", &["/1"]).page("b.test/1", &[]);
    let outcome = world.run(CrawlRequest::parse(&["http://a.test/", "http://b.test/"]).unwrap().concurrency(1));
    let order: Vec<_> = outcome.pages.iter().map(|(url, _)| url.as_str()).collect();
    assert_eq!(order, ["http://b.test/", "http://b.test/1", "http://a.test/", "http://a.test/1"]);
}

#[test]
fn dropping_a_crawl_stops_its_requests() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"]);
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &["/more"])).after(Duration::from_secs(5)));
    let mut crawl = world.crawler().crawl(request("http://a.test/").concurrency(4).robots(Robots::Ignore));
    world.handle.block_on(async {
        assert!(matches!(crawl.next().await, Some(Visit::Page(_))));
        let _ = world.handle.timeout(Duration::from_secs(1), crawl.next()).await;
        let asked = world.site.asked().len();
        assert_eq!(asked, 5);
        drop(crawl);
        world.handle.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.site.asked().len(), asked);
    });
}

#[test]
fn every_request_of_a_crawl_has_one_outcome_even_if_the_crawl_is_ended() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2", "/3", "/4", "/5", "/6"]);
    world.site.reply("a.test/1", Reply::hangup()).page("a.test/2", &[]);
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])).after(Duration::from_secs(20)));
    let crawler = world.crawler();
    let mut crawl = crawler.crawl(request("http://a.test/").concurrency(4).robots(Robots::Ignore));
    let report = world.handle.block_on(async {
        while world.handle.timeout(Duration::from_secs(2), crawl.next()).await.is_ok() {}
        assert_eq!(crawl.report().http.in_flight(), 4, "pages that take their time");
        crawl.finish()
    });
    let http = report.http;
    assert_eq!(http.requests, http.succeeded + http.failed + http.cancelled, "{http:?}");
    assert_eq!((http.succeeded, http.cancelled, http.in_flight()), (2, 4, 0), "{http:?}");
    assert!(http.failed > 0 && http.failed == http.failed_at.first_byte, "{http:?}");
    assert_eq!(crawler.client().counters(), http);
}

#[test]
fn crawls_at_one_time_count_each_their_own() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2"]).page("a.test/1", &[]).page("a.test/2", &[]).page("b.test/", &[]);
    let crawler = world.crawler();
    let crawl = |seed| {
        let mut crawl = crawler.crawl(request(seed).robots(Robots::Ignore));
        async move {
            while crawl.next().await.is_some() {}
            crawl.finish().http
        }
    };
    let (a, b) = world.handle.block_on(futures_lite::future::zip(crawl("http://a.test/"), crawl("http://b.test/")));
    assert_eq!((a.requests, a.succeeded, b.requests, b.succeeded), (3, 3, 1, 1), "{a:?} {b:?}");
    assert_eq!(crawler.client().counters().requests, 4);
    assert_eq!(crawler.client().counters().connections_opened, a.connections_opened + b.connections_opened);
}

#[test]
fn a_crawl_waits_for_its_consumer() {
    let world = World::new();
    let links: Vec<String> = (0..100).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let mut crawl = world.crawler().crawl(request("http://a.test/").concurrency(4).robots(Robots::Ignore));
    world.handle.block_on(async {
        for _ in 0..3 {
            crawl.next().await;
        }
        world.handle.sleep(Duration::from_secs(5)).await;
        assert!(world.site.asked().len() <= 3 + 4, "{}", world.site.asked().len());
        // Longer than any time limit.
        world.handle.sleep(Duration::from_secs(600)).await;
        while crawl.next().await.is_some() {}
        let report = crawl.finish();
        assert_eq!((report.pages, report.failed.len()), (101, 0));
    });
}

#[test]
fn a_page_of_a_hundred_thousand_links_is_queued_within_bounds() {
    let world = World::new();
    let links: String = (0..100_000).map(|number| format!("<a href=/{number}>")).collect();
    world.site.reply("a.test/", Reply::html(links)).on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let crawler = world.crawler_with(Config { max_queued: 50_000, ..Config::default() });
    let outcome = world.drain(crawler.crawl(request("http://a.test/").max_pages(200).robots(Robots::Ignore)));
    assert_eq!(outcome.pages.len(), 200);
    assert_eq!(outcome.report.passed_over["the queue is full"], 50_000);
}

#[test]
fn links_that_are_too_long_are_counted_once() {
    let world = World::new();
    let long = format!("/x?{}", "y".repeat(2_000));
    let other = format!("http://b.test/{}", "z".repeat(3_000));
    let data = format!("data:text/plain,{}", "a".repeat(3_000));
    world.site.reply("a.test/", Reply::html(page("start", &["/one", &long, &long, &other, &data])));
    world.site.reply("a.test/one", Reply::html(page("one", &[&long])));
    let outcome = world.drain(world.crawler().crawl(request("http://a.test/")));
    assert_eq!((outcome.pages.len(), outcome.report.passed_over["the URL is too long"]), (2, 2), "{:?}", outcome.report);
}

#[test]
fn a_calendar_without_end_ends() {
    let world = World::new();
    world.site.on("a.test/calendar", |_| Reply::html(page("now", &["?day=0"])));
    world.site.on("a.test/*", |asked| {
        let day: u64 = asked.target.rsplit('=').next().and_then(|day| day.parse().ok()).unwrap_or_default();
        Reply::html(page(&format!("day {day}"), &[&format!("?day={}", day + 1)]))
    });
    let crawler = world.crawler_with(Config { max_query_variants: 40, ..Config::default() });
    let outcome = world.drain(crawler.crawl(request("http://a.test/calendar").depth(u32::MAX).max_pages(u64::MAX).robots(Robots::Ignore)));
    assert_eq!(outcome.pages.len(), 41);
    assert_eq!(outcome.report.passed_over["too many queries of one path"], 1);
}

#[test]
fn a_site_with_one_content_for_every_address_ends() {
    let world = World::new();
    world.site.reply("a.test/*", Reply::html(page("always", &["a/b", "c/", "d/e/f"])));
    let outcome = world.run(request("http://a.test/").depth(u32::MAX).max_pages(u64::MAX).robots(Robots::Ignore));
    assert_eq!(outcome.pages.len(), 1);
    assert!(world.site.asked().len() < 100, "{}", world.site.asked().len());
}

#[test]
fn one_page_is_fetched_by_itself() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /private"));
    world.site.reply("a.test/old", Reply::redirect("/new")).page("a.test/new", &[]).page("a.test/private", &[]);
    world.site.reply("a.test/pdf", Reply::new(200, "application/pdf", "x"));
    let crawler = world.crawler();
    let fetch = |target: &str, robots| world.handle.block_on(crawler.fetch(&url(&format!("http://a.test{target}")), robots));
    assert_eq!(fetch("/old#part", Robots::Obey).unwrap().url.as_str(), "http://a.test/new");
    let error = fetch("/private", Robots::Obey).unwrap_err();
    assert!(matches!(error.root(), Error::Forbidden { .. }));
    assert_eq!(error.to_string(), "http://a.test/private");
    assert!(fetch("/private", Robots::Ignore).is_ok());
    assert!(matches!(fetch("/missing", Robots::Obey).unwrap_err().root(), Error::Status { status: 404, .. }));
    assert!(matches!(fetch("/pdf", Robots::Obey).unwrap_err().root(), Error::NotAPage { .. }));
    assert_eq!(world.site.asked().iter().filter(|asked| asked.target == "/robots.txt").count(), 1);
}

#[test]
fn a_known_page_is_fetched_again_only_if_it_changed() {
    let world = World::new();
    world.site.on("a.test/x", |asked| match asked.header("if-none-match") {
        Some("\"1\"") => Reply::status(304),
        _ => Reply::html("new").header("ETag", "\"2\""),
    });
    world.site.reply("a.test/gone", Reply::status(410));
    let crawler = world.crawler();
    let refetch = |target: &str, etag: &str| {
        let known = Validators { etag: Some(etag.to_owned()), ..Validators::default() };
        world.handle.block_on(crawler.refetch(&url(&format!("http://a.test{target}")), &known, Robots::Obey)).unwrap()
    };
    assert!(matches!(refetch("/x", "\"1\""), Refetched::Unchanged));
    match refetch("/x", "\"0\"") {
        Refetched::Page(page, _) => assert_eq!(page.validators.etag.as_deref(), Some("\"2\"")),
        other => panic!("{other:?}"),
    }
    assert!(matches!(refetch("/gone", "\"1\""), Refetched::Gone));
}

#[test]
fn a_crawl_is_send_and_owned() {
    fn check<T: Send + 'static>(_: &T) {}
    let world = World::new();
    check(&world.crawler().crawl(request("http://a.test/")));
    let crawler = world.crawler();
    check(&async move { crawler.fetch(&url("http://a.test/"), Robots::Obey).await.is_ok() });
}

/// Every page asks not to be indexed and has fifty links to pages that nobody has seen.
fn noindex_trap(world: &World) {
    let ever = AtomicU32::new(0);
    world.site.on("a.test/*", move |asked| {
        let first = ever.fetch_add(50, Ordering::SeqCst);
        let links: Vec<String> = (first..first + 50).map(|number| format!("/trap/{number}")).collect();
        let links: Vec<_> = links.iter().map(String::as_str).collect();
        Reply::html(format!("<meta name=robots content=noindex>{}", page(&asked.target, &links)))
    });
}

#[test]
fn a_crawl_makes_no_more_requests_than_a_multiple_of_its_pages() {
    let world = World::new();
    noindex_trap(&world);
    let endless = || request("http://a.test/").depth(u32::MAX).max_pages(5);
    let outcome = world.run(endless());
    assert_eq!((world.site.asked().len(), outcome.pages.len()), (200, 0), "20 for each page, and 100");
    assert_eq!((outcome.report.end, outcome.report.http.requests), (End::MaxRequests, 200));
    assert!(outcome.report.left > 1_000, "{}", outcome.report.left);
    assert_eq!(outcome.report.skips(), 199, "all but robots.txt");

    let asked = world.site.asked().len();
    let outcome = world.run(endless().max_requests(1_000));
    assert_eq!((world.site.asked().len() - asked, outcome.report.end), (1_000, End::MaxRequests), "it would go on");
}

#[test]
fn failures_redirects_retries_and_files_for_crawlers_are_requests_too() {
    let world = World::new();
    let links: Vec<String> = (0..500).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked| match asked.target.len() % 3 {
        0 => Reply::redirect(&format!("{}x", asked.target)),
        1 => Reply::status(502),
        _ => Reply::status(404),
    });
    for limit in [1, 2, 7, 50, 120] {
        let asked = world.site.asked().len();
        let outcome = world.run(request("http://a.test/").max_requests(limit).concurrency(7));
        assert_eq!((world.site.asked().len() - asked) as u64, limit);
        assert_eq!((outcome.report.end, outcome.report.http.requests), (End::MaxRequests, limit));
    }
    // A robots.txt that is redirected for ever is held to it as well.
    world.site.on("b.test/*", |asked| Reply::redirect(&format!("{}x", asked.target))).on("b.test/robots.txt", |_| Reply::redirect("/r"));
    let asked = world.site.asked().len();
    let outcome = world.run(request("http://b.test/").max_requests(3));
    assert_eq!((world.site.asked().len() - asked, outcome.report.end), (3, End::MaxRequests));
}

#[test]
fn a_crawl_ends_when_its_time_is_up() {
    let world = World::new();
    world.site.page("a.test/", &["/0"]);
    world.site.on("a.test/*", |asked| {
        let number: u64 = asked.target[1..].parse().unwrap_or_default();
        Reply::html(page(&asked.target, &[&format!("/{}", number + 1)])).after(Duration::from_secs(1))
    });
    let endless = request("http://a.test/").depth(u32::MAX).robots(Robots::Ignore);
    let outcome = world.run(endless.clone().max_time(Duration::from_millis(3_500)));
    assert_eq!((outcome.pages.len(), outcome.report.end, outcome.report.left), (4, End::MaxTime, 1));
    assert_eq!(outcome.report.elapsed, Duration::from_millis(3_500));
    assert_eq!(outcome.report.http.cancelled, 1, "the one in flight");
    // With time enough nothing of it shows.
    let outcome = world.run(request("http://a.test/").depth(2).robots(Robots::Ignore).max_time(Duration::from_secs(60)));
    assert_eq!((outcome.pages.len(), outcome.report.end, outcome.report.left), (3, End::Complete, 0));
}

#[test]
fn a_crawl_ends_when_it_has_received_enough() {
    let world = World::new();
    let links: Vec<String> = (0..50).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    world.site.on("a.test/*", |asked| Reply::html(page(&format!("{} {}", asked.target, "x".repeat(10_000)), &[])));
    let crawl = |bytes| world.run(request("http://a.test/").max_bytes(bytes).concurrency(2).robots(Robots::Ignore)).report;
    let report = crawl(100_000);
    assert_eq!(report.end, End::MaxBytes);
    // As decoded, and what is in flight may go beyond: two pages here.
    assert!((100_000..150_000).contains(&report.bytes) && report.pages < 10, "{report:?}");
    let report = crawl(10_000_000);
    assert_eq!((report.end, report.pages, report.left), (End::Complete, 51, 0));
}

#[test]
fn what_is_left_at_the_page_limit_is_told() {
    let world = World::new();
    world.site.page("a.test/", &["/1", "/2", "/3"]).on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let report = world.run(request("http://a.test/").max_pages(2).concurrency(1)).report;
    assert_eq!((report.end, report.left), (End::MaxPages, 2));
    let report = world.run(request("http://a.test/").max_pages(4)).report;
    assert_eq!((report.end, report.left), (End::Complete, 0), "nothing is left: the limit took nothing away");
}

#[test]
fn sitemaps_of_other_sites_are_not_asked_for() {
    let world = World::new();
    let listed: String = (0..50).map(|number| format!("<sitemap><loc>http://b.test/ok/{number}</loc></sitemap>")).collect();
    let index = format!(
        "<sitemapindex>{listed}<sitemap><loc>http://sub.a.test/own.xml</loc></sitemap><sitemap><loc>/away.xml</loc></sitemap></sitemapindex>"
    );
    world.site.reply("a.test/sitemap.xml", Reply::new(200, "application/xml", index));
    world.site.reply("sub.a.test/own.xml", Reply::new(200, "application/xml", "<urlset><url><loc>http://a.test/page</loc></url></urlset>"));
    world.site.reply("a.test/away.xml", Reply::redirect("http://b.test/ok/redirected"));
    world.site.page("a.test/page", &[]);
    world.site.on("b.test/*", |_| Reply::new(200, "application/xml", "<urlset><url><loc>http://a.test/smuggled</loc></url></urlset>"));
    let outcome = world.run(request("http://a.test/sitemap.xml"));
    assert_eq!(outcome.urls, ["http://a.test/page"], "one's own may lie on another host of the domain");
    assert!(world.site.asked().iter().all(|asked| asked.host != "b.test"), "{:?}", world.site.targets());
    assert_eq!(outcome.report.passed_over["a sitemap of another site"], 50);
    assert_eq!(outcome.skipped("http://a.test/away.xml"), "redirects to http://b.test/ok/redirected, which is a sitemap of another site");

    world
        .site
        .reply("a.test/robots.txt", Reply::new(200, "text/plain", "Sitemap: http://b.test/ok/named\nSitemap: http://a.test/none.xml"));
    world.site.page("a.test/", &[]);
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    assert!(world.site.asked().iter().all(|asked| asked.host != "b.test"));
    assert_eq!(outcome.report.passed_over["a sitemap of another site"], 1);
}

/// The pages that are listed come before the sitemaps that are: a limit of requests is not used up by sitemaps.
#[test]
fn an_index_of_many_sitemaps_leaves_room_for_pages() {
    let world = World::new();
    let listed: String = (0..5_000).map(|number| format!("<sitemap><loc>http://a.test/map/{number}</loc></sitemap>")).collect();
    world.site.reply("a.test/sitemap.xml", Reply::new(200, "application/xml", format!("<sitemapindex>{listed}</sitemapindex>")));
    world.site.on("a.test/*", |asked| match asked.target.strip_prefix("/map/") {
        Some(number) => {
            let pages: String = (0..4).map(|page| format!("<url><loc>http://a.test/page/{number}/{page}</loc></url>")).collect();
            Reply::new(200, "application/xml", format!("<urlset>{pages}</urlset>"))
        }
        None => Reply::html(page(&asked.target, &[])),
    });
    let outcome = world.run(request("http://a.test/sitemap.xml").max_pages(20).concurrency(4).robots(Robots::Ignore));
    assert_eq!((outcome.pages.len(), outcome.report.end), (20, End::MaxPages));
    assert!(world.site.asked().len() < 60, "{}", world.site.asked().len());
    assert_eq!(outcome.report.passed_over["a sitemap beyond the 500 that are read in one crawl"], 4_500);
}

#[test]
fn ports_that_no_web_server_uses_are_not_contacted() {
    let world = World::new();
    let listener = world.handle.block_on(world.handle.listen("10.0.0.1:25".parse().unwrap())).unwrap();
    world.sim.spawn(world.site.clone().serve(world.handle.clone(), listener, drop));
    world.site.page("a.test/", &["http://sub.a.test:25/link", "/moved"]);
    world.site.reply("a.test/moved", Reply::redirect("http://a.test:25/moved"));
    world.site.on("a.test:25/*", |asked| Reply::html(page(&asked.target, &[]))).page("a.test:25/robots.txt", &[]);
    world.site.on("sub.a.test:25/*", |asked| Reply::html(page(&asked.target, &[])));
    let outcome = world.run(request("http://a.test/").scope(Scope::Domain));
    assert_eq!(outcome.urls, ["http://a.test/"]);
    assert!(world.site.asked().iter().all(|asked| !asked.host.ends_with(":25")), "{:?}", world.site.targets());
    assert_eq!(outcome.report.passed_over["a port that no web server uses"], 1);
    assert_eq!(outcome.skipped("http://a.test/moved"), "redirects to http://a.test:25/moved, which has a port that no web server uses");
    let fetch = |target: &str| world.handle.block_on(world.crawler().fetch(&url(target), Robots::Ignore));
    assert!(matches!(fetch("http://a.test/moved").unwrap_err().root(), Error::BadPort { port: 25 }));
    // Whoever asks for it gets it.
    assert!(fetch("http://a.test:25/x").is_ok());
    assert_eq!(world.run(request("http://a.test:25/")).urls, ["http://a.test:25/"]);
}

#[test]
fn a_seed_that_is_redirected_to_another_site_brings_that_page() {
    let world = World::new();
    world.site.reply("a.test/", Reply::redirect("http://b.test/me"));
    world.site.page("b.test/me", &["/other", "/me/x", "/", "http://a.test/own"]).page("b.test/me/x", &[]).page("b.test/other", &[]);
    world.site.page("b.test/", &[]).page("a.test/own", &[]);
    for scope in [Scope::Prefix, Scope::Host, Scope::Domain] {
        let outcome = world.run(request("http://a.test/").scope(scope));
        assert_eq!(outcome.urls, ["http://a.test/own", "http://b.test/me", "http://b.test/me/x"], "{scope:?}");
        let told = outcome.skipped("http://a.test/");
        assert_eq!(told, "redirects to another site, of which only http://b.test/me and what is below it is taken");
    }
    // To a front page: that one page.
    world.site.reply("www.a.test/", Reply::redirect("http://b.test/")).page("b.test/", &["/other", "/me"]);
    assert_eq!(world.run(request("http://www.a.test/")).urls, ["http://b.test/"]);
}

#[test]
fn a_folder_without_a_slash_is_a_folder() {
    let world = World::new();
    world.site.page("a.test/docs", &["/docs/a", "/docs-old/z", "/blog", "/"]).page("a.test/docs/a", &["/pricing"]);
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    assert_eq!(world.run(request("http://a.test/docs")).urls, ["http://a.test/docs", "http://a.test/docs/a"]);
    // Deeper down the page tells.
    world.site.page("a.test/guide/install", &["/guide/use", "/other"]).page("a.test/v/2", &["/v/2/a", "/v/1", "/v/"]);
    assert_eq!(world.run(request("http://a.test/guide/install")).urls, ["http://a.test/guide/install", "http://a.test/guide/use"]);
    assert_eq!(world.run(request("http://a.test/v/2")).urls, ["http://a.test/v/2", "http://a.test/v/2/a"]);
}

#[test]
fn large_files_for_crawlers_are_read_beside() {
    let world = World::new();
    let rules: String = (0..20_000).map(|number| format!("Disallow: /{number}/*x\n")).collect();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", format!("User-agent: *\n{rules}")));
    let listed: String = (0..20_000).map(|number| format!("<url><loc>http://a.test/{number}/y</loc></url>")).collect();
    let packed = gzip(&format!("<urlset><url><loc>http://a.test/7/x</loc></url>{listed}</urlset>"));
    world.site.reply("a.test/sitemap.xml.gz", Reply::new(200, "application/gzip", packed));
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let outcome = world.run(request("http://a.test/sitemap.xml.gz").max_pages(10));
    assert_eq!((outcome.pages.len(), outcome.report.end), (10, End::MaxPages));
    assert!(outcome.report.left > 19_000, "{}", outcome.report.left);
    assert_eq!(outcome.skipped("http://a.test/7/x"), "disallowed by robots.txt (Disallow: /7/*x)");
}
