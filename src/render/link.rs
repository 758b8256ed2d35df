//! The line to one browser: calls go out, answers come back to whoever asked, and events to the page that they are of. Read and written on threads of its own, and
//! over when either side has ended: then the browser is buried and its profile is gone.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_channel::{Receiver, Sender, TrySendError};
use serde_json::{Value, json};

use super::error::Error;
use super::launch::{Launched, Leash};
use super::profile::Profile;
use super::rules;
use super::wire::{self, Message};
use crate::reactor::Handle;

/// What a page does that we are told.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) method: String,
    pub(super) params: Value,
}

/// Ends the browser when dropped.
pub(super) struct Link {
    handle: Handle,
    out: Sender<Vec<u8>>,
    shared: Arc<Shared>,
    last: AtomicU64,
    /// Closed when the browser is buried.
    grave: Receiver<Infallible>,
}

struct Shared {
    leash: Leash,
    /// Held for moves only.
    state: Mutex<State>,
    /// The end of what the browser has written to standard error.
    said: Mutex<Vec<u8>>,
}

/// Why a call has no result.
enum NoAnswer {
    Refused(String),
    TooLong { bytes: usize },
}

impl NoAnswer {
    fn to(self, method: &'static str) -> Error {
        match self {
            Self::Refused(why) => Error::Refused { method, why },
            Self::TooLong { bytes } => Error::TooHeavy { bytes, limit: wire::LONGEST },
        }
    }
}

#[derive(Default)]
struct State {
    waiting: HashMap<u64, Sender<Result<Value, NoAnswer>>>,
    sessions: HashMap<String, Sender<Event>>,
    /// Sessions whose pages sent more than was taken.
    flooded: HashSet<String>,
    /// Why nothing comes any more.
    ended: Option<Error>,
}

impl Link {
    /// With the thread that ends when the browser is buried.
    pub(super) fn new(handle: &Handle, launched: Launched) -> (Self, Option<JoinHandle<()>>) {
        let Launched { child, leash, to, from, said, profile } = launched;
        let shared = Arc::new(Shared { leash, state: Mutex::default(), said: Mutex::default() });
        let (out, queued) = async_channel::unbounded();
        let (open, grave) = async_channel::bounded(1);
        named("smolcrawl-browser-out", move || write(to, &queued));
        let listener = named("smolcrawl-browser-said", {
            let shared = shared.clone();
            move || shared.listen(said)
        });
        let reader = named("smolcrawl-browser-in", {
            let (shared, out) = (shared.clone(), out.downgrade());
            move || {
                shared.read(from, &out, child, profile, listener);
                drop(open);
            }
        });
        (Self { handle: handle.clone(), out, shared, last: AtomicU64::new(0), grave }, reader)
    }

    /// Asks the browser, or a page of it by its session.
    pub(super) async fn call(&self, session: Option<&str>, method: &'static str, params: Value, limit: Duration) -> Result<Value, Error> {
        let asked = self.ask(session, method, params)?;
        match self.handle.timeout(limit, asked.answer.recv()).await {
            Ok(Ok(outcome)) => outcome.map_err(|why| why.to(method)),
            Ok(Err(_)) => Err(self.ended()),
            Err(_) => Err(Error::Silent { method, limit }),
        }
    }

    /// The same of a page, which may keep its browser from answering for as long as somebody waits.
    pub(super) async fn call_page(&self, session: &str, method: &'static str, params: Value) -> Result<Value, Error> {
        let asked = self.ask(Some(session), method, params)?;
        match asked.answer.recv().await {
            Ok(outcome) => outcome.map_err(|why| why.to(method)),
            Err(_) => Err(self.ended()),
        }
    }

    /// Tells the browser, whatever it answers.
    pub(super) fn tell(&self, session: Option<&str>, method: &str, params: Value) {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = self.out.try_send(wire::call(id, session, method, params));
    }

    fn ask(&self, session: Option<&str>, method: &str, params: Value) -> Result<Asked<'_>, Error> {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, answer) = async_channel::bounded(1);
        let mut state = self.shared.state();
        if let Some(ended) = &state.ended {
            return Err(ended.clone());
        }
        state.waiting.insert(id, sender);
        drop(state);
        let asked = Asked { shared: &self.shared, id, answer };
        self.out.try_send(wire::call(id, session, method, params)).map_err(|_| self.ended())?;
        Ok(asked)
    }

    /// The events of a session from now on. They are dropped when there are more than somebody takes, and the receiver is closed.
    pub(super) fn listen(&self, session: &str) -> Receiver<Event> {
        let (sender, receiver) = async_channel::bounded(MOST_EVENTS);
        self.shared.state().sessions.insert(session.to_owned(), sender);
        receiver
    }

    pub(super) fn forget(&self, session: &str) {
        let mut state = self.shared.state();
        state.sessions.remove(session);
        state.flooded.remove(session);
    }

    /// Why no events come of a session any more.
    pub(super) fn lost(&self, session: &str) -> Error {
        let state = self.shared.state();
        match &state.ended {
            Some(ended) => ended.clone(),
            None if state.flooded.contains(session) => Error::Flood,
            None => Error::Closed,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.shared.state().ended.is_some()
    }

    /// Nothing comes of it, and it is closed when the browser is buried and its profile gone.
    pub(super) fn grave(&self) -> Receiver<Infallible> {
        self.grave.clone()
    }

    /// Why it is over; for a browser that ended, with what it wrote last.
    pub(super) fn ended(&self) -> Error {
        self.shared.state().ended.clone().unwrap_or(Error::Ended { said: String::new() })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.leash.end();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_over", &self.is_over()).finish_non_exhaustive()
    }
}

/// A call on its way. Nobody waits for its answer any more when it is dropped.
struct Asked<'a> {
    shared: &'a Shared,
    id: u64,
    answer: Receiver<Result<Value, NoAnswer>>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.shared.state().waiting.remove(&self.id);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(
        &self,
        from: Box<dyn Read + Send>,
        out: &async_channel::WeakSender<Vec<u8>>,
        mut child: Child,
        profile: Profile,
        listener: Option<JoinHandle<()>>,
    ) {
        let (mut from, mut buffer) = (BufReader::with_capacity(PIECE, from), Vec::new());
        let failed = loop {
            match wire::read(&mut from, &mut buffer) {
                Ok(Some(message)) => self.take(message, out),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
            if buffer.capacity() > KEPT {
                buffer = Vec::new();
            }
        };
        // Not before it is dead: what it has open is the profile, and its standard error.
        self.leash.bury(&mut child);
        wait_for(listener);
        let ended = failed.unwrap_or_else(|| self.epitaph());
        log::debug!("the browser is gone: {ended}");
        drop(profile);
        let State { waiting, sessions, .. } = std::mem::replace(&mut *self.state(), State { ended: Some(ended), ..State::default() });
        drop((waiting, sessions));
    }

    fn take(&self, message: Message, out: &async_channel::WeakSender<Vec<u8>>) {
        match message {
            Message::Answer { id, outcome } => {
                let waiting = self.state().waiting.remove(&id);
                if let Some(waiting) = waiting {
                    let _ = waiting.try_send(outcome.map_err(NoAnswer::Refused));
                }
            }
            Message::Event { session: Some(session), method, mut params } if TOLD.contains(&&*method) => {
                rules::lighten(&mut params);
                let mut state = self.state();
                let sent = state.sessions.get(&session).map(|page| page.try_send(Event { method, params }));
                if let Some(Err(TrySendError::Full(_))) = sent {
                    state.sessions.remove(&session);
                    state.flooded.insert(session);
                }
            }
            Message::Event { session: None, method, params } if method == "Target.detachedFromTarget" => {
                if let Some(session) = params["sessionId"].as_str() {
                    self.state().sessions.remove(session);
                }
            }
            // A window that a page has opened is closed again; pages of ours have no opener.
            Message::Event { session: None, method, params } if method == "Target.targetCreated" => {
                let target = &params["targetInfo"];
                if target["type"] == "page"
                    && target["openerId"].is_string()
                    && let Some(out) = out.upgrade()
                {
                    let _ = out.try_send(wire::call(0, None, "Target.closeTarget", json!({ "targetId": target["targetId"] })));
                }
            }
            Message::Event { .. } => {}
            Message::PassedOver { answers, bytes } => {
                log::debug!("{bytes} bytes of the browser are passed over: no message is so long");
                let waiting = answers.and_then(|id| self.state().waiting.remove(&id));
                if let Some(waiting) = waiting {
                    let _ = waiting.try_send(Err(NoAnswer::TooLong { bytes }));
                }
            }
        }
    }

    fn listen(&self, mut said: ChildStderr) {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = said.read(&mut piece) {
            let mut end = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            end.extend_from_slice(&piece[..count]);
            let beyond = end.len().saturating_sub(SAID);
            end.drain(..beyond);
        }
    }

    /// Of a browser that ended by itself.
    fn epitaph(&self) -> Error {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
        let about_sandbox = lines().find(|line| SANDBOX.iter().any(|words| line.contains(words)));
        if let Some(line) = about_sandbox {
            return Error::Sandbox { said: message_of(line) };
        }
        Error::Ended { said: lines().next_back().map_or_else(String::new, message_of) }
    }
}

/// Without the number of the process, the time and the place in its source, and not too long.
fn message_of(line: &str) -> String {
    let message = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((_, message)) => message,
        None => line,
    };
    message.chars().filter(|c| !c.is_control()).take(300).collect()
}

fn write(mut to: Box<dyn Write + Send>, queued: &Receiver<Vec<u8>>) {
    while let Ok(message) = queued.recv_blocking() {
        if to.write_all(&message).and_then(|()| to.flush()).is_err() {
            // The reader tells.
            return;
        }
    }
}

/// Until all is read that was written before the end. A process that has left the group of the others may have it open for longer.
fn wait_for(listener: Option<JoinHandle<()>>) {
    let Some(listener) = listener else { return };
    for _ in 0..LISTENED {
        if listener.is_finished() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// None where the system has no thread left: then nothing is read, and calls end at their limits.
fn named(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work).inspect_err(|error| log::debug!("no thread {name}: {error}")).ok()
}

/// Events that are passed on to pages.
const TOLD: &[&str] = &[
    "Fetch.requestPaused",
    "Inspector.targetCrashed",
    "Page.frameNavigated",
    "Page.javascriptDialogOpening",
    "Page.lifecycleEvent",
    "Page.windowOpen",
];
/// Of one page, that wait to be taken.
const MOST_EVENTS: usize = 4_096;
/// What a browser says that will not run without its sandbox, or not with it.
const SANDBOX: &[&str] = &["no-sandbox", "No usable sandbox", "sandbox_host"];
/// Bytes of a buffer that is kept for the next message.
const KEPT: usize = 1 << 20;
const PIECE: usize = 64 << 10;
/// Looks at whether standard error has ended.
const LISTENED: u32 = 100;
/// Bytes that are kept of standard error.
const SAID: usize = 4 << 10;
