//! Pages that scripts fill in: the browser runs them, and what they ask for is fetched here, by the rules of the crawl.

use std::sync::atomic::Ordering;

use crate::crawl::error::Error;
use crate::crawl::fetch::{Answer, Fetcher, Read, Wanted, bad_port, read, target};
use crate::crawl::frontier::{normalise, origin};
use crate::crawl::plan::{Render, Robots};
use crate::crawl::robots::Directives;
use crate::extract::{self, Kind};
use crate::http::{Redirects, Request, masked};
use crate::model::{Filled, Page, Validators};
use crate::reactor::Boxed;
use crate::render::{Asked, Declined, Fetched, Fetches, Outcome, Served};

impl Fetcher {
    /// The answer, or what its scripts make of it, where that is asked for.
    pub(in crate::crawl) async fn filled_in(&self, answer: Result<Answer, Error>, robots: Robots) -> Result<Answer, Error> {
        match answer {
            Ok(Answer::Page(read)) if self.is_to_be_rendered(&read) => self.rendered(read, robots).await,
            answer => answer,
        }
    }

    fn is_to_be_rendered(&self, Read { page, outline, .. }: &Read) -> bool {
        match self.render {
            Render::Never => false,
            // What ships its text is read without a browser.
            Render::Auto => outline.shell.as_ref().is_some_and(|shell| shell.shipped.is_none()),
            Render::Always => extract::kind(page.content_type.as_deref(), &page.url, &page.body) == Kind::Html,
        }
    }

    /// What the scripts of a page make of it, or where they lead; the page as it is, where nobody insists and there is no browser.
    pub(in crate::crawl) async fn rendered(&self, read: Box<Read>, robots: Robots) -> Result<Answer, Error> {
        let Page { url, content_type, body, .. } = &read.page;
        let served = Served::new(url, content_type.as_deref(), body);
        let answers = Answers { fetcher: self, robots };
        let rendered = match self.browser.render(&served, &answers).await {
            Ok(Outcome::Rendered(rendered)) => rendered,
            Ok(Outcome::Moved(to)) => {
                let to = normalise(to);
                return match bad_port(url, &to) {
                    Some(port) => Err(Error::BadPort { port }),
                    None if to == *url => Ok(Answer::Page(read)),
                    None => Ok(Answer::Moved { to, is_known_now: false }),
                };
            }
            // Nobody has asked for it by name: the page is what it is without.
            Err(error) if self.render == Render::Auto && error.is_of_the_system() => {
                if !self.is_browser_missed.swap(true, Ordering::Relaxed) {
                    let hint = error.hint().unwrap_or_default();
                    log::warn!("{} is filled in by scripts, which are not run, as {error}: {hint}", masked(url));
                }
                return Ok(Answer::Page(read));
            }
            Err(source) => return Err(Error::Render { source: Box::new(source) }),
        };
        log::debug!(
            "{} is rendered: {} requests, {} refused, at rest: {}",
            masked(url),
            rendered.requests,
            rendered.refused,
            rendered.is_settled
        );
        self.pages_rendered.fetch_add(1, Ordering::Relaxed);
        let directives = Directives { index: read.outline.robots.index, follow: read.outline.robots.follow };
        let page = Page {
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: rendered.html.into_bytes(),
            // They say nothing of what the scripts bring.
            validators: Validators::default(),
            filled: Filled::Rendered,
            ..read.page
        };
        self.read_again(page, directives).await
    }

    /// As what was served is read.
    async fn read_again(&self, page: Page, directives: Directives) -> Result<Answer, Error> {
        let (budget, links) = (self.reading.clone(), self.links);
        self.handle.unblock(move || read(page, Wanted::Page, directives, links, &budget)).await
    }

    /// One request of a page that is being rendered.
    async fn fetch_for_page(&self, asked: Asked<'_>, robots: Robots) -> Result<Fetched, String> {
        let Asked { method, url, headers, page } = asked;
        if robots == Robots::Obey
            && let Some(forbidden) = self.rules(&url).await.map_err(|error| error.chain())?.forbids(&url)
        {
            return Err(forbidden.to_string());
        }
        if bad_port(page, &url).is_some() {
            return Err("a port that no web server uses".to_owned());
        }
        while let Some(wait) = self.resting(&url).await {
            self.handle.sleep(wait).await;
        }
        self.wait_for_turn(&url, robots).await;
        if !self.spend() {
            return Err(Error::MaxRequests.to_string());
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
            request = self.signed(request, &url);
        }
        let response = self.client.send(request).await.map_err(|error| Error::from(error).chain())?;
        if is_own {
            self.keep_cookies(&url, &response);
        }
        if (300..400).contains(&response.status)
            && let Ok(to) = target(&url, &response)
            && let Some(port) = bad_port(&url, &to)
        {
            return Err(Error::BadPort { port }.to_string());
        }
        let status = response.status;
        let told: Vec<_> = response.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let body = self.body(response).await.map_err(|error| error.chain())?;
        Ok(Fetched::new(status, told, body))
    }
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
}
