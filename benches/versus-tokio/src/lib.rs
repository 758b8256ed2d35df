//! What does smolcrawl cost beside the same on Tokio: its reactors, its HTTP client, its crawl, its MCP server?
//!
//! Contestants, all compiled alike and run on the same workloads:
//!
//! ```text
//! selector edge poll completion   smolcrawl as it is, on each of its reactors
//! a1 a2        the same code on another runtime: our `Reactor` on Tokio, current_thread and multi_thread with two workers
//! b1 b2        what a Rust programmer would write: Tokio, reqwest, rmcp, a semaphore; the same extraction, chunks and store
//! smolcrawl    the program itself, as its users run it
//! spider, python   what users have; packages and scripts of their own, see `spider` and `python`
//! ```
//!
//! Each measurement is a process of its own, and so are the far ends; rounds are interleaved, in random order. A figure counts only if
//! what was done is the same for all: pages, bytes, chunks, errors.

#[cfg(feature = "contestants")]
mod contestants;
#[cfg(feature = "contestants")]
mod cost;
#[cfg(feature = "contestants")]
mod far;
#[cfg(feature = "contestants")]
mod machine;
#[cfg(feature = "contestants")]
mod measured;
#[cfg(feature = "contestants")]
mod natural;
#[cfg(feature = "contestants")]
mod network;
pub mod ours;
#[cfg(feature = "contestants")]
mod program;
#[cfg(feature = "contestants")]
pub mod reactor;
#[cfg(feature = "contestants")]
mod report;
#[cfg(feature = "contestants")]
mod results;
#[cfg(feature = "contestants")]
mod rounds;
#[cfg(feature = "contestants")]
mod support;
#[cfg(feature = "theirs")]
pub mod theirs;
#[cfg(feature = "contestants")]
mod work;

#[cfg(feature = "contestants")]
pub use measured::{Allocations, count_allocations_by};
#[cfg(feature = "contestants")]
pub use rounds::main;
