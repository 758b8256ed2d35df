//! An answer: its head at once, its body as it is read.

use url::Url;

use super::body::Body;
use super::error::Error;
use super::headers::Headers;

/// What a server answered in the end, whatever the status: a 404 is an answer, not an error.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// As sent, 200 to 999.
    pub status: u16,
    /// Where the answer came from after all redirects, without user name and password.
    pub url: Url,
    pub headers: Headers,
    /// The URLs that redirected here, in order; empty if the first answer was the last.
    pub redirects: Vec<Url>,
    pub(super) body: Body,
}

impl Response {
    /// The body as a reader, decoded and capped.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// The body as a reader, for who needs nothing else.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// All of the body that has not been read yet, decoded, in a `Vec` of exactly its size.
    ///
    /// # Errors
    /// The body was cut short, larger than [`Config::max_body`](super::Config::max_body), too slow, or not in the coding it
    /// claims. After an error it stays an error.
    pub async fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        self.body.bytes().await
    }

    /// `Content-Type` as sent.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.first("content-type")
    }
}
