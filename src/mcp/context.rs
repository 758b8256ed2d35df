//! What a running tool call sees of its caller: where to report progress, and whether anyone still waits.
//! Knows no wire: the session collects what is reported here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use serde_json::{Map, Value};

use crate::mcp::message::Id;
use crate::mcp::revision::Revision;

/// Handed to every tool call; clones speak for the same call.
#[derive(Clone, Debug)]
pub struct Context {
    call: Arc<Call>,
}

impl Context {
    pub(crate) fn new(call: Arc<Call>) -> Context {
        Context { call }
    }

    /// Reports how far the work has come; cheap, never blocks, may be called as often as it suits the work.
    ///
    /// Reaches the client only if it asked for progress, at most ten times a second (the latest report wins), and only while
    /// `progress` grows, as MCP demands: a report that does not exceed the one before is dropped.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: impl Into<String>) {
        if self.call.token.is_none() || !progress.is_finite() {
            return;
        }
        let report = Report { progress, total: total.filter(|total| total.is_finite()), message: message.into() };
        if self.call.lock().offer(report) {
            self.call.bell.ring();
        }
    }

    /// Whether the client asked for progress reports.
    pub fn wants_progress(&self) -> bool {
        self.call.token.is_some()
    }

    /// Whether nobody waits for the answer any more. The future of a cancelled call is dropped, so only work that it has moved
    /// elsewhere (another thread, a background task) needs to ask.
    pub fn is_cancelled(&self) -> bool {
        self.call.cancelled.load(Ordering::Acquire)
    }

    /// The revision this request is served by.
    pub fn revision(&self) -> Revision {
        self.call.revision
    }

    /// The capabilities that the client declared, by `initialize` or in the request itself.
    pub fn client_capabilities(&self) -> &Map<String, Value> {
        &self.call.client_capabilities
    }
}

/// One tool call in flight, shared by its contexts and the session.
#[derive(Debug)]
pub(crate) struct Call {
    /// What progress notifications carry; `None`: the client wants none.
    pub(crate) token: Option<Id>,
    pub(crate) revision: Revision,
    pub(crate) client_capabilities: Arc<Map<String, Value>>,
    pub(crate) bell: Arc<Bell>,
    cancelled: AtomicBool,
    /// Held for a few instructions only, never across `.await`.
    progress: Mutex<Progress>,
}

impl Call {
    pub(crate) fn new(token: Option<Id>, revision: Revision, client_capabilities: Arc<Map<String, Value>>, bell: Arc<Bell>) -> Call {
        Call { token, revision, client_capabilities, bell, cancelled: AtomicBool::new(false), progress: Mutex::default() }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.lock().close();
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        // A plain value stays whole even if a holder panicked.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the serving task when some call has something to report.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    pub(crate) fn listen(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }

    /// Whether it was rung since the last time this was asked.
    pub(crate) fn was_rung(&self) -> bool {
        self.rung.swap(false, Ordering::AcqRel)
    }

    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// One report of a tool.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) progress: f64,
    pub(crate) total: Option<f64>,
    pub(crate) message: String,
}

/// Decides which reports are sent: growing ones, the latest of those that come too fast, none after the end. Pure.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    waiting: Option<Report>,
    /// The highest value accepted.
    reached: Option<f64>,
    last_sent: Option<Instant>,
    closed: bool,
}

/// What is to be done about a call's progress now.
#[derive(Debug, PartialEq)]
pub(crate) enum Due {
    Nothing,
    Now(Report),
    At(Instant),
}

impl Progress {
    /// Whether the report was accepted.
    pub(crate) fn offer(&mut self, report: Report) -> bool {
        if self.closed || self.reached.is_some_and(|reached| report.progress <= reached) {
            return false;
        }
        self.reached = Some(report.progress);
        self.waiting = Some(report);
        true
    }

    pub(crate) fn due(&mut self, now: Instant, interval: Duration) -> Due {
        let next = self.last_sent.map(|last| last + interval);
        match (self.waiting.take(), next) {
            (None, _) => Due::Nothing,
            (waiting, Some(next)) if now < next => {
                self.waiting = waiting;
                Due::At(next)
            }
            (Some(report), _) => {
                self.last_sent = Some(now);
                Due::Now(report)
            }
        }
    }

    /// The last report that was held back, if any; afterwards nothing is accepted.
    pub(crate) fn close(&mut self) -> Option<Report> {
        self.closed = true;
        self.waiting.take()
    }
}
