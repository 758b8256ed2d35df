//! The rules of one connection, without IO: a line comes in; lines to send, calls to start and calls to drop come out.
//! Decides per request whether the caller is modern (names its revision itself) or legacy (came by `initialize`). No clock
//! but the argument, no task, no stream.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use log::debug;
use serde_json::{Map, Value, json};

use crate::mcp::answer;
use crate::mcp::arguments;
use crate::mcp::context::{Bell, Call, Context, Due, Report};
use crate::mcp::lines::Input;
use crate::mcp::message::{Id, Line, Message, Outgoing, Refused, RpcError};
use crate::mcp::revision::Revision;
use crate::mcp::server::Definition;
use crate::mcp::tool::{Answer, Running, Tool, ToolError};

/// What is to be done next, in this order.
#[derive(Debug)]
pub(crate) enum Step {
    /// Write this line; its end is not included.
    Send(String),
    /// Run this call and give its outcome to [`Session::finish`].
    Start(Work),
    /// Drop this call's work at once; its outcome is not wanted.
    Drop(Ticket),
}

/// Names one call of this connection; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(u64);

/// A call that may start.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) ticket: Ticket,
    pub(crate) tool: Arc<Tool>,
    arguments: Map<String, Value>,
    context: Context,
}

impl Work {
    pub(crate) fn start(self) -> Running {
        self.tool.start(self.arguments, self.context)
    }
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Ended(Result<Answer, ToolError>),
    Panicked,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    definition: Arc<Definition>,
    /// Set by `initialize`; requests that name no revision are served by it.
    agreed: Option<Caller>,
    /// Running and waiting calls, oldest first.
    calls: BTreeMap<Ticket, InFlight>,
    by_id: HashMap<Id, Ticket>,
    /// Calls that were accepted and wait for one of the running ones to end.
    waiting: VecDeque<Work>,
    running: usize,
    batches: BTreeMap<u64, Batch>,
    /// The next ticket or batch.
    next: u64,
    bell: Arc<Bell>,
    steps: Vec<Step>,
}

/// By which revision a request is served, and what its sender can do.
#[derive(Clone, Debug)]
struct Caller {
    revision: Revision,
    capabilities: Arc<Map<String, Value>>,
}

#[derive(Debug)]
struct InFlight {
    id: Id,
    tool: Arc<Tool>,
    call: Arc<Call>,
    reply: Reply,
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
        Session {
            definition,
            agreed: None,
            calls: BTreeMap::new(),
            by_id: HashMap::new(),
            waiting: VecDeque::new(),
            running: 0,
            batches: BTreeMap::new(),
            next: 0,
            bell,
            steps: Vec::new(),
        }
    }

    pub(crate) fn receive(&mut self, input: &Input) -> Vec<Step> {
        match input {
            Input::Line(bytes) => self.line(Line::parse(bytes)),
            Input::TooLong { id, bytes } => {
                let limit = self.definition.config.max_line;
                let error = RpcError::invalid_request(format!("the message has {bytes} bytes; this server reads up to {limit}"));
                self.send(Outgoing::error(id.clone(), error));
            }
        }
        std::mem::take(&mut self.steps)
    }

    /// A started call has ended.
    pub(crate) fn finish(&mut self, ticket: Ticket, outcome: Outcome) -> Vec<Step> {
        if let Some(ended) = self.calls.remove(&ticket) {
            self.running -= 1;
            self.by_id.remove(&ended.id);
            if let Some(report) = ended.call.lock().close() {
                self.send(answer::progress(&ended.call, report));
            }
            let line = answer::to_call(&self.definition, &ended.tool, ended.call.revision, ended.id, outcome);
            self.reply(ended.reply, line);
            self.start_waiting();
        }
        std::mem::take(&mut self.steps)
    }

    /// The progress that may be sent now, and when to ask again.
    pub(crate) fn progress(&mut self, now: Instant) -> (Vec<Step>, Option<Instant>) {
        let interval = self.definition.config.progress_interval;
        let mut due: Vec<(Arc<Call>, Report)> = Vec::new();
        let mut next: Option<Instant> = None;
        for call in self.calls.values().map(|in_flight| &in_flight.call).filter(|call| call.token.is_some()) {
            match call.lock().due(now, interval) {
                Due::Nothing => {}
                Due::Now(report) => due.push((call.clone(), report)),
                Due::At(at) => next = Some(next.map_or(at, |next| next.min(at))),
            }
        }
        for (call, report) in due {
            self.send(answer::progress(&call, report));
        }
        (std::mem::take(&mut self.steps), next)
    }

    /// Nobody waits for anything any more.
    pub(crate) fn drop_all(&mut self) {
        for in_flight in self.calls.values() {
            in_flight.call.cancel();
        }
        self.calls.clear();
        self.by_id.clear();
        self.waiting.clear();
        self.batches.clear();
        self.running = 0;
    }

    /// Whether every accepted call was answered or cancelled.
    pub(crate) fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    fn line(&mut self, line: Line) {
        match line {
            Line::Blank => {}
            Line::NotJson { reason } => debug!("mcp: a line that is not JSON was ignored: {reason}"),
            Line::One(message) => self.message(message, Reply::Alone),
            Line::Batch(messages) if self.agreed.as_ref().is_some_and(|caller| caller.revision.has_batches()) => self.batch(messages),
            Line::Batch(_) => {
                let error = RpcError::invalid_request("batches exist in revision 2025-03-26 only: send one message a line");
                self.send(Outgoing::error(None, error));
            }
        }
    }

    fn batch(&mut self, messages: Vec<Result<Message, Refused>>) {
        let missing = messages.iter().filter(|message| matches!(message, Ok(Message::Request { .. }) | Err(_))).count();
        if missing > 0 {
            let number = self.number();
            self.batches.insert(number, Batch { missing, answers: Vec::with_capacity(missing) });
            messages.into_iter().for_each(|message| self.message(message, Reply::InBatch(number)));
        } else {
            messages.into_iter().for_each(|message| self.message(message, Reply::Alone));
        }
    }

    fn message(&mut self, message: Result<Message, Refused>, reply: Reply) {
        match message {
            Ok(Message::Request { id, method, params }) => match self.request(&id, &method, params, reply) {
                Ok(Some(result)) => self.reply(reply, Outgoing::result(id, result).line()),
                Ok(None) => {}
                Err(error) => self.reply(reply, Outgoing::error(Some(id), error).line()),
            },
            Ok(Message::Notification { method, params }) => self.notification(&method, &params),
            Ok(Message::Response { .. }) => debug!("mcp: an answer to nothing we asked was ignored"),
            Err(Refused { id, error }) => self.reply(reply, Outgoing::error(id, error).line()),
        }
    }

    /// The result, or `None` if a call was accepted whose answer comes later.
    fn request(&mut self, id: &Id, method: &str, params: Map<String, Value>, reply: Reply) -> Result<Option<Value>, RpcError> {
        if method == "initialize" {
            return self.initialize(&params, reply).map(Some);
        }
        let meta = meta(&params)?;
        let caller = match meta.and_then(|meta| meta.get(PROTOCOL_VERSION)) {
            Some(version) => modern_caller(version, meta.expect("the version was in it"), reply)?,
            None => match &self.agreed {
                Some(caller) => caller.clone(),
                None if method == "ping" => return Ok(Some(json!({}))),
                None => return Err(neither_era()),
            },
        };
        let token = progress_token(meta)?;
        let revision = caller.revision;
        match method {
            "ping" if !revision.is_modern() => Ok(Some(json!({}))),
            "server/discover" if revision.is_modern() => Ok(Some(answer::to_discover(&self.definition, revision))),
            "tools/list" if self.definition.has_tools() => {
                // All tools fit one page, so no cursor was ever handed out.
                match params.get("cursor") {
                    None | Some(Value::Null) => Ok(Some(answer::to_tool_list(&self.definition, revision))),
                    Some(_) => Err(RpcError::invalid_params("the cursor is not one of this server's")),
                }
            }
            "tools/call" if self.definition.has_tools() => self.call(id, params, caller, token, reply).map(|()| None),
            _ => Err(RpcError::method_not_found(method)),
        }
    }

    fn initialize(&mut self, params: &Map<String, Value>, reply: Reply) -> Result<Value, RpcError> {
        if reply != Reply::Alone {
            return Err(RpcError::invalid_request("`initialize` must not be part of a batch"));
        }
        let Some(asked) = params.get("protocolVersion").and_then(Value::as_str) else {
            return Err(RpcError::invalid_params("`protocolVersion` must be a string such as \"2025-11-25\""));
        };
        let capabilities = match params.get("capabilities") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(capabilities)) => capabilities.clone(),
            Some(_) => return Err(RpcError::invalid_params("`capabilities` must be an object")),
        };
        let revision = Revision::agreed(asked);
        debug!("mcp: initialize asked for {asked:?} and was given {revision}");
        self.agreed = Some(Caller { revision, capabilities: Arc::new(capabilities) });
        Ok(answer::to_initialize(&self.definition, revision))
    }

    fn call(&mut self, id: &Id, mut params: Map<String, Value>, caller: Caller, token: Option<Id>, reply: Reply) -> Result<(), RpcError> {
        let arguments = match params.remove("arguments") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(RpcError::invalid_params("`arguments` must be an object")),
        };
        let Some(name) = params.get("name").and_then(Value::as_str) else {
            return Err(RpcError::invalid_params("`name` must be the name of a tool"));
        };
        let Some(tool) = self.definition.tool(name).cloned() else {
            return Err(RpcError::invalid_params(format!("unknown tool: {}", crate::mcp::message::shortened(name))));
        };
        if self.by_id.contains_key(id) {
            return Err(RpcError::invalid_request(format!("the id {id} belongs to a call that still runs")));
        }
        let arguments = arguments::without_nulls(&tool.input_schema, arguments);
        if let Err(error) = arguments::check(&tool.input_schema, &arguments) {
            let line = answer::to_call(&self.definition, &tool, caller.revision, id.clone(), Outcome::Ended(Err(error)));
            self.reply(reply, line);
            return Ok(());
        }
        if self.running >= self.definition.config.max_running && self.waiting.len() >= self.definition.config.max_waiting {
            return Err(RpcError::internal("too many calls at once: wait for answers before sending more"));
        }
        let ticket = Ticket(self.number());
        let call = Arc::new(Call::new(token, caller.revision, caller.capabilities, self.bell.clone()));
        let context = Context::new(call.clone());
        self.by_id.insert(id.clone(), ticket);
        self.calls.insert(ticket, InFlight { id: id.clone(), tool: tool.clone(), call, reply });
        self.waiting.push_back(Work { ticket, tool, arguments, context });
        self.start_waiting();
        Ok(())
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
        // An answered or unknown id: the cancellation crossed the answer on the wire.
        let Some(ticket) = self.by_id.remove(id) else { return };
        let Some(cancelled) = self.calls.remove(&ticket) else { return };
        cancelled.call.cancel();
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

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
const LOG_LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

fn meta(params: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, RpcError> {
    match params.get("_meta") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(meta)) => Ok(Some(meta)),
        Some(_) => Err(RpcError::invalid_params("`_meta` must be an object")),
    }
}

/// Judges the envelope of a request that names its revision itself (2026-07-28, "Versioning").
fn modern_caller(version: &Value, meta: &Map<String, Value>, reply: Reply) -> Result<Caller, RpcError> {
    let Some(version) = version.as_str() else {
        return Err(RpcError::invalid_params(format!("`_meta[\"{PROTOCOL_VERSION}\"]` must be a string")));
    };
    let Some(revision) = Revision::parse(version).filter(|revision| revision.is_modern()) else {
        return Err(RpcError::unsupported_revision(version, &Revision::names()));
    };
    if reply != Reply::Alone {
        return Err(RpcError::invalid_request(format!("revision {revision} has no batches: send one message a line")));
    }
    let Some(capabilities) = meta.get(CLIENT_CAPABILITIES).and_then(Value::as_object) else {
        return Err(RpcError::invalid_params(format!("`_meta[\"{CLIENT_CAPABILITIES}\"]` must be an object")));
    };
    if meta.get(CLIENT_INFO).is_some_and(|info| !info.is_object()) {
        return Err(RpcError::invalid_params(format!("`_meta[\"{CLIENT_INFO}\"]` must be an object")));
    }
    if meta.get(LOG_LEVEL).is_some_and(|level| !level.as_str().is_some_and(|level| LOG_LEVELS.contains(&level))) {
        return Err(RpcError::invalid_params(format!("`_meta[\"{LOG_LEVEL}\"]` must be one of {}", LOG_LEVELS.join(", "))));
    }
    Ok(Caller { revision, capabilities: Arc::new(capabilities.clone()) })
}

fn neither_era() -> RpcError {
    RpcError::invalid_params(format!(
        "send `initialize` first, or name the revision in `params._meta[\"{PROTOCOL_VERSION}\"]` of every request"
    ))
}

fn progress_token(meta: Option<&Map<String, Value>>) -> Result<Option<Id>, RpcError> {
    match meta.and_then(|meta| meta.get("progressToken")) {
        None | Some(Value::Null) => Ok(None),
        Some(token) => Id::parse(token)
            .map(Some)
            .ok_or_else(|| RpcError::invalid_params("`_meta.progressToken` must be a string or an integer of at most 64 bits")),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
