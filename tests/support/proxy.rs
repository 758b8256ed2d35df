//! A network between a client and a server, on loopback, that can be cut, and that can be one of TLS.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection};

pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    /// The port of the server.
    behind: u16,
    tls: Option<Arc<ServerConfig>>,
    /// None: whoever comes is sent away. Both ends of all that are open.
    open: Mutex<Option<Vec<TcpStream>>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// Both sides are told that there is nothing more.
    Closed,
    /// Both sides are told that there never was anything (RST).
    Reset,
}

impl Proxy {
    pub fn to(behind: u16) -> Self {
        Self::start(behind, None)
    }

    /// The same for who asks for TLS, as PostgreSQL does it: what is behind is spoken to without.
    pub fn with_tls(behind: u16, config: ServerConfig) -> Self {
        Self::start(behind, Some(Arc::new(config)))
    }

    fn start(behind: u16, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { behind, tls, open: Mutex::new(Some(Vec::new())) });
        let carried = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&carried);
                // It may be the server that has gone.
                thread::spawn(move || shared.carry(client));
            }
        });
        Self { port, shared }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all that is open, and lets nobody through.
    pub fn cut(&self, how: Cut) {
        for end in self.shared.open.lock().unwrap().take().into_iter().flatten() {
            if let Cut::Reset = how {
                rustix::net::sockopt::set_socket_linger(&end, Some(Duration::ZERO)).ok();
            }
            // A reset goes out with the last handle, which a thread may have: it sees the end of it at once.
            end.shutdown(if let Cut::Reset = how { Shutdown::Read } else { Shutdown::Both }).ok();
        }
    }

    pub fn mend(&self) {
        self.shared.open.lock().unwrap().get_or_insert_default();
    }
}

impl Shared {
    fn carry(self: &Arc<Self>, client: TcpStream) -> Option<()> {
        let server = TcpStream::connect(("127.0.0.1", self.behind)).ok()?;
        for end in [&client, &server] {
            end.set_nodelay(true).unwrap();
            self.open.lock().unwrap().as_mut()?.push(end.try_clone().unwrap());
        }
        match &self.tls {
            None => {
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let other = Arc::clone(self);
                let there = thread::spawn(move || other.pass(from, to));
                self.pass(server, client);
                there.join().ok();
            }
            Some(config) => carry_sealed(client, server, Arc::clone(config))?,
        }
        Some(())
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        // Where it is cut, nobody says goodbye.
        if self.open.lock().unwrap().is_some() {
            to.shutdown(Shutdown::Write).ok();
        }
    }
}

/// Shakes hands with the client, and then carries what is said in turns.
fn carry_sealed(mut client: TcpStream, mut server: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    let mut asked = [0; 8];
    client.read_exact(&mut asked).ok()?;
    if asked != [0, 0, 0, 8, 4, 210, 22, 47] {
        return None;
    }
    client.write_all(b"S").ok()?;
    let mut session = ServerConnection::new(config).unwrap();
    session.complete_io(&mut client).ok()?;
    for end in [&client, &server] {
        end.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    }
    let is_a_turn = |kind| matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut);
    let mut bytes = vec![0; 16 << 10];
    loop {
        // The first of it may have come with the end of the handshake.
        while let Ok(count @ 1..) = session.reader().read(&mut bytes) {
            server.write_all(&bytes[..count]).ok()?;
        }
        match session.read_tls(&mut client) {
            Ok(0) => return None,
            Ok(_) => _ = session.process_new_packets().ok()?,
            Err(error) if is_a_turn(error.kind()) => {}
            Err(_) => return None,
        }
        match server.read(&mut bytes) {
            Ok(0) => return None,
            Ok(count) => session.writer().write_all(&bytes[..count]).ok()?,
            Err(error) if is_a_turn(error.kind()) => {}
            Err(_) => return None,
        }
        while session.wants_write() {
            session.write_tls(&mut client).ok()?;
        }
    }
}
