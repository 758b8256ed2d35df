//! When an origin may be asked next, where several processes keep it together. Who keeps it where is not known here.

use std::fmt;
use std::time::Duration;

use crate::reactor::Boxed;

/// The turns and pauses of origins that want to be asked slowly, kept outside of one crawler: see
/// [`Config::pace`](super::Config::pace). Whoever cannot tell says so, and the crawler goes by what it knows itself.
pub trait Pace: fmt::Debug + Send + Sync {
    /// Takes the turn of an origin that wants so much time between two requests (`Crawl-delay`). Without a `delay`: by the one that it
    /// wanted last, as its robots.txt is not known yet.
    fn turn<'a>(&'a self, origin: &'a str, delay: Option<Duration>) -> Boxed<'a, Turn>;

    /// The origin has said that it was asked too much (429, 503), and how long it wants to be left alone, perhaps.
    fn overloaded<'a>(&'a self, origin: &'a str, asked: Option<Duration>) -> Boxed<'a, ()>;

    /// How long an origin that was asked too much is still to be left alone. It is asked before each request: what it tells may be a second
    /// old.
    fn rest<'a>(&'a self, origin: &'a str) -> Boxed<'a, Option<Duration>>;
}

/// Whether it is somebody's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Then others wait.
    Taken,
    /// Ask again after that time. Nobody holds a place: who gives up holds up nobody.
    After(Duration),
    /// It is not kept at the moment.
    Unknown,
}
