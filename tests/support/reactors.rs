//! The reactors that tests run on: all of this build, but for one that this system refuses, which is said aloud.

use std::io::Write;
use std::sync::Once;

use smolcrawl::reactor::{AskedBy, Choice, Drive, Error, Fallback, ReactorKind, choose};

/// All but `auto`, which is one of them. `SMOLCRAWL_REACTORS` names fewer, separated by commas.
///
/// io_uring is often refused: by a container's seccomp filter, by `kernel.io_uring_disabled`, by an old kernel. Then `completion` is left
/// out, and the standard error stream says so past the test harness, which keeps it for itself otherwise. Where
/// `SMOLCRAWL_REQUIRE_COMPLETION=1` is set, that is a failure.
pub fn kinds() -> impl Iterator<Item = ReactorKind> {
    let only = std::env::var("SMOLCRAWL_REACTORS").unwrap_or_default();
    let is_wanted = move |kind: &ReactorKind| only.is_empty() || only.split(',').any(|name| name.trim() == kind.to_string());
    ReactorKind::AVAILABLE
        .iter()
        .copied()
        .filter(|kind| *kind != ReactorKind::Auto)
        .filter(is_wanted)
        .filter(|kind| *kind != ReactorKind::Completion || is_permitted())
}

/// Whether this system lets `completion` start.
pub fn is_permitted() -> bool {
    static SAID: Once = Once::new();
    let choice =
        Choice { kind: ReactorKind::Completion, asked_by: AskedBy::Builder, drive: Drive::CallingThread, fallback: Fallback::Refuse };
    let Err(Error::NotStarted { source, .. }) = choose(choice) else { return true };
    assert!(std::env::var_os("SMOLCRAWL_REQUIRE_COMPLETION").is_none(), "completion cannot be tested: {source}");
    SAID.call_once(|| std::io::stderr().write_all(format!("completion NOT tested: {source}\n").as_bytes()).unwrap());
    false
}
