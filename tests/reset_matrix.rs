//! The reset matrix: every reactor and way to drive it, plain and over TLS, against every end that a connection can come to.
//! Each cell wants the exact outcome of each request, exact counters, and not one log record at debug or above.
//!
//! As many trials in a cell as make the whole about a minute, however many reactors there are;
//! `SMOLCRAWL_MATRIX_CONNECTIONS=1000 cargo test --test reset_matrix` is the long run, and `SMOLCRAWL_MATRIX_ONLY=words` runs the
//! cells whose names have the words. `.ci/mutations` shows that the matrix can fail.
#![cfg(unix)]

#[path = "support/fault.rs"]
mod fault;
#[path = "support/reactors.rs"]
mod reactors;
#[path = "support/stages.rs"]
mod stages;

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_lite::AsyncWriteExt;
use futures_util::future::join_all;
use log::{Level, LevelFilter, Log, Metadata, Record};
use smolcrawl::http::{Client, Config, Counters, Error, PrivateAddresses, Replay, Request, Response};
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, choose};
use url::Url;

use fault::{FaultServer, Opening, Step, Transport, Trial};
use stages::{Ask, Cause, Expect, Fault, Stage, stages, times};

/// Requests in flight at one time.
const LANES: usize = 16;

/// Trials of one stage, over all reactors, where nothing else is asked for.
const TRIALS: usize = 480;

#[test]
fn every_end_of_a_connection_means_what_its_stage_says() {
    log::set_logger(&LOGGER).unwrap();
    let reactors = reactors();
    LOGGER.arm();
    let each = from_environment("SMOLCRAWL_MATRIX_CONNECTIONS").and_then(|count| count.parse().ok());
    let each: usize = each.unwrap_or((TRIALS / reactors.len()).max(2 * LANES));
    let only = from_environment("SMOLCRAWL_MATRIX_ONLY").unwrap_or_default();
    let started = Instant::now();
    let (mut cells, mut connections, mut broken) = (0, 0, Vec::new());
    for transport in [Transport::Plain, Transport::Tls] {
        let orderly = FaultServer::start(transport, Opening::Orderly, LANES);
        let resets = FaultServer::start(transport, Opening::Reset, LANES);
        let hangs_up = FaultServer::start(transport, Opening::Fin, LANES);
        for reactor in &reactors {
            for stage in stages(transport) {
                let name = format!("{reactor}, {transport:?}: {}", stage.name);
                if !name.contains(&only) {
                    continue;
                }
                let server = match stage.opening {
                    Opening::Orderly => &orderly,
                    Opening::Reset => &resets,
                    Opening::Fin => &hangs_up,
                };
                let outcome = cell(reactor, server, &stage, each);
                cells += 1;
                connections += outcome.counters.connections_opened;
                if !outcome.faults.is_empty() {
                    broken.push(format!("{name}: {}", outcome.faults.join("\n    ")));
                }
            }
        }
        for reactor in &reactors {
            if transport == Transport::Plain && "close".contains(&only) {
                cells += 1;
                connections += each as u64;
                let faults = closing(reactor, &orderly, each);
                if !faults.is_empty() {
                    broken.push(format!("{reactor}, Plain: close after RST: {}", faults.join("\n    ")));
                }
            }
        }
    }
    eprintln!("{cells} cells of {each} trials, {connections} connections in {:.1?}, {} broken", started.elapsed(), broken.len());
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// One way to run futures on one kind of reactor.
struct Driven {
    kind: ReactorKind,
    handle: Handle,
    drive: Drive,
}

impl Driven {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match self.drive {
            Drive::CallingThread => self.handle.block_on(future),
            // An executor that knows nothing of the reactor.
            _ => futures_lite::future::block_on(future),
        }
    }
}

impl fmt::Display for Driven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind, self.drive)
    }
}

/// What this build has: a reactor that joins `ReactorKind::AVAILABLE` joins the matrix.
fn reactors() -> Vec<Driven> {
    let cells = reactors::kinds().flat_map(|kind| [Drive::CallingThread, Drive::OwnThread].map(|drive| (kind, drive)));
    cells
        .map(|(kind, drive)| {
            let (handle, report) = choose(Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse }).unwrap();
            assert_eq!((report.chosen, report.drive), (kind, drive));
            Driven { kind, handle, drive }
        })
        .collect()
}

struct Outcome {
    counters: Counters,
    faults: Vec<String>,
}

fn cell(reactor: &Driven, server: &FaultServer, stage: &Stage, each: usize) -> Outcome {
    let config = Config {
        private_addresses: PrivateAddresses::Allow,
        extra_roots: server.certificate.iter().cloned().collect(),
        // A cell that hangs is a cell that fails.
        total_timeout: Duration::from_secs(30),
        ..Config::default()
    };
    let client = Client::new(&reactor.handle, config).unwrap();
    let (rounds, faults) = (each.div_ceil(LANES), Mutex::new(Vec::new()));
    reactor.block_on(async {
        // The trusted roots are read, and that is logged, with the first connection.
        if server.transport == Transport::Tls {
            LOGGER.disarm();
            let _ = client.send(Request::get(url(server, 0, u64::MAX))).await;
            LOGGER.arm();
        }
        server.complaints();
        let before = client.counters();
        join_all((0..LANES).map(|lane| {
            let (client, faults) = (&client, &faults);
            async move {
                for _ in 0..rounds {
                    let trial = server.trial(stage.answers.clone());
                    if let Err(fault) = run(client, url(server, lane, trial.id), stage, &trial).await {
                        faults.lock().unwrap().push(fault);
                    }
                    server.forget(&trial);
                }
            }
        }))
        .await;
        let counters = client.counters().since(&before);
        let mut faults = std::mem::take(&mut *faults.lock().unwrap());
        let expected = times(stage.counters, (rounds * LANES) as u64);
        if counters != expected {
            faults.push(format!("counted\n    {counters:?}, expected\n    {expected:?}"));
        }
        if counters.in_flight() != 0 || counters.failed != counters.failed_at.sum() {
            faults.push(format!("the counters do not add up: {counters:?}"));
        }
        faults.extend(server.complaints());
        faults.extend(LOGGER.take().into_iter().map(|record| format!("logged {record}")));
        let count = faults.len();
        faults.truncate(5);
        if count > 5 {
            faults.push(format!("and {} more", count - 5));
        }
        Outcome { counters, faults }
    })
}

async fn run(client: &Client, url: Url, stage: &Stage, trial: &Trial) -> Result<(), String> {
    for (index, ask) in stage.asks.iter().enumerate() {
        let (request, expect, settled) = match ask {
            Ask::Go => {
                trial.go();
                continue;
            }
            Ask::AwaitEnd => {
                trial.ended().await;
                continue;
            }
            Ask::Get(expect) => (Request::get(url.clone()), expect, false),
            Ask::GetAwaitingEnd(expect) => (Request::get(url.clone()), expect, true),
            Ask::Head(expect) => (Request::head(url.clone()), expect, false),
            Ask::Post(replay, expect) => (Request::post(url.clone(), b"body".to_vec()).replayable(*replay), expect, false),
            Ask::PostLarge(expect) => (Request::post(url.clone(), vec![0; LARGE]).replayable(Replay::Safe), expect, false),
        };
        let outcome = async {
            let mut response = client.send(request).await?;
            if settled {
                trial.ended().await;
            }
            let body = response.bytes().await?;
            Ok((response, body))
        };
        judge(&outcome.await, expect, &url).map_err(|fault| format!("request {}: {fault}", index + 1))?;
    }
    match trial.answers_left() {
        0 => Ok(()),
        left => Err(format!("{left} answers were never asked for")),
    }
}

/// More than the buffers of both sides hold.
const LARGE: usize = 16 << 20;

fn judge(outcome: &Result<(Response, Vec<u8>), Error>, expect: &Expect, url: &Url) -> Result<(), String> {
    match (outcome, expect) {
        (Ok((response, body)), Expect::Answer(status, text)) => {
            match response.status == *status && body == text.as_bytes() && response.url == *url {
                true => Ok(()),
                false => Err(format!("{} {:?}", response.status, String::from_utf8_lossy(body))),
            }
        }
        (Ok((response, body)), Expect::Fails(fault, cause)) => {
            Err(format!("{} {:?} instead of {fault:?} by {cause:?}", response.status, String::from_utf8_lossy(body)))
        }
        (Err(error), Expect::Answer(..)) => Err(format!("{error:?}")),
        (Err(error), Expect::Fails(fault, cause)) => {
            let is_fault = match (error.root(), fault) {
                (Error::Tls { host, .. }, Fault::Handshake) => host == "127.0.0.1",
                (Error::ClosedBeforeResponse { .. }, Fault::BeforeAnswer | Fault::Sending) => true,
                (Error::Write { .. }, Fault::Sending) => true,
                (Error::TruncatedHead { .. }, Fault::InsideHead) => true,
                (Error::TruncatedBody { received, expected, .. }, Fault::InsideBody(came, of)) => received == came && expected == of,
                _ => false,
            };
            let source = error.root().source().map(|source| source.downcast_ref::<io::Error>().map(io::Error::kind));
            let is_cause = match cause {
                Cause::Orderly => source.is_none(),
                Cause::Reset => source == Some(Some(io::ErrorKind::ConnectionReset)),
                Cause::ResetOrPipe => matches!(source, Some(Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe))),
                Cause::NoGoodbye => source == Some(Some(io::ErrorKind::UnexpectedEof)),
            };
            match is_fault && is_cause && error.url() == Some(url) {
                true => Ok(()),
                false => Err(format!("{error:?} instead of {fault:?} by {cause:?}")),
            }
        }
    }
}

/// Below HTTP: a socket is closed after the peer's reset. That is no error, and it is counted.
fn closing(reactor: &Driven, server: &FaultServer, each: usize) -> Vec<String> {
    let before = reactor.handle.benign_shutdowns();
    let rounds = each.div_ceil(LANES);
    let mut faults = reactor.block_on(async {
        let lanes = server.addresses.iter().map(|address| async move {
            let mut faults = Vec::new();
            for _ in 0..rounds {
                let trial = server.trial([vec![Step::Reset]]);
                let mut socket = reactor.handle.connect(*address).await.unwrap();
                socket.write_all(format!("GET /{} HTTP/1.1\r\n\r\n", trial.id).as_bytes()).await.unwrap();
                trial.ended().await;
                if let Err(error) = socket.close().await {
                    faults.push(format!("closing failed: {error}"));
                }
                server.forget(&trial);
            }
            faults
        });
        join_all(lanes).await.concat()
    });
    let (counted, expected) = (reactor.handle.benign_shutdowns() - before, (rounds * LANES) as u64);
    if counted != expected {
        faults.push(format!("{counted} benign shutdowns were counted, not {expected}"));
    }
    faults.extend(LOGGER.take().into_iter().map(|record| format!("logged {record}")));
    faults.truncate(5);
    faults
}

fn url(server: &FaultServer, lane: usize, id: u64) -> Url {
    let scheme = if server.transport == Transport::Tls { "https" } else { "http" };
    Url::parse(&format!("{scheme}://{}/{id}", server.addresses[lane])).unwrap()
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Keeps what is loud enough to be seen: ours from debug on, of the libraries below what warns.
struct Captured(Mutex<(LevelFilter, Vec<String>)>);

static LOGGER: Captured = Captured(Mutex::new((LevelFilter::Off, Vec::new())));

impl Captured {
    fn arm(&self) {
        self.0.lock().unwrap().0 = LevelFilter::Debug;
        log::set_max_level(LevelFilter::Debug);
    }

    fn disarm(&self) {
        self.0.lock().unwrap().0 = LevelFilter::Off;
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().1)
    }
}

impl Log for Captured {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let loud = if record.target().starts_with("smolcrawl") { Level::Debug } else { Level::Warn };
        let mut kept = self.0.lock().unwrap();
        if record.level() <= loud && record.level() <= kept.0 {
            kept.1.push(format!("{} {}: {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}
