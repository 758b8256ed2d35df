//! Every reactor of this platform, driven by its callers and by a thread of its own, over real loopback sockets and through
//! the public API. Their simulated twin is tested in `src/reactor/sim/`.
//!
//! `SMOLCRAWL_REACTORS=completion cargo test --test reactor` runs on the named ones only, which are separated by commas.

#[path = "support/reactors.rs"]
mod reactors;
#[path = "support/wine.rs"]
mod wine;

#[cfg(any(target_os = "linux", windows))]
#[path = "support/child.rs"]
mod child;
#[cfg(any(target_os = "linux", windows))]
#[path = "support/process.rs"]
mod process;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(any(target_os = "linux", windows))]
use child::in_a_child;
use futures_lite::future;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use futures_util::stream::FuturesUnordered;
use smolcrawl::reactor::{self, AskedBy, Choice, Drive, Elapsed, Fallback, Handle, ReactorKind, Socket};

use reactors::kinds;
use wine::is_wine;

/// More than any of it takes on the slowest machine.
const LONG: Duration = Duration::from_secs(60);

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn closing_after_the_peers_reset_is_fine_every_time_and_counted() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            for round in 0..400 {
                let (mut socket, far) = server.connection(handle).await;
                complete_answer_then_reset(&mut socket, far).await;
                if round % 2 == 0 {
                    // Half of them have read of the reset before they close.
                    assert_eq!(kind(socket.read(&mut [0]).await), ErrorKind::ConnectionReset);
                }
                socket.close().await.unwrap();
                socket.close().await.unwrap();
            }
        });
        // Wine's shutdown does not fail then; that of Windows does (10054, 10053).
        assert_eq!(handle.benign_shutdowns(), if is_wine() { 0 } else { 400 });
    });
}

/// The negative control of the test above: the same peer, and async-net's own close.
#[test]
#[expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "shows the defect that the reactor's socket routes around")]
fn the_raw_close_fails_in_the_same_situation() {
    if is_wine() {
        return;
    }
    let server = Server::new();
    async_io::block_on(async {
        for _ in 0..400 {
            let mut socket = async_net::TcpStream::connect(server.addr).await.unwrap();
            let mut far = server.accept();
            socket.write_all(b"GET").await.unwrap();
            far.peek(&mut [0]).unwrap();
            far.write_all(ANSWER).unwrap();
            socket.read_exact(&mut [0; ANSWER.len()]).await.unwrap();
            drop(far);
            assert_eq!(kind(socket.peek(&mut [0]).await), ErrorKind::ConnectionReset);
            let failed = kind(socket.close().await);
            assert!(failed == ErrorKind::NotConnected || cfg!(windows), "{failed}");
        }
    });
}

#[test]
fn closing_an_unbroken_connection_sends_fin_and_counts_nothing() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(handle).await;
            socket.write_all(b"question").await.unwrap();
            socket.close().await.unwrap();
            let mut question = Vec::new();
            far.read_to_end(&mut question).unwrap();
            assert_eq!(question, b"question");
            far.write_all(ANSWER).unwrap();
            drop(far);
            let mut answer = Vec::new();
            socket.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, ANSWER, "a half-closed socket still reads");
            let error = socket.write(b"more").await.unwrap_err();
            if cfg!(windows) {
                assert_eq!(error.raw_os_error(), Some(10_058), "WSAESHUTDOWN, for which the standard library has no kind");
            } else {
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            }
        });
        assert_eq!(handle.benign_shutdowns(), 0);
    });
}

#[test]
fn a_reset_is_never_reported_as_the_end_of_the_stream() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(handle).await;
            socket.write_all(b"unread").await.unwrap();
            far.peek(&mut [0]).unwrap();
            far.write_all(b"half an ans").unwrap();
            drop(far);
            wait_for_reset_by_writing(|| future::block_on(socket.write(b"x")));
            let mut answer = Vec::new();
            assert_eq!(kind(socket.read_to_end(&mut answer).await), ErrorKind::ConnectionReset);
            assert_eq!(kind(socket.read(&mut [0]).await), ErrorKind::ConnectionReset, "as often as one asks");
            if cfg!(target_os = "linux") {
                assert_eq!(answer, b"half an ans", "what has arrived is not lost");
            }
        });
    });
}

/// The negative control of the test above: the system itself tells of a reset once.
#[test]
#[cfg(target_os = "linux")]
fn the_raw_socket_reports_the_end_of_the_stream_after_a_reset() {
    let server = Server::new();
    let mut socket = TcpStream::connect(server.addr).unwrap();
    let mut far = server.accept();
    socket.write_all(b"unread").unwrap();
    far.peek(&mut [0]).unwrap();
    far.write_all(b"half an ans").unwrap();
    drop(far);
    wait_for_reset_by_writing(|| socket.write(b"x"));
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"half an ans");
}

#[test]
fn quiet_is_a_socket_with_nothing_to_tell() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(handle).await;
            assert!(socket.is_quiet());
            far.write_all(b"xy").unwrap();
            until(|| !socket.is_quiet());
            let mut bytes = [0; 8];
            assert_eq!(socket.read(&mut bytes).await.unwrap(), 2, "looking consumes nothing");
            assert!(socket.is_quiet());
            drop(far);
            until(|| !socket.is_quiet());
            assert_eq!(socket.read(&mut bytes).await.unwrap(), 0);

            let (mut socket, far) = server.connection(handle).await;
            complete_answer_then_reset(&mut socket, far).await;
            assert!(!socket.is_quiet());
            assert_eq!(kind(socket.read(&mut bytes).await), ErrorKind::ConnectionReset, "looking does not swallow the reset");
        });
    });
}

#[test]
fn a_large_transfer_goes_both_ways_at_once() {
    for_every_reactor(|handle| {
        const SIZE: usize = 8 << 20;
        let (near, far) = handle.block_on(pair(handle));
        let exchange = |socket: Socket, byte: u8| async move {
            let (mut reading, mut writing) = futures_lite::io::split(socket);
            let sending = async {
                writing.write_all(&vec![byte; SIZE]).await.unwrap();
                writing.close().await.unwrap();
            };
            let receiving = async {
                let mut received = Vec::new();
                reading.read_to_end(&mut received).await.unwrap();
                received
            };
            future::zip(sending, receiving).await.1
        };
        let (ones, twos) = handle.block_on(future::zip(exchange(near, 2), exchange(far, 1)));
        assert!(ones.len() == SIZE && ones.iter().all(|&byte| byte == 1));
        assert!(twos.len() == SIZE && twos.iter().all(|&byte| byte == 2));
    });
}

#[test]
fn addresses_are_told_and_a_free_port_is_picked() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let listener = handle.listen(loopback(0)).await.unwrap();
            assert_ne!(listener.local_addr().port(), 0);
            let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
            let (near, (far, peer)) = (near.unwrap(), far.unwrap());
            assert_eq!(near.peer_addr(), listener.local_addr());
            assert_eq!(near.local_addr().unwrap(), peer);
            assert_eq!(far.peer_addr(), peer);
            assert_eq!(kind(handle.listen(listener.local_addr()).await), ErrorKind::AddrInUse);
        });
    });
}

#[test]
fn a_connection_that_nobody_accepts_is_refused() {
    for_every_reactor(|handle| {
        let ask = || {
            let closed = TcpListener::bind(loopback(0)).unwrap().local_addr().unwrap();
            handle.block_on(handle.connect(closed))
        };
        // A port that is free again another test may have by now, which lets in or resets.
        let taken = |outcome: &io::Result<_>| outcome.as_ref().map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true);
        let outcome = std::iter::repeat_with(ask).take(10).find(|outcome| !taken(outcome)).expect("not all ports are taken again");
        assert_eq!(kind(outcome), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn names_are_looked_up() {
    for_every_reactor(|handle| {
        let found = handle.block_on(handle.resolve("localhost", 80)).unwrap();
        assert!(!found.is_empty() && found.iter().all(|addr| addr.ip().is_loopback() && addr.port() == 80));
        assert_eq!(handle.block_on(handle.resolve("127.0.0.9", 1)).unwrap(), [SocketAddr::from(([127, 0, 0, 9], 1))]);
        assert_eq!(kind(handle.block_on(handle.resolve("nul\0", 80))), ErrorKind::InvalidInput);
    });
}

/// That they fire in their order is tested on the simulated clock: here, a busy machine may find several due at once.
#[test]
fn timers_fire_not_early_and_wait_for_no_later_one() {
    for_every_reactor(|handle| {
        let start = handle.now();
        handle.block_on(async {
            let short = futures_util::future::join_all([30_u64, 10, 20, 0].map(|milliseconds| {
                let at = start + Duration::from_millis(milliseconds);
                async move {
                    handle.sleep_until(at).await;
                    assert!(handle.now() >= at);
                    "short"
                }
            }));
            let long = async {
                handle.sleep(Duration::from_secs(3600)).await;
                vec!["long"]
            };
            assert_eq!(future::or(long, short).await, ["short"; 4]);
        });
    });
}

#[test]
fn a_limit_ends_what_is_late_only() {
    for_every_reactor(|handle| {
        let limit = Duration::from_millis(5);
        assert_eq!(handle.block_on(handle.timeout(limit, future::pending::<()>())), Err(Elapsed { limit }));
        assert_eq!(handle.block_on(handle.timeout(Duration::ZERO, async { 7 })), Ok(7));
        assert_eq!(handle.block_on(handle.timeout(Duration::MAX, handle.unblock(|| 8))), Ok(8));
    });
}

#[test]
fn unblock_leaves_the_thread_and_comes_back_with_value_or_panic() {
    for_every_reactor(|handle| {
        let name = handle.block_on(handle.unblock(|| thread::current().name().map(str::to_owned)));
        assert_eq!(name.as_deref(), Some("smolcrawl-pool"));
        let panicking = handle.clone();
        let outcome = thread::spawn(move || panicking.block_on(panicking.unblock(|| panic!("the work is wrong")))).join();
        assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"the work is wrong"));
        assert_eq!(handle.block_on(handle.unblock(|| 7)), 7, "the pool has survived");
    });
}

#[test]
fn work_whose_future_is_dropped_in_the_queue_is_skipped() {
    for_every_reactor(|handle| {
        let threads = thread::available_parallelism().unwrap().get().max(2);
        let barrier = Arc::new(std::sync::Barrier::new(threads + 1));
        let full: Vec<_> = (0..threads)
            .map(|_| {
                let barrier = barrier.clone();
                handle.unblock(move || _ = (barrier.wait(), barrier.wait()))
            })
            .collect();
        barrier.wait();
        let runs = Arc::new(AtomicUsize::new(0));
        let queue = || {
            let runs = runs.clone();
            handle.unblock(move || runs.fetch_add(1, Ordering::SeqCst))
        };
        let (kept, dropped) = (queue(), queue());
        drop(dropped);
        barrier.wait();
        handle.block_on(futures_util::future::join_all(full));
        handle.block_on(kept);
        // The pool works in order: what was queued before these has been taken.
        handle.block_on(futures_util::future::join_all((0..threads * 2).map(|_| handle.unblock(|| ()))));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_wake_from_another_thread_is_never_lost() {
    for_every_reactor(|handle| {
        let (to, from) = async_channel::bounded::<u32>(1);
        let (back, returned) = async_channel::bounded::<u32>(1);
        let echo = thread::spawn(move || {
            while let Ok(number) = from.recv_blocking() {
                back.send_blocking(number).unwrap();
            }
        });
        handle.block_on(async {
            for number in 0..20_000 {
                to.send(number).await.unwrap();
                assert_eq!(returned.recv().await.unwrap(), number);
            }
        });
        drop(to);
        echo.join().unwrap();
    });
}

#[test]
fn any_executor_may_poll_what_a_handle_gives() {
    for_every_reactor_that_drives_itself(|handle| {
        let (mut near, mut far) = future::block_on(pair(handle));
        let sending = thread::spawn(move || {
            future::block_on(async {
                far.write_all(ANSWER).await.unwrap();
                far.close().await.unwrap();
            });
        });
        let mut answer = Vec::new();
        future::block_on(near.read_to_end(&mut answer)).unwrap();
        assert_eq!(answer, ANSWER);
        sending.join().unwrap();
        future::block_on(handle.sleep(Duration::from_millis(1)));
    });
}

/// The probe's promise: an error and not async-io's panic, and the same process can choose again when it has room.
#[test]
#[cfg(target_os = "linux")]
fn a_reactor_that_cannot_start_is_an_error_and_no_panic() {
    if std::env::var_os("SMOLCRAWL_TEST_WITHOUT_FILES").is_some() {
        let mut files = Vec::new();
        let full = loop {
            match std::fs::File::open("/dev/null") {
                Ok(file) => files.push(file),
                Err(error) => break error,
            }
        };
        let error = reactor::choose(Choice::default()).unwrap_err();
        let reactor::Error::NoneStarts { attempts, .. } = &error else { panic!("{error:?}") };
        assert_eq!(attempts[0].error.raw_os_error(), full.raw_os_error());
        drop(files);
        start(ReactorKind::Selector, Drive::CallingThread).block_on(async {});
        eprintln!("refused, then started");
        return;
    }
    let test = "a_reactor_that_cannot_start_is_an_error_and_no_panic";
    let child = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 64; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env("SMOLCRAWL_TEST_WITHOUT_FILES", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && told.contains("refused, then started") && !told.contains("panicked"), "{told}");
}

#[test]
fn timers_are_many_in_order_and_cancelled_when_dropped() {
    for_every_reactor(|handle| {
        let start = handle.now();
        handle.block_on(async {
            let mut timers: FuturesUnordered<_> = (0..10_000_u64)
                .map(|number| {
                    // 7,919 is prime: no two have one deadline, and they are in no order.
                    let at = start + Duration::from_micros(number * 7919 % 10_000 * 20);
                    async move {
                        handle.sleep_until(at).await;
                        assert!(handle.now() >= at);
                        at
                    }
                })
                .collect();
            let never: Vec<_> = (0..1000).map(|_| future::poll_once(handle.sleep(Duration::from_secs(3600)))).collect();
            for sleep in never {
                assert!(sleep.await.is_none());
            }
            let mut fired = 0;
            while let Some(at) = timers.next().await {
                assert!(handle.now() >= at);
                fired += 1;
            }
            assert_eq!(fired, 10_000);
        });
    });
}

/// Far apart, so that no machine is too busy to tell one from the next.
#[test]
fn timers_of_one_task_fire_one_by_one() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let start = handle.now();
            let mut timers: FuturesUnordered<_> = [60_u64, 20, 40]
                .into_iter()
                .map(|milliseconds| async move {
                    handle.sleep_until(start + Duration::from_millis(milliseconds)).await;
                    milliseconds
                })
                .collect();
            for expected in [20, 40, 60] {
                let fired = timers.next().await.unwrap();
                assert!(fired == expected || handle.now() - start >= Duration::from_millis(60), "{fired} for {expected}");
            }
        });
    });
}

#[test]
fn many_threads_wake_many_tasks_and_none_is_forgotten() {
    const TASKS: usize = 64;
    const THREADS: usize = 8;
    const ROUNDS: usize = 100;
    for_every_reactor(|handle| {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..TASKS).map(|_| async_channel::bounded::<usize>(1)).unzip();
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let senders = senders.clone();
                thread::spawn(move || {
                    for round in 0..ROUNDS {
                        // Each thread begins with another task.
                        for task in 0..TASKS {
                            senders[(task + thread * 8) % TASKS].send_blocking(round).unwrap();
                        }
                    }
                })
            })
            .collect();
        drop(senders);
        let tasks = receivers.into_iter().map(|receiver| async move {
            let mut received = 0;
            while receiver.recv().await.is_ok() {
                received += 1;
            }
            received
        });
        let counts = handle.block_on(handle.timeout(LONG, futures_util::future::join_all(tasks))).expect("a wake was lost");
        assert_eq!(counts, [THREADS * ROUNDS; TASKS]);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn several_threads_block_on_one_reactor_at_once() {
    for_every_reactor(|handle| {
        let threads: Vec<_> = (0..4_u64)
            .map(|number| {
                let handle = handle.clone();
                thread::spawn(move || {
                    for round in 0..50 {
                        // Sockets and timers of one thread are turned by another, whose own future ends at any time.
                        let task = async {
                            let (mut near, mut far) = pair(&handle).await;
                            handle.sleep(Duration::from_micros((number * 7 + round) % 5 * 300)).await;
                            let reading = async {
                                let mut answer = [0; ANSWER.len()];
                                near.read_exact(&mut answer).await.unwrap();
                                answer
                            };
                            let (answer, ()) = future::zip(reading, answer_and_more(&mut far)).await;
                            drop(near);
                            answer
                        };
                        assert_eq!(handle.block_on(handle.timeout(LONG, task)).expect("nobody turned the reactor"), ANSWER);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// The first of three threads turns the reactor, the others stand by. Two of them leave, at once and in either order: the
/// third waits for a timer alone, and must be told to go on.
#[test]
fn threads_that_leave_hand_the_reactor_over() {
    for_every_reactor(|handle| {
        for round in 0..40 {
            let (begin, begun) = std::sync::mpsc::channel();
            let (end, ended) = std::sync::mpsc::channel();
            let leaving = |()| {
                let (leave, left) = async_channel::bounded::<()>(1);
                let (handle, begin) = (handle.clone(), begin.clone());
                let thread = thread::spawn(move || {
                    handle.block_on(async {
                        begin.send(()).unwrap();
                        left.recv().await.unwrap();
                    });
                });
                begun.recv().unwrap();
                (leave, thread)
            };
            let mut leaving = [(); 2].map(leaving);
            let staying = {
                let (handle, begin) = (handle.clone(), begin.clone());
                thread::spawn(move || {
                    let timer = handle.sleep(Duration::from_millis(4));
                    handle.block_on(async {
                        begin.send(()).unwrap();
                        timer.await;
                    });
                    end.send(()).unwrap();
                })
            };
            begun.recv().unwrap();
            // Now and then they have not yet got as far as to wait: that is another case.
            thread::sleep(Duration::from_millis(round % 2));
            if round % 4 < 2 {
                leaving.reverse();
            }
            leaving.iter().for_each(|(leave, _)| leave.send_blocking(()).unwrap());
            ended.recv_timeout(Duration::from_secs(20)).expect("nobody turns the reactor");
            staying.join().unwrap();
            leaving.into_iter().for_each(|(_, thread)| thread.join().unwrap());
        }
    });
}

#[test]
fn a_future_may_block_on_the_reactor_that_runs_it() {
    for_every_reactor(|handle| {
        let answer = handle.block_on(async {
            let (mut near, mut far) = pair(handle).await;
            handle.block_on(async {
                handle.sleep(Duration::from_millis(1)).await;
                far.write_all(ANSWER).await.unwrap();
                far.close().await.unwrap();
            });
            let mut answer = Vec::new();
            near.read_to_end(&mut answer).await.unwrap();
            answer
        });
        assert_eq!(answer, ANSWER);
    });
}

#[test]
fn several_tasks_accept_on_one_listener() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let listener = handle.listen(loopback(0)).await.unwrap();
            // One that gives up must not take the others' connection with it.
            let mut lost = Box::pin(listener.accept());
            assert!(future::poll_once(&mut lost).await.is_none());
            let accepting = futures_util::future::join_all((0..8).map(|_| listener.accept()));
            let connecting = async {
                handle.sleep(Duration::from_millis(1)).await;
                drop(lost);
                futures_util::future::join_all((0..8).map(|_| handle.connect(listener.local_addr()))).await
            };
            let (accepted, connected) = handle.timeout(LONG, future::zip(accepting, connecting)).await.expect("a connection was forgotten");
            let sorted = |mut ports: Vec<u16>| {
                ports.sort_unstable();
                ports
            };
            let near = sorted(connected.iter().map(|socket| socket.as_ref().unwrap().local_addr().unwrap().port()).collect());
            let far = sorted(accepted.iter().map(|accepted| accepted.as_ref().unwrap().1.port()).collect());
            assert_eq!(near, far);
        });
    });
}

#[test]
fn what_is_dropped_is_cancelled() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(handle).await;
            // A read and a write that never come to an end.
            assert!(handle.timeout(Duration::from_millis(5), socket.read(&mut [0])).await.is_err());
            // Piece by piece, as Windows takes a first write of any size whole.
            let (piece, mut begun) = (vec![0; 1 << 20], 0);
            while handle.timeout(Duration::from_millis(5), socket.write_all(&piece)).await.is_ok() {
                begun += piece.len();
                assert!(begun < 1 << 30, "nobody reads, and all is taken");
            }
            begun += piece.len();
            // The socket is as good as before.
            far.write_all(b"x").unwrap();
            assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 1);
            drop(socket);
            let mut sent = Vec::new();
            far.read_to_end(&mut sent).unwrap();
            assert!(!sent.is_empty() && sent.len() < begun, "it ends with what was sent");

            let listener = handle.listen(loopback(0)).await.unwrap();
            let addr = listener.local_addr();
            assert!(handle.timeout(Duration::from_millis(1), listener.accept()).await.is_err());
            drop(listener);
            let refused = async {
                loop {
                    match handle.connect(addr).await {
                        // Wine may let go of a listener that was waited for a moment later, and of what it had let in meanwhile.
                        Ok(_) if is_wine() => {}
                        Err(error) if is_wine() && error.kind() == ErrorKind::ConnectionReset => {}
                        outcome => return kind(outcome),
                    }
                }
            };
            assert_eq!(handle.timeout(LONG, refused).await, Ok(ErrorKind::ConnectionRefused));
            drop(handle.connect(server.addr));
        });
    });
}

/// The kernel gives up what a thread has asked it for when the thread ends.
#[test]
fn what_a_thread_began_goes_on_when_it_has_ended() {
    for_every_reactor_of_our_own(|kind, drive| {
        let handle = start(kind, drive);
        let server = Server::new();
        let (near, mut far) = handle.block_on(server.connection(&handle));
        let listener = handle.block_on(handle.listen(loopback(0))).unwrap();
        let (mut near, listener) = thread::scope(|scope| {
            let begin = || {
                handle.block_on(async {
                    let mut near = near;
                    // Long enough for the system to be asked.
                    let limit = Duration::from_millis(2);
                    assert!(handle.timeout(limit, near.read(&mut [0; 8])).await.is_err());
                    assert!(handle.timeout(limit, listener.accept()).await.is_err());
                    (near, listener)
                })
            };
            scope.spawn(begin).join().unwrap()
        });
        far.write_all(b"late").unwrap();
        let connecting = TcpStream::connect(listener.local_addr()).unwrap();
        handle.block_on(async {
            let mut late = [0; 4];
            handle.timeout(LONG, near.read_exact(&mut late)).await.expect("the read was forgotten").unwrap();
            assert_eq!(&late, b"late");
            let (_, peer) = handle.timeout(LONG, listener.accept()).await.expect("the accept was forgotten").unwrap();
            assert_eq!(peer, connecting.local_addr().unwrap());
        });
    });
}

/// Whatever the reactor had begun for the futures that were dropped.
#[test]
fn a_dropped_future_takes_nothing_with_it() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            let listener = handle.listen(loopback(0)).await.unwrap();
            let (mut socket, mut far) = server.connection(handle).await;
            for round in 0..20 {
                // Polled, and dropped before or after the system has done it.
                assert!(handle.timeout(Duration::from_micros(round * 50), listener.accept()).await.is_err());
                assert!(handle.timeout(Duration::from_micros(round * 50), socket.read(&mut [0; 8])).await.is_err());
                let connecting = TcpStream::connect(listener.local_addr()).unwrap();
                far.write_all(b"abcd").unwrap();
                until(|| !socket.is_quiet());
                if round % 2 == 0 {
                    handle.sleep(Duration::from_micros(500)).await;
                }
                let (_, peer) = handle.timeout(LONG, listener.accept()).await.expect("the connection is lost").unwrap();
                assert_eq!(peer, connecting.local_addr().unwrap());
                // In smaller parts than were asked for first.
                let mut parts = [[0; 3], [0; 3]];
                assert_eq!(socket.read(&mut parts[0]).await.unwrap(), 3);
                assert!(!socket.is_quiet());
                assert_eq!(socket.read(&mut parts[1]).await.unwrap(), 1);
                assert_eq!(parts.concat()[..4], *b"abcd");
                assert!(socket.is_quiet());
            }
        });
    });
}

#[test]
fn a_connection_that_was_accepted_for_nobody_is_closed() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let listener = handle.listen(loopback(0)).await.unwrap();
            assert!(handle.timeout(Duration::from_millis(1), listener.accept()).await.is_err());
            let mut far = TcpStream::connect(listener.local_addr()).unwrap();
            far.set_read_timeout(Some(LONG)).unwrap();
            drop(listener);
            handle.sleep(Duration::from_millis(1)).await;
            let ended = handle.unblock(move || far.read(&mut [0])).await;
            assert!(matches!(&ended, Ok(0)) || matches!(&ended, Err(error) if error.kind() == ErrorKind::ConnectionReset), "{ended:?}");
        });
    });
}

/// RFC 9293 3.10.4 and 3.10.5: the peer must be able to tell that not all it sent was read.
#[test]
#[cfg(target_os = "linux")]
fn a_socket_dropped_with_bytes_unread_resets_the_connection() {
    for_every_reactor(|handle| {
        let server = Server::new();
        handle.block_on(async {
            for round in 0..10 {
                let (mut socket, mut far) = server.connection(handle).await;
                if round % 2 == 1 {
                    // A reactor that reads by itself has begun to, for eight bytes.
                    assert!(handle.timeout(Duration::from_millis(1), socket.read(&mut [0; 8])).await.is_err());
                }
                far.write_all(b"abcd").unwrap();
                until(|| !socket.is_quiet());
                if round % 2 == 1 {
                    assert_eq!(socket.read(&mut [0]).await.unwrap(), 1);
                }
                drop(socket);
                let ended = handle.unblock(move || far.read(&mut [0])).await;
                assert_eq!(kind(ended), ErrorKind::ConnectionReset, "round {round}");
            }
        });
    });
}

/// What was reported as written goes out without a flush, whether or not the reactor turns again.
#[test]
fn what_was_written_goes_out_at_once() {
    for_every_reactor(|handle| {
        let server = Server::new();
        let (mut socket, mut far) = handle.block_on(server.connection(handle));
        let mut bytes = [0; 4];
        handle.block_on(async {
            socket.write_all(b"once").await.unwrap();
            far.read_exact(&mut bytes).unwrap();
        });
        assert_eq!(&bytes, b"once");
        handle.block_on(async { socket.write_all(b"more").await.unwrap() });
        drop(socket);
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"more");
    });
}

#[test]
fn several_buffers_are_read_and_written_at_once() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let (mut near, mut far) = pair(handle).await;
            let parts: Vec<_> = (0..2000_u16).map(u16::to_be_bytes).collect();
            let slices: Vec<_> = parts.iter().map(|part| io::IoSlice::new(part)).collect();
            let written = near.write_vectored(&slices).await.unwrap();
            assert!(written > 2, "more than one buffer");
            let mut received = vec![0; written];
            let (head, tail) = received.split_at_mut(5);
            let mut read =
                far.read_vectored(&mut [io::IoSliceMut::new(head), io::IoSliceMut::new(&mut []), io::IoSliceMut::new(tail)]).await.unwrap();
            assert!(read > 5, "more than one buffer");
            while read < written {
                read += far.read(&mut received[read..]).await.unwrap();
            }
            assert_eq!(received, parts.concat()[..written]);
        });
    });
}

#[test]
fn the_other_internet_protocol_works_too() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let listener = match handle.listen("[::1]:0".parse().unwrap()).await {
                // Not on every machine.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return,
                listener => listener.unwrap(),
            };
            let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
            let (near, (far, peer)) = (near.unwrap(), far.unwrap());
            assert!(near.peer_addr().is_ipv6() && near.local_addr().unwrap() == peer && far.peer_addr() == peer);
        });
    });
}

/// A child that inherited a connection would keep it open, and its peer waiting for the end.
#[test]
fn a_child_inherits_no_connection() {
    for_every_reactor(|handle| {
        handle.block_on(async {
            let (near, mut far) = pair(handle).await;
            let (mut connected, accepted) = pair(handle).await;
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "ends_with_its_input"])
                .env(CHILD, "1")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            drop((near, accepted));
            for (peer, which) in [(&mut far, "was connected"), (&mut connected, "was accepted")] {
                let read = handle.timeout(LONG, peer.read(&mut [0])).await;
                assert_eq!(read.expect(which).unwrap(), 0, "which {which}");
            }
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success());
        });
    });
}

/// The child of the test above.
#[test]
fn ends_with_its_input() {
    if std::env::var_os(CHILD).is_some() {
        io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
    }
}

const CHILD: &str = "SMOLCRAWL_TEST_CHILD";

/// A socket that is dropped on one thread while another one waits for it in the system's queue.
#[test]
fn a_socket_dropped_elsewhere_is_closed_at_once() {
    for_every_reactor(|handle| {
        let server = Server::new();
        let (leave, left) = async_channel::bounded::<()>(1);
        let turning = {
            let handle = handle.clone();
            thread::spawn(move || handle.block_on(async { left.recv().await.unwrap() }))
        };
        for _ in 0..10 {
            let (mut socket, mut far) = handle.block_on(server.connection(handle));
            assert!(handle.block_on(future::poll_once(socket.read(&mut [0]))).is_none());
            thread::yield_now();
            drop(socket);
            far.set_read_timeout(Some(LONG)).unwrap();
            assert_eq!(far.read(&mut [0]).unwrap(), 0, "FIN has come");
        }
        leave.send_blocking(()).unwrap();
        turning.join().unwrap();
    });
}

/// Not so with async-io: a task that never has to wait has the thread for itself.
#[test]
fn a_peer_that_never_pauses_does_not_stop_the_clock() {
    for_every_reactor_of_our_own(|kind, drive| {
        let handle = start(kind, drive);
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(&handle).await;
            let sending = thread::spawn(move || while far.write_all(&[7; 1 << 16]).is_ok() {});
            let reading = async {
                // One byte at a time, so that the reader is always the slower one.
                while socket.read_exact(&mut [0]).await.is_ok() {}
            };
            let limit = Duration::from_millis(20);
            assert_eq!(handle.timeout(limit, reading).await, Err(Elapsed { limit }));
            drop(socket);
            handle.unblock(|| sending.join().unwrap()).await;
        });
    });
}

#[test]
fn a_peer_that_takes_everything_does_not_stop_the_clock() {
    for_every_reactor_of_our_own(|kind, drive| {
        let handle = start(kind, drive);
        let server = Server::new();
        handle.block_on(async {
            let (mut socket, mut far) = server.connection(&handle).await;
            let reading = thread::spawn(move || while !matches!(far.read(&mut [0; 1 << 16]), Ok(0) | Err(_)) {});
            let begun = Instant::now();
            let writing = async {
                // So little at a time that there is always room.
                while begun.elapsed() < LONG {
                    socket.write_all(&[7]).await.unwrap();
                }
            };
            let limit = Duration::from_millis(20);
            assert_eq!(handle.timeout(limit, writing).await, Err(Elapsed { limit }));
            drop(socket);
            handle.unblock(|| reading.join().unwrap()).await;
        });
    });
}

#[test]
fn a_socket_outlives_its_handle() {
    for_every_reactor_of_our_own(|kind, _| {
        let handle = start(kind, Drive::OwnThread);
        let (mut near, mut far) = handle.block_on(pair(&handle));
        drop(handle);
        future::block_on(async {
            assert!(future::poll_once(near.read(&mut [0])).await.is_none());
            far.write_all(ANSWER).await.unwrap();
            drop(far);
            let mut answer = Vec::new();
            near.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, ANSWER);
        });
    });
}

#[test]
#[cfg(any(target_os = "linux", windows))]
fn a_reactor_that_was_dropped_leaves_nothing_behind() {
    in_a_child("a_reactor_that_was_dropped_leaves_nothing_behind", "ulimit -n 64", || {
        let (before, threads) = (process::handles(), process::threads());
        for_every_reactor_of_our_own(|kind, drive| {
            let mut files = before;
            for round in 0..1000 {
                let handle = start(kind, drive);
                handle.block_on(async {
                    let (mut near, mut far) = pair(&handle).await;
                    assert!(future::poll_once(near.read(&mut [0])).await.is_none());
                    answer_and_more(&mut far).await;
                    near.read_exact(&mut [0; ANSWER.len()]).await.unwrap();
                    assert!(future::poll_once(handle.sleep(LONG)).await.is_none());
                    if round % 100 == 0 {
                        handle.unblock(|| ()).await;
                    }
                });
                drop(handle);
                if cfg!(windows) {
                    // Handles that the system opens once for a process, and those of the pool's threads, come with the first rounds.
                    files = if round < 200 { process::handles() } else { files };
                    until(|| process::handles() <= files);
                } else if process::handles() != files {
                    // A wake from the pool's thread may hold the reactor for a moment more.
                    assert_eq!(round % 100, 0, "round {round}");
                    until(|| process::handles() == files);
                }
            }
        });
        // The pool's threads end in their own time; the reactor's have been waited for.
        until(|| process::threads() == threads);
    });
}

/// Who accepts is told of it, and the connection waits until there is room.
#[test]
#[cfg(target_os = "linux")]
fn a_listener_survives_a_lack_of_descriptors() {
    in_a_child("a_listener_survives_a_lack_of_descriptors", "ulimit -n 64", || {
        for_every_reactor(|handle| {
            handle.block_on(async {
                let listener = handle.listen(loopback(0)).await.unwrap();
                let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
                let mut near = vec![near.unwrap(), handle.connect(listener.local_addr()).await.unwrap()];
                let mut files = Vec::new();
                while let Ok(file) = std::fs::File::open("/dev/null") {
                    files.push(file);
                }
                for _ in 0..3 {
                    assert_eq!(listener.accept().await.unwrap_err().raw_os_error(), Some(24), "accept says so, as often as it is asked");
                    assert_eq!(handle.connect(listener.local_addr()).await.unwrap_err().raw_os_error(), Some(24), "connect too");
                }
                handle.sleep(Duration::from_millis(1)).await;
                drop(files);
                let (mut waited, _) = listener.accept().await.unwrap();
                waited.write_all(b"x").await.unwrap();
                near[1].read_exact(&mut [0]).await.unwrap();
                near.push(handle.connect(listener.local_addr()).await.unwrap());
                listener.accept().await.unwrap();
                drop(far);
            });
        });
    });
}

#[test]
#[cfg(any(target_os = "linux", windows))]
fn a_thousand_idle_connections_leave_room_for_a_busy_one() {
    in_a_child("a_thousand_idle_connections_leave_room_for_a_busy_one", "ulimit -n 2200", || {
        for_every_reactor(|handle| {
            handle.block_on(async {
                let listener = handle.listen(loopback(0)).await.unwrap();
                let mut idle = Vec::new();
                for _ in 0..1000 {
                    let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
                    idle.push((near.unwrap(), far.unwrap().0));
                }
                let (mut near, mut far) = idle.pop().unwrap();
                let mut waiting: FuturesUnordered<_> = idle
                    .iter_mut()
                    .map(|(near, _)| async {
                        let mut byte = [0];
                        near.read_exact(&mut byte).await.unwrap();
                        byte[0]
                    })
                    .collect();
                let echo = async {
                    for number in 0..100 {
                        near.write_all(&[number]).await.unwrap();
                        let mut byte = [0];
                        far.read_exact(&mut byte).await.unwrap();
                        assert_eq!(byte, [number]);
                    }
                    None
                };
                assert_eq!(future::or(echo, waiting.next()).await, None, "an idle one has woken");
                drop(waiting);
                // All of them at once.
                let (near, far): (Vec<_>, Vec<_>) = idle.into_iter().unzip();
                let writing = futures_util::future::join_all(far.into_iter().map(|mut far| async move { answer_and_more(&mut far).await }));
                let reading = futures_util::future::join_all(
                    near.into_iter().map(|mut near| async move { near.read_exact(&mut [0]).await.unwrap() }),
                );
                assert_eq!(future::zip(reading, writing).await.0.len(), 999);
            });
        });
    });
}

const DRIVES: [Drive; 2] = [Drive::CallingThread, Drive::OwnThread];

/// Runs the same test on each.
fn for_every_reactor(test: impl Fn(&Handle)) {
    for kind in kinds() {
        for drive in DRIVES {
            run_with(kind, drive, &test);
        }
    }
}

/// Those that go on while nobody is in their `block_on`.
fn for_every_reactor_that_drives_itself(test: impl Fn(&Handle)) {
    run_with(ReactorKind::Selector, Drive::CallingThread, &test);
    kinds().for_each(|kind| run_with(kind, Drive::OwnThread, &test));
}

/// Those that can be started as often as one likes: async-io is one for the process.
fn for_every_reactor_of_our_own(test: impl Fn(ReactorKind, Drive)) {
    for kind in kinds().filter(|kind| *kind != ReactorKind::Selector) {
        for drive in DRIVES {
            let _name = Name(kind, drive);
            test(kind, drive);
        }
    }
}

fn run_with(kind: ReactorKind, drive: Drive, test: impl Fn(&Handle)) {
    let _name = Name(kind, drive);
    test(&start(kind, drive));
}

fn start(kind: ReactorKind, drive: Drive) -> Handle {
    let (handle, report) = reactor::choose(Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse }).unwrap();
    assert_eq!((report.chosen, report.drive), (kind, drive));
    handle
}

/// Tells which reactor a test failed with.
struct Name(ReactorKind, Drive);

impl Drop for Name {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("this was reactor {}, driven by the {}", self.0, self.1);
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

async fn pair(handle: &Handle) -> (Socket, Socket) {
    let listener = handle.listen(loopback(0)).await.unwrap();
    let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
    (near.unwrap(), far.unwrap().0)
}

/// More than is going to be read: so the connection ends with a reset, and none of the system's ports is kept from later
/// tests for a minute, as a closed one is.
async fn answer_and_more(far: &mut Socket) {
    far.write_all(&[ANSWER, b"more"].concat()).await.unwrap();
}

/// The far side, on std's blocking sockets: what it does is done when the call returns.
struct Server {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind(loopback(0)).unwrap();
        Self { addr: listener.local_addr().unwrap(), listener }
    }

    fn accept(&self) -> TcpStream {
        self.listener.accept().unwrap().0
    }

    async fn connection(&self, handle: &Handle) -> (Socket, TcpStream) {
        let socket = handle.connect(self.addr).await.unwrap();
        (socket, self.accept())
    }
}

/// The peer answers in full and closes with the request unread, which resets the connection.
async fn complete_answer_then_reset(socket: &mut Socket, mut far: TcpStream) {
    socket.write_all(b"GET").await.unwrap();
    far.peek(&mut [0]).unwrap();
    far.write_all(ANSWER).unwrap();
    // Before the reset, as Windows drops then what was not read.
    socket.read_exact(&mut [0; ANSWER.len()]).await.unwrap();
    drop(far);
    until(|| !socket.is_quiet());
}

/// Writes until the reset has arrived and the write is told of it.
fn wait_for_reset_by_writing(mut write: impl FnMut() -> io::Result<usize>) {
    let start = Instant::now();
    loop {
        match write() {
            Ok(_) => assert!(start.elapsed() < Duration::from_secs(30), "no reset came"),
            Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never happened");
        thread::yield_now();
    }
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}
