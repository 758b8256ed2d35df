//! The same pages over TLS, by a certificate that is made for the occasion.

use std::sync::Arc;

use rcgen::generate_simple_self_signed;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::http;
use super::pages::{Pages, of};

pub fn serve(pages: &Pages) {
    let made = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("the key is that of the certificate");
    let config = Arc::new(config);
    let mut apart = super::Apart::default();
    for stream in super::listen(Some(made.cert.der())).incoming().flatten() {
        let (pages, config) = (pages.clone(), config.clone());
        apart.begin(move || {
            stream.set_nodelay(true)?;
            let session = ServerConnection::new(config).expect("the configuration is whole");
            let mut stream = StreamOwned::new(session, stream);
            let served = http::serve(&mut stream, |target, _| of(&pages, target));
            stream.conn.send_close_notify();
            let _ = stream.conn.complete_io(&mut stream.sock);
            served
        });
    }
}
