//! The MCP server on real pipes: who owns standard output, how a process ends, and how a client is asked. Drives the examples
//! `mcp_echo` and `mcp_conformance`, which `cargo test` builds before it runs this.
#![cfg(all(unix, feature = "cli"))]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What clients allow between the end of input and SIGTERM. The server takes 1.2 s at most; the rest is for a busy machine.
const PROMISED_END: Duration = Duration::from_secs(2);

struct Client {
    process: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
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
        let mut client = Client { process, to, from };
        client.send(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": "2025-11-25", "capabilities": { "sampling": {} }, "clientInfo": { "name": "test", "version": "1" } } }));
        assert_eq!(client.receive()["result"]["protocolVersion"], "2025-11-25");
        client
    }

    fn send(&mut self, message: Value) {
        self.to.as_mut().unwrap().write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn call(&mut self, id: u32, tool: &str) {
        let params = json!({ "name": tool, "_meta": { "progressToken": id } });
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }));
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
    profile.join("examples").join(name)
}

/// The exit code; a process that hangs is killed and fails the test.
fn wait(mut process: Child) -> Option<i32> {
    let id = process.id();
    let (sender, receiver) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let _ = sender.send(process.wait());
    });
    let Ok(status) = receiver.recv_timeout(Duration::from_secs(10)) else {
        let _ = Command::new("kill").args(["-s", "KILL", &id.to_string()]).status();
        let _ = waiter.join();
        panic!("the server did not end");
    };
    status.unwrap().code()
}

fn signal(process: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_stray_print_goes_to_standard_error() {
    let mut client = Client::start();
    client.call(1, "prints");
    assert_eq!(client.receive()["result"]["content"][0]["text"], "printed");
    client.to = None;
    assert_eq!(client.end(), (Some(0), String::new(), "stray\n".to_owned()));
}

#[test]
fn the_end_of_input_and_the_signals_end_a_busy_server_in_time_and_quietly() {
    for how in ["end of input", "TERM", "INT"] {
        let mut client = Client::start();
        client.call(1, "slow");
        assert_eq!(client.receive()["method"], "notifications/progress");
        let asked = Instant::now();
        match how {
            "end of input" => client.to = None,
            name => signal(&client.process, name),
        }
        let (code, out, err) = client.end();
        assert!(asked.elapsed() < PROMISED_END, "{how}: {:?}", asked.elapsed());
        assert_eq!((code, err.as_str()), (Some(0), ""), "{how}");
        for line in out.lines() {
            let message: Value = serde_json::from_str(line).unwrap();
            assert_eq!(message["method"], "notifications/progress", "{how}");
        }
    }
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
    let code = wait(client.process);
    assert!(asked.elapsed() < PROMISED_END, "{:?}", asked.elapsed());
    assert_eq!(code, Some(0));
}

#[test]
fn a_client_that_went_away_ends_the_server_without_a_word() {
    let Client { mut process, mut to, from } = Client::start();
    drop(from);
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    to.as_mut().unwrap().write_all(format!("{ping}\n").as_bytes()).unwrap();
    // Its input is still open.
    let mut stderr = process.stderr.take().unwrap();
    assert_eq!(wait(process), Some(0));
    let mut err = String::new();
    stderr.read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}
