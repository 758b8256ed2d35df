//! Reads the envelope of a request: by which revision it is served, what its sender can do, what it brings back. Pure.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::mcp::context::Round;
use crate::mcp::level::Level;
use crate::mcp::message::{Id, RpcError};
use crate::mcp::revision::Revision;
use crate::mcp::seal::{Purpose, Seal};

pub(super) const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub(super) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// By which revision a request is served, and what its sender can do.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) revision: Revision,
    pub(super) capabilities: Arc<Map<String, Value>>,
    /// From where on the request's log messages are wanted, where the request says that itself.
    pub(super) log_level: Option<Level>,
}

impl Caller {
    /// Whether there is anything that this client could be asked.
    pub(super) fn can_be_asked(&self) -> bool {
        ["elicitation", "sampling", "roots"].iter().any(|capability| self.capabilities.contains_key(*capability))
    }
}

pub(super) fn meta(params: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, RpcError> {
    match params.get("_meta") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(meta)) => Ok(Some(meta)),
        Some(_) => Err(RpcError::invalid_params("`_meta` must be an object")),
    }
}

/// Judges the envelope of a request that names its revision itself (2026-07-28, "Versioning").
pub(super) fn modern_caller(version: &Value, meta: &Map<String, Value>) -> Result<Caller, RpcError> {
    let Some(version) = version.as_str() else {
        return Err(RpcError::invalid_params(format!("`_meta[\"{PROTOCOL_VERSION}\"]` must be a string")));
    };
    let Some(revision) = Revision::parse(version).filter(|revision| revision.is_modern()) else {
        return Err(RpcError::unsupported_revision(version, &Revision::names()));
    };
    let Some(capabilities) = meta.get(CLIENT_CAPABILITIES).and_then(Value::as_object) else {
        return Err(RpcError::invalid_params(format!("`_meta[\"{CLIENT_CAPABILITIES}\"]` must be an object")));
    };
    if meta.get(CLIENT_INFO).is_some_and(|info| !info.is_object()) {
        return Err(RpcError::invalid_params(format!("`_meta[\"{CLIENT_INFO}\"]` must be an object")));
    }
    let log_level = match meta.get(LOG_LEVEL) {
        None => None,
        Some(level) => Some(log_level(level).ok_or_else(|| {
            let names = Level::ALL.map(Level::name).join(", ");
            RpcError::invalid_params(format!("`_meta[\"{LOG_LEVEL}\"]` must be one of {names}"))
        })?),
    };
    Ok(Caller { revision, capabilities: Arc::new(capabilities.clone()), log_level })
}

pub(super) fn log_level(value: &Value) -> Option<Level> {
    value.as_str().and_then(Level::parse)
}

pub(super) fn neither_era() -> RpcError {
    RpcError::invalid_params(format!(
        "send `initialize` first, or name the revision in `params._meta[\"{PROTOCOL_VERSION}\"]` of every request"
    ))
}

pub(super) fn progress_token(meta: Option<&Map<String, Value>>) -> Result<Option<Id>, RpcError> {
    match meta.and_then(|meta| meta.get("progressToken")) {
        None | Some(Value::Null) => Ok(None),
        Some(token) => Id::parse(token)
            .map(Some)
            .ok_or_else(|| RpcError::invalid_params("`_meta.progressToken` must be a string or an integer of at most 64 bits")),
    }
}

pub(super) fn cursor(params: &Map<String, Value>) -> Result<Option<&str>, RpcError> {
    match params.get("cursor") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(cursor)) => Ok(Some(cursor)),
        Some(_) => Err(RpcError::invalid_params("`cursor` must be a string")),
    }
}

pub(super) fn uri(params: &Map<String, Value>) -> Result<&str, RpcError> {
    params.get("uri").and_then(Value::as_str).ok_or_else(|| RpcError::invalid_params("`uri` must be a string"))
}

/// The parameter `arguments`, an object that may be left out.
pub(super) fn arguments(params: &mut Map<String, Value>) -> Result<Map<String, Value>, RpcError> {
    match params.remove("arguments") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments),
        Some(_) => Err(RpcError::invalid_params("`arguments` must be an object")),
    }
}

/// What a request brings back of its former rounds (2026-07-28, "Multi Round-Trip Requests"). `age` is that of the server.
pub(super) fn round(params: &mut Map<String, Value>, seal: &Seal, purpose: &Purpose, age: Duration) -> Result<Round, RpcError> {
    let state = match params.remove("requestState") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::String(sealed)) => opened(&seal.opened(purpose, &sealed).unwrap_or_default(), age).ok_or_else(|| {
            RpcError::invalid_params("`requestState` is too old, or not what this server gave for this request: send it anew without")
        })?,
        Some(_) => return Err(RpcError::invalid_params("`requestState` must be a string")),
    };
    let mut answers = state.get("answers").and_then(Value::as_object).cloned().unwrap_or_default();
    match params.remove("inputResponses") {
        None | Some(Value::Null) => {}
        Some(Value::Object(responses)) => {
            if let Some((key, _)) = responses.iter().find(|(_, response)| !response.is_object()) {
                return Err(RpcError::invalid_params(format!("`inputResponses[{key:?}]` must be an object")));
            }
            answers.extend(responses);
        }
        Some(_) => return Err(RpcError::invalid_params("`inputResponses` must be an object")),
    }
    Ok(Round { answers, kept: state.get("kept").filter(|kept| !kept.is_null()).cloned() })
}

/// What [`round`] accepts until `until`, which is an age of the server.
pub(super) fn state(answers: Map<String, Value>, kept: Option<Value>, until: Duration) -> String {
    json!({ "until": milliseconds(until), "answers": answers, "kept": kept }).to_string()
}

fn opened(state: &str, age: Duration) -> Option<Map<String, Value>> {
    let state: Map<String, Value> = serde_json::from_str(state).ok()?;
    let until = state.get("until")?.as_u64()?;
    (milliseconds(age) <= until).then_some(state)
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
