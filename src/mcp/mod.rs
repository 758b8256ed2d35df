//! A general MCP server: protocol, session and stdio. Knows no crawler, no runtime and no reactor.
//!
//! A line of input becomes a [`message`](Id), the session decides what it means, a [`Tool`] runs, and its answer becomes a line:
//! `stdio | any futures-io pair -> lines -> message -> session -> tool -> answer -> line`. Everything up to the tools is pure;
//! [`Server::serve`] is the loop around it, and a [`Clock`] is all it needs from a runtime.
//!
//! Revisions 2024-11-05 to 2025-11-25 (`initialize`) and 2026-07-28 (stateless) are served side by side, decided per request.

mod answer;
mod arguments;
mod ask;
mod bridge;
mod clock;
mod completion;
mod content;
mod context;
mod definition;
mod elicitation;
mod error;
mod handler;
mod id_finder;
mod level;
mod lines;
mod message;
mod notifier;
mod prompt;
mod resource;
mod revision;
mod sampling;
mod seal;
mod serve;
mod server;
mod session;
mod stdio;
mod tool;
mod uri_template;
mod work;

#[cfg(test)]
mod testing;

pub use ask::AskError;
pub use clock::{Clock, Sleep};
pub use completion::{Reference, Suggestions, Typed};
pub use content::{Audience, Content, Icon, Role};
pub use context::Context;
pub use elicitation::{Action, Elicitation, Elicited, Field};
pub use error::Error;
pub use level::Level;
pub use message::{Id, RpcError};
pub use notifier::Notifier;
pub use prompt::{Argument, Messages, Prompt};
pub use resource::{Contents, Page, Read, ReadRequest, Resource, ResourceTemplate};
pub use revision::Revision;
pub use sampling::{Root, Sampled, Sampling};
pub use server::{Builder, Config, Server};
pub use stdio::Wire;
pub use tool::{Annotations, Answer, Tool, ToolError};
#[cfg(feature = "schema")]
pub use tool::{Output, Worded};
