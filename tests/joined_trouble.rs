//! What goes wrong where many do one crawl: workers that are silent and come again, a store that cannot be asked, pages and addresses that
//! it does not take, a crawl that has ended already. On PostgreSQL: tests/postgres/run joined_trouble.

#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;
#[path = "support/workers.rs"]
mod workers;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use futures_lite::future;
use rusqlite::Connection;
use site::{Reply, page};
use smolcrawl::chunk;
use smolcrawl::engine::{Chunking, CrawlReport, Event, JoinRequest, Joining, Resume};
use smolcrawl::model::{
    Became, Clock, Dealt, Document, JoinedEnd, JoinedLimits, JoinedPlan, JoinedTotals, PageOf, Settled, SourceId, SourceState, Spent, Wish,
};
use url::Url;
use workers::{World, request, together};

/// Until so many pages are stored by it.
async fn until_stored(joining: &mut Joining, pages: u64) {
    while joining.report().stored < pages {
        joining.next().await.unwrap().unwrap();
    }
}

async fn alone(joining: Joining) -> (CrawlReport, JoinedTotals) {
    together(vec![joining]).await.remove(0)
}

#[test]
fn a_worker_that_was_silent_for_a_lease_comes_again_and_nothing_it_has_found_is_lost() {
    let world = World::new();
    world.pages(60);
    let (first, second) = (world.engine(), world.engine());
    let (report, totals) = world.handle.block_on(async {
        let mut silent = world.join(&first, request()).await;
        until_stored(&mut silent, 4).await;
        // As one that is suspended, with answers on the way and links of pages that are not settled.
        world.handle.sleep(Duration::from_secs(31)).await;
        let mut other = world.join(&second, request().concurrency(1)).await;
        while other.totals().returned == 0 {
            other.next().await.unwrap().unwrap();
        }
        other.stop();
        let (_, totals) = alone(other).await;
        assert!(totals.returned > 0 && totals.ended.is_none(), "{totals:?}");
        alone(silent).await
    });
    assert_eq!((totals.stored, totals.pages, totals.ended), (61, 61, Some(JoinedEnd::Complete)), "{totals:?}");
    assert!(report.stored > 40, "it went on: {}", report.stored);
}

#[test]
fn a_worker_that_others_took_for_dead_comes_again_and_nothing_it_has_found_is_lost() {
    for stored in [2, 6, 10, 14, 18, 22] {
        let world = World::new();
        world.pages(60);
        let engine = world.engine();
        let store = stores::open(world.home.path().join("index.db"), smolcrawl::store::Config::default()).unwrap();
        let (report, totals) = world.handle.block_on(async {
            let mut joining = world.join(&engine, request()).await;
            until_stored(&mut joining, stored).await;
            // Another has the time of a lease later what this one had in hand, and leaves it. Whether pages come before this one learns
            // of it is by chance.
            let (crawl, later) = (joining.id(), Clock::At(SystemTime::now() + Duration::from_secs(60)));
            let other = store.enter_joined(crawl, "another", later).unwrap();
            let given = store.take_joined(crawl, other, &Wish::default(), later).unwrap().unwrap();
            assert_eq!(given.totals.workers, 1, "{given:?}");
            store.leave_joined(crawl, other, Spent::default(), later).unwrap();
            alone(joining).await
        });
        assert_eq!((totals.stored, totals.pages, totals.ended), (61, 61, Some(JoinedEnd::Complete)), "after {stored}: {totals:?}");
        assert_eq!(report.stored, 61);
    }
}

/// Whoever keeps the store from all who store something: in a file these are all.
enum Keeper {
    File(Connection),
    Server(Child),
}

impl Keeper {
    fn of(world: &World) -> Self {
        let database = world.database();
        let Some(server) = database.to_str().filter(|named| named.starts_with("postgres:")) else {
            let connection = Connection::open(database).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            return Self::File(connection);
        };
        let url = Url::parse(server).unwrap();
        let schema = url.query_pairs().find(|(name, _)| name == "schema").unwrap().1.into_owned();
        let mut psql = Command::new(std::env::var("SMOLCRAWL_TEST_PSQL").unwrap());
        psql.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-h",
            "127.0.0.1",
            "-p",
            &url.port().unwrap().to_string(),
            "-U",
            url.username(),
            "-d",
            "stores",
        ]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lock = format!("BEGIN; SELECT 'held', pg_advisory_xact_lock(1397572434, hashtext('{schema}'));\n");
        child.stdin.as_mut().unwrap().write_all(lock.as_bytes()).unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert!(said.starts_with("held"), "{said}");
        Self::Server(child)
    }

    fn give_back(self) {
        match self {
            Self::File(connection) => connection.execute_batch("COMMIT").unwrap(),
            Self::Server(mut child) => {
                drop(child.stdin.take());
                assert!(child.wait().unwrap().success());
            }
        }
    }
}

/// Keeps the store from all who store something for so long.
async fn kept_from_all(world: &World, time: Duration) {
    let keeper = Keeper::of(world);
    world.handle.sleep(time).await;
    keeper.give_back();
}

#[test]
fn nobody_is_dead_to_the_others_while_the_store_is_kept_from_all() {
    let world = World::new();
    world.pages(20);
    let (first, second) = (world.hasty(), world.hasty());
    let told = world.handle.block_on(async {
        // One has all that there is to be had at once, and the other takes, and takes nothing.
        let asked = || JoinRequest { lease: Duration::from_secs(1), ..JoinRequest::new(request().concurrency(1).per_host(1)) };
        let mut busy = first.join(asked(), Chunking::default()).await.unwrap();
        until_stored(&mut busy, 4).await;
        let idle = second.join(asked(), Chunking::default()).await.unwrap();
        let kept = kept_from_all(&world, Duration::from_millis(1_600));
        future::zip(together(vec![busy, idle]), kept).await.0
    });
    let totals = &told[0].1;
    assert_eq!((totals.stored, totals.returned, totals.late, totals.ended), (21, 0, 0, Some(JoinedEnd::Complete)), "{totals:?}");
    world.once();
}

#[test]
fn a_file_that_is_kept_from_a_worker_ends_nothing_and_loses_nothing() {
    // Shorter than a call is insisted on; longer, so that it is nobody knows what has come of one; and longer than a lease.
    for seconds in [1, 4, 45] {
        let world = World::new();
        world.pages(60);
        let engine = world.hasty();
        let (report, totals) = world.handle.block_on(async {
            let mut joining = world.join(&engine, request()).await;
            until_stored(&mut joining, 4).await;
            let end = async { alone(joining).await };
            future::zip(end, kept_from_all(&world, Duration::from_secs(seconds))).await.0
        });
        assert_eq!((totals.stored, totals.pages, totals.ended), (61, 61, Some(JoinedEnd::Complete)), "{seconds} s: {totals:?}");
        assert_eq!((report.stored, totals.workers, totals.leased), (61, 0, 0), "{seconds} s");
        if seconds == 1 {
            world.once();
        }
    }
}

#[test]
fn a_file_that_stays_kept_from_a_worker_is_an_error_and_what_it_had_is_others() {
    let world = World::new();
    world.pages(60);
    let (engine, other) = (world.hasty(), world.engine());
    world.handle.block_on(async {
        let mut joining = world.join(&engine, request()).await;
        until_stored(&mut joining, 4).await;
        let connection = Connection::open(world.database()).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let began = world.handle.now();
        let error = loop {
            if let Err(error) = joining.next().await.unwrap() {
                break error;
            }
        };
        assert!(error.is_transient() && error.to_string().contains("locked"), "{error:?}");
        let took = world.handle.now() - began;
        assert!((Duration::from_secs(40)..Duration::from_secs(120)).contains(&took), "{took:?}");
        assert!(joining.next().await.is_none());
        connection.execute_batch("COMMIT").unwrap();
        let open = other.joined_crawls().await.unwrap().remove(0);
        let (_, totals) = alone(other.take_part(open, 4, Chunking::default()).await.unwrap()).await;
        assert_eq!((totals.stored, totals.pages, totals.ended), (61, 61, Some(JoinedEnd::Complete)), "{totals:?}");
    });
}

/// Lets nothing be stored whose address is like this.
fn refuse(world: &World, like: &str) {
    let refuse = format!("CREATE TRIGGER refuse BEFORE INSERT ON pages WHEN new.url LIKE '{like}' BEGIN SELECT raise(ABORT, 'no'); END");
    Connection::open(world.database()).unwrap().execute_batch(&refuse).unwrap();
}

#[test]
fn a_page_that_cannot_be_stored_is_told_and_ends_nobody() {
    let world = World::new();
    world.pages(60);
    let engine = world.engine();
    world.handle.block_on(async {
        let mut joining = world.join(&engine, request()).await;
        until_stored(&mut joining, 1).await;
        refuse(&world, "%/7");
        let mut failed = Vec::new();
        while let Some(event) = joining.next().await {
            if let Event::Failed(of) = event.unwrap() {
                failed.push(of.url.to_string());
            }
        }
        let totals = joining.totals();
        assert_eq!(failed, ["http://a.test/7"]);
        assert_eq!((totals.stored, totals.failed, totals.ended), (60, 1, Some(JoinedEnd::Complete)), "{totals:?}");
        let notes = engine.joined_notes(joining.id()).await.unwrap();
        assert!(notes.len() == 1 && notes[0].url.ends_with("/7") && notes[0].why.contains("damaged"), "{notes:?}");
    });
    world.once();
}

#[test]
fn where_no_page_can_be_stored_it_is_the_store_that_is_told() {
    let world = World::new();
    world.pages(60);
    let engine = world.engine();
    world.handle.block_on(async {
        let mut joining = world.join(&engine, request()).await;
        until_stored(&mut joining, 1).await;
        refuse(&world, "%");
        let (mut failed, mut errors) = (0, 0);
        while let Some(event) = joining.next().await {
            match event {
                Ok(Event::Failed(_)) => failed += 1,
                Ok(_) => {}
                Err(error) => {
                    assert!(!error.is_transient(), "{error:?}");
                    errors += 1;
                }
            }
        }
        let totals = engine.joined_totals(joining.id()).await.unwrap().unwrap();
        assert_eq!((errors, totals.ended, totals.workers, totals.leased), (1, None, 0, 0), "what it had waits for others: {totals:?}");
        assert!(failed < 10, "{failed}");
    });
}

#[test]
fn an_address_that_is_too_long_for_an_index_is_left_out() {
    let world = World::new();
    let long = format!("/in?state={}", "x".repeat(3_000));
    world.site.page("a.test/", &["/door", "/1", &long]);
    world.site.reply("a.test/door", Reply::redirect(&long).header("Set-Cookie", "visitor=1"));
    let alternate = format!("<link rel=alternate hreflang=de href=http://a.test{long}>");
    world.site.reply("a.test/1", Reply::html(format!("<html lang=en><head>{alternate}</head>{}", page("one", &["/2"]))));
    world.site.page("a.test/2", &[]);
    let engine = world.engine();
    let told = world.crawl(&[engine], &request());
    let totals = &told[0].1;
    assert_eq!((totals.stored, totals.skipped, totals.failed, totals.ended), (3, 1, 0, Some(JoinedEnd::Complete)), "{totals:?}");
    assert!(!world.requests().keys().any(|asked| asked.contains("/in?")));
    let why = &told[0].0.skipped[0].why;
    assert!(why.contains("the URL is too long"), "{why}");
}

#[test]
fn who_comes_when_a_crawl_has_ended_leaves_its_source_as_it_is() {
    let world = World::new();
    let (source, now) = (SourceId::named("a.test").unwrap(), SystemTime::now());
    let store = stores::open(world.home.path().join("index.db"), smolcrawl::store::Config::default()).unwrap();
    let recipe = request().recipe(vec!["http://a.test/".parse().unwrap()]);
    let lease = Duration::from_secs(30);
    let limits = JoinedLimits { max_pages: 9, max_requests: 99, max_bytes: 1 << 30, per_host: 4, lease };
    let plan = JoinedPlan { sources: vec![(source.clone(), recipe)], limits, seeds: request().beginning() };
    let clock = Clock::At(now);
    let of = |engine: &smolcrawl::Engine| world.handle.block_on(engine.sources()).unwrap().remove(0);
    // Its opening says that it begins.
    let crawl = store.open_joined(&plan, clock).unwrap();
    let worker = store.enter_joined(crawl.id, "one", clock).unwrap();
    let document = Document::new("http://a.test/".parse().unwrap(), "T", "Herons stand still.", now);
    store.put(&document, &chunk::split(&document, &chunk::Config::default())).unwrap();
    let engine = world.engine();
    assert_eq!(of(&engine).state, SourceState::Incomplete);
    // One worker does it, and notes how it ended.
    let given = store.take_joined(crawl.id, worker, &Wish { urls: 1, ..Wish::default() }, clock).unwrap().unwrap();
    let url = given.urls[0].url.clone();
    let dealt = vec![Dealt { url: url.clone(), hops: Vec::new(), became: Became::Page, is_page: true }];
    let of_page = PageOf { url, contents: Vec::new() };
    store.settle_joined(crawl.id, worker, &Settled { dealt, ..Settled::default() }, &[of_page], &[], None, clock).unwrap().unwrap();
    store.learn(&source, &["http://a.test".to_owned()]).unwrap();
    store.ended(&source, SourceState::Complete, 0, now).unwrap();
    // Another has seen it in the list before, and comes.
    let open = world.handle.block_on(engine.joined_crawls()).unwrap().remove(0);
    assert_eq!(open.totals.ended, Some(JoinedEnd::Complete));
    let late = world.handle.block_on(engine.take_part(open, 4, Chunking::default())).unwrap();
    assert!(store.close_joined(crawl.id).unwrap());
    let (report, totals) = world.handle.block_on(alone(late));
    assert_eq!((report.stored, totals.ended), (0, Some(JoinedEnd::Complete)));
    let known = of(&engine);
    assert_eq!((known.state, known.recipe.unwrap().scripted), (SourceState::Complete, vec!["http://a.test".to_owned()]));
    // It is begun by whoever opens the next one.
    store.open_joined(&plan, clock).unwrap();
    assert_eq!(of(&engine).state, SourceState::Incomplete);
}

#[test]
fn a_crawl_that_came_to_a_limit_together_goes_on_as_any_other() {
    let world = World::new();
    world.pages(30);
    // The same text again, and one in another language.
    let same = page("page 1", &["/3", "/4", "/5", "/"]);
    world.site.reply("a.test/6", Reply::html(same));
    let engines = [world.engine(), world.engine()];
    let told = world.crawl(&engines, &request().max_pages(9));
    assert_eq!((told[0].1.stored, told[0].1.ended), (9, Some(JoinedEnd::MaxPages)));
    let before = world.requests();
    let engine = world.engine();
    world.handle.block_on(async {
        let known = engine.sources().await.unwrap().remove(0);
        assert_eq!(known.state, SourceState::Limited);
        assert!(known.left > 0);
        let fill = engine.plan(request().max_pages(100), None, Resume::Always).await.unwrap();
        assert!(fill.goes_on() && fill.pages_before() == 9, "{fill:?}");
        let mut crawling = engine.fill(fill, Chunking::default());
        while let Some(event) = crawling.next().await {
            event.unwrap();
        }
        let known = engine.sources().await.unwrap().remove(0);
        assert_eq!((known.pages, known.state), (29, SourceState::Complete), "one page is there twice, and nothing else leads to another");
    });
    let again: Vec<_> =
        world.requests().into_iter().filter(|(asked, times)| before.get(asked).is_some_and(|before| before < times)).collect();
    // The seed is read again, as always, and robots.txt by another crawler.
    assert!(again.iter().all(|(asked, _)| asked == "a.test/" || asked == "a.test/robots.txt"), "{again:?}");
}

#[test]
fn a_lease_is_a_second_at_least() {
    let world = World::new();
    world.pages(3);
    let engine = world.engine();
    world.handle.block_on(async {
        let asked = JoinRequest { lease: Duration::ZERO, ..JoinRequest::new(request()) };
        let joining = engine.join(asked, Chunking::default()).await.unwrap();
        assert_eq!(engine.joined_crawls().await.unwrap()[0].limits.lease, Duration::from_secs(1));
        assert_eq!(alone(joining).await.1.stored, 4);
    });
}
