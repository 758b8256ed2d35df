//! A site crawled: its links followed, or its pages read, cut and stored, or embedded as well.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smolcrawl::config::Embeddings;
use smolcrawl::engine::Engine;
use smolcrawl::store::{Config, Store};
use url::Url;

use super::Job;
use super::vectors::service;
use crate::contestants::{Contestant, Driver};
use crate::measured::{Measured, Meter};
use crate::theirs::crawl::Crawl;
use crate::{ours, program, theirs};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    Links,
    /// Stored, searchable by words.
    Words,
    /// By meaning, too.
    Vectors,
}

/// Pages fetched at one time.
const AT_ONCE: usize = 16;
/// A whole site would take minutes.
const PYTHON_PAGES: usize = 200;

pub fn measure(depth: Depth, contestant: Contestant, job: &Job) -> Measured {
    let url = job.site.clone().unwrap_or_else(|| format!("http://{}/", job.far().addr));
    let seed = Url::parse(&url).unwrap_or_else(|error| panic!("SITE: {url}: {error}"));
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let database = folder.path().join("site.db");
    match (contestant, depth) {
        (Contestant::Program, _) => program(depth, &seed, &database, job),
        (Contestant::Spider, _) => {
            let mut command = Command::new(job.programs.spider.as_ref().expect("it takes part where it is there"));
            command.args([if depth == Depth::Links { "links" } else { "markdown" }, seed.as_str(), &AT_ONCE.to_string()]);
            program::told(command)
        }
        (Contestant::Python, _) => {
            let mut command = job.programs.python("crawl.py");
            command.arg(seed.as_str()).arg(&database).args([AT_ONCE, PYTHON_PAGES].map(|number| number.to_string()));
            program::told(command)
        }
        (_, Depth::Links) => links(contestant, &seed),
        (_, Depth::Words | Depth::Vectors) => {
            let far = job.vectors.map(|addr| format!("http://{addr}/v1")).filter(|_| depth == Depth::Vectors);
            let measured = stored(contestant, &seed, &database, far);
            with_work(measured, &database, depth)
        }
    }
}

/// What bodies there are, whatever the order in which they come.
#[derive(Default)]
struct Bodies {
    sum: AtomicU64,
    bytes: AtomicU64,
}

impl Bodies {
    fn keep(&self, body: &[u8]) {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        self.sum.fetch_add(hasher.finish(), Ordering::Relaxed);
        self.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    }

    fn told(&self, pages: u64, failed: u64) -> String {
        let (bytes, sum) = (self.bytes.load(Ordering::Relaxed), self.sum.load(Ordering::Relaxed));
        format!("{pages} pages, {bytes} bytes, all of them {sum:016x}, {failed} failed")
    }
}

fn links(contestant: Contestant, seed: &Url) -> Measured {
    let bodies = Arc::new(Bodies::default());
    let kept = bodies.clone();
    match contestant.driver() {
        Driver::Handle(handle) => {
            let meter = Meter::start();
            let report = handle.block_on(ours::links(&handle, seed, AT_ONCE, |body| kept.keep(body))).expect("the site can be crawled");
            meter.stop(report.pages as usize, bodies.told(report.pages, report.failures()))
        }
        Driver::Runtime(runtime) => {
            let client = runtime.block_on(async { theirs::client(None) }).expect("reqwest takes its settings");
            let meter = Meter::start();
            let crawl = Crawl::of_links(client, AT_ONCE, move |body| kept.keep(body));
            let found = runtime.block_on(crawl.run(seed.clone())).expect("the site can be crawled");
            meter.stop(found.pages as usize, bodies.told(found.pages, found.failed))
        }
    }
}

/// Into a database in a file, and vectors of all chunks if there is a service.
fn stored(contestant: Contestant, seed: &Url, database: &Path, vectors: Option<String>) -> Measured {
    match contestant.driver() {
        Driver::Handle(handle) => {
            let embeddings = vectors.map_or(Embeddings::None, |base| Embeddings::Remote(service(base)));
            let config = ours::config(database, embeddings);
            let meter = Meter::start();
            let engine = Engine::with_handle(config, handle.clone()).expect("the settings are right");
            let report = handle.block_on(async {
                let report = ours::crawl(&engine, seed, AT_ONCE).await.expect("the site can be crawled");
                let mut embedding = engine.embed_pending();
                while let Some(embedded) = embedding.next().await {
                    embedded.expect("the service answers");
                }
                report
            });
            meter.stop(report.stored as usize, format!("{} failed", report.failures()))
        }
        Driver::Runtime(runtime) => {
            let client = runtime.block_on(async { theirs::client(None) }).expect("reqwest takes its settings");
            let meter = Meter::start();
            let store = Arc::new(Store::open(database, Config::default()).expect("the folder can be written to"));
            let found = runtime.block_on(async {
                let found = Crawl::new(client.clone(), AT_ONCE, Some(store.clone())).run(seed.clone()).await;
                if let Some(base) = vectors {
                    let embedded = theirs::vectors::embed_pending(&client, &format!("{base}/embeddings"), &store).await;
                    embedded.expect("the service answers");
                }
                found.expect("the site can be crawled")
            });
            meter.stop(found.pages as usize, format!("{} failed", found.failed))
        }
    }
}

/// What the database has in the end is the work.
fn with_work(measured: Measured, database: &Path, depth: Depth) -> Measured {
    let store = Store::open_existing(database, Config::default()).expect("there is a database");
    let sources = store.sources().expect("it can be read");
    let (mut pages, mut bytes, mut sum) = (0, 0, 0_u64);
    for source in &sources {
        let mut after = String::new();
        loop {
            let documents = store.documents_after(&source.source, &after, 200).expect("it can be read");
            let Some(last) = documents.last() else { break };
            after = last.url.to_string();
            for document in &documents {
                // Not under which of two addresses it stands: that is a matter of which comes first.
                let mut hasher = DefaultHasher::new();
                (&document.title, &document.markdown).hash(&mut hasher);
                sum = sum.wrapping_add(hasher.finish());
                pages += 1;
                bytes += document.markdown.len();
            }
        }
    }
    let chunks: u64 = sources.iter().map(|source| source.chunks).sum();
    let vectors = match depth {
        Depth::Vectors => format!(", {} vectors", store.progress("bench").expect("it can be read").embedded),
        Depth::Links | Depth::Words => String::new(),
    };
    let work = format!("{pages} pages, {bytes} bytes of markdown, all of them {sum:016x}, {chunks} chunks{vectors}, {}", measured.work);
    let size = std::fs::metadata(database).map_or(0.0, |file| file.len() as f64);
    let mut measured = Measured { work, operations: pages, ..measured };
    measured.beside.insert("database".to_owned(), size);
    measured
}

/// As a user runs it, the start of the process and all.
fn program(depth: Depth, seed: &Url, database: &Path, job: &Job) -> Measured {
    let mut command = Command::new(job.programs.smolcrawl.as_ref().expect("it takes part where it is there"));
    let home = database.parent().expect("the database is in a folder");
    command.env_clear().env("HOME", home).current_dir(home).args(["crawl", seed.as_str(), "--scope", "host", "--depth", "1000"]);
    command.args(["--max-pages", "1000000", "--concurrency", &AT_ONCE.to_string(), "--allow-private", "--ignore-robots"]);
    command.args(["--sitemap", "never", "--everything"]);
    if depth == Depth::Links {
        command.arg("--links-only");
    } else {
        // The others know no model, by which passages are cut; so does the program then.
        command.env("SMOLCRAWL_EMBEDDINGS", "none");
        command.args(["--no-index", "--json"]).arg("--db").arg(database);
    }
    let (mut measured, said) = program::watched(command);
    if depth == Depth::Links {
        measured.operations = said.lines().filter(|line| line.contains("\"links\"")).count() as u64;
        return Measured { work: "as the program does it".to_owned(), ..measured };
    }
    let report: serde_json::Value = said.lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("it ends with a report");
    let failed = report["failed_total"].as_u64().unwrap_or(0);
    with_work(Measured { work: format!("{failed} failed"), ..measured }, database, depth)
}
