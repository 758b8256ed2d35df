//! The tools of `smolcrawl serve` on the simulated network, beside a site to crawl, and a connection to them.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};

use futures_lite::future;
use futures_lite::io::split;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::http::PrivateAddresses;
use smolcrawl::reactor::sim::Sim;
use smolcrawl::reactor::{Handle, Socket};
use smolcrawl::tools::Background;
use smolcrawl::{Engine, tools};

use crate::site::Site;

pub struct Served {
    pub sim: Sim,
    pub handle: Handle,
    /// At private addresses as `a.test` to `e.test` and `gitlab.test`, at a public one as `public.test`.
    pub site: Site,
    pub engine: Engine,
    /// The client's end.
    pub socket: Socket,
}

/// Serves one client, from a new engine without embeddings.
pub fn serve(database: &Path, private_addresses: PrivateAddresses) -> Served {
    serve_below(database, private_addresses, Vec::new())
}

/// The same where its user allows everybody what lies below some folders.
pub fn serve_below(database: &Path, private_addresses: PrivateAddresses, allowed: Vec<PathBuf>) -> Served {
    let sim = Sim::new();
    for host in ["a.test", "b.test", "c.test", "d.test", "e.test", "gitlab.test"] {
        sim.host(host, ["10.0.0.1"]);
    }
    sim.host("public.test", ["8.8.8.8"]);
    let (handle, site) = (sim.handle(), Site::default());
    for address in ["10.0.0.1:80", "8.8.8.8:80"] {
        let listener = handle.block_on(handle.listen(address.parse().unwrap())).unwrap();
        sim.spawn(site.clone().serve(handle.clone(), listener, drop));
    }
    let mut config = Config { environment: Environment::none(), ..Config::new(database) };
    config.crawl.http.private_addresses = private_addresses;
    config.embeddings = Embeddings::None;
    config.allowed_paths = allowed;
    let engine = Engine::with_handle(config, handle.clone()).unwrap();

    let background = Background::new(&engine);
    let server = tools::server(&engine, &background).unwrap();
    let listener = handle.block_on(handle.listen("10.0.0.9:1".parse().unwrap())).unwrap();
    let clock = engine.clone();
    sim.spawn(async move {
        let (reader, writer) = split(listener.accept().await.unwrap().0);
        let served = async { server.serve(reader, writer, clock, future::pending()).await.unwrap() };
        future::or(served, background.drive()).await;
    });
    let socket = handle.block_on(handle.connect("10.0.0.9:1".parse().unwrap())).unwrap();
    Served { sim, handle, site, engine, socket }
}
