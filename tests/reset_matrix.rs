//! The reset matrix: every reactor and way to drive it, plain and over TLS, against every end that a connection can come to.
//! Each cell wants the exact outcome of each request, exact counters, and not one log record at debug or above.
//!
//! As many trials in a cell as make the whole about a minute, however many reactors there are (under Wine two);
//! `SMOLCRAWL_MATRIX_CONNECTIONS=1000 cargo test --test reset_matrix` is the long run, and `SMOLCRAWL_MATRIX_ONLY=words` runs the
//! cells whose names have the words. `.ci/mutations` shows that the matrix can fail.
//!
//! `SMOLCRAWL_FAULT_SERVER=127.0.0.1:port` names a fault server in another process (`tests/fixtures/fault_server.rs`), against which
//! half of the cells run then: with one drive of a reactor those stages of which the other drive has the other half. Under Wine a
//! native one is a peer that has no part of Windows.

#[path = "support/fault.rs"]
mod fault;
#[path = "support/reactors.rs"]
mod reactors;
#[path = "support/stages.rs"]
mod stages;
#[path = "support/wine.rs"]
mod wine;

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_lite::AsyncWriteExt;
use futures_util::future::join_all;
use log::{Level, LevelFilter, Log, Metadata, Record};
use rustix::io::Errno;
use smolcrawl::http::{Client, Config, Counters, Error, PrivateAddresses, Replay, Request, Response};
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, choose};
use url::Url;

use fault::link::Link;
use fault::{FaultServer, Opening, Step, Transport, Trial};
use stages::{Ask, Cause, Expect, Fault, Otherwise, Pace, Stage, Why, add, stages, times};
use wine::is_wine;

/// Requests in flight at one time.
const LANES: usize = 16;

/// Trials of one stage, over all reactors, where nothing else is asked for. A connection under Wine costs about five of Linux.
const TRIALS: usize = if cfg!(windows) { 96 } else { 480 };
/// The fewest in a cell.
const FEWEST: usize = if cfg!(windows) { LANES } else { 2 * LANES };

#[test]
fn every_end_of_a_connection_means_what_its_stage_says() {
    log::set_logger(&LOGGER).unwrap();
    let reactors = reactors();
    LOGGER.arm();
    let each = from_environment("SMOLCRAWL_MATRIX_CONNECTIONS").and_then(|count| count.parse().ok());
    let each: usize = each.unwrap_or((TRIALS / reactors.len()).max(FEWEST)).next_multiple_of(LANES);
    let only = from_environment("SMOLCRAWL_MATRIX_ONLY").unwrap_or_default();
    let link = Link::from_environment();
    let started = Instant::now();
    let mut sum = Sum::default();
    for transport in [Transport::Plain, Transport::Tls] {
        let here = Servers::start(|opening| FaultServer::start(transport, opening, LANES));
        let there = link.as_ref().map(|link| Servers::start(|opening| FaultServer::start_at(link, transport, opening, LANES)));
        let stages = stages(transport);
        for (row, reactor) in reactors.iter().enumerate() {
            let servers = |column: usize| match &there {
                Some(there) if (row + column) % 2 == 1 => there,
                _ => &here,
            };
            for (column, stage) in stages.iter().enumerate() {
                let name = format!("{reactor}, {transport:?}: {}", stage.name);
                if name.contains(&only) {
                    let server = servers(column).of(stage.opening);
                    sum.add(reactor.kind, &name, server, cell(reactor, server, stage, each));
                }
            }
            let name = format!("{reactor}, {transport:?}: close after RST");
            if transport == Transport::Plain && name.contains(&only) {
                let server = servers(stages.len()).of(Opening::Orderly);
                sum.add(reactor.kind, &name, server, closing(reactor, server, each));
            }
        }
    }
    let took = started.elapsed();
    eprintln!("{} cells in {took:.1?}, {} broken", sum.rows.iter().map(|row| row.cells).sum::<u64>(), sum.broken.len());
    for Row { kind, cells, far, connections, broken, otherwise } in &sum.rows {
        let peers = match &link {
            Some(link) => format!("{} cells against a server in this process, {far} against {}", cells - far, link.address),
            None => format!("{cells} cells against a server in this process"),
        };
        eprintln!("{kind}: {peers}, {each} trials each, {connections} connections, {broken} broken");
        for (why, count) in otherwise {
            eprintln!("    {why:?}: {count} trials came out otherwise than on Unix, as they may");
        }
    }
    assert!(sum.broken.is_empty(), "\n{}", sum.broken.join("\n"));
}

/// One of each opening, of one transport.
struct Servers(Vec<(Opening, FaultServer)>);

impl Servers {
    fn start(start: impl Fn(Opening) -> FaultServer) -> Self {
        Self([Opening::Orderly, Opening::Reset, Opening::Fin].map(|opening| (opening, start(opening))).into())
    }

    fn of(&self, opening: Opening) -> &FaultServer {
        &self.0.iter().find(|(its, _)| *its == opening).expect("there is one of each").1
    }
}

#[derive(Default)]
struct Sum {
    rows: Vec<Row>,
    broken: Vec<String>,
}

/// Of all cells of a reactor.
struct Row {
    kind: ReactorKind,
    cells: u64,
    /// Against a server in another process.
    far: u64,
    connections: u64,
    broken: u64,
    otherwise: Vec<(Why, u64)>,
}

impl Sum {
    fn add(&mut self, kind: ReactorKind, name: &str, server: &FaultServer, outcome: Outcome) {
        let place = self.rows.iter().position(|row| row.kind == kind).unwrap_or_else(|| {
            self.rows.push(Row { kind, cells: 0, far: 0, connections: 0, broken: 0, otherwise: Vec::new() });
            self.rows.len() - 1
        });
        let row = &mut self.rows[place];
        row.cells += 1;
        row.far += u64::from(server.is_far());
        row.connections += outcome.connections;
        for (why, count) in outcome.otherwise {
            match row.otherwise.iter_mut().find(|(other, _)| *other == why) {
                Some((_, sum)) => *sum += count,
                None => row.otherwise.push((why, count)),
            }
        }
        if !outcome.faults.is_empty() {
            row.broken += 1;
            let peer = if server.is_far() { " (against the server in another process)" } else { "" };
            self.broken.push(format!("{name}{peer}: {}", outcome.faults.join("\n    ")));
        }
    }
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

/// Of one cell.
struct Outcome {
    connections: u64,
    otherwise: Vec<(Why, u64)>,
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
    let (rounds, faults) = (each / LANES, Mutex::new(Vec::new()));
    let shown = Mutex::new(vec![0; stage.otherwise.len()]);
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
            let (client, faults, shown) = (&client, &faults, &shown);
            async move {
                for _ in 0..rounds {
                    let trial = server.trial(stage.answers.clone());
                    match run(client, url(server, lane, trial.id), stage, &trial).await {
                        Ok(None) => {}
                        Ok(Some(other)) => shown.lock().unwrap()[other] += 1,
                        Err(fault) => faults.lock().unwrap().push(fault),
                    }
                    server.forget(&trial);
                }
            }
        }))
        .await;
        let counters = client.counters().since(&before);
        let mut faults = std::mem::take(&mut *faults.lock().unwrap());
        let mut came = std::mem::take(&mut *shown.lock().unwrap());
        match account(stage, &mut came, each as u64, counters) {
            Ok(()) => {}
            Err(expected) => faults.push(format!("counted\n    {counters:?}, expected\n    {expected:?}")),
        }
        let otherwise: Vec<_> = stage.otherwise.iter().map(|other| other.why).zip(came).filter(|(_, count)| *count > 0).collect();
        for (why, count) in &otherwise {
            if stage.is_rare(*why) && *count > each as u64 / 4 {
                faults.push(format!("{why:?} in {count} of {each} trials, which should be seldom"));
            }
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
        Outcome { connections: counters.connections_opened, otherwise, faults }
    })
}

/// Whether the trials that came out otherwise explain what was counted. Those that show only there are added to `came`; else what was
/// expected is given back.
fn account(stage: &Stage, came: &mut [u64], trials: u64, counted: Counters) -> Result<(), Counters> {
    let mut expected = times(stage.counters, trials - came.iter().sum::<u64>());
    for (other, count) in stage.otherwise.iter().zip(&*came) {
        expected = add(expected, times(other.counters, *count));
    }
    if counted == expected {
        return Ok(());
    }
    let alike = trials - came.iter().sum::<u64>();
    for (other, count) in stage.otherwise.iter().zip(came).filter(|(other, _)| other.shown.is_none()) {
        let with = |hidden| add(expected.since(&times(stage.counters, hidden)), times(other.counters, hidden));
        if let Some(hidden) = (1..=alike).find(|hidden| with(*hidden) == counted) {
            *count = hidden;
            return Ok(());
        }
    }
    Err(expected)
}

/// None if it came out as everywhere, else the place of how it did among those that are right here.
async fn run(client: &Client, url: Url, stage: &Stage, trial: &Trial) -> Result<Option<usize>, String> {
    let mut requests = 0;
    for ask in &stage.asks {
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
            Ask::PostLarge(expect) => (Request::post(url.clone(), vec![0; LARGE]).replayable(Replay::Safe), expect, true),
        };
        let goes_on = requests == 0 && stage.pace == Pace::OnceRead;
        let outcome = async {
            let mut response = client.send(request).await?;
            if goes_on {
                trial.go();
            }
            if goes_on || settled {
                trial.ended().await;
            }
            let body = response.bytes().await?;
            Ok((response, body))
        };
        let outcome = outcome.await;
        if let Err(fault) = judge(&outcome, expect, &url) {
            let is_shown = |other: &Otherwise| {
                other.shown.is_some_and(|(place, expect)| place == requests && judge(&outcome, &expect, &url).is_ok())
                    && other.answers_left == trial.answers_left()
            };
            let other = stage.otherwise.iter().position(is_shown);
            return other.map(Some).ok_or_else(|| format!("request {}: {fault}", requests + 1));
        }
        requests += 1;
    }
    match trial.answers_left() {
        left if left == stage.answers_left => Ok(None),
        left => Err(format!("{left} answers were not asked for, expected {}", stage.answers_left)),
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
            let source = error.root().source().map(|source| source.downcast_ref::<io::Error>());
            let is_cause = match (cause, source) {
                (Cause::Orderly, source) => source.is_none(),
                (Cause::Reset, Some(Some(source))) => is_reset(source),
                (Cause::ResetOrPipe, Some(Some(source))) => is_reset(source) || is_pipe(source),
                (Cause::Alert, Some(Some(source))) => tls(source).is_some_and(|error| matches!(error, rustls::Error::AlertReceived(_))),
                (Cause::Garbage, Some(Some(source))) => tls(source).is_some_and(|error| matches!(error, rustls::Error::InvalidMessage(_))),
                (Cause::NoGoodbye, Some(Some(source))) => source.kind() == io::ErrorKind::UnexpectedEof,
                _ => false,
            };
            match is_fault && is_cause && error.url() == Some(url) {
                true => Ok(()),
                false => Err(format!("{error:?} instead of {fault:?} by {cause:?}")),
            }
        }
    }
}

/// The peer's reset, as the system told of it: the kind and the number. Windows has two words for it: what was under way when it
/// came is told WSAECONNRESET, what is tried later may be told WSAECONNABORTED. (Wine knows the first only.)
fn is_reset(error: &io::Error) -> bool {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::ConnectionReset, Some(code)) => code == Errno::CONNRESET.raw_os_error(),
        (io::ErrorKind::ConnectionAborted, Some(code)) => cfg!(windows) && code == Errno::CONNABORTED.raw_os_error(),
        _ => false,
    }
}

fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What Unix tells the second write after a reset.
#[cfg(unix)]
fn is_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe && error.raw_os_error() == Some(Errno::PIPE.raw_os_error())
}

/// Windows has no such thing for sockets.
#[cfg(windows)]
fn is_pipe(_: &io::Error) -> bool {
    false
}

/// Below HTTP: a socket is closed after the peer's reset. That is no error, and it is counted, if the system says that it failed: Wine
/// does not, so that only Unix and a real Windows show that it is silent.
fn closing(reactor: &Driven, server: &FaultServer, each: usize) -> Outcome {
    let before = reactor.handle.benign_shutdowns();
    let rounds = each / LANES;
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
    let counted = reactor.handle.benign_shutdowns() - before;
    if counted != each as u64 && !(is_wine() && counted == 0) {
        faults.push(format!("{counted} benign shutdowns were counted, not {each}"));
    }
    faults.extend(LOGGER.take().into_iter().map(|record| format!("logged {record}")));
    faults.truncate(5);
    Outcome { connections: each as u64, otherwise: Vec::new(), faults }
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
