//! What a Rust programmer would write on Tokio: reqwest, rmcp, a semaphore, and this library's pure functions and its store.

pub mod crawl;
pub mod echo;
#[cfg(feature = "contestants")]
pub mod vectors;

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

pub fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts")
}

/// With the time limits that our client has by default, as a crawler needs them; redirects are links. `root` is a certificate in DER
/// that is trusted, for a far end of the bench's own.
pub fn client(root: Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error> {
    // The provider of our client, too. It may have been installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = root.map(reqwest::Certificate::from_der).transpose()?;
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(30))
        .timeout(Duration::from_secs(120))
        .tls_certs_only(roots)
        .build()
}
