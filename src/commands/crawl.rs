//! `crawl`: fetch, store, embed, report.

use futures_lite::future;
use indicatif::ProgressBar;
use smolcrawl::Engine;
use smolcrawl::engine::{CrawlReport, CrawlRequest, Crawling, Event, Robots, Scope};

use super::output::Output;
use super::signals::interruption;
use super::{Failure, Shown, progress};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Crawl, shown: Shown) -> Result<(), Failure> {
    let request = request(&asked)?;
    let interrupted = interruption()?;
    let bar = progress::spinner(shown);
    let mut crawling = engine.crawl(request, engine.config().chunk.clone());
    let mut ended = future::or(follow(&mut crawling, &bar), async {
        interrupted.asked().await;
        Ok(Ended::Interrupted)
    })
    .await;
    if !matches!(ended, Ok(Ended::ByItself)) {
        // What has been fetched is stored, and counted.
        crawling.stop();
        if let Err(failure) = follow(&mut crawling, &bar).await {
            ended = ended.and(Err(failure));
        }
    }
    bar.finish_and_clear();
    let report = crawling.finish();
    // What is stored is kept and told, even if the disk is full now.
    print(&report, asked.json)?;
    if let Ended::ByItself = ended?
        && !asked.no_index
    {
        future::or(progress::embed(engine, shown), async {
            interrupted.asked().await;
            Ok(())
        })
        .await?;
    }
    nothing_stored(&report)
}

enum Ended {
    ByItself,
    Interrupted,
}

fn request(asked: &cli::Crawl) -> Result<CrawlRequest, Failure> {
    let mut request = CrawlRequest::parse(&asked.urls).map_err(smolcrawl::Error::from)?;
    request.scope = match asked.scope {
        cli::Scope::Prefix => Scope::Prefix,
        cli::Scope::Host => Scope::Host,
        cli::Scope::Domain => Scope::Domain,
    };
    request.depth = asked.depth;
    request.max_pages = asked.max_pages;
    request.concurrency = asked.concurrency.into();
    request.robots = if asked.ignore_robots { Robots::Ignore } else { Robots::Obey };
    Ok(request)
}

async fn follow(crawling: &mut Crawling, bar: &ProgressBar) -> Result<Ended, Failure> {
    while let Some(event) = crawling.next().await {
        if let Event::Stored { url, .. } = event? {
            bar.inc(1);
            bar.set_message(url.to_string());
        }
    }
    Ok(Ended::ByItself)
}

fn print(report: &CrawlReport, json: cli::Json) -> Result<(), Failure> {
    let mut output = Output::new();
    if json.json {
        output.json(report)?;
    } else {
        for skipped in &report.skipped {
            output.line(format!("skipped {}: {}", skipped.url, skipped.why))?;
        }
        for failed in &report.failed {
            output.line(format!("failed  {}: {}", failed.url, failed.error))?;
        }
        output.line(format!(
            "{} pages, {} stored, {} skipped, {} failed in {:.1} s",
            report.pages,
            report.stored,
            report.skips(),
            report.failures(),
            report.elapsed.as_secs_f64()
        ))?;
    }
    Ok(output.finish()?)
}

/// A crawl of which nothing came is no success, whatever the reason.
fn nothing_stored(report: &CrawlReport) -> Result<(), Failure> {
    match (report.stored, report.failed.first(), report.skipped.first()) {
        (1.., ..) => Ok(()),
        (0, Some(failed), _) => {
            let hint = failed.hint.as_deref().unwrap_or(NOTHING);
            Err(Failure::new(format!("nothing was stored: {}: {}", failed.url, failed.error), hint))
        }
        (0, None, Some(skipped)) => Err(Failure::new(format!("nothing was stored: {}: {}", skipped.url, skipped.why), NOTHING)),
        (0, None, None) => Err(Failure::new("nothing was stored", NOTHING)),
    }
}

const NOTHING: &str = "try `smolcrawl fetch` with the URL; -v shows every request";
