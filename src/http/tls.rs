//! TLS by rustls on ring. The trusted roots are read on the first https connection, off the executor's thread: the system's, or those of
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`, which rustls-native-certs heeds as OpenSSL does; Mozilla's only where there are none.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use url::Host;

use super::error::Error;
use super::masked::quoted;
use crate::reactor::Handle;
use crate::reactor::Socket;

/// What https connections are made with.
#[derive(Clone)]
pub(super) struct Tls(Arc<Shared>);

struct Shared {
    extra_roots: Vec<Vec<u8>>,
    connector: OnceLock<TlsConnector>,
}

impl Tls {
    pub(super) fn new(extra_roots: Vec<Vec<u8>>) -> Self {
        Self(Arc::new(Shared { extra_roots, connector: OnceLock::new() }))
    }

    /// Shakes hands with `host` on a connected socket.
    pub(super) async fn connect(&self, handle: &Handle, host: &Host<String>, socket: Socket) -> Result<Session, Error> {
        let connector = match self.0.connector.get() {
            Some(connector) => connector.clone(),
            None => {
                // Several first connections may wait here for the one that reads the files.
                let tls = self.clone();
                handle.unblock(move || tls.0.connector.get_or_init(|| connector(&tls.0.extra_roots)).clone()).await
            }
        };
        let name = server_name(host)?;
        let stream = connector.connect(name, socket).await.map_err(|error| judge(host, error))?;
        Ok(Session { stream, failed: None })
    }
}

/// An open session. What was decrypted before the peer's alert, or before garbage, is read first: rustls tells of the end as soon as it sees it,
/// which may be in one read with the last of an answer.
pub(super) struct Session {
    stream: TlsStream<Socket>,
    /// To be told once everything before it has been read.
    failed: Option<io::Error>,
}

impl Session {
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.failed.is_none() {
            match ready!(Pin::new(&mut self.stream).poll_read(cx, into)) {
                Err(error) => self.failed = Some(error),
                read => return Poll::Ready(read),
            }
        }
        Poll::Ready(match (self.stream.get_mut().1.reader().read(into), &mut self.failed) {
            (Ok(count @ 1..), _) => Ok(count),
            (read, failed) => failed.take().map_or(read, Err),
        })
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Whether nothing has come: a session wants no more while it holds what nobody has read, nor after close_notify; the socket shows
    /// neither.
    pub(super) fn is_quiet(&self) -> bool {
        let (socket, session) = self.stream.get_ref();
        self.failed.is_none() && session.wants_read() && socket.is_quiet()
    }

    /// Says that this was all (RFC 8446 6.1). Pending where that needs waiting.
    pub(super) fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (socket, session) = self.stream.get_mut();
        socket.take_leave();
        session.send_close_notify();
        self.poll_flush(cx)
    }
}

fn connector(extra_roots: &[Vec<u8>]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        log::debug!("system certificates: {error}");
    }
    let (added, ignored) = roots.add_parsable_certificates(native.certs);
    log::debug!("system certificates: {added} read, {ignored} not understood");
    if roots.is_empty() {
        // Who names a file that cannot be read would look for the fault at the site.
        for error in &native.errors {
            log::warn!("certificates: {error}; Mozilla's are used in place of these");
        }
        log::debug!("no system certificates: using Mozilla's, as they were when this was built");
        roots.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS);
    }
    let (_, ignored) = roots.add_parsable_certificates(extra_roots.iter().map(|der| CertificateDer::from(der.as_slice())));
    if ignored > 0 {
        log::warn!("{ignored} of the extra certificates cannot be read");
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers the suites of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config).into()
}

fn server_name(host: &Host<String>) -> Result<ServerName<'static>, Error> {
    Ok(match host {
        // The trailing dot of an absolute name is not part of the name in a certificate.
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(|error| Error::Tls { host: host.to_string(), source: io::Error::new(io::ErrorKind::InvalidInput, error) })?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
    })
}

/// A certificate may have names by the thousand, with anything in them; an error lists them all.
fn readable(mut error: rustls::Error) -> rustls::Error {
    if let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) = &mut error {
        let rest = presented.len().saturating_sub(MAX_NAMES);
        presented.truncate(MAX_NAMES);
        presented.iter_mut().for_each(|name| *name = quoted(name));
        if rest > 0 {
            presented.push(format!("{rest} more"));
        }
    }
    error
}

const MAX_NAMES: usize = 5;

/// Separates "who are you?" from all other ways in which a handshake fails.
fn judge(host: &Host<String>, error: io::Error) -> Error {
    let host = host.to_string();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(source @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) => {
            Error::Certificate { host, source: readable(source.clone()) }
        }
        _ => Error::Tls { host, source: error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_certificate_are_few_and_harmless_in_an_error() {
        let expected = ServerName::try_from("docs.test").unwrap();
        let presented = (0..10_000).map(|number| format!("a{number}\u{1b}[31m\u{202e}.test")).collect();
        let error = rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { expected, presented });
        let text = readable(error).to_string();
        assert!(text.contains("docs.test") && text.contains("a4") && text.contains("9995 more"), "{text}");
        assert!(text.len() < 500 && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}
