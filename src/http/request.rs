//! A question to a server, as the caller words it: what is checked on sending is said there.

use std::borrow::Cow;
use std::fmt;

use url::Url;

/// One request. The headers `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` are written by the client alone.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) replay: Replay,
    pub(super) redirects: Redirects,
}

impl Request {
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    pub fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url)
    }

    pub fn post(url: Url, body: Vec<u8>) -> Self {
        Self::new(Method::POST, url).body(body)
    }

    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new(), body: Vec::new(), replay: Replay::default(), redirects: Redirects::default() }
    }

    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Adds a header field. Line breaks and other control characters are refused on sending, so that a value cannot smuggle a
    /// second header in.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Default: [`Replay::ByMethod`].
    pub fn replayable(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// Default: [`Redirects::Follow`].
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.redirects = redirects;
        self
    }

    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// Values of headers may be secrets, so only their names are shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method.as_str())
            .field("url", &super::masked::masked(&self.url).as_str())
            .field("headers", &self.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())
            .field("body", &self.body.len())
            .field("replay", &self.replay)
            .field("redirects", &self.redirects)
            .finish()
    }
}

/// Whether the request may be sent a second time when a kept-alive connection turns out to be dead before a byte of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// If the method is idempotent (RFC 9110 9.2.2).
    #[default]
    ByMethod,
    /// The caller vouches that twice does no more than once: right for an embeddings POST.
    Safe,
    /// Never, whatever the method.
    Never,
}

/// What a 301, 302, 303, 307 or 308 with a `Location` leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    #[default]
    Follow,
    /// The redirect itself is the answer.
    Stop,
}

/// A request method (RFC 9110 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method(Cow<'static, str>);

impl Method {
    pub const GET: Self = Self(Cow::Borrowed("GET"));
    pub const HEAD: Self = Self(Cow::Borrowed("HEAD"));
    pub const POST: Self = Self(Cow::Borrowed("POST"));
    pub const PUT: Self = Self(Cow::Borrowed("PUT"));
    pub const PATCH: Self = Self(Cow::Borrowed("PATCH"));
    pub const DELETE: Self = Self(Cow::Borrowed("DELETE"));
    pub const OPTIONS: Self = Self(Cow::Borrowed("OPTIONS"));

    /// Any token but CONNECT, which is the client's own (methods are case-sensitive).
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.bytes().all(is_token) && text != "CONNECT").then(|| Self(Cow::Owned(text.to_owned())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// RFC 9110 9.2.2: sending it twice asks for no more than sending it once.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.as_str(), "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE")
    }

    /// Whether a request of this method without a body still says `Content-Length: 0` (RFC 9110 8.6).
    pub(super) fn expects_body(&self) -> bool {
        matches!(self.as_str(), "POST" | "PUT" | "PATCH")
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A character of a token (RFC 9110 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_tokens() {
        assert_eq!(Method::parse("PROPFIND").unwrap().as_str(), "PROPFIND");
        assert_eq!(Method::parse("GET"), Some(Method::GET));
        for bad in ["", "GET /", "A\r\nB", "CONNECT"] {
            assert_eq!(Method::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let request = Request::get(Url::parse("http://me:secret@docs.test/").unwrap()).header("Authorization", "Bearer secret");
        assert!(!format!("{request:?}").contains("secret"), "{request:?}");
    }
}
