//! What a client of the web puts up with, as browsers do, and what it does not: for each kindness a case that looks like it and must fail.
//! In the simulated network; the bytes of each answer are written out.

mod support;

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_compression::futures::bufread::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use futures_lite::{AsyncReadExt, future};
use proptest::prelude::*;
use smolcrawl::http::{BodyFault, Client, Config, Counters, Error, HeadFault, PrivateAddresses, Redirects, Request};
use smolcrawl::reactor::sim::Sim;
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
        Self::with(Config::default(), scripts)
    }

    fn with(config: Config, scripts: Vec<Vec<Step>>) -> Self {
        let sim = Sim::new();
        sim.host("docs.test", ["10.0.0.1"]);
        let seen = serve(&sim, "10.0.0.1:80", scripts);
        let client = Client::new(&sim.handle(), Config { private_addresses: PrivateAddresses::Allow, ..config }).unwrap();
        Self { sim, client, seen }
    }

    fn send(&self, request: Request) -> Result<(String, Vec<u8>), Error> {
        self.sim.handle().block_on(async {
            let mut response = self.client.send(request).await?;
            let body = response.bytes().await?;
            Ok((response.url.path().to_owned(), body))
        })
    }

    fn page(&self) -> Result<(String, Vec<u8>), Error> {
        self.send(Request::get(url("/")))
    }

    fn counters(&self) -> Counters {
        self.client.counters()
    }
}

fn url(path: &str) -> Url {
    Url::parse("http://docs.test").unwrap().join(path).unwrap()
}

/// One answer, then FIN.
fn once(answer: impl AsRef<[u8]>) -> World {
    World::new(vec![vec![Step::Request, say(answer)]])
}

#[track_caller]
fn text(outcome: Result<(String, Vec<u8>), Error>) -> String {
    String::from_utf8(outcome.unwrap().1).unwrap()
}

#[track_caller]
fn failure(outcome: Result<(String, Vec<u8>), Error>) -> Error {
    match outcome.unwrap_err() {
        Error::At { source, .. } => *source,
        other => panic!("{other:?} names no URL"),
    }
}

mod framing {
    use super::*;

    const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";

    #[test]
    fn chunked_told_twice_is_chunked_and_the_end_of_the_connection() {
        for twice in ["chunked, chunked", "chunked\r\nTransfer-Encoding: chunked"] {
            let first = say(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {twice}\r\n\r\n{CHUNKS}"));
            let world =
                World::new(vec![vec![Step::Request, first, Step::Request, ok("wrong"), Step::Hang], vec![Step::Request, ok("fresh")]]);
            assert_eq!(text(world.page()), "hello");
            assert_eq!(text(world.page()), "fresh");
            assert_eq!((world.counters().connections_opened, world.counters().connections_reused), (2, 0));
        }
        for other in ["gzip, chunked", "chunked, gzip", "x"] {
            let world = once(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {other}\r\n\r\n{CHUNKS}"));
            assert!(matches!(failure(world.page()), Error::MalformedHead { fault: HeadFault::TransferCoding }), "{other}");
        }
    }

    #[test]
    fn the_empty_line_behind_the_last_chunk_may_be_missing() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(text(once(format!("{head}5\r\nhello\r\n0\r\n")).page()), "hello");
        for less in ["5\r\nhello\r\n", "5\r\nhello\r\n0", "5\r\nhello", "a\r\nhello\r\n0\r\n"] {
            let error = failure(once(format!("{head}{less}")).page());
            assert!(matches!(error, Error::TruncatedBody { .. }), "{less:?}: {error:?}");
        }
        // What was said last may not have arrived.
        let reset = World::new(vec![vec![Step::Request, say(format!("{head}5\r\nhello\r\n0\r\n")), Step::Reset]]);
        assert!(matches!(failure(reset.page()), Error::TruncatedBody { source: Some(_), .. }));
    }

    #[test]
    fn a_chunk_over_the_limit_fails_before_it_comes() {
        let chunk = |size: &str| {
            let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\nhello");
            World::with(Config { max_body: 1000, ..Config::default() }, vec![vec![Step::Request, say(head), Step::Hang]])
        };
        for size in ["3E9", "FFFFFFFF", "FFFFFFFFFFFFFFFF"] {
            let world = chunk(size);
            assert!(matches!(failure(world.page()), Error::BodyTooLarge { limit: 1000 }), "{size}");
            assert_eq!(world.sim.elapsed(), Duration::ZERO);
        }
        let world = chunk("3E8");
        assert!(matches!(failure(world.page()), Error::IdleTimeout { .. }), "a thousand may come yet");
        let world = chunk("10000000000000000");
        assert!(matches!(failure(world.page()), Error::MalformedBody { fault: BodyFault::ChunkSize }));
    }

    #[test]
    fn a_length_over_the_limit_fails_before_it_comes() {
        for coding in ["identity", "gzip"] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 1001\r\n\r\n");
            let world = World::with(Config { max_body: 1000, ..Config::default() }, vec![vec![Step::Request, say(head), Step::Hang]]);
            assert!(matches!(failure(world.page()), Error::BodyTooLarge { limit: 1000 }), "{coding}");
            assert_eq!(world.sim.elapsed(), Duration::ZERO);
        }
    }

    #[test]
    fn odd_lines_of_a_head_are_passed_over() {
        let world = once("HTTP/1.1 200 OK\r\nno colon\r\nSet-Cookie: a=b\u{1}c\r\n: x\r\nContent-Length: 5\r\n\r\nhello");
        assert_eq!(text(world.page()), "hello");
        let world = once("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 5\u{1}\r\n\r\nhello");
        assert!(matches!(failure(world.page()), Error::MalformedHead { fault: HeadFault::Header }));
        let world = once("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello");
        assert!(matches!(failure(world.page()), Error::MalformedHead { fault: HeadFault::ContentLength }));
    }

    #[test]
    fn a_part_is_no_page_unless_it_was_asked_for() {
        let part = || once("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/1000\r\nContent-Length: 5\r\n\r\nhello");
        for redirects in [Redirects::Follow, Redirects::Stop] {
            let error = failure(part().send(Request::get(url("/")).redirects(redirects)));
            assert!(matches!(error, Error::UnaskedPart), "{error:?}");
            assert!(!error.is_transient() && error.hint().is_some());
        }
        assert_eq!(text(part().send(Request::get(url("/")).header("range", "bytes=0-4"))), "hello");
    }
}

mod redirects {
    use super::*;

    #[test]
    fn a_location_is_enough_though_the_head_is_cut_behind_it() {
        for end in [Step::Wait(Duration::ZERO), Step::Reset] {
            let cut = say("HTTP/1.1 301 Moved\r\nLocation: /there\r\nContent-Le");
            let world = World::new(vec![vec![Step::Request, cut, end.clone()], vec![Step::Request, ok("there")]]);
            assert_eq!(world.page().unwrap(), ("/there".to_owned(), b"there".to_vec()));
            for less in
                ["HTTP/1.1 301 Moved\r\nLocation: /ther", "HTTP/1.1 200 OK\r\nLocation: /there\r\n", "HTTP/1.1 301 Moved\r\nServer: x\r\n"]
            {
                let world = World::new(vec![vec![Step::Request, say(less), end.clone()], vec![Step::Request, ok("there")]]);
                assert!(matches!(failure(world.page()), Error::TruncatedHead { .. }), "{less:?}");
            }
        }
    }

    #[test]
    fn the_bytes_of_a_location_are_asked_for_as_they_are() {
        for (location, asked) in [(&b"/caf\xe9?q=\xfc"[..], "/caf%E9?q=%FC"), ("/café".as_bytes(), "/caf%C3%A9"), (b"/caf%e9", "/caf%e9")]
        {
            let head = [b"HTTP/1.1 301 Moved\r\nLocation: ", location, b"\r\nContent-Length: 0\r\n\r\n"].concat();
            let world = World::new(vec![vec![Step::Request, say(head), Step::Request, ok("there"), Step::Hang]]);
            assert_eq!(text(world.page()), "there");
            assert!(world.seen.last().starts_with(&format!("GET {asked} HTTP/1.1\r\n")), "{}", world.seen.last());
        }
    }

    fn refreshing(value: &str, body: &str) -> Step {
        say(format!("HTTP/1.1 200 OK\r\nRefresh: {value}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    #[test]
    fn a_refresh_is_followed_as_a_browser_would_at_once() {
        for (value, body) in [("0; url=/there", ""), ("0;URL='/there'", "<p>Wait"), ("3; url=/there", "")] {
            let world = World::new(vec![vec![Step::Request, refreshing(value, body), Step::Request, ok("there"), Step::Hang]]);
            assert_eq!(world.page().unwrap(), ("/there".to_owned(), b"there".to_vec()), "{value:?}");
        }
        for (value, body) in
            [("3; url=/there", "page"), ("60; url=/there", ""), ("60", "page"), ("0", "page"), ("0; url=/", "page"), ("soon", "page")]
        {
            let world = World::new(vec![vec![Step::Request, refreshing(value, body), Step::Request, ok("there"), Step::Hang]]);
            assert_eq!(text(world.page()), body, "{value:?}");
        }
        // As an answer to a form, and where redirects are the caller's business, it is told and not followed.
        let world = World::new(vec![vec![Step::Request, refreshing("0; url=/there", "page"), Step::Request, ok("there"), Step::Hang]]);
        assert_eq!(text(world.send(Request::post(url("/"), b"x".to_vec()))), "page");
        let world = World::new(vec![vec![Step::Request, refreshing("0; url=/there", "page"), Step::Hang]]);
        let mut response = world.sim.handle().block_on(world.client.send(Request::get(url("/")).redirects(Redirects::Stop))).unwrap();
        assert_eq!(response.refresh(), Some(url("/there")));
    }

    #[test]
    fn refreshes_count_as_redirects_and_may_not_go_in_circles() {
        let world = World::new(vec![vec![Step::Request, refreshing("0; url=/there", ""), Step::Request, redirect(302, "/"), Step::Hang]]);
        assert!(matches!(failure(world.page()), Error::RedirectLoop));
        let on = |to: usize| [Step::Request, refreshing(&format!("0; url=/{to}"), "")];
        let script = (1..=11).flat_map(on).chain([Step::Hang]).collect();
        let world = World::new(vec![script]);
        assert!(matches!(failure(world.page()), Error::TooManyRedirects { limit: 10 }));
    }
}

mod codings {
    use super::*;

    const PAGE: &str = "<html><head><title>T</title></head><body><main><h1>Doc</h1><p>Hello body text, größer.</p></main></body></html>";

    fn coded(coding: &str, body: &[u8]) -> World {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len());
        World::new(vec![vec![Step::Request, say(head), say(body), Step::Hang]])
    }

    fn encoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        future::block_on(async {
            match coding {
                "gzip" => GzipEncoder::new(bytes).read_to_end(&mut out).await,
                "zlib" => ZlibEncoder::new(bytes).read_to_end(&mut out).await,
                "deflate" => DeflateEncoder::new(bytes).read_to_end(&mut out).await,
                "br" => BrotliEncoder::new(bytes).read_to_end(&mut out).await,
                "zstd" => ZstdEncoder::new(bytes).read_to_end(&mut out).await,
                other => panic!("{other}"),
            }
        })
        .unwrap();
        out
    }

    const KNOWN: [&str; 5] = ["gzip", "zlib", "deflate", "br", "zstd"];

    fn claimed(coding: &str) -> &str {
        if coding == "zlib" { "deflate" } else { coding }
    }

    #[test]
    fn what_is_plainly_text_is_read_whatever_it_claims() {
        for coding in [
            "UTF-8",
            "none",
            "binary",
            "text/html",
            "",
            "iso-8859-1",
            "identity",
            "8bit",
            "gzip",
            "x-gzip",
            "deflate",
            "br",
            "zstd",
            "compress",
            "sdch",
            "dcb",
            "utf-8, gzip",
            "gzip, gzip",
            "\"gzip\"",
            "unheard-of",
        ] {
            assert_eq!(text(coded(coding, PAGE.as_bytes()).page()), PAGE, "{coding:?}");
            for short in ["", "hi", "(c)"] {
                assert_eq!(text(coded(coding, short.as_bytes()).page()), short, "{coding:?}");
            }
            // In drops.
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n");
            let drops = PAGE.as_bytes().iter().flat_map(|byte| [say([*byte]), Step::Wait(Duration::from_millis(1))]);
            let world = World::new(vec![[Step::Request, say(head)].into_iter().chain(drops).collect()]);
            assert_eq!(text(world.page()), PAGE, "{coding:?}");
        }
        for charset in [&b"caf\xe9 and more"[..], b"\xff\xfeh\0i\0", b"\xfe\xff\0h\0i"] {
            assert_eq!(coded("gzip", charset).page().unwrap().1, charset);
        }
    }

    #[test]
    fn what_is_neither_text_nor_what_it_claims_is_an_error() {
        let binary: Vec<u8> = (0..=255).collect();
        for coding in ["gzip", "zstd", "br"] {
            let error = failure(coded(coding, &binary).page());
            assert!(matches!(error, Error::Undecodable { .. }), "{coding}: {error:?}");
        }
        for coding in ["compress", "sdch", "dcb", "unheard-of"] {
            let error = failure(coded(coding, &binary).page());
            assert!(matches!(&error, Error::UnsupportedCoding { coding: named } if named == coding), "{coding}: {error:?}");
        }
        // What means no coding may well be a picture.
        assert_eq!(coded("binary", &binary).page().unwrap().1, binary);
        let error = failure(coded("gzip, gzip, gzip, gzip", PAGE.as_bytes()).page());
        assert!(matches!(error, Error::UnsupportedCoding { .. }), "{error:?}");
        let hostile = "x".repeat(10_000) + "\u{1b}[31m";
        let error = failure(coded(&hostile, &binary).page()).to_string();
        assert!(error.len() < 400 && !error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn what_breaks_in_the_middle_is_an_error() {
        for coding in KNOWN {
            let whole = encoded(coding, PAGE.repeat(100).as_bytes());
            let half = &whole[..whole.len() / 2];
            let error = failure(coded(claimed(coding), half).page());
            assert!(matches!(error, Error::Undecodable { .. }), "{coding}: {error:?}");
        }
    }

    #[test]
    fn empty_members_are_few_and_the_hostile_file_is_refused() {
        let empty = encoded("gzip", b"");
        let some = [empty.repeat(50), encoded("gzip", b"hello")].concat();
        assert_eq!(text(coded("gzip", &some).page()), "hello");
        let error = failure(coded("gzip", &empty.repeat(950)).page());
        assert!(matches!(error, Error::Undecodable { coding: "gzip", .. }), "{error:?}");
        let stacked = encoded("gzip", &empty.repeat(1_000_000));
        let error = failure(coded("gzip, gzip", &stacked).page());
        assert!(matches!(error, Error::Undecodable { coding: "gzip", .. }), "{error:?}");
        // With something in each they are as many as the limit has room for.
        let small = encoded("gzip", b"x");
        assert_eq!(coded("gzip", &small.repeat(5_000)).page().unwrap().1.len(), 5_000);
        let error = failure(coded("gzip", &small.repeat(10_000)).page());
        assert!(matches!(error, Error::BodyTooLarge { .. }), "{error:?}");
    }

    /// How often another task of the same thread has its turn while the page is read.
    fn turns_of_others(world: &World) -> (Result<(String, Vec<u8>), Error>, usize) {
        world.sim.handle().block_on(async {
            let mut turns = 0;
            let read = async {
                let mut response = world.client.send(Request::get(url("/"))).await?;
                let body = response.bytes().await?;
                Ok((String::new(), body))
            };
            let mut read = pin!(read);
            let outcome = future::poll_fn(|cx| {
                turns += 1;
                match read.as_mut().poll(cx) {
                    Poll::Ready(outcome) => Poll::Ready(outcome),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await;
            (outcome, turns)
        })
    }

    #[test]
    fn a_long_body_leaves_others_their_turns() {
        // 20 MB of nothing in a few bytes; frames without anything in them; blocks of deflate without anything in them.
        let large = vec![b' '; 20 << 20];
        let frames = encoded("zstd", b"").repeat(200_000);
        let blocks = [&b"\x00\x00\x00\xff\xff"[..]].repeat(400_000).concat();
        for (coding, body) in [
            ("gzip", encoded("gzip", &large)),
            ("zstd", encoded("zstd", &large)),
            ("br", encoded("br", &large)),
            ("deflate", encoded("zlib", &large)),
            ("zstd, gzip", encoded("gzip", &frames)),
            ("deflate, gzip", encoded("gzip", &blocks)),
        ] {
            assert!(body.len() < 100_000, "{coding}: {}", body.len());
            let (outcome, turns) = turns_of_others(&coded(coding, &body));
            assert!(turns > 10, "{coding}: {turns} turns, {:?}", outcome.map(|(_, body)| body.len()));
        }
        // The control: a page of common size goes through at once.
        let (outcome, turns) = turns_of_others(&coded("gzip", &encoded("gzip", &large[..50_000])));
        assert!(outcome.is_ok() && turns < 10, "{turns}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        /// Small texts are where what is compressed might pass for text.
        #[test]
        fn whatever_is_encoded_comes_back(text in "[ -~\n]{0,40}|[a-c]{0,300}|\\PC{0,20}", coding in prop::sample::select(&KNOWN[..])) {
            let world = coded(claimed(coding), &encoded(coding, text.as_bytes()));
            prop_assert_eq!(world.page().unwrap().1, text.into_bytes());
        }

        /// Damage or a cut makes an error or something else, in bounded time and without a panic, and the pieces make no difference.
        #[test]
        fn damage_is_survived_and_pieces_make_no_difference(
            text in prop::collection::vec(any::<u8>(), 0..2000),
            coding in prop::sample::select(&KNOWN[..]),
            at in any::<prop::sample::Index>(),
            flip in 0u8..,
            cut in any::<prop::sample::Index>(),
            piece in 1usize..100,
        ) {
            let mut body = encoded(coding, &text);
            let at = at.index(body.len());
            body[at] ^= flip;
            body.truncate(cut.index(body.len()) + 1);
            let whole = coded(claimed(coding), &body).page().map(|(_, body)| body).map_err(|error| error.root().to_string());
            let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n\r\n", claimed(coding), body.len());
            let pieces = body.chunks(piece).flat_map(|piece| [say(piece), Step::Wait(Duration::from_millis(1))]);
            let world = World::new(vec![[Step::Request, say(head)].into_iter().chain(pieces).chain([Step::Hang]).collect()]);
            let in_pieces = world.page().map(|(_, body)| body).map_err(|error| error.root().to_string());
            prop_assert_eq!(in_pieces, whole);
        }
    }
}
