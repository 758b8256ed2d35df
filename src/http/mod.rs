//! HTTP/1.1 client on the reactor handle: the one place where a socket error gets its meaning. Knows no crawler.
//!
//! `mod` decides what is sent where and follows redirects; `connect` opens, `pool` keeps, `exchange` carries a request and the head of its
//! answer, `framed`, `decode` and `body` bring in the rest. `h1` and `redirect` know the protocol, `guard` the addresses, and `verdict`
//! what the end of a connection means; none of these four touches a socket.
//!
//! An answer is judged by its framing: what is complete is a success, whatever happens to the connection afterwards, and
//! what is not complete is an error, however quietly the connection ended.
//!
//! ```
//! use smolcrawl::http::{Client, Config, PrivateAddresses, Request};
//! use smolcrawl::reactor::sim::Sim;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! let sim = Sim::new();
//! sim.host("docs.test", ["10.0.0.1"]);
//! let handle = sim.handle();
//! let client = Client::new(&handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() })?;
//!
//! let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
//! sim.spawn(async move {
//!     let (mut socket, _) = listener.accept().await.unwrap();
//!     let _ = socket.read(&mut [0; 4096]).await;
//!     let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").await;
//! });
//! let page = handle.block_on(async {
//!     let mut response = client.send(Request::get("http://docs.test/".parse().unwrap())).await?;
//!     assert_eq!(response.status, 200);
//!     response.bytes().await
//! })?;
//! assert_eq!(page, b"hello");
//! # Ok::<(), smolcrawl::http::Error>(())
//! ```

mod body;
mod config;
mod connect;
mod connection;
mod counters;
mod decode;
mod dns;
mod error;
mod exchange;
mod framed;
mod guard;
mod h1;
mod headers;
mod masked;
mod places;
mod pool;
mod ports;
mod proxy;
mod redirect;
mod request;
mod response;
#[cfg(feature = "surf")]
pub mod surf;
mod tls;
mod verdict;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::{Position, Url};

use self::connect::{Connector, Route};
use self::connection::Connection;
use self::counters::{Flight, Reached, Totals};
use self::dns::Names;
use self::exchange::{Answer, Exchange, Failure, Sent};
use self::framed::Framed;
use self::h1::{Asked, Framing, Persistence, RequestHead};
use self::places::Places;
use self::pool::Pool;
use self::tls::Tls;
use self::verdict::{Age, Replayable, Stage, Verdict, verdict};
use crate::reactor::Handle;

pub use self::body::Body;
pub use self::config::{Config, PrivateAddresses};
pub use self::counters::{Counters, FailedAt};
pub use self::error::{BodyFault, Error, HeadFault};
pub use self::headers::Headers;
pub use self::masked::{Plain, masked, masked_text, plain};
pub use self::ports::is_bad_port;
pub use self::proxy::Proxies;
pub(crate) use self::proxy::percent_decoded;
pub use self::request::{Method, Redirects, Replay, Request};
pub use self::response::Response;

/// Sends requests. Clones share connections, known names and counters.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What a client, its clones and the bodies still being read have in common. All but the totals is shared with the clients
/// that count apart, too.
struct Shared {
    handle: Handle,
    config: Arc<Config>,
    connector: Arc<Connector>,
    pool: Arc<Pool>,
    totals: Arc<Totals>,
}

impl Client {
    /// A client whose sockets and timers are those of `handle`. Nothing is opened or read yet.
    ///
    /// # Errors
    /// [`Error::InvalidHeader`] if the user agent cannot stand in a header.
    pub fn new(handle: &Handle, mut config: Config) -> Result<Self, Error> {
        if config.user_agent.chars().any(char::is_control) {
            return Err(Error::InvalidHeader { name: "User-Agent".to_owned() });
        }
        let connector = Connector {
            handle: handle.clone(),
            names: Names::new(config.dns_ttl),
            tls: Tls::new(std::mem::take(&mut config.extra_roots)),
            private_addresses: config.private_addresses,
            places: Places::new(),
        };
        let limits = pool::Limits { keep_alive: config.keep_alive, per_route: config.max_idle_per_origin, in_all: config.max_idle };
        let pool = Arc::new(Pool::new(limits));
        let keeper = Arc::downgrade(&pool);
        handle.announce_shutdown_to(keeper);
        Ok(Self(Arc::new(Shared {
            handle: handle.clone(),
            config: Arc::new(config),
            connector: Arc::new(connector),
            pool,
            totals: Arc::default(),
        })))
    }

    /// A client on the same connections and names whose [`counters`](Self::counters) begin at zero, to see what one task has done
    /// while others use the same client. This one counts all of it as well.
    pub fn counting_apart(&self) -> Self {
        let Shared { handle, config, connector, pool, totals } = &*self.0;
        Self(Arc::new(Shared {
            handle: handle.clone(),
            config: config.clone(),
            connector: connector.clone(),
            pool: pool.clone(),
            totals: Arc::new(Totals::part_of(totals)),
        }))
    }

    /// Sends a request and follows redirects, as the request and [`Config::max_redirects`] say. Dropping the future cancels
    /// the request and closes its connection.
    ///
    /// Credentials (`Authorization`, `Cookie`, user name and password of the URL) are dropped when a redirect leads to another origin.
    /// A user name and a password in the URL become basic authorization (RFC 7617).
    ///
    /// # Errors
    /// There is no answer, or not a whole head of one; [`Error::At`] says at which URL. Any status is an answer.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut flight = Flight::new(&self.0.totals);
        let outcome = self.0.follow(request, &mut flight).await;
        flight.land(outcome)
    }

    /// Where the host of a URL is, as far as this client would connect there: for a program of another's that is to ask nobody else. Empty
    /// where the host is no name, or a proxy looks it up.
    ///
    /// # Errors
    /// As [`send`](Self::send), as far as that is about the address.
    pub async fn addresses(&self, url: &Url) -> Result<Vec<IpAddr>, Error> {
        let route = Route::to(url, &self.0.config)?;
        self.0.connector.admitted(&route).await
    }

    /// What has been done so far, by this client, its clones and those that count apart from it.
    pub fn counters(&self) -> Counters {
        self.0.totals.read()
    }

    /// Closes connections once they have waited for another request as long as [`Config::keep_alive`] says, for as long as it is
    /// polled. Without it that is done when the next connection comes to rest.
    pub async fn close_idle_connections(&self) {
        let Shared { handle, pool, .. } = &*self.0;
        loop {
            let expiry = pool.next_expiry().await;
            handle.sleep_until(expiry).await;
            self.0.benign_resets(pool.close_expired(handle.now()));
        }
    }

    /// Connections that wait for another request at the moment.
    pub fn idle_connections(&self) -> usize {
        self.0.pool.len()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.0.config).field("pool", &self.0.pool).finish_non_exhaustive()
    }
}

impl Shared {
    async fn follow(self: &Arc<Self>, mut request: Request, flight: &mut Flight<'_>) -> Result<Response, Error> {
        let deadline = later(self.handle.now(), self.config.total_timeout);
        let mut redirects: Vec<Url> = Vec::new();
        loop {
            let (connection, answer) = self.exchange(&request, deadline, flight).await.map_err(|error| error.at(&request.url))?;
            let url = masked::without_userinfo(&request.url);
            let mut response = self.response(connection, answer, url, deadline).map_err(|error| error.at(&request.url))?;
            // What nobody has asked a part of would be taken for the whole.
            if response.status == 206 && !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("range")) {
                return Err(Error::UnaskedPart.at(&request.url));
            }
            let Some(to) = redirected(&request, &mut response) else {
                let mut response = Response { redirects, ..response };
                response.body.hand_over();
                return Ok(response);
            };

            let to = to.map_err(|error| error.at(&request.url))?;
            let was_post = request.method == Method::POST;
            redirects.push(response.url.clone());
            redirect::follow(&mut request, response.status, to);
            // A POST that became a GET may well come back to where it began.
            let next = masked::without_userinfo(&request.url);
            let been_there = redirects.iter().any(|been| same_page(been, &next));
            if been_there && !(was_post && request.method == Method::GET) {
                return Err(Error::RedirectLoop.at(&request.url));
            }
            if redirects.len() > self.config.max_redirects {
                return Err(Error::TooManyRedirects { limit: self.config.max_redirects }.at(&request.url));
            }
            // A connection is worth a little reading, but no waiting.
            let _ = self.handle.timeout(WORTH_WAITING, response.body.discard(WORTH_KEEPING)).await;
        }
    }

    /// One request on one connection; on a second one if the first had silently died in the pool.
    async fn exchange(&self, request: &Request, deadline: Instant, flight: &mut Flight<'_>) -> Result<(Connection, Answer), Error> {
        let route = Route::to(&request.url, &self.config)?;
        self.connector.judge_for_proxy(&route, request.url.host()).await?;
        let mut head = Vec::with_capacity(512);
        self.write(request, &route, &mut head)?;
        let mut rest: &[u8] = &request.body;
        if rest.len() <= WORTH_A_COPY {
            // One write, one packet.
            head.extend_from_slice(rest);
            rest = &[];
        }
        let asked = if request.method == Method::HEAD { Asked::HeadOnly } else { Asked::Everything };
        let replayable = Replayable::of(&request.method, request.replay);
        let limits = exchange::Limits { first_byte: self.config.first_byte_timeout, deadline };

        let mut pooled = self.reuse(&route);
        loop {
            let mut connection = match pooled.take() {
                Some(connection) => connection,
                None => {
                    flight.reached = Reached::Connect;
                    self.open(&route, deadline).await?
                }
            };
            flight.reached = Reached::FirstByte;
            let (error, write_error, received) = match Exchange::new(&mut connection, [&head, rest], asked, limits).run().await {
                Ok(answer) => {
                    if let (407, Some(proxy)) = (answer.head.status, route.forwarded_by()) {
                        return Err(Error::ProxyRefused { proxy: proxy.to_string(), status: 407 });
                    }
                    return Ok((connection, answer));
                }
                Err(Failure::Ended { error, write_error, received }) => (error, write_error, received),
                Err(Failure::Malformed(fault)) => return Err(Error::MalformedHead { fault }),
                Err(Failure::FirstByte { received }) => {
                    flight.reached = reached(received);
                    return Err(Error::FirstByteTimeout { limit: self.config.first_byte_timeout });
                }
                Err(Failure::Total { received }) => {
                    flight.reached = reached(received);
                    return Err(Error::TotalTimeout { limit: self.config.total_timeout });
                }
            };
            let stage = if received == 0 { Stage::BeforeAnswer(connection.age) } else { Stage::InsideHead };
            match verdict(write_error.as_ref().or(error.as_ref()), stage, replayable) {
                // Once: what is tried again is fresh, and a fresh connection is never tried again.
                Verdict::RetryFresh if connection.age == Age::Reused => {
                    log::trace!("{route}: a kept connection was dead: {error:?}; once more on a new one");
                    self.benign_resets(1);
                    self.totals.count(|numbers| &numbers.retried);
                }
                Verdict::RetryFresh | Verdict::Benign | Verdict::Surface => {
                    return Err(match write_error {
                        Some(source) if received == 0 => Error::Write { source },
                        _ if received == 0 => Error::ClosedBeforeResponse { source: error },
                        _ => Error::TruncatedHead { source: error },
                    });
                }
            }
        }
    }

    fn write(&self, request: &Request, route: &Route, out: &mut Vec<u8>) -> Result<(), Error> {
        let (target, proxy_authorization) = route.target();
        RequestHead {
            method: &request.method,
            url: &request.url,
            target,
            headers: &request.headers,
            user_agent: &self.config.user_agent,
            authorization: proxy::basic_authorization(&request.url).as_deref(),
            proxy_authorization,
            body: request.body.len(),
        }
        .write(out)
    }

    fn reuse(&self, route: &Route) -> Option<Connection> {
        let taken = self.pool.take(route, self.handle.now());
        self.benign_resets(taken.dead);
        if taken.connection.is_some() {
            self.totals.count(|numbers| &numbers.connections_reused);
        }
        taken.connection
    }

    /// Opens a connection. A full table of this process is waited out: what rests is closed, then what is in use is waited for.
    async fn open(&self, route: &Route, deadline: Instant) -> Result<Connection, Error> {
        let places = &self.connector.places;
        let mut waited_alone = false;
        loop {
            let source = match self.attempt(route, deadline).await {
                Err(Error::OutOfFiles { source }) => source,
                outcome => return outcome,
            };
            if let Some(dead) = self.pool.close_oldest() {
                self.benign_resets(dead);
                continue;
            }
            // With nothing of ours in use, others of this process may still close something, but that is not to be counted on.
            let is_alone = places.taken() == 0;
            let is_hopeless = is_alone && std::mem::replace(&mut waited_alone, is_alone);
            let left = deadline.saturating_duration_since(self.handle.now());
            if is_hopeless || left.is_zero() {
                return Err(Error::OutOfFiles { source });
            }
            log::trace!("{route}: {source}; waiting for a connection to be closed");
            // Others of this process close without ringing.
            let _ = self.handle.timeout(UNRUNG.min(left), places.given_back()).await;
        }
    }

    async fn attempt(&self, route: &Route, deadline: Instant) -> Result<Connection, Error> {
        let left = deadline.saturating_duration_since(self.handle.now());
        let limit = self.config.connect_timeout;
        match self.handle.timeout(limit.min(left), self.connector.connect(route, &self.totals)).await {
            Ok(outcome) => outcome,
            Err(_) if left < limit => Err(Error::TotalTimeout { limit: self.config.total_timeout }),
            Err(_) => Err(Error::ConnectTimeout { limit }),
        }
    }

    fn response(self: &Arc<Self>, mut connection: Connection, answer: Answer, url: Url, deadline: Instant) -> Result<Response, Error> {
        let Answer { head, sent } = answer;
        let persistence = match sent {
            Sent::Whole => head.persistence,
            Sent::Part => {
                // Whether a write met the peer's reset before the answer was read is a matter of chance: closing tells nothing.
                connection.give_up();
                Persistence::Close
            }
        };
        let codings = if head.framing == Framing::Length(0) { Vec::new() } else { decode::codings(&head.headers)? };
        let config = &self.config;
        let limits = framed::Limits { idle: config.idle_timeout, deadline, total: config.total_timeout, size: config.max_body };
        let framed = Framed::new(self.clone(), connection, head.framing, persistence, limits);
        let body = Body::new(self.clone(), url.clone(), framed, &codings, config.max_body);
        Ok(Response { status: head.status, url, headers: head.headers, redirects: Vec::new(), body })
    }

    fn benign_resets(&self, count: u64) {
        self.totals.add(|numbers| &numbers.benign_resets, count);
    }
}

/// Bodies of requests up to here go out with the head.
const WORTH_A_COPY: usize = 16 * 1024;
/// Bodies of redirects up to here are read to keep the connection.
const WORTH_KEEPING: u64 = 16 * 1024;
/// How long who waits for a descriptor trusts in being told.
const UNRUNG: Duration = Duration::from_millis(250);
const WORTH_WAITING: Duration = Duration::from_millis(500);
/// Thirty years: no clock reaches it, and none overflows.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// Where the request is to go on, if anywhere.
fn redirected(request: &Request, response: &mut Response) -> Option<Result<Url, Error>> {
    if request.redirects == Redirects::Stop {
        return None;
    }
    if redirect::is_redirect(response.status) {
        return response.headers.first("location").map(|location| redirect::target(&request.url, location));
    }
    // A browser would send no form a second time for it.
    if request.method == Method::GET { response.refresh().map(Ok) } else { None }
}

/// Where a request is that waits for its head.
fn reached(received: usize) -> Reached {
    if received == 0 { Reached::FirstByte } else { Reached::Head }
}

fn later(now: Instant, limit: Duration) -> Instant {
    now + limit.min(FOREVER)
}

fn same_page(one: &Url, other: &Url) -> bool {
    one[..Position::AfterQuery] == other[..Position::AfterQuery]
}
