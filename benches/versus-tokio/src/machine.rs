//! Where and when something was measured, and of what.

use std::process::Command;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Machine {
    /// As `uname` says it: system, release, processor's architecture.
    pub system: String,
    pub processor: String,
    pub processors: usize,
    /// MiB.
    pub memory: u64,
    /// The load of one, five and fifteen minutes before it began.
    pub load: String,
    /// Of the day, in UTC.
    pub date: String,
    /// Of this repository, and whether it has changes.
    pub commit: String,
    pub compiler: String,
    /// How networks with a delay were made.
    pub network: String,
}

impl Machine {
    pub fn here(network: &str) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
            line.map(|line| line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Self {
            system: said("uname", &["-srm"]),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory.unwrap_or(0) >> 10,
            load: read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
            date: said("date", &["-u", "+%Y-%m-%d %H:%M"]),
            commit: said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]),
            compiler: said("rustc", &["--version"]),
            network: network.to_owned(),
        }
    }

    pub fn told(&self) -> String {
        let Self { system, processor, processors, memory, load, date, commit, compiler, .. } = self;
        format!(
            "{system}; {processors} processors ({processor}); {memory} MiB; load before it {load}; {date} UTC; commit {commit}; {compiler}"
        )
    }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    output.map_or_else(|| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
