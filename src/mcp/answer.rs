//! What the answers look like in each revision. Pure.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::mcp::context::{Call, Log, Report};
use crate::mcp::definition::Definition;
use crate::mcp::message::{HINT, MESSAGE, Outgoing, RpcError, told};
use crate::mcp::resource::Read;
use crate::mcp::revision::Revision;
use crate::mcp::tool::{Answer, Tool, ToolError};
use crate::mcp::work::Ended;

pub(crate) fn to_initialize(definition: &Definition, revision: Revision) -> Value {
    let mut result = json!({
        "protocolVersion": revision.name(),
        "capabilities": definition.capabilities(revision),
        "serverInfo": definition.implementation(revision),
    });
    if let Some(instructions) = &definition.instructions {
        result["instructions"] = json!(instructions);
    }
    result
}

pub(crate) fn to_discover(definition: &Definition, revision: Revision) -> Value {
    let mut result = json!({
        "supportedVersions": Revision::names(),
        "capabilities": definition.capabilities(revision),
    });
    if let Some(instructions) = &definition.instructions {
        result["instructions"] = json!(instructions);
    }
    completed(definition, revision, Some(Keep::Table), result)
}

/// How long a modern client may keep a result, if it may at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The same for everybody until the server is built anew.
    Table,
    /// May change, and be for this user only.
    Reading,
}

/// Adds what every result of a modern revision carries.
pub(crate) fn completed(definition: &Definition, revision: Revision, keep: Option<Keep>, mut result: Value) -> Value {
    if !revision.is_modern() {
        return result;
    }
    if let Some(keep) = keep {
        let (lifetime, scope) = match keep {
            Keep::Table => (definition.config.list_lifetime, "public"),
            Keep::Reading => (definition.config.read_lifetime, "private"),
        };
        result["ttlMs"] = json!(milliseconds(lifetime));
        result["cacheScope"] = json!(scope);
    }
    typed(definition, revision, "complete", result)
}

/// The questions that end this round of a request, and what the client is to bring back with their answers.
pub(crate) fn to_questions(definition: &Definition, revision: Revision, questions: Map<String, Value>, state: String) -> Value {
    typed(definition, revision, "input_required", json!({ "inputRequests": questions, "requestState": state }))
}

/// A tool's answer as the fields of a result.
pub(crate) fn of_tool(tool: &Tool, revision: Revision, outcome: Result<Answer, ToolError>) -> Ended {
    match outcome {
        Ok(answer) => answered(tool, revision, answer).map_or_else(Ended::Failed, Ended::Complete),
        Err(ToolError { protocol: Some(error), .. }) if revision.is_modern() => Ended::Failed(*error),
        Err(error) => Ended::Complete(failed(&error)),
    }
}

/// What was read as the fields of a result; nothing at all means that there is nothing at the URI.
pub(crate) fn of_reading(uri: &str, mime_type: Option<&str>, outcome: Result<Read, RpcError>) -> Ended {
    match outcome {
        Ok(Read(contents)) if contents.is_empty() => Ended::Failed(RpcError::resource_not_found(uri)),
        Ok(Read(contents)) => {
            let contents: Value = contents.iter().map(|piece| piece.to_json(uri, mime_type)).collect();
            Ended::Complete(json!({ "contents": contents }))
        }
        Err(error) => Ended::Failed(error),
    }
}

/// For a tool whose answer is longer than one message may be.
pub(crate) fn too_long(bytes: usize, limit: usize) -> Value {
    let error = ToolError::new(format!("the answer has {bytes} bytes, more than the {limit} that one message may have"));
    failed(&error.hint("ask for less at a time"))
}

pub(crate) fn log(log: Log) -> Outgoing {
    let mut params = json!({ "level": log.level.name(), "data": log.data });
    if let Some(logger) = log.logger {
        params["logger"] = json!(logger);
    }
    Outgoing::notification("notifications/message", params)
}

pub(crate) fn progress(call: &Call, report: Report) -> Outgoing {
    let mut params = Map::new();
    params.insert("progressToken".into(), json!(call.token));
    params.insert("progress".into(), number(report.progress));
    if let Some(total) = report.total {
        params.insert("total".into(), number(total));
    }
    if !report.message.is_empty() && call.revision.has_progress_messages() {
        params.insert("message".into(), report.message.into());
    }
    Outgoing::notification("notifications/progress", Value::Object(params))
}

/// The answers to one batch as one array, or several if one would be too long.
pub(crate) fn to_batch(answers: Vec<String>, limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for answer in answers {
        match lines.last_mut() {
            Some(line) if line.len() + answer.len() + 2 <= limit => line.push(','),
            _ => lines.push("[".to_owned()),
        }
        lines.last_mut().expect("one was just added").push_str(&answer);
    }
    lines.iter_mut().for_each(|line| line.push(']'));
    lines
}

fn answered(tool: &Tool, revision: Revision, answer: Answer) -> Result<Value, RpcError> {
    let is_object = answer.structured.as_ref().is_some_and(Value::is_object);
    if tool.output_schema.is_some() && !is_object {
        return Err(RpcError::internal(format!("the tool `{}` gave no object although it has an output schema", tool.name)));
    }
    let text = match &answer.structured {
        Some(structured) if answer.text.is_empty() => structured.to_string(),
        _ => answer.text,
    };
    let mut content: Vec<Value> = Vec::with_capacity(1 + answer.content.len());
    if !text.is_empty() || answer.content.is_empty() {
        let mut piece = json!({ "type": "text", "text": text });
        if !answer.text_meta.is_empty() && revision.has_content_meta() {
            piece["_meta"] = Value::Object(answer.text_meta);
        }
        content.push(piece);
    }
    content.extend(answer.content.iter().map(|piece| piece.to_json(revision)));
    let mut result = json!({ "content": content });
    match answer.structured {
        // Until 2025-11-25 structured content is an object; since then it is any JSON.
        Some(structured) if revision.is_modern() || (is_object && revision.has_structured_content()) => {
            result["structuredContent"] = structured;
        }
        _ => {}
    }
    Ok(result)
}

/// A failure that the model is told.
pub(crate) fn failed(error: &ToolError) -> Value {
    let mut text = told(&error.message, MESSAGE);
    if let Some(hint) = &error.hint {
        text.push_str("\nhint: ");
        text.push_str(&told(hint, HINT));
    }
    json!({ "content": [{ "type": "text", "text": text }], "isError": true })
}

fn typed(definition: &Definition, revision: Revision, kind: &str, mut result: Value) -> Value {
    result["resultType"] = json!(kind);
    if !result["_meta"].is_object() {
        result["_meta"] = json!({});
    }
    result["_meta"]["io.modelcontextprotocol/serverInfo"] = definition.implementation(revision);
    result
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whole numbers without a fraction, as people and strict clients expect them.
fn number(value: f64) -> Value {
    /// Up to here every integer is a double.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        let whole = value as i64;
        json!(whole)
    } else {
        json!(value)
    }
}
