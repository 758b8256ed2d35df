//! What each method of the protocol means: some are answered at once, the others become work.

use std::sync::Arc;
use std::time::Instant;

use log::debug;
use serde_json::{Map, Value, json};

use super::envelope;
use super::envelope::{Caller, PROTOCOL_VERSION};
use super::{InFlight, Kind, Reply, Session};
use crate::mcp::answer;
use crate::mcp::answer::Keep;
use crate::mcp::arguments;
use crate::mcp::completion::{Reference, Typed};
use crate::mcp::content::Content;
use crate::mcp::context::{Asking, Call, Context, Round};
use crate::mcp::level::Threshold;
use crate::mcp::message::{Id, RpcError, shortened};
use crate::mcp::revision::Revision;
use crate::mcp::seal::Purpose;
use crate::mcp::tool::{Answer, ToolError};
use crate::mcp::work::{Ended, Run, Ticket, Work};

/// A request whose envelope was read.
pub(super) struct Request<'a> {
    id: &'a Id,
    method: &'a str,
    params: Map<String, Value>,
    caller: Caller,
    /// For reports of progress.
    token: Option<Id>,
    reply: Reply,
    now: Instant,
}

/// What a request that takes time becomes.
struct Task {
    kind: Kind,
    asking: Asking,
    purpose: Option<Purpose>,
    /// For the log.
    label: String,
    run: Run,
}

/// The result, or `None` if the answer comes later.
type Answered = Result<Option<Value>, RpcError>;

impl Session {
    pub(super) fn request(&mut self, id: &Id, method: &str, params: Map<String, Value>, reply: Reply, now: Instant) -> Answered {
        let meta = envelope::meta(&params)?;
        let version = meta.and_then(|meta| meta.get(PROTOCOL_VERSION));
        // A handshake is one, whatever envelope it has; without a version of its own it is a method that modern clients cannot mean.
        if method == "initialize" && (version.is_none() || params.contains_key("protocolVersion")) {
            return self.initialize(&params, reply).map(Some);
        }
        let caller = match version {
            Some(version) => {
                let caller = envelope::modern_caller(version, meta.expect("the version was in it"))?;
                if reply != Reply::Alone {
                    let message = format!("revision {} has no batches: send one message a line", caller.revision);
                    return Err(RpcError::invalid_request(message));
                }
                caller
            }
            None => match &self.agreed {
                Some(caller) => caller.clone(),
                None if method == "ping" => return Ok(Some(json!({}))),
                None => return Err(envelope::neither_era()),
            },
        };
        let token = envelope::progress_token(meta)?;
        let request = Request { id, method, params, caller, token, reply, now };
        if request.caller.revision.is_modern() { self.modern_request(request) } else { self.legacy_request(request) }
    }

    fn modern_request(&mut self, request: Request) -> Answered {
        match (request.method, &mut self.subscriptions) {
            ("server/discover", _) => Ok(Some(answer::to_discover(&self.definition, request.caller.revision))),
            ("subscriptions/listen", Some(_)) => self.listen(&request),
            _ => self.common_request(request),
        }
    }

    fn legacy_request(&mut self, request: Request) -> Answered {
        match (request.method, &mut self.subscriptions) {
            ("ping", _) => Ok(Some(json!({}))),
            ("logging/setLevel", _) if self.definition.logs => {
                let level = request.params.get("level").and_then(envelope::log_level);
                self.level.set(level.ok_or_else(|| RpcError::invalid_params("`level` must be one of debug, info, …, emergency"))?);
                Ok(Some(json!({})))
            }
            ("resources/subscribe", Some(subscriptions)) if self.definition.has_resources() => {
                let uri = envelope::uri(&request.params)?;
                if self.definition.reader(uri).is_none() {
                    return Err(RpcError::resource_not_found(uri));
                }
                subscriptions.watch(uri).map(|()| Some(json!({})))
            }
            ("resources/unsubscribe", Some(subscriptions)) if self.definition.has_resources() => {
                subscriptions.unwatch(envelope::uri(&request.params)?);
                Ok(Some(json!({})))
            }
            _ => self.common_request(request),
        }
    }

    fn common_request(&mut self, request: Request) -> Answered {
        let revision = request.caller.revision;
        let definition = self.definition.clone();
        let listed = |list: Result<Value, RpcError>| Ok(Some(answer::completed(&definition, revision, Some(Keep::Table), list?)));
        match request.method {
            "tools/list" if definition.has_tools() => listed(definition.tool_list(revision, envelope::cursor(&request.params)?)),
            "tools/call" if definition.has_tools() => self.call(request),
            "prompts/list" if definition.has_prompts() => listed(definition.prompt_list(revision, envelope::cursor(&request.params)?)),
            "prompts/get" if definition.has_prompts() => self.prompt(request),
            "resources/list" if definition.has_resources() => self.list(request),
            "resources/templates/list" if definition.has_resources() => {
                listed(definition.template_list(revision, envelope::cursor(&request.params)?))
            }
            "resources/read" if definition.has_resources() => self.read(request),
            "completion/complete" if definition.has_completions() => self.complete(request),
            method => Err(RpcError::method_not_found(method)),
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
        self.agreed = Some(Caller { revision, capabilities: Arc::new(capabilities), log_level: None });
        Ok(answer::to_initialize(&self.definition, revision))
    }

    fn listen(&mut self, request: &Request) -> Answered {
        self.is_free(request.id)?;
        let Some(subscriptions) = &mut self.subscriptions else { return Err(RpcError::method_not_found(request.method)) };
        let acknowledged = subscriptions.listen(request.id, &request.params, &self.definition)?;
        self.send(acknowledged);
        Ok(None)
    }

    fn call(&mut self, mut request: Request) -> Answered {
        let revision = request.caller.revision;
        let arguments = envelope::arguments(&mut request.params)?;
        let Some(name) = request.params.get("name").and_then(Value::as_str) else {
            return Err(RpcError::invalid_params("`name` must be the name of a tool"));
        };
        let Some(tool) = self.definition.tool(name).cloned() else {
            return Err(RpcError::invalid_params(format!("unknown tool: {}", shortened(name))));
        };
        self.is_free(request.id)?;
        let arguments = arguments::meant(&tool.input_schema, tool.by_own_names(arguments));
        if let Err(error) = arguments::check(&tool.input_schema, &arguments) {
            return Ok(Some(answer::completed(&self.definition, revision, None, answer::failed(&error))));
        }
        let (asking, purpose) = self.rounds(&mut request, &tool.name, &arguments)?;
        let label = format!("the tool `{}`", tool.name);
        let strangers = arguments::strangers(&tool.input_schema, &arguments);
        let run: Run = Box::new(move |context| {
            let running = tool.start(arguments, context);
            Box::pin(async move { answer::of_tool(&tool, revision, noted(running.await, strangers)) })
        });
        self.accept(request, Task { kind: Kind::Tool, asking, purpose, label, run })
    }

    fn prompt(&mut self, mut request: Request) -> Answered {
        let revision = request.caller.revision;
        let arguments = envelope::arguments(&mut request.params)?;
        let Some(name) = request.params.get("name").and_then(Value::as_str) else {
            return Err(RpcError::invalid_params("`name` must be the name of a prompt"));
        };
        let Some(prompt) = self.definition.prompt(name).cloned() else {
            return Err(RpcError::invalid_params(format!("unknown prompt: {}", shortened(name))));
        };
        self.is_free(request.id)?;
        let (asking, purpose) = self.rounds(&mut request, &prompt.name, &arguments)?;
        let arguments = prompt.checked(arguments)?;
        let label = format!("the prompt `{}`", prompt.name);
        let run: Run = Box::new(move |context| {
            let writing = prompt.start(arguments, context);
            Box::pin(async move { writing.await.map_or_else(Ended::Failed, |messages| Ended::Complete(messages.to_json(revision))) })
        });
        self.accept(request, Task { kind: Kind::Prompt, asking, purpose, label, run })
    }

    fn read(&mut self, mut request: Request) -> Answered {
        let uri = envelope::uri(&request.params)?.to_owned();
        self.is_free(request.id)?;
        let Some((reader, asked, mime_type)) = self.definition.reader(&uri) else {
            return Err(RpcError::resource_not_found(&uri).for_revision(request.caller.revision));
        };
        let (asking, purpose) = self.rounds(&mut request, &uri, &Map::new())?;
        let label = format!("the reader of {}", shortened(&uri));
        let run: Run = Box::new(move |context| {
            let reading = reader.start(asked, context);
            Box::pin(async move { answer::of_reading(&uri, mime_type.as_deref(), reading.await) })
        });
        self.accept(request, Task { kind: Kind::Reading, asking, purpose, label, run })
    }

    fn list(&mut self, request: Request) -> Answered {
        let revision = request.caller.revision;
        let (listed, further) = self.definition.resource_list(revision, envelope::cursor(&request.params)?)?;
        let (Some(lister), Some(further)) = (self.definition.lister.clone(), further) else {
            return Ok(Some(answer::completed(&self.definition, revision, Some(Keep::Table), listed)));
        };
        self.is_free(request.id)?;
        let definition = self.definition.clone();
        let run: Run = Box::new(move |context| {
            let listing = lister.start(further.0, context);
            let joined = move |page| Ended::Complete(definition.joined(listed, page, revision));
            Box::pin(async move { listing.await.map_or_else(Ended::Failed, joined) })
        });
        let (asking, label) = (without_rounds(revision), "the list of resources".to_owned());
        self.accept(request, Task { kind: Kind::Listing, asking, purpose: None, label, run })
    }

    fn complete(&mut self, request: Request) -> Answered {
        let revision = request.caller.revision;
        let Some(reference) = Reference::parse(request.params.get("ref")) else {
            return Err(RpcError::invalid_params("`ref` must name a prompt (ref/prompt) or a resource template (ref/resource)"));
        };
        let (argument, typed) = Typed::parse(&request.params)?;
        let label = format!("the completion of `{}`", shortened(&argument));
        let Some(completer) = self.definition.completer(reference, argument)?.cloned() else {
            let nothing = json!({ "completion": { "values": [] } });
            return Ok(Some(answer::completed(&self.definition, revision, None, nothing)));
        };
        self.is_free(request.id)?;
        let run: Run = Box::new(move |context| {
            let suggesting = completer.start(typed, context);
            Box::pin(async move { suggesting.await.map_or_else(Ended::Failed, |suggestions| Ended::Complete(suggestions.to_json())) })
        });
        self.accept(request, Task { kind: Kind::Completion, asking: without_rounds(revision), purpose: None, label, run })
    }

    /// How a request that may have rounds asks, and what the state of its next round is sealed for.
    fn rounds(&self, request: &mut Request, name: &str, arguments: &Map<String, Value>) -> Result<(Asking, Option<Purpose>), RpcError> {
        if !request.caller.revision.is_modern() {
            return Ok((Asking::OnTheWire, None));
        }
        let params = &mut request.params;
        // Who cannot be asked has no rounds: most requests need not be copied for the seal.
        if !request.caller.can_be_asked() && !params.contains_key("requestState") && !params.contains_key("inputResponses") {
            return Ok((Asking::ByRounds(Round::default()), None));
        }
        let purpose = Purpose::round(request.method, name, &Value::Object(arguments.clone()));
        let round = envelope::round(params, &self.definition.seal, &purpose, self.age(request.now))?;
        Ok((Asking::ByRounds(round), Some(purpose)))
    }

    fn accept(&mut self, request: Request, task: Task) -> Answered {
        let Request { id, caller, token, reply, .. } = request;
        let Task { kind, asking, purpose, label, run } = task;
        if self.running >= self.definition.config.max_running && self.waiting.len() >= self.definition.config.max_waiting {
            return Err(RpcError::internal("too many calls at once: wait for answers before sending more"));
        }
        let threshold = match caller.log_level {
            _ if !self.definition.logs => Threshold::Nothing,
            Some(level) => Threshold::From(level),
            None if caller.revision.is_modern() => Threshold::Nothing,
            None => Threshold::Session(self.level.clone()),
        };
        let ticket = Ticket(self.number());
        let call = Arc::new(Call::new(token, caller.revision, caller.capabilities, threshold, asking, self.bell.clone()));
        let context = Context::new(call.clone());
        self.by_id.insert(id.clone(), ticket);
        self.calls.insert(ticket, InFlight { id: id.clone(), kind, call, purpose, reply });
        self.waiting.push_back(Work { ticket, label, run, context });
        self.start_waiting();
        Ok(None)
    }

    fn is_free(&self, id: &Id) -> Result<(), RpcError> {
        let is_stream = self.subscriptions.as_ref().is_some_and(|subscriptions| subscriptions.has_stream(id));
        if is_stream || self.by_id.contains_key(id) {
            return Err(RpcError::invalid_request(format!("the id {id} belongs to a call that still runs")));
        }
        Ok(())
    }
}

/// How a request asks that may not end with a question.
fn without_rounds(revision: Revision) -> Asking {
    if revision.is_modern() { Asking::Never } else { Asking::OnTheWire }
}

/// With what is to be said of the arguments, whatever came of them.
fn noted(outcome: Result<Answer, ToolError>, note: Option<String>) -> Result<Answer, ToolError> {
    match (outcome, note) {
        (Ok(answer), Some(note)) => Ok(answer.with(Content::text(note))),
        (Err(error), Some(note)) => {
            let hint = error.hint.as_ref().map_or_else(|| note.clone(), |hint| format!("{hint}; {note}"));
            Err(error.hint(hint))
        }
        (outcome, None) => outcome,
    }
}
