use super::*;
use crate::reactor::completion::system::winsock;

#[test]
fn what_the_kernel_gave_up_by_itself_is_asked_for_again() {
    let mut operations = Operations::default();
    let ticket = receive(&mut operations);
    begin(&mut operations);
    assert_eq!(complete(&mut operations, ticket, Err(given_up())), 0);
    assert_eq!(begin(&mut operations), ticket);
    assert_eq!(complete(&mut operations, ticket, Err(io::Error::from_raw_os_error(10_054))), 1);

    // A socket that has begun to connect cannot begin again.
    let ticket = operations.start(Request::Connect(Arc::new(NOWHERE.into())), socket(), Waker::noop());
    begin(&mut operations);
    assert_eq!(complete(&mut operations, ticket, Err(given_up())), 1);
}

#[test]
fn the_words_of_win32_are_those_of_winsock() {
    for (said, meant, kind) in [
        (64, 10_054, io::ErrorKind::ConnectionReset),
        (121, 10_060, io::ErrorKind::TimedOut),
        (1225, 10_061, io::ErrorKind::ConnectionRefused),
        (1231, 10_051, io::ErrorKind::NetworkUnreachable),
        (1232, 10_065, io::ErrorKind::HostUnreachable),
        (1236, 10_053, io::ErrorKind::ConnectionAborted),
        (10_054, 10_054, io::ErrorKind::ConnectionReset),
    ] {
        assert_eq!((winsock(said), io::Error::from_raw_os_error(winsock(said)).kind()), (meant, kind), "{said}");
    }
}

/// One that is registered twice would have its completions taken by whoever comes first.
#[test]
fn a_socket_never_has_two_ports() {
    let queues = [Completion::new().unwrap(), Completion::new().unwrap()];
    let (_near, io, _far) = pair(&queues[0]);
    for queue in &queues {
        assert_eq!(queue.door.adopt(&io).unwrap_err().raw_os_error(), Some(87), "ERROR_INVALID_PARAMETER");
    }
}

/// Without a completion, as the kernel has begun nothing.
#[test]
fn what_is_refused_at_once_comes_with_the_next_turn() {
    let queue = Completion::new().unwrap();
    let near = Arc::new(system::socket(NOWHERE).unwrap());
    queue.door.adopt(&near).unwrap();
    let near: Descriptor = near;
    let woken = Arc::<Count>::default();
    let ticket = ask(&queue, Request::Receive { most: 8 }, &near, &woken.clone().into());
    assert_eq!((woken.0.load(Ordering::SeqCst), queue.operations().running()), (0, 0));
    let mut wakers = Vec::new();
    queue.wait(None, &mut wakers).unwrap();
    wakers.into_iter().for_each(Waker::wake);
    assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    assert_eq!(outcome(&queue, ticket).unwrap_err().kind(), io::ErrorKind::NotConnected);
}

/// Whoever turns, and if nobody does.
#[test]
fn a_socket_is_closed_at_once_when_what_waits_is_dropped() {
    let queue = Completion::new().unwrap();
    let (near, io, mut far) = pair(&queue);
    let addr = listener().local_addr().unwrap();
    let port = Arc::new(TcpListener::bind(addr).unwrap());
    queue.door.adopt(&port).unwrap();
    let life = Arc::new(Life::start(queue, Drive::CallingThread).unwrap());
    let receiving = Pending::start(&life, Request::Receive { most: 8 }, near, Waker::noop());
    let accepting = Pending::start(&life, Request::Accept(Arc::new(Arrival::new(addr))), port, Waker::noop());
    assert_eq!(life.queue().operations().running(), 2);
    drop((io, receiving, accepting));
    assert!(matches!(far.read(&mut [0]), Ok(0) | Err(_)));
    assert_eq!(TcpStream::connect(addr).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    // The completions are still owed, and what they need is kept.
    assert_eq!(life.queue().operations().running(), 2);
    let begun = Instant::now();
    while life.queue().operations().running() > 0 {
        life.queue().wait(Some(LONG), &mut Vec::new()).unwrap();
        assert!(begun.elapsed() < LONG);
    }
}

impl Size {
    pub(crate) const SMALL: Self = Self { completions: 2 };
}

pub(super) fn given_up() -> io::Error {
    io::Error::from_raw_os_error(995)
}
