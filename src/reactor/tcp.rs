//! What all reactors do alike with a TCP socket: opening, accepting, reading, writing, and having small writes go out at once (`TCP_NODELAY`).

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

/// The same from several buffers, of which it may leave the last: more than the system takes at once are an error (EMSGSIZE)
/// and not a partial write.
pub(crate) fn send_vectored(mut io: &TcpStream, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut io, at_once(bufs))
}

/// As many buffers as Linux takes at once, and thus Wine.
pub(crate) fn at_once<'a, 'b>(bufs: &'a [io::IoSlice<'b>]) -> &'a [io::IoSlice<'b>] {
    &bufs[..bufs.len().min(1024)]
}

/// How the opening of a connection has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    Connected,
    /// Once the socket is writable, its error or its peer tells what came of it.
    UnderWay,
}

/// Opens a connection without waiting for it. The socket does not block, and no child inherits it.
///
/// # Errors
/// What the system knows at once: no route, out of descriptors or ports.
#[cfg(unix)]
pub(crate) fn begin_connecting(peer: SocketAddr) -> io::Result<(TcpStream, Begun)> {
    use rustix::io::Errno;
    let io = TcpStream::from(socket(peer)?);
    match rustix::net::connect(&io, &peer) {
        Ok(()) => Ok((io, Begun::Connected)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((io, Begun::UnderWay)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(windows)]
pub(crate) fn begin_connecting(peer: SocketAddr) -> io::Result<(TcpStream, Begun)> {
    use socket2::{Domain, Socket, Type};
    let io = Socket::new(Domain::for_address(peer), Type::STREAM, None)?;
    io.set_nonblocking(true)?;
    match io.connect(&peer.into()) {
        Ok(()) => Ok((io.into(), Begun::Connected)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((io.into(), Begun::UnderWay)),
        Err(error) => Err(error),
    }
}

/// A socket for `addr` that does not block and is not inherited by children.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn socket(addr: SocketAddr) -> io::Result<std::os::fd::OwnedFd> {
    use rustix::net::{SocketFlags, SocketType};
    Ok(rustix::net::socket_with(family(addr), SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?)
}

/// The same in three steps.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn socket(addr: SocketAddr) -> io::Result<std::os::fd::OwnedFd> {
    let socket = rustix::net::socket(family(addr), rustix::net::SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    #[cfg(target_vendor = "apple")]
    rustix::net::sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok(socket)
}

#[cfg(unix)]
pub(crate) fn family(addr: SocketAddr) -> rustix::net::AddressFamily {
    match addr {
        SocketAddr::V4(_) => rustix::net::AddressFamily::INET,
        SocketAddr::V6(_) => rustix::net::AddressFamily::INET6,
    }
}

/// The next connection in the queue, not blocking and not inherited by children.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn accept(io: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    use rustix::net::SocketFlags;
    let (io, peer) = rustix::net::acceptfrom_with(io, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let io = TcpStream::from(io);
    let peer = match peer.map(SocketAddr::try_from) {
        Some(Ok(peer)) => peer,
        _ => io.peer_addr()?,
    };
    Ok((io, peer))
}

/// The same in two steps.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn accept(io: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (io, peer) = io.accept()?;
    io.set_nonblocking(true)?;
    Ok((io, peer))
}

/// The same, where the standard library would have it inherited.
#[cfg(windows)]
pub(crate) fn accept(io: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (io, peer) = socket2::SockRef::from(io).accept()?;
    io.set_nonblocking(true)?;
    let io = TcpStream::from(io);
    let peer = match peer.as_socket() {
        Some(peer) => peer,
        None => io.peer_addr()?,
    };
    Ok((io, peer))
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
