//! A program that is on Tokio already: what the library gives is polled by its `block_on`, on a reactor of ours with a thread of
//! its own, and on its own runtime behind the `Reactor` trait. No second runtime is started, and nothing is missed.

#[path = "../../../tests/support/site.rs"]
mod site;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::crawl::CrawlRequest;
use smolcrawl::engine::Engine;
use smolcrawl::http::{self, Client, PrivateAddresses, Request};
use smolcrawl::reactor::{Choice, Drive, Fallback, Handle, ReactorKind, choose};
use tokio::runtime::{Builder, Runtime};

use site::Site;
use versus_tokio::reactor::OnTokio;

#[test]
fn tokio_polls_what_a_reactor_with_its_own_thread_drives() {
    for &kind in ReactorKind::AVAILABLE {
        let choice = Choice { kind, drive: Drive::OwnThread, fallback: Fallback::Refuse, ..Choice::default() };
        let (handle, report) = choose(choice).unwrap();
        current_thread().block_on(uses_all_of_it(&handle));
        println!("{report}");
    }
}

#[test]
fn tokio_polls_what_it_drives_itself() {
    for runtime in [current_thread(), Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()] {
        let handle = Handle::new(OnTokio::new(runtime));
        handle.block_on(uses_all_of_it(&handle));
    }
}

/// The future is `Send`: a runtime with many threads may take it from one to another.
#[test]
fn tokio_may_spawn_it() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (handle, _) = choose(Choice { drive: Drive::OwnThread, ..Choice::default() }).unwrap();
    let pages = runtime.block_on(async {
        let listener = handle.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let addr = listener.local_addr();
        let (near, far) = future::zip(handle.connect(addr), listener.accept()).await;
        let (mut near, (mut far, _)) = (near.unwrap(), far.unwrap());
        let saying = tokio::spawn(async move {
            far.write_all(b"hello").await.unwrap();
            far.close().await.unwrap();
        });
        let hearing = tokio::spawn(async move {
            let mut heard = String::new();
            near.read_to_string(&mut heard).await.unwrap();
            heard
        });
        saying.await.unwrap();
        hearing.await.unwrap()
    });
    assert_eq!(pages, "hello");
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A socket, a page, a crawl, a search.
async fn uses_all_of_it(handle: &Handle) {
    let listener = handle.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let host = listener.local_addr().to_string();
    let site = Site::default();
    site.page(&format!("{host}/"), &["/one", "/two"]).page(&format!("{host}/one"), &[]).page(&format!("{host}/two"), &["/one"]);
    let serving = async {
        site.clone().serve(handle.clone(), listener, drop).await;
        unreachable!("a site serves until it is dropped")
    };
    future::or(serving, async {
        let mut socket = handle.connect(host.parse().unwrap()).await.unwrap();
        socket.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
        let mut begin = [0; 12];
        socket.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        assert!(handle.timeout(std::time::Duration::from_millis(5), future::pending::<()>()).await.is_err());
        assert_eq!(handle.unblock(|| 6 * 7).await, 42);

        let client = Client::new(handle, http::Config { private_addresses: PrivateAddresses::Allow, ..http::Config::default() }).unwrap();
        for _ in 0..3 {
            let mut page = client.send(Request::get(format!("http://{host}/one").parse().unwrap())).await.unwrap();
            assert!(!page.bytes().await.unwrap().is_empty());
        }
        assert_eq!(client.counters().connections_reused, 2);

        let mut config = Config { environment: Environment::none(), embeddings: Embeddings::None, ..Config::new(":memory:") };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        let engine = Engine::with_handle(config, handle.clone()).unwrap();
        let request = CrawlRequest::parse(&[&format!("http://{host}/")]).unwrap();
        let mut crawling = engine.crawl(request, engine.config().chunk.clone());
        while let Some(event) = crawling.next().await {
            event.unwrap();
        }
        let stored: u64 = engine.sources().await.unwrap().iter().map(|source| source.pages).sum();
        assert_eq!(stored, 3);
    })
    .await;
}
