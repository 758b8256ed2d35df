//! Which page of a site links to which: a crawl of which the links are kept and the pages are not.

use url::Url;

use super::report::{CrawlReport, Failed, Skipped};
use super::walk::{Crawl, Visit};
use crate::extract::{Anchor, Outline};
use crate::model::Page;

/// A crawl that tells links. As [`Crawl`] it makes progress only while it is polled, and dropping it cancels every request in flight.
///
/// ```
/// use smolcrawl::crawl::{Config, CrawlRequest, Crawler, Met};
/// use smolcrawl::reactor::sim::Sim;
///
/// let sim = Sim::new(); // or what `reactor::choose` gives
/// let handle = sim.handle();
/// let crawler = Crawler::new(handle.clone(), Config::default())?;
/// let mut graph = crawler.link_graph(CrawlRequest::parse(&["https://docs.test/guide/"])?.depth(2));
/// let report = handle.block_on(async {
///     while let Some(met) = graph.next().await {
///         match met {
///             Met::Page(page) => page.links.iter().for_each(|link| println!("{} -> {}", page.url, link.to)),
///             Met::Skipped(skipped) => println!("{} was left out: {}", skipped.url, skipped.why),
///             Met::Failed(failed) => println!("{} failed: {}", failed.url, failed.error),
///         }
///     }
///     graph.finish()
/// });
/// assert_eq!(report.failed.len(), 1); // nobody has named the host docs.test in this world
/// # Ok::<(), smolcrawl::crawl::Error>(())
/// ```
#[derive(Debug)]
pub struct LinkGraph {
    crawl: Crawl,
}

/// What a [`LinkGraph`] yields, in the order in which it happens.
#[derive(Debug)]
pub enum Met {
    Page(Linked),
    Skipped(Skipped),
    Failed(Failed),
}

/// A page and where it links to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    pub url: Url,
    /// Of its answer.
    pub status: u16,
    /// Links from a seed.
    pub depth: u32,
    /// The text of `<title>`, blanks joined.
    pub title: Option<String>,
    /// Absolute http and https links without fragment, in document order, each target once, in the crawl's bounds or not.
    pub links: Vec<Link>,
}

/// A link of a page, as it is written where it stands first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub to: Url,
    /// What it is called, blanks joined, the first 300 bytes; of a picture its `alt`. None where it has no text, and on pages that are not
    /// HTML.
    pub text: Option<String>,
    /// The words of its `rel`, as `nofollow`, if it has any.
    pub rel: Option<String>,
}

impl LinkGraph {
    pub(super) fn new(mut crawl: Crawl) -> Self {
        crawl.tell_links();
        Self { crawl }
    }

    /// What is met next; none when the crawl is over. Nothing is lost if the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Met> {
        Some(match self.crawl.next().await? {
            Visit::Page(page) => Met::Page(Linked::of(page, self.crawl.take_outline())),
            Visit::Skipped(skipped) => Met::Skipped(skipped),
            Visit::Failed(failed) => Met::Failed(failed),
        })
    }

    /// URLs that are known and not fetched yet.
    pub fn left(&self) -> u64 {
        self.crawl.left()
    }

    /// Fetches nothing more: requests in flight are cancelled. What came before is still handed out by [`LinkGraph::next`].
    pub fn stop(&mut self) {
        self.crawl.stop();
    }

    /// The account so far; `stored` is none.
    pub fn report(&self) -> CrawlReport {
        self.crawl.report()
    }

    /// Ends the crawl, finished or not: requests in flight are cancelled.
    pub fn finish(self) -> CrawlReport {
        self.crawl.finish()
    }
}

impl Linked {
    fn of(page: Page, outline: Outline) -> Self {
        let anchors = outline.anchors.into_iter().map(Some).chain(std::iter::repeat(None));
        let links = outline.links.into_iter().zip(anchors).map(|(to, anchor)| {
            let Anchor { text, rel } = anchor.unwrap_or_default();
            let said = |text: String| Some(text).filter(|text| !text.is_empty());
            Link { to, text: said(text), rel: said(rel) }
        });
        Self { url: page.url, status: page.status, depth: page.depth, title: outline.title, links: links.collect() }
    }
}
