//! The rules of one connection, without IO: a line comes in; lines to send, work to start and work to drop come out.
//! Decides per request whether the caller is modern (names its revision itself) or legacy (came by `initialize`). No clock
//! but the argument, no task, no stream.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use log::debug;
use serde_json::{Map, Value, json};

use crate::mcp::answer;
use crate::mcp::answer::Keep;
use crate::mcp::ask::{Ask, AskError};
use crate::mcp::context::{Asking, Bell, Call, Due, Log, Report};
use crate::mcp::definition::Definition;
use crate::mcp::level::SessionLevel;
use crate::mcp::lines::Input;
use crate::mcp::message::{Id, Line, Message, Outgoing, Refused, RpcError};
use crate::mcp::revision::Revision;
use crate::mcp::seal::Purpose;
use crate::mcp::server::Config;
use crate::mcp::work::{Ended, Outcome, Ticket, Work};

mod envelope;
mod questions;
mod requests;
mod subscriptions;

use envelope::Caller;
use questions::Questions;
use subscriptions::Subscriptions;

/// What is to be done next, in this order.
#[derive(Debug)]
pub(crate) enum Step {
    /// Write this line; its end is not included.
    Send(String),
    /// Run this and give its outcome to [`Session::finish`].
    Start(Work),
    /// Drop this work at once; its outcome is not wanted.
    Drop(Ticket),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    definition: Arc<Definition>,
    /// Set by `initialize`; requests that name no revision are served by it.
    agreed: Option<Caller>,
    /// What `logging/setLevel` has set.
    level: SessionLevel,
    /// Requests whose work runs or waits, oldest first.
    calls: BTreeMap<Ticket, InFlight>,
    by_id: HashMap<Id, Ticket>,
    /// Work that was accepted and waits for some of the running to end.
    waiting: VecDeque<Work>,
    running: usize,
    questions: Questions,
    /// `None`: the server tells no changes.
    subscriptions: Option<Subscriptions>,
    batches: BTreeMap<u64, Batch>,
    /// The next ticket or batch.
    next: u64,
    bell: Arc<Bell>,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct InFlight {
    id: Id,
    kind: Kind,
    call: Arc<Call>,
    /// What the state of the next round is sealed for, if there may be one.
    purpose: Option<Purpose>,
    reply: Reply,
}

/// What kind of request it is that takes time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Tool,
    Prompt,
    Reading,
    Listing,
    Completion,
}

/// What one request has left to be sent.
struct Left {
    ticket: Ticket,
    call: Arc<Call>,
    logs: VecDeque<Log>,
    report: Option<Report>,
    asks: Vec<Arc<Ask>>,
}

/// Where an answer goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reply {
    Alone,
    InBatch(u64),
}

/// The answers to one batch, collected until all are there.
#[derive(Debug)]
struct Batch {
    missing: usize,
    answers: Vec<String>,
}

impl Session {
    pub(crate) fn new(definition: Arc<Definition>, bell: Arc<Bell>) -> Session {
        let limit = definition.config.max_subscriptions;
        let listener = definition.notifier.as_ref().map(|notifier| notifier.listener(bell.clone()));
        Session {
            definition,
            agreed: None,
            level: SessionLevel::default(),
            calls: BTreeMap::new(),
            by_id: HashMap::new(),
            waiting: VecDeque::new(),
            running: 0,
            questions: Questions::default(),
            subscriptions: listener.map(|listener| Subscriptions::new(listener, limit)),
            batches: BTreeMap::new(),
            next: 0,
            bell,
            steps: Vec::new(),
        }
    }

    pub(crate) fn receive(&mut self, input: &Input, now: Instant) -> Vec<Step> {
        match input {
            Input::Line(bytes) => self.line(Line::parse(bytes), now),
            Input::TooLong { id, bytes } => {
                let limit = self.definition.config.max_line;
                let error = RpcError::invalid_request(format!("the message has {bytes} bytes; this server reads up to {limit}"));
                self.send(Outgoing::error(id.clone(), error));
            }
        }
        std::mem::take(&mut self.steps)
    }

    /// Started work has ended.
    pub(crate) fn finish(&mut self, ticket: Ticket, outcome: Outcome, now: Instant) -> Vec<Step> {
        if let Some(ended) = self.calls.remove(&ticket) {
            self.running -= 1;
            self.by_id.remove(&ended.id);
            let logs = std::mem::take(&mut ended.call.lock().logs);
            logs.into_iter().for_each(|log| self.log(log));
            // What was held back is not told any more: clients forget the token with the answer, and some take both up at once.
            ended.call.close();
            self.questions.end(ticket).into_iter().for_each(|message| self.send(message));
            let line = self.answer(&ended, outcome, now);
            self.reply(ended.reply, line);
            self.start_waiting();
        }
        std::mem::take(&mut self.steps)
    }

    /// What work and the embedder have left to be sent: log messages, progress that may be sent now, questions, changes; and
    /// when to ask again.
    pub(crate) fn report(&mut self, now: Instant) -> (Vec<Step>, Option<Instant>) {
        let interval = self.definition.config.progress_interval;
        let mut left: Vec<Left> = Vec::new();
        let mut next: Option<Instant> = None;
        for (ticket, call) in self.calls.iter().map(|(ticket, in_flight)| (*ticket, &in_flight.call)) {
            let mut mailbox = call.lock();
            let report = match mailbox.progress.due(now, interval) {
                Due::Nothing => None,
                Due::Now(report) => Some(report),
                Due::At(at) => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    None
                }
            };
            // Others end the round, and are taken up then.
            let asks = if matches!(call.asking, Asking::OnTheWire) { std::mem::take(&mut mailbox.asks) } else { Vec::new() };
            let logs = std::mem::take(&mut mailbox.logs);
            if report.is_some() || !asks.is_empty() || !logs.is_empty() {
                left.push(Left { ticket, call: call.clone(), logs, report, asks });
            }
        }
        for Left { ticket, call, logs, report, asks } in left {
            logs.into_iter().for_each(|log| self.log(log));
            report.into_iter().for_each(|report| self.send(answer::progress(&call, report)));
            asks.into_iter().filter(|ask| !ask.is_abandoned()).for_each(|ask| self.ask(ticket, ask, now));
        }
        if !self.questions.is_empty() {
            let (given_up, at) = self.questions.expire(now);
            given_up.into_iter().for_each(|message| self.send(message));
            next = next.into_iter().chain(at).min();
        }
        if let Some(subscriptions) = &mut self.subscriptions {
            let news = subscriptions.news(self.agreed.is_some(), &self.definition);
            news.into_iter().for_each(|message| self.send(message));
        }
        (std::mem::take(&mut self.steps), next)
    }

    /// Nothing more will be received: questions stay without an answer.
    pub(crate) fn input_has_ended(&mut self) {
        self.questions.end_all();
    }

    /// Nobody waits for anything any more; gives the last words.
    pub(crate) fn end(&mut self) -> Vec<Step> {
        for in_flight in self.calls.values() {
            in_flight.call.cancel();
        }
        self.calls.clear();
        self.by_id.clear();
        self.waiting.clear();
        self.batches.clear();
        self.running = 0;
        self.questions.end_all();
        for (id, result) in self.subscriptions.as_mut().map(Subscriptions::end).unwrap_or_default() {
            let result = answer::completed(&self.definition, Revision::V2026_07_28, None, result);
            self.send(Outgoing::result(id, result));
        }
        std::mem::take(&mut self.steps)
    }

    /// Whether everything that was accepted is answered or cancelled.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    fn line(&mut self, line: Line, now: Instant) {
        match line {
            Line::Blank => {}
            Line::NotJson { reason } => debug!("mcp: a line that is not JSON was ignored: {reason}"),
            Line::One(message) => self.message(message, Reply::Alone, now),
            Line::Batch(messages) if self.agreed.as_ref().is_some_and(|caller| caller.revision.has_batches()) => self.batch(messages, now),
            Line::Batch(_) => {
                let error = RpcError::invalid_request("batches exist in revision 2025-03-26 only: send one message a line");
                self.send(Outgoing::error(None, error));
            }
        }
    }

    fn batch(&mut self, messages: Vec<Result<Message, Refused>>, now: Instant) {
        let missing = messages.iter().filter(|message| matches!(message, Ok(Message::Request { .. }) | Err(_))).count();
        let reply = if missing > 0 {
            let number = self.number();
            self.batches.insert(number, Batch { missing, answers: Vec::with_capacity(missing) });
            Reply::InBatch(number)
        } else {
            Reply::Alone
        };
        messages.into_iter().for_each(|message| self.message(message, reply, now));
    }

    fn message(&mut self, message: Result<Message, Refused>, reply: Reply, now: Instant) {
        match message {
            Ok(Message::Request { id, method, params }) => match self.request(&id, &method, params, reply, now) {
                Ok(Some(result)) => self.reply(reply, Outgoing::result(id, result).line()),
                Ok(None) => {}
                Err(error) => self.reply(reply, Outgoing::error(Some(id), error).line()),
            },
            Ok(Message::Notification { method, params }) => self.notification(&method, &params),
            Ok(Message::Response { id, outcome }) => {
                if !self.questions.answer(id.as_ref(), outcome) {
                    debug!("mcp: an answer to nothing we asked was ignored");
                }
            }
            Err(Refused { id, error }) => self.reply(reply, Outgoing::error(id, error).line()),
        }
    }

    /// The answer to a request whose work has ended, as a line; one that would be too long is replaced by an error that says so.
    fn answer(&self, ended: &InFlight, outcome: Outcome, now: Instant) -> String {
        let (definition, id, revision) = (&self.definition, ended.id.clone(), ended.call.revision);
        let keep = matches!(ended.kind, Kind::Reading | Kind::Listing).then_some(Keep::Reading);
        let result = match outcome {
            Outcome::Ended(Ended::Complete(result)) => answer::completed(definition, revision, keep, result),
            Outcome::Ended(Ended::NeedsInput(asks)) => self.questions_of(ended, &asks, now),
            Outcome::Ended(Ended::Failed(error)) => return Outgoing::error(Some(id), error.for_revision(revision)).line(),
            Outcome::Panicked => {
                let error = RpcError::internal("what serves this request failed by a bug of its own");
                return Outgoing::error(Some(id), error).line();
            }
        };
        let line = Outgoing::result(id.clone(), result).line();
        let limit = definition.config.max_answer;
        if line.len() <= limit {
            return line;
        }
        if ended.kind == Kind::Tool {
            let result = answer::too_long(line.len(), limit);
            return Outgoing::result(id, answer::completed(definition, revision, None, result)).line();
        }
        let error = RpcError::internal(format!("the answer has {} bytes, more than the {limit} that one message may have", line.len()));
        Outgoing::error(Some(id), error).line()
    }

    /// The end of a round: the questions, and what the next round needs of this one.
    fn questions_of(&self, ended: &InFlight, asks: &[Arc<Ask>], now: Instant) -> Value {
        let mut questions = Map::new();
        for ask in asks {
            questions.insert(ask.key.clone(), json!({ "method": ask.method, "params": ask.params }));
        }
        let mut mailbox = ended.call.lock();
        let (used, kept) = (std::mem::take(&mut mailbox.used), mailbox.kept.take());
        drop(mailbox);
        let (mut answers, mut former) = (Map::new(), None);
        if let Asking::ByRounds(round) = &ended.call.asking {
            answers.extend(used.into_iter().filter_map(|key| round.answers.get(&key).cloned().map(|answer| (key, answer))));
            former = round.kept.clone();
        }
        let until = self.age(now).saturating_add(self.definition.config.round_lifetime);
        let state = envelope::state(answers, kept.or(former), until);
        let purpose = ended.purpose.as_ref().expect("a client that can be asked has rounds, and only such a one is asked");
        let state = self.definition.seal.sealed(purpose, &state);
        answer::to_questions(&self.definition, ended.call.revision, questions, state)
    }

    fn log(&mut self, log: Log) {
        let line = answer::log(log).line();
        if line.len() <= self.definition.config.max_answer {
            self.steps.push(Step::Send(line));
        } else {
            debug!("mcp: a log message of {} bytes was not sent", line.len());
        }
    }

    fn ask(&mut self, ticket: Ticket, ask: Arc<Ask>, now: Instant) {
        let Config { client_time_limit, max_answer, .. } = self.definition.config;
        let line = self.questions.ask(ticket, ask.clone(), client_time_limit, now).line();
        if line.len() <= max_answer {
            self.steps.push(Step::Send(line));
        } else {
            self.questions.take_back();
            let reason = format!("it has {} bytes, more than the {max_answer} that one message may have", line.len());
            ask.answer(Err(AskError::Unaskable { reason }));
        }
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.definition.since)
    }

    fn notification(&mut self, method: &str, params: &Map<String, Value>) {
        match method {
            "notifications/cancelled" => match params.get("requestId").and_then(Id::parse) {
                Some(id) => self.cancel(&id),
                None => debug!("mcp: a cancellation without a request's id was ignored"),
            },
            // Clients need not send it, and nothing of ours waits for it.
            "notifications/initialized" => {}
            _ => debug!("mcp: the notification {method:?} was ignored"),
        }
    }

    fn cancel(&mut self, id: &Id) {
        if let Some(subscriptions) = &mut self.subscriptions {
            subscriptions.close(id);
        }
        // An answered or unknown id: the cancellation crossed the answer on the wire.
        let Some(ticket) = self.by_id.remove(id) else { return };
        let Some(cancelled) = self.calls.remove(&ticket) else { return };
        cancelled.call.cancel();
        self.questions.end(ticket).into_iter().for_each(|message| self.send(message));
        match self.waiting.iter().position(|work| work.ticket == ticket) {
            Some(position) => {
                self.waiting.remove(position);
            }
            None => {
                self.running -= 1;
                self.steps.push(Step::Drop(ticket));
            }
        }
        if let Reply::InBatch(number) = cancelled.reply {
            self.collect(number, None);
        }
        self.start_waiting();
    }

    fn start_waiting(&mut self) {
        while self.running < self.definition.config.max_running {
            let Some(work) = self.waiting.pop_front() else { return };
            self.running += 1;
            self.steps.push(Step::Start(work));
        }
    }

    fn send(&mut self, message: Outgoing) {
        self.steps.push(Step::Send(message.line()));
    }

    fn reply(&mut self, reply: Reply, line: String) {
        match reply {
            Reply::Alone => self.steps.push(Step::Send(line)),
            Reply::InBatch(number) => self.collect(number, Some(line)),
        }
    }

    /// One answer of a batch is there, or will never be (`None`).
    fn collect(&mut self, number: u64, line: Option<String>) {
        let Some(batch) = self.batches.get_mut(&number) else { return };
        batch.missing -= 1;
        batch.answers.extend(line);
        if batch.missing == 0 {
            let answers = self.batches.remove(&number).expect("it was just there").answers;
            let lines = answer::to_batch(answers, self.definition.config.max_answer);
            self.steps.extend(lines.into_iter().map(Step::Send));
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
