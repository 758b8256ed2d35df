//! Does a reactor stay what it was, after minutes or hours of abuse?
//!
//! `SOAK_MINUTES=10 SOAK_REACTOR=edge cargo bench --bench soak`: laps of mixed traffic, each a bounded amount of it, so that
//! between laps nothing is open. A lap that does not end is a wake-up that was lost; descriptors and memory that grow from lap to
//! lap are leaks. Either ends the soak with an error. `SOAK_DRIVE=thread` gives the reactor a thread of its own.

use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::LocalExecutor;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, Listener, ReactorKind, Socket, choose};

fn main() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let minutes: f64 = variable("SOAK_MINUTES").map_or(1.0, |minutes| minutes.parse().expect("SOAK_MINUTES is a number"));
    let kind: ReactorKind =
        variable("SOAK_REACTOR").map_or(ReactorKind::Auto, |kind| kind.parse().expect("SOAK_REACTOR is a reactor's name"));
    let drive = if variable("SOAK_DRIVE").as_deref() == Some("thread") { Drive::OwnThread } else { Drive::CallingThread };
    let (handle, report) =
        choose(Choice { kind, asked_by: AskedBy::Environment, drive, fallback: Fallback::Refuse }).expect("the reactor starts");
    say(&format!("{report}, for {minutes} minutes"));

    let laps = Arc::new(AtomicU64::new(0));
    watch(laps.clone());
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut done = Done::default();
    let mut first = None;
    while Instant::now() < end {
        done.add(lap(&handle));
        let lap = laps.fetch_add(1, Ordering::SeqCst) + 1;
        let now = Held::now();
        // The first laps fill the buffers and tables that are kept.
        if lap == WARM {
            first = Some(now);
        }
        if let Some(first) = &first
            && (lap == WARM || lap.is_multiple_of(50))
        {
            say(&format!("lap {lap}: {now}, {done}"));
            now.compare(first);
        }
    }
    let (now, laps) = (Held::now(), laps.load(Ordering::SeqCst));
    if let Some(first) = &first {
        now.compare(first);
    }
    say(&format!("{laps} laps: {now}, {done}, {} failed shutdowns; nothing lost, nothing leaked", handle.benign_shutdowns()));
}

/// Laps before memory is compared.
const WARM: u64 = 10;

/// What a lap did.
#[derive(Clone, Copy, Default)]
struct Done {
    connections: u64,
    resets: u64,
    cancelled: u64,
    timers: u64,
    wakes: u64,
}

impl Done {
    fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.resets += other.resets;
        self.cancelled += other.cancelled;
        self.timers += other.timers;
        self.wakes += other.wakes;
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { connections, resets, cancelled, timers, wakes } = self;
        write!(f, "{connections} connections, {resets} resets, {cancelled} cancelled, {timers} timers, {wakes} wakes by other threads")
    }
}

/// Ends the process when a lap takes too long.
fn watch(laps: Arc<AtomicU64>) {
    thread::spawn(move || {
        let mut seen = 0;
        loop {
            thread::sleep(TOO_LONG);
            let now = laps.load(Ordering::SeqCst);
            if now == seen {
                say(&format!("lap {} has not ended within {TOO_LONG:?}: a wake-up was lost", now + 1));
                std::process::exit(1);
            }
            seen = now;
        }
    });
}

/// A lap takes well under a second of processor time.
const TOO_LONG: Duration = Duration::from_secs(120);

/// All of it at once, to its end.
fn lap(handle: &Handle) -> Done {
    let executor = Rc::new(LocalExecutor::new());
    let outside = from_outside(handle);
    let inside = handle.block_on(executor.run(async {
        let listener = Rc::new(handle.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port is free"));
        let addr = listener.local_addr();
        let serving = executor.spawn(serve(executor.clone(), listener));
        let clients: Vec<_> = (0..32).map(|seed| executor.spawn(client(handle.clone(), addr, seed))).collect();
        let timers = executor.spawn(timers(handle.clone()));
        let woken = executor.spawn(woken_by_a_thread());
        let mut done = Done::default();
        for task in clients.into_iter().chain([timers, woken]) {
            done.add(task.await);
        }
        serving.cancel().await;
        done
    }));
    let mut done = outside.join().expect("the other thread has not failed");
    done.add(inside);
    // Not before its tasks have given back their sockets.
    drop(executor);
    done
}

/// Does to each connection what its first byte says.
async fn serve(executor: Rc<LocalExecutor<'static>>, listener: Rc<Listener>) {
    loop {
        let Ok((mut socket, _)) = listener.accept().await else { continue };
        executor
            .spawn(async move {
                let mut message = [0; 64];
                while let Ok(count @ 1..) = socket.read(&mut message).await {
                    match message[0] {
                        b'e' if socket.write_all(&message[..count]).await.is_ok() => {}
                        // Answers, and closes with part of the question unread: a reset behind a complete answer.
                        b'r' => {
                            let _ = socket.write_all(&message[..count]).await;
                            return;
                        }
                        b'h' => return future::pending().await,
                        _ => return,
                    }
                }
            })
            .detach();
    }
}

async fn client(handle: Handle, addr: SocketAddr, seed: u64) -> Done {
    let mut done = Done::default();
    for number in 0..16 {
        let Ok(mut socket) = handle.connect(addr).await else { continue };
        done.connections += 1;
        match (seed + number) % 4 {
            0 | 1 => {
                for _ in 0..8 {
                    echo(&mut socket).await;
                }
                let _ = socket.close().await;
            }
            2 => {
                // Longer than what the server reads at once.
                let _ = socket.write_all(&[b'r'; 200]).await;
                let mut answer = Vec::new();
                let read = socket.read_to_end(&mut answer).await;
                done.resets += u64::from(read.is_err());
                socket.close().await.expect("closing after a reset is no error");
            }
            _ => {
                let _ = socket.write_all(b"h").await;
                let patience = Duration::from_micros(seed * 100);
                let late = handle.timeout(patience, socket.read(&mut [0; 8])).await;
                done.cancelled += u64::from(late.is_err());
            }
        }
        // A connection that is given up before it stands.
        if number % 4 == 0 {
            let _ = future::poll_once(handle.connect(addr)).await;
            done.cancelled += 1;
        }
    }
    done
}

async fn echo(socket: &mut Socket) {
    let (question, mut answer) = ([b'e'; 32], [0; 32]);
    socket.write_all(&question).await.expect("the server reads");
    socket.read_exact(&mut answer).await.expect("the server answers");
    assert_eq!(answer, question);
}

/// Half of them are dropped before they are due.
async fn timers(handle: Handle) -> Done {
    let start = handle.now();
    let mut kept = Vec::new();
    for number in 0..400_u64 {
        let at = start + Duration::from_micros(number * 7919 % 20_000);
        let mut sleep = handle.sleep_until(at);
        if future::poll_once(&mut sleep).await.is_none() && number % 2 == 0 {
            kept.push((at, sleep));
        }
    }
    for (at, sleep) in kept {
        sleep.await;
        assert!(handle.now() >= at, "a timer was early");
    }
    Done { timers: 400, ..Done::default() }
}

/// Each number goes to another thread and comes back.
async fn woken_by_a_thread() -> Done {
    const NUMBERS: u64 = 500;
    let (to, from) = async_channel::bounded(1);
    let (back, returned) = async_channel::bounded(1);
    let echoing = thread::spawn(move || {
        while let Ok(number) = from.recv_blocking() {
            back.send_blocking(number).expect("somebody waits for it");
        }
    });
    for number in 0..NUMBERS {
        to.send(number).await.expect("the thread takes it");
        assert_eq!(returned.recv().await, Ok(number));
    }
    drop(to);
    echoing.join().expect("the thread has not failed");
    Done { wakes: NUMBERS, ..Done::default() }
}

/// A second thread in `block_on`, with a connection and work of its own, which takes turns at the reactor.
fn from_outside(handle: &Handle) -> thread::JoinHandle<Done> {
    let handle = handle.clone();
    thread::spawn(move || {
        handle.block_on(async {
            let listener = handle.listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port is free");
            let (near, far) = future::zip(handle.connect(listener.local_addr()), listener.accept()).await;
            let (mut near, mut far) = (near.expect("it connects"), far.expect("it is accepted").0);
            for number in 0..100_u8 {
                let mut got = [0];
                let (sent, received) = future::zip(near.write_all(&[number]), far.read_exact(&mut got)).await;
                sent.and(received).expect("both ends are open");
                assert_eq!(got, [number]);
                assert_eq!(handle.unblock(move || number).await, number);
            }
        });
        Done { connections: 1, wakes: 100, ..Done::default() }
    })
}

/// What the process holds.
#[derive(Clone, Copy)]
struct Held {
    descriptors: usize,
    memory: u64,
}

impl Held {
    fn now() -> Self {
        let pages = std::fs::read_to_string("/proc/self/statm").ok();
        let resident = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0);
        Self { descriptors: std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count), memory: resident * 4096 }
    }

    fn compare(&self, first: &Self) {
        if self.descriptors > first.descriptors + 2 || self.memory > first.memory + first.memory / 4 + (8 << 20) {
            say(&format!("a leak: {self} where it was {first}"));
            std::process::exit(1);
        }
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} descriptors, {} KiB", self.descriptors, self.memory / 1024)
    }
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("somebody reads what this prints");
}
