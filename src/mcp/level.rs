//! How severe a log message is, and from where on a client wants to see them. Pure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Severities of RFC 5424, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl Level {
    pub const ALL: [Level; 8] =
        [Level::Debug, Level::Info, Level::Notice, Level::Warning, Level::Error, Level::Critical, Level::Alert, Level::Emergency];

    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Notice => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
            Level::Alert => "alert",
            Level::Emergency => "emergency",
        }
    }
}

/// From where on a request's log messages are sent.
#[derive(Clone, Debug)]
pub(crate) enum Threshold {
    /// The request or its server wants none.
    Nothing,
    /// The request says so itself (2026-07-28).
    From(Level),
    /// What the client has set for all its requests, and may set anew while they run.
    Session(SessionLevel),
}

impl Threshold {
    pub(crate) fn admits(&self, level: Level) -> bool {
        match self {
            Threshold::Nothing => false,
            Threshold::From(lowest) => level >= *lowest,
            Threshold::Session(session) => level >= session.lowest(),
        }
    }
}

/// The level of `logging/setLevel`; clones are the same one. Until it is set: info, as debugging nobody asked for is noise.
#[derive(Clone, Debug)]
pub(crate) struct SessionLevel(Arc<AtomicU8>);

impl SessionLevel {
    pub(crate) fn set(&self, level: Level) {
        let position = Level::ALL.iter().position(|other| *other == level).expect("all levels are in the list");
        self.0.store(u8::try_from(position).expect("there are eight"), Ordering::Relaxed);
    }

    fn lowest(&self) -> Level {
        Level::ALL[usize::from(self.0.load(Ordering::Relaxed))]
    }
}

impl Default for SessionLevel {
    fn default() -> SessionLevel {
        let level = SessionLevel(Arc::default());
        level.set(Level::Info);
        level
    }
}
