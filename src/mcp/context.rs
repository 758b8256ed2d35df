//! What running work sees of its caller: where to report progress and log, how to ask the client, whether anyone still waits.
//! Knows no wire: the session collects what is left here.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use serde_json::{Map, Value, json};

use crate::mcp::ask::{Answering, Ask, AskError};
use crate::mcp::elicitation::{Elicitation, Elicited};
use crate::mcp::level::{Level, Threshold};
use crate::mcp::message::Id;
use crate::mcp::revision::Revision;
use crate::mcp::sampling::{Root, Sampled, Sampling};

/// Handed to everything that runs for a client's request; clones speak for the same request.
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
        if self.call.lock().progress.offer(report) {
            self.call.bell.ring();
        }
    }

    /// Whether the client asked for progress reports.
    pub fn wants_progress(&self) -> bool {
        self.call.token.is_some()
    }

    /// Sends a log message to the client, if the server declared [`logging`](crate::mcp::Builder::logging) and the client wants
    /// messages of that level. Cheap, never blocks; of more than 1000 that the client has not taken yet the oldest are dropped.
    ///
    /// ```
    /// # use smolcrawl::mcp::{Context, Level};
    /// # fn work(context: &Context) {
    /// context.log(Level::Warning, "the site is slow");
    /// context.log(Level::Debug, serde_json::json!({ "status": 200, "bytes": 1024 }));
    /// # }
    /// ```
    pub fn log(&self, level: Level, data: impl Into<Value>) {
        self.log_record(level, None, data);
    }

    /// As [`Context::log`], with the name of the part that speaks.
    pub fn log_as(&self, logger: impl Into<String>, level: Level, data: impl Into<Value>) {
        self.log_record(level, Some(logger.into()), data);
    }

    /// Whether the client sees messages of that level, for those that are costly to make.
    pub fn wants_log(&self, level: Level) -> bool {
        self.call.threshold.admits(level)
    }

    fn log_record(&self, level: Level, logger: Option<String>, data: impl Into<Value>) {
        if !self.wants_log(level) {
            return;
        }
        let mut mailbox = self.call.lock();
        if mailbox.progress.closed {
            return;
        }
        if mailbox.logs.len() == LOGS {
            mailbox.logs.pop_front();
        }
        mailbox.logs.push_back(Log { level, logger, data: data.into() });
        drop(mailbox);
        self.call.bell.ring();
    }

    /// Asks the user. `key` names the question among those of this request.
    ///
    /// In the handshake revisions the work waits for the answer. Since 2026-07-28 the request ends here, the client asks and
    /// sends the request anew, and **the work starts from its beginning**: this time the question is answered at once. So ask
    /// before you change anything, ask under the same keys every time, and ask what does not depend on each other together
    /// (`futures_lite::future::zip`), which saves rounds. What was costly to find out can be [kept](Context::keep).
    ///
    /// ```
    /// use smolcrawl::mcp::{Answer, Context, Elicitation, Field, Tool, ToolError};
    /// use serde_json::Value;
    ///
    /// let greet = Tool::new("greet", "Greets the user", |_: Value, context: Context| async move {
    ///     let question = Elicitation::form("What is your name?").field("name", Field::text());
    ///     Ok::<_, ToolError>(match context.elicit("name", question).await?.accepted() {
    ///         Some(filled) => Answer::text(format!("Hello, {}!", filled["name"].as_str().unwrap_or_default())),
    ///         None => Answer::text("Hello, whoever you are!"),
    ///     })
    /// });
    /// ```
    ///
    /// # Errors
    /// The client cannot, will not or does not answer, or answers what was not asked; see [`AskError`]. `?` in a tool makes it
    /// the answer.
    pub async fn elicit(&self, key: impl Into<String>, question: Elicitation) -> Result<Elicited, AskError> {
        let revision = self.call.revision;
        if !question.is_known(revision) {
            return Err(AskError::Unknown { what: "this kind of question to the user", revision });
        }
        if !question.is_declared(&self.call.client_capabilities) {
            return Err(AskError::Undeclared { required: question.capability() });
        }
        let params = question.params(revision)?;
        self.ask(key.into(), "elicitation/create", params, question.time_limit, |answer| question.answered(answer)).await
    }

    /// Asks the client's model; everything else is as with [`Context::elicit`].
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn sample(&self, key: impl Into<String>, question: Sampling) -> Result<Sampled, AskError> {
        let revision = self.call.revision;
        let declared = self.call.client_capabilities.get("sampling");
        if !declared.is_some_and(Value::is_object) {
            return Err(AskError::Undeclared { required: json!({ "sampling": {} }) });
        }
        if question.needs_tools() && declared.and_then(|sampling| sampling.get("tools")).is_none() {
            return Err(AskError::Undeclared { required: json!({ "sampling": { "tools": {} } }) });
        }
        let params = question.params(revision);
        self.ask(key.into(), "sampling/createMessage", params, question.time_limit, Sampled::parse).await
    }

    /// The directories that the client's user works in; everything else is as with [`Context::elicit`], and the key is `roots`.
    ///
    /// # Errors
    /// As [`Context::elicit`].
    pub async fn roots(&self) -> Result<Vec<Root>, AskError> {
        if !self.call.client_capabilities.get("roots").is_some_and(Value::is_object) {
            return Err(AskError::Undeclared { required: json!({ "roots": {} }) });
        }
        self.ask("roots".to_owned(), "roots/list", json!({}), None, Root::parse_all).await
    }

    /// Keeps something for the next round of this request, should it end with a question (since 2026-07-28): the client carries
    /// it, signed, so it comes back unchanged to the same request only. It can be read there, so keep no secrets. Costs nothing
    /// where work waits for its answers.
    pub fn keep(&self, value: impl Into<Value>) {
        self.call.lock().kept = Some(value.into());
    }

    /// What a former round [kept](Context::keep).
    pub fn kept(&self) -> Option<&Value> {
        match &self.call.asking {
            Asking::ByRounds(round) => round.kept.as_ref(),
            Asking::OnTheWire | Asking::Never => None,
        }
    }

    /// Whether nobody waits for the answer any more. The future of a cancelled request is dropped, so only work that it has moved
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

    /// Whether a question ends this round of the request.
    pub(crate) fn asks_by_rounds(&self) -> bool {
        matches!(self.call.asking, Asking::ByRounds(_))
    }

    /// The questions that wait for their answers.
    pub(crate) fn open_questions(&self) -> Vec<Arc<Ask>> {
        self.call.lock().asks.iter().filter(|ask| !ask.is_abandoned()).cloned().collect()
    }

    async fn ask<T>(
        &self,
        key: String,
        method: &'static str,
        params: Value,
        time_limit: Option<Duration>,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<T, AskError> {
        let misfit = |key: &str, reason| AskError::Misfit { key: key.to_owned(), reason };
        match &self.call.asking {
            Asking::OnTheWire => {}
            Asking::Never => return Err(AskError::Unaskable { reason: "this kind of request cannot ask anything".to_owned() }),
            Asking::ByRounds(round) => {
                if let Some(answer) = round.answers.get(&key) {
                    let parsed = parse(answer).map_err(|reason| misfit(&key, reason));
                    self.call.lock().used.insert(key);
                    return parsed;
                }
            }
        }
        let ask = Ask::new(key, method, params, time_limit);
        if !self.call.offer(ask.clone()) {
            return Err(AskError::Ended);
        }
        self.call.bell.ring();
        let answer = Answering { ask: ask.clone(), call: self.call.clone() }.await?;
        parse(&answer).map_err(|reason| misfit(&ask.key, reason))
    }
}

/// Log messages that wait to be sent, per request.
const LOGS: usize = 1000;

/// One request in flight, shared by its contexts and the session.
#[derive(Debug)]
pub(crate) struct Call {
    /// What progress notifications carry; `None`: the client wants none.
    pub(crate) token: Option<Id>,
    pub(crate) revision: Revision,
    pub(crate) client_capabilities: Arc<Map<String, Value>>,
    pub(crate) threshold: Threshold,
    pub(crate) asking: Asking,
    pub(crate) bell: Arc<Bell>,
    cancelled: AtomicBool,
    /// Held for a few instructions only, never across `.await`.
    mailbox: Mutex<Mailbox>,
}

/// How questions to the client reach it.
#[derive(Debug)]
pub(crate) enum Asking {
    /// As requests of ours (handshake revisions).
    OnTheWire,
    /// As the end of this round of the client's request (2026-07-28).
    ByRounds(Round),
    /// Not at all: the request is none that may end so.
    Never,
}

/// What a request of the stateless revision carries from its former rounds.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// By key.
    pub(crate) answers: Map<String, Value>,
    pub(crate) kept: Option<Value>,
}

/// What the work has left for the session.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    pub(crate) progress: Progress,
    pub(crate) logs: VecDeque<Log>,
    /// Questions that the session has not taken up yet.
    pub(crate) asks: Vec<Arc<Ask>>,
    /// Keys of the answers that were looked at in this round.
    pub(crate) used: BTreeSet<String>,
    pub(crate) kept: Option<Value>,
}

#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) level: Level,
    pub(crate) logger: Option<String>,
    pub(crate) data: Value,
}

impl Call {
    pub(crate) fn new(
        token: Option<Id>,
        revision: Revision,
        client_capabilities: Arc<Map<String, Value>>,
        threshold: Threshold,
        asking: Asking,
        bell: Arc<Bell>,
    ) -> Call {
        let (cancelled, mailbox) = (AtomicBool::new(false), Mutex::default());
        Call { token, revision, client_capabilities, threshold, asking, bell, cancelled, mailbox }
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        self.close();
    }

    /// Leaves a question for the session; `false`: the request has ended.
    fn offer(&self, ask: Arc<Ask>) -> bool {
        let mut mailbox = self.lock();
        if !mailbox.progress.closed {
            mailbox.asks.push(ask);
        }
        !mailbox.progress.closed
    }

    /// Nothing is accepted any more, and progress that was held back is dropped.
    pub(crate) fn close(&self) {
        let mut mailbox = self.lock();
        mailbox.asks.clear();
        mailbox.progress.close();
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, Mailbox> {
        // A plain value stays whole even if a holder panicked.
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) fn ring(&self) {
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

/// Decides which reports are sent: growing ones, the latest of those that come too fast, none together with the answer or after it. Pure.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    waiting: Option<Report>,
    /// Since when something has been waiting.
    since: Option<Instant>,
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

/// So long a report is held back, as the answer may be close behind it: clients forget the token with the answer, and those that take up
/// several messages at once may take up this one last.
pub(crate) const HELD: Duration = Duration::from_millis(20);

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
        let Some(report) = self.waiting.take() else { return Due::Nothing };
        let held = *self.since.get_or_insert(now) + HELD;
        let next = self.last_sent.map_or(held, |last| held.max(last + interval));
        if now < next {
            self.waiting = Some(report);
            return Due::At(next);
        }
        (self.last_sent, self.since) = (Some(now), None);
        Due::Now(report)
    }

    /// Nothing is accepted any more, and what was held back is dropped.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.waiting = None;
    }
}
