//! What is Windows' own about `completion`, but for the completion port, which is in [`iocp`](crate::reactor::completion::iocp).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use rustix::net::RecvFlags;
use socket2::{Domain, Socket, Type};
use windows_sys::Win32::Foundation::{
    ERROR_CONNECTION_ABORTED, ERROR_CONNECTION_REFUSED, ERROR_HOST_UNREACHABLE, ERROR_NETNAME_DELETED, ERROR_NETWORK_UNREACHABLE,
    ERROR_OPERATION_ABORTED, ERROR_PORT_UNREACHABLE, ERROR_PROTOCOL_UNREACHABLE, ERROR_SEM_TIMEOUT,
};
use windows_sys::Win32::Networking::WinSock::{
    WSAECONNABORTED, WSAECONNREFUSED, WSAECONNRESET, WSAEHOSTUNREACH, WSAENETUNREACH, WSAETIMEDOUT,
};

use crate::reactor::completion::operations::Request;

pub(crate) use crate::reactor::completion::iocp::Arrival;
pub(crate) use crate::reactor::completion::iocp::Door;
pub(crate) use crate::reactor::completion::iocp::Iocp as Kernel;
pub(crate) use crate::reactor::completion::iocp::Size;
pub(crate) use crate::reactor::tcp::send;
pub(crate) use crate::reactor::tcp::send_vectored;

/// What the system calls it, for the report.
pub(crate) const BACKEND: &str = "IOCP";

/// A socket to connect with, which no child inherits. It is bound, as ConnectEx asks for that.
pub(crate) fn socket(peer: SocketAddr) -> io::Result<TcpStream> {
    let any = match peer {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let io = Socket::new(Domain::for_address(peer), Type::STREAM, None)?;
    io.bind(&any.into())?;
    Ok(io.into())
}

/// Looks at a byte that has come.
pub(crate) fn peek(io: &TcpStream) -> io::Result<usize> {
    Ok(rustix::net::recv(io, &mut [0; 1], RecvFlags::PEEK)?.1)
}

/// Whether the kernel has given an operation up that nobody cancelled, with nothing done.
///
/// That a thread has ended is no reason for it: what is submitted to a socket that is bound to a port outlives the thread, since
/// Windows Vista. So this is seldom or never. A socket that was given up while it connected cannot connect again.
pub(crate) fn is_lost(error: &io::Error, request: &Request) -> bool {
    error.raw_os_error() == Some(ERROR_OPERATION_ABORTED as i32) && !matches!(request, Request::Connect(_))
}

/// The word of Winsock for what ended a connection, where the system says it in that of Win32: an error must not depend on the
/// reactor. (`ERROR_NETNAME_DELETED` stands for a reset by the peer and for an end by this side too; but the port's operations are
/// cancelled only when nobody looks at the outcome any more.)
pub(crate) fn winsock(code: i32) -> i32 {
    match code as u32 {
        ERROR_NETNAME_DELETED | ERROR_PORT_UNREACHABLE => WSAECONNRESET,
        ERROR_SEM_TIMEOUT => WSAETIMEDOUT,
        ERROR_CONNECTION_REFUSED => WSAECONNREFUSED,
        ERROR_NETWORK_UNREACHABLE | ERROR_PROTOCOL_UNREACHABLE => WSAENETUNREACH,
        ERROR_HOST_UNREACHABLE => WSAEHOSTUNREACH,
        ERROR_CONNECTION_ABORTED => WSAECONNABORTED,
        _ => code,
    }
}
