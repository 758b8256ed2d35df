//! Workers of one crawl, as several engines on one store in a world whose time is virtual.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::engine::{Chunking, CrawlReport, CrawlRequest, JoinRequest, Joining};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::JoinedTotals;
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use tempfile::TempDir;

use super::site::{Reply, Site, page};
use super::stores;

pub struct World {
    pub handle: Handle,
    pub site: Site,
    pub home: TempDir,
}

impl World {
    pub fn new() -> Self {
        let sim = Sim::new();
        ["a.test", "b.test"].iter().for_each(|host| sim.host(host, ["10.0.0.1"]));
        let (handle, site) = (sim.handle(), Site::default());
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
        Self { handle, site, home: TempDir::new().unwrap() }
    }

    pub fn database(&self) -> PathBuf {
        stores::named(&self.home.path().join("index.db"))
    }

    pub fn engine(&self) -> Engine {
        Engine::with_handle(self.config(), self.handle.clone()).unwrap()
    }

    /// One that waits for nobody who has the file.
    pub fn hasty(&self) -> Engine {
        let mut config = self.config();
        config.store.busy_timeout = Duration::from_millis(10);
        Engine::with_handle(config, self.handle.clone()).unwrap()
    }

    fn config(&self) -> Config {
        let mut config = Config { environment: Environment::none(), ..Config::new(self.database()) };
        config.crawl.http.private_addresses = PrivateAddresses::Allow;
        config.embeddings = Embeddings::None;
        config
    }

    /// A front page, and so many pages each of which links to the next ones and to the front page.
    pub fn pages(&self, pages: usize) {
        self.site.page("a.test/", &["/0", "/1"]);
        for number in 0..pages {
            let next: Vec<String> =
                (1..=3).map(|more| number * 2 + more).filter(|next| *next < pages).map(|next| format!("/{next}")).collect();
            let links: Vec<&str> = next.iter().map(String::as_str).chain(["/"]).collect();
            let answer = Reply::html(page(&format!("page {number}"), &links)).after(Duration::from_millis(50));
            self.site.reply(&format!("a.test/{number}"), answer);
        }
    }

    pub fn requests(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for asked in self.site.asked() {
            *times.entry(format!("{}{}", asked.host, asked.target)).or_default() += 1;
        }
        times
    }

    /// Each was asked for once.
    pub fn once(&self) {
        let again: Vec<_> = self.requests().into_iter().filter(|(_, times)| *times > 1).collect();
        assert!(again.is_empty(), "asked for again: {again:?}");
    }

    pub async fn join(&self, engine: &Engine, request: CrawlRequest) -> Joining {
        engine.join(JoinRequest::new(request), Chunking::default()).await.unwrap()
    }

    /// As many workers as there are engines, to the end.
    pub fn crawl(&self, engines: &[Engine], request: &CrawlRequest) -> Vec<(CrawlReport, JoinedTotals)> {
        self.handle.block_on(async {
            let mut all = Vec::new();
            for engine in engines {
                all.push(self.join(engine, request.clone()).await);
            }
            together(all).await
        })
    }
}

pub async fn together(workers: Vec<Joining>) -> Vec<(CrawlReport, JoinedTotals)> {
    use futures_util::stream::{FuturesOrdered, StreamExt};
    let end = |mut joining: Joining| async move {
        while let Some(event) = joining.next().await {
            event.unwrap();
        }
        (joining.report(), joining.totals().clone())
    };
    workers.into_iter().map(end).collect::<FuturesOrdered<_>>().collect().await
}

pub fn request() -> CrawlRequest {
    CrawlRequest::parse(&["http://a.test/"]).unwrap().depth(50).concurrency(4)
}
