//! What a program does with this library, whatever executor it has: connect, fetch, crawl, search. To be included as a module and
//! awaited on any executor: of one's own it needs `smolcrawl` (no features) and `futures-lite`, nothing else.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{Chunking, CrawlRequest};
use smolcrawl::http::{self, Client, PrivateAddresses, Request};
use smolcrawl::model::{Mode, Query};
use smolcrawl::reactor::Handle;

/// Does all of it against a server of its own, in parts that run at once.
///
/// # Panics
/// Something came out differently.
pub async fn example(handle: Handle) {
    let site = Site::start();
    let all = futures_lite::future::zip(connect(&handle, &site), fetch(&handle, &site));
    let ((), ()) = all.await;
    crawl(&handle, &site).await;

    let page = handle.unblock(|| std::thread::current().name().map(str::to_owned)).await;
    assert_eq!(page.as_deref(), Some("smolcrawl-pool"), "computing leaves the executor's threads");
}

/// A socket: bytes go out and come back.
async fn connect(handle: &Handle, site: &Site) {
    let mut socket = handle.connect(site.echo).await.unwrap();
    for number in 0..20_u8 {
        socket.write_all(&[number; 1000]).await.unwrap();
        let mut back = [0; 1000];
        socket.read_exact(&mut back).await.unwrap();
        assert_eq!(back, [number; 1000]);
    }
    socket.close().await.unwrap();
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

/// A page over HTTP, and a time limit on one that does not come.
async fn fetch(handle: &Handle, site: &Site) {
    let client = Client::new(handle, transport()).unwrap();
    let mut response = client.send(Request::get(site.url("/two").parse().unwrap())).await.unwrap();
    assert_eq!(response.status, 200);
    assert!(String::from_utf8(response.bytes().await.unwrap()).unwrap().contains("second page"));
    let never = client.send(Request::get(site.url("/never").parse().unwrap()));
    assert!(handle.timeout(Duration::from_millis(20), never).await.is_err());
}

/// A site of three pages into a database, and a question to it.
async fn crawl(handle: &Handle, site: &Site) {
    let database = Database::new();
    let mut config = Config { environment: Environment::none(), ..Config::new(&database.0) };
    config.crawl.http = transport();
    config.embeddings = Embeddings::None;
    let engine = Engine::with_handle(config, handle.clone()).unwrap();
    let mut crawling = engine.crawl(CrawlRequest::parse(&[&site.url("/")]).unwrap(), Chunking::default());
    while let Some(event) = crawling.next().await {
        event.unwrap();
    }
    let report = crawling.finish();
    assert_eq!((report.pages, report.stored, report.failures()), (3, 3, 0), "{report:?}");

    let hits = engine.search(Query { limit: 1, mode: Mode::Lexical, ..Query::new("second page") }).await.unwrap();
    assert_eq!(hits[0].url.as_str(), site.url("/two"));
}

fn transport() -> http::Config {
    http::Config { private_addresses: PrivateAddresses::Allow, ..http::Config::default() }
}

/// Three pages that link to each other, and an echo beside them, on threads that end with it.
struct Site {
    pages: SocketAddr,
    echo: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Site {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        Self { pages: listen(&over, answer), echo: listen(&over, echo), over }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.pages)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for addr in [self.pages, self.echo] {
            // One more, so that the thread looks.
            let _ = TcpStream::connect(addr);
        }
    }
}

fn listen(over: &Arc<AtomicBool>, serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let over = over.clone();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            if over.load(Ordering::SeqCst) {
                return;
            }
            thread::spawn(move || serve(socket));
        }
    });
    addr
}

fn echo(mut socket: TcpStream) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = socket.read(&mut piece) {
        if socket.write_all(&piece[..count]).is_err() {
            return;
        }
    }
}

/// One request a connection; it comes in one piece.
fn answer(mut socket: TcpStream) {
    let mut piece = [0; 4096];
    let Ok(count) = socket.read(&mut piece) else { return };
    let head = String::from_utf8_lossy(&piece[..count]);
    let (status, body) = match head.split(' ').nth(1).unwrap_or_default() {
        "/" => ("200 OK", page("The first page", "begins a site of three", &["/two", "/three"])),
        "/two" => ("200 OK", page("The second page", "goes on where the first has ended", &["/three"])),
        "/three" => ("200 OK", page("The third page", "is the last one and leads back", &["/"])),
        "/never" => {
            // Until the client gives up.
            let _ = socket.read(&mut piece);
            return;
        }
        _ => ("404 Not Found", String::new()),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    let _ = socket.write_all(answer.as_bytes());
}

fn page(title: &str, text: &str, links: &[&str]) -> String {
    let links: String = links.iter().map(|link| format!("<p>Read on at <a href=\"{link}\">{link}</a>, if you like.</p>")).collect();
    let text = format!("<p>{title} {text}, and says so in a sentence that is long enough to be read as text.</p>");
    format!("<!doctype html><html><head><title>{title}</title></head><body><main><h1>{title}</h1>{text}{links}</main></body></html>")
}

/// A file that is gone when the test is over.
struct Database(PathBuf);

impl Database {
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("smolcrawl-example-{}-{number}.db", std::process::id())))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for extra in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(extra);
            let _ = std::fs::remove_file(path);
        }
    }
}
