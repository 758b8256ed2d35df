//! Several engines on one database and one site, as several processes are: together they ask an origin no more often than one may. Time is
//! virtual.

#[path = "support/site.rs"]
mod site;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{Chunking, CrawlReport, CrawlRequest, RefreshRequest};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::SourceId;
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use tempfile::TempDir;

use site::{Reply, Site, page};

struct World {
    handle: Handle,
    site: Site,
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let sim = Sim::new();
        ["a.test", "b.test"].iter().for_each(|host| sim.host(host, ["10.0.0.1"]));
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
        Self { handle, site, home: TempDir::new().unwrap() }
    }

    fn engine(&self) -> Engine {
        self.engine_at(&self.home.path().join("index.db"))
    }

    fn engine_at(&self, database: &Path) -> Engine {
        let mut config = Config { environment: Environment::none(), ..Config::new(database) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::None;
        Engine::with_handle(config, self.handle.clone()).unwrap()
    }

    /// A front page and so many pages, below a folder of `a.test` that another crawl has nothing to do with.
    fn pages(&self, folder: &str, pages: usize) {
        let links: Vec<_> = (0..pages).map(|number| format!("/{folder}/{number}")).collect();
        self.site.page(&format!("a.test/{folder}/"), &links.iter().map(String::as_str).collect::<Vec<_>>());
        links.iter().for_each(|link| _ = self.site.page(&format!("a.test{link}"), &[]));
    }

    /// When `a.test` was asked for anything, in seconds since the first time.
    fn asked(&self) -> Vec<f64> {
        let mut times: Vec<Instant> = self.site.asked().iter().filter(|asked| asked.host == "a.test").map(|asked| asked.at).collect();
        times.sort();
        times.iter().map(|at| at.duration_since(times[0]).as_secs_f64()).collect()
    }
}

async fn crawl(engine: &Engine, seed: &str) -> CrawlReport {
    let mut crawling = engine.crawl(CrawlRequest::parse(&[seed]).unwrap(), Chunking::default());
    while let Some(event) = crawling.next().await {
        event.unwrap();
    }
    crawling.finish()
}

/// The shortest time between two requests.
fn closest(times: &[f64]) -> f64 {
    times.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min)
}

fn delayed(seconds: u32) -> Reply {
    Reply::new(200, "text/plain", format!("User-agent: *\nCrawl-delay: {seconds}\n"))
}

#[test]
fn two_crawls_of_one_host_keep_its_delay_together() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", delayed(10));
    world.pages("one", 3);
    world.pages("two", 3);
    let (one, two) = (world.engine(), world.engine());
    let both = futures_lite::future::zip(crawl(&one, "http://a.test/one/"), crawl(&two, "http://a.test/two/"));
    let (one, two) = world.handle.block_on(both);
    assert_eq!((one.stored, two.stored), (4, 4));
    let times = world.asked();
    assert_eq!(times.len(), 10, "robots.txt of both, and eight pages: {times:?}");
    // Neither knows of the delay before it has read robots.txt, which both ask for at once here.
    assert!(closest(&times[2..]) > 9.9, "{times:?}");
}

/// The control: with a database each, each keeps the delay for itself alone.
#[test]
fn crawls_that_share_nothing_do_not() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", delayed(10));
    world.pages("one", 3);
    world.pages("two", 3);
    let (one, two) = (world.engine(), world.engine_at(&world.home.path().join("other.db")));
    world.handle.block_on(futures_lite::future::zip(crawl(&one, "http://a.test/one/"), crawl(&two, "http://a.test/two/")));
    assert!(closest(&world.asked()[2..]) < 1.0, "{:?}", world.asked());
}

#[test]
fn who_comes_later_waits_even_for_robots_txt() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", delayed(10));
    world.pages("one", 1);
    world.pages("two", 1);
    let (one, two) = (world.engine(), world.engine());
    world.handle.block_on(crawl(&one, "http://a.test/one/"));
    world.handle.block_on(crawl(&two, "http://a.test/two/"));
    assert!(closest(&world.asked()) > 9.9, "{:?}", world.asked());
    // A refresh takes turns as well.
    world.handle.block_on(one.refresh(RefreshRequest::new(SourceId::named("a.test/two").unwrap()), Chunking::default())).unwrap();
    assert!(closest(&world.asked()) > 9.9, "{:?}", world.asked());
}

#[test]
fn who_is_killed_holds_up_nobody() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", delayed(10));
    world.pages("one", 50);
    world.pages("two", 1);
    let (one, two) = (world.engine(), world.engine());
    let some = async {
        let mut crawling = one.crawl(CrawlRequest::parse(&["http://a.test/one/"]).unwrap(), Chunking::default());
        for _ in 0..2 {
            crawling.next().await.unwrap().unwrap();
        }
        // Forgotten, as a process that is killed forgets it.
        std::mem::forget(crawling);
    };
    world.handle.block_on(some);
    let before = world.asked().len();
    let began = world.handle.now();
    assert_eq!(world.handle.block_on(crawl(&two, "http://a.test/two/")).stored, 2);
    let took = world.handle.now() - began;
    assert!(took < Duration::from_secs(41), "robots.txt and two pages, {took:?}");
    assert!(world.asked().len() >= before + 3);
}

#[test]
fn a_host_that_was_asked_too_much_is_left_alone_by_all() {
    let world = World::new();
    world.pages("one", 2);
    world.pages("two", 40);
    // One page is refused once, with a word for how long.
    let refused = Arc::new(AtomicUsize::new(0));
    let count = refused.clone();
    world.site.on("a.test/one/0", move |asked| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::status(503).header("Retry-After", "30"),
        _ => Reply::html(page(&asked.target, &[])),
    });
    // The other crawl is in the middle of its pages: each takes a second, and two are asked for at once.
    for number in 0..40 {
        world.site.on(&format!("a.test/two/{number}"), |asked| Reply::html(page(&asked.target, &[])).after(Duration::from_secs(1)));
    }
    let (one, two) = (world.engine(), world.engine());
    let slow = async {
        let mut crawling = two.crawl(CrawlRequest::parse(&["http://a.test/two/"]).unwrap().concurrency(2), Chunking::default());
        while let Some(event) = crawling.next().await {
            event.unwrap();
        }
        crawling.finish()
    };
    let (quick, slow) = world.handle.block_on(futures_lite::future::zip(
        async {
            world.handle.sleep(Duration::from_secs(5)).await;
            crawl(&one, "http://a.test/one/").await
        },
        slow,
    ));
    assert_eq!((quick.stored, slow.stored), (3, 41));
    let at = world.site.asked().iter().find(|asked| asked.target == "/one/0").unwrap().at;
    let during: Vec<_> = world
        .site
        .asked()
        .iter()
        .map(|asked| (asked.target.clone(), asked.at.saturating_duration_since(at).as_secs_f64()))
        .filter(|(_, after)| (2.5..29.0).contains(after))
        .collect();
    assert!(during.is_empty(), "what others know is a second old at the most: {during:?}");
}

/// Hosts that want no delay cost no more: nothing is written for them.
#[test]
fn hosts_that_want_nothing_are_asked_as_quickly_as_ever() {
    let world = World::new();
    world.pages("one", 30);
    let one = world.engine();
    let began = world.handle.now();
    assert_eq!(world.handle.block_on(crawl(&one, "http://a.test/one/")).stored, 31);
    assert!(world.handle.now() - began < Duration::from_secs(1));
}
