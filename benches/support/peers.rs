//! The far ends, each in a process of its own, so that only the near end is measured: a server of pages, and one that sends back
//! what it gets. The same for every contestant.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use super::meter::open_files;
use super::ours::{self, Ours};
use super::workloads::{Workload, World};

/// Bytes of a page.
pub const PAGE: usize = 20_000;

/// A server in another process; it ends with this.
pub struct Peer {
    process: Child,
    pub addr: SocketAddr,
}

impl Peer {
    /// What `workload` needs at its far end, if it needs anything.
    pub fn of(workload: Workload) -> Option<Self> {
        let what = match workload {
            Workload::Idle | Workload::Ping => "echo",
            Workload::Fetch => "pages",
            _ => return None,
        };
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["peer", what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can start itself");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).unwrap();
        let addr = line.trim().parse().expect("a peer says where it listens");
        Some(Self { process, addr })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until its parent has gone.
pub fn serve(what: &str) {
    thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    match what {
        "pages" => pages(),
        "echo" => echo(),
        other => panic!("no peer is called {other}"),
    }
}

fn tell(addr: SocketAddr) {
    let mut out = std::io::stdout();
    writeln!(out, "{addr}").and_then(|()| out.flush()).expect("the parent listens");
}

/// One blocking thread for each connection; requests have no bodies.
fn pages() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    tell(listener.local_addr().unwrap());
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {PAGE}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + PAGE, b'x');
    for socket in listener.incoming() {
        let (socket, answer) = (socket.unwrap(), answer.clone());
        thread::spawn(move || answer_all(socket, &answer));
    }
}

fn answer_all(mut socket: TcpStream, answer: &[u8]) {
    socket.set_nodelay(true).unwrap();
    let (mut request, mut filled) = ([0; 4096], 0);
    loop {
        match socket.read(&mut request[filled..]) {
            Ok(count @ 1..) => filled += count,
            _ => return,
        }
        if request[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            if socket.write_all(answer).is_err() {
                return;
            }
        }
    }
}

/// On a reactor of ours, as it may have thousands of connections.
fn echo() {
    open_files();
    let (_, choice) = ours::contestants().into_iter().find(|(name, _)| name == "edge").unwrap_or_else(|| ours::contestants().remove(0));
    let world = Ours(ours::start(choice));
    let inner = world.clone();
    world.block_on(async move {
        let (listener, addr) = inner.listen().await.unwrap();
        tell(addr);
        loop {
            let mut socket = Ours::accept(&listener).await.unwrap();
            drop(inner.spawn(async move {
                let mut message = [0; 64];
                while let Ok(count @ 1..) = Ours::read(&mut socket, &mut message).await {
                    if Ours::write_all(&mut socket, &message[..count]).await.is_err() {
                        return;
                    }
                }
            }));
        }
    });
}
