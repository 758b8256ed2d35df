//! Whatever comes in whatever order: never a panic, never a wrong or a missing answer.

use proptest::prelude::*;

use super::*;
use crate::mcp::context::Context;
use crate::mcp::elicitation::Elicitation;
use crate::mcp::level::Level;
use crate::mcp::lines::LineCutter;
use crate::mcp::notifier::Notifier;
use crate::mcp::prompt::Prompt;
use crate::mcp::resource::{ReadRequest, Resource, ResourceTemplate};
use crate::mcp::work::Running;

#[derive(Clone, Debug)]
enum Act {
    Call(u8),
    Cancel(u8),
    Ping,
    /// The call at this position among those that run ends.
    End(prop::sample::Index),
    Noise(Vec<u8>),
}

/// A request that is well formed but for a place where it was cut, and some bytes that were changed.
fn broken_lines() -> impl Strategy<Value = Vec<u8>> {
    let id = prop_oneof![
        Just(json!(1)),
        Just(json!("a")),
        Just(json!(null)),
        Just(json!(1.5)),
        Just(json!([])),
        any::<i64>().prop_map(Value::from)
    ];
    let method = prop_oneof![
        Just("initialize"),
        Just("ping"),
        Just("tools/call"),
        Just("tools/list"),
        Just("prompts/get"),
        Just("resources/read"),
        Just("completion/complete"),
        Just("notifications/cancelled"),
        Just("logging/setLevel"),
        Just("server/discover"),
        Just("x"),
    ];
    let name = prop_oneof![Just(json!("echo")), Just(json!("fails")), Just(json!("none")), Just(json!({}))];
    let text = prop_oneof![Just(json!("x")), Just(json!(7)), Just(json!(null)), Just(json!("\u{202e}\u{1b}[31m".repeat(200)))];
    let line = (id, method, name, text).prop_map(|(id, method, name, text)| {
        let params = json!({ "name": name, "arguments": { "text": text }, "protocolVersion": "2025-11-25", "requestId": id });
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string().into_bytes()
    });
    let change = (any::<prop::sample::Index>(), any::<u8>());
    (line, any::<prop::sample::Index>(), prop::bool::weighted(0.3), prop::collection::vec(change, 0..3)).prop_map(
        |(mut line, cut, is_cut, changes)| {
            for (at, byte) in changes {
                let at = at.index(line.len());
                line[at] = byte;
            }
            line.truncate(if is_cut { cut.index(line.len() + 1) } else { line.len() });
            // A line end would make it two.
            line.retain(|byte| *byte != b'\n');
            line
        },
    )
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0..12_u8).prop_map(Act::Call),
        2 => (0..12_u8).prop_map(Act::Cancel),
        1 => Just(Act::Ping),
        4 => any::<prop::sample::Index>().prop_map(Act::End),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Act::Noise),
    ];
    prop::collection::vec(act, 0..80)
}

proptest! {
    /// Whatever a line holds: it is answered at once, later or never, but not twice, and no error repeats much of it.
    #[test]
    fn a_line_has_one_answer_at_most(lines in prop::collection::vec(prop_oneof![broken_lines(), prop::collection::vec(any::<u8>(), 0..60)], 1..12)) {
        for mut client in [Client::new(), Client::legacy("2025-03-26"), Client::legacy("2025-11-25")] {
            for line in &lines {
                let steps = client.session.receive(&Input::Line(line.clone()), client.now);
                let mut answers = 0;
                for step in steps {
                    match step {
                        Step::Send(sent) => {
                            let sent: Value = serde_json::from_str(&sent).unwrap();
                            prop_assert!(sent["error"]["message"].as_str().is_none_or(|message| message.chars().count() < 1_000), "{}", sent);
                            answers += 1;
                        }
                        Step::Start(work) => {
                            let ticket = work.ticket;
                            let outcome = Outcome::Ended(block_on(work.start()));
                            let answered = client.session.finish(ticket, outcome, client.now);
                            prop_assert!(answered.len() <= 1);
                            answers += answered.len();
                        }
                        Step::Drop(_) => {}
                    }
                }
                prop_assert!(answers <= 1, "{:?}", String::from_utf8_lossy(line));
            }
        }
    }

    /// Whatever the order of calls, cancellations and ends: each call is answered once, and a cancelled one never.
    #[test]
    fn every_call_is_answered_once_unless_cancelled(acts in acts()) {
        let mut client = Client::of(Config { max_running: 3, max_waiting: 4, ..Config::default() });
        client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
        let mut open: Vec<u8> = Vec::new();
        for act in acts {
            match act {
                Act::Call(id) => {
                    let sent = client.line(&request(id, "tools/call", json!({ "name": "fails" })));
                    let is_refused = open.contains(&id) || open.len() == 7;
                    prop_assert_eq!(sent.len(), usize::from(is_refused));
                    if !is_refused {
                        open.push(id);
                    }
                }
                Act::Cancel(id) => {
                    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
                    prop_assert!(client.line(&cancel.to_string()).is_empty());
                    open.retain(|other| *other != id);
                    let dropped = std::mem::take(&mut client.dropped);
                    client.held.retain(|work| !dropped.contains(&work.ticket));
                }
                Act::Ping => prop_assert_eq!(client.ask_inline(), json!({ "jsonrpc": "2.0", "id": "p", "result": {} })),
                Act::End(index) if !client.held.is_empty() => {
                    let position = index.index(client.held.len());
                    client.held.swap(0, position);
                    let sent = client.finish();
                    prop_assert_eq!(sent.len(), 1);
                    let id = u8::try_from(sent[0]["id"].as_u64().unwrap()).unwrap();
                    prop_assert!(open.contains(&id));
                    open.retain(|other| *other != id);
                }
                Act::End(_) => prop_assert!(open.is_empty(), "calls wait although none runs"),
                Act::Noise(bytes) => {
                    let steps = client.session.receive(&Input::Line(bytes), client.now);
                    client.carry_out(steps);
                }
            }
            prop_assert_eq!(client.held.len(), open.len().min(3));
            prop_assert_eq!(client.session.is_idle(), open.is_empty());
        }
    }
}

/// What a client may send, and what may happen meanwhile, on a server with everything.
#[derive(Clone, Debug)]
enum Event {
    /// A request with this id, by a handshake or not.
    Request {
        id: u8,
        kind: usize,
        is_modern: bool,
    },
    /// An answer to the question of ours at this position, or to none.
    Answer {
        question: prop::sample::Index,
        shape: usize,
    },
    Cancel(u8),
    /// The work at this position goes on.
    GoOn(prop::sample::Index),
    Told(usize),
    Later,
    Line(Vec<u8>),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => (0..12_u8, 0..REQUESTS.len(), any::<bool>()).prop_map(|(id, kind, is_modern)| Event::Request { id, kind, is_modern }),
        4 => (any::<prop::sample::Index>(), 0..ANSWERS.len()).prop_map(|(question, shape)| Event::Answer { question, shape }),
        2 => (0..12_u8).prop_map(Event::Cancel),
        6 => any::<prop::sample::Index>().prop_map(Event::GoOn),
        1 => (0..4_usize).prop_map(Event::Told),
        1 => Just(Event::Later),
        1 => noise().prop_map(Event::Line),
    ];
    prop::collection::vec(event, 0..60)
}

/// Bytes that are no message, nearly one, or one of another protocol.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(prop_oneof![Just(b'{'), Just(b'['), Just(b'"'), Just(b':'), Just(b','), Just(b'}'), Just(b'1')], 0..60),
        (1..400_usize).prop_map(|depth| "[".repeat(depth).into_bytes()),
        (1..400_usize).prop_map(|depth| format!(
            r#"{{"jsonrpc":"2.0","id":"deep","method":"ping","params":{}{}}}"#,
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        )
        .into_bytes()),
        (0..REQUESTS.len(), any::<prop::sample::Index>()).prop_map(|(kind, at)| {
            let line = request("cut", REQUESTS[kind].0, serde_json::from_str(REQUESTS[kind].1).unwrap()).into_bytes();
            line[..at.index(line.len())].to_vec()
        }),
    ]
}

const REQUESTS: [(&str, &str); 14] = [
    ("ping", "{}"),
    ("tools/list", "{}"),
    ("tools/call", r#"{"name":"asks"}"#),
    ("tools/call", r#"{"name":"logs"}"#),
    ("tools/call", r#"{"name":"none"}"#),
    ("prompts/get", r#"{"name":"asks"}"#),
    ("resources/read", r#"{"uri":"x:1"}"#),
    ("resources/read", r#"{"uri":"t:1"}"#),
    ("resources/list", r#"{"cursor":"x"}"#),
    ("resources/subscribe", r#"{"uri":"x:1"}"#),
    ("resources/unsubscribe", r#"{"uri":"x:1"}"#),
    ("subscriptions/listen", r#"{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["x:1"]}}"#),
    ("logging/setLevel", r#"{"level":"debug"}"#),
    ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"asks"},"argument":{"name":"a","value":""}}"#),
];

const ANSWERS: [&str; 5] = [
    r#""result":{"action":"accept","content":{}}"#,
    r#""result":{"roots":[]}"#,
    r#""result":null"#,
    r#""error":{"code":-1,"message":"no"}"#,
    r#""error":"odd""#,
];

fn everything(notifier: &Notifier) -> Server {
    let asks = Tool::new("asks", "", |_: Value, context: Context| async move {
        context.progress(1.0, None, "");
        let answer = context.elicit("who", Elicitation::form("?")).await;
        context.roots().await?;
        Ok::<_, ToolError>(format!("{:?}", answer?.action))
    });
    let logs = Tool::new("logs", "", |_: Value, context: Context| async move {
        context.log(Level::Debug, "hm");
        futures_lite::future::yield_now().await;
        context.log(Level::Error, "oh");
        Ok::<_, ToolError>("logged")
    });
    let prompt = Prompt::new("asks", "", |_: BTreeMap<String, String>, context: Context| async move {
        context.roots().await.map(|roots| roots.len().to_string()).map_err(Into::into)
    });
    Server::builder("test", "1")
        .tool(asks)
        .tool(logs)
        .prompt(prompt)
        .resource(Resource::new("x:1", "one"), |_: ReadRequest, _: Context| async { Ok::<_, RpcError>("x") })
        .resource_template(ResourceTemplate::new("t:{v}", "any"), |asked: ReadRequest, context: Context| async move {
            context.roots().await?;
            Ok::<_, RpcError>(asked.uri)
        })
        .logging()
        .notifier(notifier.clone())
        .config(Config { max_running: 3, max_waiting: 2, ..Config::default() })
        .build()
        .unwrap()
}

/// Whose turn it is when `Later` comes.
const LATER: Duration = Duration::from_secs(200);

/// A client with work that is under way.
struct Busy {
    client: Client,
    running: Vec<(Ticket, Running)>,
    /// Ids that wait for an answer, and those of streams.
    open: Vec<Value>,
    streams: Vec<Value>,
    /// Ids of our questions.
    questions: Vec<Value>,
}

impl Busy {
    /// Takes note of what was sent: each answer is to an open request, and to each request there is one.
    fn note(&mut self, sent: Vec<Value>) {
        for message in sent {
            match (message.get("method").and_then(Value::as_str), message.get("id")) {
                (Some("notifications/cancelled"), None) => self.questions.retain(|id| *id != message["params"]["requestId"]),
                (Some("notifications/subscriptions/acknowledged"), None) => {
                    let id = message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone();
                    self.open.retain(|open| *open != id);
                    self.streams.push(id);
                }
                (Some(_), None) => {}
                (Some(_), Some(id)) => self.questions.push(id.clone()),
                (None, Some(id)) => {
                    let position = self.open.iter().position(|open| open == id);
                    self.open.swap_remove(position.unwrap_or_else(|| panic!("nobody waits for {message}")));
                }
                (None, None) => panic!("neither an answer nor a notification: {message}"),
            }
        }
        let started = std::mem::take(&mut self.client.held);
        self.running.extend(started.into_iter().map(|work| (work.ticket, work.start())));
        let dropped = std::mem::take(&mut self.client.dropped);
        self.running.retain(|(ticket, _)| !dropped.contains(ticket));
    }

    fn report(&mut self) {
        let (steps, _) = self.client.session.report(self.client.now);
        let sent = self.client.carry_out(steps);
        self.note(sent);
    }

    fn go_on(&mut self, position: usize) {
        let (ticket, mut running) = self.running.swap_remove(position);
        let polled = running.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        match polled {
            std::task::Poll::Pending => self.running.push((ticket, running)),
            std::task::Poll::Ready(ended) => {
                drop(running);
                let steps = self.client.session.finish(ticket, Outcome::Ended(ended), self.client.now);
                let sent = self.client.carry_out(steps);
                self.note(sent);
            }
        }
        self.report();
    }

    /// A line from the client; `is_noise`: it may be answered by an error to nobody.
    fn line(&mut self, line: &[u8], is_noise: bool) {
        let steps = self.client.session.receive(&Input::Line(line.to_vec()), self.client.now);
        let mut sent = Vec::new();
        for step in steps {
            match step {
                Step::Send(line) => sent.push(serde_json::from_str::<Value>(&line).unwrap()),
                Step::Start(work) => self.client.held.push(work),
                Step::Drop(ticket) => self.client.dropped.push(ticket),
            }
        }
        if is_noise {
            sent.retain(|message| message.get("error").is_none());
        } else {
            sent.iter().for_each(|message| self.client.oracle.judge(message));
        }
        self.note(sent);
        self.report();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_request_is_answered_once_unless_cancelled(events in events()) {
        let notifier = Notifier::new();
        let mut client = Client::at(&everything(&notifier));
        client.ask("initialize", json!({ "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {}, "roots": {} } }));
        let mut busy = Busy { client, running: Vec::new(), open: Vec::new(), streams: Vec::new(), questions: Vec::new() };
        for event in events {
            match event {
                Event::Request { id, kind, is_modern } => {
                    let id = json!(id);
                    // An id in use is refused, which is tested elsewhere: here it would only blur whose answer it is.
                    if busy.open.contains(&id) || busy.streams.contains(&id) {
                        continue;
                    }
                    let mut params: Value = serde_json::from_str(REQUESTS[kind].1).unwrap();
                    if is_modern {
                        params = modern(params);
                        params["_meta"][CLIENT_CAPABILITIES] = json!({ "elicitation": {}, "roots": {} });
                    }
                    busy.open.push(id.clone());
                    let line = request(id, REQUESTS[kind].0, params);
                    busy.client.oracle.asked(&line);
                    busy.line(line.as_bytes(), false);
                }
                Event::Answer { question, shape } => {
                    let id = if busy.questions.is_empty() { json!(4242) } else { busy.questions.swap_remove(question.index(busy.questions.len())) };
                    busy.line(format!(r#"{{"jsonrpc":"2.0","id":{id},{}}}"#, ANSWERS[shape]).as_bytes(), false);
                }
                Event::Cancel(id) => {
                    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
                    busy.open.retain(|open| *open != json!(id));
                    busy.streams.retain(|stream| *stream != json!(id));
                    busy.line(cancel.to_string().as_bytes(), false);
                }
                Event::GoOn(index) if !busy.running.is_empty() => busy.go_on(index.index(busy.running.len())),
                Event::GoOn(_) => {}
                Event::Told(what) => {
                    [Notifier::tools_changed, Notifier::prompts_changed, Notifier::resources_changed, |notifier: &Notifier| {
                        notifier.resource_updated("x:1");
                    }][what](&notifier);
                    busy.report();
                }
                Event::Later => {
                    busy.client.now += LATER;
                    busy.report();
                }
                Event::Line(bytes) => busy.line(&bytes, true),
            }
            prop_assert!(busy.running.len() <= 3);
        }
        // The client goes away: what runs ends, and every request that is open is answered.
        for _ in 0..100 {
            busy.client.session.input_has_ended();
            if busy.running.is_empty() {
                break;
            }
            busy.go_on(0);
        }
        prop_assert!(busy.open.is_empty(), "no answer to {:?}", busy.open);
        prop_assert!(busy.client.session.is_idle());
        let steps = busy.client.session.end();
        let last: Vec<Value> = busy.client.carry_out(steps).into_iter().map(|message| message["id"].clone()).collect();
        prop_assert_eq!(last, busy.streams);
    }
}

#[test]
fn long_and_deep_lines_are_served_or_answered() {
    let mut client = Client::at(&everything(&Notifier::new()));
    client.ask("initialize", json!({ "protocolVersion": "2025-11-25" }));
    // Within the limit, and far beyond what anybody means.
    let long = request("long", "ping", json!({ "x": "y".repeat(10 << 20) }));
    assert_eq!(client.line(&long), [json!({ "jsonrpc": "2.0", "id": "long", "result": {} })]);
    for deep in
        [format!(r#"{{"jsonrpc":"2.0","id":"deep","method":"ping","params":{{"a":{}}}}}"#, "[".repeat(10 << 20)), "[".repeat(10 << 20)]
    {
        let steps = client.session.receive(&Input::Line(deep.into_bytes()), client.now);
        for step in steps {
            let Step::Send(line) = step else { panic!("nothing to do") };
            assert!(line.len() < 1000, "{line}");
        }
    }
    let mut cutter = LineCutter::new(1 << 20);
    let mut lines = VecDeque::new();
    long.as_bytes().chunks(4096).for_each(|chunk| cutter.push(chunk, &mut lines));
    cutter.push(b"\n", &mut lines);
    let steps = client.session.receive(&lines[0], client.now);
    let Step::Send(line) = &steps[0] else { panic!("an answer") };
    let answer: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&answer["id"], code(&answer)), (&json!("long"), &json!(-32600)));
}
