//! Numbers an operator can watch: a benign reset is never logged, but it is counted, so a new pattern shows without noise.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// What a client has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Calls of `send`; redirects are part of one.
    pub requests: u64,
    /// Of these, answered: the message was complete, or the caller let go of the rest of it.
    pub succeeded: u64,
    /// Sent a second time because a kept-alive connection was dead.
    pub retried: u64,
    /// Closed or reset connections that took nothing from an answer: while idle, on reuse, after a complete message, while closing.
    pub benign_resets: u64,
    /// Requests that ended in an error, in `send` or while the body was read.
    pub failed: u64,
    pub connections_opened: u64,
    /// Times a kept-alive connection carried a further request.
    pub connections_reused: u64,
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
            connections_opened: self.connections_opened.saturating_sub(earlier.connections_opened),
            connections_reused: self.connections_reused.saturating_sub(earlier.connections_reused),
        }
    }
}

/// The running totals. Relaxed: each is exact by itself, together they are a snapshot only at rest.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: AtomicU64,
    pub(super) succeeded: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) benign_resets: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) connections_opened: AtomicU64,
    pub(super) connections_reused: AtomicU64,
}

impl Totals {
    pub(super) fn count(total: &AtomicU64) {
        total.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Counters {
        Counters {
            requests: self.requests.load(Relaxed),
            succeeded: self.succeeded.load(Relaxed),
            retried: self.retried.load(Relaxed),
            benign_resets: self.benign_resets.load(Relaxed),
            failed: self.failed.load(Relaxed),
            connections_opened: self.connections_opened.load(Relaxed),
            connections_reused: self.connections_reused.load(Relaxed),
        }
    }
}
