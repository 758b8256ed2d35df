//! Joins a blocking file on a thread of its own to the futures-io side, through a bounded buffer: the executor never
//! waits for the file, and the file's owner waits when the buffer is full.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_io::{AsyncRead, AsyncWrite};

/// The asynchronous end of a file that a thread reads.
#[derive(Debug)]
pub(crate) struct Incoming(Arc<Shared>);

/// The asynchronous end of a file that a thread writes.
#[derive(Debug)]
pub(crate) struct Outgoing(Arc<Shared>);

/// Starts the thread that reads `file`. When the asynchronous end is dropped the thread ends with its next read.
pub(crate) fn read_on_thread(name: &str, file: impl Read + Send + 'static) -> io::Result<Incoming> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || theirs.read_all(file))?;
    Ok(Incoming(shared))
}

/// Starts the thread that writes `file`. It ends when the asynchronous end was closed or dropped and everything is written.
pub(crate) fn write_on_thread(name: &str, file: impl Write + Send + 'static) -> io::Result<Outgoing> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || theirs.write_all(file))?;
    Ok(Outgoing(shared))
}

/// Bytes held between the file and the task.
const CAPACITY: usize = 256 << 10;
/// Bytes per system call.
const CHUNK: usize = 64 << 10;
const STACK: usize = 128 << 10;

#[derive(Debug, Default)]
struct Shared {
    /// Held for a copy of at most `CAPACITY` bytes; never across a system call or `.await`.
    state: Mutex<State>,
    /// The thread waits here for room or for bytes.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    /// The producer is done: end of file, or the writer was closed.
    has_ended: bool,
    /// The consumer is gone or failed.
    is_abandoned: bool,
    /// The writing thread holds bytes that are no longer in `bytes`.
    is_writing: bool,
    error: Option<io::Error>,
    /// The task that waits for bytes or for room.
    waker: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change below is complete before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn read_all(&self, mut file: impl Read) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = file.read(&mut chunk);
            let mut state = self.lock();
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) => state.has_ended = true,
                Err(error) => state.error = Some(error),
                Ok(count) => {
                    while state.bytes.len() + count > CAPACITY && !state.is_abandoned {
                        state = self.wait(state);
                    }
                    state.bytes.extend(&chunk[..count]);
                }
            }
            wake(state.waker.take());
            if state.has_ended || state.is_abandoned || state.error.is_some() {
                return;
            }
        }
    }

    fn write_all(&self, mut file: impl Write) {
        let mut bytes = VecDeque::new();
        loop {
            let mut state = self.lock();
            while state.bytes.is_empty() && !state.has_ended {
                state = self.wait(state);
            }
            if state.bytes.is_empty() {
                return;
            }
            std::mem::swap(&mut state.bytes, &mut bytes);
            state.is_writing = true;
            wake(state.waker.take());
            drop(state);

            let (first, second) = bytes.as_slices();
            let written = file.write_all(first).and_then(|()| file.write_all(second)).and_then(|()| file.flush());
            bytes.clear();

            let mut state = self.lock();
            state.is_writing = false;
            let has_failed = written.is_err();
            state.error = written.err();
            state.is_abandoned = has_failed;
            wake(state.waker.take());
            if has_failed {
                return;
            }
        }
    }
}

impl AsyncRead for Incoming {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if !state.bytes.is_empty() {
            let count = state.bytes.read(buffer);
            self.0.changed.notify_one();
            return Poll::Ready(count);
        }
        if let Some(error) = state.error.take() {
            state.has_ended = true;
            return Poll::Ready(Err(error));
        }
        if state.has_ended {
            return Poll::Ready(Ok(0));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.0.lock().is_abandoned = true;
        self.0.changed.notify_one();
    }
}

impl AsyncWrite for Outgoing {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if state.is_abandoned {
            return Poll::Ready(Err(failure(&mut state)));
        }
        let room = CAPACITY.saturating_sub(state.bytes.len());
        if room == 0 {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        state.bytes.extend(&bytes[..count]);
        self.0.changed.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.is_abandoned {
            return Poll::Ready(Err(failure(&mut state)));
        }
        if state.bytes.is_empty() && !state.is_writing {
            return Poll::Ready(Ok(()));
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.as_mut().poll_flush(cx))?;
        self.0.lock().has_ended = true;
        self.0.changed.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.0.lock().has_ended = true;
        self.0.changed.notify_one();
    }
}

/// The thread's error, or when it was already told, that nothing can be written any more.
fn failure(state: &mut State) -> io::Error {
    state.error.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
