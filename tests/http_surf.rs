//! A `surf::Client` on our reactor: round trips, and the things that trip up its other back-ends.
#![cfg(feature = "surf")]

mod support;

use smolcrawl::http::surf::RawStatus;
use smolcrawl::http::{Client, Config, Error, Headers, PrivateAddresses, Replay};
use smolcrawl::reactor::sim::Sim;
use support::{Seen, Step, ok, redirect, say, serve};

struct World {
    sim: Sim,
    client: Client,
    seen: Seen,
}

fn world(scripts: Vec<Vec<Step>>) -> World {
    let sim = Sim::new();
    sim.host("api.test", ["10.0.0.1"]);
    let seen = serve(&sim, "10.0.0.1:80", scripts);
    let client = Client::new(&sim.handle(), Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
    World { sim, client, seen }
}

#[test]
fn json_there_and_back() {
    let answer = say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"sum\": 42.5}");
    let world = world(vec![vec![Step::Request, answer]]);
    let reply: serde_json::Value = world.sim.handle().block_on(async {
        let request =
            world.client.surf().post("http://api.test/v1/sum").header("Authorization", "Bearer key").body_json(&[40.0, 2.5]).unwrap();
        request.recv_json().await.unwrap()
    });
    assert_eq!(reply["sum"], 42.5);
    let sent = world.seen.last();
    assert!(sent.starts_with("POST /v1/sum HTTP/1.1\r\nHost: api.test\r\n"), "{sent}");
    assert!(sent.contains("authorization: Bearer key\r\n") && sent.contains("content-type: application/json\r\n"), "{sent}");
    assert!(sent.contains("Content-Length: 10\r\n") && sent.ends_with("\r\n\r\n[40.0,2.5]"), "{sent}");
}

#[test]
fn a_status_beyond_the_list_keeps_its_number() {
    let odd = "HTTP/1.1 520 Web Server Returned an Unknown Error\r\nContent-Length: 4\r\n\r\noops";
    let world = world(vec![vec![Step::Request, say(odd)]]);
    world.sim.handle().block_on(async {
        let mut response = world.client.surf().get("http://api.test/").await.unwrap();
        assert_eq!(u16::from(response.status()), 500);
        assert_eq!(response.body_string().await.unwrap(), "oops");
        let inner: &http_types::Response = response.as_ref();
        assert_eq!(inner.ext().get::<RawStatus>(), Some(&RawStatus(520)));
    });
}

#[test]
fn values_beyond_ascii_do_not_panic() {
    let answer = b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Type: text/pl\xe4in\r\nContent-Length: 2\r\n\r\nhi".to_vec();
    let world = world(vec![vec![Step::Request, Step::Say(answer)]]);
    world.sim.handle().block_on(async {
        let response = world.client.surf().get("http://api.test/").await.unwrap();
        assert_eq!(response.header("x-name").unwrap().as_str(), "caf?");
        let inner: &http_types::Response = response.as_ref();
        assert_eq!(inner.ext().get::<Headers>().unwrap().first("x-name"), Some("café"));
    });
}

#[test]
fn redirects_are_followed_below_surf_with_one_request_for_each_hop() {
    let world = world(vec![vec![Step::Request, redirect(302, "/b"), Step::Request, ok("end")]]);
    let text = world.sim.handle().block_on(async { world.client.surf().get("http://api.test/a").recv_string().await.unwrap() });
    assert_eq!((text.as_str(), world.seen.count()), ("end", 2));
}

#[test]
fn errors_can_be_had_back() {
    let world = world(vec![vec![Step::Request, Step::Reset]]);
    let error = world.sim.handle().block_on(async { world.client.surf().get("http://api.test/").await.unwrap_err() });
    let ours = error.downcast_ref::<Error>().unwrap();
    assert!(matches!(ours.root(), Error::ClosedBeforeResponse { .. }) && ours.is_transient());
    assert_eq!(u16::from(error.status()), 502);
}

#[test]
fn a_body_cut_short_is_an_error_there_too() {
    let world = world(vec![vec![Step::Request, say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")]]);
    let outcome = world.sim.handle().block_on(async { world.client.surf().get("http://api.test/").recv_bytes().await });
    assert!(outcome.is_err(), "{outcome:?}");
}

#[test]
fn bodies_that_do_not_follow_are_not_waited_for() {
    let none = |status: &str| say(format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n"));
    let world = world(vec![vec![
        Step::Request,
        none("200 OK"),
        Step::Request,
        none("204 No Content"),
        Step::Request,
        none("304 Not Modified"),
        Step::Hang,
    ]]);
    world.sim.handle().block_on(async {
        assert_eq!(world.client.surf().head("http://api.test/").recv_bytes().await.unwrap(), b"");
        for _ in 0..2 {
            assert_eq!(world.client.surf().get("http://api.test/").recv_bytes().await.unwrap(), b"");
        }
    });
    assert_eq!(world.client.counters().connections_opened, 1);
}

#[test]
fn a_post_is_replayed_if_its_extension_says_so() {
    let scripts = || vec![vec![Step::Request, ok("one"), Step::Request, Step::Reset], vec![Step::Request, ok("again")]];
    for replay in [Some(Replay::Safe), None] {
        let world = world(scripts());
        let outcome = world.sim.handle().block_on(async {
            let surf = world.client.surf();
            surf.get("http://api.test/").recv_string().await.unwrap();
            let mut request = surf.post("http://api.test/").body_string("x".into()).build();
            if let Some(replay) = replay {
                let inner: &mut http_types::Request = request.as_mut();
                inner.ext_mut().insert(replay);
            }
            surf.recv_string(request).await
        });
        assert_eq!(outcome.is_ok(), replay.is_some(), "{outcome:?}");
    }
}
