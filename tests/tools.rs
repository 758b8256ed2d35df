//! The tools of `smolcrawl serve` as a client sees them, on the simulated network: what is answered when, what goes on behind the
//! answers, how much one answer has, and what errors say. Time is virtual.
#![cfg(all(feature = "surf", feature = "schema"))]

#[path = "support/served.rs"]
mod served;
#[path = "support/site.rs"]
mod site;
#[path = "support/stores.rs"]
mod stores;

use std::path::Path;
use std::time::{Duration, SystemTime};

use futures_lite::io::{BufReader, ReadHalf, WriteHalf, split};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::Chunking;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::Document;
use smolcrawl::reactor::{Handle, Socket};

use served::{Served, serve};
use site::{Reply, Site, page};

/// A site, a server of the tools, and a client on a connection to it.
struct World {
    handle: Handle,
    site: Site,
    engine: Engine,
    to: WriteHalf<Socket>,
    from: BufReader<ReadHalf<Socket>>,
    /// Progress of all calls so far: when, the token, how far, and the words.
    progress: Vec<(Duration, Value, f64, String)>,
    began: std::time::Instant,
}

impl World {
    fn new() -> Self {
        Self::with(PrivateAddresses::Allow)
    }

    fn with(private_addresses: PrivateAddresses) -> Self {
        let Served { handle, site, engine, socket, .. } = serve(&stores::named(Path::new(":memory:")), private_addresses);
        let (from, to) = split(socket);
        let began = handle.now();
        let mut world = Self { handle, site, engine, to, from: BufReader::new(from), progress: Vec::new(), began };
        let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
        assert_eq!(world.ask("initialize", client)["protocolVersion"], json!("2025-11-25"));
        world
    }

    /// A chain of pages below `a.test/`, each of which takes a second and links to the next.
    fn chain(&self, host: &str, pages: usize) -> &Self {
        for number in 0..pages {
            let address = if number == 0 { format!("{host}/") } else { format!("{host}/{number}") };
            let reply = Reply::html(page(&format!("page {number} of {host}"), &[&format!("/{}", number + 1)]));
            self.site.reply(&address, reply.after(Duration::from_secs(1)));
        }
        self
    }

    fn now(&self) -> Duration {
        self.handle.now() - self.began
    }

    fn tell(&mut self, message: Value) {
        self.handle.block_on(self.to.write_all(format!("{message}\n").as_bytes())).unwrap();
    }

    /// The next answer; progress on the way is kept, news of the list of resources is not.
    fn receive(&mut self) -> Value {
        loop {
            let mut line = String::new();
            self.handle.block_on(self.from.read_line(&mut line)).unwrap();
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
            if message["method"] == "notifications/resources/list_changed" {
                continue;
            }
            if message["method"] != "notifications/progress" {
                return message;
            }
            let told = &message["params"];
            let words = told["message"].as_str().unwrap().to_owned();
            self.progress.push((self.now(), told["progressToken"].clone(), told["progress"].as_f64().unwrap(), words));
        }
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        self.tell(json!({ "jsonrpc": "2.0", "id": "x", "method": method, "params": parameters }));
        let answer = self.receive();
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Begins a call and does not wait for its answer.
    fn begin(&mut self, id: u32, tool: &str, arguments: Value) {
        let parameters = json!({ "name": tool, "arguments": arguments });
        self.tell(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": parameters }));
    }

    fn cancel(&mut self, id: u32) {
        self.tell(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }));
    }

    /// The structured answer of a call that succeeds, which is what its text says.
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        checked(&result)
    }

    fn call_with_token(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": "t" } }));
        checked(&result)
    }

    /// What a call that fails says.
    fn error(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert_eq!(result["isError"], json!(true), "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    fn sleep(&self, seconds: u64) {
        self.handle.block_on(self.handle.sleep(Duration::from_secs(seconds)));
    }

    fn pages(&self) -> u64 {
        self.handle.block_on(self.engine.sources()).unwrap().iter().map(|source| source.pages).sum()
    }

    fn requests(&self) -> usize {
        self.site.targets().len()
    }
}

fn checked(result: &Value) -> Value {
    assert!(result["isError"].is_null(), "{result}");
    let structured = result["structuredContent"].clone();
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), structured, "text and structure say the same");
    structured
}

fn text_of(answer: &Value) -> usize {
    answer.to_string().chars().count()
}

#[test]
fn a_crawl_tells_what_scripts_would_write() {
    let mut world = World::new();
    let shell = "<div id=__next></div><script src=/a.js></script>";
    let data = r#"{"props":{"pageProps":{"content":"<p>A kettle boils water in two minutes.</p>"}}}"#;
    world.site.page("a.test/", &["/data", "/app"]).reply("a.test/app", Reply::html(format!("<h1>Kettles</h1>{shell}")));
    world.site.reply("a.test/data", Reply::html(format!("{shell}<script id=__NEXT_DATA__ type=application/json>{data}</script>")));
    let told = world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    let notice = told["notice"].as_str().unwrap();
    assert!(notice.contains("1 pages read from data that the site ships for its scripts"), "{told}");
    assert!(notice.contains("1 skipped, as scripts write their text and no browser has run them (such as http://a.test/app)"), "{told}");
}

#[test]
fn a_long_crawl_answers_in_time_goes_on_and_can_be_waited_for() {
    let mut world = World::new();
    world.chain("a.test", 100);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100 });
    let first = world.call("smart_crawl_url", asked);
    assert_eq!(world.now().as_secs(), 45);
    assert_eq!((&first["state"], &first["target"]), (&json!("running"), &json!("http://a.test/")), "{first}");
    let stored = first["pages_stored"].as_u64().unwrap();
    assert!((40..=45).contains(&stored), "{first}");
    assert!(first["notice"].as_str().unwrap().contains("crawl_status"), "{first}");
    assert_eq!(first["urls_crawled"].as_array().unwrap().len(), 10);

    // Searchable while it runs, and pages go on being stored while nobody asks.
    assert_eq!(world.call("perform_rag_query", json!({ "query": "page 3 of a.test" }))["count"], json!(5));
    world.sleep(10);
    assert!(world.pages() >= stored + 9);

    let id = first["crawl_id"].clone();
    let second = world.call("crawl_status", json!({ "crawl_id": id, "wait_seconds": 20 }))["crawls"][0].clone();
    assert_eq!((world.now().as_secs(), &second["state"]), (75, &json!("running")), "{second}");
    let last = world.call("crawl_status", json!({ "crawl_id": id, "wait_seconds": 40 }))["crawls"][0].clone();
    assert!(world.now() < Duration::from_secs(105), "the end is told at once: {:?}", world.now());
    assert_eq!((&last["state"], &last["pages_stored"]), (&json!("done"), &json!(100)), "{last}");
    assert_eq!((&last["failures"], world.pages()), (&json!(1), 100), "the last link leads nowhere");
    assert_eq!((last["urls_crawled"].as_array().unwrap().len(), &last["urls_crawled_more"]), (10, &json!(90)), "{last}");
    assert_eq!(last["http"]["requests"], json!(104), "robots.txt, a sitemap and an llms.txt that are not there among them: {last}");
    // Still known, and in the list.
    let list = world.call("crawl_status", json!({}));
    assert_eq!((list["crawls"].as_array().unwrap().len(), &list["crawls"][0]["crawl_id"]), (1, &id));
}

#[test]
fn a_call_waits_as_long_as_it_is_asked_to_where_the_client_hears_of_it() {
    let mut world = World::new();
    world.chain("a.test", 200);
    let url = "http://a.test/";
    world.call("smart_crawl_url", json!({ "url": url, "max_depth": 100, "wait_seconds": 0 }));
    assert!(world.now() < Duration::from_secs(1), "{:?}", world.now());
    world.call("smart_crawl_url", json!({ "url": url, "max_depth": 100, "wait_seconds": 300 }));
    assert_eq!(world.now().as_secs(), 45, "without progress clients give up after a minute");
    world.call_with_token("smart_crawl_url", json!({ "url": url, "max_depth": 100, "wait_seconds": 50 }));
    assert_eq!(world.now().as_secs(), 95);
    let error = world.error("smart_crawl_url", json!({ "url": url, "wait_seconds": 301 }));
    assert_eq!(error, "wait_seconds is 301\nhint: wait_seconds may be 0 to 300");
}

#[test]
fn progress_comes_every_second_or_two_and_grows_even_while_one_page_is_slow() {
    let mut world = World::new();
    world.site.page("a.test/", &["/slow"]);
    world.site.reply("a.test/slow", Reply::html("<h1>Late</h1><p>Text.").after(Duration::from_secs(20)));
    for (tool, arguments) in [
        ("smart_crawl_url", json!({ "url": "http://a.test/" })),
        ("refresh_source", json!({ "source": "a.test" })),
        ("fetch_url", json!({ "url": "http://a.test/slow" })),
        ("crawl_single_page", json!({ "url": "http://a.test/slow" })),
    ] {
        world.progress.clear();
        let before = world.now();
        world.call_with_token(tool, arguments);
        assert!(world.now() - before >= Duration::from_secs(20), "{tool}");
        let mut last = (before, -1.0);
        for (at, token, progress, words) in &world.progress {
            assert!(*at - last.0 <= Duration::from_secs(2), "{tool}: {at:?} after {:?}", last.0);
            assert!(*progress > last.1 && *token == json!("t") && !words.is_empty(), "{tool}: {progress} after {}", last.1);
            last = (*at, *progress);
        }
        assert!(world.now() - last.0 <= Duration::from_secs(2), "{tool}: {} reports", world.progress.len());
    }
    // Without a token there is none.
    world.progress.clear();
    world.call("fetch_url", json!({ "url": "http://a.test/slow" }));
    assert_eq!(world.progress, []);
}

#[test]
fn a_cancelled_crawl_stops_at_once_and_keeps_what_it_has() {
    let mut world = World::new();
    world.chain("a.test", 100);
    let id = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 100, "wait_seconds": 10 }))["crawl_id"].clone();
    let before = world.now();
    let report = world.call("cancel_crawl", json!({ "crawl_id": id }));
    assert!(world.now() - before < Duration::from_millis(500), "{:?}", world.now() - before);
    assert_eq!(report["state"], json!("cancelled"), "{report}");
    assert_eq!(report["http"]["cancelled"], json!(1), "the request in flight is given up: {report}");
    let (requests, pages) = (world.requests(), world.pages());
    assert!(pages >= 9 && report["pages_stored"] == json!(pages) && report["pages_crawled"] == json!(pages), "{report}");
    world.sleep(30);
    assert_eq!((world.requests(), world.pages()), (requests, pages), "nothing goes on");
    let again = world.call("cancel_crawl", json!({ "crawl_id": id }));
    assert_eq!((&again["state"], &again["notice"]), (&json!("cancelled"), &json!("it had ended before")));
}

#[test]
fn cancelling_the_call_cancels_its_crawl() {
    let mut world = World::new();
    world.chain("a.test", 100);
    world.begin(7, "smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 100 }));
    world.sleep(5);
    world.cancel(7);
    world.handle.block_on(world.handle.sleep(Duration::from_millis(1)));
    let status = world.call("crawl_status", json!({}));
    assert_eq!(status["crawls"][0]["state"], json!("cancelled"), "{status}");
    let (requests, pages) = (world.requests(), world.pages());
    assert!(pages >= 4 && status["crawls"][0]["pages_stored"] == json!(pages), "{pages}: {status}");
    world.sleep(30);
    assert_eq!((world.requests(), world.pages()), (requests, pages));
}

#[test]
fn a_crawl_that_has_answered_does_not_end_with_a_later_call() {
    let mut world = World::new();
    world.chain("a.test", 50);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100, "wait_seconds": 2 });
    let id = world.call("smart_crawl_url", asked)["crawl_id"].clone();
    world.begin(8, "crawl_status", json!({ "crawl_id": id, "wait_seconds": 30 }));
    world.sleep(3);
    world.cancel(8);
    world.sleep(3);
    assert_eq!(world.call("crawl_status", json!({}))["crawls"][0]["state"], json!("running"));
}

#[test]
fn the_same_crawl_is_joined_and_not_begun_twice() {
    let mut world = World::new();
    world.chain("a.test", 20);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100, "wait_seconds": 5 });
    let first = world.call("smart_crawl_url", asked.clone());
    let second = world.call("smart_crawl_url", asked);
    assert_eq!(second["crawl_id"], first["crawl_id"]);
    assert!(second["notice"].as_str().unwrap().starts_with("joined the same crawl"), "{second}");
    let third = world.call("smart_crawl_url", json!({ "url": "http://a.test/#top", "max_depth": 1 }));
    assert_eq!(third["crawl_id"], first["crawl_id"]);
    assert!(third["notice"].as_str().unwrap().contains("other settings"), "{third}");
    assert_eq!((&third["state"], world.requests()), (&json!("done"), 23), "every page once, and a sitemap and an llms.txt were looked for");
    // Once it has ended it is begun anew; from another page it is another.
    let again = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 1 }));
    assert_ne!(again["crawl_id"], first["crawl_id"]);
    assert_eq!(again["pages_stored"], json!(2), "{again}");
}

#[test]
fn a_crawl_that_is_being_cancelled_is_not_joined() {
    let mut world = World::new();
    world.chain("a.test", 20);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100 });
    world.begin(7, "smart_crawl_url", asked.clone());
    world.sleep(5);
    // In one piece, so that nothing comes in between.
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let parameters = json!({ "name": "smart_crawl_url", "arguments": asked });
    let again = json!({ "jsonrpc": "2.0", "id": 8, "method": "tools/call", "params": parameters });
    let both = format!("{cancel}\n{again}\n");
    world.handle.block_on(world.to.write_all(both.as_bytes())).unwrap();
    let answer = world.receive();
    let crawl = &answer["result"]["structuredContent"];
    assert_eq!((&answer["id"], &crawl["state"]), (&json!(8), &json!("done")), "{answer}");
    // It goes on where the other was; the seed is read again.
    let cancelled = world.call("crawl_status", json!({}))["crawls"][1].clone();
    assert_eq!(cancelled["state"], json!("cancelled"));
    let before = cancelled["pages_stored"].as_u64().unwrap();
    assert!(crawl["notice"].as_str().unwrap().contains(&format!("went on after the {before} pages")), "{answer}");
    assert_eq!(crawl["pages_stored"], json!(20 - before + 1), "{answer}");
    assert_eq!(world.call("get_available_sources", json!({}))["sources"][0]["pages"], json!(20));
}

#[test]
fn who_began_a_crawl_may_leave_while_another_waits() {
    let mut world = World::new();
    world.chain("a.test", 20);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100 });
    world.begin(7, "smart_crawl_url", asked.clone());
    world.sleep(2);
    world.begin(8, "smart_crawl_url", asked);
    world.sleep(2);
    world.cancel(7);
    let answer = world.receive();
    assert_eq!((&answer["id"], &answer["result"]["structuredContent"]["pages_stored"]), (&json!(8), &json!(20)), "{answer}");
}

#[test]
fn a_crawl_ends_with_the_last_call_that_asked_for_it_unanswered() {
    let mut world = World::new();
    world.chain("a.test", 100);
    let asked = json!({ "url": "http://a.test/", "max_depth": 100 });
    for id in [7, 8] {
        world.begin(id, "smart_crawl_url", asked.clone());
        world.sleep(2);
    }
    for (id, state) in [(7, "running"), (8, "cancelled")] {
        world.cancel(id);
        world.sleep(1);
        assert_eq!(world.call("crawl_status", json!({}))["crawls"][0]["state"], json!(state));
    }
    // One that was answered keeps it going.
    world.begin(9, "smart_crawl_url", asked.clone());
    world.sleep(1);
    let answer = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 100, "wait_seconds": 1 }));
    assert_eq!(answer["state"], json!("running"));
    world.begin(10, "smart_crawl_url", asked);
    world.sleep(1);
    for id in [9, 10] {
        world.cancel(id);
        world.sleep(1);
        assert_eq!(world.call("crawl_status", json!({}))["crawls"][0]["state"], json!("running"), "{id}");
    }
}

#[test]
fn two_crawls_of_one_site_take_turns_where_it_asks_for_a_delay() {
    let mut world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nCrawl-delay: 3\n"));
    world.site.page("a.test/x/", &["/x/1"]).page("a.test/x/1", &[]).page("a.test/y/", &["/y/1"]).page("a.test/y/1", &[]);
    world.begin(7, "smart_crawl_url", json!({ "url": "http://a.test/x/" }));
    world.begin(8, "smart_crawl_url", json!({ "url": "http://a.test/y/" }));
    for _ in 0..2 {
        let answer = world.receive();
        assert_eq!(answer["result"]["structuredContent"]["pages_stored"], json!(2), "{answer}");
    }
    let asked: Vec<_> = world.site.asked().iter().filter(|asked| !asked.target.ends_with(".txt")).map(|asked| asked.at).collect();
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(3)), "{asked:?}");
    assert_eq!((asked.len(), world.pages()), (6, 4), "each has looked for a sitemap");
}

#[test]
fn running_and_remembered_crawls_are_bounded() {
    let mut world = World::new();
    for host in ["a", "b", "c", "d", "e"] {
        world.chain(&format!("{host}.test"), 100);
    }
    let start = |host: &str| json!({ "url": format!("http://{host}.test/"), "max_depth": 100, "wait_seconds": 0 });
    let ids: Vec<_> = ["a", "b", "c", "d"].map(|host| world.call("smart_crawl_url", start(host))["crawl_id"].clone()).into();
    let error = world.error("smart_crawl_url", start("e"));
    assert!(error.starts_with("4 run already") && error.contains(ids[0].as_str().unwrap()) && error.contains("cancel_crawl"), "{error}");
    // Single pages are quick, and are let through.
    assert_eq!(world.call("crawl_single_page", json!({ "url": "http://e.test/" }))["pages_stored"], json!(1));
    world.call("cancel_crawl", json!({ "crawl_id": ids[1] }));
    assert_eq!(world.call("smart_crawl_url", start("e"))["state"], json!("running"));

    for _ in 0..60 {
        world.call("crawl_single_page", json!({ "url": "http://e.test/" }));
    }
    let list = world.call("crawl_status", json!({}));
    let crawls = list["crawls"].as_array().unwrap();
    assert_eq!(crawls.iter().filter(|crawl| crawl["state"] == json!("running")).count(), 4, "who runs is never forgotten");
    assert!(crawls.len() <= 4 + 51 && text_of(&list) < 20_000, "{} crawls, {} characters", crawls.len(), text_of(&list));
    let error = world.error("crawl_status", json!({ "crawl_id": ids[1] }));
    assert!(error.starts_with(&format!("there is no crawl {}", ids[1])) && error.contains("known are: "), "{error}");
}

#[test]
fn a_refresh_is_bounded_too_and_holds_off_a_removal() {
    let mut world = World::new();
    let links: Vec<String> = (0..80).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    for link in &links {
        world.site.page(&format!("a.test{link}"), &[]);
    }
    assert_eq!(world.call("smart_crawl_url", json!({ "url": "http://a.test/" }))["pages_stored"], json!(81));
    for (number, link) in links.iter().enumerate() {
        let new = page(&format!("n{}w", "e".repeat(number)), &[]);
        world.site.reply(&format!("a.test{link}"), Reply::html(new).after(Duration::from_secs(6)));
    }
    world.site.reply("a.test/7", Reply::status(404));
    let refresh = world.call("refresh_source", json!({ "source": "http://a.test", "wait_seconds": 20 }));
    assert_eq!((&refresh["state"], &refresh["refresh"]["pages"]), (&json!("running"), &json!(81)), "{refresh}");
    let id = refresh["crawl_id"].as_str().unwrap();
    let error = world.error("remove_source", json!({ "source": "a.test" }));
    assert!(error.starts_with(&format!("{id} is at work on a.test")) && error.contains("cancel_crawl"), "{error}");
    let done = world.call("crawl_status", json!({ "crawl_id": id, "wait_seconds": 60 }))["crawls"][0].clone();
    let found = &done["refresh"];
    assert_eq!((&found["updated"], &found["removed"], &found["unchanged"]), (&json!(79), &json!(1), &json!(1)), "{done}");

    let removed = world.call("remove_source", json!({ "source": "a.test" }));
    assert_eq!((&removed["source"], &removed["pages_removed"]), (&json!("a.test"), &json!(80)), "{removed}");
    assert!(removed["chunks_removed"].as_u64().unwrap() >= 80 && world.pages() == 0);
    for tool in ["remove_source", "refresh_source"] {
        let error = world.error(tool, json!({ "source": "a.test" }));
        assert_eq!(error, "no source \"a.test\" is stored\nhint: nothing is stored yet: crawl it first with smart_crawl_url", "{tool}");
    }
}

#[test]
fn a_refresh_tells_all_that_it_found() {
    let mut world = World::new();
    world.site.page("a.test/", &["/1"]).page("a.test/1", &[]);
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    let refresh = |world: &mut World| world.call("refresh_source", json!({ "source": "a.test" }));
    let same = refresh(&mut world);
    assert_eq!((&same["refresh"]["pages"], &same["refresh"]["unchanged"]), (&json!(2), &json!(2)), "{same}");
    assert_eq!(["notice", "pages_crawled", "pages_stored", "urls_crawled_more"].map(|name| same.get(name)), [None; 4], "{same}");

    let hidden = format!("<meta name=robots content=noindex>{}", page("hidden", &[]));
    world.site.page("a.test/", &["/1", "/2", "/gone", "/hidden"]).page("a.test/2", &[]).reply("a.test/hidden", Reply::html(hidden));
    let told = refresh(&mut world);
    let found = &told["refresh"];
    let counts = ["checked", "unchanged", "updated", "removed", "added", "new_failed", "new_skipped"].map(|name| found[name].as_u64());
    assert_eq!(counts, [2, 1, 1, 0, 1, 1, 1].map(Some), "{told}");
    assert_eq!((&told["failures"], &told["skipped"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!(told["failed"], json!(["http://a.test/gone: HTTP 404 Not Found, linked from http://a.test/"]));
    assert!(told["skipped_such_as"][0].as_str().unwrap().starts_with("http://a.test/hidden: the page asks not to be"), "{told}");
    let notice = told["notice"].as_str().unwrap();
    assert!(notice.contains("1 addresses that were met as new could not be had") && !notice.contains("looked for"), "{notice}");

    // Those of the pages that are there alone make it a refresh of which nothing came.
    world.site.page("a.test/", &["/1", "/2", "/lost"]);
    world.call("refresh_source", json!({ "source": "a.test", "older_than_hours": 1 }));
    let told = world.call("refresh_source", json!({ "source": "a.test", "older_than_hours": 1 }));
    let notice = told["notice"].as_str().unwrap();
    assert!(notice.starts_with("3 pages were not asked for, as they were fetched within older_than_hours"), "{told}");
}

#[test]
fn why_a_refresh_finds_nothing_new_is_told_as_it_is() {
    let mut world = World::new();
    world.site.page("a.test/", &["/1"]).page("a.test/1", &[]);
    world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    let told = world.call("refresh_source", json!({ "source": "a.test" }));
    let notice = told["notice"].as_str().unwrap();
    assert_eq!(notice, "new pages were not looked for, as it is not known how the source was made: crawl it again for that");

    world.chain("b.test", 6);
    world.call("smart_crawl_url", json!({ "url": "http://b.test/", "max_pages": 2, "max_depth": 100 }));
    let told = world.call("refresh_source", json!({ "source": "b.test" }));
    assert_eq!(told["refresh"]["left"], json!(1), "{told}");
    assert_eq!(told["notice"], json!("1 URLs are left at the limit of its recipe"), "{told}");
}

#[test]
fn what_a_crawl_skips_is_told_with_the_reasons() {
    let mut world = World::new();
    world.site.page("a.test/", &["/a", "/copy", "/copy/2", "/hidden", "/empty"]).page("a.test/a", &[]);
    for copy in ["a.test/copy", "a.test/copy/2"] {
        world.site.reply(copy, Reply::html(page("a.test/a", &[])));
    }
    world.site.reply("a.test/hidden", Reply::html(format!("<meta name=robots content=noindex>{}", page("hidden", &[]))));
    world.site.reply("a.test/empty", Reply::html("<title>Empty</title>"));
    let told = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_concurrent": 1 }));
    let mut reasons: Vec<_> = told["skipped_such_as"].as_array().unwrap().iter().map(|told| told.as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!((told["skipped"].as_u64(), reasons.len()), (Some(4), 3), "{told}");
    assert_eq!(reasons[0], "2 × the same content as another page (such as http://a.test/copy)");
    assert_eq!(reasons[1], "http://a.test/empty: no text in the page");
    assert!(reasons[2].starts_with("http://a.test/hidden: the page asks not to be"), "{told}");
    let status = world.call("crawl_status", json!({ "crawl_id": told["crawl_id"] }));
    assert_eq!(status["crawls"][0]["skipped_such_as"], told["skipped_such_as"]);
    // Nothing skipped, nothing said.
    let told = world.call("crawl_single_page", json!({ "url": "http://a.test/a" }));
    assert_eq!(told.get("skipped_such_as"), None, "{told}");
}

#[test]
fn patterns_that_take_no_page_are_named_as_the_reason() {
    let mut world = World::new();
    world.site.page("a.test/", &["/1"]).page("a.test/1", &[]);
    let sitemap = "<urlset><url><loc>http://a.test/1</loc></url></urlset>";
    world.site.reply("a.test/sitemap.xml", Reply::new(200, "application/xml", sitemap));
    // A page to start at is taken whatever is excluded.
    for asked in [
        json!({ "url": "http://a.test/", "include": ["/nothing/*"] }),
        json!({ "url": "http://a.test/sitemap.xml", "include": ["/nothing/*"] }),
        json!({ "url": "http://a.test/sitemap.xml", "exclude": ["/*"] }),
    ] {
        let error = world.error("smart_crawl_url", asked);
        assert!(error.ends_with("hint: of what was met include and exclude leave no page: widen the one, or narrow the other"), "{error}");
    }
    // That of another site is no matter of patterns.
    let elsewhere = "<urlset><url><loc>http://b.test/1</loc></url></urlset>";
    world.site.reply("a.test/sitemap.xml", Reply::new(200, "application/xml", elsewhere));
    let error = world.error("smart_crawl_url", json!({ "url": "http://a.test/sitemap.xml", "include": ["/1"] }));
    assert!(error.starts_with("nothing was stored") && !error.contains("widen"), "{error}");
}

#[test]
fn pages_that_are_stored_one_by_one_say_where_they_went() {
    let mut world = World::new();
    world.site.page("a.test/", &[]);
    let told = world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    assert_eq!(told["sources"], json!(["a.test"]), "{told}");
    let told = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 0 }));
    assert_eq!(told["sources"], json!(["a.test"]), "{told}");
    let told = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 0, "name": "pots" }));
    assert_eq!(told["sources"], json!(["pots"]), "{told}");
    // What stays where it is, is found there.
    let asked = json!({ "url": "http://a.test/", "dry_run": true });
    world.site.reply("a.test/", Reply::html(page("slow", &[])).after(Duration::from_secs(2)));
    let told = world.call("smart_crawl_url", asked);
    assert!(told["elapsed_ms"].as_u64().unwrap() >= 2_000, "{told}");
}

#[test]
fn a_cancelled_refresh_asks_for_nothing_more() {
    let mut world = World::new();
    let links: Vec<String> = (0..40).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    for link in &links {
        world.site.page(&format!("a.test{link}"), &[]);
    }
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    for link in &links {
        world.site.reply(&format!("a.test{link}"), Reply::status(404).after(Duration::from_secs(5)));
    }
    world.begin(7, "refresh_source", json!({ "source": "a.test" }));
    world.sleep(7);
    world.cancel(7);
    let requests = world.requests();
    world.sleep(60);
    assert_eq!(world.requests(), requests);
    assert!(world.pages() > 20, "what was not asked for is still there");
}

#[test]
fn a_page_is_read_from_the_store_else_from_its_site() {
    let mut world = World::new();
    let long: String = (0..400).map(|number| format!("<p>Paragraph {number} with some words that fill it.</p>")).collect();
    world.site.reply("a.test/long", Reply::html(format!("<title>Long</title><main><h1>Long</h1>{long}</main>")));
    let asked = json!({ "url": "http://a.test/long#part", "max_chars": 5_000 });
    let web = world.call("read_page", asked.clone());
    assert_eq!((&web["from"], &web["title"]), (&json!("web"), &json!("Long")), "{web}");
    assert_eq!(world.pages(), 0, "reading stores nothing");
    world.call("crawl_single_page", json!({ "url": "http://a.test/long" }));
    world.site.reply("a.test/long", Reply::html("<title>New</title><main><p>Other text.</main>"));
    let stored = world.call("read_page", asked.clone());
    // Whose copy it is takes some of the room.
    assert_eq!((&stored["from"], &stored["source_id"]), (&json!("store"), &json!("a.test")));
    let start = |page: &Value| page["markdown"].as_str().unwrap().chars().take(4_000).collect::<String>();
    assert_eq!(start(&stored), start(&web));
    assert_eq!(world.call("fetch_url", asked)["title"], json!("New"), "always as it is now");

    // The parts are the page, and each fits.
    let (mut offset, mut whole) = (json!(0), String::new());
    while !offset.is_null() {
        let part = world.call("read_page", json!({ "url": "http://a.test/long", "max_chars": 5_000, "offset": offset }));
        assert!(text_of(&part) <= 5_000, "{}", text_of(&part));
        whole.push_str(part["markdown"].as_str().unwrap());
        offset = part["next_offset"].clone();
    }
    assert_eq!(stored["total_chars"], json!(whole.chars().count()));
    assert!(whole.ends_with("Paragraph 399 with some words that fill it.\n") || whole.ends_with("fill it."), "{whole:?}");
    assert!(text_of(&world.call("read_page", json!({ "url": "http://a.test/long" }))) <= 20_000);
    let error = world.error("read_page", json!({ "url": "http://a.test/long", "offset": 1_000_000 }));
    assert!(error.contains("the page has") && error.contains("next_offset"), "{error}");
}

#[test]
fn a_site_that_does_not_answer_is_given_up_before_the_client_gives_up() {
    let mut world = World::new();
    world.site.reply("a.test/slow", Reply::html("late").after(Duration::from_secs(400)));
    for tool in ["fetch_url", "read_page"] {
        let before = world.now();
        let error = world.error(tool, json!({ "url": "http://a.test/slow" }));
        assert_eq!((world.now() - before).as_secs(), 45, "{tool}");
        assert!(error.starts_with("http://a.test/slow: no answer within 45 s") && error.contains("crawl_single_page"), "{error}");
    }
    // Which goes on in the background.
    let page = world.call("crawl_single_page", json!({ "url": "http://a.test/slow" }));
    assert_eq!(page["state"], json!("running"), "{page}");
}

#[test]
fn searches_are_narrowed_paged_and_bounded() {
    let mut world = World::new();
    let links: Vec<String> =
        (0..30).map(|number| format!("/guide/{number}")).chain((0..30).map(|number| format!("/api/{number}"))).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    for link in &links {
        let words = format!("Waiting for a task, as {link} says. {}", "More about it follows here. ".repeat(20));
        let language = if link.starts_with("/api") { "rust" } else { "python3" };
        let code = format!("<pre><code class=language-{language}>task = wait()\nprint(\"{link}\")</code></pre>");
        let html = format!("<title>{link}</title><main><h1>{link}</h1><p>{words}</p>{code}</main>");
        world.site.reply(&format!("a.test{link}"), Reply::html(html));
    }
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));

    let guide =
        world.call("perform_rag_query", json!({ "query": "waiting for a task", "url_prefix": "http://a.test/guide/", "match_count": 50 }));
    let urls = |answer: &Value| -> Vec<String> {
        answer["results"].as_array().unwrap().iter().map(|found| found["url"].as_str().unwrap().to_owned()).collect()
    };
    let all = urls(&guide);
    assert!(!all.is_empty() && all.iter().all(|url| url.contains("/guide/")), "{all:?}");
    assert!(text_of(&guide) <= 20_000);

    // Page by page, each within its bound, no result twice and none left out.
    let (mut offset, mut seen) = (json!(0), Vec::new());
    while !offset.is_null() {
        let asked = json!({ "query": "waiting for a task", "url_prefix": "http://a.test/guide/", "match_count": 7, "offset": offset, "max_chars": 3_000 });
        let answer = world.call("perform_rag_query", asked);
        assert!(text_of(&answer) <= 3_000, "{}", text_of(&answer));
        let count = answer["count"].as_u64().unwrap();
        assert!(count > 0 && (count == 7 || answer["notice"].as_str().is_none_or(|notice| notice.contains("max_chars"))), "{answer}");
        seen.extend(urls(&answer));
        offset = answer["next_offset"].clone();
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (30, 30));

    for (language, part) in [("python", "/guide/"), ("RS", "/api/")] {
        let code = world.call(
            "search_code_examples",
            json!({ "query": "wait for a task", "language": language, "match_count": 50, "max_chars": 100_000 }),
        );
        assert_eq!(code["count"], json!(30), "{language}");
        assert!(urls(&code).iter().all(|url| url.contains(part)), "{language}");
    }
    for (tool, narrowed) in [
        ("perform_rag_query", json!({ "query": "waiting for a task", "page_kind": "page", "offset": 90 })),
        ("search_code_examples", json!({ "query": "wait", "language": "rust", "offset": 90 })),
    ] {
        let past = world.call(tool, narrowed);
        let notice = past["notice"].as_str().unwrap();
        assert!(notice.starts_with("no more results: there are ") && !notice.contains("; "), "{past}");
    }
    let none = world.call("search_code_examples", json!({ "query": "wait", "language": "go" }));
    let notice = none["notice"].as_str().unwrap();
    assert!(none["count"] == json!(0) && notice.contains("python") && notice.contains("rust"), "{notice}");
    let error = world.error("perform_rag_query", json!({ "query": "task", "url_prefix": "http://a.test/guides/" }));
    assert!(error.starts_with("no page is stored whose address begins with http://a.test/guides/\nhint: "), "{error}");
    let contents = world.call("perform_rag_query", json!({ "query": "waiting for a task", "page_kind": "contents" }));
    assert_eq!(contents["count"], json!(0));
    assert!(contents["notice"].as_str().unwrap().contains("page_kind"), "{contents}");
    let error = world.error("perform_rag_query", json!({ "query": "task", "since": "lately" }));
    assert!(error.starts_with("\"lately\" is no date\nhint: "), "{error}");
    let error = world.error("perform_rag_query", json!({ "query": "task", "url_prefix": "a.test/guide" }));
    assert!(error.contains("did you mean https://a.test/guide?"), "{error}");
}

#[test]
fn a_page_that_several_sources_have_is_read_from_the_one_that_is_named() {
    let mut world = World::new();
    for (version, text) in [("1.0", "Shut the lid with shut_lid."), ("2.0", "Shut the lid with close_lid.")] {
        world.site.page("a.test/", &["/lid"]);
        world.site.reply("a.test/lid", Reply::html(format!("<title>Lid</title><main><h1>Lid</h1><p>{text}</p></main>")));
        world.call("smart_crawl_url", json!({ "url": "http://a.test/", "name": "kettle", "lib_version": version, "fresh": true }));
    }
    let found = world.call("perform_rag_query", json!({ "query": "shut_lid", "source": "kettle@1.0" }));
    let hit = &found["results"][0];
    let read = |world: &mut World, source: Option<&Value>| {
        world.call("read_page", json!({ "url": hit["url"], "source": source.unwrap_or(&Value::Null) }))
    };
    let named = read(&mut world, Some(&hit["source_id"]));
    assert!(named["markdown"].as_str().unwrap().contains("shut_lid") && named.get("notice").is_none(), "{named}");
    assert_eq!(named["source_id"], "kettle@1.0");
    let last = read(&mut world, None);
    assert!(last["markdown"].as_str().unwrap().contains("close_lid") && last["source_id"] == "kettle@2.0", "{last}");
    assert!(last["notice"].as_str().unwrap().contains("also stored in kettle@1.0"), "{last}");
    // Nothing is fetched in its place.
    world.site.page("a.test/more", &[]);
    let error = world.error("read_page", json!({ "url": "http://a.test/more", "source": "kettle@1.0" }));
    assert!(error.starts_with("http://a.test/more is not stored in kettle@1.0\nhint: "), "{error}");
    let error = world.error("read_page", json!({ "url": "http://a.test/lod" }));
    assert!(error.contains("HTTP 404") && error.contains("stored nearest to it: http://a.test/lid"), "{error}");
}

#[test]
fn every_next_offset_is_taken_until_the_end_or_until_it_is_said_that_there_is_more() {
    let mut world = World::new();
    let links: Vec<String> = (0..120).map(|number| format!("/{number}")).collect();
    world.site.page("a.test/", &links.iter().map(String::as_str).collect::<Vec<_>>());
    for link in &links {
        let html = format!("<title>{link}</title><main><p>Waiting for a task, as page {link} says. {}</p></main>", link.repeat(40));
        world.site.reply(&format!("a.test{link}"), Reply::html(html));
    }
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    for count in [5, 7, 50] {
        let (mut offset, mut seen, mut last) = (json!(0), Vec::new(), Value::Null);
        while !offset.is_null() {
            let asked = json!({ "query": "waiting for a task", "match_count": count, "offset": offset, "max_chars": 100_000 });
            last = world.call("perform_rag_query", asked);
            seen.extend(last["results"].as_array().unwrap().iter().map(|found| found["url"].as_str().unwrap().to_owned()));
            offset = last["next_offset"].clone();
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((all, seen.len()), (99, 99), "{count}");
        assert!(last["notice"].as_str().unwrap().contains("there are more than can be paged through"), "{last}");
    }
}

#[test]
fn errors_tell_what_failed_where_and_what_to_do() {
    let mut world = World::new();
    world.site.reply("a.test/robots.txt", Reply::new(200, "text/plain", "User-agent: *\nDisallow: /private/\n"));
    world.site.page("a.test/", &[]).reply("a.test/busy", Reply::status(503)).reply("a.test/image", Reply::new(200, "image/png", "x"));
    world.site.reply("a.test/empty", Reply::html("<title>Empty</title><script>fill()</script>"));
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    for (tool, arguments, words) in [
        ("smart_crawl_url", json!({ "url": "a.test" }), &["not a URL", "did you mean https://a.test"][..]),
        ("smart_crawl_url", json!({ "url": "ftp://a.test/" }), &["unsupported scheme", "only http and https"]),
        ("smart_crawl_url", json!({ "url": "http://a.test/", "max_depth": 101 }), &["max_depth is 101", "may be 0 to 100"]),
        ("smart_crawl_url", json!({ "url": "http://a.test/", "max_pages": 0 }), &["max_pages is 0", "may be 1 to"]),
        ("smart_crawl_url", json!({ "url": "http://nowhere.test/" }), &["http://nowhere.test/", "check the spelling of the host"]),
        ("crawl_single_page", json!({ "url": "http://a.test/gone" }), &["nothing was stored: http://a.test/gone: HTTP 404", "hint: "]),
        ("crawl_single_page", json!({ "url": "http://a.test/busy" }), &["http://a.test/busy: HTTP 503", "may succeed if tried again"]),
        ("crawl_single_page", json!({ "url": "http://a.test/private/x" }), &["http://a.test/private/x", "robots.txt", "another page"]),
        ("crawl_single_page", json!({ "url": "http://a.test/image" }), &["http://a.test/image", "not a page: image/png", "another page"]),
        ("crawl_single_page", json!({ "url": "http://a.test/empty" }), &["http://a.test/empty", "needs a browser"]),
        ("fetch_url", json!({ "url": "http://a.test/gone" }), &["http://a.test/gone: HTTP 404", "hint: "]),
        ("fetch_url", json!({ "url": "http://a.test/busy" }), &["http://a.test/busy: HTTP 503", "may succeed if tried again"]),
        ("fetch_url", json!({ "url": "http://a.test/private/x" }), &["http://a.test/private/x", "robots.txt"]),
        ("fetch_url", json!({ "url": "http://a.test/image" }), &["http://a.test/image", "not a page: image/png"]),
        ("read_page", json!({ "url": "http://a.test/empty" }), &["http://a.test/empty", "needs a browser", "smolcrawl help scripts"]),
        ("read_page", json!({ "url": "nowhere" }), &["not a URL", "did you mean"]),
        ("crawl_status", json!({ "crawl_id": "crawl-99" }), &["there is no crawl \"crawl-99\"", "known are: "]),
        ("cancel_crawl", json!({ "crawl_id": "crawl-99" }), &["there is no crawl \"crawl-99\"", "known are: "]),
        ("cancel_crawl", json!({}), &["`crawl_id` is missing", "it takes crawl_id"]),
        ("remove_source", json!({ "source": "b.test" }), &["no source \"b.test\" is stored", "stored are: a.test"]),
        ("refresh_source", json!({ "source": "b.test" }), &["no source \"b.test\" is stored", "stored are: a.test"]),
        ("perform_rag_query", json!({ "query": "x", "source": "b.test" }), &["no source \"b.test\" is stored", "stored are: a.test"]),
        ("perform_rag_query", json!({ "query": "x", "max_chars": 10 }), &["max_chars is 10", "may be 1000 to"]),
        ("perform_rag_query", json!({ "query": "x", "offset": 99 }), &["offset is 99", "may be 0 to 98"]),
        ("perform_rag_query", json!({ "query": "?!" }), &["the query is empty", "at least one word"]),
        ("search_code_examples", json!({ "query": "x", "match_count": 51 }), &["match_count is 51", "may be 1 to 50"]),
        ("get_available_sources", json!({ "offset": 9 }), &["offset is 9", "may be 0 to 1"]),
    ] {
        let error = world.error(tool, arguments.clone());
        for word in words {
            assert!(error.contains(word), "{tool} {arguments}: {word:?} is missing in {error:?}");
        }
        let transient = error.contains("may succeed if tried again");
        assert_eq!(transient, words.iter().any(|word| word.contains("tried again") || word.contains("spelling")), "{error}");
    }
}

#[test]
fn numbers_are_taken_as_clients_write_them_by_every_tool() {
    let mut world = World::new();
    world.site.page("a.test/", &[]);
    world.call(
        "smart_crawl_url",
        json!({ "url": "http://a.test/", "max_depth": "1", "max_pages": 5.0, "wait_seconds": "10", "chunk_size": null }),
    );
    world.call("perform_rag_query", json!({ "query": "x", "match_count": "3", "offset": 0.0, "source": null }));
    world.call("search_code_examples", json!({ "query": "x", "match_count": 3.0, "max_chars": "2000" }));
    // Either name of a source.
    for name in ["source", "source_id"] {
        for tool in ["perform_rag_query", "search_code_examples"] {
            let error = world.error(tool, json!({ "query": "x", name: "nowhere.test" }));
            assert!(error.starts_with("no source \"nowhere.test\" is stored"), "{error}");
        }
    }
    world.call("read_page", json!({ "url": "http://a.test/", "max_chars": 2000.0 }));
    world.call("get_available_sources", json!({ "offset": "0" }));
    world.call("refresh_source", json!({ "source": "a.test", "wait_seconds": "45" }));
    world.call("crawl_status", json!({ "wait_seconds": 1.0 }));
    for (sent, shown) in [(json!(2.5), "2.5"), (json!("many"), "\"many\""), (json!(true), "boolean")] {
        let error = world.error("perform_rag_query", json!({ "query": "x", "match_count": sent }));
        assert!(error.starts_with("the arguments do not fit: `match_count` must be integer, not ") && error.contains(shown), "{error}");
    }
    for sent in [json!(-1), json!("-1"), json!(51), json!("51.0"), json!(4_294_967_296_u64)] {
        let error = world.error("perform_rag_query", json!({ "query": "x", "match_count": sent }));
        assert!(error.contains("match_count") || error.contains("expected u32"), "{error}");
    }
}

#[test]
fn what_errors_repeat_of_arguments_is_short_and_steers_nothing() {
    let mut world = World::new();
    world.site.page("a.test/", &[]);
    world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    for long in ["x".repeat(100_000), "\u{202e}\u{1b}[31m".repeat(20_000), "word ".repeat(20_000)] {
        for (tool, arguments) in [
            ("perform_rag_query", json!({ "query": "x", "source": long })),
            ("perform_rag_query", json!({ "query": "x", "match_count": long })),
            ("read_page", json!({ "url": long })),
            ("read_page", json!({ "url": format!("http://a.test/{long}") })),
            ("crawl_status", json!({ "crawl_id": long })),
            ("cancel_crawl", json!({ "crawl_id": long })),
            ("remove_source", json!({ "source": long })),
        ] {
            let error = world.error(tool, arguments);
            assert!(error.chars().count() < 1_000, "{tool}: {} characters", error.chars().count());
            assert!(!error.contains(['\u{1b}', '\u{202e}']), "{tool}: {error:?}");
        }
    }
}

#[test]
fn text_of_pages_is_marked_and_stays_as_it_is() {
    let mut world = World::new();
    world.site.page("a.test/", &[]);
    world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    for (tool, arguments, is_marked) in [
        ("read_page", json!({ "url": "http://a.test/" }), true),
        ("fetch_url", json!({ "url": "http://a.test/" }), true),
        ("perform_rag_query", json!({ "query": "a" }), true),
        ("search_code_examples", json!({ "query": "a" }), true),
        ("verify_page", json!({ "url": "http://a.test/" }), true),
        ("get_available_sources", json!({}), false),
    ] {
        let result = world.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        checked(&result);
        assert_eq!(result["content"][0]["_meta"]["smolcrawl/untrusted"].is_string(), is_marked, "{result}");
    }
    let read = world.ask("resources/read", json!({ "uri": "http://a.test/" }));
    assert!(read["contents"][0]["_meta"]["smolcrawl/untrusted"].is_string(), "{read}");
}

#[test]
fn private_addresses_are_refused_by_every_tool_at_every_hop() {
    let mut world = World::with(PrivateAddresses::Refuse);
    world.site.page("a.test/", &[]).reply("public.test/away", Reply::redirect("http://a.test/")).page("public.test/", &["/page"]);
    world.site.page("public.test/page", &[]);
    for tool in ["smart_crawl_url", "crawl_single_page", "fetch_url", "read_page"] {
        for url in ["http://a.test/", "http://10.0.0.1/", "http://public.test/away"] {
            let error = world.error(tool, json!({ "url": url }));
            assert!(error.contains("private") && error.contains("--allow-private"), "{tool} {url}: {error}");
        }
        assert!(world.site.asked().iter().all(|asked| asked.host != "a.test"), "{tool}");
    }
    // A page that was public when it was stored.
    world.call("smart_crawl_url", json!({ "url": "http://public.test/" }));
    for page in ["public.test/", "public.test/page"] {
        world.site.reply(page, Reply::redirect("http://a.test/"));
    }
    let error = world.error("refresh_source", json!({ "source": "public.test" }));
    assert!(error.starts_with("nothing was refreshed: http://public.test/") && error.contains("private"), "{error}");
    assert!(world.site.asked().iter().all(|asked| asked.host != "a.test"));
}

#[test]
fn the_table_of_tools_is_small_enough_for_a_context() {
    let mut world = World::new();
    let tools = world.ask("tools/list", json!({}));
    let size = text_of(&tools);
    assert!(size < 16_000, "{size} characters");
    let listed = tools["tools"].as_array().unwrap();
    for tool in listed {
        let hints = &tool["annotations"];
        assert!(hints["readOnlyHint"].is_boolean() || hints["destructiveHint"].is_boolean(), "{tool}");
        for (name, parameter) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(parameter["description"].as_str().is_some_and(|words| !words.is_empty()), "{}: {name}", tool["name"]);
        }
    }
    let removes = listed.iter().find(|tool| tool["name"] == "remove_source").unwrap();
    assert_eq!(removes["annotations"]["destructiveHint"], json!(true));
}

#[test]
fn the_list_of_sources_comes_in_parts_where_it_is_long() {
    let mut world = World::new();
    for host in ["a", "b", "c", "d", "e"] {
        world.site.page(&format!("{host}.test/"), &[]);
        world.call("crawl_single_page", json!({ "url": format!("http://{host}.test/") }));
    }
    let (mut offset, mut names) = (json!(0), Vec::new());
    while !offset.is_null() {
        let list = world.call("get_available_sources", json!({ "offset": offset, "max_chars": 1_000 }));
        assert!(text_of(&list) <= 1_000 && list["count"] == json!(5), "{list}");
        names.extend(list["sources"].as_array().unwrap().iter().map(|source| source["source_id"].as_str().unwrap().to_owned()));
        offset = list["next_offset"].clone();
    }
    assert_eq!(names, ["a.test", "b.test", "c.test", "d.test", "e.test"]);
}

/// A name of many letters takes more room than there is beside the rest of an answer, and names have letters of all alphabets.
#[test]
fn sources_of_any_name_are_listed_once_and_to_the_end() {
    let mut world = World::new();
    let names = ["kettle", &"k".repeat(200), "чайник", "茶壶", "z"];
    for (host, name) in ["a", "b", "c", "d", "e"].iter().zip(names) {
        world.site.page(&format!("{host}.test/"), &[]);
        world.call("smart_crawl_url", json!({ "url": format!("http://{host}.test/"), "name": name, "lib_version": "1".repeat(200) }));
    }
    let (mut offset, mut listed) = (json!(0), Vec::new());
    while !offset.is_null() {
        assert!(listed.len() < names.len(), "{listed:?}");
        let list = world.call("get_available_sources", json!({ "offset": offset, "max_chars": 1_000 }));
        listed.extend(list["sources"].as_array().unwrap().iter().map(|source| source["source_id"].as_str().unwrap().to_owned()));
        offset = list["next_offset"].clone();
    }
    let mut expected = names.map(|name| format!("{name}@{}", "1".repeat(200)));
    expected.sort();
    assert_eq!(listed, expected);
    let resources = world.ask("resources/list", json!({}));
    let of_sources = resources["resources"].as_array().unwrap().iter().filter(|of| of["uri"].as_str().unwrap().starts_with("smolcrawl:"));
    assert_eq!(of_sources.map(|of| of["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), expected);
}

#[test]
fn pages_are_removed_below_an_address_and_never_below_none() {
    let mut world = World::new();
    world.site.page("a.test/", &["/guide/a", "/guide/b", "/api"]);
    for path in ["guide/a", "guide/b", "api"] {
        world.site.page(&format!("a.test/{path}"), &[]);
    }
    world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
    // Who leaves out the rest means no whole source.
    for (source, blank) in [("a.test", ""), ("a.test", " "), ("http://a.test/api", "")] {
        let error = world.error("remove_source", json!({ "source": source, "pages_below": blank }));
        assert!(error.starts_with("pages_below is empty\nhint: "), "{error}");
    }
    let error = world.error("remove_source", json!({ "source": "http://a.test/api" }));
    assert!(error.contains("is a page"), "{error}");
    let error = world.error("remove_source", json!({ "source": "a.test", "pages_below": "http://a.test/guides" }));
    assert!(error.starts_with("no page of a.test begins with http://a.test/guides\nhint: "), "{error}");
    let error = world.error("remove_source", json!({ "source": "a.test", "pages_below": "a.test/guide" }));
    assert!(error.contains("did you mean https://a.test/guide?"), "{error}");
    assert_eq!(world.pages(), 4);
    let removed = world.call("remove_source", json!({ "source": "a.test", "pages_below": "HTTP://A.TEST/guide/" }));
    assert_eq!((removed["pages_removed"].as_u64(), world.pages()), (Some(2), 2), "{removed}");
}

/// One page of a site may show many, each under what is behind `#`.
#[test]
fn a_route_is_a_page_by_itself_to_every_tool() {
    let mut world = World::new();
    for (url, text) in [("", "The home of cups."), ("#/guide", "Spoons are laid by hand."), ("#/api", "Forks."), ("lid#part", "Lids.")] {
        let url = format!("http://a.test/{url}").parse().unwrap();
        let page = Document::new(url, "Page", format!("# Page\n\n{text}\n"), SystemTime::now());
        world.handle.block_on(world.engine.put(page, Chunking::default())).unwrap();
    }
    let read = |world: &mut World, uri: &str| world.ask("resources/read", json!({ "uri": uri }))["contents"][0]["text"].clone();
    for (uri, text) in [("", "cups"), ("#/guide", "Spoons"), ("lid#part", "Lids")] {
        let uri = format!("http://a.test/{uri}");
        assert!(read(&mut world, &uri).as_str().unwrap().contains(text), "{uri}");
        let page = world.call("read_page", json!({ "url": uri }));
        assert!(page["url"] == json!(uri) && page["markdown"].as_str().unwrap().contains(text), "{page}");
    }
    // What is behind `#` is a place in any other page.
    assert!(read(&mut world, "http://a.test/#page").as_str().unwrap().contains("cups"));
    world.tell(json!({ "jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": { "uri": "http://a.test/#/nowhere" } }));
    assert!(world.receive()["error"]["message"].as_str().unwrap().contains("not stored"));
    let error = world.error("verify_page", json!({ "url": "http://a.test/#/nowhere" }));
    assert!(error.contains("http://a.test/#/nowhere"), "{error}");
    let found = world.call("perform_rag_query", json!({ "query": "page", "url_prefix": "http://a.test/#/guide" }));
    assert_eq!((&found["count"], &found["results"][0]["url"]), (&json!(1), &json!("http://a.test/#/guide")), "{found}");
    let removed = world.call("remove_source", json!({ "source": "a.test", "pages_below": "http://a.test/#/guide" }));
    assert_eq!((removed["pages_removed"].as_u64(), world.pages()), (Some(1), 3), "{removed}");
}

#[test]
fn an_empty_string_is_a_parameter_that_is_left_out() {
    let mut world = World::new();
    world.site.page("a.test/", &[]);
    let blank = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!(""))).collect::<serde_json::Map<_, _>>();
    let with = |named: Value, names: &[&str]| {
        let mut all = blank(names);
        all.extend(named.as_object().unwrap().clone());
        Value::Object(all)
    };
    let rest = ["max_depth", "max_pages", "include", "language", "name", "lib_version", "fresh", "chunk_size", "wait_seconds"];
    world.call("smart_crawl_url", with(json!({ "url": "http://a.test/" }), &rest));
    let rest = ["source", "url_prefix", "page_kind", "since", "project", "match_count", "offset", "max_chars"];
    let found = world.call("perform_rag_query", with(json!({ "query": "test" }), &rest));
    assert_eq!(found["count"], 1, "{found}");
    // Of two names for one thing the one that says something counts.
    let error = world.error("perform_rag_query", json!({ "query": "test", "source": "", "source_id": "nowhere.test" }));
    assert!(error.starts_with("no source \"nowhere.test\" is stored"), "{error}");
    world.call("read_page", with(json!({ "url": "http://a.test/" }), &["source", "offset", "max_chars"]));
    world.call("refresh_source", with(json!({ "source": "a.test" }), &["older_than_hours", "wait_seconds"]));
    let error = world.error("smart_crawl_url", json!({ "url": "" }));
    assert!(!error.contains("is missing"), "{error}");
}

/// Every page but the first asks not to be indexed and has links to more of the kind.
#[test]
fn a_crawl_that_reaches_a_limit_says_so() {
    let mut world = World::new();
    world.site.reply("a.test/", Reply::html(page("a page with words", &["/trap/0"])));
    world.site.on("a.test/*", |asked| {
        let links: Vec<String> = (0..20).map(|number| format!("{}/{number}", asked.target.replace("/robots.txt", ""))).collect();
        let links: Vec<_> = links.iter().map(String::as_str).collect();
        Reply::html(format!("<meta name=robots content=noindex>{}", page(&asked.target, &links)))
    });
    world.site.reply("a.test/robots.txt", Reply::status(404));
    let report = world.call("smart_crawl_url", json!({ "url": "http://a.test/", "max_pages": 2, "max_depth": 100 }));
    assert_eq!(world.requests() + 1, 140, "20 for each page, and 100; robots.txt is one of them");
    let notice = report["notice"].as_str().unwrap_or_else(|| panic!("{report}"));
    assert!(notice.starts_with("stopped after 140 requests with at least "), "{notice}");

    world.site.page("b.test/", &["/1", "/2", "/3"]).on("b.test/*", |asked| Reply::html(page(&asked.target, &[])));
    let report = world.call("smart_crawl_url", json!({ "url": "http://b.test/", "max_pages": 2, "max_concurrent": 1 }));
    let notice = report["notice"].as_str().unwrap_or_else(|| panic!("{report}"));
    assert!(notice.starts_with("stopped at max_pages 2 with at least 2 URLs left"), "{notice}");
    let report = world.call("smart_crawl_url", json!({ "url": "http://b.test/", "max_pages": 4 }));
    assert_eq!(report.get("notice"), None, "nothing was left");
}

#[test]
fn a_crawl_goes_on_after_its_limit_and_a_refresh_leaves_out_what_is_young() {
    let mut world = World::new();
    world.chain("a.test", 6);
    let asked = |pages: u32, more: Value| {
        let mut asked = json!({ "url": "http://a.test/", "max_pages": pages, "max_depth": 100 });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    assert_eq!(world.call("smart_crawl_url", asked(2, json!({})))["pages_stored"], json!(2));
    let report = world.call("smart_crawl_url", asked(6, json!({ "resume": true })));
    assert!(report["notice"].as_str().unwrap().contains("went on after the 2 pages of an earlier crawl"), "{report}");
    assert_eq!(world.call("get_available_sources", json!({}))["sources"][0]["pages"], json!(6));
    let error = world.error("smart_crawl_url", asked(6, json!({ "resume": true, "fresh": true })));
    assert!(error.contains("fresh and resume exclude each other"), "{error}");

    let before = world.requests();
    let report = world.call("refresh_source", json!({ "source": "a.test", "older_than_hours": 1 }));
    assert_eq!((report["state"].clone(), world.requests() - before <= 2), (json!("done"), true), "no page is an hour old: {report}");
    for wrong in [0, 87_601] {
        let error = world.error("refresh_source", json!({ "source": "a.test", "older_than_hours": wrong }));
        assert!(error.contains("older_than_hours"), "{error}");
    }
}
