//! For the tests of this room: a clock that jumps, pipes in memory, and an executor that notices when nothing can happen any more.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_io::{AsyncRead, AsyncWrite};
use serde_json::Value;

use crate::mcp::clock::{Clock, Sleep};

/// Stands still until everything waits, then jumps to the next wait's end.
#[derive(Clone, Debug)]
pub(crate) struct VirtualClock(Arc<Mutex<Time>>);

#[derive(Debug)]
struct Time {
    start: Instant,
    now: Instant,
    /// By end, then by order of creation.
    sleepers: BTreeMap<(Instant, u64), Option<Waker>>,
    created: u64,
}

impl VirtualClock {
    pub(crate) fn new() -> VirtualClock {
        let start = Instant::now();
        VirtualClock(Arc::new(Mutex::new(Time { start, now: start, sleepers: BTreeMap::new(), created: 0 })))
    }

    /// Time since the clock was made.
    pub(crate) fn elapsed(&self) -> Duration {
        let time = self.0.lock().unwrap();
        time.now - time.start
    }

    /// Polls `main` to its end; panics when it waits for something that will never happen.
    pub(crate) fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(flag.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(result) = main.as_mut().poll(&mut cx) {
                return result;
            }
            if !flag.0.swap(false, Ordering::AcqRel) {
                assert!(self.jump(), "everything waits, and no time will end it");
            }
        }
    }

    fn jump(&self) -> bool {
        let mut time = self.0.lock().unwrap();
        let Some(((at, _), waker)) = time.sleepers.pop_first() else { return false };
        time.now = time.now.max(at);
        drop(time);
        waker.expect("a sleeper that was never polled").wake();
        true
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().now
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let mut time = self.0.lock().unwrap();
        time.created += 1;
        Box::pin(Sleeper { clock: self.clone(), key: (time.now + duration, time.created) })
    }
}

struct Sleeper {
    clock: VirtualClock,
    key: (Instant, u64),
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut time = self.clock.0.lock().unwrap();
        if time.now >= self.key.0 {
            time.sleepers.remove(&self.key);
            return Poll::Ready(());
        }
        time.sleepers.insert(self.key, Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.0.lock().unwrap().sleepers.remove(&self.key);
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Polls the future only when it was woken itself, as a task of its own would be: a forgotten wake-up hangs, and `run` notices.
pub(crate) async fn as_task<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let relay = Arc::new(Relay { is_woken: AtomicBool::new(true), outer: Mutex::new(Waker::noop().clone()) });
    let waker = Waker::from(relay.clone());
    std::future::poll_fn(|cx| {
        relay.outer.lock().unwrap().clone_from(cx.waker());
        if relay.is_woken.swap(false, Ordering::AcqRel) { future.as_mut().poll(&mut Context::from_waker(&waker)) } else { Poll::Pending }
    })
    .await
}

struct Relay {
    is_woken: AtomicBool,
    outer: Mutex<Waker>,
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.outer.lock().unwrap().wake_by_ref();
    }
}

/// One direction of a connection; clones are the same pipe.
#[derive(Clone, Debug)]
pub(crate) struct Pipe(Arc<Mutex<Contents>>);

#[derive(Debug)]
struct Contents {
    bytes: VecDeque<u8>,
    capacity: usize,
    is_closed: bool,
    /// What both ends meet from now on.
    failure: Option<io::ErrorKind>,
    wakers: Vec<Waker>,
}

impl Pipe {
    pub(crate) fn new(capacity: usize) -> Pipe {
        Pipe(Arc::new(Mutex::new(Contents { bytes: VecDeque::new(), capacity, is_closed: false, failure: None, wakers: Vec::new() })))
    }

    pub(crate) fn fail(&self, kind: io::ErrorKind) {
        self.change(|contents| contents.failure = Some(kind));
    }

    pub(crate) fn close(&self) {
        self.change(|contents| contents.is_closed = true);
    }

    /// From now on everything is taken at once.
    pub(crate) fn widen(&self) {
        self.change(|contents| contents.capacity = usize::MAX);
    }

    /// Puts bytes in whatever the capacity.
    pub(crate) fn push(&self, bytes: &[u8]) {
        self.change(|contents| contents.bytes.extend(bytes));
    }

    /// The next line as JSON, or `None` at the end.
    pub(crate) async fn line(&self) -> Option<Value> {
        let line = std::future::poll_fn(|cx| {
            let mut contents = self.0.lock().unwrap();
            let end = contents.bytes.iter().position(|&byte| byte == b'\n');
            if end.is_none() && !contents.is_closed && contents.bytes.len() < contents.capacity {
                contents.wakers.push(cx.waker().clone());
                return Poll::Pending;
            }
            let count = end.map_or(contents.bytes.len(), |end| end + 1);
            let line: Vec<u8> = contents.bytes.drain(..count).collect();
            contents.wake();
            Poll::Ready((!line.is_empty()).then_some(line))
        })
        .await?;
        Some(serde_json::from_slice(&line).expect("every line is JSON"))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().bytes.len()
    }

    fn change(&self, change: impl FnOnce(&mut Contents)) {
        let mut contents = self.0.lock().unwrap();
        change(&mut contents);
        contents.wake();
    }
}

impl Contents {
    fn wake(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut contents = self.0.lock().unwrap();
        if let Some(kind) = contents.failure {
            return Poll::Ready(Err(kind.into()));
        }
        if contents.bytes.is_empty() && !contents.is_closed {
            contents.wakers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let count = contents.bytes.read(buffer);
        contents.wake();
        Poll::Ready(count)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut contents = self.0.lock().unwrap();
        if let Some(kind) = contents.failure {
            return Poll::Ready(Err(kind.into()));
        }
        let count = bytes.len().min(contents.capacity.saturating_sub(contents.bytes.len()));
        if count == 0 {
            contents.wakers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let written = contents.bytes.write(&bytes[..count]);
        contents.wake();
        Poll::Ready(written)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}
