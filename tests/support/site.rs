//! A small HTTP/1.1 server for tests: scripted answers over any reactor's listener, and a log of what was asked.
//! Speaks only GET without a body, which is all that a crawler says.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
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
    /// The head and so many bytes of the body, then RST.
    ResetInside(usize),
    /// The head and so many bytes of the body, then silence.
    StallInside(usize),
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

    /// The connection is reset after the first `bytes` of the body.
    pub fn reset_after(self, bytes: usize) -> Self {
        Self { ending: Ending::ResetInside(bytes), ..self }
    }

    /// Nothing comes after the first `bytes` of the body, and the connection stays open.
    pub fn stall_after(self, bytes: usize) -> Self {
        Self { ending: Ending::StallInside(bytes), ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", self.status, self.body.len());
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let said = match self.ending {
            Ending::ResetInside(bytes) | Ending::StallInside(bytes) => &self.body[..bytes],
            _ => &self.body,
        };
        [head.as_bytes(), said].concat()
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

    /// Serves until it is dropped. `reset` ends a connection with RST; a byte of the request is unread then.
    pub async fn serve(self, handle: Handle, listener: Listener, reset: impl Fn(Socket) + Clone) {
        self.serve_over(handle, listener, async |socket| Some(socket), reset).await;
    }

    /// Serves on what `shake` makes of a connection, if anything.
    pub async fn serve_over<S>(
        self,
        handle: Handle,
        listener: Listener,
        shake: impl AsyncFn(Socket) -> Option<S>,
        reset: impl Fn(S) + Clone,
    ) where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut connections = FuturesUnordered::new();
        loop {
            let accepted = futures_lite::future::or(async { Some(listener.accept().await) }, async {
                while connections.next().await.is_some() {}
                futures_lite::future::pending().await
            });
            if let Some(Ok((socket, _))) = accepted.await {
                let (site, handle, shake, reset) = (self.clone(), handle.clone(), &shake, reset.clone());
                connections.push(async move {
                    if let Some(stream) = shake(socket).await {
                        site.connection(handle, stream, reset).await;
                    }
                });
            }
        }
    }

    async fn connection<S>(self, handle: Handle, mut socket: S, reset: impl Fn(S))
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let Some(head) = all_but_the_last_byte(&mut socket).await else {
                // Nobody listens where the connection has ended; a client of another protocol is told, as real servers do.
                let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
                return;
            };
            let asked = parse(&head, handle.now());
            let reply = self.answer(&asked);
            self.0.asked.lock().unwrap().push(asked);
            let busy = Busy::new(&self.0);
            if !reply.delay.is_zero() {
                handle.sleep(reply.delay).await;
            }
            drop(busy);
            let resets = matches!(reply.ending, Ending::Reset | Ending::ResetInside(_));
            // A real socket is reset by closing it while something is unread.
            if !resets && socket.read_exact(&mut [0]).await.is_err() || reply.ending == Ending::Hangup {
                return;
            }
            if socket.write_all(&reply.bytes()).await.is_err() || socket.flush().await.is_err() {
                return;
            }
            if let Ending::StallInside(_) = reply.ending {
                return futures_lite::future::pending().await;
            }
            if resets {
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

/// The head of the next request without the last byte of its end; none when the connection has ended, or speaks no HTTP.
async fn all_but_the_last_byte(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    const END: &[u8] = b"\r\n\r";
    let mut head = Vec::new();
    while !head.ends_with(END) {
        // As many bytes as the end lacks: more might be the beginning of what is to stay unread.
        let seen = (1..END.len()).rev().find(|&length| head.ends_with(&END[..length])).unwrap_or(0);
        let mut buffer = [0; END.len()];
        match socket.read(&mut buffer[seen..]).await {
            Ok(0) | Err(_) => return None,
            Ok(_) if head.is_empty() && !buffer[seen].is_ascii_uppercase() => return None,
            Ok(count) => head.extend_from_slice(&buffer[seen..seen + count]),
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
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
