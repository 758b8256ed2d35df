//! A complete answer, then a reset: what the peer of a Windows proactor does to it, and what means nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http;

/// Bytes of an answer.
pub const SIZE: usize = 1_000;

pub fn serve() {
    let asked = Arc::new(AtomicU64::new(0));
    let page = Arc::new(http::answer("200 OK", http::HTML, http::KEEP, &[b'x'; SIZE]));
    let mut apart = super::Apart::default();
    for stream in super::listen(None).incoming().flatten() {
        let (asked, page) = (asked.clone(), page.clone());
        apart.begin(move || {
            let mut stream = stream;
            stream.set_nodelay(true)?;
            if let Some((target, _)) = http::request(&mut stream, &mut Vec::new())? {
                if target == COUNT {
                    let count = asked.load(Ordering::Relaxed).to_string();
                    return stream.write_all(&http::answer("200 OK", "text/plain", http::CLOSE, count.as_bytes()));
                }
                asked.fetch_add(1, Ordering::Relaxed);
                stream.write_all(&page)?;
                rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
            }
            Ok(())
        });
    }
}

/// How many requests a server has had.
pub fn asked(addr: SocketAddr) -> std::io::Result<u64> {
    let mut stream = TcpStream::connect(addr)?;
    write!(stream, "GET {COUNT} HTTP/1.1\r\nHost: {addr}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let count = answer.rsplit("\r\n\r\n").next().and_then(|body| body.parse().ok());
    count.ok_or_else(|| std::io::Error::other(format!("no count: {answer:?}")))
}

const COUNT: &str = "/count";
