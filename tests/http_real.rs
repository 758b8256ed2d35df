//! The rows of the table that must hold on real sockets, over loopback: the system's own resets, not simulated ones.

mod support;

use smolcrawl::http::{Client, Config, Error, PrivateAddresses, Replay, Request};
use smolcrawl::reactor::{Choice, Handle, choose};
use support::{Seen, Step, ok, say, serve_real};
use url::Url;

struct World {
    handle: Handle,
    client: Client,
    url: Url,
    seen: Seen,
}

impl World {
    fn new(scripts: Vec<Vec<Step>>) -> Self {
        let (handle, _) = choose(Choice::default()).unwrap();
        let (address, seen) = serve_real(scripts);
        let client = Client::new(&handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
        Self { handle, client, url: Url::parse(&format!("http://{address}/page")).unwrap(), seen }
    }

    fn page(&self) -> Result<String, Error> {
        self.send(Request::get(self.url.clone()))
    }

    fn send(&self, request: Request) -> Result<String, Error> {
        self.handle.block_on(async {
            let mut response = self.client.send(request).await?;
            let body = String::from_utf8(response.bytes().await?).unwrap();
            Ok(format!("{} {body}", response.status))
        })
    }
}

#[test]
fn keep_alive() {
    let world =
        World::new(vec![vec![Step::Request, ok("one"), Step::Request, ok("two"), Step::Request, ok(&"x".repeat(3_000_000)), Step::Hang]]);
    assert_eq!(world.page().unwrap(), "200 one");
    assert_eq!(world.page().unwrap(), "200 two");
    assert_eq!(world.page().unwrap().len(), 3_000_004);
    assert_eq!((world.client.counters().connections_opened, world.client.counters().connections_reused), (1, 2));
}

#[test]
fn a_reset_after_a_complete_message_is_no_error() {
    for answer in [ok("hello"), say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")] {
        let (tell, told) = async_channel::unbounded();
        let mut script = vec![Step::HalfRequest, answer, Step::Told(told.clone()), Step::Reset];
        if KEEPS_UNREAD {
            script.remove(2);
        }
        let world = World::new(vec![script]);
        for _ in 0..50 {
            assert_eq!(world.page().unwrap(), "200 hello");
            tell.try_send(()).unwrap();
        }
        let counters = world.client.counters();
        assert_eq!((counters.succeeded, counters.failed), (50, 0), "{counters:?}");
    }
}

#[test]
fn a_reset_of_a_kept_connection_is_retried_for_a_get_and_told_for_a_post() {
    let scripts = || vec![vec![Step::Request, ok("one"), Step::HalfRequest, Step::Reset], vec![Step::Request, ok("again"), Step::Hang]];
    let world = World::new(scripts());
    assert_eq!(world.page().unwrap(), "200 one");
    assert_eq!(world.page().unwrap(), "200 again");
    assert_eq!(world.client.counters().retried, 1);

    let world = World::new(scripts());
    assert_eq!(world.page().unwrap(), "200 one");
    let post = || Request::post(world.url.clone(), b"x".to_vec());
    let error = world.send(post()).unwrap_err();
    assert!(matches!(error.root(), Error::ClosedBeforeResponse { .. } | Error::Write { .. }), "{error:?}");
    assert_eq!(world.seen.count(), 1);

    let world = World::new(scripts());
    assert_eq!(world.page().unwrap(), "200 one");
    assert_eq!(world.send(Request::post(world.url.clone(), b"x".to_vec()).replayable(Replay::Safe)).unwrap(), "200 again");
}

#[test]
fn a_body_cut_short_is_an_error() {
    for first in [Step::Request, Step::HalfRequest] {
        let world = World::new(vec![vec![first, say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello"), Step::Reset]]);
        let error = world.page().unwrap_err();
        let truncated = matches!(error.root(), Error::TruncatedBody { expected: Some(1000), .. });
        assert!(truncated || lost_unread(&error), "{error:?}");
    }
}

#[test]
fn an_open_body_ends_with_fin_and_not_with_a_reset() {
    let open = || say("HTTP/1.1 200 OK\r\n\r\nhello");
    assert_eq!(World::new(vec![vec![Step::Request, open()]]).page().unwrap(), "200 hello");
    let error = World::new(vec![vec![Step::HalfRequest, open(), Step::Reset]]).page().unwrap_err();
    let truncated = matches!(error.root(), Error::TruncatedBody { expected: None, source: Some(_), .. });
    assert!(truncated || lost_unread(&error), "{error:?}");
}

#[test]
fn an_early_answer_to_a_large_body_is_heard() {
    let early = say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nless");
    // The peer keeps the connection but does not read on: both sides would wait for ever.
    let world = World::new(vec![vec![Step::HalfRequest, early, Step::Hang]]);
    assert_eq!(world.send(Request::post(world.url.clone(), vec![b'x'; 32 << 20])).unwrap(), "413 less");
    // Windows takes a body of any size off the writer's hands at once: there the request is complete, and the connection good for more.
    assert!(world.client.idle_connections() == 0 || cfg!(windows));
}

#[test]
fn nobody_listens() {
    let (handle, _) = choose(Choice::default()).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = Client::new(&handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
    let error = handle.block_on(client.send(Request::get(Url::parse(&format!("http://{free}/")).unwrap()))).unwrap_err();
    assert!(matches!(error.root(), Error::Connect { address, .. } if *address == free), "{error:?}");
    let counters = client.counters();
    assert_eq!((counters.failed_at.connect, counters.failed, counters.connections_opened), (1, 1, 0), "{counters:?}");
    let refusing = Client::new(&handle, Config::default()).unwrap();
    let error = handle.block_on(refusing.send(Request::get(Url::parse("http://localhost:1/").unwrap()))).unwrap_err();
    assert!(matches!(error.root(), Error::PrivateAddress { range: "loopback", .. }), "{error:?}");
    assert_eq!(refusing.counters().failed_at.other, 1, "what is refused is no failure of a connection");
}

#[test]
fn a_dropped_answer_ends_its_connection() {
    let world = World::new(vec![
        vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello"), Step::Hang],
        vec![Step::Request, ok("next")],
    ]);
    let response = world.handle.block_on(world.client.send(Request::get(world.url.clone()))).unwrap();
    drop(response);
    assert_eq!(world.client.idle_connections(), 0);
    assert_eq!(world.page().unwrap(), "200 next");
}

/// Whether what has arrived may still be read after a reset. Windows drops it: a complete answer is lost there if it was not read before.
const KEEPS_UNREAD: bool = !cfg!(windows);

/// A reset that took all with it that had been sent before: an error all the same, and never a short success.
fn lost_unread(error: &Error) -> bool {
    !KEEPS_UNREAD && matches!(error.root(), Error::ClosedBeforeResponse { source: Some(_) })
}
