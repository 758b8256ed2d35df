//! Walks a site: which URL is fetched next, when, and when to stop. Yields pages; knows no store and no markdown.

mod error;
mod frontier;
mod plan;
mod polite;
mod report;
mod robots;
mod sitemap;

pub use error::Error;
pub use frontier::normalise;
pub use plan::{CrawlRequest, Robots, Scope, Sitemaps, UnknownScope, parse_url};
pub use report::{CrawlReport, Failed, Skipped};
