//! Windows tells it by system calls which the standard library has no name for.
#![expect(unsafe_code, reason = "system calls without a safe name")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

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
    // No process is without. Wine says so of all of them, but lists them.
    if count == 0 { listed_handles() } else { count as usize }
}

/// The same from the list of all handles of the system.
fn listed_handles() -> usize {
    /// `SYSTEM_HANDLE_INFORMATION_EX` and `SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX` in words of 64 bits: a head of two, then five for each
    /// handle, of which the second is its process.
    const HEAD: usize = 2;
    const ENTRY: usize = 5;
    const SYSTEM_EXTENDED_HANDLE_INFORMATION: i32 = 64;
    const STATUS_INFO_LENGTH_MISMATCH: i32 = 0xC000_0004_u32 as i32;
    let mut list = vec![0_u64; 1 << 12];
    loop {
        let size = (list.len() * size_of::<u64>()) as u32;
        // SAFETY: the place is as large as is said, and its words are aligned for what is written.
        match unsafe { NtQuerySystemInformation(SYSTEM_EXTENDED_HANDLE_INFORMATION, list.as_mut_ptr().cast(), size, null_mut()) } {
            0 => break,
            STATUS_INFO_LENGTH_MISMATCH => list.resize(list.len() * 2, 0),
            status => panic!("the handles are not listed: {status:#x}"),
        }
    }
    let entries = list[HEAD..].chunks_exact(ENTRY).take(list[0] as usize);
    let count = entries.filter(|entry| entry[1] == u64::from(std::process::id())).count();
    assert_ne!(count, 0, "this process is not in the list");
    count
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

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtQuerySystemInformation(class: i32, information: *mut c_void, length: u32, returned: *mut u32) -> i32;
}
