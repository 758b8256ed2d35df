//! From a URL to an open connection: route, addresses, guard, sockets, proxy, TLS.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use url::{Host, Url};

use super::config::{Config, PrivateAddresses};
use super::connection::{Connection, Stream, Wire};
use super::counters::Totals;
use super::dns::{Names, full_table};
use super::error::{Error, HeadFault, is_exhaustion};
use super::guard;
use super::h1::{Asked, HeadReader, Target};
use super::places::Places;
use super::proxy::Proxy;
use super::tls::Tls;
use crate::reactor::Boxed;
use crate::reactor::Handle;
use crate::reactor::Socket;

/// What makes two requests fit for one connection. Requests that a proxy forwards share the proxy's connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    scheme: Scheme,
    /// Of a forwarding proxy: the proxy's own host and port.
    host: Host<String>,
    port: u16,
    via: Option<Arc<Proxy>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Route {
    /// The way to this URL.
    ///
    /// # Errors
    /// The scheme is not http(s), there is no host, or it is refused: by its name, or behind a proxy by its literal address.
    pub(super) fn to(url: &Url, config: &Config) -> Result<Self, Error> {
        let (scheme, default_port) = match url.scheme() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            other => return Err(Error::UnsupportedScheme { scheme: other.to_owned() }),
        };
        let host = url.host().filter(|host| *host != Host::Domain("")).ok_or(Error::NoHost)?.to_owned();
        let port = url.port().unwrap_or(default_port);
        if let (PrivateAddresses::Refuse, Host::Domain(name)) = (config.private_addresses, &host)
            && guard::is_metadata_name(name)
        {
            return Err(Error::PrivateName { host: name.clone(), what: "a metadata name" });
        }
        let Some(proxy) = config.proxies.for_url(url) else { return Ok(Self { scheme, host, port, via: None }) };
        // Names are judged by `Connector::judge_for_proxy`.
        if let Some(address) = literal(&host) {
            admit(&host, address, config.private_addresses)?;
        }
        Ok(match scheme {
            Scheme::Http => Self { scheme, host: proxy.host.clone(), port: proxy.port, via: Some(proxy.clone()) },
            Scheme::Https => Self { scheme, host, port, via: Some(proxy.clone()) },
        })
    }

    /// The proxy that forwards what is asked, and answers itself where it does not.
    pub(super) fn forwarded_by(&self) -> Option<&Proxy> {
        self.via.as_deref().filter(|_| self.scheme == Scheme::Http)
    }

    /// How the request line names its target, and the credentials for a proxy that reads it.
    pub(super) fn target(&self) -> (Target, Option<&str>) {
        match (&self.via, self.scheme) {
            (Some(proxy), Scheme::Http) => (Target::Absolute, proxy.authorization.as_deref()),
            _ => (Target::Origin, None),
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)?;
        match &self.via {
            Some(proxy) => write!(f, " by {proxy}"),
            None => Ok(()),
        }
    }
}

/// Makes connections; holds nothing of a single one.
pub(super) struct Connector {
    pub(super) handle: Handle,
    pub(super) names: Names,
    pub(super) tls: Tls,
    pub(super) private_addresses: PrivateAddresses,
    pub(super) places: Arc<Places>,
}

impl Connector {
    /// Opens a connection. The time limit is the caller's; dropping the future closes whatever was begun.
    pub(super) async fn connect(&self, route: &Route, totals: &Arc<Totals>) -> Result<Connection, Error> {
        let mut place = self.places.take();
        let stream = self.stream(route).await.inspect_err(|error| {
            if matches!(error, Error::OutOfFiles { .. }) {
                place.got_nothing();
            }
        })?;
        Ok(Connection::new(Wire::new(stream, totals, place), route.clone(), &self.handle))
    }

    async fn stream(&self, route: &Route) -> Result<Stream, Error> {
        let socket = match &route.via {
            // The user named the proxy: it may well be a private address.
            Some(proxy) => {
                let opened = self.open(&proxy.host, proxy.port, PrivateAddresses::Allow).await;
                opened.map_err(|error| error.on_the_way_to(proxy))?
            }
            None => self.open(&route.host, route.port, self.private_addresses).await?,
        };
        Ok(match (route.scheme, &route.via) {
            (Scheme::Http, _) => Stream::Plain(socket),
            (Scheme::Https, None) => Stream::Tls(Box::new(self.tls.connect(&self.handle, &route.host, socket).await?)),
            (Scheme::Https, Some(proxy)) => {
                let socket = tunnel(socket, route, proxy).await?;
                Stream::Tls(Box::new(self.tls.connect(&self.handle, &route.host, socket).await?))
            }
        })
    }

    /// A proxy resolves names out of our sight: so they are resolved here first, and judged as if we went there ourselves. A name that is not
    /// known here may be known to the proxy, as in many companies; one that has no meaning but in some local network is refused then.
    ///
    /// # Errors
    /// The name leads to an address that is refused, here or by what it says of itself; or it cannot be looked up for want of a descriptor.
    pub(super) async fn judge_for_proxy(&self, route: &Route, host: Option<Host<&str>>) -> Result<(), Error> {
        let (Some(_), Some(Host::Domain(name)), PrivateAddresses::Refuse) = (&route.via, host, self.private_addresses) else {
            return Ok(());
        };
        let host = Host::Domain(name.to_owned());
        let addresses = self.names.judged(&self.handle, name).await.map_err(out_of_files)?;
        if addresses.is_empty() && guard::is_local_name(name) {
            return Err(Error::PrivateName { host: name.to_owned(), what: "a name of a local network" });
        }
        // Which of them the proxy takes, nobody knows.
        addresses.iter().try_for_each(|address| admit(&host, *address, self.private_addresses))
    }

    /// Where a name leads, as far as that is admitted; nothing where it is no name, or another looks it up.
    ///
    /// # Errors
    /// It cannot be looked up, or all of it is refused.
    pub(super) async fn admitted(&self, route: &Route) -> Result<Vec<IpAddr>, Error> {
        let (None, Host::Domain(name)) = (&route.via, &route.host) else { return Ok(Vec::new()) };
        let source = |source| Error::Resolve { host: name.clone(), source };
        let addresses = self.names.resolve(&self.handle, name).await.map_err(source)?;
        let judged = |address: &IpAddr| admit(&route.host, *address, self.private_addresses).map(|()| *address);
        let (admitted, refused): (Vec<_>, Vec<_>) = addresses.iter().map(judged).partition(Result::is_ok);
        match refused.into_iter().find_map(Result::err).filter(|_| admitted.is_empty()) {
            Some(error) => Err(error),
            None => Ok(admitted.into_iter().flatten().collect()),
        }
    }

    async fn open(&self, host: &Host<String>, port: u16, private: PrivateAddresses) -> Result<Socket, Error> {
        let addresses = match host {
            Host::Domain(name) => {
                let source = |source| Error::Resolve { host: name.clone(), source };
                self.names
                    .resolve(&self.handle, name)
                    .await
                    .map_err(|error| full_table(&error).map_or_else(|| source(error), out_of_files))?
            }
            Host::Ipv4(address) => [IpAddr::from(*address)].into(),
            Host::Ipv6(address) => [IpAddr::from(*address)].into(),
        };
        let mut admitted = Vec::with_capacity(addresses.len());
        let mut refused = None;
        for address in addresses.iter() {
            match admit(host, *address, private) {
                Ok(()) => admitted.push(SocketAddr::new(*address, port)),
                Err(error) => refused = Some(error),
            }
        }
        if admitted.is_empty() {
            return Err(refused.unwrap_or(Error::NoHost));
        }
        race(&self.handle, interleaved(admitted)).await.map_err(|(address, source)| {
            if let Host::Domain(name) = host {
                self.names.forget(name);
            }
            match is_exhaustion(&source) {
                true => Error::OutOfFiles { source },
                false => Error::Connect { address, source },
            }
        })
    }
}

fn out_of_files(source: io::Error) -> Error {
    Error::OutOfFiles { source }
}

/// RFC 8305 5: the next address is tried when one has failed, or has not answered for so long.
const STAGGER: Duration = Duration::from_millis(250);

fn literal(host: &Host<String>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

fn admit(host: &Host<String>, address: IpAddr, private: PrivateAddresses) -> Result<(), Error> {
    match (private, guard::special_range(address)) {
        (PrivateAddresses::Refuse, Some(range)) => Err(Error::PrivateAddress { host: host.to_string(), address, range }),
        _ => Ok(()),
    }
}

/// RFC 8305 4: families alternate, beginning with that of the first address.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut out = Vec::new();
    loop {
        match (first.next(), second.next()) {
            (None, None) => return out,
            (one, other) => out.extend(one.into_iter().chain(other)),
        }
    }
}

/// The first connection that stands; otherwise the last failure. `addresses` is not empty.
async fn race(handle: &Handle, addresses: Vec<SocketAddr>) -> Result<Socket, (SocketAddr, io::Error)> {
    let mut waiting = addresses.into_iter();
    let mut running: Vec<(SocketAddr, Boxed<'static, io::Result<Socket>>)> = Vec::new();
    let mut failure = None;
    loop {
        match waiting.next() {
            Some(address) => running.push((address, handle.connect(address))),
            None if running.is_empty() => return Err(failure.expect("at least one address was tried")),
            None => {}
        }
        let any = poll_fn(|cx| {
            for index in 0..running.len() {
                if let Poll::Ready(outcome) = Pin::new(&mut running[index].1).poll(cx) {
                    return Poll::Ready(Some((running.swap_remove(index).0, outcome)));
                }
            }
            Poll::Pending
        });
        let next = match waiting.len() {
            0 => any.await,
            _ => {
                future::or(any, async {
                    handle.sleep(STAGGER).await;
                    None
                })
                .await
            }
        };
        match next {
            Some((_, Ok(socket))) => return Ok(socket),
            Some((address, Err(error))) => {
                log::trace!("{address}: {error}");
                failure = Some((address, error));
            }
            None => {}
        }
    }
}

/// Asks the proxy for a way through (RFC 9110 9.3.6).
async fn tunnel(mut socket: Socket, route: &Route, proxy: &Proxy) -> Result<Socket, Error> {
    let target = format!("{}:{}", route.host, route.port);
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(value) = &proxy.authorization {
        request.push_str(&format!("Proxy-Authorization: {value}\r\n"));
    }
    request.push_str("\r\n");
    let write = |source| Error::Write { source };
    socket.write_all(request.as_bytes()).await.map_err(write)?;
    socket.flush().await.map_err(write)?;

    let mut reader = HeadReader::new(Asked::HeadOnly);
    let mut received = Vec::new();
    // Byte by byte at the end only: nothing behind the head may be swallowed, and a server speaks only after TLS has begun.
    let mut piece = [0; 1024];
    loop {
        let count = match socket.read(&mut piece).await {
            Ok(0) if received.is_empty() => return Err(Error::ClosedBeforeResponse { source: None }),
            Ok(0) => return Err(Error::TruncatedHead { source: None }),
            Ok(count) => count,
            Err(error) if received.is_empty() => return Err(Error::ClosedBeforeResponse { source: Some(error) }),
            Err(error) => return Err(Error::TruncatedHead { source: Some(error) }),
        };
        received.extend_from_slice(&piece[..count]);
        let (consumed, head) = reader.advance(&received).map_err(|fault| Error::MalformedHead { fault })?;
        received.drain(..consumed);
        let Some(head) = head else { continue };
        return match head.status {
            200..300 if received.is_empty() => Ok(socket),
            // A client speaks first in TLS: what came unasked is not of the server behind the proxy.
            200..300 => Err(Error::MalformedHead { fault: HeadFault::NotHttp }),
            status => Err(Error::ProxyRefused { proxy: proxy.to_string(), status }),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        let parse = |text: &str| text.parse::<SocketAddr>().unwrap();
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"].map(parse).to_vec();
        assert_eq!(interleaved(given), ["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"].map(parse));
    }

    #[test]
    fn a_route_is_shared_by_what_one_connection_can_carry() {
        let direct = Config::default();
        let to = |url: &str, config: &Config| Route::to(&Url::parse(url).unwrap(), config).unwrap();
        assert_eq!(to("http://a.test/x", &direct), to("http://A.test:80/y?z#f", &direct));
        assert_ne!(to("http://a.test/", &direct), to("https://a.test/", &direct));
        assert_ne!(to("http://a.test/", &direct), to("http://a.test:81/", &direct));
        let proxied =
            Config { proxies: crate::http::Proxies::from_variables([("all_proxy", "http://p:3128")]).unwrap(), ..Config::default() };
        assert_eq!(to("http://a.test/", &proxied), to("http://b.test/", &proxied));
        assert_ne!(to("https://a.test/", &proxied), to("https://b.test/", &proxied));
    }

    #[test]
    fn only_http_urls_have_a_route() {
        let to = |url: &str| Route::to(&Url::parse(url).unwrap(), &Config::default());
        assert!(matches!(to("ftp://a.test/"), Err(Error::UnsupportedScheme { scheme }) if scheme == "ftp"));
        assert!(matches!(to("mailto:a@b"), Err(Error::UnsupportedScheme { .. })));
    }
}
