//! Serves the process's standard input and output. While it does, they are the protocol's alone: whatever else in the
//! process reads or prints gets the null device and standard error instead.

use std::future::Future;

use crate::mcp::bridge;
use crate::mcp::clock::Clock;
use crate::mcp::error::Error;
use crate::mcp::server::Server;

#[cfg_attr(unix, path = "stdio/unix.rs")]
#[cfg_attr(windows, path = "stdio/windows.rs")]
#[cfg_attr(not(any(unix, windows)), path = "stdio/other.rs")]
mod wire;

/// What becomes of the process's standard input and output while they are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// The server takes private copies; standard input becomes the null device and standard output standard error, so that a
    /// stray print of any library or child process cannot break the protocol. Undone when serving ends.
    ///
    /// On Windows a terminal is left as it is. There this process also enters a job (nested in what it is in already) that ends
    /// its child processes when it ends, however it ends; a child started with `CREATE_BREAKAWAY_FROM_JOB` is not in it. This
    /// stays so when serving ends: nothing takes a process out of its job.
    #[default]
    Claim,
    /// Descriptors stay as they are: the embedder sees to it that nothing else uses them.
    AsIs,
}

impl Server {
    /// Serves the client that started this process, until standard input ends, standard output breaks, or `shutdown` is ready
    /// (let it wait for SIGTERM and SIGINT, on Windows for Ctrl-C, Ctrl-Break and the console's close). Ends within
    /// [`Config::grace`](crate::mcp::Config::grace) and [`Config::flush`](crate::mcp::Config::flush) after that, whatever calls
    /// run and whether or not the client reads.
    ///
    /// A thread that is stuck in reading standard input is left behind: it takes what comes next, and ends with the process. On
    /// Windows whoever asks the system about that pipe meanwhile, as serving it once more does, waits for the read.
    ///
    /// # Errors
    /// As [`Server::serve`], and when threads or descriptors cannot be had.
    pub async fn serve_stdio(&self, wire: Wire, clock: impl Clock, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let (input, output, claim) = wire::open(wire).map_err(|source| Error::Claim { source })?;
        let reader = bridge::read_on_thread("mcp-stdin", input).map_err(|source| Error::Thread { source })?;
        let shortcut = wire::shortcut(&output);
        let writer = bridge::write_on_thread("mcp-stdout", output, shortcut).map_err(|source| Error::Thread { source })?;
        let result = self.serve(reader, writer, clock, shutdown).await;
        drop(claim);
        result
    }
}
