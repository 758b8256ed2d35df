//! Benign events are silent: nothing at debug or above, whatever the connections do after the last byte. A binary of its own, for
//! the logger is of the whole process.

mod support;

use std::sync::Mutex;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use smolcrawl::http::{Client, Config, PrivateAddresses, Request};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::reactor::{Choice, choose};
use support::{Step, ok, say, serve, serve_real};
use url::Url;

struct Captured(Mutex<Vec<(Level, String)>>);

static LOGGER: Captured = Captured(Mutex::new(Vec::new()));

impl Log for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("smolcrawl") {
            self.0.lock().unwrap().push((record.level(), record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// What the environment of a program has beside settings is no business of a library in it; a setting that cannot be followed is.
fn a_host_has_variables_of_its_own() {
    let environment = [("SMOLCRAWL_TIMOUT", "5"), ("SMOLCRAWL_REACTOR", "warp")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = smolcrawl::Config { environment: environment.into_iter().collect(), ..smolcrawl::Config::new(":memory:") };
    smolcrawl::Engine::new(config).unwrap();
    let records = std::mem::take(&mut *LOGGER.0.lock().unwrap());
    let warned: Vec<_> = records.iter().filter(|(level, _)| *level <= Level::Warn).map(|(_, text)| text.as_str()).collect();
    assert!(matches!(warned[..], [text] if text.contains("\"warp\"")), "{warned:?}");
}

#[test]
fn benign_events_are_counted_and_not_logged() {
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(LevelFilter::Trace);
    a_host_has_variables_of_its_own();
    let config = || Config { private_addresses: PrivateAddresses::Allow, ..Config::default() };

    // In the simulated network: a reset or FIN in the pool, on reuse, and after messages of every framing.
    for last in [Step::Reset, Step::Wait(Duration::ZERO)] {
        let chunked = say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        let sim = Sim::new();
        let script = |answer: Step, last: Step| vec![Step::Request, answer, Step::Wait(Duration::from_secs(1)), last];
        let scripts = vec![
            script(ok("hello"), last.clone()),
            script(chunked.clone(), last.clone()),
            vec![Step::Request, ok("hello"), Step::Request, last.clone()],
            vec![Step::Request, chunked, last.clone()],
            vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloGARBAGE"), last.clone()],
            vec![Step::Request, say("HTTP/1.1 200 OK\r\n\r\nhello")],
        ];
        let count = scripts.len();
        serve(&sim, "10.0.0.1:80", scripts);
        let handle = sim.handle();
        let client = Client::new(&handle, config()).unwrap();
        handle.block_on(async {
            for _ in 0..=count {
                let mut response = client.send(Request::get(Url::parse("http://10.0.0.1/").unwrap())).await.unwrap();
                assert_eq!(response.bytes().await.unwrap(), b"hello");
                handle.sleep(Duration::from_secs(2)).await;
            }
        });
        let counters = client.counters();
        assert!(counters.benign_resets >= 3, "{counters:?}");
        assert_eq!((counters.failed, counters.succeeded), (0, count as u64 + 1));
    }

    // On real sockets.
    let (handle, _) = choose(Choice::default()).unwrap();
    LOGGER.0.lock().unwrap().retain(|(_, text)| !text.starts_with("reactor "));
    let (tell, told) = async_channel::unbounded();
    let at_once = vec![Step::HalfRequest, ok("hello"), Step::Reset];
    let when_read = vec![Step::HalfRequest, ok("hello"), Step::Told(told), Step::Reset];
    // Windows drops what is unread when a reset arrives: an answer that was not read before is lost there, and that is news.
    let scripts = if cfg!(windows) { vec![when_read] } else { vec![at_once, when_read] };
    for script in scripts {
        let (address, _) = serve_real(vec![script]);
        let client = Client::new(&handle, config()).unwrap();
        handle.block_on(async {
            for _ in 0..100 {
                let mut response = client.send(Request::get(Url::parse(&format!("http://{address}/")).unwrap())).await.unwrap();
                assert_eq!(response.bytes().await.unwrap(), b"hello");
                tell.try_send(()).unwrap();
            }
        });
    }

    let records = LOGGER.0.lock().unwrap();
    let loud: Vec<_> = records.iter().filter(|(level, _)| *level <= Level::Debug).collect();
    assert!(loud.is_empty(), "{loud:?}");
    assert!(records.iter().any(|(level, _)| *level == Level::Trace), "the logger works");
}
