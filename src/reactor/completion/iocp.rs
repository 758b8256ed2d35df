//! The kernel's side on Windows: an I/O completion port, the packets by which it knows each operation, and all the `unsafe` that
//! takes. Knows no task and no socket's meaning; what is asked for and what came of it is in [`Operations`].
//!
//! Memory that the kernel uses: a packet, which is the port's, and addresses, which are the operations'. A ticket has one packet,
//! which is in use from the asking until the completion was taken, as the ticket is; and neither is let go of before that: see
//! [`Iocp::end`]. The socket is not needed for that, and goes at once when an operation is cancelled. An operation that is done
//! at once brings a completion too, so that there is one way out for all.
//!
//! Waiting for room to write is what `selector` does too: IOCTL_AFD_POLL, which Windows does not document, but which libuv, mio and
//! polling rest on: it is completed and cancelled as the others are. The documented way (WSAEventSelect) takes an event object for
//! each socket and threads of the system's pool.
#![expect(unsafe_code, reason = "the kernel uses memory of this process; no other file of the reactor needs it on Windows")]

use std::cell::UnsafeCell;
use std::io;
use std::net::SocketAddr;
use std::os::windows::io::{AsRawHandle, AsRawSocket, FromRawHandle, OwnedHandle, OwnedSocket};
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::net::SocketAddrAny;
use socket2::{Domain, Socket, Type};
use windows_sys::Wdk::System::IO::NtDeviceIoControlFile;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, NTSTATUS, RtlNtStatusToDosError, STATUS_PENDING, WAIT_TIMEOUT};
use windows_sys::Win32::Networking::WinSock::{
    AcceptEx, GetAcceptExSockaddrs, LPFN_CONNECTEX, SIO_BASE_HANDLE, SIO_GET_EXTENSION_FUNCTION_POINTER, SO_UPDATE_ACCEPT_CONTEXT,
    SO_UPDATE_CONNECT_CONTEXT, SOCKADDR_IN, SOCKADDR_IN6, SOCKET, SOL_SOCKET, WSA_IO_PENDING, WSABUF, WSAGetLastError,
    WSAGetOverlappedResult, WSAID_CONNECTEX, WSAIoctl, WSARecv, setsockopt,
};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatusEx, OVERLAPPED, OVERLAPPED_ENTRY, PostQueuedCompletionStatus,
};

use crate::reactor::completion::Told;
use crate::reactor::completion::operations::BUFFER;
use crate::reactor::completion::operations::Gained;
use crate::reactor::completion::operations::Next;
use crate::reactor::completion::operations::Operations;
use crate::reactor::completion::operations::Outcome;
use crate::reactor::completion::operations::Request;
use crate::reactor::completion::operations::Ticket;
use crate::reactor::completion::windows::winsock;

/// What turns: takes completions.
pub(crate) struct Iocp {
    door: Arc<Door>,
    /// What was taken last.
    entries: Vec<OVERLAPPED_ENTRY>,
    /// The bell was heard since the last turn ended. Whoever rang may have meant a turn that has not begun to wait.
    rung: bool,
    /// Whom the next turn is to wake.
    wakers: Vec<Waker>,
}

// SAFETY: the pointers in `entries` are to packets, which are `Sync`, and are followed only between being taken and the next wait.
unsafe impl Send for Iocp {}

/// How many completions are taken at once.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub completions: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self { completions: 256 }
    }
}

impl Iocp {
    pub(crate) fn new(door: Arc<Door>, size: Size) -> io::Result<Self> {
        let entries = vec![OVERLAPPED_ENTRY::default(); size.completions];
        Ok(Self { door, entries, rung: false, wakers: Vec::new() })
    }

    /// Waits until the kernel has completed something or the limit has passed, and takes what it has completed. It does not wait
    /// if anything was [taken](Self::reap) since the turn before.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub(crate) fn turn(&mut self, operations: &Mutex<Operations>, limit: Option<Duration>, wakers: &mut Vec<Waker>) -> io::Result<()> {
        let news = self.rung || !self.wakers.is_empty();
        let taken = self.take(operations, if news { Some(Duration::ZERO) } else { limit });
        self.door.tell(operations);
        self.rung = false;
        wakers.append(&mut self.wakers);
        wakers.append(&mut self.door.lock().refused);
        taken.map(drop)
    }

    /// Takes what the kernel has completed, and returns how much. Nobody is woken: the next turn does.
    pub(crate) fn reap(&mut self, operations: &Mutex<Operations>) -> usize {
        // Why it cannot be done, the next turn tells.
        let taken = self.take(operations, Some(Duration::ZERO)).unwrap_or(0);
        self.door.tell(operations);
        taken
    }

    /// Cancels all that the kernel has, and takes all of it back: nothing is under way any more then.
    ///
    /// If the kernel keeps something all the same, it is logged, and what it may still write to must never be freed: the packets
    /// are not, the operations are the caller's.
    pub(crate) fn end(&mut self, operations: &Mutex<Operations>) {
        let begun = Instant::now();
        loop {
            let kept = lock(operations);
            if kept.running() == 0 {
                return;
            }
            kept.under_way().for_each(|ticket| self.door.cancel(ticket, &kept));
            drop(kept);
            let taken = self.take(operations, Some(Duration::from_millis(100)));
            if begun.elapsed() > PATIENCE {
                log::error!("the completion port keeps {} operations after they were cancelled: {taken:?}", lock(operations).running());
                std::mem::forget(std::mem::take(&mut self.door.lock().packets));
                return;
            }
        }
    }

    /// Waits for completions and takes as many as there is room for. Returns how many.
    fn take(&mut self, operations: &Mutex<Operations>, limit: Option<Duration>) -> io::Result<usize> {
        let Self { door, entries, rung, wakers } = self;
        let (room, mut count) = (entries.len() as u32, 0);
        // SAFETY: the port is open, and there is room for so many entries.
        let waited = unsafe { GetQueuedCompletionStatusEx(door.port(), entries.as_mut_ptr(), room, &mut count, milliseconds(limit), 0) };
        if waited == 0 {
            let error = io::Error::last_os_error();
            return if error.raw_os_error() == Some(WAIT_TIMEOUT as i32) { Ok(0) } else { Err(error) };
        }
        let mut operations = lock(operations);
        for entry in &entries[..count as usize] {
            let Some(overlapped) = NonNull::new(entry.lpOverlapped) else {
                *rung = true;
                continue;
            };
            // SAFETY: it is that of a packet, which is what was handed to the kernel, and none is freed before the port is.
            let packet = unsafe { overlapped.cast::<Packet>().as_ref() };
            let outcome = match operations.descriptor(packet.ticket) {
                Some(socket) => packet.outcome(operations.request(packet.ticket), raw(&**socket)),
                None => packet.nobodys(),
            };
            operations.complete(packet.ticket, outcome, wakers);
        }
        Ok(count as usize)
    }
}

/// The port, and what any thread may do with it while another turns: ring, and ask for something.
pub(crate) struct Door {
    port: OwnedHandle,
    connect_ex: ConnectEx,
    /// Held for moves and while the kernel is asked. Locked after the operations, never before.
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    /// That of each ticket. Behind an `Arc` and not a `Box`, which would claim to be the only way to it.
    packets: Vec<Arc<Packet>>,
    /// Who waits for what the kernel has refused at once: woken by the next turn.
    refused: Vec<Waker>,
}

/// That of the system's sockets: it is none of the functions that are exported by name.
type ConnectEx = <LPFN_CONNECTEX as IntoIterator>::Item;

impl Door {
    /// # Errors
    /// The system grants no port or socket. [`Unsupported`](io::ErrorKind::Unsupported) where a layered service provider is
    /// installed that keeps the system's sockets to itself.
    pub(crate) fn new() -> io::Result<Self> {
        // So many threads may run that took something from it: which one turns is decided elsewhere, and the others run tasks.
        let threads = i32::MAX as u32;
        // SAFETY: no memory is handed over.
        let port = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, threads) };
        if port.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made, and nobody else closes it.
        let port = unsafe { OwnedHandle::from_raw_handle(port) };
        let probe = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // SAFETY: the first answers with a socket, the second with the pointer to a function of this type, or with none.
        let (base, connect_ex) = unsafe {
            (
                control::<(), SOCKET>(raw(&probe), SIO_BASE_HANDLE, &(), 0)?,
                control::<_, LPFN_CONNECTEX>(raw(&probe), SIO_GET_EXTENSION_FUNCTION_POINTER, &WSAID_CONNECTEX, None)?,
            )
        };
        match connect_ex {
            // What is asked of a layer above it, the system's socket does not complete.
            Some(connect_ex) if base == raw(&probe) => Ok(Self { port, connect_ex, asked: Mutex::default() }),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "a layered service provider is installed that hides the system's sockets")),
        }
    }

    pub(crate) fn ring(&self) {
        // SAFETY: the port is open; what it is handed is none of its packets.
        if unsafe { PostQueuedCompletionStatus(self.port(), 0, 0, ptr::null()) } == 0 {
            log::error!("cannot wake the reactor: {}", io::Error::last_os_error());
        }
    }

    /// From now on what is asked of the socket is completed here, and other calls on it do not block.
    ///
    /// # Errors
    /// It belongs to a port already, whichever: a socket never has two.
    pub(crate) fn adopt(&self, socket: &impl AsFd) -> io::Result<()> {
        rustix::io::ioctl_fionbio(socket.as_fd(), true)?;
        // SAFETY: both are open, and no memory is handed over.
        let port = unsafe { CreateIoCompletionPort(raw(socket) as HANDLE, self.port(), 0, 0) };
        if port.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Asks the kernel for what is queued, and cancels what is to be cancelled.
    pub(crate) fn tell(&self, operations: &Mutex<Operations>) -> Told {
        // Dropped last: the last of a socket closes it.
        let mut released = Vec::new();
        let mut refused = Vec::new();
        let mut operations = lock(operations);
        for _ in 0..operations.queued() {
            let (ticket, asked) = match operations.next() {
                None => break,
                Some(Next::Start { ticket, request, descriptor }) => (ticket, self.ask(ticket, request, raw(&**descriptor))),
                Some(Next::Cancel(ticket)) => {
                    self.cancel(ticket, &operations);
                    released.extend(operations.release(ticket));
                    continue;
                }
            };
            if let Err(error) = asked {
                operations.complete(ticket, Err(error), &mut refused);
            }
        }
        if !refused.is_empty() {
            self.lock().refused.append(&mut refused);
            self.ring();
        }
        Told::AtOnce
    }

    /// If this is an error, no completion comes.
    fn ask(&self, ticket: Ticket, request: &Request, socket: SOCKET) -> io::Result<()> {
        let packets = &mut self.lock().packets;
        for number in packets.len() as u64..=ticket.number() {
            packets.push(Arc::new(Packet::new(Ticket::from_number(number))));
        }
        let packet = &packets[ticket.number() as usize];
        let overlapped = packet.as_overlapped();
        // SAFETY: the packet is not in use, as the ticket was not. From here on it is, and so is what the request has, which the
        // operation keeps; other pointers are to what the call reads before it returns. The socket is open.
        unsafe {
            overlapped.write(OVERLAPPED::default());
            match request {
                Request::Receive { most } => {
                    let most = (*most).min(BUFFER as u32);
                    let bytes = &mut *packet.bytes.get();
                    *bytes = Vec::with_capacity(most as usize);
                    let (buffer, mut flags) = (WSABUF { len: most, buf: bytes.as_mut_ptr() }, 0);
                    begun(WSARecv(socket, &buffer, 1, ptr::null_mut(), &mut flags, overlapped, None) == 0)
                }
                Request::Writable => {
                    let poll = packet.poll.get();
                    poll.write(AfdPoll::to_send(socket));
                    (*overlapped).Internal = STATUS_PENDING as usize;
                    let (room, size) = (poll.cast(), size_of::<AfdPoll>() as u32);
                    let context = overlapped.cast();
                    status(NtDeviceIoControlFile(
                        socket as HANDLE,
                        ptr::null_mut(),
                        None,
                        context,
                        context.cast(),
                        IOCTL_AFD_POLL,
                        room,
                        size,
                        room,
                        size,
                    ))
                }
                Request::Connect(peer) => {
                    let (peer, length) = (peer.as_ptr().cast(), peer.addr_len() as i32);
                    begun((self.connect_ex)(socket, peer, length, ptr::null(), 0, ptr::null_mut(), overlapped) != 0)
                }
                Request::Accept(arrival) => {
                    let newcomer = arrival.prepare()?;
                    let (addresses, mut received) = (arrival.addresses.as_ptr().cast_mut().cast(), 0);
                    begun(AcceptEx(socket, newcomer, addresses, 0, ADDRESS, ADDRESS, &mut received, overlapped) != 0)
                }
            }
        }
    }

    /// Cancels what the kernel has. It brings a completion all the same, as it does when this was too late.
    fn cancel(&self, ticket: Ticket, operations: &Operations) {
        let Some(socket) = operations.descriptor(ticket) else { return };
        let packet = &self.lock().packets[ticket.number() as usize];
        // SAFETY: the operation is under way, so that its packet is the kernel's; and its socket is open.
        unsafe { CancelIoEx(raw(&**socket) as HANDLE, packet.as_overlapped()) };
    }

    fn port(&self) -> HANDLE {
        self.port.as_raw_handle()
    }

    fn lock(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the kernel is handed with an operation, and hands back when it is done.
#[repr(C)]
struct Packet {
    /// The first of it: who has its address, has the packet's.
    overlapped: UnsafeCell<OVERLAPPED>,
    ticket: Ticket,
    /// What has come, of receiving.
    bytes: UnsafeCell<Vec<u8>>,
    /// What is waited for, of waiting for room.
    poll: UnsafeCell<AfdPoll>,
}

// SAFETY: what is in the cells, only the kernel uses while the operation is under way; and who asks for one or takes its completion,
// for which the operations are locked.
unsafe impl Send for Packet {}
// SAFETY: as above.
unsafe impl Sync for Packet {}

impl Packet {
    fn new(ticket: Ticket) -> Self {
        let poll = UnsafeCell::new(AfdPoll::to_send(0));
        Self { overlapped: UnsafeCell::default(), ticket, bytes: UnsafeCell::default(), poll }
    }

    /// The same when it was cancelled, and its socket may be closed.
    fn nobodys(&self) -> Outcome {
        // SAFETY: the kernel is done with the packet.
        drop(unsafe { std::mem::take(&mut *self.bytes.get()) });
        Ok(Gained::Nothing)
    }

    /// How many bytes were moved, or why none. The system's own translation: a completion says it in the kernel's words.
    fn result(&self, socket: SOCKET) -> io::Result<usize> {
        let (mut count, mut flags) = (0, 0);
        // SAFETY: the socket is open, and the kernel is done with the packet.
        match unsafe { WSAGetOverlappedResult(socket, self.overlapped.get(), &mut count, 0, &mut flags) } {
            0 => Err(refusal()),
            _ => Ok(count as usize),
        }
    }

    fn as_overlapped(self: &Arc<Self>) -> *mut OVERLAPPED {
        Arc::as_ptr(self).cast_mut().cast()
    }

    /// What its completion says, which was just taken, and what it brings.
    fn outcome(&self, request: &Request, socket: SOCKET) -> Outcome {
        // SAFETY: the kernel is done with the packet.
        let bytes = unsafe { std::mem::take(&mut *self.bytes.get()) };
        let done = match request {
            // SAFETY: as above.
            Request::Writable => status(unsafe { (*self.overlapped.get()).Internal } as NTSTATUS).map(|()| 0),
            _ => self.result(socket),
        };
        let count = done.map_err(in_winsock)?;
        match request {
            Request::Receive { .. } => {
                let mut bytes = bytes;
                assert!(count <= bytes.capacity(), "the kernel has received more than there is room for");
                // SAFETY: so many it has written.
                unsafe { bytes.set_len(count) };
                Ok(Gained::Bytes(bytes))
            }
            Request::Writable => Ok(Gained::Nothing),
            Request::Connect(_) => {
                // Else it knows neither its peer nor how to shut down.
                set::<()>(socket, SO_UPDATE_CONNECT_CONTEXT, None)?;
                Ok(Gained::Nothing)
            }
            Request::Accept(arrival) => {
                let newcomer = arrival.take().expect("it was made when the operation was begun");
                set(raw(&newcomer), SO_UPDATE_ACCEPT_CONTEXT, Some(&socket))?;
                Ok(Gained::Connection(newcomer))
            }
        }
    }
}

/// Who arrives at a port: the socket that it is given, and where the kernel writes its address, between others'.
pub(crate) struct Arrival {
    port: SocketAddr,
    /// Made when the operation is begun. Held for moves only.
    newcomer: Mutex<Option<OwnedSocket>>,
    /// Of this side and of the peer. Atomic, as the kernel writes when it likes.
    addresses: [AtomicU8; 2 * ADDRESS as usize],
}

impl Arrival {
    /// Of the port at that address.
    pub(crate) fn new(port: SocketAddr) -> Self {
        Self { port, newcomer: Mutex::default(), addresses: [const { AtomicU8::new(0) }; 2 * ADDRESS as usize] }
    }

    /// None, if the system does not say.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        let (mut near, mut near_length, mut peer, mut length) = (ptr::null_mut(), 0, ptr::null_mut(), 0);
        let addresses = self.addresses.as_ptr().cast();
        // SAFETY: it is what AcceptEx was called with; what comes back is within it, and is looked at if it can be an address.
        unsafe {
            GetAcceptExSockaddrs(addresses, 0, ADDRESS, ADDRESS, &mut near, &mut near_length, &mut peer, &mut length);
            if peer.is_null() || !(size_of::<SOCKADDR_IN>()..=size_of::<SOCKADDR_IN6>()).contains(&(length as usize)) {
                return None;
            }
            SocketAddrAny::read(peer.cast(), length as u32).try_into().ok()
        }
    }

    fn prepare(&self) -> io::Result<SOCKET> {
        let newcomer = OwnedSocket::from(Socket::new(Domain::for_address(self.port), Type::STREAM, None)?);
        let socket = raw(&newcomer);
        *self.newcomer.lock().unwrap_or_else(PoisonError::into_inner) = Some(newcomer);
        Ok(socket)
    }

    fn take(&self) -> Option<OwnedSocket> {
        self.newcomer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// `AFD_POLL_INFO` with one socket: input and output of `IOCTL_AFD_POLL`.
#[repr(C)]
struct AfdPoll {
    /// In 100 ns.
    timeout: i64,
    sockets: u32,
    exclusive: u32,
    socket: SOCKET,
    events: u32,
    status: NTSTATUS,
}

impl AfdPoll {
    /// Until the socket may take bytes, or has broken.
    fn to_send(socket: SOCKET) -> Self {
        const SEND: u32 = 0x004;
        const ABORT: u32 = 0x010;
        const LOCAL_CLOSE: u32 = 0x020;
        const CONNECT_FAIL: u32 = 0x100;
        let events = SEND | ABORT | LOCAL_CLOSE | CONNECT_FAIL;
        Self { timeout: i64::MAX, sockets: 1, exclusive: 0, socket, events, status: 0 }
    }
}

fn raw<T: AsFd + ?Sized>(socket: &T) -> SOCKET {
    socket.as_fd().as_raw_socket() as SOCKET
}

/// Whether an operation is under way, of what a call of Winsock's has said. That it is done already makes no difference.
fn begun(done: bool) -> io::Result<()> {
    match refusal() {
        _ if done => Ok(()),
        error if error.raw_os_error() == Some(WSA_IO_PENDING) => Ok(()),
        error => Err(in_winsock(error)),
    }
}

/// Why the last call of Winsock's on this thread has failed.
fn refusal() -> io::Error {
    // SAFETY: a value of this thread is read.
    io::Error::from_raw_os_error(unsafe { WSAGetLastError() })
}

fn in_winsock(error: io::Error) -> io::Error {
    error.raw_os_error().map_or(error, |code| io::Error::from_raw_os_error(winsock(code)))
}

/// Warnings are no errors: what ends with one brings a completion.
fn status(status: NTSTATUS) -> io::Result<()> {
    match status as u32 >> 30 {
        // SAFETY: a number is translated.
        3 => Err(io::Error::from_raw_os_error(unsafe { RtlNtStatusToDosError(status) } as i32)),
        _ => Ok(()),
    }
}

/// Asks something of a socket that is answered at once.
///
/// # Safety
/// An answer to `code` is a valid value of `O`, as `answer` is, which stands for none.
unsafe fn control<I, O>(socket: SOCKET, code: u32, question: &I, mut answer: O) -> io::Result<O> {
    let (question, asks) = (ptr::from_ref(question).cast(), size_of::<I>() as u32);
    let (room, size, mut answered) = (ptr::from_mut(&mut answer).cast(), size_of::<O>() as u32, 0);
    // SAFETY: the socket is open, and the sizes are those of what is pointed to.
    match unsafe { WSAIoctl(socket, code, question, asks, room, size, &mut answered, ptr::null_mut(), None) } {
        0 => Ok(answer),
        _ => Err(refusal()),
    }
}

/// Sets an option at the socket's own level.
fn set<T>(socket: SOCKET, option: i32, value: Option<&T>) -> io::Result<()> {
    let (value, size) = value.map_or((ptr::null(), 0), |value| (ptr::from_ref(value).cast(), size_of::<T>() as i32));
    // SAFETY: the socket is open, and the size is that of what is pointed to.
    match unsafe { setsockopt(socket, SOL_SOCKET, option, value, size) } {
        0 => Ok(()),
        _ => Err(refusal()),
    }
}

/// Never too short, as a timer's wait would be made twice.
fn milliseconds(limit: Option<Duration>) -> u32 {
    const FOREVER: u32 = u32::MAX;
    limit.map_or(FOREVER, |limit| u32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(FOREVER).min(FOREVER - 1))
}

fn lock(operations: &Mutex<Operations>) -> MutexGuard<'_, Operations> {
    operations.lock().unwrap_or_else(PoisonError::into_inner)
}

const IOCTL_AFD_POLL: u32 = 0x0001_2024;

/// What AcceptEx asks for each address: 16 bytes more than the longest.
const ADDRESS: u32 = size_of::<SOCKADDR_IN6>() as u32 + 16;

/// How long the kernel may take to give everything back.
const PATIENCE: Duration = Duration::from_secs(20);
