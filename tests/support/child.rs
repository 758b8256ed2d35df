//! A test in a process of its own: alone, with limits, where files, threads and memory can be counted. Linux.
#![allow(dead_code, reason = "each test binary uses its part")]

/// Runs `test`, which is the body of the test called `name`, in a process of its own: with a limit, and alone.
pub fn in_a_child(name: &str, limit: &str, test: impl FnOnce()) {
    const VARIABLE: &str = "SMOLCRAWL_TEST_IN_A_CHILD";
    if std::env::var_os(VARIABLE).is_some() {
        return test();
    }
    let child = std::process::Command::new("sh")
        .args(["-c", &format!("{limit} && exec \"$0\" --exact \"$1\" --nocapture --test-threads 1")])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && String::from_utf8_lossy(&child.stdout).contains("1 passed"), "{told}");
    eprint!("{told}");
}

/// How many entries a folder has: `/proc/self/fd` for the open files, `/proc/self/task` for the threads.
pub fn count(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// Bytes of memory in use by this process.
pub fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
