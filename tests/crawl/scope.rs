//! What belongs to a site: its two names, redirects within it, and cookies that it wants to see again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use smolcrawl::crawl::{Config, Scope, Sitemaps};

use crate::site::{Asked, Reply, page};
use crate::{Robots, World, request, url};

#[test]
fn apex_and_www_are_one_site() {
    for scope in [Scope::Prefix, Scope::Host] {
        let world = World::new();
        let links = ["/docs/1", "http://a.test/docs/2", "http://sub.a.test/docs/3", "http://b.test/docs/"];
        world.site.page("www.a.test/docs/", &links).page("www.a.test/docs/1", &[]).page("a.test/docs/2", &["/docs/4"]);
        world.site.page("a.test/docs/4", &[]).page("sub.a.test/docs/3", &[]);
        let outcome = world.run(request("http://www.a.test/docs/").scope(scope));
        let expected = ["http://a.test/docs/2", "http://a.test/docs/4", "http://www.a.test/docs/", "http://www.a.test/docs/1"];
        assert_eq!(outcome.urls, expected, "{scope:?}");
        assert_eq!(outcome.report.passed_over["out of scope"], 2);
    }
}

#[test]
fn a_name_that_only_redirects_is_asked_once() {
    let world = World::new();
    world.site.on("www.a.test/*", |asked| Reply::redirect(&format!("http://a.test{}", asked.target)));
    world.site.page("a.test/", &["http://www.a.test/1", "http://www.a.test/2", "/1"]);
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &["http://www.a.test/1", "http://www.a.test/3"])));
    let outcome = world.run(request("http://www.a.test/").robots(Robots::Ignore));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/1", "http://a.test/2", "http://a.test/3"]);
    assert_eq!(world.site.targets().iter().filter(|target| target.starts_with("www.")).count(), 1, "{:?}", world.site.targets());
    assert_eq!((outcome.report.skips(), outcome.report.failures()), (0, 0), "{:?}", outcome.report);
}

#[test]
fn a_site_that_answers_by_both_names_has_its_pages_once() {
    // Told by the same bytes, or by the canonical address.
    for head in ["", "<link rel=canonical href=http://a.test/TARGET>"] {
        let world = World::new();
        for host in ["a.test/*", "www.a.test/*"] {
            world.site.on(host, move |asked: &Asked| {
                let links = ["/1", "/2", "http://a.test/1", "http://www.a.test/2"];
                Reply::html(format!("{}{}", head.replace("/TARGET", &asked.target), page(&asked.target, &links)))
            });
        }
        let outcome = world.run(request("http://www.a.test/x").scope(Scope::Host).robots(Robots::Ignore));
        let mut paths: Vec<_> = outcome.urls.iter().map(|page| url(page).path().to_owned()).collect();
        paths.sort();
        assert_eq!(paths, ["/1", "/2", "/x"], "{head}: {:?}", outcome.urls);
    }
}

#[test]
fn a_canonical_address_that_a_template_has_for_all_pages_takes_none_away() {
    let world = World::new();
    let links: Vec<String> = (0..8).map(|number| format!("/docs/p{number}")).chain(["/old", "/docs/"].map(str::to_owned)).collect();
    let links: Vec<&str> = links.iter().map(String::as_str).collect();
    world.site.page("a.test/", &links);
    // One that has another name is believed still.
    let canonical = |path: &str| if path == "/old" { "/new" } else { "/docs/" };
    for path in links.iter().copied() {
        let head = format!("<link rel=canonical href={}>", canonical(path));
        world.site.reply(&format!("a.test{path}"), Reply::html(format!("{head}{}", page(path, &[]))));
    }
    world.site.page("a.test/new", &[]);
    let outcome = world.run(request("http://a.test/").robots(Robots::Ignore));
    let mut paths: Vec<_> = outcome.urls.iter().map(|page| url(page).path().to_owned()).collect();
    paths.sort();
    let expected: Vec<String> =
        ["/".to_owned(), "/docs/".to_owned()].into_iter().chain((0..8).map(|n| format!("/docs/p{n}"))).chain(["/new".to_owned()]).collect();
    assert_eq!(paths, expected, "{:?}", outcome.report);
    assert_eq!(outcome.report.skipped_total, 1, "{:?}", outcome.report.skipped);
}

#[test]
fn pages_that_a_start_page_has_by_number_are_pages_although_its_template_names_itself() {
    let world = World::new();
    let named = |title: &str, links: &[&str]| {
        Reply::html(format!("<title>{title}</title><link rel=canonical href=http://a.test/index.php>{}", page(title, links)))
    };
    let numbered: Vec<String> = (0..6).map(|number| format!("/index.php?p={number}")).collect();
    let links: Vec<&str> = numbered.iter().map(String::as_str).chain(["/index.php?sort=up"]).collect();
    world.site.reply("a.test/index.php", named("Pots", &links)).reply("a.test/index.php?sort=up", named("Pots", &[]));
    for path in &numbered {
        world.site.reply(&format!("a.test{path}"), named(&format!("Glaze of {path}"), &[]));
    }
    let outcome = world.run(request("http://a.test/index.php"));
    let mut urls = outcome.urls.clone();
    urls.sort();
    // The order of a list is no page of its own: it is one of the few names that are believed before, and those are fetched again.
    let mut expected: Vec<_> =
        links.iter().map(|path| format!("http://a.test{path}")).chain(["http://a.test/index.php".to_owned()]).collect();
    expected.sort();
    assert_eq!(urls, expected, "{:?}", outcome.report);
}

#[test]
fn a_page_that_redirects_to_itself_with_a_cookie_is_fetched_with_it() {
    let world = World::new();
    world.site.page("a.test/", &["/wall", "/greedy", "/circle", "/stubborn"]);
    let knows = |asked: &Asked, cookie: &str| asked.header("cookie").is_some_and(|cookies| cookies.contains(cookie));
    world.site.on("a.test/wall", move |asked| match knows(asked, "seen=1") {
        true => Reply::html(page("behind the wall", &[])),
        false => Reply::redirect("/wall").header("Set-Cookie", "seen=1"),
    });
    // Over another address that sets it, and back.
    world.site.on("a.test/circle", move |asked| match knows(asked, "checked=1") {
        true => Reply::html(page("within the circle", &[])),
        false => Reply::redirect("/check?then=/circle"),
    });
    world.site.reply("a.test/check?then=/circle", Reply::redirect("/circle").header("Set-Cookie", "checked=1; Path=/"));
    // Never content, and one that does not listen.
    let count = AtomicU32::new(0);
    world.site.on("a.test/greedy", move |_| {
        Reply::redirect("/greedy").header("Set-Cookie", &format!("n={}", count.fetch_add(1, Ordering::SeqCst)))
    });
    world.site.reply("a.test/stubborn", Reply::redirect("/stubborn").header("Set-Cookie", "same=1"));
    let outcome = world.run(request("http://a.test/").robots(Robots::Ignore));
    assert_eq!(outcome.urls, ["http://a.test/", "http://a.test/circle", "http://a.test/wall"]);
    assert!(outcome.failed("http://a.test/greedy").starts_with("more than 10 redirects"), "{:?}", outcome.report.failed);
    assert!(outcome.failed("http://a.test/stubborn").starts_with("redirect loop"));
    let asked = |target: &str| world.site.asked().iter().filter(|asked| asked.target == target).count();
    assert_eq!((asked("/wall"), asked("/stubborn"), asked("/greedy")), (2, 2, 11));

    let fetch = |target: &str| world.handle.block_on(world.crawler().fetch(&url(target), Robots::Ignore));
    assert!(String::from_utf8_lossy(&fetch("http://a.test/wall").unwrap().body).contains("behind the wall"));
    assert!(fetch("http://a.test/greedy").is_err() && fetch("http://a.test/stubborn").is_err());
}

#[test]
fn a_request_has_one_header_of_cookies() {
    let world = World::new();
    let shown: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let seen = shown.clone();
    world.site.on("a.test/*", move |asked| {
        let cookies: Vec<_> = asked.headers.iter().filter(|(name, _)| name == "cookie").map(|(_, value)| value.clone()).collect();
        seen.lock().unwrap().push(cookies.join(" | "));
        Reply::html(page(&asked.target, &["/1"])).header("Set-Cookie", "site=2; Path=/")
    });
    let mut config = Config::default();
    config.credentials.header(&url("http://a.test/"), "Cookie", "mine=1; site=0").unwrap();
    world.drain(world.crawler_with(config).crawl(request("http://a.test/").robots(Robots::Ignore)));
    assert_eq!(*shown.lock().unwrap(), ["mine=1; site=0", "mine=1; site=2"]);
}

#[test]
fn folders_are_told_from_names_that_begin_alike() {
    let world = World::new();
    for seed in ["/docs/v1.2", "/docs/v1.2/"] {
        world.site.page(&format!("a.test{seed}"), &["/docs/v1.2/x", "/docs/v1.3/x", "/docs/v1.20/x", "/docs/", "/blog"]);
    }
    world.site.on("a.test/*", |asked| Reply::html(page(&asked.target, &[])));
    for seed in ["http://a.test/docs/v1.2", "http://a.test/docs/v1.2/"] {
        assert_eq!(world.run(request(seed)).urls, [seed, "http://a.test/docs/v1.2/x"]);
    }
}

/// A guess that is redirected is a guess still.
#[test]
fn a_sitemap_that_is_looked_for_may_be_redirected() {
    let world = World::new();
    world.site.page("a.test/", &[]).page("a.test/listed", &[]);
    world.site.reply("a.test/sitemap.xml", Reply::redirect("/maps/all.xml"));
    world.site.reply("a.test/maps/all.xml", Reply::new(200, "text/xml", "<urlset><url><loc>http://a.test/listed</loc></url></urlset>"));
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    assert_eq!((outcome.urls.len(), outcome.report.left), (2, 0));
    world.site.reply("a.test/sitemap.xml", Reply::redirect("/"));
    let outcome = world.run(request("http://a.test/").sitemaps(Sitemaps::Follow));
    assert_eq!((outcome.urls.len(), outcome.report.skips(), outcome.report.failures()), (1, 0, 0), "{:?}", outcome.report);
}
