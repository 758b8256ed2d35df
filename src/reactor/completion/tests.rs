use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::SocketAddrAny;

use super::operations::Gained;
use super::operations::Next;
use super::operations::Outcome;
use super::operations::PeerAddress;
use super::*;

/// Or says that the system refuses io_uring, which a switch makes a failure: see `tests/support/reactors.rs`.
fn completion(size: Size) -> Option<Completion> {
    match Completion::with_size(size) {
        Ok(completion) => Some(completion),
        Err(error) if std::env::var_os("SMOLCRAWL_REQUIRE_COMPLETION").is_none() => {
            let _ = io::stderr().write_all(format!("completion NOT tested: {error}\n").as_bytes());
            None
        }
        Err(error) => panic!("completion cannot be tested: {error}"),
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn socket() -> Descriptor {
    Arc::new(io::stderr())
}

fn receive(operations: &mut Operations) -> Ticket {
    operations.start(Request::Receive { most: 8 }, socket(), Waker::noop())
}

fn begin(operations: &mut Operations) -> Ticket {
    match operations.next() {
        Some(Next::Start { ticket, .. }) => ticket,
        _ => panic!("nothing is to be started"),
    }
}

fn complete(operations: &mut Operations, ticket: Ticket, outcome: Outcome) -> usize {
    let mut wakers = Vec::new();
    operations.complete(ticket, outcome, &mut wakers);
    wakers.len()
}

fn taken(operations: &mut Operations, ticket: Ticket) -> Option<Outcome> {
    operations.take(ticket, Waker::noop()).ok()
}

fn refusal(errno: Errno) -> Outcome {
    Err(errno.into())
}

#[test]
fn an_operation_is_asked_for_and_done_once() {
    let mut operations = Operations::default();
    let first = receive(&mut operations);
    let second = receive(&mut operations);
    assert_eq!((begin(&mut operations), begin(&mut operations)), (first, second));
    assert!(operations.next().is_none() && taken(&mut operations, first).is_none() && !operations.is_done(first));
    assert_eq!(complete(&mut operations, second, Ok(Gained::Bytes(vec![7]))), 1);
    assert!(operations.is_done(second) && operations.running() == 1);
    assert!(matches!(taken(&mut operations, second), Some(Ok(Gained::Bytes(bytes))) if bytes == [7]));
    // Its ticket is free, the other's is not.
    assert_eq!(receive(&mut operations), second);
}

#[test]
fn what_the_kernel_does_not_know_yet_is_withdrawn() {
    let mut operations = Operations::default();
    let socket = socket();
    let ticket = operations.start(Request::Writable, socket.clone(), Waker::noop());
    drop(operations.abandon(ticket));
    assert_eq!(Arc::strong_count(&socket), 1, "nothing holds it open");
    assert_ne!(receive(&mut operations), ticket, "the job is still queued");
    begin(&mut operations);
    assert!(operations.next().is_none());
    assert_eq!(receive(&mut operations), ticket);
}

#[test]
fn what_the_kernel_has_is_cancelled_and_kept_until_it_is_done() {
    let mut operations = Operations::default();
    let (socket, peer) = (socket(), Arc::new(PeerAddress::new()));
    let ticket = operations.start(Request::Accept(peer.clone()), socket.clone(), Waker::noop());
    begin(&mut operations);
    drop(operations.abandon(ticket));
    assert!(matches!(operations.next(), Some(Next::Cancel(cancelled)) if cancelled == ticket));
    assert_eq!((Arc::strong_count(&socket), Arc::strong_count(&peer)), (2, 2));
    // It was too late to cancel it: the connection that it brought is closed.
    let (mut near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_eq!(complete(&mut operations, ticket, Ok(Gained::Connection(OwnedFd::from(far)))), 0);
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
    assert_eq!((Arc::strong_count(&socket), Arc::strong_count(&peer), operations.running()), (1, 1, 0));
}

#[test]
fn a_ticket_that_is_anothers_by_now_is_not_cancelled() {
    let mut operations = Operations::default();
    let ticket = receive(&mut operations);
    begin(&mut operations);
    drop(operations.abandon(ticket));
    complete(&mut operations, ticket, refusal(Errno::CANCELED));
    assert_eq!(receive(&mut operations), ticket);
    assert_eq!(begin(&mut operations), ticket);
    assert!(operations.next().is_none());
}

#[test]
fn what_the_kernel_gave_up_by_itself_is_asked_for_again() {
    let mut operations = Operations::default();
    let ticket = receive(&mut operations);
    for errno in [Errno::CANCELED, Errno::FAULT, Errno::INTR, Errno::NOBUFS, Errno::AGAIN] {
        assert_eq!(begin(&mut operations), ticket);
        assert_eq!(complete(&mut operations, ticket, refusal(errno)), 0, "{errno}");
    }
    begin(&mut operations);
    assert_eq!(complete(&mut operations, ticket, refusal(Errno::CONNRESET)), 1);
    assert!(matches!(taken(&mut operations, ticket), Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset));

    let peer = Arc::new(SocketAddrAny::from(SocketAddr::from(([127, 0, 0, 1], 1))));
    let ticket = operations.start(Request::Connect(peer), socket(), Waker::noop());
    begin(&mut operations);
    complete(&mut operations, ticket, refusal(Errno::CANCELED));
    assert!(matches!(operations.next(), Some(Next::Start { request: Request::Writable, .. })), "it goes on connecting");
}

#[test]
fn the_last_task_to_ask_is_woken() {
    let mut operations = Operations::default();
    let (first, last) = (Arc::<Count>::default(), Arc::<Count>::default());
    let ticket = operations.start(Request::Writable, socket(), &first.clone().into());
    assert!(matches!(operations.take(ticket, &last.clone().into()), Err(Some(_))));
    begin(&mut operations);
    let mut wakers = Vec::new();
    operations.complete(ticket, Ok(Gained::Nothing), &mut wakers);
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!((first.0.load(Ordering::SeqCst), last.0.load(Ordering::SeqCst)), (0, 1));
    assert_eq!(Arc::strong_count(&last), 1, "nothing is kept of it");
}

#[test]
fn an_address_is_read_as_the_kernel_writes_it() {
    let read = |bytes: &[u8]| {
        let peer = PeerAddress::new();
        peer.bytes.iter().zip(bytes).for_each(|(to, from)| to.store(*from, Ordering::SeqCst));
        peer.read()
    };
    let family = |family: u16| family.to_ne_bytes().to_vec();
    let four = [family(2), vec![0x1F, 0x90, 10, 0, 0, 7]].concat();
    assert_eq!(read(&four), Some(SocketAddr::from(([10, 0, 0, 7], 8080))));
    let address: Ipv6Addr = "fe80::1".parse().unwrap();
    let six = [family(10), vec![0x1F, 0x90, 0, 0, 0, 5], address.octets().to_vec(), 3_u32.to_ne_bytes().to_vec()].concat();
    assert_eq!(read(&six), Some(SocketAddr::V6(SocketAddrV6::new(address, 8080, 5, 3))));
    assert_eq!(read(&[family(1), vec![0; 8]].concat()), None);
}

#[test]
fn a_connection_at_rest_is_small() {
    let of_the_connection = size_of::<Connection>();
    let of_an_operation = Operations::SLOT;
    assert!(of_the_connection <= 152 && of_an_operation <= 88, "{of_the_connection} and {of_an_operation} bytes");
}

#[test]
fn a_ring_ends_one_wait_whether_it_is_early_or_late() {
    let Some(queue) = completion(Size::default()) else { return };
    for _ in 0..3 {
        queue.ring();
        queue.wait(None, &mut Vec::new()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| queue.ring());
            queue.wait(None, &mut Vec::new()).unwrap();
        });
    }
}

/// Whoever takes completions before the wait that was rung for takes the ring as well, and must not keep it.
#[test]
fn a_ring_outlives_a_glance_and_a_full_queue() {
    let Some(queue) = completion(Size { submissions: 4, completions: 8 }) else { return };
    let ends_at_once = |what: &str| {
        let begun = Instant::now();
        queue.wait(Some(LONG), &mut Vec::new()).unwrap();
        assert!(begun.elapsed() < LONG, "{what}");
    };
    queue.ring();
    ends_at_once("the first");
    queue.ring();
    queue.glance();
    ends_at_once("after a glance");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near: Descriptor = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    for _ in 0..5 {
        queue.operations().start(Request::Receive { most: 8 }, near.clone(), Waker::noop());
    }
    queue.ring();
    ends_at_once("with more to tell than there is room for");
}

/// A glance is taken under the lock of a connection, where nothing may be woken.
#[test]
fn whom_a_glance_finds_the_next_turn_wakes() {
    let Some(queue) = completion(Size::default()) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near: Descriptor = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let woken = Arc::<Count>::default();
    let ticket = queue.operations().start(Request::Receive { most: 8 }, near, &woken.clone().into());
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    listener.accept().unwrap().0.write_all(b"x").unwrap();
    while !queue.operations().is_done(ticket) {
        queue.glance();
    }
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    let mut wakers = Vec::new();
    queue.wait(None, &mut wakers).unwrap();
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_limit_ends_a_wait() {
    let Some(queue) = completion(Size::default()) else { return };
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    queue.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
}

/// More operations than either queue has room for, and more bytes at once than there are buffers: none is lost.
#[test]
fn full_queues_and_a_lack_of_buffers_lose_nothing() {
    const SOCKETS: usize = 300;
    let Some(queue) = completion(Size { submissions: 4, completions: 8 }) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs: Vec<_> = (0..SOCKETS).map(|_| (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0)).collect();
    let woken = Arc::<Count>::default();
    let waker = Waker::from(woken.clone());
    let start = |near: &TcpStream| {
        let near: Descriptor = Arc::new(near.try_clone().unwrap());
        queue.operations().start(Request::Receive { most: BUFFER_SIZE }, near, &waker)
    };
    let waiting: Vec<_> = pairs.iter().map(|(near, _)| start(near)).collect();
    queue.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
    assert_eq!(queue.operations().running(), SOCKETS, "the kernel was told of all of them");
    for (index, (_, far)) in (0_u32..).zip(&pairs) {
        let mut far = far;
        far.write_all(&index.to_ne_bytes()).unwrap();
    }
    let mut turns = 0;
    while woken.0.load(Ordering::SeqCst) < SOCKETS {
        let mut wakers = Vec::new();
        queue.wait(Some(Duration::from_secs(20)), &mut wakers).unwrap();
        wakers.into_iter().for_each(Waker::wake);
        turns += 1;
        assert!(turns < 10_000, "{} of {SOCKETS} have come", woken.0.load(Ordering::SeqCst));
    }
    for (index, ticket) in (0_u32..).zip(waiting) {
        let outcome = queue.operations().take(ticket, Waker::noop()).unwrap_or_else(|_| panic!("{index} is not done"));
        assert!(matches!(outcome, Ok(Gained::Bytes(bytes)) if bytes == index.to_ne_bytes()), "{index}");
    }
    assert_eq!(woken.0.load(Ordering::SeqCst), SOCKETS, "each once");
}

/// Ending the ring takes everything back from the kernel, abandoned or not.
#[test]
fn an_ended_queue_holds_nothing() {
    let Some(queue) = completion(Size { submissions: 4, completions: 8 }) else { return };
    let listener: Arc<TcpListener> = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let peers: Vec<_> = (0..100).map(|_| Arc::new(PeerAddress::new())).collect();
    let start = |peer: &Arc<PeerAddress>| queue.operations().start(Request::Accept(peer.clone()), listener.clone(), Waker::noop());
    let running: Vec<_> = peers[..50].iter().map(start).collect();
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    assert_eq!(queue.operations().running(), 50);
    let queued: Vec<_> = peers[50..].iter().map(start).collect();
    for ticket in running.into_iter().chain(queued).step_by(3) {
        let remains = queue.operations().abandon(ticket);
        drop(remains);
    }
    queue.ring.lock().unwrap().end(&queue.operations);
    assert_eq!(queue.operations().running(), 0, "the kernel has nothing that could be freed under it");
    drop(queue);
    assert_eq!(Arc::strong_count(&listener), 1);
    assert!(peers.iter().all(|peer| Arc::strong_count(peer) == 1));
}

#[test]
fn an_outcome_is_taken_once_and_dropping_what_is_left_of_it_cancels_nothing() {
    let Some(queue) = completion(Size::default()) else { return };
    let life = Arc::new(Life::start(queue, crate::reactor::choice::Drive::CallingThread).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near: Descriptor = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let mut pending = Pending::start(&life, Request::Writable, near, Waker::noop());
    let mut outcome = None;
    life.block_on(std::pin::pin!(async { outcome = Some(std::future::poll_fn(|cx: &mut Context<'_>| pending.poll(cx)).await) }));
    assert!(matches!(outcome, Some(Ok(Gained::Nothing))) && pending.is_done());
    drop(pending);
    assert_eq!(life.queue().operations().queued(), 0);
}

const BUFFER_SIZE: u32 = ring::BUFFER as u32;

/// Far longer than what is done at once takes.
const LONG: Duration = Duration::from_secs(10);
