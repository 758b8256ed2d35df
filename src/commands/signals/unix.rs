//! SIGINT, SIGTERM and SIGHUP.

/// Calls `asked` at each request, on a thread of its own; once in a process.
pub fn watch(asked: impl Fn() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(asked)
}
