//! The shutdown of a reactor: who is let in, who is waited for, who is told what, and that nothing is left behind. In virtual
//! time where time counts, and on every reactor where threads and descriptors do.

#[cfg(any(target_os = "linux", windows))]
#[path = "support/child.rs"]
mod child;
#[cfg(any(target_os = "linux", windows))]
#[path = "support/process.rs"]
mod process;
#[cfg(any(target_os = "linux", windows))]
#[path = "support/reactors.rs"]
mod reactors;
#[path = "support/wine.rs"]
mod wine;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
#[cfg(any(target_os = "linux", windows))]
use smolcrawl::Engine;
#[cfg(any(target_os = "linux", windows))]
use smolcrawl::engine::CrawlRequest;
use smolcrawl::http::{Client, Config, Error, PrivateAddresses, Request};
use smolcrawl::reactor::sim::Sim;
use smolcrawl::reactor::{
    AskedBy, Boxed, Choice, Drive, Fallback, Handle, Ledger, Listener, Reactor, ReactorKind, Shutdown, Socket, Stopped, Stream, choose,
};
use url::Url;
use wine::is_wine;

const GRACE: Duration = Duration::from_secs(10);
/// More than any of it takes on the slowest machine.
const LONG: Duration = Duration::from_secs(if cfg!(windows) { 120 } else { 30 });

#[test]
fn it_ends_with_the_last_connection_and_not_with_the_grace() {
    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let (near, far) = pair(&handle).await;
        let owner = async {
            handle.sleep(Duration::from_secs(3)).await;
            drop(near);
            handle.sleep(Duration::from_secs(1)).await;
            drop(far);
        };
        let (ended, ()) = future::zip(handle.shutdown(GRACE), owner).await;
        assert_eq!(counts(ended), [2, 0, 0, 0]);
        assert_eq!(sim.elapsed(), Duration::from_secs(4));
    });
}

#[test]
fn what_is_open_at_the_end_of_the_grace_is_cut_off_and_told_so() {
    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let (near, far) = pair(&handle).await;
        let (mut reading, mut writing) = futures_lite::io::split(near);
        // Two tasks of one socket: each is woken.
        let read = async { stopped(reading.read(&mut [0]).await) };
        let write = async { stopped(writing.write_all(&vec![0; 1 << 20]).await) };
        let (ended, told) = future::zip(handle.shutdown(GRACE), future::zip(read, write)).await;
        assert_eq!(sim.elapsed(), GRACE);
        assert_eq!(counts(ended), [0, 2, 0, 0]);
        assert_eq!(told, (Some(Stopped::Aborted), Some(Stopped::Aborted)));

        // Later, too, and whatever one asks; that the owner lets go of it now is no news.
        let mut socket = far;
        assert_eq!(stopped(socket.read(&mut [0]).await), Some(Stopped::Aborted));
        assert_eq!(stopped(socket.write(&[0]).await), Some(Stopped::Aborted));
        assert_eq!(stopped(socket.flush().await), Some(Stopped::Aborted));
        assert_eq!(stopped(socket.close().await), Some(Stopped::Aborted));
        assert_eq!(stopped(socket.local_addr()), Some(Stopped::Aborted));
        assert!(!socket.is_quiet());
        assert_eq!(socket.peer_addr().ip(), "10.255.255.1".parse::<std::net::IpAddr>().unwrap());
        let error = socket.read(&mut [0]).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::ConnectionAborted, "cut off by the shutdown of the reactor"));
        drop((socket, reading, writing));
        assert_eq!(sim.connections_open(), 0);
        assert_eq!(handle.shutdown(GRACE).await, ended);
    });
}

#[test]
fn nothing_new_is_let_in_but_names_and_timers_go_on() {
    let sim = Sim::new();
    sim.host("docs.test", ["10.0.0.1"]);
    let handle = sim.handle();
    handle.block_on(async {
        let listener = handle.listen(addr(1)).await.unwrap();
        let begun = handle.connect(addr(1));
        let (mut near, far) = pair(&handle).await;
        // A task of its own: nothing but the shutdown wakes it.
        let (tell, told) = async_channel::bounded(1);
        sim.spawn(async move {
            tell.send(stopped(listener.accept().await)).await.unwrap();
            tell.send(stopped(listener.accept().await)).await.unwrap();
        });
        handle.sleep(Duration::from_secs(1)).await;
        let shutdown = async {
            let ended = handle.shutdown(GRACE);
            assert_eq!(stopped(begun.await), Some(Stopped::Refused), "it was made before and begins only now");
            assert_eq!(stopped(handle.connect(addr(1)).await), Some(Stopped::Refused));
            assert_eq!(stopped(handle.listen(addr(2)).await), Some(Stopped::Refused));
            assert_eq!(handle.resolve("docs.test", 80).await.unwrap(), [addr(80)]);
            handle.sleep(Duration::from_secs(1)).await;
            assert_eq!(handle.unblock(|| 7).await, 7);
            // What is open works as before.
            let mut far = far;
            far.write_all(b"x").await.unwrap();
            assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 1);
            drop((near, far));
            ended.await
        };
        let ended = shutdown.await;
        assert_eq!(told.recv().await.unwrap(), Some(Stopped::Refused), "an accept that waits is told");
        assert_eq!(told.recv().await.unwrap(), Some(Stopped::Refused), "and one that comes later");
        assert_eq!(counts(ended), [2, 0, 0, 0]);
        assert_eq!(sim.elapsed(), Duration::from_secs(2));
        handle.sleep(Duration::from_secs(1)).await;
        assert_eq!(handle.resolve("docs.test", 80).await.unwrap(), [addr(80)]);
    });
}

#[test]
fn a_connection_on_its_way_is_waited_for_as_well() {
    let sim = Sim::new();
    sim.latency("10.0.0.1", Duration::from_secs(1));
    sim.latency("10.0.0.2", Duration::from_secs(1));
    sim.blackhole("10.0.0.3");
    let handle = sim.handle();
    handle.block_on(async {
        let listener = handle.listen(addr(1)).await.unwrap();
        let stands = async { handle.connect(addr(1)).await.map(drop) };
        let refused = async { handle.connect("10.0.0.2:1".parse().unwrap()).await.map(drop) };
        let never = async { stopped(handle.connect("10.0.0.3:1".parse().unwrap()).await) };
        let given_up = async { handle.timeout(Duration::from_secs(2), handle.connect("10.0.0.3:2".parse().unwrap())).await.map(drop) };
        let shutdown = async {
            future::yield_now().await;
            handle.shutdown(GRACE).await
        };
        let both = future::zip(future::zip(stands, refused), future::zip(never, given_up));
        let (((stands, refused), (never, given_up)), ended) = future::zip(both, shutdown).await;
        stands.unwrap();
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(never, Some(Stopped::Aborted));
        assert!(given_up.is_err());
        // One was made and let go of, one failed, of which its owner heard, one was given up; one was cut off.
        assert_eq!(counts(ended), [3, 1, 0, 1]);
        assert_eq!(sim.elapsed(), GRACE);
        drop(listener);
    });
}

#[test]
fn without_a_connection_or_a_grace_it_ends_at_once() {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen(addr(1))).unwrap();
    assert_eq!(counts(handle.block_on(handle.shutdown(Duration::MAX))), [0; 4], "a listener is not waited for");
    drop(listener);

    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let (near, far) = pair(&handle).await;
        assert_eq!(counts(handle.shutdown(Duration::ZERO).await), [0, 2, 0, 0]);
        drop((near, far));
    });
    assert_eq!(sim.elapsed(), Duration::ZERO);
}

#[test]
fn dropping_it_leaves_open_what_is_open_and_lets_nothing_in() {
    let sim = Sim::new();
    let handle = sim.handle();
    handle.block_on(async {
        let (mut near, mut far) = pair(&handle).await;
        let mut given_up = Box::pin(handle.shutdown(GRACE));
        assert!(future::poll_once(&mut given_up).await.is_none());
        drop(given_up);
        handle.sleep(GRACE * 2).await;
        far.write_all(b"x").await.unwrap();
        assert_eq!(near.read(&mut [0; 8]).await.unwrap(), 1, "nobody has aborted it");
        assert_eq!(stopped(handle.connect(addr(1)).await), Some(Stopped::Refused));
        drop(far);
        // What ended between the two counts.
        assert_eq!(counts(handle.shutdown(Duration::ZERO).await), [1, 1, 0, 0]);
    });
}

#[test]
fn of_two_the_shorter_grace_counts_and_both_tell_the_same() {
    let sim = Sim::new();
    let handle = sim.handle();
    let other = handle.clone();
    handle.block_on(async {
        let (near, far) = pair(&handle).await;
        let long = handle.shutdown(GRACE * 3);
        let short = async {
            handle.sleep(Duration::from_secs(1)).await;
            other.shutdown(GRACE).await
        };
        let (long, short) = future::zip(long, short).await;
        assert_eq!((long, sim.elapsed()), (short, GRACE + Duration::from_secs(1)));
        assert_eq!(counts(short), [0, 2, 0, 0]);
        drop((near, far));
    });
}

#[test]
fn errors_surface_and_failed_shutdowns_do_not() {
    // To Wine it is no failure that the peer has gone.
    let failed = if is_wine() { 0 } else { 2 };
    for_every_reactor(|handle| {
        let server = std::net::TcpListener::bind(loopback()).unwrap();
        handle.block_on(async {
            let mut sockets = Vec::new();
            for _ in 0..4 {
                let mut socket = handle.connect(server.local_addr().unwrap()).await.unwrap();
                socket.write_all(b"unread").await.unwrap();
                let (far, _) = server.accept().unwrap();
                far.peek(&mut [0]).unwrap();
                drop(far);
                sockets.push(socket);
            }
            // Looked at before it is read, as Wine may lose an error that comes between its "may read" and the read.
            until(|| sockets.iter().all(|socket| !socket.is_quiet()));
            // Heard of before: no news later.
            assert_eq!(sockets[3].read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            let ended = handle.shutdown(GRACE);
            for _ in 0..3 {
                // As often as one asks, but it is one connection.
                assert_eq!(sockets[0].read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
                assert_eq!(sockets[3].read(&mut [0]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
            }
            sockets[1].close().await.unwrap();
            sockets[2].close().await.unwrap();
            sockets[2].close().await.unwrap();
            drop(sockets);
            assert_eq!(counts(ended.await), [4, 0, failed, 1]);
        });
        assert_eq!(handle.benign_shutdowns(), failed);
    });
}

#[test]
fn another_thread_may_shut_down_what_this_one_waits_for() {
    for_every_reactor(|handle| {
        let server = std::net::TcpListener::bind(loopback()).unwrap();
        let (begin, begun) = std::sync::mpsc::channel();
        let waiting = {
            let (handle, addr) = (handle.clone(), server.local_addr().unwrap());
            thread::spawn(move || {
                handle.block_on(async {
                    let mut socket = handle.connect(addr).await.unwrap();
                    let mut read = Box::pin(async { stopped(socket.read(&mut [0]).await) });
                    assert!(future::poll_once(&mut read).await.is_none());
                    begin.send(()).unwrap();
                    read.await
                })
            })
        };
        begun.recv().unwrap();
        let (mut far, _) = server.accept().unwrap();
        far.set_read_timeout(Some(LONG)).unwrap();
        let shutdown = handle.timeout(LONG, handle.shutdown(Duration::from_millis(20)));
        assert_eq!(counts(handle.block_on(shutdown).expect("it does not end")), [0, 1, 0, 0]);
        until(|| waiting.is_finished());
        assert_eq!(waiting.join().unwrap(), Some(Stopped::Aborted));
        assert_eq!(io::Read::read(&mut far, &mut [0]).unwrap(), 0, "the peer has heard of it");
    });
}

/// The owner neither reads nor drops it, and its thread is busy with other things.
#[test]
fn an_aborted_descriptor_is_closed_at_once_whatever_its_owner_does() {
    for_every_reactor(|handle| {
        let server = std::net::TcpListener::bind(loopback()).unwrap();
        let socket = handle.block_on(handle.connect(server.local_addr().unwrap())).unwrap();
        let (mut far, _) = server.accept().unwrap();
        handle.block_on(handle.timeout(LONG, handle.shutdown(Duration::ZERO))).expect("it does not end");
        far.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(io::Read::read(&mut far, &mut [0]).unwrap(), 0);
        drop(socket);
    });
}

#[test]
fn a_socket_keeps_no_task_that_does_not_wait_for_it() {
    let sim = Sim::new();
    let handle = sim.handle();
    let (mut near, mut far) = handle.block_on(pair(&handle));
    let task = Arc::new(Count::default());
    let waker = Waker::from(task.clone());
    let mut poll = || Pin::new(&mut near).poll_read(&mut Context::from_waker(&waker), &mut [0; 8]).map(Result::unwrap);
    assert!(poll().is_pending());
    assert!(Arc::strong_count(&task) > 2);
    handle.block_on(far.write_all(b"x")).unwrap();
    assert_eq!((poll(), task.0.load(Ordering::SeqCst)), (Poll::Ready(1), 1));
    assert_eq!(Arc::strong_count(&task), 2);
}

#[test]
fn an_embedders_reactor_is_shut_down_without_its_help() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let handle = Handle::new(Embedded { ledger: Ledger::default(), dropped: dropped.clone() });
    let mut kept = future::block_on(handle.connect(addr(1))).unwrap();
    let let_go = future::block_on(handle.connect(addr(2))).unwrap();
    let shutdown = handle.shutdown(Duration::ZERO);
    drop(let_go);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    let ended = future::block_on(future::poll_once(shutdown)).expect("there is no grace to wait for");
    assert_eq!(counts(ended), [1, 1, 0, 0]);
    assert_eq!(dropped.load(Ordering::SeqCst), 2, "it is closed while its owner still has it");
    assert_eq!(stopped(future::block_on(kept.read(&mut [0]))), Some(Stopped::Aborted));
    assert_eq!(stopped(future::block_on(handle.connect(addr(3)))), Some(Stopped::Refused));
}

/// The grace is over, and a connection comes to stand before it was its turn to be ended, on another thread perhaps.
#[test]
fn what_comes_to_stand_during_the_abort_is_aborted_and_counted() {
    let (dropped, ledger) = (Arc::<AtomicUsize>::default(), Ledger::default());
    let late: Arc<Mutex<Option<Boxed<'static, io::Result<Socket>>>>> = Arc::default();
    let (connecting, result) = (late.clone(), Arc::<Mutex<Option<io::Result<Socket>>>>::default());
    let told = result.clone();
    let ended_first = Silent {
        peer: addr(1),
        dropped: dropped.clone(),
        then: Some(Box::new(move || *told.lock().unwrap() = connecting.lock().unwrap().take().map(future::block_on))),
    };
    let first = Socket::new(ended_first, &ledger);
    let handle = Handle::new(Embedded { ledger, dropped: dropped.clone() });
    let mut connecting = handle.connect(addr(2));
    assert!(connecting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    *late.lock().unwrap() = Some(connecting);
    assert_eq!(counts(future::block_on(handle.shutdown(Duration::ZERO))), [0, 2, 0, 0]);
    assert_eq!(dropped.load(Ordering::SeqCst), 2);
    let stood = result.lock().unwrap().take().expect("it was asked during the abort");
    assert_eq!(stopped(stood.map(drop)), Some(Stopped::Aborted));
    drop(first);
}

#[test]
fn idle_connections_of_a_client_are_let_go_and_count_as_drained() {
    for tell in [Tell::Before, Tell::After] {
        let (sim, client, url) = world();
        let handle = sim.handle();
        handle.block_on(async {
            ask(&client, &url).await.unwrap();
            assert_eq!((client.idle_connections(), sim.connections_open()), (1, 1));
            let mut late = client.clone();
            let ended = handle.shutdown(GRACE);
            assert_eq!(client.idle_connections(), 0);
            if tell == Tell::After {
                late = Client::new(&handle, config()).unwrap();
            }
            let ended = ended.await;
            assert_eq!((ended.aborted, ended.surfaced, sim.elapsed()), (0, 0, Duration::ZERO), "{ended}");

            let error = ask(&late, &url).await.unwrap_err();
            let Error::Connect { source, .. } = error.root() else { panic!("{error:?}") };
            assert_eq!((Stopped::of(source), error.url()), (Some(Stopped::Refused), Some(&url)));
            let counters = late.counters();
            assert_eq!((counters.failed, counters.failed_at.connect, counters.retried), (1, 1, 0));
        });
    }
}

/// On a connection that has carried an answer before, where the peer's leaving would be answered by another try.
#[test]
fn a_request_that_is_cut_off_is_not_sent_again() {
    let (sim, client, url) = world();
    let handle = sim.handle();
    let slow = url.join("never").unwrap();
    handle.block_on(async {
        ask(&client, &url).await.unwrap();
        let shutdown = async {
            handle.sleep(Duration::from_secs(1)).await;
            handle.shutdown(GRACE).await
        };
        let (outcome, ended) = future::zip(ask(&client, &slow), shutdown).await;
        let error = outcome.unwrap_err();
        let Error::ClosedBeforeResponse { source: Some(source) } = error.root() else { panic!("{error:?}") };
        assert_eq!((Stopped::of(source), error.url()), (Some(Stopped::Aborted), Some(&slow)));
        assert!(!error.is_transient());
        assert_eq!((ended.drained, ended.aborted, sim.elapsed()), (0, 2, GRACE + Duration::from_secs(1)), "both ends are of one world");
        let counters = client.counters();
        assert_eq!((counters.connections_reused, counters.retried, counters.failed, counters.in_flight()), (1, 0, 1, 0));

        // Its owner lets go of it: cancelled, and nothing else.
        drop(error);
        assert_eq!(counters.cancelled, 0);
    });
}

#[test]
fn a_request_that_its_owner_drops_meanwhile_is_cancelled_and_drained() {
    let (sim, client, url) = world();
    let handle = sim.handle();
    let slow = url.join("never").unwrap();
    handle.block_on(async {
        let asking = handle.timeout(Duration::from_secs(2), ask(&client, &slow));
        let shutdown = async {
            handle.sleep(Duration::from_secs(1)).await;
            handle.shutdown(GRACE).await
        };
        let (outcome, ended) = future::zip(asking, shutdown).await;
        assert!(outcome.is_err());
        assert_eq!((ended.aborted, ended.surfaced, sim.elapsed()), (0, 0, Duration::from_secs(2)), "{ended}");
        let counters = client.counters();
        assert_eq!((counters.cancelled, counters.failed, counters.in_flight()), (1, 0, 0));
    });
}

/// Starts, connects, asks a server over HTTP, leaves some of it open and stops: 1,000 times each.
#[test]
#[cfg(any(target_os = "linux", windows))]
fn a_thousand_starts_and_stops_leave_nothing_behind() {
    const WARM: usize = 200;
    const CYCLES: usize = 1000;
    child::in_a_child("a_thousand_starts_and_stops_leave_nothing_behind", "ulimit -n 64", || {
        let url = answering();
        // What async-io has for the process, it has once.
        drop(start(ReactorKind::Selector, Drive::CallingThread));
        for (kind, drive) in reactors() {
            let (mut files, threads) = (process::handles(), process::threads());
            let mut warm = 0;
            for round in 0..WARM + CYCLES {
                if round == WARM {
                    warm = process::resident();
                }
                let handle = start(kind, drive);
                let client = Client::new(&handle, config()).unwrap();
                let left = handle.block_on(async {
                    assert_eq!(ask(&client, &url).await.unwrap(), b"hello");
                    let (mut near, mut far) = pair(&handle).await;
                    // Unread, so that the connection ends with a reset, and the system keeps no port for a minute.
                    near.write_all(b"x").await.unwrap();
                    far.write_all(b"xy").await.unwrap();
                    assert!(future::poll_once(handle.sleep(Duration::from_secs(3600))).await.is_none());
                    let ended = handle.shutdown(Duration::ZERO).await;
                    assert_eq!(counts(ended), [1, 2, 0, 0], "{kind}, {drive}, round {round}");
                    (near, far)
                });
                drop((client, handle, left));
                if cfg!(windows) && round < WARM {
                    // What the system opens once for a process, and a handle for each thread of the pool.
                    files = process::handles();
                }
                until(|| process::handles() <= files);
            }
            // The pools' threads end in their own time; the reactor's have been waited for.
            until(|| process::threads() == threads);
            let grown = process::resident().saturating_sub(warm);
            eprintln!("{kind}, {drive}: {} KiB more after {CYCLES} cycles", grown / 1024);
            assert!(grown < 256 * 1024, "{kind}, {drive}: {grown} bytes");
        }
    });
}

/// An engine has a reactor, a client, a database and a pool.
#[test]
#[cfg(any(target_os = "linux", windows))]
fn two_hundred_engines_leave_nothing_behind() {
    child::in_a_child("two_hundred_engines_leave_nothing_behind", "ulimit -n 64", || {
        let folder = tempfile::tempdir().unwrap();
        let url = answering();
        drop(start(ReactorKind::Selector, Drive::CallingThread));
        for kind in reactors::kinds() {
            let database = folder.path().join(format!("{kind}.db"));
            let mut before = None;
            for round in 0..200 {
                let mut config = smolcrawl::Config::new(&database);
                config.environment = smolcrawl::config::Environment::none();
                config.reactor = Choice { kind, asked_by: AskedBy::Builder, fallback: Fallback::Refuse, ..Choice::default() };
                config.embeddings = smolcrawl::config::Embeddings::None;
                config.crawl.http.private_addresses = PrivateAddresses::Allow;
                let engine = Engine::new(config).unwrap();
                engine.handle().block_on(async {
                    let mut crawling = engine.crawl(CrawlRequest::parse(&[url.as_str()]).unwrap(), engine.config().chunk.clone());
                    while crawling.next().await.is_some() {}
                    assert_eq!(crawling.finish().stored, 1, "{kind}, round {round}");
                    assert_eq!(engine.sources().await.unwrap().len(), 1);
                    engine.shutdown(Duration::ZERO).await;
                });
                drop(engine);
                // What is once for the process is there after the first; the pool's threads end in their own time.
                match before {
                    None if round == 9 => before = Some(process::handles()),
                    None => {}
                    Some(before) => until(|| process::handles() <= before),
                }
            }
        }
    });
}

/// A server on a thread that answers every request, one connection after the other, and keeps no port when they end.
#[cfg(any(target_os = "linux", windows))]
fn answering() -> Url {
    use std::io::{Read, Write};
    let server = std::net::TcpListener::bind(loopback()).unwrap();
    let url = Url::parse(&format!("http://{}/", server.local_addr().unwrap())).unwrap();
    thread::spawn(move || {
        for mut socket in server.incoming().flatten() {
            #[cfg(unix)]
            rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
            let mut piece = [0; 4096];
            // A request comes in one piece.
            while matches!(socket.read(&mut piece), Ok(1..)) {
                socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello").unwrap();
            }
        }
    });
    url
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tell {
    Before,
    After,
}

/// A server that answers every request but those for `/never`, and keeps its connections.
fn world() -> (Sim, Client, Url) {
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen(addr(80))).unwrap();
    let world = sim.clone();
    sim.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            world.spawn(async move {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = socket.read(&mut piece).await {
                    if !piece[..count].starts_with(b"GET /never") {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
                    }
                }
            });
        }
    });
    let client = Client::new(&handle, config()).unwrap();
    (sim, client, Url::parse("http://10.0.0.1/").unwrap())
}

fn config() -> Config {
    Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }
}

async fn ask(client: &Client, url: &Url) -> Result<Vec<u8>, Error> {
    client.send(Request::get(url.clone())).await?.bytes().await
}

/// Drained, aborted, benign, surfaced.
fn counts(ended: Shutdown) -> [u64; 4] {
    [ended.drained, ended.aborted, ended.benign, ended.surfaced]
}

fn stopped<T>(result: io::Result<T>) -> Option<Stopped> {
    result.err().as_ref().and_then(Stopped::of)
}

fn addr(port: u16) -> SocketAddr {
    ([10, 0, 0, 1], port).into()
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Both ends of a connection, by way of a listener that is gone afterwards.
async fn pair(handle: &Handle) -> (Socket, Socket) {
    let listener = handle.listen(loopback()).await.unwrap();
    let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
    (near.unwrap(), far.unwrap().0)
}

fn reactors() -> impl Iterator<Item = (ReactorKind, Drive)> {
    let kinds = ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto);
    kinds.flat_map(|kind| [(kind, Drive::CallingThread), (kind, Drive::OwnThread)])
}

fn for_every_reactor(test: impl Fn(&Handle)) {
    for (kind, drive) in reactors() {
        eprintln!("{kind}, driven by the {drive}");
        test(&start(kind, drive));
    }
}

fn start(kind: ReactorKind, drive: Drive) -> Handle {
    choose(Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse }).unwrap().0
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < LONG, "it never happened");
        thread::yield_now();
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A reactor as an embedder may have one: it knows nothing of shutdowns.
#[derive(Debug)]
struct Embedded {
    ledger: Ledger,
    dropped: Arc<AtomicUsize>,
}

impl Reactor for Embedded {
    fn connect(&self, addr: SocketAddr) -> Boxed<'static, io::Result<Socket>> {
        let (silent, ledger) = (Silent { peer: addr, dropped: self.dropped.clone(), then: None }, self.ledger.clone());
        Box::pin(async move {
            future::yield_now().await;
            Ok(Socket::new(silent, &ledger))
        })
    }

    fn listen(&self, _: SocketAddr) -> Boxed<'static, io::Result<Listener>> {
        Box::pin(async { Err(ErrorKind::Unsupported.into()) })
    }

    fn resolve(&self, _: &str, _: u16) -> Boxed<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(ErrorKind::Unsupported.into()) })
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, _: Instant) -> Boxed<'static, ()> {
        Box::pin(future::pending())
    }

    fn block_on(&self, main: Pin<&mut dyn Future<Output = ()>>) {
        future::block_on(main);
    }

    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// A connection on which nothing ever comes.
struct Silent {
    peer: SocketAddr,
    dropped: Arc<AtomicUsize>,
    /// Done when it is dropped.
    then: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Stream for Silent {
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }

    fn is_quiet(&self) -> bool {
        true
    }
}

impl AsyncRead for Silent {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

impl AsyncWrite for Silent {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        if let Some(then) = self.then.take() {
            then();
        }
    }
}
