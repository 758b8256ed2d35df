//! Runs the real binary as scripts and MCP clients do, beside sites on loopback.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;

use futures_lite::{AsyncRead, AsyncWrite};
use futures_rustls::TlsAcceptor;
use serde_json::{Value, json};
use smolcrawl::reactor::{Choice, Socket, choose};

use crate::site::Site;

/// The binary with nothing of the surrounding environment that could change what it does.
pub fn smolcrawl(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smolcrawl"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("SMOLCRAWL_") || name.starts_with("SSL_CERT_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    for variable in ["HOME", "USERPROFILE", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"] {
        command.env(variable, home);
    }
    // Clients and packages of this machine are nothing to a test.
    for variable in ["CODEX_HOME", "CLAUDE_CONFIG_DIR", "CARGO_HOME", "GOMODCACHE", "GOPATH", "VIRTUAL_ENV"] {
        command.env_remove(variable);
    }
    // Windows names its folders itself, whatever the environment says: no test may find, or fill, the database that somebody has there.
    if cfg!(windows) {
        command.env("SMOLCRAWL_DB", home.join("smolcrawl").join("index.db"));
    }
    command.current_dir(home).stdin(Stdio::null());
    command
}

pub fn run(home: &Path, arguments: &[&str]) -> Output {
    smolcrawl(home).args(arguments).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The last line of stdout as JSON.
pub fn report(output: &Output) -> Value {
    let stdout = text(&output.stdout);
    serde_json::from_str(stdout.lines().last().unwrap_or_else(|| panic!("no output; stderr: {}", text(&output.stderr)))).unwrap()
}

/// Serves `site` on loopback for the rest of the process, and answers its address.
pub fn serve(site: &Site) -> String {
    serve_over(site, async |socket| Some(socket))
}

/// The same over TLS, for the name `localhost`, with a certificate that nobody signed but itself: the port and that certificate, as PEM.
pub fn serve_tls(site: &Site) -> (u16, String) {
    let signing_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    // Of a name of its own: one test may trust what another must not.
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("{:x?}", &signing_key.public_key_raw()[1..9]));
    let certificate = parameters.self_signed(&signing_key).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = serve_over(site, async move |socket| acceptor.accept(socket).await.ok());
    (address.rsplit(':').next().unwrap().parse().unwrap(), certificate.pem())
}

fn serve_over<S>(site: &Site, shake: impl AsyncFn(Socket) -> Option<S> + Send + 'static) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (sender, receiver) = mpsc::channel();
    let site = site.clone();
    thread::spawn(move || {
        let (handle, _) = choose(Choice::default()).unwrap();
        let serving = handle.clone();
        handle.block_on(async move {
            let listener = serving.listen((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
            sender.send(listener.local_addr()).unwrap();
            // Dropped with a byte of the request unread, the socket is reset by the system.
            site.serve_over(serving, listener, shake, drop).await;
        });
    });
    receiver.recv().unwrap().to_string()
}

/// `smolcrawl serve`, spoken to line by line.
pub struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    pub fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = smolcrawl(home);
        command.arg("serve").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdin, stdout }
    }

    pub fn tell(&mut self, message: &Value) {
        writeln!(self.stdin, "{message}").unwrap();
    }

    pub fn ask(&mut self, id: u32, method: &str, parameters: Value) -> Value {
        self.tell(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": parameters }));
        loop {
            let mut line = String::new();
            self.stdout.read_line(&mut line).unwrap();
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["method"] != "notifications/resources/list_changed" {
                assert_eq!(message["id"], json!(id), "{message}");
                return message;
            }
        }
    }

    pub fn call(&mut self, id: u32, tool: &str, arguments: Value) -> Value {
        self.ask(id, "tools/call", json!({ "name": tool, "arguments": arguments }))["result"].clone()
    }

    pub fn initialize(&mut self) {
        let client = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } });
        assert_eq!(self.ask(1, "initialize", client)["result"]["protocolVersion"], json!("2025-11-25"));
        self.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }

    /// The id of the process, to send it a signal.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a process that was asked to end some other way, with its input open.
    pub fn wait(self) -> Output {
        let Self { child, stdin: _stdin, .. } = self;
        child.wait_with_output().unwrap()
    }

    pub fn end(self) -> Output {
        drop(self.stdin);
        self.child.wait_with_output().unwrap()
    }
}
