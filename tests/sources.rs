//! Sources: what they are called, which is meant, versions side by side, crawls that go on where they were, and refreshes that find what is new.

#[path = "support/site.rs"]
mod site;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::crawl::{Render, Sitemaps};
use smolcrawl::engine::{
    Checked, Chunking, CrawlReport, CrawlRequest, Crawling, End, Existing, Export, New, RefreshReport, RefreshRequest, Resume,
};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{Mode, Query, SourceId, SourceState};
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use smolcrawl::{Engine, Error};
use tempfile::TempDir;
use url::Url;

use site::{Reply, Site};

struct World {
    handle: Handle,
    site: Site,
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let sim = Sim::new();
        for host in ["a.test", "a.test.", "b.test"] {
            sim.host(host, ["10.0.0.1"]);
        }
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
        Self { handle, site, home: TempDir::new().unwrap() }
    }

    /// Of its own, on the database that all share.
    fn engine(&self) -> Engine {
        self.engine_at(self.database())
    }

    fn engine_at(&self, database: PathBuf) -> Engine {
        let mut config = Config { environment: Environment::none(), ..Config::new(database) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::None;
        Engine::with_handle(config, self.handle.clone()).unwrap()
    }

    fn database(&self) -> PathBuf {
        self.home.path().join("index.db")
    }

    fn crawl(&self, engine: &Engine, seed: &str) -> CrawlReport {
        self.to_its_end(engine.crawl(CrawlRequest::parse(&[seed]).unwrap(), Chunking::default()))
    }

    fn to_its_end(&self, mut crawling: Crawling) -> CrawlReport {
        self.handle.block_on(async {
            while let Some(event) = crawling.next().await {
                event.unwrap();
            }
        });
        crawling.finish()
    }

    fn refresh(&self, engine: &Engine, request: RefreshRequest) -> RefreshReport {
        self.handle.block_on(engine.refresh(request, Chunking::default())).unwrap()
    }

    fn is_sound(&self, engine: &Engine) {
        let check = self.handle.block_on(engine.check()).unwrap();
        assert!(check.damaged.is_empty() && check.faults.is_empty(), "{check:?}");
    }

    fn text(&self, address: &str, text: &str, links: &[&str]) {
        let links: String = links.iter().map(|link| format!("<a href='{link}'>{link}</a> ")).collect();
        let page = format!("<title>{address}</title><main><h1>{address}</h1><p>{text}</p><p>{links}</p></main>");
        self.site.reply(address, Reply::html(page).header("ETag", &format!("\"{}\"", text.len())));
    }

    fn found(&self, engine: &Engine, source: &str, words: &str) -> Vec<String> {
        let meant = self.handle.block_on(engine.meant(source)).unwrap();
        let query = Query { sources: meant.default, mode: Mode::Lexical, ..Query::new(words) };
        let hits = self.handle.block_on(engine.find(query)).unwrap().hits;
        hits.iter().map(|hit| format!("{} of {}", hit.url, hit.source)).collect()
    }
}

fn id(text: &str) -> SourceId {
    SourceId::named(text).unwrap()
}

fn two_versions(world: &World) {
    for version in ["1.4", "2.0"] {
        world.text(&format!("a.test/{version}/"), &format!("The pots of {version}."), &["pans.html"]);
        world.text(&format!("a.test/{version}/pans.html"), "Pans are as they were: flat, and heated from below by the same hob.", &[]);
    }
}

#[test]
fn two_versions_stand_side_by_side() {
    let world = World::new();
    two_versions(&world);
    let engine = world.engine();
    for version in ["1.4", "2.0"] {
        assert_eq!(world.crawl(&engine, &format!("http://a.test/{version}/")).stored, 2);
    }
    let known = world.handle.block_on(engine.sources()).unwrap();
    let told: Vec<_> = known.iter().map(|of| (of.source.as_str(), of.version(), of.pages, of.state)).collect();
    let complete = SourceState::Complete;
    assert_eq!(told, [("a.test@1.4", Some("1.4"), 2, complete), ("a.test@2.0", Some("2.0"), 2, complete)]);
    // The highest where none is named; never another than the one that is.
    assert_eq!(world.found(&engine, "a.test", "pots"), ["http://a.test/2.0/ of a.test@2.0"]);
    assert_eq!(world.found(&engine, "a.test@1", "pots"), ["http://a.test/1.4/ of a.test@1.4"]);
    assert_eq!(world.found(&engine, "http://a.test/1.4/pans.html", "pots"), ["http://a.test/1.4/ of a.test@1.4"]);
    let missing = world.handle.block_on(engine.meant("a.test@3")).unwrap_err();
    assert!(matches!(&missing, Error::NoVersion { there, .. } if there.len() == 2), "{missing:?}");
    assert_eq!(missing.hint().unwrap(), "stored are: a.test@1.4, a.test@2.0");
    // Who forgets a letter of the name has not said the version.
    let like = world.handle.block_on(engine.source_meant("a.tst")).unwrap().unwrap();
    assert_eq!(like.name(), "a.test");
    // What is equal is stored once.
    let passages = rusqlite::Connection::open(world.database()).unwrap();
    let of_pans = "SELECT count(*), count(DISTINCT passage) FROM chunks JOIN sayings ON sayings.id = saying WHERE text LIKE 'Pans are%'";
    let count: (i64, i64) = passages.query_row(of_pans, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(count.0, 2);
    assert_eq!(world.handle.block_on(engine.remove(id("a.test@1.4"))).unwrap(), 2);
    assert_eq!(world.found(&engine, "a.test", "pots"), ["http://a.test/2.0/ of a.test@2.0"]);
    assert!(world.handle.block_on(engine.meant("a.test@1")).is_err());
    world.is_sound(&engine);
}

/// RFC 1034 3.1: the dot at its end makes it no other name. What is asked for is asked for as it is written.
#[test]
fn a_host_with_the_roots_dot_is_the_same_site() {
    let world = World::new();
    world.text(
        "a.test./guide/",
        "The guide by its absolute name.",
        &["http://a.test/guide/one", "http://a.test./guide/two", "http://b.test/guide/"],
    );
    world.text("a.test/guide/one", "The first page, by the other name.", &[]);
    world.text("a.test./guide/two", "The second page, by the same.", &[]);
    let engine = world.engine();
    let report = world.crawl(&engine, "http://a.test./guide/");
    assert_eq!((report.stored, report.passed_over.get("out of scope")), (3, Some(&1)), "{report:?}");
    let known = world.handle.block_on(engine.sources()).unwrap();
    assert_eq!(known.iter().map(|of| (of.source.as_str(), of.pages)).collect::<Vec<_>>(), [("a.test/guide", 3)]);
    for named in ["a.test", "a.test.", "a.test/guide", "http://a.test./guide/two"] {
        assert_eq!(world.handle.block_on(engine.meant(named)).unwrap().default, [id("a.test/guide")], "{named}");
    }
    assert!(world.found(&engine, "a.test", "absolute")[0].starts_with("http://a.test./guide/ of"));
    assert_eq!(world.handle.block_on(engine.meant_whole("http://a.test./")).unwrap(), [id("a.test/guide")]);
}

/// A site of so many pages, each of which leads to eight others.
fn many(world: &World, pages: usize, more: &str) {
    let name = |page: usize| if page == 1 { String::new() } else { format!("page-{page}") };
    for page in 1..=pages {
        let links: Vec<String> = (8 * page - 6..=8 * page + 1).filter(|next| *next <= pages).map(name).collect();
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        world.text(&format!("a.test/{}", name(page)), &format!("Page {page} says what no other one says{more}."), &links);
    }
}

/// What is known of the only source, and whether it can be filled again.
fn state_of(world: &World, engine: &Engine) -> Option<(String, u64, SourceState, bool)> {
    let known = world.handle.block_on(engine.sources()).unwrap();
    assert!(known.len() < 2, "{known:?}");
    known.into_iter().next().map(|of| (of.source.to_string(), of.pages, of.state, of.recipe.is_some()))
}

/// By another engine, as another process would.
#[test]
fn a_source_that_is_removed_while_it_is_crawled_is_no_complete_one() {
    let world = World::new();
    many(&world, 60, "");
    let (ours, theirs) = (world.engine(), world.engine());
    let mut crawling = ours.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    let (mut errors, mut is_removed) = (Vec::new(), false);
    world.handle.block_on(async {
        while let Some(event) = crawling.next().await {
            errors.extend(event.err());
            // When it is noted what it is made of, and much is still to come.
            if !is_removed && theirs.has_database() {
                let known = theirs.sources().await.unwrap();
                if known.iter().any(|of| of.recipe.is_some()) {
                    assert!(theirs.remove(id("a.test")).await.unwrap() < 40);
                    is_removed = true;
                }
            }
        }
    });
    let report = crawling.finish();
    assert!(is_removed && report.stored < 60, "{report:?}");
    let [error] = &errors[..] else { panic!("{errors:?}") };
    assert!(matches!(error, Error::Removed { source_id } if *source_id == id("a.test")), "{error:?}");
    assert!(error.hint().unwrap().contains("is not complete"));
    if let Some(left) = state_of(&world, &theirs) {
        assert!(left.1 < 60 && left.2 == SourceState::Incomplete && left.3, "{left:?}");
    }
    world.is_sound(&theirs);
    // Crawled again it has all.
    let again = world.crawl(&theirs, "http://a.test/");
    assert_eq!(again.end, End::Complete);
    assert_eq!(state_of(&world, &theirs).unwrap(), ("a.test".to_owned(), 60, SourceState::Complete, true));
    // What nobody removes is not said to be.
    assert_eq!(world.crawl(&ours, "http://a.test/").end, End::Complete);
}

#[test]
fn a_source_that_is_removed_when_its_last_pages_are_on_their_way_is_no_complete_one() {
    let world = World::new();
    many(&world, 3, "");
    let (ours, theirs) = (world.engine(), world.engine());
    // What else may be noted by then: all is, but the end.
    let mut crawling = ours.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    let mut errors = Vec::new();
    world.handle.block_on(async {
        let mut events = 0;
        while let Some(event) = crawling.next().await {
            errors.extend(event.err());
            events += 1;
            if events == 3 {
                theirs.remove(id("a.test")).await.unwrap();
            }
        }
    });
    assert!(matches!(&errors[..], [Error::Removed { .. }]), "{errors:?}");
    assert!(state_of(&world, &theirs).is_none_or(|left| left.2 == SourceState::Incomplete && left.3));
    assert_eq!(world.crawl(&ours, "http://a.test/").stored, 3);
    assert_eq!(state_of(&world, &theirs).unwrap().2, SourceState::Complete);
}

#[test]
fn a_source_that_is_removed_while_it_is_refreshed_is_no_complete_one() {
    let world = World::new();
    many(&world, 30, "");
    let (ours, theirs) = (world.engine(), world.engine());
    assert_eq!(world.crawl(&ours, "http://a.test/").stored, 30);
    // Each has changed.
    many(&world, 30, ", and more than before");
    let refreshing = ours.refreshing(RefreshRequest::new(id("a.test")), Chunking::default());
    let mut refreshing = world.handle.block_on(refreshing).unwrap();
    let mut errors = Vec::new();
    world.handle.block_on(async {
        while let Some(checked) = refreshing.next().await {
            errors.extend(checked.err());
            if refreshing.report().checked == 5 {
                let _ = theirs.remove(id("a.test")).await;
            }
        }
    });
    assert!(matches!(&errors[..], [Error::Removed { .. }]), "{errors:?}");
    let left = state_of(&world, &theirs).unwrap();
    assert!(left.1 < 30 && left.2 == SourceState::Incomplete && left.3, "{left:?}");
    many(&world, 30, "");
    assert_eq!(world.crawl(&theirs, "http://a.test/").end, End::Complete);
    assert_eq!(state_of(&world, &ours).unwrap(), ("a.test".to_owned(), 30, SourceState::Complete, true));
}

#[test]
fn pages_of_two_sources_may_have_one_address() {
    let world = World::new();
    world.text("a.test/", "Pots are warm.", &[]);
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap();
    for name in ["mine@1", "mine@2"] {
        if name.ends_with('2') {
            world.text("a.test/", "Pots are cold by now.", &[]);
        }
        let fill = world.handle.block_on(engine.plan(request.clone(), Some(id(name)), Resume::IfInterrupted)).unwrap();
        assert_eq!(world.to_its_end(engine.fill(fill, Chunking::default())).stored, 1);
    }
    let hits = |source: &str| world.found(&engine, source, "pots").join(" ");
    assert_eq!((hits("mine@1"), hits("mine")), ("http://a.test/ of mine@1".to_owned(), "http://a.test/ of mine@2".to_owned()));
    let url = Url::parse("http://a.test/").unwrap();
    let newest = world.handle.block_on(engine.page(url.clone())).unwrap().unwrap();
    assert!(newest.markdown.contains("cold"), "{}", newest.markdown);
    // A host means all of its sources; to change one of them it has to be named.
    let both = world.handle.block_on(engine.meant("a.test")).unwrap();
    assert_eq!((both.sources.len(), both.default), (2, vec![id("mine@2")]));
    assert_eq!(world.handle.block_on(engine.remove(id("mine@2"))).unwrap(), 1);
    assert!(world.handle.block_on(engine.page(url)).unwrap().unwrap().markdown.contains("warm"));
    world.is_sound(&engine);
}

#[test]
fn a_source_is_not_named_by_a_page_where_it_is_changed() {
    let world = World::new();
    world.text("a.test/docs/", "Pots.", &["one.html"]);
    world.text("a.test/docs/one.html", "Pans.", &[]);
    let engine = world.engine();
    world.crawl(&engine, "http://a.test/docs/");
    let whole = |text: &str| world.handle.block_on(engine.meant_whole(text));
    let refused = whole("http://a.test/docs/one.html").unwrap_err();
    assert!(matches!(&refused, Error::IsAPage { sources, .. } if sources == &[id("a.test/docs")]), "{refused:?}");
    for named in ["http://a.test/docs/", "a.test/docs", "a.test", "http://a.test/"] {
        assert_eq!(whole(named).unwrap(), [id("a.test/docs")], "{named}");
    }
    assert!(matches!(whole("http://elsewhere.test/"), Err(Error::UnknownSource { .. })));
    assert_eq!(world.handle.block_on(engine.remove_pages(id("a.test/docs"), "http://a.test/docs/one".to_owned())).unwrap(), 1);
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].pages, 1);
}

/// Fifty times it is cut off where it stands: the next one, in a process of its own as far as the database knows, asks for no page again but
/// those that were in flight.
#[test]
fn a_crawl_that_is_cut_off_goes_on_where_it_was() {
    const PAGES: usize = 150;
    let world = World::new();
    for page in 0..PAGES {
        let links: Vec<String> =
            (1..=3).map(|child| page * 3 + child).filter(|child| *child < PAGES).map(|child| format!("/{child}")).collect();
        let address = if page == 0 { "a.test/".to_owned() } else { format!("a.test/{page}") };
        world.text(&address, &format!("The text of page {page}."), &links.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().depth(9).concurrency(3);
    let mut runs = 0;
    let end = loop {
        let engine = world.engine();
        let mut crawling = engine.crawl(request.clone(), Chunking::default());
        let events = if runs < 50 { 1 + runs % 4 } else { usize::MAX };
        let is_over = world.handle.block_on(async {
            for _ in 0..events {
                match crawling.next().await {
                    Some(event) => drop(event.unwrap()),
                    None => return true,
                }
            }
            false
        });
        runs += 1;
        if is_over {
            break crawling.finish();
        }
        let state = world.handle.block_on(engine.sources()).unwrap()[0].state;
        // What it is made of is written down behind the first page.
        assert!(state == SourceState::Incomplete || runs == 1, "{state:?} after {runs} runs");
        // Nothing of it is told an end.
        std::mem::forget(crawling);
    };
    assert_eq!(end.end, End::Complete);
    let engine = world.engine();
    let of = &world.handle.block_on(engine.sources()).unwrap()[0];
    assert_eq!((of.pages, of.state, of.left), (PAGES as u64, SourceState::Complete, 0));
    let mut asked: HashMap<String, usize> = HashMap::new();
    world.site.asked().into_iter().for_each(|asking| *asked.entry(asking.target).or_default() += 1);
    let again: usize = asked.iter().filter(|(target, _)| *target != "/" && *target != "/robots.txt").map(|(_, times)| times - 1).sum();
    // What a crawl has in flight or has fetched and not stored when it is cut off.
    assert!(runs > 20 && again <= runs * 6, "{again} pages were asked for again in {runs} runs");
    // One that is complete begins anew.
    assert_eq!(world.to_its_end(engine.crawl(request, Chunking::default())).stored, PAGES as u64);
}

/// A part of the trail that the disk refuses, whichever it is: what its pages led to is found by the crawl that goes on.
#[test]
fn what_could_not_be_written_down_is_found_again() {
    const PAGES: usize = 12;
    for refused in 2..PAGES {
        let world = World::new();
        for page in 0..PAGES {
            let next = format!("/p{}.", page + 1);
            let address = if page == 0 { "a.test/".to_owned() } else { format!("a.test/p{page}.") };
            let links = [&*next];
            world.text(&address, &format!("The text of page {page}."), if page + 1 < PAGES { &links } else { &[] });
        }
        let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().depth(20).concurrency(3);
        let engine = world.engine();
        let mut crawling = engine.crawl(request.clone(), Chunking::default());
        let refuse = format!(
            "CREATE TRIGGER refused BEFORE INSERT ON frontier WHEN new.url LIKE '%/p{refused}.' AND new.done = 0
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        let mut errors = 0;
        world.handle.block_on(async {
            assert!(crawling.next().await.unwrap().is_ok());
            rusqlite::Connection::open(world.database()).unwrap().execute_batch(&refuse).unwrap();
            while let Some(event) = crawling.next().await {
                errors += usize::from(event.is_err());
            }
        });
        drop(crawling);
        assert!(errors > 0, "p{refused}");
        rusqlite::Connection::open(world.database()).unwrap().execute_batch("DROP TRIGGER refused").unwrap();
        let end = world.to_its_end(engine.crawl(request, Chunking::default()));
        let of = &world.handle.block_on(engine.sources()).unwrap()[0];
        assert_eq!((end.end, of.pages, of.left), (End::Complete, PAGES as u64, 0), "p{refused}");
    }
}

#[test]
fn a_crawl_goes_on_only_with_what_it_was() {
    let world = World::new();
    world.text("a.test/", "Pots.", &["/1", "/2", "/3", "/4"]);
    (1..5).for_each(|page| world.text(&format!("a.test/{page}"), &format!("Page {page}."), &[]));
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().concurrency(1);
    let plan = |request: CrawlRequest, resume| world.handle.block_on(engine.plan(request, None, resume));
    let nothing = plan(request.clone(), Resume::Always).unwrap_err();
    assert!(matches!(&nothing, Error::NothingToResume { .. }) && nothing.hint().is_some(), "{nothing:?}");
    let report = world.to_its_end(engine.crawl(request.clone().max_pages(2), Chunking::default()));
    assert_eq!((report.stored, report.end), (2, End::MaxPages));
    let of = |engine: &Engine| world.handle.block_on(engine.sources()).unwrap().remove(0);
    assert_eq!((of(&engine).state, of(&engine).left), (SourceState::Limited, 3));
    // Not by itself, as it ended as it was asked to.
    assert!(!plan(request.clone().max_pages(9), Resume::IfInterrupted).unwrap().goes_on());
    let before = world.site.asked().len();
    let fill = plan(request.clone().max_pages(9), Resume::Always).unwrap();
    assert!(fill.goes_on() && fill.pages_before() == 2, "{fill:?}");
    assert_eq!(world.to_its_end(engine.fill(fill, Chunking::default())).end, End::Complete);
    assert_eq!(of(&engine).pages, 5);
    let asked: Vec<_> =
        world.site.asked()[before..].iter().map(|asked| asked.target.clone()).filter(|target| target != "/robots.txt").collect();
    assert_eq!(asked, ["/", "/2", "/3", "/4"]);
    // Other settings are another crawl.
    let other = request.depth(2).max_pages(2);
    world.to_its_end(engine.crawl(other.clone(), Chunking::default()));
    assert!(matches!(plan(other.depth(1), Resume::Always), Err(Error::NothingToResume { .. })));
}

/// What pages said before is known to a crawl that goes on, and the seeds, which are read again, take no second place.
#[test]
fn a_crawl_that_goes_on_knows_what_was_said() {
    let world = World::new();
    let head = "<link rel=alternate hreflang=en href=http://a.test/1><link rel=alternate hreflang=de href=http://a.test/eins>";
    let twice = "<html lang=en><p>The same text at two addresses, word for word.";
    world.text("a.test/", "Pots.", &["/1", "/2", "/3", "/4", "/5"]);
    world.site.reply("a.test/1", Reply::html(format!("<html lang=en><head>{head}</head><p>The first page, in English.")));
    world.site.reply("a.test/2", Reply::html(twice));
    world.site.reply("a.test/3", Reply::html(twice));
    world.text("a.test/4", "The fourth, with a link.", &["/eins"]);
    world.text("a.test/eins", "Die erste Seite auf Deutsch.", &[]);
    world.text("a.test/5", "The fifth.", &[]);
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().concurrency(1);
    let engine = world.engine();
    let report = world.to_its_end(engine.crawl(request.clone().max_pages(3), Chunking::default()));
    assert_eq!((report.stored, report.end), (3, End::MaxPages), "/, /1 and /2");
    // In a process of its own.
    let engine = world.engine();
    let plan = |max| world.handle.block_on(engine.plan(request.clone().max_pages(max), None, Resume::Always)).unwrap();
    let report = world.to_its_end(engine.fill(plan(4), Chunking::default()));
    assert_eq!((report.end, report.skips()), (End::MaxPages, 1), "{report:?}");
    assert_eq!(report.skipped[0].why, "the same content as http://a.test/2");
    let of = world.handle.block_on(engine.sources()).unwrap().remove(0);
    assert_eq!(of.pages, 4, "the start page counts once");
    let report = world.to_its_end(engine.fill(plan(99), Chunking::default()));
    assert_eq!(report.end, End::Complete, "{report:?}");
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].pages, 5);
    assert!(!world.site.asked().iter().any(|asked| asked.target == "/eins"), "a translation, as /1 has said");
    world.is_sound(&engine);
}

/// What is taken from a page's markdown is refreshed by it.
#[test]
fn a_page_in_markdown_is_refreshed_by_it() {
    let world = World::new();
    let html = "<link rel=alternate type=text/markdown href=/raw/pots.md><h1>Pots</h1><p>About pots, in short.";
    world.site.reply("a.test/", Reply::html(html).header("ETag", "\"h\""));
    let markdown = |text: &str, tag: &'static str| {
        let body = format!("# Pots\n\n{text} See [kettles](kettles.md), and [more](/more).\n");
        move |asked: &site::Asked| match asked.header("if-none-match") == Some(tag) {
            true => Reply::status(304),
            false => Reply::new(200, "text/markdown", body.clone()).header("ETag", tag),
        }
    };
    world.site.on("a.test/raw/pots.md", markdown("All about pots that are warm.", "\"1\""));
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().sitemaps(Sitemaps::Follow);
    assert_eq!(world.to_its_end(engine.crawl(request, Chunking::default())).in_markdown, 1);
    let page = || world.handle.block_on(engine.page("http://a.test/".parse().unwrap())).unwrap().unwrap();
    assert!(page().markdown.contains("warm"), "{}", page().markdown);
    let source = world.handle.block_on(engine.sources()).unwrap()[0].source.clone();
    let known = || world.refresh(&engine, RefreshRequest::new(source.clone()).new_pages(New::LeaveOut));
    let before = world.site.asked().len();
    assert_eq!(known().unchanged, 1);
    let asked: Vec<_> =
        world.site.asked()[before..].iter().map(|asked| asked.target.clone()).filter(|target| target != "/robots.txt").collect();
    assert_eq!(asked, ["/raw/pots.md"]);
    world.site.on("a.test/raw/pots.md", markdown("All about pots that are cold.", "\"2\""));
    world.site.reply("a.test/raw/kettles.md", Reply::new(200, "text/markdown", "# Kettles\n\nAll about kettles, in markdown.\n"));
    let report = world.refresh(&engine, RefreshRequest::new(source.clone()));
    assert_eq!((report.updated, report.added), (1, 0), "what it calls kettles.md is a form of another page: {report:?}");
    assert!(page().markdown.contains("cold") && page().validators.etag.as_deref() == Some("\"2\""), "{:?}", page());
    // What may pass is no change: the page stays as it was taken.
    world.site.reply("a.test/raw/pots.md", Reply::status(503));
    let report = known();
    assert_eq!((report.updated, report.failed_total), (0, 1), "{report:?}");
    assert!(page().markdown.contains("cold"), "{:?}", page());
    world.site.reply("a.test/raw/pots.md", Reply::status(404));
    assert_eq!(known().updated, 1);
    assert!(page().markdown.contains("in short") && page().validators.etag.as_deref() == Some("\"h\""), "{:?}", page());
}

/// A page that is markdown for who asks for it, at its own address, stays so where it was imported: a file says nothing of forms.
#[test]
fn an_imported_page_stays_markdown_at_its_own_address() {
    let world = World::new();
    world.site.on("a.test/docs/", |asked| {
        let is_markdown = asked.header("accept").unwrap().starts_with("text/markdown");
        let (kind, body) = match is_markdown {
            true => ("text/markdown", "# Pots\n\nAll about pots, in markdown, with [more](more/).\n"),
            false => ("text/html", "<h1>Pots</h1><p>About pots, in short."),
        };
        Reply::new(200, kind, body).header("Vary", "Accept")
    });
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/docs/"]).unwrap().sitemaps(Sitemaps::Follow);
    assert_eq!(world.to_its_end(engine.crawl(request, Chunking::default())).in_markdown, 1);
    let source = id("a.test/docs");
    let file = world.home.path().join("x.smolcrawl");
    world.handle.block_on(engine.export(Export::new(vec![source.clone()], &file))).unwrap();
    let other = world.engine_at(world.home.path().join("other.db"));
    world.handle.block_on(other.import(file, Existing::Refuse)).unwrap();
    let page = || world.handle.block_on(other.page("http://a.test/docs/".parse().unwrap())).unwrap().unwrap();
    assert_eq!(page().validators.twin, None);
    let report = world.refresh(&other, RefreshRequest::new(source));
    assert_eq!((report.unchanged, report.updated), (1, 0), "{report:?}");
    assert!(page().markdown.contains("in markdown, with [more](http://a.test/docs/more/)"), "{}", page().markdown);
}

/// What a page says of itself in other languages, and what its markdown said, is known to a crawl that goes on.
#[test]
fn a_crawl_that_goes_on_knows_translations_and_twins() {
    let world = World::new();
    let head = "<link rel=alternate type=text/markdown href=/raw/one.md><link rel=alternate hreflang=en href=/one><link rel=alternate hreflang=xx href=/other-one>";
    world.text("a.test/", "Contents.", &["/one", "/two", "/three"]);
    world.site.reply("a.test/one", Reply::html(format!("{head}<h1>One</h1><p>In short.")));
    let markdown = "# One\n\nAll about one, in markdown, at length.\n";
    world.site.reply("a.test/raw/one.md", Reply::new(200, "text/markdown", markdown));
    world.text("a.test/two", "The second page.", &["/other-one", "/copy.md"]);
    world.site.reply("a.test/copy.md", Reply::new(200, "text/markdown", markdown));
    world.text("a.test/other-one", "The first page in another language.", &[]);
    world.text("a.test/three", "The third page.", &[]);
    let request = || CrawlRequest::parse(&["http://a.test/"]).unwrap().concurrency(1).sitemaps(Sitemaps::Follow);
    let engine = world.engine();
    let first = world.to_its_end(engine.crawl(request().max_pages(2), Chunking::default()));
    assert_eq!((first.stored, first.in_markdown), (2, 1), "{first:?}");
    let again = world.engine();
    let fill = world.handle.block_on(again.plan(request(), None, Resume::Always)).unwrap();
    let second = world.to_its_end(again.fill(fill, Chunking::default()));
    let skipped: Vec<_> = second.skipped.iter().map(|skipped| (skipped.url.path(), skipped.why.as_str())).collect();
    assert_eq!(skipped, [("/copy.md", "the same content as http://a.test/one")], "{second:?}");
    assert!(!world.site.asked().iter().any(|asked| asked.target == "/other-one"), "it is a translation");
    assert_eq!(world.handle.block_on(again.sources()).unwrap()[0].pages, 4);
}

/// What a crawl leaves out as a copy, a refresh leaves out.
#[test]
fn a_refresh_stores_no_copy_of_what_is_there() {
    let world = World::new();
    world.text("a.test/docs/", "Contents of the manual.", &["pots.html", "copy.html"]);
    for name in ["pots", "copy"] {
        world
            .site
            .reply(&format!("a.test/docs/{name}.html"), Reply::html("<title>Pots</title><h1>Pots</h1><p>All about pots that are warm."));
    }
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/docs/").stored, 2);
    for _ in 0..2 {
        let report = world.refresh(&engine, RefreshRequest::new(id("a.test/docs")));
        assert_eq!((report.checked, report.added, report.looked_for_new), (2, 0, true), "{report:?}");
    }
    // It is a page of its own once it says something else.
    world.text("a.test/docs/copy.html", "About kettles.", &[]);
    assert_eq!(world.refresh(&engine, RefreshRequest::new(id("a.test/docs"))).added, 1);
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].pages, 3);
    world.is_sound(&engine);
}

/// Near-equal passages of two versions are one hit: that of the highest stable one, with the other beside it.
#[test]
fn what_two_versions_say_alike_is_one_hit() {
    let world = World::new();
    for version in ["1.4", "2.0", "3.0-rc1"] {
        world.text(&format!("a.test/{version}/"), "Contents.", &["kettles.html"]);
        let text =
            format!("A kettle of version {version} is made of iron and boils water quickly. Its lid closes by itself since {version}.");
        let page = format!("<title>Kettles</title><main><h1>Kettles</h1><p>{text}</p></main>");
        world.site.reply(&format!("a.test/{version}/kettles.html"), Reply::html(page));
    }
    let engine = world.engine();
    ["1.4", "3.0-rc1", "2.0"].iter().for_each(|version| _ = world.crawl(&engine, &format!("http://a.test/{version}/")));
    // Contents have a word of the question, too.
    let find = |query: Query| -> Vec<_> {
        let hits = world.handle.block_on(engine.find(query)).unwrap().hits;
        hits.into_iter().filter(|hit| hit.title == "Kettles").collect()
    };
    let asked = || Query { mode: Mode::Lexical, ..Query::new("kettle of iron that boils water") };
    let hits = find(asked());
    assert_eq!(hits.len(), 1, "{hits:?}");
    assert_eq!((hits[0].source.as_str(), hits[0].url.path()), ("a.test@2.0", "/2.0/kettles.html"));
    let mut others: Vec<_> = hits[0].same_as.iter().map(Url::path).collect();
    others.sort_unstable();
    assert_eq!(others, ["/1.4/kettles.html", "/3.0-rc1/kettles.html"]);
    assert!(hits[0].text.contains("version 2.0"), "{}", hits[0].text);
    // A version that is asked for answers for itself.
    let old = find(Query { sources: vec![id("a.test@1.4")], ..asked() });
    assert_eq!((old.len(), old[0].url.path(), old[0].same_as.len()), (1, "/1.4/kettles.html", 0));
    // What differs stays two.
    let other = "<title>Kettles</title><main><h1>Kettles</h1><p>A kettle that boils water, now of copper, with a whistle.</p></main>";
    world.site.reply("a.test/4.0/kettles.html", Reply::html(other));
    world.text("a.test/4.0/", "Contents.", &["kettles.html"]);
    world.crawl(&engine, "http://a.test/4.0/");
    assert_eq!(find(asked()).len(), 2);
}

/// A dead link, a copy and a file that is no page are told when they are met first, and counted from then on.
#[test]
fn a_refresh_tells_each_thing_once() {
    let world = World::new();
    world.text("a.test/docs/", "Contents of the manual.", &["pots.html", "dead.html"]);
    world.text("a.test/docs/pots.html", "All about pots that are warm.", &[]);
    let engine = world.engine();
    let report = world.crawl(&engine, "http://a.test/docs/");
    assert_eq!((report.stored, report.failed_total), (2, 1), "the crawl has told it");
    let refresh = || world.refresh(&engine, RefreshRequest::new(id("a.test/docs")));
    let report = refresh();
    assert_eq!((report.new_failed_total, report.still_dead_total), (0, 1), "{report:?}");
    assert_eq!(report.still_dead[0].url.path(), "/docs/dead.html");
    assert!(report.still_dead[0].error.starts_with("HTTP 404 Not Found"), "{report:?}");
    let since = report.still_dead[0].since;

    let links = ["pots.html", "dead.html", "deader.html", "copy.html", "x.txt"];
    world.text("a.test/docs/", "Contents of the manual, and more.", &links);
    world.text("a.test/docs/copy.html", "All about pots that are warm.", &[]);
    let copy = Reply::html(
        "<title>a.test/docs/pots.html</title><main><h1>a.test/docs/pots.html</h1><p>All about pots that are warm.</p><p></p></main>",
    );
    world.site.reply("a.test/docs/copy.html", copy);
    world.site.reply("a.test/docs/x.txt", Reply::new(200, "application/octet-stream", vec![0, 1, 2]));
    let report = refresh();
    let failed: Vec<_> = report.new_failed.iter().map(|failed| failed.url.path()).collect();
    let mut skipped: Vec<_> = report.new_skipped.iter().map(|skipped| (skipped.url.path(), skipped.why.as_str())).collect();
    skipped.sort();
    assert_eq!((failed, report.still_dead_total, report.still_skipped_total), (vec!["/docs/deader.html"], 1, 0), "{report:?}");
    assert_eq!(skipped[0], ("/docs/copy.html", "the same content as http://a.test/docs/pots.html"));
    assert_eq!((skipped.len(), report.still_dead[0].since), (2, since), "it was first met then: {skipped:?}");
    let report = refresh();
    assert_eq!((report.new_failed_total, report.new_skipped_total), (0, 0), "{report:?}");
    assert_eq!((report.still_dead_total, report.still_skipped_total), (2, 2));
    let told = report.as_before().unwrap();
    assert!(told.starts_with("2 links are still dead, since ") && told.ends_with("; 2 addresses are left out as before"), "{told}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["still_dead"].as_array().unwrap().len(), 2, "all are in the JSON: {json}");
    assert!(json["still_dead"][0]["since_unix"].is_u64() && json["still_dead"][0]["since"].is_string(), "{json}");

    // What is there again is new; once it goes again, that is told as what it is, and once.
    world.text("a.test/docs/dead.html", "There again.", &[]);
    assert_eq!(refresh().added, 1);
    world.site.reply("a.test/docs/dead.html", Reply::status(404));
    let asked = || world.site.asked().iter().filter(|asked| asked.target == "/docs/dead.html").count();
    let before = asked();
    let report = refresh();
    assert_eq!((report.removed, report.new_failed_total, report.still_dead_total), (1, 0, 1), "{report:?}");
    assert_eq!(asked() - before, 1, "it is asked for once");
    let report = refresh();
    assert_eq!((report.new_failed_total, report.still_dead_total), (0, 2), "{report:?}");
    assert!(report.still_dead.iter().find(|dead| dead.url.path() == "/docs/dead.html").unwrap().since > since);
    world.is_sound(&engine);
}

#[test]
fn a_page_that_leads_to_one_that_is_gone_is_gone() {
    let world = World::new();
    world.text("a.test/docs/", "Contents.", &["old.html", "closed.html"]);
    world.text("a.test/docs/old.html", "Old.", &[]);
    world.text("a.test/docs/closed.html", "Open.", &[]);
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/docs/").stored, 3);
    world.site.reply("a.test/docs/old.html", Reply::redirect("/away.html")).reply("a.test/away.html", Reply::status(410));
    world.site.reply("a.test/docs/closed.html", Reply::redirect("/shut.html")).reply("a.test/shut.html", Reply::status(403));
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test/docs")));
    assert_eq!((report.unchanged, report.removed, report.failed_total), (1, 1, 1), "{report:?}");
    assert_eq!(report.removed_pages[0].url.path(), "/docs/old.html");
    assert!(report.failed[0].error.contains("redirects to http://a.test/shut.html: HTTP 403"), "{report:?}");
    assert_eq!(report.failed[0].cause(), "HTTP 403 Forbidden");
}

#[test]
fn a_refresh_finds_what_is_new() {
    let world = World::new();
    world.text("a.test/docs/", "Contents.", &["old.html", "gone.html", "/blog/"]);
    world.text("a.test/docs/old.html", "Old.", &[]);
    world.text("a.test/docs/gone.html", "Gone soon.", &[]);
    world.text("a.test/blog/", "No page of the manual.", &[]);
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/docs/").stored, 3);
    let source = id("a.test/docs");
    // Nothing is new: nothing but the seed is asked for without its validators.
    let report = world.refresh(&engine, RefreshRequest::new(source.clone()));
    assert_eq!((report.checked, report.unchanged, report.added, report.looked_for_new), (3, 3, 0, true), "{report:?}");

    world.text("a.test/docs/", "Contents, with more.", &["old.html", "new.html", "/blog/"]);
    world.text("a.test/docs/old.html", "Old and changed.", &["deep/newer.html", "/elsewhere"]);
    world.text("a.test/docs/new.html", "New.", &["newest.html"]);
    world.text("a.test/docs/newest.html", "Newest.", &[]);
    world.text("a.test/docs/deep/newer.html", "Newer.", &[]);
    world.site.reply("a.test/docs/gone.html", Reply::status(410));
    let known = world.refresh(&engine, RefreshRequest::new(source.clone()).older_than(Duration::from_secs(3_600)).new_pages(New::LeaveOut));
    assert_eq!((known.checked, known.looked_for_new), (0, false), "none is as old: {known:?}");
    let report = world.refresh(&engine, RefreshRequest::new(source));
    assert_eq!((report.checked, report.updated, report.removed, report.added, report.failed_total), (3, 2, 1, 3, 0), "{report:?}");
    let urls = |pages: &[smolcrawl::engine::Listed]| {
        let mut paths: Vec<_> = pages.iter().map(|page| page.url.path().trim_start_matches("/docs").to_owned()).collect();
        paths.sort();
        paths.join(" ")
    };
    assert_eq!(urls(&report.added_pages), "/deep/newer.html /new.html /newest.html");
    assert_eq!((urls(&report.changed_pages), urls(&report.removed_pages)), ("/ /old.html".to_owned(), "/gone.html".to_owned()));
    assert_eq!(report.removed_pages[0].title, "a.test/docs/gone.html");
    assert!(!world.site.asked().iter().any(|asked| asked.target.contains("blog") || asked.target.contains("elsewhere")));
    let of = &world.handle.block_on(engine.sources()).unwrap()[0];
    assert_eq!((of.pages, of.state), (5, SourceState::Complete));
    assert!(of.refreshed >= of.made);
}

#[test]
fn what_cannot_be_had_twice_in_a_row_is_gone() {
    let world = World::new();
    world.text("a.test/", "Contents.", &["/moved", "/broken", "/closed", "/pdf", "/shaky", "/shell"]);
    for page in ["moved", "broken", "closed", "pdf", "shaky", "shell"] {
        world.text(&format!("a.test/{page}"), &format!("The page {page}."), &[]);
    }
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/").stored, 7);
    world.site.reply("a.test/shell", Reply::html("<body><div id=root></div><script src=/main.js></script>"));
    world.site.reply("a.test/moved", Reply::redirect("http://a.test/moved-here"));
    world.text("a.test/moved-here", "The page moved.", &[]);
    world.site.reply("a.test/broken", Reply::status(500));
    world.site.reply("a.test/closed", Reply::status(403));
    world.site.reply("a.test/pdf", Reply::new(200, "application/pdf", "%PDF-1.4"));
    world.site.reply("a.test/shaky", Reply::status(406));
    let refresh = || world.refresh(&engine, RefreshRequest::new(id("a.test")));
    let first = refresh();
    assert_eq!((first.removed, first.failed_total), (0, 6), "{first:?}");
    assert_eq!(first.added_pages.iter().map(|page| page.url.path()).collect::<Vec<_>>(), ["/moved-here"]);
    // Once it is there again, it has not been missed.
    world.text("a.test/shaky", "The page shaky.", &[]);
    let second = refresh();
    let mut removed: Vec<_> = second.removed_pages.iter().map(|page| page.url.path().to_owned()).collect();
    removed.sort();
    assert_eq!((removed, second.failed_total), (vec!["/moved".to_owned(), "/pdf".to_owned()], 3), "{second:?}");
    world.site.reply("a.test/shaky", Reply::status(406));
    assert_eq!(refresh().removed, 0);
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].pages, 6);
}

/// A world whose start page and five more are stored, and what refreshes them.
fn six_pages() -> (World, Engine) {
    let world = World::new();
    let names = ["a", "b", "c", "d", "e"];
    world.text("a.test/", "Contents.", &names.map(|name| format!("/{name}")).each_ref().map(String::as_str));
    for name in names {
        world.text(&format!("a.test/{name}"), &format!("All about {name}, and its whistle."), &[]);
    }
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/").stored, 6);
    (world, engine)
}

#[test]
fn a_refresh_of_a_site_that_is_down_with_200_loses_nothing() {
    // One that is known by its words, and one that is known by being everywhere.
    for (title, text) in
        [("Just a moment...", "Enable JavaScript and cookies to continue."), ("Acme", "Die Kessel sind heute alle kalt. Nummer {n}.")]
    {
        let (world, engine) = six_pages();
        for (number, page) in ["", "a", "b", "c", "d", "e"].iter().enumerate() {
            let text = text.replace("{n}", &number.to_string());
            world.site.reply(&format!("a.test/{page}"), Reply::html(format!("<title>{title}</title><h1>{title}</h1><p>{text}")));
        }
        for _ in 0..3 {
            let report = world.refresh(&engine, RefreshRequest::new(id("a.test")));
            assert_eq!((report.checked, report.updated, report.removed, report.added), (6, 0, 0, 0), "{report:?}");
            assert_eq!(report.failed_total, 6, "each is told: {report:?}");
            assert!(report.failed.iter().all(|failed| failed.hint.is_some()), "{report:?}");
            assert_eq!(world.found(&engine, "a.test", "whistle").len(), 5);
            assert_eq!(world.found(&engine, "a.test", "Contents").len(), 1, "the start page is asked for twice");
        }
        world.is_sound(&engine);
    }
}

#[test]
fn a_page_that_is_rewritten_as_a_whole_is_replaced() {
    let (world, engine) = six_pages();
    world.site.reply("a.test/a", Reply::html("<title>A</title><h1>Teapots</h1><p>Nothing is as it was before."));
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test")));
    assert_eq!((report.checked, report.unchanged, report.updated, report.failed_total), (6, 5, 1, 0), "{report:?}");
    assert_eq!(world.found(&engine, "a.test", "Teapots").len(), 1);
}

#[test]
fn a_site_that_is_gone_as_a_whole_is_given_a_second_chance() {
    let (world, engine) = six_pages();
    let pages = ["", "a", "b", "c", "d", "e"].map(|page| format!("a.test/{page}"));
    let refresh = || world.refresh(&engine, RefreshRequest::new(id("a.test")));
    for page in &pages {
        world.site.reply(page, Reply::status(404));
    }
    let report = refresh();
    assert_eq!((report.checked, report.removed, report.failed_total), (6, 0, 6), "{report:?}");
    assert!(report.failed[0].error.contains("no page of its source came"), "{report:?}");
    // One that is there tells that the others are gone.
    world.text("a.test/", "Contents.", &["/a", "/b", "/c", "/d", "/e"]);
    let report = refresh();
    assert_eq!((report.unchanged, report.removed, report.failed_total), (1, 5, 0), "{report:?}");
    world.site.reply("a.test/", Reply::status(404));
    assert_eq!(refresh().removed, 1, "it is the only one");
}

#[test]
fn a_page_that_says_it_is_not_there_is_gone_when_it_says_so_twice() {
    let (world, engine) = six_pages();
    let missing = "<title>Page not found</title><h1>Page not found</h1><p>The page you are looking for does not exist.";
    world.site.reply("a.test/a", Reply::html(missing));
    let refresh = || world.refresh(&engine, RefreshRequest::new(id("a.test")));
    let report = refresh();
    assert_eq!((report.unchanged, report.removed, report.failed_total), (5, 0, 1), "{report:?}");
    assert_eq!(refresh().removed, 1);
}

#[test]
fn a_text_is_kept_where_a_refresh_sees_the_shell_of_it_alone() {
    let world = World::new();
    let shell = "<h1>Kettles</h1><div>All about kettles, and what belongs to them</div><div id=__next></div><script src=a.js></script>";
    let data = r#"{"props":{"pageProps":{"content":"<p>The kettle whistles when its water boils.</p>"}}}"#;
    world.site.reply("a.test/", Reply::html(format!("{shell}<script id=__NEXT_DATA__ type=application/json>{data}</script>")));
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/").stored, 1);
    assert_eq!(world.found(&engine, "a.test", "whistles").len(), 1);
    world.site.reply("a.test/", Reply::html(shell));
    for render in [None, Some(Render::Never), None] {
        let request = RefreshRequest::new(id("a.test"));
        let report = world.refresh(&engine, render.map_or(request.clone(), |render| request.render(render)));
        assert_eq!((report.updated, report.removed, report.failed_total), (0, 0, 1), "{report:?}");
        assert!(report.failed[0].error.contains("needs a browser") && report.failed[0].hint.is_some(), "{report:?}");
        assert_eq!(world.found(&engine, "a.test", "whistles").len(), 1);
    }
}

#[test]
fn a_route_is_not_overwritten_by_the_page_that_shows_all_of_them() {
    let world = World::new();
    let top = "<div id=app></div><script>window.$docsify = {loadSidebar: true}</script>";
    world.site.reply("a.test/", Reply::html(top));
    for (file, text) in
        [("_sidebar", "- [Guide](guide.md)"), ("README", "# Tea\n\nA kettle for tea."), ("guide", "# Guide\n\nThe kettle whistles.")]
    {
        world.site.reply(&format!("a.test/{file}.md"), Reply::new(200, "text/markdown", text));
    }
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://a.test/").stored, 2);
    // The site has become static, and closes what it was made of.
    world.text("a.test/", "All pots of this house are here now.", &[]);
    world.site.reply("a.test/guide.md", Reply::status(403)).reply("a.test/README.md", Reply::status(404));
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test")));
    assert_eq!((report.updated, report.removed, report.failed_total), (1, 0, 1), "{report:?}");
    assert_eq!(world.found(&engine, "a.test", "whistles"), ["http://a.test/#/guide of a.test"]);
    let verified = world.handle.block_on(engine.verify("http://a.test/#/guide".parse().unwrap(), None)).unwrap();
    assert!(matches!(&verified.checked, Checked::Moved { to } if to.as_str() == "http://a.test/"), "{verified:?}");
}

#[test]
fn a_dry_run_tells_what_would_be_fetched_and_fetches_nothing_of_it() {
    let world = World::new();
    world.text("a.test/docs/", "Contents.", &["one.html", "two.html", "/blog/", "fr/one.html"]);
    for page in ["one.html", "two.html", "three.html"] {
        world.text(&format!("a.test/docs/{page}"), page, &["deeper.html"]);
    }
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /docs/two\nSitemap: /map.xml\n"));
    world.site.reply("a.test/map.xml", Reply::new(200, "text/xml", "<urlset><url><loc>http://a.test/docs/three.html</loc></url></urlset>"));
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/docs/"]).unwrap().sitemaps(smolcrawl::crawl::Sitemaps::Follow);
    let would = world.handle.block_on(engine.dry_run(request));
    let mut paths: Vec<_> = would.pages.iter().map(Url::path).collect();
    paths.sort_unstable();
    assert_eq!((paths, would.total), (vec!["/docs/one.html", "/docs/three.html"], 2));
    assert_eq!(would.seeds.iter().map(Url::path).collect::<Vec<_>>(), ["/docs/"]);
    assert_eq!(would.report.passed_over.get("another language"), Some(&1), "{:?}", would.report.passed_over);
    assert_eq!(would.report.skipped[0].url.path(), "/docs/two.html");
    assert!(!world.site.asked().iter().any(|asked| asked.target.ends_with(".html")), "{:?}", world.site.asked());
    assert!(!world.database().exists());
}

#[test]
fn single_pages_have_no_recipe_and_nothing_new_is_looked_for() {
    let world = World::new();
    world.text("a.test/one", "One.", &["/two"]);
    world.text("a.test/two", "Two.", &[]);
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/one"]).unwrap().depth(0);
    assert_eq!(world.to_its_end(engine.crawl(request, Chunking::default())).stored, 1);
    let of = &world.handle.block_on(engine.sources()).unwrap()[0];
    assert_eq!((of.source.as_str(), of.state, &of.recipe), ("a.test", SourceState::Loose, &None));
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test")));
    assert_eq!((report.checked, report.looked_for_new), (1, false));
    // A crawl that comes to nothing leaves no source.
    let nothing = world.crawl(&engine, "http://b.test/none/");
    assert_eq!((nothing.stored, world.handle.block_on(engine.sources()).unwrap().len()), (0, 1));
}

#[test]
fn the_version_that_pages_name_is_told() {
    let world = World::new();
    world.site.reply("a.test/", Reply::html("<title>Pots 3.1 documentation</title><main><h1>Pots</h1><p>They are warm.</p></main>"));
    let engine = world.engine();
    world.crawl(&engine, "http://a.test/");
    let of = &world.handle.block_on(engine.sources()).unwrap()[0];
    assert_eq!((of.source.as_str(), of.version()), ("a.test", Some("3.1")));
    assert_eq!(world.handle.block_on(engine.meant("a.test@3")).unwrap().default, [id("a.test")]);
    assert!(world.handle.block_on(engine.meant("a.test@4")).is_err());
}

#[test]
fn pages_that_a_sitemap_lists_name_no_version_of_all() {
    let world = World::new();
    let listed: String = (1..4).map(|number| format!("<url><loc>http://b.test/{number}</loc></url>")).collect();
    world.site.reply("b.test/map.xml", Reply::new(200, "text/xml", format!("<urlset>{listed}</urlset>")));
    for number in 1..4 {
        let page = format!("<title>Release 9.{number}</title><main><h1>Release</h1><p>What is new in {number}.</p></main>");
        world.site.reply(&format!("b.test/{number}"), Reply::html(page).after(Duration::from_millis(number)));
    }
    let engine = world.engine();
    assert_eq!(world.crawl(&engine, "http://b.test/map.xml").stored, 3);
    // The first of them may be all there is; those behind it change nothing.
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].version(), Some("9.1"));
}

#[test]
fn a_refresh_keeps_what_a_limit_has_left() {
    let world = World::new();
    world.text("a.test/", "Pots.", &["/1", "/2", "/3"]);
    (1..4).for_each(|page| world.text(&format!("a.test/{page}"), &format!("Page {page}."), &[]));
    let engine = world.engine();
    let request = CrawlRequest::parse(&["http://a.test/"]).unwrap().concurrency(1);
    world.to_its_end(engine.crawl(request.clone().max_pages(2), Chunking::default()));
    assert_eq!(world.refresh(&engine, RefreshRequest::new(id("a.test"))).added, 0);
    let fill = world.handle.block_on(engine.plan(request.max_pages(9), None, Resume::Always)).unwrap();
    assert!(fill.goes_on(), "{fill:?}");
    assert_eq!(world.to_its_end(engine.fill(fill, Chunking::default())).end, End::Complete);
    assert_eq!(world.handle.block_on(engine.sources()).unwrap()[0].pages, 4);
}

/// A site of routes, whose pages are files of markdown.
fn routes(world: &World, guide: &str) {
    world.site.reply("a.test/", Reply::html("<div id=app></div><script>window.$docsify = {loadSidebar: true}</script>"));
    world.site.reply("a.test/_sidebar.md", Reply::new(200, "text/markdown", "- [Guide](guide.md)\n- [More](more.md)\n- [Gone](gone.md)\n"));
    world.site.reply("a.test/README.md", Reply::new(200, "text/markdown", "# Tea\n\nTea is made of leaves.\n"));
    world.site.reply("a.test/guide.md", Reply::new(200, "text/markdown", guide).header("ETag", &format!("\"{}\"", guide.len())));
    world.site.reply("a.test/more.md", Reply::new(200, "text/markdown", "# More\n\nThere is more of it.\n"));
    world.site.reply("a.test/gone.md", Reply::new(200, "text/markdown", "# Gone\n\nSoon it is not there.\n"));
}

#[test]
fn a_page_of_data_is_stored_and_refreshed_as_such() {
    let world = World::new();
    routes(&world, "# Guide\n\nKettles boil water.\n");
    let engine = world.engine();
    let report = world.crawl(&engine, "http://a.test/");
    assert_eq!((report.stored, report.shipped["docsify"], report.failures()), (4, 4, 0), "{report:?}");
    let page = |address: &str| world.handle.block_on(engine.page(address.parse().unwrap())).unwrap();
    let guide = page("http://a.test/#/guide").unwrap();
    assert_eq!((guide.title.as_str(), guide.filled.to_string().as_str()), ("Guide", "shipped:docsify"));
    assert_eq!(world.found(&engine, "a.test", "kettles"), ["http://a.test/#/guide of a.test"]);
    world.is_sound(&engine);

    routes(&world, "# Guide\n\nKettles boil water quickly.\n");
    world.site.reply("a.test/gone.md", Reply::status(404));
    let before = world.site.asked().len();
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test")).new_pages(New::LeaveOut));
    assert_eq!((report.checked, report.unchanged, report.updated, report.removed, report.failed.len()), (4, 2, 1, 1, 0), "{report:?}");
    let asked: Vec<String> =
        world.site.asked()[before..].iter().map(|asked| asked.target.clone()).filter(|target| target != "/robots.txt").collect();
    assert!(!asked.contains(&"/".to_owned()) && asked.iter().filter(|target| *target == "/guide.md").count() == 1, "{asked:?}");
    assert!(page("http://a.test/#/guide").unwrap().markdown.contains("quickly"));
    assert!(page("http://a.test/#/gone").is_none());
    // With what is new, nothing that is known is taken for it.
    let report = world.refresh(&engine, RefreshRequest::new(id("a.test")));
    assert_eq!((report.added, report.updated, report.removed), (0, 0, 0), "{report:?}");
    world.is_sound(&engine);
}

#[test]
fn a_crawl_of_routes_goes_on_where_it_was() {
    let world = World::new();
    routes(&world, "# Guide\n\nKettles boil water.\n");
    let engine = world.engine();
    let first = CrawlRequest::parse(&["http://a.test/"]).unwrap().max_pages(2);
    assert_eq!(world.to_its_end(engine.crawl(first, Chunking::default())).stored, 2);
    let report = world.crawl(&engine, "http://a.test/");
    assert_eq!((report.failures(), report.left), (0, 0), "{report:?}");
    let pages: Vec<String> = ["", "#/guide", "#/more", "#/gone"].iter().map(|route| format!("http://a.test/{route}")).collect();
    for page in pages {
        assert!(world.handle.block_on(engine.page(page.parse().unwrap())).unwrap().is_some(), "{page}");
    }
    world.is_sound(&engine);
}

#[test]
fn pages_that_need_a_browser_are_told_once_for_all() {
    let world = World::new();
    world.text("a.test/", "An index of two pages.", &["/x", "/y", "/z"]);
    for page in ["x", "y"] {
        world.site.reply(&format!("a.test/{page}"), Reply::html("<body><div id=root></div><script src=/main.js></script>"));
    }
    world.site.reply("a.test/z", Reply::html("<body><div id=root>Loading...</div><script src=/main.js></script>"));
    let engine = world.engine();
    let report = world.crawl(&engine, "http://a.test/");
    let told: Vec<&str> = report.needs_browser.iter().map(Url::path).collect();
    assert_eq!((report.stored, report.needs_browser_total, report.skips(), report.failures()), (1, 3, 3, 0), "{report:?}");
    assert!(["/x", "/y", "/z"].iter().all(|path| told.contains(path)), "{told:?}");
}

#[test]
fn a_dry_run_names_routes() {
    let world = World::new();
    routes(&world, "# Guide\n\nKettles boil water.\n");
    let would = world.handle.block_on(world.engine().dry_run(CrawlRequest::parse(&["http://a.test/"]).unwrap()));
    let named: Vec<&str> = would.pages.iter().map(Url::as_str).collect();
    assert_eq!(named, ["http://a.test/#/guide", "http://a.test/#/more", "http://a.test/#/gone"], "{:?}", would.report);
}
