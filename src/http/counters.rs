//! Numbers an operator can watch: a benign reset is never logged, but it is counted, so a new pattern shows without noise.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

use super::error::Error;

/// What a client has done so far. At rest `requests` is `succeeded` + `failed` + `cancelled`; before that the difference is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Calls of `send`; redirects are part of one.
    pub requests: u64,
    /// Of these, answered: the message was complete, or the caller let go of the rest of it.
    pub succeeded: u64,
    /// Sent a second time because a kept-alive connection was dead.
    pub retried: u64,
    /// Closed or reset connections that took nothing from an answer: while idle, on reuse, while closing. One connection counts once.
    pub benign_resets: u64,
    /// Requests that ended in an error, in `send` or while the body was read.
    pub failed: u64,
    /// The same by the stage the error came from; the sum is `failed`.
    #[serde(default)]
    pub failed_at: FailedAt,
    /// Requests given up by their caller while something was awaited: the answer, or more of its body.
    #[serde(default)]
    pub cancelled: u64,
    /// Connections that stood, TLS included.
    pub connections_opened: u64,
    /// Times a kept-alive connection carried a further request.
    pub connections_reused: u64,
    /// Of the opened, closed since; the rest is in use or idle.
    #[serde(default)]
    pub connections_dropped: u64,
}

/// How many requests failed at each stage of their life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailedAt {
    /// Name, TCP connection, proxy, and the time limit for all of them.
    pub connect: u64,
    /// Certificate and handshake.
    pub tls: u64,
    /// Sending the request and waiting for the first byte of its answer.
    pub first_byte: u64,
    /// Within the head.
    pub head: u64,
    /// Within the body: cut short, malformed, too large, too slow, wrongly coded.
    pub body: u64,
    /// No connection is to blame: what the client refuses to send or to follow.
    pub other: u64,
}

/// Where a request is in its life, for the errors that do not tell: time limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Connect,
    Tls,
    FirstByte,
    Head,
    Body,
    Other,
}

impl Reached {
    /// The stage of an error that came when the request had reached `self`.
    fn blamed(self, error: &Error) -> Self {
        match error.root() {
            Error::Resolve { .. }
            | Error::OutOfFiles { .. }
            | Error::Connect { .. }
            | Error::ConnectTimeout { .. }
            | Error::Proxy { .. }
            | Error::ProxyRefused { .. } => Self::Connect,
            Error::Certificate { .. } | Error::Tls { .. } => Self::Tls,
            Error::TruncatedHead { .. } | Error::MalformedHead { .. } | Error::UnaskedPart => Self::Head,
            Error::TruncatedBody { .. }
            | Error::MalformedBody { .. }
            | Error::BodyTooLarge { .. }
            | Error::UnsupportedCoding { .. }
            | Error::Undecodable { .. }
            | Error::IdleTimeout { .. } => Self::Body,
            // To a proxy while the way is opened, or to the server.
            Error::Write { .. } | Error::ClosedBeforeResponse { .. } | Error::FirstByteTimeout { .. } | Error::TotalTimeout { .. } => self,
            _ => Self::Other,
        }
    }
}

impl Counters {
    /// What happened after `earlier` was taken.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(earlier.requests),
            succeeded: self.succeeded.saturating_sub(earlier.succeeded),
            retried: self.retried.saturating_sub(earlier.retried),
            benign_resets: self.benign_resets.saturating_sub(earlier.benign_resets),
            failed: self.failed.saturating_sub(earlier.failed),
            failed_at: self.failed_at.since(&earlier.failed_at),
            cancelled: self.cancelled.saturating_sub(earlier.cancelled),
            connections_opened: self.connections_opened.saturating_sub(earlier.connections_opened),
            connections_reused: self.connections_reused.saturating_sub(earlier.connections_reused),
            connections_dropped: self.connections_dropped.saturating_sub(earlier.connections_dropped),
        }
    }

    /// Requests without an outcome yet. None, if no `send` is awaited and no body half-read.
    pub fn in_flight(&self) -> u64 {
        self.requests.saturating_sub(self.succeeded + self.failed + self.cancelled)
    }
}

impl FailedAt {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            connect: self.connect.saturating_sub(earlier.connect),
            tls: self.tls.saturating_sub(earlier.tls),
            first_byte: self.first_byte.saturating_sub(earlier.first_byte),
            head: self.head.saturating_sub(earlier.head),
            body: self.body.saturating_sub(earlier.body),
            other: self.other.saturating_sub(earlier.other),
        }
    }

    fn named(&self) -> [(&'static str, u64); 6] {
        let Self { connect, tls, first_byte, head, body, other } = *self;
        [("connect", connect), ("tls", tls), ("first byte", first_byte), ("head", head), ("body", body), ("other", other)]
    }

    /// All stages together.
    pub fn sum(&self) -> u64 {
        self.named().iter().map(|(_, count)| count).sum()
    }
}

/// One line for a log: what is zero and seldom otherwise is left out.
impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} succeeded, {} failed", self.requests, self.succeeded, self.failed)?;
        let stages: Vec<_> = self.failed_at.named().into_iter().filter(|(_, count)| *count > 0).collect();
        for (index, (stage, count)) in stages.iter().enumerate() {
            write!(f, "{}{stage} {count}{}", if index == 0 { " (" } else { ", " }, if index + 1 == stages.len() { ")" } else { "" })?;
        }
        for (count, what) in [(self.cancelled, "cancelled"), (self.in_flight(), "in flight")] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        write!(
            f,
            ", {} retried, {} benign resets, connections {} opened, {} reused, {} dropped",
            self.retried, self.benign_resets, self.connections_opened, self.connections_reused, self.connections_dropped
        )
    }
}

/// The running totals of one client, and with them those of the client it was made from. Relaxed: each number is exact by itself,
/// together they are a snapshot only at rest.
#[derive(Debug, Default)]
pub(super) struct Totals {
    own: Numbers,
    /// Counts whatever is counted here.
    whole: Option<Arc<Totals>>,
}

#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) requests: AtomicU64,
    pub(super) succeeded: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) benign_resets: AtomicU64,
    /// By stage, in the order of `Reached`.
    failed: [AtomicU64; 6],
    pub(super) cancelled: AtomicU64,
    pub(super) connections_opened: AtomicU64,
    pub(super) connections_reused: AtomicU64,
    pub(super) connections_dropped: AtomicU64,
}

impl Totals {
    pub(super) fn part_of(whole: &Arc<Self>) -> Self {
        Self { own: Numbers::default(), whole: Some(whole.clone()) }
    }

    pub(super) fn count(&self, number: impl Fn(&Numbers) -> &AtomicU64) {
        self.add(number, 1);
    }

    pub(super) fn add(&self, number: impl Fn(&Numbers) -> &AtomicU64, count: u64) {
        let mut next = Some(self);
        while let Some(totals) = next {
            number(&totals.own).fetch_add(count, Relaxed);
            next = totals.whole.as_deref();
        }
    }

    pub(super) fn failed(&self, error: &Error, reached: Reached) {
        let stage = reached.blamed(error);
        self.count(|numbers| &numbers.failed[stage as usize]);
    }

    pub(super) fn read(&self) -> Counters {
        let own = &self.own;
        let failed = |stage: Reached| own.failed[stage as usize].load(Relaxed);
        let failed_at = FailedAt {
            connect: failed(Reached::Connect),
            tls: failed(Reached::Tls),
            first_byte: failed(Reached::FirstByte),
            head: failed(Reached::Head),
            body: failed(Reached::Body),
            other: failed(Reached::Other),
        };
        Counters {
            requests: own.requests.load(Relaxed),
            succeeded: own.succeeded.load(Relaxed),
            retried: own.retried.load(Relaxed),
            benign_resets: own.benign_resets.load(Relaxed),
            failed: failed_at.sum(),
            failed_at,
            cancelled: own.cancelled.load(Relaxed),
            connections_opened: own.connections_opened.load(Relaxed),
            connections_reused: own.connections_reused.load(Relaxed),
            connections_dropped: own.connections_dropped.load(Relaxed),
        }
    }
}

/// A request on its way: if it is dropped before it has an outcome, it was cancelled.
pub(super) struct Flight<'a> {
    totals: &'a Totals,
    pub(super) reached: Reached,
    landed: bool,
}

impl<'a> Flight<'a> {
    pub(super) fn new(totals: &'a Totals) -> Self {
        totals.count(|numbers| &numbers.requests);
        Self { totals, reached: Reached::Other, landed: false }
    }

    /// There is an error, which is counted here, or an answer, whose body will count.
    pub(super) fn land<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        self.landed = true;
        outcome.inspect_err(|error| self.totals.failed(error, self.reached))
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.totals.count(|numbers| &numbers.cancelled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_leaves_out_what_did_not_happen() {
        let mut counters = Counters { requests: 3, succeeded: 3, connections_opened: 1, connections_reused: 2, ..Counters::default() };
        let quiet = "3 requests, 3 succeeded, 0 failed, 0 retried, 0 benign resets, connections 1 opened, 2 reused, 0 dropped";
        assert_eq!(counters.to_string(), quiet);
        counters = Counters { requests: 8, failed: 3, cancelled: 1, ..counters };
        counters.failed_at = FailedAt { connect: 1, body: 2, ..FailedAt::default() };
        assert!(
            counters.to_string().starts_with("8 requests, 3 succeeded, 3 failed (connect 1, body 2), 1 cancelled, 1 in flight, 0 retried")
        );
    }

    #[test]
    fn a_part_counts_for_the_whole() {
        let whole = Arc::new(Totals::default());
        let part = Totals::part_of(&whole);
        part.count(|numbers| &numbers.requests);
        part.failed(&Error::NoHost, Reached::Other);
        whole.count(|numbers| &numbers.requests);
        assert_eq!((part.read().requests, whole.read().requests), (1, 2));
        assert_eq!((part.read().failed_at.other, whole.read().failed), (1, 1));
    }

    #[test]
    fn a_time_limit_is_blamed_on_what_was_waited_for() {
        let limit = std::time::Duration::from_secs(1);
        for reached in [Reached::Connect, Reached::FirstByte, Reached::Head, Reached::Body] {
            assert_eq!(reached.blamed(&Error::TotalTimeout { limit }), reached);
            assert_eq!(reached.blamed(&Error::IdleTimeout { limit }), Reached::Body);
            assert_eq!(reached.blamed(&Error::RedirectLoop), Reached::Other);
        }
    }
}
