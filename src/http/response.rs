//! An answer: its head at once, its body as it is read.

use std::fmt;

use url::Url;

use super::body::Body;
use super::error::Error;
use super::headers::Headers;
use super::masked::masked;
use super::redirect::{self, Content};

/// What a server answered in the end, whatever the status: a 404 is an answer, not an error.
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

    /// Where a `Refresh` header of a success leads at once, as browsers follow it like a redirect; `send` has, unless the request says
    /// [`Redirects::Stop`](super::Redirects::Stop). None for one that is to be waited for while there is something to read, or that only asks
    /// for the same URL again.
    pub fn refresh(&mut self) -> Option<Url> {
        let value = self.headers.first("refresh").filter(|_| (200..300).contains(&self.status))?;
        let content = if self.body.is_empty() { Content::Empty } else { Content::Some };
        redirect::refresh(&self.url, value, content)
    }

    /// `Content-Type` as sent.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.first("content-type")
    }
}

/// Values of headers and of some parameters may be secrets, so only their names are shown.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("url", &masked(&self.url).as_str())
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("redirects", &self.redirects.iter().map(|url| String::from(masked(url))).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
