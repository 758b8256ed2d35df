//! By signals.

use std::process::Command;

pub fn requests() -> &'static [&'static str] {
    &["TERM", "INT"]
}

/// Runs `test`: a signal reaches the one process that is meant.
pub fn in_a_console(_: &str, test: impl FnOnce()) {
    test();
}

pub fn ask_to_end(request: &str, process: u32) {
    assert!(Command::new("kill").args(["-s", request, &process.to_string()]).status().unwrap().success());
}

pub fn end_at_once(process: u32) {
    ask_to_end("KILL", process);
}
