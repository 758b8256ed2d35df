//! What the answers look like in each revision. Pure.

use serde_json::{Map, Value, json};

use crate::mcp::context::{Call, Report};
use crate::mcp::message::{Id, Outgoing, RpcError};
use crate::mcp::revision::Revision;
use crate::mcp::server::Definition;
use crate::mcp::session::Outcome;
use crate::mcp::tool::{Answer, Tool, ToolError};

pub(crate) fn to_initialize(definition: &Definition, revision: Revision) -> Value {
    let mut result = json!({
        "protocolVersion": revision.name(),
        "capabilities": definition.capabilities(),
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
        "capabilities": definition.capabilities(),
    });
    if let Some(instructions) = &definition.instructions {
        result["instructions"] = json!(instructions);
    }
    complete(definition, revision, cacheable(definition, revision, result))
}

pub(crate) fn to_tool_list(definition: &Definition, revision: Revision) -> Value {
    let result = json!({ "tools": definition.tool_list(revision) });
    complete(definition, revision, cacheable(definition, revision, result))
}

/// The answer to `tools/call` as a line; one that would be too long is replaced by an error that says so.
pub(crate) fn to_call(definition: &Definition, tool: &Tool, revision: Revision, id: Id, outcome: Outcome) -> String {
    let result = match outcome {
        Outcome::Ended(Ok(answer)) => match answered(tool, revision, answer) {
            Ok(result) => result,
            Err(error) => return Outgoing::error(Some(id), error).line(),
        },
        Outcome::Ended(Err(error)) => failed(&error),
        Outcome::Panicked => {
            let error = RpcError::internal(format!("the tool `{}` failed by a bug of its own", tool.name));
            return Outgoing::error(Some(id), error).line();
        }
    };
    let line = Outgoing::result(id.clone(), complete(definition, revision, result)).line();
    let limit = definition.config.max_answer;
    if line.len() <= limit {
        return line;
    }
    let error = ToolError::new(format!("the answer has {} bytes, more than the {limit} that one message may have", line.len()))
        .hint("ask for less at a time");
    Outgoing::result(id, complete(definition, revision, failed(&error))).line()
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
    let mut result = json!({ "content": [{ "type": "text", "text": text }] });
    match answer.structured {
        // Until 2025-11-25 structured content is an object; since then it is any JSON.
        Some(structured) if revision.is_modern() || (is_object && revision.has_structured_content()) => {
            result["structuredContent"] = structured;
        }
        _ => {}
    }
    Ok(result)
}

fn failed(error: &ToolError) -> Value {
    json!({ "content": [{ "type": "text", "text": error.to_string() }], "isError": true })
}

/// Adds what every result of a modern revision carries.
fn complete(definition: &Definition, revision: Revision, mut result: Value) -> Value {
    if revision.is_modern() {
        result["resultType"] = json!("complete");
        result["_meta"] = json!({ "io.modelcontextprotocol/serverInfo": definition.implementation(revision) });
    }
    result
}

/// Adds how long a modern client may keep the result. Nothing in it depends on the user.
fn cacheable(definition: &Definition, revision: Revision, mut result: Value) -> Value {
    if revision.is_modern() {
        let milliseconds = u64::try_from(definition.config.list_lifetime.as_millis()).unwrap_or(u64::MAX);
        result["ttlMs"] = json!(milliseconds);
        result["cacheScope"] = json!("public");
    }
    result
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
