//! Walks a site: which URL is fetched next, when, and when to stop. Yields pages; knows no store and no markdown.
//!
//! All but this file and `fetch` is pure: the clock and the answers are arguments. Concurrency lives inside [`Crawl`], which is a
//! plain value: it works only while it is polled, and dropping it cancels every request in flight.
//!
//! A page is handed out once, by these rules: URLs are compared in their normal form ([`normalise`]); a redirect is followed as a
//! link of its own, so that its target is judged by scope, robots.txt and memory like any other; a page yields to its canonical
//! address within the crawl; and of several URLs of one host with the same bytes only the first is a page. Where a crawl fills several
//! sources, both is so within each of them.

mod alike;
mod canonical;
mod cookies;
mod credentials;
mod error;
mod fetch;
mod frontier;
mod graph;
mod names;
mod pace;
mod plan;
mod polite;
mod recipe;
mod report;
mod robots;
mod scripted;
mod selection;
mod sitemap;
mod together;
mod traps;
mod turns;
mod twins;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use alike::Alike;
pub use credentials::Credentials;
pub use error::Error;
pub use frontier::{is_elsewhere, is_route, normalise, parse_route, parse_with_fragment};
pub use graph::{Link, LinkGraph, Linked, Met};
pub use pace::{Pace, Turn};
pub use plan::{CrawlRequest, Render, Robots, Scope, Sitemaps, UnknownRender, UnknownScope, UnknownSitemaps, parse_url};
pub use report::{Causes, CrawlReport, End, Failed, MAX_LISTED, NO_PAGE, NearlySame, OUT_OF_SCOPE, SameCause, Skipped, USUALLY_LEFT_OUT};
pub use robots::Forbidden;
pub use selection::{EXCLUDED, LeaveOut, NOT_INCLUDED, Pattern, TRANSLATION};
pub use together::{Common, Tidings};
pub use walk::{Crawl, Visit};

use crate::extract;
use crate::extract::Ask;
use crate::http;
use crate::model::Filled;
use crate::model::Page;
use crate::model::Validators;
use crate::reactor::Handle;
use crate::render;

use fetch::{Answer, Fetcher, Read, Wanted};
use frontier::origin;
use twins::{in_markdown, is_markdown};

/// Settings of a [`Crawler`].
#[derive(Clone, Debug)]
pub struct Config {
    pub http: http::Config,
    /// The product token that robots.txt is searched for (RFC 9309 2.2.1). Default: `smolcrawl`.
    pub agent: String,
    /// How often a request is repeated that failed in a way that may pass, after 1 s, 2 s, 4 s … or as `Retry-After` asks, up to 60 s.
    /// Default: 2.
    pub retries: u8,
    /// Failures in a row after which the rest of an origin is left out of a crawl. Default: 50.
    pub give_up_after: u32,
    /// How long a robots.txt is remembered. Default: 24 hours (RFC 9309 2.4).
    pub robots_lifetime: Duration,
    /// URLs that wait in one crawl; further links are passed over. Default: 1,000,000, about 150 MB.
    pub max_queued: usize,
    /// Bytes of a URL. Default: 2,048.
    pub max_url_length: usize,
    /// What is shown to sites that want to know who asks. Default: none.
    pub credentials: Credentials,
    /// Queries with which one path is fetched: calendars and filters have endlessly many. Of those with several parameters 200 at the most.
    /// Default: 1,000.
    pub max_query_variants: u32,
    /// What keeps the turns and pauses of origins for several processes. Default: none; an [`Engine`](crate::Engine) keeps them in its
    /// database.
    pub pace: Option<Arc<dyn Pace>>,
    /// Which pages a browser fills in. Default: [`Render::Auto`].
    pub render: Render,
    /// That browser.
    pub browser: render::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http: http::Config::default(),
            agent: "smolcrawl".to_owned(),
            retries: 2,
            give_up_after: 50,
            robots_lifetime: Duration::from_secs(24 * 60 * 60),
            max_queued: 1_000_000,
            max_url_length: 2_048,
            credentials: Credentials::default(),
            max_query_variants: 1_000,
            pace: None,
            render: Render::default(),
            browser: render::Config::default(),
        }
    }
}

/// Starts crawls and fetches single pages. Clones share connections, counters and the memory of robots.txt files.
///
/// ```
/// use smolcrawl::crawl::{Config, CrawlRequest, Crawler, Visit};
/// use smolcrawl::reactor::sim::Sim;
///
/// let sim = Sim::new(); // or what `reactor::choose` gives
/// let handle = sim.handle();
/// let crawler = Crawler::new(handle.clone(), Config::default())?;
/// let mut crawl = crawler.crawl(CrawlRequest::parse(&["https://docs.test/guide/"])?.depth(2));
/// let report = handle.block_on(async {
///     while let Some(visit) = crawl.next().await {
///         match visit {
///             Visit::Page(page) => println!("{} has {} bytes", page.url, page.body.len()),
///             Visit::Skipped(skipped) => println!("{} was left out: {}", skipped.url, skipped.why),
///             Visit::Failed(failed) => println!("{} failed: {}", failed.url, failed.error),
///         }
///     }
///     crawl.finish()
/// });
/// assert_eq!((report.pages, report.failed.len()), (0, 1)); // nobody has named the host docs.test in this world
/// # Ok::<(), smolcrawl::crawl::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Crawler {
    fetcher: Arc<Fetcher>,
}

impl Crawler {
    /// # Errors
    /// [`Error::Agent`], and wrong settings of the HTTP client.
    pub fn new(handle: Handle, config: Config) -> Result<Self, Error> {
        Ok(Self { fetcher: Arc::new(Fetcher::new(handle, config)?) })
    }

    /// A crawl that has not begun: the first request goes out when it is polled first.
    pub fn crawl(&self, request: CrawlRequest) -> Crawl {
        let fetcher = self.fetcher.counting_apart(request.requests_allowed(), &request.credentials).rendering(request.render);
        Crawl::new(fetcher, request)
    }

    /// A crawl that others do as well: it fetches what it is [given](Crawl::feed), and [tells](Crawl::take_tidings) what it finds. Limits are
    /// those of who gives; `common` is what all of them know.
    pub fn crawl_together(&self, request: CrawlRequest, common: Arc<dyn Common>) -> Crawl {
        let fetcher = self.fetcher.counting_apart(0, &request.credentials).rendering(request.render).knowing_with(common);
        let request = CrawlRequest { max_pages: u64::MAX, max_bytes: Some(u64::MAX), ..request };
        Crawl::new(fetcher, request).shared()
    }

    /// A crawl that tells which page links to which: the same pages by the same rules.
    pub fn link_graph(&self, request: CrawlRequest) -> LinkGraph {
        let fetcher = self.fetcher.counting_apart(request.requests_allowed(), &request.credentials).rendering(request.render);
        LinkGraph::new(Crawl::new(fetcher.describing_links(), request))
    }

    /// The same crawler, of which single pages are rendered or not, whatever its settings say. None: as they say.
    pub fn rendering(&self, render: Option<Render>) -> Self {
        match render {
            Some(_) => Self { fetcher: Arc::new(self.fetcher.counting_apart(u64::MAX, &Credentials::default()).rendering(render)) },
            None => self.clone(),
        }
    }

    /// The same crawler, of which it is known which origins need a browser: see [`CrawlRequest::scripted`].
    #[must_use]
    pub fn knowing(&self, scripted: &[String]) -> Self {
        if scripted.is_empty() {
            return self.clone();
        }
        let fetcher = self.fetcher.counting_apart(u64::MAX, &Credentials::default());
        fetcher.know_scripted(scripted);
        Self { fetcher: Arc::new(fetcher) }
    }

    /// What fills in pages, where one does.
    pub fn browser(&self) -> &render::Browser {
        self.fetcher.browser()
    }

    /// One page. Redirects are followed, transient failures tried again. The text of one that scripts would write is taken from what the site
    /// ships for them, where it does: [`Page::filled`] tells. A user and a password in the address are shown to its origin alone.
    ///
    /// # Errors
    /// At the URL: what robots.txt forbids, statuses other than 2xx, what is neither HTML nor text, and transport errors.
    pub async fn fetch(&self, url: &Url, robots: Robots) -> Result<Page, Error> {
        let signed = self.signed(url).map_err(|error| error.at(url))?;
        match signed.follow(normalise(url.clone()), robots, Wanted::page_at(url), &Validators::default()).await {
            Ok(Answer::Page(read)) if read.beside.is_some() || is_route(url) => {
                let filled = signed.filled(*read, url, &Filled::Served, robots).await;
                filled.map(|(page, _)| page).map_err(|error| error.at(url))
            }
            answer => answer.and_then(page_of).map_err(|error| error.at(url)),
        }
    }

    /// A file beside pages, as it is: the bytes of a page's body are its own. By the same rules as [`Crawler::fetch`].
    ///
    /// # Errors
    /// As [`Crawler::fetch`], but for what kind of content it is.
    pub async fn fetch_file(&self, url: &Url, robots: Robots) -> Result<Page, Error> {
        let answer = self.fetcher.follow(normalise(url.clone()), robots, Wanted::File, &Validators::default()).await;
        answer.and_then(page_of).map_err(|error| error.at(url))
    }

    /// With the user and password that stand in the address, for its origin.
    fn signed(&self, url: &Url) -> Result<Arc<Fetcher>, Error> {
        let mut credentials = Credentials::default();
        credentials.of_url(url)?;
        Ok(match credentials.is_empty() {
            true => self.fetcher.clone(),
            false => Arc::new(self.fetcher.counting_apart(u64::MAX, &credentials)),
        })
    }

    /// A page that is known, fetched only if it has changed (RFC 9110 13.1). Without validators it is fetched anyway. One that the site has in
    /// markdown, too, comes in that, as in a crawl; what was taken from there is asked for there first.
    ///
    /// # Errors
    /// As [`Crawler::fetch`], but for 404 and 410, which are [`Refetched::Gone`].
    pub async fn refetch(&self, url: &Url, known: &Validators, robots: Robots) -> Result<Refetched, Error> {
        self.refetch_filled(url, known, &Filled::Served, robots).await
    }

    /// The same of a page of which it is known where its text came from: it is asked for there first.
    ///
    /// # Errors
    /// As [`Crawler::refetch`].
    pub async fn refetch_filled(&self, url: &Url, known: &Validators, filled: &Filled, robots: Robots) -> Result<Refetched, Error> {
        if let Some(ask) = known.twin.as_ref().and_then(|twin| extract::asked_again(url, twin, filled)) {
            if let Some(refetched) = self.refetch_beside(url, ask, known, robots).await.map_err(|error| error.at(url))? {
                return Ok(refetched);
            }
        } else if let Some(twin) = &known.twin
            && let Some(refetched) = self.refetch_twin(url, twin, known, robots).await.map_err(|error| error.at(url))?
        {
            return Ok(refetched);
        }
        // Those of a twin say nothing of the page.
        let known = if known.twin.is_some() { &Validators::default() } else { known };
        match self.fetcher.follow(normalise(url.clone()), robots, Wanted::page_at(url), known).await {
            Ok(Answer::Unchanged) => Ok(Refetched::Unchanged),
            Err(error) if error.is_gone() => Ok(Refetched::Gone),
            // What was served with a text is gone, whatever an application shows in its place.
            Ok(Answer::Page(read)) if read.page.status == 404 && *filled != Filled::Rendered => Ok(Refetched::Gone),
            Ok(Answer::Page(read)) if read.beside.is_some() || is_route(url) => {
                match self.fetcher.filled(*read, url, filled, robots).await {
                    // The file of a route.
                    Err(error) if error.is_gone() && is_route(url) => Ok(Refetched::Gone),
                    filled => filled.map(|(page, links)| Refetched::Page(page, links)).map_err(|error| error.at(url)),
                }
            }
            Ok(Answer::Page(read)) => {
                let read = self.fetcher.filled_in(*read, filled, robots).await.map_err(|error| error.at(url))?;
                let links = read.outline.links.clone();
                Ok(Refetched::Page(self.better(read, robots).await, links))
            }
            answer => answer.and_then(page_of).map(|page| Refetched::Page(page, Vec::new())).map_err(|error| error.at(url)),
        }
    }

    /// The data that the text of a page was taken from, asked for again. Where it has that no more, the page itself tells.
    async fn refetch_beside(&self, url: &Url, ask: Ask, known: &Validators, robots: Robots) -> Result<Option<Refetched>, Error> {
        if origin(&ask.url) != origin(url) {
            return Ok(None);
        }
        let file = match self.fetcher.follow(ask.url.clone(), robots, Wanted::File, known).await {
            Ok(Answer::Unchanged) => return Ok(Some(Refetched::Unchanged)),
            Ok(Answer::File(file, _)) => file,
            // The file of a route is the page.
            Err(error) if error.is_gone() && url.fragment().is_some() => return Ok(Some(Refetched::Gone)),
            Err(error) if error.is_transient() || error.is_ours() => return Err(error),
            _ => return Ok(None),
        };
        let page = Page { url: url.clone(), ..(*file).clone() };
        let taken = self.fetcher.take(page, ask, Arc::new(*file)).await;
        Ok(taken.page.map(|page| Refetched::Page(page, taken.links)))
    }

    /// The markdown that a page was taken from, asked for again. Where it is no markdown any more or is gone, the page itself tells; what may
    /// pass is an error, as the page in another form would be a change that there is not.
    async fn refetch_twin(&self, url: &Url, twin: &Url, known: &Validators, robots: Robots) -> Result<Option<Refetched>, Error> {
        if origin(twin) != origin(url) {
            return Ok(None);
        }
        let (found, outline) = match self.fetcher.follow(twin.clone(), robots, Wanted::Markdown, known).await {
            Ok(Answer::Unchanged) => return Ok(Some(Refetched::Unchanged)),
            Ok(Answer::Page(read)) if read.page.url == *twin => (read.page, read.outline),
            Err(error) if error.is_transient() || error.is_ours() => return Err(error),
            _ => return Ok(None),
        };
        let Some(page) = in_markdown(&Page { url: normalise(url.clone()), ..found.clone() }, &found) else { return Ok(None) };
        // What it calls `other.md` is another page in markdown, which is stored under its own address: that is in the links of the page itself.
        if *twin == page.url {
            let links = outline.links.into_iter().filter(|link| !is_markdown(link)).collect();
            return Ok(Some(Refetched::Page(page, links)));
        }
        match self.fetcher.follow(page.url.clone(), robots, Wanted::Page, &Validators::default()).await {
            Ok(Answer::Page(read)) => Ok(Some(Refetched::Page(page, read.outline.links))),
            Err(error) if error.is_transient() || error.is_ours() => Err(error),
            _ => Ok(Some(Refetched::Page(page, Vec::new()))),
        }
    }

    /// The page in markdown, if it says where that is on its own site, and it is there.
    async fn better(&self, Read { page, outline, .. }: Read, robots: Robots) -> Page {
        let Some(twin) = outline.markdown.map(normalise).filter(|twin| origin(twin) == origin(&page.url)) else { return page };
        // One address, and several forms of what is there: few sites have markdown among them, and the first pages tell.
        let is_itself = twin == page.url;
        if is_itself && !self.fetcher.twins().may_be_at(&page.url) {
            return page;
        }
        if robots == Robots::Obey && !self.fetcher.rules(&twin).await.is_ok_and(|rules| rules.forbids(&twin).is_none()) {
            return page;
        }
        self.fetcher.wait_for_turn(&twin, robots).await;
        let wanted = if is_itself { Wanted::Markdown } else { Wanted::Page };
        let better = match self.fetcher.ask(&twin, page.depth, wanted, &Validators::default()).await {
            Ok(Answer::Page(read)) => in_markdown(&page, &read.page),
            _ => None,
        };
        if is_itself {
            self.fetcher.twins().answered(&twin, better.is_some());
        }
        better.unwrap_or(page)
    }

    pub fn client(&self) -> &http::Client {
        &self.fetcher.client
    }
}

/// What became of a page that was asked for again.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one value at a time, taken apart at once")]
pub enum Refetched {
    Unchanged,
    /// New content, and the links in it; its URL is another where it was redirected.
    Page(Page, Vec<Url>),
    /// 404 or 410.
    Gone,
}

fn page_of(answer: Answer) -> Result<Page, Error> {
    match answer {
        Answer::Page(read) => Ok(read.page),
        Answer::File(page, _) => Ok(*page),
        Answer::NotAPage(what) => Err(Error::NotAPage { what }),
        Answer::Sitemap(_) => Err(Error::NotAPage { what: "a sitemap".to_owned() }),
        Answer::Moved { .. } | Answer::Unchanged | Answer::There => Err(Error::NotAPage { what: "an answer without content".to_owned() }),
    }
}
