use std::net::{Ipv6Addr, SocketAddrV6};

use rustix::io::Errno;
use rustix::net::SocketAddrAny;

use super::*;
use crate::reactor::completion::operations::BUFFER;

#[test]
fn what_the_kernel_gave_up_by_itself_is_asked_for_again() {
    let mut operations = Operations::default();
    let ticket = receive(&mut operations);
    for errno in [Errno::CANCELED, Errno::FAULT, Errno::INTR, Errno::NOBUFS, Errno::AGAIN] {
        assert_eq!(begin(&mut operations), ticket);
        assert_eq!(complete(&mut operations, ticket, Err(errno.into())), 0, "{errno}");
    }
    begin(&mut operations);
    assert_eq!(complete(&mut operations, ticket, Err(Errno::CONNRESET.into())), 1);
    assert!(matches!(taken(&mut operations, ticket), Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset));

    let peer = Arc::new(SocketAddrAny::from(SocketAddr::from(([127, 0, 0, 1], 1))));
    let ticket = operations.start(Request::Connect(peer), socket(), Waker::noop());
    begin(&mut operations);
    complete(&mut operations, ticket, Err(Errno::CANCELED.into()));
    assert!(matches!(operations.next(), Some(Next::Start { request: Request::Writable, .. })), "it goes on connecting");
}

#[test]
fn an_address_is_read_as_the_kernel_writes_it() {
    let read = |bytes: &[u8]| {
        let arrival = Arrival::new(NOWHERE);
        arrival.bytes.iter().zip(bytes).for_each(|(to, from)| to.store(*from, Ordering::SeqCst));
        arrival.peer()
    };
    let family = |family: u16| family.to_ne_bytes().to_vec();
    let four = [family(2), vec![0x1F, 0x90, 10, 0, 0, 7]].concat();
    assert_eq!(read(&four), Some(SocketAddr::from(([10, 0, 0, 7], 8080))));
    let address: Ipv6Addr = "fe80::1".parse().unwrap();
    let six = [family(10), vec![0x1F, 0x90, 0, 0, 0, 5], address.octets().to_vec(), 3_u32.to_ne_bytes().to_vec()].concat();
    assert_eq!(read(&six), Some(SocketAddr::V6(SocketAddrV6::new(address, 8080, 5, 3))));
    assert_eq!(read(&[family(1), vec![0; 8]].concat()), None);
}

/// Whoever takes completions before the wait that was rung for takes the ring as well, and must not keep it.
#[test]
fn a_ring_outlives_a_glance_and_a_full_queue() {
    let Some(queue) = completion(Size::SMALL) else { return };
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

/// More operations than either queue has room for, and more bytes at once than there are buffers: none is lost.
#[test]
fn full_queues_and_a_lack_of_buffers_lose_nothing() {
    const SOCKETS: usize = 300;
    let Some(queue) = completion(Size::SMALL) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs: Vec<_> = (0..SOCKETS).map(|_| (TcpStream::connect(address).unwrap(), listener.accept().unwrap().0)).collect();
    let woken = Arc::<Count>::default();
    let waker = Waker::from(woken.clone());
    let start = |near: &TcpStream| {
        let near: Descriptor = Arc::new(near.try_clone().unwrap());
        queue.operations().start(Request::Receive { most: BUFFER as u32 }, near, &waker)
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

impl Size {
    pub(crate) const SMALL: Self = Self { submissions: 4, completions: 8 };
}

pub(super) fn given_up() -> io::Error {
    Errno::CANCELED.into()
}
