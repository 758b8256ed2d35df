//! By the events of a console, which go to all of its processes.
#![expect(unsafe_code, reason = "system calls without a safe name")]

use std::fs::File;
use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Command, Stdio};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, GenerateConsoleCtrlEvent, SetConsoleCtrlHandler};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;
use windows_sys::core::BOOL;

/// Under Wine 10 no handler is told of Ctrl-Break. The console's close cannot be asked for by a program.
pub fn requests() -> &'static [&'static str] {
    let is_wine = std::env::var_os("WINEHOMEDIR").is_some();
    if is_wine { &["Ctrl-C"] } else { &["Ctrl-C", "Ctrl-Break"] }
}

/// Runs `test`, which is the body of the test called `name`, in a process that has a console for itself and the processes it starts.
pub fn in_a_console(name: &str, test: impl FnOnce()) {
    const VARIABLE: &str = "SMOLCRAWL_TEST_IN_A_CONSOLE";
    if std::env::var_os(VARIABLE).is_some() {
        // SAFETY: the function lives as long as the process.
        succeeded(unsafe { SetConsoleCtrlHandler(Some(not_me), 1) });
        return test();
    }
    // No pipes: under Wine the console is one more process that has them.
    let folder = tempfile::TempDir::new().unwrap();
    let said = folder.path().join("said");
    let file = File::create(&said).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(VARIABLE, "1")
        .creation_flags(CREATE_NO_WINDOW)
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .status()
        .unwrap();
    let said = String::from_utf8_lossy(&std::fs::read(said).unwrap()).into_owned();
    assert!(status.success() && said.contains("1 passed"), "{status}\n{said}");
}

/// Every process of this console but this one.
pub fn ask_to_end(request: &str, _: u32) {
    let event = if request == "Ctrl-C" { CTRL_C_EVENT } else { CTRL_BREAK_EVENT };
    // SAFETY: takes numbers.
    succeeded(unsafe { GenerateConsoleCtrlEvent(event, 0) });
}

pub fn end_at_once(process: u32) {
    let output = Command::new("taskkill").args(["/F", "/PID", &process.to_string()]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

extern "system" fn not_me(_: u32) -> BOOL {
    1
}

fn succeeded(result: BOOL) {
    assert_ne!(result, 0, "{}", io::Error::last_os_error());
}
