//! A general MCP server: protocol, session and stdio. Knows no crawler, no runtime and no reactor.
//!
//! A line of input becomes a [`message`](Id), the session decides what it means, a [`Tool`] runs, and its answer becomes a line:
//! `stdio | any futures-io pair -> lines -> message -> session -> tool -> answer -> line`. Everything up to the tools is pure;
//! [`Server::serve`] is the loop around it, and a [`Clock`] is all it needs from a runtime.
//!
//! Revisions 2024-11-05 to 2025-11-25 (`initialize`) and 2026-07-28 (stateless) are served side by side, decided per request.

mod answer;
mod arguments;
mod bridge;
mod clock;
mod context;
mod error;
mod id_finder;
mod lines;
mod message;
mod revision;
mod serve;
mod server;
mod session;
mod stdio;
mod tool;

#[cfg(test)]
mod testing;

pub use clock::{Clock, Sleep};
pub use context::Context;
pub use error::Error;
pub use message::Id;
pub use revision::Revision;
pub use server::{Builder, Config, Server};
pub use stdio::Wire;
pub use tool::{Annotations, Answer, Tool, ToolError};
#[cfg(feature = "schema")]
pub use tool::{Output, Worded};
