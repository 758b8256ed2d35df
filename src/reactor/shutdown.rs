//! The end of a reactor, in values: what came of it, and what is told to those who would have gone on.

use std::fmt;
use std::io;

/// What became of the connections that were open when a reactor began to shut down, and of those being opened.
///
/// `drained` + `aborted` is all of them.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Ended by themselves within the grace: closed by their owners, idle ones among them, or failed before they stood.
    pub drained: u64,
    /// Still open when the grace was over, and ended by it.
    pub aborted: u64,
    /// Failures of shutdown(2) meanwhile, which mean nothing.
    pub benign: u64,
    /// Connections whose owner was told of a first error meanwhile, other than by this shutdown.
    pub surfaced: u64,
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { drained, aborted, benign, surfaced } = self;
        write!(f, "connections {drained} drained, {aborted} aborted; {benign} benign errors, {surfaced} surfaced")
    }
}

/// Why there is no connection, or no longer one: the reactor was shut down. It stands inside an [`io::Error`] of the kind
/// `ConnectionAborted`.
///
/// ```
/// use std::time::Duration;
/// use smolcrawl::reactor::{Stopped, sim::Sim};
///
/// let handle = Sim::new().handle();
/// handle.block_on(handle.shutdown(Duration::ZERO));
/// let error = handle.block_on(handle.connect("10.0.0.1:80".parse().unwrap())).unwrap_err();
/// assert_eq!(Stopped::of(&error), Some(Stopped::Refused));
/// assert_eq!(error.to_string(), "the reactor is shutting down");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// It opens and accepts nothing any more.
    #[error("the reactor is shutting down")]
    Refused,
    /// The connection was open when the grace was over.
    #[error("cut off by the shutdown of the reactor")]
    Aborted,
}

impl Stopped {
    /// What an error tells of a shutdown, if it does.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()).copied()
    }
}

impl From<Stopped> for io::Error {
    fn from(stopped: Stopped) -> Self {
        Self::new(io::ErrorKind::ConnectionAborted, stopped)
    }
}

/// Keeps connections open that carry nothing at the moment, for later.
pub trait Keeper: Send + Sync + 'static {
    /// There is no later: close them, and keep none from now on. Called once, by the thread that begins the shutdown.
    fn let_go(&self);
}
