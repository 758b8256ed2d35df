//! A request that takes time: what runs for it, and how it ended. Knows no wire.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use serde_json::Value;

use crate::mcp::ask::Ask;
use crate::mcp::context::Context;
use crate::mcp::message::RpcError;

/// Names one request of a connection that takes time; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// Work that may start.
pub(crate) struct Work {
    pub(crate) ticket: Ticket,
    /// For the log, if it panics.
    pub(crate) label: String,
    pub(crate) run: Run,
    pub(crate) context: Context,
}

pub(crate) type Run = Box<dyn FnOnce(Context) -> Running + Send>;
pub(crate) type Running = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// How work ended by itself.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The fields of the result.
    Complete(Value),
    Failed(RpcError),
    /// It asked the client what only another round of the request can answer.
    NeedsInput(Vec<Arc<Ask>>),
}

/// How work ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended(Ended),
    Panicked,
}

impl Work {
    pub(crate) fn start(self) -> Running {
        let context = self.context.clone();
        let mut running = (self.run)(self.context);
        if !context.asks_by_rounds() {
            return running;
        }
        Box::pin(poll_fn(move |cx| {
            let ended = running.as_mut().poll(cx);
            if ended.is_pending() {
                let questions = context.open_questions();
                if !questions.is_empty() {
                    // Whatever else it waits for is dropped: it starts anew when the answers are there.
                    return Poll::Ready(Ended::NeedsInput(questions));
                }
            }
            ended
        }))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("ticket", &self.ticket).field("label", &self.label).finish_non_exhaustive()
    }
}
