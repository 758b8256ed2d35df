//! `Reactor::shutdown` with 200 requests in flight, on every reactor and way to drive it, plain and over TLS: some answers come
//! within the grace, some never do, some connections fail in the middle and some after the last byte. Each request has its one
//! outcome, the numbers are exact, and nothing is logged.
//!
//! On Windows a reset drops what was not read, so that an answer before it may be lost, and that is told; the numbers are those of
//! what was told. The rest is in `tests/support/stages.rs`, under `Why`.

#[path = "support/fault.rs"]
mod fault;
#[path = "support/wine.rs"]
mod wine;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fault::link::Link;
use fault::{FaultServer, Opening, Step, Transport, Trial};
use futures_lite::{AsyncWriteExt, future};
use futures_util::future::join_all;
use log::{Level, LevelFilter, Log, Metadata, Record};
use smolcrawl::http::{Client, Config, Counters, Error, FailedAt, PrivateAddresses, Request};
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, Shutdown, Stopped, choose};
use url::Url;
use wine::is_wine;

/// For what can end: much more than it takes.
const GRACE: Duration = Duration::from_millis(if cfg!(windows) { 5000 } else { 1500 });
/// For a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(if cfg!(windows) { 60 } else { 5 });

/// For all of it.
const LONG: Duration = Duration::from_secs(if cfg!(windows) { 300 } else { 60 });

/// Connections at rest when the shutdown begins.
const IDLE: usize = 10;
/// Sockets whose owners close them after their peers' reset.
const CLOSING: usize = 5;

/// What a server does with a request once the shutdown has begun, how many of them, and what must come of each.
const PLAN: &[(usize, &[Step], Outcome)] = &[
    (40, &[Step::AwaitGo, Step::say(WHOLE)], Outcome::Answer),
    (30, &[Step::AwaitGo, Step::say(WHOLE), Step::Reset], Outcome::Answer),
    (30, &[Step::AwaitGo, Step::say(PART), Step::Reset], Outcome::Truncated(Cause::Peer)),
    (20, &[Step::AwaitGo, Step::say(PART), Step::CloseNotify, Step::Fin], Outcome::Truncated(Cause::None)),
    (20, &[Step::AwaitGo, Step::Reset], Outcome::Unanswered(Cause::Peer)),
    (40, &[Step::AwaitGo], Outcome::Unanswered(Cause::Shutdown)),
    (20, &[Step::say(PART), Step::AwaitGo], Outcome::Truncated(Cause::Shutdown)),
];

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const PART: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answer,
    Unanswered(Cause),
    Truncated(Cause),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The connection ended in order.
    None,
    Peer,
    Shutdown,
}

#[test]
fn two_hundred_requests_in_flight_end_within_the_grace_and_each_is_told_how() {
    log::set_logger(&LOGGER).unwrap();
    log::set_max_level(LevelFilter::Debug);
    for transport in [Transport::Plain, Transport::Tls] {
        let here = FaultServer::start(transport, Opening::Orderly, 1);
        // With one drive of each reactor, if there is one.
        let there = Link::from_environment().map(|link| FaultServer::start_at(&link, transport, Opening::Orderly, 1));
        for kind in ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto) {
            for drive in [Drive::CallingThread, Drive::OwnThread] {
                let server = there.as_ref().filter(|_| drive == Drive::OwnThread).unwrap_or(&here);
                let name = format!("{kind}, {drive}, {transport:?}");
                let (handle, _) = choose(Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse }).unwrap();
                handle.block_on(handle.timeout(LONG, drain(&handle, server, &name))).expect("some request has no outcome");
                let logged = LOGGER.take();
                assert!(logged.is_empty(), "{name}: {logged:?}");
                assert!(server.complaints().is_empty());
            }
        }
    }
}

async fn drain(handle: &Handle, server: &FaultServer, name: &str) {
    let client = Client::new(handle, config(server)).unwrap();

    let resting: Vec<_> = (0..IDLE).map(|_| server.trial([vec![Step::AwaitGo, Step::say(WHOLE)]])).collect();
    let started = async {
        join_all(resting.iter().map(|trial| trial.begun())).await;
        resting.iter().for_each(|trial| trial.go());
    };
    future::zip(join_all(resting.iter().map(|trial| ask(&client, server, trial))), started).await;
    assert_eq!(client.idle_connections(), IDLE, "{name}");
    // What rests stays at rest: the requests to come need connections of their own.
    let busy = Client::new(handle, config(server)).unwrap();

    let closing: Vec<_> = (0..CLOSING).map(|_| server.trial([vec![Step::Reset]])).collect();
    let mut sockets = Vec::new();
    if server.transport == Transport::Plain {
        for trial in &closing {
            let mut socket = handle.connect(server.addresses[0]).await.unwrap();
            socket.write_all(format!("GET /{} HTTP/1.1\r\n\r\n", trial.id).as_bytes()).await.unwrap();
            trial.ended().await;
            sockets.push(socket);
        }
    }
    let closed = sockets.len() as u64;

    let planned = PLAN.iter().flat_map(|(count, steps, outcome)| std::iter::repeat_n((steps, *outcome), *count));
    let trials: Vec<(Arc<Trial>, &[Step], Outcome)> =
        planned.map(|(steps, outcome)| (server.trial([steps.to_vec()]), *steps, outcome)).collect();
    assert_eq!(trials.len(), 200);

    let busy = &busy;
    let asking = join_all(trials.iter().map(|(trial, steps, outcome)| async move {
        let url = url(server, trial);
        let found = ask(busy, server, trial).await;
        match outcome_of(&found, &url) {
            Some(came) if came == *outcome || steps.ends_with(&[Step::Reset]) && outcome.may_be(came) => came,
            _ => panic!("{name}: {found:?} instead of {outcome:?}"),
        }
    }));
    let shutting_down = async {
        join_all(trials.iter().map(|(trial, ..)| trial.begun())).await;
        // From here on: what was read for TLS was told before.
        LOGGER.take();
        let began = Instant::now();
        let ended = handle.shutdown(GRACE);
        for (trial, ..) in trials.iter().filter(|(_, _, outcome)| !outcome.is_aborted()) {
            trial.go();
        }
        for mut socket in sockets {
            socket.close().await.expect("a failed shutdown is no error");
        }
        (ended.await, began.elapsed())
    };
    let (came, (ended, took)) = future::zip(asking, shutting_down).await;

    let of = |wanted: &dyn Fn(Outcome) -> bool| came.iter().filter(|outcome| wanted(**outcome)).count() as u64;
    let aborted = of(&Outcome::is_aborted);
    let (answered, by_peer) = (of(&|outcome| outcome == Outcome::Answer), of(&Outcome::is_by_peer));
    // To Wine it is no failure to shut down what the peer has reset.
    let expected = (IDLE as u64 + closed + 200 - aborted, aborted, if is_wine() { 0 } else { closed }, by_peer);
    let Shutdown { drained, aborted, benign, surfaced, .. } = ended;
    assert_eq!((drained, aborted, benign, surfaced), expected, "{name}: {ended}");
    assert!(took >= GRACE && took < GRACE + SLACK, "{name}: {took:?}");
    assert_eq!(handle.shutdown(GRACE).await, ended, "{name}: the same again");

    assert_eq!(client.idle_connections() + busy.idle_connections(), 0, "{name}");
    assert_eq!(client.counters().connections_dropped, IDLE as u64, "{name}");
    let unanswered = of(&|outcome| matches!(outcome, Outcome::Unanswered(_)));
    let truncated = of(&|outcome| matches!(outcome, Outcome::Truncated(_)));
    let counters = Counters {
        requests: 200,
        succeeded: answered,
        failed: unanswered + truncated,
        failed_at: FailedAt { first_byte: unanswered, body: truncated, ..FailedAt::default() },
        connections_opened: 200,
        connections_dropped: 200,
        // Over TLS the goodbye may meet the reset or be sent before it.
        benign_resets: busy.counters().benign_resets,
        ..Counters::default()
    };
    assert_eq!(busy.counters(), counters, "{name}");
    assert!(server.transport == Transport::Tls || counters.benign_resets == 0, "{name}");

    // Nothing more goes out, and it is said why.
    let late = server.trial([]);
    let error = ask(busy, server, &late).await.unwrap_err();
    assert!(matches!(error.root(), Error::Connect { .. }) && error.stopped() == Some(Stopped::Refused), "{name}: {error:?}");
    assert_eq!(error.url(), Some(&url(server, &late)));
    // The server's threads end.
    trials.iter().for_each(|(trial, ..)| trial.go());
}

fn config(server: &FaultServer) -> Config {
    let extra_roots = server.certificate.iter().cloned().collect();
    Config { private_addresses: PrivateAddresses::Allow, max_idle_per_origin: 1000, extra_roots, ..Config::default() }
}

async fn ask(client: &Client, server: &FaultServer, trial: &Trial) -> Result<Vec<u8>, Error> {
    client.send(Request::get(url(server, trial))).await?.bytes().await
}

fn url(server: &FaultServer, trial: &Trial) -> Url {
    let scheme = if server.transport == Transport::Tls { "https" } else { "http" };
    Url::parse(&format!("{scheme}://{}/{}", server.addresses[0], trial.id)).unwrap()
}

impl Outcome {
    fn is_aborted(self) -> bool {
        matches!(self, Self::Unanswered(Cause::Shutdown) | Self::Truncated(Cause::Shutdown))
    }

    fn is_by_peer(self) -> bool {
        matches!(self, Self::Unanswered(Cause::Peer) | Self::Truncated(Cause::Peer))
    }

    /// Instead of this one, after a reset: on Windows what was not read is lost, and on Wine it may be told as the end of the stream.
    fn may_be(self, came: Self) -> bool {
        use Outcome::{Answer, Truncated, Unanswered};
        match (self, came) {
            (Answer | Truncated(Cause::Peer), Unanswered(Cause::Peer)) => cfg!(windows),
            (Unanswered(Cause::Peer), Unanswered(Cause::None)) | (Truncated(Cause::Peer), Truncated(Cause::None)) => is_wine(),
            _ => false,
        }
    }
}

/// None if it is none of these, or does not say all.
fn outcome_of(found: &Result<Vec<u8>, Error>, url: &Url) -> Option<Outcome> {
    let error = match found {
        Ok(body) => return (body == b"hello").then_some(Outcome::Answer),
        Err(error) => error,
    };
    let (source, outcome): (_, fn(Cause) -> Outcome) = match error.root() {
        Error::ClosedBeforeResponse { source } => (source, Outcome::Unanswered),
        Error::TruncatedBody { received: 5, expected: Some(1000), source } => (source, Outcome::Truncated),
        _ => return None,
    };
    let cause = match source {
        None => Cause::None,
        Some(source) if Stopped::of(source) == Some(Stopped::Aborted) => Cause::Shutdown,
        Some(source) if source.kind() == ErrorKind::ConnectionReset => Cause::Peer,
        // WSAECONNABORTED, where it is tried after the reset.
        Some(source) if cfg!(windows) && source.kind() == ErrorKind::ConnectionAborted => Cause::Peer,
        // Over TLS, without a goodbye.
        Some(source) if is_wine() && source.kind() == ErrorKind::UnexpectedEof => Cause::None,
        Some(_) => return None,
    };
    (error.url() == Some(url) && error.is_transient() == (cause != Cause::Shutdown)).then_some(outcome(cause))
}

/// Keeps what of ours is loud enough to be seen with `-v`.
struct Captured(Mutex<Vec<String>>);

static LOGGER: Captured = Captured(Mutex::new(Vec::new()));

impl Captured {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Log for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("smolcrawl") && record.level() <= Level::Debug {
            self.0.lock().unwrap().push(format!("{} {}: {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}
