//! What the client wants to be told: by `resources/subscribe` and by having come through a handshake, or by
//! `subscriptions/listen` since 2026-07-28. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::mcp::definition::Definition;
use crate::mcp::message::{Id, Outgoing, RpcError};
use crate::mcp::notifier::{Listener, News};

/// The subscriptions of one connection.
#[derive(Debug)]
pub(super) struct Subscriptions {
    listener: Arc<Listener>,
    limit: usize,
    /// URIs of `resources/subscribe`.
    watched: BTreeSet<String>,
    /// Streams of `subscriptions/listen`, oldest first.
    streams: Vec<Stream>,
}

/// One stream of notifications, named by the id of the request that opened it.
#[derive(Debug)]
struct Stream {
    id: Id,
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: BTreeSet<String>,
}

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

impl Subscriptions {
    pub(super) fn new(listener: Arc<Listener>, limit: usize) -> Subscriptions {
        Subscriptions { listener, limit, watched: BTreeSet::new(), streams: Vec::new() }
    }

    pub(super) fn watch(&mut self, uri: &str) -> Result<(), RpcError> {
        if !self.watched.contains(uri) {
            self.has_room_for(1)?;
            self.watched.insert(uri.to_owned());
            self.listener.watch(uri);
        }
        Ok(())
    }

    pub(super) fn unwatch(&mut self, uri: &str) {
        if self.watched.remove(uri) {
            self.listener.unwatch(uri);
        }
    }

    /// Opens a stream; gives the message that acknowledges what will be told on it: what was asked for and exists.
    pub(super) fn listen(&mut self, id: &Id, params: &Map<String, Value>, definition: &Definition) -> Result<Outgoing, RpcError> {
        let Some(wanted) = params.get("notifications").and_then(Value::as_object) else {
            return Err(RpcError::invalid_params("`notifications` must be an object that says what is wanted"));
        };
        let flag = |name: &str| match wanted.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(RpcError::invalid_params(format!("`notifications.{name}` must be a boolean"))),
        };
        let uris: Option<BTreeSet<String>> = match wanted.get("resourceSubscriptions") {
            None | Some(Value::Null) => Some(BTreeSet::new()),
            Some(Value::Array(uris)) => uris.iter().map(|uri| uri.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        let uris = uris.ok_or_else(|| RpcError::invalid_params("`notifications.resourceSubscriptions` must be an array of strings"))?;
        let stream = Stream {
            id: id.clone(),
            tools: flag("toolsListChanged")? && definition.has_tools(),
            prompts: flag("promptsListChanged")? && definition.has_prompts(),
            resources: flag("resourcesListChanged")? && definition.has_resources(),
            uris: if definition.has_resources() { uris } else { BTreeSet::new() },
        };
        self.has_room_for(1 + stream.uris.len())?;
        stream.uris.iter().for_each(|uri| self.listener.watch(uri));
        let acknowledged = stream.acknowledged();
        self.streams.push(stream);
        Ok(acknowledged)
    }

    pub(super) fn has_stream(&self, id: &Id) -> bool {
        self.streams.iter().any(|stream| stream.id == *id)
    }

    /// The client has cancelled the request that opened the stream.
    pub(super) fn close(&mut self, id: &Id) {
        self.streams.retain(|stream| {
            let is_closed = stream.id == *id;
            if is_closed {
                stream.uris.iter().for_each(|uri| self.listener.unwatch(uri));
            }
            !is_closed
        });
    }

    /// Ends every stream; gives their ids, as the requests that opened them are answered now.
    pub(super) fn end(&mut self) -> Vec<(Id, Value)> {
        let streams = std::mem::take(&mut self.streams);
        streams.into_iter().map(|stream| (stream.id.clone(), json!({ "_meta": { SUBSCRIPTION_ID: stream.id } }))).collect()
    }

    /// The messages that tell what has changed. `is_legacy`: a handshake was made, so lists are told without being asked for.
    pub(super) fn news(&mut self, is_legacy: bool, definition: &Definition) -> Vec<Outgoing> {
        let news = self.listener.news();
        let mut messages = Vec::new();
        if is_legacy {
            let lists = Lists { tools: definition.has_tools(), prompts: definition.has_prompts(), resources: definition.has_resources() };
            told(&news, lists, &self.watched, None, &mut messages);
        }
        for stream in &self.streams {
            let lists = Lists { tools: stream.tools, prompts: stream.prompts, resources: stream.resources };
            told(&news, lists, &stream.uris, Some(&stream.id), &mut messages);
        }
        messages
    }

    fn has_room_for(&self, more: usize) -> Result<(), RpcError> {
        let count = self.watched.len() + self.streams.iter().map(|stream| 1 + stream.uris.len()).sum::<usize>();
        if count + more > self.limit {
            return Err(RpcError::invalid_params(format!("too many subscriptions: one connection may have {}", self.limit)));
        }
        Ok(())
    }
}

impl Stream {
    fn acknowledged(&self) -> Outgoing {
        let mut accepted = Map::new();
        for (name, flag) in
            [("toolsListChanged", self.tools), ("promptsListChanged", self.prompts), ("resourcesListChanged", self.resources)]
        {
            if flag {
                accepted.insert(name.into(), json!(true));
            }
        }
        if !self.uris.is_empty() {
            accepted.insert("resourceSubscriptions".into(), json!(self.uris));
        }
        let params = json!({ "notifications": accepted, "_meta": { SUBSCRIPTION_ID: self.id } });
        Outgoing::notification("notifications/subscriptions/acknowledged", params)
    }
}

/// Whose changes are told.
struct Lists {
    tools: bool,
    prompts: bool,
    resources: bool,
}

fn told(news: &News, lists: Lists, uris: &BTreeSet<String>, stream: Option<&Id>, messages: &mut Vec<Outgoing>) {
    let mut tell = |method, uri: Option<&String>| {
        let mut params = Map::new();
        if let Some(uri) = uri {
            params.insert("uri".into(), json!(uri));
        }
        if let Some(id) = stream {
            params.insert("_meta".into(), json!({ SUBSCRIPTION_ID: id }));
        }
        let params = if params.is_empty() { Value::Null } else { Value::Object(params) };
        messages.push(Outgoing::notification(method, params));
    };
    for (is_told, method) in [
        (news.tools && lists.tools, "notifications/tools/list_changed"),
        (news.prompts && lists.prompts, "notifications/prompts/list_changed"),
        (news.resources && lists.resources, "notifications/resources/list_changed"),
    ] {
        if is_told {
            tell(method, None);
        }
    }
    for uri in news.updated.intersection(uris) {
        tell("notifications/resources/updated", Some(uri));
    }
}
