//! The ends a connection can come to, each with what the server does, what the client asks, and what must come of it.
//!
//! On Windows there may be more than one right outcome: [`Why`] lists them. A trial that comes out otherwise than on Unix must do so in
//! all that it shows, counters included. Where the client has read what it was sent before the reset ("once it was read"), there is
//! one outcome everywhere.

use smolcrawl::http::{Counters, FailedAt, Replay};

use super::fault::{Opening, Step, Tail, Transport};
use super::wine::is_wine;
use Ask::{AwaitEnd, Get, GetAwaitingEnd, Go, Head, Post, PostLarge};
use Step::{CloseNotify, Fin, LeaveBody, Reset};

#[derive(Clone)]
pub struct Stage {
    pub name: String,
    pub opening: Opening,
    /// For the requests that reach the server, in order: retries included.
    pub answers: Vec<Vec<Step>>,
    pub asks: Vec<Ask>,
    pub pace: Pace,
    /// Of one trial.
    pub counters: Counters,
    /// Those that only a wrong retry would reach.
    pub answers_left: usize,
    /// What else is right, where the system is not Unix.
    pub otherwise: Vec<Otherwise>,
}

impl Stage {
    /// So seldom, in this stage, that an outcome which comes always is a fault of ours.
    pub fn is_rare(&self, why: Why) -> bool {
        match why {
            Why::Dropped | Why::TakenWhole => false,
            Why::Late => true,
            Why::Mistold => self.pace == Pace::OnceRead,
        }
    }

    fn or(mut self, why: Why, shown: Option<(usize, Expect)>, counters: Counters) -> Self {
        self.otherwise.push(Otherwise { why, shown, answers_left: self.answers_left, counters });
        self
    }
}

/// When the server goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once, or after [`Ask::Go`].
    Free,
    /// Once the client has the head of the first answer, with which all else has come. The client then reads the body after the end of
    /// the connection has arrived.
    OnceRead,
}

/// Another outcome of a trial.
#[derive(Clone, Copy, Debug)]
pub struct Otherwise {
    pub why: Why,
    /// The place among the requests of the one that shows it, with which the trial ends; none where only the counters do.
    pub shown: Option<(usize, Expect)>,
    pub answers_left: usize,
    /// Of one trial.
    pub counters: Counters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Windows drops what has arrived and was not read when a reset comes; so does Wine, more often than not. The answer, or its end, was
    /// lost, and that is an error. (A server that resets may also drop what it has not sent yet.)
    Dropped,
    /// Windows takes more to send at once than fits into all buffers, so that a request counts as sent which nobody reads. The
    /// connection is kept for the next request, and is found dead. Wine does the same.
    TakenWhole,
    /// The end arrives a moment after the server was told that it had: Windows promises no order between two sockets. The
    /// connection is found dead a step later than on Unix. Not yet seen anywhere; Wine is exact, as its sockets are Linux's.
    Late,
    /// Wine only: its server asks the socket for its error, which takes the error away, between the moment at which it lets the program
    /// read and the read itself, which then finds the end of the stream. (The next read would tell of the reset.) Windows keeps the
    /// error. Common where the client looks for an answer as soon as it has asked and the peer is quick, as a native one is.
    Mistold,
}

#[derive(Clone, Copy, Debug)]
pub enum Ask {
    Get(Expect),
    /// The body is read only after the end of the connection has arrived.
    GetAwaitingEnd(Expect),
    Head(Expect),
    Post(Replay, Expect),
    /// The body of the answer is read only after the end of the connection has arrived.
    PostLarge(Expect),
    /// Let the server go on.
    Go,
    /// Wait until the end of the connection has arrived.
    AwaitEnd,
}

impl Ask {
    fn expect(&self) -> Option<Expect> {
        match self {
            Get(expect) | GetAwaitingEnd(expect) | Head(expect) | Post(_, expect) | PostLarge(expect) => Some(*expect),
            Go | AwaitEnd => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Expect {
    Answer(u16, &'static str),
    Fails(Fault, Cause),
}

/// The variant of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The peer's fatal one.
    Alert,
    /// Over TLS, what is no record.
    Garbage,
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
const NOTHING: Step = Step::say("");
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
    let once_read: Vec<_> = all.iter().filter_map(once_read).collect();
    all.extend(once_read);
    let here = |stage| if cfg!(windows) { on_windows(stage, transport) } else { Stage { otherwise: Vec::new(), ..stage } };
    all.into_iter().map(here).collect()
}

/// The same, where the client has read what was said before the reset: no system can drop it then.
fn once_read(stage: &Stage) -> Option<Stage> {
    let mut stage = stage.clone();
    let [.., Step::Say(_), Reset] = stage.answers.first()?.as_slice() else { return None };
    // The client tells nobody of a part of a head.
    if let Expect::Fails(Fault::InsideHead, _) = stage.asks[0].expect()? {
        return None;
    }
    let end = stage.answers[0].len() - 1;
    stage.answers[0].insert(end, Step::AwaitGo);
    // Which is waited for with the body.
    stage.asks.retain(|ask| !matches!(ask, AwaitEnd));
    stage.otherwise.retain(|other| other.why != Why::Dropped);
    Some(Stage { name: format!("{}, once it was read", stage.name), pace: Pace::OnceRead, ..stage })
}

/// Adds what else is right on Windows and on Wine.
fn on_windows(mut stage: Stage, transport: Transport) -> Stage {
    if let [.., Step::Say(_), Reset] | [.., Step::Say(_), CloseNotify, Reset] = stage.answers.first().map_or(&[][..], Vec::as_slice) {
        let lost = match stage.asks[0] {
            PostLarge(_) => Expect::Fails(Fault::Sending, Cause::ResetOrPipe),
            _ => Expect::Fails(Fault::BeforeAnswer, Cause::Reset),
        };
        let counters = failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 1, 1);
        let answers_left = stage.answers.len() - 1;
        stage.otherwise.push(Otherwise { why: Why::Dropped, shown: Some((0, lost)), answers_left, counters });
    }
    let awaits_end = stage.pace == Pace::OnceRead || stage.asks.iter().any(|ask| matches!(ask, AwaitEnd));
    if awaits_end && stage.counters.succeeded == 2 && stage.counters.benign_resets == 1 {
        // It is found by the request that was sent over it.
        let counters = Counters { retried: 1, connections_reused: 1, ..stage.counters };
        stage = stage.or(Why::Late, None, counters);
    }
    if !is_wine() {
        stage.otherwise.retain(|other| other.why != Why::Mistold);
    } else if stage.otherwise.iter().all(|other| other.why != Why::Mistold) {
        let requests = stage.asks.iter().filter_map(Ask::expect).enumerate();
        let fails = requests.filter_map(|(place, expect)| match expect {
            Expect::Fails(fault, Cause::Reset | Cause::ResetOrPipe) => Some((place, fault)),
            _ => None,
        });
        if let Some((place, fault)) = fails.last() {
            let cause = if fault == Fault::Handshake { Cause::NoGoodbye } else { fin(transport) };
            let counters = stage.counters;
            stage = stage.or(Why::Mistold, Some((place, Expect::Fails(fault, cause))), counters);
        }
    }
    stage
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
        // So may what ends it in anger.
        for (message, tail, name) in [
            (&LENGTH, Tail::Alert, "an alert in one write with a length"),
            (&CHUNKED, Tail::Alert, "an alert in one write with the last chunk"),
            (&LENGTH, Tail::Garbage, "no record in one write with a length"),
            (&CHUNKED, Tail::Garbage, "no record in one write with the last chunk"),
        ] {
            let counters = Counters { benign_resets: 1, ..two_on_two() };
            all.push(stage(name, [vec![and(message, tail), Fin], vec![LAST]], [Get(HELLO), AwaitEnd, Get(AGAIN)], counters));
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
        let alert = vec![LENGTH, Step::AwaitGo, and(&NOTHING, Tail::Alert), Fin];
        all.push(stage("an alert while pooled", [alert, vec![LAST]], asks, counters));
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
    if transport == Transport::Tls {
        let alert = vec![and(&NOTHING, Tail::Alert), Fin];
        let asks = [Get(HELLO), Post(Replay::ByMethod, fails(Cause::Alert))];
        all.push(stage("an alert on reuse, GET", [vec![LENGTH], alert.clone(), vec![LAST]], [Get(HELLO), Get(AGAIN)], retried));
        all.push(stage("an alert on reuse, POST", [vec![LENGTH], alert], asks, surfaced));
    }
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
    let fin_inside = Get(Expect::Fails(Fault::InsideHead, fin(transport)));
    all.push(stage("FIN inside the head on reuse", [vec![LENGTH], vec![HEAD_PART, Fin]], [Get(HELLO), fin_inside], counters));
    let answers = [vec![LENGTH], vec![HEAD_PART, Reset], vec![LAST]];
    let inside = stage("RST inside the head on reuse", answers, [Get(HELLO), head], counters);
    // Without that part of the head it is a reset on reuse.
    let dropped = Otherwise { why: Why::Dropped, shown: Some((1, AGAIN)), answers_left: 0, counters: retried };
    all.push(Stage { answers_left: 1, otherwise: vec![dropped], ..inside });
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
        let alert = [vec![and(&NOTHING, Tail::Alert), Fin]];
        all.push(stage("an alert instead of an answer", alert, get(Fault::BeforeAnswer, Cause::Alert), first_byte));
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
    if transport == Transport::Tls {
        // Here what came before it was not all.
        let fails = |fault, cause| [Get(Expect::Fails(fault, cause))];
        for (tail, cause, names) in [
            (Tail::Alert, Cause::Alert, ["an alert inside the head", "an alert inside a length", "an alert between chunks"]),
            (Tail::Garbage, Cause::Garbage, ["no record inside the head", "no record inside a length", "no record between chunks"]),
        ] {
            all.push(stage(names[0], [vec![and(&HEAD_PART, tail), Fin]], fails(Fault::InsideHead, cause), head));
            all.push(stage(names[1], [vec![and(&LENGTH_PART, tail), Fin]], fails(Fault::InsideBody(5, Some(1000)), cause), body));
            all.push(stage(names[2], [vec![and(&CHUNKS_WITHOUT_END, tail), Fin]], fails(Fault::InsideBody(5, None), cause), body));
        }
    }
    all
}

/// Bodies that end with the connection.
fn open_bodies(transport: Transport) -> Vec<Stage> {
    let body = failing(FailedAt { body: 1, ..FailedAt::default() }, 1, 1);
    let cut = |cause| [Get(Expect::Fails(Fault::InsideBody(5, None), cause))];
    let old = Step::say("HTTP/1.0 200 OK\r\n\r\nhello");
    let reset = |name, said| match transport {
        Transport::Plain => stage(name, [vec![said, Reset]], cut(Cause::Reset), body).or(Why::Mistold, Some((0, HELLO)), one()),
        Transport::Tls => stage(name, [vec![said, Reset]], cut(Cause::Reset), body),
    };
    let mut all = vec![
        reset("RST at the end of an open body", OPEN),
        reset("RST at the end of an HTTP/1.0 body", old.clone()),
        stage("orderly end of an open body", [vec![OPEN, CloseNotify, Fin]], [Get(HELLO)], one()),
        stage("orderly end of an HTTP/1.0 body", [vec![old, CloseNotify, Fin]], [Get(HELLO)], one()),
    ];
    if transport == Transport::Tls {
        all.push(stage("FIN without close_notify at the end of an open body", [vec![OPEN, Fin]], cut(Cause::NoGoodbye), body));
        all.push(stage("an alert at the end of an open body", [vec![and(&OPEN, Tail::Alert), Fin]], cut(Cause::Alert), body));
        // The goodbye came: this was all of it.
        let complete = stage("RST after close_notify at the end of an open body", [vec![OPEN, CloseNotify, Reset]], [Get(HELLO)], one());
        // The goodbye and no more.
        let dropped = (0, Expect::Fails(Fault::InsideBody(5, None), Cause::Reset));
        all.push(complete.or(Why::Dropped, Some(dropped), body));
    }
    all
}

fn while_sending(_: Transport) -> Vec<Stage> {
    let early = Expect::Answer(413, "less");
    let first_byte = failing(FailedAt { first_byte: 1, ..FailedAt::default() }, 1, 1);
    let fails = Expect::Fails(Fault::Sending, Cause::ResetOrPipe);
    // On a connection of its own: nobody knows what the server has read of the first.
    let (asks, answers) = ([PostLarge(early), Get(AGAIN)], [vec![LeaveBody, TOO_LARGE, Reset], vec![LAST]]);
    let in_the_pool = Counters { benign_resets: 1, ..two_on_two() };
    vec![
        stage("an early 413, then RST", answers, asks, two_on_two()).or(Why::TakenWhole, None, in_the_pool),
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

/// What is said, and the end of the session in one write with it.
fn and(said: &Step, tail: Tail) -> Step {
    let Step::Say(text) = said else { panic!("{said:?} says nothing") };
    Step::SayAnd(text.clone(), tail)
}

/// FIN alone is an orderly end only without TLS.
fn fin(transport: Transport) -> Cause {
    match transport {
        Transport::Plain => Cause::Orderly,
        Transport::Tls => Cause::NoGoodbye,
    }
}

fn stage<const A: usize, const B: usize>(name: &'static str, answers: [Vec<Step>; A], asks: [Ask; B], counters: Counters) -> Stage {
    Stage {
        name: name.to_owned(),
        opening: Opening::Orderly,
        answers: answers.into(),
        asks: asks.into(),
        pace: Pace::Free,
        counters,
        answers_left: 0,
        otherwise: Vec::new(),
    }
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

pub fn add(one: Counters, other: Counters) -> Counters {
    let (at, and) = (one.failed_at, other.failed_at);
    Counters {
        requests: one.requests + other.requests,
        succeeded: one.succeeded + other.succeeded,
        retried: one.retried + other.retried,
        benign_resets: one.benign_resets + other.benign_resets,
        failed: one.failed + other.failed,
        failed_at: FailedAt {
            connect: at.connect + and.connect,
            tls: at.tls + and.tls,
            first_byte: at.first_byte + and.first_byte,
            head: at.head + and.head,
            body: at.body + and.body,
            other: at.other + and.other,
        },
        cancelled: one.cancelled + other.cancelled,
        connections_opened: one.connections_opened + other.connections_opened,
        connections_reused: one.connections_reused + other.connections_reused,
        connections_dropped: one.connections_dropped + other.connections_dropped,
    }
}
