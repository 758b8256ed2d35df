//! One measurement, as a process tells it to its parent: one line of JSON.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What something took, and what it was.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// What was done, in words: the same for all contestants, or it is no comparison.
    pub work: String,
    pub operations: u64,
    /// Processor time of the measured process, all threads, user and kernel, in nanoseconds; of all operations together.
    pub cpu: f64,
    /// Likewise.
    pub wall: f64,
    /// The most memory that the process had at one time, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak: Option<f64>,
    /// Memory at rest, in bytes: of one connection, or of a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resting: Option<f64>,
    /// Median, in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<f64>,
    /// Allocations of all operations together, where they are counted, and their bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocations: Option<Allocations>,
    /// What else is told of a workload, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub beside: BTreeMap<String, f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Allocations {
    pub count: u64,
    pub bytes: u64,
}

impl Measured {
    /// Processor time of one operation, in nanoseconds.
    pub fn each(&self) -> f64 {
        self.cpu / self.operations.max(1) as f64
    }

    pub fn each_wall(&self) -> f64 {
        self.wall / self.operations.max(1) as f64
    }
}

/// Runs from `start` to `stop`.
pub struct Meter {
    worked: Duration,
    allocated: Option<Allocations>,
    since: Instant,
}

impl Meter {
    pub fn start() -> Self {
        Self { worked: worked(), allocated: allocated(), since: Instant::now() }
    }

    pub fn stop(self, operations: usize, work: String) -> Measured {
        let (cpu, wall) = (worked() - self.worked, self.since.elapsed());
        let allocations = allocated_since(self.allocated);
        Measured {
            work,
            operations: operations as u64,
            cpu: cpu.as_nanos() as f64,
            wall: wall.as_nanos() as f64,
            peak: peak("self"),
            allocations,
            ..Measured::default()
        }
    }
}

/// Of all threads of this process, in user and kernel mode.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

static COUNTER: OnceLock<fn() -> Allocations> = OnceLock::new();

/// From now on measurements tell allocations, which `counter` knows of this process.
pub fn count_allocations_by(counter: fn() -> Allocations) {
    COUNTER.set(counter).expect("it is set once");
}

/// All that this process has allocated, where that is counted.
pub fn allocated() -> Option<Allocations> {
    COUNTER.get().map(|counter| counter())
}

/// What was allocated since.
pub fn allocated_since(before: Option<Allocations>) -> Option<Allocations> {
    before.zip(allocated()).map(|(before, after)| Allocations {
        count: after.count.saturating_sub(before.count),
        bytes: after.bytes.saturating_sub(before.bytes),
    })
}

/// The most memory that a process had, in bytes; none where the system does not tell.
pub fn peak(process: &str) -> Option<f64> {
    of_status(process, "VmHWM:")
}

fn of_status(process: &str, field: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? * 1024.0)
}

/// Memory that a process has now (RSS), in bytes.
pub fn resting(process: u32) -> Option<f64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? * 1024.0)
}

/// Processor time of the threads that a process has now, in nanoseconds: sched(7) tells it finer than the ticks of `stat`.
pub fn worked_by(process: u32) -> Option<f64> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse::<f64>().ok()
    };
    let times: Vec<f64> = threads.filter_map(of_thread).collect();
    if times.is_empty() { None } else { Some(times.iter().sum()) }
}
