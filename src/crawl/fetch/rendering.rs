//! Pages that scripts fill in: the browser runs them, and what they ask for is fetched here, by the rules of the crawl.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use url::Url;

use crate::crawl::error::Error;
use crate::crawl::fetch::{Answer, Fetcher, Read, SMALL, Wanted, bad_port, pause_asked, read, target};
use crate::crawl::frontier::{is_route, normalise, origin};
use crate::crawl::plan::{Render, Robots};
use crate::crawl::robots::{Directives, Rules};
use crate::crawl::selection::wants_login;
use crate::extract::{self, Kind, Outline};
use crate::http::{Redirects, Request, Response, masked};
use crate::model::{Filled, Page, Validators};
use crate::reactor::Boxed;
use crate::render::{self, Asked, Declined, Fetched, Fetches, Outcome, Served};

impl Fetcher {
    /// The answer, or what its scripts make of it, where all pages are to be rendered.
    pub(in crate::crawl) async fn insisted_on(&self, answer: Result<Answer, Error>, robots: Robots) -> Result<Answer, Error> {
        let Ok(Answer::Page(read)) = answer else { return answer };
        let Read { page, outline, .. } = &*read;
        if self.render != Render::Always || extract::kind(page.content_type.as_deref(), &page.url, &page.body) != Kind::Html {
            return Ok(Answer::Page(read));
        }
        Ok(self.rendered(page, directives_of(outline), robots).await?.unwrap_or(Answer::Page(read)))
    }

    /// A page with a text of its own as it is, or with what scripts put into its empty place, where the site is known for that, or the page was
    /// rendered before.
    ///
    /// # Errors
    /// [`Error::Shell`] of one that was rendered before and cannot be now: what is known of it says more.
    pub(in crate::crawl) async fn filled_in(&self, mut read: Read, known: &Filled, robots: Robots) -> Result<Read, Error> {
        let is_of_such = *known == Filled::Rendered || self.scripted().needs(&origin(&read.page.url));
        if !is_of_such || !self.is_hollow(&mut read.page).await {
            return Ok(read);
        }
        match self.rendered(&read.page, directives_of(&read.outline), robots).await? {
            Some(Answer::Page(rendered)) => Ok(*rendered),
            _ if *known == Filled::Rendered => Err(Error::Shell),
            _ => Ok(read),
        }
    }

    /// Whether scripts would add to a page that has a text of its own; a long one is looked at on another thread.
    pub(in crate::crawl) async fn is_hollow(&self, page: &mut Page) -> bool {
        if page.filled != Filled::Served || page.body.len() <= SMALL {
            return page.filled == Filled::Served && extract::is_hollow(page, &self.reading.begin());
        }
        let body = std::mem::take(&mut page.body);
        let (looked, budget) = (Page { body, ..page.clone() }, self.reading.clone());
        let look = move || (extract::is_hollow(&looked, &budget.begin()), looked.body);
        let (is_hollow, body) = self.handle.unblock(look).await;
        page.body = body;
        is_hollow
    }

    /// Whether a browser is asked at all.
    pub(in crate::crawl) fn may_render(&self) -> bool {
        match self.render {
            Render::Never => false,
            Render::Auto => !self.is_browser_missed.load(Ordering::Relaxed),
            Render::Always => true,
        }
    }

    /// A single page that has no text of its own: from where its site ships it, else as a browser fills it in, else as it is, if it was never
    /// known to be more.
    ///
    /// # Errors
    /// [`Error::Shell`] of one that was: what is known of it says more than its shell.
    pub(in crate::crawl) async fn filled(
        &self,
        read: Read,
        wanted: &Url,
        known: &Filled,
        robots: Robots,
    ) -> Result<(Page, Vec<Url>), Error> {
        let (mut read, mut wanted, mut hops) = (read, wanted.clone(), 0);
        loop {
            let (directives, has_text) = (directives_of(&read.outline), read.beside.is_none());
            // Of one that was rendered before it is known that there is nothing beside it.
            let is_known = *known == Filled::Rendered || self.scripted().needs(&origin(&read.page.url));
            let is_missing = read.page.status == 404;
            let (mut page, mut links) = match is_missing || is_known && self.may_render() {
                true => (read.page, read.outline.links),
                false => self.fill(read, &wanted, robots).await?,
            };
            if !page.filled.is_served() || has_text && self.render != Render::Always {
                return Ok((page, links));
            }
            // The place in an application that was asked for.
            if is_route(&wanted) {
                page.url = wanted.clone();
            }
            let to = match self.rendered(&page, directives, robots).await? {
                Some(Answer::Page(rendered)) => {
                    links.extend(rendered.outline.links);
                    return Ok((rendered.page, links));
                }
                Some(Answer::Moved { to, .. }) => to,
                _ if is_missing && known.is_served() => return Err(Error::Status { status: page.status, retry_after: None }),
                _ if known.is_served() || has_text => return Ok((page, links)),
                _ => return Err(Error::Shell),
            };
            if wants_login(&page.url, &to) {
                return Err(Error::Login { to });
            }
            hops += 1;
            if hops > self.config.http.max_redirects {
                return Err(Error::TooManyRedirects { limit: self.config.http.max_redirects });
            }
            let next = self.follow(to, robots, Wanted::Page, &Validators::default()).await.map_err(|error| match error.root() {
                // That its script leads nowhere, today, does not say that the page is gone.
                Error::Status { .. } if !known.is_served() => Error::Shell,
                Error::Status { .. } => Error::NotAPage { what: "where its script leads".to_owned() },
                _ => error,
            });
            match next? {
                Answer::Page(next) if next.beside.is_some() => read = *next,
                Answer::Page(next) => return Ok((next.page, next.outline.links)),
                _ => return Err(Error::NotAPage { what: "where its script leads".to_owned() }),
            }
            // Without a fragment.
            wanted = read.page.url.clone();
        }
    }

    /// What the scripts of a page make of it, or where they lead; none where nobody insists and there is no browser, or it is not to be asked.
    pub(in crate::crawl) async fn rendered(&self, page: &Page, directives: Directives, robots: Robots) -> Result<Option<Answer>, Error> {
        if !self.may_render() {
            return Ok(None);
        }
        let Page { url, content_type, body, .. } = page;
        let served = Served::new(url, content_type.as_deref(), body);
        let answers = Answers { fetcher: self, robots };
        let rendered = match self.browser.render(&served, &answers).await {
            Ok(Outcome::Rendered(rendered)) => rendered,
            Ok(Outcome::Moved(to)) => {
                let to = normalise(to);
                return match bad_port(url, &to) {
                    Some(port) => Err(Error::BadPort { port }),
                    None if to == normalise(url.clone()) => Ok(None),
                    None => Ok(Some(Answer::Moved { to, is_known_now: false })),
                };
            }
            // Nobody has asked for it by name: the page is what it is without.
            Err(error) if self.render == Render::Auto && error.is_of_the_system() => {
                if !self.is_browser_missed.swap(true, Ordering::Relaxed) {
                    let (hint, why) = (error.hint().unwrap_or_default(), Error::Render { source: Box::new(error) }.chain());
                    log::warn!("{} is filled in by scripts, which are not run, as {why}: {hint}", masked(url));
                }
                return Ok(None);
            }
            Err(source) => return Err(Error::Render { source: Box::new(source) }),
        };
        let render::Rendered { html, routes, is_settled, requests, refused, .. } = rendered;
        log::debug!("{} is rendered: {requests} requests, {refused} refused, at rest: {is_settled}", masked(url));
        self.pages_rendered.fetch_add(1, Ordering::Relaxed);
        self.pages_unsettled.fetch_add(u64::from(!is_settled), Ordering::Relaxed);
        let page = Page {
            url: url.clone(),
            status: page.status,
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: html.into_bytes(),
            depth: page.depth,
            // They say nothing of what the scripts bring.
            validators: Validators::default(),
            fetched_at: page.fetched_at,
            filled: Filled::Rendered,
        };
        if !is_settled && self.is_empty(&page).await {
            return Err(Error::Render { source: Box::new(render::Error::Unready) });
        }
        let mut answer = self.read_again(page, directives).await?;
        if let Answer::Page(read) = &mut answer {
            read.outline.links.extend(routes);
        }
        Ok(Some(answer))
    }

    /// Whether nothing would be stored of it.
    async fn is_empty(&self, page: &Page) -> bool {
        let (page, budget) = (page.clone(), self.reading.clone());
        self.handle.unblock(move || matches!(extract::document_within(&page, &budget.begin()), Err(extract::Skip::StillEmpty))).await
    }

    /// As what was served is read.
    async fn read_again(&self, page: Page, directives: Directives) -> Result<Answer, Error> {
        let (budget, links) = (self.reading.clone(), self.links);
        self.handle.unblock(move || read(page, Wanted::Page, directives, links, &budget)).await
    }

    /// One request of a page that is being rendered.
    async fn fetch_for_page(&self, asked: Asked<'_>, robots: Robots) -> Result<Fetched, String> {
        let Asked { method, url, headers, cookies, page } = asked;
        if robots == Robots::Obey
            && let Some(forbidden) = self.rules_for_page(&url).await.map_err(|error| error.chain())?.forbids(&url)
        {
            self.note_refused(FORBIDDEN, Some(&url));
            return Err(forbidden.to_string());
        }
        if bad_port(page, &url).is_some() {
            self.note_refused(BAD_PORT, Some(&url));
            return Err(BAD_PORT.to_owned());
        }
        // A page is shown what its own site shows to who asks, and nothing of what another site would show to us.
        let is_own = origin(&url) == origin(page);
        let mut request = Request::new(method, url.clone()).redirects(Redirects::Stop);
        let ours: &[(String, String)] = if is_own { self.config.credentials.headers(&url) } else { &[] };
        for (name, value) in headers {
            if !ours.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                request = request.header(name, value);
            }
        }
        if is_own {
            request = self.signed_with(request, &url, cookies);
        }
        let response = self.send_in_turn(&request, &url, robots).await.map_err(|error| error.chain())?;
        if is_own {
            self.keep_cookies(&url, &response);
        }
        if (300..400).contains(&response.status)
            && let Ok(to) = target(&url, &response)
            && let Some(port) = bad_port(&url, &to)
        {
            self.note_refused(BAD_PORT, Some(&to));
            return Err(Error::BadPort { port }.to_string());
        }
        let status = response.status;
        let told: Vec<_> = response.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = self.body(response).await.map_err(|error| error.chain())?;
        Ok(Fetched::new(status, told, body))
    }
}

impl Fetcher {
    fn note_refused(&self, rule: &'static str, url: Option<&Url>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.entry(rule).or_insert_with(|| (0, url.map(masked))).0 += 1;
    }

    /// Requests of pages in the browser that were refused, by rule, and the first of each.
    pub(in crate::crawl) fn requests_refused(&self) -> BTreeMap<&'static str, (u64, Option<Url>)> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn rules_for_page(&self, url: &Url) -> Result<Arc<Rules>, Error> {
        let rules = self.rules(url).await;
        if let Err(error) = &rules {
            self.note_refused(if matches!(error, Error::MaxRequests) { BEYOND } else { UNREACHABLE }, Some(url));
        }
        rules
    }

    /// Asks when the origin may be asked, and again, as often as anything is, where it says that this was too soon.
    async fn send_in_turn(&self, request: &Request, url: &Url, robots: Robots) -> Result<Response, Error> {
        let mut tries = 0;
        loop {
            while let Some(wait) = self.resting(url).await {
                self.handle.sleep(wait).await;
            }
            loop {
                let until = self.rests().until(url, self.handle.now());
                let Some(until) = until else { break };
                self.handle.sleep_until(until).await;
            }
            self.wait_for_turn(url, robots).await;
            if !self.spend() {
                self.note_refused(BEYOND, Some(url));
                return Err(Error::MaxRequests);
            }
            let response = self.client.send(request.clone()).await?;
            self.tell_pace(url, response.status, pause_asked(&response)).await;
            let is_too_soon = matches!(response.status, 429 | 503);
            match is_too_soon {
                true => self.rests().told(url, pause_asked(&response), self.handle.now()),
                false => self.rests().answered(url),
            }
            if !is_too_soon || tries >= self.config.retries {
                return Ok(response);
            }
            self.discard(response).await;
            tries += 1;
        }
    }
}

pub(in crate::crawl) fn directives_of(outline: &Outline) -> Directives {
    Directives { index: outline.robots.index, follow: outline.robots.follow }
}

/// What answers a page's requests.
struct Answers<'a> {
    fetcher: &'a Fetcher,
    robots: Robots,
}

impl Fetches for Answers<'_> {
    fn fetch<'a>(&'a self, asked: Asked<'a>) -> Boxed<'a, Result<Fetched, Declined>> {
        Box::pin(async move { self.fetcher.fetch_for_page(asked, self.robots).await.map_err(|why| Declined { why }) })
    }

    fn identity(&self) -> u64 {
        self.fetcher.identity
    }

    fn refused(&self, rule: &'static str, url: Option<&Url>) {
        self.fetcher.note_refused(rule, url);
    }
}

/// Rules of the crawl for what a page asks for.
const FORBIDDEN: &str = "forbidden by robots.txt";
const BEYOND: &str = "beyond the limit of requests";
const UNREACHABLE: &str = "robots.txt could not be asked for";
const BAD_PORT: &str = "a port that no web server uses";
