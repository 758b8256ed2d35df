//! What a server offers beside tools: resources, prompts, completions, rich content, log messages; and lists in pages.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::mcp::completion::{Suggestions, Typed};
use crate::mcp::content::{Audience, Content, Icon, Role};
use crate::mcp::context::Context;
use crate::mcp::level::Level;
use crate::mcp::prompt::{Argument, Messages, Prompt};
use crate::mcp::resource::{Contents, Page, ReadRequest, Resource, ResourceTemplate};
use crate::mcp::server::Builder;

/// One of everything.
fn builder() -> Builder {
    let guide = Resource::new("docs://guide", "guide")
        .title("The guide")
        .description("How to begin")
        .mime_type("text/markdown")
        .size(7)
        .audience(Audience { roles: vec![Role::User], priority: Some(0.5), last_modified: Some("2025-01-12T15:00:58Z".into()) })
        .icon(Icon::new("https://example.org/i.png").mime_type("image/png").size("48x48"));
    let template = ResourceTemplate::new("docs://{source}/{+path}", "page").description("A page").mime_type("text/markdown");
    let review = Prompt::new("review", "Asks for a review", |given: BTreeMap<String, String>, _: Context| async move {
        let file = Contents::text("fn main() {}").at("file:///main.rs").mime_type("text/x-rust");
        let tone = given.get("tone").map_or("kindly", String::as_str).to_owned();
        let messages = Messages::new().description("A review").user(format!("Review {} {tone}", given["code"]));
        Ok::<_, RpcError>(messages.user(Content::embedded(file)).user(Content::audio([0], "audio/wav")).assistant("Gladly."))
    });
    Server::builder("test", "1.0")
        .tool(Tool::new("all", "Gives every kind of content", |_: Value, _: Context| async {
            let link = Resource::new("docs://guide", "guide").title("The guide");
            let audience = Audience { roles: vec![Role::Assistant], priority: Some(7.0), last_modified: None };
            Ok::<_, ToolError>(
                Answer::text("first")
                    .with(Content::text("second").audience(audience))
                    .with(Content::image(b"PNG", "image/png"))
                    .with(Content::audio(b"WAV", "audio/wav"))
                    .with(Content::link(link))
                    .with(Content::embedded(Contents::blob([255]).at("x:y"))),
            )
        }))
        .tool(Tool::new("picture", "Gives no text", |_: Value, _: Context| async { Ok::<_, ToolError>(Content::image(b"P", "image/png")) }))
        .tool(Tool::new("logs", "Logs at every level", |_: Value, context: Context| async move {
            Level::ALL.into_iter().for_each(|level| context.log(level, level.name()));
            context.log_as("part", Level::Emergency, json!({ "n": 1 }));
            Ok::<_, ToolError>("logged")
        }))
        .resource(guide, |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("# Guide") })
        .resource(Resource::new("docs://empty", "empty"), |_: ReadRequest, _: Context| async { Ok::<_, RpcError>(Vec::new()) })
        .resource_template(template, |asked: ReadRequest, _: Context| async move {
            match asked.variable("path") {
                "none" => Err(RpcError::resource_not_found(&asked.uri)),
                "both" => Ok(vec![Contents::text("text"), Contents::blob([0, 255]).at("docs://x/blob").mime_type("image/png")]),
                path => Ok(vec![Contents::text(format!("{} {path}", asked.variable("source")))]),
            }
        })
        .prompt(review.argument(Argument::required("code", "What")).argument(Argument::optional("tone", "How").title("Tone")))
        .completion(Reference::prompt("review"), "tone", |typed: Typed, _: Context| async move {
            Ok::<_, RpcError>((0..300).map(|n| format!("{}{n}", typed.value)).collect::<Suggestions>())
        })
        .completion(Reference::template("docs://{source}/{+path}"), "path", |typed: Typed, _: Context| async move {
            Ok::<_, RpcError>(vec![format!("{}/{}", typed.others.get("source").cloned().unwrap_or_default(), typed.value)])
        })
        .logging()
}

use crate::mcp::completion::Reference;

/// At that revision, with parameters as it wants them.
struct Any {
    client: Client,
    is_modern: bool,
}

impl Any {
    fn of(server: &Server, revision: &str) -> Any {
        let mut client = Client::at(server);
        if revision != MODERN {
            client.ask("initialize", json!({ "protocolVersion": revision, "capabilities": {} }));
        }
        Any { client, is_modern: revision == MODERN }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.client.ask(method, if self.is_modern { modern(params) } else { params })
    }
}

const ALL: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN];

fn everywhere(server: &Server) -> impl Iterator<Item = (&'static str, Any)> {
    ALL.into_iter().map(move |revision| (revision, Any::of(server, revision)))
}

#[test]
fn capabilities_name_what_is_there() {
    let server = builder().build().unwrap();
    for revision in ALL {
        let mut client = Client::at(&server);
        let result = if revision == MODERN {
            client.ask("server/discover", modern(json!({})))
        } else {
            client.ask("initialize", json!({ "protocolVersion": revision }))
        };
        let mut expected = json!({ "tools": {}, "resources": {}, "prompts": {}, "logging": {}, "completions": {} });
        if revision == "2024-11-05" {
            expected.as_object_mut().unwrap().remove("completions");
        }
        assert_eq!(result["result"]["capabilities"], expected, "{revision}");
    }
}

#[test]
fn resources_are_listed_with_what_the_revision_knows() {
    for (revision, mut client) in everywhere(&builder().build().unwrap()) {
        let result = &client.ask("resources/list", json!({}))["result"];
        let guide = result["resources"][0].as_object().unwrap();
        assert_eq!((&guide["uri"], &guide["size"], &guide["mimeType"]), (&json!("docs://guide"), &json!(7), &json!("text/markdown")));
        assert_eq!(guide.contains_key("title"), revision >= "2025-06-18");
        assert_eq!(guide.contains_key("icons"), revision >= "2025-11-25");
        assert_eq!(guide["annotations"].get("lastModified").is_some(), revision >= "2025-06-18");
        assert_eq!((result.get("ttlMs").is_some(), result.get("nextCursor")), (revision == MODERN, None));
        let templates = &client.ask("resources/templates/list", json!({}))["result"]["resourceTemplates"];
        assert_eq!(templates[0]["uriTemplate"], "docs://{source}/{+path}");
    }
}

#[test]
fn resources_are_read_by_name_and_by_pattern() {
    for (revision, mut client) in everywhere(&builder().build().unwrap()) {
        let mut read = |uri: &str| client.ask("resources/read", json!({ "uri": uri }));
        let guide = json!([{ "uri": "docs://guide", "mimeType": "text/markdown", "text": "# Guide" }]);
        assert_eq!(read("docs://guide")["result"]["contents"], guide);
        let page = json!([{ "uri": "docs://a/b%20c/d", "mimeType": "text/markdown", "text": "a b c/d" }]);
        assert_eq!(read("docs://a/b%20c/d")["result"]["contents"], page);
        let both = read("docs://a/both")["result"].clone();
        assert_eq!(both["contents"][1], json!({ "uri": "docs://x/blob", "mimeType": "image/png", "blob": "AP8=" }));
        assert_eq!(both.get("cacheScope"), (revision == MODERN).then_some(&json!("private")));
        // Whether nothing matches, the reader knows none, or it gives nothing.
        for uri in ["other:x", "docs://a/none", "docs://empty"] {
            let answer = read(uri);
            assert_eq!(code(&answer), if revision == MODERN { -32602 } else { -32002 }, "{revision} {uri}");
            assert_eq!(answer["error"]["data"], json!({ "uri": uri }));
        }
        assert_eq!(code(&client.ask("resources/read", json!({}))), -32602);
    }
}

#[test]
fn prompts_are_listed_and_filled() {
    for (revision, mut client) in everywhere(&builder().build().unwrap()) {
        let list = client.ask("prompts/list", json!({}))["result"]["prompts"].clone();
        assert_eq!(list[0]["arguments"][0], json!({ "name": "code", "description": "What", "required": true }));
        assert_eq!(list[0]["arguments"][1].get("title").is_some(), revision >= "2025-06-18");
        let params = json!({ "name": "review", "arguments": { "code": "x", "tone": null } });
        let result = client.ask("prompts/get", params)["result"].clone();
        assert_eq!(result["description"], "A review");
        assert_eq!(result["messages"][0], json!({ "role": "user", "content": { "type": "text", "text": "Review x kindly" } }));
        assert_eq!(result["messages"][1]["content"]["resource"]["uri"], "file:///main.rs");
        assert_eq!(result["messages"][2]["content"]["type"], if revision == "2024-11-05" { "text" } else { "audio" });
        assert_eq!(result["messages"][3]["role"], "assistant");
        for params in [
            json!({}),
            json!({ "name": "none" }),
            json!({ "name": "review" }),
            json!({ "name": "review", "arguments": { "code": 5 } }),
            json!({ "name": "review", "arguments": [] }),
        ] {
            assert_eq!(code(&client.ask("prompts/get", params)), -32602);
        }
    }
}

#[test]
fn completions_are_at_most_a_hundred_and_know_the_other_arguments() {
    for (_, mut client) in everywhere(&builder().build().unwrap()) {
        let mut complete = |reference: Value, argument: Value| {
            let params = json!({ "ref": reference, "argument": argument, "context": { "arguments": { "source": "s" } } });
            client.ask("completion/complete", params)
        };
        let prompt = json!({ "type": "ref/prompt", "name": "review" });
        let template = json!({ "type": "ref/resource", "uri": "docs://{source}/{+path}" });
        let many = complete(prompt.clone(), json!({ "name": "tone", "value": "t" }))["result"]["completion"].clone();
        assert_eq!((many["values"].as_array().unwrap().len(), &many["total"], &many["hasMore"]), (100, &json!(300), &json!(true)));
        let one = complete(template.clone(), json!({ "name": "path", "value": "p" }))["result"]["completion"].clone();
        assert_eq!(one, json!({ "values": ["s/p"], "total": 1, "hasMore": false }));
        // It exists, and nothing is known about it.
        assert_eq!(complete(prompt.clone(), json!({ "name": "code", "value": "" }))["result"]["completion"]["values"], json!([]));
        for (reference, argument) in [
            (prompt.clone(), json!({ "name": "none", "value": "" })),
            (template, json!({ "name": "none", "value": "" })),
            (json!({ "type": "ref/prompt", "name": "none" }), json!({ "name": "tone", "value": "" })),
            (json!({ "type": "ref/resource", "uri": "x:{y}" }), json!({ "name": "y", "value": "" })),
            (json!({ "type": "ref/other" }), json!({ "name": "tone", "value": "" })),
            (prompt.clone(), json!({ "name": "tone" })),
            (prompt, json!("tone")),
        ] {
            assert_eq!(code(&complete(reference, argument)), -32602);
        }
    }
}

#[test]
fn content_is_what_the_revision_knows() {
    for (revision, mut client) in everywhere(&builder().build().unwrap()) {
        let result = client.ask("tools/call", json!({ "name": "all" }))["result"].clone();
        let kinds: Vec<&str> = result["content"].as_array().unwrap().iter().map(|piece| piece["type"].as_str().unwrap()).collect();
        let audio = if revision == "2024-11-05" { "text" } else { "audio" };
        let link = if revision < "2025-06-18" { "text" } else { "resource_link" };
        assert_eq!(kinds, ["text", "text", "image", audio, link, "resource"], "{revision}");
        assert_eq!(result["content"][1]["annotations"], json!({ "audience": ["assistant"], "priority": 1.0 }));
        assert_eq!(result["content"][2]["data"], "UE5H");
        let picture = client.ask("tools/call", json!({ "name": "picture" }))["result"]["content"].clone();
        assert_eq!(picture, json!([{ "type": "image", "data": "UA==", "mimeType": "image/png" }]));
    }
}

#[test]
fn log_messages_reach_those_who_want_them() {
    let server = builder().build().unwrap();
    let mut client = Client::at(&server);
    client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    let logged = |client: &mut Client, params: Value| {
        assert!(client.line(&request(1, "tools/call", params)).is_empty());
        let sent = client.finish();
        assert_eq!(sent.last().unwrap()["id"], 1, "the answer comes last");
        sent.iter()
            .filter(|message| message["method"] == "notifications/message")
            .map(|message| message["params"].clone())
            .collect::<Vec<_>>()
    };
    let call = json!({ "name": "logs" });
    let last = json!({ "level": "emergency", "logger": "part", "data": { "n": 1 } });
    let logs = logged(&mut client, call.clone());
    assert_eq!((logs.len(), &logs[0], &logs[7]), (8, &json!({ "level": "info", "data": "info" }), &last));
    assert_eq!(client.ask("logging/setLevel", json!({ "level": "error" }))["result"], json!({}));
    assert_eq!(logged(&mut client, call.clone()).len(), 5);
    assert_eq!(code(&client.ask("logging/setLevel", json!({ "level": "loud" }))), -32602);

    // Stateless clients say it in each request.
    assert_eq!(logged(&mut client, modern(call.clone())).len(), 0);
    let mut params = modern(call.clone());
    params["_meta"][LOG_LEVEL] = json!("alert");
    assert_eq!(logged(&mut client, params).len(), 3);

    // A server that declared nothing sends nothing.
    let silent = Tool::new("logs", "", |_: Value, context: Context| async move {
        context.log(Level::Emergency, "unheard");
        Ok::<_, ToolError>(context.wants_log(Level::Emergency).to_string())
    });
    let mut client = Client::at(&Server::builder("test", "1").tool(silent).build().unwrap());
    client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    assert_eq!(client.ask("tools/call", call)["result"]["content"][0]["text"], "false");
    assert_eq!(code(&client.ask("logging/setLevel", json!({ "level": "error" }))), -32601);
}

#[test]
fn log_messages_go_out_while_work_goes_on_and_do_not_pile_up() {
    let mut client = Client::at(&builder().build().unwrap());
    client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    client.line(&request(1, "tools/call", json!({ "name": "logs" })));
    let context = client.held[0].context.clone();
    (0..1500).for_each(|n| context.log(Level::Info, n));
    let (steps, _) = client.session.report(client.now);
    let sent = client.carry_out(steps);
    assert_eq!((sent.len(), &sent[0]["params"]["data"]), (1000, &json!(500)));
    client.held.clear();
    client.line(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    context.log(Level::Info, "nobody is there");
    assert!(client.session.report(client.now).0.is_empty());
}

#[test]
fn long_lists_come_in_pages() {
    for (_, mut client) in everywhere(&long_lists()) {
        for (method, list, count) in [
            ("tools/list", "tools", 7),
            ("prompts/list", "prompts", 7),
            ("resources/templates/list", "resourceTemplates", 7),
            ("resources/list", "resources", 13),
        ] {
            let (mut cursor, mut names, mut pages) = (Value::Null, Vec::new(), 0);
            loop {
                let result = client.ask(method, json!({ "cursor": cursor }))["result"].clone();
                names.extend(result[list].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()));
                pages += 1;
                cursor = result["nextCursor"].clone();
                if cursor.is_null() {
                    break;
                }
            }
            assert_eq!(names, (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>(), "{method}");
            assert_eq!(pages, if method == "resources/list" { 5 } else { 3 }, "{method}");
        }
    }
}

#[test]
fn a_cursor_of_another_list_or_server_or_nobody_is_refused() {
    let (server, other) = (long_lists(), long_lists());
    let mut client = Any::of(&server, "2025-11-25");
    let tools = client.ask("tools/list", json!({}))["result"]["nextCursor"].clone();
    let foreign = Any::of(&other, "2025-11-25").ask("prompts/list", json!({}))["result"]["nextCursor"].clone();
    for method in ["prompts/list", "resources/list", "resources/templates/list"] {
        for cursor in [tools.clone(), foreign.clone(), json!(""), json!("bogus"), json!("3"), json!(3), json!({})] {
            assert_eq!(code(&client.ask(method, json!({ "cursor": cursor }))), -32602, "{method} {cursor}");
        }
    }
    assert!(client.ask("tools/list", json!({ "cursor": tools })).get("result").is_some());
}

/// Seven of each in pages of three; of the resources six more, in pages of two, from a lister.
fn long_lists() -> Server {
    let mut builder = Server::builder("test", "1").config(Config { page_size: 3, ..Config::default() });
    for n in 0..7 {
        builder = builder
            .tool(Tool::new(format!("n{n}"), "", |_: Value, _: Context| async { Ok::<_, ToolError>("") }))
            .prompt(Prompt::new(format!("n{n}"), "", |_: BTreeMap<String, String>, _: Context| async { Ok::<_, RpcError>("") }))
            .resource(Resource::new(format!("x:{n}"), format!("n{n}")), |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("") })
            .resource_template(ResourceTemplate::new(format!("t{n}:{{v}}"), format!("n{n}")), |_: ReadRequest, _: Context| async {
                Ok::<_, RpcError>("")
            });
    }
    let list = |after: Option<String>, _: Context| async move {
        let start = after.map_or(7, |after| after.parse().unwrap());
        let resources = (start..start + 2).map(|n| Resource::new(format!("y:{n}"), format!("n{n}"))).collect();
        Ok(Page { resources, next: (start < 11).then(|| (start + 2).to_string()) })
    };
    builder.resource_list(list).build().unwrap()
}

#[test]
fn a_tool_is_offered_only_while_its_condition_holds() {
    let is_open = Arc::new(AtomicBool::new(true));
    let condition = is_open.clone();
    let tool = Tool::new("door", "", |_: Value, _: Context| async { Ok::<_, ToolError>("open") })
        .offered_while(move || condition.load(Ordering::Relaxed));
    let mut client = Client::at(&Server::builder("test", "1").tool(tool).build().unwrap());
    assert_eq!(client.ask("tools/list", modern(json!({})))["result"]["tools"].as_array().unwrap().len(), 1);
    is_open.store(false, Ordering::Relaxed);
    assert_eq!(client.ask("tools/list", modern(json!({})))["result"]["tools"], json!([]));
    assert_eq!(code(&client.ask("tools/call", modern(json!({ "name": "door" })))), -32602);
}

#[test]
fn an_answer_too_long_is_an_error_where_no_model_reads_it() {
    let server = builder()
        .resource(Resource::new("big:1", "big"), |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("x".repeat(5000)) })
        .config(Config { max_answer: 1000, ..Config::default() })
        .build()
        .unwrap();
    for (_, mut client) in everywhere(&server) {
        let answer = client.ask("resources/read", json!({ "uri": "big:1" }));
        assert_eq!(code(&answer), -32603);
        assert!(answer["error"]["message"].as_str().unwrap().contains("more than the 1000"), "{answer}");
    }
}

#[test]
fn what_cannot_be_offered_is_refused_when_the_server_is_built() {
    let refused = |builder: Builder| builder.build().map(|_| ()).unwrap_err().to_string();
    let read = |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("") };
    let prompt = |name: &str| Prompt::new(name, "", |_: BTreeMap<String, String>, _: Context| async { Ok::<_, RpcError>("") });
    let suggest = |_: Typed, _: Context| async { Ok::<_, RpcError>(Vec::new()) };
    assert!(refused(builder().resource(Resource::new("docs://guide", "again"), read)).contains("docs://guide"));
    assert!(refused(builder().resource(Resource::new("guide", "no scheme"), read)).contains("`guide`"));
    assert!(refused(builder().resource_template(ResourceTemplate::new("docs://{?q}", "q"), read)).contains("docs://{?q}"));
    assert!(refused(builder().prompt(prompt("review"))).contains("`review`"));
    assert!(refused(builder().prompt(prompt(""))).contains("``"));
    assert!(refused(builder().completion(Reference::prompt("review"), "none", suggest)).contains("`none`"));
    assert!(refused(builder().completion(Reference::template("x:{y}"), "y", suggest)).contains("`y`"));
}
