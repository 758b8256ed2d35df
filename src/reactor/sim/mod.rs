//! A reactor for tests: a network in memory and a clock that jumps. Deterministic, on one thread, without the system.
//!
//! ```
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use smolcrawl::reactor::sim::Sim;
//!
//! let sim = Sim::new();
//! sim.host("docs.test", ["10.0.0.1"]);
//! let handle = sim.handle();
//!
//! let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
//! sim.spawn(async move {
//!     let (mut socket, _) = listener.accept().await.unwrap();
//!     socket.write_all(b"hello").await.unwrap();
//! });
//!
//! let greeting = handle.block_on(async {
//!     let addresses = handle.resolve("docs.test", 80).await.unwrap();
//!     let mut greeting = String::new();
//!     handle.connect(addresses[0]).await.unwrap().read_to_string(&mut greeting).await.unwrap();
//!     greeting
//! });
//! assert_eq!(greeting, "hello");
//! ```

mod tasks;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future;

use crate::reactor::Boxed;
use crate::reactor::Handle;
use crate::reactor::Reactor;
use crate::reactor::ledger::Ledger;
use crate::reactor::sim::tasks::Tasks;
use crate::reactor::sim::wire::End;
use crate::reactor::sim::wire::Wire;
use crate::reactor::socket::Accept;
use crate::reactor::socket::Listener;
use crate::reactor::socket::Socket;
use crate::reactor::socket::Stream;

/// The simulated world. Clones are the same world; [`handle`](Self::handle) is what the code under test gets.
///
/// `block_on` polls what was woken, first come first served. When nothing is, it moves the clock to the next timer or the next
/// arrival, and when there is none of these either it panics with `deadlock: …`: nothing could ever happen again. So a wake
/// from another thread counts only while there is something else to do, and `unblock` runs its work at once on this thread.
///
/// Both ends of a connection are of this one reactor: [`Handle::shutdown`] waits for both and counts both.
#[derive(Clone)]
pub struct Sim {
    world: Arc<World>,
}

/// How the simulated network behaves.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Bytes that are buffered for one reader, before the writer has to wait. Default 64 KiB.
    pub buffer: usize,
    /// What becomes of bytes that have arrived but were not read when a reset arrives. Default: kept, as on Linux.
    pub unread: Unread,
}

impl Default for Config {
    fn default() -> Self {
        Self { buffer: 64 * 1024, unread: Unread::Kept }
    }
}

/// What a reset does to bytes that have arrived and were not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// They can be read, then the reset is reported (measured on Linux 6.18).
    Kept,
    /// They are lost, as on Windows.
    Dropped,
}

impl Sim {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let started = Instant::now();
        let state = State {
            now: started,
            timers: BTreeMap::new(),
            next_timer: 0,
            wire: Wire::new(config),
            ports: BTreeMap::new(),
            next_port: FIRST_PORT,
            hosts: BTreeMap::new(),
            lookups: BTreeMap::new(),
            lookup_time: Duration::ZERO,
            latency: BTreeMap::new(),
            blackholes: BTreeSet::new(),
            unreachable: BTreeSet::new(),
            opened: BTreeMap::new(),
        };
        let world = World { started, state: Mutex::new(state), tasks: Tasks::default(), ledger: Ledger::default() };
        Self { world: Arc::new(world) }
    }

    pub fn handle(&self) -> Handle {
        Handle::new(self.clone())
    }

    /// Runs a task beside the main future, whenever `block_on` runs: a server, as a rule. It starts before a main future that
    /// comes later, and it lives as long as the world.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world.tasks.spawn(Box::pin(task));
    }

    /// Makes `name` resolve to these IP addresses, in this order. Names that were not given do not exist.
    ///
    /// # Panics
    /// One of them is not an IP address.
    pub fn host<'a>(&self, name: &str, addresses: impl IntoIterator<Item = &'a str>) {
        let addresses = addresses.into_iter().map(ip).collect();
        self.world.with(|state| state.hosts.insert(name.to_ascii_lowercase(), addresses));
    }

    /// How long each lookup takes; 0 by default.
    pub fn lookup_time(&self, time: Duration) {
        self.world.with(|state| state.lookup_time = time);
    }

    /// How long anything takes to or from this address, one way, on connections opened from now on; 0 by default.
    ///
    /// # Panics
    /// `address` is not an IP address.
    pub fn latency(&self, address: &str, one_way: Duration) {
        self.world.with(|state| state.latency.insert(ip(address), one_way));
    }

    /// Connections to this address get no answer, ever.
    ///
    /// # Panics
    /// `address` is not an IP address.
    pub fn blackhole(&self, address: &str) {
        self.world.with(|state| state.blackholes.insert(ip(address)));
    }

    /// Connections to this address fail at once with `HostUnreachable`.
    ///
    /// # Panics
    /// `address` is not an IP address.
    pub fn unreachable(&self, address: &str) {
        self.world.with(|state| state.unreachable.insert(ip(address)));
    }

    /// Closes a socket with a reset in place of FIN. What it wrote before arrives before the reset. A socket that is dropped with
    /// unread data resets as well, as it does on real systems.
    ///
    /// # Panics
    /// The socket is not one of this world.
    pub fn reset(&self, socket: Socket) {
        // A shutdown may have aborted it: then it is closed already.
        let Ok(near) = socket.local_addr() else { return };
        let addresses = (near, socket.peer_addr());
        self.world.with(|state| {
            let end = state.wire.find(addresses).expect("only a socket of this world can be reset by it");
            state.wire.abort(end, state.now);
        });
    }

    /// Virtual time since this world was made.
    pub fn elapsed(&self) -> Duration {
        self.world.with(|state| state.now) - self.world.started
    }

    /// How many connections were established so far.
    pub fn connections_opened(&self) -> u64 {
        self.world.with(|state| state.opened.values().sum())
    }

    /// Of [`connections_opened`](Self::connections_opened), those to this address.
    ///
    /// # Panics
    /// `address` is not an IP address.
    pub fn connections_opened_to(&self, address: &str) -> u64 {
        self.world.with(|state| state.opened.get(&ip(address)).copied().unwrap_or_default())
    }

    /// How many connections have a socket that was not yet dropped, on either side.
    pub fn connections_open(&self) -> usize {
        self.world.with(|state| state.wire.len())
    }

    /// How often this name was looked up.
    pub fn lookups(&self, name: &str) -> u64 {
        self.world.with(|state| state.lookups.get(&name.to_ascii_lowercase()).copied().unwrap_or_default())
    }
}

impl Default for Sim {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("elapsed", &self.elapsed()).field("connections", &self.connections_open()).finish()
    }
}

impl Reactor for Sim {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let sim = self.clone();
        Box::pin(async move {
            let round_trip = match sim.world.with(|state| state.way_to(addr.ip())) {
                Way::Nowhere => future::pending().await,
                Way::Unreachable => return Err(io::ErrorKind::HostUnreachable.into()),
                Way::Takes(latency) => latency * 2,
            };
            let arrival = sim.now() + round_trip;
            sim.sleep_until(arrival).await;
            let end = sim.world.with(|state| state.open(addr))?;
            Ok(sim.socket(end))
        })
    }

    fn listen(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        let sim = self.clone();
        Box::pin(async move {
            let addr = sim.world.with(|state| state.listen(addr))?;
            let ledger = sim.world.ledger.clone();
            Ok(Listener::new(Entrance { sim, addr }, &ledger))
        })
    }

    fn resolve(&self, host: &str, port: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        let sim = self.clone();
        let host = host.to_ascii_lowercase();
        Box::pin(async move {
            if let Ok(address) = host.parse::<IpAddr>() {
                return Ok(vec![SocketAddr::new(address, port)]);
            }
            let time = sim.world.with(|state| {
                *state.lookups.entry(host.clone()).or_default() += 1;
                state.lookup_time
            });
            let answer = sim.now() + time;
            sim.sleep_until(answer).await;
            match sim.world.with(|state| state.hosts.get(&host).cloned()) {
                Some(addresses) => Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect()),
                None => Err(io::Error::new(io::ErrorKind::NotFound, format!("no such host: {host}"))),
            }
        })
    }

    fn now(&self) -> Instant {
        self.world.with(|state| state.now)
    }

    fn sleep_until(&self, at: Instant) -> Boxed<'static, ()> {
        Box::pin(Sleep { world: self.world.clone(), at, timer: None })
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        self.world.tasks.drive(main, || self.world.with(State::advance).map_err(|stuck| format!("deadlock: {stuck}")));
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn ledger(&self) -> &Ledger {
        &self.world.ledger
    }
}

impl Sim {
    fn socket(&self, end: End) -> Socket {
        Socket::new(Connection { world: self.world.clone(), end }, &self.world.ledger)
    }
}

struct World {
    started: Instant,
    /// Nothing foreign runs under it: wakers are woken and dropped after it is released.
    state: Mutex<State>,
    tasks: Tasks,
    ledger: Ledger,
}

impl World {
    /// Changes the state, then wakes whom the change concerns.
    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        let wakes = state.wire.take_wakes();
        drop(state);
        wakes.wake_now();
        result
    }
}

struct State {
    now: Instant,
    /// Those that wait, by their moment and then in the order they were set.
    timers: BTreeMap<(Instant, u64), Waker>,
    next_timer: u64,
    wire: Wire,
    ports: BTreeMap<SocketAddr, Port>,
    /// Where the search for a free port goes on.
    next_port: u16,
    hosts: BTreeMap<String, Vec<IpAddr>>,
    lookups: BTreeMap<String, u64>,
    lookup_time: Duration,
    latency: BTreeMap<IpAddr, Duration>,
    blackholes: BTreeSet<IpAddr>,
    unreachable: BTreeSet<IpAddr>,
    /// Established connections by the address that was connected to.
    opened: BTreeMap<IpAddr, u64>,
}

/// A port that is listened on.
#[derive(Default)]
struct Port {
    /// Established and not yet accepted: the server's ends.
    queue: VecDeque<End>,
    accepting: Vec<Waker>,
}

/// What stands between here and an address.
enum Way {
    Nowhere,
    Unreachable,
    Takes(Duration),
}

impl State {
    fn way_to(&self, address: IpAddr) -> Way {
        if self.blackholes.contains(&address) {
            Way::Nowhere
        } else if self.unreachable.contains(&address) {
            Way::Unreachable
        } else {
            Way::Takes(self.latency.get(&address).copied().unwrap_or_default())
        }
    }

    /// Establishes a connection and queues its far end at the listener; returns the near end.
    fn open(&mut self, addr: SocketAddr) -> io::Result<End> {
        let any = SocketAddr::new(unspecified(addr), addr.port());
        let listening = if self.ports.contains_key(&addr) { addr } else { any };
        if !self.ports.contains_key(&listening) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let near = SocketAddr::new(here(addr), self.free_port());
        let latency = self.latency.get(&addr.ip()).copied().unwrap_or_default();
        let [near, far] = self.wire.open(near, addr, latency);
        *self.opened.entry(addr.ip()).or_default() += 1;
        let port = self.ports.get_mut(&listening).expect("it was found above");
        port.queue.push_back(far);
        self.wire.wake_all(&mut port.accepting);
        Ok(near)
    }

    fn listen(&mut self, addr: SocketAddr) -> io::Result<SocketAddr> {
        let addr = if addr.port() == 0 { SocketAddr::new(addr.ip(), self.free_port()) } else { addr };
        if self.ports.contains_key(&addr) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        self.ports.insert(addr, Port::default());
        Ok(addr)
    }

    fn free_port(&mut self) -> u16 {
        loop {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
            let taken = self.ports.keys().any(|addr| addr.port() == port) || self.wire.uses(port);
            if !taken {
                return port;
            }
        }
    }

    /// Moves the clock to the next moment at which something happens, and lets it happen. The error tells who waits for nothing.
    fn advance(&mut self) -> Result<(), String> {
        let timer = self.timers.keys().next().map(|(at, _)| *at);
        let Some(next) = timer.into_iter().chain(self.wire.next_arrival()).min() else {
            let accepting = self.ports.values().filter(|port| !port.accepting.is_empty()).count();
            return Err(format!("no timer is set; listeners waiting: {accepting}; {}", self.wire.waiting()));
        };
        self.now = self.now.max(next);
        self.wire.deliver_until(self.now);
        let later = self.timers.split_off(&(self.now, u64::MAX));
        for waker in std::mem::replace(&mut self.timers, later).into_values() {
            self.wire.wake(waker);
        }
        Ok(())
    }
}

struct Sleep {
    world: Arc<World>,
    at: Instant,
    /// Its number among the timers while it waits.
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let world = self.world.clone();
        world.with(|state| {
            if state.now >= self.at {
                return Poll::Ready(());
            }
            let timer = *self.timer.get_or_insert_with(|| {
                state.next_timer += 1;
                state.next_timer
            });
            if let Some(old) = state.timers.insert((self.at, timer), cx.waker().clone()) {
                state.wire.discard(old);
            }
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            self.world.with(|state| {
                if let Some(waker) = state.timers.remove(&(self.at, timer)) {
                    state.wire.discard(waker);
                }
            });
        }
    }
}

struct Entrance {
    sim: Sim,
    addr: SocketAddr,
}

impl Accept for Entrance {
    fn accept(&self) -> Boxed<'_, io::Result<(Socket, SocketAddr)>> {
        Box::pin(future::poll_fn(|cx| {
            let accepted = self.sim.world.with(|state| {
                let port = state.ports.get_mut(&self.addr).expect("it listens until it is dropped");
                let accepted = port.queue.pop_front();
                if accepted.is_none() && !port.accepting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    port.accepting.push(cx.waker().clone());
                }
                accepted
            });
            match accepted {
                Some(end) => {
                    let socket = self.sim.socket(end);
                    let peer = socket.peer_addr();
                    Poll::Ready(Ok((socket, peer)))
                }
                None => Poll::Pending,
            }
        }))
    }

    fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        self.sim.world.with(|state| {
            if let Some(mut port) = state.ports.remove(&self.addr) {
                for end in port.queue.drain(..) {
                    state.wire.abort(end, state.now);
                }
                state.wire.wake_all(&mut port.accepting);
            }
        });
    }
}

struct Connection {
    world: Arc<World>,
    end: End,
}

impl Stream for Connection {
    fn peer_addr(&self) -> SocketAddr {
        self.world.with(|state| state.wire.addresses(self.end).1)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.world.with(|state| state.wire.addresses(self.end).0))
    }

    fn is_quiet(&self) -> bool {
        self.world.with(|state| state.wire.is_quiet(self.end))
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.world.with(|state| state.wire.poll_read(self.end, cx, buf))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.world.with(|state| state.wire.poll_write(self.end, cx, buf, state.now))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.world.with(|state| state.wire.shutdown(self.end, state.now)))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.world.with(|state| state.wire.close(self.end, state.now));
    }
}

/// # Panics
/// `text` is not an IP address.
fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("\"{text}\" is not an IP address"))
}

/// The address that connections to `there` come from.
fn here(there: SocketAddr) -> IpAddr {
    match there {
        SocketAddr::V4(_) => Ipv4Addr::new(10, 255, 255, 1).into(),
        SocketAddr::V6(_) => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0xffff, 1).into(),
    }
}

/// The address a listener has that accepts on all of them.
fn unspecified(addr: SocketAddr) -> IpAddr {
    match addr {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// The first dynamic port (RFC 6335 6).
const FIRST_PORT: u16 = 49152;
