//! Joins a blocking file on a thread of its own to the futures-io side, through a bounded buffer: the executor never
//! waits for the file, and the file's owner waits when the buffer is full. What can be written without waiting is not
//! handed to the thread: two threads need not be woken for an answer that fits.

use std::collections::VecDeque;
use std::fmt;
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
pub(crate) struct Outgoing {
    shared: Arc<Shared>,
    shortcut: Option<Shortcut>,
}

/// Writes to the same file as the thread, but only as much as does not have it wait, else nothing: `WouldBlock`. Any other error
/// means that it is of no use.
pub(crate) type Shortcut = Box<dyn FnMut(&[u8]) -> io::Result<usize> + Send>;

/// Starts the thread that reads `file`. When the asynchronous end is dropped the thread ends with its next read.
pub(crate) fn read_on_thread(name: &str, file: impl Read + Send + 'static) -> io::Result<Incoming> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || theirs.read_all(file))?;
    Ok(Incoming(shared))
}

/// Starts the thread that writes `file`. It ends when the asynchronous end was closed or dropped and everything is written.
pub(crate) fn write_on_thread(name: &str, file: impl Write + Send + 'static, shortcut: Option<Shortcut>) -> io::Result<Outgoing> {
    let shared = Arc::new(Shared::default());
    let theirs = shared.clone();
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || theirs.write_all(file))?;
    Ok(Outgoing { shared, shortcut })
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
    /// The task waits for room, and not only until all is written.
    wants_room: bool,
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
            if std::mem::take(&mut state.wants_room) {
                wake(state.waker.take());
            }
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

impl Outgoing {
    /// What the task itself can write at once: nothing, if the thread has something to write before.
    fn write_at_once(&mut self, bytes: &[u8]) -> Option<usize> {
        let shortcut = self.shortcut.as_mut()?;
        let state = self.shared.lock();
        // Only this task gives it more.
        if state.is_abandoned || state.is_writing || !state.bytes.is_empty() {
            return None;
        }
        drop(state);
        match shortcut(&bytes[..bytes.len().min(CHUNK)]) {
            Ok(count) => (count > 0).then_some(count),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => None,
            Err(_) => {
                // What is wrong, if anything is, the thread will tell.
                self.shortcut = None;
                None
            }
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outgoing").field(&self.shared).finish()
    }
}

impl AsyncWrite for Outgoing {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(count) = self.write_at_once(bytes) {
            return Poll::Ready(Ok(count));
        }
        let mut state = self.shared.lock();
        if state.is_abandoned {
            return Poll::Ready(Err(failure(&mut state)));
        }
        let room = CAPACITY.saturating_sub(state.bytes.len());
        if room == 0 {
            state.wants_room = true;
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = room.min(bytes.len());
        state.bytes.extend(&bytes[..count]);
        self.shared.changed.notify_one();
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.lock();
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
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_one();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_one();
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_lite::future::{block_on, poll_once};
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A file that says when it is used and waits to be told to go on.
    struct Gated {
        used: mpsc::Sender<Vec<u8>>,
        go_on: mpsc::Receiver<io::Result<()>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.used.send(bytes.to_vec()).expect("the test listens");
            self.go_on.recv().expect("the test answers")?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Gated, mpsc::Receiver<Vec<u8>>, mpsc::Sender<io::Result<()>>) {
        let (used, is_used) = mpsc::channel();
        let (let_go_on, go_on) = mpsc::channel();
        (Gated { used, go_on }, is_used, let_go_on)
    }

    #[test]
    fn a_file_is_read_to_its_end_whatever_its_size() {
        let bytes: Vec<u8> = (0..3 * CAPACITY).map(|index| (index % 251) as u8).collect();
        let mut incoming = read_on_thread("test", io::Cursor::new(bytes.clone())).unwrap();
        let mut read = Vec::new();
        block_on(incoming.read_to_end(&mut read)).unwrap();
        assert!(read == bytes);
    }

    #[test]
    fn a_failing_file_tells_its_error_once_and_then_ends() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let mut incoming = read_on_thread("test", Fails).unwrap();
        assert_eq!(block_on(incoming.read(&mut [0])).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(block_on(incoming.read(&mut [0])).unwrap(), 0);
    }

    #[test]
    fn a_blocked_file_does_not_block_the_writer_until_the_buffer_is_full() {
        let (file, is_used, go_on) = gated();
        let mut outgoing = write_on_thread("test", file, None).unwrap();
        block_on(outgoing.write_all(b"first")).unwrap();
        assert_eq!(is_used.recv().unwrap(), b"first");
        // The file is stuck now; so much may still be written, and no more.
        block_on(outgoing.write_all(&vec![1; CAPACITY])).unwrap();
        assert!(block_on(poll_once(outgoing.write_all(b"x"))).is_none());
        assert!(block_on(poll_once(outgoing.flush())).is_none());
        let helper = thread::spawn(move || {
            let mut count = 0;
            go_on.send(Ok(())).unwrap();
            while let Ok(bytes) = is_used.recv() {
                count += bytes.len();
                go_on.send(Ok(())).unwrap();
            }
            count
        });
        block_on(outgoing.write_all(b"y")).unwrap();
        block_on(outgoing.close()).unwrap();
        drop(outgoing);
        assert_eq!(helper.join().unwrap(), CAPACITY + 1);
    }

    #[test]
    fn a_broken_file_is_told_to_the_writer() {
        let (file, is_used, go_on) = gated();
        let mut outgoing = write_on_thread("test", file, None).unwrap();
        block_on(outgoing.write_all(b"x")).unwrap();
        is_used.recv().unwrap();
        go_on.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        assert_eq!(block_on(outgoing.flush()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(block_on(outgoing.write_all(b"more")).is_err());
        assert!(is_used.recv_timeout(Duration::from_secs(10)).is_err(), "the thread has ended");
    }

    #[test]
    fn what_fits_is_written_without_the_thread_and_the_rest_after_it() {
        let (file, is_used, go_on) = gated();
        let taken: Arc<Mutex<Vec<u8>>> = Arc::default();
        let written = taken.clone();
        let shortcut = move |bytes: &[u8]| {
            let mut taken = written.lock().unwrap();
            let count = bytes.len().min(10 - taken.len());
            taken.extend(&bytes[..count]);
            if count > 0 { Ok(count) } else { Err(io::ErrorKind::WouldBlock.into()) }
        };
        let mut outgoing = write_on_thread("test", file, Some(Box::new(shortcut))).unwrap();
        block_on(outgoing.write_all(b"first")).unwrap();
        assert!(block_on(poll_once(outgoing.flush())).is_some(), "nothing is left to be written");
        block_on(outgoing.write_all(b"second")).unwrap();
        assert_eq!(is_used.recv().unwrap(), b"d", "the thread has what did not fit");
        taken.lock().unwrap().clear();
        block_on(outgoing.write_all(b"third")).unwrap();
        assert!(taken.lock().unwrap().is_empty(), "it does not overtake");
        (0..2).for_each(|_| go_on.send(Ok(())).unwrap());
        assert_eq!(is_used.recv().unwrap(), b"third");
        block_on(outgoing.flush()).unwrap();
        block_on(outgoing.write_all(b"fourth")).unwrap();
        assert_eq!(*taken.lock().unwrap(), b"fourth", "all before it is written");
    }

    #[test]
    fn a_shortcut_that_fails_is_taken_once() {
        let (file, is_used, go_on) = gated();
        let (calls, counted) = mpsc::channel();
        let shortcut = move |_: &[u8]| {
            calls.send(()).unwrap();
            Err(io::ErrorKind::Unsupported.into())
        };
        let mut outgoing = write_on_thread("test", file, Some(Box::new(shortcut))).unwrap();
        for line in [b"one", b"two"] {
            block_on(outgoing.write_all(line)).unwrap();
            assert_eq!(is_used.recv().unwrap(), line);
            go_on.send(Ok(())).unwrap();
            block_on(outgoing.flush()).unwrap();
        }
        assert_eq!(counted.try_iter().count(), 1);
    }
}
