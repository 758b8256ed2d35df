//! A listening socket of `completion`: one operation accepts, for whichever task asks first.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use crate::reactor::Boxed;
use crate::reactor::completion::Completion;
use crate::reactor::completion::Pending;
use crate::reactor::completion::operations::Gained;
use crate::reactor::completion::operations::Request;
use crate::reactor::completion::stream::Connection;
use crate::reactor::completion::system::Arrival;
use crate::reactor::crowd::Crowd;
use crate::reactor::crowd::Place;
use crate::reactor::drive::Life;
use crate::reactor::ledger::Ledger;
use crate::reactor::socket::Accept;
use crate::reactor::socket::Socket;
use crate::reactor::tcp::Accepted;

pub(crate) struct Port {
    life: Arc<Life<Completion>>,
    io: Arc<TcpListener>,
    addr: SocketAddr,
    accepted: Accepted,
    crowd: Arc<Crowd>,
    /// Held for moves only. Locked before the reactor's operations, never after.
    accepting: Mutex<Option<Accepting>>,
    ledger: Ledger,
}

/// Begun when a task asks for a connection, and kept when the task no longer does: what it brings is the next one's.
struct Accepting {
    pending: Pending,
    arrival: Arc<Arrival>,
}

impl Port {
    pub(crate) fn new(life: Arc<Life<Completion>>, io: TcpListener, ledger: Ledger) -> io::Result<Self> {
        let addr = io.local_addr()?;
        let accepted = Accepted::of(&io);
        life.queue().door.adopt(&io)?;
        Ok(Self { life, io: Arc::new(io), addr, accepted, crowd: Arc::default(), accepting: Mutex::default(), ledger })
    }

    fn poll_accept(&self, place: &mut Place<'_>, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        place.take(cx.waker());
        let crowd = Waker::from(self.crowd.clone());
        let mut slot = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        let accepting = slot.get_or_insert_with(|| {
            let arrival = Arc::new(Arrival::new(self.addr));
            let pending = Pending::start(&self.life, Request::Accept(arrival.clone()), self.io.clone(), &crowd);
            Accepting { pending, arrival }
        });
        let gained = ready!(accepting.pending.poll(&mut Context::from_waker(&crowd)));
        let Some(Accepting { arrival, .. }) = slot.take() else { unreachable!("it was just asked") };
        drop(slot);
        let Gained::Connection(io) = gained? else { unreachable!("accepting gains a connection") };
        let io = TcpStream::from(io);
        let peer = match arrival.peer() {
            Some(peer) => peer,
            None => io.peer_addr()?,
        };
        Poll::Ready(Ok((io, peer)))
    }
}

impl Accept for Port {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>> {
        let mut place = self.crowd.place();
        Box::pin(async move {
            let (io, peer) = poll_fn(|cx| self.poll_accept(&mut place, cx)).await?;
            self.accepted.send_at_once(&io, peer);
            Ok((Socket::new(Connection::new(self.life.clone(), io, peer)?, &self.ledger), peer))
        })
    }

    fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // The kernel keeps the socket open until the operation is cancelled, but it listens no longer.
        let _ = rustix::net::shutdown(&self.io, rustix::net::Shutdown::Both);
    }
}
