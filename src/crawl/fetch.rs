//! One request and what its answer is: a page, a sitemap, a redirect, or a reason why it is none. Knows no queue and no scope.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use futures_lite::AsyncReadExt;
use url::Url;

use crate::extract;
use crate::extract::Kind;
use crate::extract::Outline;
use crate::http;
use crate::http::Redirects;
use crate::http::Request;
use crate::http::Response;
use crate::model::Page;
use crate::model::Validators;
use crate::reactor::Handle;

use super::Config;
use super::error::{Error, bare};
use super::frontier::{normalise, origin};
use super::plan::Robots;
use super::polite::{MAX_PAUSE, pause_after, retry_after};
use super::robots::{Directives, Forbidden, MAX_SIZE, Rules, is_product_token};
use super::sitemap;
use super::sitemap::Sitemap;
use super::turns::Turns;

/// What is shared by all crawls of one crawler.
#[derive(Debug)]
pub(super) struct Fetcher {
    pub(super) handle: Handle,
    pub(super) client: http::Client,
    pub(super) config: Config,
    /// Never held across an await.
    rules: Arc<Mutex<KnownRules>>,
    turns: Arc<Turns>,
}

/// The rules of origins, with the time they were fetched.
type KnownRules = HashMap<Box<str>, (Instant, Arc<Rules>)>;

/// What an answer is.
#[derive(Debug)]
pub(super) enum Answer {
    /// Of a kind that is read, with what it says to a crawler.
    Page(Box<(Page, Outline)>),
    Sitemap(Sitemap),
    /// A redirect, its target in normal form.
    Moved(Url),
    /// 304: what the validators stand for is still so.
    Unchanged,
    /// Something else, named.
    NotAPage(String),
}

/// What is looked for at a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Page,
    Sitemap,
    Either,
}

impl Fetcher {
    pub(super) fn new(handle: Handle, config: Config) -> Result<Self, Error> {
        if !is_product_token(&config.agent) {
            return Err(Error::Agent { agent: config.agent });
        }
        let client = http::Client::new(&handle, config.http.clone())?;
        Ok(Self { handle, client, config, rules: Arc::default(), turns: Arc::default() })
    }

    /// One for a single crawl: the same but for the client's counters, which begin at zero.
    pub(super) fn counting_apart(&self) -> Self {
        let Self { handle, client, config, rules, turns } = self;
        Self { handle: handle.clone(), client: client.counting_apart(), config: config.clone(), rules: rules.clone(), turns: turns.clone() }
    }

    /// Asks once; no redirect is followed, nothing is tried again.
    pub(super) async fn ask(&self, url: &Url, depth: u32, wanted: Wanted, known: &Validators) -> Result<Answer, Error> {
        let mut request = Request::get(url.clone()).redirects(Redirects::Stop).header("Accept", ACCEPT);
        if let Some(etag) = &known.etag {
            request = request.header("If-None-Match", etag);
        }
        if let Some(last_modified) = &known.last_modified {
            request = request.header("If-Modified-Since", last_modified);
        }
        let mut response = self.client.send(request).await?;
        match response.status {
            200..=299 => {
                if let Some(to) = response.refresh() {
                    self.discard(response).await;
                    return Ok(Answer::Moved(normalise(to)));
                }
            }
            304 if *known != Validators::default() => return Ok(Answer::Unchanged),
            status => {
                let answer = match status {
                    301 | 302 | 303 | 307 | 308 => target(url, &response),
                    _ => Err(Error::Status { status, retry_after: pause_asked(&response) }),
                };
                self.discard(response).await;
                return answer.map(Answer::Moved);
            }
        }
        let content_type = response.headers.first("content-type").map(str::to_owned);
        // What says that it is no page is not downloaded; a sitemap may come with any type.
        if wanted == Wanted::Page
            && content_type.is_some()
            && let Kind::Other(what) = extract::kind(content_type.as_deref(), url, &[])
        {
            return Ok(Answer::NotAPage(what));
        }
        let directives = Directives::of_headers(response.headers.all("x-robots-tag"), &self.config.agent);
        let validator = |name| response.headers.first(name).map(str::to_owned);
        let validators = Validators { etag: validator("etag"), last_modified: validator("last-modified") };
        let (status, body) = (response.status, response.bytes().await?);
        let page = Page { url: url.clone(), status, content_type, body, depth, validators, fetched_at: SystemTime::now() };
        Ok(match page.body.len() {
            ..=LARGE => read(page, wanted, directives),
            // Long enough to hold up the other requests of this thread.
            _ => self.handle.unblock(move || read(page, wanted, directives)).await,
        })
    }

    /// One page, with redirects followed and transient failures tried again; every hop asks its site's robots.txt.
    pub(super) async fn follow(&self, url: Url, robots: Robots, known: &Validators) -> Result<Answer, Error> {
        let mut via = Vec::new();
        let mut url = url;
        loop {
            if robots == Robots::Obey {
                let rules = self.rules(&url).await.map_err(|source| Error::Robots { source: Arc::new(bare(source)) })?;
                if let Some(forbidden) = rules.forbids(&url) {
                    return Err(Error::Forbidden { forbidden });
                }
            }
            // The validators belong to the first address alone.
            let unknown = Validators::default();
            let to = match self.insist(&url, robots, if via.is_empty() { known } else { &unknown }).await? {
                Answer::Moved(to) => to,
                answer => return Ok(answer),
            };
            via.push(std::mem::replace(&mut url, to));
            if via.contains(&url) {
                return Err(Error::RedirectLoop { through: url });
            }
            if via.len() > self.config.http.max_redirects {
                return Err(Error::TooManyRedirects { limit: self.config.http.max_redirects });
            }
        }
    }

    async fn insist(&self, url: &Url, robots: Robots, known: &Validators) -> Result<Answer, Error> {
        let mut failures = 0;
        loop {
            self.wait_for_turn(url, robots).await;
            let error = match self.ask(url, 0, Wanted::Page, known).await {
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

    /// The rules of a URL's origin, from memory for a day (RFC 9309 2.4).
    pub(super) async fn rules(&self, url: &Url) -> Result<Arc<Rules>, http::Error> {
        let origin = origin(url);
        let now = self.handle.now();
        if let Some((at, rules)) = self.rules.lock().unwrap_or_else(PoisonError::into_inner).get(&origin)
            && now.saturating_duration_since(*at) < self.config.robots_lifetime
        {
            return Ok(rules.clone());
        }
        let rules = Arc::new(self.ask_for_rules(url).await?);
        if let Some(delay) = rules.crawl_delay {
            // robots.txt itself was a request.
            self.turns.take(&origin, delay, self.handle.now());
        }
        let mut known = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        // A crawler that lives for months meets many sites: what is out of date goes first.
        if known.len() >= MAX_ORIGINS {
            known.retain(|_, (at, _)| now.saturating_duration_since(*at) < self.config.robots_lifetime);
        }
        if known.len() < MAX_ORIGINS {
            known.insert(origin, (now, rules.clone()));
        }
        Ok(rules)
    }

    /// Waits until the origin's `Crawl-delay` has passed since whoever asked it last: crawls, refreshes and single pages of one
    /// crawler take turns.
    pub(super) async fn wait_for_turn(&self, url: &Url, robots: Robots) {
        if robots == Robots::Ignore {
            return;
        }
        let origin = origin(url);
        let asked = self.rules.lock().unwrap_or_else(PoisonError::into_inner).get(&origin).and_then(|(_, rules)| rules.crawl_delay);
        if let Some(delay) = asked {
            while let Some(at) = self.turns.take(&origin, delay, self.handle.now()) {
                self.handle.sleep_until(at).await;
            }
        }
    }

    async fn ask_for_rules(&self, url: &Url) -> Result<Rules, http::Error> {
        let mut failures = 0;
        loop {
            match self.ask_for_rules_once(url).await {
                Err(error) if error.is_transient() && !is_lookup(&error) && failures < self.config.retries.into() => {
                    self.handle.sleep(pause_after(failures)).await;
                    failures += 1;
                }
                result => return result,
            }
        }
    }

    async fn ask_for_rules_once(&self, url: &Url) -> Result<Rules, http::Error> {
        let Ok(mut at) = url.join("/robots.txt") else { return Ok(Rules::allow_all()) };
        for _ in 0..=MAX_ROBOTS_REDIRECTS {
            let mut response = self.client.send(Request::get(at.clone()).redirects(Redirects::Stop)).await?;
            match response.status {
                301 | 302 | 303 | 307 | 308 => match target(&at, &response) {
                    Ok(to) => at = to,
                    Err(_) => break,
                },
                status @ 200..=299 => {
                    let mut body = Vec::new();
                    match response.body().take(MAX_SIZE as u64).read_to_end(&mut body).await {
                        Ok(_) => return Ok(Rules::of_answer(status, &body, &self.config.agent)),
                        Err(error) => return Err(of_reader(error)),
                    }
                }
                status => {
                    self.discard(response).await;
                    return Ok(Rules::of_answer(status, &[], &self.config.agent));
                }
            }
        }
        // Redirected too often: as if there were none (RFC 9309 2.3.1.2).
        Ok(Rules::allow_all())
    }
}

impl Fetcher {
    /// Reads a short body that nobody wants, as that is cheaper than a new connection, if it comes soon. Whether it can be read is all
    /// the same.
    async fn discard(&self, mut response: Response) {
        let length = response.headers.first("content-length").and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length <= WORTH_READING) {
            let _ = self.handle.timeout(WORTH_WAITING, response.bytes()).await;
        }
    }
}

/// A name that does not exist now will hardly exist in three seconds, and the user waits for the answer.
pub(super) fn worth_another_try(error: &Error) -> bool {
    match error {
        Error::Http { source } => source.is_transient() && !is_lookup(source),
        error => error.is_transient(),
    }
}

fn is_lookup(error: &http::Error) -> bool {
    matches!(error.root(), http::Error::Resolve { .. })
}

fn read(page: Page, wanted: Wanted, directives: Directives) -> Answer {
    let kind = extract::kind(page.content_type.as_deref(), &page.url, &page.body);
    let may_be_sitemap = !matches!(kind, Kind::Html | Kind::Markdown);
    if wanted != Wanted::Page
        && may_be_sitemap
        && let Some(sitemap) = sitemap::parse(&page.body, &page.url)
    {
        return Answer::Sitemap(sitemap);
    }
    match kind {
        // Offered for saving, as example code and data often is: only a name or content that tells of prose makes it a page.
        Kind::Text | Kind::Code(_) if is_download(&page) => Answer::NotAPage("application/octet-stream".to_owned()),
        _ if wanted == Wanted::Sitemap => Answer::NotAPage("not a sitemap".to_owned()),
        Kind::Sitemap if wanted == Wanted::Page => Answer::NotAPage("a sitemap, which is read where it is a seed".to_owned()),
        Kind::Sitemap | Kind::Xml => Answer::NotAPage("XML that is neither a sitemap nor a feed".to_owned()),
        Kind::Other(what) => Answer::NotAPage(what),
        _ => {
            let mut outline = extract::links(&page);
            outline.robots.index &= directives.index;
            outline.robots.follow &= directives.follow;
            Answer::Page(Box::new((page, outline)))
        }
    }
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
        values
            .map(|value| Self::of_header(value, agent))
            .fold(Self { index: true, follow: true }, |all, one| Self { index: all.index && one.index, follow: all.follow && one.follow })
    }
}

/// Why nothing of an origin is fetched whose robots.txt could not be asked for.
pub(super) fn closed() -> Arc<Rules> {
    Arc::new(Rules::disallow_all(Forbidden::Unreachable))
}

/// Markdown first among the texts: some servers have both.
const ACCEPT: &str = "text/html, application/xhtml+xml;q=0.9, text/markdown;q=0.8, text/plain;q=0.7, application/xml;q=0.5, */*;q=0.1";

/// Bytes up to which a page is read on the thread that fetched it: about a millisecond's work.
const LARGE: usize = 256 * 1024;

/// Bytes of an unwanted body that are read for the sake of the connection.
const WORTH_READING: u64 = 64 * 1024;

/// How long it may take: a new connection costs about as much.
const WORTH_WAITING: Duration = Duration::from_millis(500);

/// RFC 9309 2.3.1.2 asks for at least five.
const MAX_ROBOTS_REDIRECTS: usize = 5;

/// Origins whose rules are remembered.
const MAX_ORIGINS: usize = 10_000;
