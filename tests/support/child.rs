//! A test in a process of its own: alone, with limits, where files, threads and memory can be counted. Linux and Windows.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::process::Command;

/// Runs `test`, which is the body of the test called `name`, in a process of its own: alone, and on Linux with a limit (Windows has
/// none of this kind).
pub fn in_a_child(name: &str, limit: &str, test: impl FnOnce()) {
    const VARIABLE: &str = "SMOLCRAWL_TEST_IN_A_CHILD";
    if std::env::var_os(VARIABLE).is_some() {
        return test();
    }
    let program = std::env::current_exe().unwrap();
    let mut command = if cfg!(windows) {
        Command::new(program)
    } else {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limit} && exec \"$0\" \"$@\"")]).arg(program);
        shell
    };
    let child = command.args(["--exact", name, "--nocapture", "--test-threads", "1"]).env(VARIABLE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{told}");
    eprint!("{told}");
}
