//! A whole connection over pipes in memory, in virtual time.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::future::{pending, zip};
use serde_json::{Value, json};

use super::*;
use crate::mcp::clock::Clock;
use crate::mcp::context::Context as CallContext;
use crate::mcp::level::Level;
use crate::mcp::notifier::Notifier;
use crate::mcp::server::Builder;
use crate::mcp::testing::{Pipe, VirtualClock, as_task};
use crate::mcp::tool::{Answer, Tool, ToolError};

const SECOND: Duration = Duration::from_secs(1);

/// The client's side of a connection.
struct Peer {
    to: Pipe,
    from: Pipe,
}

impl Peer {
    fn send(&self, message: Value) {
        self.to.push(format!("{message}\n").as_bytes());
    }

    fn call(&self, id: impl Into<Value>, tool: &str, arguments: Value) {
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": id.into() } });
        let id = params["_meta"]["progressToken"].clone();
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }));
    }

    async fn receive(&self) -> Value {
        self.from.line().await.expect("there is an answer")
    }

    async fn initialize(&self) {
        self.send(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
            "params": { "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } }));
        assert_eq!(self.receive().await["id"], 0);
    }
}

/// Counts the calls of "wait" that were dropped before their end.
#[derive(Clone, Default)]
struct Dropped(Arc<AtomicUsize>);

struct CountsDrop(Option<Dropped>);

impl CountsDrop {
    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for CountsDrop {
    fn drop(&mut self) {
        if let Some(dropped) = self.0.take() {
            dropped.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A server with tools that wait, report and panic, by that clock.
fn builder(clock: &VirtualClock, dropped: &Dropped) -> Builder {
    let (clock, dropped) = (clock.clone(), dropped.clone());
    let wait = Tool::new("wait", "Waits so many milliseconds", move |arguments: Value, _: CallContext| {
        let clock = clock.clone();
        let guard = CountsDrop(Some(dropped.clone()));
        async move {
            clock.sleep(Duration::from_millis(arguments["ms"].as_u64().unwrap_or_default())).await;
            guard.has_ended();
            Ok::<_, ToolError>(Answer::text("waited"))
        }
    });
    let panics = Tool::new("panics", "Panics", |_: Value, _: CallContext| async {
        if true {
            panic!("on purpose");
        }
        Ok::<_, ToolError>(Answer::default())
    });
    Server::builder("test", "1").tool(wait).tool(panics)
}

/// Serves `client` until both have ended.
fn serve<Fut: Future<Output = Peer>>(server: &Server, clock: &VirtualClock, client: impl FnOnce(Peer) -> Fut) -> Result<(), Error> {
    let (to, from) = (Pipe::new(1 << 16), Pipe::new(1 << 16));
    let peer = Peer { to: to.clone(), from: from.clone() };
    clock.run(zip(as_task(server.serve(to, from, clock.clone(), pending())), as_task(client(peer)))).0
}

fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().expect("a text")
}

#[test]
fn answers_come_in_the_order_the_calls_end() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call(1, "wait", json!({ "ms": 5000 }));
        peer.call("two", "wait", json!({ "ms": 1000 }));
        peer.send(json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" }));
        assert_eq!(peer.receive().await, json!({ "jsonrpc": "2.0", "id": 3, "result": {} }));
        assert_eq!(clock.elapsed(), Duration::ZERO);
        assert_eq!(peer.receive().await["id"], "two");
        assert_eq!(clock.elapsed(), SECOND);
        assert_eq!(peer.receive().await["id"], 1);
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn a_cancelled_call_is_dropped_at_once_and_not_answered() {
    let clock = VirtualClock::new();
    let dropped = Dropped::default();
    let server = builder(&clock, &dropped).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call(1, "wait", json!({ "ms": 5000 }));
        peer.call(2, "wait", json!({ "ms": 6000 }));
        clock.sleep(SECOND).await;
        peer.send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } }));
        peer.send(json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" }));
        assert_eq!(peer.receive().await["id"], 3);
        assert_eq!(dropped.0.load(Ordering::Relaxed), 1);
        assert_eq!(clock.elapsed(), SECOND);
        assert_eq!(peer.receive().await["id"], 2);
        // Too late for this one: it was answered.
        peer.send(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } }));
        peer.to.close();
        assert_eq!(peer.from.line().await, None);
        peer
    })
    .unwrap();
    assert_eq!(dropped.0.load(Ordering::Relaxed), 1);
}

#[test]
fn after_the_end_of_input_calls_have_a_second() {
    let clock = VirtualClock::new();
    let dropped = Dropped::default();
    let server = builder(&clock, &dropped).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call("long", "wait", json!({ "ms": 5000 }));
        peer.call("short", "wait", json!({ "ms": 900 }));
        // The last line lacks its end, as from a careless script.
        peer.to.push(br#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#);
        peer.to.close();
        assert_eq!(peer.receive().await["id"], "last");
        assert_eq!(peer.receive().await["id"], "short");
        assert_eq!(peer.from.line().await, None);
        peer
    })
    .unwrap();
    assert_eq!(clock.elapsed(), SECOND);
    assert_eq!(dropped.0.load(Ordering::Relaxed), 1);
}

#[test]
fn an_idle_server_ends_at_once_when_the_input_ends_or_is_told_to_shut_down() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    clock.run(server.serve(Pipe::new(1), Pipe::new(1), clock.clone(), async {})).unwrap();
    serve(&server, &clock, async |peer| {
        peer.to.close();
        peer
    })
    .unwrap();
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn a_shutdown_ends_like_the_input() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    let (to, from) = (Pipe::new(1 << 16), Pipe::new(1 << 16));
    let peer = Peer { to: to.clone(), from: from.clone() };
    let client = async {
        peer.initialize().await;
        peer.call("short", "wait", json!({ "ms": 2900 }));
        peer.call("long", "wait", json!({ "ms": 9000 }));
        assert_eq!(peer.receive().await["id"], "short");
        assert_eq!(peer.from.line().await, None);
    };
    let shutdown = clock.sleep(2 * SECOND);
    let (served, ()) = clock.run(zip(as_task(server.serve(to, from, clock.clone(), shutdown)), as_task(client)));
    served.unwrap();
    assert_eq!(clock.elapsed(), 3 * SECOND);
}

#[test]
fn a_client_that_reads_nothing_cannot_hold_the_end() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    let to = Pipe::new(1 << 16);
    let peer = Peer { to: to.clone(), from: Pipe::new(8) };
    peer.send(json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" }));
    to.close();
    clock.run(server.serve(to, peer.from, clock.clone(), pending())).unwrap();
    assert_eq!(clock.elapsed(), server.definition.config.flush);
}

#[test]
fn a_client_that_reads_nothing_is_not_read_from_but_loses_nothing() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    let count = 60_000;
    serve(&server, &clock, async |peer| {
        for id in 0..count {
            peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
        }
        // Everything that can happen now has happened when the clock moves.
        clock.sleep(SECOND).await;
        assert!(peer.to.len() > 1 << 19, "{} bytes were left unread", peer.to.len());
        for id in 0..count {
            assert_eq!(peer.receive().await["id"], id);
        }
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn a_client_that_reads_everything_at_once_again_is_served_on() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    serve(&server, &clock, async |peer| {
        for id in 0..30_000 {
            peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
        }
        clock.sleep(SECOND).await;
        peer.from.widen();
        for id in 0..30_000 {
            assert_eq!(peer.receive().await["id"], id);
        }
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn the_end_of_input_is_noticed_behind_a_client_that_reads_nothing() {
    for (reads_again, end) in [(false, Duration::from_millis(1200)), (true, Duration::from_millis(500))] {
        let clock = VirtualClock::new();
        let server = builder(&clock, &Dropped::default()).build().unwrap();
        let count = 30_000;
        serve(&server, &clock, async |peer| {
            for id in 0..count {
                peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
            }
            peer.to.close();
            clock.sleep(Duration::from_millis(500)).await;
            assert_eq!(peer.to.len(), 0, "all was read, though not all is answered");
            if reads_again {
                for id in 0..count {
                    assert_eq!(peer.receive().await["id"], id);
                }
                assert_eq!(peer.from.line().await, None);
            }
            peer
        })
        .unwrap();
        assert_eq!(clock.elapsed(), end);
    }
}

#[test]
fn a_panic_ends_the_call_and_not_the_server() {
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call(1, "panics", json!({}));
        let answer = peer.receive().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32603)));
        peer.call(2, "wait", json!({}));
        assert_eq!(text(&peer.receive().await), "waited");
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn progress_is_thinned_out_grows_and_ends_well_before_the_answer() {
    let clock = VirtualClock::new();
    let theirs = clock.clone();
    let kept: Arc<std::sync::Mutex<Option<CallContext>>> = Arc::default();
    let keep = kept.clone();
    let counts = Tool::new("counts", "Reports every 30 ms", move |_: Value, context: CallContext| {
        let (clock, keep) = (theirs.clone(), keep.clone());
        async move {
            for step in 0..10_u32 {
                context.progress(step.into(), Some(9.0), format!("step {step}"));
                // Not more than before, so not sent.
                context.progress(0.0, None, "backwards");
                context.progress(f64::NAN, None, "nonsense");
                clock.sleep(Duration::from_millis(30)).await;
            }
            context.progress(9.5, None, "");
            *keep.lock().unwrap() = Some(context);
            Ok::<_, ToolError>(Answer::text("counted"))
        }
    });
    let server = Server::builder("test", "1").tool(counts).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call("token", "counts", json!({}));
        for (progress, at) in [(0, 20), (3, 120), (7, 220)] {
            let params = json!({ "progressToken": "token", "progress": progress, "total": 9, "message": format!("step {progress}") });
            assert_eq!(peer.receive().await, json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }));
            assert_eq!(clock.elapsed(), Duration::from_millis(at));
        }
        // The last reports would come together with the answer.
        assert_eq!(text(&peer.receive().await), "counted");
        kept.lock().unwrap().as_ref().unwrap().progress(99.0, None, "after the end");
        peer.send(json!({ "jsonrpc": "2.0", "id": 3, "method": "ping" }));
        assert_eq!(peer.receive().await["id"], 3);
        // No token, no progress.
        peer.send(json!({ "jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": { "name": "counts" } }));
        assert_eq!(peer.receive().await["id"], 4);
        peer.to.close();
        peer
    })
    .unwrap();
}

/// As the official conformance suite wants it.
#[test]
fn reports_every_50_ms_are_all_seen() {
    let clock = VirtualClock::new();
    let theirs = clock.clone();
    let reports = Tool::new("reports", "Reports every 50 ms", move |_: Value, context: CallContext| {
        let clock = theirs.clone();
        async move {
            for progress in [0.0, 50.0, 100.0] {
                context.progress(progress, Some(100.0), "");
                clock.sleep(Duration::from_millis(50)).await;
            }
            Ok::<_, ToolError>(Answer::text("done"))
        }
    });
    let config = Config { progress_interval: Duration::from_millis(10), ..Config::default() };
    let server = Server::builder("test", "1").config(config).tool(reports).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call("token", "reports", json!({}));
        for progress in [0, 50, 100] {
            assert_eq!(peer.receive().await["params"]["progress"], progress);
        }
        assert_eq!(text(&peer.receive().await), "done");
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn more_calls_than_may_run_wait_and_more_than_may_wait_are_refused() {
    let clock = VirtualClock::new();
    let config = Config { max_running: 2, max_waiting: 1, ..Config::default() };
    let server = builder(&clock, &Dropped::default()).config(config).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        for id in 1..=4 {
            peer.call(id, "wait", json!({ "ms": 1000 * id }));
        }
        let refused = peer.receive().await;
        assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(4), &json!(-32603)));
        assert_eq!(peer.receive().await["id"], 1);
        assert_eq!(peer.receive().await["id"], 2);
        assert_eq!(clock.elapsed(), 2 * SECOND);
        assert_eq!(peer.receive().await["id"], 3);
        // It could start only when the first had ended.
        assert_eq!(clock.elapsed(), 4 * SECOND);
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn a_line_too_long_is_answered_and_the_next_is_served() {
    let clock = VirtualClock::new();
    let config = Config { max_line: 1000, ..Config::default() };
    let server = builder(&clock, &Dropped::default()).config(config).build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.send(json!({ "jsonrpc": "2.0", "id": "big", "method": "ping", "params": { "x": "y".repeat(200_000) } }));
        peer.send(json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }));
        let answer = peer.receive().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("big"), &json!(-32600)));
        assert_eq!(peer.receive().await["id"], 2);
        peer.to.close();
        peer
    })
    .unwrap();
}

#[test]
fn a_client_that_went_away_is_no_error_but_a_broken_stream_is() {
    for (kind, is_error) in
        [(io::ErrorKind::BrokenPipe, false), (io::ErrorKind::ConnectionReset, false), (io::ErrorKind::StorageFull, true)]
    {
        let clock = VirtualClock::new();
        let server = builder(&clock, &Dropped::default()).build().unwrap();
        let result = serve(&server, &clock, async |peer| {
            peer.initialize().await;
            peer.call(1, "wait", json!({ "ms": 500 }));
            peer.from.fail(kind);
            peer
        });
        assert_eq!(matches!(result, Err(Error::Write { .. })), is_error, "writing: {kind}");
        assert_eq!(result.is_err(), is_error);

        let result = serve(&server, &clock, async |peer| {
            peer.to.fail(kind);
            peer
        });
        assert_eq!(matches!(result, Err(Error::Read { .. })), is_error, "reading: {kind}");
        assert_eq!(result.is_err(), is_error);
    }
}

#[test]
fn the_future_may_move_between_threads() {
    fn is_send(_: impl Send) {}
    let clock = VirtualClock::new();
    let server = builder(&clock, &Dropped::default()).build().unwrap();
    is_send(server.serve(Pipe::new(1), Pipe::new(1), clock.clone(), pending()));
}

/// A client that can be asked for its directories, and a tool that asks for them.
async fn initialize_with_roots(peer: &Peer) {
    peer.send(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-11-25", "capabilities": { "roots": {} } } }));
    assert_eq!(peer.receive().await["id"], 0);
}

fn asking(clock: &VirtualClock) -> Server {
    let asks = Tool::new("asks", "Asks for directories", |_: Value, context: CallContext| async move {
        context.log(Level::Info, "asking");
        let roots = context.roots().await?;
        Ok::<_, ToolError>(roots.into_iter().map(|root| root.uri).collect::<String>())
    });
    builder(clock, &Dropped::default()).tool(asks).logging().build().unwrap()
}

#[test]
fn a_question_is_asked_while_the_rest_goes_on() {
    let clock = VirtualClock::new();
    serve(&asking(&clock), &clock, async |peer| {
        initialize_with_roots(&peer).await;
        peer.call(1, "asks", json!({}));
        assert_eq!(peer.receive().await["params"], json!({ "level": "info", "data": "asking" }));
        let question = peer.receive().await;
        assert_eq!(question["method"], "roots/list");
        peer.call(2, "wait", json!({ "ms": 1000 }));
        assert_eq!(peer.receive().await["id"], 2);
        peer.send(json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "roots": [{ "uri": "file:///a" }] } }));
        assert_eq!(text(&peer.receive().await), "file:///a");
        peer.to.close();
        peer
    })
    .unwrap();
    assert_eq!(clock.elapsed(), SECOND);
}

#[test]
fn a_question_without_an_answer_ends_by_its_time_limit_or_with_the_input() {
    for (closes, end, told) in [
        (false, Duration::from_secs(300), "the client did not answer within 300 s"),
        (true, Duration::ZERO, "the request has ended, so nobody is there to be asked"),
    ] {
        let clock = VirtualClock::new();
        serve(&asking(&clock), &clock, async |peer| {
            initialize_with_roots(&peer).await;
            peer.call(1, "asks", json!({}));
            assert_eq!(peer.receive().await["method"], "notifications/message");
            let question = peer.receive().await;
            if closes {
                peer.to.close();
            } else {
                let given_up = peer.receive().await;
                assert_eq!(given_up["method"], "notifications/cancelled");
                assert_eq!(given_up["params"]["requestId"], question["id"]);
            }
            assert_eq!(text(&peer.receive().await), told);
            assert_eq!(clock.elapsed(), end);
            peer.to.close();
            peer
        })
        .unwrap();
    }
}

#[test]
fn a_change_wakes_an_idle_connection_and_a_stream_does_not_hold_its_end() {
    let clock = VirtualClock::new();
    let notifier = Notifier::new();
    let server = builder(&clock, &Dropped::default()).notifier(notifier.clone()).build().unwrap();
    serve(&server, &clock, async |peer| {
        let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} });
        peer.send(json!({ "jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen",
            "params": { "_meta": meta, "notifications": { "toolsListChanged": true } } }));
        assert_eq!(peer.receive().await["method"], "notifications/subscriptions/acknowledged");
        clock.sleep(SECOND).await;
        notifier.tools_changed();
        assert_eq!(peer.receive().await["method"], "notifications/tools/list_changed");
        peer.to.close();
        let last = peer.receive().await;
        assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!("s"), &json!("complete")));
        peer
    })
    .unwrap();
    assert_eq!(clock.elapsed(), SECOND);
}

#[test]
fn a_client_that_reads_nothing_is_told_the_latest_progress_when_it_reads_again() {
    let clock = VirtualClock::new();
    let theirs = clock.clone();
    let counts = Tool::new("counts", "Reports ten times a second", move |_: Value, context: CallContext| {
        let clock = theirs.clone();
        async move {
            // They fall due when nobody reads.
            context.progress(0.1, None, "");
            futures_lite::future::yield_now().await;
            context.progress(0.2, None, "");
            for step in 1..=50_u32 {
                clock.sleep(Duration::from_millis(100)).await;
                context.progress(step.into(), None, "");
                context.log(Level::Info, step);
            }
            Ok::<_, ToolError>("counted")
        }
    });
    let server = builder(&clock, &Dropped::default()).tool(counts).logging().build().unwrap();
    serve(&server, &clock, async |peer| {
        peer.initialize().await;
        peer.call("c", "counts", json!({}));
        for id in 0..40_000 {
            peer.send(json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
        }
        clock.sleep(3 * SECOND).await;
        let mut progress = Vec::new();
        let mut logs = Vec::new();
        loop {
            let message = peer.receive().await;
            match message["method"].as_str() {
                Some("notifications/progress") => progress.push(message["params"]["progress"].as_f64().unwrap()),
                Some(_) => logs.push(message["params"]["data"].as_u64().unwrap()),
                None if message["id"] == "c" => break,
                None => {}
            }
        }
        assert!(progress.len() < 30 && progress.is_sorted() && progress.last().is_some_and(|last| *last >= 48.0), "{progress:?}");
        assert_eq!(logs, (1..=50).collect::<Vec<_>>(), "nothing of the log is lost");
        peer.to.close();
        peer
    })
    .unwrap();
    assert_eq!(clock.elapsed(), 5 * SECOND);
}

#[cfg(windows)]
#[test]
fn a_pipe_that_was_disconnected_is_a_departure() {
    assert!(is_departure(&io::Error::from_raw_os_error(ERROR_PIPE_NOT_CONNECTED)));
    const ERROR_DISK_FULL: i32 = 112;
    assert!(!is_departure(&io::Error::from_raw_os_error(ERROR_DISK_FULL)));
}
