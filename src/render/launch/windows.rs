//! The browser is told the handles of its two pipes, which it inherits, and is put into a job that ends with this process.
#![expect(unsafe_code, reason = "these functions of the system have no safe form in any crate of the tree")]

use std::io::{self, Read, Write};
use std::mem;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::ptr;

use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject, TerminateJobObject,
};

/// The job of the browser's processes. The system closes it with this process, and ends them.
#[derive(Debug)]
pub(in crate::render) struct Leash(OwnedHandle);

impl Leash {
    fn new() -> io::Result<Self> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: no attributes and no name are allowed; a handle is owned once it is known to be one; the size is that of the limits,
        // which are read before the call returns.
        unsafe {
            let job = CreateJobObjectW(ptr::null(), ptr::null());
            if job.is_null() {
                return Err(io::Error::last_os_error());
            }
            let job = OwnedHandle::from_raw_handle(job);
            let size = mem::size_of_val(&limits) as u32;
            succeeded(SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, (&raw const limits).cast(), size))?;
            Ok(Self(job))
        }
    }

    /// Ends whatever is left of the browser.
    pub(in crate::render) fn end(&self) {
        // SAFETY: the job is open as long as it is owned.
        let _ = succeeded(unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) });
    }

    /// The same, and the browser is waited for.
    pub(in crate::render) fn bury(&self, child: &mut Child) {
        self.end();
        let _ = child.kill();
        let _ = child.wait();
    }
}

type Started = (Child, Leash, Box<dyn Write + Send>, Box<dyn Read + Send>, ChildStderr);

pub(super) fn start(program: &Path, arguments: &[String], prepare: impl FnOnce(&mut Command)) -> io::Result<Started> {
    let leash = Leash::new()?;
    let (theirs_in, to) = io::pipe()?;
    let (from, theirs_out) = io::pipe()?;
    for handle in [theirs_in.as_raw_handle(), theirs_out.as_raw_handle()] {
        // SAFETY: both are open; only the one flag changes.
        succeeded(unsafe { SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT) })?;
    }
    let mut command = super::command(program);
    command.args(arguments).arg("--remote-debugging-pipe");
    command.arg(format!("--remote-debugging-io-pipes={},{}", theirs_in.as_raw_handle() as usize, theirs_out.as_raw_handle() as usize));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).creation_flags(CREATE_NO_WINDOW);
    prepare(&mut command);
    let mut child = command.spawn()?;
    // SAFETY: both are open, the job as long as it is owned, the process until it is waited for.
    if let Err(error) = succeeded(unsafe { AssignProcessToJobObject(leash.0.as_raw_handle(), child.as_raw_handle()) }) {
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    match child.stderr.take() {
        Some(said) => Ok((child, leash, Box::new(to), Box::new(from), said)),
        None => unreachable!("it was asked for"),
    }
}

fn succeeded(result: windows_sys::core::BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

const CREATE_NO_WINDOW: u32 = 0x0800_0000;
