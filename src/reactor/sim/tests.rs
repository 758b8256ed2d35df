use std::future::Future;
use std::io;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::future;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::reactor::Elapsed;
use crate::reactor::Handle;
use crate::reactor::Listener;
use crate::reactor::Socket;
use crate::reactor::sim::Config;
use crate::reactor::sim::Sim;
use crate::reactor::sim::Unread;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_clock_jumps_from_timer_to_timer_in_their_order() {
    let sim = Sim::new();
    let handle = sim.handle();
    let log = Log::default();
    for seconds in [3, 1, 2, 1] {
        let (handle, log) = (handle.clone(), log.clone());
        sim.spawn(async move {
            let start = handle.now();
            handle.sleep(SECOND * seconds).await;
            log.add(format!("{seconds} s after {:?}", handle.now() - start));
        });
    }
    handle.block_on(handle.sleep(SECOND * 5));
    assert_eq!(log.lines(), ["1 s after 1s", "1 s after 1s", "2 s after 2s", "3 s after 3s"]);
    assert_eq!(sim.elapsed(), SECOND * 5);
}

#[test]
fn a_dropped_timer_does_not_move_the_clock() {
    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let mut long = handle.sleep(SECOND * 60);
        assert!(future::poll_once(&mut long).await.is_none());
        drop(long);
        handle.sleep(SECOND).await;
        handle.sleep(Duration::ZERO).await;
    });
    assert_eq!(sim.elapsed(), SECOND);
}

#[test]
fn a_timeout_drops_what_is_late_and_keeps_what_is_ready() {
    let sim = Sim::new();
    let handle = sim.handle();
    let late = handle.block_on(handle.timeout(SECOND, future::pending::<()>()));
    assert_eq!(late, Err(Elapsed { limit: SECOND }));
    assert_eq!(io::Error::from(late.unwrap_err()).kind(), ErrorKind::TimedOut);
    assert_eq!(handle.block_on(handle.timeout(Duration::ZERO, async { 7 })), Ok(7));
    assert_eq!(handle.block_on(handle.timeout(SECOND, handle.sleep(SECOND))), Ok(()), "together with the limit is in time");
    assert_eq!(handle.block_on(handle.timeout(Duration::MAX, async { 8 })), Ok(8));
}

#[test]
fn bytes_travel_both_ways_and_a_half_closed_socket_still_reads() {
    let (sim, handle) = echo_at_the_end();
    let answer = handle.block_on(async {
        let mut socket = connect(&handle).await.unwrap();
        socket.write_all(b"one ").await.unwrap();
        socket.write_all(b"two").await.unwrap();
        socket.close().await.unwrap();
        let refused = socket.write(b"three").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::BrokenPipe);
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 0, "the end of the stream lasts");
        answer
    });
    assert_eq!(answer, "one two");
    assert_eq!(handle.benign_shutdowns(), 0);
    assert_eq!(sim.connections_opened(), 1);
    assert_eq!(sim.connections_open(), 0);
}

#[test]
fn a_writer_waits_for_a_reader_that_is_slower() {
    let sim = Sim::with(Config { buffer: 10, ..Config::default() });
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let mut near = connect(&handle).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        assert_eq!(near.write(&[1; 64]).await.unwrap(), 10);
        assert!(future::poll_once(near.write(&[2; 64])).await.is_none(), "the buffer is full");
        let mut bytes = [0; 4];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(near.write(&[3; 64]).await.unwrap(), 4, "as much as was read");

        let sending = async {
            near.write_all(&[4; 1000]).await.unwrap();
            near.close().await.unwrap();
        };
        let receiving = async {
            let mut rest = Vec::new();
            far.read_to_end(&mut rest).await.unwrap();
            rest
        };
        let ((), rest) = future::zip(sending, receiving).await;
        assert_eq!(rest.len(), 6 + 4 + 1000);
    });
}

#[test]
fn what_arrived_before_a_reset_is_read_before_it() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        far.write_all(b"answer").await.unwrap();
        sim.reset(far);
        let mut bytes = [0; 6];
        near.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"answer");
        for _ in 0..3 {
            assert_eq!(kind(near.read(&mut bytes).await), ErrorKind::ConnectionReset);
        }
        assert_eq!(kind(near.write(b"more").await), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_reset_can_lose_what_was_not_read() {
    let sim = Sim::with(Config { unread: Unread::Dropped, ..Config::default() });
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        far.write_all(b"answer").await.unwrap();
        sim.reset(far);
        assert_eq!(kind(near.read(&mut [0; 6]).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_reset_that_a_write_was_told_of_is_not_the_end_of_the_stream() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        far.write_all(b"half").await.unwrap();
        sim.reset(far);
        assert_eq!(kind(near.write(b"x").await), ErrorKind::ConnectionReset);
        assert_eq!(kind(near.write(b"x").await), ErrorKind::BrokenPipe);
        let mut answer = Vec::new();
        assert_eq!(kind(near.read_to_end(&mut answer).await), ErrorKind::ConnectionReset);
        assert_eq!(answer, b"half");
    });
}

#[test]
fn a_reset_after_fin_breaks_the_pipe_and_leaves_the_end_of_the_stream() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        far.write_all(b"data").await.unwrap();
        drop(far);
        assert_eq!(near.write(b"into the void").await.unwrap(), 13);
        assert_eq!(kind(near.write(b"x").await), ErrorKind::BrokenPipe);
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"data");
        near.close().await.unwrap();
    });
    assert_eq!(handle.benign_shutdowns(), 1);
}

#[test]
fn a_socket_dropped_with_unread_bytes_resets() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, far) = pair(&handle, &listener).await;
        near.write_all(b"unread").await.unwrap();
        drop(far);
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn those_who_wait_are_woken_by_data_fin_and_reset() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        for end in ["data", "fin", "reset"] {
            let (mut near, mut far) = pair(&handle, &listener).await;
            let mut bytes = [0; 8];
            let waiting = async { near.read(&mut bytes).await.map_err(|error| error.kind()) };
            let ending = async {
                match end {
                    "data" => far.write_all(b"data").await.unwrap(),
                    "fin" => drop(far),
                    _ => sim.reset(far),
                }
            };
            let (read, ()) = future::zip(waiting, ending).await;
            let expected = match end {
                "data" => Ok(4),
                "fin" => Ok(0),
                _ => Err(ErrorKind::ConnectionReset),
            };
            assert_eq!(read, expected, "{end}");
        }
    });
}

#[test]
fn closing_after_a_reset_is_fine_and_counted_once() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        for _ in 0..5 {
            let (mut near, far) = pair(&handle, &listener).await;
            sim.reset(far);
            near.close().await.unwrap();
            near.close().await.unwrap();
        }
    });
    assert_eq!(handle.benign_shutdowns(), 5);
}

#[test]
fn quiet_is_a_socket_with_nothing_to_tell() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        assert!(near.is_quiet() && far.is_quiet());
        far.write_all(b"x").await.unwrap();
        assert!(!near.is_quiet());
        assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 1);
        assert!(near.is_quiet());
        drop(far);
        assert!(!near.is_quiet());

        let (near, far) = pair(&handle, &listener).await;
        sim.reset(far);
        assert!(!near.is_quiet());
    });
}

#[test]
fn a_connection_is_refused_unreachable_or_never_answered() {
    let sim = Sim::new();
    let handle = sim.handle();
    sim.unreachable("10.0.0.2");
    sim.blackhole("10.0.0.3");
    let to = |addr: &str| handle.block_on(handle.timeout(SECOND * 10, handle.connect(addr.parse().unwrap())));
    assert_eq!(to("10.0.0.1:80").unwrap().unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(to("10.0.0.2:80").unwrap().unwrap_err().kind(), ErrorKind::HostUnreachable);
    assert_eq!(sim.elapsed(), Duration::ZERO);
    assert!(to("10.0.0.3:80").is_err());
    assert_eq!(sim.elapsed(), SECOND * 10);
    assert_eq!(sim.connections_opened(), 0);
}

#[test]
fn ports_are_given_out_and_taken_once() {
    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let everywhere = handle.listen("0.0.0.0:80".parse().unwrap()).await.unwrap();
        let taken = handle.listen("0.0.0.0:80".parse().unwrap()).await;
        assert_eq!(kind(taken), ErrorKind::AddrInUse);
        let near = handle.connect("10.9.8.7:80".parse().unwrap()).await.unwrap();
        let (far, peer) = everywhere.accept().await.unwrap();
        assert_eq!(near.peer_addr().to_string(), "10.9.8.7:80");
        assert_eq!(near.local_addr().unwrap(), peer);
        assert_eq!(far.peer_addr(), peer);
        assert_eq!(far.local_addr().unwrap(), near.peer_addr());

        let picked = handle.listen("[::1]:0".parse().unwrap()).await.unwrap();
        assert_ne!(picked.local_addr().port(), 0);
        let near = handle.connect(picked.local_addr()).await.unwrap();
        assert!(near.local_addr().unwrap().is_ipv6());
        assert_eq!(sim.connections_opened_to("10.9.8.7"), 1);
        assert_eq!(sim.connections_opened_to("::1"), 1);
    });
}

#[test]
fn a_dropped_listener_resets_whom_it_has_not_accepted() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let mut near = connect(&handle).await.unwrap();
        drop(listener);
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
        assert_eq!(kind(connect(&handle).await), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn names_resolve_by_the_table_only() {
    let sim = Sim::new();
    sim.host("Docs.test", ["10.0.0.1", "fd00::1"]);
    sim.lookup_time(SECOND * 2);
    let handle = sim.handle();
    let resolve =
        |host: &str| handle.block_on(handle.resolve(host, 443)).map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(resolve("docs.TEST").unwrap(), ["10.0.0.1:443", "[fd00::1]:443"]);
    assert_eq!(sim.elapsed(), SECOND * 2);
    assert_eq!(resolve("127.0.0.1").unwrap(), ["127.0.0.1:443"]);
    let error = resolve("nowhere.test").unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFound, "no such host: nowhere.test"));
    assert_eq!((sim.lookups("docs.test"), sim.lookups("nowhere.test"), sim.lookups("127.0.0.1")), (1, 1, 0));
}

#[test]
fn distance_takes_its_time_on_every_way() {
    let (sim, handle) = echo_at_the_end();
    sim.latency("10.0.0.1", Duration::from_millis(40));
    handle.block_on(async {
        let mut socket = connect(&handle).await.unwrap();
        assert_eq!(sim.elapsed(), Duration::from_millis(80), "a round trip to connect");
        socket.write_all(b"question").await.unwrap();
        socket.close().await.unwrap();
        assert_eq!(sim.elapsed(), Duration::from_millis(80), "sending does not wait");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "question");
        assert_eq!(sim.elapsed(), Duration::from_millis(160));
    });
}

#[test]
fn a_reset_stays_behind_what_was_sent_before_it_however_far() {
    let sim = Sim::new();
    sim.latency("10.0.0.1", SECOND);
    let handle = sim.handle();
    let listener = listen(&handle);
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle, &listener).await;
        far.write_all(b"answer").await.unwrap();
        sim.reset(far);
        assert!(near.is_quiet(), "nothing has arrived");
        let mut answer = Vec::new();
        assert_eq!(kind(near.read_to_end(&mut answer).await), ErrorKind::ConnectionReset);
        assert_eq!(answer, b"answer");
    });
}

#[test]
fn waiting_for_what_cannot_come_is_a_deadlock() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    let stuck = panic_of(|| {
        handle.block_on(async {
            let (mut near, _far) = pair(&handle, &listener).await;
            near.read(&mut [0; 1]).await.unwrap();
        });
    });
    assert!(stuck.starts_with("deadlock: no timer is set; listeners waiting: 0; 10.255.255.1:"), "{stuck}");
    assert!(stuck.contains("waits to read from 10.0.0.1:80; spawned tasks left: 0"), "{stuck}");
    assert_eq!(handle.block_on(async { 1 }), 1, "the world outlives the panic");
}

#[test]
fn a_world_is_not_driven_from_within() {
    let handle = Sim::new().handle();
    let inner = handle.clone();
    let message = panic_of(move || handle.block_on(async move { inner.block_on(async {}) }));
    assert!(message.contains("one block_on at a time"), "{message}");
}

#[test]
fn unblock_runs_at_once_and_resumes_a_panic_where_it_is_awaited() {
    let handle = Sim::new().handle();
    let here = std::thread::current().id();
    let there = handle.block_on(handle.unblock(|| std::thread::current().id()));
    assert_eq!(here, there);
    let outcome = handle.unblock(|| -> u32 { panic!("the work is wrong") });
    assert_eq!(panic_of(|| handle.block_on(async { _ = outcome.await })), "the work is wrong");
}

#[test]
fn a_wake_from_another_thread_counts_while_there_is_something_to_do() {
    let sim = Sim::new();
    let handle = sim.handle();
    let (sender, receiver) = async_channel::bounded(1);
    let thread = std::thread::spawn(move || sender.send_blocking(7).unwrap());
    let received = handle.block_on(future::or(async { receiver.recv().await.unwrap() }, async {
        loop {
            future::yield_now().await;
        }
    }));
    thread.join().unwrap();
    assert_eq!(received, 7);
}

#[test]
fn the_same_world_runs_the_same_way_every_time() {
    let run = || {
        let sim = Sim::with(Config { buffer: 7, ..Config::default() });
        let handle = sim.handle();
        let log = Log::default();
        let listener = listen(&handle);
        let (serving, served) = (handle.clone(), log.clone());
        let server = sim.clone();
        sim.spawn(async move {
            for number in 0.. {
                let (mut socket, peer) = listener.accept().await.unwrap();
                served.add(format!("accepted {peer} at {:?}", server.elapsed()));
                let (serving, served, world) = (serving.clone(), served.clone(), server.clone());
                server.spawn(async move {
                    let mut bytes = [0; 3];
                    while let Ok(count @ 1..) = socket.read(&mut bytes).await {
                        serving.sleep(Duration::from_millis(count as u64)).await;
                        served.add(format!("{number} read {count}"));
                    }
                    if number % 2 == 0 {
                        world.reset(socket);
                    }
                });
            }
        });
        sim.latency("10.0.0.1", Duration::from_millis(5));
        handle.block_on(async {
            let clients = (0..20_u64).map(|number| {
                let (handle, log) = (&handle, &log);
                async move {
                    handle.sleep(Duration::from_millis(number * 7 % 5)).await;
                    let mut socket = connect(handle).await.unwrap();
                    socket.write_all(&vec![0; number as usize]).await.unwrap();
                    socket.close().await.unwrap();
                    let end = socket.read(&mut [0]).await.map_err(|error| error.kind());
                    log.add(format!("client {number}: {end:?}"));
                }
            });
            futures_util::future::join_all(clients).await;
        });
        (log.lines(), sim.elapsed(), handle.benign_shutdowns())
    };
    let first = run();
    assert!(first.0.len() > 60);
    for _ in 0..5 {
        assert_eq!(run(), first);
    }
}

#[test]
fn a_socket_and_a_handle_can_go_anywhere() {
    fn everywhere<T: Send + Sync + 'static>() {}
    everywhere::<Handle>();
    everywhere::<Socket>();
    everywhere::<Listener>();
    everywhere::<Sim>();
}

#[test]
fn a_flush_that_fails_is_an_error_of_closing_but_a_shutdown_that_fails_is_not() {
    let ledger = crate::reactor::Ledger::default();
    let close = |flush, shutdown| future::block_on(Socket::new(Failing { flush, shutdown }, &ledger).close()).map_err(|error| error.kind());
    assert_eq!(close(None, None), Ok(()));
    assert_eq!(ledger.benign_shutdowns(), 0);
    // What Linux says, and the three words of Windows.
    for (count, code) in (1..).zip([107, 10053, 10054, 10058]) {
        assert_eq!(close(None, Some(code)), Ok(()));
        assert_eq!(ledger.benign_shutdowns(), count);
    }
    assert_eq!(close(Some(ErrorKind::StorageFull), Some(107)), Err(ErrorKind::StorageFull));
    assert_eq!(ledger.benign_shutdowns(), 4);
}

/// Fails as told.
struct Failing {
    flush: Option<ErrorKind>,
    /// By the system's number.
    shutdown: Option<i32>,
}

impl crate::reactor::Stream for Failing {
    fn peer_addr(&self) -> std::net::SocketAddr {
        "10.0.0.1:80".parse().unwrap()
    }
    fn local_addr(&self) -> io::Result<std::net::SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
    fn is_quiet(&self) -> bool {
        true
    }
}

impl AsyncRead for Failing {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
}

impl AsyncWrite for Failing {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.flush.map_or(Ok(()), |kind| Err(kind.into())))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code))))
    }
}

fn listen(handle: &Handle) -> Listener {
    handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap()
}

fn connect(handle: &Handle) -> impl Future<Output = io::Result<Socket>> + use<> {
    handle.connect("10.0.0.1:80".parse().unwrap())
}

async fn pair(handle: &Handle, listener: &Listener) -> (Socket, Socket) {
    let near = connect(handle).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    (near, far)
}

/// A world with a server that answers what it was sent when it has been sent all.
fn echo_at_the_end() -> (Sim, Handle) {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = listen(&handle);
    sim.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut all = Vec::new();
            socket.read_to_end(&mut all).await.unwrap();
            socket.write_all(&all).await.unwrap();
        }
    });
    (sim, handle)
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

fn panic_of(action: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(action)).unwrap_err();
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}
