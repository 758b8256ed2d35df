//! What the standard library does not ask of Windows: other standard handles, and a job for the children.
#![expect(unsafe_code, reason = "these functions of the system have no safe form in any crate of the tree")]

use std::io;
use std::mem;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, IntoRawHandle, OwnedHandle, RawHandle};
use std::ptr;

use log::debug;
use windows_sys::Win32::Foundation::{GetHandleInformation, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::System::Console::{GetStdHandle, STD_HANDLE, SetStdHandle};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// A standard handle that stands aside, where no child inherits it, while another has its place. Undone when dropped.
pub(super) struct Exchange {
    id: STD_HANDLE,
    /// The process's own: nobody closes it.
    original: BorrowedHandle<'static>,
    was_inherited: bool,
    /// Closed when it has left its place.
    substitute: OwnedHandle,
}

impl Exchange {
    /// The substitute is for children too.
    pub(super) fn new(id: STD_HANDLE, substitute: OwnedHandle) -> io::Result<Exchange> {
        // SAFETY: the handle is only named here; see `Exchange::original` for how long it is open.
        let original = unsafe { BorrowedHandle::borrow_raw(GetStdHandle(id)) };
        let was_inherited = is_inherited(original.as_raw_handle())?;
        // A process without standard error has null in its place: what is printed goes nowhere.
        if !substitute.as_raw_handle().is_null() {
            inherit(substitute.as_raw_handle(), true)?;
        }
        inherit(original.as_raw_handle(), false)?;
        let exchange = Exchange { id, original, was_inherited, substitute };
        stand(id, exchange.substitute.as_raw_handle())?;
        Ok(exchange)
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let original = self.original.as_raw_handle();
        if let Err(error) = stand(self.id, original).and_then(|()| inherit(original, self.was_inherited)) {
            debug!("mcp: a standard handle was not restored: {error}");
        }
    }
}

/// Puts this process into a job that ends with it, and with the job whatever processes are in it: every child from now on, and
/// theirs, but for those that are started to break away.
pub(super) fn end_children_with_this_process() -> io::Result<()> {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    // SAFETY: no attributes and no name are allowed; a handle is owned once it is known to be one; the size is that of the limits,
    // which are read before the call returns.
    let job = unsafe {
        let job = CreateJobObjectW(ptr::null(), ptr::null());
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        let job = OwnedHandle::from_raw_handle(job);
        let size = mem::size_of_val(&limits) as u32;
        succeeded(SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, (&raw const limits).cast(), size))?;
        succeeded(AssignProcessToJobObject(job.as_raw_handle(), GetCurrentProcess()))?;
        job
    };
    // The system closes it as the last of this process. Closed before, it would end this process at once.
    let _ = job.into_raw_handle();
    Ok(())
}

fn stand(id: STD_HANDLE, handle: RawHandle) -> io::Result<()> {
    // SAFETY: only stores the handle. It stays open for as long as it stands there: an original for good, a substitute until the
    // exchange is undone.
    succeeded(unsafe { SetStdHandle(id, handle) })
}

/// Of the handle alone: the file behind it is not asked, and so nothing waits for a read that is under way.
fn is_inherited(handle: RawHandle) -> io::Result<bool> {
    let mut flags = 0;
    // SAFETY: a handle that is none is an error; the flags are written before the call returns.
    succeeded(unsafe { GetHandleInformation(handle, &mut flags) })?;
    Ok(flags & HANDLE_FLAG_INHERIT != 0)
}

fn inherit(handle: RawHandle, inherits: bool) -> io::Result<()> {
    let flags = if inherits { HANDLE_FLAG_INHERIT } else { 0 };
    // SAFETY: a handle that is none is an error; only the one flag changes.
    succeeded(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, flags) })
}

fn succeeded(result: windows_sys::core::BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
