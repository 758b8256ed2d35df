//! The pipeline on one screen, and the only file that knows all rooms.
//!
//! ```text
//! crawl   crawl =Page=> extract =Document=> chunk =Chunk=> store (text, one transaction a page)
//! embed   store =Pending=> embed =Embedded=> store              (behind the crawl, and again after a restart)
//! search  Query -> embed (words alone where that fails) -> store.search -> Found
//! ```
//!
//! Nothing is opened before it is needed: the database with the first question to it, the model with the first vector.

#[cfg(feature = "files")]
mod adding;
mod compare;
mod copying;
mod crawling;
mod embedding;
#[cfg(feature = "files")]
mod items;
mod joining;
mod models;
mod pacing;
#[cfg(all(feature = "code", feature = "files"))]
mod project;
mod reading;
mod refresh;
mod search;
mod share;
mod share_folder;
#[cfg(all(feature = "code", feature = "files"))]
mod sites;
mod sources;
#[cfg(all(feature = "code", feature = "files"))]
mod symbols;
mod verify;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_lite::StreamExt;
use futures_util::stream::FuturesUnordered;
use url::Url;

#[cfg(feature = "files")]
pub use self::adding::{AddEvent, AddReport, AddRequest, Adding, LeftOutFiles};
pub use self::compare::{Change, Comparison, PageChanges, PageName, Pair, SectionChange};
pub use self::copying::{CopiedSource, CopyProgress, CopyReport, Copying};
pub use self::crawling::{Crawling, Event};
pub use self::embedding::{Embedding, Pace};
pub use self::joining::{JoinRequest, Joining};
use self::pacing::Pacing;
#[cfg(all(feature = "code", feature = "files"))]
pub use self::project::{Include, Missing, PackageRead, ProjectReport, ReadingProject};
use self::reading::Reading;
pub use self::refresh::{Listed, New, RefreshReport, RefreshRequest, Refreshing, StillDead, Unlooked};
pub use self::search::Found;
pub use self::share::{Existing, Export, ExportReport, ImportReport, Imported, Texts};
pub use self::sources::{DryRun, Fill, Resume};
#[cfg(all(feature = "code", feature = "files"))]
pub use self::symbols::{CodeChecked, Counted, FoundSymbol, ListedSymbols, Reference, SymbolQuery, SymbolsFound};
pub use self::verify::{Checked, Verified};
use crate::chunk;
pub use crate::chunk::Config as Chunking;
use crate::chunk::Measure;
use crate::config::{Config, Embeddings};
use crate::crawl::Crawler;
pub use crate::crawl::{
    Causes, CrawlReport, CrawlRequest, EXCLUDED, End, Failed, LeaveOut, Link, LinkGraph, Linked, Met, NO_PAGE, NOT_INCLUDED, OUT_OF_SCOPE,
    Pattern, Render, Robots, SameCause, Scope, Sitemaps, Skipped, TRANSLATION, USUALLY_LEFT_OUT, parse_route, parse_with_fragment,
};
#[cfg(any(feature = "bundled-model", feature = "models", feature = "surf"))]
use crate::embed;
use crate::embed::Embed;
use crate::error::Error;
use crate::extract;
#[cfg(feature = "files")]
pub use crate::files::{Origin, PathPattern, Selection, Usual, url_of as file_url};
use crate::http::Client;
pub use crate::http::Counters;
#[cfg(feature = "surf")]
use crate::http::{self, PrivateAddresses};
use crate::model::{Budget, Chunk, Document, EmbedProgress, Meter, Mode, OverBudget, Page, SourceId, SourceSummary};
use crate::reactor::{self, Handle, Lane, Report, Shutdown};
use crate::render;
pub use crate::share::{Error as ShareError, Form};
use crate::store::{self, CutPage, Store};
pub use crate::store::{Check, ModelSummary, PageSummary, Put};
#[cfg(all(feature = "code", feature = "files"))]
pub use crate::symbols::{How as SymbolHow, Kind as SymbolKind, Prefix as SymbolPrefix};

/// No path is that of a page where no files are read.
#[cfg(not(feature = "files"))]
pub fn file_url(_: &str) -> Option<Url> {
    None
}

/// Crawls, stores, embeds and searches. Cheap to clone: every clone is the same engine.
///
/// Its futures run on any executor; they make progress while somebody runs [`Handle::block_on`] or the reactor has a
/// thread of its own. Dropping a future cancels its work; what is stored stays.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handle: Handle,
    /// How the reactor was chosen; none where the embedder brought one.
    reactor: Option<Report>,
    config: Config,
    crawler: Crawler,
    embedder: Embedder,
    /// The model of before, perhaps: its vectors answer until the other has as many.
    former: Embedder,
    /// Whether it was told that the model has changed.
    is_change_told: AtomicBool,
    /// All that have connections: the crawler's, and that of an embeddings service.
    clients: Vec<Client>,
    /// Open once somebody asked for it. Held while it opens, so that it opens once.
    store: Mutex<Option<Arc<Store>>>,
    /// Chunks that the model's service refused or failed on, until the process ends. Held for a look-up or an insertion only.
    refused: Mutex<BTreeSet<i64>>,
    /// How much is embedded, and when that was counted; none once something was stored since. Held for a look or a change only.
    lately: Mutex<Option<(Instant, EmbedProgress)>>,
    /// How fast chunks were embedded lately, and when that was last told. Held for a look or a change only.
    pace: Mutex<Option<(Instant, f64)>>,
    /// What is known of packages, made ready to be asked. Held to look and to change; never while the store is asked.
    #[cfg(all(feature = "code", feature = "files"))]
    symbols: Mutex<symbols::Shelved>,
    /// Rung when there may be chunks without a vector; a full bell is already ringing.
    bell: (async_channel::Sender<()>, async_channel::Receiver<()>),
}

impl Engine {
    /// Chooses the reactor that `config` asks for, or its environment: see [`Config::environment`]. Opens nothing yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        let config = config.overridden()?;
        let (handle, report) = reactor::choose(config.reactor)?;
        Self::assemble(config, handle, Some(report))
    }

    /// On a reactor that the caller has: `config.reactor` is not looked at.
    pub fn with_handle(config: Config, handle: Handle) -> Result<Self, Error> {
        Self::assemble(config.overridden()?, handle, None)
    }

    fn assemble(config: Config, handle: Handle, reactor: Option<Report>) -> Result<Self, Error> {
        let pacing = Arc::new(Pacing::new(&handle));
        let mut crawl = config.crawl.clone();
        crawl.pace.get_or_insert_with(|| pacing.clone());
        let crawler = Crawler::new(handle.clone(), crawl)?;
        let (embedder, client) = embedder(&config, &handle)?;
        let clients = std::iter::once(crawler.client().clone()).chain(client).collect();
        let former = models::former(&config, &handle);
        let inner = Inner {
            handle,
            reactor,
            config,
            crawler,
            embedder,
            former,
            is_change_told: AtomicBool::new(false),
            clients,
            store: Mutex::new(None),
            refused: Mutex::default(),
            lately: Mutex::default(),
            pace: Mutex::default(),
            #[cfg(all(feature = "code", feature = "files"))]
            symbols: Mutex::default(),
            bell: async_channel::bounded(1),
        };
        let inner = Arc::new(inner);
        pacing.of(&inner);
        Ok(Self { inner })
    }

    /// What sockets and timers run on.
    pub fn handle(&self) -> &Handle {
        &self.inner.handle
    }

    /// How the reactor was chosen.
    pub fn reactor(&self) -> Option<&Report> {
        self.inner.reactor.as_ref()
    }

    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Ends what the engine does on the network: see [`Handle::shutdown`], with which it shares its meaning for all that uses
    /// the same handle. Crawls, the embedder's service and `refresh` fail from then on; what is stored can still be searched by
    /// its words. A crawl is better [stopped](Crawling::stop) and finished before.
    pub fn shutdown(&self, grace: Duration) -> impl Future<Output = Shutdown> + Send + use<> {
        self.inner.handle.shutdown(grace)
    }

    /// What the crawler's transport has done so far, all crawls of this engine and its clones together.
    pub fn http_counters(&self) -> Counters {
        self.inner.crawler.client().counters()
    }

    /// Closes kept connections when they have rested long enough, for as long as it is polled. Without it they are closed when the
    /// next request is made.
    pub async fn close_idle_connections(&self) {
        let mut closing: FuturesUnordered<_> = self.inner.clients.iter().map(Client::close_idle_connections).collect();
        while closing.next().await.is_some() {}
    }

    /// Opens the database, which is made where there is none, before anything needs it: a process that has run out of files then cannot
    /// open it any more. A crawl does this by itself before its first request.
    ///
    /// # Errors
    /// What the store says: [`store::Error::ReadOnly`] where pages cannot be stored.
    pub async fn open_database(&self) -> Result<(), Error> {
        self.store_for(Lane::Heavy, Access::Store, |_| Ok(())).await
    }

    /// Whether there is anything to ask: no database is made by a question.
    pub fn has_database(&self) -> bool {
        // It may be opening just now, which takes a while: then there will be one.
        let is_open = self.inner.store.try_lock().map_or(true, |store| store.is_some());
        is_open || store::Place::of(&self.inner.config.database).exists()
    }

    /// It ends with the engine, and nobody else has it.
    fn is_in_memory(&self) -> bool {
        self.inner.config.database.as_os_str() == ":memory:"
    }

    /// The name of the model that makes vectors, if there is one.
    pub fn model(&self) -> Option<&str> {
        self.inner.embedder.as_deref().map(Embed::model)
    }

    /// Words and meaning where there is a model, else words.
    pub fn default_mode(&self) -> Mode {
        if self.inner.embedder.is_some() { Mode::Hybrid } else { Mode::Lexical }
    }

    /// One page as it came, not stored.
    pub async fn fetch_page(&self, url: &Url, robots: Robots) -> Result<Page, Error> {
        Ok(self.inner.crawler.fetch(url, robots).await?)
    }

    /// The same, by a browser where that is asked for. None: as the settings have it.
    pub async fn fetch_page_by(&self, url: &Url, robots: Robots, render: Option<Render>) -> Result<Page, Error> {
        Ok(self.inner.crawler.rendering(render).fetch(url, robots).await?)
    }

    /// The browser that fills in pages, where one does: its program.
    pub fn browser(&self) -> Result<std::path::PathBuf, render::Error> {
        self.inner.config.crawl.browser.find()
    }

    /// One page, read but not stored.
    pub async fn fetch(&self, url: &Url, robots: Robots) -> Result<Document, Error> {
        self.fetch_by(url, robots, None).await
    }

    /// The same, by a browser where that is asked for. None: as the settings have it.
    pub async fn fetch_by(&self, url: &Url, robots: Robots, render: Option<Render>) -> Result<Document, Error> {
        self.read(self.fetch_page_by(url, robots, render).await?).await
    }

    /// Stores one document, in the source that has it, else in that of its host, and answers whether it was news.
    pub async fn put(&self, document: Document, chunking: Chunking) -> Result<Put, Error> {
        self.put_within(None, document, chunking, Budget::default()).await
    }

    /// The same in a source that is named.
    pub async fn put_in(&self, source: SourceId, document: Document, chunking: Chunking) -> Result<Put, Error> {
        self.put_within(Some(source), document, chunking, Budget::default()).await
    }

    /// Notes the version that the pages of a source name, where its name has none.
    pub async fn note_version(&self, source: SourceId, version: String) -> Result<(), Error> {
        self.store_in(Lane::Heavy, move |store| store.says_version(&source, &version)).await
    }

    async fn put_within(&self, source: Option<SourceId>, document: Document, chunking: Chunking, budget: Budget) -> Result<Put, Error> {
        let (url, inner) = (document.url.clone(), self.inner.clone());
        let cut = self.inner.handle.unblock_on(Lane::Bulk, move || {
            let chunks = cut(&document, &chunking, &inner.embedder, &budget.begin())?;
            Ok((document, chunks))
        });
        let (document, chunks) = cut.await.map_err(|over: OverBudget| Error::Unreadable { url, skip: Box::new(over.into()) })?;
        self.put_cut(source, document, chunks).await
    }

    async fn put_cut(&self, source: Option<SourceId>, document: Document, chunks: Vec<Chunk>) -> Result<Put, Error> {
        let inner = self.inner.clone();
        self.store_for(Lane::Heavy, Access::Store, move |store| {
            let put = store.put_cut_for(source.as_ref(), &document, &chunks, most_tokens(&inner.embedder))?;
            // Here and not after the await: a page is stored even if nobody waits for the answer any more.
            if put != Put::Unchanged {
                inner.ring();
            }
            Ok(put)
        })
        .await
    }

    /// The same of several pages at once: what became of each. Where they cannot be stored together, each is tried by itself, so that one is
    /// not lost with another.
    async fn put_all_cut(&self, pages: Vec<CutPage>) -> Result<Vec<Result<Put, store::Error>>, Error> {
        let inner = self.inner.clone();
        self.store_for(Lane::Heavy, Access::Store, move |store| {
            let tokens = most_tokens(&inner.embedder);
            let alone = |page: &CutPage| store.put_cut_for(page.source.as_ref(), &page.document, &page.chunks, tokens);
            let put: Vec<_> = match store.put_all(&pages, tokens) {
                Ok(put) => put.into_iter().map(Ok).collect(),
                // Who keeps the file from one keeps it from all, and each would wait for that.
                Err(error) if pages.len() == 1 || error.is_transient() => return Err(error),
                Err(_) => pages.iter().map(alone).collect(),
            };
            if put.iter().flatten().any(|put| *put != Put::Unchanged) {
                inner.ring();
            }
            Ok(put)
        })
        .await
    }

    /// Looks at all of the database for damage: see [`Keep::check`](store::Keep::check).
    pub async fn check(&self) -> Result<Check, Error> {
        self.store_in(Lane::Heavy, |store| store.check()).await
    }

    /// Bytes of the database that nothing is in: see [`Store::compact`].
    pub async fn unused_bytes(&self) -> Result<u64, Error> {
        self.with_store(|store| store.unused_bytes()).await
    }

    /// The languages of the code examples of a source, or of all, the most frequent first, with the number of examples in each.
    pub async fn languages(&self, source: Option<SourceId>) -> Result<Vec<(String, u64)>, Error> {
        self.with_store(move |store| store.languages(source.as_ref())).await
    }

    /// Every source, by name.
    pub async fn sources(&self) -> Result<Vec<SourceSummary>, Error> {
        self.with_store(|store| store.sources()).await
    }

    /// At most `limit` stored pages whose addresses begin with `prefix`, by address, from the one behind `after` on.
    pub async fn pages_after(&self, prefix: String, after: String, limit: usize) -> Result<Vec<PageSummary>, Error> {
        self.with_store(move |store| store.pages_after(&prefix, &after, limit)).await
    }

    /// How many stored pages have addresses that begin with `prefix`.
    pub async fn count_pages(&self, prefix: String) -> Result<u64, Error> {
        self.with_store(move |store| store.count_pages(&prefix)).await
    }

    /// At most `limit` names of sources that begin with `prefix`, in their order, from the one behind `after` on.
    pub async fn sources_after(&self, prefix: String, after: String, limit: usize) -> Result<Vec<SourceId>, Error> {
        self.with_store(move |store| store.sources_after(&prefix, &after, limit)).await
    }

    /// A stored page: of several sources' pages at one address the one that was fetched last.
    pub async fn page(&self, url: Url) -> Result<Option<Document>, Error> {
        Ok(self.page_in(None, url).await?.map(|(_, document)| document))
    }

    /// The page of a source, or the one that was fetched last, with the source it is of.
    pub async fn page_in(&self, source: Option<SourceId>, url: Url) -> Result<Option<(SourceId, Document)>, Error> {
        self.with_store(move |store| store.page_in(source.as_ref(), &url)).await
    }

    /// The sources that have a page at this address, by name.
    pub async fn sources_of_page(&self, url: Url) -> Result<Vec<SourceId>, Error> {
        self.with_store(move |store| store.sources_of_page(&url)).await
    }
}

type Embedder = Option<Arc<dyn Embed>>;

/// The model, and the client that it asks a server with.
#[cfg_attr(
    not(any(feature = "bundled-model", feature = "models", feature = "surf")),
    expect(unused_variables, reason = "no model is built in")
)]
fn embedder(config: &Config, handle: &Handle) -> Result<(Embedder, Option<Client>), Error> {
    Ok(match &config.embeddings {
        Embeddings::None => (None, None),
        #[cfg(feature = "bundled-model")]
        Embeddings::MiniLm => {
            (Some(Arc::new(embed::Cached::new(embed::MiniLm::new(handle.clone(), embed::MiniLmConfig::default())))), None)
        }
        #[cfg(feature = "models")]
        Embeddings::Folder(folder) => (Some(Arc::new(embed::Cached::new(embed::FolderModel::new(handle.clone(), folder.clone())))), None),
        #[cfg(feature = "surf")]
        Embeddings::Remote(remote) => {
            // The user named the server, so it may be in the user's own network.
            let http = http::Config { private_addresses: PrivateAddresses::Allow, ..config.crawl.http.clone() };
            let client = Client::new(handle, http)?;
            (Some(Arc::new(embed::Cached::new(embed::Remote::new(handle.clone(), &client, remote.clone())?))), Some(client))
        }
    })
}

impl Engine {
    /// Reads a page for somebody who waits: if they do not any more, the reading ends.
    async fn read(&self, page: Page) -> Result<Document, Error> {
        let reading = Reading::default();
        self.read_within(page, reading.budget.clone()).await
    }

    async fn read_within(&self, page: Page, budget: Budget) -> Result<Document, Error> {
        let url = page.url.clone();
        let read = self.inner.handle.unblock_on(Lane::Bulk, move || extract::document_within(&page, &budget.begin()));
        read.await.map_err(|skip| Error::Unreadable { url, skip: Box::new(skip) })
    }

    /// Looks something up in the store for somebody who waits. It is opened first if nobody has; no file is made. If nobody waits any
    /// more, it ends.
    async fn with_store<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Store) -> Result<T, crate::store::Error> + Send + 'static,
    {
        let asking = Asking::default();
        let is_over = asking.0.clone();
        self.store_in(Lane::Interactive, move |store| store::until(is_over, || work(store))).await
    }

    /// Runs `work` with the open store in a lane: what writes waits for others that write, and is not to hold up those who look up.
    async fn store_in<T, W>(&self, lane: Lane, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Store) -> Result<T, crate::store::Error> + Send + 'static,
    {
        self.store_for(lane, Access::Ask, work).await
    }

    async fn store_for<T, W>(&self, lane: Lane, access: Access, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Store) -> Result<T, crate::store::Error> + Send + 'static,
    {
        let inner = self.inner.clone();
        let work = move || {
            let outcome = work(&*inner.open_store(access)?);
            if lane == Lane::Heavy {
                *inner.lately() = None;
            }
            Ok(outcome?)
        };
        self.inner.handle.unblock_on(lane, work).await
    }
}

/// All that is done to a page before it is stored, within one budget.
fn read_and_cut(page: &Page, chunking: &Chunking, embedder: &Embedder, budget: &Budget) -> Result<(Document, Vec<Chunk>), extract::Skip> {
    let meter = budget.begin();
    let document = extract::document_within(page, &meter)?;
    let chunks = cut(&document, chunking, embedder, &meter)?;
    Ok((document, chunks))
}

/// Cuts a document so that the model reads all of it, if there is one.
fn cut(document: &Document, chunking: &Chunking, embedder: &Embedder, meter: &Meter) -> Result<Vec<Chunk>, OverBudget> {
    measured(embedder, |measure| chunk::split_for(document, chunking, measure, meter))
}

/// Works with how much the model reads, where that is known.
fn measured<T>(embedder: &Embedder, work: impl FnOnce(Option<&Measure<'_>>) -> T) -> T {
    match embedder.as_deref().and_then(|model| Some((model, model.most_tokens()?))) {
        Some((model, most)) => work(Some(&Measure::new(most, &|text| model.tokens(text)))),
        None => work(None),
    }
}

/// What pages are cut for.
fn most_tokens(embedder: &Embedder) -> Option<u32> {
    embedder.as_deref()?.most_tokens().map(|most| most.try_into().unwrap_or(u32::MAX))
}

/// A question to the store that is over when this is dropped, answered or not.
#[derive(Debug, Default)]
struct Asking(Arc<AtomicBool>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Questions, and changes of what is there: a file that is not there is not made.
    Ask,
    /// New pages: the file is made if there is none, and has to be writable.
    Store,
}

impl Inner {
    fn open_store(&self, access: Access) -> Result<Arc<Store>, crate::store::Error> {
        let mut slot = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = slot.as_ref().filter(|store| access == Access::Ask || store.is_writable()) {
            return Ok(store.clone());
        }
        let config = self.config.store.clone();
        let store = Arc::new(match (self.config.database.to_str(), access) {
            (Some(":memory:"), _) => Store::open_in_memory()?,
            (_, Access::Ask) => Store::open_existing(&self.config.database, config)?,
            (_, Access::Store) => Store::open(&self.config.database, config)?,
        });
        *slot = Some(store.clone());
        self.ring();
        Ok(store)
    }

    fn lately(&self) -> MutexGuard<'_, Option<(Instant, EmbedProgress)>> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace(&self) -> MutexGuard<'_, Option<(Instant, f64)>> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        // Full means that it rings already.
        let _ = self.bell.0.try_send(());
    }
}

/// For the tests of the rooms above, which know neither settings nor reactors.
#[cfg(test)]
impl Engine {
    /// Without a network, a model and a file.
    pub(crate) fn simulated() -> Self {
        let environment = crate::config::Environment::none();
        let config = Config { environment, embeddings: crate::config::Embeddings::None, ..Config::new(":memory:") };
        Self::with_handle(config, reactor::sim::Sim::new().handle()).expect("nothing of it can be refused")
    }
}
