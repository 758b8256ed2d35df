//! What goes over the connection: messages, values, the proof of the password, and the socket with its TLS. Knows no table.
//!
//! A client of our own, and no crate for it: the store is synchronous and called on threads that may wait, so that a blocking socket is all
//! it needs. What was looked at: sqlx brings some fifty crates and async-io's own reactor beside the chosen one, `postgres` brings Tokio, and
//! libpq is no part of every system.

mod message;
mod scram;
mod stream;
mod value;

pub(super) use self::message::{Authentication, HEAD, Incoming, LONGEST, Outgoing, Row, State, Told, head, read};
pub(super) use self::scram::{MECHANISM, Scram};
pub(super) use self::stream::{Failed, Patience, Stream, tls};
pub(super) use self::value::{Value, without_nul};

use crate::store::error::Failure;

/// What was said is none of the protocol, or of what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken(pub &'static str);

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self::Malformed(broken.0)
    }
}
