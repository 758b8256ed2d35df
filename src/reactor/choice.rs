//! Which reactor runs: what was asked for, by whom, what was tried, what it came to. Decided once, told in one debug line.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use crate::reactor::Handle;
use crate::reactor::selector;
use crate::reactor::selector::Selector;

/// A reactor as one asks for it. `Display` and `FromStr` use the lower-case name; the system's own names are understood too.
///
/// ```
/// use smolcrawl::reactor::ReactorKind;
///
/// assert_eq!("epoll".parse::<ReactorKind>().unwrap(), ReactorKind::Selector);
/// assert!("fastest".parse::<ReactorKind>().is_err());
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReactorKind {
    /// The best for this platform: `selector`.
    #[default]
    Auto,
    /// async-io: epoll, kqueue, event ports, AFD readiness on an IOCP.
    Selector,
    /// Edge-triggered epoll. Not in this version.
    Edge,
    /// poll(2). Not in this version.
    Poll,
    /// A proactor: io_uring, IOCP. Not in this version.
    Completion,
}

impl ReactorKind {
    /// The kinds that this version has.
    pub const AVAILABLE: &'static [Self] = &[Self::Auto, Self::Selector];

    /// What is tried, in order: the one asked for, then what replaces it when it cannot start. Empty if it is not built in.
    fn chain(self) -> &'static [Self] {
        match self {
            Self::Auto | Self::Selector => &[Self::Selector],
            Self::Edge | Self::Poll | Self::Completion => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Selector => "selector",
            Self::Edge => "edge",
            Self::Poll => "poll",
            Self::Completion => "completion",
        }
    }
}

impl fmt::Display for ReactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ReactorKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let word = text.trim().to_ascii_lowercase();
        Ok(match word.as_str() {
            "auto" => Self::Auto,
            "selector" | "epoll" | "kqueue" | "afd" | "wepoll" => Self::Selector,
            "edge" => Self::Edge,
            "poll" => Self::Poll,
            "completion" | "proactor" | "iocp" | "io_uring" => Self::Completion,
            _ => return Err(Error::UnknownKind { word: text.to_owned() }),
        })
    }
}

/// Who asked for a reactor, from the weakest word to the strongest of a command line; an embedder's builder has the only word.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AskedBy {
    /// Nobody.
    #[default]
    Default,
    /// The configuration file.
    File,
    /// The variable `SMOLCRAWL_REACTOR`.
    Environment,
    /// The flag `--reactor`.
    Flag,
    /// A program that uses the library.
    Builder,
}

impl fmt::Display for AskedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Default => "default",
            Self::File => "configuration file",
            Self::Environment => "SMOLCRAWL_REACTOR",
            Self::Flag => "--reactor",
            Self::Builder => "builder",
        })
    }
}

/// What [`choose`] is asked for. The default is `auto`, asked for by nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub kind: ReactorKind,
    pub asked_by: AskedBy,
}

/// How a choice came out. `Display` is the one line that is logged for it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Operating system and processor, as in `linux x86_64`.
    pub platform: String,
    pub asked_for: ReactorKind,
    pub asked_by: AskedBy,
    /// The kind that runs: never `Auto`.
    pub chosen: ReactorKind,
    /// What the system calls it: `epoll`, `kqueue`, …
    pub backend: &'static str,
    /// The kinds that were tried before and could not start, in that order.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, asked_for, asked_by, chosen, backend, attempts } = self;
        write!(f, "reactor {chosen} ({backend}) on {platform}, {asked_for} asked for by {asked_by}")?;
        attempts.iter().try_for_each(|attempt| write!(f, "; {attempt}"))
    }
}

/// A reactor that could not start.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub kind: ReactorKind,
    /// What the probe was told by the system.
    pub error: Arc<io::Error>,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot start: {}", self.kind, self.error)
    }
}

/// Why there is no reactor.
#[non_exhaustive]
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Not a name of a reactor.
    #[error("\"{word}\" is not the name of a reactor")]
    UnknownKind { word: String },
    /// A reactor that this build does not have. Nothing else is taken in its place.
    #[error("the reactor {kind}, asked for by {asked_by}, is not in this version")]
    NotBuilt { kind: ReactorKind, asked_by: AskedBy },
    /// Neither the reactor asked for nor one that could replace it starts: the last attempt is the source.
    #[error("no reactor can start on {platform} ({} tried)", .attempts.len())]
    NoneStarts { platform: String, attempts: Vec<Attempt>, source: Arc<io::Error> },
}

impl Error {
    /// True if the same choice may come out well later: the system was short of something.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::NoneStarts { .. })
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKind { .. } | Self::NotBuilt { .. } => Some(format!("this version has {}", available())),
            Self::NoneStarts { .. } => Some("raise the limits on open files and threads (ulimit -n, ulimit -u)".to_owned()),
        }
    }
}

/// Starts the reactor asked for, or what replaces it when it cannot start; a kind that is not built in is refused.
///
/// The choice is told to the log: at debug, or as a warning if a replacement was taken.
///
/// # Errors
/// [`Error::NotBuilt`] or [`Error::NoneStarts`].
///
/// ```
/// use smolcrawl::reactor::{self, Choice};
///
/// let (handle, report) = reactor::choose(Choice::default())?;
/// assert_eq!(handle.block_on(async { 6 * 7 }), 42);
/// println!("{report}"); // reactor selector (epoll) on linux x86_64, auto asked for by default
/// # Ok::<(), reactor::Error>(())
/// ```
pub fn choose(choice: Choice) -> Result<(Handle, Report), Error> {
    choose_with(choice, start)
}

/// `choose`, with the reactors' starts as an argument.
fn choose_with(choice: Choice, start: impl Fn(ReactorKind) -> io::Result<(Handle, &'static str)>) -> Result<(Handle, Report), Error> {
    let Choice { kind: asked_for, asked_by } = choice;
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut attempts = Vec::new();
    for &kind in asked_for.chain() {
        match start(kind) {
            Ok((handle, backend)) => {
                let report = Report { platform, asked_for, asked_by, chosen: kind, backend, attempts };
                let level = if report.attempts.is_empty() { log::Level::Debug } else { log::Level::Warn };
                log::log!(level, "{report}");
                return Ok((handle, report));
            }
            Err(error) => attempts.push(Attempt { kind, error: Arc::new(error) }),
        }
    }
    Err(match attempts.last() {
        Some(last) => Error::NoneStarts { platform, source: last.error.clone(), attempts },
        None => Error::NotBuilt { kind: asked_for, asked_by },
    })
}

/// Starts one kind that some chain names.
fn start(kind: ReactorKind) -> io::Result<(Handle, &'static str)> {
    match kind {
        ReactorKind::Selector => Ok((Handle::new(Selector::start()?), selector::backend())),
        ReactorKind::Auto | ReactorKind::Edge | ReactorKind::Poll | ReactorKind::Completion => Err(io::ErrorKind::Unsupported.into()),
    }
}

fn available() -> String {
    let names: Vec<_> = ReactorKind::AVAILABLE.iter().map(ReactorKind::to_string).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reactor::sim::Sim;

    #[test]
    fn names_and_aliases_are_understood_in_any_case() {
        for (word, kind) in [
            ("auto", ReactorKind::Auto),
            (" Selector ", ReactorKind::Selector),
            ("EPOLL", ReactorKind::Selector),
            ("kqueue", ReactorKind::Selector),
            ("afd", ReactorKind::Selector),
            ("wepoll", ReactorKind::Selector),
            ("edge", ReactorKind::Edge),
            ("poll", ReactorKind::Poll),
            ("completion", ReactorKind::Completion),
            ("proactor", ReactorKind::Completion),
            ("iocp", ReactorKind::Completion),
            ("io_uring", ReactorKind::Completion),
        ] {
            assert_eq!(word.parse::<ReactorKind>().unwrap(), kind, "{word}");
            assert_eq!(kind.to_string().parse::<ReactorKind>().unwrap(), kind);
        }
    }

    #[test]
    fn an_unknown_word_is_refused_with_what_can_be_had() {
        let error = "uring".parse::<ReactorKind>().unwrap_err();
        assert_eq!(error.to_string(), "\"uring\" is not the name of a reactor");
        assert_eq!(error.hint().unwrap(), "this version has auto, selector");
    }

    #[test]
    fn a_kind_that_is_not_built_in_is_refused_and_not_replaced() {
        for kind in [ReactorKind::Edge, ReactorKind::Poll, ReactorKind::Completion] {
            let error = choose(Choice { kind, asked_by: AskedBy::Flag }).unwrap_err();
            assert!(matches!(error, Error::NotBuilt { kind: refused, .. } if refused == kind));
            assert_eq!(error.to_string(), format!("the reactor {kind}, asked for by --reactor, is not in this version"));
            assert!(error.hint().unwrap().contains("selector"));
            assert!(!error.is_transient());
        }
    }

    #[test]
    fn every_available_kind_starts_and_is_reported() {
        for &kind in ReactorKind::AVAILABLE {
            let (handle, report) = choose(Choice { kind, asked_by: AskedBy::Builder }).unwrap();
            assert_eq!(handle.block_on(async { 1 }), 1);
            assert_eq!((report.chosen, report.asked_for), (ReactorKind::Selector, kind));
            assert!(report.attempts.is_empty());
            let line = report.to_string();
            assert!(line.starts_with("reactor selector (") && line.ends_with(&format!("{kind} asked for by builder")), "{line}");
        }
    }

    #[test]
    fn a_reactor_that_cannot_start_is_an_error_that_tells_why() {
        let out_of_files = |_| Err(io::Error::from_raw_os_error(24));
        let error = choose_with(Choice::default(), out_of_files).unwrap_err();
        let Error::NoneStarts { attempts, source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(attempts.len(), 1);
        assert_eq!(source.raw_os_error(), Some(24));
        assert!(error.is_transient());
    }

    #[test]
    fn a_replacement_is_told_with_what_it_replaces() {
        let (_, mut report) = choose_with(Choice::default(), |_| Ok((Sim::new().handle(), "memory"))).unwrap();
        report.attempts.push(Attempt { kind: ReactorKind::Edge, error: Arc::new(io::ErrorKind::OutOfMemory.into()) });
        assert!(report.to_string().ends_with("auto asked for by default; edge cannot start: out of memory"), "{report}");
    }
}
