//! Pages of one size, by our client and by reqwest, so many at once, each body read to its end.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use smolcrawl::http::{Client, Config, PrivateAddresses, Request};
use smolcrawl::reactor::Handle;
use url::Url;

use super::Job;
use crate::contestants::{Contestant, Driver};
use crate::far::{Kind, Place};
use crate::measured::{Measured, Meter};
use crate::natural::Natural;
use crate::support::ours::Ours;
use crate::support::workloads::World;
use crate::theirs;

/// How pages are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Bytes of a page.
    pub size: usize,
    pub at_once: usize,
    /// Or a connection for each page.
    pub keeps_alive: bool,
    pub is_tls: bool,
    /// Milliseconds of the network; zero on loopback as it is.
    pub round_trip: u64,
    /// Segments of a hundred that are lost on their way.
    pub lost: u64,
}

impl Shape {
    /// What the others differ from in one or two respects: all of their combinations would take hours.
    pub const BASE: Self = Self { size: 20_000, at_once: 64, keeps_alive: true, is_tls: false, round_trip: 0, lost: 0 };

    pub fn all() -> Vec<Self> {
        let base = Self::BASE;
        let sizes = [1_000, 20_000, 200_000];
        let mut all: Vec<Self> = sizes.iter().flat_map(|&size| [1, 16, 64, 256].map(|at_once| Self { size, at_once, ..base })).collect();
        all.extend([1, 16, 64].map(|at_once| Self { at_once, keeps_alive: false, ..base }));
        all.extend(sizes.map(|size| Self { size, is_tls: true, ..base }));
        all.push(Self { at_once: 16, keeps_alive: false, is_tls: true, ..base });
        all.extend([1, 20, 100].map(|round_trip| Self { round_trip, ..base }));
        all.extend([Self { round_trip: 20, at_once: 16, ..base }, Self { round_trip: 20, is_tls: true, ..base }]);
        all.extend([1, 20].map(|round_trip| Self { round_trip, lost: 1, ..base }));
        all
    }

    /// One of each kind.
    pub fn is_in_quick(self) -> bool {
        let base = Self::BASE;
        let kinds = [
            base,
            Self { at_once: 16, keeps_alive: false, ..base },
            Self { at_once: 16, keeps_alive: false, is_tls: true, ..base },
            Self { round_trip: 20, ..base },
            Self { round_trip: 20, lost: 1, ..base },
        ];
        kinds.contains(&self)
    }

    pub fn far(self) -> Kind {
        Kind::Pages { size: self.size, is_tls: self.is_tls }
    }

    /// So many that it takes tenths of a second.
    pub fn pages(self) -> usize {
        let pages = match (self.size, self.keeps_alive, self.is_tls) {
            _ if self.round_trip > 20 => self.at_once * 10,
            _ if self.round_trip > 1 => self.at_once * 30,
            (_, false, true) => 500,
            (_, false, false) => 3_000,
            (200_000.., ..) => 2_000,
            (.., true) => 4_000,
            _ => 6_000,
        };
        if self.at_once == 1 { pages / 3 } else { pages }
    }

    pub fn told(self) -> String {
        let kind = if self.is_tls { "over TLS" } else { "in plain" };
        let kept = if self.keeps_alive { "kept-alive connections" } else { "a connection each" };
        let network = match (self.round_trip, self.lost) {
            (0, _) => String::new(),
            (round_trip, 0) => format!(", a network of {round_trip} ms"),
            (round_trip, lost) => format!(", a network of {round_trip} ms that loses {lost} %"),
        };
        format!("a page of {} KB {kind}, {} at once, {kept}{network}", self.size / 1_000, self.at_once)
    }
}

/// Its name as a workload: `fetch-20k-64`, and what differs from the usual behind it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fetch-{}k-{}", self.size / 1_000, self.at_once)?;
        if !self.keeps_alive {
            f.write_str("-close")?;
        }
        if self.is_tls {
            f.write_str("-tls")?;
        }
        if self.round_trip > 0 {
            write!(f, "-{}ms", self.round_trip)?;
        }
        if self.lost > 0 {
            write!(f, "-loss{}", self.lost)?;
        }
        Ok(())
    }
}

pub fn measure(shape: Shape, contestant: Contestant, job: &Job) -> Measured {
    let far = job.far();
    let scheme = if shape.is_tls { "https" } else { "http" };
    let path = if shape.keeps_alive { "page" } else { "close" };
    let url = Url::parse(&format!("{scheme}://{}/{path}", far.addr)).expect("an address makes a URL");
    match contestant.driver() {
        Driver::Handle(handle) => {
            let client = client(&handle, far, shape);
            fetch_all(&Ours(handle), shape, job.size, move || {
                let (client, url) = (client.clone(), url.clone());
                async move { client.send(Request::get(url)).await.unwrap().bytes().await.unwrap().len() }
            })
        }
        Driver::Runtime(runtime) => {
            let client = runtime.block_on(async { theirs::client(far.certificate.as_deref()) }).expect("reqwest takes its settings");
            fetch_all(&Natural(runtime), shape, job.size, move || {
                let (client, url) = (client.clone(), url.clone());
                async move { client.get(url).send().await.unwrap().bytes().await.unwrap().len() }
            })
        }
    }
}

/// A pool as large as reqwest's, which has no limit.
fn client(handle: &Handle, far: &Place, shape: Shape) -> Client {
    let config = Config {
        private_addresses: PrivateAddresses::Allow,
        max_idle: shape.at_once.max(256),
        max_idle_per_origin: shape.at_once.max(256),
        extra_roots: far.certificate.iter().cloned().collect(),
        ..Config::default()
    };
    Client::new(handle, config).expect("the certificate is one")
}

fn fetch_all<W: World, F>(world: &W, shape: Shape, pages: usize, fetch: impl Fn() -> F + Clone + Send + Sync + 'static) -> Measured
where
    F: Future<Output = usize> + Send + 'static,
{
    let inner = world.clone();
    world.block_on(async move {
        // Connections are opened, and whatever a client sets up once.
        let warm = if shape.keeps_alive { shape.at_once * 2 } else { shape.at_once.min(16) };
        fetch_pages(&inner, shape, warm, &fetch).await;
        let meter = Meter::start();
        let bytes = fetch_pages(&inner, shape, pages, &fetch).await;
        meter.stop(pages, format!("{pages} pages, {bytes} bytes, 0 errors"))
    })
}

/// Returns the bytes of all bodies.
async fn fetch_pages<W: World, F>(world: &W, shape: Shape, pages: usize, fetch: &(impl Fn() -> F + Clone + Send + Sync + 'static)) -> usize
where
    F: Future<Output = usize> + Send + 'static,
{
    let left = Arc::new(AtomicUsize::new(pages));
    let tasks: Vec<_> = (0..shape.at_once)
        .map(|_| {
            let (left, fetch) = (left.clone(), fetch.clone());
            world.spawn(async move {
                let mut bytes = 0;
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let length = fetch().await;
                    assert_eq!(length, shape.size);
                    bytes += length;
                }
                bytes
            })
        })
        .collect();
    let mut bytes = 0;
    for task in tasks {
        bytes += task.await;
    }
    bytes
}
