//! Crawl documentation, index it, answer questions about it: on smol, without Tokio.
//!
//! The command line and the MCP server are thin layers over this library. For most programs [`Engine`] is the way in; each
//! room below is of use on its own, too.
//! What users are told, by topic, is in [`docs`].
//!
//! # The way of a value
//!
//! ```text
//! crawl   CrawlRequest -> crawl =Page=> extract =Document=> chunk =Chunk=> store -> CrawlReport
//!                          ^__| the only loop: links of a page are URLs to fetch
//! embed   store =Pending=> embed =Embedded=> store          behind the crawl, and again after a restart
//! search  Query -> embed -> store (words | meaning -> fused) -> Vec<Hit>
//! ```
//!
//! Values move forward, no room asks back, and each room knows only those it is handed values of
//! (`tests/architecture.rs` holds the map):
//!
//! ```text
//! model, reactor, mcp : nothing        http -> reactor          extract, chunk, store, share, symbols -> model
//! render -> http reactor               embed, files -> http reactor model
//! crawl -> http reactor extract render model
//! config, error -> the rooms' Config and Error (and the nouns) only
//! engine -> every room but mcp and tools
//! tools -> engine mcp model error      the binary -> this public API
//! ```
//!
//! # What holds everywhere
//!
//! - Sockets, timers and blocking work go through a [`reactor::Handle`], chosen once and passed as a value. There is no
//!   global reactor, no global executor and no global spawn: a future's work lives inside the future, and dropping it
//!   cancels the work.
//! - Every public future is `Send` and may be polled by any executor.
//! - Replacing a page is one transaction: a crash leaves the old page or the new one.
//! - An error says what failed and why; it is never replaced by something plausible. A page that fails is data in the report.
//!
//! # Log levels
//!
//! `error`: something of yours was lost. `warn`: your configuration. `info`: start, stop, the end of a crawl. `debug`: a
//! page, the choice of the reactor. `trace`: the wire, and socket events that mean nothing.
//!
//! # Features
//!
//! `cli`, `code`, `files`, `surf` and `bundled-model` are on by default. Without them the library has no embeddings and searches by words. `code` reads source
//! code: without it `symbols` holds what others put into it.

pub mod chunk;
pub mod config;
pub mod crawl;
pub mod docs;
pub mod embed;
pub mod engine;
pub mod error;
pub mod extract;
#[cfg(feature = "files")]
pub mod files;
pub mod http;
pub mod mcp;
pub mod model;
pub mod reactor;
pub mod render;
pub mod share;
pub mod store;
pub mod symbols;
#[cfg(feature = "schema")]
pub mod tools;

pub use crate::config::Config;
pub use crate::crawl::CrawlRequest;
pub use crate::engine::Engine;
pub use crate::error::{Error, Fault};
pub use crate::model::{Document, Hit, Query};

/// The README's examples, compiled. Those of the topics are in [`docs`].
#[cfg(all(doctest, feature = "surf", feature = "schema"))]
#[doc = include_str!("../README.md")]
mod readme {}
