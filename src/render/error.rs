//! Why a page could not be rendered.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What rendering meets: no browser, a browser that is of no use, or a page that does not come to an end.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("no browser is installed")]
    NoBrowser,
    #[error("there is no browser at {path:?}")]
    NotThere { path: PathBuf },
    #[error("the browser {path:?} could not be started")]
    Start { path: PathBuf, source: Arc<io::Error> },
    /// Its profile, which is temporary.
    #[error("the browser's folder {path:?} could not be made")]
    Profile { path: PathBuf, source: Arc<io::Error> },
    /// This system gives its sandbox nothing to stand on, or it was started by root.
    #[error("the browser cannot shield itself from pages here: {said}")]
    Sandbox { said: String },
    /// It was never heard of: what is installed is no browser, or lacks something.
    #[error("the browser {path:?} is of no use")]
    Useless { path: PathBuf, source: Box<Error> },
    /// With the end of what it wrote to standard error.
    #[error("the browser ended{}", after(said))]
    Ended { said: String },
    #[error("the browser does not speak its protocol: {what}")]
    Junk { what: String },
    #[error("the browser sent a message of more than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the browser did not answer {method} within {limit:?}")]
    Silent { method: &'static str, limit: Duration },
    #[error("the browser refused {method}: {why}")]
    Refused { method: &'static str, why: String },
    /// Its process did, as one does that has run out of memory.
    #[error("the page crashed in the browser")]
    Crashed,
    #[error("the page closed its window")]
    Closed,
    /// It was not even to be read.
    #[error("the page kept the browser busy for longer than {limit:?}")]
    Busy { limit: Duration },
    /// It could be read then.
    #[error("the page was still at work when its time was up, and had no text yet")]
    Unready,
    #[error("the page loaded itself anew {times} times")]
    Reloads { times: u32 },
    #[error("the page opened {count} dialogs and windows")]
    Windows { count: u32 },
    #[error("the page sent the browser more than could be taken in")]
    Flood,
    #[error("the page was not opened: {why}")]
    NotOpened { why: String },
    #[error("the rendered page is longer than {limit} characters")]
    TooLarge { limit: usize },
    /// It may have fewer characters than are allowed, most of which take several bytes on their way.
    #[error("the rendered page takes {bytes} bytes on its way from the browser, which is more than {limit}")]
    TooHeavy { bytes: usize, limit: usize },
}

fn after(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoBrowser => Some(INSTALL),
            Self::NotThere { .. } => Some("name the program of a Chromium, Chrome or Edge by --browser or SMOLCRAWL_BROWSER"),
            Self::Sandbox { .. } => Some(
                "run it as another user than root, or, if the pages are to be trusted or this is a container anyway, with --browser-no-sandbox",
            ),
            Self::Start { .. }
            | Self::Useless { .. }
            | Self::Ended { .. }
            | Self::Junk { .. }
            | Self::TooLong { .. }
            | Self::Silent { .. }
            | Self::Refused { .. } => Some("try the browser by itself; name another by --browser, or crawl with --render never"),
            Self::Profile { .. } => Some("make room in the folder for temporary files"),
            Self::Busy { .. } | Self::Unready => Some("allow more with render_seconds, or leave the page out with --exclude"),
            Self::Crashed
            | Self::Closed
            | Self::Reloads { .. }
            | Self::Windows { .. }
            | Self::Flood
            | Self::NotOpened { .. }
            | Self::TooLarge { .. }
            | Self::TooHeavy { .. } => None,
        }
    }

    /// The browser is to be started anew, and the page to be tried once more: it may not be its fault.
    pub(super) fn is_of_the_browser(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Junk { .. } | Self::TooLong { .. } | Self::Silent { .. } | Self::Refused { .. })
    }

    /// No page can be rendered before something is changed.
    pub fn is_of_the_system(&self) -> bool {
        matches!(
            self,
            Self::NoBrowser
                | Self::NotThere { .. }
                | Self::Start { .. }
                | Self::Useless { .. }
                | Self::Profile { .. }
                | Self::Sandbox { .. }
        )
    }
}

const INSTALL: &str =
    "install Chromium, Chrome or Edge (Debian: apt install chromium-headless-shell), or name its program by --browser or SMOLCRAWL_BROWSER";
