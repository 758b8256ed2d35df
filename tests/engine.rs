//! The pipeline on the simulated network: what a crawl leaves in the store, what a refresh does to it, and how the embedding goes on.
#![cfg(feature = "surf")]

#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use serde_json::{Value, json};
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::embed::RemoteConfig;
use smolcrawl::engine::{Chunking, CrawlReport, CrawlRequest, Crawling, Event, New, RefreshRequest, Robots};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{Document, EmbedProgress, Mode, PerPage, Query, SourceId, SourceState};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::reactor::{Boxed, Handle, Lane, Ledger, Listener, Reactor, Socket};
use smolcrawl::{Engine, Error};
use url::Url;

use site::{Reply, Site};

struct World {
    handle: Handle,
    site: Site,
}

impl World {
    fn new() -> Self {
        Self::on(Sim::new(), |sim| sim.handle())
    }

    /// What is served runs on `sim`, and what is tested on the handle that is made of it.
    fn on(sim: Sim, handle_of: impl Fn(&Sim) -> Handle) -> Self {
        for host in ["a.test", "b.test"] {
            sim.host(host, ["10.0.0.1"]);
        }
        sim.host("embed.test", ["10.0.0.2"]);
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
        Self { handle: handle_of(&sim), site }
    }

    fn engine(&self, embeddings: Embeddings) -> Engine {
        let mut config = Config { environment: Environment::none(), ..Config::new(stores::named(Path::new(":memory:"))) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = embeddings;
        Engine::with_handle(config, self.handle.clone()).unwrap()
    }

    fn crawl(&self, engine: &Engine) -> CrawlReport {
        let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
        self.handle.block_on(async {
            while let Some(event) = crawling.next().await {
                event.unwrap();
            }
        });
        crawling.report()
    }

    fn pages(&self, engine: &Engine) -> u64 {
        self.handle.block_on(engine.sources()).unwrap().iter().map(|source| source.pages).sum()
    }
}

#[test]
fn a_stopped_crawl_stores_and_counts_what_it_fetched() {
    let world = World::new();
    let links: Vec<String> = (0..40).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    for link in &links {
        world.site.page(&format!("a.test{link}"), &[]);
    }
    let engine = world.engine(Embeddings::None);
    let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    world.handle.block_on(async {
        let mut events = 0;
        while let Some(event) = crawling.next().await {
            assert!(matches!(event, Ok(Event::Stored { .. })), "{event:?}");
            events += 1;
            if events == 5 {
                crawling.stop();
            }
        }
    });
    let report = crawling.report();
    assert_eq!(report.stored, report.pages, "what was fetched is stored");
    assert_eq!(report.stored, world.pages(&engine));
    assert!((5..40).contains(&report.stored), "{report:?}");
}

#[test]
fn a_refresh_tells_changed_gone_moved_and_unchanged_pages_apart() {
    let world = World::new();
    let text = |text: &str| Reply::html(format!("<title>T</title><main><h1>T</h1><p>{text}</p></main>")).header("ETag", "\"1\"");
    world.site.page("a.test/", &["/same", "/changed", "/gone", "/moved"]);
    for page in ["same", "changed", "gone", "moved"] {
        world.site.reply(&format!("a.test/{page}"), text(&format!("The page {page}.")));
    }
    let engine = world.engine(Embeddings::None);
    assert_eq!(world.crawl(&engine).stored, 5);
    let fetched = || world.handle.block_on(engine.sources()).unwrap()[0].last_fetched;
    let before = fetched();

    world.site.on("a.test/same", move |asked| match asked.header("if-none-match") {
        Some("\"1\"") => Reply::status(304),
        other => panic!("asked with {other:?}"),
    });
    world.site.reply("a.test/changed", text("The page, changed."));
    world.site.reply("a.test/gone", Reply::status(404));
    world.site.reply("a.test/moved", Reply::redirect("http://b.test/login"));
    world.site.reply("b.test/login", text("Please log in."));
    world.site.reply("a.test/", Reply::status(500));
    let refresh = engine.refresh(RefreshRequest::new(SourceId::parse("a.test").unwrap()), Chunking::default());
    let report = world.handle.block_on(refresh).unwrap();
    assert_eq!((report.checked, report.unchanged, report.updated, report.removed), (5, 1, 1, 1), "{report:?}");
    // The address once: beside the error, not in it as well.
    let failed: Vec<_> = report.failed.iter().map(|failed| (failed.url.path(), failed.error.as_str())).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed.contains(&("/moved", "the site wants a login: it redirects to http://b.test/login")), "{failed:?}");

    let sources = world.handle.block_on(engine.sources()).unwrap();
    assert_eq!((sources.len(), sources[0].pages), (1, 4), "nothing of another site is stored, nothing but the page that is gone removed");
    let page = |path: &str| world.handle.block_on(engine.page(Url::parse(path).unwrap())).unwrap();
    assert!(page("http://a.test/changed").unwrap().markdown.contains("changed."));
    assert!(page("http://a.test/moved").unwrap().markdown.contains("The page moved."));
    assert!(page("http://a.test/same").unwrap().fetched_at >= before && fetched() >= before);
}

#[test]
fn a_source_of_which_nothing_comes_is_kept_however_often_that_is_so() {
    type Answer = fn(&str) -> Reply;
    let answers: [Answer; 4] = [
        |_| Reply::new(404, "text/html", "gone"),
        |_| Reply::html(""),
        |_| Reply::html("<title>Page not found</title><p>The page you are looking for is not here."),
        |path| Reply::redirect(&format!("http://a.test/other{path}")),
    ];
    for answer in answers {
        let (world, engine) = of_three_pages();
        let refresh = || {
            let request = RefreshRequest::new(SourceId::parse("a.test").unwrap()).new_pages(New::LeaveOut);
            world.handle.block_on(engine.refresh(request, Chunking::default())).unwrap()
        };
        for path in ["/", "/b", "/c"] {
            world.site.reply(&format!("a.test{path}"), answer(path));
        }
        for _ in 0..3 {
            let report = refresh();
            assert_eq!((report.removed, report.updated, report.failed_total), (0, 0, 3), "{report:?}");
        }
        // Negative control: where one of them is there, the others are gone.
        world.site.page("a.test/", &["/b", "/c"]);
        let removed: Vec<u64> = (0..2).map(|_| refresh().removed).collect();
        assert_eq!(removed.iter().sum::<u64>(), 2, "{removed:?}");
    }
}

#[test]
fn embedding_goes_on_by_itself_after_a_service_was_down() {
    let world = World::new();
    world.site.page("a.test/", &["/one", "/two"]).page("a.test/one", &[]).page("a.test/two", &[]);
    let asked = Rc::new(Cell::new(0));
    let listener = world.handle.block_on(world.handle.listen("10.0.0.2:80".parse().unwrap())).unwrap();
    // Longer down than one call of the client persists.
    let service = embeddings_service(listener, asked.clone(), |asked, _| if asked <= 3 { 503 } else { 200 });
    let remote = RemoteConfig { base_url: "http://embed.test/v1".to_owned(), model: "m".to_owned(), retries: 1, ..RemoteConfig::default() };
    let engine = world.engine(Embeddings::Remote(remote));
    assert_eq!(world.crawl(&engine).stored, 3);

    let done = async {
        loop {
            let progress = engine.embed_progress().await.unwrap();
            if progress.chunks > 0 && progress.embedded == progress.chunks {
                return;
            }
            world.handle.sleep(Duration::from_secs(1)).await;
        }
    };
    let working = future::or(service, async { engine.keep_embedding().await });
    let all = future::or(
        async {
            done.await;
            Ok(())
        },
        async {
            working.await;
            Err("it gave up")
        },
    );
    let ended = world.handle.block_on(world.handle.timeout(Duration::from_secs(3600), all));
    assert_eq!(ended.ok(), Some(Ok(())), "after {} requests", asked.get());
    assert!(asked.get() > 3);
}

/// Embeds what three pages left, with a service that answers so; how far it came, and how it ended.
fn embed_with(status: impl Fn(u32, &[Value]) -> u16) -> (EmbedProgress, Result<(), Error>) {
    let world = World::new();
    world.site.page("a.test/", &["/one", "/two"]).page("a.test/one", &[]).page("a.test/two", &[]);
    let listener = world.handle.block_on(world.handle.listen("10.0.0.2:80".parse().unwrap())).unwrap();
    let remote = RemoteConfig { base_url: "http://embed.test/v1".to_owned(), model: "m".to_owned(), ..RemoteConfig::default() };
    let engine = world.engine(Embeddings::Remote(remote));
    assert_eq!(world.crawl(&engine).stored, 3);
    let mut embedding = engine.embed_pending();
    let embed = async {
        while let Some(progress) = embedding.next().await {
            progress?;
        }
        Ok(())
    };
    let serve = async {
        embeddings_service(listener, Rc::new(Cell::new(0)), status).await;
        unreachable!("it serves for ever")
    };
    let ended = world.handle.block_on(future::or(embed, serve));
    let progress = world.handle.block_on(engine.embed_progress()).unwrap();
    let set_aside = if ended.is_ok() { progress.chunks - progress.embedded } else { 0 };
    assert_eq!(engine.set_aside() as u64, set_aside, "what has no vector is counted, and an ill service is nobody's fault");
    (progress, ended)
}

#[test]
fn a_text_that_the_service_refuses_does_not_stop_the_others() {
    let refuses = |_, texts: &[Value]| if texts.iter().any(|text| text.as_str().unwrap().starts_with("a.test/one")) { 400 } else { 200 };
    let (progress, ended) = embed_with(refuses);
    assert!(ended.is_ok(), "{ended:?}");
    assert!(progress.embedded > 0);
    assert_eq!(progress.embedded, progress.chunks - 1, "all but the one");
}

/// What was cut for another model, or for none, or before that was known, is cut again for one that reads less, and then never again.
#[test]
fn a_page_is_cut_again_for_a_model_that_reads_less() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let engine = |embeddings| {
        let config = Config { environment: Environment::none(), embeddings, ..Config::new(stores::named(&path)) };
        let mut config = config;
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        Engine::with_handle(config, world.handle.clone()).unwrap()
    };
    let remote = |max_tokens| {
        let base_url = "http://embed.test/v1".to_owned();
        Embeddings::Remote(RemoteConfig { base_url, model: format!("m{max_tokens}"), max_tokens, ..RemoteConfig::default() })
    };
    let url = Url::parse("http://a.test/long").unwrap();
    let markdown = format!("# Long\n\nShort.\n\n## Part\n\n{}\n", "Every sentence has some words in it. ".repeat(60));
    let document = Document::new(url.clone(), "Long", markdown.clone(), SystemTime::UNIX_EPOCH);
    world.handle.block_on(engine(Embeddings::None).put(document, Chunking { min_chars: 0, ..Chunking::default() })).unwrap();

    let longest = Rc::new(Cell::new(0_usize));
    let embed = |max_tokens| {
        let engine = engine(remote(max_tokens));
        longest.set(0);
        let listener = world.handle.block_on(world.handle.listen("10.0.0.2:80".parse().unwrap())).unwrap();
        let longest = longest.clone();
        let serve = async move {
            let measured = |_, texts: &[Value]| {
                let most = texts.iter().map(|text| text.as_str().unwrap().len()).max().unwrap_or(0);
                longest.set(longest.get().max(most));
                200
            };
            embeddings_service(listener, Rc::default(), measured).await;
        };
        let embed = async {
            let mut embedding = engine.embed_pending();
            while let Some(progress) = embedding.next().await {
                progress.unwrap();
            }
        };
        world.handle.block_on(future::or(embed, serve));
        let found = engine.search(Query { limit: 50, mode: Mode::Lexical, per_page: PerPage::All, ..Query::new("sentence") });
        let found = world.handle.block_on(found).unwrap();
        assert_eq!(world.handle.block_on(engine.page(url.clone())).unwrap().unwrap().markdown, markdown);
        let check = world.handle.block_on(engine.check()).unwrap();
        let progress = world.handle.block_on(engine.embed_progress()).unwrap();
        assert!(check.is_whole() && progress.embedded == progress.chunks, "{check:?} {progress:?}");
        let sentences: usize = found.iter().map(|hit| hit.chunk.text.matches("Every").count()).sum();
        assert_eq!(sentences, 60, "nothing is lost, and nothing is there twice");
        found.len()
    };
    let [roomy, tight, roomy_again] = [8_192, 130, 8_192].map(|max_tokens| (embed(max_tokens), longest.get()));
    assert!(roomy.0 < tight.0 && roomy.1 > 3 * 130, "{roomy:?} {tight:?}");
    assert!(tight.1 <= 3 * 130, "{tight:?}");
    assert_eq!(roomy_again.0, tight.0, "what fits is left as it is");

    // As stored by a version that did not know.
    rusqlite::Connection::open(&path).unwrap().execute_batch("UPDATE pages SET cut_for = NULL").unwrap();
    assert!(embed(100) > tight.0);
}

#[test]
fn a_service_that_refuses_every_text_is_an_error() {
    let (progress, ended) = embed_with(|_, _| 400);
    assert!(matches!(ended, Err(Error::Embed(_))), "{ended:?}");
    assert_eq!(progress.embedded, 0);
}

#[test]
fn an_embedding_that_was_given_up_goes_on_with_the_next() {
    let world = World::new();
    world.site.page("a.test/", &[]);
    let listener = world.handle.block_on(world.handle.listen("10.0.0.2:80".parse().unwrap())).unwrap();
    let remote = RemoteConfig { base_url: "http://embed.test/v1".to_owned(), model: "m".to_owned(), ..RemoteConfig::default() };
    let engine = world.engine(Embeddings::Remote(remote));
    assert_eq!(world.crawl(&engine).stored, 1);
    // Dropped while it waits for the service, which does not answer yet.
    let given_up = world.handle.timeout(Duration::from_secs(5), engine.keep_embedding());
    assert!(world.handle.block_on(given_up).is_err());

    let done = async {
        loop {
            let progress = engine.embed_progress().await.unwrap();
            if progress.embedded == progress.chunks {
                return;
            }
            world.handle.sleep(Duration::from_secs(1)).await;
        }
    };
    let service = embeddings_service(listener, Rc::default(), |_, _| 200);
    let working = future::or(service, async { engine.keep_embedding().await });
    let all = future::or(done, working);
    world.handle.block_on(world.handle.timeout(Duration::from_secs(60), all)).expect("it goes on by itself");
}

#[test]
fn a_stopped_crawl_lets_go_of_its_requests_at_once() {
    let world = World::new();
    world.site.page("a.test/", &["/slow"]);
    world.site.reply("a.test/slow", Reply::html("<p>late").after(Duration::from_secs(100)));
    let engine = world.engine(Embeddings::None);
    let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    world.handle.block_on(async {
        assert!(matches!(crawling.next().await, Some(Ok(Event::Stored { .. }))));
        // Until the slow page has been asked for.
        let asked = async {
            while world.site.asked().len() < 3 {
                world.handle.sleep(Duration::from_millis(10)).await;
            }
        };
        future::or(asked, async { drop(crawling.next().await) }).await;
        let before = world.handle.now();
        crawling.stop();
        assert!(crawling.next().await.is_none());
        assert!(world.handle.now() - before < Duration::from_secs(1));
    });
    let report = crawling.report();
    assert_eq!((report.pages, report.stored, report.http.cancelled), (1, 1, 1), "{report:?}");
}

#[test]
fn a_stopped_refresh_stores_what_it_fetched() {
    let held = Held::default();
    let world = World::on(Sim::new(), |sim| Handle::new(Slow { sim: sim.clone(), held: held.clone() }));
    let text = |text: &str| Reply::html(format!("<title>T</title><main><h1>T</h1><p>{text}</p></main>"));
    world.site.reply("a.test/", text("As it was."));
    let engine = world.engine(Embeddings::None);
    assert_eq!(world.crawl(&engine).stored, 1);
    world.site.reply("a.test/", text("As it is."));
    let refreshing = engine.refreshing(RefreshRequest::new(SourceId::parse("a.test").unwrap()), Chunking::default());
    let mut refreshing = world.handle.block_on(refreshing).unwrap();

    *held.lock().unwrap() = Some(Vec::new());
    let late = world.handle.block_on(world.handle.timeout(Duration::from_secs(5), refreshing.next()));
    assert!(late.is_err(), "it is fetched, and the pool is busy");
    refreshing.stop();
    let work = held.lock().unwrap().take().unwrap();
    assert_eq!(work.len(), 1);
    work.into_iter().for_each(|work| work());
    let checked = world.handle.block_on(async { [refreshing.next().await.is_some(), refreshing.next().await.is_some()] });
    assert_eq!((checked, refreshing.report().updated), ([true, false], 1), "{:?}", refreshing.report());
    let page = world.handle.block_on(engine.page(Url::parse("http://a.test/").unwrap())).unwrap().unwrap();
    assert!(page.markdown.contains("As it is."), "{}", page.markdown);
}

/// A start page and two that it leads to, stored.
fn of_three_pages() -> (World, Engine) {
    let world = World::new();
    world.site.page("a.test/", &["/b", "/c"]).page("a.test/b", &[]).page("a.test/c", &[]);
    let engine = world.engine(Embeddings::None);
    assert_eq!(world.crawl(&engine).stored, 3);
    (world, engine)
}

#[test]
fn a_stopped_refresh_keeps_what_only_the_other_pages_could_tell() {
    // Negative control: where another page has come, a page that is gone is gone.
    for is_down in [true, false] {
        let (world, engine) = of_three_pages();
        if is_down {
            world.site.reply("a.test/", Reply::html("<title>Kettles</title><p>Nobody is here for a while, and nothing is to be had."));
        }
        world.site.reply("a.test/b", Reply::new(404, "text/html", "gone"));
        world.site.reply("a.test/c", Reply::html("late").after(Duration::from_secs(100)));
        let refreshing = engine.refreshing(RefreshRequest::new(SourceId::parse("a.test").unwrap()), Chunking::default());
        let mut refreshing = world.handle.block_on(refreshing).unwrap();
        let ahead = async { while refreshing.next().await.is_some() {} };
        assert!(world.handle.block_on(world.handle.timeout(Duration::from_secs(5), ahead)).is_err(), "it waits for the last one");
        refreshing.stop();
        world.handle.block_on(async { while refreshing.next().await.is_some() {} });
        let report = refreshing.report();
        assert_eq!((report.updated, report.removed), (0, u64::from(!is_down)), "{report:?}");
        let stopped = report.failed.iter().filter(|failed| failed.error.contains("stopped")).count();
        assert_eq!(stopped, if is_down { 2 } else { 0 }, "{report:?}");
        let page = world.handle.block_on(engine.page(Url::parse("http://a.test/").unwrap())).unwrap().unwrap();
        assert!(!page.markdown.contains("Nobody"), "{}", page.markdown);
    }
}

#[test]
fn a_stop_is_in_time_whatever_a_page_does() {
    for is_stopped in [true, false] {
        let (world, held, engine, mut crawling) = world_with_a_page_that_is_read_for_ever();
        let before = world.handle.now();
        let patience = Duration::from_secs(if is_stopped { 2 } else { 600 });
        if is_stopped {
            crawling.stop();
        }
        let ended = world.handle.block_on(world.handle.timeout(patience, async {
            let mut events = Vec::new();
            while let Some(event) = crawling.next().await {
                events.push(event.unwrap());
            }
            events
        }));
        // Negative control: it would go on for as long as its page does.
        assert_eq!(ended.is_ok(), is_stopped, "{ended:?}");
        if let Ok(events) = ended {
            assert!(
                matches!(events.as_slice(), [Event::Failed(failed)] if failed.is_transient && failed.error.contains("stopped")),
                "{events:?}"
            );
            assert!(world.handle.now() - before < Duration::from_secs(2));
            let report = crawling.finish();
            assert_eq!((report.stored, report.failed.len()), (0, 1), "{report:?}");
        }
        drop((held, engine));
    }
}

/// Of pages that are stored together one that cannot be stored takes no other with it, and what is stored is counted.
#[test]
fn a_page_that_cannot_be_stored_loses_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let held = Held::default();
    let world = World::on(Sim::new(), |sim| Handle::new(Slow { sim: sim.clone(), held: held.clone() }));
    world.site.page("a.test/", &["/one", "/bad", "/two", "/never"]);
    // So that more may come, and they wait for each other.
    world.site.reply("a.test/never", Reply::html("<p>late").after(Duration::from_secs(100)));
    ["one", "bad", "two"].iter().for_each(|page| _ = world.site.page(&format!("a.test/{page}"), &[]));
    let mut config = Config { environment: Environment::none(), ..Config::new(stores::named(&path)) };
    config.crawl.http.private_addresses = PrivateAddresses::Allow;
    config.embeddings = Embeddings::None;
    let engine = Engine::with_handle(config, world.handle.clone()).unwrap();
    let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    assert!(matches!(world.handle.block_on(crawling.next()), Some(Ok(Event::Stored { .. }))));
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON pages WHEN new.url LIKE '%/bad' BEGIN SELECT raise(ABORT, 'no'); END";
    rusqlite::Connection::open(&path).unwrap().execute_batch(refuse).unwrap();

    *held.lock().unwrap() = Some(Vec::new());
    assert!(world.handle.block_on(world.handle.timeout(Duration::from_secs(5), crawling.next())).is_err());
    let work = held.lock().unwrap().take().unwrap();
    assert_eq!(work.len(), 3, "all are fetched, and the pool is busy");
    work.into_iter().for_each(|work| work());
    let (mut stored, mut failed) = (Vec::new(), 0);
    world.handle.block_on(async {
        while let Some(event) = crawling.next().await {
            match event {
                Ok(Event::Stored { url, .. }) => stored.push(url.path().to_owned()),
                Ok(event) => panic!("{event:?}"),
                Err(error) => failed += u32::from(matches!(error, Error::Store(_))),
            }
        }
    });
    stored.sort();
    assert_eq!((stored, failed, crawling.finish().stored), (vec!["/one".to_owned(), "/two".to_owned()], 1, 3));
    assert_eq!(world.pages(&engine), 3);
}

/// A page that came and was not read before patience ended is not dealt with: the crawl that goes on asks for it again.
#[test]
fn a_page_that_was_given_up_by_a_stop_is_had_by_the_crawl_that_goes_on() {
    for waits_for_another in [true, false] {
        let held = Held::default();
        let world = World::on(Sim::new(), |sim| Handle::new(Slow { sim: sim.clone(), held: held.clone() }));
        let links: &[&str] = if waits_for_another { &["/given-up", "/never"] } else { &["/given-up"] };
        world.site.page("a.test/", links).page("a.test/given-up", &[]);
        world.site.reply("a.test/never", Reply::html("<p>late").after(Duration::from_secs(100)));
        let busy = held.clone();
        world.site.on("a.test/given-up", move |_| {
            *busy.lock().unwrap() = Some(Vec::new());
            Reply::html("<title>T</title><main><h1>T</h1><p>Text.</p></main>")
        });
        let engine = world.engine(Embeddings::None);
        let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
        assert!(matches!(world.handle.block_on(crawling.next()), Some(Ok(Event::Stored { .. }))));
        let late = world.handle.block_on(world.handle.timeout(Duration::from_secs(5), crawling.next()));
        assert!(late.is_err(), "it is fetched, and the pool is busy");
        crawling.stop();
        world.handle.block_on(async { while crawling.next().await.is_some() {} });
        assert_eq!(crawling.finish().stored, 1);
        let source = world.handle.block_on(engine.source(&SourceId::parse("a.test").unwrap())).unwrap();
        assert_eq!((source.state, source.left), (SourceState::Incomplete, links.len() as u64));

        // Nobody comes to read it any more.
        drop(held.lock().unwrap().take());
        world.site.page("a.test/given-up", &[]).page("a.test/never", &[]);
        world.crawl(&engine);
        assert_eq!(world.pages(&engine), 1 + links.len() as u64);
    }
}

#[test]
fn pages_that_are_read_for_ever_hold_up_nobody_who_asks() {
    let (world, held, engine, crawling) = world_with_a_page_that_is_read_for_ever();
    let document =
        smolcrawl::model::Document::new(Url::parse("http://b.test/").unwrap(), "B", "The queue worker.", std::time::SystemTime::now());
    let mut putting = Box::pin(engine.put(document, Chunking::default()));
    let asking = async {
        let query = smolcrawl::Query { mode: Mode::Lexical, ..smolcrawl::Query::new("queue worker") };
        assert!(engine.search(query).await.unwrap().is_empty());
        assert!(engine.sources().await.unwrap().is_empty());
        assert!(engine.page(Url::parse("http://a.test/").unwrap()).await.unwrap().is_none());
    };
    world.handle.block_on(world.handle.timeout(Duration::from_secs(60), asking)).expect("they have threads of their own");
    // Negative control: to be read, a page does wait for the others.
    assert!(world.handle.block_on(world.handle.timeout(Duration::from_secs(60), &mut putting)).is_err());
    drop((held, crawling));
}

/// A crawl with one page, which came and waits for a thread.
fn world_with_a_page_that_is_read_for_ever() -> (World, Held, Engine, Crawling) {
    let held = Held::default();
    let world = World::on(Sim::new(), |sim| Handle::new(Slow { sim: sim.clone(), held: held.clone() }));
    let busy = held.clone();
    world.site.on("a.test/", move |_| {
        *busy.lock().unwrap() = Some(Vec::new());
        Reply::html("<title>T</title><main><h1>T</h1><p>Text.</p></main>")
    });
    let engine = world.engine(Embeddings::None);
    let mut crawling = engine.crawl(CrawlRequest::parse(&["http://a.test/"]).unwrap(), Chunking::default());
    let late = world.handle.block_on(world.handle.timeout(Duration::from_secs(5), crawling.next()));
    assert!(late.is_err(), "it is fetched, and the pool is busy");
    assert_eq!(held.lock().unwrap().as_ref().map(Vec::len), Some(1));
    (world, held, engine, crawling)
}

#[test]
fn without_its_service_a_hybrid_search_goes_by_words_and_says_so() {
    let world = World::new();
    world.site.page("a.test/", &[]);
    world.site.reply("a.test/", Reply::html("<title>T</title><main><h1>T</h1><p>The queue worker.</p></main>"));
    let hanging = world.handle.block_on(world.handle.listen("10.0.0.2:81".parse().unwrap())).unwrap();
    for base_url in ["http://embed.test/v1", "http://embed.test:81/v1"] {
        let remote = RemoteConfig { base_url: base_url.to_owned(), model: "m".to_owned(), ..RemoteConfig::default() };
        let engine = world.engine(Embeddings::Remote(remote));
        assert_eq!(world.crawl(&engine).stored, 1);
        let query = |mode| smolcrawl::Query { mode, ..smolcrawl::Query::new("queue worker") };
        let before = world.handle.now();
        let found = world.handle.block_on(engine.find(query(Mode::Hybrid))).unwrap();
        assert!(world.handle.now() - before < Duration::from_secs(2), "{:?}", world.handle.now() - before);
        assert_eq!(found.hits.len(), 1);
        let why = found.without_meaning.expect("it had no vector");
        assert!(matches!(why, Error::Embed(_)) && why.is_transient(), "{why:?}");
        assert_eq!(world.handle.block_on(engine.search(query(Mode::Hybrid))).unwrap().len(), 1);
        assert!(world.handle.block_on(engine.find(query(Mode::Lexical))).unwrap().without_meaning.is_none());
        // By meaning alone there is nothing to answer with.
        let error = world.handle.block_on(engine.search(query(Mode::Dense))).unwrap_err();
        assert!(matches!(error, Error::Embed(_)), "{error:?}");
    }
    drop(hanging);
    // Nor is there without any model: who asks for the meaning is told.
    let engine = world.engine(Embeddings::None);
    let query = smolcrawl::Query { mode: Mode::Hybrid, ..smolcrawl::Query::new("queue worker") };
    assert!(matches!(world.handle.block_on(engine.search(query)).unwrap_err(), Error::NoEmbedder));
}

#[test]
fn vectors_of_another_length_leave_a_hybrid_search_to_words_and_it_says_so() {
    let world = World::new();
    world.site.reply("a.test/", Reply::html("<title>T</title><main><h1>T</h1><p>The queue worker.</p></main>"));
    let listener = world.handle.block_on(world.handle.listen("10.0.0.2:80".parse().unwrap())).unwrap();
    let remote = RemoteConfig { base_url: "http://embed.test/v1".to_owned(), model: "m".to_owned(), ..RemoteConfig::default() };
    let home = tempfile::tempdir().unwrap();
    let engine_of_a_process = || {
        let mut config = Config { environment: Environment::none(), ..Config::new(home.path().join("index.db")) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::Remote(remote.clone());
        Engine::with_handle(config, world.handle.clone()).unwrap()
    };
    // The later one has not seen the vectors of before.
    let [engine, later] = [(); 2].map(|()| engine_of_a_process());
    assert_eq!(world.crawl(&engine).stored, 1);
    let query = |mode| smolcrawl::Query { mode, ..smolcrawl::Query::new("queue worker") };
    let answers = Cell::new(200);
    let ask = async {
        let mut embedding = engine.embed_pending();
        while let Some(progress) = embedding.next().await {
            progress?;
        }
        let before = engine.find(query(Mode::Hybrid)).await?;
        answers.set(BY_ANOTHER_MODEL);
        let asked = |mode| smolcrawl::Query { mode, ..smolcrawl::Query::new("worker queue") };
        Ok::<_, Error>((before, later.find(asked(Mode::Hybrid)).await?, later.find(asked(Mode::Dense)).await))
    };
    let serve = async {
        embeddings_service(listener, Rc::default(), |_, _| answers.get()).await;
        unreachable!("it serves for ever")
    };
    let (before, found, dense) = world.handle.block_on(future::or(ask, serve)).unwrap();
    assert!(before.without_meaning.is_none() && before.hits.len() == 1);
    let why = found.without_meaning.expect("it cannot be compared");
    let is_other = |error: &Error| matches!(error, Error::Store(smolcrawl::store::Error::Dimensions { expected: 2, found: 3, .. }));
    assert!(is_other(&why) && why.hint().is_some() && found.hits.len() == 1, "{why:?}");
    // By meaning alone there is nothing to answer with.
    assert!(is_other(&dense.unwrap_err()));
}

#[test]
fn a_crawl_delay_is_kept_by_refreshes_and_single_pages_together() {
    let world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nCrawl-delay: 5\n"));
    world.site.page("a.test/", &["/one", "/two"]).page("a.test/one", &[]).page("a.test/two", &[]);
    let engine = world.engine(Embeddings::None);
    assert_eq!(world.crawl(&engine).stored, 3);
    let refresh = engine.refresh(RefreshRequest::new(SourceId::parse("a.test").unwrap()), Chunking::default());
    let page = Url::parse("http://a.test/one").unwrap();
    let (report, fetched) = world.handle.block_on(future::zip(refresh, engine.fetch(&page, Robots::Obey)));
    assert_eq!((report.unwrap().checked, fetched.is_ok()), (3, true));
    let asked: Vec<_> = world.site.asked().iter().map(|asked| asked.at).collect();
    // The refresh asks for the seed once more, for its links.
    assert_eq!(asked.len(), 1 + 3 + 3 + 1 + 1);
    for pair in asked.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(5), "{:?}", pair[1] - pair[0]);
    }
}

#[test]
fn idle_connections_are_closed_in_time_though_nothing_happens() {
    let world = World::new();
    world.site.page("a.test/", &[]);
    let engine = world.engine(Embeddings::None);
    let url = Url::parse("http://a.test/").unwrap();
    let client = http_client(&world);
    world.handle.block_on(async {
        let get = || async {
            let mut response = client.send(smolcrawl::http::Request::get(url.clone())).await.unwrap();
            response.bytes().await.unwrap();
        };
        let keep_alive = smolcrawl::http::Config::default().keep_alive;
        let tidying = async { client.close_idle_connections().await };
        let watch = async {
            for _ in 0..2 {
                get().await;
                assert_eq!(client.idle_connections(), 1);
                world.handle.sleep(keep_alive - Duration::from_secs(1)).await;
                assert_eq!(client.idle_connections(), 1);
                world.handle.sleep(Duration::from_secs(2)).await;
                assert_eq!(client.idle_connections(), 0);
            }
            // And those of an engine.
            engine.fetch(&url, Robots::Obey).await.unwrap();
            world.handle.sleep(keep_alive + Duration::from_secs(1)).await;
        };
        future::or(watch, future::or(tidying, engine.close_idle_connections())).await;
    });
}

fn http_client(world: &World) -> smolcrawl::http::Client {
    let config = smolcrawl::http::Config { private_addresses: PrivateAddresses::Allow, ..Default::default() };
    smolcrawl::http::Client::new(&world.handle, config).unwrap()
}

#[test]
fn a_question_by_meaning_without_a_model_is_an_error() {
    let world = World::new();
    let engine = world.engine(Embeddings::None);
    let query = smolcrawl::Query { mode: smolcrawl::model::Mode::Dense, ..smolcrawl::Query::new("x") };
    let error = world.handle.block_on(engine.search(query)).unwrap_err();
    assert!(matches!(error, Error::NoEmbedder), "{error:?}");
    assert!(error.hint().is_some());
}

/// 200, with vectors of another length.
const BY_ANOTHER_MODEL: u16 = 299;

/// Answers the n-th request for these texts with a status and, if that is 200, vectors. One connection a request.
async fn embeddings_service(listener: Listener, asked: Rc<Cell<u32>>, status: impl Fn(u32, &[Value]) -> u16) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut received = Vec::new();
        let body = loop {
            let mut buffer = [0; 4096];
            let count = socket.read(&mut buffer).await.unwrap();
            received.extend_from_slice(&buffer[..count]);
            if let Some(body) = body(&received) {
                break body;
            }
        };
        asked.set(asked.get() + 1);
        let texts = body["input"].as_array().unwrap();
        let (status, vector) = match status(asked.get(), texts) {
            BY_ANOTHER_MODEL => (200, json!([1.0, 0.5, 0.25])),
            status => (status, json!([1.0, 0.5])),
        };
        let answer = match status {
            200 => {
                let vectors: Vec<Value> = (0..texts.len()).map(|index| json!({ "index": index, "embedding": vector })).collect();
                json!({ "data": vectors })
            }
            _ => json!({ "error": { "message": "not these" } }),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        socket.write_all(format!("{head}{answer}").as_bytes()).await.unwrap();
        socket.close().await.unwrap();
    }
}

/// The JSON of a request that is complete.
fn body(received: &[u8]) -> Option<Value> {
    let end = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    serde_json::from_slice(&received[end..]).ok()
}

/// Work that waits for a thread of the pool; none, if there are threads.
type Held = Arc<Mutex<Option<Vec<Box<dyn FnOnce() + Send>>>>>;

/// The simulated network with a pool whose threads for pages may be busy.
struct Slow {
    sim: Sim,
    held: Held,
}

impl std::fmt::Debug for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slow").finish_non_exhaustive()
    }
}

impl Reactor for Slow {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        self.sim.connect(addr)
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        self.sim.listen(addr)
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        self.sim.resolve(host, port)
    }

    fn now(&self) -> Instant {
        self.sim.now()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        self.sim.sleep_until(at)
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        self.sim.block_on(main);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        if let Some(held) = &mut *self.held.lock().unwrap() {
            return held.push(work);
        }
        work();
    }

    fn spawn_in(&self, lane: Lane, work: Box<dyn FnOnce() + Send>) {
        match lane {
            Lane::Bulk => self.spawn_blocking(work),
            Lane::Interactive | Lane::Heavy => work(),
        }
    }

    fn ledger(&self) -> &Ledger {
        self.sim.ledger()
    }
}

/// Somebody pastes a log of megabytes: whoever looks at the question looks at a bounded part of it.
#[test]
fn of_a_question_without_end_both_ends_are_asked() {
    let world = World::new();
    let engine = world.engine(Embeddings::None);
    for (path, text) in [("head", "A kettle boils."), ("middle", "A saucer waits."), ("tail", "A teapot pours.")] {
        let page = Document::new(format!("http://a.test/{path}").parse().unwrap(), path, text, SystemTime::now());
        world.handle.block_on(engine.put(page, Chunking::default())).unwrap();
    }
    let filling = "x1 ".repeat(500_000);
    let query = Query { mode: Mode::Lexical, ..Query::new(format!("kettel {filling} saucer {filling} teapot")) };
    let found = world.handle.block_on(engine.find(query)).unwrap();
    let mut titles: Vec<_> = found.hits.iter().map(|hit| hit.title.as_str()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["head", "tail"]);
    let corrected = found.corrected.unwrap();
    assert!(corrected.starts_with("kettle ") && corrected.ends_with(" teapot") && corrected.len() < 40_000, "{}", corrected.len());
}
