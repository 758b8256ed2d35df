//! What can go wrong with a server itself. What goes wrong with a message is answered to the client instead.

use std::io;

/// The server could not be made or could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("`{name}` cannot be the name of a tool")]
    ToolName { name: String },
    #[error("two tools are named `{name}`")]
    ToolTwice { name: String },
    #[error("a schema of the tool `{tool}` is not one of an object")]
    SchemaRoot { tool: String },
    #[error("`{name}` cannot be the name of a prompt, or there are two of it")]
    Prompt { name: String },
    #[error("`{uri}` cannot be the URI of a resource, or there are two of it")]
    Resource { uri: String },
    #[error("`{pattern}` is not a supported pattern of URIs")]
    Template { pattern: String },
    #[error("a completion is for `{argument}`, which no prompt and no resource template has")]
    Completion { argument: String },
    #[error("the system gave no random numbers")]
    Random,
    #[error("the protocol's input could not be read")]
    Read { source: io::Error },
    #[error("the protocol's output could not be written")]
    Write { source: io::Error },
    #[error("standard input and output could not be claimed for the protocol")]
    Claim { source: io::Error },
    #[error("no thread could be started for standard input or output")]
    Thread { source: io::Error },
}

impl Error {
    /// Whether the same may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::ToolName { .. } | Error::ToolTwice { .. } | Error::SchemaRoot { .. } => false,
            Error::Prompt { .. } | Error::Resource { .. } | Error::Template { .. } | Error::Completion { .. } => false,
            Error::Read { .. } | Error::Write { .. } => false,
            Error::Claim { source } if is_unconnected(source) => false,
            Error::Random | Error::Claim { .. } | Error::Thread { .. } => true,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Error::ToolName { .. } => "use 1 to 128 of the characters A-Z a-z 0-9 _ - .",
            Error::ToolTwice { .. } => "give every tool a name of its own",
            Error::Prompt { .. } => "give every prompt a name of its own",
            Error::Resource { .. } => "give every resource a URI of its own, with a scheme: docs://guide/install",
            Error::Template { .. } => "use {name} and {+path} with text between them, and a scheme: docs://{source}/{+path}",
            Error::Completion { .. } => "name an argument of a prompt or a variable of a resource template that the server has",
            Error::Random => "see to it that the system's source of random numbers can be read",
            Error::SchemaRoot { .. } => "put the value into an object: arguments and structured answers have named parts",
            Error::Read { .. } | Error::Write { .. } => CONNECT,
            Error::Claim { source } if is_unconnected(source) => CONNECT,
            Error::Claim { .. } | Error::Thread { .. } => "raise the limit of open files or threads, or end other programs",
        })
    }
}

const CONNECT: &str = "start the server from an MCP client, or connect its standard input and output to pipes";

/// The process was started without standard input or output.
fn is_unconnected(source: &io::Error) -> bool {
    source.kind() == io::ErrorKind::NotConnected
}
