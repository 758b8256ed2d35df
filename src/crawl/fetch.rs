//! One request and what its answer is: a page, a sitemap, a redirect, or a reason why it is none. Knows no queue and no scope.

pub(super) mod rendering;
mod rests;
mod rules;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use futures_lite::AsyncReadExt;
use ring::digest::{Context, SHA256};
use url::Url;

use crate::extract;
use crate::extract::Ask;
use crate::extract::Beside;
use crate::extract::Kind;
use crate::extract::Outline;
use crate::extract::Taken;
use crate::http;
use crate::http::Redirects;
use crate::http::Request;
use crate::http::Response;
use crate::model::Budget;
use crate::model::Filled;
use crate::model::Meter;
use crate::model::OverBudget;
use crate::model::Page;
use crate::model::Spent;
use crate::model::Validators;
use crate::reactor::Handle;
use crate::render::Browser;

use super::Config;
use super::cookies::{Jar, merged};
use super::credentials::Credentials;
use super::error::Error;
use super::frontier::{is_route, normalise, origin};
use super::names::bare as bare_name;
use super::plan::{Render, Robots};
use super::polite::{MAX_PAUSE, PATIENCE, pause_after, retry_after};
use super::robots::{Directives, is_product_token};
use super::scripted::Scripted;
use super::selection::wants_login;
use super::sitemap;
use super::sitemap::Sitemap;
use super::together::Common;
use super::turns::Turns;
use super::twins::Twins;
use rests::Rests;
use rules::KnownRules;
pub(super) use rules::closed;

/// What is shared by all crawls of one crawler.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) handle: Handle,
    pub(super) client: http::Client,
    pub(super) config: Config,
    /// Never held across an await.
    rules: Arc<Mutex<KnownRules>>,
    turns: Arc<Turns>,
    /// Where single pages were asked for in markdown. Never held across an await.
    twins: Arc<Mutex<Twins>>,
    spent: Counted,
    /// Of each page that is read. Stopped at the end of the crawl, so that nothing is read for nobody.
    reading: Budget,
    links: ReadLinks,
    /// Those of the credentials, and what sites set. Never held across an await.
    cookies: Mutex<Jar>,
    /// That of all crawls, started with the first page that needs it.
    browser: Browser,
    render: Render,
    pages_rendered: AtomicU64,
    /// Requests of pages in it that were refused, by rule, and the first of each. Never held across an await.
    refused: Mutex<BTreeMap<&'static str, (u64, Option<Url>)>>,
    /// Sites that it is needed for. Never held across an await.
    scripted: Mutex<Scripted>,
    /// Of these, the ones whose time was up.
    pages_unsettled: AtomicU64,
    /// Origins that are to be left alone by pages in it. Never held across an await.
    rests: Mutex<Rests>,
    /// It was told that there is none.
    is_browser_missed: AtomicBool,
    /// Its own, so that pages of several crawls share nothing in the browser.
    identity: u64,
    /// What those know who do the same crawl.
    common: Option<Arc<dyn Common>>,
}

/// What finds the links of a page.
type ReadLinks = fn(&Page, &Meter) -> Result<Outline, OverBudget>;

/// What was asked for on behalf of one crawl, or of all single requests.
#[derive(Debug)]
struct Counted {
    requests: AtomicU64,
    max_requests: AtomicU64,
    /// Of answers, as decoded.
    bytes: AtomicU64,
    max_bytes: AtomicU64,
}

/// What an answer is.
#[derive(Debug)]
pub(super) enum Answer {
    /// Of a kind that is read.
    Page(Box<Read>),
    Sitemap(Sitemap),
    /// A redirect.
    Moved {
        /// In normal form.
        to: Url,
        /// The site has set cookies with it, so that what was asked for already may have another answer now.
        is_known_now: bool,
    },
    /// What was asked for whatever it is, and what is asked of whoever reads it.
    File(Box<Page>, Directives),
    /// What was asked for to know whether it is there.
    There,
    /// 304: what the validators stand for is still so.
    Unchanged,
    /// Something else, named.
    NotAPage(String),
}

/// A page that was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) page: Page,
    /// What it says to a crawler.
    pub(super) outline: Outline,
    /// See [`content_of`].
    pub(super) content: u64,
    /// Where its text may be, where it has none of its own nor in itself.
    pub(super) beside: Option<Beside>,
    /// It has a text, and an empty place for what scripts write. Asked only at sites whose pages a browser fills in.
    pub(super) is_hollow: bool,
}

/// What came, and is an answer by itself or has to be read.
enum Received {
    Answer(Answer),
    Body(Box<Body>),
}

struct Body {
    page: Page,
    directives: Directives,
    /// Whether the address has other forms of it.
    varies: bool,
}

/// What is looked for at a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Page,
    /// The same as it is served, also where all pages are to be rendered: it is a place in it that is shown, which is known later.
    Served,
    Sitemap,
    Either,
    /// The page in markdown: where one address has several forms of it, this one.
    Markdown,
    /// Whether there is a text.
    Presence,
    /// What is there, whatever it is.
    File,
}

impl Wanted {
    /// For what somebody has named.
    pub(super) fn page_at(url: &Url) -> Self {
        if is_route(url) { Self::Served } else { Self::Page }
    }
}

impl Fetcher {
    pub(super) fn new(handle: Handle, config: Config) -> Result<Self, Error> {
        if !is_product_token(&config.agent) {
            return Err(Error::Agent { agent: config.agent });
        }
        let client = http::Client::new(&handle, config.http.clone())?;
        let cookies = Mutex::new(config.credentials.cookies.clone());
        Ok(Self {
            cookies,
            browser: Browser::new(&handle, config.browser.clone()),
            render: config.render,
            pages_rendered: AtomicU64::new(0),
            refused: Mutex::default(),
            scripted: Mutex::default(),
            pages_unsettled: AtomicU64::new(0),
            rests: Mutex::default(),
            is_browser_missed: AtomicBool::new(false),
            identity: next_identity(),
            common: None,
            handle,
            client,
            config,
            rules: Arc::default(),
            turns: Arc::default(),
            twins: Arc::default(),
            spent: Counted::new(u64::MAX),
            reading: Budget::default(),
            links: extract::links_within,
        })
    }

    /// One for a single crawl: the same but for what is counted, which begins at zero, for how much may be asked for, for what is shown to
    /// sites beside the rest, and for the cookies that sites have set.
    pub(super) fn counting_apart(&self, max_requests: u64, credentials: &Credentials) -> Self {
        let Self { handle, client, config, rules, turns, twins, links, browser, render, .. } = self;
        let mut config = config.clone();
        config.credentials.add(credentials);
        Self {
            cookies: Mutex::new(config.credentials.cookies.clone()),
            handle: handle.clone(),
            client: client.counting_apart(),
            config,
            rules: rules.clone(),
            turns: turns.clone(),
            twins: twins.clone(),
            spent: Counted::new(max_requests),
            reading: Budget::default(),
            links: *links,
            browser: browser.clone(),
            render: *render,
            pages_rendered: AtomicU64::new(0),
            refused: Mutex::default(),
            scripted: Mutex::default(),
            pages_unsettled: AtomicU64::new(0),
            rests: Mutex::default(),
            is_browser_missed: AtomicBool::new(false),
            identity: next_identity(),
            common: None,
        }
    }

    /// Pages that scripts fill in are rendered or not, whatever the settings say.
    pub(super) fn rendering(self, render: Option<Render>) -> Self {
        Self { render: render.unwrap_or(self.render), ..self }
    }

    /// Where others know as much of robots.txt files, and bytes are allowed from outside.
    pub(super) fn knowing_with(self, common: Arc<dyn Common>) -> Self {
        self.spent.max_bytes.store(0, Ordering::Relaxed);
        Self { common: Some(common), ..self }
    }

    /// Origins of which an earlier crawl has found out that they need a browser.
    pub(super) fn know_scripted(&self, origins: &[String]) {
        *self.scripted() = Scripted::known(origins.iter().cloned());
    }

    pub(super) fn scripted(&self) -> MutexGuard<'_, Scripted> {
        self.scripted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Pages that were rendered so far.
    pub(super) fn pages_rendered(&self) -> u64 {
        self.pages_rendered.load(Ordering::Relaxed)
    }

    /// And of these those that were still at work when they were read.
    pub(super) fn pages_unsettled(&self) -> u64 {
        self.pages_unsettled.load(Ordering::Relaxed)
    }

    pub(super) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// Of links it is to be known as well what they are called.
    pub(super) fn describing_links(self) -> Self {
        Self { links: extract::described, ..self }
    }

    pub(super) fn twins(&self) -> MutexGuard<'_, Twins> {
        self.twins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody waits for anything any more.
    pub(super) fn stop_reading(&self) {
        self.reading.stop();
    }

    /// Whether one more request may be made; then it is counted.
    pub(super) fn spend(&self) -> bool {
        let most = self.spent.max_requests.load(Ordering::Relaxed);
        let allowed = |spent: u64| (spent < most).then_some(spent + 1);
        self.spent.requests.fetch_update(Ordering::Relaxed, Ordering::Relaxed, allowed).is_ok()
    }

    /// The request was not made.
    pub(super) fn give_back(&self) {
        self.spent.requests.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn may_spend(&self) -> bool {
        self.requests() < self.spent.max_requests.load(Ordering::Relaxed)
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.spent.requests.load(Ordering::Relaxed)
    }

    /// Whether as many bytes may come as are allowed from outside.
    pub(super) fn may_receive(&self) -> bool {
        self.bytes() < self.spent.max_bytes.load(Ordering::Relaxed)
    }

    /// No more may be asked for than was; how much it might have been.
    pub(super) fn give_all_back(&self) -> Spent {
        let (requests, bytes) = (self.requests(), self.bytes());
        let Counted { max_requests, max_bytes, .. } = &self.spent;
        let unspent = |most: &AtomicU64, spent: u64| most.fetch_min(spent, Ordering::Relaxed).saturating_sub(spent);
        Spent { requests: unspent(max_requests, requests), bytes: unspent(max_bytes, bytes) }
    }

    /// What was spent beyond what was allowed counts no more, and nothing is allowed yet.
    pub(super) fn start_over(&self) {
        self.spent.max_requests.store(self.requests(), Ordering::Relaxed);
        self.spent.max_bytes.store(self.bytes(), Ordering::Relaxed);
    }

    /// So much more may be asked for than before.
    pub(super) fn allow(&self, requests: u64, bytes: u64) {
        self.spent.max_requests.fetch_add(requests, Ordering::Relaxed);
        self.spent.max_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of answers so far, as decoded.
    pub(super) fn bytes(&self) -> u64 {
        self.spent.bytes.load(Ordering::Relaxed)
    }

    fn received(&self, bytes: u64) {
        self.spent.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The body, counted.
    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        match response.bytes().await {
            Ok(body) => {
                self.received(body.len() as u64);
                Ok(body)
            }
            Err(error) => {
                if let http::Error::BodyTooLarge { limit, .. } = error.root() {
                    self.received(*limit);
                }
                Err(error.into())
            }
        }
    }

    /// Asks once; no redirect is followed, nothing is tried again. The caller has [spent](Self::spend) the request.
    pub(super) async fn ask(&self, url: &Url, depth: u32, wanted: Wanted, known: &Validators) -> Result<Answer, Error> {
        self.ask_timed(url, depth, wanted, known).await.0
    }

    /// The same, with how long the site took: what is read of its answer here does not count.
    pub(super) async fn ask_timed(&self, url: &Url, depth: u32, wanted: Wanted, known: &Validators) -> (Result<Answer, Error>, Duration) {
        let asked = self.handle.now();
        let received = self.receive(url, depth, wanted, known).await;
        let took = self.handle.now().saturating_duration_since(asked);
        let answer = match received {
            Ok(Received::Answer(answer)) => Ok(answer),
            Ok(Received::Body(body)) => self.read(*body, wanted).await,
            Err(error) => Err(error),
        };
        (answer, took)
    }

    async fn receive(&self, url: &Url, depth: u32, wanted: Wanted, known: &Validators) -> Result<Received, Error> {
        let accept = if wanted == Wanted::Markdown { ACCEPT_MARKDOWN } else { ACCEPT };
        let mut request = Request::get(url.clone()).redirects(Redirects::Stop).header("Accept", accept);
        if let Some(etag) = &known.etag {
            request = request.header("If-None-Match", etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header("If-Modified-Since", last_modified);
        }
        let mut response = self.client.send(self.signed(request, url)).await?;
        let is_known_now = self.keep_cookies(url, &response);
        self.tell_pace(url, response.status, pause_asked(&response)).await;
        match response.status {
            429 | 503 => _ = self.rests().overloaded(url, pause_asked(&response), self.handle.now()),
            _ => self.rests().answered(url),
        }
        match response.status {
            200..=299 => {
                if let Some(to) = response.refresh() {
                    self.discard(response).await;
                    return Ok(Received::Answer(Answer::Moved { to: normalise(to), is_known_now }));
                }
            }
            304 if *known != Validators::default() => return Ok(Received::Answer(Answer::Unchanged)),
            // It may be the application of the whole site.
            404 if self.may_be_shell(wanted, url, &response) => {}
            status => {
                let answer = match status {
                    301 | 302 | 303 | 307 | 308 => target(url, &response),
                    _ => Err(Error::Status { status, retry_after: pause_asked(&response) }),
                };
                self.discard(response).await;
                return answer.map(|to| Received::Answer(Answer::Moved { to, is_known_now }));
            }
        }
        let content_type = response.headers.first("content-type").map(str::to_owned);
        // What says that it is no page is not downloaded; a sitemap may come with any type.
        if matches!(wanted, Wanted::Page | Wanted::Served | Wanted::Markdown)
            && content_type.is_some()
            && let Kind::Other(what) = extract::kind(content_type.as_deref(), url, &[])
        {
            return Ok(Received::Answer(Answer::NotAPage(what)));
        }
        if wanted == Wanted::Presence {
            let kind = extract::kind(content_type.as_deref(), url, &[]);
            self.discard(response).await;
            return Ok(Received::Answer(match kind {
                Kind::Text | Kind::Markdown => Answer::There,
                _ => Answer::NotAPage("no text".to_owned()),
            }));
        }
        let varies = varies_by_accept(response.headers.all("vary"));
        let directives = Directives::of_headers(response.headers.all("x-robots-tag"), &self.config.agent);
        let validator = |name| response.headers.first(name).map(str::to_owned);
        let validators = Validators { etag: validator("etag"), last_modified: validator("last-modified"), twin: None };
        let (status, body) = (response.status, self.body(response).await?);
        let page = Page {
            url: url.clone(),
            status,
            content_type,
            body,
            depth,
            validators,
            fetched_at: SystemTime::now(),
            filled: Filled::default(),
        };
        Ok(Received::Body(Box::new(Body { page, directives, varies })))
    }

    /// Servers of files give the application of a site to who asks for one of its pages, as what they have in place of a file that is not there.
    fn may_be_shell(&self, wanted: Wanted, url: &Url, response: &Response) -> bool {
        let length = response.headers.first("content-length").and_then(|length| length.parse::<u64>().ok());
        matches!(wanted, Wanted::Page | Wanted::Either)
            && self.may_render()
            && length.is_none_or(|length| length <= WORTH_READING)
            && extract::kind(response.headers.first("content-type"), url, &[]) == Kind::Html
    }

    /// What an answer says of how the origin is to be asked, for all processes. `asked`: by `Retry-After`.
    async fn tell_pace(&self, url: &Url, status: u16, asked: Option<Duration>) {
        let Some(pace) = &self.config.pace else { return };
        match status {
            429 | 503 => pace.overloaded(&origin(url), asked).await,
            ..500 => pace.answered(&origin(url)).await,
            _ => {}
        }
    }

    /// What pages in the browser and the crawl know of each other's origins.
    pub(super) fn rests(&self) -> MutexGuard<'_, Rests> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, body: Body, wanted: Wanted) -> Result<Answer, Error> {
        let Body { page, directives, varies } = body;
        let (url, status) = (page.url.clone(), page.status);
        // Packed, it may be any length.
        let (budget, links) = (self.reading.clone(), self.links);
        let mut answer = match page.body.len() <= SMALL && !sitemap::is_packed(&page.body) {
            true => read(page, wanted, directives, links, &budget),
            // Long enough to hold up whatever else runs on this thread.
            false => self.handle.unblock(move || read(page, wanted, directives, links, &budget)).await,
        };
        if status == 404 && !answer.as_ref().is_ok_and(is_mute) {
            return Err(Error::Status { status, retry_after: None });
        }
        if let Ok(Answer::Page(read)) = &mut answer
            && varies
            && extract::kind(read.page.content_type.as_deref(), &read.page.url, &read.page.body) == Kind::Html
        {
            // It may be the address of the markdown, too.
            read.outline.markdown.get_or_insert(url);
        }
        if let Ok(Answer::Page(read)) = &mut answer
            && self.may_render()
            && self.scripted().needs(&origin(&read.page.url))
        {
            read.is_hollow = self.is_hollow(&mut read.page).await;
        }
        answer
    }

    /// The page at a route, of the file that came for it.
    pub(super) async fn at_route(&self, route: &Url, ask: Ask, read: Read) -> Answer {
        let (page, file) = (Page { url: route.clone(), ..read.page.clone() }, read.page);
        let taken = self.take(page, ask, Arc::new(file)).await;
        let Some(page) = taken.page else { return Answer::NotAPage("no markdown at this route".to_owned()) };
        let content = content_of(&page);
        let outline = Outline { links: taken.links, robots: read.outline.robots, ..Outline::default() };
        Answer::Page(Box::new(Read { page, outline, content, beside: None, is_hollow: false }))
    }

    /// What an answer from beside a page comes to; long ones are read on another thread.
    pub(super) async fn take(&self, page: Page, ask: Ask, answer: Arc<Page>) -> Taken {
        let budget = self.reading.clone();
        match answer.body.len() {
            ..=SMALL => extract::taken(&page, &ask, &answer, &budget.begin()),
            _ => self.handle.unblock(move || extract::taken(&page, &ask, &answer, &budget.begin())).await,
        }
    }

    /// The text of a single page that has none of its own, from where the site ships it; else the page as it is. Only what is at the origin of
    /// the page is asked for: nobody has named another one.
    ///
    /// # Errors
    /// What the file of a route answers that is not there: it is the page.
    pub(super) async fn fill(&self, read: Read, wanted: &Url, robots: Robots) -> Result<(Page, Vec<Url>), Error> {
        let Read { mut page, outline, beside, .. } = read;
        let Some(beside) = beside else { return Ok((page, outline.links)) };
        let mut links = outline.links;
        links.extend(beside.links);
        let route = if is_route(wanted) { beside.routes.as_ref().and_then(|routes| routes.ask(wanted)) } else { None };
        let is_route = route.is_some();
        if is_route {
            page.url = wanted.clone();
        }
        let mut asks: VecDeque<Ask> = route.map_or_else(|| beside.asks.into(), |ask| VecDeque::from([ask]));
        let mut left = MOST_ASKED;
        while let Some(ask) = asks.pop_front().filter(|_| left > 0) {
            left -= 1;
            if origin(&ask.url) != origin(&page.url) {
                continue;
            }
            let answer = match self.follow(ask.url.clone(), robots, Wanted::File, &Validators::default()).await {
                Ok(Answer::File(answer, _)) => answer,
                Err(error) if is_route => return Err(error),
                _ => {
                    extract::missing(&ask).asks.into_iter().rev().for_each(|ask| asks.push_front(ask));
                    continue;
                }
            };
            let taken = self.take(page.clone(), ask, Arc::new(*answer)).await;
            links.extend(taken.links);
            if let Some(filled) = taken.page {
                return Ok((filled, links));
            }
            taken.asks.into_iter().rev().for_each(|ask| asks.push_front(ask));
        }
        Ok((page, links))
    }

    /// With what is to be shown to the origin of the address.
    fn signed(&self, request: Request, url: &Url) -> Request {
        self.signed_with(request, url, None)
    }

    /// And with further cookies.
    fn signed_with(&self, mut request: Request, url: &Url, further: Option<String>) -> Request {
        let mut cookies = match (self.jar().header(url, SystemTime::now()), further) {
            (Some(kept), Some(further)) => Some(merged(&kept, &further)),
            (kept, further) => kept.or(further),
        };
        for (name, value) in self.config.credentials.headers(url) {
            match &cookies {
                Some(kept) if name.eq_ignore_ascii_case("cookie") => cookies = Some(merged(value, kept)),
                _ => request = request.header(name, value),
            }
        }
        match cookies {
            Some(cookies) => request.header("Cookie", cookies),
            None => request,
        }
    }

    /// Whether the address is shown others than before.
    fn keep_cookies(&self, url: &Url, response: &Response) -> bool {
        let (now, mut jar) = (SystemTime::now(), self.jar());
        let mut set = response.headers.all("set-cookie").peekable();
        if set.peek().is_none() {
            return false;
        }
        let before = jar.header(url, now);
        set.for_each(|cookie| jar.set(url, cookie, now));
        jar.header(url, now) != before
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One page, with redirects followed and transient failures tried again; every hop asks its site's robots.txt.
    pub(super) async fn follow(&self, url: Url, robots: Robots, wanted: Wanted, known: &Validators) -> Result<Answer, Error> {
        let mut at = url.clone();
        self.follow_on(&mut at, robots, wanted, known).await.map_err(|error| match error {
            // These are about the way itself.
            Error::TooManyRedirects { .. } | Error::RedirectLoop { .. } => error,
            error if at != url => Error::Redirected { to: at, source: Box::new(error) },
            error => error,
        })
    }

    /// The same; `url` is where the redirects have led so far.
    async fn follow_on(&self, url: &mut Url, robots: Robots, wanted: Wanted, known: &Validators) -> Result<Answer, Error> {
        let (mut via, mut has_news) = (Vec::new(), false);
        loop {
            if robots == Robots::Obey {
                let rules = self.rules(url).await?;
                if let Some(forbidden) = rules.forbids(url) {
                    return Err(Error::Forbidden { forbidden });
                }
            }
            // The validators belong to the first address alone.
            let unknown = Validators::default();
            let to = match self.insist(url, robots, wanted, if via.is_empty() { known } else { &unknown }).await? {
                Answer::Moved { to, is_known_now } => match bad_port(url, &to) {
                    Some(port) => return Err(Error::BadPort { port }),
                    None if wants_login(url, &to) => return Err(Error::Login { to }),
                    None => {
                        has_news |= is_known_now;
                        to
                    }
                },
                answer => return Ok(answer),
            };
            via.push(std::mem::replace(url, to));
            if via.contains(url) && !std::mem::take(&mut has_news) {
                return Err(Error::RedirectLoop { through: url.clone() });
            }
            if via.len() > self.config.http.max_redirects {
                return Err(Error::TooManyRedirects { limit: self.config.http.max_redirects });
            }
        }
    }

    async fn insist(&self, url: &Url, robots: Robots, wanted: Wanted, known: &Validators) -> Result<Answer, Error> {
        let mut failures = 0;
        loop {
            while let Some(wait) = self.resting(url).await {
                self.handle.sleep(wait).await;
            }
            self.wait_for_turn(url, robots).await;
            let answer = self.ask(url, 0, wanted, known).await;
            let answer = if wanted == Wanted::Page { self.insisted_on(answer, robots).await } else { answer };
            let error = match answer {
                Err(error) if worth_another_try(&error) && failures < self.config.retries.into() => error,
                result => return result,
            };
            let asked = match error {
                Error::Status { retry_after, .. } => retry_after,
                _ => None,
            };
            self.handle.sleep(asked.map_or(pause_after(failures), |asked| asked.min(MAX_PAUSE))).await;
            failures += 1;
        }
    }

    /// How long the origin is to be left alone, as some process has found that it was asked too much.
    pub(super) async fn resting(&self, url: &Url) -> Option<Duration> {
        self.config.pace.as_ref()?.rest(&origin(url)).await
    }
}

/// One that nobody has had.
fn next_identity() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl Counted {
    fn new(max_requests: u64) -> Self {
        let [requests, bytes] = [0, 0].map(AtomicU64::new);
        Self { requests, max_requests: max_requests.into(), bytes, max_bytes: u64::MAX.into() }
    }
}

impl Fetcher {
    /// Reads a short body that nobody wants, as that is cheaper than a new connection, if it comes soon. Whether it can be read is all
    /// the same.
    async fn discard(&self, mut response: Response) {
        let length = response.headers.first("content-length").and_then(|length| length.parse::<u64>().ok());
        if length.is_none_or(|length| length <= WORTH_READING) {
            let mut unwanted = response.body().take(WORTH_READING);
            let mut buffer = [0; 4096];
            let all = async { while unwanted.read(&mut buffer).await.is_ok_and(|read| read > 0) {} };
            let _ = self.handle.timeout(WORTH_WAITING, all).await;
        }
    }
}

/// A name that does not exist now will hardly exist in three seconds, and the user waits for the answer; who asks to be left alone for
/// longer than is waited would be asked too early.
pub(super) fn worth_another_try(error: &Error) -> bool {
    match error {
        Error::Status { retry_after: Some(asked), .. } if *asked > PATIENCE => false,
        Error::Http { source } => source.is_transient() && !is_lookup(source),
        error => error.is_transient(),
    }
}

fn is_lookup(error: &http::Error) -> bool {
    match error.root() {
        http::Error::Proxy { source, .. } => is_lookup(source),
        error => matches!(error, http::Error::Resolve { .. }),
    }
}

fn read(page: Page, wanted: Wanted, directives: Directives, links: ReadLinks, budget: &Budget) -> Result<Answer, Error> {
    if wanted == Wanted::File {
        return Ok(Answer::File(Box::new(page), directives));
    }
    let kind = extract::kind(page.content_type.as_deref(), &page.url, &page.body);
    let sitemap = match (wanted, &kind) {
        (Wanted::Page | Wanted::Served | Wanted::Markdown | Wanted::Presence | Wanted::File, _) => None,
        // Named as a sitemap, which sitemaps.org allows; a seed is a page that is read.
        (Wanted::Sitemap, Kind::Feed) => Some(Sitemap::of_feed(extract::links_within(&page, &budget.begin())?.links, &page.body)),
        // What was asked for as a page has to look like a sitemap to be one; what is named as one may be a list, whatever it is sent as.
        (Wanted::Either, Kind::Html | Kind::Markdown) => sitemap::parse_xml(&page.body, &page.url),
        (Wanted::Sitemap | Wanted::Either, _) => sitemap::parse(&page.body, &page.url),
    };
    if let Some(sitemap) = sitemap {
        return Ok(Answer::Sitemap(sitemap));
    }
    Ok(match kind {
        // Offered for saving, as example code and data often is: only a name or content that tells of prose makes it a page.
        Kind::Text | Kind::Code(_) if is_download(&page) => Answer::NotAPage("application/octet-stream".to_owned()),
        _ if wanted == Wanted::Sitemap => Answer::NotAPage("not a sitemap".to_owned()),
        Kind::Sitemap if matches!(wanted, Wanted::Page | Wanted::Served | Wanted::Markdown) => {
            Answer::NotAPage("a sitemap, which is read where it is a seed".to_owned())
        }
        Kind::Sitemap | Kind::Xml => Answer::NotAPage("XML that is neither a sitemap nor a feed".to_owned()),
        Kind::Other(what) => Answer::NotAPage(what),
        _ => {
            let mut outline = links(&page, &budget.begin())?;
            outline.robots.index &= directives.index;
            outline.robots.follow &= directives.follow;
            let content = content_of(&page);
            // One that names itself in markdown is taken from there.
            let is_bare = outline.markdown.is_none() && outline.shell.as_ref().is_some_and(|shell| shell.shipped.is_none());
            let beside = is_bare.then(|| extract::beside(&page, &budget.begin()));
            Answer::Page(Box::new(Read { page, outline, content, beside, is_hollow: false }))
        }
    })
}

/// What pages of a site are told apart by: it answers by http and https alike, with www and without. The same in every run, for crawls that
/// go on.
pub(super) fn content_of(page: &Page) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(page.url.host_str().map(bare_name).unwrap_or_default().as_bytes());
    context.update(&[0]);
    context.update(&page.url.port().unwrap_or(0).to_le_bytes());
    match page.filled {
        // Its scripts mark where a reader is.
        Filled::Rendered => extract::lasting(&String::from_utf8_lossy(&page.body), |part| context.update(part)),
        _ => context.update(&page.body),
    }
    let mut first = [0; 8];
    first.copy_from_slice(&context.finish().as_ref()[..8]);
    u64::from_le_bytes(first)
}

/// Whether a page says nothing at all without its scripts, not even that there is none.
fn is_mute(answer: &Answer) -> bool {
    let Answer::Page(read) = answer else { return false };
    read.beside.is_some() && read.outline.forward.is_none() && read.outline.shell.as_ref().is_some_and(|shell| shell.says_nothing)
}

fn is_download(page: &Page) -> bool {
    let declared = page.content_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default();
    declared.trim().eq_ignore_ascii_case("application/octet-stream") && !page.url.path().to_ascii_lowercase().ends_with(".txt")
}

fn target(from: &Url, response: &Response) -> Result<Url, Error> {
    let bad = Error::BadRedirect { status: response.status };
    let Some(location) = response.headers.first("location") else { return Err(bad) };
    match from.join(location.trim()) {
        Ok(to) if matches!(to.scheme(), "http" | "https") => Ok(normalise(to)),
        _ => Err(bad),
    }
}

/// The port of a redirect's target, where no web server uses it and nobody asked for it.
fn bad_port(from: &Url, to: &Url) -> Option<u16> {
    to.port().filter(|port| http::is_bad_port(*port) && (from.host(), from.port()) != (to.host(), to.port()))
}

/// Whether the answer depends on the form that is asked for (RFC 9110 12.5.5).
fn varies_by_accept<'a>(mut values: impl Iterator<Item = &'a str>) -> bool {
    values.any(|value| value.split(',').any(|name| name.trim().eq_ignore_ascii_case("accept")))
}

fn pause_asked(response: &Response) -> Option<Duration> {
    retry_after(response.headers.first("retry-after")?, SystemTime::now())
}

/// A reader's error, which has the transport's inside.
fn of_reader(error: std::io::Error) -> http::Error {
    match error.downcast::<http::Error>() {
        Ok(error) => error,
        Err(error) => http::Error::TruncatedBody { received: 0, expected: None, source: Some(error) },
    }
}

impl Directives {
    fn of_headers<'a>(values: impl Iterator<Item = &'a str>, agent: &str) -> Self {
        values.map(|value| Self::of_header(value, agent)).fold(Self { index: true, follow: true }, Self::and)
    }
}

/// Markdown first among the texts: some servers have both.
const ACCEPT: &str = "text/html, application/xhtml+xml;q=0.9, text/markdown;q=0.8, text/plain;q=0.7, application/xml;q=0.5, */*;q=0.1";

/// For a page that is there in several forms.
const ACCEPT_MARKDOWN: &str = "text/markdown, text/plain;q=0.5, text/html;q=0.1";

/// Bytes up to which an answer is read on the thread that fetched it: about a tenth of a millisecond's work, for a page whose
/// elements are of the kind that costs most ten times that.
const SMALL: usize = 32 * 1024;

/// Bytes of an unwanted body that are read for the sake of the connection.
const WORTH_READING: u64 = 64 * 1024;

/// How long it may take: a new connection costs about as much.
const WORTH_WAITING: Duration = Duration::from_millis(500);

/// Requests for the text of one page beside it.
const MOST_ASKED: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_for_nobody() {
        let page = || Page {
            url: Url::parse("http://a.test/").unwrap(),
            status: 200,
            content_type: Some("text/html".to_owned()),
            body: b"<a href=/x>x</a>".to_vec(),
            depth: 0,
            validators: Validators::default(),
            fetched_at: SystemTime::now(),
            filled: Filled::default(),
        };
        let (budget, directives) = (Budget::default(), Directives { index: true, follow: true });
        let read = |wanted| read(page(), wanted, directives, extract::links_within, &budget);
        assert!(matches!(read(Wanted::Page), Ok(Answer::Page(read)) if read.outline.links.len() == 1));
        budget.stop();
        assert!(matches!(read(Wanted::Page), Err(Error::OverBudget { .. })));
    }
}
