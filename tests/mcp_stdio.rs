//! The MCP server on real pipes: who owns standard input and output, how a process ends, and how a client is asked. Drives the examples
//! `mcp_echo` and `mcp_conformance`, which `cargo test` builds before it runs this.
#![cfg(feature = "cli")]

#[path = "support/ask_to_end.rs"]
mod ask_to_end;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use ask_to_end::{ask_to_end, end_at_once, in_a_console, requests};

/// What clients allow between the end of input and SIGTERM. The server takes 1.2 s at most; the rest is for a busy machine.
/// Wine takes its time to end a process.
const PROMISED_END: Duration = if cfg!(windows) { Duration::from_secs(20) } else { Duration::from_secs(2) };

/// Nothing that goes well comes near.
const WATCHDOG: Duration = Duration::from_secs(60);

struct Client {
    process: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    /// Before a hang hides which test it is.
    watchdog: Watchdog,
}

/// Kills a process unless it is dropped before long.
struct Watchdog(mpsc::Sender<()>);

impl Watchdog {
    fn of(process: u32) -> Watchdog {
        let (calls_off, called_off) = mpsc::channel();
        thread::spawn(move || {
            if called_off.recv_timeout(WATCHDOG) == Err(mpsc::RecvTimeoutError::Timeout) {
                // From here on it cannot be called off.
                drop(called_off);
                eprintln!("process {process} did not end");
                end_at_once(process);
            }
        });
        Watchdog(calls_off)
    }

    fn call_off(self) {
        self.0.send(()).expect("it has not killed");
    }
}

impl Client {
    fn start() -> Client {
        Client::of("mcp_echo")
    }

    fn of(name: &str) -> Client {
        let program = example(name);
        let mut process = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; build it: cargo build --example {name}", program.display()));
        let to = process.stdin.take();
        let from = BufReader::new(process.stdout.take().unwrap());
        let watchdog = Watchdog::of(process.id());
        let mut client = Client { process, to, from, watchdog };
        client.send(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": "2025-11-25", "capabilities": { "sampling": {} }, "clientInfo": { "name": "test", "version": "1" } } }));
        assert_eq!(client.receive()["result"]["protocolVersion"], "2025-11-25");
        client
    }

    fn send(&mut self, message: Value) {
        self.to.as_mut().unwrap().write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn call(&mut self, id: u32, tool: &str, arguments: Value) {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": id } });
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }));
    }

    /// Lets the server start a child process, which finds that there is nothing to read; gives its id, and standard error.
    fn start_child(&mut self, role: &str) -> (u32, BufReader<ChildStderr>) {
        self.call(1, "child", json!({ "role": role }));
        let child = self.receive()["result"]["content"][0]["text"].as_str().unwrap().parse().unwrap();
        let mut stderr = BufReader::new(self.process.stderr.take().unwrap());
        assert_eq!(line(&mut stderr), "the child read 0\n");
        (child, stderr)
    }

    /// The next line, which must be JSON.
    fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Waits for the end; gives the exit code, what was still written, and standard error.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.from.read_to_string(&mut out).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.process.wait().unwrap().code(), out, err)
    }
}

fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}

#[test]
fn a_stray_print_goes_to_standard_error() {
    let mut client = Client::start();
    client.call(1, "prints", json!({}));
    assert_eq!(client.receive()["result"]["content"][0]["text"], "printed");
    client.to = None;
    assert_eq!(client.end(), (Some(0), String::new(), "stray: \u{11b}\u{20ac}\u{1f980}\n".to_owned()));
}

#[test]
fn text_is_utf_8_and_lines_end_in_a_line_feed_whatever_comes_in() {
    let mut client = Client::start();
    let text = "p\u{159}\u{ed}li\u{161} \u{20ac} \u{65e5}\u{672c}\u{8a9e} \u{1f980}\r\n";
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "echo", "arguments": { "text": text } } });
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    // Half a surrogate pair is no text.
    let broken = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{"text":"\ud83e"}}}"#;
    let to = client.to.as_mut().unwrap();
    // Once as text, once in escapes.
    for line in [&request.to_string(), &escaped(&request), broken, &ping.to_string()] {
        to.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }
    for _ in 0..2 {
        let mut line = String::new();
        client.from.read_line(&mut line).unwrap();
        assert!(line.ends_with("}\n") && !line.contains('\r'), "{line:?}");
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&answer["id"], &answer["result"]["structuredContent"]["text"]), (&json!(1), &json!(text)));
    }
    let refusal = client.receive();
    assert_eq!((&refusal["id"], &refusal["error"]["code"]), (&json!(3), &json!(-32600)), "{refusal}");
    assert_eq!(client.receive(), json!({ "jsonrpc": "2.0", "id": 2, "result": {} }));
    client.to = None;
    assert_eq!(client.end(), (Some(0), String::new(), String::new()));
}

/// With every character outside ASCII as UTF-16 in escapes.
fn escaped(value: &Value) -> String {
    let mut units = value.to_string().encode_utf16().collect::<Vec<_>>().into_iter();
    units.by_ref().map(|unit| if unit < 128 { (unit as u8 as char).to_string() } else { format!("\\u{unit:04x}") }).collect()
}

#[test]
fn a_child_gets_the_null_device_and_standard_error() {
    let mut client = Client::start();
    // What a child might take from the client.
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    client.call(1, "child", json!({ "role": "reads" }));
    client.send(ping);
    let answers = [client.receive(), client.receive()];
    let answer = |id: u32| answers.iter().find(|answer| answer["id"] == json!(id)).unwrap_or_else(|| panic!("{answers:?}"));
    assert_eq!(answer(2)["result"], json!({}));
    let said = answer(1)["result"]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains(": 0"), "{said}");
    client.to = None;
    assert_eq!(client.end(), (Some(0), String::new(), "the child read 0\n".to_owned()));
}

#[test]
fn a_child_that_outlives_the_server_does_not_hold_the_protocol() {
    let mut client = Client::start();
    let (child, mut stderr) = client.start_child("leaves");
    client.to = None;
    // Standard output ends while the child is there.
    let watchdog = Watchdog::of(child);
    assert_eq!(line(&mut client.from), "");
    watchdog.call_off();
    assert_eq!(client.process.wait().unwrap().code(), Some(0));
    end_at_once(child);
    assert_eq!(line(&mut stderr), "");
}

/// Elsewhere it may live on.
#[cfg(windows)]
#[test]
fn a_child_ends_with_a_server_that_is_killed() {
    let mut client = Client::start();
    let (child, mut stderr) = client.start_child("stays");
    client.process.kill().unwrap();
    // The child has standard error, so this is the end of both.
    let watchdog = Watchdog::of(child);
    assert_eq!(line(&mut stderr), "");
    watchdog.call_off();
    client.process.wait().unwrap();
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line
}

#[test]
fn the_end_of_input_and_the_signals_end_a_busy_server_in_time_and_quietly() {
    in_a_console("the_end_of_input_and_the_signals_end_a_busy_server_in_time_and_quietly", || {
        for request in [None].into_iter().chain(requests().iter().map(Some)) {
            let mut client = Client::start();
            client.call(1, "slow", json!({}));
            assert_eq!(client.receive()["method"], "notifications/progress");
            match request {
                None => client.to = None,
                Some(request) => ask_to_end(request, client.process.id()),
            }
            let asked = Instant::now();
            let (code, out, err) = client.end();
            assert!(asked.elapsed() < PROMISED_END, "{request:?}: {:?}", asked.elapsed());
            assert_eq!((code, err.as_str()), (Some(0), ""), "{request:?}");
            for line in out.lines() {
                let message: Value = serde_json::from_str(line).unwrap();
                assert_eq!(message["method"], "notifications/progress", "{request:?}");
            }
        }
    });
}

#[test]
fn a_client_is_asked_on_the_wire_or_by_rounds() {
    let mut client = Client::of("mcp_conformance");
    let params = json!({ "name": "test_sampling", "arguments": { "prompt": "Hello" } });
    client.send(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }));
    let question = client.receive();
    assert_eq!(question["method"], "sampling/createMessage");
    let said = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "Hi" } });
    client.send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": said }));
    assert_eq!(client.receive()["result"]["content"][0]["text"], "LLM response: Hi");

    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
    });
    let mut params = json!({ "name": "test_input_required_result_elicitation", "_meta": meta });
    client.send(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params }));
    let asked = client.receive()["result"].clone();
    assert_eq!(asked["resultType"], "input_required");
    params["requestState"] = asked["requestState"].clone();
    params["inputResponses"] = json!({ "user_name": { "action": "accept", "content": { "name": "Ada" } } });
    client.send(json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params }));
    assert_eq!(client.receive()["result"]["content"][0]["text"], "Hello, Ada!");
    client.to = None;
    assert_eq!(client.end(), (Some(0), String::new(), String::new()));
}

#[test]
fn a_question_nobody_answers_does_not_hold_the_end() {
    let mut client = Client::of("mcp_conformance");
    let params = json!({ "name": "test_sampling", "arguments": { "prompt": "Hello" } });
    client.send(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }));
    assert_eq!(client.receive()["method"], "sampling/createMessage");
    let asked = Instant::now();
    client.to = None;
    let (code, out, err) = client.end();
    assert!(asked.elapsed() < PROMISED_END, "{:?}", asked.elapsed());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(1), &json!(true)));
}

#[test]
fn a_client_that_reads_nothing_cannot_keep_the_server() {
    let mut client = Client::start();
    // The answers are more than the pipe and the server's buffers hold.
    for id in 0..4000 {
        client.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }));
    }
    let asked = Instant::now();
    client.to = None;
    let code = client.process.wait().unwrap().code();
    assert!(asked.elapsed() < PROMISED_END, "{:?}", asked.elapsed());
    assert_eq!(code, Some(0));
}

#[test]
fn a_client_that_went_away_ends_the_server_without_a_word() {
    let Client { mut process, mut to, from, watchdog: _watchdog } = Client::start();
    drop(from);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    to.as_mut().unwrap().write_all(format!("{ping}\n").as_bytes()).unwrap();
    // Its input is still open.
    let mut stderr = process.stderr.take().unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let mut err = String::new();
    stderr.read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}
