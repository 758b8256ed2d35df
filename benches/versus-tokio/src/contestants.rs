//! Who is measured, and what each is made of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smolcrawl::reactor::{AskedBy, Choice, Drive, Fallback, Handle, ReactorKind, choose};
use tokio::runtime::Runtime;

use crate::reactor::OnTokio;
use crate::theirs;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contestant {
    /// smolcrawl on a reactor of its own.
    Ours(ReactorKind),
    /// The same code on Tokio.
    A(Threads),
    /// By hand, on Tokio.
    B(Threads),
    /// The program `smolcrawl`.
    Program,
    Spider,
    Python,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Threads {
    /// A current-thread runtime.
    One,
    /// A runtime with two workers.
    Two,
}

impl Contestant {
    /// In the order of tables; the reactors are those of this platform.
    pub fn all() -> Vec<Self> {
        let kinds = ReactorKind::AVAILABLE.iter().copied().filter(|kind| *kind != ReactorKind::Auto);
        let theirs = [Self::A(Threads::One), Self::A(Threads::Two), Self::B(Threads::One), Self::B(Threads::Two)];
        kinds.map(Self::Ours).chain([Self::Program]).chain(theirs).chain([Self::Spider, Self::Python]).collect()
    }

    /// What it is, for whoever reads a table.
    pub fn told(self) -> String {
        match self {
            Self::Ours(kind) => format!("smolcrawl, `{kind}`"),
            Self::Program => "the program `smolcrawl`".to_owned(),
            Self::A(Threads::One) => "A: the same code on Tokio, current thread".to_owned(),
            Self::A(Threads::Two) => "A: the same code on Tokio, two workers".to_owned(),
            Self::B(Threads::One) => "B: by hand on Tokio, current thread".to_owned(),
            Self::B(Threads::Two) => "B: by hand on Tokio, two workers".to_owned(),
            Self::Spider => "C: spider".to_owned(),
            Self::Python => "C: Python".to_owned(),
        }
    }

    /// Why a reactor of ours cannot be had on this system.
    pub fn cannot_start(self) -> Option<String> {
        match self {
            Self::Ours(kind) => choose(asked(kind)).err().map(|error| error.to_string()),
            _ => None,
        }
    }

    /// What drives it, started in this process.
    pub fn driver(self) -> Driver {
        let runtime = |threads| match threads {
            Threads::One => theirs::current_thread(),
            Threads::Two => theirs::two_workers(),
        };
        match self {
            Self::Ours(kind) => Driver::Handle(choose(asked(kind)).unwrap_or_else(|error| panic!("{error}")).0),
            Self::A(threads) => Driver::Handle(Handle::new(OnTokio::new(runtime(threads)))),
            Self::B(threads) => Driver::Runtime(Arc::new(runtime(threads))),
            Self::Program | Self::Spider | Self::Python => panic!("{self} is a program of its own"),
        }
    }
}

/// That reactor or none, driven by who is in `block_on`.
fn asked(kind: ReactorKind) -> Choice {
    Choice { kind, asked_by: AskedBy::Builder, drive: Drive::CallingThread, fallback: Fallback::Refuse }
}

/// What our code, or code by hand, runs on.
pub enum Driver {
    Handle(Handle),
    Runtime(Arc<Runtime>),
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(kind) => write!(f, "{kind}"),
            Self::Program => f.write_str("smolcrawl"),
            Self::A(Threads::One) => f.write_str("a1"),
            Self::A(Threads::Two) => f.write_str("a2"),
            Self::B(Threads::One) => f.write_str("b1"),
            Self::B(Threads::Two) => f.write_str("b2"),
            Self::Spider => f.write_str("spider"),
            Self::Python => f.write_str("python"),
        }
    }
}

impl FromStr for Contestant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::all().into_iter().find(|one| one.to_string() == name).ok_or_else(|| format!("no contestant is called {name}"))
    }
}
