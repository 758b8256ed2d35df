//! One crawl that many do together: several engines on one store in a world whose time is virtual, and processes of the real binary, of which
//! some are killed. On PostgreSQL: tests/postgres/run joined.

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;
#[path = "support/workers.rs"]
mod workers;

use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use binary::{report, run, serve, smolcrawl, text};
use serde_json::{Value, json};
use site::{Reply, Site, page};
use smolcrawl::engine::{Chunking, JoinRequest, Resume, Sitemaps};
use smolcrawl::model::{JoinedEnd, SourceState};
use tempfile::TempDir;
use workers::{World, request, together};

#[test]
fn three_workers_fetch_each_page_once_and_robots_and_sitemaps_once() {
    let world = World::new();
    world.pages(60);
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /never\nSitemap: /map.xml\n"));
    world.site.reply("a.test/map.xml", Reply::new(200, "application/xml", "<urlset><url><loc>http://a.test/listed</loc></url></urlset>"));
    world.site.page("a.test/listed", &["/never", "/moved", "/same", "/gone"]);
    world.site.reply("a.test/moved", Reply::redirect("/0"));
    world.site.reply("a.test/same", Reply::html(page("page 7", &["/15", "/16", "/17", "/"])));
    let engines = [world.engine(), world.engine(), world.engine()];
    let per_host = request().sitemaps(Sitemaps::Follow).per_host(12);
    let told = world.crawl(&engines, &per_host);
    world.once();
    let stored: u64 = told.iter().map(|(report, _)| report.stored).sum();
    let shares: Vec<u64> = told.iter().map(|(report, _)| report.stored).collect();
    let totals = &told[0].1;
    assert_eq!((stored, totals.stored, totals.ended), (62, 62, Some(JoinedEnd::Complete)), "{shares:?} {totals:?}");
    assert!(shares.iter().all(|share| *share > 5), "all of them work: {shares:?}");
    assert_eq!((totals.failed, totals.queued, totals.leased), (1, 0, 0));
    let (skipped, failed): (u64, u64) = told.iter().fold((0, 0), |(s, f), (report, _)| (s + report.skips(), f + report.failures()));
    assert_eq!((totals.skipped, totals.failed), (skipped, failed), "all that is told is in the account, once");
    let sources = world.handle.block_on(engines[0].sources()).unwrap();
    assert_eq!((sources.len(), sources[0].pages, sources[0].state), (1, 62, SourceState::Complete));
    assert!(world.handle.block_on(engines[0].joined_crawls()).unwrap().is_empty());
}

#[test]
fn a_worker_that_dies_loses_what_it_had_and_nothing_is_lost() {
    let world = World::new();
    world.pages(60);
    let (first, second) = (world.engine(), world.engine());
    let per_host = request().per_host(8);
    let (before, told) = world.handle.block_on(async {
        let mut dying = world.join(&first, per_host.clone()).await;
        let mut living = world.join(&second, per_host.clone()).await;
        // Both have addresses in hand.
        while dying.report().stored < 3 || living.report().stored < 3 {
            let next = async { dying.next().await.unwrap().unwrap() };
            let other = async { living.next().await.unwrap().unwrap() };
            futures_lite::future::or(next, other).await;
        }
        // It is not told that it ends: as a process that is killed.
        let before = dying.report().stored;
        drop(dying);
        (before, together(vec![living]).await)
    });
    let totals = &told[0].1;
    assert_eq!((totals.stored, totals.pages, totals.ended), (61, 61, Some(JoinedEnd::Complete)), "{totals:?}");
    assert!(totals.returned > 0, "{totals:?}");
    let again: usize = world.requests().values().map(|times| times - 1).sum();
    assert!(again as u64 <= totals.returned, "only what was in hand is asked for again: {again}, {totals:?}");
    assert!(told[0].0.stored + before <= 61 && told[0].0.stored > 40);
}

#[test]
fn when_all_have_died_whoever_comes_next_goes_on() {
    let world = World::new();
    world.pages(40);
    let first = world.engine();
    let stored = world.handle.block_on(async {
        let mut dying = world.join(&first, request()).await;
        while dying.report().stored < 5 {
            dying.next().await.unwrap().unwrap();
        }
        dying.totals().stored
    });
    drop(first);
    let second = world.engine();
    let told = world.handle.block_on(async {
        let open = second.joined_crawls().await.unwrap();
        assert_eq!(open.len(), 1);
        together(vec![second.take_part(open[0].clone(), 4, Chunking::default()).await.unwrap()]).await
    });
    let (report, totals) = &told[0];
    assert_eq!((totals.stored, totals.ended), (41, Some(JoinedEnd::Complete)), "{totals:?}");
    assert!(report.stored < 41 && report.stored + stored >= 36, "it went on: {} after {stored}", report.stored);
}

#[test]
fn limits_are_those_of_all_together() {
    let world = World::new();
    world.pages(100);
    let engines = [world.engine(), world.engine(), world.engine()];
    let told = world.crawl(&engines, &request().max_pages(23).per_host(12));
    let totals = &told[2].1;
    assert_eq!((totals.pages, totals.stored, totals.ended), (23, 23, Some(JoinedEnd::MaxPages)), "{totals:?}");
    assert_eq!(world.handle.block_on(engines[0].sources()).unwrap()[0].state, SourceState::Limited);
    let world = World::new();
    world.pages(100);
    let engines = [world.engine(), world.engine(), world.engine()];
    let told = world.crawl(&engines, &request().max_requests(30).per_host(12));
    // Who leaves before others have settled what they had in flight knows the limit alone.
    assert!(told.iter().all(|(_, totals)| totals.ending == Some(JoinedEnd::MaxRequests)), "{told:?}");
    let totals = told.iter().map(|(_, totals)| totals).find(|totals| totals.ended.is_some()).unwrap();
    assert_eq!((world.site.asked().len(), totals.requests, totals.ended), (30, 30, Some(JoinedEnd::MaxRequests)), "{totals:?}");
}

#[test]
fn a_host_is_asked_no_more_at_once_than_it_may_be_whoever_asks() {
    let world = World::new();
    world.pages(60);
    let engines = [world.engine(), world.engine(), world.engine(), world.engine()];
    world.crawl(&engines, &request().per_host(3));
    assert!(world.site.most_at_once() <= 3, "{}", world.site.most_at_once());
    world.once();
}

#[test]
fn a_delay_is_kept_by_all_together() {
    let world = World::new();
    world.pages(12);
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nCrawl-delay: 2\n"));
    let engines = [world.engine(), world.engine(), world.engine(), world.engine()];
    let told = world.crawl(&engines, &request());
    assert_eq!(told[0].1.stored, 13);
    let mut times: Vec<Instant> = world.site.asked().iter().map(|asked| asked.at).collect();
    times.sort();
    let least = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(least >= Duration::from_millis(1_990), "{least:?}");
    world.once();
}

#[test]
fn a_canonical_address_counts_whoever_fetches_it() {
    let world = World::new();
    let canonical = |to: &str, text: &str| {
        Reply::html(format!("<title>{text}</title><link rel=canonical href={to}><h1>{text}</h1><p>The text of {text}."))
    };
    world.site.page("a.test/", &["/a?from=list", "/b?from=list", "/c", "/d"]);
    world.site.reply("a.test/a?from=list", canonical("/a", "a, to print"));
    world.site.reply("a.test/a", canonical("/a", "a").after(Duration::from_secs(1)));
    world.site.reply("a.test/b?from=list", canonical("/b", "b, to print"));
    world.site.reply("a.test/b", Reply::status(404).after(Duration::from_secs(1)));
    ["c", "d"].iter().for_each(|path| _ = world.site.page(&format!("a.test/{path}"), &[]));
    let engines = [world.engine(), world.engine()];
    let told = world.crawl(&engines, &request().concurrency(1));
    let source = world.handle.block_on(engines[0].sources()).unwrap()[0].source.clone();
    let pages = world.handle.block_on(engines[0].pages_of(source, String::new(), 99)).unwrap();
    let mut paths: Vec<String> = pages.iter().map(|page| page.url[url::Position::BeforePath..].to_owned()).collect();
    paths.sort();
    assert_eq!(paths, ["/", "/a", "/b?from=list", "/c", "/d"], "{:?}", told[0].1);
}

#[test]
fn another_crawl_of_the_same_source_is_refused_unless_it_begins_anew() {
    let world = World::new();
    world.pages(20);
    let (first, second) = (world.engine(), world.engine());
    world.handle.block_on(async {
        let mut open = world.join(&first, request()).await;
        open.next().await.unwrap().unwrap();
        let other = JoinRequest::new(request().depth(1));
        let refused = second.join(other.clone(), Chunking::default()).await.unwrap_err();
        assert!(refused.to_string().contains("other settings") && refused.hint().is_some(), "{refused}");
        // Limits may be others: those of the one that is open hold.
        world.join(&second, request().max_pages(5)).await;
        let anew = JoinRequest { resume: Resume::Never, ..other };
        let told = together(vec![second.join(anew, Chunking::default()).await.unwrap()]).await;
        assert_eq!((told[0].1.stored, told[0].1.ended), (3, Some(JoinedEnd::Complete)));
        // The one that it was ended for finds that out.
        let told = together(vec![open]).await;
        assert!(told[0].0.stored < 21, "{:?}", told[0].1);
    });
}

// Processes of the real binary.

fn birds(pages: usize, delay: Duration) -> (Site, String) {
    let site = Site::default();
    let address = serve(&site);
    let links = |from: usize| (from * 3 + 1..from * 3 + 4).filter(|to| *to < pages).map(|to| format!("/{to}")).collect::<Vec<_>>();
    for number in 0..pages {
        let links = links(number);
        let text = page(&format!("Herons of {number} stand still"), &links.iter().map(String::as_str).collect::<Vec<_>>());
        let path = if number == 0 { "/".to_owned() } else { format!("/{number}") };
        site.reply(&format!("{address}{path}"), Reply::html(text).after(delay));
    }
    (site, address)
}

fn join(home: &Path, database: &Path, address: &str, more: &[&str]) -> Child {
    let url = format!("http://{address}/");
    let mut command = smolcrawl(home);
    command.args(["crawl", &url, "--join", "--depth", "50", "--max-pages", "100000", "--allow-private", "--no-index", "--json"]);
    command.args(more).arg("--db").arg(database).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn finished(child: Child) -> Value {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    report(&output)
}

fn again(site: &Site) -> usize {
    let targets = site.targets();
    targets.len() - targets.iter().collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn four_processes_do_one_crawl_and_one_is_killed() {
    let home = TempDir::new().unwrap();
    let database = stores::named(&home.path().join("x.db"));
    let (site, address) = birds(150, Duration::from_millis(10));
    let (sender, reached) = mpsc::channel();
    let text_of = page("Herons of 40 stand still", &["/121", "/122", "/123"]);
    // Whoever asks for it first is about to be killed.
    let answer = Reply::html(text_of).after(Duration::from_millis(10));
    site.on(&format!("{address}/40"), move |_| {
        let _ = sender.send(());
        answer.clone()
    });
    let more = ["--per-host", "16", "--concurrency", "4", "--lease", "2s"];
    let mut children: Vec<Child> = (0..4).map(|_| join(home.path(), &database, &address, &more)).collect();
    reached.recv().unwrap();
    let mut killed = children.remove(0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let reports: Vec<Value> = children.into_iter().map(finished).collect();
    let totals = &reports[2]["joined"];
    assert_eq!((&totals["stored"], &totals["ended"], &totals["queued"]), (&json!(150), &json!("complete"), &json!(0)), "{totals}");
    let sources = report(&run(home.path(), &["sources", "--json", "--db", database.to_str().unwrap()]))["sources"].clone();
    assert_eq!((&sources[0]["pages"], &sources[0]["state"]), (&json!(150), &json!("complete")), "{sources}");
    let returned = totals["returned"].as_u64().unwrap();
    assert!(again(&site) as u64 <= returned, "{} again, {totals}", again(&site));
}

#[test]
fn work_takes_part_and_ends_when_nothing_is_left() {
    let home = TempDir::new().unwrap();
    let database = stores::named(&home.path().join("x.db"));
    let (site, address) = birds(40, Duration::ZERO);
    let db = database.to_str().unwrap();
    let mut child = join(home.path(), &database, &address, &["--lease", "1s", "--concurrency", "1"]);
    while site.asked().len() < 10 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let shown = report(&run(home.path(), &["sources", "--json", "--db", db]));
    assert_eq!(shown["joined"].as_array().unwrap().len(), 1, "{shown}");
    let output = run(home.path(), &["work", "--allow-private", "--no-index", "--json", "--db", db]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = report(&output);
    assert_eq!(told["crawls"][0]["joined"]["stored"], json!(40), "{told}");
    let nothing = run(home.path(), &["work", "--no-index", "--db", db]);
    assert!(nothing.status.success() && text(&nothing.stdout).contains("no crawl that is done together is open"));
}

/// `cargo test --test joined -- --ignored --nocapture`: what four processes are worth on a site that answers after 50 ms.
#[test]
#[ignore = "measures"]
fn four_processes_are_faster_than_one() {
    let took = |processes: usize| {
        let home = TempDir::new().unwrap();
        let database = stores::named(&home.path().join("x.db"));
        let (site, address) = birds(400, Duration::from_millis(50));
        let began = Instant::now();
        let more = ["--per-host", "16", "--concurrency", "4"];
        let children: Vec<Child> = (0..processes).map(|_| join(home.path(), &database, &address, &more)).collect();
        let reports: Vec<Value> = children.into_iter().map(finished).collect();
        let took = began.elapsed();
        let shares: Vec<u64> = reports.iter().map(|report| report["stored"].as_u64().unwrap()).collect();
        assert_eq!(shares.iter().sum::<u64>(), 400);
        eprintln!(
            "{processes} processes: {:.2} s, {shares:?}, {} at once, {} again",
            took.as_secs_f64(),
            site.most_at_once(),
            again(&site)
        );
        assert!(site.most_at_once() <= 16);
        took
    };
    let (one, four) = (took(1), took(4));
    eprintln!("{:.2} times as fast", one.as_secs_f64() / four.as_secs_f64());
    assert!(one >= four.mul_f64(1.7));
}
