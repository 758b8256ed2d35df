//! Questions of ours that are on the wire: which answer belongs to which, and when one is given up. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mcp::ask::{Ask, AskError};
use crate::mcp::message::{Id, Outgoing, RpcError};
use crate::mcp::work::Ticket;

/// The questions that wait for the client.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// By the id of our request.
    open: BTreeMap<u64, Question>,
    /// The last id that was used.
    last: u64,
}

#[derive(Debug)]
struct Question {
    ask: Arc<Ask>,
    /// Whose question it is.
    ticket: Ticket,
    limit: Duration,
    until: Instant,
}

impl Questions {
    /// Takes up a question; gives the message that asks it.
    pub(super) fn ask(&mut self, ticket: Ticket, ask: Arc<Ask>, limit: Duration, now: Instant) -> Outgoing {
        self.last += 1;
        let request = Outgoing::request(self.last, ask.method, ask.params.clone());
        let limit = ask.time_limit.unwrap_or(limit);
        let until = now.checked_add(limit).unwrap_or(now + A_YEAR);
        self.open.insert(self.last, Question { ask, ticket, limit, until });
        request
    }

    /// The question that was taken up last is not asked after all.
    pub(super) fn take_back(&mut self) {
        self.open.remove(&self.last);
    }

    /// Whether the answer was to one of these.
    pub(super) fn answer(&mut self, id: Option<&Id>, outcome: Result<Value, RpcError>) -> bool {
        let Some(Id::Integer(id)) = id else { return false };
        let Some(question) = u64::try_from(*id).ok().and_then(|id| self.open.remove(&id)) else { return false };
        question.ask.answer(outcome.map_err(|error| AskError::Refused { code: error.code, message: error.message }));
        true
    }

    /// Gives up what nobody waits for any more and what took too long; gives the messages that say so, and when to look again.
    pub(super) fn expire(&mut self, now: Instant) -> (Vec<Outgoing>, Option<Instant>) {
        let given_up = self.take(|question| {
            if question.ask.is_abandoned() {
                return Some("nobody waits for the answer any more");
            }
            (question.until <= now).then(|| {
                question.ask.answer(Err(AskError::TimedOut { limit: question.limit }));
                "the time limit is over"
            })
        });
        (given_up, self.open.values().map(|question| question.until).min())
    }

    /// The request that asked has ended; gives the messages that take its questions back.
    pub(super) fn end(&mut self, ticket: Ticket) -> Vec<Outgoing> {
        self.take(|question| {
            (question.ticket == ticket).then(|| {
                question.ask.answer(Err(AskError::Ended));
                "the request it belongs to has ended"
            })
        })
    }

    /// Nobody will answer any more.
    pub(super) fn end_all(&mut self) {
        for question in std::mem::take(&mut self.open).into_values() {
            question.ask.answer(Err(AskError::Ended));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    fn take(&mut self, why: impl Fn(&Question) -> Option<&'static str>) -> Vec<Outgoing> {
        let mut messages = Vec::new();
        self.open.retain(|id, question| {
            let Some(reason) = why(question) else { return true };
            messages.push(Outgoing::notification("notifications/cancelled", json!({ "requestId": id, "reason": reason })));
            false
        });
        messages
    }
}

/// For limits beyond what a clock can hold.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
