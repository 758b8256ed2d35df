//! The hot paths, on pages of the tests. All of it runs on one thread: only its allocations are counted.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use smolcrawl::http::{self, Client, PrivateAddresses, Request};
use smolcrawl::mcp::{Answer, Clock, Server, Sleep, Tool, ToolError};
use smolcrawl::model::{Filled, Page, Validators};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::store::{CutPage, Store};
use smolcrawl::{chunk, extract};
use url::Url;

/// One round of a path, which may be run again and again.
pub type Round = Box<dyn FnMut()>;

/// What has to be there before the first round.
pub type Prepare = fn() -> Round;

/// By name: what prepares it.
pub const PATHS: &[(&str, Prepare)] =
    &[("extract", extracted), ("chunk", chunked), ("links", links), ("store by words", stored), ("http1", asked), ("mcp", framed)];

/// Of generators that are frequent, and an article.
const PAGES: [&str; 7] = ["sphinx", "rustdoc", "mdbook", "docusaurus", "mkdocs", "docbook", "article"];

fn pages() -> Vec<Page> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/extract");
    let page = |name: &&str| Page {
        url: Url::parse(&format!("https://docs.test/{name}/page.html")).expect("it is an address"),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: fs::read(corpus.join(format!("{name}.html"))).expect("it is one of the tests' pages"),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    };
    PAGES.iter().map(page).collect()
}

pub fn documents() -> Vec<smolcrawl::Document> {
    pages().iter().map(|page| extract::document(page).expect("it has text")).collect()
}

fn extracted() -> Round {
    let pages = pages();
    Box::new(move || pages.iter().for_each(|page| assert!(extract::document(page).is_ok())))
}

fn chunked() -> Round {
    let documents = documents();
    Box::new(move || documents.iter().for_each(|document| assert!(!chunk::split(document, &chunk::Config::default()).is_empty())))
}

fn links() -> Round {
    let pages = pages();
    Box::new(move || assert!(pages.iter().map(|page| extract::links(page).links.len()).sum::<usize>() > 0))
}

/// Into a new database in memory, which is opened in the round: that is a small part of it.
fn stored() -> Round {
    let cut = |document: smolcrawl::Document| {
        let chunks = chunk::split(&document, &chunk::Config::default());
        CutPage { source: None, document, chunks }
    };
    let cut: Vec<CutPage> = documents().into_iter().map(cut).collect();
    Box::new(move || {
        let store = Store::open_in_memory().expect("memory can be had");
        assert_eq!(store.put_all(&cut, None).expect("they can be stored").len(), PAGES.len());
    })
}

/// 100 requests on one connection of a network that is simulated.
fn asked() -> Round {
    let sim = Sim::new();
    sim.host("docs.test", ["10.0.0.1"]);
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().expect("an address"))).expect("the port is free");
    sim.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (mut head, mut byte) = (Vec::with_capacity(1024), [0; 256]);
            while let Ok(read @ 1..) = socket.read(&mut byte).await {
                head.extend_from_slice(&byte[..read]);
                if head.ends_with(b"\r\n\r\n") {
                    head.clear();
                    if socket.write_all(ANSWER).await.is_err() || socket.flush().await.is_err() {
                        break;
                    }
                }
            }
        }
    });
    let config = http::Config { private_addresses: PrivateAddresses::Allow, ..http::Config::default() };
    let client = Client::new(&handle, config).expect("the settings are sound");
    let url = Url::parse("http://docs.test/page.html").expect("it is an address");
    Box::new(move || {
        handle.block_on(async {
            for _ in 0..100 {
                let mut response = client.send(Request::get(url.clone())).await.expect("it answers");
                assert_eq!(response.bytes().await.expect("it is whole").len(), 26);
            }
        });
    })
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 29 Nov 2026 08:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\n\
    Content-Length: 26\r\nLast-Modified: Sat, 28 Nov 2026 08:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"6925-1a\"\r\nAccept-Ranges: bytes\r\n\
    \r\n<title>A</title><p>a kettle";

/// A handshake, 100 pings and 100 calls.
fn framed() -> Round {
    let echo = |_, _| async { Ok::<_, ToolError>(Answer::text("hello")) };
    let server = Server::builder("greeter", "1.0").tool(Tool::new("greet", "Says hello", echo)).build().expect("one tool is sound");
    let mut lines = concat!(
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"g","version":"1"}}}"#,
        "\n",
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        "\n"
    )
    .to_owned();
    for id in 1..=100 {
        lines += &format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n");
        let call = r#""method":"tools/call","params":{"name":"greet","arguments":{"who":"the kettle, which has been put on"}}"#;
        lines += &format!("{{\"jsonrpc\":\"2.0\",\"id\":{},{call}}}\n", 1_000 + id);
    }
    Box::new(move || {
        let mut written = Vec::new();
        future::block_on(server.serve(lines.as_bytes(), &mut written, Real, future::pending())).expect("memory can be read and written");
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 201);
    })
}

/// Nothing waits in it.
#[derive(Debug)]
struct Real;

impl Clock for Real {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(future::pending())
    }
}
