//! The reading of pages, which may be told to end.

use std::time::{Duration, Instant};

use futures_lite::future;

use crate::model::Budget;
use crate::reactor::Handle;

/// The reading of pages, which may be told to end: by a stop within a bounded time, and at once where it is dropped.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Of each page; the end is that of all.
    pub budget: Budget,
    /// When patience ends, if it does.
    until: Option<Instant>,
    state: Ending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ending {
    #[default]
    Patient,
    /// Threads are told to end what they read.
    Hurrying,
    /// They are not waited for any more.
    GivenUp,
}

impl Reading {
    pub fn end(&mut self, now: Instant) {
        self.until.get_or_insert(now + PATIENCE);
    }

    pub fn is_ending(&self) -> bool {
        self.until.is_some()
    }

    pub fn is_given_up(&self) -> bool {
        self.state == Ending::GivenUp
    }

    /// Ready when there is less patience than before, and never if there is no end to it.
    pub async fn hurry(&mut self, handle: &Handle) {
        match self.until {
            Some(at) if !self.is_given_up() => handle.sleep_until(at).await,
            _ => future::pending().await,
        }
        self.state = match self.state {
            Ending::Patient => Ending::Hurrying,
            Ending::Hurrying | Ending::GivenUp => Ending::GivenUp,
        };
        self.budget.stop();
        self.until = self.until.map(|at| at + HASTE);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.budget.stop();
    }
}

/// From a stop until the pages that are still being read are told to end. Most take milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);
/// And from then until they are not waited for.
const HASTE: Duration = Duration::from_millis(500);
