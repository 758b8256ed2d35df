//! The reactors of our own, `edge` and `poll`: sockets that are told when to try again, and timers. The two differ in the
//! system's queue alone.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::reactor::Boxed;
use crate::reactor::Reactor;
use crate::reactor::choice::Drive;
use crate::reactor::drive::Life;
use crate::reactor::drive::Queue;
use crate::reactor::ledger::Ledger;
use crate::reactor::pool::Pool;
use crate::reactor::socket::Listener;
use crate::reactor::socket::Socket;
use crate::reactor::stream::Connection;
use crate::reactor::stream::Port;
use crate::reactor::timers::Place;
use crate::reactor::timers::Timer;
use crate::reactor::unblock;

pub(crate) struct Readiness {
    life: Arc<Life>,
    /// For the debug output.
    name: &'static str,
    work: Pool,
    names: Pool,
    ledger: Ledger,
}

impl Readiness {
    /// A reactor on `queue`, which is its own.
    ///
    /// # Errors
    /// The system grants no thread.
    pub(crate) fn start(name: &'static str, queue: impl Queue, drive: Drive) -> io::Result<Self> {
        let life = Arc::new(Life::start(Box::new(queue), drive)?);
        Ok(Self { life, name, work: Pool::for_work(), names: Pool::for_names(), ledger: Ledger::default() })
    }
}

impl Reactor for Readiness {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let (life, ledger) = (self.life.clone(), self.ledger.clone());
        Box::pin(async move { Ok(Socket::new(Connection::connect(life, addr).await?, &ledger)) })
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let (life, ledger) = (self.life.clone(), self.ledger.clone());
        Box::pin(async move { Ok(Listener::new(Port::new(life, TcpListener::bind(addr)?, ledger.clone())?, &ledger)) })
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(unblock::look_up(&self.names, host, port))
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        let mut sleep = Sleep { life: self.life.clone(), at, timer: None };
        Box::pin(poll_fn(move |cx| sleep.poll(cx)))
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        self.life.block_on(main);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.work.spawn(work);
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A timer that is cancelled when it is dropped.
struct Sleep {
    life: Arc<Life>,
    at: Instant,
    /// Set by the first poll that came too early.
    timer: Option<Timer>,
}

impl Sleep {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.at {
            return Poll::Ready(());
        }
        let core = self.life.core();
        match self.timer {
            Some(timer) => core.timers.move_to(timer, cx.waker()),
            None => {
                let (timer, place) = core.timers.set(self.at, cx.waker());
                self.timer = Some(timer);
                if place == Place::First {
                    core.changed();
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.life.core().timers.cancel(timer);
        }
    }
}
