//! What can go wrong between a URL and its bytes, as facts. Knows no crawler: whether to try again later is the caller's decision.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::Url;

use super::masked::masked;
use super::proxy::Proxy;
use crate::reactor::Stopped;

/// Why there is no answer, or only a part of one. The outermost layer is [`Error::At`], which names the URL once.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The error below, at this URL: the hop that failed, [`masked`], so that it may be shown and does not always lead there.
    #[error("{url}")]
    At { url: Url, source: Box<Error> },

    #[error("the scheme {scheme:?} is not http or https")]
    UnsupportedScheme { scheme: String },
    #[error("the URL has no host")]
    NoHost,
    /// A name or value with characters that would end the header line, or a header that the client writes itself.
    #[error("the request header {name:?} cannot be sent")]
    InvalidHeader { name: String },

    /// A proxy that was asked for and cannot be used; never silently bypassed.
    #[error("the proxy {value:?} of {variable} cannot be used")]
    InvalidProxy { variable: String, value: String },
    /// To CONNECT, or 407 to a request that it was to forward: no answer of the site's.
    #[error("the proxy {proxy} answered {status}")]
    ProxyRefused { proxy: String, status: u16 },
    /// The error below, of the way to the proxy: the site has not been asked.
    #[error("the proxy {proxy} cannot be reached")]
    Proxy { proxy: String, source: Box<Error> },

    #[error("the host {host} does not resolve")]
    Resolve { host: String, source: io::Error },
    /// `range` is the name of the special-purpose block, as in RFC 6890.
    #[error("{} {address}, which is {range}", whereabouts(host, *address))]
    PrivateAddress { host: String, address: IpAddr, range: &'static str },
    /// The host is refused for its name. `what` says what such names are.
    #[error("{host} is {what}")]
    PrivateName { host: String, what: &'static str },
    /// This process, or the system, may open no more files and sockets. It was waited for one of its own to be closed, as long as there was
    /// one and the request had time. The host is not at fault.
    #[error("no more files and sockets can be opened here")]
    OutOfFiles { source: io::Error },
    /// Every address of the host was tried; this is the last one.
    #[error("no connection to {address}")]
    Connect { address: SocketAddr, source: io::Error },
    #[error("the certificate of {host} is not valid")]
    Certificate { host: String, source: rustls::Error },
    #[error("no TLS session with {host}")]
    Tls { host: String, source: io::Error },

    #[error("no connection within {limit:?}")]
    ConnectTimeout { limit: Duration },
    #[error("no answer within {limit:?}")]
    FirstByteTimeout { limit: Duration },
    #[error("nothing received for {limit:?}")]
    IdleTimeout { limit: Duration },
    #[error("not finished within {limit:?}")]
    TotalTimeout { limit: Duration },

    #[error("the request could not be written")]
    Write { source: io::Error },
    /// Not one byte of an answer came. `source` is empty where the connection was closed in order.
    #[error("the connection was closed before an answer")]
    ClosedBeforeResponse { source: Option<io::Error> },
    #[error("the connection was closed within the head of the answer")]
    TruncatedHead { source: Option<io::Error> },
    #[error("the head of the answer is malformed: {fault}")]
    MalformedHead { fault: HeadFault },
    /// `received` and `expected` count bytes as sent, before decoding; `expected` is none for a chunked body.
    #[error("the body ended after {received} bytes{}", expected.map(|bytes| format!(" of {bytes}")).unwrap_or_default())]
    TruncatedBody { received: u64, expected: Option<u64>, source: Option<io::Error> },
    #[error("the chunked body is malformed: {fault}")]
    MalformedBody { fault: BodyFault },
    /// In bytes after decoding.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge { limit: u64 },
    #[error("the content coding {coding:?} is not known")]
    UnsupportedCoding { coding: String },
    #[error("the body is not valid {coding}")]
    Undecodable { coding: &'static str, source: io::Error },

    /// 206, where the request had no `Range`: what came may be any piece of the page.
    #[error("the server sent a part of the page unasked")]
    UnaskedPart,

    #[error("more than {limit} redirects")]
    TooManyRedirects { limit: usize },
    #[error("the redirects lead back to where they have been")]
    RedirectLoop,
    #[error("the redirect to {location:?} leads nowhere")]
    InvalidLocation { location: String },
}

/// Why the head of an answer was refused (RFC 9112 2, 4, 5, 6.3).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadFault {
    #[error("not HTTP/1.x")]
    NotHttp,
    #[error("a header line cannot be read")]
    Header,
    #[error("more than {limit} headers")]
    TooManyHeaders { limit: usize },
    #[error("larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("content-length is not one number")]
    ContentLength,
    #[error("the transfer coding is not known")]
    TransferCoding,
    #[error("more than {limit} interim answers")]
    TooManyInterim { limit: usize },
    #[error("the protocol was switched unasked")]
    Switched,
}

/// Why a chunked body was refused (RFC 9112 7.1).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    #[error("a chunk size cannot be read")]
    ChunkSize,
    #[error("a chunk is longer than its size")]
    ChunkEnd,
    #[error("chunk extensions are larger than {limit} bytes")]
    Extensions { limit: usize },
    #[error("trailers are larger than {limit} bytes")]
    Trailers { limit: usize },
}

impl Error {
    /// The error without the URL around it.
    pub fn root(&self) -> &Self {
        match self {
            Self::At { source, .. } => source.root(),
            other => other,
        }
    }

    /// The URL at which it happened, where it is known; [`masked`].
    pub fn url(&self) -> Option<&Url> {
        match self {
            Self::At { url, .. } => Some(url),
            _ => None,
        }
    }

    /// Whether the same request may well succeed a little later: the network or the server failed, not the request or its answer.
    /// Not so after a shutdown of the reactor.
    pub fn is_transient(&self) -> bool {
        match self.root() {
            _ if self.stopped().is_some() => false,
            Self::Connect { .. }
            | Self::OutOfFiles { .. }
            | Self::ConnectTimeout { .. }
            | Self::FirstByteTimeout { .. }
            | Self::IdleTimeout { .. }
            | Self::TotalTimeout { .. }
            | Self::Write { .. }
            | Self::ClosedBeforeResponse { .. }
            | Self::TruncatedHead { .. }
            | Self::TruncatedBody { .. } => true,
            // A resolver that is away is not a name that does not exist, but the system reports both the same way.
            Self::Resolve { .. } => true,
            Self::Tls { source, .. } => source.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()),
            Self::ProxyRefused { status, .. } => *status >= 500,
            Self::Proxy { source, .. } => source.is_transient(),
            _ => false,
        }
    }

    /// Whether this machine is at fault, and neither the request nor the site: it says nothing about the host.
    pub fn is_of_this_machine(&self) -> bool {
        matches!(self.root(), Self::OutOfFiles { .. }) || self.stopped().is_some()
    }

    /// Whether the shutdown of this program's own reactor is the cause, and how.
    pub fn stopped(&self) -> Option<Stopped> {
        match self.root() {
            Self::Proxy { source, .. } => source.stopped(),
            Self::Connect { source, .. } | Self::Tls { source, .. } | Self::Write { source } => Stopped::of(source),
            Self::ClosedBeforeResponse { source: Some(source) }
            | Self::TruncatedHead { source: Some(source) }
            | Self::TruncatedBody { source: Some(source), .. } => Stopped::of(source),
            _ => None,
        }
    }

    /// What the reader can do about it, as a sentence without a period.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self.root() {
            _ if self.stopped().is_some() => "nothing is wrong with the server: this program was ending; ask again when it runs",
            Self::UnsupportedScheme { .. } | Self::NoHost => "give a full URL such as https://docs.rs/smol/",
            Self::Resolve { .. } => "check the spelling of the host, and that this machine is online",
            Self::PrivateAddress { .. } | Self::PrivateName { .. } => {
                "private and local addresses are refused by default; allow them by starting smolcrawl with --allow-private"
            }
            Self::OutOfFiles { .. } => {
                "this process may open no more files and sockets: raise the limit (ulimit -n), or fetch fewer pages at a time"
            }
            Self::Connect { .. } => "check host and port, and that the server is running",
            Self::Certificate { source, .. } => certificate_hint(source),
            Self::Tls { .. } => {
                "the server may not speak TLS on this port, or only a version older than 1.2; check http:// against https://"
            }
            Self::ConnectTimeout { .. } | Self::FirstByteTimeout { .. } | Self::IdleTimeout { .. } | Self::TotalTimeout { .. } => {
                "the server is slow or unreachable; try again later"
            }
            Self::ClosedBeforeResponse { .. } | Self::TruncatedHead { .. } | Self::TruncatedBody { .. } | Self::Write { .. } => {
                "the server or something on the way cut the connection; try again later"
            }
            Self::MalformedHead { fault: HeadFault::NotHttp } => "the port may belong to another protocol; check http:// against https://",
            Self::BodyTooLarge { .. } => {
                "if the page is wanted, raise the limit: max_body_mib among the settings, http::Config::max_body in a program"
            }
            Self::InvalidProxy { .. } => "proxies are given as http://host:port; proxies over TLS and SOCKS are not supported",
            Self::Proxy { .. } => {
                "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, and that the proxy is running; NO_PROXY lists hosts to reach directly"
            }
            Self::ProxyRefused { status: 407, .. } => "the proxy wants a user name and a password: http://user:password@host:port",
            Self::ProxyRefused { .. } => "the proxy does not let this host through; NO_PROXY lists hosts to reach directly",
            Self::TooManyRedirects { .. } | Self::RedirectLoop => "the site may want cookies or a log-in, which are not kept",
            Self::InvalidHeader { .. } => "header names are tokens; values have no line breaks",
            Self::MalformedHead { .. }
            | Self::MalformedBody { .. }
            | Self::Undecodable { .. }
            | Self::UnsupportedCoding { .. }
            | Self::UnaskedPart
            | Self::InvalidLocation { .. } => "the server, or a proxy on the way, is at fault: see whether a browser can read the page",
            Self::At { .. } => return None,
        })
    }

    /// Adds the URL, once, and without what is secret in it.
    pub(super) fn at(self, url: &Url) -> Self {
        match self {
            Self::At { .. } => self,
            source => Self::At { url: masked(url), source: Box::new(source) },
        }
    }

    /// Names the proxy where the way to it is what failed.
    pub(super) fn on_the_way_to(self, proxy: &Proxy) -> Self {
        match self {
            source @ (Self::Connect { .. } | Self::Resolve { .. }) => Self::Proxy { proxy: proxy.to_string(), source: Box::new(source) },
            other => other,
        }
    }

    /// Gets back an error that had to travel as an `io::Error` through a reader.
    pub(super) fn from_io(error: io::Error) -> Result<Self, io::Error> {
        if error.get_ref().is_none_or(|inner| !inner.is::<Self>()) {
            return Err(error);
        }
        let inner = error.into_inner().expect("an inner error was just seen");
        Ok(*inner.downcast::<Self>().expect("its type was just seen"))
    }
}

/// For readers of a body, whose errors are `io::Error`s: `get_ref` gives the [`Error`] back.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.root() {
            Error::TruncatedBody { .. } => io::ErrorKind::UnexpectedEof,
            Error::IdleTimeout { .. } | Error::TotalTimeout { .. } => io::ErrorKind::TimedOut,
            Error::MalformedBody { .. } | Error::Undecodable { .. } | Error::UnsupportedCoding { .. } => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

/// Out of file descriptors or of what a socket is made of, by the numbers of the systems: no `io::ErrorKind` says it.
pub(super) fn is_exhaustion(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| EXHAUSTION.contains(&code))
}

/// EMFILE, ENFILE and ENOBUFS; of Windows WSAEMFILE and WSAENOBUFS.
const EXHAUSTION: &[i32] = if cfg!(windows) {
    &[10024, 10055]
} else if cfg!(any(target_os = "linux", target_os = "android")) {
    &[24, 23, 105]
} else {
    &[24, 23, 55]
};

fn certificate_hint(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Why;
    match error {
        rustls::Error::InvalidCertificate(Why::UnknownIssuer) => {
            "its issuer is not known here: for an authority of your own, name its PEM file in SSL_CERT_FILE"
        }
        rustls::Error::InvalidCertificate(Why::Expired | Why::ExpiredContext { .. }) => {
            "it has expired; check the clock of this machine too"
        }
        rustls::Error::InvalidCertificate(Why::NotValidForName | Why::NotValidForNameContext { .. }) => {
            "it is for another host name; check the URL"
        }
        rustls::Error::InvalidCertificate(Why::NotValidYet | Why::NotValidYetContext { .. }) => {
            "it is not valid yet; check the clock of this machine"
        }
        rustls::Error::InvalidCertificate(Why::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is that of an authority, as `openssl req -x509` makes it: make one for the server by -addext basicConstraints=CA:FALSE, and \
             name that in SSL_CERT_FILE"
        }
        _ => "open the page in a browser to see what is wrong with it",
    }
}

/// A host that is named by its address is not named twice.
fn whereabouts(host: &str, address: IpAddr) -> String {
    match host.trim_matches(['[', ']']).parse() == Ok(address) {
        true => "the address is".to_owned(),
        false => format!("{host} is at"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_added_once_and_without_a_password() {
        let url = Url::parse("http://me:secret@docs.test/a").unwrap();
        let error = Error::RedirectLoop.at(&url).at(&Url::parse("http://other.test/").unwrap());
        assert_eq!(error.to_string(), "http://docs.test/a");
        assert!(matches!(error.root(), Error::RedirectLoop));
        assert!(!format!("{error:?}").contains("secret"));
    }

    #[test]
    fn a_certificate_of_an_authority_is_told_from_one_that_is_broken() {
        let hint = |why: &str| {
            let other = rustls::CertificateError::Other(rustls::OtherError(std::sync::Arc::new(io::Error::other(why.to_owned()))));
            let source = rustls::Error::InvalidCertificate(other);
            Error::Certificate { host: "docs.test".to_owned(), source }.hint().unwrap()
        };
        assert!(hint("CaUsedAsEndEntity").contains("CA:FALSE") && hint("BadDer").contains("browser"));
    }

    #[test]
    #[cfg(unix)]
    fn a_limit_of_this_machine_is_not_blamed_on_the_server() {
        let full = Error::OutOfFiles { source: io::Error::from_raw_os_error(24) };
        assert!(full.hint().unwrap().contains("ulimit -n") && full.is_of_this_machine() && full.is_transient());
        let refused = io::Error::from_raw_os_error(if cfg!(target_os = "linux") { 111 } else { 61 });
        assert!(!is_exhaustion(&refused));
        let refused = Error::Connect { address: ([192, 0, 2, 1], 80).into(), source: refused };
        assert!(refused.hint().unwrap().contains("server") && !refused.is_of_this_machine());
    }

    #[test]
    fn the_shutdown_of_the_reactor_is_known_and_no_reason_to_try_again() {
        let aborted = || io::Error::from(Stopped::Aborted);
        let address = ([192, 0, 2, 1], 80).into();
        let errors = [
            Error::Connect { address, source: Stopped::Refused.into() },
            Error::Tls { host: "docs.test".to_owned(), source: aborted() },
            Error::Write { source: aborted() },
            Error::ClosedBeforeResponse { source: Some(aborted()) },
            Error::TruncatedHead { source: Some(aborted()) },
            Error::TruncatedBody { received: 1, expected: None, source: Some(aborted()) },
        ];
        for error in errors {
            let error = error.at(&Url::parse("http://docs.test/").unwrap());
            assert!(error.stopped().is_some() && !error.is_transient(), "{error:?}");
            assert!(error.hint().unwrap().contains("this program was ending"));
        }
        let by_the_peer = Error::ClosedBeforeResponse { source: Some(io::ErrorKind::ConnectionAborted.into()) };
        assert!(by_the_peer.stopped().is_none() && by_the_peer.is_transient());
    }

    #[test]
    fn an_error_survives_the_way_through_a_reader() {
        let back = Error::from_io(io::Error::from(Error::BodyTooLarge { limit: 3 })).unwrap();
        assert!(matches!(back, Error::BodyTooLarge { limit: 3 }));
        assert!(Error::from_io(io::ErrorKind::ConnectionReset.into()).is_err());
    }

    #[test]
    fn a_truncated_body_says_how_much_came() {
        let error = Error::TruncatedBody { received: 5, expected: Some(1000), source: None };
        assert_eq!(error.to_string(), "the body ended after 5 bytes of 1000");
        assert!(error.is_transient());
        assert!(!Error::RedirectLoop.is_transient());
    }
}
