//! A client of the tools of `smolcrawl serve`, on the simulated network.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};

use futures_lite::io::{BufReader, ReadHalf, WriteHalf, split};
use futures_lite::{AsyncBufReadExt, AsyncWriteExt};
use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::http::PrivateAddresses;
use smolcrawl::reactor::{Handle, Socket};

use crate::served::{Served, serve_below};
use crate::site::Site;

pub struct Client {
    /// The addresses of folders that it names as its roots.
    roots: Vec<String>,
    pub handle: Handle,
    pub site: Site,
    pub engine: Engine,
    to: WriteHalf<Socket>,
    from: BufReader<ReadHalf<Socket>>,
}

impl Client {
    pub fn at(database: &Path) -> Self {
        Self::with_roots(database, &[])
    }

    /// A client that names these folders when it is asked for its roots.
    pub fn with_roots(database: &Path, roots: &[&str]) -> Self {
        Self::allowed(database, roots, Vec::new())
    }

    /// The same where its user allows everybody what lies below some folders.
    pub fn allowed(database: &Path, roots: &[&str], allowed: Vec<PathBuf>) -> Self {
        let Served { handle, site, engine, socket, .. } = serve_below(database, PrivateAddresses::Allow, allowed);
        let (from, to) = split(socket);
        let roots: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
        let capabilities = if roots.is_empty() { json!({}) } else { json!({ "roots": {} }) };
        let mut client = Self { roots, handle, site, engine, to, from: BufReader::new(from) };
        let who =
            json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": { "name": "test", "version": "1" } });
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
            if message["method"] == "roots/list" {
                let roots: Vec<_> = self.roots.iter().map(|uri| json!({ "uri": uri })).collect();
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "roots": roots } });
                self.handle.block_on(self.to.write_all(format!("{answer}\n").as_bytes())).unwrap();
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
