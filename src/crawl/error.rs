//! What can go wrong with a request to crawl or with one page. Facts only; the words are for people, the chain is printed once.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::http;
use crate::model::OverBudget;
use crate::render;

use super::polite::PATIENCE;
use super::robots::Forbidden;

/// Why a crawl cannot start, or why one page could not be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Where it happened; added once, on the way out. Told as [`http::masked`].
    #[error("{}", http::masked(url))]
    At {
        url: Url,
        #[source]
        source: Box<Self>,
    },

    /// What it redirects to, at once or after others, cannot be had.
    #[error("redirects to {}", http::masked(to))]
    Redirected {
        to: Url,
        #[source]
        source: Box<Self>,
    },

    /// A crawl was asked for without any URL.
    #[error("no URL to crawl")]
    NoSeed,
    #[error("not a URL: {:?}", http::masked_text(text))]
    NotAUrl {
        text: String,
        #[source]
        source: url::ParseError,
    },
    #[error("unsupported scheme {scheme:?} in {:?}", http::masked_text(text))]
    Scheme { text: String, scheme: String },

    /// What was given as a header is none.
    #[error("{name:?} is no header to send: {why}")]
    Header { name: String, why: &'static str },
    #[error("line {line} of the cookies is none in Netscape's format")]
    CookieFile { line: usize },
    /// One of [`CrawlRequest::include`](super::CrawlRequest::include) or `exclude` is no pattern.
    #[error("{text:?} is no pattern: {why}")]
    Pattern { text: String, why: String },
    /// What is kept of a crawl is not what this program writes.
    #[error("a recipe with {what:?} is unknown")]
    Recipe { what: String },
    /// [`Config::agent`](super::Config::agent) could not be named in any robots.txt.
    #[error("not a product token: {agent:?}")]
    Agent { agent: String },

    /// The site's robots.txt closes the page to this crawler.
    #[error("{forbidden}")]
    Forbidden { forbidden: Forbidden },
    /// The site's robots.txt could not be asked for, so nothing of the site is fetched (RFC 9309 2.3.1.4).
    #[error("robots.txt could not be fetched")]
    Robots {
        #[source]
        source: Arc<http::Error>,
    },
    /// The last answer was neither 2xx nor a redirect.
    #[error("HTTP {status}{}{}", reason(*status), pause_asked(*retry_after))]
    Status {
        status: u16,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// The site sends whoever it does not know to a form to log in.
    #[error("the site wants a login: it redirects to {}", http::masked(to))]
    Login { to: Url },
    #[error("more than {limit} redirects")]
    TooManyRedirects { limit: usize },
    #[error("redirect loop through {}", http::masked(through))]
    RedirectLoop { through: Url },
    /// A redirect without `Location`, or with one that is no http or https URL.
    #[error("HTTP {status} without a usable Location")]
    BadRedirect { status: u16 },
    /// A redirect to a port that no web server uses (`http::is_bad_port`).
    #[error("redirect to port {port}, which no web server uses")]
    BadPort { port: u16 },
    /// The crawl has made as many requests as it may; see [`CrawlRequest::max_requests`](super::CrawlRequest::max_requests).
    #[error("the limit of requests was reached")]
    MaxRequests,
    /// Its links could not be read in the time that a page may take.
    #[error(transparent)]
    OverBudget {
        #[from]
        source: OverBudget,
    },
    /// Neither HTML nor markdown nor plain text.
    #[error("not a page: {what}")]
    NotAPage { what: String },
    /// So many requests to the host failed one after the other that the rest of its pages was left out.
    #[error("given up on this host after {failures} failures in a row")]
    HostGivenUp { failures: u32 },
    /// Its text was had from its scripts or what they bring, and nothing has it now but they.
    #[error("needs a browser: scripts write the text of this page")]
    Shell,
    /// Its scripts could not be run.
    #[error(transparent)]
    Render { source: Box<render::Error> },
    /// The transport failed.
    #[error(transparent)]
    Http { source: Box<http::Error> },
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self.root() {
            Self::NoSeed => Some("give at least one URL, such as https://docs.rs/smol/".to_owned()),
            Self::NotAUrl { text, .. } | Self::Scheme { text, .. } if is_path(text.trim()) => Some(FILES.to_owned()),
            Self::NotAUrl { text, .. } => {
                let text = text.trim();
                let scheme = if is_local(text) { "http" } else { "https" };
                let (scheme, rest) = match text.split_once("//") {
                    // The colon was forgotten.
                    Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
                    _ => (scheme, text.trim_start_matches('/')),
                };
                let guess = format!("{scheme}://{rest}");
                let usable = !text.is_empty() && !text.contains("://") && Url::parse(&guess).is_ok_and(|url| url.has_host());
                Some(match usable {
                    true => format!("did you mean {}?", http::masked_text(&guess)),
                    false => "a URL begins with https:// or http://, then the host".to_owned(),
                })
            }
            Self::Header { .. } => Some("as in 'Authorization: Bearer TOKEN', or with env:NAME in place of the value".to_owned()),
            Self::CookieFile { .. } => {
                Some("a line has seven fields with tabs between, as curl and browsers' add-ons write them".to_owned())
            }
            Self::Pattern { text, .. } => Some(
                match text.starts_with("re:") {
                    true => "see https://docs.rs/regex/#syntax",
                    false => "as in /api/*, *.pdf or blog; a regular expression begins with re:",
                }
                .to_owned(),
            ),
            Self::Recipe { .. } => Some("another version of smolcrawl may have made it; crawl the source again".to_owned()),
            Self::Scheme { .. } => Some("only http and https are crawled".to_owned()),
            Self::Agent { .. } => Some("letters, - and _ only, without version (RFC 9309 2.2.1)".to_owned()),
            Self::Forbidden { .. } => {
                Some("robots.txt is obeyed by default; `smolcrawl crawl --ignore-robots` crawls a site of your own regardless".to_owned())
            }
            Self::Status { status: 401 | 403, .. } => Some(format!("the site wants a login or turns crawlers away; {SHOW_WHO}")),
            Self::Login { .. } => Some(SHOW_WHO.to_owned()),
            Self::Status { status: 404 | 410, .. } => Some("check the address in a browser".to_owned()),
            Self::Status { status: 429, .. } => {
                Some("the site asks for fewer requests: try again later, with fewer requests at a time".to_owned())
            }
            Self::Status { status: 500..=599, .. } => Some("the site has a problem: try again later".to_owned()),
            Self::TooManyRedirects { .. } | Self::RedirectLoop { .. } => {
                Some("the site may want a log-in or a browser; try the address it should end at".to_owned())
            }
            Self::NotAPage { .. } => Some("HTML, markdown, plain text and sitemaps are read".to_owned()),
            Self::Status { .. } => Some("see what the site says to a browser at this address".to_owned()),
            Self::BadRedirect { .. } => Some("the site is at fault; try the address it should lead to".to_owned()),
            Self::HostGivenUp { .. } => Some("the host seems to be down: try again later".to_owned()),
            Self::Http { source } => source.hint().map(str::to_owned),
            Self::Robots { source } => source.hint().map(str::to_owned),
            Self::OverBudget { .. } => Some("the page is made in a way that takes very long to read; another form of it may do".to_owned()),
            Self::BadPort { .. } => Some("ask for that address itself if it is meant".to_owned()),
            Self::Render { source } => source.hint().map(str::to_owned),
            Self::Shell => Some("what is stored of it is kept; install Chromium, Chrome or Edge, or ask with --render auto".to_owned()),
            Self::MaxRequests => Some("allow more with --max-requests".to_owned()),
            Self::At { .. } | Self::Redirected { .. } => None,
        }
    }

    /// The same request may succeed later without anything being changed.
    pub fn is_transient(&self) -> bool {
        match self.root() {
            Self::Status { status, .. } => is_transient_status(*status),
            Self::Http { source } => source.is_transient(),
            Self::Robots { source } => source.is_transient(),
            Self::HostGivenUp { .. } => true,
            _ => false,
        }
    }

    /// This process is short of something, such as files: that says nothing about the site.
    pub fn is_ours(&self) -> bool {
        match self.root() {
            Self::Http { source } => source.is_of_this_machine(),
            Self::Robots { source } => source.is_of_this_machine(),
            _ => false,
        }
    }

    /// The error without the URLs around it.
    pub fn root(&self) -> &Self {
        match self {
            Self::At { source, .. } | Self::Redirected { source, .. } => source.root(),
            other => other,
        }
    }

    /// The message with its causes and without the URL, `: ` between them, each once.
    pub(super) fn chain(&self) -> String {
        let mut text = self.root().to_string();
        let mut cause = self.root().source();
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.ends_with(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }

    /// Whether the address has no page any more, as far as its site says: not for want of credentials, and not because it is in trouble.
    pub fn is_of_the_page(&self) -> bool {
        match self.root() {
            Self::Status { status, .. } => (400..500).contains(status) && !matches!(status, 401 | 403 | 407 | 408 | 421 | 425 | 429),
            Self::TooManyRedirects { .. } | Self::RedirectLoop { .. } | Self::BadRedirect { .. } | Self::NotAPage { .. } => true,
            _ => false,
        }
    }

    /// The site says that the address has nothing.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.root(), Self::Status { status: 404 | 410, .. })
    }

    pub(super) fn at(self, url: &Url) -> Self {
        match self {
            Self::At { .. } => self,
            source => Self::At { url: url.clone(), source: Box::new(source) },
        }
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        Self::Http { source: Box::new(bare(error)) }
    }
}

/// The transport's error without its URL: here the URL is added further out, once.
pub(super) fn bare(error: http::Error) -> http::Error {
    match error {
        http::Error::At { source, .. } => bare(*source),
        error => error,
    }
}

/// Timeout, too early, too many requests, and the gateway's errors (RFC 9110 15.5.9, 15.6; RFC 6585 4).
pub(super) fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 502 | 503 | 504)
}

/// Whether it is written as files are named, on any system: `./x`, `/x`, `~/x`, `C:\x`, `file:///x`.
fn is_path(text: &str) -> bool {
    let has_drive = matches!(text.as_bytes(), [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic());
    let is_absolute = text.starts_with('/') && !text.starts_with("//");
    let starts = ["./", "../", ".\\", "..\\", "\\", "~/", "file:"];
    has_drive || is_absolute || starts.iter().any(|start| text.starts_with(start))
}

fn is_local(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}

/// How long the site asks to be left alone, where that is longer than it is waited for.
fn pause_asked(asked: Option<Duration>) -> String {
    let asked = asked.filter(|asked| *asked > PATIENCE);
    asked.map_or_else(String::new, |asked| format!("; the site asks to be left alone for {} s", asked.as_secs()))
}

/// The phrases of RFC 9110 15 that a crawler meets, with a blank before.
fn reason(status: u16) -> &'static str {
    match status {
        400 => " Bad Request",
        401 => " Unauthorized",
        402 => " Payment Required",
        403 => " Forbidden",
        404 => " Not Found",
        405 => " Method Not Allowed",
        406 => " Not Acceptable",
        408 => " Request Timeout",
        410 => " Gone",
        414 => " URI Too Long",
        418 => " I'm a teapot",
        429 => " Too Many Requests",
        451 => " Unavailable For Legal Reasons",
        500 => " Internal Server Error",
        501 => " Not Implemented",
        502 => " Bad Gateway",
        503 => " Service Unavailable",
        504 => " Gateway Timeout",
        _ => "",
    }
}

const FILES: &str = "files are not fetched: `smolcrawl add PATH` stores what lies on this machine, `smolcrawl index --jsonl` texts";
const SHOW_WHO: &str = "show it who you are by credentials.toml (`smolcrawl help private`); `crawl` and `fetch` take --header as well";

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn what_this_process_lacks_is_told_from_what_a_site_does() {
        let out_of_files = Error::from(http::Error::OutOfFiles { source: io::Error::from_raw_os_error(24) });
        assert!(out_of_files.is_ours());
        let refused = io::ErrorKind::ConnectionRefused.into();
        let address = "10.0.0.1:80".parse().expect("it is an address");
        assert!(!Error::from(http::Error::Connect { address, source: refused }).is_ours());
        assert!(!Error::Status { status: 503, retry_after: None }.is_ours());
    }
}
