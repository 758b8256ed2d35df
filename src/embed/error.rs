//! Why there are no vectors, as facts. Keys of services are in none of them.

#[cfg(feature = "models")]
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "models")]
use super::Unusable;

/// Why there are no vectors.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model inside the program cannot be read: a defect of the build.
    #[error("the bundled model cannot be loaded: {why}")]
    Load { why: String },
    /// The model inside the program failed on a text: a defect.
    #[error("the bundled model failed: {why}")]
    Run { why: String },

    /// The model of the user's own, in this folder or file, is of no use.
    #[cfg(feature = "models")]
    #[error("the model {} cannot be used: {why}", path.display())]
    Folder { path: PathBuf, why: Unusable },
    /// That model failed on a text.
    #[cfg(feature = "models")]
    #[error("the model {} failed: {why}", path.display())]
    FolderRun { path: PathBuf, why: String },

    /// Not an http or https URL with a host.
    #[error("the base URL {url:?} of the embeddings service cannot be used")]
    InvalidBaseUrl { url: String },
    /// A limit of zero, a key that no header can carry, or a second provider that cannot stand in for the first.
    #[error("the setting {setting} of the embeddings service cannot be used: {why}")]
    InvalidSetting { setting: &'static str, why: &'static str },

    /// The error below, of the service at this URL. `attempts` counts the requests sent for this batch.
    #[error("embeddings service {url}, model {model}, after {attempts} attempt{}", if *attempts == 1 { "" } else { "s" })]
    At { url: String, model: String, attempts: u32, source: Box<Error> },
    /// Neither the first provider nor the second gave vectors; `source` is the second's error.
    #[error("both embeddings services failed; the first: {}", chain(first))]
    Both { first: Box<Error>, source: Box<Error> },
    /// No answer, or only a part of one.
    #[cfg(feature = "surf")]
    #[error("no answer")]
    Transport { source: crate::http::Error },
    /// As `Transport`, for what did not come from our own client.
    #[error("no answer: {why}")]
    Client { why: String },
    /// The whole exchange, reading included, took longer than this.
    #[error("no answer within {limit:?}")]
    Timeout { limit: Duration },
    /// Any status but 2xx. `message` is the server's, shortened; `retry_after` is what it asked for.
    #[error("the service answered {status}{}", message.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Status { status: u16, message: Option<String>, retry_after: Option<Duration> },
    /// No more is paid for: unlike a rate limit it does not pass. `message` as with `Status`.
    #[error("the quota of the service is used up ({status}){}", message.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    QuotaExceeded { status: u16, message: Option<String> },
    /// In bytes.
    #[error("the answer is larger than {limit} bytes")]
    AnswerTooLarge { limit: u64 },
    /// Not the JSON of an embeddings answer.
    #[error("the answer is not a list of embeddings: {why}")]
    Malformed { why: String },
    #[error("{expected} texts were sent and {found} vectors came back")]
    WrongCount { expected: usize, found: usize },
    /// An index that is twice there or beyond the texts sent.
    #[error("the vectors are numbered wrongly: {index} is unexpected")]
    WrongIndex { index: usize },
    /// Vectors of two lengths cannot be compared, so nothing of this answer is used.
    #[error("the vectors have {found} dimensions instead of {expected}")]
    DimensionChanged { expected: usize, found: usize },
    /// Longer than the vectors of any model.
    #[error("a vector has {found} dimensions, more than {limit}")]
    TooManyDimensions { found: usize, limit: usize },
    /// The system grants a model on this machine neither threads nor memory.
    #[error("the model cannot run: {why}")]
    NoRoom { why: String },
    /// An infinity, NaN, or a vector of length 0.
    #[error("a vector has no direction: it is zero or not finite")]
    NotFinite,
}

impl Error {
    /// The error without the service's name around it.
    pub fn root(&self) -> &Self {
        match self {
            Self::At { source, .. } | Self::Both { source, .. } => source.root(),
            other => other,
        }
    }

    /// Whether the same texts may well get their vectors a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::At { source, .. } => source.is_transient(),
            Self::Both { first, source } => first.is_transient() || source.is_transient(),
            #[cfg(feature = "surf")]
            Self::Transport { source } => source.is_transient(),
            Self::Timeout { .. } => true,
            // 408, 409 and 425 are asked again by the usual clients of these services too.
            Self::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500..),
            _ => false,
        }
    }

    /// Whether one of the texts may be to blame, without which the others have their vectors: a service refuses it, fails on it each time,
    /// or gives no vector for it. Only other texts can tell, which have theirs where the service itself is well.
    pub fn may_be_the_texts(&self) -> bool {
        match self.root() {
            #[cfg(feature = "surf")]
            Self::Transport { .. } => true,
            // Any but those that are about the key, the account or the rate: some filter texts, in statuses of their own.
            Self::Status { status, .. } => matches!(status, 400 | 403..=406 | 409..=424 | 451 | 500..),
            Self::Timeout { .. }
            | Self::Client { .. }
            | Self::AnswerTooLarge { .. }
            | Self::Malformed { .. }
            | Self::WrongCount { .. }
            | Self::WrongIndex { .. }
            | Self::DimensionChanged { .. }
            | Self::TooManyDimensions { .. }
            | Self::NotFinite => true,
            _ => false,
        }
    }

    /// What the reader can do about it, as a sentence without a period.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.root() {
            Self::Load { .. } | Self::Run { .. } => "this is a defect of smolcrawl; please report it",
            #[cfg(feature = "models")]
            Self::Folder { why, .. } => why.hint(),
            #[cfg(feature = "models")]
            Self::FolderRun { .. } => {
                "the model's files may not belong together: fetch its repository again, or set a smaller model_max_tokens"
            }
            Self::InvalidBaseUrl { .. } => "give a URL such as https://api.openai.com/v1 or http://127.0.0.1:8377/v1",
            #[cfg(feature = "surf")]
            Self::Transport { source } => return source.hint(),
            Self::Timeout { .. } => "the service is slow or hangs; send fewer texts at once or raise its time limit",
            Self::Status { status: 300..400, .. } => "the service moved: use the URL it redirects to as the base URL",
            Self::Status { status: 401, .. } => "the service wants another key: check the key and that it belongs to this base URL",
            Self::Status { status: 403, .. } => "the key is known but may not use this model; check its permissions",
            Self::Status { status: 404, .. } => "check the base URL (it usually ends in /v1) and the name of the model",
            Self::Status { status: 413, .. } => "the batch is too large for the service: lower the batch bounds",
            Self::Status { status: 400 | 422, .. } => {
                "the service refused the request: check the model's name, the number of dimensions, and the batch bounds"
            }
            Self::Status { status: 429, .. } => "the rate limit or the quota of the key is used up; try again later",
            Self::QuotaExceeded { .. } => "check the plan and the billing of the account that the key belongs to",
            Self::NoRoom { .. } => {
                "raise the limits of processes and memory (`ulimit -u`, `ulimit -v`); words are searched without the model"
            }
            Self::Status { status: 500.., .. } => "the service has trouble of its own; try again later",
            Self::AnswerTooLarge { .. } => "lower the batch bounds, or check that the base URL is an embeddings service",
            Self::Malformed { .. }
            | Self::WrongCount { .. }
            | Self::WrongIndex { .. }
            | Self::TooManyDimensions { .. }
            | Self::NotFinite => "the service is not OpenAI-compatible or has a defect; check the base URL",
            Self::DimensionChanged { .. } => {
                "the service changed its model, or the index was made by another: set the number of dimensions, or embed again"
            }
            _ => return None,
        })
    }
}

/// An error and its causes on one line.
pub(super) fn chain(error: &Error) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
