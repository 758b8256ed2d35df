//! What is Linux's own about `completion`, but for the queues, which are in [`ring`](crate::reactor::completion::ring).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use rustix::event::EventfdFlags;
use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType};

use crate::reactor::completion::Told;
use crate::reactor::completion::operations::Operations;
use crate::reactor::completion::operations::Request;
use crate::reactor::tcp::at_once;
use crate::reactor::tcp::family;

pub(crate) use crate::reactor::completion::ring::Ring as Kernel;
pub(crate) use crate::reactor::completion::ring::Size;

/// What any thread may do while another turns: ring. It is an eventfd, and each write to it is a completion, for as long as the ring
/// watches it.
pub(crate) struct Door(pub OwnedFd);

impl Door {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(rustix::event::eventfd(0, EventfdFlags::CLOEXEC)?))
    }

    pub(crate) fn ring(&self) {
        // It cannot be full: 2^64 rings are more than there will be.
        if let Err(error) = rustix::io::write(&self.0, &1_u64.to_ne_bytes()) {
            log::error!("cannot wake the reactor: {error}");
        }
    }

    /// The turn tells all of it with the system call that waits.
    pub(crate) fn tell(&self, _: &Mutex<Operations>) -> Told {
        Told::WithTheNextTurn
    }

    /// The kernel takes any socket.
    pub(crate) fn adopt(&self, _: &impl AsFd) -> io::Result<()> {
        Ok(())
    }
}

/// What the system calls it, for the report.
pub(crate) const BACKEND: &str = "io_uring";

/// A socket to connect with, which no child inherits. It blocks, as an operation on one that does not would be done at once,
/// with nothing.
pub(crate) fn socket(peer: SocketAddr) -> io::Result<TcpStream> {
    Ok(rustix::net::socket_with(family(peer), SocketType::STREAM, SocketFlags::CLOEXEC, None)?.into())
}

pub(crate) fn send(io: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(io, bytes, AT_ONCE)?)
}

pub(crate) fn send_vectored(io: &TcpStream, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
    Ok(rustix::net::sendmsg(io, at_once(bufs), &mut SendAncillaryBuffer::default(), AT_ONCE)?)
}

/// Looks at a byte that has come.
pub(crate) fn peek(io: &TcpStream) -> io::Result<usize> {
    Ok(rustix::net::recv(io, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT)?.1)
}

/// Neither waiting nor a signal when the peer is gone.
const AT_ONCE: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// Whether the kernel has given an operation up that nobody cancelled, with nothing done.
///
/// It does so when the thread that submitted it has ended (ECANCELED from a poll, EFAULT from the attempt after it) and when a
/// signal came in between. Of receiving, it does so too when all buffers of the ring were in use.
pub(crate) fn is_lost(error: &io::Error, request: &Request) -> bool {
    match Errno::from_io_error(error) {
        Some(Errno::CANCELED | Errno::FAULT | Errno::INTR) => true,
        Some(Errno::NOBUFS | Errno::AGAIN) => matches!(request, Request::Receive { .. }),
        _ => false,
    }
}

/// Where the kernel writes who has arrived: a `sockaddr` (ip(7), ipv6(7)) and its length. Atomic, as the kernel writes when it likes.
pub(crate) struct Arrival {
    pub bytes: [AtomicU8; 32],
    pub length: AtomicU32,
}

impl Arrival {
    /// Of the port at that address.
    pub(crate) fn new(_: SocketAddr) -> Self {
        let bytes = [const { AtomicU8::new(0) }; 32];
        Self { length: AtomicU32::new(bytes.len() as u32), bytes }
    }

    /// None, if it is neither IPv4 nor IPv6.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        let bytes: [u8; 32] = std::array::from_fn(|index| self.bytes[index].load(Ordering::Acquire));
        let (family, rest) = bytes.split_first_chunk()?;
        let (port, rest) = rest.split_first_chunk()?;
        let port = u16::from_be_bytes(*port);
        match AddressFamily::from_raw(u16::from_ne_bytes(*family)) {
            AddressFamily::INET => Some(SocketAddr::from((Ipv4Addr::from(*rest.first_chunk::<4>()?), port))),
            AddressFamily::INET6 => {
                let (flow, rest) = rest.split_first_chunk()?;
                let (address, rest) = rest.split_first_chunk::<16>()?;
                let (flow, scope) = (u32::from_be_bytes(*flow), u32::from_ne_bytes(*rest.first_chunk()?));
                Some(SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::from(*address), port, flow, scope)))
            }
            _ => None,
        }
    }
}
