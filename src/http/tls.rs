//! TLS by rustls on ring. The trusted roots are read on the first https connection, off the executor's thread: the system's, or those of
//! `SSL_CERT_FILE` and `SSL_CERT_DIR`, which rustls-native-certs heeds as OpenSSL does; Mozilla's only where there are none.

use std::io;
use std::sync::{Arc, OnceLock};

use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use url::Host;

use super::error::Error;
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
    pub(super) async fn connect(&self, handle: &Handle, host: &Host<String>, socket: Socket) -> Result<TlsStream<Socket>, Error> {
        let connector = match self.0.connector.get() {
            Some(connector) => connector.clone(),
            None => {
                // Several first connections may wait here for the one that reads the files.
                let tls = self.clone();
                handle.unblock(move || tls.0.connector.get_or_init(|| connector(&tls.0.extra_roots)).clone()).await
            }
        };
        let name = server_name(host)?;
        connector.connect(name, socket).await.map_err(|error| judge(host, error))
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

/// Separates "who are you?" from all other ways in which a handshake fails.
fn judge(host: &Host<String>, error: io::Error) -> Error {
    let host = host.to_string();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(source @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) => {
            Error::Certificate { host, source: source.clone() }
        }
        _ => Error::Tls { host, source: error },
    }
}
