//! The surf façade: a `surf::Client` whose requests run on this client, and so on the chosen reactor.
//!
//! Redirects are followed below surf; its own `Redirect` middleware is not needed (it sends every request twice). Extensions of
//! a request: [`Replay`] and [`Redirects`]. Extensions of a response: [`RawStatus`], and the unabridged
//! [`Headers`](super::Headers).
//!
//! ```
//! use smolcrawl::http::{Client, Config, Replay};
//!
//! # let handle = smolcrawl::reactor::sim::Sim::new().handle();
//! let client = Client::new(&handle, Config::default())?.surf();
//! let mut request = client.post("https://api.test/v1/embeddings").body_json(&["text"])?.build();
//! let http: &mut http_types::Request = request.as_mut();
//! http.ext_mut().insert(Replay::Safe); // twice the same text is the same vector
//! # Ok::<(), http_types::Error>(())
//! ```

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures_io::{AsyncBufRead, AsyncRead};
use futures_lite::AsyncReadExt;
use http_client::{HttpClient, async_trait};
use http_types::{StatusCode, headers};

use super::body::Body;
use super::error::Error;
use super::request::{Method, Redirects, Replay, Request};
use super::response::Response;
use super::{Client, h1};

/// The status as sent, in the extensions of every response: http-types knows a closed set of codes, so that 520 becomes 500 there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawStatus(pub u16);

impl Client {
    /// A surf client on this one; they share connections and counters.
    pub fn surf(&self) -> ::surf::Client {
        ::surf::Client::with_http_client(self.clone())
    }
}

/// The body of a request is read into memory first, so that it can be sent again. An error downcasts to [`Error`].
#[async_trait]
impl HttpClient for Client {
    async fn send(&self, request: http_client::Request) -> Result<http_client::Response, http_types::Error> {
        let request = incoming(request).await?;
        self.send(request).await.map(outgoing).map_err(explained)
    }

    fn set_config(&mut self, _config: http_client::Config) -> http_types::Result<()> {
        Err(http_types::Error::from_str(StatusCode::NotImplemented, "settings are given to http::Client::new"))
    }

    fn config(&self) -> &http_client::Config {
        static DEFAULT: OnceLock<http_client::Config> = OnceLock::new();
        DEFAULT.get_or_init(http_client::Config::new)
    }
}

async fn incoming(mut request: http_client::Request) -> Result<Request, http_types::Error> {
    let method = Method::parse(request.method().as_ref())
        .ok_or_else(|| http_types::Error::from_str(StatusCode::MethodNotAllowed, "CONNECT is not a request of its own"))?;
    let mut body = Vec::new();
    request.take_body().read_to_end(&mut body).await?;
    let mut ours = Request::new(method, request.url().clone()).body(body);
    for (name, values) in request.iter().filter(|(name, _)| !h1::is_own_field(name.as_str())) {
        for value in values {
            ours = ours.header(name.as_str(), value.as_str());
        }
    }
    if let Some(replay) = request.ext().get::<Replay>() {
        ours = ours.replayable(*replay);
    }
    if let Some(redirects) = request.ext().get::<Redirects>() {
        ours = ours.redirects(*redirects);
    }
    Ok(ours)
}

fn outgoing(response: Response) -> http_client::Response {
    let Response { status, headers, mut body, .. } = response;
    let mut out = http_types::Response::new(StatusCode::try_from(status).unwrap_or_else(|_| class_of(status)));
    out.ext_mut().insert(RawStatus(status));
    let decoded = headers.first("content-encoding").is_some();
    let length = if decoded { None } else { body.remaining() };
    out.set_body(http_types::Body::from_reader(Exclusive(Mutex::new(body)), length));
    // Setting a body has claimed a type for it.
    out.remove_header(headers::CONTENT_TYPE);
    for (name, value) in headers.iter() {
        // These describe the body as it was sent.
        if decoded && (name.eq_ignore_ascii_case("content-encoding") || name.eq_ignore_ascii_case("content-length")) {
            continue;
        }
        // http-types panics at anything but ASCII; the extension has the value in full.
        let ascii: String = value.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect();
        out.append_header(name, ascii.as_str());
    }
    out.ext_mut().insert(headers);
    out
}

fn class_of(status: u16) -> StatusCode {
    match status / 100 {
        2 => StatusCode::Ok,
        3 => StatusCode::MultipleChoice,
        4 => StatusCode::BadRequest,
        _ => StatusCode::InternalServerError,
    }
}

fn explained(error: Error) -> http_types::Error {
    let status = match error.root() {
        Error::ConnectTimeout { .. } | Error::FirstByteTimeout { .. } | Error::IdleTimeout { .. } | Error::TotalTimeout { .. } => {
            StatusCode::GatewayTimeout
        }
        Error::UnsupportedScheme { .. } | Error::NoHost | Error::InvalidHeader { .. } => StatusCode::BadRequest,
        _ => StatusCode::BadGateway,
    };
    http_types::Error::new(status, error)
}

/// http-types asks for `Sync`, though it only ever reads through `&mut`: the lock is never contended, and never even taken.
struct Exclusive(Mutex<Body>);

impl Exclusive {
    fn body(self: Pin<&mut Self>) -> Pin<&mut Body> {
        Pin::new(self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AsyncRead for Exclusive {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        self.body().poll_read(cx, into)
    }
}

impl AsyncBufRead for Exclusive {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.body().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.body().consume(amount);
    }
}
