//! `TCP_NODELAY`: small writes go out at once. Set on each connection that is opened, and on those that are accepted unless
//! they have it of their port.

use std::net::{SocketAddr, TcpListener, TcpStream};

/// Never an error: macOS refuses this once the peer has reset the connection, of which the first read or write tells better.
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
