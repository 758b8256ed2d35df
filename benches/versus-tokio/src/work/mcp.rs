//! An MCP server in a process of its own, spoken with over its stdin and stdout as a client does. What is measured is the server's
//! processor time; this process only asks.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Job;
use crate::contestants::{Contestant, Driver};
use crate::measured::{Measured, peak, resting, worked_by};
use crate::{ours, theirs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// To the first answer.
    Start,
    Ping,
    Call,
    /// Calls, 64 in flight.
    Flight,
    /// Calls with a line of 10 MB.
    Line,
    /// Rest.
    Idle,
}

impl Act {
    /// The program has other tools.
    pub fn needs_no_echo(self) -> bool {
        matches!(self, Self::Start | Self::Ping | Self::Idle)
    }
}

/// In the process that a measuring one has started: the server.
pub fn serve(contestant: Contestant) {
    match contestant.driver() {
        Driver::Handle(handle) => ours::serve(&handle).expect("it serves until its input ends"),
        Driver::Runtime(runtime) => theirs::echo::serve(&runtime).expect("it serves until its input ends"),
    }
}

pub fn measure(act: Act, contestant: Contestant, job: &Job) -> Measured {
    let begun = Instant::now();
    let mut server = Server::start(contestant, job);
    server.shake_hands();
    let started = begun.elapsed();
    let process = server.process.id();
    let measured = match act {
        Act::Start => Measured {
            work: "an answer to initialize".to_owned(),
            operations: 1,
            cpu: worked_by(process).expect("the system tells what a process worked"),
            wall: started.as_nanos() as f64,
            ..Measured::default()
        },
        Act::Ping => server.ask_each(job.size, "ping", &json!({}), "result"),
        Act::Call => server.ask_each(job.size, "tools/call", &call("echo", "hello"), "hello"),
        Act::Line => server.ask_each(job.size, "tools/call", &call("length", &"x".repeat(LINE)), &LINE.to_string()),
        Act::Flight => server.ask_together(job.size),
        Act::Idle => server.rest(),
    };
    let measured = Measured { peak: peak(&process.to_string()), ..measured };
    server.end();
    measured
}

/// Bytes of a long text.
const LINE: usize = 10_000_000;

fn call(tool: &str, text: &str) -> Value {
    json!({ "name": tool, "arguments": { "text": text } })
}

struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: usize,
    line: String,
}

impl Server {
    fn start(contestant: Contestant, job: &Job) -> Self {
        let mut command = match contestant {
            Contestant::Program => {
                let mut command = Command::new(job.programs.smolcrawl.as_ref().expect("it takes part where it is there"));
                let home = std::env::temp_dir();
                command.arg("serve").env_clear().env("HOME", home);
                command
            }
            Contestant::Python => job.programs.python("mcp_echo.py"),
            _ => {
                let mut command = Command::new(std::env::current_exe().expect("this program knows where it is"));
                command.args(["mcp", &contestant.to_string()]);
                command
            }
        };
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server can be started");
        let (input, output) = (process.stdin.take().expect("it is piped"), process.stdout.take().expect("it is piped"));
        Self { process, input, output: BufReader::with_capacity(1 << 16, output), asked: 0, line: String::new() }
    }

    fn shake_hands(&mut self) {
        let client = json!({ "name": "versus-tokio", "version": "1" });
        let asked = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        self.ask("initialize", &asked);
        let answer: Value = serde_json::from_str(self.answer()).expect("an answer is JSON");
        assert!(answer["result"]["serverInfo"].is_object(), "{answer}");
        writeln!(self.input, "{}", json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).expect("the server reads");
    }

    fn ask(&mut self, method: &str, params: &Value) {
        self.asked += 1;
        let line = json!({ "jsonrpc": "2.0", "id": self.asked, "method": method, "params": params }).to_string() + "\n";
        self.input.write_all(line.as_bytes()).expect("the server reads");
    }

    fn answer(&mut self) -> &str {
        self.line.clear();
        assert!(self.output.read_line(&mut self.line).expect("the server writes UTF-8") > 0, "the server has ended");
        assert!(self.line.contains("\"result\"") && !self.line.contains("\"isError\":true"), "{}", &self.line[..self.line.len().min(500)]);
        &self.line
    }

    /// One after the other; each answer has to have `wanted` in it.
    fn ask_each(&mut self, count: usize, method: &str, params: &Value, wanted: &str) -> Measured {
        let warm = if count > 10 { count / 10 } else { 0 };
        for _ in 0..warm {
            self.ask(method, params);
            self.answer();
        }
        let (before, begun) = (self.worked(), Instant::now());
        let (mut latencies, mut said) = (Vec::with_capacity(count), 0_usize);
        for _ in 0..count {
            let asked = Instant::now();
            self.ask(method, params);
            said += usize::from(self.answer().contains(wanted));
            latencies.push(asked.elapsed());
        }
        latencies.sort();
        let latency = latencies[latencies.len() / 2].as_nanos() as f64;
        Measured { latency: Some(latency), ..self.measured(count, before, begun, format!("{said} answers to {method}, 0 errors")) }
    }

    /// So many short lines fit into a pipe: nobody waits for the other.
    fn ask_together(&mut self, count: usize) -> Measured {
        const AT_ONCE: usize = 64;
        let (before, begun) = (self.worked(), Instant::now());
        for _ in 0..count / AT_ONCE {
            for _ in 0..AT_ONCE {
                self.ask("tools/call", &call("echo", "hello"));
            }
            for _ in 0..AT_ONCE {
                assert!(self.answer().contains("hello"));
            }
        }
        let count = count / AT_ONCE * AT_ONCE;
        self.measured(count, before, begun, format!("{count} answers to tools/call, 0 errors"))
    }

    fn rest(&mut self) -> Measured {
        self.ask("tools/list", &json!({}));
        self.answer();
        // Whatever a server does after its first answers is not its rest.
        thread::sleep(Duration::from_millis(300));
        let (before, begun) = (self.worked(), Instant::now());
        thread::sleep(Duration::from_secs(1));
        Measured { resting: resting(self.process.id()), ..self.measured(1, before, begun, "a second of rest".to_owned()) }
    }

    fn worked(&self) -> f64 {
        worked_by(self.process.id()).expect("the system tells what a process worked")
    }

    fn measured(&self, count: usize, before: f64, begun: Instant, work: String) -> Measured {
        let wall = begun.elapsed().as_nanos() as f64;
        Measured { work, operations: count as u64, cpu: self.worked() - before, wall, ..Measured::default() }
    }

    fn end(mut self) {
        drop(self.input);
        let status = self.process.wait().expect("it is a child of ours");
        assert!(status.success(), "the server ended with {status}");
    }
}
