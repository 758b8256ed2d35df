//! For tests: decodes whatever a session sends by the types of the published schemas, of 2026-07-28 or of 2025-11-25 for
//! everything before.

use std::collections::HashMap;

use rust_mcp_schema as modern;
use rust_mcp_schema_2025 as legacy;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a request of the stateless revisions carries; not taken from the code that is judged.
const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// Remembers what was asked, to know what the answers should be.
#[derive(Debug, Default)]
pub struct Oracle {
    /// By id: the method, and whether the request named a stateless revision.
    asked: HashMap<String, (String, bool)>,
}

impl Oracle {
    /// What the client sends.
    pub fn asked(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        for message in message.as_array().into_iter().flatten().chain([&message]) {
            if let (Some(id), Some(method)) = (message.get("id"), message.get("method").and_then(Value::as_str)) {
                let is_modern = message["params"]["_meta"].get(PROTOCOL_VERSION).is_some() && method != "initialize";
                self.asked.insert(id.to_string(), (method.to_owned(), is_modern));
            }
        }
    }

    /// Panics if the message is not what the schema says.
    pub fn judge(&self, message: &Value) {
        if let Some(batch) = message.as_array() {
            return batch.iter().for_each(|message| self.judge(message));
        }
        match (message.get("method").and_then(Value::as_str), message.get("id")) {
            (Some(method), Some(_)) => request(method, message),
            (Some(method), None) => notification(method, message),
            (None, None | Some(Value::Null)) => assert!(message["error"]["code"].is_i64(), "{message}"),
            (None, Some(id)) => {
                let (method, is_modern) = self.asked.get(&id.to_string()).unwrap_or_else(|| panic!("nobody asked: {message}"));
                match message.get("result") {
                    Some(result) if *is_modern => modern_result(method, result),
                    Some(result) => legacy_result(method, result),
                    None if *is_modern => decodes::<modern::JsonrpcErrorResponse>(message),
                    None => decodes::<legacy::JsonrpcErrorResponse>(message),
                }
            }
        }
    }
}

pub fn decodes<T: DeserializeOwned>(value: &Value) {
    if let Err(error) = serde_json::from_value::<T>(value.clone()) {
        panic!("{error}: {value}");
    }
}

fn request(method: &str, message: &Value) {
    match method {
        "sampling/createMessage" => decodes::<legacy::CreateMessageRequest>(message),
        "elicitation/create" => decodes::<legacy::ElicitRequest>(message),
        "roots/list" => decodes::<legacy::ListRootsRequest>(message),
        _ => panic!("no server sends {message}"),
    }
}

fn notification(method: &str, message: &Value) {
    let is_modern = message["params"]["_meta"].get("io.modelcontextprotocol/subscriptionId").is_some();
    match (method, is_modern) {
        // The same in both eras.
        ("notifications/progress", false) => {
            decodes::<legacy::ProgressNotification>(message);
            decodes::<modern::ProgressNotification>(message);
        }
        ("notifications/message", false) => {
            decodes::<legacy::LoggingMessageNotification>(message);
            decodes::<modern::LoggingMessageNotification>(message);
        }
        ("notifications/cancelled", false) => decodes::<legacy::CancelledNotification>(message),
        ("notifications/tools/list_changed", false) => decodes::<legacy::ToolListChangedNotification>(message),
        ("notifications/prompts/list_changed", false) => decodes::<legacy::PromptListChangedNotification>(message),
        ("notifications/resources/list_changed", false) => decodes::<legacy::ResourceListChangedNotification>(message),
        ("notifications/resources/updated", false) => decodes::<legacy::ResourceUpdatedNotification>(message),
        ("notifications/tools/list_changed", true) => decodes::<modern::ToolListChangedNotification>(message),
        ("notifications/prompts/list_changed", true) => decodes::<modern::PromptListChangedNotification>(message),
        ("notifications/resources/list_changed", true) => decodes::<modern::ResourceListChangedNotification>(message),
        ("notifications/resources/updated", true) => decodes::<modern::ResourceUpdatedNotification>(message),
        ("notifications/subscriptions/acknowledged", true) => decodes::<modern::SubscriptionsAcknowledgedNotification>(message),
        _ => panic!("no server sends {message}"),
    }
}

fn legacy_result(method: &str, result: &Value) {
    match method {
        "initialize" => decodes::<legacy::InitializeResult>(result),
        "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => assert_eq!(*result, serde_json::json!({})),
        "tools/list" => decodes::<legacy::ListToolsResult>(result),
        "tools/call" => decodes::<legacy::CallToolResult>(result),
        "prompts/list" => decodes::<legacy::ListPromptsResult>(result),
        "prompts/get" => decodes::<legacy::GetPromptResult>(result),
        "resources/list" => decodes::<legacy::ListResourcesResult>(result),
        "resources/templates/list" => decodes::<legacy::ListResourceTemplatesResult>(result),
        "resources/read" => decodes::<legacy::ReadResourceResult>(result),
        "completion/complete" => decodes::<legacy::CompleteResult>(result),
        _ => panic!("{method} has no result: {result}"),
    }
    assert!(result.get("resultType").is_none(), "{method}: {result}");
}

fn modern_result(method: &str, result: &Value) {
    if result["resultType"] == "input_required" {
        assert!(["tools/call", "prompts/get", "resources/read"].contains(&method), "{method}: {result}");
        return decodes::<modern::InputRequiredResult>(result);
    }
    assert_eq!(result["resultType"], "complete", "{method}: {result}");
    match method {
        "server/discover" => decodes::<modern::DiscoverResult>(result),
        "tools/list" => decodes::<modern::ListToolsResult>(result),
        "tools/call" => decodes::<modern::CallToolResult>(result),
        "prompts/list" => decodes::<modern::ListPromptsResult>(result),
        "prompts/get" => decodes::<modern::GetPromptResult>(result),
        "resources/list" => decodes::<modern::ListResourcesResult>(result),
        "resources/templates/list" => decodes::<modern::ListResourceTemplatesResult>(result),
        "resources/read" => decodes::<modern::ReadResourceResult>(result),
        "completion/complete" => decodes::<modern::CompleteResult>(result),
        "subscriptions/listen" => decodes::<modern::SubscriptionsListenResult>(result),
        _ => panic!("{method} has no result: {result}"),
    }
}
