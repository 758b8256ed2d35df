//! The HTTP client through its public API, in the simulated network: what each end of a connection means, time limits, redirects,
//! codings, addresses and proxies. One test for each row of the table in the documentation of `http::verdict`.

mod support;

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use futures_lite::AsyncReadExt;
use smolcrawl::http::{
    BodyFault, Client, Config, Counters, Error, HeadFault, Method, PrivateAddresses, Proxies, Redirects, Replay, Request,
};
use smolcrawl::reactor::sim::{self, Sim};
use support::{Seen, Step, ok, redirect, say, serve};
use url::Url;

/// A client in a world with one server, `http://docs.test`.
struct World {
    sim: Sim,
    client: Client,
    seen: Seen,
}

impl World {
    fn new(scripts: Vec<Vec<Step>>) -> Self {
        Self::with(open_config(), scripts)
    }

    fn with(config: Config, scripts: Vec<Vec<Step>>) -> Self {
        Self::of(Sim::new(), config, scripts)
    }

    fn of(sim: Sim, config: Config, scripts: Vec<Vec<Step>>) -> Self {
        sim.host("docs.test", ["10.0.0.1"]);
        let seen = serve(&sim, "10.0.0.1:80", scripts);
        let client = Client::new(&sim.handle(), config).unwrap();
        Self { sim, client, seen }
    }

    fn send(&self, request: Request) -> Result<Answer, Error> {
        self.sim.handle().block_on(read(&self.client, request))
    }

    fn get(&self, url: &str) -> Result<Answer, Error> {
        self.send(Request::get(parse(url)))
    }

    fn page(&self) -> Result<Answer, Error> {
        self.get("http://docs.test/page")
    }

    fn sleep(&self, time: Duration) {
        let handle = self.sim.handle();
        handle.block_on(handle.sleep(time));
    }

    fn counters(&self) -> Counters {
        self.client.counters()
    }
}

/// An answer read to its end.
#[derive(Debug)]
struct Answer {
    status: u16,
    url: String,
    body: String,
    redirects: usize,
}

async fn read(client: &Client, request: Request) -> Result<Answer, Error> {
    let mut response = client.send(request).await?;
    let body = response.bytes().await?;
    assert_eq!(body.len(), body.capacity(), "sized exactly");
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status: response.status, url: response.url.to_string(), body, redirects: response.redirects.len() })
}

fn open_config() -> Config {
    Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The error without its URL; panics if there was an answer.
#[track_caller]
fn failure(outcome: Result<Answer, Error>) -> Error {
    match outcome.unwrap_err() {
        Error::At { source, .. } => *source,
        other => panic!("{other:?} names no URL"),
    }
}

#[track_caller]
fn assert_body(outcome: Result<Answer, Error>, body: &str) {
    assert_eq!(outcome.unwrap().body, body);
}

mod the_end_of_a_connection {
    use super::*;

    #[test]
    fn while_it_rests_in_the_pool_is_nobodys_business() {
        for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
            let world =
                World::new(vec![vec![Step::Request, ok("one"), Step::Wait(seconds(1)), last], vec![Step::Request, ok("two"), Step::Hang]]);
            assert_body(world.page(), "one");
            world.sleep(seconds(2));
            assert_body(world.send(Request::post(parse("http://docs.test/"), b"x".to_vec())), "two");
            let counters = world.counters();
            assert_eq!((counters.retried, counters.benign_resets, counters.connections_opened), (0, 1, 2));
            assert_eq!((counters.requests, counters.succeeded, counters.failed), (2, 2, 0));
        }
    }

    fn dies_on_reuse(last: Step) -> World {
        let world = World::new(vec![vec![Step::Request, ok("one"), Step::Request, last], vec![Step::Request, ok("again"), Step::Hang]]);
        assert_body(world.page(), "one");
        world
    }

    #[test]
    fn as_the_answer_to_a_reused_one_is_retried_once_if_that_does_no_harm() {
        for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
            let world = dies_on_reuse(last.clone());
            assert_body(world.page(), "again");
            let counters = world.counters();
            assert_eq!((counters.retried, counters.benign_resets, counters.connections_opened, counters.connections_reused), (1, 1, 2, 1));

            let world = dies_on_reuse(last);
            assert_body(world.send(Request::post(parse("http://docs.test/"), b"x".to_vec()).replayable(Replay::Safe)), "again");
            assert_eq!(world.counters().retried, 1);
        }
    }

    #[test]
    fn as_the_answer_to_a_reused_one_is_an_error_where_twice_might_do_harm() {
        for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
            for request in [
                Request::post(parse("http://docs.test/"), b"x".to_vec()),
                Request::get(parse("http://docs.test/")).replayable(Replay::Never),
            ] {
                let world = dies_on_reuse(last.clone());
                let error = failure(world.send(request));
                assert!(matches!(error, Error::ClosedBeforeResponse { .. }), "{error:?}");
                assert_eq!(world.seen.count(), 2, "sent once");
                let counters = world.counters();
                assert_eq!((counters.retried, counters.failed, counters.connections_opened), (0, 1, 1));
            }
        }
    }

    #[test]
    fn as_the_second_answer_to_a_retry_is_an_error() {
        let world = World::new(vec![vec![Step::Request, ok("one"), Step::Request, Step::Reset], vec![Step::Request, Step::Reset]]);
        assert_body(world.page(), "one");
        assert!(matches!(failure(world.page()), Error::ClosedBeforeResponse { source: Some(_) }));
        assert_eq!(world.seen.count(), 3, "one retry, no more");
    }

    #[test]
    fn as_the_answer_to_a_fresh_one_is_an_error() {
        let world = World::new(vec![vec![Step::Request, Step::Reset], vec![Step::Request]]);
        let error = failure(world.page());
        assert!(matches!(error, Error::ClosedBeforeResponse { source: Some(_) }), "{error:?}");
        assert!(error.is_transient());
        assert!(matches!(failure(world.page()), Error::ClosedBeforeResponse { source: None }));
        assert_eq!((world.counters().retried, world.seen.count()), (0, 2));
    }

    #[test]
    fn inside_the_head_is_an_error_even_on_a_reused_one() {
        for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
            let cut = say("HTTP/1.1 200 OK\r\nContent-Le");
            let world = World::new(vec![vec![Step::Request, cut.clone(), last.clone()]]);
            assert!(matches!(failure(world.page()), Error::TruncatedHead { .. }));
            let world = World::new(vec![vec![Step::Request, ok("one"), Step::Request, cut, last]]);
            assert_body(world.page(), "one");
            assert!(matches!(failure(world.page()), Error::TruncatedHead { .. }));
            assert_eq!(world.counters().retried, 0);
        }
    }

    #[test]
    fn inside_a_framed_body_is_an_error() {
        for (answer, expected) in [
            ("Content-Length: 1000\r\n\r\nhello", Some(1000)),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None),
            ("Transfer-Encoding: chunked\r\n\r\n10\r\nhello", None),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0", None),
        ] {
            for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
                let world =
                    World::new(vec![vec![Step::Request, say(format!("HTTP/1.1 200 OK\r\n{answer}")), Step::Wait(seconds(1)), last]]);
                match failure(world.page()) {
                    Error::TruncatedBody { received, expected: wanted, .. } => assert_eq!((received, wanted), (5, expected), "{answer:?}"),
                    other => panic!("{answer:?}: {other:?}"),
                }
                let counters = world.counters();
                assert_eq!((counters.succeeded, counters.failed, world.client.idle_connections()), (0, 1, 0));
            }
        }
    }

    #[test]
    fn after_a_complete_message_is_no_error() {
        for answer in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
            for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
                let world = World::new(vec![vec![Step::Request, say(format!("HTTP/1.1 200 OK\r\n{answer}")), last]]);
                for _ in 0..3 {
                    assert_body(world.page(), "hello");
                }
                let counters = world.counters();
                assert_eq!((counters.succeeded, counters.failed, counters.retried), (3, 0, 0), "{answer:?}");
            }
        }
    }

    #[test]
    fn is_the_end_of_an_open_body_only_if_it_is_orderly() {
        let open = say("HTTP/1.1 200 OK\r\n\r\nhello");
        let world = World::new(vec![vec![Step::Request, open.clone()]]);
        assert_body(world.page(), "hello");
        let world = World::new(vec![vec![Step::Request, say("HTTP/1.0 200 OK\r\n\r\nhello")]]);
        assert_body(world.page(), "hello");
        let world = World::new(vec![vec![Step::Request, open, Step::Wait(seconds(1)), Step::Reset]]);
        let error = failure(world.page());
        assert!(matches!(error, Error::TruncatedBody { received: 5, expected: None, source: Some(_) }), "{error:?}");
    }

    #[test]
    fn that_swallows_a_body_is_an_error_as_on_windows() {
        let sim = Sim::with(sim::Config { unread: sim::Unread::Dropped, ..sim::Config::default() });
        sim.latency("10.0.0.1", seconds(1));
        let world = World::of(sim, open_config(), vec![vec![Step::Request, ok(&"x".repeat(50_000)), Step::Reset]]);
        let error = failure(world.page());
        assert!(matches!(error, Error::TruncatedBody { .. } | Error::ClosedBeforeResponse { .. }), "{error:?}");
    }

    #[test]
    fn while_writing_does_not_hide_an_early_answer() {
        let early = say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nless");
        for last in [Step::Reset, Step::Hang] {
            let world = World::new(vec![vec![Step::HalfRequest, early.clone(), last]]);
            let answer = world.send(Request::post(parse("http://docs.test/"), vec![b'x'; 1 << 20])).unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (413, "less"));
            assert_eq!(world.client.idle_connections(), 0, "not used again");
        }
        let world = World::new(vec![vec![Step::HalfRequest, Step::Reset]]);
        let error = failure(world.send(Request::post(parse("http://docs.test/"), vec![b'x'; 1 << 20])));
        assert!(matches!(error, Error::Write { .. } | Error::ClosedBeforeResponse { .. }), "{error:?}");
    }

    #[test]
    fn follows_at_once_where_the_framing_is_in_doubt() {
        for answer in [
            "Content-Length: 5\r\n\r\nhelloGARBAGE",
            "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        ] {
            let world = World::new(vec![vec![Step::Request, say(format!("HTTP/1.1 200 OK\r\n{answer}")), Step::Hang]]);
            assert_body(world.page(), "hello");
            assert_eq!(world.client.idle_connections(), 0, "{answer:?}");
            assert_body(world.page(), "hello");
        }
    }
}

mod connections {
    use super::*;

    #[test]
    fn are_used_again_and_counted() {
        let world = World::new(vec![vec![Step::Request, ok("one"), Step::Request, ok("two"), Step::Request, ok("three"), Step::Hang]]);
        for body in ["one", "two", "three"] {
            assert_body(world.page(), body);
        }
        let counters = world.counters();
        assert_eq!((counters.connections_opened, counters.connections_reused, counters.succeeded), (1, 2, 3));
        assert_eq!(world.sim.connections_opened(), 1);
    }

    #[test]
    fn are_not_used_when_too_old() {
        let world = World::new(vec![vec![Step::Request, ok("one"), Step::Hang]]);
        assert_body(world.page(), "one");
        world.sleep(seconds(60));
        assert_body(world.page(), "one");
        let counters = world.counters();
        assert_eq!((counters.connections_opened, counters.connections_reused, counters.benign_resets), (2, 0, 0));
    }

    #[test]
    fn are_kept_after_answers_without_a_body() {
        let none = |status: &str| say(format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n"));
        let script = vec![
            Step::Request,
            none("200 OK"),
            Step::Request,
            none("204 No Content"),
            Step::Request,
            none("304 Not Modified"),
            Step::Request,
            ok(""),
        ];
        let world = World::new(vec![script]);
        assert_body(world.send(Request::head(parse("http://docs.test/"))), "");
        for _ in 0..3 {
            assert_body(world.page(), "");
        }
        assert_eq!(world.counters().connections_opened, 1);
    }

    #[test]
    fn carry_interim_answers() {
        let world = World::new(vec![vec![
            Step::Request,
            say("HTTP/1.1 100 Continue\r\n\r\n"),
            Step::Wait(seconds(1)),
            say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
            ok("hello"),
        ]]);
        assert_body(world.page(), "hello");
    }

    #[test]
    fn at_rest_are_limited_for_each_origin_and_in_all() {
        let config = Config { max_idle_per_origin: 3, max_idle: 5, ..open_config() };
        let script = || vec![vec![Step::Request, Step::Wait(seconds(1)), ok("hello"), Step::Watch]];
        let world = World::with(config, script());
        world.sim.host("other.test", ["10.0.0.2"]);
        serve(&world.sim, "10.0.0.2:80", script());
        for (url, idle) in [("http://docs.test/", 3), ("http://other.test/", 5)] {
            let requests = (0..20).map(|_| read(&world.client, Request::get(parse(url))));
            let answers = world.sim.handle().block_on(futures_util::future::join_all(requests));
            assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.body == "hello")));
            assert_eq!(world.client.idle_connections(), idle);
        }
        assert_eq!(world.counters().connections_opened, 40, "all at once");
        world.sleep(seconds(1));
        assert_eq!(world.sim.connections_open(), 5, "the others are closed");
    }

    #[test]
    fn of_a_dropped_request_are_closed() {
        let world = World::new(vec![vec![Step::Request, Step::Hang]]);
        let handle = world.sim.handle();
        let request = world.client.send(Request::get(parse("http://docs.test/")));
        assert!(handle.block_on(handle.timeout(seconds(1), request)).is_err());
        assert_eq!(world.client.idle_connections(), 0);
        assert_eq!(world.sim.elapsed(), seconds(1));
    }

    #[test]
    fn try_every_address() {
        let world = World::new(vec![vec![Step::Request, ok("hello")]]);
        // Refused, then no answer, then well.
        world.sim.host("docs.test", ["10.0.0.9", "10.0.0.8", "10.0.0.1"]);
        world.sim.blackhole("10.0.0.8");
        assert_body(world.page(), "hello");
        assert_eq!(world.sim.elapsed(), Duration::from_millis(250), "the next is tried beside one that does not answer");
        world.sim.host("gone.test", ["10.0.0.9", "10.0.0.7"]);
        let error = failure(world.get("http://gone.test/"));
        assert!(matches!(&error, Error::Connect { address, .. } if address.to_string() == "10.0.0.7:80"), "{error:?}");
    }

    #[test]
    fn ask_for_a_name_once_a_minute() {
        let world = World::new(vec![vec![Step::Request, say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")]]);
        for _ in 0..3 {
            world.page().unwrap();
        }
        assert_eq!(world.sim.lookups("docs.test"), 1);
        world.sleep(seconds(61));
        world.page().unwrap();
        assert_eq!(world.sim.lookups("docs.test"), 2);
        let error = failure(world.get("http://nowhere.test/"));
        assert!(matches!(&error, Error::Resolve { host, .. } if host == "nowhere.test"), "{error:?}");
        assert!(error.hint().is_some());
    }
}

mod requests {
    use super::*;

    #[test]
    fn say_who_asks_and_carry_credentials_of_the_url() {
        let world = World::new(vec![vec![Step::Request, ok("")]]);
        let answer = world.get("http://me:pw@docs.test/a?b#c").unwrap();
        let request = world.seen.last();
        assert!(request.starts_with("GET /a?b HTTP/1.1\r\nHost: docs.test\r\nUser-Agent: smolcrawl/"), "{request}");
        assert!(request.contains("\r\nAuthorization: Basic bWU6cHc=\r\n"), "{request}");
        assert!(!request.to_ascii_lowercase().contains("content-length"), "{request}");
        assert_eq!(answer.url, "http://docs.test/a?b#c");
    }

    #[test]
    fn carry_bodies_of_any_size() {
        for size in [0, 1, 16 * 1024, 16 * 1024 + 1, 300_000] {
            let world = World::new(vec![vec![Step::Request, ok("thanks")]]);
            assert_body(world.send(Request::post(parse("http://docs.test/"), vec![b'x'; size])), "thanks");
            let request = world.seen.last();
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {size}")), "{head}");
            assert_eq!(body.len(), size);
        }
    }

    #[test]
    fn that_cannot_be_sent_are_refused() {
        let world = World::new(vec![vec![Step::Request, ok("")]]);
        let error = failure(world.send(Request::get(parse("http://docs.test/")).header("x", "y\r\nEvil: 1")));
        assert!(matches!(error, Error::InvalidHeader { name } if name == "x"));
        assert!(matches!(failure(world.get("ftp://docs.test/")), Error::UnsupportedScheme { .. }));
        assert!(matches!(failure(world.get("data:text/plain,x")), Error::UnsupportedScheme { .. }));
        assert_eq!(world.sim.connections_opened(), 0);
        let config = Config { user_agent: "x\r\ny".into(), ..Config::default() };
        assert!(matches!(Client::new(&world.sim.handle(), config), Err(Error::InvalidHeader { .. })));
    }

    #[test]
    fn get_malformed_answers_named() {
        let fault = |answer: &str| {
            let world = World::new(vec![vec![Step::Request, say(answer), Step::Hang]]);
            failure(world.page())
        };
        assert!(matches!(fault("SSH-2.0-OpenSSH_9.6\r\n"), Error::MalformedHead { fault: HeadFault::NotHttp }));
        let conflict = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello";
        assert!(matches!(fault(conflict), Error::MalformedHead { fault: HeadFault::ContentLength }));
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        assert!(matches!(fault(chunks), Error::MalformedBody { fault: BodyFault::ChunkSize }));
    }
}

mod time {
    use super::*;

    fn limits() -> Config {
        Config {
            connect_timeout: seconds(3),
            first_byte_timeout: seconds(5),
            idle_timeout: seconds(7),
            total_timeout: seconds(60),
            ..open_config()
        }
    }

    #[test]
    fn to_connect_is_limited() {
        let world = World::with(limits(), vec![vec![Step::Hang]]);
        world.sim.blackhole("10.0.0.1");
        assert!(matches!(failure(world.page()), Error::ConnectTimeout { limit } if limit == seconds(3)));
        assert_eq!(world.sim.elapsed(), seconds(3));
    }

    #[test]
    fn to_resolve_is_part_of_it() {
        let world = World::with(limits(), vec![vec![Step::Hang]]);
        world.sim.lookup_time(seconds(10));
        assert!(matches!(failure(world.page()), Error::ConnectTimeout { .. }));
        assert_eq!(world.sim.elapsed(), seconds(3));
    }

    #[test]
    fn to_the_head_is_limited_even_in_drops() {
        let world = World::with(limits(), vec![vec![Step::Request, Step::Hang]]);
        assert!(matches!(failure(world.page()), Error::FirstByteTimeout { limit } if limit == seconds(5)));
        assert_eq!(world.sim.elapsed(), seconds(5));
        let mut drops = vec![Step::Request, say("HTTP/1.1 200 OK\r\n")];
        (0..100).for_each(|_| drops.extend([Step::Wait(seconds(1)), say("X: y\r\n")]));
        let world = World::with(limits(), vec![drops]);
        assert!(matches!(failure(world.page()), Error::FirstByteTimeout { .. }));
        assert_eq!(world.sim.elapsed(), seconds(5));
    }

    #[test]
    fn between_reads_is_limited_and_starts_anew_with_each() {
        let slow = |pause: u64| {
            let mut script = vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")];
            (0..4).for_each(|_| script.extend([Step::Wait(seconds(pause)), say("x")]));
            World::with(limits(), vec![script])
        };
        let world = slow(6);
        assert_body(world.page(), "xxxx");
        assert_eq!(world.sim.elapsed(), seconds(24));
        let world = slow(8);
        assert!(matches!(failure(world.page()), Error::IdleTimeout { limit } if limit == seconds(7)));
        assert_eq!(world.sim.elapsed(), seconds(7));
        assert_eq!(world.counters().failed, 1);
    }

    #[test]
    fn in_all_is_limited_over_body_and_redirects() {
        let mut script = vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")];
        (0..100).for_each(|_| script.extend([Step::Wait(seconds(1)), say("x")]));
        let world = World::with(limits(), vec![script]);
        assert!(matches!(failure(world.page()), Error::TotalTimeout { limit } if limit == seconds(60)));
        assert_eq!(world.sim.elapsed(), seconds(60));

        let config = Config { total_timeout: seconds(6), ..limits() };
        let hop = |to: &str| vec![Step::Request, Step::Wait(seconds(4)), redirect(302, to)];
        let world = World::with(config, vec![hop("/a"), hop("/b")]);
        assert!(matches!(failure(world.page()), Error::TotalTimeout { .. }));
        assert_eq!(world.sim.elapsed(), seconds(6));
    }

    #[test]
    fn of_a_slow_upload_is_progress() {
        // One small buffer goes out in each round trip of two seconds.
        let sim = Sim::with(sim::Config { buffer: 1024, ..sim::Config::default() });
        sim.latency("10.0.0.1", seconds(1));
        let world = World::of(sim, limits(), vec![vec![Step::Request, ok("thanks")]]);
        assert_body(world.send(Request::post(parse("http://docs.test/"), vec![b'x'; 20_000])), "thanks");
        assert!(world.sim.elapsed() > seconds(20), "{:?}", world.sim.elapsed());
    }
}

mod redirects {
    use super::*;

    #[test]
    fn are_followed_to_the_end() {
        let world = World::new(vec![vec![
            Step::Request,
            redirect(301, "/b"),
            Step::Request,
            redirect(302, "c?d"),
            Step::Request,
            redirect(308, "//docs.test/e#new"),
            Step::Request,
            ok("end"),
        ]]);
        let answer = world.get("http://docs.test/a#old").unwrap();
        assert_eq!((answer.url.as_str(), answer.body.as_str(), answer.redirects), ("http://docs.test/e#new", "end", 3));
        assert_eq!(world.counters().connections_opened, 1, "bodies of redirects are read to keep the connection");
        assert_eq!((world.counters().requests, world.counters().succeeded), (1, 1));
    }

    #[test]
    fn are_answers_when_not_followed() {
        let world = World::new(vec![vec![
            Step::Request,
            redirect(302, "/b"),
            Step::Request,
            say("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        ]]);
        let answer = world.send(Request::get(parse("http://docs.test/a")).redirects(Redirects::Stop)).unwrap();
        assert_eq!((answer.status, answer.url.as_str()), (302, "http://docs.test/a"));
        assert_eq!(world.page().unwrap().status, 302, "without a location");
    }

    #[test]
    fn in_circles_and_without_end_are_errors() {
        let world = World::new(vec![vec![Step::Request, redirect(302, "/b"), Step::Request, redirect(302, "/page")]]);
        assert!(matches!(failure(world.page()), Error::RedirectLoop));
        let world = World::new(vec![vec![Step::Request, redirect(302, "/page#else")]]);
        assert!(matches!(failure(world.page()), Error::RedirectLoop));
        let hops = (0..20).flat_map(|hop| [Step::Request, redirect(302, &format!("/{hop}"))]).collect();
        let world = World::new(vec![hops]);
        let error = world.page().unwrap_err();
        assert!(matches!(error.root(), Error::TooManyRedirects { limit: 10 }), "{error:?}");
        assert_eq!((world.seen.count(), world.counters().failed, world.counters().succeeded), (11, 1, 0));
        for nowhere in ["http://[", "mailto:x@y"] {
            let world = World::new(vec![vec![Step::Request, redirect(302, nowhere)]]);
            assert!(matches!(failure(world.page()), Error::InvalidLocation { .. } | Error::UnsupportedScheme { .. }));
        }
    }

    #[test]
    fn leave_credentials_behind_when_they_leave_the_origin() {
        let world = World::new(vec![vec![Step::Request, redirect(302, "/same"), Step::Request, redirect(302, "http://other.test/")]]);
        world.sim.host("other.test", ["10.0.0.2"]);
        let other = serve(&world.sim, "10.0.0.2:80", vec![vec![Step::Request, ok("end")]]);
        let request = Request::get(parse("http://me:pw@docs.test/")).header("Cookie", "secret").header("X-Kept", "1");
        assert_body(world.send(request), "end");
        assert!(
            world.seen.last().contains("Cookie: secret") && world.seen.last().contains("Authorization: Basic"),
            "{}",
            world.seen.last()
        );
        let last = other.last();
        assert!(!last.contains("secret") && !last.contains("Authorization") && last.contains("X-Kept: 1"), "{last}");
    }

    #[test]
    fn turn_a_post_into_a_get_or_not() {
        let world = World::new(vec![vec![Step::Request, redirect(303, "/done"), Step::Request, ok("end")]]);
        assert_body(world.send(Request::post(parse("http://docs.test/form"), b"x=1".to_vec())), "end");
        assert!(world.seen.last().starts_with("GET /done "), "{}", world.seen.last());
        let world = World::new(vec![vec![Step::Request, redirect(307, "/again"), Step::Request, ok("end")]]);
        assert_body(world.send(Request::post(parse("http://docs.test/form"), b"x=1".to_vec())), "end");
        let last = world.seen.last();
        assert!(last.starts_with("POST /again ") && last.ends_with("\r\n\r\nx=1"), "{last}");
        // Post, redirect, get: back to where the form was.
        let world = World::new(vec![vec![Step::Request, redirect(302, "/form"), Step::Request, ok("end")]]);
        assert_body(world.send(Request::post(parse("http://docs.test/form"), b"x=1".to_vec())), "end");
    }

    #[test]
    fn pass_over_large_or_broken_bodies() {
        let large = say(format!("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9000000\r\n\r\n{}", "x".repeat(20_000)));
        let broken = say("HTTP/1.1 302 Found\r\nLocation: /c\r\nContent-Length: 10\r\n\r\nx");
        let world = World::new(vec![vec![Step::Request, large, Step::Hang], vec![Step::Request, broken], vec![Step::Request, ok("end")]]);
        assert_body(world.page(), "end");
        assert_eq!((world.counters().succeeded, world.counters().failed), (1, 0));
    }
}

mod addresses {
    use super::*;

    fn guarded(scripts: Vec<Vec<Step>>) -> World {
        let world = World::with(Config::default(), scripts);
        world.sim.host("public.test", ["1.2.3.4"]);
        world
    }

    #[test]
    fn that_are_private_are_refused_after_the_lookup() {
        let world = guarded(vec![vec![Step::Request, ok("secret")]]);
        let error = failure(world.page());
        assert!(
            matches!(&error, Error::PrivateAddress { host, address, range: "private" } if host == "docs.test" && address.to_string() == "10.0.0.1")
        );
        assert!(error.hint().unwrap().contains("--allow-private"));
        assert_eq!(world.sim.connections_opened(), 0);
    }

    #[test]
    fn in_disguise_are_refused() {
        let world = guarded(vec![vec![Step::Request, ok("secret")]]);
        for url in [
            "http://10.0.0.1/",
            "http://0x0a000001/",
            "http://167772161/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::a00:1]/",
            "http://169.254.169.254/latest/",
        ] {
            assert!(matches!(failure(world.get(url)), Error::PrivateAddress { .. }), "{url}");
        }
        assert_eq!(world.sim.connections_opened(), 0);
    }

    #[test]
    fn are_judged_at_every_hop() {
        let world = guarded(vec![vec![Step::Request, ok("secret")]]);
        serve(
            &world.sim,
            "1.2.3.4:80",
            vec![vec![Step::Request, redirect(302, "http://docs.test/"), Step::Request, redirect(302, "http://10.0.0.1/")]],
        );
        for _ in 0..2 {
            let error = world.get("http://public.test/").unwrap_err();
            assert!(matches!(error.root(), Error::PrivateAddress { .. }), "{error:?}");
            assert!(matches!(error.url().unwrap().host_str(), Some("docs.test" | "10.0.0.1")));
        }
        assert_eq!(world.sim.connections_opened_to("10.0.0.1"), 0);
    }

    /// Even where the name would lead to a public address: a machine in a cloud has its secrets there.
    #[test]
    fn names_of_metadata_are_refused_unresolved() {
        let world = guarded(vec![vec![Step::Request, ok("secret")]]);
        world.sim.host("metadata.google.internal", ["1.2.3.4"]);
        let error = failure(world.get("http://metadata.google.internal/computeMetadata/v1/"));
        assert!(matches!(error, Error::PrivateName { what: "a metadata name", .. }), "{error:?}");
        assert_eq!(world.sim.lookups("metadata.google.internal"), 0);
    }

    #[test]
    fn of_one_name_are_judged_one_by_one() {
        let world = guarded(vec![vec![Step::Request, ok("secret")]]);
        world.sim.host("mixed.test", ["10.0.0.1", "1.2.3.4"]);
        serve(&world.sim, "1.2.3.4:80", vec![vec![Step::Request, ok("public")]]);
        assert_body(world.get("http://mixed.test/"), "public");
        assert_eq!(world.sim.connections_opened_to("10.0.0.1"), 0);
    }
}

mod proxies {
    use super::*;

    fn proxied(variables: &[(&str, &str)], scripts: Vec<Vec<Step>>) -> World {
        let proxies = Proxies::from_variables(variables.iter().copied()).unwrap();
        let world = World::with(Config { proxies, ..Config::default() }, scripts);
        world.sim.host("proxy.test", ["10.0.0.1"]);
        world
    }

    #[test]
    fn forward_http_and_share_their_connection() {
        let world =
            proxied(&[("http_proxy", "http://me:pw@proxy.test:80")], vec![vec![Step::Request, ok("one"), Step::Request, ok("two")]]);
        assert_body(world.get("http://you:pw@a.test/x?y"), "one");
        let request = world.seen.last();
        assert!(request.starts_with("GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic bWU6cHc=\r\n"), "{request}");
        assert_body(world.get("http://b.test/"), "two");
        assert_eq!((world.counters().connections_opened, world.sim.lookups("a.test")), (1, 1));
    }

    #[test]
    fn do_not_lead_to_names_that_are_refused_without_them() {
        let world = |private_addresses| {
            let proxies = Proxies::from_variables([("all_proxy", "http://10.0.0.1:80")]).unwrap();
            let script = (0..20).flat_map(|_| [Step::Request, ok("from the proxy")]).collect();
            let world = World::with(Config { proxies, private_addresses, ..Config::default() }, vec![script]);
            world.sim.host("inside.test", ["192.168.0.7"]);
            world.sim.host("mixed.test", ["1.2.3.4", "127.0.0.1"]);
            world.sim.host("public.test", ["1.2.3.4"]);
            world.sim.host("odd.internal", ["1.2.3.4"]);
            world
        };
        let guarded = world(PrivateAddresses::Refuse);
        for url in ["http://inside.test/", "https://inside.test/", "http://mixed.test/"] {
            let error = failure(guarded.get(url));
            assert!(matches!(error, Error::PrivateAddress { .. }), "{url}: {error:?}");
        }
        for name in ["metadata.google.internal", "METADATA.google.internal.", "metadata", "wiki", "wiki.corp", "nas.local"] {
            let error = failure(guarded.get(&format!("http://{name}/")));
            assert!(matches!(&error, Error::PrivateName { host, .. } if *host == name.to_lowercase()), "{name}: {error:?}");
            assert!(error.hint().unwrap().contains("--allow-private") && !error.is_transient());
        }
        assert_eq!(guarded.counters().connections_opened, 0);
        // What is public, here or for all that is known here, goes through; and each name is looked up once.
        for _ in 0..2 {
            for url in ["http://public.test/", "http://odd.internal/", "http://unknown.test/"] {
                assert_body(guarded.get(url), "from the proxy");
            }
        }
        assert_eq!([guarded.sim.lookups("public.test"), guarded.sim.lookups("unknown.test")], [1, 1]);

        let open = world(PrivateAddresses::Allow);
        for url in ["http://inside.test/", "http://metadata.google.internal/", "http://wiki/"] {
            assert_body(open.get(url), "from the proxy");
        }
        assert_eq!(open.sim.lookups("inside.test"), 0, "the proxy looks it up");
    }

    /// Whose fault it is, and what to do: neither address nor status is one of the site's.
    #[test]
    fn that_cannot_be_had_are_named() {
        let refusal = || say("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        let world = proxied(&[("http_proxy", "http://proxy.test:80")], vec![vec![Step::Request, refusal()]]);
        let error = failure(world.get("http://a.test/"));
        assert!(matches!(&error, Error::ProxyRefused { status: 407, proxy } if proxy == "proxy.test:80"), "{error:?}");
        assert!(error.hint().unwrap().contains("password"));
        assert_eq!((world.counters().failed, world.counters().failed_at.connect), (1, 1));
        // A site's own is an answer.
        let direct = World::new(vec![vec![Step::Request, refusal()]]);
        assert_eq!(direct.get("http://docs.test/").unwrap().status, 407);

        for (proxy, is_looked_up) in [("http://10.0.0.9:80", false), ("http://nowhere.test:80", true)] {
            for url in ["http://a.test/", "https://a.test/"] {
                let error = failure(proxied(&[("all_proxy", proxy)], vec![]).get(url));
                let Error::Proxy { proxy: named, source } = &error else { panic!("{error:?}") };
                assert!(proxy.ends_with(named.as_str()), "{named}");
                assert_eq!(matches!(**source, Error::Resolve { .. }), is_looked_up, "{error:?}");
                assert!(error.hint().unwrap().contains("HTTP_PROXY") && error.is_transient());
            }
        }
    }

    #[test]
    fn are_asked_for_a_tunnel() {
        let refusal = say("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
        let world = proxied(&[("https_proxy", "http://me:pw@proxy.test:80")], vec![vec![Step::Request, refusal]]);
        let error = failure(world.get("https://a.test/"));
        assert!(matches!(&error, Error::ProxyRefused { status: 407, proxy } if proxy == "proxy.test:80"), "{error:?}");
        assert!(error.hint().unwrap().contains("password"));
        let request = world.seen.last();
        assert_eq!(request, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n");
    }

    #[test]
    fn do_not_lead_to_private_literals_and_are_exempt_themselves() {
        let world = proxied(&[("all_proxy", "http://10.0.0.1:80")], vec![vec![Step::Request, ok("one")]]);
        for url in ["http://192.168.0.1/", "https://169.254.169.254/"] {
            assert!(matches!(failure(world.get(url)), Error::PrivateAddress { .. }), "{url}");
        }
        assert!(matches!(failure(world.get("http://127.0.0.1/")), Error::PrivateAddress { range: "loopback", .. }));
        assert_body(world.get("http://a.test/"), "one");
    }
}

mod codings {
    use super::*;

    const TEXT: &str = "All work and no play makes Jack a dull boy. ";

    fn text() -> String {
        TEXT.repeat(2000)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn all(mut reader: impl futures_lite::AsyncRead + Unpin) -> Vec<u8> {
        let mut out = Vec::new();
        futures_lite::future::block_on(reader.read_to_end(&mut out)).unwrap();
        out
    }

    fn brotli(bytes: &[u8]) -> Vec<u8> {
        all(async_compression::futures::bufread::BrotliEncoder::new(bytes))
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        all(async_compression::futures::bufread::ZstdEncoder::new(bytes))
    }

    fn coded(coding: &str, body: &[u8]) -> Step {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        say(answer)
    }

    fn chunked(coding: &str, body: &[u8]) -> Step {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
        for chunk in body.chunks(100) {
            answer.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
        }
        answer.extend_from_slice(b"0\r\n\r\n");
        say(answer)
    }

    #[test]
    fn are_undone() {
        let text = text();
        let bytes = text.as_bytes();
        for (coding, body) in [
            ("gzip", gzip(bytes)),
            ("X-GZip", gzip(bytes)),
            ("deflate", zlib(bytes)),
            ("deflate", deflate(bytes)),
            ("br", brotli(bytes)),
            ("zstd", zstd(bytes)),
            ("identity", bytes.to_vec()),
            ("gzip, br", brotli(&gzip(bytes))),
            ("deflate, zstd, gzip", gzip(&zstd(&zlib(bytes)))),
        ] {
            let world = World::new(vec![vec![Step::Request, coded(coding, &body), Step::Request, chunked(coding, &body), Step::Hang]]);
            assert_body(world.page(), &text);
            assert_body(world.page(), &text);
            assert_eq!(world.counters().connections_opened, 1, "{coding}: kept");
        }
    }

    #[test]
    fn of_nothing_are_nothing() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let world = World::new(vec![vec![
                Step::Request,
                coded(coding, b""),
                Step::Request,
                chunked(coding, b""),
                Step::Request,
                coded(coding, &gzip(b"")),
            ]]);
            assert_body(world.page(), "");
            assert_body(world.page(), "");
            if coding == "gzip" {
                assert_body(world.page(), "");
            }
        }
        let head = World::new(vec![vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n")]]);
        assert_body(head.send(Request::new(Method::HEAD, parse("http://docs.test/"))), "");
    }

    #[test]
    fn cut_short_are_errors() {
        let text = text();
        let bytes = text.as_bytes();
        for (coding, body) in
            [("gzip", gzip(bytes)), ("deflate", zlib(bytes)), ("deflate", deflate(bytes)), ("br", brotli(bytes)), ("zstd", zstd(bytes))]
        {
            for left in [1, body.len() / 2, body.len() - 1] {
                let world = World::new(vec![vec![Step::Request, coded(coding, &body[..left]), Step::Hang]]);
                let error = failure(world.page());
                assert!(matches!(error, Error::Undecodable { .. }), "{coding} {left} of {}: {error:?}", body.len());
                assert_eq!((world.counters().failed, world.counters().succeeded), (1, 0));
            }
        }
        // The stream is whole, the message is not.
        let body = gzip(bytes);
        let mut cut =
            format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).into_bytes();
        cut.extend_from_slice(&body);
        let world = World::new(vec![vec![Step::Request, say(cut)]]);
        assert!(matches!(failure(world.page()), Error::TruncatedBody { .. }));
    }

    #[test]
    fn may_be_followed_by_garbage_and_by_more_of_the_same() {
        let text = text();
        let mut body = gzip(text.as_bytes());
        body.extend_from_slice(&[0; 100]);
        let world = World::new(vec![vec![Step::Request, coded("gzip", &body), Step::Hang]]);
        assert_body(world.page(), &text);
        let twice = [gzip(b"one "), gzip(b"two")].concat();
        let world = World::new(vec![vec![Step::Request, coded("gzip", &twice), Step::Request, chunked("gzip", &twice), Step::Hang]]);
        assert_body(world.page(), "one two");
        assert_body(world.page(), "one two");
    }

    /// However the bytes arrive: what follows the first member is not dropped because its mark came in two pieces.
    #[test]
    fn members_of_a_gzip_stream_that_arrive_in_pieces_are_read_to_the_last() {
        let (one, two) = (gzip(b"one "), gzip(b"two"));
        let whole = [one.clone(), two].concat();
        for cut in one.len() - 2..one.len() + 6 {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", whole.len());
            let script =
                vec![Step::Request, say(head), say(&whole[..cut]), Step::Wait(Duration::from_secs(1)), say(&whole[cut..]), Step::Hang];
            assert_body(World::new(vec![script]).page(), "one two");
        }
        // What only begins like another member is passed over like anything else.
        for tail in [&b"\x1f"[..], b"\x1f\x8b", b"\x1f\x1f\x8b\x08", b"\x1f\x8b\x09tail"] {
            let world = World::new(vec![vec![Step::Request, coded("gzip", &[&one, tail].concat()), Step::Hang]]);
            assert_body(world.page(), "one ");
        }
    }

    #[test]
    fn that_are_lies_or_unknown_are_errors() {
        let world = World::new(vec![vec![Step::Request, coded("gzip", b"\x01\x02 no text"), Step::Hang]]);
        assert!(matches!(failure(world.page()), Error::Undecodable { coding: "gzip", .. }));
        for unknown in ["compress", "gzip, gzip, gzip, gzip"] {
            let world = World::new(vec![vec![Step::Request, coded(unknown, b"\x1f\x9d\x90"), Step::Hang]]);
            assert!(matches!(failure(world.page()), Error::UnsupportedCoding { coding } if coding == unknown));
        }
    }

    #[test]
    fn do_not_get_past_the_limit() {
        let config = || Config { max_body: 1 << 20, ..open_config() };
        let zeros = vec![0; 16 << 20];
        let bomb = gzip(&zeros);
        assert!(bomb.len() < 1 << 15);
        for (coding, body) in [("gzip", bomb.clone()), ("gzip, gzip", gzip(&bomb)), ("zstd", zstd(&zeros)), ("br", brotli(&zeros))] {
            let world = World::with(config(), vec![vec![Step::Request, coded(coding, &body), Step::Hang]]);
            let error = failure(world.page());
            assert!(matches!(error, Error::BodyTooLarge { limit } if limit == 1 << 20), "{coding}: {error:?}");
        }
        // Exactly the limit is within it, one byte more is not; announced or not.
        for (size, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
            let body = "x".repeat(size);
            let plain = ok(&body);
            let chunks = say(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"));
            let open = say(format!("HTTP/1.1 200 OK\r\n\r\n{body}"));
            for answer in [plain, chunks, open, coded("gzip", &gzip(body.as_bytes()))] {
                let world = World::with(config(), vec![vec![Step::Request, answer]]);
                match world.page() {
                    Ok(answer) => assert!(fits && answer.body.len() == size),
                    Err(error) => assert!(!fits && matches!(error.root(), Error::BodyTooLarge { .. }), "{error:?}"),
                }
            }
        }
    }

    #[test]
    fn do_not_take_a_large_window() {
        use async_compression::Level;
        use async_compression::zstd::CParameter;
        let noise: Vec<u8> = (0..100_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for (window, fits) in [(23, true), (27, false)] {
            let parameters = [CParameter::window_log(window)];
            let body = all(async_compression::futures::bufread::ZstdEncoder::with_quality_and_params(&*noise, Level::Fastest, &parameters));
            let world = World::new(vec![vec![Step::Request, coded("zstd", &body), Step::Hang]]);
            assert_eq!(world.page().is_ok(), fits, "{window}");
        }
    }

    #[test]
    fn are_undone_for_readers_too() {
        let text = text();
        let world = World::new(vec![vec![Step::Request, chunked("gzip", &gzip(text.as_bytes())), Step::Request, ok(&text), Step::Hang]]);
        for _ in 0..2 {
            let read = world.sim.handle().block_on(async {
                let mut body = world.client.send(Request::get(parse("http://docs.test/"))).await.unwrap().into_body();
                let mut out = Vec::new();
                let mut piece = [0; 777];
                loop {
                    match body.read(&mut piece).await.unwrap() {
                        0 => return String::from_utf8(out).unwrap(),
                        count => out.extend_from_slice(&piece[..count]),
                    }
                }
            });
            assert_eq!(read, text);
        }
        assert_eq!((world.counters().connections_opened, world.counters().succeeded), (1, 2));
    }

    #[test]
    fn leave_an_error_an_error() {
        let world = World::new(vec![vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")]]);
        world.sim.handle().block_on(async {
            let mut response = world.client.send(Request::get(parse("http://docs.test/"))).await.unwrap();
            let mut out = Vec::new();
            let error = response.body().read_to_end(&mut out).await.unwrap_err();
            let inner = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
            assert!(matches!(inner.root(), Error::TruncatedBody { received: 5, expected: Some(10), .. }));
            assert!(response.body().read(&mut [0; 10]).await.is_err());
            assert!(response.bytes().await.is_err());
        });
        assert_eq!((world.counters().failed, world.counters().succeeded), (1, 0));
    }
}
