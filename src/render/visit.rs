//! One page in the browser, from its address to its text: every request that it makes is judged and answered, and it is read when it has
//! come to rest, or when its time is up.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_lite::future;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};
use url::Url;

use super::answer::{Done, answer, refuse};
use super::around::Around;
use super::ends::Shell;
use super::error::Error;
use super::link::Event;
use super::rules::{Paused, Verdict};
use super::tab::Tab;
use super::{Outcome, Rendered, Served};
use crate::http::masked;
use crate::reactor::Boxed;

pub(super) async fn visit(tab: &Tab, served: &Served<'_>, around: Around<'_>) -> Result<Outcome, Error> {
    let mut visit = Visit::new(tab, served, around);
    let mut call: Option<Boxed<'_, Result<Value, Error>>> = None;
    tab.wake().await?;
    visit.step = Step::Opening;
    call.replace(Box::pin(tab.link.call_page(&tab.session, "Page.navigate", json!({ "url": served.url.as_str() }))));
    loop {
        visit.begin();
        let turn = {
            let happened = async { Turn::Event(tab.events.recv().await.ok()) };
            let answered = async {
                match visit.going.next().await {
                    Some(done) => Turn::Done(done),
                    None => future::pending().await,
                }
            };
            let called = async {
                match &mut call {
                    Some(call) => Turn::Called(call.await),
                    None => future::pending().await,
                }
            };
            let late = async {
                around.handle.sleep_until(visit.deadline).await;
                Turn::Late
            };
            future::or(future::or(happened, answered), future::or(called, late)).await
        };
        match turn {
            Turn::Event(None) => return Err(tab.link.lost(&tab.session)),
            Turn::Event(Some(event)) => {
                if let Some(to) = visit.happened(&event)? {
                    return Ok(Outcome::Moved(to));
                }
            }
            Turn::Done(done) => visit.answered(done?),
            Turn::Called(outcome) => {
                call = None;
                if let Some(rendered) = visit.called(outcome)? {
                    return Ok(Outcome::Rendered(rendered));
                }
            }
            // It is read as it stands, if it can be read at all.
            Turn::Late if visit.step != Step::Reading => {
                visit.is_settled = false;
                visit.step = Step::Reading;
                visit.deadline = around.handle.now() + LAST;
                call = Some(Box::pin(evaluate(tab, format!("({READ})({})", around.config.max_html))));
            }
            Turn::Late => return Err(Error::Busy { limit: around.config.patience }),
        }
        if call.is_none() && visit.is_open {
            let quiet = around.config.quiet;
            let script = match visit.step {
                Step::Reading => format!("({READ})({})", around.config.max_html),
                Step::Opening | Step::Watching => {
                    visit.step = Step::Watching;
                    format!("({WATCH})({},{ENOUGH})", quiet.as_millis())
                }
            };
            call = Some(Box::pin(evaluate(tab, script)));
        }
    }
}

/// Runs a script apart from those of the page, which cannot change what it finds.
async fn evaluate(tab: &Tab, script: String) -> Result<Value, Error> {
    let world = json!({ "frameId": tab.target, "worldName": "smolcrawl" });
    let made = tab.link.call_page(&tab.session, "Page.createIsolatedWorld", world).await?;
    let asked = json!({ "expression": script, "contextId": made["executionContextId"], "awaitPromise": true, "returnByValue": true });
    tab.link.call_page(&tab.session, "Runtime.evaluate", asked).await
}

enum Turn {
    /// None: no more come.
    Event(Option<Event>),
    Done(Result<Done, Error>),
    Called(Result<Value, Error>),
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Opening,
    /// Until it is quiet.
    Watching,
    Reading,
}

struct Visit<'a> {
    tab: &'a Tab,
    served: &'a Served<'a>,
    around: Around<'a>,
    step: Step,
    /// Requests that are to be answered, and those that are being answered.
    waiting: VecDeque<Paused>,
    going: FuturesUnordered<Boxed<'a, Result<Done, Error>>>,
    /// When the network was last heard of.
    traffic: Instant,
    /// When it is read at the latest, and then when that is given up; and how far the first may be put off.
    deadline: Instant,
    latest: Instant,
    /// What its own frame has loaded.
    loader: Option<String>,
    /// Its document is there as a whole, and the scripts that it names have run.
    is_open: bool,
    /// Since when.
    opened: Instant,
    is_settled: bool,
    shell: Shell,
    /// Of all pages of the site that show that they wait: many are of no shell, as they have their menus.
    waiting_room: Shell,
    /// What it had when it was quiet for the first time, where that is next to nothing or it showed that it waits; and of which shell it was then.
    first_text: Option<(Shell, String)>,
    /// The page itself was not asked for yet.
    is_known: bool,
    reloads: u32,
    windows: u32,
    /// Scripts of ours that met a page on its way elsewhere.
    misses: u32,
    requests: u32,
    refused: u32,
    bytes: u64,
}

impl<'a> Visit<'a> {
    fn new(tab: &'a Tab, served: &'a Served<'a>, around: Around<'a>) -> Self {
        let now = around.handle.now();
        let (shell, waiting_room) = {
            let ends = around.ends();
            (ends.shell(&tab.of, served.body), ends.shell(&tab.of, b"waits"))
        };
        Self {
            tab,
            served,
            around,
            step: Step::Opening,
            waiting: VecDeque::new(),
            going: FuturesUnordered::new(),
            traffic: now,
            deadline: now + around.config.patience,
            latest: now + around.config.patience * PUT_OFF,
            loader: None,
            is_open: false,
            opened: now,
            is_settled: true,
            shell,
            waiting_room,
            first_text: None,
            is_known: true,
            reloads: 0,
            windows: 0,
            misses: 0,
            requests: 0,
            refused: 0,
            bytes: 0,
        }
    }

    /// Begins to answer as many requests as may be answered at once.
    fn begin(&mut self) {
        while self.going.len() < AT_ONCE
            && let Some(paused) = self.waiting.pop_front()
        {
            self.going.push(Box::pin(answer(self.tab, self.served, self.around, paused)));
        }
    }

    /// Where the page leads, if it leads elsewhere.
    fn happened(&mut self, event: &Event) -> Result<Option<Url>, Error> {
        let params = &event.params;
        match &*event.method {
            "Fetch.requestPaused" => {
                let paused = Paused::of(params).ok_or_else(|| Error::Junk { what: "a request without a name".to_owned() })?;
                return self.paused(paused);
            }
            "Page.frameNavigated" if params["frame"]["id"] == *self.tab.target && params["frame"]["url"] != "about:blank" => {
                self.loader = params["frame"]["loaderId"].as_str().map(str::to_owned);
                self.is_open = false;
            }
            "Page.lifecycleEvent"
                if params["frameId"] == *self.tab.target
                    // Not before: what is `async`, or brought in by other scripts, runs later than "DOMContentLoaded" tells.
                    && params["name"] == "load"
                    && params["loaderId"].as_str() == self.loader.as_deref() =>
            {
                self.is_open = true;
                self.opened = self.around.handle.now();
            }
            "Page.javascriptDialogOpening" => {
                // To be asked whether one wants to leave is to be let go.
                let accept = params["type"] == "beforeunload";
                self.tab.link.tell(Some(&self.tab.session), "Page.handleJavaScriptDialog", json!({ "accept": accept }));
                self.opened_one()?;
            }
            "Page.windowOpen" => self.opened_one()?,
            "Inspector.targetCrashed" => return Err(Error::Crashed),
            _ => {}
        }
        Ok(None)
    }

    fn opened_one(&mut self) -> Result<(), Error> {
        self.windows += 1;
        if self.windows > MOST_WINDOWS { Err(Error::Windows { count: self.windows }) } else { Ok(()) }
    }

    fn paused(&mut self, paused: Paused) -> Result<Option<Url>, Error> {
        let verdict = match paused.verdict(&self.tab.target, self.served.url, self.is_known) {
            Verdict::Ask if self.requests >= MOST_REQUESTS => Verdict::Refuse("more requests than a page may make"),
            Verdict::Ask if self.bytes >= MOST_BYTES => Verdict::Refuse("more bytes than a page may take"),
            verdict => verdict,
        };
        match verdict {
            Verdict::Leave => return Ok(paused.url),
            Verdict::Serve => {
                self.is_known = false;
                self.waiting.push_front(paused);
            }
            Verdict::Ask => {
                if paused.is_of(&self.tab.target) {
                    self.reloads += 1;
                    if self.reloads > MOST_RELOADS {
                        return Err(Error::Reloads { times: self.reloads });
                    }
                }
                self.requests += 1;
                self.traffic = self.around.handle.now();
                self.waiting.push_back(paused);
            }
            Verdict::Style => {
                let answer = json!({
                    "requestId": paused.id, "responseCode": 200,
                    "responseHeaders": [{ "name": "Content-Type", "value": "text/css" }, { "name": "Access-Control-Allow-Origin", "value": "*" }],
                });
                self.tab.link.tell(Some(&self.tab.session), "Fetch.fulfillRequest", answer);
            }
            Verdict::Refuse(why) => {
                self.refused += 1;
                self.around.fetch.refused(why, paused.url.as_ref());
                log::debug!(
                    "a page's request is refused, as it is {why}: {} {}",
                    paused.method(),
                    paused.url.as_ref().map_or_else(String::new, |url| masked(url).into())
                );
                refuse(self.tab, &paused.id);
            }
        }
        Ok(None)
    }

    fn answered(&mut self, done: Done) {
        let now = self.around.handle.now();
        self.traffic = now;
        self.bytes += done.bytes;
        // Who waits for a slow site, or for its turn there, is not slow itself.
        if self.step != Step::Reading && now.saturating_duration_since(done.began) > SLOW {
            self.deadline = self.deadline.max(now + self.around.config.patience / 2).min(self.latest);
        }
    }

    /// What came of a script of ours.
    fn called(&mut self, outcome: Result<Value, Error>) -> Result<Option<Rendered>, Error> {
        let answer = match outcome {
            Ok(answer) => answer,
            // The document that it was asked of is gone.
            Err(Error::Refused { why, .. }) => {
                self.misses += 1;
                self.is_open &= !self.misses.is_multiple_of(4);
                return if self.misses > MOST_MISSES { Err(Error::NotOpened { why }) } else { Ok(None) };
            }
            Err(error) => return Err(error),
        };
        if let Some(why) = answer["errorText"].as_str() {
            return if self.reloads > 0 { Ok(None) } else { Err(Error::NotOpened { why: why.to_owned() }) };
        }
        if let Some(thrown) = answer.get("exceptionDetails") {
            let why = thrown["exception"]["description"].as_str().or(thrown["text"].as_str()).unwrap_or_default();
            return Err(Error::NotOpened { why: why.chars().take(200).collect() });
        }
        match self.step {
            Step::Opening => {}
            Step::Watching => {
                let (config, value) = (self.around.config, &answer["result"]["value"]);
                let text = value["text"].as_str().unwrap_or_default();
                let has_little = value["seen"].as_u64().unwrap_or_default() < ENOUGH;
                // What shows that it waits has menus at the most, and what it waits for would be lost as well.
                let is_empty = has_little || value["waits"] == true;
                let shell = if has_little { self.shell } else { self.waiting_room };
                // What is next to empty would be lost: it is worth a wait for what a busy machine or a clock of the page brings.
                let (since, rest) = if is_empty {
                    (self.traffic.max(self.opened), self.around.ends().patience(shell, text, config))
                } else {
                    (self.traffic, config.quiet)
                };
                let rested = self.around.handle.now().saturating_duration_since(since);
                if self.going.is_empty() && self.waiting.is_empty() && rested >= config.quiet {
                    match (&self.first_text, is_empty) {
                        (None, true) => self.first_text = Some((shell, text.to_owned())),
                        (Some((shell, _)), false) => self.around.ends().came_later(*shell),
                        _ => {}
                    }
                }
                if self.going.is_empty() && self.waiting.is_empty() && rested >= rest {
                    if let Some((shell, first)) = self.first_text.take().filter(|_| is_empty && rested >= config.for_text) {
                        self.around.ends().note(shell, &first, text);
                    }
                    self.step = Step::Reading;
                    self.deadline = self.around.handle.now() + LAST;
                }
            }
            Step::Reading => return self.read(&answer["result"]["value"]).map(Some),
        }
        Ok(None)
    }

    fn read(&self, value: &Value) -> Result<Rendered, Error> {
        if value["tooLong"] == true {
            return Err(Error::TooLarge { limit: self.around.config.max_html });
        }
        let Some(html) = value["html"].as_str() else { return Err(Error::NotOpened { why: "it could not be read".to_owned() }) };
        let url = value["url"].as_str().and_then(|url| Url::parse(url).ok()).filter(|url| matches!(url.scheme(), "http" | "https"));
        Ok(Rendered {
            url: url.unwrap_or_else(|| self.served.url.clone()),
            html: html.to_owned(),
            routes: value["routes"].as_array().into_iter().flatten().filter_map(|route| Url::parse(route.as_str()?).ok()).collect(),
            is_settled: self.is_settled,
            requests: self.requests,
            refused: self.refused,
        })
    }
}

const WATCH: &str = include_str!("watch.js");
const READ: &str = include_str!("read.js");
/// Characters of a page that is not next to empty.
const ENOUGH: u64 = 60;
/// Requests of one page that are answered at once.
const AT_ONCE: usize = 6;
const MOST_REQUESTS: u32 = 400;
const MOST_BYTES: u64 = 64 << 20;
const MOST_RELOADS: u32 = 5;
const MOST_WINDOWS: u32 = 50;
const MOST_MISSES: u32 = 12;
/// For reading a page whose time is up, or that is quiet.
const LAST: Duration = Duration::from_secs(3);
/// An answer that takes longer puts the page's own time off, up to so many times that.
const SLOW: Duration = Duration::from_millis(500);
const PUT_OFF: u32 = 6;
