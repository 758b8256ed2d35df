//! What all reactors do alike with a TCP socket: reading, writing, and having small writes go out at once (`TCP_NODELAY`).

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Reads what has come.
///
/// On Linux past the C library, in which a call that could block is a point of cancellation: with more than one thread that is
/// two locked instructions more around each call, as much as all that this crate adds.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn receive(io: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(io, into, rustix::net::RecvFlags::empty())?;
    Ok(count)
}

/// Writes as much as there is room for. A peer that has gone is an error, and no signal.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn send(io: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(io, bytes, rustix::net::SendFlags::NOSIGNAL)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn receive(mut io: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    io::Read::read(&mut io, into)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn send(mut io: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    io::Write::write(&mut io, bytes)
}

/// Small writes go out at once. Never an error: macOS refuses this once the peer has reset the connection, of which the first read or write tells better.
pub(crate) fn send_at_once(io: &TcpStream, peer: SocketAddr) {
    if let Err(error) = io.set_nodelay(true) {
        log::trace!("{peer}: cannot set TCP_NODELAY: {error}");
    }
}

/// How the connections of a port come to send small writes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It is set on the port, and Linux has them inherit it: a system call less for each.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code, reason = "others need not inherit it"))]
    Inherit,
    /// It is set on each.
    Each,
}

impl Accepted {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn of(port: &TcpListener) -> Self {
        match rustix::net::sockopt::set_tcp_nodelay(port, true) {
            Ok(()) => Self::Inherit,
            Err(_) => Self::Each,
        }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn of(_: &TcpListener) -> Self {
        Self::Each
    }

    pub(crate) fn send_at_once(self, io: &TcpStream, peer: SocketAddr) {
        if self == Self::Each {
            send_at_once(io, peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_connection_send_small_writes_at_once() {
        for each in [Accepted::of, |_: &TcpListener| Accepted::Each] {
            let port = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = port.local_addr().unwrap();
            let accepted = each(&port);
            let near = TcpStream::connect(addr).unwrap();
            let (far, peer) = port.accept().unwrap();
            assert!(!near.nodelay().unwrap());
            assert_eq!(far.nodelay().unwrap(), accepted == Accepted::Inherit);
            send_at_once(&near, addr);
            accepted.send_at_once(&far, peer);
            assert!(near.nodelay().unwrap() && far.nodelay().unwrap(), "{accepted:?}");
        }
    }
}
