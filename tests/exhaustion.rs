//! Short of everything: file descriptors, an answer that drips, a peer that does not read, thousands of connections at rest.
//! Limits are judged in virtual time; what only a real system runs out of is run in a child process with a limit of its own.
//!
//! `SMOLCRAWL_IDLE_CONNECTIONS=10000 cargo test --test exhaustion idle -- --nocapture` is the long run (2,000 otherwise; it needs as
//! many file descriptors for each side).

use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_util::future::join_all;
use smolcrawl::http::{Client, Config, Counters, Error, PrivateAddresses, Request};
use smolcrawl::reactor::Socket;
use smolcrawl::reactor::sim::Sim;
use url::Url;

#[cfg(unix)]
#[path = "support/reactors.rs"]
mod reactors;
#[cfg(unix)]
#[path = "support/system.rs"]
mod system;

fn config() -> Config {
    Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }
}

/// A client, and a server that plays `script` on each connection.
fn world<F>(script: impl Fn(Socket, Sim) -> F + Send + 'static) -> (Sim, Client, Url)
where
    F: Future<Output = ()> + Send + 'static,
{
    let sim = Sim::new();
    let handle = sim.handle();
    let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
    let world = sim.clone();
    sim.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            world.spawn(script(socket, world.clone()));
        }
    });
    let client = Client::new(&handle, config()).unwrap();
    (sim, client, Url::parse("http://10.0.0.1/").unwrap())
}

#[test]
fn heads_that_drip_are_ended_all_at_once() {
    let (sim, client, url) = world(|mut socket, sim| async move {
        let _ = socket.read(&mut [0; 4096]).await;
        for byte in b"HTTP/1.1 200 OK\r\nServer: slow-loris-slow-loris-slow-loris\r\n".iter().cycle() {
            sim.handle().sleep(Duration::from_secs(5)).await;
            if socket.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    let errors = sim.handle().block_on(join_all((0..1000).map(|_| client.send(Request::get(url.clone())))));
    for error in errors {
        let error = error.unwrap_err();
        assert!(matches!(error.root(), Error::FirstByteTimeout { .. }), "{error:?}");
    }
    assert_eq!(sim.elapsed(), Duration::from_secs(30));
    let counters = client.counters();
    assert_eq!((counters.failed_at.head, counters.connections_dropped, client.idle_connections()), (1000, 1000, 0), "{counters:?}");
    assert_eq!(counters.in_flight(), 0);
}

#[test]
fn bodies_that_drip_are_ended_by_the_limit_for_all() {
    let (sim, client, url) = world(|mut socket, sim| async move {
        let _ = socket.read(&mut [0; 4096]).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await;
        // Each time just before the limit between two reads.
        while socket.write_all(b"x").await.is_ok() {
            sim.handle().sleep(Duration::from_secs(29)).await;
        }
    });
    let errors = sim.handle().block_on(join_all((0..1000).map(|_| async {
        let mut response = client.send(Request::get(url.clone())).await.unwrap();
        response.bytes().await.unwrap_err()
    })));
    for error in errors {
        assert!(matches!(error.root(), Error::TotalTimeout { .. }), "{error:?}");
    }
    assert_eq!(sim.elapsed(), Duration::from_secs(120));
    assert_eq!(client.counters().failed_at.body, 1000);
    assert_eq!(client.counters().connections_dropped, 1000);
}

#[test]
fn a_reader_that_gives_up_is_counted_as_cancelled() {
    let (sim, client, url) = world(|mut socket, sim| async move {
        let _ = socket.read(&mut [0; 4096]).await;
        sim.handle().sleep(Duration::from_secs(1)).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello").await;
        let () = std::future::pending().await;
    });
    let handle = sim.handle();
    handle.block_on(async {
        // Before the answer; within the body; not interested in the body.
        assert!(handle.timeout(Duration::from_millis(500), client.send(Request::get(url.clone()))).await.is_err());
        let mut response = client.send(Request::get(url.clone())).await.unwrap();
        assert!(handle.timeout(Duration::from_secs(5), response.bytes()).await.is_err());
        assert_eq!(client.counters().in_flight(), 1);
        drop(response);
        drop(client.send(Request::get(url.clone())).await.unwrap());
    });
    let expected =
        Counters { requests: 3, succeeded: 1, cancelled: 2, connections_opened: 3, connections_dropped: 3, ..Counters::default() };
    assert_eq!(client.counters(), expected);
}

#[test]
fn a_part_of_the_work_is_counted_apart_and_in_the_whole() {
    let (sim, client, url) = world(|mut socket, _| async move {
        while matches!(socket.read(&mut [0; 4096]).await, Ok(1..)) {
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    sim.handle().block_on(async {
        client.send(Request::get(url.clone())).await.unwrap();
        let part = client.counting_apart();
        part.send(Request::get(url.clone())).await.unwrap();
        let of_the_part = Counters { requests: 1, succeeded: 1, connections_reused: 1, ..Counters::default() };
        assert_eq!(part.counters(), of_the_part);
        let whole = Counters { requests: 2, succeeded: 2, connections_opened: 1, connections_reused: 1, ..Counters::default() };
        assert_eq!(client.counters(), whole);
    });
}
