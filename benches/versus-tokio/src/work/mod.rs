//! What is measured: the table of workloads, and what a process does that was started to measure one.

mod crawl;
mod fetch;
mod mcp;
mod micro;
mod resets;
mod vectors;

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use smolcrawl::reactor::ReactorKind;

pub use self::crawl::Depth;
pub use self::fetch::Shape;
pub use self::mcp::{Act, serve as serve_mcp};
pub use self::micro::Micro;
use crate::contestants::{Contestant, Threads};
use crate::far::{Kind, Place};
use crate::measured::Measured;
use crate::program::Programs;
use crate::support::workloads as shared;

/// Workloads that are reported, and bounded in time, together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    Reactor,
    Fetch,
    Crawl,
    Mcp,
    Vectors,
    Resets,
}

impl Family {
    pub const ALL: [Self; 6] = [Self::Reactor, Self::Fetch, Self::Crawl, Self::Mcp, Self::Vectors, Self::Resets];

    /// Seconds after which no further round of it is begun.
    pub fn budget(self) -> u64 {
        match self {
            Self::Reactor => 260,
            Self::Fetch => 300,
            Self::Crawl => 420,
            Self::Mcp => 90,
            Self::Vectors => 100,
            Self::Resets => 40,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Reactor => "Reactors",
            Self::Fetch => "Fetching pages",
            Self::Crawl => "Crawling a site",
            Self::Mcp => "MCP on stdin and stdout",
            Self::Vectors => "An embeddings service",
            Self::Resets => "Answers that are followed by a reset",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reactor => "reactor",
            Self::Fetch => "fetch",
            Self::Crawl => "crawl",
            Self::Mcp => "mcp",
            Self::Vectors => "vectors",
            Self::Resets => "resets",
        })
    }
}

#[derive(Clone, Debug)]
pub struct Workload {
    pub name: String,
    pub family: Family,
    /// What an operation is.
    pub told: String,
    pub what: What,
    /// Operations, and in the quick form.
    pub size: usize,
    pub quick: usize,
    /// Rounds at the most: what tells more than chance in few is not measured in many.
    pub rounds: usize,
    /// Whether system calls are counted, by two more runs.
    pub is_traced: bool,
    /// Whether the quick form has it, too: those of one kind are many.
    pub is_in_quick: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum What {
    /// One that is written in the benchmarks of the package above.
    Shared(shared::Workload),
    Micro(Micro),
    Fetch(Shape),
    Crawl(Depth),
    Mcp(Act),
    Vectors {
        delay: u64,
    },
    Resets,
}

/// One measurement, as a process is asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub workload: String,
    pub contestant: String,
    pub size: usize,
    /// Idle connections of `ping`.
    pub idlers: usize,
    pub far: Option<Place>,
    /// The embeddings service beside it.
    pub vectors: Option<SocketAddr>,
    /// The site that is crawled, where it is no far end of ours.
    pub site: Option<String>,
    pub programs: Programs,
}

impl Job {
    pub fn far(&self) -> &Place {
        self.far.as_ref().expect("the parent starts the far end of a workload that has one")
    }
}

impl Workload {
    /// Who takes part.
    pub fn contestants(&self, programs: &Programs) -> Vec<Contestant> {
        Contestant::all().into_iter().filter(|one| self.is_for(*one, programs)).collect()
    }

    fn is_for(&self, one: Contestant, programs: &Programs) -> bool {
        use Contestant::{A, B, Ours, Program, Python, Spider};
        let is_shipped = matches!(one, Ours(ReactorKind::Selector | ReactorKind::Edge));
        match (self.what, one) {
            (What::Shared(_) | What::Micro(_) | What::Fetch(_), Ours(_) | A(_) | B(_)) => true,
            (What::Crawl(Depth::Words | Depth::Vectors) | What::Vectors { .. } | What::Resets, A(_) | B(_)) => true,
            // Links are read where they are fetched: a second worker has nothing to do in A.
            (What::Crawl(Depth::Links), A(Threads::One) | B(_)) => true,
            (What::Mcp(_), A(Threads::One) | B(_)) => true,
            (What::Crawl(_) | What::Mcp(_) | What::Vectors { .. } | What::Resets, Ours(_)) => is_shipped,
            (What::Crawl(Depth::Words), Program) => programs.smolcrawl.is_some(),
            (What::Crawl(Depth::Links), Program) => programs.crawls_links,
            (What::Mcp(act), Program) => programs.smolcrawl.is_some() && act.needs_no_echo(),
            (What::Crawl(Depth::Links | Depth::Words), Spider) => programs.spider.is_some(),
            (What::Crawl(Depth::Words) | What::Mcp(_), Python) => programs.python.is_some(),
            _ => false,
        }
    }

    /// What stands at its far end, if there is anything; a site that is given is another's.
    pub fn far(&self, is_quick: bool) -> Option<Kind> {
        match self.what {
            What::Shared(shared::Workload::Idle | shared::Workload::Ping) => Some(Kind::Echo),
            What::Shared(_) | What::Micro(_) | What::Mcp(_) => None,
            What::Fetch(shape) => Some(shape.far()),
            What::Crawl(Depth::Vectors) => Some(Kind::Site { pages: if is_quick { 20 } else { 200 } }),
            What::Crawl(_) => Some(Kind::Site { pages: if is_quick { 40 } else { 1_000 } }),
            What::Vectors { delay } => Some(Kind::Vectors { delay }),
            What::Resets => Some(Kind::Resets),
        }
    }

    /// What stands beside that.
    pub fn beside(&self) -> Option<Kind> {
        matches!(self.what, What::Crawl(Depth::Vectors)).then_some(Kind::Vectors { delay: 0 })
    }

    /// `SITE`, if there is one: vectors are made of fewer pages.
    pub fn crawls_a_given_site(&self) -> bool {
        matches!(self.what, What::Crawl(Depth::Links | Depth::Words))
    }

    /// The network before it: round trip and loss.
    pub fn network(&self) -> Option<(u64, u64)> {
        match self.what {
            What::Fetch(shape) if shape.round_trip > 0 => Some((shape.round_trip, shape.lost)),
            _ => None,
        }
    }

    /// Held to one processor, far ends and all: what it costs to wake another one depends on what that is doing, and would be most of
    /// what is measured. What works for long on several threads has all there are.
    pub fn is_on_one_processor(&self) -> bool {
        !matches!(self.what, What::Crawl(_))
    }

    /// In the process that was started for it.
    pub fn measure(&self, contestant: Contestant, job: &Job) -> Measured {
        match self.what {
            What::Shared(workload) => micro::shared(workload, contestant, job),
            What::Micro(micro) => micro::measure(micro, contestant, job.size),
            What::Fetch(shape) => fetch::measure(shape, contestant, job),
            What::Crawl(depth) => crawl::measure(depth, contestant, job),
            What::Mcp(act) => mcp::measure(act, contestant, job),
            What::Vectors { .. } => vectors::measure(contestant, job),
            What::Resets => resets::measure(contestant, job),
        }
    }
}

/// All workloads, by family.
pub fn all() -> Vec<Workload> {
    let of = |family: Family, name: &str, told: &str, what: What, size: usize, quick: usize| Workload {
        name: name.to_owned(),
        family,
        told: told.to_owned(),
        what,
        size,
        quick,
        rounds: 10,
        is_traced: false,
        is_in_quick: true,
    };
    let shared =
        |name: &str, told: &str, what: shared::Workload, size: usize| of(Family::Reactor, name, told, What::Shared(what), size, size / 20);
    let micro = |name: &str, told: &str, what: Micro, size: usize| of(Family::Reactor, name, told, What::Micro(what), size, size / 20);
    let mcp = |name: &str, told: &str, act: Act, size: usize, quick: usize| of(Family::Mcp, name, told, What::Mcp(act), size, quick);
    let mut all = vec![
        Workload { is_traced: true, ..shared("echo", "a round trip of 64 bytes, over 64 connections", shared::Workload::Echo, 32_000) },
        Workload { is_traced: true, ..shared("churn", "connect, ask, be answered, close; 16 at once", shared::Workload::Churn, 6_000) },
        shared("timers", "a task that waits for a moment of its own: all fire", shared::Workload::Timers, 50_000),
        micro("timeouts", "a time limit that is set and dropped: one of a hundred fires", Micro::Timeouts, 200_000),
        shared("spawn", "a task spawned and joined", shared::Workload::Spawn, 200_000),
        micro("wakes", "a round trip to a thread outside of the runtime", Micro::Wakes, 20_000),
        Workload { rounds: 3, ..shared("idle", "a second of rest beside 10,000 connections", shared::Workload::Idle, 10_000) },
        Workload { rounds: 3, ..shared("ping", "a round trip beside 10,000 connections at rest", shared::Workload::Ping, 200) },
    ];
    all.extend(Shape::all().into_iter().map(|shape| Workload {
        is_traced: shape == Shape::BASE,
        is_in_quick: shape.is_in_quick(),
        rounds: if shape.round_trip > 1 { 5 } else { 10 },
        ..of(Family::Fetch, &shape.to_string(), &shape.told(), What::Fetch(shape), shape.pages(), shape.pages() / 20)
    }));
    let crawl = |name: &str, told: &str, depth| Workload { rounds: 5, ..of(Family::Crawl, name, told, What::Crawl(depth), 0, 0) };
    all.extend([
        crawl("crawl-links", "a page, its links followed, nothing stored", Depth::Links),
        crawl("crawl-words", "a page made markdown, cut, stored and searchable by words", Depth::Words),
        crawl("crawl-vectors", "the same, and a vector of each chunk from a service", Depth::Vectors),
        mcp("mcp-start", "from the start of the process to its first answer", Act::Start, 1, 1),
        mcp("mcp-ping", "a ping, one after the other", Act::Ping, 3_000, 100),
        mcp("mcp-call", "a call of a tool that says its text back, one after the other", Act::Call, 3_000, 100),
        mcp("mcp-64", "the same call, 64 in flight", Act::Flight, 6_400, 128),
        mcp("mcp-10mb", "a call with a line of 10 MB, of which the length is said", Act::Line, 3, 1),
        Workload { rounds: 5, ..mcp("mcp-idle", "a second of rest after the handshake", Act::Idle, 1, 1) },
        Workload { rounds: 5, ..of(Family::Vectors, "vectors", "a text, in batches of 64", What::Vectors { delay: 0 }, 10_000, 512) },
        Workload {
            rounds: 3,
            ..of(Family::Vectors, "vectors-50ms", "the same from a service that takes 50 ms", What::Vectors { delay: 50 }, 10_000, 512)
        },
        Workload { rounds: 5, ..of(Family::Resets, "resets", "an answer that a reset follows, 16 at once", What::Resets, 10_000, 500) },
    ]);
    all
}
