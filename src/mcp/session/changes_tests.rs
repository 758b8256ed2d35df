//! What is told without being asked for: changes of lists and of resources.

use super::*;
use crate::mcp::context::Context;
use crate::mcp::notifier::Notifier;
use crate::mcp::resource::{ReadRequest, Resource};
use crate::mcp::server::Builder;

fn builder() -> Builder {
    let read = |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("x") };
    Server::builder("test", "1")
        .tool(Tool::new("wait", "", |_: Value, _: Context| async { Ok::<_, ToolError>("") }))
        .resource(Resource::new("x:1", "one"), read)
        .resource(Resource::new("x:2", "two"), read)
}

fn connected(notifier: &Notifier) -> Client {
    Client::at(&builder().notifier(notifier.clone()).build().unwrap())
}

impl Client {
    /// What is sent because something was told.
    fn news(&mut self) -> Vec<Value> {
        let (steps, _) = self.session.report(self.now);
        self.carry_out(steps)
    }
}

fn listen(id: impl Into<Value>, wanted: Value) -> String {
    request(id, "subscriptions/listen", modern(json!({ "notifications": wanted })))
}

fn methods(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["method"].as_str().unwrap()).collect()
}

#[test]
fn after_a_handshake_lists_are_told_and_resources_on_request() {
    let notifier = Notifier::new();
    let mut client = connected(&notifier);
    notifier.tools_changed();
    assert!(client.news().is_empty(), "nobody is there yet");
    let result = client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    let expected = json!({ "tools": { "listChanged": true }, "resources": { "listChanged": true, "subscribe": true } });
    assert_eq!(result["result"]["capabilities"], expected);

    notifier.tools_changed();
    notifier.tools_changed();
    notifier.resources_changed();
    // There are none.
    notifier.prompts_changed();
    notifier.resource_updated("x:1");
    assert_eq!(methods(&client.news()), ["notifications/tools/list_changed", "notifications/resources/list_changed"]);

    assert_eq!(client.ask("resources/subscribe", json!({ "uri": "x:1" }))["result"], json!({}));
    assert_eq!(client.ask("resources/subscribe", json!({ "uri": "x:1" }))["result"], json!({}));
    notifier.resource_updated("x:1");
    notifier.resource_updated("x:1");
    notifier.resource_updated("x:2");
    assert_eq!(client.news(), [json!({ "jsonrpc": "2.0", "method": "notifications/resources/updated", "params": { "uri": "x:1" } })]);
    assert!(client.news().is_empty());
    assert_eq!(client.ask("resources/unsubscribe", json!({ "uri": "x:1" }))["result"], json!({}));
    assert_eq!(client.ask("resources/unsubscribe", json!({ "uri": "x:1" }))["result"], json!({}));
    notifier.resource_updated("x:1");
    assert!(client.news().is_empty());
    assert_eq!(code(&client.ask("resources/subscribe", json!({ "uri": "y:1" }))), -32002);
    assert_eq!(code(&client.ask("resources/subscribe", json!({}))), -32602);
}

#[test]
fn a_stream_tells_what_was_asked_for_under_its_own_name() {
    let notifier = Notifier::new();
    let mut client = connected(&notifier);
    let wanted = json!({ "toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": ["x:1", "x:9"] });
    let acknowledged = client.line(&listen("s", wanted));
    let accepted = json!({ "toolsListChanged": true, "resourceSubscriptions": ["x:1", "x:9"] });
    assert_eq!(methods(&acknowledged), ["notifications/subscriptions/acknowledged"]);
    assert_eq!(acknowledged[0]["params"]["notifications"], accepted, "there are no prompts");
    client.line(&listen(7, json!({ "resourcesListChanged": true })));

    notifier.tools_changed();
    notifier.resources_changed();
    notifier.resource_updated("x:1");
    let news = client.news();
    let id = |message: &Value| message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone();
    let told: Vec<_> = news.iter().map(|message| (message["method"].as_str().unwrap(), id(message))).collect();
    let expected = [
        ("notifications/tools/list_changed", json!("s")),
        ("notifications/resources/updated", json!("s")),
        ("notifications/resources/list_changed", json!(7)),
    ];
    assert_eq!(told, expected);

    // The id is in use, by whatever it is.
    assert_eq!(code(&client.line(&listen("s", json!({})))[0]), -32600);
    assert_eq!(code(&client.line(&request("s", "tools/call", modern(json!({ "name": "wait" }))))[0]), -32600);
    assert!(client.line(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}}"#).is_empty());
    notifier.tools_changed();
    notifier.resource_updated("x:1");
    assert!(client.news().is_empty());

    // The end of the server is the end of the stream.
    let steps = client.session.end();
    let last = client.carry_out(steps);
    assert_eq!(last.len(), 1);
    assert_eq!((&last[0]["id"], &last[0]["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"]), (&json!(7), &json!(7)));
}

#[test]
fn a_stream_that_cannot_be_is_refused() {
    let notifier = Notifier::new();
    let mut client = connected(&notifier);
    for params in [
        json!({}),
        json!({ "notifications": [] }),
        json!({ "notifications": { "toolsListChanged": "yes" } }),
        json!({ "notifications": { "resourceSubscriptions": "x:1" } }),
        json!({ "notifications": { "resourceSubscriptions": [1] } }),
    ] {
        assert_eq!(code(&client.ask("subscriptions/listen", modern(params))), -32602);
    }
    // Only where the revision has it, and where the server tells anything.
    for method in ["resources/subscribe", "resources/unsubscribe", "logging/setLevel"] {
        assert_eq!(code(&client.ask(method, modern(json!({ "uri": "x:1" })))), -32601);
    }
    let mut mute = Client::at(&builder().build().unwrap());
    assert_eq!(code(&mute.line(&listen(1, json!({})))[0]), -32601);
    mute.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    assert_eq!(code(&mute.ask("resources/subscribe", json!({ "uri": "x:1" }))), -32601);
}

#[test]
fn subscriptions_are_bounded() {
    let config = Config { max_subscriptions: 3, ..Config::default() };
    let mut client = Client::at(&builder().notifier(Notifier::new()).config(config).build().unwrap());
    assert_eq!(methods(&client.line(&listen(1, json!({ "resourceSubscriptions": ["x:1"] })))).len(), 1);
    assert_eq!(code(&client.line(&listen(2, json!({ "resourceSubscriptions": ["x:1"] })))[0]), -32602);
    assert_eq!(methods(&client.line(&listen(2, json!({})))).len(), 1);
    client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    assert_eq!(code(&client.ask("resources/subscribe", json!({ "uri": "x:2" }))), -32602);
    client.line(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert_eq!(client.ask("resources/subscribe", json!({ "uri": "x:2" }))["result"], json!({}));
}

#[test]
fn every_connection_is_told_and_a_closed_one_forgotten() {
    let notifier = Notifier::new();
    let server = builder().notifier(notifier.clone()).build().unwrap();
    let mut clients = [Client::at(&server), Client::at(&server)];
    for client in &mut clients {
        client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    }
    notifier.tools_changed();
    let [mut first, second] = clients;
    drop(second);
    notifier.tools_changed();
    assert_eq!(first.news().len(), 1);
}
