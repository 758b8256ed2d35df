//! What a client may be told, with defaults that suit a polite crawler.

use std::time::Duration;

use super::proxy::Proxies;

/// Settings of a [`Client`](super::Client).
#[derive(Clone, Debug)]
pub struct Config {
    /// For DNS, TCP (all addresses together), proxy and TLS of one connection. Default: 10 s.
    pub connect_timeout: Duration,
    /// From the first byte of the request to the complete head of its answer; any progress in writing starts it anew. Default: 30 s.
    pub first_byte_timeout: Duration,
    /// Between two reads of a body. Default: 30 s.
    pub idle_timeout: Duration,
    /// For one `send` with all its redirects, and the reading of the body. Default: 120 s.
    pub total_timeout: Duration,
    /// How long an unused connection is kept. Default: 55 s, just under the 60 s after which common servers close it.
    pub keep_alive: Duration,
    /// Unused connections kept for one origin. Default: 64.
    pub max_idle_per_origin: usize,
    /// Unused connections kept in all. Default: 256.
    pub max_idle: usize,
    /// Bytes of one body after decoding, and also before. Default: 32 MiB.
    pub max_body: u64,
    /// Redirects followed for one `send`. Default: 10.
    pub max_redirects: usize,
    /// Says who asks, and where to complain (RFC 9110 10.1.5). Default: name, version and repository of this crate.
    pub user_agent: String,
    /// Default: refuse.
    pub private_addresses: PrivateAddresses,
    /// Default: none. The environment is not read here: see [`Proxies::from_variables`].
    pub proxies: Proxies,
    /// Certificates trusted beside the system's, in DER: for an authority of one's own, and for tests. Default: none.
    pub extra_roots: Vec<Vec<u8>>,
    /// How long the addresses of a host name are remembered. Default: 60 s.
    pub dns_ttl: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            keep_alive: Duration::from_secs(55),
            max_idle_per_origin: 64,
            max_idle: 256,
            max_body: 32 << 20,
            max_redirects: 10,
            user_agent: user_agent(),
            private_addresses: PrivateAddresses::default(),
            proxies: Proxies::default(),
            extra_roots: Vec::new(),
            dns_ttl: Duration::from_secs(60),
        }
    }
}

/// Whether addresses that are not on the public Internet may be connected to.
///
/// Judged on the address that is really connected to, at every hop, so that neither a name, nor a redirect, nor a literal in disguise
/// leads a crawl into the network it runs in. What goes through a proxy is resolved here first and refused if any of its addresses is; a name
/// that does not resolve here is left to the proxy, unless it can be of no public server (`wiki`, `wiki.corp`, `nas.local`). Names of clouds'
/// metadata are refused everywhere. The proxy itself is exempt, it was named by the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// Private, loopback, link-local, metadata and other special-purpose addresses are
    /// [`Error::PrivateAddress`](super::Error::PrivateAddress), names of that kind [`Error::PrivateName`](super::Error::PrivateName).
    #[default]
    Refuse,
    Allow,
}

fn user_agent() -> String {
    const PRODUCT: &str = concat!("smolcrawl/", env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    match env!("CARGO_PKG_REPOSITORY") {
        "" => PRODUCT.to_owned(),
        repository => format!("{PRODUCT} (+{repository})"),
    }
}
