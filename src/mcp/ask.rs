//! A question to the client from within a request: the user is asked, the client's model, or for its directories. In the
//! handshake revisions it is a request of ours on the same wire and the work waits for its answer; since 2026-07-28 the
//! client's request ends with the question, and the client sends it anew together with the answer. Knows no wire.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::Value;

use crate::mcp::context::Call;
use crate::mcp::message::RpcError;
use crate::mcp::revision::Revision;
use crate::mcp::tool::ToolError;

/// Why a question to the client has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// `required` is the capability that the client should have declared, such as `{"sampling": {}}`.
    #[error("the client cannot do this: it did not declare the capability {required}")]
    Undeclared { required: Value },
    #[error("{what} does not exist in revision {revision}")]
    Unknown { what: &'static str, revision: Revision },
    #[error("the client refused (error {code}): {message}")]
    Refused { code: i32, message: String },
    #[error("the client did not answer within {} s", limit.as_secs_f32())]
    TimedOut { limit: Duration },
    #[error("the client's answer to `{key}` does not fit: {reason}")]
    Misfit { key: String, reason: String },
    #[error("the question cannot be asked: {reason}")]
    Unaskable { reason: String },
    /// The request whose context asked has ended.
    #[error("the request has ended, so nobody is there to be asked")]
    Ended,
}

impl From<AskError> for ToolError {
    fn from(error: AskError) -> ToolError {
        ToolError::new(error.to_string()).with_protocol(protocol_error(&error))
    }
}

impl From<AskError> for RpcError {
    fn from(error: AskError) -> RpcError {
        protocol_error(&error).unwrap_or_else(|| RpcError::internal(error.to_string()))
    }
}

/// Where the revision without handshakes wants the request itself to fail.
fn protocol_error(error: &AskError) -> Option<RpcError> {
    match error {
        AskError::Undeclared { required } => Some(RpcError::missing_capability(required.clone())),
        AskError::Misfit { .. } => Some(RpcError::invalid_params(error.to_string())),
        _ => None,
    }
}

/// One question, shared by the work that asks and the session that passes it on.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Names it among the questions of one request.
    pub(crate) key: String,
    pub(crate) method: &'static str,
    pub(crate) params: Value,
    /// `None`: what the server's limits say.
    pub(crate) time_limit: Option<Duration>,
    /// Held for a few instructions only, never across `.await`.
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(Option<Waker>),
    Answered(Result<Value, AskError>),
    /// Nobody waits for the answer any more.
    Abandoned,
}

impl Ask {
    pub(crate) fn new(key: String, method: &'static str, params: Value, time_limit: Option<Duration>) -> Arc<Ask> {
        Arc::new(Ask { key, method, params, time_limit, state: Mutex::new(State::Open(None)) })
    }

    pub(crate) fn answer(&self, answer: Result<Value, AskError>) {
        let mut state = self.lock();
        if let State::Open(waker) = &mut *state {
            let waker = waker.take();
            *state = State::Answered(answer);
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(*self.lock(), State::Abandoned)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before anything could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the answer; dropped before, the question is taken back.
#[derive(Debug)]
pub(crate) struct Answering {
    pub(crate) ask: Arc<Ask>,
    pub(crate) call: Arc<Call>,
}

impl Future for Answering {
    type Output = Result<Value, AskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self.ask.lock() {
            State::Open(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Answered(answer) => Poll::Ready(answer.clone()),
            State::Abandoned => Poll::Ready(Err(AskError::Ended)),
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.ask.lock();
        if matches!(*state, State::Open(_)) {
            *state = State::Abandoned;
            drop(state);
            self.call.bell.ring();
        }
    }
}
