//! Walks a site: which URL is fetched next, when, and when to stop. Yields pages; knows no store and no markdown.

mod markdown;
mod robots;
mod sitemap;
