//! Crawl documentation, index it, answer questions about it, on smol and without Tokio.

pub mod chunk;
pub mod crawl;
pub mod embed;
pub mod extract;
pub mod http;
pub mod mcp;
pub mod model;
pub mod reactor;
pub mod store;
#[cfg(feature = "schema")]
pub mod tools;
