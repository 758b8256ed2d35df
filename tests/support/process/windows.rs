//! Windows tells it by system calls which the standard library has no name for.
#![expect(unsafe_code, reason = "system calls without a safe name")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

/// Open handles: those of files and sockets, and also of threads, events and completion ports.
pub fn handles() -> usize {
    let mut count = 0;
    // SAFETY: the pseudo handle of this process is always valid, and `count` is a place for one number.
    let told = unsafe { GetProcessHandleCount(this_process(), &mut count) };
    assert_ne!(told, 0, "{}", io::Error::last_os_error());
    count as usize
}

pub fn threads() -> usize {
    // SAFETY: takes no pointers; the handle it gives is ours alone, and closed once.
    let snapshot = unsafe {
        let handle = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
        assert_ne!(handle, INVALID_HANDLE_VALUE, "{}", io::Error::last_os_error());
        OwnedHandle::from_raw_handle(handle)
    };
    let mut thread = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
    // Of all processes, one after the other.
    let mut count = 0;
    // SAFETY: the snapshot is open, and `thread` says its own size, as both calls ask.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &mut thread) };
    while more != 0 {
        count += usize::from(thread.th32OwnerProcessID == std::process::id());
        // SAFETY: as above.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &mut thread) };
    }
    count
}

/// Bytes of memory in use.
pub fn resident() -> u64 {
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    let mut counters = PROCESS_MEMORY_COUNTERS { cb: size, ..Default::default() };
    // SAFETY: the pseudo handle of this process is always valid, and `counters` is a place of the size that is said.
    let told = unsafe { K32GetProcessMemoryInfo(this_process(), &mut counters, size) };
    assert_ne!(told, 0, "{}", io::Error::last_os_error());
    counters.WorkingSetSize as u64
}

fn this_process() -> HANDLE {
    // SAFETY: takes nothing and cannot fail.
    unsafe { GetCurrentProcess() }
}
