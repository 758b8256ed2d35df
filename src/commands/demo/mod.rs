//! `demo`: a small site served on loopback, crawled over real TCP, indexed and asked three questions.

mod site;

use std::time::{Duration, Instant};

use smolcrawl::Engine;
use smolcrawl::config::{Config, Environment, Key, Origin};
use smolcrawl::engine::{CrawlRequest, Event, Scope};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::model::{PerPage, Query, Wanted};

use self::site::Site;
use super::marked::Words;
use super::output::Output;
use super::{Failure, Shown, drive, progress, search};
use crate::cli::Everywhere;
use crate::terminal::Paint;

pub fn run(everywhere: &Everywhere, environment: &Environment, paint: Paint) -> Result<(), Failure> {
    let settings = everywhere.settings(environment)?;
    // Kept in memory: the demo leaves nothing behind.
    let mut config = Config::parse(&settings.under(Origin::Builder, [(Key::Database, ":memory:".to_owned())]), environment)?;
    // Its own site is on loopback, and no proxy stands before that.
    config.crawl.http.private_addresses = PrivateAddresses::Allow;
    config.crawl.http.proxies = Default::default();
    let engine = Engine::new(config)?;
    let site = Site::start()
        .map_err(|error| Failure::new(format!("the site cannot be served on loopback: {error}"), "check that loopback is up"))?;
    drive(&engine, show(&engine, &site, Shown::of(everywhere), paint))
}

async fn show(engine: &Engine, site: &Site, shown: Shown, paint: Paint) -> Result<(), Failure> {
    let mut output = Output::new();
    if let Some(report) = engine.reactor() {
        output.line(format!("reactor   {report}"))?;
    }
    output.line(format!("site      {}", site.url()))?;

    let mut request =
        CrawlRequest::parse(&[site.url().to_owned(), format!("{}sitemap.xml", site.url())]).map_err(smolcrawl::Error::from)?;
    request.scope = Scope::Host;
    // One connection and one order: the one that is reset after its answer is met again by the next request, always.
    request.concurrency = 1;
    let mut crawling = engine.crawl(request, engine.config().chunk.clone());
    while let Some(event) = crawling.next().await {
        match event? {
            Event::Stored { url, title, .. } => output.line(format!("stored    {:<26} {title}", url.path()))?,
            Event::Skipped(skipped) => output.line(format!("skipped   {}: {}", skipped.url, skipped.why))?,
            Event::Failed(failed) => output.line(format!("failed    {}: {}", failed.url, failed.error))?,
        }
        output.flush()?;
    }
    let report = crawling.report();
    output.line(format!("crawled   {} pages in {} ms, {}", report.pages, report.elapsed.as_millis(), connections(&report.http)))?;
    output.flush()?;

    let started = Instant::now();
    progress::embed(engine, shown).await?;
    let progress = engine.embed_progress().await?;
    let model = engine.model().unwrap_or("no model");
    output.line(format!("embedded  {} of {} chunks in {} ms by {model}", progress.embedded, progress.chunks, millis(started.elapsed())))?;

    for (question, wanted) in QUESTIONS {
        let started = Instant::now();
        let mode = engine.default_mode();
        let query = Query { limit: 2, mode, wanted: *wanted, per_page: PerPage::Best, ..Query::new(*question) };
        let hits = engine.search(query).await?;
        output.line("")?;
        output.line(format!("asked     {question:?} ({mode:?} search, {} ms)", millis(started.elapsed())))?;
        for (index, hit) in hits.iter().enumerate() {
            search::show(&mut output, index + 1, hit, &Words::of(question), paint)?;
        }
    }
    output.line("")?;
    output.line("next      smolcrawl crawl docs.rs/smol          crawl a site of your own choice")?;
    output.line("          smolcrawl search how to stop a task   ask what is stored")?;
    output.line("          smolcrawl setup                       let your AI client ask it")?;
    Ok(output.finish()?)
}

fn connections(http: &smolcrawl::http::Counters) -> String {
    format!(
        "{} requests on {} connections, {} benign resets, {} retried",
        http.requests, http.connections_opened, http.benign_resets, http.retried
    )
}

fn millis(elapsed: Duration) -> u128 {
    elapsed.as_millis()
}

const QUESTIONS: &[(&str, Wanted)] = &[
    ("how do I stop a job that is already running?", Wanted::Text),
    ("wait longer and longer between attempts", Wanted::Text),
    ("put a job into the queue from Python", Wanted::Code),
];
