//! A crawl as one writes it by hand: a set of addresses, a task for each, a semaphore. Pages are read and cut by the functions of this
//! library and kept in its store, so that what differs is what fetches and what schedules.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, LOCATION};
use smolcrawl::chunk;
use smolcrawl::crawl::normalise;
use smolcrawl::extract::{self, Kind};
use smolcrawl::model::{Filled, Page, Validators};
use smolcrawl::store::Store;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Crawl(Arc<Shared>);

struct Shared {
    client: reqwest::Client,
    permits: Semaphore,
    /// Where pages go; none if only links are followed.
    store: Option<Arc<Store>>,
    /// Hashes of the bodies: one page at two addresses is one page. Held for an insertion only.
    contents: Mutex<HashSet<u64>>,
    keep: Option<Keep>,
}

/// What is done with the body of each page.
type Keep = Box<dyn Fn(&[u8]) + Send + Sync>;

/// What came of a crawl.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Of different content.
    pub pages: u64,
    pub failed: u64,
}

/// What came of one address.
enum Came {
    Page(Vec<Url>),
    /// A redirect, a copy, no page.
    Other(Vec<Url>),
    Failed,
}

impl Crawl {
    pub fn new(client: reqwest::Client, concurrency: usize, store: Option<Arc<Store>>) -> Self {
        Self(Arc::new(Shared { client, permits: Semaphore::new(concurrency), store, contents: Mutex::default(), keep: None }))
    }

    /// One that only follows links, and gives the body of each page to `keep`.
    pub fn of_links(client: reqwest::Client, concurrency: usize, keep: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        let permits = Semaphore::new(concurrency);
        Self(Arc::new(Shared { client, permits, store: None, contents: Mutex::default(), keep: Some(Box::new(keep)) }))
    }

    /// Every page that links lead to on the host of the seed.
    pub async fn run(self, seed: Url) -> Result<Found, Failure> {
        let seed = normalise(seed);
        let site = seed.origin();
        let (mut seen, mut tasks, mut found) = (HashSet::from([seed.clone()]), JoinSet::new(), Found::default());
        tasks.spawn(self.clone().page(seed));
        while let Some(came) = tasks.join_next().await {
            let links = match came?? {
                Came::Page(links) => {
                    found.pages += 1;
                    links
                }
                Came::Other(links) => links,
                Came::Failed => {
                    found.failed += 1;
                    Vec::new()
                }
            };
            for link in links.into_iter().map(normalise).filter(|link| link.origin() == site) {
                if seen.insert(link.clone()) {
                    tasks.spawn(self.clone().page(link));
                }
            }
        }
        Ok(found)
    }

    async fn page(self, url: Url) -> Result<Came, Failure> {
        let _permit = self.0.permits.acquire().await?;
        let Ok(response) = self.0.client.get(url.clone()).send().await else { return Ok(Came::Failed) };
        let header = |name: HeaderName| text_of(response.headers(), &name);
        if response.status().is_redirection() {
            return Ok(Came::Other(header(LOCATION).and_then(|target| url.join(&target).ok()).into_iter().collect()));
        }
        if response.status() != reqwest::StatusCode::OK {
            return Ok(Came::Failed);
        }
        let (content_type, validators) =
            (header(CONTENT_TYPE), Validators { etag: header(ETAG), last_modified: header(LAST_MODIFIED), twin: None });
        if content_type.is_some() && matches!(extract::kind(content_type.as_deref(), &url, &[]), Kind::Other(_)) {
            return Ok(Came::Other(Vec::new()));
        }
        let Ok(body) = response.bytes().await else { return Ok(Came::Failed) };
        let body = Vec::from(body);
        match extract::kind(content_type.as_deref(), &url, &body) {
            Kind::Other(_) | Kind::Sitemap | Kind::Xml => return Ok(Came::Other(Vec::new())),
            // Offered for saving: example code and data.
            Kind::Text | Kind::Code(_) if content_type.as_deref() == Some("application/octet-stream") => {
                return Ok(Came::Other(Vec::new()));
            }
            _ => {}
        }
        let page =
            Page { url, status: 200, content_type, body, depth: 0, validators, fetched_at: SystemTime::now(), filled: Filled::default() };
        match &self.0.store {
            Some(_) => {
                let this = self.clone();
                tokio::task::spawn_blocking(move || this.take_in(&page)).await?
            }
            None => Ok(self.follow(&page)),
        }
    }

    fn follow(&self, page: &Page) -> Came {
        let links = extract::links(page).links;
        if !self.is_new(page) {
            return Came::Other(links);
        }
        if let Some(keep) = &self.0.keep {
            keep(&page.body);
        }
        Came::Page(links)
    }

    fn take_in(&self, page: &Page) -> Result<Came, Failure> {
        let links = extract::links(page).links;
        let Some(store) = self.0.store.as_ref().filter(|_| self.is_new(page)) else { return Ok(Came::Other(links)) };
        match extract::document(page) {
            Ok(document) => {
                let chunks = chunk::split(&document, &chunk::Config::default());
                store.put(&document, &chunks)?;
                Ok(Came::Page(links))
            }
            Err(_) => Ok(Came::Other(links)),
        }
    }

    fn is_new(&self, page: &Page) -> bool {
        let mut hasher = DefaultHasher::new();
        page.body.hash(&mut hasher);
        self.0.contents.lock().expect("nobody panics with it").insert(hasher.finish())
    }
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
