//! A small HTTP/1.1 server for tests: scripted answers over any reactor's listener, and a log of what was asked.
//! Speaks only GET without a body, which is all that a crawler says.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use smolcrawl::reactor::{Handle, Listener, Socket};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delay: Duration,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    KeepAlive,
    /// The whole answer, then RST.
    Reset,
    /// Nothing is answered, the connection is closed.
    Hangup,
}

impl Reply {
    pub fn html(body: impl Into<String>) -> Self {
        Self::new(200, "text/html; charset=utf-8", body.into())
    }

    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO, ending: Ending::KeepAlive }
    }

    pub fn status(status: u16) -> Self {
        Self::new(status, "text/plain", format!("status {status}"))
    }

    pub fn redirect(to: &str) -> Self {
        Self::status(301).header("Location", to)
    }

    pub fn hangup() -> Self {
        Self { ending: Ending::Hangup, ..Self::status(200) }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The connection is reset once the answer is complete.
    pub fn then_reset(self) -> Self {
        Self { ending: Ending::Reset, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

type Script = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// All hosts of a test: answers by host and target, 404 for the rest. Clones are one site.
#[derive(Clone, Default)]
pub struct Site(Arc<Inner>);

#[derive(Default)]
struct Inner {
    scripts: Mutex<HashMap<String, Arc<Script>>>,
    asked: Mutex<Vec<Asked>>,
    at_once: Mutex<(usize, usize)>,
}

impl Site {
    /// Answers `address`, as in `docs.test/path?query`; `docs.test/*` answers what no other script of the host does.
    pub fn on(&self, address: &str, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> &Self {
        self.0.scripts.lock().unwrap().insert(address.to_owned(), Arc::new(Box::new(script)));
        self
    }

    pub fn reply(&self, address: &str, reply: Reply) -> &Self {
        self.on(address, move |_| reply.clone())
    }

    /// A page with a text of its own and links to `links`.
    pub fn page(&self, address: &str, links: &[&str]) -> &Self {
        self.reply(address, Reply::html(page(address, links)))
    }

    /// All requests so far, in order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.0.asked.lock().unwrap().clone()
    }

    /// Hosts and targets of all requests so far, sorted, without robots.txt.
    pub fn targets(&self) -> Vec<String> {
        let mut targets: Vec<_> = self.asked().iter().map(|asked| format!("{}{}", asked.host, asked.target)).collect();
        targets.retain(|target| !target.ends_with("/robots.txt"));
        targets.sort();
        targets
    }

    /// The most requests that were being answered at one time.
    pub fn most_at_once(&self) -> usize {
        self.0.at_once.lock().unwrap().1
    }

    /// Serves until it is dropped. `reset` ends a connection with RST.
    pub async fn serve(self, handle: Handle, listener: Listener, reset: impl Fn(Socket) + Clone) {
        let mut connections = FuturesUnordered::new();
        loop {
            let accepted = futures_lite::future::or(async { Some(listener.accept().await) }, async {
                while connections.next().await.is_some() {}
                futures_lite::future::pending().await
            });
            if let Some(Ok((socket, _))) = accepted.await {
                connections.push(self.clone().connection(handle.clone(), socket, reset.clone()));
            }
        }
    }

    async fn connection(self, handle: Handle, mut socket: Socket, reset: impl Fn(Socket)) {
        let mut received = Vec::new();
        loop {
            while !received.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                let mut buffer = [0; 4096];
                match socket.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => received.extend_from_slice(&buffer[..count]),
                }
            }
            let asked = parse(&String::from_utf8_lossy(&received), handle.now());
            received.clear();
            let reply = self.answer(&asked);
            self.0.asked.lock().unwrap().push(asked);
            let busy = Busy::new(&self.0);
            if !reply.delay.is_zero() {
                handle.sleep(reply.delay).await;
            }
            drop(busy);
            if reply.ending == Ending::Hangup {
                return;
            }
            if socket.write_all(&reply.bytes()).await.is_err() || socket.flush().await.is_err() {
                return;
            }
            if reply.ending == Ending::Reset {
                // Given time to arrive, as a reset would overtake it nowhere but here.
                handle.sleep(Duration::from_millis(1)).await;
                return reset(socket);
            }
        }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let scripts = self.0.scripts.lock().unwrap();
        let script = scripts.get(&format!("{}{}", asked.host, asked.target)).or_else(|| scripts.get(&format!("{}/*", asked.host))).cloned();
        drop(scripts);
        script.map_or_else(|| Reply::status(404), |script| script(asked))
    }
}

/// Counts one answer under way, also where its connection is dropped meanwhile.
struct Busy<'a>(&'a Inner);

impl<'a> Busy<'a> {
    fn new(inner: &'a Inner) -> Self {
        let mut at_once = inner.at_once.lock().unwrap();
        at_once.0 += 1;
        at_once.1 = at_once.1.max(at_once.0);
        Self(inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.at_once.lock().unwrap().0 -= 1;
    }
}

/// HTML with a text of its own and links.
pub fn page(text: &str, links: &[&str]) -> String {
    let links: String = links.iter().map(|link| format!("<a href=\"{link}\">x</a>")).collect();
    format!("<!doctype html><title>{text}</title><h1>{text}</h1>{links}")
}

fn parse(head: &str, at: Instant) -> Asked {
    let mut lines = head.lines();
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let host = headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.clone()).unwrap_or_default();
    Asked { host, target, headers, at }
}
