//! Which reactor runs: what was asked for, by whom, what was tried, what it came to. Decided once, told in one debug line.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use crate::reactor::Handle;
#[cfg(any(windows, all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
use crate::reactor::completion;
#[cfg(any(windows, all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
use crate::reactor::completion::Completion;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::reactor::edge::Edge;
use crate::reactor::own::Own;
use crate::reactor::poll;
use crate::reactor::poll::Polled;
use crate::reactor::selector;
use crate::reactor::selector::Selector;
use crate::reactor::watched::Watched;

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
    /// The best for this platform: `selector` everywhere. On Linux `edge` costs less by itself, but a whole crawl costs the
    /// same on both within 2 % (`src/docs/reactors.md`), and `selector` has run in far more places.
    #[default]
    Auto,
    /// async-io: epoll, kqueue, event ports, AFD readiness on an IOCP.
    Selector,
    /// Edge-triggered epoll, of our own: one registration a connection and no re-arming. Linux and Android.
    Edge,
    /// poll(2), WSAPoll on Windows, of our own: the last resort, as each wait costs more the more connections wait.
    Poll,
    /// A proactor, of our own: io_uring on Linux 5.19 and later on x86_64, aarch64 and riscv64, where the system permits it; an I/O
    /// completion port on Windows. Chosen only when asked for.
    Completion,
}

impl ReactorKind {
    /// Every word that is understood, also where the kind is not available: its name, and what people know it by.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("selector", Self::Selector),
        ("edge", Self::Edge),
        ("poll", Self::Poll),
        ("completion", Self::Completion),
        ("epoll", Self::Selector),
        ("kqueue", Self::Selector),
        ("afd", Self::Selector),
        ("wepoll", Self::Selector),
        ("proactor", Self::Completion),
        ("iocp", Self::Completion),
        ("io_uring", Self::Completion),
    ];

    /// The kinds that this version has on this platform.
    pub const AVAILABLE: &'static [Self] =
        if cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))) {
            &[Self::Auto, Self::Selector, Self::Edge, Self::Poll, Self::Completion]
        } else if cfg!(any(target_os = "linux", target_os = "android")) {
            &[Self::Auto, Self::Selector, Self::Edge, Self::Poll]
        } else if cfg!(windows) {
            &[Self::Auto, Self::Selector, Self::Poll, Self::Completion]
        } else {
            &[Self::Auto, Self::Selector, Self::Poll]
        };

    /// What is tried, in order: the one asked for, then what replaces it when it cannot start. Empty if it is not built in.
    fn chain(self) -> impl Iterator<Item = Self> {
        let chain: &[Self] = match self {
            _ if !Self::AVAILABLE.contains(&self) => &[],
            Self::Auto | Self::Selector => &[Self::Selector, Self::Poll],
            Self::Poll => &[Self::Poll, Self::Selector],
            Self::Edge => &[Self::Edge, Self::Selector, Self::Poll],
            Self::Completion => &[Self::Completion, Self::Selector, Self::Poll],
        };
        chain.iter().copied().filter(|kind| Self::AVAILABLE.contains(kind))
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
        let known = Self::WORDS.iter().find(|(known, _)| *known == word);
        known.map(|(_, kind)| *kind).ok_or_else(|| Error::UnknownKind { word: text.to_owned() })
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

/// What [`choose`] is asked for. The default is `auto`, asked for by nobody, driven by whoever calls, and replaced if it
/// cannot start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub kind: ReactorKind,
    pub asked_by: AskedBy,
    pub drive: Drive,
    pub fallback: Fallback,
}

/// Which thread turns the reactor: waits for the system's events and wakes the tasks they are for.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drive {
    /// Those in [`Handle::block_on`], one at a time: no thread more, and no switch between threads. While nobody is in
    /// `block_on`, `edge`, `poll` and `completion` stand still. (`selector` does not: async-io has a thread for that in any
    /// case.)
    #[default]
    CallingThread,
    /// One that does nothing else, and ends with the last handle, socket and timer of the reactor. For programs that poll
    /// its futures on an executor of their own.
    OwnThread,
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CallingThread => "calling thread",
            Self::OwnThread => "own thread",
        })
    }
}

/// Whether another reactor may stand in for one that cannot start.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// `selector`, then `poll`, with a warning.
    #[default]
    Allow,
    /// None: [`choose`] fails and says why.
    Refuse,
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
    pub drive: Drive,
    /// The kinds that were tried before and could not start, in that order.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { platform, asked_for, asked_by, chosen, backend, drive, attempts } = self;
        write!(f, "reactor {chosen} ({backend}) on {platform}, driven by the {drive}, {asked_for} asked for by {asked_by}")?;
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
    /// The reactor asked for cannot start, and [`Fallback::Refuse`] lets none replace it.
    #[error("the reactor {kind}, asked for by {asked_by}, cannot start on {platform} and must not be replaced")]
    NotStarted { kind: ReactorKind, asked_by: AskedBy, platform: String, source: Arc<io::Error> },
    /// Neither the reactor asked for nor one that could replace it starts: the last attempt is the source.
    #[error("no reactor can start on {platform} ({} tried)", .attempts.len())]
    NoneStarts { platform: String, attempts: Vec<Attempt>, source: Arc<io::Error> },
}

impl Error {
    /// True if the same choice may come out well later: the system was short of something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::UnknownKind { .. } | Self::NotBuilt { .. } => false,
            Self::NotStarted { source, .. } => !is_refusal(source),
            Self::NoneStarts { .. } => true,
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownKind { .. } | Self::NotBuilt { .. } => {
                Some(format!("this version has {} on {}", available(), std::env::consts::OS))
            }
            Self::NotStarted { kind: ReactorKind::Completion, source, .. } if is_refusal(source) => Some(
                if cfg!(windows) {
                    "`netsh winsock show catalog` names what is installed above the system's sockets: remove it, or ask for auto"
                } else {
                    "containers (seccomp) and kernel.io_uring_disabled switch io_uring off: permit it, or ask for auto, which needs none"
                }
                .to_owned(),
            ),
            Self::NoneStarts { .. } | Self::NotStarted { .. } => {
                Some("raise the limits on open files and threads (ulimit -n, ulimit -u)".to_owned())
            }
        }
    }
}

/// Starts the reactor asked for, or what may replace it when it cannot start; a kind that is not built in is refused.
///
/// The choice is told to the log: at debug, or as a warning if a replacement was taken.
///
/// # Errors
/// [`Error::NotBuilt`], [`Error::NoneStarts`] or [`Error::NotStarted`].
///
/// ```
/// use smolcrawl::reactor::{self, Choice};
///
/// let (handle, report) = reactor::choose(Choice::default())?;
/// assert_eq!(handle.block_on(async { 6 * 7 }), 42);
/// println!("{report}"); // reactor selector (epoll) on linux x86_64, driven by the calling thread, auto asked for by default
/// # Ok::<(), reactor::Error>(())
/// ```
pub fn choose(choice: Choice) -> Result<(Handle, Report), Error> {
    choose_with(choice, start)
}

/// `choose`, with the reactors' starts as an argument.
fn choose_with(
    choice: Choice,
    start: impl Fn(ReactorKind, Drive) -> io::Result<(Handle, &'static str)>,
) -> Result<(Handle, Report), Error> {
    let Choice { kind: asked_for, asked_by, drive, fallback } = choice;
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let tried = match fallback {
        Fallback::Allow => usize::MAX,
        Fallback::Refuse => 1,
    };
    let mut attempts = Vec::new();
    for kind in asked_for.chain().take(tried) {
        match start(kind, drive) {
            Ok((handle, backend)) => {
                let report = Report { platform, asked_for, asked_by, chosen: kind, backend, drive, attempts };
                let level = if report.attempts.is_empty() { log::Level::Debug } else { log::Level::Warn };
                log::log!(level, "{report}");
                return Ok((handle, report));
            }
            Err(error) => attempts.push(Attempt { kind, error: Arc::new(error) }),
        }
    }
    Err(match (attempts.last(), fallback) {
        (None, _) => Error::NotBuilt { kind: asked_for, asked_by },
        (Some(only), Fallback::Refuse) => Error::NotStarted { kind: only.kind, asked_by, platform, source: only.error.clone() },
        (Some(last), Fallback::Allow) => Error::NoneStarts { platform, source: last.error.clone(), attempts },
    })
}

/// Starts one kind that some chain names.
fn start(kind: ReactorKind, drive: Drive) -> io::Result<(Handle, &'static str)> {
    match kind {
        ReactorKind::Selector => Ok((Handle::new(Selector::start(drive)?), selector::backend())),
        #[cfg(any(target_os = "linux", target_os = "android"))]
        ReactorKind::Edge => Ok((Handle::new(Own::start("edge", Watched::new(Edge::new()?), drive)?), "edge-triggered epoll")),
        #[cfg(any(windows, all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
        ReactorKind::Completion => Ok((Handle::new(Own::start("completion", Completion::new()?, drive)?), completion::BACKEND)),
        ReactorKind::Poll => Ok((Handle::new(Own::start("poll", Watched::new(Polled::new()?), drive)?), poll::BACKEND)),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The system does not have it or does not permit it, as opposed to being short of something.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
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
        let hint = error.hint().unwrap();
        assert!(hint.starts_with("this version has auto, selector"), "{hint}");
    }

    #[test]
    fn a_kind_that_is_not_built_in_is_refused_and_not_replaced() {
        for kind in [ReactorKind::Edge, ReactorKind::Poll, ReactorKind::Completion] {
            if ReactorKind::AVAILABLE.contains(&kind) {
                continue;
            }
            let error = choose(Choice { kind, asked_by: AskedBy::Flag, ..Choice::default() }).unwrap_err();
            assert!(matches!(error, Error::NotBuilt { kind: refused, .. } if refused == kind));
            assert_eq!(error.to_string(), format!("the reactor {kind}, asked for by --reactor, is not in this version"));
            assert!(error.hint().unwrap().contains("selector"));
            assert!(!error.is_transient());
        }
    }

    #[test]
    fn every_available_kind_starts_and_is_reported() {
        for &kind in ReactorKind::AVAILABLE {
            for drive in [Drive::CallingThread, Drive::OwnThread] {
                let (handle, report) = match choose(Choice { kind, asked_by: AskedBy::Builder, drive, fallback: Fallback::Refuse }) {
                    // Whether that is a failure, the tests of `completion` itself decide.
                    Err(Error::NotStarted { kind: ReactorKind::Completion, source, .. }) if is_refusal(&source) => {
                        // Past the harness, which keeps what is printed for itself.
                        let _ = io::Write::write_all(&mut io::stderr(), format!("completion NOT tested: {source}\n").as_bytes());
                        continue;
                    }
                    started => started.unwrap(),
                };
                assert_eq!(handle.block_on(async { 1 }), 1);
                let chosen = if kind == ReactorKind::Auto { ReactorKind::Selector } else { kind };
                assert_eq!((report.chosen, report.asked_for, report.drive), (chosen, kind, drive));
                assert!(report.attempts.is_empty());
                let line = report.to_string();
                assert!(line.starts_with(&format!("reactor {chosen} (")), "{line}");
                assert!(line.ends_with(&format!("driven by the {drive}, {kind} asked for by builder")), "{line}");
            }
        }
    }

    #[test]
    fn a_reactor_that_cannot_start_is_an_error_that_tells_why() {
        let error = choose_with(Choice::default(), |_, _| Err(out_of_files())).unwrap_err();
        let Error::NoneStarts { attempts, source, .. } = &error else { panic!("{error:?}") };
        let tried: Vec<_> = attempts.iter().map(|attempt| attempt.kind).collect();
        assert_eq!(tried, ReactorKind::Auto.chain().collect::<Vec<_>>());
        assert_eq!(source.raw_os_error(), Some(24));
        assert!(error.is_transient());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_chain_goes_on_to_what_is_sure_to_be_there() {
        let chain = |kind: ReactorKind| kind.chain().collect::<Vec<_>>();
        assert_eq!(chain(ReactorKind::Auto), [ReactorKind::Selector, ReactorKind::Poll]);
        assert_eq!(chain(ReactorKind::Selector), [ReactorKind::Selector, ReactorKind::Poll]);
        assert_eq!(chain(ReactorKind::Edge), [ReactorKind::Edge, ReactorKind::Selector, ReactorKind::Poll]);
        assert_eq!(chain(ReactorKind::Poll), [ReactorKind::Poll, ReactorKind::Selector]);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(chain(ReactorKind::Completion), [ReactorKind::Completion, ReactorKind::Selector, ReactorKind::Poll]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_replacement_is_told_with_all_that_it_replaces() {
        let only_poll = |kind, _| match kind {
            ReactorKind::Poll => Ok((Sim::new().handle(), "memory")),
            _ => Err(out_of_files()),
        };
        let choice = Choice { kind: ReactorKind::Edge, asked_by: AskedBy::Flag, ..Choice::default() };
        let (_, report) = choose_with(choice, only_poll).unwrap();
        assert_eq!((report.chosen, report.asked_for), (ReactorKind::Poll, ReactorKind::Edge));
        let tried: Vec<_> = report.attempts.iter().map(|attempt| (attempt.kind, attempt.error.raw_os_error())).collect();
        assert_eq!(tried, [(ReactorKind::Edge, Some(24)), (ReactorKind::Selector, Some(24))]);
        let line = report.to_string();
        assert!(line.starts_with("reactor poll (memory) on linux "), "{line}");
        assert!(
            line.contains(", edge asked for by --reactor; edge cannot start: ") && line.contains("; selector cannot start: "),
            "{line}"
        );
    }

    #[test]
    fn where_a_replacement_is_refused_the_error_tells_why() {
        let only_poll = |kind, _| match kind {
            ReactorKind::Poll => Ok((Sim::new().handle(), "memory")),
            _ => Err(out_of_files()),
        };
        let choice = Choice { kind: ReactorKind::Auto, asked_by: AskedBy::Builder, fallback: Fallback::Refuse, ..Choice::default() };
        let error = choose_with(choice, only_poll).unwrap_err();
        assert!(matches!(&error, Error::NotStarted { kind: ReactorKind::Selector, source, .. } if source.raw_os_error() == Some(24)));
        assert!(error.to_string().starts_with("the reactor selector, asked for by builder, cannot start on "), "{error}");
        assert!(error.is_transient() && error.hint().is_some());
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn a_system_that_does_not_permit_io_uring_is_told_from_one_that_is_short_of_something() {
        let choice = Choice { kind: ReactorKind::Completion, fallback: Fallback::Refuse, ..Choice::default() };
        let refused = choose_with(choice, |_, _| Err(io::Error::from_raw_os_error(1))).unwrap_err();
        assert!(!refused.is_transient() && refused.hint().unwrap().contains("io_uring"), "{refused:?}");
        let short = choose_with(choice, |_, _| Err(out_of_files())).unwrap_err();
        assert!(short.is_transient() && short.hint().unwrap().contains("ulimit"), "{short:?}");
    }

    fn out_of_files() -> io::Error {
        io::Error::from_raw_os_error(24)
    }
}
