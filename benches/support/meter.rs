//! What a workload costs: processor time and memory of this process, and where it may run.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Runs from `start` to `stop`.
pub struct Meter {
    worked: Duration,
    since: Instant,
}

impl Meter {
    pub fn start() -> Self {
        Self { worked: worked(), since: Instant::now() }
    }

    pub fn stop(self, operations: usize) -> Measured {
        Measured { operations, cpu: worked() - self.worked, wall: self.since.elapsed(), bytes: None, latency: None }
    }
}

/// Of all threads of this process, in user and kernel mode: what getrusage(2) says, in nanoseconds.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One measurement, as a process tells it to its parent: one line of words.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub operations: usize,
    pub cpu: Duration,
    pub wall: Duration,
    /// Of memory, for each connection.
    pub bytes: Option<u64>,
    /// The median.
    pub latency: Option<Duration>,
}

impl Measured {
    /// Processor time of one operation, in nanoseconds.
    pub fn each(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.operations as f64
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, cpu, wall, bytes, latency } = self;
        let (bytes, latency) = (bytes.map_or(-1, |bytes| bytes as i64), latency.map_or(-1, |latency| latency.as_nanos() as i64));
        write!(f, "{MARK} {operations} {} {} {bytes} {latency}", cpu.as_nanos(), wall.as_nanos())
    }
}

impl FromStr for Measured {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let numbers: Option<Vec<i64>> =
            line.strip_prefix(MARK).map(|rest| rest.split_whitespace().filter_map(|n| n.parse().ok()).collect());
        let Some([operations, cpu, wall, bytes, latency]) = numbers.as_deref() else { return Err(format!("not a measurement: {line}")) };
        let time = |nanoseconds: i64| Duration::from_nanos(nanoseconds.unsigned_abs());
        Ok(Self {
            operations: *operations as usize,
            cpu: time(*cpu),
            wall: time(*wall),
            bytes: u64::try_from(*bytes).ok(),
            latency: (*latency >= 0).then(|| time(*latency)),
        })
    }
}

const MARK: &str = "measured";

/// Bytes of memory in use; zero where the system does not tell.
pub fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0) * rustix::param::page_size() as u64
}

/// Holds this process, and those it starts, to the first `count` processors that it may use.
#[cfg(target_os = "linux")]
pub fn pin(count: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let allowed = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    let mut some = CpuSet::new();
    (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).take(count).for_each(|cpu| some.set(cpu));
    if let Err(error) = sched_setaffinity(None, &some) {
        eprintln!("not held to {count} processors: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
pub fn pin(_: usize) {}

/// As many open files as the system allows this process; returns how many that is.
pub fn open_files() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let granted = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    granted.map_or(usize::MAX, |files| files as usize)
}
