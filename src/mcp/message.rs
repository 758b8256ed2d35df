//! JSON-RPC 2.0 as MCP uses it: one line becomes one message or a batch, and what we answer becomes one line.
//! Pure; knows no method.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::mcp::id_finder::{IdFinder, is_beyond_parser};
use crate::mcp::revision::Revision;

/// A request id or progress token: the answer repeats it with the type and value it came with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// Any integer that fits 64 bits, signed or unsigned.
    Integer(i128),
    Text(String),
}

impl Id {
    /// `None` for null, fractions, booleans, arrays and objects, which MCP does not allow as ids.
    pub fn parse(value: &Value) -> Option<Id> {
        match value {
            Value::String(text) => Some(Id::Text(text.clone())),
            Value::Number(number) => number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from)).map(Id::Integer),
            _ => None,
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Integer(number) => write!(f, "{number}"),
            Id::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Id::Integer(number) => serializer.serialize_i128(*number),
            Id::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// What a request failed with; goes to the client as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RpcError {
    /// JSON-RPC 2.0 section 5.1, and the codes that MCP 2026-07-28 adds.
    pub code: i32,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl RpcError {
    pub const INVALID_REQUEST: i32 = -32600;
    pub const METHOD_NOT_FOUND: i32 = -32601;
    pub const INVALID_PARAMS: i32 = -32602;
    pub const INTERNAL: i32 = -32603;
    /// Until 2025-11-25; since then [`RpcError::INVALID_PARAMS`] means this too, and is what such clients are sent.
    pub const RESOURCE_NOT_FOUND: i32 = -32002;
    pub const MISSING_CAPABILITY: i32 = -32021;
    pub const UNSUPPORTED_REVISION: i32 = -32022;

    /// The request itself is malformed.
    pub fn invalid_request(message: impl Into<String>) -> RpcError {
        RpcError::new(RpcError::INVALID_REQUEST, message)
    }

    pub(crate) fn method_not_found(method: &str) -> RpcError {
        RpcError::new(RpcError::METHOD_NOT_FOUND, format!("method not found: {}", shortened(method)))
    }

    /// The parameters name something that does not exist or do not fit.
    pub fn invalid_params(message: impl Into<String>) -> RpcError {
        RpcError::new(RpcError::INVALID_PARAMS, message)
    }

    /// Something failed that the client could not have known.
    pub fn internal(message: impl Into<String>) -> RpcError {
        RpcError::new(RpcError::INTERNAL, message)
    }

    /// There is nothing at that URI. The code is the one that the caller's revision has for it.
    pub fn resource_not_found(uri: &str) -> RpcError {
        RpcError {
            data: Some(json!({ "uri": if uri.len() <= LONGEST_ECHO { uri.to_owned() } else { shortened(uri) } })),
            ..RpcError::new(RpcError::RESOURCE_NOT_FOUND, format!("resource not found: {}", shortened(uri)))
        }
    }

    /// `-32021`: the request needs a capability that its sender did not declare, such as `{"sampling": {}}`.
    pub(crate) fn missing_capability(required: Value) -> RpcError {
        let message = format!("this needs a capability that the client did not declare: {required}");
        RpcError { data: Some(json!({ "requiredCapabilities": required })), ..RpcError::new(RpcError::MISSING_CAPABILITY, message) }
    }

    /// `-32022`: the client is to choose one of `supported` and ask again.
    pub(crate) fn unsupported_revision(requested: &str, supported: &[&str]) -> RpcError {
        RpcError {
            data: Some(json!({ "supported": supported, "requested": requested })),
            ..RpcError::new(RpcError::UNSUPPORTED_REVISION, format!("unsupported protocol version: {}", shortened(requested)))
        }
    }

    /// The error with the code that the revision has for it.
    pub(crate) fn for_revision(mut self, revision: Revision) -> RpcError {
        match self.code {
            RpcError::RESOURCE_NOT_FOUND if revision.is_modern() => self.code = RpcError::INVALID_PARAMS,
            RpcError::MISSING_CAPABILITY if !revision.is_modern() => self.code = RpcError::INVALID_REQUEST,
            _ => {}
        }
        self
    }

    fn new(code: i32, message: impl Into<String>) -> RpcError {
        RpcError { code, message: message.into(), data: None }
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RpcError {}

/// One JSON-RPC message from the peer.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    Request {
        id: Id,
        method: String,
        params: Map<String, Value>,
    },
    Notification {
        method: String,
        params: Map<String, Value>,
    },
    /// The peer's answer to a request of ours.
    Response {
        id: Option<Id>,
        outcome: Result<Value, RpcError>,
    },
}

/// A message that is JSON but cannot be served; `id` is what an answer must carry, if any could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub id: Option<Id>,
    pub error: RpcError,
}

/// What stood on one line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// Nothing but white space.
    Blank,
    /// Not JSON (-32700). The official SDKs answer nothing to it, as it is mostly a stray print of the peer; `reason` is for the log.
    NotJson {
        reason: String,
    },
    One(Result<Message, Refused>),
    /// Never empty: an empty array is a refused message by itself (JSON-RPC 2.0 section 6).
    Batch(Vec<Result<Message, Refused>>),
}

impl Line {
    /// Reads one line, with or without its line end. Cannot fail: what is wrong with the line is part of the answer.
    pub fn parse(bytes: &[u8]) -> Line {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
        if bytes.is_empty() {
            return Line::Blank;
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Array(entries)) if !entries.is_empty() => Line::Batch(entries.into_iter().map(message).collect()),
            Ok(value) => Line::One(message(value)),
            Err(error) if is_beyond_parser(&error) => {
                let mut finder = IdFinder::default();
                finder.feed(bytes);
                Line::One(Err(Refused { id: finder.found(), error: RpcError::invalid_request(error.to_string()) }))
            }
            Err(error) => Line::NotJson { reason: error.to_string() },
        }
    }
}

/// One message of ours, before it becomes a line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Outgoing {
    Result {
        jsonrpc: Version,
        id: Id,
        result: Value,
    },
    Error {
        jsonrpc: Version,
        /// Null when the request's own id could not be read (JSON-RPC 2.0 section 5).
        id: Option<Id>,
        error: RpcError,
    },
    Request {
        jsonrpc: Version,
        id: u64,
        method: &'static str,
        params: Value,
    },
    Notification {
        jsonrpc: Version,
        method: &'static str,
        #[serde(skip_serializing_if = "Value::is_null")]
        params: Value,
    },
}

impl Outgoing {
    pub fn result(id: Id, result: Value) -> Outgoing {
        Outgoing::Result { jsonrpc: Version, id, result }
    }

    pub fn error(id: Option<Id>, mut error: RpcError) -> Outgoing {
        error.message = told(&error.message, MESSAGE);
        Outgoing::Error { jsonrpc: Version, id, error }
    }

    pub fn request(id: u64, method: &'static str, params: Value) -> Outgoing {
        Outgoing::Request { jsonrpc: Version, id, method, params }
    }

    pub fn notification(method: &'static str, params: Value) -> Outgoing {
        Outgoing::Notification { jsonrpc: Version, method, params }
    }

    /// The message as one line without its line end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("JSON values and strings always serialise")
    }
}

/// Always "2.0".
#[derive(Clone, Copy, Debug)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("2.0")
    }
}

/// Judges one JSON value as a message.
fn message(value: Value) -> Result<Message, Refused> {
    let Value::Object(mut object) = value else {
        let what = if value.is_array() { "an empty batch" } else { "neither an object nor a batch" };
        return Err(Refused { id: None, error: RpcError::invalid_request(format!("the message is {what}")) });
    };
    let written_id = object.remove("id");
    let id = written_id.as_ref().and_then(Id::parse);
    let refuse = |error| Err(Refused { id: id.clone(), error });

    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refuse(RpcError::invalid_request("`jsonrpc` must be \"2.0\""));
    }
    let method = match object.remove("method") {
        Some(Value::String(method)) => method,
        Some(_) => return refuse(RpcError::invalid_request("`method` must be a string")),
        None if object.contains_key("result") || object.contains_key("error") => {
            return Ok(Message::Response { id, outcome: outcome(object) });
        }
        None => return refuse(RpcError::invalid_request("`method` is missing")),
    };
    if written_id.is_some() && id.is_none() {
        return refuse(RpcError::invalid_request("`id` must be a string or an integer of at most 64 bits"));
    }
    let params = match object.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) if id.is_some() => return refuse(RpcError::invalid_params("`params` must be an object")),
        // Nobody may be answered for a notification, and no notification works without named parameters.
        Some(_) => Map::new(),
    };
    Ok(match id {
        Some(id) => Message::Request { id, method, params },
        None => Message::Notification { method, params },
    })
}

/// What the peer answered: its error if there is one, in whatever shape it came.
fn outcome(mut object: Map<String, Value>) -> Result<Value, RpcError> {
    let Some(error) = object.remove("error").filter(|error| !error.is_null()) else {
        return Ok(object.remove("result").unwrap_or_default());
    };
    let code = error.get("code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok()).unwrap_or(RpcError::INTERNAL);
    let message = error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
    Err(RpcError { code, message, data: error.get("data").cloned() })
}

/// Characters of a message of ours that may repeat what a client sent.
pub(crate) const MESSAGE: usize = 600;
/// Characters of a hint, which may list what there is.
pub(crate) const HINT: usize = 3_000;

/// The beginning of what a client sent, for errors and logs: on one line, of at most 80 characters.
pub(crate) fn shortened(text: &str) -> String {
    const LIMIT: usize = 80;
    // Whatever follows so many characters cannot be shown: a huge argument is not read for a log line.
    let beginning = text.char_indices().nth(LIMIT + 1).map_or(text, |(end, _)| &text[..end]);
    let is_whole = beginning.len() == text.len();
    let shown: String = beginning.chars().map(|c| if c == '\n' { ' ' } else { plain(c) }).take(LIMIT).collect();
    if is_whole && beginning.chars().count() <= LIMIT { shown } else { shown + "…" }
}

/// In bytes: a URI that long is told as it is, for a client that compares.
const LONGEST_ECHO: usize = 2_000;

/// A message that may repeat what a client sent: without characters that steer a terminal or turn the order of the text around, each
/// word of at most 200 characters and the whole of some more than `limit`. What is left out is marked; of the whole it is the middle, as
/// reasons stand at the end.
pub(crate) fn told(text: &str, limit: usize) -> String {
    const WORD: usize = 200;
    let mut cut = String::with_capacity(text.len().min(limit));
    let mut run = 0;
    for c in text.chars() {
        run = if c.is_whitespace() { 0 } else { run + 1 };
        match run {
            0..=WORD => cut.push(plain(c)),
            run if run == WORD + 1 => cut.push('…'),
            _ => {}
        }
    }
    let count = cut.chars().count();
    if count <= limit {
        return cut;
    }
    let at = |number: usize| cut.char_indices().nth(number).map_or(cut.len(), |(at, _)| at);
    format!("{} […] {}", &cut[..at(limit / 3)], &cut[at(count - limit * 2 / 3)..])
}

/// The character, or one that can be seen in place of one that cannot and acts on those around it: C0 and C1 but the line feed, marks of
/// direction (Unicode UAX 9, 2), separators of lines, tags.
fn plain(c: char) -> char {
    match c {
        '\n' => '\n',
        '\t' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => '\u{fffd}',
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => '\u{fffd}',
        '\u{e0000}'..='\u{e007f}' => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
