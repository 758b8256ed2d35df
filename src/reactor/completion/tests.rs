#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use self::linux::given_up;
#[cfg(windows)]
use self::windows::given_up;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use super::operations::Gained;
use super::operations::Next;
use super::operations::Outcome;
use super::system::Arrival;
use super::*;
use crate::reactor::choice::Drive;

/// Or says that the system refuses it, which a switch makes a failure: see `tests/support/reactors.rs`.
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
    Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap())
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

/// Asks the kernel, on Linux with the next turn.
fn ask(queue: &Completion, request: Request, socket: &Descriptor, waker: &Waker) -> Ticket {
    let ticket = queue.operations().start(request, socket.clone(), waker);
    queue.door.tell(&queue.operations);
    ticket
}

fn outcome(queue: &Completion, ticket: Ticket) -> Outcome {
    let begun = Instant::now();
    loop {
        let taken = queue.operations().take(ticket, Waker::noop());
        if let Ok(outcome) = taken {
            return outcome;
        }
        assert!(begun.elapsed() < LONG, "nothing comes of it");
        queue.wait(Some(LONG), &mut Vec::new()).unwrap();
    }
}

fn bytes(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Ok(Gained::Bytes(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// A connection whose near side is the queue's.
fn pair(queue: &Completion) -> (Descriptor, Arc<TcpStream>, TcpStream) {
    let listener = listener();
    let near = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    queue.door.adopt(&near).unwrap();
    (near.clone(), near, listener.accept().unwrap().0)
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
    let (socket, peer) = (socket(), Arc::new(Arrival::new(NOWHERE)));
    let ticket = operations.start(Request::Accept(peer.clone()), socket.clone(), Waker::noop());
    begin(&mut operations);
    drop(operations.abandon(ticket));
    assert!(matches!(operations.next(), Some(Next::Cancel(cancelled)) if cancelled == ticket));
    assert_eq!((Arc::strong_count(&socket), Arc::strong_count(&peer)), (2, 2));
    // It was too late to cancel it: the connection that it brought is closed.
    let listener = listener();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    assert_eq!(complete(&mut operations, ticket, Ok(Gained::Connection(far.into()))), 0);
    assert_eq!(near.read(&mut [0]).unwrap(), 0);
    assert_eq!((Arc::strong_count(&socket), Arc::strong_count(&peer), operations.running()), (1, 1, 0));
}

#[test]
fn a_ticket_that_is_anothers_by_now_is_not_cancelled() {
    let mut operations = Operations::default();
    let ticket = receive(&mut operations);
    begin(&mut operations);
    drop(operations.abandon(ticket));
    complete(&mut operations, ticket, Err(given_up()));
    assert_eq!(receive(&mut operations), ticket);
    assert_eq!(begin(&mut operations), ticket);
    assert!(operations.next().is_none());
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

/// A glance is taken under the lock of a connection, where nothing may be woken.
#[test]
fn whom_a_glance_finds_the_next_turn_wakes() {
    let Some(queue) = completion(Size::default()) else { return };
    let (near, _, mut far) = pair(&queue);
    let woken = Arc::<Count>::default();
    let ticket = ask(&queue, Request::Receive { most: 8 }, &near, &woken.clone().into());
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    far.write_all(b"x").unwrap();
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

/// Ending the ring takes everything back from the kernel, abandoned or not.
#[test]
fn an_ended_queue_holds_nothing() {
    let Some(queue) = completion(Size::SMALL) else { return };
    let listener = Arc::new(listener());
    queue.door.adopt(&listener).unwrap();
    let arrivals: Vec<_> = (0..100).map(|_| Arc::new(Arrival::new(NOWHERE))).collect();
    let start = |arrival: &Arc<Arrival>| queue.operations().start(Request::Accept(arrival.clone()), listener.clone(), Waker::noop());
    let running: Vec<_> = arrivals[..50].iter().map(start).collect();
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    assert_eq!(queue.operations().running(), 50);
    let queued: Vec<_> = arrivals[50..].iter().map(start).collect();
    for ticket in running.into_iter().chain(queued).step_by(3) {
        let remains = queue.operations().abandon(ticket);
        drop(remains);
    }
    queue.kernel.lock().unwrap().end(&queue.operations);
    assert_eq!(queue.operations().running(), 0, "the kernel has nothing that could be freed under it");
    drop(queue);
    assert_eq!(Arc::strong_count(&listener), 1);
    assert!(arrivals.iter().all(|arrival| Arc::strong_count(arrival) == 1));
}

#[test]
fn an_outcome_is_taken_once_and_dropping_what_is_left_of_it_cancels_nothing() {
    let Some(queue) = completion(Size::default()) else { return };
    let (near, _, _far) = pair(&queue);
    let life = Arc::new(Life::start(queue, Drive::CallingThread).unwrap());
    let mut pending = Pending::start(&life, Request::Writable, near, Waker::noop());
    let mut outcome = None;
    life.block_on(std::pin::pin!(async { outcome = Some(std::future::poll_fn(|cx: &mut Context<'_>| pending.poll(cx)).await) }));
    assert!(matches!(outcome, Some(Ok(Gained::Nothing))) && pending.is_done());
    drop(pending);
    assert_eq!(life.queue().operations().queued(), 0);
}

#[test]
fn a_connection_is_opened_accepted_and_used() {
    let Some(queue) = completion(Size::default()) else { return };
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(port) = TcpListener::bind(any) else { continue };
        let addr = port.local_addr().unwrap();
        let port = Arc::new(port);
        let arrival = Arc::new(Arrival::new(addr));
        queue.door.adopt(&port).unwrap();
        let port: Descriptor = port;
        let accepting = ask(&queue, Request::Accept(arrival.clone()), &port, Waker::noop());
        let near = Arc::new(system::socket(addr).unwrap());
        queue.door.adopt(&near).unwrap();
        let socket: Descriptor = near.clone();
        let connecting = ask(&queue, Request::Connect(Arc::new(addr.into())), &socket, Waker::noop());
        assert!(matches!(outcome(&queue, connecting), Ok(Gained::Nothing)));
        let Ok(Gained::Connection(far)) = outcome(&queue, accepting) else { panic!("nobody was accepted") };
        let far = Arc::new(TcpStream::from(far));
        assert_eq!((near.peer_addr().unwrap(), far.local_addr().unwrap()), (addr, addr));
        assert_eq!((far.peer_addr().unwrap(), arrival.peer()), (near.local_addr().unwrap(), near.local_addr().ok()));
        queue.door.adopt(&far).unwrap();
        let receiving = ask(&queue, Request::Receive { most: 4 }, &socket, Waker::noop());
        let far: Descriptor = far;
        assert_eq!(system::send(&near, b"before").unwrap(), 6);
        let received = ask(&queue, Request::Receive { most: 8 }, &far, Waker::noop());
        assert_eq!(bytes(outcome(&queue, received)), b"before");
        let waiting = ask(&queue, Request::Receive { most: 8 }, &far, Waker::noop());
        near.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(bytes(outcome(&queue, waiting)), b"", "the end of the stream");
        drop(far);
        assert_eq!(bytes(outcome(&queue, receiving)), b"");
    }
}

/// The words of the system, whichever way they have come.
#[test]
fn what_ends_a_connection_is_told_as_by_other_calls() {
    let Some(queue) = completion(Size::default()) else { return };
    let nobody = listener().local_addr().unwrap();
    let near = Arc::new(system::socket(nobody).unwrap());
    queue.door.adopt(&near).unwrap();
    let near: Descriptor = near;
    let refused = ask(&queue, Request::Connect(Arc::new(nobody.into())), &near, Waker::noop());
    let (refused, expected) = (outcome(&queue, refused).unwrap_err(), TcpStream::connect(nobody).unwrap_err());
    assert_eq!((refused.kind(), refused.raw_os_error()), (io::ErrorKind::ConnectionRefused, expected.raw_os_error()));

    for late in [false, true] {
        let (near, io, far) = pair(&queue);
        let far = if late { Some(far) } else { reset(far) };
        let receiving = ask(&queue, Request::Receive { most: 8 }, &near, Waker::noop());
        far.map(reset);
        let error = outcome(&queue, receiving).unwrap_err();
        assert_eq!((error.kind(), error.raw_os_error()), (io::ErrorKind::ConnectionReset, Some(RESET)));
        drop(io);
    }
}

/// On Windows a reset has the system drop what nobody has read; but what an operation has taken is there.
#[test]
fn what_has_come_before_a_reset_is_kept_for_who_asked() {
    let Some(queue) = completion(Size::default()) else { return };
    let (near, _io, mut far) = pair(&queue);
    let receiving = ask(&queue, Request::Receive { most: 8 }, &near, Waker::noop());
    queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
    far.write_all(b"answer").unwrap();
    reset(far);
    assert_eq!(bytes(outcome(&queue, receiving)), b"answer");
    let receiving = ask(&queue, Request::Receive { most: 8 }, &near, Waker::noop());
    assert_eq!(outcome(&queue, receiving).unwrap_err().raw_os_error(), Some(RESET));
}

fn reset(io: TcpStream) -> Option<TcpStream> {
    rustix::net::sockopt::set_socket_linger(&io, Some(Duration::ZERO)).unwrap();
    drop(io);
    None
}

#[test]
fn a_write_waits_for_room() {
    let Some(queue) = completion(Size::default()) else { return };
    for reads in [true, false] {
        let (near, io, mut far) = pair(&queue);
        let woken = Arc::<Count>::default();
        let at_once = ask(&queue, Request::Writable, &near, Waker::noop());
        assert!(matches!(outcome(&queue, at_once), Ok(Gained::Nothing)));
        let mut written = 0;
        let waiting = loop {
            match system::send(&io, &[7; 65_536]) {
                Ok(count) => written += count,
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    break ask(&queue, Request::Writable, &near, &woken.clone().into());
                }
            }
        };
        queue.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
        assert!(!queue.operations().is_done(waiting), "there is none");
        if reads {
            far.read_exact(&mut vec![0; written]).unwrap();
            assert!(matches!(outcome(&queue, waiting), Ok(Gained::Nothing)));
            assert_ne!(system::send(&io, b"x").unwrap(), 0);
        } else {
            reset(far);
            assert!(matches!(outcome(&queue, waiting), Ok(Gained::Nothing)), "an attempt tells more");
            assert_eq!(system::send(&io, b"x").unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }
}

/// The thread that asked ends, and what it asked for goes on.
#[test]
fn an_operation_outlives_its_thread() {
    let Some(queue) = completion(Size::default()) else { return };
    let (near, io, mut far) = pair(&queue);
    let asked = std::thread::scope(|scope| {
        let on_a_thread = || {
            let receiving = ask(&queue, Request::Receive { most: 8 }, &near, Waker::noop());
            while system::send(&io, &[7; 65_536]).is_ok() {}
            let writing = ask(&queue, Request::Writable, &near, Waker::noop());
            queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
            (receiving, writing)
        };
        scope.spawn(on_a_thread).join().unwrap()
    });
    queue.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
    far.write_all(b"late").unwrap();
    assert_eq!(bytes(outcome(&queue, asked.0)), b"late");
    far.set_nonblocking(true).unwrap();
    let begun = Instant::now();
    while !queue.operations().is_done(asked.1) {
        let _ = far.read(&mut [0; 65_536]);
        queue.wait(Some(Duration::from_millis(1)), &mut Vec::new()).unwrap();
        assert!(begun.elapsed() < LONG);
    }
}

/// What comes while an operation is being cancelled is nobody's, and what it used is let go of.
#[test]
fn a_cancelled_operation_lets_go_of_its_socket() {
    let Some(queue) = completion(Size::default()) else { return };
    for comes in [false, true] {
        let (near, io, mut far) = pair(&queue);
        let receiving = ask(&queue, Request::Receive { most: 8 }, &near, Waker::noop());
        queue.wait(Some(Duration::ZERO), &mut Vec::new()).unwrap();
        if comes {
            far.write_all(b"x").unwrap();
        }
        let remains = queue.operations().abandon(receiving);
        drop(remains);
        queue.door.tell(&queue.operations);
        drop((near, io));
        let begun = Instant::now();
        while queue.operations().running() > 0 {
            queue.wait(Some(LONG), &mut Vec::new()).unwrap();
            assert!(begun.elapsed() < LONG);
        }
        assert!(matches!(far.read(&mut [0]), Ok(0) | Err(_)), "it is closed");
    }
}

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// ECONNRESET
const RESET: i32 = if cfg!(windows) { 10_054 } else { 104 };

/// Far longer than what is done at once takes.
const LONG: Duration = Duration::from_secs(60);
