//! Which proxy a URL goes through. Pure: the variables are given as values, the environment is read elsewhere.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::{Host, Url};

use super::error::Error;
use super::masked::quoted;

/// The proxies to use, in the words of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. Default: none.
///
/// `http` URLs go through their proxy in absolute form, `https` URLs in a tunnel made by `CONNECT` (RFC 9110 9.3.6). Hosts that
/// are loopback go directly, whatever the variables say: a proxy's loopback is another machine.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Arc<Proxy>>,
    https: Option<Arc<Proxy>>,
    direct: Vec<Direct>,
}

/// One proxy server, reached without TLS.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Proxy {
    pub(super) host: Host<String>,
    pub(super) port: u16,
    /// The value of `Proxy-Authorization`, from the user name and password of the proxy's URL.
    pub(super) authorization: Option<String>,
}

/// One member of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Direct {
    Everything,
    /// This host and all below it, in lower case, and only this port where one is named.
    Name(String, Option<u16>),
    /// Addresses whose first `u8` bits are these.
    Network(IpAddr, u8, Option<u16>),
}

impl Proxies {
    /// From `(name, value)` pairs such as `std::env::vars()`; other names are ignored, empty values count as not set. A lower-case name
    /// wins over its upper-case twin. `HTTP_PROXY` is ignored where `REQUEST_METHOD` is set: there a remote client's `Proxy:` header
    /// sets it (CVE-2016-5385); on Windows, where case means nothing in these names, `http_proxy` too.
    ///
    /// # Errors
    /// [`Error::InvalidProxy`] for a value that is not `http://[user:password@]host[:port]`: a proxy that was asked for is never bypassed.
    pub fn from_variables<N: AsRef<str>, V: AsRef<str>>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self, Error> {
        const NAMES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
        let mut values: [Option<(String, String)>; 4] = Default::default();
        let mut upper_http = None;
        let mut cgi = false;
        // On Windows both spellings are one variable, so the header may stand behind either.
        let is = |name: &str, known: &str| if cfg!(windows) { name.eq_ignore_ascii_case(known) } else { name == known };
        for (name, value) in variables {
            let (name, value) = (name.as_ref(), value.as_ref().trim());
            cgi |= is(name, "REQUEST_METHOD");
            let Some(index) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) else { continue };
            if value.is_empty() {
                continue;
            }
            let given = Some((name.to_owned(), value.to_owned()));
            if is(name, "HTTP_PROXY") {
                upper_http = given;
            } else if values[index].is_none() || name == NAMES[index] {
                values[index] = given;
            }
        }
        let [mut http, https, all, none] = values;
        if http.is_none() && !cgi {
            http = upper_http;
        }
        let parse = |given: Option<(String, String)>| given.map(|(name, value)| Proxy::parse(&name, &value).map(Arc::new)).transpose();
        let all = parse(all)?;
        Ok(Self {
            http: parse(http)?.or_else(|| all.clone()),
            https: parse(https)?.or(all),
            direct: none.map(|(_, list)| parse_direct(&list)).unwrap_or_default(),
        })
    }

    /// The proxy for this URL; none means directly.
    pub(super) fn for_url(&self, url: &Url) -> Option<&Arc<Proxy>> {
        let proxy = if url.scheme() == "https" { self.https.as_ref()? } else { self.http.as_ref()? };
        let port = url.port_or_known_default()?;
        match url.host()? {
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                let local = name == "localhost" || name.ends_with(".localhost");
                (!local && !self.direct.iter().any(|direct| direct.covers_name(name, port))).then_some(proxy)
            }
            Host::Ipv4(address) => self.for_address(address.into(), port, proxy),
            Host::Ipv6(address) => self.for_address(address.into(), port, proxy),
        }
    }

    fn for_address<'a>(&self, address: IpAddr, port: u16, proxy: &'a Arc<Proxy>) -> Option<&'a Arc<Proxy>> {
        (!address.is_loopback() && !self.direct.iter().any(|direct| direct.covers_address(address, port))).then_some(proxy)
    }
}

impl Proxy {
    fn parse(variable: &str, value: &str) -> Result<Self, Error> {
        let invalid = || {
            // The value may hold a password; what follows it tells enough. Where nothing does, a word behind a colon is one, and no port.
            let shown = value.rsplit('@').next().unwrap_or_default();
            let shown = match shown.rsplit_once(':') {
                Some((before, word)) if !word.starts_with("//") && word.parse::<u32>().is_err() => format!("{before}:***"),
                _ => shown.to_owned(),
            };
            Error::InvalidProxy { variable: variable.to_owned(), value: quoted(&shown) }
        };
        let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(&text).map_err(|_| invalid())?;
        if url.scheme() != "http" {
            return Err(invalid());
        }
        let host = url.host().ok_or_else(invalid)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(invalid)?;
        Ok(Self { host, port, authorization: basic_authorization(&url) })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Without the password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl Direct {
    fn covers_name(&self, name: &str, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Name(suffix, only) => {
                let at_label = |rest: &str| rest.is_empty() || rest.ends_with('.');
                only.is_none_or(|only| only == port) && name.strip_suffix(suffix.as_str()).is_some_and(at_label)
            }
            Self::Network(..) => false,
        }
    }

    fn covers_address(&self, address: IpAddr, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Name(..) => false,
            Self::Network(network, bits, only) => only.is_none_or(|only| only == port) && same_prefix(*network, address, *bits),
        }
    }
}

/// The value of `Authorization` (RFC 7617) for the user name and password of a URL.
pub(super) fn basic_authorization(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decoded(url.username());
    pair.push(b':');
    pair.extend(percent_decoded(url.password().unwrap_or_default()));
    Some(format!("Basic {}", STANDARD.encode(&pair)))
}

fn parse_direct(list: &str) -> Vec<Direct> {
    list.split([',', ' ']).map(str::trim).filter(|member| !member.is_empty()).map(parse_member).collect()
}

fn parse_member(member: &str) -> Direct {
    if member == "*" {
        return Direct::Everything;
    }
    let bare = member.trim_start_matches('[').replacen(']', "", 1);
    if let Some((address, bits)) = member.split_once('/')
        && let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse::<u8>())
    {
        return Direct::Network(address, bits, None);
    }
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Direct::Network(address, 128, None);
    }
    let (name, port) = match member.rsplit_once(':').map(|(name, port)| (name, port.parse::<u16>())) {
        Some((name, Ok(port))) => (name, Some(port)),
        _ => (member, None),
    };
    if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Direct::Network(address, 128, port);
    }
    Direct::Name(name.trim_start_matches("*").trim_matches('.').to_ascii_lowercase(), port)
}

fn same_prefix(network: IpAddr, address: IpAddr, bits: u8) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()) << 96, u128::from(b.to_bits()) << 96, 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    (network ^ address).leading_zeros() >= u32::from(bits.min(width))
}

/// The bytes that a part of a URL stands for.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(variables.iter().copied()).unwrap()
    }

    fn chosen(proxies: &Proxies, url: &str) -> Option<String> {
        proxies.for_url(&Url::parse(url).unwrap()).map(|proxy| proxy.to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_lower_case_wins() {
        let both = proxies(&[("HTTPS_PROXY", "http://upper:1"), ("https_proxy", "lower:2"), ("ALL_PROXY", "http://all:3")]);
        assert_eq!(chosen(&both, "https://a.test/").as_deref(), Some("lower:2"));
        assert_eq!(chosen(&both, "http://a.test/").as_deref(), Some("all:3"));
        let reversed = proxies(&[("https_proxy", "lower:2"), ("HTTPS_PROXY", "http://upper:1")]);
        assert_eq!(chosen(&reversed, "https://a.test/").as_deref(), Some("lower:2"));
        assert_eq!(chosen(&proxies(&[("http_proxy", "")]), "http://a.test/"), None);
        assert_eq!(chosen(&proxies(&[("http_proxy", "p")]), "http://a.test/").as_deref(), Some("p:80"));
    }

    #[test]
    fn a_header_of_a_cgi_request_is_no_proxy() {
        let variables = [("HTTP_PROXY", "http://evil:1"), ("REQUEST_METHOD", "GET")];
        assert_eq!(chosen(&proxies(&variables), "http://a.test/"), None);
        assert_eq!(chosen(&proxies(&variables[..1]), "http://a.test/").as_deref(), Some("evil:1"));
        for name in ["http_proxy", "Http_Proxy"] {
            let of_a_request = chosen(&proxies(&[(name, "http://own:1"), ("REQUEST_METHOD", "GET")]), "http://a.test/");
            assert_eq!(of_a_request.is_none(), cfg!(windows), "{name}");
            assert_eq!(chosen(&proxies(&[(name, "own:1")]), "http://a.test/").as_deref(), Some("own:1"), "{name}");
        }
    }

    #[test]
    fn no_proxy_knows_suffixes_addresses_networks_and_ports() {
        let some =
            proxies(&[("http_proxy", "p:1"), ("no_proxy", "a.test, .b.test *.c.test,10.0.0.0/8,192.0.2.1,[2001:db8::1],d.test:8080")]);
        for direct in ["a.test", "x.a.test", "b.test", "y.b.test", "z.c.test", "10.200.0.1", "192.0.2.1", "[2001:db8::1]", "d.test:8080"] {
            assert_eq!(chosen(&some, &format!("http://{direct}/")), None, "{direct}");
        }
        for proxied in ["ba.test", "a.test.evil", "11.0.0.1", "192.0.2.2", "[2001:db8::2]", "d.test"] {
            assert!(chosen(&some, &format!("http://{proxied}/")).is_some(), "{proxied}");
        }
        assert_eq!(chosen(&proxies(&[("http_proxy", "p:1"), ("NO_PROXY", "*")]), "http://a.test/"), None);
    }

    #[test]
    fn loopback_goes_directly() {
        let all = proxies(&[("all_proxy", "p:1")]);
        for local in ["localhost", "docs.localhost", "127.0.0.1:8931", "[::1]"] {
            assert_eq!(chosen(&all, &format!("http://{local}/")), None, "{local}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        for value in ["socks5://me:secret@p:1", "https://p:1", "http://", "http://p:99999", "me:secret", "http://me:secret"] {
            let error = Proxies::from_variables([("ALL_PROXY", value)]).unwrap_err();
            assert!(matches!(&error, Error::InvalidProxy { variable, .. } if variable == "ALL_PROXY"), "{value}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn user_name_and_password_become_basic_authorization() {
        // The example of RFC 7617 section 2.
        let url = Url::parse("http://Aladdin:open%20sesame@p/").unwrap();
        assert_eq!(basic_authorization(&url).as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(!format!("{:?}", proxies(&[("http_proxy", "http://me:secret@p:1")])).contains("secret"));
    }
}
