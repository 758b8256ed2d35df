//! Servers that misbehave on cue: the same script runs on the simulated network and on real loopback.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
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
    /// Close with RST.
    Reset,
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
    let seen = Seen::default();
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen(address.parse().unwrap())).unwrap();
    let (world, seen_here) = (sim.clone(), seen.clone());
    sim.spawn(async move {
        let mut scripts = VecDeque::from(scripts);
        loop {
            let Ok((socket, _)) = listener.accept().await else { return };
            let script = if scripts.len() > 1 { scripts.pop_front().unwrap() } else { scripts[0].clone() };
            let task = play(world.clone(), socket, script, seen_here.clone());
            world.spawn(task);
        }
    });
    seen
}

async fn play(sim: Sim, mut socket: Socket, script: Vec<Step>, seen: Seen) {
    for step in script {
        match step {
            Step::Request => {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut piece = [0; 4096];
                    match socket.read(&mut piece).await {
                        Ok(0) | Err(_) => return,
                        Ok(count) => request.extend_from_slice(&piece[..count]),
                    }
                }
                seen.push(String::from_utf8_lossy(&request).into_owned());
            }
            Step::HalfRequest => {
                let _ = socket.read(&mut [0; 1]).await;
            }
            Step::Say(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Wait(time) => sim.handle().sleep(time).await,
            Step::Reset => return sim.reset(socket),
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
            Step::Reset => return,
            Step::Hang => loop {
                std::thread::park();
            },
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse().unwrap()));
    body.len() >= length.unwrap_or(0usize)
}
