//! A source asked for again, page by page: what has changed is stored, what is gone is removed. Knows which pages there are from the
//! store alone: no link is followed.

use std::time::SystemTime;
use std::vec;

use futures_lite::{StreamExt, future};
use futures_util::stream::FuturesUnordered;
use url::Url;

use super::{Chunking, Engine, Failed, Reading, Robots};
use crate::crawl::{MAX_LISTED, Refetched, normalise};
use crate::error::Error;
use crate::http::masked;
use crate::model::{Budget, OverBudget, Page, SourceId, Validators};
use crate::reactor::{Boxed, Lane};
use crate::store::Put;

impl Engine {
    /// Starts to ask for every page of a source again, under its validators (RFC 9110 13.1). It goes on while
    /// [`Refreshing::next`] is polled.
    ///
    /// # Errors
    /// [`Error::NotStored`], and what the store says.
    pub async fn refreshing(&self, source: SourceId, robots: Robots, chunking: Chunking) -> Result<Refreshing, Error> {
        let known = self
            .with_store({
                let source = source.clone();
                move |store| store.validators(&source)
            })
            .await?;
        if known.is_empty() {
            return Err(Error::NotStored { source_id: source });
        }
        // Told before the first request, not with the first page that cannot be stored.
        self.open_database().await?;
        Ok(Refreshing {
            engine: self.clone(),
            source,
            robots,
            chunking,
            pages: known.len() as u64,
            left: known.into_iter(),
            asking: FuturesUnordered::new(),
            settling: FuturesUnordered::new(),
            under_way: Vec::new(),
            reading: Reading::default(),
            report: RefreshReport::default(),
        })
    }

    /// Asks for every page of a source again and stores what has changed: [`Engine::refreshing`] from beginning to end.
    ///
    /// # Errors
    /// As [`Engine::refreshing`]; a page that fails is in the report.
    pub async fn refresh(&self, source: SourceId, robots: Robots, chunking: Chunking) -> Result<RefreshReport, Error> {
        let mut refreshing = self.refreshing(source, robots, chunking).await?;
        while let Some(checked) = refreshing.next().await {
            checked?;
        }
        Ok(refreshing.report)
    }

    async fn ask_again(self, url: Url, validators: Validators, robots: Robots) -> (Url, Result<Refetched, Error>) {
        let refetched = self.inner.crawler.refetch(&url, &validators, robots).await;
        (url, refetched.map_err(Error::from))
    }

    async fn settle(
        self,
        source: SourceId,
        url: Url,
        refetched: Result<Refetched, Error>,
        chunking: Chunking,
        budget: Budget,
    ) -> Result<Refreshed, Error> {
        match refetched? {
            Refetched::Unchanged => {
                self.store_in(Lane::Heavy, move |store| store.touch(&source, &url, SystemTime::now())).await?;
                Ok(Refreshed::Unchanged)
            }
            Refetched::Gone => {
                self.store_in(Lane::Heavy, move |store| store.remove_page(Some(&source), &url)).await?;
                Ok(Refreshed::Removed)
            }
            // Nothing is stored at an address nobody asked for, and nothing is removed for what may be a passing login page.
            Refetched::Page(page) if page.url != normalise(url.clone()) => Err(Error::Moved { url, to: Box::new(page.url) }),
            Refetched::Page(page) => {
                let document = self.read_within(Page { url, ..page }, budget.clone()).await?;
                match self.put_within(Some(source), document, chunking, budget).await? {
                    Put::Unchanged => Ok(Refreshed::Unchanged),
                    Put::Added | Put::Replaced => Ok(Refreshed::Updated),
                }
            }
        }
    }
}

/// A refresh under way.
#[derive(Debug)]
pub struct Refreshing {
    engine: Engine,
    source: SourceId,
    robots: Robots,
    chunking: Chunking,
    /// How many there are to check.
    pages: u64,
    left: vec::IntoIter<(Url, Validators)>,
    asking: FuturesUnordered<Boxed<'static, (Url, Result<Refetched, Error>)>>,
    /// Answers that are being read and stored.
    settling: FuturesUnordered<Boxed<'static, (Url, Result<Refreshed, Error>)>>,
    /// The addresses of these pages.
    under_way: Vec<Url>,
    reading: Reading,
    report: RefreshReport,
}

impl Refreshing {
    /// The next page that was checked; none when all are. An error is the store's, and ends the refresh. Nothing is lost if the
    /// future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Result<Url, Error>> {
        let (url, refreshed) = loop {
            while self.asking.len() + self.settling.len() < AT_ONCE
                && let Some((url, validators)) = self.left.next()
            {
                self.asking.push(Box::pin(self.engine.clone().ask_again(url, validators, self.robots)));
            }
            if self.reading.is_given_up() {
                self.settling.clear();
                if let Some(url) = self.under_way.pop() {
                    let skip = Box::new(OverBudget::Stopped.into());
                    break (url.clone(), Err(Error::Unreadable { url, skip }));
                }
            }
            if self.asking.is_empty() && self.settling.is_empty() {
                return None;
            }
            let settled = async {
                match self.settling.next().await {
                    Some(settled) => Turn::Settled(settled),
                    None => future::pending().await,
                }
            };
            let answered = async {
                match self.asking.next().await {
                    Some(answered) => Turn::Answered(answered),
                    None => future::pending().await,
                }
            };
            let hurried = async {
                self.reading.hurry(&self.engine.inner.handle).await;
                Turn::Hurried
            };
            match future::or(future::or(settled, answered), hurried).await {
                Turn::Hurried => {}
                Turn::Settled(settled) => {
                    self.under_way.retain(|url| *url != settled.0);
                    break settled;
                }
                Turn::Answered((url, refetched)) => {
                    self.under_way.push(url.clone());
                    let budget = self.reading.budget.clone();
                    let settling = self.engine.clone().settle(self.source.clone(), url.clone(), refetched, self.chunking.clone(), budget);
                    self.settling.push(Box::pin(async move { (url, settling.await) }));
                }
            }
        };
        self.report.checked += 1;
        match refreshed {
            Ok(Refreshed::Unchanged) => self.report.unchanged += 1,
            Ok(Refreshed::Updated) => self.report.updated += 1,
            Ok(Refreshed::Removed) => self.report.removed += 1,
            // The store fails for every page alike.
            Err(error @ Error::Store(_)) => {
                self.stop();
                return Some(Err(error));
            }
            Err(error) => {
                let (hint, is_transient) = (error.hint(), error.is_transient());
                self.report.failed_total += 1;
                if self.report.failed.len() < MAX_LISTED {
                    self.report.failed.push(Failed { url: masked(&url), error: error.chain(), hint, is_transient });
                }
            }
        }
        Some(Ok(url))
    }

    /// Asks for nothing more; requests in flight are cancelled. What has been answered is still stored while [`Refreshing::next`]
    /// is polled, until it yields none: a page that takes more than about a second for that has failed.
    pub fn stop(&mut self) {
        self.left = Vec::new().into_iter();
        self.asking.clear();
        self.reading.end(self.engine.inner.handle.now());
    }

    /// How many pages there are to check in all.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// What was found so far.
    pub fn report(&self) -> &RefreshReport {
        &self.report
    }
}

/// What a refresh found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RefreshReport {
    pub checked: u64,
    /// 304, or the same content again.
    pub unchanged: u64,
    pub updated: u64,
    /// Gone from the site (404, 410), and so from the store.
    pub removed: u64,
    /// The first [`MAX_LISTED`] only, `failed_total` counts them all.
    pub failed: Vec<Failed>,
    pub failed_total: u64,
}

enum Turn {
    Settled((Url, Result<Refreshed, Error>)),
    Answered((Url, Result<Refetched, Error>)),
    Hurried,
}

#[derive(Debug)]
enum Refreshed {
    Unchanged,
    Updated,
    Removed,
}

/// Pages asked for, read and stored at once.
const AT_ONCE: usize = 8;
