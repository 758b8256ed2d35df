//! The rules one by one: a line goes in, and what comes out is compared. Whatever is sent is also decoded by the types of the
//! published schemas ([`oracle`]).

use futures_lite::future::block_on;
use rust_mcp_schema as modern_types;
use rust_mcp_schema_2025 as legacy_types;

use super::envelope::{CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL, PROTOCOL_VERSION};
use super::*;
use crate::mcp::context::HELD;
use crate::mcp::server::{Config, Server};
use crate::mcp::tool::{Annotations, Answer, Tool, ToolError};

#[path = "session/changes_tests.rs"]
mod changes;
#[path = "session/offers_tests.rs"]
mod offers;
#[path = "session/oracle.rs"]
mod oracle;
#[path = "session/orders_tests.rs"]
mod orders;
#[path = "session/questions_tests.rs"]
mod questions;

use oracle::{Oracle, decodes};

const MODERN: &str = "2026-07-28";

/// A session whose calls run as soon as they may, if `hold` does not keep them.
struct Client {
    session: Session,
    held: Vec<Work>,
    dropped: Vec<Ticket>,
    now: Instant,
    oracle: Oracle,
}

impl Client {
    fn new() -> Client {
        Client::of(Config::default())
    }

    fn of(config: Config) -> Client {
        let object = json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] });
        let server = Server::builder("test", "1.0")
            .title("Test")
            .instructions("Use it well.")
            .tool(
                Tool::new("echo", "Says it back", |arguments: Value, _| async move { Ok::<_, ToolError>(arguments) })
                    .title("Echo")
                    .annotations(Annotations { read_only: Some(true), ..Annotations::default() })
                    .input_schema(object.clone())
                    .output_schema(object),
            )
            .tool(Tool::new("fails", "Fails", |_, _| async { Err::<Answer, _>(ToolError::new("no route").hint("try later")) }))
            .tool(Tool::new("list", "Gives an array", |_, _| async { Ok::<_, ToolError>(json!([1, 2])) }))
            .tool(Tool::new("worded", "Gives both", |_, _| async { Ok::<_, ToolError>(Answer::worded("# One", json!({ "n": 1 }))) }))
            .tool(Tool::new("much", "Gives a lot", |_, _| async { Ok::<_, ToolError>("x".repeat(5000)) }))
            .config(config)
            .build()
            .unwrap();
        Client::at(&server)
    }

    /// Before any message.
    fn at(server: &Server) -> Client {
        let session = Session::new(server.definition.clone(), Arc::default());
        Client { session, held: Vec::new(), dropped: Vec::new(), now: Instant::now(), oracle: Oracle::default() }
    }

    /// Agreed on by `initialize`.
    fn legacy(revision: &str) -> Client {
        let mut client = Client::new();
        let result = client.ask("initialize", json!({ "protocolVersion": revision, "capabilities": {} }));
        assert_eq!(result["result"]["protocolVersion"], revision);
        client
    }

    /// What is sent because of this line; started calls are held.
    fn line(&mut self, line: &str) -> Vec<Value> {
        self.oracle.asked(line);
        let steps = self.session.receive(&Input::Line(line.as_bytes().to_vec()), self.now);
        self.carry_out(steps)
    }

    fn carry_out(&mut self, steps: Vec<Step>) -> Vec<Value> {
        let mut sent = Vec::new();
        for step in steps {
            match step {
                Step::Send(line) => {
                    let message = serde_json::from_str(&line).unwrap();
                    self.oracle.judge(&message);
                    sent.push(message);
                }
                Step::Start(work) => self.held.push(work),
                Step::Drop(ticket) => self.dropped.push(ticket),
            }
        }
        sent
    }

    /// Runs the oldest held call and gives what is sent because of its end.
    fn finish(&mut self) -> Vec<Value> {
        let work = self.held.remove(0);
        let ticket = work.ticket;
        let outcome = Outcome::Ended(block_on(work.start()));
        let steps = self.session.finish(ticket, outcome, self.now);
        self.carry_out(steps)
    }

    /// The only answer to a request with the id 1.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut sent = self.line(&request(1, method, params));
        if !self.held.is_empty() {
            sent.extend(self.finish());
        }
        assert_eq!(sent.len(), 1, "{method}: {sent:?}");
        let answer = sent.remove(0);
        assert_eq!(answer["id"], 1);
        answer
    }

    /// The answer to a ping, whatever runs.
    fn ask_inline(&mut self) -> Value {
        self.line(&request("p", "ping", json!({}))).remove(0)
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))
    }
}

fn request(id: impl Into<Value>, method: &str, params: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params }).to_string()
}

/// Parameters with the envelope of the stateless revision.
fn modern(mut params: Value) -> Value {
    params["_meta"] = json!({ PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: {} });
    params
}

fn code(answer: &Value) -> &Value {
    &answer["error"]["code"]
}

#[test]
fn initialize_echoes_a_known_handshake_revision_and_else_answers_the_newest() {
    for (asked, given) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        (MODERN, "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        // An envelope does not make it modern: there is no such method there.
        let params = json!({ "protocolVersion": asked, "capabilities": {}, "_meta": { PROTOCOL_VERSION: MODERN } });
        let answer = Client::new().ask("initialize", params);
        assert_eq!(answer["result"]["protocolVersion"], given);
        assert_eq!(answer["result"]["instructions"], "Use it well.");
        assert_eq!(answer["result"]["capabilities"], json!({ "tools": {} }));
        assert_eq!(answer["result"]["serverInfo"].get("title").is_some(), given >= "2025-06-18");
        decodes::<legacy_types::InitializeResult>(&answer["result"]);
    }
    for params in [json!({}), json!({ "protocolVersion": 5 }), json!({ "protocolVersion": "2025-11-25", "capabilities": [] })] {
        assert_eq!(code(&Client::new().ask("initialize", params)), -32602);
    }
}

#[test]
fn before_any_era_only_ping_is_answered_and_the_rest_is_told_what_is_missing() {
    let mut client = Client::new();
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    for method in ["tools/list", "server/discover", "no/such/method"] {
        let answer = client.ask(method, json!({}));
        assert_eq!(code(&answer), -32602);
        assert!(answer["error"]["message"].as_str().unwrap().contains(PROTOCOL_VERSION));
        decodes::<legacy_types::JsonrpcErrorResponse>(&answer);
    }
    assert_eq!(client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }))["result"]["protocolVersion"], "2025-11-25");
}

#[test]
fn each_request_chooses_its_era() {
    let mut client = Client::legacy("2025-06-18");
    assert_eq!(client.ask("tools/list", modern(json!({})))["result"]["resultType"], "complete");
    assert_eq!(client.ask("tools/list", json!({}))["result"].get("resultType"), None);
    assert_eq!(client.ask("ping", json!({}))["result"], json!({}));
    assert_eq!(code(&client.ask("ping", modern(json!({})))), -32601);
}

#[test]
fn discover_tells_everything_a_stateless_client_needs() {
    let answer = Client::new().ask("server/discover", modern(json!({})));
    let expected = json!({
        "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        "capabilities": { "tools": {} },
        "instructions": "Use it well.",
        "resultType": "complete",
        "ttlMs": 300_000,
        "cacheScope": "public",
        "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "test", "version": "1.0", "title": "Test" } },
    });
    assert_eq!(answer["result"], expected);
    decodes::<modern_types::DiscoverResult>(&answer["result"]);
    assert_eq!(code(&Client::legacy("2025-11-25").ask("server/discover", json!({}))), -32601);
}

#[test]
fn the_envelope_of_a_stateless_request_is_checked() {
    let mut client = Client::new();
    for version in ["1900-01-01", "2025-11-25"] {
        let answer = client.ask("tools/list", json!({ "_meta": { PROTOCOL_VERSION: version } }));
        assert_eq!(answer["error"]["code"], -32022);
        assert_eq!(answer["error"]["data"], json!({ "supported": Revision::names(), "requested": version }));
        decodes::<modern_types::JsonrpcErrorResponse>(&answer);
    }
    for (key, value) in [
        (PROTOCOL_VERSION, json!(20_260_728)),
        (CLIENT_CAPABILITIES, json!(null)),
        (CLIENT_CAPABILITIES, json!("all")),
        (CLIENT_INFO, json!("me")),
        (LOG_LEVEL, json!("shouting")),
        ("progressToken", json!(1.5)),
    ] {
        let mut params = modern(json!({}));
        params["_meta"][key] = value;
        assert_eq!(code(&client.ask("tools/list", params)), -32602, "{key}");
    }
    assert_eq!(code(&client.ask("tools/list", json!({ "_meta": 5 }))), -32602);
    for method in ["ping", "logging/setLevel", "resources/subscribe", "subscriptions/listen", "no/such/method"] {
        assert_eq!(code(&client.ask(method, modern(json!({})))), -32601, "{method}");
    }
}

#[test]
fn tools_are_listed_in_order_with_what_the_revision_knows() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN] {
        let mut client = if revision == MODERN { Client::new() } else { Client::legacy(revision) };
        let params = if revision == MODERN { modern(json!({})) } else { json!({}) };
        let result = &client.ask("tools/list", params)["result"];
        let names: Vec<&str> = result["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["echo", "fails", "list", "worded", "much"]);
        let echo = result["tools"][0].as_object().unwrap();
        let mut keys: Vec<&str> = echo.keys().map(String::as_str).collect();
        keys.sort_unstable();
        let expected: &[&str] = match revision {
            "2024-11-05" => &["description", "inputSchema", "name"],
            "2025-03-26" => &["annotations", "description", "inputSchema", "name"],
            _ => &["annotations", "description", "inputSchema", "name", "outputSchema", "title"],
        };
        assert_eq!(keys, expected, "{revision}");
        if revision == MODERN {
            decodes::<modern_types::ListToolsResult>(result);
        } else {
            decodes::<legacy_types::ListToolsResult>(result);
            assert_eq!(result.as_object().unwrap().len(), 1);
        }
    }
    let mut client = Client::legacy("2025-11-25");
    assert_eq!(code(&client.ask("tools/list", json!({ "cursor": "bogus" }))), -32602);
    assert!(client.ask("tools/list", json!({ "cursor": null })).get("result").is_some());
}

#[test]
fn a_server_without_tools_does_not_know_their_methods() {
    let mut client = Client::at(&Server::builder("bare", "1").build().unwrap());
    assert_eq!(client.ask("server/discover", modern(json!({})))["result"]["capabilities"], json!({}));
    assert_eq!(code(&client.ask("tools/list", modern(json!({})))), -32601);
    assert_eq!(code(&client.ask("tools/call", modern(json!({ "name": "x" })))), -32601);
}

#[test]
fn an_answer_is_text_and_where_the_revision_knows_it_structure() {
    for (revision, structured) in [("2025-03-26", false), ("2025-06-18", true), ("2025-11-25", true)] {
        let answer = Client::legacy(revision).call("echo", json!({ "text": "ü" }));
        let result = &answer["result"];
        assert_eq!(result["content"], json!([{ "type": "text", "text": "{\"text\":\"ü\"}" }]));
        assert_eq!(result.get("structuredContent").is_some(), structured);
        assert_eq!(result.get("isError"), None);
        decodes::<legacy_types::CallToolResult>(result);
    }
    let result = Client::new().ask("tools/call", modern(json!({ "name": "echo", "arguments": { "text": "x" } })))["result"].clone();
    assert_eq!(result["structuredContent"], json!({ "text": "x" }));
    assert_eq!(result["resultType"], "complete");
    decodes::<modern_types::CallToolResult>(&result);

    let mut client = Client::legacy("2025-11-25");
    let result = client.call("worded", json!({}))["result"].clone();
    assert_eq!(result, json!({ "content": [{ "type": "text", "text": "# One" }], "structuredContent": { "n": 1 } }));
    // No revision with a handshake knows structured content that is not an object.
    assert_eq!(client.call("list", json!({}))["result"], json!({ "content": [{ "type": "text", "text": "[1,2]" }] }));
    let modern_list = client.ask("tools/call", modern(json!({ "name": "list" })))["result"].clone();
    assert_eq!(modern_list["structuredContent"], json!([1, 2]));
}

#[test]
fn a_failure_is_told_to_the_model() {
    let mut client = Client::legacy("2025-11-25");
    let result = client.call("fails", json!({}))["result"].clone();
    assert_eq!(result, json!({ "content": [{ "type": "text", "text": "no route\nhint: try later" }], "isError": true }));
    decodes::<legacy_types::CallToolResult>(&result);
    // So are arguments that do not fit, as the model can correct them (MCP 2025-11-25, "Tool Execution Errors").
    for arguments in [json!({}), json!({ "text": 5 })] {
        assert_eq!(client.call("echo", arguments)["result"]["isError"], true);
    }
}

#[test]
fn a_call_that_no_tool_could_answer_is_the_protocols_error() {
    let mut client = Client::legacy("2025-11-25");
    for params in [
        json!({ "name": "no_such_tool" }),
        json!({ "arguments": {} }),
        json!({ "name": 5 }),
        json!({ "name": "echo", "arguments": "x" }),
        json!({ "name": "echo", "arguments": [] }),
        json!({ "name": "echo", "arguments": { "text": "x" }, "_meta": { "progressToken": {} } }),
    ] {
        assert_eq!(code(&client.ask("tools/call", params)), -32602);
    }
    assert_eq!(code(&client.ask("no/such/method", json!({}))), -32601);
}

#[test]
fn a_tool_that_breaks_its_own_schema_is_an_internal_error() {
    let tool =
        Tool::new("broken", "Gives no object", |_, _| async { Ok::<_, ToolError>("text") }).output_schema(json!({ "type": "object" }));
    let mut client = Client::at(&Server::builder("test", "1").tool(tool).build().unwrap());
    assert_eq!(code(&client.ask("tools/call", modern(json!({ "name": "broken" })))), -32603);
}

#[test]
fn an_answer_over_the_limit_becomes_an_error_that_says_so() {
    let mut client = Client::of(Config { max_answer: 1000, ..Config::default() });
    let result = client.ask("tools/call", modern(json!({ "name": "much" })))["result"].clone();
    assert_eq!((&result["isError"], &result["resultType"]), (&json!(true), &json!("complete")));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("more than the 1000"), "{result}");
}

#[test]
fn a_cancelled_call_is_dropped_whether_it_runs_or_waits() {
    let mut client = Client::of(Config { max_running: 1, ..Config::default() });
    for id in [1, 2, 3] {
        assert!(client.line(&request(id, "tools/call", modern(json!({ "name": "fails" })))).is_empty());
    }
    assert_eq!(client.held.len(), 1);
    let cancel = |id: Value| json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }).to_string();
    assert!(client.line(&cancel(json!(2))).is_empty());
    assert!(client.dropped.is_empty(), "it had not started");
    let running = client.held.remove(0);
    assert!(client.line(&cancel(json!(1))).is_empty());
    assert_eq!(client.dropped, [running.ticket]);
    // Its end comes too late to be heard.
    let late = Outcome::Ended(Ended::Complete(json!({})));
    assert!(client.session.finish(running.ticket, late, client.now).is_empty());
    assert_eq!(client.finish()[0]["id"], 3);
    for odd in
        [cancel(json!(1)), cancel(json!("unknown")), cancel(json!(null)), r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#.into()]
    {
        assert!(client.line(&odd).is_empty());
    }
    assert!(client.session.is_idle());
}

#[test]
fn an_id_in_use_is_refused_and_may_be_used_again_later() {
    let mut client = Client::legacy("2025-11-25");
    let call = request("a", "tools/call", json!({ "name": "fails" }));
    assert!(client.line(&call).is_empty());
    assert_eq!(code(&client.line(&call)[0]), -32600);
    assert_eq!(client.finish().len(), 1);
    assert!(client.line(&call).is_empty());
    assert_eq!(client.finish().len(), 1);
}

#[test]
fn notifications_and_answers_to_nothing_are_not_answered() {
    let mut client = Client::legacy("2025-11-25");
    for line in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{"x":1}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":4242,"result":{}}"#,
        "not json",
        "",
    ] {
        assert!(client.line(line).is_empty(), "{line}");
    }
}

#[test]
fn batches_exist_in_one_revision_only() {
    let batch = r#"[{"jsonrpc":"2.0","id":"b1","method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},7,
        {"jsonrpc":"2.0","id":"b2","method":"tools/call","params":{"name":"fails"}},
        {"jsonrpc":"2.0","id":"b3","method":"initialize","params":{"protocolVersion":"2025-06-18"}}]"#;
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let sent = Client::legacy(revision).line(batch);
        assert_eq!((sent.len(), &sent[0]["id"], code(&sent[0])), (1, &json!(null), &json!(-32600)));
    }
    assert_eq!(code(&Client::new().line(batch)[0]), -32600);

    let mut client = Client::legacy("2025-03-26");
    assert!(client.line(batch).is_empty(), "the call has not ended");
    let sent = client.finish();
    let ids: Vec<&Value> = sent[0].as_array().unwrap().iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&json!("b1"), &json!(null), &json!("b3"), &json!("b2")]);
    assert_eq!(code(&sent[0][2]), -32600);

    assert!(client.line(r#"[{"jsonrpc":"2.0","method":"notifications/x"}]"#).is_empty());
    // The stateless revision has no batches, whatever was agreed before.
    let sent = client.line(&format!("[{}]", request(9, "tools/list", modern(json!({})))));
    assert_eq!(code(&sent[0][0]), -32600);
}

#[test]
fn a_batch_waits_for_no_cancelled_call_and_is_split_when_too_long() {
    let mut client = Client::of(Config { max_answer: 6000, ..Config::default() });
    client.ask("initialize", json!({ "protocolVersion": "2025-03-26" }));
    let call = |id: u32, tool: &str| request(id, "tools/call", json!({ "name": tool }));
    assert!(client.line(&format!("[{},{},{}]", call(1, "fails"), call(2, "much"), call(3, "much"))).is_empty());
    assert!(client.line(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#).is_empty());
    client.held.remove(0);
    assert!(client.finish().is_empty());
    let sent = client.finish();
    assert_eq!(sent.iter().map(|array| array[0]["id"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn progress_carries_what_the_revision_knows() {
    for (revision, message) in [("2024-11-05", false), ("2025-11-25", true)] {
        let mut client = Client::legacy(revision);
        client.line(&request(1, "tools/call", json!({ "name": "fails", "_meta": { "progressToken": 7 } })));
        client.held[0].context.progress(0.5, Some(2.0), "half");
        let now = Instant::now();
        let (steps, next) = client.session.report(now);
        assert!(steps.is_empty() && next == Some(now + HELD), "the answer may be close behind it");
        let (steps, next) = client.session.report(now + HELD);
        assert_eq!(next, None);
        let sent = client.carry_out(steps).remove(0);
        let mut params = json!({ "progressToken": 7, "progress": 0.5, "total": 2 });
        if message {
            params["message"] = json!("half");
        }
        assert_eq!(sent, json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }));
        decodes::<legacy_types::ProgressNotification>(&sent);
        decodes::<modern_types::ProgressNotification>(&sent);
    }
}

#[test]
fn a_call_knows_its_caller_and_its_end() {
    let mut client = Client::new();
    let params = json!({ "protocolVersion": "2025-06-18", "capabilities": { "sampling": {} } });
    client.ask("initialize", params);
    client.line(&request(1, "tools/call", json!({ "name": "fails" })));
    let context = client.held[0].context.clone();
    assert_eq!(context.revision(), Revision::V2025_06_18);
    assert!(context.client_capabilities().contains_key("sampling"));
    assert!(!context.wants_progress() && !context.is_cancelled());
    client.session.end();
    assert!(context.is_cancelled() && client.session.is_idle());
}

#[test]
fn what_cannot_be_served_is_refused_when_the_server_is_built() {
    let tool = |name: &str| Tool::new(name, "", |_, _| async { Ok::<_, ToolError>("") });
    let build = |tools: Vec<Tool>| {
        tools.into_iter().fold(Server::builder("test", "1"), Builder::tool).build().map(|_| ()).map_err(|error| error.to_string())
    };
    use crate::mcp::server::Builder;
    assert_eq!(build(vec![tool("a"), tool("B-_.9")]), Ok(()));
    assert_eq!(build(vec![tool("a"), tool("a")]), Err("two tools are named `a`".into()));
    assert_eq!(build(vec![tool("")]), Err("`` cannot be the name of a tool".into()));
    assert_eq!(build(vec![tool("ä")]), Err("`ä` cannot be the name of a tool".into()));
    assert!(build(vec![tool(&"x".repeat(129))]).is_err());
    assert_eq!(
        build(vec![tool("a").output_schema(json!({ "type": "array" }))]),
        Err("a schema of the tool `a` is not one of an object".into())
    );
}
