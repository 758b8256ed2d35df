//! The HTTP client over TLS, in the simulated network: who is trusted, and what the end of a session means.

mod support;

use std::time::Duration;

use smolcrawl::http::{Client, Config, Error, PrivateAddresses, Proxies, Request};
use smolcrawl::reactor::sim::Sim;
use support::{Identity, Seen, Step, ok, say, serve, serve_tls};
use url::Url;

struct World {
    sim: Sim,
    client: Client,
    seen: Seen,
}

impl World {
    /// `https://docs.test`, trusted.
    fn new(scripts: Vec<Vec<Step>>) -> Self {
        let identity = Identity::of("docs.test");
        let trusted = vec![identity.certificate.clone()];
        Self::with(&identity, Config { extra_roots: trusted, ..config() }, scripts)
    }

    fn with(identity: &Identity, config: Config, scripts: Vec<Vec<Step>>) -> Self {
        let sim = Sim::new();
        sim.host("docs.test", ["10.0.0.1"]);
        let seen = serve_tls(&sim, "10.0.0.1:443", identity, scripts);
        let client = Client::new(&sim.handle(), config).unwrap();
        Self { sim, client, seen }
    }

    fn page(&self) -> Result<String, Error> {
        self.send(Request::get(Url::parse("https://docs.test/").unwrap()))
    }

    fn send(&self, request: Request) -> Result<String, Error> {
        self.sim.handle().block_on(async {
            let mut response = self.client.send(request).await?;
            Ok(String::from_utf8(response.bytes().await?).unwrap())
        })
    }
}

fn config() -> Config {
    Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }
}

#[test]
fn a_trusted_server_is_read_and_its_connection_kept() {
    let world = World::new(vec![vec![Step::Request, ok("one"), Step::Request, ok("two"), Step::Hang]]);
    assert_eq!(world.page().unwrap(), "one");
    assert_eq!(world.page().unwrap(), "two");
    assert_eq!((world.client.counters().connections_opened, world.client.counters().connections_reused), (1, 1));
    assert_eq!(world.seen.count(), 2);
}

#[test]
fn a_server_nobody_vouches_for_is_refused_and_the_reader_told_why() {
    let world = World::with(&Identity::of("docs.test"), config(), vec![vec![Step::Request, ok("secret")]]);
    let error = world.page().unwrap_err();
    assert!(matches!(error.root(), Error::Certificate { host, .. } if host == "docs.test"), "{error:?}");
    assert!(error.hint().unwrap().contains("issuer"), "{:?}", error.hint());
    assert!(!error.is_transient());
    assert_eq!(world.seen.count(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let identity = Identity::of("other.test");
    let trusted = vec![identity.certificate.clone()];
    let world = World::with(&identity, Config { extra_roots: trusted, ..config() }, vec![vec![Step::Request, ok("secret")]]);
    let error = world.page().unwrap_err();
    assert!(matches!(error.root(), Error::Certificate { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("another host"), "{:?}", error.hint());
}

#[test]
fn a_server_without_tls_is_named_as_such() {
    let sim = Sim::new();
    sim.host("docs.test", ["10.0.0.1"]);
    serve(&sim, "10.0.0.1:443", vec![vec![Step::HalfRequest, say("HTTP/1.1 400 Bad Request\r\n\r\n")]]);
    let client = Client::new(&sim.handle(), config()).unwrap();
    let error = sim.handle().block_on(client.send(Request::get(Url::parse("https://docs.test/").unwrap()))).unwrap_err();
    assert!(matches!(error.root(), Error::Tls { host, .. } if host == "docs.test"), "{error:?}");
    assert!(error.hint().unwrap().contains("http://"));
}

#[test]
fn after_a_complete_message_no_goodbye_is_needed() {
    for answer in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
        for last in [Step::Reset, Step::CloseNotify, Step::Wait(Duration::ZERO)] {
            let world = World::new(vec![vec![Step::Request, say(format!("HTTP/1.1 200 OK\r\n{answer}")), last]]);
            for _ in 0..3 {
                assert_eq!(world.page().unwrap(), "hello");
            }
            assert_eq!(world.client.counters().failed, 0);
        }
    }
}

#[test]
fn an_open_body_ends_with_a_goodbye_or_is_an_error() {
    let open = say("HTTP/1.1 200 OK\r\n\r\nhello");
    let world = World::new(vec![vec![Step::Request, open.clone(), Step::CloseNotify]]);
    assert_eq!(world.page().unwrap(), "hello");
    for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
        let world = World::new(vec![vec![Step::Request, open.clone(), last]]);
        let error = world.page().unwrap_err();
        assert!(matches!(error.root(), Error::TruncatedBody { expected: None, source: Some(_), .. }), "{error:?}");
    }
}

#[test]
fn a_framed_body_cut_short_is_an_error_with_or_without_a_goodbye() {
    for last in [Step::Reset, Step::CloseNotify, Step::Wait(Duration::ZERO)] {
        let world = World::new(vec![vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello"), last]]);
        let error = world.page().unwrap_err();
        assert!(matches!(error.root(), Error::TruncatedBody { received: 5, expected: Some(1000), .. }), "{error:?}");
    }
}

#[test]
fn a_kept_session_that_died_is_replaced_or_its_loss_told() {
    for last in [Step::Reset, Step::CloseNotify, Step::Wait(Duration::ZERO)] {
        let scripts = || vec![vec![Step::Request, ok("one"), Step::Request, last.clone()], vec![Step::Request, ok("again"), Step::Hang]];
        let world = World::new(scripts());
        assert_eq!(world.page().unwrap(), "one");
        assert_eq!(world.page().unwrap(), "again");
        assert_eq!(world.client.counters().retried, 1);
        let world = World::new(scripts());
        assert_eq!(world.page().unwrap(), "one");
        let error = world.send(Request::post(Url::parse("https://docs.test/").unwrap(), b"x".to_vec())).unwrap_err();
        assert!(matches!(error.root(), Error::ClosedBeforeResponse { .. }), "{error:?}");
    }
}

/// What the session has decrypted and nobody has read is not seen on the socket any more.
#[test]
fn bytes_after_a_message_are_not_the_answer_to_the_next_request() {
    for length in [5, 40_000] {
        let body = "x".repeat(length);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale");
        let world = World::new(vec![vec![Step::Request, say(answer), Step::Hang], vec![Step::Request, ok("fresh"), Step::Hang]]);
        assert_eq!(world.page().unwrap(), body);
        assert_eq!(world.page().unwrap(), "fresh", "after {length} bytes");
    }
}

#[test]
fn a_session_is_closed_with_a_goodbye() {
    let world = World::new(vec![vec![Step::Request, ok("one"), Step::Watch]]);
    assert_eq!(world.page().unwrap(), "one");
    let World { sim, client, seen } = world;
    drop(client);
    sim.handle().block_on(sim.handle().sleep(Duration::from_secs(1)));
    assert_eq!(seen.last(), "closed");
}

#[test]
fn a_large_body_goes_out_whole() {
    let world = World::new(vec![vec![Step::Request, ok("thanks")]]);
    let request = Request::post(Url::parse("https://docs.test/").unwrap(), vec![b'x'; 500_000]);
    assert_eq!(world.send(request).unwrap(), "thanks");
    assert!(world.seen.last().ends_with("xxxx"));
}

#[test]
fn a_handshake_without_end_is_ended() {
    let sim = Sim::new();
    sim.host("docs.test", ["10.0.0.1"]);
    serve(&sim, "10.0.0.1:443", vec![vec![Step::Hang]]);
    let client = Client::new(&sim.handle(), config()).unwrap();
    let error = sim.handle().block_on(client.send(Request::get(Url::parse("https://docs.test/").unwrap()))).unwrap_err();
    assert!(matches!(error.root(), Error::ConnectTimeout { .. }), "{error:?}");
    assert_eq!(sim.elapsed(), Duration::from_secs(10));
}

#[test]
fn a_proxy_that_says_more_than_yes_is_not_trusted() {
    let proxies = Proxies::from_variables([("https_proxy", "http://10.0.0.3:3128")]).unwrap();
    let sim = Sim::new();
    serve(&sim, "10.0.0.3:3128", vec![vec![Step::Request, say("HTTP/1.1 200 Connected\r\n\r\nmore"), Step::Hang]]);
    let client = Client::new(&sim.handle(), Config { proxies, ..Config::default() }).unwrap();
    let error = sim.handle().block_on(client.send(Request::get(Url::parse("https://docs.test/").unwrap()))).unwrap_err();
    assert!(matches!(error.root(), Error::MalformedHead { .. }), "{error:?}");
}
