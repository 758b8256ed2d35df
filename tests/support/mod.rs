//! Servers that misbehave on cue: the same scripts run in the simulated network, with or without TLS, and on real loopback.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_rustls::TlsAcceptor;
use futures_rustls::server::TlsStream;
use smolcrawl::reactor::Socket;
use smolcrawl::reactor::sim::Sim;

/// What a server does on one connection, step by step. After the last step it closes (FIN).
#[derive(Clone, Debug)]
pub enum Step {
    /// Read one whole request, and remember it.
    Request,
    /// Read only the first byte of a request: what is left unread makes the close a reset on a real system.
    HalfRequest,
    Say(Vec<u8>),
    Wait(Duration),
    /// Wait until the test says so.
    Told(async_channel::Receiver<()>),
    /// Close with RST.
    Reset,
    /// Say over TLS that this was all, as one should; without TLS this is nothing.
    CloseNotify,
    /// Read to the end of the stream, and remember "closed", or how it went wrong.
    Watch,
    /// Keep the connection open, silently, for as long as the test runs.
    Hang,
}

pub fn say(text: impl AsRef<[u8]>) -> Step {
    Step::Say(text.as_ref().to_vec())
}

/// A complete answer with this body.
pub fn ok(body: &str) -> Step {
    say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: text/plain\r\n\r\n{body}", body.len()))
}

pub fn redirect(status: u16, location: &str) -> Step {
    say(format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

/// The requests a server has seen, in order, each with its body.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub fn last(&self) -> String {
        self.all().pop().unwrap_or_default()
    }

    fn push(&self, request: String) {
        self.0.lock().unwrap().push(request);
    }
}

/// A server in the simulated network; its n-th connection plays the n-th script, later ones the last again.
pub fn serve(sim: &Sim, address: &str, scripts: Vec<Vec<Step>>) -> Seen {
    serve_on(sim, address, None, scripts)
}

/// The same over TLS. Handshakes that the client breaks off use up a script too.
pub fn serve_tls(sim: &Sim, address: &str, identity: &Identity, scripts: Vec<Vec<Step>>) -> Seen {
    serve_on(sim, address, Some(identity.acceptor.clone()), scripts)
}

fn serve_on(sim: &Sim, address: &str, acceptor: Option<TlsAcceptor>, scripts: Vec<Vec<Step>>) -> Seen {
    let seen = Seen::default();
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen(address.parse().unwrap())).unwrap();
    let (world, seen_here) = (sim.clone(), seen.clone());
    sim.spawn(async move {
        let mut scripts = VecDeque::from(scripts);
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            let script = if scripts.len() > 1 { scripts.pop_front().unwrap() } else { scripts[0].clone() };
            let (sim, acceptor, seen) = (world.clone(), acceptor.clone(), seen_here.clone());
            world.spawn(async move {
                let wire = match acceptor {
                    None => Wire::Plain(socket),
                    Some(acceptor) => match acceptor.accept(socket).await {
                        Ok(stream) => Wire::Tls(Box::new(stream)),
                        Err(_) => return,
                    },
                };
                play(sim, wire, script, seen).await;
            });
        }
    });
    seen
}

/// A certificate that nobody signed but itself, and a server's end of TLS with it.
pub struct Identity {
    pub certificate: Vec<u8>,
    acceptor: TlsAcceptor,
}

impl Identity {
    pub fn of(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        Self { certificate: certificate.to_vec(), acceptor: Arc::new(config).into() }
    }
}

enum Wire {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Wire {
    async fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(into).await,
            Self::Tls(stream) => stream.read(into).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }
}

async fn play(sim: Sim, mut wire: Wire, script: Vec<Step>, seen: Seen) {
    for step in script {
        match step {
            Step::Request => {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    match wire.read(&mut piece).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => request.extend_from_slice(&piece[..count]),
                    }
                }
                seen.push(String::from_utf8_lossy(&request).into_owned());
            }
            Step::HalfRequest => {
                let _ = wire.read(&mut [0; 1]).await;
            }
            Step::Say(bytes) => {
                if wire.write(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Wait(time) => sim.handle().sleep(time).await,
            Step::Told(word) => drop(word.recv().await),
            Step::Reset => match wire {
                Wire::Plain(socket) => return sim.reset(socket),
                Wire::Tls(stream) => return sim.reset(stream.into_inner().0),
            },
            Step::CloseNotify => {
                if let Wire::Tls(stream) = &mut wire {
                    let _ = stream.close().await;
                }
            }
            Step::Watch => loop {
                match wire.read(&mut [0; 4096]).await {
                    Ok(0) => break seen.push("closed".to_owned()),
                    Ok(_) => {}
                    Err(error) => break seen.push(error.to_string()),
                }
            },
            Step::Hang => return std::future::pending().await,
        }
    }
}

/// The same on a real socket: one thread for each connection. `Reset` works only while part of a request is unread.
pub fn serve_real(scripts: Vec<Vec<Step>>) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let seen_here = seen.clone();
    std::thread::spawn(move || {
        let mut scripts = VecDeque::from(scripts);
        for socket in listener.incoming().flatten() {
            let script = if scripts.len() > 1 { scripts.pop_front().unwrap() } else { scripts[0].clone() };
            let seen = seen_here.clone();
            std::thread::spawn(move || play_real(socket, script, &seen));
        }
    });
    (address, seen)
}

fn play_real(mut socket: TcpStream, script: Vec<Step>, seen: &Seen) {
    for step in script {
        match step {
            Step::Request => {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    match socket.read(&mut piece) {
                        Ok(0) | Err(_) => return,
                        Ok(count) => request.extend_from_slice(&piece[..count]),
                    }
                }
                seen.push(String::from_utf8_lossy(&request).into_owned());
            }
            Step::HalfRequest => {
                let _ = socket.read(&mut [0; 1]);
            }
            Step::Say(bytes) => {
                if socket.write_all(&bytes).is_err() {
                    return;
                }
            }
            Step::Wait(time) => std::thread::sleep(time),
            Step::Told(word) => drop(word.recv_blocking()),
            Step::Reset => return,
            Step::CloseNotify | Step::Watch => {}
            Step::Hang => loop {
                std::thread::park();
            },
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse().unwrap()));
    body.len() >= length.unwrap_or(0usize)
}
