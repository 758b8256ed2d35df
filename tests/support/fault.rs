//! A server on real sockets that fails on cue, at any point of a message: with FIN, with RST (SO_LINGER 0), without a goodbye.
//! Plain or TLS; one thread for each connection. What to do is told per trial, which a request names by its path.
//!
//! It runs in the process of the test, or in one of its own ([`Link`], `tests/fixtures/fault_server.rs`): then the peer is a socket of
//! another kind, where the test runs under Wine. Both are used alike.
#![allow(dead_code, reason = "each test binary uses its part")]

#[path = "fault_link.rs"]
pub mod link;

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde::{Deserialize, Serialize};

use link::Link;

/// What the server does with one request. After the last step it waits for the next request on the same connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Stands first: the body of the request stays unread.
    LeaveBody,
    Say(Cow<'static, str>),
    /// Over TLS: this, and in one write with it what ends the session.
    SayAnd(Cow<'static, str>, Tail),
    /// Until the client's side of the trial says [`Trial::go`].
    AwaitGo,
    /// Over TLS: tell that this was all.
    CloseNotify,
    /// Last: FIN, and read until the client closes. Over TLS without close_notify, unless that went before.
    Fin,
    /// Last: RST.
    Reset,
}

impl Step {
    pub const fn say(text: &'static str) -> Self {
        Self::Say(Cow::Borrowed(text))
    }
}

/// What no session goes on after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tail {
    /// A fatal one.
    Alert,
    /// Bytes that are no record.
    Garbage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transport {
    Plain,
    Tls,
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opening {
    Orderly,
    /// Something is read, then it fails before a word was said.
    Reset,
    Fin,
}

/// The server as a test sees it.
pub struct FaultServer {
    pub addresses: Vec<SocketAddr>,
    pub transport: Transport,
    /// To be trusted by clients, over TLS.
    pub certificate: Option<Vec<u8>>,
    place: Place,
}

enum Place {
    Here(Arc<Shared>),
    There(Arc<Link>, link::ServerId),
}

/// One run of a script, as the client's side sees it.
pub struct Trial {
    pub id: u64,
    begun: Receiver<()>,
    ended: Receiver<()>,
    stage: TrialPlace,
}

enum TrialPlace {
    Here(Arc<Script>),
    There(Arc<Link>, link::ServerId),
}

impl Trial {
    /// The server may go on after [`Step::AwaitGo`].
    pub fn go(&self) {
        match &self.stage {
            TrialPlace::Here(script) => script.go(),
            TrialPlace::There(link, server) => link.go(*server, self.id),
        }
    }

    /// Waits until the server has read a request of this trial.
    pub async fn begun(&self) {
        let _ = self.begun.recv().await;
    }

    /// Waits until a FIN or RST of this trial has arrived at the client's side: see [`settle`] for what that means where.
    pub async fn ended(&self) {
        let _ = self.ended.recv().await;
    }

    pub fn answers_left(&self) -> usize {
        match &self.stage {
            TrialPlace::Here(script) => script.answers_left(),
            TrialPlace::There(link, server) => link.answers_left(*server, self.id),
        }
    }
}

impl FaultServer {
    /// Listens on as many loopback ports as `ports` says, which are so many origins. Runs as long as the process.
    pub fn start(transport: Transport, opening: Opening, ports: usize) -> Self {
        let (shared, addresses, certificate) = Shared::listen(transport, opening, ports);
        Self { addresses, transport, certificate, place: Place::Here(shared) }
    }

    /// The same in the process at the other end of `link`.
    pub fn start_at(link: &Arc<Link>, transport: Transport, opening: Opening, ports: usize) -> Self {
        let (server, addresses, certificate) = link.start(transport, opening, ports);
        Self { addresses, transport, certificate, place: Place::There(link.clone(), server) }
    }

    /// In another process.
    pub fn is_far(&self) -> bool {
        matches!(self.place, Place::There(..))
    }

    pub fn trial(&self, answers: impl IntoIterator<Item = Vec<Step>>) -> Arc<Trial> {
        let answers = answers.into_iter().collect();
        let ((begin, begun), (end, ended)) = (async_channel::unbounded(), async_channel::unbounded());
        let (id, stage) = match &self.place {
            Place::Here(shared) => {
                let tell = move |_, news| {
                    let _ = if news == News::Begun { &begin } else { &end }.try_send(());
                };
                let (id, script) = shared.rehearse(answers, tell);
                (id, TrialPlace::Here(script))
            }
            Place::There(link, server) => (link.trial(*server, answers, begin, end), TrialPlace::There(link.clone(), *server)),
        };
        Arc::new(Trial { id, begun, ended, stage })
    }

    pub fn forget(&self, trial: &Trial) {
        match &self.place {
            Place::Here(shared) => shared.forget(trial.id),
            Place::There(link, server) => link.forget(*server, trial.id),
        }
    }

    pub fn complaints(&self) -> Vec<String> {
        match &self.place {
            Place::Here(shared) => shared.complaints(),
            Place::There(link, server) => link.complaints(*server),
        }
    }
}

/// The server itself.
struct Shared {
    tls: Option<Arc<ServerConfig>>,
    opening: Opening,
    /// Nobody will connect any more.
    closed: AtomicBool,
    next: AtomicU64,
    /// Held to look one up.
    scripts: Mutex<HashMap<u64, Arc<Script>>>,
    /// What the server did not expect.
    complaints: Mutex<Vec<String>>,
}

/// A trial, as the server sees it.
struct Script {
    id: u64,
    /// For the requests to come, in order.
    answers: Mutex<VecDeque<Vec<Step>>>,
    go: (Sender<()>, Receiver<()>),
    tell: Box<dyn Fn(u64, News) + Send + Sync>,
}

/// What the client's side is told of its trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum News {
    Begun,
    Ended,
}

impl Script {
    fn go(&self) {
        let _ = self.go.0.try_send(());
    }

    fn answers_left(&self) -> usize {
        self.answers.lock().unwrap().len()
    }
}

impl Shared {
    fn listen(transport: Transport, opening: Opening, ports: usize) -> (Arc<Self>, Vec<SocketAddr>, Option<Vec<u8>>) {
        let (certificate, tls) = match transport {
            Transport::Plain => (None, None),
            Transport::Tls => {
                let (certificate, config) = identity();
                (Some(certificate), Some(Arc::new(config)))
            }
        };
        let shared = Arc::new(Self {
            tls,
            opening,
            closed: AtomicBool::new(false),
            next: AtomicU64::new(0),
            scripts: Mutex::default(),
            complaints: Mutex::default(),
        });
        let addresses = (0..ports)
            .map(|_| {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
                let address = listener.local_addr().unwrap();
                let shared = shared.clone();
                thread::spawn(move || shared.accept(&listener));
                address
            })
            .collect();
        (shared, addresses, certificate)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for socket in listener.incoming().flatten() {
            if self.closed.load(Ordering::SeqCst) {
                return;
            }
            let shared = self.clone();
            let thread = thread::Builder::new().stack_size(512 * 1024);
            thread.spawn(move || shared.connection(socket)).unwrap();
        }
    }

    fn rehearse(&self, answers: VecDeque<Vec<Step>>, tell: impl Fn(u64, News) + Send + Sync + 'static) -> (u64, Arc<Script>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let script = Arc::new(Script { id, answers: Mutex::new(answers), go: async_channel::unbounded(), tell: Box::new(tell) });
        self.scripts.lock().unwrap().insert(id, script.clone());
        (id, script)
    }

    fn script(&self, id: u64) -> Option<Arc<Script>> {
        self.scripts.lock().unwrap().get(&id).cloned()
    }

    fn forget(&self, id: u64) {
        self.scripts.lock().unwrap().remove(&id);
    }

    fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.complaints.lock().unwrap())
    }

    fn connection(&self, socket: TcpStream) {
        // A client that hangs must not hold the thread for ever.
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        socket.set_nodelay(true).unwrap();
        match self.opening {
            Opening::Orderly => {}
            Opening::Reset => {
                let _ = (&socket).read(&mut [0; 16]);
                return reset(socket);
            }
            Opening::Fin => {
                let _ = (&socket).read(&mut [0; 2048]);
                return fin(socket, || ());
            }
        }
        let mut wire = match &self.tls {
            None => Wire::Plain(socket),
            Some(config) => Wire::Tls(Box::new(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket))),
        };
        let mut received = Vec::new();
        while let Some(head) = read_head(&mut wire, &mut received) {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let script = path.trim_start_matches('/').parse().ok().and_then(|id| self.script(id));
            let steps = script.as_ref().and_then(|script| script.answers.lock().unwrap().pop_front());
            let (Some(script), Some(steps)) = (script, steps) else {
                let first = head.lines().next().unwrap_or_default();
                self.complaints.lock().unwrap().push(format!("a request too many: {first}"));
                return reset(wire.into_socket());
            };
            if steps.first() != Some(&Step::LeaveBody) && !read_body(&mut wire, &mut received, content_length(&head)) {
                return;
            }
            (script.tell)(script.id, News::Begun);
            match play(wire, &steps, &script) {
                Some(open) => wire = open,
                None => return,
            }
        }
    }
}

/// The connection, if it is still open afterwards.
fn play(mut wire: Wire, steps: &[Step], script: &Script) -> Option<Wire> {
    for step in steps {
        match step {
            Step::LeaveBody => {}
            Step::Say(text) => wire.write_all(text.as_bytes()).ok()?,
            Step::SayAnd(text, tail) => wire.write_all_and(text.as_bytes(), *tail).ok()?,
            Step::AwaitGo => script.go.1.recv_blocking().ok()?,
            Step::CloseNotify => {
                if let Wire::Tls(stream) = &mut wire {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
            Step::Fin => {
                fin(wire.into_socket(), || (script.tell)(script.id, News::Ended));
                return None;
            }
            Step::Reset => {
                reset(wire.into_socket());
                (script.tell)(script.id, News::Ended);
                return None;
            }
        }
    }
    Some(wire)
}

/// When it returns, the client's socket knows of it: see [`settle`].
fn reset(socket: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
    drop(socket);
    settle();
}

fn fin(mut socket: TcpStream, sent: impl Fn()) {
    let _ = socket.shutdown(Shutdown::Write);
    settle();
    sent();
    // Closing with unread data would be a reset.
    let mut piece = [0; 4096];
    while matches!(socket.read(&mut piece), Ok(1..)) {}
}

/// Returns once what was sent before has arrived. Both ends of loopback are in this kernel, and a datagram to oneself queues up
/// behind what was sent before it: where the kernel delivers late, this waits for it.
///
/// Under Wine both ends are sockets of the Linux below, whichever process has the other end, so that this holds; but Wine's own
/// server learns of a reset by itself, a moment earlier or later, and from then on what was not read is lost (as on Windows).
/// Windows promises no order between two sockets: there a stage must bear that an end comes late.
fn settle() {
    thread_local! {
        static MIRROR: UdpSocket = {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.connect(socket.local_addr().unwrap()).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            socket
        };
    }
    MIRROR.with(|mirror| {
        let _ = mirror.send(&[0]);
        let _ = mirror.recv(&mut [0]);
    });
}

fn read_head(wire: &mut Wire, received: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = received.split_off(end + 4);
            let head = std::mem::replace(received, rest);
            return Some(String::from_utf8_lossy(&head).into_owned());
        }
        read_more(wire, received)?;
    }
}

fn read_body(wire: &mut Wire, received: &mut Vec<u8>, length: usize) -> bool {
    while received.len() < length {
        if read_more(wire, received).is_none() {
            return false;
        }
    }
    received.drain(..length);
    true
}

fn read_more(wire: &mut Wire, received: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 4096];
    match wire.read(&mut piece) {
        Ok(0) | Err(_) => None,
        Ok(count) => {
            received.extend_from_slice(&piece[..count]);
            Some(())
        }
    }
}

fn content_length(head: &str) -> usize {
    let value =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().to_owned()));
    value.map_or(0, |value| value.parse().unwrap())
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    fn write_all_and(&mut self, bytes: &[u8], tail: Tail) -> io::Result<()> {
        let Self::Tls(stream) = self else { panic!("there is no session to end") };
        let mut out = Vec::new();
        stream.conn.writer().write_all(bytes)?;
        if tail == Tail::Alert {
            // What nobody can decrypt is answered by a fatal alert.
            stream.conn.read_tls(&mut &b"\x17\x03\x03\x00\x14it is no such record"[..])?;
            assert!(stream.conn.process_new_packets().is_err());
        }
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut out)?;
        }
        if tail == Tail::Garbage {
            out.extend([0xff; 64]);
        }
        stream.sock.write_all(&out)
    }

    fn into_socket(self) -> TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.sock,
        }
    }
}

/// For 127.0.0.1, signed by itself.
fn identity() -> (Vec<u8>, ServerConfig) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (certificate.to_vec(), config)
}
