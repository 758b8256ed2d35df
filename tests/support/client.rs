//! A client of the tools of `smolcrawl serve`, on the simulated network.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::Path;

use futures_lite::io::{BufReader, ReadHalf, WriteHalf, split};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::reactor::{Handle, Socket};

use crate::served::{Served, serve};
use crate::site::Site;

pub struct Client {
    pub handle: Handle,
    pub site: Site,
    pub engine: Engine,
    to: WriteHalf<Socket>,
    from: BufReader<ReadHalf<Socket>>,
}

impl Client {
    pub fn at(database: &Path) -> Self {
        let Served { handle, site, engine, socket, .. } = serve(database, PrivateAddresses::Allow);
        let (from, to) = split(socket);
        let mut client = Self { handle, site, engine, to, from: BufReader::new(from) };
        let who = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
        client.ask("initialize", who);
        client
    }

    pub fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": "x", "method": method, "params": parameters });
        self.handle.block_on(self.to.write_all(format!("{message}\n").as_bytes())).unwrap();
        loop {
            let mut line = String::new();
            self.handle.block_on(self.from.read_line(&mut line)).unwrap();
            let mut message: Value = serde_json::from_str(&line).unwrap();
            if message["method"].is_null() {
                return message["result"].take();
            }
        }
    }

    /// The structured answer of a call that succeeds.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert!(result["isError"].is_null(), "{result}");
        result["structuredContent"].clone()
    }

    /// What a call that fails says.
    pub fn error(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        assert_eq!(result["isError"], json!(true), "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }
}
