//! When an origin that wants to be asked slowly may be asked next, by whoever uses the store.

use std::time::{Duration, SystemTime};

use crate::store::Error;

/// Turns and rests of origins.
pub trait Origins {
    /// Takes the turn of an origin that wants so much time between two requests, for all that use the store; or how long to wait before
    /// asking again. Without a `delay`: by the one that it wanted last, if that is known.
    fn take_turn(&self, origin: &str, delay: Option<Duration>, now: SystemTime) -> Result<Option<Duration>, Error>;

    /// Notes that an origin has said that it was asked too much, with how long it wants to be left alone, perhaps; until when it is, by
    /// all that use the store.
    fn note_overload(&self, origin: &str, asked: Option<Duration>, now: SystemTime) -> Result<SystemTime, Error>;

    /// Notes that an origin has answered, and rests no more: what it refuses next is the first of a row.
    fn note_answer(&self, origin: &str, now: SystemTime) -> Result<(), Error>;

    /// The origins that are to be left alone, each with until when.
    fn resting(&self, now: SystemTime) -> Result<Vec<(Box<str>, SystemTime)>, Error>;
}
