//! The ends a connection can come to, each with what the server does, what the client asks, and what must come of it.

use smolcrawl::http::{Counters, FailedAt, Replay};

use super::fault::{Opening, Step, Transport};
use Ask::{AwaitEnd, Get, GetAwaitingEnd, Go, Head, Post, PostLarge};
use Step::{CloseNotify, Fin, LeaveBody, Reset};

pub struct Stage {
    pub name: &'static str,
    pub opening: Opening,
    /// For the requests that reach the server, in order: retries included.
    pub answers: Vec<Vec<Step>>,
    pub asks: Vec<Ask>,
    /// Of one trial.
    pub counters: Counters,
}

/// What the client does, one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Get(Expect),
    /// The body is read only after the end of the connection has arrived.
    GetAwaitingEnd(Expect),
    Head(Expect),
    Post(Replay, Expect),
    PostLarge(Expect),
    /// Let the server go on.
    Go,
    /// Wait until the end of the connection has arrived.
    AwaitEnd,
}

#[derive(Clone, Copy, Debug)]
pub enum Expect {
    Answer(u16, &'static str),
    Fails(Fault, Cause),
}

/// The variant of the error.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Handshake,
    BeforeAnswer,
    /// While a large body goes out, reading or writing may be the first to hear of it.
    Sending,
    InsideHead,
    /// Received, expected.
    InsideBody(u64, Option<u64>),
}

/// Its source.
#[derive(Clone, Copy, Debug)]
pub enum Cause {
    /// None: the connection was closed in order.
    Orderly,
    Reset,
    ResetOrPipe,
    /// TLS ended without close_notify.
    NoGoodbye,
}

const HELLO: Expect = Expect::Answer(200, "hello");
const AGAIN: Expect = Expect::Answer(200, "again");
const EMPTY: Expect = Expect::Answer(200, "");

const LENGTH: Step = Step::say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
const CHUNKED: Step = Step::say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
/// The last answer of most trials: the next one begins with a fresh connection.
const LAST: Step = Step::say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nagain");
const OPEN: Step = Step::say("HTTP/1.1 200 OK\r\n\r\nhello");
const HEAD_PART: Step = Step::say("HTTP/1.1 200 OK\r\nConte");
const LENGTH_PART: Step = Step::say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello");
const CHUNK_PART: Step = Step::say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello");
const CHUNKS_WITHOUT_END: Step = Step::say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
const TOO_LARGE: Step = Step::say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nless");

pub fn stages(transport: Transport) -> Vec<Stage> {
    let mut all = after_a_message(transport);
    all.extend(while_pooled(transport));
    all.extend(on_reuse(transport));
    all.extend(on_a_fresh_connection(transport));
    all.extend(inside_a_message(transport));
    all.extend(open_bodies(transport));
    all.extend(while_sending(transport));
    all.extend(without_a_fault());
    all
}

/// The answer is complete: whatever follows is nobody's business.
fn after_a_message(transport: Transport) -> Vec<Stage> {
    let mut all = Vec::new();
    let none = Step::say("HTTP/1.1 204 No Content\r\n\r\n");
    let described = Step::say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (message, ask, names) in [
        (LENGTH, Get(HELLO), ["RST after a length", "FIN after a length"]),
        (CHUNKED, Get(HELLO), ["RST after the last chunk", "FIN after the last chunk"]),
        (none, Get(Expect::Answer(204, "")), ["RST after 204", "FIN after 204"]),
        (described, Head(EMPTY), ["RST after HEAD", "FIN after HEAD"]),
    ] {
        for (end, name) in [Reset, Fin].into_iter().zip(names) {
            // Dead in the pool by the time of the second request, which finds that out before it is sent.
            let counters = Counters { benign_resets: 1, ..two_on_two() };
            all.push(stage(name, [vec![message.clone(), end], vec![LAST]], [ask, AwaitEnd, Get(AGAIN)], counters));
        }
    }
    if transport == Transport::Tls {
        // The goodbye may come in one read with the message, and then sits in the session rather than in the socket.
        for (end, name) in [(Reset, "close_notify and RST after a length"), (Fin, "close_notify and FIN after a length")] {
            let counters = Counters { benign_resets: 1, ..two_on_two() };
            all.push(stage(name, [vec![LENGTH, CloseNotify, end], vec![LAST]], [Get(HELLO), AwaitEnd, Get(AGAIN)], counters));
        }
    }
    // Closing tells the peer goodbye over TLS, and meets its reset: counted. Without TLS nothing is said.
    let met = if transport == Transport::Tls { 1 } else { 0 };
    let counters = Counters { benign_resets: met, ..one() };
    all.push(stage("RST before the client closes", [vec![LAST, Reset]], [GetAwaitingEnd(AGAIN)], counters));
    all.push(stage("FIN after Connection: close", [vec![LAST, CloseNotify, Fin]], [Get(AGAIN)], one()));
    let garbage = Step::say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloGARBAGE");
    all.push(stage("garbage after the message", [vec![garbage], vec![LAST]], [Get(HELLO), Get(AGAIN)], two_on_two()));
    let garbage = Step::say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n");
    let counters = Counters { benign_resets: met, ..two_on_two() };
    let asks = [GetAwaitingEnd(HELLO), Get(AGAIN)];
    all.push(stage("garbage after the last chunk, then RST", [vec![garbage, Reset], vec![LAST]], asks, counters));
    all
}

fn while_pooled(transport: Transport) -> Vec<Stage> {
    let asks = [Get(HELLO), Go, AwaitEnd, Get(AGAIN)];
    let counters = Counters { benign_resets: 1, ..two_on_two() };
    let mut all = vec![
        stage("RST while pooled", [vec![LENGTH, Step::AwaitGo, Reset], vec![LAST]], asks, counters),
        stage("FIN while pooled", [vec![LENGTH, Step::AwaitGo, Fin], vec![LAST]], asks, counters),
    ];
    if transport == Transport::Tls {
        all.push(stage("close_notify and FIN while pooled", [vec![LENGTH, Step::AwaitGo, CloseNotify, Fin], vec![LAST]], asks, counters));
        all.push(stage("close_notify and RST while pooled", [vec![LENGTH, Step::AwaitGo, CloseNotify, Reset], vec![LAST]], asks, counters));
    }
    all
}

/// As the answer to the second request of a connection.
fn on_reuse(transport: Transport) -> Vec<Stage> {
    let fails = |cause| Expect::Fails(Fault::BeforeAnswer, cause);
    let retried = Counters { benign_resets: 1, retried: 1, connections_reused: 1, ..two_on_two() };
    let surfaced = Counters { connections_reused: 1, ..failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 2, 1) };
    let mut all = Vec::new();
    for (end, cause, names) in [
        (vec![Reset], Cause::Reset, ["RST on reuse, GET", "RST on reuse, POST", "RST on reuse, POST marked replayable"]),
        (vec![Fin], fin(transport), ["FIN on reuse, GET", "FIN on reuse, POST", "FIN on reuse, POST marked replayable"]),
        (
            vec![CloseNotify, Fin],
            Cause::Orderly,
            ["close_notify on reuse, GET", "close_notify on reuse, POST", "close_notify on reuse, POST marked replayable"],
        ),
    ] {
        if transport == Transport::Plain && end[0] == CloseNotify {
            continue;
        }
        let twice = [vec![LENGTH], end.clone(), vec![LAST]];
        all.push(stage(names[0], twice.clone(), [Get(HELLO), Get(AGAIN)], retried));
        all.push(stage(names[1], [vec![LENGTH], end.clone()], [Get(HELLO), Post(Replay::ByMethod, fails(cause))], surfaced));
        all.push(stage(names[2], twice, [Get(HELLO), Post(Replay::Safe, AGAIN)], retried));
    }
    let never = [Get(HELLO), Ask::Post(Replay::Never, fails(Cause::Reset))];
    all.push(stage("RST on reuse, never to be replayed", [vec![LENGTH], vec![Reset]], never, surfaced));
    let counters = Counters {
        retried: 1,
        benign_resets: 1,
        connections_reused: 1,
        ..failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 2, 2)
    };
    let twice = [vec![LENGTH], vec![Reset], vec![Reset]];
    all.push(stage("RST on reuse and again on the retry", twice, [Get(HELLO), Get(fails(Cause::Reset))], counters));
    let counters = Counters { connections_reused: 1, ..failing(FailedAt { head: 1, ..FailedAt::default() }, 2, 1) };
    let head = Get(Expect::Fails(Fault::InsideHead, Cause::Reset));
    all.push(stage("RST inside the head on reuse", [vec![LENGTH], vec![HEAD_PART, Reset]], [Get(HELLO), head], counters));
    all
}

/// Nothing has come, and no older connection is to blame.
fn on_a_fresh_connection(transport: Transport) -> Vec<Stage> {
    let first_byte = failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 1, 1);
    let get = |fault, cause| [Get(Expect::Fails(fault, cause))];
    let mut all = vec![
        stage("RST instead of an answer", [vec![Reset]], get(Fault::BeforeAnswer, Cause::Reset), first_byte),
        stage("FIN instead of an answer", [vec![Fin]], get(Fault::BeforeAnswer, fin(transport)), first_byte),
    ];
    if transport == Transport::Tls {
        let notified = [vec![CloseNotify, Fin]];
        all.push(stage("close_notify instead of an answer", notified, get(Fault::BeforeAnswer, Cause::Orderly), first_byte));
        let tls = failing(FailedAt { tls: 1, ..FailedAt::default() }, 1, 0);
        let early = |name, opening, cause| Stage { opening, ..stage(name, [], get(Fault::Handshake, cause), tls) };
        all.push(early("RST inside the handshake", Opening::Reset, Cause::Reset));
        all.push(early("FIN inside the handshake", Opening::Fin, Cause::NoGoodbye));
    }
    all
}

fn inside_a_message(transport: Transport) -> Vec<Stage> {
    let head = failing(FailedAt { head: 1, ..FailedAt::default() }, 1, 1);
    let body = failing(FailedAt { body: 1, ..FailedAt::default() }, 1, 1);
    let mut all = Vec::new();
    for (part, fault, counters, names) in [
        (HEAD_PART, Fault::InsideHead, head, ["RST inside the head", "FIN inside the head", "close_notify inside the head"]),
        (
            LENGTH_PART,
            Fault::InsideBody(5, Some(1000)),
            body,
            ["RST inside a length", "FIN inside a length", "close_notify inside a length"],
        ),
        (CHUNK_PART, Fault::InsideBody(5, None), body, ["RST inside a chunk", "FIN inside a chunk", "close_notify inside a chunk"]),
        (CHUNKS_WITHOUT_END, Fault::InsideBody(5, None), body, ["RST between chunks", "FIN between chunks", "close_notify between chunks"]),
    ] {
        let fails = |cause| [Get(Expect::Fails(fault, cause))];
        all.push(stage(names[0], [vec![part.clone(), Reset]], fails(Cause::Reset), counters));
        all.push(stage(names[1], [vec![part.clone(), Fin]], fails(fin(transport)), counters));
        if transport == Transport::Tls {
            all.push(stage(names[2], [vec![part, CloseNotify, Fin]], fails(Cause::Orderly), counters));
        }
    }
    all
}

/// Bodies that end with the connection.
fn open_bodies(transport: Transport) -> Vec<Stage> {
    let body = failing(FailedAt { body: 1, ..FailedAt::default() }, 1, 1);
    let cut = |cause| [Get(Expect::Fails(Fault::InsideBody(5, None), cause))];
    let old = Step::say("HTTP/1.0 200 OK\r\n\r\nhello");
    let mut all = vec![
        stage("RST at the end of an open body", [vec![OPEN, Reset]], cut(Cause::Reset), body),
        stage("RST at the end of an HTTP/1.0 body", [vec![old.clone(), Reset]], cut(Cause::Reset), body),
        stage("orderly end of an open body", [vec![OPEN, CloseNotify, Fin]], [Get(HELLO)], one()),
        stage("orderly end of an HTTP/1.0 body", [vec![old, CloseNotify, Fin]], [Get(HELLO)], one()),
    ];
    if transport == Transport::Tls {
        all.push(stage("FIN without close_notify at the end of an open body", [vec![OPEN, Fin]], cut(Cause::NoGoodbye), body));
        // The goodbye came: this was all of it.
        all.push(stage("RST after close_notify at the end of an open body", [vec![OPEN, CloseNotify, Reset]], [Get(HELLO)], one()));
    }
    all
}

fn while_sending(_: Transport) -> Vec<Stage> {
    let early = Expect::Answer(413, "less");
    let first_byte = failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 1, 1);
    let fails = Expect::Fails(Fault::Sending, Cause::ResetOrPipe);
    vec![
        stage("an early 413, then RST", [vec![LeaveBody, TOO_LARGE, Reset]], [PostLarge(early)], one()),
        stage("RST while sending", [vec![LeaveBody, Reset]], [PostLarge(fails)], first_byte),
    ]
}

/// What must go on as if nothing ever failed.
fn without_a_fault() -> Vec<Stage> {
    let kept = Counters { connections_opened: 1, connections_reused: 1, connections_dropped: 1, ..two_on_two() };
    let then = |name, first, ask| stage(name, [vec![first], vec![LAST]], [ask, Get(AGAIN)], kept);
    vec![
        then("keep-alive", LENGTH, Get(HELLO)),
        then("keep-alive, chunked", CHUNKED, Get(HELLO)),
        then("100 before 200", Step::say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), Get(HELLO)),
        then(
            "103 before 200",
            Step::say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
            Get(HELLO),
        ),
        then("HEAD", Step::say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"), Head(EMPTY)),
        then("HEAD of chunks", Step::say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), Head(EMPTY)),
        then("204", Step::say("HTTP/1.1 204 No Content\r\n\r\n"), Get(Expect::Answer(204, ""))),
        then("304", Step::say("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"), Get(Expect::Answer(304, ""))),
        stage("Connection: close", [vec![LAST], vec![LAST]], [Get(AGAIN), Get(AGAIN)], two_on_two()),
        stage(
            "HTTP/1.0",
            [vec![Step::say("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")], vec![LAST]],
            [Get(HELLO), Get(AGAIN)],
            two_on_two(),
        ),
        stage(
            "a length beside chunks",
            [
                vec![Step::say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")],
                vec![LAST],
            ],
            [Get(HELLO), Get(AGAIN)],
            two_on_two(),
        ),
    ]
}

/// FIN alone is an orderly end only without TLS.
fn fin(transport: Transport) -> Cause {
    match transport {
        Transport::Plain => Cause::Orderly,
        Transport::Tls => Cause::NoGoodbye,
    }
}

fn stage<const A: usize, const B: usize>(name: &'static str, answers: [Vec<Step>; A], asks: [Ask; B], counters: Counters) -> Stage {
    Stage { name, opening: Opening::Orderly, answers: answers.into(), asks: asks.into(), counters }
}

fn one() -> Counters {
    Counters { requests: 1, succeeded: 1, connections_opened: 1, connections_dropped: 1, ..Counters::default() }
}

fn two_on_two() -> Counters {
    times(one(), 2)
}

/// The last of so many requests fails, on so many connections.
fn failing(failed_at: FailedAt, requests: u64, connections: u64) -> Counters {
    Counters {
        requests,
        succeeded: requests - 1,
        failed: 1,
        failed_at,
        connections_opened: connections,
        connections_dropped: connections,
        ..Counters::default()
    }
}

pub fn times(counters: Counters, count: u64) -> Counters {
    let at = counters.failed_at;
    Counters {
        requests: counters.requests * count,
        succeeded: counters.succeeded * count,
        retried: counters.retried * count,
        benign_resets: counters.benign_resets * count,
        failed: counters.failed * count,
        failed_at: FailedAt {
            connect: at.connect * count,
            tls: at.tls * count,
            first_byte: at.first_byte * count,
            head: at.head * count,
            body: at.body * count,
            other: at.other * count,
        },
        cancelled: counters.cancelled * count,
        connections_opened: counters.connections_opened * count,
        connections_reused: counters.connections_reused * count,
        connections_dropped: counters.connections_dropped * count,
    }
}
