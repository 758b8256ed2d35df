//! Pages that scripts fill in, filled in: an installed browser, spoken to over a pipe, runs them and says what the page is then.
//!
//! The browser has no network. All that a page asks for comes here, is judged (`rules`), and is answered through [`Fetches`], which is the
//! crawl: so guard, robots.txt, credentials, limits and counters are those of the crawl. Its pipes are files that threads read and write
//! (`link`), so it is the same on every reactor. `find` and `launch` start it, `profile` is what it leaves behind, `tab` a page's place in it,
//! `visit` one page, and `answer` one request of it. Nothing is started before a page needs it.

mod answer;
mod around;
mod ends;
mod error;
mod find;
mod launch;
mod link;
mod profile;
mod rules;
mod shared;
mod tab;
mod tokens;
mod visit;
mod wire;

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;

use self::around::Around;
use self::ends::Ends;
pub use self::error::Error;
pub use self::find::Places;
use self::link::Link;
pub use self::rules::NO_LOSS;
use self::shared::Scripts;
use self::tab::Tab;
use self::tokens::Tokens;
use self::visit::visit;
use crate::http::Method;
use crate::reactor::{Boxed, Handle, Lane};

/// Settings of a [`Browser`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its program. Default: none, which is the first Chromium, Chrome or Edge that is found.
    pub program: Option<PathBuf>,
    /// Where one is looked for. Default: nowhere; [`Config::new`](crate::Config::new) has those of its environment.
    pub places: Places,
    /// Default: [`Sandbox::On`].
    pub sandbox: Sandbox,
    /// How long a page may take to come to rest, waiting for slow sites not counted. Default: 10 s.
    pub patience: Duration,
    /// How long nothing may happen in a page at rest. Default: 300 ms.
    pub quiet: Duration,
    /// How long one that is next to empty is waited for after the last that was heard of it. Default: 2.5 s.
    pub for_text: Duration,
    /// Pages in it at once, each of which takes some fifty megabytes. Default: 4; 3 where there are no more than two processors, which is as
    /// much as these are worth.
    pub at_once: usize,
    /// Pages after which it is started anew. Default: 500.
    pub pages: u32,
    /// Characters of a rendered page. Default: 16 Mi.
    pub max_html: usize,
    /// MiB that the scripts of one page may fill. Default: 512.
    pub memory_mib: u32,
    /// How long the browser may take for what it does by itself, such as to start: seconds on a busy machine. Default: 30 s.
    pub answers_within: Duration,
    /// Where its profile is made. Default: the system's folder for temporary files.
    pub temporary: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            program: None,
            places: Places::default(),
            sandbox: Sandbox::On,
            patience: Duration::from_secs(10),
            quiet: Duration::from_millis(300),
            for_text: Duration::from_millis(2500),
            at_once: if thread::available_parallelism().is_ok_and(|processors| processors.get() > 2) { 4 } else { 3 },
            pages: 500,
            max_html: 16 << 20,
            memory_mib: 512,
            answers_within: Duration::from_secs(30),
            temporary: env::temp_dir(),
        }
    }
}

impl Config {
    /// The browser that it would be.
    ///
    /// # Errors
    /// [`Error::NoBrowser`] and [`Error::NotThere`].
    pub fn find(&self) -> Result<PathBuf, Error> {
        find::find(self.program.as_deref(), &self.places)
    }
}

/// Whether the browser shields this machine from what a page does inside of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sandbox {
    #[default]
    On,
    /// For containers, where the system gives it nothing to stand on.
    Off,
}

/// A page as its site served it.
#[derive(Debug)]
pub struct Served<'a> {
    /// With the fragment, where that says what is shown.
    pub url: &'a Url,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
    is_taken: AtomicBool,
}

impl<'a> Served<'a> {
    pub fn new(url: &'a Url, content_type: Option<&'a str>, body: &'a [u8]) -> Self {
        Self { url, content_type, body, is_taken: AtomicBool::new(false) }
    }

    /// Whether it is the first time.
    fn take(&self) -> bool {
        !self.is_taken.swap(true, Ordering::Relaxed)
    }
}

/// What becomes of a page that is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Rendered(Rendered),
    /// Its script leads to another address.
    Moved(Url),
}

/// A page after its scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Where it is in the end, as its scripts may change the address.
    pub url: Url,
    pub html: String,
    /// Other pages of it, which its links tell apart by fragments such as `#/guide`.
    pub routes: Vec<Url>,
    /// Else its time was up.
    pub is_settled: bool,
    /// Requests that it made and that were asked for, and those that were refused by a rule.
    pub requests: u32,
    pub refused: u32,
}

/// What answers the requests of pages: whoever has the rules.
pub trait Fetches: Send + Sync {
    /// One request, once: a redirect is an answer.
    fn fetch<'a>(&'a self, asked: Asked<'a>) -> Boxed<'a, Result<Fetched, Declined>>;
    /// Pages of different ones have nothing in common, such as scripts and cookies.
    fn identity(&self) -> u64;
    /// A request of a page was refused by the rule of this name: no page is shown what it asks for. For who counts them.
    fn refused(&self, _rule: &'static str, _url: Option<&Url>) {}
}

/// A request of a page.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// Nothing that changes anything: GET, HEAD or OPTIONS.
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(String, String)>,
    /// Those that scripts of the page's own site have set in the browser, as it would send them: to that site alone.
    pub cookies: Option<String>,
    /// Who asks.
    pub page: &'a Url,
}

/// The answer to it, decoded.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Fetched {
    /// Without the headers that are of no use to a browser that is handed the whole body.
    pub fn new(status: u16, headers: impl IntoIterator<Item = (String, String)>, body: Vec<u8>) -> Self {
        Self { status, headers: headers.into_iter().filter(|(name, _)| rules::is_told(name)).collect(), body }
    }
}

/// There is no answer. The page is told no more than that.
#[derive(Clone, Debug)]
pub struct Declined {
    pub why: String,
}

/// An installed browser, started when the first page needs it. Clones are the same one, which ends with the last of them.
#[derive(Clone, Debug)]
pub struct Browser(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    handle: Handle,
    config: Config,
    scripts: Mutex<Scripts>,
    ends: Mutex<Ends>,
    /// The one that runs. Held for moves only.
    running: Mutex<Option<Arc<Process>>>,
    /// Why none runs, and since when: not tried again for every page.
    failed: Mutex<Option<(Instant, Error)>>,
    /// Threads that end when a browser is buried, of all that were started.
    graves: Arc<Mutex<Vec<JoinHandle<()>>>>,
    /// A token for each page that may be in it, and one for whoever starts it.
    places: Tokens,
    starting: Tokens,
    started: AtomicU64,
}

/// One process, and its tabs that nobody uses.
#[derive(Debug)]
struct Process {
    // Dropped before the link.
    idle: Mutex<Vec<Tab>>,
    pages: AtomicU32,
    link: Arc<Link>,
}

impl Process {
    /// One that nobody uses.
    fn tab_of(&self, of: &(u64, String)) -> Option<Tab> {
        let mut idle = lock(&self.idle);
        let at = idle.iter().position(|tab| tab.of == *of)?;
        Some(idle.remove(at))
    }
}

impl Browser {
    pub fn new(handle: &Handle, config: Config) -> Self {
        let places = Tokens::new(config.at_once.max(1));
        let (running, failed) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner {
            handle: handle.clone(),
            config,
            scripts: Mutex::default(),
            ends: Mutex::default(),
            running,
            failed,
            graves: Arc::default(),
            places,
            starting: Tokens::new(1),
            started: AtomicU64::new(0),
        }))
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// How often it was started so far.
    pub fn started(&self) -> u64 {
        self.0.started.load(Ordering::Relaxed)
    }

    /// Runs the scripts of a page. Dropping the future ends the page.
    ///
    /// # Errors
    /// See [`Error`]; one of the browser only after a second try with a new one.
    pub async fn render(&self, served: &Served<'_>, fetch: &dyn Fetches) -> Result<Outcome, Error> {
        let _place = self.0.places.take().await;
        let process = self.0.process().await?;
        match self.0.show(&process, served, fetch).await {
            Err(error) if error.is_of_the_browser() => {
                log::debug!("{error}; once more in a new browser");
                self.0.retire(&process);
                drop(process);
                let served = Served::new(served.url, served.content_type, served.body);
                let process = self.0.process().await?;
                let outcome = self.0.show(&process, &served, fetch).await;
                if outcome.as_ref().is_err_and(Error::is_of_the_browser) {
                    self.0.retire(&process);
                }
                outcome
            }
            outcome => outcome,
        }
    }
}

impl Inner {
    async fn show(&self, process: &Arc<Process>, served: &Served<'_>, fetch: &dyn Fetches) -> Result<Outcome, Error> {
        let of = (fetch.identity(), served.url.origin().ascii_serialization());
        let mut tab = match process.tab_of(&of) {
            // From a page to a place in it the browser would load nothing.
            Some(tab) if served.url.fragment().is_none() || tab.clear().await.is_ok() => tab,
            _ => Tab::open(&process.link, of, self.config.answers_within).await?,
        };
        let around = Around { handle: &self.handle, config: &self.config, fetch, scripts: &self.scripts, ends: &self.ends };
        let outcome = visit(&tab, served, around).await;
        tab.pages += 1;
        let is_clear = match &outcome {
            _ if tab.pages >= PAGES_A_TAB => false,
            Ok(Outcome::Rendered(Rendered { is_settled: true, .. })) => tab.rest().await.is_ok(),
            Ok(_) => tab.clear().await.is_ok(),
            Err(_) => false,
        };
        match &outcome {
            Ok(_) if is_clear => {
                let mut idle = lock(&process.idle);
                idle.push(tab);
                // Those of other sites, the oldest first.
                let beyond = idle.len().saturating_sub(self.config.at_once);
                let gone: Vec<_> = idle.drain(..beyond).collect();
                drop(idle);
                drop(gone);
            }
            Ok(_) => {}
            Err(_) => tab.crash(),
        }
        outcome
    }

    /// The one that runs, else a new one.
    async fn process(&self) -> Result<Arc<Process>, Error> {
        let _alone = self.starting.take().await;
        if let Some(process) = &*lock(&self.running)
            && !process.link.is_over()
            && process.pages.fetch_add(1, Ordering::Relaxed) < self.config.pages
        {
            return Ok(process.clone());
        }
        let now = self.handle.now();
        if let Some((at, error)) = &*lock(&self.failed)
            && now.saturating_duration_since(*at) < AGAIN
        {
            return Err(error.clone());
        }
        // Pages that are in the old one come to their end there, and it makes room: two browsers take twice the memory.
        let old = lock(&self.running).take();
        if let Some(old) = old {
            let grave = old.link.grave();
            drop(old);
            if self.handle.timeout(self.config.patience, grave.recv()).await.is_err() {
                log::debug!("pages of the last browser take their time; the next one is started beside it");
            }
        }
        match self.start().await {
            Ok(process) => {
                *lock(&self.running) = Some(process.clone());
                Ok(process)
            }
            Err(error) => {
                if error.is_of_the_system() {
                    *lock(&self.failed) = Some((now, error.clone()));
                }
                Err(error)
            }
        }
    }

    async fn start(&self) -> Result<Arc<Process>, Error> {
        let program = self.config.find()?;
        let (handle, config) = (self.handle.clone(), self.config.clone());
        let (path, graves) = (program.clone(), self.graves.clone());
        let started = self.handle.unblock_on(Lane::Interactive, move || {
            let launched = launch::launch(&program, &config)?;
            let (link, grave) = Link::new(&handle, launched);
            let mut graves = lock(&graves);
            graves.retain(|grave| !grave.is_finished());
            graves.extend(grave);
            Ok::<_, Error>(link)
        });
        let (link, limit) = (Arc::new(started.await?), self.config.answers_within);
        let greeted = async {
            let version = link.call(None, "Browser.getVersion", json!({}), limit).await?;
            // To see windows that pages open.
            link.call(None, "Target.setDiscoverTargets", json!({ "discover": true }), limit).await.map(|_| version)
        };
        let version = match greeted.await {
            // One that has worked before may do so again.
            Err(error) if error.is_of_the_browser() && self.started.load(Ordering::Relaxed) == 0 => {
                return Err(Error::Useless { path, source: Box::new(error) });
            }
            greeted => greeted?,
        };
        log::info!("{} is started: {}", version["product"].as_str().unwrap_or("a browser"), path.display());
        self.started.fetch_add(1, Ordering::Relaxed);
        Ok(Arc::new(Process { idle: Mutex::default(), pages: AtomicU32::new(1), link }))
    }

    /// It takes no more pages.
    fn retire(&self, process: &Arc<Process>) {
        let mut running = lock(&self.running);
        if running.as_ref().is_some_and(|running| Arc::ptr_eq(running, process)) {
            let old = running.take();
            drop(running);
            drop(old);
        }
    }
}

/// All are gone, and their profiles with them, before this returns: a program that ends leaves nothing behind.
impl Drop for Inner {
    fn drop(&mut self) {
        let running = lock(&self.running).take();
        drop(running);
        let graves = std::mem::take(&mut *lock(&self.graves));
        // A process that has left the others may hold a pipe open; what that keeps from being removed, the next browser removes.
        let until = Instant::now() + AT_THE_END;
        while graves.iter().any(|grave| !grave.is_finished()) && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// After which one that could not be started is tried again.
const AGAIN: Duration = Duration::from_secs(60);
/// How long whoever ends waits for the end of a browser.
const AT_THE_END: Duration = Duration::from_secs(5);
/// Pages after which a tab's process is worn out.
const PAGES_A_TAB: u32 = 100;
