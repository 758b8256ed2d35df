//! `crawl --links-only`: which page links to which, a line each.

use futures_lite::future;
use serde::Serialize;
use smolcrawl::Engine;
use smolcrawl::engine::{CrawlReport, CrawlRequest, LinkGraph, Linked, Met};
use smolcrawl::http::masked;
use url::Url;

use super::crawl::{ended_early, nothing};
use super::output::Output;
use super::progress::Spinner;
use super::signals::interruption;
use super::{Failure, Shown};
use crate::cli;
use crate::terminal::{self, tell};

/// What is printed.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    /// A page, before its links.
    Page {
        page: &'a Url,
        title: Option<&'a str>,
        status: u16,
        depth: u32,
        links: usize,
    },
    /// One of them. Status and depth are those of the page.
    Link {
        from: &'a Url,
        to: &'a Url,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rel: Option<&'a str>,
        status: u16,
        depth: u32,
    },
    Skipped {
        skipped: &'a Url,
        why: &'a str,
    },
    Failed {
        failed: &'a Url,
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    },
}

pub async fn run(engine: &Engine, request: CrawlRequest, json: cli::Json, shown: Shown) -> Result<(), Failure> {
    let interrupted = interruption()?;
    let mut graph = engine.link_graph(request);
    let mut printer = Printer { output: Output::new(), spinner: Spinner::new(shown), pages: 0, links: 0 };
    let by_itself = async {
        while let Some(met) = graph.next().await {
            printer.met(&met, graph.left())?;
        }
        Ok::<_, Failure>(true)
    };
    let ended = future::or(by_itself, async {
        interrupted.asked().await;
        Ok(false)
    });
    let is_complete = ended.await?;
    if !is_complete {
        graph.stop();
        printer.rest(&mut graph).await?;
    }
    printer.spinner.clear();
    let report = graph.finish();
    let (pages, links) = (printer.pages, printer.links);
    if json.json {
        printer.output.json(&report)?;
    }
    printer.output.finish()?;
    if shown != Shown::Quiet {
        tell!("{}", summary(&report, links));
    }
    match () {
        () if !is_complete => {
            let kept = format!("the links of {pages} pages are printed, and {} addresses are left", report.left);
            Err(Failure::interrupted(kept, "run it again for all of them; --max-pages and --max-time end it by themselves"))
        }
        () if pages == 0 => Err(nothing(&report, "there are no links")),
        () => Ok(()),
    }
}

struct Printer {
    output: Output,
    spinner: Spinner,
    pages: u64,
    links: u64,
}

impl Printer {
    /// What was met before it was stopped.
    async fn rest(&mut self, graph: &mut LinkGraph) -> Result<(), Failure> {
        while let Some(met) = graph.next().await {
            self.met(&met, graph.left())?;
        }
        Ok(())
    }

    fn met(&mut self, met: &Met, left: u64) -> Result<(), Failure> {
        match met {
            Met::Page(page) => {
                self.page(page)?;
                let (pages, links) = (self.pages, self.links);
                self.spinner.say_with(|| format!("{pages} pages, {links} links, {left} in the queue  {}", masked(&page.url)));
            }
            Met::Skipped(skipped) => self.output.json(&Line::Skipped { skipped: &skipped.url, why: &skipped.why })?,
            Met::Failed(failed) => {
                self.output.json(&Line::Failed { failed: &failed.url, error: &failed.error, hint: failed.hint.as_deref() })?;
            }
        }
        // Whoever reads them need not wait for the end.
        Ok(self.output.flush()?)
    }

    fn page(&mut self, page: &Linked) -> Result<(), Failure> {
        let Linked { status, depth, title, links, .. } = page;
        let (status, depth, from) = (*status, *depth, &masked(&page.url));
        self.output.json(&Line::Page { page: from, title: title.as_deref(), status, depth, links: links.len() })?;
        for link in links {
            let to = &masked(&link.to);
            self.output.json(&Line::Link { from, to, text: link.text.as_deref(), rel: link.rel.as_deref(), status, depth })?;
        }
        self.pages += 1;
        self.links += links.len() as u64;
        Ok(())
    }
}

fn summary(report: &CrawlReport, links: u64) -> String {
    let early = ended_early(report).map(|early| format!("; {early}")).unwrap_or_default();
    let CrawlReport { pages, elapsed, http, .. } = report;
    let (skipped, failed) = (report.skips(), report.failures());
    let seconds = elapsed.as_secs_f64();
    terminal::line(&format!(
        "{pages} pages with {links} links, {skipped} skipped, {failed} failed in {seconds:.1} s: {} requests{early}",
        http.requests
    ))
    .into_owned()
}
