//! What `completion` waits in: a proactor, io_uring on Linux, an I/O completion port on Windows. A task asks for bytes or a
//! connection and is woken when it has them, not when it may try. On Linux all that was asked for since the last turn goes to the
//! kernel with the system call that waits; on Windows each operation goes with a call of its own, at once.
//!
//! An operation belongs to the reactor and not to the future that asked for it: what it uses is kept until the kernel is done,
//! see [`operations`]. Dropping a future leaves the operation to its socket or port, so that nothing it brings is lost;
//! dropping the socket or port cancels it. What differs by system is behind [`system`], and `unsafe` is in one file of each: in
//! `ring` on Linux, in `iocp` on Windows.

#[cfg(windows)]
mod iocp;
#[cfg(target_os = "linux")]
mod linux;
mod operations;
mod port;
#[cfg(target_os = "linux")]
mod ring;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(windows)]
mod windows;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[cfg(target_os = "linux")]
use crate::reactor::completion::linux as system;
use crate::reactor::completion::operations::Descriptor;
use crate::reactor::completion::operations::Operations;
use crate::reactor::completion::operations::Outcome;
use crate::reactor::completion::operations::Request;
use crate::reactor::completion::operations::Ticket;
use crate::reactor::completion::port::Port;
use crate::reactor::completion::stream::Connection;
use crate::reactor::completion::system::Door;
use crate::reactor::completion::system::Kernel;
use crate::reactor::completion::system::Size;
#[cfg(windows)]
use crate::reactor::completion::windows as system;
use crate::reactor::drive::Life;
use crate::reactor::drive::Queue;
use crate::reactor::ledger::Ledger;
use crate::reactor::own::Network;

pub(crate) use crate::reactor::completion::system::BACKEND;

pub(crate) struct Completion {
    /// Held by the thread that turns, also while it waits. Locked before `operations`, never after.
    kernel: Mutex<Kernel>,
    /// Held for moves, for the clone of a waker, and on Windows while the kernel is asked: nothing is woken, and no waker dropped,
    /// under it.
    operations: Mutex<Operations>,
    door: Arc<Door>,
}

impl Completion {
    /// # Errors
    /// The system refuses the queue, or lacks a part of it, which is named; or the process is out of file descriptors or memory.
    pub(crate) fn new() -> io::Result<Self> {
        Self::with_size(Size::default())
    }

    fn with_size(size: Size) -> io::Result<Self> {
        let door = Arc::new(Door::new()?);
        let kernel = Mutex::new(Kernel::new(door.clone(), size)?);
        Ok(Self { kernel, operations: Mutex::default(), door })
    }

    /// Takes what the kernel has completed already, unless a thread that turns does so. Wakes nobody, as it is done under the
    /// lock of a connection: the next turn does.
    fn glance(&self) {
        match self.kernel.try_lock() {
            Ok(mut kernel) => _ = kernel.reap(&self.operations),
            Err(TryLockError::Poisoned(kernel)) => _ = kernel.into_inner().reap(&self.operations),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    fn operations(&self) -> MutexGuard<'_, Operations> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue for Completion {
    fn wait(&self, limit: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner).turn(&self.operations, limit, wakers)
    }

    fn ring(&self) {
        self.door.ring();
    }
}

impl Network for Completion {
    type Stream = Connection;
    type Accept = Port;

    fn connect(life: Arc<Life<Self>>, peer: SocketAddr) -> impl Future<Output = io::Result<Connection>> + Send {
        Connection::connect(life, peer)
    }

    fn listen(life: Arc<Life<Self>>, io: TcpListener, ledger: Ledger) -> io::Result<Port> {
        Port::new(life, io, ledger)
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.kernel.get_mut().unwrap_or_else(PoisonError::into_inner).end(&self.operations);
        let operations = self.operations.get_mut().unwrap_or_else(PoisonError::into_inner);
        if operations.running() > 0 {
            std::mem::forget(std::mem::take(operations));
        }
    }
}

/// When the kernel learns what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// A turn that goes on has to begin again.
    #[cfg(target_os = "linux")]
    WithTheNextTurn,
    #[cfg(windows)]
    AtOnce,
}

/// An operation that was asked for, and its owner's right to the outcome. Dropping it cancels the operation.
struct Pending {
    life: Arc<Life<Completion>>,
    /// None once the outcome was taken.
    ticket: Option<Ticket>,
}

impl Pending {
    /// `waker` is woken when it is done.
    fn start(life: &Arc<Life<Completion>>, request: Request, descriptor: Descriptor, waker: &Waker) -> Self {
        let ticket = life.queue().operations().start(request, descriptor, waker);
        tell(life);
        Self { life: life.clone(), ticket: Some(ticket) }
    }

    /// The outcome, once. The last task to ask is the one that is woken.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let ticket = self.ticket.expect("an outcome is asked for until it is there");
        let taken = self.life.queue().operations().take(ticket, cx.waker());
        match taken {
            Ok(outcome) => {
                self.ticket = None;
                Poll::Ready(outcome)
            }
            Err(_other_waker) => Poll::Pending,
        }
    }

    fn is_done(&self) -> bool {
        self.ticket.is_none_or(|ticket| self.life.queue().operations().is_done(ticket))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let remains = self.life.queue().operations().abandon(ticket);
            drop(remains);
            tell(&self.life);
        }
    }
}

/// Has the kernel told what it is asked for.
fn tell(life: &Life<Completion>) {
    let Completion { door, operations, .. } = life.queue();
    match door.tell(operations) {
        #[cfg(target_os = "linux")]
        Told::WithTheNextTurn => life.core().changed(),
        #[cfg(windows)]
        Told::AtOnce => {}
    }
}
