//! The kernel's side: the two queues it shares with this process, the buffers it fills, and all the `unsafe` that takes.
//! Knows no task and no socket's meaning; what is asked for and what came of it is in [`Operations`].
//!
//! Memory that the kernel uses: the buffers, which are this ring's and are read only between the completion that names one and
//! giving it back; and addresses, which are the operations'. Neither is let go of before the kernel is done: see [`Ring::end`].
#![expect(unsafe_code, reason = "the queues and buffers are shared with the kernel; no other file of the reactor needs it")]

use std::alloc::{self, Layout};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use io_uring::types::{BufRingEntry, CancelBuilder, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, Probe, Submitter, cqueue, opcode, squeue};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::SocketFlags;

use crate::reactor::completion::linux::Door;
use crate::reactor::completion::operations::BUFFER;
use crate::reactor::completion::operations::Gained;
use crate::reactor::completion::operations::Next;
use crate::reactor::completion::operations::Operations;
use crate::reactor::completion::operations::Outcome;
use crate::reactor::completion::operations::Request;
use crate::reactor::completion::operations::Ticket;

pub(crate) struct Ring {
    uring: IoUring,
    buffers: Buffers,
    door: Arc<Door>,
    watches_bell: bool,
    /// The bell was heard since the last turn ended. Whoever rang may have meant a turn that has not begun to wait.
    rung: bool,
    /// Whom the next turn is to wake.
    wakers: Vec<Waker>,
}

/// How many entries the queues have. The kernel keeps completions for which there is no room.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub submissions: u32,
    pub completions: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { submissions: 256, completions: 2048 }
    }
}

impl Ring {
    /// # Errors
    /// The system refuses io_uring, or lacks a part of it, which is named; or the process is out of file descriptors or memory.
    pub(crate) fn new(door: Arc<Door>, size: Size) -> io::Result<Self> {
        let uring = IoUring::builder().setup_cqsize(size.completions).setup_clamp().build(size.submissions).map_err(refused)?;
        let lacking = |part| Err(io::Error::new(io::ErrorKind::Unsupported, Lacking { part }));
        let mut probe = Probe::new();
        if uring.submitter().register_probe(&mut probe).is_err() {
            return lacking("the list of its operations (Linux 5.6)");
        }
        for (code, name) in [
            (opcode::Accept::CODE, "accept"),
            (opcode::AsyncCancel2::CODE, "async_cancel"),
            (opcode::Connect::CODE, "connect"),
            (opcode::PollAdd::CODE, "poll_add"),
            (opcode::Recv::CODE, "recv"),
        ] {
            if !probe.is_supported(code) {
                return lacking(name);
            }
        }
        for (has, part) in [
            (uring.params().is_feature_nodrop(), "keeping completions for which there is no room (nodrop, Linux 5.5)"),
            (uring.params().is_feature_fast_poll(), "waiting for sockets without a thread each (fast_poll, Linux 5.7)"),
            (uring.params().is_feature_ext_arg(), "waiting with a limit (ext_arg, Linux 5.11)"),
        ] {
            if !has {
                return lacking(part);
            }
        }
        match Buffers::register(&uring.submitter()) {
            Ok(buffers) => Ok(Self { uring, buffers, door, watches_bell: false, rung: false, wakers: Vec::new() }),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => lacking("rings of provided buffers (Linux 5.19)"),
            Err(error) => Err(error),
        }
    }

    /// Tells the kernel what is queued, waits until it has completed something or the limit has passed, and takes what it has
    /// completed: one system call, unless more is queued than there is room for. It does not wait if anything was
    /// [taken](Self::reap) since the turn before.
    ///
    /// # Errors
    /// The kernel refuses to wait. What it has not taken is told again next time.
    pub(crate) fn turn(&mut self, operations: &Mutex<Operations>, limit: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        let told = self.tell_and_wait(operations, limit);
        self.rung = false;
        wakers.append(&mut self.wakers);
        told
    }

    fn tell_and_wait(&mut self, operations: &Mutex<Operations>, limit: Option<Duration>) -> io::Result<()> {
        // What completes with "once more" while this goes on is for the next turn: a turn has to end.
        let mut jobs = lock(operations).queued();
        loop {
            self.watch_bell();
            jobs = self.push_queued(&mut lock(operations), jobs);
            if jobs == 0 && self.watches_bell {
                break;
            }
            self.enter(Some(Duration::ZERO))?;
            self.reap(operations);
        }
        let news = self.rung || !self.wakers.is_empty() || lock(operations).queued() > 0;
        self.enter(if news { Some(Duration::ZERO) } else { limit })?;
        self.reap(operations);
        Ok(())
    }

    /// Takes what the kernel has completed, and returns how much. No system call, and nobody is woken: the next turn does.
    pub(crate) fn reap(&mut self, operations: &Mutex<Operations>) -> usize {
        let Self { uring, buffers, watches_bell, rung, wakers, .. } = self;
        let mut operations = lock(operations);
        let completions = uring.completion();
        let count = completions.len();
        for completion in completions {
            match completion.user_data() {
                BELL => {
                    *rung = true;
                    *watches_bell = cqueue::more(completion.flags());
                }
                CANCEL => {}
                number => {
                    let ticket = Ticket::from_number(number);
                    let outcome = outcome(&completion, buffers, operations.request(ticket));
                    operations.complete(ticket, outcome, wakers);
                }
            }
        }
        count
    }

    /// Cancels all that the kernel has, and takes all of it back: nothing runs any more then.
    ///
    /// If the kernel keeps something all the same, it is logged, and what it may still write to must never be freed: the buffers
    /// are not, the operations are the caller's.
    pub(crate) fn end(&mut self, operations: &Mutex<Operations>) {
        let begun = Instant::now();
        let mut reaped = 0;
        while self.watches_bell || lock(operations).running() > 0 {
            // And again if nothing comes of it: there may have been no room.
            if reaped == 0 {
                self.push(&opcode::AsyncCancel2::new(CancelBuilder::any()).build().user_data(CANCEL));
            }
            let entered = self.enter(Some(Duration::from_millis(100)));
            reaped = self.reap(operations);
            if begun.elapsed() > PATIENCE {
                log::error!("io_uring keeps {} operations after they were cancelled: {entered:?}", lock(operations).running());
                return;
            }
        }
        if self.buffers.lent {
            match self.uring.submitter().unregister_buf_ring(BUFFER_GROUP) {
                Ok(()) => self.buffers.lent = false,
                Err(error) => log::error!("io_uring keeps its buffers: {error}"),
            }
        }
    }

    fn watch_bell(&mut self) {
        if !self.watches_bell {
            let watch = opcode::PollAdd::new(Fd(self.door.0.as_raw_fd()), u32::from(PollFlags::IN.bits())).multi(true);
            self.watches_bell = self.push(&watch.build().user_data(BELL));
        }
    }

    /// Moves up to `jobs` jobs to the submission queue. Returns how many are left for want of room.
    fn push_queued(&mut self, operations: &mut Operations, mut jobs: usize) -> usize {
        while jobs > 0 {
            if self.uring.submission().is_full() {
                return jobs;
            }
            jobs -= 1;
            let entry = match operations.next() {
                None => return 0,
                Some(Next::Start { ticket, request, descriptor }) => {
                    entry(request, Fd(descriptor.as_fd().as_raw_fd())).user_data(ticket.number())
                }
                Some(Next::Cancel(ticket)) => {
                    opcode::AsyncCancel2::new(CancelBuilder::user_data(ticket.number())).build().user_data(CANCEL)
                }
            };
            assert!(self.push(&entry), "there was room");
        }
        0
    }

    /// False if the queue is full.
    fn push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY: what an entry points to stays valid and where it is until its completion was reaped: the descriptor and the
        // addresses are behind an `Arc` in `Operations`, which keeps an operation from `next` to `complete`, and which `end` keeps
        // until the kernel has completed all; the eventfd is this ring's; buffers are named by group, and are this ring's too.
        unsafe { self.uring.submission().push(entry) }.is_ok()
    }

    /// Submits, and waits for a completion. None of it makes a system call if there is nothing to submit and no need to wait.
    fn enter(&mut self, limit: Option<Duration>) -> io::Result<()> {
        let (submitter, submissions, completions) = self.uring.split();
        let nothing_to_tell = submissions.is_empty() && !submissions.cq_overflow();
        if nothing_to_tell && (limit == Some(Duration::ZERO) || !completions.is_empty()) {
            return Ok(());
        }
        drop((submissions, completions));
        let entered = match limit {
            Some(Duration::ZERO) => submitter.submit(),
            Some(limit) => submitter.submit_with_args(1, &SubmitArgs::new().timespec(&Timespec::from(limit))),
            None => submitter.submit_and_wait(1),
        };
        match entered.as_ref().map_err(Errno::from_io_error) {
            // Busy: completions have to be taken first.
            Ok(_) | Err(Some(Errno::TIME | Errno::INTR | Errno::BUSY)) => Ok(()),
            Err(_) => entered.map(drop),
        }
    }
}

/// What the kernel is told. The caller adds the name.
fn entry(request: &Request, socket: Fd) -> squeue::Entry {
    match request {
        Request::Receive { most } => {
            let receive = opcode::Recv::new(socket, std::ptr::null_mut(), (*most).min(BUFFER as u32)).buf_group(BUFFER_GROUP);
            receive.build().flags(squeue::Flags::BUFFER_SELECT)
        }
        Request::Writable => opcode::PollAdd::new(socket, u32::from(PollFlags::OUT.bits())).build(),
        Request::Connect(peer) => opcode::Connect::new(socket, peer.as_ptr().cast(), peer.addr_len()).build(),
        Request::Accept(peer) => {
            let (bytes, length) = (peer.bytes.as_ptr().cast_mut().cast(), peer.length.as_ptr());
            opcode::Accept::new(socket, bytes, length).flags(SocketFlags::CLOEXEC.bits() as i32).build()
        }
    }
}

/// What a completion says, and the bytes it brings: their buffer is given back here.
fn outcome(completion: &cqueue::Entry, buffers: &mut Buffers, request: &Request) -> Outcome {
    let bytes = cqueue::buffer_select(completion.flags()).map(|buffer| {
        let bytes = buffers.copy(buffer, usize::try_from(completion.result()).unwrap_or(0));
        buffers.give(buffer);
        bytes
    });
    match u32::try_from(completion.result()) {
        Err(_) => Err(io::Error::from_raw_os_error(-completion.result())),
        Ok(descriptor) => Ok(match request {
            Request::Receive { .. } => Gained::Bytes(bytes.unwrap_or_default()),
            Request::Writable | Request::Connect(_) => Gained::Nothing,
            // SAFETY: the descriptor is new, and each completion is taken once.
            Request::Accept(_) => Gained::Connection(unsafe { OwnedFd::from_raw_fd(descriptor as i32) }),
        }),
    }
}

/// Memory that the kernel fills with what arrives: a buffer is used when there are bytes for it, and none by a connection at rest.
struct Buffers {
    /// The ring in which buffers are offered to the kernel: `COUNT` entries, and within the first of them its tail.
    offered: NonNull<BufRingEntry>,
    /// `COUNT` buffers of `BUFFER` bytes.
    bytes: NonNull<u8>,
    tail: u16,
    /// The kernel may use it, so that it must not be freed.
    lent: bool,
}

// SAFETY: the pointers are to memory of its own, that no thread is tied to.
unsafe impl Send for Buffers {}

impl Buffers {
    const COUNT: u16 = 128;
    /// Aligned to the largest page there is.
    const OFFERED: Layout = match Layout::from_size_align(Self::COUNT as usize * size_of::<BufRingEntry>(), 65_536) {
        Ok(layout) => layout,
        Err(_) => panic!("a power of two"),
    };
    const BYTES: Layout = match Layout::array::<u8>(Self::COUNT as usize * BUFFER) {
        Ok(layout) => layout,
        Err(_) => panic!("not that large"),
    };

    fn register(submitter: &Submitter<'_>) -> io::Result<Self> {
        // SAFETY: neither layout is of size zero.
        let (offered, bytes) = unsafe { (alloc::alloc_zeroed(Self::OFFERED), alloc::alloc_zeroed(Self::BYTES)) };
        let (Some(offered), Some(bytes)) = (NonNull::new(offered), NonNull::new(bytes)) else {
            alloc::handle_alloc_error(Self::BYTES);
        };
        let mut buffers = Self { offered: offered.cast(), bytes, tail: 0, lent: false };
        // SAFETY: so many entries, zeroed and so aligned, and they are freed only when the kernel was told to forget them.
        unsafe { submitter.register_buf_ring_with_flags(offered.as_ptr() as u64, Self::COUNT, BUFFER_GROUP, 0)? };
        buffers.lent = true;
        (0..Self::COUNT).for_each(|buffer| buffers.give(buffer));
        Ok(buffers)
    }

    /// Offers a buffer to the kernel. It was just made or is the one that the last completion named.
    fn give(&mut self, buffer: u16) {
        assert!(buffer < Self::COUNT, "io_uring has named a buffer that there is not");
        // SAFETY: both offsets are within the memory of their arrays; the kernel does not look at the entry before the tail has
        // passed it, and there are as many entries as buffers, so that it is not one on offer. The tail is two aligned bytes that
        // only this writes.
        unsafe {
            let entry = self.offered.as_ptr().add(usize::from(self.tail % Self::COUNT));
            (*entry).set_addr(self.bytes.as_ptr().add(usize::from(buffer) * BUFFER) as u64);
            (*entry).set_len(BUFFER as u32);
            (*entry).set_bid(buffer);
            self.tail = self.tail.wrapping_add(1);
            let tail = BufRingEntry::tail(self.offered.as_ptr()).cast_mut();
            AtomicU16::from_ptr(tail).store(self.tail, Ordering::Release);
        }
    }

    /// The first bytes of a buffer that the kernel has filled and that was not given back yet.
    fn copy(&self, buffer: u16, length: usize) -> Vec<u8> {
        assert!(buffer < Self::COUNT && length <= BUFFER, "io_uring has filled more than there is");
        // SAFETY: within the memory of the array, which was zeroed when it was made; and the kernel does not write to a buffer
        // that is not on offer.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().add(usize::from(buffer) * BUFFER), length) }.to_vec()
    }
}

impl Drop for Buffers {
    fn drop(&mut self) {
        if self.lent {
            return;
        }
        // SAFETY: allocated with these layouts; the kernel was told to forget it, or never knew.
        unsafe {
            alloc::dealloc(self.offered.as_ptr().cast(), Self::OFFERED);
            alloc::dealloc(self.bytes.as_ptr(), Self::BYTES);
        }
    }
}

/// A part of io_uring that this kernel does not have.
#[derive(Debug)]
struct Lacking {
    part: &'static str,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "io_uring lacks {} on this kernel", self.part)
    }
}

impl std::error::Error for Lacking {}

/// Says what the system's word for "no io_uring" means, but for a lack of descriptors, which speaks for itself.
fn refused(error: io::Error) -> io::Error {
    let why = match Errno::from_io_error(&error) {
        Some(Errno::NOSYS) => "the kernel has no io_uring",
        Some(Errno::PERM | Errno::ACCESS) => "io_uring is not permitted (kernel.io_uring_disabled, or a seccomp filter)",
        Some(Errno::NOMEM) => "no memory for io_uring (ulimit -l)",
        Some(Errno::INVAL) => "this kernel's io_uring is too old",
        _ => return error,
    };
    io::Error::new(error.kind(), format!("{why}: {error}"))
}

fn lock(operations: &Mutex<Operations>) -> std::sync::MutexGuard<'_, Operations> {
    operations.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names of completions that are no operation's: tickets are smaller.
const BELL: u64 = u64::MAX;
const CANCEL: u64 = u64::MAX - 1;

const BUFFER_GROUP: u16 = 0;

/// How long the kernel may take to give everything back.
const PATIENCE: Duration = Duration::from_secs(20);
