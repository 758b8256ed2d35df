//! Questions to the client from within a request, on the wire and by rounds.

use std::task::{Context as TaskContext, Poll, Waker};

use futures_lite::future::zip;

use super::*;
use crate::mcp::content::Content;
use crate::mcp::context::Context;
use crate::mcp::elicitation::{Action, Elicitation, Field};
use crate::mcp::prompt::Prompt;
use crate::mcp::resource::{ReadRequest, Resource};
use crate::mcp::sampling::Sampling;
use crate::mcp::work::Running;

fn server(config: Config) -> Server {
    let name = || Elicitation::form("Who?").field("name", Field::text()).field("age", Field::integer().optional());
    let user = Tool::new("user", "Asks the user", move |_: Value, context: Context| async move {
        let answer = context.elicit("who", name()).await?;
        Ok::<_, ToolError>(format!("{:?} {}", answer.action, Value::Object(answer.content)))
    });
    let page = Tool::new("page", "Sends the user to a page", |_: Value, context: Context| async move {
        let answer = context.elicit("page", Elicitation::url("Sign in", "https://example.org/in", "sign-in-1")).await?;
        Ok::<_, ToolError>(if answer.action == Action::Accept { "opened" } else { "not opened" })
    });
    let model = Tool::new("model", "Asks the model", |_: Value, context: Context| async move {
        let question = Sampling::new(50).system("Be brief.").user("Hello").assistant("Hi").user(Content::image(b"P", "image/png"));
        let question = question.temperature(0.5).stop_sequences(["\n"]).prefer_model("small").with("metadata", json!({ "a": 1 }));
        let answer = context.sample("said", question).await?;
        Ok::<_, ToolError>(format!("{} {:?} {}", answer.model, answer.stop_reason, answer.text()))
    });
    let roots = Tool::new("roots", "Asks for directories", |_: Value, context: Context| async move {
        let roots = context.roots().await?;
        Ok::<_, ToolError>(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(" "))
    });
    let nested = Tool::new("nested", "Asks what no form can show", |_: Value, context: Context| async move {
        let schema = json!({ "type": "object", "properties": { "a": { "type": "object" } } });
        context.elicit("a", Elicitation::schema("?", schema)).await?;
        Ok::<_, ToolError>("")
    });
    let hasty = Tool::new("hasty", "Asks and does not wait", |_: Value, context: Context| async move {
        let mut question = Box::pin(context.roots());
        futures_lite::future::poll_once(&mut question).await;
        drop(question);
        Ok::<_, ToolError>("gone")
    });
    let both = Tool::new("both", "Asks two things at once, then a third", |_: Value, context: Context| async move {
        context.keep(context.kept().and_then(Value::as_i64).unwrap_or_default() + 1);
        let (user, roots) = zip(context.elicit("first", Elicitation::form("?")), context.roots()).await;
        let third = context.elicit("third", Elicitation::form("!")).await?;
        let rounds = context.kept().cloned().unwrap_or_default();
        Ok::<_, ToolError>(format!("{:?} {} {:?} {rounds}", user?.action, roots?.len(), third.action))
    });
    let prompt = Prompt::new("asks", "", |_: BTreeMap<String, String>, context: Context| async move {
        Ok::<_, RpcError>(format!("{:?}", context.elicit("who", Elicitation::form("?")).await?.action))
    });
    let read = |_: ReadRequest, context: Context| async move { Ok::<_, RpcError>(context.roots().await?.len().to_string()) };
    let tools = [user, page, model, roots, nested, hasty, both];
    let server = tools.into_iter().fold(Server::builder("test", "1"), |server, tool| server.tool(tool));
    server.prompt(prompt).resource(Resource::new("x:1", "asks"), read).config(config).build().unwrap()
}

fn capable() -> Value {
    json!({ "elicitation": { "form": {}, "url": {} }, "sampling": {}, "roots": {} })
}

/// After a handshake, with these capabilities.
fn connected(revision: &str, capabilities: Value, config: Config) -> Client {
    let mut client = Client::at(&server(config));
    client.ask("initialize", json!({ "protocolVersion": revision, "capabilities": capabilities }));
    client
}

/// A call that runs.
struct Call {
    ticket: Ticket,
    running: Running,
}

impl Client {
    fn start(&mut self, id: u32, tool: &str) -> Call {
        assert!(self.line(&request(id, "tools/call", json!({ "name": tool }))).is_empty());
        let work = self.held.remove(0);
        Call { ticket: work.ticket, running: work.start() }
    }

    /// Lets the call go on; gives what is sent because of it.
    fn go_on(&mut self, call: &mut Call) -> Vec<Value> {
        let polled = call.running.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()));
        let (steps, _) = self.session.report(self.now);
        let mut sent = self.carry_out(steps);
        if let Poll::Ready(ended) = polled {
            let steps = self.session.finish(call.ticket, Outcome::Ended(ended), self.now);
            sent.extend(self.carry_out(steps));
        }
        sent
    }

    /// The client's answer to a question of ours.
    fn answer(&mut self, question: &Value, result: Value) {
        assert!(self.line(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": result }).to_string()).is_empty());
    }

    /// What the tool gives when its only question is answered so.
    fn told(&mut self, tool: &str, result: Value) -> (Value, Value) {
        let mut call = self.start(1, tool);
        let question = self.go_on(&mut call).remove(0);
        self.answer(&question, result);
        (question, self.go_on(&mut call).remove(0)["result"].clone())
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn work_waits_for_the_answer_on_the_wire() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    let (question, result) = client.told("user", json!({ "action": "accept", "content": { "name": "Ada", "age": null } }));
    let schema =
        json!({ "type": "object", "properties": { "name": { "type": "string" }, "age": { "type": "integer" } }, "required": ["name"] });
    let params = json!({ "mode": "form", "message": "Who?", "requestedSchema": schema });
    assert_eq!(question, json!({ "jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": params }));
    assert_eq!(text(&result), r#"Accept {"name":"Ada"}"#);
    // What was not accepted was not filled in.
    assert_eq!(text(&client.told("user", json!({ "action": "decline", "content": { "name": "Ada" } })).1), "Decline {}");
    assert_eq!(text(&client.told("user", json!({ "action": "cancel" })).1), "Cancel {}");

    let (question, result) = client.told("page", json!({ "action": "accept" }));
    assert_eq!(question["params"]["elicitationId"], "sign-in-1");
    assert_eq!(text(&result), "opened");

    let said = json!({ "role": "assistant", "model": "m", "stopReason": "endTurn", "content": { "type": "text", "text": "Yes." } });
    let (question, result) = client.told("model", said);
    assert_eq!((&question["method"], &question["params"]["maxTokens"]), (&json!("sampling/createMessage"), &json!(50)));
    assert_eq!(question["params"]["messages"].as_array().unwrap().len(), 3);
    assert_eq!(text(&result), r#"m Some("endTurn") Yes."#);

    let (question, result) = client.told("roots", json!({ "roots": [{ "uri": "file:///a", "name": "A" }, { "uri": "file:///b" }] }));
    assert_eq!((&question["method"], text(&result)), (&json!("roots/list"), "file:///a file:///b"));
}

#[test]
fn older_revisions_are_asked_in_their_own_words_and_only_what_they_know() {
    let mut client = connected("2025-06-18", json!({ "elicitation": {} }), Config::default());
    let (question, _) = client.told("user", json!({ "action": "cancel" }));
    assert_eq!(question["params"].get("mode"), None);
    let result = client.call("page", json!({}))["result"].clone();
    assert_eq!(
        (&result["isError"], text(&result)),
        (&json!(true), "this kind of question to the user does not exist in revision 2025-06-18")
    );
    let result = connected("2025-03-26", capable(), Config::default()).call("user", json!({}))["result"].clone();
    assert_eq!(text(&result), "this kind of question to the user does not exist in revision 2025-03-26");
}

#[test]
fn a_client_is_asked_only_what_it_declared() {
    for (tool, capabilities, required) in [
        ("user", json!({}), json!({ "elicitation": { "form": {} } })),
        ("user", json!({ "elicitation": { "url": {} } }), json!({ "elicitation": { "form": {} } })),
        ("page", json!({ "elicitation": {} }), json!({ "elicitation": { "url": {} } })),
        ("model", json!({ "roots": {} }), json!({ "sampling": {} })),
        ("roots", json!({ "sampling": {} }), json!({ "roots": {} })),
    ] {
        // After a handshake the model is told; without one the protocol says it.
        let mut client = connected("2025-11-25", capabilities.clone(), Config::default());
        let result = client.call(tool, json!({}))["result"].clone();
        assert_eq!(result["isError"], true);
        assert_eq!(text(&result), format!("the client cannot do this: it did not declare the capability {required}"));
        let mut params = modern(json!({ "name": tool }));
        params["_meta"][CLIENT_CAPABILITIES] = capabilities;
        let answer = client.ask("tools/call", params);
        assert_eq!((code(&answer), &answer["error"]["data"]["requiredCapabilities"]), (&json!(-32021), &required), "{tool}");
    }
    // Prompts and resources have no model to tell.
    let mut client = connected("2025-11-25", json!({}), Config::default());
    assert_eq!(code(&client.ask("prompts/get", json!({ "name": "asks" }))), -32600);
    assert_eq!(code(&client.ask("resources/read", modern(json!({ "uri": "x:1" })))), -32021);
}

#[test]
fn answers_that_do_not_fit_and_refusals_are_told() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    for (tool, result, complaint) in [
        ("user", json!({ "action": "maybe" }), "`action` must be accept, decline or cancel"),
        ("user", json!({ "action": "accept" }), "`name` is missing"),
        ("user", json!({ "action": "accept", "content": { "name": 5 } }), "`name` must be string, not 5"),
        ("user", json!({ "action": "accept", "content": [] }), "`content` must be an object"),
        ("user", json!(null), "`action` must be"),
        ("model", json!({ "model": "m" }), "`content` must be an object or an array of objects"),
        ("model", json!({ "content": [] }), "`model` must be a string"),
        ("roots", json!({}), "`roots` must be an array"),
        ("roots", json!({ "roots": [{}] }), "every root must have a `uri`"),
    ] {
        let (_, told) = client.told(tool, result.clone());
        assert!(told["isError"] == true && text(&told).contains(complaint), "{result}: {told}");
    }
    let mut call = client.start(1, "user");
    let question = client.go_on(&mut call).remove(0);
    let refusal = json!({ "jsonrpc": "2.0", "id": question["id"], "error": { "code": -1, "message": "User rejected" } });
    assert!(client.line(&refusal.to_string()).is_empty());
    assert_eq!(text(&client.go_on(&mut call)[0]["result"]), "the client refused (error -1): User rejected");
    let nested = client.call("nested", json!({}))["result"].clone();
    assert_eq!(text(&nested), "the question cannot be asked: the field `a` is neither text, a number, a boolean nor a choice");
}

#[test]
fn a_question_too_long_is_not_asked() {
    let mut client = connected("2025-11-25", capable(), Config { max_answer: 300, ..Config::default() });
    let mut call = client.start(1, "model");
    assert!(client.go_on(&mut call).is_empty());
    let told = client.go_on(&mut call).remove(0)["result"].clone();
    assert!(text(&told).contains("more than the 300 that one message may have"), "{told}");
}

#[test]
fn a_question_has_a_time_limit() {
    let mut client = connected("2025-11-25", capable(), Config { client_time_limit: Duration::from_secs(60), ..Config::default() });
    let mut call = client.start(1, "roots");
    let question = client.go_on(&mut call).remove(0);
    let (steps, next) = client.session.report(client.now);
    assert!(steps.is_empty());
    assert_eq!(next, Some(client.now + Duration::from_secs(60)));
    client.now += Duration::from_secs(60);
    let sent = client.go_on(&mut call);
    assert_eq!((&sent[0]["method"], &sent[0]["params"]["requestId"]), (&json!("notifications/cancelled"), &question["id"]));
    let sent = client.go_on(&mut call);
    assert_eq!(text(&sent[0]["result"]), "the client did not answer within 60 s");
    // The answer comes too late to be heard.
    client.answer(&question, json!({ "roots": [] }));
}

#[test]
fn the_end_of_a_request_takes_its_questions_back() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    let mut call = client.start(1, "user");
    let question = client.go_on(&mut call).remove(0);
    let sent = client.line(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert_eq!((&sent[0]["method"], &sent[0]["params"]["requestId"]), (&json!("notifications/cancelled"), &question["id"]));
    assert_eq!(client.dropped, [call.ticket]);
    client.answer(&question, json!({ "action": "cancel" }));

    // A question that nobody waits for any more was not asked at all, or is taken back.
    let mut call = client.start(2, "hasty");
    let sent = client.go_on(&mut call);
    assert_eq!((sent.len(), text(&sent[0]["result"])), (1, "gone"));
}

#[test]
fn a_question_asked_from_elsewhere_ends_with_its_request() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    client.line(&request(1, "tools/call", json!({ "name": "hasty" })));
    let context = client.held[0].context.clone();
    let mut elsewhere = Box::pin(context.roots());
    let mut cx = TaskContext::from_waker(Waker::noop());
    assert!(elsewhere.as_mut().poll(&mut cx).is_pending());
    let (steps, _) = client.session.report(client.now);
    let question = client.carry_out(steps).remove(0);
    let work = client.held.remove(0);
    let ended = Outcome::Ended(Ended::Complete(json!({ "content": [] })));
    let steps = client.session.finish(work.ticket, ended, client.now);
    let sent = client.carry_out(steps);
    assert_eq!((&sent[0]["method"], &sent[0]["params"]["requestId"]), (&json!("notifications/cancelled"), &question["id"]));
    assert_eq!(sent[1]["id"], 1);
    assert_eq!(elsewhere.as_mut().poll(&mut cx), Poll::Ready(Err(AskError::Ended)));
    // Nor does a later question wait for anybody.
    assert_eq!(block_on(context.roots()), Err(AskError::Ended));
}

#[test]
fn without_input_nobody_waits_for_answers() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    let mut call = client.start(1, "user");
    client.go_on(&mut call);
    client.session.input_has_ended();
    assert_eq!(text(&client.go_on(&mut call)[0]["result"]), "the request has ended, so nobody is there to be asked");
}

#[test]
fn answers_to_nothing_are_ignored() {
    let mut client = connected("2025-11-25", capable(), Config::default());
    let mut call = client.start(1, "roots");
    let question = client.go_on(&mut call).remove(0);
    for id in [json!(null), json!("1"), json!(99), json!(-1), json!(1.5)] {
        let answer = json!({ "jsonrpc": "2.0", "id": id, "result": { "roots": [] } });
        assert!(client.line(&answer.to_string()).is_empty());
        assert!(client.go_on(&mut call).is_empty(), "{id}");
    }
    client.answer(&question, json!({ "roots": [] }));
    client.answer(&question, json!({ "roots": [{ "uri": "file:///late" }] }));
    assert_eq!(text(&client.go_on(&mut call)[0]["result"]), "");
}

/// A stateless request of everyone who can be asked.
fn round(mut params: Value, former: &Value, responses: Value) -> Value {
    params["_meta"] = json!({ PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: capable() });
    if let Some(state) = former.get("requestState") {
        params["requestState"] = state.clone();
    }
    if !responses.is_null() {
        params["inputResponses"] = responses;
    }
    params
}

#[test]
fn without_a_handshake_questions_end_the_round_and_answers_begin_the_next() {
    let mut client = Client::at(&server(Config::default()));
    let call = |client: &mut Client, former: &Value, responses: Value| {
        client.ask("tools/call", round(json!({ "name": "both", "arguments": {} }), former, responses))["result"].clone()
    };
    let first = call(&mut client, &json!({}), Value::Null);
    assert_eq!(first["resultType"], "input_required");
    assert_eq!(first["inputRequests"]["first"]["params"]["mode"], "form");
    assert_eq!(first["inputRequests"]["roots"], json!({ "method": "roots/list", "params": {} }));
    assert!(client.session.is_idle());

    // Half of the answers: the other half is asked for again, and what was answered is not.
    let second = call(&mut client, &first, json!({ "first": { "action": "accept" }, "noise": { "x": 1 } }));
    assert_eq!(second["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["roots"]);
    let third = call(&mut client, &second, json!({ "roots": { "roots": [{ "uri": "file:///a" }] } }));
    assert_eq!(third["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["third"]);
    assert_ne!(third["requestState"], second["requestState"]);
    let last = call(&mut client, &third, json!({ "third": { "action": "decline" } }));
    assert_eq!((&last["resultType"], text(&last)), (&json!("complete"), "Accept 1 Decline 3"));

    // Prompts and resources do so too.
    let asked = client.ask("prompts/get", round(json!({ "name": "asks" }), &json!({}), Value::Null))["result"].clone();
    let answer = round(json!({ "name": "asks" }), &asked, json!({ "who": { "action": "cancel" } }));
    assert_eq!(client.ask("prompts/get", answer)["result"]["messages"][0]["content"]["text"], "Cancel");
    let asked = client.ask("resources/read", round(json!({ "uri": "x:1" }), &json!({}), Value::Null))["result"].clone();
    let answer = round(json!({ "uri": "x:1" }), &asked, json!({ "roots": { "roots": [] } }));
    assert_eq!(client.ask("resources/read", answer)["result"]["contents"][0]["text"], "0");
}

#[test]
fn the_state_of_a_round_is_good_for_that_request_and_for_a_while() {
    let config = Config { round_lifetime: Duration::from_secs(60), ..Config::default() };
    let mut client = Client::at(&server(config.clone()));
    let user = || json!({ "name": "user", "arguments": {} });
    let asked = client.ask("tools/call", round(user(), &json!({}), Value::Null))["result"].clone();
    let answered = json!({ "who": { "action": "cancel" } });
    let tampered = json!({ "requestState": format!("{}-TAMPERED", asked["requestState"].as_str().unwrap()) });
    let stranger = Client::at(&server(config)).ask("tools/call", round(user(), &json!({}), Value::Null))["result"].clone();
    for (params, state) in [
        (user(), &tampered),
        (user(), &stranger),
        (user(), &json!({ "requestState": 5 })),
        (user(), &json!({ "requestState": "" })),
        (json!({ "name": "user", "arguments": { "x": 1 } }), &asked),
        (json!({ "name": "page" }), &asked),
    ] {
        assert_eq!(code(&client.ask("tools/call", round(params, state, answered.clone()))), -32602);
    }
    for responses in [json!([]), json!("x"), json!({ "who": 12345 }), json!({ "who": null })] {
        assert_eq!(code(&client.ask("tools/call", round(user(), &asked, responses))), -32602);
    }
    // An answer that is no answer to this question is the client's mistake as well.
    let answer = client.ask("tools/call", round(user(), &asked, json!({ "who": { "action": "accept", "content": {} } })));
    assert_eq!(code(&answer), -32602);

    client.now += Duration::from_secs(60);
    let answer = client.ask("tools/call", round(user(), &asked, answered.clone()));
    assert_eq!(text(&answer["result"]), "Cancel {}");
    client.now += Duration::from_secs(2);
    assert_eq!(code(&client.ask("tools/call", round(user(), &asked, answered))), -32602);
}
