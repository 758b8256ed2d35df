//! HTTP/1.1 client on the reactor handle: the one place where a socket error gets its meaning. Knows no crawler.

mod config;
mod counters;
mod error;
mod headers;
mod proxy;
mod request;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncRead};
use url::Url;

pub use self::config::{Config, PrivateAddresses};
pub use self::counters::Counters;
pub use self::error::{BodyFault, Error, HeadFault};
pub use self::headers::Headers;
pub use self::proxy::Proxies;
pub use self::request::{Method, Redirects, Replay, Request};
use crate::reactor::Handle;

/// A client; clones share connections and counters.
#[derive(Clone, Debug)]
pub struct Client {}

impl Client {
    pub fn new(_handle: &Handle, _config: Config) -> Result<Self, Error> {
        unimplemented!()
    }

    pub async fn send(&self, _request: Request) -> Result<Response, Error> {
        unimplemented!()
    }

    pub fn counters(&self) -> Counters {
        unimplemented!()
    }
}

/// An answer: the head now, the body as it is read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    pub status: u16,
    /// Where the answer came from in the end, without user name and password.
    pub url: Url,
    pub headers: Headers,
    /// The URLs that redirected here, in order.
    pub redirects: Vec<Url>,
    body: Body,
}

impl Response {
    /// The body as a reader: decoded and capped.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    pub fn into_body(self) -> Body {
        self.body
    }

    /// The whole body; what was already read by `body` is not repeated.
    pub async fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        unimplemented!()
    }
}

/// The body of an answer.
#[derive(Debug)]
pub struct Body {}

impl AsyncRead for Body {
    fn poll_read(self: Pin<&mut Self>, _cx: &mut Context<'_>, _buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        unimplemented!()
    }
}

impl AsyncBufRead for Body {
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        unimplemented!()
    }

    fn consume(self: Pin<&mut Self>, _amount: usize) {}
}
