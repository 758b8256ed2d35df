//! What `smolcrawl serve` offers beside its tools, as a client of each revision sees it: resources, links to them, prompts,
//! completions, and notifications of changes. Every message is judged by the published schemas. Time is virtual.
#![cfg(all(feature = "surf", feature = "schema"))]

#[path = "../src/mcp/session/oracle.rs"]
mod oracle;
#[path = "support/served.rs"]
mod served;
#[path = "support/site.rs"]
mod site;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use futures_lite::io::{BufReader, WriteHalf, split};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt, StreamExt, future};
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::Chunking;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{Document, SourceId};
use smolcrawl::reactor::{Handle, Socket};

use oracle::Oracle;
use served::{Served, serve};
use site::{Reply, Site, page};

const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const MODERN: &str = "2026-07-28";
const LATEST_WITH_HANDSHAKE: &str = "2025-11-25";

/// A site, a server, and a client of one revision on a connection to it.
struct World {
    handle: Handle,
    site: Site,
    engine: Engine,
    revision: &'static str,
    to: WriteHalf<Socket>,
    lines: async_channel::Receiver<String>,
    oracle: Oracle,
    /// Notifications so far: when, and what.
    told: Vec<(Duration, Value)>,
    began: Instant,
    asked: u32,
}

impl World {
    fn new(revision: &'static str) -> Self {
        Self::on(revision, Path::new(":memory:"))
    }

    fn on(revision: &'static str, database: &Path) -> Self {
        let Served { sim, handle, site, engine, socket } = serve(database, PrivateAddresses::Allow);
        let (from, to) = split(socket);
        let (sender, lines) = async_channel::unbounded();
        sim.spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Some(Ok(line)) = lines.next().await {
                sender.send(line).await.unwrap();
            }
        });
        let began = handle.now();
        let oracle = Oracle::default();
        let mut world = Self { handle, site, engine, revision, to, lines, oracle, told: Vec::new(), began, asked: 0 };
        if revision != MODERN {
            let client = json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
            assert_eq!(world.ask("initialize", client)["protocolVersion"], json!(revision));
        }
        world
    }

    fn now(&self) -> Duration {
        self.handle.now() - self.began
    }

    /// Sends a request; its id.
    fn send(&mut self, method: &str, mut parameters: Value) -> u32 {
        self.asked += 1;
        if self.revision == MODERN {
            parameters["_meta"] =
                json!({ "io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {} });
        }
        let line = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": parameters }).to_string();
        self.oracle.asked(&line);
        self.handle.block_on(self.to.write_all(format!("{line}\n").as_bytes())).unwrap();
        self.asked
    }

    /// The answer to a request; notifications on the way are kept.
    fn answer(&mut self, id: u32) -> Value {
        loop {
            let line = self.handle.block_on(self.lines.recv()).unwrap();
            let message = self.heard(&line);
            if message["id"] == json!(id) {
                return message;
            }
        }
    }

    fn heard(&mut self, line: &str) -> Value {
        let message: Value = serde_json::from_str(line).unwrap();
        self.oracle.judge(&message);
        if message["method"].is_string() {
            self.told.push((self.now(), message.clone()));
        }
        message
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let id = self.send(method, parameters);
        let answer = self.answer(id);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// Code and words of the error that a request ends with.
    fn error(&mut self, method: &str, parameters: Value) -> (i64, String) {
        let id = self.send(method, parameters);
        let error = self.answer(id)["error"].clone();
        (error["code"].as_i64().unwrap_or_else(|| panic!("no error: {error}")), error["message"].as_str().unwrap().to_owned())
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(result["isError"].is_null(), "{result}");
        result
    }

    fn read(&mut self, uri: &str) -> String {
        let contents = self.ask("resources/read", json!({ "uri": uri }))["contents"].clone();
        assert_eq!((contents.as_array().unwrap().len(), &contents[0]["uri"]), (1, &json!(uri)), "{contents}");
        let is_page = uri.starts_with("http");
        assert_eq!(contents[0]["mimeType"], json!(if is_page { "text/markdown" } else { "application/json" }));
        contents[0]["text"].as_str().unwrap().to_owned()
    }

    /// The values that are suggested, and how many there are in all.
    fn suggested(&mut self, reference: Value, argument: &str, typed: &str) -> (Vec<String>, u64) {
        let argument = json!({ "name": argument, "value": typed });
        let completion = self.ask("completion/complete", json!({ "ref": reference, "argument": argument }))["completion"].clone();
        let total = completion["total"].as_u64().unwrap();
        let values: Vec<String> = serde_json::from_value(completion["values"].clone()).unwrap();
        assert_eq!(completion["hasMore"], json!(total > values.len() as u64), "{completion}");
        (values, total)
    }

    /// The URIs of one part of the list, and where it goes on.
    fn part(&mut self, cursor: Option<Value>) -> (Vec<String>, Option<Value>) {
        let parameters = cursor.map_or(json!({}), |cursor| json!({ "cursor": cursor }));
        let list = self.ask("resources/list", parameters);
        let uris = list["resources"].as_array().unwrap().iter().map(|resource| resource["uri"].as_str().unwrap().to_owned());
        (uris.collect(), list.get("nextCursor").cloned())
    }

    fn list(&mut self) -> Vec<String> {
        let (mut all, mut next) = self.part(None);
        while next.is_some() {
            let (more, after) = self.part(next);
            all.extend(more);
            next = after;
        }
        all
    }

    fn store(&self, url: &str, markdown: &str) {
        let fetched_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let document = Document::new(url.parse().unwrap(), format!("Title of {url}"), markdown, fetched_at);
        self.handle.block_on(self.engine.put(document, Chunking { min_chars: 0, ..Chunking::default() })).unwrap();
    }

    /// Lets time pass and hears what is said meanwhile.
    fn wait(&mut self, seconds: u64) {
        let until = self.handle.now() + Duration::from_secs(seconds);
        loop {
            let (handle, lines) = (self.handle.clone(), self.lines.clone());
            let heard = async { lines.recv().await.ok() };
            let passed = async {
                handle.sleep(until.saturating_duration_since(handle.now())).await;
                None
            };
            match self.handle.block_on(future::or(heard, passed)) {
                Some(line) => _ = self.heard(&line),
                None => return,
            }
        }
    }

    /// When the list was said to have changed since the last time this was asked, and which resources.
    fn news(&mut self) -> (Vec<Duration>, Vec<String>) {
        let (mut lists, mut updated) = (Vec::new(), Vec::new());
        for (at, message) in std::mem::take(&mut self.told) {
            match message["method"].as_str().unwrap() {
                "notifications/resources/list_changed" => lists.push(at),
                "notifications/resources/updated" => updated.push(message["params"]["uri"].as_str().unwrap().to_owned()),
                "notifications/subscriptions/acknowledged" => {}
                _ => panic!("{message}"),
            }
        }
        (lists, updated)
    }

    /// Wants to hear of the list and of these resources.
    fn subscribe(&mut self, uris: &[&str]) {
        if self.revision == MODERN {
            let wanted = json!({ "resourcesListChanged": true, "resourceSubscriptions": uris });
            self.send("subscriptions/listen", json!({ "notifications": wanted }));
        } else {
            uris.iter().for_each(|uri| _ = self.ask("resources/subscribe", json!({ "uri": uri })));
        }
    }
}

fn links(result: &Value) -> Vec<String> {
    let content = result["content"].as_array().unwrap();
    let links = content.iter().filter(|piece| piece["type"] == "resource_link");
    links.map(|link| link["uri"].as_str().unwrap().to_owned()).collect()
}

/// Characters of what a model is shown: the text, and the links.
fn size(result: &Value) -> usize {
    let content = result["content"].as_array().unwrap();
    content[0]["text"].as_str().unwrap().chars().count() + content[1..].iter().map(characters).sum::<usize>()
}

fn characters(value: &Value) -> usize {
    value.to_string().chars().count()
}

#[test]
fn all_that_is_stored_is_listed_in_parts_and_in_order() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        assert_eq!(world.list(), [] as [&str; 0], "{revision}: nothing is stored");
        for number in 0..450 {
            world.store(&format!("https://b.test/{number:03}"), "Text.");
        }
        world.store("http://a.test:81/x?y=%20z", "Text.");
        let all = world.list();
        assert_eq!(
            all[..4],
            ["smolcrawl://source/a.test:81", "smolcrawl://source/b.test", "http://a.test:81/x?y=%20z", "https://b.test/000"]
        );
        assert_eq!((all.len(), &all), (453, &world.list()), "{revision}");

        // What goes and comes between two parts moves nothing.
        let (first, next) = world.part(None);
        assert_eq!(first.len(), 200);
        world.handle.block_on(world.engine.remove(SourceId::parse("a.test:81").unwrap())).unwrap();
        world.store("https://a.test/new", "Text.");
        let (second, next) = world.part(next);
        assert_eq!(second[0], "https://b.test/197");
        let (third, next) = world.part(next);
        assert_eq!((third.len(), third[52].as_str(), next), (53, "https://b.test/449", None));

        let (code, _) = world.error("resources/list", json!({ "cursor": "b.test" }));
        assert_eq!(code, -32602, "{revision}");
        let page = world.ask("resources/list", json!({}))["resources"][4].clone();
        assert_eq!((&page["name"], &page["mimeType"]), (&json!("Title of https://b.test/001"), &json!("text/markdown")), "{page}");
        assert_eq!(page["size"], json!(5));
        let templates = world.ask("resources/templates/list", json!({}))["resourceTemplates"].clone();
        let patterns: Vec<_> = templates.as_array().unwrap().iter().map(|template| template["uriTemplate"].as_str().unwrap()).collect();
        assert_eq!(patterns, ["https://{+page}", "http://{+page}", "file:///{+page}", "smolcrawl://source/{+source}"]);
    }
}

#[test]
fn many_sources_are_listed_in_parts_too() {
    let mut world = World::new(LATEST_WITH_HANDSHAKE);
    for number in 0..250 {
        world.store(&format!("https://{number:03}.test.example/"), "Text.");
    }
    let all = world.list();
    let named = |from: &str, all: &[String]| all.iter().filter(|uri| uri.starts_with(from)).count();
    assert_eq!((all.len(), named("smolcrawl://source/", &all[..250]), named("https://", &all[250..])), (500, 250, 250));
    assert!(all[..250].is_sorted() && all[250..].is_sorted());
}

#[test]
fn a_stored_page_is_read_by_its_own_url_and_nothing_else_is() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        let not_found = if revision == MODERN { -32602 } else { -32002 };
        let missing = |world: &mut World, uri: &str, words: &str| {
            let (code, message) = world.error("resources/read", json!({ "uri": uri }));
            assert_eq!(code, not_found, "{revision} {uri}: {message}");
            assert!(message.starts_with(&format!("resource not found: {uri}")) && message.contains(words), "{revision}: {message}");
        };
        missing(&mut world, "https://a.test/x", "crawl_single_page");
        missing(&mut world, "smolcrawl://source/a.test", "nothing is stored yet");
        for url in ["https://a.test/x", "http://a.test/x?y=%20z&u=http://b.test/", "https://a.test/caf%E9/%2F", "http://a.test:81/"] {
            world.store(url, &format!("# {url}\n"));
        }
        for uri in world.list() {
            let text = world.read(&uri);
            match uri.strip_prefix("smolcrawl://source/") {
                None => assert_eq!(text, format!("# {uri}\n"), "{revision}"),
                Some(name) => assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["source_id"], json!(name), "{revision}"),
            }
        }
        assert_eq!(world.read("https://a.test/x#part"), "# https://a.test/x\n");
        missing(&mut world, "https://a.test/gone", "crawl_single_page stores it, fetch_url reads it as it is now");
        missing(&mut world, "https://:x/", "not stored");
        missing(&mut world, "smolcrawl://source/b.test", "stored are: a.test, a.test:81");
        missing(&mut world, "file:///etc/passwd", "add_source");
        assert_eq!(world.site.targets(), [] as [&str; 0], "reading fetches nothing");
    }
}

#[test]
fn a_source_is_summed_up() {
    let mut world = World::new(MODERN);
    for number in 0..30 {
        world.store(&format!("http://a.test/{number:02}"), "# A\n\n```rust\nfn main() {\n}\n```\n\n```python\nx = 1\nprint(x)\n```\n");
    }
    world.store("https://a.test/secure", "```rust\nfn main() {\n}\n```\n");
    let source: Value = serde_json::from_str(&world.read("smolcrawl://source/a.test")).unwrap();
    assert_eq!(
        (&source["pages"], &source["code_examples"], &source["last_fetched_unix"]),
        (&json!(31), &json!(61), &json!(1_000)),
        "{source}"
    );
    assert_eq!(source["languages"], json!(["rust", "python"]));
    let pages = source["first_pages"].as_array().unwrap();
    assert_eq!((pages.len(), &pages[0]["url"], &pages[1]["url"]), (20, &json!("https://a.test/secure"), &json!("http://a.test/00")));
    assert_eq!(pages[0]["title"], json!("Title of https://a.test/secure"));
}

#[test]
fn the_rest_of_a_page_that_is_too_long_for_one_reading_is_read_by_the_tool() {
    let mut world = World::new(LATEST_WITH_HANDSHAKE);
    let long = "A paragraph of \"some\" words, über 東京.\n\n".repeat(6_000);
    world.store("https://a.test/long", &long);
    let text = world.read("https://a.test/long");
    assert!(characters(&json!(text)) < 101_000, "{}", characters(&json!(text)));
    let (shown, mark) = text.split_once("\n\n[cut here, ").unwrap();
    let offset: usize = mark.rsplit_once("offset ").unwrap().1.trim_end_matches("]\n").parse().unwrap();
    assert!(mark.contains(&format!("of {} characters; the tool read_page has the rest", long.chars().count())), "{mark}");
    let arguments = json!({ "url": "https://a.test/long", "offset": offset, "max_chars": 500_000 });
    let rest = world.call("read_page", arguments)["structuredContent"]["markdown"].clone();
    assert_eq!(format!("{shown}{}", rest.as_str().unwrap()), long);
}

#[test]
fn answers_link_to_the_pages_they_speak_of_once_each_and_within_their_bound() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        let has_links = revision >= "2025-06-18";
        let paragraphs = |name: &str| format!("<p>Waiting for the task {name}. {}</p>", "More about it. ".repeat(60)).repeat(8);
        for name in ["", "one", "two", "three"] {
            let html = format!(
                "<title>{name}</title><main><h1>T</h1>{}<a href=/one>1</a><a href=/two>2</a><a href=/three>3</a></main>",
                paragraphs(name)
            );
            world.site.reply(&format!("a.test/{name}"), Reply::html(html));
        }
        let single = world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
        let site = world.call("smart_crawl_url", json!({ "url": "http://a.test/" }));
        if !has_links {
            assert_eq!((single["content"].as_array().unwrap().len(), site["content"].as_array().unwrap().len()), (1, 1), "{revision}");
        } else {
            assert_eq!(links(&single), ["http://a.test/"]);
            let named: Vec<String> = serde_json::from_value(site["structuredContent"]["urls_crawled"].clone()).unwrap();
            assert_eq!((links(&site), named.len()), (named, 4));
        }
        let mut linked = BTreeSet::new();
        for (max_chars, count) in [(1_000, 1), (3_000, 9), (9_000, 9), (100_000, 50)] {
            let asked = json!({ "query": "waiting for the task", "match_count": count, "max_chars": max_chars });
            let result = world.call("perform_rag_query", asked);
            let content = result["content"].as_array().unwrap();
            assert!(size(&result) <= max_chars, "{revision}: {} of {max_chars}", size(&result));
            let found: Value = serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap();
            let found: Vec<&str> = found["results"].as_array().unwrap().iter().map(|found| found["url"].as_str().unwrap()).collect();
            let pages: BTreeSet<&str> = found.iter().copied().collect();
            let links = links(&result);
            match has_links {
                true if max_chars > 1_000 => assert_eq!(links.iter().map(String::as_str).collect::<BTreeSet<_>>(), pages, "{revision}"),
                true => {}
                false => assert_eq!(content.len(), 1, "{revision}"),
            }
            assert!(links.len() <= pages.len() && !found.is_empty(), "a page is linked once: {links:?}");
            linked.extend(links);
        }
        assert_eq!(linked.len(), if has_links { 4 } else { 0 }, "{revision}");
        // Where every result is of another page, links are a good part of the answer.
        for number in 0..40 {
            world.store(&format!("https://b.test/short/{number}"), &format!("A llama called {number}."));
        }
        let result = world.call("perform_rag_query", json!({ "query": "llama", "match_count": 40, "max_chars": 9_000 }));
        let count = result["content"].as_array().unwrap().len() - 1;
        assert!(size(&result) <= 9_000 && count == links(&result).len(), "{revision}: {}", size(&result));
        assert_eq!(count > 10, has_links, "{revision}: {count}");
        for uri in linked {
            assert!(world.read(&uri).contains("Waiting for the task"), "{uri}");
        }
    }
}

#[test]
fn prompts_name_tools_that_exist_and_check_what_they_are_given() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        let (code, message) =
            world.error("prompts/get", json!({ "name": "research_topic", "arguments": { "topic": "x", "source": "a.test" } }));
        assert!(code == -32602 && message.contains("nothing is stored yet: crawl it first"), "{message}");
        world.store("https://a.test/x", "# X\n");
        let tools = world.ask("tools/list", json!({}))["tools"].clone();
        let tools: Vec<&str> = tools.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        let prompts = world.ask("prompts/list", json!({}))["prompts"].clone();
        let names: Vec<&str> = prompts.as_array().unwrap().iter().map(|prompt| prompt["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["research_topic", "learn_library", "find_example"]);

        for (name, arguments, words) in [
            ("research_topic", json!({ "topic": "How tasks end" }), &["How tasks end", "get_available_sources", "perform_rag_query"][..]),
            ("research_topic", json!({ "topic": "t", "source": "https://A.test/y" }), &["only the source \"a.test\""]),
            (
                "learn_library",
                json!({ "url": "https://docs.test/lib#top" }),
                &["https://docs.test/lib ", "smart_crawl_url", "`url_prefix` https://docs.test/ "],
            ),
            ("find_example", json!({ "task": "Wait" }), &["Wait", "Call search_code_examples:"]),
            ("find_example", json!({ "task": "t", "language": "rust" }), &["with `language` \"rust\":"]),
            ("find_example", json!({ "task": "t", "language": " ", "source": "a.test" }), &["with `source_id` \"a.test\":"]),
        ] {
            let got = world.ask("prompts/get", json!({ "name": name, "arguments": arguments }));
            let text = got["messages"][0]["content"]["text"].as_str().unwrap();
            assert_eq!((got["messages"].as_array().unwrap().len(), &got["messages"][0]["role"]), (1, &json!("user")));
            for word in words.iter().chain(&["URL", "from memory", "nothing"]) {
                assert!(text.contains(word), "{name}: {word:?} is missing in {text}");
            }
            // A word with an underscore is a tool, or a parameter between backquotes.
            let bare = text.split('`').step_by(2).flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
            let mut called = bare.filter(|word| word.contains('_') && *word != "crawl_id").peekable();
            assert!(called.peek().is_some() && called.all(|word| tools.contains(&word)), "{name}: {text}");
        }
        for (name, arguments, words) in [
            ("research_topic", json!({}), "the argument `topic` is missing"),
            ("research_topic", json!({ "topic": " " }), "the argument `topic` is empty"),
            ("research_topic", json!({ "topic": 5 }), "must be a string"),
            ("research_topic", json!({ "topic": "x".repeat(2_001) }), "has 2001 characters, and may have 2000"),
            ("research_topic", json!({ "topic": "x", "source": "b.test" }), "no source \"b.test\" is stored\nhint: stored are: a.test"),
            ("find_example", json!({ "task": "x", "source": "b.test" }), "stored are: a.test"),
            ("learn_library", json!({ "url": "docs.test" }), "did you mean https://docs.test"),
            ("learn_library", json!({ "url": "ftp://docs.test/" }), "only http and https"),
            ("no_such_prompt", json!({}), "unknown prompt"),
        ] {
            let (code, message) = world.error("prompts/get", json!({ "name": name, "arguments": arguments }));
            assert!(code == -32602 && message.contains(words), "{revision} {name}: {code} {message}");
        }
    }
}

#[test]
fn what_is_stored_completes_what_is_typed() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        let prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
        let template = |pattern: &str| json!({ "type": "ref/resource", "uri": pattern });
        assert_eq!(world.suggested(prompt("learn_library"), "url", ""), (vec![], 0), "{revision}: nothing is stored");
        for number in 0..150 {
            world.store(&format!("https://a.test/guide/{number:03}"), "Text.");
        }
        world.store("http://b.test/", "```rust\nfn main() {\n}\n```\n\n```ruby\nx = 1\nputs x\n```\n\n```rust\nfn x() {\n}\n```\n");
        world.store("http://a.test:81/", "```python\nx = 1\nprint(x)\n```\n");

        for (reference, argument) in
            [(prompt("research_topic"), "source"), (prompt("find_example"), "source"), (template("smolcrawl://source/{+source}"), "source")]
        {
            assert_eq!(world.suggested(reference.clone(), argument, ""), (vec!["a.test".into(), "a.test:81".into(), "b.test".into()], 3));
            assert_eq!(world.suggested(reference.clone(), argument, "B."), (vec!["b.test".into()], 1));
            assert_eq!(world.suggested(reference, argument, "x"), (vec![], 0));
        }
        assert_eq!(world.suggested(prompt("find_example"), "language", "RU"), (vec!["rust".into(), "ruby".into()], 2));
        assert_eq!(world.suggested(prompt("find_example"), "language", "").1, 3);
        let asked = json!({ "ref": prompt("find_example"), "argument": { "name": "language", "value": "" }, "context": { "arguments": { "source": "a.test:81" } } });
        assert_eq!(world.ask("completion/complete", asked)["completion"]["values"], json!(["python"]), "of the source that was chosen");

        let (urls, total) = world.suggested(prompt("learn_library"), "url", "https://a.test/g");
        assert_eq!((urls.len(), urls[99].as_str(), total), (100, "https://a.test/guide/099", 150));
        assert_eq!(world.suggested(prompt("learn_library"), "url", "a.test/guide/14").1, 10, "a scheme need not be typed");
        assert_eq!(world.suggested(prompt("learn_library"), "url", "ht").1, 152);
        let (pages, _) = world.suggested(template("https://{+page}"), "page", "a.test/guide/149");
        assert_eq!(pages, ["a.test/guide/149"]);
        assert_eq!(world.suggested(template("http://{+page}"), "page", "").0, ["a.test:81/", "b.test/"]);
    }
}

#[test]
fn a_crawl_is_told_of_at_a_pace_and_only_where_it_changed_something() {
    for revision in REVISIONS {
        let mut world = World::new(revision);
        for number in 0..40 {
            let address = if number == 0 { "a.test/".to_owned() } else { format!("a.test/{number}") };
            let reply = Reply::html(page(&format!("page {number}"), &[&format!("/{}", number + 1)]));
            world.site.reply(&address, reply.after(Duration::from_secs(1)));
        }
        world.subscribe(&["http://a.test/7", "http://a.test/8", "http://a.test/9", "smolcrawl://source/a.test"]);
        let began = world.now();
        let crawl = json!({ "url": "http://a.test/", "max_depth": 100 });
        world.call("smart_crawl_url", crawl.clone());
        world.wait(20);
        let (lists, updated) = world.news();
        assert!(lists[0] - began < Duration::from_secs(2) && (8..=10).contains(&lists.len()), "{revision}: {lists:?}");
        assert!(lists.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(5)), "{revision}: {lists:?}");
        assert!(*lists.last().unwrap() - began >= Duration::from_secs(40), "the last pages are told of: {lists:?}");
        let (of_pages, of_source): (Vec<_>, Vec<_>) = updated.into_iter().partition(|uri| uri != "smolcrawl://source/a.test");
        assert_eq!(of_pages, ["http://a.test/7", "http://a.test/8", "http://a.test/9"], "{revision}: each once, when it came");
        assert_eq!(of_source.len(), lists.len());

        // The same again is no news.
        world.call("smart_crawl_url", crawl);
        world.wait(20);
        assert_eq!(world.news(), (vec![], vec![]), "{revision}");

        // Another text is news of that page, a page that is gone of the list.
        world.site.reply("a.test/7", Reply::html(page("new text", &["/8"])));
        world.site.reply("a.test/9", Reply::status(404));
        world.call("refresh_source", json!({ "source": "a.test" }));
        world.wait(20);
        let (lists, mut updated) = world.news();
        updated.sort();
        updated.dedup();
        assert_eq!(lists.len(), 1, "{revision}");
        assert_eq!(updated, ["http://a.test/7", "http://a.test/9", "smolcrawl://source/a.test"], "{revision}");
        world.site.reply("a.test/8", Reply::html(page("newer text", &[])));
        world.call("crawl_single_page", json!({ "url": "http://a.test/8" }));
        world.wait(20);
        assert_eq!(world.news(), (vec![], vec!["http://a.test/8".into(), "smolcrawl://source/a.test".into()]), "{revision}");

        world.call("remove_source", json!({ "source": "a.test" }));
        world.wait(20);
        let (lists, mut updated) = world.news();
        updated.sort();
        // Of what was gone before there is no news.
        let expected = ["http://a.test/7", "http://a.test/8", "smolcrawl://source/a.test"];
        assert_eq!((lists.len(), updated), (1, expected.map(str::to_owned).into()), "{revision}");

        // It comes back.
        world.call("crawl_single_page", json!({ "url": "http://a.test/8" }));
        world.wait(20);
        let (lists, mut updated) = world.news();
        updated.sort();
        assert_eq!((lists.len(), updated), (1, expected[1..].iter().map(|uri| (*uri).to_owned()).collect()), "{revision}");
        world.site.page("a.test/7", &[]);
        world.call("crawl_single_page", json!({ "url": "http://a.test/7" }));
        world.call("remove_source", json!({ "source": "a.test", "pages_below": "http://a.test/7" }));
        world.wait(20);
        assert!(!world.news().1.contains(&"http://a.test/8".to_owned()), "{revision}: that is still there");
    }
}

#[test]
fn who_did_not_ask_hears_nothing_where_one_has_to_ask() {
    let mut world = World::new(MODERN);
    world.site.page("a.test/", &[]);
    world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    world.wait(20);
    assert_eq!(world.news(), (vec![], vec![]));
    let mut world = World::new(LATEST_WITH_HANDSHAKE);
    world.site.page("a.test/", &[]);
    world.call("crawl_single_page", json!({ "url": "http://a.test/" }));
    world.wait(20);
    let (lists, updated) = world.news();
    assert_eq!((lists.len(), updated.len()), (1, 0), "lists are told of unasked, resources are not");
}

#[test]
fn no_question_makes_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("x.db");
    for revision in [LATEST_WITH_HANDSHAKE, MODERN] {
        let mut world = World::on(revision, &database);
        assert_eq!(world.part(None), (vec![], None));
        world.ask("resources/templates/list", json!({}));
        world.ask("prompts/list", json!({}));
        world.ask("prompts/get", json!({ "name": "find_example", "arguments": { "task": "x", "language": "rust" } }));
        for (reference, argument) in [
            (json!({ "type": "ref/prompt", "name": "find_example" }), "language"),
            (json!({ "type": "ref/prompt", "name": "find_example" }), "source"),
            (json!({ "type": "ref/resource", "uri": "https://{+page}" }), "page"),
        ] {
            assert_eq!(world.suggested(reference, argument, ""), (vec![], 0));
        }
        for uri in ["https://a.test/", "smolcrawl://source/a.test"] {
            world.error("resources/read", json!({ "uri": uri }));
        }
        world.subscribe(&["https://a.test/"]);
        world.wait(20);
        assert!(!database.exists(), "{revision}");
    }
    // The first page to store does.
    let world = World::on(MODERN, &database);
    world.store("https://a.test/", "Text.");
    assert!(database.exists());
}

#[test]
fn a_store_that_fails_is_an_error_and_no_empty_list() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("x.db");
    std::fs::write(&database, "no database").unwrap();
    let mut world = World::on(LATEST_WITH_HANDSHAKE, &database);
    let source = json!({ "ref": { "type": "ref/prompt", "name": "find_example" }, "argument": { "name": "source", "value": "" } });
    for (method, parameters) in [
        ("resources/list", json!({})),
        ("resources/read", json!({ "uri": "https://a.test/" })),
        ("resources/read", json!({ "uri": "smolcrawl://source/a.test" })),
        ("prompts/get", json!({ "name": "research_topic", "arguments": { "topic": "x", "source": "a.test" } })),
        ("completion/complete", source),
    ] {
        let (code, message) = world.error(method, parameters);
        assert!(code == -32603 && message.contains("x.db") && message.contains("hint: "), "{method}: {code} {message}");
    }
}
